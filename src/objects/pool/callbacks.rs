//! Being called when a task has ended, and the one thread of the process that calls.
//!
//! The process's thread that watches for all who want to be told (`objects::many`) learns which tasks have ended, and puts them
//! in line here; another one takes them from the line and calls what is to be called, one after the other. So a callback that
//! takes its time holds up callbacks, and nothing else. The thread starts with the first callback that somebody wants, and ends
//! within a slice after there is none to come.
//!
//! What is wanted of one task is one entry, however many futures of it there are: so its callbacks come in their order. An
//! entry is there from the first callback until none is left. It keeps the task: whoever drops the owning future meanwhile
//! hands the task over to it.
//!
//! Nobody holds the lock here while he takes another one, or runs what is somebody else's: a ticket is had before, and dropped
//! after.
//!
//! A fork child calls nothing that its parent was to be called for: entries of before the fork are forgotten, not dropped.
#![forbid(unsafe_code)]

use crate::error::{Result, text_of};
use crate::objects::many::{AsPart, Tell, Ticket};
use crate::objects::pool::{Fate, Future, Table};
use crate::os::{Mutex, MutexGuard, fork, thread};
use crate::shim::{AtomicU32, Ordering, Watch, wake};
use crate::sync::wait::{Manner, Slept, Timeout, Wait};
use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::mem::{forget, take};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread::ThreadId;

/// What is to be called.
pub(super) type Callback = Box<dyn FnOnce(Result<Fate>) + Send>;

/// Which task: where it lies in this process, and its number.
type Key = (usize, u64);

/// What is wanted of one task.
struct Entry {
    /// The owning one, if its owner has dropped it.
    future: Future,
    callbacks: Vec<Callback>,
    /// Dropped, nobody is told any more.
    _ticket: Ticket,
}

struct Registry {
    entries: BTreeMap<Key, Entry>,
    /// Those that have ended.
    line: VecDeque<Key>,
    /// The thread, once it has begun.
    caller: Option<ThreadId>,
    /// There is a thread.
    runs: bool,
    /// So many wait until there is nothing left to call.
    waiting: usize,
    /// How often this process's line had forked when the rest was true.
    forks: u32,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    entries: BTreeMap::new(),
    line: VecDeque::new(),
    caller: None,
    runs: false,
    waiting: 0,
    forks: 0,
});
/// The thread sleeps on it: it counts what is put in line.
static NEWS: AtomicU32 = AtomicU32::new(0);
/// Those who wait until there is nothing left to call sleep on it: it counts the times that the line has become empty.
static CALLED: AtomicU32 = AtomicU32::new(0);
static FORK: fork::Handlers = fork::Handlers::new(before_fork, after_fork, after_fork);

extern "C" fn before_fork() {
    FORK.are_installed();
    REGISTRY.lock_raw();
}

extern "C" fn after_fork() {
    REGISTRY.unlock_raw();
}

/// The registry as it is true in this process.
fn registry() -> MutexGuard<'static, Registry> {
    let _ = FORK.install(); // who is admitted is told if that is not possible
    let mut registry = REGISTRY.lock();
    if registry.forks != fork::count() {
        registry.forks = fork::count();
        (registry.runs, registry.caller, registry.waiting) = (false, None, 0);
        registry.line.clear();
        forget(take(&mut registry.entries)); // the parent's
    }
    registry
}

fn key_of(future: &Future) -> Key {
    (future.table().address(), future.id())
}

/// Has `callback` called once the future's task has ended, in the process's thread for that. Errors: `NoMemory`; whatever
/// makes the task one that nobody can be told of.
pub(super) fn add(future: &Future, callback: Callback) -> Result<()> {
    let key = key_of(future);
    future.is_called.store(1, Ordering::Relaxed); // Relaxed: dropping the future is nobody else's business
    let Some(callback) = registry().join(key, callback) else { return Ok(()) };
    let waker = Waker::from(Arc::new(Ended(key)));
    let ticket = Ticket::new(future.keep(), Tell::Waker(Mutex::new(Some(waker))))?;
    let request = ticket.request.clone();
    let mut entry = Some(Entry { future: future.looking_on(), callbacks: vec![callback], _ticket: ticket });
    let admitted = registry().admit(key, &mut entry);
    drop(entry); // there is one by now, or no thread
    if admitted? && request.ask() {
        put_in_line(key);
    }
    Ok(())
}

/// Whoever drops the future that owns a task gives it to the callbacks that are to come, which let go of it after the last.
/// Whether there are some.
pub(super) fn hand_over(future: &mut Future) -> bool {
    let mut registry = registry();
    let Some(entry) = registry.entries.get_mut(&key_of(future)) else { return false };
    entry.future.take_over(future);
    true
}

/// Waits until nothing is left to call for the tasks of a pool, at most `timeout`. Not in a callback: one cannot wait for its
/// own end. Errors: `Timeout`, `Cancelled`, `Interrupted`.
pub(super) fn wait_for_all(table: &Table, timeout: Timeout) -> Result<()> {
    let wait = Wait::new(timeout, table.manner());
    loop {
        let called = Watch { word: &CALLED, value: CALLED.load(Ordering::Relaxed) }; // Relaxed: the lock is taken after it
        let mut now = registry();
        if now.caller == Some(std::thread::current().id()) || !now.has_some_of(table) {
            return Ok(());
        }
        now.waiting += 1;
        drop(now);
        let slept = wait.sleep(&[called], false);
        registry().waiting -= 1;
        slept?;
    }
}

/// Told that its task has ended.
struct Ended(Key);

impl Wake for Ended {
    fn wake(self: Arc<Self>) {
        put_in_line(self.0);
    }
}

fn put_in_line(key: Key) {
    registry().line.push_back(key);
    NEWS.fetch_add(1, Ordering::Relaxed); // Relaxed: what is new is behind the registry's lock
    wake(&NEWS, 1);
}

impl Registry {
    /// One more for a task that has an entry; else gives it back.
    fn join(&mut self, key: Key, callback: Callback) -> Option<Callback> {
        match self.entries.get_mut(&key) {
            Some(entry) => entry.callbacks.push(callback),
            None => return Some(callback),
        }
        None
    }

    /// Takes the entry, unless somebody else's is there by now, which then gets its callbacks. Whether it was taken.
    fn admit(&mut self, key: Key, entry: &mut Option<Entry>) -> Result<bool> {
        if let (Some(theirs), Some(ours)) = (self.entries.get_mut(&key), entry.as_mut()) {
            theirs.callbacks.append(&mut ours.callbacks);
            return Ok(false);
        }
        FORK.install()?;
        if !self.runs {
            thread::start("cyd-callbacks", thread::FOR_OTHERS, run)?;
            self.runs = true;
        }
        self.entries.extend(entry.take().map(|entry| (key, entry)));
        Ok(true)
    }

    /// What is to be called next; it stays in its entry that it is at hand.
    fn next(&mut self) -> Option<Due> {
        let key = self.line.pop_front()?;
        let entry = self.entries.get_mut(&key)?;
        Some(Due { key, future: entry.future.looking_on(), callbacks: take(&mut entry.callbacks) })
    }

    /// Callbacks of this task were called. Others may have come meanwhile; if none has, the entry is over.
    fn done(&mut self, key: Key) -> Option<Entry> {
        if !self.entries.get(&key)?.callbacks.is_empty() {
            self.line.push_back(key);
            return None;
        }
        let over = self.entries.remove(&key);
        if self.line.is_empty() && self.waiting > 0 {
            CALLED.fetch_add(1, Ordering::Relaxed); // Relaxed: who looks takes the lock
            wake(&CALLED, u32::MAX);
        }
        over
    }

    fn has_some_of(&self, table: &Table) -> bool {
        self.entries.values().any(|entry| entry.future.table().is_same(table))
    }
}

/// Callbacks whose time has come.
struct Due {
    key: Key,
    future: Future,
    callbacks: Vec<Callback>,
}

impl Due {
    /// Calls them, one after the other. Stops in a fork child that one of them has made.
    fn call(self, born: u32) {
        let fate = self.future.fate(Timeout::Try);
        let mut callbacks = self.callbacks.into_iter();
        for callback in callbacks.by_ref() {
            let fate = fate.clone();
            let called = thread::lend(|| catch_unwind(AssertUnwindSafe(|| callback(fate))));
            if fork::count() != born {
                forget((callbacks, self.future));
                return;
            }
            if let Err(panic) = called {
                say(self.key.1, panic);
            }
        }
        let over = registry().done(self.key);
        drop(over); // without the lock: it may be the last handle on a yard
    }
}

/// Says that a callback has panicked. Nothing that is somebody else's ends the thread.
fn say(task: u64, panic: Box<dyn Any + Send>) {
    let said =
        AssertUnwindSafe(|| ::log::error!("a callback of task {task:#x} panicked: {}", text_of(&*panic)));
    forget((catch_unwind(said), panic)); // to drop it could panic, too
}

/// The thread.
fn run() {
    let born = fork::count();
    let wait = Wait::new(Timeout::Forever, Manner::default());
    let mut slept = Slept::Look;
    registry().caller = Some(std::thread::current().id());
    while fork::count() == born {
        let news = Watch { word: &NEWS, value: NEWS.load(Ordering::Relaxed) }; // Relaxed: the lock is taken after it
        let mut registry = registry();
        let due = registry.next();
        if due.is_none() && slept == Slept::Slice && registry.entries.is_empty() {
            (registry.runs, registry.caller) = (false, None);
            return;
        }
        drop(registry);
        slept = match due {
            Some(due) => {
                due.call(born);
                Slept::Look
            }
            None => wait.sleep(&[news], false).unwrap_or(Slept::Look), // nothing ends it, and no signal comes
        };
    }
}
