//! A counting semaphore between processes, which nobody owns.
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
use crate::segment::bits::PERMITS;
use crate::segment::directory::{ObjectType, Record};
use crate::sync::semaphore::SemaphoreWord;
use crate::sync::wait::{Manner, Timeout, Wait};
use layout::{BODY_BYTES, Body};
use std::ptr::NonNull;

/// A counting semaphore in a yard. Clones and handles in other processes mean the same one.
///
/// Anybody takes permits one at a time, and anybody adds some, whoever took them. Uncontended, that is one
/// compare-and-swap each and no system call. What was done before a release is seen by who takes what it released.
///
/// Not fair: a running taker may overtake a sleeping one.
///
/// # Death
/// Nobody owns what was taken, so **nothing comes back by itself**: a process that dies with a permit has taken it for
/// good. Where permits must outlive their holders, count what they stand for and release it in their place, or use a
/// [`Lock`](crate::Lock). A taker that is killed in the call loses at most the permit of that call; the others wait no
/// longer than a slice of 250 ms while permits are there.
///
/// # Processes, threads, fork, signals
/// Any number of threads and processes at a time; a fork child may use inherited handles at once.
/// [`Semaphore::release`] and [`Semaphore::value`] are async-signal-safe.
pub struct Semaphore {
    word: NonNull<SemaphoreWord>,
    limit: u32,
    maximum: Option<u32>,
    manner: Manner,
    yard: Held,
}

// SAFETY: the word is an atomic in a mapping that `yard` keeps.
unsafe impl Send for Semaphore {}
// SAFETY: as above.
unsafe impl Sync for Semaphore {}

/// How a semaphore is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SemaphoreOptions {
    /// How many permits there are at first.
    pub initial: u32,
    /// How many there can be, at most and by default 2^31 - 1. Fixed when the semaphore is made; a release beyond it is
    /// refused.
    pub maximum: Option<u32>,
}

impl SemaphoreOptions {
    fn limit(&self) -> u32 {
        self.maximum.unwrap_or(PERMITS)
    }

    fn check(&self) -> Result<()> {
        let limit = self.limit();
        if !(1..=PERMITS).contains(&limit) {
            return Err(Error::with(ErrorKind::Range, format!("a maximum of {limit}, not 1 to {PERMITS}")));
        }
        if self.initial > limit {
            let detail = format!("{} permits at first, {limit} at most", self.initial);
            return Err(Error::with(ErrorKind::Range, detail));
        }
        Ok(())
    }

    /// Those of a semaphore that exists.
    fn of(record: &Record) -> Result<SemaphoreOptions> {
        let [maximum, initial, ..] = record.params;
        let corrupt =
            || Error::with(ErrorKind::Corrupt, format!("semaphore of {initial}, at most {maximum}"));
        let number = |n: u64| u32::try_from(n).map_err(|_| corrupt());
        let maximum = Some(number(maximum)?).filter(|&m| m != 0);
        let options = SemaphoreOptions { initial: number(initial)?, maximum };
        options.check().map(|()| options).map_err(|_| corrupt())
    }

    fn params(&self) -> [u64; 4] {
        [self.maximum.map_or(0, u64::from), u64::from(self.initial), 0, 0]
    }
}

/// In words, for whoever asked for another one.
fn bound(maximum: Option<u32>) -> String {
    maximum.map_or("no maximum".into(), |m| format!("a maximum of {m}"))
}

impl Semaphore {
    /// Makes a semaphore. Errors: `Exists`, `Name`, `NoSpace`, `NoSlots`, `Range` (a maximum of 0 or above 2^31 - 1, or
    /// more permits at first than the maximum), and `Timeout` if another object has been in the making for ten seconds.
    pub fn create(yard: &Yard, name: &str, options: SemaphoreOptions) -> Result<Semaphore> {
        Semaphore::obtain(yard, name, How::Create, Some(options))
    }

    /// Opens a semaphore, whatever its maximum. Errors: `NotFound`, `Type`.
    pub fn open(yard: &Yard, name: &str) -> Result<Semaphore> {
        Semaphore::obtain(yard, name, How::Open, None)
    }

    /// Opens a semaphore of this maximum, or makes it; `initial` counts for who makes it only. Errors: as for both, and
    /// `Mismatch` if its maximum is another.
    pub fn open_or_create(yard: &Yard, name: &str, options: SemaphoreOptions) -> Result<Semaphore> {
        Semaphore::obtain(yard, name, How::OpenOrCreate, Some(options))
    }

    fn obtain(yard: &Yard, name: &str, how: How, options: Option<SemaphoreOptions>) -> Result<Semaphore> {
        let wanted = options.unwrap_or_default();
        wanted.check()?;
        let plan = Plan { kind: ObjectType::Semaphore, params: wanted.params(), len: BODY_BYTES };
        let fits = |found: &Record| {
            let is = SemaphoreOptions::of(found)?.maximum;
            if options.is_none() || wanted.maximum == is {
                return Ok(());
            }
            let detail = format!("{name:?} has {}, not {}", bound(is), bound(wanted.maximum));
            Err(Error::with(ErrorKind::Mismatch, detail))
        };
        let record = obtain_filled(yard.held(), name, how, &plan, fits, |region, offset| {
            region.at::<Body>(offset)?.word.fill(wanted.initial);
            Ok(())
        })?;
        let body: &Body = yard.held().region().at(record.offset)?;
        let is = SemaphoreOptions::of(&record)?;
        Ok(Semaphore {
            word: NonNull::from(&body.word),
            limit: is.limit(),
            maximum: is.maximum,
            manner: yard.manner(),
            yard: yard.held().clone(),
        })
    }

    #[inline]
    pub(crate) fn word(&self) -> &SemaphoreWord {
        // SAFETY: the word lies in the mapping that `self.yard` keeps; it is atomic.
        unsafe { self.word.as_ref() }
    }

    /// The yard it lies in.
    /// Another handle on the same semaphore.
    pub(crate) fn again(&self) -> Semaphore {
        let Semaphore { word, limit, maximum, manner, ref yard } = *self;
        Semaphore { word, limit, maximum, manner, yard: yard.clone() }
    }

    pub(crate) fn held(&self) -> &Held {
        &self.yard
    }

    pub(crate) fn manner(&self) -> Manner {
        self.manner
    }

    /// Takes a permit, waiting at most `timeout` for one.
    ///
    /// Errors: `Busy` (a try found none), `Timeout`, `Cancelled`, `Interrupted` (only if the yard was opened interruptible), `NoSlots`
    /// (there was none, and the table of threads is full: who waits needs a place in it).
    #[inline]
    pub fn acquire(&self, timeout: impl Into<Timeout>) -> Result<()> {
        if self.acquire_fast() {
            return Ok(());
        }
        self.acquire_slow(timeout.into())
    }

    /// Takes a permit if there is one: `Busy` otherwise.
    #[inline]
    pub fn try_acquire(&self) -> Result<()> {
        self.acquire(Timeout::Try)
    }

    /// Takes a permit if there is one. Cannot panic, allocates nothing, calls nobody.
    #[inline]
    pub(crate) fn acquire_fast(&self) -> bool {
        self.word().try_acquire()
    }

    #[cold]
    fn acquire_slow(&self, timeout: Timeout) -> Result<()> {
        let timeout = timeout.or_try();
        if timeout == Timeout::Try {
            return Err(ErrorKind::Busy.into());
        }
        thread::register(&self.yard)?; // a sleeper's death must wake the others
        Ok(self.word().acquire(&Threads(&self.yard), &Wait::new(timeout, self.manner))?)
    }

    /// Adds `count` permits and wakes as many sleepers. Async-signal-safe.
    ///
    /// Errors: `Range` if `count` is 0, or there would be more permits than the maximum; nothing is changed then.
    #[inline]
    pub fn release(&self, count: u32) -> Result<()> {
        Ok(self.add(count)?)
    }

    /// As [`Semaphore::release`]. Cannot panic.
    #[inline]
    pub(crate) fn add(&self, count: u32) -> std::result::Result<(), ErrorKind> {
        if count == 0 {
            return Err(ErrorKind::Range);
        }
        self.word().release(count, self.limit, &*self.yard)
    }

    /// How many permits there are at this instant. Async-signal-safe.
    #[inline]
    pub fn value(&self) -> u32 {
        self.word().permits()
    }

    /// How many there can be, if that was said when the semaphore was made.
    pub fn maximum(&self) -> Option<u32> {
        self.maximum
    }
}

impl Clone for Semaphore {
    fn clone(&self) -> Semaphore {
        Semaphore {
            word: self.word,
            limit: self.limit,
            maximum: self.maximum,
            manner: self.manner,
            yard: self.yard.clone(),
        }
    }
}

impl std::fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Semaphore").field("value", &self.value()).field("maximum", &self.maximum()).finish()
    }
}

crate::objects::refer::referable!(Semaphore, Semaphore, |it| (&it.yard, it.word.addr().get()));
