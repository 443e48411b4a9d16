//! The processor's own atomics.

#![allow(clippy::disallowed_types)] // this is the one place that may name them

pub(crate) use core::sync::atomic::{
    AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, compiler_fence, fence,
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

/// Payload memory that a peer may write at any time: an address and a length, and no reference to any byte of it.
///
/// Every access is checked against the length, so that no offset computed from a peer's words leaves the memory. An
/// access that does not fit is a mistake of this library; it copies nothing.
#[derive(Clone, Copy)]
pub(crate) struct Bytes {
    base: *mut u8,
    len: usize,
}

// SAFETY: an address and a length. What several threads may do at the same time is decided by the protocols above;
// a broken protocol, or a peer that keeps none, leads to torn payload, never outside the memory.
#[allow(unsafe_code)]
unsafe impl Send for Bytes {}
// SAFETY: as for Send.
#[allow(unsafe_code)]
unsafe impl Sync for Bytes {}

#[allow(unsafe_code)] // the only copies into and out of shared payload memory
impl Bytes {
    /// Names `len` bytes at `base`.
    ///
    /// # Safety
    /// `base` is aligned to 8, and `len` bytes from there stay readable and writable for as long as this value or a
    /// copy of it is used. No reference to any of them may exist meanwhile.
    pub(crate) unsafe fn new(base: *mut u8, len: usize) -> Bytes {
        debug_assert!(base.addr().is_multiple_of(8));
        Bytes { base, len }
    }

    /// How many bytes there are.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    fn holds(&self, at: usize, len: usize) -> bool {
        let fits = at <= self.len && len <= self.len - at;
        debug_assert!(fits, "{len} bytes at {at} leave the {} of this memory", self.len);
        fits
    }

    /// Copies `from` to offset `at`.
    #[inline(always)]
    pub(crate) fn copy_in(&self, at: usize, from: &[u8]) {
        if self.holds(at, from.len()) {
            // SAFETY: in bounds by the check, alive by the promise to `new`; `from` is private memory, so the two do
            // not overlap. A peer that writes here meanwhile breaks nobody's payload but its own ring's.
            unsafe { copy(from.as_ptr(), self.base.add(at), from.len()) }
        }
    }

    /// Copies from offset `at` until `to` is full.
    #[inline(always)]
    pub(crate) fn copy_out(&self, at: usize, to: &mut [u8]) {
        if self.holds(at, to.len()) {
            // SAFETY: in bounds by the check, alive by the promise to `new`; `to` is private memory, so the two do
            // not overlap. A peer that writes here meanwhile may tear the copy; any bytes are valid bytes.
            unsafe { copy(self.base.add(at), to.as_mut_ptr(), to.len()) }
        }
    }

    /// Writes one value at offset `at`, by moves of its size.
    #[inline(always)]
    pub(crate) fn put<T: bytemuck::NoUninit>(&self, at: usize, value: &T) {
        self.copy_in(at, bytemuck::bytes_of(value));
    }

    /// Reads one value from offset `at`, by moves of its size.
    #[inline(always)]
    pub(crate) fn get<T: bytemuck::AnyBitPattern>(&self, at: usize) -> T {
        let mut value = T::zeroed();
        if self.holds(at, size_of::<T>()) {
            // SAFETY: in bounds by the check, alive by the promise to `new`; `value` is private and of that size.
            // A peer that writes here meanwhile may tear the copy; T allows any bits.
            unsafe { copy(self.base.add(at), (&raw mut value).cast(), size_of::<T>()) }
        }
        value
    }

    /// Reads the 8-aligned word at offset `at`, exactly once: what is checked is what is used.
    #[inline(always)]
    pub(crate) fn word(&self, at: usize) -> u64 {
        let at = at & !7;
        if !self.holds(at, 8) {
            return 0;
        }
        // SAFETY: in bounds by the check, alive and aligned by the promise to `new`. Volatile, so that the compiler
        // never reads it a second time, when a hostile peer may have changed it.
        unsafe { self.base.add(at).cast::<u64>().read_volatile() }
    }

    /// Writes the 8-aligned word at offset `at`.
    #[inline(always)]
    pub(crate) fn set_word(&self, at: usize, word: u64) {
        let at = at & !7;
        if self.holds(at, 8) {
            // SAFETY: in bounds by the check, alive and aligned by the promise to `new`.
            unsafe { self.base.add(at).cast::<u64>().write(word) }
        }
    }

    /// The address of `len` bytes at offset `at`, null if they do not fit. Whoever reads or writes through it must
    /// expect that a peer does so too.
    #[inline]
    pub(crate) fn address(&self, at: usize, len: usize) -> *mut u8 {
        if self.holds(at, len) { self.base.wrapping_add(at) } else { core::ptr::null_mut() }
    }
}

/// The one copy. Lengths that messages often have are moved by a few loads and stores, without a call; where a length
/// is no multiple of the move, the last move overlaps the one before.
///
/// # Safety
/// `len` bytes are readable at `from` and writable at `to`, and the two do not overlap.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: every move below lies within the first `len` bytes of both sides, which the caller vouches for.
    unsafe {
        match len {
            8..=15 => {
                move_at::<8>(from, to, 0);
                move_at::<8>(from, to, len - 8);
            }
            16..=32 => {
                move_at::<16>(from, to, 0);
                move_at::<16>(from, to, len - 16);
            }
            33..=64 => {
                move_at::<16>(from, to, 0);
                move_at::<16>(from, to, 16);
                move_at::<16>(from, to, len - 32);
                move_at::<16>(from, to, len - 16);
            }
            _ => core::ptr::copy_nonoverlapping(from, to, len),
        }
    }
}

/// # Safety
/// As for `copy`, with the `N` bytes from offset `at` on.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn move_at<const N: usize>(from: *const u8, to: *mut u8, at: usize) {
    // SAFETY: the caller's promise; a constant length becomes a plain move.
    unsafe { core::ptr::copy_nonoverlapping(from.add(at), to.add(at), N) }
}
