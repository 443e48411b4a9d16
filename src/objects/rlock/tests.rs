use super::*;
use crate::objects::lock::{Lock, Scope};
use crate::objects::yard::Options;
use std::sync::mpsc;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(20);

fn lock() -> (Yard, RLock) {
    let yard = Options::new().slots(8).anonymous().unwrap();
    let lock = RLock::create(&yard, "l").unwrap();
    (yard, lock)
}

/// What a stranger, another thread, meets.
fn stranger(lock: &RLock) -> (Option<ErrorKind>, Option<ErrorKind>, u32) {
    let kind = |result: Result<()>| result.err().map(|e| e.kind());
    let look = || (kind(lock.try_acquire().map(drop)), kind(lock.release()), lock.count());
    std::thread::scope(|s| s.spawn(look).join().unwrap())
}

const HELD: (Option<ErrorKind>, Option<ErrorKind>, u32) =
    (Some(ErrorKind::Busy), Some(ErrorKind::NotOwner), 0);

#[test]
fn its_owner_takes_it_again_and_it_is_free_after_as_many_releases() {
    let (_yard, lock) = lock();
    assert_eq!(lock.release().unwrap_err().kind(), ErrorKind::NotOwner);
    assert_eq!(lock.count(), 0);
    let timeouts = [Timeout::Forever, Timeout::Try, Timeout::For(SOON), Timeout::Forever];
    for (depth, timeout) in (1..).zip(timeouts) {
        assert_eq!(lock.acquire_unguarded(timeout), Ok(None));
        assert_eq!(lock.count(), depth);
        assert_eq!(stranger(&lock), HELD);
    }
    let holder = lock.holder().unwrap();
    assert_eq!((holder.pid, holder.tid), (std::process::id(), crate::os::process::tid()));
    for depth in (1..4).rev() {
        lock.release().unwrap();
        assert_eq!(lock.count(), depth);
        assert_eq!(stranger(&lock), HELD);
    }
    lock.release().unwrap();
    assert_eq!((lock.count(), lock.holder()), (0, None));
    assert_eq!(stranger(&lock).0, None);
    assert_eq!(lock.release().unwrap_err().kind(), ErrorKind::NotOwner);
}

#[test]
fn guards_may_be_dropped_in_any_order() {
    let (_yard, lock) = lock();
    let first = lock.acquire(Timeout::Forever).unwrap();
    let second = lock.clone();
    let second = second.acquire(Timeout::Forever).unwrap();
    let third = lock.try_acquire().unwrap();
    drop(first);
    assert_eq!(lock.count(), 2);
    drop(third);
    assert_eq!(stranger(&lock), HELD);
    drop(second);
    assert_eq!(lock.count(), 0);
}

#[test]
fn a_count_at_its_end_is_refused_and_nothing_is_changed() {
    let (_yard, lock) = lock();
    lock.acquire_unguarded(Timeout::Try).unwrap();
    lock.lock().set_count(u32::MAX);
    for timeout in [Timeout::Try, Timeout::Forever] {
        assert_eq!(lock.acquire_unguarded(timeout).unwrap_err().kind(), ErrorKind::Range);
    }
    assert_eq!(lock.count(), u32::MAX);
    lock.lock().set_count(0);
    assert_eq!(lock.count(), 1, "what no writer of ours writes");
    lock.release().unwrap();
    assert_eq!(lock.holder(), None);
}

#[test]
fn a_thread_that_ends_deep_in_it_leaves_it_taken_once_by_the_next() {
    for fallback in [false, true] {
        let yard = Options::new().slots(8).fallback(fallback).anonymous().unwrap();
        let lock = RLock::create(&yard, "l").unwrap();
        let (held, is_held) = mpsc::channel();
        std::thread::scope(|s| {
            let lock = &lock;
            s.spawn(move || {
                (0..3).for_each(|_| std::mem::forget(lock.acquire(Timeout::Try).unwrap()));
                held.send(()).unwrap();
                std::thread::sleep(SOON);
            });
            is_held.recv().unwrap();
            let guard = lock.acquire(LONG).unwrap();
            assert!(guard.owner_died());
            assert_eq!(lock.count(), 1);
            let mut again = lock.acquire(Timeout::Forever).unwrap();
            assert!(again.owner_died(), "told at every taking");
            assert!(lock.is_suspect());
            again.repaired().unwrap();
            assert!(!lock.acquire(Timeout::Forever).unwrap().owner_died());
            assert_eq!(lock.count(), 2);
        });
        assert!(!lock.try_acquire().unwrap().owner_died());
        assert_eq!(lock.repaired().unwrap_err().kind(), ErrorKind::NotOwner);
    }
}

#[test]
fn a_guard_of_a_thread_that_has_left_the_yard_releases_nothing() {
    let (yard, lock) = lock();
    let old = lock.acquire(Timeout::Try).unwrap();
    yard.detach_thread();
    assert_eq!(lock.count(), 0);
    let new = lock.acquire(Timeout::Try).unwrap();
    assert!(new.owner_died());
    drop(old);
    assert_eq!(lock.count(), 1);
}

#[test]
fn many_threads_count_without_losing_one() {
    for fallback in [false, true] {
        let yard = Options::new().slots(8).fallback(fallback).anonymous().unwrap();
        let lock = RLock::create(&yard, "l").unwrap();
        let mut count = 0u64;
        let at = &raw mut count as usize;
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    for _ in 0..3000 {
                        let _outer = lock.acquire(Timeout::Forever).unwrap();
                        let inner = lock.acquire(Timeout::Forever).unwrap();
                        drop(inner);
                        let p = at as *mut u64;
                        // SAFETY: guarded by the lock.
                        unsafe { p.write_volatile(p.read_volatile() + 1) };
                    }
                });
            }
        });
        assert_eq!(count, 12_000);
    }
}

#[test]
fn it_is_found_by_its_name_and_type() {
    let (yard, lock) = lock();
    lock.acquire_unguarded(Timeout::Try).unwrap();
    assert_eq!(RLock::open(&yard, "l").unwrap().count(), 1);
    assert_eq!(RLock::open_or_create(&yard, "l").unwrap().count(), 1);
    assert_eq!(RLock::create(&yard, "l").unwrap_err().kind(), ErrorKind::Exists);
    assert_eq!(RLock::open(&yard, "m").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(Lock::open(&yard, "l").unwrap_err().kind(), ErrorKind::Type);
    Lock::create(&yard, "plain", Scope::Thread).unwrap();
    assert_eq!(RLock::open_or_create(&yard, "plain").unwrap_err().kind(), ErrorKind::Type);
    assert_eq!(RLock::over(&yard, u64::MAX).unwrap_err().kind(), ErrorKind::Corrupt);
}
