//! The semaphore, for C.
//!
//! * what lives here: `cyd_semaphore_t`
//! * who calls it: C programs; signal handlers
//! * what it may call: `objects::semaphore`
//! * the invariant: taking a permit that is there, and releasing, run outside the boundary and cannot panic; releasing
//!   and looking touch no thread-local and allocate nothing
//! * where it is tested: `ffi-tests/c/semaphore.c`

use crate::capi::status::{CYD_OK, cyd_status_t};
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::Result;
use crate::objects::semaphore::{Semaphore, SemaphoreOptions};
use crate::objects::yard::Yard;
use crate::sync::wait::Timeout;
use std::ffi::c_char;

/// A counting semaphore between processes, which nobody owns.
///
/// Anybody takes permits one at a time, and anybody adds some, whoever took them. Nothing comes back by itself: a process
/// that dies with a permit has taken it for good. Uncontended, taking and releasing are one compare-and-swap each and no
/// system call. What was done before a release is seen by who takes what it released. Not fair: a running taker may
/// overtake a sleeping one. Several threads may use a handle at a time.
pub struct cyd_semaphore_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_semaphore_t, Semaphore, b"sema");

/// How a semaphore is made. Zero means default; a NULL pointer to it means all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_semaphore_options_t {
    /// sizeof(cyd_semaphore_options_t)
    pub struct_size: usize,
    /// How many permits there are at first.
    pub initial: u32,
    /// How many there can be, at most 2147483647; 0 sets no maximum but that number.
    pub maximum: u32,
}
options::sized!(cyd_semaphore_options_t { struct_size, initial: u32, maximum: u32 });

/// # Safety
/// As `options::read`.
unsafe fn options(from: *const cyd_semaphore_options_t) -> Result<SemaphoreOptions> {
    // SAFETY: the caller's promise.
    let theirs = unsafe { options::read(from)? };
    let maximum = if theirs.maximum == 0 { None } else { Some(theirs.maximum) };
    Ok(SemaphoreOptions { initial: theirs.initial, maximum })
}

/// What the three ways to come to a semaphore have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_semaphore_t,
    come: impl FnOnce(&Yard, &str) -> Result<Semaphore>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        out.set(handle::open(come(yard, name)?)?);
        Ok(())
    })
}

/// Makes a semaphore.
///
/// \param yard     Where. Borrowed; the semaphore keeps the yard open by itself.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param options  NULL: no permits at first, and no maximum.
/// \param out      Receives the handle; close it with cyd_semaphore_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_EXISTS    the name is taken
///   - #CYD_E_NAME      `name` is no legal name, or NULL
///   - #CYD_E_RANGE     more permits at first than the maximum, or than 2147483647; a maximum above that
///   - #CYD_E_NO_SPACE  the yard is full
///   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
///   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
///   - #CYD_E_INVALID   `struct_size` is impossible, a pointer is misaligned
///   - #CYD_E_VERSION   the options hold something that this version does not know
///   - #CYD_E_NULL      `yard` or `out` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
///
/// \par Threads    Any.
/// \par Processes  One of several that create the same name at once succeeds.
/// \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
/// \par Crash      The semaphore exists whole, or not at all.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_semaphore_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    options: *const cyd_semaphore_options_t,
    out: *mut *mut cyd_semaphore_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, |yard, name| Semaphore::create(yard, name, self::options(options)?)) }
}

/// Opens a semaphore, whatever its maximum.
///
/// \param yard  Where. Borrowed; the semaphore keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_semaphore_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_TYPE       the object of that name is no semaphore; or `yard` is no yard
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
pub unsafe extern "C" fn cyd_semaphore_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_semaphore_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, Semaphore::open) }
}

/// Opens a semaphore of this maximum, or makes it. `initial` counts for who makes it only.
///
/// \param yard     Where. Borrowed; the semaphore keeps the yard open by itself.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param options  NULL: no permits at first, and no maximum.
/// \param out      Receives the handle; close it with cyd_semaphore_close().
///
/// \return As cyd_semaphore_open() and cyd_semaphore_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
///   #CYD_E_MISMATCH if it exists with another maximum.
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same semaphore.
/// \par Blocking   As cyd_semaphore_create().
/// \par Crash      As cyd_semaphore_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_semaphore_open_or_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    options: *const cyd_semaphore_options_t,
    out: *mut *mut cyd_semaphore_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe {
        named(yard, name, out, |yard, name| Semaphore::open_or_create(yard, name, self::options(options)?))
    }
}

/// Takes a permit.
///
/// \param semaphore   Borrowed.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
///
/// \return #CYD_OK, or
///   - #CYD_E_BUSY         there was none, and `timeout_ns` is 0
///   - #CYD_E_TIMEOUT      there was none in `timeout_ns`
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
///   - #CYD_E_NO_SLOTS     there was none, and the yard's table of threads or processes is full
///   - #CYD_E_UNSUPPORTED  there was none, and the thread was made by a bare clone()
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `semaphore` is NULL, closed, no semaphore, misaligned
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Sleeps in the kernel while there is no permit, however long. Not async-signal-safe.
/// \par Crash      Killed before the one store that takes the permit: not taken. Killed after: taken for good; nothing
///   comes back with a death. Others wait no longer than 250 ms while permits are there.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_semaphore_acquire(
    semaphore: *mut cyd_semaphore_t,
    timeout_ns: i64,
) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    match unsafe { handle::get(semaphore) } {
        Ok(it) if it.acquire_fast() => CYD_OK,
        // SAFETY: as above; from now on it may be closed.
        Ok(it) => unsafe { acquire_slowly(semaphore, it, timeout_ns) },
        Err(wrong) => boundary::code(Err::<(), _>(wrong)),
    }
}

/// On its own, so that the fast path needs no stack.
///
/// # Safety
/// The handle is open, and `it` lies behind it. From now on it may be closed.
#[cold]
#[inline(never)]
unsafe fn acquire_slowly(semaphore: *const cyd_semaphore_t, it: &Semaphore, timeout_ns: i64) -> cyd_status_t {
    // SAFETY: the caller's promise.
    boundary::call(|| unsafe { handle::waiting(semaphore, || it.acquire(Timeout::from_ns(timeout_ns))) })
}

/// Adds permits, whoever took them or whether anybody did, and wakes as many who wait.
///
/// Leaves no message for cyd_last_error_message().
///
/// \param semaphore  Borrowed.
/// \param count      How many, at least 1.
///
/// \return #CYD_OK, or
///   - #CYD_E_RANGE  `count` is 0, or there would be more than the maximum (without one: than 2147483647); nothing is
///     changed
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `semaphore` is NULL, closed, no semaphore, misaligned
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Never; one system call if somebody sleeps. Async-signal-safe.
/// \par Crash      All of them are added, or none. Killed after the one store that adds them: a sleeper that was not
///   woken looks again within 250 ms.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_semaphore_release(semaphore: *mut cyd_semaphore_t, count: u32) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise. Releasing cannot panic.
    boundary::code_in_signal(unsafe { handle::get(semaphore) }.and_then(|semaphore| semaphore.add(count)))
}

/// Tells how many permits there are at this instant.
///
/// Leaves no message for cyd_last_error_message().
///
/// \param semaphore  Borrowed.
/// \param out        Receives the number.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_semaphore_value(
    semaphore: *const cyd_semaphore_t,
    out: *mut u32,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked = || unsafe { Ok((handle::get(semaphore)?, args::out(out)?)) };
    boundary::code_in_signal(checked().map(|(semaphore, out)| out.set(semaphore.value())))
}

/// Tells how many permits there can be.
///
/// \param semaphore  Borrowed.
/// \param out        Receives the maximum it was made with; 0 if none was set.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_semaphore_maximum(
    semaphore: *const cyd_semaphore_t,
    out: *mut u32,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (semaphore, out) = unsafe { (handle::get(semaphore)?, args::out(out)?) };
        out.set(semaphore.maximum().unwrap_or(0));
        Ok(())
    })
}

/// Closes a handle on a semaphore. NULL is harmless.
///
/// The semaphore stays as it is; what this process has taken stays taken.
///
/// \param semaphore  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_semaphore_close(semaphore: *mut cyd_semaphore_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(semaphore) })
}
