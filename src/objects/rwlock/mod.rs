//! A lock of many readers or one writer that survives both.
#![allow(unsafe_code)] // pointers into the mapping are kept beside the share that keeps it mapped

pub(crate) mod layout;
#[cfg(test)]
mod tests;

use crate::error::{Error, ErrorKind, News, Result};
use crate::objects::directory::{How, Plan, obtain};
use crate::objects::faults;
use crate::objects::lock::{Holder, thread_holder};
use crate::objects::owners::{self, Threads};
use crate::objects::yard::Yard;
use crate::presence::attachment::{Attachment, Held, Who};
use crate::presence::thread;
use crate::segment::directory::{ObjectType, Record};
use crate::sync::lock::{Got, Taker};
use crate::sync::rwlock::{Cell, Head, RwWords};
use crate::sync::wait::{Manner, Timeout, Wait};
use layout::{Body, CELLS_AT};
use std::marker::PhantomData;
use std::ptr::NonNull;

/// The most threads that can have a cell.
const READERS_MAX: u32 = 4096;

/// A lock in a yard that many threads may hold to read, or one to write. Clones and handles in other processes mean
/// the same lock.
///
/// Uncontended, each taking and releasing is one compare-and-swap and no system call; a writer also looks at the cell of
/// every possible reader. A writer that waits keeps new readers out; among writers, and among readers that waited, it is
/// not fair.
///
/// A thread that reads may read again, at once, whoever waits; it has left when it has released as often. A thread that
/// reads cannot write before it has left, and one that writes cannot read or write again: that would wait for itself.
///
/// # Death
/// A reader's death is no news: its read is over. If a writer dies that may have written, the next one in, reader or
/// writer, is told ([`RwReadGuard::owner_died`], [`RwWriteGuard::owner_died`]); so is every later one, until a writer
/// declares the guarded data whole again ([`RwLock::repaired`]). One that died while it waited has written nothing, and
/// nobody is told.
///
/// # Processes, threads, fork
/// The owner is the thread; what a thread holds when it ends counts as a dead owner's. A fork child owns nothing of its
/// parent's; dropping an inherited guard there does nothing.
pub struct RwLock {
    head: NonNull<Head>,
    cells: NonNull<Cell>,
    count: u32,
    number: usize,
    manner: Manner,
    yard: Held,
}

// SAFETY: the words are atomics in a mapping that `yard` keeps.
unsafe impl Send for RwLock {}
// SAFETY: as above.
unsafe impl Sync for RwLock {}

/// How a lock of readers and writers is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RwLockOptions {
    /// How many threads can read at a time: 1 to 4096, by default as many as the yard has slots for threads. Fixed when
    /// the lock is made. Fewer than the yard's slots take less memory; threads may then share a cell, which costs time.
    pub readers: Option<u32>,
}

/// Who holds a lock of readers and writers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RwHolders {
    /// The thread that writes.
    pub writer: Option<Holder>,
    /// The threads that read, in no order.
    pub readers: Vec<Holder>,
}

/// What a call that may wait has to know: who calls, about whom, and for how long.
type Attempt<'a, R> = &'a dyn Fn(Taker, Option<&Wait>) -> std::result::Result<R, ErrorKind>;

impl RwLock {
    /// Makes a lock. Errors: `Range` (0 readers, or above 4096), `Exists`, `Name`, `NoSpace`, `NoSlots`, and `Timeout` if
    /// another object has been in the making for ten seconds.
    pub fn create(yard: &Yard, name: &str, options: RwLockOptions) -> Result<RwLock> {
        RwLock::obtain(yard, name, How::Create, options)
    }

    /// Opens a lock, however many may read. Errors: `NotFound`, `Type`.
    pub fn open(yard: &Yard, name: &str) -> Result<RwLock> {
        RwLock::obtain(yard, name, How::Open, RwLockOptions::default())
    }

    /// Opens a lock for so many readers, or makes it. Errors: as for both, and `Mismatch` if a number was asked for and it
    /// has another one.
    pub fn open_or_create(yard: &Yard, name: &str, options: RwLockOptions) -> Result<RwLock> {
        RwLock::obtain(yard, name, How::OpenOrCreate, options)
    }

    fn obtain(yard: &Yard, name: &str, how: How, options: RwLockOptions) -> Result<RwLock> {
        if let Some(n) = options.readers.filter(|n| !(1..=READERS_MAX).contains(n)) {
            return Err(Error::with(ErrorKind::Range, format!("{n} readers")));
        }
        let count = options.readers.unwrap_or(yard.held().slots().len() as u32);
        let params = [u64::from(count), 0, 0, 0];
        let plan = Plan { kind: ObjectType::RwLock, params, len: bytes(count) };
        let record =
            obtain(yard.held(), name, how, &plan, |found| match (options.readers, count_of(found)?) {
                (Some(wanted), is) if wanted != is => {
                    let detail = format!("{name:?} is for {is} readers, not {wanted}");
                    Err(Error::with(ErrorKind::Mismatch, detail))
                }
                _ => Ok(()),
            })?;
        let words = words(yard.held(), &record)?;
        Ok(RwLock {
            head: NonNull::from(words.head),
            cells: NonNull::from(words.cells).cast(),
            count: count_of(&record)?,
            number: yard.held().number(),
            manner: yard.manner(),
            yard: yard.held().clone(),
        })
    }

    #[inline]
    fn words(&self) -> RwWords<'_> {
        // SAFETY: all lie in the mapping that `self.yard` keeps (checked by `words`), and are atomics.
        unsafe {
            let cells = std::slice::from_raw_parts(self.cells.as_ptr(), self.count as usize);
            RwWords { head: self.head.as_ref(), cells }
        }
    }

    /// The calling thread's token, or 0: it holds nothing here.
    #[inline]
    fn me(&self) -> u32 {
        thread::token(self.number)
    }

    /// Takes the lock to read, waiting at most `timeout`; at once if the calling thread reads already. The guard
    /// releases it.
    ///
    /// Errors: `Busy` (a try found that somebody writes, wants to, or is on his way in), `Timeout`, `Deadlock` (this thread
    /// writes and would wait without limit), `Range` (read 2^32 times already), `Cancelled`, `Interrupted` (only if the yard was
    /// opened interruptible), `NoSlots` (so many threads read as may at a time, or the table of threads is full).
    #[inline]
    pub fn read(&self, timeout: impl Into<Timeout>) -> Result<RwReadGuard<'_>> {
        let (at, news) = match self.enter_fast() {
            Some(entered) => entered,
            None => self.read_slow(timeout.into())?,
        };
        Ok(RwReadGuard { lock: self, token: self.me(), at, news, not_send: PhantomData })
    }

    /// Takes the lock to write, waiting at most `timeout`; the guard releases it.
    ///
    /// Errors: `Busy` (a try found that somebody holds it or is on his way in), `Timeout`, `Deadlock` (this thread reads or
    /// writes already and would wait without limit), `Cancelled`, `Interrupted` (only if the yard was opened interruptible), `NoSlots`
    /// (the table of threads is full).
    #[inline]
    pub fn write(&self, timeout: impl Into<Timeout>) -> Result<RwWriteGuard<'_>> {
        let news = match self.write_fast() {
            Some(news) => news,
            None => self.write_slow(timeout.into())?,
        };
        Ok(RwWriteGuard { lock: self, token: self.me(), news, not_send: PhantomData })
    }

    /// Takes the lock to read if that needs no wait: `Busy` otherwise.
    #[inline]
    pub fn try_read(&self) -> Result<RwReadGuard<'_>> {
        self.read(Timeout::Try)
    }

    /// Takes the lock to write if nobody holds it: `Busy` otherwise.
    #[inline]
    pub fn try_write(&self) -> Result<RwWriteGuard<'_>> {
        self.write(Timeout::Try)
    }

    /// As [`RwLock::read`], without a guard: [`RwLock::release`] gives it back. `Some(News::OwnerDied)`: see
    /// [`RwReadGuard::owner_died`].
    #[inline]
    pub fn read_unguarded(&self, timeout: impl Into<Timeout>) -> Result<Option<News>> {
        match self.read_fast() {
            Some(news) => Ok(news),
            None => self.read_slow(timeout.into()).map(|(_, news)| news),
        }
    }

    /// As [`RwLock::write`], without a guard: [`RwLock::release`] gives it back. `Some(News::OwnerDied)`: see
    /// [`RwWriteGuard::owner_died`].
    #[inline]
    pub fn write_unguarded(&self, timeout: impl Into<Timeout>) -> Result<Option<News>> {
        match self.write_fast() {
            Some(news) => Ok(news),
            None => self.write_slow(timeout.into()),
        }
    }

    #[inline]
    fn enter_fast(&self) -> Option<(usize, Option<News>)> {
        let me = self.me();
        let (at, got) = if me == 0 { None } else { self.words().read_fast(me) }?;
        Some((at, told(got)))
    }

    /// The uncontended step of reading. Cannot panic, allocates nothing, calls nobody.
    #[inline]
    pub(crate) fn read_fast(&self) -> Option<Option<News>> {
        self.enter_fast().map(|(_, news)| news)
    }

    /// The uncontended step of writing, as [`RwLock::read_fast`].
    #[inline]
    pub(crate) fn write_fast(&self) -> Option<Option<News>> {
        let me = self.me();
        let got = if me == 0 { None } else { self.words().write_fast(me) }?;
        Some(told(got))
    }

    #[cold]
    fn read_slow(&self, timeout: Timeout) -> Result<(usize, Option<News>)> {
        let threads = Threads(&self.yard);
        let (at, got) = self.attempt(timeout, &|taker, wait| self.words().read(taker, &threads, wait))?;
        Ok((at, told(got)))
    }

    #[cold]
    fn write_slow(&self, timeout: Timeout) -> Result<Option<News>> {
        let threads = Threads(&self.yard);
        self.attempt(timeout, &|taker, wait| self.words().write(taker, &threads, wait)).map(told)
    }

    /// Makes a call that may wait. A sleeper needs a registered thread too: its death must wake the others.
    fn attempt<R>(&self, timeout: Timeout, attempt: Attempt<'_, R>) -> Result<R> {
        let token = thread::register(&self.yard)?;
        let timeout = timeout.or_try();
        let taker = Taker { token, is_me: true, forever: timeout == Timeout::Forever };
        if timeout == Timeout::Try {
            return Ok(owners::try_now(&self.yard, || attempt(taker, None))?);
        }
        match attempt(taker, Some(&Wait::new(timeout, self.manner))) {
            // Short waits never see a slice end; a death that the kernel did not tell is asked for here.
            Err(ErrorKind::Timeout) if self.is_somebody_gone() => {
                self.yard.sweep();
                let late = |kind| if kind == ErrorKind::Busy { ErrorKind::Timeout } else { kind };
                Ok(attempt(taker, None).map_err(late)?)
            }
            done => Ok(done?),
        }
    }

    /// Whether the whole process of somebody who holds the lock, or is on his way in, is gone. Asks the kernel.
    fn is_somebody_gone(&self) -> bool {
        let words = self.words();
        let mut processes: Vec<_> = words
            .readers()
            .chain(words.lock_word().holder())
            .filter_map(|t| self.yard.process_of(t))
            .collect();
        processes.sort_unstable_by_key(|process| process.0);
        processes.dedup();
        processes.into_iter().any(|process| !self.yard.is_here(process))
    }

    /// Gives back what the calling thread has: writing, or one of its reads. Errors: `NotOwner` if it has nothing.
    #[inline]
    pub fn release(&self) -> Result<()> {
        Ok(self.leave()?)
    }

    /// As [`RwLock::release`]. Cannot panic, allocates nothing; a system call only if somebody sleeps.
    #[inline]
    pub(crate) fn leave(&self) -> std::result::Result<(), ErrorKind> {
        match self.me() {
            0 => Err(ErrorKind::NotOwner),
            me if self.words().release_fast(me) => Ok(()),
            me => self.leave_elsewhere(me),
        }
    }

    /// On its own, so that the fast path needs no stack.
    #[cold]
    #[inline(never)]
    fn leave_elsewhere(&self, me: u32) -> std::result::Result<(), ErrorKind> {
        self.words().release(me)
    }

    /// Declares the guarded data whole again after a writer died; later readers and writers are no longer warned.
    /// Errors: `NotOwner` unless the calling thread holds the lock to write.
    pub fn repaired(&self) -> Result<()> {
        match self.me() {
            0 => Err(ErrorKind::NotOwner.into()),
            me => Ok(self.words().repaired(me)?),
        }
    }

    /// Who holds the lock; the dead do not count. Facts about each at some instant: they change meanwhile.
    pub fn holders(&self) -> RwHolders {
        let mut readers: Vec<_> = self.words().readers().collect();
        readers.sort_unstable_by_key(|reader| reader.0);
        readers.dedup();
        let holder = |token| thread_holder(&self.yard, token);
        RwHolders {
            writer: self.words().writer().and_then(holder),
            readers: readers.into_iter().filter_map(holder).collect(),
        }
    }

    /// How many threads can read at a time.
    pub fn readers_max(&self) -> u32 {
        self.count
    }

    /// Whether a writer has died that may have written, and nobody has declared the data whole. A fact at some instant.
    pub fn is_suspect(&self) -> bool {
        self.words().is_suspect()
    }
}

impl Clone for RwLock {
    fn clone(&self) -> RwLock {
        RwLock {
            head: self.head,
            cells: self.cells,
            count: self.count,
            number: self.number,
            manner: self.manner,
            yard: self.yard.clone(),
        }
    }
}

impl std::fmt::Debug for RwLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RwLock").field("readers_max", &self.count).field("holders", &self.holders()).finish()
    }
}

#[inline]
fn told(got: Got) -> Option<News> {
    (got == Got::Suspect).then_some(News::OwnerDied)
}

/// Bytes of a lock for so many readers.
pub(in crate::objects) fn bytes(count: u32) -> u64 {
    CELLS_AT + u64::from(count) * size_of::<Cell>() as u64
}

fn count_of(record: &Record) -> Result<u32> {
    let n = u32::try_from(record.params[0]).ok().filter(|n| (1..=READERS_MAX).contains(n));
    n.filter(|n| record.len >= bytes(*n))
        .ok_or_else(|| Error::with(ErrorKind::Corrupt, format!("{} readers", record.params[0])))
}

/// The words of an object in the directory, all of them inside the yard.
fn words<'a>(yard: &'a Attachment, record: &Record) -> Result<RwWords<'a>> {
    let body: &Body = yard.region().at(record.offset)?;
    let cells = yard.region().table(record.offset + CELLS_AT, count_of(record)?)?;
    Ok(RwWords { head: &body.head, cells })
}

/// Frees what a dead thread had.
pub(crate) fn recover(yard: &Attachment, record: &Record, who: Who) {
    if let (Who::Thread(dead), Ok(words)) = (who, words(yard, record))
        && words.recover(dead)
    {
        faults::note(yard, who, words.lock_word(), 1);
    }
}

/// The lock, taken to read. Dropping it releases it; in a fork child that inherited it, dropping does nothing.
#[must_use = "dropping the guard releases the lock"]
#[derive(Debug)]
pub struct RwReadGuard<'a> {
    lock: &'a RwLock,
    /// Under which the lock was taken. Who finds another one is a fork child, or has left the yard since.
    token: u32,
    at: usize,
    news: Option<News>,
    not_send: PhantomData<*const ()>,
}

impl RwReadGuard<'_> {
    /// Whether a writer died and the guarded data may be half changed. A writer can make it whole.
    pub fn owner_died(&self) -> bool {
        self.news == Some(News::OwnerDied)
    }
}

impl Drop for RwReadGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.lock.me() == self.token {
            self.lock.words().release_read(self.at, self.token); // false: it was released without the guard
        }
    }
}

/// The lock, taken to write. Dropping it releases it; in a fork child that inherited it, dropping does nothing.
#[must_use = "dropping the guard releases the lock"]
#[derive(Debug)]
pub struct RwWriteGuard<'a> {
    lock: &'a RwLock,
    /// As in [`RwReadGuard`].
    token: u32,
    news: Option<News>,
    not_send: PhantomData<*const ()>,
}

impl RwWriteGuard<'_> {
    /// Whether a writer died and the guarded data may be half changed. Make it whole, then [`RwWriteGuard::repaired`].
    pub fn owner_died(&self) -> bool {
        self.news == Some(News::OwnerDied)
    }

    /// Declares the guarded data whole again.
    pub fn repaired(&mut self) -> Result<()> {
        self.lock.repaired()?;
        self.news = None;
        Ok(())
    }
}

impl Drop for RwWriteGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.lock.me() == self.token {
            self.lock.words().release_write(self.token); // false: it was released without the guard
        }
    }
}

crate::objects::refer::referable!(RwLock, RwLock, |it| (&it.yard, it.head.addr().get()));
