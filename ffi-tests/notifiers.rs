//! Descriptors that tell when an object may be ready: for every object, over forks and deaths, and how many threads it takes.
//!
//! Every scenario runs in a process of its own, forked from a main that has one thread.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::panic)] // a test fails by panicking
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks)] // poll, limits: each block is one system call

#[path = "support/process.rs"]
mod process;

use courtyard::{
    Connection, ErrorKind, Event, EventOptions, LifoOptions, LifoQueue, Notifier, Options, Permits, Pipe,
    PipeEnd, PipeOptions, PriorityOptions, PriorityQueue, Queue, QueueOptions, Ring, RingOptions, Semaphore,
    SemaphoreOptions, Strategy, Timeout, TypedRing, Waitable, Yard,
};
use process::{Ended, LONG, Step, fork, fork_with, sleep_ms};
use std::collections::HashSet;
use std::os::fd::AsRawFd;
use std::time::Instant;

/// A slice in milliseconds.
const SLICE: i32 = 250;

/// Waits until the descriptor is readable.
fn readable(fd: &impl AsRawFd, ms: i32) -> bool {
    let mut it = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    match unsafe { libc::poll(&mut it, 1, ms) } {
        0 => false,
        1 => true,
        _ => panic!("poll: {}", std::io::Error::last_os_error()),
    }
}

fn told(fd: &impl AsRawFd) -> bool {
    readable(fd, LONG.as_millis() as i32)
}

/// The threads that tell.
fn bridges() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let is_one = |task: &std::path::PathBuf| {
        std::fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "cyd-bridge")
    };
    tasks.filter(is_one).map(|task| task.display().to_string()).collect()
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

fn until(mut so: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !so() {
        assert!(Instant::now() < end, "it never came");
        sleep_ms(2);
    }
}

fn yard() -> Yard {
    Options::new().size(1 << 20).objects(32).anonymous().unwrap()
}

fn event(yard: &Yard, name: &str) -> Event {
    Event::create(yard, name, EventOptions::default()).unwrap()
}

/// As an event loop does it: told, cleared, tried; then made ready by somebody else, again and again.
fn tells(what: &str, object: &dyn Waitable, ready: &mut dyn FnMut(), take: &mut dyn FnMut()) {
    let notifier = object.notifier().unwrap();
    assert!(!readable(&notifier, 5), "{what}: nothing is ready");
    for round in 0..3 {
        ready();
        assert!(told(&notifier), "{what}: {round}");
        assert!(readable(&notifier, 0), "{what}: it stays readable until it is cleared");
        notifier.clear().unwrap();
        assert!(readable(&notifier, 0), "{what}: it is ready still");
        take();
        notifier.clear().unwrap();
        assert!(!readable(&notifier, 5), "{what}: nothing is left");
    }
    ready();
    let second = object.notifier().unwrap();
    assert!(readable(&second, 0), "{what}: it was ready before");
    assert!(told(&notifier), "{what}: each of two is told");
    take();
}

fn every_object_tells() {
    let yard = yard();
    let kept = event(&yard, "event");
    tells("event", &kept, &mut || assert!(kept.set()), &mut || assert!(kept.clear()));
    let semaphore = Semaphore::create(&yard, "semaphore", SemaphoreOptions::default()).unwrap();
    tells("semaphore", &semaphore, &mut || semaphore.release(1).unwrap(), &mut || {
        semaphore.try_acquire().unwrap()
    });
    let permits = Permits::create(&yard, "permits", 1).unwrap();
    permits.acquire_unguarded(Timeout::Try).unwrap();
    tells("permits", &permits, &mut || permits.release(1).unwrap(), &mut || {
        permits.acquire_unguarded(Timeout::Try).unwrap();
    });
    let queue = Queue::create(&yard, "queue", QueueOptions::default()).unwrap();
    tells("queue", &queue, &mut || queue.try_put(b"x").unwrap(), &mut || drop(queue.try_get(&mut [0; 8])));
    let lifo = LifoQueue::create(&yard, "lifo", LifoOptions::default()).unwrap();
    tells("lifo", &lifo, &mut || lifo.try_put(b"x").unwrap(), &mut || drop(lifo.try_get(&mut [0; 8])));
    let priority = PriorityQueue::create(&yard, "priority", PriorityOptions::default()).unwrap();
    tells("priority", &priority, &mut || priority.try_put(b"x", 1).unwrap(), &mut || {
        priority.try_get(&mut [0; 8]).unwrap();
    });
    let pipe = Pipe::create(&yard, "pipe", PipeOptions { capacity: 64, duplex: true }).unwrap();
    let (first, second) = (pipe.end(PipeEnd::First).unwrap(), pipe.end(PipeEnd::Second).unwrap());
    tells("pipe", &first, &mut || second.try_send(b"x").unwrap(), &mut || drop(first.try_recv(&mut [0; 8])));
    let fill = || while first.try_send(&[0; 8]).is_ok() {};
    fill();
    let drain = || while second.try_recv(&mut [0; 8]).is_ok() {};
    tells("room in a pipe", &first.writable().unwrap(), &mut || drain(), &mut || fill());
    let fill = || while queue.try_put(b"x").is_ok() {};
    fill();
    tells("room in a queue", &queue.writable(), &mut || drop(queue.try_get(&mut [0; 8])), &mut || fill());
    let fill = || while lifo.try_put(b"x").is_ok() {};
    fill();
    tells("room in a lifo", &lifo.writable(), &mut || drop(lifo.try_get(&mut [0; 8])), &mut || fill());
    let fill = || while priority.try_put(b"x", 1).is_ok() {};
    fill();
    let take = || drop(priority.try_get(&mut [0; 8]));
    tells("room in a priority queue", &priority.writable(), &mut || take(), &mut || fill());
}

fn the_ends_of_rings_tell() {
    let yard = yard();
    let ring = Ring::create(&yard, "ring", RingOptions { capacity: 64, spin_only: false }).unwrap();
    let (mut sender, mut receiver) =
        (ring.sender(Strategy::Block).unwrap(), ring.receiver(Strategy::Block).unwrap());
    let (data, room) = (receiver.notifier().unwrap(), sender.notifier().unwrap());
    assert!(!readable(&data, 5) && readable(&room, 0));
    room.clear().unwrap();
    while sender.try_send(&[0; 8]).is_ok() {}
    assert!(told(&data));
    room.clear().unwrap();
    assert!(!readable(&room, 5));
    while receiver.try_recv(&mut [0; 8]).is_ok() {}
    assert!(told(&room));
    data.clear().unwrap();
    assert!(!readable(&data, 5));
    drop(sender);
    assert!(told(&data), "the end of a stream is told");
    let typed = TypedRing::<u64>::create(&yard, "typed", 4, false).unwrap();
    let (mut sender, mut receiver) =
        (typed.sender(Strategy::Block).unwrap(), typed.receiver(Strategy::Block).unwrap());
    let (data, room) = (receiver.notifier().unwrap(), sender.notifier().unwrap());
    while sender.try_send(7).is_ok() {}
    assert!(told(&data));
    room.clear().unwrap();
    assert!(!readable(&room, 5));
    assert_eq!(receiver.try_recv().unwrap(), 7);
    assert!(told(&room));
    let spinning = Ring::create(&yard, "spin", RingOptions { capacity: 64, spin_only: true }).unwrap();
    let spinning = spinning.receiver(Strategy::Spin).unwrap();
    assert_eq!(spinning.notifier().unwrap_err().kind(), ErrorKind::Unsupported);
}

fn raise_limit() {
    let mut limit: libc::rlimit = unsafe { std::mem::zeroed() };
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) }, 0);
    limit.rlim_cur = limit.rlim_max;
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    assert!(limit.rlim_cur > 10_100, "this machine allows {} descriptors", limit.rlim_cur);
}

/// What there are ten thousand of.
enum Thing {
    Event(Event),
    Queue(Queue),
    Pipe(Connection, Connection),
}

impl Thing {
    fn new(yard: &Yard, number: usize) -> Thing {
        let name = format!("thing{number}");
        match number % 3 {
            0 => Thing::Event(event(yard, &name)),
            1 => {
                let one = QueueOptions { capacity: 1, inline_max: 16, ..QueueOptions::default() };
                Thing::Queue(Queue::create(yard, &name, one).unwrap())
            }
            _ => {
                let pipe = Pipe::create(yard, &name, PipeOptions { capacity: 64, duplex: false }).unwrap();
                Thing::Pipe(pipe.end(PipeEnd::First).unwrap(), pipe.end(PipeEnd::Second).unwrap())
            }
        }
    }

    fn notifier(&self) -> Notifier {
        match self {
            Thing::Event(event) => event.notifier(),
            Thing::Queue(queue) => queue.notifier(),
            Thing::Pipe(first, _) => first.notifier(),
        }
        .unwrap()
    }

    fn make_ready(&self) {
        match self {
            Thing::Event(event) => assert!(event.set()),
            Thing::Queue(queue) => queue.try_put(b"x").unwrap(),
            Thing::Pipe(_, second) => second.try_send(b"x").unwrap(),
        }
    }

    fn take(&self) {
        match self {
            Thing::Event(event) => drop(event.clear()),
            Thing::Queue(queue) => drop(queue.try_get(&mut [0]).unwrap()),
            Thing::Pipe(first, _) => drop(first.try_recv(&mut [0]).unwrap()),
        }
    }
}

fn ten_thousand_take_one_thread() {
    const COUNT: usize = 10_000;
    raise_limit();
    let yard = Options::new().size(64 << 20).objects(COUNT as u32 + 32).anonymous().unwrap();
    let before = threads();
    let things: Vec<Thing> = (0..COUNT).map(|number| Thing::new(&yard, number)).collect();
    let notifiers: Vec<Notifier> = things.iter().map(Thing::notifier).collect();
    assert_eq!(threads(), before + 1);
    until(|| bridges().len() == 1); // it names itself
    for which in [0, 1, 2, 5_000, 5_001, 5_002, 9_997, 9_998, 9_999] {
        things[which].make_ready();
        assert!(told(&notifiers[which]));
        let raised: Vec<usize> = (0..notifiers.len()).filter(|at| readable(&notifiers[*at], 0)).collect();
        assert_eq!(raised, [which]);
        things[which].take();
        notifiers[which].clear().unwrap();
    }
    things.iter().for_each(Thing::make_ready);
    notifiers.iter().for_each(|notifier| assert!(told(notifier)));
    assert_eq!(threads(), before + 1);
    drop(notifiers);
    until(|| threads() == before); // it ends when nobody is left who could ask
    let again = things[0].notifier();
    assert!(readable(&again, 0));
    until(|| bridges().len() == 1); // it names itself
}

/// Nothing is left of it in the yard, and nothing on the way to it.
fn the_yard_is_left_when_the_last_is_dropped() {
    let yard = yard();
    let notifier = event(&yard, "event").notifier().unwrap();
    let fd = std::os::fd::AsFd::as_fd(&yard).try_clone_to_owned().unwrap();
    let child = fork(move || {
        drop(notifier);
        drop(yard);
    });
    assert_eq!(child.wait(), Ended::Code(0));
    let mine = Yard::from_fd(fd).unwrap();
    until(|| mine.members().len() == 1);
    assert!(mine.members()[0].is_me());
}

/// One produces, one is told: if wake-ups were lost, each of them would take a slice.
fn no_wake_up_is_lost() {
    const COUNT: u32 = 40_000;
    let yard = yard();
    let queue = Queue::create(&yard, "queue", QueueOptions { capacity: 8, ..Default::default() }).unwrap();
    let lifo = LifoQueue::create(&yard, "lifo", LifoOptions::default()).unwrap();
    let semaphore = Semaphore::create(&yard, "semaphore", SemaphoreOptions::default()).unwrap();
    let pipe = Pipe::create(&yard, "pipe", PipeOptions { capacity: 256, duplex: false }).unwrap();
    let (reader, writer) = (pipe.end(PipeEnd::First).unwrap(), pipe.end(PipeEnd::Second).unwrap());
    let mut buffer = [0; 64];
    type Put<'a> = &'a (dyn Fn(u32) + Sync);
    type Take<'a> = &'a mut dyn FnMut() -> bool;
    let cases: [(&str, &dyn Waitable, Put<'_>, Take<'_>); 4] = [
        ("queue", &queue, &|_| queue.put(b"x", LONG).unwrap(), &mut || queue.try_get(&mut buffer).is_ok()),
        ("lifo", &lifo, &|_| lifo.put(b"x", LONG).unwrap(), &mut || lifo.try_get(&mut [0; 64]).is_ok()),
        ("semaphore", &semaphore, &|_| semaphore.release(1).unwrap(), &mut || {
            semaphore.try_acquire().is_ok()
        }),
        ("pipe", &reader, &|_| writer.send(b"x", LONG).unwrap(), &mut || {
            reader.try_recv(&mut [0; 64]).is_ok()
        }),
    ];
    for (what, object, put, take) in cases {
        let notifier = object.notifier().unwrap();
        let (mut got, mut slow, mut waits) = (0, 0, 0);
        std::thread::scope(|s| {
            s.spawn(|| {
                for i in 0..COUNT {
                    put(i);
                    (0..i % 512).for_each(|_| std::hint::spin_loop()); // meet at ever other moments
                }
            });
            while got < COUNT {
                waits += 1;
                slow += i32::from(!readable(&notifier, SLICE * 4 / 5));
                assert!(told(&notifier), "{what}: {got} of {COUNT}");
                notifier.clear().unwrap();
                while take() {
                    got += 1;
                }
            }
        });
        println!("{what}: {COUNT} in {waits} waits, {slow} of them slow");
        assert!(slow * 100 <= waits.max(100), "{what}: {slow} of {waits} waits took a slice");
        notifier.clear().unwrap();
        assert!(!readable(&notifier, 0));
    }
}

/// Who reads the descriptor himself is told of the next change as well, by the slice.
fn who_reads_it_himself_is_told_too() {
    let event = event(&yard(), "event");
    let notifier = event.notifier().unwrap();
    for _ in 0..3 {
        event.set();
        assert!(told(&notifier));
        let mut count = [0_u8; 8];
        assert_eq!(unsafe { libc::read(notifier.as_raw_fd(), count.as_mut_ptr().cast(), 8) }, 8);
        event.clear();
        assert!(!readable(&notifier, 0));
    }
    event.set();
    assert!(told(&notifier));
}

fn a_peer_that_dies_is_told() {
    let yard = yard();
    let step = Step::of(&yard);
    let pipe = Pipe::create(&yard, "pipe", PipeOptions::default()).unwrap();
    let ring = Ring::create(&yard, "ring", RingOptions::default()).unwrap();
    let reader = pipe.end(PipeEnd::First).unwrap();
    let receiver = ring.receiver(Strategy::Block).unwrap();
    let permits = Permits::create(&yard, "permits", 1).unwrap();
    let writer = fork(|| {
        let _writer = pipe.end(PipeEnd::Second).unwrap();
        let _sender = ring.sender(Strategy::Block).unwrap();
        permits.acquire_unguarded(Timeout::Try).unwrap();
        step.set(1);
        sleep_ms(60_000);
    });
    step.wait(1);
    let member = yard.members().into_iter().find(|member| !member.is_me()).unwrap();
    let all: [&dyn Waitable; 4] = [&reader, &receiver, &permits, &member];
    let all = all.map(|object| object.notifier().unwrap());
    sleep_ms(20);
    all.iter().for_each(|notifier| assert!(!readable(notifier, 0)));
    writer.slay();
    all.iter().for_each(|notifier| assert!(told(notifier)));
    assert_eq!(reader.recv_vec(Timeout::Try).unwrap_err().kind(), ErrorKind::PeerDied);
    permits.acquire_unguarded(Timeout::Try).unwrap();
}

fn a_notifier_holds_no_end() {
    let yard = yard();
    let pipe = Pipe::create(&yard, "pipe", PipeOptions::default()).unwrap();
    let (first, second) = (pipe.end(PipeEnd::First).unwrap(), pipe.end(PipeEnd::Second).unwrap());
    let (mine, other) = (first.notifier().unwrap(), second.notifier().unwrap());
    drop(first);
    assert!(told(&other) && !readable(&mine, 0));
    assert_eq!(second.recv_vec(Timeout::Try).unwrap_err().kind(), ErrorKind::PeerClosed);
}

fn a_fork_child_asks_for_itself() {
    let yard = yard();
    let (mine, yours) = (event(&yard, "mine"), event(&yard, "yours"));
    let (notifier, inherited) = (mine.notifier().unwrap(), mine.notifier().unwrap());
    let (yours, step) = (&yours, &Step::of(&yard));
    let child = fork_with(move || {
        assert!(bridges().is_empty());
        assert_eq!(inherited.clear().unwrap_err().kind(), ErrorKind::NotOwner);
        let own = yours.notifier().unwrap();
        until(|| bridges().len() == 1); // it names itself
        step.set(1);
        assert!(told(&own));
        own.clear().unwrap();
        assert!(readable(&own, 0), "set still");
        drop(inherited);
        drop(own);
        until(|| bridges().is_empty());
        0
    });
    step.wait(1);
    yours.set();
    assert_eq!(child.wait(), Ended::Code(0));
    assert!(!readable(&notifier, 0));
    mine.set();
    assert!(told(&notifier), "the parent's is what it was");
    // While the thread is at work.
    for _ in 0..50 {
        notifier.clear().unwrap();
        assert_eq!(fork(|| assert!(yours.notifier().is_ok_and(|own| told(&own)))).wait(), Ended::Code(0));
    }
}

fn no_descriptor_is_an_error() {
    let event = event(&yard(), "event");
    let mut all = vec![event.notifier().unwrap()];
    let limit = libc::rlimit { rlim_cur: 64, rlim_max: 64 };
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    let why = loop {
        match event.notifier() {
            Ok(one) => all.push(one),
            Err(why) => break why,
        }
    };
    assert_eq!((why.kind(), why.os_error()), (ErrorKind::NoMemory, Some(libc::EMFILE)));
    assert!(all.len() > 20);
    event.set();
    all.iter().for_each(|notifier| assert!(told(notifier)));
    all.pop();
    assert!(event.notifier().is_ok_and(|one| readable(&one, 0)));
}

fn no_signal_comes_to_the_thread() {
    let event = event(&yard(), "event");
    let _notifier = event.notifier().unwrap();
    until(|| bridges().len() == 1); // it names itself
    let status = std::fs::read_to_string(format!("{}/status", bridges()[0])).unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap();
    let blocked = u64::from_str_radix(mask.trim(), 16).unwrap();
    let all = [libc::SIGINT, libc::SIGTERM, libc::SIGUSR1, libc::SIGCHLD, libc::SIGALRM, libc::SIGHUP];
    let open: HashSet<i32> = all.into_iter().filter(|signal| blocked & 1 << (signal - 1) == 0).collect();
    assert!(open.is_empty(), "{open:?}");
    let mine: HashSet<i32> = {
        let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &mut set) };
        all.into_iter().filter(|signal| unsafe { libc::sigismember(&set, *signal) } == 1).collect()
    };
    assert!(mine.is_empty(), "the mask of who asked is what it was: {mine:?}");
}

fn without_futex_waitv_it_tells_too() {
    let yard = Options::new().fallback(true).anonymous().unwrap();
    let event = event(&yard, "event");
    let other = Yard::anonymous().unwrap();
    let second = self::event(&other, "event");
    let both = [event.notifier().unwrap(), second.notifier().unwrap()];
    event.set();
    second.set();
    both.iter().for_each(|notifier| assert!(told(notifier)));
}

fn many_yards_take_one_thread() {
    let yards: Vec<Yard> = (0..70).map(|_| Options::new().size(1 << 16).anonymous().unwrap()).collect();
    let events: Vec<Event> = yards.iter().map(|yard| event(yard, "event")).collect();
    let all: Vec<Notifier> = events.iter().map(|event| event.notifier().unwrap()).collect();
    until(|| bridges().len() == 1); // it names itself
    for (event, notifier) in events.iter().zip(&all) {
        event.set();
        assert!(told(notifier));
    }
}

const SCENARIOS: [(&str, fn()); 14] = [
    ("every object tells", every_object_tells),
    ("the ends of rings tell", the_ends_of_rings_tell),
    ("ten thousand take one thread", ten_thousand_take_one_thread),
    ("the yard is left when the last is dropped", the_yard_is_left_when_the_last_is_dropped),
    ("no wake-up is lost", no_wake_up_is_lost),
    ("who reads it himself is told too", who_reads_it_himself_is_told_too),
    ("a peer that dies is told", a_peer_that_dies_is_told),
    ("a notifier holds no end", a_notifier_holds_no_end),
    ("a fork child asks for itself", a_fork_child_asks_for_itself),
    ("no descriptor is an error", no_descriptor_is_an_error),
    ("no signal comes to the thread", no_signal_comes_to_the_thread),
    ("without futex_waitv it tells too", without_futex_waitv_it_tells_too),
    ("many yards take one thread", many_yards_take_one_thread),
    ("the same from a thread that ends", || std::thread::spawn(every_object_tells).join().unwrap()),
];

fn main() {
    let filter = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    let wanted: Vec<_> = SCENARIOS.iter().filter(|(name, _)| name.contains(&filter)).collect();
    if std::env::args().any(|word| word == "--list") {
        return wanted.iter().for_each(|(name, _)| println!("{name}: test"));
    }
    let mut failed = 0;
    for (name, scenario) in &wanted {
        let well = fork(scenario).wait() == Ended::Code(0);
        println!("{name} ... {}", if well { "ok" } else { "FAILED" });
        failed += i32::from(!well);
    }
    println!("{} passed, {failed} failed", wanted.len() as i32 - failed);
    std::process::exit(i32::from(failed > 0));
}
