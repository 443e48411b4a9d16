//! What this machine allows, found out by trying.

use crate::os::{file, futex, robust};
use std::fmt;
use std::os::fd::AsFd;
use std::path::Path;

/// What this machine allows and what the library does where it does not. Printed by its `Display`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Probe {
    /// futex_waitv(2) works; without it sleepers look at their peers every millisecond.
    pub futex_waitv: bool,
    /// membarrier(2) knows MEMBARRIER_CMD_GLOBAL_EXPEDITED. Reported only; nothing depends on it.
    pub membarrier: bool,
    /// /dev/shm has O_TMPFILE; without it a yard is made under a temporary name first.
    pub tmpfile: bool,
    /// memfd_create(2) with size seals works; without it there are no anonymous yards.
    pub seals: bool,
    /// The calling thread has a robust list that the library can use; without it no thread can own anything.
    pub robust_list: bool,
    /// Size of /dev/shm in bytes; `None` if there is none.
    pub shm_bytes: Option<u64>,
    /// Free bytes in /dev/shm.
    pub shm_free_bytes: Option<u64>,
    /// How many CPUs the calling thread may use, by its affinity and its cgroup's quota.
    pub cpus: u32,
    /// Bytes of a page.
    pub page_bytes: usize,
}

/// Where named yards live.
pub(crate) const SHM: &str = "/dev/shm";

/// Tries everything once.
pub(crate) fn probe() -> Probe {
    let shm = file::space(Path::new(SHM));
    Probe {
        futex_waitv: futex::has_waitv(),
        membarrier: has_membarrier(),
        tmpfile: file::create_unnamed(Path::new(SHM)).is_ok(),
        seals: has_seals(),
        robust_list: robust::List::mine().is_ok(),
        shm_bytes: shm.map(|s| s.0),
        shm_free_bytes: shm.map(|s| s.1),
        cpus: std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u32),
        page_bytes: crate::os::page_size(),
    }
}

fn has_membarrier() -> bool {
    const GLOBAL_EXPEDITED: libc::c_long = 1 << 1;
    // SAFETY: the query command takes no memory.
    let commands = unsafe { libc::syscall(libc::SYS_membarrier, 0, 0, 0) };
    commands > 0 && commands & GLOBAL_EXPEDITED != 0
}

fn has_seals() -> bool {
    file::memfd("cyd-probe")
        .and_then(|fd| file::seal_size(fd.as_fd()).map(|()| fd))
        .is_ok_and(|fd| file::is_size_sealed(fd.as_fd()))
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |what: &str, has: bool, without: &str| {
            writeln!(f, "{what:<13} {}", if has { "yes" } else { without })
        };
        row("futex_waitv", self.futex_waitv, "no: sleepers look at their peers every millisecond")?;
        row("membarrier", self.membarrier, "no: not needed")?;
        row("O_TMPFILE", self.tmpfile, "no: a yard is made under a temporary name first")?;
        row("seals", self.seals, "no: no anonymous yards")?;
        row("robust list", self.robust_list, "no: no thread can own anything")?;
        match (self.shm_bytes, self.shm_free_bytes) {
            (Some(all), Some(free)) => writeln!(f, "/dev/shm      {all} bytes, {free} free")?,
            _ => writeln!(f, "/dev/shm      no: no named yards")?,
        }
        writeln!(f, "CPUs          {}", self.cpus)?;
        write!(f, "page          {} bytes", self.page_bytes)
    }
}
