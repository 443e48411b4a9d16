//! A flag between processes that they can wait for.
#![allow(unsafe_code)] // a pointer into the mapping is kept beside the share that keeps it mapped

pub(crate) mod layout;
#[cfg(test)]
mod tests;

use crate::error::{Error, ErrorKind, Result};
use crate::objects::directory::{How, Plan, obtain_filled};
use crate::objects::owners::Threads;
use crate::objects::yard::Yard;
use crate::presence::attachment::Held;
use crate::presence::thread;
use crate::segment::directory::{ObjectType, Record};
use crate::sync::event::EventWord;
use crate::sync::wait::{Manner, Timeout, Wait};
use layout::{BODY_BYTES, Body};
use std::ptr::NonNull;

/// A flag in a yard that threads and processes wait for. Clones and handles in other processes mean the same one.
///
/// An event is set, and then everybody who waits goes on, until somebody clears it. With
/// [`EventOptions::auto_reset`], who goes on clears it: each set lets one go on. What was done before a set is seen by
/// who goes on because of it; setting what is set stores nothing, and so says nothing of what was done before.
///
/// Who waits misses no set: also one that is cleared at once lets everybody go on who was waiting then (not with
/// auto-reset, where one takes it).
///
/// # Death
/// Nobody owns an event: a death leaves it as it is, set or not. One who is killed in the very moment of taking an
/// auto-reset event may have taken it.
///
/// # Processes, threads, fork, signals
/// Any number of threads and processes at a time; a fork child may use inherited handles at once. [`Event::set`],
/// [`Event::clear`] and [`Event::is_set`] are async-signal-safe.
pub struct Event {
    word: NonNull<EventWord>,
    options: EventOptions,
    manner: Manner,
    yard: Held,
}

// SAFETY: the word is an atomic in a mapping that `yard` keeps.
unsafe impl Send for Event {}
// SAFETY: as above.
unsafe impl Sync for Event {}

/// How an event is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventOptions {
    /// Whether it is set at first.
    pub initially_set: bool,
    /// Who goes on clears it. Fixed when the event is made.
    pub auto_reset: bool,
}

impl EventOptions {
    fn of(record: &Record) -> Result<EventOptions> {
        match record.params[..2] {
            [auto @ 0..=1, set @ 0..=1] => {
                Ok(EventOptions { initially_set: set == 1, auto_reset: auto == 1 })
            }
            _ => Err(Error::with(ErrorKind::Corrupt, format!("event parameters {:?}", record.params))),
        }
    }

    fn params(self) -> [u64; 4] {
        [u64::from(self.auto_reset), u64::from(self.initially_set), 0, 0]
    }

    fn kind(self) -> &'static str {
        if self.auto_reset { "auto-reset" } else { "kept until it is cleared" }
    }
}

impl Event {
    /// Makes an event. Errors: `Exists`, `Name`, `NoSpace`, `NoSlots`, and `Timeout` if another object has been in the
    /// making for ten seconds.
    pub fn create(yard: &Yard, name: &str, options: EventOptions) -> Result<Event> {
        Event::obtain(yard, name, How::Create, Some(options))
    }

    /// Opens an event, of either kind. Errors: `NotFound`, `Type`.
    pub fn open(yard: &Yard, name: &str) -> Result<Event> {
        Event::obtain(yard, name, How::Open, None)
    }

    /// Opens an event of this kind, or makes it; `initially_set` counts for who makes it only. Errors: as for both, and
    /// `Mismatch` if it is of the other kind.
    pub fn open_or_create(yard: &Yard, name: &str, options: EventOptions) -> Result<Event> {
        Event::obtain(yard, name, How::OpenOrCreate, Some(options))
    }

    fn obtain(yard: &Yard, name: &str, how: How, options: Option<EventOptions>) -> Result<Event> {
        let wanted = options.unwrap_or_default();
        let plan = Plan { kind: ObjectType::Event, params: wanted.params(), len: BODY_BYTES };
        let fits = |found: &Record| {
            let is = EventOptions::of(found)?;
            if options.is_none() || wanted.auto_reset == is.auto_reset {
                return Ok(());
            }
            let detail = format!("{name:?} is {}, not {}", is.kind(), wanted.kind());
            Err(Error::with(ErrorKind::Mismatch, detail))
        };
        let record = obtain_filled(yard.held(), name, how, &plan, fits, |region, offset| {
            let word = &region.at::<Body>(offset)?.word;
            if wanted.initially_set {
                word.set(0, &());
            }
            Ok(())
        })?;
        let body: &Body = yard.held().region().at(record.offset)?;
        Ok(Event {
            word: NonNull::from(&body.word),
            options: EventOptions::of(&record)?,
            manner: yard.manner(),
            yard: yard.held().clone(),
        })
    }

    #[inline]
    pub(crate) fn word(&self) -> &EventWord {
        // SAFETY: the word lies in the mapping that `self.yard` keeps; it is atomic.
        unsafe { self.word.as_ref() }
    }

    /// The yard it lies in.
    /// Another handle on the same event.
    pub(crate) fn again(&self) -> Event {
        let Event { word, options, manner, ref yard } = *self;
        Event { word, options, manner, yard: yard.clone() }
    }

    pub(crate) fn held(&self) -> &Held {
        &self.yard
    }

    pub(crate) fn manner(&self) -> Manner {
        self.manner
    }

    /// Sets the event: everybody who waits goes on, or one of them with auto-reset. Stores nothing if it is set, and
    /// makes a system call only if somebody sleeps. Whether it was not set before. Async-signal-safe.
    #[inline]
    pub fn set(&self) -> bool {
        self.word().set(if self.options.auto_reset { 1 } else { u32::MAX }, &*self.yard)
    }

    /// Clears the event. Whether it was set. Async-signal-safe.
    #[inline]
    pub fn clear(&self) -> bool {
        self.word().clear()
    }

    /// Whether the event is set at this instant; what was done before that set is seen. Async-signal-safe.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.word().is_set()
    }

    /// Waits at most `timeout` until the event is set; with auto-reset, clears it.
    ///
    /// Errors: `Timeout` (also for a try), `Cancelled`, `Interrupted` (only if the yard was opened interruptible), `NoSlots` (it is
    /// not set, and the table of threads is full: who waits needs a place in it).
    #[inline]
    pub fn wait(&self, timeout: impl Into<Timeout>) -> Result<()> {
        if self.wait_fast() {
            return Ok(());
        }
        self.wait_slow(timeout.into())
    }

    /// As a wait of no time. Cannot panic, allocates nothing, calls nobody.
    #[inline]
    pub(crate) fn wait_fast(&self) -> bool {
        if self.options.auto_reset { self.word().consume(0) } else { self.word().is_set() }
    }

    #[cold]
    fn wait_slow(&self, timeout: Timeout) -> Result<()> {
        let timeout = timeout.or_try();
        if timeout == Timeout::Try {
            return Err(ErrorKind::Timeout.into());
        }
        let begun = self.word().begin();
        thread::register(&self.yard)?; // a sleeper's death must wake the others
        let (owners, wait) = (Threads(&self.yard), Wait::new(timeout, self.manner));
        if self.options.auto_reset {
            self.word().wait_and_consume(&owners, &wait)?;
        } else {
            self.word().wait(begun, &owners, &wait)?;
        }
        Ok(())
    }

    /// How the event was made.
    pub fn options(&self) -> EventOptions {
        self.options
    }
}

impl Clone for Event {
    fn clone(&self) -> Event {
        Event { word: self.word, options: self.options, manner: self.manner, yard: self.yard.clone() }
    }
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Event").field("is_set", &self.is_set()).field("options", &self.options).finish()
    }
}

crate::objects::refer::referable!(Event, Event, |it| (&it.yard, it.word.addr().get()));
