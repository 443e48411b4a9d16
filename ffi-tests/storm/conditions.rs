//! The condition storm: producers and consumers of a bounded buffer wait for each other, and are killed and stopped while
//! they do.
//!
//! The buffer is two counters and a few places; each change is one store. Who takes the lock from a dead owner cannot know
//! whether he has notified: he notifies everybody. All other notifications are of one waiter, so that one that is lost with
//! the dead shows as somebody who waits beside work to do.

use crate::board::{Board, Dice, Fault, shared};
use crate::troop::{Deeds, Troop};
use courtyard::{Condition, Guard, Lock, Options, Scope, Timeout, Yard};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread::{sleep, yield_now};
use std::time::{Duration, Instant};

const WORKERS: usize = 6;
const ROOM: u64 = 2;

/// Beside the yard, and changed with the lock held: how many things were ever made and used, and those that are there.
struct Buffer {
    made: AtomicU64,
    used: AtomicU64,
    things: [AtomicU64; ROOM as usize],
}

impl Buffer {
    fn there(&self) -> u64 {
        self.made.load(SeqCst) - self.used.load(SeqCst)
    }
}

/// What everybody shares.
struct World {
    lock: Lock,
    /// Something was made, something was used.
    made: Condition,
    used: Condition,
    buffer: &'static Buffer,
    board: &'static Board,
}

impl World {
    /// Who was told that an owner died makes good what he may have left undone.
    fn make_whole(&self, guard: &mut Guard<'_>) {
        if guard.owner_died() {
            self.made.notify_all();
            self.used.notify_all();
            guard.repaired().unwrap();
        }
    }

    /// Waits, with the lock, until `ready`.
    fn wait(
        &self,
        place: usize,
        guard: &mut Guard<'_>,
        changed: &Condition,
        dice: &mut Dice,
        ready: impl Fn() -> bool,
    ) {
        self.make_whole(guard);
        while !ready() {
            let timeout = if dice.one_in(4) { Timeout::For(dice.micros(3000)) } else { Timeout::Forever };
            let waited = self.board.places[place].blocking(|| changed.wait(guard, timeout));
            if let Err(wrong) = waited {
                panic!("wait: {wrong:?}");
            }
            self.make_whole(guard);
        }
    }

    fn make(&self, place: usize, dice: &mut Dice) {
        let mut guard = self.board.places[place].blocking(|| self.lock.acquire(Timeout::Forever)).unwrap();
        self.wait(place, &mut guard, &self.used, dice, || self.buffer.there() < ROOM);
        let number = self.buffer.made.load(SeqCst);
        self.buffer.things[(number % ROOM) as usize].store(number, SeqCst);
        self.buffer.made.store(number + 1, SeqCst);
        self.end(guard, &self.made, dice);
    }

    fn use_up(&self, place: usize, dice: &mut Dice) {
        let mut guard = self.board.places[place].blocking(|| self.lock.acquire(Timeout::Forever)).unwrap();
        self.wait(place, &mut guard, &self.made, dice, || self.buffer.there() > 0);
        let number = self.buffer.used.load(SeqCst);
        let thing = self.buffer.things[(number % ROOM) as usize].load(SeqCst);
        if thing != number || self.buffer.there() > ROOM {
            self.board.fault(Fault::LostRecord, format_args!("{thing} where {number} was made"));
        }
        self.buffer.used.store(number + 1, SeqCst);
        self.end(guard, &self.used, dice);
    }

    /// Notifies one, with the lock or after it.
    fn end(&self, guard: Guard<'_>, changed: &Condition, dice: &mut Dice) {
        if dice.one_in(16) {
            yield_now();
        }
        changed.notify(1);
        drop(guard);
    }

    fn work(&self, place: usize, mut dice: Dice) {
        while !self.board.stopping() {
            match place % 2 {
                0 => self.make(place, &mut dice),
                _ => self.use_up(place, &mut dice),
            }
            self.board.places[place].done.fetch_add(1, SeqCst);
            if dice.one_in(8) {
                sleep(dice.micros(200));
            }
        }
    }
}

/// The storm. Returns what was done and a sentence about what came of it.
pub fn storm(board: &'static Board, seed: u64, time: Duration) -> (Deeds, String) {
    // SAFETY: atomics.
    let buffer: &'static Buffer = unsafe { shared() };
    let yard: Yard = Options::new().anonymous().unwrap();
    let world = World {
        lock: Lock::create(&yard, "lock", Scope::Thread).unwrap(),
        made: Condition::create(&yard, "made").unwrap(),
        used: Condition::create(&yard, "used").unwrap(),
        buffer,
        board,
    };
    let mut troop = Troop::new(board, seed);
    let start = |troop: &mut Troop, place| troop.start(place, |dice| world.work(place, dice));
    (0..WORKERS).for_each(|place| start(&mut troop, place));
    let begin = Instant::now();
    while troop.goes_on(begin, time) {
        troop.round(WORKERS, |troop, place| {
            troop.kill(place);
            sleep(troop.dice.micros(2000));
            start(troop, place);
            troop.deeds.takeovers += 1;
        });
    }
    troop.clear();
    if buffer.there() > ROOM {
        board.fault(Fault::LostRecord, format_args!("{} things in {ROOM} places", buffer.there()));
    }
    let said = format!("{} things made, {} used", buffer.made.load(SeqCst), buffer.used.load(SeqCst));
    (std::mem::take(&mut troop.deeds), said)
}
