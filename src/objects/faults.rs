//! Who died, doing what, and what was repaired: the yard's last faults.
#![forbid(unsafe_code)]

use crate::objects::array;
use crate::objects::blocks;
use crate::objects::directory::MAKING_AT;
use crate::objects::permits;
use crate::objects::ring;
use crate::os::clock;
use crate::presence::attachment::{Attachment, Who};
use crate::segment::directory::{ObjectType, Record};
use crate::segment::faults::{Faults, Note};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What somebody was doing when he died, and what has become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u32)]
pub enum FaultKind {
    /// He was in the yard. His place was given back.
    Member = 1,
    /// He was making an object. Nothing of it is left.
    Making = 2,
    /// He held a lock. The next owner gets it and is told.
    Owner = 3,
    /// He held a ring's sending end. What he sent is there; a successor can take the end.
    Sender = 4,
    /// He held a ring's receiving end. A successor gets again, flagged, what he may have seen.
    Receiver = 5,
    /// He held permits. They are back.
    Permits = 6,
    /// He was collecting permits, or blocks for one request. His process, if it lives, got all of them or none.
    Collector = 7,
    /// He was storing a struct. The old value is there, or the new one; the next writer goes on.
    Writer = 8,
    /// He was a party of a barrier. It is broken until somebody resets it.
    Party = 9,
    /// He owned blocks, or offered them. They are free.
    Blocks = 10,
    /// He was putting into a queue, or getting from it. What he had not put never was; what he had not got comes again.
    Messenger = 11,
    /// He held an end of a pipe, or was sending or receiving. What he had sent is there; the others go on.
    Connection = 12,
    /// He was putting to or getting from a last-in-first-out queue. He has done so or not; the others go on.
    LifoTurn = 13,
    /// He was putting to or getting from a priority queue. He has done so or not; the others go on.
    PriorityTurn = 14,
    /// He was giving a pool a task, or had promised a result. The task never was, or is lost; or he was a worker of a pool
    /// that nobody keeps any more: what he had in hand waits again, or is lost.
    Task = 15,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: &'static [FaultKind] = &[
        FaultKind::Member,
        FaultKind::Making,
        FaultKind::Owner,
        FaultKind::Sender,
        FaultKind::Receiver,
        FaultKind::Permits,
        FaultKind::Collector,
        FaultKind::Writer,
        FaultKind::Party,
        FaultKind::Blocks,
        FaultKind::Messenger,
        FaultKind::Connection,
        FaultKind::LifoTurn,
        FaultKind::PriorityTurn,
        FaultKind::Task,
    ];
}

/// A repair that somebody made behind a dead participant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// Counts the yard's faults from 0.
    pub number: u64,
    /// The process that died, or whose thread did, in its own PID namespace; 0 if nobody knows any more.
    pub pid: u32,
    /// The thread; 0 if the whole process owned what was repaired.
    pub tid: u32,
    /// What he was doing.
    pub kind: FaultKind,
    /// The object's name and type, if one was repaired.
    pub object: Option<(String, ObjectType)>,
    /// How much was repaired: 1, or the number of things that came back.
    pub count: u64,
    /// When it was repaired.
    pub time: SystemTime,
}

/// Remembers that `word` was repaired behind `who`.
pub(super) fn note<T>(yard: &Attachment, who: Who, word: &T, count: u64) {
    put(yard, who, yard.region().offset_of(word), count);
}

/// Remembers that a process died in the yard.
pub(super) fn note_member(yard: &Attachment, who: Who) {
    put(yard, who, 0, 1);
}

fn put(yard: &Attachment, who: Who, place: u64, count: u64) {
    let Ok(faults) = Faults::of(yard.region()) else { return };
    let (pid, tid) = yard.person(who);
    faults.put(&Note { pid, tid, place, count, time: clock::wall_ns() });
}

/// The last faults, at most 16, the newest first.
pub(super) fn read(yard: &Attachment) -> Vec<Fault> {
    let Ok(faults) = Faults::of(yard.region()) else { return Vec::new() };
    faults.read().into_iter().filter_map(|(number, note)| fault(yard, number, note)).collect()
}

fn fault(yard: &Attachment, number: u64, note: Note) -> Option<Fault> {
    let object = object_at(yard, note.place);
    let kind = match (&object, note.place) {
        (_, 0) => FaultKind::Member,
        (_, MAKING_AT) => FaultKind::Making,
        (Some(record), place) => kind_of(record, place - record.offset),
        (None, _) => return None, // a peer's invention
    };
    let time = UNIX_EPOCH.checked_add(Duration::from_nanos(note.time))?;
    let object = object.map(|r| (r.name.as_str().to_owned(), r.kind));
    Some(Fault { number, pid: note.pid, tid: note.tid, kind, object, count: note.count, time })
}

/// The object that covers an offset.
fn object_at(yard: &Attachment, place: u64) -> Option<Record> {
    yard.directory().ok()?.iter().find(|r| place.checked_sub(r.offset).is_some_and(|at| at < r.len))
}

/// What a word at this offset of an object stands for.
fn kind_of(record: &Record, at: u64) -> FaultKind {
    match record.kind {
        ObjectType::Ring if at == ring::SENDER_AT => FaultKind::Sender,
        ObjectType::Ring => FaultKind::Receiver,
        ObjectType::Queue => FaultKind::Messenger,
        ObjectType::Pipe => FaultKind::Connection,
        ObjectType::LifoQueue => FaultKind::LifoTurn,
        ObjectType::PriorityQueue => FaultKind::PriorityTurn,
        ObjectType::Pool => FaultKind::Task,
        ObjectType::Struct => FaultKind::Writer,
        ObjectType::Array if !array::has_lock_at(record, at) => FaultKind::Writer,
        ObjectType::Permits if at >= permits::PERMITS_AT => FaultKind::Permits,
        ObjectType::Permits => FaultKind::Collector,
        ObjectType::Barrier => FaultKind::Party,
        ObjectType::Blocks if at == blocks::COLLECTOR_AT => FaultKind::Collector,
        ObjectType::Blocks => FaultKind::Blocks,
        _ => FaultKind::Owner,
    }
}
