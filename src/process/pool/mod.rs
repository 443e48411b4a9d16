//! A pool: workers, tasks, and what becomes of them.
#![forbid(unsafe_code)]

mod chunk;
mod coding;
mod keeper;
mod map;
mod star;
mod task;
mod typed;
pub(super) mod worker;

#[cfg(feature = "serde")]
pub use coding::Serde;
pub use coding::{Coding, Plain};
pub use map::{Map, MapOptions, Unordered};
pub use star::StarFn;
pub(super) use task::TaskFn;
pub use task::{Task, register_block_task, register_task};
#[cfg(feature = "serde")]
pub use typed::{SerdeFuture, SerdeTask};
pub use typed::{TypedFuture, TypedTask};

use crate::error::{Error, ErrorKind, Result};
use crate::objects::blocks::Block;
use crate::objects::pool::{Fate, Future, Progress, Promise, Shift, Table, TableOptions, TaskOptions, Why};
use crate::objects::yard::Yard;
use crate::process::entry;
use crate::sync::wait::Timeout;
use keeper::Keeper;
use std::sync::Arc;

/// How the workers of a pool are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum StartMethod {
    /// By a [`ForkServer`](crate::ForkServer) of the pool's own. The program must have called [`init`](crate::init).
    #[default]
    ForkServer = 0,
    /// Each is the program anew: see [`Process::spawn`](crate::Process::spawn). It must have called [`init`](crate::init).
    Spawn = 1,
    /// By a fork of this process, which is made with the pool and must have no other threads then: workers have what this
    /// process has by then, and whatever is registered.
    Fork = 2,
    /// They are threads of this process: nothing is copied, no one's death is another's, and no task can be killed.
    Threads = 3,
}

/// What a pool is made as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolOptions {
    /// How many workers there are at first, 1 to 4094; 0: as many as this process may use
    /// CPUs, by its affinity and its cgroup's quota, but so few that a quarter of the yard's slots, and at least four, are left for
    /// others. Each takes one of the slots.
    pub workers: usize,
    /// How many there can be at a time, with those who come from elsewhere ([`Pool::work`]); 0: twice as many as at first, and
    /// 16.
    pub most_workers: usize,
    /// How many tasks can be known at a time, 1 to 8388608: those that wait, run, or have ended and whose futures are kept.
    pub tasks: usize,
    /// Bytes for inputs and results of more than 112 bytes; 0: there are none. They are there until the
    /// task's future is dropped. Each takes a block whose size is a power of two, and half of the bytes are in the largest ones: many
    /// of one length may need four times as much as they have together. For an input nobody waits (`NoSpace`); a result that finds no
    /// room within a second fails its task.
    pub block_bytes: usize,
    /// How workers are made.
    pub method: StartMethod,
    /// An entry ([`register_entry`](crate::register_entry)) that each worker runs before its first task. If it does not return
    /// 0, that worker ends; if three in a row do, and as many as there are to be, the pool gives up and says so.
    pub initializer: Option<String>,
    /// What it is given.
    pub initializer_bytes: Vec<u8>,
    /// A worker is replaced after so many tasks; 0: never.
    pub tasks_per_worker: u32,
}

impl Default for PoolOptions {
    fn default() -> PoolOptions {
        PoolOptions {
            workers: 0,
            most_workers: 0,
            tasks: 1024,
            block_bytes: 1 << 18,
            method: StartMethod::default(),
            initializer: None,
            initializer_bytes: Vec::new(),
            tasks_per_worker: 0,
        }
    }
}

/// Workers that do tasks: processes, or threads. Any process that has the yard open submits tasks, by the name of a function
/// that the workers have registered ([`register_task`]), and learns what becomes of each: see [`Future`].
///
/// One death costs one task. A worker that dies is replaced; what it had in hand is begun again by another one if the task
/// allows that ([`TaskOptions::retries`]), or is lost, and says of what: exit code or signal. Nothing else is touched.
///
/// Whoever made the pool looks after its workers, in a thread of its own. Dropping his last handle terminates the pool, as
/// [`Pool::terminate`]; to let it finish: [`Pool::close`], [`Pool::join`]. If he dies, his workers die too, and the tasks that
/// nobody works at any more are lost, and say so.
///
/// ```no_run
/// use courtyard::{Pool, PoolOptions, TaskOptions, Timeout, Yard, init, register_task};
///
/// fn main() -> courtyard::Result<()> {
///     register_task("double", |_, input| {
///         let number: u64 = std::str::from_utf8(input)?.parse()?;
///         Ok::<_, Box<dyn std::error::Error>>((2 * number).to_string())
///     })?;
///     init(); // workers are this program anew
///     let yard = Yard::anonymous()?;
///     let pool = Pool::create(&yard, "pool", &PoolOptions::default())?;
///     let future = pool.submit("double", b"21", &TaskOptions::default())?;
///     assert_eq!(future.result(Timeout::Forever)?, b"42");
///     Ok(())
/// }
/// ```
///
/// # Death
/// Who submits and is killed has submitted nothing, or a task that runs and whose result nobody wants. Who is killed at any
/// instruction of any other call leaves every task as it was, or moved on.
///
/// # Threads, fork
/// Any number of threads. A fork child of the maker may use the pool, but does not keep it.
#[derive(Clone)]
pub struct Pool {
    table: Table,
    keeper: Option<Arc<Keeper>>,
}

impl Pool {
    /// Makes a pool, and its workers. Beside it lie its queue and its blocks, under its name and `.tasks`, `.blocks`. If it
    /// fails, the name is free still; what there was no more room for may be there already, for whoever makes the same pool.
    ///
    /// Errors: `State` ([`init`](crate::init) was not called; or other threads run, with [`StartMethod::Fork`]), `Unsupported` (this
    /// program has more rights than its caller, so that it cannot be started anew), `NotFound` (no
    /// such initializer), `Range`, `Size`, `Exists`, `Name`, `NoSpace`, `NoSlots`, `NoMemory`, `Os`, `Timeout`.
    pub fn create(yard: &Yard, name: &str, options: &PoolOptions) -> Result<Pool> {
        if matches!(options.method, StartMethod::ForkServer | StartMethod::Spawn) {
            entry::check_init()?;
        }
        if let Some(initializer) = options.initializer.as_deref()
            && entry::find(initializer).is_none()
        {
            return Err(Error::with(ErrorKind::NotFound, format!("no entry {initializer:?} is registered")));
        }
        let slots = yard.held().geometry().slots as usize;
        let workers = if options.workers == 0 { fit(cpus(), slots) } else { options.workers };
        let most =
            if options.most_workers == 0 { (2 * workers + 16).min(4094) } else { options.most_workers };
        if workers > most {
            // Before anything is made.
            return Err(Error::with(ErrorKind::Range, format!("{workers} workers, not 1 to {most}")));
        }
        Table::check_slots(yard.held(), workers)?;
        let table = TableOptions {
            workers: most,
            tasks: options.tasks,
            block_bytes: options.block_bytes,
            blocks_at: 0,
            threads: options.method == StartMethod::Threads,
        };
        Table::check(yard, name, &table)?; // before a process is made for nothing
        let (at, called) = (yard.clone(), name.to_owned());
        let make = move || {
            Table::create(&at, &called, table).and_then(|table| table.set_wanted(workers).map(|()| table))
        };
        let keeper = Keeper::begin(yard, name, options, make)?;
        Ok(Pool { table: keeper.table().clone(), keeper: Some(Arc::new(keeper)) })
    }

    /// Opens a pool that somebody has made. Errors: `NotFound`, `Type`, `Corrupt`.
    pub fn open(yard: &Yard, name: &str) -> Result<Pool> {
        Table::open(yard, name).map(Pool::of)
    }

    pub(super) fn of(table: Table) -> Pool {
        Pool { table, keeper: None }
    }

    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    /// Gives the pool a task: what the workers have registered under `entry`, with this input. Returns at once; waits only
    /// while there is no place for another task. In a task of this pool it does not wait for that: `Full`, when it has worked at
    /// all that waits and there is none.
    ///
    /// An entry that no worker knows fails the task, which says so.
    ///
    /// Errors: `State` (the pool is closed, or has given up: the detail says why), `TooLong` (the input can never fit), `NoSpace`
    /// (no block is free for it), `Name`, `NoSlots`, `Cancelled`, `Interrupted`.
    pub fn submit(&self, entry: &str, input: &[u8], options: &TaskOptions) -> Result<Future> {
        self.submit_within(entry, input, options, Timeout::Forever)
    }

    /// As [`Pool::submit`]; waits at most `timeout` for a place: `Full` if there is none.
    pub fn submit_within(
        &self,
        entry: &str,
        input: &[u8],
        options: &TaskOptions,
        timeout: impl Into<Timeout>,
    ) -> Result<Future> {
        crate::segment::directory::Name::new(entry)?;
        self.table.submit(entry, input, options, timeout.into())
    }

    /// Memory for an input of `len` bytes, to be filled and submitted with [`Pool::submit_block`]: one of the pool's own blocks.
    /// Waits at most `timeout` while others have all that would do; in a task of this pool it does not wait (`NoSpace`), for they
    /// may wait for it. Dropped, it is free again, as it is if this process dies before it was submitted.
    ///
    /// Errors: `Unsupported` (the pool was made without [`PoolOptions::block_bytes`]), and as for [`Blocks::alloc`](crate::Blocks::alloc).
    pub fn alloc(&self, len: usize, timeout: impl Into<Timeout>) -> Result<Block<'_>> {
        self.table.alloc(len, timeout.into())
    }

    /// As [`Pool::submit`], with what lies in this block as the input, without a copy: all [`Block::len`] bytes of it. The block is
    /// the task's then, and comes free with it. A worker whose function is registered with
    /// [`register_block_task`](crate::register_block_task) makes no copy either.
    ///
    /// If nothing was submitted, the block comes back with the reason. Errors: as for [`Pool::submit`]; `Unsupported` (the pool was
    /// made without [`PoolOptions::block_bytes`]); `Foreign` (it is a block of others than this pool's); `NotFound`, `State`,
    /// `NotOwner` (it is not this process's any more: somebody has freed it by its handle, or this is a fork child).
    ///
    /// ```
    /// use courtyard::{Pool, PoolOptions, StartMethod, TaskOptions, Timeout, Yard, register_block_task};
    ///
    /// # fn main() -> courtyard::Result<()> {
    /// register_block_task("sum", |_, input| {
    ///     let (mut sum, mut part) = (0, [0; 64]);
    ///     for at in (0..input.len()).step_by(part.len()) {
    ///         let part = &mut part[..(input.len() - at).min(64)];
    ///         input.read(at, part)?;
    ///         sum += part.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    ///     }
    ///     Ok::<_, courtyard::Error>(sum.to_string())
    /// })?;
    /// let yard = Yard::anonymous()?;
    /// let options = PoolOptions { method: StartMethod::Threads, ..PoolOptions::default() };
    /// let pool = Pool::create(&yard, "pool", &options)?;
    /// let block = pool.alloc(1000, Timeout::Try)?;
    /// block.write(0, &[2; 1000])?;
    /// let future = pool.submit_block("sum", block, &TaskOptions::default()).map_err(|(why, _block)| why)?;
    /// assert_eq!(future.result(Timeout::Forever)?, b"2000");
    /// # Ok(())
    /// # }
    /// ```
    pub fn submit_block<'b>(
        &self,
        entry: &str,
        block: Block<'b>,
        options: &TaskOptions,
    ) -> std::result::Result<Future, (Error, Block<'b>)> {
        self.submit_block_within(entry, block, options, Timeout::Forever)
    }

    /// As [`Pool::submit_block`]; waits at most `timeout` for a place: `Full` if there is none.
    pub fn submit_block_within<'b>(
        &self,
        entry: &str,
        block: Block<'b>,
        options: &TaskOptions,
        timeout: impl Into<Timeout>,
    ) -> std::result::Result<Future, (Error, Block<'b>)> {
        let submitted = self
            .table
            .check_block(&block)
            .and_then(|()| self.submit_unguarded(entry, block.handle(), options, timeout.into()));
        match submitted {
            Ok(future) => {
                block.into_handle(); // the task's
                Ok(future)
            }
            Err(e) => Err((e, block)),
        }
    }

    /// As [`Pool::submit_block_within`], of a block for which no guard stands. If nothing was submitted, it is the process's still.
    pub(crate) fn submit_unguarded(
        &self,
        entry: &str,
        block: u64,
        options: &TaskOptions,
        timeout: Timeout,
    ) -> Result<Future> {
        crate::segment::directory::Name::new(entry)?;
        self.table.submit_block(entry, block, options, timeout)
    }

    /// Frees a block for which no guard stands, and which was not submitted.
    pub(crate) fn free_unguarded(&self, block: u64) -> Result<()> {
        self.table.free(block)
    }

    /// Has a task done, and waits for its result. Errors: as for [`Pool::submit`] and [`Future::result`].
    pub fn apply(&self, entry: &str, input: &[u8], options: &TaskOptions) -> Result<Vec<u8>> {
        self.submit(entry, input, options)?.result(Timeout::Forever)
    }

    /// Gives the pool a task, and has `done` called with what became of it, as [`Future::add_done_callback`] does.
    ///
    /// Errors: as for [`Pool::submit`]; `NoMemory` (the process may have no more threads; the task is cancelled, if it waits
    /// still, and `done` will not be called).
    pub fn apply_async(
        &self,
        entry: &str,
        input: &[u8],
        options: &TaskOptions,
        done: impl FnOnce(Result<Fate>) + Send + 'static,
    ) -> Result<()> {
        let future = self.submit(entry, input, options)?;
        future.add_done_callback(done).inspect_err(|_| {
            future.cancel();
        })
    }

    /// A future whose result this process gives itself, and who gives it. It takes a place as a task does. Errors: as for
    /// [`Pool::submit`].
    pub fn promise(&self) -> Result<(Promise, Future)> {
        self.promise_within(Timeout::Forever)
    }

    /// As [`Pool::promise`]; waits at most `timeout` for a place: `Full` if there is none.
    pub fn promise_within(&self, timeout: impl Into<Timeout>) -> Result<(Promise, Future)> {
        self.table.promise(timeout.into())
    }

    /// A future of a task that somebody else has submitted, for who looks on: it can wait, look and cancel. Errors: `NotFound`
    /// (its owner has no use for it any more).
    pub fn future(&self, id: u64) -> Result<Future> {
        self.table.future(id)
    }

    /// How many workers there are to be.
    pub fn size(&self) -> usize {
        self.table.wanted()
    }

    /// There are to be so many workers. Those that are too many end when they have nothing in hand; who has come from elsewhere
    /// stays. Errors: `Range` (0, or more than [`PoolOptions::most_workers`]), `NoSlots` (more than the yard has slots).
    pub fn resize(&self, workers: usize) -> Result<()> {
        self.table.set_wanted(workers)
    }

    /// How the tasks stand. Looks at each of them.
    pub fn progress(&self) -> Progress {
        self.table.progress()
    }

    /// The process numbers of those who work for it at this instant, in no order; one that has several threads at work is there so
    /// many times.
    pub fn workers(&self) -> Vec<u32> {
        self.table.hands().iter().filter(|hand| !hand.is_dead).map(|hand| hand.pid).collect()
    }

    /// The yard that it lies in.
    pub fn yard(&self) -> &Yard {
        self.table.yard()
    }

    /// Works for the pool in this thread, as one of its workers, until it is closed and everything is done. Whoever made the
    /// pool, and whatever it is written in: who has registered tasks does them.
    ///
    /// Errors: `NoSlots` (there are as many workers as there can be), `Deadlock` (the caller is in one of its tasks), `Revoked` (this
    /// worker is to be killed), `Cancelled` (the wait was), `Interrupted` (only if the yard was opened interruptible).
    pub fn work(&self) -> Result<()> {
        self.work_at_most(0)
    }

    /// As [`Pool::work`]; ends also when it has done so many tasks, if that is not 0.
    pub fn work_at_most(&self, tasks: u32) -> Result<()> {
        if self.table.is_worked_at_here() {
            return Err(Error::with(ErrorKind::Deadlock, "a task of the pool would wait for itself"));
        }
        worker::work(&Shift::begin(&self.table)?, tasks)
    }

    /// No more tasks: what was submitted is done, then the workers end.
    pub fn close(&self) {
        self.table.close();
    }

    /// Whether it was closed, or has given up.
    pub fn is_closed(&self) -> bool {
        self.table.closing() != crate::sync::closing::Closing::Open
    }

    /// Waits until all is done, at most `timeout`, and the callbacks of this process for its tasks have returned (not if it is
    /// one of the callbacks that joins); who made the pool also waits until its workers have ended. Errors: `State` (it was not
    /// closed), `Deadlock` (the caller is in one of its tasks), `Timeout`, `Cancelled`, `Interrupted`.
    pub fn join(&self, timeout: impl Into<Timeout>) -> Result<()> {
        match self.keeper.as_ref().filter(|keeper| keeper.is_ours()) {
            Some(keeper) => keeper::join(keeper, timeout.into()),
            None => self.table.join(timeout.into()),
        }
    }

    /// Ends the pool at once: what waits is cancelled, and so is what runs, whose workers are killed; threads of the maker, and
    /// workers in another PID namespace than his, are asked to stop; so is everybody when he is gone.
    pub fn terminate(&self) {
        self.table.shut_for_good(Why::Terminated);
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("size", &self.size())
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}

/// So many workers, but so few that a quarter of the yard's slots, and at least four, are left for who else comes.
fn fit(workers: usize, slots: usize) -> usize {
    workers.min(slots.saturating_sub((slots / 4).max(4))).max(1)
}

/// How many CPUs this process may use, by its affinity and its cgroup's quota.
fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

crate::objects::refer::referable!(Pool, Pool, |it| (it.table.held(), it.table.address()));

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn as_many_as_cpus_leave_slots_for_others() {
        for (cpus, slots, workers) in [
            (1, 64, 1),
            (48, 64, 48),
            (64, 64, 48),
            (500, 64, 48),
            (500, 4095, 500),
            (8, 8, 4),
            (8, 5, 1),
            (8, 2, 1),
        ] {
            assert_eq!(fit(cpus, slots), workers, "{cpus} CPUs, {slots} slots");
        }
    }
}
