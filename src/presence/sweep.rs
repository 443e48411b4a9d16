//! Clearing up behind the dead, so that their places can be given away again.
//!
//! Only the process named in REAPING repairs words that carry neither generation nor position; if it dies, the next
//! one takes over. Never on a lock's path: whoever meets a dead owner repairs that one word and goes on.

use crate::presence::attachment::{Attachment, Gone, Who};
use crate::presence::sweepers::Sweeper;
use crate::segment::bits::{ALIVE_DIED, ALIVE_TID, Place, State, Token};
use crate::shim::{Ordering, wake};

/// Looks at every place of the yard and clears those whose holder is proven dead.
///
/// Not while this process leaves: then it is not here any more.
pub(crate) fn sweep(yard: &Attachment) {
    let Some(_sweeper) = Sweeper::begin() else { return };
    #[cfg(test)]
    crate::presence::sweepers::hold::here();
    let Some(me) = Token::of(yard.token_if_joined()) else { return };
    for (index, entry) in (0u32..).zip(yard.entries()) {
        let Some(place) = entry.place.load() else { continue };
        let token = Token::new(index, place.generation);
        let dead = match place.state {
            State::Live | State::Joining => token != me && !yard.is_here(token),
            State::Reaping | State::Clearing => place.token != me && !yard.is_here(place.token),
            _ => false,
        };
        let reaping = place.reaped_by(me);
        if dead && entry.place.change(place, reaping) {
            clear_entry(yard, token, me, place.gone());
            entry.place.change(reaping, reaping.vacated());
        }
    }
    for index in 0..yard.geometry().slots {
        if let Some(place) = dead_slot(yard, index, me) {
            clear_slot(yard, index, place, me);
        }
    }
}

/// The slot's place, if its holder is dead and nobody alive clears it up.
fn dead_slot(yard: &Attachment, index: u32, me: Token) -> Option<Place> {
    let place = yard.slots()[index as usize].place.load()?;
    let dead = match place.state {
        State::Free => false,
        State::Live => {
            // Or it leaves just now: then it is found to have moved on.
            let token = Token::new(index, place.generation);
            matches!(yard.thread_standing(token), crate::presence::place::Standing::Dead)
        }
        State::Joining | State::Leaving | State::Reaping | State::Clearing => {
            place.token != me && !yard.is_here(place.token)
        }
    };
    dead.then_some(place)
}

/// Clears up behind a process that is proven dead: its threads' slots, then what it owned itself.
///
/// While the entry is being cleared nobody lives in it, so whatever token of it a slot carries is a dead one's: also
/// that of a joiner who was killed while he cleared up here before `me`.
pub(crate) fn clear_entry(yard: &Attachment, dead: Token, me: Token, gone: Gone) {
    for (index, slot) in (0u32..).zip(yard.slots()) {
        let of_entry = |p: &Place| p.state != State::Free && p.token.index() == dead.index() && p.token != me;
        if let Some(place) = slot.place.load().filter(of_entry) {
            clear_slot(yard, index, place, me);
        }
    }
    yard.objects().recover(yard, Who::Process(dead), gone);
}

/// Clears one slot, if it still is as seen.
fn clear_slot(yard: &Attachment, index: u32, seen: Place, me: Token) {
    let slot = &yard.slots()[index as usize];
    let reaping = seen.to(State::Reaping, me);
    if !yard.move_on(&slot.place, seen, reaping, true) {
        return;
    }
    if let Some(alive) = yard.alive(index) {
        if alive.load(Ordering::Relaxed) & ALIVE_TID != 0 {
            alive.store(ALIVE_DIED, Ordering::Release); // edge: alive; the kernel could not (say, out of memory)
        }
        wake(alive, u32::MAX);
    }
    let token = Token::new(index, seen.generation);
    yard.objects().recover(yard, Who::Thread(token), Gone::Died);
    slot.place.change(reaping, reaping.vacated());
}
