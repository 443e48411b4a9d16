//! Walking a victim through its operation: once to record every position, later straight to one of them.

use std::collections::BTreeSet;

use nix::errno::Errno;

use crate::access::Accesses;
use crate::operation::Points;
use crate::position::{Position, Recording};
use crate::procfs;
use crate::sheet::Sheet;
use crate::tracer::{Halt, Tracee};
use crate::watch::Watcher;

/// The most instructions taken one by one.
const MOST_EVERY: u64 = 20_000;
/// The most instructions of an operation with chosen points.
const MOST_CHOSEN: u64 = 4_000_000;
/// After so many steps the watchdog hears that all is well.
const REPORT_AFTER: u64 = 256;

/// Why a walk did not come to its end.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It cannot be done at all.
    Failed(String),
    /// The operation went another way than recorded.
    Drifted(String),
}

impl From<Errno> for Trouble {
    fn from(errno: Errno) -> Trouble {
        Trouble::Failed(format!("the victim cannot be stepped: {errno}"))
    }
}

impl From<String> for Trouble {
    fn from(why: String) -> Trouble {
        Trouble::Failed(why)
    }
}

/// A victim on its way.
pub(crate) struct Walk<'a> {
    tracee: &'a mut Tracee,
    sheet: &'a Sheet,
    position: Position,
    /// Where the next instruction lies.
    rip: u64,
    /// Code that is stepped through but not counted.
    lent: std::ops::Range<u64>,
    /// Ends the victim's sleep; nothing if it must not sleep.
    release: Option<&'a mut dyn FnMut()>,
    released: bool,
    slept: Vec<Position>,
}

impl<'a> Walk<'a> {
    /// Stands at the first mark.
    pub(crate) fn new(
        tracee: &'a mut Tracee,
        sheet: &'a Sheet,
        release: Option<&'a mut dyn FnMut()>,
    ) -> Walk<'a> {
        let rip = tracee.rip();
        let (position, lent) = (Position::start(rip), procfs::lent_code());
        Walk { tracee, sheet, position, rip, lent, release, released: false, slept: Vec::new() }
    }

    /// Whether the victim had to be woken on the way.
    pub(crate) fn released(&self) -> bool {
        self.released
    }

    /// Walks to the second mark and keeps the positions that `points` asks for.
    pub(crate) fn record(mut self, points: Points, mut watcher: Watcher) -> Result<Recording, Trouble> {
        let most = if points == Points::Every { MOST_EVERY } else { MOST_CHOSEN };
        let mut seen = vec![self.position];
        let mut events = BTreeSet::from([0]);
        let mut accesses = (points == Points::Accesses).then(|| Accesses::of(self.tracee.pid()));
        loop {
            let is_access = match &mut accesses {
                Some(accesses) => accesses.next_is_one(self.tracee, self.rip)?,
                None => false,
            };
            let rip = self.rip;
            let Some(was_call) = self.step()? else { break };
            let number = self.position.number;
            seen.append(&mut self.slept);
            seen.push(self.position);
            if let Some(accesses) = &mut accesses {
                if (was_call || is_access) && accesses.is_news(rip) {
                    events.insert(number);
                }
            } else if was_call {
                events.extend([number - 1, number]);
            }
            if points != Points::Every && watcher.changed(was_call) {
                events.insert(number);
            }
            if number > most {
                return Err(Trouble::Failed(format!("more than {most} instructions: {}", advice(points))));
            }
        }
        events.insert(self.position.number);
        let near = match points {
            Points::Every => None,
            Points::Chosen(near) => Some(near),
            Points::Accesses => Some(0),
        };
        Ok(Recording::new(&seen, &events, near))
    }

    /// Walks to one position. Answers whether the operation ended before it.
    pub(crate) fn reach(&mut self, target: Position, steady: bool) -> Result<bool, Trouble> {
        let arrived = self.cross_calls(target.calls)?
            && self.visit(target.anchor, target.visits)?
            && self.do_steps(target.steps)?;
        let arrived = arrived && (!target.asleep || self.fall_asleep()?);
        if steady && (!arrived || self.rip != target.rip && !target.asleep) {
            let here = procfs::place(self.rip);
            let there = procfs::place(target.rip);
            return Err(Trouble::Drifted(format!("came to {here} and not to {there}")));
        }
        Ok(!arrived)
    }

    /// Runs until so many system calls are done; false if the mark came first.
    fn cross_calls(&mut self, calls: u64) -> Result<bool, Trouble> {
        for halt in 0..calls * 2 {
            loop {
                let leaving = halt % 2 == 1;
                match self.tracee.run_to_call(leaving)? {
                    Halt::Call => break,
                    Halt::Mark => return Ok(false),
                    Halt::Asleep => match self.wake()? {
                        Halt::Call => break,
                        other => return Err(unexpected(&other)),
                    },
                    Halt::Signal(_) => {}
                    other => return Err(unexpected(&other)),
                }
            }
            self.sheet.progress();
        }
        self.rip = self.tracee.rip();
        Ok(self.leave_lent_code()?.is_some())
    }

    /// Runs until it has come to a place so many times; false if the mark came first.
    fn visit(&mut self, place: u64, visits: u64) -> Result<bool, Trouble> {
        if visits == 0 {
            return Ok(true);
        }
        self.tracee.set_breakpoint(Some(place))?;
        let arrived = self.stop_there(visits);
        self.tracee.set_breakpoint(None)?;
        self.rip = self.tracee.rip();
        arrived
    }

    fn stop_there(&mut self, visits: u64) -> Result<bool, Trouble> {
        for visit in 1..=visits {
            if visit.is_multiple_of(REPORT_AFTER) {
                self.sheet.progress();
            }
            loop {
                let mut halt = self.tracee.run_to_place()?;
                if halt == Halt::Asleep {
                    halt = self.wake()?;
                }
                match halt {
                    Halt::Step => break,
                    Halt::Mark => return Ok(false),
                    Halt::Signal(_) => {}
                    other => return Err(unexpected(&other)),
                }
            }
            self.sheet.count(1);
        }
        Ok(true)
    }

    /// Does so many instructions; false if the mark came first.
    fn do_steps(&mut self, steps: u64) -> Result<bool, Trouble> {
        for _ in 0..steps {
            if self.step()?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// One instruction. Answers whether it was a system call; nothing if it was the mark.
    fn step(&mut self) -> Result<Option<bool>, Trouble> {
        let Some(was_call) = self.step_once()? else { return Ok(None) };
        let Some(called_outside) = self.leave_lent_code()? else { return Ok(None) };
        let was_call = was_call || called_outside;
        self.position = self.position.next(was_call, self.rip);
        if self.position.number.is_multiple_of(REPORT_AFTER) {
            self.sheet.progress();
        }
        Ok(Some(was_call))
    }

    /// Steps out of the kernel's own code, which counts as one instruction with the one that led there: it takes
    /// another way each time, because it reads clocks, and it writes nothing that is shared.
    fn leave_lent_code(&mut self) -> Result<Option<bool>, Trouble> {
        let mut called = false;
        while self.lent.contains(&self.rip) {
            match self.step_once()? {
                Some(was_call) => called |= was_call,
                None => return Ok(None),
            }
        }
        Ok(Some(called))
    }

    fn step_once(&mut self) -> Result<Option<bool>, Trouble> {
        let is_call = self.tracee.is_call(self.rip);
        loop {
            let mut halt = self.tracee.step(is_call)?;
            if halt == Halt::Asleep {
                self.slept.push(Position { rip: self.rip, ..self.position.sleeping() });
                halt = self.wake()?;
            }
            match halt {
                Halt::Step => break,
                Halt::Mark => return Ok(None),
                Halt::Signal(_) => {}
                other => return Err(unexpected(&other)),
            }
        }
        self.rip = self.tracee.rip();
        self.sheet.count(1);
        Ok(Some(is_call))
    }

    /// Goes into the next instruction, a system call, and leaves the victim asleep there; false if it did not sleep.
    fn fall_asleep(&mut self) -> Result<bool, Trouble> {
        let is_call = self.tracee.is_call(self.rip);
        Ok(self.tracee.step(is_call)? == Halt::Asleep)
    }

    /// Wakes a sleeping victim and waits for its halt.
    fn wake(&mut self) -> Result<Halt, Trouble> {
        let Some(release) = self.release.as_mut() else {
            let state = procfs::describe_thread(self.tracee.pid(), self.tracee.tid());
            return Err(Trouble::Failed(format!("the operation sleeps and is not said to: {state}")));
        };
        release();
        self.released = true;
        Ok(self.tracee.wait())
    }
}

fn unexpected(halt: &Halt) -> Trouble {
    Trouble::Failed(format!("the victim met {halt:?} inside its operation"))
}

fn advice(points: Points) -> &'static str {
    match points {
        Points::Every => "it needs chosen points",
        Points::Chosen(_) | Points::Accesses => "it is too long to be recorded",
    }
}
