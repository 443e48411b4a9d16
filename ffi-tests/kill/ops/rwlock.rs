//! Locks of readers and writers: taken, waited for, released, left behind.
//!
//! Under the lock lie two numbers that must be equal. Whoever gets in finds them so, or is told of a dead writer.

use courtyard::{ErrorKind, Lock, News, RwLock, RwLockOptions, Scope, Timeout, Value, Yard};

use super::common::{BRIEF, SOON, is_gone, kind, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{CHOSEN, Moment, Operation, Point, Points};
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    let hold = |name, before, act, after| Box::new(Hold { name, before, act, after }) as Box<dyn Trial>;
    vec![
        hold("rwlock read", Has::Nothing, read, Has::Read),
        hold("rwlock read again", Has::Read, read, Has::Read),
        hold("rwlock release of a reader", Has::Read, release, Has::Nothing),
        hold("rwlock write", Has::Nothing, write, Has::Write),
        hold("rwlock release of a writer", Has::Write, release, Has::Nothing),
        Box::new(Change),
        Box::new(Waiting { name: "rwlock read, waiting beside others", holds: Has::Write, wants: Has::Read }),
        Box::new(Waiting {
            name: "rwlock write, waiting for a reader beside others",
            holds: Has::Read,
            wants: Has::Write,
        }),
        Box::new(Released { name: "rwlock release of a reader with a sleeper of each kind", has: Has::Read }),
        Box::new(Released {
            name: "rwlock release of a writer with a sleeper of each kind",
            has: Has::Write,
        }),
        Box::new(AfterADeath { name: "rwlock read after a dead writer", wants: Has::Read }),
        Box::new(AfterADeath { name: "rwlock write after a dead writer", wants: Has::Write }),
        Box::new(Repaired),
    ]
}

/// What the victim has of the lock.
#[derive(Clone, Copy, PartialEq)]
enum Has {
    Nothing,
    Read,
    Write,
}

/// A yard with a lock and what it guards.
pub(crate) struct World {
    yard: Yard,
    lock: RwLock,
    pair: [Value<u32>; 2],
}

fn world() -> World {
    let yard = yard(8);
    let lock = RwLock::create(&yard, "rwlock", RwLockOptions { readers: Some(6) }).unwrap();
    let pair = ["one", "other"].map(|name| Value::create(&yard, name).unwrap());
    World { yard, lock, pair }
}

fn read(world: &World) {
    assert_eq!(world.lock.read_unguarded(Timeout::Forever), Ok(None));
}

fn write(world: &World) {
    assert_eq!(world.lock.write_unguarded(Timeout::Forever), Ok(None));
}

fn release(world: &World) {
    world.lock.release().unwrap();
}

impl World {
    /// Takes what is wanted, waiting without limit.
    fn take(&self, wanted: Has) {
        match wanted {
            Has::Nothing => {}
            Has::Read => read(self),
            Has::Write => write(self),
        }
    }

    /// With the lock: the numbers are equal unless a writer's death was told.
    fn look(&self, news: Option<News>) -> Result<(), String> {
        let pair = self.pair.each_ref().map(Value::get);
        if pair[0] == pair[1] || news.is_some() { Ok(()) } else { wrong("torn, and nobody told it", pair) }
    }

    /// Is in once in each manner within the promised time, and finds the same news each time; tells them.
    fn turn(&self) -> Result<Option<News>, String> {
        let news = self.lock.read_unguarded(SOON).map_err(|e| format!("not to be read: {e:?}"))?;
        self.look(news)?;
        self.lock.release().map_err(|e| format!("a read not to be released: {e:?}"))?;
        let again = self.lock.write_unguarded(SOON).map_err(|e| format!("not to be written: {e:?}"))?;
        self.look(again)?;
        self.lock.release().map_err(|e| format!("a write not to be released: {e:?}"))?;
        match kind(self.lock.release()) {
            Some(ErrorKind::NotOwner) if again == news => Ok(news),
            _ => wrong("news, or a third release", (news, again)),
        }
    }

    /// While the victim stands still, alive: whether it can be had to read, and to write.
    fn not_robbed(&self) -> Result<(bool, bool), String> {
        let had = |got: courtyard::Result<Option<News>>| match got {
            Ok(None) => self
                .look(None)
                .and_then(|()| self.lock.release().or_else(|e| wrong("release", e)))
                .map(|()| true),
            Ok(Some(news)) => wrong("a living owner was called dead", news),
            Err(e) if e.kind() == ErrorKind::Timeout => Ok(false),
            Err(e) => wrong("taking", e),
        };
        Ok((had(self.lock.read_unguarded(BRIEF))?, had(self.lock.write_unguarded(BRIEF))?))
    }
}

/// One taking or releasing that meets nobody.
struct Hold {
    name: &'static str,
    before: Has,
    act: fn(&World),
    after: Has,
}

impl Operation for Hold {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn setup(&self, _: &mut Stage) -> World {
        world()
    }

    fn prepare(&self, world: &World) {
        world.turn().unwrap(); // registers
        world.take(self.before);
    }

    fn act(&self, world: &World, (): &mut ()) {
        (self.act)(world);
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let done = point.last || point.moment == Moment::Finished;
        let known = (done || self.before == self.after).then_some(self.after);
        let never_wrote = self.before != Has::Write && self.after != Has::Write;
        if is_gone(point.moment) {
            let news = world.turn()?;
            let told = news.is_some();
            let right = known.map_or(!told || !never_wrote, |has| told == (has == Has::Write));
            return if right { Ok(()) } else { wrong("the news", news) };
        }
        let free = world.not_robbed()?;
        match (known, free) {
            (Some(Has::Nothing), (true, true)) | (Some(Has::Write), (false, false)) => Ok(()),
            (Some(Has::Read), (true, false)) => Ok(()),
            (None, (false, false) | (true, false) | (true, true)) => Ok(()),
            _ => wrong("whether it is free", free),
        }
    }
}

/// A whole turn of a writer, who changes both numbers.
struct Change;

impl Operation for Change {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "rwlock write, change, release"
    }

    fn setup(&self, _: &mut Stage) -> World {
        world()
    }

    fn prepare(&self, world: &World) {
        world.turn().unwrap(); // registers
    }

    fn act(&self, world: &World, (): &mut ()) {
        write(world);
        world.pair.iter().for_each(|number| number.set(1));
        release(world);
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let done = point.last || point.moment == Moment::Finished;
        if !is_gone(point.moment) {
            let free = world.not_robbed()?;
            return if !done || free == (true, true) { Ok(()) } else { wrong("whether it is free", free) };
        }
        match world.turn()? {
            Some(news) if done => wrong("a released lock", news),
            _ => Ok(()),
        }
    }
}

/// A lock that the stage holds, with a sleeper who reads or writes besides the victim.
pub(crate) struct Fight {
    world: World,
    sleepers: Vec<RoleId>,
    held: bool,
}

impl Fight {
    fn give(&mut self) {
        if std::mem::replace(&mut self.held, false) {
            release(&self.world);
        }
    }
}

/// Is in once, for which it may sleep.
fn sleep_for(world: &World, wanted: Has) -> Result<(), String> {
    let got = if wanted == Has::Read {
        world.lock.read_unguarded(Timeout::Forever)
    } else {
        world.lock.write_unguarded(Timeout::Forever)
    };
    world.look(got.map_err(|e| format!("{e:?}"))?)?;
    world.lock.release().map_err(|e| format!("{e:?}"))
}

/// Waiting for a lock that somebody holds, beside a reader and a writer that wait as well.
struct Waiting {
    name: &'static str,
    holds: Has,
    wants: Has,
}

impl Operation for Waiting {
    type World = Fight;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, fight: &Fight) -> Watch {
        watch(&fight.world.yard)
    }

    fn steady(&self) -> bool {
        false
    }

    fn sleeps(&self) -> bool {
        true
    }

    fn setup(&self, stage: &mut Stage) -> Fight {
        let world = world();
        world.take(self.holds);
        // Behind a reader, a sleeping writer would be the one who waits for it, and the victim would sleep behind that.
        let others: &[(&str, Has)] =
            if self.holds == Has::Write { &[("reader", Has::Read), ("writer", Has::Write)] } else { &[] };
        let mut sleepers = Vec::new();
        for (name, wanted) in others {
            let sleeper = stage.role(name, |part| {
                part.waiting();
                sleep_for(&world, *wanted)
            });
            stage.part(sleeper).until_asleep();
            sleepers.push(sleeper);
        }
        Fight { world, sleepers, held: true }
    }

    fn prepare(&self, fight: &Fight) {
        // Registers without taking the lock.
        assert_eq!(kind(fight.world.lock.try_write().map(drop)), Some(ErrorKind::Busy));
    }

    fn act(&self, fight: &Fight, (): &mut ()) {
        fight.world.take(self.wants);
    }

    fn finish(&self, fight: &Fight, (): &mut ()) -> Result<(), String> {
        fight.world.lock.release().map_err(|e| format!("{e:?}"))
    }

    fn release(&self, fight: &mut Fight, _: &mut Stage) {
        fight.give();
    }

    fn check(&self, fight: &mut Fight, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(()); // it may hold the lock; what counts is that it goes on, and that others then do
        }
        // Whoever comes now waits for the stage, and for nobody who is dead.
        let late = stage.role("late one", |_| sleep_for(&fight.world, Has::Write));
        fight.give();
        for sleeper in std::mem::take(&mut fight.sleepers) {
            stage.finish(sleeper, SOON)?;
        }
        stage.finish(late, SOON)?;
        match fight.world.turn()? {
            Some(news) if self.wants == Has::Read => wrong("a dead reader was told of", news),
            _ => Ok(()),
        }
    }
}

/// A lock that the victim holds, with sleepers.
pub(crate) struct Awaited {
    world: World,
    sleepers: [RoleId; 2],
    taken: Value<u32>,
    here: Value<u32>,
}

/// A release for which a reader and a writer sleep.
struct Released {
    name: &'static str,
    has: Has,
}

impl Operation for Released {
    type World = Awaited;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Awaited {
        let world = world();
        let [taken, here] = ["taken", "here"].map(|name| Value::<u32>::create(&world.yard, name).unwrap());
        let mut sleeper = |name, wanted| {
            stage.role(name, |part| {
                while taken.get() == 0 {
                    std::thread::yield_now();
                }
                here.fetch_add(1);
                part.waiting();
                sleep_for(&world, wanted)
            })
        };
        let sleepers = [sleeper("writer", Has::Write), sleeper("reader", Has::Read)];
        Awaited { world, sleepers, taken, here }
    }

    fn prepare(&self, awaited: &Awaited) {
        awaited.world.take(self.has);
        awaited.taken.set(1);
        while awaited.here.get() < 2 {
            std::thread::yield_now();
        }
        std::thread::sleep(std::time::Duration::from_millis(3)); // both sleep now, or nearly, or are through
    }

    fn act(&self, awaited: &Awaited, (): &mut ()) {
        release(&awaited.world);
    }

    fn check(&self, awaited: &mut Awaited, stage: &mut Stage, point: &Point) -> Result<(), String> {
        let world = &awaited.world;
        let holders = world.lock.holders();
        let victim = |h: &courtyard::Holder| h.pid.cast_signed() == point.victim;
        if point.moment == Moment::Stopped && holders.readers.iter().chain(&holders.writer).any(victim) {
            return Ok(()); // stopped before the release: others wait for the living
        }
        if point.moment == Moment::Stopped && !point.last {
            return Ok(()); // a writer that has said that it writes no more still has the lock for a moment
        }
        for sleeper in awaited.sleepers {
            stage.finish(sleeper, SOON)?;
        }
        let done = point.last || point.moment == Moment::Finished;
        match world.turn()? {
            Some(news) if done || self.has == Has::Read => wrong("a released lock", news),
            _ => Ok(()),
        }
    }
}

/// A writer died, and nobody has come since: who comes now remembers it for all who follow.
struct AfterADeath {
    name: &'static str,
    wants: Has,
}

impl Operation for AfterADeath {
    type World = World;
    type Actor = Option<News>;

    fn name(&self) -> &'static str {
        self.name
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let world = world();
        Lock::create(&world.yard, "registers", Scope::Thread).unwrap();
        let writer = stage.role("dead writer", |_| {
            world.lock.write_unguarded(Timeout::Forever).map_err(|e| format!("{e:?}"))?;
            world.pair[0].set(1);
            Ok(())
        });
        stage.finish(writer, SOON).unwrap();
        world
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world.yard)
    }

    fn prepare(&self, world: &World) -> Option<News> {
        // Registers without looking at the lock.
        drop(Lock::open(&world.yard, "registers").unwrap().acquire(Timeout::Forever).unwrap());
        None
    }

    fn act(&self, world: &World, news: &mut Option<News>) {
        *news = if self.wants == Has::Read {
            world.lock.read_unguarded(Timeout::Forever).unwrap()
        } else {
            world.lock.write_unguarded(Timeout::Forever).unwrap()
        };
    }

    fn finish(&self, world: &World, news: &mut Option<News>) -> Result<(), String> {
        world.lock.release().map_err(|e| format!("{e:?}"))?;
        if *news == Some(News::OwnerDied) { Ok(()) } else { wrong("what the victim was told", news) }
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if is_gone(point.moment) {
            return match world.turn()? {
                Some(News::OwnerDied) if world.lock.is_suspect() => Ok(()),
                news => wrong("the writer's death was not told", news),
            };
        }
        // Before it has come so far, nobody has looked at the dead writer.
        let done = point.last || point.moment == Moment::Finished;
        if !done || world.lock.is_suspect() { Ok(()) } else { wrong("not suspect", point.position) }
    }
}

/// Declaring the data whole after a writer died.
struct Repaired;

impl Operation for Repaired {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "rwlock repaired"
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let world = world();
        let writer = stage.role("dead writer", |_| {
            world.lock.write_unguarded(Timeout::Forever).map(drop).map_err(|e| format!("{e:?}"))
        });
        stage.finish(writer, SOON).unwrap();
        world
    }

    fn prepare(&self, world: &World) {
        assert_eq!(world.lock.write_unguarded(SOON).unwrap(), Some(News::OwnerDied));
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.lock.repaired().unwrap();
    }

    fn finish(&self, world: &World, (): &mut ()) -> Result<(), String> {
        world.lock.release().map_err(|e| format!("{e:?}"))
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if is_gone(point.moment) {
            // Whether or not it came to the declaration: this writer died too.
            return match world.turn()? {
                Some(News::OwnerDied) => Ok(()),
                news => wrong("the second writer's death was not told", news),
            };
        }
        if point.moment == Moment::Finished {
            return if world.lock.is_suspect() { wrong("still suspect", point.position) } else { Ok(()) };
        }
        world.not_robbed().map(drop)
    }
}
