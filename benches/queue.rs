//! What does a message of 64 bytes cost through a queue, alone, there and back, and one way?
//!
//! The floor is the ring from one to one, which need not claim anything. `benches/peers/mp_queue.py` asks CPython's
//! `multiprocessing.Queue` the same.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use courtyard::{Options, Queue, QueueOptions, Receiver, Ring, RingOptions, Sender, Strategy, Timeout, Yard};
use std::hint::black_box;
use support::{compare, describe, pin, variant};

const SIZE: usize = 64;
const FOREVER: Timeout = Timeout::Forever;

fn yard() -> Yard {
    Options::new().size(4 << 20).anonymous().unwrap()
}

fn queue(yard: &Yard, name: &str, capacity: usize) -> Queue {
    let options =
        QueueOptions { capacity, inline_max: 112, block_bytes: 64 << 10, ..QueueOptions::default() };
    Queue::create(yard, name, options).unwrap()
}

fn rings(yard: &Yard, name: &str) -> (Sender, Receiver) {
    let ring = Ring::create(yard, name, RingOptions { capacity: 64 << 10, spin_only: false }).unwrap();
    (ring.sender(Strategy::Adaptive).unwrap(), ring.receiver(Strategy::Adaptive).unwrap())
}

/// `n` times, with the other side on the second CPU.
fn both(n: u64, mut here: impl FnMut(), mut there: impl FnMut() + Send) {
    std::thread::scope(|s| {
        s.spawn(move || {
            pin(1);
            (0..n).for_each(|_| there());
        });
        (0..n).for_each(|_| here());
    });
}

fn there_and_back(yard: &Yard) {
    let (out, back) = (queue(yard, "out", 64), queue(yard, "back", 64));
    let ((mut out_tx, mut out_rx), (mut back_tx, mut back_rx)) =
        (rings(yard, "ring-out"), rings(yard, "ring-back"));
    let (mut here, mut there) = ([1; SIZE], [2; SIZE]);
    let (mut ours, mut theirs) = ([1; SIZE], [2; SIZE]);
    compare(
        "64 bytes there and back, polling as long as it pays",
        100_000,
        vec![
            variant("rings, one each way", |n| {
                let go = || {
                    out_tx.send(&here, FOREVER).unwrap();
                    back_rx.recv(&mut here, FOREVER).unwrap();
                };
                both(n, go, || {
                    out_rx.recv(&mut there, FOREVER).unwrap();
                    back_tx.send(&there, FOREVER).unwrap();
                });
            }),
            variant("queues, one each way", |n| {
                let go = || {
                    out.put(&ours, FOREVER).unwrap();
                    back.get(&mut ours, FOREVER).unwrap();
                };
                both(n, go, || {
                    out.get(&mut theirs, FOREVER).unwrap();
                    back.put(&theirs, FOREVER).unwrap();
                });
            }),
        ],
    );
}

fn one_way(yard: &Yard) {
    let many = queue(yard, "many", 1024);
    let (mut tx, mut rx) = rings(yard, "ring-one-way");
    let (mut buffer, mut other) = ([0; SIZE], [0; SIZE]);
    compare(
        "64 bytes, one producer and one consumer",
        500_000,
        vec![
            variant("a ring", |n| {
                both(
                    n,
                    || tx.send(&[1; SIZE], FOREVER).unwrap(),
                    || {
                        black_box(rx.recv(&mut buffer, FOREVER).unwrap());
                    },
                );
            }),
            variant("a queue", |n| {
                both(
                    n,
                    || many.put(&[1; SIZE], FOREVER).unwrap(),
                    || {
                        black_box(many.get(&mut other, FOREVER).unwrap());
                    },
                );
            }),
        ],
    );
}

fn alone(yard: &Yard) {
    let one = queue(yard, "one", 64);
    let (mut tx, mut rx) = rings(yard, "ring-alone");
    let (mut buffer, mut other, mut long) = ([0; SIZE], [0; SIZE], [0; 1024]);
    compare(
        "put and got by one thread",
        1_000_000,
        vec![
            variant("a ring", |n| {
                for _ in 0..n {
                    tx.send(black_box(&[1; SIZE]), FOREVER).unwrap();
                    rx.recv(&mut buffer, FOREVER).unwrap();
                }
            }),
            variant("a queue", |n| {
                for _ in 0..n {
                    one.put(black_box(&[1; SIZE]), FOREVER).unwrap();
                    one.get(&mut other, FOREVER).unwrap();
                }
            }),
            variant("a queue, 1024 bytes in a block", |n| {
                for _ in 0..n {
                    one.put(black_box(&[1; 1024]), FOREVER).unwrap();
                    one.get(&mut long, FOREVER).unwrap();
                }
            }),
        ],
    );
}

fn main() {
    pin(0);
    describe("a message through a queue");
    let yard = yard();
    alone(&yard);
    there_and_back(&yard);
    one_way(&yard);
}
