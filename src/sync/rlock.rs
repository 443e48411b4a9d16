//! The re-entrant lock: a stamped lock, and how often its owner is in.
//!
//! The word is taken and released as any lock's. The count beside it is read and written by the owner alone, so going
//! in again and coming out again are a load and a plain store each. An owner that dies leaves a count that nobody
//! reads: whoever takes the word writes 1. What the word's edges carry orders the count too.

use crate::error::ErrorKind;
use crate::shim::{AtomicU32, Ordering, words};
use crate::sync::lock::{Got, LockWord};

/// The word and the count. Zeros are a free lock.
#[repr(C)]
pub(crate) struct RLockWord {
    word: LockWord,
    count: AtomicU32,
}

words!("lock and count of a re-entrant lock", RLockWord { word, count });

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: repr(C), atomics only; zeros are a free lock.
unsafe impl crate::segment::region::Shared for RLockWord {}

impl RLockWord {
    #[cfg(all(test, loom))]
    pub(crate) fn new() -> RLockWord {
        RLockWord { word: LockWord::new(), count: AtomicU32::new(0) }
    }

    /// The lock alone.
    pub(crate) fn word(&self) -> &LockWord {
        &self.word
    }

    /// Goes in, again or for the first time, if that needs no waiting and there is no news. `token` is not 0.
    #[inline]
    pub(crate) fn enter_fast(&self, token: u32) -> bool {
        match self.word.held_by(token) {
            Some(Got::Clean) => self.deepen().is_ok(),
            Some(Got::Suspect) => false,
            None if self.word.try_fast(token) => {
                self.begin();
                true
            }
            None => false,
        }
    }

    /// Goes in; `take` takes the word, if it is not held under `token` already. `Range` if the count is at its end.
    #[cold]
    pub(crate) fn enter<E: From<ErrorKind>>(
        &self,
        token: u32,
        take: impl FnOnce(&LockWord) -> Result<Got, E>,
    ) -> Result<Got, E> {
        if let Some(got) = self.word.held_by(token) {
            self.deepen()?;
            return Ok(got);
        }
        let got = take(&self.word)?;
        self.begin();
        Ok(got)
    }

    /// Comes out once. `NotOwner` unless the lock is held under `token`.
    #[inline]
    pub(crate) fn leave(&self, token: u32) -> Result<(), ErrorKind> {
        match self.count(token) {
            0 => Err(ErrorKind::NotOwner),
            1 => self.end(token),
            deeper => {
                self.count.store(deeper - 1, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    /// Comes out altogether; tells how often the owner was in. `NotOwner` unless the lock is held under `token`.
    pub(crate) fn leave_all(&self, token: u32) -> Result<u32, ErrorKind> {
        match self.count(token) {
            0 => Err(ErrorKind::NotOwner),
            depth => self.end(token).map(|()| depth),
        }
    }

    /// Goes in as often as somebody came out with [`RLockWord::leave_all`]; `take` takes the word.
    #[cold]
    pub(crate) fn return_to<E>(
        &self,
        depth: u32,
        take: impl FnOnce(&LockWord) -> Result<Got, E>,
    ) -> Result<Got, E> {
        let got = take(&self.word)?;
        self.count.store(depth, Ordering::Relaxed);
        Ok(got)
    }

    /// How often the owner is in, if the lock is held under `token`; else 0.
    #[inline]
    pub(crate) fn count(&self, token: u32) -> u32 {
        // Relaxed, here and everywhere: the owner alone reads and writes it. A peer that keeps no rules may have
        // written 0; then one release frees the lock.
        self.word.held_by(token).map_or(0, |_| self.count.load(Ordering::Relaxed).max(1))
    }

    /// The first time. Who dies just before leaves the count as it was.
    #[inline]
    fn begin(&self) {
        self.count.store(1, Ordering::Relaxed);
    }

    #[inline]
    fn deepen(&self) -> Result<(), ErrorKind> {
        let deeper = self.count.load(Ordering::Relaxed).checked_add(1).ok_or(ErrorKind::Range)?;
        self.count.store(deeper, Ordering::Relaxed);
        Ok(())
    }

    #[inline]
    fn end(&self, token: u32) -> Result<(), ErrorKind> {
        if self.word.release_fast(token) { Ok(()) } else { self.word.release(token) }
    }

    /// For tests of the end of the count.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn set_count(&self, count: u32) {
        self.count.store(count, Ordering::Relaxed);
    }
}
