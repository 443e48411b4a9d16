//! One call on a connection: its time, the lock of its side, and how it waits.
#![forbid(unsafe_code)]

use crate::error::{ErrorKind, Result};
use crate::objects::owners::{self, Threads};
use crate::objects::pace::Pace;
use crate::objects::pipe::connection::Inner;
use crate::objects::pipe::end::{Mourners, ended};
use crate::presence::thread;
use crate::shim::pause;
use crate::sync::event_count::EventCount;
use crate::sync::holders::Seen;
use crate::sync::lock::{Crowd, LockWord, Owners};
use crate::sync::wait::{Timeout, Wait};

/// Where in its direction a call waits, and how many bytes there a message takes.
pub(super) type Stretch = (u64, u64);

/// Looks before a wait sleeps, in a whole call: some 5 to 10 µs, a tenth of what a sleep and wake-up cost.
const SPINS: u32 = 1000;

/// A call that may wait.
pub(super) struct Call<'a> {
    inner: &'a Inner,
    timeout: Timeout,
    wait: Wait,
    /// Why the call ends if its next attempt fails too: whatever ends a wait, the pipe is looked at after it.
    over: Option<ErrorKind>,
    /// Looks that are left before a sleep.
    looks: u32,
}

impl<'a> Call<'a> {
    pub(super) fn new(inner: &'a Inner, timeout: Timeout) -> Call<'a> {
        let timeout = timeout.or_try();
        let looks = if inner.yard.has_cpus() { SPINS } else { 0 };
        Call { inner, timeout, wait: Wait::new(timeout, inner.manner), over: None, looks }
    }

    fn is_try(&self) -> bool {
        self.timeout == Timeout::Try
    }

    /// Takes the lock of a side for one move. Errors: `Busy` (a try), `Timeout`: somebody stands still in his move.
    pub(super) fn enter(&self, lock: &LockWord) -> Result<u32> {
        let wait = if self.is_try() { None } else { Some(&self.wait) };
        owners::take_within(&self.inner.yard, lock, wait, self.timeout == Timeout::Forever)
    }

    /// After an attempt that failed: waits until another one makes sense. `empty` says why this one failed.
    pub(super) fn wait(
        &mut self,
        event: &EventCount,
        empty: ErrorKind,
        at: Stretch,
        ready: impl FnMut() -> bool,
    ) -> Result<()> {
        if let Some(kind) = self.over {
            return Err(kind.into());
        }
        self.over =
            if self.is_try() { self.inner.glance(empty) } else { self.pause(event, empty, at, ready) };
        match self.over {
            Some(kind) if kind == empty && self.is_try() => Err(kind.into()), // it was so a moment ago
            _ => Ok(()),
        }
    }

    #[cold]
    fn pause(
        &mut self,
        event: &EventCount,
        empty: ErrorKind,
        at: Stretch,
        mut ready: impl FnMut() -> bool,
    ) -> Option<ErrorKind> {
        if self.looks > 0
            && self.spin(&self.inner.pace[usize::from(empty == ErrorKind::Full)], at, &mut ready)
        {
            return None;
        }
        self.sleep(event, ready).map(|kind| if kind == ErrorKind::Timeout { empty } else { kind })
    }

    /// Looks for some microseconds; tells whether there was something.
    fn spin(&mut self, pace: &Pace, (at, one): Stretch, mut ready: impl FnMut() -> bool) -> bool {
        pace.pause();
        let begun = self.looks;
        while self.looks > 0 {
            self.looks -= 1;
            pause();
            if ready() {
                pace.learn(begun - self.looks, at, one);
                return true;
            }
        }
        pace.learn(SPINS, at, one);
        false
    }

    /// Sleeps at most a slice; tells why the wait is over, if it is.
    fn sleep(&self, event: &EventCount, mut ready: impl FnMut() -> bool) -> Option<ErrorKind> {
        let yard = &self.inner.yard;
        let _ = thread::register(yard); // so that our death wakes those who wait with us
        let peer = self.inner.peer()?;
        let mourners = Mourners { yard, end: peer };
        let mut crowd = Crowd::new(event.prepare());
        let seen = peer.look(&mourners, &mut crowd);
        if let Some(kind) = ended(seen) {
            return Some(kind);
        }
        if ready() {
            return None;
        }
        Threads(yard)
            .slept(&self.wait, self.wait.sleep(crowd.watches(), seen == Seen::Held { doubt: true }))
            .err()
    }
}
