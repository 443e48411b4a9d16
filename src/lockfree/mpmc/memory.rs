//! Where a ring of cells lies: the words it reads and writes, one access at a time.
//!
//! The ring knows its memory through [`Memory`] only, so that the tests can run the very same code on a memory of their
//! own and stop it between any two accesses.

use super::layout::Words;
use crate::shim::cells::{At, Cells};
use crate::shim::{AtomicU64, Ordering};

/// A shared word of a ring; a cell is named by what [`Memory::cell`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Word<C> {
    /// No position before it can be claimed by a pusher.
    Tail,
    /// No position before it can be claimed by a popper, but to deliver something again.
    Head,
    /// Whether, and how often, something was to be delivered again.
    Again,
    /// The control word of a cell.
    Ctl(C),
    /// The header of a cell.
    Header(C),
}

/// The memory of a ring.
pub(crate) trait Memory {
    /// A cell, found once and used several times.
    type Cell<'m>: Copy
    where
        Self: 'm;
    /// How many cells there are; the same whenever it is asked.
    fn capacity(&self) -> u32;
    /// How many bytes of payload a cell has room for, likewise.
    fn room(&self) -> usize;
    /// Finds a cell; `None` if there are fewer.
    fn cell(&self, index: u32) -> Option<Self::Cell<'_>>;
    /// As `room`; of a cell in hand.
    fn room_of<'m>(&'m self, cell: Self::Cell<'m>) -> usize;
    fn load<'m>(&'m self, word: Word<Self::Cell<'m>>, order: Ordering) -> u64;
    fn store<'m>(&'m self, word: Word<Self::Cell<'m>>, value: u64, order: Ordering);
    /// Compare-and-swap; tells whether it swapped.
    fn swap<'m>(&'m self, word: Word<Self::Cell<'m>>, old: u64, new: u64, order: Ordering) -> bool;
    /// Copies into the payload of a cell; what is longer than its room is not copied.
    fn write<'m>(&'m self, cell: Self::Cell<'m>, from: &[u8]);
    /// Copies from the payload of a cell until `to` is full; likewise.
    fn read<'m>(&'m self, cell: Self::Cell<'m>, to: &mut [u8]);
}

/// Where a ring lies. Whoever implements it keeps both alive and in place for as long as it exists.
pub(crate) trait Place {
    /// The shared words beside the cells.
    fn words(&self) -> &Words;
    /// The cells; their number and length never change.
    fn cells(&self) -> &Cells;
}

#[inline(always)]
fn atomic<'m, P: Place>(place: &'m P, word: Word<At<'m>>) -> &'m AtomicU64 {
    match word {
        Word::Tail => &place.words().tail.0,
        Word::Head => &place.words().head.0,
        Word::Again => &place.words().again.0,
        Word::Ctl(cell) => cell.ctl(),
        Word::Header(cell) => cell.header(),
    }
}

impl<P: Place> Memory for P {
    type Cell<'m>
        = At<'m>
    where
        P: 'm;

    #[inline(always)]
    fn capacity(&self) -> u32 {
        self.cells().count()
    }

    #[inline(always)]
    fn room(&self) -> usize {
        self.cells().room()
    }

    #[inline(always)]
    fn cell(&self, index: u32) -> Option<At<'_>> {
        self.cells().at(index)
    }

    #[inline(always)]
    fn room_of<'m>(&'m self, cell: At<'m>) -> usize {
        cell.room()
    }

    #[inline(always)]
    fn load<'m>(&'m self, word: Word<At<'m>>, order: Ordering) -> u64 {
        atomic(self, word).load(order)
    }

    #[inline(always)]
    fn store<'m>(&'m self, word: Word<At<'m>>, value: u64, order: Ordering) {
        atomic(self, word).store(value, order);
    }

    #[inline(always)]
    fn swap<'m>(&'m self, word: Word<At<'m>>, old: u64, new: u64, order: Ordering) -> bool {
        // Relaxed if it fails: what is found then is looked at anew.
        atomic(self, word).compare_exchange(old, new, order, Ordering::Relaxed).is_ok()
    }

    #[inline(always)]
    fn write<'m>(&'m self, cell: At<'m>, from: &[u8]) {
        cell.write(from);
    }

    #[inline(always)]
    fn read<'m>(&'m self, cell: At<'m>, to: &mut [u8]) {
        cell.read(to);
    }
}
