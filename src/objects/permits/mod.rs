//! Permits: a semaphore that gets its permits back from the dead.
#![allow(unsafe_code)] // pointers into the mapping are kept beside the share that keeps it mapped

pub(crate) mod layout;
#[cfg(test)]
mod tests;

use crate::error::{Error, ErrorKind, Result};
use crate::objects::directory::{How, Plan, obtain};
use crate::objects::faults;
use crate::objects::owners::{self, Processes, Threads};
use crate::objects::yard::Yard;
use crate::presence::attachment::{Attachment, Gone, Held, Who};
use crate::presence::thread;
use crate::segment::bits::Token;
use crate::segment::directory::{ObjectType, Record};
use crate::shim::{AtomicU32, Ordering, Watch};
use crate::sync::permits::{Cells, Claim, Gate, Parties, Patience};
use crate::sync::wait::{Manner, Timeout, Wait};
use layout::Body;
pub(super) use layout::PERMITS_AT;
use std::ptr::NonNull;

/// The most permits that one object can have.
const PERMITS_MAX: u32 = 4096;
/// So many failed tries lie between two at which the kernel is asked about holders who show no sign of death.
const TRIES: u32 = 256;

/// A number of permits in a yard: so many can be held at a time, by whatever processes. Clones and handles in other
/// processes mean the same permits.
///
/// A permit belongs to the process that took it: any thread of it may give it back. The permits of a process that
/// dies, or that closes its last handle on the yard, come back by themselves; sleepers usually get them within a
/// millisecond. There is no news of that: a permit guards no data.
///
/// Uncontended, taking a permit and giving it back are one compare-and-swap each and no system call. Not fair: a
/// running taker may overtake a sleeping one, and takers of one permit overtake who collects several.
///
/// # What a try sees
/// A try answers `Busy` only after it has looked at every permit and found it taken. Those of the dead it frees on the
/// way, if they show a sign of death: a thread of theirs that was registered in the yard and has died. About processes
/// without such a sign it asks the kernel at the handle's first failed try, and at every 256th after it: a loop of
/// tries finds every death, but not at once. A call that waits asks always.
///
/// # Fork
/// A fork child holds nothing of its parent's; dropping an inherited [`Permit`] there does nothing.
pub struct Permits {
    gate: NonNull<Gate>,
    cells: NonNull<AtomicU32>,
    capacity: u32,
    /// The permit last taken or given back through this handle.
    hint: AtomicU32,
    /// Failed tries through this handle.
    tries: AtomicU32,
    manner: Manner,
    yard: Held,
}

// SAFETY: the words are atomics in a mapping that `yard` keeps.
unsafe impl Send for Permits {}
// SAFETY: as above.
unsafe impl Sync for Permits {}

/// Who holds permits, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermitHolder {
    /// The process, numbered in its own PID namespace.
    pub pid: u32,
    /// Its permits.
    pub count: u32,
}

impl Permits {
    /// Makes `capacity` permits, all free. Errors: `Range` (0, or above 4096), `Exists`, `Name`, `NoSpace`, `NoSlots`,
    /// and `Timeout` if another object has been in the making for ten seconds.
    pub fn create(yard: &Yard, name: &str, capacity: u32) -> Result<Permits> {
        Permits::obtain(yard, name, How::Create, Some(capacity))
    }

    /// Opens permits, however many they are. Errors: `NotFound`, `Type`.
    pub fn open(yard: &Yard, name: &str) -> Result<Permits> {
        Permits::obtain(yard, name, How::Open, None)
    }

    /// Opens so many permits, or makes them. Errors: as for both, and `Mismatch` if there are more or fewer.
    pub fn open_or_create(yard: &Yard, name: &str, capacity: u32) -> Result<Permits> {
        Permits::obtain(yard, name, How::OpenOrCreate, Some(capacity))
    }

    fn obtain(yard: &Yard, name: &str, how: How, capacity: Option<u32>) -> Result<Permits> {
        if let Some(n) = capacity.filter(|n| !(1..=PERMITS_MAX).contains(n)) {
            return Err(Error::with(ErrorKind::Range, format!("{n} permits")));
        }
        let asked = capacity.unwrap_or(1);
        let params = [u64::from(asked), 0, 0, 0];
        let plan = Plan { kind: ObjectType::Permits, params, len: bytes(asked) };
        let record = obtain(yard.held(), name, how, &plan, |found| match (capacity, capacity_of(found)?) {
            (Some(wanted), is) if wanted != is => {
                Err(Error::with(ErrorKind::Mismatch, format!("{name:?} has {is} permits, not {wanted}")))
            }
            _ => Ok(()),
        })?;
        let cells = cells(yard.held(), &record)?;
        let me = yard.held().process_token()?;
        // For the fast notice of our death; without a slot the others find out by their slice.
        let _ = thread::register(yard.held());
        let capacity = capacity_of(&record)?;
        Ok(Permits {
            gate: NonNull::from(cells.gate),
            cells: NonNull::from(cells.cells).cast(),
            capacity,
            hint: AtomicU32::new(me.index() % capacity), // processes begin apart from each other
            tries: AtomicU32::new(0),
            manner: yard.manner(),
            yard: yard.held().clone(),
        })
    }

    #[inline]
    fn cells(&self) -> Cells<'_> {
        // SAFETY: all lie in the mapping that `self.yard` keeps (checked by `cells`), and are atomics.
        unsafe {
            let cells = std::slice::from_raw_parts(self.cells.as_ptr(), self.capacity as usize);
            Cells { cells, gate: self.gate.as_ref(), bell: &*self.yard }
        }
    }

    /// The token to stamp, or 0 if the slow path must get one first.
    #[inline]
    fn me(&self) -> u32 {
        self.yard.token_if_joined()
    }

    /// Where to look first. Relaxed: a hint, private to the process.
    #[inline]
    fn hint(&self) -> usize {
        self.hint.load(Ordering::Relaxed) as usize
    }

    #[inline]
    fn set_hint(&self, at: usize) {
        self.hint.store(at as u32, Ordering::Relaxed);
    }

    /// The yard it lies in.
    pub(crate) fn held_yard(&self) -> &Held {
        &self.yard
    }

    pub(crate) fn manner(&self) -> Manner {
        self.manner
    }

    /// Another handle on the same permits.
    pub(crate) fn again(&self) -> Permits {
        let Permits { gate, cells, capacity, manner, ref yard, .. } = *self;
        let (hint, tries) = (AtomicU32::new(0), AtomicU32::new(0));
        Permits { gate, cells, capacity, hint, tries, manner, yard: yard.clone() }
    }

    /// Where they lie in memory.
    pub(crate) fn address(&self) -> usize {
        self.gate.as_ptr().addr()
    }

    /// How many are free, at a glance.
    pub(crate) fn free(&self) -> usize {
        self.cells().count(0)
    }

    /// Announces a sleeper: see `Cells::arm`. Then who holds permits, each once.
    pub(crate) fn arm(&self) -> (Watch<'_>, bool, bool) {
        let (processes, threads) = (Processes(&self.yard), Threads(&self.yard));
        let parties = Parties { processes: &processes, threads: &threads, me: self.thread() };
        self.cells().arm(&parties)
    }

    /// Who holds permits at a glance; some may be told twice.
    pub(crate) fn stamps(&self) -> impl Iterator<Item = Token> {
        let mut last = None;
        self.cells().stamps().filter(move |token| last.replace(*token) != Some(*token))
    }

    /// Takes a permit, waiting at most `timeout`; the guard gives it back.
    ///
    /// Errors: `Busy` (a try found all of them taken), `Timeout`, `Cancelled`, `Interrupted` (only if the yard was opened
    /// interruptible), `NoSlots` (the table of threads, or of processes, is full).
    #[inline]
    pub fn acquire(&self, timeout: impl Into<Timeout>) -> Result<Permit<'_>> {
        let at = match self.acquire_fast() {
            Some(at) => at,
            None => self.acquire_slow(timeout.into())?,
        };
        Ok(Permit { permits: self, token: self.me(), count: 1, at })
    }

    /// Takes a permit if one is free: `Busy` otherwise.
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit<'_>> {
        self.acquire(Timeout::Try)
    }

    /// Takes `count` permits at once, or none; the guard gives them back.
    ///
    /// One caller at a time collects, permit by permit, and keeps what it has while it waits for the rest: two of them
    /// cannot block each other. Takers of one permit may overtake it. Who holds permits and waits for more may still
    /// wait for himself or in a circle with others, as with any semaphore.
    ///
    /// Errors: as [`Permits::acquire`], `Busy` also if somebody else is collecting; `Range` (0, or more than there are).
    /// If the calling thread dies in here while its process lives, the process has all of them or none.
    pub fn acquire_many(&self, count: u32, timeout: impl Into<Timeout>) -> Result<Permit<'_>> {
        let at = self.collect(count, timeout.into())?;
        Ok(Permit { permits: self, token: self.me(), count, at })
    }

    /// Takes a permit without a guard: [`Permits::release`] gives it back, from any thread.
    #[inline]
    pub fn acquire_unguarded(&self, timeout: impl Into<Timeout>) -> Result<()> {
        match self.acquire_fast() {
            Some(_) => Ok(()),
            None => self.acquire_slow(timeout.into()).map(drop),
        }
    }

    /// As [`Permits::acquire_many`], without a guard.
    pub fn acquire_many_unguarded(&self, count: u32, timeout: impl Into<Timeout>) -> Result<()> {
        self.collect(count, timeout.into()).map(drop)
    }

    /// The uncontended step of acquiring: takes the permit that the hint names, if it is free. Cannot panic, allocates
    /// nothing, calls nobody.
    #[inline]
    pub(crate) fn acquire_fast(&self) -> Option<usize> {
        let (me, at) = (self.me(), self.hint());
        (me != 0 && self.cells().take_at(at, me)).then_some(at)
    }

    #[cold]
    fn acquire_slow(&self, timeout: Timeout) -> Result<usize> {
        let mut claim = Claim::one(self.join()?, self.hint());
        if !self.cells().grab(&mut claim) {
            self.with_parties(timeout, |cells, parties, patience| {
                cells.claim(&mut claim, parties, patience)
            })?;
        }
        self.set_hint(claim.at);
        Ok(claim.at)
    }

    fn collect(&self, count: u32, timeout: Timeout) -> Result<usize> {
        self.check(count)?;
        if count == 1 {
            return self.acquire_fast().map_or_else(|| self.acquire_slow(timeout), Ok);
        }
        let process = self.join()?;
        thread::register(&self.yard)?;
        let at = self.with_parties(timeout, |cells, parties, patience| {
            cells.collect(count as usize, process, self.hint(), parties, patience)
        })?;
        self.set_hint(at);
        Ok(at)
    }

    /// The process token. A fork child joins here, and its thread registers, so that its death is noticed soon.
    fn join(&self) -> Result<Token> {
        match Token::of(self.me()) {
            Some(token) => Ok(token),
            None => {
                let token = self.yard.process_token()?;
                let _ = thread::register(&self.yard); // without a slot it is noticed by the slice
                Ok(token)
            }
        }
    }

    /// Does something that may wait, with all that it must know about the others.
    fn with_parties<'s, R>(
        &'s self,
        timeout: Timeout,
        mut claim: impl FnMut(
            Cells<'_>,
            &Parties<'_, Processes<'s>, Threads<'s>>,
            Patience<'_>,
        ) -> std::result::Result<R, ErrorKind>,
    ) -> Result<R> {
        let (processes, threads) = (Processes(&self.yard), Threads(&self.yard));
        let timeout = timeout.or_try();
        let wait = Wait::new(timeout, self.manner);
        let (me, patience) = match timeout {
            // A sleeper needs a registered thread: its death must wake the others.
            Timeout::For(_) | Timeout::Until(_) | Timeout::Forever => {
                (thread::register(&self.yard)?, Patience::Wait(&wait))
            }
            Timeout::Try => (self.thread(), Patience::Try { ask: self.asks() }),
        };
        let parties = Parties { processes: &processes, threads: &threads, me };
        let mut attempt = || claim(self.cells(), &parties, patience);
        Ok(if timeout == Timeout::Try { owners::try_now(&self.yard, attempt) } else { attempt() }?)
    }

    /// The calling thread, if it is registered.
    fn thread(&self) -> Token {
        Token::of(thread::token(self.yard.number())).unwrap_or(Token::NONE)
    }

    /// Whether this try that failed at first is one that asks the kernel.
    fn asks(&self) -> bool {
        self.tries.fetch_add(1, Ordering::Relaxed).is_multiple_of(TRIES) // Relaxed: private to the process
    }

    fn check(&self, count: u32) -> Result<()> {
        if (1..=self.capacity).contains(&count) {
            return Ok(());
        }
        Err(Error::with(ErrorKind::Range, format!("{count} of {} permits", self.capacity)))
    }

    /// Gives back `count` permits of this process, whichever thread took them.
    ///
    /// Errors: `Range` (0, or more than there are), `NotOwner` if the process holds fewer: nothing is changed then,
    /// unless several threads give back more than the process holds at the same time; each permit is given back once
    /// even so. A permit that a guard stands for is given back like any other; the guard then gives back another one,
    /// or none.
    #[inline]
    pub fn release(&self, count: u32) -> Result<()> {
        if count == 1 && self.release_fast() {
            return Ok(());
        }
        self.release_slow(count)
    }

    /// The uncontended step of giving back one: that which the hint names. As [`Permits::acquire_fast`], but that it
    /// wakes sleepers.
    #[inline]
    pub(crate) fn release_fast(&self) -> bool {
        let me = self.me();
        me != 0 && self.cells().free_at(self.hint(), me)
    }

    #[cold]
    fn release_slow(&self, count: u32) -> Result<()> {
        self.check(count)?;
        match self.me() {
            0 => Err(ErrorKind::NotOwner.into()),
            me => self.give_back(me, self.hint(), count),
        }
    }

    fn give_back(&self, me: u32, at: usize, count: u32) -> Result<()> {
        let at = self.cells().release(at, me, count as usize)?;
        self.set_hint(at);
        Ok(())
    }

    /// How many permits are free at this instant. Those of the dead count, if they show a sign of death, or somebody
    /// has noticed; those that somebody is collecting do not.
    pub fn available(&self) -> u32 {
        let (processes, threads) = (Processes(&self.yard), Threads(&self.yard));
        let parties = Parties { processes: &processes, threads: &threads, me: self.thread() };
        self.cells().tidy(&parties);
        self.cells().count(0) as u32
    }

    /// How many permits there are.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// How many permits this process holds; a fork child does not hold its parent's.
    pub fn held(&self) -> u32 {
        match self.me() {
            0 => 0,
            me => self.cells().count(me) as u32,
        }
    }

    /// Who holds permits at this instant, in no order. Neither the dead count nor those who are still collecting.
    /// Asks the kernel.
    pub fn holders(&self) -> Vec<PermitHolder> {
        let mut counts: Vec<(Token, u32)> = Vec::new();
        for token in self.cells().stamps() {
            match counts.iter_mut().find(|(known, _)| *known == token) {
                Some((_, count)) => *count += 1,
                None => counts.push((token, 1)),
            }
        }
        counts.retain(|(token, _)| self.yard.is_here(*token));
        let holder = |(token, count): &(Token, u32)| {
            let entry = self.yard.entries().get(token.index() as usize);
            PermitHolder { pid: entry.map_or(0, |entry| entry.pid()), count: *count }
        };
        counts.iter().map(holder).collect()
    }
}

impl Clone for Permits {
    fn clone(&self) -> Permits {
        Permits {
            gate: self.gate,
            cells: self.cells,
            capacity: self.capacity,
            hint: AtomicU32::new(self.hint() as u32),
            tries: AtomicU32::new(0),
            manner: self.manner,
            yard: self.yard.clone(),
        }
    }
}

impl std::fmt::Debug for Permits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let free = self.cells().count(0);
        f.debug_struct("Permits").field("capacity", &self.capacity).field("free", &free).finish()
    }
}

/// Bytes of so many permits.
pub(in crate::objects) fn bytes(capacity: u32) -> u64 {
    PERMITS_AT + u64::from(capacity) * size_of::<AtomicU32>() as u64
}

fn capacity_of(record: &Record) -> Result<u32> {
    let n = u32::try_from(record.params[0]).ok().filter(|n| (1..=PERMITS_MAX).contains(n));
    n.filter(|n| record.len >= bytes(*n))
        .ok_or_else(|| Error::with(ErrorKind::Corrupt, format!("{} permits", record.params[0])))
}

/// The words of an object in the directory, all of them inside the yard.
fn cells<'a>(yard: &'a Attachment, record: &Record) -> Result<Cells<'a>> {
    let body: &Body = yard.region().at(record.offset)?;
    let cells = yard.region().table(record.offset + PERMITS_AT, capacity_of(record)?)?;
    Ok(Cells { cells, gate: &body.gate, bell: yard })
}

/// Gives back what the process held that is gone, or frees the collector's lock of a dead thread.
pub(crate) fn recover(yard: &Attachment, record: &Record, who: Who, gone: Gone) {
    let Ok(cells) = cells(yard, record) else { return };
    match who {
        Who::Thread(dead) if cells.recover_collector(dead) => faults::note(yard, who, cells.gate, 1),
        Who::Thread(_) => {}
        Who::Process(token) => match cells.recover(token) {
            count if count > 0 && gone == Gone::Died => {
                faults::note(yard, who, &cells.cells[0], count as u64)
            }
            _ => {}
        },
    }
}

/// Permits of this process. Dropping it, in whatever thread, gives them back; in a fork child that inherited it,
/// dropping does nothing.
#[must_use = "dropping the guard gives the permits back"]
#[derive(Debug)]
pub struct Permit<'a> {
    permits: &'a Permits,
    /// Under which they were taken. Who finds another one is a fork child, or has left the yard since.
    token: u32,
    count: u32,
    /// The one, or the last of them.
    at: usize,
}

impl Permit<'_> {
    /// How many permits it stands for.
    pub fn count(&self) -> u32 {
        self.count
    }
}

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        let Permit { permits, token, count, at } = *self;
        if permits.me() != token {
            return;
        }
        if count == 1 && permits.cells().free_at(at, token) {
            permits.set_hint(at);
        } else {
            let _ = permits.give_back(token, at, count); // NotOwner: somebody else has given them back
        }
    }
}

crate::objects::refer::referable!(Permits, Permits, |it| (&it.yard, it.gate.addr().get()));
