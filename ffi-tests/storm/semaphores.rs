//! The semaphore storm: processes take permits and give them back, and are killed and stopped while they do.
//!
//! Nothing comes back with a death, so the supervisor releases what the dead one had. Before each call a worker notes
//! what it surely has and what it may have by then; a call that a kill cut short leaves a doubt of what it was about,
//! which is released too. When nobody is left the permits there are those of the beginning, and at most the doubts.
//!
//! In the storms of many every other worker waits for the semaphore among events that are never set, and then tries: with
//! few of them it sleeps on all their words, with more at the doorbell.

use crate::board::{Board, Dice, Fault, shared};
use crate::troop::{Deeds, Troop};
use courtyard::{
    ErrorKind, Event, EventOptions, Options, Semaphore, SemaphoreOptions, Timeout, Waitable, Yard, wait_any,
};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread::{sleep, yield_now};
use std::time::{Duration, Instant};

const WORKERS: usize = 5;
const PERMITS: u32 = 2;

/// Beside the yard: for each worker what it surely has, and above bit 32 what it may have besides.
struct Ledger {
    has: [AtomicU64; WORKERS],
}

/// A worker at work.
struct Worker<'a> {
    board: &'static Board,
    ledger: &'static Ledger,
    place: usize,
    dice: Dice,
    semaphore: &'a Semaphore,
    /// Among which it waits, if it waits for many.
    events: &'a [Event],
}

impl Worker<'_> {
    fn note(&self, sure: u32, doubt: u32) {
        self.ledger.has[self.place].store(u64::from(sure) | u64::from(doubt) << 32, SeqCst);
    }

    fn work(&mut self) {
        while !self.board.stopping() {
            let timeout = match self.dice.below(8) {
                0 => Timeout::Try,
                1 | 2 => Timeout::For(self.dice.micros(3000)),
                _ => Timeout::Forever,
            };
            if self.take(0, timeout) {
                self.use_and_give();
                self.board.places[self.place].done.fetch_add(1, SeqCst);
            }
            if self.dice.one_in(4) {
                sleep(self.dice.micros(200));
            }
        }
    }

    /// Takes a permit beside those it has; `false` if there was none in time.
    fn take(&mut self, has: u32, timeout: Timeout) -> bool {
        self.note(has, 1);
        let taken = self.board.places[self.place].blocking(|| self.get(timeout));
        self.note(has + u32::from(taken.is_ok()), 0);
        match taken {
            Err(e) if !matches!(e.kind(), ErrorKind::Busy | ErrorKind::Timeout) => panic!("acquire: {e:?}"),
            taken => taken.is_ok(),
        }
    }

    fn get(&self, timeout: Timeout) -> courtyard::Result<()> {
        if self.events.is_empty() {
            return self.semaphore.acquire(timeout);
        }
        let mut all: Vec<&dyn Waitable> = self.events.iter().map(|event| event as &dyn Waitable).collect();
        all.push(self.semaphore);
        wait_any(&all, timeout)?;
        self.semaphore.try_acquire() // `Busy` if somebody else was quicker
    }

    /// Has one permit, perhaps takes a second one, and gives back all at once.
    fn use_and_give(&mut self) {
        let wait = self.dice.micros(500);
        let has = 1 + u32::from(self.dice.one_in(4) && self.take(1, Timeout::For(wait)));
        match self.dice.below(32) {
            0 => sleep(self.dice.micros(100)),
            1 | 2 => yield_now(),
            _ => {}
        }
        self.note(0, has);
        self.semaphore.release(has).unwrap();
        self.note(0, 0);
    }
}

/// Kills a worker and gives back what it had; tells what it may have had besides.
fn kill(troop: &mut Troop, place: usize, ledger: &Ledger, semaphore: &Semaphore) -> u32 {
    troop.kill(place);
    let word = ledger.has[place].swap(0, SeqCst);
    let (sure, doubt) = (word as u32, (word >> 32) as u32);
    if sure + doubt > 0 {
        semaphore.release(sure + doubt).unwrap();
    }
    doubt
}

/// Nobody is left: no permit is lost, none invented. Takes away what was released in doubt.
fn settle(board: &Board, semaphore: &Semaphore, doubts: u32) -> u32 {
    let there = semaphore.value();
    if !(PERMITS..=PERMITS + doubts).contains(&there) {
        let what = format_args!("{there} permits of {PERMITS}, {doubts} in doubt");
        board.fault(Fault::LostPermit, what);
    }
    let surplus = there.saturating_sub(PERMITS);
    for _ in 0..surplus {
        if let Err(none) = semaphore.try_acquire() {
            board.fault(Fault::LostPermit, format_args!("{there} permits shown, but {none:?}"));
        }
    }
    surplus
}

/// The storm. Returns what was done and a sentence about what came of it.
pub fn storm(board: &'static Board, seed: u64, time: Duration) -> (Deeds, String) {
    storm_among(board, seed, time, 0)
}

/// The same, where every other worker waits for a few things at once.
pub fn storm_of_many(board: &'static Board, seed: u64, time: Duration) -> (Deeds, String) {
    storm_among(board, seed, time, 3)
}

/// The same, with more things than they sleep on.
pub fn storm_at_the_bell(board: &'static Board, seed: u64, time: Duration) -> (Deeds, String) {
    storm_among(board, seed, time, 20)
}

fn storm_among(board: &'static Board, seed: u64, time: Duration, events: usize) -> (Deeds, String) {
    // SAFETY: atomics.
    let ledger: &'static Ledger = unsafe { shared() };
    let yard: Yard = Options::new().anonymous().unwrap();
    let options = SemaphoreOptions { initial: PERMITS, maximum: None };
    let semaphore = Semaphore::create(&yard, "permits", options).unwrap();
    let event = |i| Event::create(&yard, &format!("never-{i}"), EventOptions::default()).unwrap();
    let events: Vec<Event> = (0..events).map(event).collect();
    let mut troop = Troop::new(board, seed);
    let start = |troop: &mut Troop, place| {
        let events = if place % 2 == 0 { &[][..] } else { &events };
        let semaphore = &semaphore;
        troop.start(place, |dice| Worker { board, ledger, place, dice, semaphore, events }.work());
    };
    let (mut doubts_in_all, mut surplus_in_all, mut turns) = (0, 0, 0);
    let begin = Instant::now();
    while troop.goes_on(begin, time) {
        troop.deeds.rounds += 1;
        let mut doubts = 0;
        (0..WORKERS).for_each(|place| start(&mut troop, place));
        troop.stir(WORKERS, |troop, place| {
            doubts += kill(troop, place, ledger, &semaphore);
            sleep(troop.dice.micros(2000));
            start(troop, place);
            troop.deeds.takeovers += 1;
        });
        troop.calm(0..WORKERS);
        doubts += (0..WORKERS).map(|place| kill(&mut troop, place, ledger, &semaphore)).sum::<u32>();
        surplus_in_all += settle(board, &semaphore, doubts);
        doubts_in_all += doubts;
        turns = board.places.iter().map(|place| place.done.load(SeqCst)).sum::<u64>();
    }
    troop.clear();
    let said = format!(
        "{turns} turns, {PERMITS} permits at every end of a round; {doubts_in_all} in doubt by kills, of which \
         {surplus_in_all} were not taken"
    );
    (std::mem::take(&mut troop.deeds), said)
}
