//! An event count: lets a thread sleep until a condition *somewhere else* may have changed, without a lost wake-up.
//!
//! The word is `epoch << 1 | somebody sleeps`. There is no counter of sleepers: it would drift when one dies.
//!
//! ## Why no wake-up is lost
//! A notifier makes the condition true, then fences, then looks for the sleep bit. A sleeper sets the bit, then
//! fences, then looks at the condition. The two fences are in one total order, so one of the two sees the other:
//! either the notifier finds the bit and wakes, or the sleeper finds the condition true and does not sleep. Between
//! the sleeper's look and its sleep, a notifier that found the bit has changed the word, and the kernel compares.
//!
//! ## Edges
//! | edge | first | second | carries | model that fails without it |
//! |---|---|---|---|---|
//! | sleep | condition; `notify`, `notify_after_rmw`: fence; load of the bit | bit; `prepare`: fence; condition | one sees the other | `a_sleeper_is_never_left_behind`, `a_sleeper_hears_of_a_change_that_is_its_own_fence` |

use crate::shim::{AtomicU32, Ordering, Watch, fence, rmw_fence, wake};
use crate::sync::bell::Bell;

const SLEEPING: u32 = 1;
const EPOCH: u32 = 2;

/// The word of an event count. All zeros is a fresh one.
#[repr(transparent)]
pub(crate) struct EventCount(AtomicU32);

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: transparent over an atomic; zero is a fresh event count.
unsafe impl crate::segment::region::Shared for EventCount {}

impl EventCount {
    #[cfg(test)]
    pub(crate) fn new() -> EventCount {
        EventCount(AtomicU32::new(0))
    }

    /// Tells the sleepers that the condition may have become true, and rings if there are any. Call it after making it
    /// true.
    #[inline]
    pub(crate) fn notify(&self, bell: &(impl Bell + ?Sized)) {
        fence(Ordering::SeqCst); // edge: sleep, asked; pairs with `prepare`
        self.wake_sleepers(bell);
    }

    /// The same after a change that was one read-modify-write: on x86-64 that is fence enough.
    #[inline]
    pub(crate) fn notify_after_rmw(&self, bell: &(impl Bell + ?Sized)) {
        rmw_fence(Ordering::SeqCst); // edge: sleep; pairs with `prepare`
        self.wake_sleepers(bell);
    }

    #[inline]
    fn wake_sleepers(&self, bell: &(impl Bell + ?Sized)) {
        // Relaxed: the fence has ordered it after the condition.
        if self.0.load(Ordering::Relaxed) & SLEEPING != 0 {
            self.notify_sleepers(bell);
        }
    }

    #[cold]
    fn notify_sleepers(&self, bell: &(impl Bell + ?Sized)) {
        let mut word = self.0.load(Ordering::Relaxed);
        // Whoever clears the bit wakes. Relaxed: the word carries no data, it only must change.
        while word & SLEEPING != 0 {
            let next = (word & !SLEEPING).wrapping_add(EPOCH);
            match self.0.compare_exchange(word, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => {
                    wake(&self.0, u32::MAX);
                    return bell.ring();
                }
                Err(now) => word = now,
            }
        }
    }

    /// The word as it is, with nobody announced.
    pub(crate) fn glance(&self) -> Watch<'_> {
        Watch { word: &self.0, value: self.0.load(Ordering::Relaxed) } // Relaxed: nothing is concluded from it
    }

    /// Announces a sleeper. Afterwards look at the condition once more, and only if it is still false sleep on the
    /// word and value returned.
    pub(crate) fn prepare(&self) -> Watch<'_> {
        let mut word = self.0.load(Ordering::Relaxed);
        while word & SLEEPING == 0 {
            let next = word | SLEEPING;
            match self.0.compare_exchange(word, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => word = next,
                Err(now) => word = now,
            }
        }
        fence(Ordering::SeqCst); // edge: sleep; pairs with `notify`
        Watch { word: &self.0, value: word }
    }
}

/// A yard's bell is one.
impl Bell for EventCount {
    fn ring(&self) {
        self.notify(&());
    }
}
