//! Mutants: the sources with one edge or one step weakened. Each must make a model fail.

use crate::Options;
use crate::edges::{self, Site};
use crate::models::{self, End, Honest, Judge, Play, Scratch, Try, Use, baseline, play_all};
use crate::source::{Tree, code};
use crate::steps::{STEPS, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

/// One weakened source.
pub(crate) struct Mutant {
    /// `src/sync/lock.rs:107 edge lock, owner: AcqRel is Relaxed`
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) text: String,
    /// The models that ought to fail; all others are tried too.
    first: Vec<String>,
    /// The edges whose table must be right about that.
    edges: Vec<String>,
}

/// A model may take this much longer than it takes unchanged before that counts as a failure. Where nothing is optimised it
/// takes twice as long anyway.
const PATIENCE: u32 = 10;
const LEAST_LIMIT: Duration = Duration::from_secs(30);

fn all(tree: &Tree) -> Result<Vec<Mutant>, String> {
    let modelled = edges::sites(tree).into_iter().filter(|site| site.file.modelled);
    let mut mutants = Vec::new();
    for site in modelled {
        weaken(tree, &site, &mut mutants)?;
    }
    for step in STEPS {
        mutants.push(break_step(tree, step)?);
    }
    Ok(mutants)
}

/// All ways to weaken one access.
fn weaken(tree: &Tree, site: &Site<'_>, mutants: &mut Vec<Mutant>) -> Result<(), String> {
    let code = code(site.text);
    let at = format!("{}:{} edge {}", site.file.path, site.line, site.names.join(", "));
    let before = mutants.len();
    let mut make = |what: &str, line: String| {
        mutants.push(Mutant {
            name: format!("{at}: {what}"),
            path: site.file.path.clone(),
            text: with_line(&site.file.text, site.line, &line),
            first: edges::models_of(tree, site).into_iter().map(str::to_owned).collect(),
            edges: site.names.iter().map(|name| (*name).to_owned()).collect(),
        });
    };
    if code.contains("fence(") {
        make("no fence", String::new());
        if code.contains("SeqCst") {
            make("the fence is AcqRel", code.replace("SeqCst", "AcqRel"));
        }
        return Ok(());
    }
    for (position, _) in code.match_indices("Ordering::") {
        let (left, right) = code.split_at(position + "Ordering::".len());
        let end = right.find(|c: char| !c.is_alphanumeric()).unwrap_or(right.len());
        let (order, right) = right.split_at(end);
        let weaker: &[&str] = match order {
            "Relaxed" => &[],
            "Acquire" | "Release" => &["Relaxed"],
            "AcqRel" => &["Acquire", "Release", "Relaxed"],
            _ => return Err(format!("{at}: nobody knows how to weaken {order}")),
        };
        for weaker in weaker {
            make(&format!("{order} is {weaker}"), format!("{left}{weaker}{right}"));
        }
    }
    if mutants.len() == before { Err(format!("{at}: nothing to weaken")) } else { Ok(()) }
}

fn with_line(text: &str, number: usize, new: &str) -> String {
    let lines = (1..).zip(text.lines()).map(|(i, line)| if i == number { new } else { line });
    lines.fold(String::new(), |all, line| all + line + "\n")
}

/// The source without one step.
pub(crate) fn break_step(tree: &Tree, step: &Step) -> Result<Mutant, String> {
    let file = tree.file(step.file).ok_or_else(|| format!("{}: no such file ({})", step.file, step.says))?;
    let mut text = file.text.clone();
    for (old, new) in step.edits {
        if text.matches(old).count() != 1 {
            return Err(format!("{} ({}): must be there once:\n{old}", step.file, step.says));
        }
        text = text.replace(old, new);
    }
    let name = format!("{} step: {}", step.file, step.says);
    Ok(Mutant { name, path: step.file.to_owned(), text, first: Vec::new(), edges: Vec::new() })
}

/// The order in which models are tried: those that ought to fail, those of the same room, the others; quick ones first.
fn order<'m>(mutant: &Mutant, models: &'m [Honest]) -> Vec<&'m Honest> {
    let room = mutant.path.trim_start_matches("src/").split('/').next().unwrap_or_default();
    let rank = |name: &str| match name {
        _ if is_named(mutant, name) => 0,
        _ if name.starts_with(room) => 1,
        _ => 2,
    };
    let mut order: Vec<_> = models.iter().collect();
    order.sort_by_key(|honest| (rank(&honest.model), honest.time));
    order
}

fn is_named(mutant: &Mutant, model: &str) -> bool {
    mutant.first.iter().any(|name| model.rsplit("::").next() == Some(name.as_str()))
}

/// The first model that fails on the mutant, and how.
fn try_all<'m>(
    scratch: &Scratch,
    program: &Path,
    mutant: &Mutant,
    models: &'m [Honest],
) -> Result<Option<(&'m str, &'static str)>, String> {
    let order = order(mutant, models);
    let play = |honest: &&'m Honest| Play {
        model: &honest.model,
        tries: vec![Try { switches: honest.switches, limit: LEAST_LIMIT.max(honest.time * PATIENCE) }],
    };
    let plays: Vec<_> = order.iter().map(play).collect();
    let played = play_all(scratch, program, &plays, |_, _| ())?;
    Ok(played.iter().find_map(|played| match played.end {
        End::Red(how) => Some((order[played.at].model.as_str(), how)),
        End::Green => None,
    }))
}

/// Lists the mutants, or tries each of them.
pub(crate) fn run(tree: &Tree, options: &Options) -> Result<(), String> {
    println!("{}", edges::check(tree)?);
    let all = all(tree)?;
    let (part, of) = options.shard.unwrap_or((1, 1));
    let whole = of == 1 && options.filter.is_empty();
    let wanted = all.iter().filter(|mutant| mutant.name.contains(&options.filter));
    let mutants: Vec<&Mutant> = wanted.skip(part - 1).step_by(of).collect();
    if options.list {
        mutants.iter().for_each(|mutant| println!("{}", mutant.name));
        println!("{} mutants", mutants.len());
        return Ok(());
    }
    if mutants.is_empty() {
        return Err("no such mutant".to_owned());
    }
    let begin = Instant::now();
    let scratch = Scratch::new(tree, Judge::Loom)?;
    let models = baseline(tree, &scratch, "", models::tries(false), |_, _| ())?;
    let (seconds, summary) = (begin.elapsed().as_secs_f64(), models::summary(&models));
    println!("{} models pass unchanged, in {seconds:.0} s: {summary}", models.len());
    let mut survived = 0;
    let mut right: BTreeMap<String, bool> = BTreeMap::new();
    for mutant in &mutants {
        let honest = &tree.file(&mutant.path).ok_or("a file is gone")?.text;
        scratch.write(&mutant.path, &mutant.text)?;
        let built = scratch.build(Use::Few);
        let outcome = match &built {
            Ok(program) => try_all(&scratch, program, mutant, &models),
            Err(said) => Err(format!("{} does not compile:\n{said}", mutant.name)),
        };
        scratch.write(&mutant.path, honest)?;
        let outcome = outcome?;
        match outcome {
            Some((model, how)) => println!("red: {} ({model}: {how})", mutant.name),
            None => {
                survived += 1;
                println!("SURVIVED: {}", mutant.name);
            }
        }
        let named = outcome.is_some_and(|(model, _)| is_named(mutant, model));
        for edge in &mutant.edges {
            *right.entry(edge.clone()).or_default() |= named;
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!("tried in {seconds:.0} s");
    println!("{} mutants, {} red, {survived} survived", mutants.len(), mutants.len() - survived);
    let misnamed: BTreeSet<&String> =
        right.iter().filter(|(_, right)| whole && !**right).map(|(e, _)| e).collect();
    if !misnamed.is_empty() {
        return Err(format!("edges whose table names a model that does not fail without them: {misnamed:?}"));
    }
    if survived > 0 {
        Err("a mutant survived: a model is missing, or the order is not needed".to_owned())
    } else {
        Ok(())
    }
}
