use super::*;
use crate::objects::value::Value;
use crate::objects::yard::Options;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(20);

fn yard() -> Yard {
    Options::new().slots(8).anonymous().unwrap()
}

fn semaphore(initial: u32, maximum: Option<u32>) -> Semaphore {
    Semaphore::create(&yard(), "s", SemaphoreOptions { initial, maximum }).unwrap()
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

#[test]
fn permits_are_taken_one_by_one_and_released_by_whoever_comes() {
    let s = semaphore(2, None);
    assert_eq!((s.value(), s.maximum()), (2, None));
    s.acquire(Timeout::Forever).unwrap();
    s.try_acquire().unwrap();
    assert_eq!(kind(s.try_acquire()), ErrorKind::Busy);
    assert_eq!(kind(s.acquire(Duration::ZERO)), ErrorKind::Busy);
    assert_eq!(kind(s.acquire(SOON)), ErrorKind::Timeout);
    std::thread::scope(|t| {
        t.spawn(|| s.release(3).unwrap());
    });
    assert_eq!(s.value(), 3);
    s.acquire(SOON).unwrap();
    assert_eq!(s.value(), 2);
}

#[test]
fn a_release_beyond_the_maximum_changes_nothing() {
    let s = semaphore(1, Some(3));
    assert_eq!(s.maximum(), Some(3));
    for count in [0, 3, u32::MAX] {
        assert_eq!(kind(s.release(count)), ErrorKind::Range);
        assert_eq!(s.value(), 1);
    }
    s.release(2).unwrap();
    assert_eq!(kind(s.release(1)), ErrorKind::Range);
    let full = semaphore(PERMITS, None);
    assert_eq!(kind(full.release(1)), ErrorKind::Range);
    full.acquire(Timeout::Try).unwrap();
    assert_eq!(kind(full.release(2)), ErrorKind::Range);
    full.release(1).unwrap();
    assert_eq!(full.value(), PERMITS);
}

#[test]
fn options_are_checked_and_a_mismatch_names_both() {
    let yard = yard();
    let options = |initial, maximum| SemaphoreOptions { initial, maximum };
    for (initial, maximum) in [(4, Some(3)), (0, Some(0)), (0, Some(PERMITS + 1)), (PERMITS + 1, None)] {
        assert_eq!(kind(Semaphore::create(&yard, "s", options(initial, maximum))), ErrorKind::Range);
    }
    assert_eq!(kind(Semaphore::open(&yard, "s")), ErrorKind::NotFound);
    let s = Semaphore::create(&yard, "s", options(3, Some(3))).unwrap();
    assert_eq!(kind(Semaphore::create(&yard, "s", options(3, Some(3)))), ErrorKind::Exists);
    s.try_acquire().unwrap();
    assert_eq!(Semaphore::open(&yard, "s").unwrap().maximum(), Some(3));
    assert_eq!(Semaphore::open_or_create(&yard, "s", options(0, Some(3))).unwrap().value(), 2);
    let other = Semaphore::open_or_create(&yard, "s", options(3, None)).unwrap_err();
    assert_eq!(other.kind(), ErrorKind::Mismatch);
    let detail = other.detail().unwrap();
    assert!(detail.contains("maximum of 3") && detail.contains("no maximum"), "{detail}");
    assert_eq!(kind(Value::<u32>::open(&yard, "s")), ErrorKind::Type);
    Value::<u32>::create(&yard, "v").unwrap();
    assert_eq!(kind(Semaphore::open_or_create(&yard, "v", options(0, None))), ErrorKind::Type);
}

#[test]
fn a_sleeper_is_woken_by_a_release() {
    for fallback in [false, true] {
        let yard = Options::new().slots(8).fallback(fallback).anonymous().unwrap();
        let s = Semaphore::create(&yard, "s", SemaphoreOptions::default()).unwrap();
        std::thread::scope(|t| {
            let sleepers: Vec<_> = (0..3).map(|_| t.spawn(|| s.acquire(LONG))).collect();
            std::thread::sleep(SOON);
            s.release(1).unwrap();
            s.release(2).unwrap();
            sleepers.into_iter().for_each(|sleeper| sleeper.join().unwrap().unwrap());
        });
        assert_eq!(s.value(), 0);
    }
}

#[test]
fn who_gives_up_leaves_a_permit_to_those_who_wait() {
    let s = semaphore(0, None);
    std::thread::scope(|t| {
        let patient: Vec<_> = (0..2).map(|_| t.spawn(|| s.acquire(LONG))).collect();
        let hasty = t.spawn(|| (0..200).filter(|_| s.acquire(Duration::from_micros(50)).is_ok()).count());
        (0..2).for_each(|_| s.release(1).unwrap());
        let taken = hasty.join().unwrap();
        (0..taken).for_each(|_| s.release(1).unwrap());
        patient.into_iter().for_each(|sleeper| sleeper.join().unwrap().unwrap());
    });
    assert_eq!(s.value(), 0);
}

#[test]
fn nobody_uses_more_permits_than_there_are_and_none_is_lost() {
    for fallback in [false, true] {
        let yard = Options::new().slots(8).fallback(fallback).anonymous().unwrap();
        let options = SemaphoreOptions { initial: 2, maximum: Some(2) };
        let s = Semaphore::create(&yard, "s", options).unwrap();
        let inside = Value::<i64>::create(&yard, "inside").unwrap();
        let turns = Value::<i64>::create(&yard, "turns").unwrap();
        std::thread::scope(|t| {
            for _ in 0..4 {
                t.spawn(|| {
                    for _ in 0..3000 {
                        s.acquire(Timeout::Forever).unwrap();
                        assert!(inside.fetch_add(1) < 2);
                        turns.fetch_add(1);
                        inside.fetch_sub(1);
                        s.release(1).unwrap();
                    }
                });
            }
        });
        assert_eq!((s.value(), turns.get()), (2, 12_000));
    }
}

#[test]
fn who_finds_a_permit_takes_no_place_in_the_yard() {
    let yard = Options::new().slots(1).anonymous().unwrap();
    let s = Semaphore::create(&yard, "s", SemaphoreOptions { initial: 1, maximum: None }).unwrap();
    std::thread::scope(|t| {
        t.spawn(|| {
            s.acquire(LONG).unwrap();
            assert_eq!(kind(s.try_acquire()), ErrorKind::Busy);
            assert_eq!(kind(s.acquire(SOON)), ErrorKind::NoSlots);
            s.release(1).unwrap();
        });
    });
    assert_eq!(s.value(), 1);
}
