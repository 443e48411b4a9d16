//! A process that forks others: small, with one thread, and warm.
//!
//! | file | noun |
//! |---|---|
//! | `mod.rs` | the server, as the process that has made it sees it |
//! | `line.rs` | his end of the line: requests, each with its answer |
//! | `wire.rs` | what is said on it |
//! | `serve.rs` | the server, in its own process |
//! | `request.rs` | what it is asked for, and what the child makes of it |
#![forbid(unsafe_code)]

mod line;
mod request;
mod serve;
mod wire;

use crate::error::{Error, ErrorKind, Result};
use crate::os::child::{self, Pidfd};
use crate::os::process;
use crate::presence::handover::{self, Invitation};
use crate::process::handle::{self, AtExit, Child, News, Process, ProcessOptions};
use crate::process::{entry, family, letter};
use crate::sync::wait::Timeout;
use line::Line;
use std::collections::BTreeSet;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

pub(super) use serve::serve;
pub(super) use wire::read_exit;

/// What a server is started with; no program's entry has such a name.
pub(super) const ENTRY: &str = "/fork-server";
/// How long who serves the library waits for one that begins: what the program does before `init` is its own affair.
const PATIENCE_AT_FIRST: Duration = Duration::from_secs(60);
/// How long for the end of one that was killed.
const MOMENT: Duration = Duration::from_secs(1);

/// A process that forks others when it is asked to: as quick as a fork of a small program, whatever this one has mapped, and
/// safe whatever threads this one has, because the server has one.
///
/// It is this program, started anew, so that its children run the entries that this program has registered
/// ([`register_entry`](crate::register_entry)). It can be warmed: what its `preload` entry has done, its children find done.
///
/// Only this process can ask it: over a line that nobody can connect to, on which the kernel says of each request who has sent it
/// (unix(7), SCM_CREDENTIALS). It ends with this process, or when it is dropped; its children then go on, but how they ended
/// is not told any more ([`Exit::Unknown`](crate::Exit::Unknown)).
///
/// # Death
/// If the server is killed, calls answer `PeerDied`; its children go on, and their end is noticed, as
/// [`Exit::Unknown`](crate::Exit::Unknown). A child that is made with [`AtExit::Kill`](crate::AtExit::Kill) dies with this
/// process, not with the server.
///
/// # Threads, fork
/// Any number of threads. In a fork child it is a stranger's: `NotOwner`.
pub struct ForkServer {
    process: Process,
    maker: u32,
    line: Line,
}

impl ForkServer {
    /// Starts a server. Errors: as for [`Process::spawn`].
    pub fn start() -> Result<ForkServer> {
        ForkServer::begin("", &[])
    }

    /// Starts a server that runs this entry before it serves. If that does not return 0, the server ends with what it returns. Errors: as for
    /// [`Process::spawn`].
    pub fn start_with(preload: &str, bytes: &[u8]) -> Result<ForkServer> {
        entry::check(preload)?;
        ForkServer::begin(preload, bytes)
    }

    fn begin(preload: &str, bytes: &[u8]) -> Result<ForkServer> {
        entry::check_init()?;
        let (line, theirs) = line::new()?;
        let number = theirs.as_raw_fd();
        let mut told = number.to_ne_bytes().to_vec();
        told.push(preload.len() as u8); // a name has at most 63
        told.extend(preload.bytes());
        told.extend(bytes);
        let options = ProcessOptions {
            name: Some("ForkServer".into()),
            at_exit: AtExit::Kill,
            inherit: vec![number],
            ..ProcessOptions::default()
        };
        let process = handle::spawn_service(&options, ENTRY, &told)?;
        Ok(ForkServer { process, maker: process::pid(), line })
    }

    /// A server that is a copy of this process, which must have one thread. Errors: as for [`Process::fork`].
    pub(super) fn fork() -> Result<ForkServer> {
        let (line, theirs) = line::new()?;
        let mut told = theirs.as_raw_fd().to_ne_bytes().to_vec();
        told.push(0); // nothing is run first
        let options = ProcessOptions {
            name: Some("ForkServer".into()),
            at_exit: AtExit::Kill,
            ..ProcessOptions::default()
        };
        let stray = [line.number()];
        let process = handle::fork_service(&options, || {
            child::close_all(&stray);
            serve(&told)
        })?;
        Ok(ForkServer { process, maker: process::pid(), line })
    }

    /// The server itself.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Waits until it serves, at most `timeout`. Errors: `Timeout`, `Cancelled`, `PeerDied` (it has ended), `NotOwner`.
    pub fn ready(&self, timeout: impl Into<Timeout>) -> Result<()> {
        self.own()?;
        self.line.be_ready(&self.process, timeout.into())
    }

    /// Makes a process that runs this entry. See [`ForkServer::spawn_with`].
    pub fn spawn(&self, entry: &str, bytes: &[u8]) -> Result<Process> {
        self.spawn_with(&ProcessOptions::default(), entry, bytes)
    }

    /// Makes a process that runs the function registered under `entry` with these bytes, and ends with its result. Waits until
    /// the server is ready. One that does not answer within 10 s then, because it was stopped, is killed.
    ///
    /// [`ProcessOptions::despite_threads`] means nothing here.
    ///
    /// The child has the standard streams of the server, which are those that this process had when it started it; one that
    /// [`ProcessOptions::inherit`] names is this process's of now.
    ///
    /// Errors: as for [`Process::spawn_with`]; `Range` (more than 251 inherited descriptors and ends), `State` (the `preload` entry has left
    /// threads in the server), `PeerDied` (the server has ended: a child may have been made, which nobody has a handle of, and
    /// which goes on), `NotOwner`.
    pub fn spawn_with(&self, options: &ProcessOptions, entry: &str, bytes: &[u8]) -> Result<Process> {
        entry::check(entry)?;
        self.make(options, entry, bytes).map(family::adopt)
    }

    /// A process that serves the library. `PeerDied` also if the server does not answer: then it has been killed.
    pub(super) fn spawn_service(
        &self,
        options: &ProcessOptions,
        entry: &str,
        bytes: &[u8],
    ) -> Result<Process> {
        self.line.be_ready(&self.process, Timeout::For(PATIENCE_AT_FIRST)).map_err(|e| self.give_up(e))?;
        let mut child = self.make(options, entry, bytes)?;
        child.service = true;
        Ok(family::adopt(child))
    }

    /// A server that was waited for long enough is killed, and with it what it may have made meanwhile.
    fn give_up(&self, why: Error) -> Error {
        if why.kind() != ErrorKind::Timeout {
            return why;
        }
        let _ = self.process.kill();
        let _ = child::poll([self.process.as_fd()], Some(MOMENT)); // no join: the list of yards may be locked
        self.line.undo_unasked();
        line::gone()
    }

    fn make(&self, options: &ProcessOptions, entry: &str, bytes: &[u8]) -> Result<Child> {
        self.own()?;
        options.check()?;
        let count = options.inherit.len() + options.ends.len();
        if count > wire::INHERIT_MAX {
            let detail = format!("{count} inherited descriptors and ends, more than {}", wire::INHERIT_MAX);
            return Err(Error::with(ErrorKind::Range, detail));
        }
        self.line.be_ready(&self.process, Timeout::Forever)?;
        let (name, _life) = family::expect(options.name.as_deref())?;
        let (news, tell) = child::pipe()?;
        let mut letter = options.letter(name.clone(), -1, entry, bytes);
        let (pid, pidfd) = handover::invite(&options.ends, |invited| {
            letter.invited = invited.to_vec();
            self.ask(options, &letter.to_bytes(), invited, &tell)
        })?;
        let news = News::Server(news.into(), self.process.clone());
        Ok(Child::new(pid, Pidfd::from_fd(pidfd), news, name, options))
    }

    /// A request and its answer: the child's number and its pidfd.
    fn ask(
        &self,
        options: &ProcessOptions,
        letter: &[u8],
        invited: &[Invitation],
        tell: &OwnedFd,
    ) -> Result<(u32, OwnedFd)> {
        let is_long = letter.len() > wire::LETTER_MAX;
        let paper = if is_long { Some(letter::on_paper(letter)?) } else { None };
        let inherit: BTreeSet<RawFd> = options.inherit.iter().copied().collect(); // one may be named twice
        let inherit: Vec<RawFd> = inherit.into_iter().collect();
        let request = wire::request(options.group, &inherit, if is_long { &[] } else { letter });
        let own = std::iter::once(tell.as_fd()).chain(paper.as_ref().map(AsFd::as_fd));
        let numbers: Vec<RawFd> = inherit.iter().copied().chain(invited.iter().map(|it| it.fd)).collect();
        let fds: Vec<BorrowedFd<'_>> = own.chain(child::borrow_all(&numbers)?).collect();
        self.line.ask(&self.process, &request, &fds).map_err(|e| self.give_up(e))
    }

    fn own(&self) -> Result<()> {
        if self.maker == process::pid() {
            return Ok(());
        }
        Err(Error::with(ErrorKind::NotOwner, format!("the fork server is process {}'s", self.maker)))
    }
}

impl std::fmt::Debug for ForkServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForkServer").field("process", &self.process).finish_non_exhaustive()
    }
}

impl Drop for ForkServer {
    fn drop(&mut self) {
        // Not of a fork child: the line is its parent's. But a child may have a copy of it, so that closing it would not do.
        if self.own().is_ok() {
            self.line.shut();
        }
    }
}
