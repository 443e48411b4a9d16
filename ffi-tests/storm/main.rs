//! The kill storm: real processes under load are killed and stopped at random, and nothing is lost.
//!
//! `cargo test --test storm -- [--seed N] [--seconds N] [--kills N] [NAME]`: storms of the nouns, for N seconds in all, or
//! until each has killed a hundred processes; each again, with the next seed, until it has killed so many. The seed is
//! printed; it decides what the supervisor does, not how the processes meet.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::panic)] // a test fails by panicking
#![allow(unsafe_code)] // fork, signals, and memory shared beside the yards

mod barriers;
mod blocks;
mod board;
mod conditions;
mod debts;
mod events;
mod locks;
mod permits;
mod pipes;
mod queues;
mod rings;
mod rwlocks;
mod semaphores;
mod shelves;
mod sides;
mod structs;
mod troop;
mod waits;
mod whole;

use board::{Board, Fault, now, shared, watch};
use std::time::{Duration, Instant};
use troop::{Deeds, KILLS};

/// Runs one storm: on this board, with this seed, for so long.
type Storm = fn(&'static Board, u64, Duration) -> (Deeds, String);

const STORMS: &[(&str, Storm)] = &[
    ("blocks", blocks::storm),
    ("barriers", barriers::storm),
    ("conditions", conditions::storm),
    ("debts", debts::storm),
    ("events", events::storm),
    ("locks", locks::storm),
    ("many", semaphores::storm_of_many),
    ("many at the bell", semaphores::storm_at_the_bell),
    ("permits", permits::storm),
    ("pipes", pipes::storm),
    ("queues", queues::storm),
    ("rings", rings::storm),
    ("rwlocks", rwlocks::storm),
    ("semaphores", semaphores::storm),
    ("shelves", shelves::storm),
    ("sides", sides::storm),
    ("structs", structs::storm),
    ("waits", waits::storm),
];

/// What the command line says; of libtest's own options `--list` alone means something here.
struct Arguments {
    seed: u64,
    seconds: u64,
    kills: u64,
    list: bool,
    filter: Option<String>,
}

fn arguments() -> Arguments {
    let mut all = std::env::args().skip(1);
    let mut found = Arguments { seed: board::mix(now()), seconds: 10, kills: 0, list: false, filter: None };
    let number = |word: Option<String>| -> u64 {
        word.and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("a number is missing"))
    };
    while let Some(word) = all.next() {
        match word.as_str() {
            "--seed" => found.seed = number(all.next()),
            "--seconds" => found.seconds = number(all.next()),
            "--kills" => found.kills = number(all.next()),
            "--list" => found.list = true,
            "--test-threads" | "--format" | "--color" | "--skip" => drop(all.next()),
            option if option.starts_with('-') => {}
            name => found.filter = Some(name.to_owned()),
        }
    }
    found
}

fn main() {
    let arguments = arguments();
    let wanted = |name: &str| arguments.filter.as_ref().is_none_or(|filter| name.contains(filter.as_str()));
    let storms: Vec<&(&str, Storm)> = STORMS.iter().filter(|(name, _)| wanted(name)).collect();
    if arguments.list {
        return storms.iter().for_each(|(name, _)| println!("{name}: test"));
    }
    println!("seed {}, {} seconds", arguments.seed, arguments.seconds);
    let time = Duration::from_secs(arguments.seconds) / storms.len().max(1) as u32;
    let again = |(name, storm): &(&str, Storm)| {
        let (mut kills, mut seed) = (0, arguments.seed);
        while let Some(more) = weather(name, *storm, seed, time) {
            (kills, seed) = (kills + more, seed.wrapping_add(1));
            if kills >= arguments.kills {
                return true;
            }
        }
        false
    };
    let failed = storms.iter().filter(|storm| !again(storm)).count();
    println!("{} passed, {failed} failed", storms.len() - failed);
    if failed > 0 {
        std::process::exit(1);
    }
}

/// Runs a storm and prints what it did. How many it has killed; `None` if something went wrong.
fn weather(name: &str, storm: Storm, seed: u64, time: Duration) -> Option<u64> {
    // SAFETY: a board is made of atomics.
    let board: &'static Board = unsafe { shared() };
    watch(board, 60 + 4 * time.as_secs() as u32);
    let begin = Instant::now();
    let (deeds, said) = storm(board, seed, time);
    watch(board, 0);
    let Deeds { kills, stops, takeovers, rounds, slowest } = deeds;
    println!(
        "{name}: {kills} kills, {stops} stops, {takeovers} takeovers in {rounds} rounds, {:.1} s",
        begin.elapsed().as_secs_f64()
    );
    println!("{name}: {said}; slowest to go on: {:.1} ms", slowest.as_secs_f64() * 1e3);
    println!(
        "{name}: lost wake-ups {}, torn {}, committed records lost {}, increments lost {}, two owners {}",
        board.faults(Fault::LostWakeUp),
        board.faults(Fault::Torn),
        board.faults(Fault::LostRecord),
        board.faults(Fault::LostIncrement),
        board.faults(Fault::TwoOwners),
    );
    println!(
        "{name}: twice or out of order unflagged {}, permits lost or invented {}, wrong answers {}, crashes {}",
        board.faults(Fault::Unflagged),
        board.faults(Fault::LostPermit),
        board.faults(Fault::WrongAnswer),
        board.faults(Fault::Crash),
    );
    if kills < KILLS {
        println!("{name}: too few kills, {KILLS} are wanted");
    }
    (board.all_faults() == 0 && kills >= KILLS).then_some(kills)
}
