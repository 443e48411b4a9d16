//! The maker's end of the line to a fork server.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::fd_wait::FdWait;
use crate::os::child::{self, Pidfd};
use crate::os::{Mutex, socket};
use crate::process::family;
use crate::process::handle::Process;
use crate::process::server::wire::{self, Answer};
use crate::shim::{AtomicU32, Ordering};
use crate::sync::deadline::Deadline;
use crate::sync::wait::Timeout;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

/// How long to wait for an answer, twice: a server that gives none stands still, is as good as dead, and is killed.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Line {
    socket: OwnedFd,
    /// 1: it has said so.
    is_ready: AtomicU32,
    /// Held from a request to its answer.
    turn: Mutex<()>,
}

/// A line, and the end of it that a server is to have: it hears of each request whose it is.
pub(super) fn new() -> Result<(Line, OwnedFd)> {
    let (socket, theirs) = socket::pair()?;
    socket::tell_senders(&theirs)?;
    Ok((Line { socket, is_ready: AtomicU32::new(0), turn: Mutex::new(()) }, theirs))
}

impl Line {
    pub(super) fn number(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Ends it, whoever else may have copies of this end.
    pub(super) fn shut(&self) {
        socket::shut(&self.socket);
    }

    /// Waits until the server serves. Others may have its end of the line, and keep it open when the server has ended.
    pub(super) fn be_ready(&self, server: &Process, timeout: Timeout) -> Result<()> {
        let wait = FdWait::new(timeout);
        loop {
            if !matches!(child::poll([server.as_fd()], Some(Duration::ZERO)), Ok(None)) {
                return Err(gone());
            }
            if self.is_ready_now()? {
                return Ok(());
            }
            wait.sleep(&[self.socket.as_fd(), server.as_fd()])?;
        }
    }

    fn is_ready_now(&self) -> Result<bool> {
        // Relaxed: nothing comes with it. Once it is true nobody waits here for whoever has his turn.
        if self.is_ready.load(Ordering::Relaxed) == 1 {
            return Ok(true);
        }
        let _turn = self.turn.lock();
        if self.is_ready.load(Ordering::Relaxed) == 0 {
            if !self.has_answer(Duration::ZERO) {
                return Ok(false);
            }
            socket::receive(&self.socket, &mut [0])?.ok_or_else(gone)?;
            self.is_ready.store(1, Ordering::Relaxed);
        }
        Ok(true)
    }

    fn has_answer(&self, patience: Duration) -> bool {
        let until = Deadline::after(patience);
        loop {
            match child::poll([self.socket.as_fd()], Some(until.remaining())) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                answer => return matches!(answer, Ok(Some(_))),
            }
        }
    }

    /// As `has_answer`; not if the server ends before.
    fn is_answered(&self, server: &Process, patience: Duration) -> bool {
        let until = Deadline::after(patience);
        loop {
            match child::poll([self.socket.as_fd(), server.as_fd()], Some(until.remaining())) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Ok(Some(0)) => return true,
                _ => return self.has_answer(Duration::ZERO),
            }
        }
    }

    /// A request and its answer: the child's number and its pidfd. `Timeout`: the line is of no use any more.
    pub(super) fn ask(
        &self,
        server: &Process,
        request: &[u8],
        fds: &[BorrowedFd<'_>],
    ) -> Result<(u32, OwnedFd)> {
        let _turn = self.turn.lock();
        self.send(request, fds)?;
        // Twice: who was stopped together with his server, and goes on, must not find the time up. Who hands over ends keeps all
        // of the process's yards waiting meanwhile.
        if !self.is_answered(server, PATIENCE) && !self.is_answered(server, PATIENCE) {
            self.shut(); // nobody takes the answer for his, should it come
            return Err(ErrorKind::Timeout.into());
        }
        let mut room = [0; Answer::BYTES];
        let message = socket::receive(&self.socket, &mut room)?.ok_or_else(gone)?;
        let answer = Answer::of(message.bytes);
        if message.is_cut {
            self.send(&wire::undo(answer.pid), &[])?;
            return Err(Error::with(ErrorKind::NoMemory, "no descriptor is left for the new process"));
        }
        answer.into_result(message.fds)
    }

    /// The children that nobody has waited for end.
    pub(super) fn undo_unasked(&self) {
        let _turn = self.turn.lock();
        while self.has_answer(Duration::ZERO)
            && let Ok(Some(answer)) = socket::receive(&self.socket, &mut [0; Answer::BYTES])
        {
            answer.fds.into_iter().for_each(|fd| drop(Pidfd::from_fd(fd).signal(family::SIGKILL)));
        }
    }

    fn send(&self, request: &[u8], fds: &[BorrowedFd<'_>]) -> Result<()> {
        socket::send(&self.socket, request, fds).map_err(|e| match e.kind() {
            ErrorKind::PeerDied => gone(),
            _ => e,
        })
    }
}

pub(super) fn gone() -> Error {
    Error::with(ErrorKind::PeerDied, "the fork server has ended")
}
