//! The event storm: events of both kinds are set and waited for, by processes that are killed and stopped while they do.
//!
//! An auto-reset event: some set it, some take it. Each notes before a call that it is in one, and counts after it what came
//! of it; a call that a kill cut short leaves a doubt. When nobody is left, what was set was taken, or is there to be taken,
//! but for the doubts.
//!
//! Kept events: one opens two gates in turn, others go through. A gate stays open until everybody has gone through the next
//! one, so that whoever stands before an open gate was left behind.

use crate::board::{Board, Dice, Fault, shared};
use crate::troop::{Deeds, Troop};
use courtyard::{ErrorKind, Event, EventOptions, Options, Timeout, Yard};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread::{sleep, yield_now};
use std::time::{Duration, Instant};

/// Places: who sets the auto-reset event, who takes it, the gatekeeper, those who go through.
const SETTERS: std::ops::Range<usize> = 0..2;
const TAKERS: std::ops::Range<usize> = 2..4;
const KEEPER: usize = 4;
const GOERS: std::ops::Range<usize> = 5..8;
const WORKERS: usize = GOERS.end;

/// Beside the yard.
struct Ledger {
    /// For each place: how many of its calls came to something, and whether it is in one.
    counts: [AtomicU64; WORKERS],
    inside: [AtomicU64; WORKERS],
    /// The number of the gate that is opened next, or is open; which gates everybody has gone through.
    gate: AtomicU64,
    passed: [AtomicU64; WORKERS],
}

impl Ledger {
    fn sum(&self, places: std::ops::Range<usize>) -> u64 {
        places.map(|place| self.counts[place].load(SeqCst)).sum()
    }
}

/// A worker at work.
struct Worker<'a> {
    board: &'static Board,
    ledger: &'static Ledger,
    place: usize,
    dice: Dice,
    auto: &'a Event,
    gates: &'a [Event; 2],
}

impl Worker<'_> {
    fn work(&mut self) {
        while !self.board.stopping() {
            match self.place {
                KEEPER => self.keep(),
                place if SETTERS.contains(&place) => self.count(|worker| worker.auto.set()),
                place if TAKERS.contains(&place) => self.count(|worker| worker.take()),
                _ => self.go(),
            }
            if self.dice.one_in(4) {
                sleep(self.dice.micros(200));
            }
        }
    }

    fn done(&self) {
        self.board.places[self.place].done.fetch_add(1, SeqCst);
    }

    /// Makes a call and counts it if something came of it.
    fn count(&mut self, call: fn(&mut Worker<'_>) -> bool) {
        self.ledger.inside[self.place].store(1, SeqCst);
        if call(self) {
            self.ledger.counts[self.place].fetch_add(1, SeqCst);
            self.ledger.inside[self.place].store(0, SeqCst);
            self.done();
        } else {
            self.ledger.inside[self.place].store(0, SeqCst);
            yield_now();
        }
    }

    fn take(&mut self) -> bool {
        let timeout = match self.dice.below(8) {
            0 => Timeout::Try,
            1 | 2 => Timeout::For(self.dice.micros(3000)),
            _ => Timeout::Forever,
        };
        match self.board.places[self.place].blocking(|| self.auto.wait(timeout)) {
            Err(e) if e.kind() != ErrorKind::Timeout => panic!("wait: {e:?}"),
            taken => taken.is_ok(),
        }
    }

    /// Opens the gate, now and then after it was shut again at once, and waits until everybody has gone through.
    fn keep(&mut self) {
        let number = self.ledger.gate.load(SeqCst);
        let gate = &self.gates[number as usize % 2];
        if self.dice.one_in(2) {
            sleep(self.dice.micros(300)); // those who come sleep
        }
        gate.set();
        if self.dice.one_in(3) {
            gate.clear();
            gate.set();
        }
        let through = || { GOERS }.all(|place| self.ledger.passed[place].load(SeqCst) >= number);
        while !through() && !self.board.stopping() {
            sleep(Duration::from_micros(50));
        }
        // Everybody has seen this number: nobody comes to the gate before it any more.
        self.gates[(number + 1) as usize % 2].clear();
        self.ledger.gate.store(number + 1, SeqCst);
        self.done();
    }

    fn go(&mut self) {
        let number = self.ledger.gate.load(SeqCst);
        let gate = &self.gates[number as usize % 2];
        self.board.places[self.place].blocking(|| gate.wait(Timeout::Forever)).unwrap();
        if self.ledger.passed[self.place].swap(number, SeqCst) < number {
            self.done();
        } else {
            sleep(Duration::from_micros(20)); // through already
        }
    }
}

/// Whether so much was set as was taken, but for the doubts; nobody is left.
fn settle(board: &Board, ledger: &Ledger, auto: &Event, doubts: [u64; 2]) {
    let (set, taken, there) = (ledger.sum(SETTERS), ledger.sum(TAKERS), u64::from(auto.is_set()));
    if set + doubts[0] < taken + there || taken + there + doubts[1] < set {
        let what = format_args!("{set} set, {taken} taken, {there} there, in doubt {doubts:?}");
        board.fault(Fault::LostPermit, what);
    }
}

/// The storm. Returns what was done and a sentence about what came of it.
pub fn storm(board: &'static Board, seed: u64, time: Duration) -> (Deeds, String) {
    // SAFETY: atomics.
    let ledger: &'static Ledger = unsafe { shared() };
    let yard: Yard = Options::new().anonymous().unwrap();
    let event = |name, auto_reset| {
        Event::create(&yard, name, EventOptions { auto_reset, ..EventOptions::default() }).unwrap()
    };
    let (auto, gates) = (event("auto", true), [event("odd", false), event("even", false)]);
    ledger.gate.store(1, SeqCst);
    let mut troop = Troop::new(board, seed);
    let start = |troop: &mut Troop, place| {
        let (auto, gates) = (&auto, &gates);
        troop.start(place, |dice| Worker { board, ledger, place, dice, auto, gates }.work());
    };
    // What the calls of the dead may have done: sets, takes.
    let mut doubts = [0, 0];
    let mut kill = |troop: &mut Troop, place: usize| {
        troop.kill(place);
        let doubt = ledger.inside[place].swap(0, SeqCst);
        if place < TAKERS.end {
            doubts[usize::from(TAKERS.contains(&place))] += doubt;
        }
    };
    (0..WORKERS).for_each(|place| start(&mut troop, place));
    let begin = Instant::now();
    while troop.goes_on(begin, time) {
        troop.round(WORKERS, |troop, place| {
            kill(troop, place);
            sleep(troop.dice.micros(2000));
            start(troop, place);
            troop.deeds.takeovers += 1;
        });
    }
    (0..WORKERS).for_each(|place| kill(&mut troop, place));
    settle(board, ledger, &auto, doubts);
    let said = format!(
        "{} set, {} taken, in doubt by kills {doubts:?}; {} gates",
        ledger.sum(SETTERS),
        ledger.sum(TAKERS),
        ledger.gate.load(SeqCst)
    );
    (std::mem::take(&mut troop.deeds), said)
}
