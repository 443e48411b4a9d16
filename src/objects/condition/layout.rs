//! A condition in shared memory.
//!
//! | part | offset | written by |
//! |---|---|---|
//! | the next ticket | 0 | who begins to wait |
//! | cells, 8 bytes for each thread slot: state, ticket | 128 | its thread, who notifies, who clears up |
#![allow(unsafe_code)] // `Shared`

use crate::segment::region::Shared;
use crate::shim::{AtomicU32, words};
use crate::sync::condition::Cell;
use static_assertions::const_assert_eq;
use std::mem::offset_of;

/// Everything but the cells.
#[repr(C)]
pub(crate) struct Body {
    pub(crate) tickets: AtomicU32,
    pad: [AtomicU32; 31],
}

/// Where the cells begin.
pub(crate) const CELLS_AT: u64 = size_of::<Body>() as u64;

const_assert_eq!(offset_of!(Body, tickets), 0);
const_assert_eq!(CELLS_AT, 128);
const_assert_eq!(size_of::<Cell>(), 8);
words!("condition", Body { tickets, pad });

// SAFETY: repr(C), atomics only, zeros are a condition for which nobody waits.
unsafe impl Shared for Body {}
