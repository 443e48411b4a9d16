//! Permits, for C.
//!
//! * what lives here: `cyd_permits_t`
//! * who calls it: C programs
//! * what it may call: `objects::permits`
//! * the invariant: the uncontended step of taking and giving back one runs before the boundary and cannot panic
//! * where it is tested: `ffi-tests/c/permits.c`

use crate::capi::status::{CYD_OK, cyd_status_t};
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle};
use crate::error::Result;
use crate::objects::permits::{PermitHolder, Permits};
use crate::objects::yard::Yard;
use crate::sync::wait::Timeout;
use std::ffi::c_char;

/// A number of permits, of which processes hold some for a while: a semaphore that gets them back from the dead.
///
/// A permit belongs to the process that took it: any thread of it may give it back. The permits of a process that
/// dies, or closes its last handle on the yard, come back by themselves. There is no news of that: a permit guards no
/// data. Uncontended, taking one and giving it back are one compare-and-swap each and no system call. Not fair: a
/// running taker may overtake a sleeping one, and takers of one permit overtake who collects several. Several threads
/// may use a handle at a time.
pub struct cyd_permits_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_permits_t, Permits, b"perm");

/// Who holds permits, and how many; see cyd_permits_holders().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_permit_holder_t {
    /// The process, numbered in its own PID namespace.
    pub pid: u32,
    /// Its permits.
    pub count: u32,
}

impl From<PermitHolder> for cyd_permit_holder_t {
    fn from(holder: PermitHolder) -> cyd_permit_holder_t {
        cyd_permit_holder_t { pid: holder.pid, count: holder.count }
    }
}

/// What the three ways to come to permits have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_permits_t,
    come: impl FnOnce(&Yard, &str) -> Result<Permits>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        out.set(handle::open(come(yard, name)?)?);
        Ok(())
    })
}

/// Makes permits; all of them are free.
///
/// \param yard   Where. Borrowed; the permits keep the yard open by themselves.
/// \param name   1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param count  How many: 1 to 4096. They take 128 bytes and 4 for each.
/// \param out    Receives the handle; close it with cyd_permits_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_RANGE     `count` is 0 or above 4096
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
/// \par Crash      The permits exist, all free, or not at all.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_permits_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    count: u32,
    out: *mut *mut cyd_permits_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, |yard, name| Permits::create(yard, name, count)) }
}

/// Opens permits, however many they are.
///
/// \param yard  Where. Borrowed; the permits keep the yard open by themselves.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_permits_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_TYPE       the object of that name is something else; or `yard` is no yard
///   - #CYD_E_NAME       `name` is no legal name, or NULL
///   - #CYD_E_NO_SLOTS   the table of processes is full (in a fork() child)
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
pub unsafe extern "C" fn cyd_permits_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_permits_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, Permits::open) }
}

/// Opens so many permits, or makes them.
///
/// \param yard   Where. Borrowed; the permits keep the yard open by themselves.
/// \param name   1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param count  How many: 1 to 4096.
/// \param out    Receives the handle; close it with cyd_permits_close().
///
/// \return As cyd_permits_open() and cyd_permits_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
///   #CYD_E_MISMATCH if there are more or fewer.
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same permits.
/// \par Blocking   As cyd_permits_create().
/// \par Crash      As cyd_permits_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_permits_open_or_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    count: u32,
    out: *mut *mut cyd_permits_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, |yard, name| Permits::open_or_create(yard, name, count)) }
}

/// Takes a permit.
///
/// A try answers #CYD_E_BUSY only after it has looked at every permit and found it taken. Those of the dead it frees
/// on the way, if a thread of theirs was known here and is seen to have died; about others it asks the kernel at the
/// handle's first failed try and at every 256th after it. A call that waits asks always.
///
/// \param permits     Borrowed.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
///
/// \return #CYD_OK: the process has one more; or
///   - #CYD_E_BUSY         all were taken, and `timeout_ns` is 0
///   - #CYD_E_TIMEOUT      still none after `timeout_ns`
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_UNSUPPORTED  the thread would have to wait and cannot: it was made by a bare clone()
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `permits` is NULL, closed, something else, misaligned
///
/// \par Threads    Any. The process owns the permit: any thread may give it back.
/// \par Processes  Any. A fork() child takes it for itself: it is not its parent.
/// \par Blocking   Sleeps in the kernel while living processes hold all of them, however long. Not async-signal-safe.
/// \par Crash      Killed before the one store that takes it: not taken. Killed after: taken by a dead process, and
///   free again as soon as somebody looks.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_permits_acquire(permits: *mut cyd_permits_t, timeout_ns: i64) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    match unsafe { handle::get(permits) } {
        Ok(permits) if permits.acquire_fast().is_some() => CYD_OK,
        // SAFETY: as above; from now on it may be closed.
        Ok(it) => boundary::call(|| unsafe {
            handle::waiting(permits, || it.acquire_unguarded(Timeout::from_ns(timeout_ns)))
        }),
        Err(wrong) => boundary::code(Err::<(), _>(wrong)),
    }
}

/// Takes several permits at once, or none.
///
/// One caller at a time collects, permit by permit, and keeps what it has while it waits for the rest: two of them
/// cannot block each other. Takers of one permit may overtake it. Who holds permits and waits for more may still wait
/// for himself, or in a circle with others, as with any semaphore.
///
/// \param permits     Borrowed.
/// \param count       How many: from 1 to as many as there are.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
///
/// \return As cyd_permits_acquire(); #CYD_E_BUSY also if somebody else is collecting, #CYD_E_RANGE if `count` is 0 or
///   more than there are.
///
/// \par Threads    As cyd_permits_acquire().
/// \par Processes  As cyd_permits_acquire().
/// \par Blocking   As cyd_permits_acquire(), and while another one collects.
/// \par Crash      One store decides whether it has all or none. If the thread dies in here and its process lives,
///   the process has all or none.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_permits_acquire_many(
    permits: *mut cyd_permits_t,
    count: u32,
    timeout_ns: i64,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or a handle that nobody closes but while we wait, by the caller's promise.
        unsafe {
            let it = handle::get(permits)?;
            handle::trying(permits, timeout_ns, |timeout| it.acquire_many_unguarded(count, timeout))
        }
    })
}

/// Gives back permits of this process, whichever thread took them.
///
/// \param permits  Borrowed.
/// \param count    How many: from 1 to as many as there are.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_OWNER  the process holds fewer. Nothing is changed then, unless several threads give back more than
///     the process holds at the same time; each permit is given back once even so
///   - #CYD_E_RANGE      `count` is 0 or more than there are
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `permits` is NULL, closed, something else, misaligned
///
/// \par Threads    Any.
/// \par Processes  The one that took them; a fork() child is another process.
/// \par Blocking   Never; one system call if somebody sleeps. Not async-signal-safe.
/// \par Crash      Killed on the way: some are given back, the others are a dead process's. A sleeper that was not
///   woken looks again within 250 ms.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_permits_release(permits: *mut cyd_permits_t, count: u32) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    match unsafe { handle::get(permits) } {
        Ok(permits) if count == 1 && permits.release_fast() => CYD_OK,
        Ok(permits) => boundary::call(|| permits.release(count)),
        Err(wrong) => boundary::code(Err::<(), _>(wrong)),
    }
}

/// A question about permits that has one answer.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn asked(permits: *const cyd_permits_t, out: *mut u32, ask: fn(&Permits) -> u32) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (permits, out) = unsafe { (handle::get(permits)?, args::out(out)?) };
        out.set(ask(permits));
        Ok(())
    })
}

/// Tells how many permits are free: a fact at some instant.
///
/// Those of the dead count, if they show a sign of death or somebody has noticed; those that somebody is collecting
/// just now do not.
///
/// \param permits  Borrowed.
/// \param out      Receives the number.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never waits; may cost a system call.
/// \par Crash      Nothing is changed, but that a death is noted.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_permits_available(permits: *const cyd_permits_t, out: *mut u32) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(permits, out, Permits::available) }
}

/// Tells how many permits there are.
///
/// \param permits  Borrowed.
/// \param out      Receives the number.
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
pub unsafe extern "C" fn cyd_permits_capacity(permits: *const cyd_permits_t, out: *mut u32) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(permits, out, Permits::capacity) }
}

/// Tells how many permits this process holds. A fork() child does not hold its parent's.
///
/// \param permits  Borrowed.
/// \param out      Receives the number.
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
pub unsafe extern "C" fn cyd_permits_held(permits: *const cyd_permits_t, out: *mut u32) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(permits, out, Permits::held) }
}

/// Tells who holds permits, and how many: a fact at some instant, in no order.
///
/// Neither the dead are told, nor those who are still collecting.
///
/// \param permits  Borrowed.
/// \param list     Receives the first `room` of them; NULL if `room` is 0.
/// \param room     How many `list` has room for.
/// \param out      Receives how many there are, which may be more.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer, or an impossible
///   `room`).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never waits; costs system calls.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_permits_holders(
    permits: *const cyd_permits_t,
    list: *mut cyd_permit_holder_t,
    room: usize,
    out: *mut usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (permits, list, out) =
            unsafe { (handle::get(permits)?, args::items_mut(list, room)?, args::out(out)?) };
        let holders = permits.holders();
        list.iter_mut().zip(&holders).for_each(|(to, holder)| *to = (*holder).into());
        out.set(holders.len());
        Ok(())
    })
}

/// Closes a handle on permits. NULL is harmless.
///
/// What the process holds stays held, unless this was its last handle on the yard: see cyd_yard_close().
///
/// \param permits  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_permits_close(permits: *mut cyd_permits_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(permits) })
}
