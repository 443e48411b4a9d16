//! The directory: which objects a yard has, of what type and where.
//!
//! Objects are made by one participant at a time (the `making` lock of the header); looking one up takes no lock.
//! The entry's `kind` word is the commit: 0 is no object, and everything else of the entry, and the object's fresh
//! bytes, are written before it. A maker that dies before the commit has written scratch. The bytes of objects are
//! never listed twice: what is free is what no entry covers.
//!
//! ## Edges
//! | edge | release | acquire | carries |
//! |---|---|---|---|
//! | made | `publish`: kind.store | `read`: kind.load | name, place, parameters and fresh bytes |
#![allow(unsafe_code)] // `Shared`

use crate::error::{Error, ErrorKind, Result};
use crate::segment::geometry::{Geometry, LINE_BYTES, OBJECT_BYTES};
use crate::segment::region::{Region, Shared};
use crate::shim::{AtomicU32, AtomicU64, Ordering, words};
use static_assertions::const_assert_eq;
use std::mem::offset_of;

/// The longest name, in bytes.
pub(crate) const NAME_MAX: usize = 63;

/// What an object is. The numbers are part of the layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u32)]
pub enum ObjectType {
    /// A lock that survives its owners.
    Lock = 1,
    /// One number of at most 8 bytes.
    Value = 2,
    /// A ring of records between one sender and one receiver.
    Ring = 3,
    /// A lock that its owner may take again.
    RLock = 4,
    /// A count that anybody may take from and add to.
    Semaphore = 6,
    /// Plain data of up to 4096 bytes, written and read whole.
    Struct = 7,
    /// Numbers of one type, or structs of one size, side by side.
    Array = 8,
    /// A flag to wait for.
    Event = 9,
    /// A number of permits that come back from the dead.
    Permits = 5,
    /// A lock of many readers or one writer.
    RwLock = 10,
    /// Where holders of a lock wait to be notified.
    Condition = 11,
    /// Where a fixed number of parties wait for each other.
    Barrier = 12,
    /// Memory to allocate, free and hand on.
    Blocks = 13,
    /// Messages in order, from any number of producers to any number of consumers.
    Queue = 14,
    /// Messages between two ends, each of which several may hold.
    Pipe = 15,
    /// Messages, last in, first out.
    LifoQueue = 16,
    /// Messages, smallest priority first.
    PriorityQueue = 17,
    /// Tasks, and who works at them.
    Pool = 18,
}

impl ObjectType {
    /// Every type.
    pub const ALL: &'static [ObjectType] = &[
        ObjectType::Lock,
        ObjectType::Value,
        ObjectType::Ring,
        ObjectType::RLock,
        ObjectType::Permits,
        ObjectType::Semaphore,
        ObjectType::Struct,
        ObjectType::Array,
        ObjectType::Event,
        ObjectType::RwLock,
        ObjectType::Condition,
        ObjectType::Barrier,
        ObjectType::Blocks,
        ObjectType::Queue,
        ObjectType::Pipe,
        ObjectType::LifoQueue,
        ObjectType::PriorityQueue,
        ObjectType::Pool,
    ];

    fn from_kind(kind: u32) -> Option<ObjectType> {
        ObjectType::ALL.iter().copied().find(|t| *t as u32 == kind)
    }
}

/// One entry of the directory in shared memory.
#[repr(C)]
pub(crate) struct Slot {
    kind: AtomicU32,
    /// How often the entry was given to another object.
    generation: AtomicU32,
    offset: AtomicU64,
    len: AtomicU64,
    params: [AtomicU64; 4],
    name: [AtomicU64; 8],
    pad: AtomicU64,
}

const_assert_eq!(offset_of!(Slot, kind), 0);
const_assert_eq!(offset_of!(Slot, offset), 8);
const_assert_eq!(offset_of!(Slot, len), 16);
const_assert_eq!(offset_of!(Slot, params), 24);
const_assert_eq!(offset_of!(Slot, name), 56);
const_assert_eq!(size_of::<Slot>() as u64, OBJECT_BYTES);
words!("directory entry", Slot { kind, generation, offset, len, params, name, pad });

// SAFETY: repr(C), atomics only, zeros are a free entry.
unsafe impl Shared for Slot {}

impl Slot {
    fn generation(&self) -> u32 {
        self.generation.load(Ordering::Relaxed) // Relaxed: changed before the entry is given away again
    }
}

/// What distinguishes objects of one type: a scope, a number type, a capacity.
pub(crate) type Params = [u64; 4];

/// A directory entry, read once and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) kind: ObjectType,
    pub(crate) name: Name,
    pub(crate) offset: u64,
    pub(crate) len: u64,
    pub(crate) params: Params,
}

/// A name that has been checked: 1 to 63 characters of `[A-Za-z0-9._-]`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name([u8; NAME_MAX + 1]);

impl Name {
    pub(crate) fn new(name: &str) -> Result<Name> {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(legal) {
            return Err(Error::with(ErrorKind::Name, format!("{name:?}")));
        }
        let mut bytes = [0; NAME_MAX + 1];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        Ok(Name(bytes))
    }

    pub(crate) fn as_str(&self) -> &str {
        let end = self.0.iter().position(|&b| b == 0).unwrap_or(NAME_MAX);
        std::str::from_utf8(&self.0[..end]).unwrap_or("?")
    }

    fn words(&self) -> [u64; 8] {
        std::array::from_fn(|i| {
            let mut word = [0; 8];
            word.copy_from_slice(&self.0[i * 8..i * 8 + 8]);
            u64::from_ne_bytes(word)
        })
    }

    fn from_words(words: [u64; 8]) -> Result<Name> {
        let mut bytes = [0; NAME_MAX + 1];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&word.to_ne_bytes());
        }
        Name::new(Name(bytes).as_str())
            .map_err(|_| Error::with(ErrorKind::Corrupt, "a name in the directory"))
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The directory of a mapped yard.
#[derive(Clone, Copy)]
pub(crate) struct Directory<'a> {
    slots: &'a [Slot],
    heap: (u64, u64),
}

impl<'a> Directory<'a> {
    pub(crate) fn new(region: &'a Region, geometry: &Geometry) -> Result<Directory<'a>> {
        let slots = region.table(geometry.directory_at, geometry.objects)?;
        Ok(Directory { slots, heap: (geometry.heap_at, geometry.total) })
    }

    /// Every object, in the order of the table. Entries that contradict themselves are left out.
    pub(crate) fn iter(self) -> impl Iterator<Item = Record> + 'a {
        self.slots.iter().filter_map(move |slot| self.read(slot).ok().flatten())
    }

    /// The first object from place `from` of the table on, and its place. Left out as in [`Directory::iter`].
    pub(crate) fn next(self, from: usize) -> Option<(usize, Record)> {
        let rest = self.slots.get(from..)?;
        (from..).zip(rest).find_map(|(place, slot)| Some((place, self.read(slot).ok()??)))
    }

    /// Every object with its place in the table and the place's generation. Left out as in [`Directory::iter`].
    pub(crate) fn places(self) -> impl Iterator<Item = (usize, u32, Record)> + 'a {
        (0..).zip(self.slots).filter_map(move |(place, slot)| {
            let record = self.read(slot).ok().flatten()?;
            Some((place, slot.generation(), record))
        })
    }

    /// The object at this place of the table, and the place's generation.
    pub(crate) fn at(self, place: usize) -> Result<Option<(Record, u32)>> {
        let Some(slot) = self.slots.get(place) else { return Ok(None) };
        Ok(self.read(slot)?.map(|record| (record, slot.generation())))
    }

    /// The object of this name.
    pub(crate) fn find(self, name: &Name) -> Result<Option<Record>> {
        let wanted = name.words();
        for slot in self.slots {
            // Relaxed: a hint only; `read` looks at the commit word.
            if slot.name[0].load(Ordering::Relaxed) == wanted[0]
                && let Some(record) = self.read(slot)?
                && record.name == *name
            {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn read(self, slot: &Slot) -> Result<Option<Record>> {
        let kind = slot.kind.load(Ordering::Acquire); // edge: made
        if kind == 0 {
            return Ok(None);
        }
        // Relaxed from here: ordered by the load above.
        let kind = ObjectType::from_kind(kind)
            .ok_or_else(|| Error::with(ErrorKind::Type, format!("object type {kind} is unknown here")))?;
        let (offset, len) = (slot.offset.load(Ordering::Relaxed), slot.len.load(Ordering::Relaxed));
        let inside = offset >= self.heap.0 && offset.checked_add(len).is_some_and(|end| end <= self.heap.1);
        if !inside || offset % LINE_BYTES != 0 {
            return Err(Error::with(ErrorKind::Corrupt, format!("an object of {len} bytes at {offset}")));
        }
        let name = Name::from_words(std::array::from_fn(|i| slot.name[i].load(Ordering::Relaxed)))?;
        let params = std::array::from_fn(|i| slot.params[i].load(Ordering::Relaxed));
        Ok(Some(Record { kind, name, offset, len, params }))
    }

    /// Finds an entry and room for a new object and writes everything but the commit word. Makers only.
    pub(crate) fn prepare(self, name: &Name, len: u64, params: Params) -> Result<Draft<'a>> {
        let slot = self
            .slots
            .iter()
            .find(|s| s.kind.load(Ordering::Relaxed) == 0) // Relaxed: only makers change it, one at a time
            .ok_or_else(|| {
                Error::with(ErrorKind::NoSlots, format!("all {} names are taken", self.slots.len()))
            })?;
        let len = len.checked_next_multiple_of(LINE_BYTES).ok_or(Error::new(ErrorKind::Size))?;
        let offset = self.room_for(len)?;
        // Relaxed: `publish` orders them all.
        slot.offset.store(offset, Ordering::Relaxed);
        slot.len.store(len, Ordering::Relaxed);
        for (word, value) in slot.params.iter().zip(params) {
            word.store(value, Ordering::Relaxed);
        }
        for (word, value) in slot.name.iter().zip(name.words()) {
            word.store(value, Ordering::Relaxed);
        }
        Ok(Draft { slot, offset, len })
    }

    /// First fit between the objects there are, whole lines each. Those of unknown type count too: a later version has
    /// made them; and so do those that contradict themselves, as far as they lie in the heap.
    fn room_for(self, len: u64) -> Result<u64> {
        let (first, last) = self.heap;
        let lines = |slot: &Slot| {
            let (offset, len) = (slot.offset.load(Ordering::Relaxed), slot.len.load(Ordering::Relaxed));
            let end = offset.saturating_add(len).checked_next_multiple_of(LINE_BYTES).unwrap_or(last);
            (offset.clamp(first, last), end.clamp(first, last))
        };
        // Acquire pairs with `publish` (edge: made), though makers exclude each other anyway.
        let used_slots = self.slots.iter().filter(|s| s.kind.load(Ordering::Acquire) != 0);
        let mut taken: Vec<(u64, u64)> = used_slots.map(lines).collect();
        taken.sort_unstable();
        let mut at = first;
        for (begin, end) in taken.iter().copied().chain([(last, last)]) {
            if begin.checked_sub(at).is_some_and(|gap| gap >= len) {
                return Ok(at);
            }
            at = at.max(end);
        }
        let used =
            taken.iter().fold(0u64, |sum, (begin, end)| sum.saturating_add(end.saturating_sub(*begin)));
        let free = (last - first).saturating_sub(used);
        Err(Error::with(ErrorKind::NoSpace, format!("{len} bytes asked, {free} of the yard's are free")))
    }
}

/// An object that nobody can see yet.
pub(crate) struct Draft<'a> {
    slot: &'a Slot,
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

impl Draft<'_> {
    /// Makes the object visible. This is the commit.
    pub(crate) fn publish(self, kind: ObjectType) {
        self.slot.kind.store(kind as u32, Ordering::Release); // edge: made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_and_survive_the_words() {
        for bad in ["", "a/b", "ä", "with space", &"x".repeat(64)] {
            assert_eq!(Name::new(bad).unwrap_err().kind(), ErrorKind::Name, "{bad:?}");
        }
        for good in ["a", "A-Z_0.9", &"x".repeat(63)] {
            let name = Name::new(good).unwrap();
            assert_eq!(Name::from_words(name.words()).unwrap().as_str(), good);
        }
        assert_eq!(Name::from_words([u64::MAX; 8]).unwrap_err().kind(), ErrorKind::Corrupt);
    }
}
