//! A block that this process owns, as a value.
#![allow(unsafe_code)] // the address is told to who asks for it

use crate::error::Result;
use crate::objects::blocks::Blocks;
use crate::segment::bits::BlockHandle;

/// A block of this process. Dropping it, in whatever thread, frees it; in a fork child that inherited it, dropping
/// does nothing.
///
/// No reference to its bytes is handed out: who has the handle may read them at any time, and who keeps no rules may
/// write them.
#[must_use = "dropping the block frees it"]
pub struct Block<'a> {
    blocks: &'a Blocks,
    handle: BlockHandle,
    /// The process. Who finds another one is a fork child, or has left the yard since.
    token: u32,
}

impl<'a> Block<'a> {
    pub(super) fn new(blocks: &'a Blocks, handle: BlockHandle, token: u32) -> Block<'a> {
        Block { blocks, handle, token }
    }

    /// How many bytes were asked for.
    #[allow(clippy::len_without_is_empty)] // a request for nothing is a block as any
    pub fn len(&self) -> usize {
        self.blocks.len_of(self.handle.0).unwrap_or(0)
    }

    /// How many bytes there are: those of the class, or of the whole run.
    pub fn capacity(&self) -> usize {
        self.blocks.room(self.handle).map_or(0, |(_, len)| len)
    }

    /// The number under which others may read the block while it is owned; see [`Blocks::read`].
    pub fn handle(&self) -> u64 {
        self.handle.0
    }

    /// Copies `from` to offset `at`. Errors: `Range` (it does not fit into [`Block::len`]), `NotOwner` (in a fork child).
    pub fn write(&self, at: usize, from: &[u8]) -> Result<()> {
        self.blocks.write(self.handle.0, at, from)
    }

    /// Copies from offset `at` until `to` is full. Errors: as [`Block::write`].
    pub fn read(&self, at: usize, to: &mut [u8]) -> Result<()> {
        self.blocks.read(self.handle.0, at, to)
    }

    /// The whole block, copied.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.len()];
        let _ = self.read(0, &mut bytes); // it fits, and in a fork child it can be read as well
        bytes
    }

    /// Where the bytes lie, [`Block::capacity`] of them, aligned to 64. Reading and writing there is `unsafe`, and not
    /// without a reason: it must not happen after the block was freed or given away, no reference may be made, and what
    /// is read there may change between two looks.
    pub fn as_ptr(&self) -> *mut u8 {
        self.blocks.address_of(self.handle.0)
    }

    /// Whether it is one of these.
    pub(crate) fn is_of(&self, blocks: &Blocks) -> bool {
        self.blocks.is_same(blocks)
    }

    /// Frees the block. Errors: `NotOwner` (in a fork child); `State`, `NotFound` if somebody has freed it by its handle.
    pub fn free(self) -> Result<()> {
        let blocks = self.blocks;
        blocks.free(self.into_handle())
    }

    /// Lets anybody adopt the block, who is told the number: see [`Blocks::adopt`]. Until then it is freed if this
    /// process dies. Errors: as [`Block::free`].
    pub fn offer(self) -> Result<u64> {
        let blocks = self.blocks;
        let handle = self.into_handle();
        blocks.offer(handle).map(|()| handle)
    }

    /// The number, without the guard: the process still owns the block, and frees it with [`Blocks::free`].
    pub fn into_handle(self) -> u64 {
        let handle = self.handle.0;
        std::mem::forget(self); // it borrows; nothing is lost
        handle
    }
}

impl Drop for Block<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.blocks.me() == self.token {
            let _ = self.blocks.free(self.handle.0); // refused: somebody has freed it by its handle
        }
    }
}

impl std::fmt::Debug for Block<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (handle, len) = (self.handle.0, self.len());
        f.debug_struct("Block").field("handle", &handle).field("len", &len).finish_non_exhaustive()
    }
}
