//! What a fork server is asked for: read before the fork, and fulfilled in the child.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::os::child;
use crate::os::socket::Message;
use crate::presence::handover;
use crate::process::letter::Letter;
use crate::process::server::wire;
use crate::process::{entry, family, log};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;

/// What a server is asked for.
pub(super) struct Request {
    letter: Words,
    pub(super) group: bool,
    pub(super) tell: OwnedFd,
    inherited: Vec<OwnedFd>,
    numbers: Vec<RawFd>,
    /// What belongs to the letter's invitations.
    invited: Vec<OwnedFd>,
}

/// A letter. A short one has been read before the fork: what a child writes or frees, and each part of the program that it comes to
/// for that, is a page fault of its own.
enum Words {
    Read(Letter),
    OnPaper(OwnedFd),
}

impl Request {
    pub(super) fn of(message: Message<'_>) -> Result<Request> {
        let corrupt = || Error::with(ErrorKind::Corrupt, "no request to a fork server");
        if message.is_cut {
            return Err(Error::with(ErrorKind::NoMemory, "no descriptors are left in the fork server"));
        }
        let Some(([wire::FORK, group, count], rest)) = message.bytes.split_first_chunk() else {
            return Err(corrupt());
        };
        let (numbers, letter) = rest.split_at_checked(4 * usize::from(*count)).ok_or_else(corrupt)?;
        let numbers: Vec<RawFd> =
            numbers.as_chunks().0.iter().map(|number| RawFd::from_ne_bytes(*number)).collect();
        let mut fds = message.fds.into_iter();
        let tell = fds.next().ok_or_else(corrupt)?;
        let letter = match letter {
            [] => Words::OnPaper(fds.next().ok_or_else(corrupt)?),
            short => Words::Read(Letter::of(short)?),
        };
        let inherited: Vec<OwnedFd> = fds.by_ref().take(numbers.len()).collect();
        if inherited.len() < numbers.len() {
            return Err(corrupt());
        }
        // Not collected in place, which would keep the room of all: see `Words`.
        let mut invited = Vec::new();
        invited.extend(fds);
        Ok(Request { letter, group: *group != 0, tell, inherited, numbers, invited })
    }

    /// In the child: becomes who the letter says, and does what it is for.
    pub(super) fn fulfil(self, mut life: Option<Arc<OwnedFd>>) -> i32 {
        drop(self.tell);
        let letter = match self.letter {
            Words::Read(letter) => Ok(letter),
            Words::OnPaper(paper) => Letter::read(&paper),
        };
        let begun = letter.and_then(|letter| {
            // What this process has is out of the way of the numbers that it is to have.
            let from = self.numbers.iter().fold(3, |from: RawFd, number| from.max(number.saturating_add(1)));
            let is_in_the_way = |life: &Arc<OwnedFd>| self.numbers.contains(&life.as_raw_fd());
            if life.as_ref().is_some_and(is_in_the_way) {
                life = life.map(|life| child::lift(&life, from)).transpose()?.map(Arc::new);
            }
            accept(&letter, self.invited, from)?;
            child::place(self.inherited, &self.numbers)?;
            if letter.group {
                child::lead_group();
            }
            log::adopt(letter.log);
            family::become_child(letter.name, letter.parent, life, letter.at_exit)?;
            Ok((letter.entry, letter.bytes))
        });
        match begun {
            Ok(told) => {
                let code = entry::call(&told.0, &told.1);
                std::mem::forget(told); // it ends now
                code
            }
            Err(e) => {
                child::last_words(&format!("courtyard: a child of the fork server cannot begin: {e}\n"));
                entry::NO_LETTER
            }
        }
    }
}

/// Keeps what a child was invited to, under numbers from `from` on.
fn accept(letter: &Letter, invited: Vec<OwnedFd>, from: RawFd) -> Result<()> {
    for (it, fd) in letter.invited.iter().zip(invited) {
        handover::accept(child::lift(&fd, from)?, it)?;
    }
    Ok(())
}
