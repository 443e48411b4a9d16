//! A budget of bytes: what is in the cells of an object never is more than so much, whoever dies.
//!
//! The truth is in the cells: each says how many bytes it holds. Bytes come in by the hand of who holds the lock only, and
//! go out without it. So who has the lock, and adds up the cells, finds what is there or more, and it does not grow until
//! he gives the lock back. Adding up is slow. So the sum is remembered with what was put since: a bound, which is never below
//! the truth, and is found anew only when it leaves no room.
//!
//! ## Why a death is harmless
//! The bound is raised before the bytes come in. Who dies in between has raised it for nothing, until somebody adds up
//! again. Who dies later has done everything: there is no second word that would have to follow. The lock is a stamped
//! one, and who takes it from a dead owner has nothing to repair.
//!
//! The lock orders all accesses to the bound: it has no edges of its own.

use crate::error::ErrorKind;
use crate::shim::{AtomicU32, AtomicU64, Ordering, step, words};
use crate::sync::lock::LockWord;

/// The words of a budget. All zeros: there is no limit.
#[repr(C)]
pub(crate) struct Budget {
    /// Held by whoever puts something.
    pub(crate) lock: LockWord,
    reserved: AtomicU32,
    /// At least as many bytes as there are.
    bound: AtomicU64,
    /// The most that there may be.
    most: AtomicU64,
    pad: [AtomicU64; 13],
}

words!("budget", Budget { lock, reserved, bound, most, pad });

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: repr(C), atomics only, zeros are no limit.
unsafe impl crate::segment::region::Shared for Budget {}

#[cfg(not(loom))]
const _: () = {
    assert!(std::mem::offset_of!(Budget, lock) == 0);
    assert!(std::mem::offset_of!(Budget, bound) == 8);
    assert!(std::mem::offset_of!(Budget, most) == 16);
    assert!(size_of::<Budget>() == 128);
};

/// What the cells hold together, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    /// All of it.
    pub(crate) bytes: u64,
    /// As much of it is in the hands of somebody who is taking it out, and may put it back.
    pub(crate) in_hand: u64,
    /// The slot of one of those.
    pub(crate) holder: Option<u32>,
}

/// Why nothing was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom<E> {
    /// At this instant, it would have been more than the most.
    Full,
    /// It would be, if this one puts back what is in his hands.
    Held(Option<u32>),
    /// There was room, and it could not be put.
    Refused(E),
}

impl Budget {
    #[cfg(all(test, loom))]
    pub(crate) fn new(most: u64) -> Budget {
        Budget {
            lock: LockWord::new(),
            reserved: AtomicU32::new(0),
            bound: AtomicU64::new(0),
            most: AtomicU64::new(most),
            pad: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// Whoever puts next has to add up.
    #[cfg(all(test, loom))]
    pub(crate) fn bound_is_stale(&self) {
        self.bound.store(u64::MAX, Ordering::Relaxed);
    }

    /// The most bytes that there may be; 0: there is no limit.
    pub(crate) fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed) // Relaxed: written before the object became visible
    }

    /// Sets the limit of a new object.
    pub(crate) fn begin(&self, most: u64) {
        self.most.store(most, Ordering::Relaxed); // Relaxed: the object is not visible yet
    }

    /// Puts `len` bytes, if there is room for them. The caller has the lock; `add_up` looks at all cells.
    pub(crate) fn put<T, E>(
        &self,
        len: u64,
        add_up: impl FnOnce() -> Load,
        put: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, NoRoom<E>> {
        let bound = self.room_for(len, add_up)?;
        self.bound.store(bound.saturating_add(len), Ordering::Relaxed); // Relaxed: the lock orders it
        step();
        let done = put();
        if done.is_err() {
            self.bound.store(bound, Ordering::Relaxed); // Relaxed: as above
        }
        done.map_err(NoRoom::Refused)
    }

    /// The bound, which leaves room for so many bytes.
    fn room_for<E>(&self, len: u64, add_up: impl FnOnce() -> Load) -> Result<u64, NoRoom<E>> {
        let fits = |bytes: u64| bytes.checked_add(len).is_some_and(|sum| sum <= self.most());
        let bound = self.bound.load(Ordering::Relaxed); // Relaxed: the lock orders it
        if fits(bound) {
            return Ok(bound);
        }
        let load = add_up();
        match load.bytes {
            bytes if fits(bytes) => Ok(bytes),
            bytes if fits(bytes.saturating_sub(load.in_hand)) => Err(NoRoom::Held(load.holder)),
            _ => Err(NoRoom::Full),
        }
    }

    /// Whether so many bytes can ever be put.
    pub(crate) fn admits(&self, len: usize) -> Result<(), ErrorKind> {
        match self.most() {
            most if most != 0 && len as u64 > most => Err(ErrorKind::TooLong),
            _ => Ok(()),
        }
    }
}
