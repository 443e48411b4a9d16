//! The barrier, for C.
//!
//! * what lives here: `cyd_barrier_t`, the numbers of what breaks one
//! * who calls it: C programs
//! * what it may call: `objects::barrier`
//! * the invariant: whatever a wait returns, the index is written only if all have passed
//! * where it is tested: `ffi-tests/c/barrier.c`

use crate::capi::status::cyd_status_t;
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle};
use crate::error::Result;
use crate::objects::barrier::{Barrier, BrokenBy};
use crate::objects::yard::Yard;
use crate::sync::wait::Timeout;
use std::ffi::{c_char, c_int, c_void};

/// A barrier between processes: a fixed number of parties, threads of whatever processes, wait for each other; when the
/// last has come, all of them go on, and the barrier is ready for the next trip.
///
/// From each trip all parties return with an index of their own, or none does. The barrier breaks when a party cannot wait
/// any longer (its time is up, a signal calls it away), by cyd_barrier_abort(), when the action of a trip fails, and when a
/// party dies that has arrived or has declared itself. Then all who wait, and all who come, get #CYD_E_BROKEN, until
/// somebody calls cyd_barrier_reset(); cyd_barrier_broken() tells why, and who has died. Several threads may use a handle at
/// a time.
pub struct cyd_barrier_t {
    _opaque: [u8; 0],
}

handle::noun!(cyd_barrier_t, Barrier, b"barr");

/// Why a barrier is broken: a CYD_BROKEN_ number. Later versions may add some.
pub type cyd_broken_cause_t = u32;

/// It is not broken.
pub const CYD_BROKEN_NOT: cyd_broken_cause_t = 0;
/// Somebody has aborted it.
pub const CYD_BROKEN_ABORTED: cyd_broken_cause_t = 1;
/// The time of a party was up.
pub const CYD_BROKEN_TIMED_OUT: cyd_broken_cause_t = 2;
/// A signal has called a party away.
pub const CYD_BROKEN_INTERRUPTED: cyd_broken_cause_t = 3;
/// The wait of a party was cancelled, or the handle closed through which it waited.
pub const CYD_BROKEN_CANCELLED: cyd_broken_cause_t = 4;
/// The action of a trip has failed.
pub const CYD_BROKEN_FAILED: cyd_broken_cause_t = 5;
/// A party has died.
pub const CYD_BROKEN_DIED: cyd_broken_cause_t = 6;

/// Why a barrier is broken; filled by cyd_barrier_broken().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_broken_t {
    /// A CYD_BROKEN_ number.
    pub cause: cyd_broken_cause_t,
    /// For #CYD_BROKEN_DIED: the process, numbered in its own PID namespace; 0 if nobody knows any more.
    pub pid: u32,
    /// Likewise: the thread that had arrived; 0 for a process that had declared itself.
    pub tid: u32,
}

impl From<Option<BrokenBy>> for cyd_broken_t {
    fn from(broken: Option<BrokenBy>) -> cyd_broken_t {
        let cause = match broken {
            None => CYD_BROKEN_NOT,
            Some(BrokenBy::Aborted | BrokenBy::Reset) => CYD_BROKEN_ABORTED,
            Some(BrokenBy::TimedOut) => CYD_BROKEN_TIMED_OUT,
            Some(BrokenBy::Interrupted) => CYD_BROKEN_INTERRUPTED,
            Some(BrokenBy::Cancelled) => CYD_BROKEN_CANCELLED,
            Some(BrokenBy::Failed) => CYD_BROKEN_FAILED,
            Some(BrokenBy::Died { pid, tid }) => return cyd_broken_t { cause: CYD_BROKEN_DIED, pid, tid },
        };
        cyd_broken_t { cause, pid: 0, tid: 0 }
    }
}

/// What the three ways to come to a barrier have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_barrier_t,
    come: impl FnOnce(&Yard, &str) -> Result<Barrier>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        out.set(handle::open(come(yard, name)?)?);
        Ok(())
    })
}

/// Makes a barrier, whole and with nobody there.
///
/// \param yard     Where. Borrowed; the barrier keeps the yard open by itself.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param parties  How many make a trip: from 1 to the yard's number of thread slots. It takes 128 bytes, 12 for each of
///   them, and 8 for each slot.
/// \param out      Receives the handle; close it with cyd_barrier_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_RANGE     `parties` is 0, or more than the yard has slots; the message names both
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
/// \par Crash      The barrier exists whole, or not at all.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_barrier_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    parties: u32,
    out: *mut *mut cyd_barrier_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, |yard, name| Barrier::create(yard, name, parties)) }
}

/// Opens a barrier, for however many parties it is.
///
/// \param yard  Where. Borrowed; the barrier keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_barrier_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_TYPE       the object of that name is no barrier; or `yard` is no yard
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
pub unsafe extern "C" fn cyd_barrier_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_barrier_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, Barrier::open) }
}

/// Opens a barrier for so many parties, or makes it.
///
/// \param yard     Where. Borrowed; the barrier keeps the yard open by itself.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param parties  As in cyd_barrier_create().
/// \param out      Receives the handle; close it with cyd_barrier_close().
///
/// \return As cyd_barrier_open() and cyd_barrier_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
///   #CYD_E_MISMATCH if it is for more or fewer parties.
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same barrier.
/// \par Blocking   As cyd_barrier_create().
/// \par Crash      As cyd_barrier_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_barrier_open_or_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    parties: u32,
    out: *mut *mut cyd_barrier_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, |yard, name| Barrier::open_or_create(yard, name, parties)) }
}

/// Waits until as many have arrived as there are parties.
///
/// A wait whose time is up breaks the barrier, also one of 0 that is not the last to arrive; but if its trip was made
/// meanwhile, it has passed. If more threads come than there are parties, those that find a trip full wait for the next one,
/// and break nothing if their time is up meanwhile.
///
/// \param barrier     Borrowed.
/// \param timeout_ns  0 does not wait; a negative value waits without limit.
/// \param index       Receives which of the parties the caller is: from each trip every number from 0 to the number of parties
///   less 1 is given once, in no order. May be NULL.
///
/// \return #CYD_OK: all have arrived; or
///   - #CYD_E_BROKEN       the barrier is or was broken: see cyd_barrier_broken(); the message says why, too
///   - #CYD_E_TIMEOUT      the caller's time was up, and that broke the barrier
///   - #CYD_E_CANCELLED    the thread's wait was cancelled, and that broke it
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE), and that broke it
///   - #CYD_E_DEADLOCK     the calling thread runs the barrier's action
///   - #CYD_E_NO_SLOTS     the yard's table of threads is full
///   - #CYD_E_UNSUPPORTED  the thread can own nothing: it was made by a bare clone()
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `barrier` is NULL, closed (also during the wait, and that broke
///     it), no barrier; a pointer is misaligned
///
/// \par Threads    Any, and another one at each trip.
/// \par Processes  Any. A fork() child takes part for itself.
/// \par Blocking   Sleeps in the kernel until all have arrived. A stopped party is waited for. Not async-signal-safe.
/// \par Crash      Killed before the one store by which it arrives: it has not. Killed after it: the barrier breaks, and names
///   it, unless the trip was made. One store makes the trip: killed before it, nobody has passed; killed after it, all others
///   have. They learn of it within 250 ms, as a rule within one.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_barrier_wait(
    barrier: *mut cyd_barrier_t,
    timeout_ns: i64,
    index: *mut u32,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, index) = unsafe { (handle::get(barrier)?, args::out_or_null(index)?) };
        // SAFETY: as above; from now on it may be closed.
        let arrived = unsafe { handle::waiting(barrier, || it.wait(Timeout::from_ns(timeout_ns)))? };
        index.into_iter().for_each(|index| index.set(arrived));
        Ok(())
    })
}

/// As cyd_barrier_wait(), with an action: one party of each trip, as a rule the last to arrive, runs its own before anybody
/// goes on. What it does is seen by all of them.
///
/// The action may break or reset the barrier, and so may anybody else while it runs: then it has run, and there is no trip. It
/// must not close the handle, and must return (no longjmp(), no C++ exception).
///
/// \param barrier     Borrowed.
/// \param timeout_ns  0 does not wait; a negative value waits without limit.
/// \param action      Called at most once, by the calling thread. What it returns: 0 if it is done; anything else breaks the
///   barrier, and the caller gets #CYD_E_FAILED. NULL: no action.
/// \param argument    Passed to it.
/// \param index       As in cyd_barrier_wait(); may be NULL.
///
/// \return As cyd_barrier_wait(); #CYD_E_FAILED if the action has failed; #CYD_E_NOT_OWNER to a fork() child that it has made,
///   and that comes back: the trip is its parent's.
///
/// \par Threads    Any, and another one at each trip.
/// \par Processes  Any. A fork() child takes part for itself.
/// \par Blocking   As cyd_barrier_wait(), and while the action runs.
/// \par Crash      As cyd_barrier_wait(). Killed while it runs the action: the barrier breaks, and names it.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_barrier_wait_with(
    barrier: *mut cyd_barrier_t,
    timeout_ns: i64,
    action: Option<unsafe extern "C" fn(argument: *mut c_void) -> c_int>,
    argument: *mut c_void,
    index: *mut u32,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, index) = unsafe { (handle::get(barrier)?, args::out_or_null(index)?) };
        let timeout = Timeout::from_ns(timeout_ns);
        let wait = || match action {
            None => it.wait(timeout),
            // SAFETY: the caller's function, called with the caller's argument, as the header says.
            Some(action) => it.wait_if(timeout, || unsafe { action(argument) } == 0),
        };
        // SAFETY: as above; from now on it may be closed.
        let arrived = unsafe { handle::waiting(barrier, wait)? };
        index.into_iter().for_each(|index| index.set(arrived));
        Ok(())
    })
}

/// Something to do with a barrier that cannot fail.
///
/// # Safety
/// `barrier` is NULL or as the header asks of the caller.
unsafe fn done(barrier: *mut cyd_barrier_t, what: fn(&Barrier)) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        what(unsafe { handle::get(barrier) }?);
        Ok(())
    })
}

/// Breaks the barrier: who waits, and who comes, gets #CYD_E_BROKEN, until it is reset. Nothing changes if it is broken.
///
/// \param barrier  Borrowed.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never; one system call if somebody sleeps. Not async-signal-safe.
/// \par Crash      One store breaks it. A sleeper that was not woken looks again within 250 ms.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_barrier_abort(barrier: *mut cyd_barrier_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    unsafe { done(barrier, Barrier::abort) }
}

/// Makes the barrier whole, with nobody there. Who waits at that moment gets #CYD_E_BROKEN. Declarations of the dead are
/// forgotten.
///
/// \param barrier  Borrowed.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never waits; a system call if somebody sleeps, and for each declared party. Not async-signal-safe.
/// \par Crash      One store begins it, and whoever comes next finishes it; those who wait get #CYD_E_BROKEN from then on,
///   within 250 ms.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_barrier_reset(barrier: *mut cyd_barrier_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    unsafe { done(barrier, Barrier::reset) }
}

/// Tells why the barrier is broken: a fact at some instant.
///
/// \param barrier  Borrowed.
/// \param out      Receives the cause; #CYD_BROKEN_NOT if it is whole.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never waits; may cost a system call.
/// \par Crash      Nothing is changed, but that a death that was found breaks it.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_barrier_broken(
    barrier: *const cyd_barrier_t,
    out: *mut cyd_broken_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (barrier, out) = unsafe { (handle::get(barrier)?, args::out(out)?) };
        out.set(barrier.broken().into());
        Ok(())
    })
}

/// A question about a barrier that has one answer.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn asked(barrier: *const cyd_barrier_t, out: *mut u32, ask: fn(&Barrier) -> u32) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (barrier, out) = unsafe { (handle::get(barrier)?, args::out(out)?) };
        out.set(ask(barrier));
        Ok(())
    })
}

/// Tells how many parties make a trip.
///
/// \param barrier  Borrowed.
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
pub unsafe extern "C" fn cyd_barrier_parties(barrier: *const cyd_barrier_t, out: *mut u32) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(barrier, out, Barrier::parties) }
}

/// Tells how many have arrived and wait at this instant; 0 if the barrier is broken.
///
/// \param barrier  Borrowed.
/// \param out      Receives the number.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never waits; may cost a system call.
/// \par Crash      Nothing is changed, but that a death that was found breaks it.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_barrier_waiting(barrier: *const cyd_barrier_t, out: *mut u32) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(barrier, out, Barrier::waiting) }
}

/// Declares that this process takes part: if it dies, also before any thread of it has arrived, the barrier breaks at once
/// instead of leaving the others waiting.
///
/// A process may do so once for each of its threads that take part; nobody needs to, and who has not may take part as well.
/// It lasts until cyd_barrier_leave(), until this handle or the process's last one on the yard is closed, or until the
/// process dies and somebody resets the barrier.
///
/// \param barrier  Borrowed.
///
/// \return #CYD_OK, or
///   - #CYD_E_NO_SLOTS  as many living parties have declared themselves as there are; or the table of processes is full
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `barrier` is NULL, closed, no barrier, misaligned
///
/// \par Threads    Any. The process has declared itself, not the thread.
/// \par Processes  Any. A fork() child has declared nothing, whatever its parent has.
/// \par Blocking   Never waits; costs system calls if the places are taken. Not async-signal-safe.
/// \par Crash      Killed before the one store that declares it: it is not. Killed after: the barrier breaks, and names it.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_barrier_declare(barrier: *mut cyd_barrier_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::get(barrier) }?.declare_unguarded())
}

/// Takes back one declaration of this process, whichever thread made it. Nothing breaks: the others then wait for whoever
/// comes.
///
/// \param barrier  Borrowed.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_OWNER  the process has declared nothing
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `barrier` is NULL, closed, no barrier, misaligned
///
/// \par Threads    Any.
/// \par Processes  The one that declared itself; a fork() child is another process.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      One store takes it back.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_barrier_leave(barrier: *mut cyd_barrier_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::get(barrier) }?.leave())
}

/// Tells how many parties have declared themselves at this instant. A dead one counts until somebody has noticed.
///
/// \param barrier  Borrowed.
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
pub unsafe extern "C" fn cyd_barrier_declared(barrier: *const cyd_barrier_t, out: *mut u32) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(barrier, out, Barrier::declared) }
}

/// Closes the handle, and takes back what was declared through it. NULL is allowed.
///
/// The barrier itself stays in the yard, and whoever waits there waits on, but for those who wait through this handle: one who
/// has arrived and leaves breaks it.
///
/// \param barrier  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED or #CYD_E_BROKEN.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      As cyd_yard_close(). What is still declared is a dead process's.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_barrier_close(barrier: *mut cyd_barrier_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(barrier) })
}
