//! What the tests from outside share: the library that this very run has built, compilers, and an honest last line.
#![allow(dead_code, unreachable_pub)] // each test takes what it needs

pub mod elf;

use std::fs;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::SystemTime;

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The library as this run built it.
pub struct Built {
    pub shared: PathBuf,
    pub archive: PathBuf,
    /// A folder with the names that the linker wants: libcourtyard.so, libcourtyard.so.0, libcourtyard.a.
    pub folder: PathBuf,
}

/// Finds the shared and the static library beside the running test, which lies where cargo put them both.
///
/// Of several (other flags, other features) the newest is meant; one that is older than a file it was made from is
/// stale, and testing it would prove nothing.
pub fn built() -> Built {
    let me = std::env::current_exe().unwrap();
    let deps = me.parent().unwrap();
    let (shared, archive) = (newest(deps, ".so"), newest(deps, ".a"));
    for library in [&shared, &archive] {
        println!("found {}", library.display());
        for source in made_from(library) {
            let stale = mtime(&source) > mtime(library);
            assert!(!stale, "{} is older than {}: build again", library.display(), source.display());
        }
    }
    let folder = scratch("link");
    for (name, target) in
        [("libcourtyard.so", &shared), ("libcourtyard.so.0", &shared), ("libcourtyard.a", &archive)]
    {
        let link = folder.join(name);
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(target, link).unwrap();
    }
    Built { shared, archive, folder }
}

fn newest(folder: &Path, extension: &str) -> PathBuf {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let ours = all.filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("libcourtyard") && name.ends_with(extension)
    });
    ours.max_by_key(|path| mtime(path))
        .unwrap_or_else(|| panic!("no libcourtyard*{extension} in {}", folder.display()))
}

/// The sources of a library, as the compiler wrote them down beside it.
fn made_from(library: &Path) -> Vec<PathBuf> {
    let stem = library.file_stem().unwrap().to_string_lossy();
    let list = library.with_file_name(format!("{}.d", stem.trim_start_matches("lib")));
    let text = fs::read_to_string(&list).unwrap_or_else(|error| panic!("{}: {error}", list.display()));
    let start = format!("{}: ", library.display());
    let line = text.lines().find_map(|line| line.strip_prefix(&start));
    let line = line.unwrap_or_else(|| panic!("{} does not name {}", list.display(), library.display()));
    line.split_whitespace().map(|path| root().join(path)).collect()
}

fn mtime(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

/// A folder of this process for what a test makes; it is below the target folder.
pub fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The C compiler (`$CC`) or the C++ compiler (`$CXX`).
#[derive(Clone, Copy)]
pub enum Language {
    C,
    Cxx,
}

impl Language {
    pub fn compiler(self) -> String {
        let (variable, usual) = match self {
            Language::C => ("CC", "cc"),
            Language::Cxx => ("CXX", "c++"),
        };
        std::env::var(variable).ok().filter(|v| !v.trim().is_empty()).unwrap_or(usual.into())
    }

    /// The compiler with the warnings that our header must survive; `None` if there is no such compiler here.
    pub fn command(self) -> Option<Command> {
        let mut command = self.bare_command()?;
        command.args(["-Wall", "-Wextra", "-Werror", "-I"]).arg(root().join("include"));
        Some(command)
    }

    /// The compiler as it is; it knows nothing of our header.
    pub fn bare_command(self) -> Option<Command> {
        let line = self.compiler();
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next()?);
        command.args(words);
        exists(&mut command)?;
        Some(command)
    }
}

/// Asks a program for its version, only to learn whether it can be started.
fn exists(command: &mut Command) -> Option<()> {
    let mut probe = Command::new(command.get_program());
    match probe.args(command.get_args()).arg("--version").output() {
        Ok(output) => output.status.success().then_some(()),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => panic!("{probe:?}: {error}"),
    }
}

/// A program if it can be started here.
pub fn program(name: &str) -> Option<Command> {
    exists(&mut Command::new(name)).map(|()| Command::new(name))
}

/// Runs a command, shows what it says if it fails, and returns its output.
pub fn run(command: &mut Command) -> String {
    let output: Output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{text}{errors}", output.status);
    text
}

/// The functions of the header, sorted.
pub fn declared() -> Vec<String> {
    let header = fs::read_to_string(root().join("include/courtyard.h")).unwrap();
    let outside = header.lines().filter(|l| !l.starts_with([' ', '#', '/', '}']) && l.ends_with(");"));
    let name = |line: &str| {
        let before = line.split('(').next()?;
        Some(before.rsplit([' ', '*']).next()?.to_owned()).filter(|name| name.starts_with("cyd_"))
    };
    let mut names: Vec<String> = outside.filter_map(name).collect();
    names.sort();
    names
}

/// How a program takes the library in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Link {
    Shared,
    Static,
}

impl Link {
    pub fn name(self) -> &'static str {
        if self == Link::Shared { "shared" } else { "static" }
    }
}

/// What a program is linked with, from the README's line for it. The README is the one place.
pub fn link_flags(link: Link) -> Vec<String> {
    let library = if link == Link::Shared { "-lcourtyard" } else { "libcourtyard.a" };
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut lines = readme.lines().filter(|l| l.starts_with("cc ") && l.contains(library));
    let line = lines.next().unwrap_or_else(|| panic!("the README has no line `cc … {library} …`"));
    assert!(lines.next().is_none(), "the README has two lines with {library}");
    let flags = line.split(library).nth(1).unwrap();
    flags.split_whitespace().map(str::to_owned).collect()
}

impl Built {
    /// Compiles and links one file; `None` without a compiler.
    pub fn compile(&self, language: Language, source: &Path, link: Link, flags: &[&str]) -> Option<PathBuf> {
        let name = [source.file_name()?.to_str()?, "-", link.name(), &flags.concat()].concat();
        let program = self.folder.join(name);
        let mut command = language.command()?;
        command.args(flags).arg("-g").arg(source).arg("-o").arg(&program);
        match link {
            Link::Shared => command.arg("-L").arg(&self.folder).arg("-lcourtyard"),
            Link::Static => command.arg(self.folder.join("libcourtyard.a")),
        };
        command.args(link_flags(link));
        run(&mut command);
        Some(program)
    }

    /// A command that finds the shared library.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("LD_LIBRARY_PATH", &self.folder);
        command
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What a part of a test came to. A part fails by panicking.
pub enum Part {
    Passed,
    /// What is missing on this machine.
    Skipped(&'static str),
}

impl Part {
    /// Passed if there was something to do it with.
    pub fn needs<T>(done: Option<T>, what: &'static str) -> Part {
        if done.is_some() { Part::Passed } else { Part::Skipped(what) }
    }
}

/// Runs the parts of a test without harness, one after the other, and sums up.
pub struct Suite {
    filter: Option<String>,
    list: bool,
    passed: usize,
    failed: Vec<String>,
    skipped: Vec<String>,
}

impl Suite {
    /// Understands as much of libtest's arguments as cargo and its friends use: a filter, `--exact` aside, and `--list`.
    pub fn new() -> Suite {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let filter = arguments.iter().find(|a| !a.starts_with('-')).cloned();
        let list = arguments.iter().any(|a| a == "--list");
        Suite { filter, list, passed: 0, failed: vec![], skipped: vec![] }
    }

    /// Whether this part is to be run.
    pub fn runs(&self, name: &str) -> bool {
        !self.list && self.is_meant(name)
    }

    fn is_meant(&self, name: &str) -> bool {
        self.filter.as_ref().is_none_or(|f| name.contains(f.as_str()))
    }

    pub fn part(&mut self, name: &str, work: impl FnOnce() -> Part) {
        if !self.is_meant(name) {
            return;
        }
        if self.list {
            return println!("{name}: test");
        }
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(Part::Passed) => self.passed += 1,
            Ok(Part::Skipped(what)) => self.skipped.push(format!("{name} (no {what})")),
            Err(_) => self.failed.push(name.to_owned()),
        }
        let word = match (self.failed.last(), self.skipped.last()) {
            (Some(last), _) if last == name => "FAILED",
            (_, Some(last)) if last.starts_with(name) => "skipped",
            _ => "ok",
        };
        println!("{name} ... {word}");
    }

    /// Prints the sum; what was skipped is the last line. Skipping is a failure where `CI=true` promises everything.
    pub fn finish(self) {
        if self.list {
            return;
        }
        println!("{} passed, {} failed {:?}", self.passed, self.failed.len(), self.failed);
        let names = if self.skipped.is_empty() { "none".to_owned() } else { self.skipped.join(", ") };
        println!("{} parts skipped: {names}", self.skipped.len());
        let all_wanted = std::env::var("CI").is_ok_and(|ci| ci == "true");
        if !self.failed.is_empty() || (all_wanted && !self.skipped.is_empty()) {
            std::process::exit(1);
        }
    }
}
