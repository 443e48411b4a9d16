//! The exercises that every course on threads and processes sets, with processes that meet in a yard.
//!
//! Each one checks itself: exit code 1 says that something came out that should not.
#![allow(unsafe_code)] // fork

mod arrays;
mod both_ways;
mod buffer;
mod buns;
mod cache;
mod children;
mod connections;
mod counter;
mod deadlock;
mod family;
mod handlers;
mod jobs;
mod lines;
mod lives;
mod logged;
mod meeting;
mod methods;
mod nested;
mod order;
mod pipes;
mod pool;
mod pool_work;
mod queues;
mod several;
mod stalls;
mod starter;
mod startup;
mod talk;
mod threads;
mod tickets;
mod traffic_light;
mod watch;

use clap::{Parser, Subcommand};
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

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
    /// Producers and consumers wait for each other at a buffer of ten places
    Buffer,
    /// Five buns, and an eater who waits for a sixth; a counter with room for ten
    Buns,
    /// Many read what one renews, and one is killed while it does
    Cache,
    /// One server, twenty clients: in one wait for all of them, and in an event loop
    Connections,
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
    /// Who made whom, who waits for whom, and how each of them ends
    Family {
        /// How long a moment is, in milliseconds; the longest work takes sixty
        #[arg(long, default_value_t = 10)]
        moment: u64,
    },
    /// Ten clients of one handler, with a lock and without
    Handlers,
    /// Many processes print, and no line is mixed with another
    Lines {
        /// How many processes
        #[arg(long, default_value_t = 10)]
        processes: usize,
        /// Show the lines
        #[arg(long)]
        show: bool,
    },
    /// Children one by one: their names, their ends, and who waits for which
    Lives,
    /// What processes do, in lines on standard error
    Logged,
    /// One and the same work in processes that were made in three ways
    Methods,
    /// A locked operation that calls locked operations
    Nested,
    /// The same things by priority, and last in, first out
    Order,
    /// Jobs that are acknowledged, by whoever is left, and a queue that is joined
    Jobs,
    /// Questions and answers through queues, and what a full one says
    Queues,
    /// One waits for several things at once, and somebody ends a wait
    Several,
    /// Parent and child, child and child, through pipes
    Pipes,
    /// What a pool does with tasks: some at a time, with results, errors and callbacks
    Pool,
    /// Work for a pool: a long number, files, prime numbers
    PoolWork,
    /// Twenty want in, five may
    Stalls,
    /// A server and its client start together, or one is told that the other has died
    Startup,
    /// Two runners wait for one signal
    Starter {
        /// When it comes, in milliseconds
        #[arg(long, default_value_t = 300)]
        after: u64,
    },
    /// Two tasks of a pool talk to each other
    Talk,
    /// Fifty threads, waited for, and not waited for
    Threads,
    /// Six buyers, one ticket
    Tickets,
    /// Cars wait at a traffic light, for two cycles
    TrafficLight {
        /// How long a moment is, in milliseconds; a cycle has eleven
        #[arg(long, default_value_t = 5)]
        moment: u64,
    },
    /// What one process counts, others see
    Watch,
}

fn run(exercise: Exercise) -> Outcome {
    match exercise {
        Exercise::Arrays => arrays::run(),
        Exercise::BothWays => both_ways::run(),
        Exercise::Buffer => buffer::run(),
        Exercise::Buns => buns::run(),
        Exercise::Cache => cache::run(),
        Exercise::Connections => connections::run(),
        Exercise::Counter { processes, turns, threads } => counter::run(processes, turns, threads),
        Exercise::Deadlock => deadlock::run(),
        Exercise::Family { moment } => family::run(Duration::from_millis(moment)),
        Exercise::Handlers => handlers::run(),
        Exercise::Lines { processes, show } => lines::run(processes, show),
        Exercise::Lives => lives::run(),
        Exercise::Logged => logged::run(),
        Exercise::Methods => methods::run(),
        Exercise::Nested => nested::run(),
        Exercise::Order => order::run(),
        Exercise::Jobs => jobs::run(),
        Exercise::Queues => queues::run(),
        Exercise::Several => several::run(),
        Exercise::Pipes => pipes::run(),
        Exercise::Pool => pool::run(),
        Exercise::PoolWork => pool_work::run(),
        Exercise::Stalls => stalls::run(),
        Exercise::Startup => startup::run(),
        Exercise::Starter { after } => starter::run(Duration::from_millis(after)),
        Exercise::Talk => talk::run(),
        Exercise::Threads => threads::run(),
        Exercise::Tickets => tickets::run(),
        Exercise::TrafficLight { moment } => traffic_light::run(Duration::from_millis(moment)),
        Exercise::Watch => watch::run(),
    }
}

/// What processes are started with, and what the workers of pools can do.
fn register() -> courtyard::Result<()> {
    courtyard::register_entry(methods::ENTRY, methods::entry)?;
    meeting::register()?;
    pool::register()?;
    pool_work::register()?;
    talk::register()
}

fn main() -> ExitCode {
    let registered = register();
    courtyard::init(); // first: in a process that was started for an entry, this runs it and does not return
    match registered.map_err(Into::into).and_then(|()| run(Arguments::parse().exercise)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("classics: {error}");
            ExitCode::FAILURE
        }
    }
}
