//! A queue between processes: last in, first out.
#![forbid(unsafe_code)]

#[cfg(test)]
mod tests;
mod typed;

pub use typed::TypedLifoQueue;

use crate::error::{Error, ErrorKind, Result};
use crate::objects::directory::How;
use crate::objects::many::{AsPart, Kept, Part, Writable};
use crate::objects::shelf::{self, Queue, Size, Taken};
use crate::objects::yard::Yard;
use crate::segment::directory::ObjectType;
use crate::sync::stack::Stack;
use crate::sync::wait::Timeout;

/// What a last-in-first-out queue is made as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LifoOptions {
    /// How many messages it holds at most: 1 to 2^24.
    pub capacity: usize,
    /// How many bytes a message has at most: 0 to 2^30. Each has so much room, whatever its length.
    pub max_len: usize,
}

impl Default for LifoOptions {
    fn default() -> LifoOptions {
        LifoOptions { capacity: shelf::CAPACITY, max_len: shelf::MESSAGE_MAX }
    }
}

impl LifoOptions {
    fn size(self) -> Size {
        Size { capacity: self.capacity, max_len: self.max_len }
    }
}

/// Messages of 0 bytes to a fixed maximum, last in, first out. Clones and handles in other processes mean the same queue.
///
/// ```
/// use courtyard::{ErrorKind, LifoOptions, LifoQueue, Timeout, Yard};
///
/// # fn main() -> courtyard::Result<()> {
/// let yard = Yard::anonymous()?;
/// let stack = LifoQueue::create(&yard, "stack", LifoOptions::default())?;
/// stack.put(b"first", Timeout::Forever)?;
/// stack.put(b"last", Timeout::Forever)?;
/// assert_eq!(stack.get_vec(Timeout::Forever)?, b"last");
/// stack.shutdown(false);
/// assert_eq!(stack.get_vec(Timeout::Forever)?, b"first");
/// assert_eq!(stack.get_vec(Timeout::Forever).unwrap_err().kind(), ErrorKind::End);
/// # Ok(())
/// # }
/// ```
///
/// # Turns
/// Whoever puts or gets does it in a turn of his own, which lasts as long as the copy of one message; nobody has
/// it while he waits for a message or for room. Who is killed in his turn is succeeded at once. Who is *stopped* in it holds
/// up the others: their tries answer `Busy`, their timed calls `Timeout`, unless the queue is empty, or full, as well.
///
/// # Death
/// A message is put with one store, or not at all. Getting delivers at most once: it copies the message out and takes it away
/// with one store; killed before that, the message is the next one's, and killed after it, before its caller had it,
/// that one message is lost. Who waits looks again at least every 250 ms.
///
/// # Threads, processes, fork
/// Any number of each at a time. A fork child may use inherited handles at once.
#[derive(Clone)]
pub struct LifoQueue(Queue<Stack>);

impl LifoQueue {
    /// Makes a queue. Errors: `Size` (no capacity, or more than can be), `Exists`, `Name`, `NoSpace`, `NoSlots`, `Timeout`
    /// (another object has been in the making for ten seconds).
    pub fn create(yard: &Yard, name: &str, options: LifoOptions) -> Result<LifoQueue> {
        LifoQueue::obtain(yard, name, How::Create, Some(options))
    }

    /// Opens a queue, whatever its options. Errors: `NotFound`, `Type`.
    pub fn open(yard: &Yard, name: &str) -> Result<LifoQueue> {
        LifoQueue::obtain(yard, name, How::Open, None)
    }

    /// Opens a queue of these options, or makes it. Errors: as for both, and `Mismatch` if its options are others.
    pub fn open_or_create(yard: &Yard, name: &str, options: LifoOptions) -> Result<LifoQueue> {
        LifoQueue::obtain(yard, name, How::OpenOrCreate, Some(options))
    }

    fn obtain(yard: &Yard, name: &str, how: How, options: Option<LifoOptions>) -> Result<LifoQueue> {
        Queue::obtain(yard, name, how, ObjectType::LifoQueue, options.map(LifoOptions::size)).map(LifoQueue)
    }

    /// Puts one message. Whoever gets it gets it whole; it is there before this returns.
    ///
    /// Errors: `Full` (no room within `timeout`), `Shutdown`, `TooLong` (longer than any message may be), `Busy` (a try)
    /// and `Timeout` (somebody stands still in his turn), `Cancelled`, `Interrupted`, `NoSlots`, `Corrupt`; nothing was put.
    #[inline]
    pub fn put(&self, message: &[u8], timeout: impl Into<Timeout>) -> Result<()> {
        if self.put_fast(message) { Ok(()) } else { self.0.put((), message, timeout.into()) }
    }

    /// Puts one message if there is room now. Errors: as for [`LifoQueue::put`].
    #[inline]
    pub fn try_put(&self, message: &[u8]) -> Result<()> {
        self.put(message, Timeout::Try)
    }

    /// The uncontended step of putting. Cannot panic, allocates nothing; false if it takes [`LifoQueue::put`].
    #[inline]
    pub(crate) fn put_fast(&self, message: &[u8]) -> bool {
        self.0.put_fast((), message)
    }

    /// Copies the next message to the start of `buffer` and takes it: at most once. Tells its length.
    ///
    /// Errors: `Empty` (nothing came within `timeout`), `End` (the queue was shut down and everything has been got), `Shutdown`
    /// (it was shut down at once), `TooLong` (the buffer is shorter than the message, which stays), `Busy` (a try) and `Timeout`
    /// (somebody stands still in his turn), `Cancelled`, `Interrupted`, `NoSlots`, `Corrupt`.
    #[inline]
    pub fn get(&self, buffer: &mut [u8], timeout: impl Into<Timeout>) -> Result<usize> {
        if let Some(got) = self.get_fast(buffer) {
            return Ok(got.0);
        }
        match self.take(buffer, timeout.into())? {
            Taken::Message(len, ()) => Ok(len),
            Taken::TooLong(len) => Err(shelf::too_small(len, buffer.len())),
        }
    }

    /// Gets the next message if there is one now. Errors: as for [`LifoQueue::get`].
    #[inline]
    pub fn try_get(&self, buffer: &mut [u8]) -> Result<usize> {
        self.get(buffer, Timeout::Try)
    }

    /// As [`LifoQueue::get`], into new memory of the right size.
    pub fn get_vec(&self, timeout: impl Into<Timeout>) -> Result<Vec<u8>> {
        self.0.get_vec(timeout.into()).map(|(message, ())| message)
    }

    /// The uncontended step of getting. Cannot panic, allocates nothing; `None` if it takes [`LifoQueue::get`].
    #[inline]
    pub(crate) fn get_fast(&self, buffer: &mut [u8]) -> Option<(usize, ())> {
        self.0.get_fast(buffer)
    }

    /// As [`LifoQueue::get`], with the length of a message that does not fit.
    #[cold]
    pub(crate) fn take(&self, buffer: &mut [u8], timeout: Timeout) -> Result<Taken<()>> {
        self.0.get(buffer, timeout)
    }

    /// Shuts the queue down, for everybody and for good; whoever waits is told. Putting answers `Shutdown` from now on; only a
    /// put that has begun before may still come in. With `now` getting does so, too. Without, gets go on until everything has been
    /// got, then answer `End`; after the first `End` nothing comes in any more. `now` may follow later.
    /// Never waits; async-signal-safe. Killed in it: it is shut down or not; who sleeps looks again within 250 ms.
    pub fn shutdown(&self, now: bool) {
        self.0.shutdown(now);
    }

    /// Whether it has been shut down.
    pub fn is_shutdown(&self) -> bool {
        self.0.is_shutdown()
    }

    /// How many messages there are at this instant; none after it was shut down at once.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no message at this instant.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room at this instant.
    pub fn is_full(&self) -> bool {
        self.len() == self.capacity()
    }

    /// How many messages it holds at most.
    pub fn capacity(&self) -> usize {
        self.0.size().capacity
    }

    /// How many bytes a message has at most.
    pub fn max_len(&self) -> usize {
        self.0.size().max_len
    }

    /// What it was made as.
    pub fn options(&self) -> LifoOptions {
        LifoOptions { capacity: self.capacity(), max_len: self.max_len() }
    }

    /// The same, if its messages are of that size: `Mismatch`.
    fn of_size(self, size: usize) -> Result<LifoQueue> {
        if self.max_len() == size {
            return Ok(self);
        }
        let detail = format!("messages of {} bytes, elements of {size}", self.max_len());
        Err(Error::with(ErrorKind::Mismatch, detail))
    }
}

impl LifoQueue {
    /// To wait, with [`wait_any`](crate::wait_any) or a [`Notifier`](crate::Notifier), until there is room for a message, or the queue
    /// is shut down.
    pub fn writable(&self) -> Writable {
        self.0.writable()
    }

    /// For whoever waits for room later.
    #[cfg(feature = "async")]
    pub(crate) fn keep_room(&self) -> Kept {
        self.0.keep_room()
    }
}

impl AsPart for LifoQueue {
    fn part(&self) -> Part<'_> {
        self.0.part()
    }

    fn keep(&self) -> Option<Kept> {
        Some(self.0.keep())
    }
}

impl std::fmt::Debug for LifoQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LifoQueue").field("len", &self.len()).field("options", &self.options()).finish()
    }
}

crate::objects::refer::referable!(LifoQueue, LifoQueue, |it| it.0.whereabouts());
