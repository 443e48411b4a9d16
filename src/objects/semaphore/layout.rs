//! A semaphore in shared memory: one word on a line of its own.
#![allow(unsafe_code)] // `Shared`

use crate::segment::region::Shared;
use crate::shim::{AtomicU32, words};
use crate::sync::semaphore::SemaphoreWord;
use static_assertions::const_assert_eq;
use std::mem::offset_of;

/// Bytes of a semaphore.
pub(crate) const BODY_BYTES: u64 = 128;

/// The body of a semaphore.
#[repr(C)]
pub(crate) struct Body {
    pub(crate) word: SemaphoreWord,
    pad: [AtomicU32; 31],
}

const_assert_eq!(offset_of!(Body, word), 0);
const_assert_eq!(size_of::<Body>() as u64, BODY_BYTES);
words!("semaphore", Body { word, pad });

// SAFETY: repr(C), atomics only, zeros are a semaphore without permits.
unsafe impl Shared for Body {}
