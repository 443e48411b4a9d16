//! Waiting for several futures.
#![forbid(unsafe_code)]

use crate::error::{ErrorKind, Result};
use crate::objects::many::{Waitable, wait_some};
use crate::objects::pool::{Future, TaskState};
use crate::sync::wait::Timeout;

/// Until when [`wait_futures`] waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnWhen {
    /// Until one has ended, however.
    FirstCompleted,
    /// Until one has failed or was lost, or all have ended. One that was cancelled is no error.
    FirstError,
    /// Until all have ended.
    AllCompleted,
}

/// How some futures stand: their places in the list, in rising order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitedFutures {
    /// These have ended.
    pub done: Vec<usize>,
    /// These have not.
    pub not_done: Vec<usize>,
}

impl WaitedFutures {
    fn of(futures: &[&Future]) -> WaitedFutures {
        let (done, not_done) = (0..futures.len()).partition(|at| futures[*at].is_done());
        WaitedFutures { done, not_done }
    }

    fn is_enough(&self, futures: &[&Future], until: ReturnWhen) -> bool {
        let is_error = |at: &usize| matches!(futures[*at].state(), Ok(TaskState::Failed | TaskState::Lost));
        self.not_done.is_empty()
            || match until {
                ReturnWhen::FirstCompleted => !self.done.is_empty(),
                ReturnWhen::FirstError => self.done.iter().any(is_error),
                ReturnWhen::AllCompleted => false,
            }
    }
}

/// Waits until one of several tasks has ended, or one with an error, or all; at most `timeout`. Tells which have ended; that the
/// time is up is no error.
///
/// A worker that waits for tasks of its own pool works at others meanwhile, as in [`Future::wait`].
///
/// Errors: `Cancelled` (the wait was), `Interrupted`, `Invalid` (a future is twice in the list), `Foreign` (of pools in different
/// yards), `NoSlots`, `Deadlock` (the caller is in one of these very tasks).
pub fn wait_futures(
    futures: &[&Future],
    until: ReturnWhen,
    timeout: impl Into<Timeout>,
) -> Result<WaitedFutures> {
    Ok(wait_for(futures, until, timeout.into())?.0)
}

/// As [`wait_futures`]; tells also whether it is enough, or the time was up.
pub(crate) fn wait_for(
    futures: &[&Future],
    until: ReturnWhen,
    timeout: Timeout,
) -> Result<(WaitedFutures, bool)> {
    let timeout = timeout.until();
    let mut is_late = false;
    loop {
        let now = WaitedFutures::of(futures);
        let enough = now.is_enough(futures, until);
        if enough || is_late {
            return Ok((now, enough));
        }
        let left: Vec<&Future> = now.not_done.iter().map(|at| futures[*at]).collect();
        match first_of(&left, timeout) {
            Ok(_) => {}
            Err(e) if e.kind() == ErrorKind::Timeout => is_late = true,
            Err(e) => return Err(e),
        }
    }
}

/// Waits until at least one of them has ended; tells all that have.
fn first_of(left: &[&Future], timeout: Timeout) -> Result<Vec<usize>> {
    let objects: Vec<&dyn Waitable> = left.iter().map(|future| *future as &dyn Waitable).collect();
    wait_some(&objects, timeout)
}

/// The futures, each when its task has ended; those that have ended already in their order. Waits at most `timeout` for all
/// of them together: then the last item is an error.
pub fn as_completed<'f>(
    futures: impl IntoIterator<Item = &'f Future>,
    timeout: impl Into<Timeout>,
) -> impl Iterator<Item = Result<&'f Future>> {
    let mut left: Vec<&Future> = futures.into_iter().collect();
    let mut ready: Vec<&Future> = Vec::new();
    let timeout = timeout.into().until();
    std::iter::from_fn(move || {
        if ready.is_empty() && !left.is_empty() {
            match first_of(&left, timeout) {
                Ok(places) => {
                    // Last first, so that the others keep their places.
                    ready = places.iter().rev().map(|at| left.remove(*at)).collect();
                }
                Err(e) => {
                    left.clear();
                    return Some(Err(e));
                }
            }
        }
        ready.pop().map(Ok)
    })
}
