//! Workers that are killed at random while tasks stream through: every task ends once, in one of the stated ways.

use crate::process::LONG;
use crate::{options, until};
use courtyard::{Blocks, Cause, Exit, Fate, Future, Pool, StartMethod, TaskOptions, Timeout, Yard};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

pub(crate) const SCENARIOS: &[crate::Scenario] =
    &[("a_storm_of_kills", &[StartMethod::ForkServer], |method| storm(method, 400))];

/// A number without much sense.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// So many kills of workers.
pub(crate) fn storm(method: StartMethod, kills: u32) {
    unsafe { libc::alarm(0) };
    drop(crate::pool(method, 1)); // what a process keeps that has ever made others
    crate::nobody_is_left();
    let before = crate::descriptors();
    let yard = crate::yard();
    let pool = Pool::create(&yard, "storm", &options(method, 4)).unwrap();
    let seed = 1 + u64::from(std::process::id());
    let (mut state, mut killed, mut serial) = (seed, HashSet::new(), 0_u64);
    let mut on_their_way: Vec<(u64, Future)> = Vec::new();
    let mut fates: HashMap<&str, u64> = HashMap::new();
    let end = Instant::now() + Duration::from_secs(10 + u64::from(kills) / 4);
    while killed.len() < kills as usize && Instant::now() < end {
        while on_their_way.len() < 40 {
            let options = TaskOptions { retries: (random(&mut state) % 3) as u8, ..TaskOptions::default() };
            let mut input = serial.to_ne_bytes().to_vec();
            input.resize(if serial.is_multiple_of(5) { 2000 } else { 8 }, 7);
            on_their_way.push((
                serial,
                pool.submit(if serial.is_multiple_of(3) { "nap" } else { "echo" }, &input, &options).unwrap(),
            ));
            serial += 1;
        }
        for _ in 0..random(&mut state) % 30 {
            let at = (random(&mut state) % on_their_way.len() as u64) as usize;
            let (serial, future) = on_their_way.swap_remove(at);
            *fates.entry(settle(serial, &future)).or_default() += 1;
            if on_their_way.is_empty() {
                break;
            }
        }
        let pids = workers(&yard);
        if let Some(pid) = pids.get((random(&mut state) % 4) as usize) {
            let _ = unsafe { libc::kill(pid.cast_signed(), libc::SIGKILL) } == 0 && killed.insert(*pid);
        }
    }
    for (serial, future) in on_their_way {
        *fates.entry(settle(serial, &future)).or_default() += 1;
    }
    println!("storm, seed {seed}: {} workers killed, {serial} tasks: {fates:?}", killed.len());
    assert!(killed.len() >= kills as usize, "too slow");
    assert_eq!(fates.values().sum::<u64>(), serial);
    until("the pool is whole again", || pool.progress().workers == 4);
    let progress = pool.progress();
    assert_eq!((progress.pending, progress.running), (0, 0));
    // Every place is free again.
    let all: Vec<Future> = (0..64)
        .map(|n: u64| {
            pool.submit_within("echo", &n.to_ne_bytes(), &TaskOptions::default(), Timeout::For(LONG)).unwrap()
        })
        .collect();
    (0..).zip(&all).for_each(|(n, future)| assert_eq!(settle(n, future), "done"));
    drop(all);
    pool.close();
    pool.join(LONG).unwrap();
    // Nothing is left: no block, no place in the yard, no child, no descriptor.
    for class in Blocks::open(&yard, "storm.blocks").unwrap().usage() {
        assert_eq!(class.free, class.count, "{class:?}");
    }
    until("nobody else is in the yard", || yard.members().len() == 1);
    drop(pool);
    drop(yard);
    crate::nobody_is_left();
    until("all descriptors are closed", || crate::descriptors() == before);
}

fn settle(serial: u64, future: &Future) -> &'static str {
    match future.fate(LONG).unwrap() {
        Fate::Done(result) => {
            assert_eq!(result[..8], serial.to_ne_bytes(), "another task's result");
            assert!(result[8..].iter().all(|byte| *byte == 7));
            "done"
        }
        Fate::Lost { cause: Cause::Exit(Exit::Signal(libc::SIGKILL)), .. } => "lost",
        other => panic!("task {serial}: {other:?}"),
    }
}

/// The processes of the yard but this one.
fn workers(yard: &Yard) -> Vec<u32> {
    yard.members()
        .iter()
        .map(|member| member.pid())
        .filter(|pid| *pid > 1 && *pid != std::process::id())
        .collect()
}
