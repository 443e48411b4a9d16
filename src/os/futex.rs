//! Sleeping and waking on words of shared memory (futex(2), futex_waitv(2)).

use crate::os::{clock, errno};
use crate::shim::{AtomicU8, AtomicU32, Ordering, Wake, Watch};

/// The most words one sleep watches; the kernel would take 128 (FUTEX_WAITV_MAX), but each costs time to arm.
pub(crate) const WATCH_MAX: usize = 64;

/// How long a sleep lasts at most when only one word can be watched.
const FALLBACK_SLICE_NS: u64 = 1_000_000;

const UNKNOWN: u8 = 0;
const PRESENT: u8 = 1;
const ABSENT: u8 = 2;

/// Whether futex_waitv works here. Found out once; a fork child may keep its parent's answer.
static WAITV: AtomicU8 = AtomicU8::new(UNKNOWN);

#[repr(C)]
#[derive(Clone, Copy)]
struct FutexWaitv {
    val: u64,
    uaddr: u64,
    flags: u32,
    reserved: u32,
}

const FUTEX_32: u32 = 2;

/// Whether this kernel, and whatever filters its calls, allows futex_waitv.
pub(crate) fn has_waitv() -> bool {
    match WAITV.load(Ordering::Relaxed) {
        UNKNOWN => {
            // No words: EINVAL from a kernel that knows the call, ENOSYS or EPERM otherwise.
            // SAFETY: a null vector of length 0 is never read.
            let rc = unsafe {
                libc::syscall(libc::SYS_futex_waitv, 0usize, 0u32, 0u32, 0usize, libc::CLOCK_MONOTONIC)
            };
            let present = rc < 0 && errno() == libc::EINVAL;
            WAITV.store(if present { PRESENT } else { ABSENT }, Ordering::Relaxed);
            present
        }
        answer => answer == PRESENT,
    }
}

/// Sleeps until one of the words is woken, unless one of them already differs. `deadline`: absolute ns.
///
/// Without futex_waitv this is [`sleep_first`].
pub(crate) fn sleep(watches: &[Watch<'_>], deadline: Option<u64>) -> Wake {
    match watches {
        [] => Wake::Woken,
        [one] => sleep_one(*one, deadline),
        many if has_waitv() => sleep_many(&many[..many.len().min(WATCH_MAX)], deadline),
        many => sleep_first(many, deadline),
    }
}

/// Watches only the first word, a millisecond at a time; the caller looks at the rest in between.
pub(crate) fn sleep_first(watches: &[Watch<'_>], deadline: Option<u64>) -> Wake {
    let [first, rest @ ..] = watches else { return Wake::Woken };
    if rest.iter().any(|w| w.word.load(Ordering::Relaxed) != w.value) {
        return Wake::Woken;
    }
    let slice = clock::now_ns() + FALLBACK_SLICE_NS;
    match sleep_one(*first, Some(deadline.map_or(slice, |d| d.min(slice)))) {
        Wake::TimedOut if deadline.is_none_or(|d| clock::now_ns() < d) => Wake::Woken,
        wake => wake,
    }
}

fn timespec(ns: u64) -> libc::timespec {
    // SAFETY: a timespec of zeros is a valid value.
    let mut t: libc::timespec = unsafe { std::mem::zeroed() };
    t.tv_sec = libc::time_t::try_from(ns / 1_000_000_000).unwrap_or(libc::time_t::MAX);
    t.tv_nsec = (ns % 1_000_000_000) as _;
    t
}

fn wake_reason(rc: libc::c_long) -> Wake {
    match if rc < 0 { errno() } else { 0 } {
        libc::ETIMEDOUT => Wake::TimedOut,
        libc::EINTR => Wake::Interrupted,
        _ => Wake::Woken, // woken, or EAGAIN: the word had changed
    }
}

fn sleep_one(watch: Watch<'_>, deadline: Option<u64>) -> Wake {
    let limit = deadline.map(timespec);
    let limit = limit.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC time.
    // SAFETY: the word is borrowed for the call; `limit` is null or outlives it.
    let rc = unsafe {
        libc::syscall(
            libc::SYS_futex,
            watch.word.as_ptr(),
            libc::FUTEX_WAIT_BITSET,
            watch.value,
            limit,
            0usize,
            libc::FUTEX_BITSET_MATCH_ANY,
        )
    };
    wake_reason(rc)
}

fn sleep_many(watches: &[Watch<'_>], deadline: Option<u64>) -> Wake {
    let mut vector = [FutexWaitv { val: 0, uaddr: 0, flags: 0, reserved: 0 }; WATCH_MAX];
    for (slot, watch) in vector.iter_mut().zip(watches) {
        let uaddr = watch.word.as_ptr() as u64;
        *slot = FutexWaitv { val: u64::from(watch.value), uaddr, flags: FUTEX_32, reserved: 0 };
    }
    let limit = deadline.map(timespec);
    let limit = limit.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: `vector` holds `watches.len()` entries whose words are borrowed for the call.
    let rc = unsafe {
        libc::syscall(
            libc::SYS_futex_waitv,
            vector.as_ptr(),
            watches.len() as u32,
            0u32,
            limit,
            libc::CLOCK_MONOTONIC,
        )
    };
    wake_reason(rc)
}

/// Wakes at most `count` sleepers that watch `word`, in whatever process.
pub(crate) fn wake(word: &AtomicU32, count: u32) {
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    // SAFETY: the kernel uses the address as a key only; the word is borrowed for the call.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, count) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_word_does_not_put_to_sleep_and_a_deadline_ends_a_sleep() {
        let word = AtomicU32::new(1);
        assert_eq!(sleep(&[Watch { word: &word, value: 0 }], None), Wake::Woken);
        let soon = clock::now_ns() + 1_000_000;
        assert_eq!(sleep(&[Watch { word: &word, value: 1 }], Some(soon)), Wake::TimedOut);
        let other = AtomicU32::new(7);
        let both = [Watch { word: &word, value: 1 }, Watch { word: &other, value: 7 }];
        assert_eq!(sleep(&both, Some(clock::now_ns() + 1_000_000)), Wake::TimedOut);
    }

    #[test]
    fn a_sleeper_on_two_words_is_woken_by_the_second() {
        let words = [AtomicU32::new(0), AtomicU32::new(0)];
        std::thread::scope(|s| {
            s.spawn(|| {
                while words[1].load(Ordering::Acquire) == 0 {
                    sleep(&[Watch { word: &words[0], value: 0 }, Watch { word: &words[1], value: 0 }], None);
                }
            });
            std::thread::sleep(std::time::Duration::from_millis(2));
            words[1].store(1, Ordering::Release);
            wake(&words[1], 1);
        });
    }
}
