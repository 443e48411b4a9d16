//! loom's atomics, and a futex made of loom's parts.
//!
//! The kernel of a model is one queue of sleepers. A sleeper names the words it watches; a wake takes the first
//! sleepers that watch a word. Each sleeper has a condition variable of its own: a single one would wake everybody
//! and hide lost wake-ups. No sleep ever times out here, so that a lost wake-up shows as a deadlock.

use super::{Wake, Watch};
use loom::sync::{Arc, Condvar, Mutex, MutexGuard};

pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

struct Sleeper {
    words: Vec<usize>,
    bell: Arc<Condvar>,
}

loom::lazy_static! {
    static ref KERNEL: Mutex<Vec<Sleeper>> = Mutex::new(Vec::new());
}

fn kernel() -> MutexGuard<'static, Vec<Sleeper>> {
    match KERNEL.lock() {
        Ok(guard) => guard,
        Err(poisoned) => poisoned.into_inner(),
    }
}

fn address(word: &AtomicU32) -> usize {
    std::ptr::from_ref(word) as usize
}

/// Sleeps until one of the words is woken, unless one of them already differs.
pub(crate) fn sleep(watches: &[Watch<'_>], _deadline: Option<u64>) -> Wake {
    let mut queue = kernel();
    // A plain load: re-reading by compare_exchange would add stores that no program makes.
    if watches.iter().any(|w| w.word.load(Ordering::Relaxed) != w.value) {
        return Wake::Woken;
    }
    let bell = Arc::new(Condvar::new());
    let words = watches.iter().map(|w| address(w.word)).collect();
    queue.push(Sleeper { words, bell: bell.clone() });
    while queue.iter().any(|s| Arc::ptr_eq(&s.bell, &bell)) {
        queue = match bell.wait(queue) {
            Ok(guard) => guard,
            Err(poisoned) => poisoned.into_inner(),
        };
    }
    Wake::Woken
}

/// The fallback without futex_waitv looks around between sleeps; a model has no clock for that.
pub(crate) fn sleep_first(watches: &[Watch<'_>], deadline: Option<u64>) -> Wake {
    sleep(watches, deadline)
}

/// Wakes at most `count` sleepers that watch `word`.
pub(crate) fn wake(word: &AtomicU32, count: u32) {
    let mut queue = kernel();
    for _ in 0..count {
        let Some(i) = queue.iter().position(|s| s.words.contains(&address(word))) else { break };
        queue.remove(i).bell.notify_one();
    }
}

/// What the kernel does when a thread dies: it marks the thread's alive word and wakes one sleeper.
#[cfg(test)]
pub(crate) fn exit(alive: &AtomicU32) {
    alive.store(0x4000_0000, Ordering::Release);
    wake(alive, 1);
}

/// Polling lets the others run, or the model would never end.
pub(crate) fn pause() {
    loom::thread::yield_now();
}

/// See [`pause`].
pub(crate) fn yield_now() {
    loom::thread::yield_now();
}
