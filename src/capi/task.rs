//! What workers do, for C.
//!
//! * what lives here: functions by name, and `cyd_task_t`, what such a function is told
//! * who calls it: C programs
//! * what it may call: `process`, `objects::pool`
//! * the invariant: a task's pointer is good while its function runs, and is refused otherwise as far as can be seen
//! * where it is tested: `ffi-tests/c/pool.c`

use crate::capi::pool::cyd_pool_t;
use crate::capi::status::cyd_status_t;
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::{ErrorKind, Result};
use crate::objects::pool::Input;
use crate::process::{self, Task};
use std::cell::{Cell, RefCell};
use std::ffi::{c_char, c_int, c_void};
use std::ptr;

/// What a function that works at a task is told of it: for the call, and for the thread that it is called in.
pub struct cyd_task_t {
    _opaque: [u8; 0],
}

/// A task's number, and how often it was begun before.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_task_info_t {
    /// Set to sizeof(cyd_task_info_t) before the call.
    pub struct_size: usize,
    /// As cyd_future_info() tells it.
    pub id: u64,
    /// How many workers were lost with this task before: not 0 means that a part of it may be done already.
    pub attempt: u32,
    /// 0
    pub reserved: u32,
}
options::sized!(cyd_task_info_t { struct_size, id: u64, attempt: u32, reserved: u32 });

const MAGIC: u32 = u32::from_le_bytes(*b"task");

/// What is behind the pointer while the function runs.
#[repr(C)]
struct Called<'a> {
    magic: Cell<u32>,
    task: &'a Task<'a>,
    result: RefCell<Vec<u8>>,
    error: RefCell<Option<String>>,
}

impl Drop for Called<'_> {
    fn drop(&mut self) {
        self.magic.set(0);
    }
}

/// # Safety
/// NULL, misaligned, or what a function of a task was called with.
unsafe fn called<'a>(task: *const cyd_task_t) -> Result<&'a Called<'a>> {
    let it: *const Called<'a> = task.cast();
    if it.is_null() || !it.is_aligned() {
        return Err(if it.is_null() { ErrorKind::Null } else { ErrorKind::Invalid }.into());
    }
    // SAFETY: not NULL, aligned; the rest is the caller's promise. The first word tells as far as can be seen.
    let it = unsafe { &*it };
    if it.magic.get() == MAGIC { Ok(it) } else { Err(ErrorKind::Closed.into()) }
}

/// Has workers of this program call `work` for tasks that are submitted under this name.
///
/// Every process whose workers are to know it registers it before its workers begin: a program that starts itself anew for them
/// does so before it calls cyd_init(). Programs in other languages register what they like under the same name.
///
/// \param name      1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param work      Called with the task, its input, which is gone afterwards, and `argument`. It gives the result with
///   cyd_task_return(), or an error with cyd_task_fail(), and returns 0 if the task is done, anything else if it has failed. A
///   C++ exception must not leave it. In a pool of threads it is called by several at once.
/// \param argument  Whatever `work` is to have, for as long as the process runs.
///
/// \return #CYD_OK, or
///   - #CYD_E_EXISTS  the name is taken
///   - #CYD_E_NAME    `name` is no legal name, or NULL
///   - #CYD_E_NULL    `work` is NULL
///
/// \par Threads    Any.
/// \par Processes  Each for itself.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_task_register(
    name: *const c_char,
    work: Option<
        unsafe extern "C" fn(
            task: *mut cyd_task_t,
            input: *const c_void,
            len: usize,
            argument: *mut c_void,
        ) -> c_int,
    >,
    argument: *mut c_void,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or a string, by the caller's promise.
        let name = unsafe { args::name(name)? };
        let work = work.ok_or(ErrorKind::Null)?;
        let argument = args::Argument::new(argument);
        process::register_task(name, move |task: &Task<'_>, input: &[u8]| {
            // SAFETY: so many bytes lie there while the function runs; the rest is the caller's promise.
            unsafe { call(work, task, input.as_ptr(), input.len(), &argument) }
        })
    })
}

/// As cyd_task_register(), for a function that reads its input where it lies: a long one is not copied, whether it was submitted
/// by cyd_pool_submit() or by cyd_pool_submit_block(). Whoever submits need not know which of the two is registered.
///
/// \param name      As cyd_task_register().
/// \param work      As cyd_task_register(). Its input stays until the task has ended, also if who submitted it dies; a task that is
///   begun again finds it again. A peer that keeps no rules may change the bytes at any time.
/// \param argument  As cyd_task_register().
///
/// \return As cyd_task_register().
///
/// \par Threads    Any.
/// \par Processes  Each for itself.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_task_register_block(
    name: *const c_char,
    work: Option<
        unsafe extern "C" fn(
            task: *mut cyd_task_t,
            input: *const c_void,
            len: usize,
            argument: *mut c_void,
        ) -> c_int,
    >,
    argument: *mut c_void,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or a string, by the caller's promise.
        let name = unsafe { args::name(name)? };
        let work = work.ok_or(ErrorKind::Null)?;
        let argument = args::Argument::new(argument);
        process::register_block_task(name, move |task: &Task<'_>, input: &Input<'_>| {
            let at = input.as_ptr();
            if at.is_null() {
                return Err("the input is gone: somebody keeps no rules".to_owned());
            }
            // SAFETY: so many bytes lie there as long as the yard is mapped; what a peer may do to them the header says. The rest
            // is the caller's promise.
            unsafe { call(work, task, at, input.len(), &argument) }
        })
    })
}

type Work = unsafe extern "C" fn(*mut cyd_task_t, *const c_void, usize, *mut c_void) -> c_int;

/// Calls a function with a task and its input: its result, or its error.
///
/// # Safety
/// `len` bytes lie at `input` while it runs, and it may be called with them, and with `argument`, as the header says.
unsafe fn call(
    work: Work,
    task: &Task<'_>,
    input: *const u8,
    len: usize,
    argument: &args::Argument,
) -> std::result::Result<Vec<u8>, String> {
    let (result, error) = (RefCell::default(), RefCell::default());
    let called = Called { magic: Cell::new(MAGIC), task, result, error };
    let it = ptr::from_ref(&called).cast_mut().cast();
    // SAFETY: the caller's promise.
    match unsafe { work(it, input.cast(), len, argument.get()) } {
        0 => Ok(called.result.take()),
        code => Err(called.error.take().unwrap_or_else(|| format!("it returned {code}"))),
    }
}

/// Gives a task's result; the last one counts. Without it the result is empty.
///
/// \param task  What the function was called with.
/// \param data  The first byte; copied. May be NULL if `len` is 0.
/// \param len   How many bytes. More than the pool's blocks have room for fail the task.
///
/// \return #CYD_OK, or
///   - #CYD_E_NULL     `task` is NULL, or `data` is and `len` is not 0
///   - #CYD_E_CLOSED   the function has returned, as far as can be seen: a task is no handle, and its memory is used again
///   - #CYD_E_INVALID  `len` is more than any memory, `task` is misaligned
///
/// \par Threads    The one that the function was called in.
/// \par Processes  The worker.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared before the function has returned.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_task_return(
    task: *mut cyd_task_t,
    data: *const c_void,
    len: usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (task, data) = unsafe { (called(task)?, args::bytes(data, len)?) };
        task.result.replace(data.to_vec());
        Ok(())
    })
}

/// Says why a task fails, for a function that returns something else than 0 then; the last one counts.
///
/// \param task  What the function was called with.
/// \param text  In UTF-8; copied.
///
/// \return #CYD_OK, or
///   - #CYD_E_NULL     `task` is NULL
///   - #CYD_E_NAME     `text` is NULL, or not UTF-8
///   - #CYD_E_CLOSED   the function has returned, as far as can be seen: a task is no handle, and its memory is used again
///   - #CYD_E_INVALID  `task` is misaligned
///
/// \par Threads    The one that the function was called in.
/// \par Processes  The worker.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared before the function has returned.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_task_fail(task: *mut cyd_task_t, text: *const c_char) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (task, text) = unsafe { (called(task)?, args::name(text)?) };
        task.error.replace(Some(text.to_owned()));
        Ok(())
    })
}

/// Tells a task's number, and how often it was begun before.
///
/// \param task  What the function was called with.
/// \param out   Filled as far as its `struct_size` reaches.
///
/// \return #CYD_OK, or
///   - #CYD_E_NULL     `task` or `out` is NULL
///   - #CYD_E_CLOSED   the function has returned, as far as can be seen: a task is no handle, and its memory is used again
///   - #CYD_E_INVALID  a pointer is misaligned, `struct_size` is not set
///
/// \par Threads    The one that the function was called in.
/// \par Processes  The worker.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_task_info(task: *const cyd_task_t, out: *mut cyd_task_info_t) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (task, out) = unsafe { (called(task)?.task, options::fill(out)?) };
        let (id, attempt) = (task.id(), task.attempt());
        out.set(cyd_task_info_t { struct_size: size_of::<cyd_task_info_t>(), id, attempt, reserved: 0 });
        Ok(())
    })
}

/// Tells whether a task was asked to stop. Its waits end with #CYD_E_CANCELLED then; one that only computes looks here from
/// time to time.
///
/// \param task  What the function was called with.
/// \param out   Receives the answer.
///
/// \return #CYD_OK, or
///   - #CYD_E_NULL     `task` or `out` is NULL
///   - #CYD_E_CLOSED   the function has returned, as far as can be seen: a task is no handle, and its memory is used again
///   - #CYD_E_INVALID  a pointer is misaligned
///
/// \par Threads    The one that the function was called in.
/// \par Processes  The worker.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_task_is_cancelled(task: *const cyd_task_t, out: *mut bool) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (task, out) = unsafe { (called(task)?.task, args::out(out)?) };
        out.set(task.is_cancelled());
        Ok(())
    })
}

/// Opens the pool that a task is one of, to submit others. Who waits for them works at others meanwhile.
///
/// \param task  What the function was called with.
/// \param out   Receives the handle; close it with cyd_pool_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NULL     `task` or `out` is NULL
///   - #CYD_E_CLOSED   the function has returned, as far as can be seen: a task is no handle, and its memory is used again
///   - #CYD_E_INVALID  a pointer is misaligned
///
/// \par Threads    The one that the function was called in; the pool's handle is good for any.
/// \par Processes  The worker.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_task_pool(task: *const cyd_task_t, out: *mut *mut cyd_pool_t) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (task, out) = unsafe { (called(task)?.task, args::out(out)?) };
        out.set(handle::open(task.pool())?);
        Ok(())
    })
}

/// Opens the yard that a task's pool lies in, to open there what the input refers to.
///
/// \param task  What the function was called with.
/// \param out   Receives the handle; close it with cyd_yard_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NULL     `task` or `out` is NULL
///   - #CYD_E_CLOSED   the function has returned, as far as can be seen: a task is no handle, and its memory is used again
///   - #CYD_E_INVALID  a pointer is misaligned
///
/// \par Threads    The one that the function was called in; the yard's handle is good for any.
/// \par Processes  The worker.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_task_yard(task: *const cyd_task_t, out: *mut *mut cyd_yard_t) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (task, out) = unsafe { (called(task)?.task, args::out(out)?) };
        out.set(handle::open(task.yard().clone())?);
        Ok(())
    })
}
