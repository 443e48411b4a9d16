//! The permits' storm: processes take one or several of a few permits and count themselves inside, and are killed and
//! stopped while they do. Never are there more inside than permits, and in the end all are back.

use crate::board::{Board, Dice, Fault, shared};
use crate::troop::{Deeds, Troop, is_gone};
use courtyard::{ErrorKind, Options, Permits, Timeout};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering::SeqCst};
use std::thread::{sleep, yield_now};
use std::time::{Duration, Instant};

const WORKERS: usize = 6;
const PERMITS: u32 = 4;

/// Beside the yard: who is inside.
struct Ledger {
    /// With how many permits each worker is inside, four bits for each: one word, so that it is true at one instant.
    inside: AtomicU64,
    pids: [AtomicI32; WORKERS],
    most: AtomicU64,
    several: AtomicU64,
}

impl Ledger {
    fn pids(&self) -> [i32; WORKERS] {
        self.pids.each_ref().map(|pid| pid.load(SeqCst))
    }

    /// Goes inside; tells how many permits are inside then, those of the dead left out. They may be back already.
    fn enter(&self, place: usize, count: u32) -> u64 {
        let before = self.pids();
        let word = self.inside.fetch_add(u64::from(count) << (4 * place), SeqCst);
        let mine = u64::from(count);
        let inside = |place: &usize| word >> (4 * place) & 15;
        let all: u64 = (0..WORKERS).map(|place| inside(&place)).sum();
        if mine + all <= u64::from(PERMITS) {
            return mine + all;
        }
        let lives = |place: &usize| self.pids()[*place] == before[*place] && !is_gone(before[*place]);
        mine + (0..WORKERS)
            .filter(|place| inside(place) > 0 && lives(place))
            .map(|place| inside(&place))
            .sum::<u64>()
    }

    fn leave(&self, place: usize, count: u32) {
        self.inside.fetch_sub(u64::from(count) << (4 * place), SeqCst);
    }

    /// He who had the place is gone and buried.
    fn forget(&self, place: usize) {
        self.inside.fetch_and(!(15 << (4 * place)), SeqCst);
    }
}

/// A worker at work.
struct Worker<'a> {
    board: &'static Board,
    ledger: &'static Ledger,
    place: usize,
    dice: Dice,
    permits: &'a Permits,
}

impl Worker<'_> {
    fn work(&mut self) {
        self.ledger.pids[self.place].store(std::process::id() as i32, SeqCst);
        while !self.board.stopping() {
            if self.turn() {
                self.board.places[self.place].done.fetch_add(1, SeqCst);
            }
            if self.dice.one_in(4) {
                sleep(self.dice.micros(200));
            }
        }
    }

    /// Takes permits, goes inside and out; `false` if they were not to be had in time.
    fn turn(&mut self) -> bool {
        let count = if self.dice.one_in(2) { 1 } else { 1 + self.dice.below(u64::from(PERMITS)) as u32 };
        let timeout = match self.dice.below(8) {
            0 => Timeout::Try,
            1 | 2 => Timeout::For(self.dice.micros(3000)),
            _ => Timeout::Forever,
        };
        let permits = self.permits;
        let taken = self.board.places[self.place].blocking(|| permits.acquire_many_unguarded(count, timeout));
        match taken {
            Ok(()) => {}
            Err(late) if matches!(late.kind(), ErrorKind::Busy | ErrorKind::Timeout) => return false,
            Err(other) => panic!("acquire: {other:?}"),
        }
        self.be_inside(count);
        permits.release(count).unwrap_or_else(|e| panic!("release of {count}: {e:?}"));
        if permits.held() != 0 {
            self.fault(format_args!("{} permits are left to a process that gave back all", permits.held()));
        }
        true
    }

    fn be_inside(&mut self, count: u32) {
        if self.permits.held() != count {
            self.fault(format_args!("{} permits are held, {count} were taken", self.permits.held()));
        }
        let inside = self.ledger.enter(self.place, count);
        if inside > u64::from(PERMITS) {
            self.fault(format_args!("{inside} inside with {PERMITS} permits"));
        }
        self.ledger.most.fetch_max(inside, SeqCst);
        self.ledger.several.fetch_add(u64::from(count > 1), SeqCst);
        match self.dice.below(32) {
            0 => sleep(self.dice.micros(100)),
            1 | 2 => yield_now(),
            _ => {}
        }
        self.ledger.leave(self.place, count);
    }

    fn fault(&self, what: std::fmt::Arguments<'_>) {
        self.board.fault(Fault::TwoOwners, what);
    }
}

/// The storm. Returns what was done and a sentence about what came of it.
pub fn storm(board: &'static Board, seed: u64, time: Duration) -> (Deeds, String) {
    // SAFETY: atomics.
    let ledger: &'static Ledger = unsafe { shared() };
    let yard = Options::new().anonymous().unwrap();
    let permits = Permits::create(&yard, "permits", PERMITS).unwrap();
    let mut troop = Troop::new(board, seed);
    let start = |troop: &mut Troop, place: usize| {
        ledger.forget(place);
        troop.start(place, |dice| Worker { board, ledger, place, dice, permits: &permits }.work());
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
    let said = settle(board, ledger, &permits);
    (std::mem::take(&mut troop.deeds), said)
}

/// All permits are there, and nobody holds any.
fn settle(board: &Board, ledger: &Ledger, permits: &Permits) -> String {
    match permits.acquire_many(PERMITS, Duration::from_secs(5)) {
        Ok(all) => drop(all),
        Err(e) => board.fault(Fault::LostIncrement, format_args!("not all permits came back: {e:?}")),
    }
    if permits.available() != PERMITS || !permits.holders().is_empty() {
        let what = format_args!("{} free, held by {:?}", permits.available(), permits.holders());
        board.fault(Fault::LostIncrement, what);
    }
    let done: u64 = board.places.iter().map(|place| place.done.load(SeqCst)).sum();
    let (several, most) = (ledger.several.load(SeqCst), ledger.most.load(SeqCst));
    format!("{done} turns, {several} with several permits, {most} of {PERMITS} inside at most, all back")
}
