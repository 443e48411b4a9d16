//! What a fork server and its maker say to each other.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::os::child::Exit;
use crate::os::socket::{self, Message};
use std::fs::File;
use std::io::Read;
use std::os::fd::{OwnedFd, RawFd};

/// What a request begins with, then whether the child is to lead a group, how many descriptors it inherits, and their numbers.
pub(super) const FORK: u8 = 1;
/// What the wish begins with to undo a child, whose number follows: its maker has no room for its descriptor.
const UNDO: u8 = 3;
/// What a server says once, when it is ready.
pub(super) const READY: u8 = 2;
/// Descriptors of a request besides those that the child inherits: where its end is told, and its letter if that is long.
const OWN_FDS: usize = 2;
/// The most descriptors that a child of a server can inherit.
pub(super) const INHERIT_MAX: usize = socket::FDS_MAX - OWN_FDS;
/// A letter of at most so many bytes is in the request itself.
pub(super) const LETTER_MAX: usize = 2048;
/// The longest request.
pub(super) const REQUEST_MAX: usize = 3 + 4 * INHERIT_MAX + LETTER_MAX;

/// What is to be sent for a child. No letter: it is on paper.
pub(super) fn request(group: bool, inherit: &[RawFd], letter: &[u8]) -> Vec<u8> {
    let mut request = vec![FORK, u8::from(group), inherit.len() as u8];
    inherit.iter().for_each(|number| request.extend(number.to_ne_bytes()));
    request.extend(letter);
    request
}

/// What is to be sent so that a child is undone.
pub(super) fn undo(pid: u32) -> Vec<u8> {
    [&[UNDO][..], &pid.to_ne_bytes()].concat()
}

/// The child that is to be undone, if that is what is asked for.
pub(super) fn to_undo(message: &Message<'_>) -> Option<u32> {
    let (&UNDO, pid) = message.bytes.split_first()? else { return None };
    pid.try_into().ok().map(u32::from_ne_bytes)
}

/// What a server says to a request.
pub(super) struct Answer {
    /// 0, or what went wrong.
    pub(super) code: i32,
    pub(super) os: i32,
    pub(super) pid: u32,
}

impl Answer {
    pub(super) const BYTES: usize = 12;

    pub(super) fn to_bytes(&self) -> [u8; Answer::BYTES] {
        let mut bytes = [0; Answer::BYTES];
        let numbers = [self.code, self.os, self.pid.cast_signed()];
        bytes.chunks_exact_mut(4).zip(numbers).for_each(|(to, n)| to.copy_from_slice(&n.to_ne_bytes()));
        bytes
    }

    pub(super) fn of(bytes: &[u8]) -> Answer {
        let mut words = bytes.chunks_exact(4).map(|c| i32::from_ne_bytes([c[0], c[1], c[2], c[3]]));
        let mut word = || words.next().unwrap_or(0);
        Answer { code: word(), os: word(), pid: word().cast_unsigned() }
    }

    pub(super) fn into_result(self, fds: Vec<OwnedFd>) -> Result<(u32, OwnedFd)> {
        match fds.into_iter().next() {
            Some(pidfd) if self.code == 0 => Ok((self.pid, pidfd)),
            _ => {
                let kind = ErrorKind::from_code(self.code).unwrap_or(ErrorKind::Corrupt);
                Err(Error::os(kind, self.os, "fork in the fork server"))
            }
        }
    }
}

pub(super) fn exit_to_bytes(exit: Exit) -> [u8; 8] {
    let (kind, value) = match exit {
        Exit::Code(code) => (0_i32, code),
        Exit::Signal(number) => (1, number),
        Exit::Unknown => (2, 0),
    };
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&kind.to_ne_bytes());
    bytes[4..].copy_from_slice(&value.to_ne_bytes());
    bytes
}

/// What has been heard from a server of one child: nothing yet, or how it ended, or that nothing is to come because the
/// server has ended (`Some(None)`).
pub(in crate::process) fn read_exit(mut news: &File) -> Option<Option<Exit>> {
    let mut bytes = [0; 8];
    match news.read_exact(&mut bytes) {
        Ok(()) => {}
        Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return None,
        Err(_) => return Some(None),
    }
    let [kind, value] = [&bytes[..4], &bytes[4..]].map(|b| i32::from_ne_bytes([b[0], b[1], b[2], b[3]]));
    Some(Some(match kind {
        0 => Exit::Code(value),
        1 => Exit::Signal(value),
        _ => Exit::Unknown,
    }))
}
