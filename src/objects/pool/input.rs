//! What a task was given, as its worker finds it.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::blocks::Blocks;
use crate::objects::pool::layout::INLINE;
use crate::objects::pool::{Table, corrupt};
use std::borrow::Cow;

/// What the place says of it.
pub(crate) struct Given {
    /// The block in which it lies; 0: in `bytes`.
    pub(super) block: u64,
    pub(super) len: usize,
    pub(super) bytes: [u8; INLINE],
}

impl Given {
    /// Of a task that cannot begin.
    pub(super) fn nothing() -> Given {
        Given { block: 0, len: 0, bytes: [0; INLINE] }
    }

    /// To be read. Errors: `Corrupt`, `NotFound` (somebody who keeps no rules has freed the block).
    pub(super) fn input<'a>(&'a self, table: &'a Table) -> Result<Input<'a>> {
        if self.block == 0 {
            return self.bytes.get(..self.len).map(Input::of).ok_or_else(corrupt);
        }
        let blocks = table.blocks()?;
        // From here to the end of the task so many bytes lie there.
        if blocks.len_of(self.block)? < self.len {
            return Err(corrupt());
        }
        Ok(Input(Lies::Shared { blocks, block: self.block, len: self.len }))
    }
}

/// What a task is given, for a function that reads it where it lies: see
/// [`register_block_task`](crate::register_block_task).
///
/// A long one lies in shared memory, and no reference to its bytes is handed out: a peer that keeps no rules may write there at
/// any time. It stays until the task has ended, also if who submitted it dies; a task that is begun again finds it again.
pub struct Input<'a>(Lies<'a>);

enum Lies<'a> {
    /// Where nobody else writes.
    Here(&'a [u8]),
    Shared {
        blocks: &'a Blocks,
        block: u64,
        len: usize,
    },
}

impl<'a> Input<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Input<'a> {
        Input(Lies::Here(bytes))
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        match self.0 {
            Lies::Here(bytes) => bytes.len(),
            Lies::Shared { len, .. } => len,
        }
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies from offset `at` until `to` is full. Errors: `Range`; `NotFound` (the task is over: the caller is a fork child of
    /// its worker, or somebody keeps no rules; `to` has no meaning then).
    pub fn read(&self, at: usize, to: &mut [u8]) -> Result<()> {
        let end = at.checked_add(to.len()).filter(|&end| end <= self.len());
        let Some(end) = end else {
            let detail = format!("{} bytes at {at} of an input of {}", to.len(), self.len());
            return Err(Error::with(ErrorKind::Range, detail));
        };
        match self.0 {
            Lies::Here(bytes) => {
                to.copy_from_slice(&bytes[at..end]);
                Ok(())
            }
            Lies::Shared { blocks, block, .. } => blocks.read(block, at, to),
        }
    }

    /// The whole input, copied. Errors: `NotFound`, as for [`Input::read`].
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.len()];
        self.read(0, &mut bytes)?;
        Ok(bytes)
    }

    /// The whole input, copied if others can write it.
    pub(crate) fn bytes(&self) -> Result<Cow<'a, [u8]>> {
        match self.0 {
            Lies::Here(bytes) => Ok(Cow::Borrowed(bytes)),
            Lies::Shared { .. } => self.to_vec().map(Cow::Owned),
        }
    }

    /// Where the bytes lie, [`Input::len`] of them, aligned to 64 if it was submitted in a block. Reading there is `unsafe`, and
    /// not without a reason: it must not happen after the function has returned, nor in a fork child; and if they lie in shared
    /// memory, a peer that keeps no rules may change them at any time, so no reference may be made. NULL if the task is over.
    pub fn as_ptr(&self) -> *const u8 {
        match self.0 {
            Lies::Here(bytes) => bytes.as_ptr(),
            Lies::Shared { blocks, block, .. } => blocks.address_of(block).cast_const(),
        }
    }
}

impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("len", &self.len()).finish_non_exhaustive()
    }
}
