//! Models of the event among threads that may die. Each name is the sentence it checks.
//!
//! A sleep never times out here, so that whatever only the slice would mend shows as a deadlock.

#![allow(unsafe_code)] // what a set publishes is reached through loom's cells

use super::event::EventWord;
use super::lock::{Crowd, Owners};
use super::wait::{Manner, Timeout, Wait};
use crate::presence::place::{PlaceWord, Standing, standing};
use crate::segment::bits::{ALIVE_WAITERS, State, Token};
use crate::shim::{AtomicU32, Doom, Ordering, doomed, exit};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

struct World {
    places: Vec<PlaceWord>,
    alive: Vec<AtomicU32>,
    event: EventWord,
    written: UnsafeCell<u32>,
    passed: AtomicU32,
}

// SAFETY: `written` is written before the set and read after the wait; loom checks that.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

const ALL: u32 = u32::MAX;
const ONE: u32 = 1;

impl World {
    fn new(threads: u32) -> Arc<World> {
        let world = World {
            places: (0..threads).map(|_| PlaceWord::new()).collect(),
            alive: (1..=threads).map(|tid| AtomicU32::new(tid | ALIVE_WAITERS)).collect(),
            event: EventWord::new(),
            written: UnsafeCell::new(0),
            passed: AtomicU32::new(0),
        };
        for place in &world.places {
            let joining = place.join(Token::new(9, 9)).unwrap();
            assert!(place.change(joining, joining.to(State::Live, joining.token)));
        }
        Arc::new(world)
    }

    fn wait(&self) {
        if !self.event.is_set() {
            let wait = Wait::new(Timeout::Forever, Manner::default());
            self.event.wait(self.event.begin(), self, &wait).unwrap();
        }
    }

    fn consume(&self) {
        if !self.event.consume(0) {
            let wait = Wait::new(Timeout::Forever, Manner::default());
            self.event.wait_and_consume(self, &wait).unwrap();
        }
        self.passed.fetch_add(1, Ordering::Relaxed);
    }

    fn write(&self) {
        // SAFETY: before the set; loom checks it.
        self.written.with_mut(|n| unsafe { *n = 7 });
    }

    fn read(&self) -> u32 {
        // SAFETY: after the wait; loom checks it.
        self.written.with(|n| unsafe { *n })
    }
}

impl Owners for World {
    fn standing(&self, token: Token) -> Standing<'_> {
        let i = token.index() as usize;
        standing(&self.places[i], &self.alive[i], token)
    }

    fn others<'a>(&'a self, out: &mut Crowd<'a>) {
        for (index, place) in (0u32..).zip(&self.places) {
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

#[test]
fn what_was_done_before_a_set_is_seen() {
    loom::model(|| {
        let world = World::new(0);
        let waiter = spawn(&world, |w| {
            w.wait();
            assert_eq!(w.read(), 7);
        });
        world.write();
        assert!(world.event.set(ALL, &()));
        waiter.join().unwrap();
    });
}

#[test]
fn what_was_done_before_a_consumed_set_is_seen() {
    loom::model(|| {
        let world = World::new(0);
        let waiter = spawn(&world, |w| {
            w.consume();
            assert_eq!(w.read(), 7);
        });
        world.write();
        assert!(world.event.set(ONE, &()));
        waiter.join().unwrap();
        assert!(!world.event.is_set());
    });
}

#[test]
fn a_set_lets_everybody_go_on() {
    loom::model(|| {
        let world = World::new(0);
        let waiters = [spawn(&world, World::wait), spawn(&world, World::wait)];
        world.event.set(ALL, &());
        waiters.into_iter().for_each(|w| w.join().unwrap());
    });
}

/// Who began to wait before the set goes on, even if the event is cleared at once.
#[test]
fn a_set_that_is_cleared_at_once_is_not_missed() {
    loom::model(|| {
        let world = World::new(0);
        let begun = world.event.begin();
        let waiter = spawn(&world, move |w| {
            let wait = Wait::new(Timeout::Forever, Manner::default());
            w.event.wait(begun, w, &wait).unwrap();
        });
        world.event.set(ALL, &());
        assert!(world.event.clear());
        waiter.join().unwrap();
    });
}

#[test]
fn each_consumed_set_lets_one_go_on() {
    loom::model(|| {
        let world = World::new(0);
        let waiters = [spawn(&world, World::consume), spawn(&world, World::consume)];
        // The second set may find the first one unconsumed; then there is one more to make.
        let mut sets = 0;
        while sets < 2 {
            if world.event.set(ONE, &()) {
                sets += 1;
            } else {
                thread::yield_now();
            }
        }
        waiters.into_iter().for_each(|w| w.join().unwrap());
        assert_eq!(world.passed.load(Ordering::Relaxed), 2);
        assert!(!world.event.is_set());
    });
}

/// Two sleep; the one that the set wakes is killed before it looks.
#[test]
fn a_sleeper_that_is_killed_when_woken_leaves_the_event_to_the_other() {
    loom::model(|| {
        let world = World::new(2);
        let victim = spawn(&world, |w| {
            if doomed(Doom::Sleeping, || w.consume()).is_none() {
                exit(&w.alive[0]);
            } else {
                w.event.set(ONE, &()); // it was not asleep when the event was set: the other gets the next one
            }
        });
        let other = spawn(&world, |w| {
            w.consume();
            w.event.set(ONE, &()); // for the victim, if it was not the one that was woken
        });
        world.event.set(ONE, &());
        victim.join().unwrap();
        other.join().unwrap();
    });
}
