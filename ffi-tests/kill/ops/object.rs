//! Making and finding objects.

use courtyard::{
    Array, ArrayOptions, Barrier, BlockClass, Blocks, BlocksOptions, Condition, ErrorKind, Event,
    EventOptions, LifoOptions, LifoQueue, Lock, Permits, Pipe, PipeOptions, PriorityOptions, PriorityQueue,
    Queue, QueueOptions, RLock, Ring, RingOptions, RwLock, RwLockOptions, Scope, Semaphore, SemaphoreOptions,
    Struct, StructArray, Value, Yard,
};

use super::common::{kind, turn, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{CHOSEN, Mode, Moment, Operation, Point, Points};
use crate::stage::Stage;
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![
        Box::new(Make {
            name: "lock create",
            make: |y| drop(Lock::create(y, "new", Scope::Thread).unwrap()),
        }),
        Box::new(Make { name: "rlock create", make: |y| drop(RLock::create(y, "new").unwrap()) }),
        Box::new(Make {
            name: "rwlock create",
            make: |y| {
                let options = RwLockOptions { readers: Some(9) };
                assert_eq!(RwLock::create(y, "new", options).unwrap().readers_max(), 9);
            },
        }),
        Box::new(Make {
            name: "semaphore create",
            make: |y| {
                let options = SemaphoreOptions { initial: 2, maximum: Some(3) };
                assert_eq!(Semaphore::create(y, "new", options).unwrap().value(), 2);
            },
        }),
        Box::new(Make {
            name: "permits create",
            make: |y| assert_eq!(Permits::create(y, "new", 4).unwrap().available(), 4),
        }),
        Box::new(Make {
            name: "event create",
            make: |y| {
                let options = EventOptions { initially_set: true, auto_reset: false };
                assert!(Event::create(y, "new", options).unwrap().is_set());
            },
        }),
        Box::new(Make {
            name: "condition create",
            make: |y| assert_eq!(Condition::create(y, "new").unwrap().waiters(), 0),
        }),
        Box::new(Make {
            name: "barrier create",
            make: |y| assert_eq!(Barrier::create(y, "new", 3).unwrap().parties(), 3),
        }),
        Box::new(Make {
            name: "blocks create",
            make: |y| {
                let classes = vec![BlockClass { size: 64, count: 8 }];
                let options = BlocksOptions { bytes: 0, classes };
                assert_eq!(Blocks::create(y, "new", &options).unwrap().owned(), 0);
            },
        }),
        Box::new(Make {
            name: "queue create",
            make: |y| {
                let options = QueueOptions {
                    capacity: 9,
                    inline_max: 112,
                    block_bytes: 4096,
                    unacked: 5,
                    ..QueueOptions::default()
                };
                assert_eq!(Queue::create(y, "new", options).unwrap().len(), 0);
            },
        }),
        Box::new(Make { name: "value create", make: |y| drop(Value::<u64>::create(y, "new").unwrap()) }),
        Box::new(Make {
            name: "struct create",
            make: |y| drop(Struct::<[u64; 9]>::create(y, "new").unwrap()),
        }),
        Box::new(Make {
            name: "array create",
            make: |y| drop(Array::<u16>::create(y, "new", 99, ArrayOptions::default()).unwrap()),
        }),
        Box::new(Make {
            name: "struct array create",
            make: |y| drop(StructArray::<[u32; 3]>::create(y, "new", 5).unwrap()),
        }),
        Box::new(Make {
            name: "lifo create",
            make: |y| {
                let options = LifoOptions { capacity: 3, max_len: 5 };
                assert_eq!(LifoQueue::create(y, "new", options).unwrap().len(), 0);
            },
        }),
        Box::new(Make {
            name: "priority create",
            make: |y| {
                let options = PriorityOptions { capacity: 3, max_len: 5 };
                assert_eq!(PriorityQueue::create(y, "new", options).unwrap().len(), 0);
            },
        }),
        Box::new(Make {
            name: "pipe create",
            make: |y| drop(Pipe::create(y, "new", PipeOptions { capacity: 1024, duplex: true }).unwrap()),
        }),
        Box::new(Make {
            name: "ring create",
            make: |y| drop(Ring::create(y, "new", RingOptions { capacity: 1024, spin_only: false }).unwrap()),
        }),
    ]
}

/// Making an object beside one that is there.
struct Make {
    name: &'static str,
    make: fn(&Yard),
}

impl Operation for Make {
    type World = Yard;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn setup(&self, _: &mut Stage) -> Yard {
        let yard = yard(8);
        let old = Value::<u64>::create(&yard, "old").unwrap();
        old.set(7);
        yard
    }

    fn prepare(&self, yard: &Yard) {
        turn(&Lock::open_or_create(yard, "registers", Scope::Thread).unwrap()).unwrap();
    }

    fn act(&self, yard: &Yard, (): &mut ()) {
        (self.make)(yard);
    }

    fn watch(&self, yard: &Yard) -> Watch {
        watch(yard)
    }

    fn check(&self, yard: &mut Yard, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            // Looking up takes no lock: it is there whole, or not at all.
            return if Value::<u64>::open(yard, "old").map(|v| v.get()) == Ok(7) {
                Ok(())
            } else {
                wrong("old", "")
            };
        }
        let there = yard.objects().map_err(|e| format!("{e:?}"))?.iter().any(|o| o.name == "new");
        if !there && (point.last || point.moment == Moment::Finished) {
            return wrong("what was made", yard.objects());
        }
        if there {
            let again = kind(Lock::create(yard, "new", Scope::Thread));
            return if again == Some(ErrorKind::Exists) { Ok(()) } else { wrong("made twice", again) };
        }
        (self.make)(yard);
        Ok(())
    }
}
