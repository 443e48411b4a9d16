//! A lock in shared memory: one word on a line of its own.
#![allow(unsafe_code)] // `Shared`

use crate::segment::region::Shared;
use crate::shim::{AtomicU32, words};
use crate::sync::lock::LockWord;
use static_assertions::const_assert_eq;
use std::mem::offset_of;

/// Bytes of a lock.
pub(crate) const BODY_BYTES: u64 = 128;

/// The body of a lock.
#[repr(C)]
pub(crate) struct Body {
    pub(crate) word: LockWord,
    pad: [AtomicU32; 31],
}

const_assert_eq!(offset_of!(Body, word), 0);
const_assert_eq!(size_of::<Body>() as u64, BODY_BYTES);
words!("lock", Body { word, pad });

// SAFETY: repr(C), atomics only, zeros are a free lock.
unsafe impl Shared for Body {}

/// Whom a lock takes for its owner. Fixed when the lock is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Scope {
    /// The thread that took it: only it may release it, taking it twice is a deadlock that is found, and the lock is
    /// taken over when the thread dies.
    #[default]
    Thread = 0,
    /// The process that took it: any of its threads may release it; taken over when the process dies.
    Process = 1,
    /// As `Process`, but any process may release it, as with Python's `multiprocessing.Lock`.
    Anyone = 2,
}

impl Scope {
    pub(crate) fn from_code(code: u64) -> Option<Scope> {
        [Scope::Thread, Scope::Process, Scope::Anyone].into_iter().find(|s| *s as u64 == code)
    }
}
