//! One number of at most 8 bytes that processes share.
#![allow(unsafe_code)] // a pointer into the mapping is kept beside the share that keeps it mapped

mod cell;
pub(crate) mod scalar;
#[cfg(test)]
mod tests;

pub(crate) use cell::{Cell, reads_as};
pub use scalar::{Op, Scalar, ScalarType};

use crate::error::{Error, ErrorKind, Result};
use crate::objects::directory::{How, Plan, obtain};
use crate::objects::yard::Yard;
use crate::presence::attachment::Held;
use crate::segment::directory::ObjectType;
use std::marker::PhantomData;

/// Bytes a value takes: a line of its own.
pub(crate) const BODY_BYTES: u64 = 128;

/// A shared number of a type known only when the program runs. C sees values like this.
#[derive(Clone)]
pub(crate) struct AnyValue {
    cell: Cell,
    kind: ScalarType,
    _yard: Held,
}

// SAFETY: the cell is atomic and in a mapping that `_yard` keeps.
unsafe impl Send for AnyValue {}
// SAFETY: as above.
unsafe impl Sync for AnyValue {}

impl AnyValue {
    /// `kind`: the type wanted; `None` opens whatever is there.
    pub(crate) fn obtain(yard: &Yard, name: &str, how: How, kind: Option<ScalarType>) -> Result<AnyValue> {
        let params = [kind.map_or(0, |k| k as u64), 0, 0, 0];
        let plan = Plan { kind: ObjectType::Value, params, len: BODY_BYTES };
        let record = obtain(yard.held(), name, how, &plan, |found| {
            match (kind, ScalarType::from_code(found.params[0])) {
                (_, None) => Err(Error::with(ErrorKind::Corrupt, format!("value type {}", found.params[0]))),
                (Some(wanted), Some(is)) if wanted != is => Err(Error::with(
                    ErrorKind::Mismatch,
                    format!("{name:?} is of type {is:?}, not {wanted:?}"),
                )),
                _ => Ok(()),
            }
        })?;
        let kind = ScalarType::from_code(record.params[0]).ok_or(Error::new(ErrorKind::Corrupt))?;
        let cell = Cell::new(yard.held().region().bytes(record.offset, BODY_BYTES)?);
        Ok(AnyValue { cell, kind, _yard: yard.held().clone() })
    }

    pub(crate) fn kind(&self) -> ScalarType {
        self.kind
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.cell.load(self.kind)
    }

    #[inline]
    pub(crate) fn set(&self, bits: u64) {
        self.cell.store(self.kind, bits);
    }

    /// `None` if the type does not know the operation. As all calls here: no allocation, no system call, no lock.
    #[inline]
    pub(crate) fn fetch(&self, op: Op, operand: u64) -> Option<u64> {
        self.kind.knows(op).then(|| self.cell.fetch_bits(self.kind, op, operand))
    }

    #[inline]
    pub(crate) fn compare_exchange(&self, current: u64, new: u64) -> std::result::Result<u64, u64> {
        self.cell.compare_exchange(self.kind, current, new)
    }
}

/// A shared number: any integer or float of at most 8 bytes, `bool`, or `char`. Fresh ones are 0 (`false`).
///
/// Every access is one atomic access of the number's own width: never torn, never waiting, no system call, nothing to
/// repair after a death. Reading acquires, writing releases, and the `fetch` family does both: who reads a value also
/// sees what its writer did before. There is no one order over *several* values.
///
/// # Processes, threads, fork, signals
/// Any number of threads and processes at a time; a fork child may use inherited handles at once; async-signal-safe.
#[derive(Clone)]
pub struct Value<T> {
    any: AnyValue,
    of: PhantomData<T>,
}

impl<T: Scalar> Value<T> {
    /// Makes a value. Errors: `Exists`, `Name`, `NoSpace`, `NoSlots`, and `Timeout` if another object has been in the
    /// making for ten seconds.
    pub fn create(yard: &Yard, name: &str) -> Result<Value<T>> {
        Value::obtain(yard, name, How::Create)
    }

    /// Opens a value. Errors: `NotFound`, `Type` (no value), `Mismatch` (a value of another type).
    pub fn open(yard: &Yard, name: &str) -> Result<Value<T>> {
        Value::obtain(yard, name, How::Open)
    }

    /// Opens a value or makes it. Errors: as for both.
    pub fn open_or_create(yard: &Yard, name: &str) -> Result<Value<T>> {
        Value::obtain(yard, name, How::OpenOrCreate)
    }

    fn obtain(yard: &Yard, name: &str, how: How) -> Result<Value<T>> {
        Ok(Value { any: AnyValue::obtain(yard, name, how, Some(T::TYPE))?, of: PhantomData })
    }

    /// The number now.
    #[inline]
    pub fn get(&self) -> T {
        T::from_bits(self.any.cell.load(T::TYPE))
    }

    /// Stores a number.
    #[inline]
    pub fn set(&self, value: T) {
        self.any.cell.store(T::TYPE, value.to_bits());
    }

    /// Combines the number with `operand` in one step and returns what it was before.
    ///
    /// Integers wrap around. Floats know `Add`, `Sub`, `Min`, `Max`, `Swap`; `Min` and `Max` prefer a number to NaN.
    /// `bool` knows `And`, `Or`, `Xor`, `Swap`; `char` knows `Min`, `Max`, `Swap`. Errors: `Unsupported` for the others.
    #[inline]
    pub fn fetch(&self, op: Op, operand: T) -> Result<T> {
        self.any.cell.fetch(T::TYPE, op, operand.to_bits()).map(T::from_bits)
    }

    /// Stores a number and returns what it was before.
    #[inline]
    pub fn swap(&self, value: T) -> T {
        T::from_bits(self.any.cell.swap(T::TYPE, value.to_bits()))
    }

    /// Stores `new` if the number is, bit for bit, `current`. `Ok`: it was. `Err`: what it is instead.
    #[inline]
    pub fn compare_exchange(&self, current: T, new: T) -> std::result::Result<T, T> {
        self.any
            .cell
            .compare_exchange(T::TYPE, current.to_bits(), new.to_bits())
            .map(T::from_bits)
            .map_err(T::from_bits)
    }
}

macro_rules! shorthands {
    ($($name:ident $op:ident $doc:literal;)*) => {
        impl<T: scalar::Integer> Value<T> {
            $(#[doc = $doc]
            #[inline]
            pub fn $name(&self, operand: T) -> T {
                T::from_bits(self.any.cell.fetch_bits(T::TYPE, Op::$op, operand.to_bits()))
            })*
        }
    };
}

shorthands! {
    fetch_add Add "Adds, wrapping around, and returns what the number was before.";
    fetch_sub Sub "Subtracts, wrapping around, and returns what the number was before.";
    fetch_and And "Keeps the bits that are set in both and returns what the number was before.";
    fetch_or  Or  "Sets the operand's bits and returns what the number was before.";
    fetch_xor Xor "Flips the operand's bits and returns what the number was before.";
    fetch_min Min "Keeps the smaller one and returns what the number was before.";
    fetch_max Max "Keeps the larger one and returns what the number was before.";
}

impl<T: Scalar + std::fmt::Debug> std::fmt::Debug for Value<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Value").field(&self.get()).finish()
    }
}

crate::objects::refer::referable!(Value<T>, Value, |it| (&it.any._yard, it.any.cell.address()), T: Scalar);
