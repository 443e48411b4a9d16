//! Where this process has seen free blocks lately: hints in private memory.
//!
//! What lies here is nobody's: the words of the blocks decide. A hint that another process was quicker to use costs a
//! look; one that is lost when two threads meet here is found by the next search. So a dead process, or a fork child,
//! needs no care.
#![forbid(unsafe_code)]

use crate::objects::blocks::layout::CLASSES_MAX;
use crate::shim::{AtomicU32, Ordering};

/// How many blocks of a class are remembered.
const SHELF: usize = 16;

/// The hints of one class.
struct Shelf {
    /// How many there are.
    top: AtomicU32,
    /// Where the next search begins.
    cursor: AtomicU32,
    numbers: [AtomicU32; SHELF],
}

/// The hints of one handle and its clones.
pub(crate) struct Stash([Shelf; CLASSES_MAX]);

impl Stash {
    /// An empty stash; the searches of each class begin where `cursors` say.
    pub(crate) fn new(cursors: impl Fn(usize) -> u32) -> Stash {
        Stash(std::array::from_fn(|class| Shelf {
            top: AtomicU32::new(0),
            cursor: AtomicU32::new(cursors(class)),
            numbers: std::array::from_fn(|_| AtomicU32::new(0)),
        }))
    }

    /// A block of this class that was free lately. Relaxed throughout: see the module.
    #[inline]
    pub(crate) fn pop(&self, class: usize) -> Option<usize> {
        let shelf = self.0.get(class)?;
        let top = shelf.top.load(Ordering::Relaxed).checked_sub(1)?;
        shelf.top.store(top, Ordering::Relaxed);
        Some(shelf.numbers.get(top as usize)?.load(Ordering::Relaxed) as usize)
    }

    /// Remembers a block that is free now, if there is room.
    #[inline]
    pub(crate) fn push(&self, class: usize, number: usize) {
        let Some(shelf) = self.0.get(class) else { return };
        let top = shelf.top.load(Ordering::Relaxed);
        if let Some(place) = shelf.numbers.get(top as usize) {
            place.store(number as u32, Ordering::Relaxed);
            shelf.top.store(top + 1, Ordering::Relaxed);
        }
    }

    /// Where to search.
    pub(crate) fn cursor(&self, class: usize) -> usize {
        self.0.get(class).map_or(0, |shelf| shelf.cursor.load(Ordering::Relaxed) as usize)
    }

    /// A search has ended here.
    pub(crate) fn set_cursor(&self, class: usize, number: usize) {
        if let Some(shelf) = self.0.get(class) {
            shelf.cursor.store(number as u32, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sixteen_of_a_class_are_remembered_the_newest_first() {
        let stash = Stash::new(|class| class as u32 * 7);
        assert_eq!((stash.pop(0), stash.cursor(3)), (None, 21));
        (0..20).for_each(|number| stash.push(0, number));
        stash.push(1, 99);
        let numbers: Vec<_> = std::iter::from_fn(|| stash.pop(0)).collect();
        assert_eq!(numbers, (0..16).rev().collect::<Vec<_>>());
        assert_eq!((stash.pop(1), stash.pop(1), stash.pop(CLASSES_MAX)), (Some(99), None, None));
    }
}
