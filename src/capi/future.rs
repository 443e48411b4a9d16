//! What becomes of a task, for C.
//!
//! * what lives here: `cyd_future_t`, `cyd_fate_t`
//! * who calls it: C programs
//! * what it may call: `objects::pool`
//! * the invariant: a result that does not fit stays where it is
//! * where it is tested: `ffi-tests/c/pool.c`

use crate::capi::status::cyd_status_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::{Error, ErrorKind, Result};
use crate::objects::pool::{Cause, Fate, Future, TaskState};
use crate::os::child::Exit;
use crate::sync::wait::Timeout;
use std::ffi::{c_char, c_void};
use std::ptr;

/// What becomes of a task: for the process that has submitted it. Several threads may use a handle at a time.
///
/// Every task ends exactly once, in one of four ways: see #cyd_fate_t. The result can be had as often as one likes, until the
/// handle is closed. Then nobody wants to know any more: the task runs nevertheless, and what it gives is thrown away. The same
/// happens to the tasks of a process that dies.
///
/// A worker that waits for a task of its own pool works at others meanwhile, one within the other: so a task may submit tasks
/// and wait for them, however few workers there are. The time of the wait is looked at between two of them, and so is whether it
/// is cancelled or the handle closed: it may last longer by one task. Who only looks, with a timeout of 0, works at none.
pub struct cyd_future_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_future_t, Future, b"futu");

/// How far a task is: a CYD_TASK_ number.
pub type cyd_task_state_t = u32;

/// It waits for a worker.
pub const CYD_TASK_PENDING: cyd_task_state_t = 0;
/// A worker is at it.
pub const CYD_TASK_RUNNING: cyd_task_state_t = 1;
/// It has ended with a result.
pub const CYD_TASK_DONE: cyd_task_state_t = 2;
/// It has ended with an error.
pub const CYD_TASK_FAILED: cyd_task_state_t = 3;
/// It was cancelled.
pub const CYD_TASK_CANCELLED: cyd_task_state_t = 4;
/// It was lost with its worker.
pub const CYD_TASK_LOST: cyd_task_state_t = 5;

/// Its worker ended by itself; `value` is the exit code.
pub const CYD_LOST_EXIT_CODE: u32 = 1;
/// Its worker was ended by the signal `value`.
pub const CYD_LOST_SIGNAL: u32 = 2;
/// Its worker is gone, and nobody knows how; or who promised the result is.
pub const CYD_LOST_UNKNOWN: u32 = 3;
/// Its time was up.
pub const CYD_LOST_TIME_LIMIT: u32 = 4;
/// The pool's maker is gone, and no worker is left.
pub const CYD_LOST_NO_WORKERS: u32 = 5;
/// No worker could begin: the initializer fails, or they cannot be made.
pub const CYD_LOST_UNFIT: u32 = 6;

/// How a task has ended.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_fate_t {
    /// Set to sizeof(cyd_fate_t) before the call of cyd_future_fate().
    pub struct_size: usize,
    /// #CYD_TASK_DONE, #CYD_TASK_FAILED, #CYD_TASK_CANCELLED or #CYD_TASK_LOST.
    pub state: cyd_task_state_t,
    /// If it was lost: a CYD_LOST_ number; else 0.
    pub cause: u32,
    /// The exit code, or the signal, of a lost worker.
    pub value: i32,
    /// A lost worker's process; 0: there was none.
    pub pid: u32,
    /// If it was lost: how many workers were lost with it before.
    pub attempt: u32,
    /// 0
    pub reserved: u32,
    /// To a callback: the result, or the error's text, with a NUL behind it; gone when it returns. Else NULL: cyd_future_result()
    /// and cyd_future_error() copy them.
    pub data: *const c_void,
    /// How many bytes the result, or the error's text, has.
    pub len: usize,
}
options::sized!(cyd_fate_t {
    struct_size,
    state: cyd_task_state_t,
    cause: u32,
    value: i32,
    pid: u32,
    attempt: u32,
    reserved: u32,
    data: *const c_void,
    len: usize,
});

/// How far a task is, and who is at it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_future_info_t {
    /// Set to sizeof(cyd_future_info_t) before the call.
    pub struct_size: usize,
    /// The task's number: it never means another task of this pool. See cyd_pool_future().
    pub id: u64,
    /// How far it is.
    pub state: cyd_task_state_t,
    /// If it runs: its worker's process; else 0.
    pub pid: u32,
    /// If it runs: how many workers were lost with it before.
    pub attempt: u32,
    /// 1 if it runs and was asked to stop, or its worker is going to be killed; else 0.
    pub is_asked: u32,
}
options::sized!(cyd_future_info_t {
    struct_size,
    id: u64,
    state: cyd_task_state_t,
    pid: u32,
    attempt: u32,
    is_asked: u32,
});

const NO_FATE: cyd_fate_t = cyd_fate_t {
    struct_size: size_of::<cyd_fate_t>(),
    state: CYD_TASK_CANCELLED,
    cause: 0,
    value: 0,
    pid: 0,
    attempt: 0,
    reserved: 0,
    data: ptr::null(),
    len: 0,
};

/// A fate without its bytes, and those.
pub(super) fn parts(fate: Result<Fate>) -> (cyd_fate_t, Vec<u8>) {
    let (mut out, bytes) = match fate {
        Ok(Fate::Done(result)) => (cyd_fate_t { state: CYD_TASK_DONE, ..NO_FATE }, result),
        Ok(Fate::Failed(error)) => (cyd_fate_t { state: CYD_TASK_FAILED, ..NO_FATE }, error.into_bytes()),
        Ok(Fate::Cancelled) => (NO_FATE, Vec::new()),
        Ok(Fate::Lost { cause, pid, attempt }) => {
            let (cause, value) = of_cause(cause);
            (cyd_fate_t { state: CYD_TASK_LOST, cause, value, pid, attempt, ..NO_FATE }, Vec::new())
        }
        // It cannot be known any more.
        Err(why) => {
            let lost = cyd_fate_t { state: CYD_TASK_LOST, cause: CYD_LOST_UNKNOWN, ..NO_FATE };
            (lost, why.to_string().into_bytes())
        }
    };
    out.len = bytes.len();
    (out, bytes)
}

fn of_cause(cause: Cause) -> (u32, i32) {
    match cause {
        Cause::Exit(Exit::Code(value)) => (CYD_LOST_EXIT_CODE, value),
        Cause::Exit(Exit::Signal(value)) => (CYD_LOST_SIGNAL, value),
        Cause::Exit(Exit::Unknown) => (CYD_LOST_UNKNOWN, 0),
        Cause::TimeLimit => (CYD_LOST_TIME_LIMIT, 0),
        Cause::NoWorkers => (CYD_LOST_NO_WORKERS, 0),
        Cause::Unfit => (CYD_LOST_UNFIT, 0),
    }
}

/// Does something that needs the task's end; waits through the handle if it has not come.
///
/// # Safety
/// As `handle::waiting`.
unsafe fn ended<R: 'static>(
    future: *const cyd_future_t,
    timeout_ns: i64,
    mut f: impl FnMut(Timeout) -> Result<R>,
) -> Result<R> {
    match f(Timeout::Try) {
        Err(e) if timeout_ns != 0 && e.kind() == ErrorKind::Timeout => {
            // SAFETY: the caller's promise.
            unsafe { handle::waiting(future, || f(Timeout::from_ns(timeout_ns))) }
        }
        done => done,
    }
}

/// Tells a task's number, how far it is, and who is at it.
///
/// \param future  Borrowed.
/// \param out     Filled as far as its `struct_size` reaches.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  this future only looks on (cyd_pool_future()), and the task's owner has no use for it any more
///   - #CYD_E_CORRUPT    somebody has written into the yard who keeps no rules
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `future` or `out` is NULL, `future` is closed or no future
///   - #CYD_E_INVALID    a pointer is misaligned, `struct_size` is not set
///
/// \par Threads    Any.
/// \par Processes  A fork child may ask too.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_future_info(
    future: *const cyd_future_t,
    out: *mut cyd_future_info_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, out) = unsafe { (handle::get(future)?, options::fill(out)?) };
        let (state, pid, attempt, is_asked) = match it.state()? {
            TaskState::Pending => (CYD_TASK_PENDING, 0, 0, 0),
            TaskState::Running { pid, attempt, is_asked } => {
                (CYD_TASK_RUNNING, pid, attempt, u32::from(is_asked))
            }
            TaskState::Done => (CYD_TASK_DONE, 0, 0, 0),
            TaskState::Failed => (CYD_TASK_FAILED, 0, 0, 0),
            TaskState::Cancelled => (CYD_TASK_CANCELLED, 0, 0, 0),
            TaskState::Lost => (CYD_TASK_LOST, 0, 0, 0),
        };
        let struct_size = size_of::<cyd_future_info_t>();
        out.set(cyd_future_info_t { struct_size, id: it.id(), state, pid, attempt, is_asked });
        Ok(())
    })
}

/// Waits until a task has ended, however. cyd_wait_futures(), cyd_wait_any() and cyd_wait_all() wait for many.
///
/// \param future      Borrowed.
/// \param timeout_ns  0 looks and never waits; a negative value waits without limit.
///
/// \return #CYD_OK, or
///   - #CYD_E_TIMEOUT      it has not; it goes on
///   - #CYD_E_DEADLOCK     the caller is in this very task
///   - #CYD_E_CANCELLED    the wait was cancelled: see cyd_cancel_t
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_NOT_FOUND    this future only looks on, and the task's owner has no use for it any more
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_CORRUPT      somebody has written into the yard who keeps no rules
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `future` is NULL, closed, no future, misaligned
///
/// \par Threads    Any.
/// \par Processes  A fork child may wait too.
/// \par Blocking   At most `timeout_ns`. Not async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_future_wait(future: *mut cyd_future_t, timeout_ns: i64) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes but while we wait, by the caller's promise.
    boundary::call(|| unsafe {
        let it = handle::get(future)?;
        ended(future, timeout_ns, |timeout| it.wait(timeout))
    })
}

/// Waits until a task has ended, and tells how.
///
/// \param future      Borrowed.
/// \param timeout_ns  0 looks and never waits; a negative value waits without limit.
/// \param out         Filled as far as its `struct_size` reaches.
///
/// \return As cyd_future_wait(); #CYD_E_NULL also if `out` is NULL, #CYD_E_INVALID if `struct_size` is not set.
///
/// \par Threads    Any.
/// \par Processes  A fork child may ask too.
/// \par Blocking   At most `timeout_ns`. Not async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_future_fate(
    future: *mut cyd_future_t,
    timeout_ns: i64,
    out: *mut cyd_fate_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, out) = unsafe { (handle::get(future)?, options::fill(out)?) };
        // SAFETY: as above; while we wait it may be closed.
        let fate = unsafe { ended(future, timeout_ns, |timeout| it.fate(timeout))? };
        out.set(parts(Ok(fate)).0);
        Ok(())
    })
}

/// Waits until a task has ended, and copies its result.
///
/// \param future      Borrowed.
/// \param buffer      Receives the result. May be NULL when `room` is 0.
/// \param room        Bytes of `buffer`.
/// \param timeout_ns  0 looks and never waits; a negative value waits without limit.
/// \param len         Receives the result's length; with #CYD_E_TOO_LONG too.
///
/// \return #CYD_OK, or
///   - #CYD_E_FAILED     the task has; cyd_last_error_message() has its error, as far as it fits: see cyd_future_error()
///   - #CYD_E_LOST       it was lost; cyd_last_error_message() says of what, cyd_future_fate() too
///   - #CYD_E_CANCELLED  the task was, or this wait: cyd_future_info() tells
///   - #CYD_E_TOO_LONG   it is longer than `room` and stays; `len` tells how long
///   - whatever else cyd_future_wait() answers; #CYD_E_NULL also if `len` is NULL, or `buffer` is and `room` is not 0
///
/// \par Threads    Any.
/// \par Processes  A fork child may ask too.
/// \par Blocking   At most `timeout_ns`. Not async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_future_result(
    future: *mut cyd_future_t,
    buffer: *mut c_void,
    room: usize,
    timeout_ns: i64,
    len: *mut usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, buffer, len) =
            unsafe { (handle::get(future)?, args::bytes_mut(buffer, room)?, args::out(len)?) };
        // SAFETY: as above; while we wait it may be closed.
        let result = unsafe { ended(future, timeout_ns, |timeout| it.result(timeout))? };
        copy(&result, buffer, len)
    })
}

/// Copies a result out, if it fits.
pub(super) fn copy(result: &[u8], buffer: &mut [u8], len: args::Out<usize>) -> Result<()> {
    len.set(result.len());
    let too_long = || {
        let detail = format!("a result of {} bytes, a buffer of {}", result.len(), buffer.len());
        Error::with(ErrorKind::TooLong, detail)
    };
    match buffer.len() < result.len() {
        true => Err(too_long()),
        false => {
            buffer[..result.len()].copy_from_slice(result);
            Ok(())
        }
    }
}

/// Copies the error of a task that has failed, as snprintf(3) does: cut to fit, always with a NUL.
///
/// \param future  Borrowed.
/// \param buffer  Receives the text. NULL with a `room` of 0 only asks for the length.
/// \param room    Bytes of `buffer`.
/// \param len     Receives the length of the whole text, without its NUL; may be NULL.
///
/// \return #CYD_OK, or
///   - #CYD_E_STATE      the task has not failed
///   - #CYD_E_NOT_FOUND  this future only looks on, and the task's owner has no use for it any more
///   - #CYD_E_CORRUPT    somebody has written into the yard who keeps no rules
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `future` is NULL, closed, no future, misaligned
///
/// \par Threads    Any.
/// \par Processes  A fork child may ask too.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_future_error(
    future: *mut cyd_future_t,
    buffer: *mut c_char,
    room: usize,
    len: *mut usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, len) = unsafe { (handle::get(future)?, args::out_or_null(len)?) };
        let state = || Error::with(ErrorKind::State, "the task has not failed");
        let error = match it.fate(Timeout::Try) {
            Ok(Fate::Failed(error)) => error,
            Err(e) if e.kind() != ErrorKind::Timeout => return Err(e),
            _ => return Err(state()),
        };
        // SAFETY: NULL, or writable for `room` bytes, by the caller's promise.
        let whole = unsafe { args::print(buffer, room, &error) };
        if let Some(len) = len {
            len.set(whole);
        }
        Ok(())
    })
}

/// What calls a function of C with how a task has ended.
pub(super) fn callback(
    done: Option<unsafe extern "C" fn(fate: *const cyd_fate_t, argument: *mut c_void)>,
    argument: *mut c_void,
) -> Result<impl FnOnce(Result<Fate>) + Send + 'static> {
    let (done, argument) = (done.ok_or(ErrorKind::Null)?, args::Argument::new(argument));
    Ok(move |fate| {
        let (mut fate, mut bytes) = parts(fate);
        bytes.push(0);
        fate.data = bytes.as_ptr().cast();
        // SAFETY: the caller's function, called with the caller's argument, as the header says.
        unsafe { done(&raw const fate, argument.get()) };
    })
}

/// Has `done` called, once, with how a task has ended: soon after that, or soon if it has ended already.
///
/// One thread of this process calls all callbacks of all pools, one after the other; those of one task in the order in which
/// they were added. So one that takes its time holds up the others, and nothing else; it may submit tasks, wait for them, and
/// add callbacks.
///
/// It is called however the task ends: also when the pool is shut down, gives up, or loses its maker. Closing the future takes
/// nothing back: the task stays this process's until its callbacks were called, and the yard stays open. If it cannot be known
/// any more how it has ended (this future only looks on, and the task's owner has no use for it any more), it is told as
/// #CYD_TASK_LOST with #CYD_LOST_UNKNOWN. cyd_pool_join() waits for the callbacks of its pool; the end of the process does not,
/// and those that were not called by then are not called.
///
/// \param future    Borrowed.
/// \param done      The fate, with its bytes, is gone when it returns. A C++ exception must not leave it.
/// \param argument  Whatever `done` is to have, until it was called.
///
/// \return #CYD_OK; else `done` will not be called:
///   - #CYD_E_NO_MEMORY  the process may have no more threads
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `future` or `done` is NULL, `future` is closed or no future
///   - #CYD_E_INVALID    a misaligned pointer
///
/// \par Threads    Any. `done` runs in the library's thread for that, which blocks all signals.
/// \par Processes  A fork child calls none of its parent's, and may add its own. One that `done` has forked must not return
///   from it.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_future_add_done_callback(
    future: *const cyd_future_t,
    done: Option<unsafe extern "C" fn(fate: *const cyd_fate_t, argument: *mut c_void)>,
    argument: *mut c_void,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or as the header asks of the caller.
        let it = unsafe { handle::get(future)? };
        it.add_done_callback(callback(done, argument)?)
    })
}

/// What the three ways to end a task have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn end(
    future: *mut cyd_future_t,
    out: *mut bool,
    how: impl FnOnce(&Future) -> Result<bool>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (it, out) = unsafe { (handle::get(future)?, args::out_or_null(out)?) };
        let ended = how(it)?;
        if let Some(out) = out {
            out.set(ended);
        }
        Ok(())
    })
}

/// Cancels a task if it waits for a worker still: then it never runs.
///
/// \param future  Borrowed.
/// \param out     Receives whether it is cancelled; may be NULL.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  A fork child may do it too.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Killed before the one swap: nothing has changed. Killed after: it is cancelled, and who waits finds it within
///   a quarter of a second.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_future_cancel(future: *mut cyd_future_t, out: *mut bool) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { end(future, out, |it| Ok(it.cancel())) }
}

/// Cancels a task if it waits, or asks it to stop if it runs: its waits end with #CYD_E_CANCELLED, and cyd_task_is_cancelled()
/// tells it. It may end with a result nevertheless.
///
/// \param future  Borrowed.
/// \param out     Receives whether it is cancelled, or asked; may be NULL.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  A fork child may do it too.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      It is cancelled, or asked, or not; if it is asked, its waits end within a quarter of a second.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_future_stop(future: *mut cyd_future_t, out: *mut bool) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { end(future, out, |it| Ok(it.stop())) }
}

/// Cancels a task if it waits, or has its worker killed if it runs: only this task ends with it, and what its worker has in hand
/// because this one waits for it.
///
/// \param future  Borrowed.
/// \param out     Receives whether it is cancelled, or is going to be; may be NULL.
///
/// \return #CYD_OK, or
///   - #CYD_E_UNSUPPORTED  it runs in a thread, or is a promise: there is nothing to kill; or in another PID namespace than the
///     pool's maker is in, who could kill somebody else; or he is gone, and with him who kills: cyd_future_stop() asks all of these
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `future` is NULL, closed, no future, a pointer is misaligned
///
/// \par Threads    Any.
/// \par Processes  A fork child may do it too.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      It is cancelled, or its worker is condemned, or nothing has changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_future_kill(future: *mut cyd_future_t, out: *mut bool) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { end(future, out, Future::kill) }
}

/// Closes the handle: its task's result is thrown away, whenever it comes. NULL is harmless.
///
/// \param future  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  In a fork child nothing else happens: the task is its parent's.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      The result is there until whoever sweeps throws it away.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_future_close(future: *mut cyd_future_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(future) })
}
