//! A barrier in shared memory.
//!
//! | part | offset | written by |
//! |---|---|---|
//! | state | 0 | who makes a trip, breaks it, resets it |
//! | name of the dead one that broke it | 8 | whoever finds it missing |
//! | event count "an era is over or broken" | 16 | everybody |
//! | cells, 8 bytes for each party | 128 | who arrives, who resets |
//! | told, 8 bytes for each thread slot | next | who resets |
//! | places, 4 bytes for each party | next | who declares himself, leaves, finds him dead |
#![allow(unsafe_code)] // `Shared`

use crate::segment::region::Shared;
use crate::shim::{AtomicU32, words};
use crate::sync::barrier::Head;
use static_assertions::const_assert_eq;
use std::mem::offset_of;

/// Everything but the tables.
#[repr(C)]
pub(crate) struct Body {
    pub(crate) head: Head,
    pad: [AtomicU32; 26],
}

/// Where the cells begin.
const CELLS_AT: u64 = size_of::<Body>() as u64;

const_assert_eq!(offset_of!(Body, head), 0);
const_assert_eq!(size_of::<Head>(), 24);
const_assert_eq!(CELLS_AT, 128);
words!("barrier", Body { head, pad });

// SAFETY: repr(C), atomics only, zeros are a barrier at which nobody has arrived.
unsafe impl Shared for Body {}

/// Where the tables of a barrier lie.
pub(crate) struct Tables {
    pub(crate) cells: u64,
    pub(crate) told: u64,
    pub(crate) places: u64,
    /// The whole barrier.
    pub(crate) bytes: u64,
}

impl Tables {
    pub(crate) fn of(parties: u32, slots: u32) -> Tables {
        let told = CELLS_AT + 8 * u64::from(parties);
        let places = told + 8 * u64::from(slots);
        Tables { cells: CELLS_AT, told, places, bytes: places + 4 * u64::from(parties) }
    }
}
