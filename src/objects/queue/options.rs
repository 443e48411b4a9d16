//! What a queue is made as, and what the directory says of that.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::lockfree::mpmc::layout::CAPACITY_MAX;
use crate::objects::blocks::{BlockClass, BlocksOptions};
use crate::objects::queue::debts;
use crate::objects::queue::layout::{self, Body};
use crate::presence::attachment::Attachment;
use crate::segment::directory::Record;
use crate::shim::Ordering;
use crate::shim::cells::{CELL_HEAD, CELL_STEP, ROOM_MAX, is_room};

/// The parameter in the directory that says where the queue's blocks lie; 0: it has none.
pub(super) const BLOCKS_AT: usize = 3;
/// In the one that says how much lies in a cell: how long each element is, if all are of one type.
pub(super) const ELEMENT_SHIFT: u32 = 32;
/// In the one that says how many messages it can hold: how many may be owed.
const UNACKED_SHIFT: u32 = 32;

/// What a queue is made as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueOptions {
    /// How many messages it can hold, 1 to 16777216.
    pub capacity: usize,
    /// How many bytes of a message lie in the queue itself: a multiple of 16, from 16 to 112. Each message takes 16 bytes
    /// more than that, however short it is, and between two CPUs time is what it takes: as many as most messages need.
    pub inline_max: usize,
    /// Bytes for messages that are longer than that, at least 2048; 0: there are none. They lie in [`Blocks`](crate::Blocks) of their
    /// own, made beside the queue under its name and `.blocks`. See also [`Queue::create_with_blocks`](crate::Queue::create_with_blocks).
    pub block_bytes: usize,
    /// How many bytes all messages together may have, wherever they lie, but for those that were got for an acknowledgement, also if they are given back;
    /// 0: as many as there is room for. With a limit,
    /// putters take turns, and one that finds little room left looks at each place of the queue. A long message may wait
    /// while shorter ones find room.
    pub max_bytes: usize,
    /// Whether the queue tells of its sides: processes say that they produce or consume ([`Queue::producer`](crate::Queue::producer),
    /// [`Queue::consumer`](crate::Queue::consumer)), and who waits for one of the other side hears when the last of them has closed or died. Who
    /// says nothing may put and get as well, and does not count.
    pub sides: bool,
    /// How many messages may have been got with [`Queue::get_ack`](crate::Queue::get_ack) and its like and not yet acknowledged, by all together: at
    /// most 65536; 0: such a get is not possible. Each takes as much as a message in the queue, and 16 bytes.
    pub unacked: usize,
}

impl Default for QueueOptions {
    fn default() -> QueueOptions {
        QueueOptions {
            capacity: 1024,
            inline_max: 48,
            block_bytes: 0,
            max_bytes: 0,
            sides: false,
            unacked: 0,
        }
    }
}

impl QueueOptions {
    /// Those of a queue whose messages can be acknowledged, and that can be joined: 256 may be unacknowledged at a time.
    #[doc(alias = "JoinableQueue")]
    pub fn joinable() -> QueueOptions {
        QueueOptions { unacked: 256, ..QueueOptions::default() }
    }

    /// Those of a queue of so many elements of one size, which lie in blocks if they are too long for the queue itself.
    pub(super) fn of_elements(size: usize, capacity: usize, unacked: usize) -> QueueOptions {
        let options = QueueOptions { capacity, unacked, ..QueueOptions::default() };
        if size <= ROOM_MAX {
            return QueueOptions { inline_max: size.next_multiple_of(CELL_STEP), ..options };
        }
        let block_bytes = options.blocks_of(size).saturating_mul(size);
        QueueOptions { inline_max: CELL_STEP, block_bytes, ..options }
    }

    /// How many elements there may be at a time that lie in blocks.
    fn blocks_of(&self, size: usize) -> usize {
        if size <= ROOM_MAX { 0 } else { self.capacity.saturating_add(self.unacked) }
    }

    /// What blocks are made as for a queue whose elements have this size, or any.
    pub(super) fn blocks(&self, element: usize) -> BlocksOptions {
        let count = u32::try_from(self.blocks_of(element)).unwrap_or(u32::MAX);
        let class = (count != 0).then_some(BlockClass { size: element, count });
        BlocksOptions { bytes: self.block_bytes as u64, classes: class.into_iter().collect() }
    }

    pub(super) fn check(&self) -> Result<()> {
        if !(1..=CAPACITY_MAX as usize).contains(&self.capacity) {
            let detail = format!("a queue of {} messages, not 1 to {CAPACITY_MAX}", self.capacity);
            return Err(Error::with(ErrorKind::Range, detail));
        }
        if !is_room(self.inline_max) {
            let detail =
                format!("{} bytes inline, no multiple of {CELL_STEP} up to {ROOM_MAX}", self.inline_max);
            return Err(Error::with(ErrorKind::Size, detail));
        }
        if self.unacked > debts::MOST {
            let detail = format!("{} messages not acknowledged, at most {}", self.unacked, debts::MOST);
            return Err(Error::with(ErrorKind::Range, detail));
        }
        Ok(())
    }

    /// Bytes of the object without what is owed, and what names the sides.
    pub(super) fn ring_bytes(&self) -> u64 {
        layout::bytes(self.capacity as u32, self.inline_max + CELL_HEAD)
    }

    /// Bytes without what names the sides.
    pub(super) fn cells_bytes(&self) -> u64 {
        let bytes = if self.unacked == 0 { self.ring_bytes() } else { debts::bytes(self) };
        bytes.next_multiple_of(8)
    }

    pub(super) fn bytes(&self, slots: u32) -> u64 {
        self.cells_bytes() + if self.sides { 2 * layout::side_bytes(slots) } else { 0 }
    }

    pub(super) fn params(&self, element: usize, blocks: u64) -> [u64; 4] {
        let inline_max = self.inline_max as u64 | (element as u64) << ELEMENT_SHIFT;
        let counts = self.capacity as u64 | (self.unacked as u64) << UNACKED_SHIFT;
        [counts, inline_max, self.block_bytes as u64, blocks]
    }

    /// Those of a queue that exists.
    pub(super) fn found(yard: &Attachment, record: &Record) -> Result<QueueOptions> {
        let body: &Body = yard.region().at(record.offset)?;
        let max_bytes = usize::try_from(body.budget.most()).unwrap_or(usize::MAX);
        let sides = body.sides.load(Ordering::Relaxed) == 1; // Relaxed: written before the object became visible
        let options = QueueOptions { max_bytes, sides, ..QueueOptions::of(record)? };
        let fits = record.len >= options.bytes(yard.geometry().slots);
        let corrupt = || Error::with(ErrorKind::Corrupt, "a queue without room for its sides");
        if fits { Ok(options) } else { Err(corrupt()) }
    }

    /// The same, but for what the directory does not tell: the limit in bytes, the sides.
    pub(super) fn of(record: &Record) -> Result<QueueOptions> {
        let [counts, inline_max, block_bytes, _] = record.params;
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let (capacity, unacked) = (counts & ((1 << UNACKED_SHIFT) - 1), number(counts >> UNACKED_SHIFT));
        let (capacity, inline_max) = (number(capacity), number(inline_max & ((1 << ELEMENT_SHIFT) - 1)));
        let block_bytes = number(block_bytes);
        let options = QueueOptions { capacity, inline_max, block_bytes, max_bytes: 0, sides: false, unacked };
        let fits = options.check().is_ok() && record.len >= options.cells_bytes();
        let strange = || Error::with(ErrorKind::Corrupt, format!("queue parameters {:?}", record.params));
        if fits { Ok(options) } else { Err(strange()) }
    }
}
