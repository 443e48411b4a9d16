//! Deadlines: absolute nanoseconds of CLOCK_MONOTONIC, which does not stop for a clock change.

use std::time::Duration;

/// Now, in nanoseconds of CLOCK_MONOTONIC.
pub(crate) fn now_ns() -> u64 {
    match nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC) {
        Ok(t) => (t.tv_sec() as u64).saturating_mul(1_000_000_000).saturating_add(t.tv_nsec() as u64),
        Err(_) => 0, // cannot fail on Linux; a deadline in the past is the safe reading
    }
}

/// Now, in nanoseconds since 1970, for people.
pub(crate) fn wall_ns() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |t| u64::try_from(t.as_nanos()).unwrap_or(u64::MAX))
}

/// The instant that lies `wait` from now; very long waits end at the far end of time.
pub(crate) fn after(wait: Duration) -> u64 {
    now_ns().saturating_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX))
}
