//! Many inputs at once: in chunks, each of which is one task.
//!
//! A chunk is the inputs one after the other, each behind its length; what comes back is the results likewise, each with a
//! sign whether it is an error.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::pool::{Fate, Future, MANY, TaskOptions, as_completed};
use crate::process::pool::Pool;
use crate::sync::wait::Timeout;
use std::collections::VecDeque;
use std::time::Duration;

/// Chunks for each worker, if nobody says how long they are to be: so that a slow one does not keep the others waiting.
const CHUNKS_PER_WORKER: usize = 4;
const OK: u8 = 0;
const ERROR: u8 = 1;

/// How many inputs are given to the workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MapOptions {
    /// How many inputs make one task; 0: so many that each worker gets four tasks.
    pub chunk: usize,
    /// How many tasks may be on their way at a time; 0: twice as many as there are workers. What is not on its way is not taken
    /// from the iterator yet.
    pub window: usize,
    /// What is asked of each task. A chunk that is lost is lost with all that it has.
    pub task: TaskOptions,
    /// How long all of it may take, from the call on; `None`: as long as it likes. [`Pool::map`] has a timeout of its own.
    pub timeout: Option<Duration>,
}

fn put(chunk: &mut Vec<u8>, bytes: &[u8]) {
    chunk.extend((bytes.len() as u64).to_ne_bytes());
    chunk.extend(bytes);
}

/// The parts of a chunk.
struct Parts<'a>(&'a [u8]);

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (len, rest) = self.0.split_first_chunk::<8>()?;
        let (part, rest) = rest.split_at_checked(usize::try_from(u64::from_ne_bytes(*len)).ok()?)?;
        self.0 = rest;
        Some(part)
    }
}

/// In a worker: each of the inputs of a chunk.
pub(super) fn each(
    inputs: &[u8],
    mut call: impl FnMut(&[u8]) -> std::result::Result<Vec<u8>, String>,
) -> std::result::Result<Vec<u8>, String> {
    let mut results = Vec::new();
    for input in Parts(inputs) {
        let (sign, result) = match call(input) {
            Ok(result) => (OK, result),
            Err(error) => (ERROR, error.into_bytes()),
        };
        results.extend((result.len() as u64 + 1).to_ne_bytes());
        results.push(sign);
        results.extend(result);
    }
    Ok(results)
}

/// The results of a chunk of so many inputs.
fn results_of(fate: Result<Fate>, count: usize) -> Vec<Result<Vec<u8>>> {
    let bytes = match fate.and_then(Fate::into_result) {
        Ok(bytes) => bytes,
        Err(e) => return vec![Err(e); count],
    };
    let result = |part: &[u8]| match part.split_first() {
        Some((&OK, result)) => Ok(result.to_vec()),
        Some((_, error)) => Err(Error::with(ErrorKind::Failed, String::from_utf8_lossy(error))),
        None => Err(ErrorKind::Corrupt.into()),
    };
    let mut results: Vec<_> = Parts(&bytes).map(result).collect();
    results.resize_with(count, || Err(ErrorKind::Corrupt.into()));
    results
}

impl Pool {
    /// Calls `entry` with each of the inputs, in chunks, and returns the results in their order. Waits at most `timeout`.
    ///
    /// Errors: the first one of an input, or of its chunk ([`Future::result`]); `Timeout` (what is on its way is cancelled, if
    /// it waits still); as for [`Pool::submit`].
    pub fn map(
        &self,
        entry: &str,
        inputs: &[impl AsRef<[u8]>],
        options: &MapOptions,
        timeout: impl Into<Timeout>,
    ) -> Result<Vec<Vec<u8>>> {
        let timeout = timeout.into().until();
        let chunk = match options.chunk {
            0 => self.chunk_of(inputs.len()),
            chunk => chunk,
        };
        let options = MapOptions { chunk, ..*options };
        self.imap_within(entry, inputs.iter(), &options, timeout)?.collect()
    }

    /// How many inputs make one task, if there are so many.
    pub(crate) fn chunk_of(&self, inputs: usize) -> usize {
        inputs.div_ceil(CHUNKS_PER_WORKER * self.size().max(1)).max(1)
    }

    /// Calls `entry` with what the iterator gives, and returns the results in that order, each as soon as it and those before
    /// it are there. Takes from the iterator as the window allows: it may be endless.
    ///
    /// Each result, or error, is an input's own. Dropping the iterator cancels what waits still.
    ///
    /// Errors: `Name`.
    pub fn imap<I>(&self, entry: &str, inputs: I, options: &MapOptions) -> Result<Map<I::IntoIter>>
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        let options = MapOptions { chunk: options.chunk.max(1), ..*options };
        self.imap_within(entry, inputs.into_iter(), &options, Timeout::from(options.timeout).until())
    }

    /// As [`Pool::imap`], in whatever order the results come: each with the number of its input.
    pub fn imap_unordered<I>(
        &self,
        entry: &str,
        inputs: I,
        options: &MapOptions,
    ) -> Result<Unordered<I::IntoIter>>
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        let options = MapOptions { chunk: options.chunk.max(1), ..*options };
        Ok(Unordered(self.imap_within(
            entry,
            inputs.into_iter(),
            &options,
            Timeout::from(options.timeout).until(),
        )?))
    }

    fn imap_within<I>(&self, entry: &str, inputs: I, options: &MapOptions, timeout: Timeout) -> Result<Map<I>>
    where
        I: Iterator<Item: AsRef<[u8]>>,
    {
        crate::segment::directory::Name::new(entry)?;
        let window = match options.window {
            0 => 2 * self.size().max(1),
            window => window,
        };
        Ok(Map {
            pool: self.clone(),
            entry: format!("{MANY}{entry}"),
            inputs,
            options: MapOptions { window, ..*options },
            timeout,
            begun: 0,
            on_their_way: VecDeque::new(),
            ready: VecDeque::new(),
            refused: None,
        })
    }
}

/// A chunk on its way.
struct Chunk {
    future: Future,
    first: usize,
    count: usize,
}

/// The results of [`Pool::imap`].
#[must_use = "the inputs are taken as the results are asked for"]
pub struct Map<I> {
    pool: Pool,
    entry: String,
    inputs: I,
    options: MapOptions,
    timeout: Timeout,
    /// How many inputs have been taken.
    begun: usize,
    on_their_way: VecDeque<Chunk>,
    ready: VecDeque<(usize, Result<Vec<u8>>)>,
    /// Why no more can be submitted.
    refused: Option<Error>,
}

impl<I: Iterator<Item: AsRef<[u8]>>> Map<I> {
    /// Puts chunks on their way as the window allows.
    fn fill(&mut self) {
        while self.refused.is_none() && self.on_their_way.len() < self.options.window {
            let (mut chunk, mut count) = (Vec::new(), 0);
            for input in self.inputs.by_ref().take(self.options.chunk) {
                put(&mut chunk, input.as_ref());
                count += 1;
            }
            if count == 0 {
                return;
            }
            let first = self.begun;
            self.begun += count;
            match self.pool.table().submit(&self.entry, &chunk, &self.options.task, self.timeout) {
                Ok(future) => self.on_their_way.push_back(Chunk { future, first, count }),
                Err(e) => {
                    self.ready.extend((first..first + count).map(|at| (at, Err(e.clone()))));
                    self.refused = Some(e);
                }
            }
        }
    }

    fn take(&mut self, chunk: Chunk) {
        let fate = chunk.future.fate(self.timeout);
        self.ready.extend((chunk.first..).zip(results_of(fate, chunk.count)));
    }

    /// The next in order, with its number.
    fn next_in_order(&mut self) -> Option<(usize, Result<Vec<u8>>)> {
        loop {
            // What could not be submitted comes after what was.
            let first = self.on_their_way.front().map(|chunk| chunk.first);
            if let Some((at, _)) = self.ready.front()
                && first.is_none_or(|first| *at < first)
            {
                return self.ready.pop_front();
            }
            self.fill();
            match self.on_their_way.pop_front() {
                Some(chunk) => {
                    let later = std::mem::take(&mut self.ready);
                    self.take(chunk);
                    self.ready.extend(later);
                    self.fill();
                }
                None => return self.ready.pop_front(),
            }
        }
    }

    /// The next that is there, with its number.
    fn next_there(&mut self) -> Option<(usize, Result<Vec<u8>>)> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(item);
            }
            self.fill();
            if self.on_their_way.is_empty() {
                return self.ready.pop_front();
            }
            let id = {
                let futures = self.on_their_way.iter().map(|chunk| &chunk.future);
                match as_completed(futures, self.timeout).next()? {
                    Ok(future) => future.id(),
                    Err(_) => self.on_their_way.front()?.future.id(), // its own wait says why
                }
            };
            let at = self.on_their_way.iter().position(|chunk| chunk.future.id() == id)?;
            let chunk = self.on_their_way.remove(at)?;
            self.take(chunk);
            self.fill();
        }
    }
}

impl<I: Iterator<Item: AsRef<[u8]>>> Iterator for Map<I> {
    type Item = Result<Vec<u8>>;

    fn next(&mut self) -> Option<Result<Vec<u8>>> {
        self.next_in_order().map(|(_, result)| result)
    }
}

impl<I> Drop for Map<I> {
    fn drop(&mut self) {
        // In a fork child they are the parent's.
        for chunk in self.on_their_way.iter().filter(|chunk| chunk.future.is_mine()) {
            chunk.future.cancel();
        }
    }
}

impl<I> std::fmt::Debug for Map<I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Map").field("begun", &self.begun).finish_non_exhaustive()
    }
}

/// The results of [`Pool::imap_unordered`]: each with the number of its input.
#[must_use = "the inputs are taken as the results are asked for"]
#[derive(Debug)]
pub struct Unordered<I>(Map<I>);

impl<I: Iterator<Item: AsRef<[u8]>>> Iterator for Unordered<I> {
    type Item = (usize, Result<Vec<u8>>);

    fn next(&mut self) -> Option<(usize, Result<Vec<u8>>)> {
        self.0.next_there()
    }
}
