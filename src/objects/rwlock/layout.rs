//! A lock of readers and writers in shared memory.
//!
//! | part | offset | written by |
//! |---|---|---|
//! | lock of the writers | 0 | who writes, and readers on their way in |
//! | the writer that may write | 4 | its thread |
//! | a writer died that may have written | 8 | who takes the lock of the writers after it |
//! | event count "a reader has left" | 12 | everybody |
//! | cells of the readers, 8 bytes each | 128 | their threads |
#![allow(unsafe_code)] // `Shared`

use crate::segment::region::Shared;
use crate::shim::{AtomicU32, words};
use crate::sync::rwlock::{Cell, Head};
use static_assertions::const_assert_eq;
use std::mem::offset_of;

/// Everything but the cells.
#[repr(C)]
pub(crate) struct Body {
    pub(crate) head: Head,
    pad: [AtomicU32; 28],
}

/// Where the cells begin.
pub(crate) const CELLS_AT: u64 = size_of::<Body>() as u64;

const_assert_eq!(offset_of!(Body, head), 0);
const_assert_eq!(size_of::<Head>(), 16);
const_assert_eq!(size_of::<Cell>(), 8);
const_assert_eq!(CELLS_AT, 128);
words!("rwlock", Body { head, pad });

// SAFETY: repr(C), atomics only, zeros are a free lock.
unsafe impl Shared for Body {}
