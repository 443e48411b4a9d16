//! A thread of the library's own.

use crate::error::Result;
use crate::os::error;

/// What it needs for itself; the rest is for the destructors and signal frames of others.
const STACK: usize = 256 << 10;

/// Starts a thread that no signal handler ever runs in. It ends with `run`; nobody waits for it. `NoMemory` if the process
/// may have no more threads.
pub(crate) fn start(name: &str, run: fn()) -> Result<()> {
    // SAFETY: sigset_t is plain data, and zeros are a value of it.
    let (mut all, mut before): (libc::sigset_t, libc::sigset_t) = unsafe { std::mem::zeroed() };
    // SAFETY: both are valid for writes. A thread begins with the mask of who starts it.
    unsafe {
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
    }
    let started = std::thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(run);
    // SAFETY: what was written above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut()) };
    let why = |e: std::io::Error| match e.raw_os_error() {
        Some(libc::EAGAIN) | None => libc::ENOMEM, // a limit on threads, or on memory
        Some(errno) => errno,
    };
    started.map(drop).map_err(|e| error("pthread_create", why(e)))
}
