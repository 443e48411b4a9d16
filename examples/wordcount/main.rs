//! Counts lines, words and bytes in the worker processes of a pool, and counts right whoever of them is killed.
//!
//! The parent deals the text out, piece by piece; a piece whose worker dies is counted again by another one. `task` says what
//! a worker from outside, in whatever language, has to know.
#![allow(unsafe_code)] // signal handlers

mod count;
mod failure;
mod input;
mod job;
mod task;

use clap::{CommandFactory, Parser};
use count::Counts;
use courtyard::{Options, Pool, PoolOptions, Yard};
use failure::Failure;
use input::Input;
use job::Job;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The pool's name in the yard.
const POOL: &str = "counters";
/// With --kill so many workers are killed while everything is counted.
const KILLS: u64 = 10;
/// Pieces on their way for each worker, so that none waits for the parent.
const AHEAD: usize = 4;

/// Counts lines, words and bytes of files with several worker processes.
///
/// Words are what `wc -w` counts in the C locale: runs of bytes other than space, \t, \n, \v, \f and \r. Exit codes:
/// 0, everything was counted and checked; 1, it was not; 2, an input cannot be read or the arguments make no sense.
///
/// Workers may join from outside: `wordcount --yard NAME --external 1 FILE` waits until somebody works for the pool, for
/// example `wordcount --yard NAME --join` or examples/c/wordcount_worker.c.
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Arguments {
    /// Files to count; none: the sources of this crate
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How many workers there are
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    workers: u16,
    /// Kill workers at random, about ten times; their pieces are counted again
    #[arg(long)]
    kill: bool,
    /// Make the yard under this name, so that others can join; the name is taken away at the end
    #[arg(long, value_name = "NAME")]
    yard: Option<String>,
    /// Bytes of text in one piece
    #[arg(long, value_name = "BYTES", default_value_t = 16384,
          value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    chunk: u32,
    /// Do not start the last K of the workers, but wait for them to join from outside
    #[arg(long, value_name = "K", default_value_t = 0, requires = "yard")]
    external: u16,
    /// How long to wait for workers from outside
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience: u64,
    /// Work for the job in the yard, and count nothing else
    #[arg(long, requires = "yard", conflicts_with_all = ["files", "external", "kill"])]
    join: bool,
}

impl Arguments {
    fn check(self) -> Arguments {
        if self.external < self.workers {
            return self;
        }
        let wrong = "--external: one worker at least is ours";
        Arguments::command().error(clap::error::ErrorKind::ValueValidation, wrong).exit()
    }

    fn window(&self) -> usize {
        AHEAD * usize::from(self.workers)
    }
}

fn main() -> ExitCode {
    if let Err(e) = task::register() {
        eprintln!("wordcount: {e}");
        return ExitCode::FAILURE;
    }
    courtyard::init(); // a worker goes to work here
    let arguments = Arguments::parse().check();
    let outcome = match &arguments.yard {
        Some(name) if arguments.join => join(name),
        _ => run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("wordcount: {failure}");
            ExitCode::from(failure.code)
        }
    }
}

/// Works for a job that another process has started.
fn join(name: &str) -> Result<(), Failure> {
    Ok(Pool::open(&Yard::open(name)?, POOL)?.work()?)
}

/// Does the whole job.
fn run(arguments: &Arguments) -> Result<(), Failure> {
    let inputs = input::find_all(&arguments.files)?;
    failure::catch_signals()?;
    let yard = make_yard(arguments)?;
    let outcome = make_pool(arguments, &yard).and_then(|pool| {
        await_outsiders(arguments, &pool)?;
        count_and_check(arguments, &pool, &inputs)?;
        pool.close();
        Ok(pool.join(Duration::from_secs(10))?)
    });
    if let Some(name) = &arguments.yard {
        Yard::unlink(name)?;
    }
    outcome
}

/// Bytes for the pieces on their way: more than they are, so that each finds a block of its size.
fn block_bytes(arguments: &Arguments) -> usize {
    2 * (arguments.window() + 2) * (arguments.chunk as usize + 4096)
}

fn make_yard(arguments: &Arguments) -> Result<Yard, Failure> {
    let size = 2 * block_bytes(arguments) as u64 + (4 << 20);
    let options = Options::new().size(size).slots(4 * u32::from(arguments.workers) + 32);
    Ok(match &arguments.yard {
        Some(name) => options.create(name)?,
        None => options.anonymous()?,
    })
}

fn make_pool(arguments: &Arguments, yard: &Yard) -> Result<Pool, Failure> {
    let options = PoolOptions {
        workers: usize::from(arguments.workers - arguments.external),
        most_workers: 2 * usize::from(arguments.workers) + 2,
        tasks: arguments.window() + 2,
        block_bytes: block_bytes(arguments),
        ..PoolOptions::default()
    };
    Ok(Pool::create(yard, POOL, &options)?)
}

fn await_outsiders(arguments: &Arguments, pool: &Pool) -> Result<(), Failure> {
    let begin = Instant::now();
    if arguments.external > 0 {
        eprintln!("waiting for {} to join from outside", arguments.external);
    }
    // Ours are there within a moment, or are replaced.
    while arguments.external > 0 && pool.progress().workers < usize::from(arguments.workers) {
        failure::check_interrupt()?;
        if begin.elapsed() >= Duration::from_secs(arguments.patience) {
            return Err(Failure::other("nobody joined"));
        }
        sleep(Duration::from_millis(2));
    }
    Ok(())
}

fn count_and_check(arguments: &Arguments, pool: &Pool, inputs: &[Input]) -> Result<(), Failure> {
    let (start, chunk) = (Instant::now(), arguments.chunk as usize);
    let size = inputs.iter().map(|input| input.size).sum();
    let mut job = Job::new(pool, chunk, arguments.window(), size, arguments.kill.then_some(KILLS));
    let (mut once, mut lens) = (Counts::default(), vec![]);
    for input in inputs {
        // What can be read once only is counted on the way.
        lens.push(job.stream(input, |piece, in_word| {
            once += if input.is_file { Counts::default() } else { count::count(piece, in_word) };
        })?);
    }
    job.finish()?;
    report(&job, start.elapsed(), arguments.workers);
    let mut alone = once;
    for (input, bytes) in inputs.iter().zip(lens).filter(|(input, _)| input.is_file) {
        alone += input::count_again(input, bytes, arguments.chunk)?;
    }
    if alone != job.counted {
        return Err(Failure::other(format!("one process alone counts {alone:?}")));
    }
    println!("one process alone counts the same");
    Ok(())
}

fn report(job: &Job<'_>, took: Duration, workers: u16) {
    if let Some(killed) = job.killed() {
        println!("{killed} workers were killed, {} pieces were begun again", job.lost);
    }
    println!("total: {}, {} pieces", job.counted, job.pieces);
    eprintln!("{:.0} MB/s with {workers} workers", input::rate(job.counted.bytes, took));
}
