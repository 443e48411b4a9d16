//! Arrays of numbers: stored, combined, written in runs.

use courtyard::{Array, ArrayOptions, ErrorKind, News, Op, RLock, Timeout, Yard};

use super::common::{BRIEF, SOON, is_gone, wrong, yard};
use crate::engine::Trial;
use crate::operation::{Moment, Operation, Point};
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
        Box::new(OwnLock {
            name: "array lock",
            held: false,
            step: |l| assert_eq!(l.acquire_unguarded(Timeout::Forever), Ok(None)),
        }),
        Box::new(OwnLock { name: "array unlock", held: true, step: |l| l.release().unwrap() }),
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
        stage.finish(reader, SOON).map(drop)
    }
}

/// A step of an array's own lock.
struct OwnLock {
    name: &'static str,
    held: bool,
    step: fn(&RLock),
}

impl Operation for OwnLock {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn setup(&self, _: &mut Stage) -> World {
        let yard = yard(8);
        let array = Array::create(&yard, "array", LEN, ArrayOptions { lock: true }).unwrap();
        array.fill(.., OLD).unwrap();
        World { _yard: yard, array }
    }

    fn prepare(&self, world: &World) {
        let lock = world.array.lock().unwrap();
        lock.acquire_unguarded(SOON).unwrap();
        if !self.held {
            lock.release().unwrap();
        }
    }

    fn act(&self, world: &World, (): &mut ()) {
        (self.step)(world.array.lock().unwrap());
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let (lock, gone) = (world.array.lock().unwrap(), is_gone(point.moment));
        if world.array.to_vec() != [OLD; LEN] {
            return wrong("the elements", &world.array);
        }
        // Whether the lock is the victim's when all is done.
        let kept = !self.held;
        match lock.acquire_unguarded(if gone { SOON } else { BRIEF }) {
            Err(e)
                if e.kind() == ErrorKind::Timeout && !gone && (kept || point.moment == Moment::Stopped) =>
            {
                return Ok(());
            }
            Ok(None) if point.moment == Moment::Finished && kept => {
                return wrong("an owner was robbed", point);
            }
            Ok(None) if gone && point.last && kept => return wrong("a death was not told", point),
            Ok(Some(News::OwnerDied)) if gone && (kept || !point.last) => {}
            Ok(None) => {}
            other => return wrong("the lock", other),
        }
        lock.release().map_err(|e| format!("{e:?}"))
    }
}
