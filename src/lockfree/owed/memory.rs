//! Where what is owed lies: its words, one access at a time, so that the tests can stop the code between any two.
#![forbid(unsafe_code)]

use super::layout::{Note, Words};
use crate::shim::cells::{At, Cells};
use crate::shim::{AtomicU64, Ordering};

/// A shared word; a cell is named by what [`Memory::cell`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Word<C> {
    /// Whether, and how often, something was given back.
    Back,
    /// The control word of a cell.
    Ctl(C),
    /// The header of a cell.
    Header(C),
    /// Which message is in a cell.
    Position(C),
    /// The thread that got it, and whether it is still copied or read.
    Getter(C),
}

/// The memory of what is owed.
pub(crate) trait Memory {
    /// A cell, found once and used several times.
    type Cell<'m>: Copy
    where
        Self: 'm;
    /// How many cells there are; the same whenever it is asked.
    fn count(&self) -> u32;
    /// How many bytes of a message a cell has room for, likewise.
    fn room(&self) -> usize;
    /// Finds a cell; `None` if there are fewer.
    fn cell(&self, index: u32) -> Option<Self::Cell<'_>>;
    fn load<'m>(&'m self, word: Word<Self::Cell<'m>>, order: Ordering) -> u64;
    fn store<'m>(&'m self, word: Word<Self::Cell<'m>>, value: u64, order: Ordering);
    /// Compare-and-swap; tells whether it swapped.
    fn swap<'m>(&'m self, word: Word<Self::Cell<'m>>, old: u64, new: u64, order: Ordering) -> bool;
    /// Copies to the message of a cell; what is longer than its room is not copied.
    fn write<'m>(&'m self, cell: Self::Cell<'m>, from: &[u8]);
    /// Copies from the message of a cell until `to` is full; likewise.
    fn read<'m>(&'m self, cell: Self::Cell<'m>, to: &mut [u8]);
}

/// Where it lies. Whoever implements it keeps all alive and in place for as long as it exists.
pub(crate) trait Place {
    /// The shared word beside the cells.
    fn words(&self) -> &Words;
    /// The cells; their number and length never change.
    fn cells(&self) -> &Cells;
    /// As many notes as there are cells.
    fn notes(&self) -> &[Note];
}

/// A cell and its note.
#[derive(Clone, Copy)]
pub(crate) struct Found<'m> {
    cell: At<'m>,
    note: &'m Note,
}

fn atomic<'m, P: Place>(place: &'m P, word: Word<Found<'m>>) -> &'m AtomicU64 {
    match word {
        Word::Back => &place.words().back.0,
        Word::Ctl(found) => found.cell.ctl(),
        Word::Header(found) => found.cell.header(),
        Word::Position(found) => &found.note.position,
        Word::Getter(found) => &found.note.getter,
    }
}

impl<P: Place> Memory for P {
    type Cell<'m>
        = Found<'m>
    where
        P: 'm;

    fn count(&self) -> u32 {
        self.cells().count()
    }

    fn room(&self) -> usize {
        self.cells().room()
    }

    fn cell(&self, index: u32) -> Option<Found<'_>> {
        Some(Found { cell: self.cells().at(index)?, note: self.notes().get(index as usize)? })
    }

    fn load<'m>(&'m self, word: Word<Found<'m>>, order: Ordering) -> u64 {
        atomic(self, word).load(order)
    }

    fn store<'m>(&'m self, word: Word<Found<'m>>, value: u64, order: Ordering) {
        atomic(self, word).store(value, order);
    }

    fn swap<'m>(&'m self, word: Word<Found<'m>>, old: u64, new: u64, order: Ordering) -> bool {
        // Relaxed if it fails: what is found then is looked at anew.
        atomic(self, word).compare_exchange(old, new, order, Ordering::Relaxed).is_ok()
    }

    fn write<'m>(&'m self, found: Found<'m>, from: &[u8]) {
        found.cell.write(from);
    }

    fn read<'m>(&'m self, found: Found<'m>, to: &mut [u8]) {
        found.cell.read(to);
    }
}
