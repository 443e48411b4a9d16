//! The lock, for C.
//!
//! * what lives here: `cyd_lock_t`
//! * who calls it: C programs
//! * what it may call: `objects::lock`
//! * the invariant: the uncontended step of acquiring and releasing runs before the boundary and cannot panic
//! * where it is tested: `ffi-tests/c/lock.c`

use crate::capi::status::{CYD_OK, cyd_status_t};
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::{Error, ErrorKind, Result};
use crate::objects::lock::{Holder, Lock, Scope};
use crate::objects::yard::Yard;
use crate::sync::wait::Timeout;
use std::ffi::c_char;

/// A lock between processes that survives its owners.
///
/// Uncontended, taking and releasing it are one compare-and-swap each and no system call. Not fair: a running taker
/// may overtake a sleeping one. Several threads may use a handle at a time.
pub struct cyd_lock_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_lock_t, Lock, b"lock");

/// Whom a lock takes for its owner: a CYD_SCOPE_ number. Fixed when the lock is made.
pub type cyd_scope_t = u32;

/// The thread that took it: only it may release it, taking it twice is a deadlock that is found, and the lock is taken
/// over when the thread dies.
pub const CYD_SCOPE_THREAD: cyd_scope_t = 0;
/// The process that took it: any of its threads may release it; taken over when the process dies.
pub const CYD_SCOPE_PROCESS: cyd_scope_t = 1;
/// As #CYD_SCOPE_PROCESS, but any process may release it, as with Python's multiprocessing.Lock.
pub const CYD_SCOPE_ANYONE: cyd_scope_t = 2;

const _: () = {
    assert!(CYD_SCOPE_THREAD == Scope::Thread as u32);
    assert!(CYD_SCOPE_PROCESS == Scope::Process as u32);
    assert!(CYD_SCOPE_ANYONE == Scope::Anyone as u32);
};

fn scope(code: cyd_scope_t) -> Result<Scope> {
    Scope::from_code(u64::from(code)).ok_or_else(|| Error::with(ErrorKind::Invalid, format!("scope {code}")))
}

/// Who holds a lock; filled by cyd_lock_holder().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_holder_t {
    /// Set to sizeof(cyd_holder_t) before the call.
    pub struct_size: usize,
    /// The process, numbered in its own PID namespace.
    pub pid: u32,
    /// The thread, numbered likewise; 0 if a whole process holds the lock.
    pub tid: u32,
}
options::sized!(cyd_holder_t { struct_size, pid: u32, tid: u32 });

impl From<Holder> for cyd_holder_t {
    fn from(holder: Holder) -> cyd_holder_t {
        cyd_holder_t { struct_size: size_of::<cyd_holder_t>(), pid: holder.pid, tid: holder.tid }
    }
}

/// What the three ways to come to a lock have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_lock_t,
    come: impl FnOnce(&Yard, &str) -> Result<Lock>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        out.set(handle::open(come(yard, name)?)?);
        Ok(())
    })
}

/// Makes a lock.
///
/// \param yard   Where. Borrowed; the lock keeps the yard open by itself.
/// \param name   1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param scope  A CYD_SCOPE_ number.
/// \param out    Receives the handle; close it with cyd_lock_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_EXISTS    the name is taken
///   - #CYD_E_NAME      `name` is no legal name, or NULL
///   - #CYD_E_NO_SPACE  the yard is full
///   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
///   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
///   - #CYD_E_INVALID   `scope` is no scope, a pointer is misaligned
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
pub unsafe extern "C" fn cyd_lock_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    scope: cyd_scope_t,
    out: *mut *mut cyd_lock_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, |yard, name| Lock::create(yard, name, self::scope(scope)?)) }
}

/// Opens a lock, whatever its scope.
///
/// \param yard  Where. Borrowed; the lock keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_lock_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_TYPE       the object of that name is no lock; or `yard` is no yard
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
pub unsafe extern "C" fn cyd_lock_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_lock_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, Lock::open) }
}

/// Opens a lock of this scope, or makes it.
///
/// \param yard   Where. Borrowed; the lock keeps the yard open by itself.
/// \param name   1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param scope  A CYD_SCOPE_ number.
/// \param out    Receives the handle; close it with cyd_lock_close().
///
/// \return As cyd_lock_open() and cyd_lock_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
///   #CYD_E_MISMATCH if it exists with another scope.
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same lock.
/// \par Blocking   As cyd_lock_create().
/// \par Crash      As cyd_lock_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lock_open_or_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    scope: cyd_scope_t,
    out: *mut *mut cyd_lock_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, |yard, name| Lock::open_or_create(yard, name, self::scope(scope)?)) }
}

/// Takes the lock.
///
/// If the owner dies, the next taker gets the lock and #CYD_OWNER_DIED: make the guarded data whole, then call
/// cyd_lock_repaired(). Until somebody does, every taker gets that news.
///
/// \param lock        Borrowed.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
///
/// \return #CYD_OK or #CYD_OWNER_DIED: the lock is yours; or
///   - #CYD_E_BUSY         it was taken, and `timeout_ns` is 0
///   - #CYD_E_TIMEOUT      still taken after `timeout_ns`
///   - #CYD_E_DEADLOCK     this thread holds it already and would wait without limit (thread scope)
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_UNSUPPORTED  the thread can own nothing: it was made by a bare clone()
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `lock` is NULL, closed, no lock, misaligned
///
/// \par Threads    Any. With thread scope the calling thread owns it, else the process.
/// \par Processes  Any. A fork() child takes it for itself: it is not its parent.
/// \par Blocking   Sleeps in the kernel while another owner lives, however long. Not async-signal-safe.
/// \par Crash      Killed before the one store that takes it: not taken. Killed after: taken by a dead owner, and the
///   next taker has it at once.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lock_acquire(lock: *mut cyd_lock_t, timeout_ns: i64) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    match unsafe { handle::get(lock) } {
        Ok(lock) if lock.acquire_fast() => CYD_OK,
        // SAFETY: as above; from now on it may be closed.
        Ok(it) => boundary::call(|| unsafe {
            handle::waiting(lock, || it.acquire_unguarded(Timeout::from_ns(timeout_ns)))
        }),
        Err(wrong) => boundary::code(Err::<(), _>(wrong)),
    }
}

/// Releases the lock.
///
/// \param lock  Borrowed.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_OWNER  nobody holds it, or somebody else does: another thread (thread scope), another process
///     (process scope; a fork() child is another process)
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `lock` is NULL, closed, no lock, misaligned
///
/// \par Threads    With thread scope the owner; else any of the owning process (process scope), or any at all.
/// \par Processes  As said.
/// \par Blocking   Never; one system call if somebody sleeps. Not async-signal-safe.
/// \par Crash      Killed before the one store that frees it: a dead owner's. Killed after: free, and a sleeper that
///   was not woken looks again within 250 ms.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lock_release(lock: *mut cyd_lock_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    match unsafe { handle::get(lock) } {
        Ok(lock) if lock.release_fast() => CYD_OK,
        Ok(lock) => boundary::call(|| lock.release()),
        Err(wrong) => boundary::code(Err::<(), _>(wrong)),
    }
}

/// Declares the guarded data whole again after an owner died: later takers are no longer warned.
///
/// \param lock  Held by the caller. Borrowed.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_OWNER  the caller does not hold it; with #CYD_SCOPE_ANYONE: nobody does
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `lock` is NULL, closed, no lock, misaligned
///
/// \par Threads    As cyd_lock_release().
/// \par Processes  As cyd_lock_release().
/// \par Blocking   Never.
/// \par Crash      Declared, or not; the lock itself is a dead owner's.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lock_repaired(lock: *mut cyd_lock_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::get(lock) }?.repaired())
}

/// Tells who holds the lock at this instant.
///
/// \param lock  Borrowed.
/// \param out   Filled as far as its `struct_size` reaches.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  nobody holds it, or a dead one does
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `lock` or `out` is NULL, `lock` is closed or no lock
///   - #CYD_E_INVALID    a pointer is misaligned, `struct_size` is not set
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never; with a wide scope it may cost a system call.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lock_holder(lock: *const cyd_lock_t, out: *mut cyd_holder_t) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (lock, out) = unsafe { (handle::get(lock)?, options::fill(out)?) };
        out.set(lock.holder().ok_or(ErrorKind::NotFound)?.into());
        Ok(())
    })
}

/// Tells whether an owner has died and nobody has declared the data repaired: a fact at some instant.
///
/// \param lock  Borrowed.
/// \param out   Receives the answer.
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
pub unsafe extern "C" fn cyd_lock_is_suspect(lock: *const cyd_lock_t, out: *mut bool) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (lock, out) = unsafe { (handle::get(lock)?, args::out(out)?) };
        out.set(lock.is_suspect());
        Ok(())
    })
}

/// Tells whom the lock takes for its owner.
///
/// \param lock  Borrowed.
/// \param out   Receives a CYD_SCOPE_ number.
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
pub unsafe extern "C" fn cyd_lock_scope(lock: *const cyd_lock_t, out: *mut cyd_scope_t) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (lock, out) = unsafe { (handle::get(lock)?, args::out(out)?) };
        out.set(lock.scope() as cyd_scope_t);
        Ok(())
    })
}

/// Closes a handle on a lock. NULL is harmless.
///
/// The lock itself, and who holds it, stays as it is, unless this was the process's last handle on the yard: see
/// cyd_yard_close().
///
/// \param lock  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lock_close(lock: *mut cyd_lock_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(lock) })
}
