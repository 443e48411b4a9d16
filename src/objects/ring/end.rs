//! One end of a ring: who holds it, how it is taken, closed, mourned and taken over.
//!
//! The word is 0 (nobody yet) or the process token of the last holder, alone (he holds it) or with CLOSED (he closed
//! it) or DIED (he is proven dead). CLOSED and DIED together: closed by a successor who had not yet delivered
//! everything that was in doubt.
//!
//! ## Edges
//! | edge | release | acquire | carries |
//! |---|---|---|---|
//! | end | `leave`, `mourn`: CAS | `take`: CAS; `look`: load | everything the last holder did to the ring |
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::faults;
use crate::presence::attachment::{Attachment, Who};
use crate::presence::place::Standing;
use crate::segment::bits::{END_CLOSED, END_DIED, TOKEN, Token};
use crate::shim::{AtomicU32, Ordering, Watch};

/// What is known of the process at an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Peer {
    /// Nobody has taken the end yet.
    Absent,
    /// A process holds it.
    Here,
    /// Its holder closed it.
    Closed,
    /// Its holder died.
    Died,
}

/// As [`Peer`], with what a sleeper needs.
pub(crate) enum Look<'a> {
    Gone(Peer),
    Absent,
    Here { alive: Option<Watch<'a>>, doubt: bool },
}

/// How an end was got.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Nobody held it, or its last holder closed it.
    Clean,
    /// Its last holder died.
    AfterDeath,
}

/// Takes an end for the process `me`, if nobody alive holds it. `Busy` otherwise.
pub(crate) fn take(end: &AtomicU32, yard: &Attachment, me: Token) -> Result<Taken> {
    loop {
        let word = end.load(Ordering::Acquire); // edge: end
        let taken = match Token::of(word) {
            None => Taken::Clean,
            Some(_) if word & END_DIED != 0 => Taken::AfterDeath,
            Some(_) if word & END_CLOSED != 0 => Taken::Clean,
            Some(holder) if yard.is_here(holder) => {
                let who = if holder == me { "this process" } else { "another process" };
                return Err(Error::with(ErrorKind::Busy, format!("{who} holds this end")));
            }
            Some(_) => Taken::AfterDeath,
        };
        if end.compare_exchange(word, me.0, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            // edge: end
            if taken == Taken::AfterDeath && word & END_DIED == 0 {
                note(yard, end, word);
            }
            return Ok(taken);
        }
    }
}

/// Closes an end that `me` holds; `doubtful` if not everything in doubt was delivered.
pub(crate) fn leave(end: &AtomicU32, me: Token, doubtful: bool) -> bool {
    let closed = me.0 | END_CLOSED | if doubtful { END_DIED } else { 0 };
    end.compare_exchange(me.0, closed, Ordering::AcqRel, Ordering::Relaxed).is_ok() // edge: end
}

/// Marks an end whose holder `dead` is proven dead.
pub(crate) fn mourn(end: &AtomicU32, dead: Token) -> bool {
    end.compare_exchange(dead.0, dead.0 | END_DIED, Ordering::AcqRel, Ordering::Relaxed).is_ok() // edge: end
}

fn note(yard: &Attachment, end: &AtomicU32, dead: u32) {
    Token::of(dead).inspect(|dead| faults::note(yard, Who::Process(*dead), end, 1));
}

/// What the word alone says: no system call, and no notice of a death nobody has marked.
pub(crate) fn glance(end: &AtomicU32) -> Peer {
    let word = end.load(Ordering::Acquire); // edge: end
    match word {
        _ if word & END_CLOSED != 0 => Peer::Closed,
        _ if word & END_DIED != 0 => Peer::Died,
        _ if word & TOKEN == 0 => Peer::Absent,
        _ => Peer::Here,
    }
}

/// Looks whether the holder lives; marks the end if not.
pub(crate) fn look<'a>(end: &AtomicU32, yard: &'a Attachment) -> Look<'a> {
    let word = end.load(Ordering::Acquire); // edge: end
    match glance(end) {
        Peer::Absent => return Look::Absent,
        Peer::Here => {}
        gone => return Look::Gone(gone),
    }
    let Some(holder) = Token::of(word) else { return Look::Absent };
    match yard.process_standing(holder) {
        Standing::Here(alive) => Look::Here { alive, doubt: false },
        Standing::Doubtful { .. } => Look::Here { alive: None, doubt: true },
        Standing::Dead => {
            if mourn(end, holder) {
                note(yard, end, holder.0);
            }
            Look::Gone(Peer::Died)
        }
    }
}
