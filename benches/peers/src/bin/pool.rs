//! A pool beside its rivals: tasks that do nothing, one after the other, and many at once.
//!
//! The baseline of each table is what its aim speaks of; a ratio below 1 means less time. All rows of a table take turns, round by
//! round. Every pool has one worker, and who submits is on the other CPU: rayon's scope runs in a worker itself, so it has
//! two. CPython's program is run anew each round, on both CPUs; it takes its time when its worker is there.

#[path = "../../../support/mod.rs"]
mod support;

use courtyard::{
    Future, Options, Pool, PoolOptions, Process, Queue, QueueOptions, StartMethod, TaskOptions, Timeout, Yard,
};
use std::hint::black_box;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::{Timed, compare_timed, describe, is_trial, pin, rounds, scale};

const FOREVER: Timeout = Timeout::Forever;
/// So many tasks are known at a time where many are submitted at once.
const BATCH: u64 = 256;

fn pool(yard: &Yard, name: &str, method: StartMethod) -> Pool {
    let initializer = Some("pin".to_owned());
    let tasks = 2 * BATCH as usize;
    let options = PoolOptions { workers: 1, method, tasks, initializer, ..PoolOptions::default() };
    let pool = Pool::create(yard, name, &options).expect("a pool");
    apply(&pool, 1);
    pool
}

fn apply(pool: &Pool, n: u64) {
    (0..n).for_each(|_| drop(pool.apply("nothing", b"", &TaskOptions::default()).expect("done")));
}

/// Submits many, then waits for each.
fn submit(pool: &Pool, n: u64) {
    let mut futures: Vec<Future> = Vec::new();
    for _ in 0..n.div_ceil(BATCH) {
        let one = |_| pool.submit("nothing", b"", &TaskOptions::default()).expect("a place");
        futures.extend((0..BATCH).map(one));
        futures.drain(..).for_each(|future| future.wait(FOREVER).expect("done"));
    }
}

fn scope_spawn(pool: &rayon::ThreadPool, n: u64) {
    static DONE: AtomicU64 = AtomicU64::new(0);
    for _ in 0..n.div_ceil(BATCH) {
        pool.scope(|scope| {
            // Something that it cannot leave out.
            (0..BATCH).for_each(|_| {
                scope.spawn(|_| {
                    DONE.fetch_add(1, Ordering::Relaxed);
                });
            });
        });
    }
}

/// Sends back whatever comes, until it is shut down.
fn echo(there: &Queue, back: &Queue) -> i32 {
    pin(1);
    let mut message = [0; 8];
    while there.get(&mut message, FOREVER).is_ok() {
        back.put(&message, FOREVER).expect("room");
    }
    0
}

fn round_trips(there: &Queue, back: &Queue, n: u64) {
    let mut message = [0; 8];
    for _ in 0..n {
        there.put(&message, FOREVER).expect("room");
        back.get(&mut message, FOREVER).expect("a message");
    }
}

/// What 1000 of them take.
fn timed(n: u64, work: impl FnOnce(u64)) -> Duration {
    let begin = Instant::now();
    work(n);
    begin.elapsed() * 1000 / n as u32
}

/// What 1000 tasks take in CPython's pool, if there is a Python.
fn cpython(n: u64) -> Option<impl FnMut() -> Duration> {
    let mut command = Command::new("taskset");
    let all: Vec<String> = support::cpus(support::cpu_count()).iter().map(usize::to_string).collect();
    command.args(["-c", &all.join(","), "python3"]);
    command.args([concat!(env!("CARGO_MANIFEST_DIR"), "/mp_pool.py"), &n.to_string(), "total"]);
    if !command.output().is_ok_and(|output| output.status.success()) {
        println!("# no Python: its pool is SKIPPED");
        return None;
    }
    Some(move || {
        let output = command.output().expect("it runs");
        let nanos: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("nanoseconds");
        Duration::from_nanos(nanos * 1000 / n)
    })
}

fn main() {
    courtyard::register_task("nothing", |_, _: &[u8]| Ok::<_, String>(Vec::new())).expect("a name");
    courtyard::register_entry("pin", |_| {
        pin(1);
        0
    })
    .expect("a name");
    courtyard::init();
    let yard = Options::new().size(16 << 20).anonymous().expect("a yard");
    let queue = |name| {
        Queue::create(&yard, name, QueueOptions { capacity: 64, ..QueueOptions::default() }).expect("a queue")
    };
    let (there, back) = (queue("there"), queue("back"));
    let child = Process::fork(|| echo(&there, &back)).expect("a child");
    let (processes, threads) =
        (pool(&yard, "processes", StartMethod::ForkServer), pool(&yard, "threads", StartMethod::Threads));
    let rayon =
        rayon::ThreadPoolBuilder::new().num_threads(2).start_handler(pin).build().expect("rayon's pool");
    pin(0);

    describe("pools beside their rivals");
    let (n, few) = (scale(10_000), scale(2_000));
    let mut ways: Vec<Timed<'_>> = vec![
        ("two queues, between processes", Box::new(|| timed(n, |n| round_trips(&there, &back, n)))),
        ("Pool::apply, a process", Box::new(|| timed(n, |n| apply(&processes, n)))),
        ("Pool::apply, a thread", Box::new(|| timed(n, |n| apply(&threads, n)))),
        ("rayon install", Box::new(|| timed(n, |n| (0..n).for_each(|_| rayon.install(|| black_box(())))))),
    ];
    if let Some(cpython) = cpython(few) {
        ways.push(("CPython multiprocessing.Pool.apply", Box::new(cpython)));
    }
    compare_timed("one after the other, 1000 tasks", rounds(), ways);
    there.shutdown(false);
    child.join(FOREVER).expect("its end");

    let n = scale(100_000);
    compare_timed(
        "256 at once, each submitted by itself, 1000 tasks",
        rounds(),
        vec![
            ("rayon scope_spawn", Box::new(|| timed(n, |n| scope_spawn(&rayon, n)))),
            ("Pool::submit, a thread", Box::new(|| timed(n, |n| submit(&threads, n)))),
            ("Pool::submit, a process", Box::new(|| timed(n, |n| submit(&processes, n)))),
        ],
    );
    if is_trial() {
        println!("# a trial: no figures");
    }
}
