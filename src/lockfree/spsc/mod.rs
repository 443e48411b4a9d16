//! A ring with one producer and one consumer.
//!
//! Three shared words, each on lines of its own, hold positions that only grow (and wrap after 2^64):
//!
//! | word | writer | meaning |
//! |---|---|---|
//! | `tail` | producer | everything before it is written |
//! | `acked` | consumer, at every release | everything before it is done with; a successor starts here |
//! | `head` | consumer, in lumps | a lagging copy of `acked`, so that a busy producer seldom disturbs the consumer |
//!
//! Each side keeps its own position privately and never reads back what it has published. The producer may fill up to
//! `max(head, acked) + capacity`; it looks at `acked` only before it answers Full.
//!
//! ## Why a death at any instruction is harmless
//! The producer's bytes become part of the ring with one store of `tail`; before it they are scratch that a successor
//! overwrites. The consumer's progress is one store of `acked`; before it the record is still there, and a successor
//! delivers it again, flagged. `head` may lag behind for any length of time.
//!
//! ## Who vouches for what
//! A successor must follow a proof of its predecessor's death, or a clean close, that orders it behind everything the
//! predecessor did: the room above takes an end over by one compare-and-swap. A side's own word is therefore read
//! only in `resume`, and needs no order of its own.
//!
//! ## Edges
//! | edge | release | acquire | carries | model that fails without it |
//! |---|---|---|---|---|
//! | publish | `Fill::publish`: tail | `Drain::refresh`: tail | the records' bytes | `a_record_is_whole_before_it_is_seen` |
//! | take-over | `Fill::publish`: tail | `Drain::resume`: tail | the records' bytes | `a_successor_reads_whole_records` |
//! | ack | `Drain::release`: acked | `Fill::refresh`: acked | "we have read these" | `space_acknowledged_is_no_longer_read` |
//! | resume | `Drain::release`: acked | `Fill::resume`: acked | "we have read these" | `a_new_producer_waits_for_the_readers_release` |
//! | free | `Drain::publish_head`: head | `Fill::poll`: head | "we have read these" | `space_given_back_is_no_longer_read` |
//!
//! `sync::event_count` adds the sleep edge: `nobody_is_left_behind`.

pub(crate) mod fixed;
mod index;
pub(crate) mod record;
#[cfg(all(test, not(loom)))]
mod tests;

pub(crate) use index::Words;

use crate::shim::Bytes;

/// More than this many records, elements or runs of elements without an empty look in between are a burst.
const BURST: u64 = 4;

/// Where a ring lies. Whoever implements it keeps both alive and in place for as long as it exists.
pub(crate) trait Place {
    /// The shared words.
    fn words(&self) -> &Words;
    /// The payload memory; its length never changes.
    fn bytes(&self) -> &Bytes;
}

/// The shared words, or a record, or the geometry, cannot be the work of this library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Corrupt;

/// Why nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// There is not enough free space now. Exact: every release so far was taken into account.
    Full,
    /// It would not fit into the empty ring either, or an element has another size than the ring's.
    Unfit,
    /// See [`Corrupt`].
    Corrupt,
}

/// Why nothing was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRecord {
    /// Everything published has been taken.
    Empty,
    /// The caller's memory is smaller than this, or an element has another size than this, the ring's. Nothing was
    /// taken.
    Unfit(usize),
    /// See [`Corrupt`].
    Corrupt,
}

impl From<Corrupt> for NoRoom {
    fn from(_: Corrupt) -> NoRoom {
        NoRoom::Corrupt
    }
}

impl From<Corrupt> for NoRecord {
    fn from(_: Corrupt) -> NoRecord {
        NoRecord::Corrupt
    }
}
