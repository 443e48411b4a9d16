//! Messages without a copy: memory that is filled before it is put, and read after it was got.
#![allow(unsafe_code)] // the address is told to who asks for it

use crate::error::{Error, ErrorKind, Result};
use crate::objects::blocks::{Block, Blocks};
use crate::objects::queue::ack::Got;
use crate::objects::queue::call::{Call, For, Not};
use crate::objects::queue::{Queue, corrupt, large};
use crate::objects::ring::Received;
use crate::shim::cells::{CELL_BYTES, CELL_HEAD};
use crate::sync::wait::Timeout;

/// The longest message that lies in a cell.
const INLINE: usize = CELL_BYTES[1] - CELL_HEAD;

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
    /// Errors: as for [`Queue::put`]; `Unsupported`; `Foreign`, `NotFound` (it is no memory of this queue's).
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
            blocks.len_of(block.handle())?;
        }
        let mut call = Call::new(self, For::Room, timeout);
        let put =
            call.run(|| self.attempt_put_block(me, blocks, kept, || Err(Not::Ever(ErrorKind::State))))?;
        put.map_err(|_| corrupt())
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
            let Got { received, bytes, block, .. } = self.attempt_beside(part, false, usize::MAX)?;
            return Ok(Message { queue: self, bytes, block, received });
        }
        let reading = self.claim(me, usize::MAX)?;
        let item = reading.item();
        let mut bytes = [0; INLINE];
        if item.tag == large::BLOCK {
            let (block, received) = self.take_block(reading, usize::MAX)?;
            return Ok(Message { queue: self, bytes, block: Some(block), received });
        }
        let len = item.len.min(INLINE);
        reading.read(&mut bytes[..len]);
        self.release(reading);
        Ok(Message { queue: self, bytes, block: None, received: Received { len, redelivered: item.again } })
    }
}

/// A message that was got, and lies where it was put if it is long.
#[must_use = "dropping the message frees its memory"]
pub struct Message<'q> {
    queue: &'q Queue,
    bytes: [u8; INLINE],
    block: Option<Block<'q>>,
    received: Received,
}

impl Message<'_> {
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
}

impl Drop for Message<'_> {
    fn drop(&mut self) {
        if self.block.take().is_some() {
            self.queue.body().room.notify(&**self.queue.yard()); // somebody may wait for the block
        }
    }
}

impl std::fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message").field("received", &self.received).finish_non_exhaustive()
    }
}
