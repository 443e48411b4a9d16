//! Maps: in which order results come, and how many tasks they are.

use crate::process::LONG;
use crate::{kind, options, pool, yard};
use courtyard::{
    CancelToken, ErrorKind, Event, EventOptions, MapOptions, Pool, PoolOptions, StartMethod, Task,
};
use std::time::Duration;

pub(crate) const SCENARIOS: &[crate::Scenario] = &[
    ("results_come_in_order_or_as_they_are_ready", crate::ALL, order),
    ("chunks_that_nobody_has_measured", crate::ALL, chunks),
    ("a_wait_that_is_ended_loses_no_result", crate::ALL, ended_waits),
];

pub(crate) fn entries() {
    // 0 waits at the gate, 2 opens it, if told to.
    courtyard::register_task("gated", |task: &Task<'_>, input: &[u8]| {
        let gate = Event::open(task.yard(), "gate").map_err(|e| e.to_string())?;
        match input {
            [0, _] => gate.wait(LONG).map_err(|e| e.to_string())?,
            [2, 1] => drop(gate.set()),
            _ => {}
        }
        Ok::<_, String>([input[0]])
    })
    .unwrap();
    courtyard::register_task("task-id", |task: &Task<'_>, _: &[u8]| Ok::<_, String>(task.id().to_ne_bytes()))
        .unwrap();
}

fn order(method: StartMethod) {
    let (yard, pool) = pool(method, 2);
    let gate = Event::create(&yard, "gate", EventOptions::default()).unwrap();
    let one_by_one = MapOptions { chunk: 1, timeout: Some(LONG), ..MapOptions::default() };
    // The first stands at the gate, which the last one opens: it comes first all the same.
    let results = pool.imap("gated", [[0, 1], [1, 1], [2, 1]], &one_by_one).unwrap();
    assert_eq!(results.collect::<Vec<_>>(), [Ok(vec![0]), Ok(vec![1]), Ok(vec![2])]);

    // Nobody opens it before the others have come.
    assert!(gate.clear());
    let mut results = pool.imap_unordered("gated", [[0, 0], [1, 0], [2, 0]], &one_by_one).unwrap();
    assert_eq!(results.next(), Some((1, Ok(vec![1]))));
    assert_eq!(results.next(), Some((2, Ok(vec![2]))));
    gate.set();
    assert_eq!(results.next(), Some((0, Ok(vec![0]))));
    assert_eq!(results.next(), None);

    // In order nothing comes before the first.
    assert!(gate.clear());
    let soon = MapOptions { timeout: Some(Duration::from_millis(100)), ..one_by_one };
    let mut results = pool.imap("gated", [[0, 0], [1, 0]], &soon).unwrap();
    assert_eq!(kind(results.next().unwrap()), ErrorKind::Timeout);
    gate.set();
}

/// Who asks again goes on.
fn ended_waits(method: StartMethod) {
    let (yard, pool) = pool(method, 2);
    let gate = Event::create(&yard, "gate", EventOptions::default()).unwrap();
    let by_two = MapOptions { chunk: 2, timeout: Some(LONG), ..MapOptions::default() };
    let inputs = [[0, 0], [1, 0], [2, 0], [3, 0]];
    let token = CancelToken::new();
    token.cancel();
    let in_vain = |next: &mut dyn FnMut() -> Option<courtyard::Result<Vec<u8>>>| {
        let _scope = token.scope().unwrap();
        (0..2).for_each(|_| assert_eq!(kind(next().unwrap()), ErrorKind::Cancelled));
    };
    let mut results = pool.imap("gated", inputs, &by_two).unwrap();
    in_vain(&mut || results.next());
    gate.set();
    assert_eq!(results.collect::<Vec<_>>(), [0, 1, 2, 3].map(|n| Ok(vec![n])));
    assert!(gate.clear());
    let mut results = pool.imap_unordered("gated", inputs, &by_two).unwrap();
    assert_eq!(results.next(), Some((2, Ok(vec![2]))));
    assert_eq!(results.next(), Some((3, Ok(vec![3]))));
    in_vain(&mut || results.next().map(|(n, result)| if n == 0 { result } else { Ok(vec![n as u8]) }));
    gate.set();
    assert_eq!(results.collect::<Vec<_>>(), [0, 1].map(|n| (n, Ok(vec![n as u8]))));
}

/// How many inputs each task got, one task after the other.
fn lens(results: impl IntoIterator<Item = Vec<u8>>) -> Vec<usize> {
    let ids: Vec<Vec<u8>> = results.into_iter().collect();
    ids.chunk_by(|a, b| a == b).map(<[_]>::len).collect()
}

fn chunks(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    let inputs = vec![[0; 8]; 1000];
    let map = |pool: &Pool, count: usize, chunk| {
        let options = MapOptions { chunk, ..MapOptions::default() };
        lens(pool.map("task-id", &inputs[..count], &options, LONG).unwrap())
    };
    // Four for each worker, as far as there are inputs.
    assert_eq!(map(&pool, 1000, 0), [125; 8]);
    assert_eq!(map(&pool, 7, 0), [1; 7]);
    assert_eq!(map(&pool, 20, 0), [3, 3, 3, 3, 3, 3, 2]);
    assert_eq!(map(&pool, 20, 7), [7, 7, 6]);
    let results = pool.imap("task-id", &inputs[..5], &MapOptions::default()).unwrap();
    assert_eq!(lens(results.map(Result::unwrap)), [1; 5], "nobody knows how many there will be");
    drop(pool);
    // More, and smaller ones, in a pool that has little room.
    let yard = yard();
    let tight = PoolOptions { block_bytes: 64 << 10, ..options(method, 2) };
    let tight = Pool::create(&yard, "tight", &tight).unwrap();
    let all = map(&tight, 1000, 0);
    assert!(all.len() > 8 && all.iter().all(|len| *len < 125), "{all:?}");
}
