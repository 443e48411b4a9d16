//! The last faults, for C: who died, doing what.
//!
//! * what lives here: `cyd_fault_t`, the numbers of the kinds, `cyd_yard_fault`
//! * who calls it: C programs
//! * what it may call: `objects`
//! * the invariant: nothing is written but the caller's struct
//! * where it is tested: `ffi-tests/c/yard.c`

use crate::capi::status::cyd_status_t;
use crate::capi::yard::{CYD_NAME_BYTES, cyd_yard_t, name_bytes};
use crate::capi::{boundary, handle, options};
use crate::error::{ErrorKind, Result};
use crate::objects::faults::{Fault, FaultKind};
use std::ffi::c_char;
use std::time::UNIX_EPOCH;

/// What somebody was doing when he died: a CYD_FAULT_ number. Later versions may add some.
pub type cyd_fault_kind_t = u32;

/// He was in the yard. His place was given back.
pub const CYD_FAULT_MEMBER: cyd_fault_kind_t = 1;
/// He was making an object. Nothing of it is left.
pub const CYD_FAULT_MAKING: cyd_fault_kind_t = 2;
/// He held a lock. The next owner gets it and is told.
pub const CYD_FAULT_OWNER: cyd_fault_kind_t = 3;
/// He held a ring's sending end. What he sent is there; a successor can take the end.
pub const CYD_FAULT_SENDER: cyd_fault_kind_t = 4;
/// He held a ring's receiving end. A successor gets again, flagged, what he may have seen.
pub const CYD_FAULT_RECEIVER: cyd_fault_kind_t = 5;
/// He held permits. They are back.
pub const CYD_FAULT_PERMITS: cyd_fault_kind_t = 6;
/// He was collecting permits, or blocks for one request. His process, if it lives, got all of them or none.
pub const CYD_FAULT_COLLECTOR: cyd_fault_kind_t = 7;
/// He was storing a struct. The old value is there, or the new one; the next writer goes on.
pub const CYD_FAULT_WRITER: cyd_fault_kind_t = 8;
/// He was a party of a barrier. It is broken until somebody resets it.
pub const CYD_FAULT_PARTY: cyd_fault_kind_t = 9;
/// He owned blocks, or offered them. They are free.
pub const CYD_FAULT_BLOCKS: cyd_fault_kind_t = 10;
/// He was putting into a queue, or getting from it. What he had not put never was; what he had not got comes again.
pub const CYD_FAULT_MESSENGER: cyd_fault_kind_t = 11;
/// He held an end of a pipe, or was sending or receiving. What he had sent is there; the others go on.
pub const CYD_FAULT_CONNECTION: cyd_fault_kind_t = 12;
/// He was putting to or getting from a last-in-first-out queue. He has done so or not; the others go on.
pub const CYD_FAULT_LIFO_TURN: cyd_fault_kind_t = 13;
/// He was putting to or getting from a priority queue. He has done so or not; the others go on.
pub const CYD_FAULT_PRIORITY_TURN: cyd_fault_kind_t = 14;
/// He was giving a pool a task, or had promised a result. The task never was, or is lost; or he was a worker of a pool that
/// nobody keeps any more: what he had in hand waits again, or is lost.
pub const CYD_FAULT_TASK: cyd_fault_kind_t = 15;

const _: () = {
    let kinds = [
        (CYD_FAULT_MEMBER, FaultKind::Member),
        (CYD_FAULT_MAKING, FaultKind::Making),
        (CYD_FAULT_OWNER, FaultKind::Owner),
        (CYD_FAULT_SENDER, FaultKind::Sender),
        (CYD_FAULT_RECEIVER, FaultKind::Receiver),
        (CYD_FAULT_PERMITS, FaultKind::Permits),
        (CYD_FAULT_COLLECTOR, FaultKind::Collector),
        (CYD_FAULT_WRITER, FaultKind::Writer),
        (CYD_FAULT_PARTY, FaultKind::Party),
        (CYD_FAULT_BLOCKS, FaultKind::Blocks),
        (CYD_FAULT_MESSENGER, FaultKind::Messenger),
        (CYD_FAULT_CONNECTION, FaultKind::Connection),
        (CYD_FAULT_LIFO_TURN, FaultKind::LifoTurn),
        (CYD_FAULT_PRIORITY_TURN, FaultKind::PriorityTurn),
        (CYD_FAULT_TASK, FaultKind::Task),
    ];
    assert!(kinds.len() == FaultKind::ALL.len(), "one has no constant");
    let mut i = 0;
    while i < kinds.len() {
        assert!(kinds[i].0 == kinds[i].1 as u32);
        i += 1;
    }
};

/// A repair that somebody made behind a dead participant; filled by cyd_yard_fault().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_fault_t {
    /// Set to sizeof(cyd_fault_t) before the call.
    pub struct_size: usize,
    /// Counts the yard's faults from 0.
    pub number: u64,
    /// How much was repaired: 1, or the number of things that came back.
    pub count: u64,
    /// When it was repaired, in nanoseconds since 1970.
    pub time_ns: i64,
    /// The process that died, or whose thread did, in its own PID namespace; 0 if nobody knows any more.
    pub pid: u32,
    /// The thread; 0 if the whole process owned what was repaired.
    pub tid: u32,
    /// What he was doing: a CYD_FAULT_ number.
    pub kind: u32,
    /// The type of the object, a CYD_OBJECT_ number; 0 if none was repaired.
    pub object_kind: u32,
    /// The name of the object, with its NUL; empty if none was repaired.
    pub object: [c_char; 64],
}
options::sized!(cyd_fault_t {
    struct_size,
    number: u64,
    count: u64,
    time_ns: i64,
    pid: u32,
    tid: u32,
    kind: u32,
    object_kind: u32,
    object: [c_char; CYD_NAME_BYTES],
});

impl From<Fault> for cyd_fault_t {
    fn from(fault: Fault) -> cyd_fault_t {
        let since = fault.time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (name, object_kind) = fault.object.map_or((String::new(), 0), |(name, kind)| (name, kind as u32));
        cyd_fault_t {
            struct_size: size_of::<cyd_fault_t>(),
            number: fault.number,
            count: fault.count,
            time_ns: i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
            pid: fault.pid,
            tid: fault.tid,
            kind: fault.kind as u32,
            object_kind,
            object: name_bytes(&name),
        }
    }
}

/// Tells one of the last repairs behind dead participants: who died, doing what. For people and logs.
///
/// A yard remembers sixteen. A repairer that is killed just after its repair leaves no note.
///
/// \param yard  Borrowed.
/// \param back  Which: 0 is the newest, 1 the one before it, and so on.
/// \param out   Filled as far as its `struct_size` reaches.
///
/// \return #CYD_OK, or
///   - #CYD_E_END      there are not so many
///   - #CYD_E_NULL     a pointer is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
///   - #CYD_E_INVALID  a pointer is misaligned, `struct_size` is not set
///
/// \par Threads    Any. A fault that happens between two calls moves the others back by one: compare `number`.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_fault(
    yard: *const cyd_yard_t,
    back: u32,
    out: *mut cyd_fault_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (yard, out) = unsafe { (handle::get(yard)?, options::fill(out)?) };
        let fault: Result<Fault> = yard.faults().into_iter().nth(back as usize).ok_or(ErrorKind::End.into());
        out.set(fault?.into());
        Ok(())
    })
}
