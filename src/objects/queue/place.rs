//! Where a queue lies, and who its cells' slots stand for.
#![allow(unsafe_code)] // a pointer into the mapping

use crate::error::{Error, ErrorKind, Result};
use crate::lockfree::mpmc::layout::Words;
use crate::lockfree::mpmc::memory::Place;
use crate::lockfree::mpmc::{Holders, Ring};
use crate::objects::queue::layout::{Body, CELLS_AT};
use crate::objects::queue::{QueueOptions, corrupt};
use crate::presence::attachment::Attachment;
use crate::presence::place::Standing;
use crate::segment::bits::Token;
use crate::segment::directory::Record;
use crate::shim::Watch;
use crate::shim::cells::{CELL_HEAD, Cells};
use std::ptr::NonNull;

/// Where a queue lies in the mapping.
#[derive(Clone)]
pub(super) struct Spot {
    body: NonNull<Body>,
    cells: Cells,
}

// SAFETY: addresses of atomics and raw bytes, which any thread may use as long as they are mapped (see `ring`).
unsafe impl Send for Spot {}
// SAFETY: as above.
unsafe impl Sync for Spot {}

impl Spot {
    #[inline(always)]
    pub(super) fn body(&self) -> &Body {
        // SAFETY: mapped (see `ring`), and made of atomics.
        unsafe { self.body.as_ref() }
    }
}

impl Place for Spot {
    #[inline(always)]
    fn words(&self) -> &Words {
        &self.body().words
    }

    #[inline(always)]
    fn cells(&self) -> &Cells {
        &self.cells
    }
}

/// The ring of a queue, all of it inside the yard.
///
/// # Safety
/// The yard stays mapped as long as the ring, or the spot, is used.
pub(super) unsafe fn ring(
    yard: &Attachment,
    entry: &Record,
    options: QueueOptions,
) -> Result<(Spot, Ring<Spot>)> {
    let body: &Body = yard.region().at(entry.offset)?;
    let cell = options.inline_max + CELL_HEAD;
    let count = u32::try_from(options.capacity).map_err(|_| corrupt())?;
    let bytes = yard.region().bytes(entry.offset + CELLS_AT, u64::from(count) * cell as u64)?;
    // SAFETY: in bounds (checked), aligned to a line (as every object is); mapped by the caller's promise. Nobody makes
    // references to payload; a peer can spoil it, no more.
    let cells = unsafe { Cells::new(bytes.as_ptr(), cell, count) };
    let spot = Spot { body: NonNull::from(body), cells: cells.ok_or_else(corrupt)? };
    let ring = Ring::open(spot.clone()).map_err(|_| corrupt())?;
    Ok((spot, ring))
}

/// The threads of a yard, as those who have cells.
pub(super) struct Hands<'a>(pub(super) &'a Attachment);

impl<'a> Hands<'a> {
    /// How whoever has this slot now stands.
    fn standing(&self, slot: u32) -> Option<Standing<'a>> {
        let place = self.0.slots().get(slot as usize)?.place.load()?;
        Some(self.0.thread_standing(Token::new(slot, place.generation)))
    }

    /// The word that tells of his death.
    pub(super) fn alive(&self, slot: u32) -> Option<Watch<'a>> {
        match self.standing(slot)? {
            Standing::Here(alive) => alive,
            _ => None,
        }
    }
}

impl Holders for Hands<'_> {
    #[cold]
    fn is_dead(&self, slot: u32) -> bool {
        // One who moves in or out is in no call. A slot that the yard does not have is a hostile peer's.
        matches!(self.standing(slot), Some(Standing::Dead))
    }
}

/// The thread slot of a token.
#[inline(always)]
pub(super) fn slot_of(token: u32) -> u32 {
    Token(token).index()
}

pub(super) fn too_long(len: usize, most: usize) -> Error {
    Error::with(ErrorKind::TooLong, format!("{len} bytes, at most {most} fit"))
}
