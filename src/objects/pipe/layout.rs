//! A pipe in shared memory.
//!
//! | part | offset | written by |
//! |---|---|---|
//! | who left the first end last, who the second | 0, 8 | whoever leaves it, or clears up behind a dead one |
//! | the direction to the first end | 128 | see [`Way`] |
//! | the direction to the second end | 1024 | |
//! | holders of the first end, then of the second | 1920 | each process its own cell, 4 bytes per entry of the yard |
//! | messages to the first end, then, if it is duplex, to the second | the next line of 128 bytes | its senders |
#![allow(unsafe_code)] // `Shared`

use crate::lockfree::spsc::Words;
use crate::objects::pipe::PipeEnd;
use crate::segment::region::Shared;
use crate::shim::{AtomicU32, AtomicU64, words};
use crate::sync::event_count::EventCount;
use crate::sync::lock::LockWord;
use static_assertions::const_assert_eq;
use std::mem::offset_of;

/// One direction.
#[repr(C)]
pub(crate) struct Way {
    pub(crate) words: Words,
    /// Held by the thread that sends, while it does.
    pub(crate) sending: LockWord,
    pad_limit: AtomicU32,
    /// Up to where the senders know that there is room. Theirs, while they hold the lock.
    pub(crate) limit: AtomicU64,
    pad_sending: [AtomicU32; 28],
    /// Held by the thread that receives, while it does.
    pub(crate) receiving: LockWord,
    pad_seen: AtomicU32,
    /// Up to where the receivers know that something is published. Theirs, while they hold the lock.
    pub(crate) seen: AtomicU64,
    pad_receiving: [AtomicU32; 28],
    pub(crate) data: EventCount,
    pad_data: [AtomicU32; 31],
    pub(crate) room: EventCount,
    pad_room: [AtomicU32; 31],
}

const_assert_eq!(offset_of!(Way, words), 0);
const_assert_eq!(offset_of!(Way, sending), 384);
const_assert_eq!(offset_of!(Way, limit), 392);
const_assert_eq!(offset_of!(Way, receiving), 512);
const_assert_eq!(offset_of!(Way, seen), 520);
const_assert_eq!(offset_of!(Way, data), 640);
const_assert_eq!(offset_of!(Way, room), 768);
const_assert_eq!(size_of::<Way>(), 896);
words!(
    "direction of a pipe",
    Way {
        words,
        sending,
        pad_limit,
        limit,
        pad_sending,
        receiving,
        pad_seen,
        seen,
        pad_receiving,
        data,
        pad_data,
        room,
        pad_room
    }
);

// SAFETY: repr(C), atomics only, zeros are an empty direction that nobody is using.
unsafe impl Shared for Way {}

/// Everything of a pipe but its holders and messages.
#[repr(C)]
pub(crate) struct Body {
    pub(crate) last: [AtomicU64; 2],
    pad_last: [AtomicU32; 28],
    pub(crate) ways: [Way; 2],
}

const_assert_eq!(offset_of!(Body, last), 0);
const_assert_eq!(offset_of!(Body, ways), 128);
const_assert_eq!(size_of::<Body>(), 1920);
words!("pipe", Body { last, pad_last, ways });

// SAFETY: repr(C), atomics only, zeros are a pipe whose ends nobody has taken.
unsafe impl Shared for Body {}

/// Pieces begin on lines of this size.
const LINE: u64 = 128;

/// Where the parts of a pipe lie that depend on the yard, and on its options.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    slots: u32,
    capacity: u64,
}

impl Plan {
    pub(crate) fn new(slots: u32, capacity: u64) -> Plan {
        Plan { slots, capacity }
    }

    /// Where the holders of an end begin.
    pub(crate) fn holders_at(self, end: PipeEnd) -> u64 {
        size_of::<Body>() as u64 + end.index() as u64 * self.holders_bytes()
    }

    fn holders_bytes(self) -> u64 {
        u64::from(self.slots) * size_of::<AtomicU32>() as u64
    }

    /// Where the messages to an end begin.
    pub(crate) fn messages_at(self, end: PipeEnd) -> u64 {
        let first = (size_of::<Body>() as u64 + 2 * self.holders_bytes()).next_multiple_of(LINE);
        first + end.index() as u64 * self.capacity
    }

    /// Bytes of the whole.
    pub(crate) fn len(self, duplex: bool) -> u64 {
        self.messages_at(PipeEnd::First) + self.capacity * if duplex { 2 } else { 1 }
    }
}
