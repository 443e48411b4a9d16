//! Permits in shared memory.
//!
//! | part | offset | written by |
//! |---|---|---|
//! | event count "a permit is free" | 0 | everybody |
//! | lock of the collector | 4 | who takes several at once |
//! | commit of the collector | 8 | its holder |
//! | permits, 4 bytes each | 128 | their holders |
#![allow(unsafe_code)] // `Shared`

use crate::segment::region::Shared;
use crate::shim::{AtomicU32, words};
use crate::sync::permits::Gate;
use static_assertions::const_assert_eq;
use std::mem::offset_of;

/// Everything but the permits themselves.
#[repr(C)]
pub(crate) struct Body {
    pub(crate) gate: Gate,
    pad: [AtomicU32; 29],
}

/// Where the permits begin.
pub(crate) const PERMITS_AT: u64 = size_of::<Body>() as u64;

const_assert_eq!(offset_of!(Body, gate), 0);
const_assert_eq!(size_of::<Gate>(), 12);
const_assert_eq!(PERMITS_AT, 128);
words!("permits", Body { gate, pad });

// SAFETY: repr(C), atomics only, zeros are permits of which nobody has taken one.
unsafe impl Shared for Body {}
