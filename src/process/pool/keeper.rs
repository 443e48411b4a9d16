//! The keeper of a pool: one thread of its maker, which makes the workers, reaps them, and moves on what the dead had in hand.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::pool::{Cause, Hand, Shift, Table, Why};
use crate::objects::yard::Yard;
use crate::os::Mutex;
use crate::os::child::{Exit, Pidfd};
use crate::os::process;
use crate::process::handle::{self, AtExit, Process, ProcessOptions};
use crate::process::pool::worker::{self, Orders, UNFIT};
use crate::process::pool::{PoolOptions, StartMethod};
use crate::process::server::ForkServer;
use crate::shim::{AtomicU32, Ordering};
use crate::sync::closing::Closing;
use crate::sync::deadline::Deadline;
use crate::sync::wait::Timeout;
use std::os::fd::{AsRawFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

const SIGKILL: i32 = 9;
/// So many workers may fail to begin, one after the other, before the pool gives up; more if there are to be more.
const TRIES: usize = 3;
/// How long a process may still be there whose worker is dead, and how long its end may not be told.
const HOLLOW: Duration = Duration::from_secs(1);
const UNTOLD: Duration = Duration::from_secs(5);
/// How long the keeper waits for the rest of an end that it has heard of, and at first for somebody who begins or leaves.
const MOMENT: Duration = Duration::from_millis(1);

/// Where workers come from.
enum Source {
    /// One that is this program anew, and can be started again.
    Server(ForkServer),
    /// One that is a copy of this process from before it had threads.
    Copy(ForkServer),
    Spawn,
    Threads,
}

/// One worker.
enum Made {
    Process(Process),
    Thread(JoinHandle<()>, Arc<Said>),
}

/// What a worker that is a thread says of itself.
struct Said {
    /// Its thread's, once it has a place; 0: it has had none yet.
    token: AtomicU32,
    /// What it ends with.
    code: AtomicU32,
}

impl Made {
    /// How it ended, if it has. A thread's end is told as a process's.
    fn exit(&self) -> Option<Exit> {
        match self {
            Made::Process(process) => process.exit().ok().flatten(),
            Made::Thread(thread, said) => {
                thread.is_finished().then(|| Exit::Code(said.code.load(Ordering::Acquire).cast_signed()))
            }
        }
    }

    /// Whether it is who works there.
    fn is(&self, hand: &Hand) -> bool {
        match self {
            Made::Process(process) => process.pid() == hand.pid && hand.is_near,
            // Relaxed: compared only.
            Made::Thread(_, said) => said.token.load(Ordering::Relaxed) == hand.token,
        }
    }

    /// Whether it has, or had, a place.
    fn has_begun(&self, table: &Table) -> bool {
        match self {
            Made::Process(process) => table.has_begun(process.pid()),
            Made::Thread(_, said) => said.token.load(Ordering::Relaxed) != 0, // Relaxed: a figure
        }
    }
}

/// The maker's side of a pool.
pub(super) struct Keeper {
    table: Table,
    thread: Mutex<Option<JoinHandle<()>>>,
    has_ended: Arc<AtomicU32>,
    maker: u32,
}

impl Keeper {
    /// Makes the table with `make`, and the workers. What can fail comes before the table: its name is taken for good. And it is
    /// made by the thread that keeps it: no table is without one as long as this process lives.
    pub(super) fn begin(
        yard: &Yard,
        name: &str,
        options: &PoolOptions,
        make: impl FnOnce() -> Result<Table> + Send + 'static,
    ) -> Result<Keeper> {
        let source = match options.method {
            StartMethod::ForkServer => Source::Server(ForkServer::start()?),
            StartMethod::Fork => Source::Copy(ForkServer::fork()?),
            StartMethod::Spawn => Source::Spawn,
            StartMethod::Threads => Source::Threads,
        };
        let orders = Orders {
            yard: yard.held().checked_fd()?.as_raw_fd(),
            is_lent: options.method == StartMethod::Fork,
            pool: name.to_owned(),
            tasks: options.tasks_per_worker,
            initializer: options.initializer.clone().unwrap_or_default(),
            bytes: options.initializer_bytes.clone(),
        };
        let inherit = if orders.is_lent { Vec::new() } else { vec![orders.yard] };
        let has_ended = Arc::new(AtomicU32::new(0));
        let has_ended_too = has_ended.clone();
        let (tell, told) = std::sync::mpsc::channel();
        let keep = move || {
            let made = make();
            let _ = tell.send(made.clone()); // who asked waits for that
            let Ok(table) = made else { return };
            let (made, patience, has_ended) = (Vec::new(), MOMENT, has_ended_too);
            let (unfit, count, begun, hollow) = (0, 0, 0, None);
            Office { table, source, orders, inherit, made, unfit, count, begun, hollow, patience, has_ended }
                .run();
        };
        let no_thread = |detail| Error::with(ErrorKind::NoMemory, format!("the pool's thread: {detail}"));
        let thread = std::thread::Builder::new()
            .name("courtyard-pool".into())
            .spawn(keep)
            .map_err(|e| no_thread(e.to_string()))?;
        match told.recv().unwrap_or_else(|_| Err(no_thread("it has panicked".into()))) {
            Ok(table) => {
                Ok(Keeper { table, thread: Mutex::new(Some(thread)), has_ended, maker: process::pid() })
            }
            Err(e) => {
                let _ = thread.join(); // with it ends where the workers were to come from
                Err(e)
            }
        }
    }

    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    /// Whether every worker has ended, and is reaped.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire) != 0
    }

    /// Whether this process made the pool: a fork child has a copy only.
    pub(super) fn is_ours(&self) -> bool {
        self.maker == process::pid()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if !self.is_ours() {
            // The thread is the parent's: here its handle means nothing, or by now a thread of this process.
            std::mem::forget(self.thread.lock().take());
            return;
        }
        self.table.shut_for_good(Why::Terminated);
        // One of the workers, a thread of this process: the keeper waits for it, so it does not wait for the keeper.
        let is_worker = self.table.is_worked_at_here();
        if let Some(thread) = self.thread.lock().take().filter(|_| !is_worker) {
            let _ = thread.join();
        }
    }
}

/// The workers that were made, as they are.
#[derive(Default)]
struct Staff {
    at_work: Vec<Hand>,
    /// They have no place yet, or are dead.
    others: usize,
    /// They are still there.
    dismissed: usize,
}

/// What the keeper's thread has.
struct Office {
    table: Table,
    source: Source,
    orders: Orders,
    /// What a worker does not have anyway.
    inherit: Vec<RawFd>,
    made: Vec<Made>,
    /// How many workers in a row have ended before they began.
    unfit: usize,
    /// How many it has made.
    count: usize,
    /// How often a worker had begun when it last looked.
    begun: u32,
    /// One whose worker is dead: when to kill the process if it is there still, and when the server if it has told nothing.
    hollow: Option<(Hand, [Deadline; 2])>,
    /// How long to wait for who has no place yet, or none any more.
    patience: Duration,
    has_ended: Arc<AtomicU32>,
}

impl Office {
    fn run(mut self) {
        let table = self.table.clone();
        loop {
            let asked = table.begin_watch();
            let hurried = self.reap();
            self.table.see_it_terminated();
            let (condemned, until) = self.table.overdue();
            condemned.iter().for_each(|number| self.kill(*number));
            if self.table.closing() == Closing::Shut {
                self.kill_all();
            } else if !self.is_needed_no_more() {
                self.staff();
            }
            if self.made.is_empty() && (self.table.closing() == Closing::Shut || self.is_needed_no_more()) {
                break;
            }
            if hurried || self.table.closing() == Closing::Shut {
                std::thread::sleep(MOMENT);
            } else {
                let until = self.look_again().into_iter().chain(until).min();
                table.keep_watch(asked, until);
            }
        }
        self.table.leave();
        self.has_ended.store(1, Ordering::Release);
        self.table.tell_who_waits();
    }

    /// When to look again because of a worker without a place, whose end nothing in the pool would tell: it begins, has left, or
    /// is dead. Twice as late each time.
    fn look_again(&mut self) -> Option<Deadline> {
        let hands = self.table.hands();
        let placed = self.made.iter().filter(|made| hands.iter().any(|hand| made.is(hand))).count();
        if placed >= self.made.len() {
            self.patience = MOMENT;
            return None;
        }
        let until = Deadline::after(self.patience);
        self.patience = (self.patience * 2).min(Duration::from_secs(1));
        Some(until)
    }

    fn is_needed_no_more(&self) -> bool {
        self.table.closing() != Closing::Open && self.table.is_over()
    }

    /// Moves on what the dead had in hand. Tells whether somebody is dead whose end is still to be told.
    fn reap(&mut self) -> bool {
        let mut hands = self.table.hands();
        let mut ends = Vec::new();
        self.made.retain(|made| match made.exit() {
            Some(exit) => {
                ends.push((if let Made::Process(process) = made { process.pid() } else { 0 }, exit));
                false
            }
            None => true,
        });
        if !ends.is_empty() {
            hands = self.table.hands(); // who ended just now is seen dead
            let seems_alive = |pid: u32| hands.iter().any(|it| it.pid == pid && it.is_near && !it.is_dead);
            if ends.iter().any(|(pid, _)| seems_alive(*pid)) {
                self.table.held().sweep(); // the kernel had no memory left to tell of him
                hands = self.table.hands();
            }
        }
        for (pid, exit) in ends {
            self.unfit += usize::from(!self.has_begun(pid, exit));
            let pool = &self.orders.pool;
            say(|| ::log::info!("pool {pool}: worker process {pid} ended: {exit}"));
            let is_it = |hand: &Hand| hand.pid == pid && hand.is_near && hand.is_dead; // the number may be another's by now
            hands
                .iter()
                .filter(|hand| is_it(hand))
                .for_each(|hand| self.table.bury(*hand, Cause::Exit(exit)));
            hands.retain(|hand| !is_it(hand));
        }
        let begun = self.table.begun();
        if begun != self.begun || hands.iter().any(|hand| !hand.is_dead) {
            (self.unfit, self.begun) = (0, begun); // one can begin
        }
        self.give_up_if_unfit();
        let (ending, strange): (Vec<Hand>, Vec<Hand>) =
            hands.into_iter().filter(|hand| hand.is_dead).partition(|hand| self.is_made(*hand));
        strange.into_iter().for_each(|hand| self.table.bury(hand, Cause::Exit(Exit::Unknown)));
        self.see_them_end(&ending);
        !ending.is_empty()
    }

    /// They are zombies in a moment. If it was only the worker's thread that has died, its process has no use any more.
    fn see_them_end(&mut self, ending: &[Hand]) {
        let Some(first) = ending.first() else { return self.hollow = None };
        let known = self.hollow.filter(|(hand, _)| ending.contains(hand));
        let (hand, [hollow, untold]) =
            *self.hollow.insert(known.unwrap_or_else(|| (*first, [HOLLOW, UNTOLD].map(Deadline::after))));
        if hollow.has_passed()
            && let Some(process) = self.made_as(hand.pid)
        {
            let _ = process.kill();
        }
        // It stands still: without it, what they died of is not known, but that they did.
        if untold.has_passed()
            && let Source::Server(server) | Source::Copy(server) = &self.source
        {
            let _ = server.process().kill();
        }
    }

    /// The process of this number, if it is one of ours.
    fn made_as(&self, pid: u32) -> Option<&Process> {
        self.made.iter().find_map(|made| match made {
            Made::Process(process) if process.pid() == pid => Some(process),
            _ => None,
        })
    }

    fn is_made(&self, hand: Hand) -> bool {
        hand.is_near && self.made_as(hand.pid).is_some()
    }

    /// Whether a worker of ours that has ended had taken a place. A thread says so by its exit code.
    fn has_begun(&self, pid: u32, exit: Exit) -> bool {
        if pid == 0 { exit == Exit::Code(0) } else { self.table.has_begun(pid) }
    }

    fn give_up_if_unfit(&self) {
        if self.unfit >= TRIES.max(self.table.wanted()) {
            let (pool, unfit) = (&self.orders.pool, self.unfit);
            say(|| ::log::error!("pool {pool}: {unfit} workers in a row could not begin"));
            self.table.shut_for_good(Why::Unfit);
        }
    }

    /// Makes the workers that are missing, or dismisses those that are too many.
    fn staff(&mut self) {
        let (wanted, Staff { at_work, others, dismissed }) = (self.table.wanted(), self.look_round());
        let surplus = (at_work.len() + others).saturating_sub(wanted);
        at_work.into_iter().take(surplus).for_each(|hand| self.table.dismiss(hand));
        for _ in self.made.len() - dismissed..wanted {
            match self.make() {
                Ok(made) => self.made.push(made),
                Err(e) => {
                    let pool = &self.orders.pool;
                    say(|| ::log::warn!("pool {pool}: a worker cannot be made: {e}"));
                    self.unfit += usize::from(self.made.is_empty());
                    self.give_up_if_unfit();
                    return;
                }
            }
        }
    }

    /// How those stand who were made. Who has left its place, and is about to end, is none of them.
    fn look_round(&self) -> Staff {
        let hands = self.table.hands();
        let mut staff = Staff::default();
        for made in &self.made {
            match hands.iter().find(|hand| made.is(hand)) {
                Some(hand) if self.table.is_dismissed(*hand) => staff.dismissed += 1,
                Some(hand) if !hand.is_dead => staff.at_work.push(*hand),
                None if made.has_begun(&self.table) => {}
                _ => staff.others += 1,
            }
        }
        staff
    }

    fn make(&mut self) -> Result<Made> {
        self.count += 1;
        let options = ProcessOptions {
            name: Some(format!("{}-worker-{}", self.orders.pool, self.count)).filter(|name| name.len() <= 63),
            at_exit: AtExit::Kill,
            inherit: self.inherit.clone(),
            ..ProcessOptions::default()
        };
        let bytes = self.orders.to_bytes();
        let made = match &self.source {
            Source::Server(server) | Source::Copy(server) => {
                server.spawn_service(&options, worker::ENTRY, &bytes)
            }
            Source::Spawn => handle::spawn_service(&options, worker::ENTRY, &bytes),
            Source::Threads => return self.make_thread(),
        };
        match (made, &self.source) {
            (Err(e), Source::Server(_)) if e.kind() == ErrorKind::PeerDied => {
                let pool = &self.orders.pool;
                say(|| ::log::warn!("pool {pool}: its fork server has ended, and is started again"));
                let server = ForkServer::start()?;
                let made = server.spawn_service(&options, worker::ENTRY, &bytes);
                self.source = Source::Server(server);
                made
            }
            (made, _) => made,
        }
        .map(Made::Process)
    }

    fn make_thread(&self) -> Result<Made> {
        let (table, orders) = (self.table.clone(), self.orders.clone());
        let said = Arc::new(Said { token: AtomicU32::new(0), code: AtomicU32::new(UNFIT.cast_unsigned()) });
        let says = said.clone();
        let work = move || {
            let begun =
                worker::initialize(&orders.initializer, &orders.bytes).and_then(|()| Shift::begin(&table));
            let works = begun.and_then(|shift| {
                says.token.store(shift.token(), Ordering::Relaxed); // Relaxed: compared only
                says.code.store(0, Ordering::Release);
                worker::work_through(&shift, orders.tasks)
            });
            match works {
                Ok(()) => {}
                Err(e) => ::log::warn!("pool {}: a worker cannot go on: {e}", orders.pool),
            }
        };
        let name = format!("{}-{}", self.orders.pool, self.count);
        std::thread::Builder::new()
            .name(name)
            .spawn(work)
            .map(|thread| Made::Thread(thread, said))
            .map_err(|e| Error::with(ErrorKind::NoMemory, format!("a worker's thread: {e}")))
    }

    /// Kills the worker of this number: it has a task that was condemned, so it begins no other.
    fn kill(&self, number: u32) {
        let find = || self.table.hands().into_iter().find(|hand| hand.number == number && !hand.is_dead);
        let Some(hand) = find() else { return };
        if !hand.is_near {
            return; // its number is somebody else's here
        }
        let made = self.made_as(hand.pid);
        // Without a descriptor, the next look has one, or not.
        let strange = if made.is_none() { self.pidfd_of(hand) } else { None };
        // Now the descriptor means it, as it lives still; and the place is its, as the task is condemned still.
        if find() == Some(hand) && self.table.is_condemned(number) {
            made.map(Process::kill);
            strange.map(|pidfd| pidfd.signal(SIGKILL));
        }
    }

    /// A descriptor of a worker that came from elsewhere. Its place may not show yet that it is gone: the number must still be
    /// that of a process which started when it did, as far as anybody knows.
    fn pidfd_of(&self, hand: Hand) -> Option<Pidfd> {
        let (started, pidfd) = (self.table.start_of(hand.number), Pidfd::open(hand.pid).ok()?);
        (started == 0 || started == process::start_time(hand.pid)).then_some(pidfd)
    }

    fn kill_all(&self) {
        for made in &self.made {
            if let Made::Process(process) = made {
                let _ = process.kill();
            }
        }
    }
}

/// Logs. A listener that panics does not end the thread: nobody else keeps the pool.
fn say(what: impl FnOnce()) {
    std::mem::forget(catch_unwind(AssertUnwindSafe(what))); // to drop what it panicked with could panic, too
}

/// Waits for the keeper, at most `timeout`.
pub(super) fn join(keeper: &Keeper, timeout: Timeout) -> Result<()> {
    keeper.table.join_with(timeout, || keeper.has_ended())
}
