//! Where a queue keeps what is owed: behind the cells of its ring, if it was made with room for that.
//!
//! | part | offset from its beginning | written by |
//! |---|---|---|
//! | whether something was given back | 0 | see `lockfree::owed` |
//! | event count "a debt has ended" | 128 | who acknowledges, or gives back |
//! | tag of the tickets | 132 | who makes the queue |
//! | cells for what is owed, as long as those of the ring | 256 | see `lockfree::owed` |
//! | notes, one for each cell, 16 bytes | behind the cells | see `lockfree::owed` |
#![allow(unsafe_code)] // pointers into the mapping

use crate::error::Result;
use crate::lockfree::owed::clear::Clear;
use crate::lockfree::owed::layout::{Note, UNACKED_MAX, Words};
use crate::lockfree::owed::memory::Place;
use crate::lockfree::owed::{Debts, Threads};
use crate::objects::queue::place::Hands;
use crate::objects::queue::{QueueOptions, corrupt};
use crate::presence::attachment::Attachment;
use crate::presence::place::Standing;
use crate::segment::bits::{TAG_MAX, Token};
use crate::segment::directory::Record;
use crate::segment::region::{Region, Shared};
use crate::shim::cells::{CELL_HEAD, Cells};
use crate::shim::{AtomicU32, Ordering, words};
use crate::sync::event_count::EventCount;
use static_assertions::const_assert_eq;
use std::mem::offset_of;
use std::ptr::NonNull;

/// Everything but the tables.
#[repr(C)]
pub(crate) struct Gate {
    words: Words,
    pub(crate) settled: EventCount,
    tag: AtomicU32,
    pad: [AtomicU32; 30],
}

/// Where the cells begin.
pub(crate) const CELLS_AT: u64 = size_of::<Gate>() as u64;

const_assert_eq!(offset_of!(Gate, settled), 128);
const_assert_eq!(offset_of!(Gate, tag), 132);
const_assert_eq!(CELLS_AT, 256);
words!("debts of a queue", Gate { words, settled, tag, pad });

// SAFETY: repr(C), atomics only, zeros owe nothing.
unsafe impl Shared for Gate {}
// SAFETY: repr(C), atomics only; zero is a note that nobody has written.
unsafe impl crate::segment::region::Shared for Note {}

/// The most messages that one queue can have got and not acknowledged.
pub(super) const MOST: usize = UNACKED_MAX as usize;

/// Where the part begins, from the beginning of the queue.
fn at(options: &QueueOptions) -> u64 {
    options.ring_bytes().next_multiple_of(align_of::<Gate>() as u64)
}

/// Where its notes begin, from its own beginning.
fn notes_at(options: &QueueOptions) -> u64 {
    CELLS_AT + options.unacked as u64 * (options.inline_max + CELL_HEAD) as u64
}

/// Bytes of a queue with this part.
pub(super) fn bytes(options: &QueueOptions) -> u64 {
    at(options) + notes_at(options) + options.unacked as u64 * size_of::<Note>() as u64
}

/// Where the part lies in the mapping.
#[derive(Clone)]
pub(super) struct Shelf {
    gate: NonNull<Gate>,
    cells: Cells,
    notes: NonNull<Note>,
}

// SAFETY: addresses of atomics and raw bytes, which any thread may use as long as they are mapped (see `open`).
unsafe impl Send for Shelf {}
// SAFETY: as above.
unsafe impl Sync for Shelf {}

impl Shelf {
    fn gate(&self) -> &Gate {
        // SAFETY: mapped (see `open`), and made of atomics.
        unsafe { self.gate.as_ref() }
    }
}

impl Place for Shelf {
    fn words(&self) -> &Words {
        &self.gate().words
    }

    fn cells(&self) -> &Cells {
        &self.cells
    }

    fn notes(&self) -> &[Note] {
        // SAFETY: as many as there are cells (see `open`), mapped, and made of atomics.
        unsafe { std::slice::from_raw_parts(self.notes.as_ptr(), self.cells.count() as usize) }
    }
}

/// What is owed to a queue.
pub(super) struct Owed {
    pub(super) debts: Debts<Shelf>,
    shelf: Shelf,
    /// The cell that became free last through this handle. Relaxed: a hint, private to the process.
    hint: AtomicU32,
    pub(super) clear: Clear,
}

impl Owed {
    /// Told when a debt ends, or something is given back.
    pub(super) fn settled(&self) -> &EventCount {
        &self.shelf.gate().settled
    }

    pub(super) fn hint(&self) -> u32 {
        self.hint.load(Ordering::Relaxed)
    }

    pub(super) fn set_hint(&self, cell: u32) {
        self.hint.store(cell, Ordering::Relaxed);
    }
}

/// The part of a queue for what is owed, if it has one; all of it inside the yard.
///
/// # Safety
/// The yard stays mapped as long as it is used.
pub(super) unsafe fn open(yard: &Attachment, entry: &Record, options: &QueueOptions) -> Result<Option<Owed>> {
    if options.unacked == 0 {
        return Ok(None);
    }
    let (base, cell) = (entry.offset + at(options), options.inline_max + CELL_HEAD);
    let count = u32::try_from(options.unacked).map_err(|_| corrupt())?;
    let gate: &Gate = yard.region().at(base)?;
    let bytes = yard.region().bytes(base + CELLS_AT, u64::from(count) * cell as u64)?;
    let notes: &[Note] = yard.region().table(base + notes_at(options), count)?;
    // SAFETY: in bounds (checked), aligned to a line (the part is, and its head is two pairs of lines); mapped by the
    // caller's promise. Nobody makes references to messages; a peer can spoil one, no more.
    let cells = unsafe { Cells::new(bytes.as_ptr(), cell, count) }.ok_or_else(corrupt)?;
    let shelf = Shelf { gate: NonNull::from(gate), cells, notes: NonNull::from(notes).cast() };
    let tag = gate.tag.load(Ordering::Relaxed) & TAG_MAX; // Relaxed: written before anybody could see the queue
    let debts = Debts::open(shelf.clone(), tag);
    Ok(Some(Owed { debts, shelf, hint: AtomicU32::new(0), clear: Clear::new() }))
}

/// Writes what a new queue has there beside zeros.
pub(super) fn fill(region: &Region, offset: u64, options: &QueueOptions, tag: u32) -> Result<()> {
    if options.unacked > 0 {
        let gate: &Gate = region.at(offset + at(options))?;
        gate.tag.store(tag, Ordering::Relaxed); // Relaxed: the queue is not visible yet
    }
    Ok(())
}

impl Threads for Hands<'_> {
    #[cold]
    fn is_dead(&self, thread: u32) -> bool {
        // One that names nobody is a hostile peer's.
        Token::of(thread).is_none_or(|token| matches!(self.0.thread_standing(token), Standing::Dead))
    }
}
