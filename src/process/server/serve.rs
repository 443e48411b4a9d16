//! The fork server, in its own process.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::os::child::{self, Fork, Interrupts, Pidfd, Pipes};
use crate::os::socket::{self, Message};
use crate::os::{process, streams};
use crate::process::server::request::Request;
use crate::process::server::wire::{self, Answer};
use crate::process::{entry, family, handle};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd, RawFd};

/// The server's own descriptors have numbers from here on, if it may have such.
const OURS_FROM: RawFd = 200;

/// Serves until nobody has the other end. The exit code of the server.
pub(in crate::process) fn serve(told: &[u8]) -> i32 {
    match begin_serving(told) {
        Ok((line, signals, 0)) => {
            let signals = (signals, child::ignore_pipes());
            let (maker, alone) = (process::parent(), handle::alone());
            Server { line, maker, alone, signals, wards: Vec::new() }.run().map_or(1, |()| 0)
        }
        Ok((_, _, code)) => code,
        Err(e) => {
            child::last_words(&format!("courtyard: the fork server cannot begin: {e}\n"));
            1
        }
    }
}

/// Runs what is to be run first. The line, what the program did with interrupts, and the result.
fn begin_serving(told: &[u8]) -> Result<(OwnedFd, Interrupts, i32)> {
    let corrupt = || Error::with(ErrorKind::Corrupt, "no beginning of a fork server");
    let (number, rest) = told.split_first_chunk::<4>().ok_or_else(corrupt)?;
    let (len, rest) = rest.split_first().ok_or_else(corrupt)?;
    let (preload, bytes) = rest.split_at_checked(usize::from(*len)).ok_or_else(corrupt)?;
    let preload = std::str::from_utf8(preload).map_err(|_| corrupt())?;
    let line = child::adopt(RawFd::from_ne_bytes(*number)).ok_or_else(corrupt)?;
    // Children are to have descriptors under numbers that their maker says: ours are out of the way.
    let line = child::lift_if_allowed(line, OURS_FROM)?;
    family::lift_life(OURS_FROM)?;
    let interrupts = child::ignore_interrupts();
    let code = if preload.is_empty() { 0 } else { entry::call(preload, bytes) };
    Ok((line, interrupts, code))
}

/// The server, in its own process.
struct Server {
    line: OwnedFd,
    /// Who has made it, as this PID namespace numbers him: 0, as all there, if he is outside. If he has ended before he was noted,
    /// nobody is heeded.
    maker: u32,
    /// Whether what was run first has left threads: nothing starts one later.
    alone: Result<()>,
    /// What its children do with SIGINT and SIGPIPE. It ignores them: a terminal asks the program to end, not its server, and nobody
    /// may want to hear of an end that it tells.
    signals: (Interrupts, Pipes),
    wards: Vec<Ward>,
}

impl Server {
    fn run(mut self) -> Result<()> {
        socket::send(&self.line, &[wire::READY], &[])?;
        streams::flush(self.alone.is_ok()); // once: nothing is written from now on
        // Not on the heap, of which each page that is written is copied after a fork.
        let mut room = [0; wire::REQUEST_MAX];
        loop {
            // Those who have ended come first: whoever asks and asks keeps nobody from hearing of it.
            let wards = self.wards.iter().map(|ward| ward.pidfd.as_fd());
            match child::poll(wards.chain([self.line.as_fd()]), None) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
                Ok(Some(at)) if at < self.wards.len() => {
                    if self.wards[at].has_ended() {
                        self.wards.swap_remove(at);
                    }
                }
                Ok(_) => match socket::receive(&self.line, &mut room)? {
                    // His fork children have copies of the line. No answer: it would come to him.
                    Some(request) if request.sender != Some(self.maker) => {}
                    Some(request) => self = self.answer(request)?,
                    None => return Ok(()),
                },
            }
        }
    }

    /// Makes a child, or says why not.
    fn answer(mut self, request: Message<'_>) -> Result<Server> {
        if let Some(pid) = wire::to_undo(&request) {
            self.undo(pid);
            return Ok(self);
        }
        let alone = self.alone.clone();
        let request = match Request::of(request).and_then(|request| alone.map(|()| request)) {
            Ok(request) => request,
            Err(e) => return self.refuse(&e),
        };
        let life = family::parents_life();
        match child::fork() {
            Ok(Fork::Child) => {
                let (interrupts, pipes) = self.forsake();
                child::heed_interrupts(&interrupts);
                child::heed_pipes(&pipes);
                handle::run_forked(|| request.fulfil(life))
            }
            Ok(Fork::Parent(pid)) => match Pidfd::of_child(pid) {
                Ok(pidfd) => {
                    let answer = Answer { code: 0, os: 0, pid };
                    socket::send(&self.line, &answer.to_bytes(), &[pidfd.as_fd()])?;
                    self.wards.push(Ward { pid, pidfd, group: request.group, tell: request.tell.into() });
                    Ok(self)
                }
                Err(e) => {
                    child::undo(pid);
                    self.refuse(&e)
                }
            },
            Err(e) => self.refuse(&e),
        }
    }

    /// In a child: neither requests nor the ends of others are its business. Their memory stays as it is: a page that is not
    /// written need not be copied.
    fn forsake(self) -> (Interrupts, Pipes) {
        let Server { line, mut wards, signals, maker: _, alone: _ } = self;
        drop(line);
        wards.drain(..).for_each(drop);
        std::mem::forget(wards);
        signals
    }

    /// As if this child had never been.
    fn undo(&mut self, pid: u32) {
        if let Some(at) = self.wards.iter().position(|ward| ward.pid == pid) {
            self.wards.swap_remove(at);
            child::undo(pid);
        }
    }

    fn refuse(self, error: &Error) -> Result<Server> {
        let answer = Answer { code: error.kind().code(), os: error.os_error().unwrap_or(0), pid: 0 };
        socket::send(&self.line, &answer.to_bytes(), &[])?;
        Ok(self)
    }
}

/// A child of the server, and where its end is to be told.
struct Ward {
    pid: u32,
    pidfd: Pidfd,
    /// It leads a group, of which nobody is to be left when it has ended.
    group: bool,
    tell: File,
}

impl Ward {
    /// Whether it has ended; tells how.
    fn has_ended(&mut self) -> bool {
        if self.group {
            let _ = child::kill_group_of(&self.pidfd, self.pid);
        }
        let Some(exit) = self.pidfd.ended(false) else { return false };
        let _ = self.tell.write_all(&wire::exit_to_bytes(exit)); // nobody may want to know
        true
    }
}
