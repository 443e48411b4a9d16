//! The moves of the rings on shared words.
//!
//! * what lives here: who may write which bytes, in which order, and how the other side learns of it
//! * who calls it: `objects` (which adds policy: full, closed, dead, how long to wait) and nobody else
//! * what it may call: `shim`; it never waits, allocates or asks the operating system, and knows no process
//! * the invariant: whatever the shared words say, an answer comes in bounded time, nothing outside the ring's bytes
//!   is touched, and a peer that dies between two instructions leaves the ring usable
//! * where it is tested: `spsc/tests.rs`, `mpmc/tests.rs` (arithmetic, hostile words), `loom_spsc.rs`, `loom_mpmc.rs`
//!   (orderings, deaths), `mpmc/explorer.rs` (every interleaving of a few moves, every death and stop), `crowd_mpmc.rs` (many at once)

#[cfg(all(test, shuttle))]
mod crowd_mpmc;
#[cfg(all(test, not(loom)))]
mod explore;
mod line;
#[cfg(all(test, loom))]
mod loom_mpmc;
#[cfg(all(test, loom))]
mod loom_owed;
#[cfg(all(test, loom))]
mod loom_spsc;
pub(crate) mod mpmc;
pub(crate) mod owed;
pub(crate) mod spsc;
