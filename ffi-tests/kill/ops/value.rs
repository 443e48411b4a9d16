//! Values: set and combined.

use courtyard::{Op, Value, Yard};

use super::common::{wrong, yard};
use crate::engine::Trial;
use crate::operation::{Operation, Point};
use crate::stage::Stage;

const OLD: u64 = 0x1111_1111_1111_1111;
const NEW: u64 = 0x2222_2222_2222_2222;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![
        Box::new(Change { name: "value set", new: NEW, change: |v| v.set(NEW) }),
        Box::new(Change { name: "value fetch", new: OLD + 1, change: |v| drop(v.fetch(Op::Add, 1)) }),
        Box::new(Change { name: "value fetch in a loop", new: NEW, change: |v| drop(v.fetch_max(NEW)) }),
        Box::new(Change {
            name: "value compare exchange",
            new: NEW,
            change: |v| drop(v.compare_exchange(OLD, NEW)),
        }),
    ]
}

/// One change of a value.
struct Change {
    name: &'static str,
    new: u64,
    change: fn(&Value<u64>),
}

pub(crate) struct World {
    _yard: Yard,
    value: Value<u64>,
}

impl Operation for Change {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn setup(&self, _: &mut Stage) -> World {
        let yard = yard(2);
        let value = Value::create(&yard, "value").unwrap();
        value.set(OLD);
        World { _yard: yard, value }
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        (self.change)(&world.value);
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        match world.value.get() {
            value if value == self.new => Ok(()),
            OLD if !point.last => Ok(()),
            value => wrong("the value", format!("{value:#x}")),
        }
    }
}
