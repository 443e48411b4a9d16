//! Pools: what becomes of each task, whatever becomes of the workers, of who submits, and of who made the pool.
//!
//! Every scenario runs in a process of its own with one thread, and again for each way of making workers that it is for.
//! Arguments pick scenarios by a part of their name.
// The scenarios fork, kill and look into /proc by hand, and fail by panicking, as tests do. Each unsafe block is one system
// call on a process of our own, or a crime that a worker is to die of.
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../support/process.rs"]
mod process;

mod by_block;
mod callbacks;
mod hard;
mod keepers;
mod kept;
mod maps;
mod storm;
mod typed;
mod within;

use courtyard::{
    CancelToken, Cause, Deadline, ErrorKind, Exit, Fate, Future, MapOptions, Options, Pool, PoolOptions,
    ReturnWhen, StartMethod, Task, TaskOptions, TaskState, Timeout, Value, Waitable, Yard, as_completed,
    wait_any, wait_futures,
};
use process::{Ended, LONG, fork, fork_with, sleep_ms};
use std::time::{Duration, Instant};

use StartMethod::{Fork, ForkServer, Spawn, Threads};

type Scenario = (&'static str, &'static [StartMethod], fn(StartMethod));

const ALL: &[StartMethod] = &[ForkServer, Fork, Spawn, Threads];
const PROCESSES: &[StartMethod] = &[ForkServer, Fork, Spawn];
const ONE: &[StartMethod] = &[ForkServer];

const SCENARIOS: &[Scenario] = &[
    ("tasks_are_done", ALL, tasks_are_done),
    ("tasks_find_what_lies_beside_them", ALL, tasks_find_what_lies_beside_them),
    ("tasks_are_done_while_somebody_prints", ALL, tasks_are_done_while_somebody_prints),
    ("errors_and_panics_are_the_tasks_own", ALL, errors_are_the_tasks_own),
    ("a_task_that_kills_its_worker_is_lost_and_says_of_what", PROCESSES, lost_tasks_say_why),
    ("a_task_is_begun_again_within_its_budget", PROCESSES, retries),
    ("one_death_costs_one_task", PROCESSES, one_death_costs_one_task),
    ("what_waits_is_cancelled_for_certain", ALL, cancel_pending),
    ("what_runs_is_asked_to_stop", ALL, stop_running),
    ("what_runs_is_killed", PROCESSES, kill_running),
    ("threads_are_not_killed", &[Threads], threads_are_not_killed),
    ("a_task_has_its_time", ALL, time_limit),
    ("tasks_wait_for_tasks_with_one_worker", ALL, nested),
    ("a_task_that_waits_looks_at_the_time_between_others", ALL, patience),
    ("a_closed_pool_does_what_it_has", ALL, close_and_join),
    ("a_terminated_pool_ends_at_once", ALL, terminate),
    ("workers_begin_with_the_initializer", ALL, initializer),
    ("a_pool_whose_initializer_fails_says_so", ALL, bad_initializer),
    ("workers_are_replaced_after_so_many_tasks", ALL, tasks_per_worker),
    ("a_pool_is_resized", ALL, resize),
    ("anybody_submits", ONE, anybody_submits),
    ("anybody_works", ONE, anybody_works),
    ("who_submits_and_dies_leaves_nothing", ONE, a_submitter_dies),
    ("without_its_maker_nobody_waits_for_ever", ONE, the_maker_dies),
    ("a_worker_dies_after_the_maker", &[Threads], a_worker_dies_after_the_maker),
    ("the_maker_is_killed_while_it_makes", &[Threads, ForkServer], the_maker_is_killed_early),
    ("many_inputs_go_in_chunks", ALL, map),
    ("a_map_keeps_within_the_blocks", ALL, map_within_its_blocks),
    ("a_map_that_gives_up_leaves_nothing_to_do", ALL, map_that_gives_up),
    ("an_endless_iterator_is_taken_as_the_window_allows", ALL, imap_is_lazy),
    ("a_fork_child_ends_no_map_of_its_parents", ONE, map_in_a_fork_child),
    ("long_inputs_and_results_lie_in_blocks", ALL, blocks),
    ("futures_are_waited_for_together", ALL, waiting_for_many),
    ("a_promise_is_kept_or_broken", ONE, promises),
    ("bad_input_is_refused", ONE, bad_input),
    ("a_failed_create_takes_no_name", &[Fork], a_failed_create),
    ("nothing_is_left", PROCESSES, nothing_is_left),
];

fn all() -> impl Iterator<Item = &'static Scenario> {
    let more = [
        by_block::SCENARIOS,
        callbacks::SCENARIOS,
        typed::SCENARIOS,
        hard::SCENARIOS,
        kept::SCENARIOS,
        keepers::SCENARIOS,
        within::SCENARIOS,
        maps::SCENARIOS,
        storm::SCENARIOS,
    ];
    SCENARIOS.iter().chain(more.into_iter().flatten())
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    entries();
    by_block::entries();
    callbacks::entries();
    hard::entries();
    kept::entries();
    maps::entries();
    typed::entries();
    within::entries();
    storm::entries();
    courtyard::init();
    if let Some(kills) = args.strip_prefix(&["storm".to_owned()]) {
        let kills = kills.first().map_or(1000, |n| n.parse().unwrap());
        return storm::storm(ForkServer, kills);
    }
    let wanted = |name: &str| args.is_empty() || args.iter().any(|a| name.contains(a.as_str()));
    let (mut passed, mut failed) = (0, 0);
    for (name, methods, scenario) in all().filter(|s| wanted(s.0)) {
        for method in *methods {
            let end = fork(|| scenario(*method)).wait();
            let is_ok = end == Ended::Code(0);
            if is_ok {
                passed += 1
            } else {
                failed += 1
            }
            println!(
                "{name} ({method:?}) ... {}",
                if is_ok { "ok".into() } else { format!("FAILED ({end:?})") }
            );
        }
    }
    println!("{passed} passed, {failed} failed");
    std::process::exit(i32::from(failed != 0 || passed == 0));
}

// ---- what workers do ------------------------------------------------------------------------------------------------

type Work = fn(&Task<'_>, &[u8]) -> Result<Vec<u8>, String>;

fn entries() {
    let all: [(&str, Work); 18] = [
        ("is-patient", |task, _| {
            let worked = Value::<u64>::open(task.yard(), "worked").map_err(|e| e.to_string())?;
            let others: Vec<Future> = (0..3).map(|_| submit(&task.pool(), "count", b"worked")).collect();
            let last = &others[2];
            // Who only looks works at nothing, and neither does one whose wait is over.
            assert_eq!(kind(last.wait(Timeout::Try)), ErrorKind::Timeout);
            assert_eq!(kind(last.fate(Duration::ZERO)), ErrorKind::Timeout);
            assert_eq!(kind(last.wait(Timeout::Until(Deadline::after(Duration::ZERO)))), ErrorKind::Timeout);
            let none =
                wait_futures(&[last], ReturnWhen::AllCompleted, Timeout::Try).map_err(|e| e.to_string())?;
            assert_eq!(none.not_done, [0]);
            let token = CancelToken::new();
            token.cancel();
            let scope = token.scope().map_err(|e| e.to_string())?;
            assert_eq!(kind(last.wait(LONG)), ErrorKind::Cancelled);
            assert_eq!(kind(wait_futures(&[last], ReturnWhen::AllCompleted, LONG)), ErrorKind::Cancelled);
            drop(scope);
            assert_eq!(worked.get(), 0);
            last.wait(LONG).map_err(|e| e.to_string())?;
            Ok(Vec::new())
        }),
        ("count", |task, input| {
            let name = String::from_utf8_lossy(input);
            let value = Value::<u64>::open(task.yard(), &name).map_err(|e| e.to_string())?;
            Ok(value.fetch_add(1).to_ne_bytes().to_vec())
        }),
        // With one worker these are done by who waits for them.
        ("gather", |task, input| {
            let pool = task.pool();
            let parts: Vec<Future> = input.iter().map(|n| submit(&pool, "echo", &[*n])).collect();
            let list: Vec<&Future> = parts.iter().collect();
            let all = wait_futures(&list[1..], ReturnWhen::AllCompleted, LONG).map_err(|e| e.to_string())?;
            assert_eq!(all.not_done, []);
            let ended = as_completed(&parts, LONG).map(|part| part.map_or(0, |part| done(part)[0]));
            Ok(vec![ended.fold(0, u8::wrapping_add)])
        }),
        ("nap", |_, input| {
            sleep_ms(1);
            Ok(input.to_vec())
        }),
        ("echo", |_, input| Ok(input.to_vec())),
        ("length", |_, input| Ok(input.len().to_ne_bytes().to_vec())),
        ("pid", |_, _| Ok(std::process::id().to_ne_bytes().to_vec())),
        ("tid", |_, _| Ok((unsafe { libc::gettid() }).cast_unsigned().to_ne_bytes().to_vec())),
        ("fail", |_, input| Err(String::from_utf8_lossy(input).into_owned())),
        ("panic", |_, _| panic!("as it was to")),
        ("die", |task, input| {
            // Only so often as the input says.
            if task.attempt() < u32::from(input[1]) {
                die(input[0]);
            }
            Ok(vec![task.attempt() as u8])
        }),
        ("sleep", |_, input| {
            std::thread::sleep(Duration::from_millis(u64::from(input[0]) * 100));
            Ok(input.to_vec())
        }),
        ("until-asked", |task, _| {
            let end = Instant::now() + LONG;
            while !task.is_cancelled() && Instant::now() < end {
                sleep_ms(1);
            }
            Err("asked".into())
        }),
        ("wait-until-asked", |task, _| {
            // A wait ends when the task is asked.
            let (_promise, future) = task.pool().promise().map_err(|e| e.to_string())?;
            let ended = future.wait(LONG).unwrap_err();
            Err(ended.kind().name().into())
        }),
        ("fibonacci", fibonacci),
        ("size", |_, input| Ok(vec![7; usize::from_ne_bytes(input.try_into().unwrap())])),
        ("initialized", |_, _| Ok(BEGUN.load(std::sync::atomic::Ordering::SeqCst).to_ne_bytes().to_vec())),
        ("twice", |_, input| {
            let number: u64 =
                std::str::from_utf8(input).unwrap().parse().map_err(|_| "no number".to_owned())?;
            Ok((2 * number).to_string().into_bytes())
        }),
    ];
    all.into_iter().for_each(|(name, work)| courtyard::register_task(name, work).unwrap());
    courtyard::register_entry("begin", |bytes| {
        BEGUN.store(u32::from(bytes[0]), std::sync::atomic::Ordering::SeqCst);
        0
    })
    .unwrap();
    courtyard::register_entry("begin-badly", |_| 3).unwrap();
}

static BEGUN: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

fn fibonacci(task: &Task<'_>, input: &[u8]) -> Result<Vec<u8>, String> {
    let n = input[0];
    if n < 2 {
        return Ok(u32::from(n).to_ne_bytes().to_vec());
    }
    let pool = task.pool();
    let ask = |n: u8| pool.submit("fibonacci", &[n], &TaskOptions::default()).map_err(|e| e.to_string());
    let parts = [ask(n - 1)?, ask(n - 2)?];
    let mut sum = 0;
    for part in &parts {
        let number = part.result(LONG).map_err(|e| e.detail().unwrap_or_default().to_owned())?;
        sum += u32::from_ne_bytes(number.try_into().unwrap());
    }
    Ok(sum.to_ne_bytes().to_vec())
}

/// How a worker can die.
const CRIMES: [(u8, Exit); 5] = [
    (0, Exit::Signal(libc::SIGKILL)),
    (1, Exit::Code(0)),
    (2, Exit::Signal(libc::SIGABRT)),
    (3, Exit::Signal(libc::SIGSEGV)),
    (4, Exit::Code(9)),
];

fn die(crime: u8) {
    unsafe {
        let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        libc::setrlimit(libc::RLIMIT_CORE, &none);
        match crime {
            0 => drop(libc::kill(libc::getpid(), libc::SIGKILL)),
            1 => std::process::exit(0),
            2 => std::process::abort(),
            3 => {
                libc::signal(libc::SIGSEGV, libc::SIG_DFL);
                libc::raise(libc::SIGSEGV);
            }
            _ => libc::_exit(9),
        }
    }
}

// ---- helpers --------------------------------------------------------------------------------------------------------

fn kind<T>(result: courtyard::Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

fn options(method: StartMethod, workers: usize) -> PoolOptions {
    PoolOptions { method, workers, tasks: 64, block_bytes: 2 << 20, ..PoolOptions::default() }
}

fn yard() -> Yard {
    Options::new().size(8 << 20).anonymous().unwrap()
}

fn pool(method: StartMethod, workers: usize) -> (Yard, Pool) {
    let yard = yard();
    let pool = Pool::create(&yard, "pool", &options(method, workers)).unwrap();
    (yard, pool)
}

fn plain() -> TaskOptions {
    TaskOptions::default()
}

fn submit(pool: &Pool, entry: &str, input: &[u8]) -> Future {
    pool.submit(entry, input, &plain()).unwrap()
}

fn done(future: &Future) -> Vec<u8> {
    future.result(LONG).unwrap()
}

fn pid_of(future: &Future) -> u32 {
    u32::from_ne_bytes(done(future).try_into().unwrap())
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < end, "{what}: never");
        sleep_ms(1);
    }
}

/// The numbers of this process's children, zombies too.
fn children() -> Vec<u32> {
    let mut all = Vec::new();
    for thread in std::fs::read_dir("/proc/self/task").unwrap() {
        let list = std::fs::read_to_string(thread.unwrap().path().join("children")).unwrap_or_default();
        all.extend(list.split_whitespace().map(|n| n.parse::<u32>().unwrap()));
    }
    all
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

// ---- scenarios ------------------------------------------------------------------------------------------------------

fn tasks_are_done(method: StartMethod) {
    let (_yard, pool) = pool(method, 3);
    let futures: Vec<Future> = (0..50_u8).map(|n| submit(&pool, "echo", &[n, n])).collect();
    for (n, future) in (0..50_u8).zip(&futures) {
        assert_eq!(done(future), [n, n]);
        assert_eq!(future.state().unwrap(), TaskState::Done);
        assert_eq!(done(future), [n, n], "asked again");
        assert!(future.is_done() && !future.is_running() && !future.is_cancelled() && !future.cancel());
    }
    drop(futures);
    for n in 0..1000_u32 {
        assert_eq!(pool.apply("echo", &n.to_ne_bytes(), &plain()).unwrap(), n.to_ne_bytes());
    }
    let pid = pid_of(&submit(&pool, "pid", b""));
    assert_eq!(pid == std::process::id(), method == Threads);
    let progress = pool.progress();
    assert_eq!((progress.pending, progress.running, progress.done), (0, 0, 0));
}

fn tasks_find_what_lies_beside_them(method: StartMethod) {
    let (yard, pool) = pool(method, 2);
    let value = Value::<u64>::create(pool.yard(), "here").unwrap();
    let futures: Vec<Future> = (0..20).map(|_| submit(&pool, "count", b"here")).collect();
    futures.iter().for_each(|future| drop(done(future)));
    assert_eq!((value.get(), Value::<u64>::open(&yard, "here").unwrap().get()), (20, 20));
    let pid = pid_of(&submit(&pool, "pid", b""));
    until("both work", || pool.workers().len() == 2);
    let workers = pool.workers();
    assert!(workers.contains(&pid), "{pid} in {workers:?}");
    assert_eq!(workers.contains(&std::process::id()), method == Threads);
}

/// Whoever has the standard output locked, also if that is who waits for the tasks, holds up nobody who makes workers.
fn tasks_are_done_while_somebody_prints(method: StartMethod) {
    let _printing = std::io::stdout().lock();
    let (_yard, pool) = pool(method, 1);
    assert_eq!(submit(&pool, "echo", b"x").result(LONG).unwrap(), b"x");
}

fn errors_are_the_tasks_own(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    let before = pid_of(&submit(&pool, "pid", b""));
    let failed = submit(&pool, "fail", "weil es so war".as_bytes());
    let error = failed.result(LONG).unwrap_err();
    assert_eq!((error.kind(), error.detail()), (ErrorKind::Failed, Some("weil es so war")));
    assert_eq!(failed.state().unwrap(), TaskState::Failed);
    assert_eq!(failed.error(LONG).unwrap().as_deref(), Some("weil es so war"));
    assert_eq!(submit(&pool, "echo", b"x").error(LONG).unwrap(), None);
    assert_eq!(submit(&pool, "fail", &[b'x'; 5000]).fate(LONG).unwrap(), Fate::Failed("x".repeat(5000)));
    let Fate::Failed(text) = submit(&pool, "panic", b"").fate(LONG).unwrap() else { panic!() };
    assert_eq!(text, "panicked: as it was to");
    let Fate::Failed(text) = submit(&pool, "unheard-of", b"").fate(LONG).unwrap() else { panic!() };
    assert!(text.contains("unheard-of"), "{text}");
    assert_eq!(pid_of(&submit(&pool, "pid", b"")), before, "the worker goes on");
}

fn lost_tasks_say_why(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    for (crime, exit) in CRIMES {
        let future = submit(&pool, "die", &[crime, 255]);
        match future.fate(LONG).unwrap() {
            Fate::Lost { cause, pid, attempt } => {
                assert_eq!((cause, attempt), (Cause::Exit(exit), 0), "crime {crime}");
                assert!(pid != 0 && pid != std::process::id());
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(kind(future.result(LONG)), ErrorKind::Lost);
        assert_eq!(kind(future.error(LONG)), ErrorKind::Lost);
    }
    assert_eq!(pool.apply("echo", b"still", &plain()).unwrap(), b"still");
}

fn retries(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    let again = |retries| TaskOptions { retries, ..plain() };
    let future = pool.submit("die", &[0, 3], &again(3)).unwrap();
    assert_eq!(done(&future), [3], "the fourth attempt");
    let future = pool.submit("die", &[0, 255], &again(2)).unwrap();
    match future.fate(LONG).unwrap() {
        Fate::Lost { cause: Cause::Exit(Exit::Signal(libc::SIGKILL)), attempt: 2, .. } => {}
        other => panic!("{other:?}"),
    }
}

fn one_death_costs_one_task(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    let others: Vec<Future> = (0..20_u8).map(|n| submit(&pool, "sleep", &[n % 2])).collect();
    let victim = submit(&pool, "die", &[0, 255]);
    let more: Vec<Future> = (0..20_u8).map(|n| submit(&pool, "echo", &[n])).collect();
    assert_eq!(kind(victim.result(LONG)), ErrorKind::Lost);
    others.iter().chain(&more).for_each(|future| drop(done(future)));
}

fn cancel_pending(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    let first = submit(&pool, "sleep", &[3]);
    until("the first runs", || first.is_running());
    let waiting: Vec<Future> = (0..5_u8).map(|n| submit(&pool, "echo", &[n])).collect();
    assert!(waiting[2].cancel() && waiting[2].is_cancelled());
    assert!(waiting[2].cancel(), "once more");
    assert_eq!(kind(waiting[2].error(Timeout::Try)), ErrorKind::Cancelled);
    assert_eq!(kind(waiting[3].error(Timeout::Try)), ErrorKind::Timeout);
    assert_eq!(waiting[2].fate(Timeout::Try).unwrap(), Fate::Cancelled);
    assert_eq!(kind(waiting[2].result(Timeout::Try)), ErrorKind::Cancelled);
    assert!(!first.cancel(), "it runs");
    for at in [0, 1, 3, 4] {
        assert_eq!(done(&waiting[at]), [at as u8]);
    }
}

fn stop_running(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    for entry in ["until-asked", "wait-until-asked"] {
        let future = submit(&pool, entry, b"");
        until("it runs", || future.is_running());
        sleep_ms(20);
        assert!(future.stop());
        assert_eq!(future.fate(LONG).unwrap(), Fate::Cancelled, "{entry}");
        assert!(future.stop(), "it is cancelled");
        assert_eq!(pool.apply("echo", b"next", &plain()).unwrap(), b"next");
    }
    // One that does not look ends as it likes.
    let deaf = submit(&pool, "sleep", &[2]);
    until("it runs", || deaf.is_running());
    assert!(deaf.stop());
    assert_eq!(done(&deaf), [2]);
    // The next one in that place is asked nothing.
    drop(deaf);
    for _ in 0..200 {
        let next = submit(&pool, "wait-until-asked", b"");
        until("it runs", || next.is_running());
        assert!(next.stop());
        assert_eq!(next.fate(LONG).unwrap(), Fate::Cancelled);
        assert_eq!(pool.apply("echo", b"next", &plain()).unwrap(), b"next");
    }
}

fn kill_running(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    let (first, other) = (submit(&pool, "until-asked", b""), submit(&pool, "sleep", &[5]));
    until("both run", || first.is_running() && other.is_running());
    assert!(first.kill().unwrap());
    assert_eq!(first.fate(LONG).unwrap(), Fate::Cancelled);
    assert_eq!(done(&other), [5], "it has another worker");
    let waiting: Vec<Future> = (0..2).map(|_| submit(&pool, "sleep", &[5])).collect();
    let last = submit(&pool, "echo", b"x");
    assert!(last.kill().unwrap());
    assert_eq!(last.fate(LONG).unwrap(), Fate::Cancelled);
    waiting.iter().for_each(|future| drop(done(future)));
    assert!(!waiting[0].kill().unwrap(), "it is done");
}

fn threads_are_not_killed(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    let future = submit(&pool, "until-asked", b"");
    until("it runs", || future.is_running());
    assert_eq!(kind(future.kill()), ErrorKind::Unsupported);
    assert!(future.stop());
    assert_eq!(future.fate(LONG).unwrap(), Fate::Cancelled);
}

fn time_limit(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    let limit = |ms| TaskOptions { time_limit: Some(Duration::from_millis(ms)), ..plain() };
    let late = pool.submit("until-asked", b"", &limit(100)).unwrap();
    let quick = pool.submit("sleep", &[1], &limit(20_000)).unwrap();
    match late.fate(LONG).unwrap() {
        Fate::Lost { cause: Cause::TimeLimit, attempt: 0, .. } => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(done(&quick), [1]);
    assert_eq!(pool.apply("echo", b"next", &plain()).unwrap(), b"next");
}

fn nested(method: StartMethod) {
    let yard = yard();
    let pool = Pool::create(&yard, "pool", &PoolOptions { tasks: 500, ..options(method, 1) }).unwrap();
    assert_eq!(pool.apply("fibonacci", &[9], &plain()).unwrap(), 34_u32.to_ne_bytes());
    // With too few places it ends all the same.
    let small = Pool::create(&yard, "small", &PoolOptions { tasks: 20, ..options(Threads, 1) }).unwrap();
    match submit(&small, "fibonacci", &[12]).fate(LONG).unwrap() {
        Fate::Done(result) => assert_eq!(result, 144_u32.to_ne_bytes()),
        Fate::Failed(text) => assert!(text.contains("no room"), "{text}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(small.apply("fibonacci", &[4], &plain()).unwrap(), 3_u32.to_ne_bytes());
    assert_eq!(pool.apply("gather", &[1, 2, 3, 4], &plain()).unwrap(), [10]);
}

fn patience(method: StartMethod) {
    let yard = yard();
    let worked = Value::<u64>::create(&yard, "worked").unwrap();
    let pool = Pool::create(&yard, "pool", &options(method, 1)).unwrap();
    pool.apply("is-patient", b"", &plain()).unwrap();
    assert_eq!(worked.get(), 3);
}

fn close_and_join(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    assert_eq!(kind(pool.join(Timeout::Try)), ErrorKind::State, "join before close");
    let futures: Vec<Future> = (0..30_u8).map(|n| submit(&pool, "sleep", &[n % 2])).collect();
    pool.close();
    assert!(pool.is_closed());
    assert_eq!(kind(pool.submit("echo", b"", &plain())), ErrorKind::State);
    assert_eq!(kind(pool.promise()), ErrorKind::State);
    assert_eq!(kind(pool.join(Duration::from_millis(1))), ErrorKind::Timeout);
    pool.join(LONG).unwrap();
    for future in &futures {
        future.result(Timeout::Try).unwrap();
    }
    assert_eq!(pool.progress().workers, 0);
    pool.join(Timeout::Try).unwrap();
}

fn terminate(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    let running: Vec<Future> = (0..2).map(|_| submit(&pool, "until-asked", b"")).collect();
    until("both run", || running.iter().all(Future::is_running));
    let waiting = submit(&pool, "echo", b"");
    pool.terminate();
    for future in running.iter().chain([&waiting]) {
        assert_eq!(future.fate(LONG).unwrap(), Fate::Cancelled);
    }
    assert_eq!(kind(pool.submit("echo", b"", &plain())), ErrorKind::State);
    pool.join(LONG).unwrap();
}

fn initializer(method: StartMethod) {
    let yard = yard();
    let options =
        PoolOptions { initializer: Some("begin".into()), initializer_bytes: vec![17], ..options(method, 2) };
    let pool = Pool::create(&yard, "pool", &options).unwrap();
    assert_eq!(pool.apply("initialized", b"", &plain()).unwrap(), 17_u32.to_ne_bytes());
}

fn bad_initializer(method: StartMethod) {
    let yard = yard();
    let options = PoolOptions { initializer: Some("begin-badly".into()), ..options(method, 1) };
    let pool = Pool::create(&yard, "pool", &options).unwrap();
    let future = pool.submit("echo", b"", &plain());
    if let Ok(future) = future {
        match future.fate(LONG).unwrap() {
            Fate::Lost { cause: Cause::Unfit, pid: 0, attempt: 0 } => {}
            other => panic!("{other:?}"),
        }
    }
    until("it gives up", || pool.is_closed());
    let refused = pool.submit("echo", b"", &plain()).unwrap_err();
    assert!(
        refused.kind() == ErrorKind::State && refused.detail().unwrap().contains("initializer"),
        "{refused:?}"
    );
    pool.join(LONG).unwrap();
}

fn tasks_per_worker(method: StartMethod) {
    let yard = yard();
    let options = PoolOptions { tasks_per_worker: 3, ..options(method, 1) };
    let pool = Pool::create(&yard, "pool", &options).unwrap();
    let tids: Vec<u32> = (0..12).map(|_| pid_of(&submit(&pool, "tid", b""))).collect();
    for (n, three) in tids.chunks(3).enumerate() {
        assert!(three.iter().all(|tid| *tid == three[0]), "{tids:?}");
        assert!(n == 0 || tids[3 * n] != tids[3 * n - 1], "{tids:?}");
    }
}

fn resize(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    for workers in [4, 2, 7, 1] {
        pool.resize(workers).unwrap();
        assert_eq!(pool.size(), workers);
        until("there are so many", || pool.progress().workers == workers);
        assert_eq!(pool.apply("echo", b"x", &plain()).unwrap(), b"x");
    }
    assert_eq!(kind(pool.resize(0)), ErrorKind::Range);
    assert_eq!(kind(pool.resize(19)), ErrorKind::Range);
}

fn anybody_submits(method: StartMethod) {
    let (yard, pool) = pool(method, 2);
    let kids: Vec<_> = (0..4_u8)
        .map(|kid| {
            let yard = yard.clone();
            fork(move || {
                let pool = Pool::open(&yard, "pool").unwrap();
                for n in 0..100 {
                    assert_eq!(pool.apply("echo", &[kid, n], &plain()).unwrap(), [kid, n]);
                }
                assert_eq!(kind(pool.join(Timeout::Try)), ErrorKind::State);
            })
        })
        .collect();
    kids.into_iter().for_each(|kid| assert_eq!(kid.wait(), Ended::Code(0)));
    // Who looks on.
    let future = submit(&pool, "sleep", &[2]);
    let id = future.id();
    let onlooker = fork(move || {
        let pool = Pool::open(&yard, "pool").unwrap();
        assert_eq!(pool.future(id).unwrap().result(LONG).unwrap(), [2]);
        assert_eq!(kind(pool.future(id ^ 1)), ErrorKind::NotFound);
    });
    assert_eq!(onlooker.wait(), Ended::Code(0));
    assert_eq!(done(&future), [2], "the onlooker has thrown nothing away");
}

fn anybody_works(method: StartMethod) {
    let (yard, pool) = pool(method, 1);
    let busy = submit(&pool, "sleep", &[20]);
    until("it runs", || busy.is_running());
    let helper = fork(move || Pool::open(&yard, "pool").unwrap().work().unwrap());
    assert_eq!(pid_of(&submit(&pool, "pid", b"")), helper.0.cast_unsigned());
    // A stranger's end nobody knows, but he is gone.
    let victim = submit(&pool, "until-asked", b"");
    until("it runs", || victim.is_running());
    helper.slay();
    match victim.fate(LONG).unwrap() {
        Fate::Lost { cause: Cause::Exit(Exit::Unknown), .. } => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(done(&busy), [20]);
}

fn a_submitter_dies(method: StartMethod) {
    let (yard, pool) = pool(method, 1);
    let runs = Value::<u32>::create(&yard, "runs").unwrap();
    for round in 0..5 {
        let yard = yard.clone();
        let kid = fork(move || {
            let pool = Pool::open(&yard, "pool").unwrap();
            let _first = submit(&pool, "sleep", &[1]);
            let _rest: Vec<Future> =
                (0..10).map(|_| submit(&pool, "size", &3000_usize.to_ne_bytes())).collect();
            Value::<u32>::open(&yard, "runs").unwrap().fetch_add(1);
            sleep_ms(20_000);
        });
        until("all are submitted", || runs.get() == round + 1);
        kid.slay();
        until("all are done", || {
            let progress = pool.progress();
            progress.pending + progress.running == 0
        });
    }
    // The places and blocks are free again: 60 tasks were known, and 64 can be known at once, 20 of them with blocks.
    let len = |n: usize| if n < 20 { 3000_usize } else { 30 };
    let submit = |n| pool.submit_within("size", &len(n).to_ne_bytes(), &plain(), LONG).unwrap();
    let all: Vec<Future> = (0..64).map(submit).collect();
    (0..).zip(&all).for_each(|(n, future)| assert_eq!(done(future).len(), len(n)));
}

fn the_maker_dies(method: StartMethod) {
    let yard = yard();
    let ready = Value::<u32>::create(&yard, "ready").unwrap();
    let maker = {
        let yard = yard.clone();
        fork(move || {
            let _pool = Pool::create(&yard, "pool", &options(method, 1)).unwrap();
            Value::<u32>::open(&yard, "ready").unwrap().set(1);
            sleep_ms(30_000);
        })
    };
    until("it is made", || ready.get() == 1);
    let pool = Pool::open(&yard, "pool").unwrap();
    let running = submit(&pool, "until-asked", b"");
    until("it runs", || running.is_running());
    let waiting = submit(&pool, "echo", b"");
    maker.slay();
    for (future, what) in [(&running, "running"), (&waiting, "waiting")] {
        match future.fate(LONG).unwrap() {
            Fate::Lost { cause: Cause::Exit(Exit::Unknown) | Cause::NoWorkers, .. } => {}
            other => panic!("{what}: {other:?}"),
        }
    }
    assert_eq!(kind(pool.submit("echo", b"", &plain())), ErrorKind::State);
    pool.join(LONG).unwrap();
}

/// Nobody is left who could know how it ended.
fn a_worker_dies_after_the_maker(method: StartMethod) {
    let yard = yard();
    let open = || loop {
        match Pool::open(&yard, "pool") {
            Ok(pool) => return pool,
            Err(e) => assert_eq!(e.kind(), ErrorKind::NotFound),
        }
    };
    let maker = fork(|| {
        let _pool = Pool::create(&yard, "pool", &options(method, 1)).unwrap();
        sleep_ms(30_000);
    });
    let pool = open();
    let theirs = submit(&pool, "until-asked", b"");
    until("the maker works", || theirs.is_running());
    let worker = fork(|| open().work().unwrap());
    let its = submit(&pool, "until-asked", b"");
    until("the other works", || its.is_running());
    maker.slay();
    assert!(matches!(theirs.fate(LONG).unwrap(), Fate::Lost { .. }));
    assert!(its.is_running());
    worker.slay();
    match its.fate(LONG).unwrap() {
        Fate::Lost { cause: Cause::Exit(Exit::Unknown), .. } => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(pool.workers(), []);
}

/// There is a pool that is shut, or none, and then the same can be made.
fn the_maker_is_killed_early(method: StartMethod) {
    let yard = Options::new().size(8 << 20).objects(512).anonymous().unwrap();
    let small = |method| PoolOptions { tasks: 8, block_bytes: 1 << 14, ..options(method, 1) };
    let (mut made, mut missing) = (0, 0);
    for n in 0..100_u64 {
        let name = format!("pool-{n}");
        let maker = fork(|| {
            let _pool = Pool::create(&yard, &name, &small(method)).unwrap();
            sleep_ms(30_000);
        });
        let end = Instant::now() + Duration::from_micros(500 + 40 * n);
        while Instant::now() < end {
            std::hint::spin_loop();
        }
        maker.slay();
        match Pool::open(&yard, &name) {
            Ok(pool) => {
                made += 1;
                match pool.submit_within("echo", b"", &plain(), LONG).and_then(|it| it.fate(LONG)) {
                    Ok(Fate::Lost { .. }) => {}
                    Err(e) if e.kind() == ErrorKind::State => {}
                    other => panic!("{name}: {other:?}"),
                }
                pool.join(LONG).unwrap();
            }
            Err(e) => {
                missing += 1;
                assert_eq!(e.kind(), ErrorKind::NotFound);
                let pool = Pool::create(&yard, &name, &small(Threads)).unwrap();
                assert_eq!(pool.apply("echo", &[b'x'; 500], &plain()).unwrap(), [b'x'; 500]);
            }
        }
    }
    println!("{made} were made, {missing} were not");
}

fn map(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    let inputs: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    let expected: Vec<Vec<u8>> = (0..1000).map(|n| (2 * n).to_string().into_bytes()).collect();
    for chunk in [0, 1, 7, 5000] {
        let options = MapOptions { chunk, ..MapOptions::default() };
        assert_eq!(pool.map("twice", &inputs, &options, LONG).unwrap(), expected, "chunks of {chunk}");
    }
    assert!(pool.map("twice", &[] as &[&str], &MapOptions::default(), LONG).unwrap().is_empty());
    assert_eq!(kind(pool.map("twice", &["1", "x", "3"], &MapOptions::default(), LONG)), ErrorKind::Failed);
    let each: Vec<_> = pool.imap("twice", ["1", "x", "3"], &MapOptions::default()).unwrap().collect();
    assert_eq!(each[0].as_ref().unwrap(), b"2");
    assert_eq!(each[1].as_ref().unwrap_err().detail(), Some("no number"));
    assert_eq!(each[2].as_ref().unwrap(), b"6");
    let mut any: Vec<(usize, Vec<u8>)> = pool
        .imap_unordered("twice", inputs.iter(), &MapOptions { chunk: 3, ..MapOptions::default() })
        .unwrap()
        .map(|(at, result)| (at, result.unwrap()))
        .collect();
    any.sort();
    assert_eq!(any, expected.into_iter().enumerate().collect::<Vec<_>>());
}

/// Nobody has said how long the chunks are to be: so they fit.
fn map_within_its_blocks(method: StartMethod) {
    let yard = yard();
    let inputs: Vec<[u8; 8]> = (0..20_000_u64).map(u64::to_ne_bytes).collect();
    for (name, block_bytes) in [("small", 1 << 18), ("none", 0)] {
        let pool = Pool::create(&yard, name, &PoolOptions { block_bytes, ..options(method, 2) }).unwrap();
        let inputs = if block_bytes == 0 { &inputs[..500] } else { &inputs };
        let results = pool.map("echo", inputs, &MapOptions::default(), LONG).unwrap();
        assert!(results.iter().zip(inputs).all(|(result, input)| result == input), "{name}");
        assert_eq!(results.len(), inputs.len());
    }
}

/// What a map that has given up has submitted never begins.
fn map_that_gives_up(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    let busy = submit(&pool, "sleep", &[3]);
    until("it runs", || busy.is_running());
    let options = MapOptions { chunk: 1, ..MapOptions::default() };
    let given_up = pool.map("echo", &["a", "b", "c"], &options, Duration::from_millis(20));
    assert_eq!(kind(given_up), ErrorKind::Timeout);
    assert!(busy.is_running());
    assert_eq!(pool.progress().pending, 0);
    done(&busy);
}

fn map_in_a_fork_child(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    let options = MapOptions { window: 4, ..MapOptions::default() };
    let mut results = Some(pool.imap("sleep", [[1], [1], [1], [1]], &options).unwrap());
    assert_eq!(results.as_mut().unwrap().next(), Some(Ok(vec![1])));
    assert_eq!(fork(|| drop(results.take())).wait(), Ended::Code(0));
    assert_eq!(results.unwrap().collect::<Vec<_>>(), vec![Ok(vec![1]); 3]);
}

fn imap_is_lazy(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    let taken = std::cell::Cell::new(0_u64);
    let endless = (0_u64..).inspect(|_| taken.set(taken.get() + 1)).map(|n| n.to_string());
    let mut results =
        pool.imap("twice", endless, &MapOptions { window: 5, ..MapOptions::default() }).unwrap();
    assert_eq!(taken.get(), 0);
    for n in 0..100_u64 {
        assert_eq!(results.next().unwrap().unwrap(), (2 * n).to_string().into_bytes());
        assert!(taken.get() <= n + 7, "{} taken", taken.get());
    }
}

/// A fork beside another thread is refused; what it would have made is made when that has ended.
fn a_failed_create(method: StartMethod) {
    let yard = yard();
    let (end, ends) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || ends.recv().unwrap_err());
    let before = descriptors();
    for _ in 0..3 {
        assert_eq!(kind(Pool::create(&yard, "pool", &options(method, 2))), ErrorKind::State);
        assert_eq!(kind(Pool::open(&yard, "pool")), ErrorKind::NotFound);
    }
    assert_eq!(descriptors(), before);
    drop(end);
    thread.join().unwrap();
    let pool = Pool::create(&yard, "pool", &options(method, 2)).unwrap();
    assert_eq!(pool.apply("echo", b"x", &plain()).unwrap(), b"x");
}

fn blocks(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    for len in [0, 1, 112, 113, 4096, 100_000] {
        let input: Vec<u8> = (0..len).map(|n| n as u8).collect();
        assert_eq!(pool.apply("echo", &input, &plain()).unwrap(), input);
    }
    assert_eq!(kind(pool.submit("echo", &vec![0; 64 << 20], &plain())), ErrorKind::TooLong);
    let Fate::Failed(text) = submit(&pool, "size", &(64_usize << 20).to_ne_bytes()).fate(LONG).unwrap()
    else {
        panic!()
    };
    assert!(text.contains("the result"), "{text}");
    for _ in 0..200 {
        assert_eq!(pool.apply("size", &100_000_usize.to_ne_bytes(), &plain()).unwrap().len(), 100_000);
    }
}

fn waiting_for_many(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    let futures: Vec<Future> = [5, 0, 3].iter().map(|n| submit(&pool, "sleep", &[*n])).collect();
    let first = wait_any(&futures.iter().map(|f| f as &dyn Waitable).collect::<Vec<_>>(), LONG).unwrap();
    assert!(futures[first].is_done());
    let order: Vec<Vec<u8>> = as_completed(&futures, LONG).map(|f| done(f.unwrap())).collect();
    assert_eq!(order.len(), 3);
    let many: Vec<Future> = (0..40_u8).map(|n| submit(&pool, "echo", &[n])).collect();
    let mut seen: Vec<u8> = as_completed(&many, LONG).map(|f| done(f.unwrap())[0]).collect();
    seen.sort();
    assert_eq!(seen, (0..40).collect::<Vec<u8>>());
    together(&pool);
    let slow = [submit(&pool, "sleep", &[10])];
    let late: Vec<_> = as_completed(&slow, Duration::from_millis(10)).collect();
    assert_eq!(late.len(), 1);
    assert_eq!(late[0].as_ref().unwrap_err().kind(), ErrorKind::Timeout);
}

/// Until the first, the first error, all.
fn together(pool: &Pool) {
    let busy = submit(pool, "until-asked", b"");
    let (fine, bad) = (submit(pool, "echo", b"x"), submit(pool, "fail", b"x"));
    let all = [&busy, &fine, &bad];
    let first = wait_futures(&all, ReturnWhen::FirstCompleted, LONG).unwrap();
    assert!(!first.done.is_empty() && first.not_done.contains(&0), "{first:?}");
    let error = wait_futures(&all, ReturnWhen::FirstError, LONG).unwrap();
    assert!(error.done.contains(&2) && error.not_done.contains(&0), "{error:?}");
    for timeout in [Timeout::Try, Duration::from_millis(5).into()] {
        let late = wait_futures(&all, ReturnWhen::AllCompleted, timeout).unwrap();
        assert_eq!((late.done, late.not_done), (vec![1, 2], vec![0]));
    }
    assert!(busy.stop());
    let over = wait_futures(&all, ReturnWhen::AllCompleted, LONG).unwrap();
    assert_eq!((over.done, over.not_done), (vec![0, 1, 2], vec![]));
    let cancelled = wait_futures(&[&busy, &fine], ReturnWhen::FirstError, Timeout::Forever).unwrap();
    assert_eq!(cancelled.done, [0, 1], "neither is an error");
    assert_eq!(wait_futures(&[], ReturnWhen::FirstCompleted, Timeout::Forever).unwrap().done, []);
    let twice = wait_futures(&[&busy, &busy], ReturnWhen::AllCompleted, Timeout::Try).unwrap();
    assert_eq!(twice.done, [0, 1]);
}

fn promises(method: StartMethod) {
    let (yard, pool) = pool(method, 1);
    let (promise, future) = pool.promise().unwrap();
    assert_eq!(kind(future.result(Timeout::Try)), ErrorKind::Timeout);
    promise.set_result(b"kept").unwrap();
    assert_eq!(done(&future), b"kept");
    let (promise, future) = pool.promise().unwrap();
    promise.set_error("not to be had").unwrap();
    assert_eq!(future.fate(LONG).unwrap(), Fate::Failed("not to be had".into()));
    let (promise, future) = pool.promise().unwrap();
    drop(promise);
    assert_eq!(kind(future.result(LONG)), ErrorKind::Lost);
    let (promise, future) = pool.promise().unwrap();
    assert!(!promise.is_cancelled());
    assert!(future.stop());
    assert!(promise.is_cancelled());
    promise.set_error("stopped").unwrap();
    assert_eq!(future.fate(LONG).unwrap(), Fate::Cancelled);
    // Who has promised dies.
    let told = Value::<u64>::create(&yard, "told").unwrap();
    let kid = fork(move || {
        let pool = Pool::open(&yard, "pool").unwrap();
        let (promise, _future) = pool.promise().unwrap();
        Value::<u64>::open(&yard, "told").unwrap().set(promise.id());
        sleep_ms(20_000);
    });
    until("it is promised", || told.get() != 0);
    let future = pool.future(told.get()).unwrap();
    kid.slay();
    let ended = future.fate(LONG);
    // Nobody wants it any more: the onlooker sees it lost, or gone.
    assert!(matches!(&ended, Ok(Fate::Lost { .. })) || kind(ended) == ErrorKind::NotFound);
}

fn bad_input(method: StartMethod) {
    let yard = yard();
    let create = |options: PoolOptions| kind(Pool::create(&yard, "pool", &options));
    assert_eq!(create(PoolOptions { tasks: 0, ..options(method, 1) }), ErrorKind::Range);
    assert_eq!(create(PoolOptions { most_workers: 5000, ..options(method, 1) }), ErrorKind::Range);
    assert_eq!(create(PoolOptions { most_workers: 3, ..options(method, 4) }), ErrorKind::Range);
    assert_eq!(
        create(PoolOptions { initializer: Some("none".into()), ..options(method, 1) }),
        ErrorKind::NotFound
    );
    let small = Options::new().slots(8).size(4 << 20).anonymous().unwrap();
    assert_eq!(kind(Pool::create(&small, "pool", &options(method, 8))), ErrorKind::NoSlots);
    let few = Pool::create(&small, "pool", &options(method, 2)).unwrap();
    assert_eq!((kind(few.resize(8)), few.size()), (ErrorKind::NoSlots, 2));
    assert_eq!(kind(Pool::open(&yard, "other")), ErrorKind::NotFound);
    assert_eq!(kind(Pool::create(&yard, "no name", &options(method, 1))), ErrorKind::Name);
    let pool = Pool::create(&yard, "good", &options(method, 1)).unwrap();
    assert_eq!(kind(Pool::create(&yard, "good", &options(method, 1))), ErrorKind::Exists);
    assert_eq!(kind(pool.submit("*echo", b"", &plain())), ErrorKind::Name);
    assert_eq!(kind(pool.submit("", b"", &plain())), ErrorKind::Name);
    assert_eq!(kind(pool.imap("a b", ["x"], &MapOptions::default())), ErrorKind::Name);
    // Full: 64 tasks are known.
    let kept: Vec<Future> = (0..64_u8).map(|n| submit(&pool, "echo", &[n])).collect();
    assert_eq!(kind(pool.submit_within("echo", b"", &plain(), Timeout::Try)), ErrorKind::Full);
    assert_eq!(kind(pool.submit_within("echo", b"", &plain(), Duration::from_millis(5))), ErrorKind::Full);
    drop(kept);
    pool.submit_within("echo", b"", &plain(), LONG).unwrap().result(LONG).unwrap();
    assert_eq!(kind(courtyard::register_task("echo", |_, _: &[u8]| Ok::<_, String>("x"))), ErrorKind::Exists);
}

fn nobody_is_left() {
    until("no child is left", || {
        courtyard::active_children(); // reaps the server
        children().is_empty()
    });
}

fn nothing_is_left(method: StartMethod) {
    {
        let (_yard, pool) = pool(method, 2);
        assert_eq!(pool.apply("echo", b"x", &plain()).unwrap(), b"x");
    }
    nobody_is_left();
    let before = descriptors();
    for _ in 0..3 {
        let (_yard, pool) = pool(method, 3);
        for n in 0..20_u8 {
            let _ = submit(&pool, "die", &[0, 255 * (n % 2)]).fate(LONG).unwrap();
        }
    }
    nobody_is_left();
    assert_eq!(descriptors(), before);
    let _ = fork_with(|| 0).wait();
}
