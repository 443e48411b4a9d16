//! What the threads of this process have slept in a yard since it last cleared up there. Who only ever waits for less than a
//! slice sees the end of none: for him the sum counts.
//!
//! Nobody owns the sum. What was slept before somebody began to clear up may go with it, since he looks after it; what is
//! slept from then on counts. Two who end a sleep at the same moment may both clear up.

use crate::shim::{AtomicU64, Ordering};

/// See the module. Relaxed throughout: times.
pub(crate) struct Tally {
    /// When this process last looked for the dead here, or joined: CLOCK_MONOTONIC, in ns.
    swept_at: AtomicU64,
    /// How long its threads have slept here since, in ns.
    asleep: AtomicU64,
}

impl Tally {
    pub(crate) fn new() -> Tally {
        Tally { swept_at: AtomicU64::new(0), asleep: AtomicU64::new(0) }
    }

    /// Begins anew.
    pub(crate) fn begin(&self, now: u64) {
        self.swept_at.store(now, Ordering::Relaxed);
        self.asleep.store(0, Ordering::Relaxed);
    }

    /// Begins anew, and clears up.
    pub(crate) fn sweep(&self, now: u64, sweep: impl FnOnce()) {
        self.begin(now);
        sweep();
    }

    /// A thread has slept for so many ns more: whether that is a slice, of all threads, since one of them last cleared up, and
    /// that a slice ago.
    pub(crate) fn is_due(&self, asleep: u64, slice: u64, now: impl FnOnce() -> u64) -> bool {
        let all = self.asleep.fetch_add(asleep, Ordering::Relaxed).wrapping_add(asleep);
        all >= slice && self.swept_at.load(Ordering::Relaxed) + slice <= now()
    }
}
