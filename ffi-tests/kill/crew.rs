//! The crew: processes that play trials side by side. Most of a play is sleep, so there are more of them than CPUs.

use std::thread::available_parallelism;
use std::time::Duration;

use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::child;
use crate::engine::{Engine, Outcome, Trial};
use crate::operation::Mode;
use crate::run::Share;
use crate::seats;
use crate::sheet::Sheet;

/// Players for each CPU. On two CPUs everything took a quarter of one player's time with four, a third with two.
const PLAYERS: usize = 4;
/// Room for an outcome.
const ROOM: usize = 64 << 10;
const UNDONE: u32 = 0;
const DONE: u32 = 1;
const LOOK: Duration = Duration::from_millis(100);

/// One trial in one mode.
pub(crate) type Job<'a> = (&'a dyn Trial, Mode);

/// Plays every job, at a share of its points, and hands its outcome to `told`, in order. The last jobs are begun first.
pub(crate) fn play(jobs: &[Job<'_>], share: Share, mut told: impl FnMut(Outcome)) {
    let mut engine = Engine::new(share);
    let taken = Sheet::new(0);
    let sheets = Sheet::many(jobs.len(), ROOM);
    let cpus = available_parallelism().map_or(1, usize::from);
    let players = (PLAYERS * cpus).min(jobs.len());
    let mut crew: Vec<i32> = (0..players)
        .map(|player| child::spawn(|| work(player, &mut engine, jobs, &taken, &sheets)))
        .collect();
    for ((trial, mode), sheet) in jobs.iter().zip(&sheets) {
        while sheet.phase() == UNDONE && !crew.is_empty() {
            sheet.sleep_while(UNDONE, LOOK);
            crew.retain(|pid| is_at_work(*pid));
        }
        told(decode(&sheet.read()).unwrap_or_else(|| abandoned(*trial, *mode)));
    }
    crew.into_iter().for_each(child::reap);
}

/// What one player does: the last job that nobody has taken, until there is none.
fn work(player: usize, engine: &mut Engine, jobs: &[Job<'_>], taken: &Sheet, sheets: &[Sheet]) -> i32 {
    seats::settle(player);
    engine.move_in();
    while let Some(index) = jobs.len().checked_sub(taken.count(1) as usize + 1) {
        let (trial, mode) = jobs[index];
        sheets[index].write(&encode(&engine.run(trial, mode)));
        sheets[index].enter(DONE);
    }
    0
}

fn is_at_work(pid: i32) -> bool {
    matches!(waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG)), Ok(WaitStatus::StillAlive))
}

fn abandoned(trial: &dyn Trial, mode: Mode) -> Outcome {
    let line = format!("{} ({mode}): FAILED: its player died", trial.name());
    Outcome { passed: false, line, details: Vec::new() }
}

fn encode(outcome: &Outcome) -> String {
    let verdict = if outcome.passed { "passed" } else { "failed" };
    let mut lines = vec![verdict, &outcome.line];
    lines.extend(outcome.details.iter().map(String::as_str));
    lines.join("\n")
}

fn decode(text: &str) -> Option<Outcome> {
    let mut lines = text.lines().map(str::to_string);
    let passed = lines.next()? == "passed";
    Some(Outcome { passed, line: lines.next()?, details: lines.collect() })
}
