//! The processor's own atomics.

#![allow(clippy::disallowed_types)] // this is the one place that may name them

pub(crate) use core::sync::atomic::{
    AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, compiler_fence, fence,
};

pub(crate) use crate::os::futex::{sleep, sleep_first, wake};

/// The fence between a read-modify-write that changed something and a look whether somebody sleeps. The change itself
/// is such a fence on x86-64.
#[inline(always)]
pub(crate) fn rmw_fence(order: Ordering) {
    if cfg!(target_arch = "x86_64") { compiler_fence(order) } else { fence(order) }
}

/// What is written above is written before what is written below, for those who look when the thread has been killed
/// in between: the processor retires stores in order, the compiler is told so here.
#[inline(always)]
pub(crate) fn step() {
    compiler_fence(Ordering::SeqCst);
}

/// Tells the processor that this is a polling loop.
#[inline(always)]
pub(crate) fn pause() {
    core::hint::spin_loop();
}

/// Offers the CPU to whoever may be waiting for it.
pub(crate) fn yield_now() {
    std::thread::yield_now();
}

/// Up to this length payload moves in aligned words, without a call: no move crosses a cache line.
const SHORT: usize = 64;

/// Payload memory that a peer may write at any time: an address and a length, and no reference to any byte of it.
///
/// Every access is checked against the length, so that no offset computed from a peer's words leaves the memory. An
/// access that does not fit is a mistake of this library; it copies nothing.
#[derive(Clone)]
pub(crate) struct Bytes {
    base: *mut u8,
    len: usize,
    /// Takes any position to the offset of a word within the largest power of two that fits.
    word_mask: usize,
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
    /// `base` is aligned to 8, and `len` bytes from there, or 8 if that is more, stay readable and writable for as long as this value or a
    /// copy of it is used. No reference to any of them may exist meanwhile.
    pub(crate) unsafe fn new(base: *mut u8, len: usize) -> Bytes {
        debug_assert!(base.addr().is_multiple_of(8));
        let round = 1_usize << len.max(8).ilog2();
        Bytes { base, len, word_mask: round - 8 }
    }

    /// How many bytes there are.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    fn holds(&self, at: usize, len: usize) -> bool {
        let fits = len <= self.len && at <= self.len - len;
        debug_assert!(fits, "{len} bytes at {at} leave the {} of this memory", self.len);
        fits
    }

    /// Copies `from` to offset `at`.
    #[inline(always)]
    pub(crate) fn copy_in(&self, at: usize, from: &[u8]) {
        if self.holds(at, from.len()) {
            // SAFETY: in bounds by the check, alive by the promise to `new`; `from` is private memory, so the two do
            // not overlap. A peer that writes here meanwhile breaks nobody's payload but its own ring's.
            unsafe { core::ptr::copy_nonoverlapping(from.as_ptr(), self.base.add(at), from.len()) }
        }
    }

    /// Copies `from` to the word at `position`, and may write zeros up to the next multiple of 8.
    #[inline(always)]
    pub(crate) fn words_in(&self, position: u64, from: &[u8]) {
        let at = self.word_offset(position);
        if from.len() > SHORT || from.len() > (self.len & !7) - at {
            return self.copy_in(at, from);
        }
        let (words, rest) = from.as_chunks();
        let mut to = self.base.wrapping_add(at).cast::<u64>();
        for word in words {
            // SAFETY: one of the words checked above, aligned and alive by the promise to `new`. A peer that writes
            // here meanwhile spoils a payload.
            unsafe { to.write_volatile(u64::from_ne_bytes(*word)) };
            to = to.wrapping_add(1);
        }
        if !rest.is_empty() {
            // SAFETY: as above; the check covered the whole of the last word.
            unsafe { to.write_volatile(short_word(rest)) };
        }
    }

    /// Copies from the word at `position` until `to` is full, and may read up to the next multiple of 8.
    #[inline(always)]
    pub(crate) fn words_out(&self, position: u64, to: &mut [u8]) {
        let at = self.word_offset(position);
        if to.len() > SHORT || to.len() > (self.len & !7) - at {
            return self.copy_out(at, to);
        }
        let (words, rest) = to.as_chunks_mut();
        let mut from = self.base.wrapping_add(at).cast::<u64>().cast_const();
        for word in words {
            // SAFETY: one of the words checked above, aligned and alive by the promise to `new`. A peer that writes
            // here meanwhile may tear the payload; any bytes are valid bytes.
            *word = unsafe { from.read_volatile() }.to_ne_bytes();
            from = from.wrapping_add(1);
        }
        if !rest.is_empty() {
            // SAFETY: as above; the check covered the whole of the last word.
            let last = unsafe { from.read_volatile() }.to_ne_bytes();
            rest.iter_mut().zip(last).for_each(|(to, byte)| *to = byte);
        }
    }

    /// Copies from offset `at` until `to` is full.
    #[inline(always)]
    pub(crate) fn copy_out(&self, at: usize, to: &mut [u8]) {
        if self.holds(at, to.len()) {
            // SAFETY: in bounds by the check, alive by the promise to `new`; `to` is private memory, so the two do
            // not overlap. A peer that writes here meanwhile may tear the copy; any bytes are valid bytes.
            unsafe { core::ptr::copy_nonoverlapping(self.base.add(at), to.as_mut_ptr(), to.len()) }
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
            unsafe {
                core::ptr::copy_nonoverlapping(self.base.add(at), (&raw mut value).cast(), size_of::<T>())
            }
        }
        value
    }

    /// Where the word of a position lies. Positions go round the largest power of two that fits, so that every one of
    /// them lies inside.
    #[inline(always)]
    fn word_offset(&self, position: u64) -> usize {
        position as usize & self.word_mask
    }

    /// Reads the word at `position`, exactly once: what is checked is what is used.
    #[inline(always)]
    pub(crate) fn word(&self, position: u64) -> u64 {
        // SAFETY: in bounds by the mask, alive and aligned by the promise to `new`. Volatile, so that the compiler
        // never reads it a second time, when a hostile peer may have changed it.
        unsafe { self.base.add(self.word_offset(position)).cast::<u64>().read_volatile() }
    }

    /// Writes the word at `position`.
    #[inline(always)]
    pub(crate) fn set_word(&self, position: u64, word: u64) {
        // SAFETY: in bounds by the mask, alive and aligned by the promise to `new`.
        unsafe { self.base.add(self.word_offset(position)).cast::<u64>().write_volatile(word) }
    }

    /// The address of `len` bytes at offset `at`, null if they do not fit. Whoever reads or writes through it must
    /// expect that a peer does so too.
    #[inline]
    pub(crate) fn address(&self, at: usize, len: usize) -> *mut u8 {
        if self.holds(at, len) { self.base.wrapping_add(at) } else { core::ptr::null_mut() }
    }
}

/// Copies from words that somebody may be writing, until `to` is full; nothing if there are not so many. Whether what
/// was read belongs together, the caller must find out before he looks at it: fences keep it before or behind other
/// accesses.
#[inline(always)]
#[allow(unsafe_code)]
pub(crate) fn racing_out(words: &[AtomicU64], to: &mut [u8]) {
    if to.len() <= size_of_val(words) {
        // SAFETY: in bounds by the check; the words are atomics, which others may write, and `to` is private. A copy
        // that races with a writer may be torn; any bytes are valid bytes, and the caller throws them away.
        unsafe { core::ptr::copy_nonoverlapping(words.as_ptr().cast(), to.as_mut_ptr(), to.len()) }
    }
}

/// Copies to words that somebody may be reading; nothing if there are not so many. As [`racing_out`].
#[inline(always)]
#[allow(unsafe_code)]
pub(crate) fn racing_in(words: &[AtomicU64], from: &[u8]) {
    if from.len() <= size_of_val(words) {
        // SAFETY: in bounds by the check; the words are atomics, so that they may be written through a shared
        // reference, and `from` is private. A reader that races with this throws away what it has read.
        unsafe {
            core::ptr::copy_nonoverlapping(from.as_ptr(), words.as_ptr().cast::<u8>().cast_mut(), from.len())
        }
    }
}

/// At most 8 bytes as a word, the rest of it zero.
#[inline]
fn short_word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.iter_mut().zip(bytes).for_each(|(to, byte)| *to = *byte);
    u64::from_ne_bytes(word)
}
