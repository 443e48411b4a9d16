//! Models of readers and writers among threads that may die. Each name is the sentence it checks.
//!
//! A death is a thread that returns early: whatever it holds it keeps, and the kernel marks its alive word. A sleep
//! never times out here, so that whatever only the slice would mend shows as a deadlock.

#![allow(unsafe_code)] // what the lock guards is reached through loom's cells

use super::lock::{Crowd, Got, Owners, Taker};
use super::rwlock::{Cell, Head, RwWords};
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
    head: Head,
    cells: Vec<Cell>,
    guarded: UnsafeCell<u32>,
}

// SAFETY: `guarded` is reached under the lock only; loom checks that.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

impl World {
    /// So many cells, and so many threads, all of them registered.
    fn with(cells: u32, threads: u32) -> Arc<World> {
        let world = World::vacant(cells, threads);
        (0..threads).for_each(|i| world.join(i));
        world
    }

    fn vacant(cells: u32, threads: u32) -> Arc<World> {
        Arc::new(World {
            places: (0..threads).map(|_| PlaceWord::new()).collect(),
            alive: (0..threads).map(|_| AtomicU32::new(0)).collect(),
            head: Head::new(),
            cells: (0..cells).map(|_| Cell::new()).collect(),
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

    fn lock(&self) -> RwWords<'_> {
        RwWords { head: &self.head, cells: &self.cells }
    }

    fn taker(&self, index: u32) -> Taker {
        Taker { token: self.token(index), is_me: true, forever: true }
    }

    fn read(&self, index: u32) -> Got {
        if let Some((_, got)) = self.lock().read_fast(self.token(index).0) {
            return got;
        }
        let wait = Wait::new(Timeout::Forever, Manner::default());
        self.lock().read(self.taker(index), self, Some(&wait)).unwrap().1
    }

    fn write(&self, index: u32) -> Got {
        if let Some(got) = self.lock().write_fast(self.token(index).0) {
            return got;
        }
        let wait = Wait::new(Timeout::Forever, Manner::default());
        self.lock().write(self.taker(index), self, Some(&wait)).unwrap()
    }

    fn try_write(&self, index: u32) -> Result<Got, ErrorKind> {
        self.lock().write(self.taker(index), self, None)
    }

    fn release(&self, index: u32) {
        self.lock().release(self.token(index).0).unwrap();
    }

    /// Reads what the lock guards; loom reports whoever writes it meanwhile, or whose writing is not seen.
    fn look(&self) -> u32 {
        // SAFETY: the caller reads or writes; loom checks it.
        self.guarded.with(|n| unsafe { *n })
    }

    /// Adds one to it; loom reports whoever else is there.
    fn count(&self) {
        self.guarded.with_mut(|n| {
            // SAFETY: the caller writes; loom checks it.
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

/// A thread among more threads than a sleeper can listen to: it hears of the deaths of those it waits for only.
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

fn write_in_a_crowd(world: &World, index: u32) -> Got {
    let wait = Wait::new(Timeout::Forever, Manner::default());
    world.lock().write(world.taker(index), &InACrowd(world), Some(&wait)).unwrap()
}

fn spawn(world: &Arc<World>, f: impl FnOnce(&World) + 'static) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

fn read_turn(world: &World, index: u32) -> Got {
    let got = world.read(index);
    world.look();
    world.release(index);
    got
}

fn write_turn(world: &World, index: u32) -> Got {
    let got = world.write(index);
    world.count();
    world.release(index);
    got
}

#[test]
fn reader_and_writer_exclude_each_other() {
    loom::model(|| {
        let world = World::with(1, 2);
        let reader = spawn(&world, |w| {
            read_turn(w, 1);
        });
        assert_eq!(write_turn(&world, 0), Got::Clean);
        reader.join().unwrap();
        assert_eq!((world.look(), world.lock().readers().count()), (1, 0));
        assert!(world.lock().writer().is_none() && !world.lock().is_suspect());
    });
}

#[test]
fn what_a_reader_did_is_before_what_a_writer_does() {
    loom::model(|| {
        let world = World::with(1, 2);
        world.read(1);
        let reader = spawn(&world, |w| {
            w.look();
            w.release(1);
        });
        if world.lock().write_fast(world.token(0).0).is_some() {
            world.count();
        }
        reader.join().unwrap();
    });
}

#[test]
fn what_a_reader_did_is_before_what_a_writer_does_who_asks_how_it_stands() {
    loom::model(|| {
        let world = World::with(1, 2);
        world.read(1);
        let reader = spawn(&world, |w| {
            w.look();
            w.release(1);
        });
        if world.try_write(0).is_ok() {
            world.count();
        }
        reader.join().unwrap();
    });
}

#[test]
fn what_a_writer_wrote_is_seen_by_a_reader() {
    loom::model(|| {
        let world = World::with(1, 2);
        let writer = spawn(&world, |w| {
            write_turn(w, 1);
        });
        if world.lock().read_fast(world.token(0).0).is_some() {
            world.look();
            world.release(0);
        }
        writer.join().unwrap();
    });
}

#[test]
fn two_readers_are_in_at_a_time() {
    loom::model(|| {
        let world = World::with(2, 2);
        world.read(0);
        let other = spawn(&world, |w| {
            read_turn(w, 1);
        });
        // Nobody waits for the reader that stays.
        other.join().unwrap();
        world.release(0);
    });
}

#[test]
fn two_writers_and_a_reader_take_turns() {
    loom::model(|| {
        let world = World::with(1, 3);
        let writer = spawn(&world, |w| {
            write_turn(w, 1);
        });
        let reader = spawn(&world, |w| {
            read_turn(w, 2);
        });
        write_turn(&world, 0);
        writer.join().unwrap();
        reader.join().unwrap();
        assert_eq!(world.look(), 2);
    });
}

#[test]
fn the_last_of_two_readers_wakes_the_writer() {
    loom::model(|| {
        let world = World::with(2, 3);
        (0..2).for_each(|i| assert_eq!(world.read(i), Got::Clean));
        let writer = spawn(&world, |w| {
            write_in_a_crowd(w, 2);
            w.count();
        });
        let other = spawn(&world, |w| {
            w.look();
            w.release(1);
        });
        world.look();
        world.release(0);
        writer.join().unwrap();
        other.join().unwrap();
        assert_eq!(world.lock().writer(), Some(world.token(2)));
    });
}

#[test]
fn a_reader_is_in_again_beside_a_writer_that_waits() {
    loom::model(|| {
        let world = World::with(2, 2);
        world.read(0);
        let writer = spawn(&world, |w| {
            write_turn(w, 1);
        });
        assert_eq!(world.read(0), Got::Clean);
        world.release(0);
        world.look();
        world.release(0);
        assert_eq!(world.lock().release(world.token(0).0), Err(ErrorKind::NotOwner));
        writer.join().unwrap();
    });
}

#[test]
fn a_reader_that_wants_to_write_is_told_even_while_a_writer_waits_for_it() {
    loom::model(|| {
        let world = World::with(1, 2);
        world.read(0);
        let writer = spawn(&world, |w| {
            write_turn(w, 1);
        });
        let wait = Wait::new(Timeout::Forever, Manner::default());
        let upgraded = world.lock().write(world.taker(0), &*world, Some(&wait));
        assert_eq!(upgraded, Err(ErrorKind::Deadlock));
        world.look();
        world.release(0);
        writer.join().unwrap();
    });
}

#[test]
fn a_reader_that_dies_at_any_step_holds_nobody_up() {
    for steps in 0..3 {
        loom::model(move || {
            let world = World::with(1, 2);
            let victim = spawn(&world, move |w| {
                let me = w.token(1).0;
                if steps > 0 && w.lock().read_fast(me).is_some() {
                    w.look();
                    if steps > 1 {
                        w.release(1);
                    }
                }
                w.die(1);
            });
            assert_eq!(write_in_a_crowd(&world, 0), Got::Clean);
            world.count();
            victim.join().unwrap();
        });
    }
}

#[test]
fn a_reader_that_is_killed_before_he_wakes_the_writer_holds_nobody_up() {
    loom::model(|| {
        let world = World::with(1, 2);
        world.read(1);
        let victim = spawn(&world, |w| {
            doomed(Doom::Waking, || w.release(1));
            w.die(1);
        });
        write_in_a_crowd(&world, 0);
        victim.join().unwrap();
    });
}

#[test]
fn a_sleeper_that_is_killed_when_it_hears_of_a_readers_death_leaves_nobody_behind() {
    loom::model(|| {
        let world = World::with(1, 3);
        world.read(0);
        let writer = spawn(&world, |w| {
            write_turn(w, 1);
        });
        let victim = spawn(&world, |w| {
            if doomed(Doom::Sleeping, || w.write(2)).is_some() {
                w.release(2);
            } else {
                w.die(2);
            }
        });
        world.die(0);
        writer.join().unwrap();
        victim.join().unwrap();
    });
}

#[test]
fn a_third_party_clears_a_dead_readers_cell_beside_a_writer() {
    loom::model(|| {
        let world = World::with(1, 2);
        let dead = world.token(1);
        let victim = spawn(&world, move |w| {
            if w.lock().read_fast(dead.0).is_some() {
                w.look();
            }
            w.die(1);
            w.lock().recover(dead);
        });
        if world.lock().write_fast(world.token(0).0).is_some() {
            world.count();
        }
        victim.join().unwrap();
    });
}

/// A writer dies that may have written; then one reads and one writes.
fn writer_dies(repair: fn(&World, Token)) {
    loom::model(move || {
        let world = World::with(1, 3);
        let dead = world.token(0);
        world.write(0);
        world.count();
        world.die(0);
        assert!(world.lock().writer().is_some());
        let sweeper = spawn(&world, move |w| repair(w, dead));
        let reader = spawn(&world, |w| assert_eq!(read_turn(w, 1), Got::Suspect));
        assert_eq!(write_turn(&world, 2), Got::Suspect);
        reader.join().unwrap();
        sweeper.join().unwrap();
        assert!(world.lock().is_suspect());
        world.write(2);
        world.lock().repaired(world.token(2).0).unwrap();
        world.release(2);
        assert_eq!((world.read(1), world.lock().is_suspect()), (Got::Clean, false));
    });
}

#[test]
fn a_dead_writer_that_may_have_written_is_told() {
    writer_dies(|_, _| {});
}

#[test]
fn a_dead_writer_that_a_third_party_met_first_is_told() {
    writer_dies(|world, dead| {
        world.lock().recover(dead);
    });
}

/// Who comes after a dead writer is killed at each step of saying so, and when it may write itself.
#[test]
fn a_dead_writer_is_told_though_who_would_tell_it_dies_too() {
    for steps in 0..3 {
        loom::model(move || {
            let world = World::with(1, 3);
            world.write(0);
            world.count();
            world.die(0);
            let victim = spawn(&world, move |w| match doomed(Doom::Step(steps), || w.write(1)) {
                Some(got) => {
                    assert_eq!(got, Got::Suspect);
                    w.release(1);
                }
                None => w.die(1),
            });
            assert_eq!(read_turn(&world, 2), Got::Suspect);
            victim.join().unwrap();
            assert_eq!(write_turn(&world, 2), Got::Suspect);
            assert!(world.lock().is_suspect());
        });
    }
}

#[test]
fn a_writer_that_dies_before_or_after_it_wrote_is_told_or_not() {
    for done in [false, true] {
        loom::model(move || {
            let world = World::with(1, 2);
            let victim = spawn(&world, move |w| {
                w.write(1);
                w.count();
                if done {
                    w.release(1);
                }
                w.die(1);
            });
            let got = read_turn(&world, 0);
            assert!(!done || got == Got::Clean);
            victim.join().unwrap();
            assert_eq!(read_turn(&world, 0) == Got::Suspect, !done);
        });
    }
}

#[test]
fn a_writer_that_dies_while_it_waits_for_readers_is_not_told() {
    loom::model(|| {
        let world = World::with(2, 3);
        write_turn(&world, 0);
        world.read(0);
        let victim = spawn(&world, |w| {
            if doomed(Doom::Sleeping, || w.write(1)).is_some() {
                w.release(1);
            } else {
                w.die(1);
            }
        });
        let reader = spawn(&world, |w| assert_eq!(read_turn(w, 2), Got::Clean));
        world.look();
        world.release(0);
        victim.join().unwrap();
        reader.join().unwrap();
        assert_eq!((write_turn(&world, 0), world.lock().is_suspect()), (Got::Clean, false));
    });
}

/// One registers and reads while the other looks who is in.
fn nobody_is_robbed(other: fn(&World, u32)) {
    loom::model(move || {
        let world = World::vacant(1, 2);
        world.join(0);
        let first = spawn(&world, |w| {
            w.join(1);
            if w.lock().read_fast(w.token(1).0).is_some() {
                w.look();
                w.release(1);
            }
        });
        other(&world, 0);
        first.join().unwrap();
        assert_eq!(world.lock().readers().count(), 0);
    });
}

#[test]
fn a_living_reader_is_never_robbed() {
    nobody_is_robbed(|w, me| {
        if w.try_write(me).is_ok() {
            w.count();
            w.release(me);
        }
    });
}

#[test]
fn a_living_reader_is_never_robbed_by_one_that_waits() {
    nobody_is_robbed(|w, me| {
        write_turn(w, me);
    });
}

#[test]
fn a_living_reader_is_never_robbed_of_its_cell() {
    nobody_is_robbed(|w, me| match w.lock().read(w.taker(me), w, None) {
        Ok(_) => w.release(me),
        Err(kind) => assert_eq!(kind, ErrorKind::NoSlots),
    });
}

#[test]
fn a_dead_readers_cell_is_taken_by_another() {
    loom::model(|| {
        let world = World::with(1, 3);
        world.read(0);
        world.die(0);
        let other = spawn(&world, |w| match w.lock().read(w.taker(1), w, None) {
            Ok(_) => w.release(1),
            Err(kind) => assert!(matches!(kind, ErrorKind::Busy | ErrorKind::NoSlots)),
        });
        match world.lock().read(world.taker(2), &*world, None) {
            Ok(_) => world.release(2),
            Err(kind) => assert!(matches!(kind, ErrorKind::Busy | ErrorKind::NoSlots)),
        }
        other.join().unwrap();
        assert_eq!(read_turn(&world, 2), Got::Clean);
    });
}

#[test]
fn a_reader_that_dies_deep_inside_leaves_a_cell_for_one_read() {
    loom::model(|| {
        let world = World::with(1, 2);
        (0..3).for_each(|_| assert_eq!(world.read(0), Got::Clean));
        world.die(0);
        assert_eq!(read_turn(&world, 1), Got::Clean);
        assert_eq!(world.lock().release(world.token(1).0), Err(ErrorKind::NotOwner));
    });
}

#[test]
fn a_reader_that_dies_deep_inside_is_cleared_away_by_a_third_party() {
    loom::model(|| {
        let world = World::with(1, 2);
        (0..3).for_each(|_| assert_eq!(world.read(0), Got::Clean));
        world.die(0);
        world.lock().recover(world.token(0));
        assert_eq!(world.lock().readers().count(), 0);
    });
}

#[test]
fn a_reader_that_is_told_of_is_found_alive() {
    loom::model(|| {
        let world = World::vacant(1, 1);
        let looker = spawn(&world, |w| {
            w.lock().readers().for_each(|r| assert!(matches!(w.standing(r), Standing::Here(Some(_)))));
        });
        world.join(0);
        world.read(0);
        looker.join().unwrap();
    });
}
