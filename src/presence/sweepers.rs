//! Who of this process's threads is clearing up behind the dead, in whatever yard: the process must not leave meanwhile.
//!
//! Who clears up is named by the process's token. As soon as the process has left, others go on in his place, and give away what he
//! is still clearing. Threads of the program are not there any more when it leaves, or it does not; but the library's own may be.

use crate::os::clock;
use crate::shim::{AtomicU32, Ordering};
use std::time::Duration;

/// The process leaves: nobody begins.
const LEAVING: u32 = 1 << 31;
/// So long it waits for those who clear up, who wait for nobody.
const PATIENCE_NS: u64 = 100_000_000;

/// How many they are, and LEAVING.
static SWEEPERS: AtomicU32 = AtomicU32::new(0);

/// One of them.
pub(super) struct Sweeper(());

impl Sweeper {
    /// `None`: the process is leaving.
    pub(super) fn begin() -> Option<Sweeper> {
        let one_more = |seen: u32| (seen & LEAVING == 0).then_some(seen + 1);
        // Acquire: what is asked for next, the token, is not asked for before.
        SWEEPERS.fetch_update(Ordering::Acquire, Ordering::Relaxed, one_more).ok().map(|_| Sweeper(()))
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        SWEEPERS.fetch_sub(1, Ordering::Release); // whoever sees nobody sees what was cleared
    }
}

/// As long as there is this, nobody begins to clear up.
pub(super) struct Quiet(());

impl Quiet {
    /// Waits until nobody clears up; `None`: somebody takes too long.
    pub(super) fn begin() -> Option<Quiet> {
        let quiet = Quiet(());
        SWEEPERS.fetch_or(LEAVING, Ordering::Relaxed); // Relaxed: the loop acquires
        let until = clock::now_ns() + PATIENCE_NS;
        while SWEEPERS.load(Ordering::Acquire) != LEAVING {
            if clock::now_ns() >= until {
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Some(quiet)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        SWEEPERS.fetch_and(!LEAVING, Ordering::Release); // whoever begins finds that the process has left
    }
}

/// In a fork child: those of its parent are not there.
pub(super) fn forget() {
    // Relaxed: there is one thread. A page that is only read need not be copied.
    if SWEEPERS.load(Ordering::Relaxed) != 0 {
        SWEEPERS.store(0, Ordering::Relaxed);
    }
}

/// What a test holds up.
#[cfg(test)]
pub(super) mod hold {
    use super::{AtomicU32, Duration, Ordering};

    /// 1: whoever clears up is to wait in the middle; 2: he does.
    pub(super) static STEP: AtomicU32 = AtomicU32::new(0);

    pub(in crate::presence) fn here() {
        let _ = STEP.compare_exchange(1, 2, Ordering::SeqCst, Ordering::SeqCst);
        while STEP.load(Ordering::SeqCst) == 2 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(unsafe_code, clippy::unwrap_used)] // a child is forked here
    use super::*;
    use crate::os::fork::APART;
    use crate::os::thread;
    use crate::presence::attachment::{self, Held};

    static YARD: crate::os::Mutex<Option<Held>> = crate::os::Mutex::new(None);

    fn clears_up() {
        let yard = YARD.lock().clone();
        yard.unwrap().sweep();
    }

    /// In a child: whether it stays in the yard while a thread of the library's own clears up there, and leaves afterwards.
    fn leaves_in_time(yard: &Held) -> bool {
        *YARD.lock() = Some(yard.clone());
        let token = yard.process_token().unwrap().0;
        hold::STEP.store(1, Ordering::SeqCst);
        thread::start("test-clears-up", thread::FOR_ITSELF, clears_up).unwrap();
        while hold::STEP.load(Ordering::SeqCst) == 1 {
            std::thread::sleep(Duration::from_millis(1));
        }
        attachment::leave_all();
        let has_stayed = yard.token_if_joined() == token;
        hold::STEP.store(0, Ordering::SeqCst);
        while yard.token_if_joined() != 0 && has_stayed {
            attachment::leave_all();
        }
        has_stayed
    }

    #[test]
    fn a_process_does_not_leave_while_it_clears_up() {
        let yard = crate::Yard::anonymous().unwrap();
        let _apart = APART.lock();
        // SAFETY: the child runs no destructor of the parent's, and ends by _exit or a signal.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            // SAFETY: a timer, and the end of the process.
            unsafe {
                libc::alarm(60);
                libc::_exit(i32::from(!leaves_in_time(yard.held())))
            }
        }
        let mut status = 0;
        // SAFETY: our own child.
        assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
        assert_eq!(status, 0);
    }
}
