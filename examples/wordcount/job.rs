//! A job under way: pieces of text go to the pool, counts come back, in order.

use crate::count::{Counts, ends_in_word};
use crate::failure::{Failure, check_interrupt};
use crate::input::{Input, Progress};
use crate::task;
use courtyard::{ErrorKind, Future, Pool, TaskOptions, TaskState};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::VecDeque;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

/// How long one wait for a piece takes before we look whether the user wants to end.
const LOOK_AROUND: Duration = Duration::from_millis(200);
/// How long we look for somebody to kill.
const HUNT: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(1);
/// Counting may be done twice; so many workers may die over one piece, then the piece is at fault.
const OPTIONS: TaskOptions = TaskOptions { retries: 99, time_limit: None };

pub(crate) struct Job<'a> {
    pool: &'a Pool,
    chunk: usize,
    window: usize,
    on_their_way: VecDeque<Future>,
    killer: Option<Killer>,
    message: Vec<u8>,
    progress: Progress,
    pub(crate) counted: Counts,
    pub(crate) pieces: u64,
    /// How many workers were lost in the middle of a piece.
    pub(crate) lost: u64,
}

impl<'a> Job<'a> {
    /// `kills`: how many workers are to be killed, at random, while so many bytes are counted.
    pub(crate) fn new(pool: &'a Pool, chunk: usize, window: usize, size: u64, kills: Option<u64>) -> Job<'a> {
        let killer = kills.map(|kills| Killer { every: size / kills.max(1), next: 0, victims: vec![] });
        Job {
            pool,
            chunk,
            window,
            on_their_way: VecDeque::new(),
            killer,
            message: vec![],
            progress: Progress::new(size),
            counted: Counts::default(),
            pieces: 0,
            lost: 0,
        }
    }

    /// Deals out one input. Returns how many bytes it had.
    pub(crate) fn stream(
        &mut self,
        input: &Input,
        mut seen: impl FnMut(&[u8], bool),
    ) -> Result<u64, Failure> {
        let (mut text, mut in_word, mut bytes) = (input.open()?, false, 0);
        let mut piece = vec![0; self.chunk];
        loop {
            check_interrupt()?;
            let len = text.read(&mut piece)?;
            if len == 0 {
                return Ok(bytes);
            }
            let piece = &piece[..len];
            seen(piece, in_word);
            let linger = self.killer.as_ref().is_some_and(|killer| killer.is_due(self.counted.bytes));
            task::encode(&mut self.message, in_word, linger, piece);
            self.submit()?;
            in_word = ends_in_word(piece, in_word);
            bytes += len as u64;
        }
    }

    fn submit(&mut self) -> Result<(), Failure> {
        while self.on_their_way.len() >= self.window {
            self.collect()?;
        }
        loop {
            match self.pool.submit(task::NAME, &self.message, &OPTIONS) {
                Ok(future) => break self.on_their_way.push_back(future),
                // The pieces on their way have all the memory.
                Err(e) if e.kind() == ErrorKind::NoSpace && !self.on_their_way.is_empty() => {
                    self.collect()?
                }
                Err(e) => return Err(e.into()),
            }
        }
        if let Some(killer) = &mut self.killer {
            killer.strike(self.counted.bytes, &self.on_their_way)?;
        }
        Ok(())
    }

    /// Waits for the first of the pieces on their way.
    fn collect(&mut self) -> Result<(), Failure> {
        let Some(first) = self.on_their_way.pop_front() else { return Ok(()) };
        let result = loop {
            match first.result(LOOK_AROUND) {
                Err(e) if e.kind() == ErrorKind::Timeout => check_interrupt()?,
                ended => break ended?,
            }
        };
        let (counts, lost) = task::decode(&result)?;
        self.counted += counts;
        self.lost += lost;
        self.pieces += 1;
        self.progress.more(counts.bytes);
        Ok(())
    }

    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        while !self.on_their_way.is_empty() {
            self.collect()?;
        }
        self.progress.end();
        Ok(())
    }

    /// How many workers were killed, if any were to be.
    pub(crate) fn killed(&self) -> Option<usize> {
        self.killer.as_ref().map(|killer| killer.victims.len())
    }
}

/// Kills a worker now and then.
struct Killer {
    /// After so many bytes each.
    every: u64,
    next: u64,
    victims: Vec<Pid>,
}

impl Killer {
    fn is_due(&self, counted: u64) -> bool {
        counted >= self.next
    }

    /// Kills one if it is time to, and somebody is at work; if not, there is another try with the next piece.
    fn strike(&mut self, counted: u64, tasks: &VecDeque<Future>) -> Result<(), Failure> {
        let begin = Instant::now();
        while self.is_due(counted) && begin.elapsed() < HUNT && !tasks.iter().all(Future::is_done) {
            let Some(worker) = self.pick(tasks) else {
                sleep(LOOK);
                continue;
            };
            match kill(worker, Signal::SIGKILL) {
                Err(Errno::ESRCH) => return Ok(()), // it is gone already
                killed => killed?,                  // it may be at the next piece by now, or between two
            }
            self.victims.push(worker);
            self.next += self.every.max(1);
        }
        Ok(())
    }

    /// A worker that is at work at one of the tasks, whichever, and was not killed already.
    fn pick(&self, tasks: &VecDeque<Future>) -> Option<Pid> {
        let at_work = |task: &Future| match task.state() {
            Ok(TaskState::Running { pid, .. }) => Some(Pid::from_raw(pid.cast_signed())),
            _ => None,
        };
        let workers = tasks.iter().filter_map(at_work).filter(|worker| !self.victims.contains(worker));
        let workers: Vec<Pid> = workers.collect();
        let dice =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
        (!workers.is_empty()).then(|| workers[dice as usize % workers.len()])
    }
}
