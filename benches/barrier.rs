//! What does it cost two threads to meet?
//!
//! The rivals are a bare futex word handed there and back, which is a meeting too and knows of no deaths, and the libc's own
//! process-shared barrier and condition.
#![allow(missing_docs, clippy::unwrap_used, unsafe_code)] // a bench with rivals from C

mod support;

use courtyard::{Barrier, Options, Timeout};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;
use support::{compare, describe, pin, variant};

fn futex(word: &AtomicU32, op: i32, value: u32) {
    // SAFETY: the word lives while the call looks at it.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), op, value, std::ptr::null::<libc::timespec>()) };
}

/// Two threads do the same thing, so often; `meet` is told which of them it is.
fn both(n: u64, meet: impl Fn(u32) + Sync) {
    thread::scope(|s| {
        s.spawn(|| {
            pin(1);
            (0..n).for_each(|_| meet(1));
        });
        (0..n).for_each(|_| meet(0));
    });
}

/// A barrier, and a condition with its mutex, in the libc's process-shared kind. They are never given back.
struct Libc {
    barrier: *mut libc::pthread_barrier_t,
    mutex: *mut libc::pthread_mutex_t,
    condition: *mut libc::pthread_cond_t,
}

// SAFETY: made for several threads.
unsafe impl Sync for Libc {}

fn libc_kind() -> Libc {
    let (read_write, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: fresh memory, aligned to a page; each is initialised before it is used.
    unsafe {
        let page = libc::mmap(std::ptr::null_mut(), 4096, read_write, kind, -1, 0);
        assert_ne!(page, libc::MAP_FAILED);
        let it =
            Libc { barrier: page.cast(), mutex: page.add(1024).cast(), condition: page.add(2048).cast() };
        let mut of_barrier = std::mem::zeroed();
        libc::pthread_barrierattr_init(&raw mut of_barrier);
        libc::pthread_barrierattr_setpshared(&raw mut of_barrier, libc::PTHREAD_PROCESS_SHARED);
        assert_eq!(libc::pthread_barrier_init(it.barrier, &raw const of_barrier, 2), 0);
        let mut of_mutex = std::mem::zeroed();
        libc::pthread_mutexattr_init(&raw mut of_mutex);
        libc::pthread_mutexattr_setpshared(&raw mut of_mutex, libc::PTHREAD_PROCESS_SHARED);
        assert_eq!(libc::pthread_mutex_init(it.mutex, &raw const of_mutex), 0);
        let mut of_condition = std::mem::zeroed();
        libc::pthread_condattr_init(&raw mut of_condition);
        libc::pthread_condattr_setpshared(&raw mut of_condition, libc::PTHREAD_PROCESS_SHARED);
        assert_eq!(libc::pthread_cond_init(it.condition, &raw const of_condition), 0);
        it
    }
}

fn main() {
    pin(0);
    describe("a barrier: two threads meet");
    let yard = Options::new().anonymous().unwrap();
    let barrier = Barrier::create(&yard, "barrier", 2).unwrap();
    let libcs = libc_kind();
    let (word, arrived, trip) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    // Thread 0 hands the turn over and waits to get it back: then each knows that the other has come.
    let with_futex = |mine: u32| {
        while word.load(SeqCst) != mine {
            futex(&word, libc::FUTEX_WAIT, 1 - mine);
        }
        word.store(1 - mine, SeqCst);
        futex(&word, libc::FUTEX_WAKE, 1);
    };
    let with_barrier = |_| {
        let libcs = &libcs;
        // SAFETY: initialised, never unmapped.
        unsafe { libc::pthread_barrier_wait(libcs.barrier) };
    };
    let with_condition = |_| {
        let libcs = &libcs;
        // SAFETY: initialised, never unmapped; the condition is waited for with the mutex.
        unsafe {
            libc::pthread_mutex_lock(libcs.mutex);
            let now = trip.load(SeqCst);
            if arrived.fetch_add(1, SeqCst) == 1 {
                arrived.store(0, SeqCst);
                trip.store(now.wrapping_add(1), SeqCst);
                libc::pthread_cond_broadcast(libcs.condition);
            }
            while trip.load(SeqCst) == now {
                libc::pthread_cond_wait(libcs.condition, libcs.mutex);
            }
            libc::pthread_mutex_unlock(libcs.mutex);
        }
    };
    compare(
        "a meeting of two threads on two CPUs (the bare word: there and back)",
        5_000,
        vec![
            variant("bare futex word", |n| both(n, with_futex)),
            variant("pthread_barrier, process-shared", |n| both(n, with_barrier)),
            variant("pthread_cond, process-shared", |n| both(n, with_condition)),
            variant("Barrier", |n| both(n, |_| assert!(barrier.wait(Timeout::Forever).is_ok()))),
        ],
    );
    let alone = Barrier::create(&yard, "alone", 1).unwrap();
    compare(
        "a party of one: arriving and making the trip",
        200_000,
        vec![
            variant("Barrier", |n| (0..n).for_each(|_| assert!(alone.wait(Timeout::Try).is_ok()))),
            variant("Barrier with an action", |n| {
                (0..n).for_each(|_| assert!(alone.wait_with(Timeout::Try, || ()).is_ok()));
            }),
        ],
    );
}
