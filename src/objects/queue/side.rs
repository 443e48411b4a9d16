//! Who produces and who consumes: processes that have said so, and those who wait for them hear when the last has gone.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::faults;
use crate::objects::owners::sweep_after_tries;
use crate::objects::queue::layout::{self, Body};
use crate::objects::queue::{Queue, QueueOptions, tell_all};
use crate::objects::ring::Peer;
use crate::presence::attachment::{Attachment, Gone, Who};
use crate::presence::handover::HeldEnd;
use crate::presence::place::Standing;
use crate::presence::thread;
use crate::segment::bits::Token;
use crate::segment::directory::Record;
use crate::shim::{AtomicU32, Ordering, Watch};
use crate::sync::holders::{Holders, Left, Members, Seen};
use crate::sync::lock::Crowd;
use crate::sync::many::Net;
use std::ops::Deref;

/// One of the two sides of a queue that tells of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum QueueSide {
    /// Those who put.
    Producers = 0,
    /// Those who get.
    Consumers = 1,
}

impl QueueSide {
    const ALL: [QueueSide; 2] = [QueueSide::Producers, QueueSide::Consumers];

    pub(crate) fn from_code(code: u32) -> Option<QueueSide> {
        QueueSide::ALL.into_iter().find(|side| *side as u32 == code)
    }
}

/// A part that this process has in a queue, as a producer or a consumer, until this is dropped. It is used as the queue
/// itself.
///
/// Each counts, in whatever thread; when the process has dropped its last one of a side it is none of that side any more. A
/// fork child has, from its birth on, every part that its parent has at that moment.
#[derive(Debug)]
#[must_use = "dropped, it is a part no more"]
pub struct QueuePart {
    queue: Queue,
    side: QueueSide,
}

impl QueuePart {
    /// Which side it is of.
    pub fn side(&self) -> QueueSide {
        self.side
    }

    /// The part, for a process that is to have it from its birth on: see
    /// [`ProcessOptions::ends`](crate::ProcessOptions::ends).
    pub fn held_end(&self) -> Result<HeldEnd> {
        self.queue.held_end(self.side)
    }
}

impl Deref for QueuePart {
    type Target = Queue;

    fn deref(&self) -> &Queue {
        &self.queue
    }
}

impl Drop for QueuePart {
    fn drop(&mut self) {
        self.queue.leave(self.side);
    }
}

/// One side of one queue.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    yard: &'a Attachment,
    body: &'a Body,
    holders: Holders<'a>,
}

impl<'a> Side<'a> {
    /// Nothing if the queue does not tell of its sides, or does not lie in the yard.
    fn of(
        yard: &'a Attachment,
        body: &'a Body,
        offset: u64,
        options: QueueOptions,
        side: QueueSide,
    ) -> Option<Side<'a>> {
        if !options.sides {
            return None;
        }
        let slots = yard.geometry().slots;
        let at = offset.checked_add(options.cells_bytes())?;
        let at = at.checked_add(side as u64 * layout::side_bytes(slots))?;
        let cells = yard.region().table(at, slots).ok()?;
        Some(Side { yard, body, holders: Holders { last: &body.last[side as usize], cells } })
    }

    fn by_record(yard: &'a Attachment, record: &Record, side: QueueSide) -> Option<Side<'a>> {
        let body: &Body = yard.region().at(record.offset).ok()?;
        Side::of(yard, body, record.offset, QueueOptions::found(yard, record).ok()?, side)
    }

    fn leave(&self, process: Token, left: Left) -> bool {
        let was_here = self.holders.leave(process, left);
        if was_here {
            tell_all(self.body, None, self.yard);
        }
        was_here
    }
}

/// What is known of the processes of a yard, for a look at a side.
pub(super) struct Mourners<'a>(pub(super) Side<'a>);

impl Members for Mourners<'_> {
    fn standing(&self, token: Token) -> Standing<'_> {
        self.0.yard.process_standing(token)
    }

    fn left(&self, dead: Token) -> Left {
        left(self.0.yard.gone(dead))
    }

    fn buried(&self, dead: Token, cell: &AtomicU32, left: Left) {
        if left == Left::Died {
            faults::note(self.0.yard, Who::Process(dead), cell, 1);
        }
        tell_all(self.0.body, None, self.0.yard);
    }
}

fn left(gone: Gone) -> Left {
    match gone {
        Gone::Died => Left::Died,
        Gone::Closed => Left::Closed,
        Gone::Unborn => Left::Never,
    }
}

fn peer(seen: Seen) -> Peer {
    match seen {
        Seen::Absent => Peer::Absent,
        Seen::Held { .. } => Peer::Here,
        Seen::Gone(Left::Closed | Left::Never) => Peer::Closed,
        Seen::Gone(Left::Died) => Peer::Died,
    }
}

/// What a call answers that nobody of the other side will ever serve.
pub(super) fn ended(seen: Seen) -> Option<ErrorKind> {
    match peer(seen) {
        Peer::Closed => Some(ErrorKind::PeerClosed),
        Peer::Died => Some(ErrorKind::PeerDied),
        _ => None,
    }
}

/// Every how many tries that find nothing the kernel is asked how the other side stands.
const ASK: u32 = 256;

/// What this process knows of a side.
#[derive(Default)]
pub(super) struct Known {
    /// Tries that found nothing.
    tries: AtomicU32,
}

impl Queue {
    /// Says that this process puts, as long as it has what this returns. Errors: `Unsupported` (the queue was made without
    /// `sides`), `NoSlots`.
    pub fn producer(&self) -> Result<QueuePart> {
        self.take_part(QueueSide::Producers)
    }

    /// Says that this process gets, likewise.
    pub fn consumer(&self) -> Result<QueuePart> {
        self.take_part(QueueSide::Consumers)
    }

    fn take_part(&self, side: QueueSide) -> Result<QueuePart> {
        self.enter_side(side)?;
        Ok(QueuePart { queue: self.clone(), side })
    }

    /// As [`Queue::producer`] and [`Queue::consumer`], without a guard.
    pub(crate) fn enter_side(&self, side: QueueSide) -> Result<()> {
        if self.side(side).is_none() {
            return Err(Error::with(ErrorKind::Unsupported, "the queue was made without sides"));
        }
        // For the fast notice of our death, before anybody looks; without a slot the others find out by their slice.
        let _ = thread::register(self.yard());
        self.yard().hold(self.key(side))
    }

    /// As [`QueuePart::held_end`], without a guard.
    pub(crate) fn held_end(&self, side: QueueSide) -> Result<HeldEnd> {
        if self.side(side).is_none() {
            return Err(Error::with(ErrorKind::Unsupported, "the queue was made without sides"));
        }
        HeldEnd::new(self.yard(), self.key(side))
    }

    /// This process gives back one part of it; tells whether it had any.
    pub(crate) fn leave(&self, side: QueueSide) -> bool {
        self.yard().let_go(self.key(side))
    }

    /// The number by which presence knows the side.
    fn key(&self, side: QueueSide) -> u64 {
        self.0.offset + side as u64
    }

    pub(super) fn side(&self, side: QueueSide) -> Option<Side<'_>> {
        Side::of(self.yard(), self.body(), self.0.offset, self.0.options, side)
    }

    /// How a side stands: nobody ever was of it, somebody is, the last one left, the last one died. Asks the kernel.
    /// `Absent` also if the queue was made without `sides`.
    pub fn side_state(&self, side: QueueSide) -> Peer {
        let nothing = AtomicU32::new(0);
        let mourners = self.side(side).map(Mourners);
        let look = |mourners: &Mourners<'_>| {
            let mut crowd = Crowd::new(Watch { word: &nothing, value: 0 });
            mourners.0.holders.look(mourners, &mut crowd).0
        };
        mourners.as_ref().map_or(Peer::Absent, |mourners| peer(look(mourners)))
    }

    /// Whether somebody has ever left this side, or was found dead there.
    pub(crate) fn was_left(&self, side: QueueSide) -> bool {
        self.side(side).is_some_and(|side| side.holders.left() != 0)
    }

    /// Whether the last of a side has gone. Asks the kernel.
    pub(crate) fn is_gone(&self, side: QueueSide) -> bool {
        matches!(self.side_state(side), Peer::Closed | Peer::Died)
    }

    /// Whether the last producer has gone, and nobody has anything in hand that may come back. Asks the kernel.
    pub(crate) fn is_deserted(&self) -> bool {
        self.is_gone(QueueSide::Producers) && self.rest().is_none() && !self.has_dying_debtor()
    }

    /// For who waits for a message, or for room, among other things: adds the words to `net` that tell of the death of one of
    /// the other `side`, or, for a message, of one who owes something. What the dead owe is back after it.
    pub(crate) fn arm_for_deaths<'a>(&'a self, side: QueueSide, net: &mut Net<'a>) {
        let others = self.side(side).map_or(&[][..], |side| side.holders.cells);
        // Relaxed: only whom to listen to; who wants to know how the side stands looks for himself.
        let others = others.iter().map(|cell| cell.load(Ordering::Relaxed));
        let part = self.part().filter(|_| side == QueueSide::Producers);
        let debtors = part.into_iter().flat_map(|part| part.debts.debtors());
        let mut last = 0;
        for word in others.chain(debtors) {
            let Some(token) = Token::of(word).filter(|_| word != last) else { continue };
            last = word;
            match self.yard().process_standing(token) {
                Standing::Here(Some(alive)) => net.alive(alive),
                Standing::Here(None) => {}
                Standing::Doubtful { .. } => net.doubt(),
                Standing::Dead => {
                    self.mourn(token);
                }
            }
        }
    }

    /// Why a try that came to nothing will never come to anything, if that is so. Asks the kernel now and then only.
    pub(super) fn glance(&self, side: QueueSide) -> Option<ErrorKind> {
        let it = self.side(side)?;
        let known = &self.0.known[side as usize];
        let tries = known.tries.fetch_add(1, Ordering::Relaxed); // Relaxed: private to the process
        let asks = tries.is_multiple_of(ASK);
        if asks && tries > 0 {
            sweep_after_tries(self.yard(), ASK);
        }
        let nobody = it.holders.cells.iter().all(|cell| cell.load(Ordering::Relaxed) == 0); // Relaxed: a hint
        if !asks && !nobody {
            return None;
        }
        match self.side_state(side) {
            Peer::Closed => Some(ErrorKind::PeerClosed),
            Peer::Died => Some(ErrorKind::PeerDied),
            _ => None,
        }
    }
}

impl<'a> Mourners<'a> {
    /// How the side stands; adds the words to `crowd` that tell of its deaths.
    pub(super) fn look<'c>(&'c self, crowd: &mut Crowd<'c>) -> Seen
    where
        'a: 'c,
    {
        self.0.holders.look(self, crowd).0
    }
}

/// See `Objects::hold`.
pub(crate) fn hold(yard: &Attachment, record: &Record, key: u64, process: Token) {
    if let Some(side) = by_key(yard, record, key) {
        side.holders.stamp(process);
        tell_all(side.body, None, yard); // who waited for somebody to come must know of whose death to hear
    }
}

/// See `Objects::let_go`.
pub(crate) fn let_go(yard: &Attachment, record: &Record, key: u64, process: Token) {
    if let Some(side) = by_key(yard, record, key) {
        side.leave(process, Left::Closed);
    }
}

fn by_key<'a>(yard: &'a Attachment, record: &Record, key: u64) -> Option<Side<'a>> {
    let code = u32::try_from(key.checked_sub(record.offset)?).ok()?;
    Side::by_record(yard, record, QueueSide::from_code(code)?)
}

/// Clears up behind `process`, dead or closing its last handle on the yard.
pub(super) fn recover(yard: &Attachment, record: &Record, process: Token, gone: Gone) {
    for it in QueueSide::ALL.into_iter().filter_map(|side| Side::by_record(yard, record, side)) {
        let left = left(gone);
        if it.leave(process, left) && left == Left::Died {
            let cell = it.holders.cells.get(process.index() as usize);
            cell.inspect(|cell| faults::note(yard, Who::Process(process), *cell, 1));
        }
    }
}
