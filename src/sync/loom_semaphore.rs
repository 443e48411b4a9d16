//! Models of the semaphore among threads that may die. Each name is the sentence it checks.
//!
//! A death is a thread that returns early; the kernel marks its alive word. A sleep never times out here, so that
//! whatever only the slice would mend shows as a deadlock.

#![allow(unsafe_code)] // what permits guard is reached through loom's cells

use super::lock::{Crowd, Owners};
use super::semaphore::SemaphoreWord;
use super::wait::{Manner, Timeout, Wait};
use crate::error::ErrorKind;
use crate::presence::place::{PlaceWord, Standing, standing};
use crate::segment::bits::{ALIVE_WAITERS, PERMITS, State, Token};
use crate::shim::{AtomicU32, Doom, Ordering, doomed, exit};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

struct World {
    places: Vec<PlaceWord>,
    alive: Vec<AtomicU32>,
    semaphore: SemaphoreWord,
    guarded: UnsafeCell<u32>,
    /// Whether sleepers listen to each other; where there are many they do not.
    listen: bool,
}

// SAFETY: `guarded` is reached with the only permit; loom checks that.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

impl World {
    /// A yard with so many registered threads and so many permits.
    fn new(threads: u32, permits: u32, listen: bool) -> Arc<World> {
        let world = World {
            places: (0..threads).map(|_| PlaceWord::new()).collect(),
            alive: (1..=threads).map(|tid| AtomicU32::new(tid | ALIVE_WAITERS)).collect(),
            semaphore: SemaphoreWord::new(permits),
            guarded: UnsafeCell::new(0),
            listen,
        };
        for place in &world.places {
            let joining = place.join(Token::new(9, 9)).unwrap();
            assert!(place.change(joining, joining.to(State::Live, joining.token)));
        }
        Arc::new(world)
    }

    fn acquire(&self) {
        if !self.semaphore.try_acquire() {
            let wait = Wait::new(Timeout::Forever, Manner::default());
            self.semaphore.acquire(self, &wait).unwrap();
        }
    }

    fn release(&self, count: u32) {
        self.semaphore.release(count, PERMITS, &()).unwrap();
    }

    /// Adds one to what a permit guards; loom reports two at a time, or one that sees half.
    fn count(&self) {
        self.guarded.with_mut(|n| {
            // SAFETY: the caller has the only permit; loom checks it.
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
        for (index, place) in (0u32..).zip(&self.places).filter(|_| self.listen) {
            let token = Token::new(index, place.load().unwrap().generation);
            if let Standing::Here(Some(watch)) = self.standing(token) {
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

fn spawn(world: &Arc<World>, f: impl FnOnce(&World) + 'static) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

fn turn(world: &World) {
    world.acquire();
    world.count();
    world.release(1);
}

#[test]
fn what_is_released_is_seen() {
    loom::model(|| {
        let world = World::new(2, 0, true);
        let taker = spawn(&world, |w| {
            w.acquire();
            w.count();
        });
        world.count();
        world.release(1);
        taker.join().unwrap();
        assert_eq!(world.semaphore.permits(), 0);
    });
}

#[test]
fn two_takers_of_one_permit_take_turns() {
    loom::model(|| {
        let world = World::new(2, 1, true);
        let other = spawn(&world, turn);
        turn(&world);
        other.join().unwrap();
        // SAFETY: both threads are done.
        assert_eq!(world.guarded.with(|n| unsafe { *n }), 2);
        assert_eq!(world.semaphore.permits(), 1);
    });
}

#[test]
fn of_two_takers_of_one_permit_a_try_gets_it_or_finds_none() {
    loom::model(|| {
        let world = World::new(2, 1, true);
        let other = spawn(&world, |w| {
            if w.semaphore.try_acquire() {
                w.count();
            }
        });
        if world.semaphore.try_acquire() {
            world.count();
        }
        other.join().unwrap();
        // SAFETY: both threads are done.
        assert_eq!(world.guarded.with(|n| unsafe { *n }), 1);
    });
}

/// Two threads sleep, or are about to, while permits come in these portions.
fn two_sleepers(listen: bool, portions: &'static [u32]) {
    loom::model(move || {
        let world = World::new(3, 0, listen);
        let others: Vec<_> = [1, 2].into_iter().map(|_| spawn(&world, World::acquire)).collect();
        for &count in portions {
            world.release(count);
        }
        others.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(world.semaphore.permits() + 2, portions.iter().sum::<u32>());
    });
}

#[test]
fn a_sleeper_is_never_left_behind() {
    two_sleepers(true, &[1, 1]);
}

#[test]
fn sleepers_that_do_not_listen_to_each_other_are_not_left_behind() {
    two_sleepers(false, &[1, 1]);
}

#[test]
fn one_release_of_two_serves_two_sleepers() {
    two_sleepers(false, &[2]);
}

#[test]
fn a_permit_that_goes_round_serves_everybody() {
    loom::model(|| {
        let world = World::new(3, 1, false);
        let others: Vec<_> = [1, 2].into_iter().map(|_| spawn(&world, turn)).collect();
        turn(&world);
        others.into_iter().for_each(|t| t.join().unwrap());
        // SAFETY: all threads are done.
        assert_eq!(world.guarded.with(|n| unsafe { *n }), 3);
    });
}

/// One of two takers is killed at this moment, or never; a permit that it has taken by then is lost. Who is not killed
/// gives back what he took.
fn one_is_killed(doom: Doom, listen: bool, portions: &'static [u32]) {
    loom::model(move || {
        let world = World::new(3, 0, listen);
        let victim = spawn(&world, move |w| match doomed(doom, || w.acquire()) {
            Some(()) => w.release(1),
            None => w.die(1),
        });
        let other = spawn(&world, |w| {
            w.acquire();
            w.release(1);
        });
        for &count in portions {
            world.release(count);
        }
        victim.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn a_sleeper_that_is_killed_when_woken_leaves_nobody_behind() {
    one_is_killed(Doom::Sleeping, true, &[1]);
}

#[test]
fn a_taker_that_is_killed_before_it_wakes_the_next_leaves_nobody_behind() {
    one_is_killed(Doom::Waking, true, &[1, 1]);
}

#[test]
fn a_release_of_two_wakes_one_though_the_other_is_killed_when_woken() {
    one_is_killed(Doom::Sleeping, false, &[2]);
}

#[test]
fn a_release_beyond_the_limit_is_refused_whoever_else_releases() {
    loom::model(|| {
        let world = World::new(2, 1, true);
        let once = |w: &World| u32::from(w.semaphore.release(1, 2, &()).is_ok());
        let other = spawn(&world, move |w| drop(once(w)));
        let mine = once(&world);
        other.join().unwrap();
        assert_eq!(world.semaphore.permits(), 2);
        assert_eq!(world.semaphore.release(1, 2, &()), Err(ErrorKind::Range));
        assert!(mine <= 1);
    });
}
