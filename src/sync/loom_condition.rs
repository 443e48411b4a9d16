//! Models of the condition among threads that may die. Each name is the sentence it checks.
//!
//! A death is a thread that returns early; the kernel marks its alive word. A sleep never times out here, so that
//! whatever only the slice would mend shows as a deadlock. Where it does not matter who begins to wait when, a model
//! begins with threads that wait already.

#![allow(unsafe_code)] // what a lock guards is reached through loom's cells

use super::condition::{Cell, Waiters, leave, withdraw};
use super::lock::{Crowd, LockWord, Owners, Taker};
use super::wait::{Manner, Timeout, Wait};
use crate::error::ErrorKind;
use crate::presence::place::{PlaceWord, Standing, standing};
use crate::segment::bits::{ALIVE_WAITERS, NOTIFIED, State, Token, WAITING};
use crate::shim::{AtomicU32, Doom, Ordering, Watch, doomed, exit};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

struct World {
    places: Vec<PlaceWord>,
    alive: Vec<AtomicU32>,
    cells: Vec<Cell>,
    tickets: AtomicU32,
    lock: LockWord,
    guarded: UnsafeCell<u32>,
}

// SAFETY: `guarded` is reached in the order that a model is about; loom checks that.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

impl World {
    /// So many slots, all of them free.
    fn vacant(threads: u32) -> Arc<World> {
        Arc::new(World {
            places: (0..threads).map(|_| PlaceWord::new()).collect(),
            alive: (0..threads).map(|_| AtomicU32::new(0)).collect(),
            cells: (0..threads).map(|_| Cell::new()).collect(),
            tickets: AtomicU32::new(0),
            lock: LockWord::new(),
            guarded: UnsafeCell::new(0),
        })
    }

    /// So many registered threads.
    fn with(threads: u32) -> Arc<World> {
        let world = World::vacant(threads);
        (0..threads).for_each(|i| world.join(i));
        world
    }

    /// As [`World::with`]; these of them wait, in this order.
    fn waiting(threads: u32, order: &[u32]) -> Arc<World> {
        let world = World::with(threads);
        order.iter().for_each(|i| world.enter(*i));
        world
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

    fn waiters(&self) -> Waiters<'_> {
        Waiters { cells: &self.cells, tickets: &self.tickets }
    }

    fn enter(&self, index: u32) {
        assert!(self.waiters().enter(self.token(index), self).is_some());
    }

    /// Sleeps until notified, and leaves.
    fn sleep(&self, index: u32) {
        let (me, cell) = (self.token(index), &self.cells[index as usize]);
        self.waiters().sleep(cell, me, self, &Wait::new(Timeout::Forever, Manner::default())).unwrap();
        leave(cell, me);
    }

    /// Looks at the others once, as before a sleep.
    fn survey(&self, index: u32) {
        let mut crowd = Crowd::new(Watch { word: self.alive_of(index), value: 0 });
        self.waiters().survey(self.token(index), self, &mut crowd);
    }

    fn alive_of(&self, index: u32) -> &AtomicU32 {
        &self.alive[index as usize]
    }

    fn withdraw(&self, index: u32) -> bool {
        withdraw(&self.cells[index as usize], self.token(index))
    }

    fn notify(&self, count: u32) -> u32 {
        self.waiters().notify(count, self)
    }

    fn is(&self, index: u32, bit: u32) -> bool {
        self.cells[index as usize].peek() == self.token(index).0 | bit
    }

    fn how_many(&self, bit: u32) -> usize {
        (0..self.cells.len() as u32).filter(|i| self.is(*i, bit)).count()
    }

    fn take(&self, index: u32) {
        let token = self.token(index);
        if !self.lock.try_fast(token.0) {
            let taker = Taker { token, is_me: true, forever: true };
            let wait = Wait::new(Timeout::Forever, Manner::default());
            self.lock.acquire(taker, self, &wait).unwrap();
        }
    }

    fn give(&self, index: u32) {
        self.lock.release(self.token(index).0).unwrap();
    }

    /// The whole wait, with the lock held.
    fn wait(&self, index: u32) {
        let wait = Wait::new(Timeout::Forever, Manner::default());
        let me = self.token(index);
        let give = || self.lock.release(me.0);
        let ((), ended) = self.waiters().wait(me, self, &wait, give, |()| self.take(index)).unwrap();
        ended.unwrap();
    }

    fn guarded(&self) -> u32 {
        // SAFETY: the model is about the order of this read; loom checks it.
        self.guarded.with(|n| unsafe { *n })
    }

    fn count(&self) {
        self.guarded.with_mut(|n| {
            // SAFETY: as above.
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

    fn sweep(&self) {
        unreachable!("a model has no clock");
    }

    fn spins(&self) -> u32 {
        0
    }
}

fn spawn<T: 'static>(world: &Arc<World>, f: impl FnOnce(&World) -> T + 'static) -> thread::JoinHandle<T> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

/// Waits until `guarded` is not 0.
fn wait_for_it(world: &World, index: u32) {
    world.take(index);
    while world.guarded() == 0 {
        world.wait(index);
    }
    world.give(index);
}

#[test]
fn a_notification_after_the_change_is_never_missed() {
    for with_the_lock in [true, false] {
        loom::model(move || {
            let world = World::with(2);
            let waiter = spawn(&world, |w| wait_for_it(w, 1));
            world.take(0);
            world.count();
            if with_the_lock {
                world.notify(1);
            }
            world.give(0);
            if !with_the_lock {
                world.notify(1);
            }
            waiter.join().unwrap();
            assert_eq!(world.how_many(WAITING) + world.how_many(NOTIFIED), 0);
        });
    }
}

#[test]
fn of_two_notifications_each_goes_to_one_waiter() {
    loom::model(|| {
        let world = World::waiting(2, &[0, 1]);
        let other = spawn(&world, |w| w.notify(1));
        let mine = world.notify(1);
        assert_eq!((mine, other.join().unwrap(), world.how_many(NOTIFIED)), (1, 1, 2));
    });
}

#[test]
fn one_notification_wakes_exactly_one_of_two() {
    loom::model(|| {
        let world = World::waiting(2, &[1, 0]);
        let woken = spawn(&world, |w| w.sleep(1));
        assert_eq!(world.notify(1), 1);
        woken.join().unwrap();
        assert!(world.is(0, WAITING));
    });
}

#[test]
fn a_notification_that_meets_a_timeout_goes_to_one_of_both() {
    loom::model(|| {
        let world = World::waiting(2, &[0, 1]);
        let withdrew = spawn(&world, |w| w.withdraw(0));
        assert_eq!(world.notify(1), 1);
        let withdrew = withdrew.join().unwrap();
        assert_eq!((world.is(0, NOTIFIED), world.is(1, NOTIFIED)), (!withdrew, withdrew));
    });
}

#[test]
fn the_oldest_is_notified_first() {
    loom::model(|| {
        let world = World::with(2);
        let others = spawn(&world, |w| {
            w.enter(1);
            w.enter(0);
        });
        if world.how_many(WAITING) == 2 {
            assert_eq!(world.notify(1), 1);
            assert!(world.is(1, NOTIFIED));
        }
        others.join().unwrap();
    });
}

#[test]
fn a_living_waiter_is_never_taken_for_dead() {
    loom::model(|| {
        let world = World::vacant(1);
        let waiter = spawn(&world, |w| {
            w.join(0);
            w.enter(0);
        });
        if world.cells[0].peek() & WAITING != 0 {
            assert_eq!(world.notify(1), 1);
        }
        waiter.join().unwrap();
    });
}

#[test]
fn what_was_done_before_a_notification_is_seen() {
    loom::model(|| {
        let world = World::waiting(1, &[0]);
        let waiter = spawn(&world, |w| {
            w.sleep(0);
            w.count();
        });
        world.count();
        world.notify(1);
        waiter.join().unwrap();
        assert_eq!(world.guarded(), 2);
    });
}

#[test]
fn what_was_done_before_a_notification_that_met_a_timeout_is_seen() {
    loom::model(|| {
        let world = World::waiting(1, &[0]);
        let waiter = spawn(&world, |w| {
            if !w.withdraw(0) {
                w.count();
            }
        });
        world.count();
        world.notify(1);
        waiter.join().unwrap();
    });
}

/// Thread 0 dies notified, and thread 1 gets what it was notified of from `passed_on`.
fn seen_by_the_next(passed_on: fn(&World)) {
    loom::model(move || {
        let world = World::waiting(2, &[0, 1]);
        let notifier = spawn(&world, |w| {
            w.count();
            w.notify(1);
        });
        let victim = spawn(&world, |w| {
            if w.is(0, NOTIFIED) {
                w.die(0); // he has looked at nothing
            }
        });
        passed_on(&world);
        if world.is(1, NOTIFIED) {
            world.sleep(1);
            world.count();
        }
        notifier.join().unwrap();
        victim.join().unwrap();
    });
}

#[test]
fn what_was_done_before_a_notification_is_seen_by_who_gets_it_from_the_dead() {
    seen_by_the_next(|w| w.survey(1));
}

#[test]
fn what_was_done_before_a_notification_is_seen_by_who_gets_it_after_a_clearing() {
    seen_by_the_next(|w| {
        let dead = w.token(0);
        if matches!(w.standing(dead), Standing::Dead) {
            w.waiters().recover(dead, w);
        }
    });
}

#[test]
fn a_waiter_that_is_killed_when_notified_passes_it_on() {
    loom::model(|| {
        let world = World::waiting(2, &[0, 1]);
        let victim = spawn(&world, |w| match doomed(Doom::Sleeping, || w.sleep(0)) {
            Some(()) => drop(w.notify(1)), // never asleep: he has it, and gives the other one, too
            None => w.die(0),
        });
        let other = spawn(&world, |w| w.sleep(1));
        assert_eq!(world.notify(1), 1);
        victim.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn a_waiter_that_dies_while_it_waits_takes_no_notification_along() {
    loom::model(|| {
        let world = World::waiting(2, &[0, 1]);
        let victim = spawn(&world, |w| w.die(0));
        let other = spawn(&world, |w| w.sleep(1));
        world.notify(1);
        victim.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn a_notifier_that_is_killed_before_its_wake_leaves_nobody_asleep() {
    loom::model(|| {
        let world = World::waiting(2, &[0]);
        let waiter = spawn(&world, |w| w.sleep(0));
        assert_eq!(doomed(Doom::Waking, || world.notify(1)), None);
        world.die(1);
        waiter.join().unwrap();
    });
}

/// Thread 0 was notified and died; the others wait, the last one for the longest time.
fn one_died_notified() -> Arc<World> {
    let world = World::waiting(3, &[0, 2, 1]);
    assert_eq!(world.notify(1), 1);
    world.die(0);
    world
}

#[test]
fn of_two_who_pass_on_one_notification_one_does() {
    loom::model(|| {
        let world = World::vacant(3);
        world.join(0);
        world.enter(0);
        assert_eq!(world.notify(1), 1);
        world.die(0);
        let arrive = |w: &World, index| {
            w.join(index);
            w.enter(index);
            w.survey(index);
        };
        let other = spawn(&world, move |w| arrive(w, 1));
        arrive(&world, 2);
        other.join().unwrap();
        assert_eq!((world.how_many(NOTIFIED), world.how_many(WAITING)), (1, 1));
        assert_eq!(world.cells[0].peek(), 0);
    });
}

#[test]
fn who_dies_while_he_passes_on_a_notification_loses_none() {
    loom::model(|| {
        let world = one_died_notified();
        let victim = spawn(&world, |w| {
            if doomed(Doom::Waking, || w.survey(1)).is_none() {
                w.die(1);
            }
        });
        world.sleep(2);
        victim.join().unwrap();
    });
}

#[test]
fn who_dies_before_he_has_passed_on_a_notification_loses_none() {
    loom::model(|| {
        let world = World::waiting(4, &[0, 3, 1, 2]);
        assert_eq!(world.notify(2), 2);
        world.die(0);
        world.die(3); // both notified, and two who wait
        let victim = spawn(&world, |w| {
            if doomed(Doom::Waking, || w.survey(1)).is_none() {
                w.die(1);
            }
        });
        world.sleep(2);
        victim.join().unwrap();
    });
}

#[test]
fn who_clears_up_behind_the_dead_and_who_hears_of_the_death_pass_on_one_notification() {
    loom::model(|| {
        let world = one_died_notified();
        let dead = world.token(0);
        let sweeper = spawn(&world, move |w| w.waiters().recover(dead, w));
        world.survey(1);
        sweeper.join().unwrap();
        assert_eq!((world.how_many(NOTIFIED), world.cells[0].peek()), (1, 0));
    });
}

#[test]
fn who_clears_up_and_dies_has_a_successor() {
    loom::model(|| {
        let world = one_died_notified();
        let dead = world.token(0);
        let sleeper = spawn(&world, |w| w.sleep(2));
        if doomed(Doom::Waking, || world.waiters().recover(dead, &*world)).is_none() {
            world.die(1); // it was he
        }
        world.waiters().recover(dead, &*world);
        sleeper.join().unwrap();
        assert_eq!(world.cells[0].peek(), 0);
    });
}

#[test]
fn who_clears_up_behind_one_who_waits_and_who_notifies_him_leave_nothing() {
    loom::model(|| {
        let world = World::waiting(2, &[0, 1]);
        world.die(0);
        let dead = world.token(0);
        let sweeper = spawn(&world, move |w| w.waiters().recover(dead, w));
        world.notify(1);
        sweeper.join().unwrap();
        assert!(world.is(1, NOTIFIED));
        assert_eq!(world.cells[0].peek(), 0);
    });
}

#[test]
fn who_is_refused_the_release_takes_no_notification_along() {
    loom::model(|| {
        let world = World::with(2);
        let refused = spawn(&world, |w| {
            let wait = Wait::new(Timeout::Forever, Manner::default());
            let refuse = || Err::<(), _>(ErrorKind::NotOwner);
            w.waiters().wait(w.token(0), w, &wait, refuse, |()| ()).is_err()
        });
        world.enter(1);
        assert_eq!(world.notify(1), 1);
        assert!(refused.join().unwrap());
        assert!(world.is(1, NOTIFIED));
        assert_eq!(world.cells[0].peek(), 0);
    });
}
