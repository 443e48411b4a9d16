//! A queue whose messages all are of one plain-data type.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::directory::How;
use crate::objects::queue::{Queue, QueueOptions};
use crate::objects::ring::Received;
use crate::objects::yard::Yard;
use crate::shim::cells::{CELL_BYTES, CELL_HEAD};
use crate::sync::wait::Timeout;
use bytemuck::Pod;
use std::marker::PhantomData;

/// A queue of elements of type `T`, of 1 to 112 bytes. As [`Queue`].
///
/// `T` is plain data ([`bytemuck::Pod`]): any bytes are a value of it, so not even a hostile producer can make an invalid
/// one.
#[derive(Clone, Debug)]
pub struct TypedQueue<T> {
    queue: Queue,
    of: PhantomData<fn(T) -> T>,
}

impl<T: Pod> TypedQueue<T> {
    /// Makes a queue of so many elements. Errors: as for [`Queue::create`], `Size` (elements of no bytes, or of more than
    /// 112).
    pub fn create(yard: &Yard, name: &str, capacity: usize) -> Result<TypedQueue<T>> {
        TypedQueue::obtain(yard, name, How::Create, Some(capacity))
    }

    /// Opens a queue. Errors: `NotFound`, `Type`, `Mismatch` (elements of another size, or of any).
    pub fn open(yard: &Yard, name: &str) -> Result<TypedQueue<T>> {
        TypedQueue::obtain(yard, name, How::Open, None)
    }

    /// Opens a queue, or makes it. Errors: as for both.
    pub fn open_or_create(yard: &Yard, name: &str, capacity: usize) -> Result<TypedQueue<T>> {
        TypedQueue::obtain(yard, name, How::OpenOrCreate, Some(capacity))
    }

    fn obtain(yard: &Yard, name: &str, how: How, capacity: Option<usize>) -> Result<TypedQueue<T>> {
        let size = size_of::<T>();
        let mut rooms = CELL_BYTES.iter().map(|cell| cell - CELL_HEAD);
        let Some(inline_max) = rooms.find(|room| size > 0 && size <= *room) else {
            return Err(Error::with(ErrorKind::Size, format!("elements of {size} bytes")));
        };
        let options =
            capacity.map(|capacity| QueueOptions { capacity, inline_max, ..QueueOptions::default() });
        Ok(TypedQueue { queue: Queue::obtain(yard, name, how, options, None, size)?, of: PhantomData })
    }

    /// Puts an element; waits at most `timeout` while the queue is full. Errors: as for [`Queue::put`].
    #[inline]
    pub fn put(&self, element: T, timeout: impl Into<Timeout>) -> Result<()> {
        self.queue.put(bytemuck::bytes_of(&element), timeout)
    }

    /// Puts an element if there is room now.
    #[inline]
    pub fn try_put(&self, element: T) -> Result<()> {
        self.put(element, Timeout::Try)
    }

    /// Takes the next element out, and tells whether somebody who died may have seen it already; waits at most `timeout`
    /// while there is none. Errors: as for [`Queue::get`]; `Corrupt` also if somebody has put something of another length
    /// through [`TypedQueue::queue`], which is gone then.
    #[inline]
    pub fn get(&self, timeout: impl Into<Timeout>) -> Result<(T, bool)> {
        let mut element = T::zeroed();
        let Received { len, redelivered } = self.queue.get(bytemuck::bytes_of_mut(&mut element), timeout)?;
        if len != size_of::<T>() {
            let detail = format!("{len} bytes for an element of {}", size_of::<T>());
            return Err(Error::with(ErrorKind::Corrupt, detail));
        }
        Ok((element, redelivered))
    }

    /// Takes the next element if there is one now.
    #[inline]
    pub fn try_get(&self) -> Result<(T, bool)> {
        self.get(Timeout::Try)
    }

    /// The queue below: to shut it down, and for its figures.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }
}

crate::objects::refer::referable!(TypedQueue<T>, Queue, |it| it.queue.whereabouts(), T: Pod);
