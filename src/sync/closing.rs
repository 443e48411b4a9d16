//! Shutting down what messages go through: nobody begins any more, and nothing that was begun is forgotten.
//!
//! The word is OPEN, DRAINING (nothing more comes in) or SHUT (nothing goes out either); it only grows.
//!
//! ## Why what is drained stays empty
//! A putter claims its place, then fences, then looks at the word; if that is not OPEN it gives the place up. A getter
//! that finds the word DRAINING fences, then looks whether anything is in a place, or in somebody's hands. The two
//! fences are in one total order, so one of the two sees the other: either the putter gives up, or the getter sees that
//! the place is taken, and waits for what comes of it. So nothing is put any more once a getter was told the end.
//!
//! ## Edges
//! | edge | first | second | carries | model that fails without it |
//! |---|---|---|---|---|
//! | closing | a claim; `admits`: fence; load of the word | `state`: load of the word; fence; a look at the claims | one sees the other | `after_the_end_nothing_is_put`, `what_is_taken_while_the_pool_is_terminated_does_not_run_on` |
//! | reason | `close`: fetch_max | a look at the word; `heed`: fence | what was written down before, such as why | `who_sees_that_it_is_shut_sees_why` |

use crate::shim::{AtomicU32, Ordering, fence, rmw_fence};

/// How far something is shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub(crate) enum Closing {
    /// Not at all.
    Open = 0,
    /// What is there goes out, nothing more comes in.
    Draining = 1,
    /// Nothing goes in or out.
    Shut = 2,
}

/// The word. All zeros is open.
#[repr(transparent)]
pub(crate) struct ClosingWord(AtomicU32);

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: transparent over an atomic; zero is open.
unsafe impl crate::segment::region::Shared for ClosingWord {}

impl ClosingWord {
    #[cfg(all(test, loom))]
    pub(crate) fn new() -> ClosingWord {
        ClosingWord(AtomicU32::new(0))
    }

    /// A look at the price of a load: what it says may be over.
    #[inline(always)]
    pub(crate) fn glance(&self) -> Closing {
        match self.0.load(Ordering::Relaxed) {
            0 => Closing::Open,
            1 => Closing::Draining,
            _ => Closing::Shut,
        }
    }

    /// Whether a place that the caller has just claimed, by a read-modify-write, may be used.
    #[inline(always)]
    pub(crate) fn admits(&self) -> bool {
        rmw_fence(Ordering::SeqCst); // edge: closing; pairs with `state`
        self.glance() == Closing::Open
    }

    /// How far it is. If it is draining, a look at the places after this call misses nobody who may still use his.
    #[cold]
    pub(crate) fn state(&self) -> Closing {
        let seen = self.glance();
        fence(Ordering::SeqCst); // edge: closing; pairs with `admits`
        seen
    }

    /// Goes at least so far. Tells whether that changed anything. Whoever sleeps is to be told afterwards.
    pub(crate) fn close(&self, to: Closing) -> bool {
        self.0.fetch_max(to as u32, Ordering::Release) < to as u32 // edge: reason
    }

    /// Who has seen how far it is sees from here on what was written down before it came so far.
    pub(crate) fn heed(&self) {
        fence(Ordering::Acquire); // edge: reason; pairs with `close`
    }
}
