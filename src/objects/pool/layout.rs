//! A pool's table in shared memory.
//!
//! | part | offset | written by |
//! |---|---|---|
//! | how far the pool is shut | 0 | who closes it |
//! | why it is shut for good | 4 | the keeper, the sweep |
//! | process token of the keeper, who made it and looks after the workers; 0: he is gone | 8 | the maker, the sweep |
//! | how many workers there are to be | 12 | who resizes |
//! | whether a task may wait that no number in the queue leads to, and how often that was said | 16 | see `sync::astray` |
//! | how often a worker has begun | 20 | each its own |
//! | the processes of those who began last: the nth at n modulo 16 | 24 | each its own |
//! | event count "there is a vacant place" | 128 | who clears one |
//! | event count "a task has ended" | 256 | who ends one |
//! | event count "the keeper is to look" | 384 | everybody |
//! | workers, 64 bytes each | 512 | each its own |
//! | tasks, 384 bytes each | behind them, at a multiple of 128 | see `sync::task` |
//!
//! The numbers of tasks that wait lie in a queue beside it, what is longer than [`INLINE`] in blocks.
#![allow(unsafe_code)] // `Shared`

use crate::segment::region::Shared;
use crate::shim::{AtomicU32, AtomicU64, Ordering, words};
use crate::sync::astray::Astray;
use crate::sync::closing::ClosingWord;
use crate::sync::event_count::EventCount;
use crate::sync::task::{Phase, Seen, TaskWords};
use static_assertions::const_assert_eq;
use std::mem::offset_of;

/// Everything but the tables.
#[repr(C)]
pub(crate) struct Body {
    pub(crate) closing: ClosingWord,
    /// See [`Why`].
    pub(crate) why: AtomicU32,
    pub(crate) keeper: AtomicU32,
    pub(crate) wanted: AtomicU32,
    pub(crate) astray: Astray,
    begun: AtomicU32,
    beginners: [AtomicU32; BEGINNERS],
    pad_closing: [AtomicU32; 10],
    pub(crate) room: EventCount,
    pad_room: [AtomicU32; 31],
    pub(crate) ended: EventCount,
    pad_ended: [AtomicU32; 31],
    pub(crate) asked: EventCount,
    pad_asked: [AtomicU32; 31],
}

/// Of so many workers it is known that they have begun, though they have left their places.
const BEGINNERS: usize = 16;

impl Body {
    /// A worker has taken a place.
    pub(super) fn note_begin(&self, pid: u32) {
        // Relaxed: figures for the keeper, who looks when the process has ended, which orders them.
        let nth = self.begun.fetch_add(1, Ordering::Relaxed);
        self.beginners[nth as usize % BEGINNERS].store(pid, Ordering::Relaxed);
    }

    /// How often one has.
    pub(super) fn begun(&self) -> u32 {
        self.begun.load(Ordering::Relaxed) // Relaxed: as above
    }

    /// Whether this process is among the last ones who have.
    pub(super) fn has_begun(&self, pid: u32) -> bool {
        self.beginners.iter().any(|it| it.load(Ordering::Relaxed) == pid) // Relaxed: as above
    }
}

/// Why a pool is shut for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Why {
    /// It is not.
    Open = 0,
    /// Somebody has terminated it.
    Terminated = 1,
    /// Its maker is gone, and with him who looks after the workers.
    Deserted = 2,
    /// No worker could begin.
    Unfit = 3,
}

impl Why {
    pub(crate) fn from_number(number: u32) -> Why {
        [Why::Open, Why::Terminated, Why::Deserted]
            .into_iter()
            .find(|it| *it as u32 == number)
            .unwrap_or(Why::Unfit)
    }
}

/// A worker.
#[repr(C)]
pub(crate) struct Worker {
    /// Token of its thread; 0: the place is vacant.
    pub(crate) token: AtomicU32,
    /// Its process.
    pub(crate) pid: AtomicU32,
    /// Token of the thread that is to end when it has nothing in hand; who has the place after it is not meant.
    pub(crate) dismissed: AtomicU32,
    /// How many tasks it has ended.
    pub(crate) ended: AtomicU32,
    /// The task that it has in hand; 0: none.
    pub(crate) task: AtomicU64,
    pad: [AtomicU64; 5],
}

/// One task.
#[repr(C)]
pub(crate) struct Record {
    pub(crate) words: TaskWords,
    /// How long an attempt may take, in ns; 0: as long as it likes.
    pub(crate) limit: AtomicU64,
    /// When which attempt began: see [`Record::since`]. 0: none has.
    since: AtomicU64,
    /// How many more attempts there may be when a worker is lost.
    pub(crate) retries: AtomicU32,
    /// Bytes of the entry's name.
    pub(crate) entry_len: AtomicU32,
    /// Process token of who has promised it, if it is a promise.
    pub(crate) promiser: AtomicU32,
    /// The process that works at it.
    pub(crate) pid: AtomicU32,
    pub(crate) input: Payload,
    pub(crate) result: Payload,
    /// The entry's name.
    entry: [AtomicU64; 8],
    /// What is to be done, and what came of it, if they are short.
    inline: [[AtomicU64; INLINE / 8]; 2],
}

impl Record {
    /// When the attempt that was seen began, in ns of CLOCK_MONOTONIC: at `now`, if nobody has said anything else. Worker and
    /// keeper both say it, whoever comes first. The word is ms and, in 24 bits, the place's generation and the attempt: so nobody
    /// takes the beginning of one attempt for that of the next, nor for that of another task, which the keeper did not know of
    /// when he said it.
    pub(super) fn since(&self, seen: Seen, now: u64) -> u64 {
        const WHICH_BITS: u32 = 24;
        const NS_PER_MS: u64 = 1_000_000;
        let ns = |word: u64| (word >> WHICH_BITS).saturating_mul(NS_PER_MS); // a peer may write anything
        let which = (seen.generation() & 0xffff) << 8 | u64::from(seen.attempt() & 0xff);
        // Relaxed: a figure, which goes with the attempt that it names; the place's next task finds 0.
        let known = self.since.load(Ordering::Relaxed);
        if known != 0 && known & ((1 << WHICH_BITS) - 1) == which {
            return ns(known);
        }
        let mine = now.div_ceil(NS_PER_MS) << WHICH_BITS | which;
        self.since
            .compare_exchange(known, mine, Ordering::Relaxed, Ordering::Relaxed)
            .map_or_else(ns, |_| ns(mine))
    }

    /// When the time of the attempt is up, if it runs and has a limit. ns of CLOCK_MONOTONIC.
    pub(super) fn time_is_up_at(&self, seen: Seen, now: u64) -> Option<u64> {
        let limit = self.limit.load(Ordering::Relaxed); // Relaxed: published with the task's word
        let is_limited = limit != 0 && (seen.is(Phase::Running) || seen.is(Phase::Asked));
        is_limited.then(|| self.since(seen, now).saturating_add(limit))
    }

    /// The place is to have another task, of which no attempt has begun.
    pub(super) fn forget_since(&self) {
        self.since.store(0, Ordering::Relaxed); // Relaxed: published with the task's word
    }
}

/// Where what is to be done, or its result, lies.
#[repr(C)]
pub(crate) struct Payload {
    pub(crate) len: AtomicU64,
    /// Handle of the block; 0: it lies in the record.
    pub(crate) block: AtomicU64,
}

/// So many bytes lie in a task's record, the others in a block.
pub(crate) const INLINE: usize = 112;

/// Where the workers begin.
pub(crate) const WORKERS_AT: u64 = size_of::<Body>() as u64;
/// Where in a record the entry's name is.
pub(crate) const ENTRY_AT: u64 = offset_of!(Record, entry) as u64;
/// Where in a record the short payloads are.
pub(crate) const INLINE_AT: u64 = offset_of!(Record, inline) as u64;
pub(crate) const RECORD_BYTES: u64 = size_of::<Record>() as u64;

const_assert_eq!(offset_of!(Body, why), 4);
const_assert_eq!(offset_of!(Body, keeper), 8);
const_assert_eq!(offset_of!(Body, wanted), 12);
const_assert_eq!(offset_of!(Body, astray), 16);
const_assert_eq!(offset_of!(Body, begun), 20);
const_assert_eq!(offset_of!(Body, beginners), 24);
const_assert_eq!(offset_of!(Body, room), 128);
const_assert_eq!(offset_of!(Body, ended), 256);
const_assert_eq!(offset_of!(Body, asked), 384);
const_assert_eq!(WORKERS_AT, 512);
const_assert_eq!(size_of::<Worker>(), 64);
const_assert_eq!(size_of::<TaskWords>(), 32);
const_assert_eq!(RECORD_BYTES, 384);

words!(
    "pool",
    Body {
        closing,
        why,
        keeper,
        wanted,
        astray,
        begun,
        beginners,
        pad_closing,
        room,
        pad_room,
        ended,
        pad_ended,
        asked,
        pad_asked
    }
);
words!("worker of a pool", Worker { token, pid, dismissed, ended, task, pad });
words!(
    "task of a pool",
    Record { words, limit, since, retries, entry_len, promiser, pid, input, result, entry, inline }
);

// SAFETY: repr(C), atomics only, zeros are a pool of no workers.
unsafe impl Shared for Body {}
// SAFETY: as above; zeros are a vacant place.
unsafe impl Shared for Worker {}
// SAFETY: as above.
unsafe impl Shared for Record {}

/// Where the tasks begin.
pub(crate) fn tasks_at(workers: u32) -> u64 {
    (WORKERS_AT + u64::from(workers) * size_of::<Worker>() as u64).next_multiple_of(128)
}

/// Bytes of a table of so many workers and tasks.
pub(crate) fn bytes(workers: u32, tasks: u32) -> u64 {
    tasks_at(workers) + u64::from(tasks) * RECORD_BYTES
}
