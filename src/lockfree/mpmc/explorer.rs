//! Every interleaving of a few moves, with every death and every stop, on the ring's own code.
//!
//! How: see `lockfree/explore.rs`.
//!
//! In every state that can be reached
//! * each change of a control word is one that the protocol knows, made by one who may;
//! * an answer Empty or Full was true at an instant within its move; an item comes once, whole, and in its turn, unless
//!   it is flagged;
//! * if everybody in the middle of a move stops for ever, another one's moves end, and name one of them if held up;
//! * if everybody in the middle of a move dies, another one repairs, and finds every item that was there, and all places.

#![allow(clippy::unwrap_used, clippy::panic)] // a test

use super::layout::{Ctl, Shape, State};
use super::memory::{Memory, Word};
use super::{Holders, NoPop, NoPush, Ring};
use crate::lockfree::explore::{self, Found, Replay, until_paused};
use crate::shim::Ordering;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Move {
    Push(u64),
    Pop,
    /// Claims a cell and gives it up.
    GiveUp,
    /// Claims an item and puts it back.
    PutBack,
    /// Repairs what the dead have left.
    Sweep,
    /// Asks whether the ring is full.
    Ask,
}

/// What a move answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Pushed,
    Popped(u64),
    NoPush(NoPush),
    NoPop(NoPop),
    Full(bool),
    Done,
}

/// Which step of the protocol is broken, to see that it is found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Nothing,
    /// A claim is a look and a store.
    ClaimIsStore,
    /// Who is in the middle of a move counts as dead.
    StoppedIsDead,
    /// Nobody says that something is to be delivered again.
    NothingRaised,
    /// The flag is lowered whatever was said meanwhile.
    LoweredBlindly,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Words {
    tail: u64,
    head: u64,
    again: u64,
    /// Control word, header, payload.
    cells: Vec<[u64; 3]>,
}

impl Words {
    fn word(&mut self, word: Word<u32>) -> &mut u64 {
        match word {
            Word::Tail => &mut self.tail,
            Word::Head => &mut self.head,
            Word::Again => &mut self.again,
            Word::Ctl(index) => &mut self.cells[index as usize][0],
            Word::Header(index) => &mut self.cells[index as usize][1],
        }
    }
}

/// The memory of one step.
struct Steps {
    replay: Replay<Words>,
    dead: u32,
    broken: Broken,
}

impl Memory for &Steps {
    type Cell<'m>
        = u32
    where
        Self: 'm;

    fn capacity(&self) -> u32 {
        self.replay.fixed(|words| words.cells.len() as u32)
    }

    fn room(&self) -> usize {
        8
    }

    fn cell(&self, index: u32) -> Option<u32> {
        (index < self.capacity()).then_some(index)
    }

    fn room_of(&self, _: u32) -> usize {
        self.room()
    }

    fn load(&self, word: Word<u32>, _: Ordering) -> u64 {
        self.replay.access(matches!(word, Word::Header(_)), |words| *words.word(word))
    }

    fn store(&self, word: Word<u32>, value: u64, _: Ordering) {
        self.replay.store(matches!(word, Word::Header(_)), |words| words.word(word), value);
    }

    fn swap(&self, word: Word<u32>, old: u64, new: u64, _: Ordering) -> bool {
        let claim = matches!(word, Word::Ctl(_)) && self.broken == Broken::ClaimIsStore;
        let lost = word == Word::Again && new > old && self.broken == Broken::NothingRaised;
        let blind = word == Word::Again && new < old && self.broken == Broken::LoweredBlindly;
        if claim && self.load(word, Ordering::Relaxed) != old {
            return false;
        }
        let swapped = self.replay.access(false, |words| {
            let now = words.word(word);
            let same = *now == old || claim || blind;
            if same && !lost {
                *now = if blind { *now & !1 } else { new };
            }
            u64::from(same)
        });
        swapped == 1
    }

    fn write(&self, cell: u32, from: &[u8]) {
        let item = u64::from_ne_bytes(from.try_into().unwrap());
        self.replay.store(false, |words| &mut words.cells[cell as usize][2], item);
    }

    fn read(&self, cell: u32, to: &mut [u8]) {
        to.copy_from_slice(&self.replay.access(false, |words| words.cells[cell as usize][2]).to_ne_bytes());
    }
}

impl Holders for &Steps {
    fn is_dead(&self, slot: u32) -> bool {
        // Whether somebody is dead may change at any time, as a word does.
        self.replay.access(false, |_| u64::from(self.dead >> slot & 1)) == 1
    }
}

/// Runs a move until it is paused; its answer if it came to one.
fn run(what: Move, me: u32, steps: &Steps) -> Option<Answer> {
    let ring = Ring::open(steps).ok()?;
    until_paused(|| perform(what, me, &ring, steps))
}

fn perform(what: Move, me: u32, ring: &Ring<&Steps>, steps: &Steps) -> Answer {
    let mut bytes = [0; 8];
    match what {
        Move::Ask => Answer::Full(ring.is_full()),
        Move::Push(n) => match ring.try_push(me, n as u32, &n.to_ne_bytes(), &steps) {
            Ok(()) => Answer::Pushed,
            Err(why) => Answer::NoPush(why),
        },
        Move::Pop => match ring.try_pop(me, &mut bytes, &steps) {
            Ok(item) if u64::from(item.tag) == u64::from_ne_bytes(bytes) && item.len == 8 => {
                Answer::Popped(item.tag.into())
            }
            Ok(_) => Answer::Popped(u64::MAX),
            Err(why) => Answer::NoPop(why),
        },
        Move::GiveUp => match ring.claim_write(me, &steps) {
            Ok(writing) => {
                writing.abandon();
                Answer::Done
            }
            Err(why) => Answer::NoPush(why),
        },
        Move::PutBack => match ring.claim_read(me, 8, &steps) {
            Ok(reading) => {
                reading.put_back();
                Answer::Done
            }
            Err(why) => Answer::NoPop(why),
        },
        Move::Sweep => {
            let dead: Vec<u32> =
                (0..SURVIVOR).filter(|slot| *slot != me && (&steps).is_dead(*slot)).collect();
            for slot in dead {
                ring.recover(slot);
            }
            Answer::Done
        }
    }
}

/// The slot of the one who looks, in each state, what can still be done.
const SURVIVOR: u32 = 7;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Process {
    moves: Vec<Move>,
    /// What the first of them was answered so far; empty if it has not begun.
    log: Vec<u64>,
    dead: bool,
    /// Since the move began, at some instant.
    was_empty: bool,
    was_full: bool,
}

impl Process {
    fn is_inside(&self) -> bool {
        !self.log.is_empty()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    words: Words,
    processes: Vec<Process>,
    /// Bits by item.
    published: u64,
    delivered: u64,
    /// The position that was taken last, in turn, and one more.
    turn: u64,
    deaths: u32,
    /// Whether a cell was given up, put back, or repaired.
    odd: bool,
}

fn state(cell: &[u64; 3]) -> State {
    Ctl(cell[0]).state().unwrap()
}

impl World {
    fn new(capacity: usize, filled: u64, programs: &[&[Move]]) -> World {
        let words = Words { tail: 0, head: 0, again: 0, cells: vec![[0; 3]; capacity] };
        let process = |moves: &&[Move]| Process {
            moves: moves.to_vec(),
            log: Vec::new(),
            dead: false,
            was_empty: false,
            was_full: false,
        };
        let processes = programs.iter().map(process).collect();
        let mut world =
            World { words, processes, published: 0, delivered: 0, turn: 0, deaths: 0, odd: false };
        for n in 1..=filled {
            assert_eq!(world.alone(Move::Push(n), 0), Ok(Answer::Pushed));
            world.published |= 1 << n;
        }
        world
    }

    fn dead(&self) -> u32 {
        (0..).zip(&self.processes).map(|(i, process)| u32::from(process.dead) << i).sum()
    }

    fn is_empty(&self) -> bool {
        !self.words.cells.iter().any(|cell| match state(cell) {
            State::Full | State::Again => true,
            State::Writing => !self.processes[Ctl(cell[0]).slot() as usize].dead,
            _ => false,
        })
    }

    fn is_full(&self) -> bool {
        let mut states = self.words.cells.iter().map(state);
        if self.odd || self.deaths > 0 {
            return states.any(|state| matches!(state, State::Full | State::Again));
        }
        states.all(|state| matches!(state, State::Full | State::Writing))
    }

    /// One step of one process.
    fn step(&mut self, me: usize, broken: Broken) -> Found {
        let inside = (0..).zip(&self.processes).map(|(i, p)| u32::from(p.is_inside()) << i).sum();
        let dead = if broken == Broken::StoppedIsDead { inside } else { self.dead() };
        let process = &mut self.processes[me];
        let what = process.moves[0];
        let before = self.words.clone();
        let replay = Replay::new(before.clone(), std::mem::take(&mut process.log), 1);
        let steps = Steps { replay, dead, broken };
        let answer = run(what, me as u32, &steps);
        (self.words, process.log) = steps.replay.into_parts();
        for index in 0..before.cells.len() {
            self.changed(me, index, before.cells[index])?;
        }
        self.note(me);
        let Some(answer) = answer else { return Ok(()) };
        let process = &mut self.processes[me];
        process.log.clear();
        process.moves.remove(0);
        self.judge(me, what, answer)
    }

    /// Whether the ring was empty or full at the instant after a step, for all in the middle of a move.
    fn note(&mut self, me: usize) {
        let (empty, full) = (self.is_empty(), self.is_full());
        for (i, process) in self.processes.iter_mut().enumerate() {
            if i == me && process.log.len() == 1 {
                (process.was_empty, process.was_full) = (false, false);
            }
            process.was_empty |= process.is_inside() && empty;
            process.was_full |= process.is_inside() && full;
        }
    }

    /// A change of a cell: is it one that there can be?
    fn changed(&mut self, me: usize, index: usize, old: [u64; 3]) -> Found {
        let new = self.words.cells[index];
        let (from, to) = (Ctl(old[0]), Ctl(new[0]));
        if from == to {
            return Ok(());
        }
        let shape = Shape::new(self.words.cells.len() as u32).unwrap();
        let mine = |ctl: Ctl| ctl.slot() as usize == me;
        let gone = mine(from) || self.processes[from.slot() as usize % self.processes.len()].dead;
        let same = to.lap() == from.lap();
        let next = to.lap() == shape.next_lap(from.lap());
        let (position, bit) = (to.lap() | index as u64, 1 << new[2]);
        let known = match (state(&old), state(&new)) {
            (State::Free, State::Writing) => same && mine(to),
            (State::Writing, State::Full) => {
                self.published |= bit;
                same && mine(from)
            }
            (State::Full, State::Reading) => {
                let in_turn = position >= self.turn;
                self.turn = position + 1;
                same && mine(to) && in_turn
            }
            (State::Again, State::Retaken) => same && mine(to),
            (State::Writing, State::Free) => {
                self.odd = true;
                next && gone
            }
            (State::Reading | State::Retaken, State::Again) => {
                self.odd = true;
                same && gone
            }
            (State::Reading | State::Retaken, State::Free) => {
                let first = self.delivered & bit == 0;
                self.delivered |= bit;
                next && mine(from) && first
            }
            _ => false,
        };
        let says = || format!("{me} changes cell {index} from {from:x?} to {to:x?}");
        if known { Ok(()) } else { Err(says()) }
    }

    fn judge(&self, me: usize, what: Move, answer: Answer) -> Found {
        let process = &self.processes[me];
        let right = match answer {
            Answer::Pushed | Answer::Done | Answer::Full(_) => true,
            Answer::Popped(n) => n < 64 && self.published & self.delivered & 1 << n != 0,
            Answer::NoPush(NoPush::Full) => process.was_full,
            Answer::NoPop(NoPop::Empty) => process.was_empty,
            Answer::NoPush(NoPush::Busy(Some(slot))) | Answer::NoPop(NoPop::Busy(Some(slot))) => {
                (slot as usize) < self.processes.len()
            }
            Answer::NoPush(_) | Answer::NoPop(_) => false,
        };
        if right { Ok(()) } else { Err(format!("{me}: {what:?} answers {answer:?}")) }
    }

    /// A move of the survivor, from beginning to end.
    fn alone(&mut self, what: Move, dead: u32) -> Result<Answer, String> {
        const ENOUGH: usize = 400;
        let replay = Replay::new(self.words.clone(), Vec::new(), ENOUGH);
        let steps = Steps { replay, dead, broken: Broken::Nothing };
        let answer = run(what, SURVIVOR, &steps);
        self.words = steps.replay.into_parts().0;
        answer.ok_or_else(|| format!("{what:?} has no end"))
    }

    fn inside(&self) -> u32 {
        (0..).zip(&self.processes).map(|(i, p)| u32::from(p.is_inside()) << i).sum()
    }

    /// Everybody in the middle of a move stops for ever.
    fn all_stop(mut self) -> Found {
        let (dead, inside) = (self.dead(), self.inside());
        for what in [Move::Pop, Move::Push(9), Move::Sweep, Move::Pop, Move::Push(9), Move::Pop] {
            let full = self.alone(Move::Ask, dead)? == Answer::Full(true);
            let answer = self.alone(what, dead)?;
            if full && matches!(what, Move::Push(_)) && answer != Answer::NoPush(NoPush::Full) {
                return Err(format!("it was full, and {what:?} answers {answer:?}"));
            }
            match answer {
                Answer::NoPop(NoPop::Busy(Some(slot))) | Answer::NoPush(NoPush::Busy(Some(slot)))
                    if (inside | dead) >> slot & 1 == 1 => {}
                Answer::Pushed | Answer::Popped(_) | Answer::Done => {}
                Answer::NoPop(NoPop::Empty) | Answer::NoPush(NoPush::Full) => {}
                answer => return Err(format!("while others stand still, {what:?} answers {answer:?}")),
            }
        }
        Ok(())
    }

    /// Everybody in the middle of a move dies.
    fn all_die(mut self) -> Found {
        let dead = self.dead() | self.inside();
        self.alone(Move::Sweep, dead)?;
        let (missing, capacity) = (self.published & !self.delivered, self.words.cells.len() as u64);
        let mut found = 0;
        loop {
            match self.alone(Move::Pop, dead)? {
                Answer::Popped(n) if n < 64 && found & 1 << n == 0 => found |= 1 << n,
                Answer::NoPop(NoPop::Empty) => break,
                answer => return Err(format!("after all deaths a pop answers {answer:?}")),
            }
        }
        if found != missing {
            return Err(format!("after all deaths {found:b} is there instead of {missing:b}"));
        }
        let mut answers = Vec::new();
        for n in 1..=capacity + 1 {
            let full = self.alone(Move::Ask, dead)?;
            answers.push(self.alone(Move::Push(n), dead));
            if full != Answer::Full(answers.last() == Some(&Ok(Answer::NoPush(NoPush::Full)))) {
                return Err(format!("after all deaths {full:?}, and then pushes answer {answers:?}"));
            }
        }
        let full = answers.last() == Some(&Ok(Answer::NoPush(NoPush::Full)));
        if !full || answers.iter().filter(|answer| **answer == Ok(Answer::Pushed)).count() as u64 != capacity
        {
            return Err(format!("after all deaths pushes answer {answers:?}"));
        }
        match (1..=capacity).find(|n| self.alone(Move::Pop, dead) != Ok(Answer::Popped(*n))) {
            Some(n) => Err(format!("after all deaths {n} does not come in its turn")),
            None => Ok(()),
        }
    }

    /// What can happen next.
    fn successors(&self, deaths: u32, broken: Broken, mut take: impl FnMut(World)) -> Found {
        for me in 0..self.processes.len() {
            let process = &self.processes[me];
            if process.dead || process.moves.is_empty() {
                continue;
            }
            let mut next = self.clone();
            next.step(me, broken)?;
            take(next);
            if self.deaths < deaths && process.is_inside() {
                let mut next = self.clone();
                let process = &mut next.processes[me];
                (process.dead, process.log) = (true, Vec::new());
                next.deaths += 1;
                take(next);
            }
        }
        self.reborn(take);
        Ok(())
    }

    /// A dead one's slot, once nothing of it is left and nobody sweeps, goes to another, who makes the moves that are
    /// left.
    fn reborn(&self, mut take: impl FnMut(World)) {
        if self.processes.iter().any(|process| process.is_inside() && process.moves[0] == Move::Sweep) {
            return;
        }
        let holds = |slot: usize| {
            self.words.cells.iter().any(|cell| {
                let held = matches!(state(cell), State::Writing | State::Reading | State::Retaken);
                held && Ctl(cell[0]).slot() as usize == slot
            })
        };
        for me in (0..self.processes.len()).filter(|me| self.processes[*me].dead && !holds(*me)) {
            let mut next = self.clone();
            next.processes[me].dead = false;
            next.processes[me].moves.remove(0);
            take(next);
        }
    }
}

use Move::{GiveUp, Pop, Push, PutBack, Sweep};

/// Capacity, items that are there, deaths, and the moves of each process.
type Play = (&'static str, usize, u64, u32, &'static [&'static [Move]]);

const PLAYS: &[Play] = &[
    ("one cell, one to one", 1, 0, 1, &[&[Push(1), Push(2)], &[Pop, Pop]]),
    ("two cells, one to one", 2, 0, 2, &[&[Push(1), Push(2), Push(3)], &[Pop, Pop]]),
    ("one cell, two pushers", 1, 0, 1, &[&[Push(1)], &[Push(2)], &[Pop]]),
    ("two cells, two pushers", 2, 0, 1, &[&[Push(1)], &[Push(2)], &[Pop]]),
    ("two cells, two poppers", 2, 1, 1, &[&[Push(2)], &[Pop], &[Pop]]),
    ("one cell, two poppers", 1, 1, 1, &[&[Push(2)], &[Pop], &[Pop]]),
    ("a dead popper and the sweep", 1, 1, 2, &[&[Pop, Pop], &[Sweep, Pop]]),
    ("a dead popper, two cells", 2, 2, 1, &[&[Pop], &[Sweep, Pop]]),
    ("put back while another looks", 2, 2, 1, &[&[PutBack], &[Pop, Pop]]),
    ("put back twice", 1, 1, 1, &[&[PutBack, PutBack], &[Pop]]),
    ("put back while the flag is lowered", 1, 1, 0, &[&[PutBack, Push(2), PutBack], &[Pop, Pop]]),
    ("given up", 2, 0, 1, &[&[GiveUp, Push(1)], &[Push(2), Pop]]),
];

fn explore(play: &Play, broken: Broken) -> (&'static str, Result<usize, String>) {
    let (name, capacity, filled, deaths, programs) = *play;
    let states = explore::explore(
        World::new(capacity, filled, programs),
        // What can still be done depends on the words, on who is in the middle of a move, and on what is owed.
        |world| (world.words.clone(), world.inside(), world.dead(), world.published, world.delivered),
        |world| world.clone().all_stop().and_then(|()| world.clone().all_die()),
        |world, take| world.successors(deaths, broken, take),
    );
    (name, states)
}

#[test]
fn every_interleaving_and_every_death_keeps_the_promise() {
    explore::all_right(PLAYS, |play| explore(play, Broken::Nothing));
}

/// The first thing found wrong with a broken protocol.
fn found(broken: Broken) -> String {
    explore::wrong(PLAYS, |play| explore(play, broken))
}

#[test]
fn a_claim_that_is_a_store_is_found_out() {
    let why = found(Broken::ClaimIsStore);
    assert!(why.contains("changes cell") || why.contains("answers"), "{why}");
}

#[test]
fn taking_the_stopped_for_dead_is_found_out() {
    assert!(found(Broken::StoppedIsDead).contains("changes cell"));
}

#[test]
fn an_item_that_nobody_is_told_of_is_found_out() {
    let why = found(Broken::NothingRaised);
    assert!(why.contains("Empty") || why.contains("is there instead of"), "{why}");
}

#[test]
fn a_flag_lowered_blindly_is_found_out() {
    let why = found(Broken::LoweredBlindly);
    assert!(why.contains("Empty") || why.contains("is there instead of"), "{why}");
}
