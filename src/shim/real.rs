//! The processor's own atomics.

#![allow(clippy::disallowed_types)] // this is the one place that may name them

pub(crate) use core::sync::atomic::{
    AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, compiler_fence, fence,
};

pub(crate) use crate::os::futex::{sleep, sleep_first, wake};

/// Tells the processor that this is a polling loop.
#[inline(always)]
pub(crate) fn pause() {
    core::hint::spin_loop();
}

/// Offers the CPU to whoever may be waiting for it.
pub(crate) fn yield_now() {
    std::thread::yield_now();
}
