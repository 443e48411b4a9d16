//! The bits of every control word in shared memory, in one table.
//!
//! | word | width | bits |
//! |---|---|---|
//! | token | 30 | index 0-11, generation 12-28, bit 29 always set (so that it is never a TID) |
//! | lock | 32 | token 0-29 (0: free), SUSPECT 30, WAITERS 31 |
//! | place (thread slot, process entry) | 64 | generation 0-16, state 17-20, token 21-50 |
//! | alive word | 32 | TID 0-29, owner died 30, FUTEX_WAITERS 31 (the kernel's layout) |
//! | ring end | 32 | token 0-29 (0: never taken), CLOSED 30, DIED 31 |
//! | permit | 32 | process token 0-29 (0: free), COLLECTING 30 |
//! | event count | 32 | somebody sleeps 0, epoch 1-31 |
//! | semaphore | 32 | permits 0-30, WAITERS 31 |
//! | event | 32 | SET 0, WAITERS 1, epoch 2-31 |
//! | condition, one thread's word | 32 | thread token 0-29 (0: does not wait), WAITING 30, NOTIFIED 31 (both: being cleared away) |
//!
//! The ring's record header is described where the ring lies, and so are the words of a ring of cells.
#![forbid(unsafe_code)]

/// How many bits of a token are the index; a table has at most this many places.
const INDEX_BITS: u32 = 12;
const GENERATION_BITS: u32 = 17;
/// The most places that a table of slots or entries can have.
pub(crate) const PLACES_MAX: u32 = (1 << INDEX_BITS) - 1;
const GENERATION_MASK: u32 = (1 << GENERATION_BITS) - 1;
const MARK: u32 = 1 << 29;

/// The token's part of a lock word or ring end.
pub(crate) const TOKEN: u32 = (1 << 30) - 1;
/// Lock word: an owner died and nobody has declared the guarded data repaired.
pub(crate) const SUSPECT: u32 = 1 << 30;
/// Lock word, semaphore: somebody sleeps on it.
pub(crate) const WAITERS: u32 = 1 << 31;
/// Semaphore: how many permits there are; also the most that there can be.
pub(crate) const PERMITS: u32 = (1 << 31) - 1;
/// Event: it is set.
pub(crate) const EVENT_SET: u32 = 1;
/// Event: somebody sleeps on it.
pub(crate) const EVENT_WAITERS: u32 = 2;
/// Event: one more set.
pub(crate) const EVENT_EPOCH: u32 = 4;
/// Ring end: its holder closed it.
pub(crate) const END_CLOSED: u32 = 1 << 30;
/// Ring end: its holder died.
pub(crate) const END_DIED: u32 = 1 << 31;
/// Permit: it is being collected, and goes back if its collector dies before it has committed.
pub(crate) const COLLECTING: u32 = 1 << 30;
/// Condition: the thread waits to be notified.
pub(crate) const WAITING: u32 = 1 << 30;
/// Condition: a notification is the thread's. With WAITING: its place is being cleared, and the notification passed on.
pub(crate) const NOTIFIED: u32 = 1 << 31;
/// Alive word: the TID's part.
pub(crate) const ALIVE_TID: u32 = (1 << 30) - 1;
/// Alive word: what the kernel leaves of a dead thread.
pub(crate) const ALIVE_DIED: u32 = 1 << 30;
/// Alive word: tells the kernel to wake somebody when the thread dies.
pub(crate) const ALIVE_WAITERS: u32 = 1 << 31;

/// Names one stay of one participant in one place of a table. 0 is nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Token(pub(crate) u32);

impl Token {
    /// Nobody.
    pub(crate) const NONE: Token = Token(0);

    pub(crate) const fn new(index: u32, generation: u32) -> Token {
        Token(MARK | (generation & GENERATION_MASK) << INDEX_BITS | (index & PLACES_MAX))
    }

    /// The token in a word that may carry flags, if there is one.
    pub(crate) const fn of(word: u32) -> Option<Token> {
        let token = word & TOKEN;
        if token & MARK != 0 { Some(Token(token)) } else { None }
    }

    pub(crate) const fn index(self) -> u32 {
        self.0 & PLACES_MAX
    }

    pub(crate) const fn generation(self) -> u32 {
        self.0 >> INDEX_BITS & GENERATION_MASK
    }
}

/// What a place of a table is used for at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    /// Nobody's.
    Free = 0,
    /// A thread of the process named is moving in; it owns nothing yet.
    Joining = 1,
    /// In use. A slot names the process of its thread; an entry names nobody.
    Live = 2,
    /// The thread is moving out; whatever it still owned counts as a dead owner's.
    Leaving = 3,
    /// Its holder is dead; the process named clears up.
    Reaping = 4,
}

impl State {
    const fn from_bits(bits: u64) -> Option<State> {
        Some(match bits {
            0 => State::Free,
            1 => State::Joining,
            2 => State::Live,
            3 => State::Leaving,
            4 => State::Reaping,
            _ => return None,
        })
    }
}

/// The control word of a slot or an entry, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) generation: u32,
    pub(crate) state: State,
    pub(crate) token: Token,
}

impl Place {
    /// The parts of a word; `None` if no writer of ours can have written it.
    pub(crate) const fn unpack(word: u64) -> Option<Place> {
        let Some(state) = State::from_bits(word >> GENERATION_BITS & 0xf) else { return None };
        Some(Place {
            generation: word as u32 & GENERATION_MASK,
            state,
            token: Token((word >> (GENERATION_BITS + 4)) as u32 & TOKEN),
        })
    }

    pub(crate) const fn pack(self) -> u64 {
        self.generation as u64
            | (self.state as u64) << GENERATION_BITS
            | ((self.token.0 & TOKEN) as u64) << (GENERATION_BITS + 4)
    }

    /// The same stay in another state.
    pub(crate) const fn to(self, state: State, token: Token) -> Place {
        Place { generation: self.generation, state, token }
    }

    /// The place as the next holder finds it. The generation changes here, while nobody lives in the place.
    pub(crate) const fn vacated(self) -> Place {
        let generation = self.generation.wrapping_add(1) & GENERATION_MASK;
        Place { generation, state: State::Free, token: Token::NONE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_keep_index_and_generation_and_are_never_a_tid() {
        for (index, generation) in [(0, 0), (1, 1), (PLACES_MAX, GENERATION_MASK), (77, 65_536)] {
            let token = Token::new(index, generation);
            assert_eq!((token.index(), token.generation()), (index, generation));
            assert!(token.0 > 4_194_304, "PID_MAX_LIMIT is 2^22");
            assert_eq!(Token::of(token.0 | SUSPECT | WAITERS), Some(token));
        }
        assert_eq!(Token::of(SUSPECT), None);
    }

    #[test]
    fn places_survive_packing_and_the_generation_wraps() {
        for state in [State::Free, State::Joining, State::Live, State::Leaving, State::Reaping] {
            let place = Place { generation: GENERATION_MASK, state, token: Token::new(5, 9) };
            assert_eq!(Place::unpack(place.pack()), Some(place));
            assert_eq!(place.vacated().generation, 0);
        }
        assert_eq!(Place::unpack(u64::MAX), None);
    }
}
