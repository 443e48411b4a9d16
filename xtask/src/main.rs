//! The project's own checks that cargo has no command for.
//!
//! * `edges`: every ordered access belongs to an edge, every edge to a table, every table names models that exist
//! * `models`: the loom models, each in a process of its own
//! * `crowds`: models of many threads, which shuttle plays, and mutants that they must catch
//! * `mutants`: the models again, once for each edge or step that is weakened; one of them must fail each time
//! * `dist`: the library, the headers and what finds them, laid down under a prefix

mod crowds;
mod dist;
mod edges;
mod judge;
mod models;
mod mutants;
mod source;
mod steps;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask edges
       cargo xtask models [--long] [FILTER]
       cargo xtask crowds [--long] [--mutants] [FILTER]
       cargo xtask mutants [--list] [--shard I/N] [FILTER]
       cargo xtask dist --prefix PATH [--destdir PATH] [--libdir lib]

FILTER is a part of a model's name, or of a mutant's line as --list prints it. Shards count from 1. --long plays models as far as
they go, which takes hours, and crowds in a hundred times as many orders.";

/// What may follow `models` or `mutants`.
#[derive(Default)]
struct Options {
    list: bool,
    long: bool,
    mutants: bool,
    shard: Option<(usize, usize)>,
    filter: String,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match args.split_first() {
        Some((command, rest)) if command == "dist" => dist::Place::parse(rest)
            .map_err(|why| format!("{why}\n{USAGE}"))
            .and_then(|place| dist::run(&place)),
        Some((command, rest)) => options(rest).and_then(|options| run(command, &options)),
        None => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, options: &Options) -> Result<(), String> {
    let tree = source::Tree::read(&source::root())?;
    match command {
        "edges" => edges::check(&tree).map(|summary| println!("{summary}")),
        "models" => models::run(&tree, &options.filter, options.long),
        "crowds" => crowds::run(&tree, options),
        "mutants" => mutants::run(&tree, options),
        _ => Err(USAGE.to_owned()),
    }
}

fn options(args: &[String]) -> Result<Options, String> {
    let mut options = Options::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--list" => options.list = true,
            "--long" => options.long = true,
            "--mutants" => options.mutants = true,
            "--shard" => options.shard = Some(args.next().and_then(|s| shard(s)).ok_or(USAGE)?),
            word if word.starts_with('-') || !options.filter.is_empty() => return Err(USAGE.to_owned()),
            word => word.clone_into(&mut options.filter),
        }
    }
    Ok(options)
}

/// `2/5` is the second of five parts.
fn shard(text: &str) -> Option<(usize, usize)> {
    let (part, of) = text.split_once('/')?;
    let (part, of) = (part.parse().ok()?, of.parse().ok()?);
    (1..=of).contains(&part).then_some((part, of))
}
