//! The counting semaphore: one word that anybody may take from and add to. Nobody owns what was taken.
//!
//! `permits | WAITERS`. Taking is one compare-and-swap to one less, releasing one to so many more. WAITERS says that
//! somebody sleeps. A release clears it and wakes as many as it releases; who has slept takes with WAITERS set, because
//! others may sleep too.
//!
//! ## Why nobody is left behind
//! Of two releases the second may find WAITERS cleared and wake nobody. So a sleeper that leaves the slow path wakes
//! one more, unless it has taken the last permit: then the next release finds WAITERS. One that leaves without a permit
//! may have used up a wake, and passes it on. A sleeper that is killed when woken, or before it has woken the next, is
//! heard of by those who listen to its alive word. What remains (a release killed or stopped before its wake by who is
//! not registered, sleepers that do not listen to each other) ends with the slice.
//!
//! ## Edges
//! | edge | release | acquire | carries | model that fails without it |
//! |---|---|---|---|---|
//! | permit | `release`: CAS | `take`: CAS | what was done before a release | `what_is_released_is_seen` |

use crate::error::ErrorKind;
use crate::segment::bits::{PERMITS, WAITERS};
use crate::shim::{AtomicU32, Ordering, Watch, pause, wake};
use crate::sync::bell::Bell;
use crate::sync::lock::{Crowd, Owners};
use crate::sync::wait::Wait;

/// The word of a semaphore. Zero is one without permits.
#[repr(transparent)]
pub(crate) struct SemaphoreWord(AtomicU32);

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: transparent over an atomic; zero is a semaphore without permits.
unsafe impl crate::segment::region::Shared for SemaphoreWord {}

impl SemaphoreWord {
    #[cfg(all(test, loom))]
    pub(crate) fn new(permits: u32) -> SemaphoreWord {
        SemaphoreWord(AtomicU32::new(permits))
    }

    /// Sets the permits of a semaphore that nobody else can see yet.
    pub(crate) fn fill(&self, permits: u32) {
        self.0.store(permits & PERMITS, Ordering::Relaxed); // Relaxed: who makes it visible orders it
    }

    /// How many permits there are now.
    #[inline]
    pub(crate) fn permits(&self) -> u32 {
        self.0.load(Ordering::Relaxed) & PERMITS // Relaxed: a fact at some instant
    }

    /// Takes a permit if there is one.
    #[inline]
    pub(crate) fn try_acquire(&self) -> bool {
        self.take(0).is_some()
    }

    /// Takes a permit if there is one, and sets `mark`; tells how many are left.
    #[inline]
    fn take(&self, mark: u32) -> Option<u32> {
        let mut word = self.0.load(Ordering::Relaxed);
        while word & PERMITS != 0 {
            let next = (word - 1) | mark;
            let taken = self.0.compare_exchange(word, next, Ordering::Acquire, Ordering::Relaxed); // edge: permit
            match taken {
                Ok(_) => return Some(next & PERMITS),
                Err(now) => word = now,
            }
        }
        None
    }

    /// Takes a permit, sleeping while there is none.
    #[cold]
    pub(crate) fn acquire(&self, owners: &impl Owners, wait: &Wait) -> Result<(), ErrorKind> {
        for _ in 0..owners.spins() {
            if self.try_acquire() {
                return Ok(());
            }
            pause();
        }
        let mut mark = 0;
        let result = loop {
            if let Some(left) = self.take(mark) {
                break Ok(left);
            }
            let Some(watch) = self.arm() else { continue };
            let mut crowd = Crowd::new(watch);
            owners.others(&mut crowd);
            mark = WAITERS;
            if let Err(end) = owners.slept(wait, wait.sleep(crowd.watches(), false)) {
                break Err(end);
            }
        };
        if mark != 0 && result != Ok(0) {
            self.pass_on();
        }
        result.map(drop)
    }

    /// Wakes one more who may sleep.
    pub(crate) fn pass_on(&self) {
        wake(&self.0, 1);
    }

    /// Announces a sleeper: what to sleep on, unless there are permits.
    pub(crate) fn arm(&self) -> Option<Watch<'_>> {
        while self.permits() == 0 {
            if self.announce() {
                return Some(Watch { word: &self.0, value: WAITERS });
            }
        }
        None
    }

    /// Says in a word without permits that somebody sleeps.
    fn announce(&self) -> bool {
        // Relaxed: the bit carries nothing; the kernel compares the word before it puts us to sleep.
        let announced = self.0.compare_exchange(0, WAITERS, Ordering::Relaxed, Ordering::Relaxed);
        matches!(announced, Ok(_) | Err(WAITERS))
    }

    /// Adds `count` permits, unless there were more than `limit` then: `Range`, and nothing is changed.
    ///
    /// Rings if somebody sleeps. No thread-local, no allocation, no lock: a signal handler may call this.
    #[inline]
    pub(crate) fn release(
        &self,
        count: u32,
        limit: u32,
        bell: &(impl Bell + ?Sized),
    ) -> Result<(), ErrorKind> {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let permits = word & PERMITS;
            if count > limit.saturating_sub(permits) {
                return Err(ErrorKind::Range);
            }
            let next = permits + count;
            let added = self.0.compare_exchange(word, next, Ordering::Release, Ordering::Relaxed); // edge: permit
            match added {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        if word & WAITERS != 0 {
            self.wake_sleepers(count, bell);
        }
        Ok(())
    }

    #[cold]
    fn wake_sleepers(&self, count: u32, bell: &(impl Bell + ?Sized)) {
        wake(&self.0, count);
        bell.ring();
    }
}
