//! Pipes and their ends, for C.
//!
//! * what lives here: `cyd_pipe_t`, `cyd_connection_t`
//! * who calls it: C programs
//! * what it may call: `objects::pipe`
//! * the invariant: the uncontended step of sending and receiving runs before the boundary and cannot panic
//! * where it is tested: `ffi-tests/c/pipe.c`

use crate::capi::ring::{cyd_peer_t, peer};
use crate::capi::status::{CYD_OK, cyd_status_t};
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::{Error, ErrorKind, Result};
use crate::objects::pipe::{Arrived, Connection, Pipe, PipeEnd, PipeOptions};
use crate::objects::yard::Yard;
use crate::sync::wait::Timeout;
use std::ffi::{c_char, c_void};

/// A pipe: messages, from 0 bytes to the longest that fits, go in one direction or in both between two ends.
///
/// cyd_pipe_end() takes an end; the process holds it until it closes the last handle on it. Any number of processes
/// and threads may hold an end at a time. When the last process has gone that held an end, the other end is told so,
/// after it has received everything: #CYD_E_PEER_CLOSED or #CYD_E_PEER_DIED. A fork() child holds, from its birth on,
/// what its parent holds at that moment; a process that is made anew holds what it is given (`ends` of
/// #cyd_process_options_t). Several threads may use a handle at a time.
pub struct cyd_pipe_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_pipe_t, Pipe, b"pipe");

/// An end of a pipe, to send and receive with. Several threads may use a handle at a time.
///
/// Senders take turns, and so do receivers: each message goes over whole, to one receiver. A turn lasts as long as the
/// copy of one message, and nobody has it while he waits for data or room. Who is stopped (not killed) in it holds up
/// the others of his side and direction: their tries answer #CYD_E_BUSY, their timed calls #CYD_E_TIMEOUT.
pub struct cyd_connection_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_connection_t, Connection, b"conn");

/// An end of a pipe: a CYD_PIPE_ number.
pub type cyd_pipe_end_t = u32;

/// The end that receives; in a duplex pipe it sends too.
pub const CYD_PIPE_FIRST: cyd_pipe_end_t = 0;
/// The end that sends; in a duplex pipe it receives too.
pub const CYD_PIPE_SECOND: cyd_pipe_end_t = 1;

const _: () = {
    assert!(CYD_PIPE_FIRST == PipeEnd::First as u32);
    assert!(CYD_PIPE_SECOND == PipeEnd::Second as u32);
};

fn end(code: cyd_pipe_end_t) -> Result<PipeEnd> {
    PipeEnd::from_code(code).ok_or_else(|| Error::with(ErrorKind::Invalid, format!("end {code}")))
}

/// How a pipe is made. Zero means default; a NULL pointer to it means all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_pipe_options_t {
    /// sizeof(cyd_pipe_options_t)
    pub struct_size: usize,
    /// Bytes for messages, in each direction: a power of two from 64 on; 0 means 65536. A message takes its length,
    /// rounded up to 8, and 8 more, and can be at most capacity / 2 - 8 long.
    pub capacity: usize,
    /// 1: the second end sends and the first one receives; 0: both do both.
    pub one_way: u32,
    /// Must be 0.
    pub reserved: u32,
}
options::sized!(cyd_pipe_options_t { struct_size, capacity: usize, one_way: u32, reserved: u32 });

/// # Safety
/// As `options::read`.
unsafe fn options(from: *const cyd_pipe_options_t) -> Result<PipeOptions> {
    // SAFETY: the caller's promise.
    let theirs = unsafe { options::read(from)? };
    options::unknown("one_way", theirs.one_way & !1)?;
    options::unknown("reserved", theirs.reserved)?;
    let mut ours = PipeOptions { duplex: theirs.one_way == 0, ..PipeOptions::default() };
    if theirs.capacity != 0 {
        ours.capacity = theirs.capacity;
    }
    Ok(ours)
}

/// What the three ways to come to a pipe have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_pipe_t,
    come: impl FnOnce(&Yard, &str) -> Result<Pipe>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        out.set(handle::open(come(yard, name)?)?);
        Ok(())
    })
}

/// Makes a pipe. Nobody holds its ends yet.
///
/// \param yard     Where. Borrowed; the pipe keeps the yard open by itself.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param options  Borrowed for the call; NULL means all defaults.
/// \param out      Receives the handle; close it with cyd_pipe_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_SIZE      `capacity` is no power of two, below 64, or above 1 TiB
///   - #CYD_E_EXISTS    the name is taken
///   - #CYD_E_NAME      `name` is no legal name, or NULL
///   - #CYD_E_NO_SPACE  the yard has no room for it
///   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
///   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
///   - #CYD_E_VERSION   an option is set that this version does not know
///   - #CYD_E_INVALID   a pointer is misaligned, `struct_size` is not set
///   - #CYD_E_NULL      `yard` or `out` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
///
/// \par Threads    Any.
/// \par Processes  One of several that create the same name at once succeeds.
/// \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
/// \par Crash      The pipe exists whole, or not at all.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pipe_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    options: *const cyd_pipe_options_t,
    out: *mut *mut cyd_pipe_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, |yard, name| Pipe::create(yard, name, self::options(options)?)) }
}

/// Opens a pipe, whatever its options.
///
/// \param yard  Where. Borrowed; the pipe keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_pipe_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_TYPE       the object of that name is no pipe; or `yard` is no yard
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
pub unsafe extern "C" fn cyd_pipe_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_pipe_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, Pipe::open) }
}

/// Opens a pipe of these options, or makes it.
///
/// \param yard     Where. Borrowed; the pipe keeps the yard open by itself.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param options  Borrowed for the call; NULL means all defaults.
/// \param out      Receives the handle; close it with cyd_pipe_close().
///
/// \return As cyd_pipe_open() and cyd_pipe_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
///   #CYD_E_MISMATCH if it exists with other options.
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same pipe.
/// \par Blocking   As cyd_pipe_create().
/// \par Crash      As cyd_pipe_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pipe_open_or_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    options: *const cyd_pipe_options_t,
    out: *mut *mut cyd_pipe_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, |yard, name| Pipe::open_or_create(yard, name, self::options(options)?)) }
}

/// Takes an end for this process, which may hold it already: each handle counts.
///
/// \param pipe  Borrowed; the connection keeps the yard open by itself.
/// \param end   #CYD_PIPE_FIRST or #CYD_PIPE_SECOND.
/// \param out   Receives the handle; close it with cyd_connection_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NO_SLOTS  the yard's table of processes is full (in a fork() child)
///   - #CYD_E_INVALID   `end` is no end, a pointer is misaligned
///   - #CYD_E_NULL      `pipe` or `out` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `pipe` is closed, or no pipe
///
/// \par Threads    Any.
/// \par Processes  Any, at the same time. A fork() child holds what its parent holds when it is born, for itself: both
///   close what they do not want. It takes one of the yard's places at once for that; where none is free, it takes one
///   with its first call, and does not hold the end until then. exec ends the hold as a death does.
/// \par Blocking   Never.
/// \par Crash      Killed in here: he holds the end or not, and is dead.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pipe_end(
    pipe: *mut cyd_pipe_t,
    end: cyd_pipe_end_t,
    out: *mut *mut cyd_connection_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (pipe, out) = unsafe { (handle::get(pipe)?, args::out(out)?) };
        out.set(handle::open(pipe.end(self::end(end)?)?)?);
        Ok(())
    })
}

/// Tells how an end stands.
///
/// \param pipe  Borrowed.
/// \param end   #CYD_PIPE_FIRST or #CYD_PIPE_SECOND.
/// \param out   Receives a CYD_PEER_ number.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (no end, a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never waits; may cost a system call.
/// \par Crash      Nothing is changed, but that a death is noted.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pipe_state(
    pipe: *const cyd_pipe_t,
    end: cyd_pipe_end_t,
    out: *mut cyd_peer_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (pipe, out) = unsafe { (handle::get(pipe)?, args::out(out)?) };
        out.set(peer(pipe.state(self::end(end)?)));
        Ok(())
    })
}

/// Tells how many bytes the pipe has for messages, in each direction.
///
/// \param pipe  Borrowed.
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
pub unsafe extern "C" fn cyd_pipe_capacity(pipe: *const cyd_pipe_t, out: *mut usize) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(pipe, out, |pipe| pipe.options().capacity) }
}

/// Tells how long the longest message can be.
///
/// \param pipe  Borrowed.
/// \param out   Receives the number of bytes.
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
pub unsafe extern "C" fn cyd_pipe_max_len(pipe: *const cyd_pipe_t, out: *mut usize) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(pipe, out, Pipe::max_len) }
}

/// Tells whether both ends send and receive.
///
/// \param pipe  Borrowed.
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
pub unsafe extern "C" fn cyd_pipe_is_duplex(pipe: *const cyd_pipe_t, out: *mut bool) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(pipe, out, |pipe| pipe.options().duplex) }
}

/// A question about a pipe that has one answer.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn asked<T>(pipe: *const cyd_pipe_t, out: *mut T, ask: impl FnOnce(&Pipe) -> T) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (pipe, out) = unsafe { (handle::get(pipe)?, args::out(out)?) };
        out.set(ask(pipe));
        Ok(())
    })
}

/// Closes a handle on a pipe. NULL is harmless. The ends that were taken through it stay good.
///
/// \param pipe  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pipe_close(pipe: *mut cyd_pipe_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(pipe) })
}

/// Sends one message; waits for room if the pipe is full.
///
/// As long as nobody has ever left the other end, messages wait in the pipe for whoever takes it.
///
/// \param connection  Borrowed.
/// \param data        The first byte. Borrowed for the call; may be NULL when `len` is 0.
/// \param len         Bytes, at most cyd_pipe_max_len().
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
///
/// \return #CYD_OK; else nothing was sent:
///   - #CYD_E_FULL         no room within `timeout_ns`
///   - #CYD_E_PEER_CLOSED, #CYD_E_PEER_DIED  nobody holds the other end any more
///   - #CYD_E_TOO_LONG     the message can never fit
///   - #CYD_E_INVALID      the end does not send; `len` is more than any memory; `connection` is misaligned
///   - #CYD_E_BUSY, #CYD_E_TIMEOUT  another sender stands still in his turn (a try, a timed call)
///   - #CYD_E_CANCELLED    the thread's wait was cancelled
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_CORRUPT      the pipe's words contradict themselves
///   - #CYD_E_NULL         `connection` is NULL, or `data` is and `len` is not 0
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `connection` is closed (also during the wait), or no connection
///
/// \par Threads    Any.
/// \par Processes  Any that hold the end.
/// \par Blocking   Polls for some microseconds, then sleeps, while the pipe is full. Not async-signal-safe.
/// \par Crash      Killed before the one store that shows it: nothing was sent. Killed after: it was, whole.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_connection_send(
    connection: *mut cyd_connection_t,
    data: *const c_void,
    len: usize,
    timeout_ns: i64,
) -> cyd_status_t {
    let handle = connection.cast_const();
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked = || unsafe { Ok((handle::get(handle)?, args::bytes(data, len)?)) };
    let (connection, message) = match checked() {
        Ok(checked) => checked,
        Err(wrong) => return boundary::code(Err::<(), _>(wrong)),
    };
    let timeout = Timeout::from_ns(timeout_ns);
    if connection.send_fast(message, timeout) {
        return CYD_OK;
    }
    // SAFETY: as above; from now on it may be closed.
    boundary::call(|| unsafe { handle::waiting(handle, || connection.send(message, timeout)) })
}

/// Copies the next message out and takes it; waits if there is none.
///
/// At most once: a receiver killed before his caller had the message has lost that one.
///
/// \param connection  Borrowed.
/// \param buffer      Receives the message. May be NULL when `room` is 0.
/// \param room        Bytes of `buffer`.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
/// \param len         Receives the message's length; with #CYD_E_TOO_LONG too.
///
/// \return #CYD_OK, or
///   - #CYD_E_EMPTY        nothing came within `timeout_ns`
///   - #CYD_E_PEER_CLOSED, #CYD_E_PEER_DIED  nothing is left, and nobody holds the other end any more: the end of the
///     stream
///   - #CYD_E_TOO_LONG     the message is longer than `room` and stays; `len` tells how long
///   - #CYD_E_INVALID      the end does not receive; `room` is more than any memory; a pointer is misaligned
///   - #CYD_E_BUSY, #CYD_E_TIMEOUT  another receiver stands still in his turn (a try, a timed call)
///   - #CYD_E_CANCELLED    the thread's wait was cancelled
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_CORRUPT      the pipe's words contradict themselves
///   - #CYD_E_NULL         `connection` or `len` is NULL, or `buffer` is and `room` is not 0
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `connection` is closed (also during the wait), or no connection
///
/// \par Threads    Any; each message goes to one of them.
/// \par Processes  Any that hold the end.
/// \par Blocking   Polls for some microseconds, then sleeps, while the pipe is empty. Not async-signal-safe.
/// \par Crash      Killed before the one store that takes it: the message is the next receiver's. Killed after: it is
///   gone.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_connection_recv(
    connection: *mut cyd_connection_t,
    buffer: *mut c_void,
    room: usize,
    timeout_ns: i64,
    len: *mut usize,
) -> cyd_status_t {
    let handle = connection.cast_const();
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked = || unsafe { Ok((handle::get(handle)?, args::bytes_mut(buffer, room)?, args::out(len)?)) };
    let (connection, buffer, len) = match checked() {
        Ok(checked) => checked,
        Err(wrong) => return boundary::code(Err::<(), _>(wrong)),
    };
    let timeout = Timeout::from_ns(timeout_ns);
    if let Some(length) = connection.recv_fast(buffer, timeout) {
        len.set(length);
        return CYD_OK;
    }
    let receive = || match connection.receive(buffer, timeout)? {
        Arrived::Message(length) => {
            len.set(length);
            Ok(())
        }
        Arrived::TooLong(needed) => {
            len.set(needed);
            Err(Connection::too_small(needed, room))
        }
    };
    // SAFETY: as above; from now on it may be closed.
    boundary::call(|| unsafe { handle::waiting(handle, receive) })
}

/// Waits for a message and tells its length; the message stays. Another receiver may take it before you do.
///
/// \param connection  Borrowed.
/// \param timeout_ns  0 looks and never waits; a negative value waits without limit.
/// \param len         Receives the message's length. NULL if that is not wanted: then this is a poll.
///
/// \return As cyd_connection_recv(), but for #CYD_E_TOO_LONG: #CYD_OK if there is a message, #CYD_E_EMPTY if none came
///   within `timeout_ns`, #CYD_E_PEER_CLOSED or #CYD_E_PEER_DIED at the end of the stream.
///
/// \par Threads    Any.
/// \par Processes  Any that hold the end.
/// \par Blocking   As cyd_connection_recv().
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_connection_poll(
    connection: *mut cyd_connection_t,
    timeout_ns: i64,
    len: *mut usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, len) = unsafe { (handle::get(connection)?, args::out_or_null(len)?) };
        // SAFETY: as above; from now on it may be closed.
        let length = unsafe { handle::waiting(connection, || it.next_len(Timeout::from_ns(timeout_ns)))? };
        if let Some(len) = len {
            len.set(length);
        }
        Ok(())
    })
}

/// Tells how the other end stands.
///
/// \param connection  Borrowed.
/// \param out         Receives a CYD_PEER_ number.
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
pub unsafe extern "C" fn cyd_connection_peer(
    connection: *const cyd_connection_t,
    out: *mut cyd_peer_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (connection, out) = unsafe { (handle::get(connection)?, args::out(out)?) };
        out.set(peer(connection.peer()));
        Ok(())
    })
}

/// Tells which end of its pipe this is.
///
/// \param connection  Borrowed.
/// \param out         Receives #CYD_PIPE_FIRST or #CYD_PIPE_SECOND.
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
pub unsafe extern "C" fn cyd_connection_end(
    connection: *const cyd_connection_t,
    out: *mut cyd_pipe_end_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (connection, out) = unsafe { (handle::get(connection)?, args::out(out)?) };
        out.set(connection.end() as cyd_pipe_end_t);
        Ok(())
    })
}

/// Closes a handle on an end. NULL is harmless.
///
/// When this process has closed the last of its handles on the end, it holds it no more. What was sent stays; the
/// other end learns #CYD_E_PEER_CLOSED when nobody else holds this one and it has received everything.
///
/// \param connection  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only: parent and child of a fork() close each their own.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      Closed, or its holder died.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_connection_close(connection: *mut cyd_connection_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(connection) })
}
