//! What becomes of a task, for who has submitted it.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::many::{AsPart, Helper, Kept, Part, wait_some};
use crate::objects::pool::layout::{Record, Why};
use crate::objects::pool::payload::Side;
use crate::objects::pool::{Table, TaskId, callbacks, corrupt, work};
use crate::os::child::Exit;
use crate::os::clock;
use crate::shim::{AtomicU32, Ordering};
use crate::sync::closing::Closing;
use crate::sync::many::{Net, Source};
use crate::sync::task::{Phase, Seen};
use crate::sync::wait::Timeout;
use std::sync::Arc;

/// How far a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskState {
    /// It waits for a worker.
    Pending,
    /// A worker is at it.
    Running {
        /// The worker's process.
        pid: u32,
        /// How many workers were lost with it before.
        attempt: u32,
        /// It was asked to stop, or its worker is going to be killed.
        is_asked: bool,
    },
    /// It has ended with a result.
    Done,
    /// It has ended with an error.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// It was lost with its worker.
    Lost,
}

/// Of what a task was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Its worker ended like this.
    Exit(Exit),
    /// Its time was up: see [`TaskOptions::time_limit`](crate::TaskOptions::time_limit).
    TimeLimit,
    /// The pool's maker is gone, and no worker is left.
    NoWorkers,
    /// No worker could begin: the initializer fails, or they cannot be made.
    Unfit,
}

impl Cause {
    /// Kind 0-7, what belongs to it 8-39, process 40-63.
    pub(super) fn to_word(self, pid: u32) -> u64 {
        let (kind, value) = match self {
            Cause::Exit(Exit::Code(code)) => (1, code.cast_unsigned()),
            Cause::Exit(Exit::Signal(number)) => (2, number.cast_unsigned()),
            Cause::Exit(Exit::Unknown) => (3, 0),
            Cause::TimeLimit => (4, 0),
            Cause::NoWorkers => (5, 0),
            Cause::Unfit => (6, 0),
        };
        kind | u64::from(value) << 8 | u64::from(pid) << 40
    }

    fn of_word(word: u64) -> (Cause, u32) {
        let value = (word >> 8) as u32;
        let cause = match word & 0xff {
            1 => Cause::Exit(Exit::Code(value.cast_signed())),
            2 => Cause::Exit(Exit::Signal(value.cast_signed())),
            4 => Cause::TimeLimit,
            5 => Cause::NoWorkers,
            6 => Cause::Unfit,
            _ => Cause::Exit(Exit::Unknown),
        };
        (cause, (word >> 40) as u32)
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cause::Exit(exit) => write!(f, "its worker: {exit}"),
            Cause::TimeLimit => f.write_str("its time was up"),
            Cause::NoWorkers => f.write_str("the pool's maker is gone, and no worker is left"),
            Cause::Unfit => f.write_str("no worker can begin: the initializer fails, or they cannot be made"),
        }
    }
}

/// How a task has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// With this result.
    Done(Vec<u8>),
    /// With this error.
    Failed(String),
    /// It was cancelled.
    Cancelled,
    /// It was lost.
    Lost {
        /// Of what.
        cause: Cause,
        /// The worker that was lost with it; 0: there was none.
        pid: u32,
        /// How many workers were lost with it before.
        attempt: u32,
    },
}

impl Fate {
    /// The result. Errors: `Failed` (the detail is the task's error), `Cancelled` (the task was), `Lost` (the detail says of
    /// what).
    pub fn into_result(self) -> Result<Vec<u8>> {
        match self {
            Fate::Done(result) => Ok(result),
            Fate::Failed(error) => Err(Error::with(ErrorKind::Failed, error)),
            Fate::Cancelled => Err(Error::with(ErrorKind::Cancelled, "the task was cancelled")),
            Fate::Lost { cause, pid, attempt } => {
                let detail = format!("{cause} (process {pid}, attempt {})", attempt + 1);
                Err(Error::with(ErrorKind::Lost, detail))
            }
        }
    }
}

/// What becomes of a task: for the process that has submitted it.
///
/// Every task ends exactly once, in one of four ways: [`Fate`]. The result can be had as often as one likes, until the future is
/// dropped. Then nobody wants to know any more: the task runs nevertheless, and what it gives is thrown away. The same happens
/// to the tasks of a process that dies.
///
/// Any number of futures can be waited for at once: see [`wait_any`](crate::wait_any), [`wait_all`](crate::wait_all) and
/// [`as_completed`](crate::as_completed), [`wait_futures`](crate::wait_futures); with the feature `async` they can be awaited. Or
/// instead of waiting one is called: [`Future::add_done_callback`].
///
/// # Waiting in a task
/// A worker that waits for a task of its own pool works at others meanwhile, one within the other: so a task may submit tasks
/// and wait for them, however few workers there are. If such a worker dies, all that it had in hand is lost with it. The time
/// of the wait is looked at between two of them, and so is whether it is cancelled: it may last longer by one task. Who only
/// looks, with [`Timeout::Try`], works at none.
///
/// # Fork, threads
/// Any number of threads. A fork child can look and wait, but the task stays its parent's.
#[must_use = "dropping the future throws the result away"]
pub struct Future {
    table: Table,
    id: TaskId,
    /// Token of the process whose task it is; 0: it only looks on.
    owner: u32,
    /// Not 0: there may be callbacks.
    pub(super) is_called: AtomicU32,
}

impl Future {
    pub(super) fn new(table: Table, id: TaskId, owned: bool) -> Future {
        let owner = if owned { table.held().token_if_joined() } else { 0 };
        Future { table, id, owner, is_called: AtomicU32::new(0) }
    }

    /// The task's number: it never means another task of this pool. See [`Pool::future`](crate::Pool::future).
    pub fn id(&self) -> u64 {
        self.id.0
    }

    /// How far it is. Errors: `NotFound` (this future only looks on, and the task's owner has no use for it any more).
    pub fn state(&self) -> Result<TaskState> {
        let (record, _) = self.table.find(self.id)?;
        self.table.settled_phase(record);
        let (record, seen) = self.table.find(self.id)?;
        // The worker's own word, which it has written before it took a task; the task's may be the last worker's still.
        let worker = self.table.workers().get(seen.who() as usize);
        let pid = worker.map_or(&record.pid, |worker| &worker.pid);
        let running = |is_asked| TaskState::Running {
            pid: pid.load(Ordering::Relaxed), // Relaxed: a figure for people
            attempt: seen.attempt(),
            is_asked,
        };
        Ok(match seen.phase().ok_or_else(corrupt)? {
            Phase::Running => running(false),
            Phase::Asked | Phase::Condemned => running(true),
            Phase::Done => TaskState::Done,
            Phase::Failed => TaskState::Failed,
            Phase::Cancelled => TaskState::Cancelled,
            Phase::Lost => TaskState::Lost,
            Phase::Pending | Phase::Free | Phase::Held | Phase::Litter => TaskState::Pending,
        })
    }

    /// Whether it has ended, however.
    pub fn is_done(&self) -> bool {
        !matches!(self.state(), Ok(TaskState::Pending | TaskState::Running { .. }))
    }

    /// Whether a worker is at it.
    pub fn is_running(&self) -> bool {
        matches!(self.state(), Ok(TaskState::Running { .. }))
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.state() == Ok(TaskState::Cancelled)
    }

    /// Cancels the task if it waits still: then it never runs. Tells whether it is cancelled.
    pub fn cancel(&self) -> bool {
        while let Ok((record, seen)) = self.table.find(self.id) {
            match seen.phase() {
                Some(Phase::Cancelled) => return true,
                Some(Phase::Pending) => {
                    if record.words.cancel(seen, &**self.table.held()) {
                        self.table.ended(record);
                        return true;
                    }
                }
                _ => return false,
            }
        }
        false
    }

    /// Cancels the task if it waits, or asks it to stop if it runs: its waits end with `Cancelled`, and
    /// [`Task::is_cancelled`](crate::Task::is_cancelled) tells it. It may end with a result nevertheless. Tells whether it is cancelled, or asked.
    pub fn stop(&self) -> bool {
        while let Ok((record, seen)) = self.table.find(self.id) {
            match seen.phase() {
                Some(Phase::Pending) if self.cancel() => return true,
                Some(Phase::Pending) => {}
                Some(Phase::Running | Phase::Asked | Phase::Condemned) => {
                    if record.words.ask(seen, false, &**self.table.held()) {
                        return true;
                    }
                }
                Some(Phase::Cancelled) => return true,
                _ => return false,
            }
        }
        false
    }

    /// Cancels the task if it waits, or has its worker killed if it runs: only this task ends with it, and what its worker has in
    /// hand because this one waits for it. Tells whether it is cancelled, or is going to be.
    ///
    /// Errors: `Unsupported` (it runs in a pool of threads, or is a promise: there is nothing to kill; or in another PID namespace
    /// than the pool's maker is in, who could kill somebody else; or he is gone, and with him who kills). [`Future::stop`] asks
    /// all of these.
    pub fn kill(&self) -> Result<bool> {
        while let Ok((record, seen)) = self.table.find(self.id) {
            match seen.phase() {
                Some(Phase::Pending) if self.cancel() => return Ok(true),
                Some(Phase::Pending) => {}
                Some(Phase::Running | Phase::Asked) if !self.table.has_worker_to_kill(seen) => {
                    return Err(Error::with(
                        ErrorKind::Unsupported,
                        "the task runs in a thread, is a promise, or nobody is left to kill: it can be asked to stop",
                    ));
                }
                Some(Phase::Running | Phase::Asked) => {
                    if self.table.call_off(record, seen, false).is_some() {
                        self.table.ask_keeper();
                        return Ok(true);
                    }
                }
                Some(Phase::Condemned | Phase::Cancelled) => return Ok(true),
                _ => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Waits until it has ended, at most `timeout`. Errors: `Timeout` (also for a try; it goes on), `Cancelled` (the wait was),
    /// `Interrupted`, `NotFound`, `Deadlock` (the caller is in this very task).
    pub fn wait(&self, timeout: impl Into<Timeout>) -> Result<()> {
        self.ended_phase(timeout.into()).map(drop)
    }

    fn ended_phase(&self, timeout: Timeout) -> Result<Phase> {
        let (record, _) = self.table.find(self.id)?;
        if let Some(own) = self.refusal() {
            return Err(own);
        }
        let attempt = || match self.table.find(self.id) {
            Err(e) => Some(Err(e)),
            Ok(_) => self.table.settled_phase(record).filter(|phase| phase.is_end()).map(Ok),
        };
        if let Some(ended) = attempt() {
            return ended;
        }
        if !self.table.is_worked_at_here() || timeout.or_try() == Timeout::Try {
            return self.table.wait_for(&record.words.settled, timeout, attempt)?;
        }
        // A worker waits: it works at other tasks meanwhile.
        let deadline = timeout.until();
        loop {
            let waited = wait_some(&[self], deadline);
            match (attempt(), waited) {
                (Some(ended), _) => return ended,
                (None, Err(e)) => return Err(e),
                (None, Ok(_)) => {}
            }
        }
    }

    /// How it has ended; waits at most `timeout` until it has. Errors: as for [`Future::wait`].
    pub fn fate(&self, timeout: impl Into<Timeout>) -> Result<Fate> {
        self.ended_phase(timeout.into())?;
        loop {
            let (record, seen) = self.table.find(self.id)?;
            let fate = self.table.fate(self.id, record, seen);
            if record.words.is_still(seen.generation()) {
                return fate;
            }
        }
    }

    /// Its result; waits at most `timeout` until it has ended.
    ///
    /// Errors: `Failed` (the detail is the task's error), `Lost` (the detail says of what), `Cancelled` (the task was, or this
    /// wait: [`Future::is_cancelled`] tells), `Timeout` (it goes on), `Interrupted`, `NotFound`, `Deadlock` (the caller is in
    /// this very task).
    pub fn result(&self, timeout: impl Into<Timeout>) -> Result<Vec<u8>> {
        self.fate(timeout)?.into_result()
    }

    /// Why it has failed, `None` if it is done; waits at most `timeout` until it has ended. Errors: as [`Future::result`], but for
    /// `Failed`.
    pub fn error(&self, timeout: impl Into<Timeout>) -> Result<Option<String>> {
        match self.fate(timeout)? {
            Fate::Failed(error) => Ok(Some(error)),
            other => other.into_result().map(|_| None),
        }
    }

    /// Has `callback` called, once, with how the task has ended: soon after that, or soon if it has ended already.
    ///
    /// One thread of this process calls all callbacks of all pools, one after the other; those of one task in the order in
    /// which they were added. So one that takes its time holds up the others, and nothing else; it may submit tasks, wait for
    /// them, and add callbacks. If one panics, that is said with [`log::Level::Error`], and the next ones are called. The
    /// thread blocks all signals; it is there from the first callback to 250 ms after the last.
    ///
    /// It is called however the task ends: also when the pool is terminated, gives up, or loses its maker. Dropping the future
    /// takes nothing back: the task stays this process's until its callbacks were called, and the yard stays open. It gets an
    /// error instead of a fate if that cannot be known: `NotFound` (this future only looks on, and the task's owner has no use
    /// for it any more), `Corrupt`.
    ///
    /// The end of this process waits for no callback: one that was not called by then is not called.
    /// [`Pool::join`](crate::Pool::join) waits for those of its pool.
    ///
    /// Errors: `NoMemory` (the process may have no more threads; it will not be called).
    ///
    /// # Fork
    /// A fork child calls none of its parent's. It may add its own, to futures of its parent's too. One that a callback has forked
    /// must not return from it.
    pub fn add_done_callback(&self, callback: impl FnOnce(Result<Fate>) + Send + 'static) -> Result<()> {
        callbacks::add(self, Box::new(callback))
    }

    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    /// The same, for who only looks on.
    pub(super) fn looking_on(&self) -> Future {
        Future::new(self.table.clone(), self.id, false)
    }

    /// Owns the task in the place of another future.
    pub(super) fn take_over(&mut self, from: &mut Future) {
        self.owner = std::mem::take(&mut from.owner);
    }

    /// Whether the task is this process's: not in a fork child, nor of who only looks on.
    pub(crate) fn is_mine(&self) -> bool {
        self.owner != 0 && self.owner == self.table.held().token_if_joined()
    }
}

impl Drop for Future {
    fn drop(&mut self) {
        let is_called = *self.is_called.get_mut() != 0;
        if self.is_mine() && !(is_called && callbacks::hand_over(self)) {
            self.table.release(self.id, self.owner);
        }
    }
}

impl std::fmt::Debug for Future {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Future").field("id", &self.id.0).field("state", &self.state()).finish()
    }
}

impl AsPart for Future {
    fn part(&self) -> Part<'_> {
        let id = (self.table.address_of(self.id), 0);
        Part { yard: Some(self.table.held()), id, manner: self.table.manner(), source: self }
    }

    fn keep(&self) -> Option<Kept> {
        let (yard, manner) = (self.table.held().clone(), self.table.manner());
        Some(Kept { yard, manner, source: Arc::new(self.looking_on()) })
    }

    fn helper(&self) -> Option<Box<dyn Helper + '_>> {
        let helper = work::helper_of(&self.table, Some(self.id))?;
        Some(Box::new(helper))
    }
}

impl Source for Future {
    fn refusal(&self) -> Option<Error> {
        let own = work::is_in_hand(&self.table, self.id);
        own.then(|| Error::with(ErrorKind::Deadlock, "the task would wait for itself"))
    }

    fn is_ready(&self) -> bool {
        self.is_done()
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        let Ok((record, _)) = self.table.find(self.id) else { return true };
        let watch = record.words.settled.prepare();
        let ready = self.is_done();
        if !ready {
            net.word(watch);
        }
        ready
    }
}

impl Table {
    /// How far a task is; one that waits in a pool that is shut for good ends here.
    pub(super) fn settled_phase(&self, record: &Record) -> Option<Phase> {
        loop {
            let seen = record.words.look();
            if self.closing() != Closing::Shut {
                return seen.phase();
            }
            let bell = &**self.held();
            if !seen.is(Phase::Pending) {
                self.ask_if_late(record, seen);
                return record.words.look().phase();
            }
            let ended = match self.why() {
                Why::Deserted if self.has_workers() => return seen.phase(),
                Why::Deserted => record.words.lose(seen, Cause::NoWorkers.to_word(0), bell),
                Why::Unfit => record.words.lose(seen, Cause::Unfit.to_word(0), bell),
                Why::Terminated | Why::Open => record.words.cancel(seen, bell),
            };
            if ended {
                self.ended(record);
            }
        }
    }

    /// Nobody watches the time any more, if the keeper is gone: whoever looks at a task then asks it to stop when its time is up.
    fn ask_if_late(&self, record: &Record, seen: Seen) {
        let limited = record.limit.load(Ordering::Relaxed) != 0; // Relaxed: published with the task's word
        if !limited || self.why() != Why::Deserted {
            return;
        }
        let now = clock::now_ns();
        if record.time_is_up_at(seen, now).is_some_and(|until| until <= now) {
            record.words.ask(seen, true, &**self.held());
        }
    }

    /// How a task has ended, as its place says now.
    fn fate(&self, id: TaskId, record: &Record, seen: Seen) -> Result<Fate> {
        let result = || self.read(id.index(), Side::Result);
        match seen.phase().ok_or_else(corrupt)? {
            Phase::Done => result().map(Fate::Done),
            Phase::Failed => Ok(Fate::Failed(String::from_utf8_lossy(&result()?).into_owned())),
            Phase::Cancelled => Ok(Fate::Cancelled),
            Phase::Lost if seen.is_late() => {
                let pid = record.pid.load(Ordering::Relaxed); // Relaxed: written before the task ended
                Ok(Fate::Lost { cause: Cause::TimeLimit, pid, attempt: seen.attempt() })
            }
            Phase::Lost => {
                let (cause, pid) = Cause::of_word(record.words.cause());
                Ok(Fate::Lost { cause, pid, attempt: seen.attempt() })
            }
            _ => Err(Error::with(ErrorKind::NotFound, format!("task {:#x} is over", id.0))),
        }
    }

    /// A future of a task that somebody else has submitted, for who looks on.
    pub(crate) fn future(&self, id: u64) -> Result<Future> {
        self.find(TaskId(id))?;
        Ok(Future::new(self.clone(), TaskId(id), false))
    }
}
