//! What does it cost to put a message into a last-in-first-out or a priority queue and to get it again?
//!
//! The rivals live in one process: a Vec and a BinaryHeap of boxed bytes, each behind the standard mutex.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_types)] // a bench with rivals from the standard library

mod support;

use courtyard::{LifoOptions, LifoQueue, Options, PriorityOptions, PriorityQueue, Timeout};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Mutex;
use support::{compare, describe, pin, variant};

const MESSAGE: [u8; 32] = [7; 32];

/// A spread of priorities, the same for everybody.
fn priority(i: u64) -> i64 {
    (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50) as i64
}

fn stacks(filled: u64) {
    let yard = Options::new().anonymous().unwrap();
    let options = LifoOptions { capacity: 1024, max_len: 32 };
    let ours = LifoQueue::create(&yard, "stack", options).unwrap();
    let theirs = Mutex::new(Vec::with_capacity(1024));
    for _ in 0..filled {
        ours.put(&MESSAGE, Timeout::Try).unwrap();
        theirs.lock().unwrap().push(MESSAGE);
    }
    let variants = vec![
        variant("Mutex<Vec>, one process", |n| {
            for _ in 0..n {
                theirs.lock().unwrap().push(std::hint::black_box(MESSAGE));
                std::hint::black_box(theirs.lock().unwrap().pop());
            }
        }),
        variant("LifoQueue", |n| {
            let mut buffer = [0; 32];
            for _ in 0..n {
                ours.put(std::hint::black_box(&MESSAGE), Timeout::Forever).unwrap();
                ours.get(std::hint::black_box(&mut buffer), Timeout::Forever).unwrap();
            }
        }),
    ];
    compare(&format!("last in, first out: put and got by one thread, {filled} below"), 1_000_000, variants);
}

fn heaps(filled: u64) {
    let yard = Options::new().anonymous().unwrap();
    let options = PriorityOptions { capacity: 1024, max_len: 32 };
    let ours = PriorityQueue::create(&yard, "heap", options).unwrap();
    let theirs = Mutex::new((BinaryHeap::with_capacity(1024), 0_u64));
    let push = |at: i64| {
        let mut theirs = theirs.lock().unwrap();
        theirs.1 += 1;
        let number = theirs.1; // equals in order, as ours
        theirs.0.push(Reverse((at, number, MESSAGE)));
    };
    for i in 0..filled {
        ours.put(&MESSAGE, priority(i), Timeout::Try).unwrap();
        push(priority(i));
    }
    let variants = vec![
        variant("Mutex<BinaryHeap>, one process", |n| {
            for i in 0..n {
                push(priority(i));
                std::hint::black_box(theirs.lock().unwrap().0.pop());
            }
        }),
        variant("PriorityQueue", |n| {
            let mut buffer = [0; 32];
            for i in 0..n {
                ours.put(std::hint::black_box(&MESSAGE), priority(i), Timeout::Forever).unwrap();
                ours.get(std::hint::black_box(&mut buffer), Timeout::Forever).unwrap();
            }
        }),
    ];
    compare(&format!("smallest first: put and got by one thread, {filled} there"), 1_000_000, variants);
}

/// One thread puts, one gets: each message goes from one to the other.
fn between_threads() {
    let yard = Options::new().anonymous().unwrap();
    let options = PriorityOptions { capacity: 64, max_len: 32 };
    let heap = PriorityQueue::create(&yard, "heap", options).unwrap();
    let stack = LifoQueue::create(&yard, "stack", LifoOptions { capacity: 64, max_len: 32 }).unwrap();
    let theirs = Mutex::new(Vec::with_capacity(64));
    let variants = vec![
        variant("Mutex<Vec>, one process, polled", |n| {
            std::thread::scope(|s| {
                s.spawn(|| {
                    let mut left = n;
                    while left > 0 {
                        let mut theirs = theirs.lock().unwrap();
                        if theirs.len() < 64 {
                            theirs.push(MESSAGE);
                            left -= 1;
                        } else {
                            drop(theirs);
                            std::thread::yield_now();
                        }
                    }
                });
                let mut left = n;
                while left > 0 {
                    match theirs.lock().unwrap().pop() {
                        Some(_) => left -= 1,
                        None => std::thread::yield_now(),
                    }
                }
            });
        }),
        variant("LifoQueue", |n| {
            std::thread::scope(|s| {
                s.spawn(|| (0..n).for_each(|_| stack.put(&MESSAGE, Timeout::Forever).unwrap()));
                let mut buffer = [0; 32];
                (0..n).for_each(|_| assert_eq!(stack.get(&mut buffer, Timeout::Forever), Ok(32)));
            });
        }),
        variant("PriorityQueue", |n| {
            std::thread::scope(|s| {
                s.spawn(|| (0..n).for_each(|i| heap.put(&MESSAGE, priority(i), Timeout::Forever).unwrap()));
                let mut buffer = [0; 32];
                (0..n).for_each(|_| assert_eq!(heap.get(&mut buffer, Timeout::Forever).unwrap().0, 32));
            });
        }),
    ];
    compare("from one thread to another", 200_000, variants);
}

fn main() {
    describe("queues under a lock");
    between_threads();
    pin(0);
    stacks(0);
    stacks(500);
    heaps(0);
    heaps(500);
}
