//! Workers that do what workers should not, numbers of workers, and processes that may have little.

use crate::process::{Ended, LONG, fork, sleep_ms};
use crate::{done, kind, nobody_is_left, options, plain, pool, submit, until};
use courtyard::{
    Cause, ErrorKind, Exit, Fate, Options, Pool, PoolOptions, StartMethod, Task, TaskOptions, Yard,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use StartMethod::{Fork, ForkServer, Spawn};

const PROCESSES: &[StartMethod] = &[ForkServer, Fork, Spawn];

pub(crate) const SCENARIOS: &[crate::Scenario] = &[
    ("one_worker_or_many", crate::ALL, one_or_many),
    ("as_many_workers_as_cpus", crate::ALL, as_many_as_cpus),
    ("as_many_workers_as_the_cgroup_allows", &[ForkServer], as_many_as_the_cgroup_allows),
    ("a_pool_that_is_idle_takes_no_time", crate::ALL, idle),
    ("a_worker_overflows_its_stack", PROCESSES, overflow),
    ("a_worker_is_deaf_to_sigterm", PROCESSES, deaf),
    ("a_task_forks", PROCESSES, forks),
    ("a_task_becomes_a_daemon", PROCESSES, daemon),
    ("a_task_closes_and_prints", PROCESSES, closes_and_prints),
    ("few_descriptors", PROCESSES, few_descriptors),
    ("few_processes", PROCESSES, few_processes),
];

pub(crate) fn entries() {
    type Work = fn(&Task<'_>, &[u8]) -> Result<Vec<u8>, String>;
    let all: [(&str, Work); 5] = [
        ("overflow", |_, _| {
            no_core();
            Ok(vec![deeper(1)])
        }),
        ("deaf", |_, _| {
            unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
            std::thread::sleep(LONG);
            Ok(b"heard nothing".to_vec())
        }),
        // Child and parent both go on.
        ("fork", |_, _| match unsafe { libc::fork() } {
            0 => Ok(b"child".to_vec()),
            child => {
                // Not before the child has ended: if it were a worker, its word would come first.
                let mut status = 0;
                unsafe { libc::waitpid(child, &mut status, 0) };
                Ok(format!("parent of {}", libc::WEXITSTATUS(status)).into_bytes())
            }
        }),
        ("daemon", |_, _| {
            if unsafe { libc::daemon(1, 1) } != 0 {
                return Err("no daemon".into());
            }
            Ok(std::process::id().to_ne_bytes().to_vec())
        }),
        ("close", |_, _| {
            for fd in 0..3 {
                unsafe { libc::close(fd) };
            }
            println!("to nobody");
            eprintln!("to nobody");
            Ok(b"closed".to_vec())
        }),
    ];
    all.into_iter().for_each(|(name, work)| courtyard::register_task(name, work).unwrap());
}

fn no_core() {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) };
}

#[allow(unconditional_recursion)] // that is the crime
fn deeper(n: u8) -> u8 {
    let frame = std::hint::black_box([n; 4096]);
    deeper(frame[usize::from(n)].wrapping_add(1)).wrapping_add(frame[0])
}

/// The pool still does what it is told, and nothing of it is left.
fn goes_on(pool: &Pool) {
    for n in 0..8_u8 {
        assert_eq!(pool.apply("echo", &[n], &plain()).unwrap(), [n]);
    }
}

fn one_or_many(method: StartMethod) {
    for workers in [1, 2, 8, 64] {
        let yard = Options::new().size(8 << 20).slots(256).anonymous().unwrap();
        let pool = Pool::create(&yard, "pool", &options(method, workers)).unwrap();
        until("all workers are there", || pool.progress().workers == workers);
        for _ in 0..2 {
            let futures: Vec<_> = (0..64_u8).map(|n| submit(&pool, "echo", &[n])).collect();
            (0..64_u8).zip(&futures).for_each(|(n, future)| assert_eq!(done(future), [n]));
        }
        pool.close();
        pool.join(LONG).unwrap();
    }
    nobody_is_left();
}

/// Nobody says how many there are to be.
fn as_many_as_cpus(method: StartMethod) {
    for cpus in [1, 2] {
        let child = fork(move || {
            let allowed = allow_cpus(cpus);
            // The cgroup may allow less.
            let expected = std::thread::available_parallelism().unwrap().get();
            assert!((1..=allowed).contains(&expected));
            // A yard that has no more slots than that has a smaller pool.
            let narrow = Options::new().size(8 << 20).slots(expected.max(2) as u32).anonymous().unwrap();
            assert_eq!(Pool::create(&narrow, "pool", &options(method, 0)).unwrap().size(), 1);
            let yard = Options::new().size(8 << 20).anonymous().unwrap();
            let pool = Pool::create(&yard, "pool", &options(method, 0)).unwrap();
            assert_eq!(pool.size(), expected);
            until("all workers are there", || pool.progress().workers == expected);
            goes_on(&pool);
        });
        assert_eq!(child.wait(), Ended::Code(0), "{cpus} CPUs");
    }
}

/// Of a control group that may use one CPU, if such a one can be made here.
fn as_many_as_the_cgroup_allows(method: StartMethod) {
    let Some(group) = group_of_one_cpu() else {
        println!("no control group can be made here: what its quota does to a pool was not tried");
        return;
    };
    let child = fork(|| {
        fs::write(group.join("cgroup.procs"), std::process::id().to_string()).unwrap();
        let yard = Options::new().size(8 << 20).anonymous().unwrap();
        let pool = Pool::create(&yard, "pool", &options(method, 0)).unwrap();
        assert_eq!(pool.size(), 1);
        goes_on(&pool);
    });
    let ended = child.wait();
    until("the end of all who were in the group", || fs::remove_dir(&group).is_ok());
    assert_eq!(ended, Ended::Code(0));
}

/// With either version of cgroups(7).
fn group_of_one_cpu() -> Option<PathBuf> {
    let ways = [("", "cpu.max", "100000 100000"), ("cpu", "cpu.cfs_quota_us", "100000")];
    ways.iter().find_map(|(controller, file, quota)| {
        let name = format!("courtyard-{}", std::process::id());
        let group = Path::new("/sys/fs/cgroup").join(controller).join(name);
        fs::create_dir(&group).ok()?;
        let is_one = group.join("cgroup.procs").exists() && fs::write(group.join(file), quota).is_ok();
        if !is_one {
            let _ = fs::remove_dir(&group);
        }
        is_one.then_some(group)
    })
}

/// Keeps this thread, and those that it makes, to so many CPUs, if it has as many; tells to how many.
fn allow_cpus(count: usize) -> usize {
    let size = size_of::<libc::cpu_set_t>();
    unsafe {
        let (mut all, mut some): (libc::cpu_set_t, libc::cpu_set_t) = std::mem::zeroed();
        assert_eq!(libc::sched_getaffinity(0, size, &mut all), 0);
        let here = (0..libc::CPU_SETSIZE as usize).filter(|cpu| libc::CPU_ISSET(*cpu, &all));
        here.take(count).for_each(|cpu| libc::CPU_SET(cpu, &mut some));
        assert_eq!(libc::sched_setaffinity(0, size, &some), 0);
        libc::CPU_COUNT(&some) as usize
    }
}

/// How long this process, and the children of it that have ended, have had a CPU.
fn cpu_time() -> Duration {
    let of = |who| {
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        assert_eq!(unsafe { libc::getrusage(who, &mut usage) }, 0);
        let span = |time: libc::timeval| {
            Duration::new(time.tv_sec as u64, 1000 * time.tv_usec as u32) // as they are: not negative
        };
        span(usage.ru_utime) + span(usage.ru_stime)
    };
    of(libc::RUSAGE_SELF) + of(libc::RUSAGE_CHILDREN)
}

/// How long a process has had a CPU.
fn cpu_time_of(pid: u32) -> Duration {
    let (mut clock, mut time) = (0, libc::timespec { tv_sec: 0, tv_nsec: 0 });
    assert_eq!(unsafe { libc::clock_getcpuclockid(pid.cast_signed(), &mut clock) }, 0);
    assert_eq!(unsafe { libc::clock_gettime(clock, &mut time) }, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32) // as they are: not negative
}

/// Its maker and its workers sleep: of one second they have less than a fiftieth, however many places there are to look after.
/// Where others keep the CPUs busy each look takes longer: so of three seconds the best one counts.
fn idle(method: StartMethod) {
    let yard = Options::new().size(16 << 20).anonymous().unwrap();
    let large = PoolOptions { tasks: 1024, ..options(method, 4) };
    let pool = Pool::create(&yard, "pool", &large).unwrap();
    until("all workers are there", || pool.progress().workers == 4);
    goes_on(&pool);
    sleep_ms(300); // whoever still looks for more work has found none
    let others: Vec<u32> = pool.workers().into_iter().filter(|pid| *pid != std::process::id()).collect();
    assert_eq!(others.len(), if method == StartMethod::Threads { 0 } else { 4 });
    let times = || (cpu_time(), others.iter().map(|pid| cpu_time_of(*pid)).sum::<Duration>());
    let is_idle = (0..3).any(|_| {
        let before = times();
        sleep_ms(1000);
        let after = times();
        let (ours, theirs) = (after.0 - before.0, after.1 - before.1);
        println!("idle for a second: {ours:?} of the maker, {theirs:?} of the workers");
        ours.max(theirs) < Duration::from_millis(20)
    });
    assert!(is_idle, "a fiftieth of a CPU, three times running");
}

fn overflow(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    let Fate::Lost { cause: Cause::Exit(Exit::Signal(signal)), .. } =
        submit(&pool, "overflow", b"").fate(LONG).unwrap()
    else {
        panic!()
    };
    // std's handler says what it was, and aborts; without it the kernel's signal is the end.
    assert!([libc::SIGABRT, libc::SIGSEGV].contains(&signal), "signal {signal}");
    goes_on(&pool);
}

fn deaf(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    let begin = Instant::now();
    let limit = TaskOptions { time_limit: Some(Duration::from_millis(50)), ..plain() };
    match pool.submit("deaf", b"", &limit).unwrap().fate(LONG).unwrap() {
        Fate::Lost { cause: Cause::TimeLimit, .. } => {}
        other => panic!("{other:?}"),
    }
    goes_on(&pool);
    let future = submit(&pool, "deaf", b"");
    until("it runs", || future.is_running());
    sleep_ms(10);
    assert!(future.kill().unwrap());
    assert_eq!(future.fate(LONG).unwrap(), Fate::Cancelled);
    goes_on(&pool);
    let future = submit(&pool, "deaf", b"");
    until("it runs", || future.is_running());
    pool.terminate();
    pool.join(LONG).unwrap();
    assert_eq!(future.fate(LONG).unwrap(), Fate::Cancelled);
    assert!(begin.elapsed() < LONG, "somebody waited for the deaf one");
}

fn forks(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    for _ in 0..5 {
        assert_eq!(pool.apply("fork", b"", &plain()).unwrap(), b"parent of 0");
        goes_on(&pool);
        assert_eq!(pool.progress().workers, 1, "the child is none");
    }
}

fn daemon(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    for _ in 0..3 {
        // The worker has ended, as who becomes a daemon does; the daemon is its child, and no worker.
        match submit(&pool, "daemon", b"").fate(LONG).unwrap() {
            Fate::Lost { cause, .. } => assert_eq!(cause, Cause::Exit(Exit::Code(0))),
            other => panic!("{other:?}"),
        }
        goes_on(&pool);
    }
}

fn closes_and_prints(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    let worker = crate::pid_of(&submit(&pool, "pid", b""));
    // What it prints goes nowhere, and neither the task nor its worker takes harm.
    for _ in 0..2 {
        assert_eq!(done(&submit(&pool, "close", b"")), b"closed");
    }
    assert_eq!(crate::pid_of(&submit(&pool, "pid", b"")), worker);
    goes_on(&pool);
}

/// Sets a limit of this process and its children.
fn limit(which: libc::__rlimit_resource_t, most: u64) {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    assert_eq!(unsafe { libc::setrlimit(which, &limit) }, 0);
}

/// With too little, making a pool is refused, or its task is done, or the pool gives up and says so: nobody waits for ever.
/// Tells whether it was done.
fn makes_do(yard: &Yard, method: StartMethod, workers: usize, name: &str) -> bool {
    let made = Pool::create(yard, name, &PoolOptions { tasks: 64, ..options(method, workers) });
    let pool = match made {
        Ok(pool) => pool,
        Err(e) => {
            assert!([ErrorKind::NoMemory, ErrorKind::Os].contains(&e.kind()), "{e:?}");
            assert_eq!(kind(Pool::open(yard, name)), ErrorKind::NotFound, "there is half a pool");
            return false;
        }
    };
    let ended = pool.submit("echo", b"still", &plain()).and_then(|task| task.fate(LONG));
    let is_done = match ended {
        Ok(Fate::Done(result)) => result == b"still",
        Ok(Fate::Lost { cause: Cause::Unfit, pid: 0, attempt: 0 }) => {
            until("it is closed", || pool.is_closed());
            false
        }
        // It has given up before it was asked.
        Err(e) if e.kind() == ErrorKind::State => false,
        other => panic!("{other:?}"),
    };
    pool.terminate();
    pool.join(LONG).unwrap();
    is_done
}

fn few_descriptors(method: StartMethod) {
    for most in [0, 4, 16, 64, 512] {
        let child = fork(move || {
            let yard = Options::new().size(8 << 20).slots(64).anonymous().unwrap();
            limit(libc::RLIMIT_NOFILE, crate::descriptors() as u64 + most);
            let done = makes_do(&yard, method, 4, "pool");
            assert!(done || most < 512, "with {most} descriptors more nothing is done");
            assert!(!done || most > 0, "it is done without a descriptor");
        });
        assert_eq!(child.wait(), Ended::Code(0), "{most} descriptors more");
    }
}

fn few_processes(method: StartMethod) {
    // As somebody of whom there is nobody else; only root may become that.
    let child = fork(move || {
        let yard = Options::new().size(32 << 20).slots(64).anonymous().unwrap();
        if unsafe { libc::setuid(54_321) } != 0 {
            let promised = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!promised, "it takes root to be somebody else");
            return println!("few_processes: SKIPPED, it takes root to be somebody else");
        }
        // prctl: /proc of a process that has changed its user is root's otherwise.
        unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 1) };
        for (n, most) in [1, 2, 3, 40].into_iter().enumerate() {
            limit_soft(libc::RLIMIT_NPROC, most);
            let done = makes_do(&yard, method, 4, &format!("pool{n}"));
            assert!(done || most < 40, "not even with 40 processes");
            assert!(!done || most > 1, "somebody has done it alone");
        }
    });
    assert_eq!(child.wait(), Ended::Code(0));
}

/// The same, to be raised again.
fn limit_soft(which: libc::__rlimit_resource_t, most: u64) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    assert_eq!(unsafe { libc::getrlimit(which, &mut limit) }, 0);
    limit.rlim_cur = most.min(limit.rlim_max);
    assert_eq!(unsafe { libc::setrlimit(which, &limit) }, 0);
}
