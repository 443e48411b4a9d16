//! Pools, for C.
//!
//! * what lives here: `cyd_pool_t`
//! * who calls it: C programs
//! * what it may call: `process`, `objects::pool`
//! * the invariant: what a task gives is copied, or is handed to a callback whole
//! * where it is tested: `ffi-tests/c/pool.c`

use crate::capi::future::{callback, copy, cyd_fate_t, cyd_future_t};
use crate::capi::handle::Vacant;
use crate::capi::status::cyd_status_t;
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::{Error, ErrorKind, Result};
use crate::objects::pool::{Future, TaskOptions};
use crate::objects::yard::Yard;
use crate::process::{Pool, PoolOptions, StartMethod};
use crate::sync::wait::Timeout;
use std::ffi::{c_char, c_void};
use std::time::Duration;

/// Workers that do tasks: processes, or threads. Any process that has the yard open submits tasks, by the name of a function
/// that the workers have registered (cyd_task_register()), in whatever language, and learns what becomes of each. Several
/// threads may use a handle at a time.
///
/// One death costs one task. A worker that dies is replaced; what it had in hand is begun again by another one if the task
/// allows that, or is lost, and says of what: see #cyd_fate_t. Nothing else is touched.
///
/// Whoever made the pool looks after its workers, in a thread of its own. Closing his last handle ends the pool at once; to let
/// it finish: cyd_pool_shutdown(), cyd_pool_join(). If he dies, his workers die too, and the tasks that nobody works at any more
/// are lost, and say so.
///
/// @code{.c}
/// static int twice(cyd_task_t *task, const void *input, size_t len, void *argument) {
///     int number;
///     if (len != sizeof number) { return 1; }
///     memcpy(&number, input, len);
///     number *= 2;
///     return cyd_task_return(task, &number, sizeof number);
/// }
///
/// int main(int argc, char **argv) {
///     must(cyd_task_register("twice", twice, NULL)); // must() ends the program if CYD_FAILED()
///     must(cyd_init(argc, (const char *const *)argv)); // workers are this program anew
///     must(cyd_pool_create(yard, "pool", NULL, &pool));
///     must(cyd_pool_apply(pool, "twice", &number, sizeof number, NULL, &number, sizeof number, &len));
/// @endcode
pub struct cyd_pool_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_pool_t, Pool, b"pool");

/// How the workers of a pool are made: a CYD_START_ number.
pub type cyd_start_t = u32;

/// By a fork server of the pool's own. The program must have called cyd_init().
pub const CYD_START_FORK_SERVER: cyd_start_t = 0;
/// Each is the program anew: see cyd_process_spawn(). It must have called cyd_init().
pub const CYD_START_SPAWN: cyd_start_t = 1;
/// By a fork of this process, which is made with the pool and must have no other threads then.
pub const CYD_START_FORK: cyd_start_t = 2;
/// They are threads of this process: no one's death is another's, and no task can be killed.
pub const CYD_START_THREADS: cyd_start_t = 3;

const _: () = {
    assert!(CYD_START_FORK_SERVER == StartMethod::ForkServer as u32);
    assert!(CYD_START_SPAWN == StartMethod::Spawn as u32);
    assert!(CYD_START_FORK == StartMethod::Fork as u32);
    assert!(CYD_START_THREADS == StartMethod::Threads as u32);
};

/// Flag of a pool's options: no input or result has more than 112 bytes, and no memory is kept for longer ones.
pub const CYD_POOL_SHORT: u32 = 1;

/// What a pool is made as. Zero means default; a NULL pointer to it means all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_pool_options_t {
    /// sizeof(cyd_pool_options_t)
    pub struct_size: usize,
    /// How many workers there are at first, 1 to 4094; 0: as many as this process may use CPUs, but so few that a quarter of the
    /// yard's slots, and at least four, are left for others. Each takes one of the slots.
    pub workers: usize,
    /// How many there can be at a time, with those who come from elsewhere (cyd_pool_work()); 0: twice as many as at first, and
    /// 16.
    pub most_workers: usize,
    /// How many tasks can be known at a time, 1 to 8388608: those that wait, run, or have ended and whose futures are kept; 0
    /// means 1024.
    pub tasks: usize,
    /// Bytes for inputs and results of more than 112 bytes; 0 means 262144. They are there until the
    /// task's future is closed. Each takes a block whose size is a power of two, and half of the bytes are in the largest ones: many of
    /// one length may need four times as much as they have together. For an input nobody waits (#CYD_E_NO_SPACE); a result
    /// that finds no room within a second fails its task.
    pub block_bytes: usize,
    /// An entry (cyd_entry_register()) that each worker runs before its first task; NULL: none. If it does not return 0, that
    /// worker ends; if three in a row do, and as many as there are to be, the pool gives up and says so.
    pub initializer: *const c_char,
    /// What it is given; copied. May be NULL if `initializer_len` is 0.
    pub initializer_bytes: *const c_void,
    /// How many bytes.
    pub initializer_len: usize,
    /// How workers are made; 0 is #CYD_START_FORK_SERVER.
    pub method: cyd_start_t,
    /// A worker is replaced after so many tasks; 0: never.
    pub tasks_per_worker: u32,
    /// CYD_POOL_ flags, or 0.
    pub flags: u32,
    /// Must be 0.
    pub reserved: u32,
}
options::sized!(cyd_pool_options_t {
    struct_size,
    workers: usize,
    most_workers: usize,
    tasks: usize,
    block_bytes: usize,
    initializer: *const c_char,
    initializer_bytes: *const c_void,
    initializer_len: usize,
    method: cyd_start_t,
    tasks_per_worker: u32,
    flags: u32,
    reserved: u32,
});

/// # Safety
/// As `options::read`; what the struct points to is as the header asks.
unsafe fn pool_options(from: *const cyd_pool_options_t) -> Result<PoolOptions> {
    // SAFETY: the caller's promise.
    let theirs = unsafe { options::read(from)? };
    options::unknown("flags", theirs.flags & !CYD_POOL_SHORT)?;
    options::unknown("reserved", theirs.reserved)?;
    let method = match theirs.method {
        CYD_START_FORK_SERVER => StartMethod::ForkServer,
        CYD_START_SPAWN => StartMethod::Spawn,
        CYD_START_FORK => StartMethod::Fork,
        CYD_START_THREADS => StartMethod::Threads,
        other => return Err(Error::with(ErrorKind::Invalid, format!("start method {other}"))),
    };
    let initializer = match theirs.initializer.is_null() {
        true => None,
        // SAFETY: not NULL; the rest is the caller's promise.
        false => Some(unsafe { args::name(theirs.initializer)? }.to_owned()),
    };
    // SAFETY: the caller's promise.
    let bytes = unsafe { args::bytes(theirs.initializer_bytes, theirs.initializer_len)? };
    let (workers, most_workers) = (theirs.workers, theirs.most_workers);
    let mut ours = PoolOptions { workers, most_workers, method, initializer, ..PoolOptions::default() };
    ours.initializer_bytes = bytes.to_vec();
    ours.tasks_per_worker = theirs.tasks_per_worker;
    if theirs.tasks != 0 {
        ours.tasks = theirs.tasks;
    }
    match (theirs.flags & CYD_POOL_SHORT != 0, theirs.block_bytes) {
        (true, 0) => ours.block_bytes = 0,
        (true, _) => return Err(Error::with(ErrorKind::Invalid, "block_bytes, and CYD_POOL_SHORT")),
        (false, 0) => {}
        (false, bytes) => ours.block_bytes = bytes,
    }
    Ok(ours)
}

/// What is asked of one task. Zero means default; a NULL pointer to it means all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_task_options_t {
    /// sizeof(cyd_task_options_t)
    pub struct_size: usize,
    /// How long it may run in one attempt, in nanoseconds; 0: as long as it likes. What it waits for a worker does not count, and each
    /// attempt has all of it anew: a task with retries can take longer altogether. When the time is up, its worker is killed and
    /// replaced, and the task is lost, whatever retries are left; in a pool of threads, and in another PID
    /// namespace than its maker's, the task is asked to stop. When the maker is gone, whoever waits for the task asks it.
    pub time_limit_ns: u64,
    /// How often it is begun again when its worker dies at it, at most 255; 0: it is lost with its first worker. What it has
    /// done by then is done: only a task that may be done twice should have more.
    pub retries: u32,
    /// Must be 0.
    pub reserved: u32,
}
options::sized!(cyd_task_options_t { struct_size, time_limit_ns: u64, retries: u32, reserved: u32 });

/// # Safety
/// As `options::read`.
unsafe fn task_options(from: *const cyd_task_options_t) -> Result<TaskOptions> {
    // SAFETY: the caller's promise.
    let theirs = unsafe { options::read(from)? };
    options::unknown("reserved", theirs.reserved)?;
    of_task(theirs.retries, theirs.time_limit_ns)
}

/// What is asked of a task, as C says it.
pub(super) fn of_task(retries: u32, time_limit_ns: u64) -> Result<TaskOptions> {
    let too_many = || Error::with(ErrorKind::Range, format!("{retries} retries, at most 255"));
    let retries = u8::try_from(retries).map_err(|_| too_many())?;
    let time_limit = (time_limit_ns != 0).then(|| Duration::from_nanos(time_limit_ns));
    Ok(TaskOptions { retries, time_limit })
}

/// How the tasks of a pool stand.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_progress_t {
    /// Set to sizeof(cyd_progress_t) before the call.
    pub struct_size: usize,
    /// Wait for a worker.
    pub pending: usize,
    /// Workers are at them.
    pub running: usize,
    /// Have ended with a result that their owners have not thrown away.
    pub done: usize,
    /// Likewise, with an error.
    pub failed: usize,
    /// Likewise, cancelled.
    pub cancelled: usize,
    /// Likewise, lost.
    pub lost: usize,
    /// Workers there are.
    pub workers: usize,
}
options::sized!(cyd_progress_t {
    struct_size,
    pending: usize,
    running: usize,
    done: usize,
    failed: usize,
    cancelled: usize,
    lost: usize,
    workers: usize,
});

/// What the two ways to come to a pool have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_pool_t,
    come: impl FnOnce(&Yard, &str) -> Result<Pool>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        out.set(handle::open(come(yard, name)?)?);
        Ok(())
    })
}

/// Makes a pool, and its workers. Beside it lie its queue and its blocks, under its name and ".tasks", ".blocks".
///
/// \param yard     Where. Borrowed; the pool keeps the yard open by itself.
/// \param name     1 to 56 characters of A-Z a-z 0-9 . _ -
/// \param options  Borrowed for the call; NULL means all defaults.
/// \param out      Receives the handle; close it with cyd_pool_close().
///
/// If it fails, the name is free still; what there was no more room for may be there already, for whoever makes the same pool.
///
/// The thread that looks after the workers is one of this process: from here on it has two, and cyd_process_fork() answers
/// #CYD_E_STATE until the pool has ended, unless it is told #CYD_PROCESS_DESPITE_THREADS.
///
/// \return #CYD_OK, or
///   - #CYD_E_STATE      cyd_init() was not called; or other threads run, with #CYD_START_FORK
///   - #CYD_E_UNSUPPORTED  this program has more rights than its caller (setuid), and workers would be it anew
///   - #CYD_E_NOT_FOUND  there is no such initializer
///   - #CYD_E_RANGE      an option is out of its range
///   - #CYD_E_SIZE       `block_bytes` is too little
///   - #CYD_E_EXISTS     the name is taken
///   - #CYD_E_NAME       `name` is no legal name, or NULL; it has more than 56 characters
///   - #CYD_E_NO_SPACE   the yard has no room for it
///   - #CYD_E_NO_SLOTS   the directory, or the table of processes or threads, is full
///   - #CYD_E_NO_MEMORY, #CYD_E_OS  no process, thread or descriptor can be made
///   - #CYD_E_TIMEOUT    another object has been in the making for ten seconds
///   - #CYD_E_VERSION    an option is set that this version does not know
///   - #CYD_E_INVALID    a pointer is misaligned, `struct_size` is not set, `method` is no CYD_START_ number
///   - #CYD_E_NULL       `yard` or `out` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
///
/// \par Threads    Any; with #CYD_START_FORK the calling one must be the only one.
/// \par Processes  One of several that create the same name at once succeeds.
/// \par Blocking   Until the fork server serves; for whoever is making another object in the yard, at most ten seconds.
/// \par Crash      Killed in it, the pool is there or not, and its workers die too.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    options: *const cyd_pool_options_t,
    out: *mut *mut cyd_pool_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, |yard, name| Pool::create(yard, name, &pool_options(options)?)) }
}

/// Opens a pool that somebody has made, to submit tasks, or to work.
///
/// \param yard  Where. Borrowed; the pool keeps the yard open by itself.
/// \param name  1 to 56 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_pool_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_TYPE       the object of that name is no pool; or `yard` is no yard
///   - #CYD_E_NAME       `name` is no legal name, or NULL
///   - #CYD_E_CORRUPT    somebody has written into the yard who keeps no rules
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
pub unsafe extern "C" fn cyd_pool_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_pool_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, Pool::open) }
}

/// Gives the pool a task: what the workers have registered under `entry`, with this input. Does not wait for it.
///
/// An entry that no worker knows fails the task, which says so. In a task of this pool it does not wait for a place: #CYD_E_FULL,
/// when it has worked at all that waits and there is none.
///
/// \param pool        Borrowed.
/// \param entry       1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param input       What the function is called with; copied. May be NULL if `len` is 0.
/// \param len         How many bytes.
/// \param options     Borrowed for the call; NULL means all defaults.
/// \param timeout_ns  How long to wait for a place: 0 tries and never waits, a negative value waits without limit.
/// \param out         Receives the handle of its future; close it with cyd_future_close(). NULL: nobody wants to know.
///
/// \return #CYD_OK; else nothing was submitted:
///   - #CYD_E_FULL         there is no place for another task within `timeout_ns`
///   - #CYD_E_STATE        the pool is shut down, or has given up: cyd_last_error_message() says why
///   - #CYD_E_TOO_LONG     the input can never fit
///   - #CYD_E_NO_SPACE     no block is free for it now
///   - #CYD_E_NAME         `entry` is no legal name, or NULL
///   - #CYD_E_RANGE        more than 255 retries
///   - #CYD_E_CANCELLED    the wait was cancelled: see cyd_cancel_t
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_CORRUPT      somebody has written into the yard who keeps no rules
///   - #CYD_E_VERSION      an option is set that this version does not know
///   - #CYD_E_NULL         `pool` is NULL, or `input` is and `len` is not 0
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `pool` is closed, or no pool
///   - #CYD_E_INVALID      a pointer is misaligned, `struct_size` is not set
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   At most `timeout_ns`, while there is no place. Not async-signal-safe.
/// \par Crash      Killed before the one store: nothing was submitted. Killed after: it is done, and nobody wants its result.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_submit(
    pool: *mut cyd_pool_t,
    entry: *const c_char,
    input: *const c_void,
    len: usize,
    options: *const cyd_task_options_t,
    timeout_ns: i64,
    out: *mut *mut cyd_future_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (entry, input) = unsafe { (args::name(entry)?, args::bytes(input, len)?) };
        // SAFETY: as above.
        unsafe {
            submit(pool, options, timeout_ns, out, |it, options, timeout| {
                it.submit_within(entry, input, options, timeout)
            })
        }
    })
}

/// Submits a task in this way, and hands out its future if somebody wants to know.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
pub(super) unsafe fn submit(
    pool: *mut cyd_pool_t,
    options: *const cyd_task_options_t,
    timeout_ns: i64,
    out: *mut *mut cyd_future_t,
    how: impl Fn(&Pool, &TaskOptions, Timeout) -> Result<Future>,
) -> Result<()> {
    // SAFETY: the caller's promise.
    let (it, options, out) = unsafe { (handle::get(pool)?, task_options(options)?, args::out_or_null(out)?) };
    // Before anything is submitted.
    let vacant = out.is_some().then(Vacant::take).transpose()?;
    // SAFETY: as above; while we wait it may be closed.
    let future = unsafe { handle::trying(pool, timeout_ns, |timeout| how(it, &options, timeout))? };
    if let Some((out, vacant)) = out.zip(vacant) {
        out.set(vacant.open(future));
    }
    Ok(())
}

/// Has a task done, waits for it, and copies its result.
///
/// \param pool     Borrowed.
/// \param entry    As cyd_pool_submit().
/// \param input    As cyd_pool_submit().
/// \param len      As cyd_pool_submit().
/// \param options  As cyd_pool_submit().
/// \param buffer   Receives the result. May be NULL when `room` is 0.
/// \param room     Bytes of `buffer`.
/// \param out_len  Receives the result's length; with #CYD_E_TOO_LONG too.
///
/// \return As cyd_pool_submit() and cyd_future_result(). With #CYD_E_TOO_LONG the result is gone: take cyd_pool_submit() and
///   cyd_future_result() where nobody knows how long it can be. #CYD_E_INTERRUPTED and #CYD_E_CANCELLED may be of the wait for a
///   place or of that for the result: the task may be done nevertheless, and nobody hears of it.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Until the task has ended. Not async-signal-safe.
/// \par Crash      As cyd_pool_submit().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_apply(
    pool: *mut cyd_pool_t,
    entry: *const c_char,
    input: *const c_void,
    len: usize,
    options: *const cyd_task_options_t,
    buffer: *mut c_void,
    room: usize,
    out_len: *mut usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, entry, input) =
            unsafe { (handle::get(pool)?, args::name(entry)?, args::bytes(input, len)?) };
        // SAFETY: as above.
        let (options, buffer, out_len) =
            unsafe { (task_options(options)?, args::bytes_mut(buffer, room)?, args::out(out_len)?) };
        // SAFETY: as above; while we wait it may be closed.
        let result = unsafe { handle::waiting(pool, || it.apply(entry, input, &options))? };
        copy(&result, buffer, out_len)
    })
}

/// Gives the pool a task, and has `done` called with what became of it: as cyd_future_add_done_callback(), without a future.
///
/// \param pool      Borrowed.
/// \param entry     As cyd_pool_submit().
/// \param input     As cyd_pool_submit().
/// \param len       As cyd_pool_submit().
/// \param options   As cyd_pool_submit().
/// \param done      As cyd_future_add_done_callback().
/// \param argument  As cyd_future_add_done_callback().
///
/// \return As cyd_pool_submit(), but that it waits for a place without limit; #CYD_E_NULL also if `done` is NULL;
///   #CYD_E_NO_MEMORY if the process may have no more threads: then `done` is not called, and the task is cancelled, if it
///   waits still.
///
/// \par Threads    Any. `done` runs in the library's thread for that.
/// \par Processes  Any; a fork child has no callbacks of its parent's.
/// \par Blocking   While there is no place. Not async-signal-safe.
/// \par Crash      As cyd_pool_submit().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_apply_async(
    pool: *mut cyd_pool_t,
    entry: *const c_char,
    input: *const c_void,
    len: usize,
    options: *const cyd_task_options_t,
    done: Option<unsafe extern "C" fn(fate: *const cyd_fate_t, argument: *mut c_void)>,
    argument: *mut c_void,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, entry, input) =
            unsafe { (handle::get(pool)?, args::name(entry)?, args::bytes(input, len)?) };
        // SAFETY: as above.
        let options = unsafe { task_options(options)? };
        let call = callback(done, argument)?;
        // SAFETY: as above; while we wait it may be closed.
        unsafe { handle::waiting(pool, || it.apply_async(entry, input, &options, call)) }
    })
}

/// Opens the future of a task that somebody else has submitted, for who looks on: it can wait, look and cancel.
///
/// \param pool  Borrowed.
/// \param id    As cyd_future_info() told it.
/// \param out   Receives the handle; close it with cyd_future_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  its owner has no use for it any more, or it never was
///   - #CYD_E_CORRUPT    somebody has written into the yard who keeps no rules
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `pool` or `out` is NULL, `pool` is closed, no pool, misaligned
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_future(
    pool: *mut cyd_pool_t,
    id: u64,
    out: *mut *mut cyd_future_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, out) = unsafe { (handle::get(pool)?, args::out(out)?) };
        out.set(handle::open(it.future(id)?)?);
        Ok(())
    })
}

/// Tells how many workers there are to be.
///
/// \param pool  Borrowed.
/// \param out   Receives the number.
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
pub unsafe extern "C" fn cyd_pool_size(pool: *const cyd_pool_t, out: *mut usize) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, out) = unsafe { (handle::get(pool)?, args::out(out)?) };
        out.set(it.size());
        Ok(())
    })
}

/// Says how many workers there are to be. Those that are too many end when they have nothing in hand.
///
/// \param pool     Borrowed.
/// \param workers  1 to the `most_workers` that it was made with.
///
/// \return #CYD_OK, or
///   - #CYD_E_RANGE  it is 0, or too many
///   - #CYD_E_NO_SLOTS  the yard's tables have fewer places for processes, or threads
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `pool` is NULL, closed, no pool, misaligned
///
/// \par Threads    Any.
/// \par Processes  Any; the pool's maker sees to it.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      It was said, or not.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_resize(pool: *mut cyd_pool_t, workers: usize) -> cyd_status_t {
    // SAFETY: NULL or as the header asks of the caller.
    boundary::call(|| unsafe { handle::get(pool)? }.resize(workers))
}

/// Tells how the tasks stand. Looks at each of them.
///
/// \param pool  Borrowed.
/// \param out   Filled as far as its `struct_size` reaches.
///
/// \return #CYD_OK, or
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `pool` or `out` is NULL, `pool` is closed or no pool
///   - #CYD_E_INVALID  a pointer is misaligned, `struct_size` is not set
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_progress(
    pool: *const cyd_pool_t,
    out: *mut cyd_progress_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, out) = unsafe { (handle::get(pool)?, options::fill(out)?) };
        let now = it.progress();
        out.set(cyd_progress_t {
            struct_size: size_of::<cyd_progress_t>(),
            pending: now.pending,
            running: now.running,
            done: now.done,
            failed: now.failed,
            cancelled: now.cancelled,
            lost: now.lost,
            workers: now.workers,
        });
        Ok(())
    })
}

/// Tells the process numbers of those who work for a pool at this instant, in no order; one that has several threads at work is
/// there so many times.
///
/// \param pool  Borrowed.
/// \param pids  Receives the first `room` of them; NULL if `room` is 0.
/// \param room  How many `pids` has room for.
/// \param out   Receives how many there are, which may be more.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer, or an impossible
///   `room`).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never waits; may cost system calls.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_workers(
    pool: *const cyd_pool_t,
    pids: *mut u32,
    room: usize,
    out: *mut usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (pool, pids, out) =
            unsafe { (handle::get(pool)?, args::items_mut(pids, room)?, args::out(out)?) };
        let workers = pool.workers();
        pids.iter_mut().zip(&workers).for_each(|(to, pid)| *to = *pid);
        out.set(workers.len());
        Ok(())
    })
}

/// Opens the yard that a pool lies in.
///
/// \param pool  Borrowed.
/// \param out   Receives the handle; close it with cyd_yard_close().
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
pub unsafe extern "C" fn cyd_pool_yard(pool: *const cyd_pool_t, out: *mut *mut cyd_yard_t) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (pool, out) = unsafe { (handle::get(pool)?, args::out(out)?) };
        out.set(handle::open(pool.yard().clone())?);
        Ok(())
    })
}

/// Works for a pool in this thread, as one of its workers, until it is shut down and everything is done. Whoever made the pool,
/// and whatever it is written in: who has registered tasks does them.
///
/// \param pool   Borrowed.
/// \param tasks  Ends also when it has done so many; 0: goes on.
///
/// \return #CYD_OK, or
///   - #CYD_E_NO_SLOTS   there are as many workers as there can be, or the yard's table of threads is full
///   - #CYD_E_REVOKED    this worker is to be killed
///   - #CYD_E_DEADLOCK   the caller is in one of the pool's tasks
///   - #CYD_E_CANCELLED  the wait was cancelled: see cyd_cancel_t
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_CORRUPT    somebody has written into the yard who keeps no rules
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `pool` is NULL, closed, no pool, misaligned
///
/// \par Threads    Any; each is a worker.
/// \par Processes  Any.
/// \par Blocking   Until the pool is shut down and everything is done, or `tasks` are. Not async-signal-safe.
/// \par Crash      What this worker had in hand is begun again by another one, or lost, and says so.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_work(pool: *mut cyd_pool_t, tasks: u32) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes but while we wait, by the caller's promise.
    boundary::call(|| unsafe {
        let it = handle::get(pool)?;
        handle::waiting(pool, || it.work_at_most(tasks))
    })
}

/// Shuts a pool down, for everybody and for good.
///
/// \param pool  Borrowed.
/// \param now   False: no more tasks are taken, what was submitted is done, then the workers end. True: what waits is cancelled,
///   and so is what runs, whose workers are killed; threads, and workers in another PID namespace than the maker's, are asked to
///   stop, as everybody is when the maker is gone. It may follow the other.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Killed before the one store: nothing has changed. Killed after: the pool is shut down, and who waits finds it
///   within a quarter of a second.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_shutdown(pool: *mut cyd_pool_t, now: bool) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or as the header asks of the caller.
        let it = unsafe { handle::get(pool)? };
        if now {
            it.terminate();
        } else {
            it.close();
        }
        Ok(())
    })
}

/// Tells whether a pool was shut down, or has given up.
///
/// \param pool  Borrowed.
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
pub unsafe extern "C" fn cyd_pool_is_shutdown(pool: *const cyd_pool_t, out: *mut bool) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, out) = unsafe { (handle::get(pool)?, args::out(out)?) };
        out.set(it.is_closed());
        Ok(())
    })
}

/// Waits until all is done, and the callbacks of this process for its tasks have returned (not if one of them joins); who made the
/// pool also waits until its workers have ended.
///
/// \param pool        Borrowed.
/// \param timeout_ns  0 looks and never waits; a negative value waits without limit.
///
/// \return #CYD_OK, or
///   - #CYD_E_STATE        it was not shut down
///   - #CYD_E_DEADLOCK     the caller is in one of its tasks
///   - #CYD_E_TIMEOUT      not yet
///   - #CYD_E_CANCELLED    the wait was cancelled: see cyd_cancel_t
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `pool` is NULL, closed, no pool, misaligned
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   At most `timeout_ns`. Not async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_join(pool: *mut cyd_pool_t, timeout_ns: i64) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes but while we wait, by the caller's promise.
    boundary::call(|| unsafe {
        let it = handle::get(pool)?;
        handle::waiting(pool, || it.join(Timeout::from_ns(timeout_ns)))
    })
}

/// Closes the handle. The maker's last one ends the pool at once, as cyd_pool_shutdown() does. NULL is harmless.
///
/// \param pool  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only; in a fork child of the maker nothing else happens.
/// \par Blocking   Until those have left who waited through it, at most 250 ms, and the maker's workers have ended: in a pool of
///   threads, as long as the tasks that they are at take, which cannot be killed. Not async-signal-safe.
/// \par Crash      Killed in it, the pool ends as with its maker.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_close(pool: *mut cyd_pool_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(pool) })
}
