//! What does an element of an array cost, beside an atomic of one's own?
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_types)] // a bench with floors of its own

mod support;

use courtyard::{Array, ArrayOptions, Options};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use support::{compare, describe, pin, variant};

const LEN: usize = 1024;

/// An index that the compiler does not know.
fn index(i: u64) -> usize {
    black_box(i as usize % LEN)
}

fn main() {
    pin(0);
    describe("an element of an array");
    let yard = Options::new().anonymous().unwrap();
    let array = Array::<u64>::create(&yard, "array", LEN, ArrayOptions::default()).unwrap();
    let bare: Vec<AtomicU64> = (0..LEN).map(|_| AtomicU64::new(0)).collect();
    compare(
        "read",
        5_000_000,
        vec![
            variant("bare atomics in a slice", |n| {
                for i in 0..n {
                    black_box(bare[index(i)].load(Ordering::Acquire));
                }
            }),
            variant("Array::get", |n| {
                for i in 0..n {
                    black_box(array.get(index(i)).unwrap());
                }
            }),
        ],
    );
    compare(
        "stored",
        5_000_000,
        vec![
            variant("bare atomics in a slice", |n| {
                (0..n).for_each(|i| bare[index(i)].store(i, Ordering::Release));
            }),
            variant("Array::set", |n| (0..n).for_each(|i| array.set(index(i), i).unwrap())),
        ],
    );
    compare(
        "added to",
        5_000_000,
        vec![
            variant("bare atomics in a slice", |n| {
                for i in 0..n {
                    black_box(bare[index(i)].fetch_add(i, Ordering::AcqRel));
                }
            }),
            variant("Array::fetch_add", |n| {
                for i in 0..n {
                    black_box(array.fetch_add(index(i), i).unwrap());
                }
            }),
        ],
    );
    let mut to = vec![0; LEN];
    compare(
        "1024 elements read",
        20_000,
        vec![
            variant("bare atomics in a slice", |n| {
                for _ in 0..n {
                    to.iter_mut().zip(&bare).for_each(|(to, from)| *to = from.load(Ordering::Acquire));
                    black_box(&to);
                }
            }),
            variant("Array::read_slice", |n| {
                let mut to = vec![0; LEN];
                for _ in 0..n {
                    array.read_slice(0, &mut to).unwrap();
                    black_box(&to);
                }
            }),
        ],
    );
}
