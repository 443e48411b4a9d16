//! The numbers of tasks that wait, on their way to the workers.
#![forbid(unsafe_code)]

use crate::error::{ErrorKind, Result};
use crate::objects::pool::layout::Body;
use crate::objects::pool::{Table, TaskId};
use crate::sync::wait::Timeout;
use std::time::Duration;

/// What wakes a worker, and is no task's number.
const WAKE: u64 = u64::MAX;
/// How long a worker sleeps at most before it looks whether a task has gone astray.
pub(super) const SLICE: Duration = Duration::from_millis(250);

/// Says that a task may wait to which no number leads.
pub(super) fn raise(body: &Body) {
    body.astray.raise();
}

/// What a look for something to do found.
pub(super) enum Hint {
    /// This task may wait.
    Task(TaskId),
    /// Look at everything.
    Look,
}

impl Table {
    /// Tells the workers of a task that waits.
    #[inline]
    pub(super) fn announce(&self, id: TaskId) {
        if self.0.queue.try_put(&id.0.to_ne_bytes()).is_err() {
            raise(self.body());
        }
    }

    /// Wakes so many workers, to look at everything.
    pub(super) fn wake(&self, count: usize) {
        for _ in 0..count {
            if self.0.queue.try_put(&WAKE.to_ne_bytes()).is_err() {
                return; // nobody sleeps
            }
        }
    }

    /// The next number, if there is one.
    #[inline]
    pub(super) fn try_hint(&self) -> Option<Hint> {
        let mut number = [0; 8];
        match self.0.queue.try_get(&mut number) {
            Ok(_) => Some(hint(number)),
            Err(e) => {
                if e.kind() == ErrorKind::Busy {
                    raise(self.body()); // somebody stands still in front of the numbers
                }
                None
            }
        }
    }

    /// The next number; waits at most `timeout`, and a slice.
    pub(super) fn hint(&self, timeout: Timeout) -> Result<Hint> {
        let mut number = [0; 8];
        match self.0.queue.get(&mut number, timeout.at_most(SLICE)) {
            Ok(_) => Ok(hint(number)),
            Err(e) if e.kind() == ErrorKind::Empty => Ok(Hint::Look),
            Err(e) if matches!(e.kind(), ErrorKind::Busy | ErrorKind::Timeout) => {
                // Somebody stands still in front of the numbers.
                raise(self.body());
                Ok(Hint::Look)
            }
            Err(e) => Err(e),
        }
    }
}

fn hint(number: [u8; 8]) -> Hint {
    match u64::from_ne_bytes(number) {
        WAKE => Hint::Look,
        id => Hint::Task(TaskId(id)),
    }
}
