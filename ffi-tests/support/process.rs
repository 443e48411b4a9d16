//! Processes that a test forks, kills and waits for, and how they wait for each other.
// The helpers fork and kill by hand. Each unsafe block is one system call on a process of our own.
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks, dead_code, unreachable_pub)]

use courtyard::{Value, Yard};
use std::io::Write;
use std::time::{Duration, Instant};

/// How a child ends that panicked.
pub const PANICKED: i32 = 101;
/// Beyond this nobody waits: a scenario that hangs is killed.
pub const PATIENCE_SECONDS: u32 = 60;
/// No step takes so long.
pub const LONG: Duration = Duration::from_secs(20);

/// How a child ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// It exited.
    Code(i32),
    Signal(i32),
}

/// A child of fork(2).
pub struct Child(pub libc::pid_t);

impl Child {
    pub fn kill(&self, signal: i32) {
        assert_eq!(unsafe { libc::kill(self.0, signal) }, 0);
    }

    pub fn wait(self) -> Ended {
        let mut status = 0;
        assert_eq!(unsafe { libc::waitpid(self.0, &mut status, 0) }, self.0);
        match libc::WIFSIGNALED(status) {
            true => Ended::Signal(libc::WTERMSIG(status)),
            false => Ended::Code(libc::WEXITSTATUS(status)),
        }
    }

    pub fn slay(self) {
        self.kill(libc::SIGKILL);
        assert_eq!(self.wait(), Ended::Signal(libc::SIGKILL));
    }

    /// Waits until the child is stopped.
    pub fn stop(&self) {
        self.kill(libc::SIGSTOP);
        let mut status = 0;
        assert_eq!(unsafe { libc::waitpid(self.0, &mut status, libc::WUNTRACED) }, self.0);
        assert!(libc::WIFSTOPPED(status));
    }
}

/// Runs `f` in a fork child, which ends with the code that `f` returns, or 101 if it panics.
pub fn fork_with(f: impl FnOnce() -> i32) -> Child {
    let _ = std::io::stdout().flush();
    match unsafe { libc::fork() } {
        -1 => panic!("fork: {}", std::io::Error::last_os_error()),
        0 => {
            unsafe { libc::alarm(PATIENCE_SECONDS) };
            let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_or(PANICKED);
            unsafe { libc::_exit(code) }
        }
        pid => Child(pid),
    }
}

pub fn fork(f: impl FnOnce()) -> Child {
    fork_with(|| {
        f();
        0
    })
}

pub fn sleep_ms(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// A count in the yard by which processes wait for each other.
pub struct Step(pub Value<u32>);

impl Step {
    pub fn of(yard: &Yard) -> Step {
        Step(Value::open_or_create(yard, "step").unwrap())
    }

    pub fn set(&self, step: u32) {
        self.0.set(step);
    }

    pub fn wait(&self, step: u32) {
        let end = Instant::now() + LONG;
        while self.0.get() < step {
            assert!(Instant::now() < end, "step {step} never came, it is {}", self.0.get());
            sleep_ms(1);
        }
    }
}
