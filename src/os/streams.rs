//! What the standard streams of Rust and C hold back, when a process forks and when a forked child ends.
//!
//! A child has a copy of each stream: of what is held back in it, and of its lock. What the one thread of a process holds back is
//! written before it forks, so that it is not written twice. If there are other threads, one of them may be in the middle of
//! writing, or wait for input with a stream's lock: then nothing is written before, what is held back stays the parent's, and the
//! child takes no lock that one of them may have had.

use crate::shim::{AtomicU32, Ordering};
use std::io::{self, Write};

/// 1: a process of which this one is a copy had other threads, so what is locked here may stay locked.
static IS_HAUNTED: AtomicU32 = AtomicU32::new(0);

// SAFETY: as in stdio.h and stdio_ext.h.
unsafe extern "C" {
    static stdout: *mut libc::FILE;
    fn ftrylockfile(stream: *mut libc::FILE) -> libc::c_int;
    fn funlockfile(stream: *mut libc::FILE);
    fn __fpurge(stream: *mut libc::FILE);
}

/// The `stdout` of C, if it has one.
fn c_stdout() -> Option<*mut libc::FILE> {
    // SAFETY: the program sets it, if at all, before others use it.
    let stream = unsafe { stdout };
    (!stream.is_null()).then_some(stream)
}

/// Writes out what the streams hold back. `is_alone`: this process has no other threads; if it has, or is a copy of one that had,
/// only the `stdout` of C is written, and only if nobody has it locked.
pub(crate) fn flush(is_alone: bool) {
    // Relaxed: written where there is one thread.
    if !is_alone || IS_HAUNTED.load(Ordering::Relaxed) == 1 {
        return flush_if_free();
    }
    let _ = io::stdout().flush();
    // SAFETY: NULL means all streams.
    unsafe { libc::fflush(std::ptr::null_mut()) };
}

fn flush_if_free() {
    let Some(stream) = c_stdout() else { return };
    // SAFETY: a stream of the C library, which outlives this process's threads; unlocked by who has locked it.
    unsafe {
        if ftrylockfile(stream) == 0 {
            libc::fflush(stream);
            funlockfile(stream);
        }
    }
}

/// In a child of a process that had other threads: what its parent holds back is the parent's, and no lock of theirs is taken.
pub(crate) fn disown() {
    distrust();
    if let Some(stream) = c_stdout() {
        // SAFETY: this process has one thread. Nothing is locked, and whatever another thread was changing is emptied.
        unsafe { __fpurge(stream) };
    }
}

/// In a child that was forked nobody knows among what threads: no lock of theirs is taken.
pub(crate) fn distrust() {
    IS_HAUNTED.store(1, Ordering::Relaxed); // Relaxed: as in `flush`
}
