//! The calls that wait without a thread: each is its noun's try, made again whenever it may succeed.
//!
//! What holds for all of them. They work with any runtime: the process's one thread for notifiers (see
//! [`Notifier`](crate::Notifier)) wakes the tasks. Dropping a future before it is ready takes and gives nothing: whatever is taken is
//! taken by the poll that answers with it. So `get` and `recv` are at most once, as their blocking sisters: what a future has
//! answered and nobody looked at is lost. A timeout is the runtime's. When something becomes ready, all futures that wait for it
//! are woken, and the quickest gets it. A cancel token does not end them; dropping does. The threads that poll register in the
//! yard, as others do that make calls. A yard counts as open to the process up to 250 ms longer than its last future.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::event::Event;
use crate::objects::lifo::{LifoQueue, TypedLifoQueue};
use crate::objects::many::AsPart;
use crate::objects::many::later::{attempts, ready_async};
use crate::objects::member::Member;
use crate::objects::permits::{Permit, Permits};
use crate::objects::pipe::Connection;
use crate::objects::pool::{Fate, Future};
use crate::objects::priority::{PriorityQueue, TypedPriorityQueue};
use crate::objects::queue::{Queue, TypedQueue};
use crate::objects::ring::{Received, Receiver, Sender, TypedReceiver, TypedSender};
use crate::objects::semaphore::Semaphore;
use crate::sync::wait::Timeout;
use bytemuck::Pod;
use std::future::IntoFuture;
use std::pin::Pin;

impl Queue {
    /// As [`Queue::put`], without a thread and without a limit. A future that is dropped has put nothing. Several who wait for room
    /// are not served in the order in which they came.
    ///
    /// Errors: as for [`Queue::put`], but `Full`, `Busy`, `Timeout`, `Cancelled`, `Interrupted`; `NoMemory` (the process may have no
    /// more threads).
    pub async fn put_async(&self, message: &[u8]) -> Result<()> {
        attempts(self, |queue| queue.keep_room(message.len()), |queue| queue.try_put(message)).await
    }

    /// As [`Queue::get_vec`], without a thread and without a limit. A future that is dropped has taken nothing; at most once.
    ///
    /// Errors: as for [`Queue::get`], but `Empty`, `TooLong`, `Busy`, `Timeout`, `Cancelled`, `Interrupted`; `NoMemory` (the process
    /// may have no more threads).
    pub async fn get_async(&self) -> Result<(Vec<u8>, Received)> {
        attempts(self, |queue| queue.keep(), |queue| queue.get_vec(Timeout::Try)).await
    }
}

impl<T: Pod> TypedQueue<T> {
    /// As [`TypedQueue::put`], without a thread and without a limit: see [`Queue::put_async`].
    pub async fn put_async(&self, element: T) -> Result<()> {
        attempts(self, |queue| queue.queue().keep_room(size_of::<T>()), |queue| queue.try_put(element)).await
    }

    /// As [`TypedQueue::get`], without a thread and without a limit: see [`Queue::get_async`].
    pub async fn get_async(&self) -> Result<(T, bool)> {
        attempts(self, |queue| queue.keep(), |queue| queue.try_get()).await
    }
}

impl LifoQueue {
    /// As [`LifoQueue::put`], without a thread and without a limit. A future that is dropped has put nothing.
    ///
    /// Errors: `Shutdown`, `TooLong`, `NoSlots`, `Corrupt`; `NoMemory` (the process may have no more threads).
    pub async fn put_async(&self, message: &[u8]) -> Result<()> {
        attempts(self, |queue| queue.keep_room(), |queue| queue.try_put(message)).await
    }

    /// As [`LifoQueue::get_vec`], without a thread and without a limit. A future that is dropped has taken nothing; at most once.
    ///
    /// Errors: `End`, `Shutdown`, `NoSlots`, `Corrupt`; `NoMemory` (the process may have no more threads).
    pub async fn get_async(&self) -> Result<Vec<u8>> {
        attempts(self, |queue| queue.keep(), |queue| queue.get_vec(Timeout::Try)).await
    }
}

impl<T: Pod> TypedLifoQueue<T> {
    /// As [`TypedLifoQueue::put`], without a thread and without a limit: see [`LifoQueue::put_async`].
    pub async fn put_async(&self, element: T) -> Result<()> {
        attempts(self, |queue| queue.queue().keep_room(), |queue| queue.try_put(element)).await
    }

    /// As [`TypedLifoQueue::get`], without a thread and without a limit: see [`LifoQueue::get_async`].
    pub async fn get_async(&self) -> Result<T> {
        attempts(self, |queue| queue.keep(), |queue| queue.try_get()).await
    }
}

impl PriorityQueue {
    /// As [`PriorityQueue::put`], without a thread and without a limit. A future that is dropped has put nothing.
    ///
    /// Errors: `Shutdown`, `TooLong`, `NoSlots`, `Corrupt`; `NoMemory` (the process may have no more threads).
    pub async fn put_async(&self, message: &[u8], priority: i64) -> Result<()> {
        attempts(self, |queue| queue.keep_room(), |queue| queue.try_put(message, priority)).await
    }

    /// As [`PriorityQueue::get_vec`], without a thread and without a limit. A future that is dropped has taken nothing; at most once.
    ///
    /// Errors: `End`, `Shutdown`, `NoSlots`, `Corrupt`; `NoMemory` (the process may have no more threads).
    pub async fn get_async(&self) -> Result<(Vec<u8>, i64)> {
        attempts(self, |queue| queue.keep(), |queue| queue.get_vec(Timeout::Try)).await
    }
}

impl<T: Pod> TypedPriorityQueue<T> {
    /// As [`TypedPriorityQueue::put`], without a thread and without a limit: see [`PriorityQueue::put_async`].
    pub async fn put_async(&self, element: T, priority: i64) -> Result<()> {
        attempts(self, |queue| queue.queue().keep_room(), |queue| queue.try_put(element, priority)).await
    }

    /// As [`TypedPriorityQueue::get`], without a thread and without a limit: see [`PriorityQueue::get_async`].
    pub async fn get_async(&self) -> Result<(T, i64)> {
        attempts(self, |queue| queue.keep(), |queue| queue.try_get()).await
    }
}

impl Connection {
    /// As [`Connection::send`], without a thread and without a limit. A future that is dropped has sent nothing.
    ///
    /// Errors: `PeerClosed`, `PeerDied`, `TooLong`, `Invalid` (the end does not send), `NoSlots`, `Corrupt`; `NoMemory` (the process
    /// may have no more threads).
    pub async fn send_async(&self, message: &[u8]) -> Result<()> {
        let room = |connection: &&Connection| connection.keep_room(message.len());
        attempts(self, room, |connection| connection.try_send(message)).await
    }

    /// As [`Connection::recv_vec`], without a thread and without a limit. A future that is dropped has taken nothing; at most once.
    ///
    /// Errors: `PeerClosed` and `PeerDied` (nothing is left, and nobody holds the other end any more), `Invalid` (the end does not
    /// receive), `NoSlots`, `Corrupt`; `NoMemory` (the process may have no more threads).
    pub async fn recv_async(&self) -> Result<Vec<u8>> {
        attempts(self, |connection| connection.keep(), |connection| connection.recv_vec(Timeout::Try)).await
    }
}

impl Sender {
    /// As [`Sender::send`], without a thread and without a limit: room for this record is enough. A future that is dropped has
    /// sent nothing.
    ///
    /// Errors: as for [`Sender::send`], but `Full`, `Cancelled`, `Interrupted`; `Unsupported` (the ring was made for spinning, and
    /// has no room), `NoMemory` (the process may have no more threads).
    pub async fn send_async(&mut self, record: &[u8]) -> Result<()> {
        attempts(self, |sender| sender.keep_room(record.len()), |sender| sender.try_send(record)).await
    }
}

impl<T: Pod> TypedSender<T> {
    /// As [`TypedSender::send`], without a thread and without a limit: see [`Sender::send_async`].
    pub async fn send_async(&mut self, element: T) -> Result<()> {
        attempts(self, |sender| sender.keep(), |sender| sender.try_send(element)).await
    }
}

impl Receiver {
    /// As [`Receiver::recv_vec`], without a thread and without a limit. A future that is dropped has taken nothing; at most once.
    ///
    /// Errors: as for [`Receiver::recv`], but `Empty`, `TooLong`, `Cancelled`, `Interrupted`; `Unsupported` (the ring was made for
    /// spinning), `NoMemory` (the process may have no more threads).
    pub async fn recv_async(&mut self) -> Result<(Vec<u8>, Received)> {
        attempts(self, |receiver| receiver.keep(), |receiver| receiver.recv_vec(Timeout::Try)).await
    }
}

impl<T: Pod> TypedReceiver<T> {
    /// As [`TypedReceiver::recv`], without a thread and without a limit: see [`Receiver::recv_async`].
    pub async fn recv_async(&mut self) -> Result<T> {
        attempts(self, |receiver| receiver.keep(), |receiver| receiver.try_recv()).await
    }
}

impl Event {
    /// As [`Event::wait`], without a thread and without a limit. One with auto-reset is cleared by the poll that answers: a future
    /// that is dropped has cleared nothing.
    ///
    /// Errors: `NoMemory` (the process may have no more threads).
    pub async fn wait_async(&self) -> Result<()> {
        attempts(self, |event| event.keep(), |event| event.wait(Timeout::Try)).await
    }
}

impl Semaphore {
    /// As [`Semaphore::acquire`], without a thread and without a limit. A future that is dropped has taken nothing. Several who wait
    /// are not served in the order in which they came.
    ///
    /// Errors: `NoMemory` (the process may have no more threads).
    pub async fn acquire_async(&self) -> Result<()> {
        attempts(self, |semaphore| semaphore.keep(), |semaphore| semaphore.try_acquire()).await
    }
}

impl Permits {
    /// As [`Permits::acquire`], without a thread and without a limit: the permit belongs to the process, and the guard gives it
    /// back. A future that is dropped has taken nothing. Several who wait are not served in the order in which they came.
    ///
    /// Errors: `NoSlots` (the table of threads, or of processes, is full), `NoMemory` (the process may have no more threads).
    pub async fn acquire_async(&self) -> Result<Permit<'_>> {
        attempts(self, |permits| permits.keep(), |permits| permits.try_acquire()).await
    }
}

impl Member {
    /// As [`Member::wait`], without a thread and without a limit. Errors: `Deadlock` (it is the calling process), `NoMemory` (the
    /// process may have no more threads).
    pub async fn wait_async(&self) -> Result<()> {
        if self.is_me() {
            return Err(Error::with(ErrorKind::Deadlock, "the member is the calling process"));
        }
        ready_async(self).await
    }
}

impl Future {
    /// As [`Future::fate`], without a thread and without a limit. In a task it does not work at others meanwhile: one that waits for
    /// tasks of its own pool in this way keeps its worker from them.
    ///
    /// Errors: as for [`Future::fate`], but `Timeout`, `Cancelled`, `Interrupted`; `NoMemory` (the process may have no more
    /// threads).
    pub async fn fate_async(&self) -> Result<Fate> {
        attempts(self, |future| future.keep(), |future| future.fate(Timeout::Try)).await
    }

    /// As [`Future::result`], likewise.
    pub async fn result_async(&self) -> Result<Vec<u8>> {
        self.fate_async().await?.into_result()
    }
}

/// `future.await` is its result. Dropping what waits drops the future with it: nobody wants to know of the task any more.
impl IntoFuture for Future {
    type Output = Result<Vec<u8>>;
    type IntoFuture = Pin<Box<dyn std::future::Future<Output = Result<Vec<u8>>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.result_async().await })
    }
}
