//! What does the ring of cells cost, alone and between threads?
//!
//! The floor is the queue of Vyukov, bare: a position by compare-and-swap, a sequence number per cell. It is what the
//! ring does, without knowing who has a cell: a death in it blocks it for ever.
#![allow(missing_docs, unsafe_code, clippy::unwrap_used, clippy::disallowed_types)] // a bench with a floor of its own

#[path = "support/lockfree.rs"]
mod lockfree;
#[path = "support/shim.rs"]
mod shim;
mod support;
#[path = "support/cells.rs"]
mod support_cells;

use std::cell::UnsafeCell;
use std::hint::{black_box, spin_loop};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{Variant, compare, describe, pin, variant};
use support_cells::{pop, push, ring};

#[repr(align(128))]
struct Line(AtomicUsize);

#[repr(align(64))]
struct Cell<const N: usize> {
    sequence: AtomicUsize,
    item: UnsafeCell<[u8; N]>,
}

/// Bounded queue of Vyukov.
struct Floor<const N: usize> {
    tail: Line,
    head: Line,
    cells: Box<[Cell<N>]>,
}

// SAFETY: a cell is touched by whoever has its position only.
unsafe impl<const N: usize> Sync for Floor<N> {}

impl<const N: usize> Floor<N> {
    fn new(count: usize) -> Floor<N> {
        let cell = |i| Cell { sequence: AtomicUsize::new(i), item: UnsafeCell::new([0; N]) };
        let line = || Line(AtomicUsize::new(0));
        Floor { tail: line(), head: line(), cells: (0..count).map(cell).collect() }
    }

    #[inline(always)]
    fn claim(&self, hint: &AtomicUsize, ready: usize) -> Option<usize> {
        let mut position = hint.load(Ordering::Relaxed);
        loop {
            let cell = &self.cells[position & (self.cells.len() - 1)];
            let distance = cell.sequence.load(Ordering::Acquire).wrapping_sub(position + ready).cast_signed();
            if distance == 0 {
                let next = position + 1;
                match hint.compare_exchange_weak(position, next, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => return Some(position),
                    Err(now) => position = now,
                }
            } else if distance < 0 {
                return None;
            } else {
                position = hint.load(Ordering::Relaxed);
            }
        }
    }

    #[inline(always)]
    fn push(&self, item: &[u8; N]) {
        let position = loop {
            match self.claim(&self.tail.0, 0) {
                Some(position) => break position,
                None => spin_loop(),
            }
        };
        let cell = &self.cells[position & (self.cells.len() - 1)];
        // SAFETY: the position is ours.
        unsafe { *cell.item.get() = *black_box(item) };
        cell.sequence.store(position + 1, Ordering::Release);
    }

    #[inline(always)]
    fn pop(&self) -> [u8; N] {
        let position = loop {
            match self.claim(&self.head.0, 1) {
                Some(position) => break position,
                None => spin_loop(),
            }
        };
        let cell = &self.cells[position & (self.cells.len() - 1)];
        // SAFETY: the position is ours.
        let item = unsafe { *cell.item.get() };
        cell.sequence.store(position + self.cells.len(), Ordering::Release);
        item
    }
}

const COUNT: usize = 1024;

/// So many pushers and as many poppers, each pair moving its part of `n`.
fn threads(n: u64, pairs: u64, push: impl Fn(u32) + Sync, pop: impl Fn(u32) + Sync) {
    let start = Barrier::new(2 * pairs as usize);
    let (start, push, pop) = (&start, &push, &pop);
    std::thread::scope(|s| {
        for pair in 0..pairs as u32 {
            s.spawn(move || {
                pin(0);
                start.wait();
                (0..n / pairs).for_each(|_| push(2 * pair));
            });
            s.spawn(move || {
                pin(1);
                start.wait();
                (0..n / pairs).for_each(|_| pop(2 * pair + 1));
            });
        }
    });
}

fn floor<const N: usize>(pairs: u64) -> Variant<'static> {
    let floor = Floor::<N>::new(COUNT);
    let item = [7; N];
    variant("bare queue of Vyukov", move |n| {
        if pairs > 0 {
            return threads(
                n,
                pairs,
                |_| floor.push(&item),
                |_| {
                    black_box(floor.pop());
                },
            );
        }
        for _ in 0..n {
            floor.push(&item);
            black_box(floor.pop());
        }
    })
}

fn cells<const N: usize>(bytes: usize, pairs: u64) -> Variant<'static> {
    let ring = ring(bytes, COUNT as u32);
    let item = [7; N];
    variant(format!("ring, cells of {bytes} bytes"), move |n| {
        if pairs > 0 {
            let pop = |me| {
                black_box(pop::<N>(&ring, me));
            };
            return threads(n, pairs, |me| push(&ring, me, &item), pop);
        }
        for _ in 0..n {
            push(&ring, 0, &item);
            black_box(pop::<N>(&ring, 0));
        }
    })
}

fn main() {
    pin(0);
    describe("items through a ring of 1024 cells");
    let title = "pushed and popped by one thread";
    compare(
        &format!("8 bytes {title}"),
        1_000_000,
        vec![floor::<8>(0), cells::<8>(32, 0), cells::<8>(64, 0), cells::<8>(128, 0)],
    );
    compare(&format!("64 bytes {title}"), 1_000_000, vec![floor::<64>(0), cells::<64>(128, 0)]);
    for pairs in [1, 2] {
        let title = format!("one way, {pairs} to {pairs} threads on two CPUs");
        let variants =
            vec![floor::<8>(pairs), cells::<8>(32, pairs), cells::<8>(64, pairs), cells::<8>(128, pairs)];
        compare(&format!("8 bytes {title}"), 1_000_000, variants);
        compare(&format!("64 bytes {title}"), 1_000_000, vec![floor::<64>(pairs), cells::<64>(128, pairs)]);
    }
}
