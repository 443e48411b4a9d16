//! Counts lines, words and bytes with several processes, and counts right even if one of them is killed.
//!
//! The parent streams the text through one ring per worker; the workers keep their totals in the yard. `tally` says
//! what a worker from outside, in whatever language, has to know.
#![allow(unsafe_code)] // fork and signal handlers

mod count;
mod failure;
mod input;
mod post;
mod tally;
mod worker;

use clap::{CommandFactory, Parser};
use count::Counts;
use courtyard::{Options, RingOptions, Yard};
use failure::Failure;
use input::{Input, Progress};
use post::{Death, Patience, Post};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Counts lines, words and bytes of files with several worker processes.
///
/// Words are what `wc -w` counts in the C locale: runs of bytes other than space, \t, \n, \v, \f and \r. Exit codes:
/// 0, everything was counted and checked; 1, it was not; 2, an input cannot be read or the arguments make no sense.
///
/// Workers may join from outside: `wordcount --yard NAME --external 1 FILE` waits until somebody takes the receiving
/// end of the last worker's ring, for example `wordcount --yard NAME --join 2` or examples/c/wordcount_worker.c.
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Arguments {
    /// Files to count; none: the sources of this crate
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How many workers there are
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    workers: u16,
    /// Kill worker 1 when it has about half of its chunks; a successor goes on
    #[arg(long)]
    kill: bool,
    /// Make the yard under this name, so that others can join; the name is taken away at the end
    #[arg(long, value_name = "NAME")]
    yard: Option<String>,
    /// Bytes of text in one record
    #[arg(long, value_name = "BYTES", default_value_t = 16384,
          value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    chunk: u32,
    /// Do not start the last K of the workers, but wait for them to join from outside
    #[arg(long, value_name = "K", default_value_t = 0, requires = "yard")]
    external: u16,
    /// How long to wait for a worker from outside
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience: u64,
    /// Be worker I, from 1 on, of the job in the yard, and count nothing else
    #[arg(long, value_name = "I", requires = "yard", conflicts_with_all = ["files", "external", "kill"],
          value_parser = clap::value_parser!(u16).range(1..=64))]
    join: Option<u16>,
}

impl Arguments {
    fn check(self) -> Arguments {
        let forked = i32::from(self.workers) - i32::from(self.external);
        let wrong = if forked < 0 {
            "--external: more than there are workers"
        } else if forked == 0 && self.kill {
            "--kill: worker 1 is not ours to kill"
        } else {
            return self;
        };
        Arguments::command().error(clap::error::ErrorKind::ValueValidation, wrong).exit()
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse().check();
    let outcome = match (arguments.join, &arguments.yard) {
        (Some(worker), Some(name)) => join(name, worker.into()),
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
fn join(name: &str, worker: usize) -> Result<(), Failure> {
    let yard = Yard::open(name)?;
    Ok(worker::work(&yard, worker)?)
}

/// Does the whole job.
fn run(arguments: &Arguments) -> Result<(), Failure> {
    let inputs = input::find_all(&arguments.files)?;
    post::catch_signals()?;
    let yard = make_yard(arguments)?;
    let outcome = count_and_check(arguments, &yard, &inputs);
    if let Some(name) = &arguments.yard {
        Yard::unlink(name)?;
    }
    outcome
}

/// A record fits four times into its ring and more.
fn ring_options(arguments: &Arguments) -> RingOptions {
    let capacity = 4 * (arguments.chunk as usize + 2 * tally::HEAD).next_multiple_of(8);
    RingOptions { capacity: capacity.next_power_of_two(), ..RingOptions::default() }
}

fn make_yard(arguments: &Arguments) -> Result<Yard, Failure> {
    let workers = u32::from(arguments.workers);
    let per_worker = ring_options(arguments).capacity as u64 + 4096;
    let options =
        Options::new().size(u64::from(workers) * per_worker).slots(2 * workers + 8).objects(4 * workers);
    Ok(match &arguments.yard {
        Some(name) => options.create(name)?,
        None => options.anonymous()?,
    })
}

fn count_and_check(arguments: &Arguments, yard: &Yard, inputs: &[Input]) -> Result<(), Failure> {
    let start = Instant::now();
    let mut job = Job::start(arguments, yard, inputs)?;
    let mut streamed = vec![];
    for input in inputs {
        streamed.push(job.stream(input)?);
    }
    job.finish()?;
    let total = job.report(start.elapsed());
    let mut alone = Counts::default();
    for (input, counted) in inputs.iter().zip(streamed) {
        // What can be read once only was counted on the way.
        alone += match input.is_file {
            true => input::count_again(input, counted.bytes, arguments.chunk)?,
            false => counted,
        };
    }
    if alone != total {
        return Err(Failure::other(format!("one process alone counts {alone:?}")));
    }
    println!("one process alone counts the same");
    Ok(())
}

/// A job under way.
struct Job<'a> {
    yard: &'a Yard,
    posts: Vec<Post>,
    next: usize,
    chunk: usize,
    /// After how many of its records worker 1 is to be killed.
    kill_after: Option<u64>,
    record: Vec<u8>,
    progress: Progress,
}

impl Job<'_> {
    fn start<'a>(arguments: &Arguments, yard: &'a Yard, inputs: &[Input]) -> Result<Job<'a>, Failure> {
        let workers = usize::from(arguments.workers);
        let forked = workers - usize::from(arguments.external);
        let patience = Patience(Duration::from_secs(arguments.patience));
        let mut posts = vec![];
        for worker in 1..=workers {
            let outside = (worker > forked).then_some(patience);
            posts.push(Post::new(yard, worker, ring_options(arguments), outside)?);
        }
        for post in &mut posts {
            post.fill(yard)?;
        }
        let pieces: u64 = inputs.iter().map(|input| input.size.div_ceil(arguments.chunk.into())).sum();
        let kill_after = arguments.kill.then_some(pieces.div_ceil(workers as u64).div_ceil(2));
        let size = inputs.iter().map(|input| input.size).sum();
        let (chunk, progress) = (arguments.chunk as usize, Progress::new(size));
        Ok(Job { yard, posts, next: 0, chunk, kill_after, record: vec![], progress })
    }

    /// Deals out one input. Returns its bytes, and if it is no file also the rest of its counts.
    fn stream(&mut self, input: &Input) -> Result<Counts, Failure> {
        let mut text = input.open()?;
        let mut in_word = false;
        let mut counts = Counts::default();
        let mut piece = vec![0; self.chunk];
        loop {
            failure::check_interrupt()?;
            let len = text.read(&mut piece)?;
            if len == 0 {
                return Ok(counts);
            }
            let piece = &piece[..len];
            self.deal(piece, in_word)?;
            counts += match input.is_file {
                true => Counts { bytes: len as u64, ..Counts::default() },
                false => count::count(piece, in_word),
            };
            in_word = count::ends_in_word(piece, in_word);
            self.progress.more(len);
        }
    }

    /// Sends a piece to the worker whose turn it is.
    fn deal(&mut self, piece: &[u8], in_word: bool) -> Result<(), Failure> {
        let post = &mut self.posts[self.next];
        tally::encode(&mut self.record, post.next_number()?, in_word, piece);
        post.send(self.yard, &self.record)?;
        if self.next == 0 && self.kill_after.is_some_and(|half| post.sent >= half) {
            self.kill()?;
        }
        self.next = (self.next + 1) % self.posts.len();
        Ok(())
    }

    /// Kills worker 1 while it is at the last record it was sent.
    fn kill(&mut self) -> Result<(), Failure> {
        self.kill_after = None;
        let first = &self.posts[0];
        first.kill(first.sent.saturating_sub(1))
    }

    fn finish(&mut self) -> Result<(), Failure> {
        if self.kill_after.is_some() {
            self.kill()?;
        }
        self.posts.iter_mut().for_each(Post::close);
        self.posts.iter_mut().try_for_each(|post| post.finish(self.yard))?;
        self.progress.end();
        Ok(())
    }

    /// Prints the totals and returns their sum.
    fn report(&self, took: Duration) -> Counts {
        let mut total = Counts::default();
        for post in &self.posts {
            for death in &post.deaths {
                let Death { how, after, replaced } = death;
                let then = if *replaced { ", its successor went on" } else { "" };
                println!("worker {} {how} after {after} chunks{then}", post.worker);
            }
            let counts = post.tally.counts();
            println!("worker {}: {counts}, {} chunks", post.worker, post.sent);
            total += counts;
        }
        println!("total: {total}");
        eprintln!("{:.0} MB/s with {} workers", input::rate(total.bytes, took), self.posts.len());
        total
    }
}
