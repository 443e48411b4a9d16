//! Where a struct lies, and what can be done there.
#![allow(unsafe_code)] // pointers into the mapping are kept beside the share that keeps it mapped

use crate::error::{ErrorKind, Result};
use crate::objects::owners;
use crate::objects::structs::layout::{ALIGN_MAX, COPIES_AT, SIZE_MAX, Shape};
use crate::presence::attachment::Held;
use crate::presence::thread;
use crate::segment::region::Region;
use crate::shim::AtomicU64;
use crate::sync::snapshot::{Head, Snapshot};
use crate::sync::wait::{Manner, Timeout, Wait};
use bytemuck::Pod;
use std::ptr::NonNull;
use std::time::Duration;

/// How long a read waits for writers that never leave it a moment, if the caller does not say.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a reader waits for the lock before it tries without again.
const NAP: Duration = Duration::from_millis(1);

/// The address of a struct's control words; the copies follow.
#[derive(Clone, Copy)]
pub(crate) struct Spot(NonNull<u8>);

impl Spot {
    /// The struct of this shape at an offset.
    pub(crate) fn new(region: &Region, offset: u64, shape: Shape) -> Result<Spot> {
        region.at::<Head>(offset)?;
        Ok(Spot(region.bytes(offset, shape.body_bytes())?))
    }

    /// Where it lies.
    pub(crate) fn address(self) -> usize {
        self.0.addr().get()
    }

    /// The `index`-th of neighbours of this shape.
    ///
    /// # Safety
    /// The neighbour lies in the same mapping.
    #[inline(always)]
    pub(crate) unsafe fn neighbour(self, index: usize, shape: Shape) -> Spot {
        // SAFETY: inside the mapping by the caller's promise, so the product does not overflow either.
        Spot(unsafe { self.0.add(index * shape.body_bytes() as usize) })
    }

    /// # Safety
    /// The mapping in which the spot lies is there as long as `'a`, and `shape` is the one that the spot was made with.
    #[inline(always)]
    pub(crate) unsafe fn snapshot<'a>(self, shape: Shape) -> Snapshot<'a> {
        let words = (shape.copy_bytes() / 8) as usize;
        // SAFETY: the head and both copies lie in the mapping (checked by `new`), aligned as lines are; atomics only,
        // so that a peer's store breaks no rule; alive by the caller's promise.
        unsafe {
            let first = self.0.add(COPIES_AT as usize).cast::<AtomicU64>();
            let copy = |from: NonNull<AtomicU64>| NonNull::slice_from_raw_parts(from, words).as_ref();
            Snapshot::new(self.0.cast::<Head>().as_ref(), [copy(first), copy(first.add(words))])
        }
    }
}

/// One struct, and how the calls on it wait.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) snapshot: Snapshot<'a>,
    pub(crate) shape: Shape,
    pub(crate) yard: &'a Held,
    pub(crate) manner: Manner,
}

impl<'a> Place<'a> {
    /// Reads the value if writers leave a moment for it, and if `to` is as long as the value. No lock, no system call,
    /// no allocation.
    #[inline(always)]
    pub(crate) fn get_fast(&self, to: &mut [u8]) -> bool {
        to.len() == self.shape.size() && self.snapshot.read(to)
    }

    #[inline(always)]
    pub(crate) fn get(&self, to: &mut [u8]) -> Result<()> {
        if self.get_fast(to) { Ok(()) } else { self.get_slowly(to, Timeout::For(PATIENCE)) }
    }

    #[inline(always)]
    pub(crate) fn get_within(&self, to: &mut [u8], timeout: Timeout) -> Result<()> {
        if self.get_fast(to) { Ok(()) } else { self.get_slowly(to, timeout.or_try()) }
    }

    /// Reads with the writers' lock. As a writer may be stopped with the lock in its hands, and then nothing moves,
    /// the reader tries without the lock from time to time.
    #[cold]
    fn get_slowly(&self, to: &mut [u8], timeout: Timeout) -> Result<()> {
        self.shape.takes(to.len())?;
        let wait = Wait::new(timeout, self.manner);
        let nap = if timeout == Timeout::Try { timeout } else { Timeout::For(NAP) };
        loop {
            match self.take(nap) {
                Ok(taken) => return taken.read(to),
                Err(e) if e.kind() == ErrorKind::Timeout => {}
                Err(e) => return Err(e),
            }
            if self.snapshot.read(to) {
                return Ok(());
            }
            wait.check()?;
        }
    }

    pub(crate) fn set(&self, from: &[u8], timeout: Timeout) -> Result<()> {
        self.shape.takes(from.len())?;
        self.take(timeout)?.write(from)
    }

    /// As [`Place::update`], of a type of this size: checked when the handle was made.
    pub(crate) fn change<T: Pod, R>(&self, timeout: Timeout, change: impl FnOnce(&mut T) -> R) -> Result<R> {
        self.shape.takes(size_of::<T>())?;
        let taken = self.take(timeout)?;
        let mut value = T::zeroed();
        taken.read(bytemuck::bytes_of_mut(&mut value))?;
        let result = change(&mut value);
        taken.write(bytemuck::bytes_of(&value))?;
        Ok(result)
    }

    /// Changes a private copy, which then is the value. If `change` panics, nothing is written.
    pub(crate) fn update<R>(
        &self,
        size: usize,
        timeout: Timeout,
        change: impl FnOnce(&mut [u8]) -> R,
    ) -> Result<R> {
        self.shape.takes(size)?;
        let mut room = Room::new();
        let value = room.bytes(size);
        let taken = self.take(timeout)?;
        taken.read(value)?;
        let result = change(value);
        taken.write(value)?;
        Ok(result)
    }

    /// Takes the writers' lock.
    #[inline]
    pub(crate) fn take(&self, timeout: Timeout) -> Result<Taken<'a>> {
        let token = owners::take(self.yard, self.snapshot.lock(), timeout, self.manner)?;
        Ok(Taken { place: *self, token })
    }
}

/// A struct whose writers' lock the calling thread holds, until this is dropped.
pub(crate) struct Taken<'a> {
    place: Place<'a>,
    token: u32,
}

impl Taken<'_> {
    /// Whether the lock still is the caller's: not in a fork child, nor after the thread has left the yard.
    fn is_mine(&self) -> bool {
        thread::token(self.place.yard.number()) == self.token
    }

    pub(crate) fn read(&self, to: &mut [u8]) -> Result<()> {
        Ok(self.place.snapshot.read_alone(to)?)
    }

    pub(crate) fn write(&self, from: &[u8]) -> Result<()> {
        if !self.is_mine() {
            return Err(ErrorKind::NotOwner.into());
        }
        self.place.snapshot.write_alone(from);
        Ok(())
    }
}

impl Drop for Taken<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.is_mine() {
            owners::give(self.place.snapshot.lock(), self.token);
        }
    }
}

/// A private copy of a struct of any shape.
#[repr(C, align(64))]
struct Room([u8; SIZE_MAX]);

const _: () = assert!(align_of::<Room>() == ALIGN_MAX);

impl Room {
    fn new() -> Room {
        Room([0; SIZE_MAX])
    }

    /// The first `len` bytes, of which there are enough for any shape.
    fn bytes(&mut self, len: usize) -> &mut [u8] {
        self.0.get_mut(..len).unwrap_or_default()
    }
}
