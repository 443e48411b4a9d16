//! What does a block cost, allocated and freed: where this process has freed before, and after a search?
//!
//! The floor is what any allocator with owners must do: one compare-and-swap and one swap on a shared word. malloc and
//! free, which have no owners and one process, are there for comparison.
#![allow(missing_docs, clippy::unwrap_used, unsafe_code, clippy::disallowed_types)] // a bench with floors of its own

mod support;

use courtyard::{BlockClass, Blocks, BlocksOptions, Options, Timeout, Yard};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use support::{Variant, compare, describe, pin, variant};

/// Zeroed shared memory that is never given back.
fn shared<T>() -> *mut T {
    let (read_write, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: the kernel chooses the place.
    let p = unsafe { libc::mmap(std::ptr::null_mut(), 4096, read_write, kind, -1, 0) };
    assert_ne!(p, libc::MAP_FAILED);
    p.cast()
}

fn bare(word: &AtomicU64, n: u64) {
    for _ in 0..n {
        let taken = word.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed);
        black_box(taken.is_ok());
        black_box(word.swap(0, Ordering::Release));
    }
}

fn blocks(yard: &Yard, name: &str, list: &[(usize, u32)]) -> Blocks {
    let classes = list.iter().map(|&(size, count)| BlockClass { size, count }).collect();
    Blocks::create(yard, name, &BlocksOptions { classes, ..BlocksOptions::default() }).unwrap()
}

fn pairs<'a>(name: &str, blocks: &'a Blocks, len: usize) -> Variant<'a> {
    variant(name, move |n| {
        for _ in 0..n {
            drop(black_box(blocks.alloc(len, Timeout::Forever).unwrap()));
        }
    })
}

/// So many at a time, so that most of them are not remembered and must be searched for.
const CROWD: usize = 512;

fn crowds<'a>(name: &str, blocks: &'a Blocks, len: usize) -> Variant<'a> {
    variant(name, move |n| {
        let mut all = Vec::with_capacity(CROWD);
        for _ in 0..n.div_ceil(CROWD as u64) {
            all.extend((0..CROWD).map(|_| blocks.alloc(len, Timeout::Forever).unwrap()));
            black_box(&mut all).clear();
        }
    })
}

fn main() {
    pin(0);
    describe("a block: allocated and freed");
    let yard = Options::new().size(4 << 20).anonymous().unwrap();
    let one = blocks(&yard, "one", &[(64, 64)]);
    let ladder =
        blocks(&yard, "ladder", &[(64, 64), (128, 64), (256, 64), (512, 64), (1024, 64), (2048, 16)]);
    let many = blocks(&yard, "many", &[(64, 1024)]);
    let nearly = blocks(&yard, "nearly", &[(64, 1024)]);
    let mut taken: Vec<_> = (0..1024).map(|_| nearly.try_alloc(64).unwrap()).collect();
    taken.truncate(1023);
    // SAFETY: fresh shared memory, zeroed, aligned to a page.
    let word: &AtomicU64 = unsafe { &*shared() };
    let variants = vec![
        variant("bare compare-and-swap and swap", |n| bare(word, n)),
        pairs("of the one class", &one, 64),
        pairs("of the fifth of six classes", &ladder, 1000),
        pairs("the last free one of 1024", &nearly, 64),
        crowds("512 of 1024 at a time, searched for", &many, 64),
        pairs("a run of four", &one, 256),
        variant("malloc and free", |n| {
            for _ in 0..n {
                // SAFETY: freed once, not used.
                unsafe { libc::free(black_box(libc::malloc(64))) };
            }
        }),
    ];
    compare("allocated and freed by one thread", 500_000, variants);
    drop(taken);
}
