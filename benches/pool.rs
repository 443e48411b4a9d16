//! What does a task cost that does nothing, there and back, what an input of a map, and what hearing of the end by a callback?
//!
//! The floor of a task is a message to another process and one back through two queues, which both sides look at without
//! sleeping. The floor of a map is the loop itself, in one thread. Callbacks are compared with waiting for one task after the
//! other, and with a thread for each.
#![allow(missing_docs, clippy::unwrap_used)] // a bench

mod support;

use courtyard::{
    Fate, Future, MapOptions, Options, Pool, PoolOptions, Process, Queue, QueueOptions, StartMethod,
    TaskOptions, Timeout, TypedTask, Yard,
};
use std::hint::black_box;
use std::sync::mpsc;
use support::{compare, describe, scale, variant};

fn pool(yard: &Yard, name: &str, method: StartMethod) -> Pool {
    let options = PoolOptions { workers: 1, method, tasks: 256, ..PoolOptions::default() };
    let pool = Pool::create(yard, name, &options).unwrap();
    pool.apply("nothing", b"", &TaskOptions::default()).unwrap();
    pool
}

/// Sends back whatever comes, until it is shut down.
fn echo(there: &Queue, back: &Queue) -> i32 {
    let mut message = [0; 8];
    while there.get(&mut message, Timeout::Forever).is_ok() {
        back.put(&message, Timeout::Forever).unwrap();
    }
    0
}

/// Something that a compiler cannot leave out: some 3 ns.
fn step(input: &[u8]) -> u64 {
    u64::from_ne_bytes(input.try_into().unwrap()).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Tasks that are underway at a time.
const BATCH: u64 = 200;

/// Begins tasks batch by batch, and waits until all who can tell have told, or are gone.
fn in_batches(n: u64, begin: impl Fn(&mpsc::Sender<()>)) {
    for _ in 0..(n / BATCH).max(1) {
        let (tell, told) = mpsc::channel();
        begin(&tell);
        drop(tell);
        told.iter().for_each(drop);
    }
}

/// The same with a type.
const STEP: TypedTask<u64, u64> = TypedTask::new("step-typed");

/// An input that the submitter fills and the task does not look at: what it costs beyond the filling is the way.
fn long_inputs(yard: &Yard) {
    const LONG: usize = 1 << 20;
    let options = PoolOptions {
        workers: 1,
        method: StartMethod::ForkServer,
        block_bytes: 8 * LONG,
        ..PoolOptions::default()
    };
    let pool = Pool::create(yard, "long", &options).unwrap();
    let plain = TaskOptions::default();
    let fill = vec![1; LONG];
    describe("a task with an input of 1 MiB that does nothing, one after the other");
    let in_block = |n: u64, entry: &str| {
        for _ in 0..n {
            let block = pool.alloc(LONG, Timeout::Forever).unwrap();
            block.write(0, &fill).unwrap();
            let future = pool.submit_block(entry, block, &plain).map_err(|(why, _)| why).unwrap();
            future.result(Timeout::Forever).unwrap();
        }
    };
    compare(
        "there and back",
        scale(200),
        vec![
            variant("in bytes, made for it", |n| {
                (0..n).for_each(|_| drop(pool.apply("nothing", &fill.clone(), &plain).unwrap()));
            }),
            variant("in a block, copied by the worker", |n| in_block(n, "nothing")),
            variant("in a block, read in place", |n| in_block(n, "nothing-in-place")),
        ],
    );
}

fn main() {
    STEP.register(|_, n| Ok::<_, String>(step(&n.to_ne_bytes()))).unwrap();
    courtyard::register_task("nothing", |_, _: &[u8]| Ok::<_, String>(Vec::new())).unwrap();
    courtyard::register_block_task("nothing-in-place", |_, _| Ok::<_, String>(Vec::new())).unwrap();
    courtyard::register_task("step", |_, input: &[u8]| Ok::<_, String>(step(input).to_ne_bytes())).unwrap();
    courtyard::init();
    let yard = Options::new().size(64 << 20).anonymous().unwrap();
    let queue =
        |name| Queue::create(&yard, name, QueueOptions { capacity: 64, ..QueueOptions::default() }).unwrap();
    let (there, back) = (queue("there"), queue("back"));
    let child = Process::fork(|| echo(&there, &back)).unwrap();
    let (processes, threads) =
        (pool(&yard, "processes", StartMethod::ForkServer), pool(&yard, "threads", StartMethod::Threads));
    let plain = TaskOptions::default();
    describe("a task that does nothing, one after the other");
    let round_trip = |n: u64| {
        let mut message = [0; 8];
        for _ in 0..n {
            there.put(&message, Timeout::Forever).unwrap();
            back.get(&mut message, Timeout::Forever).unwrap();
        }
    };
    let apply = |pool: &Pool, n: u64| (0..n).for_each(|_| drop(pool.apply("nothing", b"", &plain).unwrap()));
    compare(
        "there and back",
        scale(20_000),
        vec![
            variant("two queues, between processes", round_trip),
            variant("Pool::apply, a process", |n| apply(&processes, n)),
            variant("Pool::apply, a thread", |n| apply(&threads, n)),
        ],
    );
    there.shutdown(false);
    child.join(Timeout::Forever).unwrap();
    long_inputs(&yard);
    describe("hearing of 200 tasks' ends, one worker, a process");
    let submit = || processes.submit("nothing", b"", &plain).unwrap();
    let heard = |tell: &mpsc::Sender<()>| {
        let tell = tell.clone();
        move |fate: courtyard::Result<Fate>| {
            fate.unwrap();
            tell.send(()).unwrap();
        }
    };
    compare(
        "each task",
        scale(2_000),
        vec![
            variant("waited for, one after the other", |n| {
                in_batches(n, |_| {
                    let futures: Vec<Future> = (0..BATCH).map(|_| submit()).collect();
                    futures.iter().for_each(|future| drop(future.result(Timeout::Forever).unwrap()));
                });
            }),
            variant("Pool::apply_async", |n| {
                in_batches(n, |tell| {
                    (0..BATCH)
                        .for_each(|_| processes.apply_async("nothing", b"", &plain, heard(tell)).unwrap());
                });
            }),
            variant("a thread for each", |n| {
                in_batches(n, |tell| {
                    for _ in 0..BATCH {
                        let (future, done) = (submit(), heard(tell));
                        std::thread::spawn(move || done(future.fate(Timeout::Forever)));
                    }
                });
            }),
        ],
    );
    describe("an input of 8 bytes of a map, one worker");
    for count in [2000, 20_000_u64] {
        let inputs: Vec<[u8; 8]> = (0..count).map(u64::to_ne_bytes).collect();
        let numbers: Vec<u64> = (0..count).collect();
        let options = MapOptions::default();
        let map = |pool: &Pool, n: u64| {
            for _ in 0..n.div_ceil(count) {
                black_box(pool.map("step", &inputs, &options, Timeout::Forever).unwrap());
            }
        };
        compare(
            &format!("each of {count} inputs"),
            scale(200_000),
            vec![
                variant("the loop, results collected", |n| {
                    for _ in 0..n.div_ceil(count) {
                        let results = inputs.iter().map(|input| step(input).to_ne_bytes().to_vec());
                        black_box(results.collect::<Vec<Vec<u8>>>());
                    }
                }),
                variant("Pool::map, a process", |n| map(&processes, n)),
                variant("Pool::map, a thread", |n| map(&threads, n)),
                variant("TypedTask::map, a process", |n| {
                    for _ in 0..n.div_ceil(count) {
                        black_box(STEP.map(&processes, &numbers, &options, Timeout::Forever).unwrap());
                    }
                }),
            ],
        );
    }
    for pool in [&processes, &threads] {
        black_box(pool.apply("nothing", b"", &plain).unwrap());
    }
    let idle = support::cpu_time(std::time::Duration::from_secs(if support::is_trial() { 0 } else { 2 }));
    println!(
        "\nof two seconds, this process and its children use the CPU, two pools and nothing to do: {idle:?}"
    );
}
