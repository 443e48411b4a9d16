//! The barrier storm: parties meet, give up, are killed and stopped, and declare themselves anew.
//!
//! The action numbers the trips. Whoever passes signs for his trip: from each one all parties have passed, but those that
//! were killed before they could sign, or nobody has. Nobody passes twice under one number, and who is named as dead does
//! not live.

use crate::board::{Board, Dice, Fault, shared};
use crate::troop::{Deeds, Troop};
use courtyard::{Barrier, BrokenBy, ErrorKind, Options, Timeout, Yard};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::SeqCst};
use std::thread::sleep;
use std::time::{Duration, Instant};

const WORKERS: usize = 4;
/// More than a storm can make.
const TRIPS: usize = 1 << 22;

/// Beside the yard.
struct Ledger {
    /// The number of the last trip for which an action has run.
    trip: AtomicU64,
    /// How many breaks there were, and how many of them named somebody dead.
    broken: AtomicU64,
    named: AtomicU64,
    /// For each trip: how many have passed, the numbers that they got, and how many killed ones may be missing.
    passed: [AtomicU8; TRIPS],
    numbers: [AtomicU8; TRIPS],
    missing: [AtomicU8; TRIPS],
}

/// What everybody shares.
struct World {
    barrier: Barrier,
    ledger: &'static Ledger,
    board: &'static Board,
}

impl World {
    fn sign(&self, index: u32) {
        let trip = self.ledger.trip.load(SeqCst) as usize;
        let bit = 1 << index;
        if self.ledger.numbers[trip].fetch_or(bit, SeqCst) & bit != 0 {
            self.board.fault(Fault::WrongAnswer, format_args!("number {index} twice in trip {trip}"));
        }
        self.ledger.passed[trip].fetch_add(1, SeqCst);
    }

    fn told(&self) {
        self.ledger.broken.fetch_add(1, SeqCst);
        if let Some(BrokenBy::Died { pid, .. }) = self.barrier.broken() {
            self.ledger.named.fetch_add(1, SeqCst);
            if pid == 0 || self.board.places.iter().any(|place| place.pid.load(SeqCst) == pid as i32) {
                self.board.fault(Fault::WrongAnswer, format_args!("{pid} lives, or nobody is named"));
            }
        }
        if self.barrier.is_broken() {
            self.barrier.reset();
        }
    }

    fn work(&self, place: usize, mut dice: Dice) {
        if let Err(refused) = self.barrier.declare_unguarded() {
            panic!("declare: {refused:?}");
        }
        while !self.board.stopping() && self.ledger.trip.load(SeqCst) < TRIPS as u64 - 2 {
            let timeout = if dice.one_in(16) { Timeout::For(dice.micros(3000)) } else { Timeout::Forever };
            let number = || {
                self.ledger.trip.fetch_add(1, SeqCst);
            };
            let waited = self.board.places[place].blocking(|| self.barrier.wait_with(timeout, number));
            match waited {
                Ok(index) => self.sign(index),
                Err(e) if matches!(e.kind(), ErrorKind::Broken | ErrorKind::Timeout) => self.told(),
                Err(e) => panic!("wait: {e:?}"),
            }
            self.board.places[place].done.fetch_add(1, SeqCst);
            match dice.below(64) {
                0 => self.barrier.abort(),
                1 => self.barrier.reset(),
                2..8 => sleep(dice.micros(200)),
                _ => {}
            }
        }
        // Its end is no death then, and nobody waits for it.
        self.barrier.leave().unwrap();
        self.barrier.abort();
    }

    /// Kills a worker: it may be missing in the trip that is on, or in the one before.
    fn kill(&self, troop: &mut Troop, place: usize) {
        let before = self.ledger.trip.load(SeqCst) as usize;
        troop.kill(place);
        let after = self.ledger.trip.load(SeqCst) as usize;
        (before..=after + 1).for_each(|trip| {
            self.ledger.missing[trip].fetch_add(1, SeqCst);
        });
    }

    /// How many trips came about; each of them is looked at.
    fn audit(&self) -> usize {
        let last = self.ledger.trip.load(SeqCst) as usize;
        let signed = |trip: &usize| self.ledger.passed[*trip].load(SeqCst) > 0;
        let made: Vec<usize> = (1..=last).filter(signed).collect();
        for trip in &made {
            let (passed, missing) = (&self.ledger.passed[*trip], &self.ledger.missing[*trip]);
            let (passed, missing) = (passed.load(SeqCst) as usize, missing.load(SeqCst) as usize);
            if passed > WORKERS || passed + missing < WORKERS {
                self.board.fault(
                    Fault::LostRecord,
                    format_args!("{passed} passed in trip {trip}, {missing} killed"),
                );
            }
        }
        made.len()
    }
}

/// The storm. Returns what was done and a sentence about what came of it.
pub fn storm(board: &'static Board, seed: u64, time: Duration) -> (Deeds, String) {
    // SAFETY: atomics.
    let ledger: &'static Ledger = unsafe { shared() };
    let yard: Yard = Options::new().anonymous().unwrap();
    let barrier = Barrier::create(&yard, "barrier", WORKERS as u32).unwrap();
    let world = World { barrier, ledger, board };
    let mut troop = Troop::new(board, seed);
    let start = |troop: &mut Troop, place| troop.start(place, |dice| world.work(place, dice));
    (0..WORKERS).for_each(|place| start(&mut troop, place));
    let begin = Instant::now();
    while troop.goes_on(begin, time) {
        troop.round(WORKERS, |troop, place| {
            world.kill(troop, place);
            sleep(troop.dice.micros(2000));
            start(troop, place);
            troop.deeds.takeovers += 1;
        });
    }
    // Those who are cleared away before they have signed are missing in the last trips.
    let on = ledger.trip.load(SeqCst) as usize;
    (0..WORKERS).for_each(|place| troop.kill(place));
    (on..=ledger.trip.load(SeqCst) as usize + 1).for_each(|trip| {
        ledger.missing[trip].fetch_add(WORKERS as u8, SeqCst);
    });
    let made = world.audit();
    let said = format!(
        "{made} trips, all or none; {} actions, {} times told of a break, {} of a death",
        ledger.trip.load(SeqCst),
        ledger.broken.load(SeqCst),
        ledger.named.load(SeqCst),
    );
    (std::mem::take(&mut troop.deeds), said)
}
