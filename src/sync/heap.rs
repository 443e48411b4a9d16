//! Smallest priority first, and of equals the one that was put first: the moves of a heap, made under the lock of its shelf.
//!
//! The cells are the truth: a cell's `mark` says whether it is FULL, and with which number in the order of the puts. That word
//! is the commit. Putting writes everything else of a free cell and then its mark; getting copies the message and
//! then clears the mark. The rest is an index: `place[0 .. count]` are the full cells as a binary heap, `place[count ..]`
//! the free ones. Whoever dies with the lock may leave the index half changed; the lock says so (SUSPECT), and whoever takes
//! it next builds the index from the marks. If he dies too, it is still SUSPECT.
//!
//! No access is ordered by itself: the lock orders them, and the proof of a death those of a dead owner. `step` keeps the
//! compiler from moving a commit, which matters to whoever looks behind one that was killed in between.
//!
//! The number of the next message is larger than that of any message there, also after a repair: equals stay in order.

use crate::shim::words::words;
use crate::shim::{AtomicU64, Ordering, step};
use crate::sync::shelf::{Moves, No, Shelf};
use std::cmp::Ordering as Is;

/// Bit of a mark: a message is there.
pub(crate) const FULL: u64 = 1;
const NUMBER: u32 = 1;

/// What is known of a message, and one place of the index.
#[repr(C)]
pub(crate) struct Cell {
    /// 0: free. Else FULL, and the number of the message from bit 1 on.
    mark: AtomicU64,
    /// An i64.
    priority: AtomicU64,
    len: AtomicU64,
    /// Which cell is at this place of the index, as it differs from its own number: zeros are an index.
    place: AtomicU64,
}

words!("cell of a heap", Cell { mark, priority, len, place });

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: repr(C), atomics only, zeros are a free cell in its own place.
unsafe impl crate::segment::region::Shared for Cell {}

#[cfg(not(loom))]
const _: () = {
    assert!(std::mem::offset_of!(Cell, mark) == 0);
    assert!(std::mem::offset_of!(Cell, priority) == 8);
    assert!(std::mem::offset_of!(Cell, len) == 16);
    assert!(std::mem::offset_of!(Cell, place) == 24);
    assert!(size_of::<Cell>() == 32);
};

impl Cell {
    #[cfg(all(test, loom))]
    pub(crate) fn new() -> Cell {
        let word = || AtomicU64::new(0);
        Cell { mark: word(), priority: word(), len: word(), place: word() }
    }

    // Relaxed, in all of these: the lock orders them, and so does the proof of a death.

    fn number(&self) -> Option<u64> {
        let mark = self.mark.load(Ordering::Relaxed);
        (mark & FULL != 0).then_some(mark >> NUMBER)
    }

    fn priority(&self) -> i64 {
        self.priority.load(Ordering::Relaxed).cast_signed()
    }
}

/// The heap's way to move. The label of a message is its priority.
pub(crate) enum Heap {}

impl Moves for Heap {
    type Cell = Cell;
    type Label = i64;

    #[inline]
    fn put(shelf: &Shelf<'_, Cell>, priority: i64, message: &[u8]) -> Result<(), No> {
        let count = shelf.room()?;
        let index = Index(shelf.cells);
        let at = index.at(count)?;
        let cell = &shelf.cells[at];
        if cell.number().is_some() {
            return Err(No::Corrupt);
        }
        shelf.write(at, message);
        cell.len.store(message.len() as u64, Ordering::Relaxed);
        cell.priority.store(priority.cast_unsigned(), Ordering::Relaxed);
        step();
        let number = shelf.words.next.load(Ordering::Relaxed);
        cell.mark.store(number << NUMBER | FULL, Ordering::Relaxed);
        step();
        shelf.words.next.store(number.wrapping_add(1), Ordering::Relaxed);
        let risen = index.rise(count);
        step();
        shelf.words.count.store(count as u64 + 1, Ordering::Relaxed);
        risen
    }

    #[inline]
    fn get(shelf: &Shelf<'_, Cell>, buffer: &mut [u8]) -> Result<(usize, i64), No> {
        let last = shelf.data()? - 1;
        let index = Index(shelf.cells);
        let first = index.at(0)?;
        let cell = &shelf.cells[first];
        if cell.number().is_none() {
            return Err(No::Corrupt);
        }
        let priority = cell.priority();
        let len = shelf.read(first, cell.len.load(Ordering::Relaxed), buffer)?;
        step();
        cell.mark.store(0, Ordering::Relaxed);
        step();
        index.swap(0, last)?;
        let sunk = index.sink(0, last);
        step();
        shelf.words.count.store(last as u64, Ordering::Relaxed);
        sunk.map(|()| (len, priority))
    }

    #[cold]
    fn repair(shelf: &Shelf<'_, Cell>) {
        let (mut count, mut next) = (0, shelf.words.next.load(Ordering::Relaxed));
        let index = Index(shelf.cells);
        for (at, cell) in shelf.cells.iter().enumerate() {
            if let Some(number) = cell.number() {
                index.set(count, at);
                count += 1;
                next = next.max(number.wrapping_add(1));
            }
        }
        let free = shelf.cells.iter().enumerate().filter(|(_, cell)| cell.number().is_none());
        step();
        (count..).zip(free).for_each(|(place, (at, _))| index.set(place, at));
        for place in (0..count / 2).rev() {
            let _ = index.sink(place, count); // an index that was just built is one
        }
        step();
        shelf.words.next.store(next, Ordering::Relaxed);
        shelf.words.count.store(count as u64, Ordering::Relaxed);
    }
}

/// Which cell is where in the heap.
struct Index<'a>(&'a [Cell]);

impl Index<'_> {
    /// The cell at a place that exists.
    #[inline]
    fn at(&self, place: usize) -> Result<usize, No> {
        let at = self.0[place].place.load(Ordering::Relaxed) as usize ^ place;
        if at < self.0.len() { Ok(at) } else { Err(No::Corrupt) }
    }

    #[inline]
    fn set(&self, place: usize, at: usize) {
        step();
        if let Some(cell) = self.0.get(place) {
            cell.place.store((at ^ place) as u64, Ordering::Relaxed);
        }
    }

    fn swap(&self, one: usize, other: usize) -> Result<(), No> {
        let (first, second) = (self.at(one)?, self.at(other)?);
        self.set(one, second);
        self.set(other, first);
        Ok(())
    }

    /// Whether one cell's message goes out before the other's.
    #[inline]
    fn before(&self, one: usize, other: usize) -> bool {
        let key = |at: usize| (self.0[at].priority(), self.0[at].number());
        key(one).cmp(&key(other)) == Is::Less
    }

    /// Moves what is at a place towards the first, as far as it goes out earlier than what is above it.
    fn rise(&self, mut place: usize) -> Result<(), No> {
        let mover = self.at(place)?;
        while place > 0 {
            let above = (place - 1) / 2;
            let at = self.at(above)?;
            if !self.before(mover, at) {
                break;
            }
            self.set(place, at);
            place = above;
        }
        self.set(place, mover);
        Ok(())
    }

    /// Moves what is at a place away from the first, among the first `count`, as far as it goes out later than what is below.
    fn sink(&self, mut place: usize, count: usize) -> Result<(), No> {
        if count == 0 {
            return Ok(());
        }
        let mover = self.at(place)?;
        while 2 * place + 1 < count {
            let (left, right) = (2 * place + 1, 2 * place + 2);
            let mut below = left;
            let mut at = self.at(left)?;
            if right < count {
                let other = self.at(right)?;
                if self.before(other, at) {
                    (below, at) = (right, other);
                }
            }
            if !self.before(at, mover) {
                break;
            }
            self.set(place, at);
            place = below;
        }
        self.set(place, mover);
        Ok(())
    }
}
