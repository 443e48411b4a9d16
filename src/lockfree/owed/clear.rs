//! What a handle remembers of a queue in which nothing was left: a try that finds nothing then looks at one cell.
#![forbid(unsafe_code)]

use super::Debts;
use super::memory::Memory;
use crate::lockfree::mpmc::Ring;
use crate::lockfree::mpmc::memory::Memory as RingMemory;
use crate::shim::{AtomicU64, Ordering};

/// No position: nothing is known yet.
const UNKNOWN: u64 = u64::MAX;

/// Every message before this position was got and acknowledged, as this process knows. Private to the process; Relaxed: what is
/// over stays so, whoever has seen it.
pub(crate) struct Clear(AtomicU64);

impl Clear {
    pub(crate) fn new() -> Clear {
        Clear(AtomicU64::new(UNKNOWN))
    }

    /// Looks at the ring from a position before which everything is over, at `most` cells of it, and if nothing is there at what
    /// is owed. Tells up to where the ring is over, whether that is all of it, and whether nothing is left anywhere.
    ///
    /// The ring first: a message goes from there to what is owed, and never back, nor from cell to cell; so one look at each
    /// tells.
    pub(crate) fn learn<M: Memory, R: RingMemory>(
        &self,
        (ring, debts): (&Ring<R>, &Debts<M>),
        from: u64,
        most: u32,
    ) -> (u64, bool, bool) {
        let (over, all) = ring.settle(from, most);
        let is_clear = all && debts.has_none();
        if is_clear {
            self.0.store(over, Ordering::Relaxed);
        }
        (over, all, is_clear)
    }

    /// Whether nothing is in the queue, nor owed, nor given back, as far as that is known without a look at each cell: nothing
    /// was, up to a position that nobody has come to since.
    #[inline]
    pub(crate) fn is_so<R: RingMemory>(&self, ring: &Ring<R>) -> bool {
        let clear = self.0.load(Ordering::Relaxed);
        clear != UNKNOWN && ring.settle(clear, 1) == (clear, true)
    }
}
