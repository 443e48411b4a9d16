//! The re-entrant lock, for C.
//!
//! * what lives here: `cyd_rlock_t`
//! * who calls it: C programs
//! * what it may call: `objects::rlock`
//! * the invariant: the uncontended steps of acquiring and releasing run before the boundary and cannot panic
//! * where it is tested: `ffi-tests/c/rlock.c`

use crate::capi::lock::cyd_holder_t;
use crate::capi::status::{CYD_OK, cyd_status_t};
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::{ErrorKind, Result};
use crate::objects::rlock::RLock;
use crate::objects::yard::Yard;
use crate::sync::wait::Timeout;
use std::ffi::c_char;

/// A lock between processes that its owner, a thread, may take again, and that survives its owners.
///
/// It is free when it has been released as often as taken. Uncontended, the first taking and the last releasing are one
/// compare-and-swap each, those between a load and a store; no system call. Not fair: a running taker may overtake a
/// sleeping one. Several threads may use a handle at a time.
pub struct cyd_rlock_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_rlock_t, RLock, b"rlck");

/// What the three ways to come to a lock have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_rlock_t,
    come: impl FnOnce(&Yard, &str) -> Result<RLock>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        out.set(handle::open(come(yard, name)?)?);
        Ok(())
    })
}

/// Makes a re-entrant lock.
///
/// \param yard  Where. Borrowed; the lock keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_rlock_close().
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
/// \par Crash      The lock exists whole, or not at all.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_rlock_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_rlock_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, RLock::create) }
}

/// Opens a re-entrant lock.
///
/// \param yard  Where. Borrowed; the lock keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_rlock_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_TYPE       the object of that name is no re-entrant lock; or `yard` is no yard
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
pub unsafe extern "C" fn cyd_rlock_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_rlock_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, RLock::open) }
}

/// Opens a re-entrant lock, or makes it.
///
/// \param yard  Where. Borrowed; the lock keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_rlock_close().
///
/// \return As cyd_rlock_open() and cyd_rlock_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS.
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same lock.
/// \par Blocking   As cyd_rlock_create().
/// \par Crash      As cyd_rlock_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_rlock_open_or_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_rlock_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, RLock::open_or_create) }
}

/// Takes the lock, at once if the calling thread holds it already. Each taking needs its own cyd_rlock_release().
///
/// If the owner dies, the next taker gets the lock, taken once, and #CYD_OWNER_DIED: make the guarded data whole, then
/// call cyd_rlock_repaired(). Until somebody does, every taking gets that news.
///
/// \param rlock       Borrowed.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
///
/// \return #CYD_OK or #CYD_OWNER_DIED: the lock is yours; or
///   - #CYD_E_BUSY         another thread has it, and `timeout_ns` is 0
///   - #CYD_E_TIMEOUT      another thread still has it after `timeout_ns`
///   - #CYD_E_RANGE        the calling thread has taken it 2^32 - 1 times; nothing is changed
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_UNSUPPORTED  the thread can own nothing: it was made by a bare clone()
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `rlock` is NULL, closed, no re-entrant lock, misaligned
///
/// \par Threads    Any. The calling thread owns it.
/// \par Processes  Any. A fork() child takes it for itself: it is not its parent.
/// \par Blocking   Sleeps in the kernel while another owner lives, however long; never for the owner itself. Not
///   async-signal-safe.
/// \par Crash      Killed before the one store that takes it: not taken. Killed after, however often it was taken: a dead
///   owner's, and the next taker has it at once, taken once.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_rlock_acquire(rlock: *mut cyd_rlock_t, timeout_ns: i64) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    match unsafe { handle::get(rlock) } {
        Ok(rlock) if rlock.acquire_fast() => CYD_OK,
        // SAFETY: as above; from now on it may be closed.
        Ok(it) => boundary::call(|| unsafe {
            handle::waiting(rlock, || it.acquire_unguarded(Timeout::from_ns(timeout_ns)))
        }),
        Err(wrong) => boundary::code(Err::<(), _>(wrong)),
    }
}

/// Releases the lock once. It is free when it has been released as often as taken.
///
/// \param rlock  Borrowed.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_OWNER  the calling thread does not hold it (a fork() child does not hold what its parent does)
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `rlock` is NULL, closed, no re-entrant lock, misaligned
///
/// \par Threads    The owner.
/// \par Processes  The owner's.
/// \par Blocking   Never; one system call if somebody sleeps and it was the last release. Not async-signal-safe.
/// \par Crash      Killed before the last release's one store: a dead owner's. Killed after: free, and a sleeper that was
///   not woken looks again within 250 ms.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_rlock_release(rlock: *mut cyd_rlock_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise. Releasing cannot panic.
    boundary::code(unsafe { handle::get(rlock) }.and_then(RLock::leave))
}

/// Declares the guarded data whole again after an owner died: later takers are no longer warned.
///
/// \param rlock  Held by the calling thread. Borrowed.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_OWNER  the calling thread does not hold it
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `rlock` is NULL, closed, no re-entrant lock, misaligned
///
/// \par Threads    The owner.
/// \par Processes  The owner's.
/// \par Blocking   Never.
/// \par Crash      Declared, or not; the lock itself is a dead owner's.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_rlock_repaired(rlock: *mut cyd_rlock_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::get(rlock) }?.repaired())
}

/// Tells how many releases the calling thread owes.
///
/// \param rlock  Borrowed.
/// \param out    Receives the number; 0 if the calling thread does not hold the lock.
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
pub unsafe extern "C" fn cyd_rlock_count(rlock: *const cyd_rlock_t, out: *mut u32) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (rlock, out) = unsafe { (handle::get(rlock)?, args::out(out)?) };
        out.set(rlock.count());
        Ok(())
    })
}

/// Tells who holds the lock at this instant.
///
/// \param rlock  Borrowed.
/// \param out    Filled as far as its `struct_size` reaches.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  nobody holds it, or a dead one does
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `rlock` or `out` is NULL, `rlock` is closed or no re-entrant lock
///   - #CYD_E_INVALID    a pointer is misaligned, `struct_size` is not set
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_rlock_holder(rlock: *const cyd_rlock_t, out: *mut cyd_holder_t) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (rlock, out) = unsafe { (handle::get(rlock)?, options::fill(out)?) };
        out.set(rlock.holder().ok_or(ErrorKind::NotFound)?.into());
        Ok(())
    })
}

/// Tells whether an owner has died and nobody has declared the data repaired: a fact at some instant.
///
/// \param rlock  Borrowed.
/// \param out    Receives the answer.
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
pub unsafe extern "C" fn cyd_rlock_is_suspect(rlock: *const cyd_rlock_t, out: *mut bool) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (rlock, out) = unsafe { (handle::get(rlock)?, args::out(out)?) };
        out.set(rlock.is_suspect());
        Ok(())
    })
}

/// Closes a handle on a re-entrant lock. NULL is harmless.
///
/// The lock itself, and who holds it how often, stays as it is, unless this was the process's last handle on the yard:
/// see cyd_yard_close().
///
/// \param rlock  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_rlock_close(rlock: *mut cyd_rlock_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(rlock) })
}
