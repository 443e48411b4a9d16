//! Who this process is, who its parent is, and which children it has.
//!
//! All of it is under one lock, which is also held while the process forks: so that a child never finds it half changed.
//!
//! ## How a child hears that its parent is gone
//! Each process that makes children has a pipe, its *life*: the writing end is its own, and no child's; the reading end
//! each child has. When the process is gone, however it went, all its threads with it, the reading end is hung up. A child
//! that is to die with its parent has the kernel send it SIGKILL then (F_SETSIG): no thread need look. It has opened the pipe anew
//! for that, its *bond*, which it keeps if it becomes another program.

use crate::error::{Error, ErrorKind, Result};
use crate::objects::fd_wait::FdWait;
use crate::os::child::{self, Exit};
use crate::os::{Mutex, MutexGuard, file, fork, process, streams};
use crate::presence::attachment;
use crate::process::handle::{AtExit, Child, Process};
use crate::process::pool::TaskFn;
use crate::sync::wait::Timeout;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

/// A function that a process can be started with.
pub(super) type EntryFn = Arc<dyn Fn(&[u8]) -> i32 + Send + Sync>;

/// How long children that are to die with this process have for an end of their own.
const GRACE: Duration = Duration::from_millis(500);

/// Of so many ended children at most, of which nobody has a handle, it is remembered how they ended: each keeps a descriptor.
const UNTOLD_MAX: usize = 16;

/// The pipe that tells of this process's end.
struct Life {
    read: Arc<OwnedFd>,
    /// Closed by nobody, but in a fork child.
    _write: OwnedFd,
}

/// See the module.
pub(super) struct Family {
    /// `None` in a process that is nobody's child here.
    name: Option<String>,
    parent: Option<Parent>,
    /// What kills this process when its parent is gone.
    bond: Option<OwnedFd>,
    children: Vec<Arc<Child>>,
    /// Children that have ended, and whose end nobody has asked for yet, in the order in which it was seen.
    untold: VecDeque<Arc<Child>>,
    life: Option<Life>,
    /// How many names were given, and how many children made.
    counter: u32,
    made: usize,
    /// This process, or the one it was forked from, has something to do at its end.
    ends_here: bool,
    pub(super) entries: BTreeMap<String, EntryFn>,
    /// What workers can do.
    pub(super) tasks: Option<HashMap<String, TaskFn>>,
    /// `init` has been called.
    pub(super) is_init: bool,
}

static FAMILY: Mutex<Family> = Mutex::new(Family {
    name: None,
    parent: None,
    bond: None,
    children: Vec::new(),
    untold: VecDeque::new(),
    life: None,
    counter: 0,
    made: 0,
    ends_here: false,
    entries: BTreeMap::new(),
    tasks: None,
    is_init: false,
});

static FORK: fork::Handlers = fork::Handlers::new(before_fork, after_fork, after_fork_in_child);

extern "C" fn before_fork() {
    FORK.are_installed();
    FAMILY.lock_raw();
}

extern "C" fn after_fork() {
    FAMILY.unlock_raw();
}

extern "C" fn after_fork_in_child() {
    let mut family = FAMILY.guard_raw();
    // A forked child pays for each page that it writes, and for each part of the program that it comes to.
    if !family.children.is_empty() || !family.untold.is_empty() {
        family.children.clear();
        family.untold.clear();
    }
    family.counter = 0;
    family.bond = None; // it is the parent's
    let life = family.life.take().map(|life| life.read);
    family.parent = Some(Parent { pid: process::parent(), life });
}

/// The family, locked. The first call sees to it that it survives forks.
pub(super) fn family() -> Result<MutexGuard<'static, Family>> {
    FORK.install()?;
    Ok(FAMILY.lock())
}

/// As [`family`], for who cannot be refused: without memory for the handlers a fork is not survived.
fn known() -> MutexGuard<'static, Family> {
    let _ = FORK.install();
    FAMILY.lock()
}

impl Family {
    /// The reading end of this process's life.
    fn life(&mut self) -> Result<Arc<OwnedFd>> {
        if let Some(life) = &self.life {
            return Ok(life.read.clone());
        }
        let (read, write) = child::pipe()?;
        // Whoever it belongs to, a child opens it anew, also if this process has become another user's meanwhile.
        file::set_mode(read.as_fd(), 0o444)?;
        let read = Arc::new(read);
        self.life = Some(Life { read: read.clone(), _write: write });
        Ok(read)
    }

    /// A name for the next child.
    fn next_name(&mut self) -> String {
        self.counter += 1;
        match &self.name {
            Some(name) => format!("{name}:{}", self.counter),
            None => format!("Process-{}", self.counter),
        }
    }

    /// Moves those out of the list that have ended.
    fn reap(&mut self) {
        let over = self.children.extract_if(.., |child| child.try_end().is_some());
        self.untold.extend(over.filter(|child| !child.service));
        let is_dropped = |child: &Arc<Child>| Arc::strong_count(child) == 1;
        let dropped = self.untold.iter().filter(|child| is_dropped(child)).count();
        let mut too_many = dropped.saturating_sub(UNTOLD_MAX);
        self.untold.retain(|child| {
            let is_forgotten = too_many > 0 && is_dropped(child);
            too_many -= usize::from(is_forgotten);
            !is_forgotten
        });
    }
}

/// What the maker of a child prepares: its name, if it has none, and this process's life. Reaps those who have ended.
pub(super) fn expect(name: Option<&str>) -> Result<(String, Arc<OwnedFd>)> {
    let mut family = family()?;
    family.reap();
    if !family.ends_here {
        family.ends_here = child::at_exit(end_handler);
    }
    let life = family.life()?;
    let name = name.map_or_else(|| family.next_name(), str::to_owned);
    Ok((name, life))
}

/// One child more.
pub(super) fn adopt(mut child: Child) -> Process {
    let mut family = known();
    family.made += 1;
    child.serial = family.made;
    let child = Arc::new(child);
    family.children.push(child.clone());
    drop(family);
    let process = Process::new(child);
    ::log::debug!("has made {}, process {}", process.name(), process.pid());
    process
}

/// How this child ended has been told.
pub(super) fn forget(child: &Child) {
    let is_another = |known: &Arc<Child>| !std::ptr::eq(Arc::as_ptr(known), child);
    let mut family = known();
    family.children.retain(is_another);
    family.untold.retain(is_another);
}

/// From now on this process is who it was made to be.
pub(super) fn become_child(
    name: String,
    parent: u32,
    life: Option<Arc<OwnedFd>>,
    at_exit: AtExit,
) -> Result<()> {
    child::set_short_name(&name);
    let mut family = family()?;
    std::mem::forget(family.name.replace(name)); // that of whoever it was forked from: freeing it costs more
    family.parent = Some(Parent { pid: parent, life });
    if at_exit != AtExit::Kill {
        return Ok(());
    }
    let Some(parent) = family.parent.clone().filter(|p| p.life.is_some()) else { return Ok(()) };
    if let Some(life) = &parent.life {
        family.bond = Some(child::die_with(life.as_fd())?);
    }
    if !parent.is_alive() {
        child::exit_now(1); // it was gone before the kernel was asked to tell
    }
    Ok(())
}

/// This process ends by itself: what its children were promised happens.
pub(super) fn end() {
    let children = std::mem::take(&mut known().children);
    if children.is_empty() {
        return; // a child that has just been forked pays for each page that it touches
    }
    let of = |wanted: AtExit| children.iter().filter(move |child| child.at_exit == wanted);
    of(AtExit::Kill).for_each(|child| drop(child.signal(SIGTERM)));
    // Who ends in the scope of a cancel token that is set keeps his promises, too.
    let patience = FdWait::to_the_end(Timeout::Until(crate::Deadline::after(GRACE)));
    let forever = FdWait::to_the_end(Timeout::Forever);
    for child in of(AtExit::Kill) {
        if child.wait(&patience).is_err() {
            let _ = child.signal(SIGKILL);
            let _ = child.wait(&forever);
        }
    }
    of(AtExit::Wait).for_each(|child| drop(child.wait(&forever)));
}

/// signal(7); the same on every Linux.
pub(super) const SIGTERM: i32 = 15;
pub(super) const SIGKILL: i32 = 9;

extern "C" fn end_handler() {
    end();
}

/// Ends a child that was made by fork, and runs none of what its parent wanted done at its own end.
pub(super) fn end_forked(code: i32) -> ! {
    ::log::info!("ends with exit code {}", code & 0xff);
    end();
    attachment::leave_all();
    streams::flush(child::is_alone());
    child::exit_now(code)
}

/// The children of this process that have not ended, or of which nobody has heard that they have.
pub fn active_children() -> Vec<Process> {
    let mut family = known();
    family.reap();
    family.children.iter().filter(|child| !child.service).cloned().map(Process::new).collect()
}

/// One active child after the other: the first one made as or after the `from`th, and where to go on.
pub(crate) fn next_active_child(from: usize) -> Option<(usize, Process)> {
    let mut family = known();
    family.reap();
    let child = family.children.iter().find(|child| !child.service && child.serial >= from)?;
    Some((child.serial + 1, Process::new(child.clone())))
}

/// Waits until a child of this process ends, at most `timeout`; tells which, and how. One that has ended before is told as well,
/// if nobody has asked for its end: each is told once, to one caller. Of those that nobody has a handle of any more, the last 16
/// are remembered, with a descriptor each.
///
/// Errors: `NoChild` (this process has no child that has not been waited for), `Timeout`, `Cancelled`, `NoMemory` (no
/// descriptors are left).
pub fn wait_any_child(timeout: impl Into<Timeout>) -> Result<(Process, Exit)> {
    let wait = FdWait::new(timeout.into());
    loop {
        let mut family = known();
        family.reap();
        if let Some(child) = family.untold.pop_front()
            && let Some(exit) = child.try_end()
        {
            drop(family);
            let process = Process::new(child);
            ::log::debug!("{} has ended: {exit}", process.name());
            return Ok((process, exit));
        }
        let children: Vec<_> = family.children.iter().filter(|child| !child.service).cloned().collect();
        drop(family);
        if children.is_empty() {
            return Err(Error::with(ErrorKind::NoChild, "this process has no children"));
        }
        let fds: Vec<BorrowedFd<'_>> = children.iter().map(|child| child.watched()).collect();
        wait.sleep(&fds)?;
    }
}

/// The process that a child was made by.
#[derive(Clone, Debug)]
pub struct Parent {
    pid: u32,
    /// `None`: it was made by other means, and its number has to do.
    life: Option<Arc<OwnedFd>>,
}

impl Parent {
    /// Its number when it made this process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it is there still.
    pub fn is_alive(&self) -> bool {
        match &self.life {
            Some(life) => matches!(child::poll([life.as_fd()], Some(Duration::ZERO)), Ok(None)),
            None => process::parent() == self.pid,
        }
    }

    /// A descriptor that poll(2) calls hung up, and so ready, when the parent is gone; `None` if this process was not made
    /// by this library.
    pub fn sentinel(&self) -> Option<BorrowedFd<'_>> {
        self.life.as_ref().map(|life| life.as_fd())
    }

    /// Waits until it is gone, at most `timeout`. Errors: `Timeout`, `Cancelled`, `Unsupported` (this process was not made by
    /// this library).
    pub fn wait(&self, timeout: impl Into<Timeout>) -> Result<()> {
        let life = self
            .life
            .as_ref()
            .ok_or_else(|| Error::with(ErrorKind::Unsupported, "this process was not made by the library"))?;
        let wait = FdWait::new(timeout.into());
        while self.is_alive() {
            wait.sleep(&[life.as_fd()])?;
        }
        Ok(())
    }
}

/// The process that made this one; `None` if it was not made by this library, nor forked from a process that uses it.
pub fn parent_process() -> Option<Parent> {
    known().parent.clone()
}

/// The calling process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThisProcess {
    name: String,
    pid: u32,
}

impl ThisProcess {
    /// What it was named by whoever made it; `MainProcess` if it was not made by this library.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.pid
    }
}

/// The calling process: its name and its number.
pub fn this_process() -> ThisProcess {
    let name = known().name.clone().unwrap_or_else(|| "MainProcess".into());
    ThisProcess { name, pid: process::pid() }
}

/// For a server of forks: whose life its children are to watch.
pub(super) fn parents_life() -> Option<Arc<OwnedFd>> {
    known().parent.as_ref().and_then(|parent| parent.life.clone())
}

/// Has the descriptor of that life numbered from `from` on, if this process may have such a number.
pub(super) fn lift_life(from: RawFd) -> Result<()> {
    let mut family = known();
    if let Some(parent) = &mut family.parent
        && let Some(life) = &parent.life
        && let Some(lifted) = child::try_lift(life, from)?
    {
        parent.life = Some(Arc::new(lifted));
    }
    Ok(())
}
