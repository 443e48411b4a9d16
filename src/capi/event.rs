//! The event, for C.
//!
//! * what lives here: `cyd_event_t`
//! * who calls it: C programs; signal handlers
//! * what it may call: `objects::event`
//! * the invariant: setting, clearing, looking, and waiting for what is set run outside the boundary and cannot panic;
//!   the first three touch no thread-local and allocate nothing
//! * where it is tested: `ffi-tests/c/event.c`

use crate::capi::status::{CYD_OK, cyd_status_t};
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::{Error, ErrorKind, Result};
use crate::objects::event::{Event, EventOptions};
use crate::objects::yard::Yard;
use crate::sync::wait::Timeout;
use std::ffi::c_char;

/// A flag that threads and processes wait for.
///
/// It is set, and then everybody who waits goes on, until somebody clears it; with auto-reset, who goes on clears it. What
/// was done before a set is seen by who goes on because of it. Nobody owns an event: a death leaves it as it is. Several
/// threads may use a handle at a time.
pub struct cyd_event_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_event_t, Event, b"evnt");

/// Event option: it is set at first.
pub const CYD_EVENT_SET: u32 = 1;
/// Event option: who goes on clears it, so that each set lets one go on.
pub const CYD_EVENT_AUTO_RESET: u32 = 2;

/// # Errors
/// `Version` for a flag of a later version.
fn options(flags: u32) -> Result<EventOptions> {
    options::unknown("event flags", flags & !(CYD_EVENT_SET | CYD_EVENT_AUTO_RESET))?;
    Ok(EventOptions {
        initially_set: flags & CYD_EVENT_SET != 0,
        auto_reset: flags & CYD_EVENT_AUTO_RESET != 0,
    })
}

/// What the three ways to come to an event have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_event_t,
    come: impl FnOnce(&Yard, &str) -> Result<Event>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        out.set(handle::open(come(yard, name)?)?);
        Ok(())
    })
}

/// Makes an event.
///
/// \param yard   Where. Borrowed; the event keeps the yard open by itself.
/// \param name   1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param flags  0, or any of #CYD_EVENT_SET and #CYD_EVENT_AUTO_RESET.
/// \param out    Receives the handle; close it with cyd_event_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_EXISTS    the name is taken
///   - #CYD_E_NAME      `name` is no legal name, or NULL
///   - #CYD_E_NO_SPACE  the yard is full
///   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
///   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
///   - #CYD_E_VERSION   `flags` holds something that this version does not know
///   - #CYD_E_NULL      `yard` or `out` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
///   - #CYD_E_INVALID   a pointer is misaligned
///
/// \par Threads    Any.
/// \par Processes  One of several that create the same name at once succeeds.
/// \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
/// \par Crash      The event exists whole, or not at all.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_event_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    flags: u32,
    out: *mut *mut cyd_event_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, |yard, name| Event::create(yard, name, options(flags)?)) }
}

/// Opens an event, of either kind.
///
/// \param yard  Where. Borrowed; the event keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_event_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_TYPE       the object of that name is no event; or `yard` is no yard
///   - #CYD_E_NAME       `name` is no legal name, or NULL
///   - #CYD_E_NULL       `yard` or `out` is NULL
///   - #CYD_E_CLOSED     `yard` is closed
///   - #CYD_E_INVALID    a pointer is misaligned
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_event_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_event_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, Event::open) }
}

/// Opens an event of this kind, or makes it. #CYD_EVENT_SET counts for who makes it only.
///
/// \param yard   Where. Borrowed; the event keeps the yard open by itself.
/// \param name   1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param flags  0, or any of #CYD_EVENT_SET and #CYD_EVENT_AUTO_RESET.
/// \param out    Receives the handle; close it with cyd_event_close().
///
/// \return As cyd_event_open() and cyd_event_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS; and
///   - #CYD_E_MISMATCH  it is of the other kind
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same event.
/// \par Blocking   As cyd_event_create().
/// \par Crash      As cyd_event_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_event_open_or_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    flags: u32,
    out: *mut *mut cyd_event_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, |yard, name| Event::open_or_create(yard, name, options(flags)?)) }
}

/// Sets an event: everybody who waits goes on, or one of them with auto-reset. If it is set already, stores nothing.
///
/// \param event  Borrowed.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE (no event) or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Never; a system call only if somebody sleeps. Async-signal-safe.
/// \par Crash      It is set or not. Killed between the set and the wake, the sleepers wake within a slice of 250 ms.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_event_set(event: *mut cyd_event_t) -> cyd_status_t {
    // SAFETY: NULL or as the header asks of the caller.
    boundary::code_in_signal(unsafe { handle::get(event) }.map(|event| _ = event.set()))
}

/// Clears an event.
///
/// \param event  Borrowed.
///
/// \return As cyd_event_set().
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      It is cleared or not: one atomic step.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_event_clear(event: *mut cyd_event_t) -> cyd_status_t {
    // SAFETY: NULL or as the header asks of the caller.
    boundary::code_in_signal(unsafe { handle::get(event) }.map(|event| _ = event.clear()))
}

/// Tells whether an event is set at this instant.
///
/// \param event  Borrowed.
/// \param out    Receives the answer.
///
/// \return As cyd_event_set(), and #CYD_E_NULL if `out` is NULL.
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_event_is_set(event: *const cyd_event_t, out: *mut bool) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked = || unsafe { Ok((handle::get(event)?, args::out(out)?)) };
    boundary::code_in_signal(checked().map(|(event, out)| out.set(event.is_set())))
}

/// Waits until an event is set; with auto-reset, clears it.
///
/// Who waits misses no set, also if it is cleared at once (not with auto-reset, where one of all takes it).
///
/// \param event       Borrowed.
/// \param timeout_ns  Nanoseconds; 0 looks only, a negative number waits without limit.
///
/// \return #CYD_OK, or
///   - #CYD_E_TIMEOUT      it was not set in time
///   - #CYD_E_INTERRUPTED  a signal handler ran; only if the yard was opened with #CYD_YARD_INTERRUPTIBLE
///   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
///   - #CYD_E_NO_SLOTS     it is not set, and the table of threads is full: who waits needs a place
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `event` is NULL, closed, no event, misaligned
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   At most `timeout_ns`; no system call if the event is set.
/// \par Crash      Killed in the moment of taking an auto-reset event, the event may have been taken.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_event_wait(event: *mut cyd_event_t, timeout_ns: i64) -> cyd_status_t {
    // SAFETY: NULL or as the header asks of the caller.
    match unsafe { handle::get(event) } {
        Ok(event) if event.wait_fast() => CYD_OK,
        Ok(_) if timeout_ns == 0 => boundary::code(Err::<(), _>(ErrorKind::Timeout)),
        Ok(it) => {
            // SAFETY: as above; from now on it may be closed.
            boundary::call(|| unsafe { handle::waiting(event, || it.wait(Timeout::from_ns(timeout_ns))) })
        }
        Err(kind) => boundary::call(|| Err::<(), _>(Error::from(kind))),
    }
}

/// Closes the handle. The event stays in the yard.
///
/// \param event  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_event_close(event: *mut cyd_event_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(event) })
}
