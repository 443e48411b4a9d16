//! A priority queue whose messages all have one plain-data type.
#![forbid(unsafe_code)]

use super::{PriorityOptions, PriorityQueue};
use crate::error::{Error, ErrorKind, Result};
use crate::objects::many::{AsPart, Kept, Part};
use crate::objects::yard::Yard;
use crate::sync::wait::Timeout;
use bytemuck::Pod;
use std::marker::PhantomData;

/// A [`PriorityQueue`] of elements of type `T`.
///
/// `T` is plain data ([`bytemuck::Pod`]): any bytes are a value of it, so not even a hostile peer can make an invalid one.
#[derive(Clone, Debug)]
pub struct TypedPriorityQueue<T> {
    queue: PriorityQueue,
    of: PhantomData<fn(T) -> T>,
}

impl<T: Pod> TypedPriorityQueue<T> {
    /// Makes a queue of `capacity` elements. Errors: as for [`PriorityQueue::create`].
    pub fn create(yard: &Yard, name: &str, capacity: usize) -> Result<TypedPriorityQueue<T>> {
        PriorityQueue::create(yard, name, Self::options(capacity)).map(Self::of)
    }

    /// Opens a queue. Errors: `NotFound`, `Type`, `Mismatch` (elements of another size).
    pub fn open(yard: &Yard, name: &str) -> Result<TypedPriorityQueue<T>> {
        PriorityQueue::open(yard, name)?.of_size(size_of::<T>()).map(Self::of)
    }

    /// Opens a queue of this capacity or makes it. Errors: as for both.
    pub fn open_or_create(yard: &Yard, name: &str, capacity: usize) -> Result<TypedPriorityQueue<T>> {
        PriorityQueue::open_or_create(yard, name, Self::options(capacity)).map(Self::of)
    }

    fn options(capacity: usize) -> PriorityOptions {
        PriorityOptions { capacity, max_len: size_of::<T>() }
    }

    fn of(queue: PriorityQueue) -> TypedPriorityQueue<T> {
        TypedPriorityQueue { queue, of: PhantomData }
    }

    /// Puts one element. Errors: as for [`PriorityQueue::put`], but `TooLong`.
    #[inline]
    pub fn put(&self, element: T, priority: i64, timeout: impl Into<Timeout>) -> Result<()> {
        self.queue.put(bytemuck::bytes_of(&element), priority, timeout)
    }

    /// Puts one element if there is room now.
    #[inline]
    pub fn try_put(&self, element: T, priority: i64) -> Result<()> {
        self.put(element, priority, Timeout::Try)
    }

    /// Gets the next element and its priority. Errors: as for [`PriorityQueue::get`]; `Corrupt` if somebody has put bytes of another length.
    #[inline]
    pub fn get(&self, timeout: impl Into<Timeout>) -> Result<(T, i64)> {
        let mut element = T::zeroed();
        let (len, priority) = self.queue.get(bytemuck::bytes_of_mut(&mut element), timeout)?;
        if len != size_of::<T>() {
            return Err(Error::with(ErrorKind::Corrupt, format!("{len} bytes, not {}", size_of::<T>())));
        }
        Ok((element, priority))
    }

    /// Gets the next element if there is one now.
    #[inline]
    pub fn try_get(&self) -> Result<(T, i64)> {
        self.get(Timeout::Try)
    }

    /// The queue below: its size, and shutting it down.
    pub fn queue(&self) -> &PriorityQueue {
        &self.queue
    }
}

impl<T: Pod> AsPart for TypedPriorityQueue<T> {
    fn part(&self) -> Part<'_> {
        self.queue.part()
    }

    fn keep(&self) -> Option<Kept> {
        self.queue.keep()
    }
}
crate::objects::refer::referable!(TypedPriorityQueue<T>, PriorityQueue, |it| it.queue.whereabouts(), T: Pod);
