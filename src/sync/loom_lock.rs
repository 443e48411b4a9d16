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
use crate::shim::{AtomicU32, Ordering, exit};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

struct World {
    places: Vec<PlaceWord>,
    alive: Vec<AtomicU32>,
    locks: [LockWord; 2],
    guarded: UnsafeCell<u32>,
}

// SAFETY: `guarded` is reached under the first lock only; loom checks that.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

impl World {
    /// A yard with so many threads, all of them registered.
    fn with(threads: u32) -> Arc<World> {
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
        self.alive[index as usize].store((index + 1) | ALIVE_WAITERS, Ordering::Release); // edge: alive
        assert!(place.change(joining, joining.to(State::Live, joining.token)));
    }

    fn token(&self, index: u32) -> Token {
        Token::new(index, self.places[index as usize].load().unwrap().generation)
    }

    fn acquire(&self, lock: usize, token: Token) -> Got {
        if self.locks[lock].try_fast(token.0) {
            return Got::Clean;
        }
        let wait = Wait::new(Timeout::Forever, Manner::default());
        let taker = Taker { token, is_me: true, forever: true };
        self.locks[lock].acquire(taker, self, &wait).unwrap()
    }

    fn release(&self, lock: usize, token: Token) {
        if !self.locks[lock].release_fast(token.0) {
            self.locks[lock].release(token.0).unwrap();
        }
    }

    /// Adds one to what the first lock guards; loom reports two at a time, or one that sees half.
    fn count(&self) {
        self.guarded.with_mut(|n| {
            // SAFETY: the caller holds the lock; loom checks it.
            unsafe { *n += 1 }
        });
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

    fn slice(&self) {
        unreachable!("a model has no clock");
    }

    fn spins(&self) -> u32 {
        0
    }
}

fn spawn(world: &Arc<World>, f: impl FnOnce(&World) + 'static) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

fn turn(world: &World, index: u32) -> Got {
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

#[test]
fn a_live_owner_is_never_robbed() {
    loom::model(|| {
        let world = World::vacant(2);
        world.join(0);
        let owner = spawn(&world, |w| {
            w.join(1); // registers while the other one is about to look
            {
                turn(w, 1);
            };
        });
        let me = world.token(0);
        let taker = Taker { token: me, is_me: true, forever: false };
        match world.locks[0].try_acquire(taker, &*world) {
            Ok(got) => {
                assert_eq!(got, Got::Clean);
                world.count();
                world.release(0, me);
            }
            Err(kind) => assert_eq!(kind, ErrorKind::Busy),
        }
        owner.join().unwrap();
    });
}

#[test]
fn a_repair_by_a_third_party_and_a_taker_agree() {
    loom::model(|| {
        let world = World::with(3);
        let dead = world.token(0);
        world.acquire(0, dead);
        world.die(0);
        let sweeper = spawn(&world, move |w| w.locks[0].recover(dead));
        let other = spawn(&world, |w| assert_eq!(turn(w, 2), Got::Suspect));
        assert_eq!(turn(&world, 1), Got::Suspect);
        sweeper.join().unwrap();
        other.join().unwrap();
        assert!(world.locks[0].holder().is_none() && world.locks[0].is_suspect());
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
