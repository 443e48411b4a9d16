//! How many messages there are, asked while they come and go.
//!
//! Whoever puts or gets says so before he begins, and after it has ended; in between he says what came of it. A watcher
//! looks at those numbers, and at the queue between two such looks. A move that had ended before the first of them is in the
//! numbers, and in the length; one that had not begun before the last of them is in neither: so the two differ by as many as
//! the other moves at most.

use super::tests::{SOON, yard};
use super::*;
use crate::shim::Ordering::SeqCst;
use crate::sync::wait::Timeout;
use std::time::{Duration, Instant};

const WORKERS: u64 = 4;
const CAPACITY: usize = 8;
/// So many looks are wanted with no move beside them, and so many with one or two, each after other moves: those can tell.
const SHARP: u64 = 100;

#[derive(Default)]
struct Counts {
    begun: AtomicU64,
    put: AtomicU64,
    got: AtomicU64,
    ended: AtomicU64,
    stop: AtomicU64,
}

impl Counts {
    fn add(count: &AtomicU64) {
        count.fetch_add(1, SeqCst);
    }

    /// Puts and gets, one in the mean as often as the other, and stands still in the middle of some moves.
    fn work(&self, queue: &Queue, mut dice: u64) {
        let me = queue.seat().unwrap();
        while self.stop.load(SeqCst) == 0 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (puts, way) = (dice >> 63 == 0, dice >> 48 & 7);
            Counts::add(&self.begun);
            match (puts, way) {
                (true, 0..3) => {
                    if let Ok(writing) = queue.0.ring.claim_write(me, &place::Hands(queue.yard())) {
                        std::thread::yield_now();
                        writing.publish(0, b"slow").unwrap();
                        Counts::add(&self.put);
                    }
                }
                (true, _) => drop(queue.try_put(b"quick").map(|()| Counts::add(&self.put))),
                (false, 0..3) => {
                    if let Ok(reading) = queue.claim(me, usize::MAX) {
                        std::thread::yield_now();
                        queue.release(reading);
                        Counts::add(&self.got);
                    }
                }
                (false, 3 | 4) if queue.options().unacked != 0 => {
                    if let Ok((_, owed)) = queue.get_ack_vec(Timeout::Try) {
                        queue.put_back(owed.ticket).unwrap();
                    }
                }
                (false, _) => drop(queue.try_get(&mut [0; 8]).map(|_| Counts::add(&self.got))),
            }
            Counts::add(&self.ended);
            match dice >> 32 & 15 {
                0..4 => std::thread::sleep(Duration::from_micros(50)),
                4..8 => std::thread::yield_now(),
                _ => {}
            }
        }
    }

    /// One look: after how many moves, and beside how many.
    fn watch(&self, queue: &Queue) -> (u64, u64) {
        let ended = self.ended.load(SeqCst);
        let (put, got) = (self.put.load(SeqCst), self.got.load(SeqCst));
        let (len, is_empty, is_full) = (queue.len(), queue.is_empty(), queue.is_full());
        let beside = self.begun.load(SeqCst) - ended;
        let (there, moves) = (put as i64 - got as i64, beside as i64);
        let most = queue.capacity() + queue.options().unacked;
        assert!(len <= most, "{len} of {most}");
        assert!((len as i64 - there).abs() <= moves, "{len}, and {put} - {got} with {moves} moves beside");
        assert!(!is_empty || there <= moves, "empty, and {put} - {got} with {moves} moves beside");
        let full = queue.capacity() as i64;
        // What is owed has no place, and what comes again keeps those behind it.
        if queue.options().unacked == 0 {
            let so = if is_full { there + moves >= full } else { there - moves < full };
            assert!(so, "full: {is_full}, and {put} - {got} with {moves} moves beside");
        }
        (ended, beside)
    }
}

#[test]
fn the_length_is_right_but_for_what_comes_and_goes_meanwhile() {
    for unacked in [0, 3] {
        let yard = yard();
        let options = QueueOptions { capacity: CAPACITY, unacked, ..QueueOptions::default() };
        let queue = Queue::create(&yard, "queue", options).unwrap();
        let (counts, queue) = (&Counts::default(), &queue);
        let sharp = std::thread::scope(|s| {
            let work = |n| s.spawn(move || counts.work(queue, n));
            let workers: Vec<_> = (0..WORKERS).map(work).collect();
            let watcher = s.spawn(|| {
                let (mut sharp, mut last, end) = ([0; 2], 0, Instant::now() + SOON);
                while sharp.iter().any(|&looks| looks < SHARP) && Instant::now() < end {
                    let (ended, beside) = counts.watch(queue);
                    if ended != last && beside <= 2 {
                        sharp[usize::from(beside > 0)] += 1;
                        last = ended;
                    }
                }
                sharp
            });
            let sharp = watcher.join();
            counts.stop.store(1, SeqCst);
            workers.into_iter().for_each(|worker| worker.join().unwrap());
            sharp.unwrap()
        });
        assert!(sharp.iter().all(|&looks| looks >= SHARP), "only {sharp:?} looks could tell");
        let left = counts.put.load(SeqCst) - counts.got.load(SeqCst);
        assert_eq!(queue.len() as u64, left, "nobody moves");
    }
}
