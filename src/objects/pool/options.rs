//! What a pool's table is made as, and what is asked of a task.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::pool::layout;
use crate::segment::bits::PLACES_MAX;
use crate::segment::directory::Record as Entry;
use std::time::Duration;

/// The most workers: their numbers lie in 12 bits, of which the last means a promise.
pub(crate) const WORKERS_MAX: usize = PLACES_MAX as usize - 1;
/// The number of a worker that is none: somebody has promised the task.
pub(super) const PROMISED: u32 = PLACES_MAX;
/// The most tasks that a table can know at a time: a block's link has 25 bits for a task and which payload it is.
pub(crate) const TASKS_MAX: usize = 1 << 23;

/// What a pool's table is made as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TableOptions {
    /// Places for workers.
    pub(crate) workers: usize,
    /// Places for tasks.
    pub(crate) tasks: usize,
    /// Bytes for longer payloads.
    pub(crate) block_bytes: usize,
    /// Where the blocks are; 0: there are none.
    pub(crate) blocks_at: u64,
    /// The workers are threads: nothing can kill them.
    pub(crate) threads: bool,
}

/// In the parameter that says how many workers: they are threads.
const THREADS: u64 = 1 << 32;

impl TableOptions {
    pub(super) fn check(&self) -> Result<()> {
        let range = |what, is: usize, most| {
            let detail = format!("{is} {what}, not 1 to {most}");
            if (1..=most).contains(&is) { Ok(()) } else { Err(Error::with(ErrorKind::Range, detail)) }
        };
        range("workers", self.workers, WORKERS_MAX)?;
        range("tasks", self.tasks, TASKS_MAX)
    }

    pub(super) fn params(&self, blocks_at: u64) -> [u64; 4] {
        [
            self.workers as u64 + u64::from(self.threads) * THREADS,
            self.tasks as u64,
            self.block_bytes as u64,
            blocks_at,
        ]
    }

    pub(super) fn bytes(&self) -> u64 {
        layout::bytes(self.workers as u32, self.tasks as u32)
    }

    /// Those of a table that exists.
    pub(super) fn of(entry: &Entry) -> Result<TableOptions> {
        let [workers, tasks, block_bytes, blocks_at] = entry.params;
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let options = TableOptions {
            workers: number(workers & (THREADS - 1)),
            tasks: number(tasks),
            block_bytes: number(block_bytes),
            blocks_at,
            threads: workers & THREADS != 0,
        };
        let fits = options.check().is_ok() && entry.len >= options.bytes();
        let strange = || Error::with(ErrorKind::Corrupt, format!("pool parameters {:?}", entry.params));
        if fits { Ok(options) } else { Err(strange()) }
    }
}

/// What is asked of one task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskOptions {
    /// How often it is begun again when its worker dies at it; 0: it is lost with its first worker. What it has done by then
    /// is done: only a task that may be done twice should have more.
    pub retries: u8,
    /// How long it may run in one attempt; `None`: as long as it likes. What it waits for a worker does not count, and each
    /// attempt has all of it anew: a task with retries can take longer altogether. When the time is up, its worker is killed and
    /// replaced, and the task is lost, whatever retries are left; in a pool of threads, and in another PID
    /// namespace than its maker's, the task is asked to stop. When the maker is gone, whoever waits for the task asks it.
    pub time_limit: Option<Duration>,
}
