//! Which message a getter gets: what was given back comes first, then what the ring has.
#![forbid(unsafe_code)]

use super::layout::FLAG;
use super::memory::Memory;
use super::{Debts, Filling, NoTake, Taking, Threads};
use crate::lockfree::mpmc::layout::State;
use crate::lockfree::mpmc::memory::Memory as RingMemory;
use crate::lockfree::mpmc::{Holders, Longest, NoPop, Reading, Ring};

/// A message that is the caller's for the time of the call.
pub(crate) enum Next<'a, M: Memory, R: RingMemory> {
    /// From the ring, with a cell for it if it is got for an acknowledgement.
    Ring(Reading<'a, R>, Option<Filling<'a, M>>),
    /// One that was given back.
    Back(Taking<'a, M>),
}

/// Who stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InTheWay {
    /// The thread with this slot.
    Slot(u32),
    /// The thread of this token.
    Thread(u32),
    /// Others were quicker many times running.
    Many,
}

/// Why there was no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoNext {
    /// There is none. Exact, as the ring's: at some instant within the call nothing was there.
    Empty,
    /// As many are owed as may be.
    Owing,
    /// Somebody is in the middle of a move.
    Busy(InTheWay),
    /// The next message has so many bytes, and the caller room for fewer.
    TooSmall(usize),
    /// The shared words cannot be the work of this library.
    Corrupt,
}

impl From<NoTake> for NoNext {
    fn from(no: NoTake) -> NoNext {
        match no {
            NoTake::Nothing => NoNext::Empty,
            NoTake::Busy(thread) => NoNext::Busy(thread.map_or(InTheWay::Many, InTheWay::Thread)),
            NoTake::TooSmall(len) => NoNext::TooSmall(len),
        }
    }
}

impl From<NoPop> for NoNext {
    fn from(no: NoPop) -> NoNext {
        match no {
            NoPop::Empty => NoNext::Empty,
            NoPop::Busy(slot) => NoNext::Busy(slot.map_or(InTheWay::Many, InTheWay::Slot)),
            NoPop::TooSmall(len) => NoNext::TooSmall(len),
            NoPop::Corrupt => NoNext::Corrupt,
        }
    }
}

/// Somebody who gets.
#[derive(Clone, Copy)]
pub(crate) struct Getter {
    /// His thread's slot and token.
    pub(crate) slot: u32,
    pub(crate) thread: u32,
    /// How many bytes he has room for.
    pub(crate) longest: Longest,
    /// If he is going to acknowledge: the cell to look at first.
    pub(crate) owes_from: Option<u32>,
}

/// Looks at the ring and at what was given back, so often at most while others are quicker.
const PATIENCE: u32 = 64;

/// The next message.
pub(crate) fn next<'a, M: Memory, R: RingMemory, H: Holders + Threads>(
    ring: &'a Ring<R>,
    debts: &'a Debts<M>,
    me: Getter,
    hands: &H,
) -> Result<Next<'a, M, R>, NoNext> {
    let take = || match debts.take(me.thread, me.longest.bytes, hands) {
        Ok(taking) => Ok(Some(taking)),
        Err(NoTake::Nothing) => Ok(None),
        Err(no) => Err(NoNext::from(no)),
    };
    for _ in 0..PATIENCE {
        let told = debts.told();
        if told & FLAG != 0 {
            match take() {
                Ok(Some(taking)) => return Ok(Next::Back(taking)),
                Ok(None) | Err(NoNext::Busy(_)) => {} // asked again below
                Err(no) => return Err(no),
            }
        }
        let filling = me.owes_from.and_then(|from| debts.claim(me.thread, from, hands));
        if filling.is_some() || me.owes_from.is_none() {
            match ring.claim_read(me.slot, me.longest, hands) {
                Ok(reading) => return Ok(Next::Ring(reading, filling)),
                Err(NoPop::Empty) => drop(filling),
                Err(no) => return Err(no.into()),
            }
        } else if ring.cells().any(|seen| seen.state != State::Free) {
            return Err(NoNext::Owing);
        }
        if let Some(taking) = take()? {
            return Ok(Next::Back(taking));
        }
        // What was given back meanwhile may have been there when another one was taken.
        if Debts::<M>::is_same(told, debts.told()) {
            return Err(NoNext::Empty);
        }
    }
    Err(NoNext::Busy(InTheWay::Many))
}
