//! A lock between processes that its owner may take again, and that survives its owners.
#![allow(unsafe_code)] // a pointer into the mapping is kept beside the share that keeps it mapped

pub(crate) mod layout;
#[cfg(test)]
mod tests;

use crate::error::{ErrorKind, News, Result};
use crate::objects::directory::{How, Plan, obtain};
use crate::objects::faults;
use crate::objects::lock::{Holder, thread_holder};
use crate::objects::owners::acquire_by_thread;
use crate::objects::yard::Yard;
use crate::presence::attachment::{Attachment, Held, Who};
use crate::presence::thread;
use crate::segment::bits::Token;
use crate::segment::directory::ObjectType;
use crate::sync::lock::{Got, LockWord};
use crate::sync::rlock::RLockWord;
use crate::sync::wait::{Manner, Timeout};
pub(crate) use layout::BODY_BYTES;
use layout::Body;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;

/// A lock in a yard that its owner, a thread, may take again: it is free when it has been released as often as taken.
/// Clones and handles in other processes mean the same lock.
///
/// Uncontended, the first taking and the last releasing are one compare-and-swap each, those between a load and a
/// store; no system call. If an owner dies, the next taker gets the lock, taken once, and is told
/// ([`RGuard::owner_died`]); so is every later one, until somebody who holds it declares the guarded data whole again
/// ([`RLock::repaired`]).
///
/// Not fair: a running taker may overtake a sleeping one.
///
/// # Processes, threads, fork
/// The owner is the thread that took it; what a thread holds when it ends counts as a dead owner's, however often it
/// was taken. A fork child owns nothing of its parent's; dropping an inherited guard there does nothing.
pub struct RLock {
    lock: NonNull<RLockWord>,
    number: usize,
    manner: Manner,
    yard: Held,
}

// SAFETY: the words are atomics in a mapping that `yard` keeps.
unsafe impl Send for RLock {}
// SAFETY: as above.
unsafe impl Sync for RLock {}

impl RLock {
    /// Makes a lock. Errors: `Exists`, `Name`, `NoSpace`, `NoSlots`, and `Timeout` if another object has been in the
    /// making for ten seconds.
    pub fn create(yard: &Yard, name: &str) -> Result<RLock> {
        RLock::obtain(yard, name, How::Create)
    }

    /// Opens a lock. Errors: `NotFound`, `Type`.
    pub fn open(yard: &Yard, name: &str) -> Result<RLock> {
        RLock::obtain(yard, name, How::Open)
    }

    /// Opens a lock or makes it. Errors: as for both.
    pub fn open_or_create(yard: &Yard, name: &str) -> Result<RLock> {
        RLock::obtain(yard, name, How::OpenOrCreate)
    }

    fn obtain(yard: &Yard, name: &str, how: How) -> Result<RLock> {
        let plan = Plan { kind: ObjectType::RLock, params: [0; 4], len: BODY_BYTES };
        let record = obtain(yard.held(), name, how, &plan, |_| Ok(()))?;
        RLock::over(yard, record.offset)
    }

    /// The lock whose [`BODY_BYTES`] bytes, zeros at first, begin at this offset of the yard. Whoever owns those bytes
    /// calls [`recover`] for it.
    pub(crate) fn over(yard: &Yard, offset: u64) -> Result<RLock> {
        let body: &Body = yard.held().region().at(offset)?;
        Ok(RLock {
            lock: NonNull::from(&body.lock),
            number: yard.held().number(),
            manner: yard.manner(),
            yard: yard.held().clone(),
        })
    }

    #[inline]
    fn lock(&self) -> &RLockWord {
        // SAFETY: the words lie in the mapping that `self.yard` keeps; they are atomics.
        unsafe { self.lock.as_ref() }
    }

    /// The calling thread's token, or 0: it holds nothing here.
    #[inline]
    fn me(&self) -> u32 {
        thread::token(self.number)
    }

    /// Takes the lock, at once if the calling thread holds it already, else waiting at most `timeout`; the guard
    /// releases it once.
    ///
    /// Errors: `Busy` (a try found it taken), `Timeout`, `Range` (taken 2^32 - 1 times already), `Cancelled`, `Interrupted` (only if
    /// the yard was opened interruptible), `NoSlots` (the table of threads is full).
    #[inline]
    pub fn acquire(&self, timeout: impl Into<Timeout>) -> Result<RGuard<'_>> {
        let me = self.me();
        if me != 0 && self.lock().enter_fast(me) {
            return Ok(RGuard { lock: self, token: me, news: Cell::new(None), not_send: PhantomData });
        }
        let news = self.acquire_slow(timeout.into())?;
        Ok(RGuard { lock: self, token: self.me(), news: Cell::new(news), not_send: PhantomData })
    }

    /// Takes the lock if it is free or the calling thread's: `Busy` otherwise.
    #[inline]
    pub fn try_acquire(&self) -> Result<RGuard<'_>> {
        self.acquire(Timeout::Try)
    }

    /// Takes the lock without a guard: [`RLock::release`] gives it back. `Some(News::OwnerDied)`: see
    /// [`RGuard::owner_died`].
    #[inline]
    pub fn acquire_unguarded(&self, timeout: impl Into<Timeout>) -> Result<Option<News>> {
        if self.acquire_fast() {
            return Ok(None);
        }
        self.acquire_slow(timeout.into())
    }

    /// The uncontended step of acquiring: goes in if the lock is free or the caller's, clean, and the caller is known
    /// here. Cannot panic, allocates nothing, calls nobody.
    #[inline]
    pub(crate) fn acquire_fast(&self) -> bool {
        let me = self.me();
        me != 0 && self.lock().enter_fast(me)
    }

    #[cold]
    fn acquire_slow(&self, timeout: Timeout) -> Result<Option<News>> {
        let token = thread::register(&self.yard)?;
        let got = self
            .lock()
            .enter(token.0, |word| acquire_by_thread(word, token, &self.yard, timeout, self.manner))?;
        Ok((got == Got::Suspect).then_some(News::OwnerDied))
    }

    /// Releases the lock once; it is free when it has been released as often as taken. Errors: `NotOwner` unless the
    /// calling thread holds it.
    #[inline]
    pub fn release(&self) -> Result<()> {
        Ok(self.leave()?)
    }

    /// As [`RLock::release`]. Cannot panic, allocates nothing; a system call only if somebody sleeps.
    #[inline]
    pub(crate) fn leave(&self) -> std::result::Result<(), ErrorKind> {
        match self.me() {
            0 => Err(ErrorKind::NotOwner),
            me => self.lock().leave(me),
        }
    }

    /// Releases the lock as often as the caller has taken it; tells how often that was.
    pub(crate) fn leave_all(&self) -> std::result::Result<u32, ErrorKind> {
        match self.me() {
            0 => Err(ErrorKind::NotOwner),
            me => self.lock().leave_all(me),
        }
    }

    /// Takes the lock as often as that, however long it takes.
    pub(crate) fn return_to(&self, token: Token, depth: u32) -> Result<Option<News>> {
        let manner = self.manner.to_the_end();
        let take = |word: &LockWord| match word.try_fast(token.0) {
            true => Ok(Got::Clean),
            false => acquire_by_thread(word, token, &self.yard, Timeout::Forever, manner),
        };
        let got = self.lock().return_to(depth, take)?;
        Ok((got == Got::Suspect).then_some(News::OwnerDied))
    }

    /// The yard it lies in.
    pub(crate) fn yard(&self) -> &Attachment {
        &self.yard
    }

    /// Declares the guarded data whole again after an owner died; later takers are no longer warned.
    /// Errors: `NotOwner` unless the calling thread holds the lock.
    pub fn repaired(&self) -> Result<()> {
        match self.me() {
            0 => Err(ErrorKind::NotOwner.into()),
            me => Ok(self.lock().word().repaired(me)?),
        }
    }

    /// How many releases the calling thread owes; 0 if it does not hold the lock.
    #[inline]
    pub fn count(&self) -> u32 {
        match self.me() {
            0 => 0,
            me => self.lock().count(me),
        }
    }

    /// Who holds the lock at this instant; `None` if nobody does or the holder is dead.
    pub fn holder(&self) -> Option<Holder> {
        thread_holder(&self.yard, self.lock().word().holder()?)
    }

    /// Whether an owner has died and nobody has declared the data repaired. A fact at some instant.
    pub fn is_suspect(&self) -> bool {
        self.lock().word().is_suspect()
    }
}

impl Clone for RLock {
    fn clone(&self) -> RLock {
        RLock { lock: self.lock, number: self.number, manner: self.manner, yard: self.yard.clone() }
    }
}

impl std::fmt::Debug for RLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RLock").field("count", &self.count()).field("holder", &self.holder()).finish()
    }
}

/// Frees the lock at this offset, suspect, if the one who is gone held it.
pub(crate) fn recover(yard: &Attachment, offset: u64, who: Who) {
    if let (Who::Thread(dead), Ok(body)) = (who, yard.region().at::<Body>(offset))
        && body.lock.word().recover(dead)
    {
        faults::note(yard, who, body.lock.word(), 1);
    }
}

/// The lock, taken once. A thread may have several; each releases it once when it is dropped, in any order. In a fork
/// child that inherited it, dropping does nothing.
#[must_use = "dropping the guard releases the lock"]
#[derive(Debug)]
pub struct RGuard<'a> {
    lock: &'a RLock,
    /// Under which the lock was taken. Who finds another one is a fork child, or has left the yard since.
    token: u32,
    news: Cell<Option<News>>,
    not_send: PhantomData<*const ()>,
}

impl<'a> RGuard<'a> {
    /// What it guards the taking of.
    pub(crate) fn rlock(&self) -> &'a RLock {
        self.lock
    }

    /// The lock was taken anew meanwhile.
    pub(crate) fn tell(&self, news: Option<News>) {
        self.news.set(news);
    }

    /// Whether an owner died and the guarded data may be half changed. Make it whole, then [`RGuard::repaired`].
    pub fn owner_died(&self) -> bool {
        self.news.get() == Some(News::OwnerDied)
    }

    /// Declares the guarded data whole again.
    pub fn repaired(&mut self) -> Result<()> {
        self.lock.repaired()?;
        self.news.set(None);
        Ok(())
    }
}

impl Drop for RGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.lock.me() == self.token {
            let _ = self.lock.lock().leave(self.token); // NotOwner: it was released without the guard
        }
    }
}

crate::objects::refer::referable!(RLock, RLock, |it| (&it.yard, it.lock.addr().get()));
