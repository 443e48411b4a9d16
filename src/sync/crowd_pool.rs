//! The tasks of a pool in a crowd: processes that submit one after the other, workers who die at any step, and a keeper who
//! begins again what they had in hand. The ring has room for half of the numbers that may wait.
//!
//! Each thread has the slot of its number. Each name is the sentence it checks.

#![allow(unsafe_code)] // what a task gives is reached through the model's cells

use super::event_count::EventCount;
use super::hints;
use super::loom_hints::{Dies, Mine, World, number};
use super::task::{Phase, Seen};
use crate::shim::{AtomicU32, Ordering, sleep};
use loom::cell::UnsafeCell;
use loom::rand::{Rng, thread_rng};
use loom::thread;
use std::sync::Arc;

const SUBMITTERS: u32 = 3;
/// Of each submitter.
const PLACES: u32 = 2;
/// Of each submitter, in its places by turns.
const TASKS: u32 = 8;
const CELLS: u32 = SUBMITTERS * PLACES / 2;
const WORKERS: u32 = 4;
/// Of each worker; the last one does not end by itself.
const LIVES: u32 = 4;
const KEEPER: u32 = SUBMITTERS + WORKERS;

const RESULT: u32 = 6;

struct Crowd {
    world: World,
    /// By place.
    results: Vec<UnsafeCell<u32>>,
    deaths: EventCount,
    births: EventCount,
    over: AtomicU32,
}

// SAFETY: a result is reached by whose turn it is; the model checks that.
unsafe impl Sync for Crowd {}
// SAFETY: as above.
unsafe impl Send for Crowd {}

impl Crowd {
    fn new() -> Arc<Crowd> {
        let places = SUBMITTERS * PLACES;
        Arc::new(Crowd {
            world: World::with(CELLS, places as usize),
            results: (0..places).map(|_| UnsafeCell::new(0)).collect(),
            deaths: EventCount::new(),
            births: EventCount::new(),
            over: AtomicU32::new(0),
        })
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire) != 0
    }

    fn dead(&self) -> u32 {
        self.world.0.dead.load(Ordering::Acquire)
    }

    fn set_result(&self, index: usize, result: u32) {
        // SAFETY: it is our turn; the model checks it.
        self.results[index].with_mut(|n| unsafe { *n = result });
    }

    /// One task after the other. Some are called off.
    fn submit(&self, me: u32) {
        let mut before = [0; PLACES as usize];
        for n in 0..TASKS {
            let place = n % PLACES;
            let index = (me * PLACES + place) as usize;
            self.collect(index, before[place as usize]);
            before[place as usize] += 1;
            self.set_result(index, 0);
            let wanted = self.world.pend(me, index);
            hints::announce(&Mine(&self.world, me), wanted);
            if thread_rng().gen_ratio(1, 4) {
                self.call_off(index);
            }
        }
        (0..PLACES).for_each(|place| self.collect((me * PLACES + place) as usize, before[place as usize]));
    }

    fn call_off(&self, index: usize) {
        let task = &self.world.0.tasks[index];
        if task.words.cancel(task.words.look(), &()) {
            task.ends.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits for the end of a task, before which there were so many in this place, this one included; 0: there was none.
    fn collect(&self, index: usize, count: u32) {
        let task = &self.world.0.tasks[index];
        let end = loop {
            let watch = task.words.settled.prepare();
            match task.words.look().phase().unwrap() {
                phase if phase.is_end() || count == 0 => break phase,
                _ => sleep(&[watch], None),
            };
        };
        // SAFETY: the task has ended; the model checks it.
        let result = self.results[index].with(|n| unsafe { *n });
        match end {
            Phase::Done => assert_eq!(result, RESULT),
            Phase::Cancelled => assert_eq!(result, 0, "one that was called off has begun"),
            end => assert!(end == Phase::Free && count == 0, "{end:?}"),
        }
    }

    /// Works until there is nothing left to do, and dies in between.
    fn work(&self, me: u32) {
        let mut lives = LIVES;
        while !self.is_over() {
            let watch = self.world.0.data.prepare();
            if lives > 1 && thread_rng().gen_ratio(1, 8) {
                lives -= 1;
                self.die(me);
                continue;
            }
            match self.world.take(me) {
                Some((index, running)) => self.perform(index, running),
                None if self.is_over() => return,
                None => _ = sleep(&[watch], None),
            }
        }
    }

    fn perform(&self, index: usize, running: Seen) {
        self.set_result(index, RESULT);
        self.world.perform(index, running);
    }

    /// Dies at some step, and begins anew when that has been seen.
    fn die(&self, me: u32) {
        let dies = [Dies::WithTheCell, Dies::WithTheNumber, Dies::AtWork][thread_rng().gen_range(0..3)];
        self.world.die_working(me, dies);
        self.deaths.notify(&());
        loop {
            let watch = self.births.prepare();
            if self.dead() & 1 << me == 0 || self.is_over() {
                return;
            }
            sleep(&[watch], None);
        }
    }

    fn keep(&self) {
        loop {
            let watch = self.deaths.prepare();
            match self.dead() {
                0 if self.is_over() => return,
                0 => _ = sleep(&[watch], None),
                dead => self.bury(dead.trailing_zeros()),
            }
        }
    }

    /// What the keeper does behind a dead worker; the ring is cleared by whoever sweeps, before that or after it.
    fn bury(&self, dead: u32) {
        let (line, ring_first) = (Mine(&self.world, KEEPER), thread_rng().r#gen());
        if ring_first {
            self.world.ring().recover(dead);
        }
        for (index, task) in self.world.0.tasks.iter().enumerate() {
            let seen = task.words.look();
            let in_hand = seen.phase().is_some_and(Phase::is_at_work) && seen.who() == dead;
            if let Some(pending) = in_hand.then(|| task.words.retry(seen)).flatten() {
                hints::announce(&line, number(index, pending));
            }
        }
        hints::lost(&line);
        if !ring_first {
            self.world.ring().recover(dead);
        }
        self.world.0.dead.fetch_and(!(1 << dead), Ordering::Release);
        self.births.notify(&());
    }
}

fn spawn(crowd: &Arc<Crowd>, f: impl FnOnce(&Crowd) + 'static) -> thread::JoinHandle<()> {
    let crowd = crowd.clone();
    thread::spawn(move || f(&crowd))
}

#[test]
fn every_task_ends_once_whoever_dies() {
    loom::model(|| {
        let crowd = Crowd::new();
        let submitters: Vec<_> = (0..SUBMITTERS).map(|me| spawn(&crowd, move |c| c.submit(me))).collect();
        let workers = (SUBMITTERS..KEEPER).map(|me| spawn(&crowd, move |c| c.work(me)));
        let others: Vec<_> = workers.chain([spawn(&crowd, Crowd::keep)]).collect();
        submitters.into_iter().for_each(|thread| thread.join().unwrap());
        crowd.over.store(1, Ordering::Release);
        crowd.world.0.data.notify(&());
        crowd.deaths.notify(&());
        crowd.births.notify(&());
        others.into_iter().for_each(|thread| thread.join().unwrap());
        let ends = crowd.world.0.tasks.iter().map(|task| task.ends.load(Ordering::Relaxed));
        assert_eq!(ends.sum::<u32>(), SUBMITTERS * TASKS);
    });
}
