//! Waiting on descriptors, with everything that ends a wait: see [`crate::sync::wait`].
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::os::child;
use crate::sync::ends::Ends;
use crate::sync::wait::{Manner, SLICE_NS, Timeout, Wait};
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// How often a wait that can be ended from outside looks whether it was: a descriptor and the word of a cancel token cannot
/// be slept on together.
const LOOK: Duration = Duration::from_millis(5);

/// One call that waits on descriptors.
pub(crate) struct FdWait {
    wait: Wait,
    is_try: bool,
    interruptible: bool,
}

impl FdWait {
    pub(crate) fn new(timeout: Timeout) -> FdWait {
        FdWait::with(timeout, Manner { endable: true, ..Manner::default() })
    }

    /// One that nothing ends from outside.
    pub(crate) fn to_the_end(timeout: Timeout) -> FdWait {
        FdWait::with(timeout, Manner::default())
    }

    pub(crate) fn with(timeout: Timeout, manner: Manner) -> FdWait {
        let timeout = timeout.or_try();
        let is_try = timeout == Timeout::Try;
        FdWait { wait: Wait::new(timeout, manner), is_try, interruptible: manner.interruptible }
    }

    /// Sleeps until one of the descriptors can be read, or it is time to look around. Errors: `Timeout`, `Cancelled`,
    /// `Closed` (the handle that the call goes through), `Interrupted` if a signal handler ends it.
    pub(crate) fn sleep(&self, fds: &[BorrowedFd<'_>]) -> Result<()> {
        if self.is_try {
            return Err(ErrorKind::Timeout.into());
        }
        self.wait.check().map_err(Error::from)?;
        let slice = if Ends::mine().is_empty() { Duration::from_nanos(SLICE_NS) } else { LOOK };
        match child::poll(fds.iter().copied(), Some(self.wait.left().map_or(slice, |left| left.min(slice)))) {
            Err(e) if e.kind() == ErrorKind::Interrupted && !self.interruptible => Ok(()),
            other => other.map(drop),
        }
    }
}
