//! Killstep: an operation is interrupted after each of its instructions, and the survivors' promise is checked.
//!
//! `killstep [FILTER] [--list] [--all]` plays the operations whose name contains FILTER, several at a time. Without a
//! filter, `--all` or CI=true, only at one of twelve of their instructions, or, with KILLSTEP_SHARE=I/N, at the Ith of each
//! N. Each is stepped with ptrace, in a
//! process made for the purpose, and killed, stopped, or robbed of its thread at one point; then its world is checked,
//! and everything begins anew for the next point. Of a pair, two are halfway in their operations at once, each after
//! every access to what they share. The harness's own toys come first: they prove that it sees a torn
//! update and a survivor that waits for ever. Interruptions are sequentially consistent: no reordering is seen here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_types,
    unsafe_code,
    missing_docs
)] // a test: it may fail loudly, and it maps, forks and traces by itself, with atomics that no model sees

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod access;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod anchor;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod child;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod clock;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod crew;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod engine;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod heap;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod manifest;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod operation;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod ops;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod other;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod patience;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod phase;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod play;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod position;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod procfs;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod report;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod role;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod rows;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod run;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod seats;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod sheet;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod stage;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod toys;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tracer;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod victim;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod walk;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod watch;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() -> std::process::ExitCode {
    run::run(std::env::args().skip(1))
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {
    println!("killstep: SKIPPED. It steps x86-64 instructions on Linux; here NOTHING was tested.");
}
