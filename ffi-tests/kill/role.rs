//! A role: a further process on the stage, such as a waiter, a second owner, or a survivor.

use std::time::Duration;

use crate::sheet::Sheet;
use crate::{child, clock, patience, procfs};

const STARTING: u32 = 0;
const WAITING: u32 = 1;
const DONE: u32 = 2;
const ROOM: usize = 4096;

/// A role as the stage sees it.
pub(crate) struct Role {
    name: &'static str,
    pid: i32,
    sheet: Sheet,
}

/// A role as it sees itself.
pub(crate) struct Part<'a> {
    sheet: &'a Sheet,
}

impl Part<'_> {
    /// Says that the wait which counts begins now.
    pub(crate) fn waiting(&self) {
        self.sheet.enter(WAITING);
    }

    /// Sleeps until the stage says go on.
    pub(crate) fn until_told(&self) {
        self.sheet.until_told();
    }
}

impl Role {
    /// Starts a process that plays `body`, tells what came of it, and ends.
    pub(crate) fn start(name: &'static str, body: impl FnOnce(&Part<'_>) -> Result<(), String>) -> Role {
        let sheet = Sheet::new(ROOM);
        sheet.wipe();
        let pid = child::spawn(|| {
            if let Err(why) = child::caught(|| body(&Part { sheet: &sheet })).flatten() {
                sheet.write(&why);
            }
            sheet.enter(DONE);
            0
        });
        Role { name, pid, sheet }
    }

    /// The name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Waits until the role has said that it waits, and does sleep.
    pub(crate) fn until_asleep(&self) {
        while self.sheet.phase() == STARTING && procfs::state(self.pid, self.pid) != Some('Z') {
            self.sheet.sleep_while(STARTING, Duration::from_millis(10));
        }
        while self.sheet.phase() == WAITING && !procfs::sleeps(self.pid, self.pid) {
            std::thread::yield_now();
        }
    }

    /// Says go on.
    pub(crate) fn tell(&self) {
        self.sheet.tell();
    }

    /// Waits until the role is done; answers how long after `fell` that was.
    pub(crate) fn finish(&self, limit: Duration, fell: u64) -> Result<Duration, String> {
        patience::wait(self.pid, &format!("the {}", self.name), limit, |span| self.done_within(span))?;
        if self.sheet.phase() != DONE {
            return Err(format!("the {} died", self.name));
        }
        let why = self.sheet.read();
        if !why.is_empty() {
            return Err(format!("the {}: {why}", self.name));
        }
        Ok(Duration::from_nanos(self.sheet.began().saturating_sub(fell)))
    }

    fn done_within(&self, span: Duration) -> bool {
        let began = clock::now();
        loop {
            let phase = self.sheet.phase();
            if phase == DONE || procfs::state(self.pid, self.pid) == Some('Z') {
                return true;
            }
            let left = span.saturating_sub(clock::since(began));
            if left.is_zero() {
                return false;
            }
            self.sheet.sleep_while(phase, left.min(Duration::from_millis(20)));
        }
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        child::kill(self.pid);
    }
}
