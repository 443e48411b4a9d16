//! Queues: putting, getting, waiting for each other, shutting down.

use courtyard::{ErrorKind, Queue, QueueOptions, Timeout, Yard};

#[cfg(feature = "async")]
use super::common::at_once;
use super::common::{BRIEF, SOON, is_gone, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{CHOSEN, Moment, Operation, Point, Points};
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    let put = |name, count, act| -> Box<dyn Trial> { Box::new(Put { name, count, act }) };
    let get = |name, count, act| -> Box<dyn Trial> { Box::new(Get { name, count, act }) };
    vec![
        put("queue put", 1, |queue| queue.put(&letter(3), Timeout::Forever).unwrap()),
        put("queue put many", 2, |queue| {
            assert_eq!(queue.put_many(&[letter(3), letter(4)], Timeout::Forever), Ok(2));
        }),
        get("queue get", 1, |queue| {
            assert_eq!(queue.get(&mut [0; LETTER], Timeout::Forever).unwrap().len, LETTER);
        }),
        get("queue get many", 2, |queue| {
            let batch = queue.get_many(&mut [0; 2 * LETTER], &mut [0; 2], Timeout::Forever).unwrap();
            assert_eq!(batch.records, 2);
        }),
        #[cfg(feature = "async")]
        put("queue put, a future", 1, |queue| at_once(queue.put_async(&letter(3)))),
        #[cfg(feature = "async")]
        get("queue get, a future", 1, |queue| assert_eq!(at_once(queue.get_async()).0.len(), LETTER)),
        Box::new(Large { name: "queue put, in a block", puts: true, act: put_copied }),
        Box::new(Large { name: "queue get, from a block", puts: false, act: get_copied }),
        Box::new(Large { name: "queue put loan", puts: true, act: put_loan }),
        Box::new(Large { name: "queue get borrow", puts: false, act: get_borrow }),
        Box::new(Limited),
        Box::new(SleepForData),
        Box::new(SleepForRoom),
        Box::new(WakeGetter),
        Box::new(WakePutter),
        Box::new(ShutDown { now: false }),
        Box::new(ShutDown { now: true }),
    ]
}

const LETTER: usize = 40;

/// A message that tells its number and whether it is whole.
fn letter(number: u8) -> [u8; LETTER] {
    std::array::from_fn(|i| number.wrapping_mul(31).wrapping_add((i % 3) as u8))
}

fn number_of(bytes: &[u8]) -> Result<u8, String> {
    (0..=20).find(|&n| letter(n) == *bytes).map_or_else(|| wrong("a torn message", bytes), Ok)
}

pub(crate) struct World {
    yard: Yard,
    queue: Queue,
    /// What the checks have got: numbers, and whether each was flagged.
    seen: Vec<(u8, bool)>,
}

fn world(capacity: usize) -> World {
    let yard = yard(8);
    let options = QueueOptions { capacity, ..QueueOptions::default() };
    let queue = Queue::create(&yard, "queue", options).unwrap();
    World { yard, queue, seen: Vec::new() }
}

impl World {
    /// Gets one message if there is one.
    fn take(&mut self, timeout: Timeout) -> Result<Option<ErrorKind>, String> {
        let mut buffer = [0; LETTER];
        match self.queue.get(&mut buffer, timeout) {
            Ok(got) if got.len == LETTER => self.seen.push((number_of(&buffer)?, got.redelivered)),
            Ok(got) => return wrong("a message of another length", got.len),
            Err(e) => return Ok(Some(e.kind())),
        }
        Ok(None)
    }

    /// Gets everything that can be got beside one who stands still. A try tells whether he is in the way, and so does a
    /// wait for nothing.
    fn take_beside(&mut self) -> Result<(), String> {
        let tried = loop {
            if let Some(tried) = self.take(Timeout::Try)? {
                break tried;
            }
        };
        match (tried, self.take(Timeout::For(BRIEF))?) {
            (ErrorKind::Empty, Some(ErrorKind::Empty)) | (ErrorKind::Busy, Some(ErrorKind::Timeout)) => {
                Ok(())
            }
            other => wrong("a try and a wait beside one who stands still", other),
        }
    }

    /// The same for a message that is put, if it can be. Tells whether it was.
    fn put_beside(&self) -> Result<bool, String> {
        let put = |timeout| self.queue.put(&letter(9), timeout).map_err(|e| e.kind());
        let Err(tried) = put(Timeout::Try) else { return Ok(true) };
        match (tried, put(Timeout::For(BRIEF))) {
            (ErrorKind::Full, Err(ErrorKind::Full)) | (ErrorKind::Busy, Err(ErrorKind::Timeout)) => Ok(false),
            other => wrong("a try and a wait to put beside one who stands still", other),
        }
    }

    /// Gets everything that is there.
    fn drain(&mut self) -> Result<(), String> {
        loop {
            match self.take(Timeout::Try)? {
                None => {}
                Some(ErrorKind::Empty) => return Ok(()),
                Some(other) => return wrong("the end of what was there", other),
            }
        }
    }

    /// A message goes through, if nobody stands still in the middle of a move.
    fn works(&mut self) -> Result<(), String> {
        self.queue.put(&letter(9), SOON).map_err(|e| format!("putting on: {e:?}"))?;
        let before = self.seen.len();
        match self.take(Timeout::For(SOON))? {
            None if self.seen[before..] == [(9, false)] => Ok(()),
            other => wrong("what was put last", (other, &self.seen)),
        }
    }

    /// The numbers that came, in order of their size.
    fn numbers(&self) -> Vec<u8> {
        let mut numbers: Vec<u8> = self.seen.iter().map(|(n, _)| *n).filter(|n| *n != 9).collect();
        numbers.sort_unstable();
        numbers
    }
}

/// Puts number 3 and on, after 0 was put.
struct Put {
    name: &'static str,
    count: u8,
    act: fn(&Queue),
}

impl Operation for Put {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn setup(&self, _: &mut Stage) -> World {
        world(4)
    }

    fn prepare(&self, world: &World) {
        world.queue.try_put(&letter(0)).unwrap(); // registers
    }

    fn act(&self, world: &World, (): &mut ()) {
        (self.act)(&world.queue);
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            world.take_beside()?;
            if world.seen.is_empty() {
                return wrong("what is whole can be got", &world.seen);
            }
        } else {
            world.drain()?;
            world.works()?;
        }
        if world.seen.iter().any(|(_, again)| *again) {
            return wrong("nothing was got before", &world.seen);
        }
        let (numbers, whole) = (world.numbers(), 1 + usize::from(self.count));
        let done = point.moment == Moment::Finished || point.last && point.moment != Moment::Stopped;
        let expected: Vec<u8> = [0].into_iter().chain(3..3 + self.count).collect();
        if !expected.starts_with(&numbers) || done && numbers.len() != whole {
            return wrong("messages", &world.seen);
        }
        Ok(())
    }
}

/// Gets from 0, 1, 2, 5.
struct Get {
    name: &'static str,
    /// How many the whole operation takes for good.
    count: usize,
    act: fn(&Queue),
}

const THERE: [u8; 4] = [0, 1, 2, 5];

impl Operation for Get {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn setup(&self, _: &mut Stage) -> World {
        let world = world(4);
        THERE.into_iter().for_each(|n| world.queue.try_put(&letter(n)).unwrap());
        world
    }

    fn prepare(&self, world: &World) {
        assert!(world.queue.try_put(b"").is_err()); // full; registers
    }

    fn act(&self, world: &World, (): &mut ()) {
        (self.act)(&world.queue);
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            world.put_beside()?;
            if let Some(none) = world.take(Timeout::Try)? {
                return wrong("what nobody has can be got", none); // one: the victim wants some itself
            }
        } else {
            world.drain()?;
            world.works()?;
        }
        let numbers = world.numbers();
        let flagged = world.seen.iter().filter(|(_, again)| *again).count();
        let missing = THERE.len().checked_sub(numbers.len()).unwrap_or(usize::MAX);
        let doubled = numbers.windows(2).any(|pair| pair[0] == pair[1]);
        if doubled || flagged > usize::from(is_gone(point.moment)) {
            return wrong("messages", &world.seen);
        }
        let done = point.moment == Moment::Finished || point.last;
        match point.moment {
            Moment::Stopped => Ok(()),
            _ if done && missing == self.count && flagged == 0 => Ok(()),
            _ if !done && missing <= self.count => Ok(()),
            _ => wrong("how many were got for good", &world.seen),
        }
    }
}

/// A getter that sleeps until something is put.
struct SleepForData;

impl Operation for SleepForData {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "queue get, waiting"
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
        world(4)
    }

    fn prepare(&self, world: &World) {
        assert!(world.queue.try_get(&mut []).is_err()); // registers
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.queue.get(&mut [0; LETTER], Timeout::Forever).unwrap();
    }

    fn release(&self, world: &mut World, _: &mut Stage) {
        let _ = world.queue.try_put(&letter(0)); // once is enough, but a full queue is no mistake
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if !is_gone(point.moment) {
            return world.queue.put(&letter(8), SOON).map_err(|e| format!("putting on: {e:?}"));
        }
        world.drain()?;
        world.works()?;
        let flagged = world.seen.iter().filter(|(_, again)| *again).count();
        if flagged > 1 || flagged > 0 && !point.released {
            return wrong("messages", &world.seen);
        }
        Ok(())
    }
}

/// A putter that sleeps until there is room.
struct SleepForRoom;

impl Operation for SleepForRoom {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "queue put, waiting"
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
        let world = world(1);
        world.queue.try_put(&letter(0)).unwrap();
        world
    }

    fn prepare(&self, world: &World) {
        assert!(world.queue.try_put(b"").is_err()); // registers
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.queue.put(&letter(3), Timeout::Forever).unwrap();
    }

    fn release(&self, world: &mut World, _: &mut Stage) {
        let _ = world.take(Timeout::Try);
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if !is_gone(point.moment) {
            let _ = world.take(Timeout::Try)?;
            return Ok(());
        }
        world.drain()?;
        world.works()?;
        let numbers = world.numbers();
        let there = numbers == [0, 3];
        if (numbers != [0] || point.last) && !there || world.seen.iter().any(|(_, again)| *again) {
            return wrong("messages", &world.seen);
        }
        Ok(())
    }
}

pub(crate) struct Waited {
    world: World,
    sleeper: RoleId,
}

/// Puts to a getter that sleeps.
///
/// The getter began to listen before the victim was there, so that its death does not wake him: between putting and telling
/// his slice is what ends his sleep, and this play fails without slices. That a putter who goes on tells him at once is not
/// seen here, because the slice would hide it: `waiting.rs` sees that.
struct WakeGetter;

impl Operation for WakeGetter {
    type World = Waited;
    type Actor = ();

    fn name(&self) -> &'static str {
        "queue put to a sleeper"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, waited: &Waited) -> Watch {
        watch(&waited.world.yard)
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Waited {
        let world = world(4);
        let sleeper = stage.role("getter", |part| {
            part.waiting();
            let got = world.queue.get(&mut [0; LETTER], Timeout::Forever).map_err(|e| format!("{e:?}"))?;
            if got.redelivered { wrong("nothing was got before", got) } else { Ok(()) }
        });
        stage.part(sleeper).until_asleep();
        Waited { world, sleeper }
    }

    fn prepare(&self, waited: &Waited) {
        assert!(waited.world.queue.put(&[0; 100], Timeout::Try).is_err());
        let _ = waited.world.queue.is_empty();
        Yard::detach_thread(&waited.world.yard);
        let lock = courtyard::Lock::open_or_create(&waited.world.yard, "registers", courtyard::Scope::Thread);
        drop(lock.unwrap());
    }

    fn act(&self, waited: &Waited, (): &mut ()) {
        waited.world.queue.put(&letter(3), Timeout::Forever).unwrap();
    }

    fn check(&self, waited: &mut Waited, stage: &mut Stage, point: &Point) -> Result<(), String> {
        // A message that is there is all that the getter needs: it is told of it by the victim, or by its death, or, while
        // the victim stands still between putting and telling, sees it at the end of a slice. Another one would hide that.
        let done = point.last || point.moment == Moment::Finished;
        if !done && waited.world.queue.is_empty() {
            if point.moment == Moment::Stopped {
                return Ok(()); // nothing was put yet, or the getter has it
            }
            waited.world.queue.put(&letter(8), SOON).map_err(|e| format!("putting on: {e:?}"))?;
        }
        stage.finish(waited.sleeper, SOON).map(drop)
    }
}

/// Gets from a queue in which a putter sleeps; what is said of the getter above holds for him.
struct WakePutter;

impl Operation for WakePutter {
    type World = Waited;
    type Actor = ();

    fn name(&self) -> &'static str {
        "queue get from a sleeper"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, waited: &Waited) -> Watch {
        watch(&waited.world.yard)
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Waited {
        let world = world(1);
        world.queue.try_put(&letter(0)).unwrap();
        let sleeper = stage.role("putter", |part| {
            part.waiting();
            world.queue.put(&letter(3), Timeout::Forever).map_err(|e| format!("{e:?}"))
        });
        stage.part(sleeper).until_asleep();
        Waited { world, sleeper }
    }

    fn prepare(&self, waited: &Waited) {
        assert!(waited.world.queue.try_get(&mut []).is_err()); // registers
    }

    fn act(&self, waited: &Waited, (): &mut ()) {
        waited.world.queue.get(&mut [0; LETTER], Timeout::Forever).unwrap();
    }

    fn check(&self, waited: &mut Waited, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped && !point.last {
            return Ok(()); // it may have the place still
        }
        // The first message, unless the victim has it: then there is room, of which nobody else tells the putter.
        if !point.last && is_gone(point.moment) {
            match waited.world.take(Timeout::Try)? {
                None | Some(ErrorKind::Empty | ErrorKind::Busy) => {}
                other => return wrong("what was there", other),
            }
        }
        stage.finish(waited.sleeper, SOON)?;
        waited.world.drain()?;
        match waited.world.numbers()[..] {
            [0, 3] | [3] => Ok(()),
            _ => wrong("messages", &waited.world.seen),
        }
    }
}

/// Shutting down a queue in which a getter sleeps.
struct ShutDown {
    now: bool,
}

impl Operation for ShutDown {
    type World = Waited;
    type Actor = ();

    fn name(&self) -> &'static str {
        if self.now { "queue shutdown now" } else { "queue shutdown" }
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Waited {
        let world = world(4);
        let end = if self.now { ErrorKind::Shutdown } else { ErrorKind::End };
        let sleeper = stage.role("getter", |part| {
            part.waiting();
            let got = world.queue.get(&mut [0; LETTER], Timeout::Forever).map_err(|e| e.kind());
            if got == Err(end) { Ok(()) } else { wrong("the end", got) }
        });
        stage.part(sleeper).until_asleep();
        Waited { world, sleeper }
    }

    fn prepare(&self, _: &Waited) {}

    fn act(&self, waited: &Waited, (): &mut ()) {
        waited.world.queue.shutdown(self.now);
    }

    fn check(&self, waited: &mut Waited, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if !waited.world.queue.is_shutdown() {
            if point.last || point.moment == Moment::Finished {
                return wrong("a shutdown that is not there", &waited.world.queue);
            }
            waited.world.queue.shutdown(self.now);
        }
        let put = waited.world.queue.put(&letter(1), Timeout::Forever).map_err(|e| e.kind());
        if put != Err(ErrorKind::Shutdown) {
            return wrong("a put after the shutdown", put);
        }
        stage.finish(waited.sleeper, SOON).map(drop)
    }
}

/// Putting into a queue with a limit in bytes, behind a message that was got: what is there is added up anew.
struct Limited;

const LIMIT: usize = 3 * LETTER;

impl Operation for Limited {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "queue put, within a limit"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world.yard)
    }

    fn setup(&self, _: &mut Stage) -> World {
        let yard = yard(8);
        let options = QueueOptions { capacity: 8, max_bytes: LIMIT, ..QueueOptions::default() };
        let queue = Queue::create(&yard, "queue", options).unwrap();
        World { yard, queue, seen: Vec::new() }
    }

    fn prepare(&self, world: &World) {
        (0..3).for_each(|n| world.queue.try_put(&letter(n)).unwrap());
        assert_eq!(world.queue.get(&mut [0; LETTER], Timeout::Try).unwrap().len, LETTER);
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.queue.put(&letter(3), Timeout::Forever).unwrap();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::ProcessEnded {
            return world.works(); // looked at when its thread had ended
        }
        let done = point.moment == Moment::Finished || point.last;
        let there = world.queue.bytes();
        if there != LIMIT && (done || there != LIMIT - LETTER) {
            return wrong("bytes", there);
        }
        if point.moment == Moment::Stopped {
            return Ok(()); // the others wait for their turn
        }
        // There is room for the rest of the limit, and for nothing more.
        if there < LIMIT {
            world.queue.put(&letter(3), SOON).map_err(|e| format!("putting on: {e:?}"))?;
        }
        let more = world.queue.try_put(b"x").map_err(|e| e.kind());
        if more != Err(ErrorKind::Full) {
            return wrong("a byte more than the limit", more);
        }
        world.drain()?;
        if world.numbers() == [1, 2, 3] { Ok(()) } else { wrong("messages", &world.seen) }
    }
}

/// Messages that lie in blocks: putting one beside another, or getting the first of two.
struct Large {
    name: &'static str,
    puts: bool,
    act: fn(&Queue, &mut [u8]),
}

const LONG: usize = 100; // one block

fn put_copied(queue: &Queue, message: &mut [u8]) {
    queue.put(message, Timeout::Forever).unwrap();
}

fn get_copied(queue: &Queue, buffer: &mut [u8]) {
    assert_eq!(queue.get(buffer, Timeout::Forever).unwrap().len, LONG);
}

fn put_loan(queue: &Queue, message: &mut [u8]) {
    let loan = queue.loan(LONG, Timeout::Forever).unwrap();
    loan.write(0, message).unwrap();
    queue.put_loan(loan, Timeout::Forever).map_err(|(e, _)| e).unwrap();
}

fn get_borrow(queue: &Queue, _: &mut [u8]) {
    drop(queue.get_borrow(Timeout::Forever).unwrap());
}

impl Large {
    /// How many blocks are not free.
    fn in_use(queue: &Queue) -> u32 {
        queue.blocks().unwrap().usage().iter().map(|class| class.owned + class.offered + class.linked).sum()
    }
}

impl Operation for Large {
    type World = World;
    type Actor = Vec<u8>;

    fn name(&self) -> &'static str {
        self.name
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

    fn setup(&self, _: &mut Stage) -> World {
        let yard = yard(8);
        let options = QueueOptions { capacity: 3, block_bytes: 4096, ..QueueOptions::default() };
        let queue = Queue::create(&yard, "queue", options).unwrap();
        World { yard, queue, seen: Vec::new() }
    }

    fn prepare(&self, world: &World) -> Vec<u8> {
        world.queue.try_put(&[1; LONG]).unwrap();
        if !self.puts {
            world.queue.try_put(&[2; LONG]).unwrap();
        }
        vec![2; LONG]
    }

    fn act(&self, world: &World, buffer: &mut Vec<u8>) {
        (self.act)(&world.queue, buffer);
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(()); // the victim needs what is there
        }
        // The calm before: what a dead one had comes again in time.
        loop {
            let got = match world.queue.get_vec(Timeout::For(super::common::BRIEF)) {
                Ok((bytes, received)) => (bytes, received.redelivered),
                Err(e) if e.kind() == ErrorKind::Empty => break,
                Err(e) => return wrong("what was there", e),
            };
            let number = got.0.first().copied().unwrap_or(0);
            if got.0 != vec![number; LONG] || !(1..=2).contains(&number) {
                return wrong("a torn message", got);
            }
            world.seen.push((number, got.1));
        }
        let (numbers, flagged) = (world.numbers(), world.seen.iter().filter(|(_, again)| *again).count());
        let done = point.last || point.moment == Moment::Finished;
        let as_promised = match (self.puts, done) {
            (true, true) => numbers == [1, 2] && flagged == 0,
            (true, false) => (numbers == [1] || numbers == [1, 2]) && flagged == 0,
            (false, true) => numbers == [2] && flagged == 0,
            (false, false) => numbers == [2] || numbers == [1, 2],
        };
        if !as_promised || flagged > 1 {
            return wrong("messages", &world.seen);
        }
        // A process that lives may still own the block that its dead thread had.
        world.yard.sweep();
        let (in_use, allowed) = (Large::in_use(&world.queue), u32::from(point.moment == Moment::ThreadEnded));
        if in_use > allowed { wrong("blocks that nobody has are in use", in_use) } else { Ok(()) }
    }
}
