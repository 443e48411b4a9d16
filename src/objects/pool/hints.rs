//! The numbers of tasks that wait, in the queue beside the table: see `sync::hints`.
#![forbid(unsafe_code)]

use crate::error::{ErrorKind, Result};
use crate::objects::pool::layout::Body;
use crate::objects::pool::{Table, TaskId};
use crate::sync::astray::Astray;
use crate::sync::hints::{self, Got, Line, WAKE};
use crate::sync::wait::Timeout;
use std::time::Duration;

/// How long a worker sleeps at most before it looks whether a task has gone astray.
pub(super) const SLICE: Duration = Duration::from_millis(250);

/// Says that a task may wait to which no number leads.
pub(super) fn raise(body: &Body) {
    body.astray.raise();
}

impl Line for Table {
    fn astray(&self) -> &Astray {
        &self.body().astray
    }

    #[inline]
    fn put(&self, number: u64) -> bool {
        self.0.queue.try_put(&number.to_ne_bytes()).is_ok()
    }

    #[inline]
    fn get(&self) -> Got {
        let mut number = [0; 8];
        match self.0.queue.try_get(&mut number) {
            Ok(_) => Got::Number(u64::from_ne_bytes(number)),
            Err(e) if e.kind() == ErrorKind::Busy => Got::Busy,
            Err(_) => Got::Nothing,
        }
    }
}

impl Table {
    /// Tells the workers of a task that waits.
    #[inline]
    pub(super) fn announce(&self, id: TaskId) {
        hints::announce(self, id.0);
    }

    /// Wakes so many workers, to look at everything.
    pub(super) fn wake(&self, count: usize) {
        for _ in 0..count {
            if !self.put(WAKE) {
                return; // it is full: nobody sleeps, or for a slice
            }
        }
    }

    /// The next number, for which it waits at most `timeout`, and a slice; `None`: look at everything.
    pub(super) fn wait_for_number(&self, timeout: Timeout) -> Result<Option<TaskId>> {
        let mut number = [0; 8];
        match self.0.queue.get(&mut number, timeout.at_most(SLICE)) {
            Ok(_) => Ok(Some(u64::from_ne_bytes(number)).filter(|number| *number != WAKE).map(TaskId)),
            Err(e) if e.kind() == ErrorKind::Empty => Ok(None),
            Err(e) if matches!(e.kind(), ErrorKind::Busy | ErrorKind::Timeout) => {
                raise(self.body()); // somebody stands still in front of the numbers
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }
}
