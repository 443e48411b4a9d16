//! Who is here, who is dead, seen from outside: processes that fork, exec, stop, dump core, close what they do not
//! know, or are killed in the middle.
//!
//! Every scenario runs in a process of its own, forked from a main that has one thread and has never used the library.
//! Arguments pick scenarios by a part of their name.
// The scenarios fork, kill and map by hand, and fail by panicking, as tests do. Each unsafe block is one system call on
// a process or a descriptor of our own.
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use courtyard::{
    Error, ErrorKind, FaultKind, Holder, Lock, ObjectType, Options, PermitHolder, Permits, Queue,
    QueueOptions, RLock, Ring, RingOptions, Scope, Semaphore, SemaphoreOptions, Strategy, Timeout, Value,
    Yard,
};
#[path = "presence/pipes.rs"]
mod pipes;
#[path = "support/process.rs"]
mod process;

use process::{Child, Ended, LONG, PANICKED, PATIENCE_SECONDS, Step, fork, fork_with, sleep_ms};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, BorrowedFd, IntoRawFd};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

type Scenario = (&'static str, fn() -> Verdict);

/// What became of a scenario that did not panic.
enum Verdict {
    Ok,
    Skipped(&'static str),
}
use Verdict::{Ok as Good, Skipped};

const SCENARIOS: &[Scenario] = &[
    ("the_thread_that_opened_may_end", the_thread_that_opened_may_end),
    ("a_fork_child_owns_nothing_of_its_parent", a_fork_child_owns_nothing_of_its_parent),
    ("a_killed_fork_child_is_noticed", a_killed_fork_child_is_noticed),
    ("a_yard_is_kept_over_exec", a_yard_is_kept_over_exec),
    ("equal_tids_in_two_pid_namespaces_are_told_apart", equal_tids_in_two_pid_namespaces),
    ("a_death_with_a_core_dump_is_noticed", a_death_with_a_core_dump_is_noticed),
    ("a_large_victim_is_noticed", a_large_victim_is_noticed),
    ("a_large_debtor_is_waited_for", a_large_debtor_is_waited_for),
    ("closefrom_in_a_live_process_changes_nothing", closefrom_in_a_live_process),
    ("closing_a_yard_after_closefrom_closes_nobody_elses_file", closing_after_closefrom),
    ("a_fork_child_may_outlive_its_killed_parent", a_fork_child_may_outlive_its_killed_parent),
    ("opening_and_closing_leaks_nothing", opening_and_closing_leaks_nothing),
    ("a_stopped_owner_is_never_robbed", a_stopped_owner_is_never_robbed),
    ("who_releases_a_dead_ones_lock_hides_no_death", who_releases_a_dead_ones_lock),
    ("room_that_a_parent_reserved_is_not_its_childs", room_that_a_parent_reserved),
    ("who_waits_for_all_leaves_what_is_not_enough", who_waits_for_all_leaves),
    ("an_action_that_forks_makes_one_trip", an_action_that_forks),
    ("a_joiner_killed_while_it_clears_up_blocks_nobody", a_killed_joiner_blocks_nobody),
    ("joining_without_descriptors_beside_a_busy_sweeper_ends", joining_beside_a_busy_sweeper),
    ("closing_in_one_thread_robs_no_other", closing_in_one_thread_robs_no_other),
    ("a_slot_taken_away_by_a_hostile_peer_corrupts_no_list", a_slot_taken_away),
    ("a_death_the_kernel_does_not_tell_is_found", a_silent_death_is_found),
    ("creating_beside_unlinking_never_says_not_found", creating_beside_unlinking),
    ("objects_of_hostile_or_unknown_shape_are_not_overlaid", strange_objects_are_not_overlaid),
    ("no_time_is_a_try", no_time_is_a_try),
    ("permits_go_from_process_to_process", permits_go_from_process_to_process),
    ("an_rlock_is_its_owners_however_often_taken", an_rlock_is_its_owners),
    ("uncontended_calls_make_no_system_call", uncontended_calls_make_no_system_call),
    ("a_small_or_read_only_shm_is_refused_cleanly", a_small_or_read_only_shm),
    ("exhausted_places_come_back_with_a_death", exhausted_places_come_back),
    ("the_last_faults_say_who_died_doing_what", the_last_faults_say_who_died),
    ("permits_come_back_however_their_process_ends", permits_come_back),
    ("permits_of_a_process_without_registered_threads_come_back", silent_permits_come_back),
    ("a_fork_child_holds_no_permit_of_its_parent", a_fork_child_holds_no_permit),
    ("a_stopped_holder_keeps_its_permits", a_stopped_holder_keeps_its_permits),
];

fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, fd] = &args[..]
        && mode == "after-exec"
    {
        return after_exec(fd.parse().unwrap());
    }
    args.retain(|a| !a.starts_with("--"));
    let wanted = |name: &str| args.is_empty() || args.iter().any(|a| name.contains(a.as_str()));
    let (mut passed, mut failed) = (0, 0);
    for (name, scenario) in SCENARIOS.iter().chain(pipes::SCENARIOS).filter(|s| wanted(s.0)) {
        match in_a_process(*scenario) {
            Ended::Code(0) => {
                passed += 1;
                println!("{name} ... ok");
            }
            Ended::Code(SKIPPED) => println!("{name} ... skipped (see above)"),
            end => {
                failed += 1;
                println!("{name} ... FAILED ({end:?})");
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    std::process::exit(i32::from(failed != 0));
}

// ---- processes ------------------------------------------------------------------------------------------------------

const SKIPPED: i32 = 77;
const GENEROUS: Duration = Duration::from_secs(5);

fn in_a_process(scenario: fn() -> Verdict) -> Ended {
    fork_with(|| match scenario() {
        Good => 0,
        Skipped(why) => {
            println!("skipped: {why}");
            let _ = std::io::stdout().flush();
            SKIPPED
        }
    })
    .wait()
}

fn die() -> ! {
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    unreachable!()
}

/// Closes every descriptor but 0, 1, 2.
fn closefrom() {
    assert_eq!(unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, 0u32) }, 0);
}

// ---- yards ----------------------------------------------------------------------------------------------------------

/// A name of our own, taken away at the end by the process that chose it.
struct Name(String, u32);

impl Name {
    fn new(what: &str) -> Name {
        Name(format!("cyd-presence-{}-{what}", std::process::id()), std::process::id())
    }

    fn file(&self) -> File {
        File::options().read(true).write(true).open(format!("/dev/shm/{}.yard", self.0)).unwrap()
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        if self.1 == std::process::id() {
            let _ = Yard::unlink(&self.0);
        }
    }
}

fn kind<T>(result: Result<T, Error>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

/// Takes the lock from a dead owner, in good time, and declares it whole.
fn inherit(lock: &Lock) -> Duration {
    let begin = Instant::now();
    let mut guard = lock.acquire(LONG).unwrap();
    let took = begin.elapsed();
    assert!(guard.owner_died(), "{lock:?}");
    assert!(took < GENEROUS, "took {took:?}");
    guard.repaired().unwrap();
    took
}

const SCOPES: [Scope; 3] = [Scope::Thread, Scope::Process, Scope::Anyone];

fn small() -> Options {
    Options::new().slots(8).size(1 << 16)
}

// ---- scenarios ------------------------------------------------------------------------------------------------------

fn the_thread_that_opened_may_end() -> Verdict {
    let name = Name::new("thread");
    let (yard, held, free) = std::thread::spawn({
        let name = name.0.clone();
        move || {
            let yard = small().create(&name).unwrap();
            let held = Lock::create(&yard, "held", Scope::Process).unwrap();
            let free = Lock::create(&yard, "free", Scope::Thread).unwrap();
            held.acquire_unguarded(Timeout::Try).unwrap();
            drop(free.acquire(Timeout::Try).unwrap());
            Value::<u32>::create(&yard, "v").unwrap().set(7);
            (yard, held, free)
        }
    })
    .join()
    .unwrap();
    let me = Holder { pid: std::process::id(), tid: 0 };
    let peer = fork({
        let name = name.0.clone();
        move || {
            let yard = Yard::open(&name).unwrap();
            let held = Lock::open(&yard, "held").unwrap();
            assert_eq!(held.holder(), Some(me));
            assert_eq!(kind(held.acquire(Duration::from_millis(600))), ErrorKind::Timeout);
            yard.sweep();
            assert_eq!((held.holder(), held.is_suspect()), (Some(me), false));
            assert!(!Lock::open(&yard, "free").unwrap().acquire(Timeout::Try).unwrap().owner_died());
        }
    });
    assert_eq!(peer.wait(), Ended::Code(0));
    yard.sweep();
    assert_eq!((held.holder(), held.is_suspect()), (Some(me), false));
    assert_eq!((free.holder(), free.is_suspect()), (None, false));
    held.release().unwrap();
    assert!(!free.acquire(LONG).unwrap().owner_died());
    assert_eq!(Value::<u32>::open(&yard, "v").unwrap().get(), 7);
    Good
}

fn a_fork_child_owns_nothing_of_its_parent() -> Verdict {
    let name = Name::new("inherit");
    let yard = small().create(&name.0).unwrap();
    let other = Lock::create(&yard, "other", Scope::Thread).unwrap();
    let locks = SCOPES.map(|s| Lock::create(&yard, &format!("{s:?}"), s).unwrap());
    let guards: Vec<_> = locks.iter().map(|l| l.acquire(Timeout::Try).unwrap()).collect();
    let (taken, wait) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
    std::thread::scope(|s| {
        s.spawn(|| {
            let guard = other.acquire(Timeout::Try).unwrap();
            taken.wait();
            wait.wait();
            assert!(!guard.owner_died());
        });
        taken.wait();
        let parent = std::process::id();
        let child = match unsafe { libc::fork() } {
            0 => {
                unsafe { libc::alarm(PATIENCE_SECONDS) };
                let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    let by_parent = |l: &Lock| l.holder().is_some_and(|h| h.pid == parent);
                    assert!(by_parent(&other));
                    assert_eq!(kind(other.try_acquire()), ErrorKind::Busy);
                    drop(unsafe { std::ptr::read(&guards) }); // the child's copies; it never returns
                    assert!(by_parent(&other));
                    for lock in &locks {
                        assert!(by_parent(lock), "{:?} was released by the child", lock.scope());
                        assert_eq!(kind(lock.acquire(Duration::from_millis(300))), ErrorKind::Timeout);
                        assert!(by_parent(lock) && !lock.is_suspect());
                    }
                    assert_eq!(kind(locks[0].release()), ErrorKind::NotOwner);
                    assert_eq!(kind(locks[1].release()), ErrorKind::NotOwner);
                    let again = Yard::open(&name.0).unwrap();
                    let own = Lock::create(&again, "own", Scope::Process).unwrap();
                    let guard = own.acquire(Timeout::Forever).unwrap();
                    assert_eq!(own.holder(), Some(Holder { pid: std::process::id(), tid: 0 }));
                    drop(guard);
                }));
                unsafe { libc::_exit(if code.is_ok() { 0 } else { PANICKED }) }
            }
            pid => Child(pid),
        };
        assert_eq!(child.wait(), Ended::Code(0));
        wait.wait();
    });
    for (lock, guard) in locks.iter().zip(guards) {
        assert_eq!(lock.holder().unwrap().pid, std::process::id());
        assert!(!lock.is_suspect());
        drop(guard);
        assert_eq!(lock.holder(), None);
    }
    assert!(!Lock::open(&yard, "own").unwrap().is_suspect());
    Good
}

fn a_killed_fork_child_is_noticed() -> Verdict {
    for fallback in [false, true] {
        for scope in SCOPES {
            let yard = small().fallback(fallback).anonymous().unwrap();
            let lock = Lock::create(&yard, "l", scope).unwrap();
            let step = Step::of(&yard);
            let child = fork(|| {
                std::mem::forget(lock.acquire(Timeout::Try).unwrap());
                step.set(1);
                sleep_ms(50);
                die();
            });
            step.wait(1);
            inherit(&lock);
            assert_eq!(child.wait(), Ended::Signal(libc::SIGKILL));
        }
    }
    Good
}

fn a_yard_is_kept_over_exec() -> Verdict {
    let yard = small().anonymous().unwrap();
    yard.set_inheritable(true).unwrap();
    let step = Step::of(&yard);
    for scope in SCOPES {
        Lock::create(&yard, &format!("{scope:?}"), scope).unwrap();
    }
    let child = fork(|| {
        for scope in SCOPES {
            Lock::open(&yard, &format!("{scope:?}")).unwrap().acquire_unguarded(Timeout::Try).unwrap();
        }
        let fd = std::os::fd::AsFd::as_fd(&yard).as_raw_fd();
        let error = Command::new("/proc/self/exe").args(["after-exec", &fd.to_string()]).exec();
        panic!("{error}");
    });
    step.wait(1);
    for scope in SCOPES {
        let lock = Lock::open(&yard, &format!("{scope:?}")).unwrap();
        assert!(!lock.is_suspect() && lock.holder().is_some());
    }
    step.set(2);
    assert_eq!(child.wait(), Ended::Code(0));
    assert_eq!(step.0.get(), 3);
    Good
}

/// The other program: it has the descriptor, nothing else. What the program before it held was a dead owner's.
fn after_exec(fd: i32) {
    let yard = Yard::from_fd(unsafe { BorrowedFd::borrow_raw(fd) }).unwrap();
    let locks = SCOPES.map(|s| Lock::open(&yard, &format!("{s:?}")).unwrap());
    for lock in &locks {
        inherit(lock);
    }
    let guards: Vec<_> = locks.iter().map(|l| l.acquire(Timeout::Try).unwrap()).collect();
    let step = Step::of(&yard);
    step.set(1);
    step.wait(2);
    drop(guards);
    step.set(3);
}

fn equal_tids_in_two_pid_namespaces() -> Verdict {
    let yard = small().anonymous().unwrap();
    let locks = ["a", "b"].map(|n| Lock::create(&yard, n, Scope::Thread).unwrap());
    let wide = ["c", "d"].map(|n| Lock::create(&yard, n, Scope::Process).unwrap());
    let steps = ["sa", "sb"].map(|n| Value::<u32>::create(&yard, n).unwrap());
    let kills = ["ka", "kb"].map(|n| Value::<u32>::create(&yard, n).unwrap());
    let start = |i: usize| {
        let (lock, wide, step, kill) = (&locks[i], &wide[i], &steps[i], &kills[i]);
        fork_with(move || {
            if unsafe { libc::unshare(libc::CLONE_NEWPID) } != 0 {
                return SKIPPED;
            }
            let inner = fork(|| {
                assert_eq!(std::process::id(), 1);
                std::mem::forget(lock.acquire(Timeout::Try).unwrap());
                std::mem::forget(wide.acquire(Timeout::Try).unwrap());
                step.set(1);
                loop {
                    sleep_ms(1000);
                }
            });
            while kill.get() == 0 {
                sleep_ms(1);
            }
            inner.slay();
            0
        })
    };
    let mut children = vec![start(0)];
    sleep_ms(20);
    children.push(start(1));
    let begin = Instant::now();
    while steps.iter().any(|s| s.get() == 0) {
        if begin.elapsed() > GENEROUS {
            let ends: Vec<_> = children.into_iter().map(Child::wait).collect();
            assert_eq!(ends, [Ended::Code(SKIPPED), Ended::Code(SKIPPED)]);
            return Skipped("unshare(CLONE_NEWPID) needs privilege");
        }
        sleep_ms(1);
    }
    let of = |l: &Lock| l.holder().map(|h| (h.pid, h.tid));
    assert_eq!((of(&locks[0]), of(&locks[1])), (Some((1, 1)), Some((1, 1))));
    kills[1].set(1);
    inherit(&locks[1]);
    inherit(&wide[1]);
    for lock in [&locks[0], &wide[0]] {
        assert_eq!(kind(lock.acquire(Duration::from_millis(600))), ErrorKind::Timeout);
        yard.sweep();
        assert!(lock.holder().is_some() && !lock.is_suspect());
    }
    kills[0].set(1);
    inherit(&locks[0]);
    inherit(&wide[0]);
    children.into_iter().for_each(|c| assert_eq!(c.wait(), Ended::Code(0)));
    Good
}

fn a_death_with_a_core_dump_is_noticed() -> Verdict {
    let dir = std::env::temp_dir().join(format!("cyd-core-{}", std::process::id()));
    std::fs::create_dir(&dir).unwrap();
    for signal in [libc::SIGSEGV, libc::SIGABRT] {
        let yard = small().anonymous().unwrap();
        let locks = SCOPES.map(|s| Lock::create(&yard, &format!("{s:?}"), s).unwrap());
        let step = Step::of(&yard);
        let child = fork(|| {
            std::env::set_current_dir(&dir).unwrap();
            let limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
            if unsafe { libc::setrlimit(libc::RLIMIT_CORE, &limit) } != 0 {
                println!("note: RLIMIT_CORE stays as it is");
            }
            locks.iter().for_each(|l| std::mem::forget(l.acquire(Timeout::Try).unwrap()));
            step.set(1);
            sleep_ms(20);
            unsafe {
                libc::signal(signal, libc::SIG_DFL);
                libc::raise(signal);
            }
        });
        step.wait(1);
        for lock in &locks {
            let guard = lock.acquire(LONG).unwrap();
            assert!(guard.owner_died());
        }
        assert_eq!(child.wait(), Ended::Signal(signal));
    }
    std::fs::remove_dir_all(&dir).unwrap();
    Good
}

fn a_large_victim_is_noticed() -> Verdict {
    let info = std::fs::read_to_string("/proc/meminfo").unwrap();
    let free: u64 = info
        .lines()
        .find_map(|l| l.strip_prefix("MemAvailable:"))
        .and_then(|l| l.split_whitespace().next()?.parse().ok())
        .unwrap_or(0);
    if free < 3 << 20 {
        return Skipped("less than 3 GiB of memory are free");
    }
    for scope in SCOPES {
        let yard = small().anonymous().unwrap();
        let lock = Lock::create(&yard, "l", scope).unwrap();
        let step = Step::of(&yard);
        let child = fork(|| {
            let fat = vec![1u8; 1 << 30];
            std::mem::forget(lock.acquire(Timeout::Try).unwrap());
            step.set(u32::from(fat[1 << 29]));
            loop {
                sleep_ms(1000);
            }
        });
        step.wait(1);
        child.kill(libc::SIGKILL);
        println!("  1 GiB resident, scope {scope:?}: noticed after {:?}", inherit(&lock));
        assert_eq!(child.wait(), Ended::Signal(libc::SIGKILL));
    }
    Good
}

/// Its threads are known to be dead long before it is: what it owes is waited for all the same.
fn a_large_debtor_is_waited_for() -> Verdict {
    for sides in [false, true] {
        let yard = Options::new().slots(8).size(1 << 20).anonymous().unwrap();
        let options = QueueOptions { capacity: 4, unacked: 2, sides, ..QueueOptions::default() };
        let queue = Queue::create(&yard, "queue", options).unwrap();
        let step = Step::of(&yard);
        let producer = sides.then(|| queue.producer().unwrap());
        queue.try_put(b"owed").unwrap();
        let child = fork(|| {
            let fat = vec![1u8; 1 << 29];
            let _ = queue.get_ack_vec(LONG).unwrap();
            step.set(u32::from(fat[1 << 28]));
            loop {
                sleep_ms(1000);
            }
        });
        step.wait(1);
        match producer {
            Some(producer) => drop(producer),
            None => queue.shutdown(false),
        }
        child.kill(libc::SIGKILL);
        sleep_ms(2);
        let (bytes, received) = queue.get_vec(LONG).unwrap();
        assert_eq!((bytes, received.redelivered), (b"owed".to_vec(), true));
        assert_eq!(child.wait(), Ended::Signal(libc::SIGKILL));
    }
    Good
}

fn closefrom_in_a_live_process() -> Verdict {
    let name = Name::new("closefrom");
    let yard = small().create(&name.0).unwrap();
    let locks = SCOPES.map(|s| Lock::create(&yard, &format!("{s:?}"), s).unwrap());
    let dead = Lock::create(&yard, "dead", Scope::Process).unwrap();
    let step = Step::of(&yard);
    let child = fork(|| {
        locks.iter().for_each(|l| std::mem::forget(l.acquire(Timeout::Try).unwrap()));
        closefrom();
        step.set(1);
        step.wait(2);
        locks.iter().for_each(|l| l.release().unwrap());
        let lock = &locks[0];
        std::thread::scope(|s| {
            for _ in 0..3 {
                s.spawn(|| drop(lock.acquire(LONG).unwrap()));
            }
        });
        step.set(3);
        inherit(&dead); // a peer's death is still found, by the name
        let again = Yard::open(&name.0).unwrap();
        drop(Lock::open(&again, "Anyone").unwrap().acquire(Timeout::Try).unwrap());
        let grandchild = fork(|| drop(locks[0].acquire(LONG).unwrap())); // joins by the name
        assert_eq!(grandchild.wait(), Ended::Code(0));
    });
    step.wait(1);
    for lock in &locks {
        assert_eq!(lock.holder().unwrap().pid, child.0.cast_unsigned());
        assert_eq!(kind(lock.acquire(Duration::from_millis(300))), ErrorKind::Timeout);
        yard.sweep();
        assert!(lock.holder().is_some() && !lock.is_suspect());
    }
    let victim = fork(|| {
        std::mem::forget(dead.acquire(Timeout::Try).unwrap());
        step.set(2);
        step.wait(3);
        die();
    });
    assert_eq!(victim.wait(), Ended::Signal(libc::SIGKILL));
    assert_eq!(child.wait(), Ended::Code(0));
    Good
}

fn closing_after_closefrom() -> Verdict {
    let yard = small().anonymous().unwrap();
    let fd = std::os::fd::AsFd::as_fd(&yard).as_raw_fd();
    closefrom();
    let mut mine = Vec::new();
    loop {
        let file = File::open("/proc/self/stat").unwrap().into_raw_fd();
        mine.push(file);
        if file >= fd {
            break;
        }
    }
    assert_eq!(kind(yard.set_inheritable(true)), ErrorKind::Closed);
    let flags = |fd: i32| unsafe { libc::fcntl(fd, libc::F_GETFD) };
    assert_eq!(flags(fd), libc::FD_CLOEXEC, "the flag of somebody else's file was changed");
    drop(yard);
    assert!(mine.iter().all(|&fd| flags(fd) >= 0), "somebody else's file was closed");
    Good
}

fn a_fork_child_may_outlive_its_killed_parent() -> Verdict {
    for scope in SCOPES {
        let yard = small().anonymous().unwrap();
        let lock = Lock::create(&yard, "l", scope).unwrap();
        let step = Step::of(&yard);
        let parent = fork(|| {
            std::mem::forget(lock.acquire(Timeout::Try).unwrap());
            let _child = fork(|| {
                step.set(1);
                step.wait(2);
                let guard = lock.acquire(LONG).unwrap();
                step.set(3);
                drop(guard);
            });
            loop {
                sleep_ms(1000);
            }
        });
        step.wait(1);
        parent.slay();
        inherit(&lock);
        step.set(2);
        step.wait(3);
        assert!(!lock.acquire(LONG).unwrap().owner_died());
    }
    Good
}

fn opening_and_closing_leaks_nothing() -> Verdict {
    let name = Name::new("leak");
    let first = Options::new().slots(3).create(&name.0).unwrap();
    Lock::create(&first, "l", Scope::Thread).unwrap();
    drop(first);
    let round = |name: &str| {
        let yard = Yard::open(name).unwrap();
        drop(Lock::open(&yard, "l").unwrap().acquire(Timeout::Try).unwrap());
    };
    let anonymous = || drop(Options::new().slots(1).size(1).anonymous().unwrap());
    let count = |what: &str| match what {
        "maps" => std::fs::read_to_string("/proc/self/maps").unwrap().lines().count(),
        dir => std::fs::read_dir(dir).unwrap().count(),
    };
    let all = || ["maps", "/proc/self/fd", "/dev/shm"].map(count);
    (0..10).for_each(|_| round(&name.0));
    anonymous();
    let before = all();
    (0..10_000).for_each(|_| round(&name.0));
    (0..500).for_each(|_| anonymous());
    let after = all();
    assert_eq!(before[1..], after[1..]);
    assert!(after[0] <= before[0] + 2, "mappings: {before:?} then {after:?}"); // the allocator may have grown
    let full: Vec<_> = (0..3)
        .map(|i| {
            let yard = Yard::open(&name.0).unwrap();
            let go = Value::<u32>::open_or_create(&yard, "go").unwrap();
            let ready = Value::<u32>::open_or_create(&yard, &format!("ready{i}")).unwrap();
            yard.detach_thread();
            drop((go, ready, yard));
            fork({
                let name = name.0.clone();
                move || {
                    let yard = Yard::open(&name).unwrap();
                    Lock::open(&yard, "l").unwrap().acquire(LONG).map(drop).unwrap();
                    Value::<u32>::open(&yard, &format!("ready{i}")).unwrap().set(1);
                    while Value::<u32>::open(&yard, "go").unwrap().get() == 0 {
                        sleep_ms(1);
                    }
                }
            })
        })
        .collect();
    // Every place is free: three processes have room. The file tells without taking a place.
    let end = Instant::now() + LONG;
    let ready = |file: &File| (0..3u64).all(|i| live_word(file, ENTRIES_AT + i * ENTRY_BYTES));
    while !ready(&name.file()) {
        assert!(Instant::now() < end, "not every entry could be taken");
        sleep_ms(1);
    }
    full.into_iter().for_each(Child::slay);
    Good
}

fn who_releases_a_dead_ones_lock() -> Verdict {
    let yard = Yard::anonymous().unwrap();
    let (lock, step) = (Lock::create(&yard, "lock", Scope::Anyone).unwrap(), Step::of(&yard));
    let owner = fork(|| {
        assert!(lock.acquire_unguarded(Timeout::Try).unwrap().is_none());
        step.set(1);
        sleep_ms(20_000);
    });
    step.wait(1);
    owner.slay();
    let _ = lock.release(); // whoever has swept meanwhile: nobody holds it
    assert!(lock.acquire_unguarded(Timeout::Try).unwrap().is_some(), "nobody says that its owner died");
    Good
}

fn room_that_a_parent_reserved() -> Verdict {
    let yard = Yard::anonymous().unwrap();
    let ring = Ring::create(&yard, "ring", RingOptions::default()).unwrap();
    let mut sender = ring.sender(Strategy::default()).unwrap();
    let mut receiver = ring.receiver(Strategy::default()).unwrap();
    let mut room = sender.reserve(4, Timeout::Try).unwrap();
    room.write(0, b"aaaa").unwrap();
    let child = fork_with(|| {
        let refused = room.write(0, b"bbbb").is_err_and(|e| e.kind() == ErrorKind::NotOwner);
        i32::from(!(refused && room.as_mut_ptr().is_null()))
    });
    assert_eq!(child.wait(), Ended::Code(0));
    room.commit(4).unwrap();
    let mut bytes = [0; 4];
    receiver.recv(&mut bytes, Timeout::Try).unwrap();
    assert_eq!(&bytes, b"aaaa");
    Good
}

/// The child comes back from the action first, well or by a panic: the trip is its parent's all the same.
fn an_action_that_forks() -> Verdict {
    for panics in [false, true] {
        let yard = Yard::anonymous().unwrap();
        let barrier = courtyard::Barrier::create(&yard, "barrier", 2).unwrap();
        let other = fork_with(|| i32::from(barrier.wait(LONG).is_err()));
        while barrier.waiting() < 1 {
            sleep_ms(1);
        }
        let (parent, mut child) = (std::process::id(), None);
        let passed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            barrier.wait_with(LONG, || match unsafe { libc::fork() } {
                0 if panics => std::panic::panic_any("on purpose"),
                0 => {}
                pid => {
                    child = Some(Child(pid));
                    sleep_ms(200);
                }
            })
        }));
        if std::process::id() != parent {
            let is_told =
                passed.map_or(panics, |passed| passed.is_err_and(|e| e.kind() == ErrorKind::NotOwner));
            unsafe { libc::_exit(i32::from(!is_told)) };
        }
        assert!(passed.unwrap().is_ok());
        assert_eq!(child.unwrap().wait(), Ended::Code(0));
        assert_eq!(other.wait(), Ended::Code(0));
    }
    Good
}

/// Of two who sleep at a semaphore, the first one waits for an event as well: the permit is the other one's at once, and not
/// when a slice of his is over.
fn who_waits_for_all_leaves() -> Verdict {
    let yard = Yard::anonymous().unwrap();
    let semaphore =
        Semaphore::create(&yard, "semaphore", SemaphoreOptions { initial: 0, ..Default::default() }).unwrap();
    let event = courtyard::Event::create(&yard, "event", Default::default()).unwrap();
    let mut shortest = LONG;
    for _ in 0..5 {
        event.clear();
        std::thread::scope(|s| {
            let all = s.spawn(|| courtyard::wait_all(&[&semaphore, &event], LONG));
            sleep_ms(60); // he sleeps, and is the first in line
            let single = s.spawn(|| {
                semaphore.acquire(LONG).unwrap();
                Instant::now()
            });
            sleep_ms(60);
            let begin = Instant::now();
            semaphore.release(1).unwrap();
            shortest = shortest.min(single.join().unwrap() - begin);
            event.set();
            semaphore.release(1).unwrap();
            all.join().unwrap().unwrap();
            semaphore.acquire(Timeout::Try).unwrap();
        });
    }
    assert!(shortest < Duration::from_millis(120), "a permit was there for {shortest:?}, five times");
    Good
}

fn a_stopped_owner_is_never_robbed() -> Verdict {
    for fallback in [false, true] {
        for scope in SCOPES {
            let yard = small().fallback(fallback).anonymous().unwrap();
            let lock = Lock::create(&yard, "l", scope).unwrap();
            let step = Step::of(&yard);
            let child = fork(|| {
                let guard = lock.acquire(Timeout::Try).unwrap();
                step.set(1);
                step.wait(2);
                assert!(!guard.owner_died());
                drop(guard);
                assert!(!lock.is_suspect());
            });
            step.wait(1);
            child.stop();
            assert_eq!(kind(lock.acquire(Duration::from_millis(600))), ErrorKind::Timeout);
            yard.sweep();
            assert_eq!(kind(lock.try_acquire()), ErrorKind::Busy);
            assert!(lock.holder().is_some() && !lock.is_suspect());
            step.set(2);
            child.kill(libc::SIGCONT);
            assert!(!lock.acquire(LONG).unwrap().owner_died());
            assert_eq!(child.wait(), Ended::Code(0));
        }
    }
    Good
}

// ---- the words in the file, as the layout has them ------------------------------------------------------------------

const ENTRIES_AT: u64 = 8192;
const ENTRY_BYTES: u64 = 128;
const SLOT_BYTES: u64 = 64;
const FREE: u64 = 0;
const LIVE: u64 = 2;
const REAPING: u64 = 4;

fn token(index: u64, generation: u64) -> u64 {
    1 << 29 | generation << 12 | index
}

fn place(generation: u64, state: u64, token: u64) -> u64 {
    generation | state << 17 | token << 21
}

fn put(file: &File, at: u64, word: u64) {
    file.write_all_at(&word.to_ne_bytes(), at).unwrap();
}

fn get(file: &File, at: u64) -> u64 {
    let mut bytes = [0; 8];
    file.read_exact_at(&mut bytes, at).unwrap();
    u64::from_ne_bytes(bytes)
}

fn live_word(file: &File, at: u64) -> bool {
    get(file, at) >> 17 & 0xf == LIVE
}

fn slot_at(slots: u64, index: u64) -> u64 {
    ENTRIES_AT + ENTRY_BYTES * slots + SLOT_BYTES * index
}

/// A process was killed between taking a dead one's entry and moving in: the entry says so, and so does a slot that
/// it had begun to clear.
fn a_killed_joiner_blocks_nobody() -> Verdict {
    let name = Name::new("joiner");
    for slots in [1, 2] {
        drop(small().slots(slots).create(&name.0).unwrap());
        let file = name.file();
        for generation in [0, 5, (1 << 17) - 1] {
            let joiner = token(0, (generation + 1) & ((1 << 17) - 1));
            put(&file, ENTRIES_AT, place(generation, REAPING, joiner));
            put(&file, slot_at(u64::from(slots), 0), place(3, REAPING, joiner));
            let yard = Yard::open(&name.0).unwrap();
            let lock = Lock::open_or_create(&yard, "l", Scope::Thread).unwrap();
            drop(lock.acquire(Timeout::Try).unwrap());
            if slots == 2 {
                std::thread::scope(|s| {
                    let other = s.spawn(|| drop(lock.acquire(Timeout::Try).unwrap()));
                    other.join().unwrap(); // the scope alone does not wait for the very end of the thread
                });
                yard.detach_thread();
            }
            drop(lock);
            drop(yard);
            assert!(!live_word(&file, ENTRIES_AT) && !live_word(&file, slot_at(u64::from(slots), 0)));
        }
        Yard::unlink(&name.0).unwrap();
    }
    Good
}

/// A child without descriptors joins while a live process is about to clear up another entry.
fn joining_beside_a_busy_sweeper() -> Verdict {
    let name = Name::new("sweeper");
    let yard = small().slots(2).create(&name.0).unwrap();
    let lock = Lock::create(&yard, "l", Scope::Process).unwrap();
    put(&name.file(), ENTRIES_AT + ENTRY_BYTES, place(0, REAPING, token(0, 0)));
    let fd = std::os::fd::AsFd::as_fd(&yard).as_raw_fd();
    let child = fork(|| {
        unsafe { libc::alarm(10) };
        closefrom();
        while File::open("/proc/self/stat").unwrap().into_raw_fd() < fd {} // its number means another file now
        assert_eq!(kind(lock.acquire(Timeout::Try)), ErrorKind::NoSlots);
    });
    assert_eq!(child.wait(), Ended::Code(0));
    Good
}

/// Two threads open, use and close one yard: neither closing may give back what the other has taken.
fn closing_in_one_thread_robs_no_other() -> Verdict {
    let name = Name::new("close");
    let keep = small().size(1 << 20).objects(4096).create(&name.0).unwrap();
    for i in 0..4000 {
        Value::<u8>::create(&keep, &format!("{i}")).unwrap(); // clearing up takes longer, and meets the lock last
    }
    Lock::create(&keep, "l", Scope::Process).unwrap();
    drop(keep);
    let end = Instant::now() + Duration::from_secs(3);
    std::thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                while Instant::now() < end {
                    let yard = Yard::open(&name.0).unwrap();
                    let lock = Lock::open(&yard, "l").unwrap();
                    let guard = lock.acquire(Timeout::Forever).unwrap();
                    assert!(!guard.owner_died(), "a live process was taken for dead");
                    std::thread::yield_now();
                    std::mem::forget(guard);
                    lock.release().expect("somebody released it for us");
                }
            });
        }
    });
    Good
}

/// A peer overwrites the word of our slot: it may deny us service, it must not reach our private memory.
fn a_slot_taken_away() -> Verdict {
    let name = Name::new("hostile");
    let yard = small().slots(2).create(&name.0).unwrap();
    drop(Lock::create(&yard, "l", Scope::Thread).unwrap().acquire(Timeout::Try).unwrap());
    put(&name.file(), slot_at(2, 0), place(9, FREE, 0));
    yard.detach_thread();
    // The C library's list of robust mutexes must be whole: use it.
    unsafe {
        let mut attr: libc::pthread_mutexattr_t = std::mem::zeroed();
        let mut mutex: libc::pthread_mutex_t = std::mem::zeroed();
        libc::pthread_mutexattr_init(&mut attr);
        libc::pthread_mutexattr_setrobust(&mut attr, libc::PTHREAD_MUTEX_ROBUST);
        libc::pthread_mutex_init(&mut mutex, &attr);
        assert_eq!(libc::pthread_mutex_lock(&mut mutex), 0);
        assert_eq!(libc::pthread_mutex_unlock(&mut mutex), 0);
    }
    drop(Lock::open(&yard, "l").unwrap().acquire(Timeout::Try).unwrap());
    Good
}

/// A process dies without the kernel marking its alive word (here: it has thrown its robust list away).
fn a_silent_death_is_found() -> Verdict {
    for fallback in [false, true] {
        let yard = small().fallback(fallback).anonymous().unwrap();
        let lock = Lock::create(&yard, "l", Scope::Thread).unwrap();
        let step = Step::of(&yard);
        let child = fork(|| {
            std::mem::forget(lock.acquire(Timeout::Try).unwrap());
            assert_eq!(unsafe { libc::syscall(libc::SYS_set_robust_list, 0usize, 24usize) }, 0);
            step.set(1);
            sleep_ms(20);
            die();
        });
        step.wait(1);
        let took = inherit(&lock);
        println!("  fallback {fallback}: found after {took:?}");
        assert_eq!(child.wait(), Ended::Signal(libc::SIGKILL));
    }
    Good
}

fn creating_beside_unlinking() -> Verdict {
    let name = Name::new("race");
    let options = small().slots(1).size(1).objects(1);
    let removers: Vec<_> = (0..2)
        .map(|_| {
            fork(|| {
                loop {
                    let _ = Yard::unlink(&name.0);
                }
            })
        })
        .collect();
    let end = Instant::now() + Duration::from_secs(2);
    let mut odd = Vec::new();
    while Instant::now() < end {
        for made in [options.create(&name.0), options.open_or_create(&name.0)] {
            match made.map_err(|e| e.kind()) {
                Ok(_) | Err(ErrorKind::Busy) => {}
                Err(kind) => odd.push(kind),
            }
        }
    }
    removers.into_iter().for_each(Child::slay);
    assert!(odd.is_empty(), "{} times, first {:?}", odd.len(), odd[0]);
    Good
}

/// The directory names objects of a type from the future, and one whose length is no multiple of a line.
fn strange_objects_are_not_overlaid() -> Verdict {
    let name = Name::new("strange");
    let yard = Options::new().slots(1).objects(8).size(1 << 12).create(&name.0).unwrap();
    let up = |x: u64, to: u64| x.div_ceil(to) * to;
    let directory_at = up(slot_at(1, 1), 128);
    let heap_at = up(directory_at + 8 * 128, 4096) + 4096;
    let file = name.file();
    let entry = |index: u64, kind: u32, offset: u64, len: u64, name: &[u8; 8]| {
        let at = directory_at + index * 128;
        put(&file, at + 8, offset);
        put(&file, at + 16, len);
        put(&file, at + 56, u64::from_ne_bytes(*name));
        file.write_all_at(&kind.to_ne_bytes(), at).unwrap();
    };
    entry(0, 99, heap_at, 128, b"future\0\0");
    entry(1, 2, heap_at + 128, 129, b"oddlen\0\0");
    put(&file, heap_at, 0x1234_5678_9abc_def0);
    let value = Value::<u64>::create(&yard, "mine").unwrap();
    value.set(u64::MAX);
    assert_eq!(get(&file, heap_at), 0x1234_5678_9abc_def0, "an object of unknown type was overlaid");
    assert_eq!(Value::<u64>::open(&yard, "mine").unwrap().get(), u64::MAX);
    assert_eq!(get(&file, heap_at + 384), u64::MAX, "the next whole line is the first free one");
    Good
}

fn no_time_is_a_try() -> Verdict {
    let yard = small().anonymous().unwrap();
    for scope in SCOPES {
        let lock = Lock::create(&yard, &format!("{scope:?}"), scope).unwrap();
        let _guard = lock.acquire(Timeout::Forever).unwrap();
        assert_eq!(kind(lock.acquire(Timeout::For(Duration::ZERO))), ErrorKind::Busy);
    }
    let semaphore = Semaphore::create(&yard, "semaphore", SemaphoreOptions::default()).unwrap();
    assert_eq!(kind(semaphore.acquire(Timeout::For(Duration::ZERO))), ErrorKind::Busy);
    Good
}

/// Taken here and released there; what a dead process had taken does not come back.
fn permits_go_from_process_to_process() -> Verdict {
    let yard = small().anonymous().unwrap();
    let options = SemaphoreOptions { initial: 2, maximum: Some(2) };
    let semaphore = Semaphore::create(&yard, "semaphore", options).unwrap();
    semaphore.acquire(Timeout::Forever).unwrap();
    let other = fork(|| {
        let semaphore = Semaphore::open(&yard, "semaphore").unwrap();
        semaphore.release(1).unwrap();
        assert_eq!(kind(semaphore.release(1)), ErrorKind::Range);
        semaphore.acquire(Timeout::Forever).unwrap();
        die();
    });
    assert_eq!(other.wait(), Ended::Signal(libc::SIGKILL));
    yard.sweep();
    assert_eq!(semaphore.value(), 1);
    semaphore.acquire(Timeout::Try).unwrap();
    let sleeper = fork(|| semaphore.acquire(LONG).unwrap());
    let killed = fork(|| semaphore.acquire(LONG).unwrap());
    sleep_ms(20);
    killed.slay();
    semaphore.release(1).unwrap();
    assert_eq!(sleeper.wait(), Ended::Code(0));
    assert_eq!(semaphore.value(), 0);
    Good
}

/// In twice, its owner waits for nobody; others wait for both releases, or for its death.
fn an_rlock_is_its_owners() -> Verdict {
    let yard = small().anonymous().unwrap();
    let lock = RLock::create(&yard, "rlock").unwrap();
    let depth = Value::<u32>::create(&yard, "depth").unwrap();
    let owner = fork(|| {
        for n in 1..4 {
            lock.acquire_unguarded(Timeout::Forever).unwrap();
            assert_eq!(lock.count(), n);
        }
        lock.release().unwrap();
        depth.set(lock.count());
        sleep_ms(u64::MAX);
    });
    let begin = Instant::now();
    while depth.get() != 2 {
        assert!(begin.elapsed() < LONG);
        sleep_ms(1);
    }
    assert_eq!(kind(lock.acquire(Duration::from_millis(5))), ErrorKind::Timeout);
    assert_eq!((lock.count(), lock.holder().unwrap().pid), (0, owner.0.cast_unsigned()));
    let waiter = fork(|| {
        let guard = lock.acquire(LONG).unwrap();
        assert!(guard.owner_died());
        assert_eq!(lock.count(), 1);
    });
    sleep_ms(20);
    owner.slay();
    assert_eq!(waiter.wait(), Ended::Code(0));
    // A guard that a fork child inherits releases nothing.
    let mut guard = lock.acquire(LONG).unwrap();
    guard.repaired().unwrap();
    let mut inner = Some(lock.acquire(Timeout::Forever).unwrap());
    let child = fork(|| drop(inner.take()));
    assert_eq!(child.wait(), Ended::Code(0));
    assert_eq!(lock.count(), 2);
    assert!(guard.repaired().is_ok());
    Good
}

/// Under strict seccomp the kernel kills a process at its first system call other than read, write, exit and sigreturn.
fn uncontended_calls_make_no_system_call() -> Verdict {
    let yard = small().anonymous().unwrap();
    let locks = SCOPES.map(|scope| Lock::create(&yard, &format!("{scope:?}"), scope).unwrap());
    let rlock = RLock::create(&yard, "rlock").unwrap();
    let semaphore = Semaphore::create(&yard, "semaphore", SemaphoreOptions::default()).unwrap();
    let value = Value::<u64>::create(&yard, "value").unwrap();
    let ring = Ring::create(&yard, "ring", RingOptions { capacity: 1 << 10, spin_only: false }).unwrap();
    let mut ends = (ring.sender(Strategy::Block).unwrap(), ring.receiver(Strategy::Block).unwrap());
    let permits = Permits::create(&yard, "permits", 3).unwrap();
    let mut round = || {
        drop(permits.acquire(Timeout::Forever).unwrap());
        permits.acquire_unguarded(Timeout::Try).unwrap();
        drop(permits.acquire_many(2, Timeout::Forever).unwrap());
        permits.release(1).unwrap();
        for lock in &locks {
            lock.acquire_unguarded(Timeout::Forever).unwrap();
            lock.release().unwrap();
        }
        (0..3).for_each(|_| assert_eq!(rlock.acquire_unguarded(Timeout::Forever), Ok(None)));
        (0..3).for_each(|_| rlock.release().unwrap());
        semaphore.release(2).unwrap();
        (0..2).for_each(|_| semaphore.acquire(Timeout::Forever).unwrap());
        value.set(value.get() + 1);
        value.fetch_max(3);
        ends.0.send(b"a record", Timeout::Forever).unwrap();
        ends.1.recv(&mut [0; 8], Timeout::Forever).unwrap();
        ends.0.reserve(8, Timeout::Forever).unwrap().commit(8).unwrap();
        ends.1.peek(Timeout::Forever).unwrap().release();
    };
    round(); // the first one registers the thread
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_STRICT) }, 0);
    (0..1000).for_each(|_| round());
    // Not _exit: that is exit_group, which is not allowed here.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
    unreachable!("exit does not return")
}

/// A process holds three of four permits and ends somehow; another sleeps for all four.
fn permits_come_back() -> Verdict {
    let ends: [(&str, fn()); 4] = [
        ("killed", || die()),
        ("ended", || {}),
        ("crashed", || unsafe { std::ptr::null_mut::<u8>().write_volatile(0) }),
        ("exec", || {
            let _ = Command::new("/bin/true").exec();
        }),
    ];
    for fallback in [false, true] {
        for (how, end) in ends {
            let yard = small().fallback(fallback).anonymous().unwrap();
            let permits = Permits::create(&yard, "p", 4).unwrap();
            let step = Step::of(&yard);
            let child = fork(|| {
                permits.acquire_many_unguarded(2, Timeout::Try).unwrap();
                permits.acquire_unguarded(Timeout::Try).unwrap();
                step.set(1);
                sleep_ms(20);
                end();
            });
            step.wait(1);
            assert_eq!(permits.holders(), [PermitHolder { pid: child.0 as u32, count: 3 }]);
            assert_eq!(permits.available(), 1);
            assert_eq!(kind(permits.acquire_many(2, Timeout::Try)), ErrorKind::Busy);
            let begin = Instant::now();
            drop(permits.acquire_many(4, LONG).unwrap_or_else(|e| panic!("{how}: {e:?}")));
            assert!(begin.elapsed() < GENEROUS, "{how}: took {:?}", begin.elapsed());
            assert_eq!((permits.available(), permits.holders().len()), (4, 0), "{how}");
            let back = yard.faults().into_iter().find(|fault| fault.kind == FaultKind::Permits);
            let (count, object) = back.map(|fault| (fault.count, fault.object)).unwrap();
            assert_eq!((count, object), (3, Some(("p".into(), ObjectType::Permits))), "{how}");
            child.wait();
        }
    }
    Good
}

/// Nothing tells of the death of such a process but its byte of the file: a try asks for it in the end.
fn silent_permits_come_back() -> Verdict {
    let yard = small().anonymous().unwrap();
    let permits = Permits::create(&yard, "p", 2).unwrap();
    let hold_both = || {
        permits.acquire_many_unguarded(2, Timeout::Try).unwrap();
        yard.detach_thread();
    };
    assert_eq!(fork(hold_both).wait(), Ended::Code(0));
    permits.acquire_unguarded(LONG).unwrap();
    permits.release(1).unwrap();
    assert_eq!(permits.available(), 2);
    assert_eq!(fork(hold_both).wait(), Ended::Code(0));
    let tries = (1..=512).find(|_| permits.try_acquire().is_ok());
    assert!(tries.is_some(), "no try has asked the kernel");
    Good
}

fn a_fork_child_holds_no_permit() -> Verdict {
    let yard = small().anonymous().unwrap();
    let permits = Permits::create(&yard, "p", 3).unwrap();
    let guard = permits.acquire_many(2, Timeout::Try).unwrap();
    let child = fork(|| {
        assert_eq!(permits.held(), 0);
        assert_eq!(kind(permits.release(1)), ErrorKind::NotOwner);
        drop(unsafe { std::ptr::read(&guard) }); // the child's copy; it never returns
        let own = permits.acquire(Timeout::Try).unwrap();
        assert_eq!((permits.held(), permits.available()), (1, 0));
        assert_eq!(kind(permits.release(2)), ErrorKind::NotOwner);
        drop(unsafe { std::ptr::read(&guard) });
        assert_eq!(permits.held(), 1);
        drop(own);
    });
    assert_eq!(child.wait(), Ended::Code(0));
    assert_eq!((permits.held(), permits.available()), (2, 1));
    drop(guard);
    assert_eq!(permits.available(), 3);
    Good
}

fn a_stopped_holder_keeps_its_permits() -> Verdict {
    let yard = small().anonymous().unwrap();
    let permits = Permits::create(&yard, "p", 2).unwrap();
    let step = Step::of(&yard);
    let child = fork(|| {
        permits.acquire_unguarded(Timeout::Try).unwrap();
        step.set(1);
        sleep_ms(60_000);
    });
    step.wait(1);
    child.kill(libc::SIGSTOP);
    assert_eq!(kind(permits.acquire_many(2, Duration::from_millis(600))), ErrorKind::Timeout);
    for _ in 0..600 {
        assert_eq!(kind(permits.acquire_many(2, Timeout::Try)), ErrorKind::Busy);
    }
    assert_eq!(permits.available(), 1);
    child.kill(libc::SIGKILL);
    drop(permits.acquire_many(2, LONG).unwrap());
    child.wait();
    Good
}

/// A /dev/shm of our own, as containers have it: 64 KiB, then read-only.
fn a_small_or_read_only_shm() -> Verdict {
    let mount = |kind: Option<&std::ffi::CStr>, flags, data: Option<&std::ffi::CStr>| {
        let pointer = |s: Option<&std::ffi::CStr>| s.map_or(std::ptr::null(), |s| s.as_ptr());
        unsafe {
            libc::mount(c"none".as_ptr(), c"/dev/shm".as_ptr(), pointer(kind), flags, pointer(data).cast())
        }
    };
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return Skipped("mounting needs root");
    }
    unsafe {
        libc::mount(
            c"none".as_ptr(),
            c"/".as_ptr(),
            std::ptr::null(),
            libc::MS_REC | libc::MS_PRIVATE,
            std::ptr::null(),
        )
    };
    assert_eq!(mount(Some(c"tmpfs"), 0, Some(c"size=64k")), 0);
    let name = format!("cyd-presence-{}-shm", std::process::id());
    let error = Yard::create(&name).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSpace);
    assert!(error.detail().unwrap().contains(" 65536 free"), "{error}");
    assert_eq!(std::fs::read_dir("/dev/shm").unwrap().count(), 0, "nothing is left");
    let options = Options::new().size(4096).slots(2).objects(8);
    options.create(&name).unwrap();
    assert_eq!(mount(None, libc::MS_REMOUNT | libc::MS_RDONLY, None), 0);
    assert_eq!(kind(options.create(&format!("{name}-2"))), ErrorKind::Permission);
    assert_eq!(kind(options.open(&name)), ErrorKind::Permission);
    assert_eq!(kind(Yard::unlink(&name)), ErrorKind::Permission);
    Good
}

/// Every thread slot, then every process entry, is taken by a child that is killed.
fn exhausted_places_come_back() -> Verdict {
    let yard = small().slots(4).anonymous().unwrap();
    let lock = Lock::create(&yard, "l", Scope::Thread).unwrap();
    yard.detach_thread();
    let step = Step::of(&yard);
    yard.detach_thread();
    let refused = || kind(lock.acquire(Timeout::Try)) == ErrorKind::NoSlots;
    let threads = fork(|| {
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    drop(lock.acquire(LONG).unwrap());
                    step.0.fetch_add(1);
                    loop {
                        sleep_ms(1000);
                    }
                });
            }
        });
    });
    step.wait(4);
    assert!(refused());
    threads.slay();
    drop(lock.acquire(Timeout::Try).unwrap());
    yard.detach_thread();

    step.set(0);
    let members: Vec<Child> = (0..3)
        .map(|_| {
            fork(|| {
                drop(lock.acquire(LONG).unwrap());
                step.0.fetch_add(1);
                loop {
                    sleep_ms(1000);
                }
            })
        })
        .collect();
    step.wait(3);
    let fifth = fork(|| assert!(refused()));
    assert_eq!(fifth.wait(), Ended::Code(0));
    members.into_iter().for_each(Child::slay);
    let next = fork(|| drop(lock.acquire(Timeout::Try).unwrap()));
    assert_eq!(next.wait(), Ended::Code(0));
    Good
}

fn the_last_faults_say_who_died() -> Verdict {
    let yard = small().anonymous().unwrap();
    assert_eq!(yard.last_fault(), None);
    let locks = ["thread", "process"].map(|name| {
        let scope = if name == "thread" { Scope::Thread } else { Scope::Process };
        Lock::create(&yard, name, scope).unwrap()
    });
    let ring = Ring::create(&yard, "ring", RingOptions { capacity: 1024, ..RingOptions::default() }).unwrap();
    let step = Step::of(&yard);
    let child = fork(|| {
        for lock in &locks {
            std::mem::forget(lock.acquire(Timeout::Try).unwrap());
        }
        std::mem::forget((
            ring.sender(Strategy::Adaptive).unwrap(),
            ring.receiver(Strategy::Adaptive).unwrap(),
        ));
        step.set(1);
        loop {
            sleep_ms(1000);
        }
    });
    step.wait(1);
    let pid = child.0.cast_unsigned();
    child.slay();
    let begun = std::time::SystemTime::now() - LONG;
    assert!(locks[0].acquire(LONG).unwrap().owner_died());
    let first = yard.last_fault().unwrap();
    assert_eq!((first.kind, first.pid, first.tid, first.count), (FaultKind::Owner, pid, pid, 1));
    assert_eq!(first.object, Some(("thread".to_owned(), ObjectType::Lock)));
    assert!(first.time > begun);
    yard.sweep();
    let faults = yard.faults();
    let of = |kind| faults.iter().filter(|f| f.kind == kind && f.pid == pid).count();
    assert_eq!(
        [FaultKind::Sender, FaultKind::Receiver, FaultKind::Member, FaultKind::Making].map(of),
        [1, 1, 1, 0]
    );
    let owner: Vec<_> =
        faults.iter().filter(|f| f.kind == FaultKind::Owner).map(|f| (f.number, f.tid)).collect();
    assert_eq!(owner.len(), 2, "{faults:?}");
    assert!(owner.contains(&(first.number, pid)) && owner.iter().any(|(_, tid)| *tid == 0));
    Good
}
