//! A sheet: a shared page on which one process writes what another reads, even if the writer was killed.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::clock;

const NO_SEAT: i32 = -1;

/// The fixed part of a sheet; text follows it.
#[repr(C)]
struct Head {
    phase: AtomicU32,
    told: AtomicU32,
    thread: AtomicI32,
    seat: AtomicI32,
    began: AtomicU64,
    steps: AtomicU64,
    length: AtomicUsize,
}

/// Shared with every process forked after it was made. It is unmapped only by its maker's drop.
pub(crate) struct Sheet {
    head: NonNull<Head>,
    capacity: usize,
    /// It is a mapping of its own.
    alone: bool,
}

impl Sheet {
    /// A blank sheet with room for `capacity` bytes of text.
    pub(crate) fn new(capacity: usize) -> Sheet {
        Sheet { head: map(size_of::<Head>() + capacity), capacity, alone: true }
    }

    /// So many blank sheets in one mapping, which stays: whoever forks has each mapping copied.
    pub(crate) fn many(count: usize, capacity: usize) -> Vec<Sheet> {
        let each = (size_of::<Head>() + capacity).next_multiple_of(align_of::<Head>());
        let first = map(each * count);
        // SAFETY: so many pieces of that length lie in the mapping, each aligned as the first is.
        let head = |at| unsafe { first.byte_add(at * each) };
        (0..count).map(|at| Sheet { head: head(at), capacity, alone: false }).collect()
    }

    fn head(&self) -> &Head {
        // SAFETY: the mapping lives as long as self, is zeroed, and holds atomics only.
        unsafe { self.head.as_ref() }
    }

    fn text(&self) -> *mut u8 {
        // SAFETY: the text begins right behind the head, inside the mapping.
        unsafe { self.head.as_ptr().add(1).cast() }
    }

    /// Makes the sheet blank again.
    pub(crate) fn wipe(&self) {
        let head = self.head();
        head.phase.store(0, Ordering::SeqCst);
        head.told.store(0, Ordering::SeqCst);
        head.thread.store(0, Ordering::SeqCst);
        head.seat.store(NO_SEAT, Ordering::SeqCst);
        head.began.store(clock::now(), Ordering::SeqCst);
        head.steps.store(0, Ordering::SeqCst);
        head.length.store(0, Ordering::SeqCst);
    }

    /// The phase written last.
    pub(crate) fn phase(&self) -> u32 {
        self.head().phase.load(Ordering::SeqCst)
    }

    /// Enters a phase, notes the time, and wakes whoever waits for a phase.
    pub(crate) fn enter(&self, phase: u32) {
        self.head().began.store(clock::now(), Ordering::SeqCst);
        self.head().phase.store(phase, Ordering::SeqCst);
        wake(&self.head().phase);
    }

    /// Says that the phase goes well: its time begins anew.
    pub(crate) fn progress(&self) {
        self.head().began.store(clock::now(), Ordering::SeqCst);
    }

    /// When the phase began.
    pub(crate) fn began(&self) -> u64 {
        self.head().began.load(Ordering::SeqCst)
    }

    /// Sleeps until the phase is no longer `phase`, or `limit` has passed.
    pub(crate) fn sleep_while(&self, phase: u32, limit: Duration) {
        sleep(&self.head().phase, phase, Some(limit));
    }

    /// The thread number left here; 0 before.
    pub(crate) fn thread(&self) -> i32 {
        self.head().thread.load(Ordering::SeqCst)
    }

    /// Leaves the calling thread's number.
    pub(crate) fn sign(&self) {
        // SAFETY: gettid has no arguments.
        self.head().thread.store(unsafe { libc::gettid() }, Ordering::SeqCst);
    }

    /// Notes which seat is taken.
    pub(crate) fn sit(&self, seat: i32) {
        self.head().seat.store(seat, Ordering::SeqCst);
    }

    /// Notes that none is; tells which one was, or a number that is none.
    pub(crate) fn stand_up(&self) -> i32 {
        self.head().seat.swap(NO_SEAT, Ordering::SeqCst)
    }

    /// Counts instructions stepped; tells how many there were.
    pub(crate) fn count(&self, steps: u64) -> u64 {
        self.head().steps.fetch_add(steps, Ordering::SeqCst)
    }

    /// The instructions counted.
    pub(crate) fn steps(&self) -> u64 {
        self.head().steps.load(Ordering::SeqCst)
    }

    /// Tells the process at the other side to go on.
    pub(crate) fn tell(&self) {
        self.head().told.store(1, Ordering::SeqCst);
        wake(&self.head().told);
    }

    /// Whether `tell` has been called.
    pub(crate) fn told(&self) -> bool {
        self.head().told.load(Ordering::SeqCst) != 0
    }

    /// Sleeps until told.
    pub(crate) fn until_told(&self) {
        while !self.told() {
            sleep(&self.head().told, 0, None);
        }
    }

    /// Replaces the text; what does not fit is cut off.
    pub(crate) fn write(&self, text: &str) {
        let length = text.len().min(self.capacity);
        // SAFETY: `length` bytes fit behind the head, and one side writes before the other reads.
        unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), self.text(), length) };
        self.head().length.store(length, Ordering::SeqCst);
    }

    /// The text.
    pub(crate) fn read(&self) -> String {
        let length = self.head().length.load(Ordering::SeqCst).min(self.capacity);
        // SAFETY: the bytes lie inside the mapping, and the writer has finished or is dead.
        let bytes = unsafe { std::slice::from_raw_parts(self.text(), length) };
        String::from_utf8_lossy(bytes).into_owned()
    }
}

impl Drop for Sheet {
    fn drop(&mut self) {
        if self.alone {
            // SAFETY: the mapping was made by `new` with this length, and no reference outlives self.
            unsafe { libc::munmap(self.head.as_ptr().cast(), size_of::<Head>() + self.capacity) };
        }
    }
}

/// Sleeps while the word holds `value`: once, so the caller looks again.
pub(crate) fn sleep(word: &AtomicU32, value: u32, limit: Option<Duration>) {
    let span = limit.map(clock::timespec);
    let span = span.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the word is mapped for the whole call, and the timeout is null or alive on this stack.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, value, span) };
}

/// Wakes the one that has slept longest on the word.
pub(crate) fn wake_one(word: &AtomicU32) {
    // SAFETY: a wake reads nothing but the address.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, 1) };
}

/// Wakes all that sleep on the word.
pub(crate) fn wake(word: &AtomicU32) {
    // SAFETY: a wake reads nothing but the address.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
}

/// A fresh mapping, shared and blank.
fn map(length: usize) -> NonNull<Head> {
    let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a fresh anonymous mapping touches no memory in use.
    let base = unsafe { libc::mmap(std::ptr::null_mut(), length.max(1), access, flags, -1, 0) };
    assert!(base != libc::MAP_FAILED, "no memory for {length} bytes of sheets");
    NonNull::new(base.cast()).expect("a mapping has an address")
}
