//! Forking a process that cannot outlive its parent and never returns into the caller.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

/// The exit status of a child whose body panicked.
pub(crate) const PANICKED: i32 = 101;

/// Forks; the child does `body` and exits with its answer.
pub(crate) fn spawn(body: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the harness has one thread wherever it forks, so the child may do anything.
    match unsafe { fork() }.expect("no process can be forked") {
        ForkResult::Parent { child } => child.as_raw(),
        ForkResult::Child => {
            // SAFETY: prctl with these arguments touches no memory.
            unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
            keep_panics();
            let status = caught(body).unwrap_or_else(|why| {
                eprintln!("{why}");
                PANICKED
            });
            // SAFETY: _exit ends the process; nothing of the parent's may be flushed or dropped twice.
            unsafe { libc::_exit(status) }
        }
    }
}

/// Kills a child and waits until nothing is left of it.
pub(crate) fn kill(pid: i32) {
    signal(pid, libc::SIGKILL);
    reap(pid);
}

/// Waits until a child is gone; its halts on the way do not count.
pub(crate) fn reap(pid: i32) {
    loop {
        match waitpid(Pid::from_raw(pid), Some(WaitPidFlag::__WALL)) {
            Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) => return,
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return,
        }
    }
}

/// Reaps whatever has come to this process from dead children of its own.
pub(crate) fn reap_strays() {
    let any = Pid::from_raw(-1);
    while matches!(waitpid(any, Some(WaitPidFlag::WNOHANG)), Ok(status) if status != WaitStatus::StillAlive) {
    }
}

thread_local! {
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Does `body`; a panic becomes an error with its text and place.
pub(crate) fn caught<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|_| LAST_PANIC.take())
}

/// Keeps what a panic says for `caught`, and prints nothing.
fn keep_panics() {
    std::panic::set_hook(Box::new(|info| LAST_PANIC.set(info.to_string())));
}

/// Sends a signal to a child that has not been reaped.
pub(crate) fn signal(pid: i32, signal: i32) {
    // SAFETY: kill takes numbers only.
    unsafe { libc::kill(pid, signal) };
}
