//! A descriptor that is readable once it was raised, until it is lowered (eventfd(2)).

use crate::error::Result;
use crate::os::{errno, error};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// See the module.
#[derive(Debug)]
pub(crate) struct EventFd(OwnedFd);

impl EventFd {
    /// One that is not raised; not inherited over exec. `NoMemory` if the process may have no more descriptors.
    pub(crate) fn new() -> Result<EventFd> {
        // SAFETY: no memory of ours is touched.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(error("eventfd", errno()));
        }
        // SAFETY: new, and nobody else's.
        Ok(EventFd(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Makes it readable.
    pub(crate) fn raise(&self) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: eight readable bytes. A counter that is full is readable as well.
        unsafe { libc::write(self.0.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    /// Makes it not readable.
    pub(crate) fn lower(&self) {
        let mut count = [0_u8; 8];
        // SAFETY: eight writable bytes. If it was not raised, the call says EAGAIN and changes nothing.
        unsafe { libc::read(self.0.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
    }

    /// Whether it is readable. If the kernel does not tell, yes.
    pub(crate) fn is_raised(&self) -> bool {
        let mut it = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one valid entry; a timeout of 0 never waits.
        unsafe { libc::poll(&raw mut it, 1, 0) != 0 }
    }
}

impl From<EventFd> for OwnedFd {
    fn from(fd: EventFd) -> OwnedFd {
        fd.0
    }
}

impl AsFd for EventFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::EventFd;

    #[test]
    fn it_is_readable_from_its_raising_to_its_lowering() {
        let fd = EventFd::new().unwrap();
        assert!(!fd.is_raised());
        fd.lower();
        fd.raise();
        fd.raise();
        assert!(fd.is_raised());
        fd.lower();
        assert!(!fd.is_raised());
    }
}
