//! What the queues whose moves are made under a lock have in common, for C.
//!
//! * what lives here: the bodies of the functions that differ in a type only
//! * who calls it: `lifo_queue`, `priority_queue`
//! * what it may call: `objects::shelf`
//! * the invariant: as in every file of this room
//! * where it is tested: `ffi-tests/c/shelves.c`

use crate::capi::handle::Noun;
use crate::capi::status::cyd_status_t;
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle};
use crate::error::Result;
use crate::objects::yard::Yard;
use std::ffi::c_char;

/// What both kinds of queues can be asked and told.
pub(super) trait Held {
    fn len(&self) -> usize;
    fn is_shutdown(&self) -> bool;
    fn capacity(&self) -> usize;
    fn max_len(&self) -> usize;
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
