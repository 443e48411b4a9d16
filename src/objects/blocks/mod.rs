//! Blocks: memory that processes allocate, free and hand to each other, and that comes back from the dead.
#![allow(unsafe_code)] // pointers into the mapping are kept beside the share that keeps it mapped

mod block;
pub(crate) mod layout;
mod shape;
mod stash;
#[cfg(test)]
mod tests;

pub use block::Block;
pub use shape::{BlockClass, BlocksOptions};

use crate::error::{Error, ErrorKind, Result};
use crate::objects::directory::{How, Plan, obtain_filled};
use crate::objects::owners::{self, Processes, Threads};
use crate::objects::yard::Yard;
use crate::objects::{faults, names};
use crate::os::process;
use crate::presence::attachment::{Attachment, Gone, Held, Who};
use crate::presence::thread;
use crate::segment::bits::{BlockHandle, Link, TAG_MAX, Token, Use};
use crate::segment::directory::{ObjectType, Record as Entry};
use crate::segment::region::Region;
use crate::shim::{AtomicU32, Bytes, Ordering, Watch};
use crate::sync::blocks::{Collector, Keeper, Record, Slab, Want};
use crate::sync::permits::Parties;
use crate::sync::wait::{Manner, Timeout, Wait};
pub(super) use layout::COLLECTOR_AT;
use layout::{Body, RECORDS_AT};
use shape::Shape;
use stash::Stash;
use std::cell::Cell;
use std::fmt::Write;
use std::ptr::NonNull;
use std::sync::Arc;

/// So many failed tries lie between two at which the kernel is asked about owners who show no sign of death.
const TRIES: u32 = 256;

/// Blocks of memory in a yard, in classes of one size each: any process allocates and frees them, and hands them to
/// others. Clones and handles in other processes mean the same blocks.
///
/// A block belongs to the process that allocated it: any thread of it may free it. The blocks of a process that dies,
/// or that closes its last handle on the yard, are free again by themselves. A block is named by a number of 64 bits
/// that can be sent in a message and is good in every process: whoever has it can read the block
/// ([`Blocks::read`]), and adopt it if it is offered ([`Blocks::offer`], [`Blocks::adopt`]). After a block was freed its
/// number is stale, and says so (`NotFound`), also when the memory is used again, until the same memory was freed
/// 2^30 times.
///
/// A request gets a block of the smallest class that is long enough, or of a larger one if there is none; one that is
/// longer than the largest class gets several blocks of that side by side. The bytes are as the last owner left them.
///
/// Allocating where this handle has freed before, and freeing, are one compare-and-swap each and no system call; a
/// search looks at the blocks of a class one after the other. No list or lock can be left half changed.
///
/// # Death
/// Killed at any instruction, a process leaves every block owned by it, or free; both are free as soon as somebody
/// looks. An offered block is still its offerer's: if he dies before it is adopted, it is freed and the number stale.
///
/// # Fork
/// A fork child owns nothing of its parent's; dropping an inherited [`Block`] there does nothing.
pub struct Blocks {
    body: NonNull<Body>,
    records: NonNull<Record>,
    bytes: Bytes,
    shape: Shape,
    tag: u32,
    stash: Arc<Stash>,
    /// Failed tries through this handle.
    tries: AtomicU32,
    manner: Manner,
    yard: Held,
}

// SAFETY: the words are atomics in a mapping that `yard` keeps.
unsafe impl Send for Blocks {}
// SAFETY: as above.
unsafe impl Sync for Blocks {}

/// How one class of blocks stands at some instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockUse {
    /// Bytes of a block.
    pub size: u64,
    /// How many blocks there are.
    pub count: u32,
    /// Nobody's.
    pub free: u32,
    /// Somebody's, runs and what is being collected for them included.
    pub owned: u32,
    /// Offered, and not yet adopted.
    pub offered: u32,
    /// In a queue, or a task's.
    pub linked: u32,
    /// How often a block was taken, as far as the blocks remember: each counts to 2^30 and begins anew.
    pub taken: u64,
    /// How often a request that this class fits best found nothing at first, or nothing at all.
    pub failures: u32,
}

/// Who owns blocks, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockOwner {
    /// The process, numbered in its own PID namespace.
    pub pid: u32,
    /// Its blocks, and its offered ones; a run counts once.
    pub count: u32,
    /// Their bytes.
    pub bytes: u64,
}

/// Who names blocks beside their owners: the objects of the yard.
struct Names<'a>(&'a Attachment, &'a Body);

impl Keeper for Names<'_> {
    fn names(&self, link: Link, block: BlockHandle) -> bool {
        names(self.0, link, block)
    }

    fn returned(&self, dead: Token, count: usize) {
        faults::note(self.0, Who::Process(dead), self.1, count as u64);
    }
}

impl Blocks {
    /// Makes blocks, all free. Errors: `Range` (no class or more than 16, no blocks or more than 4194304), `Size` (a
    /// size of 0, above 1 TiB, or twice; fewer than 2048 bytes; too much), `Exists`, `Name`, `NoSpace`, `NoSlots`, and
    /// `Timeout` if another object has been in the making for ten seconds.
    pub fn create(yard: &Yard, name: &str, options: &BlocksOptions) -> Result<Blocks> {
        Blocks::obtain(yard, name, How::Create, Some(options))
    }

    /// Opens blocks, whatever classes there are. Errors: `NotFound`, `Type`.
    pub fn open(yard: &Yard, name: &str) -> Result<Blocks> {
        Blocks::obtain(yard, name, How::Open, None)
    }

    /// Opens blocks of these classes, or makes them. Errors: as for both, and `Mismatch` if the classes are others.
    pub fn open_or_create(yard: &Yard, name: &str, options: &BlocksOptions) -> Result<Blocks> {
        Blocks::obtain(yard, name, How::OpenOrCreate, Some(options))
    }

    fn obtain(yard: &Yard, name: &str, how: How, options: Option<&BlocksOptions>) -> Result<Blocks> {
        let asked = Shape::of(options.unwrap_or(&BlocksOptions::default()))?;
        let held = yard.held();
        let plan = Plan { kind: ObjectType::Blocks, params: [0; 4], len: asked.bytes() };
        let fits = |found: &Entry| {
            let is = shape_of(held.region(), found)?;
            if options.is_none() || is == asked {
                return Ok(());
            }
            Err(Error::with(ErrorKind::Mismatch, format!("{name:?} has blocks {is:?}, not {asked:?}")))
        };
        let fill = |region: &Region, at: u64| {
            let body: &Body = region.at(at)?;
            asked.write(body);
            body.tag.store(fresh_tag(), Ordering::Relaxed); // Relaxed: the object is not visible yet
            Ok(())
        };
        let entry = obtain_filled(held, name, how, &plan, fits, fill)?;
        let me = held.process_token()?;
        // For the fast notice of our death; without a slot the others find out by their slice.
        let _ = thread::register(held);
        Blocks::at(yard, &entry, me)
    }

    fn at(yard: &Yard, entry: &Entry, me: Token) -> Result<Blocks> {
        let region = yard.held().region();
        let shape = shape_of(region, entry)?;
        let slab = slab(region, entry, &shape)?;
        let len = shape.bytes() - shape.blocks_at();
        let base = region.bytes(entry.offset + shape.blocks_at(), len)?;
        // SAFETY: in bounds (just checked) and aligned to a line (the directory and the shape see to that); mapped
        // while `yard` is held, which this handle does. Nobody makes references to what lies in blocks.
        let bytes = unsafe { Bytes::new(base.as_ptr(), len as usize) };
        let cursor = |class: usize| {
            // Processes begin apart from each other.
            let class = shape.classes().get(class).copied().unwrap_or_default();
            class.first + (me.index() * 17) % class.count.max(1)
        };
        Ok(Blocks {
            body: NonNull::from(region.at::<Body>(entry.offset)?),
            records: NonNull::from(slab.records).cast(),
            bytes,
            shape,
            tag: slab.tag,
            stash: Arc::new(Stash::new(cursor)),
            tries: AtomicU32::new(0),
            manner: yard.manner(),
            yard: yard.held().clone(),
        })
    }

    fn body(&self) -> &Body {
        // SAFETY: mapped as long as `self.yard` is held, and made of atomics.
        unsafe { self.body.as_ref() }
    }

    #[inline]
    fn slab(&self) -> Slab<'_> {
        // SAFETY: so many records lie there (checked by `slab`), mapped as long as `self.yard` is held, all atomics.
        let records =
            unsafe { std::slice::from_raw_parts(self.records.as_ptr(), self.shape.blocks() as usize) };
        Slab { records, gate: &self.body().gate, tag: self.tag }
    }

    /// The token to stamp, or 0 if the slow path must get one first.
    #[inline]
    fn me(&self) -> u32 {
        self.yard.token_if_joined()
    }

    /// The process token. A fork child joins here, and its thread registers, so that its death is noticed soon.
    fn join(&self) -> Result<u32> {
        match self.me() {
            0 => {
                let token = self.yard.process_token()?;
                let _ = thread::register(&self.yard); // without a slot it is noticed by the slice
                Ok(token.0)
            }
            token => Ok(token),
        }
    }

    /// Allocates `len` bytes or more, waiting at most `timeout` for somebody to free enough; the guard frees them. 0
    /// bytes are a block as any.
    ///
    /// A try answers `NoSpace` only after it has looked at every block that would do. The blocks of the dead it frees on
    /// the way, if they show a sign of death; about processes without such a sign it asks the kernel at the handle's
    /// first failed try, and at every 256th after it. A call that waits asks always.
    ///
    /// Errors: `TooLong` (no room for it even if all blocks were free), `NoSpace` (a try found nothing; says how many
    /// blocks there are), `Timeout`, `Cancelled`, `Interrupted` (only if the yard was opened interruptible), `NoSlots` (the table
    /// of threads, or of processes, is full). For more than the largest class, one caller at a time looks for neighbours: `Busy`
    /// if a try finds another one who stands still in that.
    #[inline]
    pub fn alloc(&self, len: usize, timeout: impl Into<Timeout>) -> Result<Block<'_>> {
        let handle = match self.alloc_fast(len) {
            Some(handle) => handle,
            None => self.alloc_slow(len, timeout.into().or_try())?,
        };
        Ok(Block::new(self, handle, self.me()))
    }

    /// Allocates if there is room now: `NoSpace` otherwise.
    #[inline]
    pub fn try_alloc(&self, len: usize) -> Result<Block<'_>> {
        self.alloc(len, Timeout::Try)
    }

    /// The usual step of allocating: takes a block that was free lately. Cannot panic, allocates nothing, calls nobody.
    #[inline]
    pub(crate) fn alloc_fast(&self, len: usize) -> Option<BlockHandle> {
        let (me, class) = (self.me(), self.shape.fit(len)?);
        if me == 0 {
            return None;
        }
        let number = self.stash.pop(class)?;
        let generation = self.slab().records.get(number)?.take(Use::Owned, me)?;
        Some(self.begin(class, number, generation, len))
    }

    /// A block has been taken for so many bytes.
    #[inline]
    fn begin(&self, class: usize, number: usize, generation: u32, len: usize) -> BlockHandle {
        // Only the largest class has runs, whose length may still be there.
        let run = u64::from(class + 1 == self.shape.classes().len());
        if let Some(record) = self.slab().records.get(number) {
            record.describe(len as u64, run);
        }
        BlockHandle::new(number as u32, self.tag, generation)
    }

    #[cold]
    pub(crate) fn alloc_slow(&self, len: usize, timeout: Timeout) -> Result<BlockHandle> {
        let me = self.join()?;
        if len as u64 > self.shape.longest() {
            let detail = format!("{len} bytes asked, {} are the most", self.shape.longest());
            return Err(Error::with(ErrorKind::TooLong, detail));
        }
        match self.shape.fit(len) {
            Some(class) => self.alloc_block(class, len, me, timeout),
            None => self.alloc_run(len, me, timeout),
        }
    }

    fn alloc_block(&self, class: usize, len: usize, me: u32, timeout: Timeout) -> Result<BlockHandle> {
        let attempt = || self.search(class, len, me);
        if let Some(handle) = attempt() {
            return Ok(handle);
        }
        let first = self.shape.classes().get(class).map_or(0, |class| class.first as usize);
        let want = Want { range: first..self.shape.blocks() as usize, count: 1 };
        self.alloc_in_time(class, len, &want, timeout, &Wait::new(timeout, self.manner), attempt)
    }

    /// Looks at every block of this class and of the larger ones.
    fn search(&self, fit: usize, len: usize, me: u32) -> Option<BlockHandle> {
        (fit..).zip(self.shape.classes().iter().skip(fit)).find_map(|(class, place)| {
            let (number, generation) = self.slab().take(place.range(), self.stash.cursor(class), me)?;
            self.stash.set_cursor(class, number + 1);
            Some(self.begin(class, number, generation, len))
        })
    }

    fn alloc_run(&self, len: usize, me: u32, timeout: Timeout) -> Result<BlockHandle> {
        let (class, slab) = (self.shape.largest(), self.slab());
        let count = (len as u64).div_ceil(class.size) as usize;
        let thread = thread::register(&self.yard)?;
        let wait = Wait::new(timeout, self.manner);
        let (turn, forever) = ((timeout != Timeout::Try).then_some(&wait), timeout == Timeout::Forever);
        let collector = Collector { thread: thread.0, process: me };
        let refused = Cell::new(None);
        // Nobody sleeps with the lock: whoever frees what is waited for may want a run before he does.
        let attempt = || {
            let taken = owners::take_within(&self.yard, &slab.gate.collector, turn, forever);
            refused.set(taken.as_ref().err().cloned()); // of the last look
            let lock = taken.ok()?;
            let collected = slab.collect(class.range(), count, collector);
            owners::give(&slab.gate.collector, lock);
            let (number, generation) = collected?;
            if let Some(record) = slab.records.get(number) {
                record.describe(len as u64, count as u64);
            }
            Some(BlockHandle::new(number as u32, self.tag, generation))
        };
        if let Some(handle) = attempt() {
            return Ok(handle);
        }
        let (last, want) = (self.shape.classes().len() - 1, Want { range: class.range(), count });
        self.alloc_in_time(last, len, &want, timeout, &wait, attempt)
            .map_err(|e| refused.take().filter(|why| why.kind() == ErrorKind::Busy).unwrap_or(e))
    }

    /// There was nothing: looks after the dead, and waits if there is time.
    #[cold]
    fn alloc_in_time(
        &self,
        class: usize,
        len: usize,
        want: &Want,
        timeout: Timeout,
        wait: &Wait,
        mut attempt: impl FnMut() -> Option<BlockHandle>,
    ) -> Result<BlockHandle> {
        if let Some(class) = self.body().classes.get(class) {
            class.failures.fetch_add(1, Ordering::Relaxed); // Relaxed: a figure for people
        }
        let (processes, threads) = (Processes(&self.yard), Threads(&self.yard));
        let keeper = Names(&self.yard, self.body());
        if timeout == Timeout::Try {
            let parties = Parties { processes: &processes, threads: &threads, me: Token::NONE };
            // Relaxed: private to the process.
            let mut ask = self.tries.fetch_add(1, Ordering::Relaxed).is_multiple_of(TRIES);
            while self.slab().tidy(&parties, &keeper, want, ask) || owners::sweep_for_tries(&self.yard) {
                if let Some(handle) = attempt() {
                    return Ok(handle);
                }
                ask = false;
            }
            return Err(Error::with(ErrorKind::NoSpace, self.figures(class, len)));
        }
        // A sleeper needs a registered thread: its death must wake the others.
        let me = thread::register(&self.yard)?;
        let parties = Parties { processes: &processes, threads: &threads, me };
        Ok(self.slab().wait(&parties, &keeper, want, wait, attempt)?)
    }

    /// How many blocks are free of those that would do.
    fn figures(&self, class: usize, len: usize) -> String {
        let mut text = format!("{len} bytes asked");
        for place in self.shape.classes().iter().skip(class) {
            let free = self.records_of(place.range()).filter(|r| r.seen().used == Use::Free).count();
            let _ = write!(text, ", {free} of {} blocks of {} bytes are free", place.count, place.size);
        }
        text
    }

    fn records_of(&self, range: std::ops::Range<usize>) -> impl Iterator<Item = &Record> {
        self.slab().records.iter().skip(range.start).take(range.len())
    }

    /// Frees a block of this process, whichever thread allocated it.
    ///
    /// Errors: `State` (it was freed before, and nobody has taken it since; or it is offered: adopt it first),
    /// `NotFound` (the handle is stale), `NotOwner` (it is another process's), `Foreign` (it is of other blocks, or no
    /// handle at all). Nothing is changed then.
    #[inline]
    pub fn free(&self, handle: u64) -> Result<()> {
        self.free_fast(handle).map_err(|kind| refused(kind, handle))
    }

    /// As [`Blocks::free`]. Cannot panic; it wakes sleepers.
    #[inline]
    pub(crate) fn free_fast(&self, handle: u64) -> std::result::Result<(), ErrorKind> {
        let handle = BlockHandle(handle);
        self.slab().free(handle, self.owner()?)?;
        if let Some(class) = self.shape.class_of(handle.number()) {
            self.stash.push(class, handle.number());
        }
        Ok(())
    }

    /// The token of the process, if it can own anything here.
    #[inline]
    fn owner(&self) -> std::result::Result<u32, ErrorKind> {
        match self.me() {
            0 => Err(ErrorKind::NotOwner),
            me => Ok(me),
        }
    }

    /// Lets whoever is told the number adopt a block of this process, which owns it until then: if it dies, the block is
    /// freed. To take it back, adopt it. Errors: as [`Blocks::free`].
    pub fn offer(&self, handle: u64) -> Result<()> {
        let offered = self.owner().and_then(|me| self.slab().offer(BlockHandle(handle), me));
        offered.map_err(|kind| refused(kind, handle))
    }

    /// Makes an offered block this process's own, with everything that its last owner wrote; the guard frees it.
    ///
    /// One of several that adopt the same block gets it. Errors: `State` (it is not offered, or was freed a moment ago),
    /// `NotFound` (the handle is stale: it was freed, perhaps because who offered it died), `Foreign`, `NoSlots`.
    pub fn adopt(&self, handle: u64) -> Result<Block<'_>> {
        self.adopt_unguarded(handle)?;
        Ok(Block::new(self, BlockHandle(handle), self.me()))
    }

    /// As [`Blocks::adopt`], without a guard: [`Blocks::free`] frees it, from any thread.
    pub fn adopt_unguarded(&self, handle: u64) -> Result<()> {
        let me = self.join()?;
        self.slab().adopt(BlockHandle(handle), me).map_err(|kind| refused(kind, handle))
    }

    /// Copies `from` to offset `at` of a block of this process. Errors: as [`Blocks::free`]; `Range` (it does not fit
    /// into [`Blocks::len_of`]).
    pub fn write(&self, handle: u64, at: usize, from: &[u8]) -> Result<()> {
        let record = self.owner().and_then(|me| self.slab().is_mine(BlockHandle(handle), me));
        let record = record.map_err(|kind| refused(kind, handle))?;
        self.bytes.copy_in(self.span(BlockHandle(handle), record, at, from.len())?, from);
        Ok(())
    }

    /// Copies from offset `at` of a block, whoever's it is, until `to` is full.
    ///
    /// What was copied is of the stay that the handle names, never of a later one's. If its owner writes meanwhile, old
    /// and new bytes may be mixed: that is between the two. Errors: `NotFound` (the handle is stale, or became so while
    /// it was read; `to` has no meaning then), `State` (as that, and it was freed a moment ago), `Foreign`, `Range`.
    pub fn read(&self, handle: u64, at: usize, to: &mut [u8]) -> Result<()> {
        let handle = BlockHandle(handle);
        let read = self.slab().glance(handle, |record| {
            let span = self.span(handle, record, at, to.len())?;
            self.bytes.copy_out(span, to);
            Ok(())
        });
        read.map_err(|kind| refused(kind, handle.0))?
    }

    /// How many bytes were asked for when a block was allocated, whoever's it is. Errors: `NotFound`, `State` (it was
    /// freed a moment ago), `Foreign`.
    pub fn len_of(&self, handle: u64) -> Result<usize> {
        let handle = BlockHandle(handle);
        let asked = |record: &Record| self.room_of(handle, record).map_or(0, |(_, _, asked)| asked);
        self.slab().glance(handle, asked).map_err(|kind| refused(kind, handle.0))
    }

    /// Where a block of this process lies, and how many bytes it has there; aligned to 64. Reading and writing there is
    /// as with [`Block::as_ptr`]. Errors: as [`Blocks::free`].
    pub fn data(&self, handle: u64) -> Result<(*mut u8, usize)> {
        self.is_mine(handle)?;
        let (at, len) = self.room(BlockHandle(handle)).ok_or_else(|| refused(ErrorKind::NotFound, handle))?;
        Ok((self.address(at, len), len))
    }

    fn address(&self, at: usize, len: usize) -> *mut u8 {
        self.bytes.address(at, len)
    }

    /// Offset and bytes of a block, and how many of them were asked for.
    fn room_of(&self, handle: BlockHandle, record: &Record) -> Option<(usize, usize, usize)> {
        let (at, len) = self.shape.place(handle.number(), record.run())?;
        let asked = record.len().min(len); // a peer may have written anything
        Some((at as usize, len as usize, asked as usize))
    }

    fn room(&self, handle: BlockHandle) -> Option<(usize, usize)> {
        let record = self.slab().find(handle).ok()?;
        self.room_of(handle, record).map(|(at, len, _)| (at, len))
    }

    /// Where `len` bytes from offset `at` of a block lie.
    fn span(&self, handle: BlockHandle, record: &Record, at: usize, len: usize) -> Result<usize> {
        let (base, _, asked) = self.room_of(handle, record).unwrap_or_default();
        let fits = at.checked_add(len).is_some_and(|end| end <= asked);
        if fits {
            return Ok(base + at);
        }
        Err(Error::with(ErrorKind::Range, format!("{len} bytes at {at} of a block of {asked}")))
    }

    /// What the blocks were made as, the smallest class first.
    pub fn classes(&self) -> Vec<BlockClass> {
        let class = |class: &shape::Class| BlockClass { size: class.size as usize, count: class.count };
        self.shape.classes().iter().map(class).collect()
    }

    /// The longest request there can be room for, in bytes.
    pub fn max_len(&self) -> usize {
        self.shape.longest() as usize
    }

    /// How each class stands at this instant, the smallest first. Looks at every block.
    pub fn usage(&self) -> Vec<BlockUse> {
        let classes = self.shape.classes().iter().zip(&self.body().classes);
        classes.map(|(place, class)| self.usage_of(*place, class)).collect()
    }

    fn usage_of(&self, place: shape::Class, class: &layout::Class) -> BlockUse {
        let failures = class.failures.load(Ordering::Relaxed); // Relaxed: a figure for people
        let mut sum = BlockUse { size: place.size, count: place.count, failures, ..BlockUse::default() };
        let mut first = Use::Owned; // of the run that parts belong to
        for record in self.records_of(place.range()) {
            let seen = record.seen();
            let used = if seen.used == Use::Part { first } else { seen.used };
            first = used;
            sum.taken += u64::from(seen.generation) + u64::from(seen.used != Use::Free);
            match used {
                Use::Free => sum.free += 1,
                Use::Offered => sum.offered += 1,
                Use::Linked => sum.linked += 1,
                Use::Owned | Use::Part | Use::Collecting | Use::Dissolving => sum.owned += 1,
            }
        }
        sum
    }

    /// How many blocks and runs this process owns or offers; a fork child does not own its parent's.
    pub fn owned(&self) -> u32 {
        let me = self.me();
        let mine = self.stakes().filter(|(token, _)| me != 0 && token.0 == me);
        mine.count() as u32
    }

    /// Who owns or offers a block, and its bytes, for every one.
    fn stakes(&self) -> impl Iterator<Item = (Token, u64)> {
        self.slab().records.iter().enumerate().filter_map(|(number, record)| {
            let seen = record.seen();
            let token = Token::of(seen.token).filter(|_| matches!(seen.used, Use::Owned | Use::Offered))?;
            let (_, len) = self.shape.place(number, record.run())?;
            Some((token, len))
        })
    }

    /// Who owns or offers blocks at this instant, in no order. The dead do not count. Asks the kernel.
    pub fn owners(&self) -> Vec<BlockOwner> {
        let mut owners: Vec<(Token, BlockOwner)> = Vec::new();
        for (token, bytes) in self.stakes() {
            match owners.iter_mut().find(|(known, _)| *known == token) {
                Some((_, owner)) => {
                    owner.count += 1;
                    owner.bytes += bytes;
                }
                None => owners.push((token, BlockOwner { pid: self.pid_of(token), count: 1, bytes })),
            }
        }
        owners.retain(|(token, _)| self.yard.is_here(*token));
        owners.into_iter().map(|(_, owner)| owner).collect()
    }

    fn pid_of(&self, token: Token) -> u32 {
        self.yard.entries().get(token.index() as usize).map_or(0, |entry| entry.pid())
    }
}

/// What objects that name blocks do with them: see `sync::blocks`.
impl Blocks {
    /// Where the object lies.
    pub(crate) fn offset(&self) -> u64 {
        self.yard.region().offset_of(self.body())
    }

    /// Whether they lie in this yard.
    pub(crate) fn is_of(&self, yard: &Attachment) -> bool {
        std::ptr::eq(&*self.yard, yard)
    }

    /// Whether two handles mean the same blocks.
    pub(crate) fn is_same(&self, other: &Blocks) -> bool {
        self.body == other.body
    }

    /// Where a block lies, whoever's it is; NULL if the handle is stale.
    pub(crate) fn address_of(&self, handle: u64) -> *mut u8 {
        let room = self.room(BlockHandle(handle));
        room.map_or(std::ptr::null_mut(), |(at, len)| self.address(at, len))
    }

    /// The blocks that lie there.
    pub(crate) fn at_offset(yard: &Yard, offset: u64) -> Result<Blocks> {
        let held = yard.held();
        let entry = held.directory()?.iter().find(|e| e.kind == ObjectType::Blocks && e.offset == offset);
        let none = || Error::with(ErrorKind::Corrupt, format!("no blocks at {offset}"));
        Blocks::at(yard, &entry.ok_or_else(none)?, held.process_token()?)
    }

    /// Announces somebody who is going to sleep until a block is free, among other things. He looks once more first.
    pub(crate) fn announce(&self) -> Watch<'_> {
        self.slab().announce()
    }

    /// Whether the block is this process's. Errors: as [`Blocks::free`].
    pub(crate) fn is_mine(&self, handle: u64) -> Result<()> {
        let mine = self.owner().and_then(|me| self.slab().is_mine(BlockHandle(handle), me));
        mine.map(drop).map_err(|kind| refused(kind, handle))
    }

    /// The guard of a block that this process owns, by its number: the way back from [`Block::into_handle`]. Whichever guard of
    /// a number is dropped first frees the block, the others then nothing. Errors: as [`Blocks::free`].
    pub fn guarded(&self, handle: u64) -> Result<Block<'_>> {
        self.is_mine(handle)?;
        Ok(self.guard(handle))
    }

    /// The guard of a block that the process says it owns; whether it does, each use of it finds out.
    pub(crate) fn guard(&self, handle: u64) -> Block<'_> {
        Block::new(self, BlockHandle(handle), self.me())
    }

    /// From here on the block is the object's that is going to name it, where the link says: write it into the cell and
    /// commit. If this process dies before, the block is freed. Errors: as [`Blocks::free`].
    pub(crate) fn hand_over(&self, handle: u64, link: Link) -> Result<()> {
        let over = self.owner().and_then(|me| self.slab().hand_over(BlockHandle(handle), me, link));
        over.map_err(|kind| refused(kind, handle))
    }

    /// The object will not name the block after all.
    pub(crate) fn take_back(&self, handle: u64) -> Result<()> {
        let back = self.owner().and_then(|me| self.slab().take_back(BlockHandle(handle), me));
        back.map_err(|kind| refused(kind, handle))
    }

    /// Makes the block this process's own that a cell names which the caller has claimed, and gives back *afterwards*.
    /// `NotFound`: whoever had the cell before, and died, had freed it already.
    pub(crate) fn claim(&self, handle: u64) -> Result<Block<'_>> {
        let me = self.join()?;
        self.slab().claim(BlockHandle(handle), me).map_err(|kind| refused(kind, handle))?;
        Ok(Block::new(self, BlockHandle(handle), me))
    }
}

impl Clone for Blocks {
    fn clone(&self) -> Blocks {
        Blocks {
            body: self.body,
            records: self.records,
            bytes: self.bytes.clone(),
            shape: self.shape,
            tag: self.tag,
            stash: self.stash.clone(),
            tries: AtomicU32::new(0),
            manner: self.manner,
            yard: self.yard.clone(),
        }
    }
}

impl std::fmt::Debug for Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocks").field("classes", &self.shape).finish_non_exhaustive()
    }
}

#[cold]
fn refused(kind: ErrorKind, handle: u64) -> Error {
    Error::with(kind, format!("block {handle:#x}"))
}

/// Tells objects apart by their handles, as far as twelve bits do: those that one process makes differ.
pub(super) fn fresh_tag() -> u32 {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let nth = MADE.fetch_add(1, Ordering::Relaxed); // Relaxed: a number of its own for each
    1 + process::pid().wrapping_mul(61).wrapping_add(nth) % TAG_MAX
}

fn shape_of(region: &Region, entry: &Entry) -> Result<Shape> {
    Shape::read(region.at(entry.offset)?, entry.len)
}

/// The words of an object of this shape, all of them inside the yard.
fn slab<'a>(region: &'a Region, entry: &Entry, shape: &Shape) -> Result<Slab<'a>> {
    let body: &Body = region.at(entry.offset)?;
    let records = region.table(entry.offset + RECORDS_AT, shape.blocks())?;
    Ok(Slab { records, gate: &body.gate, tag: body.tag.load(Ordering::Relaxed) & TAG_MAX }) // Relaxed: as the shape
}

/// Frees what the process owned that is gone, or gives back what a dead thread was collecting.
pub(crate) fn recover(yard: &Attachment, entry: &Entry, who: Who, gone: Gone) {
    let region = yard.region();
    let slab = shape_of(region, entry).and_then(|shape| slab(region, entry, &shape));
    let (Ok(slab), Ok(body)) = (slab, region.at::<Body>(entry.offset)) else { return };
    match who {
        Who::Thread(dead) if slab.recover_collector(dead) => {
            faults::note(yard, who, &slab.gate.collector, 1);
        }
        Who::Thread(_) => {}
        Who::Process(token) => match slab.recover(token, &Names(yard, body)) {
            count if count > 0 && gone == Gone::Died => faults::note(yard, who, body, count as u64),
            _ => {}
        },
    }
}

crate::objects::refer::referable!(Blocks, Blocks, |it| (&it.yard, it.body.addr().get()));
