//! What users hold: one folder per noun.
//!
//! * what lives here: the yard and its objects; policy (full, closed, dead peer, timeout)
//! * who calls it: users through the door, `capi`
//! * what it may call: everything below but libc
//! * the invariant: every object is in the directory before its first stamp, and [`Repair`] knows its type
//! * where it is tested: beside each noun, `ffi-tests`

pub(crate) mod array;
pub(crate) mod barrier;
pub(crate) mod blocks;
pub(crate) mod cancel;
#[cfg(feature = "serde")]
pub(crate) mod codec;
pub(crate) mod condition;
pub(crate) mod cost;
pub(crate) mod directory;
pub(crate) mod event;
pub(crate) mod faults;
pub(crate) mod fd_wait;
pub(crate) mod lifo;
pub(crate) mod lock;
pub(crate) mod many;
pub(crate) mod member;
pub(crate) mod owners;
pub(crate) mod pace;
pub(crate) mod permits;
pub(crate) mod pipe;
pub(crate) mod pool;
pub(crate) mod priority;
pub(crate) mod queue;
pub(crate) mod refer;
pub(crate) mod ring;
pub(crate) mod rlock;
pub(crate) mod rwlock;
pub(crate) mod semaphore;
pub(crate) mod shelf;
pub(crate) mod structs;
pub(crate) mod value;
pub(crate) mod yard;

use crate::presence::attachment::{Attachment, Gone, Objects, Who};
use crate::segment::bits::{BlockHandle, Link, Token};
use crate::segment::directory::{ObjectType, Record};
use crate::segment::geometry::LINE_BYTES;

/// How to repair what the dead have left, for every type of object.
pub(crate) struct Repair;

/// The one table of repairs.
pub(crate) static REPAIR: Repair = Repair;

impl Objects for Repair {
    fn recover(&self, yard: &Attachment, who: Who, gone: Gone) {
        directory::recover(yard, who);
        let Ok(directory) = yard.directory() else { return };
        for record in directory.iter() {
            match record.kind {
                ObjectType::Lock => lock::recover(yard, &record, who, gone),
                ObjectType::Value => {} // nobody owns a value
                ObjectType::Permits => permits::recover(yard, &record, who, gone),
                ObjectType::Ring => ring::recover(yard, &record, who, gone),
                ObjectType::RLock => rlock::recover(yard, record.offset, who),
                ObjectType::Event => {}     // nobody owns an event
                ObjectType::Semaphore => {} // nobody owns what was taken
                ObjectType::Struct => structs::recover(yard, &record, who),
                ObjectType::Array => array::recover(yard, &record, who),
                ObjectType::RwLock => rwlock::recover(yard, &record, who),
                ObjectType::Condition => condition::recover(yard, &record, who),
                ObjectType::Barrier => barrier::recover(yard, &record, who, gone),
                ObjectType::Blocks => {} // last
                ObjectType::Queue => queue::recover(yard, &record, who, gone),
                ObjectType::Pipe => pipe::recover(yard, &record, who, gone),
                ObjectType::LifoQueue | ObjectType::PriorityQueue => shelf::recover(yard, &record, who),
                ObjectType::Pool => pool::recover(yard, &record, who, gone),
            }
        }
        for record in directory.iter().filter(|record| record.kind == ObjectType::Blocks) {
            blocks::recover(yard, &record, who, gone);
        }
        if let (Who::Process(_), Gone::Died) = (who, gone) {
            faults::note_member(yard, who);
        }
    }

    fn hold(&self, yard: &Attachment, end: u64, process: Token) {
        match object_of(yard, end) {
            Some(record) if record.kind == ObjectType::Queue => {
                queue::side::hold(yard, &record, end, process)
            }
            _ => pipe::hold(yard, end, process),
        }
    }

    fn let_go(&self, yard: &Attachment, end: u64, process: Token) {
        match object_of(yard, end) {
            Some(record) if record.kind == ObjectType::Queue => {
                queue::side::let_go(yard, &record, end, process)
            }
            _ => pipe::let_go(yard, end, process),
        }
    }
}

/// The object that the end belongs to: its key lies in the object's first line.
fn object_of(yard: &Attachment, end: u64) -> Option<Record> {
    yard.directory().ok()?.iter().find(|record| record.offset == end & !(LINE_BYTES - 1))
}

/// Whether the object that a block's link leads to names the block at that position, and will until it is claimed.
fn names(yard: &Attachment, link: Link, block: BlockHandle) -> bool {
    let Ok(directory) = yard.directory() else { return false };
    let Some(record) = directory.iter().find(|record| record.offset == link.object()) else { return false };
    match record.kind {
        ObjectType::Queue => queue::names(yard, &record, link, block),
        ObjectType::Pool => pool::names(yard, &record, link, block),
        // None of them names blocks.
        ObjectType::Lock
        | ObjectType::Value
        | ObjectType::Permits
        | ObjectType::Ring
        | ObjectType::RLock
        | ObjectType::Event
        | ObjectType::Semaphore
        | ObjectType::Struct
        | ObjectType::Array
        | ObjectType::RwLock
        | ObjectType::Condition
        | ObjectType::Barrier
        | ObjectType::Pipe
        | ObjectType::LifoQueue
        | ObjectType::PriorityQueue
        | ObjectType::Blocks => false,
    }
}
