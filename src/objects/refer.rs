//! References to objects that travel: plain numbers, good in every process that has the yard open.
#![allow(unsafe_code)] // `Pod`

use crate::error::{Error, ErrorKind, Result};
use crate::objects::yard::{ObjectInfo, Yard};
use crate::presence::attachment::{Attachment, Held};
use crate::segment::directory::{Name, ObjectType, Record};
use bytemuck::{Pod, Zeroable};

/// Refers to an object of a yard: a plain value of 32 bytes, which can be sent in a message or kept in a struct. Every
/// process that has the yard open can open the object by it, without its name.
///
/// Any bytes are a reference; one that means nothing is refused. It says which yard, by its file, where in the directory, and
/// what kind of object, so that nothing else is taken for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct ObjectRef {
    /// The file system of the yard's file, and its number there.
    yard: [u64; 2],
    place: u32,
    /// How often the place in the directory was given to another object.
    generation: u32,
    kind: u32,
    reserved: u32,
}

// SAFETY: numbers; zeros are some.
unsafe impl Zeroable for ObjectRef {}
// SAFETY: repr(C), numbers without padding (two of 8 bytes, then four of 4).
unsafe impl Pod for ObjectRef {}
const _: () = assert!(size_of::<ObjectRef>() == 32);

impl ObjectRef {
    /// What kind of object it refers to, if there is such a kind.
    pub fn kind(&self) -> Option<ObjectType> {
        ObjectType::ALL.iter().copied().find(|kind| *kind as u32 == self.kind)
    }

    /// The numbers, for who passes them on.
    pub(crate) fn parts(&self) -> ([u64; 2], [u32; 4]) {
        (self.yard, [self.place, self.generation, self.kind, self.reserved])
    }

    pub(crate) fn from_parts(yard: [u64; 2], [place, generation, kind, reserved]: [u32; 4]) -> ObjectRef {
        ObjectRef { yard, place, generation, kind, reserved }
    }

    fn new(yard: &Attachment, place: usize, generation: u32, record: &Record) -> Result<ObjectRef> {
        let place = u32::try_from(place).map_err(|_| Error::new(ErrorKind::Range))?;
        let kind = record.kind as u32;
        Ok(ObjectRef { yard: yard.file_number(), place, generation, kind, reserved: 0 })
    }

    /// The object, if it is one of this yard and of this kind.
    pub(crate) fn find(&self, yard: &Yard, kind: ObjectType) -> Result<Record> {
        let held = yard.held();
        if self.yard != held.file_number() {
            return Err(Error::with(ErrorKind::Foreign, "a reference to an object of another yard"));
        }
        let found = held
            .directory()?
            .at(self.place as usize)?
            .filter(|(_, generation)| *generation == self.generation && self.reserved == 0);
        let (record, _) = found.ok_or_else(|| {
            Error::with(ErrorKind::NotFound, format!("object {} of stay {}", self.place, self.generation))
        })?;
        if self.kind() != Some(record.kind) {
            return Err(Error::with(ErrorKind::NotFound, "what is there now is another object"));
        }
        if record.kind != kind {
            let detail = format!("{:?} is a {:?}, a {kind:?} was asked for", record.name, record.kind);
            return Err(Error::with(ErrorKind::Type, detail));
        }
        Ok(record)
    }
}

/// An object that a yard names, and that can be referred to: every noun that is made and opened by a name.
pub trait YardObject: Whereabouts + Sized {
    /// A reference to it, for [`Yard::open_ref`] in any process. Errors: `Corrupt` (a peer that keeps no rules has spoilt
    /// the directory).
    fn object_ref(&self) -> Result<ObjectRef> {
        let (yard, address) = self.whereabouts();
        let at = yard.region().offset_of_address(address);
        let covers =
            |record: &Record| at.checked_sub(record.offset).is_some_and(|inside| inside < record.len);
        let directory = yard.directory()?;
        let found = directory.places().find(|(_, _, record)| covers(record) && record.kind == Self::KIND);
        let (place, generation, record) =
            found.ok_or_else(|| Error::with(ErrorKind::Corrupt, "the object is not in the directory"))?;
        ObjectRef::new(yard, place, generation, &record)
    }
}

impl<T: Whereabouts> YardObject for T {}

/// What a [`YardObject`] is made of.
pub trait Whereabouts: Sized {
    /// What it is in the directory.
    const KIND: ObjectType;
    /// Its yard, and an address inside the object.
    #[doc(hidden)]
    #[allow(private_interfaces)] // sealed: nobody outside can name the trait
    fn whereabouts(&self) -> (&Held, usize);
    /// Opens the object of this name.
    #[doc(hidden)]
    fn open_named(yard: &Yard, name: &str) -> Result<Self>;
}

/// Makes a noun a [`YardObject`]: `referable!(Lock, Lock, |it| (&it.yard, it.word.addr().get()));`, with the bound of its
/// parameter at the end if it has one.
macro_rules! referable {
    ($noun:ty, $kind:ident, |$it:ident| $whereabouts:expr $(, $of:ident: $bound:path)?) => {
        impl $(<$of: $bound>)? $crate::objects::refer::Whereabouts for $noun {
            const KIND: $crate::segment::directory::ObjectType =
                $crate::segment::directory::ObjectType::$kind;

            #[allow(private_interfaces)] // sealed
            fn whereabouts(&self) -> (&$crate::presence::attachment::Held, usize) {
                let $it = self;
                $whereabouts
            }

            fn open_named(yard: &$crate::objects::yard::Yard, name: &str) -> $crate::error::Result<Self> {
                <$noun>::open(yard, name)
            }
        }
    };
}
pub(crate) use referable;

impl Yard {
    /// Opens the object that is referred to.
    ///
    /// Errors: `Foreign` (it is another yard's), `NotFound` (it is not there any more, or never was), `Type` (it is of
    /// another kind than `T`), and what `T`'s own `open` answers for one that does not fit it.
    pub fn open_ref<T: YardObject>(&self, of: &ObjectRef) -> Result<T> {
        let record = of.find(self, T::KIND)?;
        T::open_named(self, record.name.as_str())
    }

    /// A reference to the object of this name, whatever it is. Errors: `NotFound`, `Name`.
    pub fn ref_of(&self, name: &str) -> Result<ObjectRef> {
        let (held, name) = (self.held(), Name::new(name)?);
        let found = held.directory()?.places().find(|(_, _, record)| record.name == name);
        let none = || Error::with(ErrorKind::NotFound, format!("object {name:?}"));
        let (place, generation, record) = found.ok_or_else(none)?;
        ObjectRef::new(held, place, generation, &record)
    }

    /// What a reference refers to. Errors: `Foreign`, `NotFound`.
    pub fn resolve(&self, of: &ObjectRef) -> Result<ObjectInfo> {
        let kind = of.kind().ok_or_else(|| Error::with(ErrorKind::NotFound, "no such kind of object"))?;
        of.find(self, kind).map(ObjectInfo::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::array::{Array, ArrayOptions, StructArray};
    use crate::objects::barrier::Barrier;
    use crate::objects::blocks::{Blocks, BlocksOptions};
    use crate::objects::condition::Condition;
    use crate::objects::event::{Event, EventOptions};
    use crate::objects::lifo::{LifoOptions, LifoQueue, TypedLifoQueue};
    use crate::objects::lock::{Lock, Scope};
    use crate::objects::permits::Permits;
    use crate::objects::pipe::{Pipe, PipeOptions};
    use crate::objects::pool::{Table, TableOptions};
    use crate::objects::priority::{PriorityOptions, PriorityQueue, TypedPriorityQueue};
    use crate::objects::queue::{Queue, QueueOptions, TypedQueue};
    use crate::objects::ring::{Ring, RingOptions, TypedRing};
    use crate::objects::rlock::RLock;
    use crate::objects::rwlock::{RwLock, RwLockOptions};
    use crate::objects::semaphore::{Semaphore, SemaphoreOptions};
    use crate::objects::structs::Struct;
    use crate::objects::value::Value;

    fn kind<T>(result: Result<T>) -> ErrorKind {
        result.err().unwrap().kind()
    }

    /// Goes there and back again, and is no other kind of object.
    fn travels<T: YardObject>(yard: &Yard, object: T) {
        let of = object.object_ref().unwrap();
        let sent: ObjectRef = bytemuck::pod_read_unaligned(bytemuck::bytes_of(&of));
        let same: T = yard.open_ref(&sent).unwrap();
        assert_eq!((same.object_ref().unwrap(), of.kind()), (of, Some(T::KIND)));
        let info = yard.resolve(&of).unwrap();
        assert_eq!((info.kind, yard.ref_of(&info.name).unwrap()), (T::KIND, of));
        if T::KIND == ObjectType::Lock {
            assert_eq!(kind(yard.open_ref::<Event>(&of)), ErrorKind::Type);
        } else {
            assert_eq!(kind(yard.open_ref::<Lock>(&of)), ErrorKind::Type);
        }
        let other = Yard::anonymous().unwrap();
        Lock::create(&other, "lock", Scope::Thread).unwrap();
        assert_eq!(kind(other.open_ref::<T>(&of)), ErrorKind::Foreign);
    }

    #[test]
    fn every_noun_can_be_referred_to() {
        let yard = Yard::anonymous().unwrap();
        let y = &yard;
        travels(y, Lock::create(y, "lock", Scope::Thread).unwrap());
        travels(y, RLock::create(y, "rlock").unwrap());
        travels(y, RwLock::create(y, "rwlock", RwLockOptions::default()).unwrap());
        travels(y, Permits::create(y, "permits", 3).unwrap());
        travels(y, Semaphore::create(y, "semaphore", SemaphoreOptions::default()).unwrap());
        travels(y, Event::create(y, "event", EventOptions::default()).unwrap());
        travels(y, Condition::create(y, "condition").unwrap());
        travels(y, Barrier::create(y, "barrier", 2).unwrap());
        travels(y, Value::<u8>::create(y, "value").unwrap());
        travels(y, Struct::<[u64; 3]>::create(y, "struct").unwrap());
        travels(y, Array::<u8>::create(y, "array", 300, ArrayOptions { lock: true }).unwrap());
        travels(y, StructArray::<[u64; 3]>::create(y, "structs", 3).unwrap());
        travels(y, Ring::create(y, "ring", RingOptions::default()).unwrap());
        travels(y, TypedRing::<u64>::create(y, "typed ring".replace(' ', "-").as_str(), 4, false).unwrap());
        travels(y, Pipe::create(y, "pipe", PipeOptions::default()).unwrap());
        travels(y, Blocks::create(y, "blocks", &BlocksOptions::default()).unwrap());
        travels(y, Queue::create(y, "queue", QueueOptions::default()).unwrap());
        travels(y, TypedQueue::<u64>::create(y, "typed-queue", 4).unwrap());
        travels(y, LifoQueue::create(y, "lifo", LifoOptions::default()).unwrap());
        travels(y, TypedLifoQueue::<u64>::create(y, "typed-lifo", 4).unwrap());
        travels(y, PriorityQueue::create(y, "priority", PriorityOptions::default()).unwrap());
        travels(y, TypedPriorityQueue::<u64>::create(y, "typed-priority", 4).unwrap());
        let pool = TableOptions { workers: 2, tasks: 4, block_bytes: 0, blocks_at: 0, threads: false };
        travels(y, Table::create(y, "pool", pool).unwrap());
        let kinds: std::collections::HashSet<_> = y.objects().unwrap().iter().map(|info| info.kind).collect();
        assert_eq!(kinds.len(), ObjectType::ALL.len(), "a kind that was not tried");
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let yard = Yard::anonymous().unwrap();
        let lock = Lock::create(&yard, "lock", Scope::Thread).unwrap();
        let of = lock.object_ref().unwrap();
        let (file, [place, generation, code, _]) = of.parts();
        let refused = |parts| kind(yard.open_ref::<Lock>(&ObjectRef::from_parts(file, parts)));
        for parts in [
            [place, generation + 1, code, 0],
            [place + 1, generation, code, 0],
            [u32::MAX, generation, code, 0],
            [place, generation, code, 1],
            [place, generation, 99, 0],
            [place, generation, ObjectType::Queue as u32, 0],
        ] {
            assert_eq!(refused(parts), ErrorKind::NotFound, "{parts:?}");
        }
        assert_eq!(kind(yard.open_ref::<Lock>(&ObjectRef::zeroed())), ErrorKind::Foreign);
        assert_eq!(
            (kind(yard.resolve(&ObjectRef::zeroed())), kind(yard.ref_of("no"))),
            (ErrorKind::NotFound, ErrorKind::NotFound)
        );
        let typed = Value::<u8>::create(&yard, "value").unwrap().object_ref().unwrap();
        assert_eq!(kind(yard.open_ref::<Value<u64>>(&typed)), ErrorKind::Mismatch);
        // Any bytes at all, and a yard that is opened a second time is the same.
        let mut seed = 1u64;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            let random = [seed >> 32, seed >> 40, seed >> 48, seed >> 56].map(|n| n as u32 % 300);
            let _ = yard.resolve(&ObjectRef::from_parts(file, random));
        }
        let same = Yard::from_fd(&yard).unwrap();
        same.open_ref::<Lock>(&of).unwrap();
    }
}
