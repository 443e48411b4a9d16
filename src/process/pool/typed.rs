//! Tasks whose inputs and results are values, not bytes.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::objects::pool::{Fate, Future, TaskOptions};
use crate::process::pool::coding::{Coding, Plain};
use crate::process::pool::map::{MapOptions, Stream, numbered, result_of};
use crate::process::pool::task::{self, Task};
use crate::process::pool::{Pool, star::StarFn};
use crate::sync::wait::Timeout;
use std::borrow::Borrow;
use std::fmt::{Debug, Display, Formatter};
use std::marker::PhantomData;
#[cfg(feature = "async")]
use std::pin::Pin;
use std::result::Result as Either;

/// A task by its name, with the type `A` of what it is called with and the type `R` of its result: whoever registers it and whoever
/// submits it use the same one, so that they mean the same types. `C` says how values become bytes: [`Plain`] data, or whatever
/// serde knows (`SerdeTask`, with the feature `serde`).
///
/// As [`register_task`](crate::register_task) and the calls of [`Pool`]; tasks with and without types go through the same pools.
///
/// ```
/// use courtyard::{MapOptions, Pool, PoolOptions, StartMethod, TaskOptions, Timeout, TypedTask, Yard};
///
/// const NORM: TypedTask<[f64; 2], f64> = TypedTask::new("norm");
///
/// # fn main() -> courtyard::Result<()> {
/// NORM.register(|_, [x, y]| Ok::<_, String>(x.hypot(y)))?;
/// let yard = Yard::anonymous()?;
/// let options = PoolOptions { method: StartMethod::Threads, ..PoolOptions::default() };
/// let pool = Pool::create(&yard, "pool", &options)?;
/// let future = NORM.submit(&pool, &[3.0, 4.0], &TaskOptions::default())?;
/// assert_eq!(future.result(Timeout::Forever)?, 5.0);
/// let points = [[3.0, 4.0], [5.0, 12.0]];
/// assert_eq!(NORM.map(&pool, &points, &MapOptions::default(), Timeout::Forever)?, [5.0, 13.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Bytes of another type
/// The types are not in the bytes. A worker that is given something else fails the task, which says so; a result that is none of
/// type `R` is `Corrupt`. Neither is undefined behaviour, whoever has written it.
pub struct TypedTask<A, R, C = Plain> {
    name: &'static str,
    of: PhantomData<fn(A, C) -> R>,
}

impl<A, R, C> TypedTask<A, R, C> {
    /// The task of this name: 1 to 63 characters of `A-Z a-z 0-9 . _ -`, or the calls refuse it.
    pub const fn new(name: &'static str) -> TypedTask<A, R, C> {
        TypedTask { name, of: PhantomData }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<A, R, C: Coding<A> + Coding<R>> TypedTask<A, R, C> {
    /// Has workers of this program call `work` for it: see [`register_task`](crate::register_task). A result that does not become
    /// bytes fails the task, which says why. Errors: `Name`, `Exists`.
    pub fn register<E: Display>(
        &self,
        work: impl Fn(&Task<'_>, A) -> Either<R, E> + Send + Sync + 'static,
    ) -> Result<()> {
        let name = self.name;
        task::register(name, move |task, input, out| {
            let input = C::take(input).map_err(|e| format!("the input of {name:?}: {}", why(&e)))?;
            let result = work(task, input).map_err(|e| e.to_string())?;
            C::put(&result, out).map_err(|e| format!("the result of {name:?}: {}", why(&e)))
        })
    }

    /// As [`TypedTask::register`], for a function that takes the parts of the tuple `A` as its arguments: what
    /// [`TypedTask::starmap`] is for.
    pub fn register_star<E: Display>(
        &self,
        work: impl StarFn<A, Either<R, E>> + Send + Sync + 'static,
    ) -> Result<()> {
        self.register(move |_, arguments| work.call(arguments))
    }

    /// Gives a pool the task, as [`Pool::submit`]. Errors: as there; `Invalid` (the input does not become bytes; the detail says
    /// why).
    pub fn submit(&self, pool: &Pool, input: &A, options: &TaskOptions) -> Result<TypedFuture<R, C>> {
        self.submit_within(pool, input, options, Timeout::Forever)
    }

    /// As [`TypedTask::submit`]; waits at most `timeout` for a place: `Full` if there is none.
    pub fn submit_within(
        &self,
        pool: &Pool,
        input: &A,
        options: &TaskOptions,
        timeout: impl Into<Timeout>,
    ) -> Result<TypedFuture<R, C>> {
        let mut bytes = Vec::new();
        C::put(input, &mut bytes)?;
        pool.submit_within(self.name, &bytes, options, timeout).map(TypedFuture::over)
    }

    /// Has it done, and waits for its result. Errors: as for [`TypedTask::submit`] and [`TypedFuture::result`].
    pub fn apply(&self, pool: &Pool, input: &A, options: &TaskOptions) -> Result<R> {
        self.submit(pool, input, options)?.result(Timeout::Forever)
    }

    /// Gives a pool the task, and calls `done` with its result, or with why there is none, as [`Pool::apply_async`]. Errors: as there;
    /// `Invalid` (the input does not become bytes).
    pub fn apply_async(
        &self,
        pool: &Pool,
        input: &A,
        options: &TaskOptions,
        done: impl FnOnce(Result<R>) + Send + 'static,
    ) -> Result<()> {
        let mut bytes = Vec::new();
        C::put(input, &mut bytes)?;
        let take = |fate: Fate| C::take(&fate.into_result()?);
        pool.apply_async(self.name, &bytes, options, move |fate| done(fate.and_then(take)))
    }

    /// Has it done for each of the inputs, in chunks, and returns the results in their order, as [`Pool::map`]. Errors: the first
    /// one of an input; `Invalid` (an input does not become bytes), `Corrupt` (a result is none of type `R`); as there.
    pub fn map(
        &self,
        pool: &Pool,
        inputs: &[A],
        options: &MapOptions,
        timeout: impl Into<Timeout>,
    ) -> Result<Vec<R>> {
        Stream::<_, A, C, R>::collect(pool, self.name, inputs, options, timeout.into())
    }

    /// Has a function of several arguments ([`TypedTask::register_star`]) done for each of these tuples of them, as
    /// [`TypedTask::map`] does: to the pool a tuple is one input like any other.
    pub fn starmap(
        &self,
        pool: &Pool,
        arguments: &[A],
        options: &MapOptions,
        timeout: impl Into<Timeout>,
    ) -> Result<Vec<R>> {
        self.map(pool, arguments, options, timeout)
    }

    /// Has it done for what the iterator gives, inputs or references to them, as [`Pool::imap`]. An input that does not become
    /// bytes is the last that is taken: its result is `Invalid`. Errors: `Name`.
    pub fn imap<I: IntoIterator<Item: Borrow<A>>>(
        &self,
        pool: &Pool,
        inputs: I,
        options: &MapOptions,
    ) -> Result<impl Iterator<Item = Result<R>> + use<I, A, R, C>> {
        let mut results = Stream::<_, A, C, R>::begin(pool, self.name, inputs.into_iter(), options)?;
        Ok(std::iter::from_fn(move || results.next_in_order().map(result_of)))
    }

    /// As [`TypedTask::imap`], in whatever order the results come: each with the number of its input.
    pub fn imap_unordered<I: IntoIterator<Item: Borrow<A>>>(
        &self,
        pool: &Pool,
        inputs: I,
        options: &MapOptions,
    ) -> Result<impl Iterator<Item = (usize, Result<R>)> + use<I, A, R, C>> {
        let mut results = Stream::<_, A, C, R>::begin(pool, self.name, inputs.into_iter(), options)?;
        Ok(std::iter::from_fn(move || results.next_there().map(numbered)))
    }
}

fn why(error: &Error) -> &str {
    error.detail().unwrap_or(error.kind().name())
}

impl<A, R, C> Clone for TypedTask<A, R, C> {
    fn clone(&self) -> TypedTask<A, R, C> {
        *self
    }
}

impl<A, R, C> Copy for TypedTask<A, R, C> {}

impl<A, R, C> Debug for TypedTask<A, R, C> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TypedTask").field(&self.name).finish()
    }
}

/// A future whose result is a value: see [`TypedTask`].
#[must_use = "dropping the future throws the result away"]
pub struct TypedFuture<R, C = Plain> {
    future: Future,
    of: PhantomData<fn(C) -> R>,
}

impl<R, C: Coding<R>> TypedFuture<R, C> {
    /// What the task gives is a value of this type: also for who only looks on ([`Pool::future`]).
    pub fn over(future: Future) -> TypedFuture<R, C> {
        TypedFuture { future, of: PhantomData }
    }

    /// Its result; waits at most `timeout` until it has ended. Errors: as for [`Future::result`]; `Corrupt` (it is no value of this
    /// type: the detail says why).
    pub fn result(&self, timeout: impl Into<Timeout>) -> Result<R> {
        C::take(&self.future.result(timeout)?)
    }

    /// As [`TypedFuture::result`], without a thread and without a limit: see [`Future::fate_async`].
    #[cfg(feature = "async")]
    pub async fn result_async(&self) -> Result<R> {
        C::take(&self.future.result_async().await?)
    }

    /// The future below: to wait, look, stop the task, and for everything that takes futures.
    pub fn future(&self) -> &Future {
        &self.future
    }
}

/// `future.await` is its result, as that of a [`Future`].
#[cfg(feature = "async")]
impl<R: 'static, C: Coding<R> + 'static> IntoFuture for TypedFuture<R, C> {
    type Output = Result<R>;
    type IntoFuture = Pin<Box<dyn std::future::Future<Output = Result<R>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.result_async().await })
    }
}

impl<R, C> Debug for TypedFuture<R, C> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TypedFuture").field(&self.future).finish()
    }
}

/// A [`TypedTask`] whose inputs and results are whatever [`serde`] can take to bytes and back. With the feature `serde`.
///
/// The bytes are as in a [`SerdeQueue`](crate::SerdeQueue). A function of several arguments has their tuple as its input:
///
/// ```
/// use courtyard::{MapOptions, Pool, PoolOptions, SerdeTask, StartMethod, TaskOptions, Timeout, Yard};
///
/// const REPEAT: SerdeTask<(String, usize), String> = SerdeTask::new("repeat");
///
/// fn repeat(text: String, times: usize) -> Result<String, String> {
///     if times > 1000 { Err(format!("{times} times")) } else { Ok(text.repeat(times)) }
/// }
///
/// # fn main() -> courtyard::Result<()> {
/// REPEAT.register_star(repeat)?;
/// let yard = Yard::anonymous()?;
/// let options = PoolOptions { method: StartMethod::Threads, ..PoolOptions::default() };
/// let pool = Pool::create(&yard, "pool", &options)?;
/// let three = REPEAT.apply(&pool, &("ho ".to_owned(), 3), &TaskOptions::default())?;
/// assert_eq!(three, "ho ho ho ");
/// let arguments = [("a".to_owned(), 2), ("b".to_owned(), 1)];
/// let all = REPEAT.starmap(&pool, &arguments, &MapOptions::default(), Timeout::Forever)?;
/// assert_eq!(all, ["aa", "b"]);
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "serde")]
pub type SerdeTask<A, R> = TypedTask<A, R, crate::process::pool::coding::Serde>;

/// A future whose result is what serde makes of it. With the feature `serde`.
#[cfg(feature = "serde")]
pub type SerdeFuture<R> = TypedFuture<R, crate::process::pool::coding::Serde>;
