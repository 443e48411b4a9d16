use super::*;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(20);
const BRIEF: Duration = Duration::from_millis(5);

fn yard() -> Yard {
    Yard::anonymous().unwrap()
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

#[test]
fn a_set_is_kept_until_it_is_cleared() {
    let event = Event::create(&yard(), "e", EventOptions::default()).unwrap();
    assert_eq!(kind(event.wait(Timeout::Try)), ErrorKind::Timeout);
    assert_eq!(kind(event.wait(BRIEF)), ErrorKind::Timeout);
    assert!(event.set() && !event.set());
    event.wait(Timeout::Try).unwrap();
    event.wait(LONG).unwrap();
    assert!(event.is_set() && event.clear() && !event.clear() && !event.is_set());
}

#[test]
fn with_auto_reset_a_set_is_taken_once() {
    let options = EventOptions { initially_set: true, auto_reset: true };
    let event = Event::create(&yard(), "e", options).unwrap();
    event.wait(LONG).unwrap();
    assert_eq!(kind(event.wait(BRIEF)), ErrorKind::Timeout);
    assert!(event.set() && !event.set());
    event.wait(Timeout::Try).unwrap();
    assert!(!event.is_set());
}

#[test]
fn everybody_who_waits_goes_on_also_if_it_is_cleared_at_once() {
    let yard = yard();
    let event = Event::create(&yard, "e", EventOptions::default()).unwrap();
    let waiting = AtomicU32::new(0);
    std::thread::scope(|s| {
        let waiters: Vec<_> = (0..8)
            .map(|_| {
                s.spawn(|| {
                    waiting.fetch_add(1, Ordering::Relaxed);
                    event.wait(LONG).unwrap();
                })
            })
            .collect();
        while waiting.load(Ordering::Relaxed) < 8 {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(50));
        assert!(event.set() && event.clear());
        waiters.into_iter().for_each(|w| w.join().unwrap());
    });
}

#[test]
fn each_set_of_an_auto_reset_event_lets_one_go_on() {
    let yard = yard();
    let options = EventOptions { auto_reset: true, ..EventOptions::default() };
    let event = Event::create(&yard, "e", options).unwrap();
    let passed = AtomicU32::new(0);
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for _ in 0..100 {
                    event.wait(LONG).unwrap();
                    passed.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut sets = 0;
        while sets < 400 {
            if event.set() {
                sets += 1;
            } else {
                std::thread::yield_now();
            }
        }
    });
    assert_eq!(passed.into_inner(), 400);
    assert!(!event.is_set());
}

#[test]
fn the_kind_is_compared_and_the_initial_state_counts_once() {
    let yard = yard();
    let set = EventOptions { initially_set: true, auto_reset: false };
    let event = Event::create(&yard, "e", set).unwrap();
    assert!(event.is_set() && event.clear());
    assert!(!Event::open_or_create(&yard, "e", set).unwrap().is_set());
    let auto = EventOptions { initially_set: false, auto_reset: true };
    assert_eq!(kind(Event::open_or_create(&yard, "e", auto)), ErrorKind::Mismatch);
    assert_eq!(kind(Event::create(&yard, "e", set)), ErrorKind::Exists);
    assert!(!Event::open(&yard, "e").unwrap().options().auto_reset);
    crate::Lock::create(&yard, "lock", crate::Scope::Thread).unwrap();
    assert_eq!(kind(Event::open(&yard, "lock")), ErrorKind::Type);
    assert_eq!(kind(Event::open(&yard, "none")), ErrorKind::NotFound);
}
