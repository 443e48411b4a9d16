//! Waiting for many objects at once.
#![forbid(unsafe_code)]

mod bridge;
#[cfg(feature = "async")]
mod calls;
#[cfg(feature = "async")]
mod later;
mod notifier;
mod sources;
#[cfg(test)]
mod tests;

pub(in crate::objects) use bridge::{Tell, Ticket};
#[cfg(feature = "async")]
pub use later::ready_async;
pub use notifier::Notifier;
pub(crate) use sources::{Kept, Part};

use crate::error::{Error, ErrorKind, Result};
use crate::objects::owners::{Threads, bell};
use crate::presence::attachment::Held;
use crate::presence::thread;
use crate::sync::many::{DIRECT_MAX, Many, Need, Source};
use crate::sync::wait::{Manner, Timeout, Wait};

/// What can be waited for among others: an [`Event`](crate::Event) (it is set), a [`Semaphore`](crate::Semaphore) or
/// [`Permits`](crate::Permits) (one is to be had), a [`Receiver`](crate::Receiver) or
/// [`TypedReceiver`](crate::TypedReceiver) (there is something to receive, or the sender is gone), a
/// [`Sender`](crate::Sender) (there is room for the longest record, or the receiver is gone), a
/// [`TypedSender`](crate::TypedSender) (there is room for an element, or the receiver is gone), a
/// [`Queue`](crate::Queue), [`LifoQueue`](crate::LifoQueue) or [`PriorityQueue`](crate::PriorityQueue), typed or not (there
/// is something to get, or it is shut down, or, of a queue that tells of its sides, the last producer is gone), a [`Connection`](crate::Connection) (there is a message to receive, or nobody
/// holds the other end any more; of one that only sends: there is room for the longest message), a
/// [`Writable`](crate::Writable) (there is room for the longest message, or nobody holds the other end any more), a
/// [`Member`](crate::Member) (its process is gone).
///
/// A [`Process`](crate::Process) is none: it lies in no yard, and the kernel tells its end through a descriptor, which cannot
/// be slept on together with words in memory. Who waits for both waits on descriptors, with poll(2) and its like: the
/// process is one ([`AsFd`](std::os::fd::AsFd)), and a [`notifier`](Waitable::notifier) is.
///
/// See [`wait_any`].
pub trait Waitable: AsPart + Sync {
    /// A descriptor that tells an event loop when the object is ready.
    ///
    /// Errors: `NoMemory` (the process may have no more descriptors, or no more threads), `NotOwner` (an end of a ring that the
    /// parent of this fork child holds), `Unsupported` (an end of a ring that was made for spinning). A record that was peeked
    /// and not released counts as there.
    fn notifier(&self) -> Result<Notifier> {
        Notifier::new(self.keep())
    }
}

impl<T: AsPart + Sync> Waitable for T {}

/// What a [`Waitable`] is made of.
pub trait AsPart {
    /// As a part of a wait for many.
    fn part(&self) -> Part<'_>;

    /// For whoever looks at it later.
    fn keep(&self) -> Kept;
}

/// Waits until one of the objects is ready, at most `timeout`; tells which. If several are, the one that comes first in the
/// list: begin the next list with another one if none may starve.
///
/// Ready means what poll(2) means by it: nothing is taken. The caller tries, with [`Timeout::Try`], and waits again if
/// somebody else was quicker. What is ready for a moment only, as an event that is cleared at once, may be missed.
///
/// All objects lie in one yard. Up to 16 of them, the waiter is woken by these alone; with more of them, also by others in the
/// yard that become ready while somebody waits for many: it then looks at all of them and goes on waiting.
///
/// Errors: `Timeout` (also for a try), `Cancelled`, `Interrupted` (only if the yard was opened interruptible); with the index
/// of the object that is meant: `Invalid` (the list is empty, or has the same object twice), `Foreign` (it lies in another
/// yard than the first), `NotOwner` (an end of a ring that the parent of this fork child holds), `Unsupported` (an end of a
/// ring that was made for spinning); `NoSlots` (none is ready, and the table of threads is full).
///
/// # Death
/// A waiter that is killed takes nothing along: it has taken nothing. Another waiter of what it was woken for goes on within
/// a slice of 250 ms.
///
/// ```
/// use courtyard::{Event, EventOptions, Timeout, Yard, wait_any};
///
/// # fn main() -> courtyard::Result<()> {
/// let yard = Yard::anonymous()?;
/// let stop = Event::create(&yard, "stop", EventOptions::default())?;
/// let work = Event::create(&yard, "work", EventOptions { auto_reset: true, ..Default::default() })?;
/// work.set();
/// match wait_any(&[&stop, &work], Timeout::Forever)? {
///     0 => println!("the end"),
///     _ => println!("is it mine? {}", work.wait(Timeout::Try).is_ok()),
/// }
/// # Ok(())
/// # }
/// ```
pub fn wait_any(objects: &[&dyn Waitable], timeout: impl Into<Timeout>) -> Result<usize> {
    Ok(wait(objects, Need::Any, timeout.into())?[0])
}

/// As [`wait_any`], but tells all that are ready, in rising order.
pub fn wait_some(objects: &[&dyn Waitable], timeout: impl Into<Timeout>) -> Result<Vec<usize>> {
    wait(objects, Need::Any, timeout.into())
}

/// As [`wait_any`], but waits until all of the objects were ready in one look. What is ready for a moment only, while another
/// is not, does not count.
pub fn wait_all(objects: &[&dyn Waitable], timeout: impl Into<Timeout>) -> Result<()> {
    wait(objects, Need::All, timeout.into()).map(drop)
}

fn wait(objects: &[&dyn Waitable], need: Need, timeout: Timeout) -> Result<Vec<usize>> {
    let parts: Vec<Part<'_>> = objects.iter().map(|object| object.part()).collect();
    wait_for_parts(&parts, need, timeout)
}

/// As [`wait_any`]; tells all that are ready.
pub(crate) fn wait_for_parts(parts: &[Part<'_>], need: Need, timeout: Timeout) -> Result<Vec<usize>> {
    let (yard, manner) = check(parts)?;
    let sources: Vec<&dyn Source> = parts.iter().map(|part| part.source).collect();
    let direct = sources.len() <= DIRECT_MAX;
    let many = Many { sources: &sources, need, bell: bell(yard)?, direct };
    let timeout = timeout.or_try();
    if timeout == Timeout::Try {
        return many.look().ok_or_else(|| ErrorKind::Timeout.into());
    }
    if let Some(ready) = many.look() {
        return Ok(ready);
    }
    thread::register(yard)?; // a sleeper's death must wake the others
    Ok(many.wait(&Threads(yard), &Wait::new(timeout, manner))?)
}

/// Refuses what cannot be waited for together.
fn check<'p>(parts: &[Part<'p>]) -> Result<(&'p Held, Manner)> {
    let Some(first) = parts.first() else {
        return Err(Error::with(ErrorKind::Invalid, "an empty list of objects to wait for"));
    };
    for (at, part) in parts.iter().enumerate() {
        if !std::ptr::eq(&raw const **part.yard, &raw const **first.yard) {
            let detail = format!("object {at} lies in another yard than object 0");
            return Err(Error::with(ErrorKind::Foreign, detail));
        }
        if let Some(why) = part.source.refusal() {
            let detail = why.detail().unwrap_or(why.kind().message());
            return Err(Error::with(why.kind(), format!("object {at}: {detail}")));
        }
    }
    let mut ids: Vec<((usize, u32), usize)> = parts.iter().map(|part| part.id).zip(0..).collect();
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => {
            let detail = format!("objects {} and {} are the same", pair[0].1, pair[1].1);
            Err(Error::with(ErrorKind::Invalid, detail))
        }
        None => Ok((first.yard, first.manner)),
    }
}
