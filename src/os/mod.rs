//! The only room that knows libc, nix and memmap2.
//!
//! * what lives here: futex, clock, files and their locks, mappings, the robust list, fork, what the machine allows
//! * who calls it: `shim` (futex), `segment`, `presence`, and the door for `probe()`
//! * what it may call: the three crates, `error`, `shim` atomics
//! * the invariant: no type of the rooms above is named here; every errno becomes a typed error here
//! * where it is tested: beside the code, and by everything above
#![allow(unsafe_code)] // system calls

pub(crate) mod child;
pub(crate) mod clock;
pub(crate) mod eventfd;
pub(crate) mod file;
pub(crate) mod fork;
pub(crate) mod futex;
pub(crate) mod map;
pub(crate) mod mutex;
pub(crate) mod probe;
pub(crate) mod process;
pub(crate) mod robust;
pub(crate) mod socket;
pub(crate) mod streams;
pub(crate) mod thread;
pub(crate) mod tls;

pub(crate) use mutex::{Guard as MutexGuard, Mutex};

use crate::error::{Error, ErrorKind};

/// The size of a page, as the kernel tells it.
pub(crate) fn page_size() -> usize {
    // SAFETY: sysconf reads no memory of ours; the name is valid.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096)
}

/// The calling thread's errno.
pub(crate) fn errno() -> i32 {
    nix::errno::Errno::last_raw()
}

/// An errno as an error that names the call.
pub(crate) fn error(call: &str, errno: i32) -> Error {
    let kind = match errno {
        libc::EACCES | libc::EPERM | libc::EROFS => ErrorKind::Permission,
        libc::ENOENT => ErrorKind::NotFound,
        libc::EEXIST => ErrorKind::Exists,
        libc::ENOSPC | libc::EDQUOT => ErrorKind::NoSpace,
        libc::ENOMEM | libc::EMFILE | libc::ENFILE => ErrorKind::NoMemory,
        libc::EINVAL => ErrorKind::Invalid,
        libc::ENOSYS | libc::EOPNOTSUPP => ErrorKind::Unsupported,
        _ => ErrorKind::Os,
    };
    Error::os(kind, errno, call)
}

/// The refusals that a caller treats specially.
pub(crate) mod refusal {
    pub(crate) use libc::{EINVAL, EISDIR, ELOOP, ENXIO, EOPNOTSUPP};
}
