//! The loom models: a scratch copy of the crate to build them in, and one process for each of them.

use crate::source::{Tree, root};
use crate::{crowds, edges, judge};
use std::fs::{self, File};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How many times a model may be made to switch threads where it need not, and how long that may take: else it is tried with
/// fewer. A model that takes longer with the fewest is too big, and a mutant would take the time for nothing.
const BOUNDS: [Try; 3] = [
    Try { switches: "3", limit: Duration::from_secs(6) },
    Try { switches: "2", limit: Duration::from_secs(60) },
    Try { switches: "1", limit: Duration::from_secs(300) },
];

/// Where time does not count.
const LONG: [Try; 1] = [Try { switches: "3", limit: Duration::from_secs(3 * 3600) }];

/// Who plays the models.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judge {
    /// Loom: all orders of a few threads, as weak as they may be.
    Loom,
    /// Shuttle: some orders of many threads, in each of which all see the same.
    Shuttle,
}

impl Judge {
    /// Where he plays, under `target`.
    fn place(self) -> &'static str {
        match self {
            Judge::Loom => "mutants",
            Judge::Shuttle => "crowds",
        }
    }

    /// The variable that says how long he plays: how many switches, or how many orders.
    fn bound(self) -> &'static str {
        match self {
            Judge::Loom => "LOOM_MAX_PREEMPTIONS",
            Judge::Shuttle => "CROWD_ORDERS",
        }
    }

    fn flags(self) -> &'static str {
        match self {
            Judge::Loom => "--cfg loom -C debug_assertions",
            Judge::Shuttle => "--cfg loom --cfg shuttle -C debug_assertions",
        }
    }

    /// What the models call loom.
    fn files(self) -> Result<Vec<(PathBuf, String)>, String> {
        match self {
            Judge::Loom => judge::files(),
            Judge::Shuttle => Ok(crowds::files()),
        }
    }
}

/// How a model is played.
#[derive(Clone, Copy)]
pub(crate) struct Try {
    pub(crate) switches: &'static str,
    pub(crate) limit: Duration,
}

/// A model, and how it is played: if the time is up, as the next one of these.
pub(crate) struct Play<'m> {
    pub(crate) model: &'m str,
    pub(crate) tries: Vec<Try>,
}

/// A model that passes.
pub(crate) struct Honest {
    pub(crate) model: String,
    pub(crate) switches: &'static str,
    pub(crate) time: Duration,
}

/// How one model ended.
pub(crate) enum End {
    Green,
    /// With how it failed, in a few words.
    Red(&'static str),
}

/// What a build of the models is for.
#[derive(Clone, Copy)]
pub(crate) enum Use {
    /// All of them are played, in half the time that it takes where nothing is optimised.
    All,
    /// As many as it takes until one fails, most often the first: what counts is how long the compiler takes.
    Few,
}

/// A copy of the crate with nothing in it but what the models need; it is built incrementally.
pub(crate) struct Scratch {
    judge: Judge,
    folder: PathBuf,
    target: PathBuf,
}

impl Scratch {
    pub(crate) fn new(tree: &Tree, judge: Judge) -> Result<Scratch, String> {
        let place = root().join("target").join(judge.place());
        let scratch = Scratch { judge, folder: place.join("crate"), target: place.join("build") };
        let manifest = read(&root().join("Cargo.toml"))?;
        scratch.write(
            "Cargo.toml",
            &(trimmed(&manifest) + "[patch.crates-io]\nloom = { path = \"judge\" }\n"),
        )?;
        for (path, text) in judge.files()? {
            scratch.write(Path::new("judge").join(path), &text)?;
        }
        for name in ["Cargo.lock", "README.md"] {
            // cargo shortens the lock file of the copy; that is no reason to begin anew.
            if name != "Cargo.lock" || !scratch.folder.join(name).exists() {
                scratch.write(name, &read(&root().join(name))?)?;
            }
        }
        for file in &tree.files {
            scratch.write(&file.path, &file.text)?;
        }
        Ok(scratch)
    }

    /// Writes one file of the copy, unless it is like that already.
    pub(crate) fn write(&self, path: impl AsRef<Path>, text: &str) -> Result<(), String> {
        let path = self.folder.join(path);
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            return Ok(());
        }
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        made.map_err(|e| format!("{}: {e}", path.display()))
    }

    /// Builds the models for this use; the program that holds them, or what the compiler said.
    pub(crate) fn build(&self, use_of_it: Use) -> Result<PathBuf, String> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.folder).args(["test", "--release", "--lib", "--no-run"]);
        cargo.args(["--message-format=short", "--color=never"]);
        cargo.env("RUSTFLAGS", self.judge.flags()).env("CARGO_TARGET_DIR", &self.target);
        cargo.env("CARGO_INCREMENTAL", "1").env("CARGO_PROFILE_RELEASE_DEBUG", "0");
        let level = match use_of_it {
            Use::All => "1",
            Use::Few => "0",
        };
        cargo
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", level)
            .args(["--config", "profile.release.package.\"*\".opt-level=3"]);
        let out = cargo.stdin(Stdio::null()).output().map_err(|e| format!("cargo: {e}"))?;
        let said = String::from_utf8_lossy(&out.stderr);
        let program = said.lines().find_map(|line| {
            let line = line.trim().strip_prefix("Executable unittests src/lib.rs (")?;
            Some(self.folder.join(line.strip_suffix(')')?))
        });
        match program {
            Some(program) if out.status.success() => Ok(program),
            _ => Err(said.into_owned()),
        }
    }

    /// Runs one model and says how it ended.
    pub(crate) fn play(&self, program: &Path, model: &str, how_long: Try) -> Result<End, String> {
        let log = self.log(model);
        let file = File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        let copy = file.try_clone().map_err(|e| format!("{}: {e}", log.display()))?;
        let mut command = Command::new(program);
        command.args(["--exact", "--nocapture", "--test-threads=1", model]).current_dir(&self.folder);
        command.env(self.judge.bound(), how_long.switches).env("RUST_BACKTRACE", "0");
        command.stdin(Stdio::null()).stdout(file).stderr(copy);
        let begin = Instant::now();
        let mut child = command.spawn().map_err(|e| format!("{}: {e}", program.display()))?;
        let status = loop {
            match child.try_wait().map_err(|e| e.to_string())? {
                Some(status) => break Some(status),
                None if begin.elapsed() > how_long.limit => {
                    child.kill().and_then(|()| child.wait()).map_err(|e| e.to_string())?;
                    break None;
                }
                None => thread::sleep(Duration::from_millis(2)),
            }
        };
        let said = String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
        match status {
            None => Ok(End::Red(TIME_LIMIT)),
            Some(status) if status.success() && said.contains("test result: ok. 1 passed") => Ok(End::Green),
            Some(status) if status.success() => Err(format!("{model}: did not run\n{said}")),
            Some(_) => Ok(End::Red(how(&said))),
        }
    }

    /// What a model printed when it was run last.
    pub(crate) fn last_words(&self, model: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.log(model)).unwrap_or_default()).into_owned()
    }

    fn log(&self, model: &str) -> PathBuf {
        self.target.join(format!("{}.log", model.replace("::", ".")))
    }
}

/// How a model fails that does not come to an end.
const TIME_LIMIT: &str = "time limit";

/// Sorts a failure by what loom or the model said.
fn how(said: &str) -> &'static str {
    let signs = [
        ("deadlock", "deadlock"),
        ("Causality violation", "data race"),
        ("oncurrent", "data race"),
        ("maximum number of branches", "no end"),
        ("exceeded max_steps", "no end"),
    ];
    signs.iter().find(|(sign, _)| said.contains(sign)).map_or("assertion", |(_, how)| how)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// The manifest without what the models do not need: other targets, and what only those use.
fn trimmed(manifest: &str) -> String {
    let mut kept = String::new();
    let mut keep = true;
    for line in manifest.lines() {
        if line.starts_with('[') {
            keep = !["[[", "[lib]", "[dev-dependencies"].iter().any(|section| line.starts_with(section));
        }
        if keep {
            // The build script is about linking what the models are not linked with.
            kept.push_str(if line.starts_with("build = ") { "build = false" } else { line });
            kept.push('\n');
        }
    }
    kept
}

/// One model of a list, and how it ended.
pub(crate) struct Played {
    pub(crate) at: usize,
    switches: &'static str,
    time: Duration,
    pub(crate) end: End,
}

/// Plays one model, with fewer switches each time that it takes too long.
fn play_one(scratch: &Scratch, program: &Path, at: usize, play: &Play<'_>) -> Result<Played, String> {
    let mut played = None;
    for one in &play.tries {
        let begin = Instant::now();
        let end = scratch.play(program, play.model, *one)?;
        let is_over = !matches!(end, End::Red(TIME_LIMIT));
        played = Some(Played { at, switches: one.switches, time: begin.elapsed(), end });
        if is_over {
            break;
        }
    }
    played.ok_or_else(|| format!("{}: nobody says how it is played", play.model))
}

/// Plays models in their order, each CPU one at a time, until one is red. What comes before that one was played too.
pub(crate) fn play_all(
    scratch: &Scratch,
    program: &Path,
    models: &[Play<'_>],
    say: impl Fn(&str, &Played) + Sync,
) -> Result<Vec<Played>, String> {
    let taken = AtomicUsize::new(0);
    let one_after_another = || -> Result<Vec<Played>, String> {
        let mut all = Vec::new();
        loop {
            let at = taken.fetch_add(1, Ordering::Relaxed);
            let Some(play) = models.get(at) else { return Ok(all) };
            let played = play_one(scratch, program, at, play)?;
            match played.end {
                End::Green => say(play.model, &played),
                End::Red(_) => taken.store(models.len(), Ordering::Relaxed),
            }
            all.push(played);
        }
    };
    let cpus = thread::available_parallelism().map_or(1, NonZero::get);
    let played = thread::scope(|scope| {
        let all: Vec<_> = (0..cpus).map(|_| scope.spawn(one_after_another)).collect();
        all.into_iter()
            .map(|one| one.join().map_err(|_| "panicked".to_owned())?)
            .collect::<Result<Vec<_>, _>>()
    });
    let mut played: Vec<Played> = played?.into_iter().flatten().collect();
    played.sort_by_key(|played| played.at);
    Ok(played)
}

/// The models, unchanged, quick ones first. All must pass.
pub(crate) fn baseline(
    tree: &Tree,
    scratch: &Scratch,
    filter: &str,
    tries: &[Try],
    say: impl Fn(&str, &Played) + Sync,
) -> Result<Vec<Honest>, String> {
    let program = scratch.build(Use::All)?;
    let models: Vec<String> =
        edges::models(tree).into_iter().filter(|model| model.contains(filter)).collect();
    let plays: Vec<_> = models.iter().map(|model| Play { model, tries: tries.to_vec() }).collect();
    let mut honest = Vec::new();
    for played in play_all(scratch, &program, &plays, say)? {
        let model = &models[played.at];
        if let End::Red(how) = played.end {
            return Err(format!("{}\nfailed: {model} ({how})", scratch.last_words(model)));
        }
        honest.push(Honest { model: model.clone(), switches: played.switches, time: played.time });
    }
    honest.sort_by_key(|honest| honest.time);
    Ok(honest)
}

/// How many of them were played with how many switches.
pub(crate) fn summary(honest: &[Honest]) -> String {
    let with = |switches| honest.iter().filter(|it| it.switches == switches).count();
    format!("{} with 3 switches where none is needed, {} with 2, {} with 1", with("3"), with("2"), with("1"))
}

/// How the models are played: quickly, or as far as they go.
pub(crate) fn tries(is_long: bool) -> &'static [Try] {
    if is_long { &LONG } else { &BOUNDS }
}

/// Runs the models as they are.
pub(crate) fn run(tree: &Tree, filter: &str, is_long: bool) -> Result<(), String> {
    let scratch = Scratch::new(tree, Judge::Loom)?;
    let begin = Instant::now();
    let honest = baseline(tree, &scratch, filter, tries(is_long), |model, played| {
        println!("{:7.2} s  {} {model}", played.time.as_secs_f64(), played.switches);
    })?;
    if honest.is_empty() {
        return Err(format!("no model is called {filter:?}"));
    }
    println!(
        "{} models, {} passed, 0 failed, in {:.0} s: {}",
        honest.len(),
        honest.len(),
        begin.elapsed().as_secs_f64(),
        summary(&honest)
    );
    Ok(())
}
