//! What is done behind the dead, and what the sweep of blocks asks.
#![allow(unsafe_code)] // the parts are looked at where they lie

use crate::lockfree::mpmc::Ring;
use crate::objects::faults;
use crate::objects::queue::place::{self, Spot};
use crate::objects::queue::{QueueOptions, debts, large, side, tell_all};
use crate::presence::attachment::{Attachment, Gone, Who};
use crate::segment::bits::{BlockHandle, Link};
use crate::segment::directory::Record;

/// Whether the queue names this block where the link says, or owes it.
pub(crate) fn names(yard: &Attachment, record: &Record, link: Link, block: BlockHandle) -> bool {
    // SAFETY: used while the yard is borrowed.
    let Some((_, ring, part)) = (unsafe { at(yard, record) }) else { return false };
    let mut name = [0; 8];
    let tag = ring.glance(link.position(), &mut name);
    // The ring first: a message goes from there to what is owed, and never back.
    tag == Some(large::BLOCK) && u64::from_ne_bytes(name) == block.0
        || part.is_some_and(|part| part.debts.names(large::BLOCK, block.0.to_ne_bytes()))
}

/// The parts of a queue in the directory.
///
/// # Safety
/// They are used while the yard is mapped.
unsafe fn at(yard: &Attachment, record: &Record) -> Option<(Spot, Ring<Spot>, Option<debts::Owed>)> {
    let options = QueueOptions::of(record).ok()?;
    // SAFETY: the caller's promise.
    let (ring, part) = unsafe { (place::ring(yard, record, options), debts::open(yard, record, &options)) };
    let (spot, ring) = ring.ok()?;
    Some((spot, ring, part.ok()?))
}

/// Gives back what somebody who is gone had in hand, or owed, and tells those who wait.
pub(crate) fn recover(yard: &Attachment, record: &Record, who: Who, gone: Gone) {
    // SAFETY: used while the yard is borrowed.
    let Some((spot, ring, part)) = (unsafe { at(yard, record) }) else { return };
    match who {
        Who::Thread(dead) if spot.body().budget.lock.recover(dead) => {
            faults::note(yard, who, &spot.body().budget.lock, 1);
        }
        Who::Thread(_) => {}
        Who::Process(process) => side::recover(yard, record, process, gone),
    }
    let repaired = match (who, &part) {
        (Who::Thread(dead), _) => {
            let of_ring = ring.recover(dead.index());
            let owed = part.as_ref().map(|part| part.debts.recover_thread(dead.0)).unwrap_or_default();
            of_ring.dropped + of_ring.again + owed.freed + owed.back
        }
        (Who::Process(_), None) => return,
        (Who::Process(process), Some(part)) => {
            let owed = part.debts.recover_process(process.0, &ring);
            owed.freed + owed.back
        }
    };
    if repaired > 0 && gone == Gone::Died {
        faults::note(yard, who, spot.body(), repaired.into());
    }
    // Also if others have repaired it: they may have died before they could tell.
    tell_all(spot.body(), part.as_ref(), yard);
}
