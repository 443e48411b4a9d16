//! The one loop in which anybody sleeps.
//!
//! A sleeper watches the object's word, the words of what may end the wait (`ends`), and the alive words of those whose
//! death matters, in slices of at most 250 ms. After any wake it looks at all of them: the kernel wakes one sleeper of a
//! dead thread, and that one tells the others. The slice is the proof that nobody waits for ever; everything else only makes it quick.

use crate::error::ErrorKind;
use crate::shim::{WATCH_MAX, Wake, Watch, sleep, sleep_first, wake};
use crate::sync::deadline::Deadline;
use crate::sync::ends::Ends;
use std::cell::Cell;
use std::time::Duration;

/// The longest sleep without a look around.
pub(crate) const SLICE_NS: u64 = 250_000_000;
/// The slice while a process has lost its last known thread and may be going.
const DOUBT_NS: u64 = 1_000_000;

/// How long a call may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// Do not wait: do it now or say why not.
    Try,
    /// Wait at most this long. `For(Duration::ZERO)` is `Try`.
    For(Duration),
    /// Wait at most until then. One that has passed is no `Try`: it answers `Timeout` where that says `Busy`.
    Until(Deadline),
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

    /// The same, for several calls that share it.
    #[cfg(not(loom))]
    pub(crate) fn until(self) -> Timeout {
        match self.or_try() {
            Timeout::For(wait) => Timeout::Until(Deadline::after(wait)),
            other => other,
        }
    }

    /// The same, but no longer than this: for who looks at something else in between.
    #[cfg(not(loom))]
    pub(crate) fn at_most(self, wait: Duration) -> Timeout {
        match self.until() {
            Timeout::Try => Timeout::Try,
            Timeout::Until(deadline) => Timeout::Until(deadline.min(Deadline::after(wait))),
            _ => Timeout::Until(Deadline::after(wait)),
        }
    }

    /// Whether nothing is left of it.
    #[cfg(not(loom))]
    pub(crate) fn is_over(self) -> bool {
        match self {
            Timeout::Try => true,
            Timeout::Until(deadline) => deadline.has_passed(),
            Timeout::For(wait) => wait.is_zero(),
            Timeout::Forever => false,
        }
    }
}

impl From<Duration> for Timeout {
    fn from(wait: Duration) -> Timeout {
        Timeout::For(wait).or_try()
    }
}

impl From<Deadline> for Timeout {
    fn from(deadline: Deadline) -> Timeout {
        Timeout::Until(deadline)
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
    /// What ends the thread's waits ends this one (`ends`). Not so where the library waits for itself.
    pub(crate) endable: bool,
    /// Do without futex_waitv even where there is one.
    pub(crate) fallback: bool,
}

impl Manner {
    /// Of a wait for what must be had again: neither a signal nor anything else ends it.
    pub(crate) fn to_the_end(self) -> Manner {
        Manner { interruptible: false, endable: false, ..self }
    }
}

/// The words of one sleep.
struct Words<'a> {
    watches: [Watch<'a>; WATCH_MAX],
    len: usize,
}

impl<'a> Words<'a> {
    fn add(&mut self, watch: Watch<'a>) {
        if let Some(place) = self.watches.get_mut(self.len) {
            *place = watch;
            self.len += 1;
        }
    }
}

/// One blocking call: when and how it must end.
pub(crate) struct Wait {
    deadline: Option<u64>,
    manner: Manner,
    /// When the slice ends that the first sleep began, or the one after the last look around. 0: none has begun.
    slice_end: Cell<u64>,
    /// How long the last sleep took.
    slept_for: Cell<u64>,
}

#[cfg(not(loom))]
fn deadline_of(timeout: Timeout) -> Option<u64> {
    match timeout {
        Timeout::Forever => None,
        Timeout::For(wait) => Some(Deadline::after(wait).ns()),
        Timeout::Until(deadline) => Some(deadline.ns()),
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
        Wait { deadline: deadline_of(timeout), manner, slice_end: Cell::new(0), slept_for: Cell::new(0) }
    }

    /// Whether there is time left, and nothing has ended the wait.
    pub(crate) fn check(&self) -> Result<(), ErrorKind> {
        self.ends().check()?;
        if self.deadline.is_some_and(|d| d <= now_ns()) { Err(ErrorKind::Timeout) } else { Ok(()) }
    }

    /// How much is left of the time; `None` if there is no limit.
    #[cfg(not(loom))]
    pub(crate) fn left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| Duration::from_nanos(deadline.saturating_sub(now_ns())))
    }

    fn ends(&self) -> Ends {
        if self.manner.endable { Ends::mine() } else { Ends::NONE }
    }

    /// How long the last sleep took, in ns.
    pub(crate) fn slept_for(&self) -> u64 {
        self.slept_for.get()
    }

    /// Sleeps at most until the slice ends on all of `watches`; the first is the object's word, the others are alive
    /// words. As [`Wait::sleep_on`].
    pub(crate) fn sleep(&self, watches: &[Watch<'_>], doubt: bool) -> Result<Slept, ErrorKind> {
        let (own, alive) = watches.split_at(1.min(watches.len()));
        self.sleep_on(own, alive, doubt)
    }

    /// Sleeps at most until the slice ends, on the words of objects, of what may end the wait, and on alive words as far
    /// as there is room. `doubt`: a process may be dying, look again soon.
    ///
    /// A slice goes on over several sleeps: who is woken often, or looks every millisecond, looks around as well.
    pub(crate) fn sleep_on(
        &self,
        own: &[Watch<'_>],
        alive: &[Watch<'_>],
        doubt: bool,
    ) -> Result<Slept, ErrorKind> {
        self.slept_for.set(0);
        let ends = self.ends();
        let Some(first) = own.first() else { return self.check().map(|()| Slept::Look) };
        let mut words = Words { watches: [*first; WATCH_MAX], len: 0 };
        own.iter().for_each(|watch| words.add(*watch));
        ends.arm(|watch| words.add(watch))?;
        alive.iter().for_each(|watch| words.add(*watch));
        let now = now_ns();
        if self.deadline.is_some_and(|d| d <= now) {
            return Err(ErrorKind::Timeout);
        }
        if self.slice_end.get() == 0 {
            self.slice_end.set(now + SLICE_NS);
        }
        let slice = if doubt { self.slice_end.get().min(now + DOUBT_NS) } else { self.slice_end.get() };
        let until = if cfg!(loom) { None } else { Some(self.deadline.map_or(slice, |d| d.min(slice))) };
        let watches = &words.watches[..words.len];
        let woken = if self.manner.fallback { sleep_first(watches, until) } else { sleep(watches, until) };
        relay(alive);
        let (begun, now) = (now, now_ns());
        self.slept_for.set(now.saturating_sub(begun));
        ends.check()?;
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
    alive.iter().filter(|watch| watch.has_changed()).for_each(|watch| wake(watch.word, u32::MAX));
}
