//! A thread of the library's own.

use crate::error::Result;
use crate::os::{error, fork};
use crate::shim::{AtomicU32, Ordering};
use std::cell::Cell;

/// A stack for what the library does itself; most of it is for the destructors and signal frames of others.
pub(crate) const FOR_ITSELF: usize = 256 << 10;
/// A stack for what others wrote.
pub(crate) const FOR_OTHERS: usize = 2 << 20;

thread_local! {
    /// In a thread of the library's own: the signals that were blocked where the program had it started.
    static BEFORE: Cell<Option<libc::sigset_t>> = const { Cell::new(None) };
}

/// In a thread of the library's own: the signals that the program had blocked, and so those that a process begins with that is made
/// there. `None` in the program's threads: whatever is blocked there.
pub(super) fn mask_of_program() -> Option<libc::sigset_t> {
    BEFORE.try_with(Cell::get).ok().flatten()
}

/// In a fork child: what it is copied from may be a thread of the library's own, but this process is the program's.
pub(super) fn heed_signals() {
    if let Some(before) = mask_of_program() {
        // SAFETY: what pthread_sigmask has written.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut()) };
        BEFORE.set(None);
    }
}

/// How many there are.
static OWN: AtomicU32 = AtomicU32::new(0);

/// How many threads of this process are the library's own. One that has just ended may still be there, uncounted.
pub(crate) fn own() -> usize {
    OWN.load(Ordering::Relaxed) as usize // Relaxed: a count
}

/// In a fork child: there are none.
pub(crate) fn forget() {
    OWN.store(0, Ordering::Relaxed); // Relaxed: the child has one thread
}

/// Does something of the program's in a thread of the library's own: it is not counted meanwhile. `work` must not unwind.
pub(crate) fn lend<R>(work: impl FnOnce() -> R) -> R {
    let before = fork::count();
    OWN.fetch_sub(1, Ordering::Relaxed); // Relaxed: a count
    let done = work();
    if fork::count() == before {
        OWN.fetch_add(1, Ordering::Relaxed); // Relaxed: a count
    }
    done
}

/// Starts a thread that no signal handler ever runs in; processes that are made there begin with the signals blocked that are here. It ends with `run`; nobody waits for it. `NoMemory` if the process
/// may have no more threads.
pub(crate) fn start(name: &str, stack: usize, run: fn()) -> Result<()> {
    // SAFETY: sigset_t is plain data, and zeros are a value of it.
    let (mut all, mut before): (libc::sigset_t, libc::sigset_t) = unsafe { std::mem::zeroed() };
    // SAFETY: both are valid for writes. A thread begins with the mask of who starts it.
    unsafe {
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
    }
    let born = fork::count(); // a thread of before a fork is nobody that `OWN` counts
    OWN.fetch_add(1, Ordering::Relaxed);
    let outer = mask_of_program().unwrap_or(before); // one of the library's own may start the other
    let run = move || {
        BEFORE.set(Some(outer));
        run();
        if fork::count() == born {
            OWN.fetch_sub(1, Ordering::Relaxed);
        }
    };
    let started = std::thread::Builder::new().name(name.to_owned()).stack_size(stack).spawn(run);
    if started.is_err() {
        OWN.fetch_sub(1, Ordering::Relaxed);
    }
    // SAFETY: what was written above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut()) };
    let why = |e: std::io::Error| match e.raw_os_error() {
        Some(libc::EAGAIN) | None => libc::ENOMEM, // a limit on threads, or on memory
        Some(errno) => errno,
    };
    started.map(drop).map_err(|e| error("pthread_create", why(e)))
}
