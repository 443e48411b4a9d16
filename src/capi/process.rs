//! Processes, for C.
//!
//! * what lives here: `cyd_process_t`, `cyd_init()`, the entries, this process and its parent
//! * who calls it: C programs
//! * what it may call: `process`
//! * the invariant: a child never returns into the code that made it
//! * where it is tested: `ffi-tests/c/process.c`

use crate::capi::handle::Vacant;
use crate::capi::pipe::cyd_connection_t;
use crate::capi::queue::cyd_queue_t;
use crate::capi::queue_side::{self, cyd_queue_side_t};
use crate::capi::status::cyd_status_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::{Error, ErrorKind, Result};
use crate::os::child::Exit;
use crate::presence::handover::HeldEnd;
use crate::process::{self, AtExit, Process, ProcessOptions};
use crate::sync::wait::Timeout;
use std::ffi::{c_char, c_int, c_void};
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

/// A process that this one has made.
///
/// There are three ways: cyd_process_fork() calls a function in a copy of this process; cyd_process_spawn() starts the program
/// anew and calls a function of a given name there; a #cyd_fork_server_t does the same by fork, from a process that is small
/// and has one thread. What lies in yards can be used in all of them. Several threads may use a handle at a time.
///
/// Whoever has ended is reaped by the next call that makes a process, or lists them, or waits, also if its handle is closed: no
/// zombie stays. No handler of SIGCHLD is installed or needed.
pub struct cyd_process_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_process_t, Process, b"proc");

/// What becomes of a child when the process that made it ends: a CYD_AT_EXIT_ number.
pub type cyd_at_exit_t = u32;

/// The parent waits for it when it ends by itself; if the parent is killed, the child goes on.
pub const CYD_AT_EXIT_WAIT: cyd_at_exit_t = 0;
/// It ends with its parent, however that ends: asked with SIGTERM and killed half a second later if the parent ends by
/// itself, killed at once by the kernel if not. So does the program that it becomes by exec(3), if it keeps the one descriptor
/// besides the standard ones that it finds open then; children of its own do not.
pub const CYD_AT_EXIT_KILL: cyd_at_exit_t = 1;
/// It goes on.
pub const CYD_AT_EXIT_DETACH: cyd_at_exit_t = 2;

/// Flag of a process's options: it leads a process group, and whoever is left of the group when it has ended is killed,
/// by who reaps it: this process, in its next call that makes a process, or lists them, or waits, or the fork server, at once. If
/// that one is killed before, nobody does it.
pub const CYD_PROCESS_GROUP: u32 = 1;
/// Flag of a process's options: fork even if this process has other threads. What they had locked stays locked in the
/// child: only fork-safe things may be used there. No stream is flushed before the fork then, and at the child's end only
/// `stdout`, unless it is locked: what the streams held back stays the parent's, and what the child writes to others it flushes
/// by itself. A logger of the program's own that locks is not fork-safe, should the library say something in the child.
pub const CYD_PROCESS_DESPITE_THREADS: u32 = 2;

const _: () = {
    assert!(CYD_AT_EXIT_WAIT == AtExit::Wait as u32);
    assert!(CYD_AT_EXIT_KILL == AtExit::Kill as u32);
    assert!(CYD_AT_EXIT_DETACH == AtExit::Detach as u32);
};

/// How a process is made. Zero means default; a NULL pointer to it means all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_process_options_t {
    /// sizeof(cyd_process_options_t)
    pub struct_size: usize,
    /// 1 to 63 characters of A-Z a-z 0-9 . _ : - ; NULL: "Process-1", "Process-2" and so on, and in a child its own name, a
    /// colon and the number. ps(1) shows 15 of them.
    pub name: *const c_char,
    /// Descriptors that the child is to have under the same numbers, by cyd_process_spawn() or a fork server: besides the
    /// three standard ones it has no others. A yard's among them needs no cyd_yard_set_inheritable(). A forked child has all.
    pub inherit: *const c_int,
    /// How many those are.
    pub inherit_count: usize,
    /// What becomes of it at this process's end; 0 is #CYD_AT_EXIT_WAIT.
    pub at_exit: cyd_at_exit_t,
    /// CYD_PROCESS_ flags, or 0.
    pub flags: u32,
    /// Ends of pipes and sides of queues that the child holds from its birth on, by cyd_process_spawn() or a fork server: those
    /// opposite see no end of the stream between this process's last handle on it and the child's first. The child opens
    /// the yard and takes the end there; it holds it until it closes its last handle on it, or on the yard, or ends. A
    /// forked child holds all that its parent holds. Until it opens the yard its death is noticed within a slice of 250 ms.
    pub ends: *const cyd_held_end_t,
    /// How many those are.
    pub end_count: usize,
}
options::sized!(cyd_process_options_t {
    struct_size,
    name: *const c_char,
    inherit: *const c_int,
    inherit_count: usize,
    at_exit: cyd_at_exit_t,
    flags: u32,
    ends: *const cyd_held_end_t,
    end_count: usize,
});

/// An end of a pipe, or a side of a queue, for a child to hold. One of the two pointers is NULL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_held_end_t {
    /// The end of a pipe.
    pub connection: *mut cyd_connection_t,
    /// A queue that was made with sides.
    pub queue: *mut cyd_queue_t,
    /// Which side of it: a CYD_QUEUE_ number.
    pub side: cyd_queue_side_t,
    /// 0
    pub reserved: u32,
}

/// # Safety
/// Its pointers are as the header asks.
unsafe fn held_end(it: &cyd_held_end_t) -> Result<HeldEnd> {
    if it.reserved != 0 || it.connection.is_null() == it.queue.is_null() {
        let detail = "an end that is to be held is either a connection or a side of a queue";
        return Err(Error::with(ErrorKind::Invalid, detail));
    }
    match it.queue.is_null() {
        // SAFETY: the caller's promise.
        true => unsafe { handle::get(it.connection)? }.held_end(),
        // SAFETY: the caller's promise.
        false => unsafe { handle::get(it.queue)? }.held_end(queue_side::side(it.side)?),
    }
}

/// # Safety
/// As `options::read`; what the struct points to is as the header asks.
pub(super) unsafe fn process_options(from: *const cyd_process_options_t) -> Result<ProcessOptions> {
    // SAFETY: the caller's promise.
    let theirs = unsafe { options::read(from)? };
    options::unknown("flags", theirs.flags & !(CYD_PROCESS_GROUP | CYD_PROCESS_DESPITE_THREADS))?;
    let at_exit = AtExit::from_number(theirs.at_exit)
        .ok_or_else(|| Error::with(ErrorKind::Invalid, format!("at_exit {}", theirs.at_exit)))?;
    let name = match theirs.name.is_null() {
        true => None,
        // SAFETY: not NULL; the rest is the caller's promise.
        false => Some(unsafe { args::name(theirs.name)? }.to_owned()),
    };
    // SAFETY: the caller's promise.
    let inherit = unsafe { args::items(theirs.inherit, theirs.inherit_count)? }.to_vec();
    // SAFETY: the caller's promise, here and for each of them.
    let ends = unsafe { args::items(theirs.ends, theirs.end_count)?.iter().map(|it| held_end(it)) };
    let ends = ends.collect::<Result<_>>()?;
    let group = theirs.flags & CYD_PROCESS_GROUP != 0;
    let despite_threads = theirs.flags & CYD_PROCESS_DESPITE_THREADS != 0;
    Ok(ProcessOptions { name, at_exit, group, despite_threads, inherit, ends })
}

/// How a process ended.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_exit_t {
    /// A CYD_EXIT_ number.
    pub kind: u32,
    /// The exit code, 0 to 255, or the number of the signal (signal(7)), or 0.
    pub value: i32,
}

/// It ended by itself; `value` is its exit code.
pub const CYD_EXIT_CODE: u32 = 0;
/// It was ended by the signal `value`.
pub const CYD_EXIT_SIGNAL: u32 = 1;
/// It has ended, and somebody else was told how: a handler that waits for every child, or a fork server that died.
pub const CYD_EXIT_UNKNOWN: u32 = 2;

impl From<Exit> for cyd_exit_t {
    fn from(exit: Exit) -> cyd_exit_t {
        match exit {
            Exit::Code(value) => cyd_exit_t { kind: CYD_EXIT_CODE, value },
            Exit::Signal(value) => cyd_exit_t { kind: CYD_EXIT_SIGNAL, value },
            Exit::Unknown => cyd_exit_t { kind: CYD_EXIT_UNKNOWN, value: 0 },
        }
    }
}

/// A process's number and name.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_process_info_t {
    /// Set to sizeof(cyd_process_info_t) before the call.
    pub struct_size: usize,
    /// Its number. It may mean another process once this one was waited for.
    pub pid: u32,
    /// 0
    pub reserved: u32,
    /// Its name, with its NUL.
    pub name: [c_char; 64],
}
options::sized!(cyd_process_info_t { struct_size, pid: u32, reserved: u32, name: [c_char; 64] });

fn process_info(pid: u32, name: &str) -> cyd_process_info_t {
    let mut chars = [0; 64];
    // The last one stays NUL.
    chars.iter_mut().take(63).zip(name.bytes()).for_each(|(to, from)| *to = from as c_char);
    cyd_process_info_t { struct_size: size_of::<cyd_process_info_t>(), pid, reserved: 0, name: chars }
}

/// Makes a program one that can be started with an entry: in a process that was (cyd_process_spawn(), #cyd_fork_server_t), it
/// runs that entry and does not return. In any other it returns at once.
///
/// To be called first in main, once the entries are registered: everything before it happens in each of these processes too. A
/// process that cannot read what it was told ends with exit code 126, one that has no such entry with 127. The environment of a
/// program with more rights than its caller (setuid) is not looked at.
///
/// \param argc  As main has it, or 0.
/// \param argv  As main has it, or NULL. They are not changed; a started process has no arguments but its program's name.
///
/// \return #CYD_OK.
///
/// \par Threads    The calling one must be the only one.
/// \par Processes  Each that runs the program.
/// \par Blocking   Never, where it returns.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn cyd_init(argc: c_int, argv: *const *const c_char) -> cyd_status_t {
    let _ = (argc, argv); // what a later version may want
    boundary::call(|| {
        process::init();
        Ok(())
    })
}

/// Has `work` called by each process that is started with this name, which ends with what it returns.
///
/// A started process runs the same program, so it must register the same entries, before it calls cyd_init().
///
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param work  Called with the bytes that the process was started with, which are its own as long as it runs; returns
///   the exit code, of which 8 bits count. A C++ exception must not leave it.
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
pub unsafe extern "C" fn cyd_entry_register(
    name: *const c_char,
    work: Option<unsafe extern "C" fn(bytes: *const c_void, len: usize) -> c_int>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or a string, by the caller's promise.
        let name = unsafe { args::name(name)? };
        let work = work.ok_or(ErrorKind::Null)?;
        // SAFETY: the caller's function, called as the header says.
        process::register_entry(name, move |bytes| unsafe { work(bytes.as_ptr().cast(), bytes.len()) })
    })
}

/// Calls `work` in a copy of this process, which ends with what it returns. Returns at once, and in this process only.
///
/// The child has everything that this process has; handles of this library may be used there at once. It has one thread, a
/// copy of the calling one. At its end it flushes the standard streams and leaves its yards as one who closes, or, if
/// other threads of it run then, as one who died, and flushes `stdout` only, unless somebody has it locked; handlers of
/// atexit(3) are the parent's, and do not run there. What this process's streams hold back is flushed before, if it has no
/// other threads.
///
/// \param options   Borrowed for the call; NULL means all defaults.
/// \param work      Called in the child with `argument`; returns the exit code, of which 8 bits count. A C++ exception must
///   not leave it.
/// \param argument  Whatever `work` is to have.
/// \param out       Receives the handle; close it with cyd_process_close(). NULL: none is wanted.
///
/// \return #CYD_OK, or
///   - #CYD_E_STATE      this process has other threads than those for notifiers and callbacks: see
///     #CYD_PROCESS_DESPITE_THREADS. Who has made a pool has one more until the pool has ended
///   - #CYD_E_NAME       the name in `options` is no legal one
///   - #CYD_E_NO_MEMORY  there is no memory, or no descriptor, left
///   - #CYD_E_OS         the system refuses: there may be too many processes
///   - #CYD_E_NULL       `work` is NULL
///   - #CYD_E_VERSION    an option is set that this version does not know
///   - #CYD_E_INVALID    a pointer is misaligned, `struct_size` is not set, `at_exit` is no CYD_AT_EXIT_ number
///
/// \par Threads    Any; with others about, see #CYD_PROCESS_DESPITE_THREADS.
/// \par Processes  A fork child may fork itself.
/// \par Blocking   Never; a fork takes the longer the more memory this process has.
/// \par Crash      Killed in it, there is a child or none. One of #CYD_AT_EXIT_KILL dies too.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_process_fork(
    options: *const cyd_process_options_t,
    work: Option<unsafe extern "C" fn(argument: *mut c_void) -> c_int>,
    argument: *mut c_void,
    out: *mut *mut cyd_process_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (mut options, out) = unsafe { (process_options(options)?, args::out_or_null(out)?) };
        options.ends.clear(); // it has all; these would be held here until it ends
        let work = work.ok_or(ErrorKind::Null)?;
        // SAFETY: the caller's function, called with the caller's argument, as the header says.
        give_process(out, || Process::fork_with(&options, || unsafe { work(argument) }))
    })
}

/// Puts a child behind a new handle, if one is wanted: nothing is done if there is no memory for that.
pub(super) fn give_process(
    out: Option<args::Out<*mut cyd_process_t>>,
    come: impl FnOnce() -> Result<Process>,
) -> Result<()> {
    let vacant = out.is_some().then(Vacant::take).transpose()?;
    let child = come()?;
    if let Some((out, vacant)) = out.zip(vacant) {
        out.set(vacant.open(child));
    }
    Ok(())
}

/// Starts this program anew, which calls the function that is registered under `entry` as soon as it comes to cyd_init(), and
/// ends with what that returns. Returns as soon as the program runs.
///
/// The child has no arguments of a command line, the same environment, the standard streams, and the descriptors that `options`
/// name. It finds yards by their names, or by such a descriptor. What this process's streams hold back stays there, and is not
/// flushed.
///
/// \param options  Borrowed for the call; NULL means all defaults.
/// \param entry    What cyd_entry_register() was told.
/// \param bytes    What the function is called with; copied. May be NULL if `len` is 0.
/// \param len      How many bytes.
/// \param out      Receives the handle; close it with cyd_process_close(). NULL: none is wanted.
///
/// \return #CYD_OK, or
///   - #CYD_E_STATE      cyd_init() was not called here, so would not be called there
///   - #CYD_E_UNSUPPORTED  this program has more rights than its caller, so a child would not heed what it is told
///   - #CYD_E_NOT_FOUND  there is no such entry
///   - #CYD_E_NAME       a name is no legal one, or `entry` is NULL
///   - #CYD_E_NO_MEMORY  there is no memory, or no descriptor, left
///   - #CYD_E_OS, #CYD_E_PERMISSION  the system refuses
///   - #CYD_E_NULL       `bytes` is NULL, and `len` is not 0
///   - #CYD_E_NO_SLOTS   the yard of an end that the child is to hold has no room for one more process
///   - #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_UNSUPPORTED  such an end is a closed handle, another noun's, a queue made without sides
///   - #CYD_E_CLOSED     a descriptor that it is to inherit is not open
///   - #CYD_E_VERSION    an option is set that this version does not know
///   - #CYD_E_INVALID    a pointer is misaligned, `struct_size` is not set, `at_exit` is no CYD_AT_EXIT_ number, an end that the
///     child is to hold is not one thing
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Until the program is started.
/// \par Crash      Killed in it, there is a child or none. One of #CYD_AT_EXIT_KILL dies too.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_process_spawn(
    options: *const cyd_process_options_t,
    entry: *const c_char,
    bytes: *const c_void,
    len: usize,
    out: *mut *mut cyd_process_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (options, entry) = unsafe { (process_options(options)?, args::name(entry)?) };
        // SAFETY: as above.
        let (bytes, out) = unsafe { (args::bytes(bytes, len)?, args::out_or_null(out)?) };
        give_process(out, || Process::spawn_with(&options, entry, bytes))
    })
}

/// Tells a child's number and name.
///
/// \param process  Borrowed.
/// \param out      Filled as far as its `struct_size` reaches.
///
/// \return #CYD_OK, or
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `process` or `out` is NULL, `process` is closed or no process
///   - #CYD_E_INVALID  a pointer is misaligned, `struct_size` is not set
///
/// \par Threads    Any.
/// \par Processes  Any: a fork child may ask too.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_process_info(
    process: *const cyd_process_t,
    out: *mut cyd_process_info_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (process, out) = unsafe { (handle::get(process)?, options::fill(out)?) };
        out.set(process_info(process.pid(), process.name()));
        Ok(())
    })
}

/// Tells whether a child still runs: exact, also right after a signal.
///
/// \param process  Borrowed.
/// \param out      Receives the answer.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any: a fork child may ask too.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_process_is_alive(process: *const cyd_process_t, out: *mut bool) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (process, out) = unsafe { (handle::get(process)?, args::out(out)?) };
        out.set(process.is_alive());
        Ok(())
    })
}

/// Waits until a child has ended, and tells how. May be asked again, with the same answer.
///
/// \param process     Borrowed.
/// \param timeout_ns  0 looks and never waits; a negative value waits without limit.
/// \param out         Receives how it ended. May be NULL.
///
/// \return #CYD_OK, or
///   - #CYD_E_TIMEOUT    it still runs
///   - #CYD_E_CANCELLED  a token was cancelled: see cyd_cancel_t
///   - #CYD_E_NOT_OWNER  this is a fork child of the process that made it
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `process` is NULL, closed, no process, misaligned
///
/// \par Threads    Any.
/// \par Processes  The one that made it.
/// \par Blocking   At most `timeout_ns`. Not async-signal-safe.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_process_join(
    process: *mut cyd_process_t,
    timeout_ns: i64,
    out: *mut cyd_exit_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller; nobody closes the handle but while we wait.
        let exit = unsafe {
            let (it, out) = (handle::get(process)?, args::out_or_null(out)?);
            let exit = handle::waiting(process, || it.join(Timeout::from_ns(timeout_ns)))?;
            out.map(|out| (out, exit))
        };
        exit.into_iter().for_each(|(out, exit)| out.set(exit.into()));
        Ok(())
    })
}

/// What is done to a child that it hears of.
///
/// # Safety
/// `process` is NULL or as the header asks of the caller.
unsafe fn told(process: *mut cyd_process_t, tell: impl FnOnce(&Process) -> Result<()>) -> cyd_status_t {
    // SAFETY: the caller's promise.
    boundary::call(|| tell(unsafe { handle::get(process)? }))
}

/// Sends a child a signal. Nothing happens if it has ended: no other process gets it.
///
/// \param process  Borrowed.
/// \param number   signal(7); SIGTERM asks it to end, SIGKILL kills it.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_OWNER   this is a fork child of the process that made it
///   - #CYD_E_PERMISSION  it has become another user's
///   - #CYD_E_INVALID     there is no such signal; or `process` is misaligned
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `process` is NULL, closed, no process
///
/// \par Threads    Any.
/// \par Processes  The one that made it.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_process_signal(process: *mut cyd_process_t, number: c_int) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    unsafe { told(process, |process| process.signal(number)) }
}

/// Asks a child to end: SIGTERM.
///
/// \param process  Borrowed.
///
/// \return As cyd_process_signal().
///
/// \par Threads    Any.
/// \par Processes  The one that made it.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_process_terminate(process: *mut cyd_process_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    unsafe { told(process, Process::terminate) }
}

/// Kills a child: SIGKILL.
///
/// \param process  Borrowed.
///
/// \return As cyd_process_signal().
///
/// \par Threads    Any.
/// \par Processes  The one that made it.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_process_kill(process: *mut cyd_process_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    unsafe { told(process, Process::kill) }
}

/// Ends a child in steps: calls `ask`; sends SIGTERM if it still runs `asked_ns` later; kills it if it still runs
/// `terminated_ns` after that. Returns when it is reaped.
///
/// \param process        Borrowed.
/// \param ask            Called once with `argument`; tells the child in whatever way it understands. NULL: it is not asked.
/// \param argument       Whatever `ask` is to have.
/// \param asked_ns       Nanoseconds; 0: SIGTERM at once. A negative value waits without limit.
/// \param terminated_ns  Nanoseconds; 0: SIGKILL at once. A negative value waits without limit.
/// \param out            Receives how it ended. May be NULL.
///
/// \return #CYD_OK, or
///   - #CYD_E_CANCELLED  a token was cancelled: it may run still
///   - #CYD_E_NOT_OWNER  this is a fork child of the process that made it
///   - #CYD_E_PERMISSION  it has become another user's, and has not ended when it was asked
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `process` is NULL, closed, no process, misaligned
///
/// \par Threads    Any.
/// \par Processes  The one that made it.
/// \par Blocking   At most both times, and what the kernel needs to end a killed process. Not async-signal-safe.
/// \par Crash      Nothing is shared. Killed in it, the child goes on as its CYD_AT_EXIT_ number says.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_process_stop(
    process: *mut cyd_process_t,
    ask: Option<unsafe extern "C" fn(argument: *mut c_void)>,
    argument: *mut c_void,
    asked_ns: i64,
    terminated_ns: i64,
    out: *mut cyd_exit_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller; nobody closes the handle but while we wait.
        let (it, out) = unsafe { (handle::get(process)?, args::out_or_null(out)?) };
        let ask = || {
            // SAFETY: the caller's function, called with the caller's argument, as the header says.
            ask.into_iter().for_each(|ask| unsafe { ask(argument) });
        };
        let (asked, terminated) = (patience(asked_ns), patience(terminated_ns));
        // SAFETY: as above.
        let exit = unsafe { handle::waiting(process, || it.stop(ask, asked, terminated))? };
        out.into_iter().for_each(|out| out.set(exit.into()));
        Ok(())
    })
}

fn patience(ns: i64) -> Duration {
    u64::try_from(ns).map_or(Duration::MAX, Duration::from_nanos)
}

/// A descriptor that poll(2) calls readable when the child has ended: a pidfd (pidfd_open(2)), unless somebody else had reaped the
/// child before it had one. It is the handle's: do not close it.
///
/// \param process  Borrowed.
/// \param out      Receives the descriptor.
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
pub unsafe extern "C" fn cyd_process_fd(process: *const cyd_process_t, out: *mut c_int) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (process, out) = unsafe { (handle::get(process)?, args::out(out)?) };
        out.set(process.as_fd().as_raw_fd());
        Ok(())
    })
}

/// Closes the handle. The child goes on. NULL is harmless.
///
/// \param process  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_process_close(process: *mut cyd_process_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(process) })
}

/// Waits until whichever child of this process has ended, and tells which, and how. One that has ended before is told as well, if
/// nobody has asked for its end. Of those that nobody has a handle of any more, the last 16 are remembered.
///
/// \param timeout_ns  0 looks and never waits; a negative value waits without limit.
/// \param out         Receives a handle of it; close it with cyd_process_close(). May be NULL.
/// \param exit        Receives how it ended. May be NULL.
///
/// \return #CYD_OK, or
///   - #CYD_E_TIMEOUT    there are children, and none has ended
///   - #CYD_E_NO_CHILD   there are none that have not been waited for
///   - #CYD_E_CANCELLED  a token was cancelled: see cyd_cancel_t
///   - #CYD_E_NO_MEMORY  there is no memory left
///   - #CYD_E_INVALID    a pointer is misaligned
///
/// \par Threads    Any. Each child is told to one of them.
/// \par Processes  Each for its own.
/// \par Blocking   At most `timeout_ns`. Not async-signal-safe.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_wait_any_child(
    timeout_ns: i64,
    out: *mut *mut cyd_process_t,
    exit: *mut cyd_exit_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (out, exit) = unsafe { (args::out_or_null(out)?, args::out_or_null(exit)?) };
        give_process(out, || {
            let (child, ended) = process::wait_any_child(Timeout::from_ns(timeout_ns))?;
            exit.into_iter().for_each(|exit| exit.set(ended.into()));
            Ok(child)
        })
    })
}

/// Lists the children of this process that have not ended, one with each call, in the order in which they were made.
///
/// \param cursor  Set it to 0 before the first call; moved on by each call that succeeds.
/// \param out     Receives a handle of it; close it with cyd_process_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_END      there are no more
///   - #CYD_E_NULL     a pointer is NULL
///   - #CYD_E_INVALID  a pointer is misaligned
///   - #CYD_E_NO_MEMORY
///
/// \par Threads    Any, each with a cursor of its own.
/// \par Processes  Each for its own.
/// \par Blocking   Never. Reaps those that have ended.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_next_active_child(
    cursor: *mut usize,
    out: *mut *mut cyd_process_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller; the cursor is one item.
        let (cursor, out) = unsafe { (args::items_mut(cursor, 1)?, args::out(out)?) };
        let (next, child) = process::next_active_child(cursor[0]).ok_or(ErrorKind::End)?;
        out.set(handle::open(child)?);
        cursor[0] = next;
        Ok(())
    })
}

/// Tells the number and the name of the calling process; the name is "MainProcess" if it was not made by this library.
///
/// \param out  Filled as far as its `struct_size` reaches.
///
/// \return #CYD_OK, #CYD_E_NULL or #CYD_E_INVALID (a misaligned pointer, `struct_size` is not set).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_this_process(out: *mut cyd_process_info_t) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or as the header asks of the caller.
        let out = unsafe { options::fill(out)? };
        let me = process::this_process();
        out.set(process_info(me.pid(), me.name()));
        Ok(())
    })
}

fn parent() -> Result<process::Parent> {
    let none = || Error::with(ErrorKind::NotFound, "this process was not made by the library");
    process::parent_process().ok_or_else(none)
}

/// Tells the number of the process that made this one, when it did.
///
/// \param out  Receives it.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  this process was not made by this library, nor forked from one that uses it
///   - #CYD_E_NULL, #CYD_E_INVALID  `out` is NULL, or misaligned
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_parent_pid(out: *mut u32) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or as the header asks of the caller.
        let out = unsafe { args::out(out)? };
        out.set(parent()?.pid());
        Ok(())
    })
}

/// Waits until the process that made this one is gone, however it went.
///
/// \param timeout_ns  0 looks and never waits; a negative value waits without limit.
///
/// \return #CYD_OK, or
///   - #CYD_E_TIMEOUT      it is still there
///   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
///   - #CYD_E_NOT_FOUND, #CYD_E_UNSUPPORTED  this process was not made by this library
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   At most `timeout_ns`. Not async-signal-safe.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn cyd_parent_wait(timeout_ns: i64) -> cyd_status_t {
    boundary::call(|| parent()?.wait(Timeout::from_ns(timeout_ns)))
}

/// A descriptor that poll(2) calls hung up when the process that made this one is gone. It is the library's: do not close it,
/// and read nothing from it.
///
/// \param out  Receives the descriptor.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND, #CYD_E_UNSUPPORTED  this process was not made by this library
///   - #CYD_E_NULL, #CYD_E_INVALID  `out` is NULL, or misaligned
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_parent_fd(out: *mut c_int) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or as the header asks of the caller.
        let out = unsafe { args::out(out)? };
        let fd = parent()?.sentinel().map(|fd| fd.as_raw_fd());
        out.set(fd.ok_or(ErrorKind::Unsupported)?);
        Ok(())
    })
}
