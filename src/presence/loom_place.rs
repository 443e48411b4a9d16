//! Models of the life of a place. Each name is the sentence it checks.
//!
//! loom remembers one last access of each word: a thread that loads a word and then changes it hides the change from
//! whoever loaded it before. So the thread that is spawned is the one that looks, and the first one acts.

use super::place::{PlaceWord, Standing, standing};
use crate::segment::bits::{ALIVE_DIED, ALIVE_TID, ALIVE_WAITERS, State, Token};
use crate::shim::{AtomicU32, AtomicU64, Ordering};
use loom::sync::Arc;
use loom::thread;

const PROCESS: Token = Token::new(3, 3);
const REAPER: Token = Token::new(4, 4);

struct World {
    place: PlaceWord,
    alive: AtomicU32,
    /// Stands for a word without generation that only the reaper may repair.
    plain: AtomicU64,
}

impl World {
    fn new() -> Arc<World> {
        Arc::new(World { place: PlaceWord::new(), alive: AtomicU32::new(0), plain: AtomicU64::new(0) })
    }

    fn join(&self, tid: u32) -> Option<Token> {
        let joining = self.place.join(PROCESS)?;
        self.alive.store(tid | ALIVE_WAITERS, Ordering::Release); // edge: alive
        assert!(self.place.change(joining, joining.to(State::Live, PROCESS)));
        Some(Token::new(0, joining.generation))
    }

    /// Clears up behind a dead holder; tells whether it was us who did.
    fn reap(&self) -> bool {
        let Some(seen) = self.place.load().filter(|p| p.state == State::Live) else { return false };
        if matches!(standing(&self.place, &self.alive, Token::new(0, seen.generation)), Standing::Here(_)) {
            return false;
        }
        let reaping = seen.to(State::Reaping, REAPER);
        if !self.place.change(seen, reaping) {
            return false;
        }
        self.alive.store(ALIVE_DIED, Ordering::Relaxed); // Relaxed: the change to FREE orders it
        self.plain.store(1, Ordering::Relaxed); // Relaxed: as above
        self.place.change(reaping, reaping.vacated())
    }
}

#[test]
fn one_place_is_claimed_by_one() {
    loom::model(|| {
        let world = World::new();
        let other = {
            let w = world.clone();
            thread::spawn(move || w.join(2).is_some())
        };
        let mine = world.join(1).is_some();
        assert!(mine ^ other.join().unwrap());
    });
}

#[test]
fn a_dead_place_is_cleared_by_one() {
    loom::model(|| {
        let world = World::new();
        world.join(1);
        world.alive.store(ALIVE_DIED, Ordering::Release);
        let other = {
            let w = world.clone();
            thread::spawn(move || w.reap())
        };
        let mine = world.reap();
        assert!(mine ^ other.join().unwrap());
        assert_eq!(world.place.load().map(|p| (p.state, p.generation)), Some((State::Free, 1)));
    });
}

#[test]
fn the_next_holder_sees_the_repairs() {
    loom::model(|| {
        let world = World::new();
        world.join(1);
        world.alive.store(ALIVE_DIED, Ordering::Release);
        let next = {
            let w = world.clone();
            thread::spawn(move || {
                if let Some(token) = w.join(2) {
                    assert_eq!(token.generation(), 1);
                    assert_eq!(w.plain.load(Ordering::Relaxed), 1);
                    assert_eq!(w.alive.load(Ordering::Relaxed) & ALIVE_TID, 2, "marked dead by the reaper");
                }
            })
        };
        world.reap();
        next.join().unwrap();
    });
}

#[test]
fn a_place_just_taken_is_not_cleared() {
    loom::model(|| {
        let world = World::new();
        let sweeper = {
            let w = world.clone();
            thread::spawn(move || assert!(!w.reap()))
        };
        world.join(1);
        sweeper.join().unwrap();
    });
}

#[test]
fn a_new_holder_is_never_taken_for_the_old() {
    loom::model(|| {
        let world = World::new();
        let old = world.join(1).unwrap();
        world.alive.store(ALIVE_DIED, Ordering::Release);
        let looker = {
            let w = world.clone();
            thread::spawn(move || {
                assert!(matches!(standing(&w.place, &w.alive, old), Standing::Dead));
                assert!(matches!(standing(&w.place, &w.alive, old), Standing::Dead));
            })
        };
        world.reap();
        assert!(world.join(2).is_some());
        looker.join().unwrap();
    });
}

#[test]
fn a_living_holder_is_here_for_whoever_learnt_its_token() {
    loom::model(|| {
        let world = World::new();
        world.join(1);
        world.alive.store(ALIVE_DIED, Ordering::Release);
        world.reap();
        let learnt = Arc::new(AtomicU32::new(0));
        let holder = {
            let (w, l) = (world.clone(), learnt.clone());
            thread::spawn(move || {
                let token = w.join(2).unwrap();
                l.store(token.0, Ordering::Release); // edge: owner
            })
        };
        let word = learnt.load(Ordering::Acquire); // edge: owner
        if let Some(token) = Token::of(word) {
            assert!(matches!(standing(&world.place, &world.alive, token), Standing::Here(Some(_))));
        }
        holder.join().unwrap();
    });
}
