//! Waiting for something in the table.
#![forbid(unsafe_code)]

use crate::error::{ErrorKind, Result};
use crate::objects::owners::{self, Threads};
use crate::objects::pool::Table;
use crate::presence::thread;
use crate::shim::pause;
use crate::sync::event_count::EventCount;
use crate::sync::lock::{Crowd, Owners};
use crate::sync::mourner::Mourner;
use crate::sync::wait::{Timeout, Wait};

/// Looks before a wait sleeps: some microseconds, a tenth of what a sleep and wake-up cost.
const SPINS: u32 = 1000;

impl Table {
    /// Waits until there is an answer; `event` is told when there may be. `Timeout` also for a try.
    pub(super) fn wait_for<T>(
        &self,
        event: &EventCount,
        timeout: Timeout,
        mut attempt: impl FnMut() -> Option<T>,
    ) -> Result<T> {
        if let Some(answer) = attempt() {
            return Ok(answer);
        }
        let timeout = timeout.or_try();
        if timeout == Timeout::Try {
            // Who is dead may have what is missing.
            self.held().sweep();
            return attempt().ok_or(ErrorKind::Timeout.into());
        }
        let spins = if self.held().has_cpus() { SPINS } else { 0 };
        for _ in 0..spins {
            pause();
            if let Some(answer) = attempt() {
                return Ok(answer);
            }
        }
        self.wait_asleep(event, &Wait::new(timeout, self.0.manner), attempt)
    }

    fn wait_asleep<T>(
        &self,
        event: &EventCount,
        wait: &Wait,
        mut attempt: impl FnMut() -> Option<T>,
    ) -> Result<T> {
        let (mut over, mut mourner): (Option<ErrorKind>, _) = (None, Mourner::default());
        // So that our death is heard of, and that we can clear up behind others: who had what we wait for may be a process
        // that has no thread here, of whose death nobody hears.
        let _ = thread::register(self.held());
        loop {
            let watch = event.prepare();
            // Whom to listen to, before the look: who was dead by then has left what he did to be seen.
            let mut crowd = Crowd::new(watch);
            let dead = owners::hear(self.held(), &mut crowd);
            if let Some(answer) = attempt() {
                return Ok(answer);
            }
            // Whatever ends the wait: the table was looked at after it.
            if let Some(kind) = over {
                return Err(kind.into());
            }
            if mourner.hears_news(dead) {
                self.held().sweep();
                continue;
            }
            over = Threads(self.held()).slept(wait, wait.sleep(crowd.watches(), false)).err();
        }
    }
}
