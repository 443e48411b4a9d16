//! The keeper's part: what becomes of the tasks of dead workers, and of those whose time is up.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::pool::future::Cause;
use crate::objects::pool::layout::{Record, Why, Worker};
use crate::objects::pool::options::{PROMISED, WORKERS_MAX};
use crate::objects::pool::{Table, TaskId, recover};
use crate::os::clock;
use crate::presence::attachment::{Attachment, Who};
use crate::presence::place::Standing;
use crate::segment::bits::Token;
use crate::shim::{Ordering, Watch, fence};
use crate::sync::closing::Closing;
use crate::sync::deadline::Deadline;
use crate::sync::hints;
use crate::sync::lock::Crowd;
use crate::sync::task::{Phase, Seen};
use crate::sync::wait::{Timeout, Wait};
use std::time::Duration;

/// A worker, as its keeper sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hand {
    pub(crate) number: u32,
    /// Of its thread.
    pub(crate) token: u32,
    pub(crate) pid: u32,
    /// That number means it here too: it is no process of another PID namespace.
    pub(crate) is_near: bool,
    /// It is gone.
    pub(crate) is_dead: bool,
}

/// What was done about a task that is not to run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CalledOff {
    /// It is asked to stop.
    Asked,
    /// Its worker is going to be killed.
    Condemned,
}

/// How the tasks of a pool stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Wait for a worker.
    pub pending: usize,
    /// Workers are at them.
    pub running: usize,
    /// Have ended with a result that their owners have not thrown away.
    pub done: usize,
    /// Likewise, with an error.
    pub failed: usize,
    /// Likewise, cancelled.
    pub cancelled: usize,
    /// Likewise, lost.
    pub lost: usize,
    /// Workers there are.
    pub workers: usize,
}

/// How the one behind a worker's token stands.
pub(super) fn is_dead(yard: &Attachment, token: u32) -> bool {
    Token::of(token).is_some_and(|token| matches!(yard.thread_standing(token), Standing::Dead))
}

/// Moves every task of a dead worker on, and tells who waits for it. Tells how many of them wait again.
pub(super) fn bury(
    yard: &Attachment,
    records: &[Record],
    number: u32,
    word: u64,
    may_retry: bool,
) -> Vec<TaskId> {
    let mut again = Vec::new();
    for (index, record) in (0u32..).zip(records) {
        loop {
            let seen = record.words.look();
            if !seen.phase().is_some_and(Phase::is_at_work) || seen.who() != number {
                break;
            }
            let retries = record.retries.load(Ordering::Relaxed); // Relaxed: published with the task's word
            let pending = (may_retry && seen.attempt() < retries).then(|| record.words.retry(seen)).flatten();
            if let Some(pending) = pending {
                again.push(TaskId::new(index, pending));
                break;
            }
            if record.words.lose(seen, word, yard) {
                break;
            }
        }
    }
    again
}

impl Table {
    /// Who works, or did.
    pub(crate) fn hands(&self) -> Vec<Hand> {
        let hand = |(number, worker): (u32, &Worker)| {
            let token = worker.token.load(Ordering::Acquire); // see `Shift::begin`
            let known = worker.pid.load(Ordering::Relaxed); // Relaxed: written after the token
            let thread = Token::of(token)?;
            let person = self.held().person(Who::Thread(thread)).0;
            let pid = if person != 0 { person } else { known };
            let is_near = self.held().is_numbered_as_we(thread);
            Some(Hand { number, token, pid, is_near, is_dead: is_dead(self.held(), token) })
        };
        (0u32..).zip(self.workers()).filter_map(hand).collect()
    }

    /// When the living worker of this number started, in clock ticks since boot; 0 if nobody knows.
    pub(crate) fn start_of(&self, number: u32) -> u64 {
        let worker = self.workers().get(number as usize);
        let thread = worker.and_then(|worker| Token::of(worker.token.load(Ordering::Acquire)));
        thread.map_or(0, |thread| self.held().start_of(thread))
    }

    /// How often somebody took a worker's place.
    pub(crate) fn begun(&self) -> u32 {
        self.body().begun()
    }

    /// Whether a process of this number took a worker's place, as far as anybody knows: others may have had it since then.
    pub(crate) fn has_begun(&self, pid: u32) -> bool {
        // Relaxed: a figure; the process was reaped.
        let holds = |worker: &Worker| worker.pid.load(Ordering::Relaxed) == pid;
        self.body().has_begun(pid) || self.workers().iter().any(holds)
    }

    /// Whether somebody works.
    pub(super) fn has_workers(&self) -> bool {
        self.hands().iter().any(|hand| !hand.is_dead)
    }

    /// A worker is dead: its tasks are moved on, and its place is vacant.
    pub(crate) fn bury(&self, hand: Hand, cause: Cause) {
        let may_retry = self.closing() != Closing::Shut;
        let word = cause.to_word(hand.pid);
        for id in bury(self.held(), self.records(), hand.number, word, may_retry) {
            self.announce(id);
        }
        if let Some(worker) = self.workers().get(hand.number as usize) {
            worker.token.store(0, Ordering::Release);
        }
        hints::lost(self); // what it had taken of the queue and had not begun
        self.tell_all();
    }

    /// Those whose workers are to be killed: condemned by somebody, or their time is up. Threads of the maker are asked to stop.
    /// Tells when to look again.
    pub(crate) fn overdue(&self) -> (Vec<u32>, Option<Deadline>) {
        let (now, mut condemned, mut next) = (clock::now_ns(), Vec::new(), None);
        for record in self.records() {
            let seen = record.words.look();
            if seen.is(Phase::Condemned) {
                condemned.push(seen.who());
                continue;
            }
            let Some(until) = record.time_is_up_at(seen, now) else { continue };
            if until > now {
                next = Some(next.map_or(until, |next: u64| next.min(until)));
            } else if self.call_off(record, seen, true) == Some(CalledOff::Condemned) {
                condemned.push(seen.who());
            }
        }
        (condemned, next.map(Deadline::from_ns))
    }

    /// Has who is at work on a task killed for it, if there is somebody who can do that, and asks him to stop if not; `late`:
    /// because its time is up. `None`: the task is not as seen any more.
    pub(super) fn call_off(&self, record: &Record, seen: Seen, late: bool) -> Option<CalledOff> {
        let ask = |seen| record.words.ask(seen, late, &**self.held()).then_some(CalledOff::Asked);
        if !self.has_worker_to_kill(seen) {
            return ask(seen);
        }
        let condemned = record.words.condemn(seen, late)?;
        // Who buries the keeper says that he has gone, and then looks at what is condemned. The fences are in one order: he sees
        // this one, or we see that nobody is there to kill.
        fence(Ordering::SeqCst);
        match self.keeper() {
            Some(_) => Some(CalledOff::Condemned),
            None => ask(condemned),
        }
    }

    /// Whose process kills workers, and makes them; `None`: he is gone.
    fn keeper(&self) -> Option<Token> {
        Token::of(self.body().keeper.load(Ordering::Relaxed)) // Relaxed: compared only
    }

    /// Whether who is at work on a task can be killed for it: not a thread of the pool's maker, nor who has promised it, nor who
    /// works in another PID namespace than the maker, where its number means nothing, or somebody else; nobody, if he is gone.
    pub(super) fn has_worker_to_kill(&self, seen: Seen) -> bool {
        let is_near = |keeper| self.is_in_reach(seen.who(), keeper);
        !self.options().threads && seen.who() != PROMISED && self.keeper().is_some_and(is_near)
    }

    /// Whether the worker of this number is no thread of the pool's maker, and somebody whom he can kill.
    fn is_in_reach(&self, number: u32, keeper: Token) -> bool {
        let worker = self.workers().get(number as usize);
        let token = worker.and_then(|worker| Token::of(worker.token.load(Ordering::Acquire)));
        let Some(thread) = token else { return true };
        self.held().process_of(thread) != Some(keeper) && self.held().is_numbered_as(thread, keeper)
    }

    /// Whether the worker of this number is to be killed.
    pub(crate) fn is_condemned(&self, number: u32) -> bool {
        let by_it = |record: &Record| {
            let seen = record.words.look();
            seen.is(Phase::Condemned) && seen.who() == number
        };
        self.records().iter().any(by_it)
    }

    /// Announces the keeper, who is going to look, and then to wait: who asks from now on is heard.
    pub(crate) fn begin_watch(&self) -> Watch<'_> {
        self.body().asked.prepare()
    }

    /// Waits until the keeper is needed: somebody has asked for him, a worker dies, `until` has come, or a slice is over.
    pub(crate) fn keep_watch(&self, asked: Watch<'_>, until: Option<Deadline>) {
        const SLICE: Duration = Duration::from_millis(250);
        let slice = Deadline::after(SLICE);
        let until = until.filter(|until| until.ns() < slice.ns()).unwrap_or(slice);
        let mut crowd = Crowd::new(asked);
        for worker in self.workers() {
            let token = worker.token.load(Ordering::Acquire);
            match Token::of(token).map(|token| self.held().thread_standing(token)) {
                Some(Standing::Here(Some(alive))) => {
                    crowd.add(alive);
                }
                Some(Standing::Dead) => return,
                _ => {}
            }
        }
        let wait = Wait::new(Timeout::Until(until), self.manner().to_the_end());
        let _ = wait.sleep(crowd.watches(), false);
    }

    /// Refuses more workers than the yard can know of threads: one place is the maker's. Errors: `NoSlots`.
    pub(crate) fn check_slots(yard: &Attachment, workers: usize) -> Result<()> {
        let slots = yard.geometry().slots as usize;
        let detail = || format!("{workers} workers and their maker, in a yard for {slots} threads");
        if workers < slots { Ok(()) } else { Err(Error::with(ErrorKind::NoSlots, detail())) }
    }

    /// So many workers there are to be. Errors: `Range`, `NoSlots`.
    pub(crate) fn set_wanted(&self, count: usize) -> Result<()> {
        let most = self.workers().len().min(WORKERS_MAX);
        if count == 0 || count > most {
            return Err(Error::with(ErrorKind::Range, format!("{count} workers, not 1 to {most}")));
        }
        Table::check_slots(self.held(), count)?;
        self.body().wanted.store(count as u32, Ordering::Relaxed); // Relaxed: the keeper is told afterwards
        self.ask_keeper();
        Ok(())
    }

    pub(crate) fn wanted(&self) -> usize {
        self.body().wanted.load(Ordering::Relaxed) as usize
    }

    /// Has a worker end when it has nothing in hand. Its token is the order: who has the place after it is not meant.
    pub(crate) fn dismiss(&self, hand: Hand) {
        if let Some(worker) = self.workers().get(hand.number as usize) {
            worker.dismissed.store(hand.token, Ordering::Relaxed); // Relaxed: it is woken afterwards
        }
        self.wake(self.workers().len());
    }

    /// Whether it is to end when it has nothing in hand.
    pub(crate) fn is_dismissed(&self, hand: Hand) -> bool {
        let worker = self.workers().get(hand.number as usize);
        worker.is_some_and(|worker| worker.dismissed.load(Ordering::Relaxed) == hand.token) // Relaxed: a figure
    }

    /// Tells everybody to look again.
    pub(crate) fn tell_who_waits(&self) {
        self.tell_all();
    }

    /// Shuts the pool for good: what waits is cancelled, or lost.
    pub(crate) fn shut_for_good(&self, why: Why) {
        recover::shut(self.body(), why);
        if why == Why::Terminated {
            self.call_off_what_runs();
        }
        for record in self.records() {
            self.settled_phase(record);
        }
        self.wake(self.workers().len());
        self.tell_all();
    }

    /// Whoever is at work is to be killed, or asked to stop.
    fn call_off_what_runs(&self) {
        self.body().closing.state(); // who takes a task from now on sees it, or is seen
        for record in self.records() {
            self.call_off(record, record.words.look(), false);
        }
    }

    /// The keeper's part of a termination: who began it may have died before he did it.
    pub(crate) fn see_it_terminated(&self) {
        if self.closing() == Closing::Shut && self.why() == Why::Terminated {
            self.call_off_what_runs();
        }
    }

    /// The keeper goes: from now on the sweep does his work. Of who has died just now, it thought that the keeper would do it.
    pub(crate) fn leave(&self) {
        self.body().keeper.store(0, Ordering::Release);
        recover::bury_orphans(self.held(), self.body(), self.workers(), self.records());
    }

    /// How the tasks stand at this instant. Looks at each of them.
    pub(crate) fn progress(&self) -> Progress {
        let mut sum = Progress {
            workers: self.hands().iter().filter(|hand| !hand.is_dead).count(),
            ..Progress::default()
        };
        for record in self.records() {
            let phase = self.settled_phase(record);
            match phase.filter(|_| !record.words.is_litter(record.words.look())) {
                Some(Phase::Pending) => sum.pending += 1,
                Some(Phase::Running | Phase::Asked | Phase::Condemned) => sum.running += 1,
                Some(Phase::Done) => sum.done += 1,
                Some(Phase::Failed) => sum.failed += 1,
                Some(Phase::Cancelled) => sum.cancelled += 1,
                Some(Phase::Lost) => sum.lost += 1,
                _ => {}
            }
        }
        sum
    }
}
