//! Models of the stamped lock among threads that may die. Each name is the sentence it checks.
//!
//! A death is a thread that returns early: whatever it holds it keeps, and the kernel marks its alive word. A sleep
//! never times out here, so that whatever only the slice would mend shows as a deadlock.

#![allow(unsafe_code)] // what a lock guards is reached through loom's cells

use super::lock::{Crowd, Got, LockWord, Owners, Taker};
use super::wait::{Manner, Timeout, Wait};
use crate::error::ErrorKind;
use crate::presence::place::{PlaceWord, Standing, standing};
use crate::segment::bits::{ALIVE_WAITERS, State, Token};
use crate::shim::{AtomicU32, Doom, Ordering, doomed, exit};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

pub(super) struct World {
    places: Vec<PlaceWord>,
    alive: Vec<AtomicU32>,
    pub(super) locks: [LockWord; 2],
    pub(super) guarded: UnsafeCell<u32>,
}

// SAFETY: `guarded` is reached under the first lock only; loom checks that.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

impl World {
    /// A yard with so many threads, all of them registered.
    pub(super) fn with(threads: u32) -> Arc<World> {
        let world = World::vacant(threads);
        (0..threads).for_each(|i| world.join(i));
        world
    }

    fn vacant(threads: u32) -> Arc<World> {
        Arc::new(World {
            places: (0..threads).map(|_| PlaceWord::new()).collect(),
            alive: (0..threads).map(|_| AtomicU32::new(0)).collect(),
            locks: [LockWord::new(), LockWord::new()],
            guarded: UnsafeCell::new(0),
        })
    }

    fn join(&self, index: u32) {
        let place = &self.places[index as usize];
        let joining = place.join(Token::new(9, 9)).unwrap();
        // Relaxed: enough for a lock; the models of the place ask for more.
        self.alive[index as usize].store((index + 1) | ALIVE_WAITERS, Ordering::Relaxed);
        assert!(place.change(joining, joining.to(State::Live, joining.token)));
    }

    pub(super) fn token(&self, index: u32) -> Token {
        Token::new(index, self.places[index as usize].load().unwrap().generation)
    }

    pub(super) fn acquire(&self, lock: usize, token: Token) -> Got {
        if self.locks[lock].try_fast(token.0) {
            return Got::Clean;
        }
        let wait = Wait::new(Timeout::Forever, Manner::default());
        let taker = Taker { token, is_me: true, forever: true };
        self.locks[lock].acquire(taker, self, &wait).unwrap()
    }

    pub(super) fn release(&self, lock: usize, token: Token) {
        if !self.locks[lock].release_fast(token.0) {
            self.locks[lock].release(token.0).unwrap();
        }
    }

    /// Adds one to what the first lock guards; loom reports two at a time, or one that sees half.
    pub(super) fn count(&self) {
        self.guarded.with_mut(|n| {
            // SAFETY: the caller holds the lock; loom checks it.
            unsafe { *n += 1 }
        });
    }

    pub(super) fn die(&self, index: u32) {
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

pub(super) fn spawn(world: &Arc<World>, f: impl FnOnce(&World) + 'static) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

pub(super) fn turn(world: &World, index: u32) -> Got {
    let me = world.token(index);
    let got = world.acquire(0, me);
    world.count();
    world.release(0, me);
    got
}

#[test]
fn what_the_lock_guards_is_seen_whole() {
    loom::model(|| {
        let world = World::with(2);
        let other = spawn(&world, |w| {
            turn(w, 1);
        });
        assert_eq!(turn(&world, 0), Got::Clean);
        other.join().unwrap();
        // SAFETY: both threads are done.
        assert_eq!(world.guarded.with(|n| unsafe { *n }), 2);
        assert!(world.locks[0].holder().is_none() && !world.locks[0].is_suspect());
    });
}

#[test]
fn three_threads_take_turns_and_nobody_is_left_behind() {
    loom::model(|| {
        let world = World::with(3);
        let others: Vec<_> = [1, 2]
            .into_iter()
            .map(|i| {
                spawn(&world, move |w| {
                    turn(w, i);
                })
            })
            .collect();
        turn(&world, 0);
        others.into_iter().for_each(|t| t.join().unwrap());
        // SAFETY: all threads are done.
        assert_eq!(world.guarded.with(|n| unsafe { *n }), 3);
    });
}

#[test]
fn a_release_wakes_one_of_two_sleepers_and_it_wakes_the_other() {
    loom::model(|| {
        let world = World::with(3);
        let me = world.token(0);
        assert_eq!(world.acquire(0, me), Got::Clean);
        let others: Vec<_> = [1, 2]
            .into_iter()
            .map(|i| {
                spawn(&world, move |w| {
                    turn(w, i);
                })
            })
            .collect();
        world.count();
        world.release(0, me);
        others.into_iter().for_each(|t| t.join().unwrap());
    });
}

/// The steps of a turn after which a thread may die.
#[derive(Clone, Copy, PartialEq)]
enum DeathAt {
    Start,
    Taken,
    Released,
}

#[test]
fn an_owner_that_dies_at_any_step_leaves_the_lock_to_a_sleeper() {
    for at in [DeathAt::Start, DeathAt::Taken, DeathAt::Released] {
        loom::model(move || {
            let world = World::with(2);
            let victim = spawn(&world, move |w| {
                let me = w.token(1);
                if at != DeathAt::Start {
                    w.acquire(0, me);
                    w.count();
                    if at == DeathAt::Released {
                        w.release(0, me);
                    }
                }
                w.die(1);
            });
            let got = turn(&world, 0);
            assert!(got == Got::Clean || at == DeathAt::Taken);
            victim.join().unwrap();
            let suspect = world.locks[0].is_suspect();
            assert!(!suspect || at == DeathAt::Taken);
            assert_eq!(turn(&world, 0) == Got::Suspect, at == DeathAt::Taken);
        });
    }
}

#[test]
fn a_dead_owner_of_one_lock_frees_both_sleepers() {
    loom::model(|| {
        let world = World::with(3);
        world.acquire(0, world.token(0));
        let others: Vec<_> = [1, 2]
            .into_iter()
            .map(|i| {
                spawn(&world, move |w| {
                    turn(w, i);
                })
            })
            .collect();
        world.die(0);
        others.into_iter().for_each(|t| t.join().unwrap());
        assert!(world.locks[0].is_suspect());
    });
}

#[test]
fn a_dead_owner_of_two_locks_frees_the_sleepers_of_both() {
    loom::model(|| {
        let world = World::with(3);
        world.acquire(0, world.token(0));
        world.acquire(1, world.token(0));
        let others: Vec<_> = [1, 2]
            .into_iter()
            .map(|i| {
                spawn(&world, move |w| {
                    let lock = i as usize - 1;
                    assert_eq!(w.acquire(lock, w.token(i)), Got::Suspect);
                    w.release(lock, w.token(i));
                })
            })
            .collect();
        world.die(0);
        others.into_iter().for_each(|t| t.join().unwrap());
    });
}

/// Tries to take the first lock, and uses it if it can.
fn try_turn(world: &World, index: u32) {
    let me = world.token(index);
    match world.locks[0].try_acquire(Taker { token: me, is_me: true, forever: false }, world) {
        Ok(got) => {
            assert_eq!(got, Got::Clean);
            world.count();
            world.release(0, me);
        }
        Err(kind) => assert_eq!(kind, ErrorKind::Busy),
    }
}

/// Takes the first lock without the fast path, and uses it.
fn slow_turn(world: &World, index: u32) {
    let me = world.token(index);
    let wait = Wait::new(Timeout::Forever, Manner::default());
    let taker = Taker { token: me, is_me: true, forever: true };
    assert_eq!(world.locks[0].acquire(taker, world, &wait), Ok(Got::Clean));
    world.count();
    world.release(0, me);
}

/// One registers and takes the lock while the other is about to look who holds it.
fn nobody_is_robbed(owner: fn(&World, u32), other: fn(&World, u32)) {
    loom::model(move || {
        let world = World::vacant(2);
        world.join(0);
        let first = spawn(&world, move |w| {
            w.join(1);
            owner(w, 1);
        });
        other(&world, 0);
        first.join().unwrap();
    });
}

fn fast_turn(world: &World, index: u32) {
    assert_eq!(turn(world, index), Got::Clean);
}

#[test]
fn a_live_owner_is_never_robbed() {
    nobody_is_robbed(fast_turn, try_turn);
}

#[test]
fn a_live_owner_that_came_the_slow_way_is_never_robbed() {
    nobody_is_robbed(slow_turn, try_turn);
}

#[test]
fn a_live_owner_is_never_robbed_by_one_that_waits() {
    nobody_is_robbed(fast_turn, slow_turn);
    nobody_is_robbed(slow_turn, slow_turn);
}

#[test]
fn a_repair_by_a_third_party_and_a_taker_agree() {
    loom::model(|| {
        let world = World::with(3);
        let dead = world.token(0);
        world.acquire(0, dead);
        world.die(0);
        let sweeper = spawn(&world, move |w| {
            w.locks[0].recover(dead);
        });
        let other = spawn(&world, |w| assert_eq!(turn(w, 2), Got::Suspect));
        assert_eq!(turn(&world, 1), Got::Suspect);
        sweeper.join().unwrap();
        other.join().unwrap();
        assert!(world.locks[0].holder().is_none() && world.locks[0].is_suspect());
    });
}

#[test]
fn what_a_dead_owner_wrote_is_seen_after_a_third_partys_repair() {
    loom::model(|| {
        let world = World::with(3);
        let dead = world.token(1);
        let victim = spawn(&world, move |w| {
            assert!(w.locks[0].try_fast(dead.0));
            w.count();
            w.die(1);
        });
        let taker = spawn(&world, |w| {
            let token = w.token(2);
            let taker = Taker { token, is_me: true, forever: false };
            if w.locks[0].is_suspect() && w.locks[0].try_acquire(taker, w).is_ok() {
                w.count();
            }
        });
        if matches!(world.standing(dead), Standing::Dead) {
            world.locks[0].recover(dead);
        }
        taker.join().unwrap();
        victim.join().unwrap();
    });
}

/// A thread among more threads than a sleeper can listen to: it hears of the owner's death only.
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

fn turn_in_a_crowd(world: &World, index: u32) {
    let token = world.token(index);
    let wait = Wait::new(Timeout::Forever, Manner::default());
    let taker = Taker { token, is_me: true, forever: true };
    world.locks[0].acquire(taker, &InACrowd(world), &wait).unwrap();
    world.release(0, token);
}

/// One of two sleepers takes the lock and is killed before it has woken the other; then somebody repairs the word.
fn killed_before_the_wake(repair: fn(&World, Token)) {
    loom::model(move || {
        let world = World::with(3);
        let me = world.token(0);
        assert!(world.locks[0].try_fast(me.0));
        let victim = spawn(&world, |w| {
            if doomed(Doom::Waking, || turn_in_a_crowd(w, 1)).is_none() {
                w.die(1);
            }
        });
        let other = spawn(&world, |w| turn_in_a_crowd(w, 2));
        world.release(0, me);
        victim.join().unwrap();
        repair(&world, world.token(1));
        other.join().unwrap();
    });
}

#[test]
fn a_sweeper_wakes_whom_a_killed_taker_did_not() {
    killed_before_the_wake(|world, dead| {
        world.locks[0].recover(dead);
    });
}

#[test]
fn the_next_taker_wakes_whom_a_killed_taker_did_not() {
    killed_before_the_wake(|world, _| turn_in_a_crowd(world, 0));
}

#[test]
fn a_sleeper_in_a_crowd_hears_of_the_death_of_the_new_owner_too() {
    loom::model(|| {
        let world = World::with(3);
        let me = world.token(0);
        assert!(world.locks[0].try_fast(me.0));
        let others: Vec<_> = [1, 2]
            .into_iter()
            .map(|i| {
                spawn(&world, move |w| {
                    let wait = Wait::new(Timeout::Forever, Manner::default());
                    let taker = Taker { token: w.token(i), is_me: true, forever: true };
                    w.locks[0].acquire(taker, &InACrowd(w), &wait).unwrap();
                    w.die(i);
                })
            })
            .collect();
        world.release(0, me);
        others.into_iter().for_each(|t| t.join().unwrap());
    });
}

#[test]
fn a_sleeper_that_is_killed_when_woken_leaves_nobody_behind() {
    loom::model(|| {
        let world = World::with(3);
        let me = world.token(0);
        assert!(world.locks[0].try_fast(me.0));
        let victim = spawn(&world, |w| {
            let token = w.token(1);
            match doomed(Doom::Sleeping, || w.acquire(0, token)) {
                Some(_) => w.release(0, token),
                None => w.die(1),
            }
        });
        let other = spawn(&world, |w| {
            turn(w, 2);
        });
        world.release(0, me);
        victim.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn a_holder_that_lives_is_found_alive() {
    loom::model(|| {
        let world = World::vacant(1);
        let looker = spawn(&world, |w| {
            if let Some(holder) = w.locks[0].holder() {
                assert!(matches!(w.standing(holder), Standing::Here(Some(_))));
            }
        });
        world.join(0);
        assert!(world.locks[0].try_fast(world.token(0).0));
        looker.join().unwrap();
    });
}

#[test]
fn a_repaired_lock_is_clean_for_the_next() {
    loom::model(|| {
        let world = World::with(2);
        let dead = world.token(0);
        world.acquire(0, dead);
        world.die(0);
        let me = world.token(1);
        assert_eq!(world.acquire(0, me), Got::Suspect);
        world.locks[0].repaired(me.0).unwrap();
        world.release(0, me);
        assert_eq!(world.acquire(0, me), Got::Clean);
    });
}

/// Somebody who notes whether he has freed a dead one's lock.
struct Undertaker<'w>(&'w World, std::cell::Cell<bool>);

impl Owners for Undertaker<'_> {
    fn standing(&self, token: Token) -> Standing<'_> {
        self.0.standing(token)
    }

    fn others<'a>(&'a self, out: &mut Crowd<'a>) {
        self.0.others(out);
    }

    fn sweep(&self) {
        unreachable!("a model has no clock");
    }

    fn spins(&self) -> u32 {
        0
    }

    fn buried(&self, _: Token, _: &LockWord) {
        self.1.set(true);
    }
}

#[test]
fn who_releases_a_dead_ones_lock_releases_nobody_elses() {
    loom::model(|| {
        let world = World::with(3);
        world.acquire(0, world.token(0));
        world.die(0);
        let (next, released) = (world.clone(), Arc::new(AtomicU32::new(0)));
        let told = released.clone();
        let sleeper = thread::spawn(move || {
            let me = next.token(1);
            assert_eq!(next.acquire(0, me), Got::Suspect);
            let done = next.locks[0].release_fast(me.0) || next.locks[0].release(me.0).is_ok();
            told.store(u32::from(done), Ordering::Relaxed);
        });
        let me = Undertaker(&world, std::cell::Cell::new(false));
        let freed = world.locks[0].release_any(&me);
        sleeper.join().unwrap();
        // One call frees one owner: the dead one, or the living one, or nobody who was there.
        assert!(!me.1.get() || freed == Err(ErrorKind::NotOwner));
        assert_eq!(freed.is_err(), released.load(Ordering::Relaxed) == 1);
    });
}

#[test]
fn a_living_owner_whom_anyone_releases_is_never_taken_for_dead() {
    loom::model(|| {
        let world = World::vacant(2);
        let owner = spawn(&world, |w| {
            w.join(1);
            w.locks[0].try_fast(w.token(1).0);
        });
        let _ = world.locks[0].release_any(&*world);
        owner.join().unwrap();
        assert!(!world.locks[0].is_suspect());
    });
}
