//! Inputs that lie in blocks: submitted without a copy, read in place, and what becomes of the blocks.

use crate::process::{LONG, fork, fork_with};
use crate::{done, kind, options, plain, pool, submit, until, yard};
use courtyard::{
    Block, Blocks, BlocksOptions, Error, ErrorKind, Event, EventOptions, Fate, Future, Input, MapOptions,
    Options, Pool, PoolOptions, StartMethod, Task, TaskOptions, Timeout, Value, Yard,
};
use std::time::Duration;

pub(crate) const SCENARIOS: &[crate::Scenario] = &[
    ("inputs_in_blocks_or_not_are_read_in_place_or_not", crate::ALL, both_ways),
    ("nothing_is_copied_on_the_way", crate::ALL, nothing_is_copied),
    ("a_block_comes_back_with_the_reason", crate::ALL, refusals),
    ("a_pool_without_blocks_says_so", crate::ONE, without_blocks),
    ("no_block_is_submitted_by_who_does_not_own_it", crate::ONE, not_ones_own),
    ("a_block_of_others_with_the_same_number_is_refused", crate::ONE, same_number),
    ("the_block_goes_with_its_task", crate::ALL, nothing_is_left),
    ("the_block_of_a_lost_task_comes_free", crate::PROCESSES, lost),
    ("a_task_that_is_begun_again_finds_its_block", crate::PROCESSES, begun_again),
    ("the_block_stays_without_its_submitter", crate::ALL, the_submitter_dies),
    ("who_wants_a_block_waits_for_one_but_not_in_a_task", crate::ALL, waiting),
    ("long_results_wait_for_room", crate::ALL, waiting_for_room),
];

/// Results are more than there is room for, but somebody collects them. For an input nobody waits.
fn waiting_for_room(method: StartMethod) {
    const LEN: usize = 9000;
    let yard = yard();
    let few = PoolOptions { block_bytes: 64 << 10, ..options(method, 1) };
    let pool = Pool::create(&yard, "pool", &few).unwrap();
    let len = LEN.to_ne_bytes();
    let results: Vec<Future> = (0..20).map(|_| submit(&pool, "size", &len)).collect();
    until("there is no room", || {
        let now = pool.progress();
        now.running == 1 && now.done > 0 && pool.alloc(LEN, Timeout::Try).is_err()
    });
    for future in results {
        assert_eq!(done(&future).len(), LEN);
    }
    let at_once = || pool.submit_within("length", &[7; LEN], &plain(), Timeout::Try);
    let held: Vec<_> = std::iter::from_fn(|| pool.alloc(LEN, Timeout::Try).ok()).collect();
    assert_eq!(kind(at_once()), ErrorKind::NoSpace);
    drop(held);
    assert_eq!(done(&at_once().unwrap()), len);
}

pub(crate) fn entries() {
    type Work = fn(&Task<'_>, &Input<'_>) -> Result<Vec<u8>, Error>;
    let all: [(&str, Work); 5] = [
        ("echo-in-place", |_, input| {
            let len = input.len();
            assert_eq!((input.is_empty(), input.as_ptr().is_null()), (len == 0, false));
            assert_eq!(kind(input.read(1, &mut vec![0; input.len()])), ErrorKind::Range);
            assert_eq!(kind(input.read(usize::MAX, &mut [0])), ErrorKind::Range);
            // One by one from the end, and as a whole.
            let mut bytes = vec![0; input.len()];
            let (half, rest) = bytes.split_at_mut(input.len() / 2);
            input.read(half.len(), rest)?;
            input.read(0, half)?;
            assert_eq!(input.to_vec()?, bytes);
            Ok(bytes)
        }),
        // What it sees before and after it was let go on.
        ("looks-twice", |task, input| {
            let (seen, go) = gates(task.yard());
            let mut bytes = vec![0; 2];
            input.read(0, &mut bytes[..1])?;
            seen.set();
            go.wait(LONG)?;
            input.read(0, &mut bytes[1..])?;
            Ok(bytes)
        }),
        ("dies-in-place", |task, input| {
            let bytes = input.to_vec()?;
            if task.attempt() < 2 {
                unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
            }
            Ok(bytes)
        }),
        ("adds-up", |task, input| {
            let (seen, go) = gates(task.yard());
            seen.set();
            go.wait(LONG)?;
            let sum = input.to_vec()?.into_iter().map(u64::from).sum();
            Value::<u64>::open(task.yard(), "sum")?.set(sum);
            Ok(Vec::new())
        }),
        ("takes-all", |task, input| {
            let pool = task.pool();
            let mut all = Vec::new();
            loop {
                match pool.alloc(input.len(), Timeout::Forever) {
                    Ok(block) => all.push(block),
                    Err(e) => return Ok(e.kind().name().into()),
                }
            }
        }),
    ];
    all.into_iter().for_each(|(name, work)| courtyard::register_block_task(name, work).unwrap());
}

fn gates(yard: &Yard) -> (Event, Event) {
    let gate = |name| Event::open_or_create(yard, name, EventOptions::default()).unwrap();
    (gate("seen"), gate("go"))
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

fn filled(pool: &Pool, len: usize) -> Block<'_> {
    let block = pool.alloc(len, LONG).unwrap();
    block.write(0, &bytes(len)).unwrap();
    block
}

fn submit_block(pool: &Pool, entry: &str, len: usize) -> Future {
    pool.submit_block(entry, filled(pool, len), &plain()).unwrap()
}

/// How many of the pool's blocks are not free.
fn in_use(yard: &Yard) -> u32 {
    yard.sweep();
    let usage = Blocks::open(yard, "pool.blocks").unwrap().usage();
    usage.iter().map(|class| class.count - class.free).sum()
}

fn both_ways(method: StartMethod) {
    let (yard, pool) = pool(method, 2);
    for len in [0, 1, 112, 113, 4096, 100_000] {
        for entry in ["echo", "echo-in-place"] {
            assert_eq!(done(&submit(&pool, entry, &bytes(len))), bytes(len), "{len} bytes, {entry}");
            assert_eq!(done(&submit_block(&pool, entry, len)), bytes(len), "a block of {len}, {entry}");
        }
    }
    // Many of them in one task, which has them in a block.
    let inputs: Vec<Vec<u8>> = (0..200).map(bytes).collect();
    let map = MapOptions { chunk: 50, ..MapOptions::default() };
    assert_eq!(pool.map("echo-in-place", &inputs, &map, LONG).unwrap(), inputs);
    // It is the caller's pool whose block it is, by whatever handle.
    let other = Pool::open(&yard, "pool").unwrap();
    let future = other.submit_block("echo", filled(&pool, 500), &plain()).unwrap();
    assert_eq!(done(&future), bytes(500));
    let again = courtyard::register_block_task("echo", |_, _| Ok::<_, String>("x"));
    assert_eq!(kind(again), ErrorKind::Exists);
}

fn nothing_is_copied(method: StartMethod) {
    let (yard, pool) = pool(method, 1);
    let (seen, go) = gates(&yard);
    let block = filled(&pool, 1000);
    let at = block.as_ptr();
    let future = pool.submit_block("looks-twice", block, &plain()).unwrap();
    seen.wait(LONG).unwrap();
    unsafe { at.write_volatile(77) }; // against the rules: so it is seen that this is the place
    go.set();
    assert_eq!(done(&future), [0, 77]);
}

fn refused(pool: &Pool, block: Block<'_>, entry: &str, wanted: ErrorKind) {
    let before = block.to_vec();
    let (why, block) = pool.submit_block_within(entry, block, &plain(), Timeout::Try).unwrap_err();
    assert_eq!(why.kind(), wanted, "{why}");
    assert_eq!(block.to_vec(), before, "it is whole still");
    block.free().unwrap();
}

fn refusals(method: StartMethod) {
    let (yard, pool) = pool(method, 1);
    let blocks = Blocks::create(&yard, "blocks", &BlocksOptions::default()).unwrap();
    refused(&pool, blocks.try_alloc(500).unwrap(), "echo", ErrorKind::Foreign);
    let second = Pool::create(&yard, "second", &options(StartMethod::Threads, 1)).unwrap();
    refused(&pool, second.alloc(500, Timeout::Try).unwrap(), "echo", ErrorKind::Foreign);
    refused(&pool, filled(&pool, 500), "no name", ErrorKind::Name);
    refused(&pool, filled(&pool, 500), "*echo", ErrorKind::Name);
    assert_eq!(kind(pool.alloc(64 << 20, LONG)), ErrorKind::TooLong);
    let kept: Vec<Future> = (0..64).map(|_| submit(&pool, "echo", b"")).collect();
    refused(&pool, filled(&pool, 500), "echo", ErrorKind::Full);
    drop(kept);
    pool.close();
    refused(&pool, filled(&pool, 500), "echo", ErrorKind::State);
    pool.join(LONG).unwrap();
    refused(&pool, filled(&pool, 500), "echo", ErrorKind::State);
    assert_eq!((in_use(&yard), blocks.owned()), (0, 0));
}

fn without_blocks(method: StartMethod) {
    let yard = yard();
    let few = PoolOptions { block_bytes: 0, ..options(method, 1) };
    let pool = Pool::create(&yard, "pool", &few).unwrap();
    assert_eq!(kind(pool.alloc(1, LONG)), ErrorKind::Unsupported);
    let blocks = Blocks::create(&yard, "blocks", &BlocksOptions::default()).unwrap();
    refused(&pool, blocks.try_alloc(1).unwrap(), "echo", ErrorKind::Unsupported);
    assert_eq!(pool.apply("echo-in-place", b"short", &plain()).unwrap(), b"short");
}

fn not_ones_own(method: StartMethod) {
    let (yard, pool) = pool(method, 1);
    let why = |block: Block<'_>| pool.submit_block("echo", block, &plain()).unwrap_err().0.kind();
    let blocks = Blocks::open(&yard, "pool.blocks").unwrap();
    let block = filled(&pool, 500);
    blocks.free(block.handle()).unwrap();
    assert_eq!(why(block), ErrorKind::State);
    let block = filled(&pool, 500);
    blocks.free(block.handle()).unwrap();
    let mut all: Vec<Block<'_>> = std::iter::from_fn(|| pool.alloc(500, Timeout::Try).ok()).collect();
    assert_eq!(why(block), ErrorKind::NotFound, "the memory is another block by now");
    let offered = all.pop().unwrap();
    blocks.offer(offered.handle()).unwrap();
    assert_eq!(why(offered), ErrorKind::State);
    drop(all);
    let parents = filled(&pool, 500);
    let child = fork(|| assert_eq!(why(parents), ErrorKind::NotOwner));
    assert_eq!(child.wait(), crate::Ended::Code(0));
    // Two guards of one block: it is submitted once.
    let block = filled(&pool, 500);
    let twin = blocks.guarded(block.handle()).unwrap();
    let first = pool.submit_block("sleep", block, &plain()).unwrap();
    assert_eq!(why(twin), ErrorKind::State);
    assert_eq!(done(&first), bytes(500));
}

fn same_number(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    let ours = filled(&pool, 500);
    // What tells blocks apart in their numbers comes round after some thousands of them.
    let tag = |block: &Block<'_>| block.handle() >> 22 & 0xfff;
    let before = if tag(&ours) == 1 { 0xfff } else { tag(&ours) - 1 };
    let blocks = |size, bytes| {
        let yard = Options::new().size(size).slots(4).objects(4).anonymous().unwrap();
        Blocks::create(&yard, "blocks", &BlocksOptions { bytes, ..BlocksOptions::default() }).unwrap()
    };
    let is_last = |it: &Blocks| tag(&it.try_alloc(1).unwrap()) == before;
    assert!(std::iter::repeat_with(|| blocks(1 << 16, 2048)).take(5000).any(|it| is_last(&it)));
    let theirs = blocks(4 << 20, 2 << 20);
    let block = theirs.try_alloc(500).unwrap();
    assert_eq!(block.handle(), ours.handle());
    refused(&pool, block, "echo", ErrorKind::Foreign);
}

fn nothing_is_left(method: StartMethod) {
    let (yard, pool) = pool(method, 2);
    // More than there is room for at a time.
    for round in 0..60 {
        let futures: Vec<Future> = (0..4).map(|_| submit_block(&pool, "length", 100_000)).collect();
        if round % 2 == 0 {
            futures.iter().for_each(|future| assert_eq!(done(future), 100_000_usize.to_ne_bytes()));
        }
    }
    let (seen, go) = gates(&yard);
    let _sum = Value::<u64>::create(&yard, "sum").unwrap();
    let running: Vec<Future> = (0..2).map(|_| submit_block(&pool, "adds-up", 5000)).collect();
    seen.wait(LONG).unwrap();
    let pending = submit_block(&pool, "echo", 5000);
    let failing = submit_block(&pool, "fail", 200);
    let unknown = submit_block(&pool, "nobody-knows-it", 200);
    pending.cancel();
    drop((pending, running));
    go.set();
    assert!(matches!(failing.fate(LONG).unwrap(), Fate::Failed(_)));
    assert!(matches!(unknown.fate(LONG).unwrap(), Fate::Failed(_)));
    drop((failing, unknown));
    until("no block is in use", || in_use(&yard) == 0);
}

fn lost(method: StartMethod) {
    let (yard, pool) = pool(method, 1);
    let once = TaskOptions { retries: 1, ..plain() };
    for _ in 0..3 {
        let future = pool.submit_block("dies-in-place", filled(&pool, 100_000), &once).unwrap();
        assert!(matches!(future.fate(LONG).unwrap(), Fate::Lost { attempt: 1, .. }));
    }
    until("no block is in use", || in_use(&yard) == 0);
}

fn begun_again(method: StartMethod) {
    let (yard, pool) = pool(method, 2);
    let twice = TaskOptions { retries: 2, ..plain() };
    for len in [8, 500, 100_000] {
        let future = pool.submit_block("dies-in-place", filled(&pool, len), &twice).unwrap();
        assert_eq!(done(&future), bytes(len));
    }
    until("no block is in use", || in_use(&yard) == 0);
}

fn the_submitter_dies(method: StartMethod) {
    let (yard, pool) = pool(method, 1);
    let (seen, go) = gates(&yard);
    let sum = Value::<u64>::create(&yard, "sum").unwrap();
    let submitter = fork_with(|| {
        let pool = Pool::open(&Yard::from_fd(&yard).unwrap(), "pool").unwrap();
        let future = submit_block(&pool, "adds-up", 5000);
        std::mem::forget(future);
        std::thread::sleep(LONG);
        1
    });
    seen.wait(LONG).unwrap();
    submitter.slay();
    yard.sweep();
    // Whoever wants a block does not get that one.
    let others: Vec<Block<'_>> = std::iter::from_fn(|| pool.alloc(5000, Timeout::Try).ok()).collect();
    others.iter().for_each(|block| block.write(0, &[0; 5000]).unwrap());
    drop(others);
    go.set();
    until("it has added up", || sum.get() != 0);
    assert_eq!(sum.get(), bytes(5000).into_iter().map(u64::from).sum::<u64>());
    until("no block is in use", || in_use(&yard) == 0);
}

fn waiting(method: StartMethod) {
    let (yard, pool) = pool(method, 1);
    let mut all: Vec<Block<'_>> = std::iter::from_fn(|| pool.alloc(100_000, Timeout::Try).ok()).collect();
    assert_eq!(kind(pool.alloc(100_000, Timeout::Try)), ErrorKind::NoSpace);
    assert_eq!(kind(pool.alloc(100_000, Duration::from_millis(5))), ErrorKind::Timeout);
    std::thread::scope(|threads| {
        let waiter = threads.spawn(|| pool.alloc(100_000, LONG).map(Block::free));
        drop(all.pop());
        waiter.join().unwrap().unwrap().unwrap();
    });
    drop(all);
    let none = done(&submit_block(&pool, "takes-all", 100_000));
    assert_eq!(none, ErrorKind::NoSpace.name().as_bytes());
    until("no block is in use", || in_use(&yard) == 0);
}
