//! A ring in shared memory.
//!
//! | part | offset | written by |
//! |---|---|---|
//! | positions (tail, head, acked; a 128-byte line each) | 0 | see `lockfree::spsc` |
//! | sender's end, receiver's end | 384, 388 | whoever takes, closes or mourns an end |
//! | event count of the receiver ("there is data") | 512 | both |
//! | event count of the sender ("there is room") | 640 | both |
//! | records | 768 | the sender |
#![allow(unsafe_code)] // `Shared`

use crate::lockfree::spsc::Words;
use crate::segment::region::Shared;
use crate::shim::{AtomicU32, words};
use crate::sync::event_count::EventCount;
use static_assertions::const_assert_eq;
use std::mem::offset_of;

/// Everything of a ring but its records.
#[repr(C)]
pub(crate) struct Body {
    pub(crate) words: Words,
    pub(crate) sender: AtomicU32,
    pub(crate) receiver: AtomicU32,
    pad_ends: [AtomicU32; 30],
    pub(crate) data: EventCount,
    pad_data: [AtomicU32; 31],
    pub(crate) room: EventCount,
    pad_room: [AtomicU32; 31],
}

/// Where the records begin.
pub(crate) const RECORDS_AT: u64 = size_of::<Body>() as u64;

/// Where the word of the sending end lies.
pub(in crate::objects) const SENDER_AT: u64 = 384;

const_assert_eq!(offset_of!(Body, words), 0);
const_assert_eq!(offset_of!(Body, sender), SENDER_AT as usize);
const_assert_eq!(offset_of!(Body, receiver), 388);
const_assert_eq!(offset_of!(Body, data), 512);
const_assert_eq!(offset_of!(Body, room), 640);
const_assert_eq!(RECORDS_AT, 768);
words!("ring", Body { words, sender, receiver, pad_ends, data, pad_data, room, pad_room });

// SAFETY: repr(C), atomics only, zeros are a fresh ring whose ends nobody has taken.
unsafe impl Shared for Body {}
