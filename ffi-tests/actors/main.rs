//! Every language against every other: an actor in each does what it is told on its standard input (README.md beside
//! this file), and scenes are played by each ordered pair of languages. One of the two is killed in the middle.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod company;
mod rust;
mod scenes;
#[path = "../support/mod.rs"]
mod support;

use company::{Actor, Stage, Tongue, tongues};
use scenes::{SCENES, Scene};
use std::process::Command;
use support::{Built, Part, Suite, root};

/// The argument that makes this program the actor in Rust.
const ACTOR: &str = "--actor";

/// A shell lets what it runs in the background ignore SIGINT, and so would the actors.
fn heed_interrupts() {
    use nix::sys::signal::{SigHandler, Signal, signal};
    #[allow(unsafe_code)]
    // SAFETY: no handler is installed.
    unsafe { signal(Signal::SIGINT, SigHandler::SigDfl) }.unwrap();
}

/// How many pairs play at a time: most of a scene is waiting for each other.
const AT_ONCE: usize = 8;

fn main() {
    if std::env::args().nth(1).as_deref() == Some(ACTOR) {
        return rust::main();
    }
    heed_interrupts();
    let mut suite = Suite::new();
    let built = support::built();
    let (tongues, missing) = tongues(&built);
    let pairs: Vec<_> = tongues.iter().flat_map(|a| tongues.iter().map(move |b| (a, b))).collect();
    for scene in SCENES {
        pairs.chunks(AT_ONCE).for_each(|pairs| play(&mut suite, scene, pairs));
    }
    for tongue in &tongues {
        suite.part(&format!("no command: {}", tongue.name), || nonsense(tongue));
    }
    let python = tongues.iter().any(|tongue| tongue.name == "Python");
    for noun in ["lock", "ring"] {
        suite.part(&format!("Ctrl-C in Python: {noun}"), || match python {
            true => interrupt(&built, noun),
            false => Part::Skipped("python3"),
        });
    }
    for what in missing {
        suite.part(&format!("actors without a {what}"), || Part::Skipped(what));
    }
    drop(built);
    suite.finish();
}

/// Each pair plays the scene, in a yard of its own, all at the same time.
fn play(suite: &mut Suite, (name, scene): (&str, Scene), pairs: &[(&Tongue, &Tongue)]) {
    std::thread::scope(|s| {
        let plays: Vec<_> =
            pairs.iter().map(|(doomed, other)| s.spawn(move || scene(doomed, other))).collect();
        for ((doomed, other), play) in pairs.iter().zip(plays) {
            let part = format!("{name}: {} is killed, {} goes on", doomed.name, other.name);
            suite.part(&part, || match play.join() {
                Ok(()) => Part::Passed,
                Err(why) => std::panic::resume_unwind(why),
            });
        }
    });
}

fn nonsense(tongue: &Tongue) -> Part {
    let stage = Stage::new();
    let mut actor = tongue.enter(&stage.yard);
    for line in ["", "nonsense", "lock", "lock acquire", "nonsense open door", "yard open a b"] {
        actor.says(line, "err usage");
    }
    Part::Passed
}

/// SIGINT ends the wait, and Python makes a KeyboardInterrupt of it.
fn interrupt(built: &Built, noun: &str) -> Part {
    let stage = Stage::new();
    let yard = courtyard::Yard::open_or_create(&stage.yard).unwrap();
    let lock = courtyard::Lock::create(&yard, "door", courtyard::Scope::Process).unwrap();
    let guard = lock.acquire(courtyard::Timeout::Try).unwrap();
    let mut python = Command::new("python3");
    python.arg("-B").arg(root().join("ffi-tests/python/interrupt.py"));
    python.arg(built.folder.join("libcourtyard.so")).arg(&stage.yard).arg(noun);
    let mut waiter = Actor::start("Python", &mut python);
    waiter.ends("waiting");
    waiter.until_asleep();
    let pid = nix::unistd::Pid::from_raw(waiter.pid() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    waiter.ends("KeyboardInterrupt in time");
    drop(guard);
    Part::Passed
}
