//! The ring beside its rivals, one way: how many records a second, between two threads on two CPUs.
//!
//! The baseline of each table is the rival; a ratio below 1 means less time than the rival's. Rounds alternate; the
//! judged figure is the median of per-round ratios. rtrb and shaq spin, so the ring is made for spinning too; the
//! blocking kind is shown beside it.

#[path = "../../support/mod.rs"]
mod support;

use courtyard::{Options, Ring, RingOptions, Strategy, Timeout, TypedRing, Yard};
use std::hint::{black_box, spin_loop};
use std::sync::Barrier;
use support::{Variant, compare, describe, pin, variant};

const COUNT: usize = 1024;

/// Runs one side on each CPU, both starting at the same time.
fn both(there: impl FnOnce() + Send, here: impl FnOnce()) {
    let start = Barrier::new(2);
    std::thread::scope(|s| {
        s.spawn(|| {
            pin(1);
            start.wait();
            there();
        });
        start.wait();
        here();
    });
}

fn rtrb_single<T: Copy + Send + Sync + 'static>(value: T) -> Variant<'static> {
    let (mut tx, mut rx) = rtrb::RingBuffer::new(COUNT);
    variant("rtrb", move |n| {
        both(
            || {
                for _ in 0..n {
                    while tx.push(black_box(value)).is_err() {
                        spin_loop();
                    }
                }
            },
            || {
                for _ in 0..n {
                    loop {
                        if let Ok(v) = rx.pop() {
                            black_box(v);
                            break;
                        }
                        spin_loop();
                    }
                }
            },
        );
    })
}

fn shaq_single<T: Copy + Send + Sync + 'static>(value: T) -> Variant<'static> {
    let (mut tx, mut rx) = shaq::spsc::pair::<T>(COUNT).expect("a queue on the heap");
    variant("shaq", move |n| {
        both(
            || {
                for _ in 0..n {
                    while tx.try_write(black_box(value)).is_err() {
                        spin_loop();
                    }
                }
            },
            || {
                for _ in 0..n {
                    loop {
                        if let Some(v) = rx.try_read() {
                            black_box(v);
                            break;
                        }
                        spin_loop();
                    }
                }
            },
        );
    })
}

fn yard() -> Yard {
    Options::new().size(4 << 20).anonymous().expect("a yard")
}

fn records<const N: usize>(name: &str, spin_only: bool) -> Variant<'static> {
    let yard = yard();
    // As much room for records as the rivals have for elements.
    let options = RingOptions { capacity: (COUNT * (N + 8)).next_power_of_two(), spin_only };
    let ring = Ring::create(&yard, "ring", options).expect("a ring");
    let strategy = if spin_only { Strategy::Spin } else { Strategy::Adaptive };
    let mut tx = ring.sender(strategy).expect("its sender");
    let mut rx = ring.receiver(strategy).expect("its receiver");
    variant(name, move |n| {
        both(
            || {
                let record = [7u8; N];
                for _ in 0..n {
                    tx.send(black_box(&record), Timeout::Forever).expect("room");
                }
            },
            || {
                let mut record = [0u8; N];
                for _ in 0..n {
                    rx.recv(&mut record, Timeout::Forever).expect("a record");
                    black_box(&record);
                }
            },
        );
    })
}

fn typed(name: &str, spin_only: bool) -> Variant<'static> {
    let ring = TypedRing::<u64>::create(&yard(), "ring", COUNT, spin_only).expect("a ring");
    let strategy = if spin_only { Strategy::Spin } else { Strategy::Adaptive };
    let mut tx = ring.sender(strategy).expect("its sender");
    let mut rx = ring.receiver(strategy).expect("its receiver");
    variant(name, move |n| {
        both(
            || (0..n).for_each(|i| tx.send(black_box(i), Timeout::Forever).expect("room")),
            || {
                for _ in 0..n {
                    black_box(rx.recv(Timeout::Forever).expect("an element"));
                }
            },
        );
    })
}

const BATCH: usize = 32;

fn rtrb_chunks() -> Variant<'static> {
    let (mut tx, mut rx) = rtrb::RingBuffer::<u64>::new(COUNT);
    variant("rtrb, chunks of 32", move |n| {
        let rounds = n / BATCH as u64;
        both(
            || {
                for i in 0..rounds {
                    loop {
                        if let Ok(chunk) = tx.write_chunk_uninit(BATCH) {
                            chunk.fill_from_iter((0..BATCH as u64).map(|j| i + j));
                            break;
                        }
                        spin_loop();
                    }
                }
            },
            || {
                let mut sum = 0;
                for _ in 0..rounds {
                    loop {
                        if let Ok(chunk) = rx.read_chunk(BATCH) {
                            sum += chunk.into_iter().sum::<u64>();
                            break;
                        }
                        spin_loop();
                    }
                }
                black_box(sum);
            },
        );
    })
}

fn typed_slices() -> Variant<'static> {
    let ring = TypedRing::<u64>::create(&yard(), "ring", COUNT, true).expect("a ring");
    let mut tx = ring.sender(Strategy::Spin).expect("its sender");
    let mut rx = ring.receiver(Strategy::Spin).expect("its receiver");
    variant("typed ring, slices of 32", move |n| {
        let total = n / BATCH as u64 * BATCH as u64;
        both(
            || {
                let mut sent = 0;
                while sent < total {
                    let slice: [u64; BATCH] = std::array::from_fn(|j| sent + j as u64);
                    let mut rest = &slice[..];
                    while !rest.is_empty() {
                        let n = tx.send_slice(rest, Timeout::Forever).expect("room");
                        rest = &rest[n..];
                    }
                    sent += BATCH as u64;
                }
            },
            || {
                let (mut slice, mut got, mut sum) = ([0u64; BATCH], 0, 0);
                while got < total {
                    let n = rx.recv_slice(&mut slice, Timeout::Forever).expect("elements");
                    sum += slice[..n].iter().sum::<u64>();
                    got += n as u64;
                }
                black_box(sum);
            },
        );
    })
}

fn main() {
    drop(yard()); // the library counts its CPUs before this thread is pinned to one
    pin(0);
    describe("one way, beside rtrb (threads) and shaq (here on the heap)");
    compare(
        "64 bytes",
        1_000_000,
        vec![
            rtrb_single([7u8; 64]),
            shaq_single([7u8; 64]),
            records::<64>("ring of records, spin-only", true),
            records::<64>("ring of records, adaptive", false),
        ],
    );
    compare(
        "8 bytes",
        2_000_000,
        vec![
            rtrb_single(7u64),
            shaq_single(7u64),
            records::<8>("ring of records, spin-only", true),
            records::<8>("ring of records, adaptive", false),
            typed("typed ring, spin-only", true),
            typed("typed ring, adaptive", false),
        ],
    );
    compare("batches of u64", 4_000_000, vec![rtrb_chunks(), typed_slices()]);
}
