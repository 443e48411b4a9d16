//! Waiting, waking, owning.
//!
//! * what lives here: the event count, the stamped lock, the one loop in which anybody sleeps
//! * who calls it: `objects`
//! * what it may call: `shim`, `segment` (bit layouts), `error`
//! * the invariant: nobody sleeps except in slices, and every death found is told to the other sleepers
//! * where it is tested: `loom_*.rs` beside each protocol, `ffi-tests/kill`

pub(crate) mod event_count;
#[cfg(all(test, loom))]
mod loom_event_count;
