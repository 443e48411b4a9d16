//! A last-in-first-out queue whose messages all have one plain-data type.
#![forbid(unsafe_code)]

use super::{LifoOptions, LifoQueue};
use crate::error::{Error, ErrorKind, Result};
use crate::objects::many::{AsPart, Kept, Part};
use crate::objects::yard::Yard;
use crate::sync::wait::Timeout;
use bytemuck::Pod;
use std::marker::PhantomData;

/// A [`LifoQueue`] of elements of type `T`.
///
/// `T` is plain data ([`bytemuck::Pod`]): any bytes are a value of it, so not even a hostile peer can make an invalid one.
#[derive(Clone, Debug)]
pub struct TypedLifoQueue<T> {
    queue: LifoQueue,
    of: PhantomData<fn(T) -> T>,
}

impl<T: Pod> TypedLifoQueue<T> {
    /// Makes a queue of `capacity` elements. Errors: as for [`LifoQueue::create`].
    pub fn create(yard: &Yard, name: &str, capacity: usize) -> Result<TypedLifoQueue<T>> {
        LifoQueue::create(yard, name, Self::options(capacity)).map(Self::of)
    }

    /// Opens a queue. Errors: `NotFound`, `Type`, `Mismatch` (elements of another size).
    pub fn open(yard: &Yard, name: &str) -> Result<TypedLifoQueue<T>> {
        LifoQueue::open(yard, name)?.of_size(size_of::<T>()).map(Self::of)
    }

    /// Opens a queue of this capacity or makes it. Errors: as for both.
    pub fn open_or_create(yard: &Yard, name: &str, capacity: usize) -> Result<TypedLifoQueue<T>> {
        LifoQueue::open_or_create(yard, name, Self::options(capacity)).map(Self::of)
    }

    fn options(capacity: usize) -> LifoOptions {
        LifoOptions { capacity, max_len: size_of::<T>() }
    }

    fn of(queue: LifoQueue) -> TypedLifoQueue<T> {
        TypedLifoQueue { queue, of: PhantomData }
    }

    /// Puts one element. Errors: as for [`LifoQueue::put`], but `TooLong`.
    #[inline]
    pub fn put(&self, element: T, timeout: impl Into<Timeout>) -> Result<()> {
        self.queue.put(bytemuck::bytes_of(&element), timeout)
    }

    /// Puts one element if there is room now.
    #[inline]
    pub fn try_put(&self, element: T) -> Result<()> {
        self.put(element, Timeout::Try)
    }

    /// Gets the next element. Errors: as for [`LifoQueue::get`]; `Corrupt` if somebody has put bytes of another length.
    #[inline]
    pub fn get(&self, timeout: impl Into<Timeout>) -> Result<T> {
        let mut element = T::zeroed();
        let len = self.queue.get(bytemuck::bytes_of_mut(&mut element), timeout)?;
        if len != size_of::<T>() {
            return Err(Error::with(ErrorKind::Corrupt, format!("{len} bytes, not {}", size_of::<T>())));
        }
        Ok(element)
    }

    /// Gets the next element if there is one now.
    #[inline]
    pub fn try_get(&self) -> Result<T> {
        self.get(Timeout::Try)
    }

    /// The queue below: its size, and shutting it down.
    pub fn queue(&self) -> &LifoQueue {
        &self.queue
    }
}

impl<T: Pod> AsPart for TypedLifoQueue<T> {
    fn part(&self) -> Part<'_> {
        self.queue.part()
    }

    fn keep(&self) -> Option<Kept> {
        self.queue.keep()
    }
}
crate::objects::refer::referable!(TypedLifoQueue<T>, LifoQueue, |it| it.queue.whereabouts(), T: Pod);
