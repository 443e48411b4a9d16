//! What is left of each noun after each way to go: makes somebody go and compares with the table of `docs/death.md`.
//!
//! Every cell runs in a process of its own, forked from a main that has one thread and has opened no yard.
//! Arguments pick cells by a part of `noun / way`.
// The scenarios fork, kill and exec by hand, and fail by panicking, as tests do. Each unsafe block is one system call.
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/process.rs"]
mod process;

#[path = "death/pools.rs"]
mod pools;
#[path = "death/tries.rs"]
mod tries;

use courtyard::{
    Array, ArrayOptions, Barrier, BlockClass, Blocks, BlocksOptions, BrokenBy, Condition, ErrorKind, Event,
    EventOptions, Lock, Options, Peer, Permits, Pipe, PipeEnd, PipeOptions, Queue, QueueOptions, QueueSide,
    RLock, Ring, RingOptions, RwLock, RwLockOptions, Scope, Semaphore, SemaphoreOptions, Strategy, Struct,
    Timeout, Value, Yard,
};
use courtyard::{LifoOptions, LifoQueue, PriorityOptions, PriorityQueue};
use process::{Child, Ended, LONG, Step, fork, sleep_ms};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::Duration;

/// One row: how to make it, to take it for good, and what a stranger finds.
struct Noun {
    name: &'static str,
    make: fn(&Yard),
    hold: fn(&Yard),
    /// Its owner lives.
    held: fn(&Yard),
    /// Its owner is gone.
    freed: fn(&Yard),
}

const NOUNS: &[Noun] = &[
    Noun {
        name: "Lock, scope thread",
        make: |yard| drop(Lock::create(yard, "it", Scope::Thread).unwrap()),
        hold: hold_lock,
        held: lock_is_held,
        freed: lock_is_freed,
    },
    Noun {
        name: "Lock, scope process",
        make: |yard| drop(Lock::create(yard, "it", Scope::Process).unwrap()),
        hold: hold_lock,
        held: lock_is_held,
        freed: lock_is_freed,
    },
    Noun {
        name: "Lock, scope anyone",
        make: |yard| drop(Lock::create(yard, "it", Scope::Anyone).unwrap()),
        hold: hold_lock,
        held: lock_is_held,
        freed: lock_is_freed,
    },
    Noun {
        name: "RLock",
        make: |yard| drop(RLock::create(yard, "it").unwrap()),
        hold: |yard| {
            let lock = RLock::open(yard, "it").unwrap();
            (0..3).for_each(|_| assert_eq!(lock.acquire_unguarded(Timeout::Try), Ok(None)));
        },
        held: |yard| {
            let lock = RLock::open(yard, "it").unwrap();
            assert_eq!(lock.acquire(Duration::from_millis(5)).unwrap_err().kind(), ErrorKind::Timeout);
            assert!(lock.holder().is_some() && !lock.is_suspect());
        },
        freed: |yard| {
            let lock = RLock::open(yard, "it").unwrap();
            assert!(lock.acquire(LONG).unwrap().owner_died());
            let mut guard = lock.acquire(LONG).unwrap();
            assert!(guard.owner_died(), "told until it is repaired");
            assert_eq!(lock.count(), 1);
            guard.repaired().unwrap();
            drop(guard);
            assert!(!lock.acquire(LONG).unwrap().owner_died());
        },
    },
    Noun {
        name: "Permits",
        make: |yard| drop(Permits::create(yard, "it", 4).unwrap()),
        hold: |yard| Permits::open(yard, "it").unwrap().acquire_many_unguarded(3, Timeout::Try).unwrap(),
        held: |yard| {
            let permits = Permits::open(yard, "it").unwrap();
            let two = permits.acquire_many(2, Duration::from_millis(5));
            assert_eq!(two.unwrap_err().kind(), ErrorKind::Timeout);
            assert_eq!(permits.available(), 1);
        },
        freed: |yard| {
            let permits = Permits::open(yard, "it").unwrap();
            drop(permits.acquire_many(4, LONG).unwrap());
            assert_eq!((permits.available(), permits.holders().len()), (4, 0));
        },
    },
    Noun {
        name: "Blocks",
        make: |yard| {
            let classes = vec![BlockClass { size: 64, count: 4 }];
            drop(Blocks::create(yard, "it", &BlocksOptions { bytes: 0, classes }).unwrap());
        },
        hold: |yard| {
            let blocks = Blocks::open(yard, "it").unwrap();
            blocks.try_alloc(2 * 64).unwrap().into_handle();
            blocks.try_alloc(1).unwrap().offer().unwrap();
        },
        held: |yard| {
            let blocks = Blocks::open(yard, "it").unwrap();
            let two = blocks.alloc(2 * 64, Duration::from_millis(5));
            assert_eq!(two.unwrap_err().kind(), ErrorKind::Timeout);
            let (usage, owners) = (blocks.usage()[0], blocks.owners());
            assert_eq!((usage.free, usage.offered, owners.len(), owners[0].count), (1, 1, 1, 2));
        },
        freed: |yard| {
            let blocks = Blocks::open(yard, "it").unwrap();
            drop(blocks.alloc(4 * 64, LONG).unwrap());
            assert_eq!((blocks.usage()[0].free, blocks.owners().len()), (4, 0));
        },
    },
    Noun {
        name: "Barrier, a declared party",
        make: |yard| drop(Barrier::create(yard, "it", 2).unwrap()),
        hold: |yard| {
            let barrier = Barrier::open(yard, "it").unwrap();
            barrier.declare_unguarded().unwrap();
            std::mem::forget(barrier); // who drops the handle leaves
        },
        held: |yard| {
            let barrier = Barrier::open(yard, "it").unwrap();
            assert_eq!((barrier.declared(), barrier.broken()), (1, None));
        },
        freed: |yard| {
            let barrier = Barrier::open(yard, "it").unwrap();
            assert_eq!(barrier.wait(LONG).unwrap_err().kind(), ErrorKind::Broken);
            assert!(matches!(barrier.broken(), Some(BrokenBy::Died { pid: 1.., tid: 0 })));
            assert_eq!(barrier.declared(), 0);
            barrier.reset();
            assert_eq!(barrier.broken(), None);
        },
    },
    Noun {
        name: "RwLock, to read",
        make: |yard| drop(RwLock::create(yard, "it", RwLockOptions::default()).unwrap()),
        hold: |yard| {
            let lock = RwLock::open(yard, "it").unwrap();
            (0..3).for_each(|_| assert_eq!(lock.read_unguarded(Timeout::Try), Ok(None)));
        },
        held: |yard| {
            let lock = RwLock::open(yard, "it").unwrap();
            assert_eq!(lock.write(Duration::from_millis(5)).unwrap_err().kind(), ErrorKind::Timeout);
            assert!(lock.holders().readers.len() == 1 && !lock.is_suspect());
            drop(lock.read(LONG).unwrap());
        },
        freed: |yard| {
            let lock = RwLock::open(yard, "it").unwrap();
            assert!(!lock.write(LONG).unwrap().owner_died() && !lock.is_suspect());
        },
    },
    Noun {
        name: "RwLock, to write",
        make: |yard| drop(RwLock::create(yard, "it", RwLockOptions::default()).unwrap()),
        hold: |yard| assert_eq!(RwLock::open(yard, "it").unwrap().write_unguarded(Timeout::Try), Ok(None)),
        held: |yard| {
            let lock = RwLock::open(yard, "it").unwrap();
            assert_eq!(lock.read(Duration::from_millis(5)).unwrap_err().kind(), ErrorKind::Timeout);
            assert_eq!(lock.write(Duration::from_millis(5)).unwrap_err().kind(), ErrorKind::Timeout);
            assert!(lock.holders().writer.is_some() && !lock.is_suspect());
        },
        freed: |yard| {
            let lock = RwLock::open(yard, "it").unwrap();
            assert!(lock.read(LONG).unwrap().owner_died());
            let mut guard = lock.write(LONG).unwrap();
            assert!(guard.owner_died(), "told until it is repaired");
            guard.repaired().unwrap();
            drop(guard);
            assert!(!lock.read(LONG).unwrap().owner_died());
        },
    },
    Noun {
        name: "Semaphore",
        make: |yard| {
            let options = SemaphoreOptions { initial: 2, maximum: Some(2) };
            drop(Semaphore::create(yard, "it", options).unwrap());
        },
        hold: |yard| Semaphore::open(yard, "it").unwrap().acquire(Timeout::Try).unwrap(),
        held: one_permit_is_left,
        freed: one_permit_is_left,
    },
    Noun {
        name: "Event",
        make: |yard| drop(Event::create(yard, "it", EventOptions::default()).unwrap()),
        hold: |yard| assert!(Event::open(yard, "it").unwrap().set()),
        held: |yard| Event::open(yard, "it").unwrap().wait(Timeout::Try).unwrap(),
        freed: |yard| Event::open(yard, "it").unwrap().wait(Timeout::Try).unwrap(),
    },
    Noun {
        name: "Condition",
        make: |yard| drop(Condition::create(yard, "it").unwrap()),
        hold: |yard| {
            let lock = Lock::open_or_create(yard, "lock", Scope::Thread).unwrap();
            let guard = lock.acquire(LONG).unwrap();
            assert!(!Condition::open(yard, "it").unwrap().wait(&guard, Timeout::Try).unwrap().notified());
        },
        held: nobody_waits,
        freed: nobody_waits,
    },
    Noun {
        name: "Value",
        make: |yard| drop(Value::<u64>::create(yard, "it").unwrap()),
        hold: |yard| Value::<u64>::open(yard, "it").unwrap().set(42),
        held: |yard| assert_eq!(Value::<u64>::open(yard, "it").unwrap().get(), 42),
        freed: |yard| assert_eq!(Value::<u64>::open(yard, "it").unwrap().get(), 42),
    },
    Noun {
        name: "Struct",
        make: |yard| drop(Struct::<[u64; 20]>::create(yard, "it").unwrap()),
        hold: |yard| Struct::open(yard, "it").unwrap().set([42u64; 20], Timeout::Try).unwrap(),
        held: struct_is_whole,
        freed: struct_is_whole,
    },
    Noun {
        name: "Array",
        make: |yard| drop(Array::<u16>::create(yard, "it", 9, ArrayOptions::default()).unwrap()),
        hold: |yard| Array::open(yard, "it").unwrap().fill(.., 42u16).unwrap(),
        held: |yard| assert_eq!(Array::<u16>::open(yard, "it").unwrap().to_vec(), [42; 9]),
        freed: |yard| assert_eq!(Array::<u16>::open(yard, "it").unwrap().to_vec(), [42; 9]),
    },
    Noun {
        name: "Ring, sending end",
        make: make_ring,
        hold: |yard| {
            let mut sender = ring(yard).sender(Strategy::Block).unwrap();
            sender.send(b"last words", Timeout::Try).unwrap();
            std::mem::forget(sender);
        },
        held: |yard| {
            assert_eq!(ring(yard).sender(Strategy::Block).unwrap_err().kind(), ErrorKind::Busy);
            assert_eq!(ring(yard).sender_state(), Peer::Here);
        },
        freed: |yard| {
            let mut receiver = ring(yard).receiver(Strategy::Block).unwrap();
            let (words, received) = receiver.recv_vec(LONG).unwrap();
            assert_eq!((&words[..], received.redelivered), (&b"last words"[..], false));
            assert_eq!(receiver.recv_vec(LONG).unwrap_err().kind(), ErrorKind::PeerDied);
            ring(yard).sender(Strategy::Block).unwrap();
        },
    },
    Noun {
        name: "Ring, receiving end",
        make: |yard| {
            make_ring(yard);
            ring(yard).sender(Strategy::Block).unwrap().send(b"unread", Timeout::Try).unwrap();
        },
        hold: |yard| {
            let mut receiver = ring(yard).receiver(Strategy::Block).unwrap();
            let _ = receiver.peek(Timeout::Try).unwrap(); // not released
            std::mem::forget(receiver);
        },
        held: |yard| {
            assert_eq!(ring(yard).receiver(Strategy::Block).unwrap_err().kind(), ErrorKind::Busy);
            assert_eq!(ring(yard).receiver_state(), Peer::Here);
        },
        freed: |yard| {
            let mut receiver = patiently(|| ring(yard).receiver(Strategy::Block).ok());
            let (words, received) = receiver.recv_vec(LONG).unwrap();
            assert_eq!((&words[..], received.redelivered), (&b"unread"[..], true));
        },
    },
    Noun {
        name: "LifoQueue",
        make: |yard| drop(LifoQueue::create(yard, "it", LifoOptions::default()).unwrap()),
        hold: |yard| LifoQueue::open(yard, "it").unwrap().put(b"last words", Timeout::Try).unwrap(),
        held: one_message_is_left,
        freed: one_message_is_left,
    },
    Noun {
        name: "PriorityQueue",
        make: |yard| drop(PriorityQueue::create(yard, "it", PriorityOptions::default()).unwrap()),
        hold: |yard| PriorityQueue::open(yard, "it").unwrap().put(b"last words", 7, Timeout::Try).unwrap(),
        held: one_message_with_a_priority_is_left,
        freed: one_message_with_a_priority_is_left,
    },
    Noun {
        name: "Pipe, an end",
        make: |yard| drop(Pipe::create(yard, "it", PipeOptions { capacity: 1024, duplex: true }).unwrap()),
        hold: |yard| {
            let end = Pipe::open(yard, "it").unwrap().end(PipeEnd::Second).unwrap();
            end.send(b"last words", Timeout::Try).unwrap();
            std::mem::forget(end);
        },
        held: |yard| assert_eq!(Pipe::open(yard, "it").unwrap().state(PipeEnd::Second), Peer::Here),
        freed: |yard| {
            let end = Pipe::open(yard, "it").unwrap().end(PipeEnd::First).unwrap();
            assert_eq!(end.recv_vec(LONG).unwrap(), b"last words");
            assert_eq!(end.recv_vec(LONG).unwrap_err().kind(), ErrorKind::PeerDied);
        },
    },
    Noun {
        name: "Queue",
        make: |yard| {
            let options = QueueOptions { capacity: 4, block_bytes: 4096, ..QueueOptions::default() };
            drop(Queue::create(yard, "it", options).unwrap());
        },
        hold: |yard| {
            let queue = Queue::open(yard, "it").unwrap();
            queue.put(b"first", Timeout::Try).unwrap();
            queue.put(&[7; 300], Timeout::Try).unwrap();
        },
        held: queue_is_whole,
        freed: queue_is_whole,
    },
    Noun {
        name: "Queue, a message that is owed",
        make: |yard| {
            let options =
                QueueOptions { capacity: 4, block_bytes: 4096, unacked: 3, ..QueueOptions::default() };
            let queue = Queue::create(yard, "it", options).unwrap();
            queue.put(b"first", Timeout::Try).unwrap();
            queue.put(&[7; 300], Timeout::Try).unwrap();
        },
        hold: |yard| {
            let queue = Queue::open(yard, "it").unwrap();
            (0..2).for_each(|_| drop(queue.get_ack_vec(Timeout::Try).unwrap()));
        },
        held: |yard| {
            let queue = Queue::open(yard, "it").unwrap();
            assert_eq!(queue.get_vec(Duration::from_millis(5)).unwrap_err().kind(), ErrorKind::Empty);
            assert_eq!((queue.len(), queue.unfinished()), (0, 2));
        },
        freed: |yard| {
            let queue = Queue::open(yard, "it").unwrap();
            let (first, owed) = queue.get_ack_vec(LONG).unwrap();
            assert_eq!((&first[..], owed.received.redelivered), (&b"first"[..], true));
            let (long, received) = queue.get_vec(LONG).unwrap();
            assert_eq!((long, received.redelivered, queue.unfinished()), (vec![7; 300], true, 1));
            queue.done(owed.ticket).unwrap();
            queue.join(Timeout::Try).unwrap();
            let usage = queue.blocks().unwrap().usage();
            assert_eq!(usage.iter().map(|class| class.owned + class.linked).sum::<u32>(), 0);
        },
    },
    Noun {
        name: "Queue, a part in it",
        make: |yard| {
            let options = QueueOptions { capacity: 4, sides: true, ..QueueOptions::default() };
            drop(Queue::create(yard, "it", options).unwrap());
        },
        hold: |yard| {
            let part = Queue::open(yard, "it").unwrap().producer().unwrap();
            part.put(b"last words", Timeout::Try).unwrap();
            std::mem::forget(part);
        },
        held: |yard| {
            let queue = Queue::open(yard, "it").unwrap();
            assert_eq!(queue.side_state(QueueSide::Producers), Peer::Here);
        },
        freed: |yard| {
            let queue = Queue::open(yard, "it").unwrap();
            assert_eq!(queue.get_vec(LONG).unwrap().0, b"last words");
            assert_eq!(queue.get_vec(LONG).unwrap_err().kind(), ErrorKind::PeerDied);
        },
    },
];

/// What was put is there, and everything but that is free.
fn queue_is_whole(yard: &Yard) {
    let queue = Queue::open(yard, "it").unwrap();
    if !queue.is_empty() {
        assert_eq!(queue.get_vec(LONG).unwrap().0, b"first");
        let (long, received) = queue.get_vec(LONG).unwrap();
        assert_eq!((long, received.redelivered), (vec![7; 300], false));
    }
    queue.put(b"on", LONG).unwrap();
    assert_eq!(queue.get_vec(LONG).unwrap().0, b"on");
    let usage = queue.blocks().unwrap().usage();
    assert_eq!(usage.iter().map(|class| class.owned + class.linked).sum::<u32>(), 0);
}

fn hold_lock(yard: &Yard) {
    assert_eq!(Lock::open(yard, "it").unwrap().acquire_unguarded(Timeout::Try).unwrap(), None);
}

fn struct_is_whole(yard: &Yard) {
    let it = Struct::<[u64; 20]>::open(yard, "it").unwrap();
    assert_eq!(it.get_within(Timeout::Try).unwrap(), [42; 20]);
    it.update(LONG, |_| ()).unwrap();
}

fn lock_is_held(yard: &Yard) {
    let lock = Lock::open(yard, "it").unwrap();
    assert_eq!(lock.acquire(Duration::from_millis(5)).unwrap_err().kind(), ErrorKind::Timeout);
    assert!(lock.holder().is_some() && !lock.is_suspect());
}

fn lock_is_freed(yard: &Yard) {
    let lock = Lock::open(yard, "it").unwrap();
    assert!(lock.acquire(LONG).unwrap().owner_died());
    assert!(lock.acquire(LONG).unwrap().owner_died(), "told until it is repaired");
    lock.acquire(LONG).unwrap().repaired().unwrap();
    assert!(!lock.acquire(LONG).unwrap().owner_died());
}

fn nobody_waits(yard: &Yard) {
    let condition = Condition::open(yard, "it").unwrap();
    assert_eq!((condition.waiters(), condition.notify_all()), (0, 0));
    let guard = Lock::open(yard, "lock").unwrap();
    let guard = guard.acquire(LONG).unwrap();
    assert_eq!(condition.wait(&guard, Timeout::Try).unwrap().news, None);
}

fn one_permit_is_left(yard: &Yard) {
    let semaphore = Semaphore::open(yard, "it").unwrap();
    assert_eq!(semaphore.value(), 1);
    semaphore.acquire(Timeout::Try).unwrap();
    assert_eq!(semaphore.try_acquire().unwrap_err().kind(), ErrorKind::Busy);
    semaphore.release(1).unwrap();
}

fn one_message_is_left(yard: &Yard) {
    let queue = LifoQueue::open(yard, "it").unwrap();
    assert_eq!((queue.len(), queue.get_vec(Timeout::Try)), (1, Ok(b"last words".to_vec())));
    assert_eq!(queue.get_vec(Timeout::Try).unwrap_err().kind(), ErrorKind::Empty);
    queue.put(b"last words", Timeout::Try).unwrap();
}

fn one_message_with_a_priority_is_left(yard: &Yard) {
    let queue = PriorityQueue::open(yard, "it").unwrap();
    assert_eq!((queue.len(), queue.get_vec(Timeout::Try)), (1, Ok((b"last words".to_vec(), 7))));
    assert_eq!(queue.get_vec(Timeout::Try).unwrap_err().kind(), ErrorKind::Empty);
    queue.put(b"last words", 7, Timeout::Try).unwrap();
}

fn make_ring(yard: &Yard) {
    drop(Ring::create(yard, "it", RingOptions { capacity: 1024, spin_only: false }).unwrap());
}

fn ring(yard: &Yard) -> Ring {
    Ring::open(yard, "it").unwrap()
}

/// Until there is something: a death is known when the kernel has taken the dead one's memory away.
fn patiently<T>(mut what: impl FnMut() -> Option<T>) -> T {
    let end = std::time::Instant::now() + LONG;
    loop {
        match what() {
            Some(done) => return done,
            None => assert!(std::time::Instant::now() < end, "it never came"),
        }
        sleep_ms(1);
    }
}

// ---- the ways to go -------------------------------------------------------------------------------------------------

/// What a cell of the table expects.
#[derive(Clone, Copy)]
enum Left {
    Held,
    Freed,
}

type Way = fn(&Noun, &Yard, Left);

const WAYS: &[(&str, Way)] = &[
    ("SIGKILL", |noun, yard, left| {
        let child = holder(noun, yard, || forever());
        child.kill(libc::SIGKILL);
        look_after(child, Ended::Signal(libc::SIGKILL), noun, yard, left);
    }),
    ("abort", |noun, yard, left| {
        let child = holder(noun, yard, || {
            core_files(0);
            std::process::abort();
        });
        look_after(child, Ended::Signal(libc::SIGABRT), noun, yard, left);
    }),
    ("core dump", |noun, yard, left| {
        let dir = std::env::temp_dir().join(format!("cyd-death-{}", std::process::id()));
        std::fs::create_dir(&dir).unwrap();
        let child = holder(noun, yard, || dump_core(&dir));
        look_after(child, Ended::Signal(libc::SIGSEGV), noun, yard, left);
        std::fs::remove_dir_all(&dir).unwrap();
    }),
    ("exit", |noun, yard, left| {
        let child = holder(noun, yard, || std::process::exit(7));
        look_after(child, Ended::Code(7), noun, yard, left);
    }),
    ("OOM kill", |noun, yard, left| {
        let child = holder(noun, yard, die_untold);
        look_after(child, Ended::Signal(libc::SIGKILL), noun, yard, left);
    }),
    ("exec", |noun, yard, left| {
        let child = holder(noun, yard, || {
            let error = std::process::Command::new("sleep").arg("60").exec();
            panic!("{error}");
        });
        look(noun, yard, left); // the other program still runs
        child.slay();
    }),
    ("thread exit", |noun, yard, left| in_a_thread(noun, yard, left, || {})),
    ("thread panic", |noun, yard, left| {
        in_a_thread(noun, yard, left, || {
            std::panic::set_hook(Box::new(|_| {}));
            panic!("on purpose");
        });
    }),
    ("fork child's end", |noun, yard, left| {
        let other = Value::<u32>::create(yard, "other").unwrap();
        let child = holder(noun, yard, || {
            assert_eq!(fork(|| {}).wait(), Ended::Code(0));
            other.set(fork(|| forever()).0.cast_unsigned());
            forever();
        });
        let grandchild = Child(patiently(|| Some(other.get()).filter(|pid| *pid != 0)).cast_signed());
        look(noun, yard, left);
        child.slay();
        if expected(noun.name, "fork child's end") == "shared" {
            look(noun, yard, left); // by the grandchild
            grandchild.kill(libc::SIGKILL);
            return look(noun, yard, Left::Freed);
        }
        look(noun, yard, if is_owned(noun) { Left::Freed } else { left });
        grandchild.kill(libc::SIGKILL);
    }),
    ("SIGSTOP", |noun, yard, left| {
        let child = holder(noun, yard, || forever());
        child.stop();
        yard.sweep();
        look(noun, yard, left);
        child.kill(libc::SIGCONT);
        look(noun, yard, left);
        child.slay();
    }),
];

/// A child that has taken it and then goes its way.
fn holder(noun: &Noun, yard: &Yard, way: impl FnOnce()) -> Child {
    let step = Step::of(yard);
    let child = fork(|| {
        (noun.hold)(yard);
        step.set(1);
        way();
    });
    step.wait(1);
    child
}

/// A thread of a child takes it and ends; the child goes on.
fn in_a_thread(noun: &Noun, yard: &Yard, left: Left, way: fn()) {
    let step = Step::of(yard);
    let child = fork(|| {
        Value::<u8>::open_or_create(yard, "childs").unwrap(); // the main thread is there as well
        std::thread::scope(|s| {
            let thread = s.spawn(|| {
                (noun.hold)(yard);
                way();
            });
            let _ = thread.join();
        });
        step.set(1);
        forever();
    });
    step.wait(1);
    look(noun, yard, left);
    child.slay();
}

/// Looks while the child is going, or, if nothing should change, when it is gone.
fn look_after(child: Child, end: Ended, noun: &Noun, yard: &Yard, left: Left) {
    match left {
        Left::Freed => {
            look(noun, yard, left);
            assert_eq!(child.wait(), end);
        }
        Left::Held => {
            assert_eq!(child.wait(), end);
            look(noun, yard, left);
        }
    }
}

fn look(noun: &Noun, yard: &Yard, left: Left) {
    match left {
        Left::Held => (noun.held)(yard),
        Left::Freed => (noun.freed)(yard),
    }
}

fn forever() -> ! {
    loop {
        sleep_ms(1000);
    }
}

fn core_files(bytes: libc::rlim_t) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
    if unsafe { libc::setrlimit(libc::RLIMIT_CORE, &limit) } != 0 {
        println!("note: RLIMIT_CORE stays as it is");
    }
}

/// Dies with a core file in this directory.
fn dump_core(dir: &Path) {
    std::env::set_current_dir(dir).unwrap();
    core_files(libc::RLIM_INFINITY);
    unsafe {
        libc::signal(libc::SIGSEGV, libc::SIG_DFL);
        libc::raise(libc::SIGSEGV);
    }
}

/// Dies, and the kernel has forgotten the list of what it has to tell.
fn die_untold() {
    unsafe {
        assert_eq!(libc::syscall(libc::SYS_set_robust_list, 0usize, 24usize), 0);
        libc::kill(libc::getpid(), libc::SIGKILL);
    }
}

// ---- the table ------------------------------------------------------------------------------------------------------

const PAGE: &str = include_str!("../docs/death.md");

fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split(" | ").map(|c| c.trim_matches([' ', '|'])).collect()
}

/// The table of the page: the heads of its columns, then its rows.
fn table() -> (Vec<&'static str>, Vec<Vec<&'static str>>) {
    let mut lines = PAGE.lines().filter(|l| l.starts_with('|'));
    let heads = cells(lines.next().expect("a table"));
    (heads, lines.skip(1).map(cells).collect())
}

fn expected(noun: &str, way: &str) -> &'static str {
    let (heads, rows) = table();
    let column = heads.iter().position(|h| *h == way).unwrap_or_else(|| panic!("no column {way:?}"));
    rows.iter().find(|r| r[0] == noun).unwrap_or_else(|| panic!("no row {noun:?}"))[column]
}

fn is_owned(noun: &Noun) -> bool {
    expected(noun.name, "owner") != "nobody"
}

fn run(noun: &Noun, way: Way, word: &str) -> Ended {
    let left = match word {
        "held" | "shared" => Left::Held,
        "freed" => Left::Freed,
        "same" if !is_owned(noun) => Left::Held,
        other => panic!("{}: {other:?} is no word of the table", noun.name),
    };
    in_a_yard(|yard| {
        (noun.make)(yard);
        yard.detach_thread();
        way(noun, yard, left);
    })
}

fn in_a_yard(cell: impl FnOnce(&Yard)) -> Ended {
    fork(|| cell(&Options::new().slots(8).size(1 << 16).anonymous().unwrap())).wait()
}

/// How a cell of one row is tried: which way, and what the table says.
type Try = Box<dyn Fn((&str, Way), &str) -> Ended>;

fn all_rows() -> Vec<(&'static str, Try)> {
    let of_noun =
        |noun: &'static Noun| -> (&str, Try) { (noun.name, Box::new(|(_, way), word| run(noun, way, word))) };
    let of_task = |(name, retries): &'static (&str, u8)| -> (&str, Try) {
        let go = |(way, _): (&str, Way), word: &str| {
            in_a_yard(|yard| pools::worker_goes(yard, way, *retries, word))
        };
        (*name, Box::new(go))
    };
    let nouns = NOUNS.iter().chain(pools::NOUNS).map(of_noun);
    nouns.chain(pools::TASKS.iter().map(of_task)).collect()
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    pools::entries();
    courtyard::init(); // some workers are this program anew
    let wanted = |cell: &str| args.is_empty() || args.iter().any(|a| cell.contains(a.as_str()));
    let (heads, rows) = table();
    let untested = ["noun", "owner", "power cut", "what is left"];
    let known = |h: &&str| untested.contains(h) || WAYS.iter().any(|w| w.0 == *h);
    assert!(heads.iter().all(known), "a column that nobody tests: {heads:?}");
    let all = all_rows();
    assert!(rows.iter().all(|r| all.iter().any(|row| row.0 == r[0])), "a row that nobody tests: {rows:?}");
    let (mut passed, mut failed) = (0, Vec::new());
    for ((noun, cell_of), way) in all.iter().flat_map(|row| WAYS.iter().map(move |way| (row, *way))) {
        let (cell, word) = (format!("{noun} / {}", way.0), expected(noun, way.0));
        if !wanted(&cell) {
            continue;
        }
        match cell_of(way, word) {
            Ended::Code(0) => passed += 1,
            end => {
                println!("{cell}: not {word} ({end:?})");
                failed.push(cell);
            }
        }
    }
    for row in tries::ROWS {
        let cell = format!("{} / OOM kill, for who only tries", row.name);
        if !wanted(&cell) {
            continue;
        }
        match row.run() {
            Ended::Code(0) => passed += 1,
            end => {
                println!("{cell}: not found ({end:?})");
                failed.push(cell);
            }
        }
    }
    println!("{passed} cells as in docs/death.md, {} failed", failed.len());
    std::process::exit(i32::from(!failed.is_empty()));
}
