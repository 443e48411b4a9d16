//! Shared-memory IPC that stays whole when processes die: locks, values and rings of messages in one segment.
//!
//! Processes meet in a [`Yard`]. In it lie objects with names: [`Lock`], [`RLock`], [`RwLock`], [`Permits`], [`Semaphore`],
//! [`Event`], [`Condition`], [`Barrier`], [`Value`], [`Struct`], [`Array`], [`StructArray`], [`Ring`], [`TypedRing`],
//! [`Queue`], [`TypedQueue`], [`LifoQueue`], [`PriorityQueue`], [`Pipe`], [`Blocks`]. Any process may be killed at any
//! instruction, and the others go on: nothing acknowledged is lost, nothing is torn, nobody waits for ever.
//!
//! ```
//! use courtyard::{Lock, Ring, RingOptions, Scope, Strategy, Timeout, Value, Yard};
//! use std::time::Duration;
//!
//! # fn main() -> courtyard::Result<()> {
//! let yard = Yard::anonymous()?; // a fork child has it too; by name, anybody
//!
//! let lock = Lock::create(&yard, "door", Scope::Thread)?;
//! let visits = Value::<u64>::create(&yard, "visits")?;
//! let mut guard = lock.acquire(Duration::from_secs(1))?;
//! if guard.owner_died() {
//!     guard.repaired()?; // make whole what the dead one left half done, then say so
//! }
//! visits.fetch_add(1);
//! drop(guard);
//!
//! let ring = Ring::create(&yard, "mail", RingOptions::default())?;
//! ring.sender(Strategy::Adaptive)?.send(b"hello", Timeout::Forever)?;
//! let (letter, _) = ring.receiver(Strategy::Adaptive)?.recv_vec(Timeout::Forever)?;
//! assert_eq!(letter, b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! # What holds everywhere
//!
//! * **Waiting.** Every call that can wait takes a [`Timeout`]: a `Duration`, `None` for no limit, [`Timeout::Try`], or a
//!   [`Deadline`] for several calls. A [`CancelToken`] ends the waits of a thread from outside, with `Cancelled`.
//!   [`wait_any`] and [`wait_all`] wait for many things at once, also for the end of a [`Member`], a process. A [`Notifier`] is a
//!   descriptor for event loops; with the feature `async` there are futures for any runtime (`Queue::get_async` and its like).
//!   A waiter looks around at least every 250 ms, whatever happens to those it waits for; usually it hears of a death
//!   within a millisecond. A stopped process is not dead: it is waited for.
//! * **Errors.** [`ErrorKind`] is one table for Rust and C; [`Error::detail`] names what was wrong. No input panics.
//! * **Threads.** Handles may be shared between threads; the two ends of a ring and the guards of locks say otherwise in
//!   their types.
//! * **Fork.** Handles stay valid in a child, ownership stays the parent's, and the child takes its own place in the
//!   yard with its first call that claims something or waits; ends of pipes a child holds from its birth on, as its
//!   parent does, and takes its place then. A vfork child must not call the library. Handlers of
//!   pthread_atfork(3) must not open or close yards.
//! * **Death.** Each type says what a kill at any instruction leaves behind.
//! * **Processes.** Any way of making processes will do. The library's own, [`Process`], tells how each one ended, stops it
//!   when asked, and can have it die with its parent; a program that calls [`init`] first can be started anew for one function.
//! * **Pools.** A [`Pool`]'s workers do tasks by name, for any process of the yard; a [`Future`] tells what became of each, or has
//!   a callback called. A worker that is killed costs the task that it had in hand, no other, and is replaced. A [`TypedTask`] is
//!   given a value and gives one.
//! * **Descriptors.** A yard keeps one descriptor. If somebody else closes it (closefrom), a named yard is found again by
//!   its name; of an anonymous one no new member process can be made then, and a dead process that used it without any
//!   registered thread is taken for alive.
//! * **Trust.** Peers with write access to a named yard can truncate it, and so kill this process with SIGBUS; an
//!   anonymous yard is sealed against that. A hostile peer can always refuse service, never reach memory outside.
//!
//! # The map
//!
//! ```text
//! capi       a C call becomes a Rust call
//! process    start methods, children, how they ended, pools
//! objects    what users hold: yard, member, cancel token, lock, rlock, rwlock, permits, semaphore, event, condition,
//!            barrier, value, struct, array, ring, queue, pipe, lifo, priority, blocks, tasks
//! lockfree   the moves of the ring on shared words      sync   waiting, waking, owning
//! presence   who is here, and is he alive
//! segment    bytes with an address
//! shim       the seam to the memory model               os     the only room that knows the system
//! ```
//! Each room calls only rooms below it. `docs/design.md` says why it is built like this.

#![cfg_attr(loom, allow(dead_code, unused_imports))] // a model takes only the rooms it needs

#[cfg(not(loom))]
pub mod capi;
mod error;
#[cfg(all(test, not(loom)))]
mod layout_lock;
mod lockfree;
#[cfg(not(loom))]
mod objects;
#[cfg(not(loom))]
mod os;
mod presence;
#[cfg(not(loom))]
mod process;
mod segment;
mod shim;
mod sync;

pub use error::{Error, ErrorKind, News, Result};
#[cfg(all(feature = "async", not(loom)))]
pub use objects::many::ready_async;
#[cfg(all(not(loom), feature = "serde"))]
pub use objects::queue::SerdeQueue;
#[cfg(not(loom))]
pub use objects::{
    array::{Array, ArrayOptions, StructArray},
    barrier::{Barrier, BrokenBy, Party},
    blocks::{Block, BlockClass, BlockOwner, BlockUse, Blocks, BlocksOptions},
    cancel::{CancelScope, CancelToken},
    condition::{Condition, Ended, Relock, Waited},
    cost::ObjectCost,
    event::{Event, EventOptions},
    faults::{Fault, FaultKind},
    lifo::{LifoOptions, LifoQueue, TypedLifoQueue},
    lock::{Guard, Holder, Lock, Scope},
    many::{Notifier, Waitable, Writable, wait_all, wait_any, wait_some},
    member::Member,
    permits::{Permit, PermitHolder, Permits},
    pipe::{Connection, Pipe, PipeEnd, PipeOptions, PipeStream},
    pool::{
        Cause, Fate, Future, Input, Progress, Promise, ReturnWhen, TaskOptions, TaskState, WaitedFutures,
        as_completed, wait_futures,
    },
    priority::{PriorityOptions, PriorityQueue, TypedPriorityQueue},
    queue::{Message, Owed, OwedMessage, Queue, QueueOptions, QueuePart, QueueSide, TypedQueue},
    refer::{ObjectRef, YardObject},
    ring::{
        Batch, Peer, Received, Receiver, Record, Reserved, Ring, RingOptions, Sender, Strategy,
        TypedReceiver, TypedRing, TypedSender,
    },
    rlock::{RGuard, RLock},
    rwlock::{RwHolders, RwLock, RwLockOptions, RwReadGuard, RwWriteGuard},
    semaphore::{Semaphore, SemaphoreOptions},
    structs::Struct,
    value::{Op, Scalar, ScalarType, Value},
    yard::{Cost, ObjectInfo, Options, Yard},
};
#[cfg(not(loom))]
pub use os::child::Exit;
#[cfg(not(loom))]
pub use os::probe::Probe;
#[cfg(not(loom))]
pub use presence::handover::HeldEnd;
#[cfg(not(loom))]
pub use process::{
    AtExit, Coding, ForkServer, Map, MapOptions, Parent, Plain, Pool, PoolOptions, Process, ProcessOptions,
    StarFn, StartMethod, Task, ThisProcess, TypedFuture, TypedTask, Unordered, active_children, init,
    log_to_stderr, parent_process, register_block_task, register_entry, register_task, this_process,
    wait_any_child,
};
#[cfg(all(not(loom), feature = "serde"))]
pub use process::{Serde, SerdeFuture, SerdeTask};
#[cfg(not(loom))]
pub use segment::directory::ObjectType;
pub use sync::deadline::Deadline;
pub use sync::wait::Timeout;

/// What this machine allows, found out by trying; print it with `{}`.
#[cfg(not(loom))]
pub fn probe() -> Probe {
    os::probe::probe()
}

/// The examples in the README are compiled too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
