//! The ring of cells beside crossbeam's ArrayQueue, one way between threads on two CPUs.
//!
//! The baseline of each table is the rival; a ratio below 1 means less time than the rival's. All spin: what waiting
//! costs is the queue's matter. The ring knows who has each cell, and outlives him; the rival does not.

#[path = "../../../support/lockfree.rs"]
mod lockfree;
#[path = "../../../support/shim.rs"]
mod shim;
#[path = "../../../support/mod.rs"]
mod support;
#[path = "../../../support/cells.rs"]
mod support_cells;

use crossbeam_queue::ArrayQueue;
use std::hint::{black_box, spin_loop};
use std::sync::Barrier;
use support::{Variant, compare, describe, pin, variant};
use support_cells::{pop, push, ring};

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

fn rival_push<const N: usize>(queue: &ArrayQueue<[u8; N]>, item: &[u8; N]) {
    while queue.push(*black_box(item)).is_err() {
        spin_loop();
    }
}

fn rival_pop<const N: usize>(queue: &ArrayQueue<[u8; N]>) -> [u8; N] {
    loop {
        match queue.pop() {
            Some(item) => return item,
            None => spin_loop(),
        }
    }
}

fn rival<const N: usize>(pairs: u64) -> Variant<'static> {
    let (queue, item) = (ArrayQueue::new(COUNT), [7; N]);
    variant("crossbeam ArrayQueue", move |n| {
        if pairs > 0 {
            let pop = |_| {
                black_box(rival_pop(&queue));
            };
            return threads(n, pairs, |_| rival_push(&queue, &item), pop);
        }
        for _ in 0..n {
            rival_push(&queue, &item);
            black_box(rival_pop(&queue));
        }
    })
}

fn cells<const N: usize>(bytes: usize, pairs: u64) -> Variant<'static> {
    let (ring, item) = (ring(bytes, COUNT as u32), [7; N]);
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
    describe("items through 1024 places, beside crossbeam (threads)");
    for pairs in [0, 1, 2] {
        let title = match pairs {
            0 => "pushed and popped by one thread".to_owned(),
            _ => format!("one way, {pairs} to {pairs} threads"),
        };
        let small = vec![rival::<8>(pairs), cells::<8>(64, pairs), cells::<8>(128, pairs)];
        compare(&format!("8 bytes {title}"), 1_000_000, small);
        compare(&format!("64 bytes {title}"), 1_000_000, vec![rival::<64>(pairs), cells::<64>(128, pairs)]);
    }
}
