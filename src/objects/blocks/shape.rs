//! Which classes of blocks there are, and where each block lies.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::blocks::layout::{Body, CLASSES_MAX, RECORD_BYTES, RECORDS_AT};
use crate::segment::bits::BLOCKS_MAX;
use crate::segment::geometry::LINE_BYTES;
use crate::shim::Ordering;
use std::fmt;
use std::ops::Range;

/// Sizes are rounded up to a multiple of this, so that no two blocks share a cache line.
const GRAIN: u64 = 64;
/// The largest size of a block.
const SIZE_MAX: u64 = 1 << 40;
/// The smallest class of the default ladder.
const LADDER_MIN: u64 = 128;
/// The largest one.
const LADDER_MAX: u64 = 1 << 20;
/// So many blocks the largest class of a ladder has at least: runs are made of them.
const LARGEST_MIN: u64 = 8;

/// Blocks of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockClass {
    /// Bytes of a block: 1 to 1 TiB, rounded up to a multiple of 64.
    pub size: usize,
    /// How many blocks of that size: 1 and more.
    pub count: u32,
}

/// What blocks are made as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlocksOptions {
    /// Bytes for blocks, if `classes` is empty: half of them go to the largest class, of which long requests take
    /// several blocks side by side, the rest in equal parts to classes of 128 bytes, 256, and so on. At least 2048.
    pub bytes: u64,
    /// At most 16 classes, of different sizes, in any order; altogether at most 4194304 blocks.
    pub classes: Vec<BlockClass>,
}

impl Default for BlocksOptions {
    fn default() -> BlocksOptions {
        BlocksOptions { bytes: 256 << 10, classes: Vec::new() }
    }
}

/// One class, where it lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Class {
    pub(crate) size: u64,
    pub(crate) count: u32,
    /// The number of its first block.
    pub(crate) first: u32,
    /// Where its first block lies, from the first block of all.
    at: u64,
}

impl Class {
    /// The numbers of its blocks.
    pub(crate) fn range(self) -> Range<usize> {
        self.first as usize..(self.first + self.count) as usize
    }
}

/// The classes of one object, the smallest first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    classes: [Class; CLASSES_MAX],
    len: usize,
    /// Where the first block lies, from the object's start.
    blocks_at: u64,
    /// Bytes of the object.
    bytes: u64,
}

fn size_error(what: String) -> Error {
    Error::with(ErrorKind::Size, what)
}

impl Shape {
    /// What these options ask for. Errors: `Range` (no class or too many, no or too many blocks), `Size`.
    pub(crate) fn of(options: &BlocksOptions) -> Result<Shape> {
        let ladder = if options.classes.is_empty() { ladder(options.bytes)? } else { Vec::new() };
        let classes = if ladder.is_empty() { &options.classes } else { &ladder };
        Shape::new(classes.iter().map(|class| (class.size as u64, class.count)))
    }

    /// The shape that the maker wrote down. `Corrupt` if it is none, or does not fit the bytes there are.
    pub(crate) fn read(body: &Body, bytes: u64) -> Result<Shape> {
        // Relaxed: written before the object became visible; read once, and checked.
        let len = (body.len.load(Ordering::Relaxed) as usize).min(CLASSES_MAX);
        let class = |i: usize| {
            (body.classes[i].size.load(Ordering::Relaxed), body.classes[i].count.load(Ordering::Relaxed))
        };
        let corrupt = |what: String| Error::with(ErrorKind::Corrupt, what);
        let shape =
            Shape::new((0..len).map(class)).map_err(|e| corrupt(format!("classes of blocks: {e}")))?;
        if shape.bytes > bytes {
            return Err(corrupt(format!("blocks of {} bytes in {bytes}", shape.bytes)));
        }
        Ok(shape)
    }

    /// Writes the shape down, for who opens the object later.
    pub(crate) fn write(&self, body: &Body) {
        // Relaxed: the object is not visible yet.
        for (to, class) in body.classes.iter().zip(self.classes()) {
            to.size.store(class.size, Ordering::Relaxed);
            to.count.store(class.count, Ordering::Relaxed);
        }
        body.len.store(self.len as u32, Ordering::Relaxed);
    }

    fn new(asked: impl Iterator<Item = (u64, u32)>) -> Result<Shape> {
        let mut sizes: Vec<(u64, u32)> = Vec::new();
        for (size, count) in asked {
            if !(1..=SIZE_MAX).contains(&size) {
                return Err(size_error(format!("blocks of {size} bytes")));
            }
            sizes.push((size.next_multiple_of(GRAIN), count));
        }
        sizes.sort_unstable();
        let twice = sizes.windows(2).find(|two| two[0].0 == two[1].0);
        if let Some(two) = twice {
            return Err(size_error(format!("two classes of {} bytes", two[0].0)));
        }
        let blocks: u64 = sizes.iter().map(|(_, count)| u64::from(*count)).sum();
        let none = sizes.iter().any(|(_, count)| *count == 0);
        if sizes.is_empty() || sizes.len() > CLASSES_MAX || none || blocks > u64::from(BLOCKS_MAX) {
            let detail = format!("{} classes with {blocks} blocks", sizes.len());
            return Err(Error::with(ErrorKind::Range, detail));
        }
        Shape::lay_out(&sizes, blocks)
    }

    fn lay_out(sizes: &[(u64, u32)], blocks: u64) -> Result<Shape> {
        let blocks_at = (RECORDS_AT + blocks * RECORD_BYTES).next_multiple_of(LINE_BYTES);
        let classes = [Class::default(); CLASSES_MAX];
        let mut shape = Shape { classes, len: sizes.len(), blocks_at, bytes: 0 };
        let (mut first, mut end) = (0, blocks_at);
        for (to, (size, count)) in shape.classes.iter_mut().zip(sizes) {
            let at = end.next_multiple_of(LINE_BYTES);
            *to = Class { size: *size, count: *count, first, at: at - blocks_at };
            first += count;
            end = size
                .checked_mul(u64::from(*count))
                .and_then(|bytes| at.checked_add(bytes))
                .filter(|end| isize::try_from(*end).is_ok())
                .ok_or_else(|| size_error(format!("{count} blocks of {size} bytes")))?;
        }
        shape.bytes = end;
        Ok(shape)
    }

    /// The classes, the smallest first.
    #[inline]
    pub(crate) fn classes(&self) -> &[Class] {
        self.classes.get(..self.len).unwrap_or(&[])
    }

    /// Bytes of the whole object.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where the first block lies, from the object's start.
    pub(crate) fn blocks_at(&self) -> u64 {
        self.blocks_at
    }

    /// How many blocks there are.
    pub(crate) fn blocks(&self) -> u32 {
        self.largest().first + self.largest().count
    }

    /// The smallest class whose blocks are that long.
    #[inline]
    pub(crate) fn fit(&self, len: usize) -> Option<usize> {
        self.classes().iter().position(|class| class.size >= len as u64)
    }

    /// The class that runs are made of.
    pub(crate) fn largest(&self) -> Class {
        self.classes().last().copied().unwrap_or_default()
    }

    /// The longest request there can be room for, in bytes.
    pub(crate) fn longest(&self) -> u64 {
        self.largest().size * u64::from(self.largest().count)
    }

    /// The class of the block of that number.
    #[inline]
    pub(crate) fn class_of(&self, number: usize) -> Option<usize> {
        self.classes().iter().position(|class| class.range().contains(&number))
    }

    /// Where a block lies, from the first block of all, and how many bytes it has with the others of its run.
    #[inline]
    pub(crate) fn place(&self, number: usize, run: u64) -> Option<(u64, u64)> {
        let class = self.classes()[self.class_of(number)?];
        let index = number as u64 - u64::from(class.first);
        let left = u64::from(class.count) - index;
        Some((class.at + index * class.size, class.size * run.clamp(1, left)))
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.classes().iter().map(|class| (class.size, class.count))).finish()
    }
}

/// Classes of powers of two for so many bytes.
fn ladder(bytes: u64) -> Result<Vec<BlockClass>> {
    let half = bytes / 2;
    let top = (half / LARGEST_MIN).clamp(1, LADDER_MAX);
    let top = 1 << top.ilog2();
    if top < LADDER_MIN {
        return Err(size_error(format!("{bytes} bytes for blocks")));
    }
    let smaller = (LADDER_MIN.ilog2()..top.ilog2()).map(|bits| 1u64 << bits);
    let part = half / smaller.clone().count().max(1) as u64;
    let class = |size: u64, bytes: u64| {
        let count = u32::try_from(bytes / size).unwrap_or(u32::MAX);
        BlockClass { size: size as usize, count: count.max(1) }
    };
    Ok(smaller.map(|size| class(size, part)).chain([class(top, half)]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(list: &[(usize, u32)]) -> BlocksOptions {
        let class = |&(size, count): &(usize, u32)| BlockClass { size, count };
        BlocksOptions { bytes: 0, classes: list.iter().map(class).collect() }
    }

    fn kind(options: &BlocksOptions) -> Option<ErrorKind> {
        Shape::of(options).err().map(|e| e.kind())
    }

    #[test]
    fn blocks_of_all_classes_lie_side_by_side_and_nowhere_twice() {
        let shape = Shape::of(&classes(&[(1000, 3), (1, 5), (100, 2)])).unwrap();
        let sizes: Vec<_> = shape.classes().iter().map(|c| (c.size, c.count)).collect();
        assert_eq!(sizes, [(64, 5), (128, 2), (1024, 3)]);
        assert_eq!((shape.blocks(), shape.longest()), (10, 3072));
        let mut end = 0;
        for number in 0..10 {
            let (at, len) = shape.place(number, 1).unwrap();
            assert!(at >= end && at % 64 == 0, "{number}");
            end = at + len;
        }
        assert_eq!(shape.blocks_at() + end, shape.bytes());
        assert!(shape.blocks_at() >= RECORDS_AT + 10 * RECORD_BYTES);
        assert_eq!(shape.place(8, 2), Some((end - 2048, 2048)));
        assert_eq!(shape.place(8, u64::MAX), Some((end - 2048, 2048)), "a run ends with its class");
        assert_eq!(shape.place(10, 1), None);
        assert_eq!(
            [0, 64, 65, 1024, 1025].map(|len| shape.fit(len)),
            [Some(0), Some(0), Some(1), Some(2), None]
        );
    }

    #[test]
    fn impossible_classes_are_refused() {
        for (asked, why) in [
            (vec![(0, 1)], ErrorKind::Size),
            (vec![(64, 0)], ErrorKind::Range),
            (vec![(1, 1), (64, 1)], ErrorKind::Size),
            (vec![(usize::MAX, 1)], ErrorKind::Size),
            (vec![(1 << 40, u32::MAX)], ErrorKind::Range),
            (vec![(64, BLOCKS_MAX), (128, 1)], ErrorKind::Range),
            ((1..=17).map(|i| (i * 64, 1)).collect(), ErrorKind::Range),
        ] {
            assert_eq!(kind(&classes(&asked)), Some(why), "{asked:?}");
        }
        assert!(Shape::of(&classes(&[(64, BLOCKS_MAX)])).is_ok());
    }

    #[test]
    fn a_ladder_uses_what_it_is_given_and_no_more() {
        assert_eq!(kind(&BlocksOptions { bytes: 2047, classes: Vec::new() }), Some(ErrorKind::Size));
        for bytes in [2048, 10_000, 256 << 10, 1 << 20, 1 << 30] {
            let shape = Shape::of(&BlocksOptions { bytes, classes: Vec::new() }).unwrap();
            let used: u64 = shape.classes().iter().map(|c| c.size * u64::from(c.count)).sum();
            assert!(used <= bytes && used >= bytes / 2, "{used} of {bytes}: {shape:?}");
            assert!(u64::from(shape.largest().count) >= LARGEST_MIN, "{shape:?}");
        }
    }
}
