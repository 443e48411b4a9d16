use super::*;
use crate::{
    Array, ArrayOptions, Condition, Deadline, Ended, EventOptions, Lock, Permits, RLock, Ring, RingOptions,
    RwLock, RwLockOptions, Scope, Semaphore, SemaphoreOptions, Strategy, Struct, Timeout, Value, Yard,
};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(20);
const BRIEF: Duration = Duration::from_millis(30);

fn yard() -> Yard {
    Yard::anonymous().unwrap()
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

/// A noun, and a wait for it.
type Wait = (&'static str, Box<dyn FnMut() -> ErrorKind>);

/// Every noun's wait, each of which would last for ever: a name, and what it answers.
fn waits(yard: &Yard, tag: &str) -> Vec<Wait> {
    let name = |noun: &str| format!("{noun}-{tag}");
    let busy_elsewhere = |hold: Box<dyn FnOnce() + Send>| std::thread::spawn(hold).join().unwrap();
    let lock = Lock::create(yard, &name("lock"), Scope::Process).unwrap();
    lock.acquire_unguarded(Timeout::Try).unwrap();
    let rlock = RLock::create(yard, &name("rlock")).unwrap();
    let rwlock = RwLock::create(yard, &name("rwlock"), RwLockOptions::default()).unwrap();
    let held = RLock::create(yard, &name("held")).unwrap();
    let array = Array::<u8>::create(yard, &name("array"), 1, ArrayOptions { lock: true }).unwrap();
    let value = Struct::<u64>::create(yard, &name("struct")).unwrap();
    let hold = {
        let (rlock, rwlock, array) = (rlock.clone(), rwlock.clone(), array.clone());
        let value = value.clone();
        move || {
            // The thread stays: what it holds is held as long as the test.
            let (ready, told) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                let held = (
                    rlock.acquire(LONG).unwrap(),
                    rwlock.write(LONG).unwrap(),
                    array.lock().unwrap().acquire(LONG).unwrap(),
                );
                value
                    .update(LONG, |_| {
                        ready.send(()).unwrap();
                        std::thread::sleep(LONG * 10);
                    })
                    .unwrap();
                drop(held);
            });
            told.recv().unwrap();
        }
    };
    busy_elsewhere(Box::new(hold));
    let event = Event::create(yard, &name("event"), EventOptions::default()).unwrap();
    let auto = EventOptions { auto_reset: true, ..EventOptions::default() };
    let auto = Event::create(yard, &name("auto"), auto).unwrap();
    let semaphore = Semaphore::create(yard, &name("semaphore"), SemaphoreOptions::default()).unwrap();
    let permits = Permits::create(yard, &name("permits"), 2).unwrap();
    permits.acquire_unguarded(Timeout::Try).unwrap();
    permits.acquire_unguarded(Timeout::Try).unwrap();
    let more = permits.clone();
    let condition = Condition::create(yard, &name("condition")).unwrap();
    let again = Condition::open(yard, &name("condition")).unwrap();
    let mut ends = Vec::new();
    for (noun, strategy) in
        [("spin", Strategy::Spin), ("adaptive", Strategy::Adaptive), ("block", Strategy::Block)]
    {
        let ring =
            Ring::create(yard, &name(noun), RingOptions { capacity: 64, ..RingOptions::default() }).unwrap();
        let mut sender = ring.sender(strategy).unwrap();
        while sender.try_send(&[0; 8]).is_ok() {}
        let empty = Ring::create(yard, &name(&format!("{noun}-2")), RingOptions::default()).unwrap();
        let mut receiver = empty.receiver(strategy).unwrap();
        ends.push((
            "send",
            Box::new(move || kind(sender.send(&[0; 8], LONG))) as Box<dyn FnMut() -> ErrorKind>,
        ));
        ends.push(("recv", Box::new(move || kind(receiver.recv(&mut [0; 8], LONG)))));
    }
    let (rw, deadline) = (rwlock.clone(), Deadline::after(LONG));
    let mut all: Vec<Wait> = vec![
        ("lock", Box::new(move || kind(lock.acquire_unguarded(LONG)))),
        ("rlock", Box::new(move || kind(rlock.acquire(deadline)))),
        ("read", Box::new(move || kind(rw.read(LONG)))),
        ("write", Box::new(move || kind(rwlock.write(Timeout::Forever)))),
        ("struct", Box::new(move || kind(value.set(1, LONG)))),
        ("array", Box::new(move || kind(array.lock().unwrap().acquire(LONG)))),
        ("event", Box::new(move || kind(event.wait(Timeout::Forever)))),
        ("auto-reset event", Box::new(move || kind(auto.wait(LONG)))),
        ("semaphore", Box::new(move || kind(semaphore.acquire(LONG)))),
        ("permits", Box::new(move || kind(permits.acquire(LONG)))),
        ("several permits", Box::new(move || kind(more.acquire_many(2, LONG)))),
        (
            "condition",
            Box::new(move || {
                let guard = held.acquire(LONG).unwrap();
                let waited = condition.wait(&guard, LONG).unwrap();
                assert!(held.count() == 1, "the lock is held again");
                kind(waited.or_error())
            }),
        ),
    ];
    let lock = Lock::create(yard, &name("second"), Scope::Thread).unwrap();
    all.push((
        "condition, wait_for",
        Box::new(move || {
            let guard = lock.acquire(LONG).unwrap();
            let waited = again.wait_for(&guard, LONG, || false).unwrap();
            assert_eq!(waited.ended, Ended::Cancelled);
            kind(waited.or_error())
        }),
    ));
    all.extend(ends);
    all
}

#[test]
fn a_cancel_ends_every_wait_that_has_begun() {
    let yard = yard();
    for (noun, mut wait) in waits(&yard, "a") {
        let token = CancelToken::new();
        let begun = Instant::now();
        std::thread::scope(|s| {
            s.spawn(|| {
                std::thread::sleep(BRIEF);
                assert!(token.cancel() && !token.cancel());
            });
            let _scope = token.scope().unwrap();
            assert_eq!(wait(), ErrorKind::Cancelled, "{noun}");
        });
        assert!(begun.elapsed() < LONG, "{noun}: it was the timeout");
    }
}

#[test]
fn no_wait_begins_when_the_token_is_cancelled_already() {
    let yard = yard();
    let token = CancelToken::default();
    token.cancel();
    let _scope = token.scope().unwrap();
    for (noun, mut wait) in waits(&yard, "b") {
        assert_eq!(wait(), ErrorKind::Cancelled, "{noun}");
    }
}

#[test]
fn without_futex_waitv_a_cancel_ends_waits_too() {
    let yard = crate::Options::new().fallback(true).anonymous().unwrap();
    for (noun, mut wait) in waits(&yard, "c") {
        let token = CancelToken::new();
        std::thread::scope(|s| {
            s.spawn(|| {
                std::thread::sleep(BRIEF);
                token.cancel();
            });
            let _scope = token.scope().unwrap();
            assert_eq!(wait(), ErrorKind::Cancelled, "{noun}");
        });
    }
}

#[test]
fn what_needs_no_waiting_succeeds_though_it_is_cancelled() {
    let yard = yard();
    let token = CancelToken::new();
    token.cancel();
    let _scope = token.scope().unwrap();
    let lock = Lock::create(&yard, "l", Scope::Thread).unwrap();
    drop(lock.acquire(LONG).unwrap());
    let set = EventOptions { initially_set: true, auto_reset: false };
    Event::create(&yard, "e", set).unwrap().wait(LONG).unwrap();
    let permits = Permits::create(&yard, "p", 3).unwrap();
    drop(permits.acquire_many(3, LONG).unwrap());
    let value = Struct::<[u64; 2]>::create(&yard, "s").unwrap();
    value.set([1, 2], LONG).unwrap();
    assert_eq!(value.get().unwrap(), [1, 2]);
    Value::<u8>::create(&yard, "v").unwrap().fetch_add(1);
    let ring = Ring::create(&yard, "r", RingOptions::default()).unwrap();
    ring.sender(Strategy::Block).unwrap().send(b"x", LONG).unwrap();
    assert_eq!(ring.receiver(Strategy::Block).unwrap().recv_vec(LONG).unwrap().0, b"x");
    // A thread that holds it makes the lock slow for the next one; free again, it is taken even so.
    let slow = Semaphore::create(&yard, "m", SemaphoreOptions { initial: 1, maximum: None }).unwrap();
    slow.acquire(LONG).unwrap();
    assert_eq!(kind(slow.acquire(LONG)), ErrorKind::Cancelled);
    slow.release(1).unwrap();
    slow.acquire(LONG).unwrap();
}

#[test]
fn scopes_nest_up_to_four_and_end_in_any_order() {
    let yard = yard();
    let event = Event::create(&yard, "e", EventOptions::default()).unwrap();
    let tokens: Vec<_> = (0..5).map(|_| CancelToken::new()).collect();
    let mut scopes: Vec<_> = tokens[..4].iter().map(|t| t.scope().unwrap()).collect();
    let full = tokens[4].scope().unwrap_err();
    assert_eq!(full.kind(), ErrorKind::Range);
    assert!(full.detail().unwrap().contains('4'));
    drop(scopes.remove(1));
    tokens[1].cancel();
    assert_eq!(kind(event.wait(BRIEF)), ErrorKind::Timeout);
    scopes.push(tokens[0].scope().unwrap()); // the same once more
    drop(scopes.remove(0));
    tokens[0].cancel();
    assert_eq!(kind(event.wait(LONG)), ErrorKind::Cancelled);
    scopes.clear();
    assert_eq!(kind(event.wait(BRIEF)), ErrorKind::Timeout);
    assert_eq!(kind(tokens[0].leave()), ErrorKind::State);
    tokens[0].enter().unwrap();
    assert_eq!(kind(tokens[2].leave()), ErrorKind::State);
    tokens[0].leave().unwrap();
    std::mem::forget(tokens[3].scope().unwrap()); // only this thread stays in it
    assert_eq!(kind(std::thread::spawn(move || event.wait(BRIEF)).join().unwrap()), ErrorKind::Timeout);
}

#[test]
fn an_event_cancels_and_a_scope_stays_cancelled_when_it_is_cleared() {
    let yard = yard();
    let stop = Event::create(&yard, "stop", EventOptions::default()).unwrap();
    let never = Semaphore::create(&yard, "never", SemaphoreOptions::default()).unwrap();
    let token = CancelToken::from_event(&stop).unwrap();
    {
        let _scope = token.scope().unwrap();
        assert_eq!(kind(never.acquire(BRIEF)), ErrorKind::Timeout);
        assert!(stop.set() && token.is_cancelled());
        assert_eq!(kind(never.acquire(LONG)), ErrorKind::Cancelled);
        assert!(stop.clear() && !token.is_cancelled());
        assert_eq!(kind(never.acquire(LONG)), ErrorKind::Cancelled);
    }
    let _scope = token.scope().unwrap();
    assert_eq!(kind(never.acquire(BRIEF)), ErrorKind::Timeout);
    let auto = EventOptions { auto_reset: true, ..EventOptions::default() };
    let auto = Event::create(&yard, "auto", auto).unwrap();
    assert_eq!(kind(CancelToken::from_event(&auto)), ErrorKind::Invalid);
}

#[test]
fn one_token_ends_the_waits_of_many_threads_and_the_rest_get_what_they_came_for() {
    let yard = yard();
    let semaphore = Semaphore::create(&yard, "s", SemaphoreOptions::default()).unwrap();
    let token = CancelToken::new();
    let others = Duration::from_secs(60);
    std::thread::scope(|s| {
        let wait = |scoped: bool| {
            let (token, semaphore) = (token.clone(), &semaphore);
            s.spawn(move || {
                let _scope = scoped.then(|| token.scope().unwrap());
                semaphore.acquire(others).map_err(|e| e.kind())
            })
        };
        let ended: Vec<_> = (0..6).map(|_| wait(true)).collect();
        let served: Vec<_> = (0..3).map(|_| wait(false)).collect();
        std::thread::sleep(BRIEF);
        token.cancel();
        for thread in ended {
            assert_eq!(thread.join().unwrap(), Err(ErrorKind::Cancelled));
        }
        semaphore.release(3).unwrap();
        for thread in served {
            assert_eq!(thread.join().unwrap(), Ok(()));
        }
    });
    assert_eq!(semaphore.value(), 0);
}

#[test]
fn one_deadline_ends_several_waits() {
    let yard = yard();
    let event = Event::create(&yard, "e", EventOptions::default()).unwrap();
    let lock = Lock::create(&yard, "l", Scope::Process).unwrap();
    let deadline = Deadline::after(BRIEF);
    assert_eq!(kind(event.wait(deadline)), ErrorKind::Timeout);
    assert!(deadline.has_passed());
    lock.acquire_unguarded(deadline).unwrap(); // it is free: no waiting is needed
    assert_eq!(kind(lock.acquire_unguarded(deadline)), ErrorKind::Timeout);
    assert_eq!(kind(event.wait(Deadline::from(Instant::now()))), ErrorKind::Timeout);
    event.set();
    event.wait(deadline).unwrap();
    let permits = Permits::create(&yard, "p", 1).unwrap();
    permits.acquire_unguarded(Deadline::after(Duration::MAX)).unwrap();
    assert_eq!(kind(permits.acquire(deadline)), ErrorKind::Timeout);
    let ring = Ring::create(&yard, "r", RingOptions::default()).unwrap();
    assert_eq!(kind(ring.receiver(Strategy::Adaptive).unwrap().recv_vec(deadline)), ErrorKind::Empty);
}
