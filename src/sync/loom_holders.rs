//! Models of an end that several hold, come to, hand on and leave. Each thread is a process of its own. Each name is the
//! sentence it checks.
//!
//! A sleep never times out here, so that whatever only the slice would mend shows as a deadlock.

use super::event_count::EventCount;
use super::holders::{Holders, Left, Members, Seen};
use super::lock::Crowd;
use super::wait::{Manner, Timeout, Wait};
use crate::presence::place::{PlaceWord, Standing, standing};
use crate::segment::bits::{ALIVE_WAITERS, State, Token};
use crate::shim::{AtomicU32, AtomicU64, Ordering, Watch, exit};
use loom::sync::Arc;
use loom::thread;

struct World {
    places: Vec<PlaceWord>,
    alive: Vec<AtomicU32>,
    last: AtomicU64,
    cells: Vec<AtomicU32>,
    event: EventCount,
    /// What was sent through the end.
    tail: AtomicU32,
    buried: AtomicU32,
    nothing: AtomicU32,
}

impl World {
    /// So many processes; the first `holders` of them hold the end.
    fn new(processes: u32, holders: u32) -> Arc<World> {
        let world = World {
            places: (0..processes).map(|_| PlaceWord::new()).collect(),
            alive: (0..processes).map(|_| AtomicU32::new(0)).collect(),
            last: AtomicU64::new(0),
            cells: (0..processes).map(|_| AtomicU32::new(0)).collect(),
            event: EventCount::new(),
            tail: AtomicU32::new(0),
            buried: AtomicU32::new(0),
            nothing: AtomicU32::new(0),
        };
        for index in 0..holders {
            world.join(index);
            world.end().stamp(world.token(index));
        }
        Arc::new(world)
    }

    fn join(&self, index: u32) {
        let place = &self.places[index as usize];
        let joining = place.join(Token::new(9, 9)).unwrap();
        self.alive[index as usize].store((index + 1) | ALIVE_WAITERS, Ordering::Relaxed);
        assert!(place.change(joining, joining.to(State::Live, joining.token)));
    }

    fn token(&self, index: u32) -> Token {
        Token::new(index, 0)
    }

    fn end(&self) -> Holders<'_> {
        Holders { last: &self.last, cells: &self.cells }
    }

    fn look(&self) -> Seen {
        let mut crowd = Crowd::new(Watch { word: &self.nothing, value: 0 });
        self.end().look(self, &mut crowd).0
    }

    fn leave(&self, index: u32) {
        assert!(self.end().leave(self.token(index), Left::Closed));
        self.event.notify(&());
    }

    fn send(&self) {
        self.tail.store(1, Ordering::Relaxed);
    }

    fn has_come(&self) -> bool {
        self.tail.load(Ordering::Relaxed) == 1
    }

    /// A receiver's wait, as a connection does it: until something has come, or the end is gone.
    fn wait(&self) -> Option<Left> {
        loop {
            let mut crowd = Crowd::new(self.event.prepare());
            let seen = self.end().look(self, &mut crowd).0;
            if self.has_come() {
                return None;
            }
            if let Seen::Gone(left) = seen {
                return Some(left);
            }
            let wait = Wait::new(Timeout::Forever, Manner::default());
            wait.sleep(crowd.watches(), false).unwrap();
        }
    }
}

impl Members for World {
    fn standing(&self, token: Token) -> Standing<'_> {
        let i = token.index() as usize;
        standing(&self.places[i], &self.alive[i], token)
    }

    fn left(&self, _: Token) -> Left {
        Left::Died
    }

    fn buried(&self, _: Token, _: &AtomicU32, left: Left) {
        assert_eq!(left, Left::Died);
        self.buried.fetch_add(1, Ordering::Relaxed);
        self.event.notify(&());
    }
}

fn spawn(world: &Arc<World>, f: impl FnOnce(&World) + 'static) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

/// One stamps another and leaves: at every moment somebody holds it.
#[test]
fn an_end_that_is_handed_on_is_never_gone() {
    loom::model(|| {
        let world = World::new(2, 0);
        world.join(0);
        world.join(1);
        world.end().stamp(world.token(1));
        let holder = spawn(&world, |w| {
            w.end().stamp(w.token(0)); // whose cell is looked at first
            w.leave(1);
        });
        assert!(matches!(world.look(), Seen::Held { .. }));
        holder.join().unwrap();
        assert!(matches!(world.look(), Seen::Held { .. }));
    });
}

/// Twice to and fro: the second time the last word says what it said before, but for the count.
#[test]
fn an_end_that_is_handed_to_and_fro_is_never_gone() {
    loom::model(|| {
        let world = World::new(2, 2);
        world.leave(0);
        let holder = spawn(&world, |w| {
            w.end().stamp(w.token(0));
            w.leave(1);
            w.end().stamp(w.token(1));
            w.leave(0);
        });
        assert!(matches!(world.look(), Seen::Held { .. }));
        holder.join().unwrap();
    });
}

#[test]
fn what_was_sent_before_the_last_one_left_is_seen() {
    loom::model(|| {
        let world = World::new(1, 1);
        let sender = spawn(&world, |w| {
            w.send();
            w.leave(0);
        });
        if world.look() == Seen::Gone(Left::Closed) {
            assert!(world.has_come());
        }
        sender.join().unwrap();
        assert_eq!(world.look(), Seen::Gone(Left::Closed));
    });
}

#[test]
fn who_has_just_come_is_not_taken_for_dead() {
    loom::model(|| {
        let world = World::new(1, 0);
        let comer = spawn(&world, |w| {
            w.join(0);
            w.end().stamp(w.token(0));
        });
        assert!(matches!(world.look(), Seen::Absent | Seen::Held { .. }));
        comer.join().unwrap();
        assert!(matches!(world.look(), Seen::Held { .. }));
    });
}

#[test]
fn a_receiver_never_misses_that_the_last_one_closes() {
    loom::model(|| {
        let world = World::new(1, 1);
        let sender = spawn(&world, |w| w.leave(0));
        assert_eq!(world.wait(), Some(Left::Closed));
        sender.join().unwrap();
    });
}

#[test]
fn a_receiver_hears_that_the_last_one_dies() {
    loom::model(|| {
        let world = World::new(2, 2);
        let closes = spawn(&world, |w| w.leave(0));
        let dies = spawn(&world, |w| exit(&w.alive[1]));
        let left = world.wait();
        closes.join().unwrap();
        dies.join().unwrap();
        // Who was seen to go last: the one that closed may have been slower.
        assert!(left.is_some());
        assert_eq!((world.look(), world.buried.load(Ordering::Relaxed)), (Seen::Gone(left.unwrap()), 1));
    });
}

#[test]
fn a_receiver_gets_what_a_dead_sender_had_sent() {
    loom::model(|| {
        let world = World::new(1, 1);
        let sender = spawn(&world, |w| {
            w.send();
            exit(&w.alive[0]);
        });
        assert_eq!(world.wait(), None);
        sender.join().unwrap();
    });
}

#[test]
fn a_dead_holder_is_buried_once() {
    loom::model(|| {
        let world = World::new(1, 1);
        exit(&world.alive[0]);
        let other = spawn(&world, |w| assert_eq!(w.look(), Seen::Gone(Left::Died)));
        assert_eq!(world.look(), Seen::Gone(Left::Died));
        other.join().unwrap();
        assert_eq!(world.buried.load(Ordering::Relaxed), 1);
    });
}

/// Two see the same dead one; behind the first of them somebody comes and closes.
#[test]
fn who_is_late_with_a_death_does_not_write_it_over_a_close() {
    loom::model(|| {
        let world = World::new(2, 1);
        world.join(1);
        exit(&world.alive[0]);
        let late = spawn(&world, |w| {
            w.end().leave(w.token(0), Left::Died);
        });
        world.end().leave(world.token(0), Left::Died);
        world.end().stamp(world.token(1));
        world.leave(1);
        late.join().unwrap();
        assert_eq!(world.look(), Seen::Gone(Left::Closed));
    });
}

#[test]
fn who_never_came_ends_nothing() {
    loom::model(|| {
        let world = World::new(2, 1);
        world.end().stamp(Token::new(1, 0));
        assert!(world.end().leave(Token::new(1, 0), Left::Never));
        assert_ne!(world.end().left(), 0);
        let holder = spawn(&world, |w| exit(&w.alive[0]));
        world.wait();
        holder.join().unwrap();
        world.end().stamp(Token::new(1, 0));
        world.end().leave(Token::new(1, 0), Left::Never);
        assert_eq!(world.look(), Seen::Gone(Left::Died));
    });
}
