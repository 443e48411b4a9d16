//! Conditions: waiting with each kind of lock, notifying.
//!
//! What is conserved: notifications. One that went to a waiter that dies before it has the lock again is the next one's;
//! no more are notified than were asked for.

use courtyard::{Condition, Lock, RLock, Scope, Timeout, Yard};

use super::common::{BRIEF, SOON, is_gone, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{ALL, CHOSEN, Mode, Moment, Operation, Point, Points};
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![
        Box::new(Notified { name: "condition wait with a lock", kind: Kind::Lock(Scope::Thread) }),
        Box::new(Notified {
            name: "condition wait with a lock of a process",
            kind: Kind::Lock(Scope::Process),
        }),
        Box::new(Notified { name: "condition wait with a lock of anyone", kind: Kind::Lock(Scope::Anyone) }),
        Box::new(Notified { name: "condition wait with a re-entrant lock", kind: Kind::RLock }),
        Box::new(GivingUp),
        Box::new(Notify { name: "condition notify with three waiters", count: 2 }),
        Box::new(Notify { name: "condition notify all", count: 3 }),
    ]
}

/// Which lock it is used with.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Lock(Scope),
    RLock,
}

/// A lock of either kind.
enum Door {
    Lock(Lock),
    RLock(RLock),
}

impl Door {
    /// Takes the lock, a re-entrant one twice; whether an owner died.
    fn enter(&self, timeout: impl Into<Timeout>) -> Result<bool, String> {
        let timeout = timeout.into();
        let news = match self {
            Door::Lock(lock) => lock.acquire_unguarded(timeout),
            Door::RLock(lock) => lock
                .acquire_unguarded(timeout)
                .and_then(|news| lock.acquire_unguarded(timeout).map(|again| news.or(again))),
        };
        news.map(|news| news.is_some()).map_err(|e| format!("the lock was not to be had: {e:?}"))
    }

    /// Gives it back, however often it was taken.
    fn leave(&self) -> Result<(), String> {
        let left = match self {
            Door::Lock(lock) => lock.release(),
            Door::RLock(lock) => lock.release().and_then(|()| lock.release()),
        };
        left.map_err(|e| format!("the lock was not to be released: {e:?}"))
    }

    /// Waits, and holds it again.
    fn wait(&self, condition: &Condition, timeout: Timeout) -> Result<bool, String> {
        let waited = match self {
            Door::Lock(lock) => condition.wait(lock, timeout),
            Door::RLock(lock) => condition.wait(lock, timeout),
        };
        waited.map(|waited| waited.notified()).map_err(|e| format!("the wait: {e:?}"))
    }

    /// Waits as a role does, from outside to outside.
    fn pass(&self, condition: &Condition) -> Result<(), String> {
        self.enter(Timeout::Forever)?;
        match self.wait(condition, Timeout::Forever)? {
            true => self.leave(),
            false => wrong("a wait without limit", "not notified"),
        }
    }
}

/// A yard with a condition and a lock.
pub(crate) struct World {
    yard: Yard,
    door: Door,
    condition: Condition,
}

fn world(kind: Kind) -> World {
    let yard = yard(8);
    let door = match kind {
        Kind::Lock(scope) => Door::Lock(Lock::create(&yard, "lock", scope).unwrap()),
        Kind::RLock => Door::RLock(RLock::create(&yard, "lock").unwrap()),
    };
    let condition = Condition::create(&yard, "condition").unwrap();
    World { yard, door, condition }
}

/// A victim that waits, and one that begins to wait after it.
pub(crate) struct Queue {
    world: World,
    next: RoleId,
    told: bool,
}

impl Queue {
    /// Brings the next waiter to sleep behind the victim, and notifies one.
    fn feed(&mut self, stage: &Stage) -> Option<u32> {
        if std::mem::replace(&mut self.told, true) {
            return None;
        }
        stage.part(self.next).tell();
        stage.part(self.next).until_asleep();
        Some(self.world.condition.notify(1))
    }
}

/// A wait that ends with a notification; the lock is held before and after it.
struct Notified {
    name: &'static str,
    kind: Kind,
}

impl Operation for Notified {
    type World = Queue;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn modes(&self) -> &'static [Mode] {
        match self.kind {
            Kind::Lock(Scope::Thread) | Kind::RLock => ALL,
            // What a process holds it holds when the thread has ended.
            Kind::Lock(_) => &[Mode::Kill, Mode::Stop],
        }
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, queue: &Queue) -> Watch {
        watch(&queue.world.yard)
    }

    fn steady(&self) -> bool {
        false
    }

    fn sleeps(&self) -> bool {
        true
    }

    fn setup(&self, stage: &mut Stage) -> Queue {
        let world = world(self.kind);
        let next = stage.role("next waiter", |part| {
            part.until_told();
            part.waiting();
            world.door.pass(&world.condition)
        });
        Queue { world, next, told: false }
    }

    fn prepare(&self, queue: &Queue) {
        queue.world.door.enter(Timeout::Forever).unwrap();
    }

    fn act(&self, queue: &Queue, (): &mut ()) {
        assert!(queue.world.door.wait(&queue.world.condition, Timeout::Forever).unwrap());
    }

    fn finish(&self, queue: &Queue, (): &mut ()) -> Result<(), String> {
        queue.world.door.leave()
    }

    fn release(&self, queue: &mut Queue, stage: &mut Stage) {
        queue.feed(stage);
    }

    fn check(&self, queue: &mut Queue, stage: &mut Stage, point: &Point) -> Result<(), String> {
        let door = &queue.world.door;
        if point.moment == Moment::Stopped {
            // It holds the lock, or will take it: the others may have it meanwhile, and lose nothing.
            return match door.enter(BRIEF) {
                Ok(true) => wrong("a living owner was called dead", ()),
                Ok(false) => door.leave(),
                Err(_) => Ok(()),
            };
        }
        let gone = is_gone(point.moment);
        let died_with_the_lock = door.enter(SOON)?;
        door.leave()?;
        if let Some(notified) = queue.feed(stage) {
            // The victim does not wait any more; the one who does is notified.
            if notified != 1 {
                return wrong("notified", notified);
            }
        } else if !gone || died_with_the_lock {
            // The victim had its notification; the other one may wait still.
            queue.world.condition.notify(1);
        }
        stage.finish(queue.next, SOON)?;
        match queue.world.condition.waiters() {
            0 => Ok(()),
            left => wrong("still waiting", left),
        }
    }
}

/// A wait that gives up at once, with the lock held before and after it.
struct GivingUp;

impl Operation for GivingUp {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "condition wait, giving up at once"
    }

    fn setup(&self, _: &mut Stage) -> World {
        world(Kind::Lock(Scope::Thread))
    }

    fn prepare(&self, world: &World) {
        world.door.enter(Timeout::Forever).unwrap();
        assert!(!world.door.wait(&world.condition, Timeout::Try).unwrap()); // the first one is longer
    }

    fn act(&self, world: &World, (): &mut ()) {
        assert!(!world.door.wait(&world.condition, Timeout::Try).unwrap());
    }

    fn finish(&self, world: &World, (): &mut ()) -> Result<(), String> {
        world.door.leave()
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return match world.door.enter(BRIEF) {
                Ok(true) => wrong("a living owner was called dead", ()),
                Ok(false) => world.door.leave(),
                Err(_) => Ok(()),
            };
        }
        world.door.enter(SOON)?;
        world.door.leave()?;
        match (world.condition.waiters(), world.condition.notify(1)) {
            (0, 0) => Ok(()),
            found => wrong("waiting and notified", found),
        }
    }
}

/// Three waiters, in the order in which they began.
pub(crate) struct Crowd {
    world: World,
    waiters: [RoleId; 3],
}

/// Notifying some of three waiters, without the lock.
struct Notify {
    name: &'static str,
    count: u32,
}

impl Operation for Notify {
    type World = Crowd;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn steady(&self) -> bool {
        false
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, crowd: &Crowd) -> Watch {
        watch(&crowd.world.yard)
    }

    fn setup(&self, stage: &mut Stage) -> Crowd {
        let world = world(Kind::Lock(Scope::Thread));
        let mut waiter = |name, before| {
            let id = stage.role(name, |part| {
                part.waiting();
                world.door.pass(&world.condition)
            });
            while world.condition.waiters() == before {
                std::thread::yield_now();
            }
            stage.part(id).until_asleep();
            id
        };
        let waiters = [waiter("first waiter", 0), waiter("second waiter", 1), waiter("third waiter", 2)];
        Crowd { world, waiters }
    }

    fn prepare(&self, crowd: &Crowd) {
        // Registers, so that its death is heard of.
        crowd.world.door.enter(Timeout::Forever).unwrap();
        crowd.world.door.leave().unwrap();
    }

    fn act(&self, crowd: &Crowd, (): &mut ()) {
        assert_eq!(crowd.world.condition.notify(self.count), self.count);
    }

    fn check(&self, crowd: &mut Crowd, stage: &mut Stage, point: &Point) -> Result<(), String> {
        let condition = &crowd.world.condition;
        let done = point.last || point.moment == Moment::Finished;
        let left = condition.waiters();
        let meant = 3 - self.count;
        if left < meant || done && left != meant {
            return wrong("left waiting", left);
        }
        if point.moment == Moment::Stopped {
            // It will notify the rest itself. Who is notified already does not wait for that.
            let notified = &crowd.waiters[..3 - left as usize];
            return notified.iter().try_for_each(|waiter| stage.finish(*waiter, SOON).map(drop));
        }
        if left > meant && condition.notify(left - meant) != left - meant {
            return wrong("notified besides", left - meant);
        }
        for waiter in &crowd.waiters[..self.count as usize] {
            stage.finish(*waiter, SOON)?;
        }
        match condition.waiters() {
            still if still == meant => Ok(()),
            still => wrong("still waiting", still),
        }
    }
}
