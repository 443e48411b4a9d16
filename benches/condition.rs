//! What does it cost to hand the turn to another thread and get it back?
//!
//! The rivals are a bare futex word on either side, which knows of no deaths and no lock, and the libc's own
//! process-shared condition with a mutex.
#![allow(missing_docs, clippy::unwrap_used, unsafe_code)] // a bench with a rival from C

mod support;

use courtyard::{Condition, Lock, Options, Scope, Timeout};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;
use support::{compare, describe, pin, variant};

fn futex(word: &AtomicU32, op: i32, value: u32) {
    // SAFETY: the word lives while the call looks at it.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), op, value, std::ptr::null::<libc::timespec>()) };
}

/// Takes turns with a partner: `turn(mine)` waits until it is `mine`, and hands it over.
fn ping_pong(n: u64, turn: impl Fn(u32) + Sync) {
    thread::scope(|s| {
        s.spawn(|| {
            pin(1);
            (0..n).for_each(|_| turn(1));
        });
        (0..n).for_each(|_| turn(0));
    });
}

/// A condition and its mutex in the libc's process-shared kind. They are never given back.
struct Libc {
    mutex: *mut libc::pthread_mutex_t,
    condition: *mut libc::pthread_cond_t,
}

// SAFETY: made for several threads.
unsafe impl Sync for Libc {}

fn libc_pair() -> Libc {
    let (read_write, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: fresh memory, aligned to a page; each is initialised before it is used.
    unsafe {
        let page = libc::mmap(std::ptr::null_mut(), 4096, read_write, kind, -1, 0);
        assert_ne!(page, libc::MAP_FAILED);
        let (mutex, condition) = (page.cast(), page.add(2048).cast());
        let mut of_mutex = std::mem::zeroed();
        libc::pthread_mutexattr_init(&raw mut of_mutex);
        libc::pthread_mutexattr_setpshared(&raw mut of_mutex, libc::PTHREAD_PROCESS_SHARED);
        assert_eq!(libc::pthread_mutex_init(mutex, &raw const of_mutex), 0);
        let mut of_condition = std::mem::zeroed();
        libc::pthread_condattr_init(&raw mut of_condition);
        libc::pthread_condattr_setpshared(&raw mut of_condition, libc::PTHREAD_PROCESS_SHARED);
        assert_eq!(libc::pthread_cond_init(condition, &raw const of_condition), 0);
        Libc { mutex, condition }
    }
}

fn main() {
    pin(0);
    describe("a condition: the turn is handed over and comes back");
    let yard = Options::new().anonymous().unwrap();
    let lock = Lock::create(&yard, "lock", Scope::Thread).unwrap();
    let condition = Condition::create(&yard, "condition").unwrap();
    let (ours, word, theirs) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    let pair = libc_pair();
    let with_futex = |mine| {
        while word.load(SeqCst) != mine {
            futex(&word, libc::FUTEX_WAIT, 1 - mine);
        }
        word.store(1 - mine, SeqCst);
        futex(&word, libc::FUTEX_WAKE, 1);
    };
    let with_libc = |mine| {
        let pair = &pair;
        // SAFETY: initialised, never unmapped; the condition is waited for with the mutex.
        unsafe {
            libc::pthread_mutex_lock(pair.mutex);
            while theirs.load(SeqCst) != mine {
                libc::pthread_cond_wait(pair.condition, pair.mutex);
            }
            theirs.store(1 - mine, SeqCst);
            libc::pthread_cond_signal(pair.condition);
            libc::pthread_mutex_unlock(pair.mutex);
        }
    };
    let with_ours = |mine| {
        let guard = lock.acquire(Timeout::Forever).unwrap();
        let is_mine = || ours.load(SeqCst) == mine;
        assert!(condition.wait_for(&guard, Timeout::Forever, is_mine).unwrap().notified());
        ours.store(1 - mine, SeqCst);
        condition.notify(1);
    };
    let idle = Condition::create(&yard, "idle").unwrap();
    compare(
        "there and back, two threads on two CPUs",
        5_000,
        vec![
            variant("bare futex words", |n| ping_pong(n, with_futex)),
            variant("pthread_cond, process-shared", |n| ping_pong(n, with_libc)),
            variant("Condition and Lock", |n| ping_pong(n, with_ours)),
        ],
    );
    compare(
        "notify where nobody waits, in a yard of 64 slots",
        200_000,
        vec![variant("Condition", |n| (0..n).for_each(|_| assert_eq!(idle.notify(1), 0)))],
    );
}
