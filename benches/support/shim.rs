//! As much of the library's `shim` as the ring of cells needs, so that a bench can have the very same source.
#![allow(missing_docs, dead_code, unused_imports)] // the library uses the rest

pub(crate) use std::sync::atomic::{AtomicU64, Ordering};

#[path = "../../src/shim/cells.rs"]
pub(crate) mod cells;
#[path = "../../src/shim/words.rs"]
pub(crate) mod words;
pub(crate) use words::words;
