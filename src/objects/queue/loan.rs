//! Messages without a copy: memory that is filled before it is put, and read after it was got.
#![allow(unsafe_code)] // the address is told to who asks for it

use crate::error::{Error, ErrorKind, Result};
use crate::objects::blocks::{Block, Blocks};
use crate::objects::queue::ack::{Debt, Got};
use crate::objects::queue::budget::Turn;
use crate::objects::queue::call::{Call, For, Not};
use crate::objects::queue::{Queue, corrupt, large};
use crate::objects::ring::Received;
use crate::shim::cells::ROOM_MAX;
use crate::sync::wait::Timeout;

/// The longest message that lies in a cell.
pub(crate) const INLINE: usize = ROOM_MAX;

impl Queue {
    /// Memory for a message of `len` bytes, to be filled and put with [`Queue::put_loan`]. Dropped, it is free again, as
    /// it is if this process dies before it was put.
    ///
    /// Errors: `Unsupported` (the queue was made without blocks), and as for [`Blocks::alloc`], which it is.
    pub fn loan(&self, len: usize, timeout: impl Into<Timeout>) -> Result<Block<'_>> {
        self.lender()?.alloc(len, timeout)
    }

    fn lender(&self) -> Result<&Blocks> {
        self.blocks().ok_or_else(|| {
            Error::with(ErrorKind::Unsupported, "the queue was made without bytes for longer messages")
        })
    }

    /// Puts the message that lies in this memory, without a copy. If it cannot be put, the memory comes back with the
    /// reason, unless somebody has freed it by its handle.
    ///
    /// Errors: as for [`Queue::put`]; `Unsupported`; `Foreign`, `NotFound`, `State`, `NotOwner` (it is no memory of this
    /// queue's blocks, or this process's no more).
    pub fn put_loan<'b>(
        &'b self,
        loan: Block<'b>,
        timeout: impl Into<Timeout>,
    ) -> std::result::Result<(), (Error, Option<Block<'b>>)> {
        let mut kept = Some(loan);
        self.put_kept(&mut kept, timeout.into()).map_err(|error| (error, kept))
    }

    fn put_kept<'b>(&'b self, kept: &mut Option<Block<'b>>, timeout: Timeout) -> Result<()> {
        let (blocks, me) = (self.lender()?, self.seat()?);
        if let Some(block) = kept {
            blocks.is_mine(block.handle())?;
            self.check_budget(block.len())?;
        }
        let mut call = Call::new(self, For::Room, timeout);
        let (turn, none) = (Turn::new(self, timeout), || Err(Not::Ever(ErrorKind::State)));
        let put = call.run(|| self.attempt_put_block(me, blocks, kept, &turn, none))?;
        put.map_err(|_| corrupt())
    }

    /// As [`Queue::put_loan`], of memory that no guard stands for. What could not be put is still the process's.
    pub(crate) fn put_loan_unguarded(&self, handle: u64, timeout: Timeout) -> Result<()> {
        let mut kept = Some(self.lender()?.guard(handle));
        let put = self.put_kept(&mut kept, timeout);
        kept.map(Block::into_handle);
        put
    }

    /// Frees memory that no guard stands for: a loan that is not put, or a message that was read.
    pub(crate) fn release_unguarded(&self, handle: u64) -> Result<()> {
        self.lender()?.free(handle)
    }

    /// As [`Queue::get`], without a copy if the message lies in a block: that is this process's until the message is
    /// dropped. At most once too: if the process dies, the message is gone.
    pub fn get_borrow(&self, timeout: impl Into<Timeout>) -> Result<Message<'_>> {
        let me = self.seat()?;
        let got = Call::new(self, For::Data, timeout.into()).run(|| self.attempt_borrow(me))?;
        got.map_err(|_| corrupt())
    }

    fn attempt_borrow(&self, me: u32) -> std::result::Result<Message<'_>, Not> {
        if let Some(part) = self.part() {
            return Ok(Message::of(self.attempt_beside(part, Debt::None, usize::MAX)?));
        }
        let reading = self.claim(me, usize::MAX)?;
        let item = reading.item();
        let mut bytes = [0; INLINE];
        if item.tag == large::BLOCK {
            let (block, received) = self.take_block(reading, usize::MAX)?;
            return Ok(Message { bytes, block: Some(block), received });
        }
        let len = item.len.min(INLINE);
        reading.read(&mut bytes[..len]);
        self.release(reading);
        Ok(Message { bytes, block: None, received: Received { len, redelivered: item.again } })
    }
}

/// A message that was got, and lies where it was put if it is long.
#[must_use = "dropping the message frees its memory"]
pub struct Message<'q> {
    bytes: [u8; INLINE],
    block: Option<Block<'q>>,
    received: Received,
}

impl<'a> Message<'a> {
    pub(super) fn of(got: Got<'a>) -> Message<'a> {
        Message { bytes: got.bytes, block: got.block, received: got.received }
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.received.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.received.len == 0
    }

    /// Somebody who died, or gave it back, may have seen it already.
    pub fn redelivered(&self) -> bool {
        self.received.redelivered
    }

    /// Copies from offset `at` until `to` is full. Errors: `Range`.
    pub fn read(&self, at: usize, to: &mut [u8]) -> Result<()> {
        let end = at.checked_add(to.len()).filter(|&end| end <= self.len());
        let Some(end) = end else {
            let detail = format!("{} bytes at {at} of a message of {}", to.len(), self.len());
            return Err(Error::with(ErrorKind::Range, detail));
        };
        match &self.block {
            Some(block) => block.read(at, to),
            None => {
                to.copy_from_slice(&self.bytes[at..end]);
                Ok(())
            }
        }
    }

    /// The whole message, copied.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.len()];
        let _ = self.read(0, &mut bytes); // it fits
        bytes
    }

    /// Where the bytes lie, [`Message::len`] of them. Reading there is `unsafe`, and not without a reason: if the message
    /// lies in shared memory, a peer that keeps no rules may change it at any time, so no reference may be made.
    pub fn as_ptr(&self) -> *const u8 {
        self.block.as_ref().map_or(self.bytes.as_ptr(), |block| block.as_ptr().cast_const())
    }

    /// The memory in which it lies, to be changed, kept, or put on with [`Queue::put_loan`], into any queue of the same
    /// blocks; without a copy. `Err`: it is a short one, and has none; these are its bytes.
    pub fn into_block(mut self) -> std::result::Result<Block<'a>, Vec<u8>> {
        self.block.take().ok_or_else(|| self.to_vec())
    }

    /// What it is: the bytes of a short one, and the block of a long one with its address.
    pub(crate) fn parts(&self) -> (Received, [u8; INLINE], Option<(u64, *const u8)>) {
        (self.received, self.bytes, self.block.as_ref().map(|block| (block.handle(), self.as_ptr())))
    }
}

impl std::fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message").field("received", &self.received).finish_non_exhaustive()
    }
}
