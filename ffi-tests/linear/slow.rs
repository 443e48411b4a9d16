//! The ring of cells below the queue, from its own source, on a memory that takes its time.
//!
//! A move takes some ten nanoseconds, and hardly ever would another one meet it halfway. Here each access to a shared word
//! may be followed by a moment in which others run.

use crate::field::Dice;
use crate::history::Deed;
use crate::lockfree::mpmc::layout::Words;
use crate::lockfree::mpmc::memory::{Memory, Place, Word};
use crate::lockfree::mpmc::{Holders, NoPop, NoPush, Ring};
use crate::shim::Ordering;
use crate::shim::cells::{At, Cells};
use crate::subject::Subject;
use courtyard::{Timeout, Yard};
use std::cell::{Cell, UnsafeCell};
use std::hint::spin_loop;
use std::mem::MaybeUninit;
use std::sync::atomic::AtomicU32;

const CELL: usize = 64;
const CELLS_MAX: usize = 8;

/// A ring's words and cells. Zeros are an empty one.
#[repr(C, align(128))]
struct Ground {
    words: MaybeUninit<Words>,
    cells: [u8; CELL * CELLS_MAX],
}

/// Where it lies.
struct Heap {
    ground: Box<UnsafeCell<Ground>>,
    cells: Cells,
}

// SAFETY: the words are atomics, and the cells are for several threads; nobody touches either but through them.
unsafe impl Send for Heap {}
// SAFETY: as above.
unsafe impl Sync for Heap {}

impl Place for Heap {
    fn words(&self) -> &Words {
        // SAFETY: alive as long as this is; atomics, of which zeros are fresh ones.
        unsafe { &*self.ground.get().cast() }
    }

    fn cells(&self) -> &Cells {
        &self.cells
    }
}

thread_local! {
    static DICE: Cell<u64> = const { Cell::new(7) };
}

/// Lets others come between, now and then.
fn dawdle() {
    let mut dice = Dice(DICE.get());
    match dice.below(64) {
        0 => std::thread::yield_now(),
        1..8 => (0..dice.below(100)).for_each(|_| spin_loop()),
        _ => {}
    }
    DICE.set(dice.0);
}

struct Slow(Heap);

impl Memory for Slow {
    type Cell<'m> = At<'m>;

    fn capacity(&self) -> u32 {
        self.0.capacity()
    }

    fn room(&self) -> usize {
        self.0.room()
    }

    fn cell(&self, index: u32) -> Option<At<'_>> {
        self.0.cell(index)
    }

    fn room_of<'m>(&'m self, cell: At<'m>) -> usize {
        self.0.room_of(cell)
    }

    fn load<'m>(&'m self, word: Word<At<'m>>, order: Ordering) -> u64 {
        let value = self.0.load(word, order);
        dawdle();
        value
    }

    fn store<'m>(&'m self, word: Word<At<'m>>, value: u64, order: Ordering) {
        self.0.store(word, value, order);
        dawdle();
    }

    fn swap<'m>(&'m self, word: Word<At<'m>>, old: u64, new: u64, order: Ordering) -> bool {
        let swapped = self.0.swap(word, old, new, order);
        dawdle();
        swapped
    }

    fn write<'m>(&'m self, cell: At<'m>, from: &[u8]) {
        self.0.write(cell, from);
    }

    fn read<'m>(&'m self, cell: At<'m>, to: &mut [u8]) {
        self.0.read(cell, to);
    }
}

/// Nobody dies here.
struct Alive;

impl Holders for Alive {
    fn is_dead(&self, _slot: u32) -> bool {
        false
    }
}

static NEXT: AtomicU32 = AtomicU32::new(1);

thread_local! {
    /// The number that cells know this thread by.
    static ME: u32 = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 4096;
}

struct Slowly(Ring<Slow>);

pub fn slow_ring(_: &Yard, capacity: usize) -> Box<dyn Subject> {
    // SAFETY: zeros are an empty ring.
    let ground: Box<UnsafeCell<Ground>> = unsafe { Box::new(MaybeUninit::zeroed().assume_init()) };
    // SAFETY: on the heap, aligned, with room for so many cells; it goes with the ring.
    let cells = unsafe {
        let base = (&raw mut (*ground.get()).cells).cast();
        Cells::new(base, CELL, capacity as u32).unwrap()
    };
    Box::new(Slowly(Ring::open(Slow(Heap { ground, cells })).ok().unwrap()))
}

impl Subject for Slowly {
    fn put(&self, value: u64, _: Timeout) -> Option<Deed> {
        match ME.with(|me| self.0.try_push(*me, 0, &value.to_ne_bytes(), &Alive)) {
            Ok(()) => Some(Deed::Put(value)),
            Err(NoPush::Full) => Some(Deed::Full(value)),
            Err(NoPush::Busy(_)) => None,
            Err(other) => panic!("push answers {other:?}"),
        }
    }

    fn get(&self, _: Timeout) -> Option<Deed> {
        let mut buffer = [0; 8];
        match ME.with(|me| self.0.try_pop(*me, &mut buffer, &Alive)) {
            Ok(item) => {
                assert_eq!((item.len, item.again), (8, false));
                Some(Deed::Got(u64::from_ne_bytes(buffer)))
            }
            Err(NoPop::Empty) => Some(Deed::Empty),
            Err(NoPop::Busy(_)) => None,
            Err(other) => panic!("pop answers {other:?}"),
        }
    }
}
