//! A queue whose messages are values of one type, taken to bytes and back by serde.
#![forbid(unsafe_code)]

use crate::error::Result;
use crate::objects::codec;
use crate::objects::directory::How;
use crate::objects::queue::{Owed, Queue, QueueOptions};
use crate::objects::yard::Yard;
use crate::sync::wait::Timeout;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// A queue of values of type `T`, of any length up to the longest message: whatever [`serde`] can take to bytes and back. As
/// [`Queue`]. With the feature `serde`.
///
/// The bytes are those of the [postcard](https://postcard.jamesmunns.com/wire-format) format, which does not describe itself:
/// all who use a queue must mean the same type. Bytes that are no value of it are refused; they never are undefined
/// behaviour. For plain data of one size see [`crate::TypedQueue`], which copies less.
///
/// ```
/// use courtyard::{QueueOptions, SerdeQueue, Timeout, Yard};
///
/// # fn main() -> courtyard::Result<()> {
/// let yard = Yard::anonymous()?;
/// let options = QueueOptions { block_bytes: 64 << 10, ..QueueOptions::default() };
/// let queue = SerdeQueue::<(u32, String)>::create(&yard, "jobs", options)?;
/// queue.put(&(7, "a job".to_owned()), Timeout::Forever)?;
/// assert_eq!(queue.get(Timeout::Forever)?, ((7, "a job".to_owned()), false));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SerdeQueue<T> {
    queue: Queue,
    of: PhantomData<fn(T) -> T>,
}

impl<T: Serialize + DeserializeOwned> SerdeQueue<T> {
    /// Makes a queue. Errors: as for [`Queue::create`].
    pub fn create(yard: &Yard, name: &str, options: QueueOptions) -> Result<SerdeQueue<T>> {
        Queue::obtain(yard, name, How::Create, Some(options), None, 0).map(SerdeQueue::over)
    }

    /// Opens a queue, whatever its options. Errors: as for [`Queue::open`].
    pub fn open(yard: &Yard, name: &str) -> Result<SerdeQueue<T>> {
        Queue::open(yard, name).map(SerdeQueue::over)
    }

    /// Opens a queue of these options, or makes it. Errors: as for both.
    pub fn open_or_create(yard: &Yard, name: &str, options: QueueOptions) -> Result<SerdeQueue<T>> {
        Queue::open_or_create(yard, name, options).map(SerdeQueue::over)
    }

    /// Uses a queue that there is for values of this type.
    pub fn over(queue: Queue) -> SerdeQueue<T> {
        SerdeQueue { queue, of: PhantomData }
    }

    /// Puts a value; waits at most `timeout` while the queue is full. Errors: as for [`Queue::put`]; `Invalid` (serde does
    /// not take this value to bytes; the detail says why).
    pub fn put(&self, value: &T, timeout: impl Into<Timeout>) -> Result<()> {
        let mut bytes = Vec::new();
        codec::put(value, &mut bytes)?;
        self.queue.put(&bytes, timeout)
    }

    /// Puts a value if there is room now.
    pub fn try_put(&self, value: &T) -> Result<()> {
        self.put(value, Timeout::Try)
    }

    /// Takes the next value out, and tells whether somebody who died may have seen it already; waits at most `timeout` while
    /// there is none. Errors: as for [`Queue::get`]; `Corrupt` if the message is no value of this type, or more than one;
    /// it is gone then.
    pub fn get(&self, timeout: impl Into<Timeout>) -> Result<(T, bool)> {
        let (bytes, received) = self.queue.get_vec(timeout)?;
        Ok((codec::take(&bytes)?, received.redelivered))
    }

    /// Takes the next value out if there is one now.
    pub fn try_get(&self) -> Result<(T, bool)> {
        self.get(Timeout::Try)
    }

    /// Takes the next value, which this process owes from then on: see [`Queue::get_ack`]. Errors: as there, but never `TooLong`;
    /// `Corrupt` if the message is no value of this type, or more than one; it is acknowledged then.
    pub fn get_ack(&self, timeout: impl Into<Timeout>) -> Result<(T, Owed)> {
        let (bytes, owed) = self.queue.get_ack_vec(timeout)?;
        let value = codec::take(&bytes);
        if value.is_err() {
            let _ = self.queue.done(owed.ticket); // it cannot be of use to anybody
        }
        Ok((value?, owed))
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

    /// The queue below: to shut it down, and for its figures.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }
}
