//! The condition, for C.
//!
//! * what lives here: `cyd_condition_t`
//! * who calls it: C programs
//! * what it may call: `objects::condition`, and the locks it is used with
//! * the invariant: after a wait the lock is held again, unless the header says otherwise for the code
//! * where it is tested: `ffi-tests/c/condition.c`

use crate::capi::lock::cyd_lock_t;
use crate::capi::rlock::cyd_rlock_t;
use crate::capi::status::cyd_status_t;
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle};
use crate::error::Result;
use crate::objects::condition::Condition;
use crate::objects::yard::Yard;
use crate::sync::wait::Timeout;
use std::ffi::c_char;

/// A condition variable between processes: who holds a lock waits here, without the lock, until somebody notifies him.
///
/// It goes with any lock or re-entrant lock of the same yard; all who wait at a time should use the same one. Those who
/// have waited longest are notified first. A waiter that is killed when it was notified, before it has the lock again,
/// passes the notification on to the next. Several threads may use a handle at a time.
///
/// Look at what is waited for in a loop, as with every condition variable: it may be gone again before the lock is had.
///
/// @code{.c}
/// while (!ready && !CYD_FAILED(rc)) {
///     rc = cyd_condition_wait(condition, lock, -1);
/// }
/// @endcode
pub struct cyd_condition_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_condition_t, Condition, b"cond");

/// What the three ways to come to a condition have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_condition_t,
    come: impl FnOnce(&Yard, &str) -> Result<Condition>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        out.set(handle::open(come(yard, name)?)?);
        Ok(())
    })
}

/// Makes a condition.
///
/// \param yard  Where. Borrowed; the condition keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_condition_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_EXISTS    the name is taken
///   - #CYD_E_NAME      `name` is no legal name, or NULL
///   - #CYD_E_NO_SPACE  the yard is full
///   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
///   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
///   - #CYD_E_INVALID   a pointer is misaligned
///   - #CYD_E_NULL      `yard` or `out` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
///
/// \par Threads    Any.
/// \par Processes  One of several that create the same name at once succeeds.
/// \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
/// \par Crash      The condition exists whole, or not at all.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_condition_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_condition_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, Condition::create) }
}

/// Opens a condition.
///
/// \param yard  Where. Borrowed; the condition keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_condition_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_TYPE       the object of that name is no condition; or `yard` is no yard
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
pub unsafe extern "C" fn cyd_condition_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_condition_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, Condition::open) }
}

/// Opens a condition, or makes it.
///
/// \param yard  Where. Borrowed; the condition keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_condition_close().
///
/// \return As cyd_condition_open() and cyd_condition_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS.
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same condition.
/// \par Blocking   As cyd_condition_create().
/// \par Crash      As cyd_condition_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_condition_open_or_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_condition_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, Condition::open_or_create) }
}

/// Releases the lock, waits to be notified, and takes the lock again.
///
/// The caller holds the lock again after #CYD_OK, #CYD_OWNER_DIED, #CYD_E_TIMEOUT, #CYD_E_INTERRUPTED and #CYD_E_CANCELLED.
/// After the last three an owner may have died as well: cyd_lock_is_suspect() tells. `timeout_ns` limits the wait for a notification;
/// taking the lock again has no limit.
///
/// \param condition   Borrowed.
/// \param lock        In the same yard, held by the caller: his thread, or for the scopes #CYD_SCOPE_PROCESS and
///   #CYD_SCOPE_ANYONE his process. Borrowed.
/// \param timeout_ns  0 gives the lock up for a moment and takes it again; a negative value waits without limit.
///
/// \return #CYD_OK: notified; or
///   - #CYD_OWNER_DIED     notified, and an owner of the lock has died: see cyd_lock_acquire()
///   - #CYD_E_TIMEOUT      nobody has notified the caller in time; the lock is held
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE); the lock is held
///   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t; the lock is held
///   - #CYD_E_CLOSED       `condition` or `lock` was closed during the wait; the lock is held, and is released through
///     another handle if it was that one
///   - #CYD_E_NOT_OWNER    the caller does not hold the lock; nothing is changed
///   - #CYD_E_FOREIGN      the lock lies in another yard; nothing is changed
///   - #CYD_E_NO_SLOTS     the yard's table of threads is full; nothing is changed
///   - #CYD_E_UNSUPPORTED  the thread can own nothing: it was made by a bare clone()
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  a handle is NULL, closed, of another type, misaligned
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child waits for nothing of its parent's.
/// \par Blocking   Sleeps in the kernel until notified, then until the lock is free. Not async-signal-safe.
/// \par Crash      Killed while it waits: it does not count any more. Killed when it was notified, before it has the lock:
///   the next waiter is notified in its place, within 250 ms at the latest. Killed after: a dead owner's lock.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_condition_wait(
    condition: *mut cyd_condition_t,
    lock: *mut cyd_lock_t,
    timeout_ns: i64,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or a handle that nobody closes meanwhile, by the caller's promise.
        let (it, with) = unsafe { (handle::get(condition)?, handle::get(lock)?) };
        let mut inside = handle::Inside::new(2);
        // SAFETY: as above; from now on they may be closed.
        unsafe {
            inside.add(condition)?;
            inside.add(lock)?;
        }
        inside.wait(|| it.wait(with, Timeout::from_ns(timeout_ns)))?.or_error()
    })
}

/// As cyd_condition_wait(), with a re-entrant lock: it is released however often the calling thread has taken it, and
/// taken as often again.
///
/// \param condition   Borrowed.
/// \param rlock       In the same yard, held by the calling thread. Borrowed.
/// \param timeout_ns  0 gives the lock up for a moment and takes it again; a negative value waits without limit.
///
/// \return As cyd_condition_wait(); cyd_rlock_is_suspect() tells whether an owner has died.
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child waits for nothing of its parent's.
/// \par Blocking   As cyd_condition_wait().
/// \par Crash      As cyd_condition_wait().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_condition_wait_rlock(
    condition: *mut cyd_condition_t,
    rlock: *mut cyd_rlock_t,
    timeout_ns: i64,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or a handle that nobody closes meanwhile, by the caller's promise.
        let (it, with) = unsafe { (handle::get(condition)?, handle::get(rlock)?) };
        let mut inside = handle::Inside::new(2);
        // SAFETY: as above; from now on they may be closed.
        unsafe {
            inside.add(condition)?;
            inside.add(rlock)?;
        }
        inside.wait(|| it.wait(with, Timeout::from_ns(timeout_ns)))?.or_error()
    })
}

/// Notifies so many of those who wait, the longest waiting first, or all if there are fewer. The dead do not count.
///
/// The caller may hold the lock. If he does not, it is up to him that who is about to wait does not miss it.
///
/// \param condition  Borrowed.
/// \param count      At most so many; UINT32_MAX for all.
/// \param notified   Receives how many were notified; may be NULL.
///
/// \return #CYD_OK, or
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `condition` is NULL, closed, no condition; a pointer is
///     misaligned
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never; one system call for each that is notified. Not async-signal-safe.
/// \par Crash      Some of them are notified, the longest waiting, or none. One that was not woken looks again within
///   250 ms.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_condition_notify(
    condition: *mut cyd_condition_t,
    count: u32,
    notified: *mut u32,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (condition, notified) = unsafe { (handle::get(condition)?, args::out_or_null(notified)?) };
        let count = condition.notify(count);
        notified.into_iter().for_each(|notified| notified.set(count));
        Ok(())
    })
}

/// Notifies all who wait.
///
/// \param condition  Borrowed.
/// \param notified   Receives how many were notified; may be NULL.
///
/// \return As cyd_condition_notify().
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   As cyd_condition_notify().
/// \par Crash      As cyd_condition_notify().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_condition_notify_all(
    condition: *mut cyd_condition_t,
    notified: *mut u32,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { cyd_condition_notify(condition, u32::MAX, notified) }
}

/// Tells how many wait at this instant and are not notified yet. The dead do not count.
///
/// \param condition  Borrowed.
/// \param out        Receives the number.
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
pub unsafe extern "C" fn cyd_condition_waiters(
    condition: *const cyd_condition_t,
    out: *mut u32,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (condition, out) = unsafe { (handle::get(condition)?, args::out(out)?) };
        out.set(condition.waiters());
        Ok(())
    })
}

/// Closes the handle. NULL is allowed.
///
/// The condition itself stays in the yard, and whoever waits there waits on.
///
/// \param condition  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_condition_close(condition: *mut cyd_condition_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(condition) })
}
