//! Acknowledged gets: getting, acknowledging, giving back, joining.

use courtyard::{ErrorKind, Queue, QueueOptions, Timeout, Yard};

use super::common::{SOON, is_gone, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{CHOSEN, Moment, Operation, Point, Points};
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    let get = |name, long, back| -> Box<dyn Trial> { Box::new(Get { name, long, back, act: copy }) };
    let end = |name, comes_again, act| -> Box<dyn Trial> { Box::new(End { name, comes_again, act }) };
    vec![
        get("queue get to acknowledge", false, false),
        get("queue get to acknowledge, what was given back", false, true),
        get("queue get to acknowledge, from a block", true, false),
        get("queue get to acknowledge, what was given back in a block", true, true),
        Box::new(Get { name: "queue borrow to acknowledge", long: true, back: false, act: borrow }),
        Box::new(Get {
            name: "queue borrow to acknowledge, a short one",
            long: false,
            back: false,
            act: borrow,
        }),
        end("queue done", false, |queue, ticket| queue.done(ticket).unwrap()),
        end("queue task done", false, |queue, _| queue.task_done().unwrap()),
        end("queue put back", true, |queue, ticket| queue.put_back(ticket).unwrap()),
        Box::new(Join),
    ]
}

const SHORT: usize = 40;
const LONG: usize = 100; // one block

/// A message that tells its number and whether it is whole.
fn letter(number: u8, len: usize) -> Vec<u8> {
    (0..len).map(|i| number.wrapping_mul(31).wrapping_add((i % 3) as u8)).collect()
}

fn number_of(bytes: &[u8]) -> Result<u8, String> {
    (0..=20).find(|&n| letter(n, bytes.len()) == *bytes).map_or_else(|| wrong("a torn message", bytes), Ok)
}

pub(crate) struct World {
    yard: Yard,
    queue: Queue,
    /// What the checks have got: numbers, and whether each was flagged.
    seen: Vec<(u8, bool)>,
}

/// With messages 0 and 1 of this length.
fn world(len: usize) -> World {
    let yard = yard(8);
    let block_bytes = if len > SHORT { 4096 } else { 0 };
    let options = QueueOptions { capacity: 4, unacked: 2, block_bytes, ..QueueOptions::default() };
    let queue = Queue::create(&yard, "queue", options).unwrap();
    (0..2).for_each(|n| queue.try_put(&letter(n, len)).unwrap());
    World { yard, queue, seen: Vec::new() }
}

impl World {
    /// Gets everything that is there, every second time to acknowledge it.
    fn drain(&mut self) -> Result<(), String> {
        loop {
            let got = if self.seen.len().is_multiple_of(2) {
                self.queue.get_ack_vec(Timeout::Try).and_then(|(bytes, owed)| {
                    self.queue.done(owed.ticket)?;
                    Ok((bytes, owed.received))
                })
            } else {
                self.queue.get_vec(Timeout::Try)
            };
            match got {
                Ok((bytes, received)) => self.seen.push((number_of(&bytes)?, received.redelivered)),
                Err(e) if e.kind() == ErrorKind::Empty => return Ok(()),
                Err(other) => return wrong("the end of what was there", other),
            }
        }
    }

    /// A message goes through, and all cells are there.
    fn works(&mut self, owed: usize) -> Result<(), String> {
        for _ in owed..2 {
            self.queue.put(&letter(9, SHORT), SOON).map_err(|e| format!("putting on: {e:?}"))?;
        }
        for _ in owed..2 {
            let got = self.queue.get_ack_vec(SOON).map_err(|e| format!("getting on: {e:?}"))?;
            if got.0 != letter(9, SHORT) || got.1.received.redelivered {
                return wrong("what was put last", got);
            }
        }
        for _ in owed..2 {
            self.queue.task_done().map_err(|e| format!("going on: {e:?}"))?;
        }
        match self.queue.unfinished() {
            left if left == owed => Ok(()),
            left => wrong("what is not acknowledged", left),
        }
    }

    /// The numbers that came, in order of their size, and how many were flagged.
    fn came(&self) -> (Vec<u8>, usize) {
        let mut numbers: Vec<u8> = self.seen.iter().map(|(n, _)| *n).collect();
        numbers.sort_unstable();
        (numbers, self.seen.iter().filter(|(_, again)| *again).count())
    }

    fn blocks_in_use(&self) -> u32 {
        self.yard.sweep();
        let usage = self.queue.blocks().map(|blocks| blocks.usage()).unwrap_or_default();
        usage.iter().map(|class| class.owned + class.offered + class.linked).sum()
    }
}

/// Gets message 0 of two.
struct Get {
    name: &'static str,
    long: bool,
    /// It was given back before.
    back: bool,
    act: fn(&Queue, &mut [u8]),
}

fn copy(queue: &Queue, buffer: &mut [u8]) {
    let _ = queue.get_ack(buffer, Timeout::Forever).unwrap();
}

fn borrow(queue: &Queue, buffer: &mut [u8]) {
    let got = queue.get_borrow_ack(Timeout::Forever).unwrap();
    got.read(0, &mut buffer[..got.len()]).unwrap();
    let _ = got.into_ticket();
}

impl Operation for Get {
    type World = World;
    type Actor = Vec<u8>;

    fn name(&self) -> &'static str {
        self.name
    }

    fn points(&self) -> Points {
        if self.long || self.back { CHOSEN } else { Points::Every }
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world.yard)
    }

    fn steady(&self) -> bool {
        !self.long
    }

    fn setup(&self, _: &mut Stage) -> World {
        let world = world(if self.long { LONG } else { SHORT });
        if self.back {
            let (_, owed) = world.queue.get_ack_vec(Timeout::Try).unwrap();
            world.queue.put_back(owed.ticket).unwrap();
        }
        world
    }

    fn prepare(&self, world: &World) -> Vec<u8> {
        assert!(world.queue.get_ack(&mut [], Timeout::Try).is_err()); // registers
        vec![0; LONG]
    }

    fn act(&self, world: &World, buffer: &mut Vec<u8>) {
        (self.act)(&world.queue, buffer);
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(()); // the victim needs what is there
        }
        world.drain()?;
        let (numbers, flagged) = world.came();
        let lives = !matches!(point.moment, Moment::Killed | Moment::ProcessEnded);
        // A process that lives may owe it, whether anybody knows its ticket or not.
        let owed = 2 - numbers.len().min(2);
        let finished = point.moment == Moment::Finished;
        let as_promised = match numbers[..] {
            [0, 1] => !finished,
            [1] => lives,
            _ => false,
        };
        // What was given back and what lies in a block may be flagged for other reasons.
        let flags = 1 + usize::from(self.long);
        if !as_promised || flagged > flags {
            return wrong("messages", &world.seen);
        }
        world.works(owed)?;
        match world.blocks_in_use() {
            blocks if blocks > u32::from(lives) => wrong("blocks that nobody has are in use", blocks),
            _ => Ok(()),
        }
    }
}

pub(crate) struct Joined {
    world: World,
    joiner: RoleId,
}

/// Ends a debt for message 0 in one way or another, while somebody joins.
struct End {
    name: &'static str,
    comes_again: bool,
    act: fn(&Queue, u64),
}

impl Operation for End {
    type World = Joined;
    type Actor = u64;

    fn name(&self) -> &'static str {
        self.name
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, joined: &Joined) -> Watch {
        watch(&joined.world.yard)
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Joined {
        let world = world(SHORT);
        let joiner = stage.role("joiner", |part| {
            part.waiting();
            world.queue.join(Timeout::Forever).map_err(|e| format!("{e:?}"))
        });
        stage.part(joiner).until_asleep();
        Joined { world, joiner }
    }

    fn prepare(&self, joined: &Joined) -> u64 {
        let (bytes, owed) = joined.world.queue.get_ack_vec(Timeout::Try).unwrap();
        assert_eq!(number_of(&bytes), Ok(0));
        owed.ticket
    }

    fn act(&self, joined: &Joined, ticket: &mut u64) {
        (self.act)(&joined.world.queue, *ticket);
    }

    fn check(&self, joined: &mut Joined, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(()); // it owes it, or does not
        }
        let world = &mut joined.world;
        world.drain()?;
        let (numbers, flagged) = world.came();
        let done = point.last || point.moment == Moment::Finished;
        let lives = !matches!(point.moment, Moment::Killed | Moment::ProcessEnded);
        let as_promised = match numbers[..] {
            [0, 1] => flagged == 1 && (self.comes_again || !done),
            [1] => flagged == 0 && (!self.comes_again || lives && !done),
            _ => false,
        };
        if !as_promised {
            return wrong("messages", &world.seen);
        }
        let owed = world.queue.unfinished();
        if owed > usize::from(lives && !done) {
            return wrong("what is not acknowledged", owed);
        }
        world.works(owed)?;
        if owed == 0 { stage.finish(joined.joiner, SOON).map(drop) } else { Ok(()) }
    }
}

/// Joins, and sleeps until the last message is acknowledged.
struct Join;

impl Operation for Join {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "queue join, waiting"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world.yard)
    }

    fn steady(&self) -> bool {
        false
    }

    fn sleeps(&self) -> bool {
        true
    }

    fn setup(&self, _: &mut Stage) -> World {
        world(SHORT)
    }

    fn prepare(&self, world: &World) {
        assert!(world.queue.join(Timeout::Try).is_err()); // registers
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.queue.join(Timeout::Forever).unwrap();
    }

    fn release(&self, world: &mut World, _: &mut Stage) {
        let _ = world.drain();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if !is_gone(point.moment) && point.moment != Moment::Finished {
            return Ok(());
        }
        world.drain()?;
        if world.came() != (vec![0, 1], 0) {
            return wrong("messages", &world.seen);
        }
        world.works(0)
    }
}
