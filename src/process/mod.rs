//! Processes: made in three ways, waited for, stopped, and told how they ended.
//!
//! * what lives here: [`Process`], the start methods, what a child is told at its birth, the fork server
//! * who calls it: programs, and the C face
//! * what it may call: the rooms below; `os::child` makes the system calls
//! * the invariant: a number of a process is used only while it cannot mean another one: by its pidfd, or before it is reaped
//! * where it is tested: `ffi-tests/process`, and below
//!
//! | file | noun |
//! |---|---|
//! | `handle.rs` | a child as its parent sees it |
//! | `family.rs` | all children of this process, its parent, and who it is itself |
//! | `letter.rs` | what a new process is told |
//! | `entry.rs` | functions that a process can be started with, by name |
//! | `pool/` | workers, tasks, and who looks after them |
//! | `log.rs` | what is said of all this, and to whom |
//! | `server/` | a process that forks others |

mod entry;
mod family;
mod handle;
mod letter;
mod log;
mod pool;
mod server;

pub use entry::{init, register_entry};
pub(crate) use family::next_active_child;
pub use family::{Parent, ThisProcess, active_children, parent_process, this_process, wait_any_child};
pub use handle::{AtExit, Process, ProcessOptions};
pub(crate) use log::log_to;
pub use log::log_to_stderr;
pub use pool::{
    Coding, Map, MapOptions, Plain, Pool, PoolOptions, StarFn, StartMethod, Task, TypedFuture, TypedTask,
    Unordered, register_block_task, register_task,
};
#[cfg(feature = "serde")]
pub use pool::{Serde, SerdeFuture, SerdeTask};
pub use server::ForkServer;
