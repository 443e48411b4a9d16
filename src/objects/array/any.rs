//! Arrays of which the elements' type is known only when the program runs. C sees arrays like this.
#![allow(unsafe_code)] // a pointer into the mapping is kept beside the share that keeps it mapped

use crate::error::{Error, ErrorKind, Result};
use crate::objects::array::layout::{Element, Form};
use crate::objects::directory::{How, Plan, obtain};
use crate::objects::rlock::RLock;
use crate::objects::value::{Cell, Op, ScalarType};
use crate::objects::yard::Yard;
use crate::presence::attachment::Held;
use crate::segment::directory::{ObjectType, Record};
use std::ptr::NonNull;

/// What somebody asks of an array, as far as it matters to him.
#[derive(Clone, Copy, Default)]
pub(crate) struct Asked {
    pub(crate) element: Option<Element>,
    pub(crate) len: Option<usize>,
    pub(crate) lock: Option<bool>,
}

/// Finds or makes an array. To make one, element and length must be known.
pub(super) fn find(yard: &Yard, name: &str, how: How, asked: Asked) -> Result<(Record, Form)> {
    let plan = match (asked.element, asked.len) {
        (Some(element), Some(len)) => Form { element, len, lock: asked.lock.unwrap_or(false) }.plan()?,
        _ => Plan { kind: ObjectType::Array, params: [0; 4], len: 0 },
    };
    let record = obtain(yard.held(), name, how, &plan, |found| fits(name, asked, Form::read(found)?))?;
    let form = Form::read(&record)?;
    Ok((record, form))
}

/// `Mismatch`, naming both, if the array is another than was asked for.
fn fits(name: &str, asked: Asked, is: Form) -> Result<()> {
    let detail = if let Some(wanted) = asked.element.filter(|wanted| *wanted != is.element) {
        format!("{name:?} has {}, not {wanted}", is.element)
    } else if let Some(wanted) = asked.len.filter(|wanted| *wanted != is.len) {
        format!("{name:?} has {} elements, not {wanted}", is.len)
    } else if asked.lock.is_some_and(|wanted| wanted != is.lock) {
        format!("{name:?} has {} lock of its own", if is.lock { "a" } else { "no" })
    } else {
        return Ok(());
    };
    Err(Error::with(ErrorKind::Mismatch, detail))
}

/// What is said of an index, or a run of elements, that leaves the array.
#[cold]
pub(super) fn outside(what: impl std::fmt::Debug, len: usize) -> Error {
    Error::with(ErrorKind::Range, format!("{what:?} in an array of {len}"))
}

/// A shared array of numbers.
#[derive(Clone)]
pub(crate) struct AnyArray {
    first: NonNull<u8>,
    len: usize,
    kind: ScalarType,
    lock: Option<RLock>,
    _yard: Held,
}

// SAFETY: the elements are atomic and in a mapping that `_yard` keeps.
unsafe impl Send for AnyArray {}
// SAFETY: as above.
unsafe impl Sync for AnyArray {}

impl AnyArray {
    /// Where its elements lie.
    pub(crate) fn whereabouts(&self) -> (&Held, usize) {
        (&self._yard, self.first.addr().get())
    }

    pub(crate) fn obtain(yard: &Yard, name: &str, how: How, asked: Asked) -> Result<AnyArray> {
        let (record, form) = find(yard, name, how, asked)?;
        let Element::Scalar(kind) = form.element else {
            return Err(Error::with(ErrorKind::Mismatch, format!("{name:?} has {}", form.element)));
        };
        let bytes = (form.len * kind.bytes()) as u64;
        let first = yard.held().region().bytes(record.offset + form.first_at(), bytes)?;
        let lock = if form.lock { Some(RLock::over(yard, record.offset)?) } else { None };
        Ok(AnyArray { first, len: form.len, kind, lock, _yard: yard.held().clone() })
    }

    /// The array's own lock.
    #[inline]
    pub(crate) fn lock(&self) -> Option<&RLock> {
        self.lock.as_ref()
    }

    /// As [`AnyArray::lock`], of an array that must have one: `Unsupported` else.
    pub(crate) fn locked(&self) -> Result<&RLock> {
        self.lock().ok_or_else(|| Error::with(ErrorKind::Unsupported, "the array has no lock of its own"))
    }

    pub(crate) fn kind(&self) -> ScalarType {
        self.kind
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The element, if there is one. `kind` is the array's.
    #[inline(always)]
    pub(crate) fn cell_of(&self, kind: ScalarType, index: usize) -> Option<Cell> {
        debug_assert_eq!(kind, self.kind);
        // SAFETY: an element of the array, which lies in the mapping; it is aligned to its width, as the first one is
        // to a line.
        (index < self.len).then(|| Cell::new(unsafe { self.first.add(index * kind.bytes()) }))
    }

    /// As [`AnyArray::cell_of`], of the array's own type.
    #[inline(always)]
    pub(crate) fn cell(&self, index: usize) -> Option<Cell> {
        self.cell_of(self.kind, index)
    }

    /// The `count` elements from `start` on, in their order, if the array has them all. `kind` is the array's.
    #[inline(always)]
    pub(crate) fn cells(
        &self,
        kind: ScalarType,
        start: usize,
        count: usize,
    ) -> Option<impl ExactSizeIterator<Item = Cell> + DoubleEndedIterator + use<>> {
        debug_assert_eq!(kind, self.kind);
        let end = start.checked_add(count).filter(|end| *end <= self.len)?;
        let first = self.first;
        // SAFETY: each is an element of the array, as in `cell_of`: the range ends where the array does, or before.
        Some((start..end).map(move |i| Cell::new(unsafe { first.add(i * kind.bytes()) })))
    }

    /// `None` if the type does not know the operation. As all calls here: no allocation, no system call, no lock.
    #[inline]
    pub(crate) fn fetch(&self, cell: Cell, op: Op, operand: u64) -> Option<u64> {
        self.kind.knows(op).then(|| cell.fetch_bits(self.kind, op, operand))
    }
}
