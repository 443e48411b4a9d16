//! The command: which operations are played, and what is printed.

use std::io::Write;
use std::process::ExitCode;

use crate::crew::{self, Job};
use crate::engine::{Outcome, Trial};
use crate::{manifest, ops, toys};

/// The headings, each with its operations. What the library does stands under its rooms' names.
fn headings() -> Vec<(&'static str, Vec<Box<dyn Trial>>)> {
    vec![("harness", toys::all()), ("library", ops::all())]
}

/// Which points are played: every `of`th, counted from the end, from the `index`th on, and the last one in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// 0 for the last point.
    pub(crate) index: usize,
    /// 1: every point.
    pub(crate) of: usize,
}

/// Played by default is one of twelve points: a minute's work.
const DEFAULT: Share = Share { index: 0, of: 12 };
pub(crate) const WHOLE: Share = Share { index: 0, of: 1 };

/// What `KILLSTEP_SHARE=I/N` asks for, I from 1 to N: all N together play every point.
fn asked_share() -> Option<Share> {
    let (index, of) =
        std::env::var("KILLSTEP_SHARE").ok()?.split_once('/').map(|(i, n)| (i.parse(), n.parse()))?;
    match (index, of) {
        (Ok(index), Ok(of)) if (1..=of).contains(&index) => Some(Share { index: index - 1, of }),
        _ => panic!("KILLSTEP_SHARE is I/N, with I from 1 to N"),
    }
}

fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|ci| ci == "true")
}

#[derive(Default)]
struct Count {
    passed: usize,
    failed: usize,
    /// What was printed of each failure.
    failures: Vec<String>,
}

impl Count {
    fn fail(&mut self, lines: String) {
        println!("{lines}");
        self.failed += 1;
        self.failures.push(lines);
    }

    /// Once more, at the end: whoever keeps only the last lines of a long report still reads why it failed.
    fn repeat_failures(&self) {
        for lines in &self.failures {
            println!("failed:\n{lines}");
        }
    }
}

/// Plays what the arguments ask for.
pub(crate) fn run(arguments: impl Iterator<Item = String>) -> ExitCode {
    let (options, words): (Vec<String>, Vec<String>) = arguments.partition(|word| word.starts_with('-'));
    let filter = words.first().map_or("", String::as_str);
    if options.iter().any(|option| option == "--list") {
        list(filter);
        return ExitCode::SUCCESS;
    }
    let whole = options.iter().any(|option| option == "--all") || !filter.is_empty();
    let share = match (whole, asked_share()) {
        (true, _) => WHOLE,
        (false, Some(share)) => share,
        (false, None) => {
            if in_ci() {
                WHOLE
            } else {
                DEFAULT
            }
        }
    };
    let mut count = Count::default();
    play_all(filter, share, &mut count);
    check_manifest(filter, &mut count);
    if share != WHOLE {
        println!("one of {} points was played; with --all, a filter, or CI=true: every one", share.of);
    }
    count.repeat_failures();
    println!("{} passed, {} failed", count.passed, count.failed);
    if count.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn list(filter: &str) {
    for (heading, trials) in headings() {
        println!("{heading}:");
        for trial in trials.iter().filter(|trial| trial.name().contains(filter)) {
            let modes: Vec<String> = trial.modes().iter().map(ToString::to_string).collect();
            println!("  {} ({}), {:?}", trial.name(), modes.join(", "), trial.points());
        }
    }
    println!("manifest:");
    for row in manifest::ROWS.iter().filter(|row| row.function.contains(filter)) {
        println!("  {row}");
    }
}

fn play_all(filter: &str, share: Share, count: &mut Count) {
    let headings = headings();
    let trials = headings.iter().flat_map(|(_, trials)| trials).map(AsRef::as_ref);
    let chosen = trials.filter(|trial| trial.name().contains(filter));
    let jobs: Vec<Job<'_>> =
        chosen.flat_map(|trial| trial.modes().iter().map(move |mode| (trial, *mode))).collect();
    crew::play(&jobs, share, |outcome| tell(&outcome, count));
}

fn tell(outcome: &Outcome, count: &mut Count) {
    let line = format!("  {}", outcome.line);
    if outcome.passed {
        println!("{line}");
        count.passed += 1;
    } else {
        let details = outcome.details.iter().map(|detail| format!("    {detail}"));
        count.fail(std::iter::once(line).chain(details).collect::<Vec<_>>().join("\n"));
    }
    let _ = std::io::stdout().flush();
}

fn check_manifest(filter: &str, count: &mut Count) {
    if !"manifest".contains(filter) {
        return;
    }
    println!("manifest:");
    let headings = headings();
    let trials: Vec<&dyn Trial> = headings.iter().flat_map(|(_, all)| all).map(AsRef::as_ref).collect();
    for (name, result) in manifest::tests(&trials) {
        match result {
            Ok(remark) => {
                count.passed += 1;
                println!("  {name}: ok, {remark}");
            }
            Err(why) => count.fail(format!("  {name}: FAILED: {why}")),
        }
    }
}
