//! What does an uncontended lock cost?
//!
//! The floor is what any lock must do: one compare-and-swap and one swap on a shared word.
#![allow(missing_docs, clippy::unwrap_used, unsafe_code, clippy::disallowed_types)] // a bench with floors of its own

mod support;

use courtyard::{Lock, Options, Scope, Timeout};
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};
use support::{compare, describe, pin, variant};

/// Zeroed shared memory that is never given back.
fn shared<T>() -> *mut T {
    // SAFETY: the kernel chooses the place.
    let p = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            4096,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
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

fn robust_mutex() -> *mut libc::pthread_mutex_t {
    let mutex = shared();
    // SAFETY: the attribute is a local, the mutex lies in fresh shared memory.
    unsafe {
        let mut attr: libc::pthread_mutexattr_t = std::mem::zeroed();
        libc::pthread_mutexattr_init(&raw mut attr);
        libc::pthread_mutexattr_setpshared(&raw mut attr, libc::PTHREAD_PROCESS_SHARED);
        libc::pthread_mutexattr_setrobust(&raw mut attr, libc::PTHREAD_MUTEX_ROBUST);
        assert_eq!(libc::pthread_mutex_init(mutex, &raw const attr), 0);
    }
    mutex
}

fn main() {
    pin(0);
    describe("an uncontended lock: taken and released");
    let yard = Options::new().anonymous().unwrap();
    let lock = |name, scope| Lock::create(&yard, name, scope).unwrap();
    let (thread, process, anyone) =
        (lock("t", Scope::Thread), lock("p", Scope::Process), lock("a", Scope::Anyone));
    // SAFETY: fresh shared memory, zeroed, aligned to a page.
    let word: &AtomicU32 = unsafe { &*shared() };
    let mutex = robust_mutex();
    let pair = |lock: Lock| {
        move |n| {
            for _ in 0..n {
                lock.acquire_unguarded(Timeout::Forever).unwrap();
                lock.release().unwrap();
            }
        }
    };
    let guarded = thread.clone();
    compare(
        "taken and released by one thread",
        2_000_000,
        vec![
            variant("bare compare-and-swap and swap", |n| bare(word, n)),
            variant("Lock, scope thread", pair(thread)),
            variant("Lock, scope thread, with a guard", |n| {
                for _ in 0..n {
                    drop(black_box(guarded.acquire(Timeout::Forever).unwrap()));
                }
            }),
            variant("Lock, scope process", pair(process)),
            variant("Lock, scope anyone", pair(anyone)),
            variant("pthread mutex, robust, process-shared", |n| {
                for _ in 0..n {
                    // SAFETY: initialised above.
                    unsafe {
                        libc::pthread_mutex_lock(mutex);
                        libc::pthread_mutex_unlock(mutex);
                    }
                }
            }),
        ],
    );
}
