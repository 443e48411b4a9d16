//! Files that can be mapped, their names, and locks on single bytes of them.
//!
//! The locks are open file description locks (fcntl(2), F_OFD_SETLK): they belong to the description, not to the
//! process, and end when its last descriptor *and mapping* is gone.

use crate::error::{Error, ErrorKind, Result};
use crate::os::{errno, error};
use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, FcntlArg, OFlag, SealFlag};
use nix::sys::stat::Mode;
use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Which file a description is of, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    dev: u64,
    ino: u64,
}

impl Identity {
    /// Both numbers.
    pub(crate) fn numbers(self) -> [u64; 2] {
        [self.dev, self.ino]
    }
}

/// What a name or a descriptor leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stat {
    pub(crate) identity: Identity,
    pub(crate) size: u64,
    pub(crate) regular: bool,
}

/// How a byte is locked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    Shared,
    Exclusive,
}

fn from_errno(call: &str) -> impl Fn(Errno) -> Error + '_ {
    move |e| error(call, e as i32)
}

fn stat_of(s: &nix::sys::stat::FileStat) -> Stat {
    Stat {
        identity: Identity { dev: s.st_dev, ino: s.st_ino },
        size: u64::try_from(s.st_size).unwrap_or(0),
        regular: s.st_mode & libc::S_IFMT == libc::S_IFREG,
    }
}

/// What `fd` is open on.
pub(crate) fn stat(fd: BorrowedFd<'_>) -> Result<Stat> {
    nix::sys::stat::fstat(fd).map(|s| stat_of(&s)).map_err(from_errno("fstat"))
}

/// What the name leads to, without following a symbolic link.
pub(crate) fn stat_name(path: &Path) -> Result<Stat> {
    nix::sys::stat::lstat(path).map(|s| stat_of(&s)).map_err(from_errno("lstat"))
}

/// A file without a name in `dir`; it is gone with its last user unless [`give_name`] names it.
pub(crate) fn create_unnamed(dir: &Path) -> Result<OwnedFd> {
    let flags = OFlag::O_TMPFILE | OFlag::O_RDWR | OFlag::O_CLOEXEC;
    nix::fcntl::open(dir, flags, Mode::S_IRUSR | Mode::S_IWUSR).map_err(from_errno("open(O_TMPFILE)"))
}

/// A file under a name of its own, where O_TMPFILE is missing.
pub(crate) fn create_named(path: &Path) -> Result<OwnedFd> {
    let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    nix::fcntl::open(path, flags, Mode::S_IRUSR | Mode::S_IWUSR).map_err(from_errno("open(O_CREAT)"))
}

/// Gives the file behind `fd` a name, in one step: `Exists` if the name is taken.
pub(crate) fn give_name(fd: BorrowedFd<'_>, path: &Path) -> Result<()> {
    let from = proc_path(fd);
    let flags = nix::fcntl::AtFlags::AT_SYMLINK_FOLLOW;
    nix::unistd::linkat(nix::fcntl::AT_FDCWD, from.as_str(), nix::fcntl::AT_FDCWD, path, flags)
        .map_err(from_errno("linkat"))
}

/// A second name for a file that has one, in one step: `Exists` if the name is taken.
pub(crate) fn link(from: &Path, to: &Path) -> Result<()> {
    let flags = nix::fcntl::AtFlags::empty();
    nix::unistd::linkat(nix::fcntl::AT_FDCWD, from, nix::fcntl::AT_FDCWD, to, flags)
        .map_err(from_errno("link"))
}

/// Takes the name away; the file lives on for those who have it open.
pub(crate) fn unlink(path: &Path) -> Result<()> {
    nix::unistd::unlink(path).map_err(from_errno("unlink"))
}

/// An anonymous file that can be sealed.
pub(crate) fn memfd(name: &str) -> Result<OwnedFd> {
    let name = CString::new(name).map_err(|_| Error::new(ErrorKind::Name))?;
    let flags = nix::sys::memfd::MFdFlags::MFD_CLOEXEC | nix::sys::memfd::MFdFlags::MFD_ALLOW_SEALING;
    nix::sys::memfd::memfd_create(name.as_c_str(), flags)
        .map_err(from_errno("memfd_create"))
        .and_then(spare_standard)
}

/// The same, under a number that is none of a standard stream's: a process that has closed one gets the next descriptor under
/// that number, and a child would take it for the stream.
pub(crate) fn spare_standard(fd: OwnedFd) -> Result<OwnedFd> {
    if fd.as_raw_fd() > 2 { Ok(fd) } else { duplicate(&fd) }
}

fn size_seals() -> SealFlag {
    SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL
}

/// Fixes the file's size for ever.
pub(crate) fn seal_size(fd: BorrowedFd<'_>) -> Result<()> {
    nix::fcntl::fcntl(fd, FcntlArg::F_ADD_SEALS(size_seals())).map(drop).map_err(from_errno("F_ADD_SEALS"))
}

/// Whether nobody can change the file's size any more.
pub(crate) fn is_size_sealed(fd: BorrowedFd<'_>) -> bool {
    match nix::fcntl::fcntl(fd, FcntlArg::F_GET_SEALS) {
        Ok(bits) => SealFlag::from_bits_truncate(bits).contains(size_seals()),
        Err(_) => false,
    }
}

/// Opens an existing file for reading and writing; never follows a symbolic link.
pub(crate) fn open(path: &Path) -> Result<OwnedFd> {
    let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    nix::fcntl::open(path, flags, Mode::empty()).map_err(from_errno("open"))
}

fn proc_path(fd: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

/// A new description of the file behind `fd`: locks taken through it are its own.
pub(crate) fn reopen(fd: BorrowedFd<'_>) -> Result<OwnedFd> {
    let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC;
    let opened = nix::fcntl::open(proc_path(fd).as_str(), flags, Mode::empty());
    opened.map_err(from_errno("open(/proc/self/fd)")).and_then(spare_standard)
}

/// As [`reopen`], to read only, and never waiting for somebody who writes.
pub(crate) fn reopen_to_read(fd: BorrowedFd<'_>) -> Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    let opened = nix::fcntl::open(proc_path(fd).as_str(), flags, Mode::empty());
    opened.map_err(from_errno("open(/proc/self/fd)")).and_then(spare_standard)
}

/// Sets the access mode, whatever the umask.
pub(crate) fn set_mode(fd: BorrowedFd<'_>, mode: u32) -> Result<()> {
    let mode = Mode::from_bits_truncate(mode as libc::mode_t);
    nix::sys::stat::fchmod(fd, mode).map_err(from_errno("fchmod"))
}

/// Gives the file its size and the memory for it, so that no later access can fail for want of memory.
pub(crate) fn allocate(fd: BorrowedFd<'_>, size: u64) -> Result<()> {
    let len = i64::try_from(size).map_err(|_| Error::with(ErrorKind::Size, format!("{size} bytes asked")))?;
    let free = free_bytes(fd);
    let short = |e: Error| match e.kind() {
        ErrorKind::NoSpace | ErrorKind::NoMemory | ErrorKind::Invalid => {
            Error::with(ErrorKind::NoSpace, format!("{size} bytes asked, {} free ({e})", figure(free)))
        }
        _ if e.os_error() == Some(libc::EFBIG) => {
            Error::with(ErrorKind::NoSpace, format!("{size} bytes asked, above the file size limit ({e})"))
        }
        _ => e,
    };
    if let Some(limit) = crate::os::process::memory_left().filter(|&left| left < size) {
        return Err(Error::with(
            ErrorKind::NoSpace,
            format!("{size} bytes asked, control group allows {limit}"),
        ));
    }
    nix::unistd::ftruncate(fd, len).map_err(from_errno("ftruncate")).map_err(short)?;
    loop {
        match nix::fcntl::fallocate(fd, FallocateFlags::empty(), 0, len) {
            Ok(()) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(e) => return Err(short(error("fallocate", e as i32))),
        }
    }
}

fn figure(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "unknown".into(), |b| b.to_string())
}

/// Free bytes of the file system that `fd` lies on.
#[allow(clippy::useless_conversion)] // the width of the counts differs between targets
pub(crate) fn free_bytes(fd: BorrowedFd<'_>) -> Option<u64> {
    // SAFETY: a statvfs of zeros is a valid value.
    let mut s: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: `s` is valid for writes.
    let rc = unsafe { libc::fstatvfs(fd.as_raw_fd(), &raw mut s) };
    // A memfd's own mount reports no size.
    (rc == 0 && s.f_blocks > 0).then(|| u64::from(s.f_bavail).saturating_mul(s.f_frsize as u64))
}

fn flock(byte: u64, kind: i32) -> libc::flock {
    // SAFETY: a flock of zeros is a valid value.
    let mut f: libc::flock = unsafe { std::mem::zeroed() };
    f.l_type = kind as libc::c_short;
    f.l_whence = libc::SEEK_SET as libc::c_short;
    f.l_start = byte as libc::off_t;
    f.l_len = 1;
    f
}

/// Tries to lock one byte; `false` if another description's lock is in the way. Never waits.
pub(crate) fn try_lock(fd: BorrowedFd<'_>, byte: u64, hold: Hold) -> Result<bool> {
    let kind = if hold == Hold::Shared { libc::F_RDLCK } else { libc::F_WRLCK };
    match nix::fcntl::fcntl(fd, FcntlArg::F_OFD_SETLK(&flock(byte, kind))) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(e) => Err(error("F_OFD_SETLK", e as i32)),
    }
}

/// Gives one byte back.
pub(crate) fn unlock(fd: BorrowedFd<'_>, byte: u64) -> Result<()> {
    nix::fcntl::fcntl(fd, FcntlArg::F_OFD_SETLK(&flock(byte, libc::F_UNLCK)))
        .map(drop)
        .map_err(from_errno("F_OFD_SETLK"))
}

/// Whether another description than `fd`'s holds a lock on the byte.
pub(crate) fn is_locked(fd: BorrowedFd<'_>, byte: u64) -> Result<bool> {
    let mut probe = flock(byte, libc::F_WRLCK);
    nix::fcntl::fcntl(fd, FcntlArg::F_OFD_GETLK(&mut probe)).map_err(from_errno("F_OFD_GETLK"))?;
    Ok(probe.l_type != libc::F_UNLCK as libc::c_short)
}

/// Makes `fd` survive exec, or not.
pub(crate) fn set_inheritable(fd: BorrowedFd<'_>, inheritable: bool) -> Result<()> {
    let flags = if inheritable { nix::fcntl::FdFlag::empty() } else { nix::fcntl::FdFlag::FD_CLOEXEC };
    nix::fcntl::fcntl(fd, FcntlArg::F_SETFD(flags)).map(drop).map_err(from_errno("F_SETFD"))
}

/// A second descriptor of the same description.
pub(crate) fn duplicate(fd: &OwnedFd) -> Result<OwnedFd> {
    fd.as_fd().try_clone_to_owned().map_err(|e| error("dup", e.raw_os_error().unwrap_or(errno())))
}

/// Fills `buffer` from the start of the file; the number of bytes that were there.
pub(crate) fn read_start(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize> {
    loop {
        // SAFETY: the buffer is valid for writes of its length.
        let n = unsafe { libc::pread(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), 0) };
        match usize::try_from(n) {
            Ok(n) => return Ok(n),
            Err(_) if errno() == libc::EINTR => {}
            Err(_) => return Err(error("pread", errno())),
        }
    }
}

/// Size and free bytes of the file system at `dir`.
pub(crate) fn space(dir: &Path) -> Option<(u64, u64)> {
    let s = nix::sys::statvfs::statvfs(dir).ok()?;
    let block = s.fragment_size();
    Some((s.blocks().saturating_mul(block), s.blocks_available().saturating_mul(block)))
}
