//! A struct in shared memory: a line with the control words, then two copies of whole lines each.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::sync::snapshot::Head;
use static_assertions::const_assert;

/// The largest struct, in bytes.
pub(crate) const SIZE_MAX: usize = 4096;
/// The largest alignment.
pub(crate) const ALIGN_MAX: usize = 64;
/// Where the first copy lies. Copies begin and end with a line.
pub(crate) const COPIES_AT: u64 = 64;

const_assert!(size_of::<Head>() as u64 <= COPIES_AT);

/// Size and alignment of a struct, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    size: u32,
    alignment: u32,
}

impl Shape {
    /// `Size` if there is no such struct: 1 to 4096 bytes, a multiple of the alignment, which is a power of two up
    /// to 64.
    pub(crate) fn new(size: usize, alignment: usize) -> Result<Shape> {
        let aligned = alignment.is_power_of_two() && alignment <= ALIGN_MAX && size.is_multiple_of(alignment);
        if !aligned || !(1..=SIZE_MAX).contains(&size) {
            return Err(Error::with(
                ErrorKind::Size,
                format!("a struct of {size} bytes aligned to {alignment}"),
            ));
        }
        Ok(Shape { size: size as u32, alignment: alignment as u32 })
    }

    /// From numbers that a peer may have written.
    pub(crate) fn read(size: u64, alignment: u64) -> Result<Shape> {
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        Shape::new(number(size), number(alignment))
            .map_err(|e| Error::with(ErrorKind::Corrupt, e.detail().unwrap_or_default()))
    }

    /// Bytes of the value.
    #[inline(always)]
    pub(crate) fn size(self) -> usize {
        self.size as usize
    }

    /// What its address is a multiple of.
    pub(crate) fn alignment(self) -> usize {
        self.alignment as usize
    }

    /// Bytes of one copy: whole lines.
    #[inline(always)]
    pub(crate) fn copy_bytes(self) -> u64 {
        u64::from(self.size).next_multiple_of(COPIES_AT)
    }

    /// Bytes of the whole: control words and both copies.
    #[inline(always)]
    pub(crate) fn body_bytes(self) -> u64 {
        COPIES_AT + 2 * self.copy_bytes()
    }

    /// `Ok` if a value of so many bytes is one of these.
    pub(crate) fn takes(self, size: usize) -> Result<()> {
        if size == self.size() {
            return Ok(());
        }
        Err(Error::with(ErrorKind::Size, format!("{size} bytes for a struct of {}", self.size)))
    }

    /// `Ok` if both are the same; else `Mismatch`, naming both.
    pub(crate) fn agrees(self, name: &str, wanted: Shape) -> Result<()> {
        if self == wanted {
            return Ok(());
        }
        Err(Error::with(ErrorKind::Mismatch, format!("{name:?} has {self}, not {wanted}")))
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes aligned to {}", self.size, self.alignment)
    }
}
