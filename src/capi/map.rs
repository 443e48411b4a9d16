//! Many inputs at once, for C.
//!
//! * what lives here: `cyd_map_t`
//! * who calls it: C programs
//! * what it may call: `process`, the number of this process from `os`
//! * the invariant: a result that does not fit stays, and comes with the next call
//! * where it is tested: `ffi-tests/c/pool.c`

use crate::capi::future::copy;
use crate::capi::pool::{cyd_pool_t, of_task};
use crate::capi::ring::{checked, cyd_slice_t};
use crate::capi::status::cyd_status_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::{Error, ErrorKind, Result};
use crate::os::process;
use crate::process::{Map, MapOptions, Pool, Unordered};
use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The results of many inputs, one after the other. One thread at a time may use a handle.
pub struct cyd_map_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_map_t, Results, b"mapr");

/// Flag of a map's options: each result comes as soon as it is there, not in the order of the inputs.
pub const CYD_MAP_UNORDERED: u32 = 1;

/// How many inputs are given to the workers. Zero means default; a NULL pointer to it means all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_map_options_t {
    /// sizeof(cyd_map_options_t)
    pub struct_size: usize,
    /// How many inputs make one task; 0: of cyd_pool_map() so many that each worker gets four tasks, or fewer, so that the pool's
    /// blocks have room for what is on its way; of cyd_pool_imap() one.
    pub chunk: usize,
    /// How many tasks may be on their way at a time; 0: twice as many as there are workers. Fewer are, if the pool has no room for
    /// so many tasks, or bytes.
    pub window: usize,
    /// How long all of it may take, in nanoseconds, from the call that makes it; 0: as long as it likes.
    pub total_time_limit_ns: u64,
    /// As in #cyd_task_options_t, of each task.
    pub time_limit_ns: u64,
    /// As in #cyd_task_options_t, of each task. A chunk that is lost is lost with all that it has.
    pub retries: u32,
    /// #CYD_MAP_UNORDERED, or 0.
    pub flags: u32,
}
options::sized!(cyd_map_options_t {
    struct_size,
    chunk: usize,
    window: usize,
    total_time_limit_ns: u64,
    time_limit_ns: u64,
    retries: u32,
    flags: u32,
});

type Inputs = Box<dyn Iterator<Item = Vec<u8>> + Send>;

enum Items {
    InOrder(Map<Inputs>),
    AsTheyCome(Unordered<Inputs>),
}

impl Items {
    fn step(&mut self) -> Option<Result<(usize, Result<Vec<u8>>)>> {
        match self {
            Items::InOrder(map) => map.step(),
            Items::AsTheyCome(map) => map.step(),
        }
    }
}

/// The results, one that did not fit, and why no more inputs were taken, if it was for something wrong.
pub(crate) struct Results {
    items: Items,
    kept: Option<(usize, Vec<u8>)>,
    wrong: Arc<OnceLock<ErrorKind>>,
    /// Whose tasks they are.
    maker: u32,
}

impl Results {
    fn next(
        &mut self,
        buffer: &mut [u8],
        len: args::Out<usize>,
        index: Option<args::Out<usize>>,
    ) -> Result<()> {
        if self.maker != process::pid() {
            return Err(Error::with(ErrorKind::NotOwner, "the map is of the process that forked this one"));
        }
        let (at, result) = match self.kept.take() {
            Some((at, result)) => (at, Ok(result)),
            None => {
                let next = self.items.step();
                next.ok_or_else(|| self.wrong.get().map_or(ErrorKind::End.into(), no_input))??
            }
        };
        if let Some(index) = index {
            index.set(at);
        }
        let result = result?;
        let copied = copy(&result, buffer, len);
        if copied.is_err() {
            self.kept = Some((at, result));
        }
        copied
    }
}

/// # Safety
/// As `options::read`.
unsafe fn begin(
    pool: &Pool,
    entry: &str,
    inputs: Inputs,
    count: Option<usize>,
    from: *const cyd_map_options_t,
) -> Result<Results> {
    // SAFETY: the caller's promise.
    let theirs = unsafe { options::read(from)? };
    options::unknown("flags", theirs.flags & !CYD_MAP_UNORDERED)?;
    let ours = MapOptions {
        chunk: theirs.chunk,
        window: theirs.window,
        task: of_task(theirs.retries, theirs.time_limit_ns)?,
        timeout: (theirs.total_time_limit_ns != 0).then(|| Duration::from_nanos(theirs.total_time_limit_ns)),
    };
    let count = count.filter(|_| theirs.chunk == 0);
    let items = match theirs.flags & CYD_MAP_UNORDERED {
        0 => Items::InOrder(pool.imap(entry, inputs, &ours)?.of(count)),
        _ => Items::AsTheyCome(pool.imap_unordered(entry, inputs, &ours)?.of(count)),
    };
    Ok(Results { items, kept: None, wrong: Arc::default(), maker: process::pid() })
}

fn no_input(kind: &ErrorKind) -> Error {
    Error::with(*kind, "what the function for the inputs has set is none")
}

/// Calls `entry` with each of the inputs, in chunks of which each is one task. cyd_map_next() gives the results.
///
/// A function of several arguments takes them as one struct: so this is Python's starmap as well.
///
/// \param pool     Borrowed; its handle may be closed before the map's.
/// \param entry    As cyd_pool_submit().
/// \param inputs   Borrowed for the call, with their bytes, which are copied; may be NULL when `count` is 0.
/// \param count    How many.
/// \param options  Borrowed for the call; NULL means all defaults.
/// \param out      Receives the handle; close it with cyd_map_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NAME     `entry` is no legal name, or NULL
///   - #CYD_E_RANGE    more than 255 retries
///   - #CYD_E_VERSION  an option is set that this version does not know
///   - #CYD_E_NULL     `pool` or `out` is NULL; an input is, and is not empty
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `pool` is closed, or no pool
///   - #CYD_E_INVALID  a pointer is misaligned, `struct_size` is not set
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never: tasks are submitted as results are asked for.
/// \par Crash      As cyd_pool_submit(), for each.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_map(
    pool: *mut cyd_pool_t,
    entry: *const c_char,
    inputs: *const cyd_slice_t,
    count: usize,
    options: *const cyd_map_options_t,
    out: *mut *mut cyd_map_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, entry, inputs) =
            unsafe { (handle::get(pool)?, args::name(entry)?, checked(inputs, count)?) };
        // SAFETY: as above.
        let out = unsafe { args::out(out)? };
        let copies: Vec<Vec<u8>> = inputs.iter().map(|input| input.as_ref().to_vec()).collect();
        // SAFETY: as above.
        let results = unsafe { begin(it, entry, Box::new(copies.into_iter()), Some(count), options)? };
        out.set(handle::open(results)?);
        Ok(())
    })
}

/// Calls `entry` with what `next` gives, as long as it gives something: there may be no end of it. cyd_map_next() gives the
/// results.
///
/// `next` is called by cyd_map_next(), in its thread, as often as the window allows.
///
/// \param pool      Borrowed; its handle may be closed before the map's.
/// \param entry     As cyd_pool_submit().
/// \param next      Sets its argument to the next input, whose bytes stay until it is called again, and returns 1; or returns 0 if
///   there is none. A C++ exception must not leave it.
/// \param argument  Whatever `next` is to have, until the map is closed.
/// \param options   Borrowed for the call; NULL means all defaults.
/// \param out       Receives the handle; close it with cyd_map_close().
///
/// \return As cyd_pool_map(); #CYD_E_NULL also if `next` is NULL.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never: tasks are submitted as results are asked for.
/// \par Crash      As cyd_pool_submit(), for each.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_imap(
    pool: *mut cyd_pool_t,
    entry: *const c_char,
    next: Option<unsafe extern "C" fn(input: *mut cyd_slice_t, argument: *mut c_void) -> c_int>,
    argument: *mut c_void,
    options: *const cyd_map_options_t,
    out: *mut *mut cyd_map_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, entry, out) = unsafe { (handle::get(pool)?, args::name(entry)?, args::out(out)?) };
        let (next, argument) = (next.ok_or(ErrorKind::Null)?, args::Argument::new(argument));
        let wrong: Arc<OnceLock<ErrorKind>> = Arc::default();
        let says_why = wrong.clone();
        let inputs = std::iter::from_fn(move || {
            let mut input = cyd_slice_t { data: ptr::null(), len: 0 };
            // SAFETY: the caller's function, called with the caller's argument, as the header says.
            let more = unsafe { next(&raw mut input, argument.get()) } != 0;
            // SAFETY: what `next` has set is as the header asks.
            let bytes = more.then(|| unsafe { args::bytes(input.data, input.len) })?;
            bytes.map_err(|kind| says_why.set(kind)).ok().map(<[u8]>::to_vec)
        });
        // SAFETY: as above.
        let results = unsafe { begin(it, entry, Box::new(inputs.fuse()), None, options)? };
        out.set(handle::open(Results { wrong, ..results })?);
        Ok(())
    })
}

/// Waits for the next result, and copies it.
///
/// \param map     Borrowed.
/// \param buffer  Receives the result. May be NULL when `room` is 0.
/// \param room    Bytes of `buffer`.
/// \param len     Receives the result's length; with #CYD_E_TOO_LONG too.
/// \param index   Receives which input it is of, counted from 0, whenever the call is about one; may be NULL.
///
/// \return #CYD_OK, or
///   - #CYD_E_END       there were no more inputs
///   - #CYD_E_NULL, #CYD_E_INVALID  also, instead of it: the next input of cyd_pool_imap() is NULL and not empty, or longer than
///     any memory; the map ends there
///   - #CYD_E_FAILED    this input has; cyd_last_error_message() has its error
///   - #CYD_E_LOST      it was lost with its chunk; cyd_last_error_message() says of what
///   - #CYD_E_CANCELLED  it was cancelled; or the wait was: then nothing is lost, `index` stays as it is, and who asks again goes on
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE): as when the wait was cancelled
///   - #CYD_E_TIMEOUT   the time is up
///   - #CYD_E_TOO_LONG  it is longer than `room` and stays; `len` tells how long
///   - #CYD_E_NOT_OWNER  this is a fork child of the process that made it
///   - whatever cyd_pool_submit() answers: this input, and all that come, could not be submitted
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `map` or `len` is NULL, or `buffer` is and `room` is not 0; `map`
///     is closed, no map, misaligned
///
/// \par Threads    One at a time. What is called meanwhile, the function for the inputs, and in a worker other tasks, must not
///   ask for a result of the same map.
/// \par Processes  The one that made it.
/// \par Blocking   Until the result is there, or the map's time is up. Not async-signal-safe.
/// \par Crash      As cyd_pool_submit().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_map_next(
    map: *mut cyd_map_t,
    buffer: *mut c_void,
    room: usize,
    len: *mut usize,
    index: *mut usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, buffer, len) =
            unsafe { (handle::get_mut(map)?, args::bytes_mut(buffer, room)?, args::out(len)?) };
        // SAFETY: as above.
        let index = unsafe { args::out_or_null(index)? };
        // SAFETY: as above; from now on it may be closed, and what is behind it stays until this is done with it.
        unsafe { handle::waiting(map.cast_const(), || it.next(buffer, len, index)) }
    })
}

/// Closes the handle; what waits for a worker still is cancelled. NULL is harmless.
///
/// \param map  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  In a fork child nothing else happens: the tasks are its parent's.
/// \par Blocking   Until who waited through it has left, at most 250 ms. Not async-signal-safe.
/// \par Crash      What waits runs, and its results are thrown away.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_map_close(map: *mut cyd_map_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(map) })
}
