//! Last in, first out: the moves of a stack, made under the lock of its shelf.
//!
//! `count` is the commit. Putting writes the message to the cell above the others, and then the count that covers it;
//! getting copies the message of the topmost cell, and then writes the count that does not. Whoever dies before that
//! store has done nothing, whoever dies after it has done it: nothing to repair.
//!
//! No access is ordered by itself: the lock orders them, and the proof of a death those of a dead owner. `step` keeps the
//! compiler from moving the commit.

use crate::shim::{AtomicU64, Ordering, step};
use crate::sync::shelf::{Moves, No, Shelf};

/// The stack's way to move. A cell is the length of its message.
pub(crate) enum Stack {}

impl Moves for Stack {
    type Cell = AtomicU64;
    type Label = ();

    #[inline]
    fn put(shelf: &Shelf<'_, AtomicU64>, (): (), message: &[u8]) -> Result<(), No> {
        let count = shelf.room()?;
        shelf.write(count, message);
        // Relaxed, here and below: the lock orders it, and so does the proof of a death.
        shelf.cells[count].store(message.len() as u64, Ordering::Relaxed);
        step();
        shelf.words.count.store(count as u64 + 1, Ordering::Relaxed);
        Ok(())
    }

    #[inline]
    fn get(shelf: &Shelf<'_, AtomicU64>, buffer: &mut [u8]) -> Result<(usize, ()), No> {
        let top = shelf.data()? - 1;
        let len = shelf.read(top, shelf.cells[top].load(Ordering::Relaxed), buffer)?;
        step();
        shelf.words.count.store(top as u64, Ordering::Relaxed);
        Ok((len, ()))
    }

    fn repair(_: &Shelf<'_, AtomicU64>) {}
}
