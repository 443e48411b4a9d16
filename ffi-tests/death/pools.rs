//! The rows of pools: a worker goes while it is at a task; who has submitted tasks, promised a result, or made the pool goes.

use crate::process::{LONG, Step, fork, sleep_ms};
use crate::{Noun, core_files, forever, patiently};
use courtyard::{
    Cause, ErrorKind, Event, EventOptions, Exit, Fate, Future, Pool, PoolOptions, StartMethod, Task,
    TaskOptions, TaskState, Value, Yard,
};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::time::Duration;

/// Rows whose holder lives outside the pool.
pub(crate) const NOUNS: &[Noun] = &[
    Noun {
        name: "Pool, tasks submitted",
        make: |yard| std::mem::forget(pool(yard, StartMethod::Fork, 1, 2)),
        hold: |yard| {
            let pool = Pool::open(yard, "it").unwrap();
            let [first, second] = [(); 2].map(|()| submit(&pool, "wait"));
            patiently(|| first.is_running().then_some(()));
            std::mem::forget([first, second]);
        },
        held: |yard| {
            let pool = Pool::open(yard, "it").unwrap();
            let more = pool.submit_within("echo", b"", &TaskOptions::default(), Duration::from_millis(5));
            assert_eq!(more.unwrap_err().kind(), ErrorKind::Full);
            let progress = pool.progress();
            assert_eq!((progress.running, progress.pending, runs(yard).get()), (1, 1, 0));
        },
        freed: |yard| {
            let pool = Pool::open(yard, "it").unwrap();
            gate(yard).set();
            patiently(|| (runs(yard).get() == 2).then_some(()));
            let both = [(); 2].map(|()| pool.submit_within("echo", b"on", &TaskOptions::default(), LONG));
            for future in both {
                assert_eq!(future.unwrap().result(LONG).unwrap(), b"on");
            }
        },
    },
    Noun {
        name: "Pool, a promise",
        make: |yard| std::mem::forget(pool(yard, StartMethod::Fork, 1, 1)),
        hold: |yard| {
            let (promise, future) = Pool::open(yard, "it").unwrap().promise().unwrap();
            Value::<u64>::create(yard, "promised").unwrap().set(future.id());
            std::mem::forget((promise, future));
        },
        held: |yard| {
            let pool = Pool::open(yard, "it").unwrap();
            assert!(promised(yard, &pool).unwrap().is_running());
            let more = pool.submit_within("echo", b"", &TaskOptions::default(), Duration::from_millis(5));
            assert_eq!(more.unwrap_err().kind(), ErrorKind::Full);
        },
        freed: |yard| {
            let pool = Pool::open(yard, "it").unwrap();
            match promised(yard, &pool).and_then(|future| future.fate(LONG)) {
                Ok(Fate::Lost { cause: Cause::Exit(Exit::Unknown), pid: 1.., attempt: 0 }) => {}
                other => assert_eq!(other.unwrap_err().kind(), ErrorKind::NotFound),
            }
            let next = pool.submit_within("echo", b"on", &TaskOptions::default(), LONG).unwrap();
            assert_eq!(next.result(LONG).unwrap(), b"on");
            assert_eq!(promised(yard, &pool).unwrap_err().kind(), ErrorKind::NotFound);
        },
    },
    Noun {
        name: "Pool, as its maker",
        make: |yard| {
            let told = told(yard);
            fork(|| told.set(tell_of_a_pool(yard)));
        },
        hold: |yard| {
            std::mem::forget(pool(yard, StartMethod::ForkServer, 1, 4));
            patiently(|| (told(yard).get() == SUBMITTED).then_some(()));
        },
        held: |yard| {
            let pool = Pool::open(yard, "it").unwrap();
            sleep_ms(100); // whoever was to go with him would have gone
            let progress = pool.progress();
            assert_eq!((progress.running, progress.pending, pool.workers().len()), (1, 1, 1));
            assert_eq!(told(yard).get(), SUBMITTED);
        },
        freed: |yard| {
            patiently(|| (told(yard).get() == ALL_LOST).then_some(()));
            let pool = Pool::open(yard, "it").unwrap();
            assert_eq!((pool.workers(), runs(yard).get()), (vec![], 0));
            let more = pool.submit("echo", b"", &TaskOptions::default());
            assert_eq!(more.unwrap_err().kind(), ErrorKind::State);
            pool.join(LONG).unwrap();
        },
    },
];

/// Rows whose holder is a worker, and how often the task may be begun again.
pub(crate) const TASKS: &[(&str, u8)] =
    &[("Pool, a task in hand", 0), ("Pool, a task with a retry, in hand", 1)];

const SUBMITTED: u32 = 1;
const ALL_LOST: u32 = 2;

/// A third one's view of a pool that is not there yet: it has submitted a task that runs and one that waits; both are lost.
fn tell_of_a_pool(yard: &Yard) -> u32 {
    let pool = patiently(|| Pool::open(yard, "it").ok());
    let [running, waiting] = [(); 2].map(|()| submit(&pool, "wait"));
    patiently(|| running.is_running().then_some(()));
    told(yard).set(SUBMITTED);
    match running.fate(LONG).unwrap() {
        Fate::Lost { cause: Cause::Exit(Exit::Unknown), pid: 1.., attempt: 0 } => {}
        other => panic!("it ran: {other:?}"),
    }
    match waiting.fate(LONG).unwrap() {
        Fate::Lost { cause: Cause::NoWorkers, .. } => ALL_LOST,
        other => panic!("it waited: {other:?}"),
    }
}

fn pool(yard: &Yard, method: StartMethod, workers: usize, tasks: usize) -> Pool {
    let options = PoolOptions { workers, tasks, block_bytes: 0, method, ..PoolOptions::default() };
    Pool::create(yard, "it", &PoolOptions { most_workers: 2 * workers, ..options }).unwrap()
}

fn submit(pool: &Pool, entry: &str) -> Future {
    pool.submit(entry, b"", &TaskOptions::default()).unwrap()
}

fn promised(yard: &Yard, pool: &Pool) -> courtyard::Result<Future> {
    pool.future(Value::<u64>::open(yard, "promised").unwrap().get())
}

/// What tasks wait for.
fn gate(yard: &Yard) -> Event {
    Event::open_or_create(yard, "gate", EventOptions::default()).unwrap()
}

/// How many tasks have seen it open.
fn runs(yard: &Yard) -> Value<u32> {
    Value::open_or_create(yard, "runs").unwrap()
}

/// Who has begun the task in hand first.
fn first(yard: &Yard) -> Value<u32> {
    Value::open_or_create(yard, "first").unwrap()
}

fn told(yard: &Yard) -> Value<u32> {
    Value::open_or_create(yard, "told").unwrap()
}

// ---- what workers do ------------------------------------------------------------------------------------------------

pub(crate) fn entries() {
    type Work = fn(&Task<'_>, &[u8]) -> Result<Vec<u8>, String>;
    let all: [(&str, Work); 3] = [
        ("echo", |_, input| Ok(input.to_vec())),
        ("wait", |task, _| {
            wait_at_the_gate(task.yard());
            Ok(who(task))
        }),
        ("go", |task, input| {
            let way = std::str::from_utf8(input).unwrap();
            let (_, go, _) = WAYS.iter().find(|it| it.0 == way).unwrap();
            if task.attempt() == 0 {
                first(task.yard()).set(std::process::id());
                go(task.yard());
            }
            Ok(who(task))
        }),
    ];
    all.into_iter().for_each(|(name, work)| courtyard::register_task(name, work).unwrap());
}

fn wait_at_the_gate(yard: &Yard) {
    gate(yard).wait(LONG).unwrap();
    runs(yard).fetch_add(1);
}

/// Which worker has done it, in which attempt.
fn who(task: &Task<'_>) -> Vec<u8> {
    [std::process::id(), task.attempt()].map(u32::to_ne_bytes).concat()
}

/// What a worker does in a task, and how its process ends.
type Way = (&'static str, fn(&Yard), Exit);

const KILLED: Exit = Exit::Signal(libc::SIGKILL);

const WAYS: &[Way] = &[
    (
        "SIGKILL",
        |_| {
            unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
        },
        KILLED,
    ),
    (
        "abort",
        |_| {
            core_files(0);
            std::process::abort();
        },
        Exit::Signal(libc::SIGABRT),
    ),
    (
        "core dump",
        |_| {
            let dir = dump_of(std::process::id());
            std::fs::create_dir(&dir).unwrap();
            crate::dump_core(&dir);
        },
        Exit::Signal(libc::SIGSEGV),
    ),
    ("exit", |_| std::process::exit(7), Exit::Code(7)),
    ("OOM kill", |_| crate::die_untold(), KILLED),
    // The process goes on without the worker, and is killed.
    (
        "exec",
        |_| {
            let error = std::process::Command::new("sleep").arg("60").exec();
            panic!("{error}");
        },
        KILLED,
    ),
    (
        "thread exit",
        |_| {
            std::thread::spawn(|| forever());
            unsafe { libc::syscall(libc::SYS_exit, 0) };
        },
        KILLED,
    ),
    (
        "thread panic",
        |_| {
            std::panic::set_hook(Box::new(|_| {}));
            panic!("on purpose");
        },
        KILLED,
    ),
    (
        "fork child's end",
        |yard| {
            assert_eq!(fork(|| {}).wait(), crate::Ended::Code(0));
            let other = fork(|| forever());
            Step::of(yard).set(other.0.cast_unsigned());
            forever();
        },
        KILLED,
    ),
    (
        "SIGSTOP",
        |yard| {
            unsafe { libc::raise(libc::SIGSTOP) };
            wait_at_the_gate(yard);
        },
        KILLED,
    ),
];

fn dump_of(pid: u32) -> PathBuf {
    std::env::temp_dir().join(format!("cyd-death-{pid}"))
}

// ---- what becomes of their task -------------------------------------------------------------------------------------

/// A worker goes this way while it is at a task, which becomes what the word says; nothing else is touched.
pub(crate) fn worker_goes(yard: &Yard, way: &str, retries: u8, word: &str) {
    let (_, _, end) = WAYS.iter().find(|it| it.0 == way).unwrap();
    let pool = pool(yard, StartMethod::Fork, 2, 8);
    let beside = submit(&pool, "wait");
    let neighbour = patiently(|| worker_at(&beside));
    let plain = TaskOptions { retries, time_limit: None };
    let submit_it = |options| pool.submit("go", way.as_bytes(), &options).unwrap();
    let task = submit_it(plain);
    let pid = patiently(|| Some(first(yard).get()).filter(|pid| *pid != 0));
    assert_ne!(pid, neighbour);
    match word {
        "freed" => is_freed(&task, pid, retries, *end),
        "failed" => {
            assert_eq!(task.fate(LONG).unwrap(), Fate::Failed("panicked: on purpose".into()));
            assert!(pool.workers().contains(&pid));
        }
        "held" if way == "SIGSTOP" => {
            until_stopped(pid);
            is_held(yard, &task, pid);
            assert!(task.kill().unwrap(), "a stopped worker dies");
            assert_eq!(task.fate(LONG).unwrap(), Fate::Cancelled);
            let late = submit_it(TaskOptions { time_limit: Some(Duration::from_millis(100)), ..plain });
            assert!(matches!(
                late.fate(LONG).unwrap(),
                Fate::Lost { cause: Cause::TimeLimit, attempt: 0, .. }
            ));
            let patient = submit_it(plain);
            let pid = patiently(|| worker_at(&patient));
            until_stopped(pid);
            is_held(yard, &patient, pid);
            kill(pid, libc::SIGCONT);
            is_held(yard, &patient, pid);
            gate(yard).set();
            assert_eq!(patient.result(LONG).unwrap(), [pid, 0].map(u32::to_ne_bytes).concat());
        }
        "held" => {
            let other = patiently(|| Some(Step::of(yard).0.get()).filter(|pid| *pid != 0));
            is_held(yard, &task, pid);
            kill(pid, libc::SIGKILL);
            is_freed(&task, pid, retries, *end);
            kill(other, libc::SIGKILL);
        }
        other => panic!("{other:?} is no word of the table for a task"),
    }
    if way == "core dump" {
        std::fs::remove_dir_all(dump_of(pid)).unwrap();
    }
    patiently(|| (pool.workers().len() == 2).then_some(()));
    assert_eq!(pool.apply("echo", b"on", &TaskOptions::default()).unwrap(), b"on");
    gate(yard).set();
    assert_eq!(beside.result(LONG).unwrap(), [neighbour, 0].map(u32::to_ne_bytes).concat());
    pool.close();
    pool.join(LONG).unwrap();
}

/// It is lost, and says of what this worker has died; or another one has done it.
fn is_freed(task: &Future, worker: u32, retries: u8, end: Exit) {
    match task.fate(LONG).unwrap() {
        Fate::Done(who) if retries > 0 => {
            assert_eq!(who[4..], 1_u32.to_ne_bytes(), "the attempt");
            assert_ne!(who[..4], worker.to_ne_bytes());
        }
        lost => {
            assert_eq!((lost, retries), (Fate::Lost { cause: Cause::Exit(end), pid: worker, attempt: 0 }, 0));
        }
    }
}

/// Its worker has it, and nobody else gets it.
fn is_held(yard: &Yard, task: &Future, worker: u32) {
    yard.sweep();
    assert_eq!(task.wait(Duration::from_millis(300)).unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(task.state().unwrap(), TaskState::Running { pid: worker, attempt: 0, is_asked: false });
}

fn worker_at(task: &Future) -> Option<u32> {
    match task.state().unwrap() {
        TaskState::Running { pid, .. } if pid != 0 => Some(pid),
        _ => None,
    }
}

fn kill(pid: u32, signal: i32) {
    assert_eq!(unsafe { libc::kill(pid.cast_signed(), signal) }, 0);
}

/// Waits until somebody else's child is stopped.
fn until_stopped(pid: u32) {
    patiently(|| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        stat.rsplit_once(") ").unwrap().1.starts_with('T').then_some(())
    });
}
