//! Two that are both in the middle of a move in one queue.

use std::sync::atomic::Ordering::SeqCst;

use courtyard::{ErrorKind, Lock, Queue, QueueOptions, Scope, Timeout, Yard};

use super::common::{SOON, turn, wrong, yard};
use crate::engine::Trial;
use crate::operation::{Mode, Moment, Operation, Point, Points};
use crate::other::{Fate, Pair};
use crate::stage::Stage;
use crate::toys::words::Words;

/// What somebody does at the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Puts(u8),
    Gets,
}

use Does::{Gets, Puts};

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![
        pair("queue, two put", Puts(3), Puts(4), 4, &[], Fate::GoesOn),
        pair("queue, two put and both die", Puts(3), Puts(4), 4, &[], Fate::Dies),
        pair("queue, two put where one fits", Puts(3), Puts(4), 1, &[], Fate::GoesOn),
        pair("queue, two get", Gets, Gets, 4, &[0, 1], Fate::GoesOn),
        pair("queue, two get and both die", Gets, Gets, 4, &[0, 1], Fate::Dies),
        pair("queue, two get where one is", Gets, Gets, 4, &[0], Fate::GoesOn),
        pair("queue, a put beside a get", Puts(3), Gets, 1, &[], Fate::GoesOn),
        pair("queue, a get beside a put", Gets, Puts(3), 1, &[], Fate::GoesOn),
        pair("queue, a put beside a get that makes room", Puts(3), Gets, 1, &[0], Fate::GoesOn),
        pair("queue, a get that makes room beside a put", Gets, Puts(3), 1, &[0], Fate::GoesOn),
        pair("queue, a put and a get, and both die", Puts(3), Gets, 1, &[0], Fate::Dies),
    ]
}

fn pair(
    name: &'static str,
    victim: Does,
    other: Does,
    capacity: usize,
    there: &'static [u8],
    fate: Fate,
) -> Box<dyn Trial> {
    let moves = [victim, other];
    let of = |who| Move { who, moves, capacity, there };
    let modes: &[Mode] = if fate == Fate::Dies { &[Mode::Kill] } else { &[Mode::Kill, Mode::Stop] };
    Box::new(Pair::new(name, of(VICTIM), of(OTHER), fate, modes))
}

const VICTIM: usize = 0;
const OTHER: usize = 1;
/// An answer: not known, done, refused. Who has got a message adds its number and `GOT`.
const SILENT: u64 = 0;
const DONE: u64 = 1;
const REFUSED: u64 = 2;
const GOT: u64 = 8;

/// A message that tells its number and whether it is whole.
fn letter(number: u8) -> [u8; 8] {
    std::array::from_fn(|i| number.wrapping_mul(31).wrapping_add((i % 3) as u8))
}

fn number_of(bytes: &[u8]) -> Result<u8, String> {
    (0..=20).find(|&n| letter(n) == *bytes).map_or_else(|| wrong("a torn message", bytes), Ok)
}

/// One of the two, who knows what the other one does.
struct Move {
    who: usize,
    moves: [Does; 2],
    capacity: usize,
    there: &'static [u8],
}

pub(crate) struct World {
    yard: Yard,
    queue: Queue,
    /// What the two were answered.
    answers: Words,
}

/// What one of them has got or was refused.
pub(crate) struct Actor {
    answer: courtyard::Result<()>,
    bytes: [u8; 8],
}

impl World {
    fn answer(&self, who: usize) -> u64 {
        self.answers.word(who).load(SeqCst)
    }

    /// Everything that is there, with whether it was flagged; and one more goes through.
    fn drain(&self) -> Result<Vec<(u8, bool)>, String> {
        let mut seen = Vec::new();
        loop {
            let mut bytes = [0; 8];
            match self.queue.get(&mut bytes, Timeout::Try) {
                Ok(got) => seen.push((number_of(&bytes)?, got.redelivered)),
                Err(e) if e.kind() == ErrorKind::Empty => break,
                Err(e) => return wrong("the end of what was there", e),
            }
        }
        self.queue.put(&letter(9), SOON).map_err(|e| format!("putting on: {e:?}"))?;
        let mut bytes = [0; 8];
        self.queue.get(&mut bytes, SOON).map_err(|e| format!("getting on: {e:?}"))?;
        if bytes == letter(9) { Ok(seen) } else { wrong("what was put last", bytes) }
    }
}

impl Operation for Move {
    type World = World;
    type Actor = Actor;

    fn name(&self) -> &'static str {
        "queue, one of two"
    }

    fn points(&self) -> Points {
        Points::Accesses
    }

    fn setup(&self, _: &mut Stage) -> World {
        let yard = yard(8);
        let options = QueueOptions { capacity: self.capacity, ..QueueOptions::default() };
        let queue = Queue::create(&yard, "queue", options).unwrap();
        self.there.iter().for_each(|n| queue.try_put(&letter(*n)).unwrap());
        World { yard, queue, answers: Words::new() }
    }

    fn prepare(&self, world: &World) -> Actor {
        turn(&Lock::open_or_create(&world.yard, "registers", Scope::Thread).unwrap()).unwrap(); // registers
        Actor { answer: Ok(()), bytes: [0; 8] }
    }

    fn act(&self, world: &World, actor: &mut Actor) {
        actor.answer = match self.moves[self.who] {
            Puts(number) => world.queue.put(&letter(number), Timeout::Try),
            Gets => world.queue.get(&mut actor.bytes, Timeout::Try).map(drop),
        };
    }

    fn finish(&self, world: &World, actor: &mut Actor) -> Result<(), String> {
        let answer = match (&actor.answer, self.moves[self.who]) {
            (Ok(()), Puts(_)) => DONE,
            (Ok(()), Gets) => GOT + u64::from(number_of(&actor.bytes)?),
            (Err(e), Puts(_)) if matches!(e.kind(), ErrorKind::Full | ErrorKind::Busy) => REFUSED,
            (Err(e), Gets) if matches!(e.kind(), ErrorKind::Empty | ErrorKind::Busy) => REFUSED,
            (Err(e), _) => return wrong("an answer", e),
        };
        world.answers.word(self.who).store(answer, SeqCst);
        Ok(())
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(());
        }
        let left = world.drain()?;
        self.judge(world, &left).map_err(|why| {
            let answers = [world.answer(VICTIM), world.answer(OTHER)];
            format!("{why}: answers {answers:?}, left {left:?}")
        })
    }
}

impl Move {
    /// Every message that was there, or was put, is left or was got, once; of those who died each may have put its own or
    /// not, and have one with it.
    fn judge(&self, world: &World, left: &[(u8, bool)]) -> Result<(), String> {
        let answers = [world.answer(VICTIM), world.answer(OTHER)];
        let got: Vec<u8> = answers.iter().filter_map(|a| a.checked_sub(GOT)).map(|n| n as u8).collect();
        let (mut dead_getters, mut surely, mut perhaps) = (0, self.there.to_vec(), Vec::new());
        for (does, answer) in self.moves.iter().zip(answers) {
            match (does, answer) {
                (Puts(number), DONE) => surely.push(*number),
                (Puts(number), SILENT) => perhaps.push(*number),
                (Gets, SILENT) => dead_getters += 1,
                _ => {}
            }
        }
        let seen: Vec<u8> = got.iter().copied().chain(left.iter().map(|(n, _)| *n)).collect();
        let missing = surely.iter().filter(|n| !seen.contains(n)).count();
        let strange = seen.iter().any(|n| !surely.contains(n) && !perhaps.contains(n));
        let doubled = (1..seen.len()).any(|i| seen[..i].contains(&seen[i]));
        let flagged = left.iter().filter(|(_, flagged)| *flagged).count();
        // Who died with one gives it back at the end.
        let unflagged: Vec<u8> =
            left.iter().filter(|(_, flagged)| !flagged).map(|(n, _)| (*n).min(3)).collect();
        match () {
            () if missing > dead_getters => Err("a message is lost".into()),
            () if strange => Err("a message that was refused, or never was".into()),
            () if doubled => Err("a message came twice".into()),
            () if flagged > dead_getters => Err("a message is flagged that nobody had".into()),
            () if !unflagged.is_sorted() => Err("out of order".into()),
            () => Ok(()),
        }
    }
}
