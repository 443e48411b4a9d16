//! How long to look away before the first look, for who waits for something that comes in a stream.
//!
//! Whoever is faster than the other side finds nothing after each piece, looks at once, and so takes from the other the line
//! that is about to be written: every piece then costs both of them a miss. If it looks away for a moment, some pieces
//! gather, and only the first costs that. One that comes after a while, such as an answer, is not waited for in this manner: it
//! does not come within the first looks.
#![forbid(unsafe_code)]

use crate::shim::{AtomicU32, Ordering, pause};

/// Pauses at most: some hundred nanoseconds to a microsecond.
const LONGEST: u32 = 64;
/// What comes within so many looks comes in a stream.
const AT_ONCE: u32 = 2;

/// A guess of the process's own, which several threads may spoil.
pub(super) struct Pace(AtomicU32);

impl Pace {
    pub(super) fn new() -> Pace {
        Pace(AtomicU32::new(0))
    }

    /// Looks away.
    pub(super) fn pause(&self) {
        (0..self.length()).for_each(|_| pause());
    }

    fn length(&self) -> u32 {
        self.0.load(Ordering::Relaxed) // Relaxed: a guess
    }

    /// Learns after how many looks there was something, counted from 1.
    pub(super) fn learn(&self, looks: u32) {
        let now = self.length();
        let next = if looks <= AT_ONCE { (2 * now + 1).min(LONGEST) } else { now / 2 };
        if next != now {
            self.0.store(next, Ordering::Relaxed); // Relaxed: as above
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_at_once_is_waited_for() {
        let pace = Pace::new();
        pace.learn(AT_ONCE + 1);
        assert_eq!(pace.length(), 0);
        (0..20).for_each(|_| pace.learn(1));
        assert_eq!(pace.length(), LONGEST);
        (0..20).for_each(|_| pace.learn(1000));
        assert_eq!(pace.length(), 0);
    }
}
