//! Getting messages.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::lockfree::mpmc::layout::State;
use crate::lockfree::mpmc::{Longest, NoPop, Reading};
use crate::objects::blocks::Block;
use crate::objects::queue::ack::Debt;
use crate::objects::queue::call::{Call, For, Not};
use crate::objects::queue::place::{Hands, Spot, slot_of};
use crate::objects::queue::{INLINE, Queue, corrupt, debts, large};
use crate::objects::ring::{Batch, Received};
use crate::shim::Ordering;
use crate::sync::closing::Closing;
use crate::sync::wait::Timeout;

/// How many cells a try that found nothing looks at behind those before it.
const AT_ONCE: u32 = 64;

/// In whose hands an item may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InHand {
    Nobody,
    /// All that is are owed.
    Owed,
    /// Somebody may be in the middle of a move in the ring.
    Ring,
}

impl Queue {
    /// Copies the next message to the start of `buffer` and takes it out; waits at most `timeout` while there is none.
    ///
    /// Errors: `Empty` (nothing came within `timeout`), `End` (the queue was shut down and everything has been got),
    /// `Shutdown` (it was shut down at once), `TooLong` (the buffer is shorter than the message, which stays; the detail
    /// says how long it is), `Busy` and `Timeout` (somebody stands still in the middle of a move), `Cancelled`, `Interrupted`,
    /// `NoSlots`, `Corrupt`. `PeerClosed`, `PeerDied`: there is nothing, and the last producer has closed or died, in a queue
    /// that tells of its [sides](crate::QueueOptions::sides); one that comes later is heard again.
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
    pub(super) fn get_slowly(&self, buffer: &mut [u8], timeout: Timeout) -> Result<Received> {
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
    pub(super) fn attempt_get(&self, me: u32, buffer: &mut [u8]) -> std::result::Result<Received, Not> {
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
    pub(super) fn attempt_get_beside(
        &self,
        part: &debts::Owed,
        buffer: &mut [u8],
    ) -> std::result::Result<Received, Not> {
        self.attempt_beside(part, Debt::None, buffer.len())?
            .copy_to(self, buffer)
            .map(|(received, _)| received)
    }

    #[cold]
    pub(super) fn attempt_get_block(
        &self,
        reading: Reading<'_, Spot>,
        buffer: &mut [u8],
    ) -> std::result::Result<Received, Not> {
        let (block, received) = self.take_block(reading, buffer.len())?;
        let read = block.read(0, &mut buffer[..received.len]);
        read.map(|()| received).map_err(|_| Not::Ever(ErrorKind::Corrupt))
    }

    pub(super) fn attempt_get_vec(&self, me: u32) -> std::result::Result<(Vec<u8>, Received), Not> {
        if let Some(part) = self.part() {
            let (bytes, received, _) = self.attempt_beside(part, Debt::None, usize::MAX)?.into_vec(self)?;
            return Ok((bytes, received));
        }
        let reading = self.claim(me, usize::MAX)?;
        let item = reading.item();
        if item.tag == large::BLOCK {
            let (block, received) = self.take_block(reading, usize::MAX)?;
            return Ok((block.to_vec(), received));
        }
        let mut bytes = [0; INLINE];
        let len = item.len.min(bytes.len());
        reading.read(&mut bytes[..len]);
        self.release(reading);
        Ok((bytes[..len].to_vec(), Received { len, redelivered: item.again }))
    }

    /// Makes the block this process's own that the message lies in, and takes the message out.
    pub(super) fn take_block(
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
                Err(not.map_or(self.has_no_block(len), |e| {
                    Not::Ever(e.map_or_else(|e| e.kind(), |_| ErrorKind::Os))
                }))
            }
        }
    }

    /// The message lies in a block, but is longer than there is room for; or there are no blocks.
    pub(super) fn has_no_block(&self, len: usize) -> Not {
        if self.0.blocks.is_some() { Not::TooSmall(len) } else { Not::Ever(ErrorKind::Corrupt) }
    }

    /// What a caller has room for who has room for so many bytes.
    #[inline(always)]
    pub(super) fn longest(&self, bytes: usize) -> Longest {
        let names = if self.0.blocks.is_some() && bytes != usize::MAX { large::NAME } else { 0 };
        Longest { bytes, names }
    }

    /// Claims the next message.
    #[inline(always)]
    pub(super) fn claim(&self, me: u32, longest: usize) -> std::result::Result<Reading<'_, Spot>, Not> {
        if self.body().closing.glance() == Closing::Shut {
            return Err(Not::Ever(ErrorKind::Shutdown));
        }
        match self.0.ring.claim_read(me, self.longest(longest), &Hands(self.yard())) {
            Ok(reading) => Ok(reading),
            Err(NoPop::Empty) => Err(self.nothing()),
            Err(no) => Err(no.into()),
        }
    }

    /// Takes a message out, and tells those who wait for room.
    #[inline(always)]
    pub(super) fn release(&self, reading: Reading<'_, Spot>) {
        reading.finish();
        self.body().room.notify(&**self.yard());
        // Those who wait for the end must know that nobody has anything in hand any more.
        if self.0.options.sides || self.body().closing.glance() != Closing::Open {
            self.body().data.notify(&**self.yard());
        }
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
    pub(super) fn nothing(&self) -> Not {
        if self.body().closing.state() != Closing::Draining {
            return Not::Now;
        }
        match self.in_ring() {
            Some(holder) => Not::Held(holder),
            None => Not::Ever(ErrorKind::End),
        }
    }

    /// In whose hands an item may be, who may be dead: asked when there was nothing to get.
    pub(super) fn in_hand(&self) -> InHand {
        // Relaxed: what is over stays so, whoever saw it; an older answer is a lower bound as well.
        let (ring, from) = (&self.0.ring, self.0.over.load(Ordering::Relaxed));
        let (over, all, is_clear) = match self.part() {
            Some(part) => part.clear.learn((ring, &part.debts), from, AT_ONCE),
            None => {
                let (over, all) = ring.settle(from, AT_ONCE);
                (over, all, all)
            }
        };
        self.0.over.store(over, Ordering::Relaxed);
        match (all, is_clear) {
            (false, _) => InHand::Ring,
            (true, false) => InHand::Owed,
            (true, true) => InHand::Nobody,
        }
    }

    /// Whether something is in the ring, in whoever's hands, and in whose.
    pub(super) fn in_ring(&self) -> Option<Option<u32>> {
        self.0.ring.cells().find(|seen| seen.state != State::Free).map(|seen| seen.holder)
    }

    /// The same, and what was given back. What is owed may come back, but nobody is kept waiting for that.
    pub(super) fn rest(&self) -> Option<Option<u32>> {
        let moving = || self.part().and_then(|part| part.debts.is_moving());
        self.in_ring().or_else(|| moving().map(|thread| thread.map(slot_of)))
    }

    #[inline]
    pub(super) fn seems_gettable(&self) -> bool {
        self.0.ring.seems_poppable()
            || self.body().closing.glance() != Closing::Open
            || self.part().is_some_and(|part| part.debts.seems_back())
    }
}
