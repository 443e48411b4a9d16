//! The struct storm: processes change a struct, a struct in an array, and a number in an array with a lock of its own, and
//! are killed and stopped while they do; others read.
//!
//! Every word of a struct follows from its first, so that a torn one is known. The first counts the changes: in the end
//! it is what the workers know to be done, and at most one more for each that was killed in a change. The guarded number
//! is changed in two steps under the array's lock; its lock tells of a death in between, and then one step may be
//! missing, which the next owner makes up for.

use crate::board::{Board, Dice, Fault, mix, shared};
use crate::troop::{Deeds, Troop};
use courtyard::{Array, ArrayOptions, ErrorKind, Options, Struct, StructArray, Timeout, Yard};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread::sleep;
use std::time::{Duration, Instant};

const WRITERS: usize = 4;
const WORKERS: usize = 6;
const WORDS: usize = 24;
const ELEMENTS: usize = 3;

type Data = [u64; WORDS];

/// Beside the yard: changes that were acknowledged, of the struct and of the elements together.
struct Ledger {
    done: [AtomicU64; 2],
}

struct Things {
    one: Struct<Data>,
    many: StructArray<Data>,
    pair: Array<u64>,
}

fn things(yard: &Yard) -> Things {
    let lock = ArrayOptions { lock: true };
    Things {
        one: Struct::create(yard, "one").unwrap(),
        many: StructArray::create(yard, "many", ELEMENTS).unwrap(),
        pair: Array::create(yard, "pair", 2, lock).unwrap(),
    }
}

/// The words that follow from the first.
fn filled(count: u64) -> Data {
    std::array::from_fn(|i| if i == 0 { count } else { mix(count + i as u64) })
}

/// A worker at work.
struct Worker<'a> {
    board: &'static Board,
    ledger: &'static Ledger,
    place: usize,
    dice: Dice,
    things: &'a Things,
}

impl Worker<'_> {
    fn work(&mut self) {
        while !self.board.stopping() {
            if self.place < WRITERS {
                self.write()
            } else {
                self.read()
            }
            self.board.places[self.place].done.fetch_add(1, SeqCst);
            if self.dice.one_in(8) {
                sleep(self.dice.micros(100));
            }
        }
    }

    fn timeout(&mut self) -> Timeout {
        match self.dice.below(6) {
            0 => Timeout::Try,
            1 => Timeout::For(self.dice.micros(3000)),
            _ => Timeout::Forever,
        }
    }

    fn write(&mut self) {
        let (timeout, element) = (self.timeout(), self.dice.below(ELEMENTS as u64) as usize);
        let (board, things) = (self.board, self.things);
        let place = &board.places[self.place];
        let next = |data: &mut Data| {
            whole(board, data);
            *data = filled(data[0] + 1);
        };
        let (which, changed) = match self.dice.below(3) {
            0 => (0, place.blocking(|| things.one.update(timeout, next))),
            1 => (1, place.blocking(|| things.many.update(element, timeout, next))),
            _ => return self.step_twice(timeout),
        };
        self.count(which, changed);
    }

    fn count(&self, which: usize, changed: courtyard::Result<()>) {
        match changed {
            Ok(()) => drop(self.ledger.done[which].fetch_add(1, SeqCst)),
            Err(e) if matches!(e.kind(), ErrorKind::Busy | ErrorKind::Timeout) => {}
            Err(e) => panic!("update: {e:?}"),
        }
    }

    /// Two numbers that are equal whenever nobody holds the lock and nobody died in between.
    fn step_twice(&mut self, timeout: Timeout) {
        let (place, pair) = (&self.board.places[self.place], &self.things.pair);
        let lock = pair.lock().unwrap();
        let mut guard = match place.blocking(|| lock.acquire(timeout)) {
            Ok(guard) => guard,
            Err(e) if matches!(e.kind(), ErrorKind::Busy | ErrorKind::Timeout) => return,
            Err(e) => panic!("lock: {e:?}"),
        };
        let (first, second) = (pair.get(0).unwrap(), pair.get(1).unwrap());
        if guard.owner_died() {
            if first != second && first != second + 1 {
                self.board.fault(Fault::Torn, format_args!("{first} and {second} after a death"));
            }
            pair.set(1, first).unwrap();
            guard.repaired().unwrap();
        } else if first != second {
            self.board.fault(Fault::TwoOwners, format_args!("{first} and {second}, and nobody died"));
        }
        pair.fetch_add(0, 1).unwrap();
        pair.fetch_add(1, 1).unwrap();
    }

    fn read(&mut self) {
        let element = self.dice.below(ELEMENTS as u64) as usize;
        let (board, things) = (self.board, self.things);
        let data = board.places[self.place].blocking(|| match element {
            0 => things.one.get(),
            i => things.many.get(i),
        });
        whole(board, &data.unwrap());
    }
}

/// Every word is what the first says; all zeros are the beginning.
fn whole(board: &Board, data: &Data) {
    if *data != [0; WORDS] && *data != filled(data[0]) {
        board.fault(Fault::Torn, format_args!("{data:x?}"));
    }
}

/// Nobody is left: every acknowledged change is there, and at most the doubts besides.
fn settle(board: &Board, ledger: &Ledger, things: &Things, doubts: &mut [u64; 2]) {
    let data =
        [things.one.get(), things.many.get(0), things.many.get(1), things.many.get(2)].map(Result::unwrap);
    data.iter().for_each(|d| whole(board, d));
    let counts = [data[0][0], data[1..].iter().map(|d| d[0]).sum()];
    for (which, count) in counts.into_iter().enumerate() {
        let done = ledger.done[which].load(SeqCst);
        if !(done..=done + doubts[which]).contains(&count) {
            let what = format_args!("{count} changes, {done} acknowledged, {} in doubt", doubts[which]);
            board.fault(Fault::LostIncrement, what);
        }
        // From here on they are known.
        ledger.done[which].store(count, SeqCst);
        doubts[which] = 0;
    }
}

/// The storm. Returns what was done and a sentence about what came of it.
pub fn storm(board: &'static Board, seed: u64, time: Duration) -> (Deeds, String) {
    // SAFETY: atomics.
    let ledger: &'static Ledger = unsafe { shared() };
    let yard = Options::new().anonymous().unwrap();
    let things = things(&yard);
    let mut troop = Troop::new(board, seed);
    let start = |troop: &mut Troop, place| {
        troop.start(place, |dice| Worker { board, ledger, place, dice, things: &things }.work());
    };
    let mut doubts = [0, 0];
    let begin = Instant::now();
    while troop.goes_on(begin, time) {
        troop.deeds.rounds += 1;
        (0..WORKERS).for_each(|place| start(&mut troop, place));
        troop.stir(WORKERS, |troop, place| {
            troop.kill(place);
            doubts.iter_mut().for_each(|d| *d += 1);
            sleep(troop.dice.micros(2000));
            start(troop, place);
            troop.deeds.takeovers += 1;
        });
        troop.calm(0..WORKERS);
        for place in 0..WORKERS {
            troop.kill(place);
            doubts.iter_mut().for_each(|d| *d += 1);
        }
        settle(board, ledger, &things, &mut doubts);
    }
    troop.clear();
    let [one, many] = ledger.done.each_ref().map(|d| d.load(SeqCst));
    (std::mem::take(&mut troop.deeds), format!("{one} changes of a struct, {many} of structs in an array"))
}
