//! Re-entrant locks: what they add to locks. Taken again, released inside, and left behind at any depth.

use courtyard::{ErrorKind, News, RLock, Timeout, Value, Yard};

use super::common::{BRIEF, SOON, is_gone, kind, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{CHOSEN, Moment, Operation, Point, Points};
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![
        Box::new(Nest { name: "rlock acquire", before: 0, step: Step::In }),
        Box::new(Nest { name: "rlock acquire again", before: 2, step: Step::In }),
        Box::new(Nest { name: "rlock release inside", before: 3, step: Step::Out }),
        Box::new(Nest { name: "rlock release", before: 1, step: Step::Out }),
        Box::new(Contended),
        Box::new(Released),
        Box::new(Repaired),
    ]
}

/// A yard with one re-entrant lock.
pub(crate) struct World {
    yard: Yard,
    lock: RLock,
}

fn world() -> World {
    let yard = yard(8);
    let lock = RLock::create(&yard, "rlock").unwrap();
    World { yard, lock }
}

/// Takes a lock that is clean so many times.
fn take(lock: &RLock, times: u32) {
    (0..times).for_each(|_| assert_eq!(lock.acquire_unguarded(Timeout::Forever), Ok(None)));
}

/// Takes the lock twice within the promised time and gives it back; tells the news. Whoever had it before, however
/// often: this one is in twice and then out.
fn turn(lock: &RLock) -> Result<Option<News>, String> {
    let news = lock.acquire_unguarded(SOON).map_err(|e| format!("the lock was not to be had: {e:?}"))?;
    let again = lock.acquire_unguarded(Timeout::Forever).map_err(|e| format!("not again: {e:?}"))?;
    if (again, lock.count()) != (news, 2) {
        return wrong("taken twice", (again, lock.count()));
    }
    (0..2).try_for_each(|_| lock.release()).map_err(|e| format!("not to be released: {e:?}"))?;
    match kind(lock.release()) {
        Some(ErrorKind::NotOwner) => Ok(news),
        other => wrong("a third release", other),
    }
}

/// Waits for the lock, is in it once, and leaves it.
fn sleep_for(lock: &RLock) -> Result<(), String> {
    lock.acquire_unguarded(Timeout::Forever).map_err(|e| format!("{e:?}"))?;
    match lock.count() {
        1 => lock.release().map_err(|e| format!("{e:?}")),
        count => wrong("the depth", count),
    }
}

/// While the victim stands still, alive, the lock is either free or not to be had.
fn not_robbed(lock: &RLock) -> Result<bool, String> {
    match lock.acquire_unguarded(BRIEF) {
        Ok(None) => lock.release().map(|()| true).or_else(|e| wrong("release", e)),
        Ok(Some(news)) => wrong("a living owner was called dead", news),
        Err(e) if e.kind() == ErrorKind::Timeout => Ok(false),
        Err(e) => wrong("acquire", e),
    }
}

/// Which way the owner goes.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    In,
    Out,
}

/// One taking or releasing by who is in so often before.
struct Nest {
    name: &'static str,
    before: u32,
    step: Step,
}

impl Nest {
    fn after(&self) -> u32 {
        if self.step == Step::In { self.before + 1 } else { self.before - 1 }
    }

    /// Whether the victim holds the lock, or held it when it died, as far as the point tells.
    fn held(&self, point: &Point) -> Option<bool> {
        let (before, after) = (self.before > 0, self.after() > 0);
        let done = point.last || point.moment == Moment::Finished;
        (done || before == after).then_some(after)
    }
}

impl Operation for Nest {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn setup(&self, _: &mut Stage) -> World {
        world()
    }

    fn prepare(&self, world: &World) {
        turn(&world.lock).unwrap(); // registers
        take(&world.lock, self.before);
    }

    fn act(&self, world: &World, (): &mut ()) {
        match self.step {
            Step::In => take(&world.lock, 1),
            Step::Out => world.lock.release().unwrap(),
        }
    }

    fn finish(&self, world: &World, (): &mut ()) -> Result<(), String> {
        let count = world.lock.count();
        if count == self.after() { Ok(()) } else { wrong("the depth", count) }
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let held = self.held(point);
        if is_gone(point.moment) {
            let news = turn(&world.lock)?;
            return if held.is_none_or(|h| h == news.is_some()) { Ok(()) } else { wrong("the news", news) };
        }
        let free = not_robbed(&world.lock)?;
        if held.is_none_or(|h| h != free) { Ok(()) } else { wrong("whether it is free", free) }
    }
}

/// A lock that the stage holds twice, with one sleeper besides the victim.
pub(crate) struct Fight {
    world: World,
    sleeper: RoleId,
    held: bool,
}

impl Fight {
    fn give(&mut self) {
        if std::mem::replace(&mut self.held, false) {
            (0..2).for_each(|_| self.world.lock.release().unwrap());
        }
    }
}

/// Waiting for a lock that somebody holds twice, beside another sleeper.
struct Contended;

impl Operation for Contended {
    type World = Fight;
    type Actor = ();

    fn name(&self) -> &'static str {
        "rlock acquire, waiting beside another"
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
        take(&world.lock, 2);
        let sleeper = stage.role("sleeper", |part| {
            part.waiting();
            sleep_for(&world.lock)
        });
        stage.part(sleeper).until_asleep();
        Fight { world, sleeper, held: true }
    }

    fn prepare(&self, fight: &Fight) {
        // Registers without taking the lock.
        assert_eq!(kind(fight.world.lock.try_acquire().map(drop)), Some(ErrorKind::Busy));
    }

    fn act(&self, fight: &Fight, (): &mut ()) {
        fight.world.lock.acquire_unguarded(Timeout::Forever).unwrap();
    }

    fn finish(&self, fight: &Fight, (): &mut ()) -> Result<(), String> {
        match fight.world.lock.count() {
            1 => fight.world.lock.release().map_err(|e| format!("{e:?}")),
            count => wrong("the depth", count),
        }
    }

    fn release(&self, fight: &mut Fight, _: &mut Stage) {
        fight.give();
    }

    fn check(&self, fight: &mut Fight, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(()); // it may hold the lock; what counts is that it goes on, and that others then do
        }
        fight.give();
        stage.finish(fight.sleeper, SOON)?;
        turn(&fight.world.lock).map(drop)
    }
}

/// A lock that the victim holds twice, with a sleeper.
pub(crate) struct Awaited {
    world: World,
    sleeper: RoleId,
    taken: Value<u32>,
    here: Value<u32>,
}

/// The last release, for which somebody sleeps.
struct Released;

impl Operation for Released {
    type World = Awaited;
    type Actor = ();

    fn name(&self) -> &'static str {
        "rlock release with a sleeper"
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Awaited {
        let world = world();
        let [taken, here] = ["taken", "here"].map(|name| Value::<u32>::create(&world.yard, name).unwrap());
        let sleeper = stage.role("sleeper", |part| {
            // Not the lock itself: on a busy machine the victim may be gone before anybody has seen it there.
            while taken.get() == 0 {
                std::thread::yield_now();
            }
            here.set(1);
            part.waiting();
            sleep_for(&world.lock)
        });
        Awaited { world, sleeper, taken, here }
    }

    fn prepare(&self, awaited: &Awaited) {
        take(&awaited.world.lock, 2);
        awaited.taken.set(1);
        while awaited.here.get() == 0 {
            std::thread::yield_now();
        }
        std::thread::sleep(std::time::Duration::from_millis(3)); // the sleeper sleeps now, or nearly
    }

    fn act(&self, awaited: &Awaited, (): &mut ()) {
        awaited.world.lock.release().unwrap();
        awaited.world.lock.release().unwrap();
    }

    fn check(&self, awaited: &mut Awaited, stage: &mut Stage, point: &Point) -> Result<(), String> {
        let lock = &awaited.world.lock;
        let holder = lock.holder().map(|h| h.pid.cast_signed());
        if point.moment == Moment::Stopped && holder == Some(point.victim) {
            return Ok(()); // stopped before the last release: others wait for the living
        }
        stage.finish(awaited.sleeper, SOON)?;
        match turn(lock)? {
            Some(_) if point.last || point.moment == Moment::Finished => wrong("a released lock", "suspect"),
            _ => Ok(()),
        }
    }
}

/// Declaring the data whole after an owner died that was in three times.
struct Repaired;

impl Operation for Repaired {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "rlock repaired"
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let world = world();
        let owner = stage.role("dead owner", |_| {
            let take = |_| world.lock.acquire_unguarded(Timeout::Forever).map(drop);
            (0..3).try_for_each(take).map_err(|e| format!("{e:?}"))
        });
        stage.finish(owner, SOON).unwrap();
        world
    }

    fn prepare(&self, world: &World) {
        assert_eq!(world.lock.acquire_unguarded(SOON).unwrap(), Some(News::OwnerDied));
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.lock.repaired().unwrap();
    }

    fn finish(&self, world: &World, (): &mut ()) -> Result<(), String> {
        world.lock.release().map_err(|e| format!("{e:?}"))
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if is_gone(point.moment) {
            // Whether or not it came to the declaration: this owner died too.
            return match turn(&world.lock)? {
                Some(News::OwnerDied) => Ok(()),
                news => wrong("the second owner's death was not told", news),
            };
        }
        if point.moment == Moment::Finished {
            let suspect = world.lock.is_suspect();
            return if suspect { wrong("still suspect", point.position) } else { Ok(()) };
        }
        not_robbed(&world.lock).map(drop)
    }
}
