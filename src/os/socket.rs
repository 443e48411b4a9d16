//! A private line between two processes, over which descriptors can be sent: unix(7), SOCK_SEQPACKET.

use crate::error::{Error, ErrorKind, Result};
use crate::os::error;
use crate::os::file::spare_standard;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, RecvMsg, SockFlag, SockType, recvmsg,
    sendmsg, socketpair,
};
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// The most descriptors in one message (unix(7), SCM_MAX_FD).
pub(crate) const FDS_MAX: usize = 253;

/// Both ends of a new line; neither survives exec.
pub(crate) fn pair() -> Result<(OwnedFd, OwnedFd)> {
    let (one, other) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
        .map_err(|e| error("socketpair", e as i32))?;
    Ok((spare_standard(one)?, spare_standard(other)?))
}

/// Sends one message. Errors: `PeerDied` if nobody has the other end.
pub(crate) fn send(line: &OwnedFd, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> Result<()> {
    let numbers: Vec<RawFd> = fds.iter().map(|fd| fd.as_raw_fd()).collect();
    let rights = [ControlMessage::ScmRights(&numbers)];
    let control = if fds.is_empty() { &rights[..0] } else { &rights[..] };
    loop {
        let message = [IoSlice::new(bytes)];
        match sendmsg::<()>(line.as_raw_fd(), &message, control, MsgFlags::MSG_NOSIGNAL, None) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(Errno::EPIPE | Errno::ECONNRESET | Errno::ENOTCONN) => {
                return Err(Error::new(ErrorKind::PeerDied));
            }
            Err(e) => return Err(error("sendmsg", e as i32)),
        }
    }
}

/// A message that was received.
pub(crate) struct Message<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) fds: Vec<OwnedFd>,
}

/// Room for one message, used again and again: each page of new memory costs who forks a copy of it.
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    control: Vec<u8>,
}

impl Inbox {
    /// For messages of at most `longest` bytes.
    pub(crate) fn new(longest: usize) -> Inbox {
        Inbox { bytes: vec![0; longest], control: nix::cmsg_space!([RawFd; FDS_MAX]) }
    }

    /// Waits for one message; `None` if nobody has the other end any more.
    pub(crate) fn receive(&mut self, line: &OwnedFd) -> Result<Option<Message<'_>>> {
        let (len, fds) = loop {
            let mut parts = [IoSliceMut::new(&mut self.bytes)];
            let flags = MsgFlags::MSG_CMSG_CLOEXEC;
            match recvmsg::<()>(line.as_raw_fd(), &mut parts, Some(&mut self.control), flags) {
                Ok(message) => break (message.bytes, taken(&message)),
                Err(Errno::EINTR) => {}
                Err(Errno::ECONNRESET) => return Ok(None),
                Err(e) => return Err(error("recvmsg", e as i32)),
            }
        };
        Ok((len > 0).then_some(Message { bytes: &self.bytes[..len], fds }))
    }
}

/// The descriptors that came with a message: this process's own from now on.
fn taken(message: &RecvMsg<'_, '_, ()>) -> Vec<OwnedFd> {
    let rights = message.cmsgs().into_iter().flatten().filter_map(|part| match part {
        ControlMessageOwned::ScmRights(numbers) => Some(numbers),
        _ => None,
    });
    // SAFETY: the kernel has just made them for this process.
    rights.flatten().map(|number| unsafe { OwnedFd::from_raw_fd(number) }).collect()
}
