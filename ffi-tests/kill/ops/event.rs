//! Events: set, cleared, waited for.

use courtyard::{ErrorKind, Event, EventOptions, Timeout, Yard};

use super::common::{BRIEF, SOON, kind, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{ALL, CHOSEN, Mode, Moment, Operation, Point, Points};
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![
        Box::new(Set),
        Box::new(Clear),
        Box::new(Consume),
        Box::new(SetForTwo),
        Box::new(Await),
        Box::new(AwaitOne),
    ]
}

/// A yard with one event.
pub(crate) struct World {
    yard: Yard,
    event: Event,
}

fn world(initially_set: bool, auto_reset: bool) -> World {
    let yard = yard(8);
    let event = Event::create(&yard, "event", EventOptions { initially_set, auto_reset }).unwrap();
    World { yard, event }
}

fn is_done(point: &Point) -> bool {
    point.last || point.moment == Moment::Finished
}

/// The event does what it should, whatever happened before, and is left as it was found. Not while a victim that will
/// go on stands still in the middle.
fn works(event: &Event, point: &Point) -> Result<(), String> {
    if point.moment == Moment::Stopped {
        return Ok(());
    }
    let was_set = event.is_set();
    event.set();
    event.wait(Timeout::Try).map_err(|e| format!("a set event: {e:?}"))?;
    event.clear();
    if event.is_set() {
        return wrong("a cleared event is set", event);
    }
    if was_set {
        event.set();
    }
    Ok(())
}

/// Setting an event for which nobody waits.
struct Set;

impl Operation for Set {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "event set"
    }

    fn setup(&self, _: &mut Stage) -> World {
        world(false, false)
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.event.set();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if is_done(point) && !world.event.is_set() {
            return wrong("a set that is not there", &world.event);
        }
        works(&world.event, point)
    }
}

/// Clearing an event.
struct Clear;

impl Operation for Clear {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "event clear"
    }

    fn setup(&self, _: &mut Stage) -> World {
        world(true, false)
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.event.clear();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if is_done(point) && world.event.is_set() {
            return wrong("a clear that did nothing", &world.event);
        }
        works(&world.event, point)
    }
}

/// Taking an auto-reset event that is set.
struct Consume;

impl Operation for Consume {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "event wait, auto-reset"
    }

    fn setup(&self, _: &mut Stage) -> World {
        world(true, true)
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.event.wait(Timeout::Forever).unwrap();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if is_done(point) && world.event.is_set() {
            return wrong("an event taken and still set", &world.event);
        }
        works(&world.event, point)
    }
}

/// An event with two sleepers.
pub(crate) struct Crowded {
    world: World,
    sleepers: [RoleId; 2],
}

fn sleeper(stage: &mut Stage, name: &'static str, event: &Event) -> RoleId {
    let id = stage.role(name, |part| {
        part.waiting();
        event.wait(Timeout::Forever).map_err(|e| format!("{e:?}"))
    });
    stage.part(id).until_asleep();
    id
}

/// Setting an event for which two sleep.
struct SetForTwo;

impl Operation for SetForTwo {
    type World = Crowded;
    type Actor = ();

    fn name(&self) -> &'static str {
        "event set with two sleepers"
    }

    fn modes(&self) -> &'static [Mode] {
        ALL
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Crowded {
        let world = world(false, false);
        let sleepers =
            [sleeper(stage, "first sleeper", &world.event), sleeper(stage, "second sleeper", &world.event)];
        Crowded { world, sleepers }
    }

    fn prepare(&self, _: &Crowded) {}

    fn act(&self, crowded: &Crowded, (): &mut ()) {
        crowded.world.event.set();
    }

    fn check(&self, crowded: &mut Crowded, stage: &mut Stage, point: &Point) -> Result<(), String> {
        // A set that is there lets both go on, also if its wake never came; one that is not there is made up for.
        if !crowded.world.event.is_set() {
            if is_done(point) {
                return wrong("a set that is not there", &crowded.world.event);
            }
            crowded.world.event.set();
        }
        crowded.sleepers.into_iter().try_for_each(|sleeper| stage.finish(sleeper, SOON).map(drop))
    }
}

/// An event with one sleeper besides the victim.
pub(crate) struct Fight {
    world: World,
    sleeper: RoleId,
    fed: bool,
}

fn fight(stage: &mut Stage, auto_reset: bool) -> Fight {
    let world = world(false, auto_reset);
    let sleeper = sleeper(stage, "sleeper", &world.event);
    Fight { world, sleeper, fed: false }
}

/// Waiting for an event that is set and cleared at once.
struct Await;

impl Operation for Await {
    type World = Fight;
    type Actor = ();

    fn name(&self) -> &'static str {
        "event wait, waiting beside another"
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
        fight(stage, false)
    }

    fn prepare(&self, fight: &Fight) {
        assert_eq!(kind(fight.world.event.wait(BRIEF)), Some(ErrorKind::Timeout)); // registers
    }

    fn act(&self, fight: &Fight, (): &mut ()) {
        fight.world.event.wait(Timeout::Forever).unwrap();
    }

    fn release(&self, fight: &mut Fight, _: &mut Stage) {
        if !std::mem::replace(&mut fight.fed, true) {
            fight.world.event.set();
        }
    }

    fn check(&self, fight: &mut Fight, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if !std::mem::replace(&mut fight.fed, true) {
            fight.world.event.set();
            if point.moment != Moment::Stopped {
                fight.world.event.clear(); // the sleeper was there: it misses nothing
            }
        }
        stage.finish(fight.sleeper, SOON)?;
        works(&fight.world.event, point)
    }
}

/// Waiting for an auto-reset event beside another: two sets, for one each.
struct AwaitOne;

impl Operation for AwaitOne {
    type World = Fight;
    type Actor = ();

    fn name(&self) -> &'static str {
        "event wait, auto-reset, waiting beside another"
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
        fight(stage, true)
    }

    fn prepare(&self, fight: &Fight) {
        assert_eq!(kind(fight.world.event.wait(BRIEF)), Some(ErrorKind::Timeout)); // registers
    }

    fn act(&self, fight: &Fight, (): &mut ()) {
        fight.world.event.wait(Timeout::Forever).unwrap();
    }

    fn release(&self, fight: &mut Fight, _: &mut Stage) {
        if std::mem::replace(&mut fight.fed, true) {
            return;
        }
        fight.world.event.set();
        // The first to go on takes it, and the other one needs another.
        let patience = std::time::Instant::now() + SOON;
        while !fight.world.event.set() && std::time::Instant::now() < patience {
            std::thread::sleep(BRIEF / 5);
        }
    }

    fn check(&self, fight: &mut Fight, stage: &mut Stage, point: &Point) -> Result<(), String> {
        fight.world.event.set(); // the victim may have taken one, or stand still with a wake in its hands
        stage.finish(fight.sleeper, SOON)?;
        if point.moment == Moment::Stopped {
            fight.world.event.set(); // the victim's own
        }
        works(&fight.world.event, point)
    }
}
