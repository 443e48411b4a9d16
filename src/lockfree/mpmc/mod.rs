//! A ring with many producers and many consumers: cells that name whoever has them.
//!
//! ```text
//! FREE(p) –CAS→ WRITING(p, me) → FULL(p) –CAS→ READING(p, me) → FREE(p + capacity)
//!                  ↓ died, gave up             ↓ died, gave back
//!               FREE(p + capacity)          AGAIN(p) –CAS→ RETAKEN(p, me) → FREE(p + capacity)
//!                                              ↑ died, gave back ↓
//! ```
//! One control word per cell is the whole truth: {position, state, thread slot}. A claim is one compare-and-swap that
//! writes the claimer's slot; a commit is one store. `tail` and `head` are lower bounds, where to begin to look: no
//! claim, and it does no harm if they lag, jump back, or their writer dies. Pushers claim positions in order, and so do
//! poppers: whoever claims p has seen that everything before it was claimed.
//!
//! ## What an answer means
//! A push counts from its claim, a pop from its claim. `Empty`: at some instant within the call nothing was in the ring.
//! `Full`: at some instant within the call the cell that is next was taken by an item nobody had begun to pop. Somebody
//! in the middle of it is neither: `Busy` names him. A live one is through in some ten nanoseconds; a stopped one is
//! waited for, or reported; a dead one is repaired by whoever meets him.
//!
//! A place that a pusher had when it died, or gave up, counts as taken until those before it have been popped; so does
//! one whose item is to be delivered again, until that was done.
//!
//! ## Why a death at any instruction is harmless
//! * WRITING: the item never existed. Whoever meets it writes FREE(p + capacity).
//! * READING: the item is still there. Whoever meets it says so in `again`, then writes AGAIN(p), which names nobody.
//!   Pop looks at `again` first; what it delivers from such a cell is flagged, unless whoever had it was there to say that
//!   nobody has seen it. A pusher that meets AGAIN finds it full.
//! * RETAKEN: the same, but done by the sweep only. See below.
//! * Whoever dies while he repairs leaves either the stale word or the repaired one.
//!
//! ## Why the slot needs no generation
//! A repair is a compare-and-swap from the exact stale word, and a dead one's slot goes to another only after the sweep
//! has called [`Ring::recover`] for it. WRITING(p, s) and READING(p, s) each are written at most once for a p, because
//! FREE(p) and FULL(p) are: so a late repairer, who has seen that s was dead, cannot meet the same word of the slot's
//! next holder. RETAKEN(p, s) can come twice: only the sweep, which alone stands between one holder of s and the next,
//! repairs it; a pusher that meets it answers `Busy`, and its caller sweeps if that one is dead.
//!
//! ## Why publishing is a store
//! Between its claim and its publication a cell is its claimer's alone: it is taken away from the dead only, and the dead
//! store nothing. (A claim lasts for one call, so that its thread cannot have ended, cleanly, before it; a stopped one is
//! not dead.) So no compare-and-swap is needed to find out whether the cell still is ours, which would make a push and
//! a pop two locked instructions dearer. One thing would break it: a signal handler that forks in the middle of a call
//! and lets the child return into it. The library's calls are not for handlers, and a child of theirs must not return.
//!
//! ## Why nothing to deliver again is forgotten
//! `again` is raised, with a new number, *before* a cell becomes AGAIN. It is lowered by a compare-and-swap from the
//! number seen before all cells were looked at, and only if none was AGAIN, READING or RETAKEN. Suppose a cell becomes
//! AGAIN and the flag is lowered nevertheless: it was raised for this cell before the number was read, so the look
//! found the cell in a popper's hands, or AGAIN, or taken by the next. `Empty` is answered only if the word stood
//! lowered before the look that found nothing. What comes again during that look was in somebody's hands when the word
//! stood lowered, and so not in the ring; whoever takes another item meanwhile although the word is raised has found it lowered
//! himself, and so has taken that item before.
//!
//! ## Edges
//! | edge | release | acquire | carries | model that fails without it |
//! |---|---|---|---|---|
//! | publish | `Writing::publish`: FULL | `look` | the item's bytes | `an_item_is_whole_before_it_is_seen` |
//! | free | `Reading::finish`, `Writing::abandon`: FREE | `take_free`: CAS to WRITING | "we are done with these bytes" | `a_cell_given_back_is_no_longer_read`, `a_cell_given_up_is_no_longer_written` |
//! | holder | `take_free`, `take_full`, `take_again`: CAS to one's slot | `look` | the holder's alive word is set | `a_live_one_is_never_robbed`, `a_live_popper_is_never_robbed`, `a_live_one_that_takes_again_is_never_swept` |
//! | mend | `repair`: CAS to FREE | `take_free`: CAS to WRITING | "the dead one's writes are over" | `a_cell_taken_from_the_dead_is_no_longer_written`, `a_dead_pushers_item_never_existed` |
//! | back | `repair`: CAS to AGAIN; `Reading::put_back`: AGAIN | `look`, `take_again`: CAS to RETAKEN | "the other one's reads are over" | `what_two_put_back_is_written_over_only_after_it_was_read`, `what_the_dead_had_is_written_over_only_after_they_read_it` |
//! | whole | `Writing::describe`: the header | `check_len`: load of the header | the pusher has the cell | `who_only_looks_sees_what_was_pushed` |
//! | again | `raise`: CAS of `again` | `find_full`: load of `again` | the cell is in a popper's hands | `what_was_put_back_is_found_by_whoever_sees_the_flag` |
//! | claimed | `advance`: tail | `hint`: tail | everything before was claimed | `who_has_pushed_never_finds_it_empty` |
//! | taken | `advance`: head | `hint`: head | everything before was taken | `who_has_popped_never_finds_it_full` |

pub(crate) mod layout;
pub(crate) mod memory;

#[cfg(all(test, not(loom)))]
mod explorer;
#[cfg(all(test, not(loom)))]
mod tests;

use self::layout::{
    Ctl, FLAG, ONCE_MORE, POSITION, Shape, Sight, State, UNSEEN, header, header_for, header_len, header_tag,
    header_whole, is_ahead,
};
use self::memory::{Memory, Word};
use crate::shim::Ordering;

/// What the ring must know of those who hold cells.
pub(crate) trait Holders {
    /// Whether whoever has this thread slot is dead, by proof. A slot that nobody has counts as a dead one's.
    fn is_dead(&self, slot: u32) -> bool;
}

/// The shared words cannot be the work of this library, or there is no ring of such a capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Corrupt;

/// Why nothing was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPush {
    /// There is no room. Exact: see the module's words.
    Full,
    /// The thread with this slot is in the middle of a call and holds what is needed; who has it may be dead, and be
    /// left to the sweep. `None`: others were quicker many times running.
    Busy(Option<u32>),
    /// A cell has room for so many bytes only.
    TooLong(usize),
    /// See [`Corrupt`].
    Corrupt,
}

/// Why nothing was popped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPop {
    /// There is no item. Exact: see the module's words.
    Empty,
    /// As in [`NoPush`].
    Busy(Option<u32>),
    /// The next item has so many bytes, and the caller room for fewer. Nothing was taken.
    TooSmall(usize),
    /// See [`Corrupt`].
    Corrupt,
}

/// What a popper has room for.
#[derive(Clone, Copy)]
pub(crate) struct Longest {
    pub(crate) bytes: usize,
    /// Items of so many bytes may stand for a message of another length, for which there must be room; 0: none does.
    pub(crate) names: usize,
}

impl From<usize> for Longest {
    #[inline(always)]
    fn from(bytes: usize) -> Longest {
        Longest { bytes, names: 0 }
    }
}

/// What was popped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Bytes.
    pub(crate) len: usize,
    /// What its pusher said that it is.
    pub(crate) tag: u32,
    /// Somebody had taken it already, and died: he may have seen it.
    pub(crate) again: bool,
    /// Where it was; no other item has the same, for 2^47 pushes at least.
    pub(crate) position: u64,
}

/// How many cells of a dead one were repaired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recovered {
    /// Items that never existed: there is room.
    pub(crate) dropped: u32,
    /// Items to be delivered again: there is something to pop.
    pub(crate) again: u32,
}

/// One cell as it was at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The position that it is in; of a free one, the one that it waits for.
    pub(crate) position: u64,
    pub(crate) state: State,
    /// Whose slot it has, while somebody has it.
    pub(crate) holder: Option<u32>,
}

/// A ring somewhere. Any number of these, in any process, may exist for the same memory.
pub(crate) struct Ring<M> {
    memory: M,
    shape: Shape,
}

impl<M: Memory> Ring<M> {
    /// Goes on with what is in the memory: zeros are an empty ring.
    pub(crate) fn open(memory: M) -> Result<Ring<M>, Corrupt> {
        let shape = Shape::new(memory.capacity()).ok_or(Corrupt)?;
        Ok(Ring { memory, shape })
    }

    /// Pushes an item: it can be popped before this returns. `me` is the caller's thread slot; between a call's begin and
    /// its end it is nobody else's.
    #[cfg_attr(not(test), allow(dead_code))] // for tests and benches, as the next one
    #[inline(always)]
    pub(crate) fn try_push(
        &self,
        me: u32,
        tag: u32,
        payload: &[u8],
        holders: &impl Holders,
    ) -> Result<(), NoPush> {
        if let Ok(spot) = self.hint(Word::Tail)
            && payload.len() <= self.memory.room_of(spot.cell)
            && let Some(writing) = self.take_free(spot, me)
        {
            writing.fill(header(tag, payload.len()), payload);
            return Ok(());
        }
        self.push_late(me, tag, payload, holders)
    }

    /// Pops the next item into `into`.
    #[cfg_attr(not(test), allow(dead_code))]
    #[inline(always)]
    pub(crate) fn try_pop(&self, me: u32, into: &mut [u8], holders: &impl Holders) -> Result<Item, NoPop> {
        match self.take_first(me, into.len().into()) {
            Some(reading) => Ok(reading.copy_out(into)),
            None => self.pop_late(me, into, holders),
        }
    }

    /// Claims the next cell for an item that is still to be written. Others wait meanwhile: do little, and end it within
    /// this call of the library.
    #[inline(always)]
    pub(crate) fn claim_write(&self, me: u32, holders: &impl Holders) -> Result<Writing<'_, M>, NoPush> {
        match self.take_free(self.hint(Word::Tail)?, me) {
            Some(writing) => Ok(writing),
            None => self.find_free(me, holders),
        }
    }

    /// Claims the next item, if it has at most `longest` bytes. Others wait meanwhile: do little, and end it within this
    /// call of the library.
    #[inline(always)]
    pub(crate) fn claim_read(
        &self,
        me: u32,
        longest: impl Into<Longest>,
        holders: &impl Holders,
    ) -> Result<Reading<'_, M>, NoPop> {
        let longest = longest.into();
        match self.take_first(me, longest) {
            Some(reading) => Ok(reading),
            None => self.find_full(me, longest, holders),
        }
    }

    /// Whether a pop would find something, at the price of a poll. Either answer may come late.
    #[inline]
    pub(crate) fn seems_poppable(&self) -> bool {
        // Relaxed: whoever acts on it looks again.
        let position = self.memory.load(Word::Head, Ordering::Relaxed);
        let Ok(spot) = self.spot(position) else { return true };
        if self.memory.load(Word::Again, Ordering::Relaxed) & FLAG != 0 {
            return true;
        }
        let seen = Ctl(self.memory.load(Word::Ctl(spot.cell), Ordering::Relaxed));
        match self.shape.sight(position, seen) {
            Sight::Here => !matches!(seen.state(), Some(State::Free | State::Writing)),
            Sight::Behind => false,
            Sight::Ahead(_) | Sight::Strange => true,
        }
    }

    /// Whether a push would find room, at the price of a poll. Either answer may come late.
    #[inline]
    pub(crate) fn seems_pushable(&self) -> bool {
        // Relaxed: whoever acts on it looks again.
        let position = self.memory.load(Word::Tail, Ordering::Relaxed);
        let Ok(spot) = self.spot(position) else { return true };
        let seen = Ctl(self.memory.load(Word::Ctl(spot.cell), Ordering::Relaxed));
        // In the lap before, somebody has still to take what is there.
        self.shape.sight(position, seen) != Sight::Behind
    }

    /// Whether a push would be told `Full` at this instant. A cell that somebody has for the time of a call counts as room.
    pub(crate) fn is_full(&self) -> bool {
        let Ok(hint) = self.hint(Word::Tail) else { return false };
        let mut position = hint.position;
        for _ in 0..self.patience() {
            let Ok(spot) = self.spot(position) else { return false };
            let seen = self.look(spot.cell);
            match (self.shape.sight(position, seen), seen.state()) {
                (Sight::Ahead(further), _) => position = further,
                (Sight::Here, Some(State::Full | State::Writing | State::Reading)) => {
                    position = self.shape.next(position);
                }
                (sight, state) => {
                    return sight == Sight::Behind && matches!(state, Some(State::Full | State::Again));
                }
            }
        }
        false
    }

    /// As if whoever has pushed last had been killed before it moved the hint on.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn let_the_hint_lag(&self, position: u64) {
        self.memory.store(Word::Tail, position, Ordering::Relaxed);
    }

    /// How far poppers have come, or pushers: a guess at the price of a load.
    pub(crate) fn reached(&self, pushers: bool) -> u64 {
        // Relaxed: a guess.
        self.memory.load(if pushers { Word::Tail } else { Word::Head }, Ordering::Relaxed)
    }

    /// How many items there are: exact while nobody is in the middle of a call. Looks at each of them.
    pub(crate) fn len(&self) -> Result<usize, Corrupt> {
        let mut count = 0;
        if self.memory.load(Word::Again, Ordering::Relaxed) & FLAG != 0 {
            count += self.cells().filter(|seen| seen.state == State::Again).count();
        }
        let mut position = self.hint(Word::Head)?.position;
        for _ in 0..self.patience() {
            let seen = self.look(self.spot(position)?.cell);
            match (self.shape.sight(position, seen), seen.state()) {
                (Sight::Ahead(further), _) => {
                    position = further;
                    continue;
                }
                (Sight::Behind, _) | (Sight::Here, Some(State::Free)) => break,
                (Sight::Here, Some(State::Full)) => count += 1,
                _ => {}
            }
            position = self.shape.next(position);
        }
        Ok(count)
    }

    /// What each cell is used for.
    pub(crate) fn cells(&self) -> impl Iterator<Item = Seen> {
        (0..self.shape.capacity).filter_map(|index| {
            let seen = self.look(self.memory.cell(index)?);
            let state = seen.state()?;
            let holder =
                matches!(state, State::Writing | State::Reading | State::Retaken).then(|| seen.slot());
            Some(Seen { position: seen.lap() | u64::from(index), state, holder })
        })
    }

    /// Copies the beginning of the item that is in the cell of positions with these low bits, in whoever's hands; tells
    /// its tag. If it is popped meanwhile, what was copied has no meaning.
    pub(crate) fn glance(&self, low: u64, into: &mut [u8]) -> Option<u32> {
        let cell = self.memory.cell(self.shape.index(low))?;
        if into.len() > self.memory.room() || !is_item(self.look(cell)) {
            return None;
        }
        self.memory.read(cell, into);
        // Relaxed: it was published with the item.
        Some(header_tag(self.memory.load(Word::Header(cell), Ordering::Relaxed)))
    }

    /// Goes on from a position before which everything is over: no item from there is in anybody's hands, or will be
    /// delivered again. Looks at `most` cells at most; tells up to where that is so by now, and whether that is as far as
    /// any pusher has come. What is over stays so.
    pub(crate) fn settle(&self, from: u64, most: u32) -> (u64, bool) {
        let mut position = from;
        for _ in 0..most {
            let Ok(spot) = self.spot(position) else { break };
            let seen = self.look(spot.cell);
            match (self.shape.sight(position, seen), seen.state()) {
                (Sight::Ahead(further), _) => position = further,
                (Sight::Here, Some(State::Free)) => return (position, true),
                _ => break,
            }
        }
        (position, false)
    }

    /// Looks at every item, in whoever's hands: who takes it out, its tag and length, and its beginning. One that is pushed
    /// or popped meanwhile is looked at or not; if nobody pushes, each that stays is looked at, and as it is.
    pub(crate) fn each_item<const N: usize>(&self, mut f: impl FnMut(Option<u32>, u32, usize, &[u8; N])) {
        for index in 0..self.shape.capacity {
            let Some(cell) = self.memory.cell(index) else { continue };
            let before = self.look(cell);
            if !is_item(before) {
                continue;
            }
            let mut beginning = [0; N];
            self.memory.read(cell, &mut beginning);
            // Relaxed: it was published with the item.
            let header = self.memory.load(Word::Header(cell), Ordering::Relaxed);
            let now = self.look(cell);
            if is_item(now) && now.lap() == before.lap() {
                let held = matches!(now.state(), Some(State::Reading | State::Retaken));
                let len = header_len(header) as usize;
                f(held.then(|| now.slot()), header_tag(header), len, &beginning);
            }
        }
    }

    /// Whether the item of this position has been published and is still in the ring, in whoever's hands. A position is
    /// one item's only: so it answers whether a cell names what that item named.
    pub(crate) fn has(&self, position: u64) -> bool {
        let Ok(spot) = self.spot(position) else { return false };
        let seen = self.look(spot.cell);
        seen.lap() == spot.lap && is_item(seen)
    }

    /// Repairs everything that a dead one left. Only the sweep may call it, which keeps the slot from the next one
    /// meanwhile; any number of times.
    pub(crate) fn recover(&self, dead: u32) -> Recovered {
        let mut recovered = Recovered::default();
        for index in 0..self.shape.capacity {
            let Some(cell) = self.memory.cell(index) else { continue };
            let seen = self.look(cell);
            if seen.slot() != dead {
                continue;
            }
            match seen.state() {
                Some(State::Writing) => recovered.dropped += u32::from(self.repair(cell, seen)),
                Some(State::Reading | State::Retaken) => {
                    recovered.again += u32::from(self.repair(cell, seen))
                }
                _ => {} // nobody has it: what looks like a slot is a length
            }
        }
        recovered
    }

    /// Where to begin to look.
    #[inline(always)]
    fn hint<'r>(&'r self, hint: Word<M::Cell<'r>>) -> Result<Spot<'r, M>, Corrupt> {
        self.spot(self.memory.load(hint, Ordering::Acquire)) // edge: claimed, taken
    }

    /// Finds the cell of a position, if it is one of this ring.
    #[inline(always)]
    fn spot(&self, position: u64) -> Result<Spot<'_, M>, Corrupt> {
        if position > POSITION {
            return Err(Corrupt);
        }
        let cell = self.memory.cell(self.shape.index(position)).ok_or(Corrupt)?;
        Ok(Spot { position, lap: self.shape.lap(position), cell })
    }

    /// Lets others begin later. It may go back a little when two meet: it is a lower bound whatever it says.
    #[inline(always)]
    fn advance<'r>(&'r self, hint: Word<M::Cell<'r>>, to: u64) {
        // Relaxed: a better bound stays, whoever's. Without this look push and pop by one thread take 6.6 ns, not 7.1;
        // but a hint that goes back sends the next one the slow way.
        if is_ahead(self.memory.load(hint, Ordering::Relaxed), to) {
            self.memory.store(hint, to, Ordering::Release); // edge: claimed, taken
        }
    }

    #[inline(always)]
    fn look<'r>(&'r self, cell: M::Cell<'r>) -> Ctl {
        Ctl(self.memory.load(Word::Ctl(cell), Ordering::Acquire)) // edge: publish, back, holder
    }

    /// Takes the cell of a position before which everything was claimed, if it is free.
    #[inline(always)]
    fn take_free<'r>(&'r self, spot: Spot<'r, M>, me: u32) -> Option<Writing<'r, M>> {
        let (free, mine) =
            (Ctl::new(spot.lap, State::Free, 0), Ctl::new(spot.lap, State::Writing, me.into()));
        // Relaxed: a look that spares the line a swap that cannot succeed. It costs nothing: push and pop by one thread
        // took 7.1 ns with it and without.
        if self.memory.load(Word::Ctl(spot.cell), Ordering::Relaxed) != free.0 {
            return None;
        }
        // AcqRel: Acquire is the edges `free` and `mend`, Release is edge `holder`.
        let taken = self.memory.swap(Word::Ctl(spot.cell), free.0, mine.0, Ordering::AcqRel); // edge: free, mend, holder
        if !taken {
            return None;
        }
        self.advance(Word::Tail, self.shape.next(spot.position));
        Some(Writing { ring: self, spot })
    }

    /// Takes the item where to begin to look, if it is there and has at most `longest` bytes, and none comes again.
    #[inline(always)]
    fn take_first(&self, me: u32, longest: Longest) -> Option<Reading<'_, M>> {
        // Relaxed: a flag that is seen late only means that an item was popped before the one that comes again; what
        // answers `Empty` looks anew.
        if self.memory.load(Word::Again, Ordering::Relaxed) & FLAG != 0 {
            return None;
        }
        let spot = self.hint(Word::Head).ok()?;
        let seen = self.look(spot.cell);
        if !seen.is_full(spot.lap, longest.bytes.min(self.memory.room_of(spot.cell))) {
            return None;
        }
        if longest.names != 0 && seen.len() == longest.names {
            return None; // it may be longer than it looks
        }
        self.take_full(spot, seen, me)
    }

    /// Takes the item that was seen at a position before which everything was taken, if it still is there.
    #[inline(always)]
    fn take_full<'r>(&'r self, spot: Spot<'r, M>, seen: Ctl, me: u32) -> Option<Reading<'r, M>> {
        let mine = Ctl::new(spot.lap, State::Reading, me.into());
        let taken = self.memory.swap(Word::Ctl(spot.cell), seen.0, mine.0, Ordering::Release); // edge: holder
        if !taken {
            return None;
        }
        self.advance(Word::Head, self.shape.next(spot.position));
        Some(Reading { ring: self, spot, len: seen.len(), again: false })
    }

    /// Takes an item to be delivered again, if it still is there.
    fn take_again<'r>(&'r self, spot: Spot<'r, M>, seen: Ctl, me: u32) -> Option<Reading<'r, M>> {
        let mine = Ctl::new(spot.lap, State::Retaken, me.into());
        // AcqRel: AGAIN(p) can come twice, and the look may have seen the earlier one. Release is edge `holder`.
        let taken = self.memory.swap(Word::Ctl(spot.cell), seen.0, mine.0, Ordering::AcqRel); // edge: back, holder
        taken.then(|| Reading { ring: self, spot, len: seen.len(), again: !seen.is_unseen() })
    }

    /// Copies from a cell. Out of line: the compiler would make one call of this copy and that of a known length, and
    /// 64 bytes pushed and popped took 17.2 ns, not 8.6.
    #[inline(never)]
    fn read_part<'r>(&'r self, cell: M::Cell<'r>, into: &mut [u8]) {
        self.memory.read(cell, into);
    }

    /// Whether the caller has room for this item, which nobody has. False: it is not there any more.
    fn check_len<'r>(&'r self, cell: M::Cell<'r>, seen: Ctl, longest: Longest) -> Result<bool, NoPop> {
        let mut len = seen.len();
        if len > self.memory.room() {
            return Err(NoPop::Corrupt);
        }
        if longest.names != 0 && len == longest.names {
            let header = self.memory.load(Word::Header(cell), Ordering::Acquire); // edge: whole
            // Relaxed: if the header is a later item's, the edge shows that its pusher has the cell.
            if self.memory.load(Word::Ctl(cell), Ordering::Relaxed) != seen.0 {
                return Ok(false);
            }
            len = header_whole(header).unwrap_or(len);
        }
        if len > longest.bytes { Err(NoPop::TooSmall(len)) } else { Ok(true) }
    }

    /// How many cells to look at before giving up to those who are quicker, or to a peer that keeps no rules.
    fn patience(&self) -> u32 {
        2 * self.shape.capacity + 64
    }

    /// As `try_push`, whatever there is. Out of line, so that the quick way is short and keeps its registers: with it, and
    /// with a cell found once, 8 bytes pushed and popped take 6.8 ns, not 10.4.
    #[cold]
    #[inline(never)]
    fn push_late(&self, me: u32, tag: u32, payload: &[u8], holders: &impl Holders) -> Result<(), NoPush> {
        if payload.len() > self.memory.room() {
            return Err(NoPush::TooLong(self.memory.room()));
        }
        self.find_free(me, holders)?.publish(tag, payload)
    }

    /// As `try_pop`, likewise.
    #[cold]
    #[inline(never)]
    fn pop_late(&self, me: u32, into: &mut [u8], holders: &impl Holders) -> Result<Item, NoPop> {
        Ok(self.find_full(me, into.len().into(), holders)?.copy_out(into))
    }

    /// As `claim_write`, whatever there is.
    #[cold]
    #[inline(never)]
    fn find_free(&self, me: u32, holders: &impl Holders) -> Result<Writing<'_, M>, NoPush> {
        let mut position = self.hint(Word::Tail)?.position;
        for _ in 0..self.patience() {
            let spot = self.spot(position)?;
            let seen = self.look(spot.cell);
            let state = seen.state().ok_or(NoPush::Corrupt)?;
            match (self.shape.sight(position, seen), state) {
                (Sight::Ahead(further), _) => position = further,
                (Sight::Here, State::Free) => {
                    if let Some(writing) = self.take_free(spot, me) {
                        return Ok(writing);
                    }
                }
                (Sight::Here, _) => position = self.shape.next(position),
                (Sight::Behind, State::Full | State::Again) => return Err(NoPush::Full),
                (Sight::Behind, State::Writing | State::Reading | State::Retaken) => {
                    if !self.mend(spot.cell, seen, state, holders) {
                        return Err(NoPush::Busy(Some(seen.slot())));
                    }
                }
                (Sight::Behind, State::Free) | (Sight::Strange, _) => return Err(NoPush::Corrupt),
            }
        }
        Err(NoPush::Busy(None))
    }

    /// As `claim_read`, whatever there is.
    #[cold]
    #[inline(never)]
    fn find_full(&self, me: u32, longest: Longest, holders: &impl Holders) -> Result<Reading<'_, M>, NoPop> {
        for _ in 0..self.patience() {
            let again = self.memory.load(Word::Again, Ordering::Acquire); // edge: again
            let mut held = None;
            if again & FLAG != 0 {
                match self.look_again(me, longest, holders)? {
                    Again::Taken(reading) => return Ok(reading),
                    Again::Held(slot) => held = Some(slot),
                    Again::Nothing if self.lower(again) => {}
                    Again::Nothing => continue,
                }
            }
            if let Some(reading) = self.walk(me, longest, holders)? {
                return Ok(reading);
            }
            return Err(if held.is_some() { NoPop::Busy(held) } else { NoPop::Empty });
        }
        Err(NoPop::Busy(None))
    }

    /// Looks for the next item in order; `None` if nothing is where it would be.
    fn walk(
        &self,
        me: u32,
        longest: Longest,
        holders: &impl Holders,
    ) -> Result<Option<Reading<'_, M>>, NoPop> {
        let mut position = self.hint(Word::Head)?.position;
        for _ in 0..self.patience() {
            let spot = self.spot(position)?;
            let seen = self.look(spot.cell);
            let state = seen.state().ok_or(NoPop::Corrupt)?;
            match (self.shape.sight(position, seen), state) {
                (Sight::Ahead(further), _) => position = further,
                (Sight::Here, State::Full) => {
                    if !self.check_len(spot.cell, seen, longest)? {
                        continue;
                    }
                    let taken = self.take_full(spot, seen, me);
                    if taken.is_some() {
                        return Ok(taken);
                    }
                }
                (Sight::Here, State::Writing) => {
                    if !self.mend(spot.cell, seen, state, holders) {
                        return Err(NoPop::Busy(Some(seen.slot())));
                    }
                }
                (Sight::Here, State::Free) => return Ok(None),
                (Sight::Here, _) => position = self.shape.next(position),
                (Sight::Behind, State::Reading | State::Again | State::Retaken) => return Ok(None),
                (Sight::Behind, _) | (Sight::Strange, _) => return Err(NoPop::Corrupt),
            }
        }
        Err(NoPop::Busy(None))
    }

    /// Looks for an item to be delivered again, the oldest first.
    fn look_again(&self, me: u32, longest: Longest, holders: &impl Holders) -> Result<Again<'_, M>, NoPop> {
        for _ in 0..self.patience() {
            let (mut oldest, mut held) = (None, None);
            for index in 0..self.shape.capacity {
                let cell = self.memory.cell(index).ok_or(Corrupt)?;
                let mut seen = self.look(cell);
                if seen.state() == Some(State::Reading) && self.mend(cell, seen, State::Reading, holders) {
                    seen = self.look(cell);
                }
                match seen.state() {
                    Some(State::Reading | State::Retaken) => held = Some(seen.slot()),
                    Some(State::Again) => {
                        if self.shape.lap(seen.lap()) != seen.lap() {
                            return Err(NoPop::Corrupt);
                        }
                        let position = seen.lap() | u64::from(index);
                        if oldest.is_none_or(|(other, _)| is_ahead(position, other)) {
                            oldest = Some((position, seen));
                        }
                    }
                    _ => {}
                }
            }
            let Some((position, seen)) = oldest else {
                return Ok(held.map_or(Again::Nothing, Again::Held));
            };
            let spot = self.spot(position)?;
            if self.check_len(spot.cell, seen, longest)?
                && let Some(reading) = self.take_again(spot, seen, me)
            {
                return Ok(Again::Taken(reading));
            }
        }
        Err(NoPop::Busy(None))
    }

    /// Repairs a cell if its holder is dead, and if that may be done here; tells whether to look at it again.
    fn mend<'r>(&'r self, cell: M::Cell<'r>, seen: Ctl, state: State, holders: &impl Holders) -> bool {
        if state == State::Retaken || !holders.is_dead(seen.slot()) {
            return false;
        }
        self.repair(cell, seen);
        true
    }

    /// Takes a cell from its dead holder; tells whether it was this call that did.
    fn repair<'r>(&'r self, cell: M::Cell<'r>, seen: Ctl) -> bool {
        if seen.state() == Some(State::Writing) {
            let free = Ctl::new(self.shape.next_lap(seen.lap()), State::Free, 0);
            return self.memory.swap(Word::Ctl(cell), seen.0, free.0, Ordering::Release); // edge: mend
        }
        self.raise();
        // Relaxed: if somebody has changed it, the swap fails.
        let len = header_len(self.memory.load(Word::Header(cell), Ordering::Relaxed));
        let again = Ctl::new(seen.lap(), State::Again, len);
        self.memory.swap(Word::Ctl(cell), seen.0, again.0, Ordering::Release) // edge: back
    }

    /// Says that a cell will be AGAIN. Before it is.
    fn raise(&self) {
        loop {
            let again = self.memory.load(Word::Again, Ordering::Relaxed);
            let more = again.wrapping_add(ONCE_MORE) | FLAG;
            let raised = self.memory.swap(Word::Again, again, more, Ordering::Release); // edge: again
            if raised {
                return;
            }
        }
    }

    /// Says that no cell is AGAIN, if nobody has said otherwise since `again` was read.
    fn lower(&self, again: u64) -> bool {
        // Relaxed: it says nothing that others must see.
        self.memory.swap(Word::Again, again, again & !FLAG, Ordering::Relaxed)
    }
}

/// Whether there is an item in a cell, in whoever's hands.
fn is_item(seen: Ctl) -> bool {
    matches!(seen.state(), Some(State::Full | State::Reading | State::Again | State::Retaken))
}

/// What a look for items to be delivered again found.
enum Again<'r, M: Memory> {
    Taken(Reading<'r, M>),
    /// None, but this one is in the middle of a pop, and may be about to leave one.
    Held(u32),
    Nothing,
}

/// A position of the ring and its cell.
struct Spot<'r, M: Memory + 'r> {
    position: u64,
    /// Where the position's lap begins.
    lap: u64,
    cell: M::Cell<'r>,
}

impl<M: Memory> Clone for Spot<'_, M> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Memory> Copy for Spot<'_, M> {}

/// A cell that is the caller's, to be filled. Dropped, it is given up.
pub(crate) struct Writing<'r, M: Memory> {
    ring: &'r Ring<M>,
    spot: Spot<'r, M>,
}

impl<M: Memory> Writing<'_, M> {
    /// The item's position, if it comes to be: see [`Ring::has`].
    pub(crate) fn position(&self) -> u64 {
        self.spot.position
    }

    /// Writes the item and shows it to the poppers. One that is too long is given up.
    #[inline(always)]
    pub(crate) fn publish(self, tag: u32, payload: &[u8]) -> Result<(), NoPush> {
        let room = self.ring.memory.room_of(self.spot.cell);
        if payload.len() > room {
            return Err(NoPush::TooLong(room));
        }
        self.fill(header(tag, payload.len()), payload);
        Ok(())
    }

    /// As `publish`; the item stands for a message of `whole` bytes.
    pub(crate) fn publish_for(self, tag: u32, payload: &[u8], whole: usize) -> Result<(), NoPush> {
        let room = self.ring.memory.room_of(self.spot.cell);
        if payload.len() > room {
            return Err(NoPush::TooLong(room));
        }
        self.fill(header_for(header(tag, payload.len()), whole), payload);
        Ok(())
    }

    /// Writes what the item is, which nobody sees yet.
    #[inline(always)]
    pub(in crate::lockfree) fn describe(&self, header: u64) {
        self.ring.memory.store(Word::Header(self.spot.cell), header, Ordering::Release); // edge: whole
    }

    /// As `publish`, of an item that is known to fit.
    #[inline(always)]
    fn fill(self, header: u64, payload: &[u8]) {
        let (memory, Spot { lap, cell, .. }) = (&self.ring.memory, self.spot);
        memory.write(cell, payload);
        self.describe(header);
        let full = Ctl::new(lap, State::Full, payload.len() as u64);
        memory.store(Word::Ctl(cell), full.0, Ordering::Release); // edge: publish
        core::mem::forget(self);
    }

    /// Gives the cell up: there never was an item.
    pub(crate) fn abandon(self) {}
}

impl<M: Memory> Drop for Writing<'_, M> {
    fn drop(&mut self) {
        let free = Ctl::new(self.ring.shape.next_lap(self.spot.lap), State::Free, 0);
        self.ring.memory.store(Word::Ctl(self.spot.cell), free.0, Ordering::Release); // edge: free
    }
}

/// A cell that is the caller's, with the item that he pops. Dropped, the item is put back.
pub(crate) struct Reading<'r, M: Memory> {
    ring: &'r Ring<M>,
    spot: Spot<'r, M>,
    len: usize,
    again: bool,
}

impl<M: Memory> Reading<'_, M> {
    /// What it is.
    #[inline(always)]
    pub(crate) fn item(&self) -> Item {
        // Relaxed: it was published with the item.
        let tag = header_tag(self.ring.memory.load(Word::Header(self.spot.cell), Ordering::Relaxed));
        Item { len: self.len, tag, again: self.again, position: self.spot.position }
    }

    /// Copies the item's bytes, or as many as there is room for.
    #[inline(always)]
    pub(crate) fn read(&self, into: &mut [u8]) {
        // Mostly the caller knows how long items are: then the compiler does, too, and the copy is a few moves.
        if into.len() == self.len {
            self.ring.memory.read(self.spot.cell, into);
        } else {
            let len = self.len.min(into.len());
            self.ring.read_part(self.spot.cell, &mut into[..len]);
        }
    }

    /// Takes the item out of the ring.
    #[inline(always)]
    pub(crate) fn finish(self) -> Item {
        let item = self.item();
        let free = Ctl::new(self.ring.shape.next_lap(self.spot.lap), State::Free, 0);
        self.ring.memory.store(Word::Ctl(self.spot.cell), free.0, Ordering::Release); // edge: free
        core::mem::forget(self);
        item
    }

    /// Copies its bytes and takes it out.
    #[inline(always)]
    fn copy_out(self, into: &mut [u8]) -> Item {
        self.read(into);
        self.finish()
    }

    /// Gives the item back, which nobody has seen: it is the next that is delivered, flagged only if it was.
    pub(crate) fn put_back(self) {}
}

impl<M: Memory> Drop for Reading<'_, M> {
    fn drop(&mut self) {
        self.ring.raise();
        let unseen = if self.again { 0 } else { UNSEEN };
        let again = Ctl::new(self.spot.lap, State::Again, self.len as u64 | unseen);
        self.ring.memory.store(Word::Ctl(self.spot.cell), again.0, Ordering::Release); // edge: back
    }
}

impl From<Corrupt> for NoPush {
    fn from(_: Corrupt) -> NoPush {
        NoPush::Corrupt
    }
}

impl From<Corrupt> for NoPop {
    fn from(_: Corrupt) -> NoPop {
        NoPop::Corrupt
    }
}
