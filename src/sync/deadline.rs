//! An instant at which waits end.

use std::time::{Duration, Instant};

/// An instant of the monotonic clock, at which waits end: several calls can share one. A [`Timeout`](crate::Timeout) is made
/// of it by `into()`.
///
/// It means something in the process that made it and in its fork children. A call with a deadline that has passed does what
/// needs no waiting, and else answers as after any other wait that took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(u64);

#[cfg(not(loom))]
use crate::os::clock;

/// A model has no clock.
#[cfg(loom)]
mod clock {
    pub(super) fn now_ns() -> u64 {
        0
    }

    pub(super) fn after(_: std::time::Duration) -> u64 {
        u64::MAX
    }
}

impl Deadline {
    /// So long from now; what lies beyond the clock's end lies at its end, 584 years away.
    pub fn after(wait: Duration) -> Deadline {
        Deadline(clock::after(wait))
    }

    /// How long it is until then; zero when it has passed.
    pub fn remaining(self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(clock::now_ns()))
    }

    /// Whether it has passed.
    pub fn has_passed(self) -> bool {
        self.0 <= clock::now_ns()
    }

    pub(crate) fn from_ns(ns: u64) -> Deadline {
        Deadline(ns)
    }

    /// Nanoseconds of CLOCK_MONOTONIC.
    pub(crate) fn ns(self) -> u64 {
        self.0
    }
}

impl From<Instant> for Deadline {
    /// The same instant, as far as the two clocks can be read at once.
    fn from(instant: Instant) -> Deadline {
        Deadline::after(instant.saturating_duration_since(Instant::now()))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_passes_and_the_far_end_of_time_does_not() {
        let soon = Deadline::after(Duration::from_millis(2));
        let never = Deadline::after(Duration::MAX);
        assert!(soon < never && !never.has_passed() && never.remaining() > Duration::from_secs(1 << 33));
        while !soon.has_passed() {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(soon.remaining(), Duration::ZERO);
        assert!(Deadline::after(Duration::ZERO).has_passed());
    }

    #[test]
    fn an_instant_is_a_deadline() {
        let hour = Duration::from_secs(3600);
        let left = Deadline::from(Instant::now() + hour).remaining();
        assert!(left <= hour && left > hour - Duration::from_secs(60), "{left:?}");
        assert!(Deadline::from(Instant::now()).has_passed());
        assert!(Deadline::from(Instant::now().checked_sub(Duration::from_millis(1)).unwrap()).has_passed());
    }
}
