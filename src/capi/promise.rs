//! Results that a program gives itself, for C.
//!
//! * what lives here: `cyd_promise_t`
//! * who calls it: C programs
//! * what it may call: `objects::pool`
//! * the invariant: a promise is kept once
//! * where it is tested: `ffi-tests/c/pool.c`

use crate::capi::future::cyd_future_t;
use crate::capi::handle::Vacant;
use crate::capi::pool::cyd_pool_t;
use crate::capi::status::cyd_status_t;
use crate::capi::{args, boundary, handle};
use crate::error::{Error, ErrorKind, Result};
use crate::objects::pool::Promise;
use std::ffi::{c_char, c_void};

/// The other side of a #cyd_future_t that no worker works at: this process gives the result, whenever it has it. One thread at a
/// time may use a handle.
///
/// Closed without a result, or if its process dies, the future tells that it was lost.
pub struct cyd_promise_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_promise_t, Option<Promise>, b"prom");

/// Makes a future whose result this process gives itself. It takes a place as a task does.
///
/// \param pool        Borrowed.
/// \param timeout_ns  How long to wait for a place: 0 tries and never waits, a negative value waits without limit.
/// \param promise     Receives the handle of who gives the result; close it with cyd_promise_close().
/// \param future      Receives the handle of who waits for it; close it with cyd_future_close().
///
/// \return As cyd_pool_submit(); #CYD_E_NULL also if `promise` or `future` is NULL.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   At most `timeout_ns`, while there is no place. Not async-signal-safe.
/// \par Crash      Killed in it, nothing was promised.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_promise(
    pool: *mut cyd_pool_t,
    timeout_ns: i64,
    promise: *mut *mut cyd_promise_t,
    future: *mut *mut cyd_future_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, promise, future) = unsafe { (handle::get(pool)?, args::out(promise)?, args::out(future)?) };
        let (keeps, waits) = (Vacant::take()?, Vacant::take()?); // before anything is promised
        // SAFETY: as above; while we wait it may be closed.
        let (ours, theirs) =
            unsafe { handle::trying(pool, timeout_ns, |timeout| it.promise_within(timeout))? };
        promise.set(keeps.open(Some(ours)));
        future.set(waits.open(theirs));
        Ok(())
    })
}

/// # Safety
/// NULL or a handle as the header asks of the caller.
unsafe fn keep(promise: *mut cyd_promise_t, keep: impl FnOnce(Promise) -> Result<()>) -> Result<()> {
    // SAFETY: the caller's promise.
    let kept = unsafe { handle::get_mut(promise)? }.take();
    keep(kept.ok_or_else(|| Error::with(ErrorKind::State, "it was kept already"))?)
}

/// Gives the result.
///
/// \param promise  Borrowed; it has to be closed still.
/// \param data     The first byte; copied. May be NULL if `len` is 0.
/// \param len      How many bytes.
///
/// \return #CYD_OK, or
///   - #CYD_E_TOO_LONG, #CYD_E_NO_SPACE  there is no block for it: the future fails, and says so
///   - #CYD_E_STATE      it was kept already
///   - #CYD_E_NOT_OWNER  this is a fork child of who promised
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `promise` is NULL, or `data` is and `len` is not 0; `promise` is closed or none
///   - #CYD_E_INVALID    `len` is more than any memory, `promise` is misaligned
///
/// \par Threads    One at a time.
/// \par Processes  The one that promised.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Killed before the one swap: it is lost. Killed after: the result is there, whole.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_promise_set(
    promise: *mut cyd_promise_t,
    data: *const c_void,
    len: usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let data = unsafe { args::bytes(data, len)? };
        // SAFETY: as above.
        unsafe { keep(promise, |it| it.set_result(data)) }
    })
}

/// Gives an error instead.
///
/// \param promise  Borrowed; it has to be closed still.
/// \param text     In UTF-8; copied.
///
/// \return As cyd_promise_set(); #CYD_E_NAME if `text` is NULL, or not UTF-8.
///
/// \par Threads    One at a time.
/// \par Processes  The one that promised.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      As cyd_promise_set().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_promise_fail(promise: *mut cyd_promise_t, text: *const c_char) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let text = unsafe { args::name(text)? };
        // SAFETY: as above.
        unsafe { keep(promise, |it| it.set_error(text)) }
    })
}

/// Tells whether somebody has asked it to stop, or nobody wants its result any more.
///
/// \param promise  Borrowed.
/// \param out      Receives the answer; true also once it was kept.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    One at a time.
/// \par Processes  A fork child may ask too.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_promise_is_cancelled(
    promise: *mut cyd_promise_t,
    out: *mut bool,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, out) = unsafe { (handle::get_mut(promise)?, args::out(out)?) };
        out.set(it.as_ref().is_none_or(Promise::is_cancelled));
        Ok(())
    })
}

/// Closes the handle; a promise that was not kept is broken. NULL is harmless.
///
/// \param promise  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle.
/// \par Processes  In a fork child nothing else happens: the promise is its parent's.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      The future tells that it was lost.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_promise_close(promise: *mut cyd_promise_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(promise) })
}
