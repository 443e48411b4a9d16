//! Models of a budget of bytes among threads that may die. Each name is the sentence it checks.
//!
//! A cell holds a number of bytes, or 0; it is filled with the lock and emptied without. A death is a thread that is unwound
//! at one of its steps and never goes on; the kernel marks its alive word. Nothing times out here.

use super::budget::{Budget, Load, NoRoom};
use super::lock::{Crowd, Got, Owners, Taker};
use super::wait::{Manner, Timeout, Wait};
use crate::presence::place::{PlaceWord, Standing, standing};
use crate::segment::bits::{ALIVE_WAITERS, State, Token};
use crate::shim::{AtomicU32, AtomicU64, Doom, Ordering, doomed, exit, step};
use loom::sync::Arc;
use loom::thread;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

struct World {
    places: Vec<PlaceWord>,
    alive: Vec<AtomicU32>,
    budget: Budget,
    cells: Vec<AtomicU64>,
}

impl World {
    /// So many registered threads, so many bytes, so many cells.
    fn new(threads: u32, most: u64, cells: usize) -> Arc<World> {
        let world = World {
            places: (0..threads).map(|_| PlaceWord::new()).collect(),
            alive: (1..=threads).map(|tid| AtomicU32::new(tid | ALIVE_WAITERS)).collect(),
            budget: Budget::new(most),
            cells: (0..cells).map(|_| AtomicU64::new(0)).collect(),
        };
        for place in &world.places {
            let joining = place.join(Token::new(9, 9)).unwrap();
            assert!(place.change(joining, joining.to(State::Live, joining.token)));
        }
        Arc::new(world)
    }

    fn token(&self, index: u32) -> Token {
        Token::new(index, self.places[index as usize].load().unwrap().generation)
    }

    /// As `owners::take_within` does.
    fn take(&self, me: u32) {
        let token = self.token(me);
        if self.budget.lock.try_fast(token.0) {
            return;
        }
        let taker = Taker { token, is_me: true, forever: true };
        let wait = Wait::new(Timeout::Forever, Manner::default());
        if self.budget.lock.acquire(taker, self, &wait).unwrap() == Got::Suspect {
            self.budget.lock.repaired(token.0).unwrap();
        }
    }

    fn give(&self, me: u32) {
        let token = self.token(me).0;
        if !self.budget.lock.release_fast(token) {
            self.budget.lock.release(token).unwrap();
        }
    }

    fn add_up(&self) -> Load {
        let bytes = self.cells.iter().map(|cell| cell.load(Ordering::Acquire)).sum();
        Load { bytes, ..Load::default() }
    }

    /// Fills the first empty cell.
    fn fill(&self, len: u64) -> Result<(), ()> {
        let empty = self.cells.iter().find(|cell| cell.load(Ordering::Acquire) == 0).ok_or(())?;
        empty.store(len, Ordering::Release);
        step();
        Ok(())
    }

    /// One attempt, as the queue makes it.
    fn put(&self, me: u32, len: u64) -> Result<(), NoRoom<()>> {
        self.take(me);
        step();
        let put = self.budget.put(len, || self.add_up(), || self.fill(len));
        step();
        self.give(me);
        put
    }

    /// Empties the first full cell.
    fn get(&self) -> u64 {
        self.cells.iter().map(|cell| cell.swap(0, Ordering::AcqRel)).find(|len| *len != 0).unwrap_or(0)
    }

    fn is_within(&self) {
        let load = self.add_up().bytes;
        assert!(load <= self.budget.most(), "{load} bytes of {}", self.budget.most());
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

    fn others<'a>(&'a self, _: &mut Crowd<'a>) {}

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
fn two_that_put_at_once_are_never_too_much_together() {
    loom::model(|| {
        let world = World::new(2, 3, 4);
        let other = spawn(&world, |w| {
            let _ = w.put(1, 2);
        });
        let mine = world.put(0, 2);
        world.is_within();
        other.join().unwrap();
        world.is_within();
        assert_eq!(world.add_up().bytes, 2, "one of the two was put, and not the other");
        assert!(mine.is_ok() || mine == Err(NoRoom::Full));
    });
}

#[test]
fn what_was_taken_out_is_room_again_and_never_more_than_that() {
    loom::model(|| {
        let world = World::new(2, 3, 4);
        world.put(0, 2).unwrap();
        world.put(0, 1).unwrap();
        let getter = spawn(&world, |w| assert!(w.get() > 0));
        let mine = world.put(0, 2);
        world.is_within();
        getter.join().unwrap();
        let later = world.put(0, 2);
        world.is_within();
        // The first was taken out, for which there is room once.
        assert_eq!((mine.is_ok(), later.is_ok()), (mine.is_ok(), mine.is_err()));
    });
}

#[test]
fn what_could_not_be_put_takes_no_room() {
    loom::model(|| {
        let world = World::new(1, 3, 1);
        world.put(0, 1).unwrap();
        assert_eq!(world.put(0, 2), Err(NoRoom::Refused(())));
        assert_eq!(world.get(), 1);
        world.put(0, 3).unwrap();
        world.is_within();
    });
}

#[test]
fn what_is_in_hands_is_neither_room_nor_full() {
    loom::model(|| {
        let world = World::new(1, 3, 2);
        world.take(0);
        let put = |in_hand| {
            world.budget.bound_is_stale();
            let load = Load { bytes: 3, in_hand, holder: Some(7) };
            world.budget.put(2, || load, || world.fill(2))
        };
        assert_eq!((put(1), put(2)), (Err(NoRoom::Full), Err(NoRoom::Held(Some(7)))));
        world.give(0);
    });
}

/// Somebody dies at each step of a put; another one puts meanwhile, and the survivors put what there is room for.
#[test]
fn a_death_at_any_step_lets_nobody_put_too_much_and_costs_no_room() {
    for steps in 0..=4 {
        static DIED: AtomicBool = AtomicBool::new(false);
        DIED.store(false, SeqCst);
        loom::model(move || {
            let world = World::new(2, 3, 4);
            let victim = spawn(&world, move |w| {
                if doomed(Doom::Step(steps), || w.put(0, 2)).is_none() {
                    DIED.store(true, SeqCst);
                }
                w.die(0);
            });
            let mine = world.put(1, 2);
            world.is_within();
            victim.join().unwrap();
            world.is_within();
            let there = world.add_up().bytes;
            assert_eq!(there, 2, "after {mine:?}"); // one of the two found room
            // Whatever was left behind: there is room for what is not there, and no more.
            assert_eq!(world.put(1, 3 - there), Ok(()));
            world.is_within();
            assert_eq!(world.put(1, 1), Err(NoRoom::Full));
        });
        assert_eq!(DIED.load(SeqCst), steps < 4, "a put has four steps, not {steps}");
    }
}
