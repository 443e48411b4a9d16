//! What does it take to start a process and to see it end?
//!
//! The rivals are bare fork(2) and waitpid(2), and the program started anew by posix_spawn(3) as the standard library
//! does. Each with a small parent and with one that has a GiB resident: a fork copies the tables of all of it, a fork
//! server's only its own.
#![allow(missing_docs, clippy::unwrap_used, unsafe_code)] // a bench with rivals from C

mod support;

use courtyard::{Exit, ForkServer, Process, Timeout};
use std::process::Command;
use support::{compare, describe, is_trial, pin, scale, variant};

const LAST: &str = "--end-at-once";

fn bare_fork() {
    // SAFETY: this program has one thread.
    match unsafe { libc::fork() } {
        // SAFETY: ends the child.
        0 => unsafe { libc::_exit(0) },
        // SAFETY: a child of ours that was not waited for.
        pid => assert_eq!(unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) }, pid),
    }
}

fn std_command() {
    assert!(Command::new("/proc/self/exe").arg(LAST).status().unwrap().success());
}

fn ended(child: Process) {
    assert_eq!(child.join(Timeout::Forever).unwrap(), Exit::Code(0));
}

fn main() {
    courtyard::register_entry("end", |_| 0).unwrap();
    courtyard::init();
    if std::env::args().any(|a| a == LAST) {
        return;
    }
    describe("a process that does nothing, from its start until its end is known");
    pin(0); // children too, so that no variant profits from where they happen to run
    let server = ForkServer::start().unwrap();
    server.ready(Timeout::Forever).unwrap();
    let mut ballast = Vec::new();
    for (size, bytes) in [("a small parent", 0), ("a parent with 1 GiB resident", 1 << 30)] {
        ballast.resize(if is_trial() { bytes / 64 } else { bytes }, 1_u8);
        let times = |n: u64, f: &dyn Fn()| (0..n).for_each(|_| f());
        compare(
            size,
            scale(20),
            vec![
                variant("bare fork and waitpid", |n| times(n, &bare_fork)),
                variant("Process::fork", |n| times(n, &|| ended(Process::fork(|| 0).unwrap()))),
                variant("ForkServer::spawn", |n| times(n, &|| ended(server.spawn("end", &[]).unwrap()))),
                variant("std Command, this program", |n| times(n, &std_command)),
                variant("Process::spawn", |n| times(n, &|| ended(Process::spawn("end", &[]).unwrap()))),
            ],
        );
    }
}
