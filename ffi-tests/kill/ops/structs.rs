//! Structs: stored, changed, read; and those of an array.

use std::time::Duration;

use courtyard::{ErrorKind, Lock, Scope, Struct, StructArray, Timeout, Yard};

use super::common::{BRIEF, SOON, is_gone, turn, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{CHOSEN, Operation, Point, Points};
use crate::stage::Stage;
use crate::watch::Watch;

const OLD: Data = [0x1111; 5];
const NEW: Data = [0x2222; 5];

type Data = [u64; 5];

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![
        Box::new(Change { name: "struct set", change: |w| w.it.set(NEW, Timeout::Forever).unwrap() }),
        Box::new(Change {
            name: "struct update",
            change: |w| {
                w.it.update(Timeout::Forever, |value| value.iter_mut().for_each(|n| *n += 0x1111)).unwrap();
            },
        }),
        Box::new(Change {
            name: "struct set behind a dead writer",
            change: |w| w.it.set(NEW, Timeout::Forever).unwrap(),
        }),
        Box::new(Read),
        Box::new(Element {
            name: "struct array set",
            change: |all| all.set(1, NEW, Timeout::Forever).unwrap(),
        }),
        Box::new(Element {
            name: "struct array update",
            change: |all| all.update(1, Timeout::Forever, |value| *value = NEW).unwrap(),
        }),
    ]
}

/// A yard with one struct, and a lock with which threads register.
pub(crate) struct World {
    yard: Yard,
    it: Struct<Data>,
}

fn world() -> World {
    let yard = yard(8);
    let it = Struct::create(&yard, "struct").unwrap();
    it.set(OLD, SOON).unwrap();
    yard.detach_thread();
    World { yard, it }
}

fn register(yard: &Yard) {
    turn(&Lock::open_or_create(yard, "registers", Scope::Thread).unwrap()).unwrap();
}

/// What a second reader finds, in a process of its own: at once, whoever holds the writers' lock.
fn read_by_another(
    stage: &mut Stage,
    last: bool,
    get: impl FnOnce() -> courtyard::Result<Data>,
) -> Result<(), String> {
    let reader = stage.role("second reader", |_| match get() {
        Ok(NEW) => Ok(()),
        Ok(OLD) if !last => Ok(()),
        value => wrong("the struct", value),
    });
    stage.finish(reader, SOON).map(drop)
}

/// A second writer, in a process of its own, stores what is there: at once, unless the first one lives.
fn write_by_another(
    stage: &mut Stage,
    point: &Point,
    update: impl FnOnce(Duration) -> courtyard::Result<()>,
) -> Result<(), String> {
    let gone = is_gone(point.moment);
    let writer = stage.role("second writer", |_| match update(if gone { SOON } else { BRIEF }) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == ErrorKind::Timeout && !gone => Ok(()),
        Err(e) => wrong("a writer behind a dead one", e),
    });
    stage.finish(writer, SOON).map(drop)
}

/// One change of a struct, beside a second reader and a second writer.
struct Change {
    name: &'static str,
    change: fn(&World),
}

impl Operation for Change {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn points(&self) -> Points {
        if Operation::steady(self) { Points::Every } else { CHOSEN }
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world.yard)
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let world = world();
        if self.name.ends_with("dead writer") {
            let killed = stage.role("dead writer", |_| {
                let _ = world.it.update(SOON, |value| {
                    *value = [3; 5];
                    // SAFETY: ends this process, in the middle of the change.
                    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
                });
                Ok(())
            });
            assert!(stage.finish(killed, SOON).is_err());
        }
        world
    }

    fn prepare(&self, world: &World) {
        register(&world.yard);
    }

    fn act(&self, world: &World, (): &mut ()) {
        (self.change)(world);
    }

    fn steady(&self) -> bool {
        !self.name.ends_with("dead writer")
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        read_by_another(stage, point.last, || world.it.get_within(Timeout::Try))?;
        write_by_another(stage, point, |wait| world.it.update(wait, |_| ()))?;
        read_by_another(stage, point.last, || world.it.get_within(Timeout::Try))
    }
}

/// Reading a struct: whoever dies at it changes nothing.
struct Read;

impl Operation for Read {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "struct get"
    }

    fn setup(&self, _: &mut Stage) -> World {
        world()
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        assert_eq!(world.it.get(), Ok(OLD));
    }

    fn check(&self, world: &mut World, stage: &mut Stage, _: &Point) -> Result<(), String> {
        let version = world.it.version();
        read_by_another(stage, false, || world.it.get_within(Timeout::Try))?;
        // Nobody holds anything: a writer need not wait.
        let writer = stage
            .role("second writer", |_| world.it.update(Timeout::Try, |_| ()).map_err(|e| format!("{e:?}")));
        stage.finish(writer, SOON)?;
        if world.it.version() == version + 1 { Ok(()) } else { wrong("the version", world.it.version()) }
    }
}

/// One change of one of an array's structs.
struct Element {
    name: &'static str,
    change: fn(&StructArray<Data>),
}

pub(crate) struct Elements {
    yard: Yard,
    all: StructArray<Data>,
}

impl Operation for Element {
    type World = Elements;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn setup(&self, _: &mut Stage) -> Elements {
        let yard = yard(8);
        let all = StructArray::create(&yard, "structs", 3).unwrap();
        (0..3).for_each(|i| all.set(i, OLD, SOON).unwrap());
        yard.detach_thread();
        Elements { yard, all }
    }

    fn prepare(&self, world: &Elements) {
        register(&world.yard);
    }

    fn act(&self, world: &Elements, (): &mut ()) {
        (self.change)(&world.all);
    }

    fn check(&self, world: &mut Elements, stage: &mut Stage, point: &Point) -> Result<(), String> {
        read_by_another(stage, point.last, || world.all.get_within(1, Timeout::Try))?;
        write_by_another(stage, point, |wait| world.all.update(1, wait, |_| ()))?;
        // The neighbours are free all the time.
        [0, 2].iter().try_for_each(|i| match world.all.swap(*i, OLD, Timeout::Try) {
            Ok(OLD) => Ok(()),
            value => wrong("a neighbour", value),
        })
    }
}
