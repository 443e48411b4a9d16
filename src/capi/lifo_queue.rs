//! The last-in-first-out queue, for C.
//!
//! * what lives here: `cyd_lifo_queue_t`
//! * who calls it: C programs
//! * what it may call: `objects::lifo`
//! * the invariant: the uncontended step of putting and getting runs before the boundary and cannot panic
//! * where it is tested: `ffi-tests/c/shelves.c`

use crate::capi::shelf::{Held, named};
use crate::capi::status::{CYD_OK, cyd_status_t};
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle, options, shelf};
use crate::error::Result;
use crate::objects::lifo::{LifoOptions, LifoQueue};
use crate::objects::shelf::{Taken, too_small};
use crate::sync::wait::Timeout;
use std::ffi::{c_char, c_void};

/// Messages of 0 bytes to a fixed maximum, last in, first out.
///
/// Any number of threads and processes put and get at a time; a fork() child may use inherited handles at once. Each does
/// it in a turn, which lasts as long as the copy of one message; nobody has it while he waits. Who is stopped (not killed) in
/// his turn holds up the others: their tries answer #CYD_E_BUSY, their timed calls #CYD_E_TIMEOUT, unless the queue is
/// empty, or full, as well. Several threads may use a handle at a time.
pub struct cyd_lifo_queue_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_lifo_queue_t, LifoQueue, b"lifo");

/// How a last-in-first-out queue is made. Zero means default; a NULL pointer to it means all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_lifo_queue_options_t {
    /// sizeof(cyd_lifo_queue_options_t)
    pub struct_size: usize,
    /// How many messages it holds at most: up to 2^24; 0 means 64.
    pub capacity: usize,
    /// How many bytes a message has at most: up to 2^30; 0 means 256. Each has so much room, whatever its length.
    pub max_len: usize,
}
options::sized!(cyd_lifo_queue_options_t { struct_size, capacity: usize, max_len: usize });

/// # Safety
/// As `options::read`.
unsafe fn options(from: *const cyd_lifo_queue_options_t) -> Result<LifoOptions> {
    // SAFETY: the caller's promise.
    let theirs = unsafe { options::read(from)? };
    let mut ours = LifoOptions::default();
    if theirs.capacity != 0 {
        ours.capacity = theirs.capacity;
    }
    if theirs.max_len != 0 {
        ours.max_len = theirs.max_len;
    }
    Ok(ours)
}

impl Held for LifoQueue {
    fn len(&self) -> usize {
        self.len()
    }

    fn is_shutdown(&self) -> bool {
        self.is_shutdown()
    }

    fn capacity(&self) -> usize {
        self.capacity()
    }

    fn max_len(&self) -> usize {
        self.max_len()
    }
}

/// Makes a last-in-first-out queue.
///
/// \param yard     Where. Borrowed; the queue keeps the yard open by itself.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param options  Borrowed for the call; NULL means all defaults.
/// \param out      Receives the handle; close it with cyd_lifo_queue_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_SIZE      `capacity` is above 2^24, or `max_len` above 2^30
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
/// \par Crash      The queue exists whole, or not at all.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lifo_queue_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    options: *const cyd_lifo_queue_options_t,
    out: *mut *mut cyd_lifo_queue_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, |yard, name| LifoQueue::create(yard, name, self::options(options)?)) }
}

/// Opens a last-in-first-out queue, whatever its options.
///
/// \param yard  Where. Borrowed; the queue keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_lifo_queue_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_TYPE       the object of that name is no last-in-first-out queue; or `yard` is no yard
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
pub unsafe extern "C" fn cyd_lifo_queue_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_lifo_queue_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, LifoQueue::open) }
}

/// Opens a last-in-first-out queue of these options, or makes it.
///
/// \param yard     Where. Borrowed; the queue keeps the yard open by itself.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param options  Borrowed for the call; NULL means all defaults.
/// \param out      Receives the handle; close it with cyd_lifo_queue_close().
///
/// \return As cyd_lifo_queue_open() and cyd_lifo_queue_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
///   #CYD_E_MISMATCH if it exists with other options.
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same queue.
/// \par Blocking   As cyd_lifo_queue_create().
/// \par Crash      As cyd_lifo_queue_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lifo_queue_open_or_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    options: *const cyd_lifo_queue_options_t,
    out: *mut *mut cyd_lifo_queue_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe {
        named(yard, name, out, |yard, name| LifoQueue::open_or_create(yard, name, self::options(options)?))
    }
}

/// Puts one message; waits for room if the queue is full. It is there before this returns.
///
/// \param queue       Borrowed.
/// \param data        The first byte. Borrowed for the call; may be NULL when `len` is 0.
/// \param len         Bytes, at most cyd_lifo_queue_max_len().
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
///
/// \return #CYD_OK; else nothing was put:
///   - #CYD_E_FULL         no room within `timeout_ns`
///   - #CYD_E_SHUTDOWN     the queue was shut down
///   - #CYD_E_TOO_LONG     longer than any message may be
///   - #CYD_E_BUSY, #CYD_E_TIMEOUT  somebody stands still in his turn (a try, a timed call)
///   - #CYD_E_CANCELLED    a token was cancelled that the thread had entered
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_CORRUPT      the queue's words contradict themselves
///   - #CYD_E_INVALID      `len` is more than any memory; `queue` is misaligned
///   - #CYD_E_NULL         `queue` is NULL, or `data` is and `len` is not 0
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is closed, or no last-in-first-out queue
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Polls for some microseconds, then sleeps, while the queue is full. Not async-signal-safe.
/// \par Crash      Killed before the one store that puts it: nothing was put. Killed after: it was, whole.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lifo_queue_put(
    queue: *mut cyd_lifo_queue_t,
    data: *const c_void,
    len: usize,
    timeout_ns: i64,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller; nobody closes the handle meanwhile.
    let checked = || unsafe { Ok((handle::get(queue)?, args::bytes(data, len)?)) };
    let (it, message) = match checked() {
        Ok(checked) => checked,
        Err(wrong) => return boundary::code(Err::<(), _>(wrong)),
    };
    if it.put_fast(message) {
        return CYD_OK;
    }
    // SAFETY: as above; from now on it may be closed.
    boundary::call(|| unsafe { handle::waiting(queue, || it.put(message, Timeout::from_ns(timeout_ns))) })
}

/// Copies the next message out and takes it; waits if there is none.
///
/// At most once: who is killed before his caller had the message has lost that one.
///
/// \param queue       Borrowed.
/// \param buffer      Receives the message. May be NULL when `room` is 0.
/// \param room        Bytes of `buffer`.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
/// \param len         Receives the message's length; with #CYD_E_TOO_LONG too.
///
/// \return #CYD_OK, or
///   - #CYD_E_EMPTY        nothing came within `timeout_ns`
///   - #CYD_E_END          the queue was shut down, and everything has been got
///   - #CYD_E_SHUTDOWN     it was shut down at once
///   - #CYD_E_TOO_LONG     the message is longer than `room` and stays; `len` tells how long
///   - #CYD_E_BUSY, #CYD_E_TIMEOUT  somebody stands still in his turn (a try, a timed call)
///   - #CYD_E_CANCELLED    a token was cancelled that the thread had entered
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_CORRUPT      the queue's words contradict themselves
///   - #CYD_E_INVALID      `room` is more than any memory; a pointer is misaligned
///   - #CYD_E_NULL         `queue` or `len` is NULL, or `buffer` is and `room` is not 0
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is closed, or no last-in-first-out queue
///
/// \par Threads    Any; each message goes to one of them.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Polls for some microseconds, then sleeps, while the queue is empty. Not async-signal-safe.
/// \par Crash      Killed before the one store that takes it: the message is the next one's. Killed after: it is gone.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lifo_queue_get(
    queue: *mut cyd_lifo_queue_t,
    buffer: *mut c_void,
    room: usize,
    timeout_ns: i64,
    len: *mut usize,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller; nobody closes the handle meanwhile.
    let checked = || unsafe { Ok((handle::get(queue)?, args::bytes_mut(buffer, room)?, args::out(len)?)) };
    let (it, buffer, len) = match checked() {
        Ok(checked) => checked,
        Err(wrong) => return boundary::code(Err::<(), _>(wrong)),
    };
    if let Some((length, ())) = it.get_fast(buffer) {
        len.set(length);
        return CYD_OK;
    }
    // SAFETY: as above; from now on it may be closed.
    boundary::call(|| unsafe {
        handle::waiting(queue, || match it.take(buffer, Timeout::from_ns(timeout_ns))? {
            Taken::Message(length, ()) => {
                len.set(length);
                Ok(())
            }
            Taken::TooLong(length) => {
                len.set(length);
                Err(too_small(length, room))
            }
        })
    })
}

/// Shuts the queue down, for everybody and for good; whoever waits is told.
///
/// Putting answers #CYD_E_SHUTDOWN from now on; only a put that has begun before may still come in. Getting does so if it was shut
/// down `now`; else it goes on until everything has been got, and then answers #CYD_E_END. After the first #CYD_E_END nothing comes
/// in any more.
///
/// \param queue  Borrowed.
/// \param now    What is there stays there. May follow an orderly shutdown.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      It is shut down, or not. Killed after: who sleeps looks again within 250 ms.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lifo_queue_shutdown(queue: *mut cyd_lifo_queue_t, now: bool) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or as the header asks of the caller.
        let queue = unsafe { handle::get(queue)? };
        queue.shutdown(now);
        Ok(())
    })
}

/// Tells whether the queue was shut down.
///
/// \param queue  Borrowed.
/// \param out    Receives the answer.
///
/// \return As cyd_lifo_queue_len().
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lifo_queue_is_shutdown(
    queue: *const cyd_lifo_queue_t,
    out: *mut bool,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { shelf::asked(queue, out, Held::is_shutdown) }
}

/// Tells how many messages there are at this instant; none after it was shut down `now`.
///
/// \param queue  Borrowed.
/// \param out    Receives the number.
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
pub unsafe extern "C" fn cyd_lifo_queue_len(queue: *const cyd_lifo_queue_t, out: *mut usize) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { shelf::asked(queue, out, Held::len) }
}

/// Tells whether there is no message at this instant.
///
/// \param queue  Borrowed.
/// \param out    Receives the answer.
///
/// \return As cyd_lifo_queue_len().
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lifo_queue_is_empty(
    queue: *const cyd_lifo_queue_t,
    out: *mut bool,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { shelf::asked(queue, out, |queue| Held::len(queue) == 0) }
}

/// Tells whether there is no room at this instant.
///
/// \param queue  Borrowed.
/// \param out    Receives the answer.
///
/// \return As cyd_lifo_queue_len().
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lifo_queue_is_full(
    queue: *const cyd_lifo_queue_t,
    out: *mut bool,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { shelf::asked(queue, out, |queue| Held::len(queue) == Held::capacity(queue)) }
}

/// Tells how many messages the queue holds at most.
///
/// \param queue  Borrowed.
/// \param out    Receives the number.
///
/// \return As cyd_lifo_queue_len().
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lifo_queue_capacity(
    queue: *const cyd_lifo_queue_t,
    out: *mut usize,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { shelf::asked(queue, out, Held::capacity) }
}

/// Tells how many bytes a message has at most.
///
/// \param queue  Borrowed.
/// \param out    Receives the number.
///
/// \return As cyd_lifo_queue_len().
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lifo_queue_max_len(
    queue: *const cyd_lifo_queue_t,
    out: *mut usize,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { shelf::asked(queue, out, Held::max_len) }
}

/// Closes a handle on a last-in-first-out queue. NULL is harmless. The queue and its messages stay.
///
/// \param queue  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_lifo_queue_close(queue: *mut cyd_lifo_queue_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(queue) })
}
