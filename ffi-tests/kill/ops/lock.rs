//! Locks: taken, released, fought for, declared repaired.

use courtyard::{ErrorKind, Lock, News, Scope, Timeout, Value, Yard};

use super::common::{SOON, is_gone, not_robbed, turn, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{ALL, CHOSEN, Mode, Moment, Operation, Point, Points};
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    let mut all: Vec<Box<dyn Trial>> = vec![Box::new(TwoSleepers), Box::new(Contended), Box::new(Repaired)];
    for scope in [Scope::Thread, Scope::Process, Scope::Anyone] {
        all.push(Box::new(Take { scope }));
        all.push(Box::new(Give { scope }));
    }
    all
}

/// A yard with one lock.
pub(crate) struct World {
    _yard: Yard,
    lock: Lock,
}

fn world(scope: Scope) -> World {
    let yard = yard(8);
    let lock = Lock::create(&yard, "lock", scope).unwrap();
    World { _yard: yard, lock }
}

/// A dead thread frees what threads own; what a process owns is freed with the process only.
fn must_be_freed(scope: Scope, moment: Moment) -> bool {
    match moment {
        Moment::Killed | Moment::ProcessEnded => true,
        Moment::ThreadEnded => scope == Scope::Thread,
        Moment::Stopped | Moment::Finished => false,
    }
}

/// Taking a free lock.
struct Take {
    scope: Scope,
}

impl Operation for Take {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        match self.scope {
            Scope::Thread => "lock acquire",
            Scope::Process => "lock acquire, scope process",
            Scope::Anyone => "lock acquire, scope anyone",
        }
    }

    fn setup(&self, _: &mut Stage) -> World {
        world(self.scope)
    }

    fn prepare(&self, world: &World) {
        turn(&world.lock).unwrap(); // registers
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.lock.acquire_unguarded(Timeout::Forever).unwrap();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if must_be_freed(self.scope, point.moment) {
            let news = turn(&world.lock)?;
            if point.last && news != Some(News::OwnerDied) {
                return wrong("the owner's death was not told", news);
            }
            return Ok(());
        }
        let free = not_robbed(&world.lock)?;
        if point.moment == Moment::Finished {
            if free {
                return wrong("the owner lost the lock", world.lock.holder());
            }
            if world.lock.holder().map(|h| h.pid) != Some(point.victim.cast_unsigned()) {
                return wrong("holder", world.lock.holder());
            }
        }
        Ok(())
    }
}

/// Releasing a lock for which nobody waits.
struct Give {
    scope: Scope,
}

impl Operation for Give {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        match self.scope {
            Scope::Thread => "lock release",
            Scope::Process => "lock release, scope process",
            Scope::Anyone => "lock release, scope anyone",
        }
    }

    fn setup(&self, _: &mut Stage) -> World {
        world(self.scope)
    }

    fn prepare(&self, world: &World) {
        world.lock.acquire_unguarded(Timeout::Forever).unwrap();
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.lock.release().unwrap();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Finished {
            return match turn(&world.lock)? {
                None => Ok(()),
                news => wrong("a released lock", news),
            };
        }
        if !must_be_freed(self.scope, point.moment) {
            return not_robbed(&world.lock).map(drop);
        }
        match turn(&world.lock)? {
            Some(_) if point.last => wrong("a released lock", "suspect"),
            _ => Ok(()),
        }
    }
}

/// Declaring the data whole after an owner died.
struct Repaired;

impl Operation for Repaired {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "lock repaired"
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let world = world(Scope::Thread);
        let owner = stage.role("dead owner", |_| {
            world.lock.acquire_unguarded(Timeout::Forever).map(drop).map_err(|e| format!("{e:?}"))
        });
        stage.finish(owner, SOON).unwrap();
        world
    }

    fn prepare(&self, world: &World) {
        let news = world.lock.acquire_unguarded(SOON).unwrap();
        assert_eq!(news, Some(News::OwnerDied));
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
            return if world.lock.is_suspect() { wrong("still suspect", point.position) } else { Ok(()) };
        }
        not_robbed(&world.lock).map(drop)
    }
}

/// A lock that the stage holds, with one sleeper besides the victim.
pub(crate) struct Fight {
    _yard: Yard,
    lock: Lock,
    sleeper: RoleId,
    held: bool,
}

fn sleep_for(lock: &Lock) -> Result<(), String> {
    let news = lock.acquire_unguarded(Timeout::Forever).map_err(|e| format!("{e:?}"))?;
    lock.release().map_err(|e| format!("{e:?} after {news:?}"))
}

/// Waiting for a lock that somebody holds, beside another sleeper.
struct Contended;

impl Operation for Contended {
    type World = Fight;
    type Actor = ();

    fn name(&self) -> &'static str {
        "lock acquire, waiting beside another"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, fight: &Fight) -> Watch {
        watch(&fight._yard)
    }

    fn steady(&self) -> bool {
        false
    }

    fn sleeps(&self) -> bool {
        true
    }

    fn setup(&self, stage: &mut Stage) -> Fight {
        let World { _yard, lock } = world(Scope::Thread);
        lock.acquire_unguarded(Timeout::Forever).unwrap();
        let sleeper = stage.role("sleeper", |part| {
            part.waiting();
            sleep_for(&lock)
        });
        stage.part(sleeper).until_asleep();
        Fight { _yard, lock, sleeper, held: true }
    }

    fn prepare(&self, fight: &Fight) {
        // Registers without taking the lock.
        assert_eq!(fight.lock.try_acquire().map(drop).unwrap_err().kind(), ErrorKind::Busy);
    }

    fn act(&self, fight: &Fight, (): &mut ()) {
        fight.lock.acquire_unguarded(Timeout::Forever).unwrap();
    }

    fn finish(&self, fight: &Fight, (): &mut ()) -> Result<(), String> {
        fight.lock.release().map_err(|e| format!("{e:?}"))
    }

    fn release(&self, fight: &mut Fight, _: &mut Stage) {
        if fight.held {
            fight.held = false;
            fight.lock.release().unwrap();
        }
    }

    fn check(&self, fight: &mut Fight, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(()); // it may hold the lock; what counts is that it goes on, and that others then do
        }
        if fight.held {
            fight.held = false;
            fight.lock.release().map_err(|e| format!("{e:?}"))?;
        }
        stage.finish(fight.sleeper, SOON)?;
        turn(&fight.lock).map(drop)
    }
}

/// A lock that the victim holds, with two sleepers.
pub(crate) struct Crowded {
    _yard: Yard,
    lock: Lock,
    here: Value<u32>,
    sleepers: [RoleId; 2],
}

/// Releasing a lock for which two sleep.
struct TwoSleepers;

impl Operation for TwoSleepers {
    type World = Crowded;
    type Actor = ();

    fn name(&self) -> &'static str {
        "lock release with two sleepers"
    }

    fn modes(&self) -> &'static [Mode] {
        ALL
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Crowded {
        let World { _yard, lock } = world(Scope::Thread);
        let here = Value::<u32>::create(&_yard, "here").unwrap();
        let mut sleeper = |name| {
            stage.role(name, |_| {
                while lock.holder().is_none() {
                    std::thread::yield_now();
                }
                here.fetch_add(1);
                sleep_for(&lock)
            })
        };
        let sleepers = [sleeper("first sleeper"), sleeper("second sleeper")];
        Crowded { _yard, lock, here, sleepers }
    }

    fn prepare(&self, crowded: &Crowded) {
        crowded.lock.acquire_unguarded(Timeout::Forever).unwrap();
        while crowded.here.get() < 2 {
            std::thread::yield_now();
        }
        std::thread::sleep(std::time::Duration::from_millis(3)); // both are asleep now, or nearly
    }

    fn act(&self, crowded: &Crowded, (): &mut ()) {
        crowded.lock.release().unwrap();
    }

    fn check(&self, crowded: &mut Crowded, stage: &mut Stage, point: &Point) -> Result<(), String> {
        let holder = crowded.lock.holder().map(|h| h.pid.cast_signed());
        if point.moment == Moment::Stopped && holder == Some(point.victim) {
            return Ok(()); // stopped before the release: they wait for the living
        }
        for sleeper in crowded.sleepers {
            stage.finish(sleeper, SOON)?;
        }
        match turn(&crowded.lock)? {
            Some(_) if point.last || point.moment == Moment::Finished => wrong("a released lock", "suspect"),
            _ => Ok(()),
        }
    }
}
