//! Semaphores: permits taken, released, waited for.
//!
//! What is conserved: the permits that are there, those that were taken, and at most the one that a killed taker took
//! in the call it was in.

use std::time::Duration;

use courtyard::{ErrorKind, Semaphore, SemaphoreOptions, Timeout, Yard};

use super::common::{BRIEF, SOON, kind, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{ALL, CHOSEN, Mode, Moment, Operation, Point, Points};
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![Box::new(Take), Box::new(Give), Box::new(Contended), Box::new(TwoSleepers), Box::new(GivingUp)]
}

/// A yard with one semaphore.
pub(crate) struct World {
    yard: Yard,
    semaphore: Semaphore,
}

fn world(initial: u32, maximum: Option<u32>) -> World {
    let yard = yard(8);
    let semaphore = Semaphore::create(&yard, "semaphore", SemaphoreOptions { initial, maximum }).unwrap();
    World { yard, semaphore }
}

/// Takes every permit there is, by tries; tells how many, and that as many were shown.
fn drain(semaphore: &Semaphore) -> Result<u32, String> {
    let shown = semaphore.value();
    let taken = (0..100).take_while(|_| semaphore.try_acquire().is_ok()).count() as u32;
    if shown == taken { Ok(taken) } else { wrong("shown and to be had", (shown, taken)) }
}

/// Takes a permit, as a role or survivor.
fn take_one(semaphore: &Semaphore) -> Result<(), String> {
    semaphore.acquire(Timeout::Forever).map_err(|e| format!("{e:?}"))
}

/// Taking a permit that is there.
struct Take;

impl Operation for Take {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "semaphore acquire"
    }

    fn setup(&self, _: &mut Stage) -> World {
        world(3, Some(3))
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.semaphore.acquire(Timeout::Forever).unwrap();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let done = point.last || point.moment == Moment::Finished;
        let there = drain(&world.semaphore)?;
        if there != 2 && (done || there != 3) {
            return wrong("permits", there);
        }
        // Whoever took them, anybody may release them; never more than the maximum.
        world.semaphore.release(there).map_err(|e| format!("{e:?}"))?;
        match kind(world.semaphore.release(4 - there)) {
            Some(ErrorKind::Range) if world.semaphore.value() == there => Ok(()),
            other => wrong("a release beyond the maximum", other),
        }
    }
}

/// Releasing permits for which nobody waits.
struct Give;

impl Operation for Give {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "semaphore release"
    }

    fn setup(&self, _: &mut Stage) -> World {
        world(1, None)
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.semaphore.release(2).unwrap();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let done = point.last || point.moment == Moment::Finished;
        match world.semaphore.value() {
            3 => Ok(()),
            1 if !done => Ok(()),
            other => wrong("all or none of them", other),
        }
    }
}

/// A semaphore without permits, with one sleeper besides the victim.
pub(crate) struct Fight {
    world: World,
    sleeper: RoleId,
    released: bool,
}

impl Fight {
    /// One permit after the other: of two wakes one goes to the victim, and the second release finds nobody announced.
    fn feed(&mut self) {
        if !std::mem::replace(&mut self.released, true) {
            (0..2).for_each(|_| self.world.semaphore.release(1).unwrap());
        }
    }
}

/// Waiting for a permit beside another sleeper.
struct Contended;

impl Operation for Contended {
    type World = Fight;
    type Actor = ();

    fn name(&self) -> &'static str {
        "semaphore acquire, waiting beside another"
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
        let world = world(0, None);
        let sleeper = stage.role("sleeper", |part| {
            part.waiting();
            take_one(&world.semaphore)
        });
        stage.part(sleeper).until_asleep();
        Fight { world, sleeper, released: false }
    }

    fn prepare(&self, fight: &Fight) {
        // Registers without taking anything.
        assert_eq!(kind(fight.world.semaphore.acquire(BRIEF)), Some(ErrorKind::Timeout));
    }

    fn act(&self, fight: &Fight, (): &mut ()) {
        fight.world.semaphore.acquire(Timeout::Forever).unwrap();
    }

    fn release(&self, fight: &mut Fight, _: &mut Stage) {
        fight.feed();
    }

    fn check(&self, fight: &mut Fight, stage: &mut Stage, point: &Point) -> Result<(), String> {
        fight.feed();
        // Also beside a victim that stands still with a wake in its hands: there is a permit for each.
        stage.finish(fight.sleeper, SOON)?;
        match (fight.world.semaphore.value(), point.moment) {
            (0, _) => Ok(()),
            (1, moment) if moment != Moment::Finished && !point.last => Ok(()),
            (there, _) => wrong("permits left", there),
        }
    }
}

/// A semaphore without permits, with two sleepers.
pub(crate) struct Crowded {
    world: World,
    sleepers: [RoleId; 2],
    /// What the check has released in the victim's place.
    extra: u32,
}

/// Releasing two permits for which two sleep.
struct TwoSleepers;

impl Operation for TwoSleepers {
    type World = Crowded;
    type Actor = ();

    fn name(&self) -> &'static str {
        "semaphore release with two sleepers"
    }

    fn modes(&self) -> &'static [Mode] {
        ALL
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Crowded {
        let world = world(0, None);
        let mut sleeper = |name| {
            let id = stage.role(name, |part| {
                part.waiting();
                take_one(&world.semaphore)
            });
            stage.part(id).until_asleep();
            id
        };
        let sleepers = [sleeper("first sleeper"), sleeper("second sleeper")];
        Crowded { world, sleepers, extra: 0 }
    }

    fn prepare(&self, _: &Crowded) {}

    fn act(&self, crowded: &Crowded, (): &mut ()) {
        crowded.world.semaphore.release(2).unwrap();
    }

    fn check(&self, crowded: &mut Crowded, stage: &mut Stage, point: &Point) -> Result<(), String> {
        let done = point.last || point.moment == Moment::Finished;
        let semaphore = &crowded.world.semaphore;
        if !done && semaphore.value() == 0 && crowded.extra == 0 {
            crowded.extra = 2; // not released yet, or taken already; what is there shows a permit that no wake tells of
            semaphore.release(2).map_err(|e| format!("{e:?}"))?;
        }
        for sleeper in crowded.sleepers {
            stage.finish(sleeper, SOON)?;
        }
        match semaphore.value() {
            left if left == crowded.extra => Ok(()),
            0 if !done => Ok(()),
            left => wrong("permits left", left),
        }
    }
}

/// So short that it is over before the sleep: the taker has announced itself, gives up, and wakes one more.
const NO_TIME: Duration = Duration::from_nanos(1);

/// A wait that gives up, beside another sleeper.
struct GivingUp;

impl Operation for GivingUp {
    type World = Fight;
    type Actor = Option<ErrorKind>;

    fn name(&self) -> &'static str {
        "semaphore acquire, giving up beside another"
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

    fn setup(&self, stage: &mut Stage) -> Fight {
        Contended.setup(stage)
    }

    fn prepare(&self, fight: &Fight) -> Option<ErrorKind> {
        kind(fight.world.semaphore.acquire(BRIEF))
    }

    fn act(&self, fight: &Fight, ended: &mut Option<ErrorKind>) {
        *ended = kind(fight.world.semaphore.acquire(NO_TIME));
    }

    fn finish(&self, fight: &Fight, ended: &mut Option<ErrorKind>) -> Result<(), String> {
        match ended {
            None => fight.world.semaphore.release(1).map_err(|e| format!("{e:?}")),
            Some(ErrorKind::Timeout) => Ok(()),
            other => wrong("the end of the wait", other),
        }
    }

    fn check(&self, fight: &mut Fight, stage: &mut Stage, point: &Point) -> Result<(), String> {
        fight.feed();
        stage.finish(fight.sleeper, SOON)?;
        match (fight.world.semaphore.value(), point.moment) {
            (1, _) => Ok(()),
            (0, moment) if moment != Moment::Finished => Ok(()), // the victim took one and was interrupted
            (there, _) => wrong("permits left", there),
        }
    }
}
