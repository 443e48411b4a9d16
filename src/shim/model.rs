//! loom's atomics, and a futex made of loom's parts.
//!
//! The kernel of a model is one queue of sleepers. A sleeper names the words it watches; a wake takes the first
//! sleepers that watch a word. Each sleeper has a condition variable of its own: a single one would wake everybody
//! and hide lost wake-ups. No sleep ever times out here, so that a lost wake-up shows as a deadlock.

use super::{Wake, Watch};
use loom::sync::{Arc, Condvar, Mutex, MutexGuard};
#[cfg(test)]
use std::cell::Cell;

pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
pub(crate) use loom::thread_local;

/// As many as the kernel's vector is given.
pub(crate) const WATCH_MAX: usize = 64;

struct Sleeper {
    words: Vec<usize>,
    bell: Arc<Condvar>,
}

loom::lazy_static! {
    static ref KERNEL: Mutex<Vec<Sleeper>> = Mutex::new(Vec::new());
}

/// Where in the kernel a thread is killed.
#[cfg(test)]
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Doom {
    /// When it comes back from its next sleep.
    Sleeping,
    /// When it is about to wake somebody.
    Waking,
    /// When the model says so.
    Acting,
    /// At a step, after so many others.
    Step(u32),
}

#[cfg(test)]
loom::thread_local! {
    static DOOM: Cell<Option<Doom>> = Cell::new(None);
}

/// Does something and is killed at the given moment, if it comes: the rest is never done. Tells whether it was done.
#[cfg(test)]
pub(crate) fn doomed<T>(doom: Doom, f: impl FnOnce() -> T) -> Option<T> {
    DOOM.with(|d| d.set(Some(doom)));
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).ok();
    DOOM.with(|d| d.set(None));
    done
}

/// Whether the thread is killed when the model says so.
#[cfg(test)]
pub(crate) fn is_doomed() -> bool {
    DOOM.with(|d| d.get()) == Some(Doom::Acting)
}

#[cfg(test)]
fn meet(doom: Doom) {
    if DOOM.with(|d| d.get()) == Some(doom) {
        std::panic::resume_unwind(Box::new("killed"));
    }
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
    sleep_until_woken(watches);
    #[cfg(test)]
    meet(Doom::Sleeping);
    Wake::Woken
}

fn sleep_until_woken(watches: &[Watch<'_>]) {
    let mut queue = kernel();
    // A plain load: re-reading by compare_exchange would add stores that no program makes.
    if watches.iter().any(|w| w.word.load(Ordering::Relaxed) != w.value) {
        return;
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
}

/// The fallback without futex_waitv looks around between sleeps; a model has no clock for that.
pub(crate) fn sleep_first(watches: &[Watch<'_>], deadline: Option<u64>) -> Wake {
    sleep(watches, deadline)
}

/// Wakes at most `count` sleepers that watch `word`.
pub(crate) fn wake(word: &AtomicU32, count: u32) {
    #[cfg(test)]
    meet(Doom::Waking);
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

/// The fence that a read-modify-write is on x86-64; see `real.rs`.
pub(crate) fn rmw_fence(order: Ordering) {
    fence(order);
}

/// loom keeps the order of the program.
pub(crate) fn step() {
    #[cfg(test)]
    DOOM.with(|d| match d.get() {
        Some(Doom::Step(0)) => meet(Doom::Step(0)),
        Some(Doom::Step(more)) => d.set(Some(Doom::Step(more - 1))),
        _ => {}
    });
}

/// Polling lets the others run, or the model would never end.
pub(crate) fn pause() {
    loom::thread::yield_now();
}

/// See [`pause`].
pub(crate) fn yield_now() {
    loom::thread::yield_now();
}

/// Copies word by word, with nothing that orders them. A model's payload is whole words.
pub(crate) fn racing_out(words: &[AtomicU64], to: &mut [u8]) {
    for (to, word) in to.chunks_mut(8).zip(words) {
        to.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
    }
}

/// See [`racing_out`].
pub(crate) fn racing_in(words: &[AtomicU64], from: &[u8]) {
    for (from, word) in from.chunks(8).zip(words) {
        word.store(u64::from_ne_bytes(from.try_into().unwrap_or_default()), Ordering::Relaxed);
    }
}

/// Payload memory of a model, in words of 8 bytes: loom reports whoever touches a word while another may.
#[derive(Clone)]
pub(crate) struct Bytes(std::sync::Arc<Vec<loom::cell::UnsafeCell<u64>>>);

#[allow(unsafe_code)] // the closures of loom's cells hand out raw pointers
impl Bytes {
    /// `len` zero bytes.
    #[cfg(test)]
    pub(crate) fn zeroed(len: usize) -> Bytes {
        Bytes(std::sync::Arc::new((0..len / 8).map(|_| loom::cell::UnsafeCell::new(0)).collect()))
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len() * 8
    }

    /// Copies `from` to offset `at`, a multiple of 8.
    pub(crate) fn copy_in(&self, at: usize, from: &[u8]) {
        for (i, part) in from.chunks(8).enumerate() {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.set_word((at + 8 * i) as u64, u64::from_ne_bytes(word));
        }
    }

    /// As `copy_in`, at a position that goes round.
    pub(crate) fn words_in(&self, position: u64, from: &[u8]) {
        self.copy_in(self.offset(position), from);
    }

    /// As `copy_out`, at a position that goes round.
    pub(crate) fn words_out(&self, position: u64, to: &mut [u8]) {
        self.copy_out(self.offset(position), to);
    }

    /// Copies from offset `at`, a multiple of 8, until `to` is full.
    pub(crate) fn copy_out(&self, at: usize, to: &mut [u8]) {
        for (i, part) in to.chunks_mut(8).enumerate() {
            part.copy_from_slice(&self.word((at + 8 * i) as u64).to_ne_bytes()[..part.len()]);
        }
    }

    /// Writes one value at offset `at`.
    pub(crate) fn put<T: bytemuck::NoUninit>(&self, at: usize, value: &T) {
        self.copy_in(at, bytemuck::bytes_of(value));
    }

    /// Reads one value from offset `at`.
    pub(crate) fn get<T: bytemuck::AnyBitPattern>(&self, at: usize) -> T {
        let mut bytes = vec![0; size_of::<T>()];
        self.copy_out(at, &mut bytes);
        bytemuck::pod_read_unaligned(&bytes)
    }

    fn offset(&self, position: u64) -> usize {
        assert_eq!(position % 8, 0, "a model touches whole words");
        position as usize & (self.len() - 1)
    }

    /// Reads the word at `position`.
    pub(crate) fn word(&self, position: u64) -> u64 {
        // SAFETY: the pointer is that of a live cell; loom fails the model if anybody writes it meanwhile.
        self.0[self.offset(position) / 8].with(|word| unsafe { *word })
    }

    /// Writes the word at `position`.
    pub(crate) fn set_word(&self, position: u64, value: u64) {
        // SAFETY: the pointer is that of a live cell; loom fails the model if anybody else touches it meanwhile.
        self.0[self.offset(position) / 8].with_mut(|word| unsafe { *word = value });
    }
}
