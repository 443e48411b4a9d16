//! The command: which operations are played, and what is printed.

use std::io::Write;
use std::process::ExitCode;

use crate::engine::{Engine, Trial};
use crate::{manifest, ops, toys};

/// The headings, each with its operations. What the library does stands under its rooms' names.
fn headings() -> Vec<(&'static str, Vec<Box<dyn Trial>>)> {
    vec![("harness", toys::all()), ("library", ops::all())]
}

#[derive(Default)]
struct Count {
    passed: usize,
    failed: usize,
}

/// Plays what the arguments ask for.
pub(crate) fn run(arguments: impl Iterator<Item = String>) -> ExitCode {
    let (options, words): (Vec<String>, Vec<String>) = arguments.partition(|word| word.starts_with('-'));
    let filter = words.first().map_or("", String::as_str);
    if options.iter().any(|option| option == "--list") {
        list(filter);
        return ExitCode::SUCCESS;
    }
    let mut count = Count::default();
    play_all(filter, &mut count);
    check_manifest(filter, &mut count);
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

fn play_all(filter: &str, count: &mut Count) {
    let mut engine = Engine::new();
    for (heading, trials) in headings() {
        let chosen = trials.iter().filter(|trial| trial.name().contains(filter));
        for (number, trial) in chosen.enumerate() {
            if number == 0 {
                println!("{heading}:");
            }
            play(&mut engine, trial.as_ref(), count);
        }
    }
}

fn play(engine: &mut Engine, trial: &dyn Trial, count: &mut Count) {
    for &mode in trial.modes() {
        let outcome = engine.run(trial, mode);
        println!("  {}", outcome.line);
        if outcome.passed {
            count.passed += 1;
        } else {
            count.failed += 1;
            for detail in &outcome.details {
                println!("    {detail}");
            }
        }
        let _ = std::io::stdout().flush();
    }
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
            Err(why) => {
                count.failed += 1;
                println!("  {name}: FAILED: {why}");
            }
        }
    }
}
