//! Models of plain data in two copies, among readers and writers that may die. Each name is the sentence it checks.
//!
//! A value is two words that an honest writer makes equal; a reader that gets two different ones has a torn value.

#![allow(unsafe_code)] // what a value stands for is reached through loom's cells

use super::lock::{Crowd, Got, LockWord, Owners, Taker};
use super::snapshot::{Head, Snapshot};
use super::wait::{Manner, Timeout, Wait};
use crate::presence::place::{PlaceWord, Standing, standing};
use crate::segment::bits::{ALIVE_WAITERS, State, Token};
use crate::shim::{AtomicU32, AtomicU64, Ordering, exit};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

struct World {
    places: Vec<PlaceWord>,
    alive: Vec<AtomicU32>,
    head: Head,
    copies: [Vec<AtomicU64>; 2],
    elsewhere: UnsafeCell<u64>,
}

// SAFETY: `elsewhere` is written before a set and read after a get that saw it; loom checks that.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

impl World {
    fn with(threads: u32) -> Arc<World> {
        let copy = || (0..2).map(|_| AtomicU64::new(0)).collect();
        let world = World {
            places: (0..threads).map(|_| PlaceWord::new()).collect(),
            alive: (0..threads).map(|_| AtomicU32::new(0)).collect(),
            head: Head::new(),
            copies: [copy(), copy()],
            elsewhere: UnsafeCell::new(0),
        };
        (0..threads).for_each(|i| world.join(i));
        Arc::new(world)
    }

    fn join(&self, index: u32) {
        let place = &self.places[index as usize];
        let joining = place.join(Token::new(9, 9)).unwrap();
        // Relaxed: nobody else is there yet.
        self.alive[index as usize].store((index + 1) | ALIVE_WAITERS, Ordering::Relaxed);
        assert!(place.change(joining, joining.to(State::Live, joining.token)));
    }

    fn token(&self, index: u32) -> Token {
        Token::new(index, self.places[index as usize].load().unwrap().generation)
    }

    fn snapshot(&self) -> Snapshot<'_> {
        Snapshot::new(&self.head, [&self.copies[0], &self.copies[1]])
    }

    fn lock(&self) -> &LockWord {
        &self.head.lock
    }

    /// Takes the writers' lock, from a dead one if need be, and declares it whole.
    fn take(&self, index: u32) -> Got {
        let token = self.token(index);
        if self.lock().try_fast(token.0) {
            return Got::Clean;
        }
        let wait = Wait::new(Timeout::Forever, Manner::default());
        let taker = Taker { token, is_me: true, forever: true };
        let got = self.lock().acquire(taker, self, &wait).unwrap();
        if got == Got::Suspect {
            self.lock().repaired(token.0).unwrap();
        }
        got
    }

    fn give(&self, index: u32) {
        let token = self.token(index).0;
        if !self.lock().release_fast(token) {
            self.lock().release(token).unwrap();
        }
    }

    fn set(&self, index: u32, value: u64) {
        self.take(index);
        self.snapshot().write_alone(&bytes(value));
        self.give(index);
    }

    /// As long as it takes; the others must run meanwhile.
    fn get(&self) -> u64 {
        loop {
            if let Some(value) = self.try_get() {
                return value;
            }
            crate::shim::pause();
        }
    }

    fn try_get(&self) -> Option<u64> {
        let mut room = [0; 16];
        self.snapshot().try_read(&mut room).then(|| whole(&room))
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

fn bytes(value: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&value.to_ne_bytes());
    bytes[8..].copy_from_slice(&value.to_ne_bytes());
    bytes
}

fn whole(bytes: &[u8; 16]) -> u64 {
    let (words, _) = bytes.as_chunks();
    let [first, second] = [words[0], words[1]].map(u64::from_ne_bytes);
    assert_eq!(first, second, "torn");
    first
}

fn spawn(world: &Arc<World>, f: impl FnOnce(&World) + 'static) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

#[test]
fn a_read_is_never_torn_while_two_writes_go_by() {
    loom::model(|| {
        let world = World::with(1);
        let reader = spawn(&world, |w| {
            assert!(w.try_get().is_none_or(|value| value <= 2));
        });
        world.set(0, 1);
        world.set(0, 2);
        reader.join().unwrap();
        assert_eq!(world.get(), 2);
        assert_eq!(world.snapshot().version(), 2);
    });
}

#[test]
fn a_read_is_never_torn_while_two_writers_take_turns() {
    loom::model(|| {
        let world = World::with(2);
        let other = spawn(&world, |w| w.set(1, 1));
        let reader = spawn(&world, |w| {
            assert!(w.try_get().is_none_or(|value| value <= 2));
        });
        world.set(0, 2);
        other.join().unwrap();
        reader.join().unwrap();
        assert_eq!(world.snapshot().version(), 2);
    });
}

#[test]
fn reads_never_go_back() {
    loom::model(|| {
        let world = World::with(1);
        let reader = spawn(&world, |w| {
            let first = w.try_get();
            let version = w.snapshot().version();
            let second = w.try_get();
            if let (Some(first), Some(second)) = (first, second) {
                assert!(first <= second && version <= second, "{first} {version} {second}");
            }
        });
        world.set(0, 1);
        world.set(0, 2);
        reader.join().unwrap();
    });
}

#[test]
fn what_was_written_before_a_set_is_seen_after_a_get() {
    loom::model(|| {
        let world = World::with(1);
        let reader = spawn(&world, |w| {
            if w.get() == 1 {
                // SAFETY: written before the set that was seen; loom checks it.
                assert_eq!(w.elsewhere.with(|n| unsafe { *n }), 7);
            }
        });
        // SAFETY: nobody reads it before the set.
        world.elsewhere.with_mut(|n| unsafe { *n = 7 });
        world.set(0, 1);
        reader.join().unwrap();
    });
}

/// The steps of a write after which its thread may die.
#[derive(Clone, Copy, PartialEq)]
enum DeathAt {
    Taken,
    HalfWritten,
    Written,
    Published,
}

const DEATHS: [DeathAt; 4] = [DeathAt::Taken, DeathAt::HalfWritten, DeathAt::Written, DeathAt::Published];

/// Writes and dies, with the lock in its hands.
fn die_writing(world: &World, index: u32, value: u64, at: DeathAt) {
    world.take(index);
    let draft = world.snapshot().draft();
    match at {
        DeathAt::Taken => {}
        DeathAt::HalfWritten => draft.fill(&bytes(value)[..8]),
        DeathAt::Written => draft.fill(&bytes(value)),
        DeathAt::Published => {
            draft.fill(&bytes(value));
            draft.publish();
        }
    }
    world.die(index);
}

#[test]
fn a_writer_that_dies_at_any_step_leaves_the_old_value_or_the_new() {
    for at in DEATHS {
        loom::model(move || {
            let world = World::with(1);
            world.set(0, 1);
            let victim = spawn(&world, move |w| die_writing(w, 0, 2, at));
            assert!(world.try_get().is_none_or(|value| value == 1 || value == 2));
            victim.join().unwrap();
            assert_eq!(world.get(), if at == DeathAt::Published { 2 } else { 1 });
        });
    }
}

#[test]
fn a_successor_goes_on_where_a_dead_writer_stopped() {
    for at in DEATHS {
        loom::model(move || {
            let world = World::with(2);
            let victim = spawn(&world, move |w| die_writing(w, 1, 1, at));
            let got = world.take(0);
            let mut room = [0; 16];
            assert!(world.snapshot().read_alone(&mut room).is_ok());
            let old = whole(&room);
            assert!(old == 0 || old == 1 && at == DeathAt::Published && got == Got::Suspect);
            world.snapshot().write_alone(&bytes(5));
            world.give(0);
            victim.join().unwrap();
            // Either the successor came first, and the victim after it, or the other way round.
            let last = world.try_get();
            assert!(last == Some(5) || last == Some(1) && at == DeathAt::Published && got == Got::Clean);
        });
    }
}

#[test]
fn a_read_is_never_torn_while_a_successor_writes_over_a_dead_writers_half() {
    loom::model(|| {
        let world = World::with(2);
        let victim = spawn(&world, |w| die_writing(w, 1, 1, DeathAt::HalfWritten));
        let reader = spawn(&world, |w| {
            assert!(w.try_get().is_none_or(|value| value == 0 || value == 5 || value == 6));
        });
        victim.join().unwrap();
        world.set(0, 5);
        world.set(0, 6);
        reader.join().unwrap();
        assert!(!world.lock().is_suspect());
    });
}

#[test]
fn a_reader_with_the_lock_meets_no_writer() {
    loom::model(|| {
        let world = World::with(2);
        let writer = spawn(&world, |w| w.set(1, 1));
        world.take(0);
        let mut room = [0; 16];
        assert!(world.snapshot().read_alone(&mut room).is_ok());
        assert!(whole(&room) <= 1);
        world.give(0);
        writer.join().unwrap();
    });
}

#[test]
fn a_sweeper_frees_a_dead_writers_lock_and_declares_it_whole() {
    loom::model(|| {
        let world = World::with(2);
        let dead = world.token(1);
        die_writing(&world, 1, 1, DeathAt::HalfWritten);
        let sweeper = spawn(&world, move |w| {
            w.lock().recover(dead);
            w.lock().absolve();
        });
        world.set(0, 5);
        sweeper.join().unwrap();
        assert_eq!(world.get(), 5);
        assert!(!world.lock().is_suspect() && world.lock().holder().is_none());
    });
}

#[test]
fn what_a_sweeper_freed_is_clean_for_the_next_writer() {
    loom::model(|| {
        let world = World::with(2);
        die_writing(&world, 1, 1, DeathAt::HalfWritten);
        assert!(world.lock().recover(world.token(1)));
        world.lock().absolve();
        assert_eq!(world.take(0), Got::Clean);
    });
}
