//! A queue: messages in order, from any number of producers to any number of consumers.
#![allow(unsafe_code)] // pointers into the mapping are kept beside the share that keeps it mapped

mod ack;
#[cfg(test)]
#[path = "ack/tests.rs"]
mod ack_tests;
mod budget;
mod call;
#[cfg(feature = "serde")]
mod codec;
pub(crate) mod debts;
mod large;
pub(crate) mod layout;
mod loan;
mod place;
pub(crate) mod side;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_blocks;
#[cfg(test)]
mod tests_of_budget;
#[cfg(test)]
mod tests_of_sides;
mod typed;

pub use ack::Owed;
#[cfg(feature = "serde")]
pub use codec::SerdeQueue;
pub(crate) use loan::INLINE;
pub use loan::Message;
pub use side::{QueuePart, QueueSide};
pub use typed::TypedQueue;

use crate::error::{Error, ErrorKind, Result};
use crate::lockfree::mpmc::layout::{CAPACITY_MAX, State};
use crate::lockfree::mpmc::{NoPop, Reading, Ring};
use crate::objects::blocks::{Block, Blocks, BlocksOptions, fresh_tag};
use crate::objects::directory::{self, How, Plan};
use crate::objects::faults;
#[cfg(feature = "async")]
use crate::objects::many::Kept;
use crate::objects::ring::{Batch, Received};
use crate::objects::yard::Yard;
use crate::presence::attachment::{Attachment, Gone, Held, Who};
use crate::presence::thread;
use crate::segment::bits::{BlockHandle, Link};
use crate::segment::directory::{Name, ObjectType, Record};
use crate::segment::region::Region;
use crate::shim::cells::{CELL_BYTES, CELL_HEAD};
use crate::shim::{AtomicU64, Ordering};
use crate::sync::closing::Closing;
#[cfg(feature = "async")]
use crate::sync::many::{Net, Source};
use crate::sync::wait::{Manner, Timeout};
use budget::Turn;
use call::{Call, For, Not};
use layout::Body;
use place::{Hands, Spot, slot_of, too_long};
use side::Known;
use std::sync::Arc;

/// The parameter in the directory that says where the queue's blocks lie; 0: it has none.
const BLOCKS_AT: usize = 3;
/// In the one that says how much lies in a cell: how long each element is, if all are of one type.
const ELEMENT_SHIFT: u32 = 32;
/// In the one that says how many messages it can hold: how many may be owed.
const UNACKED_SHIFT: u32 = 32;

/// How many cells a try that found nothing looks at behind those before it.
const AT_ONCE: u32 = 64;

/// What a queue is made as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueOptions {
    /// How many messages it can hold, 1 to 16777216.
    pub capacity: usize,
    /// How many bytes of a message lie in the queue itself: 48 or 112. A message takes 16 bytes more, however short it
    /// is.
    pub inline_max: usize,
    /// Bytes for messages that are longer than that, at least 2048; 0: there are none. They lie in [`Blocks`] of their
    /// own, made beside the queue under its name and `.blocks`. See also [`Queue::create_with_blocks`].
    pub block_bytes: usize,
    /// How many bytes all messages together may have, wherever they lie, but for those that are got and not yet acknowledged;
    /// 0: as many as there is room for. With a limit,
    /// putters take turns, and one that finds little room left looks at each place of the queue. A long message may wait
    /// while shorter ones find room.
    pub max_bytes: usize,
    /// Whether the queue tells of its sides: processes say that they produce or consume ([`Queue::producer`],
    /// [`Queue::consumer`]), and who waits for one of the other side hears when the last of them has closed or died. Who
    /// says nothing may put and get as well, and does not count.
    pub sides: bool,
    /// How many messages may have been got with [`Queue::get_ack`] and not yet acknowledged, by all together: at most
    /// 65536; 0: such a get is not possible. Each takes as much as a message in the queue, and 16 bytes.
    pub unacked: usize,
}

impl Default for QueueOptions {
    fn default() -> QueueOptions {
        QueueOptions {
            capacity: 1024,
            inline_max: 48,
            block_bytes: 0,
            max_bytes: 0,
            sides: false,
            unacked: 0,
        }
    }
}

impl QueueOptions {
    /// Those of a queue whose messages can be acknowledged, and that can be joined: 256 may be unacknowledged at a time.
    #[doc(alias = "JoinableQueue")]
    pub fn joinable() -> QueueOptions {
        QueueOptions { unacked: 256, ..QueueOptions::default() }
    }

    fn check(&self) -> Result<()> {
        if !(1..=CAPACITY_MAX as usize).contains(&self.capacity) {
            let detail = format!("a queue of {} messages, not 1 to {CAPACITY_MAX}", self.capacity);
            return Err(Error::with(ErrorKind::Range, detail));
        }
        if !CELL_BYTES.iter().any(|cell| cell - CELL_HEAD == self.inline_max) {
            let [short, long] = CELL_BYTES.map(|cell| cell - CELL_HEAD);
            let detail = format!("{} bytes inline, not {short} or {long}", self.inline_max);
            return Err(Error::with(ErrorKind::Size, detail));
        }
        if self.unacked > debts::MOST {
            let detail = format!("{} messages not acknowledged, at most {}", self.unacked, debts::MOST);
            return Err(Error::with(ErrorKind::Range, detail));
        }
        Ok(())
    }

    /// Bytes of the object without what is owed, and what names the sides.
    fn ring_bytes(&self) -> u64 {
        layout::bytes(self.capacity as u32, self.inline_max + CELL_HEAD)
    }

    /// Bytes without what names the sides.
    fn cells_bytes(&self) -> u64 {
        let bytes = if self.unacked == 0 { self.ring_bytes() } else { debts::bytes(self) };
        bytes.next_multiple_of(8)
    }

    fn bytes(&self, slots: u32) -> u64 {
        self.cells_bytes() + if self.sides { 2 * layout::side_bytes(slots) } else { 0 }
    }

    fn params(&self, element: usize, blocks: u64) -> [u64; 4] {
        let inline_max = self.inline_max as u64 | (element as u64) << ELEMENT_SHIFT;
        let counts = self.capacity as u64 | (self.unacked as u64) << UNACKED_SHIFT;
        [counts, inline_max, self.block_bytes as u64, blocks]
    }

    /// Those of a queue that exists.
    fn found(yard: &Attachment, record: &Record) -> Result<QueueOptions> {
        let body: &Body = yard.region().at(record.offset)?;
        let max_bytes = usize::try_from(body.budget.most()).unwrap_or(usize::MAX);
        let sides = body.sides.load(Ordering::Relaxed) == 1; // Relaxed: written before the object became visible
        let options = QueueOptions { max_bytes, sides, ..QueueOptions::of(record)? };
        let fits = record.len >= options.bytes(yard.geometry().slots);
        let corrupt = || Error::with(ErrorKind::Corrupt, "a queue without room for its sides");
        if fits { Ok(options) } else { Err(corrupt()) }
    }

    /// The same, but for what the directory does not tell: the limit in bytes, the sides.
    fn of(record: &Record) -> Result<QueueOptions> {
        let [counts, inline_max, block_bytes, _] = record.params;
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let (capacity, unacked) = (counts & ((1 << UNACKED_SHIFT) - 1), number(counts >> UNACKED_SHIFT));
        let (capacity, inline_max) = (number(capacity), number(inline_max & ((1 << ELEMENT_SHIFT) - 1)));
        let block_bytes = number(block_bytes);
        let options = QueueOptions { capacity, inline_max, block_bytes, max_bytes: 0, sides: false, unacked };
        let fits = options.check().is_ok() && record.len >= options.cells_bytes();
        let strange = || Error::with(ErrorKind::Corrupt, format!("queue parameters {:?}", record.params));
        if fits { Ok(options) } else { Err(strange()) }
    }
}

/// A queue: messages, from 0 bytes to the longest that fits, go in order from any number of producers to any number of
/// consumers, in whatever threads and processes. Clones and handles in other processes mean the same queue.
///
/// Short messages lie in the queue itself; if it is made with [`QueueOptions::block_bytes`], longer ones lie in blocks,
/// which are filled before the queue is touched, and copied out when it is not touched any more.
///
/// First in, first out: who gets two messages gets them in the order in which they were put. A message is there for
/// others before the call that puts it returns. `Full` and `Empty` are exact: at some instant within the call it was so.
///
/// ```
/// use courtyard::{ErrorKind, Queue, QueueOptions, Timeout, Yard};
///
/// # fn main() -> courtyard::Result<()> {
/// let yard = Yard::anonymous()?;
/// let queue = Queue::create(&yard, "jobs", QueueOptions { capacity: 8, ..QueueOptions::default() })?;
/// queue.put(b"first", Timeout::Forever)?;
/// queue.put(b"second", Timeout::Forever)?;
/// queue.shutdown(false); // no more is put, what is there can be got
/// assert_eq!(queue.get_vec(Timeout::Forever)?.0, b"first");
/// assert_eq!(queue.get_vec(Timeout::Forever)?.0, b"second");
/// assert_eq!(queue.get_vec(Timeout::Forever).unwrap_err().kind(), ErrorKind::End);
/// # Ok(())
/// # }
/// ```
///
/// # Death
/// A producer that is killed at any instruction has put its message whole, or not at all. [`Queue::get`] delivers at most
/// once: a consumer that is killed in it leaves the message to the next one, who is told that it comes again
/// ([`Received::redelivered`]), or has taken it out; then that one message is lost with him. What a dead one had in hand
/// is found within milliseconds by those who wait, and by whoever tries and finds nothing. The blocks of messages that the dead
/// were putting, or had got, are free again.
///
/// Each is in the middle of a move for some ten nanoseconds. Who is *stopped* there holds up the others: their tries
/// answer `Busy`, their timed calls `Timeout`, and they go on when he does, or when he is killed.
///
/// # Threads, processes, fork
/// Any number of threads and processes, at any time; a fork child may use inherited handles at once. Not from signal
/// handlers.
#[derive(Clone)]
pub struct Queue(Arc<Inner>);

/// What the clones of a handle share.
struct Inner {
    ring: Ring<Spot>,
    spot: Spot,
    offset: u64,
    options: QueueOptions,
    blocks: Option<Blocks>,
    /// What is known of the sides.
    known: [Known; 2],
    /// What is owed, if it was made with room for that.
    owed: Option<debts::Owed>,
    manner: Manner,
    yard: Held,
    /// What this process knows to be over: see [`Ring::settle`].
    over: AtomicU64,
}

impl Queue {
    /// Makes a queue, and its blocks. Errors: `Range` (no room for messages, or for more than 16777216), `Size`
    /// (`inline_max` is neither 48 nor 112; `block_bytes` below 2048), `Exists`, `Name`, `NoSpace`, `NoSlots`, and `Timeout` if another object has been in the making for
    /// ten seconds.
    pub fn create(yard: &Yard, name: &str, options: QueueOptions) -> Result<Queue> {
        Queue::obtain(yard, name, How::Create, Some(options), None, 0)
    }

    /// Opens a queue, whatever its options. Errors: `NotFound`, `Type`.
    pub fn open(yard: &Yard, name: &str) -> Result<Queue> {
        Queue::obtain(yard, name, How::Open, None, None, 0)
    }

    /// Opens a queue of these options, or makes it. Errors: as for both, and `Mismatch` if its options are others.
    pub fn open_or_create(yard: &Yard, name: &str, options: QueueOptions) -> Result<Queue> {
        Queue::obtain(yard, name, How::OpenOrCreate, Some(options), None, 0)
    }

    /// Makes a queue whose longer messages lie in blocks that there are, and that others use as well: other queues, or
    /// whoever allocates some. Errors: as for [`Queue::create`]; `Foreign` (blocks of another yard), `Invalid`
    /// (`block_bytes` is not 0).
    pub fn create_with_blocks(
        yard: &Yard,
        name: &str,
        options: QueueOptions,
        blocks: &Blocks,
    ) -> Result<Queue> {
        Queue::obtain(yard, name, How::Create, Some(options), Some(blocks), 0)
    }

    /// Opens a queue of these options and blocks, or makes it. Errors: as for both, and `Mismatch` if its options or blocks
    /// are others.
    pub fn open_or_create_with_blocks(
        yard: &Yard,
        name: &str,
        options: QueueOptions,
        blocks: &Blocks,
    ) -> Result<Queue> {
        Queue::obtain(yard, name, How::OpenOrCreate, Some(options), Some(blocks), 0)
    }

    /// `shared`: blocks that are not the queue's own. `element`: how many bytes each message has, if all are of one type;
    /// 0: whatever they have.
    fn obtain(
        yard: &Yard,
        name: &str,
        how: How,
        options: Option<QueueOptions>,
        shared: Option<&Blocks>,
        element: usize,
    ) -> Result<Queue> {
        let held = yard.held();
        let asked = options.unwrap_or_default();
        asked.check()?;
        let at = match shared {
            Some(blocks) => may_share(held, asked, blocks)?,
            None if how == How::Open => 0,
            None => make_blocks(yard, name, asked)?.as_ref().map_or(0, Blocks::offset),
        };
        let params = asked.params(element, at);
        let plan = Plan { kind: ObjectType::Queue, params, len: asked.bytes(held.geometry().slots) };
        let fits = |found: &Record| {
            let (is, elements) = (QueueOptions::found(held, found)?, found.params[1] >> ELEMENT_SHIFT);
            let lent = if is.block_bytes == 0 { found.params[BLOCKS_AT] } else { 0 };
            let others = lent != shared.map_or(0, Blocks::offset);
            let other = options.is_some_and(|wanted| wanted != is || others);
            // Whoever has no type in mind may look into any queue.
            if other || element != 0 && element as u64 != elements {
                let detail = format!(
                    "{name:?} is {is:?}, blocks of others {lent}, elements of {elements} bytes (0: any), not so"
                );
                return Err(Error::with(ErrorKind::Mismatch, detail));
            }
            Ok(())
        };
        let fill = |region: &Region, at: u64| {
            let body: &Body = region.at(at)?;
            body.budget.begin(asked.max_bytes as u64);
            body.sides.store(asked.sides.into(), Ordering::Relaxed); // Relaxed: the object is not visible yet
            debts::fill(region, at, &asked, fresh_tag())
        };
        let record = directory::obtain_filled(held, name, how, &plan, fits, fill)?;
        let options = QueueOptions::found(held, &record)?;
        // SAFETY: all are used while `yard` is held, which this handle does.
        let ((spot, ring), owed) =
            unsafe { (place::ring(held, &record, options)?, debts::open(held, &record, &options)?) };
        let blocks = match record.params[BLOCKS_AT] {
            0 => None,
            at => Some(Blocks::at_offset(yard, at)?),
        };
        let (manner, offset) = (yard.manner(), record.offset);
        let (known, yard, over) = (Default::default(), held.clone(), AtomicU64::new(0));
        Ok(Queue(Arc::new(Inner { ring, spot, offset, options, blocks, owed, known, manner, yard, over })))
    }

    fn ring(&self) -> &Ring<Spot> {
        &self.0.ring
    }

    /// What is owed, if that may be.
    #[inline(always)]
    fn part(&self) -> Option<&debts::Owed> {
        self.0.owed.as_ref()
    }

    pub(crate) fn yard(&self) -> &Held {
        &self.0.yard
    }

    pub(crate) fn manner(&self) -> Manner {
        self.0.manner
    }

    #[inline(always)]
    pub(crate) fn body(&self) -> &Body {
        self.0.spot.body()
    }

    /// The caller's thread slot.
    fn seat(&self) -> Result<u32> {
        thread::register(self.yard()).map(|token| token.index())
    }

    /// The caller's thread slot, if it has one.
    #[inline(always)]
    fn me(&self) -> Option<u32> {
        match thread::token(self.yard().number()) {
            0 => None,
            token => Some(slot_of(token)),
        }
    }

    /// Puts one message; waits at most `timeout` while the queue is full. It can be got before this returns.
    ///
    /// Errors: `Full` (no room, or no block for it, within `timeout`), `Shutdown`, `TooLong` (it can never fit; says how much does), `Busy`
    /// and `Timeout` (somebody stands still in the middle of a move), `Cancelled`, `Interrupted`, `NoSlots`, `Corrupt`;
    /// nothing was put. `PeerClosed`, `PeerDied`: there is no room, and the last consumer has closed or died, in a queue that
    /// tells of its [sides](QueueOptions::sides).
    #[inline]
    pub fn put(&self, message: &[u8], timeout: impl Into<Timeout>) -> Result<()> {
        if self.put_fast(message) { Ok(()) } else { self.put_slowly(message, timeout.into()) }
    }

    /// Puts one message if there is room now.
    #[inline]
    pub fn try_put(&self, message: &[u8]) -> Result<()> {
        self.put(message, Timeout::Try)
    }

    /// The step of putting where there is room. Cannot panic, allocates nothing; false if it takes [`Queue::put`].
    #[inline]
    pub(crate) fn put_fast(&self, message: &[u8]) -> bool {
        let me = self.me();
        me.is_some_and(|me| {
            message.len() <= self.0.options.inline_max
                && !self.is_limited()
                && self.attempt_put(me, message).is_ok()
        })
    }

    #[cold]
    fn put_slowly(&self, message: &[u8], timeout: Timeout) -> Result<()> {
        let (me, len) = (self.seat()?, message.len());
        self.check_budget(len)?;
        let (mut call, turn) = (Call::new(self, For::Room, timeout), Turn::new(self, timeout));
        match &self.0.blocks {
            _ if len <= self.0.options.inline_max => {
                call.run(|| self.within_budget(len, &turn, || self.attempt_put(me, message)))?
            }
            Some(blocks) if len <= blocks.max_len() => {
                let (mut block, fill) = (None, || large::fill(blocks, message));
                call.or_for_a_block(blocks)
                    .run(|| self.attempt_put_block(me, blocks, &mut block, &turn, fill))?
            }
            _ => return Err(too_long(len, self.max_len())),
        }
        .map_err(|_| corrupt())
    }

    /// Puts a message that lies in a block: that which is kept from the last attempt, or a new one.
    fn attempt_put_block<'b>(
        &self,
        me: u32,
        blocks: &'b Blocks,
        kept: &mut Option<Block<'b>>,
        turn: &Turn,
        fill: impl FnOnce() -> std::result::Result<Block<'b>, Not>,
    ) -> std::result::Result<(), Not> {
        if self.body().closing.glance() != Closing::Open {
            return Err(Not::Ever(ErrorKind::Shutdown));
        }
        let len = match kept {
            Some(block) => block.len(),
            None => kept.insert(fill()?).len(),
        };
        self.within_budget(len, turn, || self.put_kept_block(me, blocks, kept))
    }

    fn put_kept_block<'b>(
        &self,
        me: u32,
        blocks: &'b Blocks,
        kept: &mut Option<Block<'b>>,
    ) -> std::result::Result<(), Not> {
        let writing = self.0.ring.claim_write(me, &Hands(self.yard()))?;
        if !self.body().closing.admits() {
            writing.abandon();
            self.tell_all();
            return Err(Not::Ever(ErrorKind::Shutdown));
        }
        let Some(block) = kept.take() else { return Err(Not::Ever(ErrorKind::State)) };
        let link = Link::new(self.0.offset, writing.position());
        let len = block.len();
        let put = large::publish(blocks, block, len, link, writing);
        self.tell_all();
        put
    }

    #[inline(always)]
    fn attempt_put(&self, me: u32, message: &[u8]) -> std::result::Result<(), Not> {
        let body = self.body();
        if body.closing.glance() != Closing::Open {
            return Err(Not::Ever(ErrorKind::Shutdown));
        }
        let writing = self.0.ring.claim_write(me, &Hands(self.yard()))?;
        if !body.closing.admits() {
            writing.abandon();
            self.tell_all();
            return Err(Not::Ever(ErrorKind::Shutdown));
        }
        writing.publish(0, message)?;
        body.data.notify(&**self.yard());
        Ok(())
    }

    /// Tells everybody who waits to look again.
    #[cold]
    fn tell_all(&self) {
        tell_all(self.body(), self.part(), self.yard());
    }

    /// Copies the next message to the start of `buffer` and takes it out; waits at most `timeout` while there is none.
    ///
    /// Errors: `Empty` (nothing came within `timeout`), `End` (the queue was shut down and everything has been got),
    /// `Shutdown` (it was shut down at once), `TooLong` (the buffer is shorter than the message, which stays, and says that
    /// it comes again if it lies in a block; the detail says how long it is, or that it has 16 bytes or more), `Busy` and `Timeout` (somebody stands still in the middle of a move), `Cancelled`, `Interrupted`,
    /// `NoSlots`, `Corrupt`. `PeerClosed`, `PeerDied`: there is nothing, and the last producer has closed or died, in a queue
    /// that tells of its [sides](QueueOptions::sides); one that comes later is heard again.
    #[inline]
    pub fn get(&self, buffer: &mut [u8], timeout: impl Into<Timeout>) -> Result<Received> {
        match self.get_fast(buffer) {
            Some(received) => Ok(received),
            None => self.get_slowly(buffer, timeout.into()),
        }
    }

    /// Takes the next message if there is one now.
    #[inline]
    pub fn try_get(&self, buffer: &mut [u8]) -> Result<Received> {
        self.get(buffer, Timeout::Try)
    }

    /// The step of getting where there is something. Cannot panic, allocates nothing; `None` if it takes [`Queue::get`].
    #[inline]
    pub(crate) fn get_fast(&self, buffer: &mut [u8]) -> Option<Received> {
        self.attempt_get(self.me()?, buffer).ok()
    }

    #[cold]
    fn get_slowly(&self, buffer: &mut [u8], timeout: Timeout) -> Result<Received> {
        let room = buffer.len();
        self.receive(buffer, timeout)?.map_err(|needed| Queue::too_small(needed, room))
    }

    pub(crate) fn too_small(needed: usize, room: usize) -> Error {
        Error::with(ErrorKind::TooLong, format!("a message of {needed} bytes, a buffer of {room}"))
    }

    /// As [`Queue::get`]; `Err` inside: the next message is so long, and stays.
    #[cold]
    pub(crate) fn receive(
        &self,
        buffer: &mut [u8],
        timeout: Timeout,
    ) -> Result<std::result::Result<Received, usize>> {
        let me = self.seat()?;
        Call::new(self, For::Data, timeout).run(|| self.attempt_get(me, buffer))
    }

    /// As [`Queue::get`], into new memory of the right size.
    pub fn get_vec(&self, timeout: impl Into<Timeout>) -> Result<(Vec<u8>, Received)> {
        let me = self.seat()?;
        let got = Call::new(self, For::Data, timeout.into()).run(|| self.attempt_get_vec(me))?;
        got.map_err(|_| corrupt())
    }

    #[inline(always)]
    fn attempt_get(&self, me: u32, buffer: &mut [u8]) -> std::result::Result<Received, Not> {
        if let Some(part) = self.part() {
            return self.attempt_get_beside(part, buffer);
        }
        let reading = self.claim(me, buffer.len())?;
        let item = reading.item();
        if item.tag == large::BLOCK {
            return self.attempt_get_block(reading, buffer);
        }
        let len = item.len.min(buffer.len());
        reading.read(&mut buffer[..len]);
        self.release(reading);
        Ok(Received { len, redelivered: item.again })
    }

    /// As `attempt_get`, from a queue that may be owed something.
    #[inline(never)]
    fn attempt_get_beside(
        &self,
        part: &debts::Owed,
        buffer: &mut [u8],
    ) -> std::result::Result<Received, Not> {
        self.attempt_beside(part, false, buffer.len())?.copy_to(self, buffer).map(|(received, _)| received)
    }

    #[cold]
    fn attempt_get_block(
        &self,
        reading: Reading<'_, Spot>,
        buffer: &mut [u8],
    ) -> std::result::Result<Received, Not> {
        let (block, received) = self.take_block(reading, buffer.len())?;
        let read = block.read(0, &mut buffer[..received.len]);
        read.map(|()| received).map_err(|_| Not::Ever(ErrorKind::Corrupt))
    }

    fn attempt_get_vec(&self, me: u32) -> std::result::Result<(Vec<u8>, Received), Not> {
        if let Some(part) = self.part() {
            let (bytes, received, _) = self.attempt_beside(part, false, usize::MAX)?.into_vec(self)?;
            return Ok((bytes, received));
        }
        let reading = self.claim(me, usize::MAX)?;
        let item = reading.item();
        if item.tag == large::BLOCK {
            let (block, received) = self.take_block(reading, usize::MAX)?;
            return Ok((block.to_vec(), received));
        }
        let mut bytes = [0; CELL_BYTES[1]];
        let len = item.len.min(bytes.len());
        reading.read(&mut bytes[..len]);
        self.release(reading);
        Ok((bytes[..len].to_vec(), Received { len, redelivered: item.again }))
    }

    /// Makes the block this process's own that the message lies in, and takes the message out.
    fn take_block(
        &self,
        reading: Reading<'_, Spot>,
        room: usize,
    ) -> std::result::Result<(Block<'_>, Received), Not> {
        let (handle, len) = large::name_in(&reading);
        let redelivered = reading.item().again;
        let blocks = self.0.blocks.as_ref().filter(|_| len <= room);
        match blocks.map(|blocks| blocks.claim(handle)) {
            Some(Ok(block)) => {
                self.release(reading);
                let len = len.min(block.len());
                Ok((block, Received { len, redelivered }))
            }
            // Whoever had the message before, and died, had got it and freed the block.
            Some(Err(e)) if !matches!(e.kind(), ErrorKind::NoSlots | ErrorKind::NotOwner) => {
                self.release(reading);
                Err(Not::Gone)
            }
            not => {
                reading.put_back();
                self.body().data.notify(&**self.yard());
                Err(not.map_or(Not::TooSmall(len), |e| {
                    Not::Ever(e.map_or_else(|e| e.kind(), |_| ErrorKind::Os))
                }))
            }
        }
    }

    /// Claims the next message.
    #[inline(always)]
    fn claim(&self, me: u32, longest: usize) -> std::result::Result<Reading<'_, Spot>, Not> {
        if self.body().closing.glance() == Closing::Shut {
            return Err(Not::Ever(ErrorKind::Shutdown));
        }
        match self.0.ring.claim_read(me, longest, &Hands(self.yard())) {
            Ok(reading) => Ok(reading),
            Err(NoPop::Empty) => Err(self.nothing()),
            Err(no) => Err(no.into()),
        }
    }

    /// Takes a message out, and tells those who wait for room.
    #[inline(always)]
    fn release(&self, reading: Reading<'_, Spot>) {
        reading.finish();
        self.body().room.notify(&**self.yard());
        // Those who wait for the end must know that nobody has anything in hand any more.
        if self.0.options.sides || self.body().closing.glance() != Closing::Open {
            self.body().data.notify(&**self.yard());
        }
    }

    /// Puts messages in order while there is room; waits only while there is none for the first. Tells how many were
    /// put; one that can never fit ends the row before it.
    ///
    /// Each is put by itself: others' messages may come between. Errors: as [`Queue::put`], if not even the first was put.
    pub fn put_many(&self, messages: &[impl AsRef<[u8]>], timeout: impl Into<Timeout>) -> Result<usize> {
        let Some((first, rest)) = messages.split_first() else { return Ok(0) };
        self.put(first.as_ref(), timeout)?;
        Ok(1 + rest.iter().take_while(|message| self.try_put(message.as_ref()).is_ok()).count())
    }

    /// Copies messages one after the other into `buffer` while they are there and fit, at most `lens.len()`. `lens` gets
    /// their lengths. Waits only while there is not even one.
    ///
    /// Each is got by itself: others may get some between. Errors: as [`Queue::get`], if not even one was got; `Invalid`
    /// if `lens` is empty.
    pub fn get_many(
        &self,
        buffer: &mut [u8],
        lens: &mut [usize],
        timeout: impl Into<Timeout>,
    ) -> Result<Batch> {
        let Some((first, rest)) = lens.split_first_mut() else {
            return Err(Error::with(ErrorKind::Invalid, "a batch of no messages"));
        };
        let received = self.get(buffer, timeout)?;
        *first = received.len;
        let mut batch = Batch { records: 1, bytes: received.len, redelivered: received.redelivered };
        for len in rest {
            let Some(room) = buffer.get_mut(batch.bytes..) else { break };
            let Ok(received) = self.try_get(room) else { break };
            *len = received.len;
            batch.records += 1;
            batch.bytes += received.len;
            batch.redelivered |= received.redelivered;
        }
        Ok(batch)
    }

    /// There is nothing: whether there ever will be.
    #[cold]
    fn nothing(&self) -> Not {
        if self.body().closing.state() != Closing::Draining {
            return Not::Now;
        }
        match self.in_ring() {
            Some(holder) => Not::Held(holder),
            None => Not::Ever(ErrorKind::End),
        }
    }

    /// Whether an item may be in somebody's hands, who may be dead: asked when there was nothing to get. What is owed is out
    /// of the ring, so that its places tell nothing.
    fn may_be_in_hand(&self) -> bool {
        if self.part().is_some() {
            return true;
        }
        // Relaxed: what is over stays so, whoever saw it; an older answer is a lower bound as well.
        let (over, all) = self.0.ring.settle(self.0.over.load(Ordering::Relaxed), AT_ONCE);
        self.0.over.store(over, Ordering::Relaxed);
        !all
    }

    /// Whether something is in the ring, in whoever's hands, and in whose.
    fn in_ring(&self) -> Option<Option<u32>> {
        self.0.ring.cells().find(|seen| seen.state != State::Free).map(|seen| seen.holder)
    }

    /// The same, and what was given back. What is owed may come back, but nobody is kept waiting for that.
    fn rest(&self) -> Option<Option<u32>> {
        let moving = || self.part().and_then(|part| part.debts.is_moving());
        self.in_ring().or_else(|| moving().map(|thread| thread.map(slot_of)))
    }

    #[inline]
    fn seems_gettable(&self) -> bool {
        self.0.ring.seems_poppable()
            || self.body().closing.glance() != Closing::Open
            || self.part().is_some_and(|part| part.debts.seems_back())
    }

    #[inline]
    fn seems_puttable(&self) -> bool {
        self.0.ring.seems_pushable() || self.body().closing.glance() != Closing::Open
    }

    /// For whoever waits for room later.
    #[cfg(feature = "async")]
    pub(crate) fn keep_room(&self) -> Kept {
        Kept { yard: self.yard().clone(), manner: self.manner(), source: Box::new(Room(self.clone())) }
    }

    /// Shuts the queue down, for everybody and for good: every put answers `Shutdown`, also of those who wait. With `now`,
    /// so does every get, and what is there stays there. Without, gets go on until everything has been got, then
    /// answer `End`; nothing is put any more after the first `End`. `now` may follow later.
    pub fn shutdown(&self, now: bool) {
        self.body().closing.close(if now { Closing::Shut } else { Closing::Draining });
        self.tell_all();
    }

    /// Whether it has been shut down.
    pub fn is_shutdown(&self) -> bool {
        self.body().closing.glance() != Closing::Open
    }

    /// How many messages there are to be got: exact while nobody is in the middle of a call. Looks at each of them.
    pub fn len(&self) -> usize {
        self.0.ring.len().unwrap_or(0) + self.part().map_or(0, |part| part.debts.back())
    }

    /// Whether there is nothing to get at this instant.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room at this instant. A place whose message is in the middle of a move counts as room.
    pub fn is_full(&self) -> bool {
        let options = self.0.options;
        self.0.ring.len().unwrap_or(0) >= options.capacity
            || self.is_limited() && self.bytes() >= options.max_bytes
    }

    /// How many messages there is room for.
    pub fn capacity(&self) -> usize {
        self.0.options.capacity
    }

    /// The longest message in bytes.
    pub fn max_len(&self) -> usize {
        let place = self.0.blocks.as_ref().map_or(0, Blocks::max_len).max(self.0.options.inline_max);
        if self.is_limited() { place.min(self.0.options.max_bytes) } else { place }
    }

    /// Where the longer messages lie, if there is room for any.
    pub fn blocks(&self) -> Option<&Blocks> {
        self.0.blocks.as_ref()
    }

    /// What the queue was made as.
    pub fn options(&self) -> QueueOptions {
        self.0.options
    }
}

/// Where the blocks lie that a queue is to share with others.
fn may_share(yard: &Held, options: QueueOptions, blocks: &Blocks) -> Result<u64> {
    if options.block_bytes != 0 {
        return Err(Error::with(ErrorKind::Invalid, "blocks, and bytes for others"));
    }
    if !blocks.is_of(yard) {
        return Err(Error::with(ErrorKind::Foreign, "blocks of another yard"));
    }
    Ok(blocks.offset())
}

/// Room in a queue, to wait for; it may be that of a message whose block is not free yet.
#[cfg(feature = "async")]
struct Room(Queue);

#[cfg(feature = "async")]
impl Source for Room {
    fn is_ready(&self) -> bool {
        self.0.seems_puttable()
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        let watch = self.0.body().room.prepare();
        let ready = self.is_ready();
        if !ready {
            net.word(watch);
        }
        ready
    }
}

/// The blocks for a queue that is still to be made.
fn make_blocks(yard: &Yard, name: &str, options: QueueOptions) -> Result<Option<Blocks>> {
    if options.block_bytes == 0 || yard.held().directory()?.find(&Name::new(name)?)?.is_some() {
        return Ok(None);
    }
    let bytes = BlocksOptions { bytes: options.block_bytes as u64, ..BlocksOptions::default() };
    Blocks::open_or_create(yard, &format!("{name}.blocks"), &bytes).map(Some)
}

fn tell_all(body: &Body, part: Option<&debts::Owed>, yard: &Attachment) {
    body.data.notify(yard);
    body.room.notify(yard);
    if let Some(part) = part {
        part.settled().notify(yard);
    }
}

fn corrupt() -> Error {
    Error::with(ErrorKind::Corrupt, "the queue's words contradict themselves")
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (options, len) = (self.options(), self.len());
        f.debug_struct("Queue").field("options", &options).field("len", &len).finish_non_exhaustive()
    }
}

/// Bytes of a queue of so many short messages.
pub(in crate::objects) fn bytes_of(capacity: u32) -> u64 {
    layout::bytes(capacity, CELL_BYTES[0])
}

/// Whether the queue names this block where the link says, or owes it.
pub(crate) fn names(yard: &Attachment, record: &Record, link: Link, block: BlockHandle) -> bool {
    // SAFETY: used while the yard is borrowed.
    let Some((_, ring, part)) = (unsafe { at(yard, record) }) else { return false };
    let mut name = [0; 8];
    let tag = ring.glance(link.position(), &mut name);
    // The ring first: a message goes from there to what is owed, and never back.
    tag == Some(large::BLOCK) && u64::from_ne_bytes(name) == block.0
        || part.is_some_and(|part| part.debts.names(large::BLOCK, block.0.to_ne_bytes()))
}

/// The parts of a queue in the directory.
///
/// # Safety
/// They are used while the yard is mapped.
unsafe fn at(yard: &Attachment, record: &Record) -> Option<(Spot, Ring<Spot>, Option<debts::Owed>)> {
    let options = QueueOptions::of(record).ok()?;
    // SAFETY: the caller's promise.
    let (ring, part) = unsafe { (place::ring(yard, record, options), debts::open(yard, record, &options)) };
    let (spot, ring) = ring.ok()?;
    Some((spot, ring, part.ok()?))
}

/// Gives back what somebody who is gone had in hand, or owed, and tells those who wait.
pub(crate) fn recover(yard: &Attachment, record: &Record, who: Who, gone: Gone) {
    // SAFETY: used while the yard is borrowed.
    let Some((spot, ring, part)) = (unsafe { at(yard, record) }) else { return };
    match who {
        Who::Thread(dead) if spot.body().budget.lock.recover(dead) => {
            faults::note(yard, who, &spot.body().budget.lock, 1);
        }
        Who::Thread(_) => {}
        Who::Process(process) => side::recover(yard, record, process, gone),
    }
    let repaired = match (who, &part) {
        (Who::Thread(dead), _) => {
            let of_ring = ring.recover(dead.index());
            let owed = part.as_ref().map(|part| part.debts.recover_thread(dead.0)).unwrap_or_default();
            of_ring.dropped + of_ring.again + owed.freed + owed.back
        }
        (Who::Process(_), None) => return,
        (Who::Process(process), Some(part)) => {
            let owed = part.debts.recover_process(process.0, &ring);
            owed.freed + owed.back
        }
    };
    if repaired > 0 && gone == Gone::Died {
        faults::note(yard, who, spot.body(), repaired.into());
    }
    // Also if others have repaired it: they may have died before they could tell.
    tell_all(spot.body(), part.as_ref(), yard);
}

crate::objects::refer::referable!(Queue, Queue, |it| (it.yard(), std::ptr::from_ref(it.body()).addr()));
