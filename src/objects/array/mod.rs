//! Numbers of one type, or structs of one size, side by side.

mod any;
pub(crate) mod layout;
mod structs;
#[cfg(test)]
mod tests;

pub(crate) use any::{AnyArray, Asked};
pub(crate) use structs::AnyStructArray;
pub use structs::StructArray;

use crate::error::Result;
use crate::objects::directory::How;
use crate::objects::rlock::{self, RLock};
use crate::objects::structs::recover_at;
use crate::objects::value::scalar::Integer;
use crate::objects::value::{Cell, Op, Scalar};
use crate::objects::yard::Yard;
use crate::presence::attachment::{Attachment, Who};
use crate::segment::directory::Record;
use any::outside;
use layout::{Element, Form};
use std::marker::PhantomData;
use std::ops::{Bound, Range, RangeBounds};

/// What an array is made as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ArrayOptions {
    /// The array has a lock of its own: see [`Array::lock`].
    pub lock: bool,
}

/// A shared array of numbers of one type. Fresh elements are 0 (`false`, `'\0'`).
///
/// Each element is what a [`crate::Value`] is: one atomic of its own width, never torn, never waiting. An access costs
/// a comparison of the index more than a bare atomic. Slices are copied element by element, each of them atomically,
/// not the slice as a whole: somebody else's stores may lie between two elements.
///
/// Python's type codes for `multiprocessing.Array` are these types:
///
/// | code | C | Rust | | code | C | Rust |
/// |---|---|---|---|---|---|---|
/// | `c` | `char` | [`u8`] | | `b` | `signed char` | [`i8`] |
/// | `u` | `wchar_t` | [`char`] | | `B` | `unsigned char` | [`u8`] |
/// | `h` | `short` | [`i16`] | | `H` | `unsigned short` | [`u16`] |
/// | `i` | `int` | [`i32`] | | `I` | `unsigned int` | [`u32`] |
/// | `l` | `long` | [`i64`] (32-bit: [`i32`]) | | `L` | `unsigned long` | [`u64`] (32-bit: [`u32`]) |
/// | `q` | `long long` | [`i64`] | | `Q` | `unsigned long long` | [`u64`] |
/// | `f` | `float` | [`f32`] | | `d` | `double` | [`f64`] |
///
/// # Processes, threads, fork, signals
/// Any number of threads and processes at a time; a fork child may use inherited handles at once; async-signal-safe, but
/// for errors (they are allocated) and [`Array::to_vec`].
#[derive(Clone)]
pub struct Array<T> {
    any: AnyArray,
    of: PhantomData<fn(T) -> T>,
}

impl<T: Scalar> Array<T> {
    /// Makes an array of `len` elements. Errors: `Range` (no elements), `Size` (more bytes than there can be),
    /// `Exists`, `Name`, `NoSpace`, `NoSlots`, and `Timeout` if another object has been in the making for ten seconds.
    pub fn create(yard: &Yard, name: &str, len: usize, options: ArrayOptions) -> Result<Array<T>> {
        Array::obtain(yard, name, How::Create, Some((len, options)))
    }

    /// Opens an array, however long. Errors: `NotFound`, `Type` (no array), `Mismatch` (elements of another type).
    pub fn open(yard: &Yard, name: &str) -> Result<Array<T>> {
        Array::obtain(yard, name, How::Open, None)
    }

    /// Opens an array of this length and these options, or makes it. Errors: as for both, and `Mismatch` if it has
    /// others.
    pub fn open_or_create(yard: &Yard, name: &str, len: usize, options: ArrayOptions) -> Result<Array<T>> {
        Array::obtain(yard, name, How::OpenOrCreate, Some((len, options)))
    }

    fn obtain(yard: &Yard, name: &str, how: How, asked: Option<(usize, ArrayOptions)>) -> Result<Array<T>> {
        let (len, lock) = asked.map(|(len, options)| (len, options.lock)).unzip();
        let asked = Asked { element: Some(Element::Scalar(T::TYPE)), len, lock };
        Ok(Array { any: AnyArray::obtain(yard, name, how, asked)?, of: PhantomData })
    }

    /// How many elements there are: at least one.
    #[allow(clippy::len_without_is_empty)] // it never is
    #[inline]
    pub fn len(&self) -> usize {
        self.any.len()
    }

    /// The array's own lock, if it was made with one: for changes of several elements that others, who take the lock
    /// too, must see together. Nothing takes it by itself, and no call here waits for it.
    #[inline]
    pub fn lock(&self) -> Option<&RLock> {
        self.any.lock()
    }

    #[inline(always)]
    fn cell(&self, index: usize) -> Result<Cell> {
        self.any.cell_of(T::TYPE, index).ok_or_else(|| outside(index, self.len()))
    }

    /// The element now. Errors: `Range`, here and in every call below, if there is no such element.
    #[inline]
    pub fn get(&self, index: usize) -> Result<T> {
        Ok(T::from_bits(self.cell(index)?.load(T::TYPE)))
    }

    /// Stores an element.
    #[inline]
    pub fn set(&self, index: usize, value: T) -> Result<()> {
        self.cell(index)?.store(T::TYPE, value.to_bits());
        Ok(())
    }

    /// Combines an element with `operand` in one step and returns what it was before: see [`crate::Value::fetch`].
    #[inline]
    pub fn fetch(&self, op: Op, index: usize, operand: T) -> Result<T> {
        self.cell(index)?.fetch(T::TYPE, op, operand.to_bits()).map(T::from_bits)
    }

    /// Stores an element and returns what it was before.
    #[inline]
    pub fn swap(&self, index: usize, value: T) -> Result<T> {
        Ok(T::from_bits(self.cell(index)?.swap(T::TYPE, value.to_bits())))
    }

    /// Stores `new` if the element is, bit for bit, `current`. `Ok(Ok)`: it was. `Ok(Err)`: what it is instead.
    #[inline]
    pub fn compare_exchange(&self, index: usize, current: T, new: T) -> Result<std::result::Result<T, T>> {
        let done = self.cell(index)?.compare_exchange(T::TYPE, current.to_bits(), new.to_bits());
        Ok(done.map(T::from_bits).map_err(T::from_bits))
    }

    /// Copies elements from `start` on until `to` is full, each atomically. Errors: `Range`, and then nothing is copied.
    pub fn read_slice(&self, start: usize, to: &mut [T]) -> Result<()> {
        let cells = self.cells(start, to.len())?;
        to.iter_mut().zip(cells).for_each(|(to, cell)| *to = T::from_bits(cell.load(T::TYPE)));
        Ok(())
    }

    /// Stores all of `from` in the elements from `start` on, each atomically, in this order. Errors: `Range`, and then
    /// nothing is stored. Killed on the way: a beginning of them is stored.
    pub fn write_slice(&self, start: usize, from: &[T]) -> Result<()> {
        let cells = self.cells(start, from.len())?;
        from.iter().zip(cells).for_each(|(from, cell)| cell.store(T::TYPE, from.to_bits()));
        Ok(())
    }

    /// Stores `value` in every element of the range, each atomically, in their order. Errors: `Range`, and then nothing
    /// is stored.
    pub fn fill(&self, range: impl RangeBounds<usize>, value: T) -> Result<()> {
        let range = self.range(&range)?;
        self.cells(range.start, range.len())?.for_each(|cell| cell.store(T::TYPE, value.to_bits()));
        Ok(())
    }

    /// Every element in turn, each as it is when its turn comes.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.any
            .cells(T::TYPE, 0, self.len())
            .into_iter()
            .flatten()
            .map(|cell| T::from_bits(cell.load(T::TYPE)))
    }

    /// A copy of all elements, each as it is when its turn comes.
    pub fn to_vec(&self) -> Vec<T> {
        self.iter().collect()
    }

    #[inline]
    fn cells(&self, start: usize, count: usize) -> Result<impl Iterator<Item = Cell> + use<T>> {
        self.any
            .cells(T::TYPE, start, count)
            .ok_or_else(|| outside(format_args!("{count} elements from {start} on"), self.len()))
    }

    fn range(&self, range: &impl RangeBounds<usize>) -> Result<Range<usize>> {
        let start = match range.start_bound() {
            Bound::Included(start) => Some(*start),
            Bound::Excluded(before) => before.checked_add(1),
            Bound::Unbounded => Some(0),
        };
        let end = match range.end_bound() {
            Bound::Included(last) => last.checked_add(1),
            Bound::Excluded(end) => Some(*end),
            Bound::Unbounded => Some(self.len()),
        };
        let range = start.zip(end).filter(|(start, end)| start <= end && *end <= self.len());
        let (start, end) =
            range.ok_or_else(|| outside(format_args!("from {:?} to {:?}", start, end), self.len()))?;
        Ok(start..end)
    }
}

macro_rules! shorthands {
    ($($name:ident $op:ident $doc:literal;)*) => {
        impl<T: Integer> Array<T> {
            $(#[doc = $doc]
            #[inline]
            pub fn $name(&self, index: usize, operand: T) -> Result<T> {
                Ok(T::from_bits(self.cell(index)?.fetch_bits(T::TYPE, Op::$op, operand.to_bits())))
            })*
        }
    };
}

shorthands! {
    fetch_add Add "Adds, wrapping around, and returns what the element was before.";
    fetch_sub Sub "Subtracts, wrapping around, and returns what the element was before.";
    fetch_and And "Keeps the bits that are set in both and returns what the element was before.";
    fetch_or  Or  "Sets the operand's bits and returns what the element was before.";
    fetch_xor Xor "Flips the operand's bits and returns what the element was before.";
    fetch_min Min "Keeps the smaller one and returns what the element was before.";
    fetch_max Max "Keeps the larger one and returns what the element was before.";
}

impl<T: Scalar + std::fmt::Debug> std::fmt::Debug for Array<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Whether the word at this offset of the object is the array's own lock, not one of its elements' writers.
pub(crate) fn has_lock_at(record: &Record, at: u64) -> bool {
    Form::read(record).is_ok_and(|form| at < form.first_at())
}

/// Frees what the thread that is gone held: the array's own lock, suspect, and writers' locks, whole. Nobody owns a
/// number.
pub(crate) fn recover(yard: &Attachment, record: &Record, who: Who) {
    let Ok(form) = Form::read(record) else { return };
    if form.lock {
        rlock::recover(yard, record.offset, who);
    }
    if let Element::Struct(shape) = form.element {
        let first = record.offset + form.first_at();
        (0..form.len as u64).for_each(|i| recover_at(yard, first + i * shape.body_bytes(), who));
    }
}

crate::objects::refer::referable!(Array<T>, Array, |it| it.any.whereabouts(), T: Scalar);
