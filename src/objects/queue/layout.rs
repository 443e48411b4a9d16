//! A queue in shared memory.
//!
//! | part | offset | written by |
//! |---|---|---|
//! | hints of the ring of cells | 0 | see `lockfree::mpmc` |
//! | event count "there is something to get" | 384 | who puts |
//! | event count "there is room" | 512 | who gets |
//! | whether, and how, the queue is shut down | 640 | who shuts it down |
//! | cells of the ring, 64 or 128 bytes each | 768 | see `lockfree::mpmc` |
#![allow(unsafe_code)] // `Shared`

use crate::lockfree::mpmc::layout::Words;
use crate::segment::region::Shared;
use crate::shim::{AtomicU32, words};
use crate::sync::closing::ClosingWord;
use crate::sync::event_count::EventCount;
use static_assertions::const_assert_eq;
use std::mem::offset_of;

/// Everything but the tables.
#[repr(C)]
pub(crate) struct Body {
    pub(crate) words: Words,
    pub(crate) data: EventCount,
    pad_data: [AtomicU32; 31],
    pub(crate) room: EventCount,
    pad_room: [AtomicU32; 31],
    /// Read by everybody, written hardly ever: on a line of its own.
    pub(crate) closing: ClosingWord,
    pad_closing: [AtomicU32; 31],
}

/// Where the cells begin.
pub(crate) const CELLS_AT: u64 = size_of::<Body>() as u64;

const_assert_eq!(offset_of!(Body, data), 384);
const_assert_eq!(offset_of!(Body, room), 512);
const_assert_eq!(offset_of!(Body, closing), 640);
const_assert_eq!(CELLS_AT, 768);
words!("queue", Body { words, data, pad_data, room, pad_room, closing, pad_closing });

// SAFETY: repr(C), atomics only, zeros are an empty queue.
unsafe impl Shared for Body {}

/// Bytes of a queue of so many cells, of so many bytes each.
pub(crate) fn bytes(capacity: u32, cell: usize) -> u64 {
    CELLS_AT + u64::from(capacity) * cell as u64
}
