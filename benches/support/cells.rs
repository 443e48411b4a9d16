//! A ring of cells on the heap, for benches.
#![allow(dead_code, missing_docs, unreachable_pub, unsafe_code, clippy::unwrap_used)] // each bench uses what it needs; a failed one may stop

use crate::lockfree::mpmc::layout::Words;
use crate::lockfree::mpmc::memory::Place;
use crate::lockfree::mpmc::{Holders, Ring};
use crate::shim::cells::Cells;
use std::hint::{black_box, spin_loop};

pub struct Heap {
    words: &'static Words,
    cells: Cells,
}

impl Place for Heap {
    fn words(&self) -> &Words {
        self.words
    }
    fn cells(&self) -> &Cells {
        &self.cells
    }
}

/// Nobody dies in a bench.
pub struct Alive;

impl Holders for Alive {
    fn is_dead(&self, _slot: u32) -> bool {
        false
    }
}

/// An empty ring that is never given back.
pub fn ring(bytes: usize, count: u32) -> Ring<Heap> {
    let layout = std::alloc::Layout::from_size_align(384 + bytes * count as usize, 128).unwrap();
    // SAFETY: zeros are a fresh ring; the memory is aligned, long enough, and never freed.
    let heap = unsafe {
        let base = std::alloc::alloc_zeroed(layout);
        Heap { words: &*base.cast::<Words>(), cells: Cells::new(base.add(384), bytes, count).unwrap() }
    };
    Ring::open(heap).ok().unwrap()
}

#[inline(always)]
pub fn push<const N: usize>(ring: &Ring<Heap>, me: u32, item: &[u8; N]) {
    while ring.try_push(me, 0, black_box::<&[u8; N]>(item), &Alive).is_err() {
        while !ring.seems_pushable() {
            spin_loop();
        }
    }
}

#[inline(always)]
pub fn pop<const N: usize>(ring: &Ring<Heap>, me: u32) -> [u8; N] {
    let mut item = [0; N];
    while ring.try_pop(me, &mut item, &Alive).is_err() {
        while !ring.seems_poppable() {
            spin_loop();
        }
    }
    item
}
