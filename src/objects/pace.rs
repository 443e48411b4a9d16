//! How long to look away before the first look, for who waits for something that comes in a stream.
//!
//! Whoever is faster than the other side finds nothing after each piece, or just the next one, looks at once, and so takes from
//! the other the line that is about to be written: every piece then costs both of them a miss. If it looks away for a moment,
//! some pieces gather, and only the first costs that. One that comes after a while, such as an answer, is not waited for in this
//! manner: it does not come within the first looks. Nor would it gain anything: it comes alone, so a moment must have brought
//! more than one piece to be kept. Whether it would is tried now and then.
//!
//! Messages of 64 bytes one way through a pipe took 0.17 of pipe(2)'s time when only who found nothing looked away, and 0.11 since
//! who finds just the next one does (benches/pipe.rs).
#![forbid(unsafe_code)]

use crate::shim::{AtomicU32, AtomicU64, Ordering, pause};

/// Pauses at most: some hundred nanoseconds to a microsecond.
const LONGEST: u32 = 64;
/// So many pauses are tried, once in so many looks.
const TRIAL: (u32, u32) = (7, 32);
/// What comes within so many looks comes in a stream.
const AT_ONCE: u32 = 2;
/// Of so many pieces together the first one's miss is not felt any more.
const PLENTY: u64 = 256;

/// A guess of the process's own, which several threads may spoil. On lines of its own: others read what lies beside it.
#[repr(align(128))]
pub(in crate::objects) struct Pace {
    /// Pauses before the first look.
    length: AtomicU32,
    /// Looks since the last trial.
    since: AtomicU32,
    /// Where the last wait began.
    last: AtomicU64,
}

impl Pace {
    pub(in crate::objects) fn new() -> Pace {
        Pace { length: AtomicU32::new(0), since: AtomicU32::new(0), last: AtomicU64::new(0) }
    }

    /// Looks away.
    #[inline]
    pub(in crate::objects) fn pause(&self) {
        (0..self.length()).for_each(|_| pause());
    }

    #[inline]
    fn length(&self) -> u32 {
        self.length.load(Ordering::Relaxed) // Relaxed: a guess
    }

    /// Learns after how many looks there was something, counted from 1; the wait began at the position `at`, and a piece
    /// takes `one` position, or so many.
    pub(in crate::objects) fn learn(&self, looks: u32, at: u64, one: u64) {
        // Relaxed: guesses.
        let gathered = at.wrapping_sub(self.last.load(Ordering::Relaxed));
        self.last.store(at, Ordering::Relaxed);
        let now = self.length();
        let next = if looks > AT_ONCE || gathered >= one.saturating_mul(PLENTY) {
            now / 2
        } else if gathered > one {
            (2 * now + 1).min(LONGEST)
        } else {
            (now / 2).max(self.trial())
        };
        if next != now {
            self.length.store(next, Ordering::Relaxed); // Relaxed: as above
        }
    }

    /// Whether it is time for a trial, and how long that is.
    fn trial(&self) -> u32 {
        let (pauses, looks) = TRIAL;
        let since = self.since.load(Ordering::Relaxed) + 1; // Relaxed: a guess
        self.since.store(since % looks, Ordering::Relaxed);
        if since == looks { pauses } else { 0 }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_at_once_is_waited_for() {
        let pace = Pace::new();
        pace.learn(AT_ONCE + 1, 2, 1);
        assert_eq!(pace.length(), 0);
        (0..20).for_each(|n| pace.learn(1, 100 + 2 * n, 1));
        assert_eq!(pace.length(), LONGEST);
        (0..20).for_each(|n| pace.learn(1000, 200 + 2 * n, 1));
        assert_eq!(pace.length(), 0);
    }

    #[test]
    fn what_comes_one_by_one_is_not_waited_for_long() {
        let pace = Pace::new();
        (0..20).for_each(|n| pace.learn(1, 144 * n, 72));
        assert_eq!(pace.length(), LONGEST);
        (40..60).for_each(|n| pace.learn(1, 72 * n, 72));
        let pauses = (60..860).map(|n| {
            pace.learn(1, 72 * n, 72);
            pace.length()
        });
        assert_eq!(pauses.sum::<u32>(), 800 / 32 * (7 + 3 + 1), "now and then");
    }

    #[test]
    fn plenty_is_not_waited_for() {
        let pace = Pace::new();
        (0..20).for_each(|n| pace.learn(1, 20 * n, 1));
        assert_eq!(pace.length(), LONGEST);
        (0..20).for_each(|n| pace.learn(1, 1000 + 1000 * n, 1));
        assert_eq!(pace.length(), 0);
    }
}
