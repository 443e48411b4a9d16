//! The storm of the queues under a lock: processes put numbered messages and get them, and are killed and stopped while they do.
//!
//! Half of the workers put, each with numbers of its own, half get: in one round into a LIFO queue, in the next a priority queue. A worker notes the number that it is
//! about to put, and that it has put it; who gets counts each number. When nobody is left and the queue is drained,
//! each number that was put was got once; but a getter that was killed may have taken one along. A number that a
//! killed worker was about to put was got at most once. Messages of equal priority from one worker come to each getter in order.

use crate::board::{Board, Dice, Fault, shared};
use crate::troop::{Deeds, Troop};
use courtyard::{
    Error, ErrorKind, LifoOptions, LifoQueue, Options, PriorityOptions, PriorityQueue, Timeout, Yard,
};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::SeqCst};
use std::thread::sleep;
use std::time::{Duration, Instant};

const PUTTERS: usize = 3;
const GETTERS: usize = 3;
/// Numbers of one putter in a round: more than it can put.
const MOST: usize = 1 << 20;

/// Beside the yard, for each queue: what was put, and how often each number was got.
struct Ledger {
    /// For each putter: the next number, and whether it may have been put already (bit 0).
    next: [AtomicU64; PUTTERS],
    got: [[AtomicU8; MOST]; PUTTERS],
    /// Numbers that somebody was putting when he was killed: they are there or not.
    cut: [[AtomicU8; MOST]; PUTTERS],
}

/// One of both queues, with its ledger.
struct Queue<'a> {
    ledger: &'static Ledger,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Lifo(&'a LifoQueue),
    Priority(&'a PriorityQueue),
}

fn message(putter: usize, number: u64) -> Vec<u8> {
    let mut bytes = (number << 8 | putter as u64).to_le_bytes().to_vec();
    bytes.extend(std::iter::repeat_n(number as u8, number as usize % 40));
    bytes
}

impl Queue<'_> {
    fn put(&self, putter: usize, number: u64, timeout: Timeout) -> Result<(), Error> {
        let message = message(putter, number);
        match self.kind {
            Kind::Lifo(queue) => queue.put(&message, timeout),
            Kind::Priority(queue) => queue.put(&message, number as i64 % 3, timeout),
        }
    }

    fn get(&self, timeout: Timeout) -> Result<(Vec<u8>, i64), Error> {
        match self.kind {
            Kind::Lifo(queue) => queue.get_vec(timeout).map(|message| (message, 0)),
            Kind::Priority(queue) => queue.get_vec(timeout),
        }
    }

    /// Puts one number, noted before and after.
    fn step(&self, board: &Board, place: usize, timeout: Timeout) -> bool {
        let next = &self.ledger.next[place];
        let mut number = next.load(SeqCst) >> 1;
        if next.load(SeqCst) & 1 != 0 {
            self.ledger.cut[place][number as usize].store(1, SeqCst);
            number += 1; // the one before me was killed putting it: it is never put again
        }
        assert!((number as usize) < MOST, "a round is too long");
        next.store(number << 1 | 1, SeqCst);
        let put = board.places[place].blocking(|| self.put(place, number, timeout));
        match put {
            Ok(()) => next.store((number + 1) << 1, SeqCst),
            Err(e) if matches!(e.kind(), ErrorKind::Full | ErrorKind::Timeout | ErrorKind::Busy) => {
                next.store(number << 1, SeqCst);
            }
            Err(e) => panic!("put: {e:?}"),
        }
        true
    }

    /// Gets one and counts it; tells whose it was, its priority and its number.
    fn fetch(&self, board: &Board, timeout: Timeout) -> Option<(usize, i64, u64)> {
        match self.get(timeout) {
            Ok((bytes, priority)) => {
                let word = u64::from_le_bytes(bytes[..8].try_into().unwrap());
                let (putter, number) = ((word & 0xff) as usize, word >> 8);
                if putter >= PUTTERS || number as usize >= MOST || bytes != message(putter, number) {
                    board.fault(Fault::Torn, format_args!("{bytes:?}"));
                    return None;
                }
                if self.ledger.got[putter][number as usize].fetch_add(1, SeqCst) > 0 {
                    board.fault(Fault::Unflagged, format_args!("{number} of {putter} came twice"));
                }
                Some((putter, priority, number))
            }
            Err(e) if matches!(e.kind(), ErrorKind::Empty | ErrorKind::Timeout | ErrorKind::Busy) => None,
            Err(e) => panic!("get: {e:?}"),
        }
    }
}

fn timeout(dice: &mut Dice) -> Timeout {
    match dice.below(8) {
        0 => Timeout::Try,
        1 | 2 => Timeout::For(dice.micros(3000)),
        _ => Timeout::Forever,
    }
}

fn putter(board: &Board, place: usize, mut dice: Dice, queue: &Queue<'_>) {
    while !board.stopping() {
        if queue.step(board, place, timeout(&mut dice)) {
            board.places[place].done.fetch_add(1, SeqCst);
        }
    }
}

fn getter(board: &Board, place: usize, mut dice: Dice, queue: &Queue<'_>) {
    let mut last = [[None; 3]; PUTTERS];
    while !board.stopping() {
        let timeout = timeout(&mut dice);
        let got = board.places[place].blocking(|| queue.fetch(board, timeout));
        let Some((putter, priority, number)) = got else { continue };
        board.places[place].done.fetch_add(1, SeqCst);
        if let Kind::Priority(_) = queue.kind {
            let last = &mut last[putter][priority as usize];
            if last.replace(number).is_some_and(|last| last >= number) {
                board.fault(Fault::Unflagged, format_args!("{number} of {putter} out of order"));
            }
        }
    }
}

/// Nobody is left: drains, and compares with the ledger. Tells how many were put, and how many died with a getter.
fn settle(board: &Board, queue: &Queue<'_>, getters_killed: u64) -> (u64, u64) {
    let begin = Instant::now();
    while queue.fetch(board, Timeout::Try).is_some() && begin.elapsed() < Duration::from_secs(20) {}
    let (mut put, mut lost) = (0, 0);
    let ledger = queue.ledger;
    for ((next, got), cut) in ledger.next.iter().zip(&ledger.got).zip(&ledger.cut) {
        let word = next.swap(0, SeqCst);
        for ((number, got), cut) in (0..).zip(got).zip(cut).take((word >> 1) as usize + 2) {
            let (times, cut) = (got.swap(0, SeqCst), cut.swap(0, SeqCst) > 0);
            if number < word >> 1 && !cut {
                put += 1;
                lost += u64::from(times == 0);
            } else if times > 0 && !cut && !(number == word >> 1 && word & 1 != 0) {
                board.fault(Fault::WrongAnswer, format_args!("{number} was never put"));
            }
        }
    }
    if lost > getters_killed {
        board.fault(Fault::LostRecord, format_args!("{lost} of {put} lost, {getters_killed} getters killed"));
    }
    (put, lost)
}

/// The storm. Returns what was done and a sentence about what came of it.
pub fn storm(board: &'static Board, seed: u64, time: Duration) -> (Deeds, String) {
    let yard: Yard = Options::new().anonymous().unwrap();
    let lifo = LifoQueue::create(&yard, "lifo", LifoOptions { capacity: 5, max_len: 64 }).unwrap();
    let options = PriorityOptions { capacity: 20, max_len: 64 };
    let priority = PriorityQueue::create(&yard, "priority", options).unwrap();
    // SAFETY: atomics.
    let ledger = || -> &'static Ledger { unsafe { shared() } };
    let queues = [
        Queue { ledger: ledger(), kind: Kind::Lifo(&lifo) },
        Queue { ledger: ledger(), kind: Kind::Priority(&priority) },
    ];
    let mut troop = Troop::new(board, seed);
    let start = |troop: &mut Troop, place| {
        let queue = &queues[troop.deeds.rounds as usize % 2];
        troop.start(place, |dice| match place < PUTTERS {
            true => putter(board, place, dice, queue),
            false => getter(board, place, dice, queue),
        });
    };
    let (mut put_in_all, mut lost_in_all, mut cut_in_all, mut getters_in_all) = (0, 0, 0, 0);
    let begin = Instant::now();
    while troop.goes_on(begin, time) {
        troop.deeds.rounds += 1;
        let (mut getters_killed, mut cut) = (0, 0);
        (0..PUTTERS + GETTERS).for_each(|place| start(&mut troop, place));
        troop.stir(PUTTERS + GETTERS, |troop, place| {
            troop.kill(place);
            getters_killed += u64::from(place >= PUTTERS);
            cut += u64::from(place < PUTTERS);
            sleep(troop.dice.micros(2000));
            start(troop, place);
            troop.deeds.takeovers += 1;
        });
        troop.calm(0..PUTTERS + GETTERS);
        for place in 0..PUTTERS + GETTERS {
            troop.kill(place);
            getters_killed += u64::from(place >= PUTTERS);
            cut += u64::from(place < PUTTERS);
        }
        let queue = &queues[troop.deeds.rounds as usize % 2];
        let (put, lost) = settle(board, queue, getters_killed);
        put_in_all += put;
        lost_in_all += lost;
        cut_in_all += cut;
        getters_in_all += getters_killed;
    }
    troop.clear();
    let said = format!(
        "{put_in_all} messages put, each got once, but {lost_in_all} taken along by {getters_in_all} killed getters; \
         {cut_in_all} putters killed"
    );
    (std::mem::take(&mut troop.deeds), said)
}
