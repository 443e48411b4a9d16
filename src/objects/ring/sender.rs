//! The sending end of a ring of records.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::lockfree::spsc::NoRoom;
use crate::lockfree::spsc::record::{Producer, Slot};
use crate::objects::many::{AsPart, Kept, Part};
use crate::objects::ring::end::Peer;
use crate::objects::ring::seen::What;
use crate::objects::ring::side::{Glance, Side, Spot, Which};
use crate::objects::ring::{Ring, Strategy};
use crate::sync::many::{Net, Source};
use crate::sync::wait::Timeout;

/// The sending end of a [`Ring`]. Dropping it closes the end: the receiver sees `PeerClosed` when it has everything.
///
/// An end belongs to the process that took it: a fork child's calls answer `NotOwner`. It may move between threads.
///
/// As long as there is room, sending does not ask how the receiver stands: what is sent waits in the ring for whoever
/// receives next. Without room, a receiver that closed or died ends the wait at once.
#[repr(align(128))] // two ends side by side share no cache line, nor a pair that is fetched as one
pub struct Sender {
    producer: Producer<Spot>,
    side: Side,
    max_len: usize,
}

impl Sender {
    pub(super) fn take(ring: &Ring, strategy: Strategy) -> Result<Sender> {
        let (side, _) = ring.side(Which::Sender, strategy)?;
        match Producer::resume(ring.spot.clone()) {
            Ok(producer) => Ok(Sender { producer, side, max_len: ring.max_len() }),
            Err(_) => {
                side.close(false);
                Err(corrupt())
            }
        }
    }

    /// Sends one record. It is visible to the receiver, whole, before this returns.
    ///
    /// Errors: `Full` (no room within `timeout`; nothing was sent), `PeerClosed` and `PeerDied` (likewise, and the
    /// receiver is gone), `TooLong` (it can never fit), `Cancelled`, `Interrupted`, `NotOwner`, `Corrupt`.
    #[inline]
    pub fn send(&mut self, record: &[u8], timeout: impl Into<Timeout>) -> Result<()> {
        self.side.check()?;
        if let Err(why) = self.producer.send(record) {
            self.wait(why, record.len(), timeout.into())?;
            self.producer.send(record).map_err(|why| self.refusal(why, record.len()))?;
        }
        self.side.notify();
        Ok(())
    }

    /// Sends one record if there is room now.
    #[inline]
    pub fn try_send(&mut self, record: &[u8]) -> Result<()> {
        self.send(record, Timeout::Try)
    }

    /// Sends as many of the records as fit, in order, and shows them to the receiver with one store; waits only
    /// while not even the first fits. Returns how many were sent.
    ///
    /// Errors: as for [`Sender::send`]; nothing was sent. A record that can never fit ends the batch before it.
    pub fn send_batch(&mut self, records: &[impl AsRef<[u8]>], timeout: impl Into<Timeout>) -> Result<usize> {
        self.side.check()?;
        let Some(first) = records.first().map(AsRef::as_ref) else { return Ok(0) };
        if let Err(why) = self.producer.push(first) {
            self.wait(why, first.len(), timeout.into())?;
            self.producer.push(first).map_err(|why| self.refusal(why, first.len()))?;
        }
        let more = records[1..].iter().take_while(|r| self.producer.push(r.as_ref()).is_ok()).count();
        self.producer.publish();
        self.side.notify();
        Ok(1 + more)
    }

    /// Reserves room for a record of at most `len` bytes, to be written in place. Errors: as for [`Sender::send`].
    pub fn reserve(&mut self, len: usize, timeout: impl Into<Timeout>) -> Result<Reserved<'_>> {
        let slot = self.reserve_slot(len, timeout.into())?;
        Ok(Reserved { sender: self, slot: Some(slot) })
    }

    /// The uncontended step of sending. Cannot panic, allocates nothing; false if it takes [`Sender::send`].
    #[inline]
    pub(super) fn send_fast(&mut self, record: &[u8]) -> bool {
        let sent = self.side.is_ours() && self.producer.send(record).is_ok();
        if sent {
            self.side.notify();
        }
        sent
    }

    pub(super) fn reserve_slot(&mut self, len: usize, timeout: Timeout) -> Result<Slot> {
        self.side.check()?;
        match self.producer.reserve(len) {
            Ok(slot) => Ok(slot),
            Err(why) => {
                self.wait(why, len, timeout)?;
                self.producer.reserve(len).map_err(|why| self.refusal(why, len))
            }
        }
    }

    /// The first byte of a slot.
    pub(super) fn address(&self, slot: &Slot) -> *mut u8 {
        self.producer.address(slot)
    }

    /// Sends the first `len` bytes of a slot; `Range` gives the slot up.
    pub(super) fn commit_slot(&mut self, slot: Slot, len: usize) -> Result<()> {
        self.side.check()?;
        let whole = slot.len();
        if !self.producer.commit(slot, len) {
            return Err(Error::with(ErrorKind::Range, format!("{len} bytes of {whole} reserved")));
        }
        self.side.notify();
        Ok(())
    }

    /// `NotOwner` in a fork child.
    pub(super) fn check(&self) -> Result<()> {
        self.side.check()
    }

    /// Waits until a record of `len` bytes fits.
    #[cold]
    fn wait(&mut self, why: NoRoom, len: usize, timeout: Timeout) -> Result<()> {
        if why != NoRoom::Full {
            return Err(self.refusal(why, len));
        }
        let producer = &mut self.producer;
        self.side.wait(timeout, ErrorKind::Full, |glance| match glance {
            Glance::Poll => producer.poll(len),
            Glance::Exact => producer.has_room(len).unwrap_or(true), // then the next step finds what is wrong
        })
    }

    /// Why nothing was sent, when waiting does not help: room that was there does not go away again by itself.
    #[cold]
    fn refusal(&self, why: NoRoom, len: usize) -> Error {
        match why {
            NoRoom::Unfit => {
                Error::with(ErrorKind::TooLong, format!("{len} bytes, at most {} fit", self.max_len))
            }
            NoRoom::Full | NoRoom::Corrupt => corrupt(),
        }
    }

    /// For whoever waits later for room for a record of `len` bytes.
    #[cfg(feature = "async")]
    pub(crate) fn keep_room(&self, len: usize) -> Kept {
        self.side.keep(What::Record(len))
    }

    /// The longest record in bytes.
    pub fn max_len(&self) -> usize {
        self.max_len
    }

    /// How the receiver stands now. Costs a system call where the word alone does not tell.
    pub fn peer(&self) -> Peer {
        self.side.peer()
    }
}

impl AsPart for Sender {
    fn part(&self) -> Part<'_> {
        self.side.part(self)
    }

    fn keep(&self) -> Option<Kept> {
        Some(self.side.keep(What::Record(self.max_len)))
    }
}

impl Source for Sender {
    fn refusal(&self) -> Option<Error> {
        self.side.refusal()
    }

    fn is_ready(&self) -> bool {
        self.producer.sees_room(self.max_len).unwrap_or(true) || self.side.has_ended()
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        self.side.arm(net, || self.producer.sees_room(self.max_len).unwrap_or(true))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.producer.discard();
        self.side.close(false);
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").field("max_len", &self.max_len).finish_non_exhaustive()
    }
}

pub(super) fn corrupt() -> Error {
    Error::with(ErrorKind::Corrupt, "the ring's words contradict themselves")
}

/// Room for a record. Dropping it gives the room back; nothing was sent.
#[must_use = "dropping a reservation gives it up"]
pub struct Reserved<'a> {
    sender: &'a mut Sender,
    slot: Option<Slot>,
}

impl Reserved<'_> {
    /// How many bytes were reserved.
    pub fn len(&self) -> usize {
        self.slot.as_ref().map_or(0, Slot::len)
    }

    /// Whether no bytes were reserved.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies `bytes` to `offset` of the record. Errors: `Range`, `NotOwner` (a fork child: the room is its parent's).
    pub fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<()> {
        self.sender.side.check()?;
        match &self.slot {
            Some(slot) if self.sender.producer.write(slot, offset, bytes) => Ok(()),
            _ => Err(Error::with(
                ErrorKind::Range,
                format!("{} bytes at {offset} of {}", bytes.len(), self.len()),
            )),
        }
    }

    /// The first byte, to write in place without a copy: [`Reserved::len`] bytes, aligned to 8, valid until the
    /// reservation is committed or dropped; null in a fork child. The memory is shared: make no reference to it.
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        if self.sender.side.check().is_err() {
            return std::ptr::null_mut();
        }
        self.slot.as_ref().map_or(std::ptr::null_mut(), |slot| self.sender.address(slot))
    }

    /// Sends the first `len` bytes as one record. Errors: `Range`, `NotOwner` (a fork child); nothing was sent.
    pub fn commit(mut self, len: usize) -> Result<()> {
        match self.slot.take() {
            Some(slot) => self.sender.commit_slot(slot, len),
            None => Err(ErrorKind::State.into()),
        }
    }
}

impl std::fmt::Debug for Reserved<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reserved").field("len", &self.len()).finish_non_exhaustive()
    }
}
