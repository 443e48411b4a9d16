//! A child, as the process that made it sees it.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::fd_wait::FdWait;
use crate::objects::many::{AsPart, Kept, Part};
use crate::os::child::{self, Exit, Fork, Pidfd};
use crate::os::{Mutex, process, streams};
use crate::presence::handover::{self, HeldEnd};
use crate::process::family::{self, SIGKILL, SIGTERM};
use crate::process::letter::Letter;
use crate::process::{entry, log, server};
use crate::sync::many::{Net, Source};
use crate::sync::wait::{Manner, Timeout};
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// The longest name of a process, in bytes.
const NAME_MAX: usize = 63;
/// What a child ends with whose function panicked; the same as that of a Rust program.
const PANICKED: i32 = 101;

/// What becomes of a child when the process that made it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum AtExit {
    /// The parent waits for it when it ends by itself, by returning from main or by exit(3). If the parent is killed, the
    /// child goes on.
    #[default]
    Wait = 0,
    /// It ends with its parent, however that ends: asked with SIGTERM first, and killed half a second later, if the parent
    /// ends by itself; killed at once by the kernel if it does not. So does the program that it becomes by exec(3), if it
    /// keeps the one descriptor besides the standard ones that it finds open then; children of its own do not.
    Kill = 1,
    /// It goes on.
    Detach = 2,
}

impl AtExit {
    pub(crate) fn from_number(number: u32) -> Option<AtExit> {
        [AtExit::Wait, AtExit::Kill, AtExit::Detach].into_iter().find(|it| *it as u32 == number)
    }
}

/// How a process is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessOptions {
    /// 1 to 63 characters of `A-Z a-z 0-9 . _ : -`; `None`: `Process-1`, `Process-2` and so on, and in a child its own name,
    /// a colon and the number. ps(1) shows 15 of them.
    pub name: Option<String>,
    /// What becomes of it at this process's end.
    pub at_exit: AtExit,
    /// It leads a process group, and whoever is left of the group when it has ended is killed: its own children, unless
    /// they have made groups of their own. That is done by who reaps it: this process, in its next call that makes a process, or
    /// lists them, or waits, or the fork server, at once. If that one is killed before, nobody does it.
    pub group: bool,
    /// Fork even if this process has other threads. They are not there in the child, but what they had locked is: of what
    /// the program and its libraries lock, only fork-safe things may be used there. The standard output of Rust is locked while
    /// somebody prints, so the child may wait for ever that prints with it; and so may one whose program has a logger that locks,
    /// if the library says something there ([`log_to_stderr`](crate::log_to_stderr) locks nothing of others).
    ///
    /// No stream is flushed before the fork then, as one that another thread has locked might never come free, and at the
    /// child's end only the `stdout` of C is: what the streams held back at the fork stays the parent's, and what the child
    /// writes to others than that one, and to Rust's in an unfinished line, it flushes by itself.
    pub despite_threads: bool,
    /// Descriptors that the child is to have under the same numbers, by [`Process::spawn`] or a [`ForkServer`](crate::ForkServer): besides the
    /// three standard ones it has no others. A forked child has all.
    pub inherit: Vec<RawFd>,
    /// Ends of pipes and sides of queues that the child holds from its birth on, by [`Process::spawn`] or a
    /// [`ForkServer`](crate::ForkServer): those opposite see no end of the stream between this process's last handle on it and
    /// the child's first. The child opens the yard and takes the end there; it holds it until it drops its last handle on
    /// it, or on the yard, or ends. A forked child holds all that its parent holds.
    ///
    /// Until it opens the yard its death is noticed within a slice of 250 ms.
    pub ends: Vec<HeldEnd>,
}

impl ProcessOptions {
    pub(super) fn check(&self) -> Result<()> {
        let fits = |name: &str| {
            (1..=NAME_MAX).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:-".contains(&b))
        };
        match &self.name {
            Some(name) if !fits(name) => {
                Err(Error::with(ErrorKind::Name, format!("{name:?} is no name of a process")))
            }
            _ => Ok(()),
        }
    }

    /// The letter to a child, which says everything but where it finds the parent's life.
    pub(super) fn letter(&self, name: String, life: RawFd, entry: &str, bytes: &[u8]) -> Letter {
        Letter {
            name,
            parent: process::pid(),
            at_exit: self.at_exit,
            group: self.group,
            log: log::level(),
            life,
            strays: Vec::new(),
            invited: Vec::new(),
            entry: entry.to_owned(),
            bytes: bytes.to_vec(),
        }
    }
}

/// How the end of a child is heard of.
pub(super) enum News {
    /// From the kernel: it is this process's own.
    Kernel,
    /// Through a pipe, from the fork server that has it as its child.
    Server(File, Process),
}

/// What has been heard of a child from its server: see [`server::read_exit`].
fn hear(news: &File, server: &Process) -> Option<Option<Exit>> {
    let heard = server::read_exit(news);
    if heard.is_some() || !server.0.pidfd.is_over() {
        return heard;
    }
    // Whoever was forked while the child was made has the pipe's other end as well, so that it closes with him only. Read once more:
    // the server may have told before it ended.
    server::read_exit(news).or(Some(None))
}

/// What is known of a child's end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    None,
    /// Nobody will tell how it ends: its server has ended.
    Untold,
    Exit(Exit),
}

impl End {
    fn exit(self) -> Option<Exit> {
        match self {
            End::Exit(exit) => Some(exit),
            _ => None,
        }
    }
}

/// A child.
pub(super) struct Child {
    pid: u32,
    name: String,
    pub(super) at_exit: AtExit,
    group: bool,
    /// It serves the library: it is not listed, and nobody waits for whichever child ends.
    pub(super) service: bool,
    /// The how-many-th child of this process it is, from 1.
    pub(super) serial: usize,
    /// Who made it: a fork child of his is a stranger.
    maker: u32,
    pidfd: Pidfd,
    news: News,
    end: Mutex<End>,
}

impl Child {
    pub(super) fn new(pid: u32, pidfd: Pidfd, news: News, name: String, options: &ProcessOptions) -> Child {
        let (at_exit, group, service) = (options.at_exit, options.group, false);
        Child {
            pid,
            name,
            at_exit,
            group,
            service,
            serial: 0,
            maker: process::pid(),
            pidfd,
            news,
            end: Mutex::new(End::None),
        }
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// How it ended, if it has.
    pub(super) fn try_end(&self) -> Option<Exit> {
        let mut end = self.end.lock();
        *end = match (*end, &self.news) {
            (End::Exit(exit), _) => End::Exit(exit),
            (End::None, News::Server(news, server)) => match hear(news, server) {
                Some(Some(exit)) => End::Exit(exit),
                Some(None) => End::Untold,
                None => End::None,
            },
            (End::None, News::Kernel) if self.pidfd.is_over() => self.reap().map_or(End::None, End::Exit),
            (End::Untold, _) if self.pidfd.is_over() => End::Exit(Exit::Unknown),
            (end, _) => end,
        };
        end.exit()
    }

    fn reap(&self) -> Option<Exit> {
        if self.group {
            child::kill_group_of(&self.pidfd, self.pid)?;
        }
        self.pidfd.ended(false)
    }

    /// What is readable as soon as there is more to be known of its end; or a slice later, if its server has ended, and somebody
    /// else has the pipe.
    pub(super) fn watched(&self) -> BorrowedFd<'_> {
        match &self.news {
            News::Server(news, _) if *self.end.lock() == End::None => news.as_fd(),
            _ => self.pidfd.as_fd(),
        }
    }

    pub(super) fn wait(&self, wait: &FdWait) -> Result<Exit> {
        loop {
            if let Some(exit) = self.try_end() {
                return Ok(exit);
            }
            wait.sleep(&[self.watched()])?;
        }
    }

    pub(super) fn signal(&self, number: i32) -> Result<bool> {
        // Reaped already: then the descriptor answers so too, but asking costs a call.
        if self.end.lock().exit().is_some() { Ok(false) } else { self.pidfd.signal(number) }
    }
}

/// A process that this one has made.
///
/// There are three ways: [`Process::fork`] runs a closure in a copy of this process; [`Process::spawn`] starts the program
/// anew and runs a function of a given name there; a [`ForkServer`](crate::ForkServer) does the same by fork, from a process
/// that is small and has one thread. What lies in yards can be used in all of them.
///
/// Clones mean the same child. Dropping the last one changes nothing: what becomes of the child says
/// [`ProcessOptions::at_exit`], and whoever has ended is reaped, so that no zombie stays, by the next call that makes a process,
/// or lists them, or waits. No handler of SIGCHLD is installed or needed.
///
/// ```
/// # fn main() -> courtyard::Result<()> {
/// use courtyard::{Exit, Process, ProcessOptions, Timeout};
///
/// let options = ProcessOptions { despite_threads: true, ..ProcessOptions::default() }; // a test has other threads
/// let child = Process::fork_with(&options, || 7)?;
/// assert_eq!(child.join(Timeout::Forever)?, Exit::Code(7));
/// # Ok(())
/// # }
/// ```
///
/// # Threads, processes, fork
/// Any number of threads. In a fork child of this process the handle is a stranger's: `NotOwner`.
#[derive(Clone)]
pub struct Process(Arc<Child>);

impl Process {
    pub(super) fn new(child: Arc<Child>) -> Process {
        Process(child)
    }

    /// Runs `work` in a copy of this process; its result is the exit code, of which 8 bits count. See [`Process::fork_with`].
    pub fn fork(work: impl FnOnce() -> i32) -> Result<Process> {
        Process::fork_with(&ProcessOptions::default(), work)
    }

    /// Runs `work` in a copy of this process, and ends the copy with its result, of which 8 bits count, or with 101 if it
    /// panics, or with 126 if it cannot begin, which it says on standard error. Returns at once, and in this process only.
    ///
    /// The child has everything that this process has; handles of this library may be used there at once. It has one
    /// thread, a copy of the calling one. At its end it flushes the standard streams and leaves its yards as one who
    /// closes, or, if other threads of it run then, as one who died, and flushes the `stdout` of C only, unless somebody has it
    /// locked: they may be in the middle of anything. Destructors of the
    /// calling function, and handlers of atexit(3), are the parent's, and do not run there. What this process's streams hold back
    /// is flushed before, if it has no other threads: a stream into a full pipe waits for who reads there.
    ///
    /// Errors: `State` (this process has other threads: see [`ProcessOptions::despite_threads`]), `Name`, `NoMemory` (also: no
    /// descriptors are left), `Os` (no processes are left).
    pub fn fork_with(options: &ProcessOptions, work: impl FnOnce() -> i32) -> Result<Process> {
        fork_any(options, work).map(family::adopt)
    }

    /// Starts this program anew, which runs the function that is registered under `entry`. See [`Process::spawn_with`].
    pub fn spawn(entry: &str, bytes: &[u8]) -> Result<Process> {
        Process::spawn_with(&ProcessOptions::default(), entry, bytes)
    }

    /// Starts this program anew, which runs the function that is registered under `entry` with these bytes, as soon as it
    /// comes to [`init`](crate::init), and ends with its result. Returns as soon as the program runs.
    ///
    /// The child has the arguments of no command line, the same environment, the standard streams, and the descriptors of
    /// [`ProcessOptions::inherit`]. It finds yards by their names, or by an inherited descriptor. What this process's streams hold
    /// back stays there, and is not flushed.
    ///
    /// Errors: `State` ([`init`](crate::init) was not called here, so would not be called there), `Unsupported` (this program has more
    /// rights than its caller, so a child would not heed what it is told), `NotFound` (no such entry), `Name`, `NoMemory`, `Os`, `NoSlots` ([`ProcessOptions::ends`]: the yard has no room for one more process).
    pub fn spawn_with(options: &ProcessOptions, entry: &str, bytes: &[u8]) -> Result<Process> {
        options.check()?;
        entry::check(entry)?;
        spawn_any(options, entry, bytes).map(family::adopt)
    }

    /// Its number. It may mean another process once this one was waited for.
    pub fn pid(&self) -> u32 {
        self.0.pid
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it still runs: exact, also right after a signal. Also in a fork child of the process that made it.
    pub fn is_alive(&self) -> bool {
        // What is known of its end is its maker's; in a fork child, the lock may be that of a thread that is not there.
        let is_known = self.own().is_ok() && self.0.end.lock().exit().is_some();
        !is_known && !self.0.pidfd.is_over()
    }

    /// How it ended, if it has; does not wait. Errors: as for [`Process::join`].
    pub fn exit(&self) -> Result<Option<Exit>> {
        self.own()?;
        let exit = self.0.try_end();
        if exit.is_some() {
            family::forget(&self.0);
        }
        Ok(exit)
    }

    /// Waits until it has ended, at most `timeout`, and tells how. May be asked again, with the same answer.
    ///
    /// Errors: `Timeout` (also for a try), `Cancelled`, `NotOwner` (this is a fork child of the process that made it).
    pub fn join(&self, timeout: impl Into<Timeout>) -> Result<Exit> {
        self.own()?;
        let exit = self.0.wait(&FdWait::new(timeout.into()))?;
        family::forget(&self.0);
        ::log::debug!("{} has ended: {exit}", self.name());
        Ok(exit)
    }

    /// Asks it to end: SIGTERM. Nothing happens if it has ended. Errors: `NotOwner`, `Permission`.
    pub fn terminate(&self) -> Result<()> {
        self.signal(SIGTERM)
    }

    /// Kills it: SIGKILL. Nothing happens if it has ended. Errors: `NotOwner`, `Permission`.
    pub fn kill(&self) -> Result<()> {
        self.signal(SIGKILL)
    }

    /// Sends it a signal (signal(7)). Nothing happens if it has ended: no other process gets it. Errors: `NotOwner`, `Permission`
    /// (it has become another user's), `Invalid` (no such signal).
    pub fn signal(&self, number: i32) -> Result<()> {
        self.own()?;
        self.0.signal(number).map(drop)
    }

    /// Ends it, in steps: calls `ask`, which tells it in whatever way it understands; sends SIGTERM if it still runs `asked`
    /// later; kills it if it still runs `terminated` after that. Returns when it is reaped, and tells how it ended.
    ///
    /// Errors: `Cancelled` (it may run still), `NotOwner`.
    pub fn stop(&self, ask: impl FnOnce(), asked: Duration, terminated: Duration) -> Result<Exit> {
        self.own()?;
        ask();
        for (patience, signal) in [(asked, SIGTERM), (terminated, SIGKILL)] {
            match self.join(Timeout::For(patience).or_try()) {
                Err(e) if e.kind() == ErrorKind::Timeout => self.signal(signal)?,
                ended => return ended,
            }
        }
        self.join(Timeout::Forever)
    }

    fn own(&self) -> Result<()> {
        if self.0.maker == process::pid() {
            return Ok(());
        }
        let detail = format!("process {} is a child of process {}", self.0.pid, self.0.maker);
        Err(Error::with(ErrorKind::NotOwner, detail))
    }
}

impl AsFd for Process {
    /// The sentinel: a descriptor that poll(2) calls readable when the process has ended; a pidfd (pidfd_open(2)), unless somebody
    /// else had reaped the process before it had one.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.fd()
    }
}

impl AsPart for Process {
    fn part(&self) -> Part<'_> {
        let manner = Manner { endable: true, ..Manner::default() };
        Part { yard: None, id: (Arc::as_ptr(&self.0).addr(), 0), manner, source: self }
    }

    fn keep(&self) -> Option<Kept> {
        None
    }
}

impl Source for Process {
    fn refusal(&self) -> Option<Error> {
        self.own().err()
    }

    fn is_ready(&self) -> bool {
        self.0.try_end().is_some()
    }

    /// It announces nobody: it has a descriptor.
    fn arm<'a>(&'a self, _: &mut Net<'a>) -> bool {
        self.is_ready()
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.watched())
    }
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process")
            .field("name", &self.name())
            .field("pid", &self.pid())
            .finish_non_exhaustive()
    }
}

/// `State` unless this process has one thread.
pub(super) fn alone() -> Result<()> {
    match child::threads() {
        Some(1) => Ok(()),
        Some(n) => Err(Error::with(
            ErrorKind::State,
            format!("fork with {n} threads: what the others have locked stays locked in the child"),
        )),
        None => Err(Error::with(ErrorKind::State, "/proc does not tell how many threads there are")),
    }
}

/// Runs what a forked child is for, and ends it.
pub(super) fn run_forked(work: impl FnOnce() -> i32) -> ! {
    let code = catch_unwind(AssertUnwindSafe(work)).unwrap_or(PANICKED);
    family::end_forked(code)
}

/// Runs `work` in a copy of this process.
fn fork_any(options: &ProcessOptions, work: impl FnOnce() -> i32) -> Result<Child> {
    options.check()?;
    let is_alone = if options.despite_threads { child::is_alone() } else { alone().map(|()| true)? };
    let (name, life) = family::expect(options.name.as_deref())?;
    let parent = process::pid();
    if is_alone {
        streams::flush(true);
    }
    match child::fork()? {
        Fork::Parent(pid) => watched(pid, name, options),
        Fork::Child => run_forked(|| {
            if !is_alone {
                streams::disown();
            }
            if options.group {
                child::lead_group();
            }
            match family::become_child(name, parent, Some(life), options.at_exit) {
                Ok(()) => {
                    ::log::info!("begins, forked by process {parent}");
                    work()
                }
                Err(e) => {
                    child::last_words(&format!("courtyard: a forked child cannot begin: {e}\n"));
                    entry::NO_LETTER
                }
            }
        }),
    }
}

/// A copy of this process that serves the library.
pub(super) fn fork_service(options: &ProcessOptions, work: impl FnOnce() -> i32) -> Result<Process> {
    let child = fork_any(options, work)?;
    Ok(family::adopt(Child { service: true, ..child }))
}

/// Starts the program anew with any entry, also those of the library itself.
fn spawn_any(options: &ProcessOptions, entry: &str, bytes: &[u8]) -> Result<Child> {
    let (name, life) = family::expect(options.name.as_deref())?;
    child::borrow_all(&options.inherit)?;
    let mut letter = options.letter(name.clone(), life.as_raw_fd(), entry, bytes);
    let pid = handover::invite(&options.ends, |invited| {
        letter.invited = invited.to_vec();
        let mut keep = vec![life.as_raw_fd()];
        keep.extend(&options.inherit);
        keep.extend(invited.iter().map(|it| it.fd));
        // Not before all that it is given is open: what another thread closes meanwhile leaves its number to that.
        letter.strays = child::inheritable();
        letter.strays.retain(|fd| !keep.contains(fd));
        let letter = letter.write()?;
        keep.push(letter.as_raw_fd());
        child::exec_self((entry::VARIABLE, letter.as_raw_fd().to_string()), &keep)
    })?;
    watched(pid, name, options)
}

/// A process that serves the library.
pub(super) fn spawn_service(options: &ProcessOptions, entry: &str, bytes: &[u8]) -> Result<Process> {
    let child = spawn_any(options, entry, bytes)?;
    Ok(family::adopt(Child { service: true, ..child }))
}

/// A child has been made: if it cannot be kept an eye on, it is undone.
fn watched(pid: u32, name: String, options: &ProcessOptions) -> Result<Child> {
    match Pidfd::of_child(pid) {
        Ok(pidfd) => Ok(Child::new(pid, pidfd, News::Kernel, name, options)),
        Err(e) => {
            child::undo(pid);
            Err(e)
        }
    }
}
