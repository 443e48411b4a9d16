use super::*;
use crate::objects::yard::{Options, Yard};
use std::sync::mpsc;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(20);

fn permits(count: u32) -> (Yard, Permits) {
    let yard = Options::new().slots(8).anonymous().unwrap();
    let permits = Permits::create(&yard, "p", count).unwrap();
    (yard, permits)
}

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|e| e.kind())
}

/// Available and held by this process.
fn counts(permits: &Permits) -> (u32, u32) {
    (permits.available(), permits.held())
}

#[test]
fn there_are_one_to_4096_permits_and_a_mismatch_is_told() {
    let yard = Options::new().slots(8).anonymous().unwrap();
    for wrong in [0, PERMITS_MAX + 1, u32::MAX] {
        assert_eq!(kind(Permits::create(&yard, "p", wrong)), Some(ErrorKind::Range));
    }
    assert_eq!(kind(Permits::open(&yard, "p")), Some(ErrorKind::NotFound));
    for (name, count) in [("one", 1), ("most", PERMITS_MAX)] {
        let permits = Permits::create(&yard, name, count).unwrap();
        assert_eq!((permits.capacity(), permits.available(), permits.held()), (count, count, 0));
        assert_eq!(kind(Permits::create(&yard, name, count)), Some(ErrorKind::Exists));
        assert_eq!(Permits::open(&yard, name).unwrap().capacity(), count);
        assert_eq!(Permits::open_or_create(&yard, name, count).unwrap().capacity(), count);
        assert_eq!(kind(Permits::open_or_create(&yard, name, 7)), Some(ErrorKind::Mismatch));
        permits.acquire_many_unguarded(count, Timeout::Try).unwrap();
        assert_eq!(counts(&permits), (0, count));
        permits.release(count).unwrap();
        assert_eq!(counts(&permits), (count, 0));
    }
}

#[test]
fn permits_are_counted_and_busy_is_exact() {
    let (_yard, permits) = permits(3);
    let guards: Vec<_> = (0..3).map(|_| permits.try_acquire().unwrap()).collect();
    assert_eq!(counts(&permits), (0, 3));
    assert_eq!(permits.holders(), [PermitHolder { pid: std::process::id(), count: 3 }]);
    assert_eq!(kind(permits.try_acquire()), Some(ErrorKind::Busy));
    assert_eq!(kind(permits.acquire(SOON)), Some(ErrorKind::Timeout));
    drop(guards);
    assert_eq!(counts(&permits), (3, 0));
    assert!(permits.holders().is_empty());
}

#[test]
fn too_much_is_not_given_back_and_nothing_is_changed_then() {
    let (_yard, permits) = permits(4);
    assert_eq!(kind(permits.release(1)), Some(ErrorKind::NotOwner));
    permits.acquire_many_unguarded(3, Timeout::Forever).unwrap();
    assert_eq!(kind(permits.release(4)), Some(ErrorKind::NotOwner));
    for wrong in [0, 5, u32::MAX] {
        assert_eq!(kind(permits.release(wrong)), Some(ErrorKind::Range));
        assert_eq!(kind(permits.acquire_many(wrong, Timeout::Try)), Some(ErrorKind::Range));
    }
    assert_eq!(counts(&permits), (1, 3));
    permits.release(2).unwrap();
    permits.release(1).unwrap();
    assert_eq!(counts(&permits), (4, 0));
}

#[test]
fn several_come_at_once_or_not_at_all() {
    let (_yard, permits) = permits(4);
    let one = permits.acquire(Timeout::Try).unwrap();
    assert_eq!(kind(permits.acquire_many(4, Timeout::Try)), Some(ErrorKind::Busy));
    assert_eq!(kind(permits.acquire_many(4, SOON)), Some(ErrorKind::Timeout));
    assert_eq!(counts(&permits), (3, 1));
    let three = permits.acquire_many(3, Timeout::Try).unwrap();
    assert_eq!((three.count(), counts(&permits)), (3, (0, 4)));
    std::thread::scope(|s| {
        let all = s.spawn(|| permits.acquire_many(4, LONG).unwrap().count());
        drop(three);
        std::thread::sleep(SOON);
        drop(one);
        assert_eq!(all.join().unwrap(), 4);
    });
    assert_eq!(counts(&permits), (4, 0));
}

#[test]
fn any_thread_of_the_process_gives_back() {
    let (_yard, permits) = permits(2);
    let guard = permits.acquire(Timeout::Try).unwrap();
    permits.acquire_unguarded(Timeout::Try).unwrap();
    std::thread::scope(|s| {
        let (permits, (woken, wakes)) = (&permits, mpsc::channel());
        s.spawn(move || {
            drop(permits.acquire(LONG).unwrap());
            woken.send(()).unwrap();
        });
        s.spawn(move || drop(guard));
        s.spawn(move || permits.release(1).unwrap());
        wakes.recv_timeout(LONG).unwrap();
    });
    assert_eq!(counts(&permits), (2, 0));
}

#[test]
fn a_thread_that_ends_takes_no_permit_along() {
    let (_yard, permits) = permits(2);
    std::thread::scope(|s| {
        s.spawn(|| permits.acquire_unguarded(SOON).unwrap());
    });
    assert_eq!(counts(&permits), (1, 1));
    permits.release(1).unwrap();
}

#[test]
fn the_last_close_gives_everything_back() {
    let yard = Options::new().slots(8).anonymous().unwrap();
    let other = Yard::from_fd(&yard).unwrap();
    let first = Permits::create(&other, "p", 4).unwrap();
    first.acquire_many_unguarded(3, Timeout::Try).unwrap();
    drop((other, first));
    let again = Permits::open(&yard, "p").unwrap();
    assert_eq!(counts(&again), (1, 3), "the process has the yard open still");
    let who = Who::Process(yard.held().process_token().unwrap());
    crate::presence::attachment::Objects::recover(
        &crate::objects::REPAIR,
        yard.held(),
        who,
        crate::presence::attachment::Gone::Closed,
    );
    assert_eq!(counts(&again), (4, 0));
}

#[test]
fn a_guard_whose_permit_was_given_back_gives_back_another_or_none() {
    let (_yard, permits) = permits(2);
    let (one, two) = (permits.acquire(Timeout::Try).unwrap(), permits.acquire(Timeout::Try).unwrap());
    permits.release(1).unwrap();
    drop(two);
    assert_eq!(counts(&permits), (2, 0));
    drop(one);
    assert_eq!(counts(&permits), (2, 0));
}

#[test]
fn words_that_nobody_writes_are_cleared_and_end_every_loop() {
    let (_yard, permits) = permits(2);
    for strange in [7, 1 << 30, 1 << 31, u32::MAX, 1 << 30 | 5] {
        for cell in permits.cells().cells {
            cell.store(strange, Ordering::Relaxed);
        }
        permits.acquire_unguarded(SOON).unwrap();
        permits.acquire_unguarded(SOON).unwrap();
        assert_eq!(counts(&permits), (0, 2));
        permits.release(2).unwrap();
    }
}

#[test]
fn never_more_than_there_are_among_many_threads() {
    for fallback in [false, true] {
        let yard = Options::new().slots(16).fallback(fallback).anonymous().unwrap();
        let permits = Permits::create(&yard, "p", 3).unwrap();
        let inside = AtomicU32::new(0);
        std::thread::scope(|s| {
            for thread in 0..6u32 {
                let (permits, inside) = (&permits, &inside);
                s.spawn(move || {
                    for round in 0..400 {
                        let count = 1 + (thread + round) % 3;
                        let permit = permits.acquire_many(count, Timeout::Forever).unwrap();
                        let now = inside.fetch_add(count, Ordering::SeqCst) + count;
                        assert!(now <= 3, "{now} inside");
                        inside.fetch_sub(count, Ordering::SeqCst);
                        drop(permit);
                    }
                });
            }
        });
        assert_eq!(counts(&permits), (3, 0));
    }
}

#[test]
fn a_thread_that_holds_one_can_always_give_one_back() {
    let (_yard, permits) = permits(8);
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for _ in 0..2000 {
                    permits.acquire_unguarded(Timeout::Forever).unwrap();
                    permits.release(1).unwrap();
                }
            });
        }
    });
    assert_eq!(counts(&permits), (8, 0));
}
