//! Fork servers, for C.
//!
//! * what lives here: `cyd_fork_server_t`
//! * who calls it: C programs
//! * what it may call: `process`
//! * the invariant: as in every file of this room
//! * where it is tested: `ffi-tests/c/process.c`

use crate::capi::process::{cyd_process_options_t, cyd_process_t, give_process, process_options};
use crate::capi::status::cyd_status_t;
use crate::capi::{args, boundary, handle};
use crate::process::ForkServer;
use crate::sync::wait::Timeout;
use std::ffi::{c_char, c_void};

/// A process that forks others when it is asked to: as quick as a fork of a small program, whatever this one has mapped, and
/// safe whatever threads this one has, because the server has one.
///
/// It is this program, started anew, so that its children run the entries that this program has registered. Only this process
/// can ask it: over a line that has no name. It ends with this process, or when its handle is closed; its children then go on,
/// but how they ended is not told any more (#CYD_EXIT_UNKNOWN). If it is killed, calls answer #CYD_E_PEER_DIED.
pub struct cyd_fork_server_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_fork_server_t, ForkServer, b"serv");

/// Starts a fork server.
///
/// \param preload  An entry that the server runs before it serves: what it has done, the server's children find done. If it
///   does not return 0, the server ends with what it returns. NULL: none.
/// \param bytes    What the entry is called with; copied. May be NULL if `len` is 0.
/// \param len      How many bytes.
/// \param out      Receives the handle; close it with cyd_fork_server_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_STATE      cyd_init() was not called here, so would not be called there
///   - #CYD_E_UNSUPPORTED  this program has more rights than its caller, so a child would not heed what it is told
///   - #CYD_E_NOT_FOUND  there is no entry `preload`
///   - #CYD_E_NO_MEMORY  there is no memory, or no descriptor, left
///   - #CYD_E_OS, #CYD_E_PERMISSION  the system refuses
///   - #CYD_E_NAME, #CYD_E_NULL, #CYD_E_INVALID  `preload` is no text; `out`, or `bytes` with a `len`, is NULL; a pointer is
///     misaligned
///
/// \par Threads    Any.
/// \par Processes  The server is the calling process's.
/// \par Blocking   Until the program is started; not until it serves.
/// \par Crash      Killed in it, there is a server or none, and it ends.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_fork_server_start(
    preload: *const c_char,
    bytes: *const c_void,
    len: usize,
    out: *mut *mut cyd_fork_server_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (bytes, out) = unsafe { (args::bytes(bytes, len)?, args::out(out)?) };
        let server = match preload.is_null() {
            true => ForkServer::start()?,
            // SAFETY: not NULL; the rest is the caller's promise.
            false => ForkServer::start_with(unsafe { args::name(preload)? }, bytes)?,
        };
        out.set(handle::open(server)?);
        Ok(())
    })
}

/// Waits until a fork server serves.
///
/// \param server      Borrowed.
/// \param timeout_ns  0 looks and never waits; a negative value waits without limit.
///
/// \return #CYD_OK, or
///   - #CYD_E_TIMEOUT    it does not yet
///   - #CYD_E_PEER_DIED  it has ended
///   - #CYD_E_CANCELLED  a token was cancelled: see cyd_cancel_t
///   - #CYD_E_NOT_OWNER  this is a fork child of the process that started it
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `server` is NULL, closed, no fork server, misaligned
///
/// \par Threads    Any; another call on the server is waited for.
/// \par Processes  The one that started it.
/// \par Blocking   At most `timeout_ns`. Not async-signal-safe.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_fork_server_ready(
    server: *mut cyd_fork_server_t,
    timeout_ns: i64,
) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes but while we wait, by the caller's promise.
    boundary::call(|| unsafe {
        let it = handle::get(server)?;
        handle::waiting(server, || it.ready(Timeout::from_ns(timeout_ns)))
    })
}

/// Tells a fork server's number.
///
/// \param server  Borrowed.
/// \param out     Receives it.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_fork_server_pid(
    server: *const cyd_fork_server_t,
    out: *mut u32,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (server, out) = unsafe { (handle::get(server)?, args::out(out)?) };
        out.set(server.process().pid());
        Ok(())
    })
}

/// Has a fork server make a process that calls the function registered under `entry`, and ends with what that returns.
///
/// #CYD_PROCESS_DESPITE_THREADS means nothing here.
///
/// \param server   Borrowed.
/// \param options  Borrowed for the call; NULL means all defaults. At most 251 descriptors can be inherited.
/// \param entry    What cyd_entry_register() was told.
/// \param bytes    What the function is called with; copied. May be NULL if `len` is 0.
/// \param len      How many bytes.
/// \param out      Receives the handle; close it with cyd_process_close(). NULL: none is wanted.
///
/// \return As cyd_process_spawn(), or
///   - #CYD_E_PEER_DIED  the server has ended, or has been killed because it did not answer within 10 s: a child may have been
///     made, which nobody has a handle of, and which goes on
///   - #CYD_E_STATE      the `preload` entry has left threads in the server
///   - #CYD_E_RANGE      more than 251 descriptors and ends are to be inherited
///   - #CYD_E_NOT_OWNER  this is a fork child of the process that started the server
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `server` is closed, or no fork server; a descriptor is not open
///
/// \par Threads    Any, one after the other.
/// \par Processes  The one that started it.
/// \par Blocking   Until the server serves, and has forked.
/// \par Crash      Killed in it, there is a child or none. One of #CYD_AT_EXIT_KILL dies too.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_fork_server_spawn(
    server: *mut cyd_fork_server_t,
    options: *const cyd_process_options_t,
    entry: *const c_char,
    bytes: *const c_void,
    len: usize,
    out: *mut *mut cyd_process_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (server, options, entry) =
            unsafe { (handle::get(server)?, process_options(options)?, args::name(entry)?) };
        // SAFETY: as above.
        let (bytes, out) = unsafe { (args::bytes(bytes, len)?, args::out_or_null(out)?) };
        give_process(out, || server.spawn_with(&options, entry, bytes))
    })
}

/// Closes the handle: the server ends, its children go on. NULL is harmless.
///
/// \param server  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but cyd_fork_server_ready(): it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only; in a fork child nothing else happens.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_fork_server_close(server: *mut cyd_fork_server_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(server) })
}
