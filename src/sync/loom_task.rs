//! Models of one task of a pool. Each name is the sentence it checks.

#![allow(unsafe_code)] // what a task carries is reached through loom's cells

use super::closing::{Closing, ClosingWord};
use super::task::{Finished, Outcome, Phase, Seen, TaskWords};
use crate::shim::{AtomicU32, Ordering, sleep};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

struct World {
    task: TaskWords,
    /// Exclusive, by turns.
    bytes: UnsafeCell<u32>,
    /// What is read without knowing whether it still is.
    copied: AtomicU32,
    ends: AtomicU32,
}

// SAFETY: `bytes` is reached by whose turn it is; loom checks that.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

const OWNER: u32 = 7;
const THREAD: u32 = 1;

impl World {
    fn new() -> Arc<World> {
        Arc::new(World {
            task: TaskWords::new(),
            bytes: UnsafeCell::new(0),
            copied: AtomicU32::new(0),
            ends: AtomicU32::new(0),
        })
    }

    fn hold(&self) -> Seen {
        self.task.hold(self.task.look(), THREAD).unwrap()
    }

    fn pend(&self, owner: u32) -> Seen {
        self.task.pend(self.hold(), owner)
    }

    fn start(&self, worker: u32) -> Option<Seen> {
        self.task.start(self.task.look(), worker)
    }

    fn run(&self, owner: u32) -> Seen {
        self.pend(owner);
        self.start(1).unwrap()
    }

    fn finish(&self, running: Seen) -> bool {
        self.task.finish(running, Outcome::Done, &()) == Finished::Ended
    }

    fn write(&self, value: u32) {
        // SAFETY: it is our turn; loom checks it.
        self.bytes.with_mut(|n| unsafe { *n = value });
    }

    fn read(&self) -> u32 {
        // SAFETY: it is our turn; loom checks it.
        self.bytes.with(|n| unsafe { *n })
    }

    fn ended(&self, did: bool) {
        self.ends.fetch_add(did.into(), Ordering::Relaxed);
    }

    fn is_litter(&self) -> bool {
        self.task.is_litter(self.task.look())
    }

    fn phase(&self) -> Phase {
        self.task.look().phase().unwrap()
    }

    /// Sleeps until it has ended: how it has.
    fn wait(&self) -> Phase {
        loop {
            let watch = self.task.settled.prepare();
            let phase = self.phase();
            if phase.is_end() {
                return phase;
            }
            sleep(&[watch], None);
        }
    }
}

fn spawn<R: 'static>(world: &Arc<World>, f: impl FnOnce(&World) -> R + 'static) -> thread::JoinHandle<R> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

/// Two workers race for it; one runs it.
#[test]
fn who_starts_a_task_sees_what_is_to_be_done() {
    loom::model(|| {
        let world = World::new();
        let workers = [1, 2].map(|worker| {
            spawn(&world, move |w| {
                let Some(running) = w.start(worker) else { return };
                assert_eq!(w.read(), 5);
                w.write(6);
                w.ended(w.finish(running));
            })
        });
        let held = world.hold();
        world.write(5);
        world.task.pend(held, OWNER);
        workers.into_iter().for_each(|w| w.join().unwrap());
        assert!(world.ends.load(Ordering::Relaxed) <= 1);
    });
}

#[test]
fn who_sees_the_end_sees_the_result() {
    loom::model(|| {
        let world = World::new();
        let running = world.run(OWNER);
        let observer = spawn(&world, |w| {
            if w.task.look().is(Phase::Done) {
                assert_eq!(w.read(), 6);
            }
        });
        world.write(6);
        assert!(world.finish(running));
        observer.join().unwrap();
    });
}

#[test]
fn a_place_given_back_is_no_longer_used() {
    loom::model(|| {
        let world = World::new();
        let held = world.hold();
        let next = spawn(&world, |w| {
            let seen = w.task.look();
            if w.task.is_vacant(seen) && w.task.hold(seen, 2).is_some() {
                w.write(2);
            }
        });
        world.write(1);
        world.task.give_back(held);
        next.join().unwrap();
    });
}

/// Whoever sweeps has seen it dead, and so all that it wrote.
#[test]
fn the_place_of_a_dead_holder_is_no_longer_used() {
    loom::model(|| {
        let world = World::new();
        world.hold();
        let next = spawn(&world, |w| {
            let seen = w.task.look();
            if w.task.is_vacant(seen) && w.task.hold(seen, 2).is_some() {
                w.write(2);
            }
        });
        world.write(1);
        assert!(world.task.drop_held(THREAD));
        next.join().unwrap();
    });
}

/// The keeper has seen the worker dead; it plays it here.
#[test]
fn the_next_attempt_writes_after_the_dead_one() {
    loom::model(|| {
        let world = World::new();
        let running = world.run(OWNER);
        let next = spawn(&world, |w| {
            if let Some(running) = w.start(2) {
                assert_eq!(running.attempt(), 1);
                w.write(2);
                assert!(w.finish(running));
            }
        });
        world.write(1);
        assert!(world.task.retry(running).is_some());
        assert_eq!(world.task.finish(running, Outcome::Done, &()), Finished::Condemned);
        next.join().unwrap();
    });
}

#[test]
fn who_sees_it_lost_knows_why() {
    loom::model(|| {
        let world = World::new();
        let running = world.run(OWNER);
        let keeper = spawn(&world, move |w| {
            w.write(1);
            assert!(w.task.lose(running, 9, &()));
        });
        if world.task.look().is(Phase::Lost) {
            assert_eq!((world.task.cause(), world.read()), (9, 1));
        }
        keeper.join().unwrap();
    });
}

/// The next task is filled by one thread and worked at by another.
#[test]
fn a_reader_never_takes_the_next_task_for_this_one() {
    loom::model(|| {
        let world = World::new();
        let running = world.run(OWNER);
        world.copied.store(1, Ordering::Relaxed);
        assert!(world.finish(running));
        let seen = world.task.look();
        let reader = spawn(&world, move |w| {
            let copied = w.copied.load(Ordering::Relaxed);
            assert!(!w.task.is_still(seen.generation()) || copied == 1);
        });
        let worker = spawn(&world, |w| {
            if w.start(2).is_some() {
                w.copied.store(3, Ordering::Relaxed);
            }
        });
        let held = world.hold();
        world.copied.store(2, Ordering::Relaxed);
        world.task.pend(held, OWNER);
        reader.join().unwrap();
        worker.join().unwrap();
    });
}

#[test]
fn what_nobody_wants_is_litter() {
    loom::model(|| {
        let world = World::new();
        let running = world.run(OWNER);
        let worker = spawn(&world, move |w| assert!(w.finish(running)));
        assert!(world.task.let_go(OWNER));
        worker.join().unwrap();
        assert!(world.is_litter());
    });
}

/// Its owner has read it, and lets go.
#[test]
fn what_is_litter_is_no_longer_read() {
    loom::model(|| {
        let world = World::new();
        let running = world.run(OWNER);
        assert!(world.finish(running));
        let owner = spawn(&world, |w| {
            w.read();
            assert!(w.task.let_go(OWNER));
        });
        let seen = world.task.look();
        if world.task.is_litter(seen) {
            world.task.hold(seen, THREAD).unwrap();
            world.write(2);
        }
        owner.join().unwrap();
    });
}

#[test]
fn what_was_done_before_one_asks_is_seen() {
    loom::model(|| {
        let world = World::new();
        let running = world.run(OWNER);
        let worker = spawn(&world, |w| {
            if w.task.stop.is_set() {
                assert_eq!(w.read(), 3);
            }
        });
        world.write(3);
        assert!(world.task.ask(running, false, &()));
        worker.join().unwrap();
    });
}

#[test]
fn who_is_slow_to_ask_stops_no_other_task() {
    loom::model(|| {
        let world = World::new();
        let running = world.run(OWNER);
        let asker = spawn(&world, move |w| w.task.ask(running, false, &()));
        assert!(world.finish(running));
        world.run(OWNER);
        asker.join().unwrap();
        assert!(!world.task.stop.is_set());
    });
}

/// The second finds it asked.
#[test]
fn who_asks_again_and_is_slow_stops_no_other_task() {
    loom::model(|| {
        let world = World::new();
        let running = world.run(OWNER);
        assert!(world.task.ask(running, false, &()));
        let asker = spawn(&world, |w| {
            let seen = w.task.look();
            if seen.generation() == 1 {
                w.task.ask(seen, false, &());
            }
        });
        assert!(world.finish(running));
        world.run(OWNER);
        asker.join().unwrap();
        assert!(!world.task.stop.is_set());
    });
}

#[test]
fn who_is_asked_is_told() {
    loom::model(|| {
        let world = World::new();
        let asker = spawn(&world, |w| {
            let seen = w.task.look();
            let asked = w.task.ask(seen, false, &());
            assert_eq!(asked, seen.is(Phase::Running));
            asked
        });
        world.run(OWNER);
        assert_eq!(asker.join().unwrap(), world.task.stop.is_set());
    });
}

#[test]
fn a_task_cancelled_while_it_waits_never_runs() {
    loom::model(|| {
        let world = World::new();
        let pending = world.pend(OWNER);
        let canceller = spawn(&world, move |w| w.task.cancel(pending, &()));
        let ran = world.start(1);
        assert!(ran.is_none_or(|running| world.finish(running)));
        assert_eq!(canceller.join().unwrap(), ran.is_none());
        assert_eq!(world.phase(), if ran.is_none() { Phase::Cancelled } else { Phase::Done });
    });
}

/// Who terminates a pool condemns what runs, then cancels what waits; who takes a task looks behind that whether he may begin.
#[test]
fn what_is_taken_while_the_pool_is_terminated_does_not_run_on() {
    loom::model(|| {
        let (world, closing) = (World::new(), Arc::new(ClosingWord::new()));
        world.pend(OWNER);
        let at_the_door = closing.clone();
        let worker = spawn(&world, move |w| {
            if let Some(running) = w.start(1)
                && !at_the_door.admits()
            {
                w.task.call_off(running, 9, &());
            }
        });
        closing.close(Closing::Shut);
        closing.state();
        let condemned = world.task.condemn(world.task.look(), false).is_some();
        while let seen = world.task.look()
            && seen.is(Phase::Pending)
        {
            world.task.cancel(seen, &());
        }
        worker.join().unwrap();
        let end = world.phase();
        assert!(end == Phase::Cancelled || condemned && end == Phase::Condemned, "{end:?}");
    });
}

/// Its worker, who condemns it, and who asks.
#[test]
fn a_task_ends_once_and_in_one_way() {
    loom::model(|| {
        let world = World::new();
        let running = world.run(OWNER);
        let keeper = spawn(&world, move |w| {
            if let Some(condemned) = w.task.condemn(w.task.look(), true) {
                w.ended(w.task.lose(condemned, 9, &()));
            }
        });
        let asker = spawn(&world, move |w| w.task.ask(running, false, &()));
        world.ended(world.finish(running));
        keeper.join().unwrap();
        asker.join().unwrap();
        assert_eq!(world.ends.load(Ordering::Relaxed), 1);
        assert!(world.phase().is_end());
    });
}

/// The worker was given up for dead, and is not.
#[test]
fn who_is_late_to_finish_ends_no_other_task() {
    loom::model(|| {
        let world = World::new();
        let running = world.run(0);
        let worker = spawn(&world, move |w| w.task.finish(running, Outcome::Done, &()));
        let lost = world.task.lose(running, 9, &());
        let is_reused = world.is_litter();
        if is_reused {
            world.run(OWNER);
        }
        let finished = worker.join().unwrap();
        assert_eq!(finished == Finished::Condemned, lost);
        assert_eq!(world.is_litter(), !is_reused);
    });
}

/// The worker was given up for dead, and is not.
#[test]
fn who_is_late_to_finish_ends_no_other_attempt() {
    loom::model(|| {
        let world = World::new();
        let running = world.run(OWNER);
        let pending = world.task.retry(running).unwrap();
        let worker = spawn(&world, move |w| w.task.finish(running, Outcome::Done, &()));
        let again = world.task.start(pending, 2).unwrap();
        assert_eq!(worker.join().unwrap(), Finished::Condemned);
        assert!(world.finish(again));
    });
}

/// A way for a task to end, from where it waits.
type End = fn(&World, Seen);

#[test]
fn who_waits_is_woken_however_it_ends() {
    let ways: [(End, Phase); 5] = [
        (|w, pending| assert!(w.task.cancel(pending, &())), Phase::Cancelled),
        (|w, pending| assert!(w.task.lose(pending, 9, &())), Phase::Lost),
        (|w, _| assert!(w.finish(w.start(1).unwrap())), Phase::Done),
        (
            |w, pending| {
                let running = w.task.start(pending, 1).unwrap();
                let condemned = w.task.condemn(running, false).unwrap();
                assert!(w.task.lose(condemned, 9, &()));
            },
            Phase::Cancelled,
        ),
        (
            |w, pending| {
                let again = w.task.retry(w.task.start(pending, 1).unwrap()).unwrap();
                assert!(w.finish(w.task.start(again, 2).unwrap()));
            },
            Phase::Done,
        ),
    ];
    for (end, phase) in ways {
        loom::model(move || {
            let world = World::new();
            let pending = world.pend(OWNER);
            let waits = spawn(&world, World::wait);
            end(&world, pending);
            assert_eq!(waits.join().unwrap(), phase);
        });
    }
}

/// So whoever sweeps behind its giver knows that it is his.
#[test]
fn who_sees_a_promise_sees_who_has_given_it() {
    loom::model(|| {
        let world = World::new();
        let held = world.hold();
        let sweeper = spawn(&world, |w| {
            if w.task.look().is(Phase::Running) {
                assert_eq!(w.read(), 5);
            }
        });
        world.write(5);
        world.task.promise(held, OWNER, 9);
        sweeper.join().unwrap();
    });
}

/// It has written a result, but has not told. Whoever sweeps has seen it dead, and plays it here.
#[test]
fn who_waits_for_a_promise_learns_that_its_giver_died() {
    loom::model(|| {
        let world = World::new();
        let promised = world.task.promise(world.hold(), OWNER, 9);
        let sweeper = spawn(&world, move |w| {
            w.write(6);
            assert!(w.task.forsake(promised, 9, &()));
        });
        assert_eq!(world.wait(), Phase::Lost);
        assert_eq!((world.read(), world.task.cause()), (6, 9));
        sweeper.join().unwrap();
    });
}

#[test]
fn a_promise_that_is_broken_while_somebody_asks_is_over() {
    loom::model(|| {
        let world = World::new();
        let promised = world.task.promise(world.hold(), OWNER, 9);
        let asker = spawn(&world, move |w| w.task.ask(promised, false, &()));
        assert!(world.task.forsake(promised, 9, &()));
        let asked = asker.join().unwrap();
        assert_eq!(world.phase(), if asked { Phase::Cancelled } else { Phase::Lost });
    });
}

/// A promise that was kept is not broken by who is late to see its giver dead.
#[test]
fn a_promise_that_is_broken_late_breaks_no_other() {
    loom::model(|| {
        let world = World::new();
        let promised = world.task.promise(world.hold(), 0, 9);
        let sweeper = spawn(&world, move |w| w.task.forsake(promised, 9, &()));
        let kept = world.finish(promised);
        let is_reused = world.is_litter();
        if is_reused {
            world.task.promise(world.hold(), OWNER, 9);
        }
        assert_eq!(sweeper.join().unwrap(), !kept);
        assert_eq!(world.is_litter(), !is_reused);
    });
}
