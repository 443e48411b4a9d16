use super::*;
use crate::objects::yard::{Options, Yard};
use std::sync::mpsc;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(20);

fn lock(scope: Scope) -> (Yard, Lock) {
    let yard = Options::new().slots(8).anonymous().unwrap();
    let lock = Lock::create(&yard, "l", scope).unwrap();
    (yard, lock)
}

#[test]
fn a_thread_lock_finds_deadlock_strangers_and_double_release() {
    let (_yard, lock) = lock(Scope::Thread);
    assert_eq!(lock.release().unwrap_err().kind(), ErrorKind::NotOwner);
    let guard = lock.acquire(Timeout::Forever).unwrap();
    assert!(!guard.owner_died());
    assert_eq!(lock.acquire(Timeout::Forever).unwrap_err().kind(), ErrorKind::Deadlock);
    assert_eq!(lock.try_acquire().unwrap_err().kind(), ErrorKind::Busy);
    assert_eq!(lock.acquire(SOON).unwrap_err().kind(), ErrorKind::Timeout);
    let holder = lock.holder().unwrap();
    assert_eq!(holder.pid, std::process::id());
    assert_eq!(holder.tid, crate::os::process::tid());
    std::thread::scope(|s| {
        s.spawn(|| {
            assert_eq!(lock.release().unwrap_err().kind(), ErrorKind::NotOwner);
            assert_eq!(lock.acquire(SOON).unwrap_err().kind(), ErrorKind::Timeout);
            assert_eq!(lock.try_acquire().unwrap_err().kind(), ErrorKind::Busy);
        });
    });
    drop(guard);
    assert_eq!(lock.holder(), None);
}

#[test]
fn a_process_lock_may_be_released_by_another_thread() {
    for scope in [Scope::Process, Scope::Anyone] {
        let (_yard, lock) = lock(scope);
        assert_eq!(lock.release().unwrap_err().kind(), ErrorKind::NotOwner);
        lock.acquire_unguarded(Timeout::Try).unwrap();
        assert_eq!(lock.holder().unwrap(), Holder { pid: std::process::id(), tid: 0 });
        std::thread::scope(|s| {
            s.spawn(|| lock.release().unwrap());
        });
        lock.acquire_unguarded(SOON).unwrap();
        assert_eq!(lock.acquire_unguarded(SOON).unwrap_err().kind(), ErrorKind::Timeout);
        lock.release().unwrap();
    }
}

#[test]
fn a_thread_that_ends_with_the_lock_leaves_it_suspect_until_repaired() {
    for fallback in [false, true] {
        let yard = Options::new().slots(8).fallback(fallback).anonymous().unwrap();
        let lock = Lock::create(&yard, "l", Scope::Thread).unwrap();
        let (held, is_held) = mpsc::channel();
        std::thread::scope(|s| {
            let lock = &lock;
            s.spawn(move || {
                std::mem::forget(lock.acquire(Timeout::Try).unwrap());
                held.send(()).unwrap();
                std::thread::sleep(SOON);
            });
            is_held.recv().unwrap();
            let guard = lock.acquire(LONG).unwrap();
            assert!(guard.owner_died());
        });
        let mut guard = lock.try_acquire().unwrap();
        assert!(guard.owner_died(), "it stays suspect over a release");
        guard.repaired().unwrap();
        drop(guard);
        assert!(!lock.try_acquire().unwrap().owner_died());
        assert_eq!(lock.repaired().unwrap_err().kind(), ErrorKind::NotOwner);
    }
}

#[test]
fn many_threads_count_without_losing_one() {
    for (scope, fallback) in [(Scope::Thread, false), (Scope::Process, false), (Scope::Thread, true)] {
        let yard = Options::new().slots(8).fallback(fallback).anonymous().unwrap();
        let lock = Lock::create(&yard, "l", scope).unwrap();
        let mut count = 0u64;
        let at = &raw mut count as usize;
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    for _ in 0..5000 {
                        let _guard = lock.acquire(Timeout::Forever).unwrap();
                        let p = at as *mut u64;
                        // SAFETY: guarded by the lock.
                        unsafe { p.write_volatile(p.read_volatile() + 1) };
                    }
                });
            }
        });
        assert_eq!(count, 20_000);
    }
}

#[test]
fn who_has_left_the_yard_with_a_lock_has_not_died() {
    for (gone, deaths) in [(Gone::Closed, 0), (Gone::Died, 1)] {
        let (yard, lock) = lock(Scope::Process);
        assert!(lock.acquire_unguarded(Timeout::Try).unwrap().is_none());
        let me = Token::of(yard.held().token_if_joined()).unwrap();
        let name = crate::segment::directory::Name::new("l").unwrap();
        let record = yard.held().directory().unwrap().find(&name).unwrap().unwrap();
        recover(yard.held(), &record, Who::Process(me), gone);
        assert!(
            lock.acquire_unguarded(Timeout::Try).unwrap().is_some(),
            "it may have left something half changed"
        );
        assert_eq!(yard.faults().len(), deaths, "{gone:?}");
    }
}
