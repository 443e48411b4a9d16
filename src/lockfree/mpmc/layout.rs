//! Words and positions of a ring of cells.
//!
//! | word | bits |
//! |---|---|
//! | control word of a cell | slot 0-11, or length 0-10 and (AGAIN) nobody has seen it 11, state 12-15, lap 16-63 |
//! | header of a cell | tag 0-15, length 16-27, length of the message that the item stands for, and 1 more, 28-63; 0: for none |
//! | `tail`, `head` | position 0-47 |
//! | `again` | something is to be delivered again 0, how often that was said 1-63 |
//!
//! A position is `lap << k | index of the cell`, with k bits for the index: so it may wrap after 2^48 whatever the
//! capacity, and no division is needed. A control word has the lap only, shifted like the position's; the cell itself
//! is the index. Zeros are a fresh ring: each cell is free in lap 0.
#![forbid(unsafe_code)]

use crate::lockfree::line::Line;
#[cfg(test)]
use crate::shim::AtomicU64;
use crate::shim::words;

/// The shared words beside the cells. All zeros is a fresh ring.
#[repr(C)]
pub(crate) struct Words {
    pub(super) tail: Line,
    pub(super) head: Line,
    pub(super) again: Line,
}

words!("hints of a ring of cells", Words { tail, head, again });

#[cfg(not(loom))]
mod offsets {
    use super::Words;
    use core::mem::offset_of;
    static_assertions::const_assert_eq!(size_of::<Words>(), 384);
    static_assertions::const_assert_eq!(align_of::<Words>(), 128);
    static_assertions::const_assert_eq!(offset_of!(Words, tail), 0);
    static_assertions::const_assert_eq!(offset_of!(Words, head), 128);
    static_assertions::const_assert_eq!(offset_of!(Words, again), 256);
}

impl Words {
    /// Those of an empty ring whose positions begin at `position`. A mapping needs no call.
    #[cfg(test)]
    pub(crate) fn starting_at(position: u64) -> Words {
        let line = |word| Line(AtomicU64::new(word));
        Words { tail: line(position), head: line(position), again: line(0) }
    }
}

const POSITION_BITS: u32 = 48;
/// All bits of a position.
pub(super) const POSITION: u64 = (1 << POSITION_BITS) - 1;
const STATE_SHIFT: u32 = 12;
const LAP_SHIFT: u32 = 16;
const SLOT: u64 = (1 << STATE_SHIFT) - 1;
/// Beside the length of an item that was given back: whoever had it has not delivered it, nor anybody before him.
pub(super) const UNSEEN: u64 = 1 << 11;

/// The most cells that a ring can have: a cell's control word recurs after 2^24 laps at the earliest.
pub(crate) const CAPACITY_MAX: u32 = 1 << 24;

/// The word `again`: there is a cell to be delivered again, or there soon may be.
pub(super) const FLAG: u64 = 1;
/// The word `again`: one more time.
pub(super) const ONCE_MORE: u64 = 2;

/// What a cell is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    /// Nothing is in it; whoever pushes in its lap may take it.
    Free = 0,
    /// A pusher has it.
    Writing = 1,
    /// There is an item in it.
    Full = 2,
    /// A popper has it, the first one.
    Reading = 3,
    /// There is an item in it that a popper had, who died or gave it back unseen.
    Again = 4,
    /// A popper has it, not the first one.
    Retaken = 5,
}

impl State {
    const fn from_bits(bits: u64) -> Option<State> {
        Some(match bits {
            0 => State::Free,
            1 => State::Writing,
            2 => State::Full,
            3 => State::Reading,
            4 => State::Again,
            5 => State::Retaken,
            _ => return None,
        })
    }
}

/// The control word of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ctl(pub(crate) u64);

impl Ctl {
    /// `rest` is the slot of the one who has it, or the length of the item that nobody has.
    #[inline(always)]
    pub(crate) const fn new(lap: u64, state: State, rest: u64) -> Ctl {
        Ctl(lap << LAP_SHIFT | (state as u64) << STATE_SHIFT | rest & SLOT)
    }

    /// Where the cell's lap begins; the cell's index is to be added to get its position.
    #[inline(always)]
    pub(super) const fn lap(self) -> u64 {
        self.0 >> LAP_SHIFT
    }

    /// `None` if no writer of ours can have written it.
    #[inline(always)]
    pub(in crate::lockfree) const fn state(self) -> Option<State> {
        State::from_bits(self.0 >> STATE_SHIFT & 0xf)
    }

    /// Who has the cell.
    #[inline(always)]
    pub(in crate::lockfree) const fn slot(self) -> u32 {
        (self.0 & SLOT) as u32
    }

    /// How long the item is.
    #[inline(always)]
    pub(super) const fn len(self) -> usize {
        (self.0 & SLOT & !UNSEEN) as usize
    }

    /// Whether an item that comes again was never delivered to anybody.
    pub(super) const fn is_unseen(self) -> bool {
        self.0 & UNSEEN != 0
    }

    /// Whether there is an item in this lap that nobody had yet, of at most so many bytes.
    #[inline(always)]
    pub(super) fn is_full(self, lap: u64, longest: usize) -> bool {
        // One comparison for lap, state and length: what differs in the first two differs by more than any length.
        self.0.wrapping_sub(Ctl::new(lap, State::Full, 0).0) <= (longest as u64).min(SLOT)
    }
}

const LEN_SHIFT: u32 = 16;
const WHOLE_SHIFT: u32 = 28;

/// Tag and length, as the cell keeps them while somebody has it.
#[inline(always)]
pub(crate) const fn header(tag: u32, len: usize) -> u64 {
    tag as u64 & 0xffff | (len as u64 & SLOT) << LEN_SHIFT
}

/// The header of an item that stands for a message of so many bytes. One that does not fit is not told.
#[inline(always)]
pub(in crate::lockfree) const fn header_for(header: u64, whole: usize) -> u64 {
    let word = (whole as u64).saturating_add(1);
    if word >> (64 - WHOLE_SHIFT) == 0 { header | word << WHOLE_SHIFT } else { header }
}

/// The tag in a header.
#[inline(always)]
pub(in crate::lockfree) const fn header_tag(header: u64) -> u32 {
    (header & 0xffff) as u32
}

/// The length in a header.
pub(in crate::lockfree) const fn header_len(header: u64) -> u64 {
    header >> LEN_SHIFT & SLOT
}

/// How long the message is that the item stands for, if it says so.
pub(super) fn header_whole(header: u64) -> Option<usize> {
    usize::try_from((header >> WHOLE_SHIFT).checked_sub(1)?).ok()
}

/// How a cell's lap stands to that of a position at this cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// The same.
    Here,
    /// The lap before.
    Behind,
    /// A later one: go on at this position, everything before it is over.
    Ahead(u64),
    /// None that can be.
    Strange,
}

/// The arithmetic of a capacity.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) capacity: u32,
    /// The bits of a position that are the cell's index.
    mask: u64,
}

impl Shape {
    /// `None` if there is no ring of so many cells.
    pub(super) fn new(capacity: u32) -> Option<Shape> {
        let fits = (1..=CAPACITY_MAX).contains(&capacity);
        fits.then(|| Shape { capacity, mask: u64::from(capacity).next_power_of_two() - 1 })
    }

    /// Whether it is a position of this ring.
    #[cfg(all(test, not(loom)))]
    pub(super) fn has(self, position: u64) -> bool {
        position & self.mask < u64::from(self.capacity) && position <= POSITION
    }

    /// The cell of a position.
    #[inline(always)]
    pub(super) fn index(self, position: u64) -> u32 {
        (position & self.mask) as u32
    }

    /// Where a position's lap begins.
    #[inline(always)]
    pub(super) fn lap(self, position: u64) -> u64 {
        position & !self.mask
    }

    /// The lap after this one.
    #[inline(always)]
    pub(super) fn next_lap(self, lap: u64) -> u64 {
        lap.wrapping_add(self.mask + 1) & POSITION
    }

    fn last_lap(self, lap: u64) -> u64 {
        lap.wrapping_sub(self.mask + 1) & POSITION
    }

    /// The position after this one.
    #[inline(always)]
    pub(super) fn next(self, position: u64) -> u64 {
        if self.index(position) + 1 < self.capacity {
            position + 1
        } else {
            self.next_lap(self.lap(position))
        }
    }

    /// How the cell of a position stands to it.
    pub(super) fn sight(self, position: u64, seen: Ctl) -> Sight {
        let lap = self.lap(position);
        if seen.lap() & self.mask != 0 {
            Sight::Strange
        } else if seen.lap() == lap {
            Sight::Here
        } else if seen.lap() == self.last_lap(lap) {
            Sight::Behind
        } else if is_ahead(lap, seen.lap()) {
            // Whoever claimed the cell in the lap before this one had seen all others claimed since the lap before that:
            // so all before that is over. What lies between need not be: the last claim may have been given up.
            let over = self.last_lap(self.last_lap(seen.lap())) | u64::from(self.index(position));
            Sight::Ahead(self.next(if is_ahead(position, over) { over } else { position }))
        } else {
            Sight::Strange
        }
    }
}

/// Whether the second position is later than the first, by less than half of them all.
#[inline(always)]
pub(in crate::lockfree) fn is_ahead(from: u64, to: u64) -> bool {
    (to.wrapping_sub(from) << LAP_SHIFT).cast_signed() > 0
}
