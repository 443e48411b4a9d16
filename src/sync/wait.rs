//! The one loop in which anybody sleeps.
//!
//! A sleeper watches the object's word and the alive words of those whose death matters, in slices of at most 250 ms.
//! After any wake it looks at all of them: the kernel wakes one sleeper of a dead thread, and that one tells the
//! others. The slice is the proof that nobody waits for ever; everything else only makes it quick.

use crate::error::ErrorKind;
use crate::shim::{Ordering, Wake, Watch, sleep, sleep_first, wake};
use std::cell::Cell;
use std::time::Duration;

/// The longest sleep without a look around.
pub(crate) const SLICE_NS: u64 = 250_000_000;
/// The slice while a process has lost a thread and may be dying.
const DOUBT_NS: u64 = 1_000_000;

/// How long a call may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// Do not wait: do it now or say why not.
    Try,
    /// Wait at most this long. `For(Duration::ZERO)` is `Try`.
    For(Duration),
    /// Wait without limit.
    Forever,
}

impl Timeout {
    /// C's convention: 0 tries, negative waits without limit, otherwise nanoseconds.
    pub fn from_ns(ns: i64) -> Timeout {
        match u64::try_from(ns) {
            Ok(0) => Timeout::Try,
            Ok(ns) => Timeout::For(Duration::from_nanos(ns)),
            Err(_) => Timeout::Forever,
        }
    }
}

impl Timeout {
    /// The same, with a wait of no time called a try.
    pub(crate) fn or_try(self) -> Timeout {
        if self == Timeout::For(Duration::ZERO) { Timeout::Try } else { self }
    }
}

impl From<Duration> for Timeout {
    fn from(wait: Duration) -> Timeout {
        Timeout::For(wait).or_try()
    }
}

impl From<Option<Duration>> for Timeout {
    fn from(wait: Option<Duration>) -> Timeout {
        wait.map_or(Timeout::Forever, Timeout::from)
    }
}

/// What a sleep calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slept {
    /// Look at the condition again.
    Look,
    /// A whole slice went by: look at the condition, and clear up behind the dead.
    Slice,
}

/// How the calls through a handle wait.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// A signal handler that ran ends the wait.
    pub(crate) interruptible: bool,
    /// Do without futex_waitv even where there is one.
    pub(crate) fallback: bool,
}

/// One blocking call: when and how it must end.
pub(crate) struct Wait {
    deadline: Option<u64>,
    manner: Manner,
    /// When the slice ends that the first sleep began, or the one after the last look around. 0: none has begun.
    slice_end: Cell<u64>,
}

#[cfg(not(loom))]
fn deadline_of(timeout: Timeout) -> Option<u64> {
    match timeout {
        Timeout::Forever => None,
        Timeout::For(wait) => Some(crate::os::clock::after(wait)),
        Timeout::Try => Some(0),
    }
}

#[cfg(not(loom))]
use crate::os::clock::now_ns;

/// A model has no clock: nothing times out.
#[cfg(loom)]
fn now_ns() -> u64 {
    0
}

#[cfg(loom)]
fn deadline_of(_: Timeout) -> Option<u64> {
    None
}

impl Wait {
    pub(crate) fn new(timeout: Timeout, manner: Manner) -> Wait {
        Wait { deadline: deadline_of(timeout), manner, slice_end: Cell::new(0) }
    }

    /// Whether there is time left.
    pub(crate) fn check(&self) -> Result<(), ErrorKind> {
        if self.deadline.is_some_and(|d| d <= now_ns()) { Err(ErrorKind::Timeout) } else { Ok(()) }
    }

    /// Sleeps at most until the slice ends on all of `watches`; the first is the object's word, the others are alive
    /// words. `doubt`: a process may be dying, look again soon.
    ///
    /// A slice goes on over several sleeps: who is woken often, or looks every millisecond, looks around as well. But
    /// not before it ends: clearing up also clears away that a dying process has lost a thread.
    pub(crate) fn sleep(&self, watches: &[Watch<'_>], doubt: bool) -> Result<Slept, ErrorKind> {
        let now = now_ns();
        if self.deadline.is_some_and(|d| d <= now) {
            return Err(ErrorKind::Timeout);
        }
        if self.slice_end.get() == 0 {
            self.slice_end.set(now + SLICE_NS);
        }
        let slice = if doubt { self.slice_end.get().min(now + DOUBT_NS) } else { self.slice_end.get() };
        let until = if cfg!(loom) { None } else { Some(self.deadline.map_or(slice, |d| d.min(slice))) };
        let woken = if self.manner.fallback { sleep_first(watches, until) } else { sleep(watches, until) };
        relay(&watches[1..]);
        let now = now_ns();
        match woken {
            Wake::Interrupted if self.manner.interruptible => Err(ErrorKind::Interrupted),
            Wake::TimedOut if self.deadline.is_some_and(|d| d <= now) => Err(ErrorKind::Timeout),
            _ if now >= self.slice_end.get() => {
                self.slice_end.set(now + SLICE_NS);
                Ok(Slept::Slice)
            }
            _ => Ok(Slept::Look),
        }
    }
}

/// The kernel has told one sleeper of a death; tell the others.
fn relay(alive: &[Watch<'_>]) {
    for watch in alive {
        // Relaxed: only whether it has changed; whoever acts on a death looks for himself.
        if watch.word.load(Ordering::Relaxed) != watch.value {
            wake(watch.word, u32::MAX);
        }
    }
}
