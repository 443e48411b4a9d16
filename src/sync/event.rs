//! The event: a flag to wait for.
//!
//! `SET | WAITERS | epoch`. Setting is one compare-and-swap that counts the epoch up; setting what is set stores
//! nothing. WAITERS says that somebody sleeps; a set clears it and wakes. Nobody owns an event, so there is nothing to
//! repair.
//!
//! Two kinds, told apart by how they are waited for. *Kept*: it stays set until it is cleared, and everybody who waits
//! goes on; the epoch tells a sleeper of a set that was cleared again before he looked. *Consumed* (auto-reset): who
//! goes on clears it, so that each set lets one go on.
//!
//! ## Why nobody is left behind
//! A set of a kept event wakes everybody. A set of a consumed one wakes one sleeper, which takes with WAITERS set,
//! because others may sleep too; one that leaves without it may have used up a wake, and passes it on. A sleeper that
//! is killed when woken is heard of by those who listen to its alive word. What remains (a setter killed or stopped
//! before its wake) ends with the slice.
//!
//! ## Edges
//! | edge | release | acquire | carries | model that fails without it |
//! |---|---|---|---|---|
//! | set | `set`, `set_since`: CAS | `is_set`, `is_over`, `arm_unless`: load; `consume`: CAS | what was done before the set | `what_was_done_before_a_set_is_seen`, `what_was_done_before_a_consumed_set_is_seen`, `what_was_done_before_a_cancel_is_seen`, `what_was_done_before_one_asks_is_seen` |

use crate::error::ErrorKind;
use crate::segment::bits::{EVENT_EPOCH, EVENT_SET, EVENT_WAITERS};
use crate::shim::{AtomicU32, Ordering, Watch, pause, wake};
use crate::sync::bell::Bell;
use crate::sync::lock::{Crowd, Owners};
use crate::sync::wait::Wait;

/// The word of an event. Zero is one that is not set.
#[repr(transparent)]
pub(crate) struct EventWord(AtomicU32);

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: transparent over an atomic; zero is an event that is not set.
unsafe impl crate::segment::region::Shared for EventWord {}

/// See [`EventWord::begin`].
#[derive(Clone, Copy)]
pub(crate) struct Begun(u32);

impl Begun {
    /// Whether a word is set, or was since.
    fn is_over(self, word: u32) -> bool {
        word & EVENT_SET != 0 || epoch_of(word) != self.0
    }
}

/// What the flags leave of a word.
const fn epoch_of(word: u32) -> u32 {
    word & !(EVENT_SET | EVENT_WAITERS)
}

/// The epoch counted up.
const fn one_more(word: u32) -> u32 {
    word.wrapping_add(EVENT_EPOCH)
}

impl EventWord {
    /// One that is not set.
    pub(crate) fn new() -> EventWord {
        EventWord(AtomicU32::new(0))
    }

    /// Sets the event and wakes: `sleepers` is 1 for a consumed event. False if it was set already; nothing is stored
    /// then. Rings if somebody sleeps. No thread-local, no allocation, no lock: a signal handler may call this.
    #[inline]
    pub(crate) fn set(&self, sleepers: u32, bell: &(impl Bell + ?Sized)) -> bool {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            if word & EVENT_SET != 0 {
                return false;
            }
            let next = one_more(word & !EVENT_WAITERS) | EVENT_SET;
            let set = self.0.compare_exchange(word, next, Ordering::Release, Ordering::Relaxed); // edge: set
            match set {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        if word & EVENT_WAITERS != 0 {
            self.wake_sleepers(sleepers, bell);
        }
        true
    }

    #[cold]
    fn wake_sleepers(&self, count: u32, bell: &(impl Bell + ?Sized)) {
        wake(&self.0, count);
        bell.ring();
    }

    /// Sets the event and wakes all, unless somebody has set it since `begun`, or has moved it on.
    pub(crate) fn set_since(&self, begun: Begun, bell: &(impl Bell + ?Sized)) {
        let mut word = self.0.load(Ordering::Relaxed);
        while !begun.is_over(word) {
            let next = one_more(word & !EVENT_WAITERS) | EVENT_SET;
            let set = self.0.compare_exchange(word, next, Ordering::Release, Ordering::Relaxed); // edge: set
            match set {
                Ok(_) if word & EVENT_WAITERS != 0 => return self.wake_sleepers(u32::MAX, bell),
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
    }

    /// As a set that is cleared at once, also if it was set before.
    pub(crate) fn move_on(&self) {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let next = one_more(epoch_of(word));
            // Relaxed: it tells nobody anything.
            let moved = self.0.compare_exchange(word, next, Ordering::Relaxed, Ordering::Relaxed);
            match moved {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        if word & EVENT_WAITERS != 0 {
            wake(&self.0, u32::MAX);
        }
    }

    /// Clears the event; whether it was set.
    #[inline]
    pub(crate) fn clear(&self) -> bool {
        // Relaxed: it tells nobody anything. As a read-modify-write it leaves the last set to be seen.
        self.0.fetch_and(!EVENT_SET, Ordering::Relaxed) & EVENT_SET != 0
    }

    /// Whether the event is set.
    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire) & EVENT_SET != 0 // edge: set
    }

    /// Clears the event if it is set, and sets `mark`; whether it was.
    #[inline]
    pub(crate) fn consume(&self, mark: u32) -> bool {
        let mut word = self.0.load(Ordering::Relaxed);
        while word & EVENT_SET != 0 {
            let next = word & !EVENT_SET | mark;
            let taken = self.0.compare_exchange(word, next, Ordering::Acquire, Ordering::Relaxed); // edge: set
            match taken {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// The instant from which on no set is missed.
    pub(crate) fn begin(&self) -> Begun {
        Begun(epoch_of(self.0.load(Ordering::Relaxed))) // Relaxed: compared only
    }

    /// Whether the event is set, or has been since `begun`.
    pub(crate) fn is_over(&self, begun: Begun) -> bool {
        begun.is_over(self.0.load(Ordering::Acquire)) // edge: set
    }

    /// Announces a sleeper: what to sleep on, unless it is set.
    pub(crate) fn arm_now(&self) -> Option<Watch<'_>> {
        self.arm_unless(|word| word & EVENT_SET != 0)
    }

    /// Announces a sleeper of a kept event: what to sleep on, unless it is set or has been since `begun`.
    pub(crate) fn arm(&self, begun: Begun) -> Option<Watch<'_>> {
        self.arm_unless(|word| begun.is_over(word))
    }

    fn arm_unless(&self, over: impl Fn(u32) -> bool) -> Option<Watch<'_>> {
        loop {
            let word = self.0.load(Ordering::Acquire); // edge: set
            if over(word) {
                return None;
            }
            if self.announce(word) {
                return Some(self.announced(word));
            }
        }
    }

    /// Wakes one more who may sleep.
    pub(crate) fn pass_on(&self) {
        wake(&self.0, 1);
    }

    /// Waits until the event is set, or has been since `begun`.
    #[cold]
    pub(crate) fn wait(&self, begun: Begun, owners: &impl Owners, wait: &Wait) -> Result<(), ErrorKind> {
        self.sleep_until(owners, wait, |word| begun.is_over(word))
    }

    /// Waits until the event is set, and clears it.
    #[cold]
    pub(crate) fn wait_and_consume(&self, owners: &impl Owners, wait: &Wait) -> Result<(), ErrorKind> {
        let mut mark = 0;
        let result = self.sleep_until(owners, wait, |_| {
            let taken = self.consume(mark);
            mark = EVENT_WAITERS; // from now on we may have slept, and others may sleep
            taken
        });
        if result.is_err() {
            self.pass_on(); // a wake that was meant for us is for somebody else
        }
        result
    }

    fn sleep_until(
        &self,
        owners: &impl Owners,
        wait: &Wait,
        mut over: impl FnMut(u32) -> bool,
    ) -> Result<(), ErrorKind> {
        let mut spins = owners.spins();
        let mut ended = Ok(());
        loop {
            let word = self.0.load(Ordering::Acquire); // edge: set
            if over(word) {
                return Ok(());
            }
            // Whatever ends the wait: the event is looked at after it.
            ended?;
            if spins > 0 {
                spins -= 1;
                pause();
                continue;
            }
            if !self.announce(word) {
                continue;
            }
            let mut crowd = Crowd::new(self.announced(word));
            owners.others(&mut crowd);
            if let Err(end) = owners.slept(wait, wait.sleep(crowd.watches(), false)) {
                ended = Err(end);
            }
        }
    }

    /// What to sleep on, once that is said in this word.
    fn announced(&self, word: u32) -> Watch<'_> {
        Watch { word: &self.0, value: word | EVENT_WAITERS }
    }

    /// Says in a word that is not set that somebody sleeps.
    fn announce(&self, word: u32) -> bool {
        let announced = word | EVENT_WAITERS;
        // Relaxed: the bit carries nothing; the kernel compares the word before it puts us to sleep.
        word & EVENT_SET == 0
            && (word == announced
                || self.0.compare_exchange(word, announced, Ordering::Relaxed, Ordering::Relaxed).is_ok())
    }
}
