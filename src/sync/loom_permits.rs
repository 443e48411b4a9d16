//! Models of the permits among threads that may die; each thread is a process of its own. Each name is the sentence it
//! checks.
//!
//! A death is a thread that returns early: whatever it holds it keeps, and the kernel marks its alive word. A sleep
//! never times out here, so that whatever only the slice would mend shows as a deadlock.

#![allow(unsafe_code)] // what a permit guards in a model is reached through loom's cells

use super::lock::{Crowd, Owners};
use super::permits::{Cells, Claim, Gate, Parties, Patience};
use super::wait::{Manner, Timeout, Wait};
use crate::error::ErrorKind;
use crate::presence::place::{PlaceWord, Standing, standing};
use crate::segment::bits::{ALIVE_WAITERS, State, Token};
use crate::shim::{AtomicU32, Doom, Ordering, doomed, exit};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

struct World {
    places: Vec<PlaceWord>,
    alive: Vec<AtomicU32>,
    cells: Vec<AtomicU32>,
    gate: Gate,
    guarded: UnsafeCell<u32>,
}

// SAFETY: `guarded` is reached by the holder of the one permit only; loom checks that.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

impl World {
    /// So many permits, and so many threads, all of them registered.
    fn with(permits: u32, threads: u32) -> Arc<World> {
        let world = World::vacant(permits, threads);
        (0..threads).for_each(|i| world.join(i));
        world
    }

    fn vacant(permits: u32, threads: u32) -> Arc<World> {
        Arc::new(World {
            places: (0..threads).map(|_| PlaceWord::new()).collect(),
            alive: (0..threads).map(|_| AtomicU32::new(0)).collect(),
            cells: (0..permits).map(|_| AtomicU32::new(0)).collect(),
            gate: Gate::new(),
            guarded: UnsafeCell::new(0),
        })
    }

    fn join(&self, index: u32) {
        let place = &self.places[index as usize];
        let joining = place.join(Token::new(9, 9)).unwrap();
        // Relaxed: enough here; the models of the place ask for more.
        self.alive[index as usize].store((index + 1) | ALIVE_WAITERS, Ordering::Relaxed);
        assert!(place.change(joining, joining.to(State::Live, joining.token)));
    }

    fn token(&self, index: u32) -> Token {
        Token::new(index, self.places[index as usize].load().unwrap().generation)
    }

    fn cells(&self) -> Cells<'_> {
        Cells { cells: &self.cells, gate: &self.gate, bell: &() }
    }

    fn parties(&self, index: u32) -> Parties<'_, World, World> {
        Parties { processes: self, threads: self, me: self.token(index) }
    }

    fn take(&self, index: u32) {
        let wait = Wait::new(Timeout::Forever, Manner::default());
        let mut claim = Claim::one(self.token(index), 0);
        self.cells().claim(&mut claim, &self.parties(index), Patience::Wait(&wait)).unwrap();
    }

    fn try_take(&self, index: u32) -> Result<(), ErrorKind> {
        let mut claim = Claim::one(self.token(index), 0);
        self.cells().claim(&mut claim, &self.parties(index), Patience::Try { ask: true })
    }

    fn collect(&self, index: u32, count: usize) {
        let wait = Wait::new(Timeout::Forever, Manner::default());
        let patience = Patience::Wait(&wait);
        self.cells().collect(count, self.token(index), 0, &self.parties(index), patience).unwrap();
    }

    fn try_collect(&self, index: u32, count: usize) -> Result<usize, ErrorKind> {
        let patience = Patience::Try { ask: true };
        self.cells().collect(count, self.token(index), 0, &self.parties(index), patience)
    }

    fn give(&self, index: u32, count: usize) {
        self.cells().release(0, self.token(index).0, count).unwrap();
    }

    /// Adds one to what the one permit guards; loom reports two at a time, or one that sees half.
    fn count(&self) {
        self.guarded.with_mut(|n| {
            // SAFETY: the caller holds the permit; loom checks it.
            unsafe { *n += 1 }
        });
    }

    fn held(&self, index: u32) -> usize {
        self.cells().count(self.token(index).0)
    }

    fn free(&self) -> usize {
        self.cells().count(0)
    }

    fn die(&self, index: u32) {
        exit(&self.alive[index as usize]);
    }
}

impl Owners for World {
    fn standing(&self, token: Token) -> Standing<'_> {
        let i = token.index() as usize;
        standing(&self.places[i], &self.alive[i], token)
    }

    fn others<'a>(&'a self, out: &mut Crowd<'a>) {
        for index in 0..self.places.len() as u32 {
            if let Standing::Here(Some(watch)) = self.standing(self.token(index)) {
                out.add(watch);
            }
        }
    }

    fn sweep(&self) {
        unreachable!("a model has no clock");
    }

    fn spins(&self) -> u32 {
        0
    }
}

/// A thread among more threads than a sleeper can listen to: it hears of the holders' deaths only.
struct InACrowd<'w>(&'w World);

impl Owners for InACrowd<'_> {
    fn standing(&self, token: Token) -> Standing<'_> {
        self.0.standing(token)
    }

    fn others<'a>(&'a self, _: &mut Crowd<'a>) {}

    fn sweep(&self) {
        unreachable!("a model has no clock");
    }

    fn spins(&self) -> u32 {
        0
    }
}

fn take_in_a_crowd(world: &World, index: u32) {
    let (wait, crowd) = (Wait::new(Timeout::Forever, Manner::default()), InACrowd(world));
    let mut claim = Claim::one(world.token(index), 0);
    let parties = Parties { processes: &crowd, threads: &crowd, me: world.token(index) };
    world.cells().claim(&mut claim, &parties, Patience::Wait(&wait)).unwrap();
}

fn spawn(world: &Arc<World>, f: impl FnOnce(&World) + 'static) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

fn turn(world: &World, index: u32) {
    world.take(index);
    world.count();
    world.give(index, 1);
}

#[test]
fn what_was_done_with_a_permit_is_seen_by_the_next() {
    loom::model(|| {
        let world = World::with(1, 2);
        let other = spawn(&world, |w| turn(w, 1));
        turn(&world, 0);
        other.join().unwrap();
        // SAFETY: both threads are done.
        assert_eq!(world.guarded.with(|n| unsafe { *n }), 2);
        assert_eq!(world.free(), 1);
    });
}

#[test]
fn a_permit_is_taken_and_given_back_where_the_hint_says() {
    loom::model(|| {
        let world = World::with(1, 2);
        let other = spawn(&world, |w| turn(w, 1));
        let me = world.token(0).0;
        if world.cells().take_at(0, me) {
            world.count();
            assert!(world.cells().free_at(0, me));
        }
        other.join().unwrap();
        assert_eq!(world.free(), 1);
    });
}

#[test]
fn a_release_wakes_a_sleeper() {
    loom::model(|| {
        let world = World::with(2, 2);
        (0..2).for_each(|_| world.take(0));
        let sleeper = spawn(&world, |w| {
            take_in_a_crowd(w, 1);
            w.give(1, 1);
        });
        world.give(0, 1);
        sleeper.join().unwrap();
        assert_eq!((world.free(), world.held(0)), (1, 1));
    });
}

#[test]
fn a_release_of_two_frees_both_sleepers() {
    loom::model(|| {
        let world = World::with(2, 3);
        (0..2).for_each(|_| world.take(0));
        let sleepers = [1, 2].map(|i| spawn(&world, move |w| take_in_a_crowd(w, i)));
        world.give(0, 2);
        sleepers.into_iter().for_each(|s| s.join().unwrap());
        assert_eq!((world.free(), world.held(1), world.held(2)), (0, 1, 1));
    });
}

#[test]
fn a_dead_holders_permit_is_taken_once_by_two_who_find_it() {
    loom::model(|| {
        let world = World::with(1, 3);
        world.take(0);
        world.die(0);
        let other = spawn(&world, |w| turn(w, 1));
        turn(&world, 2);
        other.join().unwrap();
        assert_eq!(world.free(), 1);
    });
}

#[test]
fn one_of_two_who_try_for_a_dead_holders_permit_gets_it() {
    loom::model(|| {
        let world = World::with(1, 3);
        world.take(0);
        world.die(0);
        let other = spawn(&world, |w| {
            let _ = w.try_take(1);
        });
        let mine = world.try_take(2);
        other.join().unwrap();
        assert_eq!((world.held(1) + world.held(2), world.held(2)), (1, usize::from(mine.is_ok())));
    });
}

#[test]
fn a_repair_by_a_third_party_and_a_taker_agree() {
    loom::model(|| {
        let world = World::with(1, 2);
        let dead = world.token(0);
        world.take(0);
        world.die(0);
        let sweeper = spawn(&world, move |w| {
            w.cells().recover(dead);
        });
        turn(&world, 1);
        sweeper.join().unwrap();
        assert_eq!(world.free(), 1);
    });
}

#[test]
fn what_a_dead_holder_did_is_seen_by_the_next() {
    loom::model(|| {
        let world = World::with(1, 3);
        let dead = world.token(1);
        let victim = spawn(&world, move |w| {
            if w.cells().take_at(0, dead.0) {
                w.count();
            }
            w.die(1);
        });
        let taker = spawn(&world, |w| {
            if w.cells().take_at(0, w.token(2).0) {
                w.count();
            }
        });
        if matches!(world.standing(dead), Standing::Dead) {
            world.cells().recover(dead);
        }
        taker.join().unwrap();
        victim.join().unwrap();
    });
}

/// One registers and takes a permit while the other looks who holds it.
fn nobody_is_robbed(other: fn(&World, u32)) {
    loom::model(move || {
        let world = World::vacant(1, 2);
        world.join(0);
        let first = spawn(&world, |w| {
            w.join(1);
            turn(w, 1);
        });
        other(&world, 0);
        first.join().unwrap();
        assert_eq!(world.free(), 1);
    });
}

#[test]
fn a_living_holder_is_never_robbed() {
    nobody_is_robbed(|w, me| {
        if w.try_take(me).is_ok() {
            w.count();
            w.give(me, 1);
        }
    });
}

#[test]
fn a_living_holder_is_never_robbed_by_one_that_waits() {
    nobody_is_robbed(turn);
}

#[test]
fn a_holder_that_dies_at_any_step_leaves_the_permit_to_a_sleeper() {
    for steps in 0..3 {
        loom::model(move || {
            let world = World::with(1, 2);
            let victim = spawn(&world, move |w| {
                let me = w.token(1).0;
                if steps > 0 && w.cells().take_at(0, me) && steps > 1 {
                    w.cells().free_at(0, me);
                }
                w.die(1);
            });
            take_in_a_crowd(&world, 0);
            victim.join().unwrap();
            assert_eq!(world.held(0), 1);
        });
    }
}

#[test]
fn a_dead_holder_of_one_permit_leaves_no_sleeper_behind() {
    loom::model(|| {
        let world = World::with(1, 3);
        world.take(0);
        let others = [1, 2].map(|i| {
            spawn(&world, move |w| {
                take_in_a_crowd(w, i);
                w.give(i, 1);
            })
        });
        world.die(0);
        others.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(world.free(), 1);
    });
}

#[test]
fn who_is_killed_before_he_wakes_the_sleepers_leaves_nobody_behind() {
    loom::model(|| {
        let world = World::with(1, 2);
        world.take(1);
        let victim = spawn(&world, |w| {
            doomed(Doom::Waking, || w.give(1, 1));
            w.die(1);
        });
        take_in_a_crowd(&world, 0);
        victim.join().unwrap();
    });
}

#[test]
fn a_sleeper_that_is_killed_when_woken_leaves_nobody_behind() {
    loom::model(|| {
        let world = World::with(1, 3);
        world.take(0);
        let victim = spawn(&world, |w| {
            if doomed(Doom::Sleeping, || take_in_a_crowd(w, 1)).is_some() {
                w.give(1, 1);
            } else {
                w.die(1);
            }
        });
        let other = spawn(&world, |w| {
            take_in_a_crowd(w, 2);
            w.give(2, 1);
        });
        world.give(0, 1);
        victim.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn a_collector_of_two_and_a_taker_of_one_both_come_to_it() {
    loom::model(|| {
        let world = World::with(2, 2);
        let single = spawn(&world, |w| {
            w.take(1);
            w.give(1, 1);
        });
        world.collect(0, 2);
        assert_eq!(world.held(0), 2);
        world.give(0, 2);
        single.join().unwrap();
        assert_eq!(world.free(), 2);
    });
}

#[test]
fn two_collectors_of_two_do_not_block_each_other() {
    loom::model(|| {
        let world = World::with(2, 2);
        let other = spawn(&world, |w| {
            w.collect(1, 2);
            w.give(1, 2);
        });
        world.collect(0, 2);
        world.give(0, 2);
        other.join().unwrap();
        assert_eq!(world.free(), 2);
    });
}

#[test]
fn a_collector_that_dies_asleep_gives_back_what_it_had() {
    loom::model(|| {
        let world = World::with(2, 3);
        world.take(0);
        let victim = spawn(&world, |w| {
            if doomed(Doom::Sleeping, || w.collect(1, 2)).is_some() {
                w.give(1, 2);
            } else {
                w.die(1);
            }
        });
        world.give(0, 1);
        take_in_a_crowd(&world, 2);
        world.give(2, 1);
        victim.join().unwrap();
        world.collect(2, 2);
        assert_eq!((world.held(2), world.free()), (2, 0));
    });
}

/// A collector dies with the lock, one permit stamped and one settled, or none yet; two others clear up behind it.
fn collector_dies(committed: bool) {
    loom::model(move || {
        let world = World::with(2, 3);
        let dead = world.token(0);
        world.cells().die_collecting(dead, dead, committed);
        world.die(0);
        let sweeper = spawn(&world, move |w| {
            w.cells().recover_collector(dead);
            let _ = w.try_take(1);
        });
        world.cells().tidy(&world.parties(2));
        sweeper.join().unwrap();
        // The last word: also behind one who was too late for the other.
        world.cells().tidy(&world.parties(2));
        world.cells().tidy(&world.parties(2));
        assert_eq!(world.free() + world.held(1), 2, "its process is dead too: all is free");
    });
}

#[test]
fn a_collector_that_dies_before_its_commit_has_none() {
    collector_dies(false);
}

#[test]
fn a_collector_that_dies_after_its_commit_leaves_all_to_its_process() {
    collector_dies(true);
}

/// The thread of the collector dies; its process, another token here, lives. Two others find out.
fn collectors_thread_dies(committed: bool) {
    loom::model(move || {
        let world = World::with(2, 4);
        let (process, thread) = (world.token(3), world.token(0));
        world.cells().die_collecting(process, thread, committed);
        world.die(0);
        let sweeper = spawn(&world, move |w| {
            w.cells().recover_collector(thread);
        });
        let other = spawn(&world, |w| w.cells().tidy(&w.parties(1)));
        world.cells().tidy(&world.parties(2));
        sweeper.join().unwrap();
        other.join().unwrap();
        world.cells().tidy(&world.parties(1));
        let (has, rest) = if committed { (2, 0) } else { (0, 2) };
        assert_eq!((world.held(3), world.free()), (has, rest));
    });
}

#[test]
fn a_process_whose_collecting_thread_dies_after_the_commit_has_all() {
    collectors_thread_dies(true);
}

#[test]
fn a_process_whose_collecting_thread_dies_before_the_commit_has_none() {
    collectors_thread_dies(false);
}

#[test]
fn the_next_collector_first_settles_for_the_dead_one() {
    for committed in [false, true] {
        loom::model(move || {
            let world = World::with(2, 4);
            let (process, thread) = (world.token(3), world.token(0));
            world.cells().die_collecting(process, thread, committed);
            world.die(0);
            let sweeper = spawn(&world, move |w| {
                w.cells().recover_collector(thread);
            });
            if committed {
                assert_eq!(world.try_collect(2, 2), Err(ErrorKind::Busy));
            } else {
                world.collect(2, 2);
            }
            sweeper.join().unwrap();
            let (has, mine) = if committed { (2, 0) } else { (0, 2) };
            assert_eq!((world.held(3), world.held(2), world.free()), (has, mine, 0));
        });
    }
}

#[test]
fn a_sleeper_hears_of_the_death_of_a_collector() {
    loom::model(|| {
        let world = World::with(2, 2);
        let collector = world.token(0);
        world.cells().die_collecting(collector, collector, false);
        let sleeper = spawn(&world, |w| take_in_a_crowd(w, 1));
        world.die(0);
        sleeper.join().unwrap();
        assert_eq!((world.held(1), world.free()), (1, 1));
    });
}

#[test]
fn a_commit_is_for_one_collection() {
    loom::model(|| {
        let world = World::with(2, 4);
        world.collect(2, 2);
        world.give(2, 2);
        let (process, thread) = (world.token(3), world.token(0));
        world.cells().die_collecting(process, thread, false);
        world.die(0);
        let sweeper = spawn(&world, move |w| {
            w.cells().recover_collector(thread);
        });
        world.cells().tidy(&world.parties(1));
        sweeper.join().unwrap();
        world.cells().tidy(&world.parties(1));
        assert_eq!((world.held(3), world.free()), (0, 2));
    });
}

/// One of them cannot settle; to him it is enough that the process is dead, committed or not.
#[test]
fn who_settles_for_a_dead_collector_and_who_is_not_registered_agree() {
    for committed in [false, true] {
        loom::model(move || {
            let world = World::with(2, 3);
            let dead = world.token(0);
            world.cells().die_collecting(dead, dead, committed);
            world.die(0);
            let settler = spawn(&world, |w| w.cells().tidy(&w.parties(2)));
            let unknown = Parties { processes: &*world, threads: &*world, me: Token::NONE };
            world.cells().tidy(&unknown);
            settler.join().unwrap();
            world.cells().tidy(&unknown);
            assert_eq!(world.free(), 2);
        });
    }
}

#[test]
fn a_try_of_who_is_not_registered_finds_a_dead_collector() {
    loom::model(|| {
        let world = World::with(2, 2);
        let dead = world.token(0);
        world.cells().die_collecting(dead, dead, false);
        world.die(0);
        let unknown = Parties { processes: &*world, threads: &*world, me: Token::NONE };
        let mut claim = Claim::one(world.token(1), 0);
        assert_eq!(world.cells().claim(&mut claim, &unknown, Patience::Try { ask: true }), Ok(()));
    });
}
