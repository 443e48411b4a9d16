//! Waiting for many, for C.
//!
//! * what lives here: functions on lists of handles
//! * who calls it: C programs
//! * what it may call: `objects::many`, `objects::pool`
//! * the invariant: the first word of each handle says what it is, as everywhere
//! * where it is tested: `ffi-tests/c/many.c`, `ffi-tests/c/pool.c`

use crate::capi::event::cyd_event_t;
use crate::capi::future::cyd_future_t;
use crate::capi::handle::{self, Inside};
use crate::capi::lifo_queue::cyd_lifo_queue_t;
use crate::capi::member::cyd_member_t;
use crate::capi::permits::cyd_permits_t;
use crate::capi::pipe::cyd_connection_t;
use crate::capi::priority_queue::cyd_priority_queue_t;
use crate::capi::process::cyd_process_t;
use crate::capi::queue::cyd_queue_t;
use crate::capi::ring::{cyd_receiver_t, cyd_sender_t};
use crate::capi::semaphore::cyd_semaphore_t;
use crate::capi::status::cyd_status_t;
use crate::capi::writable::cyd_writable_t;
use crate::capi::{args, boundary};
use crate::error::{Error, ErrorKind, Result};
use crate::objects::many::{AsPart, Kept, wait_for_parts};
use crate::objects::pool::{Future, ReturnWhen, wait_for};
use crate::sync::many::Need;
use crate::sync::wait::Timeout;
use std::ffi::c_void;

/// Does something with a handle, whatever it is of those that can be waited for.
macro_rules! by_noun {
    ($handle:expr, |$it:ident| $do:expr) => {
        by_noun!($handle, |$it| $do, cyd_event_t, cyd_semaphore_t, cyd_permits_t, cyd_receiver_t, cyd_sender_t, cyd_queue_t, cyd_lifo_queue_t, cyd_priority_queue_t, cyd_connection_t, cyd_member_t, cyd_future_t, cyd_process_t, cyd_writable_t)
    };
    ($handle:expr, |$it:ident| $do:expr, $($noun:ty),*) => {{
        let found = Err(ErrorKind::Type);
        $(let found = found.or_else(|kind| next(kind, || {
            let $it = $handle.cast::<$noun>();
            $do
        }));)*
        found
    }};
}

type Answer<T> = std::result::Result<T, ErrorKind>;

/// Of another type: try the next.
fn next<T>(kind: ErrorKind, other: impl FnOnce() -> Answer<T>) -> Answer<T> {
    if kind == ErrorKind::Type { other() } else { Err(kind) }
}

/// # Safety
/// As the header asks of the caller, for each of them.
unsafe fn parts<'a>(handles: &[*mut c_void]) -> Result<Vec<&'a dyn AsPart>> {
    let part_of = |handle: *mut c_void| {
        // SAFETY: the caller's promise; with an end of a ring nobody else is at work.
        by_noun!(handle, |it| unsafe { handle::get_unshared(it.cast_const()) }.map(|it| it as &dyn AsPart))
    };
    let named = |(at, handle): (usize, &*mut c_void)| part_of(*handle).map_err(|kind| of_handle(at, kind));
    handles.iter().enumerate().map(named).collect()
}

/// What is behind a handle, for whoever looks at it later.
///
/// # Safety
/// As `parts`.
pub(super) unsafe fn kept(handle: *mut c_void) -> Result<Option<Kept>> {
    // SAFETY: the caller's promise.
    let kept = by_noun!(handle, |it| unsafe { handle::get_unshared(it.cast_const()) }.map(AsPart::keep));
    Ok(kept?)
}

fn of_handle(at: usize, kind: ErrorKind) -> Error {
    Error::with(kind, format!("handle {at} of the list"))
}

/// # Safety
/// As `parts`.
unsafe fn inside(handles: &[*mut c_void]) -> Result<Inside> {
    let mut inside = Inside::new(handles.len());
    for (at, handle) in handles.iter().enumerate() {
        // SAFETY: the caller's promise.
        let added = by_noun!(handle, |it| unsafe { inside.add(it.cast_const()) });
        added.map_err(|kind| of_handle(at, kind))?;
    }
    Ok(inside)
}

/// What the three functions have in common.
///
/// # Safety
/// As `args::items`, and as `parts`.
unsafe fn wait(handles: *const *mut c_void, count: usize, need: Need, timeout_ns: i64) -> Result<Vec<usize>> {
    // SAFETY: the caller's promise.
    let (handles, parts) = unsafe {
        let handles = args::items(handles, count)?;
        (handles, parts(handles)?)
    };
    match wait_for_parts(&parts, need, Timeout::Try) {
        Err(e) if timeout_ns != 0 && e.kind() == ErrorKind::Timeout => {
            // SAFETY: as above; from now on they may be closed.
            let inside = unsafe { inside(handles)? };
            inside.wait(|| wait_for_parts(&parts, need, Timeout::from_ns(timeout_ns)))
        }
        done => done,
    }
}

/// Waits until one of several objects is ready; tells which. If several are, the one that comes first in the list: begin the
/// next list with another one if none may starve.
///
/// Ready means what poll() means by it: nothing is taken. Try then, with a timeout of 0, and wait again if somebody else was
/// quicker. What is ready for a moment only, as an event that is cleared at once, may be missed.
///
///   a handle of           | is ready when
///   ----------------------|-----------------------------------------------------------------------
///   cyd_event_t           | it is set
///   cyd_semaphore_t       | there is a permit
///   cyd_queue_t           | there is something to get, or it is shut down
///   cyd_lifo_queue_t      | the same
///   cyd_priority_queue_t  | the same
///   cyd_permits_t         | one is free
///   cyd_receiver_t        | there is something to receive, or the sender is gone
///   cyd_sender_t          | there is room for the longest record, or the receiver is gone
///   cyd_connection_t      | there is something to receive, or nobody holds the other end any more; of
///                         | one that only sends: there is room for the longest message, or the same
///   cyd_writable_t        | there is room in the queue or the pipe, or will never be any more
///   cyd_member_t          | its process is gone
///   cyd_future_t          | its task has ended
///   cyd_process_t         | it has ended, and its exit is known
///
/// @code{.c}
/// void *both[] = {stop, receiver};
/// size_t which;
/// rc = cyd_wait_any(both, 2, -1, &which);
/// if (rc == CYD_OK && which == 1) {
///     rc = cyd_receiver_recv(receiver, buffer, sizeof buffer, 0, &len);
/// }
/// @endcode
///
/// Up to 16 objects the caller is woken by these alone. With more it is woken by others of the yard as well that become
/// ready while somebody waits for many; it then looks at all of its own and goes on waiting. With a process among them it
/// waits on descriptors, and the thread that serves cyd_notifier_t tells it of the others.
///
/// \param handles     Pointers to handles of the types above, all of one yard (a process is of none), none of them twice.
///                    Borrowed.
/// \param count       How many; at least 1.
/// \param timeout_ns  0 looks and never waits; a negative value waits without limit.
/// \param index       Receives the place in the list.
///
/// \return #CYD_OK, or, and cyd_last_error_message() names the place that is meant,
///   - #CYD_E_TIMEOUT      none was ready in time
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
///   - #CYD_E_INVALID      the list is empty, has an object twice, or a misaligned pointer
///   - #CYD_E_FOREIGN      an object lies in another yard than the others
///   - #CYD_E_DEADLOCK     it is the very task that the caller is in
///   - #CYD_E_NOT_OWNER    an end of a ring is held by the parent of this fork() child, or a process is its child
///   - #CYD_E_UNSUPPORTED  an end of a ring that was made for spinning
///   - #CYD_E_NO_SLOTS     none is ready, and the table of threads is full
///   - #CYD_E_NO_MEMORY    a process is among them, and this one may have no more descriptors or threads
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  a pointer is NULL; a handle is closed (also during the wait), or nothing
///     that can be waited for
///
/// \par Threads    Any; an end of a ring by one at a time, as in its other calls.
/// \par Processes  Any; an end of a ring in the one that took it.
/// \par Blocking   At most `timeout_ns`; no system call if one is ready. Not async-signal-safe.
/// \par Crash      Nothing is taken. Who waits for the same goes on within a slice of 250 ms.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_wait_any(
    handles: *const *mut c_void,
    count: usize,
    timeout_ns: i64,
    index: *mut usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (index, ready) = unsafe { (args::out(index)?, wait(handles, count, Need::Any, timeout_ns)?) };
        index.set(ready[0]);
        Ok(())
    })
}

/// As cyd_wait_any(), and tells of each object whether it is ready.
///
/// \param handles     As cyd_wait_any().
/// \param count       As cyd_wait_any().
/// \param timeout_ns  As cyd_wait_any().
/// \param ready       Room for `count`; receives true for each that is ready.
///
/// \return As cyd_wait_any().
///
/// \par Threads    As cyd_wait_any().
/// \par Processes  As cyd_wait_any().
/// \par Blocking   As cyd_wait_any().
/// \par Crash      As cyd_wait_any().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_wait_some(
    handles: *const *mut c_void,
    count: usize,
    timeout_ns: i64,
    ready: *mut bool,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller; a bool is a byte, and is only written.
        let places = unsafe { args::bytes_mut(ready.cast(), count)? };
        // SAFETY: as above.
        let found = unsafe { wait(handles, count, Need::Any, timeout_ns)? };
        places.fill(0);
        found.into_iter().for_each(|at| places[at] = 1);
        Ok(())
    })
}

/// Waits until all of several objects were ready in one look. What is ready for a moment only, while another is not, does
/// not count.
///
/// \param handles     As cyd_wait_any().
/// \param count       As cyd_wait_any().
/// \param timeout_ns  As cyd_wait_any().
///
/// \return As cyd_wait_any().
///
/// \par Threads    As cyd_wait_any().
/// \par Processes  As cyd_wait_any().
/// \par Blocking   As cyd_wait_any().
/// \par Crash      As cyd_wait_any().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_wait_all(
    handles: *const *mut c_void,
    count: usize,
    timeout_ns: i64,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    boundary::call(|| unsafe { wait(handles, count, Need::All, timeout_ns) }.map(drop))
}

/// Until when cyd_wait_futures() waits: a CYD_RETURN_ number.
pub type cyd_return_when_t = u32;

/// Until all have ended, however.
pub const CYD_RETURN_ALL_COMPLETED: cyd_return_when_t = 0;
/// Until one has ended, however.
pub const CYD_RETURN_FIRST_COMPLETED: cyd_return_when_t = 1;
/// Until one has failed or was lost, or all have ended. One that was cancelled is no error.
pub const CYD_RETURN_FIRST_ERROR: cyd_return_when_t = 2;

fn return_when(until: cyd_return_when_t) -> Result<ReturnWhen> {
    match until {
        CYD_RETURN_ALL_COMPLETED => Ok(ReturnWhen::AllCompleted),
        CYD_RETURN_FIRST_COMPLETED => Ok(ReturnWhen::FirstCompleted),
        CYD_RETURN_FIRST_ERROR => Ok(ReturnWhen::FirstError),
        other => Err(Error::with(ErrorKind::Invalid, format!("no CYD_RETURN_ number: {other}"))),
    }
}

/// What is behind the handles, which are to be futures that can be waited for together.
///
/// # Safety
/// As `parts`.
unsafe fn futures<'a>(handles: &[*mut c_void]) -> Result<Vec<&'a Future>> {
    let future_of = |(at, handle): (usize, &*mut c_void)| {
        // SAFETY: the caller's promise.
        unsafe { handle::get(handle.cast::<cyd_future_t>().cast_const()) }.map_err(|kind| of_handle(at, kind))
    };
    let futures = handles.iter().enumerate().map(future_of).collect::<Result<Vec<&Future>>>()?;
    let parts: Vec<&dyn AsPart> = futures.iter().map(|future| *future as &dyn AsPart).collect();
    match wait_for_parts(&parts, Need::Any, Timeout::Try) {
        Err(e) if e.kind() != ErrorKind::Timeout => Err(e),
        _ => Ok(futures),
    }
}

/// Waits until one of several tasks has ended, or one with an error, or all; tells which have.
///
/// A worker that waits for tasks of its own pool works at others meanwhile, as in cyd_future_wait().
///
/// To take them as they come: wait for the first, take those that have ended off the list, and wait for the others.
///
/// \param futures     Futures of pools of one yard, none of them twice. Borrowed.
/// \param count       How many; at least 1.
/// \param until       A CYD_RETURN_ number.
/// \param timeout_ns  0 looks and never waits; a negative value waits without limit.
/// \param done        Room for `count`; receives true for each whose task has ended. With #CYD_E_TIMEOUT too.
/// \param done_count  Receives how many those are, likewise; may be NULL.
///
/// \return #CYD_OK, or, and cyd_last_error_message() names the place that is meant,
///   - #CYD_E_TIMEOUT      not yet; `done` tells which have ended
///   - #CYD_E_CANCELLED    the wait was: see cyd_cancel_t
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_INVALID      the list is empty, has a task twice, or a misaligned pointer; `until` is no CYD_RETURN_ number
///   - #CYD_E_FOREIGN      a future is of a pool in another yard than the first
///   - #CYD_E_DEADLOCK     it is the very task that the caller is in
///   - #CYD_E_NO_SLOTS     the yard's table of threads is full
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  a pointer is NULL; a handle is closed (also during the wait), or no future
///
/// \par Threads    Any.
/// \par Processes  A fork child may wait too.
/// \par Blocking   At most `timeout_ns`. Not async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_wait_futures(
    futures: *const *mut cyd_future_t,
    count: usize,
    until: cyd_return_when_t,
    timeout_ns: i64,
    done: *mut bool,
    done_count: *mut usize,
) -> cyd_status_t {
    boundary::call(|| {
        let until = return_when(until)?;
        // SAFETY: each is NULL or as the header asks of the caller; a bool is a byte, and is only written.
        let (handles, places, done_count) = unsafe {
            let handles = args::items(futures.cast::<*mut c_void>(), count)?;
            (handles, args::bytes_mut(done.cast(), count)?, args::out_or_null(done_count)?)
        };
        // SAFETY: as above.
        let list = unsafe { self::futures(handles)? };
        let (now, is_enough) = match wait_for(&list, until, Timeout::Try)? {
            (_, false) if timeout_ns != 0 => {
                // SAFETY: as above; from now on they may be closed.
                let inside = unsafe { inside(handles)? };
                inside.wait(|| wait_for(&list, until, Timeout::from_ns(timeout_ns)))?
            }
            now => now,
        };
        places.fill(0);
        now.done.iter().for_each(|at| places[*at] = 1);
        if let Some(done_count) = done_count {
            done_count.set(now.done.len());
        }
        if is_enough { Ok(()) } else { Err(ErrorKind::Timeout.into()) }
    })
}
