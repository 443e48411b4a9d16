//! Room, as something to wait for, for C.
//!
//! * what lives here: `cyd_writable_t`
//! * who calls it: C programs
//! * what it may call: `objects::many`, and the objects that are written to
//! * the invariant: it knows nothing of the handle that it was made from
//! * where it is tested: `ffi-tests/c/writable.c`

use crate::capi::lifo_queue::cyd_lifo_queue_t;
use crate::capi::pipe::cyd_connection_t;
use crate::capi::priority_queue::cyd_priority_queue_t;
use crate::capi::queue::cyd_queue_t;
use crate::capi::status::cyd_status_t;
use crate::capi::{args, boundary, handle};
use crate::error::Result;
use crate::objects::many::Writable;

/// A queue or an end of a pipe as something to wait for until it can be written to, in the lists of cyd_wait_any() and its
/// sisters and as the object of a cyd_notifier_t. The handle of the queue or the end itself stands for what comes out of it.
///
/// @code{.c}
/// cyd_writable_t *room;
/// size_t which;
/// rc = cyd_queue_writable(jobs, &room);
/// void *either[] = {answers, room};
/// rc = cyd_wait_any(either, 2, -1, &which);
/// if (rc == CYD_OK && which == 1) {
///     rc = cyd_queue_put(jobs, &job, sizeof job, 0);
/// }
/// @endcode
///
/// It keeps the yard open, but holds no end and no side of anything, and goes on when the handle is closed that it was made
/// from. Any number of threads may use it at a time, and a fork() child may, too.
pub struct cyd_writable_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_writable_t, Writable, b"writ");

/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn made<N: handle::Noun>(
    of: *const N,
    out: *mut *mut cyd_writable_t,
    make: impl FnOnce(&N::Value) -> Result<Writable>,
) -> cyd_status_t
where
    N::Value: Sync,
{
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (of, out) = unsafe { (handle::get(of)?, args::out(out)?) };
        out.set(handle::open(make(of)?)?);
        Ok(())
    })
}

/// A queue as something to wait for: any message that needs no block can be put, which is one of up to `inline_max` bytes, or the
/// queue is shut down, or, of a queue that tells of its sides, the last consumer is gone.
///
/// A longer message may still find no block, and in a queue with a limit in bytes no room: then wait with the put itself.
///
/// \param queue  Borrowed for the call.
/// \param out    Receives the handle; close it with cyd_writable_close().
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID (a misaligned pointer) or #CYD_E_NO_MEMORY.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_writable(
    queue: *const cyd_queue_t,
    out: *mut *mut cyd_writable_t,
) -> cyd_status_t {
    // SAFETY: the caller's promise.
    unsafe { made(queue, out, |queue| Ok(queue.writable())) }
}

/// A last-in-first-out queue as something to wait for: there is room for a message, or it is shut down.
///
/// \param queue  Borrowed for the call.
/// \param out    As cyd_queue_writable().
///
/// \return As cyd_queue_writable().
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lifo_queue_writable(
    queue: *const cyd_lifo_queue_t,
    out: *mut *mut cyd_writable_t,
) -> cyd_status_t {
    // SAFETY: the caller's promise.
    unsafe { made(queue, out, |queue| Ok(queue.writable())) }
}

/// A priority queue as something to wait for: there is room for a message, or it is shut down.
///
/// \param queue  Borrowed for the call.
/// \param out    As cyd_queue_writable().
///
/// \return As cyd_queue_writable().
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_priority_queue_writable(
    queue: *const cyd_priority_queue_t,
    out: *mut *mut cyd_writable_t,
) -> cyd_status_t {
    // SAFETY: the caller's promise.
    unsafe { made(queue, out, |queue| Ok(queue.writable())) }
}

/// An end of a pipe as something to wait for: there is room for the longest message, or nobody holds the other end any more.
///
/// \param connection  Borrowed for the call.
/// \param out         As cyd_queue_writable().
///
/// \return As cyd_queue_writable(); #CYD_E_INVALID also if the end does not send.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_connection_writable(
    connection: *const cyd_connection_t,
    out: *mut *mut cyd_writable_t,
) -> cyd_status_t {
    // SAFETY: the caller's promise.
    unsafe { made(connection, out, |connection| connection.writable()) }
}

/// Closes a handle. NULL is harmless.
///
/// \param writable  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_writable_close(writable: *mut cyd_writable_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(writable) })
}
