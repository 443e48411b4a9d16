//! Who is here, and is he alive?
//!
//! * what lives here: process entries, thread slots, tokens, death and its proof, clearing up, fork
//! * who calls it: `objects`
//! * what it may call: `segment`, `os`, `shim`, `error`; what to repair in objects is handed in ([`attachment::Objects`])
//! * the invariant: a place is given to the next holder only after everything stamped with its last holder's token
//!   has been repaired, and nobody is called dead without proof
//! * where it is tested: `loom_*.rs` beside each protocol, `ffi-tests/presence.rs`, `ffi-tests/kill`
//!
//! Two tables, because claims outlive threads:
//!
//! | | thread slot | process entry |
//! |---|---|---|
//! | proof of death | its alive word shows no TID: the kernel cleared it | its byte of the file is not locked |
//! | noticed | at once: sleepers sleep on the alive word too | by the death of one of its threads, or by the slice |

#[cfg(not(loom))]
pub(crate) mod attachment;
#[cfg(not(loom))]
mod birth;
#[cfg(not(loom))]
mod cpus;
#[cfg(not(loom))]
pub(crate) mod entry;
#[cfg(not(loom))]
pub(crate) mod handover;
pub(crate) mod leaving;
pub(crate) mod place;
#[cfg(not(loom))]
pub(crate) mod sweep;
#[cfg(not(loom))]
mod sweepers;
pub(crate) mod tally;
#[cfg(not(loom))]
pub(crate) mod thread;

#[cfg(all(test, loom))]
mod loom_leaving;
#[cfg(all(test, loom))]
mod loom_place;
#[cfg(all(test, loom))]
mod loom_tally;
