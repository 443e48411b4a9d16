//! The table of a pool: tasks, and who works at them.
//!
//! The table is the truth. The numbers of tasks that wait go through a queue beside it, which only says where to look: a
//! worker that gets one takes the task by one swap, or finds that there is nothing to take.
//!
//! ## Why no task that waits is forgotten
//! A task that waits has its number in the queue, or in the hand of a living submitter, worker or keeper, or `astray` is
//! raised: by the sweep, behind each thread that died, by whoever finds no room in the queue, and by a worker that has found
//! somebody stopped in the middle of a move there. A worker that finds the queue empty and `astray` raised looks at every
//! task, and lowers it (from the very number that it saw before) when it has found none: `sync::hints`, which the models play.
//! Between a death and its sweep a slice may lie, no more.
//!
//! ## Who looks after whom
//! The pool's maker is its keeper: he alone knows how a worker ended, and so he moves its tasks on, as long as he lives. If he
//! is gone, the pool is shut, and the sweep does it, behind every worker that dies later.
#![allow(unsafe_code)] // pointers into the mapping are kept beside the share that keeps it mapped

mod callbacks;
mod future;
mod hints;
mod input;
mod keep;
pub(crate) mod layout;
mod options;
mod payload;
mod promise;
mod recover;
mod submit;
#[cfg(test)]
mod tests;
mod together;
mod waiting;
mod work;

pub use future::{Cause, Fate, Future, TaskState};
pub use input::Input;
pub(crate) use keep::Hand;
pub use keep::Progress;
pub(crate) use layout::Why;
pub(crate) use options::TableOptions;
pub use options::TaskOptions;
pub use promise::Promise;
pub(crate) use recover::{names, recover};
pub(crate) use submit::MANY;
pub(crate) use together::wait_for;
pub use together::{ReturnWhen, WaitedFutures, as_completed, wait_futures};
pub(crate) use work::{Help, Job, Next, Shift, helping};

use crate::error::{Error, ErrorKind, Result};
use crate::objects::blocks::{Blocks, BlocksOptions};
use crate::objects::directory::{self, How, Plan};
use crate::objects::queue::{Queue, QueueOptions};
use crate::objects::yard::Yard;
use crate::presence::attachment::Held;
use crate::presence::thread;
use crate::segment::directory::{Name, ObjectType, Record as Entry};
use crate::segment::region::Region;
use crate::shim::{AtomicU32, Bytes, Ordering};
use crate::sync::closing::Closing;
use crate::sync::task::{GENERATION_MAX, Phase, Seen};
use crate::sync::wait::Manner;
use layout::{Body, RECORD_BYTES, Record, WORKERS_AT, Worker, bytes, tasks_at};
use std::ptr::NonNull;
use std::sync::Arc;

/// Names one task, for good: the place's generation above 24 bits of the place's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TaskId(pub(crate) u64);

const INDEX_BITS: u32 = 24;

impl TaskId {
    fn new(index: u32, seen: Seen) -> TaskId {
        TaskId(seen.generation() << INDEX_BITS | u64::from(index))
    }

    fn index(self) -> u32 {
        (self.0 & ((1 << INDEX_BITS) - 1)) as u32
    }

    fn generation(self) -> u64 {
        self.0 >> INDEX_BITS & GENERATION_MAX
    }
}

/// A handle on a pool's table. Clones mean the same.
#[derive(Clone)]
pub(crate) struct Table(Arc<Inner>);

#[repr(align(128))] // each future changes the count of handles, which lies before it: on no line that workers read
struct Inner {
    body: NonNull<Body>,
    workers: NonNull<Worker>,
    records: NonNull<Record>,
    bytes: Bytes,
    options: TableOptions,
    queue: Queue,
    blocks: Option<Blocks>,
    offset: u64,
    /// Where to look for a vacant place next.
    cursor: Cursor,
    /// So many of the first places are of tasks that had ended when the pool was closed already.
    over: AtomicU32,
    manner: Manner,
    yard: Yard,
}

/// Who submits writes it; workers read what lies beside it.
#[repr(align(128))]
struct Cursor(AtomicU32);

// SAFETY: the words are atomics in a mapping that `yard` keeps.
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

impl Table {
    /// Whether there can be such a table, and is none yet. Errors: `Range`, `Exists`, `Name`.
    pub(crate) fn check(yard: &Yard, name: &str, options: &TableOptions) -> Result<()> {
        options.check()?;
        match yard.held().directory()?.find(&Name::new(name)?)? {
            Some(_) => Err(Error::with(ErrorKind::Exists, format!("object {name:?}"))),
            None => Ok(()),
        }
    }

    /// Makes a table whose keeper is this process. Errors: `Range`, `Exists`, `Name`, `NoSpace`, `NoSlots`, `Timeout`.
    pub(crate) fn create(yard: &Yard, name: &str, options: TableOptions) -> Result<Table> {
        Table::check(yard, name, &options)?;
        let held = yard.held();
        let me = held.process_token()?;
        let blocks = match options.block_bytes {
            0 => None,
            bytes => {
                let options = BlocksOptions { bytes: bytes as u64, ..BlocksOptions::default() };
                Some(Blocks::open_or_create(yard, &format!("{name}.blocks"), &options)?)
            }
        };
        let capacity = 2 * options.tasks + 2 * options.workers;
        let queue = QueueOptions { capacity, ..QueueOptions::default() };
        Queue::open_or_create(yard, &format!("{name}.tasks"), queue)?;
        let params = options.params(blocks.as_ref().map_or(0, Blocks::offset));
        let plan = Plan { kind: ObjectType::Pool, params, len: options.bytes() };
        let fill = |region: &Region, at: u64| {
            let body: &Body = region.at(at)?;
            body.keeper.store(me.0, Ordering::Relaxed); // Relaxed: the object is not visible yet
            Ok(())
        };
        let entry = directory::obtain_filled(held, name, How::Create, &plan, |_| Ok(()), fill)?;
        Table::at(yard, &entry)
    }

    /// Opens a table. Errors: `NotFound`, `Type`, `Corrupt`.
    pub(crate) fn open(yard: &Yard, name: &str) -> Result<Table> {
        let plan = Plan { kind: ObjectType::Pool, params: [0; 4], len: 0 };
        let entry = directory::obtain(yard.held(), name, How::Open, &plan, |_| Ok(()))?;
        Table::at(yard, &entry)
    }

    fn at(yard: &Yard, entry: &Entry) -> Result<Table> {
        let (region, options) = (yard.held().region(), TableOptions::of(entry)?);
        let (workers, tasks) = (options.workers as u32, options.tasks as u32);
        let at = entry.offset + tasks_at(workers);
        let records = region.table::<Record>(at, tasks)?;
        let len = u64::from(tasks) * RECORD_BYTES;
        let base = region.bytes(at, len)?;
        // SAFETY: in bounds (just checked), aligned to 8 as the records are; mapped while `yard` is held, which this handle
        // does. Payload is only copied; a peer that writes there spoils what tasks are told.
        let bytes = unsafe { Bytes::new(base.as_ptr(), len as usize) };
        let _ = thread::register(yard.held()); // so that our death is noticed soon
        let blocks = match options.blocks_at {
            0 => None,
            at => Some(Blocks::at_offset(yard, at)?),
        };
        Ok(Table(Arc::new(Inner {
            body: NonNull::from(region.at::<Body>(entry.offset)?),
            workers: NonNull::from(region.table::<Worker>(entry.offset + WORKERS_AT, workers)?).cast(),
            records: NonNull::from(records).cast(),
            bytes,
            options,
            queue: Queue::open(yard, &format!("{}.tasks", entry.name.as_str()))?,
            blocks,
            offset: entry.offset,
            cursor: Cursor(AtomicU32::new(0)),
            over: AtomicU32::new(0),
            manner: yard.manner(),
            yard: yard.clone(),
        })))
    }

    /// An address inside the object.
    pub(crate) fn address(&self) -> usize {
        self.0.body.addr().get()
    }

    pub(crate) fn held(&self) -> &Held {
        self.0.yard.held()
    }

    pub(crate) fn yard(&self) -> &Yard {
        &self.0.yard
    }

    #[inline]
    fn body(&self) -> &Body {
        // SAFETY: mapped as long as the yard is held, and made of atomics.
        unsafe { self.0.body.as_ref() }
    }

    #[inline]
    pub(crate) fn workers(&self) -> &[Worker] {
        // SAFETY: so many lie there (checked by `at`), mapped as long as the yard is held, all atomics.
        unsafe { std::slice::from_raw_parts(self.0.workers.as_ptr(), self.0.options.workers) }
    }

    #[inline]
    fn records(&self) -> &[Record] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts(self.0.records.as_ptr(), self.0.options.tasks) }
    }

    /// The task, and how far it is. `NotFound` if its place is another's by now, or nobody's.
    fn find(&self, id: TaskId) -> Result<(&Record, Seen)> {
        let stale = || Error::with(ErrorKind::NotFound, format!("task {:#x} is over", id.0));
        let record = self.records().get(id.index() as usize).ok_or_else(stale)?;
        let seen = record.words.look();
        let phase = seen.phase().ok_or_else(corrupt)?;
        let is_task = phase != Phase::Free && phase != Phase::Held && seen.generation() == id.generation();
        let is_task = is_task && !record.words.is_litter(seen);
        if is_task { Ok((record, seen)) } else { Err(stale()) }
    }

    /// The caller's thread slot.
    fn seat(&self) -> Result<u32> {
        thread::register(self.held()).map(|token| token.index())
    }

    /// Why the pool is shut for good: for who has seen that it is.
    fn why(&self) -> Why {
        self.body().closing.heed();
        Why::from_number(self.body().why.load(Ordering::Relaxed)) // Relaxed: written before the closing word
    }

    /// How far the pool is shut.
    pub(crate) fn closing(&self) -> Closing {
        self.body().closing.glance()
    }

    pub(crate) fn options(&self) -> &TableOptions {
        &self.0.options
    }

    /// The longest input and result, in bytes.
    pub(crate) fn max_len(&self) -> usize {
        self.0.blocks.as_ref().map_or(layout::INLINE, Blocks::max_len)
    }

    /// Whether two handles mean the same table.
    pub(crate) fn is_same(&self, other: &Table) -> bool {
        self.0.body == other.0.body
    }

    /// Tells everybody to look again.
    fn tell_all(&self) {
        recover::tell_all(self.held(), self.body(), self.records());
    }
}

fn corrupt() -> Error {
    Error::with(ErrorKind::Corrupt, "the pool's words contradict themselves")
}

/// Bytes of a table of no workers and so many tasks.
pub(in crate::objects) fn bytes_of(tasks: u32) -> u64 {
    bytes(0, tasks)
}

crate::objects::refer::referable!(Table, Pool, |it| (it.held(), it.address()));
