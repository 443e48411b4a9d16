//! Shared-memory IPC that stays whole when processes die.

#![cfg_attr(loom, allow(dead_code, unused_imports))] // a model takes only the rooms it needs

#[cfg(not(loom))]
pub mod capi;
mod error;
mod lockfree;
#[cfg(not(loom))]
mod objects;
#[cfg(not(loom))]
mod os;
mod presence;
mod segment;
mod shim;
mod sync;

pub use error::{Error, ErrorKind, News, Result};
#[cfg(not(loom))]
pub use objects::{
    lock::{Guard, Holder, Lock, Scope},
    ring::{
        Batch, Peer, Received, Receiver, Record, Reserved, Ring, RingOptions, Sender, Strategy,
        TypedReceiver, TypedRing, TypedSender,
    },
    value::{Op, Scalar, ScalarType, Value},
    yard::{Cost, ObjectInfo, Options, Yard},
};
#[cfg(not(loom))]
pub use os::probe::Probe;
#[cfg(not(loom))]
pub use segment::directory::ObjectType;
pub use sync::wait::Timeout;

/// What this machine allows, found out by trying; print it with `{}`.
#[cfg(not(loom))]
pub fn probe() -> Probe {
    os::probe::probe()
}
