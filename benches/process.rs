//! What does it take to start a process and to see it end?
//!
//! The rivals are bare fork(2) and waitpid(2), and the program started anew by posix_spawn(3) as the standard library
//! does. Each with a small parent and with one that has a GiB resident: a fork copies the tables of all of it, a fork
//! server's only its own.
//!
//! And to end one that sleeps: the rivals are bare kill(2) and waitpid(2).
#![allow(missing_docs, clippy::unwrap_used, unsafe_code)] // a bench with rivals from C

mod support;

use courtyard::{Exit, ForkServer, Process, Timeout};
use std::process::Command;
use std::time::{Duration, Instant};
use support::{Timed, compare, compare_timed, describe, is_trial, pin, rounds, scale, variant};

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

/// Children that sleep.
const CROWD: usize = 20;
const AT_ONCE: Duration = Duration::ZERO;

fn sleep_for_ever() -> i32 {
    loop {
        // SAFETY: sleeps until a signal comes.
        unsafe { libc::pause() };
    }
}

fn deaf() -> i32 {
    // SAFETY: no handler.
    unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
    sleep_for_ever()
}

fn bare_sleeper() -> libc::pid_t {
    // SAFETY: this program has one thread.
    match unsafe { libc::fork() } {
        0 => std::process::exit(sleep_for_ever()),
        pid => pid,
    }
}

fn bare_end(pid: libc::pid_t) {
    // SAFETY: a child of ours that was not waited for.
    unsafe { libc::kill(pid, libc::SIGTERM) };
    // SAFETY: as above.
    assert_eq!(unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) }, pid);
}

/// What it takes to end each of a crowd that `make` makes and that sleeps by then.
fn ending<'a, C>(make: impl Fn() -> C + 'a, end: impl Fn(C) + 'a) -> Box<dyn FnMut() -> Duration + 'a> {
    Box::new(move || {
        let crowd: Vec<C> = (0..CROWD).map(|_| make()).collect();
        std::thread::sleep(Duration::from_millis(10));
        let start = Instant::now();
        crowd.into_iter().for_each(&end);
        start.elapsed() / CROWD as u32
    })
}

fn endings(server: &ForkServer) {
    let forked = || Process::fork(sleep_for_ever).unwrap();
    let ways: Vec<Timed<'_>> = vec![
        ("bare kill and waitpid", ending(bare_sleeper, bare_end)),
        (
            "terminate and join",
            ending(forked, |child: Process| {
                child.terminate().unwrap();
                child.join(Timeout::Forever).unwrap();
            }),
        ),
        (
            "terminate and join, of a fork server",
            ending(
                || server.spawn("sleep", &[]).unwrap(),
                |child: Process| {
                    child.terminate().unwrap();
                    child.join(Timeout::Forever).unwrap();
                },
            ),
        ),
        (
            "stop: it was asked in vain, SIGTERM",
            ending(forked, |child: Process| {
                child.stop(|| {}, AT_ONCE, Duration::from_secs(60)).unwrap();
            }),
        ),
        (
            "stop: it is deaf, SIGTERM and SIGKILL",
            ending(
                || Process::fork(deaf).unwrap(),
                |child: Process| {
                    assert_eq!(child.stop(|| {}, AT_ONCE, AT_ONCE).unwrap(), Exit::Signal(libc::SIGKILL));
                },
            ),
        ),
    ];
    compare_timed("the end of a child that sleeps", rounds(), ways);
}

fn main() {
    courtyard::register_entry("end", |_| 0).unwrap();
    courtyard::register_entry("sleep", |_| sleep_for_ever()).unwrap();
    courtyard::init();
    if std::env::args().any(|a| a == LAST) {
        return;
    }
    describe("a process that does nothing, from its start until its end is known");
    pin(0); // children too, so that no variant profits from where they happen to run
    let server = ForkServer::start().unwrap();
    server.ready(Timeout::Forever).unwrap();
    endings(&server);
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
