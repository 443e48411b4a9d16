//! Giving tasks to a pool, and taking them back.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::blocks::Block;
use crate::objects::many::Helper;
use crate::objects::pool::future::Future;
use crate::objects::pool::layout::{Record, Why};
use crate::objects::pool::payload::Side;
use crate::objects::pool::{Table, TaskId, TaskOptions, callbacks, work};
use crate::segment::directory::Name;
use crate::shim::Ordering;
use crate::sync::closing::Closing;
use crate::sync::task::{Phase, Seen};
use crate::sync::wait::{Timeout, Wait};

/// Before an entry's name: the input are many, each of which the entry is called with.
pub(crate) const MANY: char = '*';

impl Table {
    /// Gives the pool a task: what is registered under `entry`, with these bytes. Waits at most `timeout` for a place.
    pub(crate) fn submit(
        &self,
        entry: &str,
        input: &[u8],
        options: &TaskOptions,
        timeout: Timeout,
    ) -> Result<Future> {
        // For a block nobody waits: most often the caller's own futures have them.
        let write = |index| self.write(index, Side::Input, input, Timeout::Try);
        self.submit_filled(entry, options, timeout, write)
    }

    /// As [`Table::submit`], of what lies in a block of this process, which is the task's from then on. If nothing was submitted,
    /// it is the process's still, if it was.
    pub(crate) fn submit_block(
        &self,
        entry: &str,
        block: u64,
        options: &TaskOptions,
        timeout: Timeout,
    ) -> Result<Future> {
        self.blocks()?.is_mine(block)?;
        self.submit_filled(entry, options, timeout, |index| self.give_block(index, Side::Input, block))
    }

    /// Refuses a block of others. Errors: `Unsupported`, `Foreign`.
    pub(crate) fn check_block(&self, block: &Block<'_>) -> Result<()> {
        if block.is_of(self.blocks()?) {
            return Ok(());
        }
        Err(Error::with(ErrorKind::Foreign, "the block is none of this pool's"))
    }

    /// Gives the pool a task whose input `fill` puts into its place.
    fn submit_filled(
        &self,
        entry: &str,
        options: &TaskOptions,
        timeout: Timeout,
        fill: impl FnOnce(u32) -> Result<()>,
    ) -> Result<Future> {
        Name::new(entry.strip_prefix(MANY).unwrap_or(entry))?;
        let owner = self.held().process_token()?.0;
        let (index, record, held) = self.hold_place(timeout)?;
        if let Err(e) = fill(index) {
            self.vacate(record, held);
            return Err(e);
        }
        self.write_entry(index, record, entry);
        let limit =
            options.time_limit.map_or(0, |limit| u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX).max(1));
        // Relaxed: published with the task's word.
        record.limit.store(limit, Ordering::Relaxed);
        record.forget_since();
        record.retries.store(options.retries.into(), Ordering::Relaxed);
        record.promiser.store(0, Ordering::Relaxed);
        record.result.block.store(0, Ordering::Relaxed);
        let id = TaskId::new(index, record.words.pend(held, owner));
        self.announce(id);
        Ok(Future::new(self.clone(), id, true))
    }

    /// A place of the caller's, empty, in a pool that takes tasks.
    pub(super) fn hold_place(&self, timeout: Timeout) -> Result<(u32, &Record, Seen)> {
        let thread = self.seat()?;
        self.check_open()?;
        let attempt = || {
            if self.closing() != Closing::Open {
                return Some(Err(self.shut()));
            }
            self.try_hold(thread).map(Ok)
        };
        let place = match work::helper_of(self, None).filter(|_| timeout.or_try() != Timeout::Try) {
            // A worker waits for no place: those who have them may wait for it. But it can make some.
            Some(helper) => {
                let wait = Wait::new(timeout, self.manner());
                loop {
                    if let Some(place) = attempt() {
                        break Ok(place);
                    }
                    match wait.check().map(|()| helper.help()) {
                        Ok(true) => {}
                        Ok(false) => break self.wait_for(&self.body().room, Timeout::Try, attempt),
                        Err(end) => break Err(end.into()),
                    }
                }
            }
            None => self.wait_for(&self.body().room, timeout, attempt),
        };
        let (index, record, held) = place.map_err(|e| match e.kind() {
            ErrorKind::Timeout => {
                Error::with(ErrorKind::Full, format!("{} tasks are known", self.records().len()))
            }
            _ => e,
        })??;
        // After the claim: who has closed the pool meanwhile waits for us, or is seen by us.
        if self.body().closing.admits() {
            return Ok((index, record, held));
        }
        self.vacate(record, held);
        Err(self.shut())
    }

    /// Looks at every place, if need be.
    fn try_hold(&self, thread: u32) -> Option<(u32, &Record, Seen)> {
        let count = self.records().len() as u32;
        let first = self.0.cursor.0.load(Ordering::Relaxed); // Relaxed: where to begin to look
        (0..count).map(|nth| (first.wrapping_add(nth)) % count).find_map(|index| {
            let record = self.records().get(index as usize)?;
            let seen = record.words.look();
            let held = record.words.is_vacant(seen).then(|| record.words.hold(seen, thread))??;
            self.0.cursor.0.store(index + 1, Ordering::Relaxed);
            if !seen.is(Phase::Free) {
                self.clear(record);
            }
            Some((index, record, held))
        })
    }

    /// Gives back a place that the caller holds.
    pub(super) fn vacate(&self, record: &Record, held: Seen) {
        self.clear(record);
        record.words.give_back(held);
        self.body().room.notify(&**self.held());
        self.body().ended.notify(&**self.held());
    }

    /// Clears the places of tasks that nobody wants to know of. Tells whether there was one.
    pub(super) fn clear_litter(&self) -> Result<bool> {
        let (thread, mut found) = (self.seat()?, false);
        for record in self.records() {
            let seen = record.words.look();
            if record.words.is_litter(seen)
                && let Some(held) = record.words.hold(seen, thread)
            {
                self.vacate(record, held);
                found = true;
            }
        }
        Ok(found)
    }

    /// The owner of a task that has ended has no use for it any more; of another, nobody wants to know what becomes of it.
    pub(super) fn release(&self, id: TaskId, owner: u32) {
        let Ok((record, seen)) = self.find(id) else { return };
        if record.words.owner() != owner {
            return; // a fork child's copy
        }
        let ended = seen.phase().is_some_and(Phase::is_end);
        if ended && let Ok(thread) = self.seat() {
            if let Some(held) = record.words.hold(seen, thread) {
                self.vacate(record, held);
            }
        } else if record.words.let_go(owner) {
            let _ = self.clear_litter_of(record);
        }
    }

    /// Clears this place if it is litter.
    pub(super) fn clear_litter_of(&self, record: &Record) -> Result<()> {
        let seen = record.words.look();
        if record.words.is_litter(seen)
            && let Some(held) = record.words.hold(seen, self.seat()?)
        {
            self.vacate(record, held);
        }
        Ok(())
    }

    fn check_open(&self) -> Result<()> {
        if self.closing() == Closing::Open { Ok(()) } else { Err(self.shut()) }
    }

    fn shut(&self) -> Error {
        let why = match self.why() {
            Why::Open => "the pool was closed",
            Why::Terminated => "the pool was terminated",
            Why::Deserted => "the pool's maker is gone",
            Why::Unfit => "no worker of the pool can begin: the initializer fails, or they cannot be made",
        };
        Error::with(ErrorKind::State, why)
    }

    /// No task is taken any more.
    pub(crate) fn close(&self) {
        self.body().closing.close(Closing::Draining);
        self.wake(self.workers().len());
        self.tell_all();
    }

    /// Whether it is shut for good, and nothing that runs is to go on.
    pub(super) fn is_terminated(&self) -> bool {
        // Who shuts it says why first: with `Open` a peer that keeps no rules has been at it.
        self.closing() == Closing::Shut && matches!(self.why(), Why::Terminated | Why::Open)
    }

    /// Whether every task has ended, in a pool that takes no more.
    pub(crate) fn is_over(&self) -> bool {
        if self.body().closing.state() == Closing::Open {
            return false;
        }
        let waits = |record| {
            let phase = self.settled_phase(record);
            phase == Some(Phase::Held)
                || phase == Some(Phase::Pending)
                || phase.is_some_and(Phase::is_at_work)
        };
        // What has ended stays so from now on, and need not be looked at again. Relaxed: where to begin to look.
        let before = self.0.over.load(Ordering::Relaxed) as usize;
        let rest = self.records().get(before..).unwrap_or_default();
        let over = before + rest.iter().position(waits).unwrap_or(rest.len());
        self.0.over.store(over as u32, Ordering::Relaxed);
        over == self.records().len()
    }

    /// Waits until every task has ended, and nothing is left to call for them in this process. Errors: `State` (the pool was
    /// not closed), `Deadlock` (the caller is in one of its tasks), `Timeout`, `Cancelled`.
    pub(crate) fn join(&self, timeout: Timeout) -> Result<()> {
        self.join_with(timeout, || true)
    }

    /// As [`Table::join`], and until the keeper says that it is done.
    pub(crate) fn join_with(&self, timeout: Timeout, is_done: impl Fn() -> bool) -> Result<()> {
        if self.closing() == Closing::Open {
            return Err(Error::with(ErrorKind::State, "join before close"));
        }
        if self.is_worked_at_here() {
            return Err(Error::with(ErrorKind::Deadlock, "a task of the pool would wait for itself"));
        }
        let timeout = timeout.until();
        self.wait_for(&self.body().ended, timeout, || (self.is_over() && is_done()).then_some(()))?;
        callbacks::wait_for_all(self, timeout)
    }
}
