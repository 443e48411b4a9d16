//! Where the text comes from, and how far we are.

use crate::count::{Counts, count, ends_in_word};
use crate::failure::{BAD_INPUT, Failure, check_interrupt};
use std::fs::{self, File};
use std::io::{ErrorKind, IsTerminal, Read, stderr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A file, or something else that can be read.
pub(crate) struct Input {
    path: PathBuf,
    /// Bytes, as far as that is known beforehand.
    pub(crate) size: u64,
    /// A regular file: it can be read twice.
    pub(crate) is_file: bool,
}

impl Input {
    fn new(path: &Path) -> Result<Input, Failure> {
        let about = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        if about.is_dir() {
            return Err(unreadable(path, &ErrorKind::IsADirectory.into()));
        }
        let size = if about.is_file() { about.len() } else { 0 };
        Ok(Input { path: path.to_owned(), size, is_file: about.is_file() })
    }

    pub(crate) fn open(&self) -> Result<Open<'_>, Failure> {
        let from = File::open(&self.path).map_err(|error| unreadable(&self.path, &error))?;
        Ok(Open { path: &self.path, from })
    }
}

/// An input that is being read.
pub(crate) struct Open<'a> {
    path: &'a Path,
    from: File,
}

impl Open<'_> {
    /// Fills `piece` as far as there is text.
    pub(crate) fn read(&mut self, piece: &mut [u8]) -> Result<usize, Failure> {
        let mut len = 0;
        while len < piece.len() {
            match self.from.read(&mut piece[len..]) {
                Ok(0) => break,
                Ok(more) => len += more,
                Err(signal) if signal.kind() == ErrorKind::Interrupted => check_interrupt()?,
                Err(error) => return Err(unreadable(self.path, &error)),
            }
        }
        Ok(len)
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(BAD_INPUT, format!("cannot read {}: {error}", path.display()))
}

/// The files, or the sources of this crate if there are none; all of them exist.
pub(crate) fn find_all(files: &[PathBuf]) -> Result<Vec<Input>, Failure> {
    let sources;
    let paths = if files.is_empty() {
        sources = own_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))?;
        &sources
    } else {
        files
    };
    paths.iter().map(|path| Input::new(path)).collect()
}

fn own_sources(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.is_dir() {
            found.append(&mut own_sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Counts the first `bytes` bytes of a file in this process alone; it may have grown meanwhile.
pub(crate) fn count_again(input: &Input, bytes: u64, chunk: u32) -> Result<Counts, Failure> {
    let mut input = input.open()?;
    let mut piece = vec![0; chunk as usize];
    let (mut counts, mut in_word) = (Counts::default(), false);
    while counts.bytes < bytes {
        let room = piece.len().min(usize::try_from(bytes - counts.bytes).unwrap_or(usize::MAX));
        let len = input.read(&mut piece[..room])?;
        if len == 0 {
            break;
        }
        counts += count(&piece[..len], in_word);
        in_word = ends_in_word(&piece[..len], in_word);
        check_interrupt()?;
    }
    Ok(counts)
}

/// Megabytes per second.
pub(crate) fn rate(bytes: u64, took: Duration) -> f64 {
    bytes as f64 / 1e6 / took.as_secs_f64().max(1e-9)
}

/// Says twice a second, on standard error, how far we are.
pub(crate) struct Progress {
    size: u64,
    done: u64,
    start: Instant,
    said: Instant,
    on_one_line: bool,
}

impl Progress {
    pub(crate) fn new(size: u64) -> Progress {
        let now = Instant::now();
        Progress { size, done: 0, start: now, said: now, on_one_line: stderr().is_terminal() }
    }

    pub(crate) fn more(&mut self, bytes: u64) {
        self.done += bytes;
        if self.said.elapsed() < Duration::from_millis(500) {
            return;
        }
        self.said = Instant::now();
        let (done, size) = (self.done as f64 / 1e6, self.size as f64 / 1e6);
        let rate = rate(self.done, self.start.elapsed());
        let (before, after) = if self.on_one_line { ("\r", "") } else { ("", "\n") };
        eprint!("{before}{done:.0} of {size:.0} MB, {rate:.0} MB/s{after}");
    }

    pub(crate) fn end(&self) {
        if self.on_one_line && self.said > self.start {
            eprintln!();
        }
    }
}
