//! Bytes with an address.
//!
//! * what lives here: the bit layouts of all control words, the geometry of a yard, its header, the directory, the
//!   record of last faults
//! * who calls it: every room above
//! * what it may call: `os`, `shim`, `error`
//! * the invariant: an offset from the segment is checked here before it becomes a reference
//! * where it is tested: beside the code, `ffi-tests/bad_segments.rs`, `ffi-tests/kill`

pub(crate) mod bits;
#[cfg(not(loom))]
pub(crate) mod directory;
#[cfg(not(loom))]
pub(crate) mod faults;
#[cfg(not(loom))]
pub(crate) mod geometry;
#[cfg(not(loom))]
pub(crate) mod header;
#[cfg(not(loom))]
pub(crate) mod region;
