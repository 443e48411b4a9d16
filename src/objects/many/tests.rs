use super::*;
use crate::os::fork::APART;
use crate::{
    CancelToken, Deadline, Event, EventOptions, LifoOptions, LifoQueue, Options, Permits, Pipe, PipeEnd,
    PipeOptions, PriorityOptions, PriorityQueue, Queue, QueueOptions, Ring, RingOptions, Semaphore,
    SemaphoreOptions, Strategy, TypedRing, Yard,
};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(20);
const BRIEF: Duration = Duration::from_millis(20);

fn yard() -> Yard {
    Yard::anonymous().unwrap()
}

fn big(objects: u32) -> Yard {
    Options::new().size(u64::from(objects) * 256 + (1 << 20)).objects(objects + 8).anonymous().unwrap()
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

fn events(yard: &Yard, count: usize) -> Vec<Event> {
    let name = |i: usize| format!("e{i}");
    (0..count).map(|i| Event::create(yard, &name(i), EventOptions::default()).unwrap()).collect()
}

fn list<W: Waitable>(objects: &[W]) -> Vec<&dyn Waitable> {
    objects.iter().map(|object| object as &dyn Waitable).collect()
}

#[test]
fn the_first_in_the_list_is_told_and_all_that_are_ready() {
    let yard = yard();
    let events = events(&yard, 4);
    assert_eq!(kind(wait_any(&list(&events), Timeout::Try)), ErrorKind::Timeout);
    assert_eq!(kind(wait_any(&list(&events), BRIEF)), ErrorKind::Timeout);
    assert_eq!(kind(wait_all(&list(&events), Timeout::Try)), ErrorKind::Timeout);
    events[3].set();
    events[1].set();
    assert_eq!(wait_any(&list(&events), Timeout::Try).unwrap(), 1);
    assert_eq!(wait_some(&list(&events), LONG).unwrap(), [1, 3]);
    assert!(events[1].is_set(), "nothing is taken");
    assert_eq!(kind(wait_all(&list(&events), BRIEF)), ErrorKind::Timeout);
    events[0].set();
    events[2].set();
    wait_all(&list(&events), Timeout::Try).unwrap();
    wait_all(&list(&events), Timeout::Forever).unwrap();
}

#[test]
fn wrong_lists_are_refused_and_the_place_is_named() {
    let (yard, other) = (yard(), yard());
    let events = events(&yard, 3);
    assert_eq!(kind(wait_any(&[], LONG)), ErrorKind::Invalid);
    assert_eq!(kind(wait_all(&[], Timeout::Try)), ErrorKind::Invalid);
    let same = Event::open(&yard, "e0").unwrap();
    let twice = wait_any(&[&events[0], &events[1], &same], LONG).unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::Invalid);
    assert_eq!(twice.detail(), Some("objects 0 and 2 are the same"));
    let foreign = Event::create(&other, "e", EventOptions::default()).unwrap();
    let foreign = wait_any(&[&events[0], &foreign], LONG).unwrap_err();
    assert_eq!(foreign.kind(), ErrorKind::Foreign);
    assert!(foreign.detail().unwrap().contains("object 1"));
    let spinning = RingOptions { spin_only: true, ..RingOptions::default() };
    let receiver = Ring::create(&yard, "r", spinning).unwrap().receiver(Strategy::Spin).unwrap();
    let spinning = wait_any(&[&events[0], &receiver], LONG).unwrap_err();
    assert_eq!(spinning.kind(), ErrorKind::Unsupported);
    assert!(spinning.detail().unwrap().contains("object 1"));
}

/// Each kind of object becomes ready while somebody sleeps for it among others, and in the end the sleeper is woken by it.
#[test]
fn everything_wakes_who_waits_for_it_among_others() {
    for (fallback, count) in [(false, 0), (false, 40), (true, 0), (true, 40)] {
        let yard = Options::new().fallback(fallback).anonymous().unwrap();
        let never = events(&yard, count);
        let kept = Event::create(&yard, "kept", EventOptions::default()).unwrap();
        let auto = EventOptions { auto_reset: true, ..EventOptions::default() };
        let auto = Event::create(&yard, "auto", auto).unwrap();
        let semaphore = Semaphore::create(&yard, "semaphore", SemaphoreOptions::default()).unwrap();
        let permits = Permits::create(&yard, "permits", 2).unwrap();
        permits.acquire_many_unguarded(2, Timeout::Try).unwrap();
        let ring = Ring::create(&yard, "ring", RingOptions { capacity: 64, spin_only: false }).unwrap();
        let mut sender = ring.sender(Strategy::Block).unwrap();
        let mut receiver = ring.receiver(Strategy::Block).unwrap();
        let back = Ring::create(&yard, "back", RingOptions { capacity: 64, spin_only: false }).unwrap();
        let mut full = back.sender(Strategy::Block).unwrap();
        let mut drain = back.receiver(Strategy::Block).unwrap();
        while full.try_send(&[0; 8]).is_ok() {}
        let typed = TypedRing::<u64>::create(&yard, "typed", 4, false).unwrap();
        let mut numbers = typed.sender(Strategy::Block).unwrap();
        let mut number = typed.receiver(Strategy::Block).unwrap();
        for which in 0..7 {
            let mut all: Vec<&dyn Waitable> =
                vec![&kept, &auto, &semaphore, &permits, &receiver, &full, &number];
            all.extend(list(&never));
            let started = AtomicU32::new(0);
            let told = std::thread::scope(|s| {
                let waiter = s.spawn(|| {
                    started.store(1, Ordering::Relaxed);
                    wait_some(&all, LONG)
                });
                while started.load(Ordering::Relaxed) == 0 {
                    std::thread::yield_now();
                }
                std::thread::sleep(BRIEF);
                assert!(!waiter.is_finished(), "{which}: nothing was ready");
                match which {
                    0 => assert!(kept.set()),
                    1 => assert!(auto.set()),
                    2 => semaphore.release(1).unwrap(),
                    3 => permits.release(1).unwrap(),
                    4 => sender.try_send(b"x").unwrap(),
                    5 => while drain.try_recv(&mut [0; 8]).is_ok() {},
                    _ => numbers.try_send(7).unwrap(),
                }
                waiter.join().unwrap()
            });
            assert_eq!(told.unwrap(), [which], "with {count} more, fallback {fallback}");
            drop(all);
            match which {
                0 => assert!(kept.clear()),
                1 => auto.wait(Timeout::Try).unwrap(),
                2 => semaphore.try_acquire().unwrap(),
                3 => permits.acquire_unguarded(Timeout::Try).unwrap(),
                4 => drop(receiver.recv_vec(Timeout::Try).unwrap()),
                5 => while full.try_send(&[0; 8]).is_ok() {},
                _ => assert_eq!(number.try_recv().unwrap(), 7),
            }
        }
        // An end that closes is news for the other.
        std::thread::scope(|s| {
            let waiter = s.spawn(|| wait_any(&[&kept, &receiver], LONG));
            std::thread::sleep(BRIEF);
            drop(sender);
            assert_eq!(waiter.join().unwrap().unwrap(), 1);
        });
        std::thread::scope(|s| {
            let waiter = s.spawn(|| wait_any(&[&kept, &full], LONG));
            std::thread::sleep(BRIEF);
            drop(drain);
            assert_eq!(waiter.join().unwrap().unwrap(), 1);
        });
    }
}

/// Sleeps for all of `all`, of which nothing is ready; then `change` makes exactly one of them ready.
fn woken(all: &[&dyn Waitable], change: impl FnOnce()) -> Vec<usize> {
    assert_eq!(kind(wait_some(all, Timeout::Try)), ErrorKind::Timeout);
    std::thread::scope(|s| {
        let waiter = s.spawn(|| wait_some(all, LONG));
        std::thread::sleep(BRIEF);
        assert!(!waiter.is_finished(), "nothing was ready");
        change();
        waiter.join().unwrap().unwrap()
    })
}

#[test]
fn queues_and_pipes_wake_who_waits_for_them_among_others() {
    let _apart = APART.lock();
    for (fallback, count) in [(false, 0), (false, 40), (true, 0), (true, 40)] {
        let yard = Options::new().fallback(fallback).size(1 << 20).anonymous().unwrap();
        let never = events(&yard, count);
        let with = |mine: &[&'_ dyn Waitable], change: &dyn Fn()| {
            let mut all = mine.to_vec();
            all.extend(list(&never));
            woken(&all, change)
        };
        let queue = Queue::create(&yard, "queue", QueueOptions::default()).unwrap();
        let lifo = LifoQueue::create(&yard, "lifo", LifoOptions::default()).unwrap();
        let priority = PriorityQueue::create(&yard, "priority", PriorityOptions::default()).unwrap();
        let pipe = Pipe::create(&yard, "pipe", PipeOptions { capacity: 64, duplex: true }).unwrap();
        let (first, second) = (pipe.end(PipeEnd::First).unwrap(), pipe.end(PipeEnd::Second).unwrap());
        let one_way = Pipe::create(&yard, "one-way", PipeOptions { capacity: 64, duplex: false }).unwrap();
        let reader = one_way.end(PipeEnd::First).unwrap();
        let writer = one_way.end(PipeEnd::Second).unwrap();
        assert_eq!(kind(reader.writable()), ErrorKind::Invalid);
        while writer.try_send(&[0; 8]).is_ok() {}
        let writable = first.writable().unwrap();
        assert_eq!(wait_any(&[&writable], Timeout::Try), Ok(0));
        while first.try_send(&[0; 8]).is_ok() {}
        let all: [&dyn Waitable; 6] = [&queue, &lifo, &priority, &first, &writer, &writable];
        assert_eq!(with(&all, &|| queue.try_put(b"x").unwrap()), [0]);
        queue.try_get(&mut [0; 8]).unwrap();
        assert_eq!(with(&all, &|| lifo.try_put(b"x").unwrap()), [1]);
        lifo.try_get(&mut [0; 8]).unwrap();
        assert_eq!(with(&all, &|| priority.try_put(b"x", 3).unwrap()), [2]);
        priority.try_get(&mut [0; 8]).unwrap();
        assert_eq!(with(&all, &|| second.try_send(b"x").unwrap()), [3]);
        first.try_recv(&mut [0; 8]).unwrap();
        // Room for the longest message, which is half of the ring.
        let drain = |end: &crate::Connection| while end.try_recv(&mut [0; 8]).is_ok() {};
        assert_eq!(with(&all, &|| drain(&reader)), [4]);
        while writer.try_send(&[0; 8]).is_ok() {}
        assert_eq!(with(&all, &|| drain(&second)), [5]);
        while first.try_send(&[0; 8]).is_ok() {}
        let rooms = [queue.writable(), lifo.writable(), priority.writable()];
        assert_eq!(wait_some(&list(&rooms), Timeout::Try), Ok(vec![0, 1, 2]));
        while queue.try_put(b"x").is_ok() {}
        while lifo.try_put(b"x").is_ok() {}
        while priority.try_put(b"x", 3).is_ok() {}
        assert_eq!(with(&list(&rooms), &|| drop(queue.try_get(&mut [0; 8]))), [0]);
        assert_eq!(with(&list(&rooms[1..]), &|| drop(lifo.try_get(&mut [0; 8]))), [0]);
        assert_eq!(with(&list(&rooms[2..]), &|| drop(priority.try_get(&mut [0; 8]))), [0]);
        while queue.try_get(&mut [0; 8]).is_ok() {}
        while lifo.try_get(&mut [0; 8]).is_ok() {}
        while priority.try_get(&mut [0; 8]).is_ok() {}
        let same = queue.writable();
        assert_eq!(kind(wait_any(&[&rooms[0], &same], Timeout::Try)), ErrorKind::Invalid);
        // What will never be ready again is ready.
        assert_eq!(with(&all[1..], &|| lifo.shutdown(false)), [0]);
        assert_eq!(with(&[&priority, &first], &|| priority.shutdown(true)), [0]);
        let second = crate::os::Mutex::new(Some(second));
        assert_eq!(with(&[&first, &writable], &|| drop(second.lock().take())), [0, 1]);
        assert_eq!(kind(first.recv_vec(Timeout::Try)), ErrorKind::PeerClosed);
        let same = first.clone();
        assert_eq!(kind(wait_any(&[&first, &same], Timeout::Try)), ErrorKind::Invalid);
    }
}

#[test]
fn three_hundred_and_five_thousand_objects_are_no_more_than_three() {
    for count in [300, 5000] {
        let yard = big(count as u32);
        let events = events(&yard, count);
        let all = list(&events);
        assert_eq!(kind(wait_any(&all, BRIEF)), ErrorKind::Timeout);
        for which in [0, count / 2, count - 1] {
            let told = std::thread::scope(|s| {
                let waiters: Vec<_> = (0..3).map(|_| s.spawn(|| wait_any(&all, LONG))).collect();
                std::thread::sleep(BRIEF * 3);
                events[which].set();
                waiters.into_iter().map(|waiter| waiter.join().unwrap().unwrap()).collect::<Vec<_>>()
            });
            assert_eq!(told, [which; 3]);
            events[which].clear();
        }
        std::thread::scope(|s| {
            let waiter = s.spawn(|| wait_all(&all, LONG));
            events.iter().for_each(|event| assert!(event.set()));
            waiter.join().unwrap().unwrap();
        });
    }
}

/// Waiters of many, who take what they were told of, and waiters of one, on the same semaphores: each permit is taken once.
#[test]
fn nobody_is_left_behind_where_many_wait_for_many() {
    for more in [0, 20] {
        let yard = yard();
        let never = events(&yard, more);
        let semaphores: Vec<_> = (0..3)
            .map(|i| Semaphore::create(&yard, &format!("s{i}"), SemaphoreOptions::default()).unwrap())
            .collect();
        let taken = AtomicU32::new(0);
        const EACH: u32 = 400;
        std::thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| {
                    let mut all: Vec<&dyn Waitable> = semaphores.iter().map(|s| s as &dyn Waitable).collect();
                    all.extend(list(&never));
                    let mut mine = 0;
                    while mine < EACH {
                        let at = wait_any(&all, LONG).unwrap();
                        mine += u32::from(semaphores[at].try_acquire().is_ok());
                    }
                    taken.fetch_add(mine, Ordering::Relaxed);
                });
            }
            s.spawn(|| {
                for _ in 0..EACH {
                    semaphores[1].acquire(LONG).unwrap();
                }
                taken.fetch_add(EACH, Ordering::Relaxed);
            });
            for round in 0..EACH {
                semaphores[1].release(1).unwrap();
                semaphores[round as usize % 3].release(2).unwrap();
            }
            // Who waits for one may have found others' permits first: there are always enough.
            while taken.load(Ordering::Relaxed) < 3 * EACH {
                semaphores[1].release(1).unwrap();
                std::thread::sleep(Duration::from_millis(1));
            }
        });
    }
}

#[test]
fn a_wait_for_many_is_cancelled_and_shares_a_deadline() {
    let yard = yard();
    let events = events(&yard, 20);
    for count in [2, 20] {
        let all = list(&events[..count]);
        let deadline = Deadline::after(BRIEF);
        let begun = Instant::now();
        assert_eq!(kind(wait_any(&all, deadline)), ErrorKind::Timeout);
        assert!(begun.elapsed() >= BRIEF);
        assert_eq!(kind(wait_all(&all, deadline)), ErrorKind::Timeout);
        let token = CancelToken::new();
        std::thread::scope(|s| {
            s.spawn(|| {
                std::thread::sleep(BRIEF);
                token.cancel();
            });
            let _scope = token.scope().unwrap();
            assert_eq!(kind(wait_any(&all, LONG)), ErrorKind::Cancelled);
            assert_eq!(kind(wait_all(&all, Timeout::Forever)), ErrorKind::Cancelled);
            events[1].set();
            assert_eq!(wait_any(&all, LONG).unwrap(), 1, "what is ready needs no waiting");
            events[1].clear();
        });
    }
}

/// An event whose helper sets it just when he finds that there is nothing to do.
struct Sly<'a>(&'a Event, &'a Queue);

impl Helper for Sly<'_> {
    fn help(&self) -> bool {
        self.0.set();
        false
    }

    fn work(&self) -> Option<&dyn AsPart> {
        Some(self.1)
    }
}

impl AsPart for Sly<'_> {
    fn part(&self) -> Part<'_> {
        self.0.part()
    }

    fn keep(&self) -> Option<Kept> {
        self.0.keep()
    }

    fn helper(&self) -> Option<Box<dyn Helper + '_>> {
        Some(Box::new(Sly(self.0, self.1)))
    }
}

#[test]
fn a_helper_hears_of_what_came_while_it_looked_for_work() {
    let yard = yard();
    let queue = Queue::create(&yard, "work", QueueOptions::default()).unwrap();
    let events = events(&yard, 2);
    let begin = Instant::now();
    for _ in 0..20 {
        let both: [&dyn Waitable; 2] = [&Sly(&events[0], &queue), &events[1]];
        for event in &events {
            event.clear();
        }
        assert_eq!(wait_any(&both, LONG).unwrap(), 0);
        events[0].clear();
        events[1].set();
        wait_all(&both, LONG).unwrap();
    }
    assert!(begin.elapsed() < LONG / 5, "it sleeps for whole slices");
}
