//! A barrier: so many parties wait for each other.
#![allow(unsafe_code)] // pointers into the mapping are kept beside the share that keeps it mapped

pub(crate) mod layout;
#[cfg(test)]
mod tests;

use crate::error::{Error, ErrorKind, Result};
use crate::objects::directory::{How, Plan, obtain};
use crate::objects::owners::{Processes, Threads};
use crate::objects::yard::Yard;
use crate::presence::attachment::{Attachment, Gone, Held, Who};
use crate::presence::thread;
use crate::segment::bits::Token;
use crate::segment::directory::{ObjectType, Record};
use crate::shim::{AtomicU32, AtomicU64, Ordering};
use crate::sync::barrier::{self as protocol, Cause, Head, Parties, Stop};
use crate::sync::wait::{Manner, Timeout, Wait};
use layout::{Body, Tables};
use std::ptr::NonNull;

/// A barrier in a yard: a fixed number of parties, threads of whatever processes, wait for each other; when the last has
/// come, all of them go on, and the barrier is ready for the next trip. Clones and handles in other processes mean the same
/// barrier. As Python's `threading.Barrier`.
///
/// # All or none
/// From each trip all parties return with a number of their own, or none does. The barrier *breaks* when a party cannot wait
/// any longer (its time is up, a signal calls it away), when somebody calls [`Barrier::abort`], when the action of a trip
/// fails or panics, and when a party dies that has arrived. Then all who wait, and all who come, get
/// [`ErrorKind::Broken`] with the reason in its detail, until somebody calls [`Barrier::reset`]. A party whose time is up but
/// whose trip is made has passed.
///
/// # Death
/// A dead party is found within a millisecond as a rule, in 250 ms at the latest. [`Barrier::broken`] names it. A process that
/// dies before any thread of it has arrived is missed only if it had declared itself as a party: see [`Barrier::declare`].
/// Who is killed at any instruction of a wait has arrived, and breaks the barrier, or it has not; if the trip was made, the
/// others have passed. A stopped process is waited for, except by those whose time is up.
///
/// # Threads, processes, fork
/// Any thread may be a party, and another one at each trip. If more threads come than there are parties, those that find a
/// trip full wait for the next one. A fork child takes part for itself; declarations stay its parent's.
pub struct Barrier {
    head: NonNull<Head>,
    cells: NonNull<AtomicU64>,
    told: NonNull<AtomicU64>,
    places: NonNull<AtomicU32>,
    parties: u32,
    slots: u32,
    /// How often the process has declared itself through this handle, and the token under which: see [`Declared`].
    declared: AtomicU64,
    manner: Manner,
    yard: Held,
}

// SAFETY: the words are atomics in a mapping that `yard` keeps.
unsafe impl Send for Barrier {}
// SAFETY: as above.
unsafe impl Sync for Barrier {}

/// Why a barrier is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BrokenBy {
    /// Somebody has reset it. Only those learn of it who were waiting then: the barrier itself is usable again.
    Reset,
    /// Somebody has called [`Barrier::abort`].
    Aborted,
    /// The time of a party was up.
    TimedOut,
    /// A signal has called a party away.
    Interrupted,
    /// The wait of a party was cancelled, or in C the handle closed through which it waited.
    Cancelled,
    /// The action of a trip has failed or panicked.
    Failed,
    /// A party has died.
    Died {
        /// The process, in its own PID namespace; 0 if nobody knows any more.
        pid: u32,
        /// The thread that had arrived; 0 for a process that had declared itself.
        tid: u32,
    },
}

impl From<Cause> for BrokenBy {
    fn from(cause: Cause) -> BrokenBy {
        match cause {
            Cause::Reset => BrokenBy::Reset,
            Cause::Aborted => BrokenBy::Aborted,
            Cause::TimedOut => BrokenBy::TimedOut,
            Cause::Interrupted => BrokenBy::Interrupted,
            Cause::Cancelled => BrokenBy::Cancelled,
            Cause::Failed => BrokenBy::Failed,
            Cause::Died(pid, tid) => BrokenBy::Died { pid, tid },
        }
    }
}

impl std::fmt::Display for BrokenBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BrokenBy::Reset => f.write_str("somebody has reset it"),
            BrokenBy::Aborted => f.write_str("somebody has aborted it"),
            BrokenBy::TimedOut => f.write_str("the time of a party was up"),
            BrokenBy::Interrupted => f.write_str("a signal has called a party away"),
            BrokenBy::Cancelled => f.write_str("the wait of a party was cancelled"),
            BrokenBy::Failed => f.write_str("its action has failed"),
            BrokenBy::Died { pid, tid: 0 } => write!(f, "process {pid}, a declared party, has died"),
            BrokenBy::Died { pid, tid } => write!(f, "thread {tid} of process {pid} has died waiting"),
        }
    }
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Error {
        match stop {
            Stop::Broken(cause) => Error::with(ErrorKind::Broken, BrokenBy::from(cause).to_string()),
            Stop::Own(ErrorKind::Failed) => {
                Error::with(ErrorKind::Failed, "the action of the barrier has failed")
            }
            Stop::Own(ErrorKind::Deadlock) => {
                Error::with(ErrorKind::Deadlock, "the caller runs the barrier's action")
            }
            Stop::Own(kind) => kind.into(),
        }
    }
}

impl Barrier {
    /// Makes a barrier for so many parties, whole and with nobody there.
    ///
    /// Errors: `Range` (no parties, or more than the yard has thread slots), `Exists`, `Name`, `NoSpace`, `NoSlots`, and
    /// `Timeout` if another object has been in the making for ten seconds.
    pub fn create(yard: &Yard, name: &str, parties: u32) -> Result<Barrier> {
        Barrier::obtain(yard, name, How::Create, Some(parties))
    }

    /// Opens a barrier, for however many parties it is. Errors: `NotFound`, `Type`.
    pub fn open(yard: &Yard, name: &str) -> Result<Barrier> {
        Barrier::obtain(yard, name, How::Open, None)
    }

    /// Opens a barrier for so many parties, or makes it. Errors: as for both, and `Mismatch` if it is for more or fewer.
    pub fn open_or_create(yard: &Yard, name: &str, parties: u32) -> Result<Barrier> {
        Barrier::obtain(yard, name, How::OpenOrCreate, Some(parties))
    }

    fn obtain(yard: &Yard, name: &str, how: How, parties: Option<u32>) -> Result<Barrier> {
        let slots = yard.held().geometry().slots;
        if let Some(n) = parties.filter(|n| !(1..=slots).contains(n)) {
            let detail = format!("a barrier for {n} parties in a yard of {slots} thread slots");
            return Err(Error::with(ErrorKind::Range, detail));
        }
        let asked = parties.unwrap_or(1);
        let params = [u64::from(asked), u64::from(slots), 0, 0];
        let plan = Plan { kind: ObjectType::Barrier, params, len: Tables::of(asked, slots).bytes };
        let record =
            obtain(yard.held(), name, how, &plan, |found| match (parties, parties_of(found, slots)?) {
                (Some(wanted), is) if wanted != is => {
                    let detail = format!("{name:?} is a barrier for {is} parties, not {wanted}");
                    Err(Error::with(ErrorKind::Mismatch, detail))
                }
                _ => Ok(()),
            })?;
        let words = words(yard.held(), &record)?;
        Ok(Barrier {
            head: NonNull::from(words.head),
            cells: NonNull::from(words.cells).cast(),
            told: NonNull::from(words.told).cast(),
            places: NonNull::from(words.places).cast(),
            parties: words.cells.len() as u32,
            slots,
            declared: AtomicU64::new(0),
            manner: yard.manner(),
            yard: yard.held().clone(),
        })
    }

    #[inline]
    fn words(&self) -> protocol::Barrier<'_> {
        let (parties, slots) = (self.parties as usize, self.slots as usize);
        // SAFETY: all lie in the mapping that `self.yard` keeps (checked by `words`), and are atomics.
        unsafe {
            protocol::Barrier {
                head: self.head.as_ref(),
                cells: std::slice::from_raw_parts(self.cells.as_ptr(), parties),
                told: std::slice::from_raw_parts(self.told.as_ptr(), slots),
                places: std::slice::from_raw_parts(self.places.as_ptr(), parties),
            }
        }
    }

    /// Waits, at most `timeout`, until as many have arrived as there are parties. Tells which one of them the caller is: from
    /// each trip every number from 0 to [`Barrier::parties`] - 1 is told once, in no order.
    ///
    /// A try that is not the last to arrive breaks the barrier, as any other wait whose time is up.
    ///
    /// Errors: `Broken` (the detail says why, [`Barrier::broken`] for programs); `Timeout`, `Cancelled` and `Interrupted` (only if
    /// the yard was opened interruptible) if the caller's own wait has ended so, which breaks the barrier for the others; but it breaks
    /// nothing if the caller had not arrived, because the trip was full without it. `NoSlots` (the table of threads is full),
    /// `Deadlock` (the caller runs the barrier's action).
    #[inline]
    pub fn wait(&self, timeout: impl Into<Timeout>) -> Result<u32> {
        self.arrive(timeout.into(), None::<fn() -> bool>)
    }

    /// As [`Barrier::wait`]. `action` is run by one party of each trip, as a rule the last to arrive, before anybody goes on;
    /// what it does is seen by all of them. The actions of the others are dropped.
    ///
    /// A fork child that the action makes, and that comes back, gets `NotOwner`, and the trip is its parent's.
    ///
    /// If it panics the barrier is broken, and the panic goes on. An action may break or reset the barrier, and so may anybody
    /// else while it runs: then it has run, and there is no trip.
    pub fn wait_with(&self, timeout: impl Into<Timeout>, action: impl FnOnce()) -> Result<u32> {
        self.wait_if(timeout, || {
            action();
            true
        })
    }

    /// As [`Barrier::wait_with`], with an action that may fail: after `false` the barrier is broken, and who ran the action
    /// gets `Failed`.
    pub fn wait_if(&self, timeout: impl Into<Timeout>, action: impl FnOnce() -> bool) -> Result<u32> {
        self.arrive(timeout.into(), Some(action))
    }

    #[inline]
    fn arrive(&self, timeout: Timeout, action: Option<impl FnOnce() -> bool>) -> Result<u32> {
        let me = thread::register(&self.yard)?;
        let wait = Wait::new(timeout.or_try(), self.manner);
        self.with_parties(|words, parties| Ok(words.wait(me, parties, &wait, action)? as u32))
    }

    /// Does something with all that it must know about the others.
    fn with_parties<'s, R>(
        &'s self,
        f: impl FnOnce(protocol::Barrier<'_>, &Parties<'_, Processes<'s>, Threads<'s>>) -> R,
    ) -> R {
        let (processes, threads) = (Processes(&self.yard), Threads(&self.yard));
        f(self.words(), &Parties { processes: &processes, threads: &threads })
    }

    /// Breaks the barrier: who waits, and who comes, gets `Broken`, until it is reset. Nothing changes if it is broken.
    pub fn abort(&self) {
        self.with_parties(|words, parties| words.abort(parties));
    }

    /// Makes the barrier whole, with nobody there. Who waits at that moment gets `Broken`; the declarations of the dead are
    /// forgotten.
    pub fn reset(&self) {
        self.with_parties(|words, parties| words.reset(parties));
    }

    /// Whether the barrier is broken at this instant. See [`Barrier::broken`].
    pub fn is_broken(&self) -> bool {
        self.broken().is_some()
    }

    /// Why the barrier is broken, if it is. A dead party is found here too, if it shows a sign of its death: a registered
    /// thread that has died.
    pub fn broken(&self) -> Option<BrokenBy> {
        self.with_parties(|words, parties| words.broken(parties)).map(BrokenBy::from)
    }

    /// How many parties make a trip.
    pub fn parties(&self) -> u32 {
        self.parties
    }

    /// How many have arrived and wait at this instant; 0 if the barrier is broken.
    pub fn waiting(&self) -> u32 {
        self.with_parties(|words, parties| words.waiting(parties)) as u32
    }

    /// Declares that this process takes part, until the [`Party`] is dropped: if it dies, also before any thread of it has
    /// arrived, the barrier breaks at once instead of leaving the others waiting. It may do so once for each of its threads
    /// that take part; nobody needs to, and who has not may take part as well.
    ///
    /// The places of processes that are dead, or have closed the yard, are free again.
    ///
    /// Errors: `NoSlots` (so many living parties have declared themselves as there are; or the table of processes is full).
    pub fn declare(&self) -> Result<Party<'_>> {
        let process = self.yard.process_token()?;
        let at = self.stamp(process)?;
        Ok(Party { barrier: self, process, at })
    }

    fn stamp(&self, process: Token) -> Result<usize> {
        // For the fast notice of our death; without a slot the others find out by their slice.
        let _ = thread::register(&self.yard);
        self.with_parties(|words, parties| words.declare(process, parties)).map_err(|kind| {
            Error::with(kind, format!("all {} parties have declared themselves", self.parties))
        })
    }

    /// As [`Barrier::declare`], until [`Barrier::leave`], or until this handle is dropped.
    pub fn declare_unguarded(&self) -> Result<()> {
        let process = self.yard.process_token()?;
        self.stamp(process)?;
        self.count(|count| Some(count.of(process).count.wrapping_add(1)), process);
        Ok(())
    }

    /// Takes back one declaration of this process, whichever thread made it, through whichever handle. Nothing breaks: the
    /// others then wait for whoever comes.
    ///
    /// Errors: `NotOwner` if the process has declared nothing; a fork child has not.
    pub fn leave(&self) -> Result<()> {
        let left = Token::of(self.yard.token_if_joined()).filter(|process| self.words().leave(*process));
        let Some(process) = left else { return Err(ErrorKind::NotOwner.into()) };
        self.count(|count| count.of(process).count.checked_sub(1), process);
        Ok(())
    }

    /// How many parties have declared themselves at this instant. A dead one counts until somebody has noticed.
    pub fn declared(&self) -> u32 {
        self.words().declared() as u32
    }

    /// Counts what this handle has declared.
    fn count(&self, next: impl Fn(Declared) -> Option<u32>, process: Token) {
        // Relaxed: private to the process.
        let _ = self.declared.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
            let count = next(Declared::unpack(word))?;
            Some(Declared { process, count }.pack())
        });
    }
}

/// How often a process has declared itself through one handle.
#[derive(Clone, Copy)]
struct Declared {
    process: Token,
    count: u32,
}

impl Declared {
    fn unpack(word: u64) -> Declared {
        Declared { process: Token((word >> 32) as u32), count: word as u32 }
    }

    fn pack(self) -> u64 {
        u64::from(self.process.0) << 32 | u64::from(self.count)
    }

    /// The same for this process: a fork child has declared nothing.
    fn of(self, process: Token) -> Declared {
        if self.process == process { self } else { Declared { process, count: 0 } }
    }
}

impl Drop for Barrier {
    fn drop(&mut self) {
        let declared = Declared::unpack(self.declared.load(Ordering::Relaxed));
        if declared.process.0 == self.yard.token_if_joined() {
            for _ in 0..declared.count {
                self.words().leave(declared.process);
            }
        }
    }
}

impl Clone for Barrier {
    /// Another handle; what was declared through this one stays with this one.
    fn clone(&self) -> Barrier {
        Barrier {
            head: self.head,
            cells: self.cells,
            told: self.told,
            places: self.places,
            parties: self.parties,
            slots: self.slots,
            declared: AtomicU64::new(0),
            manner: self.manner,
            yard: self.yard.clone(),
        }
    }
}

impl std::fmt::Debug for Barrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut f = f.debug_struct("Barrier");
        f.field("parties", &self.parties);
        f.field("waiting", &self.waiting()).field("broken", &self.broken()).finish()
    }
}

/// The declaration of a process that it takes part. Dropping it, in whatever thread, takes it back; in a fork child that
/// inherited it, dropping does nothing.
#[must_use = "dropping it takes the declaration back"]
#[derive(Debug)]
pub struct Party<'a> {
    barrier: &'a Barrier,
    /// Under which it was made. Who finds another one is a fork child, or has left the yard since.
    process: Token,
    at: usize,
}

impl Drop for Party<'_> {
    fn drop(&mut self) {
        let Party { barrier, process, at } = *self;
        if barrier.yard.token_if_joined() == process.0 && !barrier.words().leave_at(at, process) {
            barrier.words().leave(process); // that one was taken back by `leave`: another of ours then
        }
    }
}

fn parties_of(record: &Record, slots: u32) -> Result<u32> {
    let [parties, of_slots, ..] = record.params;
    u32::try_from(parties)
        .ok()
        .filter(|n| (1..=slots).contains(n) && of_slots == u64::from(slots))
        .filter(|n| record.len >= Tables::of(*n, slots).bytes)
        .ok_or_else(|| {
            let detail = format!("a barrier for {parties} parties and {of_slots} slots");
            Error::with(ErrorKind::Corrupt, detail)
        })
}

/// The words of an object in the directory, all of them inside the yard.
fn words<'a>(yard: &'a Attachment, record: &Record) -> Result<protocol::Barrier<'a>> {
    let slots = yard.geometry().slots;
    let parties = parties_of(record, slots)?;
    let (tables, region) = (Tables::of(parties, slots), yard.region());
    let body: &Body = region.at(record.offset)?;
    Ok(protocol::Barrier {
        head: &body.head,
        cells: region.table(record.offset + tables.cells, parties)?,
        told: region.table(record.offset + tables.told, slots)?,
        places: region.table(record.offset + tables.places, parties)?,
    })
}

/// Breaks the barrier for a dead party, and frees the places of a process that is gone.
pub(crate) fn recover(yard: &Attachment, record: &Record, who: Who, gone: Gone) {
    let Ok(words) = words(yard, record) else { return };
    let parties = Parties { processes: &Processes(yard), threads: &Threads(yard) };
    match (who, gone) {
        (Who::Thread(dead), _) => {
            words.recover_thread(dead, &parties);
        }
        (Who::Process(process), Gone::Closed | Gone::Unborn) => {
            words.leave_all(process);
        }
        (Who::Process(dead), Gone::Died) => words.recover_process(dead, &parties),
    }
}

crate::objects::refer::referable!(Barrier, Barrier, |it| (&it.yard, it.head.addr().get()));
