//! The last-in-first-out queue and the priority queue: putting, getting, waiting, shutting down.
//!
//! Messages are numbers, put in ascending order and with ever smaller priorities, so that both kinds give them in descending
//! order. What is conserved: what was put comes out once, whole, in that order; but for the one that a victim was just
//! putting, which may be there or not, or getting, which may be gone.

use courtyard::{Error, ErrorKind, LifoOptions, LifoQueue, PriorityOptions, PriorityQueue, Timeout, Yard};

use super::common::{BRIEF, SOON, is_gone, kind, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{CHOSEN, Moment, Operation, Point, Points};
use crate::role::Part;
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    let mut all: Vec<Box<dyn Trial>> = Vec::new();
    for make in [LIFO, PRIORITY] {
        all.push(Box::new(Put(make)));
        all.push(Box::new(Get(make)));
        all.push(Box::new(PutForSleeper(make)));
        all.push(Box::new(GetForSleeper(make)));
        all.push(Box::new(Waiting(make)));
        all.push(Box::new(End(make)));
    }
    all
}

/// A kind of queue, and what its plays are called.
#[derive(Clone, Copy)]
struct Kind {
    make: fn(&Yard) -> Queue,
    /// In the order of `all`.
    names: [&'static str; 6],
}

const LIFO: Kind = Kind {
    make: |yard| {
        Queue::Lifo(LifoQueue::create(yard, "queue", LifoOptions { capacity: 4, max_len: 20 }).unwrap())
    },
    names: [
        "lifo put",
        "lifo get",
        "lifo put for a sleeper",
        "lifo get for a sleeper",
        "lifo get, waiting beside another",
        "lifo shutdown with a sleeper",
    ],
};

const PRIORITY: Kind = Kind {
    make: |yard| {
        let options = PriorityOptions { capacity: 4, max_len: 20 };
        Queue::Priority(PriorityQueue::create(yard, "queue", options).unwrap())
    },
    names: [
        "priority put",
        "priority get",
        "priority put for a sleeper",
        "priority get for a sleeper",
        "priority get, waiting beside another",
        "priority shutdown with a sleeper",
    ],
};

/// What survivors put.
const SURVIVORS: u64 = 4;

enum Queue {
    Lifo(LifoQueue),
    Priority(PriorityQueue),
}

/// A message that shows whether it is whole: the number, twice, and as many bytes as it says.
fn message(number: u64) -> Vec<u8> {
    let bytes = [number.to_le_bytes(), number.to_le_bytes()].concat();
    [bytes, vec![7; number as usize % 4]].concat()
}

fn number(bytes: &[u8]) -> u64 {
    let number = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    assert_eq!(bytes, message(number), "torn");
    number
}

impl Queue {
    fn put(&self, n: u64, timeout: impl Into<Timeout>) -> Result<(), Error> {
        match self {
            Queue::Lifo(queue) => queue.put(&message(n), timeout),
            Queue::Priority(queue) => queue.put(&message(n), -(n as i64), timeout),
        }
    }

    fn get(&self, timeout: impl Into<Timeout>) -> Result<u64, Error> {
        let mut buffer = [0; 20];
        let len = self.get_bytes(&mut buffer, timeout)?;
        Ok(number(&buffer[..len]))
    }

    fn get_bytes(&self, buffer: &mut [u8], timeout: impl Into<Timeout>) -> Result<usize, Error> {
        match self {
            Queue::Lifo(queue) => queue.get(buffer, timeout),
            Queue::Priority(queue) => queue.get(buffer, timeout).map(|(len, _)| len),
        }
    }

    fn size(&self) -> usize {
        match self {
            Queue::Lifo(queue) => queue.len(),
            Queue::Priority(queue) => queue.len(),
        }
    }

    fn shutdown(&self) {
        match self {
            Queue::Lifo(queue) => queue.shutdown(false),
            Queue::Priority(queue) => queue.shutdown(false),
        }
    }

    /// What a try to get without room for a message answers: it tells nobody. `TooLong`: there is one, and the lock is free.
    fn tried(&self) -> Result<ErrorKind, String> {
        let refused = match self {
            Queue::Lifo(queue) => queue.get(&mut [], Timeout::Try).err(),
            Queue::Priority(queue) => queue.get(&mut [], Timeout::Try).err(),
        };
        match refused.as_ref().map(Error::kind) {
            Some(kind @ (ErrorKind::TooLong | ErrorKind::Empty | ErrorKind::Busy)) => Ok(kind),
            _ => wrong("a try without room", refused),
        }
    }

    /// All that is there, by tries, and that the rest is nothing.
    fn drain(&self) -> Result<Vec<u64>, String> {
        let mut all = Vec::new();
        loop {
            match self.get(Timeout::Try) {
                Ok(n) => all.push(n),
                Err(e) if e.kind() == ErrorKind::Empty && self.size() == 0 => return Ok(all),
                Err(e) => return wrong("a try on what is left", (e, self.size())),
            }
        }
    }

    /// What came out of `drain` goes in again, but for the survivor's: a thread's end is looked at once more when its
    /// process has ended.
    fn refill(&self, drained: &[u64]) {
        let all = drained.iter().rev().filter(|n| **n != SURVIVORS);
        all.for_each(|n| self.put(*n, Timeout::Try).unwrap());
    }

    /// Beside a victim that stands still: it is waited for, and nobody's message is taken from him.
    fn is_whole_beside(&self, may_be_next: &[u64]) -> Result<(), String> {
        match (self.tried()?, self.get(BRIEF).map_err(|e| e.kind())) {
            (ErrorKind::Busy, Err(ErrorKind::Timeout)) => Ok(()),
            (ErrorKind::TooLong, Ok(n)) if may_be_next.contains(&n) => {
                self.put(n, SOON).map_err(|e| format!("{e:?}"))
            }
            got => wrong("beside a stopped one", got),
        }
    }
}

/// A yard with a queue, and somebody who sleeps there.
pub(crate) struct World {
    yard: Yard,
    queue: Queue,
    sleeper: Option<RoleId>,
    fed: bool,
}

impl World {
    fn new(kind: Kind, filled: u64) -> World {
        let yard = yard(8);
        let queue = (kind.make)(&yard);
        (1..=filled).for_each(|n| queue.put(n, Timeout::Try).unwrap());
        World { yard, queue, sleeper: None, fed: false }
    }

    fn with_sleeper(
        mut self,
        stage: &mut Stage,
        name: &'static str,
        sleep: impl Fn(&Queue) -> Result<(), String>,
    ) -> World {
        let id = stage.role(name, |part: &Part<'_>| {
            part.waiting();
            sleep(&self.queue)
        });
        stage.part(id).until_asleep();
        self.sleeper = Some(id);
        self
    }

    /// The sleeper ends in time.
    fn woken(&self, stage: &mut Stage) -> Result<(), String> {
        self.sleeper.map_or(Ok(()), |sleeper| stage.finish(sleeper, SOON).map(drop))
    }
}

/// The victim registers: nothing of that is in the steps.
fn enter(world: &World) {
    let lock = courtyard::Lock::open_or_create(&world.yard, "registers", courtyard::Scope::Thread).unwrap();
    super::common::turn(&lock).unwrap();
}

fn is_done(point: &Point) -> bool {
    point.last || point.moment == Moment::Finished
}

/// Putting where there is room.
struct Put(Kind);

impl Operation for Put {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.0.names[0]
    }

    fn setup(&self, _: &mut Stage) -> World {
        World::new(self.0, 2)
    }

    fn prepare(&self, world: &World) {
        enter(world);
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.queue.put(3, Timeout::Forever).unwrap();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return world.queue.is_whole_beside(&[2, 3]);
        }
        world.queue.put(SURVIVORS, SOON).map_err(|e| format!("a survivor's put: {e:?}"))?;
        let drained = world.queue.drain()?;
        world.queue.refill(&drained);
        match &drained[..] {
            [4, 3, 2, 1] => Ok(()),
            [4, 2, 1] if !is_done(point) => Ok(()),
            left => wrong("what came out", left),
        }
    }
}

/// Getting what is there.
struct Get(Kind);

impl Operation for Get {
    type World = World;
    /// The bytes, which are compared later: on a stack, in as many steps as its place in a page asks for.
    type Actor = ([u8; 20], usize);

    fn name(&self) -> &'static str {
        self.0.names[1]
    }

    fn setup(&self, _: &mut Stage) -> World {
        World::new(self.0, 3)
    }

    fn prepare(&self, world: &World) -> ([u8; 20], usize) {
        enter(world);
        ([0; 20], 0)
    }

    fn act(&self, world: &World, (bytes, len): &mut ([u8; 20], usize)) {
        *len = world.queue.get_bytes(bytes, Timeout::Forever).unwrap_or(0);
    }

    fn finish(&self, _: &World, (bytes, len): &mut ([u8; 20], usize)) -> Result<(), String> {
        if bytes[..*len] == message(3) { Ok(()) } else { wrong("got", &bytes[..*len]) }
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return match (world.queue.tried()?, world.queue.put(9, BRIEF).map_err(|e| e.kind())) {
                (ErrorKind::Busy, Err(ErrorKind::Timeout)) => Ok(()),
                (ErrorKind::TooLong, Ok(())) => match world.queue.get(SOON) {
                    Ok(9) => Ok(()),
                    got => wrong("put beside a stopped one, and got", got),
                },
                beside => wrong("beside a stopped one", beside),
            };
        }
        world.queue.put(SURVIVORS, SOON).map_err(|e| format!("a survivor's put: {e:?}"))?;
        let drained = world.queue.drain()?;
        world.queue.refill(&drained);
        match &drained[..] {
            [4, 2, 1] => Ok(()),
            [4, 3, 2, 1] if !is_done(point) => Ok(()),
            left => wrong("what came out", left),
        }
    }
}

/// Putting where somebody waits for a message. Between putting and telling it is his slice that ends his sleep, for he began
/// to listen before the victim was there: this play, and the next, fail without slices.
struct PutForSleeper(Kind);

impl Operation for PutForSleeper {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.0.names[2]
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let world = World::new(self.0, 0);
        world.with_sleeper(stage, "getter", |queue| match queue.get(Timeout::Forever) {
            Ok(7 | 8) => Ok(()),
            got => wrong("the sleeper got", got),
        })
    }

    fn prepare(&self, world: &World) {
        enter(world);
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.queue.put(7, Timeout::Forever).unwrap();
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        // A message that is there is all that the sleeper needs: he is told of it by the victim, or by its death, or, while
        // the victim stands still between putting and telling, sees it at the end of a slice. Another one would hide that.
        if point.moment == Moment::Stopped && world.queue.tried()? != ErrorKind::TooLong && !point.last {
            return Ok(()); // the victim has the lock, or has put nothing yet, or the sleeper has it
        }
        let feed = !is_done(point);
        if feed && is_gone(point.moment) && world.queue.size() == 0 {
            world.queue.put(8, SOON).map_err(|e| format!("a survivor's put: {e:?}"))?;
        }
        world.woken(stage)?;
        let left = world.queue.drain()?;
        if left.is_empty() || feed && matches!(left[..], [7 | 8]) { Ok(()) } else { wrong("left", left) }
    }
}

/// Getting where somebody waits for room.
struct GetForSleeper(Kind);

impl Operation for GetForSleeper {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.0.names[3]
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let world = World::new(self.0, 4);
        world.with_sleeper(stage, "putter", |queue| {
            queue.put(5, Timeout::Forever).map_err(|e| format!("the sleeper's put: {e:?}"))
        })
    }

    fn prepare(&self, world: &World) {
        enter(world);
    }

    fn act(&self, world: &World, (): &mut ()) {
        assert_eq!(world.queue.get(Timeout::Forever).unwrap(), 4);
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            let woken = point.last || world.queue.tried()? == ErrorKind::TooLong && world.queue.size() < 4;
            return if woken { world.woken(stage) } else { Ok(()) }; // else he may stand still with the lock
        }
        if std::mem::replace(&mut world.fed, true) {
            return Ok(()); // looked at when the thread had ended
        }
        // Where the victim has got its message there is room: the sleeper must see that by himself, and his is the fourth.
        let fetch = !is_done(point) && is_gone(point.moment) && world.queue.size() == 4;
        let got = if fetch { Some(world.queue.get(SOON).map_err(|e| format!("{e:?}"))?) } else { None };
        world.woken(stage)?;
        let left = world.queue.drain()?;
        match (got, &left[..]) {
            (None, [5, 3, 2, 1]) => Ok(()),
            (Some(4), [5, 3, 2, 1]) => Ok(()), // the victim had got nothing
            (Some(5), [3, 2, 1]) | (Some(3), [5, 2, 1]) => Ok(()), // it had
            left => wrong("left", left),
        }
    }
}

/// Waiting for a message beside another sleeper.
struct Waiting(Kind);

impl Waiting {
    fn feed(world: &mut World) {
        if !std::mem::replace(&mut world.fed, true) {
            [7, 8].into_iter().for_each(|n| world.queue.put(n, SOON).unwrap());
        }
    }
}

impl Operation for Waiting {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.0.names[4]
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

    fn setup(&self, stage: &mut Stage) -> World {
        PutForSleeper(self.0).setup(stage)
    }

    fn prepare(&self, world: &World) {
        assert_eq!(kind(world.queue.get(BRIEF)), Some(ErrorKind::Empty)); // registers
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.queue.get(Timeout::Forever).unwrap();
    }

    fn release(&self, world: &mut World, _: &mut Stage) {
        Waiting::feed(world);
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(()); // he may stand still with the lock
        }
        Waiting::feed(world);
        world.woken(stage)?;
        match (&world.queue.drain()?[..], is_done(point)) {
            ([], _) | ([7 | 8], false) => Ok(()),
            (left, _) => wrong("left", left),
        }
    }
}

/// Shutting down where somebody waits.
struct End(Kind);

impl Operation for End {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.0.names[5]
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let world = World::new(self.0, 0);
        world.with_sleeper(stage, "getter", |queue| match kind(queue.get(Timeout::Forever)) {
            Some(ErrorKind::End) => Ok(()),
            end => wrong("the sleeper's end", end),
        })
    }

    fn prepare(&self, world: &World) {
        enter(world);
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.queue.shutdown();
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if !is_done(point) {
            world.queue.shutdown(); // a survivor's
        }
        world.woken(stage)?;
        match kind(world.queue.put(1, SOON)) {
            Some(ErrorKind::Shutdown) => Ok(()),
            end => wrong("a put after the end", end),
        }
    }
}
