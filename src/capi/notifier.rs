//! Descriptors for event loops, for C.
//!
//! * what lives here: `cyd_notifier_t`
//! * who calls it: C programs
//! * what it may call: `objects::many`
//! * the invariant: a notifier knows nothing of the handle that it was made from
//! * where it is tested: `ffi-tests/c/notifier.c`

use crate::capi::status::cyd_status_t;
use crate::capi::{args, boundary, handle, many};
use crate::objects::many::Notifier;
use std::ffi::{c_int, c_void};
use std::os::fd::AsRawFd;

/// A descriptor that becomes readable when an object is ready, for poll(), epoll, libuv, asyncio and whatever else waits for
/// descriptors. What ready means for each object, cyd_wait_any() says.
///
/// It is readable as soon as the object is ready, also if it is when the notifier is made. Then:
///
///   1. cyd_notifier_clear(): the descriptor is not readable any more, unless the object is ready still; from now on it tells
///      again.
///   2. *Then* try, with a timeout of 0, until there is nothing left (#CYD_E_EMPTY, #CYD_E_BUSY, #CYD_E_FULL, #CYD_E_TIMEOUT).
///      That may be at once: somebody else was quicker.
///   3. Wait for the descriptor again. Nothing that came meanwhile is missed: what the tries have not seen makes it readable.
///
/// Who has been told and does not clear is not told again, and costs those who change the object nothing. Whoever reads the
/// descriptor himself (8 bytes) instead of calling cyd_notifier_clear() hears of the next change within 250 ms only.
///
/// All notifiers of a process share one thread of the library's, which is started for the first, blocks all signals, and ends
/// within 250 ms after the last is closed. For each change of an object that is waited for in that way it looks at all
/// objects whose notifiers have not told yet. The end of a peer is told like any change: usually within a millisecond, within
/// 250 ms at the latest.
///
/// A notifier keeps the yard open, but holds no end of a ring or pipe, and goes on when the handle is closed that it was made
/// from. It belongs to the process that made it; a fork() child makes its own. A record that was peeked and not released counts
/// as there. Several threads may use a handle at a time.
pub struct cyd_notifier_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_notifier_t, Notifier, b"noti");

/// Makes a descriptor that tells when an object is ready.
///
/// @code{.c}
/// cyd_notifier_t *notifier;
/// struct pollfd it = {.events = POLLIN};
/// rc = cyd_notifier_create(queue, &notifier);
/// rc = cyd_notifier_fd(notifier, &it.fd);
/// for (;;) {
///     poll(&it, 1, -1);
///     rc = cyd_notifier_clear(notifier);
///     while (cyd_queue_get(queue, buffer, sizeof buffer, 0, &len) == CYD_OK) {
///         work(buffer, len);
///     }
/// }
/// @endcode
///
/// \param handle  A handle of a type that cyd_wait_any() takes. Borrowed for the call.
/// \param out     Receives the handle; close it with cyd_notifier_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NO_MEMORY    the process may have no more descriptors (cyd_last_os_error() is EMFILE), or threads
///   - #CYD_E_NOT_OWNER    an end of a ring is held by the parent of this fork() child
///   - #CYD_E_UNSUPPORTED  an end of a ring that was made for spinning; a process, which has a descriptor: cyd_process_fd()
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  a pointer is NULL; `handle` is closed, or nothing that can be waited for
///   - #CYD_E_INVALID      a pointer is misaligned
///
/// \par Threads    Any; an end of a ring by one at a time, as in its other calls.
/// \par Processes  Any. The descriptor is closed by exec().
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Nothing is taken; what was announced in the object goes with the next change of it.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_notifier_create(
    handle: *mut c_void,
    out: *mut *mut cyd_notifier_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (kept, out) = unsafe { (many::kept(handle)?, args::out(out)?) };
        out.set(handle::open(Notifier::new(kept)?)?);
        Ok(())
    })
}

/// Gives the descriptor of a notifier.
///
/// \param notifier  Borrowed.
/// \param out       Receives the number. It stays the library's: do not close it, and do not use it after the notifier is closed.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  In a fork() child it is the parent's descriptor too: what one reads the other does not.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_notifier_fd(notifier: *const cyd_notifier_t, out: *mut c_int) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (notifier, out) = unsafe { (handle::get(notifier)?, args::out(out)?) };
        out.set(notifier.as_raw_fd());
        Ok(())
    })
}

/// Makes the descriptor not readable, and readable again as soon as the object is ready, which may be at once.
///
/// \param notifier  Borrowed.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_OWNER  the caller is a fork() child of the process that made it
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `notifier` is NULL, closed, no notifier, misaligned
///
/// \par Threads    Any.
/// \par Processes  The one that made it.
/// \par Blocking   Never; one system call, or two. Not async-signal-safe.
/// \par Crash      Nothing is taken. Who waits for the same object goes on as ever.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_notifier_clear(notifier: *const cyd_notifier_t) -> cyd_status_t {
    // SAFETY: NULL or as the header asks of the caller.
    boundary::call(|| unsafe { handle::get(notifier)? }.clear())
}

/// Closes the notifier, and its descriptor. NULL is harmless. Take the descriptor out of whatever waits for it before.
///
/// \param notifier  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_notifier_close(notifier: *mut cyd_notifier_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(notifier) })
}
