//! Queues and pipes beside their rivals: messages of 8 and 64 bytes, between threads and between processes, on two CPUs.
//!
//! The baseline of each table is the rival that its aim speaks of; a ratio below 1 means less time than the rival's. All
//! variants of a table take turns, round by round. Between threads everybody spins as long as it pays; between processes each does
//! what it does by itself. Boost's program is built by the first compiler that is there, CPython's is run.

#[path = "../../../support/lockfree.rs"]
mod lockfree;
#[path = "../../../support/shim.rs"]
mod shim;
#[path = "../../../support/mod.rs"]
mod support;
#[path = "../../../support/cells.rs"]
mod support_cells;

use courtyard::{
    Connection, Options, Pipe, PipeEnd, PipeOptions, Queue, QueueOptions, Ring, RingOptions, Strategy,
    Timeout, Yard,
};
use crossbeam_queue::ArrayQueue;
use std::hint::{black_box, spin_loop};
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};
use support::{Timed, Variant, compare, compare_timed, describe, is_trial, pin, rounds, scale, variant};
use support_cells::{pop, push, ring};

const COUNT: usize = 1024;
const SIZE: usize = 64;
const FOREVER: Timeout = Timeout::Forever;

fn yard(mib: u64) -> Yard {
    Options::new().size(mib << 20).anonymous().expect("a yard")
}

fn queue(yard: &Yard, name: &str, inline_max: usize, block_bytes: usize) -> Queue {
    Queue::create(
        yard,
        name,
        QueueOptions { capacity: COUNT, inline_max, block_bytes, ..QueueOptions::default() },
    )
    .expect("a queue")
}

/// So many pushers on one CPU and as many poppers on the other, each pair moving its part of `n`.
fn threads(n: u64, pairs: u64, push: impl Fn(u32) + Sync, pop: impl Fn(u32) + Sync) {
    let start = Barrier::new(2 * pairs as usize);
    let (start, push, pop) = (&start, &push, &pop);
    std::thread::scope(|s| {
        for pair in 0..pairs as u32 {
            s.spawn(move || {
                pin(0);
                start.wait();
                (0..n / pairs).for_each(|_| push(2 * pair));
            });
            s.spawn(move || {
                pin(1);
                start.wait();
                (0..n / pairs).for_each(|_| pop(2 * pair + 1));
            });
        }
    });
}

fn crossbeam<const N: usize>(pairs: u64) -> Variant<'static> {
    let (queue, item) = (ArrayQueue::new(COUNT), [7_u8; N]);
    let push = move |queue: &ArrayQueue<[u8; N]>| {
        while queue.push(*black_box(&item)).is_err() {
            spin_loop();
        }
    };
    let pop = |queue: &ArrayQueue<[u8; N]>| loop {
        match queue.pop() {
            Some(item) => break drop(black_box(item)),
            None => spin_loop(),
        }
    };
    variant("crossbeam ArrayQueue", move |n| threads(n, pairs, |_| push(&queue), |_| pop(&queue)))
}

fn shaq<const N: usize>(pairs: u64) -> Variant<'static> {
    let (tx, rx) = shaq::mpmc::pair::<[u8; N]>(COUNT).expect("a queue on the heap");
    let item = [7_u8; N];
    variant("shaq mpmc", move |n| {
        let push = |_| {
            while tx.try_write(*black_box(&item)).is_err() {
                spin_loop();
            }
        };
        let pop = |_| loop {
            match rx.try_read() {
                Some(item) => break drop(black_box(item)),
                None => spin_loop(),
            }
        };
        threads(n, pairs, push, pop);
    })
}

/// The least that a message of so many bytes needs.
const fn inline_max<const N: usize>() -> usize {
    N.next_multiple_of(16)
}

fn cells<const N: usize>(pairs: u64) -> Variant<'static> {
    let (ring, item) = (ring(inline_max::<N>() + 16, COUNT as u32), [7; N]);
    variant("the ring of cells alone", move |n| {
        let pop = |me| drop(black_box(pop::<N>(&ring, me)));
        threads(n, pairs, |me| push(&ring, me, &item), pop);
    })
}

fn ours<const N: usize>(pairs: u64) -> Variant<'static> {
    let queue = queue(&yard(4), "queue", inline_max::<N>(), 0);
    variant("Queue", move |n| {
        let put = |_| queue.put(black_box(&[7; N]), FOREVER).expect("room");
        let get = |_| {
            let mut item = [0; N];
            queue.get(&mut item, FOREVER).expect("a message");
            black_box(item);
        };
        threads(n, pairs, put, get);
    })
}

fn between_threads<const N: usize>(pairs: u64) {
    let title = format!("{N} bytes one way, {pairs} to {pairs} threads");
    let mut variants = vec![crossbeam::<N>(pairs), cells::<N>(pairs), ours::<N>(pairs)];
    if support::cpu_count() >= 2 * pairs as usize {
        variants.push(shaq::<N>(pairs));
    } else {
        // It gives up its places in order: who is not on a CPU holds up all others, and each of them spins a slice away.
        println!("# shaq is left out where threads share CPUs: a round takes more than a minute");
    }
    compare(&title, 400_000, variants);
}

fn spinning_there_and_back() {
    let yard = yard(4);
    let spin = RingOptions { capacity: 64 << 10, spin_only: true };
    let ends = |name| {
        let ring = Ring::create(&yard, name, spin).expect("a ring");
        (
            ring.sender(Strategy::Spin).expect("its sender"),
            ring.receiver(Strategy::Spin).expect("its receiver"),
        )
    };
    let ((mut out_tx, mut out_rx), (mut back_tx, mut back_rx)) = (ends("out"), ends("back"));
    let (out, back) = (queue(&yard, "q-out", SIZE, 0), queue(&yard, "q-back", SIZE, 0));
    let get = |queue: &Queue, buffer: &mut [u8]| while queue.try_get(buffer).is_err() {};
    compare(
        "64 bytes there and back, spinning (the aim: 1.5 of the rings')",
        100_000,
        vec![
            variant("rings, one each way", |n| {
                both(
                    n,
                    |buffer| {
                        out_tx.send(buffer, FOREVER).expect("room");
                        back_rx.recv(buffer, FOREVER).expect("a record");
                    },
                    |buffer| {
                        out_rx.recv(buffer, FOREVER).expect("a record");
                        back_tx.send(buffer, FOREVER).expect("room");
                    },
                );
            }),
            variant("queues, waiting as they do", |n| {
                both(
                    n,
                    |buffer| {
                        out.put(buffer, FOREVER).expect("room");
                        back.get(buffer, FOREVER).expect("a message");
                    },
                    |buffer| {
                        out.get(buffer, FOREVER).expect("a message");
                        back.put(buffer, FOREVER).expect("room");
                    },
                );
            }),
            variant("queues, trying without end", |n| {
                both(
                    n,
                    |buffer| {
                        out.put(buffer, FOREVER).expect("room");
                        get(&back, buffer);
                    },
                    |buffer| {
                        get(&out, buffer);
                        back.put(buffer, FOREVER).expect("room");
                    },
                );
            }),
        ],
    );
}

/// `n` times, each side with a buffer of its own.
fn both(n: u64, mut here: impl FnMut(&mut [u8; SIZE]), mut there: impl FnMut(&mut [u8; SIZE]) + Send) {
    std::thread::scope(|s| {
        s.spawn(move || {
            pin(1);
            let mut buffer = [0; SIZE];
            (0..n).for_each(|_| there(&mut buffer));
        });
        let mut buffer = [1; SIZE];
        (0..n).for_each(|_| here(&mut buffer));
    });
}

/// What a side of a pair of processes sends and receives with.
trait End {
    fn put(&mut self, message: &[u8; SIZE]);
    fn get(&mut self, message: &mut [u8; SIZE]);
}

impl End for (Arc<Queue>, Arc<Queue>) {
    fn put(&mut self, message: &[u8; SIZE]) {
        self.0.put(message, FOREVER).expect("room");
    }
    fn get(&mut self, message: &mut [u8; SIZE]) {
        self.1.get(message, FOREVER).expect("a message");
    }
}

impl End for Connection {
    fn put(&mut self, message: &[u8; SIZE]) {
        self.send(message, FOREVER).expect("room");
    }
    fn get(&mut self, message: &mut [u8; SIZE]) {
        self.recv(message, FOREVER).expect("a message");
    }
}

impl End for (PipeWriter, PipeReader) {
    fn put(&mut self, message: &[u8; SIZE]) {
        self.0.write_all(message).expect("an open pipe");
    }
    fn get(&mut self, message: &mut [u8; SIZE]) {
        self.1.read_exact(message).expect("an open pipe");
    }
}

/// Between this process and a fork child on the other CPU: `n` messages one way, and one back, or each there and back.
fn processes(n: u64, way: bool, here: &mut impl End, there: &mut impl End) -> Duration {
    let mut message = [1; SIZE];
    // SAFETY: the only thread; the child ends by _exit.
    let child = unsafe { libc::fork() };
    if child == 0 {
        pin(1);
        there.put(&message);
        for _ in 0..n {
            there.get(&mut message);
            if !way {
                there.put(&message);
            }
        }
        there.put(&message);
        // SAFETY: ends the process.
        unsafe { libc::_exit(0) };
    }
    here.get(&mut message);
    let begin = Instant::now();
    for _ in 0..n {
        here.put(&message);
        if !way {
            here.get(&mut message);
        }
    }
    here.get(&mut message);
    let time = begin.elapsed();
    // SAFETY: a child of ours; no status is asked for.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    time / (n / 1000).max(1) as u32
}

/// Boost's program, if it can be built.
fn boost() -> Option<PathBuf> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/boost_queue.cpp");
    let program = std::env::temp_dir().join(format!("boost_queue-{}", std::process::id()));
    let built = Command::new("c++")
        .args(["-O2", "-std=c++17", source, "-pthread", "-lrt", "-o"])
        .arg(&program)
        .status();
    if built.is_ok_and(|status| status.success()) {
        return Some(program);
    }
    println!("# no C++ compiler, or no Boost: its message_queue is SKIPPED");
    None
}

/// Runs a program that prints how many nanoseconds it took for `n` messages.
fn outside(command: &mut Command, n: u64) -> Duration {
    let output = command.output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let nanos = text.trim().rsplit(' ').next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_else(|| panic!("it says {text:?}"))) / (n / 1000).max(1) as u32
}

fn between_processes(way: bool, program: Option<&PathBuf>) {
    let yard = yard(4);
    let [there, back] = ["there", "back"].map(|name| Arc::new(queue(&yard, name, SIZE, 0)));
    let (mut first, mut second) = ((there.clone(), back.clone()), (back, there));
    let one =
        Pipe::create(&yard, "pipe", PipeOptions { duplex: true, ..PipeOptions::default() }).expect("a pipe");
    let (mut left, mut right) =
        (one.end(PipeEnd::First).expect("an end"), one.end(PipeEnd::Second).expect("an end"));
    let ((from_a, to_b), (from_b, to_a)) = (pipe().expect("pipes"), pipe().expect("pipes"));
    let (mut mine, mut yours) = ((to_b, from_b), (to_a, from_a));
    let n = scale(if way { 200_000 } else { 20_000 });
    let few = scale(n / 10).max(1000);
    let mut ways: Vec<Timed<'_>> = Vec::new();
    if let Some(program) = program {
        let kind = if way { "way" } else { "back" };
        let mut command = Command::new(program);
        command.args([kind, &n.to_string()]).args(support::cpus(2).iter().map(usize::to_string));
        ways.push(("Boost message_queue", Box::new(move || outside(&mut command, n))));
    }
    ways.push(("pipe(2)", Box::new(move || processes(n, way, &mut mine, &mut yours))));
    ways.push(("Queue", Box::new(move || processes(n, way, &mut first, &mut second))));
    ways.push(("Pipe", Box::new(move || processes(n, way, &mut left, &mut right))));
    if !way {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/mp_queue.py");
        let mut command = Command::new("python3");
        command.args([script, &few.to_string(), "total"]);
        if command.output().is_ok_and(|output| output.status.success()) {
            ways.push(("CPython multiprocessing.Queue", Box::new(move || outside(&mut command, few))));
        } else {
            println!("# no Python: its queue is SKIPPED");
        }
    }
    let title = if way { "one way" } else { "there and back" };
    compare_timed(&format!("64 bytes {title} between processes, 1000 messages"), rounds(), ways);
}

/// What does a message cost that is not copied, by its length?
fn by_block() {
    let yard = yard(64);
    let queue = queue(&yard, "queue", 112, 16 << 20);
    let queue = &queue;
    let row = |len: usize| {
        variant(format!("{len} bytes"), move |n| {
            for _ in 0..n {
                let loan = queue.loan(len, FOREVER).expect("a block");
                queue.put_loan(loan, FOREVER).expect("room");
                drop(queue.get_borrow(FOREVER).expect("a message"));
            }
        })
    };
    compare(
        "lent, put, got and given back by one thread, without a copy",
        100_000,
        vec![row(1 << 10), row(64 << 10), row(1 << 20)],
    );
}

fn main() {
    drop(yard(1)); // the library counts its CPUs before this thread is pinned to one
    pin(0);
    describe("queues and pipes beside their rivals");
    let program = boost();
    between_processes(true, program.as_ref());
    between_processes(false, program.as_ref());
    if let Some(program) = program {
        let _ = std::fs::remove_file(program);
    }
    for pairs in [1, 2] {
        between_threads::<8>(pairs);
        between_threads::<64>(pairs);
    }
    spinning_there_and_back();
    by_block();
    if is_trial() {
        println!("# a trial: no figures");
    }
}
