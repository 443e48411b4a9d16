//! What does a re-entrant lock cost, taken for the first time and taken again?
//!
//! The rivals are the C library's recursive mutexes, process-shared.
#![allow(missing_docs, clippy::unwrap_used, unsafe_code)] // a bench with rivals from C

mod support;

use courtyard::{Options, RLock, Timeout};
use support::{Variant, compare, describe, pin, variant};

/// A recursive mutex in shared memory that is never given back.
fn mutex(robust: bool) -> *mut libc::pthread_mutex_t {
    let (read_write, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: the kernel chooses the place; the attribute is a local, the mutex lies in fresh shared memory.
    unsafe {
        let page = libc::mmap(std::ptr::null_mut(), 4096, read_write, kind, -1, 0);
        assert_ne!(page, libc::MAP_FAILED);
        let mut attr: libc::pthread_mutexattr_t = std::mem::zeroed();
        libc::pthread_mutexattr_init(&raw mut attr);
        libc::pthread_mutexattr_setpshared(&raw mut attr, libc::PTHREAD_PROCESS_SHARED);
        libc::pthread_mutexattr_settype(&raw mut attr, libc::PTHREAD_MUTEX_RECURSIVE);
        if robust {
            libc::pthread_mutexattr_setrobust(&raw mut attr, libc::PTHREAD_MUTEX_ROBUST);
        }
        assert_eq!(libc::pthread_mutex_init(page.cast(), &raw const attr), 0);
        page.cast()
    }
}

/// Locked and unlocked by one thread, which may hold it already.
fn theirs(name: &str, mutex: *mut libc::pthread_mutex_t) -> Variant<'static> {
    variant(name, move |n| {
        for _ in 0..n {
            // SAFETY: an initialised mutex that is never unmapped.
            unsafe {
                libc::pthread_mutex_lock(mutex);
                libc::pthread_mutex_unlock(mutex);
            }
        }
    })
}

fn main() {
    pin(0);
    describe("a re-entrant lock: taken and released by one thread");
    let yard = Options::new().anonymous().unwrap();
    let rlock = RLock::create(&yard, "rlock").unwrap();
    let (plain, robust) = (mutex(false), mutex(true));
    let variants = || {
        vec![
            theirs("pthread mutex, recursive, process-shared", plain),
            theirs("pthread mutex, recursive, robust, process-shared", robust),
            variant("RLock", |n| {
                for _ in 0..n {
                    rlock.acquire_unguarded(Timeout::Forever).unwrap();
                    rlock.release().unwrap();
                }
            }),
            variant("RLock, with a guard", |n| {
                for _ in 0..n {
                    drop(std::hint::black_box(rlock.acquire(Timeout::Forever).unwrap()));
                }
            }),
        ]
    };
    compare("for the first time, uncontended", 2_000_000, variants());
    rlock.acquire_unguarded(Timeout::Forever).unwrap();
    // SAFETY: initialised mutexes; they stay locked.
    unsafe {
        assert_eq!(libc::pthread_mutex_lock(plain), 0);
        assert_eq!(libc::pthread_mutex_lock(robust), 0);
    }
    compare("again, by who holds it", 2_000_000, variants());
}
