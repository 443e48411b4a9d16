//! A ring: records from one sender to one receiver.
#![allow(unsafe_code)] // a pointer into the mapping is kept beside the share that keeps it mapped

mod end;
pub(crate) mod layout;
mod loose;
mod receiver;
mod seen;
mod sender;
mod side;
#[cfg(test)]
mod tests;
mod typed;

pub use end::Peer;
pub use receiver::{Batch, Received, Receiver, Record};
pub use sender::{Reserved, Sender};
pub use typed::{TypedReceiver, TypedRing, TypedSender};

use crate::error::{Error, ErrorKind, Result};
use crate::lockfree::spsc::record;
use crate::objects::directory::{How, Plan, obtain};
use crate::objects::faults;
use crate::objects::yard::Yard;
use crate::presence::attachment::{Attachment, Gone, Held, Who};
use crate::segment::directory::{ObjectType, Record as Entry};
use crate::shim::Bytes;
use crate::sync::wait::Manner;
pub(crate) use layout::RECORDS_AT as BODY_BYTES;
pub(super) use layout::SENDER_AT;
use layout::{Body, RECORDS_AT};
pub(crate) use loose::{LooseReceiver, LooseSender};
use side::{Side, Spot, Which};

/// How an end waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Strategy {
    /// Poll for a few microseconds, then sleep. Where the process has one CPU only, sleep at once.
    #[default]
    Adaptive = 0,
    /// Poll until the wait is over: lowest latency, one CPU busy.
    Spin = 1,
    /// Sleep at once.
    Block = 2,
}

impl Strategy {
    pub(crate) fn from_code(code: u32) -> Option<Strategy> {
        [Strategy::Adaptive, Strategy::Spin, Strategy::Block].into_iter().find(|s| *s as u32 == code)
    }
}

/// What a ring is made as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingOptions {
    /// Bytes for records: a power of two from 64 on. A record takes its length, rounded up to 8, and 8 more, and can
    /// be at most `capacity / 2 - 8` long.
    pub capacity: usize,
    /// Nobody ever sleeps on this ring: both ends spin, and sending costs a fence less (4 to 5 ns).
    pub spin_only: bool,
}

impl Default for RingOptions {
    fn default() -> RingOptions {
        RingOptions { capacity: 64 << 10, spin_only: false }
    }
}

/// Parameters in the directory.
const CAPACITY: usize = 0;
/// Bytes of one element; 0 for records of any length.
const ELEMENT: usize = 1;
const SPIN_ONLY: usize = 2;
/// The largest capacity in bytes.
const CAPACITY_MAX: usize = 1 << 40;

/// A ring of records between one sender and one receiver, which are taken with [`Ring::sender`] and
/// [`Ring::receiver`] by one process each.
///
/// What was sent is in the ring, whoever dies: a new receiver goes on where the dead one had released, a new sender
/// where the dead one had sent. Lock-free: no peer can hold up a `try`, wherever it is stopped.
#[derive(Clone)]
pub struct Ring {
    yard: Held,
    spot: Spot,
    options: RingOptions,
    element: usize,
    manner: Manner,
}

impl Ring {
    /// Makes a ring. Errors: `Size` (capacity no power of two, below 64, or above 1 TiB), `Exists`, `Name`,
    /// `NoSpace`, `NoSlots`, `Timeout` (another object has been in the making for ten seconds).
    pub fn create(yard: &Yard, name: &str, options: RingOptions) -> Result<Ring> {
        Ring::obtain(yard, name, How::Create, Some(options), 0)
    }

    /// Opens a ring, whatever its options. Errors: `NotFound`, `Type`, `Mismatch` (a typed ring).
    pub fn open(yard: &Yard, name: &str) -> Result<Ring> {
        Ring::obtain(yard, name, How::Open, None, 0)
    }

    /// Opens a ring of these options, or makes it. Errors: as for both, and `Mismatch` if its options are others.
    pub fn open_or_create(yard: &Yard, name: &str, options: RingOptions) -> Result<Ring> {
        Ring::obtain(yard, name, How::OpenOrCreate, Some(options), 0)
    }

    /// `options`: what it must be, or be made as; `None` opens whatever is there. `element`: bytes, 0 for records.
    fn obtain(
        yard: &Yard,
        name: &str,
        how: How,
        options: Option<RingOptions>,
        element: usize,
    ) -> Result<Ring> {
        let asked = options.unwrap_or_default();
        if options.is_some() {
            check(asked.capacity, element)?;
        }
        let len = RECORDS_AT + asked.capacity as u64;
        let params = [asked.capacity as u64, element as u64, u64::from(asked.spin_only), 0];
        let plan = Plan { kind: ObjectType::Ring, params, len };
        let record = obtain(yard.held(), name, how, &plan, |found| {
            let (is, bytes) = options_of(found)?;
            if bytes != element {
                let detail = format!("{name:?} has elements of {bytes} bytes, not {element} (0: records)");
                return Err(Error::with(ErrorKind::Mismatch, detail));
            }
            match options {
                Some(wanted) if wanted != is => {
                    Err(Error::with(ErrorKind::Mismatch, format!("{name:?} is {is:?}, not {wanted:?}")))
                }
                _ => Ok(()),
            }
        })?;
        let (options, element) = options_of(&record)?;
        let region = yard.held().region();
        let bytes = region.bytes(record.offset + RECORDS_AT, options.capacity as u64)?;
        // SAFETY: in bounds and aligned to a line (checked by the directory); mapped while `yard` is held, which this
        // handle and its ends do. Nobody makes references to records.
        let spot =
            unsafe { Spot::new(region.at(record.offset)?, Bytes::new(bytes.as_ptr(), options.capacity)) };
        Ok(Ring { yard: yard.held().clone(), spot, options, element, manner: yard.manner() })
    }

    /// Takes the sender's end for this process. Errors: `Busy` (a living process holds it), `Corrupt`.
    pub fn sender(&self, strategy: Strategy) -> Result<Sender> {
        Sender::take(self, strategy)
    }

    /// Takes the receiver's end for this process. If the last holder died, what it had not released is delivered
    /// again, flagged. Errors: `Busy` (a living process holds it), `Corrupt`.
    pub fn receiver(&self, strategy: Strategy) -> Result<Receiver> {
        Receiver::take(self, strategy)
    }

    /// What the ring was made as.
    pub fn options(&self) -> RingOptions {
        self.options
    }

    /// The longest record in bytes.
    pub fn max_len(&self) -> usize {
        record::longest(self.options.capacity)
    }

    /// How the sender's end stands.
    pub fn sender_state(&self) -> Peer {
        self.state(Which::Sender)
    }

    /// How the receiver's end stands.
    pub fn receiver_state(&self) -> Peer {
        self.state(Which::Receiver)
    }

    fn state(&self, which: Which) -> Peer {
        let body = self.spot.body();
        let end = if which == Which::Sender { &body.sender } else { &body.receiver };
        match end::look(end, &self.yard) {
            end::Look::Absent => Peer::Absent,
            end::Look::Here { .. } => Peer::Here,
            end::Look::Gone(how) => how,
        }
    }

    fn side(&self, which: Which, strategy: Strategy) -> Result<(Side, end::Taken)> {
        Side::take(&self.yard, self.spot.clone(), which, strategy, self.options.spin_only, self.manner)
    }
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring").field("options", &self.options).finish_non_exhaustive()
    }
}

/// `element`: bytes of an element, 0 for records.
fn check(capacity: usize, element: usize) -> Result<()> {
    let sound = match element {
        0 => capacity.is_power_of_two() && capacity >= record::MIN_CAPACITY,
        n => capacity.is_multiple_of(n) && (capacity / n).is_power_of_two() && capacity / n >= 2,
    };
    if !sound || capacity > CAPACITY_MAX {
        return Err(Error::with(ErrorKind::Size, format!("a ring of {capacity} bytes")));
    }
    Ok(())
}

fn options_of(entry: &Entry) -> Result<(RingOptions, usize)> {
    let corrupt = || Error::with(ErrorKind::Corrupt, format!("ring parameters {:?}", entry.params));
    let capacity = usize::try_from(entry.params[CAPACITY]).map_err(|_| corrupt())?;
    let element = usize::try_from(entry.params[ELEMENT]).map_err(|_| corrupt())?;
    check(capacity, element).map_err(|_| corrupt())?;
    if entry.len < RECORDS_AT + capacity as u64 || entry.params[SPIN_ONLY] > 1 {
        return Err(corrupt());
    }
    Ok((RingOptions { capacity, spin_only: entry.params[SPIN_ONLY] == 1 }, element))
}

/// Marks the ends that the one who is gone held, and wakes whoever waits at the others.
pub(crate) fn recover(yard: &Attachment, entry: &Entry, who: Who, gone: Gone) {
    let (Who::Process(token), Ok(body)) = (who, yard.region().at::<Body>(entry.offset)) else { return };
    for (end, peer) in [(&body.sender, &body.data), (&body.receiver, &body.room)] {
        let marked = match gone {
            Gone::Died => end::mourn(end, token),
            Gone::Closed | Gone::Unborn => end::leave(end, token, true),
        };
        if marked {
            if gone == Gone::Died {
                faults::note(yard, who, end, 1);
            }
            peer.notify(yard);
        }
    }
}

crate::objects::refer::referable!(Ring, Ring, |it| (&it.yard, std::ptr::from_ref(it.spot.body()).addr()));
