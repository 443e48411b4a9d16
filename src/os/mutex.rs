//! A lock between the threads of one process, for the library's own lists.
//!
//! `std::sync::Mutex` will not do: a fork child would inherit it locked by a thread that does not exist there.
//! This one is taken before fork and can be opened again in the child ([`crate::os::fork`]).

use crate::os::futex;
use crate::shim::{AtomicU32, Ordering, Watch};
use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};

const FREE: u32 = 0;
const TAKEN: u32 = 1;
const AWAITED: u32 = 2;

/// A private lock around a value.
pub(crate) struct Mutex<T> {
    word: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: the word admits one thread at a time to the value.
unsafe impl<T: Send> Sync for Mutex<T> {}

/// Access to the value; opens the lock when dropped.
pub(crate) struct Guard<'a, T>(&'a Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Mutex<T> {
        Mutex { word: AtomicU32::new(FREE), value: UnsafeCell::new(value) }
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        self.lock_raw();
        Guard(self)
    }

    /// Takes the lock without a guard; [`Mutex::unlock_raw`] gives it back.
    pub(crate) fn lock_raw(&self) {
        // edge `private`: Acquire here, Release in `unlock_raw`
        let taken = self.word.compare_exchange(FREE, TAKEN, Ordering::Acquire, Ordering::Relaxed);
        if taken.is_err() {
            while self.word.swap(AWAITED, Ordering::Acquire) != FREE {
                futex::sleep(&[Watch { word: &self.word, value: AWAITED }], None);
            }
        }
    }

    /// A guard for a lock that this thread took with [`Mutex::lock_raw`], before fork perhaps.
    pub(crate) fn guard_raw(&self) -> Guard<'_, T> {
        Guard(self)
    }

    /// Opens a lock that [`Mutex::lock_raw`] took, in the same thread or in its fork child.
    pub(crate) fn unlock_raw(&self) {
        if self.word.swap(FREE, Ordering::Release) == AWAITED {
            futex::wake(&self.word, 1);
        }
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: this guard is the only one (see the word), and borrows the lock.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and `self` is borrowed mutably.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        self.0.unlock_raw();
    }
}
