//! Messages in blocks: what a cell says of one, and the order in which block and cell change hands.
//!
//! Putting: the block is filled, then a cell claimed, then the block is handed over with a link to the cell's position,
//! then the cell published: the commit. Who dies before it has put nothing, and the link leads to no message: the block is
//! free. Getting: the cell is claimed, then the block, then the cell is given up, then the bytes are copied out and the
//! block freed. Who dies before the cell is given up leaves the message, and whoever claims the cell next claims the block
//! from him; who dies later takes the message with him, and the block is free.
#![forbid(unsafe_code)]

use crate::error::ErrorKind;
use crate::lockfree::mpmc::{Reading, Writing};
use crate::objects::blocks::{Block, Blocks};
use crate::objects::queue::call::Not;
use crate::objects::queue::place::Spot;
use crate::segment::bits::Link;
use crate::shim::cells::is_room;

/// The tag of a cell that names a block; one that holds the message itself has 0.
pub(super) const BLOCK: u32 = 1;

/// How many bytes of a cell name a block: its handle, and how long the message is. The shortest cell has room for them.
pub(super) const NAME: usize = 16;
const _: () = assert!(is_room(NAME));

/// A new block with the message in it.
pub(super) fn fill<'b>(blocks: &'b Blocks, message: &[u8]) -> Result<Block<'b>, Not> {
    let block = blocks.try_alloc(message.len()).map_err(|e| match e.kind() {
        ErrorKind::NoSpace => Not::NoBlock,
        ErrorKind::Busy => Not::Held(None),
        kind => Not::Ever(kind),
    })?;
    block.write(0, message).map_err(|e| Not::Ever(e.kind()))?;
    Ok(block)
}

/// Hands the block over and publishes the cell.
pub(super) fn publish(
    blocks: &Blocks,
    block: Block<'_>,
    len: usize,
    link: Link,
    writing: Writing<'_, Spot>,
) -> Result<(), Not> {
    let handle = block.into_handle();
    if let Err(e) = blocks.hand_over(handle, link) {
        writing.abandon();
        return Err(Not::Ever(e.kind())); // somebody has freed it by its handle
    }
    let mut name = [0; NAME];
    name[..8].copy_from_slice(&handle.to_ne_bytes());
    name[8..].copy_from_slice(&(len as u64).to_ne_bytes());
    writing.publish_for(BLOCK, &name, len).map_err(|no| {
        let _ = blocks.take_back(handle).and_then(|()| blocks.free(handle));
        no.into()
    })
}

/// Which block a claimed cell names, and how long the message in it is.
pub(super) fn name_in(reading: &Reading<'_, Spot>) -> (u64, usize) {
    let mut name = [0; NAME];
    reading.read(&mut name);
    name_of(&name)
}

/// As [`name_in`], of a cell's message.
pub(super) fn name_of(message: &[u8]) -> (u64, usize) {
    let number = |at: usize| {
        let bytes = message.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u64::from_ne_bytes)
    };
    (number(0), usize::try_from(number(8)).unwrap_or(usize::MAX))
}
