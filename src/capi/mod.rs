//! The C face: a C call becomes a Rust call.
//!
//! * what lives here: every `extern "C"` function, one file per C noun, and what they share: status codes, the last
//!   error, the boundary, handles, arguments, options structs
//! * who calls it: C, and every language that speaks C; Rust programs have no use for it
//! * what it may call: `objects`, `error` and the public functions of the crate; for its own memory the private lock
//!   and the fork handlers of `os`, and atomics from `shim`
//! * the invariant: nothing is decided here; no panic leaves; a pointer from C is checked before it is used
//! * where it is tested: beside the code, and `ffi-tests/` from outside
//!
//! ## How a function looks
//!
//! Check, borrow, call: five lines. A sixth line is a decision, and decisions live in `objects`.
//!
//! * `cyd_<noun>_<verb>`: the noun first, then inputs, then outputs. A const pointer means "is not changed".
//! * A fallible function returns [`cyd_status_t`] and is `#[must_use]`. `boundary::call` wraps its body, unless the
//!   body is a fast path that cannot panic: then `boundary::code` turns the result into a number.
//! * An output is written on success only (`args::out`); strings and bytes are borrowed for the call (`args`).
//! * A handle is an opaque struct and one line of `handle::noun!`; `handle::open`, `get`, `get_mut` and `close` find
//!   everything else by the type of the pointer.
//! * Whatever may grow is a struct led by `size_t struct_size` (`options`).
//! * The documentation of a function *is* the header. It says what happens with a NULL, in a second thread, in a
//!   fork child, and when somebody is killed on the way.
//!
//! The header lists the files in the order of the `mod` lines below.
#![allow(unsafe_code)] // raw pointers come in from C
#![allow(non_camel_case_types)] // the types carry their C names
#![allow(clippy::missing_safety_doc)] // what a caller owes is said once in the header, per parameter

// what C sees
mod status;

mod version;

mod last;

mod probe;

mod yard;

mod fault;

mod lock;

mod rlock;

mod rwlock;

mod permits;
mod semaphore;

mod barrier;
mod condition;
mod event;

mod cancel;
mod deadline;

mod member;

mod fork_server;
mod log;
mod process;

mod future;
mod map;
mod pool;
mod pool_block;
mod promise;
mod task;

mod many;
mod notifier;
mod writable;

mod value;

mod structs;

mod array;

mod ring;

mod loan;
mod queue;
mod queue_ack;
mod queue_side;
mod refer;

mod blocks;
mod pipe;

mod lifo_queue;
mod priority_queue;
mod shelf;

// what the functions share
mod args;
mod boundary;
mod handle;
mod options;

pub use array::*;
pub use barrier::*;
pub use blocks::*;
pub use cancel::*;
pub use condition::*;
pub use deadline::*;
pub use event::*;
pub use fault::*;
pub use fork_server::*;
pub use future::*;
pub use last::*;
pub use lifo_queue::*;
pub use loan::*;
pub use lock::*;
pub use log::*;
pub use many::*;
pub use map::*;
pub use member::*;
pub use notifier::*;
pub use permits::*;
pub use pipe::*;
pub use pool::*;
pub use pool_block::*;
pub use priority_queue::*;
pub use probe::*;
pub use process::*;
pub use promise::*;
pub use queue::*;
pub use queue_ack::*;
pub use queue_side::*;
pub use refer::*;
pub use ring::*;
pub use rlock::*;
pub use rwlock::*;
pub use semaphore::*;
pub use status::*;
pub use structs::*;
pub use task::*;
pub use value::*;
pub use version::*;
pub use writable::*;
pub use yard::*;
