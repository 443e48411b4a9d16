//! Monotonic time, comparable between processes.

use std::time::Duration;

/// Nanoseconds of CLOCK_MONOTONIC.
pub(crate) fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel fills the structure that lives on this stack.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The time since an earlier `now`; zero if it lies ahead.
pub(crate) fn since(earlier: u64) -> Duration {
    Duration::from_nanos(now().saturating_sub(earlier))
}

/// A span in the kernel's form.
pub(crate) fn timespec(span: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: span.as_secs() as libc::time_t,
        tv_nsec: libc::c_long::from(span.subsec_nanos() as i32),
    }
}
