//! What the keeper of a pool sees to: its fork server, workers that are half dead, a maker who works himself; and maps that have
//! all of the pool's places.

use crate::process::{Child, Ended, LONG, fork, sleep_ms};
use crate::{done, kind, options, plain, pool, submit, until, yard};
use courtyard::{
    Cause, ErrorKind, Event, EventOptions, Exit, Fate, Future, MapOptions, Pool, PoolOptions, StartMethod,
    Task, TaskOptions, TaskState, Timeout,
};
use std::time::Duration;

use StartMethod::{Fork, ForkServer, Spawn, Threads};

pub(crate) const SCENARIOS: &[crate::Scenario] = &[
    ("a_map_does_not_wait_for_its_own_places", crate::ALL, map_with_few_places),
    ("a_map_does_not_wait_for_its_own_blocks", crate::ALL, map_with_few_blocks),
    ("a_fork_server_that_is_killed_is_started_again", &[ForkServer], the_server_dies),
    ("a_fork_server_that_stands_still_is_replaced", &[ForkServer], the_server_is_stopped),
    ("a_worker_whose_thread_is_dead_is_no_worker", &[ForkServer, Fork, Spawn], hollow),
    ("a_signal_does_not_call_a_worker_away", &[Threads], a_signal),
    ("who_is_lost_is_who_ran", &[ForkServer, Fork, Spawn], who_was_lost),
    ("a_fork_child_uses_its_parents_pool_and_does_not_keep_it", crate::ALL, inherited),
    ("a_maker_who_works_is_asked_and_not_killed", &[ForkServer, Spawn], the_maker_works),
    ("who_is_not_too_many_stays", crate::ALL, shrink),
    ("a_listener_that_panics_leaves_the_pool_its_keeper", &[ForkServer], a_listener_panics),
    ("what_runs_on_after_the_maker_is_asked_to_stop", &[ForkServer], after_the_maker),
    ("what_was_condemned_when_the_maker_died_is_asked", &[ForkServer], condemned_by_the_dead),
];

pub(crate) fn entries() {
    let hollow = |_: &Task<'_>, _: &[u8]| -> Result<Vec<u8>, String> {
        std::thread::spawn(|| std::thread::sleep(LONG));
        unsafe { libc::syscall(libc::SYS_exit, 0) };
        Err("it is dead".into())
    };
    courtyard::register_task("hollow", hollow).unwrap();
    // A wait of its own, which ends when the task is asked.
    let in_vain = |task: &Task<'_>, _: &[u8]| -> Result<Vec<u8>, String> {
        let never = Event::open_or_create(task.yard(), "never", EventOptions::default());
        let ended = never.and_then(|never| never.wait(Timeout::Forever)).unwrap_err();
        Err(ended.kind().name().into())
    };
    courtyard::register_task("wait-in-vain", in_vain).unwrap();
}

/// Who works, by process, or by thread.
fn who_works(pool: &Pool, method: StartMethod) -> Vec<Vec<u8>> {
    let ask = if method == Threads { "tid" } else { "pid" };
    let one_by_one = MapOptions { chunk: 1, ..MapOptions::default() };
    let mut all = pool.map(ask, &[[0]; 200], &one_by_one, LONG).unwrap();
    all.sort();
    all.dedup();
    all
}

/// Also if those who go take their time: they have left the pool long before they have ended.
fn shrink(method: StartMethod) {
    let (_yard, pool) = pool(method, 4);
    for _ in 0..3 {
        pool.resize(4).unwrap();
        until("there are four", || pool.progress().workers == 4);
        let before = pool.workers();
        for count in [2, 1] {
            pool.resize(count).unwrap();
            until("there are fewer", || pool.progress().workers == count);
            sleep_ms(20);
            let now = pool.workers();
            assert_eq!(now.len(), count, "nobody else has gone");
            assert!(now.iter().all(|pid| before.contains(pid)), "{now:?} are none of {before:?}");
            assert!(who_works(&pool, method).len() <= count);
        }
    }
}

struct Panics;

impl log::Log for Panics {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        assert!(!record.args().to_string().contains("worker process"), "as it was to");
    }

    fn flush(&self) {}
}

fn a_listener_panics(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    log::set_logger(&Panics).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    for _ in 0..2 {
        match submit(&pool, "die", &[0, 9]).fate(LONG).unwrap() {
            Fate::Lost { cause: Cause::Exit(Exit::Signal(libc::SIGKILL)), .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(pool.apply("echo", b"x", &plain()).unwrap(), b"x");
    pool.close();
    pool.join(LONG).unwrap();
}

/// A pool whose maker's worker is busy; somebody else works for it, and `begin` submits what he is to do.
fn with_a_stranger(
    method: StartMethod,
    begin: impl Fn(&Pool) -> Future,
    then: impl Fn(Child, &Pool, &Future),
) {
    let yard = yard();
    let open = || Pool::open(&yard, "pool");
    let maker = fork(|| {
        let _pool = Pool::create(&yard, "pool", &options(method, 1)).unwrap();
        sleep_ms(60_000);
    });
    until("there is a pool", || open().is_ok());
    let pool = open().unwrap();
    let busy = submit(&pool, "until-asked", b"");
    until("the maker's worker is busy", || busy.is_running());
    let stranger = fork(|| drop(open().unwrap().work())); // Revoked, if he was to be killed
    let task = begin(&pool);
    until("the stranger works", || task.is_running());
    then(maker, &pool, &task);
    assert_eq!(stranger.wait(), Ended::Code(0));
}

fn after_the_maker(method: StartMethod) {
    let patient = |pool: &Pool| submit(pool, "wait-in-vain", b"");
    let is_cancelled = |task: &Future| assert_eq!(task.fate(LONG).unwrap(), Fate::Cancelled);
    let gone = |maker: Child, pool: &Pool| {
        maker.slay();
        until("the maker is missed", || pool.is_closed());
    };
    with_a_stranger(method, patient, |maker, pool, task| {
        gone(maker, pool);
        assert_eq!(kind(task.kill()), ErrorKind::Unsupported, "nobody is left to kill");
        assert!(task.is_running() && task.stop());
        is_cancelled(task);
    });
    with_a_stranger(method, patient, |maker, pool, task| {
        gone(maker, pool);
        pool.terminate();
        is_cancelled(task);
    });
    let limited = TaskOptions { time_limit: Some(Duration::from_millis(500)), ..plain() };
    let late = |pool: &Pool| pool.submit("wait-in-vain", b"", &limited).unwrap();
    with_a_stranger(method, late, |maker, _, task| {
        maker.slay();
        assert!(matches!(task.fate(LONG).unwrap(), Fate::Lost { cause: Cause::TimeLimit, .. }));
    });
}

/// Who was to kill died before he did.
fn condemned_by_the_dead(method: StartMethod) {
    let patient = |pool: &Pool| submit(pool, "wait-in-vain", b"");
    with_a_stranger(method, patient, |maker, _, task| {
        maker.stop();
        assert!(task.kill().unwrap());
        assert!(task.is_running());
        maker.slay();
        assert_eq!(task.fate(LONG).unwrap(), Fate::Cancelled);
    });
}

fn map_with_few_places(method: StartMethod) {
    let yard = yard();
    let pool = Pool::create(&yard, "pool", &PoolOptions { tasks: 3, ..options(method, 2) }).unwrap();
    let inputs: Vec<[u8; 1]> = (0..60).map(|n| [n]).collect();
    let wide = MapOptions { chunk: 1, window: 16, ..MapOptions::default() };
    assert_eq!(pool.map("echo", &inputs, &wide, LONG).unwrap(), inputs);
    assert_eq!(pool.map("echo", &inputs, &MapOptions::default(), LONG).unwrap(), inputs);
    let within = MapOptions { timeout: Some(LONG), ..wide };
    let mut all: Vec<(usize, Vec<u8>)> =
        pool.imap_unordered("echo", &inputs, &within).unwrap().map(|(n, got)| (n, got.unwrap())).collect();
    all.sort();
    assert!(all.len() == 60 && all.iter().all(|(n, got)| *got == [*n as u8]), "{all:?}");
    // Somebody else has them: then it waits, and says so when its time is up.
    let held: Vec<_> = (0..3).map(|_| submit(&pool, "echo", b"")).collect();
    let soon = Duration::from_millis(20);
    assert_eq!(kind(pool.map("echo", &inputs, &wide, soon)), ErrorKind::Full);
    drop(held);
    assert_eq!(pool.map("echo", &inputs, &wide, LONG).unwrap(), inputs);
}

fn map_with_few_blocks(method: StartMethod) {
    let yard = yard();
    let few = PoolOptions { block_bytes: 64 << 10, ..options(method, 2) };
    let pool = Pool::create(&yard, "pool", &few).unwrap();
    let inputs: Vec<Vec<u8>> = (0..60).map(|n| vec![n; 5000]).collect();
    let wide = MapOptions { chunk: 1, window: 50, timeout: Some(LONG), ..MapOptions::default() };
    let lens: Vec<Vec<u8>> = pool.imap("length", &inputs, &wide).unwrap().map(|got| got.unwrap()).collect();
    assert_eq!(lens, vec![5000_usize.to_ne_bytes(); 60]);
}

/// The process of this name that this one has made.
fn child_called(name: &str) -> i32 {
    let is_it = |pid: &u32| {
        std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name)
    };
    crate::children().into_iter().find(is_it).expect("such a child").cast_signed()
}

fn the_server_dies(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    assert_eq!(pool.apply("echo", b"before", &plain()).unwrap(), b"before");
    for _ in 0..3 {
        until("there are two", || pool.workers().len() == 2);
        let (server, old) = (child_called("ForkServer"), pool.workers());
        assert_eq!(unsafe { libc::kill(server, libc::SIGKILL) }, 0);
        // Those that it had made work on, beside new ones; nobody knows any more of what they die.
        while pool.workers().iter().any(|pid| old.contains(pid)) {
            match submit(&pool, "die", &[0, 1]).fate(LONG).unwrap() {
                Fate::Lost { cause: Cause::Exit(Exit::Unknown | Exit::Signal(libc::SIGKILL)), .. } => {}
                other => panic!("{other:?}"),
            }
        }
        until("there are two again", || pool.progress().workers == 2);
        assert_ne!(child_called("ForkServer"), server);
        match submit(&pool, "die", &[4, 1]).fate(LONG).unwrap() {
            Fate::Lost { cause: Cause::Exit(Exit::Code(9)), .. } => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(pool.apply("echo", b"after", &plain()).unwrap(), b"after");
    }
}

fn the_server_is_stopped(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    assert_eq!(pool.apply("echo", b"before", &plain()).unwrap(), b"before");
    assert_eq!(unsafe { libc::kill(child_called("ForkServer"), libc::SIGSTOP) }, 0);
    assert!(matches!(submit(&pool, "die", &[0, 1]).fate(LONG).unwrap(), Fate::Lost { .. }));
    assert_eq!(done(&submit(&pool, "echo", b"after")), b"after");
}

fn hollow(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    match submit(&pool, "hollow", b"").fate(LONG).unwrap() {
        Fate::Lost { cause: Cause::Exit(Exit::Signal(libc::SIGKILL)), .. } => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(done(&submit(&pool, "echo", b"next")), b"next");
}

/// The threads of this name that this process has.
fn threads_called(name: &str) -> Vec<i32> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let named =
        tasks.filter(|task| std::fs::read_to_string(task.join("comm")).is_ok_and(|it| it.trim() == name));
    named.map(|task| task.file_name().unwrap().to_str().unwrap().parse().unwrap()).collect()
}

fn a_signal(method: StartMethod) {
    extern "C" fn nothing(_: libc::c_int) {}
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed(); // without SA_RESTART
        action.sa_sigaction = nothing as *const () as libc::sighandler_t;
        libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut());
    }
    let yard = courtyard::Options::new().size(8 << 20).interruptible(true).anonymous().unwrap();
    let pool = Pool::create(&yard, "pool", &options(method, 1)).unwrap();
    assert_eq!(pool.apply("echo", b"before", &plain()).unwrap(), b"before");
    let [worker] = threads_called("pool-1")[..] else { panic!("no such thread, or several") };
    for _ in 0..20 {
        sleep_ms(2); // it sleeps by now
        let here = std::process::id().cast_signed();
        assert_eq!(unsafe { libc::syscall(libc::SYS_tgkill, here, worker, libc::SIGUSR1) }, 0);
    }
    assert_eq!(pool.apply("echo", b"after", &plain()).unwrap(), b"after");
    assert_eq!(threads_called("pool-1"), [worker]);
}

fn the_maker_works(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    let busy = submit(&pool, "until-asked", b"");
    until("it runs", || busy.is_running());
    let here = std::thread::spawn({
        let pool = pool.clone();
        move || pool.work()
    });
    let limit = TaskOptions { time_limit: Some(Duration::from_millis(50)), ..plain() };
    match pool.submit("until-asked", b"", &limit).unwrap().fate(LONG).unwrap() {
        Fate::Lost { cause: Cause::TimeLimit, pid, .. } => assert_eq!(pid, std::process::id()),
        other => panic!("{other:?}"),
    }
    let mine = submit(&pool, "until-asked", b"");
    until("it runs", || mine.is_running());
    assert_eq!(kind(mine.kill()), ErrorKind::Unsupported);
    assert!(busy.kill().unwrap(), "the other one is a process of its own");
    sleep_ms(10);
    pool.terminate();
    assert_eq!(mine.fate(LONG).unwrap(), Fate::Cancelled);
    let _ = here.join().unwrap();
    pool.join(LONG).unwrap();
}

/// Who works at a task that runs, and in which attempt.
fn runner(future: &Future) -> (u32, u32) {
    until("it runs", || future.is_running());
    match future.state().unwrap() {
        TaskState::Running { pid, attempt, is_asked: false } => (pid, attempt),
        other => panic!("{other:?}"),
    }
}

fn who_was_lost(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    let again = TaskOptions { retries: 1, ..plain() };
    let task = pool.submit("until-asked", b"", &again).unwrap();
    let (first, attempt) = runner(&task);
    assert!(attempt == 0 && pool.workers().contains(&first));
    assert_eq!(unsafe { libc::kill(first.cast_signed(), libc::SIGKILL) }, 0);
    until("another one has it", || matches!(task.state(), Ok(TaskState::Running { attempt: 1, .. })));
    let (second, _) = runner(&task);
    assert!(second != first && pool.workers().contains(&second));
    assert_eq!(unsafe { libc::kill(second.cast_signed(), libc::SIGABRT) }, 0);
    let lost = Fate::Lost { cause: Cause::Exit(Exit::Signal(libc::SIGABRT)), pid: second, attempt: 1 };
    assert_eq!(task.fate(LONG).unwrap(), lost);
    let error = task.result(LONG).unwrap_err();
    let text = format!("its worker: SIGABRT (process {second}, attempt 2)");
    assert_eq!((error.kind(), error.detail()), (ErrorKind::Lost, Some(text.as_str())));

    let limit = TaskOptions { time_limit: Some(Duration::from_secs(1)), retries: 3 };
    let late = pool.submit("until-asked", b"", &limit).unwrap();
    let (pid, _) = runner(&late);
    let text = format!("its time was up (process {pid}, attempt 1)");
    assert_eq!(late.result(LONG).unwrap_err().detail(), Some(text.as_str()));
}

fn inherited(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    let mine = submit(&pool, "echo", b"mine");
    let mut copies = Some((pool.clone(), pool, mine));
    let child = fork(|| {
        let (pool, other, its) = copies.take().unwrap();
        assert_eq!(pool.apply("echo", b"child's", &plain()).unwrap(), b"child's");
        assert_eq!(done(&its), b"mine", "a fork child can look");
        drop((pool, other, its));
    });
    assert_eq!(child.wait(), Ended::Code(0));
    let (pool, other, mine) = copies.unwrap();
    assert!(!pool.is_closed(), "the child has ended it");
    assert_eq!(done(&mine), b"mine");
    drop(other);
    assert_eq!(pool.apply("echo", b"still", &plain()).unwrap(), b"still");
}
