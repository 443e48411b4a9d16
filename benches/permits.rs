//! What does an uncontended permit cost, alone and as the last free one of many?
//!
//! The floor is what any semaphore with owners must do: one compare-and-swap and one swap on a shared word.
#![allow(missing_docs, clippy::unwrap_used, unsafe_code, clippy::disallowed_types)] // a bench with floors of its own

mod support;

use courtyard::{Options, Permits, Timeout};
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};
use support::{Variant, compare, describe, pin, variant};

/// Zeroed shared memory that is never given back.
fn shared<T>() -> *mut T {
    let (read_write, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: the kernel chooses the place.
    let p = unsafe { libc::mmap(std::ptr::null_mut(), 4096, read_write, kind, -1, 0) };
    assert_ne!(p, libc::MAP_FAILED);
    p.cast()
}

fn bare(word: &AtomicU32, n: u64) {
    for _ in 0..n {
        let taken = word.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed);
        black_box(taken.is_ok());
        black_box(word.swap(0, Ordering::Release));
    }
}

fn pairs<'a>(name: &str, permits: &'a Permits) -> Variant<'a> {
    variant(name, move |n| {
        for _ in 0..n {
            permits.acquire_unguarded(Timeout::Forever).unwrap();
            permits.release(1).unwrap();
        }
    })
}

fn guards<'a>(name: &str, permits: &'a Permits) -> Variant<'a> {
    variant(name, move |n| {
        for _ in 0..n {
            drop(black_box(permits.acquire(Timeout::Forever).unwrap()));
        }
    })
}

/// A semaphore of the C library, in shared memory: it has no owners, and keeps what the dead held.
fn semaphore() -> *mut libc::sem_t {
    let semaphore = shared();
    // SAFETY: it lies in fresh shared memory.
    assert_eq!(unsafe { libc::sem_init(semaphore, 1, 1) }, 0);
    semaphore
}

fn main() {
    pin(0);
    describe("an uncontended permit: taken and given back");
    let yard = Options::new().anonymous().unwrap();
    let permits = |name, count, taken| {
        let permits = Permits::create(&yard, name, count).unwrap();
        (0..taken).for_each(|_| permits.acquire_unguarded(Timeout::Try).unwrap());
        permits
    };
    let (one, last, many) = (permits("one", 1, 0), permits("last", 64, 63), permits("many", 64, 0));
    // SAFETY: fresh shared memory, zeroed, aligned to a page.
    let word: &AtomicU32 = unsafe { &*shared() };
    let semaphore = semaphore();
    let variants = vec![
        variant("bare compare-and-swap and swap", |n| bare(word, n)),
        pairs("one of one", &one),
        guards("one of one, with a guard", &one),
        pairs("one of 64 with 63 taken", &last),
        guards("one of 64 with 63 taken, with a guard", &last),
        variant("eight of 64 at once, with a guard", |n| {
            for _ in 0..n {
                drop(black_box(many.acquire_many(8, Timeout::Forever).unwrap()));
            }
        }),
        variant("POSIX semaphore, process-shared, no owners", |n| {
            for _ in 0..n {
                // SAFETY: initialised above.
                unsafe {
                    libc::sem_wait(semaphore);
                    libc::sem_post(semaphore);
                }
            }
        }),
    ];
    compare("taken and given back by one thread", 1_000_000, variants);
}
