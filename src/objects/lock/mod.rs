//! A lock between processes that survives its owners.
#![allow(unsafe_code)] // a pointer into the mapping is kept beside the share that keeps it mapped

pub(crate) mod layout;
#[cfg(test)]
mod tests;

pub use layout::Scope;

use crate::error::{Error, ErrorKind, News, Result};
use crate::objects::directory::{How, Plan, obtain};
use crate::objects::faults;
use crate::objects::owners::{self, Processes};
use crate::objects::yard::Yard;
use crate::presence::attachment::{Attachment, Gone, Held, Who};
use crate::presence::thread;
use crate::segment::bits::Token;
use crate::segment::directory::{ObjectType, Record};
use crate::sync::lock::{Got, LockWord, Taker};
use crate::sync::wait::{Manner, Timeout};
pub(crate) use layout::BODY_BYTES;
use layout::Body;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;

/// A lock in a yard. Clones and handles in other processes mean the same lock.
///
/// Uncontended, taking and releasing it are one compare-and-swap each and no system call. If an owner dies, the next
/// taker gets the lock and is told ([`Guard::owner_died`]); so is every later one, until somebody who holds it
/// declares the guarded data whole again ([`Lock::repaired`]).
///
/// Not fair: a running taker may overtake a sleeping one.
///
/// # Processes, threads, fork
/// What "owner" means is fixed when the lock is made: see [`Scope`]. A fork child owns nothing of its parent's;
/// dropping an inherited guard there does nothing.
pub struct Lock {
    word: NonNull<LockWord>,
    number: usize,
    scope: Scope,
    manner: Manner,
    yard: Held,
}

// SAFETY: the word is an atomic in a mapping that `yard` keeps.
unsafe impl Send for Lock {}
// SAFETY: as above.
unsafe impl Sync for Lock {}

/// Who holds a lock, as far as the lock knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process, numbered in its own PID namespace.
    pub pid: u32,
    /// The thread, numbered likewise; 0 if a whole process holds it.
    pub tid: u32,
}

impl Lock {
    /// Makes a lock. Errors: `Exists`, `Name`, `NoSpace`, `NoSlots`, and `Timeout` if another object has been in the
    /// making for ten seconds.
    pub fn create(yard: &Yard, name: &str, scope: Scope) -> Result<Lock> {
        Lock::obtain(yard, name, How::Create, Some(scope))
    }

    /// Opens a lock, whatever its scope. Errors: `NotFound`, `Type`.
    pub fn open(yard: &Yard, name: &str) -> Result<Lock> {
        Lock::obtain(yard, name, How::Open, None)
    }

    /// Opens a lock of this scope, or makes it. Errors: as for both, and `Mismatch` if its scope is another.
    pub fn open_or_create(yard: &Yard, name: &str, scope: Scope) -> Result<Lock> {
        Lock::obtain(yard, name, How::OpenOrCreate, Some(scope))
    }

    fn obtain(yard: &Yard, name: &str, how: How, scope: Option<Scope>) -> Result<Lock> {
        let params = [scope.unwrap_or_default() as u64, 0, 0, 0];
        let plan = Plan { kind: ObjectType::Lock, params, len: BODY_BYTES };
        let record = obtain(yard.held(), name, how, &plan, |found| match (scope, scope_of(found)?) {
            (Some(wanted), is) if wanted != is => {
                Err(Error::with(ErrorKind::Mismatch, format!("{name:?} has scope {is:?}, not {wanted:?}")))
            }
            _ => Ok(()),
        })?;
        let body: &Body = yard.held().region().at(record.offset)?;
        Ok(Lock {
            word: NonNull::from(&body.word),
            number: yard.held().number(),
            scope: scope_of(&record)?,
            manner: yard.manner(),
            yard: yard.held().clone(),
        })
    }

    #[inline]
    fn word(&self) -> &LockWord {
        // SAFETY: the word lies in the mapping that `self.yard` keeps; it is atomic.
        unsafe { self.word.as_ref() }
    }

    /// The token to stamp, or 0 if the slow path must get one first.
    #[inline]
    fn me(&self) -> u32 {
        match self.scope {
            Scope::Thread => thread::token(self.number),
            Scope::Process | Scope::Anyone => self.yard.token_if_joined(),
        }
    }

    /// Takes the lock, waiting at most `timeout`; the guard releases it.
    ///
    /// Errors: `Busy` (a try found it taken), `Timeout`, `Deadlock` (this thread holds it already and would wait
    /// without limit), `Cancelled`, `Interrupted` (only if the yard was opened interruptible), `NoSlots` (the table of threads is
    /// full).
    #[inline]
    pub fn acquire(&self, timeout: impl Into<Timeout>) -> Result<Guard<'_>> {
        let me = self.me();
        if me != 0 && self.word().try_fast(me) {
            return Ok(Guard { lock: self, token: me, news: Cell::new(None), not_send: PhantomData });
        }
        let news = self.acquire_slow(timeout.into())?;
        Ok(Guard { lock: self, token: self.me(), news: Cell::new(news), not_send: PhantomData })
    }

    /// Takes the lock if it is free: `Busy` otherwise.
    #[inline]
    pub fn try_acquire(&self) -> Result<Guard<'_>> {
        self.acquire(Timeout::Try)
    }

    /// Takes the lock without a guard: [`Lock::release`] gives it back, for scopes [`Scope::Process`] and
    /// [`Scope::Anyone`] from any thread that may. `Some(News::OwnerDied)`: see [`Guard::owner_died`].
    #[inline]
    pub fn acquire_unguarded(&self, timeout: impl Into<Timeout>) -> Result<Option<News>> {
        if self.acquire_fast() {
            return Ok(None);
        }
        self.acquire_slow(timeout.into())
    }

    /// The uncontended step of acquiring: takes the lock if it is free, clean, and the caller is known here. Cannot
    /// panic, allocates nothing, calls nobody.
    #[inline]
    pub(crate) fn acquire_fast(&self) -> bool {
        let me = self.me();
        me != 0 && self.word().try_fast(me)
    }

    #[cold]
    fn acquire_slow(&self, timeout: Timeout) -> Result<Option<News>> {
        self.acquire_in(timeout, self.manner)
    }

    fn acquire_in(&self, timeout: Timeout, manner: Manner) -> Result<Option<News>> {
        // A sleeper needs a registered thread too: its death must wake the others.
        let thread = thread::register(&self.yard)?;
        let got = if self.scope == Scope::Thread {
            owners::acquire_by_thread(self.word(), thread, &self.yard, timeout, manner)?
        } else {
            let taker = Taker { token: self.yard.process_token()?, is_me: false, forever: false };
            owners::acquire(self.word(), taker, (&self.yard, &Processes(&self.yard)), timeout, manner)?
        };
        Ok((got == Got::Suspect).then_some(News::OwnerDied))
    }

    /// Releases the lock. Errors: `NotOwner` if nobody holds it, or somebody else does (with [`Scope::Anyone`]
    /// nobody is a stranger).
    #[inline]
    pub fn release(&self) -> Result<()> {
        if self.release_fast() {
            return Ok(());
        }
        self.release_slow()
    }

    /// The uncontended step of releasing, as [`Lock::acquire_fast`].
    #[inline]
    pub(crate) fn release_fast(&self) -> bool {
        let me = self.me();
        me != 0 && self.word().release_fast(me)
    }

    #[cold]
    fn release_slow(&self) -> Result<()> {
        match (self.scope, self.me()) {
            (Scope::Anyone, _) => self.word().release_any(&Processes(&self.yard))?,
            (_, 0) => return Err(ErrorKind::NotOwner.into()),
            (_, me) => self.word().release(me)?,
        }
        Ok(())
    }

    /// Whether the caller himself holds the lock: his thread or his process, as its scope says.
    pub(crate) fn is_mine(&self) -> bool {
        let me = self.me();
        me != 0 && self.word().held_by(me).is_some()
    }

    /// As [`Lock::release`], but a stranger is one in every scope.
    pub(crate) fn let_go(&self) -> std::result::Result<(), ErrorKind> {
        match self.me() {
            0 => Err(ErrorKind::NotOwner),
            me if self.word().release_fast(me) => Ok(()),
            me => self.word().release(me),
        }
    }

    /// Takes the lock, however long it takes.
    pub(crate) fn retake(&self) -> Result<Option<News>> {
        if self.acquire_fast() {
            return Ok(None);
        }
        self.acquire_in(Timeout::Forever, self.manner.to_the_end())
    }

    /// The yard it lies in.
    pub(crate) fn yard(&self) -> &Attachment {
        &self.yard
    }

    /// Declares the guarded data whole again after an owner died; later takers are no longer warned.
    /// Errors: `NotOwner` unless the caller holds the lock.
    pub fn repaired(&self) -> Result<()> {
        match (self.scope, self.word().holder()) {
            (Scope::Anyone, Some(owner)) => Ok(self.word().repaired(owner.0)?),
            (Scope::Anyone, None) => Err(ErrorKind::NotOwner.into()),
            _ => match self.me() {
                0 => Err(ErrorKind::NotOwner.into()),
                me => Ok(self.word().repaired(me)?),
            },
        }
    }

    /// Who holds the lock at this instant; `None` if nobody does or the holder is dead.
    pub fn holder(&self) -> Option<Holder> {
        let token = self.word().holder()?;
        if self.scope != Scope::Thread {
            return self.yard.is_here(token).then(|| Holder { pid: pid_of(&self.yard, token), tid: 0 });
        }
        thread_holder(&self.yard, token)
    }

    /// Whether an owner has died and nobody has declared the data repaired. A fact at some instant.
    pub fn is_suspect(&self) -> bool {
        self.word().is_suspect()
    }

    /// What "owner" means for this lock.
    pub fn scope(&self) -> Scope {
        self.scope
    }
}

impl Clone for Lock {
    fn clone(&self) -> Lock {
        Lock {
            word: self.word,
            number: self.number,
            scope: self.scope,
            manner: self.manner,
            yard: self.yard.clone(),
        }
    }
}

impl std::fmt::Debug for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lock").field("scope", &self.scope).field("holder", &self.holder()).finish()
    }
}

/// The thread behind a thread token, if it lives.
pub(crate) fn thread_holder(yard: &Attachment, token: Token) -> Option<Holder> {
    let tid = yard.tid_of(token)?;
    let process = yard.process_of(token)?;
    Some(Holder { pid: pid_of(yard, process), tid })
}

fn pid_of(yard: &Attachment, process: Token) -> u32 {
    yard.entries().get(process.index() as usize).map_or(0, |e| e.pid())
}

fn scope_of(record: &Record) -> Result<Scope> {
    Scope::from_code(record.params[0])
        .ok_or_else(|| Error::with(ErrorKind::Corrupt, format!("lock scope {}", record.params[0])))
}

/// Frees the lock, suspect, if the one who is gone held it. Who has left the yard with it has not died.
pub(crate) fn recover(yard: &Attachment, record: &Record, who: Who, gone: Gone) {
    let (Ok(scope), Ok(body)) = (scope_of(record), yard.region().at::<Body>(record.offset)) else { return };
    let freed = match (scope, who) {
        (Scope::Thread, Who::Thread(dead)) => body.word.recover(dead),
        (Scope::Process | Scope::Anyone, Who::Process(dead)) => body.word.recover(dead),
        _ => false,
    };
    if freed && gone == Gone::Died {
        faults::note(yard, who, &body.word, 1);
    }
}

/// The lock, taken. Dropping it releases the lock; in a fork child that inherited it, dropping does nothing.
#[must_use = "dropping the guard releases the lock"]
#[derive(Debug)]
pub struct Guard<'a> {
    lock: &'a Lock,
    /// Under which the lock was taken. Who finds another one is a fork child, or has left the yard since.
    token: u32,
    news: Cell<Option<News>>,
    not_send: PhantomData<*const ()>,
}

impl<'a> Guard<'a> {
    /// What it guards the taking of.
    pub(crate) fn lock(&self) -> &'a Lock {
        self.lock
    }

    /// The lock was taken anew meanwhile.
    pub(crate) fn tell(&self, news: Option<News>) {
        self.news.set(news);
    }

    /// Whether an owner died and the guarded data may be half changed. Make it whole, then [`Guard::repaired`].
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

impl Drop for Guard<'_> {
    #[inline]
    fn drop(&mut self) {
        // Also with scope Anyone, where a release would free the lock whoever holds it.
        if self.lock.me() == self.token && !self.lock.word().release_fast(self.token) {
            let _ = self.lock.word().release(self.token); // NotOwner: somebody else has released it
        }
    }
}

crate::objects::refer::referable!(Lock, Lock, |it| (&it.yard, it.word.addr().get()));
