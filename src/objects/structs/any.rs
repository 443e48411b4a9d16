//! A struct of which only size and alignment are known. C sees structs like this.
#![allow(unsafe_code)] // a spot is kept beside the share that keeps it mapped

use crate::error::{Error, ErrorKind, Result};
use crate::objects::directory::{How, Plan, obtain};
use crate::objects::structs::layout::Shape;
use crate::objects::structs::place::{Place, Spot};
use crate::objects::yard::Yard;
use crate::presence::attachment::Held;
use crate::segment::directory::{ObjectType, Record};
use crate::sync::wait::{Manner, Timeout};

/// Parameters in the directory.
const SIZE: usize = 0;
const ALIGNMENT: usize = 1;

/// A shared struct.
#[derive(Clone)]
pub(crate) struct AnyStruct {
    spot: Spot,
    shape: Shape,
    manner: Manner,
    yard: Held,
}

// SAFETY: the spot leads to atomics in a mapping that `yard` keeps.
unsafe impl Send for AnyStruct {}
// SAFETY: as above.
unsafe impl Sync for AnyStruct {}

impl AnyStruct {
    /// Where it lies.
    pub(crate) fn whereabouts(&self) -> (&Held, usize) {
        (&self.yard, self.spot.address())
    }

    /// `shape`: what it must be, or be made as; `None` opens whatever is there.
    pub(crate) fn obtain(yard: &Yard, name: &str, how: How, shape: Option<Shape>) -> Result<AnyStruct> {
        let plan = match shape {
            None => Plan { kind: ObjectType::Struct, params: [0; 4], len: 0 },
            Some(shape) => Plan {
                kind: ObjectType::Struct,
                params: [shape.size() as u64, shape.alignment() as u64, 0, 0],
                len: shape.body_bytes(),
            },
        };
        let record = obtain(yard.held(), name, how, &plan, |found| {
            let is = shape_of(found)?;
            shape.map_or(Ok(()), |wanted| is.agrees(name, wanted))
        })?;
        let shape = shape_of(&record)?;
        let spot = Spot::new(yard.held().region(), record.offset, shape)?;
        Ok(AnyStruct { spot, shape, manner: yard.manner(), yard: yard.held().clone() })
    }

    #[inline(always)]
    pub(crate) fn place(&self) -> Place<'_> {
        // SAFETY: `yard` keeps the mapping, as long as `self`; the spot was made with this shape.
        let snapshot = unsafe { self.spot.snapshot(self.shape) };
        Place { snapshot, shape: self.shape, yard: &self.yard, manner: self.manner }
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// As [`Place::set`], of the caller's own bytes.
    pub(crate) fn set(&self, from: &[u8], timeout: Timeout) -> Result<()> {
        self.place().set(from, timeout)
    }
}

/// The shape of a struct in the directory; `Corrupt` if it can be none, or does not fit into the object's bytes.
pub(crate) fn shape_of(record: &Record) -> Result<Shape> {
    let shape = Shape::read(record.params[SIZE], record.params[ALIGNMENT])?;
    if shape.body_bytes() > record.len {
        return Err(Error::with(ErrorKind::Corrupt, format!("{shape} in {} bytes", record.len)));
    }
    Ok(shape)
}
