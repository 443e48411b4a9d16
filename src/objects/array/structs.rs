//! An array whose elements are structs.
#![allow(unsafe_code)] // a spot is kept beside the share that keeps it mapped

use crate::error::{Error, ErrorKind, Result};
use crate::objects::array::any::{Asked, find, outside};
use crate::objects::array::layout::Element;
use crate::objects::directory::How;
use crate::objects::structs::layout::Shape;
use crate::objects::structs::place::{Place, Spot};
use crate::objects::yard::Yard;
use crate::presence::attachment::Held;
use crate::sync::wait::{Manner, Timeout};
use bytemuck::Pod;
use std::marker::PhantomData;

/// A shared array of structs of which only size and alignment are known. C sees arrays like this.
#[derive(Clone)]
pub(crate) struct AnyStructArray {
    first: Spot,
    len: usize,
    shape: Shape,
    manner: Manner,
    yard: Held,
}

// SAFETY: the spots lead to atomics in a mapping that `yard` keeps.
unsafe impl Send for AnyStructArray {}
// SAFETY: as above.
unsafe impl Sync for AnyStructArray {}

impl AnyStructArray {
    pub(crate) fn obtain(
        yard: &Yard,
        name: &str,
        how: How,
        shape: Option<Shape>,
        len: Option<usize>,
    ) -> Result<AnyStructArray> {
        let asked = Asked { element: shape.map(Element::Struct), len, lock: Some(false) };
        let (record, form) = find(yard, name, how, asked)?;
        let Element::Struct(shape) = form.element else {
            let detail = format!("{name:?} has elements of type {}", form.element);
            return Err(Error::with(ErrorKind::Mismatch, detail));
        };
        let region = yard.held().region();
        region.bytes(record.offset, form.len as u64 * shape.body_bytes())?;
        let first = Spot::new(region, record.offset, shape)?;
        Ok(AnyStructArray { first, len: form.len, shape, manner: yard.manner(), yard: yard.held().clone() })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// The element; `Range` if there is none.
    #[inline(always)]
    pub(crate) fn place(&self, index: usize) -> Result<Place<'_>> {
        self.find(index).ok_or_else(|| outside(index, self.len))
    }

    /// As [`AnyStructArray::place`], without words.
    #[inline(always)]
    pub(crate) fn find(&self, index: usize) -> Option<Place<'_>> {
        // SAFETY: one of the elements, which all lie in the mapping (checked by `obtain`), and `yard` keeps that, as
        // long as `self`.
        let snapshot = (index < self.len)
            .then(|| unsafe { self.first.neighbour(index, self.shape).snapshot(self.shape) })?;
        Some(Place { snapshot, shape: self.shape, yard: &self.yard, manner: self.manner })
    }
}

/// A shared array of structs: each element is what a [`crate::Struct`] is, with a lock for its writers and two copies.
/// An element of `n` bytes takes 64 and twice `n`, rounded up to 64.
#[derive(Clone)]
pub struct StructArray<T> {
    any: AnyStructArray,
    of: PhantomData<fn(T) -> T>,
}

impl<T: Pod> StructArray<T> {
    /// Makes an array of `len` elements. Errors: `Size` (no `T` for a [`crate::Struct`], or more bytes than there can
    /// be), `Range` (no elements), `Exists`, `Name`, `NoSpace`, `NoSlots`, and `Timeout` if another object has been in
    /// the making for ten seconds.
    pub fn create(yard: &Yard, name: &str, len: usize) -> Result<StructArray<T>> {
        StructArray::obtain(yard, name, How::Create, Some(len))
    }

    /// Opens an array, however long. Errors: `NotFound`, `Type` (no array), `Mismatch` (other elements), `Size`.
    pub fn open(yard: &Yard, name: &str) -> Result<StructArray<T>> {
        StructArray::obtain(yard, name, How::Open, None)
    }

    /// Opens an array of `len` elements or makes it. Errors: as for both, and `Mismatch` if it has another length.
    pub fn open_or_create(yard: &Yard, name: &str, len: usize) -> Result<StructArray<T>> {
        StructArray::obtain(yard, name, How::OpenOrCreate, Some(len))
    }

    fn obtain(yard: &Yard, name: &str, how: How, len: Option<usize>) -> Result<StructArray<T>> {
        let shape = Shape::new(size_of::<T>(), align_of::<T>())?;
        Ok(StructArray { any: AnyStructArray::obtain(yard, name, how, Some(shape), len)?, of: PhantomData })
    }

    /// How many elements there are: at least one.
    #[allow(clippy::len_without_is_empty)] // it never is
    #[inline]
    pub fn len(&self) -> usize {
        self.any.len
    }

    /// The element now, as [`crate::Struct::get`]. Errors: `Range`, here and in every call below, if there is no such
    /// element.
    #[inline]
    pub fn get(&self, index: usize) -> Result<T> {
        let mut value = T::zeroed();
        self.any.place(index)?.get(bytemuck::bytes_of_mut(&mut value))?;
        Ok(value)
    }

    /// As [`crate::Struct::get_within`].
    #[inline]
    pub fn get_within(&self, index: usize, timeout: impl Into<Timeout>) -> Result<T> {
        let mut value = T::zeroed();
        self.any.place(index)?.get_within(bytemuck::bytes_of_mut(&mut value), timeout.into())?;
        Ok(value)
    }

    /// Stores an element, as [`crate::Struct::set`]. Writers of other elements are not waited for.
    #[inline]
    pub fn set(&self, index: usize, value: T, timeout: impl Into<Timeout>) -> Result<()> {
        self.any.place(index)?.set(bytemuck::bytes_of(&value), timeout.into())
    }

    /// Changes an element under its lock, as [`crate::Struct::update`].
    pub fn update<R>(
        &self,
        index: usize,
        timeout: impl Into<Timeout>,
        change: impl FnOnce(&mut T) -> R,
    ) -> Result<R> {
        self.any.place(index)?.change(timeout.into(), change)
    }

    /// Stores an element and returns what it was before.
    pub fn swap(&self, index: usize, value: T, timeout: impl Into<Timeout>) -> Result<T> {
        self.update(index, timeout, |now| std::mem::replace(now, value))
    }

    #[cfg(test)]
    pub(super) fn any(&self) -> &AnyStructArray {
        &self.any
    }

    /// How often the element was stored, as [`crate::Struct::version`].
    pub fn version(&self, index: usize) -> Result<u64> {
        Ok(self.any.place(index)?.snapshot.version())
    }
}

impl<T: Pod> std::fmt::Debug for StructArray<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StructArray").field("len", &self.len()).field("shape", &self.any.shape).finish()
    }
}

crate::objects::refer::referable!(StructArray<T>, Array, |it| (&it.any.yard, it.any.first.address()), T: Pod);
