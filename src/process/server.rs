//! A process that forks others: small, with one thread, and warm.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::fd_wait::FdWait;
use crate::os::child::{self, Exit, Fork, Pidfd, Pipes};
use crate::os::socket::{self, Message};
use crate::os::{Mutex, process};
use crate::presence::handover::{self, Invitation};
use crate::process::handle::{self, AtExit, Child, News, Process, ProcessOptions};
use crate::process::letter::{self, Letter};
use crate::process::{entry, family, log};
use crate::shim::{AtomicU32, Ordering};
use crate::sync::deadline::Deadline;
use crate::sync::wait::Timeout;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

/// What a server is started with; no program's entry has such a name.
pub(super) const ENTRY: &str = "/fork-server";
/// What a request begins with, then whether the child is to lead a group, how many descriptors it inherits, and their numbers.
const FORK: u8 = 1;
/// What the wish begins with to undo a child, whose number follows: its maker has no room for its descriptor.
const UNDO: u8 = 3;
/// What a server says once, when it is ready.
const READY: u8 = 2;
/// The server's own descriptors have numbers from here on, if it may have such.
const OURS_FROM: RawFd = 200;
/// Descriptors of a request besides those that the child inherits: where its end is told, and its letter if that is long.
const OWN_FDS: usize = 2;
/// The most descriptors that a child of a server can inherit.
const INHERIT_MAX: usize = socket::FDS_MAX - OWN_FDS;
/// A letter of at most so many bytes is in the request itself.
const LETTER_MAX: usize = 2048;
/// How long to wait for an answer, twice: a server that gives none stands still, is as good as dead, and is killed.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long who serves the library waits for one that begins: what the program does before `init` is its own affair.
const PATIENCE_AT_FIRST: Duration = Duration::from_secs(60);
/// How long for the end of one that was killed.
const MOMENT: Duration = Duration::from_secs(1);
/// The longest request.
const REQUEST_MAX: usize = 3 + 4 * INHERIT_MAX + LETTER_MAX;

/// A process that forks others when it is asked to: as quick as a fork of a small program, whatever this one has mapped, and
/// safe whatever threads this one has, because the server has one.
///
/// It is this program, started anew, so that its children run the entries that this program has registered
/// ([`register_entry`](crate::register_entry)). It can be warmed: what its `preload` entry has done, its children find done.
///
/// Only this process can ask it: over a line that nobody can connect to, on which the kernel says of each request who has sent it
/// (unix(7), SCM_CREDENTIALS). It ends with this process, or when it is dropped; its children then go on, but how they ended
/// is not told any more ([`Exit::Unknown`]).
///
/// # Death
/// If the server is killed, calls answer `PeerDied`; its children go on, and their end is noticed, as [`Exit::Unknown`]. A child
/// that is made with [`AtExit::Kill`](crate::AtExit::Kill) dies with this process, not with the server.
///
/// # Threads, fork
/// Any number of threads. In a fork child it is a stranger's: `NotOwner`.
pub struct ForkServer {
    process: Process,
    maker: u32,
    line: Line,
}

struct Line {
    socket: OwnedFd,
    /// 1: it has said so.
    is_ready: AtomicU32,
    /// Held from a request to its answer.
    turn: Mutex<()>,
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
        let (ours, theirs) = line()?;
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
        Ok(ForkServer { process, maker: process::pid(), line: Line::new(ours) })
    }

    /// A server that is a copy of this process, which must have one thread. Errors: as for [`Process::fork`].
    pub(super) fn fork() -> Result<ForkServer> {
        let (ours, theirs) = line()?;
        let mut told = theirs.as_raw_fd().to_ne_bytes().to_vec();
        told.push(0); // nothing is run first
        let options = ProcessOptions {
            name: Some("ForkServer".into()),
            at_exit: AtExit::Kill,
            ..ProcessOptions::default()
        };
        let stray = [ours.as_raw_fd()];
        let process = handle::fork_service(&options, || {
            child::close_all(&stray);
            serve(&told)
        })?;
        Ok(ForkServer { process, maker: process::pid(), line: Line::new(ours) })
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
    /// Errors: as for [`Process::spawn_with`]; `Range` (more than 251 inherited descriptors and ends), `State` (the `preload` entry has left
    /// threads in the server), `PeerDied` (the server has ended), `NotOwner`.
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
        gone()
    }

    fn make(&self, options: &ProcessOptions, entry: &str, bytes: &[u8]) -> Result<Child> {
        self.own()?;
        options.check()?;
        let count = options.inherit.len() + options.ends.len();
        if count > INHERIT_MAX {
            let detail = format!("{count} inherited descriptors and ends, more than {INHERIT_MAX}");
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
        Ok(Child::new(pid, Pidfd::from_fd(pidfd), News::Server(news.into()), name, options))
    }

    /// A request and its answer: the child's number and its pidfd.
    fn ask(
        &self,
        options: &ProcessOptions,
        letter: &[u8],
        invited: &[Invitation],
        tell: &OwnedFd,
    ) -> Result<(u32, OwnedFd)> {
        let paper = if letter.len() > LETTER_MAX { Some(letter::on_paper(letter)?) } else { None };
        let mut request = vec![FORK, u8::from(options.group), options.inherit.len() as u8];
        options.inherit.iter().for_each(|number| request.extend(number.to_ne_bytes()));
        if paper.is_none() {
            request.extend(letter);
        }
        let own = std::iter::once(tell.as_fd()).chain(paper.as_ref().map(AsFd::as_fd));
        let numbers: Vec<RawFd> =
            options.inherit.iter().copied().chain(invited.iter().map(|it| it.fd)).collect();
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
            socket::shut(&self.line.socket);
        }
    }
}

/// A line, and the end of it that a server is to have: it hears of each request whose it is.
fn line() -> Result<(OwnedFd, OwnedFd)> {
    let (ours, theirs) = socket::pair()?;
    socket::tell_senders(&theirs)?;
    Ok((ours, theirs))
}

impl Line {
    fn new(socket: OwnedFd) -> Line {
        Line { socket, is_ready: AtomicU32::new(0), turn: Mutex::new(()) }
    }

    /// Waits until the server serves. Others may have its end of the line, and keep it open when the server has ended.
    fn be_ready(&self, server: &Process, timeout: Timeout) -> Result<()> {
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
    fn ask(&self, server: &Process, request: &[u8], fds: &[BorrowedFd<'_>]) -> Result<(u32, OwnedFd)> {
        let _turn = self.turn.lock();
        self.send(request, fds)?;
        // Twice: who was stopped together with his server, and goes on, must not find the time up. Who hands over ends keeps all
        // of the process's yards waiting meanwhile.
        if !self.is_answered(server, PATIENCE) && !self.is_answered(server, PATIENCE) {
            socket::shut(&self.socket); // nobody takes the answer for his, should it come
            return Err(ErrorKind::Timeout.into());
        }
        let mut room = [0; Answer::BYTES];
        let message = socket::receive(&self.socket, &mut room)?.ok_or_else(gone)?;
        let answer = Answer::of(message.bytes);
        if message.is_cut {
            self.send(&[&[UNDO][..], &answer.pid.to_ne_bytes()].concat(), &[])?;
            return Err(Error::with(ErrorKind::NoMemory, "no descriptor is left for the new process"));
        }
        answer.into_result(message.fds)
    }

    /// The children that nobody has waited for end.
    fn undo_unasked(&self) {
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

fn gone() -> Error {
    Error::with(ErrorKind::PeerDied, "the fork server has ended")
}

/// What a server says to a request.
struct Answer {
    /// 0, or what went wrong.
    code: i32,
    os: i32,
    pid: u32,
}

impl Answer {
    const BYTES: usize = 12;

    fn to_bytes(&self) -> [u8; Answer::BYTES] {
        let mut bytes = [0; Answer::BYTES];
        let numbers = [self.code, self.os, self.pid.cast_signed()];
        bytes.chunks_exact_mut(4).zip(numbers).for_each(|(to, n)| to.copy_from_slice(&n.to_ne_bytes()));
        bytes
    }

    fn of(bytes: &[u8]) -> Answer {
        let mut words = bytes.chunks_exact(4).map(|c| i32::from_ne_bytes([c[0], c[1], c[2], c[3]]));
        let mut word = || words.next().unwrap_or(0);
        Answer { code: word(), os: word(), pid: word().cast_unsigned() }
    }

    fn into_result(self, fds: Vec<OwnedFd>) -> Result<(u32, OwnedFd)> {
        match fds.into_iter().next() {
            Some(pidfd) if self.code == 0 => Ok((self.pid, pidfd)),
            _ => {
                let kind = ErrorKind::from_code(self.code).unwrap_or(ErrorKind::Corrupt);
                Err(Error::os(kind, self.os, "fork in the fork server"))
            }
        }
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

/// Serves until nobody has the other end. The exit code of the server.
pub(super) fn serve(told: &[u8]) -> i32 {
    match begin_serving(told) {
        Ok((line, 0)) => {
            let (alone, pipes) = (handle::alone(), child::ignore_pipes());
            Server { line, maker: process::parent(), alone, pipes, wards: Vec::new() }.run().map_or(1, |()| 0)
        }
        Ok((_, code)) => code,
        Err(e) => {
            child::last_words(&format!("courtyard: the fork server cannot begin: {e}\n"));
            1
        }
    }
}

/// Runs what is to be run first; its result.
fn begin_serving(told: &[u8]) -> Result<(OwnedFd, i32)> {
    let corrupt = || Error::with(ErrorKind::Corrupt, "no beginning of a fork server");
    let (number, rest) = told.split_first_chunk::<4>().ok_or_else(corrupt)?;
    let (len, rest) = rest.split_first().ok_or_else(corrupt)?;
    let (preload, bytes) = rest.split_at_checked(usize::from(*len)).ok_or_else(corrupt)?;
    let preload = std::str::from_utf8(preload).map_err(|_| corrupt())?;
    let line = child::adopt(RawFd::from_ne_bytes(*number)).ok_or_else(corrupt)?;
    // Children are to have descriptors under numbers that their maker says: ours are out of the way.
    let line = child::lift_if_allowed(line, OURS_FROM)?;
    family::lift_life(OURS_FROM)?;
    child::heed_interrupts(false);
    let code = if preload.is_empty() { 0 } else { entry::call(preload, bytes) };
    Ok((line, code))
}

/// The server, in its own process.
struct Server {
    line: OwnedFd,
    /// Who has made it, as this PID namespace numbers him: 0, as all there, if he is outside. If he has ended before he was noted,
    /// nobody is heeded.
    maker: u32,
    /// Whether what was run first has left threads: nothing starts one later.
    alone: Result<()>,
    /// What its children do with SIGPIPE. It ignores it: nobody may want to hear of an end that it tells.
    pipes: Pipes,
    wards: Vec<Ward>,
}

impl Server {
    fn run(mut self) -> Result<()> {
        socket::send(&self.line, &[READY], &[])?;
        child::flush(); // once: nothing is written from now on
        // Not on the heap, of which each page that is written is copied after a fork.
        let mut room = [0; REQUEST_MAX];
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
        if let Some(pid) = to_undo(&request) {
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
                let pipes = self.forsake();
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
    fn forsake(self) -> Pipes {
        let Server { line, mut wards, pipes, maker: _, alone: _ } = self;
        drop(line);
        wards.drain(..).for_each(drop);
        std::mem::forget(wards);
        pipes
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

/// The child that is to be undone, if that is what is asked for.
fn to_undo(message: &Message<'_>) -> Option<u32> {
    let (&UNDO, pid) = message.bytes.split_first()? else { return None };
    pid.try_into().ok().map(u32::from_ne_bytes)
}

/// What a server is asked for.
struct Request {
    letter: Words,
    group: bool,
    tell: OwnedFd,
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
    fn of(message: Message<'_>) -> Result<Request> {
        let corrupt = || Error::with(ErrorKind::Corrupt, "no request to a fork server");
        if message.is_cut {
            return Err(Error::with(ErrorKind::NoMemory, "no descriptors are left in the fork server"));
        }
        let Some(([FORK, group, count], rest)) = message.bytes.split_first_chunk() else {
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
    fn fulfil(self, mut life: Option<Arc<OwnedFd>>) -> i32 {
        drop(self.tell);
        child::heed_interrupts(true);
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

impl Ward {
    /// Whether it has ended; tells how.
    fn has_ended(&mut self) -> bool {
        if self.group {
            let _ = child::kill_group_of(&self.pidfd, self.pid);
        }
        let Some(exit) = self.pidfd.ended(false) else { return false };
        let _ = self.tell.write_all(&exit_to_bytes(exit)); // nobody may want to know
        true
    }
}

fn exit_to_bytes(exit: Exit) -> [u8; 8] {
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
pub(super) fn read_exit(mut news: &File) -> Option<Option<Exit>> {
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
