use super::*;
use crate::objects::lock::{Lock, Scope};
use crate::objects::rlock::RLock;
use crate::objects::yard::{Options, Yard};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(20);

fn world() -> (Yard, Lock, Condition) {
    let yard = Options::new().slots(16).anonymous().unwrap();
    let lock = Lock::create(&yard, "lock", Scope::Thread).unwrap();
    let condition = Condition::create(&yard, "condition").unwrap();
    (yard, lock, condition)
}

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|e| e.kind())
}

/// Returns when so many wait.
fn until_waiting(condition: &Condition, count: u32) {
    while condition.waiters() != count {
        thread::yield_now();
    }
}

#[test]
fn a_condition_has_a_name_and_a_type() {
    let (yard, _lock, condition) = world();
    assert_eq!(kind(Condition::create(&yard, "condition")), Some(ErrorKind::Exists));
    assert_eq!(kind(Condition::open(&yard, "lock")), Some(ErrorKind::Type));
    assert_eq!(kind(Condition::open(&yard, "none")), Some(ErrorKind::NotFound));
    let same = Condition::open_or_create(&yard, "condition").unwrap();
    assert_eq!((same.waiters(), condition.clone().waiters()), (0, 0));
    assert_eq!((same.notify(3), same.notify_all()), (0, 0));
}

#[test]
fn who_does_not_hold_the_lock_or_holds_another_yards_is_refused_and_nothing_is_done() {
    let (_yard, lock, condition) = world();
    assert_eq!(kind(condition.wait(&lock, LONG)), Some(ErrorKind::NotOwner));
    assert_eq!(kind(condition.wait_for(&lock, LONG, || true)), Some(ErrorKind::NotOwner));
    let (other_yard, foreign, _) = world();
    let guard = foreign.acquire(LONG).unwrap();
    assert_eq!(kind(condition.wait(&guard, LONG)), Some(ErrorKind::Foreign));
    let rlock = RLock::create(&other_yard, "rlock").unwrap();
    let inside = rlock.acquire(LONG).unwrap();
    assert_eq!(kind(condition.wait(&inside, LONG)), Some(ErrorKind::Foreign));
    assert_eq!((condition.waiters(), rlock.count()), (0, 1));
    let held = lock.acquire(LONG).unwrap();
    thread::scope(|s| {
        s.spawn(|| assert_eq!(kind(condition.wait(&lock, LONG)), Some(ErrorKind::NotOwner)));
    });
    drop(held);
}

#[test]
fn a_wait_that_times_out_holds_the_lock_again() {
    let (yard, lock, condition) = world();
    for timeout in [Timeout::Try, Timeout::For(Duration::ZERO), Timeout::For(SOON)] {
        let guard = lock.acquire(LONG).unwrap();
        let waited = condition.wait(&guard, timeout).unwrap();
        assert_eq!((waited.ended, waited.news), (Ended::TimedOut, None));
        assert_eq!(kind(waited.or_error()), Some(ErrorKind::Timeout));
        assert!(lock.holder().is_some());
        thread::scope(|s| {
            s.spawn(|| assert_eq!(kind(lock.try_acquire()), Some(ErrorKind::Busy)));
        });
        drop(guard);
        assert_eq!((lock.holder(), condition.waiters()), (None, 0));
    }
    for scope in [Scope::Process, Scope::Anyone] {
        let lock = Lock::create(&yard, &format!("{scope:?}"), scope).unwrap();
        assert_eq!(kind(condition.wait(&lock, SOON)), Some(ErrorKind::NotOwner));
        lock.acquire_unguarded(LONG).unwrap();
        assert_eq!(condition.wait(&lock, SOON).unwrap().ended, Ended::TimedOut);
        assert!(lock.holder().is_some());
        lock.release().unwrap();
    }
}

#[test]
fn a_reentrant_lock_is_released_altogether_and_taken_as_often_again() {
    let (yard, _, condition) = world();
    let rlock = RLock::create(&yard, "rlock").unwrap();
    let guards: Vec<_> = (0..3).map(|_| rlock.acquire(LONG).unwrap()).collect();
    thread::scope(|s| {
        s.spawn(|| {
            let _guard = rlock.acquire(LONG).unwrap(); // while the other waits
            assert_eq!(condition.notify(1), 1);
        });
        assert!(condition.wait(&guards[0], LONG).unwrap().notified());
    });
    assert_eq!(rlock.count(), 3);
    drop(guards);
    assert_eq!((rlock.count(), rlock.holder()), (0, None));
}

/// As many as were notified wake, and no more: told by what each has added.
#[test]
fn so_many_wake_as_are_notified() {
    let (_yard, lock, condition) = world();
    let awake = AtomicU32::new(0);
    thread::scope(|s| {
        for _ in 0..7 {
            s.spawn(|| {
                let guard = lock.acquire(LONG).unwrap();
                assert!(condition.wait(&guard, LONG).unwrap().notified());
                awake.fetch_add(1, SeqCst);
            });
        }
        until_waiting(&condition, 7);
        let mut expected = 0;
        for (asked, told) in [(0, 0), (1, 1), (3, 3), (2, 2), (u32::MAX, 1), (1, 0)] {
            let guard = lock.acquire(LONG).unwrap();
            assert_eq!(condition.notify(asked), told);
            drop(guard);
            expected += told;
            while awake.load(SeqCst) < expected {
                thread::yield_now();
            }
            assert_eq!((awake.load(SeqCst), condition.waiters()), (expected, 7 - expected));
        }
    });
}

#[test]
fn those_who_have_waited_longest_are_notified_first() {
    let (_yard, lock, condition) = world();
    // Also where tickets go round.
    condition.cells().tickets.store(u32::MAX - 1, SeqCst);
    let order = crate::os::Mutex::new(Vec::new());
    thread::scope(|s| {
        for number in 0..5 {
            let (lock, condition, order) = (&lock, &condition, &order);
            s.spawn(move || {
                let guard = lock.acquire(LONG).unwrap();
                assert!(condition.wait(&guard, LONG).unwrap().notified());
                order.lock().push(number);
            });
            until_waiting(condition, number + 1);
        }
        for done in 1..=5 {
            assert_eq!(condition.notify(1), 1);
            while order.lock().len() < done {
                thread::yield_now();
            }
        }
    });
    assert_eq!(*order.lock(), [0, 1, 2, 3, 4]);
}

#[test]
fn who_has_waited_for_more_than_half_of_all_tickets_is_still_the_oldest() {
    let (_yard, lock, condition) = world();
    thread::scope(|s| {
        let wait = || {
            let guard = lock.acquire(LONG).unwrap();
            assert!(condition.wait(&guard, LONG).unwrap().notified());
        };
        let oldest = s.spawn(wait);
        until_waiting(&condition, 1);
        condition.cells().tickets.fetch_add(3 << 30, SeqCst);
        let youngest = s.spawn(wait);
        until_waiting(&condition, 2);
        assert_eq!(condition.notify(1), 1);
        until_waiting(&condition, 1);
        while !oldest.is_finished() && !youngest.is_finished() {
            thread::yield_now();
        }
        let was_first = oldest.is_finished();
        condition.notify_all();
        assert!(was_first);
    });
}

#[test]
fn a_wait_for_something_ends_when_it_is_so_or_in_time() {
    let (_yard, lock, condition) = world();
    let ready = AtomicU32::new(0);
    let is = |n| ready.load(SeqCst) == n;
    thread::scope(|s| {
        let waiter = s.spawn(|| {
            let guard = lock.acquire(LONG).unwrap();
            condition.wait_for(&guard, LONG, || is(3)).unwrap()
        });
        for _ in 0..3 {
            until_waiting(&condition, 1);
            let _guard = lock.acquire(LONG).unwrap();
            ready.fetch_add(1, SeqCst);
            assert_eq!(condition.notify_all(), 1);
        }
        assert!(waiter.join().unwrap().notified());
    });
    let guard = lock.acquire(LONG).unwrap();
    assert!(condition.wait_for(&guard, SOON, || true).unwrap().notified());
    assert!(condition.wait_while(&guard, SOON, || false).unwrap().notified());
    assert_eq!(condition.wait_while(&guard, SOON, || is(3)).unwrap().ended, Ended::TimedOut);
}

#[test]
fn a_waiter_whose_locks_owner_dies_is_told_however_the_wait_ends() {
    let (_yard, lock, condition) = world();
    thread::scope(|s| {
        s.spawn(|| {
            until_waiting(&condition, 1);
            lock.acquire_unguarded(LONG).unwrap(); // the thread ends with it
            condition.notify_all();
        });
        let mut guard = lock.acquire(LONG).unwrap();
        let waited = condition.wait(&guard, LONG).unwrap();
        assert!(waited.notified() && waited.owner_died() && guard.owner_died());
        assert_eq!(waited.or_error().unwrap(), Some(News::OwnerDied));
        let waited = condition.wait(&guard, SOON).unwrap();
        assert_eq!((waited.ended, waited.owner_died()), (Ended::TimedOut, true));
        assert!(condition.wait_for(&guard, SOON, || false).is_ok_and(|w| !w.notified() || w.owner_died()));
        guard.repaired().unwrap();
        assert!(!condition.wait(&guard, SOON).unwrap().owner_died() && !guard.owner_died());
    });
}

#[test]
fn words_that_nobody_writes_end_every_loop_and_are_nobodys_notification() {
    let (_yard, lock, condition) = world();
    let guard = lock.acquire(LONG).unwrap();
    for strange in [7, 1 << 30, 1 << 31, u32::MAX, 3 << 29, 5 << 29, 7 << 29] {
        for cell in condition.cells().cells {
            cell.scribble(strange);
        }
        assert!(condition.notify_all() <= 1, "in the cell of the one whose token it is");
        assert_eq!(condition.waiters(), 0);
        let _ = condition.wait(&guard, SOON).unwrap();
        assert!(lock.holder().is_some());
    }
}

#[test]
fn everybody_is_served_where_many_wait_and_notify() {
    for fallback in [false, true] {
        let yard = Options::new().slots(16).fallback(fallback).anonymous().unwrap();
        let lock = Lock::create(&yard, "lock", Scope::Thread).unwrap();
        let condition = Condition::create(&yard, "condition").unwrap();
        let stock = AtomicU32::new(0);
        thread::scope(|s| {
            for _ in 0..3 {
                s.spawn(|| {
                    for _ in 0..300 {
                        let guard = lock.acquire(LONG).unwrap();
                        let waited = condition.wait_while(&guard, LONG, || stock.load(SeqCst) == 0).unwrap();
                        assert!(waited.notified());
                        stock.fetch_sub(1, SeqCst);
                    }
                });
                s.spawn(|| {
                    for _ in 0..300 {
                        let _guard = lock.acquire(LONG).unwrap();
                        stock.fetch_add(1, SeqCst);
                        condition.notify(1);
                    }
                });
            }
        });
        assert_eq!((stock.load(SeqCst), condition.waiters()), (0, 0));
    }
}
