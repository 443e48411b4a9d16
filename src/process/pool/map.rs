//! Many inputs at once: in chunks, each of which is one task.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::pool::{Fate, Future, MANY, TaskOptions, as_completed};
use crate::process::pool::Pool;
use crate::process::pool::chunk::{self, Results};
use crate::process::pool::coding::{Bytes, Put, Take};
use crate::segment::directory::Name;
use crate::sync::wait::Timeout;
use std::borrow::Borrow;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::time::Duration;

/// Chunks for each worker, if nobody says how long they are to be: so that a slow one does not keep the others waiting.
const CHUNKS_PER_WORKER: usize = 4;
/// The part of the blocks that the inputs on their way take then: results may be longer, and few blocks are full.
const SHARE: usize = 16;

/// How many inputs are given to the workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MapOptions {
    /// How many inputs make one task; 0: of a `map` so many that each worker gets four tasks, or fewer, so that the pool's blocks
    /// have room for what is on its way; of an `imap` one.
    pub chunk: usize,
    /// How many tasks may be on their way at a time; 0: twice as many as there are workers. Fewer are, if the pool has no room for
    /// so many tasks, or bytes. What is not on its way is not taken from the iterator yet, but for one chunk.
    pub window: usize,
    /// What is asked of each task. A chunk that is lost is lost with all that it has.
    pub task: TaskOptions,
    /// How long all of it may take, from the call on; `None`: as long as it likes. [`Pool::map`] has a timeout of its own.
    pub timeout: Option<Duration>,
}

impl Pool {
    /// Calls `entry` with each of the inputs, in chunks, and returns the results in their order. Waits at most `timeout`.
    ///
    /// Errors: the first one of an input, or of its chunk ([`Future::result`]); `Timeout` (what is on its way is cancelled, if
    /// it waits still); as for [`Pool::submit`].
    pub fn map<T: AsRef<[u8]>>(
        &self,
        entry: &str,
        inputs: &[T],
        options: &MapOptions,
        timeout: impl Into<Timeout>,
    ) -> Result<Vec<Vec<u8>>> {
        Stream::<_, T, Bytes, _>::collect(self, entry, inputs, options, timeout.into())
    }

    /// Calls `entry` with what the iterator gives, and returns the results in that order, each as soon as it and those before
    /// it are there. Takes from the iterator as the window allows: it may be endless.
    ///
    /// Each result, or error, is an input's own. But if the wait itself is ended, `Cancelled` or `Interrupted` comes in between, and
    /// nothing is lost: who asks again goes on. Dropping the iterator cancels what waits still.
    ///
    /// Errors: `Name`.
    pub fn imap<I>(&self, entry: &str, inputs: I, options: &MapOptions) -> Result<Map<I::IntoIter>>
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        Stream::begin(self, entry, inputs.into_iter(), options).map(Map)
    }

    /// As [`Pool::imap`], in whatever order the results come: each with the number of its input; the end of a wait with that of one
    /// that is on its way.
    pub fn imap_unordered<I>(
        &self,
        entry: &str,
        inputs: I,
        options: &MapOptions,
    ) -> Result<Unordered<I::IntoIter>>
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        Stream::begin(self, entry, inputs.into_iter(), options).map(Unordered)
    }
}

/// The result of an input, with its number; or the wait was ended.
pub(super) type Step<R> = std::result::Result<(usize, Result<R>), Ended>;

/// Somebody has ended the wait: nothing is lost.
pub(super) struct Ended {
    /// The first input that is still on its way.
    first: usize,
    why: Error,
}

/// Without the number.
pub(super) fn result_of<R>(step: Step<R>) -> Result<R> {
    numbered(step).1
}

/// With one, whatever it is.
pub(super) fn numbered<R>(step: Step<R>) -> (usize, Result<R>) {
    step.unwrap_or_else(|ended| (ended.first, Err(ended.why)))
}

/// A chunk on its way.
struct Chunk {
    future: Future,
    first: usize,
    count: usize,
}

impl Chunk {
    /// Its results, or the error of them all. Errors: the wait was ended; the chunk is still on its way.
    fn wait(&self, timeout: Timeout) -> Result<Results> {
        let fate = self.future.fate(timeout);
        match &fate {
            Err(e) if is_end_of_wait(e) => return Err(e.clone()),
            Err(_) if self.future.is_mine() => _ = self.future.cancel(), // nobody waits for it any more
            _ => {}
        }
        Ok(Results::new(fate.and_then(Fate::into_result), self.first, self.count))
    }
}

/// Whether somebody has ended the wait, which says nothing of what was waited for.
fn is_end_of_wait(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Cancelled | ErrorKind::Interrupted)
}

/// Inputs of type `A` on their way to the workers, and results of type `R` on their way back; `C` says how they become bytes.
pub(super) struct Stream<I, A, C, R> {
    pool: Pool,
    entry: String,
    inputs: I,
    options: MapOptions,
    timeout: Timeout,
    /// A chunk that has so many bytes is one, however few inputs it has.
    chunk_bytes: usize,
    /// How many inputs have been taken.
    begun: usize,
    /// No more inputs are taken.
    is_over: bool,
    on_their_way: VecDeque<Chunk>,
    /// The first and the number of the inputs in the room, for which the pool has none until one of those on their way is over.
    held_up: Option<(usize, usize)>,
    /// Of one chunk.
    results: Results,
    /// Of the inputs that could not be given to the pool: they come last.
    refused: Option<Results>,
    /// The room of the last chunk.
    room: Vec<u8>,
    of: PhantomData<fn(A, C) -> R>,
}

impl<'a, A, C: Put<A> + Take<R>, R> Stream<std::slice::Iter<'a, A>, A, C, R> {
    /// All results, or the first error.
    pub(super) fn collect(
        pool: &Pool,
        entry: &str,
        inputs: &'a [A],
        options: &MapOptions,
        timeout: Timeout,
    ) -> Result<Vec<R>> {
        let timeout = timeout.until();
        let mut stream = Stream::<_, A, C, R>::begin(pool, entry, inputs.iter(), options)?;
        stream.timeout = timeout;
        if options.chunk == 0 {
            stream.divide(inputs.len());
        }
        let mut results = Vec::with_capacity(inputs.len());
        while let Some(step) = stream.next_in_order() {
            results.push(result_of(step)?);
        }
        Ok(results)
    }
}

impl<I: Iterator<Item: Borrow<A>>, A, C: Put<A> + Take<R>, R> Stream<I, A, C, R> {
    pub(super) fn begin(
        pool: &Pool,
        entry: &str,
        inputs: I,
        options: &MapOptions,
    ) -> Result<Stream<I, A, C, R>> {
        Name::new(entry)?;
        let window = if options.window == 0 { 2 * pool.size().max(1) } else { options.window };
        Ok(Stream {
            pool: pool.clone(),
            entry: format!("{MANY}{entry}"),
            inputs,
            options: MapOptions { chunk: options.chunk.max(1), window, ..*options },
            timeout: Timeout::from(options.timeout).until(),
            chunk_bytes: usize::MAX,
            begun: 0,
            is_over: false,
            on_their_way: VecDeque::new(),
            held_up: None,
            results: Results::new(Ok(Vec::new()), 0, 0),
            refused: None,
            room: Vec::new(),
            of: PhantomData,
        })
    }

    /// So many inputs are to be taken: as many at a time as make sense, and fit.
    fn divide(&mut self, inputs: usize) {
        let tasks = CHUNKS_PER_WORKER * self.pool.size().max(1);
        self.options.chunk = inputs.div_ceil(tasks).max(1);
        self.chunk_bytes = self.pool.table().options().block_bytes / SHARE / self.options.window;
    }

    /// Puts chunks on their way as the window allows, and the pool.
    fn fill(&mut self) {
        if let Some((first, count)) = self.held_up.take() {
            self.send(first, count);
        }
        while !self.is_over && self.held_up.is_none() && self.on_their_way.len() < self.options.window {
            self.room.clear();
            let first = self.begun;
            let refused = self.take_inputs();
            let count = self.begun - first;
            if count > 0 {
                self.send(first, count);
            }
            if let Some(e) = refused
                && self.refused.is_none()
            {
                self.refuse(e, self.begun, 1);
            }
        }
    }

    /// Takes the inputs of a chunk. Tells why one of them cannot be put into it.
    fn take_inputs(&mut self) -> Option<Error> {
        for _ in 0..self.options.chunk {
            let Some(input) = self.inputs.next() else {
                self.is_over = true;
                break;
            };
            if let Err(e) = chunk::put(&mut self.room, |out| C::put(input.borrow(), out)) {
                return Some(e);
            }
            self.begun += 1;
            if self.room.len() >= self.chunk_bytes {
                break;
            }
        }
        None
    }

    /// Waits for no place while this map has some itself: nobody but the caller gives them back.
    fn send(&mut self, first: usize, count: usize) {
        let is_first = self.on_their_way.is_empty();
        let timeout = if is_first { self.timeout } else { Timeout::Try };
        match self.pool.table().submit(&self.entry, &self.room, &self.options.task, timeout) {
            Ok(future) => self.on_their_way.push_back(Chunk { future, first, count }),
            Err(e) if !is_first && matches!(e.kind(), ErrorKind::Full | ErrorKind::NoSpace) => {
                self.held_up = Some((first, count));
            }
            Err(e) => self.refuse(e, first, count),
        }
    }

    fn refuse(&mut self, why: Error, first: usize, count: usize) {
        self.refused = Some(Results::new(Err(why), first, count));
        self.is_over = true;
    }

    /// The next in order, with its number.
    pub(super) fn next_in_order(&mut self) -> Option<Step<R>> {
        self.next(|_| Ok(0))
    }

    /// The next that is there, with its number.
    pub(super) fn next_there(&mut self) -> Option<Step<R>> {
        self.next(Self::find_ended)
    }

    /// The next one of the chunk that `find` finds among those on their way.
    fn next(&mut self, find: impl Fn(&Self) -> Result<usize>) -> Option<Step<R>> {
        loop {
            if let Some(item) = self.results.next::<R, C>() {
                return Some(Ok(item));
            }
            self.fill();
            self.results = match self.on_their_way.front().map(|chunk| chunk.first) {
                None => self.refused.take()?,
                Some(first) => match find(self).and_then(|at| self.take(at)) {
                    Ok(results) => results,
                    Err(why) => return Some(Err(Ended { first, why })),
                },
            };
            self.fill();
        }
    }

    /// The results of a chunk on its way, which is not any more then. Errors: the wait was ended.
    fn take(&mut self, at: usize) -> Result<Results> {
        let results = self.on_their_way.get(at).ok_or(ErrorKind::Corrupt)?.wait(self.timeout)?;
        self.on_their_way.remove(at);
        Ok(results)
    }

    /// One of the chunks that have ended. Errors: the wait was ended.
    fn find_ended(&self) -> Result<usize> {
        let futures = self.on_their_way.iter().map(|chunk| &chunk.future);
        let id = match as_completed(futures, self.timeout).next() {
            Some(Ok(future)) => future.id(),
            Some(Err(e)) if is_end_of_wait(&e) => return Err(e),
            _ => return Ok(0), // its own wait says why
        };
        Ok(self.on_their_way.iter().position(|chunk| chunk.future.id() == id).unwrap_or(0))
    }
}

impl<I, A, C, R> Drop for Stream<I, A, C, R> {
    fn drop(&mut self) {
        // In a fork child they are the parent's.
        for chunk in self.on_their_way.iter().filter(|chunk| chunk.future.is_mine()) {
            chunk.future.cancel();
        }
    }
}

type BytesStream<I> = Stream<I, <I as Iterator>::Item, Bytes, Vec<u8>>;

/// The results of [`Pool::imap`].
#[must_use = "the inputs are taken as the results are asked for"]
pub struct Map<I: Iterator>(BytesStream<I>);

impl<I: Iterator<Item: AsRef<[u8]>>> Iterator for Map<I> {
    type Item = Result<Vec<u8>>;

    fn next(&mut self) -> Option<Result<Vec<u8>>> {
        self.0.next_in_order().map(result_of)
    }
}

impl<I: Iterator<Item: AsRef<[u8]>>> Map<I> {
    /// The next one, with its number. Err: the wait was ended.
    pub(crate) fn step(&mut self) -> Option<Result<(usize, Result<Vec<u8>>)>> {
        self.0.next_in_order().map(|step| step.map_err(|ended| ended.why))
    }

    /// So many inputs are to be taken; `None`: nobody knows how many.
    pub(crate) fn of(mut self, inputs: Option<usize>) -> Self {
        inputs.into_iter().for_each(|inputs| self.0.divide(inputs));
        self
    }
}

impl<I: Iterator> std::fmt::Debug for Map<I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Map").field("begun", &self.0.begun).finish_non_exhaustive()
    }
}

/// The results of [`Pool::imap_unordered`]: each with the number of its input.
#[must_use = "the inputs are taken as the results are asked for"]
pub struct Unordered<I: Iterator>(BytesStream<I>);

impl<I: Iterator<Item: AsRef<[u8]>>> Iterator for Unordered<I> {
    type Item = (usize, Result<Vec<u8>>);

    fn next(&mut self) -> Option<(usize, Result<Vec<u8>>)> {
        self.0.next_there().map(numbered)
    }
}

impl<I: Iterator<Item: AsRef<[u8]>>> Unordered<I> {
    /// As [`Map::step`].
    pub(crate) fn step(&mut self) -> Option<Result<(usize, Result<Vec<u8>>)>> {
        self.0.next_there().map(|step| step.map_err(|ended| ended.why))
    }

    /// As [`Map::of`].
    pub(crate) fn of(mut self, inputs: Option<usize>) -> Self {
        inputs.into_iter().for_each(|inputs| self.0.divide(inputs));
        self
    }
}

impl<I: Iterator> std::fmt::Debug for Unordered<I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unordered").field("begun", &self.0.begun).finish_non_exhaustive()
    }
}
