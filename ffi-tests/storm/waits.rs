//! The wait storm: in each round somebody blocks, something happens that must end the wait, and the clock is read.
//!
//! A round has fresh objects and fresh processes. Those that block say when they begin and what they were answered.

use crate::board::{Board, Dice, Fault, LIMIT, Place, now};
use crate::troop::{Deeds, Troop};
use courtyard::{
    ErrorKind, Guard, Lock, Options, Receiver, Ring, RingOptions, Scope, Sender, Strategy, Timeout, Yard,
};
use nix::sys::signal::{Signal, raise};
use std::sync::atomic::Ordering::SeqCst;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What a blocked call answered.
const OK: u32 = 1;
const OWNER_DIED: u32 = 2;
const CLOSED: u32 = 3;
const DIED: u32 = 4;
const OTHER: u32 = 5;

fn code(answer: Result<(), ErrorKind>) -> u32 {
    match answer {
        Ok(()) => OK,
        Err(ErrorKind::PeerClosed) => CLOSED,
        Err(ErrorKind::PeerDied) => DIED,
        Err(_) => OTHER,
    }
}

/// Who makes the wait end, and who waits.
const ACTOR: usize = 0;
const WAITER: usize = 1;
/// The waiters for a lock are this one and those after it.
const WAITERS: usize = 4;
const ROUNDS_OF_A_YARD: u64 = 100;

/// What happens to the actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// It does what the other waits for.
    Serves,
    Closes,
    Dies,
}

/// For a lock, more can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plot {
    /// The holder gives it back, or dies.
    Plain,
    /// Each taker in turn dies with the lock, but the last.
    Chain,
    /// A waiter is stopped the while.
    Stopped,
}

impl Place {
    fn say(&self, answer: u32) {
        self.answered.store(now(), SeqCst);
        self.answer.store(answer, SeqCst);
    }

    /// Says that it is ready, and waits for the word to go on.
    fn stand_by(&self) {
        self.ready.store(1, SeqCst);
        while self.go.load(SeqCst) == 0 {
            sleep(Duration::from_micros(50));
        }
    }
}

/// What a round has to do with.
struct Round<'a> {
    troop: &'a mut Troop,
    yard: &'a Yard,
    name: String,
    /// How many waits ended in time, but only because of a look around.
    late: &'a mut u64,
}

impl Round<'_> {
    fn board(&self) -> &'static Board {
        self.troop.board
    }

    fn dice(&mut self) -> &mut Dice {
        &mut self.troop.dice
    }

    /// Waits until a place is in its blocking call, and a little longer.
    fn until_blocked(&mut self, place: usize) -> bool {
        let blocked = self.troop.within(LIMIT, |board| board.places[place].since.load(SeqCst) != 0);
        if !blocked {
            self.troop.board.fault(Fault::WrongAnswer, format_args!("place {place} does not come to wait"));
        }
        let more = [0, 100, 1000, 1000, 3000, 3000][self.troop.dice.below(6) as usize];
        sleep(Duration::from_micros(more));
        blocked
    }

    fn until_ready(&mut self, place: usize) {
        if !self.troop.within(LIMIT, |board| board.places[place].ready.load(SeqCst) != 0) {
            self.troop.board.fault(Fault::WrongAnswer, format_args!("place {place} does not get ready"));
        }
    }

    /// The wait at a place must end now; `since` is when it could.
    fn must_end(&mut self, place: usize, since: u64, expected: &[u32], what: std::fmt::Arguments<'_>) {
        let answer = |board: &Board| board.places[place].answer.load(SeqCst);
        if !self.troop.within(LIMIT, |board| answer(board) != 0) {
            return self.board().fault(Fault::LostWakeUp, format_args!("{what}: place {place}"));
        }
        let took = self.board().places[place].answered.load(SeqCst).saturating_sub(since);
        let took = Duration::from_nanos(took);
        self.troop.deeds.slowest = self.troop.deeds.slowest.max(took);
        if took > Duration::from_millis(200) {
            *self.late += 1;
            println!("waits: only a look around ended it, after {} ms: {what}", took.as_millis());
        }
        if !expected.contains(&answer(self.board())) {
            let got = answer(self.board());
            self.board().fault(Fault::WrongAnswer, format_args!("{what}: {got}, not {expected:?}"));
        }
    }
}

/// An end whose process waits for the word and then lets the event happen to it.
enum End {
    Sends(Sender),
    Receives(Receiver),
}

/// Memory that takes the kernel some 10 ms to take back when the process dies, or none.
fn weight(dice: &mut Dice) -> Vec<u8> {
    std::hint::black_box(vec![1; if dice.one_in(6) { 64 << 20 } else { 0 }])
}

fn act(place: &Place, mut end: End, event: Event) {
    place.stand_by();
    match (event, &mut end) {
        (Event::Serves, End::Sends(end)) => end.send(b"here", Timeout::Try).unwrap(),
        (Event::Serves, End::Receives(end)) => drain(end),
        (Event::Closes, _) => drop(end),
        (Event::Dies, _) => {
            let _ = raise(Signal::SIGKILL);
        }
    }
    sleep(Duration::from_secs(60));
}

fn drain(end: &mut Receiver) {
    let mut buffer = vec![0; end.max_len()];
    while end.recv(&mut buffer, Timeout::Try).is_ok() {}
}

fn strategy(dice: &mut Dice) -> Strategy {
    [Strategy::Block, Strategy::Block, Strategy::Adaptive, Strategy::Spin][dice.below(4) as usize]
}

/// The waiter finds nothing, or no room.
fn wait_at_ring(place: &Place, ring: &Ring, receives: bool, mut dice: Dice) {
    let strategy = strategy(&mut dice);
    let answer = if receives {
        let mut end = ring.receiver(strategy).unwrap();
        let mut buffer = vec![0; end.max_len()];
        place.blocking(|| end.recv(&mut buffer, Timeout::Forever).map(|_| ()))
    } else {
        let mut end = ring.sender(strategy).unwrap();
        while end.send(&[7; 24], Timeout::Try).is_ok() {}
        place.blocking(|| end.send(&[7; 24], Timeout::Forever))
    };
    place.say(code(answer.map_err(|error| error.kind())));
}

/// A process blocks at a ring; the process at the other end serves it, closes or dies.
fn ring_round(mut round: Round<'_>) {
    let options = RingOptions { capacity: 256, ..RingOptions::default() };
    let ring = &Ring::create(round.yard, &round.name, options).unwrap();
    let event = [Event::Serves, Event::Closes, Event::Dies, Event::Dies][round.dice().below(4) as usize];
    let (receives, comes_late) = (round.dice().one_in(2), round.dice().one_in(4));
    let (actor, waiter) = (&round.board().places[ACTOR], &round.board().places[WAITER]);
    let act = move |mut dice: Dice| {
        let (strategy, _weight) = (strategy(&mut dice), weight(&mut dice));
        let end = match receives {
            true => End::Sends(ring.sender(strategy).unwrap()),
            false => End::Receives(ring.receiver(strategy).unwrap()),
        };
        act(actor, end, event);
    };
    if !comes_late {
        round.troop.start(ACTOR, act);
        round.until_ready(ACTOR);
    }
    round.troop.start(WAITER, |dice| wait_at_ring(waiter, ring, receives, dice));
    round.until_blocked(WAITER);
    if comes_late {
        round.troop.start(ACTOR, act);
        round.until_ready(ACTOR);
    }
    let begin = now();
    if event == Event::Dies {
        round.troop.kill(ACTOR);
    } else {
        actor.go.store(1, SeqCst);
    }
    let expected = match event {
        Event::Serves => OK,
        Event::Closes => CLOSED,
        Event::Dies => DIED,
    };
    let who = if receives { "receiver" } else { "sender" };
    round.must_end(WAITER, begin, &[expected], format_args!("{who} whose peer {event:?}"));
}

fn taken(guard: &mut Guard<'_>, repairs: bool) -> u32 {
    match guard.owner_died() {
        true if repairs => {
            guard.repaired().unwrap();
            OWNER_DIED
        }
        true => OWNER_DIED,
        false => OK,
    }
}

/// Waits for the lock, and dies with it if `dies`.
fn wait_at_lock(place: &Place, lock: &Lock, dies: bool) {
    let mut guard = place.blocking(|| lock.acquire(Timeout::Forever)).unwrap();
    let answer = taken(&mut guard, !dies);
    place.say(answer);
    if dies {
        let _ = raise(Signal::SIGKILL);
    }
}

fn hold(place: &Place, lock: &Lock, mut dice: Dice) {
    let _weight = weight(&mut dice);
    let guard = lock.acquire(Timeout::Forever).unwrap();
    place.stand_by();
    drop(guard);
    sleep(Duration::from_secs(60));
}

/// Several wait for a lock whose holder gives it back or dies.
fn lock_round(mut round: Round<'_>) {
    let scope = [Scope::Thread, Scope::Process, Scope::Anyone][round.dice().below(3) as usize];
    let lock = &Lock::create(round.yard, &round.name, scope).unwrap();
    let plot = [Plot::Plain, Plot::Chain, Plot::Stopped][round.dice().below(3) as usize];
    let dies = round.dice().one_in(2);
    let holder = &round.board().places[ACTOR];
    round.troop.start(ACTOR, |dice| hold(holder, lock, dice));
    round.until_ready(ACTOR);
    for number in 0..WAITERS {
        let place = &round.board().places[WAITER + number];
        let dies = plot == Plot::Chain && number != 0;
        round.troop.start(WAITER + number, move |_| wait_at_lock(place, lock, dies));
    }
    if !(0..WAITERS).all(|number| round.until_blocked(WAITER + number)) {
        return;
    }
    let sleeper = WAITER + round.dice().below(WAITERS as u64) as usize;
    if plot == Plot::Stopped {
        round.troop.stop(sleeper, Duration::from_secs(3600));
    }
    let begin = now();
    if dies {
        round.troop.kill(ACTOR);
    } else {
        holder.go.store(1, SeqCst);
    }
    all_get_it(&mut round, plot, sleeper, begin, format_args!("{scope:?} {plot:?}, holder dies: {dies}"));
}

/// All but a stopped one, and that one when it goes on. In a chain the lock may find its last taker before the others.
fn all_get_it(round: &mut Round<'_>, plot: Plot, sleeper: usize, begin: u64, what: std::fmt::Arguments<'_>) {
    let stopped = |place| plot == Plot::Stopped && place == sleeper;
    for place in (WAITER..WAITER + WAITERS).filter(|&place| !stopped(place)) {
        round.must_end(place, begin, &[OK, OWNER_DIED], what);
    }
    if plot == Plot::Stopped {
        round.troop.resume(true);
        let begin = now();
        round.must_end(sleeper, begin, &[OK, OWNER_DIED], what);
    }
}

/// The storm. Returns what was done and a sentence about what came of it.
pub fn storm(board: &'static Board, seed: u64, time: Duration) -> (Deeds, String) {
    let mut troop = Troop::new(board, seed);
    let (mut late, begin) = (0, Instant::now());
    let mut yard = None;
    while troop.goes_on(begin, time) {
        let number = troop.deeds.rounds;
        if number.is_multiple_of(ROUNDS_OF_A_YARD) {
            let fallback = troop.dice.one_in(4);
            yard = Some(Options::new().fallback(fallback).objects(128).anonymous().unwrap());
        }
        let Some(yard) = &yard else { break };
        board.places.iter().for_each(Place::clear);
        let name = format!("round.{number}");
        let is_lock = troop.dice.one_in(2);
        let round = Round { troop: &mut troop, yard, name, late: &mut late };
        if is_lock {
            lock_round(round)
        } else {
            ring_round(round)
        }
        troop.clear();
        troop.deeds.rounds += 1;
    }
    // The slice saves those whom no wake-up reaches, so that nobody waits for ever; but a save is a rare thing.
    if late > 2 && late * 20 > troop.deeds.rounds {
        board.fault(Fault::LostWakeUp, format_args!("{late} waits ended by a look around only"));
    }
    (std::mem::take(&mut troop.deeds), format!("{late} waits ended by a look around only"))
}
