//! Where a ring of cells lies: the words it reads and writes, one access at a time.
//!
//! The ring knows its memory through [`Memory`] only, so that the tests can run the very same code on a memory of their
//! own and stop it between any two accesses.

use super::layout::Words;
use crate::shim::cells::Cells;
use crate::shim::{AtomicU64, Ordering};

/// A shared word of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Word {
    /// No position before it can be claimed by a pusher.
    Tail,
    /// No position before it can be claimed by a popper, but to deliver something again.
    Head,
    /// Whether, and how often, something was to be delivered again.
    Again,
    /// The control word of a cell.
    Ctl(u32),
    /// The header of a cell.
    Header(u32),
}

/// The memory of a ring.
pub(crate) trait Memory {
    /// How many cells there are; the same whenever it is asked.
    fn capacity(&self) -> u32;
    /// How many bytes of payload a cell has room for, likewise.
    fn room(&self) -> usize;
    fn load(&self, word: Word, order: Ordering) -> u64;
    fn store(&self, word: Word, value: u64, order: Ordering);
    /// Compare-and-swap; tells whether it swapped.
    fn swap(&self, word: Word, old: u64, new: u64, order: Ordering) -> bool;
    /// Copies into the payload of a cell.
    fn write(&self, index: u32, from: &[u8]);
    /// Copies from the payload of a cell until `to` is full.
    fn read(&self, index: u32, to: &mut [u8]);
}

/// Where a ring lies. Whoever implements it keeps both alive and in place for as long as it exists.
pub(crate) trait Place {
    /// The shared words beside the cells.
    fn words(&self) -> &Words;
    /// The cells; their number and length never change.
    fn cells(&self) -> &Cells;
}

#[inline(always)]
fn atomic<P: Place>(place: &P, word: Word) -> &AtomicU64 {
    match word {
        Word::Tail => &place.words().tail.0,
        Word::Head => &place.words().head.0,
        Word::Again => &place.words().again.0,
        Word::Ctl(index) => place.cells().ctl(index),
        Word::Header(index) => place.cells().header(index),
    }
}

impl<P: Place> Memory for P {
    #[inline(always)]
    fn capacity(&self) -> u32 {
        self.cells().count()
    }

    #[inline(always)]
    fn room(&self) -> usize {
        self.cells().room()
    }

    #[inline(always)]
    fn load(&self, word: Word, order: Ordering) -> u64 {
        atomic(self, word).load(order)
    }

    #[inline(always)]
    fn store(&self, word: Word, value: u64, order: Ordering) {
        atomic(self, word).store(value, order);
    }

    #[inline(always)]
    fn swap(&self, word: Word, old: u64, new: u64, order: Ordering) -> bool {
        // Relaxed if it fails: what is found then is looked at anew.
        atomic(self, word).compare_exchange(old, new, order, Ordering::Relaxed).is_ok()
    }

    #[inline(always)]
    fn write(&self, index: u32, from: &[u8]) {
        self.cells().write(index, from);
    }

    #[inline(always)]
    fn read(&self, index: u32, to: &mut [u8]) {
        self.cells().read(index, to);
    }
}
