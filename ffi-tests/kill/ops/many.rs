//! Waiting for many: beside those who wait for one, at the bell, and for members.

use courtyard::{
    Connection, ErrorKind, Event, EventOptions, LifoOptions, LifoQueue, Member, Notifier, Options, Pipe,
    PipeEnd, PipeOptions, Queue, QueueOptions, Semaphore, SemaphoreOptions, Timeout, Waitable, Writable,
    Yard, wait_any,
};

#[cfg(feature = "async")]
use super::common::poll_once;
use super::common::{BRIEF, SOON, kind, pin, watch, wrong};
use crate::engine::Trial;
use crate::operation::{ALL, CHOSEN, Moment, Operation, Point, Points};
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![
        Box::new(WaitBesideOne { name: "wait for many beside one who waits for one", more: 0 }),
        Box::new(WaitBesideOne { name: "wait for many at the bell", more: 20 }),
        Box::new(Ring),
        Box::new(AwaitMember),
        Box::new(WaitAmong { name: "wait for many on a pipe", thing: Thing::Pipe }),
        Box::new(WaitAmong { name: "wait for many on a queue", thing: Thing::Queue }),
        Box::new(WaitAmong { name: "wait for many on a stack", thing: Thing::Lifo }),
        Box::new(WaitAmong { name: "wait for many on room in a queue", thing: Thing::Room(0) }),
        Box::new(WaitAmong { name: "wait for many on room in a stack", thing: Thing::Room(1) }),
        Box::new(Notify { name: "notifier clear", act: |_, notifier| notifier[0].clear().unwrap() }),
        Box::new(Notify {
            name: "notifier create",
            act: |world, notifiers| notifiers.push(world.semaphores[0].notifier().unwrap()),
        }),
        #[cfg(feature = "async")]
        Box::new(Notify {
            name: "wait for one, a future",
            act: |world, _| assert!(poll_once(world.semaphores[0].acquire_async()).is_pending()),
        }),
    ]
}

/// Two semaphores, as many events that are never set, and the others who wait.
pub(crate) struct World {
    yard: Yard,
    semaphores: [Semaphore; 2],
    events: Vec<Event>,
    waiters: Vec<RoleId>,
    fed: bool,
}

fn world(more: usize) -> World {
    pin();
    let yard = Options::new().size(1 << 16).slots(8).objects(32).anonymous().unwrap();
    let semaphore = |name: &str| Semaphore::create(&yard, name, SemaphoreOptions::default()).unwrap();
    let semaphores = [semaphore("first"), semaphore("second")];
    let event = |i| Event::create(&yard, &format!("event-{i}"), EventOptions::default()).unwrap();
    let events = (0..more).map(event).collect();
    World { yard, semaphores, events, waiters: Vec::new(), fed: false }
}

impl World {
    fn wait(&self, timeout: impl Into<Timeout>) -> courtyard::Result<usize> {
        let mut all: Vec<&dyn Waitable> = vec![&self.semaphores[0], &self.semaphores[1]];
        all.extend(self.events.iter().map(|event| event as &dyn Waitable));
        wait_any(&all, timeout)
    }

    /// One permit for who waits for the first alone, another one in the second for all who wait for many.
    fn feed(&mut self) {
        if !std::mem::replace(&mut self.fed, true) {
            self.semaphores[0].release(1).unwrap();
            self.semaphores[1].release(1).unwrap();
        }
    }
}

/// Waiting for either of two permits beside one who waits for the first alone and another one who waits for both.
struct WaitBesideOne {
    name: &'static str,
    more: usize,
}

impl Operation for WaitBesideOne {
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

    fn sleeps(&self) -> bool {
        true
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let mut world = world(self.more);
        let single = stage.role("single waiter", |part| {
            part.waiting();
            world.semaphores[0].acquire(Timeout::Forever).map_err(|e| format!("{e:?}"))
        });
        let many = stage.role("other waiter of many", |part| {
            part.waiting();
            world.wait(Timeout::Forever).map(drop).map_err(|e| format!("{e:?}"))
        });
        [single, many].iter().for_each(|id| stage.part(*id).until_asleep());
        world.waiters = vec![single, many];
        world
    }

    fn prepare(&self, world: &World) {
        assert_eq!(kind(world.wait(BRIEF)), Some(ErrorKind::Timeout)); // registers
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.wait(Timeout::Forever).unwrap();
    }

    fn release(&self, world: &mut World, _: &mut Stage) {
        world.feed();
    }

    fn check(&self, world: &mut World, stage: &mut Stage, _: &Point) -> Result<(), String> {
        world.feed();
        world.waiters.iter().try_for_each(|id| stage.finish(*id, SOON).map(drop))?;
        // Nothing was taken but by who waited for one.
        match [world.semaphores[0].value(), world.semaphores[1].value()] {
            [0, 1] => Ok(()),
            values => wrong("permits left", values),
        }
    }
}

/// Setting an event for which one waits alone, and one among many, at the bell.
struct Ring;

impl Operation for Ring {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "event set with a waiter at the bell"
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let mut world = world(20);
        let many = stage.role("waiter at the bell", |part| {
            part.waiting();
            world.wait(Timeout::Forever).map(drop).map_err(|e| format!("{e:?}"))
        });
        let single = stage.role("single waiter", |part| {
            part.waiting();
            world.events[7].wait(Timeout::Forever).map_err(|e| format!("{e:?}"))
        });
        [many, single].iter().for_each(|id| stage.part(*id).until_asleep());
        world.waiters = vec![many, single];
        world
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.events[7].set();
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        // A set that is there lets both go on, also if its wake or its ring never came.
        if !world.events[7].is_set() {
            if point.last || point.moment == Moment::Finished {
                return wrong("a set that is not there", &world.events[7]);
            }
            world.events[7].set();
        }
        world.waiters.iter().try_for_each(|id| stage.finish(*id, SOON).map(drop))
    }
}

/// A member, another one who waits for it, and what lets it go.
pub(crate) struct Watched {
    yard: Yard,
    go: Event,
    member: Member,
    waiter: RoleId,
}

/// Waiting for a member beside another one.
struct AwaitMember;

impl Operation for AwaitMember {
    type World = Watched;
    type Actor = ();

    fn name(&self) -> &'static str {
        "member wait beside another"
    }

    fn modes(&self) -> &'static [crate::operation::Mode] {
        ALL
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, watched: &Watched) -> Watch {
        watch(&watched.yard)
    }

    fn steady(&self) -> bool {
        false
    }

    fn sleeps(&self) -> bool {
        true
    }

    fn setup(&self, stage: &mut Stage) -> Watched {
        let World { yard, .. } = world(0);
        let go = Event::create(&yard, "go", EventOptions::default()).unwrap();
        let peer = stage.role("member", |part| {
            part.waiting();
            go.wait(Timeout::Forever).map_err(|e| format!("{e:?}"))
        });
        stage.part(peer).until_asleep();
        let member = yard.members().into_iter().find(|member| !member.is_me()).unwrap();
        let waiter = stage.role("other waiter", |part| {
            part.waiting();
            member.wait(Timeout::Forever).map_err(|e| format!("{e:?}"))
        });
        stage.part(waiter).until_asleep();
        Watched { yard, go, member, waiter }
    }

    fn prepare(&self, watched: &Watched) {
        assert_eq!(kind(watched.member.wait(BRIEF)), Some(ErrorKind::Timeout)); // registers
    }

    fn act(&self, watched: &Watched, (): &mut ()) {
        watched.member.wait(Timeout::Forever).unwrap();
    }

    fn release(&self, watched: &mut Watched, _: &mut Stage) {
        watched.go.set();
    }

    fn check(&self, watched: &mut Watched, stage: &mut Stage, _: &Point) -> Result<(), String> {
        watched.go.set();
        stage.finish(watched.waiter, SOON)?;
        if watched.member.is_alive() {
            wrong("a member that is gone and here", &watched.member)
        } else {
            Ok(())
        }
    }
}

/// What is waited for beside an event that never comes.
#[derive(Clone, Copy)]
enum Thing {
    Pipe,
    Queue,
    Lifo,
    /// In the queue or the stack, which are full then.
    Room(usize),
}

pub(crate) struct Things {
    yard: Yard,
    never: Event,
    ends: [Connection; 2],
    queue: Queue,
    lifo: LifoQueue,
    rooms: [Writable; 2],
    waiter: Option<RoleId>,
    are_full: bool,
    fed: bool,
}

impl Things {
    fn new(are_full: bool) -> Things {
        pin();
        let yard = Options::new().size(1 << 17).slots(8).objects(16).anonymous().unwrap();
        let pipe = Pipe::create(&yard, "pipe", PipeOptions { capacity: 256, duplex: true }).unwrap();
        let queue = QueueOptions { capacity: 4, ..QueueOptions::default() };
        let lifo = LifoOptions { capacity: 4, max_len: 8 };
        let ends = PipeEnd::ALL.map(|end| pipe.end(end).unwrap());
        let queue = Queue::create(&yard, "queue", queue).unwrap();
        let lifo = LifoQueue::create(&yard, "lifo", lifo).unwrap();
        let rooms = [queue.writable(), lifo.writable()];
        if are_full {
            (0..4).for_each(|_| queue.try_put(b"x").unwrap());
            (0..4).for_each(|_| lifo.try_put(b"x").unwrap());
        }
        let never = Event::create(&yard, "never", EventOptions::default()).unwrap();
        Things { never, ends, queue, lifo, rooms, yard, waiter: None, are_full, fed: false }
    }

    fn wait(&self, thing: Thing, timeout: impl Into<Timeout>) -> courtyard::Result<usize> {
        let thing: &dyn Waitable = match thing {
            Thing::Pipe => &self.ends[0],
            Thing::Queue => &self.queue,
            Thing::Lifo => &self.lifo,
            Thing::Room(of) => &self.rooms[of],
        };
        wait_any(&[&self.never, thing], timeout)
    }

    /// One message in each, or, if they are full, room.
    fn feed(&mut self) {
        if std::mem::replace(&mut self.fed, true) {
            return;
        }
        if self.are_full {
            self.queue.try_get(&mut [0; 8]).unwrap();
            self.lifo.try_get(&mut [0; 8]).unwrap();
        } else {
            self.ends[1].try_send(b"x").unwrap();
            self.queue.try_put(b"x").unwrap();
            self.lifo.try_put(b"x").unwrap();
        }
    }

    fn is_fed_once(&self) -> bool {
        if self.are_full {
            return self.queue.len() == 3 && self.lifo.len() == 3;
        }
        self.ends[0].next_len(Timeout::Try) == Ok(1) && self.queue.len() == 1 && self.lifo.len() == 1
    }
}

/// Waiting for a message, or for room, in one of several, beside another one who does too.
struct WaitAmong {
    name: &'static str,
    thing: Thing,
}

impl Operation for WaitAmong {
    type World = Things;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, things: &Things) -> Watch {
        watch(&things.yard)
    }

    fn steady(&self) -> bool {
        false
    }

    fn sleeps(&self) -> bool {
        true
    }

    fn setup(&self, stage: &mut Stage) -> Things {
        let mut things = Things::new(matches!(self.thing, Thing::Room(_)));
        let other = stage.role("other waiter of many", |part| {
            part.waiting();
            things.wait(self.thing, Timeout::Forever).map(drop).map_err(|e| format!("{e:?}"))
        });
        stage.part(other).until_asleep();
        things.waiter = Some(other);
        things
    }

    fn prepare(&self, things: &Things) {
        assert_eq!(kind(things.wait(self.thing, BRIEF)), Some(ErrorKind::Timeout)); // registers
    }

    fn act(&self, things: &Things, (): &mut ()) {
        assert_eq!(things.wait(self.thing, Timeout::Forever), Ok(1));
    }

    fn release(&self, things: &mut Things, _: &mut Stage) {
        things.feed();
    }

    fn check(&self, things: &mut Things, stage: &mut Stage, _: &Point) -> Result<(), String> {
        things.feed();
        things.waiter.iter().try_for_each(|id| stage.finish(*id, SOON).map(drop))?;
        // Nothing was taken, nor put.
        if things.is_fed_once() { Ok(()) } else { wrong("what is left", (&things.queue, &things.lifo)) }
    }
}

/// Asking to be told by a descriptor, of what one waits for alone and another one among others.
struct Notify {
    name: &'static str,
    act: fn(&World, &mut Vec<Notifier>),
}

impl Operation for Notify {
    type World = World;
    type Actor = Vec<Notifier>;

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
        let mut world = world(0);
        let single = stage.role("single waiter", |part| {
            part.waiting();
            world.semaphores[0].acquire(Timeout::Forever).map_err(|e| format!("{e:?}"))
        });
        let many = stage.role("waiter of many", |part| {
            part.waiting();
            world.wait(Timeout::Forever).map(drop).map_err(|e| format!("{e:?}"))
        });
        [single, many].iter().for_each(|id| stage.part(*id).until_asleep());
        world.waiters = vec![single, many];
        world
    }

    fn prepare(&self, world: &World) -> Vec<Notifier> {
        vec![world.semaphores[0].notifier().unwrap()] // its thread runs
    }

    fn act(&self, world: &World, notifiers: &mut Vec<Notifier>) {
        (self.act)(world, notifiers);
    }

    fn check(&self, world: &mut World, stage: &mut Stage, _: &Point) -> Result<(), String> {
        world.feed();
        world.waiters.iter().try_for_each(|id| stage.finish(*id, SOON).map(drop))?;
        match [world.semaphores[0].value(), world.semaphores[1].value()] {
            [0, 1] => Ok(()),
            values => wrong("permits left", values),
        }
    }
}
