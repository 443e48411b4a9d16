//! Acknowledged gets and joining, for C.
//!
//! * what lives here: what `cyd_queue_t` can do if it was made with `unacked`
//! * who calls it: C programs
//! * what it may call: `objects::queue`
//! * the invariant: a ticket is the caller's before he knows its message
//! * where it is tested: `ffi-tests/c/queue_ack.c`

use crate::capi::loan::{self, cyd_message_t};
use crate::capi::queue::cyd_queue_t;
use crate::capi::status::cyd_status_t;
use crate::capi::{args, boundary, handle};
use crate::error::Result;
use crate::objects::queue::Queue;
use crate::sync::wait::Timeout;
use std::ffi::c_void;
use std::mem::ManuallyDrop;

/// Copies the next message out, and goes on to owe it: it is not forgotten before cyd_queue_done().
///
/// At least once: if this process is killed before it has acknowledged the message, or closes its last handle on the yard,
/// the message is delivered again, to whoever gets next, with #CYD_REDELIVERED. The queue must have been made with `unacked`, which
/// says how many messages may be owed at a time, by all processes together.
///
/// \param queue       Borrowed.
/// \param buffer      Receives the message. May be NULL when `room` is 0.
/// \param room        Bytes of `buffer`.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
/// \param len         Receives the message's length; with #CYD_E_TOO_LONG too.
/// \param ticket      Receives the number that names this delivery, in any thread of this process.
///
/// \return #CYD_OK; #CYD_REDELIVERED if somebody may have seen it already, who died or gave it back; or
///   - #CYD_E_FULL         there is a message, but as many are owed as may be, and none was acknowledged within `timeout_ns`
///   - #CYD_E_UNSUPPORTED  the queue was made with `unacked` 0
///   - #CYD_E_EMPTY        nothing came within `timeout_ns`
///   - #CYD_E_END          the queue was shut down, and everything has been got; what is owed may still come back
///   - #CYD_E_SHUTDOWN     it was shut down at once
///   - #CYD_E_TOO_LONG     the message is longer than `room` and stays; `len` as for cyd_queue_get()
///   - #CYD_E_BUSY, #CYD_E_TIMEOUT  somebody stands still in the middle of a move (a try, a timed call)
///   - #CYD_E_CANCELLED    the thread's wait was cancelled
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_CORRUPT      the queue's words contradict themselves
///   - #CYD_E_NULL         `queue`, `len` or `ticket` is NULL, or `buffer` is and `room` is not 0
///   - #CYD_E_INVALID      `room` is more than any memory, a pointer is misaligned
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is closed, or no queue
///
/// \par Threads    Any; each message goes to one of them, and the process owes it.
/// \par Processes  Any. A fork() child does not owe what its parent got.
/// \par Blocking   Polls for some microseconds, then sleeps, while there is no message, or nobody acknowledges. Not
///   async-signal-safe.
/// \par Crash      Killed at any instruction: the message is delivered again, to another one, or has not been got.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_get_ack(
    queue: *mut cyd_queue_t,
    buffer: *mut c_void,
    room: usize,
    timeout_ns: i64,
    len: *mut usize,
    ticket: *mut u64,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, buffer) = unsafe { (handle::get(queue)?, args::bytes_mut(buffer, room)?) };
        // SAFETY: as above.
        let (len, ticket) = unsafe { (args::out(len)?, args::out(ticket)?) };
        // SAFETY: as above; while we wait it may be closed.
        let got = unsafe { handle::trying(queue, timeout_ns, |timeout| it.receive_ack(buffer, timeout)) }?;
        match got {
            Ok(owed) => {
                ticket.set(owed.ticket);
                len.set(owed.received.len);
                Ok(owed.news())
            }
            Err(needed) => {
                len.set(needed);
                Err(Queue::too_small(needed, room))
            }
        }
    })
}

/// As cyd_queue_get_ack(), without copying the message, unless it is short: it lies where it was put until it is acknowledged
/// with cyd_queue_done(), which frees its memory; cyd_queue_release() is not for it.
///
/// \param queue       Borrowed.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
/// \param out         Receives the message. `data` is good until the message is acknowledged or given back. A peer that keeps no
///                    rules may change the bytes at any time.
/// \param ticket      Receives the number that names this delivery, in any thread of this process.
///
/// \return As cyd_queue_get_ack(), but never #CYD_E_TOO_LONG; #CYD_E_NULL if `queue`, `out` or `ticket` is NULL.
///
/// \par Threads    As cyd_queue_get_ack(). While it is owed and the thread lives that got it, no other thread's
///   cyd_queue_task_done() means it.
/// \par Processes  As cyd_queue_get_ack().
/// \par Blocking   As cyd_queue_get_ack().
/// \par Crash      As cyd_queue_get_ack().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_get_borrow_ack(
    queue: *mut cyd_queue_t,
    timeout_ns: i64,
    out: *mut cyd_message_t,
    ticket: *mut u64,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, place, ticket) = unsafe { (handle::get(queue)?, args::out(out)?, args::out(ticket)?) };
        // SAFETY: as above; while we wait it may be closed.
        let got = unsafe {
            handle::trying(queue, timeout_ns, |timeout| {
                let got = ManuallyDrop::new(it.get_borrow_ack(timeout)?); // the process owes it
                Ok((loan::described(&got), got.ticket()))
            })
        };
        let ((message, news), number) = got?;
        ticket.set(number);
        loan::tell(message, place);
        Ok(news)
    })
}

/// Acknowledges a message that this process got with cyd_queue_get_ack() or cyd_queue_get_borrow_ack(): it is out of the queue for
/// good.
///
/// \param queue   Borrowed.
/// \param ticket  From there.
///
/// \return #CYD_OK, or
///   - #CYD_E_STATE        it was acknowledged or given back already
///   - #CYD_E_NOT_FOUND    the same, longer ago; or the number never was a ticket
///   - #CYD_E_NOT_OWNER    another process owes it: a fork() child does not owe what its parent got
///   - #CYD_E_FOREIGN      a ticket of another queue
///   - #CYD_E_UNSUPPORTED  the queue was made with `unacked` 0
///   - #CYD_E_NULL         `queue` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `queue` is closed, or no queue, or misaligned
///
/// \par Threads    Any, also others than the one that got the message.
/// \par Processes  The one that got the message.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Killed before the one swap: the message is delivered again. Killed after: it is out of the queue.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_done(queue: *mut cyd_queue_t, ticket: u64) -> cyd_status_t {
    // SAFETY: NULL or as the header asks of the caller.
    boundary::call(|| unsafe { handle::get(queue)? }.done(ticket))
}

/// Gives a message back that this process got with cyd_queue_get_ack() or cyd_queue_get_borrow_ack(): it is the next that is
/// delivered, with #CYD_REDELIVERED.
///
/// \param queue   Borrowed.
/// \param ticket  From there.
///
/// \return As cyd_queue_done().
///
/// \par Threads    As cyd_queue_done().
/// \par Processes  As cyd_queue_done().
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      The message is delivered again in any case; killed before it could tell, who sleeps finds it within
///   a quarter of a second.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_put_back(queue: *mut cyd_queue_t, ticket: u64) -> cyd_status_t {
    // SAFETY: NULL or as the header asks of the caller.
    boundary::call(|| unsafe { handle::get(queue)? }.put_back(ticket))
}

/// Acknowledges a message without its ticket: the oldest of those that the calling thread got with cyd_queue_get_ack() or
/// cyd_queue_get_borrow_ack(); if it owes none, the oldest that this process owes and no other thread may be reading where it lies.
///
/// \param queue  Borrowed.
///
/// \return #CYD_OK, or
///   - #CYD_E_RANGE        there is none
///   - #CYD_E_UNSUPPORTED, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  as cyd_queue_done()
///
/// \par Threads    Any.
/// \par Processes  The one that got the message.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      As cyd_queue_done().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_task_done(queue: *mut cyd_queue_t) -> cyd_status_t {
    // SAFETY: NULL or as the header asks of the caller.
    boundary::call(|| unsafe { handle::get(queue)? }.task_done())
}

/// Waits until everything that had been put when this was called was got and acknowledged. A message that is got without
/// an acknowledgement counts with the get.
///
/// \param queue       Borrowed.
/// \param timeout_ns  0 looks and never waits; a negative value waits without limit.
///
/// \return #CYD_OK, or
///   - #CYD_E_TIMEOUT      something was not acknowledged within `timeout_ns`
///   - #CYD_E_SHUTDOWN     the queue was shut down at once, and something is left
///   - #CYD_E_CANCELLED    the thread's wait was cancelled
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_UNSUPPORTED  the queue was made with `unacked` 0
///   - #CYD_E_NULL         `queue` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `queue` is closed, or no queue, or misaligned
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Sleeps until the last of them is acknowledged. Not async-signal-safe.
/// \par Crash      Nothing is changed. What somebody owed who died counts when another one has got it and acknowledged it.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_join(queue: *mut cyd_queue_t, timeout_ns: i64) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or as the header asks of the caller.
        let it = unsafe { handle::get(queue)? };
        // SAFETY: as above; while we wait it may be closed.
        unsafe { handle::waiting(queue, || it.join(Timeout::from_ns(timeout_ns))) }
    })
}

/// Tells how many messages were put and not yet acknowledged; in a queue that was made with `unacked` 0, how many there
/// are to be got. Exact while nobody is in the middle of a call. Looks at each of them.
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
pub unsafe extern "C" fn cyd_queue_unfinished(queue: *const cyd_queue_t, out: *mut usize) -> cyd_status_t {
    let ask = || -> Result<()> {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (queue, out) = unsafe { (handle::get(queue)?, args::out(out)?) };
        out.set(queue.unfinished());
        Ok(())
    };
    boundary::call(ask)
}
