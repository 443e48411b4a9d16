//! Children by bare fork.

use crate::Outcome;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use std::io::Write;

/// Runs `work` in a child; the child's end is the child's outcome.
pub(crate) fn start(work: impl FnOnce() -> Outcome) -> Result<Pid, Box<dyn std::error::Error>> {
    std::io::stdout().flush()?;
    // SAFETY: this program has no other threads when it forks.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let code = match work() {
                Ok(()) => 0,
                Err(error) => {
                    eprintln!("child: {error}");
                    1
                }
            };
            std::process::exit(code)
        }
    }
}

/// `count` children at a time, numbered from 0; all of them must end well.
pub(crate) fn all(count: usize, work: impl Fn(usize) -> Outcome) -> Outcome {
    let children = (0..count).map(|i| start(|| work(i))).collect::<Result<Vec<_>, _>>()?;
    children.into_iter().try_for_each(wait)
}

/// Waits for a child that must end well.
pub(crate) fn wait(child: Pid) -> Outcome {
    match waitpid(child, None)? {
        WaitStatus::Exited(_, 0) => Ok(()),
        other => Err(format!("a child ended badly: {other:?}").into()),
    }
}
