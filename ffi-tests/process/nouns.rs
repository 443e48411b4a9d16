//! Every kind of object, used by a child and its parent at the same time, however the child is made.

use super::*;
use courtyard::{
    Array, ArrayOptions, Barrier, Blocks, BlocksOptions, Condition, Event, EventOptions, ForkServer,
    LifoOptions, LifoQueue, Lock, ObjectType, Options, Permits, Pool, PoolOptions, PriorityOptions,
    PriorityQueue, Queue, QueueOptions, RLock, Ring, RingOptions, RwLock, RwLockOptions, Scope, Semaphore,
    SemaphoreOptions, StartMethod, Strategy, Struct, TaskOptions,
};

pub(super) const SCENARIOS: &[Scenario] = &[
    ("every_object_is_a_forked_childs_too", || play(|yard, _| Process::fork(|| child(yard)))),
    ("every_object_is_a_spawned_childs_too", || {
        play(|_, options| Process::spawn_with(options, "use-every-object", &options.inherit[0].to_ne_bytes()))
    }),
    ("every_object_is_a_servers_childs_too", || {
        let server = ForkServer::start().unwrap();
        play(|_, options| server.spawn_with(options, "use-every-object", &options.inherit[0].to_ne_bytes()))
    }),
];

pub(super) fn entries() {
    courtyard::register_entry("use-every-object", |bytes| {
        let number = RawFd::from_ne_bytes(bytes.try_into().unwrap());
        child(&Yard::from_fd(unsafe { OwnedFd::from_raw_fd(number) }).unwrap())
    })
    .unwrap();
    courtyard::register_task("double", |_, input| Ok::<_, courtyard::Error>([input, input].concat()))
        .unwrap();
}

/// What one does with an object of one kind.
type Act = fn(&Yard);

/// A kind of object: how it is made before there is a child, what the child does, and what the parent does meanwhile. Each
/// waits for the other where the object has a way to.
type Kind = (ObjectType, Act, Act, Act);

/// All of them, each once.
const KINDS: &[Kind] = &[
    (
        ObjectType::Value,
        |y| drop(value(y)),
        |y| value(y).set(42),
        |y| until("a value", || value(y).get() == 42),
    ),
    (
        ObjectType::Event,
        |y| drop(Event::create(y, "event", EventOptions::default()).unwrap()),
        |y| assert!(Event::open(y, "event").unwrap().set()),
        |y| Event::open(y, "event").unwrap().wait(LONG).unwrap(),
    ),
    (
        ObjectType::Semaphore,
        |y| {
            drop(
                Semaphore::create(y, "semaphore", SemaphoreOptions { initial: 0, ..Default::default() })
                    .unwrap(),
            )
        },
        |y| Semaphore::open(y, "semaphore").unwrap().release(1).unwrap(),
        |y| Semaphore::open(y, "semaphore").unwrap().acquire(LONG).unwrap(),
    ),
    (
        ObjectType::Barrier,
        |y| drop(Barrier::create(y, "barrier", 2).unwrap()),
        |y| assert!(Barrier::open(y, "barrier").unwrap().wait(LONG).unwrap() < 2),
        |y| assert!(Barrier::open(y, "barrier").unwrap().wait(LONG).unwrap() < 2),
    ),
    (
        ObjectType::Condition,
        |y| drop(Condition::create(y, "condition").unwrap()),
        |y| until("somebody to notify", || Condition::open(y, "condition").unwrap().notify(1) == 1),
        |y| {
            let lock = Lock::open(y, "lock").unwrap();
            let _held = lock.acquire(LONG).unwrap();
            assert!(Condition::open(y, "condition").unwrap().wait(&lock, LONG).unwrap().notified());
        },
    ),
    (ObjectType::Lock, |y| drop(Lock::create(y, "lock", Scope::Thread).unwrap()), under_lock, under_lock),
    (ObjectType::RLock, |y| drop(RLock::create(y, "rlock").unwrap()), under_rlock, under_rlock),
    (
        ObjectType::RwLock,
        |y| drop(RwLock::create(y, "rwlock", RwLockOptions::default()).unwrap()),
        under_rwlock,
        under_rwlock,
    ),
    (ObjectType::Permits, |y| drop(Permits::create(y, "permits", 1).unwrap()), under_permits, under_permits),
    (
        ObjectType::Struct,
        |y| drop(Struct::<[u64; 3]>::create(y, "struct").unwrap()),
        |y| Struct::<[u64; 3]>::open(y, "struct").unwrap().set([7; 3], LONG).unwrap(),
        |y| until("a struct", || Struct::<[u64; 3]>::open(y, "struct").unwrap().get() == Ok([7; 3])),
    ),
    (
        ObjectType::Array,
        |y| drop(Array::<u16>::create(y, "array", 5, ArrayOptions::default()).unwrap()),
        |y| Array::<u16>::open(y, "array").unwrap().set(4, 9).unwrap(),
        |y| until("an element", || Array::<u16>::open(y, "array").unwrap().get(4) == Ok(9)),
    ),
    (
        ObjectType::Ring,
        |y| drop(Ring::create(y, "ring", RingOptions::default()).unwrap()),
        |y| Ring::open(y, "ring").unwrap().sender(Strategy::Block).unwrap().send(b"record", LONG).unwrap(),
        |y| {
            let mut receiver = Ring::open(y, "ring").unwrap().receiver(Strategy::Block).unwrap();
            assert_eq!(receiver.recv_vec(LONG).unwrap().0, b"record");
        },
    ),
    (
        ObjectType::Pipe,
        |y| drop(Pipe::create(y, "pipe", PipeOptions::default()).unwrap()),
        |y| Pipe::open(y, "pipe").unwrap().end(PipeEnd::Second).unwrap().send(b"message", LONG).unwrap(),
        |y| {
            let first = Pipe::open(y, "pipe").unwrap().end(PipeEnd::First).unwrap();
            assert_eq!(first.recv_vec(LONG).unwrap(), b"message");
        },
    ),
    (
        ObjectType::Queue,
        |y| drop(Queue::create(y, "queue", QueueOptions::default()).unwrap()),
        |y| Queue::open(y, "queue").unwrap().put(b"job", LONG).unwrap(),
        |y| assert_eq!(Queue::open(y, "queue").unwrap().get_vec(LONG).unwrap().0, b"job"),
    ),
    (
        ObjectType::LifoQueue,
        |y| drop(LifoQueue::create(y, "stack", LifoOptions::default()).unwrap()),
        |y| LifoQueue::open(y, "stack").unwrap().put(b"plate", LONG).unwrap(),
        |y| assert_eq!(LifoQueue::open(y, "stack").unwrap().get_vec(LONG).unwrap(), b"plate"),
    ),
    (
        ObjectType::PriorityQueue,
        |y| drop(PriorityQueue::create(y, "heap", PriorityOptions::default()).unwrap()),
        |y| PriorityQueue::open(y, "heap").unwrap().put(b"alarm", -5, LONG).unwrap(),
        |y| {
            assert_eq!(
                PriorityQueue::open(y, "heap").unwrap().get_vec(LONG).unwrap(),
                (b"alarm".to_vec(), -5)
            )
        },
    ),
    (
        ObjectType::Blocks,
        |y| drop(Blocks::create(y, "blocks", &BlocksOptions::default()).unwrap()),
        |y| {
            let blocks = Blocks::open(y, "blocks").unwrap();
            let block = blocks.alloc(5, LONG).unwrap();
            block.write(0, b"block").unwrap();
            handle(y).set(block.offer().unwrap());
            until("the block is taken", || handle(y).get() == 0); // one that nobody has taken would go with this process
        },
        |y| {
            until("a block is offered", || handle(y).get() != 0);
            let blocks = Blocks::open(y, "blocks").unwrap();
            assert_eq!(blocks.adopt(handle(y).get()).unwrap().to_vec(), b"block");
            handle(y).set(0);
        },
    ),
    // Made when there is a child: its keeper is a thread, and a process with threads does not fork.
    (
        ObjectType::Pool,
        |_| {},
        |y| {
            until("a pool", || Pool::open(y, "pool").is_ok());
            let doubled = Pool::open(y, "pool").unwrap().apply("double", b"ab", &TaskOptions::default());
            assert_eq!(doubled.unwrap(), b"abab");
            value(y).set(43);
        },
        |y| {
            let options = PoolOptions { workers: 1, method: StartMethod::Threads, ..PoolOptions::default() };
            let _pool = Pool::create(y, "pool", &options).unwrap();
            until("the task is done", || value(y).get() == 43);
        },
    ),
];

const ROUNDS: u32 = 200;

fn value(yard: &Yard) -> Value<u32> {
    Value::open_or_create(yard, "value").unwrap()
}

fn handle(yard: &Yard) -> Value<u64> {
    Value::open_or_create(yard, "handle").unwrap()
}

/// One more, with a look and a store that nobody may come between.
fn more<G>(yard: &Yard, count: &str, _held: &G) {
    let count = Value::<u32>::open_or_create(yard, count).unwrap();
    count.set(count.get() + 1);
}

fn under_lock(yard: &Yard) {
    (0..ROUNDS)
        .for_each(|_| more(yard, "under-lock", &Lock::open(yard, "lock").unwrap().acquire(LONG).unwrap()));
}

fn under_rlock(yard: &Yard) {
    (0..ROUNDS)
        .for_each(|_| more(yard, "under-rlock", &RLock::open(yard, "rlock").unwrap().acquire(LONG).unwrap()));
}

fn under_rwlock(yard: &Yard) {
    (0..ROUNDS).for_each(|_| {
        more(yard, "under-rwlock", &RwLock::open(yard, "rwlock").unwrap().write(LONG).unwrap())
    });
}

fn under_permits(yard: &Yard) {
    (0..ROUNDS).for_each(|_| {
        more(yard, "under-permits", &Permits::open(yard, "permits").unwrap().acquire(LONG).unwrap())
    });
}

/// Does one act of each kind, and says first of which, so that the last one named is the one that failed.
fn act(who: &str, yard: &Yard, of: fn(&Kind) -> Act) {
    for kind in KINDS {
        println!("  {who}: {:?}", kind.0);
        of(kind)(yard);
    }
}

fn child(yard: &Yard) -> i32 {
    act("child", yard, |kind| kind.2);
    0
}

fn play(make: impl FnOnce(&Yard, &ProcessOptions) -> courtyard::Result<Process>) {
    let tried = |kind: &ObjectType| KINDS.iter().filter(|tried| tried.0 == *kind).count();
    ObjectType::ALL.iter().for_each(|kind| assert_eq!(tried(kind), 1, "{kind:?}"));
    assert_eq!(KINDS.len(), ObjectType::ALL.len());
    let yard = Options::new().size(8 << 20).anonymous().unwrap();
    act("maker", &yard, |kind| kind.1);
    let inherit = vec![yard.as_fd().as_raw_fd()];
    let child = make(&yard, &ProcessOptions { inherit, ..options() }).unwrap();
    act("parent", &yard, |kind| kind.3);
    assert_eq!(child.join(LONG).unwrap(), Exit::Code(0));
    for count in ["under-lock", "under-rlock", "under-rwlock", "under-permits"] {
        assert_eq!(Value::<u32>::open(&yard, count).unwrap().get(), 2 * ROUNDS, "{count}");
    }
    let there: Vec<ObjectType> = yard.objects().unwrap().into_iter().map(|object| object.kind).collect();
    let missing: Vec<&ObjectType> = ObjectType::ALL.iter().filter(|kind| !there.contains(kind)).collect();
    assert_eq!(missing, [&ObjectType::Pool; 0], "a kind of object that nobody has made");
}
