//! The lock of readers and writers, for C.
//!
//! * what lives here: `cyd_rwlock_t`
//! * who calls it: C programs
//! * what it may call: `objects::rwlock`
//! * the invariant: the uncontended steps of taking and releasing run before the boundary and cannot panic
//! * where it is tested: `ffi-tests/c/rwlock.c`

use crate::capi::lock::cyd_holder_t;
use crate::capi::status::cyd_status_t;
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::{ErrorKind, Result};
use crate::objects::rwlock::{RwLock, RwLockOptions};
use crate::objects::yard::Yard;
use crate::sync::wait::Timeout;
use std::ffi::c_char;

/// A lock between processes that many threads may hold to read, or one to write, and that survives both.
///
/// Uncontended, each taking and releasing is one compare-and-swap and no system call; a writer also looks at the cell of
/// every possible reader. A writer that waits keeps new readers out. A thread that reads may read again; one that reads
/// cannot write before it has left, nor can one that writes read. Several threads may use a handle at a time.
///
/// A reader's death is no news. If a writer dies that may have written, the next one in, reader or writer, is told with
/// #CYD_OWNER_DIED; so is every later one, until a writer calls cyd_rwlock_repaired().
pub struct cyd_rwlock_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_rwlock_t, RwLock, b"rwlk");

/// How a lock of readers and writers is made. Zero means default; a NULL pointer to it means all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_rwlock_options_t {
    /// sizeof(cyd_rwlock_options_t)
    pub struct_size: usize,
    /// How many threads can read at a time: 1 to 4096; 0 for as many as the yard has slots for threads. Each takes 8 bytes.
    pub readers: u32,
    /// 0
    pub reserved: u32,
}
options::sized!(cyd_rwlock_options_t { struct_size, readers: u32, reserved: u32 });

/// # Safety
/// As `options::read`.
unsafe fn options(from: *const cyd_rwlock_options_t) -> Result<RwLockOptions> {
    // SAFETY: the caller's promise.
    let theirs = unsafe { options::read(from)? };
    options::unknown("reserved", theirs.reserved)?;
    let readers = if theirs.readers == 0 { None } else { Some(theirs.readers) };
    Ok(RwLockOptions { readers })
}

/// What the three ways to come to a lock have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_rwlock_t,
    come: impl FnOnce(&Yard, &str) -> Result<RwLock>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        out.set(handle::open(come(yard, name)?)?);
        Ok(())
    })
}

/// Makes a lock of readers and writers.
///
/// \param yard     Where. Borrowed; the lock keeps the yard open by itself.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param options  Borrowed for the call; NULL means all defaults.
/// \param out      Receives the handle; close it with cyd_rwlock_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_RANGE     more than 4096 readers
///   - #CYD_E_EXISTS    the name is taken
///   - #CYD_E_NAME      `name` is no legal name, or NULL
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
/// \par Crash      The lock exists whole, or not at all.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_rwlock_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    options: *const cyd_rwlock_options_t,
    out: *mut *mut cyd_rwlock_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, |yard, name| RwLock::create(yard, name, self::options(options)?)) }
}

/// Opens a lock of readers and writers, however many may read.
///
/// \param yard  Where. Borrowed; the lock keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_rwlock_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_TYPE       the object of that name is something else; or `yard` is no yard
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
pub unsafe extern "C" fn cyd_rwlock_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_rwlock_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, RwLock::open) }
}

/// Opens a lock of readers and writers, or makes it.
///
/// \param yard     Where. Borrowed; the lock keeps the yard open by itself.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param options  Borrowed for the call; NULL means all defaults: also one for another number of readers will do.
/// \param out      Receives the handle; close it with cyd_rwlock_close().
///
/// \return As cyd_rwlock_open() and cyd_rwlock_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
///   #CYD_E_MISMATCH if a number of readers was asked for and it has another one.
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same lock.
/// \par Blocking   As cyd_rwlock_create().
/// \par Crash      As cyd_rwlock_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_rwlock_open_or_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    options: *const cyd_rwlock_options_t,
    out: *mut *mut cyd_rwlock_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe {
        named(yard, name, out, |yard, name| RwLock::open_or_create(yard, name, self::options(options)?))
    }
}

/// Takes the lock to read, at once if the calling thread reads already. Each taking needs its own cyd_rwlock_release().
///
/// \param rwlock      Borrowed.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
///
/// \return #CYD_OK or #CYD_OWNER_DIED (a writer died that may have written, see cyd_rwlock_repaired()): you read; or
///   - #CYD_E_BUSY         somebody writes, wants to or is on his way in, and `timeout_ns` is 0
///   - #CYD_E_TIMEOUT      the same, still after `timeout_ns`
///   - #CYD_E_DEADLOCK     the calling thread writes, and `timeout_ns` is negative
///   - #CYD_E_RANGE        the calling thread has taken it 2^32 times; nothing is changed
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
///   - #CYD_E_NO_SLOTS     as many threads read as can at a time; or the yard's table of threads or processes is full
///   - #CYD_E_UNSUPPORTED  the thread can own nothing: it was made by a bare clone()
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `rwlock` is NULL, closed, something else, misaligned
///
/// \par Threads    Any. The calling thread owns it.
/// \par Processes  Any. A fork() child takes it for itself: it is not its parent.
/// \par Blocking   Sleeps in the kernel while a living thread writes or waits to write, however long. Not
///   async-signal-safe.
/// \par Crash      Killed on the way in or inside: its read is over as soon as a writer looks; nobody is told.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_rwlock_read(rwlock: *mut cyd_rwlock_t, timeout_ns: i64) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    match unsafe { handle::get(rwlock) } {
        Ok(it) => match it.read_fast() {
            Some(news) => boundary::code(Ok(news)),
            // SAFETY: as above; from now on it may be closed.
            None => unsafe { read_slowly(rwlock, it, timeout_ns) },
        },
        Err(wrong) => boundary::code(Err::<(), _>(wrong)),
    }
}

/// On its own, so that the fast path needs no stack.
///
/// # Safety
/// The handle is open, and `it` lies behind it. From now on it may be closed.
#[cold]
#[inline(never)]
unsafe fn read_slowly(rwlock: *const cyd_rwlock_t, it: &RwLock, timeout_ns: i64) -> cyd_status_t {
    // SAFETY: the caller's promise.
    boundary::call(|| unsafe { handle::waiting(rwlock, || it.read_unguarded(Timeout::from_ns(timeout_ns))) })
}

/// Takes the lock to write. New readers stay out from now on; those who read are waited for.
///
/// If a writer dies that may have written, the next one in gets #CYD_OWNER_DIED: make the guarded data whole, then call
/// cyd_rwlock_repaired(). Until somebody does, every reader and writer gets that news.
///
/// \param rwlock      Borrowed.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
///
/// \return #CYD_OK or #CYD_OWNER_DIED: you write; or
///   - #CYD_E_BUSY         somebody reads, writes or is on his way in, and `timeout_ns` is 0
///   - #CYD_E_TIMEOUT      the same, still after `timeout_ns`
///   - #CYD_E_DEADLOCK     the calling thread reads or writes, and `timeout_ns` is negative
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_UNSUPPORTED  the thread can own nothing: it was made by a bare clone()
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `rwlock` is NULL, closed, something else, misaligned
///
/// \par Threads    Any. The calling thread owns it.
/// \par Processes  Any. A fork() child takes it for itself: it is not its parent.
/// \par Blocking   Sleeps in the kernel while living threads read or write, however long. Not async-signal-safe.
/// \par Crash      Killed while it waits: nobody is told. Killed from the one store on after which it may write: a dead
///   writer's, and the next one in is told.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_rwlock_write(rwlock: *mut cyd_rwlock_t, timeout_ns: i64) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    match unsafe { handle::get(rwlock) } {
        Ok(it) => match it.write_fast() {
            Some(news) => boundary::code(Ok(news)),
            // SAFETY: as above; from now on it may be closed.
            None => unsafe { write_slowly(rwlock, it, timeout_ns) },
        },
        Err(wrong) => boundary::code(Err::<(), _>(wrong)),
    }
}

/// As [`read_slowly`].
///
/// # Safety
/// As there.
#[cold]
#[inline(never)]
unsafe fn write_slowly(rwlock: *const cyd_rwlock_t, it: &RwLock, timeout_ns: i64) -> cyd_status_t {
    // SAFETY: the caller's promise.
    boundary::call(|| unsafe { handle::waiting(rwlock, || it.write_unguarded(Timeout::from_ns(timeout_ns))) })
}

/// Gives back what the calling thread has: writing, or one of its reads.
///
/// \param rwlock  Borrowed.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_OWNER  the calling thread has nothing (a fork() child does not have what its parent has)
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `rwlock` is NULL, closed, something else, misaligned
///
/// \par Threads    The owner.
/// \par Processes  The owner's.
/// \par Blocking   Never; one system call if somebody sleeps. Not async-signal-safe.
/// \par Crash      Killed before the one store that says that a writer writes no more: a dead writer's. Killed after:
///   free, and nobody is told. A sleeper that was not woken looks again within 250 ms.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_rwlock_release(rwlock: *mut cyd_rwlock_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise. Releasing cannot panic.
    boundary::code(unsafe { handle::get(rwlock) }.and_then(RwLock::leave))
}

/// Declares the guarded data whole again after a writer died: later readers and writers are no longer warned.
///
/// \param rwlock  Held by the calling thread to write. Borrowed.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_OWNER  the calling thread does not hold it to write
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `rwlock` is NULL, closed, something else, misaligned
///
/// \par Threads    The writer.
/// \par Processes  The writer's.
/// \par Blocking   Never.
/// \par Crash      Declared, or not; the lock itself is a dead writer's.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_rwlock_repaired(rwlock: *mut cyd_rwlock_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::get(rwlock) }?.repaired())
}

/// Tells who writes at this instant.
///
/// \param rwlock  Borrowed.
/// \param out     Filled as far as its `struct_size` reaches.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  nobody writes, or a dead one did
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `rwlock` or `out` is NULL, `rwlock` is closed or something else
///   - #CYD_E_INVALID    a pointer is misaligned, `struct_size` is not set
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_rwlock_writer(
    rwlock: *const cyd_rwlock_t,
    out: *mut cyd_holder_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (rwlock, out) = unsafe { (handle::get(rwlock)?, options::fill(out)?) };
        out.set(rwlock.holders().writer.ok_or(ErrorKind::NotFound)?.into());
        Ok(())
    })
}

/// Tells how many living threads read at this instant.
///
/// \param rwlock  Borrowed.
/// \param out     Receives the number; a thread that reads several times counts once.
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
pub unsafe extern "C" fn cyd_rwlock_readers(rwlock: *const cyd_rwlock_t, out: *mut u32) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (rwlock, out) = unsafe { (handle::get(rwlock)?, args::out(out)?) };
        out.set(rwlock.holders().readers.len() as u32);
        Ok(())
    })
}

/// Tells how many threads can read at a time.
///
/// \param rwlock  Borrowed.
/// \param out     Receives the number.
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
pub unsafe extern "C" fn cyd_rwlock_readers_max(rwlock: *const cyd_rwlock_t, out: *mut u32) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (rwlock, out) = unsafe { (handle::get(rwlock)?, args::out(out)?) };
        out.set(rwlock.readers_max());
        Ok(())
    })
}

/// Tells whether a writer has died that may have written, and nobody has declared the data whole: a fact at some
/// instant.
///
/// \param rwlock  Borrowed.
/// \param out     Receives the answer.
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
pub unsafe extern "C" fn cyd_rwlock_is_suspect(rwlock: *const cyd_rwlock_t, out: *mut bool) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (rwlock, out) = unsafe { (handle::get(rwlock)?, args::out(out)?) };
        out.set(rwlock.is_suspect());
        Ok(())
    })
}

/// Closes a handle on a lock of readers and writers. NULL is harmless.
///
/// The lock itself, and who holds it, stays as it is, unless this was the process's last handle on the yard: see
/// cyd_yard_close().
///
/// \param rwlock  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_rwlock_close(rwlock: *mut cyd_rwlock_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(rwlock) })
}
