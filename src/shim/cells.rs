//! Cells of a ring of many: two atomic words each, and payload memory behind them.
//!
//! They lie side by side and may share lines: what counts between two CPUs is how many lines an item takes with it.
//!
//! | part of a cell | offset |
//! |---|---|
//! | control word | 0 |
//! | header | 8 |
//! | payload | 16 … the cell's end |

/// Bytes of a cell before its payload.
#[cfg(not(loom))]
pub(crate) const CELL_HEAD: usize = 16;

/// A cell's length is a multiple of this: its two words lie in one line. Bytes.
#[cfg(not(loom))]
pub(crate) const CELL_STEP: usize = 16;

/// The longest payload. Bytes.
#[cfg(not(loom))]
pub(crate) const ROOM_MAX: usize = 112;

/// Whether cells may have room for so many bytes of payload.
#[cfg(not(loom))]
pub(crate) const fn is_room(room: usize) -> bool {
    room >= CELL_STEP && room <= ROOM_MAX && room.is_multiple_of(CELL_STEP)
}

#[cfg(not(loom))]
pub(crate) use real::{At, Cells};

#[cfg(loom)]
pub(crate) use model::{At, Cells};

#[cfg(not(loom))]
mod real {
    use super::{CELL_HEAD, is_room};
    use crate::shim::AtomicU64;
    use core::marker::PhantomData;

    /// Some cells: an address, a length and a count. No reference to any byte of the payload is ever made.
    #[derive(Clone)]
    pub(crate) struct Cells {
        base: *mut u8,
        /// The length of a cell.
        bytes: usize,
        count: u32,
        room: usize,
    }

    /// One of them, found: whoever has it asks for no address twice.
    #[derive(Clone, Copy)]
    pub(crate) struct At<'c> {
        cell: *mut u8,
        room: usize,
        of: PhantomData<&'c Cells>,
    }

    // SAFETY: an address and three numbers. What several threads may do at the same time is decided by the protocol
    // above; a broken protocol, or a peer that keeps none, leads to torn payload, never outside the memory.
    #[allow(unsafe_code)]
    unsafe impl Send for Cells {}
    // SAFETY: as for Send.
    #[allow(unsafe_code)]
    unsafe impl Sync for Cells {}

    #[allow(unsafe_code)] // the only way to the cells
    impl Cells {
        /// Names `count` cells of `bytes` each at `base`. `None` if there are no cells of that length, or none at all.
        ///
        /// # Safety
        /// `base` is aligned to 64, and `count * bytes` bytes from there stay readable and writable for as long as this
        /// value or a copy of it is used. No reference to any of them may exist meanwhile, but to atomics.
        pub(crate) unsafe fn new(base: *mut u8, bytes: usize, count: u32) -> Option<Cells> {
            debug_assert!(base.addr().is_multiple_of(64));
            let room = bytes.checked_sub(CELL_HEAD).filter(|room| is_room(*room) && count > 0)?;
            Some(Cells { base, bytes, count, room })
        }

        /// How many there are; at least one.
        #[inline(always)]
        pub(crate) fn count(&self) -> u32 {
            self.count
        }

        /// How many bytes of payload a cell has room for, a multiple of 8.
        #[inline(always)]
        pub(crate) fn room(&self) -> usize {
            self.room
        }

        /// Finds a cell; `None` if there is none of that number.
        #[inline(always)]
        pub(crate) fn at(&self, index: u32) -> Option<At<'_>> {
            // In bounds of the memory that was promised to `new`; what has an `At` needs no check of the number again.
            let cell = self.base.wrapping_add(index as usize * self.bytes);
            (index < self.count).then_some(At { cell, room: self.room, of: PhantomData })
        }
    }

    #[allow(unsafe_code)] // the only way to a cell
    impl<'c> At<'c> {
        /// The control word.
        #[inline(always)]
        pub(crate) fn ctl(self) -> &'c AtomicU64 {
            // SAFETY: in bounds by `at`, aligned and alive by the promise to `new`, and no longer named than its
            // `Cells`; an atomic may be written by anybody at any time.
            unsafe { &*self.cell.cast::<AtomicU64>() }
        }

        /// The header.
        #[inline(always)]
        pub(crate) fn header(self) -> &'c AtomicU64 {
            // SAFETY: as for `ctl`; a cell has at least 32 bytes.
            unsafe { &*self.cell.wrapping_add(8).cast::<AtomicU64>() }
        }

        /// How many bytes of payload it has room for.
        #[inline(always)]
        pub(crate) fn room(self) -> usize {
            self.room
        }

        /// Copies `from` to the payload. What does not fit is a mistake of this library; it copies nothing.
        #[inline(always)]
        pub(crate) fn write(self, from: &[u8]) {
            debug_assert!(from.len() <= self.room);
            if from.len() <= self.room {
                let to = self.cell.wrapping_add(CELL_HEAD);
                // SAFETY: in bounds by the check, alive by the promise to `new`; `from` is private memory, so the two do
                // not overlap. A peer that writes here meanwhile spoils a payload.
                unsafe { core::ptr::copy_nonoverlapping(from.as_ptr(), to, from.len()) }
            }
        }

        /// Copies from the payload until `to` is full. As `write`.
        #[inline(always)]
        pub(crate) fn read(self, to: &mut [u8]) {
            debug_assert!(to.len() <= self.room);
            if to.len() <= self.room {
                let from = self.cell.wrapping_add(CELL_HEAD);
                // SAFETY: in bounds by the check, alive by the promise to `new`; `to` is private memory, so the two do
                // not overlap. A peer that writes here meanwhile may tear the copy; any bytes are valid bytes.
                unsafe { core::ptr::copy_nonoverlapping(from, to.as_mut_ptr(), to.len()) }
            }
        }
    }
}

#[cfg(loom)]
mod model {
    use crate::shim::AtomicU64;
    use loom::cell::UnsafeCell;
    use std::sync::Arc;

    struct Cell {
        ctl: AtomicU64,
        header: AtomicU64,
        payload: Vec<UnsafeCell<u64>>,
    }

    /// Some cells of a model: loom reports whoever touches a word of payload while another may.
    #[derive(Clone)]
    pub(crate) struct Cells(Arc<Vec<Cell>>);

    /// One of them.
    #[derive(Clone, Copy)]
    pub(crate) struct At<'c>(&'c Cell);

    impl Cells {
        /// `count` fresh cells with room for `words` words of 8 bytes.
        #[cfg(test)]
        pub(crate) fn zeroed(count: u32, words: usize) -> Cells {
            let cell = || Cell {
                ctl: AtomicU64::new(0),
                header: AtomicU64::new(0),
                payload: (0..words).map(|_| UnsafeCell::new(0)).collect(),
            };
            Cells(Arc::new((0..count).map(|_| cell()).collect()))
        }

        /// How many there are.
        pub(crate) fn count(&self) -> u32 {
            self.0.len() as u32
        }

        /// How many bytes of payload a cell has room for.
        pub(crate) fn room(&self) -> usize {
            self.0[0].payload.len() * 8
        }

        /// Finds a cell.
        pub(crate) fn at(&self, index: u32) -> Option<At<'_>> {
            self.0.get(index as usize).map(At)
        }
    }

    #[allow(unsafe_code)] // the closures of loom's cells hand out raw pointers
    impl<'c> At<'c> {
        /// The control word.
        pub(crate) fn ctl(self) -> &'c AtomicU64 {
            &self.0.ctl
        }

        /// The header.
        pub(crate) fn header(self) -> &'c AtomicU64 {
            &self.0.header
        }

        /// How many bytes of payload it has room for.
        pub(crate) fn room(self) -> usize {
            self.0.payload.len() * 8
        }

        /// Copies `from` to the payload.
        pub(crate) fn write(self, from: &[u8]) {
            for (part, to) in from.chunks(8).zip(&self.0.payload) {
                let mut word = [0; 8];
                word[..part.len()].copy_from_slice(part);
                // SAFETY: the pointer is that of a live cell; loom fails the model if anybody else touches it meanwhile.
                to.with_mut(|to| unsafe { *to = u64::from_ne_bytes(word) });
            }
        }

        /// Copies from the payload until `to` is full.
        pub(crate) fn read(self, to: &mut [u8]) {
            for (part, from) in to.chunks_mut(8).zip(&self.0.payload) {
                // SAFETY: the pointer is that of a live cell; loom fails the model if anybody writes it meanwhile.
                let word = from.with(|from| unsafe { *from });
                part.copy_from_slice(&word.to_ne_bytes()[..part.len()]);
            }
        }
    }
}
