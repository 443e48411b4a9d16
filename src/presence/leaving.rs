//! When a process lost a thread last, and how: where none of it is to be found, that tells whether it may be on its way out.
//!
//! The word lies in the process's entry. Who clears up behind a dead thread may be held up so long that its process is
//! gone, too, and the entry another's; of that one nothing is said then. So what is said takes the place of exactly what
//! stood there when the thread was seen in its place: who takes the entry moves all threads of the last holder on, and then
//! begins with a word of his own.
//!
//! ## Edges
//! | edge | release | acquire | carries | model that fails without it |
//! |---|---|---|---|---|
//! | begin | `begin`: swap | `note`: load of the word | that the last holder's threads were moved on | `who_clears_up_late_says_nothing_of_the_next_holder` |

use crate::presence::place::{PlaceWord, Standing, standing};
use crate::segment::bits::{Place, State, Token};
use crate::shim::{AtomicU32, AtomicU64, Ordering, Watch};

/// So long a process whose last known thread has died may be dying. Its memory goes at some 4 GiB a second; who takes longer is
/// found at the end of a slice.
const DYING_NS: u64 = 2_000_000_000;
/// So long a process whose last known thread has left may be ending: libc's exit lets the thread go, calls what is to be called
/// at the end, and then the memory goes.
const LEAVING_NS: u64 = 500_000_000;
/// The thread has died.
const DIED: u64 = 1;
/// What is less is no time, but twice the generation of a stay in which no thread has left yet.
const EARLIEST: u64 = 1 << 20;

/// When a thread of the holder last left its place, or was found dead in it: CLOCK_MONOTONIC, in ns, and DIED.
#[repr(transparent)]
pub(crate) struct Leaving(AtomicU64);

impl Leaving {
    #[cfg(all(test, loom))]
    pub(crate) fn new() -> Leaving {
        Leaving(AtomicU64::new(0))
    }

    /// Moves a new holder into the entry, of whom no thread has left yet. Whoever learns of him finds that.
    pub(crate) fn begin(&self, entry: &PlaceWord, from: Place, to: Place) -> bool {
        // A swap: a store could come before a change that it follows, as loom sees it.
        self.0.swap(u64::from(to.generation) << 1, Ordering::Release); // edge: begin
        entry.change(from, to)
    }

    /// Moves the place of a thread on in which it lived, as it leaves now, or was found `died`. That is said first: who does
    /// not find it living there finds this.
    pub(crate) fn move_on(
        &self,
        thread: &PlaceWord,
        (from, to): (Place, Place),
        (now, died): (u64, bool),
    ) -> bool {
        self.note(thread, from, now & !DIED | u64::from(died));
        thread.change(from, to)
    }

    fn note(&self, thread: &PlaceWord, from: Place, left: u64) {
        let noted = |_| (thread.load() == Some(from)).then_some(left);
        // Relaxed: the change of the thread's place, which follows, releases it, and who loads that acquires it.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Acquire, noted); // edge: begin
    }

    /// What the threads of the process tell that lives in the entry: the alive word of one that lives; or else whether the
    /// last one left so lately that the process itself may be on its way out, and whether that one died.
    pub(crate) fn ask<'a>(
        &self,
        process: Token,
        threads: impl Iterator<Item = &'a PlaceWord>,
        alive: impl Fn(u32) -> Option<&'a AtomicU32>,
        now: impl FnOnce() -> u64,
    ) -> Result<Watch<'a>, Option<bool>> {
        let mut mourned = false;
        for (index, thread) in (0u32..).zip(threads) {
            let Some(place) = thread.load().filter(|p| p.token == process && p.state == State::Live) else {
                continue;
            };
            let token = Token::new(index, place.generation);
            match alive(index).map(|alive| standing(thread, alive, token)) {
                Some(Standing::Here(Some(watch))) => return Ok(watch),
                // One that has left since is noted.
                _ => mourned |= thread.load() == Some(place),
            }
        }
        Err(if mourned { Some(true) } else { self.lately(now) })
    }

    fn lately(&self, now: impl FnOnce() -> u64) -> Option<bool> {
        let left = self.0.load(Ordering::Relaxed); // Relaxed: the threads' places were loaded before, see `note`
        let died = left & DIED != 0;
        let lately = if died { DYING_NS } else { LEAVING_NS };
        (left >= EARLIEST && now().wrapping_sub(left & !DIED) < lately).then_some(died)
    }
}
