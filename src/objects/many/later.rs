//! Waiting without a thread: futures, for whatever runtime.
//!
//! A future tries. If that comes to nothing, it leaves its waker with the thread of the process that waits for all who want to be told
//! (`bridge`), looks once more, and is pending. Nothing is taken but by the attempt that succeeds, and that one is the future's
//! answer: one that is dropped has taken nothing.
#![forbid(unsafe_code)]

use crate::error::{ErrorKind, Result};
use crate::objects::many::bridge::{Tell, Ticket};
use crate::objects::many::{Kept, Waitable};
use crate::os::Mutex;
use std::future::poll_fn;
use std::task::{Context, Poll};

/// Attempts in a row whose thing looked ready and that came to nothing. Then somebody stands in the way: try again later.
const ATTEMPTS: u32 = 3;

/// One future's place among those who want to be told; it has none before it must wait.
#[derive(Default)]
struct Later(Option<Ticket>);

impl Later {
    /// Whether the thing is ready. If not, the task is woken when it is.
    fn poll<K: Into<Option<Kept>>>(&mut self, keep: impl Fn() -> K, cx: &Context<'_>) -> Result<bool> {
        let ticket = self.ticket(keep)?;
        leave_waker(ticket, cx);
        Ok(ticket.request.ask())
    }

    /// The task is woken in some milliseconds.
    fn soon<K: Into<Option<Kept>>>(&mut self, keep: impl Fn() -> K, cx: &Context<'_>) -> Result<()> {
        let ticket = self.ticket(keep)?;
        leave_waker(ticket, cx);
        ticket.again_soon();
        Ok(())
    }

    /// A fork child asks for itself.
    fn ticket<K: Into<Option<Kept>>>(&mut self, keep: impl Fn() -> K) -> Result<&Ticket> {
        if self.0.as_ref().is_some_and(|ticket| !ticket.is_ours()) {
            self.0 = None;
        }
        match &mut self.0 {
            Some(ticket) => Ok(ticket),
            none => Ok(none.insert(Ticket::new(keep(), Tell::Waker(Mutex::new(None)))?)),
        }
    }
}

fn leave_waker(ticket: &Ticket, cx: &Context<'_>) {
    if let Tell::Waker(waker) = &ticket.request.tell {
        let mine = cx.waker().clone();
        let before = waker.lock().replace(mine);
        drop(before); // without the lock: it may be the last of a task that has a place too
    }
}

/// Whether another attempt may succeed.
fn is_not_now(kind: ErrorKind) -> bool {
    use ErrorKind::{Busy, Empty, Full, Timeout};
    matches!(kind, Busy | Empty | Full | Timeout)
}

/// Makes attempts, none of which waits, until one succeeds or fails for good; waits for the thing in between.
pub(super) async fn attempts<C, T, K: Into<Option<Kept>>>(
    mut of: C,
    keep: impl Fn(&C) -> K,
    mut attempt: impl FnMut(&mut C) -> Result<T>,
) -> Result<T> {
    let mut later = Later::default();
    poll_fn(move |cx| {
        for _ in 0..ATTEMPTS {
            match attempt(&mut of) {
                Err(e) if is_not_now(e.kind()) => {}
                done => return Poll::Ready(done),
            }
            match later.poll(|| keep(&of), cx) {
                Ok(true) => {}
                Ok(false) => return Poll::Pending,
                Err(why) => return Poll::Ready(Err(why)),
            }
        }
        match later.soon(|| keep(&of), cx) {
            Ok(()) => Poll::Pending,
            Err(why) => Poll::Ready(Err(why)),
        }
    })
    .await
}

/// Waits, without a thread, until the object is ready: see [`Waitable`](crate::Waitable). Nothing is taken; several who wait for
/// the same are all woken.
///
/// Errors: `NoMemory` (the process may have no more threads), `NotOwner` and `Unsupported` as for
/// [`Waitable::notifier`](crate::Waitable::notifier): of a process, the runtime watches the descriptor.
pub async fn ready_async(object: &dyn Waitable) -> Result<()> {
    let mut later = Later::default();
    poll_fn(move |cx| match later.poll(|| object.keep(), cx) {
        Ok(true) => Poll::Ready(Ok(())),
        Ok(false) => Poll::Pending,
        Err(why) => Poll::Ready(Err(why)),
    })
    .await
}
