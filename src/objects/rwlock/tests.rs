use super::*;
use crate::objects::yard::{Options, Yard};
use crate::shim::AtomicU32;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(20);

fn lock(readers: Option<u32>) -> (Yard, RwLock) {
    let yard = Options::new().slots(8).anonymous().unwrap();
    let lock = RwLock::create(&yard, "rw", RwLockOptions { readers }).unwrap();
    (yard, lock)
}

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|e| e.kind())
}

/// Does something in another thread.
fn elsewhere<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|s| s.spawn(f).join().unwrap())
}

/// How many read, and whether somebody writes.
fn inside(lock: &RwLock) -> (usize, bool) {
    let RwHolders { writer, readers } = lock.holders();
    (readers.len(), writer.is_some())
}

#[test]
fn it_is_for_one_to_4096_readers_and_a_mismatch_is_told() {
    let yard = Options::new().slots(8).anonymous().unwrap();
    for wrong in [0, READERS_MAX + 1, u32::MAX] {
        let options = RwLockOptions { readers: Some(wrong) };
        assert_eq!(kind(RwLock::create(&yard, "rw", options)), Some(ErrorKind::Range));
    }
    assert_eq!(kind(RwLock::open(&yard, "rw")), Some(ErrorKind::NotFound));
    for (name, readers, count) in
        [("one", Some(1), 1), ("most", Some(READERS_MAX), 4096), ("default", None, 8)]
    {
        let options = RwLockOptions { readers };
        assert_eq!(RwLock::create(&yard, name, options).unwrap().readers_max(), count);
        assert_eq!(kind(RwLock::create(&yard, name, options)), Some(ErrorKind::Exists));
        assert_eq!(RwLock::open(&yard, name).unwrap().readers_max(), count);
        assert_eq!(RwLock::open_or_create(&yard, name, options).unwrap().readers_max(), count);
        let any = RwLock::open_or_create(&yard, name, RwLockOptions::default()).unwrap();
        let other = RwLockOptions { readers: Some(7) };
        assert_eq!(kind(RwLock::open_or_create(&yard, name, other)), Some(ErrorKind::Mismatch));
        drop(any.write(Timeout::Forever).unwrap());
        drop(any.read(Timeout::Forever).unwrap());
    }
}

#[test]
fn many_read_or_one_writes() {
    for readers in [None, Some(2)] {
        let (_yard, lock) = lock(readers);
        let guard = lock.read(Timeout::Forever).unwrap();
        elsewhere(|| {
            let other = lock.try_read().unwrap();
            assert!(!other.owner_died());
            assert_eq!(inside(&lock), (2, false));
            drop(other);
            assert_eq!(kind(lock.try_write()), Some(ErrorKind::Busy));
            assert_eq!(kind(lock.write(SOON)), Some(ErrorKind::Timeout));
            assert_eq!(kind(lock.release()), Some(ErrorKind::NotOwner));
        });
        drop(guard);
        let mut guard = lock.write(Timeout::Forever).unwrap();
        assert!(!guard.owner_died());
        guard.repaired().unwrap();
        let RwHolders { writer, readers } = lock.holders();
        let me = Holder { pid: std::process::id(), tid: crate::os::process::tid() };
        assert_eq!((writer, readers), (Some(me), Vec::new()));
        elsewhere(|| {
            assert_eq!(kind(lock.try_read()), Some(ErrorKind::Busy));
            assert_eq!(kind(lock.read(SOON)), Some(ErrorKind::Timeout));
            assert_eq!(kind(lock.try_write()), Some(ErrorKind::Busy));
            assert_eq!(kind(lock.write(SOON)), Some(ErrorKind::Timeout));
            assert_eq!(kind(lock.repaired()), Some(ErrorKind::NotOwner));
        });
        drop(guard);
        assert_eq!((inside(&lock), lock.is_suspect()), ((0, false), false));
        elsewhere(|| drop(lock.try_write().unwrap()));
    }
}

#[test]
fn who_would_wait_for_himself_is_told() {
    let (_yard, lock) = lock(None);
    let reading = lock.read(Timeout::Try).unwrap();
    assert_eq!(kind(lock.write(Timeout::Forever)), Some(ErrorKind::Deadlock));
    assert_eq!(kind(lock.try_write()), Some(ErrorKind::Busy));
    assert_eq!(kind(lock.write(SOON)), Some(ErrorKind::Timeout));
    assert_eq!(kind(lock.repaired()), Some(ErrorKind::NotOwner));
    elsewhere(|| drop(lock.try_read().unwrap()));
    drop(reading);
    let writing = lock.write(Timeout::Try).unwrap();
    assert_eq!(kind(lock.write(Timeout::Forever)), Some(ErrorKind::Deadlock));
    assert_eq!(kind(lock.read(Timeout::Forever)), Some(ErrorKind::Deadlock));
    assert_eq!(kind(lock.try_read()), Some(ErrorKind::Busy));
    assert_eq!(kind(lock.read(SOON)), Some(ErrorKind::Timeout));
    drop(writing);
    assert_eq!(inside(&lock), (0, false));
}

#[test]
fn a_reader_is_in_as_often_as_it_likes_even_while_a_writer_waits() {
    for readers in [None, Some(1)] {
        let (_yard, lock) = lock(readers);
        let first = lock.read(Timeout::Forever).unwrap();
        std::thread::scope(|s| {
            let writer = s.spawn(|| drop(lock.write(LONG).unwrap()));
            while elsewhere(|| lock.try_read().is_ok()) {
                std::thread::yield_now(); // until the writer has come
            }
            let again = lock.read(Timeout::Forever).unwrap();
            lock.read_unguarded(Timeout::Try).unwrap();
            assert_eq!(inside(&lock), (1, false));
            drop(first);
            lock.release().unwrap();
            assert!(!writer.is_finished());
            drop(again);
            writer.join().unwrap();
        });
        assert_eq!(kind(lock.release()), Some(ErrorKind::NotOwner));
    }
}

#[test]
fn more_readers_than_cells_are_refused_and_the_cells_of_ended_threads_come_back() {
    let (_yard, lock) = lock(Some(1));
    elsewhere(|| std::mem::forget(lock.read(Timeout::Try).unwrap()));
    let guard = lock.read(Timeout::Try).unwrap();
    assert!(!guard.owner_died());
    elsewhere(|| {
        assert_eq!(kind(lock.try_read()), Some(ErrorKind::NoSlots));
        assert_eq!(kind(lock.read(Timeout::Forever)), Some(ErrorKind::NoSlots));
    });
    drop(guard);
    elsewhere(|| drop(lock.read(SOON).unwrap()));
}

#[test]
fn a_thread_that_ends_reading_is_no_news_and_one_that_ends_writing_is() {
    for fallback in [false, true] {
        let yard = Options::new().slots(8).fallback(fallback).anonymous().unwrap();
        let lock = RwLock::create(&yard, "rw", RwLockOptions::default()).unwrap();
        elsewhere(|| (0..3).for_each(|_| assert_eq!(lock.read_unguarded(Timeout::Try), Ok(None))));
        assert!(!lock.write(LONG).unwrap().owner_died());
        let (held, is_held) = mpsc::channel();
        std::thread::scope(|s| {
            let lock = &lock;
            s.spawn(move || {
                std::mem::forget(lock.write(Timeout::Try).unwrap());
                held.send(()).unwrap();
                std::thread::sleep(SOON);
            });
            is_held.recv().unwrap();
            let reader = s.spawn(|| lock.read(LONG).unwrap().owner_died());
            assert!(lock.write(LONG).unwrap().owner_died());
            assert!(reader.join().unwrap());
        });
        assert!(lock.is_suspect());
        assert!(lock.read(Timeout::Try).unwrap().owner_died());
        let mut guard = lock.try_write().unwrap();
        assert!(guard.owner_died(), "it stays suspect over a release");
        guard.repaired().unwrap();
        assert!(!guard.owner_died());
        drop(guard);
        assert!(!lock.is_suspect());
        assert!(!lock.try_read().unwrap().owner_died());
        assert!(!lock.try_write().unwrap().owner_died());
    }
}

#[test]
fn a_guard_that_was_released_without_it_releases_nothing() {
    let (_yard, lock) = lock(None);
    let reading = lock.read(Timeout::Try).unwrap();
    lock.release().unwrap();
    let writing = lock.write(Timeout::Try).unwrap();
    drop(reading);
    assert_eq!(inside(&lock), (0, true));
    lock.release().unwrap();
    drop(writing);
    assert_eq!(kind(lock.release()), Some(ErrorKind::NotOwner));
    assert_eq!(inside(&lock), (0, false));
}

#[test]
fn words_that_nobody_writes_are_cleared_and_end_every_loop() {
    let (yard, lock) = lock(Some(2));
    let record = yard.held().directory().unwrap().iter().find(|r| r.name.as_str() == "rw").unwrap();
    let words: &[AtomicU32] = yard.held().region().table(record.offset + CELLS_AT, 4).unwrap();
    for strange in [7, 1 << 30, 1 << 31, u32::MAX, 1 << 30 | 5] {
        words.iter().for_each(|word| word.store(strange, Ordering::Relaxed));
        drop(lock.read(SOON).unwrap());
        words.iter().for_each(|word| word.store(strange, Ordering::Relaxed));
        drop(lock.write(SOON).unwrap());
        assert_eq!(inside(&lock), (0, false));
    }
}

#[test]
fn the_most_reads_are_counted_and_one_more_is_refused() {
    let (yard, lock) = lock(Some(1));
    let record = yard.held().directory().unwrap().iter().find(|r| r.name.as_str() == "rw").unwrap();
    let words: &[AtomicU32] = yard.held().region().table(record.offset + CELLS_AT, 2).unwrap();
    lock.read_unguarded(Timeout::Try).unwrap();
    words[1].store(u32::MAX, Ordering::Relaxed);
    assert_eq!(kind(lock.read(Timeout::Forever)), Some(ErrorKind::Range));
    lock.release().unwrap();
    lock.read_unguarded(Timeout::Forever).unwrap();
    words[1].store(0, Ordering::Relaxed);
    lock.release().unwrap();
    assert_eq!(kind(lock.release()), Some(ErrorKind::NotOwner));
}

#[test]
fn many_threads_write_and_read_and_nothing_is_torn_or_lost() {
    for (fallback, readers) in [(false, None), (true, None), (false, Some(3))] {
        let yard = Options::new().slots(16).fallback(fallback).anonymous().unwrap();
        let lock = RwLock::create(&yard, "rw", RwLockOptions { readers }).unwrap();
        let mut pair = [0u64; 2];
        let at = &raw mut pair as usize;
        std::thread::scope(|s| {
            for thread in 0..5 {
                let lock = &lock;
                s.spawn(move || {
                    for round in 0..3000 {
                        let p = at as *mut u64;
                        if (thread + round) % 3 == 0 {
                            let _guard = lock.write(Timeout::Forever).unwrap();
                            for i in 0..2 {
                                // SAFETY: the writer is alone with it.
                                unsafe { p.add(i).write_volatile(p.add(i).read_volatile() + 1) };
                            }
                        } else {
                            // More threads than cells: refused now and then.
                            let Ok(_guard) = lock.read(Timeout::Forever) else { continue };
                            // SAFETY: nobody writes while somebody reads.
                            let (one, other) = unsafe { (p.read_volatile(), p.add(1).read_volatile()) };
                            assert_eq!(one, other);
                        }
                    }
                });
            }
        });
        assert_eq!(pair, [5000, 5000]);
    }
}
