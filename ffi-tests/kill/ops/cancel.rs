//! Cancel tokens: cancelled, and waits that they end.

use courtyard::{CancelToken, ErrorKind, Event, EventOptions, Semaphore, SemaphoreOptions, Timeout, Yard};

use super::common::{BRIEF, SOON, kind, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{ALL, CHOSEN, Mode, Moment, Operation, Point, Points};
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![Box::new(CancelTwo), Box::new(Cancelled)]
}

/// Two who wait for a permit that never comes, in the scope of a token; and one that waits for it without.
pub(crate) struct World {
    yard: Yard,
    token: CancelToken,
    semaphore: Semaphore,
    sleepers: Vec<RoleId>,
    fed: bool,
}

fn world() -> World {
    let yard = yard(8);
    let stop = Event::create(&yard, "stop", EventOptions::default()).unwrap();
    let semaphore = Semaphore::create(&yard, "semaphore", SemaphoreOptions::default()).unwrap();
    let token = CancelToken::from_event(&stop).unwrap();
    World { yard, token, semaphore, sleepers: Vec::new(), fed: false }
}

fn sleeper(stage: &mut Stage, name: &'static str, world: &World, scoped: bool) -> RoleId {
    let (token, semaphore) = (&world.token, &world.semaphore);
    let id = stage.role(name, |part| {
        let _scope = scoped.then(|| token.scope().unwrap());
        part.waiting();
        match (scoped, semaphore.acquire(Timeout::Forever).map_err(|e| e.kind())) {
            (true, Err(ErrorKind::Cancelled)) | (false, Ok(())) => Ok(()),
            (_, ended) => wrong("a wait that ended otherwise", ended),
        }
    });
    stage.part(id).until_asleep();
    id
}

/// Cancelling two who sleep, in other processes.
struct CancelTwo;

impl Operation for CancelTwo {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "cancel set with two sleepers"
    }

    fn modes(&self) -> &'static [Mode] {
        ALL
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let mut world = world();
        world.sleepers = ["first sleeper", "second sleeper"]
            .into_iter()
            .map(|name| sleeper(stage, name, &world, true))
            .collect();
        world
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.token.cancel();
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        // A cancel that is there ends both waits, also if its wake never came; one that is not there is made up for.
        if !world.token.is_cancelled() {
            if point.last || point.moment == Moment::Finished {
                return wrong("a cancel that is not there", &world.token);
            }
            world.token.cancel();
        }
        world.sleepers.iter().try_for_each(|sleeper| stage.finish(*sleeper, SOON).map(drop))
    }
}

/// Waiting in the scope of a token that is cancelled meanwhile, beside another who waits for the same permit.
struct Cancelled;

impl Operation for Cancelled {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "a wait that is cancelled beside another"
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
        let mut world = world();
        world.sleepers = vec![sleeper(stage, "sleeper", &world, false)];
        world
    }

    fn prepare(&self, world: &World) {
        assert_eq!(kind(world.semaphore.acquire(BRIEF)), Some(ErrorKind::Timeout)); // registers
    }

    fn act(&self, world: &World, (): &mut ()) {
        let _scope = world.token.scope().unwrap();
        assert_eq!(kind(world.semaphore.acquire(Timeout::Forever)), Some(ErrorKind::Cancelled));
    }

    fn release(&self, world: &mut World, _: &mut Stage) {
        world.token.cancel();
    }

    fn check(&self, world: &mut World, stage: &mut Stage, _: &Point) -> Result<(), String> {
        // One permit: it is the sleeper's, whoever was woken for it.
        if !std::mem::replace(&mut world.fed, true) {
            world.token.cancel();
            world.semaphore.release(1).map_err(|e| format!("{e:?}"))?;
        }
        world.sleepers.iter().try_for_each(|sleeper| stage.finish(*sleeper, SOON).map(drop))
    }
}
