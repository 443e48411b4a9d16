//! Putting messages.
#![forbid(unsafe_code)]

use crate::error::{ErrorKind, Result};
use crate::objects::blocks::{Block, Blocks};
use crate::objects::queue::budget::Turn;
use crate::objects::queue::call::{Call, For, Not};
use crate::objects::queue::place::{Hands, too_long};
use crate::objects::queue::{Queue, corrupt, large};
use crate::segment::bits::Link;
use crate::sync::closing::Closing;
use crate::sync::wait::Timeout;

impl Queue {
    /// Puts one message; waits at most `timeout` while the queue is full. It can be got before this returns.
    ///
    /// Errors: `Full` (no room, or no block for it, within `timeout`), `Shutdown`, `TooLong` (it can never fit; says how much does), `Busy`
    /// and `Timeout` (somebody stands still in the middle of a move), `Cancelled`, `Interrupted`, `NoSlots`, `Corrupt`;
    /// nothing was put. `PeerClosed`, `PeerDied`: there is no room, and the last consumer has closed or died, in a queue that
    /// tells of its [sides](crate::QueueOptions::sides).
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
    pub(super) fn put_slowly(&self, message: &[u8], timeout: Timeout) -> Result<()> {
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
    pub(super) fn attempt_put_block<'b>(
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

    pub(super) fn put_kept_block<'b>(
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
    pub(super) fn attempt_put(&self, me: u32, message: &[u8]) -> std::result::Result<(), Not> {
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

    /// Puts messages in order while there is room; waits only while there is none for the first. Tells how many were
    /// put; one that can never fit ends the row before it.
    ///
    /// Each is put by itself: others' messages may come between. Errors: as [`Queue::put`], if not even the first was put.
    pub fn put_many(&self, messages: &[impl AsRef<[u8]>], timeout: impl Into<Timeout>) -> Result<usize> {
        let Some((first, rest)) = messages.split_first() else { return Ok(0) };
        self.put(first.as_ref(), timeout)?;
        Ok(1 + rest.iter().take_while(|message| self.try_put(message.as_ref()).is_ok()).count())
    }

    #[inline]
    pub(super) fn seems_puttable(&self) -> bool {
        self.0.ring.seems_pushable() || self.body().closing.glance() != Closing::Open
    }
}
