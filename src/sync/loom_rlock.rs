//! Models of the re-entrant lock: what it adds to the stamped lock. Each name is the sentence it checks.
//!
//! A death is a thread that returns early, as in the models of the lock.

#![allow(unsafe_code)] // what a lock guards is reached through loom's cells

use super::lock::{Crowd, Got, Owners, Taker};
use super::rlock::RLockWord;
use super::wait::{Manner, Timeout, Wait};
use crate::error::ErrorKind;
use crate::presence::place::{PlaceWord, Standing, standing};
use crate::segment::bits::{ALIVE_WAITERS, State, Token};
use crate::shim::{AtomicU32, Ordering, exit};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

struct World {
    places: [PlaceWord; 2],
    alive: [AtomicU32; 2],
    lock: RLockWord,
    guarded: UnsafeCell<u32>,
}

// SAFETY: `guarded` is reached under the lock only; loom checks that.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

impl World {
    /// A yard with two registered threads.
    fn new() -> Arc<World> {
        let world = World {
            places: [PlaceWord::new(), PlaceWord::new()],
            alive: [AtomicU32::new(0), AtomicU32::new(0)],
            lock: RLockWord::new(),
            guarded: UnsafeCell::new(0),
        };
        for (i, place) in (1..).zip(&world.places) {
            let joining = place.join(Token::new(9, 9)).unwrap();
            // Relaxed: nobody else is there yet.
            world.alive[i as usize - 1].store(i | ALIVE_WAITERS, Ordering::Relaxed);
            assert!(place.change(joining, joining.to(State::Live, joining.token)));
        }
        Arc::new(world)
    }

    fn token(&self, index: u32) -> Token {
        Token::new(index, self.places[index as usize].load().unwrap().generation)
    }

    fn enter(&self, token: Token) -> Got {
        if self.lock.enter_fast(token.0) {
            return Got::Clean;
        }
        let taker = Taker { token, is_me: true, forever: true };
        let wait = Wait::new(Timeout::Forever, Manner::default());
        self.lock.enter(token.0, |word| word.acquire(taker, self, &wait)).unwrap()
    }

    fn leave(&self, token: Token) {
        self.lock.leave(token.0).unwrap();
    }

    /// Adds one to what the lock guards; loom reports two at a time, or one that sees half.
    fn count(&self) {
        self.guarded.with_mut(|n| {
            // SAFETY: the caller holds the lock; loom checks it.
            unsafe { *n += 1 }
        });
    }
}

impl Owners for World {
    fn standing(&self, token: Token) -> Standing<'_> {
        let i = token.index() as usize;
        standing(&self.places[i], &self.alive[i], token)
    }

    fn others<'a>(&'a self, out: &mut Crowd<'a>) {
        for index in 0..2 {
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

/// Goes in twice and out twice, and uses what is guarded between any two steps.
fn nested_turn(world: &World, index: u32) {
    let me = world.token(index);
    assert_eq!(world.enter(me), Got::Clean);
    world.count();
    assert_eq!(world.enter(me), Got::Clean);
    assert_eq!(world.lock.count(me.0), 2);
    world.leave(me);
    world.count();
    assert_eq!(world.lock.count(me.0), 1);
    world.leave(me);
    assert_eq!(world.lock.count(me.0), 0);
}

#[test]
fn who_is_in_twice_keeps_others_out_until_he_is_out_twice() {
    loom::model(|| {
        let world = World::new();
        let other = world.clone();
        let other = thread::spawn(move || nested_turn(&other, 1));
        nested_turn(&world, 0);
        other.join().unwrap();
        // SAFETY: both threads are done.
        assert_eq!(world.guarded.with(|n| unsafe { *n }), 4);
        assert_eq!(world.lock.word().holder(), None);
    });
}

#[test]
fn how_often_a_dead_owner_was_in_is_nothing_to_the_next() {
    for depth in [1, 2, 3] {
        loom::model(move || {
            let world = World::new();
            let victim = world.clone();
            let victim = thread::spawn(move || {
                let me = victim.token(1);
                for _ in 0..depth {
                    victim.enter(me);
                }
                victim.count();
                exit(&victim.alive[1]);
            });
            let me = world.token(0);
            let got = world.enter(me);
            world.count();
            assert_eq!(world.lock.count(me.0), 1);
            if got == Got::Suspect {
                assert_eq!(world.enter(me), Got::Suspect, "told again");
                world.leave(me);
            }
            world.leave(me);
            assert_eq!(world.lock.leave(me.0), Err(ErrorKind::NotOwner));
            victim.join().unwrap();
        });
    }
}

#[test]
fn who_dies_before_he_has_counted_himself_in_leaves_one_taking_to_the_next() {
    loom::model(|| {
        let world = World::new();
        let (me, dead) = (world.token(0), world.token(1));
        (0..2).for_each(|_| drop(world.enter(dead))); // taken, and counted as somebody before him left it
        exit(&world.alive[1]);
        assert_eq!(world.enter(me), Got::Suspect);
        assert_eq!(world.lock.count(me.0), 1);
        world.leave(me);
        assert_eq!(world.lock.word().holder(), None);
    });
}
