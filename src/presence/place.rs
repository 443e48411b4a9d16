//! The life of one place in a table (a thread slot or a process entry), as moves on its control word.
//!
//! ```text
//! FREE(g) → JOINING(g, process) → LIVE(g, process) → LEAVING(g, process) → FREE(g+1)
//!                                  ↓ died
//!                                 REAPING(g, reaper) → FREE(g+1)
//! ```
//! An entry goes from FREE to LIVE at once, but for a fork child's: FREE(g) → JOINING(g, parent) before the fork, then
//! LIVE(g) by the child itself; JOINING with a free byte is a child that was never born.
//!
//! There is no state for "dead": what proves a death (the alive word, the free byte) stays as it is until the place
//! is given away again, and a mark could only be late.
//!
//! Every move is one compare-and-swap. The generation changes when the place becomes free, so a token never names
//! two stays (until 2^17 stays later; by then every sweep has forgotten it).
//!
//! ## Edges
//! | edge | release | acquire | carries | model that fails without it |
//! |---|---|---|---|---|
//! | vacate | `change` to FREE | `change` from FREE | the old stay's repairs | `the_next_holder_sees_the_repairs` |
//! | live | `change` to LIVE | `load` | the alive word is set | `a_place_just_taken_is_not_cleared` |
//! | left | `change` from LIVE | `load` | when the thread left, and how (`leaving`) | `who_finds_that_the_last_thread_has_left_finds_how` |
//! | alive | the new holder's store of its alive word | `standing`: load of the alive word | the generation of that stay | `a_new_holder_is_never_taken_for_the_old` |

use crate::segment::bits::{ALIVE_TID, Place, State, Token};
use crate::shim::{AtomicU32, AtomicU64, Ordering, Watch};

/// The control word of a place.
#[repr(transparent)]
pub(crate) struct PlaceWord(AtomicU64);

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: transparent over an atomic; zero is FREE of generation 0.
unsafe impl crate::segment::region::Shared for PlaceWord {}

/// How a participant stands at the moment somebody looks.
#[derive(Clone, Copy)]
pub(crate) enum Standing<'a> {
    /// It is gone and cannot act any more.
    Dead,
    /// It is here. Sleep on this word and value to hear of its death; without one, look again after a slice.
    Here(Option<Watch<'a>>),
    /// It is a process, and here (or not seen dead, at a glance), but its last thread that was known has left or `died`: look
    /// again soon.
    Doubtful {
        /// The thread did not leave by itself.
        died: bool,
    },
}

impl PlaceWord {
    #[cfg(all(test, loom))]
    pub(crate) fn new() -> PlaceWord {
        PlaceWord(AtomicU64::new(0))
    }

    /// The place now; `None` if a peer has written what no writer of ours writes.
    pub(crate) fn load(&self) -> Option<Place> {
        Place::unpack(self.0.load(Ordering::Acquire)) // edge: vacate, live, left
    }

    /// Moves from exactly `from` to `to`. Whoever succeeds has made the move, once.
    pub(crate) fn change(&self, from: Place, to: Place) -> bool {
        // No Acquire: `from` was loaded, or written by us, and a word is never written twice.
        self.0.compare_exchange(from.pack(), to.pack(), Ordering::Release, Ordering::Relaxed).is_ok() // edge: vacate, live, left
    }

    /// Claims a free place for a thread of `process`.
    pub(crate) fn join(&self, process: Token) -> Option<Place> {
        let free = self.load().filter(|p| p.state == State::Free)?;
        let joining = free.to(State::Joining, process);
        self.change(free, joining).then_some(joining)
    }
}

/// How the thread named `token` stands. The alive word is looked at *first*: if the generation then still is the
/// token's, the value seen belongs to that stay or an older one, and never to a later holder of the place.
pub(crate) fn standing<'a>(word: &PlaceWord, alive: &'a AtomicU32, token: Token) -> Standing<'a> {
    let value = alive.load(Ordering::Acquire); // edge: alive
    match word.load() {
        Some(p) if p.generation == token.generation() && p.state == State::Live && value & ALIVE_TID != 0 => {
            Standing::Here(Some(Watch { word: alive, value }))
        }
        _ => Standing::Dead,
    }
}
