//! Why the program ends early, and with which exit code.

use nix::sys::signal::{SigHandler, Signal, signal};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is said on standard error, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    text: String,
}

/// An input could not be read, or the command line makes no sense.
pub(crate) const BAD_INPUT: u8 = 2;

impl Failure {
    pub(crate) fn new(code: u8, text: impl Into<String>) -> Failure {
        Failure { code, text: text.into() }
    }

    pub(crate) fn other(text: impl Into<String>) -> Failure {
        Failure::new(1, text)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<courtyard::Error> for Failure {
    fn from(error: courtyard::Error) -> Failure {
        Failure::other(error.to_string())
    }
}

impl From<nix::Error> for Failure {
    fn from(error: nix::Error) -> Failure {
        Failure::other(error.desc())
    }
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From here on an interrupt from the keyboard, or a polite request to end, lets the program tidy up first.
pub(crate) fn catch_signals() -> Result<(), Failure> {
    for which in [Signal::SIGINT, Signal::SIGTERM] {
        // SAFETY: the handler stores to an atomic and does nothing else.
        unsafe { signal(which, SigHandler::Handler(interrupt)) }?;
    }
    Ok(())
}

extern "C" fn interrupt(_signal: i32) {
    INTERRUPTED.store(true, Ordering::Relaxed);
}

/// Fails if the user wants the program to end.
pub(crate) fn check_interrupt() -> Result<(), Failure> {
    if INTERRUPTED.load(Ordering::Relaxed) { Err(Failure::new(130, "interrupted")) } else { Ok(()) }
}
