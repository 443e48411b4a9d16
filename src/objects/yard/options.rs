//! How a yard is made and opened, and what that costs.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::cost::{self, ObjectCost};
use crate::objects::yard::{Yard, name};
use crate::os::page_size;
use crate::segment::directory::ObjectType;
use crate::segment::geometry::Geometry;
use crate::sync::wait::Manner;
use std::os::fd::AsFd;

/// Options of a yard. What concerns its making (`size`, `slots`, `objects`, `mode`) is ignored by whoever opens one
/// that exists; the rest concerns this handle alone.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) size: u64,
    pub(crate) slots: u32,
    pub(crate) objects: u32,
    pub(crate) mode: u32,
    pub(crate) manner: Manner,
}

impl Default for Options {
    fn default() -> Options {
        let manner = Manner { endable: true, ..Manner::default() };
        Options { size: 1 << 20, slots: 64, objects: 256, mode: 0o600, manner }
    }
}

/// What a configuration costs, before anything is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// Bytes of the whole file; all of them are reserved when the yard is made.
    pub total_bytes: u64,
    /// Bytes that objects can have.
    pub object_bytes: u64,
    /// Bytes for one participating thread: its slot, its process's entry, its page.
    pub slot_bytes: u64,
    /// Bytes a lock takes.
    pub lock_bytes: u64,
    /// Bytes a value takes.
    pub value_bytes: u64,
    /// Bytes a ring takes besides its capacity.
    pub ring_bytes: u64,
}

impl Options {
    /// The defaults: 1 MiB for objects, 64 slots, 256 names, mode 0600.
    pub fn new() -> Options {
        Options::default()
    }

    /// Bytes for objects, rounded up to whole pages. Each object takes a multiple of 128.
    pub fn size(mut self, bytes: u64) -> Options {
        self.size = bytes;
        self
    }

    /// How many threads, and how many processes, can take part at a time: 1 to 4095.
    pub fn slots(mut self, slots: u32) -> Options {
        self.slots = slots;
        self
    }

    /// How many objects the directory can name: 1 to 1048576.
    pub fn objects(mut self, objects: u32) -> Options {
        self.objects = objects;
        self
    }

    /// Access mode of a named yard, as chmod(2) takes it; the umask does not matter. All users need read *and* write.
    pub fn mode(mut self, mode: u32) -> Options {
        self.mode = mode;
        self
    }

    /// Whether a signal handler that ran ends a wait with `Interrupted`; otherwise the wait goes on.
    pub fn interruptible(mut self, interruptible: bool) -> Options {
        self.manner.interruptible = interruptible;
        self
    }

    /// Whether to do without futex_waitv(2) even where the kernel has it: sleepers then look at their peers every
    /// millisecond. For tests, and for comparing.
    pub fn fallback(mut self, fallback: bool) -> Options {
        self.manner.fallback = fallback;
        self
    }

    pub(crate) fn geometry(&self) -> Result<Geometry> {
        Geometry::new(self.size, self.slots, self.objects, page_size() as u32)
    }

    /// What a yard of these options costs. Errors: `Range`, `Size`.
    pub fn cost(&self) -> Result<Cost> {
        let geometry = self.geometry()?;
        Ok(Cost {
            total_bytes: geometry.total,
            object_bytes: geometry.heap(),
            slot_bytes: geometry.slot_bytes(),
            lock_bytes: crate::objects::lock::BODY_BYTES,
            value_bytes: crate::objects::value::BODY_BYTES,
            ring_bytes: crate::objects::ring::BODY_BYTES,
        })
    }

    /// What an object of this kind takes in a yard of these options. Errors: `Range`, `Size`.
    pub fn object_cost(&self, kind: ObjectType) -> Result<ObjectCost> {
        Ok(cost::of(kind, self.geometry()?.slots))
    }

    /// Makes a yard under this name. An abandoned one of that name (nobody has it open) is replaced.
    ///
    /// Errors: `Exists` (somebody has it open), `Name`, `Foreign` (the name belongs to something else), `NoSpace`
    /// (with figures), `Permission`, `Range`, `Size`, `Busy` (somebody is replacing it just now).
    pub fn create(&self, name: &str) -> Result<Yard> {
        self.checked_mode()?;
        name::create(self, &name::path(name)?)
    }

    /// Opens the yard of this name; what its dead users have left is cleared up, the data is kept.
    ///
    /// Errors: `NotFound`, `Name`, `Permission`, `NoSlots`, and `Foreign`, `Truncated`, `Size`, `Version`, `Format`,
    /// `Corrupt` for what is not a whole yard of this version.
    pub fn open(&self, name: &str) -> Result<Yard> {
        name::open(self, &name::path(name)?)
    }

    /// Opens the yard of this name, or makes it. Errors: as for both, but neither `NotFound` nor `Exists`.
    pub fn open_or_create(&self, name: &str) -> Result<Yard> {
        self.checked_mode()?;
        name::open_or_create(self, &name::path(name)?)
    }

    /// Makes a yard without a name, of fixed size, that lives as long as somebody has it open. Others get it by fork
    /// or through its descriptor.
    pub fn anonymous(&self) -> Result<Yard> {
        name::anonymous(self)
    }

    /// Opens the yard behind a descriptor, which stays the caller's. Errors: as for [`Options::open`].
    pub fn from_fd(&self, fd: impl AsFd) -> Result<Yard> {
        name::from_fd(self, fd.as_fd())
    }

    fn checked_mode(&self) -> Result<()> {
        if self.mode & !0o777 != 0 || self.mode & 0o600 != 0o600 {
            return Err(Error::with(ErrorKind::Invalid, format!("mode {:o}", self.mode)));
        }
        Ok(())
    }
}
