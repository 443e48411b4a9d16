//! The supervisor's hands: it forks workers, kills and stops them, and counts that.

use crate::board::{Board, Dice, Fault, LIMIT, PLACES, now};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getpid, getppid};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::SeqCst;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What was done to the workers.
#[derive(Default)]
pub struct Deeds {
    pub kills: u64,
    pub stops: u64,
    pub takeovers: u64,
    pub rounds: u64,
    /// The longest time until everybody had gone on after events.
    pub slowest: Duration,
}

impl Deeds {
    pub fn add(&mut self, more: Deeds) {
        self.kills += more.kills;
        self.stops += more.stops;
        self.takeovers += more.takeovers;
        self.rounds += more.rounds;
        self.slowest = self.slowest.max(more.slowest);
    }
}

/// A storm with fewer kills shows little: each goes on until it has had so many, whatever its time.
pub const KILLS: u64 = 100;

/// What is left of a storm's time that is no season any more.
const SHORTEST: Duration = Duration::from_millis(500);

/// As many seasons as it takes, and at least so many, none longer than `longest`: for storms whose ledgers get full. A season is
/// told its number and its time.
pub fn seasons(
    board: &'static Board,
    time: Duration,
    least: u64,
    longest: Duration,
    mut season: impl FnMut(u64, Duration) -> Deeds,
) -> Deeds {
    let (begin, mut deeds, mut number) = (Instant::now(), Deeds::default(), 0);
    while number < least || begin.elapsed() + SHORTEST < time || deeds.kills < KILLS {
        board.stop.store(0, SeqCst);
        let left = time.saturating_sub(begin.elapsed()).min(longest).max(SHORTEST);
        deeds.add(season(number, left));
        number += 1;
    }
    deeds
}

/// Workers, each at a place of the board.
pub struct Troop {
    pub board: &'static Board,
    pub dice: Dice,
    pub deeds: Deeds,
    workers: [Option<Pid>; PLACES],
    /// Until when a place is stopped.
    stopped: [Option<Instant>; PLACES],
}

impl Troop {
    pub fn new(board: &'static Board, seed: u64) -> Troop {
        Troop {
            board,
            dice: Dice::new(seed),
            deeds: Deeds::default(),
            workers: [None; PLACES],
            stopped: [None; PLACES],
        }
    }

    /// Whether a storm that began then has time left, or has killed too few.
    pub fn goes_on(&self, begin: Instant, time: Duration) -> bool {
        begin.elapsed() < time || self.deeds.kills < KILLS
    }

    /// Forks a worker. It ends with 0 if `work` returns.
    pub fn start(&mut self, place: usize, work: impl FnOnce(Dice)) {
        let seed = self.dice.next();
        let parent = getpid();
        // SAFETY: this program has one thread, so that a child may do whatever its parent may.
        match unsafe { fork() }.unwrap() {
            ForkResult::Parent { child } => {
                self.workers[place] = Some(child);
                self.board.places[place].pid.store(child.as_raw(), SeqCst);
            }
            ForkResult::Child => {
                die_with(parent);
                let done = catch_unwind(AssertUnwindSafe(|| work(Dice::new(seed))));
                // SAFETY: ends the process.
                unsafe { libc::_exit(if done.is_ok() { 0 } else { 101 }) }
            }
        }
    }

    /// Kills a worker, who may be stopped, and leaves it unburied.
    pub fn strike(&mut self, place: usize) -> Option<Pid> {
        let pid = self.workers[place].take()?;
        self.stopped[place] = None;
        self.board.places[place].pid.store(0, SeqCst);
        self.board.places[place].since.store(0, SeqCst);
        kill(pid, Signal::SIGKILL).unwrap();
        self.deeds.kills += 1;
        Some(pid)
    }

    /// Waits for the end of a worker that was struck.
    pub fn bury(&mut self, pid: Pid) {
        match waitpid(pid, None) {
            Ok(WaitStatus::Exited(_, 0) | WaitStatus::Signaled(_, Signal::SIGKILL, _)) => {}
            other => self.board.fault(Fault::Crash, format_args!("{other:?}")),
        }
    }

    /// Kills a worker and buries it.
    pub fn kill(&mut self, place: usize) {
        if let Some(pid) = self.strike(place) {
            self.bury(pid);
        }
    }

    /// Kills all of these places at once, and buries them.
    pub fn strike_all(&mut self, places: std::ops::Range<usize>) {
        let dead: Vec<Pid> = places.filter_map(|place| self.strike(place)).collect();
        dead.into_iter().for_each(|pid| self.bury(pid));
    }

    /// Stops a worker; returns when it does not run any more.
    pub fn stop(&mut self, place: usize, time: Duration) {
        let Some(pid) = self.workers[place] else { return };
        if self.stopped[place].is_none() {
            kill(pid, Signal::SIGSTOP).unwrap();
            let status = waitpid(pid, Some(WaitPidFlag::WUNTRACED)).unwrap();
            if !matches!(status, WaitStatus::Stopped(..)) {
                self.workers[place] = None;
                return self.board.fault(Fault::Crash, format_args!("{status:?}"));
            }
            self.deeds.stops += 1;
        }
        self.stopped[place] = Some(Instant::now() + time);
    }

    /// Stops a worker for a moment, and now and then for longer than a slice of the library's waits.
    pub fn pause(&mut self, place: usize) {
        let bound = if self.dice.one_in(20) { 400_000 } else { 20_000 };
        let time = self.dice.micros(bound);
        self.stop(place, time);
    }

    /// Lets stopped workers go on whose time is up, or all of them.
    pub fn resume(&mut self, all: bool) {
        for (worker, stopped) in self.workers.iter().zip(&mut self.stopped) {
            if let (Some(pid), Some(until)) = (worker, *stopped)
                && (all || until <= Instant::now())
            {
                kill(*pid, Signal::SIGCONT).unwrap();
                *stopped = None;
            }
        }
    }

    /// The wind of a round: workers are stopped for a moment, or `replaced`, at random.
    pub fn stir(&mut self, places: usize, mut replaced: impl FnMut(&mut Troop, usize)) {
        for _ in 0..self.dice.below(12) {
            let place = self.dice.below(places as u64) as usize;
            if self.dice.one_in(3) {
                self.pause(place);
            } else {
                replaced(self, place);
            }
            sleep(self.dice.micros(8000));
            self.resume(false);
        }
    }

    /// A round: then all must get something done, and who does not is `replaced`.
    pub fn round(&mut self, places: usize, mut replaced: impl FnMut(&mut Troop, usize)) {
        self.deeds.rounds += 1;
        self.stir(places, &mut replaced);
        for late in self.calm(0..places) {
            replaced(self, late);
        }
    }

    /// Waits until `is_so`; says whether it came to that in time.
    pub fn within(&mut self, limit: Duration, mut is_so: impl FnMut(&Board) -> bool) -> bool {
        let start = Instant::now();
        while !is_so(self.board) {
            if start.elapsed() > limit {
                return false;
            }
            sleep(Duration::from_micros(100));
        }
        true
    }

    /// With everybody running: all of `places` must get something done. Who does not is struck by the caller.
    pub fn calm(&mut self, places: std::ops::Range<usize>) -> Vec<usize> {
        self.resume(true);
        let start = Instant::now();
        let done = |board: &Board| board.places.each_ref().map(|place| place.done.load(SeqCst));
        let before = done(self.board);
        let lag = |board: &Board| -> Vec<usize> {
            let after = done(board);
            places.clone().filter(|&place| after[place] == before[place]).collect()
        };
        self.within(LIMIT, |board| lag(board).is_empty());
        let late = lag(self.board);
        for &place in &late {
            let since = self.board.places[place].since.load(SeqCst);
            let waits = if since == 0 { 0 } else { (now() - since) / 1_000_000 };
            self.board.fault(
                Fault::LostWakeUp,
                format_args!("place {place} has done nothing, in a call for {waits} ms"),
            );
        }
        self.deeds.slowest = self.deeds.slowest.max(start.elapsed());
        late
    }

    /// Waits for workers that were asked to end; kills those that do not.
    pub fn dismiss(&mut self) {
        self.resume(true);
        let start = Instant::now();
        (0..PLACES).for_each(|place| self.see_off(place, start));
    }

    /// The same for one of them, asked to end at `start`, who is not stopped.
    pub fn see_off(&mut self, place: usize, start: Instant) {
        while self.workers[place].is_some_and(|pid| self.is_still_there(pid)) {
            if start.elapsed() > LIMIT {
                self.board.fault(Fault::LostWakeUp, format_args!("place {place} does not end"));
                self.kill(place);
                break;
            }
            sleep(Duration::from_micros(200));
        }
        self.workers[place] = None;
        self.board.places[place].pid.store(0, SeqCst);
    }

    /// Buries a worker if it has ended.
    fn is_still_there(&self, pid: Pid) -> bool {
        match waitpid(pid, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => return true,
            Ok(WaitStatus::Exited(_, 0)) => {}
            other => self.board.fault(Fault::Crash, format_args!("asked to end: {other:?}")),
        }
        false
    }

    /// Kills and buries whoever is left.
    pub fn clear(&mut self) {
        for place in 0..PLACES {
            if let Some(pid) = self.workers[place].take() {
                let _ = kill(pid, Signal::SIGKILL);
                self.bury(pid);
            }
            self.stopped[place] = None;
            self.board.places[place].pid.store(0, SeqCst);
        }
    }
}

impl Drop for Troop {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A worker never outlives its supervisor.
fn die_with(parent: Pid) {
    // SAFETY: takes numbers; the calling thread is the process's only one.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    if getppid() != parent {
        // SAFETY: ends the process.
        unsafe { libc::_exit(1) };
    }
}

/// Whether a process has ended, or is past its last instruction of its own.
pub fn is_gone(pid: i32) -> bool {
    const EXITING: u64 = 4;
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return true };
    let Some((_, fields)) = stat.rsplit_once(')') else { return true };
    let mut fields = fields.split_whitespace();
    let state = fields.next().unwrap_or("X");
    let flags: u64 = fields.nth(5).and_then(|text| text.parse().ok()).unwrap_or(0);
    matches!(state, "Z" | "X") || flags & EXITING != 0
}
