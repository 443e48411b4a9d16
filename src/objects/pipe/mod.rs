//! A pipe: messages between two ends, each of which any number of processes and threads may hold.
#![allow(unsafe_code)] // a pointer into the mapping is kept beside the share that keeps it mapped

mod call;
mod connection;
mod end;
pub(crate) mod layout;
mod look;
mod stream;
#[cfg(test)]
mod tests;
mod way;

pub(crate) use connection::Arrived;
pub use connection::Connection;
pub use end::PipeEnd;
pub use stream::PipeStream;

use crate::error::{Error, ErrorKind, Result};
use crate::lockfree::spsc::record;
use crate::objects::directory::{self, How};
use crate::objects::faults;
use crate::objects::ring::Peer;
use crate::objects::yard::Yard;
use crate::presence::attachment::{Attachment, Gone, Held, Who};
use crate::segment::bits::Token;
use crate::segment::directory::{ObjectType, Record};
use crate::shim::Bytes;
use crate::sync::holders::Left;
use crate::sync::wait::Manner;
use end::End;
use layout::{Body, Plan};
use way::Spot;

/// What a pipe is made as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PipeOptions {
    /// Bytes for messages, in each direction: a power of two from 64 on. A message takes its length, rounded up to 8,
    /// and 8 more, and can be at most `capacity / 2 - 8` long.
    pub capacity: usize,
    /// Both ends send and receive. If not, the second end sends and the first one receives.
    pub duplex: bool,
}

impl Default for PipeOptions {
    fn default() -> PipeOptions {
        PipeOptions { capacity: 64 << 10, duplex: true }
    }
}

/// Parameters in the directory.
const CAPACITY: usize = 0;
const DUPLEX: usize = 1;
/// The largest capacity in bytes.
const CAPACITY_MAX: usize = 1 << 40;

/// A pipe: messages, from 0 bytes to the longest that fits, go in one direction or in both between two ends.
///
/// Whoever takes an end with [`Pipe::end`] holds it until the last of its handles is dropped. Any number of threads and
/// processes may hold an end at a time: each message is sent whole, and received whole by one of those who receive.
/// When the last process has gone that held an end, the other end is told so, after it has received everything: whether
/// that one closed it or died. What was sent and not received stays in the pipe for the next who takes the end.
///
/// ```
/// use courtyard::{ErrorKind, Pipe, PipeEnd, PipeOptions, Timeout, Yard};
///
/// # fn main() -> courtyard::Result<()> {
/// let yard = Yard::anonymous()?;
/// let pipe = Pipe::create(&yard, "pipe", PipeOptions::default())?;
/// let (father, child) = (pipe.end(PipeEnd::First)?, pipe.end(PipeEnd::Second)?);
/// child.send(b"from child", Timeout::Forever)?;
/// child.close();
/// assert_eq!(father.recv_vec(Timeout::Forever)?, b"from child");
/// assert_eq!(father.recv_vec(Timeout::Forever).unwrap_err().kind(), ErrorKind::PeerClosed);
/// # Ok(())
/// # }
/// ```
///
/// # Fork
/// A child holds, from its birth on, every end that its parent holds at that moment: parent and child each close the
/// handles that they do not want, and neither sees an end of the stream that is none. For that the child takes its
/// place in the yard at fork(2) already; without a free place, or a free descriptor, it takes it with its first call,
/// and until then it does not hold the ends. `exec` ends the hold as a death does: close the handles before. A handle
/// that another thread is just taking or closing while a thread forks is the child's as well or not, as it happens. A process
/// that is made anew holds from its birth on what it is given: [`ProcessOptions::ends`](crate::ProcessOptions::ends).
#[derive(Clone)]
pub struct Pipe {
    yard: Held,
    offset: u64,
    /// The directions, by the end that receives.
    ways: [Option<Spot>; 2],
    options: PipeOptions,
    manner: Manner,
}

impl Pipe {
    /// Makes a pipe. Errors: `Size` (capacity no power of two, below 64, or above 1 TiB), `Exists`, `Name`, `NoSpace`,
    /// `NoSlots`, `Timeout` (another object has been in the making for ten seconds).
    pub fn create(yard: &Yard, name: &str, options: PipeOptions) -> Result<Pipe> {
        Pipe::obtain(yard, name, How::Create, Some(options))
    }

    /// Opens a pipe, whatever its options. Errors: `NotFound`, `Type`.
    pub fn open(yard: &Yard, name: &str) -> Result<Pipe> {
        Pipe::obtain(yard, name, How::Open, None)
    }

    /// Opens a pipe of these options, or makes it. Errors: as for both, and `Mismatch` if its options are others.
    pub fn open_or_create(yard: &Yard, name: &str, options: PipeOptions) -> Result<Pipe> {
        Pipe::obtain(yard, name, How::OpenOrCreate, Some(options))
    }

    fn obtain(yard: &Yard, name: &str, how: How, options: Option<PipeOptions>) -> Result<Pipe> {
        let held = yard.held();
        let slots = held.geometry().slots;
        let asked = options.unwrap_or_default();
        check(asked.capacity)?;
        let plan = directory::Plan {
            kind: ObjectType::Pipe,
            params: [asked.capacity as u64, u64::from(asked.duplex), 0, 0],
            len: Plan::new(slots, asked.capacity as u64).len(asked.duplex),
        };
        let record = directory::obtain(held, name, how, &plan, |found| {
            let is = options_of(found, slots)?;
            match options {
                Some(wanted) if wanted != is => {
                    Err(Error::with(ErrorKind::Mismatch, format!("{name:?} is {is:?}, not {wanted:?}")))
                }
                _ => Ok(()),
            }
        })?;
        let options = options_of(&record, slots)?;
        Ok(Pipe {
            ways: ways(held, &record, options)?,
            yard: held.clone(),
            offset: record.offset,
            options,
            manner: yard.manner(),
        })
    }

    /// Takes an end for this process, which may hold it already: each handle counts, and the last one that is dropped
    /// lets go. Errors: `NoSlots` (a fork child, and the yard's table of processes is full), `Corrupt`.
    pub fn end(&self, end: PipeEnd) -> Result<Connection> {
        Connection::take(self, end)
    }

    /// What the pipe was made as.
    pub fn options(&self) -> PipeOptions {
        self.options
    }

    /// The longest message in bytes.
    pub fn max_len(&self) -> usize {
        record::longest(self.options.capacity)
    }

    /// How an end stands. Asks the kernel.
    pub fn state(&self, end: PipeEnd) -> Peer {
        End::of(&self.yard, self.offset, end).map_or(Peer::Absent, |it| end::peer(it.state(&self.yard).0))
    }
}

impl std::fmt::Debug for Pipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipe").field("options", &self.options).finish_non_exhaustive()
    }
}

fn ways(yard: &Held, record: &Record, options: PipeOptions) -> Result<[Option<Spot>; 2]> {
    let body: &Body = yard.region().at(record.offset)?;
    let plan = Plan::new(yard.geometry().slots, options.capacity as u64);
    let spot = |end: PipeEnd| -> Result<Spot> {
        let at = record.offset + plan.messages_at(end);
        let bytes = yard.region().bytes(at, options.capacity as u64)?;
        let (way, last) = (&body.ways[end.index()], &body.last[end.index()]);
        // SAFETY: in bounds (checked), aligned to a line; mapped while the yard is held, which the pipe and its
        // connections do. Nobody makes references to messages; a peer can spoil them, no more.
        Ok(unsafe { Spot::new(way, last, Bytes::new(bytes.as_ptr(), options.capacity)) })
    };
    let second = if options.duplex { Some(spot(PipeEnd::Second)?) } else { None };
    Ok([Some(spot(PipeEnd::First)?), second])
}

fn check(capacity: usize) -> Result<()> {
    if !capacity.is_power_of_two() || !(record::MIN_CAPACITY..=CAPACITY_MAX).contains(&capacity) {
        return Err(Error::with(ErrorKind::Size, format!("a pipe of {capacity} bytes")));
    }
    Ok(())
}

fn options_of(entry: &Record, slots: u32) -> Result<PipeOptions> {
    let corrupt = || Error::with(ErrorKind::Corrupt, format!("pipe parameters {:?}", entry.params));
    let capacity = usize::try_from(entry.params[CAPACITY]).map_err(|_| corrupt())?;
    check(capacity).map_err(|_| corrupt())?;
    let duplex = entry.params[DUPLEX] == 1;
    if entry.params[DUPLEX] > 1 || entry.len < Plan::new(slots, capacity as u64).len(duplex) {
        return Err(corrupt());
    }
    Ok(PipeOptions { capacity, duplex })
}

/// See `Objects::hold`.
pub(crate) fn hold(yard: &Attachment, end: u64, process: Token) {
    if let Some(end) = End::by_key(yard, end) {
        end.hold(process);
    }
}

/// See `Objects::let_go`.
pub(crate) fn let_go(yard: &Attachment, end: u64, process: Token) {
    if let Some(end) = End::by_key(yard, end) {
        end.leave(process, Left::Closed);
    }
}

/// Takes the one who is gone off the ends and out of the calls that he was in, and tells the others.
pub(crate) fn recover(yard: &Attachment, entry: &Record, who: Who, gone: Gone) {
    match who {
        Who::Process(token) => {
            let ends = PipeEnd::ALL.into_iter().filter_map(|which| End::of(yard, entry.offset, which));
            ends.for_each(|end| end.recover(yard, token, gone));
        }
        Who::Thread(dead) => {
            let Ok(body) = yard.region().at::<Body>(entry.offset) else { return };
            for lock in body.ways.iter().flat_map(|way| [&way.sending, &way.receiving]) {
                if lock.recover(dead) {
                    lock.absolve(); // nothing is half done: what was not published or acknowledged did not happen
                    faults::note(yard, who, lock, 1);
                }
            }
        }
    }
}

crate::objects::refer::referable!(Pipe, Pipe, |it| (&it.yard, it.yard.region().address_of(it.offset)));
