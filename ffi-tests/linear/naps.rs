//! Workers are interrupted in the middle of their calls, for some microseconds.
//!
//! A move in a queue takes some ten nanoseconds: hardly ever would one be long enough for others to see what it looks like
//! from outside. A timer of each worker's own lets it nap wherever it happens to be.

use std::hint::spin_loop;
use std::mem::zeroed;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Nanoseconds of a worker's life between two naps.
const EVERY: i64 = 190_000;
const SIGNAL: libc::c_int = libc::SIGUSR1;

static NAPS: AtomicU32 = AtomicU32::new(0);

/// Lets the others run, now and then by giving them the CPU.
extern "C" fn nap(_signal: libc::c_int) {
    let count = NAPS.fetch_add(1, Relaxed);
    if count.is_multiple_of(4) {
        // SAFETY: takes nothing; async-signal-safe, being one system call that does not fail.
        unsafe { libc::sched_yield() };
    }
    (0..count % 8 * 100).for_each(|_| spin_loop());
}

/// As long as it lives, the thread that made it is interrupted.
pub struct Naps(libc::timer_t);

impl Naps {
    pub fn begin() -> Naps {
        let mut timer = null_mut();
        // SAFETY: structures of zeros, filled as the calls want them, and pointers to them; the handler is as a handler
        // must be.
        unsafe {
            let mut action: libc::sigaction = zeroed();
            action.sa_sigaction = nap as extern "C" fn(libc::c_int) as libc::sighandler_t;
            action.sa_flags = libc::SA_RESTART;
            assert_eq!(libc::sigaction(SIGNAL, &raw const action, null_mut()), 0);
            let mut event: libc::sigevent = zeroed();
            event.sigev_notify = libc::SIGEV_THREAD_ID;
            event.sigev_signo = SIGNAL;
            event.sigev_notify_thread_id = libc::gettid();
            assert_eq!(libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer), 0);
            let every = libc::timespec { tv_sec: 0, tv_nsec: EVERY };
            let times = libc::itimerspec { it_interval: every, it_value: every };
            assert_eq!(libc::timer_settime(timer, 0, &raw const times, null_mut()), 0);
        }
        Naps(timer)
    }
}

impl Drop for Naps {
    fn drop(&mut self) {
        // SAFETY: made by `begin`, not deleted since.
        unsafe { libc::timer_delete(self.0) };
    }
}
