//! Callbacks: they come once each, in order, in one thread, however a task ends and whoever dies.
#![allow(clippy::disallowed_types)] // what callbacks write down is read by no fork child

use super::{ALL, CRIMES, ONE, PROCESSES, Scenario, done, kind, options, plain, pool, submit, until, yard};
use crate::process::{Ended, LONG, fork, fork_with, sleep_ms};
use courtyard::{
    AtExit, Cause, ErrorKind, Exit, Fate, ForkServer, Future, Options, Pool, PoolOptions, Process,
    ProcessOptions, StartMethod, Value,
};
use std::sync::{Arc, Mutex};

pub(super) const SCENARIOS: &[Scenario] = &[
    ("callbacks_are_called", ALL, callbacks),
    ("callbacks_come_once_and_in_order", ONE, callbacks_in_order),
    ("ten_thousand_callbacks_take_one_thread", &[StartMethod::Threads], many_callbacks),
    ("callbacks_come_however_a_task_ends", PROCESSES, callbacks_of_all_ends),
    ("callbacks_come_without_maker_or_initializer", ONE, callbacks_without_a_pool),
    ("callbacks_are_not_the_fork_childs", ONE, callbacks_and_forks),
    ("who_joins_waits_for_callbacks", ALL, callbacks_joined),
    ("a_process_that_a_callback_makes_heeds_signals", &[StartMethod::Threads], callbacks_make_processes),
    ("callbacks_come_once_whoever_adds_them_while_workers_die", PROCESSES, callbacks_in_a_storm),
];

fn callbacks(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    let (tell, told) = std::sync::mpsc::channel();
    for n in 0..10_u8 {
        let tell = tell.clone();
        pool.apply_async("echo", &[n], &plain(), move |fate| tell.send(fate.unwrap()).unwrap()).unwrap();
    }
    pool.apply_async("echo", b"", &plain(), |_| panic!("in a callback, as it was to")).unwrap();
    let mut seen: Vec<Fate> = (0..10).map(|_| told.recv_timeout(LONG).unwrap()).collect();
    seen.sort_by_key(|fate| if let Fate::Done(result) = fate { result[0] } else { 255 });
    assert_eq!(seen, (0..10).map(|n| Fate::Done(vec![n])).collect::<Vec<_>>());
    assert_eq!(pool.apply("echo", b"x", &plain()).unwrap(), b"x");
}

/// Who was called, and with what.
type Told = (u32, Result<Fate, ErrorKind>);

/// Where callbacks put down what they were called with, and in which order.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Told>>>);

impl Heard {
    fn note(&self, who: u32) -> impl FnOnce(courtyard::Result<Fate>) + Send + 'static {
        let heard = self.clone();
        move |fate| heard.0.lock().unwrap().push((who, fate.map_err(|e| e.kind())))
    }

    fn now(&self) -> Vec<Told> {
        self.0.lock().unwrap().clone()
    }

    /// Exactly so many, also a moment later.
    fn wait(&self, count: usize) -> Vec<Told> {
        until("they were called", || self.now().len() >= count);
        sleep_ms(20);
        let heard = self.now();
        assert_eq!(heard.len(), count, "{heard:?}");
        heard
    }
}

fn fate_of(heard: &[Told], who: u32) -> Fate {
    let mut told = heard.iter().filter(|(number, _)| *number == who).map(|(_, fate)| fate.clone().unwrap());
    let fate = told.next().unwrap();
    assert_eq!(told.next(), None, "{who} was told twice");
    fate
}

/// The threads of this process that have this name.
fn threads_called(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|comm| comm.trim_end() == name).count()
}

fn callbacks_in_order(method: StartMethod) {
    let (yard, pool) = pool(method, 1);
    let heard = Heard::default();
    let busy = submit(&pool, "until-asked", b"");
    for n in 0..5 {
        busy.add_done_callback(heard.note(n)).unwrap();
    }
    until("there is one thread", || threads_called("cyd-callbacks") == 1);
    assert!(heard.now().is_empty());
    // Another future of the same task, too; and one that is dropped is called for nevertheless.
    let onlooker = pool.future(busy.id()).unwrap();
    onlooker.add_done_callback(heard.note(5)).unwrap();
    busy.add_done_callback(heard.note(6)).unwrap();
    let later = submit(&pool, "echo", b"later");
    later.add_done_callback(heard.note(7)).unwrap();
    let id = later.id();
    drop(later);
    assert!(pool.future(id).is_ok(), "the callback keeps it");
    assert!(onlooker.stop());
    let order: Vec<u32> = heard.wait(8).iter().map(|(who, _)| *who).collect();
    assert_eq!(order, (0..8).collect::<Vec<_>>());
    assert_eq!(fate_of(&heard.now(), 6), Fate::Cancelled);
    assert_eq!(fate_of(&heard.now(), 7), Fate::Done(b"later".to_vec()));
    until("nobody keeps it", || pool.future(id).is_err());
    // One that has ended: at once, in the same thread; a callback may add some, submit and wait.
    let (inner, again) = (heard.clone(), pool.clone());
    let echo = submit(&pool, "echo", b"x");
    let own = pool.future(echo.id()).unwrap();
    assert_eq!(done(&echo), b"x");
    echo.add_done_callback(move |_| {
        assert_eq!(again.apply("echo", b"y", &plain()).unwrap(), b"y");
        busy.add_done_callback(inner.note(9)).unwrap();
        own.add_done_callback(inner.note(10)).unwrap();
        inner.note(8)(Ok(Fate::Cancelled));
        drop(busy); // its last one
    })
    .unwrap();
    let order: Vec<u32> = heard.wait(11).iter().skip(8).map(|(who, _)| *who).collect();
    assert_eq!(order, [8, 9, 10]);
    // Onlookers hear when there is nothing to hear any more.
    let gone = submit(&pool, "until-asked", b"");
    let onlooker = pool.future(gone.id()).unwrap();
    onlooker.add_done_callback(heard.note(11)).unwrap();
    gone.stop();
    drop(gone);
    assert!(matches!(heard.wait(12)[11], (11, Ok(Fate::Cancelled) | Err(ErrorKind::NotFound))));
    // One that panics is that one's own affair. It is said, and so nobody misses it.
    later_panics(&pool, &heard);
    drop((pool, yard, onlooker, echo));
    until("its thread ends", || threads_called("cyd-callbacks") == 0);
}

/// A task's end is heard of, and told, in threads in which every signal is blocked.
fn callbacks_make_processes(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    let anyway = ProcessOptions { despite_threads: true, at_exit: AtExit::Kill, ..Default::default() };
    let make = move || {
        let server = ForkServer::start().unwrap();
        let all = [
            Process::spawn_with(&anyway, "sleeps", b"").unwrap(),
            Process::fork_with(&anyway, sleeps).unwrap(),
            server.spawn_with(&anyway, "sleeps", b"").unwrap(),
        ];
        (all, server)
    };
    let (tell, told) = std::sync::mpsc::channel();
    pool.apply_async("echo", b"", &plain(), move |_| tell.send(make()).unwrap()).unwrap();
    let (all, _server) = told.recv_timeout(LONG).unwrap();
    for child in all {
        child.terminate().unwrap();
        assert_eq!(child.join(LONG).unwrap(), Exit::Signal(libc::SIGTERM));
    }
}

fn sleeps() -> i32 {
    sleep_ms(60_000);
    0
}

pub(super) fn entries() {
    courtyard::register_entry("sleeps", |_| sleeps()).unwrap();
}

/// What the library says.
static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Listener;

impl log::Log for Listener {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        SAID.lock().unwrap().push(record.args().to_string());
        assert!(!record.args().to_string().contains("no text"), "who listens panics, too");
    }

    fn flush(&self) {}
}

/// To drop it is to panic again.
struct PanicsAgain;

impl Drop for PanicsAgain {
    fn drop(&mut self) {
        panic!("once more");
    }
}

fn later_panics(pool: &Pool, heard: &Heard) {
    log::set_logger(&Listener).unwrap();
    log::set_max_level(log::LevelFilter::Error);
    let busy = submit(pool, "until-asked", b"");
    busy.add_done_callback(|_| panic!("in a callback, as it was to")).unwrap();
    busy.add_done_callback(|_| std::panic::panic_any(PanicsAgain)).unwrap();
    busy.add_done_callback(heard.note(12)).unwrap();
    busy.stop();
    heard.wait(13);
    let said = SAID.lock().unwrap().clone();
    let told = format!("a callback of task {:#x} panicked: in a callback, as it was to", busy.id());
    assert!(said.contains(&told), "{said:?}");
}

fn many_callbacks(method: StartMethod) {
    const MANY: u32 = 10_000;
    let yard = Options::new().size(64 << 20).anonymous().unwrap();
    let options = PoolOptions { tasks: 10_100, ..options(method, 2) };
    let pools = ["one", "two"].map(|name| Pool::create(&yard, name, &options).unwrap());
    let heard = Heard::default();
    let most = std::cell::Cell::new(0);
    for n in 0..MANY {
        let future = submit(&pools[n as usize % 2], "echo", &n.to_ne_bytes());
        future.add_done_callback(heard.note(n)).unwrap();
        if n % 100 == 0 {
            most.set(most.get().max(threads_called("cyd-callbacks")));
        }
    }
    until("all were called", || heard.now().len() == MANY as usize);
    assert_eq!(most.get(), 1);
    let mut heard = heard.now();
    heard.sort_by_key(|(who, _)| *who);
    for (n, (who, fate)) in (0..MANY).zip(heard) {
        assert_eq!((who, fate), (n, Ok(Fate::Done(n.to_ne_bytes().to_vec()))));
    }
    for pool in &pools {
        until("no task is left", || pool.progress().done == 0);
    }
}

/// Killed, lost, given up: whoever is to be called is called, with the right news.
fn callbacks_of_all_ends(method: StartMethod) {
    let (yard, pool) = pool(method, 2);
    let heard = Heard::default();
    for (n, (crime, _)) in (0..).zip(CRIMES) {
        submit(&pool, "die", &[crime, 255]).add_done_callback(heard.note(n)).unwrap();
    }
    let told = heard.wait(CRIMES.len());
    for (n, (_, exit)) in (0..).zip(CRIMES) {
        let wanted = Cause::Exit(exit);
        assert!(matches!(fate_of(&told, n), Fate::Lost { cause, .. } if cause == wanted), "{n}");
    }
    // Two run, one waits: terminated, with nothing left of pool and yard in this process but the callbacks.
    let heard = Heard::default();
    let busy = [(); 2].map(|()| submit(&pool, "until-asked", b""));
    until("both run", || busy.iter().all(Future::is_running));
    busy[0].add_done_callback(heard.note(0)).unwrap();
    busy[1].add_done_callback(heard.note(1)).unwrap();
    submit(&pool, "echo", b"").add_done_callback(heard.note(2)).unwrap();
    drop((busy, yard));
    drop(pool);
    let heard = heard.wait(3);
    for who in 0..3 {
        assert_eq!(fate_of(&heard, who), Fate::Cancelled);
    }
}

fn callbacks_without_a_pool(method: StartMethod) {
    // The maker dies: what ran is lost with its workers, what waited because there are none.
    let yard = yard();
    let made = Value::<u32>::create(&yard, "made").unwrap();
    let maker = fork(|| {
        let _pool = Pool::create(&yard, "pool", &options(method, 1)).unwrap();
        made.set(1);
        sleep_ms(30_000);
    });
    until("there is a pool", || made.get() == 1);
    let pool = Pool::open(&yard, "pool").unwrap();
    let heard = Heard::default();
    let busy = submit(&pool, "until-asked", b"");
    busy.add_done_callback(heard.note(0)).unwrap();
    until("it runs", || busy.is_running());
    submit(&pool, "echo", b"").add_done_callback(heard.note(1)).unwrap();
    drop(busy);
    maker.slay();
    let told = heard.wait(2);
    assert!(matches!(fate_of(&told, 0), Fate::Lost { .. }));
    assert!(matches!(fate_of(&told, 1), Fate::Lost { cause: Cause::NoWorkers, .. }));
    // No worker can begin.
    let bad = PoolOptions { initializer: Some("begin-badly".into()), ..options(method, 2) };
    let unfit = Pool::create(&yard, "unfit", &bad).unwrap();
    let heard = Heard::default();
    if let Ok(future) = unfit.submit("echo", b"", &plain()) {
        future.add_done_callback(heard.note(0)).unwrap();
        assert!(matches!(fate_of(&heard.wait(1), 0), Fate::Lost { cause: Cause::Unfit, .. }));
    }
}

fn callbacks_and_forks(method: StartMethod) {
    let (yard, pool) = pool(method, 2);
    let calls = Value::<u64>::create(&yard, "calls").unwrap();
    let go = Value::<u32>::create(&yard, "go").unwrap();
    let me = std::process::id();
    let call = |as_much: u64| {
        let calls = calls.clone();
        move |fate: courtyard::Result<Fate>| {
            let mine = u64::from(std::process::id() == me) * 1000 + u64::from(fate.is_ok());
            calls.fetch_add(as_much * 10_000 + mine);
        }
    };
    let busy = submit(&pool, "until-asked", b"");
    busy.add_done_callback(call(0)).unwrap(); // 1001: in the parent alone
    let kid = fork(|| {
        assert_eq!(threads_called("cyd-callbacks"), 0);
        busy.add_done_callback(call(1)).unwrap(); // 10 001: in the child
        until("there is one thread", || threads_called("cyd-callbacks") == 1);
        go.set(1);
        until("the child was called", || calls.get() % 100_000 >= 10_000);
        sleep_ms(20);
    });
    until("the child has asked", || go.get() == 1);
    assert!(busy.stop());
    assert_eq!(kid.wait(), Ended::Code(0));
    until("both were called", || calls.get() == 11_002);
    sleep_ms(20);
    assert_eq!(calls.get(), 11_002);
    // A callback forks, and its child returns from it: the child calls nothing more.
    calls.set(0);
    let busy = submit(&pool, "until-asked", b"");
    let returned = calls.clone();
    busy.add_done_callback(move |_| {
        let pid = unsafe { libc::fork() };
        if pid != 0 {
            let mut status = 0;
            assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
            returned.fetch_add(1 << 32);
        }
    })
    .unwrap();
    busy.add_done_callback(call(0)).unwrap();
    busy.stop();
    until("both were called", || calls.get() == (1 << 32) + 1001);
    sleep_ms(20);
    assert_eq!(calls.get(), (1 << 32) + 1001);
}

fn callbacks_joined(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    let heard = Heard::default();
    for n in 0..20 {
        let note = heard.note(n);
        pool.apply_async("echo", b"x", &plain(), move |fate| {
            sleep_ms(2);
            note(fate);
        })
        .unwrap();
    }
    let (of_its_own, inner) = (pool.clone(), heard.clone());
    pool.apply_async("echo", b"x", &plain(), move |_| {
        until("it is closed", || of_its_own.is_closed());
        // It does not wait for itself.
        let joined = of_its_own.join(LONG).map(|()| Fate::Cancelled);
        inner.note(99)(joined);
    })
    .unwrap();
    assert_eq!(kind(pool.join(LONG)), ErrorKind::State);
    pool.close();
    pool.join(LONG).unwrap();
    let heard = heard.now();
    assert_eq!(heard.len(), 21);
    assert_eq!(fate_of(&heard, 99), Fate::Cancelled, "it was joined");
}

/// Four threads add callbacks to the same futures, before and after their ends; some tasks kill their workers, some futures are
/// dropped at once, and children are forked all the time.
fn callbacks_in_a_storm(method: StartMethod) {
    const ROUNDS: u32 = 30;
    const TASKS: u32 = 20;
    const THREADS: u32 = 4;
    let (_yard, pool) = pool(method, 3);
    let heard = Heard::default();
    let mut wanted = 0;
    for round in 0..ROUNDS {
        let futures: Vec<Future> = (0..TASKS)
            .map(|n| {
                if (n + round) % 10 == 0 {
                    submit(&pool, "die", &[0, 255])
                } else {
                    submit(&pool, "echo", &[1])
                }
            })
            .collect();
        let number = |thread: u32, n: u32| (round * THREADS + thread) * TASKS + n;
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (futures, heard) = (&futures, &heard);
                scope.spawn(move || {
                    for (n, future) in (0..).zip(futures) {
                        future.add_done_callback(heard.note(number(thread, n))).unwrap();
                    }
                });
            }
            scope.spawn(|| assert_eq!(fork_with(|| 0).wait(), Ended::Code(0)));
        });
        wanted += (THREADS * TASKS) as usize;
        if round % 3 == 0 {
            until("all of them were called", || heard.now().len() == wanted);
        }
        drop(futures);
    }
    let mut told = heard.wait(wanted);
    told.sort_by_key(|(who, _)| *who);
    for (wanted, (who, fate)) in (0..).zip(&told) {
        assert_eq!(*who, wanted);
        assert!(matches!(fate, Ok(Fate::Done(_) | Fate::Lost { .. })), "{fate:?}");
    }
    let lost = told.iter().filter(|(_, fate)| matches!(fate, Ok(Fate::Lost { .. }))).count();
    assert!(lost >= (ROUNDS * THREADS * TASKS / 10) as usize, "{lost} lost");
    until("no task is left", || {
        let now = pool.progress();
        now.done + now.lost == 0
    });
}
