//! What consumers owe: messages that were got and not yet acknowledged, in cells that name the process that owes.
//!
//! ```text
//! FREE(s) –CAS→ FILLING(s, thread) → OWED(s, process) –CAS→ FREE(s+1)                         done
//!                  ↓ died, nothing there  ↓ died, gave back
//!               FREE(s)                 BACK(s+1) –CAS→ TAKING(s+1, thread) → OWED(s+1, process), or FREE(s+2)
//!                                         ↑ died, gave back ↓
//! ```
//! A message that is got for an acknowledgement is copied from the ring to a cell here. While that is done, it is in the
//! ring; then the cell becomes OWED: that store is the commit; then the ring's cell is given up. From there on the cell is
//! the message's only place, until the debt ends.
//!
//! ## Whose it is if somebody dies
//! * FILLING: the message is in the ring, which delivers it again. Whoever meets the cell makes it free.
//! * OWED, the process is dead: the sweep asks whether the ring still has that position. If so, the dead one came no
//!   further than the commit: the ring delivers the message again, and the cell becomes free. If not, it becomes BACK.
//! * TAKING: BACK again, done by whoever meets it.
//! * The thread is dead, its process lives, and the cell is OWED: if the ring has the message, that delivers it again,
//!   see below; else it is owed as any.
//!
//! ## Why nothing is delivered from both places
//! Whoever takes from the ring what comes *again*, in whatever manner, frees every OWED cell of that position, but for
//! his own, before he gives up the ring's cell. So whoever finds a position gone from the ring finds no debt of those
//! who had it before: a repairer who looked at such a cell long ago, and now asks the ring, is told "gone" only after
//! his cell was freed, and his swap fails. A position that is gone stays gone, so a debt that became BACK is the
//! message's only place.
//!
//! ## Why words need no position
//! A control word has the token of who has the cell, generation and all, and the stay of the cell, which is another one
//! after each delivery: no word with a token comes twice, so that no late repair and no second acknowledgement meets
//! another message in the cell.
//!
//! ## How what was given back is found
//! `back` is raised, with a new number, *after* a cell became BACK; it is lowered by a swap from the number that was
//! seen before all cells were looked at, and only if none was BACK or TAKING. So a raised `back` is never lowered with
//! its cell unseen; and a cell whose giver died before he could raise it is found by whoever finds the ring empty, who
//! looks at the cells whatever `back` says, and at the number of `back` before and after. (Raised before, as the ring's
//! `again` is, it would have to stay up while anything is owed: before the swap the cell is OWED as any other.)
//!
//! ## How it is known that nothing is owed any more
//! A message goes from the ring to here and never back, and in a place that it has left it never is again. So whoever
//! looks at the whole ring first, and then at all cells, and finds none that is not later than a mark, knows that all
//! up to the mark was got and acknowledged.
//!
//! ## Edges
//! | edge | release | acquire | carries | model that fails without it |
//! |---|---|---|---|---|
//! | vacant | `done`, `mend`: CAS to FREE; `Taking::finish`, `Filling::drop`: FREE | `claim`: CAS to FILLING | "we are done with these bytes" | `a_debt_that_is_paid_is_no_longer_read`, `what_was_taken_for_good_is_no_longer_read`, `a_cell_given_up_is_no_longer_written`, `what_a_dead_one_filled_is_no_longer_written` |
//! | hand | `claim`, `take`: CAS to a thread's token | `look` | the holder's alive word is set | `who_fills_is_never_robbed`, `who_takes_is_never_robbed` |
//! | debt | `owe`: OWED | `look` | the message, its position, who got it | `a_debt_is_whole_before_it_is_paid` |
//! | returned | `give_back`: CAS to BACK; `Taking::drop`: BACK | `look` | the message; "the other one's reads are over" | `what_was_put_back_is_whole`, `what_two_take_is_written_over_only_after_both` |
//! | told | `raise`: CAS of `back` | `told`: load of `back` | the cell is BACK | `who_is_told_that_something_is_back_finds_it` |

pub(crate) mod clear;
pub(crate) mod layout;
pub(crate) mod memory;
pub(crate) mod next;

#[cfg(all(test, not(loom)))]
mod explorer;
#[cfg(all(test, not(loom)))]
mod tests;

use self::layout::{Ctl, FLAG, ONCE_MORE, State, Ticket};
use self::memory::{Memory, Word};
use crate::lockfree::mpmc::layout::{State as RingState, header, header_len, header_tag, is_ahead};
use crate::lockfree::mpmc::memory::Memory as RingMemory;
use crate::lockfree::mpmc::{Item, Reading, Ring};
use crate::shim::Ordering;

/// What must be known of those who have cells for the time of a call.
pub(crate) trait Threads {
    /// Whether the thread of this token is dead, by proof. A token that nobody has is a dead one's.
    fn is_dead(&self, thread: u32) -> bool;
}

/// Why there was nothing to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoTake {
    /// Nothing was given back.
    Nothing,
    /// The thread of this token is in the middle of a move, and may be about to leave something; `None`: others were
    /// quicker many times running.
    Busy(Option<u32>),
    /// What comes next has so many bytes, and the caller room for fewer. Nothing was taken.
    TooSmall(usize),
}

/// Why a ticket does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoDebt {
    /// It is no ticket of this table.
    Foreign,
    /// It names a delivery that is long over, or none.
    Unknown,
    /// That delivery was acknowledged or given back lately.
    Over,
    /// Another process owes it.
    NotMine,
}

/// A message that is owed no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paid {
    pub(crate) tag: u32,
    /// The beginning of its bytes, if they were wanted.
    pub(crate) bytes: [u8; 16],
}

/// How many cells of a dead one were repaired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recovered {
    /// Free: what they held is still in the ring.
    pub(crate) freed: u32,
    /// To be delivered again from here.
    pub(crate) back: u32,
}

/// What is owed. Any number of these, in any process, may exist for the same memory.
pub(crate) struct Debts<M> {
    memory: M,
    /// In each ticket, not 0: tells tables apart.
    tag: u32,
}

impl<M: Memory> Debts<M> {
    /// Goes on with what is in the memory: zeros owe nothing.
    pub(crate) fn open(memory: M, tag: u32) -> Debts<M> {
        Debts { memory, tag }
    }

    /// How many cells there are.
    pub(crate) fn count(&self) -> u32 {
        self.memory.count()
    }

    /// Claims a free cell for a message that the caller is going to take; looks at cell `from` first. `None` if none is.
    /// `me` is the token of the calling thread; it ends this within the call.
    pub(crate) fn claim(&self, me: u32, from: u32, threads: &impl Threads) -> Option<Filling<'_, M>> {
        let count = self.count();
        (0..count).find_map(|step| {
            let index = (from % count + step) % count;
            let cell = self.memory.cell(index)?;
            let mut seen = self.look(cell);
            if seen.state() == Some(State::Filling) && threads.is_dead(seen.token()) {
                self.mend(cell, seen);
                seen = self.look(cell);
            }
            if seen.state() != Some(State::Free) {
                return None;
            }
            // AcqRel: Acquire is edge `vacant`, Release is edge `hand`.
            let mine = seen.to(State::Filling, me);
            let claimed = self.memory.swap(Word::Ctl(cell), seen.0, mine.0, Ordering::AcqRel); // edge: vacant, hand
            claimed.then(|| Filling { debts: self, index, cell, free: seen.to(State::Free, 0) })
        })
    }

    /// Takes what was given back, the oldest first, if it has at most `longest` bytes.
    pub(crate) fn take(
        &self,
        me: u32,
        longest: usize,
        threads: &impl Threads,
    ) -> Result<Taking<'_, M>, NoTake> {
        for _ in 0..self.count() + 64 {
            let told = self.told();
            let (oldest, held) = self.search(threads);
            let Some((position, index, seen)) = oldest else {
                if held.is_some() {
                    return Err(NoTake::Busy(held));
                }
                if told & FLAG != 0 {
                    self.lower(told);
                }
                return Err(NoTake::Nothing);
            };
            let Some(cell) = self.memory.cell(index) else { continue };
            let (len, tag) = self.header(cell);
            if len > longest && self.look(cell) == seen {
                return Err(NoTake::TooSmall(len));
            }
            let mine = seen.to(State::Taking, me);
            // No Acquire: a word that says BACK never comes twice, and the look has acquired this one.
            let taken = self.memory.swap(Word::Ctl(cell), seen.0, mine.0, Ordering::Release); // edge: hand
            if taken {
                return Ok(Taking { debts: self, index, cell, back: seen, len, tag, position });
            }
        }
        Err(NoTake::Busy(None))
    }

    /// The oldest message that was given back, and who is in the middle of taking one.
    fn search(&self, threads: &impl Threads) -> (Option<(u64, u32, Ctl)>, Option<u32>) {
        let (mut oldest, mut held): (Option<(u64, u32, Ctl)>, _) = (None, None);
        for index in 0..self.count() {
            let Some(cell) = self.memory.cell(index) else { continue };
            let mut seen = self.look(cell);
            if seen.state() == Some(State::Taking) && threads.is_dead(seen.token()) {
                self.give_back(cell, seen);
                seen = self.look(cell);
            }
            match seen.state() {
                Some(State::Taking) => held = Some(seen.token()),
                Some(State::Back) => {
                    let position = self.position(cell);
                    if oldest.is_none_or(|(other, ..)| is_ahead(position, other)) {
                        oldest = Some((position, index, seen));
                    }
                }
                _ => {}
            }
        }
        (oldest, held)
    }

    /// How often something was given back, as far as those who gave it have said so; it also tells whether something
    /// still is, or was lately.
    pub(crate) fn told(&self) -> u64 {
        self.memory.load(Word::Back, Ordering::Acquire) // edge: told
    }

    /// Whether nothing was said to have been given back between two of these.
    pub(crate) fn is_same(before: u64, after: u64) -> bool {
        before | FLAG == after | FLAG
    }

    /// Whether something may have been given back, at the price of a poll.
    #[inline(always)]
    pub(crate) fn seems_back(&self) -> bool {
        self.memory.load(Word::Back, Ordering::Relaxed) & FLAG != 0 // Relaxed: whoever acts on it looks again
    }

    /// Ends a debt of this process. Of a message with the tag `wanted` it tells the beginning.
    pub(crate) fn done(&self, ticket: Ticket, process: u32, wanted: u32) -> Result<Paid, NoDebt> {
        let (cell, owed) = self.find(ticket, process)?;
        let (len, tag) = self.header(cell);
        let mut bytes = [0; 16];
        // If another thread ends the same debt meanwhile, what is read has no meaning, and the swap fails.
        if tag == wanted {
            let len = len.min(bytes.len()).min(self.memory.room());
            self.memory.read(cell, &mut bytes[..len]);
        }
        let free = owed.next(State::Free);
        let ended = self.memory.swap(Word::Ctl(cell), owed.0, free.0, Ordering::Release); // edge: vacant
        if ended {
            return Ok(Paid { tag, bytes });
        }
        Err(self.find(ticket, process).err().unwrap_or(NoDebt::Unknown))
    }

    /// Gives back a message that this process owes: it is the next that is delivered, flagged.
    pub(crate) fn put_back(&self, ticket: Ticket, process: u32) -> Result<(), NoDebt> {
        let (cell, owed) = self.find(ticket, process)?;
        if self.give_back(cell, owed) {
            return Ok(());
        }
        Err(self.find(ticket, process).err().unwrap_or(NoDebt::Unknown))
    }

    /// The cell of a ticket, and its word, if this process owes it.
    fn find(&self, ticket: Ticket, process: u32) -> Result<(M::Cell<'_>, Ctl), NoDebt> {
        if ticket.tag() != self.tag {
            return Err(NoDebt::Foreign);
        }
        let cell = self.memory.cell(ticket.index()).ok_or(NoDebt::Unknown)?;
        let seen = self.look(cell);
        match seen.state() {
            Some(State::Owed) if seen.stay() == ticket.stay() && seen.token() == process => Ok((cell, seen)),
            Some(State::Owed) if seen.stay() == ticket.stay() => Err(NoDebt::NotMine),
            _ if seen.stay() == ticket.next_stay() => Err(NoDebt::Over),
            _ => Err(NoDebt::Unknown),
        }
    }

    /// The message that `thread` of this process got has been copied, or is read no more where it lies.
    pub(crate) fn copied(&self, ticket: Ticket, process: u32, thread: u32) {
        if let Ok((cell, _)) = self.find(ticket, process) {
            // Relaxed: it says nothing of what others must see. Who acknowledges the message meanwhile by its ticket may find that
            // what his thread got next is taken for copied.
            let getter = u64::from(thread);
            self.memory.swap(Word::Getter(cell), getter | COPYING, getter, Ordering::Relaxed);
        }
    }

    /// The oldest message that this process owes and the ring has no more: if there is one that `getter` got, of those, else
    /// of those that nobody alive copies, or reads where they lie.
    pub(crate) fn oldest(
        &self,
        process: u32,
        getter: u32,
        ring: &Ring<impl RingMemory>,
        threads: &impl Threads,
    ) -> Option<Ticket> {
        let mut mine: Option<(u64, Ticket)> = None;
        let mut any = mine;
        for index in 0..self.count() {
            let Some(cell) = self.memory.cell(index) else { continue };
            let seen = self.look(cell);
            if seen.state() != Some(State::Owed) || seen.token() != process {
                continue;
            }
            let position = self.position(cell);
            let (got_by, copying) = self.getter(cell);
            if ring.has(position) || copying && got_by != getter && !threads.is_dead(got_by) {
                continue; // somebody is still getting it, or reading it where it lies
            }
            let found = Some((position, Ticket::new(index, self.tag, seen)));
            let is_older = |than: &Option<(u64, Ticket)>| than.is_none_or(|(p, _)| is_ahead(position, p));
            if got_by == getter && is_older(&mine) {
                mine = found;
            }
            if is_older(&any) {
                any = found;
            }
        }
        mine.or(any).map(|(_, ticket)| ticket)
    }

    /// Ends every debt of this position: the caller holds the ring's cell of it, which comes again, and has not given it
    /// up. `but`: not that in this cell, which is his own.
    pub(crate) fn disown(&self, position: u64, but: Option<u32>) {
        for index in (0..self.count()).filter(|index| Some(*index) != but) {
            let Some(cell) = self.memory.cell(index) else { continue };
            let seen = self.look(cell);
            if seen.state() == Some(State::Owed) && self.position(cell) == position {
                // Relaxed: nobody has read here since; what the debtor wrote goes on with his own release.
                self.memory.swap(Word::Ctl(cell), seen.0, seen.next(State::Free).0, Ordering::Relaxed);
            }
        }
    }

    /// Repairs everything that a dead thread was in the middle of. By anyone, any number of times.
    pub(crate) fn recover_thread(&self, dead: u32) -> Recovered {
        let mut recovered = Recovered::default();
        for index in 0..self.count() {
            let Some(cell) = self.memory.cell(index) else { continue };
            let seen = self.look(cell);
            match seen.state() {
                Some(State::Filling) if seen.token() == dead => {
                    recovered.freed += u32::from(self.mend(cell, seen));
                }
                Some(State::Taking) if seen.token() == dead => {
                    recovered.back += u32::from(self.give_back(cell, seen));
                }
                _ => {}
            }
        }
        recovered
    }

    /// Gives back everything that a process owes which is dead, or leaves. By anyone, any number of times.
    pub(crate) fn recover_process(&self, gone: u32, ring: &Ring<impl RingMemory>) -> Recovered {
        let (mut recovered, mut is_back) = (Recovered::default(), false);
        for index in 0..self.count() {
            let Some(cell) = self.memory.cell(index) else { continue };
            let seen = self.look(cell);
            is_back |= seen.state() == Some(State::Back);
            if seen.state() != Some(State::Owed) || seen.token() != gone {
                continue;
            }
            if ring.has(self.position(cell)) {
                // Relaxed: as in `disown`.
                let free = seen.next(State::Free);
                let freed = self.memory.swap(Word::Ctl(cell), seen.0, free.0, Ordering::Relaxed);
                recovered.freed += u32::from(freed);
            } else {
                recovered.back += u32::from(self.give_back(cell, seen));
            }
        }
        if is_back {
            self.raise(); // who gave it back may have died before he could
        }
        recovered
    }

    /// The latest position that is in the ring, or not acknowledged; all that was put before this call, and is not
    /// acknowledged, is there or earlier.
    pub(crate) fn latest(&self, ring: &Ring<impl RingMemory>) -> Option<u64> {
        let mut latest = None;
        let mut note = |position| {
            if latest.is_none_or(|other| is_ahead(other, position)) {
                latest = Some(position);
            }
        };
        in_ring(ring).for_each(&mut note);
        self.positions().for_each(&mut note);
        latest
    }

    /// Whether everything up to a position was got and acknowledged.
    pub(crate) fn is_settled(&self, upto: u64, ring: &Ring<impl RingMemory>) -> bool {
        // The ring first: see the module.
        let is_later = |position| is_ahead(upto, position);
        in_ring(ring).all(is_later) && self.positions().all(is_later)
    }

    /// How many messages there are that were not acknowledged: exact while nobody is in the middle of a call.
    pub(crate) fn unfinished(&self, ring: &Ring<impl RingMemory>) -> usize {
        in_ring(ring).count() + self.positions().filter(|position| !ring.has(*position)).count()
    }

    /// How many were given back and not taken again.
    pub(crate) fn back(&self) -> usize {
        self.states().filter(|state| *state == State::Back).count()
    }

    /// Somebody who is in the middle of taking what was given back, or whether something is back.
    pub(crate) fn is_moving(&self) -> Option<Option<u32>> {
        (0..self.count()).find_map(|index| {
            let seen = self.look(self.memory.cell(index)?);
            match seen.state()? {
                State::Back => Some(None),
                State::Taking => Some(Some(seen.token())),
                _ => None,
            }
        })
    }

    /// The processes that owe something, cell by cell.
    pub(crate) fn debtors(&self) -> impl Iterator<Item = u32> {
        (0..self.count()).filter_map(|index| {
            let seen = self.look(self.memory.cell(index)?);
            (seen.state() == Some(State::Owed)).then(|| seen.token())
        })
    }

    /// Whether no message is here: none is owed, given back, or being taken.
    pub(crate) fn has_none(&self) -> bool {
        self.positions().next().is_none()
    }

    /// Whether there is a message of this tag that begins with these bytes.
    pub(crate) fn names(&self, tag: u32, name: [u8; 8]) -> bool {
        (0..self.count()).any(|index| {
            let Some(cell) = self.memory.cell(index) else { return false };
            let mut bytes = [0; 8];
            if !self.look(cell).has_message() || self.memory.room() < bytes.len() {
                return false;
            }
            self.memory.read(cell, &mut bytes);
            self.header(cell).1 == tag && bytes == name
        })
    }

    /// Whether no cell is anybody's.
    #[cfg(all(test, loom))]
    pub(crate) fn is_free(&self) -> bool {
        self.states().all(|state| state == State::Free)
    }

    fn states(&self) -> impl Iterator<Item = State> {
        (0..self.count()).filter_map(|index| self.look(self.memory.cell(index)?).state())
    }

    /// The positions of the messages that are here.
    fn positions(&self) -> impl Iterator<Item = u64> {
        (0..self.count()).filter_map(|index| {
            let cell = self.memory.cell(index)?;
            self.look(cell).has_message().then(|| self.position(cell))
        })
    }

    fn look<'d>(&'d self, cell: M::Cell<'d>) -> Ctl {
        Ctl(self.memory.load(Word::Ctl(cell), Ordering::Acquire)) // edge: hand, debt, returned
    }

    /// Which message is in a cell that was looked at.
    fn position<'d>(&'d self, cell: M::Cell<'d>) -> u64 {
        self.memory.load(Word::Position(cell), Ordering::Relaxed) // Relaxed: behind the edge `debt`
    }

    fn getter<'d>(&'d self, cell: M::Cell<'d>) -> (u32, bool) {
        let word = self.memory.load(Word::Getter(cell), Ordering::Relaxed); // Relaxed: behind the edge `debt`
        (word as u32, word & COPYING != 0)
    }

    /// Length and tag of the message in a cell that was looked at.
    fn header<'d>(&'d self, cell: M::Cell<'d>) -> (usize, u32) {
        let header = self.memory.load(Word::Header(cell), Ordering::Relaxed); // Relaxed: behind the edge `debt`
        (header_len(header) as usize, header_tag(header))
    }

    /// Takes a cell from a dead one who was filling it.
    fn mend<'d>(&'d self, cell: M::Cell<'d>, seen: Ctl) -> bool {
        let free = seen.to(State::Free, 0);
        self.memory.swap(Word::Ctl(cell), seen.0, free.0, Ordering::Release) // edge: vacant
    }

    /// Makes a cell BACK that is exactly as seen, and then says so.
    fn give_back<'d>(&'d self, cell: M::Cell<'d>, seen: Ctl) -> bool {
        let back = seen.next(State::Back);
        let given = self.memory.swap(Word::Ctl(cell), seen.0, back.0, Ordering::Release); // edge: returned
        if given {
            self.raise();
        }
        given
    }

    /// Says that a cell is BACK. After it is.
    fn raise(&self) {
        loop {
            let told = self.memory.load(Word::Back, Ordering::Relaxed);
            let more = told.wrapping_add(ONCE_MORE) | FLAG;
            let raised = self.memory.swap(Word::Back, told, more, Ordering::Release); // edge: told
            if raised {
                return;
            }
        }
    }

    /// Says that no cell is BACK, if nobody has said otherwise since `back` was read.
    fn lower(&self, told: u64) {
        // Relaxed: it says nothing that others must see.
        self.memory.swap(Word::Back, told, told & !FLAG, Ordering::Relaxed);
    }

    /// Writes down who owes, and then that somebody does.
    fn owe<'d>(&'d self, cell: M::Cell<'d>, owed: Ctl, by: Debtor) {
        let copying = if by.copies { COPYING } else { 0 };
        // Relaxed: the store after it publishes it.
        self.memory.store(Word::Getter(cell), u64::from(by.thread) | copying, Ordering::Relaxed);
        self.memory.store(Word::Ctl(cell), owed.0, Ordering::Release); // edge: debt
    }
}

/// The positions of the messages that are in the ring, in whoever's hands.
fn in_ring(ring: &Ring<impl RingMemory>) -> impl Iterator<Item = u64> {
    let is_item =
        |state| matches!(state, RingState::Full | RingState::Reading | RingState::Again | RingState::Retaken);
    ring.cells().filter(move |seen| is_item(seen.state)).map(|seen| seen.position)
}

/// Who comes to owe a message.
#[derive(Clone, Copy)]
pub(crate) struct Debtor {
    pub(crate) thread: u32,
    pub(crate) process: u32,
    /// The message is going to be copied from where it lies, or read there. Until that was done, or the thread is dead, no other
    /// thread acknowledges it without its ticket: see [`Debts::copied`].
    pub(crate) copies: bool,
}

/// Beside the token of the thread that got a message: it is still copied, or read where it lies.
const COPYING: u64 = 1 << 32;

/// A cell that is the caller's, for a message that he takes from the ring. Dropped, it is free again.
pub(crate) struct Filling<'d, M: Memory> {
    debts: &'d Debts<M>,
    index: u32,
    cell: M::Cell<'d>,
    /// Its word when it was free.
    free: Ctl,
}

impl<'d, M: Memory> Filling<'d, M> {
    /// Writes the message to it that the caller has claimed in the ring.
    pub(crate) fn fill(&self, item: Item, bytes: &[u8]) {
        let (memory, cell) = (&self.debts.memory, self.cell);
        memory.write(cell, bytes);
        // Relaxed, both: the commit publishes them.
        memory.store(Word::Header(cell), header(item.tag, bytes.len()), Ordering::Relaxed);
        memory.store(Word::Position(cell), item.position, Ordering::Relaxed);
    }

    /// From here on the message is owed. It is still in the ring.
    pub(crate) fn commit(self, by: Debtor) -> Ticket {
        let owed = self.free.to(State::Owed, by.process);
        self.debts.owe(self.cell, owed, by);
        let ticket = Ticket::new(self.index, self.debts.tag, owed);
        core::mem::forget(self);
        ticket
    }
}

impl<M: Memory> Drop for Filling<'_, M> {
    fn drop(&mut self) {
        self.debts.memory.store(Word::Ctl(self.cell), self.free.0, Ordering::Release); // edge: vacant
    }
}

/// The last steps of getting for an acknowledgement: the debt, an end to all older ones for the message, the ring's cell.
pub(crate) fn settle<M: Memory, R: RingMemory>(
    filling: Filling<'_, M>,
    reading: Reading<'_, R>,
    by: Debtor,
) -> Ticket {
    let (debts, index) = (filling.debts, filling.index);
    let ticket = filling.commit(by);
    finish(debts, reading, Some(index));
    ticket
}

/// Takes a message out of the ring; if it comes again, those are freed of it who had it before. `own`: the cell that it is
/// in now.
pub(crate) fn finish<M: Memory, R: RingMemory>(
    debts: &Debts<M>,
    reading: Reading<'_, R>,
    own: Option<u32>,
) -> Item {
    let item = reading.item();
    if item.again {
        debts.disown(item.position, own);
    }
    reading.finish()
}

/// A cell that is the caller's, with a message that was given back. Dropped, it is given back again.
pub(crate) struct Taking<'d, M: Memory> {
    debts: &'d Debts<M>,
    index: u32,
    cell: M::Cell<'d>,
    /// Its word when it was given back.
    back: Ctl,
    len: usize,
    tag: u32,
    position: u64,
}

impl<M: Memory> Taking<'_, M> {
    /// What it is.
    pub(crate) fn item(&self) -> Item {
        Item { len: self.len, tag: self.tag, again: true, position: self.position }
    }

    /// Copies the message's bytes, or as many as there is room for.
    pub(crate) fn read(&self, into: &mut [u8]) {
        let len = self.len.min(into.len()).min(self.debts.memory.room());
        self.debts.memory.read(self.cell, &mut into[..len]);
    }

    /// The message is owed again, by another one.
    pub(crate) fn commit(self, by: Debtor) -> Ticket {
        let owed = self.back.to(State::Owed, by.process);
        self.debts.owe(self.cell, owed, by);
        let ticket = Ticket::new(self.index, self.debts.tag, owed);
        core::mem::forget(self);
        ticket
    }

    /// Takes the message out for good.
    pub(crate) fn finish(self) -> Item {
        let free = self.back.next(State::Free);
        self.debts.memory.store(Word::Ctl(self.cell), free.0, Ordering::Release); // edge: vacant
        let item = self.item();
        core::mem::forget(self);
        item
    }
}

impl<M: Memory> Drop for Taking<'_, M> {
    fn drop(&mut self) {
        let back = self.back.next(State::Back);
        self.debts.memory.store(Word::Ctl(self.cell), back.0, Ordering::Release); // edge: returned
        self.debts.raise();
    }
}
