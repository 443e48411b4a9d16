//! Blocks in shared memory.
//!
//! | part | offset | written by |
//! |---|---|---|
//! | event count "a block is free" | 0 | everybody |
//! | lock of the collector of a run | 4 | who takes several blocks for one |
//! | tag of the object, number of classes | 8, 12 | the maker |
//! | classes, 16 bytes each, 16 of them | 128 | the maker; the failures: everybody |
//! | records of the blocks, 32 bytes each, class after class | 384 | see `sync::blocks` |
//! | the blocks, class after class, each class at a multiple of 128 | behind the records | their owners |
#![allow(unsafe_code)] // `Shared`

use crate::segment::region::Shared;
use crate::shim::{AtomicU32, AtomicU64, words};
use crate::sync::blocks::{Gate, Record};
use static_assertions::const_assert_eq;
use std::mem::offset_of;

/// The most classes that one object can have.
pub(crate) const CLASSES_MAX: usize = 16;

/// One class of blocks, as its maker wrote it down.
#[repr(C)]
pub(crate) struct Class {
    /// Bytes of a block.
    pub(crate) size: AtomicU64,
    /// How many blocks there are.
    pub(crate) count: AtomicU32,
    /// How often somebody asked for one and found nothing.
    pub(crate) failures: AtomicU32,
}

/// Everything but the blocks and what is known of each.
#[repr(C)]
pub(crate) struct Body {
    pub(crate) gate: Gate,
    pub(crate) tag: AtomicU32,
    pub(crate) len: AtomicU32,
    pad: [AtomicU32; 28],
    pub(crate) classes: [Class; CLASSES_MAX],
}

/// Where the lock of the collector lies.
pub(in crate::objects) const COLLECTOR_AT: u64 = 4;
/// Where the records begin.
pub(crate) const RECORDS_AT: u64 = size_of::<Body>() as u64;
/// Bytes of one record.
pub(crate) const RECORD_BYTES: u64 = size_of::<Record>() as u64;

const_assert_eq!(offset_of!(Body, gate), 0);
const_assert_eq!(offset_of!(Gate, collector), COLLECTOR_AT as usize);
const_assert_eq!(size_of::<Gate>(), 8);
const_assert_eq!(offset_of!(Body, tag), 8);
const_assert_eq!(offset_of!(Body, len), 12);
const_assert_eq!(offset_of!(Body, classes), 128);
const_assert_eq!(size_of::<Class>(), 16);
const_assert_eq!(RECORDS_AT, 384);
const_assert_eq!(RECORD_BYTES, 32);

words!("class of blocks", Class { size, count, failures });
words!("blocks", Body { gate, tag, len, pad, classes });

// SAFETY: repr(C), atomics only, zeros are a class of no blocks.
unsafe impl Shared for Class {}
// SAFETY: repr(C), atomics only, zeros are an object without classes.
unsafe impl Shared for Body {}
