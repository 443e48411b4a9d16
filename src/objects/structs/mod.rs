//! Plain data that processes share, replaced and read as a whole.

mod any;
pub(crate) mod layout;
pub(crate) mod place;
#[cfg(test)]
mod tests;

pub(crate) use any::AnyStruct;

use crate::error::Result;
use crate::objects::directory::How;
use crate::objects::faults;
use crate::objects::yard::Yard;
use crate::presence::attachment::{Attachment, Who};
use crate::segment::directory::Record;
use crate::sync::snapshot::Head;
use crate::sync::wait::Timeout;
use bytemuck::Pod;
use layout::Shape;
use std::marker::PhantomData;

/// A shared struct of 1 to 4096 bytes. Fresh ones are all zeros.
///
/// Reading takes no lock and waits for nobody: there are two copies, and writers, one at a time, write the one that is
/// not the value. What is read is always one whole value, the one stored last or one that is being replaced just now;
/// who reads it also sees what its writer did before. A writer that dies leaves the old value, and the next writer goes
/// on at once: nothing is to be repaired and nobody is told.
///
/// `T` is plain data ([`bytemuck::Pod`]): any bytes are a value of it. `bytemuck`'s derive makes a type of yours plain
/// data, `#[derive(Clone, Copy, Pod, Zeroable)] #[repr(C)]`, if all its fields are and there is no padding; arrays of
/// numbers are from the start.
///
/// ```
/// use courtyard::{Struct, Timeout, Yard};
///
/// # fn main() -> courtyard::Result<()> {
/// let yard = Yard::anonymous()?;
/// let position = Struct::<[f64; 3]>::create(&yard, "position")?;
/// position.update(Timeout::Forever, |p| p[2] += 1.0)?;
/// assert_eq!(position.get()?, [0.0, 0.0, 1.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Processes, threads, fork
/// Any number of readers and writers in any number of threads and processes. A fork child may read through inherited
/// handles at once; it registers with its first write.
#[derive(Clone)]
pub struct Struct<T> {
    any: AnyStruct,
    of: PhantomData<fn(T) -> T>,
}

impl<T: Pod> Struct<T> {
    /// Makes a struct. Errors: `Size` (`T` has no bytes, more than 4096, or an alignment above 64), `Exists`, `Name`,
    /// `NoSpace`, `NoSlots`, and `Timeout` if another object has been in the making for ten seconds.
    pub fn create(yard: &Yard, name: &str) -> Result<Struct<T>> {
        Struct::obtain(yard, name, How::Create)
    }

    /// Opens a struct. Errors: `NotFound`, `Type` (no struct), `Mismatch` (of another size or alignment), `Size`.
    pub fn open(yard: &Yard, name: &str) -> Result<Struct<T>> {
        Struct::obtain(yard, name, How::Open)
    }

    /// Opens a struct or makes it. Errors: as for both.
    pub fn open_or_create(yard: &Yard, name: &str) -> Result<Struct<T>> {
        Struct::obtain(yard, name, How::OpenOrCreate)
    }

    fn obtain(yard: &Yard, name: &str, how: How) -> Result<Struct<T>> {
        let shape = Shape::new(size_of::<T>(), align_of::<T>())?;
        Ok(Struct { any: AnyStruct::obtain(yard, name, how, Some(shape))?, of: PhantomData })
    }

    /// The value now. No lock, no system call, no registration, unless writers came in between 64 times running: then
    /// as [`Struct::get_within`] ten seconds.
    #[inline]
    pub fn get(&self) -> Result<T> {
        let mut value = T::zeroed();
        self.any.place().get(bytemuck::bytes_of_mut(&mut value))?;
        Ok(value)
    }

    /// The value now, waiting at most `timeout` for writers that leave no moment to read: after 64 attempts it takes
    /// their lock. Who holds the lock and stands still, stopped or dead, holds up no reader.
    ///
    /// Errors: `Busy` (a try) and `Timeout` (writers all the time), `NoSlots` (the table of threads is full, and the
    /// lock was needed), `Cancelled`, `Interrupted` (only if the yard was opened interruptible), `Corrupt` (somebody writes without
    /// the lock).
    #[inline]
    pub fn get_within(&self, timeout: impl Into<Timeout>) -> Result<T> {
        let mut value = T::zeroed();
        self.any.place().get_within(bytemuck::bytes_of_mut(&mut value), timeout.into())?;
        Ok(value)
    }

    /// Stores a value, waiting at most `timeout` for other writers. Killed before its commit, one store of 8 bytes,
    /// the old value stays; after it, the new one is there.
    ///
    /// Errors: `Busy` (a try found another writer), `Timeout`, `Deadlock` (inside [`Struct::update`] of the same
    /// struct, without limit), `Cancelled`, `Interrupted` (only if the yard was opened interruptible), `NoSlots` (the table of
    /// threads is full).
    #[inline]
    pub fn set(&self, value: T, timeout: impl Into<Timeout>) -> Result<()> {
        self.any.set(bytemuck::bytes_of(&value), timeout.into())
    }

    /// Changes the value under the writers' lock: `change` gets a copy of its own, which is stored when it returns.
    /// If it panics, nothing is stored. Others read the old value meanwhile.
    ///
    /// Errors: as for [`Struct::set`]; `Corrupt` (somebody writes without the lock); `NotOwner` if `change` has forked
    /// and this is the child, or has detached the thread from the yard: nothing is stored.
    pub fn update<R>(&self, timeout: impl Into<Timeout>, change: impl FnOnce(&mut T) -> R) -> Result<R> {
        self.any.place().change(timeout.into(), change)
    }

    /// Stores a value and returns what it was before. Errors: as for [`Struct::update`].
    pub fn swap(&self, value: T, timeout: impl Into<Timeout>) -> Result<T> {
        self.update(timeout, |now| std::mem::replace(now, value))
    }

    /// How often the value was stored. Who reads it afterwards sees that store or a later one.
    #[inline]
    pub fn version(&self) -> u64 {
        self.any.place().snapshot.version()
    }
}

impl<T: Pod + std::fmt::Debug> std::fmt::Debug for Struct<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Struct").field(&self.get_within(Timeout::Try)).finish()
    }
}

/// Frees the writers' lock if the thread that is gone held it. What it wrote is scratch: nothing else is to be done.
pub(crate) fn recover(yard: &Attachment, record: &Record, who: Who) {
    if any::shape_of(record).is_ok() {
        recover_at(yard, record.offset, who);
    }
}

/// As [`recover`], of the control words at an offset.
pub(crate) fn recover_at(yard: &Attachment, offset: u64, who: Who) {
    if let (Who::Thread(dead), Ok(head)) = (who, yard.region().at::<Head>(offset))
        && head.lock.recover(dead)
    {
        head.lock.absolve();
        faults::note(yard, who, &head.lock, 1);
    }
}

crate::objects::refer::referable!(Struct<T>, Struct, |it| it.any.whereabouts(), T: Pod);
