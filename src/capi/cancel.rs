//! The cancel token, for C.
//!
//! * what lives here: `cyd_cancel_t`
//! * who calls it: C programs; signal handlers
//! * what it may call: `objects::cancel`
//! * the invariant: cancelling and looking run outside the boundary, touch no thread-local and allocate nothing
//! * where it is tested: `ffi-tests/c/cancel.c`

use crate::capi::event::cyd_event_t;
use crate::capi::status::cyd_status_t;
use crate::capi::{args, boundary, handle};
use crate::objects::cancel::CancelToken;

/// Ends waits from outside: a cancel token.
///
/// A thread that has entered the token watches it in every call that waits, on whatever object in whatever yard, until it
/// leaves: when the token is cancelled, such a call ends with #CYD_E_CANCELLED, within microseconds, and a later one does not
/// begin to wait. What needs no waiting succeeds even so. A cancelled wait changes nothing, but that at a barrier, which
/// it breaks. Two waits go on: that for the
/// lock at the end of cyd_condition_wait(), and that of the functions that make objects.
///
/// Several threads may use a handle at a time. A fork() child has entered what the forking thread had; a token of
/// cyd_cancel_create() is then a copy of its own there, one of cyd_cancel_from_event() means the same event.
///
/// @code{.c}
/// static cyd_cancel_t *stop;
/// static void on_int(int signal) { if (CYD_FAILED(cyd_cancel_set(stop))) abort(); }
/// ...
/// must(cyd_cancel_create(&stop));
/// must(cyd_cancel_enter(stop));
/// signal(SIGINT, on_int);
/// rc = cyd_receiver_recv(receiver, buffer, sizeof buffer, -1, &len); // #CYD_E_CANCELLED after Ctrl-C
/// @endcode
pub struct cyd_cancel_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_cancel_t, CancelToken, b"cncl");

/// Makes a cancel token for the threads of this process.
///
/// \param out  Receives the handle; close it with cyd_cancel_close().
///
/// \return #CYD_OK, #CYD_E_NULL (`out` is NULL), #CYD_E_INVALID (a misaligned pointer) or #CYD_E_NO_MEMORY.
///
/// \par Threads    Any.
/// \par Processes  For this one only.
/// \par Blocking   Never.
/// \par Crash      Nothing is left.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_cancel_create(out: *mut *mut cyd_cancel_t) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or as the header asks of the caller.
        let out = unsafe { args::out(out)? };
        out.set(handle::open(CancelToken::new())?);
        Ok(())
    })
}

/// Makes a cancel token of an event: whoever sets the event cancels, in whatever process. Clearing the event makes the token
/// new; who had entered it when it was set stays cancelled until he leaves.
///
/// \param event  Without #CYD_EVENT_AUTO_RESET. Borrowed; the token keeps its yard open by itself.
/// \param out    Receives the handle; close it with cyd_cancel_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_INVALID  the event is reset by who waits for it; or a pointer is misaligned
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `event` or `out` is NULL; `event` is closed, or no event
///   - #CYD_E_NO_MEMORY
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_cancel_from_event(
    event: *const cyd_event_t,
    out: *mut *mut cyd_cancel_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (event, out) = unsafe { (handle::get(event)?, args::out(out)?) };
        out.set(handle::open(CancelToken::from_event(event)?)?);
        Ok(())
    })
}

/// Cancels: ends the waits of all threads that have entered the token, and of all that will.
///
/// \param cancel  Borrowed.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE (no token) or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  As cyd_cancel_create() and cyd_cancel_from_event() say.
/// \par Blocking   Never; a system call only if somebody sleeps. Async-signal-safe.
/// \par Crash      It is cancelled or not. Killed before the wake, the sleepers wake within a slice of 250 ms.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_cancel_set(cancel: *mut cyd_cancel_t) -> cyd_status_t {
    // SAFETY: NULL or as the header asks of the caller.
    boundary::code_in_signal(unsafe { handle::get(cancel) }.map(|cancel| _ = cancel.cancel()))
}

/// Tells whether a token is cancelled at this instant.
///
/// \param cancel  Borrowed.
/// \param out     Receives the answer.
///
/// \return As cyd_cancel_set(), and #CYD_E_NULL if `out` is NULL.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_cancel_is_set(cancel: *const cyd_cancel_t, out: *mut bool) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked = || unsafe { Ok((handle::get(cancel)?, args::out(out)?)) };
    boundary::code_in_signal(checked().map(|(cancel, out)| out.set(cancel.is_cancelled())))
}

/// From now on the token ends the waits of the calling thread, until cyd_cancel_leave().
///
/// A thread can enter several tokens, and one several times: each is watched, and each is left once. Leave before you close
/// the handle; the thread's end leaves nothing.
///
/// \param cancel  Borrowed.
///
/// \return #CYD_OK, or
///   - #CYD_E_RANGE  the thread has entered four times already
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `cancel` is NULL, closed, no token, misaligned
///
/// \par Threads    For the calling one only.
/// \par Processes  Any.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_cancel_enter(cancel: *const cyd_cancel_t) -> cyd_status_t {
    // SAFETY: NULL or as the header asks of the caller.
    boundary::call(|| unsafe { handle::get(cancel) }?.enter().map(drop))
}

/// The token no longer ends the waits of the calling thread, if it has entered once. Tokens are left in any order.
///
/// \param cancel  Borrowed.
///
/// \return #CYD_OK, or
///   - #CYD_E_STATE  the thread has not entered it, or has left it again
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `cancel` is NULL, closed, no token, misaligned
///
/// \par Threads    The one that has entered.
/// \par Processes  Any.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_cancel_leave(cancel: *const cyd_cancel_t) -> cyd_status_t {
    // SAFETY: NULL or as the header asks of the caller.
    boundary::call(|| unsafe { handle::get(cancel) }?.leave())
}

/// Closes the handle. NULL is harmless. Threads that have entered the token stay in it.
///
/// \param cancel  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_cancel_close(cancel: *mut cyd_cancel_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(cancel) })
}
