//! Inputs of tasks that are not copied, for C.
//!
//! * what lives here: the blocks of a `cyd_pool_t`
//! * who calls it: C programs
//! * what it may call: `process`
//! * the invariant: a block's number is all that C holds of it; what the number is good for, each call finds out
//! * where it is tested: `ffi-tests/c/pool_block.c`

use crate::capi::future::cyd_future_t;
use crate::capi::loan::cyd_loan_t;
use crate::capi::pool::{cyd_pool_t, cyd_task_options_t, submit};
use crate::capi::status::cyd_status_t;
use crate::capi::{args, boundary, handle};
use crate::error::Result;
use crate::process::Pool;
use crate::sync::wait::Timeout;
use std::ffi::c_char;

/// Lends memory for a task's input, to be filled and submitted with cyd_pool_submit_block(), without a copy: one of the pool's own
/// blocks.
///
/// \param pool        Borrowed.
/// \param len         Bytes of the input.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit. In a task of this pool nobody waits.
/// \param out         Receives the loan: it is this process's until it is submitted, or given back with cyd_pool_free(). The bytes
///                    are as their last owner left them.
///
/// \return #CYD_OK, or
///   - #CYD_E_UNSUPPORTED  the pool was made with #CYD_POOL_SHORT
///   - #CYD_E_TOO_LONG     no room for it even if nobody had any
///   - #CYD_E_NO_SPACE     no room now, and `timeout_ns` is 0, or the caller is in a task of this pool
///   - #CYD_E_BUSY         likewise; it takes several blocks, and somebody else is looking for some
///   - #CYD_E_TIMEOUT      still no room after `timeout_ns`
///   - #CYD_E_CANCELLED    the wait was cancelled: see cyd_cancel_t
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_NULL         `pool` or `out` is NULL
///   - #CYD_E_INVALID      a pointer is misaligned
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `pool` is closed, or no pool
///
/// \par Threads    Any. The process owns the loan: any thread may submit it.
/// \par Processes  Any. A fork() child does not own its parent's loans.
/// \par Blocking   Sleeps in the kernel while others have all the blocks that would do. Not async-signal-safe.
/// \par Crash      What a dead process had on loan is free again as soon as somebody looks.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_alloc(
    pool: *mut cyd_pool_t,
    len: usize,
    timeout_ns: i64,
    out: *mut cyd_loan_t,
) -> cyd_status_t {
    let lend = |it: &Pool, timeout| -> Result<cyd_loan_t> {
        let block = it.alloc(len, timeout)?;
        let data = block.as_ptr().cast();
        Ok(cyd_loan_t { data, len, block: block.into_handle() })
    };
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, out) = unsafe { (handle::get(pool)?, args::out(out)?) };
        // SAFETY: as above; while we wait it may be closed.
        out.set(unsafe { handle::waiting(pool, || lend(it, Timeout::from_ns(timeout_ns))) }?);
        Ok(())
    })
}

/// Gives the pool a task whose input is what lies in a block: as cyd_pool_submit(), without a copy. A worker whose function is
/// registered with cyd_task_register_block() makes none either.
///
/// \param pool        Borrowed.
/// \param entry       1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param block       A loan's number, or that of any block of this process in the pool's blocks, whose length is the input's. When
///                    it was submitted it is the task's, comes free with it, and is not to be touched any more.
/// \param options     Borrowed for the call; NULL means all defaults.
/// \param timeout_ns  How long to wait for a place: 0 tries and never waits, a negative value waits without limit.
/// \param out         Receives the handle of its future; close it with cyd_future_close(). NULL: nobody wants to know.
///
/// \return #CYD_OK; else nothing was submitted, and the block is still the process's if it was:
///   - #CYD_E_UNSUPPORTED  the pool was made with #CYD_POOL_SHORT
///   - #CYD_E_STATE        the block was freed a moment ago, is offered, or was submitted already; or as cyd_pool_submit()
///   - #CYD_E_NOT_FOUND    the number is stale
///   - #CYD_E_NOT_OWNER    the block is another process's
///   - #CYD_E_FOREIGN      the number is of other blocks, or none at all
///   - as cyd_pool_submit(), but neither #CYD_E_TOO_LONG nor #CYD_E_NO_SPACE
///
/// \par Threads    Any.
/// \par Processes  The one that owns the block.
/// \par Blocking   At most `timeout_ns`, while there is no place. Not async-signal-safe.
/// \par Crash      Killed before the one store: nothing was submitted, and the memory is free again. Killed after: it is done, and
///   nobody wants its result.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_submit_block(
    pool: *mut cyd_pool_t,
    entry: *const c_char,
    block: u64,
    options: *const cyd_task_options_t,
    timeout_ns: i64,
    out: *mut *mut cyd_future_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or as the header asks of the caller.
        let entry = unsafe { args::name(entry)? };
        // SAFETY: as above.
        unsafe {
            submit(pool, options, timeout_ns, out, |it, options, timeout| {
                it.submit_unguarded(entry, block, options, timeout)
            })
        }
    })
}

/// Gives a loan back that is not submitted.
///
/// \param pool   Borrowed.
/// \param block  The number in the loan; 0 is harmless.
///
/// \return #CYD_OK, or, with nothing changed,
///   - #CYD_E_STATE        it was given back a moment ago, or submitted
///   - #CYD_E_NOT_FOUND    the number is stale
///   - #CYD_E_NOT_OWNER    the block is another process's
///   - #CYD_E_FOREIGN      the number is of other blocks, or none at all
///   - #CYD_E_UNSUPPORTED  the pool was made with #CYD_POOL_SHORT
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `pool` is NULL, closed, no pool, misaligned
///
/// \par Threads    Any.
/// \par Processes  The one that owns the memory.
/// \par Blocking   Never; one system call if somebody waits for memory. Not async-signal-safe.
/// \par Crash      Killed on the way: it is free, or a dead process's, which is free as soon as somebody looks.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pool_free(pool: *mut cyd_pool_t, block: u64) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or as the header asks of the caller.
        let it = unsafe { handle::get(pool)? };
        if block == 0 { Ok(()) } else { it.free_unguarded(block) }
    })
}
