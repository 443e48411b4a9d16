//! The sides of a queue, for C.
//!
//! * what lives here: `cyd_queue_side_t`
//! * who calls it: C programs
//! * what it may call: `objects::queue`
//! * the invariant: what the process has entered, it leaves as often, or by its end
//! * where it is tested: `ffi-tests/c/queue_side.c`

use crate::capi::queue::cyd_queue_t;
use crate::capi::ring::{cyd_peer_t, peer};
use crate::capi::status::cyd_status_t;
use crate::capi::{args, boundary, handle};
use crate::error::{Error, ErrorKind, Result};
use crate::objects::queue::QueueSide;

/// A side of a queue that was made with `sides`.
pub type cyd_queue_side_t = u32;

/// Those who put.
pub const CYD_QUEUE_PRODUCERS: cyd_queue_side_t = 0;
/// Those who get.
pub const CYD_QUEUE_CONSUMERS: cyd_queue_side_t = 1;

const _: () = {
    assert!(CYD_QUEUE_PRODUCERS == QueueSide::Producers as u32);
    assert!(CYD_QUEUE_CONSUMERS == QueueSide::Consumers as u32);
};

pub(super) fn side(code: cyd_queue_side_t) -> Result<QueueSide> {
    QueueSide::from_code(code).ok_or_else(|| Error::with(ErrorKind::Invalid, format!("side {code}")))
}

/// Says that this process produces, or consumes, until it leaves the side as often as it has entered it, closes its last
/// handle on the yard, or ends.
///
/// When the last producer has left, who waits for a message hears so, after everything has been got; and when the last
/// consumer has left, who waits for room. Who comes later is heard again. Who puts and gets without this does not count. A
/// fork() child has entered, from its birth on, what its parent has at that moment.
///
/// \param queue  Borrowed. Closing it does not leave the side.
/// \param side   #CYD_QUEUE_PRODUCERS or #CYD_QUEUE_CONSUMERS.
///
/// \return #CYD_OK, or
///   - #CYD_E_UNSUPPORTED  the queue was made without `sides`
///   - #CYD_E_NO_SLOTS     the table of processes is full (in a fork() child)
///   - #CYD_E_INVALID      no such side, `queue` is misaligned
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is NULL, closed, or no queue
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Killed before the one store: it has not entered. Killed after: it has left, as the dead do.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_enter(queue: *mut cyd_queue_t, side: cyd_queue_side_t) -> cyd_status_t {
    // SAFETY: NULL or as the header asks of the caller.
    boundary::call(|| unsafe { handle::get(queue)? }.enter_side(self::side(side)?))
}

/// Takes back one cyd_queue_enter(). The last one tells who waits.
///
/// \param queue  Borrowed; any handle of the process on this queue.
/// \param side   #CYD_QUEUE_PRODUCERS or #CYD_QUEUE_CONSUMERS.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_OWNER  the process has not entered the side, or has left it
///   - #CYD_E_INVALID    no such side, `queue` is misaligned
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `queue` is NULL, closed, or no queue
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Killed on the way: it has left, or has as the dead do. Who waits finds it within a quarter of a second.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_leave(queue: *mut cyd_queue_t, side: cyd_queue_side_t) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or as the header asks of the caller.
        let (it, side) = (unsafe { handle::get(queue)? }, self::side(side)?);
        if it.leave(side) { Ok(()) } else { Err(Error::new(ErrorKind::NotOwner)) }
    })
}

/// Tells how a side stands.
///
/// \param queue  Borrowed.
/// \param side   #CYD_QUEUE_PRODUCERS or #CYD_QUEUE_CONSUMERS.
/// \param out    Receives a CYD_PEER_ number; #CYD_PEER_ABSENT also if the queue was made without `sides`.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (no such side, a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never waits; may cost a system call for each process of the side.
/// \par Crash      Nothing is changed, but that a death is noted.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_queue_side_state(
    queue: *const cyd_queue_t,
    side: cyd_queue_side_t,
    out: *mut cyd_peer_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (it, out) = unsafe { (handle::get(queue)?, args::out(out)?) };
        out.set(peer(it.side_state(self::side(side)?)));
        Ok(())
    })
}
