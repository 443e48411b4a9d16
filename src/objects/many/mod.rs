//! Waiting for many objects at once.
#![forbid(unsafe_code)]

mod beside;
mod bridge;
#[cfg(feature = "async")]
mod calls;
#[cfg(feature = "async")]
mod later;
mod notifier;
mod sources;
#[cfg(test)]
mod tests;
mod writable;

pub(in crate::objects) use bridge::{Tell, Ticket};
#[cfg(feature = "async")]
pub use later::ready_async;
pub use notifier::Notifier;
pub(crate) use sources::{Kept, Part};
pub use writable::Writable;

use crate::error::{Error, ErrorKind, Result};
use crate::objects::fd_wait::FdWait;
use crate::objects::owners::{Threads, bell, sweep_behind_the_dead, sweep_for_tries};
use crate::presence::attachment::Held;
use crate::presence::thread;
use crate::sync::many::{DIRECT_MAX, Many, Need, Source, look, now_ready};
use crate::sync::wait::{Manner, Timeout, Wait};
use std::time::Duration;

/// What can be waited for among others: an [`Event`](crate::Event) (it is set), a [`Semaphore`](crate::Semaphore) or
/// [`Permits`](crate::Permits) (one is to be had), a [`Receiver`](crate::Receiver) or
/// [`TypedReceiver`](crate::TypedReceiver) (there is something to receive, or the sender is gone), a
/// [`Sender`](crate::Sender) (there is room for the longest record, or the receiver is gone), a
/// [`TypedSender`](crate::TypedSender) (there is room for an element, or the receiver is gone), a
/// [`Queue`](crate::Queue), [`LifoQueue`](crate::LifoQueue) or [`PriorityQueue`](crate::PriorityQueue), typed or not (there
/// is something to get, or it is shut down, or, of a queue that tells of its sides, the last producer is gone), a [`Connection`](crate::Connection) (there is a message to receive, or nobody
/// holds the other end any more; of one that only sends: there is room for the longest message), a
/// [`Writable`](crate::Writable) (there is room in the queue or the pipe, or will never be any more), a
/// [`Member`](crate::Member) (its process is gone), a [`Process`](crate::Process) (it has ended, and its exit is known).
///
/// See [`wait_any`].
pub trait Waitable: AsPart + Sync {
    /// A descriptor that tells an event loop when the object is ready.
    ///
    /// Errors: `NoMemory` (the process may have no more descriptors, or no more threads), `NotOwner` (an end of a ring that the
    /// parent of this fork child holds), `Unsupported` (an end of a ring that was made for spinning; a process, which is a
    /// descriptor itself). A record that was peeked and not released counts as there.
    fn notifier(&self) -> Result<Notifier> {
        Notifier::new(self.keep())
    }
}

impl<T: AsPart + Sync> Waitable for T {}

/// Work for who waits.
pub trait Helper {
    /// Does a piece of it; false if there is none.
    fn help(&self) -> bool;

    /// What is ready when there is more; `None`: nothing tells, and it is to be looked for now and then.
    fn work(&self) -> Option<&dyn AsPart>;
}

/// How long at most a helper sleeps whom nothing tells of work, and one who may have missed some that went astray.
const MOMENT: Duration = Duration::from_millis(50);
const SLICE: Duration = Duration::from_millis(250);
/// So often in a row there seems to be work, and is none, before nobody waits for it.
const IN_VAIN: u32 = 3;

/// What a [`Waitable`] is made of.
pub trait AsPart {
    /// As a part of a wait for many.
    fn part(&self) -> Part<'_>;

    /// For whoever looks at it later; `None`: it has a descriptor of its own.
    fn keep(&self) -> Option<Kept>;

    /// What the calling thread is to work at while it waits for this, if anything.
    fn helper(&self) -> Option<Box<dyn Helper + '_>> {
        None
    }
}

/// Waits until one of the objects is ready, at most `timeout`; tells which. If several are, the one that comes first in the
/// list: begin the next list with another one if none may starve.
///
/// Ready means what poll(2) means by it: nothing is taken. The caller tries, with [`Timeout::Try`], and waits again if
/// somebody else was quicker. What is ready for a moment only, as an event that is cleared at once, may be missed.
///
/// All objects lie in one yard, but for processes, which lie in none. Up to 16 of them, the waiter is woken by these alone; with
/// more of them, also by others in the yard that become ready while somebody waits for many: it then looks at all of them and
/// goes on waiting. With a process among them it waits on descriptors, and the process's one thread for
/// [notifiers](Notifier) tells it of the others.
///
/// Errors: `Timeout` (also for a try), `Cancelled`, `Interrupted` (only if the yard was opened interruptible); with the index
/// of the object that is meant: `Invalid` (the list is empty, or has the same object twice), `Foreign` (it lies in another
/// yard than the others), `Deadlock` (it is the very task that the caller is in), `NotOwner` (an end of a ring that the parent of this fork child holds, or a child of the parent), `Unsupported` (an end of a
/// ring that was made for spinning); `NoSlots` (none is ready, and the table of threads is full); `NoMemory` (a process is among
/// them, and this one may have no more descriptors or threads).
///
/// A worker of a pool that waits for tasks of it, among other things, works at others meanwhile, as in
/// [`Future::wait`](crate::Future::wait).
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
    let parts: Vec<&dyn AsPart> = objects.iter().map(|object| *object as &dyn AsPart).collect();
    wait_for_parts(&parts, need, timeout)
}

/// As [`wait_any`]; tells all that are ready.
pub(crate) fn wait_for_parts(objects: &[&dyn AsPart], need: Need, timeout: Timeout) -> Result<Vec<usize>> {
    let parts: Vec<Part<'_>> = objects.iter().map(|object| object.part()).collect();
    let yard = check(&parts)?;
    let sources: Vec<&dyn Source> = parts.iter().map(|part| part.source).collect();
    let timeout = timeout.or_try();
    if let Some(ready) = look(&sources, need) {
        return Ok(ready);
    }
    if timeout == Timeout::Try {
        return poll(yard.map(|(yard, _)| yard), &sources, need);
    }
    let manner = yard.map_or(parts[0].manner, |(_, manner)| manner);
    let all = Everything { objects, sources: &sources, yard: yard.map(|(yard, _)| yard), manner };
    let helpers: Vec<Box<dyn Helper + '_>> = objects.iter().filter_map(|object| object.helper()).collect();
    if helpers.is_empty() { all.sleep(need, timeout) } else { wait_helping(&all, need, timeout, &helpers) }
}

/// A try that has found too little: a dead one may have had in hand what is missing.
fn poll(yard: Option<&Held>, sources: &[&dyn Source], need: Need) -> Result<Vec<usize>> {
    let swept = yard.is_some_and(|yard| sweep_behind_the_dead(yard) || sweep_for_tries(yard));
    let ready = if swept { look(sources, need) } else { None };
    ready.ok_or(ErrorKind::Timeout.into())
}

/// What somebody waits for, and where and how.
struct Everything<'w> {
    objects: &'w [&'w dyn AsPart],
    sources: &'w [&'w dyn Source],
    yard: Option<&'w Held>,
    manner: Manner,
}

impl Everything<'_> {
    /// As `wait_for_parts`, asleep.
    fn sleep(&self, need: Need, timeout: Timeout) -> Result<Vec<usize>> {
        match self.yard {
            Some(yard) if self.sources.iter().all(|source| source.descriptor().is_none()) => {
                let direct = self.sources.len() <= DIRECT_MAX;
                let many = Many { sources: self.sources, need, bell: bell(yard)?, direct };
                thread::register(yard)?; // a sleeper's death must wake the others
                Ok(many.wait(&Threads(yard), &Wait::new(timeout, self.manner))?)
            }
            _ => beside::wait(self.objects, self.sources, need, &FdWait::with(timeout, self.manner)),
        }
    }

    /// Sleeps until one of those that were not ready is, or `work`, but not for longer than `timeout`.
    fn sleep_for_more(&self, ready: &[usize], work: Option<&dyn AsPart>, timeout: Timeout) -> Result<()> {
        let left = (0..self.objects.len()).filter(|at| !ready.contains(at));
        let objects: Vec<&dyn AsPart> = left.map(|at| self.objects[at]).chain(work).collect();
        let parts: Vec<Part<'_>> = objects.iter().map(|object| object.part()).collect();
        let sources: Vec<&dyn Source> = parts.iter().map(|part| part.source).collect();
        match (Everything { objects: &objects, sources: &sources, ..*self }).sleep(Need::Any, timeout) {
            Err(e) if e.kind() != ErrorKind::Timeout => Err(e),
            _ => Ok(()),
        }
    }
}

/// As `wait_for_parts`, by who works at something meanwhile.
fn wait_helping(
    all: &Everything<'_>,
    need: Need,
    timeout: Timeout,
    helpers: &[Box<dyn Helper + '_>],
) -> Result<Vec<usize>> {
    let wait = Wait::new(timeout, all.manner);
    // What there is to do for one object is there for all of them, if something tells of it.
    let helpers = if helpers[0].work().is_some() { &helpers[..1] } else { helpers };
    let mut in_vain = 0;
    loop {
        let ready = now_ready(all.sources);
        if need.is_met(&ready, all.sources.len()) {
            return Ok(ready);
        }
        wait.check()?;
        if helpers.iter().any(|helper| helper.help()) {
            in_vain = 0;
            continue;
        }
        // Who stands still in the middle of a move lets it seem that there is work, which is not to be had.
        let seems = |work: &&dyn AsPart| work.part().source.is_ready();
        let work = helpers[0].work();
        in_vain = if work.as_ref().is_some_and(seems) { in_vain + 1 } else { 0 };
        let work = work.filter(|_| in_vain < IN_VAIN);
        let moment = if work.is_some() { SLICE } else { MOMENT };
        let timeout = Timeout::For(wait.left().map_or(moment, |left| left.min(moment)));
        if let Err(e) = all.sleep_for_more(&ready, work, timeout) {
            return look(all.sources, need).ok_or(e);
        }
    }
}

/// Refuses what cannot be waited for together; tells in which yard they lie.
fn check<'p>(parts: &[Part<'p>]) -> Result<Option<(&'p Held, Manner)>> {
    if parts.is_empty() {
        return Err(Error::with(ErrorKind::Invalid, "an empty list of objects to wait for"));
    }
    let mut first = None;
    for (at, part) in parts.iter().enumerate() {
        if let Some(yard) = part.yard {
            let (before, other, _) = *first.get_or_insert((at, yard, part.manner));
            if !std::ptr::eq(&raw const **other, &raw const **yard) {
                let detail = format!("object {at} lies in another yard than object {before}");
                return Err(Error::with(ErrorKind::Foreign, detail));
            }
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
        None => Ok(first.map(|(_, yard, manner)| (yard, manner))),
    }
}
