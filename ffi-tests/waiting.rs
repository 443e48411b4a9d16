//! Waits for events, locks of readers and writers, conditions, queues, pipes and blocks: what signals, a fork and strange timeouts do to them.
//!
//! Every scenario runs in a process of its own, forked from a main that has one thread, for every kind of wait.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::panic)] // a test fails by panicking
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks)] // signals: each block is one system call

#[path = "support/process.rs"]
mod process;

use courtyard::{
    BlockClass, Blocks, BlocksOptions, Condition, Connection, ErrorKind, Event, EventOptions, LifoOptions,
    LifoQueue, Lock, Options, Pipe, PipeEnd, PipeOptions, PriorityOptions, PriorityQueue, Queue,
    QueueOptions, RLock, RwLock, RwLockOptions, Scope, Timeout, Yard,
};
use process::{Ended, LONG, fork_with, sleep_ms};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

type Waited = Result<(), ErrorKind>;

/// Something to wait for. `block` and `end` are called by one thread, `wait` by another.
trait Place: Sync {
    /// From now on `wait` waits.
    fn block(&self) {}
    /// Waits once; whoever owns something after it has given it back.
    fn wait(&self, timeout: Timeout) -> Waited;
    /// How a wait ends that nothing ends.
    fn gives_up(&self) -> ErrorKind {
        ErrorKind::Timeout
    }
    /// What a fork child of the waiting process gets that tries.
    fn child_gets(&self) -> ErrorKind;
    /// Lets one go on who waits.
    fn end(&self);
}

fn plain<T>(result: courtyard::Result<T>) -> Waited {
    result.map(drop).map_err(|e| e.kind())
}

impl Place for Event {
    fn wait(&self, timeout: Timeout) -> Waited {
        plain(Event::wait(self, timeout))
    }

    fn child_gets(&self) -> ErrorKind {
        ErrorKind::Timeout
    }

    fn end(&self) {
        self.set();
    }
}

struct Reading(RwLock);

impl Place for Reading {
    fn block(&self) {
        self.0.write_unguarded(Timeout::Try).unwrap();
    }

    fn wait(&self, timeout: Timeout) -> Waited {
        plain(self.0.read(timeout))
    }

    fn child_gets(&self) -> ErrorKind {
        ErrorKind::Busy
    }

    fn end(&self) {
        self.0.release().unwrap();
    }
}

struct Writing(RwLock);

impl Place for Writing {
    fn block(&self) {
        self.0.read_unguarded(Timeout::Try).unwrap();
    }

    fn wait(&self, timeout: Timeout) -> Waited {
        plain(self.0.write(timeout))
    }

    fn child_gets(&self) -> ErrorKind {
        ErrorKind::Busy
    }

    fn end(&self) {
        self.0.release().unwrap();
    }
}

struct WithLock(Condition, Lock);

impl Place for WithLock {
    fn wait(&self, timeout: Timeout) -> Waited {
        if timeout == Timeout::Try {
            return plain(self.0.wait(&self.1, timeout)); // a child, without the lock
        }
        self.1.acquire_unguarded(LONG).unwrap();
        let waited = self.0.wait(&self.1, timeout).unwrap();
        self.1.release().unwrap(); // it is held after every wait
        plain(waited.or_error())
    }

    fn child_gets(&self) -> ErrorKind {
        ErrorKind::NotOwner
    }

    fn end(&self) {
        assert_eq!(self.0.notify(2), 1);
    }
}

struct WithRLock(Condition, RLock);

impl Place for WithRLock {
    fn wait(&self, timeout: Timeout) -> Waited {
        if timeout == Timeout::Try {
            return plain(self.0.wait(&self.1, timeout)); // a child, without the lock
        }
        (0..3).for_each(|_| assert_eq!(self.1.acquire_unguarded(LONG), Ok(None)));
        let waited = self.0.wait(&self.1, timeout).unwrap();
        assert_eq!(self.1.count(), 3);
        (0..3).for_each(|_| self.1.release().unwrap());
        plain(waited.or_error())
    }

    fn child_gets(&self) -> ErrorKind {
        ErrorKind::NotOwner
    }

    fn end(&self) {
        assert_eq!(self.0.notify_all(), 1);
    }
}

/// A wait for a message, or for room: how it is made, how it ends, what is told after it and in a child.
struct Moving {
    wait: Box<dyn Fn(Timeout) -> Waited + Sync>,
    end: Box<dyn Fn() + Sync>,
    gives_up: ErrorKind,
    child_gets: ErrorKind,
}

impl Place for Moving {
    fn wait(&self, timeout: Timeout) -> Waited {
        (self.wait)(timeout)
    }

    fn gives_up(&self) -> ErrorKind {
        self.gives_up
    }

    fn child_gets(&self) -> ErrorKind {
        self.child_gets
    }

    fn end(&self) {
        (self.end)();
    }
}

fn moving(
    kind: ErrorKind,
    wait: impl Fn(Timeout) -> Waited + Sync + 'static,
    end: impl Fn() + Sync + 'static,
) -> Box<dyn Place> {
    Box::new(Moving { wait: Box::new(wait), end: Box::new(end), gives_up: kind, child_gets: kind })
}

fn for_data<T: Clone + Sync + 'static>(
    it: T,
    get: fn(&T, Timeout) -> Waited,
    put: fn(&T, Timeout) -> Waited,
) -> Box<dyn Place> {
    let other = it.clone();
    moving(ErrorKind::Empty, move |timeout| get(&it, timeout), move || put(&other, Timeout::Try).unwrap())
}

fn for_room<T: Clone + Sync + 'static>(
    it: T,
    get: fn(&T, Timeout) -> Waited,
    put: fn(&T, Timeout) -> Waited,
) -> Box<dyn Place> {
    while put(&it, Timeout::Try).is_ok() {}
    let other = it.clone();
    moving(ErrorKind::Full, move |timeout| put(&it, timeout), move || get(&other, Timeout::Try).unwrap())
}

fn queue(yard: &Yard, unacked: usize) -> Queue {
    let options = QueueOptions { capacity: 2, unacked, ..QueueOptions::default() };
    Queue::create(yard, "q", options).unwrap()
}

fn queue_get(queue: &Queue, timeout: Timeout) -> Waited {
    plain(queue.get(&mut [0; 8], timeout))
}

fn queue_put(queue: &Queue, timeout: Timeout) -> Waited {
    plain(queue.put(b"x", timeout))
}

/// As many messages are owed as may be.
fn queue_owing(yard: &Yard) -> Box<dyn Place> {
    let queue = queue(yard, 1);
    (0..2).for_each(|_| queue_put(&queue, Timeout::Try).unwrap());
    let (owed, other) = (queue.get_ack(&mut [0; 8], Timeout::Try).unwrap(), queue.clone());
    let wait = move |timeout| {
        plain(queue.get_ack(&mut [0; 8], timeout).map(|owed| queue.done(owed.ticket).unwrap()))
    };
    moving(ErrorKind::Full, wait, move || other.done(owed.ticket).unwrap())
}

/// Something is not finished yet.
fn queue_joining(yard: &Yard) -> Box<dyn Place> {
    let queue = queue(yard, 1);
    queue_put(&queue, Timeout::Try).unwrap();
    let other = queue.clone();
    let end = move || queue_get(&other, Timeout::Try).unwrap();
    moving(ErrorKind::Timeout, move |timeout| plain(queue.join(timeout)), end)
}

fn lifo(yard: &Yard) -> LifoQueue {
    LifoQueue::create(yard, "q", LifoOptions { capacity: 2, max_len: 8 }).unwrap()
}

fn lifo_get(queue: &LifoQueue, timeout: Timeout) -> Waited {
    plain(queue.get(&mut [0; 8], timeout))
}

fn lifo_put(queue: &LifoQueue, timeout: Timeout) -> Waited {
    plain(queue.put(b"x", timeout))
}

fn priority(yard: &Yard) -> PriorityQueue {
    PriorityQueue::create(yard, "q", PriorityOptions { capacity: 2, max_len: 8 }).unwrap()
}

fn priority_get(queue: &PriorityQueue, timeout: Timeout) -> Waited {
    plain(queue.get(&mut [0; 8], timeout))
}

fn priority_put(queue: &PriorityQueue, timeout: Timeout) -> Waited {
    plain(queue.put(b"x", 1, timeout))
}

type Ends = [Connection; 2];

fn pipe(yard: &Yard) -> Ends {
    let pipe = Pipe::create(yard, "p", PipeOptions { capacity: 64, ..PipeOptions::default() }).unwrap();
    PipeEnd::ALL.map(|end| pipe.end(end).unwrap())
}

fn pipe_recv([rx, _]: &Ends, timeout: Timeout) -> Waited {
    plain(rx.recv(&mut [0; 8], timeout))
}

fn pipe_send([_, tx]: &Ends, timeout: Timeout) -> Waited {
    plain(tx.send(b"x", timeout))
}

/// The only block is taken.
fn no_block(yard: &Yard) -> Box<dyn Place> {
    let classes = vec![BlockClass { size: 64, count: 1 }];
    let make = || Blocks::open_or_create(yard, "b", &BlocksOptions { bytes: 0, classes: classes.clone() });
    let (blocks, other) = (make().unwrap(), make().unwrap());
    let taken = blocks.try_alloc(8).unwrap().into_handle();
    Box::new(Moving {
        wait: Box::new(move |timeout| plain(blocks.alloc(8, timeout))),
        end: Box::new(move || other.free(taken).unwrap()),
        gives_up: ErrorKind::Timeout,
        child_gets: ErrorKind::NoSpace,
    })
}

/// Makes what is waited for.
type Make = fn(&Yard) -> Box<dyn Place>;

const PLACES: [(&str, Make); 17] = [
    ("a kept event", |yard| Box::new(Event::create(yard, "e", EventOptions::default()).unwrap())),
    ("an auto-reset event", |yard| {
        let options = EventOptions { auto_reset: true, ..EventOptions::default() };
        Box::new(Event::create(yard, "e", options).unwrap())
    }),
    ("a lock to read", |yard| {
        Box::new(Reading(RwLock::create(yard, "rw", RwLockOptions::default()).unwrap()))
    }),
    ("a lock to write", |yard| {
        Box::new(Writing(RwLock::create(yard, "rw", RwLockOptions::default()).unwrap()))
    }),
    ("a condition with a lock", |yard| {
        let lock = Lock::create(yard, "lock", Scope::Thread).unwrap();
        Box::new(WithLock(Condition::create(yard, "c").unwrap(), lock))
    }),
    ("a condition with a re-entrant lock", |yard| {
        let lock = RLock::create(yard, "lock").unwrap();
        Box::new(WithRLock(Condition::create(yard, "c").unwrap(), lock))
    }),
    ("a queue to get", |yard| for_data(queue(yard, 0), queue_get, queue_put)),
    ("a queue to put", |yard| for_room(queue(yard, 0), queue_get, queue_put)),
    ("a queue that owes to get", queue_owing),
    ("a queue to join", queue_joining),
    ("a last-in-first-out queue to get", |yard| for_data(lifo(yard), lifo_get, lifo_put)),
    ("a last-in-first-out queue to put", |yard| for_room(lifo(yard), lifo_get, lifo_put)),
    ("a priority queue to get", |yard| for_data(priority(yard), priority_get, priority_put)),
    ("a priority queue to put", |yard| for_room(priority(yard), priority_get, priority_put)),
    ("a pipe to receive", |yard| for_data(pipe(yard), pipe_recv, pipe_send)),
    ("a pipe to send", |yard| for_room(pipe(yard), pipe_recv, pipe_send)),
    ("a block", no_block),
];

fn yard(interruptible: bool, fallback: bool) -> Yard {
    Options::new().slots(8).interruptible(interruptible).fallback(fallback).anonymous().unwrap()
}

static SIGNALS: AtomicU32 = AtomicU32::new(0);

extern "C" fn count_signal(_: i32) {
    SIGNALS.fetch_add(1, SeqCst);
}

/// Waits in a thread that gets a signal every millisecond; tells how it ended, and after how long.
fn under_signals(place: &dyn Place, timeout: Timeout) -> (Waited, Duration) {
    // SAFETY: the handler makes one atomic addition.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = count_signal as extern "C" fn(i32) as libc::sighandler_t;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()), 0);
    }
    let (thread, over) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|s| {
        let waiter = s.spawn(|| {
            thread.store(unsafe { libc::pthread_self() }, SeqCst);
            let begin = Instant::now();
            let waited = place.wait(timeout);
            let took = begin.elapsed();
            over.store(true, SeqCst);
            (waited, took)
        });
        while !over.load(SeqCst) {
            sleep_ms(1);
            let thread = thread.load(SeqCst);
            if thread != 0 && !over.load(SeqCst) {
                // SAFETY: the thread is not joined before.
                unsafe { libc::pthread_kill(thread, libc::SIGUSR1) };
            }
        }
        waiter.join().unwrap()
    })
}

fn signals_do_not_end_a_wait(make: Make) {
    for fallback in [false, true] {
        let place = make(&yard(false, fallback));
        place.block();
        let before = SIGNALS.load(SeqCst);
        let wait = Duration::from_millis(40);
        let (waited, took) = under_signals(&*place, Timeout::For(wait));
        assert_eq!(waited, Err(place.gives_up()));
        assert!(took >= wait, "{took:?}");
        assert!(SIGNALS.load(SeqCst) > before, "no signal came");
    }
}

fn signals_end_a_wait_where_that_is_wanted(make: Make) {
    for fallback in [false, true] {
        let place = make(&yard(true, fallback));
        place.block();
        for timeout in [Timeout::Forever, Timeout::For(LONG)] {
            assert_eq!(under_signals(&*place, timeout).0, Err(ErrorKind::Interrupted));
        }
    }
}

/// A thread waits; what `meanwhile` does leaves it waiting, and then its wait is ended.
fn beside_a_waiter(place: &dyn Place, timeout: Timeout, meanwhile: impl FnOnce()) {
    place.block();
    std::thread::scope(|s| {
        let waiter = s.spawn(|| place.wait(timeout));
        sleep_ms(30);
        meanwhile();
        assert!(!waiter.is_finished(), "{:?}", waiter.join());
        place.end();
        assert_eq!(waiter.join().unwrap(), Ok(()));
    });
}

fn a_fork_beside_a_wait_changes_nothing(make: Make) {
    let place = make(&yard(false, false));
    beside_a_waiter(&*place, Timeout::Forever, || {
        let child = fork_with(|| {
            // It does not wait, and has nothing of what its parent has.
            i32::from(place.wait(Timeout::Try) != Err(place.child_gets()))
        });
        assert_eq!(child.wait(), Ended::Code(0));
    });
}

fn the_longest_timeouts_are_long(make: Make) {
    let longest = [Timeout::For(Duration::MAX), Timeout::from_ns(i64::MAX), Timeout::from_ns(i64::MIN)];
    for timeout in longest.into_iter().chain([Timeout::from_ns(-1)]) {
        beside_a_waiter(&*make(&yard(false, false)), timeout, || {});
    }
}

fn the_shortest_timeouts_are_short(make: Make) {
    let place = make(&yard(false, false));
    place.block();
    std::thread::scope(|s| {
        for timeout in [Timeout::from_ns(1), Timeout::For(Duration::from_nanos(1))] {
            let place = &place;
            assert_eq!(s.spawn(move || place.wait(timeout)).join().unwrap(), Err(place.gives_up()));
        }
    });
}

/// Who sleeps is told, and does not only look at the end of his slice: that would be 220 ms later. Usually: some rounds of many.
fn who_waits_is_told_at_once(make: Make) {
    let quick = (0..20).filter(|_| {
        let place = make(&yard(false, false));
        place.block();
        std::thread::scope(|s| {
            let waiter = s.spawn(|| {
                assert_eq!(place.wait(Timeout::Forever), Ok(()));
                Instant::now()
            });
            sleep_ms(30);
            let ended = Instant::now();
            place.end();
            waiter.join().unwrap() - ended < Duration::from_millis(60)
        })
    });
    assert_eq!(quick.take(3).count(), 3);
}

type Scenario = fn(Make);

const SCENARIOS: [(&str, Scenario); 6] = [
    ("signals do not end a wait", signals_do_not_end_a_wait),
    ("signals end a wait where that is wanted", signals_end_a_wait_where_that_is_wanted),
    ("a fork beside a wait changes nothing", a_fork_beside_a_wait_changes_nothing),
    ("the longest timeouts are long", the_longest_timeouts_are_long),
    ("the shortest timeouts are short", the_shortest_timeouts_are_short),
    ("who waits is told at once", who_waits_is_told_at_once),
];

fn main() {
    let filter = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    let all = SCENARIOS.iter().flat_map(|scenario| PLACES.iter().map(move |place| (scenario, place)));
    let all = all.map(|((what, scenario), (kind, make))| (format!("{what}: {kind}"), *scenario, *make));
    let wanted: Vec<_> = all.filter(|(name, ..)| name.contains(&filter)).collect();
    if std::env::args().any(|word| word == "--list") {
        return wanted.iter().for_each(|(name, ..)| println!("{name}: test"));
    }
    let mut failed = 0;
    for (name, scenario, make) in &wanted {
        let end = fork_with(|| {
            scenario(*make);
            0
        });
        let well = end.wait() == Ended::Code(0);
        println!("{name} ... {}", if well { "ok" } else { "FAILED" });
        failed += i32::from(!well);
    }
    println!("{} passed, {failed} failed", wanted.len() as i32 - failed);
    std::process::exit(i32::from(failed > 0));
}
