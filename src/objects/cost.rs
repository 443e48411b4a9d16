//! What an object of each kind takes of a yard, before it is made.
#![forbid(unsafe_code)]

use crate::objects::barrier::layout::Tables;
use crate::objects::pipe::layout::Plan as PipePlan;
use crate::objects::{
    blocks, condition, event, lock, permits, pool, queue, ring, rlock, rwlock, semaphore, structs, value,
};
use crate::segment::directory::ObjectType;
use crate::sync::heap::Heap;
use crate::sync::shelf::{Moves, Words};
use crate::sync::stack::Stack;

/// What an object takes of a yard: `empty_bytes`, and for each of its items `item_bytes` and what the item itself has; and
/// up to 255 bytes more, since objects, and some parts of them, begin at multiples of 128.
///
/// | kind | an item | what it has itself |
/// |---|---|---|
/// | lock, re-entrant lock, value, semaphore, event, condition | there is none | |
/// | permits | a permit | |
/// | lock of readers and writers | a reader at a time | |
/// | barrier | a party | |
/// | struct | there is one | two copies, each rounded up to 64 |
/// | array | an element | a number its bytes, a struct as a struct; a lock of the array takes 128 |
/// | blocks | a block | its bytes, rounded up to 64 |
/// | ring, pipe | a message | its length, rounded up to 8; all of them lie in the capacity, which a pipe has once or twice |
/// | queue | a message | nothing, up to 48 bytes; with another `inline_max` so many bytes more or less. With `sides`, 8 for each slot of the yard |
/// | pool | a task | nothing; a place for a worker takes 64. Its queue and blocks are objects of their own |
/// | last-in-first-out and priority queue | a message | the longest one, rounded up to 8, at least 8 |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectCost {
    /// Bytes without any item.
    pub empty_bytes: u64,
    /// Bytes for each item besides what it has itself.
    pub item_bytes: u64,
}

/// What an object of this kind takes in a yard of so many slots.
pub(crate) fn of(kind: ObjectType, slots: u32) -> ObjectCost {
    let (empty_bytes, item_bytes) = match kind {
        ObjectType::Lock => (lock::BODY_BYTES, 0),
        ObjectType::RLock => (rlock::BODY_BYTES, 0),
        ObjectType::Value => (value::BODY_BYTES, 0),
        ObjectType::Semaphore => (semaphore::layout::BODY_BYTES, 0),
        ObjectType::Event => (event::layout::BODY_BYTES, 0),
        ObjectType::Condition => (condition::bytes(slots), 0),
        ObjectType::Permits => per_item(permits::bytes),
        ObjectType::RwLock => per_item(rwlock::bytes),
        ObjectType::Barrier => per_item(|parties| Tables::of(parties, slots).bytes),
        ObjectType::Struct => (structs::layout::COPIES_AT, 0),
        ObjectType::Array => (0, 0),
        ObjectType::Blocks => (blocks::layout::RECORDS_AT, blocks::layout::RECORD_BYTES),
        ObjectType::Ring => (ring::BODY_BYTES, RECORD_HEAD),
        ObjectType::Pipe => (PipePlan::new(slots, 0).len(false), RECORD_HEAD),
        ObjectType::Queue => per_item(queue::bytes_of),
        ObjectType::LifoQueue => shelf::<Stack>(),
        ObjectType::PriorityQueue => shelf::<Heap>(),
        ObjectType::Pool => per_item(pool::bytes_of),
    };
    ObjectCost { empty_bytes, item_bytes }
}

/// Bytes that a record of a ring has besides its own.
const RECORD_HEAD: u64 = 8;

fn per_item(bytes: impl Fn(u32) -> u64) -> (u64, u64) {
    (bytes(0), bytes(1) - bytes(0))
}

fn shelf<M: Moves>() -> (u64, u64) {
    (size_of::<Words>() as u64, size_of::<M::Cell>() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::array::{Array, ArrayOptions};
    use crate::objects::barrier::Barrier;
    use crate::objects::blocks::{BlockClass, Blocks, BlocksOptions};
    use crate::objects::condition::Condition;
    use crate::objects::event::{Event, EventOptions};
    use crate::objects::lifo::{LifoOptions, LifoQueue};
    use crate::objects::lock::{Lock, Scope};
    use crate::objects::permits::Permits;
    use crate::objects::pipe::{Pipe, PipeOptions};
    use crate::objects::pool::{Table, TableOptions};
    use crate::objects::priority::{PriorityOptions, PriorityQueue};
    use crate::objects::queue::{Queue, QueueOptions};
    use crate::objects::ring::{Ring, RingOptions};
    use crate::objects::rlock::RLock;
    use crate::objects::rwlock::{RwLock, RwLockOptions};
    use crate::objects::semaphore::{Semaphore, SemaphoreOptions};
    use crate::objects::structs::Struct;
    use crate::objects::value::Value;
    use crate::objects::yard::{Options, Yard};
    use crate::segment::directory::Name;

    const SLOTS: u32 = 21;

    /// An object that was just made takes what its kind costs, with so many items and bytes of their own.
    fn takes(yard: &Yard, kind: ObjectType, items: u64, own: u64) {
        let name = Name::new(&format!("{kind:?}")).unwrap();
        let record = yard.held().directory().unwrap().find(&name).unwrap().unwrap();
        let cost = Options::new().slots(SLOTS).object_cost(kind).unwrap();
        let bytes = cost.empty_bytes + items * cost.item_bytes + own;
        assert!((bytes..bytes + 256).contains(&record.len), "{kind:?}: {} bytes, said {bytes}", record.len);
    }

    #[test]
    fn each_kind_takes_what_it_is_said_to_cost() {
        let yard = Options::new().slots(SLOTS).anonymous().unwrap();
        Lock::create(&yard, "Lock", Scope::Thread).unwrap();
        RLock::create(&yard, "RLock").unwrap();
        Value::<u32>::create(&yard, "Value").unwrap();
        Semaphore::create(&yard, "Semaphore", SemaphoreOptions::default()).unwrap();
        Event::create(&yard, "Event", EventOptions::default()).unwrap();
        Condition::create(&yard, "Condition").unwrap();
        Permits::create(&yard, "Permits", 300).unwrap();
        RwLock::create(&yard, "RwLock", RwLockOptions { readers: Some(50) }).unwrap();
        Barrier::create(&yard, "Barrier", 19).unwrap();
        Struct::<[u64; 20]>::create(&yard, "Struct").unwrap();
        Array::<u16>::create(&yard, "Array", 999, ArrayOptions::default()).unwrap();
        let classes = vec![BlockClass { size: 100, count: 77 }];
        Blocks::create(&yard, "Blocks", &BlocksOptions { bytes: 0, classes }).unwrap();
        Ring::create(&yard, "Ring", RingOptions { capacity: 4096, ..RingOptions::default() }).unwrap();
        Pipe::create(&yard, "Pipe", PipeOptions { capacity: 4096, duplex: true }).unwrap();
        Queue::create(&yard, "Queue", QueueOptions { capacity: 33, ..QueueOptions::default() }).unwrap();
        LifoQueue::create(&yard, "LifoQueue", LifoOptions { capacity: 33, max_len: 100 }).unwrap();
        PriorityQueue::create(&yard, "PriorityQueue", PriorityOptions { capacity: 33, max_len: 100 })
            .unwrap();
        let pool = TableOptions { workers: 5, tasks: 33, block_bytes: 0, blocks_at: 0, threads: false };
        Table::create(&yard, "Pool", pool).unwrap();
        let items = |kind| match kind {
            ObjectType::Permits => (300, 0),
            ObjectType::RwLock => (50, 0),
            ObjectType::Barrier => (19, 0),
            ObjectType::Struct => (1, 2 * 192),
            ObjectType::Array => (999, 999 * 2),
            ObjectType::Blocks => (77, 77 * 128),
            ObjectType::Ring => (0, 4096),
            ObjectType::Pipe => (0, 2 * 4096),
            ObjectType::Queue => (33, 0),
            ObjectType::Pool => (33, 5 * 64),
            ObjectType::LifoQueue | ObjectType::PriorityQueue => (33, 33 * 104),
            _ => (0, 0),
        };
        for kind in ObjectType::ALL {
            let (count, own) = items(*kind);
            takes(&yard, *kind, count, own);
        }
    }
}
