//! The storm of readers and writers: processes read and change two numbers under one lock, and are killed and stopped
//! while they do. Nobody finds the numbers apart without being told that a writer died, nobody is told of a writer that
//! cannot have written, and nobody waits for the dead.

use crate::board::{Board, Dice, Fault, shared};
use crate::troop::{Deeds, Troop};
use courtyard::{ErrorKind, Options, RwLock, RwLockOptions, RwWriteGuard, Timeout, Value, Yard};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread::{sleep, yield_now};
use std::time::{Duration, Instant};

const WORKERS: usize = 6;

/// Beside the yard: what the workers have done.
struct Ledger {
    acknowledged: AtomicU64,
    reads: AtomicU64,
    again: AtomicU64,
    warned: AtomicU64,
    repairs: AtomicU64,
}

/// The lock and what it guards.
struct Pair {
    lock: RwLock,
    one: Value<u64>,
    other: Value<u64>,
}

impl Pair {
    fn of(yard: &Yard) -> Pair {
        let value = |name| Value::create(yard, name).unwrap();
        let lock = RwLock::create(yard, "rwlock", RwLockOptions::default()).unwrap();
        Pair { lock, one: value("one"), other: value("other") }
    }
}

/// A worker at work.
struct Worker<'a> {
    board: &'static Board,
    ledger: &'static Ledger,
    place: usize,
    dice: Dice,
    pair: &'a Pair,
}

impl Worker<'_> {
    fn work(&mut self) {
        while !self.board.stopping() {
            let done = if self.dice.one_in(3) { self.write() } else { self.read() };
            if done {
                self.board.places[self.place].done.fetch_add(1, SeqCst);
            }
            if self.dice.one_in(4) {
                sleep(self.dice.micros(200));
            }
        }
    }

    fn timeout(&mut self) -> Timeout {
        match self.dice.below(8) {
            0 => Timeout::Try,
            1 | 2 => Timeout::For(self.dice.micros(3000)),
            _ => Timeout::Forever,
        }
    }

    /// What came of a call that may wait; nothing if it was not to be had in time.
    fn had<T>(&self, call: impl FnOnce() -> courtyard::Result<T>) -> Option<T> {
        match self.board.places[self.place].blocking(call) {
            Ok(had) => Some(had),
            Err(late) if matches!(late.kind(), ErrorKind::Busy | ErrorKind::Timeout) => None,
            Err(other) => panic!("rwlock: {other:?}"),
        }
    }

    fn read(&mut self) -> bool {
        let (timeout, pair) = (self.timeout(), self.pair);
        let Some(guard) = self.had(|| pair.lock.read(timeout)) else { return false };
        let before = self.look(guard.owner_died());
        self.dawdle();
        let again = self.dice.one_in(4).then(|| pair.lock.read(Timeout::Forever).unwrap());
        self.ledger.again.fetch_add(u64::from(again.is_some()), SeqCst);
        if before != self.look(guard.owner_died()) {
            self.board.fault(Fault::Torn, format_args!("somebody wrote while somebody read"));
        }
        self.ledger.reads.fetch_add(1, SeqCst);
        self.ledger.warned.fetch_add(u64::from(guard.owner_died()), SeqCst);
        true
    }

    fn write(&mut self) -> bool {
        let (timeout, pair) = (self.timeout(), self.pair);
        let Some(mut guard) = self.had(|| pair.lock.write(timeout)) else { return false };
        let (one, other) = self.look(guard.owner_died());
        pair.one.set(one.max(other) + 1);
        self.dawdle();
        pair.other.set(one.max(other) + 1);
        self.repair(&mut guard);
        drop(guard);
        self.ledger.acknowledged.fetch_add(1, SeqCst);
        true
    }

    /// With the numbers equal again.
    fn repair(&mut self, guard: &mut RwWriteGuard<'_>) {
        if guard.owner_died() && self.dice.one_in(2) {
            guard.repaired().unwrap();
            self.ledger.repairs.fetch_add(1, SeqCst);
        }
    }

    /// The numbers: equal, or at most one apart if a writer died.
    fn look(&self, died: bool) -> (u64, u64) {
        let (one, other) = (self.pair.one.get(), self.pair.other.get());
        if one != other && !(died && one == other + 1) {
            self.board.fault(Fault::Torn, format_args!("{one} and {other}, a writer died: {died}"));
        }
        (one, other)
    }

    fn dawdle(&mut self) {
        match self.dice.below(32) {
            0 => sleep(self.dice.micros(100)),
            1 | 2 => yield_now(),
            _ => {}
        }
    }
}

/// The storm. Returns what was done and a sentence about what came of it.
pub fn storm(board: &'static Board, seed: u64, time: Duration) -> (Deeds, String) {
    // SAFETY: atomics.
    let ledger: &'static Ledger = unsafe { shared() };
    let yard = Options::new().anonymous().unwrap();
    let pair = Pair::of(&yard);
    let mut troop = Troop::new(board, seed);
    let start = |troop: &mut Troop, place| {
        troop.start(place, |dice| Worker { board, ledger, place, dice, pair: &pair }.work());
    };
    for place in 0..WORKERS {
        start(&mut troop, place);
    }
    let begin = Instant::now();
    while troop.goes_on(begin, time) {
        troop.round(WORKERS, |troop, place| {
            troop.kill(place);
            sleep(troop.dice.micros(2000));
            start(troop, place);
            troop.deeds.takeovers += 1;
        });
    }
    board.stop.store(1, SeqCst);
    troop.dismiss();
    let said = settle(board, ledger, &pair, troop.deeds.kills);
    (std::mem::take(&mut troop.deeds), said)
}

/// Everything that was acknowledged is in the numbers, and at most one more for each who was killed.
fn settle(board: &Board, ledger: &Ledger, pair: &Pair, kills: u64) -> String {
    let guard = pair.lock.write(Duration::from_secs(5));
    let guard = guard.unwrap_or_else(|error| panic!("the lock after the storm: {error:?}"));
    let (one, other) = (pair.one.get(), pair.other.get());
    if one != other && !guard.owner_died() {
        board.fault(Fault::Torn, format_args!("{one} and {other} in the end"));
    }
    let acknowledged = ledger.acknowledged.load(SeqCst);
    if one < acknowledged || one > acknowledged + kills {
        let what = format_args!("{one} counted, {acknowledged} acknowledged, {kills} kills");
        board.fault(Fault::LostIncrement, what);
    }
    let [reads, again, warned, repairs] =
        [&ledger.reads, &ledger.again, &ledger.warned, &ledger.repairs].map(|count| count.load(SeqCst));
    format!(
        "{one} writes ({acknowledged} acknowledged), {reads} reads, {again} of them twice, {warned} warned, {repairs} repairs"
    )
}
