//! A descriptor for event loops that tells when an object may be ready.
#![forbid(unsafe_code)]

use crate::error::Result;
use crate::objects::many::Kept;
use crate::objects::many::bridge::{Tell, Ticket, not_ours};
use crate::os::eventfd::EventFd;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;

/// A descriptor (an eventfd(2)) that becomes readable when an object is ready, for poll(2), epoll(7) and whatever is built on
/// them. [`Waitable::notifier`](crate::Waitable::notifier) makes it.
///
/// It is readable as soon as the object is ready, also if it is when the notifier is made. Then:
///
/// 1. [`Notifier::clear`]: the descriptor is not readable any more, unless the object is ready still; from now on it tells
///    again.
/// 2. *Then* try, with [`Timeout::Try`](crate::Timeout::Try), until there is nothing left (`Empty`, `Busy`, `Full`, `Timeout`).
///    That may be at once: somebody else was quicker.
/// 3. Wait for the descriptor again. Nothing that came meanwhile is missed: whatever the tries have not seen makes it
///    readable. A loop that does not try until nothing is left may come back here as well, since `clear` finds the rest.
///
/// Who has been told and does not clear is not told again, and costs those who change the object nothing. Whoever reads the
/// descriptor himself (8 bytes) instead of calling `clear` hears of the next change within a slice of 250 ms only.
///
/// # What it costs
/// One descriptor (`NoMemory` with `EMFILE` or `ENFILE` inside when there are no more), and one thread for all notifiers,
/// futures and tasks with callbacks of the process: it is started for the first and ends within 250 ms after the last, blocks
/// all signals, and sleeps on the doorbell of each yard (see [`wait_any`](crate::wait_any)). A change rings only if the object
/// had been found not ready since it was told last; for each ring the thread looks at every object of the process for which a
/// notifier has been cleared or not yet told. With notifiers in more than 55 yards it looks every millisecond as well.
///
/// # Death, fork
/// The end of a peer is told like any change: usually within a millisecond, within a slice of 250 ms at the latest. A notifier
/// keeps the yard open, but holds no end of a pipe or ring. It belongs to the process that made it: a fork child's `clear`
/// answers `NotOwner` and changes nothing, its copy of the descriptor is the parent's too, and it makes notifiers of its own.
pub struct Notifier {
    ticket: Ticket,
    fd: Arc<EventFd>,
}

impl Notifier {
    pub(crate) fn new(kept: Option<Kept>) -> Result<Notifier> {
        let fd = Arc::new(EventFd::new()?);
        let notifier = Notifier { ticket: Ticket::new(kept, Tell::Fd(fd.clone()))?, fd };
        notifier.ask();
        Ok(notifier)
    }

    fn ask(&self) {
        if self.ticket.request.ask() {
            self.fd.raise();
        }
    }

    /// Makes the descriptor not readable, and readable again as soon as the object is ready, which may be at once. Any thread,
    /// at any time; never waits.
    ///
    /// Errors: `NotOwner` (a fork child).
    pub fn clear(&self) -> Result<()> {
        if !self.ticket.is_ours() {
            return Err(not_ours());
        }
        self.fd.lower();
        self.ask();
        Ok(())
    }
}

impl AsFd for Notifier {
    /// Not to be closed.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Notifier {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl std::fmt::Debug for Notifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notifier").field("fd", &self.as_raw_fd()).finish_non_exhaustive()
    }
}
