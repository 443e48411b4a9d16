//! Shared-memory IPC that stays whole when processes die.

#![cfg_attr(loom, allow(dead_code, unused_imports))] // a model takes only the rooms it needs

#[cfg(not(loom))]
pub mod capi;
mod error;
#[cfg(not(loom))]
mod os;
mod shim;
mod sync;

pub use error::{Error, ErrorKind, News, Result};
#[cfg(not(loom))]
pub use os::probe::Probe;

/// What this machine allows, found out by trying; print it with `{}`.
#[cfg(not(loom))]
pub fn probe() -> Probe {
    os::probe::probe()
}
