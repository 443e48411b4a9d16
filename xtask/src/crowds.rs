//! Models of many threads, which shuttle plays: what a protocol does that is right for a few of them, in every order, and not for
//! eight who come back twenty times. Loom could not play one of these to its end.

use crate::models::{End, Judge, Scratch, Try, Use};
use crate::mutants::break_step;
use crate::source::{File, Tree};
use crate::steps::{IN_CROWDS, STEPS, Step};
use crate::{Options, edges};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// So many orders of each kind; and how long that may take, or it does not come to its end.
const SHORT: Try = Try { switches: "300", limit: Duration::from_secs(120) };
const LONG: Try = Try { switches: "30000", limit: Duration::from_secs(3600) };

/// What the models call loom.
pub(crate) fn files() -> Vec<(PathBuf, String)> {
    let file = |path: &str, text: &str| (PathBuf::from(path), text.to_owned());
    vec![
        file("Cargo.toml", include_str!("../crowd/Cargo.toml")),
        file("src/lib.rs", include_str!("../crowd/src/lib.rs")),
    ]
}

/// Plays the models of many; with `--mutants` also without each of the steps that they must miss.
pub(crate) fn run(tree: &Tree, options: &Options) -> Result<(), String> {
    let scratch = Scratch::new(tree, Judge::Shuttle)?;
    let all = edges::tests_of(tree, File::is_crowds);
    let models: Vec<&String> = all.iter().filter(|model| model.contains(&options.filter)).collect();
    if models.is_empty() {
        return Err(format!("no crowd is called {:?}", options.filter));
    }
    let program = scratch.build(Use::Few)?;
    for model in &models {
        let begin = Instant::now();
        let how_long = if options.long { LONG } else { SHORT };
        if let End::Red(how) = scratch.play(&program, model, how_long)? {
            return Err(format!("{}\nfailed: {model} ({how})", scratch.last_words(model)));
        }
        println!("{:7.2} s  {model}", begin.elapsed().as_secs_f64());
    }
    println!("{} crowds, {} passed, 0 failed", models.len(), models.len());
    if options.mutants { miss(tree, &scratch, &models) } else { Ok(()) }
}

/// Plays each model without the steps that it must miss.
fn miss(tree: &Tree, scratch: &Scratch, models: &[&String]) -> Result<(), String> {
    let (mut red, mut green) = (0, Vec::new());
    for (file, says, missed_by) in IN_CROWDS {
        let Some(model) = models.iter().find(|model| model.rsplit("::").next() == Some(missed_by)) else {
            continue;
        };
        let is_it = |step: &&Step| step.file == *file && step.says == *says;
        let step = STEPS.iter().find(is_it).ok_or(format!("{file}: no step says {says:?}"))?;
        let mutant = break_step(tree, step)?;
        let honest = &tree.file(&mutant.path).ok_or("a file is gone")?.text;
        scratch.write(&mutant.path, &mutant.text)?;
        let built = scratch.build(Use::Few);
        scratch.write(&mutant.path, honest)?;
        match scratch.play(&built?, model, SHORT)? {
            End::Red(how) => {
                red += 1;
                println!("red: {} ({model}: {how})", mutant.name);
            }
            End::Green => green.push(mutant.name),
        }
    }
    println!("{} mutants, {red} red, {} survived", red + green.len(), green.len());
    if green.is_empty() { Ok(()) } else { Err(format!("no crowd misses: {green:#?}")) }
}
