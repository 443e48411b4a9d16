//! A worker's part: taking tasks, and ending them.
#![allow(unsafe_code)] // a helper is lent to the thread for the time of a task

use crate::error::{Error, ErrorKind, Result};
use crate::objects::many::{self, AsPart};
use crate::objects::pool::future::Cause;
use crate::objects::pool::input::{Given, Input};
use crate::objects::pool::layout::{Record, Worker};
use crate::objects::pool::payload::Side;
use crate::objects::pool::{Table, TaskId, corrupt, keep};
use crate::objects::queue::Queue;
use crate::os::child::Exit;
use crate::os::{clock, process};
use crate::presence::thread;
use crate::shim::Ordering;
use crate::sync::closing::Closing;
use crate::sync::ends;
use crate::sync::hints;
use crate::sync::task::{Finished, Outcome, Phase, Seen};
use crate::sync::wait::{Manner, Timeout};
use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::time::Duration;

/// How long a worker with a long result waits for a block, if none is free: somebody may be about to give one back. Not longer:
/// it may be who waits for this very result.
const RESULT_PATIENCE: Duration = Duration::from_secs(1);

/// A worker's stay in a pool.
pub(crate) struct Shift {
    table: Table,
    number: u32,
    token: u32,
    /// The worker's process: to ask the system for it would cost a fifth of what a task costs.
    pid: u32,
}

/// A task in a worker's hand.
pub(crate) struct Job {
    pub(crate) id: TaskId,
    pub(crate) entry: String,
    given: Given,
    seen: Seen,
}

/// What a worker is to do.
pub(crate) enum Next {
    Job(Job),
    /// There was nothing within the time.
    Nothing,
    /// To end: it is not needed any more.
    Leave,
}

impl Shift {
    /// Takes a worker's place, for the calling thread. Errors: `NoSlots` (there is none, or none in the table of threads).
    pub(crate) fn begin(table: &Table) -> Result<Shift> {
        let token = thread::register(table.held())?.0;
        let vacant = |worker: &Worker| {
            // Release: whoever finds the token finds its holder registered. Acquire: the last holder's are over.
            worker.token.compare_exchange(0, token, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        };
        let number = table.workers().iter().position(vacant);
        let Some(number) = number else {
            let detail = format!("{} workers are there", table.workers().len());
            return Err(Error::with(ErrorKind::NoSlots, detail));
        };
        let worker = &table.workers()[number];
        let pid = process::pid();
        // Relaxed: figures, and what only this worker writes.
        worker.pid.store(pid, Ordering::Relaxed);
        worker.ended.store(0, Ordering::Relaxed);
        worker.task.store(0, Ordering::Relaxed);
        table.body().note_begin(pid);
        Ok(Shift { table: table.clone(), number: number as u32, token, pid })
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    /// Of the thread that works.
    pub(crate) fn token(&self) -> u32 {
        self.token
    }

    fn worker(&self) -> Option<&Worker> {
        self.table.workers().get(self.number as usize)
    }

    /// A task that forks and goes on in the child has made no second worker. Errors: `NotOwner`.
    fn check_own(&self) -> Result<()> {
        if self.is_own() {
            return Ok(());
        }
        Err(Error::with(ErrorKind::NotOwner, "a fork child of a pool's worker is none"))
    }

    /// Whether the caller is the thread that has begun it.
    fn is_own(&self) -> bool {
        thread::token(self.table.held().number()) == self.token
    }

    /// The next task; waits at most `timeout` for one. Errors: `NotOwner` (the caller is a fork child of the worker).
    pub(crate) fn next(&self, timeout: Timeout) -> Result<Next> {
        self.check_own()?;
        let until = timeout.until();
        loop {
            if self.is_to_leave() {
                self.table.wake(1); // the wake may have been another's
                return Ok(Next::Leave);
            }
            if let Some(job) = self.take()? {
                return Ok(Next::Job(job));
            }
            if until.is_over() {
                return Ok(Next::Nothing);
            }
            if let Some(id) = self.table.wait_for_number(until)?
                && let Some(job) = self.start(id)?
            {
                return Ok(Next::Job(job));
            }
        }
    }

    /// A task that waits, if there is one.
    pub(crate) fn take(&self) -> Result<Option<Job>> {
        self.check_own()?;
        let waiting = (0u32..).zip(self.table.records()).filter_map(|(index, record)| {
            let seen = record.words.look();
            seen.is(Phase::Pending).then(|| TaskId::new(index, seen).0)
        });
        hints::take(&self.table, |number| self.start(TaskId(number)), waiting)
    }

    /// This task, if it waits.
    fn take_this(&self, id: TaskId) -> Result<Option<Job>> {
        self.check_own()?;
        self.start(id)
    }

    fn is_to_leave(&self) -> bool {
        // Relaxed: whoever sets it wakes afterwards.
        let dismissed =
            self.worker().is_none_or(|worker| worker.dismissed.load(Ordering::Relaxed) == self.token);
        dismissed
            || match self.table.closing() {
                Closing::Open => false,
                Closing::Draining => self.table.is_over(),
                Closing::Shut => true,
            }
    }

    /// Takes this task, if it still waits.
    fn start(&self, id: TaskId) -> Result<Option<Job>> {
        let Some(record) = self.table.records().get(id.index() as usize) else { return Ok(None) };
        let seen = record.words.look();
        if seen.generation() != id.generation() {
            return Ok(None);
        }
        let Some(seen) = record.words.start(seen, self.number) else { return Ok(None) };
        // Behind the claim: who terminates the pool finds it at work, or is seen here.
        if !self.table.body().closing.admits() && self.table.is_terminated() {
            self.call_off(record, seen);
            return Ok(None);
        }
        // Relaxed: figures.
        record.pid.store(self.pid, Ordering::Relaxed);
        if let Some(worker) = self.worker() {
            worker.task.store(id.0, Ordering::Relaxed);
        }
        if record.limit.load(Ordering::Relaxed) != 0 {
            record.since(seen, clock::now_ns());
            self.table.ask_keeper();
        }
        let entry = self.table.read_entry(id.index(), record);
        match entry.and_then(|entry| Ok((entry, self.table.given(id.index())?))) {
            Ok((entry, given)) => Ok(Some(Job { id, entry, given, seen })),
            Err(e) => self.fail(id, seen, &e),
        }
    }

    /// Somebody who keeps no rules has spoilt what the task was given: it ends with that, and the worker goes on.
    #[cold]
    fn fail(&self, id: TaskId, seen: Seen, why: &Error) -> Result<Option<Job>> {
        let job = Job { id, entry: String::new(), given: Given::nothing(), seen };
        self.finish(&job, Err(&format!("what it was given: {why}"))).map(|()| None)
    }

    /// The pool was terminated while the worker took this task: it does not begin.
    #[cold]
    fn call_off(&self, record: &Record, seen: Seen) {
        let (bell, word) = (&**self.table.held(), Cause::Exit(Exit::Unknown).to_word(self.pid));
        record.words.call_off(seen, word, bell);
        self.table.ended(record);
    }

    /// Ends a task. Errors: `Revoked` (somebody has decided that this worker is to be killed; the task is not its any more),
    /// `NotOwner` (the caller is a fork child of the worker).
    pub(crate) fn finish(&self, job: &Job, result: std::result::Result<&[u8], &str>) -> Result<()> {
        self.check_own()?;
        let index = job.id.index();
        let record = self.table.records().get(index as usize).ok_or_else(corrupt)?;
        let outcome = self.write_result(index, result);
        let finished = record.words.finish(job.seen, outcome, &**self.table.held());
        if let Some(worker) = self.worker() {
            worker.task.store(0, Ordering::Relaxed); // Relaxed: a figure
            let ended = worker.ended.load(Ordering::Relaxed);
            worker.ended.store(ended.wrapping_add(1), Ordering::Relaxed);
        }
        if finished == Finished::Condemned {
            return Err(Error::with(ErrorKind::Revoked, "the worker is to be killed"));
        }
        self.table.ended(record);
        Ok(())
    }

    fn write_result(&self, index: u32, result: std::result::Result<&[u8], &str>) -> Outcome {
        let failure = match result {
            Ok(bytes) => match self.table.write(index, Side::Result, bytes, RESULT_PATIENCE.into()) {
                Ok(()) => return Outcome::Done,
                Err(e) => format!("the result: {e}"),
            },
            Err(text) => text.to_owned(),
        };
        // What is longer than there is room for is cut.
        let cut = failure.floor_char_boundary(super::layout::INLINE);
        if self.table.write(index, Side::Result, failure.as_bytes(), Timeout::Try).is_err() {
            let _ = self.table.write(index, Side::Result, &failure.as_bytes()[..cut], Timeout::Try);
        }
        Outcome::Failed
    }

    /// How many tasks this worker has ended.
    pub(crate) fn ended(&self) -> u32 {
        self.worker().map_or(0, |worker| worker.ended.load(Ordering::Relaxed))
    }
}

impl Drop for Shift {
    fn drop(&mut self) {
        if !self.is_own() {
            return; // the parent's
        }
        // What it could not end, and what it was to be killed for.
        let word = Cause::Exit(Exit::Unknown).to_word(self.pid);
        keep::bury(self.table.held(), self.table.records(), self.number, word, false);
        if let Some(worker) = self.worker() {
            let _ = worker.token.compare_exchange(self.token, 0, Ordering::Release, Ordering::Relaxed);
        }
        self.table.ask_keeper();
    }
}

impl Job {
    /// What it was given, in this table. Errors: `Corrupt`, `NotFound`.
    pub(crate) fn input<'a>(&'a self, table: &'a Table) -> Result<Input<'a>> {
        self.given.input(table)
    }

    /// Whether it was asked to stop.
    pub(crate) fn is_asked(&self, table: &Table) -> bool {
        let Some(record) = table.records().get(self.id.index() as usize) else { return false };
        let seen = record.words.look();
        seen.generation() == self.id.generation() && !seen.is(Phase::Running)
    }

    /// How many workers were lost with it before.
    pub(crate) fn attempt(&self) -> u32 {
        self.seen.attempt()
    }

    /// Does something whose waits end when the task is asked to stop, and then only.
    pub(crate) fn during<R>(&self, table: &Table, f: impl FnOnce() -> R) -> Result<R> {
        /// Leaves the scope, also after a panic.
        struct Entered(ends::Scope);
        impl Drop for Entered {
            fn drop(&mut self) {
                ends::leave(self.0);
            }
        }
        let record = table.records().get(self.id.index() as usize).ok_or_else(corrupt)?;
        ends::apart(|| {
            // SAFETY: the word lies in the yard, which the table keeps mapped; it is borrowed until the scope has been left.
            let scope = unsafe { ends::enter(&record.words.stop, ()) };
            let _entered = Entered(scope?);
            Ok(f())
        })
    }
}

/// What a worker works with while it waits in a task.
pub(crate) trait Help {
    /// The pool.
    fn shift(&self) -> &Shift;
    /// Works at this task.
    fn run(&self, job: Job);
}

thread_local! {
    /// Who works in this thread.
    static HELP: Cell<Option<NonNull<dyn Help>>> = const { Cell::new(None) };
    /// What this thread has in hand, the outermost task first; and where it lies, as ids are a pool's own.
    static IN_HAND: RefCell<Vec<(usize, TaskId)>> = const { RefCell::new(Vec::new()) };
}

/// With so many tasks in hand, one within the other, a worker works at no others but those that it waits for.
const DEPTH_MAX: usize = 128;

/// Works at a task; if it waits for others of the pool, this worker works at those that wait.
pub(crate) fn helping<R>(help: &dyn Help, id: TaskId, f: impl FnOnce() -> R) -> R {
    /// Puts back what was there, also after a panic.
    struct Before(Option<NonNull<dyn Help>>);
    impl Drop for Before {
        fn drop(&mut self) {
            HELP.set(self.0);
            IN_HAND.with_borrow_mut(Vec::pop);
        }
    }
    // SAFETY: only the lifetime changes; it is taken out again before `help` ends, and is used by this thread only.
    let lent =
        unsafe { std::mem::transmute::<NonNull<dyn Help + '_>, NonNull<dyn Help>>(NonNull::from(help)) };
    let _before = Before(HELP.replace(Some(lent)));
    let at = help.shift().table().address_of(id);
    IN_HAND.with_borrow_mut(|ids| ids.push((at, id)));
    f()
}

/// The worker that the calling thread is, in a task in which it waits.
pub(super) struct Helper<'t> {
    help: NonNull<dyn Help>,
    table: &'t Table,
    /// What it waits for, if that is a task.
    wanted: Option<TaskId>,
    /// It has so much in hand that it works at this alone.
    is_deep: bool,
}

impl many::Helper for Helper<'_> {
    /// Works at a task that waits.
    fn help(&self) -> bool {
        // SAFETY: it is lent to this thread for as long as the task lasts that the caller is in.
        let help = unsafe { self.help.as_ref() };
        let job = match (self.is_deep, self.wanted) {
            (false, _) => help.shift().take(),
            (true, Some(id)) => help.shift().take_this(id),
            (true, None) => return false,
        };
        job.ok().flatten().map(|job| help.run(job)).is_some()
    }

    fn work(&self) -> Option<&dyn AsPart> {
        (!self.is_deep).then(|| self.table.queue() as &dyn AsPart)
    }
}

/// The worker that the calling thread is, if it works for this pool.
pub(super) fn helper_of(table: &Table, wanted: Option<TaskId>) -> Option<Helper<'_>> {
    let help = HELP.get()?;
    // SAFETY: as in `Helper::help`.
    let shift = unsafe { help.as_ref() }.shift();
    let ours = shift.table().is_same(table) && shift.is_own(); // a fork child that a task makes is no worker
    let is_deep = IN_HAND.with_borrow(Vec::len) >= DEPTH_MAX;
    ours.then_some(Helper { help, table, wanted, is_deep })
}

/// Whether the calling thread is at work on this task.
pub(super) fn is_in_hand(table: &Table, id: TaskId) -> bool {
    let it = (table.address_of(id), id);
    // SAFETY: as in `Helper::help`.
    let is_worker = HELP.get().is_some_and(|help| unsafe { help.as_ref() }.shift().is_own());
    is_worker && IN_HAND.with_borrow(|ids| ids.contains(&it))
}

impl Table {
    /// Whether the calling thread is in one of the pool's tasks.
    pub(crate) fn is_worked_at_here(&self) -> bool {
        helper_of(self, None).is_some()
    }

    /// A task has ended.
    pub(super) fn ended(&self, record: &Record) {
        self.body().ended.notify_after_rmw(&**self.held());
        let _ = self.clear_litter_of(record);
        if self.closing() != Closing::Open && self.is_over() {
            self.wake(self.workers().len());
        }
    }

    /// The keeper is to look.
    pub(super) fn ask_keeper(&self) {
        self.body().asked.notify(&**self.held());
    }

    pub(super) fn queue(&self) -> &Queue {
        &self.0.queue
    }

    pub(super) fn manner(&self) -> Manner {
        self.0.manner
    }

    pub(super) fn address_of(&self, id: TaskId) -> usize {
        self.records().get(id.index() as usize).map_or(0, |record| std::ptr::from_ref(record).addr())
    }
}
