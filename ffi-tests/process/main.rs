//! Children: how they are made, what they have, how they end, and what is left of them.
//!
//! Every scenario runs in a process of its own with one thread. Arguments pick scenarios by a part of their name.
// The scenarios fork, kill and look into /proc by hand, and fail by panicking, as tests do. Each unsafe block is one system
// call on a process or a descriptor of our own.
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod ends;
mod handover;
mod nouns;
mod odd;
#[path = "../support/process.rs"]
mod process;
mod server;
mod streams;

use courtyard::{
    AtExit, CancelToken, Deadline, ErrorKind, Exit, Pipe, PipeEnd, PipeOptions, Process, ProcessOptions,
    Timeout, Value, Yard,
};
use process::{Ended, LONG, PANICKED, Step, fork, fork_with, sleep_ms};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

type Scenario = (&'static str, fn());

const SCENARIOS: &[Scenario] = &[
    ("a_child_ends_with_what_its_work_returns", a_child_ends_with_its_result),
    ("a_child_that_panics_ends_with_101", a_child_that_panics),
    ("a_signal_is_told_as_one", a_signal_is_told_as_one),
    ("children_are_numbered_and_know_who_they_are", children_know_who_they_are),
    ("fork_is_refused_while_other_threads_run", fork_with_threads),
    ("a_spawned_child_has_what_it_was_given_and_no_more", a_spawned_child_has_what_it_was_given),
    ("what_cannot_be_spawned_is_refused", what_cannot_be_spawned),
    ("a_letter_that_cannot_be_read_ends_the_child", a_bad_letter),
    ("a_strangers_child_is_refused", a_strangers_child),
    ("a_wait_ends_in_time_and_when_it_is_cancelled", a_wait_ends),
    ("whichever_child_ends_is_told", whichever_child_ends),
    ("a_parent_that_ends_waits_for_its_children", a_parent_waits),
    ("a_child_dies_with_its_parent_however_that_ends", a_child_dies_with_its_parent),
    ("a_child_outlives_the_thread_that_made_it", a_child_outlives_its_thread),
    ("a_detached_child_goes_on", a_detached_child_goes_on),
    ("who_is_left_of_a_group_is_killed", a_group_is_killed),
    ("stopping_goes_step_by_step", stopping_goes_step_by_step),
    ("no_zombie_and_no_descriptor_is_left", nothing_is_left),
    ("a_child_that_ends_leaves_its_yards_as_one_who_closes", a_child_closes),
    ("a_child_hears_that_its_parent_is_gone", a_child_hears_of_its_parent),
    ("without_descriptors_nothing_is_made", without_descriptors),
    ("whoever_is_killed_while_it_makes_children_leaves_none", killed_while_making),
    ("an_end_that_somebody_else_was_told_is_unknown", an_unknown_end),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    if args == ["without-init"] {
        let refused = kind(Process::spawn("echo", b""));
        std::process::exit(i32::from(refused != ErrorKind::State));
    }
    if args == ["asking"] {
        return odd::asking();
    }
    if args == ["heeding-sigpipe"] {
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) }; // as a program in C does
    }
    entries();
    ends::entries();
    nouns::entries();
    courtyard::init();
    if unsafe { libc::getauxval(libc::AT_SECURE) } != 0 {
        std::process::exit(odd::with_more_rights(&args));
    }
    let wanted = |name: &str| args.is_empty() || args.iter().any(|a| name.contains(a.as_str()));
    let (mut passed, mut failed) = (0, 0);
    for (name, scenario) in SCENARIOS
        .iter()
        .chain(ends::SCENARIOS)
        .chain(server::SCENARIOS)
        .chain(handover::SCENARIOS)
        .chain(odd::SCENARIOS)
        .chain(nouns::SCENARIOS)
        .chain(streams::SCENARIOS)
        .filter(|s| wanted(s.0))
    {
        let end = fork_with(|| {
            scenario();
            0
        })
        .wait();
        match end {
            Ended::Code(0) => passed += 1,
            _ => failed += 1,
        }
        println!(
            "{name} ... {}",
            if end == Ended::Code(0) { "ok".into() } else { format!("FAILED ({end:?})") }
        );
    }
    println!("{passed} passed, {failed} failed");
    std::process::exit(i32::from(failed != 0 || passed == 0));
}

// ---- what children do -----------------------------------------------------------------------------------------------

type Entry = fn(&[u8]) -> i32;

static WARM: AtomicU32 = AtomicU32::new(0);

fn entries() {
    let all: [(&str, Entry); 19] = [
        ("echo", |bytes| bytes.first().map_or(0, |b| i32::from(*b))),
        ("sum", |bytes| bytes.iter().fold(0, |sum, byte| (sum + i32::from(*byte)) % 251)),
        ("knows-its-parent", |_| {
            let parent = courtyard::parent_process().unwrap();
            i32::from(parent.sentinel().is_none() || !parent.is_alive())
        }),
        ("no-more-processes", |_| {
            let none = libc::rlimit { rlim_cur: 0, rlim_max: 4096 };
            unsafe { libc::setrlimit(libc::RLIMIT_NPROC, &none) }
        }),
        ("deaf", |bytes| {
            let number = RawFd::from_ne_bytes(bytes[..4].try_into().unwrap());
            let yard = Yard::from_fd(unsafe { OwnedFd::from_raw_fd(number) }).unwrap();
            if bytes[4] == 0 {
                unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
            }
            Value::<u32>::open(&yard, "ready").unwrap().set(1);
            sleeper()
        }),
        ("send-late", handover::send_late),
        ("put-late", handover::put_late),
        ("close-all", handover::close_all),
        ("leave-a-child", |bytes| {
            let number = RawFd::from_ne_bytes(bytes[..4].try_into().unwrap());
            let yard = Yard::from_fd(unsafe { OwnedFd::from_raw_fd(number) }).unwrap();
            let pid = Value::<u32>::open(&yard, "grandchild").unwrap();
            pid.set(fork(|| sleep_ms(60_000)).0.cast_unsigned());
            0
        }),
        ("count-descriptors", |_| open_fds().len() as i32),
        ("report", report),
        ("sleep", |_| {
            std::thread::sleep(3 * LONG);
            0
        }),
        ("die", |_| unsafe { libc::kill(libc::getpid(), libc::SIGKILL) }),
        ("warm", |bytes| {
            WARM.store(u32::from(bytes[0]), Ordering::Relaxed);
            i32::from(bytes[1])
        }),
        ("is-warm", |_| WARM.load(Ordering::Relaxed) as i32),
        ("leave-a-helper-and-fail", |_| {
            fork(|| sleep_ms(20_000));
            3
        }),
        ("sees-its-parent-among-signals", |_| {
            let parent = courtyard::parent_process().unwrap();
            under_signals(|| i32::from((0..20_000).any(|_| !parent.is_alive())))
        }),
        ("start-a-thread", |_| {
            std::thread::spawn(|| std::thread::sleep(LONG));
            0
        }),
        ("write-number", |bytes| {
            let number = RawFd::from_ne_bytes(bytes[..4].try_into().unwrap());
            let wrote = unsafe { libc::write(number, b"x".as_ptr().cast(), 1) };
            i32::from(wrote != 1)
        }),
    ];
    all.into_iter().for_each(|(name, work)| courtyard::register_entry(name, work).unwrap());
}

/// Writes down in the yard behind descriptor `bytes` who it is.
fn report(bytes: &[u8]) -> i32 {
    let number = RawFd::from_ne_bytes(bytes[..4].try_into().unwrap());
    let yard = Yard::from_fd(unsafe { OwnedFd::from_raw_fd(number) }).unwrap();
    let me = courtyard::this_process();
    let parent = courtyard::parent_process().unwrap();
    assert!(parent.is_alive());
    let said = Value::<u32>::open(&yard, "said").unwrap();
    said.set(parent.pid());
    i32::from(me.name() != "reporter") + 2 * i32::from(me.pid() != std::process::id())
}

fn open_fds() -> Vec<RawFd> {
    let list = std::fs::read_dir("/proc/self/fd").unwrap();
    let numbers = list.map(|e| e.unwrap().file_name().into_string().unwrap().parse().unwrap());
    let mut numbers: Vec<RawFd> = numbers.collect();
    // The listing's own: it is closed by now.
    numbers.retain(|&fd| unsafe { libc::fcntl(fd, libc::F_GETFD) } >= 0);
    numbers
}

// ---- helpers --------------------------------------------------------------------------------------------------------

fn kind<T>(result: courtyard::Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

fn options() -> ProcessOptions {
    ProcessOptions::default()
}

fn ends(at_exit: AtExit) -> ProcessOptions {
    ProcessOptions { at_exit, ..options() }
}

fn sleeper() -> i32 {
    std::thread::sleep(3 * LONG);
    0
}

/// Does something while a timer's signals come, ten thousand a second; their handler does nothing.
fn under_signals<R>(f: impl FnOnce() -> R) -> R {
    extern "C" fn nothing(_: libc::c_int) {}
    let every = |tv_usec| {
        let time = libc::timeval { tv_sec: 0, tv_usec };
        let timer = libc::itimerval { it_interval: time, it_value: time };
        assert_eq!(unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut()) }, 0);
    };
    let handler: extern "C" fn(libc::c_int) = nothing;
    unsafe { libc::signal(libc::SIGALRM, handler as libc::sighandler_t) };
    every(100);
    let result = f();
    every(0);
    result
}

/// Waits until something is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + LONG;
    while !is_so() {
        assert!(std::time::Instant::now() < end, "{what}: never");
        sleep_ms(1);
    }
}

/// Whether a process runs: it is neither gone nor a zombie.
fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// The numbers of this process's children, zombies too.
fn children() -> Vec<u32> {
    let path = format!("/proc/self/task/{}/children", std::process::id());
    let list = std::fs::read_to_string(path).unwrap();
    list.split_whitespace().map(|n| n.parse().unwrap()).collect()
}

struct Scene {
    yard: Yard,
    step: Step,
}

impl Scene {
    fn new() -> Scene {
        let yard = Yard::anonymous().unwrap();
        let step = Step::of(&yard);
        Scene { yard, step }
    }

    fn number(&self, name: &str) -> Value<u32> {
        Value::open_or_create(&self.yard, name).unwrap()
    }
}

// ---- scenarios ------------------------------------------------------------------------------------------------------

fn a_child_ends_with_its_result() {
    let child = Process::fork(|| 7).unwrap();
    assert_eq!(child.join(Timeout::Forever).unwrap(), Exit::Code(7));
    assert_eq!(child.join(Timeout::Try).unwrap(), Exit::Code(7), "asked again");
    assert_eq!(child.exit().unwrap(), Some(Exit::Code(7)));
    assert!(!child.is_alive());
    assert_eq!(Process::fork(|| 256 + 3).unwrap().join(LONG).unwrap(), Exit::Code(3));
    let value = Scene::new().number("own");
    value.set(1);
    let mut mine = 1;
    let child = Process::fork(|| {
        mine += 1;
        value.set(mine + 40);
        0
    });
    assert!(child.unwrap().join(LONG).unwrap().is_success());
    assert_eq!((mine, value.get()), (1, 42), "memory is the child's own, the yard's is common");
}

fn a_child_that_panics() {
    let child = Process::fork(|| {
        std::panic::set_hook(Box::new(|_| {}));
        panic!("on purpose")
    });
    assert_eq!(child.unwrap().join(LONG).unwrap(), Exit::Code(PANICKED));
}

fn a_signal_is_told_as_one() {
    let child = Process::fork(sleeper).unwrap();
    assert!(child.is_alive());
    assert_eq!(child.exit().unwrap(), None);
    child.terminate().unwrap();
    assert_eq!(child.join(LONG).unwrap(), Exit::Signal(libc::SIGTERM));
    child.kill().unwrap(); // nothing happens
    let child = Process::fork(sleeper).unwrap();
    child.kill().unwrap();
    assert_eq!(child.join(LONG).unwrap(), Exit::Signal(libc::SIGKILL));
    assert_eq!(Exit::Signal(libc::SIGKILL).to_string(), "SIGKILL");
    let child = Process::fork(sleeper).unwrap();
    assert_eq!(kind(child.signal(1000)), ErrorKind::Invalid);
    child.signal(libc::SIGRTMIN()).unwrap();
    assert_eq!(child.join(LONG).unwrap(), Exit::Signal(libc::SIGRTMIN()));
}

fn children_know_who_they_are() {
    let named = |name: &str| {
        let name = name.to_owned();
        move || i32::from(courtyard::this_process().name() != name)
    };
    assert_eq!(courtyard::this_process().name(), "MainProcess");
    let first = Process::fork(named("Process-1")).unwrap();
    assert_eq!((first.name(), first.join(LONG).unwrap()), ("Process-1", Exit::Code(0)));
    let second = Process::fork(|| {
        let inner = Process::fork(named("Process-2:1")).unwrap();
        assert_eq!(inner.name(), "Process-2:1");
        inner.join(LONG).unwrap();
        0
    });
    assert_eq!(second.unwrap().join(LONG).unwrap(), Exit::Code(0));
    let me = std::process::id();
    let third = ProcessOptions { name: Some("worker".into()), ..options() };
    let third = Process::fork_with(&third, move || {
        let comm = std::fs::read_to_string("/proc/self/comm").unwrap();
        assert_eq!(comm.trim(), "worker");
        assert_eq!(courtyard::parent_process().unwrap().pid(), me);
        named("worker")()
    });
    assert_eq!(third.unwrap().join(LONG).unwrap(), Exit::Code(0));
    for bad in ["", "a b", "a/b", &"x".repeat(64)] {
        let named = ProcessOptions { name: Some(bad.to_owned()), ..options() };
        assert_eq!(kind(Process::fork_with(&named, || 0)), ErrorKind::Name, "{bad:?}");
    }
}

fn fork_with_threads() {
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let other = std::thread::spawn(move || stopped.recv().is_ok());
    let refused = Process::fork(|| 0).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::State);
    assert!(refused.to_string().contains("2 threads"), "{refused}");
    let anyway = ProcessOptions { despite_threads: true, ..options() };
    assert_eq!(Process::fork_with(&anyway, || 5).unwrap().join(LONG).unwrap(), Exit::Code(5));
    drop(stop);
    other.join().unwrap();
    // A thread that was joined may still be listed for a moment.
    until("alone again", || Process::fork(|| 0).is_ok());
}

fn a_spawned_child_has_what_it_was_given() {
    let scene = Scene::new();
    let said = scene.number("said");
    let number = scene.yard.as_fd().as_raw_fd();
    let options = ProcessOptions { name: Some("reporter".into()), inherit: vec![number], ..options() };
    let child = Process::spawn_with(&options, "report", &number.to_ne_bytes()).unwrap();
    assert_eq!(child.join(LONG).unwrap(), Exit::Code(0));
    assert_eq!(said.get(), std::process::id());
    assert_eq!(Process::spawn("echo", &[9]).unwrap().join(LONG).unwrap(), Exit::Code(9));
    // Something that would be inherited, and is not: three, its parent's life, and no letter any more.
    let stray = std::fs::File::open("/dev/null").unwrap();
    unsafe { libc::fcntl(stray.as_raw_fd(), libc::F_SETFD, 0) };
    let child = Process::spawn("count-descriptors", &[]).unwrap();
    assert_eq!(child.join(LONG).unwrap(), Exit::Code(4));
    let long = vec![3; 1 << 20];
    assert_eq!(Process::spawn("echo", &long).unwrap().join(LONG).unwrap(), Exit::Code(3));
}

fn what_cannot_be_spawned() {
    assert_eq!(kind(Process::spawn("nobody", &[])), ErrorKind::NotFound);
    assert_eq!(kind(Process::spawn("/fork-server", &[])), ErrorKind::NotFound);
    assert_eq!(kind(courtyard::register_entry("a b", |_| 0)), ErrorKind::Name);
    assert_eq!(kind(courtyard::register_entry("echo", |_| 0)), ErrorKind::Exists);
    // Here it is known, in the child it is not.
    courtyard::register_entry("late", |_| 0).unwrap();
    assert_eq!(Process::spawn("late", &[]).unwrap().join(LONG).unwrap(), Exit::Code(127));
    let me = std::env::current_exe().unwrap();
    let without = std::process::Command::new(me).arg("without-init").status().unwrap();
    assert!(without.success(), "{without}");
}

fn a_bad_letter() {
    let me = std::env::current_exe().unwrap();
    for number in ["999", "-1", "0", "x", ""] {
        let output = std::process::Command::new(&me).env("COURTYARD_LETTER", number).output().unwrap();
        assert_eq!(output.status.code(), Some(126), "{number:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("cannot read what it was told"));
        let (nobody, stderr) = std::io::pipe().unwrap();
        drop(nobody);
        let mut unheard = std::process::Command::new(&me);
        unheard.arg("heeding-sigpipe").env("COURTYARD_LETTER", number).stderr(stderr);
        let status = unheard.status().unwrap();
        assert_eq!(status.code(), Some(126), "{number:?}, whoever hears of it");
    }
    let bytes = std::ffi::OsStr::from_bytes(b"\xff");
    let status =
        std::process::Command::new(&me).arg("no-such-scenario").env("COURTYARD_LETTER", bytes).status();
    assert_eq!(status.unwrap().code(), Some(126), "what is no text is no letter either");
    // One that the program itself has put there is nobody's.
    unsafe { std::env::set_var("COURTYARD_LETTER", "x") };
    assert_eq!(Process::spawn("echo", &[9]).unwrap().join(LONG).unwrap(), Exit::Code(9));
}

fn a_strangers_child() {
    let child = Process::fork(sleeper).unwrap();
    let stranger = fork(|| {
        assert_eq!(kind(child.join(Timeout::Try)), ErrorKind::NotOwner);
        assert_eq!(kind(child.exit()), ErrorKind::NotOwner);
        assert_eq!(kind(child.kill()), ErrorKind::NotOwner);
        assert_eq!(kind(child.stop(|| {}, LONG, LONG)), ErrorKind::NotOwner);
        assert!(courtyard::active_children().is_empty());
        assert_eq!(kind(courtyard::wait_any_child(Timeout::Try)), ErrorKind::NoChild);
        assert!(child.is_alive(), "to be seen by everybody");
    });
    assert_eq!(stranger.wait(), Ended::Code(0));
    child.kill().unwrap();
    child.join(LONG).unwrap();
}

fn a_wait_ends() {
    let child = Process::fork(sleeper).unwrap();
    for timeout in [Timeout::Try, Timeout::For(Duration::ZERO), Timeout::For(Duration::from_millis(20))] {
        assert_eq!(kind(child.join(timeout)), ErrorKind::Timeout);
    }
    assert_eq!(kind(child.join(Deadline::after(Duration::from_millis(5)))), ErrorKind::Timeout);
    let token = CancelToken::new();
    let other = std::thread::spawn({
        let token = token.clone();
        move || {
            sleep_ms(30);
            token.cancel()
        }
    });
    let scope = token.scope().unwrap();
    assert_eq!(kind(child.join(LONG)), ErrorKind::Cancelled);
    assert_eq!(kind(courtyard::wait_any_child(LONG)), ErrorKind::Cancelled);
    drop(scope);
    other.join().unwrap();
    child.kill().unwrap();
    assert_eq!(child.join(LONG).unwrap(), Exit::Signal(libc::SIGKILL));
}

fn whichever_child_ends() {
    assert_eq!(kind(courtyard::wait_any_child(Timeout::Forever)), ErrorKind::NoChild);
    let scene = Scene::new();
    let work = |wait: u32| {
        let step = Step::of(&scene.yard);
        Process::fork(move || {
            step.wait(wait);
            wait as i32
        })
        .unwrap()
    };
    let all = [work(3), work(1), work(2)];
    assert_eq!(kind(courtyard::wait_any_child(Timeout::Try)), ErrorKind::Timeout);
    let mut active: Vec<u32> = courtyard::active_children().iter().map(Process::pid).collect();
    active.sort_unstable();
    let mut known: Vec<u32> = all.iter().map(Process::pid).collect();
    known.sort_unstable();
    assert_eq!(active, known);
    for (step, index) in [(1, 1), (2, 2), (3, 0)] {
        scene.step.set(step);
        let (child, exit) = courtyard::wait_any_child(LONG).unwrap();
        assert_eq!((child.pid(), exit), (all[index].pid(), Exit::Code(step as i32)));
    }
    assert_eq!(kind(courtyard::wait_any_child(LONG)), ErrorKind::NoChild);
    assert!(courtyard::active_children().is_empty());
}

fn a_parent_waits() {
    let scene = Scene::new();
    let late = scene.number("late");
    let middle = Process::fork(|| {
        let child = Process::fork(|| {
            sleep_ms(100);
            late.set(1);
            0
        });
        child.map_or(1, |_| 0)
    });
    assert_eq!(middle.unwrap().join(LONG).unwrap(), Exit::Code(0));
    assert_eq!(late.get(), 1, "the middle one has not waited");
}

/// Makes a child in a process of its own, which then ends as `end` says; whether the child still runs when that is over.
fn orphan(make: fn() -> Process, end: fn()) -> (u32, Scene) {
    let scene = Scene::new();
    let pid = scene.number("pid");
    let middle = Process::fork(|| {
        pid.set(make().pid());
        end();
        0
    });
    middle.unwrap().join(LONG).unwrap();
    (pid.get(), scene)
}

fn killed() {
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
}

fn a_child_dies_with_its_parent() {
    let forked = || Process::fork_with(&ends(AtExit::Kill), sleeper).unwrap();
    let spawned = || Process::spawn_with(&ends(AtExit::Kill), "sleep", &[]).unwrap();
    let deaf = || {
        let scene = Scene::new();
        let child = Process::fork_with(&ends(AtExit::Kill), || {
            unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
            scene.step.set(1);
            sleeper()
        });
        scene.step.wait(1);
        child.unwrap()
    };
    for make in [forked as fn() -> Process, spawned, deaf, another_program] {
        let (pid, _) = orphan(make, || {});
        assert!(!runs(pid), "its parent ended, and it goes on");
        let (pid, _) = orphan(make, killed);
        until("the end of the killed one's child", || !runs(pid));
    }
}

/// A child that has become another program, which has a child of its own that has not.
fn another_program() -> Process {
    let name = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let scene = Scene::new();
    let inner = scene.number("inner");
    let child = Process::fork_with(&ends(AtExit::Kill), || {
        inner.set(std::process::Command::new("sleep").arg("1").spawn().unwrap().id());
        let error = std::process::Command::new("sleep").arg("60").exec();
        panic!("no other program: {error}")
    });
    let child = child.unwrap();
    until("both are other programs", || name(child.pid()) == "sleep\n" && name(inner.get()) == "sleep\n");
    child
}

fn a_child_outlives_its_thread() {
    let made = std::thread::spawn(|| {
        let options = ProcessOptions { despite_threads: true, ..ends(AtExit::Kill) };
        Process::fork_with(&options, sleeper).unwrap()
    });
    let child = made.join().unwrap();
    assert_eq!(kind(child.join(Duration::from_millis(100))), ErrorKind::Timeout);
    child.kill().unwrap();
    child.join(LONG).unwrap();
}

fn a_detached_child_goes_on() {
    let detached = || Process::fork_with(&ends(AtExit::Detach), sleeper).unwrap();
    for end in [(|| {}) as fn(), killed] {
        let (pid, _) = orphan(detached, end);
        sleep_ms(50);
        assert!(runs(pid));
        unsafe { libc::kill(pid.cast_signed(), libc::SIGKILL) };
    }
    // Who is waited for goes on as well if its parent could not wait.
    let (pid, _) = orphan(|| Process::fork(sleeper).unwrap(), killed);
    sleep_ms(50);
    assert!(runs(pid));
    unsafe { libc::kill(pid.cast_signed(), libc::SIGKILL) };
}

fn a_group_is_killed() {
    let scene = Scene::new();
    let pid = scene.number("grandchild");
    let options = ProcessOptions { group: true, ..options() };
    let child = Process::fork_with(&options, || {
        pid.set(fork(|| sleep_ms(60_000)).0.cast_unsigned());
        0
    });
    child.unwrap().join(LONG).unwrap();
    until("the end of the grandchild", || !runs(pid.get()));
}

fn stopping_goes_step_by_step() {
    let scene = Scene::new();
    let (ready, asked) = (scene.number("ready"), scene.number("asked"));
    let start = |deaf: bool, heeds: bool| {
        ready.set(0);
        asked.set(0);
        let child = Process::fork(|| {
            if deaf {
                unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
            }
            ready.set(1);
            until("asked", || heeds && asked.get() == 1);
            9
        });
        until("ready", || ready.get() == 1);
        child.unwrap()
    };
    let ask = || asked.set(1);
    let (soon, long) = (Duration::from_millis(30), LONG);
    assert_eq!(start(true, true).stop(ask, long, long).unwrap(), Exit::Code(9));
    assert_eq!(start(false, false).stop(ask, soon, long).unwrap(), Exit::Signal(libc::SIGTERM));
    assert_eq!(start(true, false).stop(ask, soon, soon).unwrap(), Exit::Signal(libc::SIGKILL));
    assert_eq!(start(true, false).stop(|| {}, Duration::ZERO, Duration::ZERO).unwrap(), Exit::Signal(9));
    let stopped = start(false, false);
    stopped.signal(libc::SIGSTOP).unwrap();
    assert_eq!(stopped.stop(ask, soon, soon).unwrap(), Exit::Signal(libc::SIGKILL), "stopped, and no answer");
    assert!(children().is_empty());
}

fn nothing_is_left() {
    Process::fork(|| 0).unwrap().join(LONG).unwrap();
    let before = open_fds().len();
    for round in 0..200 {
        let child = Process::fork(move || round & 0x7f).unwrap();
        assert_eq!(child.join(LONG).unwrap(), Exit::Code(round & 0x7f));
    }
    assert_eq!((open_fds().len(), children().len()), (before, 0));
    for _ in 0..20 {
        drop(Process::fork(|| 0).unwrap()); // nobody waits
    }
    until("all have ended", || children().iter().all(|pid| !runs(*pid)));
    assert!(courtyard::active_children().is_empty());
    assert_eq!(
        (open_fds().len(), children().len()),
        (before + 16, 0),
        "of the last ones it can be asked how they ended"
    );
    while courtyard::wait_any_child(Timeout::Try).is_ok() {}
    assert_eq!(open_fds().len(), before);
}

fn a_child_closes() {
    let scene = Scene::new();
    let pipe = Pipe::create(&scene.yard, "pipe", PipeOptions::default()).unwrap();
    let (mine, theirs) = (pipe.end(PipeEnd::First).unwrap(), pipe.end(PipeEnd::Second).unwrap());
    let child = Process::fork(|| {
        theirs.send(b"bye", LONG).unwrap();
        0
    });
    drop(theirs);
    assert_eq!(mine.recv_vec(LONG).unwrap(), b"bye");
    assert_eq!(kind(mine.recv_vec(LONG)), ErrorKind::PeerClosed);
    child.unwrap().join(LONG).unwrap();
    assert!(scene.yard.faults().is_empty(), "{:?}", scene.yard.faults());
}

fn a_child_hears_of_its_parent() {
    let scene = Scene::new();
    let (told, ready) = (scene.number("told"), scene.number("ready"));
    let middle = Process::fork(|| {
        let child = Process::fork_with(&ends(AtExit::Detach), || {
            let parent = courtyard::parent_process().unwrap();
            assert!(parent.is_alive());
            assert_eq!(kind(parent.wait(Timeout::Try)), ErrorKind::Timeout);
            ready.set(1);
            parent.wait(LONG).unwrap();
            assert!(!parent.is_alive() && parent.sentinel().is_some());
            told.set(1);
            0
        });
        child.unwrap();
        sleeper()
    });
    let middle = middle.unwrap();
    until("ready", || ready.get() == 1);
    middle.kill().unwrap();
    middle.join(LONG).unwrap();
    until("told", || told.get() == 1);
}

fn without_descriptors() {
    Process::fork(|| 0).unwrap().join(LONG).unwrap(); // what is opened once is open
    let lowest = std::fs::File::open("/dev/null").unwrap().as_raw_fd();
    let few = libc::rlimit { rlim_cur: lowest as u64, rlim_max: 4096 };
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &few) }, 0);
    // Threads cannot be counted without a descriptor, nor a child be watched.
    assert_eq!(kind(Process::fork(|| 0)), ErrorKind::State);
    let anyway = ProcessOptions { despite_threads: true, ..options() };
    assert_eq!(kind(Process::fork_with(&anyway, sleeper)), ErrorKind::NoMemory);
    assert_eq!(kind(Process::spawn("echo", &[])), ErrorKind::NoMemory);
    let many = libc::rlimit { rlim_cur: 1024, rlim_max: 4096 };
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &many) }, 0);
    assert!(children().is_empty(), "a child that nobody watches");
    assert_eq!(Process::fork(|| 4).unwrap().join(LONG).unwrap(), Exit::Code(4));
}

fn an_unknown_end() {
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    let child = Process::fork(|| {
        sleep_ms(20);
        3
    });
    assert_eq!(child.unwrap().join(LONG).unwrap(), Exit::Unknown);
}

/// Somebody makes children that are to die with it, as fast as it can, and is killed at any instant. Whoever loses its parent
/// becomes a child of this process, so that none is overlooked.
fn killed_while_making() {
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) }, 0);
    let mut orphans = 0;
    let fork = || drop(Process::fork_with(&ends(AtExit::Kill), sleeper));
    let spawn = || drop(Process::spawn_with(&ends(AtExit::Kill), "sleep", &[]));
    for (make, rounds, longest_us) in [(fork as fn(), 150, 2000), (spawn, 40, 8000)] {
        for round in 0..rounds {
            let maker = process::fork(|| {
                loop {
                    make();
                }
            });
            std::thread::sleep(Duration::from_micros(longest_us * round / rounds));
            maker.slay();
            orphans += children().len();
            until("the end of all orphans", || {
                while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } > 0 {}
                children().is_empty()
            });
        }
    }
    println!("190 makers killed, {orphans} of their children seen, and none stayed");
    assert!(orphans > 190, "most were killed too early");
}
