//! Who holds an end that several may hold at once, and how the last of them left.
//!
//! Each process has a cell of its own, by the number of its entry; while it holds the end, its process token stands
//! there. Who leaves writes down in `last` how he does, and only then clears his cell; behind a dead one somebody else
//! does the same. The end is gone when no cell names a living process and somebody has ever left.
//!
//! ## Why the end of a stream is neither missed nor false
//! Cells are looked at one after the other, while some come and others go. An empty pass counts only if `last`, which
//! also counts how often somebody has left, is the same before and after it. Whoever hands the end on stamps the
//! other's cell before he leaves: then either the pass sees the stamp, or `last` has changed. Who leaves does so before
//! he notifies, and a sleeper announces itself before it looks (see `sync::event_count`). Behind a dead one `last` is
//! written by a swap from what it was before his cell was looked at: who comes too late with that writes nothing,
//! because the first one wrote before he cleared the cell.
//!
//! ## Edges
//! | edge | release | acquire | carries | model that fails without it |
//! |---|---|---|---|---|
//! | left | `write_down`: CAS of `last` | `read`: load of `last` | what the one who left had sent, to whom he has handed the end on, whose cells are cleared | `what_was_sent_before_the_last_one_left_is_seen`, `who_is_late_with_a_death_does_not_write_it_over_a_close` |
//! | cell | `stamp`: swap; `leave`: CAS to 0 | `pass`: load of the cell | that the holder is alive; that `last` was written before | `who_has_just_come_is_not_taken_for_dead`, `an_end_that_is_handed_on_is_never_gone` |

use crate::presence::place::Standing;
use crate::segment::bits::{END_CLOSED, END_DIED, Token};
use crate::shim::{AtomicU32, AtomicU64, Ordering};
use crate::sync::lock::Crowd;

/// How somebody left an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// He closed it.
    Closed,
    /// He died.
    Died,
    /// He never came to life, and so never held it: how the last one left stays as it was.
    Never,
}

/// What a look at an end finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nobody has ever held it.
    Absent,
    /// A living process holds it. `doubt`: it may be dying, look again soon.
    Held { doubt: bool },
    /// Nobody holds it any more.
    Gone(Left),
}

/// What a look must know of those who hold the end.
pub(crate) trait Members {
    /// How the process behind a token stands.
    fn standing(&self, token: Token) -> Standing<'_>;
    /// How one that is dead has left.
    fn left(&self, dead: Token) -> Left;
    /// Somebody dead was taken off the end.
    fn buried(&self, dead: Token, cell: &AtomicU32, left: Left);
}

/// The words of one end.
#[derive(Clone, Copy)]
pub(crate) struct Holders<'a> {
    /// Who left last and how, in the low half as in the word of a ring's end; how often somebody has left, in the
    /// high one. 0: nobody has.
    pub(crate) last: &'a AtomicU64,
    /// One for each process entry.
    pub(crate) cells: &'a [AtomicU32],
}

const ONCE_MORE: u64 = 1 << 32;
/// Passes before a look gives up telling and says "look again soon": only a peer that keeps no rules is so busy.
const PASSES: usize = 64;

/// What follows on `last`.
fn after(last: u64, who: Token, left: Left) -> u64 {
    let low = match left {
        Left::Closed => who.0 | END_CLOSED,
        Left::Died => who.0 | END_DIED,
        Left::Never => last as u32,
    };
    (last & !u64::from(u32::MAX)).wrapping_add(ONCE_MORE) | u64::from(low)
}

/// What `last` says.
fn told(last: u64) -> Seen {
    match last as u32 {
        word if word & END_DIED != 0 => Seen::Gone(Left::Died),
        word if word & END_CLOSED != 0 => Seen::Gone(Left::Closed),
        _ => Seen::Absent,
    }
}

enum Pass {
    Nobody,
    Held { doubt: bool },
    Again,
}

impl<'a> Holders<'a> {
    fn cell(&self, who: Token) -> Option<&'a AtomicU32> {
        self.cells.get(who.index() as usize)
    }

    /// `who` holds the end from now on. Whatever stands in his cell is of a dead one: the entry is his.
    pub(crate) fn stamp(&self, who: Token) {
        if let Some(cell) = self.cell(who) {
            cell.swap(who.0, Ordering::Release); // edge: cell
        }
    }

    /// A number that is another one after somebody has left: to compare with what a look has told.
    #[inline]
    pub(crate) fn left(&self) -> u64 {
        self.last.load(Ordering::Relaxed) // Relaxed: compared only
    }

    /// `last`, before any cell is looked at.
    fn read(&self) -> u64 {
        self.last.load(Ordering::Acquire) // edge: left
    }

    /// `who`, dead or the caller himself, holds the end no more. Tells whether it was this call that cleared his cell.
    pub(crate) fn leave(&self, who: Token, left: Left) -> bool {
        let Some(cell) = self.cell(who) else { return false };
        loop {
            let last = self.read();
            if cell.load(Ordering::Relaxed) != who.0 {
                return false; // Relaxed: not read before `last` was
            }
            if self.write_down(last, who, left) {
                // Release: who finds the cell empty finds the last word changed.
                return cell.compare_exchange(who.0, 0, Ordering::Release, Ordering::Relaxed).is_ok(); // edge: cell
            }
        }
    }

    /// `last` was loaded before the cell of `who` was.
    fn write_down(&self, last: u64, who: Token, left: Left) -> bool {
        let next = after(last, who, left);
        self.last.compare_exchange(last, next, Ordering::Release, Ordering::Relaxed).is_ok() // edge: left
    }

    /// How the end stands, and what `left` was then; takes the dead off it. Adds the words that tell of the holders'
    /// deaths.
    pub(crate) fn look(&self, members: &'a impl Members, crowd: &mut Crowd<'a>) -> (Seen, u64) {
        for _ in 0..PASSES + self.cells.len() {
            let last = self.read();
            match self.pass(members, crowd) {
                Pass::Held { doubt } => return (Seen::Held { doubt }, last),
                Pass::Nobody if self.last.load(Ordering::Relaxed) == last => return (told(last), last),
                Pass::Nobody | Pass::Again => {}
            }
        }
        (Seen::Held { doubt: true }, 0)
    }

    fn pass(&self, members: &'a impl Members, crowd: &mut Crowd<'a>) -> Pass {
        let (mut held, mut doubt) = (false, false);
        for cell in self.cells {
            let Some(token) = Token::of(cell.load(Ordering::Acquire)) else { continue }; // edge: cell
            match members.standing(token) {
                Standing::Here(alive) => {
                    held = true;
                    alive.map(|watch| crowd.add(watch));
                }
                Standing::Doubtful { .. } => (held, doubt) = (true, true),
                Standing::Dead => {
                    let left = members.left(token);
                    if self.leave(token, left) {
                        members.buried(token, cell, left);
                    }
                    return Pass::Again;
                }
            }
        }
        if held { Pass::Held { doubt } } else { Pass::Nobody }
    }
}
