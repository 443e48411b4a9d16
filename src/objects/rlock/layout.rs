//! A re-entrant lock in shared memory: a word and a count on a line of their own.
#![allow(unsafe_code)] // `Shared`

use crate::segment::region::Shared;
use crate::shim::{AtomicU32, words};
use crate::sync::rlock::RLockWord;
use static_assertions::const_assert_eq;
use std::mem::offset_of;

/// Bytes of a re-entrant lock.
pub(crate) const BODY_BYTES: u64 = 128;

/// The body of a re-entrant lock.
#[repr(C)]
pub(crate) struct Body {
    /// The lock word, and 4 bytes behind it the count.
    pub(crate) lock: RLockWord,
    pad: [AtomicU32; 30],
}

const_assert_eq!(offset_of!(Body, lock), 0);
const_assert_eq!(size_of::<RLockWord>(), 8);
const_assert_eq!(size_of::<Body>() as u64, BODY_BYTES);
words!("re-entrant lock", Body { lock, pad });

// SAFETY: repr(C), atomics only, zeros are a free lock.
unsafe impl Shared for Body {}
