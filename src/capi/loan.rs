//! Messages of queues that are not copied, for C.
//!
//! * what lives here: `cyd_loan_t`, `cyd_message_t`
//! * who calls it: C programs
//! * what it may call: `objects::queue`
//! * the invariant: a block's number is all that C holds of it; what the number is good for, each call finds out
//! * where it is tested: `ffi-tests/c/loan.c`

use crate::capi::args::Out;
use crate::capi::queue::cyd_queue_t;
use crate::capi::status::cyd_status_t;
use crate::capi::{args, boundary, handle};
use crate::error::{News, Result};
use crate::objects::queue::{INLINE, Message, Queue};
use crate::sync::wait::Timeout;
use std::ffi::c_void;
use std::mem::ManuallyDrop;

/// Memory for a message, from cyd_queue_loan(), or for a task's input, from cyd_pool_alloc().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_loan_t {
    /// The first byte, aligned to 64. Good until the loan is put, submitted or given back, or the process closes its last handle on
    /// the yard, of the yard itself or of an object in it: then the memory is free. The handle that has lent it may be closed.
    pub data: *mut c_void,
    /// Bytes of the message, or of the input.
    pub len: usize,
    /// The number of the block of which it is the memory: see cyd_blocks_t.
    pub block: u64,
}

/// A message that was got and not copied, from cyd_queue_get_borrow() or cyd_queue_get_borrow_ack(). The struct stays where it is
/// until the message has been read: `data` may lead into it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_message_t {
    /// The first byte. Good until the message is given back or acknowledged, or the process closes its last handle on the yard, of
    /// the yard itself or of an object in it; in `bytes`, as long as the struct is.
    pub data: *const c_void,
    /// Bytes.
    pub len: usize,
    /// The number of the block in which it lies, to be given back with cyd_queue_release() unless it is to be acknowledged; 0: it
    /// lies in `bytes`.
    pub block: u64,
    /// A short message.
    pub bytes: [u8; 112],
}
const _: () = assert!(INLINE == 112);

/// Lends memory for a message, to be filled and put with cyd_queue_put_loan(), without a copy.
///
/// \param queue       Borrowed.
/// \param len         Bytes of the message, at most cyd_queue_max_len().
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
/// \param out         Receives the loan: it is this process's until it is put, or given back with cyd_queue_release().
///                    The bytes are as their last owner left them.
///
/// \return #CYD_OK, or
///   - #CYD_E_UNSUPPORTED  the queue was made without blocks
///   - #CYD_E_TOO_LONG     no room for it even if nobody had any
///   - #CYD_E_NO_SPACE     no room now, and `timeout_ns` is 0
///   - #CYD_E_BUSY         it takes several blocks, somebody else is looking for some, and `timeout_ns` is 0
///   - #CYD_E_TIMEOUT      still no room after `timeout_ns`
///   - #CYD_E_CANCELLED    the thread's wait was cancelled
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_NULL         `queue` or `out` is NULL
///   - #CYD_E_INVALID      a pointer is misaligned
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is closed, or no queue
///
/// \par Threads    Any. The process owns the loan: any thread may put it.
/// \par Processes  Any. A fork() child does not own its parent's loans.
/// \par Blocking   Sleeps in the kernel while others have all the blocks that would do. Not async-signal-safe.
/// \par Crash      What a dead process had on loan is free again as soon as somebody looks.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_loan(
    queue: *mut cyd_queue_t,
    len: usize,
    timeout_ns: i64,
    out: *mut cyd_loan_t,
) -> cyd_status_t {
    let lend = |it: &Queue, timeout| -> Result<cyd_loan_t> {
        let loan = it.loan(len, timeout)?;
        let data = loan.as_ptr().cast();
        Ok(cyd_loan_t { data, len, block: loan.into_handle() })
    };
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, out) = unsafe { (handle::get(queue)?, args::out(out)?) };
        // SAFETY: as above; while we wait it may be closed.
        out.set(unsafe { handle::waiting(queue, || lend(it, Timeout::from_ns(timeout_ns))) }?);
        Ok(())
    })
}

/// Puts the message that lies in a loan; waits for room if the queue is full. It can be got before this returns.
///
/// \param queue       Borrowed.
/// \param block       The loan's number, or that of any block of this process in the queue's blocks, whose length is the
///                    message's. When it was put it is the queue's, and not to be touched any more.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
///
/// \return #CYD_OK; else nothing was put, and the loan is still the process's if it was:
///   - #CYD_E_FULL         no room within `timeout_ns`
///   - #CYD_E_TOO_LONG     it is more than all messages of the queue together may have
///   - #CYD_E_PEER_CLOSED, #CYD_E_PEER_DIED  as cyd_queue_put()
///   - #CYD_E_SHUTDOWN     the queue is shut down
///   - #CYD_E_BUSY, #CYD_E_TIMEOUT  somebody stands still in the middle of a move (a try, a timed call)
///   - #CYD_E_CANCELLED    the thread's wait was cancelled
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_STATE        the block was freed a moment ago, is offered, or was put already
///   - #CYD_E_NOT_FOUND    the number is stale
///   - #CYD_E_NOT_OWNER    the block is another process's
///   - #CYD_E_FOREIGN      the number is of other blocks, or none at all
///   - #CYD_E_UNSUPPORTED  the queue was made without blocks
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_CORRUPT      the queue's words contradict themselves
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `queue` is NULL, closed, no queue, misaligned
///
/// \par Threads    Any.
/// \par Processes  The one that owns the loan.
/// \par Blocking   As cyd_queue_put().
/// \par Crash      Killed before the one store that shows it: nothing was put, and the memory is free again. Killed
///   after: it was, whole.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_put_loan(
    queue: *mut cyd_queue_t,
    block: u64,
    timeout_ns: i64,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or as the header asks of the caller.
        let it = unsafe { handle::get(queue)? };
        // SAFETY: as above; while we wait it may be closed.
        unsafe { handle::trying(queue, timeout_ns, |timeout| it.put_loan_unguarded(block, timeout)) }
    })
}

/// Takes the next message without copying it, unless it is short; waits if there is none.
///
/// At most once: a consumer killed before he has read it has lost that one.
///
/// \param queue       Borrowed.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
/// \param out         Receives the message: it is this process's. When it has been read, and `block` is not 0, give it
///                    back with cyd_queue_release(). A peer that keeps no rules may change the bytes at any time.
///
/// \return As cyd_queue_get(), but never #CYD_E_TOO_LONG; #CYD_E_NULL if `queue` or `out` is NULL.
///
/// \par Threads    Any; each message goes to one of them.
/// \par Processes  Any. A fork() child does not own its parent's messages.
/// \par Blocking   As cyd_queue_get().
/// \par Crash      As cyd_queue_get(). The memory of a message that a dead process had is free again.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_get_borrow(
    queue: *mut cyd_queue_t,
    timeout_ns: i64,
    out: *mut cyd_message_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, place) = unsafe { (handle::get(queue)?, args::out(out)?) };
        // SAFETY: as above; while we wait it may be closed.
        let got = unsafe {
            handle::trying(queue, timeout_ns, |timeout| {
                it.get_borrow(timeout).map(|got| described(&ManuallyDrop::new(got)))
            })
        };
        let (message, news) = got?;
        tell(message, place);
        Ok(news)
    })
}

/// What was got, which is the caller's from now on, and whether it comes again. The address of a short one is not known yet.
pub(super) fn described(got: &Message<'_>) -> (cyd_message_t, Option<News>) {
    let (received, bytes, block) = got.parts();
    let (block, data) = block.unwrap_or((0, std::ptr::null()));
    (cyd_message_t { data: data.cast(), len: received.len, block, bytes }, received.news())
}

/// Says at a place of the caller's what was got, and where it lies.
pub(super) fn tell(message: cyd_message_t, place: Out<cyd_message_t>) {
    // SAFETY: not NULL, and the caller's to write to (`args::out`); no reference is made.
    let inside = unsafe { &raw const (*place.as_ptr()).bytes };
    let data = if message.block == 0 { inside.cast() } else { message.data };
    place.set(cyd_message_t { data, ..message });
}

/// Gives memory back: a loan that is not put, or a message that has been read. Not a message that is still to be acknowledged: it
/// would be lost.
///
/// \param queue  Borrowed.
/// \param block  The number in the loan, or in the message; 0 is harmless.
///
/// \return #CYD_OK, or, with nothing changed,
///   - #CYD_E_STATE        it was given back a moment ago, or put
///   - #CYD_E_NOT_FOUND    the number is stale
///   - #CYD_E_NOT_OWNER    the block is another process's
///   - #CYD_E_FOREIGN      the number is of other blocks, or none at all
///   - #CYD_E_UNSUPPORTED  the queue was made without blocks
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `queue` is NULL, closed, no queue, misaligned
///
/// \par Threads    Any.
/// \par Processes  The one that owns the memory.
/// \par Blocking   Never; one system call if somebody waits for memory. Not async-signal-safe.
/// \par Crash      Killed on the way: it is free, or a dead process's, which is free as soon as somebody looks.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_release(queue: *mut cyd_queue_t, block: u64) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or as the header asks of the caller.
        let it = unsafe { handle::get(queue)? };
        if block == 0 { Ok(()) } else { it.release_unguarded(block) }
    })
}
