//! Deadlines, for C: one instant for several calls.
//!
//! * what lives here: two functions on numbers
//! * who calls it: C programs
//! * what it may call: `sync::deadline`
//! * the invariant: what has no limit stays without
//! * where it is tested: `ffi-tests/c/deadline.c`

use crate::sync::deadline::Deadline;
use std::time::Duration;

/// The instant that lies so long from now, for cyd_deadline_left().
///
/// @code{.c}
/// int64_t deadline = cyd_deadline_after(timeout_ns);
/// rc = cyd_lock_acquire(lock, cyd_deadline_left(deadline));
/// if (!CYD_FAILED(rc)) {
///     rc = cyd_condition_wait(condition, lock, cyd_deadline_left(deadline));
/// }
/// @endcode
///
/// \param timeout_ns  Nanoseconds; a negative value is no limit.
///
/// \return Nanoseconds of CLOCK_MONOTONIC, INT64_MAX at most; -1 for no limit. It means something in this process and its
///   fork() children.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub extern "C" fn cyd_deadline_after(timeout_ns: i64) -> i64 {
    match u64::try_from(timeout_ns) {
        Ok(ns) => i64::try_from(Deadline::after(Duration::from_nanos(ns)).ns()).unwrap_or(i64::MAX),
        Err(_) => -1,
    }
}

/// How long it is until a deadline: the `timeout_ns` of the next call.
///
/// \param deadline  From cyd_deadline_after().
///
/// \return Nanoseconds; 0 if it has passed, -1 if there is no limit.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub extern "C" fn cyd_deadline_left(deadline: i64) -> i64 {
    match u64::try_from(deadline) {
        Ok(ns) => i64::try_from(Deadline::from_ns(ns).remaining().as_nanos()).unwrap_or(i64::MAX),
        Err(_) => -1,
    }
}
