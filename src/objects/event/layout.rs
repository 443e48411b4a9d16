//! An event in shared memory: one word on a line of its own.
#![allow(unsafe_code)] // `Shared`

use crate::segment::region::Shared;
use crate::shim::AtomicU32;
use crate::shim::words::words;
use crate::sync::event::EventWord;
use static_assertions::const_assert_eq;
use std::mem::offset_of;

/// Bytes of an event.
pub(crate) const BODY_BYTES: u64 = 128;

/// The body of an event.
#[repr(C)]
pub(crate) struct Body {
    pub(crate) word: EventWord,
    pad: [AtomicU32; 31],
}

words!("event", Body { word, pad });
const_assert_eq!(offset_of!(Body, word), 0);
const_assert_eq!(size_of::<Body>() as u64, BODY_BYTES);

// SAFETY: repr(C), atomics only, zeros are an event that is not set.
unsafe impl Shared for Body {}
