//! The example programs, run as people run them, and the page that lists them.
//!
//! Cargo builds examples for `cargo test`; for `cargo test --test examples` alone, build them before.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use support::{Language, Link, program, root};

/// No run of an example takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// An example as cargo built it, beside the folder of the running test.
fn example(name: &str) -> PathBuf {
    let me = std::env::current_exe().unwrap();
    let built = me.parent().unwrap().parent().unwrap().join("examples").join(name);
    let time = |path: &Path| fs::metadata(path).and_then(|about| about.modified());
    let made =
        time(&built).unwrap_or_else(|e| panic!("{}: {e}: cargo build --example {name}", built.display()));
    for source in fs::read_dir(root().join("examples").join(name)).unwrap() {
        let source = source.unwrap().path();
        assert!(time(&source).unwrap() <= made, "{} is newer than the example", source.display());
    }
    built
}

fn start(command: &mut Command) -> Child {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// What a program says, unless it hangs. Examples say little: no pipe fills up.
fn end(mut child: Child, what: &str) -> Output {
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("{what} hangs: {:?}", child.wait_with_output());
        }
        sleep(Duration::from_millis(2));
    }
    child.wait_with_output().unwrap()
}

fn run(arguments: &[&str]) -> Output {
    end(start(Command::new(example("wordcount")).args(arguments)), &format!("wordcount {arguments:?}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a good run prints on standard output.
fn good(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    text(&output.stdout)
}

/// Lines, words and bytes of a run.
fn total(said: &str) -> Vec<u64> {
    let line = said.lines().find_map(|line| line.strip_prefix("total: ")).expect("a line with the total");
    line.split(", ").take(3).map(|part| part.split(' ').next().unwrap().parse().unwrap()).collect()
}

/// A folder with texts that is removed at the end.
struct Texts(PathBuf);

impl Texts {
    fn new(name: &str) -> Texts {
        let texts = Texts(support::scratch(name));
        texts.write("TWO-LINES", b"one two\nthree four five\n");
        texts.write("EMPTY", b"");
        texts.write("NO-END", b"  one\t\ttwo\x0b\x0cthree\r\nfour");
        texts.write("TEXT", &prose(300_000));
        texts
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.join(name), bytes).unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Texts {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Some words and blanks, the same ones every time; one of the words is longer than a chunk.
fn prose(len: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = vec![b'x'; len / 10];
    let mut state = 1u32;
    while bytes.len() < len {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.push(b"abcdefghij klm,nop\tqrs\nuvw  xyz.\n"[(state >> 24) as usize % 33]);
    }
    bytes
}

/// What `wc` counts in a file; `None` without a `wc`.
fn wc(path: &str) -> Option<Vec<u64>> {
    let output = program("wc")?.env("LC_ALL", "C").args(["-l", "-w", "-c", path]).output().unwrap();
    Some(text(&output.stdout).split_whitespace().take(3).map(|word| word.parse().unwrap()).collect())
}

/// Counted in the plainest way.
fn plainly(path: &str) -> Vec<u64> {
    let bytes = fs::read(path).unwrap();
    let blank = |byte: &u8| b" \t\n\x0b\x0c\r".contains(byte);
    let lines = bytes.iter().filter(|&&byte| byte == b'\n').count();
    let words = bytes.split(blank).filter(|word| !word.is_empty()).count();
    [lines, words, bytes.len()].map(|count| count as u64).to_vec()
}

fn in_shm(yard: &str) -> bool {
    fs::read_dir("/dev/shm").unwrap().any(|entry| entry.unwrap().file_name().to_string_lossy().contains(yard))
}

#[test]
fn counts_what_wc_counts() {
    let texts = Texts::new("wc");
    for name in ["TWO-LINES", "EMPTY", "NO-END", "TEXT"] {
        let path = texts.path(name);
        let expected = plainly(&path);
        assert_eq!(wc(&path).unwrap_or(expected.clone()), expected, "wc and the plain count: {name}");
        for (workers, chunk) in [("1", "1048576"), ("2", "1000"), ("3", "7777"), ("64", "4096")] {
            let said = good(&run(&["--workers", workers, "--chunk", chunk, &path]));
            assert_eq!(total(&said), expected, "{workers} workers, {name}");
        }
    }
    let both = good(&run(&[&texts.path("NO-END"), &texts.path("TWO-LINES")]));
    assert_eq!(total(&both), [3, 9, 47], "no word reaches from one file into the next");
}

#[test]
fn any_byte_is_counted() {
    let texts = Texts::new("bytes");
    let all: Vec<u8> = (0..=255u8).cycle().take(5000).collect();
    texts.write("BYTES", &all);
    let said = good(&run(&["--chunk", "33", &texts.path("BYTES")]));
    assert_eq!(total(&said), plainly(&texts.path("BYTES")));
}

#[test]
fn killed_workers_change_no_total() {
    let texts = Texts::new("kill");
    let path = texts.path("TEXT");
    let mut killed = 0;
    for turn in 0..12 {
        let (workers, chunk) = (["1", "2", "3"][turn % 3], ["100", "3000", "16384"][turn / 3 % 3]);
        let said = good(&run(&["--kill", "--workers", workers, "--chunk", chunk, &path]));
        let line = said.lines().find(|line| line.contains(" workers were killed, ")).unwrap();
        let numbers: Vec<u32> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        assert!(numbers.iter().all(|number| *number > 0), "{line}");
        killed += numbers[0];
        assert_eq!(total(&said), plainly(&path), "{workers} workers, chunks of {chunk}: {said}");
    }
    assert!(killed > 60, "only {killed} workers were killed in twelve runs");
    let said = good(&run(&["--kill", &texts.path("EMPTY")]));
    assert_eq!(total(&said), [0, 0, 0]);
}

/// How far it is is said when half a second has passed: so long nothing comes through the pipe.
#[test]
fn progress_is_seen_while_workers_are_killed() {
    let texts = Texts::new("progress");
    let (path, all) = (texts.path("PIPE"), prose(100_000));
    nix::unistd::mkfifo(path.as_str(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let counter = start(Command::new(example("wordcount")).args([
        "--kill",
        "--workers",
        "2",
        "--chunk",
        "5000",
        &path,
    ]));
    let mut pipe = fs::OpenOptions::new().write(true).open(&path).unwrap();
    for part in all.chunks(all.len() / 2) {
        pipe.write_all(part).unwrap();
        sleep(Duration::from_millis(700));
    }
    drop(pipe);
    let output = end(counter, "wordcount --kill");
    texts.write("ALL", &all);
    assert_eq!(total(&good(&output)), plainly(&texts.path("ALL")));
    let said = text(&output.stderr);
    assert!(said.lines().any(|line| is_like(line, "… of … MB, … MB/s")), "{said}");
}

#[test]
fn what_cannot_be_read_ends_with_2() {
    let texts = Texts::new("bad");
    for bad in [texts.path("MISSING"), texts.path(".")] {
        let output = run(&[&texts.path("TEXT"), &bad]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(&format!("cannot read {bad}")), "{output:?}");
    }
    for arguments in [["--workers", "0"], ["--workers", "65"], ["--chunk", "0"], ["--external", "1"]] {
        assert_eq!(run(&arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_yard_with_a_name_is_gone_in_the_end() {
    let texts = Texts::new("named");
    let yard = format!("words-named-{}", std::process::id());
    let said = good(&run(&["--yard", &yard, "--kill", &texts.path("TEXT")]));
    assert_eq!(total(&said), plainly(&texts.path("TEXT")));
    assert!(!in_shm(&yard));
    let alone = run(&["--yard", &yard, "--external", "1", "--patience", "0", &texts.path("TEXT")]);
    assert_eq!(alone.status.code(), Some(1), "{alone:?}");
    assert!(text(&alone.stderr).contains("nobody joined"));
    assert!(!in_shm(&yard));
}

/// A job with a worker that `joins`, which is killed once or twice before it may finish.
fn with_a_worker_from_outside(name: &str, joins: impl Fn(&str) -> Command) {
    let texts = Texts::new(name);
    let yard = format!("words-{name}-{}", std::process::id());
    texts.write("LONG", &prose(8_000_000));
    let (long, counter) = (texts.path("LONG"), example("wordcount"));
    let parent =
        start(Command::new(counter).args(["--yard", &yard, "--external", "1", "--chunk", "512", &long]));
    let begin = Instant::now();
    while !in_shm(&yard) && begin.elapsed() < PATIENCE {
        sleep(Duration::from_millis(1));
    }
    for life in [3, 17] {
        let mut short = start(&mut joins(&yard));
        sleep(Duration::from_millis(life));
        short.kill().unwrap();
        short.wait().unwrap();
    }
    let mut last = start(&mut joins(&yard));
    let said = good(&end(parent, name));
    assert_eq!(total(&said), plainly(&long));
    let done = last.wait().unwrap();
    assert!(done.success(), "{done:?}");
    assert!(!in_shm(&yard));
}

#[test]
fn a_worker_joins_from_outside() {
    with_a_worker_from_outside("join", |yard| {
        let mut command = Command::new(example("wordcount"));
        command.args(["--yard", yard, "--join"]);
        command
    });
}

#[test]
fn a_worker_in_c_joins() {
    let built = support::built();
    let source = root().join("examples/c/wordcount_worker.c");
    for link in [Link::Static, Link::Shared] {
        let Some(worker) = built.compile(Language::C, &source, link, &["-std=c11", "-Wpedantic", "-O2"])
        else {
            return println!("skipped: no C compiler");
        };
        with_a_worker_from_outside("c", |yard| {
            let mut command = built.command(&worker);
            command.args(["--yard", yard]);
            command
        });
        let lost = built.command(&worker).args(["--yard", "words-none"]).output().unwrap();
        assert_eq!(lost.status.code(), Some(1), "{lost:?}");
        assert_eq!(built.command(&worker).arg("--yard").output().unwrap().status.code(), Some(2));
    }
}

/// A row of a table: the command, what it prints, and its exit code.
struct Row {
    command: String,
    lines: Vec<String>,
    code: i32,
}

fn quoted(cell: &str) -> String {
    cell.trim().trim_matches('`').to_owned()
}

fn rows(page: &str) -> Vec<Row> {
    let rows = page.lines().filter(|line| line.starts_with("| `cargo run "));
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let [command, lines, code] = cells[..] else { panic!("not three cells: {line}") };
        let lines = lines.split("<br>").map(quoted).collect();
        Row { command: quoted(command), lines, code: code.trim().parse().unwrap() }
    };
    rows.map(row).collect()
}

/// Whether a line is as the page says, `…` standing for anything.
fn is_like(line: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let mut open = false;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        open = part.is_empty();
    }
    rest.is_empty() || open
}

fn check_row(row: &Row, texts: &Texts) {
    let in_place = |text: &str| text.replace("…/", &texts.path(""));
    let words = row.command.strip_prefix("cargo run --release --example ").expect("how examples are run");
    let (name, arguments) = words.split_once(" -- ").unwrap_or((words, ""));
    let arguments: Vec<String> = arguments.split_whitespace().map(in_place).collect();
    let output = end(start(Command::new(example(name)).args(&arguments)), &row.command);
    assert_eq!(output.status.code(), Some(row.code), "{}: {output:?}", row.command);
    let said = text(if row.code == 0 { &output.stdout } else { &output.stderr });
    let said: Vec<&str> = said.lines().collect();
    let lines = row.lines.len();
    assert!(said.len() >= lines && (row.code != 0 || said.len() == lines), "{}: {said:#?}", row.command);
    for (line, pattern) in said.iter().zip(&row.lines) {
        assert!(is_like(line, &in_place(pattern)), "{}: {line:?} is not {pattern:?}", row.command);
    }
}

#[test]
fn the_page_says_what_happens() {
    let texts = Texts::new("page");
    let rows = rows(&fs::read_to_string(root().join("docs/examples.md")).unwrap());
    assert!(!rows.is_empty());
    rows.iter().for_each(|row| check_row(row, &texts));
}

#[test]
fn what_is_logged_goes_to_standard_error() {
    let output = end(start(Command::new(example("classics")).arg("logged")), "logged");
    assert_eq!(good(&output), "test\n");
    let said = text(&output.stderr);
    let wanted = [
        "[INFO/MainProcess] there will be a child",
        "[WARN/MainProcess] it may fail",
        "[ERROR/MainProcess] nothing has failed yet",
        "[INFO/Process-1] begins, forked by process …",
        "[INFO/Process-1] ends with exit code 0",
        "[INFO/MainProcess] Process-1 has ended: exit code 0",
    ];
    let said: Vec<&str> = said.lines().collect();
    let is_right =
        said.len() == wanted.len() && said.iter().zip(wanted).all(|(is, as_wanted)| is_like(is, as_wanted));
    assert!(is_right, "{said:#?}");
}

#[test]
fn pools_leave_no_yard_behind() {
    for exercise in ["pool", "talk"] {
        let child = start(Command::new(example("classics")).arg(exercise));
        let maker = format!("-{}.yard", child.id());
        good(&end(child, exercise));
        let left: Vec<_> =
            fs::read_dir("/dev/shm").unwrap().map(|entry| entry.unwrap().file_name()).collect();
        let left: Vec<_> =
            left.iter().map(|name| name.to_string_lossy()).filter(|n| n.ends_with(&maker)).collect();
        assert!(left.is_empty(), "{exercise}: {left:?}");
    }
}

#[test]
fn the_page_names_every_example() {
    let page = fs::read_to_string(root().join("docs/examples.md")).unwrap();
    for folder in ["examples", "examples/c"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned();
            assert!(page.contains(&format!("`{folder}/{name}")), "{folder}/{name} is not on the page");
        }
    }
}
