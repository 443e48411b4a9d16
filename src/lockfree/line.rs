//! A word of a ring on lines of its own.
#![forbid(unsafe_code)]

use crate::shim::AtomicU64;

/// A word with its neighbours kept away: 128 bytes, because processors fetch lines in pairs.
#[cfg_attr(not(loom), repr(C, align(128)))]
pub(super) struct Line(pub(super) AtomicU64);
