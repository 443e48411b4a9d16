//! A queue in shared memory.
//!
//! | part | offset | written by |
//! |---|---|---|
//! | hints of the ring of cells | 0 | see `lockfree::mpmc` |
//! | event count "there is something to get" | 384 | who puts |
//! | event count "there is room" | 512 | who gets |
//! | whether, and how, the queue is shut down | 640 | who shuts it down |
//! | whether the queue tells of its sides | 644 | the maker |
//! | who was the last producer to leave, who the last consumer | 648, 656 | see `sync::holders` |
//! | the limit in bytes | 768 | see `sync::budget` |
//! | cells of the ring, 32 to 128 bytes each | 896 | see `lockfree::mpmc` |
//! | if it tells of its sides: the producers, then the consumers | behind the cells | each process its own, 4 bytes per entry of the yard |
#![allow(unsafe_code)] // `Shared`

use crate::lockfree::mpmc::layout::Words;
use crate::segment::region::Shared;
use crate::shim::{AtomicU32, AtomicU64, words};
use crate::sync::budget::Budget;
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
    /// Read by everybody, written hardly ever: on a line of its own, with the next two.
    pub(crate) closing: ClosingWord,
    /// 1: the queue tells of its sides.
    pub(crate) sides: AtomicU32,
    /// Who was the last producer to leave, and the last consumer.
    pub(crate) last: [AtomicU64; 2],
    pad_closing: [AtomicU32; 26],
    pub(crate) budget: Budget,
}

/// Where the cells begin.
pub(crate) const CELLS_AT: u64 = size_of::<Body>() as u64;

const_assert_eq!(offset_of!(Body, data), 384);
const_assert_eq!(offset_of!(Body, room), 512);
const_assert_eq!(offset_of!(Body, closing), 640);
const_assert_eq!(offset_of!(Body, sides), 644);
const_assert_eq!(offset_of!(Body, last), 648);
const_assert_eq!(offset_of!(Body, budget), 768);
const_assert_eq!(CELLS_AT, 896);
words!("queue", Body { words, data, pad_data, room, pad_room, closing, sides, last, pad_closing, budget });

// SAFETY: repr(C), atomics only, zeros are an empty queue.
unsafe impl Shared for Body {}

/// Bytes of a queue of so many cells, of so many bytes each.
pub(crate) fn bytes(capacity: u32, cell: usize) -> u64 {
    CELLS_AT + u64::from(capacity) * cell as u64
}

/// Bytes that name the processes of one side.
pub(crate) fn side_bytes(slots: u32) -> u64 {
    u64::from(slots) * size_of::<AtomicU32>() as u64
}
