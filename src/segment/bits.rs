//! The bits of every control word in shared memory, in one table.
//!
//! | word | width | bits |
//! |---|---|---|
//! | token | 30 | index 0-11, generation 12-28, bit 29 always set (so that it is never a TID) |
//! | lock | 32 | token 0-29 (0: free), SUSPECT 30, WAITERS 31 |
//! | place (thread slot, process entry) | 64 | generation 0-16, state 17-20, token 21-50 |
//! | process entry, when a thread left | 64 | died 0, CLOCK_MONOTONIC in ns 1-63; less than 2^20: none has, generation 1-17 |
//! | alive word | 32 | TID 0-29, owner died 30, FUTEX_WAITERS 31 (the kernel's layout) |
//! | ring end | 32 | token 0-29 (0: never taken), CLOSED 30, DIED 31 |
//! | cell of a pipe's end | 32 | process token 0-29 (0: the process does not hold it) |
//! | who left a pipe's end last | 64 | token 0-29 (0: nobody), CLOSED 30, DIED 31, how often somebody left 32-63 |
//! | permit | 32 | process token 0-29 (0: free), COLLECTING 30 |
//! | event count | 32 | somebody sleeps 0, epoch 1-31 |
//! | shelf, whether it is shut | 32 | 0 open, 1 nothing goes in, 2 nothing goes in or out (`sync::shelf`) |
//! | cell of a heap, its mark | 64 | FULL 0, the number of the message 1-63 (all 0: free; `sync::heap`) |
//! | semaphore | 32 | permits 0-30, WAITERS 31 |
//! | event | 32 | SET 0, WAITERS 1, epoch 2-31 |
//! | block | 64 | token 0-29 (of a process; of a thread while it collects; 0: free), use 30-33, generation 34-63 |
//! | block's handle | 64 | number 0-21, tag of the object 22-33 (never 0), generation 34-63 |
//! | block's link | 64 | position 0-24 (its low bits), line of the object that names the block 25-63; 0: none |
//! | condition, one thread's word | 32 | thread token 0-29 (0: does not wait), WAITING 30, NOTIFIED 31 (both: being cleared away) |
//! | barrier, its state | 64 | whose cell or place 0-11, phase 12-15, era 16-63 |
//! | barrier, a cell | 64 | thread token 0-29 (0: closed), low bits of the era plus one 30-63 |
//! | barrier, a place | 32 | process token 0-29 (0: free) |
//! | barrier, who died | 64 | TID 0-21, PID 22-43, low bits of the era plus one 44-63 (all 0: nobody) |
//! | task of a pool | 64 | thread slot or worker 0-11, phase 12-15, attempt 16-23, late 24, generation 25-63 (`sync::task`) |
//! | barrier, what a thread is told | 64 | era that was broken 0-47, 63 always set (all 0: none yet) |
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
/// The most blocks that one object can have.
pub(crate) const BLOCKS_MAX: u32 = 1 << NUMBER_BITS;
/// The largest tag of an object with blocks.
pub(crate) const TAG_MAX: u32 = (1 << TAG_BITS) - 1;
/// How many bits of a link are the position.
pub(crate) const POSITION_BITS: u32 = 25;
const NUMBER_BITS: u32 = 22;
const TAG_BITS: u32 = 12;
/// Where the generation begins in a block's word, and in its handle.
const BLOCK_GENERATION: u32 = 34;
const BLOCK_GENERATION_MASK: u32 = (1 << (64 - BLOCK_GENERATION)) - 1;
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
    /// A slot: a thread of the process named is moving in; it owns nothing yet. An entry: a child that the process
    /// named is forking; nobody has acted under it yet.
    Joining = 1,
    /// In use. A slot names the process of its thread; an entry names nobody.
    Live = 2,
    /// The thread is moving out; whatever it still owned counts as a dead owner's.
    Leaving = 3,
    /// Its holder is dead; the process named clears up.
    Reaping = 4,
    /// The same, of an entry whose child was never born: nobody has died.
    Clearing = 5,
}

impl State {
    const fn from_bits(bits: u64) -> Option<State> {
        Some(match bits {
            0 => State::Free,
            1 => State::Joining,
            2 => State::Live,
            3 => State::Leaving,
            4 => State::Reaping,
            5 => State::Clearing,
            _ => return None,
        })
    }

    /// Whether somebody clears up, or was at it when he died.
    pub(crate) const fn is_reaping(self) -> bool {
        matches!(self, State::Reaping | State::Clearing)
    }

    /// Of an entry: whether nobody has ever acted under it.
    pub(crate) const fn is_unborn(self) -> bool {
        matches!(self, State::Joining | State::Clearing)
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

    /// An entry as it is while this process clears up; how its holder went, whoever has cleared up before, it says still.
    pub(crate) const fn reaped_by(self, process: Token) -> Place {
        self.to(if self.state.is_unborn() { State::Clearing } else { State::Reaping }, process)
    }

    /// The place as the next holder finds it. The generation changes here, while nobody lives in the place.
    pub(crate) const fn vacated(self) -> Place {
        let generation = self.generation.wrapping_add(1) & GENERATION_MASK;
        Place { generation, state: State::Free, token: Token::NONE }
    }
}

/// How an era of a barrier stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Parties arrive.
    Open = 0,
    /// All have arrived, and one of them runs the action.
    Acting = 1,
    /// Broken by a reset; the next era is being made ready.
    Resetting = 2,
    /// Broken by somebody who said so.
    Aborted = 3,
    /// Broken by a party whose time was up.
    TimedOut = 4,
    /// Broken by a party that a signal called away.
    Interrupted = 5,
    /// Broken by a party whose wait was cancelled.
    Cancelled = 6,
    /// Broken by its action.
    Failed = 7,
    /// Broken by the death of a party that had arrived.
    LostArrived = 8,
    /// Broken by the death of a declared party.
    LostDeclared = 9,
}

impl Phase {
    /// What no writer of ours writes counts as broken: a reset makes it whole.
    const fn from_bits(bits: u64) -> Phase {
        match bits & 0xf {
            0 => Phase::Open,
            1 => Phase::Acting,
            2 => Phase::Resetting,
            4 => Phase::TimedOut,
            5 => Phase::Interrupted,
            6 => Phase::Cancelled,
            7 => Phase::Failed,
            8 => Phase::LostArrived,
            9 => Phase::LostDeclared,
            _ => Phase::Aborted,
        }
    }
}

const ERA_BITS: u32 = 48;
const ERA_MASK: u64 = (1 << ERA_BITS) - 1;
const CELL_ERA_MASK: u64 = (1 << 34) - 1;
const NAME_ERA_MASK: u64 = (1 << 20) - 1;
const NAME_MASK: u64 = (1 << 22) - 1;
const TOLD: u64 = 1 << 63;

/// The state of a barrier, taken apart. An era ends with a trip or with a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BarrierState {
    pub(crate) era: u64,
    pub(crate) phase: Phase,
    /// The cell or the place of whom the phase is about.
    pub(crate) at: u32,
}

impl BarrierState {
    pub(crate) const fn unpack(word: u64) -> BarrierState {
        BarrierState { era: word >> 16, phase: Phase::from_bits(word >> 12), at: word as u32 & PLACES_MAX }
    }

    pub(crate) const fn pack(self) -> u64 {
        (self.at & PLACES_MAX) as u64 | (self.phase as u64) << 12 | self.era << 16
    }

    /// The same era in another phase.
    pub(crate) const fn to(self, phase: Phase, at: u32) -> BarrierState {
        BarrierState { era: self.era, phase, at }
    }

    /// The next era, as it begins.
    pub(crate) const fn next(self) -> BarrierState {
        BarrierState { era: self.era.wrapping_add(1) & ERA_MASK, phase: Phase::Open, at: 0 }
    }

    /// Whether parties may still pass in this era.
    pub(crate) const fn is_whole(self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Acting)
    }

    /// The cell of a party that has arrived in this era; of nobody: closed.
    pub(crate) const fn cell(self, token: Token) -> u64 {
        (token.0 & TOKEN) as u64 | (self.era.wrapping_add(1) & CELL_ERA_MASK) << 30
    }

    /// Whether a cell was stamped or closed in this era.
    pub(crate) const fn has(self, cell: u64) -> bool {
        cell >> 30 == self.era.wrapping_add(1) & CELL_ERA_MASK
    }

    /// Whether a cell is as the last era left it.
    pub(crate) const fn may_take(self, cell: u64) -> bool {
        cell >> 30 == self.era & CELL_ERA_MASK
    }

    /// Who has arrived in this cell in this era.
    pub(crate) const fn arrived(self, cell: u64) -> Option<Token> {
        if self.has(cell) { Token::of(cell as u32 & TOKEN) } else { None }
    }

    /// The name of one who died in this era.
    pub(crate) const fn name(self, (pid, tid): (u32, u32)) -> u64 {
        tid as u64 & NAME_MASK | (pid as u64 & NAME_MASK) << 22 | self.name_era() << 44
    }

    const fn name_era(self) -> u64 {
        self.era.wrapping_add(1) & NAME_ERA_MASK
    }

    /// Process and thread in a name, if it is of this era.
    pub(crate) const fn named(self, name: u64) -> Option<(u32, u32)> {
        if name == 0 || name >> 44 != self.name_era() {
            return None;
        }
        Some(((name >> 22 & NAME_MASK) as u32, (name & NAME_MASK) as u32))
    }

    /// What a thread is told whose era was this one, and was broken.
    pub(crate) const fn told(self) -> u64 {
        self.era | TOLD
    }

    /// Whether this era is later than the one that a thread was told of.
    pub(crate) const fn is_after(self, told: u64) -> bool {
        let ahead = self.era.wrapping_sub(told) << (64 - ERA_BITS);
        told & TOLD == 0 || ahead as i64 > 0
    }
}

/// What a block is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Use {
    /// For nothing.
    Free = 0,
    /// The process named owns it.
    Owned = 1,
    /// The process named owns it and lets anybody adopt it.
    Offered = 2,
    /// Its link says where it is named, or was about to be by the process named.
    Linked = 3,
    /// It belongs to a run of blocks, whose first one speaks for it.
    Part = 4,
    /// The thread named is collecting a run.
    Collecting = 5,
    /// The blocks of a run are being freed, this one last.
    Dissolving = 6,
}

impl Use {
    const ALL: [Use; 7] =
        [Use::Free, Use::Owned, Use::Offered, Use::Linked, Use::Part, Use::Collecting, Use::Dissolving];
}

/// The word of a block, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockWord {
    pub(crate) generation: u32,
    pub(crate) used: Use,
    pub(crate) token: u32,
}

impl BlockWord {
    /// The parts of a word; what no writer of ours can have written is nobody's part of nothing.
    pub(crate) fn unpack(word: u64) -> BlockWord {
        let used = Use::ALL.get((word >> 30 & 0xf) as usize).copied().unwrap_or(Use::Part);
        BlockWord { generation: (word >> BLOCK_GENERATION) as u32, used, token: word as u32 & TOKEN }
    }

    pub(crate) const fn pack(self) -> u64 {
        (self.generation as u64) << BLOCK_GENERATION | (self.used as u64) << 30 | (self.token & TOKEN) as u64
    }

    /// The same stay in another use.
    pub(crate) const fn to(self, used: Use, token: u32) -> BlockWord {
        BlockWord { generation: self.generation, used, token }
    }

    /// The block as the next owner finds it. The generation changes here: handles of this stay are stale from now on.
    pub(crate) const fn vacated(self) -> BlockWord {
        let generation = self.generation.wrapping_add(1) & BLOCK_GENERATION_MASK;
        BlockWord { generation, used: Use::Free, token: 0 }
    }
}

/// Names one stay of one owner after the other in a block: a small plain number, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockHandle(pub(crate) u64);

impl BlockHandle {
    pub(crate) const fn new(number: u32, tag: u32, generation: u32) -> BlockHandle {
        let number = (number & (BLOCKS_MAX - 1)) as u64;
        let tag = (tag & TAG_MAX) as u64;
        BlockHandle((generation as u64) << BLOCK_GENERATION | tag << NUMBER_BITS | number)
    }

    pub(crate) const fn number(self) -> usize {
        self.0 as usize & (BLOCKS_MAX as usize - 1)
    }

    pub(crate) const fn tag(self) -> u32 {
        (self.0 >> NUMBER_BITS) as u32 & TAG_MAX
    }

    pub(crate) const fn generation(self) -> u32 {
        (self.0 >> BLOCK_GENERATION) as u32
    }
}

/// Where a block is named: an object, and a position in it. Written before the object names the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link(pub(crate) u64);

impl Link {
    /// `object`: where it lies, a multiple of 128. Of the position the low bits are kept, enough to find its cell.
    pub(crate) const fn new(object: u64, position: u64) -> Link {
        Link((object / 128) << POSITION_BITS | position & ((1 << POSITION_BITS) - 1))
    }

    /// Where the object lies; 0 is no object.
    pub(crate) const fn object(self) -> u64 {
        (self.0 >> POSITION_BITS) * 128
    }

    /// The low bits of the position.
    pub(crate) const fn position(self) -> u64 {
        self.0 & ((1 << POSITION_BITS) - 1)
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
        let all = [State::Free, State::Joining, State::Live, State::Leaving, State::Reaping, State::Clearing];
        for state in all {
            let place = Place { generation: GENERATION_MASK, state, token: Token::new(5, 9) };
            assert_eq!(Place::unpack(place.pack()), Some(place));
            assert_eq!(place.vacated().generation, 0);
        }
        assert_eq!(Place::unpack(u64::MAX), None);
    }

    #[test]
    fn who_was_never_born_has_not_died_however_many_clear_up() {
        let mut entry = Place { generation: 3, state: State::Joining, token: Token::new(1, 1) };
        let mut dead = Place { state: State::Live, ..entry };
        for reaper in [Token::new(2, 1), Token::new(3, 7)] {
            (entry, dead) = (entry.reaped_by(reaper), dead.reaped_by(reaper));
            assert_eq!((entry.state, entry.token, entry.generation), (State::Clearing, reaper, 3));
            assert_eq!((dead.state, dead.token), (State::Reaping, reaper));
            assert!(entry.state.is_unborn() && !dead.state.is_unborn() && dead.state.is_reaping());
        }
    }

    #[test]
    fn eras_of_a_barrier_go_round() {
        let last = BarrierState { era: ERA_MASK, phase: Phase::Acting, at: PLACES_MAX };
        assert_eq!(BarrierState::unpack(last.pack()), last);
        let first = last.next();
        assert_eq!((first.era, first.phase, first.at), (0, Phase::Open, 0));
        let cell = last.cell(Token::new(3, 4));
        assert_eq!(last.arrived(cell), Some(Token::new(3, 4)));
        assert!(last.has(cell) && !first.has(cell) && first.may_take(cell) && !last.may_take(cell));
        assert!(last.arrived(last.cell(Token::NONE)).is_none() && last.has(last.cell(Token::NONE)));
        assert!(BarrierState::unpack(0).may_take(0), "zeros are a fresh barrier");
        assert!(first.is_after(last.told()) && !last.is_after(first.told()) && !last.is_after(last.told()));
        assert!(last.is_after(0) && BarrierState::unpack(0).is_after(0));
        let most = NAME_MASK as u32;
        assert_eq!(last.named(last.name((most, 1))), Some((most, 1)));
        assert_eq!(first.named(last.name((most, 1))), None);
        assert_eq!(BarrierState { era: NAME_ERA_MASK, ..last }.named(0), None);
        assert_eq!(BarrierState::unpack(0xf << 12).phase, Phase::Aborted);
    }

    #[test]
    fn blocks_survive_packing_and_the_generation_wraps() {
        for used in Use::ALL {
            let word = BlockWord { generation: BLOCK_GENERATION_MASK, used, token: Token::new(5, 9).0 };
            assert_eq!(BlockWord::unpack(word.pack()), word);
            assert_eq!(word.vacated(), BlockWord { generation: 0, used: Use::Free, token: 0 });
        }
        assert_eq!(BlockWord::unpack(u64::MAX).used, Use::Part, "nobody's");
    }

    #[test]
    fn handles_and_links_keep_their_parts() {
        let handle = BlockHandle::new(BLOCKS_MAX - 1, TAG_MAX, BLOCK_GENERATION_MASK);
        assert_eq!(handle.0, u64::MAX);
        let handle = BlockHandle::new(0, 1, 0);
        assert_eq!((handle.number(), handle.tag(), handle.generation()), (0, 1, 0));
        assert_ne!(handle.0, 0);
        for object in [128, (1 << 46) - 128] {
            let link = Link::new(object, (3 << POSITION_BITS) + 7);
            assert_eq!((link.object(), link.position()), (object, 7));
        }
    }
}
