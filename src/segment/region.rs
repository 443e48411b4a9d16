//! The mapped bytes of a yard, and the only way from an offset to a reference.
#![allow(unsafe_code)] // offsets become references here

use crate::error::{Error, ErrorKind, Result};
use crate::os::map::Mapping;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;

/// A type that is made of atomics only, so that any bit pattern is a value of it and a peer may write it any time.
///
/// # Safety
/// `repr(C)` or `repr(transparent)`, every field is an atomic or again `Shared`, and all zeros is a fresh value.
pub(crate) unsafe trait Shared {}

// SAFETY: an atomic is valid for every bit pattern.
unsafe impl Shared for crate::shim::AtomicU32 {}
// SAFETY: as above.
unsafe impl Shared for crate::shim::AtomicU64 {}

/// The bytes of one yard.
pub(crate) struct Region(Mapping);

// SAFETY: the mapping lives as long as the region; all access goes through atomics or raw copies.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

impl Region {
    pub(crate) fn map(fd: BorrowedFd<'_>, len: usize) -> Result<Region> {
        Mapping::new(fd, len).map(Region)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The bytes from `offset` on, `len` of them.
    pub(crate) fn bytes(&self, offset: u64, len: u64) -> Result<NonNull<u8>> {
        let end = offset.checked_add(len).filter(|&end| end <= self.len() as u64);
        if end.is_none() {
            return Err(Error::with(
                ErrorKind::Corrupt,
                format!("{len} bytes at {offset} of {}", self.len()),
            ));
        }
        // SAFETY: `offset` lies inside the mapping (checked), so the result is in bounds and not null.
        Ok(unsafe { self.0.base().add(offset as usize) })
    }

    /// The offset of something inside; 0 for what is not.
    pub(crate) fn offset_of<T>(&self, inside: &T) -> u64 {
        let offset = (&raw const *inside).addr().wrapping_sub(self.0.base().as_ptr().addr());
        if offset < self.len() { offset as u64 } else { 0 }
    }

    /// The offset of an address in the segment; 0 if it is not inside.
    pub(crate) fn offset_of_address(&self, address: usize) -> u64 {
        let offset = address.wrapping_sub(self.0.base().as_ptr().addr());
        if offset < self.len() { offset as u64 } else { 0 }
    }

    /// Where an offset lies in this process.
    pub(crate) fn address_of(&self, offset: u64) -> usize {
        self.0.base().as_ptr().addr().wrapping_add(offset as usize)
    }

    /// The control words of type `T` at `offset`.
    pub(crate) fn at<T: Shared>(&self, offset: u64) -> Result<&T> {
        let p = self.bytes(offset, size_of::<T>() as u64)?.cast::<T>();
        if !p.is_aligned() {
            return Err(Error::with(ErrorKind::Corrupt, format!("offset {offset} is not aligned")));
        }
        // SAFETY: in bounds and aligned (checked); lives as long as the region; `T` is atomics only, so that no
        // peer's store breaks a rule. A file that its owner truncates raises SIGBUS: only sealed yards exclude it.
        Ok(unsafe { p.as_ref() })
    }

    /// `count` neighbours of type `T` from `offset` on.
    pub(crate) fn table<T: Shared>(&self, offset: u64, count: u32) -> Result<&[T]> {
        let len = (size_of::<T>() as u64).saturating_mul(u64::from(count));
        let p = self.bytes(offset, len)?.cast::<T>();
        if !p.is_aligned() {
            return Err(Error::with(ErrorKind::Corrupt, format!("offset {offset} is not aligned")));
        }
        // SAFETY: as in `at`, for the whole length.
        Ok(unsafe { std::slice::from_raw_parts(p.as_ptr(), count as usize) })
    }
}
