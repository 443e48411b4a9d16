//! Models of the numbers of tasks that wait: the ring that they go through, the tasks' words, and what has gone astray. Each
//! thread has the slot of its number. Each name is the sentence it checks.
//!
//! A death is a thread that returns early with what it had in hand. A sleep never times out here, so that whatever only the
//! slice would mend shows as a deadlock.

#![allow(unsafe_code)] // what a task carries is reached through loom's cells

use super::astray::Astray;
use super::event_count::EventCount;
use super::hints::{self, Got, Line};
use super::task::{Finished, Outcome, Phase, Seen, TaskWords};
use crate::lockfree::mpmc::layout::Words;
use crate::lockfree::mpmc::memory::Place;
use crate::lockfree::mpmc::{Holders, NoPop, Ring};
use crate::shim::cells::Cells;
use crate::shim::{AtomicU32, Ordering, sleep};
use loom::cell::UnsafeCell;
use loom::thread;
use std::convert::Infallible;
use std::sync::Arc;

const OWNER: u32 = 7;

/// One task, and what it carries.
pub(super) struct Task {
    pub(super) words: TaskWords,
    input: UnsafeCell<u32>,
    pub(super) ends: AtomicU32,
}

pub(super) struct Pool {
    words: Words,
    cells: Cells,
    pub(super) data: EventCount,
    astray: Astray,
    pub(super) tasks: Vec<Task>,
    /// A bit for each thread.
    pub(super) dead: AtomicU32,
}

// SAFETY: an input is reached by whose turn it is; loom checks that.
unsafe impl Sync for Pool {}
// SAFETY: as above.
unsafe impl Send for Pool {}

#[derive(Clone)]
pub(super) struct World(pub(super) Arc<Pool>);

impl Place for World {
    fn words(&self) -> &Words {
        &self.0.words
    }
    fn cells(&self) -> &Cells {
        &self.0.cells
    }
}

impl Holders for World {
    fn is_dead(&self, slot: u32) -> bool {
        self.0.dead.load(Ordering::Acquire) & 1 << slot != 0
    }
}

/// The line, in the hands of the thread of this number.
pub(super) struct Mine<'w>(pub(super) &'w World, pub(super) u32);

impl Line for Mine<'_> {
    fn astray(&self) -> &Astray {
        &self.0.0.astray
    }

    fn put(&self, number: u64) -> bool {
        let is_put = self.0.ring().try_push(self.1, 0, &number.to_ne_bytes(), self.0).is_ok();
        if is_put {
            self.0.0.data.notify(&());
        }
        is_put
    }

    fn get(&self) -> Got {
        let mut number = [0; 8];
        match self.0.ring().try_pop(self.1, &mut number, self.0) {
            Ok(_) => Got::Number(u64::from_ne_bytes(number)),
            Err(NoPop::Busy(_)) => Got::Busy,
            Err(no) => {
                assert_eq!(no, NoPop::Empty);
                Got::Nothing
            }
        }
    }
}

/// At which step a worker dies.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Dies {
    WithTheCell,
    WithTheNumber,
    AtWork,
}

/// The number of a task in this state.
pub(super) fn number(index: usize, seen: Seen) -> u64 {
    seen.generation() << 8 | index as u64
}

impl World {
    fn new(cells: u32) -> World {
        World::with(cells, 2)
    }

    pub(super) fn with(cells: u32, tasks: usize) -> World {
        let task = || Task { words: TaskWords::new(), input: UnsafeCell::new(0), ends: AtomicU32::new(0) };
        World(Arc::new(Pool {
            words: Words::starting_at(0),
            cells: Cells::zeroed(cells, 1),
            data: EventCount::new(),
            astray: Astray::new(),
            tasks: (0..tasks).map(|_| task()).collect(),
            dead: AtomicU32::new(0),
        }))
    }

    pub(super) fn ring(&self) -> Ring<World> {
        Ring::open(self.clone()).unwrap()
    }

    fn die(&self, me: u32) {
        self.0.dead.fetch_or(1 << me, Ordering::Release);
    }

    /// A task that waits; nobody is told.
    pub(super) fn pend(&self, me: u32, index: usize) -> u64 {
        let task = &self.0.tasks[index];
        let held = task.words.hold(task.words.look(), me).unwrap();
        // SAFETY: the place is held; loom checks it.
        task.input.with_mut(|n| unsafe { *n = 5 });
        number(index, task.words.pend(held, OWNER))
    }

    fn submit(&self, me: u32, index: usize) {
        hints::announce(&Mine(self, me), self.pend(me, index));
    }

    fn start(&self, me: u32, wanted: u64) -> Option<(usize, Seen)> {
        let index = (wanted & 0xff) as usize;
        let words = &self.0.tasks.get(index)?.words; // else it only wakes
        let seen = words.look();
        if number(index, seen) != wanted {
            return None;
        }
        Some((index, words.start(seen, me)?))
    }

    /// A task that waits, as a worker takes it.
    pub(super) fn take(&self, me: u32) -> Option<(usize, Seen)> {
        let all = self.0.tasks.iter().enumerate().filter_map(|(index, task)| {
            let seen = task.words.look();
            seen.is(Phase::Pending).then(|| number(index, seen))
        });
        let start = |number| Ok::<_, Infallible>(self.start(me, number));
        hints::take(&Mine(self, me), start, all).unwrap()
    }

    /// Takes one, if there is one, and does it. Tells whether there was one.
    fn work(&self, me: u32) -> bool {
        let Some((index, running)) = self.take(me) else { return false };
        self.perform(index, running);
        true
    }

    pub(super) fn perform(&self, index: usize, running: Seen) {
        let task = &self.0.tasks[index];
        // SAFETY: the task is in hand; loom checks it.
        assert_eq!(task.input.with(|n| unsafe { *n }), 5);
        if task.words.finish(running, Outcome::Done, &()) == Finished::Ended {
            task.ends.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Works once, however long it has to sleep before.
    fn work_asleep(&self, me: u32) {
        loop {
            let watch = self.0.data.prepare();
            if self.work(me) {
                return;
            }
            sleep(&[watch], None);
        }
    }

    /// Takes a number, and dies at this step, or before if there is none.
    pub(super) fn die_working(&self, me: u32, dies: Dies) {
        let ring = self.ring();
        if let Ok(reading) = ring.claim_read(me, 8, self) {
            let mut bytes = [0; 8];
            reading.read(&mut bytes);
            match dies {
                Dies::WithTheCell => std::mem::forget(reading),
                _ => _ = reading.finish(),
            }
            if dies == Dies::AtWork {
                self.start(me, u64::from_ne_bytes(bytes));
            }
        }
        self.die(me);
    }

    /// Clears up behind a dead one, as the sweep does: its ring, and then, or before, the pool.
    fn sweep(&self, dead: u32, ring_first: bool) {
        while !self.is_dead(dead) {
            thread::yield_now();
        }
        if ring_first {
            self.ring().recover(dead);
        }
        self.0.astray.raise();
        for task in &self.0.tasks {
            let seen = task.words.look();
            let in_hand = seen.phase().is_some_and(Phase::is_at_work) && seen.who() == dead;
            if in_hand && task.words.retry(seen).is_some() {
                self.0.astray.raise();
            }
        }
        if !ring_first {
            self.ring().recover(dead);
        }
    }

    /// After everybody: does what is left, and tells how often each has ended.
    fn ends(&self, me: u32) -> [u32; 2] {
        while self.work(me) {}
        [0, 1].map(|index| self.0.tasks[index].ends.load(Ordering::Relaxed))
    }
}

fn spawn(world: &World, f: impl FnOnce(&World) + 'static) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

#[test]
fn a_task_is_done_once_whoever_looks_for_it() {
    loom::model(|| {
        let world = World::new(1);
        let workers = [1, 2].map(|me| spawn(&world, move |w| _ = w.work(me)));
        world.submit(0, 0);
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        assert_eq!(world.ends(0), [1, 0]);
    });
}

#[test]
fn a_worker_that_sleeps_is_woken_for_a_task() {
    loom::model(|| {
        let world = World::new(1);
        let worker = spawn(&world, |w| w.work_asleep(1));
        world.submit(0, 0);
        worker.join().unwrap();
        assert_eq!(world.ends(0), [1, 0]);
    });
}

/// The ring is full of a number behind which no task waits any more.
#[test]
fn a_task_for_whose_number_there_is_no_room_is_done() {
    loom::model(|| {
        let world = World::new(1);
        world.submit(0, 1);
        let waits = world.0.tasks[1].words.look();
        assert!(world.0.tasks[1].words.cancel(waits, &()));
        let worker = spawn(&world, |w| w.work_asleep(1));
        world.submit(0, 0);
        worker.join().unwrap();
        assert_eq!(world.ends(0), [1, 0]);
    });
}

/// One who lives stands still in the middle of a move.
#[test]
fn a_task_behind_somebody_who_stands_still_is_done() {
    loom::model(|| {
        let world = World::new(2);
        let ring = world.ring();
        let standing = ring.claim_write(2, &world).unwrap();
        let submitter = spawn(&world, |w| w.submit(0, 0));
        let early = world.work(1);
        submitter.join().unwrap();
        assert!(early != world.work(1), "once, and nobody has waited for who stands still");
        drop(standing);
        assert_eq!(world.ends(1), [1, 0]);
    });
}

/// Of two that went astray, of which only one was spoken of.
#[test]
fn who_finds_one_that_went_astray_leaves_the_other_one_to_be_found() {
    loom::model(|| {
        let world = World::new(1);
        (0..2).for_each(|index| _ = world.pend(0, index));
        world.0.astray.raise();
        let worker = spawn(&world, |w| _ = w.work(1));
        world.work(2);
        worker.join().unwrap();
        assert_eq!(world.ends(0), [1, 1]);
    });
}

/// A worker dies; another works, and somebody clears up behind the dead one.
fn dies_working(dies: Dies) {
    for ring_first in [true, false] {
        loom::model(move || {
            let world = World::new(1);
            world.submit(0, 0);
            let worker = spawn(&world, move |w| w.die_working(1, dies));
            let sweeper = spawn(&world, move |w| w.sweep(1, ring_first));
            world.work(0);
            worker.join().unwrap();
            sweeper.join().unwrap();
            assert_eq!(world.ends(0), [1, 0]);
        });
    }
}

#[test]
fn a_task_whose_worker_died_with_the_numbers_cell_is_done() {
    dies_working(Dies::WithTheCell);
}

#[test]
fn a_task_whose_worker_died_with_its_number_is_done() {
    dies_working(Dies::WithTheNumber);
}

#[test]
fn a_task_whose_worker_died_at_it_is_done_again() {
    dies_working(Dies::AtWork);
}

/// At some step: it holds a cell for the number, or not even that.
#[test]
fn a_task_whose_submitter_died_before_anybody_was_told_is_done() {
    for (with_a_cell, ring_first) in [(true, true), (true, false), (false, true)] {
        loom::model(move || {
            let world = World::new(1);
            let submitter = spawn(&world, move |w| {
                w.pend(1, 0);
                if with_a_cell {
                    std::mem::forget(w.ring().claim_write(1, w).unwrap());
                }
                w.die(1);
            });
            let sweeper = spawn(&world, move |w| w.sweep(1, ring_first));
            world.work(0);
            submitter.join().unwrap();
            sweeper.join().unwrap();
            assert_eq!(world.ends(0), [1, 0]);
        });
    }
}
