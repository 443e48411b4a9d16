//! What a new process is told: a letter, which it reads before anything else. It lies in a memory file, or comes in the request
//! to a fork server.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::os::file;
use crate::presence::handover::Invitation;
use crate::process::handle::AtExit;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd, RawFd};

/// Begins each letter: another version of the library writes others.
const MAGIC: [u8; 8] = *b"cydlet3\0";

/// What a new process is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    /// Its name.
    pub(super) name: String,
    /// The process that asked for it.
    pub(super) parent: u32,
    pub(super) at_exit: AtExit,
    /// It is to lead a group of its own.
    pub(super) group: bool,
    /// How much it says on standard error, as its maker does: see `log::level`.
    pub(super) log: u32,
    /// Under which number it finds the pipe that its parent keeps open for life.
    pub(super) life: RawFd,
    /// What it has of its maker's descriptors by chance: to be closed.
    pub(super) strays: Vec<RawFd>,
    /// The yards in which a place is kept for it.
    pub(super) invited: Vec<Invitation>,
    /// Which function it is to call, and with what.
    pub(super) entry: String,
    pub(super) bytes: Vec<u8>,
}

impl Letter {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        let (at_exit, group) = (self.at_exit as u32, u32::from(self.group));
        for number in [self.parent, at_exit, group, self.log, self.life.cast_unsigned()] {
            out.extend(number.to_ne_bytes());
        }
        let strays: Vec<u8> = self.strays.iter().flat_map(|fd| fd.to_ne_bytes()).collect();
        let invited: Vec<u8> = self.invited.iter().flat_map(invitation_to_bytes).collect();
        for part in [self.name.as_bytes(), &strays, &invited, self.entry.as_bytes(), &self.bytes] {
            out.extend((part.len() as u64).to_ne_bytes());
            out.extend(part);
        }
        out
    }

    /// What these bytes say. Errors: `Corrupt` if they are no letter.
    pub(super) fn of(bytes: &[u8]) -> Result<Letter> {
        Letter::from_bytes(bytes).ok_or_else(|| Error::with(ErrorKind::Corrupt, "no letter to a child"))
    }

    fn from_bytes(mut bytes: &[u8]) -> Option<Letter> {
        let from = &mut bytes;
        if take(from, MAGIC.len())? != MAGIC {
            return None;
        }
        let mut number = || Some(u32::from_ne_bytes(take(from, 4)?.try_into().ok()?));
        let [parent, at_exit, group, log, life] = [number()?, number()?, number()?, number()?, number()?];
        let mut part = || {
            let len = u64::from_ne_bytes(take(from, 8)?.try_into().ok()?);
            take(from, usize::try_from(len).ok()?)
        };
        let [name, strays, invited, entry, argument] = [part()?, part()?, part()?, part()?, part()?];
        let strays = strays.as_chunks().0.iter().map(|fd| RawFd::from_ne_bytes(*fd)).collect();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        Some(Letter {
            name: text(name)?,
            parent,
            at_exit: AtExit::from_number(at_exit)?,
            group: group != 0,
            log,
            life: life.cast_signed(),
            strays,
            invited: invited.as_chunks().0.iter().map(invitation_of).collect(),
            entry: text(entry)?,
            bytes: argument.to_vec(),
        })
    }

    /// The letter in a memory file.
    pub(super) fn write(&self) -> Result<OwnedFd> {
        on_paper(&self.to_bytes())
    }

    /// Reads a letter. Errors: `Corrupt` if it is none.
    pub(super) fn read(paper: &OwnedFd) -> Result<Letter> {
        let len = file::stat(paper.as_fd())?.size;
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
        let n = file::read_start(paper.as_fd(), &mut bytes)?;
        Letter::of(&bytes[..n])
    }
}

/// A letter's bytes in a memory file.
pub(super) fn on_paper(bytes: &[u8]) -> Result<OwnedFd> {
    let failed = |e: std::io::Error| Error::with(ErrorKind::NoMemory, format!("a letter to a child: {e}"));
    let mut paper = File::from(file::memfd("courtyard-letter")?);
    paper.write_all(bytes).map_err(failed)?;
    Ok(paper.into())
}

fn invitation_to_bytes(it: &Invitation) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&it.fd.to_ne_bytes());
    bytes[4..8].copy_from_slice(&it.index.to_ne_bytes());
    bytes[8..].copy_from_slice(&it.place.to_ne_bytes());
    bytes
}

fn invitation_of(bytes: &[u8; 16]) -> Invitation {
    let number = |at: usize| u32::from_ne_bytes([0, 1, 2, 3].map(|i| bytes[at + i]));
    let place = u64::from_ne_bytes(std::array::from_fn(|i| bytes[8 + i]));
    Invitation { fd: number(0).cast_signed(), index: number(4), place }
}

fn take<'b>(from: &mut &'b [u8], len: usize) -> Option<&'b [u8]> {
    let (head, rest) = from.split_at_checked(len)?;
    *from = rest;
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        Letter {
            name: "Process-1".into(),
            parent: 17,
            at_exit: AtExit::Kill,
            group: true,
            log: 3,
            life: 5,
            strays: vec![7, 9],
            invited: vec![Invitation { fd: 4, index: 9, place: u64::MAX - 5 }],
            entry: "work".into(),
            bytes: vec![0, 255, 3],
        }
    }

    #[test]
    fn a_letter_says_what_was_written() {
        assert_eq!(Letter::read(&letter().write().unwrap()).unwrap(), letter());
    }

    #[test]
    fn what_is_no_letter_is_refused() {
        let whole = letter().to_bytes();
        for len in 0..whole.len() {
            assert_eq!(Letter::from_bytes(&whole[..len]), None, "cut after {len} bytes");
        }
        let mut endless = whole.clone();
        endless[28..36].fill(0xff);
        assert_eq!(Letter::from_bytes(&endless), None, "a part that is longer than the letter");
        let mut foreign = whole;
        foreign[0] ^= 1;
        assert_eq!(Letter::from_bytes(&foreign), None);
    }
}
