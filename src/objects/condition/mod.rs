//! A condition: where holders of a lock wait until somebody notifies them.
#![allow(unsafe_code)] // pointers into the mapping are kept beside the share that keeps it mapped

pub(crate) mod layout;
mod relock;
#[cfg(test)]
mod tests;

pub use relock::Relock;

use crate::error::{Error, ErrorKind, News, Result};
use crate::objects::directory::{How, Plan, obtain};
use crate::objects::owners::Threads;
use crate::objects::yard::Yard;
use crate::presence::attachment::{Attachment, Held, Who};
use crate::presence::thread;
use crate::segment::directory::{ObjectType, Record};
use crate::shim::AtomicU32;
use crate::sync::condition::{Cell, Waiters};
use crate::sync::wait::{Manner, Timeout, Wait};
use layout::{Body, CELLS_AT};
use relock::Which;
use std::ptr::NonNull;

/// A condition variable in a yard: who holds a lock waits here, without the lock, until somebody notifies him. Clones and
/// handles in other processes mean the same condition. It goes with any [`Lock`](crate::Lock) or
/// [`RLock`](crate::RLock) of the same yard; all who wait at a time should use the same one.
///
/// [`Condition::notify`] wakes so many living waiters, those who have waited longest first. A waiter that is killed when
/// it was notified, before it has the lock again, passes the notification on to the next.
///
/// # The lock
/// After [`Condition::wait`] the caller holds the lock again, however the wait ended: notified, timed out, interrupted,
/// cancelled.
/// Only after an error he holds what he held before. Taking it again may take longer than the timeout: a timeout limits
/// the wait for a notification. If an owner died meanwhile, the caller is told, also when the wait has timed out.
///
/// # What a waiter may count on
/// A notification that was made after he began to wait, by somebody who held the lock, is not missed. He may be woken
/// without a reason of his own: what was to be done may have been done by somebody else before he has the lock, and who
/// dies while he passes on what a dead one was notified of leaves a notification more. So look at what is waited for
/// again, or use [`Condition::wait_for`].
///
/// # Processes, threads, fork
/// A thread waits at one place at a time. A fork child waits for nothing of its parent's, and holds none of its locks.
pub struct Condition {
    tickets: NonNull<AtomicU32>,
    cells: NonNull<Cell>,
    slots: u32,
    manner: Manner,
    yard: Held,
}

// SAFETY: the words are atomics in a mapping that `yard` keeps.
unsafe impl Send for Condition {}
// SAFETY: as above.
unsafe impl Sync for Condition {}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// Somebody notified the caller.
    Notified,
    /// Nobody did in time.
    TimedOut,
    /// A signal handler ran (only if the yard was opened interruptible).
    Interrupted,
    /// A cancel token ended the wait.
    Cancelled,
    /// In C only: the handle of the condition, or of the lock, was closed meanwhile.
    Closed,
}

/// What comes of a wait. The caller holds the lock again in any case.
#[must_use = "the wait may have timed out, and an owner of the lock may have died"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waited {
    /// How the wait ended.
    pub ended: Ended,
    /// `Some(News::OwnerDied)`: an owner of the lock has died and the guarded data may be half changed; make it whole,
    /// then declare it repaired.
    pub news: Option<News>,
}

impl Waited {
    /// Whether somebody notified the caller.
    pub fn notified(self) -> bool {
        self.ended == Ended::Notified
    }

    /// Whether an owner of the lock has died and the guarded data may be half changed.
    pub fn owner_died(self) -> bool {
        self.news == Some(News::OwnerDied)
    }

    /// The news of a notified one; `Timeout`, `Interrupted`, `Cancelled` and `Closed` as errors. The lock is held after these too, and then the
    /// lock itself tells whether it is suspect.
    pub fn or_error(self) -> Result<Option<News>> {
        match self.ended {
            Ended::Notified => Ok(self.news),
            Ended::TimedOut => Err(ErrorKind::Timeout.into()),
            Ended::Interrupted => Err(ErrorKind::Interrupted.into()),
            Ended::Cancelled => Err(ErrorKind::Cancelled.into()),
            Ended::Closed => Err(ErrorKind::Closed.into()),
        }
    }
}

impl Condition {
    /// Makes a condition. Errors: `Exists`, `Name`, `NoSpace`, `NoSlots`, and `Timeout` if another object has been in the
    /// making for ten seconds.
    pub fn create(yard: &Yard, name: &str) -> Result<Condition> {
        Condition::obtain(yard, name, How::Create)
    }

    /// Opens a condition. Errors: `NotFound`, `Type`.
    pub fn open(yard: &Yard, name: &str) -> Result<Condition> {
        Condition::obtain(yard, name, How::Open)
    }

    /// Opens a condition or makes it. Errors: as for both.
    pub fn open_or_create(yard: &Yard, name: &str) -> Result<Condition> {
        Condition::obtain(yard, name, How::OpenOrCreate)
    }

    fn obtain(yard: &Yard, name: &str, how: How) -> Result<Condition> {
        let slots = yard.held().geometry().slots;
        let params = [u64::from(slots), 0, 0, 0];
        let plan = Plan { kind: ObjectType::Condition, params, len: bytes(slots) };
        let record = obtain(yard.held(), name, how, &plan, |_| Ok(()))?;
        let waiters = waiters(yard.held(), &record)?;
        Ok(Condition {
            tickets: NonNull::from(waiters.tickets),
            cells: NonNull::from(waiters.cells).cast(),
            slots,
            manner: yard.manner(),
            yard: yard.held().clone(),
        })
    }

    fn cells(&self) -> Waiters<'_> {
        // SAFETY: all lie in the mapping that `self.yard` keeps (checked by `waiters`), and are atomics.
        unsafe {
            let cells = std::slice::from_raw_parts(self.cells.as_ptr(), self.slots as usize);
            Waiters { cells, tickets: self.tickets.as_ref() }
        }
    }

    /// Releases the lock, waits to be notified, at most `timeout`, and takes the lock again, as often as it was taken.
    /// The lock is held again after everything but an error.
    ///
    /// Errors, with the lock as it was: `NotOwner` (the caller does not hold it; with [`Scope::Anyone`](crate::Scope) his
    /// process must), `Foreign` (it lies in another yard), `NoSlots` (the table of threads is full). `Deadlock` only if a
    /// peer that keeps no rules has spoiled the lock.
    pub fn wait(&self, lock: &impl Relock, timeout: impl Into<Timeout>) -> Result<Waited> {
        let wait = Wait::new(timeout.into().or_try(), self.manner);
        let waited = self.wait_once(lock.which(), &wait)?;
        lock.tell(waited.news);
        Ok(waited)
    }

    /// Waits until `ready` is true; it is asked with the lock held, first at once. One timeout for everything.
    ///
    /// Ends as `Notified` when `ready` was true, and as soon as there is news: an owner has died, and what `ready` looks
    /// at may be half changed. Errors: as [`Condition::wait`].
    pub fn wait_for(
        &self,
        lock: &impl Relock,
        timeout: impl Into<Timeout>,
        mut ready: impl FnMut() -> bool,
    ) -> Result<Waited> {
        let which = self.check(lock.which())?;
        let wait = Wait::new(timeout.into().or_try(), self.manner);
        let mut waited = Waited { ended: Ended::Notified, news: None };
        while waited.ended == Ended::Notified && waited.news.is_none() && !ready() {
            waited = self.wait_once(which, &wait)?;
            lock.tell(waited.news);
        }
        let gave_up = matches!(waited.ended, Ended::TimedOut | Ended::Cancelled);
        if gave_up && waited.news.is_none() && ready() {
            waited.ended = Ended::Notified; // it became true while the lock was taken again
        }
        Ok(waited)
    }

    /// As [`Condition::wait_for`], but waits while `busy` is true.
    pub fn wait_while(
        &self,
        lock: &impl Relock,
        timeout: impl Into<Timeout>,
        mut busy: impl FnMut() -> bool,
    ) -> Result<Waited> {
        self.wait_for(lock, timeout, || !busy())
    }

    fn wait_once(&self, lock: Which<'_>, wait: &Wait) -> Result<Waited> {
        self.check(lock)?;
        let me = thread::register(&self.yard)?;
        let owners = Threads(&self.yard);
        let (taken, ended) =
            self.cells().wait(me, &owners, wait, || lock.let_go(), |depth| lock.retake(me, depth))?;
        let ended = match ended {
            Ok(()) => Ended::Notified,
            Err(ErrorKind::Interrupted) => Ended::Interrupted,
            Err(ErrorKind::Cancelled) => Ended::Cancelled,
            Err(ErrorKind::Closed) => Ended::Closed,
            Err(_) => Ended::TimedOut,
        };
        Ok(Waited { ended, news: taken? })
    }

    fn check<'l>(&self, lock: Which<'l>) -> Result<Which<'l>> {
        if !std::ptr::eq(lock.yard(), &raw const *self.yard) {
            return Err(Error::with(ErrorKind::Foreign, "the lock lies in another yard"));
        }
        if lock.is_mine() { Ok(lock) } else { Err(ErrorKind::NotOwner.into()) }
    }

    /// Notifies so many of those who wait, the longest waiting first, or all if there are fewer; tells how many. The dead
    /// do not count.
    ///
    /// Whoever holds the lock may call it, and whoever does not: then it is up to the caller that who is about to wait
    /// does not miss it.
    pub fn notify(&self, count: u32) -> u32 {
        self.cells().notify(count, &Threads(&self.yard))
    }

    /// Notifies all who wait; tells how many.
    pub fn notify_all(&self) -> u32 {
        self.notify(u32::MAX)
    }

    /// How many wait at this instant and are not notified yet. The dead do not count.
    pub fn waiters(&self) -> u32 {
        self.cells().count(&Threads(&self.yard)) as u32
    }
}

impl Clone for Condition {
    fn clone(&self) -> Condition {
        Condition {
            tickets: self.tickets,
            cells: self.cells,
            slots: self.slots,
            manner: self.manner,
            yard: self.yard.clone(),
        }
    }
}

impl std::fmt::Debug for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Condition").field("waiters", &self.waiters()).finish()
    }
}

/// Bytes of a condition in a yard of so many slots.
pub(in crate::objects) fn bytes(slots: u32) -> u64 {
    CELLS_AT + u64::from(slots) * size_of::<Cell>() as u64
}

/// The words of an object in the directory, all of them inside the yard.
fn waiters<'a>(yard: &'a Attachment, record: &Record) -> Result<Waiters<'a>> {
    let slots = yard.geometry().slots;
    if record.params[0] != u64::from(slots) || record.len < bytes(slots) {
        return Err(Error::with(ErrorKind::Corrupt, format!("a condition for {} slots", record.params[0])));
    }
    let body: &Body = yard.region().at(record.offset)?;
    let cells = yard.region().table(record.offset + CELLS_AT, slots)?;
    Ok(Waiters { cells, tickets: &body.tickets })
}

/// Clears away that a dead thread waited, and passes on what it was notified of.
pub(crate) fn recover(yard: &Attachment, record: &Record, who: Who) {
    if let (Who::Thread(dead), Ok(waiters)) = (who, waiters(yard, record)) {
        waiters.recover(dead, &Threads(yard));
    }
}

crate::objects::refer::referable!(Condition, Condition, |it| (&it.yard, it.cells.addr().get()));
