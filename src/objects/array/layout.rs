//! An array in shared memory: its elements, side by side from its first byte on.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::directory::Plan;
use crate::objects::structs::layout::Shape;
use crate::objects::value::ScalarType;
use crate::segment::directory::{ObjectType, Record};

/// Bytes of the lock before the elements, if there is one.
pub(crate) const LOCK_BYTES: u64 = 128;
/// Parameters in the directory: a number of [`ScalarType`], or 0 for structs; how many; bytes of one; its alignment.
/// The last of them has this bit if the array has a lock of its own.
pub(crate) const LOCK: u64 = 1 << 32;

/// What an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    /// A number: an atomic of its own width.
    Scalar(ScalarType),
    /// A struct: as an object of its own, with a lock and two copies.
    Struct(Shape),
}

impl Element {
    /// From one element to the next.
    fn stride(self) -> u64 {
        match self {
            Element::Scalar(kind) => kind.bytes() as u64,
            Element::Struct(shape) => shape.body_bytes(),
        }
    }

    /// Its entries in the directory's parameters.
    fn params(self) -> (u64, usize, usize) {
        match self {
            Element::Scalar(kind) => (kind as u64, kind.bytes(), kind.bytes()),
            Element::Struct(shape) => (0, shape.size(), shape.alignment()),
        }
    }
}

impl std::fmt::Display for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Element::Scalar(kind) => write!(f, "{kind:?}"),
            Element::Struct(shape) => write!(f, "structs of {shape}"),
        }
    }
}

/// Everything that is fixed when an array is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) element: Element,
    pub(crate) len: usize,
    /// Whether the array has a lock of its own.
    pub(crate) lock: bool,
}

impl Form {
    /// Where the first element lies.
    pub(crate) fn first_at(self) -> u64 {
        if self.lock { LOCK_BYTES } else { 0 }
    }

    /// Bytes of the whole; `Range` for no elements, `Size` for more than can be counted.
    fn bytes(self) -> Result<u64> {
        if self.len == 0 {
            return Err(Error::with(ErrorKind::Range, "an array of no elements"));
        }
        let bytes = (self.len as u64).checked_mul(self.element.stride());
        let bytes = bytes.and_then(|bytes| bytes.checked_add(self.first_at()));
        bytes.filter(|bytes| isize::try_from(*bytes).is_ok()).ok_or_else(|| {
            Error::with(ErrorKind::Size, format!("{} elements of {}", self.len, self.element.stride()))
        })
    }

    /// What an array like this is made as.
    pub(crate) fn plan(self) -> Result<Plan> {
        let (code, size, alignment) = self.element.params();
        let flags = if self.lock { LOCK } else { 0 };
        let params = [code, self.len as u64, size as u64, alignment as u64 | flags];
        Ok(Plan { kind: ObjectType::Array, params, len: self.bytes()? })
    }

    /// The array in the directory. `Corrupt` if it contradicts itself or the object's bytes.
    pub(crate) fn read(record: &Record) -> Result<Form> {
        let [code, len, size, last] = record.params;
        let element = match code {
            0 => Shape::read(size, last & !LOCK).ok().map(Element::Struct),
            code => ScalarType::from_code(code).map(Element::Scalar),
        };
        let form = element.zip(usize::try_from(len).ok());
        let form = form.map(|(element, len)| Form { element, len, lock: last & LOCK != 0 });
        let fits = |form: &Form| {
            form.plan().is_ok_and(|plan| plan.params == record.params && plan.len <= record.len)
        };
        form.filter(fits)
            .ok_or_else(|| Error::with(ErrorKind::Corrupt, format!("an array of {:?}", record.params)))
    }
}
