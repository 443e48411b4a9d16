//! Barriers: arriving first, last, with an action, giving up; breaking and resetting; declared parties.
//!
//! What is conserved: all or none. If the victim is gone and the trip came about, everybody else has passed; if not, they
//! are told who died, or wait for somebody else. Nobody learns of a broken barrier whose parties live.

use std::time::Instant;

use courtyard::{Barrier, BrokenBy, ErrorKind, Timeout, Value, Yard};

use super::common::{SOON, is_gone, watch, wrong, yard};
use crate::child;
use crate::engine::Trial;
use crate::operation::{CHOSEN, Moment, Operation, Point, Points};
use crate::role::Part;
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![
        Box::new(First),
        Box::new(Last { name: "barrier wait, arriving last", with_action: false }),
        Box::new(Last { name: "barrier wait with an action", with_action: true }),
        Box::new(Breaking {
            name: "barrier wait, giving up at once",
            act: |barrier| assert_eq!(barrier.wait(Timeout::Try).unwrap_err().kind(), ErrorKind::Timeout),
        }),
        Box::new(Breaking { name: "barrier abort", act: Barrier::abort }),
        Box::new(Reset),
        Box::new(Finding {
            name: "barrier wait, finding a death",
            act: |barrier| assert_eq!(barrier.wait(Timeout::Forever).unwrap_err().kind(), ErrorKind::Broken),
        }),
        Box::new(Finding {
            name: "barrier broken, finding a death",
            act: |barrier| assert!(barrier.is_broken()),
        }),
        Box::new(Finding {
            name: "barrier waiting, finding a death",
            act: |barrier| assert_eq!(barrier.waiting(), 0),
        }),
        Box::new(Declaring { name: "barrier declare", before: false }),
        Box::new(Declaring { name: "barrier leave", before: true }),
    ]
}

/// A yard with a barrier and a count of actions.
pub(crate) struct World {
    yard: Yard,
    barrier: Barrier,
    acted: Value<u64>,
    waiters: Vec<RoleId>,
}

impl World {
    fn new(parties: u32) -> World {
        let yard = yard(8);
        let barrier = Barrier::create(&yard, "barrier", parties).unwrap();
        let acted = Value::create(&yard, "acted").unwrap();
        World { yard, barrier, acted, waiters: Vec::new() }
    }

    /// Brings so many to wait there.
    fn with_waiters(mut self, stage: &mut Stage, names: &[&'static str]) -> World {
        for (before, name) in (1..).zip(names) {
            let id = stage.role(name, |part| self.pass(part));
            while self.barrier.waiting() < before {
                std::thread::yield_now();
            }
            stage.part(id).until_asleep();
            self.waiters.push(id);
        }
        self
    }

    /// What a role does; it may pass, or be told that the barrier is broken.
    fn pass(&self, part: &Part<'_>) -> Result<(), String> {
        part.waiting();
        match self.barrier.wait_with(Timeout::Forever, || {
            self.acted.fetch_add(1);
        }) {
            Ok(_) => Ok(()),
            Err(e) if e.kind() == ErrorKind::Broken => Ok(()),
            Err(e) => wrong("the wait", e),
        }
    }

    /// All who wait are done.
    fn all_done(&self, stage: &mut Stage) -> Result<(), String> {
        self.waiters.iter().try_for_each(|waiter| stage.finish(*waiter, SOON).map(drop))
    }

    /// The barrier is whole, or broken by the victim's death, and says so.
    fn named(&self, point: &Point) -> Result<bool, String> {
        match self.barrier.broken() {
            None => Ok(false),
            Some(BrokenBy::Died { pid, tid }) if is_gone(point.moment) => {
                let thread = tid == point.thread as u32 || tid == 0;
                if pid == point.victim as u32 && thread { Ok(true) } else { wrong("named", (pid, tid)) }
            }
            Some(cause) => wrong("broken", cause),
        }
    }

    /// The victim is gone: what it was to do, a survivor does, if that is still to do. Two parties, and one waiter.
    fn go_on(&self, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if !self.named(point)? && self.barrier.waiting() == 1 {
            stage.survivor(SOON, || {
                self.barrier.wait(SOON).map(drop).map_err(|e| format!("survivor: {e:?}"))
            })?;
        }
        self.all_done(stage)
    }

    /// It is whole, with nobody there, and one trip works; then who comes is told nothing of the past.
    fn works(&self, stage: &mut Stage) -> Result<(), String> {
        self.barrier.reset();
        if let Some(cause) = self.barrier.broken() {
            return wrong("broken after a reset", cause);
        }
        stage.survivor(SOON, || {
            let passed = std::thread::scope(|s| {
                let others: Vec<_> =
                    (1..self.barrier.parties()).map(|_| s.spawn(|| self.barrier.wait(SOON))).collect();
                let mut passed = vec![self.barrier.wait(SOON)];
                passed.extend(others.into_iter().map(|other| other.join().unwrap()));
                passed
            });
            let mut numbers: Vec<u32> = passed.into_iter().flatten().collect();
            numbers.sort_unstable();
            match numbers.iter().copied().eq(0..self.barrier.parties()) {
                true => Ok(()),
                false => wrong("the numbers of a trip", numbers),
            }
        })
    }
}

/// The first of two; the partner comes when the victim sleeps.
struct First;

impl First {
    fn tell(world: &World, stage: &Stage) {
        stage.part(world.waiters[0]).tell();
        stage.part(world.waiters[0]).until_asleep();
    }
}

impl Operation for First {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "barrier wait, arriving first"
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
        let mut world = World::new(2);
        let partner = stage.role("partner", |part| {
            part.until_told();
            world.pass(part)
        });
        world.waiters.push(partner);
        world
    }

    fn prepare(&self, world: &World) {
        let own = Barrier::create(&world.yard, "own", 1).unwrap();
        own.wait(Timeout::Try).unwrap(); // registers
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.barrier.wait(Timeout::Forever).unwrap();
    }

    fn release(&self, world: &mut World, stage: &mut Stage) {
        First::tell(world, stage);
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return world.named(point).map(drop);
        }
        First::tell(world, stage);
        if !is_gone(point.moment) {
            return world.all_done(stage);
        }
        world.go_on(stage, point)?;
        world.works(stage)
    }
}

/// The last of two; the first one sleeps.
struct Last {
    name: &'static str,
    with_action: bool,
}

impl Operation for Last {
    type World = World;
    type Actor = ();

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

    fn setup(&self, stage: &mut Stage) -> World {
        World::new(2).with_waiters(stage, &["first waiter"])
    }

    fn prepare(&self, world: &World) {
        First.prepare(world);
    }

    fn act(&self, world: &World, (): &mut ()) {
        let passed = match self.with_action {
            true => world.barrier.wait_with(Timeout::Forever, || {
                world.acted.fetch_add(1);
            }),
            false => world.barrier.wait(Timeout::Forever),
        };
        passed.unwrap();
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return world.named(point).map(drop);
        }
        let broken = is_gone(point.moment) && world.named(point)?;
        match is_gone(point.moment) {
            true => world.go_on(stage, point)?,
            false => world.all_done(stage)?,
        }
        let acted = world.acted.get();
        if acted > 1 || self.with_action && !broken && point.moment == Moment::Finished && acted != 1 {
            return wrong("actions", acted);
        }
        if is_gone(point.moment) { world.works(stage) } else { Ok(()) }
    }
}

/// Breaking it while two of three wait.
struct Breaking {
    name: &'static str,
    act: fn(&Barrier),
}

impl Operation for Breaking {
    type World = World;
    type Actor = ();

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

    fn setup(&self, stage: &mut Stage) -> World {
        World::new(4).with_waiters(stage, &["first waiter", "second waiter"])
    }

    fn prepare(&self, world: &World) {
        First.prepare(world);
    }

    fn act(&self, world: &World, (): &mut ()) {
        (self.act)(&world.barrier);
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        match world.barrier.broken() {
            None if point.moment == Moment::Stopped => return Ok(()),
            None if point.last || point.moment == Moment::Finished => return wrong("not broken", ()),
            None => world.barrier.abort(),
            Some(BrokenBy::Died { .. }) => drop(world.named(point)?),
            Some(_) => {}
        }
        world.all_done(stage)?;
        if is_gone(point.moment) { world.works(stage) } else { Ok(()) }
    }
}

/// Resetting it while two of three wait.
struct Reset;

impl Operation for Reset {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "barrier reset"
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

    fn setup(&self, stage: &mut Stage) -> World {
        World::new(3).with_waiters(stage, &["first waiter", "second waiter"])
    }

    fn prepare(&self, world: &World) {
        First.prepare(world);
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.barrier.reset();
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        // Who looks finishes it, if it was begun.
        match (world.barrier.broken(), world.barrier.waiting()) {
            (None, 2) if point.moment == Moment::Stopped => return Ok(()),
            (None, 2) if point.last || point.moment == Moment::Finished => return wrong("not reset", ()),
            (None, 2) => world.barrier.reset(),
            (None, 0) => {}
            found => return wrong("broken and waiting", found),
        }
        world.all_done(stage)?;
        if is_gone(point.moment) { world.works(stage) } else { Ok(()) }
    }
}

/// One of three has arrived and is dead, and nobody knows yet.
struct Finding {
    name: &'static str,
    act: fn(&Barrier),
}

impl Operation for Finding {
    type World = World;
    type Actor = ();

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

    fn setup(&self, stage: &mut Stage) -> World {
        let world = World::new(3);
        let dead = stage.role("dead party", |_| {
            let pid = child::spawn(|| {
                let _ = world.barrier.wait(Timeout::Forever);
                0
            });
            let begin = Instant::now();
            while world.barrier.waiting() == 0 {
                if begin.elapsed() > SOON {
                    return wrong("it does not arrive", ());
                }
                std::thread::yield_now();
            }
            child::kill(pid);
            Ok(())
        });
        stage.finish(dead, SOON).unwrap();
        world
    }

    fn prepare(&self, world: &World) {
        First.prepare(world);
    }

    fn act(&self, world: &World, (): &mut ()) {
        (self.act)(&world.barrier);
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        stage.survivor(SOON, || match world.barrier.wait(SOON).map_err(|e| e.kind()) {
            Err(ErrorKind::Broken) => Ok(()),
            other => wrong("a wait beside the dead", other),
        })?;
        match world.barrier.broken() {
            Some(BrokenBy::Died { pid, tid }) if pid != 0 && tid != 0 => {}
            other => return wrong("the dead one's name", other),
        }
        // While the victim's process lives the same dead party is to be found once more.
        let over = matches!(point.moment, Moment::Killed | Moment::ProcessEnded);
        if over { world.works(stage) } else { Ok(()) }
    }
}

/// Declaring oneself, or leaving again, while somebody waits for two.
struct Declaring {
    name: &'static str,
    /// It is declared before, and leaves.
    before: bool,
}

impl Operation for Declaring {
    type World = World;
    type Actor = ();

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

    fn setup(&self, stage: &mut Stage) -> World {
        World::new(2).with_waiters(stage, &["first waiter"])
    }

    fn prepare(&self, world: &World) {
        First.prepare(world);
        if self.before {
            world.barrier.declare_unguarded().unwrap();
        }
    }

    fn act(&self, world: &World, (): &mut ()) {
        match self.before {
            true => world.barrier.leave().unwrap(),
            false => world.barrier.declare_unguarded().unwrap(),
        }
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        let declared = world.barrier.declared();
        if matches!(point.moment, Moment::Stopped | Moment::ThreadEnded | Moment::Finished) {
            // The process lives.
            if world.barrier.is_broken() {
                return wrong("a living party was called dead", world.barrier.broken());
            }
            let done = point.last || point.moment == Moment::Finished;
            if done && declared != u32::from(!self.before) {
                return wrong("declared", declared);
            }
            return Ok(());
        }
        if declared == 1 {
            // Nobody but the waiter has to notice.
            world.all_done(stage)?;
            if !world.named(point)? {
                return wrong("a dead party was not missed", ());
            }
        } else {
            world.go_on(stage, point)?;
        }
        if world.barrier.declared() != 0 {
            return wrong("still declared", world.barrier.declared());
        }
        world.works(stage)
    }
}
