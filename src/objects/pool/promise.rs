//! A result that a program gives itself.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::pool::future::{Cause, Future};
use crate::objects::pool::options::PROMISED;
use crate::objects::pool::payload::Side;
use crate::objects::pool::{Table, TaskId, corrupt};
use crate::os::child::Exit;
use crate::os::process;
use crate::shim::Ordering;
use crate::sync::task::{Finished, Outcome, Phase, Seen};
use crate::sync::wait::Timeout;

/// The other side of a [`Future`] that no worker works at: this process gives the result, whenever it has it.
///
/// Dropped without one, or if its process dies, the future tells that it was lost.
#[must_use = "dropping a promise breaks it"]
pub struct Promise {
    table: Table,
    id: TaskId,
    seen: Seen,
    is_kept: bool,
}

impl Table {
    /// A future, and who gives its result.
    pub(crate) fn promise(&self, timeout: Timeout) -> Result<(Promise, Future)> {
        let owner = self.held().process_token()?.0;
        let (index, record, held) = self.hold_place(timeout)?;
        // Relaxed: published with the task's word.
        record.limit.store(0, Ordering::Relaxed);
        record.retries.store(0, Ordering::Relaxed);
        record.entry_len.store(0, Ordering::Relaxed);
        record.promiser.store(owner, Ordering::Relaxed);
        record.pid.store(process::pid(), Ordering::Relaxed);
        record.result.block.store(0, Ordering::Relaxed);
        let seen = record.words.promise(held, owner, PROMISED);
        let id = TaskId::new(index, seen);
        let future = Future::new(self.clone(), id, true);
        let promise = Promise { table: self.clone(), id, seen, is_kept: false };
        Ok((promise, future))
    }
}

impl Promise {
    /// The number of its future.
    pub fn id(&self) -> u64 {
        self.id.0
    }

    /// Whether somebody has asked it to stop, or nobody wants its result any more.
    pub fn is_cancelled(&self) -> bool {
        self.table
            .find(self.id)
            .map_or(true, |(record, seen)| !seen.is(Phase::Running) || record.words.owner() == 0)
    }

    /// Gives the result. Errors: `TooLong`, `NoSpace` (then the future fails and says so), `NotOwner` (a fork child's copy).
    pub fn set_result(self, result: &[u8]) -> Result<()> {
        self.keep(Ok(result))
    }

    /// Gives an error instead. Errors: as for [`Promise::set_result`].
    pub fn set_error(self, error: &str) -> Result<()> {
        self.keep(Err(error))
    }

    fn keep(mut self, result: std::result::Result<&[u8], &str>) -> Result<()> {
        self.own()?;
        self.is_kept = true;
        let index = self.id.index();
        let record = self.table.records().get(index as usize).ok_or_else(corrupt)?;
        let (bytes, mut outcome) = match result {
            Ok(bytes) => (bytes, Outcome::Done),
            Err(text) => (text.as_bytes(), Outcome::Failed),
        };
        let written = self.table.write(index, Side::Result, bytes, Timeout::Try);
        if let Err(e) = &written {
            outcome = Outcome::Failed;
            let text = format!("the result: {e}");
            let cut = text.floor_char_boundary(super::layout::INLINE);
            self.table.write(index, Side::Result, &text.as_bytes()[..cut], Timeout::Try)?;
        }
        if record.words.finish(self.seen, outcome, &**self.table.held()) == Finished::Ended {
            self.table.ended(record);
        }
        written
    }

    fn own(&self) -> Result<()> {
        let record = self.table.records().get(self.id.index() as usize).ok_or_else(corrupt)?;
        let promiser = record.promiser.load(Ordering::Relaxed); // Relaxed: compared with one's own
        if promiser == self.table.held().token_if_joined() {
            return Ok(());
        }
        Err(Error::with(ErrorKind::NotOwner, "another process has promised it"))
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if self.is_kept || self.own().is_err() {
            return;
        }
        let Some(record) = self.table.records().get(self.id.index() as usize) else { return };
        let cause = Cause::Exit(Exit::Unknown).to_word(process::pid());
        if record.words.forsake(self.seen, cause, &**self.table.held()) {
            self.table.ended(record);
        }
    }
}

impl std::fmt::Debug for Promise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Promise").field("id", &self.id.0).finish_non_exhaustive()
    }
}
