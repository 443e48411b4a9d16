//! Memory that the supervisor shares with its workers, apart from every yard: what they say about themselves.

use std::io::Write;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// Workers at a time.
pub const PLACES: usize = 8;
/// What a lost wake-up is: somebody could go on and did not within a slice of the library's waits and a margin.
pub const LIMIT: Duration = Duration::from_millis(250 + 2000);

/// One worker.
pub struct Place {
    pub pid: AtomicI32,
    /// When the blocking call began that it is in; 0 if it is in none.
    pub since: AtomicU64,
    /// What it has done; its successor goes on counting.
    pub done: AtomicU64,
    /// What its call answered, and when; see `waits`.
    pub answer: AtomicU32,
    pub answered: AtomicU64,
    /// It is where the supervisor wants it, and may go on.
    pub ready: AtomicU32,
    pub go: AtomicU32,
}

/// What went wrong, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    LostWakeUp,
    Torn,
    LostRecord,
    LostIncrement,
    TwoOwners,
    Unflagged,
    LostPermit,
    WrongAnswer,
    Crash,
}

const FAULTS: usize = Fault::Crash as usize + 1;

/// Everything. Zeros are its beginning.
pub struct Board {
    pub places: [Place; PLACES],
    pub stop: AtomicU32,
    faults: [AtomicU64; FAULTS],
}

impl Board {
    /// Counts a fault, and says what happened the first few times.
    pub fn fault(&self, fault: Fault, what: std::fmt::Arguments<'_>) {
        if self.faults[fault as usize].fetch_add(1, SeqCst) < 5 {
            eprintln!("FAULT {fault:?}: {what}");
        }
    }

    pub fn faults(&self, fault: Fault) -> u64 {
        self.faults[fault as usize].load(SeqCst)
    }

    pub fn all_faults(&self) -> u64 {
        self.faults.iter().map(|count| count.load(SeqCst)).sum()
    }

    pub fn stopping(&self) -> bool {
        self.stop.load(SeqCst) != 0
    }
}

impl Place {
    /// Forgets what the last one here has done.
    pub fn clear(&self) {
        for word in [&self.since, &self.done, &self.answered] {
            word.store(0, SeqCst);
        }
        for word in [&self.answer, &self.ready, &self.go] {
            word.store(0, SeqCst);
        }
    }

    /// Makes a call during which this place counts as waiting.
    pub fn blocking<T>(&self, call: impl FnOnce() -> T) -> T {
        self.since.store(now(), SeqCst);
        let done = call();
        self.since.store(0, SeqCst);
        done
    }
}

/// Nanoseconds of the monotonic clock.
pub fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Fresh memory that fork children share; never given back.
///
/// # Safety
/// Zeros are a `T`, which is made of atomics.
pub unsafe fn shared<T>() -> &'static T {
    let (read_write, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping where the kernel likes it.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), size_of::<T>(), read_write, kind, -1, 0) };
    assert_ne!(memory, libc::MAP_FAILED, "no shared memory");
    // SAFETY: mapped for ever, zeros, which the caller knows to be a T.
    unsafe { &*memory.cast() }
}

/// Makes it zeros again, and gives its pages back. Nobody uses it meanwhile.
pub fn wipe<T>(memory: &'static T) {
    let at = std::ptr::from_ref(memory).cast_mut().cast();
    // SAFETY: a whole mapping of `shared`, of atomics that nobody uses; a hole in it reads as zeros, which are a T.
    let wiped = unsafe { libc::madvise(at, size_of::<T>(), libc::MADV_REMOVE) };
    assert_eq!(wiped, 0, "shared memory stays as it is");
}

static WATCHED: AtomicPtr<Board> = AtomicPtr::new(std::ptr::null_mut());

/// Ends the program with a diagnosis if it takes longer than `seconds` from now.
pub fn watch(board: &'static Board, seconds: u32) {
    WATCHED.store(std::ptr::from_ref(board).cast_mut(), SeqCst);
    // SAFETY: the handler is as a handler must be, and makes only calls that a handler may.
    unsafe { libc::signal(libc::SIGALRM, diagnose as extern "C" fn(i32) as libc::sighandler_t) };
    // SAFETY: takes a number.
    unsafe { libc::alarm(seconds) };
}

/// Text on standard error without an allocation.
struct Raw;

impl Write for Raw {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        // SAFETY: the slice is what its length says.
        unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

extern "C" fn diagnose(_signal: i32) {
    // SAFETY: null or a board, which is never unmapped.
    if let Some(board) = unsafe { WATCHED.load(SeqCst).as_ref() } {
        let _ = writeln!(Raw, "watchdog: the storm takes too long");
        for (number, place) in board.places.iter().enumerate().filter(|(_, p)| p.pid.load(SeqCst) != 0) {
            let (pid, since) = (place.pid.load(SeqCst), place.since.load(SeqCst));
            let waits = if since == 0 { 0 } else { (now() - since) / 1_000_000 };
            let done = place.done.load(SeqCst);
            let _ = writeln!(Raw, "  place {number}: pid {pid}, in a call for {waits} ms, done {done}");
            // SAFETY: a child of this process that was not waited for.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
    }
    // SAFETY: ends the process.
    unsafe { libc::_exit(1) };
}

/// A generator of numbers that a seed decides.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    pub fn micros(&mut self, bound: u64) -> Duration {
        Duration::from_micros(self.below(bound))
    }
}

/// Every bit of the result depends on every bit of `x`.
pub fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
