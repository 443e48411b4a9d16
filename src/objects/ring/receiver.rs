//! The receiving end of a ring of records.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, News, Result};
use crate::lockfree::spsc::NoRecord;
use crate::lockfree::spsc::record::{self, Consumer};
use crate::objects::many::{AsPart, Kept, Part};
use crate::objects::ring::end::{Peer, Taken};
use crate::objects::ring::seen::What;
use crate::objects::ring::sender::corrupt;
use crate::objects::ring::side::{Side, Spot, Which};
use crate::objects::ring::{Ring, Strategy};
use crate::sync::many::{Net, Source};
use crate::sync::wait::Timeout;

/// The receiving end of a [`Ring`]. Dropping it closes the end; what was not received stays in the ring.
///
/// Two ways to take a record. [`Receiver::recv`] copies it out and releases it: *at most once*, a receiver killed
/// before it has used its copy has lost that one. [`Receiver::peek`] leaves it in the ring until
/// [`Record::release`]: *at least once*, a receiver killed before that leaves it to its successor, flagged.
///
/// An end belongs to the process that took it: a fork child's calls answer `NotOwner`. It may move between threads.
#[repr(align(128))] // two ends side by side share no cache line, nor a pair that is fetched as one
pub struct Receiver {
    consumer: Consumer<Spot>,
    side: Side,
    max_len: usize,
}

/// A record that was copied out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its length in bytes.
    pub len: usize,
    /// A receiver that died may have seen it already.
    pub redelivered: bool,
}

impl Received {
    /// The same as news.
    pub fn news(&self) -> Option<News> {
        self.redelivered.then_some(News::Redelivered)
    }
}

/// What [`Receiver::recv_batch`] brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// How many records.
    pub records: usize,
    /// How many bytes of the buffer they fill, one after the other.
    pub bytes: usize,
    /// A receiver that died may have seen at least one of them already.
    pub redelivered: bool,
}

impl Receiver {
    pub(super) fn take(ring: &Ring, strategy: Strategy) -> Result<Receiver> {
        let (side, taken) = ring.side(Which::Receiver, strategy)?;
        let consumer = match taken {
            Taken::Clean => Consumer::begin(ring.spot.clone()),
            Taken::AfterDeath => Consumer::resume(ring.spot.clone()),
        };
        match consumer {
            Ok(consumer) => Ok(Receiver { consumer, side, max_len: ring.max_len() }),
            Err(_) => {
                side.close(true);
                Err(corrupt())
            }
        }
    }

    /// Copies the next record into `buffer` and releases it.
    ///
    /// Errors: `Empty` (nothing came within `timeout`), `PeerClosed` and `PeerDied` (nothing is left and the sender
    /// is gone), `TooLong` (the buffer is smaller than the record, which stays), `Cancelled`, `Interrupted`, `NotOwner`,
    /// `Corrupt`.
    #[inline]
    pub fn recv(&mut self, buffer: &mut [u8], timeout: impl Into<Timeout>) -> Result<Received> {
        self.side.check()?;
        let record = match self.consumer.recv(buffer) {
            Ok(record) => record,
            Err(why) => {
                self.wait(why, buffer.len(), timeout.into())?;
                self.consumer.recv(buffer).map_err(|why| refusal(why, buffer.len()))?
            }
        };
        self.side.notify();
        Ok(Received { len: record.len(), redelivered: record.redelivered })
    }

    /// Takes the next record if there is one now.
    #[inline]
    pub fn try_recv(&mut self, buffer: &mut [u8]) -> Result<Received> {
        self.recv(buffer, Timeout::Try)
    }

    /// As [`Receiver::recv`], into new memory of the right size.
    pub fn recv_vec(&mut self, timeout: impl Into<Timeout>) -> Result<(Vec<u8>, Received)> {
        let record = self.peek(timeout)?;
        let mut bytes = vec![0; record.len()];
        record.copy_to(&mut bytes)?;
        let received = Received { len: record.len(), redelivered: record.redelivered() };
        record.release();
        Ok((bytes, received))
    }

    /// Copies records one after the other into `buffer` while they are there and fit, at most `lens.len()`, and
    /// releases them with one store. `lens` gets their lengths. Waits only while there is not even one.
    ///
    /// Errors: as for [`Receiver::recv`]; `TooLong` if the first does not fit; `Invalid` if `lens` is empty.
    pub fn recv_batch(
        &mut self,
        buffer: &mut [u8],
        lens: &mut [usize],
        timeout: impl Into<Timeout>,
    ) -> Result<Batch> {
        self.side.check()?;
        let mut batch = Batch { records: 0, bytes: 0, redelivered: false };
        if lens.is_empty() {
            return Err(Error::with(ErrorKind::Invalid, "a batch of no records"));
        }
        let first = match self.consumer.peek() {
            Ok(record) => record,
            Err(why) => {
                self.wait(why, buffer.len(), timeout.into())?;
                self.consumer.peek().map_err(|why| refusal(why, buffer.len()))?
            }
        };
        let mut next = Ok(first);
        while let (Ok(record), Some(len)) = (next, lens.get_mut(batch.records)) {
            let Some(part) = buffer.get_mut(batch.bytes..batch.bytes + record.len()) else { break };
            if !self.consumer.read(&record, 0, part) || !self.consumer.take(&record) {
                break;
            }
            *len = record.len();
            batch.records += 1;
            batch.bytes += record.len();
            batch.redelivered |= record.redelivered;
            next = self.consumer.peek();
        }
        if batch.records == 0 {
            return Err(too_small(buffer.len(), first.len()));
        }
        self.consumer.release();
        self.side.notify();
        Ok(batch)
    }

    /// The next record, which stays in the ring until it is released. Errors: as for [`Receiver::recv`].
    pub fn peek(&mut self, timeout: impl Into<Timeout>) -> Result<Record<'_>> {
        let record = self.peek_record(timeout.into())?;
        Ok(Record { receiver: self, record })
    }

    /// The uncontended step of receiving. Cannot panic, allocates nothing; `None` if it takes [`Receiver::recv`].
    #[inline]
    pub(super) fn recv_fast(&mut self, buffer: &mut [u8]) -> Option<Received> {
        if !self.side.is_ours() {
            return None;
        }
        let record = self.consumer.recv(buffer).ok()?;
        self.side.notify();
        Some(Received { len: record.len(), redelivered: record.redelivered })
    }

    pub(super) fn peek_record(&mut self, timeout: Timeout) -> Result<record::Record> {
        self.side.check()?;
        match self.consumer.peek() {
            Ok(record) => Ok(record),
            Err(why) => {
                self.wait(why, 0, timeout)?;
                self.consumer.peek().map_err(|why| refusal(why, 0))
            }
        }
    }

    /// The first byte of a record.
    pub(super) fn address(&self, record: &record::Record) -> *const u8 {
        self.consumer.address(record)
    }

    /// Releases a record that `peek_record` gave. A fork child's copy of it is not its to release.
    pub(super) fn release_record(&mut self, record: &record::Record) {
        if self.side.is_ours() && self.consumer.take(record) {
            self.consumer.release();
            self.side.notify();
        }
    }

    /// `NotOwner` in a fork child.
    pub(super) fn check(&self) -> Result<()> {
        self.side.check()
    }

    /// Waits until there is something.
    #[cold]
    fn wait(&mut self, why: NoRecord, len: usize, timeout: Timeout) -> Result<()> {
        if why != NoRecord::Empty {
            return Err(refusal(why, len));
        }
        self.consumer.publish_head();
        self.side.notify();
        self.side.after_burst(self.consumer.ran_dry(), timeout);
        let consumer = &self.consumer;
        self.side.wait(timeout, ErrorKind::Empty, |_| consumer.has_news())
    }

    /// The longest record in bytes.
    pub fn max_len(&self) -> usize {
        self.max_len
    }

    /// How the sender stands now. Costs a system call where the word alone does not tell.
    pub fn peer(&self) -> Peer {
        self.side.peer()
    }
}

/// Why nothing was received, when waiting does not help: what was there does not go away again by itself.
#[cold]
fn refusal(why: NoRecord, len: usize) -> Error {
    match why {
        NoRecord::Unfit(needed) => too_small(len, needed),
        NoRecord::Empty | NoRecord::Corrupt => corrupt(),
    }
}

fn too_small(len: usize, needed: usize) -> Error {
    Error::with(ErrorKind::TooLong, format!("a record of {needed} bytes, a buffer of {len}"))
}

impl AsPart for Receiver {
    fn part(&self) -> Part<'_> {
        self.side.part(self)
    }

    fn keep(&self) -> Option<Kept> {
        Some(self.side.keep(What::Data))
    }
}

impl Source for Receiver {
    fn refusal(&self) -> Option<Error> {
        self.side.refusal()
    }

    fn is_ready(&self) -> bool {
        self.consumer.has_any() || self.side.has_ended()
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        self.side.arm(net, || self.consumer.has_any())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if self.side.check().is_ok() {
            self.consumer.rewind();
            self.consumer.publish_head();
            self.side.close(self.consumer.in_doubt());
        }
    }
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver").field("max_len", &self.max_len).finish_non_exhaustive()
    }
}

/// A record in the ring. Dropping it without [`Record::release`] leaves it there: the next call gives it again.
#[must_use = "a record that is not released is given again"]
pub struct Record<'a> {
    receiver: &'a mut Receiver,
    record: record::Record,
}

impl Record<'_> {
    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.record.len()
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a receiver that died may have seen it already.
    pub fn redelivered(&self) -> bool {
        self.record.redelivered
    }

    /// Copies the record to the start of `buffer`. Errors: `TooLong`.
    pub fn copy_to(&self, buffer: &mut [u8]) -> Result<()> {
        let len = buffer.len();
        let part = buffer.get_mut(..self.len()).ok_or_else(|| too_small(len, self.len()))?;
        if self.receiver.consumer.read(&self.record, 0, part) { Ok(()) } else { Err(corrupt()) }
    }

    /// The first byte, to read in place without a copy: [`Record::len`] bytes, aligned to 8, valid until the record
    /// is released or dropped. The memory is shared: a hostile sender may change it while you read, so make no
    /// reference to it unless you trust the sender.
    pub fn as_ptr(&self) -> *const u8 {
        self.receiver.address(&self.record)
    }

    /// Done with: the record is delivered for good and its room given back.
    pub fn release(self) {
        self.receiver.release_record(&self.record);
    }
}

impl std::fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("len", &self.len()).finish_non_exhaustive()
    }
}
