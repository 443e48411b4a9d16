//! What the queues whose moves are made under a lock have in common, for C.
//!
//! * what lives here: how they are shut down, and the bodies of the functions that differ in a type only
//! * who calls it: `lifo_queue`, `priority_queue`
//! * what it may call: `objects::shelf`
//! * the invariant: as in every file of this room
//! * where it is tested: `ffi-tests/c/shelves.c`

use crate::capi::handle::Noun;
use crate::capi::status::cyd_status_t;
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle};
use crate::error::{Error, ErrorKind, Result};
use crate::objects::shelf::Shutdown;
use crate::objects::yard::Yard;
use std::ffi::c_char;

/// How a queue is shut down: a CYD_SHUTDOWN_ number.
pub type cyd_shutdown_t = u32;

/// Nothing is put any more; what is there can be got.
pub const CYD_SHUTDOWN_DRAIN: cyd_shutdown_t = 1;
/// Nothing is put or got any more; what is there is given up.
pub const CYD_SHUTDOWN_NOW: cyd_shutdown_t = 2;

const _: () = {
    assert!(CYD_SHUTDOWN_DRAIN == Shutdown::Drain as u32);
    assert!(CYD_SHUTDOWN_NOW == Shutdown::Now as u32);
};

pub(super) fn how(code: cyd_shutdown_t) -> Result<Shutdown> {
    match code {
        CYD_SHUTDOWN_DRAIN => Ok(Shutdown::Drain),
        CYD_SHUTDOWN_NOW => Ok(Shutdown::Now),
        _ => Err(Error::with(ErrorKind::Invalid, format!("shutdown {code}"))),
    }
}

/// What both kinds of queues can be asked and told.
pub(super) trait Held {
    fn size(&self) -> usize;
    fn capacity(&self) -> usize;
    fn message_max(&self) -> usize;
}

/// What the three ways to come to a queue have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
pub(super) unsafe fn named<N: Noun>(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut N,
    come: impl FnOnce(&Yard, &str) -> Result<N::Value>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        out.set(handle::open(come(yard, name)?)?);
        Ok(())
    })
}

/// A question about a queue that has one answer.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
pub(super) unsafe fn asked<N: Noun<Value: Held + Sync>, T>(
    queue: *const N,
    out: *mut T,
    ask: impl FnOnce(&N::Value) -> T,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (queue, out) = unsafe { (handle::get(queue)?, args::out(out)?) };
        out.set(ask(queue));
        Ok(())
    })
}
