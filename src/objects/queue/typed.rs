//! A queue whose messages all are of one plain-data type.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::directory::How;
use crate::objects::many::{AsPart, Kept, Part};
use crate::objects::queue::{Owed, Queue, QueueOptions};
use crate::objects::ring::Received;
use crate::objects::yard::Yard;
use crate::sync::wait::Timeout;
use bytemuck::Pod;
use std::marker::PhantomData;

/// A queue of elements of type `T`. As [`Queue`].
///
/// Elements of up to 112 bytes lie in the queue itself, and longer ones in blocks, one for each that the queue may hold.
///
/// `T` is plain data ([`bytemuck::Pod`]): any bytes are a value of it, so not even a hostile producer can make an invalid
/// one.
#[derive(Clone, Debug)]
pub struct TypedQueue<T> {
    queue: Queue,
    of: PhantomData<fn(T) -> T>,
}

impl<T: Pod> TypedQueue<T> {
    /// Makes a queue of so many elements. Errors: as for [`Queue::create`], `Size` (elements of no bytes, or of 4 GiB or
    /// more), `Range` also for more than 4194304 elements of more than 112 bytes.
    pub fn create(yard: &Yard, name: &str, capacity: usize) -> Result<TypedQueue<T>> {
        TypedQueue::obtain(yard, name, How::Create, Some(capacity), 0)
    }

    /// As [`TypedQueue::create`], and so many elements may have been got and not yet acknowledged: see
    /// [`QueueOptions::unacked`]. Such a queue can be joined. Errors: `Range` also for more than 65536 of them.
    #[doc(alias = "JoinableQueue")]
    pub fn create_joinable(
        yard: &Yard,
        name: &str,
        capacity: usize,
        unacked: usize,
    ) -> Result<TypedQueue<T>> {
        TypedQueue::obtain(yard, name, How::Create, Some(capacity), unacked)
    }

    /// Opens a queue. Errors: `NotFound`, `Type`, `Mismatch` (elements of another size, or of any).
    pub fn open(yard: &Yard, name: &str) -> Result<TypedQueue<T>> {
        TypedQueue::obtain(yard, name, How::Open, None, 0)
    }

    /// Opens a queue, or makes it. Errors: as for both.
    pub fn open_or_create(yard: &Yard, name: &str, capacity: usize) -> Result<TypedQueue<T>> {
        TypedQueue::obtain(yard, name, How::OpenOrCreate, Some(capacity), 0)
    }

    fn obtain(
        yard: &Yard,
        name: &str,
        how: How,
        capacity: Option<usize>,
        unacked: usize,
    ) -> Result<TypedQueue<T>> {
        let size = size_of::<T>();
        if size == 0 || u32::try_from(size).is_err() {
            return Err(Error::with(ErrorKind::Size, format!("elements of {size} bytes")));
        }
        let options = capacity.map(|capacity| QueueOptions::of_elements(size, capacity, unacked));
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
        let (mut element, timeout) = (T::zeroed(), timeout.into());
        match self.queue.get(bytemuck::bytes_of_mut(&mut element), timeout) {
            Ok(Received { len, redelivered }) => check_len::<T>(len).map(|()| (element, redelivered)),
            Err(e) if e.kind() == ErrorKind::TooLong => self.get_longer(timeout),
            Err(e) => Err(e),
        }
    }

    /// What is longer than an element would stay where it is for ever.
    #[cold]
    fn get_longer(&self, timeout: Timeout) -> Result<(T, bool)> {
        let (bytes, received) = self.queue.get_vec(timeout)?;
        Ok((element_of(&bytes)?, received.redelivered))
    }

    /// Takes the next element, which this process owes from then on: see [`Queue::get_ack`]. Errors: as there;
    /// `Corrupt` also if somebody has put something of another length through [`TypedQueue::queue`], which is then
    /// acknowledged.
    pub fn get_ack(&self, timeout: impl Into<Timeout>) -> Result<(T, Owed)> {
        let (mut element, timeout) = (T::zeroed(), timeout.into());
        let (element, owed) = match self.queue.get_ack(bytemuck::bytes_of_mut(&mut element), timeout) {
            Ok(owed) => (check_len::<T>(owed.received.len).map(|()| element), owed),
            Err(e) if e.kind() == ErrorKind::TooLong => {
                let (bytes, owed) = self.queue.get_ack_vec(timeout)?;
                (element_of(&bytes), owed)
            }
            Err(e) => return Err(e),
        };
        if element.is_err() {
            let _ = self.queue.done(owed.ticket); // it cannot be of use to anybody
        }
        Ok((element?, owed))
    }

    /// Acknowledges a delivery. Errors: as for [`Queue::done`].
    pub fn done(&self, ticket: u64) -> Result<()> {
        self.queue.done(ticket)
    }

    /// Gives a delivery back. Errors: as for [`Queue::put_back`].
    pub fn put_back(&self, ticket: u64) -> Result<()> {
        self.queue.put_back(ticket)
    }

    /// Acknowledges the oldest delivery of the thread, or of the process. Errors: as for [`Queue::task_done`].
    pub fn task_done(&self) -> Result<()> {
        self.queue.task_done()
    }

    /// Waits until everything is acknowledged that was put before. Errors: as for [`Queue::join`].
    pub fn join(&self, timeout: impl Into<Timeout>) -> Result<()> {
        self.queue.join(timeout)
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

fn element_of<T: Pod>(bytes: &[u8]) -> Result<T> {
    check_len::<T>(bytes.len()).map(|()| bytemuck::pod_read_unaligned(bytes))
}

/// Whether so many bytes are an element.
fn check_len<T>(len: usize) -> Result<()> {
    if len == size_of::<T>() {
        return Ok(());
    }
    Err(Error::with(ErrorKind::Corrupt, format!("{len} bytes for an element of {}", size_of::<T>())))
}

impl<T: Pod> AsPart for TypedQueue<T> {
    fn part(&self) -> Part<'_> {
        AsPart::part(&self.queue)
    }

    fn keep(&self) -> Option<Kept> {
        self.queue.keep()
    }
}
crate::objects::refer::referable!(TypedQueue<T>, Queue, |it| it.queue.whereabouts(), T: Pod);
