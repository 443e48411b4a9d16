//! Arrays of numbers: stored, combined, written in runs.

use courtyard::{Array, ArrayOptions, Op, Yard};

use super::common::{wrong, yard};
use crate::engine::Trial;
use crate::operation::{Operation, Point};
use crate::stage::Stage;

const OLD: u32 = 0x1111_1111;
const NEW: u32 = 0x2222_2222;
const LEN: usize = 8;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![
        Box::new(Change { name: "array set", run: 3..4, change: |a| a.set(3, NEW).unwrap() }),
        Box::new(Change {
            name: "array fetch",
            run: 3..4,
            change: |a| assert_eq!(a.fetch(Op::Add, 3, NEW - OLD), Ok(OLD)),
        }),
        Box::new(Change {
            name: "array fetch in a loop",
            run: 3..4,
            change: |a| assert_eq!(a.fetch_max(3, NEW), Ok(OLD)),
        }),
        Box::new(Change {
            name: "array compare exchange",
            run: 3..4,
            change: |a| assert_eq!(a.compare_exchange(3, OLD, NEW), Ok(Ok(OLD))),
        }),
        Box::new(Change {
            name: "array write slice",
            run: 2..7,
            change: |a| a.write_slice(2, &[NEW; 5]).unwrap(),
        }),
        Box::new(Change { name: "array fill", run: 1..8, change: |a| a.fill(1.., NEW).unwrap() }),
    ]
}

/// One change of a run of elements, which begins at its first one.
struct Change {
    name: &'static str,
    run: std::ops::Range<usize>,
    change: fn(&Array<u32>),
}

pub(crate) struct World {
    _yard: Yard,
    array: Array<u32>,
}

impl Operation for Change {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn setup(&self, _: &mut Stage) -> World {
        let yard = yard(2);
        let array = Array::create(&yard, "array", LEN, ArrayOptions::default()).unwrap();
        array.fill(.., OLD).unwrap();
        World { _yard: yard, array }
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        (self.change)(&world.array);
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        let reader = stage.role("second reader", |_| {
            let all = world.array.to_vec();
            let (run, others) =
                (&all[self.run.clone()], [&all[..self.run.start], &all[self.run.end..]].concat());
            let new = run.iter().take_while(|n| **n == NEW).count();
            let whole = run[new..].iter().chain(&others).all(|n| *n == OLD);
            if whole && (new == run.len() || !point.last) { Ok(()) } else { wrong("the array", &all) }
        });
        stage.finish(reader, super::common::SOON).map(drop)
    }
}
