//! What tasks are given and what they give: in the record if it is short, in a block if not, or if it came in one.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::blocks::{Block, Blocks};
use crate::objects::pool::hints::SLICE;
use crate::objects::pool::input::Given;
use crate::objects::pool::layout::{ENTRY_AT, INLINE, INLINE_AT, Payload, RECORD_BYTES, Record};
use crate::objects::pool::{Table, corrupt};
use crate::segment::bits::Link;
use crate::shim::Ordering;
use crate::sync::wait::Timeout;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Input = 0,
    Result = 1,
}

impl Side {
    pub(super) fn of(self, record: &Record) -> &Payload {
        match self {
            Side::Input => &record.input,
            Side::Result => &record.result,
        }
    }

    /// Which of which task a block's link means.
    pub(super) fn of_position(position: u64) -> (u32, Side) {
        ((position >> 1) as u32, if position & 1 == 0 { Side::Input } else { Side::Result })
    }

    fn position(self, index: u32) -> u64 {
        u64::from(index) << 1 | self as u64
    }

    fn inline_at(self, index: u32) -> usize {
        (u64::from(index) * RECORD_BYTES + INLINE_AT) as usize + self as usize * INLINE
    }
}

impl Payload {
    /// Says where it lies: in this block, or, if that is 0, in the record.
    fn tell(&self, block: u64, len: usize) {
        // Relaxed: published with the task's word.
        self.block.store(block, Ordering::Relaxed);
        self.len.store(len as u64, Ordering::Relaxed);
    }
}

impl Table {
    /// The pool's blocks. Errors: `Unsupported`.
    pub(super) fn blocks(&self) -> Result<&Blocks> {
        self.0.blocks.as_ref().ok_or_else(|| {
            Error::with(ErrorKind::Unsupported, "the pool was made without bytes for longer inputs")
        })
    }

    /// A block for an input, which the caller fills. In a task of this pool nobody waits for one: those who have them may wait
    /// for it.
    pub(crate) fn alloc(&self, len: usize, timeout: Timeout) -> Result<Block<'_>> {
        let blocks = self.blocks()?;
        let timeout = if self.is_worked_at_here() { Timeout::Try } else { timeout.until() };
        loop {
            match blocks.alloc(len, timeout.at_most(SLICE)) {
                // What nobody wants any more lies there until somebody takes the place.
                Err(e)
                    if matches!(e.kind(), ErrorKind::NoSpace | ErrorKind::Timeout)
                        && (self.clear_litter()? || !timeout.is_over()) => {}
                block => return block,
            }
        }
    }

    /// Frees a block of this process. Errors: `Unsupported`, and as for [`Blocks::free`].
    pub(crate) fn free(&self, block: u64) -> Result<()> {
        self.blocks()?.free(block)
    }

    /// Writes what a task is given or gives; waits at most `timeout` for a block, if it is long. Until its word says so, it is
    /// nobody's but the caller's. Errors: `TooLong`, `NoSpace`.
    pub(super) fn write(&self, index: u32, side: Side, payload: &[u8], timeout: Timeout) -> Result<()> {
        if payload.len() > INLINE {
            return self.write_block(index, side, payload, timeout);
        }
        let record = self.records().get(index as usize).ok_or_else(corrupt)?;
        self.0.bytes.copy_in(side.inline_at(index), payload);
        side.of(record).tell(0, payload.len());
        Ok(())
    }

    #[cold]
    fn write_block(&self, index: u32, side: Side, payload: &[u8], timeout: Timeout) -> Result<()> {
        if payload.len() > self.max_len() {
            let detail = format!("{} bytes, at most {} fit", payload.len(), self.max_len());
            return Err(Error::with(ErrorKind::TooLong, detail));
        }
        let block = self.alloc(payload.len(), timeout).map_err(|e| match e.kind() {
            ErrorKind::Timeout => {
                Error::with(ErrorKind::NoSpace, format!("no block of {} bytes", payload.len()))
            }
            _ => e,
        })?;
        block.write(0, payload)?;
        self.give_block(index, side, block.into_handle())
    }

    /// Makes a block of this process what a task is given or gives. If it cannot be, it is the process's still, if it was.
    /// Errors: as for [`Blocks::free`].
    pub(super) fn give_block(&self, index: u32, side: Side, block: u64) -> Result<()> {
        let record = self.records().get(index as usize).ok_or_else(corrupt)?;
        let blocks = self.blocks()?;
        let len = blocks.len_of(block)?;
        blocks.hand_over(block, Link::new(self.0.offset, side.position(index)))?;
        side.of(record).tell(block, len);
        Ok(())
    }

    /// The block in which it lies, or 0, and how long it is.
    fn told(&self, index: u32, side: Side) -> Result<(u64, usize)> {
        let record = self.records().get(index as usize).ok_or_else(corrupt)?;
        let from = side.of(record);
        // Relaxed: published with the task's word, which was looked at before.
        let (len, block) = (from.len.load(Ordering::Relaxed), from.block.load(Ordering::Relaxed));
        let most = if block == 0 { INLINE } else { self.max_len() };
        let len = usize::try_from(len).ok().filter(|len| *len <= most).ok_or_else(corrupt)?;
        if block != 0 && self.0.blocks.is_none() { Err(corrupt()) } else { Ok((block, len)) }
    }

    /// Copies what a task was given or gave. The caller sees to it that it is that task's still.
    pub(super) fn read(&self, index: u32, side: Side) -> Result<Vec<u8>> {
        let (block, len) = self.told(index, side)?;
        let mut payload = vec![0; len];
        match block {
            0 => self.0.bytes.copy_out(side.inline_at(index), &mut payload),
            handle => self.blocks()?.read(handle, 0, &mut payload)?,
        }
        Ok(payload)
    }

    /// What a task was given, to be read where it lies if it is in a block. The caller has the task in hand.
    pub(super) fn given(&self, index: u32) -> Result<Given> {
        let (block, len) = self.told(index, Side::Input)?;
        let mut given = Given { block, len, bytes: [0; INLINE] };
        if block == 0 {
            self.0.bytes.copy_out(Side::Input.inline_at(index), &mut given.bytes[..len]);
        }
        Ok(given)
    }

    /// Frees the blocks that a place names, which the caller holds.
    pub(super) fn clear(&self, record: &Record) {
        for side in [Side::Input, Side::Result] {
            let block = &side.of(record).block;
            let handle = block.load(Ordering::Relaxed); // Relaxed: the place is the caller's
            if handle == 0 {
                continue;
            }
            if let Some(blocks) = &self.0.blocks {
                let _ = blocks.claim(handle); // NotFound: somebody who died had freed it
            }
            block.store(0, Ordering::Relaxed);
        }
    }

    pub(super) fn write_entry(&self, index: u32, record: &Record, entry: &str) {
        self.0.bytes.copy_in(entry_at(index), entry.as_bytes());
        record.entry_len.store(entry.len() as u32, Ordering::Relaxed); // Relaxed: published with the task's word
    }

    pub(super) fn read_entry(&self, index: u32, record: &Record) -> Result<String> {
        let len = record.entry_len.load(Ordering::Relaxed) as usize; // Relaxed: published with the task's word
        let mut name = [0; 64];
        let name = name.get_mut(..len).ok_or_else(corrupt)?;
        self.0.bytes.copy_out(entry_at(index), name);
        std::str::from_utf8(name).map(str::to_owned).map_err(|_| corrupt())
    }
}

fn entry_at(index: u32) -> usize {
    (u64::from(index) * RECORD_BYTES + ENTRY_AT) as usize
}
