//! Waiting, waking, owning.
//!
//! * what lives here: the event count, the stamped lock, its re-entrant kind, readers and writers, the permits, the blocks, a
//!   budget of bytes, the semaphore, the holders of an end, shutting down, the event, the condition, the barrier, plain data in
//!   two copies, a task of a pool, the numbers of those that wait and what has gone astray there, the shelf with stack and
//!   heap, waiting for many at once and its doorbell, being told instead, what ends a thread's waits, who clears up behind the
//!   dead, the one loop in which anybody sleeps
//! * who calls it: `objects`
//! * what it may call: `shim`, `presence` (how somebody stands), `segment` (bit layouts), `os` (the clock), `error`
//! * the invariant: nobody sleeps except in slices, and every death found is told to the other sleepers
//! * where it is tested: `loom_*.rs` beside each protocol, `ffi-tests/kill`

pub(crate) mod asked;
pub(crate) mod astray;
pub(crate) mod barrier;
pub(crate) mod bell;
pub(crate) mod blocks;
pub(crate) mod budget;
pub(crate) mod closing;
pub(crate) mod condition;
#[cfg(all(test, shuttle))]
mod crowd_lock;
#[cfg(all(test, shuttle))]
mod crowd_pool;
pub(crate) mod deadline;
pub(crate) mod ends;
pub(crate) mod event;
pub(crate) mod event_count;
pub(crate) mod heap;
pub(crate) mod hints;
pub(crate) mod holders;
pub(crate) mod lock;
#[cfg(all(test, loom))]
mod loom_asked;
#[cfg(all(test, loom))]
mod loom_astray;
#[cfg(all(test, loom))]
mod loom_barrier;
#[cfg(all(test, loom))]
mod loom_blocks;
#[cfg(all(test, loom))]
mod loom_budget;
#[cfg(all(test, loom))]
mod loom_closing;
#[cfg(all(test, loom))]
mod loom_condition;
#[cfg(all(test, loom))]
mod loom_ends;
#[cfg(all(test, loom))]
mod loom_event;
#[cfg(all(test, loom))]
mod loom_event_count;
#[cfg(all(test, loom))]
mod loom_hints;
#[cfg(all(test, loom))]
mod loom_holders;
#[cfg(all(test, loom))]
mod loom_lock;
#[cfg(all(test, loom))]
mod loom_many;
#[cfg(all(test, loom))]
mod loom_permits;
#[cfg(all(test, loom))]
mod loom_queue;
#[cfg(all(test, loom))]
mod loom_rlock;
#[cfg(all(test, loom))]
mod loom_rwlock;
#[cfg(all(test, loom))]
mod loom_semaphore;
#[cfg(all(test, loom))]
mod loom_shelf;
#[cfg(all(test, loom))]
mod loom_snapshot;
#[cfg(all(test, loom))]
mod loom_task;
pub(crate) mod many;
pub(crate) mod mourner;
pub(crate) mod permits;
pub(crate) mod rlock;
pub(crate) mod rwlock;
pub(crate) mod semaphore;
pub(crate) mod shelf;
pub(crate) mod snapshot;
pub(crate) mod stack;
pub(crate) mod task;
pub(crate) mod wait;
