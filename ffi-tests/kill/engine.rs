//! The engine: records an operation, then plays it once for each point, each play in a process of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::operation::{Mode, Operation, Points};
use crate::other::Other;
use crate::phase::Phase;
use crate::play::{Script, play};
use crate::position::{Position, Recording};
use crate::report::{Report, Verdict};
use crate::run::{Share, WHOLE};
use crate::sheet::Sheet;
use crate::stage::{Stage, clear_names};
use crate::{child, manifest, patience, procfs, seats};

/// Room for the longest recording.
const ROOM: usize = 16 << 20;
/// How often a play is repeated whose operation did other instructions than recorded.
const TRIES: u32 = 4;
/// After so many failures the rest of the points is left out.
const ENOUGH: usize = 3;
const NAP: Duration = Duration::from_millis(20);

/// An operation whose types are forgotten, so that all can stand in one list.
pub(crate) trait Trial {
    fn name(&self) -> &'static str;
    fn modes(&self) -> &'static [Mode];
    fn points(&self) -> Points;
    fn patience(&self) -> Duration;
    fn steady(&self) -> bool;
    fn flaw(&self) -> Option<&'static str>;
    fn other(&self) -> Option<&dyn Other>;
    fn play(&self, mode: Mode, script: Script, stage: Stage, sheet: &Sheet) -> Report;
}

impl<O: Operation> Trial for O {
    fn name(&self) -> &'static str {
        Operation::name(self)
    }
    fn modes(&self) -> &'static [Mode] {
        Operation::modes(self)
    }
    fn points(&self) -> Points {
        Operation::points(self)
    }
    fn patience(&self) -> Duration {
        Operation::patience(self)
    }
    fn steady(&self) -> bool {
        Operation::steady(self)
    }
    fn flaw(&self) -> Option<&'static str> {
        Operation::flaw(self)
    }
    fn other(&self) -> Option<&dyn Other> {
        Operation::other(self)
    }
    fn play(&self, mode: Mode, script: Script, stage: Stage, sheet: &Sheet) -> Report {
        play(self, mode, script, stage, sheet)
    }
}

/// What one operation in one mode came to.
pub(crate) struct Outcome {
    /// Whether it did what was promised; a broken twin, whether it was caught.
    pub(crate) passed: bool,
    /// One line for people.
    pub(crate) line: String,
    /// The first failures.
    pub(crate) details: Vec<String>,
}

/// Plays trials.
pub(crate) struct Engine {
    sheet: Sheet,
    serial: u64,
    /// Whether this machine's debug registers can be used.
    breakpoints: bool,
    /// Which points are played.
    share: Share,
}

/// The sums over all points.
#[derive(Default)]
struct Tally {
    held: usize,
    steps: u64,
    failures: Vec<(Position, String)>,
    waits: BTreeMap<String, Duration>,
    roles: BTreeSet<String>,
}

impl Tally {
    fn add(&mut self, report: &Report, steps: u64) {
        self.steps += steps;
        self.roles.extend(report.roles.iter().cloned());
        for (name, waited) in &report.waits {
            let most = self.waits.entry(name.clone()).or_default();
            *most = (*most).max(*waited);
        }
    }
}

impl Engine {
    /// An engine for the calling process.
    pub(crate) fn new(share: Share) -> Engine {
        seats::set_up();
        procfs::lent_code(); // once, for all plays
        let mut engine = Engine { sheet: Sheet::new(ROOM), serial: 0, breakpoints: true, share };
        engine.move_in();
        engine.breakpoints = engine.finds_breakpoints();
        engine
    }

    /// Makes the engine, which may be its parent's, that of the calling process: it reaps what dead stages leave.
    pub(crate) fn move_in(&mut self) {
        // SAFETY: prctl with these arguments touches no memory.
        unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
        self.sheet = Sheet::new(ROOM);
    }

    /// Tries whether a breakpoint is found: not every virtual machine has them.
    fn finds_breakpoints(&mut self) -> bool {
        let (probe, mode) = (crate::toys::probe(), Mode::Kill);
        let Ok(recording) = self.record(probe.as_ref(), mode, &mut Tally::default()) else { return true };
        let anchored = recording.points.iter().rev().find(|point| point.visits > 0);
        anchored.is_none_or(|point| {
            self.play_once(probe.as_ref(), mode, Script::At(*point, false)).verdict == Verdict::Held
        })
    }

    /// Plays one operation in one mode, at each of its points.
    pub(crate) fn run(&mut self, trial: &dyn Trial, mode: Mode) -> Outcome {
        let began = Instant::now();
        let mut tally = Tally::default();
        match self.play_scenes(trial, mode, &mut tally) {
            Ok((recording, played)) => judge(trial, mode, &recording, played, tally, began.elapsed()),
            Err(why) => cannot_begin(trial, mode, &why),
        }
    }

    /// All points in one scene; of a pair, in as many as the other one has positions. How many were played of all recorded.
    fn play_scenes(
        &mut self,
        trial: &dyn Trial,
        mode: Mode,
        tally: &mut Tally,
    ) -> Result<(Recording, usize), String> {
        let Some(other) = trial.other() else {
            let recording = self.record(trial, mode, tally)?;
            let played = self.play_points(trial, mode, &recording, tally);
            return Ok((recording, played));
        };
        let (mut all, mut played) = (Recording::default(), 0);
        for at in self.record(other.alone(), Mode::Kill, tally)?.points {
            other.stand(at);
            let failed = tally.failures.len();
            let recording = self.record(trial, mode, tally).map_err(|why| beside(at, &why))?;
            played += self.play_points(trial, mode, &recording, tally);
            all.total += recording.total;
            all.points.extend(recording.points);
            tally.failures[failed..].iter_mut().for_each(|(_, why)| *why = beside(at, why));
            if tally.failures.len() >= ENOUGH {
                break;
            }
        }
        Ok((all, played))
    }

    /// The share of the recorded points that is asked for; how many that were.
    fn play_points(
        &mut self,
        trial: &dyn Trial,
        mode: Mode,
        recording: &Recording,
        tally: &mut Tally,
    ) -> usize {
        // A twin may be broken at a single point.
        let share = if trial.flaw().is_some() { WHOLE } else { self.share };
        let points: Vec<_> = recording.points.iter().rev().enumerate().collect();
        let is_played = |from_end: usize| from_end == 0 || from_end % share.of == share.index;
        let mut played = 0;
        for (_, &point) in points.into_iter().rev().filter(|(from_end, _)| is_played(*from_end)) {
            played += 1;
            let last = point.number == recording.total;
            match self.play_steadily(trial, mode, Script::At(point, last), tally) {
                Ok(_) => tally.held += 1,
                Err(why) => tally.failures.push((point, why)),
            }
            if tally.failures.len() == ENOUGH {
                break;
            }
        }
        played
    }

    /// Records until two recordings agree; an operation that is not steady is recorded once.
    fn record(&mut self, trial: &dyn Trial, mode: Mode, tally: &mut Tally) -> Result<Recording, String> {
        let mut last: Option<Recording> = None;
        for _ in 0..TRIES {
            let report = self.play_steadily(trial, mode, Script::Record, tally)?;
            let recording = report.recording.ok_or("nothing was recorded")?;
            if !trial.steady() || last.as_ref() == Some(&recording) {
                return Ok(recording);
            }
            last = Some(recording);
        }
        Err(format!("no two of {TRIES} runs did the same instructions"))
    }

    /// Plays, and again if the operation went another way than recorded; the last time without a breakpoint.
    fn play_steadily(
        &mut self,
        trial: &dyn Trial,
        mode: Mode,
        script: Script,
        tally: &mut Tally,
    ) -> Result<Report, String> {
        let mut drifted = String::new();
        for number in 1..=TRIES {
            let plainly = number == TRIES || !self.breakpoints;
            let report = self.play_once(trial, mode, if plainly { script.without_anchor() } else { script });
            tally.add(&report, self.sheet.steps());
            match report.verdict {
                Verdict::Held => return Ok(report),
                Verdict::Failed(why) => return Err(why),
                Verdict::Drifted(why) => drifted = why,
            }
        }
        Err(format!("{TRIES} runs did other instructions than recorded: {drifted}"))
    }

    /// Plays in a process of its own, under a watchdog.
    fn play_once(&mut self, trial: &dyn Trial, mode: Mode, script: Script) -> Report {
        self.serial += 1;
        self.sheet.wipe();
        let (sheet, stage) = (&self.sheet, Stage::new(std::process::id(), self.serial));
        let pid = child::spawn(|| {
            let report = trial.play(mode, script, stage, sheet);
            sheet.write(&report.encode());
            0
        });
        let watched = self.watch(pid, trial.patience());
        child::kill(pid);
        seats::give(&self.sheet);
        child::reap_strays();
        clear_names(self.serial);
        match watched {
            Ok(()) => Report::decode(&self.sheet.read())
                .unwrap_or_else(|| Report::failed(format!("the stage died during {}", self.phase().name()))),
            Err(why) => Report::failed(why),
        }
    }

    fn phase(&self) -> Phase {
        Phase::from_number(self.sheet.phase())
    }

    /// Waits for the stage's end; an error if it does not come on in one of its phases.
    fn watch(&self, pid: i32, patience: Duration) -> Result<(), String> {
        let end = ProcessEnd::of(pid);
        while !end.within(Duration::ZERO) {
            let (phase, began) = (self.phase(), self.sheet.began());
            patience::wait(pid, phase.name(), phase.limit(patience), |span| {
                end.within(span.min(NAP)) || self.sheet.began() != began
            })?;
        }
        Ok(())
    }
}

/// A descriptor that becomes readable when a process has ended.
struct ProcessEnd(i32);

impl ProcessEnd {
    fn of(pid: i32) -> ProcessEnd {
        // SAFETY: pidfd_open takes numbers only; the child has not been reaped.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        assert!(fd >= 0, "this kernel has no pidfd_open");
        ProcessEnd(fd as i32)
    }

    fn within(&self, span: Duration) -> bool {
        let mut poll = libc::pollfd { fd: self.0, events: libc::POLLIN, revents: 0 };
        // SAFETY: one structure, alive on this stack.
        unsafe { libc::poll(&mut poll, 1, span.as_millis() as i32) == 1 }
    }
}

impl Drop for ProcessEnd {
    fn drop(&mut self) {
        // SAFETY: the descriptor is ours and used by nobody after this.
        unsafe { libc::close(self.0) };
    }
}

/// No point was played: right only for a twin that is broken in just this way.
fn cannot_begin(trial: &dyn Trial, mode: Mode, why: &str) -> Outcome {
    let name = trial.name();
    if trial.flaw().is_some_and(|flaw| why.contains(flaw)) {
        let line = format!("{name} ({mode}): 0 kill points, a broken twin, refused: {why}");
        return Outcome { passed: true, line, details: Vec::new() };
    }
    let line = format!("{name} ({mode}): FAILED before the first point");
    Outcome { passed: false, line, details: vec![why.to_string()] }
}

fn judge(
    trial: &dyn Trial,
    mode: Mode,
    recording: &Recording,
    played: usize,
    tally: Tally,
    took: Duration,
) -> Outcome {
    let count = match recording.points.len() {
        all if all == played => all.to_string(),
        all => format!("{played} of {all}"),
    };
    let (kind, of) = match trial.points() {
        Points::Every => ("kill points", String::new()),
        Points::Chosen(_) => ("chosen points", format!(" of {}", recording.total + 1)),
        Points::Accesses if trial.other().is_some() => ("pairs of accesses", String::new()),
        Points::Accesses => ("accesses", format!(" among {} instructions", recording.total)),
    };
    let mut line = format!("{} ({mode}): {count} {kind}{of}, ", trial.name());
    let caught = trial.flaw().map(|flaw| tally.failures.iter().find(|(_, why)| why.contains(flaw)));
    match caught {
        None => line.push_str(&format!("{} ok", tally.held)),
        Some(None) => line.push_str("a broken twin that was NOT caught"),
        Some(Some((point, _))) => line.push_str(&format!("a broken twin, caught after {}", point.number)),
    }
    line.push_str(&remarks(recording, &tally, took));
    let mut details: Vec<String> = tally.failures.iter().map(|(point, why)| describe(*point, why)).collect();
    let absent = manifest::absent(trial.name(), mode, &tally.roles);
    details.extend(absent.iter().map(|role| format!("the manifest names the {role}, who did not play")));
    let passed = caught.map_or(tally.failures.is_empty(), |found| found.is_some()) && absent.is_empty();
    Outcome { passed, line, details }
}

fn remarks(recording: &Recording, tally: &Tally, took: Duration) -> String {
    let mut text = String::new();
    let asleep = recording.points.iter().filter(|point| point.asleep).count();
    if asleep > 0 {
        text.push_str(&format!("; {asleep} of them asleep"));
    }
    for (name, waited) in &tally.waits {
        text.push_str(&format!("; the {name} waited {:.1} ms at most", waited.as_secs_f64() * 1e3));
    }
    text.push_str(&format!("; {} steps in {:.2} s", tally.steps, took.as_secs_f64()));
    text
}

/// A failure of a pair, and where the other one stood.
fn beside(at: Position, why: &str) -> String {
    let Position { number, calls, rip, .. } = at;
    let place = procfs::place(rip);
    format!("beside one after {number} instructions ({calls} system calls), at {place}: {why}")
}

fn describe(point: Position, why: &str) -> String {
    let asleep = if point.asleep { ", asleep in the next" } else { "" };
    let Position { number, calls, .. } = point;
    let place = procfs::place(point.rip);
    format!("after {number} instructions ({calls} system calls{asleep}), at {place}: {why}")
}
