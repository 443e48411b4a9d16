//! The lock storm: processes count under locks of every scope, and are killed and stopped while they do.
//!
//! Under each lock lies a pair of counters that must be equal. An increment writes its intent, then the one counter,
//! then the other. Whoever gets the lock after a death finishes what the intent says.

use crate::board::{Board, Dice, Fault, shared};
use crate::troop::{Deeds, Troop, is_gone};
use courtyard::{ErrorKind, Guard, Lock, Options, Scope, Timeout, Value, Yard};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering::SeqCst};
use std::thread::{sleep, yield_now};
use std::time::{Duration, Instant};

const SCOPES: [Scope; 3] = [Scope::Thread, Scope::Process, Scope::Anyone];
const WORKERS: usize = 5;

/// Beside the yard: what the workers have been told was done, and who is inside.
struct Ledger {
    acknowledged: [[AtomicU64; WORKERS]; SCOPES.len()],
    inside: [AtomicI32; SCOPES.len()],
    repairs: AtomicU64,
}

/// A lock and what it guards.
struct Pair {
    lock: Lock,
    intent: Value<u64>,
    one: Value<u64>,
    other: Value<u64>,
}

impl Pair {
    fn of(yard: &Yard, number: usize) -> Pair {
        let value = |what: &str| Value::open_or_create(yard, &format!("{what}.{number}")).unwrap();
        let lock = Lock::open_or_create(yard, &format!("lock.{number}"), SCOPES[number]).unwrap();
        Pair { lock, intent: value("intent"), one: value("one"), other: value("other") }
    }
}

/// A worker at work.
struct Worker<'a> {
    board: &'static Board,
    ledger: &'static Ledger,
    place: usize,
    dice: Dice,
    pairs: &'a [Pair],
}

impl Worker<'_> {
    fn work(&mut self) {
        while !self.board.stopping() {
            let number = self.dice.below(self.pairs.len() as u64) as usize;
            if self.turn(number) {
                self.ledger.acknowledged[number][self.place].fetch_add(1, SeqCst);
                self.board.places[self.place].done.fetch_add(1, SeqCst);
            }
            if self.dice.one_in(4) {
                sleep(self.dice.micros(200));
            }
        }
    }

    /// Takes a lock and increments its pair; `false` if the lock was not to be had in time.
    fn turn(&mut self, number: usize) -> bool {
        let pair = &self.pairs[number];
        let timeout = match self.dice.below(8) {
            0 => Timeout::Try,
            1 | 2 => Timeout::For(self.dice.micros(3000)),
            _ => Timeout::Forever,
        };
        let mut guard = match self.board.places[self.place].blocking(|| pair.lock.acquire(timeout)) {
            Ok(guard) => guard,
            Err(late) if matches!(late.kind(), ErrorKind::Busy | ErrorKind::Timeout) => return false,
            Err(other) => panic!("acquire: {other:?}"),
        };
        self.enter(number, guard.owner_died());
        self.check(pair, &mut guard);
        self.increment(number);
        self.ledger.inside[number].store(0, SeqCst);
        true
    }

    /// Nobody else may be inside, unless he is dead and we were told.
    fn enter(&self, number: usize, owner_died: bool) {
        let me = std::process::id() as i32;
        let before = self.ledger.inside[number].swap(me, SeqCst);
        if before != 0 && !(owner_died && is_gone(before)) {
            self.board.fault(
                Fault::TwoOwners,
                format_args!("{me} and {before} have the lock of scope {:?}", SCOPES[number]),
            );
        }
    }

    /// The pair is whole, or somebody died and we make it whole.
    fn check(&self, pair: &Pair, guard: &mut Guard<'_>) {
        let (intent, one, other) = (pair.intent.get(), pair.one.get(), pair.other.get());
        let torn = match intent {
            0 => one != other,
            n => !guard.owner_died() || one < other || n - one > 1 || n - other > 1,
        };
        if torn {
            let died = guard.owner_died();
            let what = format_args!("intent {intent}, {one} and {other}, owner died: {died}");
            self.board.fault(Fault::Torn, what);
        }
        if !guard.owner_died() {
            return;
        }
        if intent != 0 {
            pair.one.set(intent);
            pair.other.set(intent);
            pair.intent.set(0);
        }
        guard.repaired().unwrap();
        self.ledger.repairs.fetch_add(1, SeqCst);
    }

    fn increment(&mut self, number: usize) {
        let pair = &self.pairs[number];
        let next = pair.one.get() + 1;
        pair.intent.set(next);
        pair.one.set(next);
        match self.dice.below(32) {
            0 => sleep(self.dice.micros(100)),
            1 | 2 => yield_now(),
            _ => {}
        }
        pair.other.set(next);
        pair.intent.set(0);
    }
}

/// The storm. Returns what was done and a sentence about what came of it.
pub fn storm(board: &'static Board, seed: u64, time: Duration) -> (Deeds, String) {
    // SAFETY: atomics.
    let ledger: &'static Ledger = unsafe { shared() };
    let yard = Options::new().anonymous().unwrap();
    let pairs: Vec<Pair> = (0..SCOPES.len()).map(|number| Pair::of(&yard, number)).collect();
    let mut troop = Troop::new(board, seed);
    let start = |troop: &mut Troop, place| {
        troop.start(place, |dice| Worker { board, ledger, place, dice, pairs: &pairs }.work());
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
    let said = settle(board, ledger, &pairs, troop.deeds.kills);
    (std::mem::take(&mut troop.deeds), said)
}

/// Everything that was acknowledged is in the counters, and at most one more for each who was killed.
fn settle(board: &Board, ledger: &Ledger, pairs: &[Pair], kills: u64) -> String {
    let sum = |words: &[AtomicU64]| words.iter().map(|word| word.load(SeqCst)).sum::<u64>();
    let (mut acknowledged, mut counted) = (0, 0);
    for (pair, acks) in pairs.iter().zip(&ledger.acknowledged) {
        let guard = pair.lock.acquire(Duration::from_secs(5));
        let mut guard = guard.unwrap_or_else(|error| panic!("the lock after the storm: {error:?}"));
        if guard.owner_died() && pair.intent.get() != 0 {
            pair.one.set(pair.intent.get());
            pair.other.set(pair.intent.get());
        }
        if guard.owner_died() {
            guard.repaired().unwrap();
        }
        if pair.one.get() != pair.other.get() {
            board.fault(Fault::Torn, format_args!("{:?} and {:?} in the end", pair.one, pair.other));
        }
        if pair.one.get() < sum(acks) {
            let what = format_args!("{:?} counted, {} acknowledged", pair.one, sum(acks));
            board.fault(Fault::LostIncrement, what);
        }
        acknowledged += sum(acks);
        counted += pair.one.get();
    }
    if counted > acknowledged + kills {
        let what = format_args!("{counted} counted, {acknowledged} acknowledged, {kills} kills");
        board.fault(Fault::LostIncrement, what);
    }
    let repairs = ledger.repairs.load(SeqCst);
    format!("{counted} increments ({acknowledged} acknowledged), {repairs} repairs")
}
