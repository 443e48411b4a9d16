//! Queues, for C.
//!
//! * what lives here: `cyd_queue_t`
//! * who calls it: C programs
//! * what it may call: `objects::queue`
//! * the invariant: the uncontended step of putting and getting runs before the boundary and cannot panic
//! * where it is tested: `ffi-tests/c/queue.c`

use crate::capi::blocks::cyd_blocks_t;
use crate::capi::ring::{checked, cyd_slice_t};
use crate::capi::status::{CYD_OK, cyd_status_t};
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::{News, Result};
use crate::objects::blocks::Blocks;
use crate::objects::queue::{Queue, QueueOptions};
use crate::objects::yard::Yard;
use crate::sync::wait::Timeout;
use std::ffi::{c_char, c_void};

/// A queue: messages, from 0 bytes to the longest that fits, go in order from any number of producers to any number of
/// consumers, in whatever threads and processes. Several threads may use a handle at a time.
///
/// First in, first out. A message is there for others before the call that puts it returns. #CYD_E_FULL and #CYD_E_EMPTY
/// are exact: at some instant within the call it was so. Each putter and getter is in the middle of a move for some ten
/// nanoseconds; who is stopped (not killed) there holds up the others: their tries answer #CYD_E_BUSY, their timed calls
/// #CYD_E_TIMEOUT. What a dead one had in hand comes again, with #CYD_REDELIVERED, or never was.
///
/// Places are used in order, too: while a message waits, the places behind it count as taken that were given up, or never
/// filled by one who died, and so do those behind a message that comes again. A queue may be full then with fewer messages
/// than it has places.
pub struct cyd_queue_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_queue_t, Queue, b"queu");

/// How a queue is made. Zero means default; a NULL pointer to it means all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_queue_options_t {
    /// sizeof(cyd_queue_options_t)
    pub struct_size: usize,
    /// How many messages it can hold, 1 to 16777216; 0 means 1024.
    pub capacity: usize,
    /// Bytes for messages that are longer than `inline_max`, at least 2048; 0: there are none. They lie in blocks, made
    /// beside the queue under its name and ".blocks".
    pub block_bytes: usize,
    /// How many bytes of a message lie in the queue itself: a multiple of 16, from 16 to 112; 0 means 48. Each message takes
    /// 16 bytes more than that, however short it is, and between two CPUs time is what it takes: as many as most need.
    pub inline_max: u32,
    /// 1: the queue tells of its sides, see cyd_queue_enter().
    pub sides: u32,
    /// Blocks of the same yard in which longer messages are to lie, with those of other queues, or whatever else uses
    /// them; `block_bytes` is 0 then. Borrowed for the call; NULL: the queue has its own, or none.
    pub blocks: *const cyd_blocks_t,
    /// How many bytes all messages together may have, wherever they lie; 0: as many as there is room for. With a limit,
    /// putters take turns, and one that finds little room left looks at each place of the queue. A long message may wait
    /// while shorter ones find room.
    pub max_bytes: usize,
    /// How many messages may have been got with cyd_queue_get_ack() or cyd_queue_get_borrow_ack() and not yet acknowledged, by
    /// all processes together, at most 65536; 0: such a get is not possible. Each takes as much as a message in the queue, and 16 bytes.
    pub unacked: u32,
    /// Must be 0.
    pub reserved: u32,
}
options::sized!(cyd_queue_options_t {
    struct_size,
    capacity: usize,
    block_bytes: usize,
    inline_max: u32,
    sides: u32,
    blocks: *const cyd_blocks_t,
    max_bytes: usize,
    unacked: u32,
    reserved: u32,
});

/// # Safety
/// As `options::read`, and `blocks` is NULL or a handle as the header asks for.
unsafe fn options<'a>(from: *const cyd_queue_options_t) -> Result<(QueueOptions, Option<&'a Blocks>)> {
    // SAFETY: the caller's promise.
    let theirs = unsafe { options::read(from)? };
    options::unknown("sides", theirs.sides & !1)?;
    let (block_bytes, max_bytes) = (theirs.block_bytes, theirs.max_bytes);
    let (sides, unacked) = (theirs.sides != 0, theirs.unacked as usize);
    options::unknown("reserved", theirs.reserved)?;
    let mut ours = QueueOptions { block_bytes, max_bytes, sides, unacked, ..QueueOptions::default() };
    if theirs.capacity != 0 {
        ours.capacity = theirs.capacity;
    }
    if theirs.inline_max != 0 {
        ours.inline_max = theirs.inline_max as usize;
    }
    if theirs.blocks.is_null() {
        return Ok((ours, None));
    }
    // SAFETY: the caller's promise.
    Ok((ours, Some(unsafe { handle::get(theirs.blocks)? })))
}

/// What the three ways to come to a queue have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_queue_t,
    come: impl FnOnce(&Yard, &str) -> Result<Queue>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        out.set(handle::open(come(yard, name)?)?);
        Ok(())
    })
}

/// Makes a queue, empty.
///
/// \param yard     Where. Borrowed; the queue keeps the yard open by itself.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param options  Borrowed for the call; NULL means all defaults.
/// \param out      Receives the handle; close it with cyd_queue_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_RANGE     `capacity` is above 16777216, or `unacked` above 65536
///   - #CYD_E_SIZE      `inline_max` is no multiple of 16 from 16 to 112, or `block_bytes` below 2048
///   - #CYD_E_EXISTS    the name is taken
///   - #CYD_E_NAME      `name` is no legal name, or NULL; with `block_bytes`, it has more than 56 characters
///   - #CYD_E_NO_SPACE  the yard has no room for it
///   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
///   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
///   - #CYD_E_VERSION   an option is set that this version does not know
///   - #CYD_E_FOREIGN   `options->blocks` are another yard's
///   - #CYD_E_INVALID   a pointer is misaligned, `struct_size` is not set, `blocks` is set with `block_bytes`
///   - #CYD_E_NULL      `yard` or `out` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` or `options->blocks` is closed, or something else
///
/// \par Threads    Any.
/// \par Processes  One of several that create the same name at once succeeds.
/// \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
/// \par Crash      The queue exists whole, or not at all.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    options: *const cyd_queue_options_t,
    out: *mut *mut cyd_queue_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe {
        named(yard, name, out, |yard, name| match self::options(options)? {
            (options, None) => Queue::create(yard, name, options),
            (options, Some(blocks)) => Queue::create_with_blocks(yard, name, options, blocks),
        })
    }
}

/// Opens a queue, whatever its options.
///
/// \param yard  Where. Borrowed; the queue keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_queue_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_TYPE       the object of that name is no queue; or `yard` is no yard
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
pub unsafe extern "C" fn cyd_queue_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_queue_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, Queue::open) }
}

/// Opens a queue of these options, or makes it.
///
/// \param yard     Where. Borrowed; the queue keeps the yard open by itself.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param options  Borrowed for the call; NULL means all defaults.
/// \param out      Receives the handle; close it with cyd_queue_close().
///
/// \return As cyd_queue_open() and cyd_queue_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
///   #CYD_E_MISMATCH if it exists with other options.
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same queue.
/// \par Blocking   As cyd_queue_create().
/// \par Crash      As cyd_queue_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_open_or_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    options: *const cyd_queue_options_t,
    out: *mut *mut cyd_queue_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe {
        named(yard, name, out, |yard, name| match self::options(options)? {
            (options, None) => Queue::open_or_create(yard, name, options),
            (options, Some(blocks)) => Queue::open_or_create_with_blocks(yard, name, options, blocks),
        })
    }
}

/// Puts one message; waits for room if the queue is full. It can be got before this returns.
///
/// \param queue       Borrowed.
/// \param data        The first byte. Borrowed for the call; may be NULL when `len` is 0.
/// \param len         Bytes, at most cyd_queue_max_len().
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
///
/// \return #CYD_OK; else nothing was put:
///   - #CYD_E_FULL         no room, or no block for it, or too many bytes, within `timeout_ns`
///   - #CYD_E_PEER_CLOSED, #CYD_E_PEER_DIED  no room, and the last consumer has left, or died (see cyd_queue_enter())
///   - #CYD_E_SHUTDOWN     the queue is shut down
///   - #CYD_E_TOO_LONG     the message can never fit
///   - #CYD_E_BUSY, #CYD_E_TIMEOUT  somebody stands still in the middle of a move (a try, a timed call)
///   - #CYD_E_CANCELLED    the thread's wait was cancelled
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_CORRUPT      the queue's words contradict themselves
///   - #CYD_E_NULL         `queue` is NULL, or `data` is and `len` is not 0
///   - #CYD_E_INVALID      `len` is more than any memory, `queue` is misaligned
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is closed, or no queue
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Polls for some microseconds, then sleeps, while the queue is full. Not async-signal-safe.
/// \par Crash      Killed before the one store that shows it: nothing was put. Killed after: it was, whole.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_put(
    queue: *mut cyd_queue_t,
    data: *const c_void,
    len: usize,
    timeout_ns: i64,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
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

/// Puts messages in order while there is room; waits only while there is none for the first.
///
/// Each is put by itself: messages of others may come between.
///
/// \param queue       Borrowed.
/// \param messages    Borrowed for the call, with their bytes; may be NULL when `count` is 0.
/// \param count       How many.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
/// \param put         Receives how many were put. A message that can never fit ends the row before it.
///
/// \return As cyd_queue_put(), if not even the first was put; #CYD_E_NULL also if a message is NULL and not empty, or
///   `put` is NULL.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   As cyd_queue_put().
/// \par Crash      As cyd_queue_put(), for each: a beginning of the row was put.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_put_many(
    queue: *mut cyd_queue_t,
    messages: *const cyd_slice_t,
    count: usize,
    timeout_ns: i64,
    put: *mut usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, messages) = unsafe { (handle::get(queue)?, checked(messages, count)?) };
        // SAFETY: as above.
        let put = unsafe { args::out(put)? };
        // SAFETY: as above; while we wait it may be closed.
        put.set(unsafe { handle::trying(queue, timeout_ns, |timeout| it.put_many(messages, timeout)) }?);
        Ok(())
    })
}

/// Copies the next message out and takes it; waits if there is none.
///
/// At most once: a consumer killed before his caller had the message has lost that one.
///
/// \param queue       Borrowed.
/// \param buffer      Receives the message. May be NULL when `room` is 0.
/// \param room        Bytes of `buffer`.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
/// \param len         Receives the message's length; with #CYD_E_TOO_LONG too.
///
/// \return #CYD_OK; #CYD_REDELIVERED if somebody who died may have seen it already; or
///   - #CYD_E_EMPTY        nothing came within `timeout_ns`
///   - #CYD_E_END          the queue was shut down, and everything has been got
///   - #CYD_E_SHUTDOWN     it was shut down at once
///   - #CYD_E_PEER_CLOSED, #CYD_E_PEER_DIED  nothing is there, and the last producer has left, or died (see
///     cyd_queue_enter())
///   - #CYD_E_TOO_LONG     the message is longer than `room` and stays; `len` tells how long
///   - #CYD_E_BUSY, #CYD_E_TIMEOUT  somebody stands still in the middle of a move (a try, a timed call)
///   - #CYD_E_CANCELLED    the thread's wait was cancelled
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_CORRUPT      the queue's words contradict themselves
///   - #CYD_E_NULL         `queue` or `len` is NULL, or `buffer` is and `room` is not 0
///   - #CYD_E_INVALID      `room` is more than any memory, a pointer is misaligned
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is closed, or no queue
///
/// \par Threads    Any; each message goes to one of them.
/// \par Processes  Any.
/// \par Blocking   Polls for some microseconds, then sleeps, while the queue is empty. Not async-signal-safe.
/// \par Crash      Killed before the one store that takes it: the message comes again, to the next consumer. Killed
///   after: it is gone.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_get(
    queue: *mut cyd_queue_t,
    buffer: *mut c_void,
    room: usize,
    timeout_ns: i64,
    len: *mut usize,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked = || unsafe { Ok((handle::get(queue)?, args::bytes_mut(buffer, room)?, args::out(len)?)) };
    let (it, buffer, len) = match checked() {
        Ok(checked) => checked,
        Err(wrong) => return boundary::code(Err::<(), _>(wrong)),
    };
    if let Some(received) = it.get_fast(buffer) {
        len.set(received.len);
        return boundary::code(Ok(received.news()));
    }
    let get = || match it.receive(buffer, Timeout::from_ns(timeout_ns))? {
        Ok(received) => {
            len.set(received.len);
            Ok(received.news())
        }
        Err(needed) => {
            len.set(needed);
            Err(Queue::too_small(needed, room))
        }
    };
    // SAFETY: as above; from now on it may be closed.
    boundary::call(|| unsafe { handle::waiting(queue, get) })
}

/// Copies messages one after the other into a buffer while they are there and fit, and takes them; waits only while
/// there is not even one.
///
/// Each is got by itself: others may get some between.
///
/// \param queue       Borrowed.
/// \param buffer      Receives the messages without gaps. May be NULL when `room` is 0.
/// \param room        Bytes of `buffer`.
/// \param lens        Receives the length of each.
/// \param max         How many lengths there is room for; at least 1.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
/// \param count       Receives how many messages came.
///
/// \return As cyd_queue_get(); #CYD_REDELIVERED if it is true of one of them; #CYD_E_TOO_LONG if the first does not fit (cyd_queue_get()
///   tells how long it is);
///   #CYD_E_INVALID also if `max` is 0 or impossible.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   As cyd_queue_get().
/// \par Crash      As cyd_queue_get(), for each; those that were taken before are gone.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_get_many(
    queue: *mut cyd_queue_t,
    buffer: *mut c_void,
    room: usize,
    lens: *mut usize,
    max: usize,
    timeout_ns: i64,
    count: *mut usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, buffer) = unsafe { (handle::get(queue)?, args::bytes_mut(buffer, room)?) };
        // SAFETY: as above.
        let (lens, count) = unsafe { (args::items_mut(lens, max)?, args::out(count)?) };
        // SAFETY: as above; while we wait it may be closed.
        let batch =
            unsafe { handle::trying(queue, timeout_ns, |timeout| it.get_many(buffer, lens, timeout)) }?;
        count.set(batch.records);
        Ok(batch.redelivered.then_some(News::Redelivered))
    })
}

/// Shuts the queue down, for everybody and for good. Who waits in it is woken.
///
/// \param queue  Borrowed.
/// \param now    False: every put answers #CYD_E_SHUTDOWN; gets go on until everything has been got, then answer
///               #CYD_E_END, and nothing is put any more after the first #CYD_E_END. True: every get answers
///               #CYD_E_SHUTDOWN too, and what is there stays there. It may follow the other.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Killed before the one store: nothing has changed. Killed after: the queue is shut down, and who waits
///   finds it within a quarter of a second.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_shutdown(queue: *mut cyd_queue_t, now: bool) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or as the header asks of the caller.
        unsafe { handle::get(queue)? }.shutdown(now);
        Ok(())
    })
}

/// Tells whether the queue has been shut down.
///
/// \param queue  Borrowed.
/// \param out    Receives the answer.
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
pub unsafe extern "C" fn cyd_queue_is_shutdown(queue: *const cyd_queue_t, out: *mut bool) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(queue, out, Queue::is_shutdown) }
}

/// Tells how many messages there are to be got: exact while nobody is in the middle of a call, else within as many as come and
/// go meanwhile. Looks at each of them.
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
pub unsafe extern "C" fn cyd_queue_len(queue: *const cyd_queue_t, out: *mut usize) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(queue, out, Queue::len) }
}

/// Tells whether there is nothing to get at this instant. Looks as cyd_queue_len().
///
/// \param queue  Borrowed.
/// \param out    Receives the answer.
///
/// \return As cyd_queue_len().
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_is_empty(queue: *const cyd_queue_t, out: *mut bool) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(queue, out, Queue::is_empty) }
}

/// Tells whether a cyd_queue_put() would answer #CYD_E_FULL at this instant, or nothing is left of the limit in bytes. The place of
/// a message that is in the middle of a move counts as room; so there may be fewer messages than places when it is full,
/// see #cyd_queue_t.
///
/// \param queue  Borrowed.
/// \param out    Receives the answer.
///
/// \return As cyd_queue_len().
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_is_full(queue: *const cyd_queue_t, out: *mut bool) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(queue, out, Queue::is_full) }
}

/// Tells how many bytes all messages have together: exact while nobody is in the middle of a call. Looks at each place.
///
/// \param queue  Borrowed.
/// \param out    Receives the number of bytes.
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
pub unsafe extern "C" fn cyd_queue_bytes(queue: *const cyd_queue_t, out: *mut usize) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(queue, out, Queue::bytes) }
}

/// Tells how many messages the queue has room for.
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
pub unsafe extern "C" fn cyd_queue_capacity(queue: *const cyd_queue_t, out: *mut usize) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(queue, out, Queue::capacity) }
}

/// Tells how long the longest message can be.
///
/// \param queue  Borrowed.
/// \param out    Receives the number of bytes.
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
pub unsafe extern "C" fn cyd_queue_max_len(queue: *const cyd_queue_t, out: *mut usize) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(queue, out, Queue::max_len) }
}

/// A question about a queue that has one answer.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn asked<T>(queue: *const cyd_queue_t, out: *mut T, ask: impl FnOnce(&Queue) -> T) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (queue, out) = unsafe { (handle::get(queue)?, args::out(out)?) };
        out.set(ask(queue));
        Ok(())
    })
}

/// Closes a handle on a queue. NULL is harmless. What is in the queue stays there. Calls that wait through the handle end
/// with #CYD_E_CLOSED.
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
pub unsafe extern "C" fn cyd_queue_close(queue: *mut cyd_queue_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(queue) })
}
