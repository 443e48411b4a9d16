//! What the queues have in common whose moves are made under a lock: finding, making, waiting, shutting down.
#![allow(unsafe_code)] // pointers into the mapping are kept beside the share that keeps it mapped

use crate::error::{Error, ErrorKind, Result};
use crate::objects::directory::{self, How, Plan};
use crate::objects::faults;
use crate::objects::many::{Kept, Part, Writable};
use crate::objects::owners::{self, Threads};
use crate::objects::yard::Yard;
use crate::presence::attachment::{Attachment, Held, Who};
use crate::presence::thread;
use crate::segment::directory::{ObjectType, Record};
use crate::segment::region::Shared;
use crate::shim::{Bytes, pause};
use crate::sync::deadline::Deadline;
use crate::sync::many::{Net, Source};
use crate::sync::shelf::{self, For, Moves, No, Shelf, Words, stride};
use crate::sync::wait::{Manner, Timeout, Wait};
use std::ptr::NonNull;
use std::sync::Arc;

/// What a queue under a lock is made as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(super) capacity: usize,
    pub(super) max_len: usize,
}

/// Messages at most, by default.
pub(super) const CAPACITY: usize = 64;
/// Bytes of a message at most, by default.
pub(super) const MESSAGE_MAX: usize = 256;
/// The most messages that a queue can be made for: behind a dead process all of them are looked at.
const CAPACITY_MAX: usize = 1 << 24;
/// The longest message that a queue can be made for.
const LONGEST_MAX: usize = 1 << 30;
/// Pieces begin on lines of this size.
const LINE: u64 = 128;
/// Looks before a wait sleeps, in a whole call: some 5 to 10 µs, a tenth of what a sleep and wake-up cost.
const SPINS: u32 = 1000;
/// Room that is taken for a message before its length is known.
const USUAL: usize = 256;

impl Size {
    fn check(self) -> Result<()> {
        let Size { capacity, max_len } = self;
        if !(1..=CAPACITY_MAX).contains(&capacity) {
            return Err(Error::with(
                ErrorKind::Size,
                format!("{capacity} messages, not 1 to {CAPACITY_MAX}"),
            ));
        }
        if max_len > LONGEST_MAX {
            let detail = format!("messages of {max_len} bytes, at most {LONGEST_MAX} are allowed");
            return Err(Error::with(ErrorKind::Size, detail));
        }
        Ok(())
    }

    /// Where the messages begin.
    fn bytes_at<M: Moves>(self) -> u64 {
        (size_of::<Words>() as u64 + (self.capacity * size_of::<M::Cell>()) as u64).next_multiple_of(LINE)
    }

    /// Bytes of the messages. No overflow: both factors are checked.
    fn bytes(self) -> usize {
        self.capacity * stride(self.max_len)
    }

    fn len<M: Moves>(self) -> u64 {
        self.bytes_at::<M>() + self.bytes() as u64
    }

    /// Those of an object that exists.
    fn of<M: Moves>(record: &Record) -> Result<Size> {
        let [capacity, max_len, ..] = record.params;
        let corrupt =
            || Error::with(ErrorKind::Corrupt, format!("a queue of {capacity} messages of {max_len}"));
        let number = |n: u64| usize::try_from(n).map_err(|_| corrupt());
        let size = Size { capacity: number(capacity)?, max_len: number(max_len)? };
        size.check().map_err(|_| corrupt())?;
        if record.len < size.len::<M>() { Err(corrupt()) } else { Ok(size) }
    }
}

/// What comes of a getting call that does not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken<L> {
    /// A message of this length and label.
    Message(usize, L),
    /// The next message is so long, and stays: the buffer is shorter.
    TooLong(usize),
}

/// A handle on a queue whose moves are made under a lock.
pub(super) struct Queue<M: Moves> {
    words: NonNull<Words>,
    cells: NonNull<[M::Cell]>,
    bytes: Bytes,
    size: Size,
    manner: Manner,
    yard: Held,
}

// SAFETY: addresses of atomics and raw bytes in a mapping that `yard` keeps, which any thread may use.
unsafe impl<M: Moves> Send for Queue<M> {}
// SAFETY: as above.
unsafe impl<M: Moves> Sync for Queue<M> {}

impl<M: Moves> Clone for Queue<M> {
    fn clone(&self) -> Queue<M> {
        let Queue { words, cells, ref bytes, size, manner, ref yard } = *self;
        Queue { words, cells, bytes: bytes.clone(), size, manner, yard: yard.clone() }
    }
}

impl<M: Moves<Cell: Shared>> Queue<M> {
    /// Finds or makes one.
    pub(super) fn obtain(
        yard: &Yard,
        name: &str,
        how: How,
        kind: ObjectType,
        size: Option<Size>,
    ) -> Result<Queue<M>> {
        let wanted = size.unwrap_or(Size { capacity: 1, max_len: 0 });
        wanted.check()?;
        let params = [wanted.capacity as u64, wanted.max_len as u64, 0, 0];
        let plan = Plan { kind, params, len: wanted.len::<M>() };
        let record = directory::obtain(yard.held(), name, how, &plan, |found| {
            let is = Size::of::<M>(found)?;
            match size {
                Some(wanted) if wanted != is => {
                    Err(Error::with(ErrorKind::Mismatch, format!("{name:?} is of {is:?}, not {wanted:?}")))
                }
                _ => Ok(()),
            }
        })?;
        Queue::at(yard, &record)
    }

    fn at(yard: &Yard, record: &Record) -> Result<Queue<M>> {
        let size = Size::of::<M>(record)?;
        let region = yard.held().region();
        let words: &Words = region.at(record.offset)?;
        let cells: &[M::Cell] =
            region.table(record.offset + size_of::<Words>() as u64, size.capacity as u32)?;
        let bytes = region.bytes(record.offset + size.bytes_at::<M>(), size.bytes() as u64)?;
        Ok(Queue {
            words: NonNull::from(words),
            cells: NonNull::from(cells),
            // SAFETY: in bounds (checked), aligned to a line, at least 8 bytes (`stride`); mapped while the yard is
            // held, which the handle does. Nobody makes references to messages; a peer can spoil them, no more.
            bytes: unsafe { Bytes::new(bytes.as_ptr(), size.bytes()) },
            size,
            manner: yard.manner(),
            yard: yard.held().clone(),
        })
    }
}

impl<M: Moves> Queue<M> {
    #[inline]
    fn words(&self) -> &Words {
        // SAFETY: the words lie in the mapping that `self.yard` keeps; they are atomic.
        unsafe { self.words.as_ref() }
    }

    #[inline]
    fn shelf(&self) -> Shelf<'_, M::Cell> {
        // SAFETY: as for the words; the length was checked when the table was made.
        let cells = unsafe { self.cells.as_ref() };
        Shelf::new(self.words(), cells, &self.bytes, self.size.max_len)
    }

    /// What it was made as.
    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// Where it lies.
    pub(super) fn whereabouts(&self) -> (&Held, usize) {
        (&self.yard, self.words.addr().get())
    }

    /// How many messages there are now.
    pub(super) fn len(&self) -> usize {
        usize::try_from(self.words().len()).unwrap_or(usize::MAX).min(self.size.capacity)
    }

    pub(super) fn shutdown(&self, now: bool) {
        self.words().shut_down(if now { shelf::NOW } else { shelf::DRAIN }, &*self.yard);
    }

    pub(super) fn is_shutdown(&self) -> bool {
        self.words().shut() != shelf::OPEN
    }

    /// One move without waiting. Cannot panic, allocates nothing; `None` if it takes more than that.
    #[inline]
    fn fast<T>(
        &self,
        what: For,
        go: impl FnOnce(&Shelf<'_, M::Cell>) -> std::result::Result<T, No>,
    ) -> Option<T> {
        let (words, me) = (self.words(), thread::token(self.yard.number()));
        if me == 0 || !words.lock.try_fast(me) {
            return None;
        }
        let moved = go(&self.shelf());
        owners::give(&words.lock, me);
        if moved.is_ok() {
            words.moved(made(what), &*self.yard); // the release of the lock was a read-modify-write
        }
        moved.ok()
    }

    /// See `LifoQueue::put`. False if it takes [`Queue::put`].
    #[inline]
    pub(super) fn put_fast(&self, label: M::Label, message: &[u8]) -> bool {
        message.len() <= self.size.max_len
            && self.fast(For::Room, |shelf| M::put(shelf, label, message)).is_some()
    }

    /// See `LifoQueue::get`. `None` if it takes [`Queue::get`].
    #[inline]
    pub(super) fn get_fast(&self, buffer: &mut [u8]) -> Option<(usize, M::Label)> {
        self.fast(For::Data, |shelf| M::get(shelf, buffer))
    }

    #[cold]
    pub(super) fn put(&self, label: M::Label, message: &[u8], timeout: Timeout) -> Result<()> {
        let (len, max) = (message.len(), self.size.max_len);
        if len > max {
            return Err(Error::with(ErrorKind::TooLong, format!("{len} bytes, at most {max} fit")));
        }
        let put = self.attempts(For::Room, timeout, |shelf| M::put(shelf, label, message))?;
        put.map_err(|_| corrupt()) // putting knows no buffer
    }

    #[cold]
    pub(super) fn get(&self, buffer: &mut [u8], timeout: Timeout) -> Result<Taken<M::Label>> {
        Ok(match self.attempts(For::Data, timeout, |shelf| M::get(shelf, buffer))? {
            Ok((len, label)) => Taken::Message(len, label),
            Err(len) => Taken::TooLong(len),
        })
    }

    /// As `get`, into new memory of the right size.
    pub(super) fn get_vec(&self, timeout: Timeout) -> Result<(Vec<u8>, M::Label)> {
        let mut bytes = vec![0; USUAL.min(self.size.max_len)];
        let (len, label) = match self.get_fast(&mut bytes) {
            Some(got) => got,
            None => self.get_grown(&mut bytes, timeout)?,
        };
        bytes.truncate(len);
        Ok((bytes, label))
    }

    fn get_grown(&self, bytes: &mut Vec<u8>, timeout: Timeout) -> Result<(usize, M::Label)> {
        let timeout = until(timeout);
        loop {
            match self.get(bytes, timeout)? {
                Taken::Message(len, label) => return Ok((len, label)),
                Taken::TooLong(len) => bytes.resize(len, 0), // somebody else may take it meanwhile
            }
        }
    }

    /// Makes attempts under the lock, and waits in between without it. Err: of a message that is longer than the buffer.
    fn attempts<T>(
        &self,
        what: For,
        timeout: Timeout,
        mut go: impl FnMut(&Shelf<'_, M::Cell>) -> std::result::Result<T, No>,
    ) -> Result<std::result::Result<T, usize>> {
        let (words, timeout) = (self.words(), timeout.or_try());
        let wait = Wait::new(timeout, self.manner);
        let mut over = None;
        let mut spins = if self.yard.has_cpus() { SPINS } else { 0 };
        loop {
            let token = self.enter(what, timeout, &wait)?;
            let moved = go(&self.shelf());
            owners::give(&words.lock, token);
            match moved {
                Ok(done) => {
                    words.moved(made(what), &*self.yard); // the release of the lock was a read-modify-write
                    return Ok(Ok(done));
                }
                Err(No::Lack) => {}
                Err(No::TooLong(len)) => return Ok(Err(len)),
                Err(No::Over) => return Err(ErrorKind::End.into()),
                Err(No::Shut) => return Err(ErrorKind::Shutdown.into()),
                Err(No::Corrupt) => return Err(corrupt()),
            }
            match over {
                Some(kind) => return Err(kind),
                None if timeout == Timeout::Try => return Err(what.lack().into()),
                // Whatever ends a wait, the queue is looked at once more after it.
                None => over = self.pause(what, &wait, &mut spins).err().map(|kind| ended(kind, what)),
            }
        }
    }

    /// Repairs what needs no repair.
    #[cfg(test)]
    pub(super) fn rebuild(&self) {
        M::repair(&self.shelf());
    }

    /// Does something while the calling thread has the lock, as one who stands still in his move.
    #[cfg(test)]
    pub(super) fn in_a_move<T>(&self, meanwhile: impl FnOnce() -> T) -> T {
        let me = thread::register(&self.yard).unwrap().0;
        assert!(self.words().lock.try_fast(me));
        let done = meanwhile();
        owners::give(&self.words().lock, me);
        done
    }

    /// Takes the lock for one move. `Busy` and `Timeout`: somebody stands still in his move, and there is something to
    /// wait for.
    fn enter(&self, what: For, timeout: Timeout, wait: &Wait) -> Result<u32> {
        let (words, wait) = (self.words(), Some(wait).filter(|_| timeout != Timeout::Try));
        let repair = || M::repair(&self.shelf());
        let forever = timeout == Timeout::Forever;
        let taken = owners::take_repairing(&self.yard, &words.lock, wait, forever, repair);
        match taken {
            Err(e)
                if matches!(e.kind(), ErrorKind::Busy | ErrorKind::Timeout)
                    && words.lacks(what, self.size.capacity) =>
            {
                Err(what.lack().into()) // his move is not made yet
            }
            taken => taken,
        }
    }

    /// Waits until another attempt makes sense, at most a slice.
    #[cold]
    fn pause(&self, what: For, wait: &Wait, spins: &mut u32) -> std::result::Result<(), ErrorKind> {
        let words = self.words();
        while *spins > 0 {
            *spins -= 1;
            pause();
            if !words.lacks(what, self.size.capacity) {
                return Ok(());
            }
        }
        let _ = thread::register(&self.yard); // so that our death wakes those who wait with us
        words.sleep(what, self.size.capacity, &Threads(&self.yard), wait)
    }
}

/// Whether there is something to get, or it is shut down.
impl<M: Moves> Source for Queue<M> {
    fn is_ready(&self) -> bool {
        self.words().is_ready(For::Data, self.size.capacity, |holder| self.yard.thread_standing(holder))
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        let standing = |holder| self.yard.thread_standing(holder);
        self.words().arm(For::Data, self.size.capacity, standing, net)
    }
}

impl<M: Moves> Queue<M> {
    /// As a part of a wait for many.
    pub(super) fn part(&self) -> Part<'_> {
        Part {
            yard: Some(&self.yard),
            id: (self.words().id(For::Data), 0),
            manner: self.manner,
            source: self,
        }
    }
}

impl<M: Moves + 'static> Queue<M> {
    /// For whoever looks at it later.
    pub(super) fn keep(&self) -> Kept {
        Kept { yard: self.yard.clone(), manner: self.manner, source: Arc::new(self.clone()) }
    }
}

/// Room in a queue, to wait for.
struct Room<M: Moves>(Queue<M>);

impl<M: Moves> Source for Room<M> {
    fn is_ready(&self) -> bool {
        let yard = &self.0.yard;
        self.0.words().is_ready(For::Room, self.0.size.capacity, |holder| yard.thread_standing(holder))
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        let standing = |holder| self.0.yard.thread_standing(holder);
        self.0.words().arm(For::Room, self.0.size.capacity, standing, net)
    }
}

impl<M: Moves + 'static> Queue<M> {
    /// Room, as something to wait for.
    pub(super) fn writable(&self) -> Writable {
        Writable::new(self.keep_room(), self.words().id(For::Room))
    }

    /// For whoever waits for room later.
    pub(super) fn keep_room(&self) -> Kept {
        let source = Arc::new(Room(self.clone()));
        Kept { yard: self.yard.clone(), manner: self.manner, source }
    }
}

/// What a move makes of what it waits for.
#[inline]
fn made(what: For) -> For {
    match what {
        For::Data => For::Room,
        For::Room => For::Data,
    }
}

/// One deadline for several attempts.
fn until(timeout: Timeout) -> Timeout {
    match timeout.or_try() {
        Timeout::For(wait) => Timeout::Until(Deadline::after(wait)),
        timeout => timeout,
    }
}

fn ended(kind: ErrorKind, what: For) -> Error {
    if kind == ErrorKind::Timeout { what.lack().into() } else { kind.into() }
}

pub(crate) fn too_small(len: usize, room: usize) -> Error {
    Error::with(ErrorKind::TooLong, format!("a message of {len} bytes, a buffer of {room}"))
}

fn corrupt() -> Error {
    Error::with(ErrorKind::Corrupt, "the queue's words contradict themselves")
}

/// Frees the lock of a queue if a dead thread held it. It stays suspect: who takes it next repairs what it guards.
pub(super) fn recover(yard: &Attachment, record: &Record, who: Who) {
    if let (Who::Thread(dead), Ok(words)) = (who, yard.region().at::<Words>(record.offset))
        && words.lock.recover(dead)
    {
        faults::note(yard, who, &words.lock, 1);
    }
}
