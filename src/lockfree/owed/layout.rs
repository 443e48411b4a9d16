//! Words of what is owed.
//!
//! | word | bits |
//! |---|---|
//! | control word of a cell | token 0-29, state 30-33, stay 34-63 |
//! | header of a cell | tag 0-31, length 32-43 |
//! | note of a cell | position of the message in the ring; thread token of who got it |
//! | `back` | something was given back 0, how often that was said 1-63 |
//! | ticket | index of the cell 0-21, tag of the queue 22-33 (never 0), stay 34-63 |
//!
//! The stay of a cell is another one after each message that was in it, and after each time that one was given back: so
//! a ticket names one delivery, and a control word with its token never comes twice. Zeros are a free cell.
#![forbid(unsafe_code)]

use crate::lockfree::line::Line;
use crate::shim::{AtomicU64, words};

/// The shared word beside the cells. All zeros: nothing was given back.
#[repr(C)]
pub(crate) struct Words {
    pub(super) back: Line,
}

/// What a cell says beside its message. All zeros is one that was never used.
#[repr(C)]
pub(crate) struct Note {
    pub(super) position: AtomicU64,
    pub(super) getter: AtomicU64,
}

words!("what is owed, its hint", Words { back });
words!("what is owed, the note of a cell", Note { position, getter });

#[cfg(not(loom))]
mod sizes {
    static_assertions::const_assert_eq!(size_of::<super::Words>(), 128);
    static_assertions::const_assert_eq!(size_of::<super::Note>(), 16);
}

#[cfg(all(test, loom))]
impl Words {
    pub(crate) fn new() -> Words {
        Words { back: Line(AtomicU64::new(0)) }
    }
}

#[cfg(all(test, loom))]
impl Note {
    pub(crate) fn new() -> Note {
        Note { position: AtomicU64::new(0), getter: AtomicU64::new(0) }
    }
}

/// The most cells: what a ticket has room for is more, but each look for one that is free may look at them all.
pub(crate) const UNACKED_MAX: u32 = 1 << 16;

const TOKEN: u64 = (1 << STATE_SHIFT) - 1;
const STATE_SHIFT: u32 = 30;
const STAY_SHIFT: u32 = 34;
const STAY: u64 = (1 << (64 - STAY_SHIFT)) - 1;
const INDEX: u64 = (1 << TAG_SHIFT) - 1;
const TAG_SHIFT: u32 = 22;
const TAG: u64 = 0xfff;

/// The word `back`: there is a cell that was given back, or there was one lately.
pub(super) const FLAG: u64 = 1;
/// The word `back`: one more time.
pub(super) const ONCE_MORE: u64 = 2;

/// What a cell is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    /// Nothing is in it.
    Free = 0,
    /// A thread writes a message to it, which still is in the ring.
    Filling = 1,
    /// A process owes an answer for the message in it.
    Owed = 2,
    /// The message in it was given back: it is to be delivered again, and nowhere else.
    Back = 3,
    /// A thread takes what was given back.
    Taking = 4,
}

impl State {
    const fn from_bits(bits: u64) -> Option<State> {
        Some(match bits {
            0 => State::Free,
            1 => State::Filling,
            2 => State::Owed,
            3 => State::Back,
            4 => State::Taking,
            _ => return None,
        })
    }
}

/// The control word of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ctl(pub(crate) u64);

impl Ctl {
    /// The same stay in another state. `token` is 0, or who has the cell.
    pub(super) const fn to(self, state: State, token: u32) -> Ctl {
        Ctl(self.0 >> STAY_SHIFT << STAY_SHIFT | (state as u64) << STATE_SHIFT | token as u64 & TOKEN)
    }

    /// The next stay, of nobody's: free, or given back.
    pub(super) const fn next(self, state: State) -> Ctl {
        let stay = (self.0 >> STAY_SHIFT).wrapping_add(1) & STAY;
        Ctl(stay << STAY_SHIFT | (state as u64) << STATE_SHIFT)
    }

    /// `None` if no writer of ours can have written it.
    pub(crate) const fn state(self) -> Option<State> {
        State::from_bits(self.0 >> STATE_SHIFT & 0xf)
    }

    /// Who has it.
    pub(crate) const fn token(self) -> u32 {
        (self.0 & TOKEN) as u32
    }

    pub(crate) const fn stay(self) -> u64 {
        self.0 >> STAY_SHIFT
    }

    /// Whether a message is in it that is in the ring no more, or soon will not be.
    pub(crate) fn has_message(self) -> bool {
        matches!(self.state(), Some(State::Owed | State::Back | State::Taking))
    }
}

/// Names one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket(pub(crate) u64);

impl Ticket {
    pub(super) const fn new(index: u32, tag: u32, of: Ctl) -> Ticket {
        Ticket(of.stay() << STAY_SHIFT | (tag as u64 & TAG) << TAG_SHIFT | index as u64 & INDEX)
    }

    pub(crate) const fn index(self) -> u32 {
        (self.0 & INDEX) as u32
    }

    pub(super) const fn tag(self) -> u32 {
        (self.0 >> TAG_SHIFT & TAG) as u32
    }

    pub(super) const fn stay(self) -> u64 {
        self.0 >> STAY_SHIFT
    }

    /// The stay after the one that it names.
    pub(super) const fn next_stay(self) -> u64 {
        self.stay().wrapping_add(1) & STAY
    }
}
