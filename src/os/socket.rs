//! A private line between two processes, over which descriptors can be sent: unix(7), SOCK_SEQPACKET.

use crate::error::{ErrorKind, Result};
use crate::os::file::spare_standard;
use crate::os::{errno, error};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// The most descriptors in one message (unix(7), SCM_MAX_FD).
pub(crate) const FDS_MAX: usize = 253;

/// Both ends of a new line; neither survives exec.
pub(crate) fn pair() -> Result<(OwnedFd, OwnedFd)> {
    let (one, other) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
        .map_err(|e| error("socketpair", e as i32))?;
    Ok((spare_standard(one)?, spare_standard(other)?))
}

/// Room on the stack for what is beside one message: what is on the heap would be copied for a fork child, page by page.
type Control = [u64; (space(FDS_MAX) + SENDER_SPACE).div_ceil(8)];

/// Bytes that so many descriptors take beside a message.
const fn space(fds: usize) -> usize {
    // SAFETY: arithmetic.
    unsafe { libc::CMSG_SPACE((fds * size_of::<RawFd>()) as u32) as usize }
}

/// Bytes that take who has sent a message.
// SAFETY: arithmetic.
const SENDER_SPACE: usize = unsafe { libc::CMSG_SPACE(size_of::<libc::ucred>() as u32) as usize };

/// From now on the kernel says of each message that is sent to this end which process has sent it (unix(7), SO_PASSCRED).
pub(crate) fn tell_senders(line: &OwnedFd) -> Result<()> {
    nix::sys::socket::setsockopt(line, nix::sys::socket::sockopt::PassCred, &true)
        .map_err(|e| error("setsockopt", e as i32))
}

/// What sendmsg(2) and recvmsg(2) are told of a message and of the room beside it.
fn header(part: &mut libc::iovec, control: &mut [u64], bytes: usize) -> libc::msghdr {
    // SAFETY: zeros are an empty header.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    (header.msg_iov, header.msg_iovlen) = (part, 1);
    if bytes > 0 {
        (header.msg_control, header.msg_controllen) = (control.as_mut_ptr().cast(), bytes as _);
    }
    header
}

/// Sends one message with at most [`FDS_MAX`] descriptors. Errors: `PeerDied` if nobody has the other end; `Range`.
pub(crate) fn send(line: &OwnedFd, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> Result<()> {
    if fds.len() > FDS_MAX {
        return Err(ErrorKind::Range.into());
    }
    let mut control: Control = [0; _];
    let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let header = header(&mut part, &mut control, if fds.is_empty() { 0 } else { space(fds.len()) });
    // SAFETY: the header is about a message part and room of this call's own, long and aligned enough for what is written.
    unsafe {
        if let Some(rights) = libc::CMSG_FIRSTHDR(&raw const header).as_mut() {
            (rights.cmsg_level, rights.cmsg_type) = (libc::SOL_SOCKET, libc::SCM_RIGHTS);
            rights.cmsg_len = libc::CMSG_LEN(size_of_val(fds) as u32) as _;
            let first = libc::CMSG_DATA(rights).cast::<RawFd>();
            (0..).zip(fds).for_each(|(at, fd)| first.add(at).write_unaligned(fd.as_raw_fd()));
        }
    }
    loop {
        // SAFETY: as above; the message is only read.
        if unsafe { libc::sendmsg(line.as_raw_fd(), &raw const header, libc::MSG_NOSIGNAL) } >= 0 {
            return Ok(());
        }
        match errno() {
            libc::EINTR => {}
            libc::EPIPE | libc::ECONNRESET | libc::ENOTCONN => return Err(ErrorKind::PeerDied.into()),
            e => return Err(error("sendmsg", e)),
        }
    }
}

/// A message that was received.
pub(crate) struct Message<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) fds: Vec<OwnedFd>,
    /// Which process has sent it, if that is told: [`tell_senders`].
    pub(crate) sender: Option<u32>,
    /// There were more descriptors than this process may have.
    pub(crate) is_cut: bool,
}

/// Ends a line for whoever has its ends, in whatever process.
pub(crate) fn shut(line: &OwnedFd) {
    // SAFETY: changes the line only; it fails if nobody has the other end, and then it is shut.
    unsafe { libc::shutdown(line.as_raw_fd(), libc::SHUT_RDWR) };
}

/// Waits for one message, and puts as much of it as fits into `room`; `None` if nobody has the other end any more.
pub(crate) fn receive<'a>(line: &OwnedFd, room: &'a mut [u8]) -> Result<Option<Message<'a>>> {
    let mut control: Control = [0; _];
    let mut part = libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: room.len() };
    let mut header = header(&mut part, &mut control, size_of::<Control>());
    loop {
        // SAFETY: the header is about the room, which is borrowed for writing, and about room of this call's own.
        let len = unsafe { libc::recvmsg(line.as_raw_fd(), &raw mut header, libc::MSG_CMSG_CLOEXEC) };
        match (usize::try_from(len), errno()) {
            (Ok(len), _) => {
                let ((fds, sender), is_cut) = (taken(&header), header.msg_flags & libc::MSG_CTRUNC != 0);
                // Nobody has sent what is read at the end of the line.
                let is_message = len > 0 || sender.is_some();
                return Ok(is_message.then_some(Message { bytes: &room[..len], fds, sender, is_cut }));
            }
            (_, libc::EINTR) => {}
            (_, libc::ECONNRESET) => return Ok(None),
            (_, e) => return Err(error("recvmsg", e)),
        }
    }
}

/// The descriptors that came with a message, this process's own from now on, and who has sent it.
fn taken(header: &libc::msghdr) -> (Vec<OwnedFd>, Option<u32>) {
    let (mut fds, mut sender) = (Vec::new(), None);
    // SAFETY: the kernel has just filled the header's room, and made these descriptors for this process.
    unsafe {
        let mut next = libc::CMSG_FIRSTHDR(header);
        while let Some(part) = next.as_ref() {
            match (part.cmsg_level, part.cmsg_type) {
                (libc::SOL_SOCKET, libc::SCM_RIGHTS) => {
                    let first = libc::CMSG_DATA(part).cast::<RawFd>();
                    let len: usize = part.cmsg_len as _; // musl has it in 4 bytes
                    let count = (len - libc::CMSG_LEN(0) as usize) / size_of::<RawFd>();
                    fds.extend((0..count).map(|at| OwnedFd::from_raw_fd(first.add(at).read_unaligned())));
                }
                (libc::SOL_SOCKET, libc::SCM_CREDENTIALS) => {
                    let who = libc::CMSG_DATA(part).cast::<libc::ucred>().read_unaligned();
                    sender = Some(who.pid.cast_unsigned());
                }
                _ => {}
            }
            next = libc::CMSG_NXTHDR(header, part);
        }
    }
    (fds, sender)
}
