//! The exercises that every course on threads and processes sets, with processes that meet in a yard.
//!
//! Each one checks itself: exit code 1 says that something came out that should not.
#![allow(unsafe_code)] // fork

mod arrays;
mod both_ways;
mod children;
mod counter;
mod deadlock;
mod lines;
mod nested;
mod queues;
mod stalls;
mod tickets;
mod watch;

use clap::{Parser, Subcommand};
use std::error::Error;
use std::process::ExitCode;

/// What an exercise comes to.
type Outcome = Result<(), Box<dyn Error>>;

/// The classic exercises, with processes.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    exercise: Exercise,
}

#[derive(Subcommand)]
enum Exercise {
    /// Children change a shared number and a shared array
    Arrays,
    /// One party adds, the other subtracts, both take their time: it comes to nothing
    BothWays,
    /// Many add 1 to one number: without a lock, with one in two forms, and in one atomic step
    Counter {
        /// How many processes
        #[arg(long, default_value_t = 5)]
        processes: u64,
        /// How often each of them adds
        #[arg(long, default_value_t = 1000)]
        turns: u64,
        /// Threads of one process instead
        #[arg(long)]
        threads: bool,
    },
    /// Who waits for himself is told
    Deadlock,
    /// Many processes print, and no line is mixed with another
    Lines {
        /// How many processes
        #[arg(long, default_value_t = 10)]
        processes: usize,
        /// Show the lines
        #[arg(long)]
        show: bool,
    },
    /// A locked operation that calls locked operations
    Nested,
    /// Questions and answers through queues, and what a full one says
    Queues,
    /// Twenty want in, five may
    Stalls,
    /// Six buyers, one ticket
    Tickets,
    /// What one process counts, others see
    Watch,
}

fn run(exercise: Exercise) -> Outcome {
    match exercise {
        Exercise::Arrays => arrays::run(),
        Exercise::BothWays => both_ways::run(),
        Exercise::Counter { processes, turns, threads } => counter::run(processes, turns, threads),
        Exercise::Deadlock => deadlock::run(),
        Exercise::Lines { processes, show } => lines::run(processes, show),
        Exercise::Nested => nested::run(),
        Exercise::Queues => queues::run(),
        Exercise::Stalls => stalls::run(),
        Exercise::Tickets => tickets::run(),
        Exercise::Watch => watch::run(),
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse().exercise) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("classics: {error}");
            ExitCode::FAILURE
        }
    }
}
