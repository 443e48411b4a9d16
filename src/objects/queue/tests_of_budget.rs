//! Queues with a limit in bytes.

use super::*;
use crate::objects::owners;
use crate::sync::wait::Timeout;
use budget::Turn;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
const BRIEF: Duration = Duration::from_millis(20);

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.err().unwrap().kind()
}

fn options(max_bytes: usize) -> QueueOptions {
    QueueOptions { capacity: 16, block_bytes: 64 << 10, max_bytes, ..QueueOptions::default() }
}

fn limited(yard: &Yard, max_bytes: usize) -> Queue {
    Queue::create(yard, "queue", options(max_bytes)).unwrap()
}

#[test]
fn all_messages_together_have_so_many_bytes_at_most_wherever_they_lie() {
    let yard = Yard::anonymous().unwrap();
    let queue = limited(&yard, 100);
    for _ in 0..30 {
        queue.try_put(&[1; 40]).unwrap();
        queue.try_put(&[2; 59]).unwrap();
        assert_eq!(
            (kind(queue.try_put(&[3; 2])), kind(queue.put(&[3; 50], BRIEF))),
            (ErrorKind::Full, ErrorKind::Full)
        );
        queue.try_put(b"4").unwrap();
        queue.try_put(b"").unwrap();
        assert_eq!((queue.bytes(), queue.len(), kind(queue.try_put(b"5"))), (100, 4, ErrorKind::Full));
        assert!(queue.is_full());
        assert_eq!(queue.get_vec(SOON).unwrap().0, [1; 40]);
        queue.try_put(&[6; 40]).unwrap();
        assert_eq!(kind(queue.try_put(b"7")), ErrorKind::Full);
        let rest: Vec<usize> = (0..4).map(|_| queue.get_vec(SOON).unwrap().1.len).collect();
        assert_eq!((rest, queue.bytes()), (vec![59, 1, 0, 40], 0));
    }
}

#[test]
fn what_can_never_be_within_the_limit_is_too_long() {
    let yard = Yard::anonymous().unwrap();
    let queue = limited(&yard, 60);
    assert_eq!((queue.max_len(), queue.options().max_bytes), (60, 60));
    assert_eq!(kind(queue.put(&[0; 61], SOON)), ErrorKind::TooLong);
    let (error, loan) = queue.put_loan(queue.loan(61, SOON).unwrap(), SOON).unwrap_err();
    assert_eq!((error.kind(), loan.is_some()), (ErrorKind::TooLong, true));
    drop(loan);
    queue.try_put(&[0; 60]).unwrap();
    let (error, loan) = queue.put_loan(queue.loan(1, SOON).unwrap(), Timeout::Try).unwrap_err();
    assert_eq!((error.kind(), loan.is_some()), (ErrorKind::Full, true));
    assert_eq!(kind(Queue::open_or_create(&yard, "queue", options(61))), ErrorKind::Mismatch);
    assert_eq!(Queue::open(&yard, "queue").unwrap().options(), options(60));
}

#[test]
fn who_waits_for_bytes_is_woken_when_there_are_some() {
    let yard = Yard::anonymous().unwrap();
    let queue = limited(&yard, 10);
    queue.try_put(&[1; 8]).unwrap();
    std::thread::scope(|s| {
        let putter = s.spawn(|| queue.put(&[2; 3], SOON));
        std::thread::sleep(BRIEF);
        assert_eq!(queue.len(), 1);
        assert_eq!(queue.get_vec(SOON).unwrap().0, [1; 8]);
        assert_eq!(queue.get_vec(SOON).unwrap().0, [2; 3]);
        putter.join().unwrap().unwrap();
        queue.try_put(&[3; 8]).unwrap();
        let putter = s.spawn(|| queue.put(&[2; 3], SOON));
        std::thread::sleep(BRIEF);
        queue.shutdown(false);
        assert_eq!(kind(putter.join().unwrap()), ErrorKind::Shutdown);
    });
}

#[test]
fn a_full_ring_takes_nothing_of_the_limit() {
    let yard = Yard::anonymous().unwrap();
    let few = QueueOptions { capacity: 2, ..options(100) };
    let queue = Queue::create(&yard, "queue", few).unwrap();
    queue.try_put(b"1").unwrap();
    queue.try_put(b"2").unwrap();
    (0..50).for_each(|_| assert_eq!(kind(queue.try_put(&[0; 9])), ErrorKind::Full));
    assert_eq!((queue.get_vec(SOON).unwrap().0, queue.bytes()), (b"1".to_vec(), 1));
    queue.try_put(&[0; 99]).unwrap();
    assert_eq!(queue.bytes(), 100);
}

#[test]
fn what_somebody_has_in_hand_counts_until_it_is_gone() {
    let yard = Yard::anonymous().unwrap();
    let queue = limited(&yard, 10);
    queue.try_put(&[1; 8]).unwrap();
    let reading = queue.claim(queue.seat().unwrap(), usize::MAX).unwrap();
    std::thread::scope(|s| {
        let other = || s.spawn(|| (kind(queue.try_put(&[2; 3])), kind(queue.put(&[2; 3], BRIEF))));
        assert_eq!(other().join().unwrap(), (ErrorKind::Busy, ErrorKind::Timeout));
        reading.put_back();
        assert_eq!(other().join().unwrap(), (ErrorKind::Full, ErrorKind::Full));
    });
    assert!(!queue.get_vec(SOON).unwrap().1.redelivered);
    queue.try_put(&[2; 3]).unwrap();
}

#[test]
fn a_thread_that_ends_with_the_turn_leaves_it() {
    let yard = Yard::anonymous().unwrap();
    let queue = limited(&yard, 10);
    queue.try_put(&[1; 4]).unwrap();
    let die = || {
        std::thread::scope(|s| {
            s.spawn(|| {
                let (budget, turn) = (&queue.body().budget, Turn::new(&queue, Timeout::Try));
                queue.enter(budget, &turn).unwrap();
                // It has raised the bound, and put nothing.
                let none = budget.put(6, || queue.load(), || Ok::<_, ()>(()));
                assert!(none.is_ok());
            });
        });
    };
    for _ in 0..3 {
        die();
        queue.put(&[2; 6], SOON).unwrap();
        assert_eq!(kind(queue.put(b"x", BRIEF)), ErrorKind::Full);
        die_full(&queue);
        assert_eq!((queue.get_vec(SOON).unwrap().1.len, queue.get_vec(SOON).unwrap().1.len), (4, 6));
        queue.put(&[1; 4], SOON).unwrap();
    }
}

/// A thread ends with the turn, and has found no room.
fn die_full(queue: &Queue) {
    std::thread::scope(|s| {
        let died = s.spawn(|| queue.enter(&queue.body().budget, &Turn::new(queue, Timeout::Try)).unwrap());
        died.join().unwrap();
    });
}

#[test]
fn at_no_instant_is_there_more_than_the_limit() {
    let yard = Yard::anonymous().unwrap();
    let queue = limited(&yard, 300);
    let lens = [0, 7, 48, 49, 130, 200];
    std::thread::scope(|s| {
        let putters = (0..3).map(|me| {
            let (queue, lens) = (&queue, &lens);
            s.spawn(move || {
                for round in 0..3000 {
                    queue.put(&vec![me; lens[(round + usize::from(me)) % lens.len()]], SOON).unwrap();
                }
            })
        });
        let getter = s.spawn(|| (0..9000).map(|_| queue.get_vec(SOON).unwrap().1.len).sum::<usize>());
        let putters: Vec<_> = putters.collect();
        let (budget, mut most) = (&queue.body().budget, 0);
        while putters.iter().any(|putter| !putter.is_finished()) {
            let lock = owners::take(queue.yard(), &budget.lock, SOON.into(), queue.manner()).unwrap();
            most = most.max(queue.load().bytes); // nobody puts meanwhile
            owners::give(&budget.lock, lock);
        }
        putters.into_iter().for_each(|putter| putter.join().unwrap());
        assert_eq!(getter.join().unwrap(), 1500 * lens.iter().sum::<usize>());
        assert!((1..=300).contains(&most), "{most} bytes at some instant");
    });
    assert_eq!(queue.bytes(), 0);
}
