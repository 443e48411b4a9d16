//! A message that lies where it was put until it is acknowledged.
#![forbid(unsafe_code)]

use crate::error::Result;
use crate::lockfree::owed::layout::Ticket;
use crate::objects::queue::ack::Debt;
use crate::objects::queue::call::{Call, For};
use crate::objects::queue::{Message, Queue, corrupt};
use crate::presence::thread;
use crate::sync::wait::Timeout;
use std::mem::ManuallyDrop;
use std::ops::Deref;

impl Queue {
    /// As [`Queue::get_ack`], without a copy if the message lies in a block: there it stays until it is acknowledged, with
    /// [`OwedMessage::done`]. Dropped before that, also while a panic unwinds, it is given back, and is the next that is
    /// delivered, flagged.
    ///
    /// At least once: if this process dies, or closes its last handle on the yard, it is delivered again, flagged.
    ///
    /// ```
    /// use courtyard::{Queue, QueueOptions, Timeout, Yard};
    ///
    /// # fn main() -> courtyard::Result<()> {
    /// let yard = Yard::anonymous()?;
    /// let options = QueueOptions { block_bytes: 64 << 10, unacked: 4, ..QueueOptions::default() };
    /// let queue = Queue::create(&yard, "jobs", options)?;
    /// queue.put(&[7; 5000], Timeout::Forever)?;
    /// drop(queue.get_borrow_ack(Timeout::Forever)?); // not done
    /// let again = queue.get_borrow_ack(Timeout::Forever)?;
    /// assert!(again.redelivered() && again.len() == 5000);
    /// again.done()?;
    /// queue.join(Timeout::Try)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Errors: as for [`Queue::get_ack`], but never `TooLong`.
    pub fn get_borrow_ack(&self, timeout: impl Into<Timeout>) -> Result<OwedMessage<'_>> {
        let part = self.owing()?;
        self.seat()?;
        let got = Call::new(self, For::Data, timeout.into())
            .run(|| self.attempt_beside(part, Debt::Read, usize::MAX))
            .map_err(|e| self.too_many_owed(e))?
            .map_err(|_| corrupt())?;
        let ticket = got.ticket.ok_or_else(corrupt)?;
        let thread = thread::token(self.yard().number());
        Ok(OwedMessage { queue: self, message: ManuallyDrop::new(Message::of(got)), ticket, thread })
    }
}

/// A message that was got and is to be acknowledged, and lies where it was put if it is long. It is read as a [`Message`] is.
///
/// It belongs to the process: any thread may acknowledge it, and in a fork child it is nothing. While it is there and the thread
/// lives that got it, no other thread's [`Queue::task_done`] means it. Who acknowledges it by its ticket, or by
/// [`Queue::task_done`], and then reads on, is told `NotFound` or `State`, gets zeros from [`Message::to_vec`], or reads what
/// lies there by then.
#[must_use = "dropping the message gives it back"]
pub struct OwedMessage<'q> {
    queue: &'q Queue,
    /// Not dropped: the block is freed when the debt ends.
    message: ManuallyDrop<Message<'q>>,
    ticket: Ticket,
    /// Who got it.
    thread: u32,
}

impl OwedMessage<'_> {
    /// Names this delivery: see [`Queue::done`].
    pub fn ticket(&self) -> u64 {
        self.ticket.0
    }

    /// Acknowledges the message: it is out of the queue for good. Errors: as for [`Queue::done`].
    pub fn done(self) -> Result<()> {
        ManuallyDrop::new(self).let_go(Queue::done)
    }

    /// Gives the message back, as dropping it does, but tells whether that was so. Errors: as for [`Queue::done`].
    pub fn put_back(self) -> Result<()> {
        ManuallyDrop::new(self).let_go(Queue::put_back)
    }

    /// Its ticket, without the guard: the process goes on to owe the message.
    pub fn into_ticket(self) -> u64 {
        let it = ManuallyDrop::new(self);
        if let Some(part) = it.queue.part() {
            part.debts.copied(it.ticket, it.queue.process(), it.thread);
        }
        it.ticket.0
    }

    fn let_go(&self, end: fn(&Queue, u64) -> Result<()>) -> Result<()> {
        end(self.queue, self.ticket.0)
    }
}

impl<'q> Deref for OwedMessage<'q> {
    type Target = Message<'q>;

    fn deref(&self) -> &Message<'q> {
        &self.message
    }
}

impl Drop for OwedMessage<'_> {
    fn drop(&mut self) {
        let _ = self.let_go(Queue::put_back); // refused: it was acknowledged by its ticket, or this is a fork child
    }
}

impl std::fmt::Debug for OwedMessage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwedMessage").field("message", &**self).field("ticket", &self.ticket.0).finish()
    }
}
