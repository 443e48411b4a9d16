//! What tasks are given and what they give: in the record if it is short, in a block if not.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::pool::layout::{ENTRY_AT, INLINE, INLINE_AT, Payload, RECORD_BYTES, Record};
use crate::objects::pool::{Table, corrupt};
use crate::segment::bits::Link;
use crate::shim::Ordering;

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

impl Table {
    /// Writes what a task is given or gives. Until its word says so, it is nobody's but the caller's. Errors: `TooLong`,
    /// `NoSpace`.
    pub(super) fn write(&self, index: u32, side: Side, payload: &[u8]) -> Result<()> {
        let record = self.records().get(index as usize).ok_or_else(corrupt)?;
        let to = side.of(record);
        let block = if payload.len() <= INLINE {
            self.0.bytes.copy_in(side.inline_at(index), payload);
            0
        } else {
            self.write_block(index, side, payload)?
        };
        // Relaxed: published with the task's word.
        to.block.store(block, Ordering::Relaxed);
        to.len.store(payload.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    #[cold]
    fn write_block(&self, index: u32, side: Side, payload: &[u8]) -> Result<u64> {
        let blocks = self.0.blocks.as_ref().filter(|blocks| payload.len() <= blocks.max_len());
        let Some(blocks) = blocks else {
            let detail = format!("{} bytes, at most {} fit", payload.len(), self.max_len());
            return Err(Error::with(ErrorKind::TooLong, detail));
        };
        let block = match blocks.try_alloc(payload.len()) {
            // What nobody wants any more lies there until somebody takes the place.
            Err(e) if e.kind() == ErrorKind::NoSpace && self.clear_litter()? => {
                blocks.try_alloc(payload.len())?
            }
            block => block?,
        };
        block.write(0, payload)?;
        let handle = block.into_handle();
        blocks.hand_over(handle, Link::new(self.0.offset, side.position(index)))?;
        Ok(handle)
    }

    /// Copies what a task was given or gave. The caller sees to it that it is that task's still.
    pub(super) fn read(&self, index: u32, side: Side) -> Result<Vec<u8>> {
        let record = self.records().get(index as usize).ok_or_else(corrupt)?;
        let from = side.of(record);
        // Relaxed: published with the task's word, which was looked at before.
        let (len, block) = (from.len.load(Ordering::Relaxed), from.block.load(Ordering::Relaxed));
        let len = usize::try_from(len).ok().filter(|len| *len <= self.max_len()).ok_or_else(corrupt)?;
        if block == 0 && len > INLINE {
            return Err(corrupt());
        }
        let mut payload = vec![0; len];
        match (&self.0.blocks, block) {
            (_, 0) => self.0.bytes.copy_out(side.inline_at(index), &mut payload),
            (Some(blocks), handle) => blocks.read(handle, 0, &mut payload)?,
            (None, _) => return Err(corrupt()),
        }
        Ok(payload)
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
