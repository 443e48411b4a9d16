//! The seam to the memory model: the same names over the processor's atomics and over loom's.
//!
//! * what lives here: atomics, fences, spinning, payload memory, and the futex as the protocols see it
//! * who calls it: every room that touches a shared word
//! * what it may call: core atomics and `os::futex`, or loom
//! * the invariant: protocol code reaches shared memory through this module only
//! * where it is tested: by everything; the model's kernel has tests of its own

#[cfg(not(loom))]
mod real;
#[cfg(not(loom))]
pub(crate) use real::*;

#[cfg(loom)]
mod model;
#[cfg(loom)]
pub(crate) use model::*;

pub(crate) mod cells;
#[cfg(all(test, loom))]
mod loom_judge;
pub(crate) mod words;
pub(crate) use words::words;

/// One word to sleep on and the value it must still have when the kernel puts the caller to sleep.
#[derive(Clone, Copy)]
pub(crate) struct Watch<'a> {
    /// The futex word.
    pub(crate) word: &'a AtomicU32,
    /// The value that was seen in it.
    pub(crate) value: u32,
}

impl Watch<'_> {
    /// Whether the word says something else by now. Relaxed: whoever acts on that looks for himself.
    pub(crate) fn has_changed(&self) -> bool {
        self.word.load(Ordering::Relaxed) != self.value
    }
}

/// Why a sleep ended. None of them says that the awaited condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// Somebody woke one of the words, or one had changed already, or for no reason at all.
    Woken,
    /// The deadline given to this sleep has passed.
    TimedOut,
    /// A signal handler ran.
    Interrupted,
}
