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
#[cfg(test)]
#[path = "deaths/tests.rs"]
mod death_tests;
pub(crate) mod debts;
#[cfg(test)]
#[path = "debts/tests.rs"]
mod debts_tests;
mod get;
mod large;
pub(crate) mod layout;
#[cfg(test)]
#[path = "len/tests.rs"]
mod len_tests;
mod loan;
mod options;
mod owed;
mod place;
mod put;
mod recover;
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
pub use options::QueueOptions;
pub use owed::OwedMessage;
pub(crate) use recover::{names, recover};
pub use side::{QueuePart, QueueSide};
pub use typed::TypedQueue;

use crate::error::{Error, ErrorKind, Result};
use crate::lockfree::mpmc::Ring;
use crate::objects::blocks::{Blocks, fresh_tag};
use crate::objects::directory::{self, How, Plan};
use crate::objects::many::{Kept, Writable};
use crate::objects::pace::Pace;
use crate::objects::yard::Yard;
use crate::presence::attachment::{Attachment, Held};
use crate::presence::thread;
use crate::segment::directory::{Name, ObjectType, Record};
use crate::segment::region::Region;
use crate::shim::{AtomicU64, Ordering};
use crate::sync::closing::Closing;
use crate::sync::many::{Net, Source};
use crate::sync::wait::Manner;
use layout::Body;
use options::{BLOCKS_AT, ELEMENT_SHIFT};
use place::{Spot, slot_of};
use side::Known;
use std::sync::Arc;

/// A queue: messages, from 0 bytes to the longest that fits, go in order from any number of producers to any number of
/// consumers, in whatever threads and processes. Clones and handles in other processes mean the same queue.
///
/// Short messages lie in the queue itself; if it is made with [`QueueOptions::block_bytes`], longer ones lie in blocks,
/// which are filled before the queue is touched, and copied out when it is not touched any more.
///
/// First in, first out: who gets two messages gets them in the order in which they were put. A message is there for
/// others before the call that puts it returns. `Full` and `Empty` are exact: at some instant within the call it was so.
/// Places are used in order, too: while a message waits, the places behind it count as taken that were given up, or never
/// filled by one who died, and so do those behind a message that comes again.
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
/// ([`Received::redelivered`](crate::Received::redelivered)), or has taken it out; then that one message is lost with him. What a dead one had in hand
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
    /// How long who gets looks away, and who puts.
    pace: [Pace; 2],
}

impl Queue {
    /// Makes a queue, and its blocks, an object of its own that is called `NAME.blocks`: it comes first, and stays if the queue
    /// cannot be made then. Errors: `Range` (no room for messages, or for more than 16777216), `Size`
    /// (`inline_max` is no multiple of 16 from 16 to 112; `block_bytes` below 2048), `Exists`, `Name`, `NoSpace`, `NoSlots`, and `Timeout` if another object has been in the making for
    /// ten seconds; `Mismatch`, `Type` (something else is called `NAME.blocks`).
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
            None => make_blocks(yard, name, asked, element)?.as_ref().map_or(0, Blocks::offset),
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
        let pace = [Pace::new(), Pace::new()];
        Ok(Queue(Arc::new(Inner {
            ring,
            spot,
            offset,
            options,
            blocks,
            owed,
            known,
            manner,
            yard,
            over,
            pace,
        })))
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

    /// Tells everybody who waits to look again.
    #[cold]
    fn tell_all(&self) {
        tell_all(self.body(), self.part(), self.yard());
    }

    /// To wait, with [`wait_any`](crate::wait_any) or a [`Notifier`](crate::Notifier), until any message that needs no block can be
    /// put, which is one of up to [`QueueOptions::inline_max`] bytes, or the queue is shut down, or, of a queue that tells of its
    /// [sides](QueueOptions::sides), the last consumer is gone. A longer message may still find no block, and in a queue with a
    /// limit in bytes no room: then wait with the put.
    pub fn writable(&self) -> Writable {
        let len = self.0.options.inline_max.min(self.max_len());
        Writable::new(self.keep_room(len), std::ptr::from_ref(&self.body().room).addr())
    }

    /// For whoever waits later for room for a message of `len` bytes.
    pub(crate) fn keep_room(&self, len: usize) -> Kept {
        let source = Arc::new(Room { queue: self.clone(), len });
        Kept { yard: self.yard().clone(), manner: self.manner(), source }
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

    /// How many messages there are to be got: exact while nobody is in the middle of a call, else within as many as come and go
    /// meanwhile. Looks at each of them.
    pub fn len(&self) -> usize {
        self.0.ring.len().unwrap_or(0).min(self.capacity()) + self.part().map_or(0, |part| part.debts.back())
    }

    /// Whether there is nothing to get at this instant.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a put would be told `Full` at this instant, or nothing is left of the limit in bytes. A place whose message is
    /// in the middle of a move counts as room. When it is full there may be fewer messages than places: see [`Queue`].
    pub fn is_full(&self) -> bool {
        self.0.ring.is_full() || self.is_limited() && self.bytes() >= self.0.options.max_bytes
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

/// Room in a queue for a message of `len` bytes, to wait for; its block may not be free yet.
struct Room {
    queue: Queue,
    len: usize,
}

impl Room {
    fn has(&self) -> bool {
        let (queue, ring) = (&self.queue, &self.queue.0.ring);
        // The hint of the ring's end, which is looked at first, may lag behind one that is full.
        queue.is_shutdown() || ring.seems_pushable() && !ring.is_full() && queue.seems_within_budget(self.len)
    }
}

impl Source for Room {
    fn is_ready(&self) -> bool {
        let is_left = self.queue.was_left(QueueSide::Consumers);
        self.has() || is_left && self.queue.is_gone(QueueSide::Consumers)
    }

    fn is_dear(&self) -> bool {
        self.queue.is_limited()
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        let watch = self.queue.body().room.prepare();
        // Who dies after this is heard of, who died before it is seen below.
        self.queue.arm_for_deaths(QueueSide::Consumers, net);
        let ready = self.has() || self.queue.is_gone(QueueSide::Consumers);
        if !ready {
            net.word(watch);
        }
        ready
    }
}

/// The blocks for a queue that is still to be made.
fn make_blocks(yard: &Yard, name: &str, options: QueueOptions, element: usize) -> Result<Option<Blocks>> {
    if options.block_bytes == 0 || yard.held().directory()?.find(&Name::new(name)?)?.is_some() {
        return Ok(None);
    }
    Blocks::open_or_create(yard, &format!("{name}.blocks"), &options.blocks(element)).map(Some)
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
    QueueOptions { capacity: capacity as usize, ..QueueOptions::default() }.ring_bytes()
}

crate::objects::refer::referable!(Queue, Queue, |it| (it.yard(), std::ptr::from_ref(it.body()).addr()));
