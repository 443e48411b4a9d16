//! Models of the stack and the heap among threads that may die. Each name is the sentence it checks.
//!
//! A message is one word; loom reports whoever touches its bytes while another may. A death is a thread that is unwound
//! at one of its steps and never goes on; the kernel marks its alive word. Nothing times out here.

#![allow(unsafe_code)] // what the lock guards is reached through loom's cells

use super::event_count::EventCount;
use super::heap::{self, Heap};
use super::lock::{Crowd, Got, Owners, Taker};
use super::many::{Many, Need, Net, Source};
use super::shelf::{DRAIN, For, Moves, No, Shelf, Words};
use super::stack::Stack;
use super::wait::{Manner, Timeout, Wait};
use crate::presence::place::{PlaceWord, Standing, standing};
use crate::segment::bits::{ALIVE_WAITERS, State, Token};
use crate::shim::{AtomicU32, AtomicU64, Bytes, Doom, doomed, exit, step};
use loom::sync::Arc;
use loom::thread;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

const BYTES: usize = 8;

struct World<M: Moves> {
    places: Vec<PlaceWord>,
    alive: Vec<AtomicU32>,
    words: Words,
    cells: Vec<M::Cell>,
    bytes: Bytes,
}

// SAFETY: the bytes are reached with the lock; loom checks that.
unsafe impl<M: Moves> Sync for World<M> {}
// SAFETY: as above.
unsafe impl<M: Moves> Send for World<M> {}

/// A message: what it says, and what it was put with.
type Message<M> = (u64, <M as Moves>::Label);

impl<M: Moves> World<M> {
    /// So many registered threads, so many cells.
    fn new(threads: u32, cells: usize, cell: fn() -> M::Cell) -> Arc<World<M>> {
        let world = World {
            places: (0..threads).map(|_| PlaceWord::new()).collect(),
            alive: (1..=threads).map(|tid| AtomicU32::new(tid | ALIVE_WAITERS)).collect(),
            words: Words::new(),
            cells: (0..cells).map(|_| cell()).collect(),
            bytes: Bytes::zeroed((cells * BYTES).next_power_of_two()), // a model's memory goes round
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

    fn shelf(&self) -> Shelf<'_, M::Cell> {
        Shelf::new(&self.words, &self.cells, &self.bytes, BYTES)
    }

    /// As `owners::take_repairing` does.
    fn take(&self, me: u32) {
        let token = self.token(me);
        if self.words.lock.try_fast(token.0) {
            return;
        }
        let taker = Taker { token, is_me: true, forever: true };
        let wait = Wait::new(Timeout::Forever, Manner::default());
        if self.words.lock.acquire(taker, self, &wait).unwrap() == Got::Suspect {
            M::repair(&self.shelf());
            self.words.lock.repaired(token.0).unwrap();
        }
    }

    fn give(&self, me: u32) {
        let token = self.token(me).0;
        if !self.words.lock.release_fast(token) {
            self.words.lock.release(token).unwrap();
        }
    }

    /// One attempt, as the objects make it.
    fn attempt<T>(
        &self,
        me: u32,
        made: For,
        go: impl Fn(&Shelf<'_, M::Cell>) -> Result<T, No>,
    ) -> Result<T, No> {
        self.take(me);
        let moved = go(&self.shelf());
        step();
        self.give(me);
        step();
        if moved.is_ok() {
            self.words.moved(made, &());
        }
        moved
    }

    fn try_put(&self, me: u32, (message, label): Message<M>) -> Result<(), No> {
        self.attempt(me, For::Data, |shelf| M::put(shelf, label, &message.to_ne_bytes()))
    }

    fn try_get(&self, me: u32) -> Result<Message<M>, No> {
        self.attempt(me, For::Room, |shelf| {
            let mut buffer = [0; BYTES];
            let (len, label) = M::get(shelf, &mut buffer)?;
            assert_eq!(len, BYTES, "a message that nobody has put");
            Ok((u64::from_ne_bytes(buffer), label))
        })
    }

    /// As long as it takes.
    fn waiting<T>(&self, what: For, attempt: impl Fn() -> Result<T, No>) -> Result<T, No> {
        let wait = Wait::new(Timeout::Forever, Manner::default());
        loop {
            match attempt() {
                Err(No::Lack) => self.words.sleep(what, self.cells.len(), self, &wait).unwrap(),
                done => return done,
            }
        }
    }

    fn put(&self, me: u32, message: Message<M>) {
        self.waiting(For::Room, || self.try_put(me, message)).unwrap();
    }

    fn get(&self, me: u32) -> Result<Message<M>, No> {
        self.waiting(For::Data, || self.try_get(me))
    }

    /// All there is, in the order in which it comes.
    fn drain(&self, me: u32) -> Vec<Message<M>> {
        let all = std::iter::from_fn(|| self.try_get(me).ok()).collect();
        assert_eq!(self.words.len(), 0);
        all
    }

    /// Does something and is killed at a step; tells whether it was done.
    fn doomed<T>(&self, me: u32, at: u32, f: impl FnOnce() -> T) -> Option<T> {
        let done = doomed(Doom::Step(at), f);
        exit(&self.alive[me as usize]); // who was not killed ends now
        done
    }
}

impl<M: Moves> Owners for World<M> {
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

fn stack(threads: u32, cells: usize) -> Arc<World<Stack>> {
    World::new(threads, cells, || AtomicU64::new(0))
}

fn heap(threads: u32, cells: usize) -> Arc<World<Heap>> {
    World::new(threads, cells, heap::Cell::new)
}

fn spawn<M: Moves + 'static, T: 'static>(
    world: &Arc<World<M>>,
    f: impl FnOnce(&World<M>) -> T + 'static,
) -> thread::JoinHandle<T> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

/// One model for each step at which somebody may be killed, until he was not. The model tells whether he had done all.
fn at_each_step(model: impl Fn(u32) -> bool + Copy + Send + Sync + 'static) {
    static DIED: AtomicBool = AtomicBool::new(false);
    for at in 0..40 {
        DIED.store(false, SeqCst);
        loom::model(move || {
            if !model(at) {
                DIED.store(true, SeqCst);
            }
        });
        if !DIED.load(SeqCst) {
            assert!(at > 2, "nobody was ever killed");
            return;
        }
    }
    panic!("the last step was not reached");
}

#[test]
fn a_put_on_a_stack_that_a_death_cuts_short_is_whole_or_was_never_made() {
    at_each_step(|at| {
        let world = stack(2, 3);
        world.put(1, (1, ()));
        let victim = spawn(&world, move |w| w.doomed(0, at, || w.try_put(0, (2, ())).unwrap()).is_some());
        world.put(1, (3, ()));
        let done = victim.join().unwrap();
        let mut got: Vec<u64> = world.drain(1).into_iter().map(|(message, ())| message).collect();
        assert_eq!(got.pop(), Some(1));
        got.sort_unstable();
        assert!(got == [2, 3] || !done && got == [3], "{got:?}");
        done
    });
}

#[test]
fn a_get_from_a_stack_that_a_death_cuts_short_took_the_last_one_or_none() {
    at_each_step(|at| {
        let world = stack(2, 3);
        [1, 2].into_iter().for_each(|message| world.put(1, (message, ())));
        let victim = spawn(&world, move |w| w.doomed(0, at, || w.try_get(0).unwrap().0));
        let mine = world.try_get(1).unwrap().0;
        let his = victim.join().unwrap();
        let rest: Vec<u64> = world.drain(1).into_iter().map(|(message, ())| message).collect();
        match his {
            Some(his) => assert!(rest.is_empty() && [mine, his].iter().sum::<u64>() == 3),
            None => assert!(rest.is_empty() || mine == 2 && rest == [1], "{mine} {rest:?}"),
        }
        his.is_some()
    });
}

#[test]
fn a_put_on_a_heap_that_a_death_cuts_short_is_whole_or_was_never_made_and_equals_keep_their_order() {
    at_each_step(|at| {
        let world = heap(2, 4);
        world.put(1, (1, 5));
        let victim = spawn(&world, move |w| w.doomed(0, at, || w.try_put(0, (2, 5)).unwrap()).is_some());
        let done = victim.join().unwrap();
        world.put(1, (3, 5));
        world.put(1, (4, -5));
        let got = world.drain(1);
        assert!(
            got == [(4, -5), (1, 5), (2, 5), (3, 5)] || !done && got == [(4, -5), (1, 5), (3, 5)],
            "{got:?}"
        );
        done
    });
}

#[test]
fn a_get_from_a_heap_that_a_death_cuts_short_took_the_first_one_or_none() {
    at_each_step(|at| {
        let world = heap(2, 4);
        [(1, 5), (2, 5), (3, 4)].into_iter().for_each(|message| world.put(1, message));
        let victim = spawn(&world, move |w| w.doomed(0, at, || w.try_get(0).unwrap()));
        let his = victim.join().unwrap();
        world.put(1, (4, 5));
        let got = world.drain(1);
        assert!(his.is_none_or(|his| his == (3, 4)));
        let rest = [(1, 5), (2, 5), (4, 5)];
        assert!(got == rest || his.is_none() && got == [(3, 4), (1, 5), (2, 5), (4, 5)], "{his:?} {got:?}");
        his.is_some()
    });
}

#[test]
fn who_dies_in_a_repair_leaves_it_to_the_next() {
    at_each_step(|at| {
        let world = heap(3, 3);
        [(1, 5), (2, 6)].into_iter().for_each(|message| world.put(2, message));
        // Killed right after the commit: the index knows nothing of it.
        let put = spawn(&world, |w| w.doomed(0, 1, || w.try_put(0, (3, 4)).unwrap())).join().unwrap();
        assert!(put.is_none());
        let got = spawn(&world, move |w| w.doomed(1, at, || w.try_get(1).unwrap())).join().unwrap();
        assert!(got.is_none_or(|got| got == (3, 4)));
        let rest = world.drain(2);
        assert!(
            rest == [(1, 5), (2, 6)] || got.is_none() && rest == [(3, 4), (1, 5), (2, 6)],
            "{got:?} {rest:?}"
        );
        got.is_some()
    });
}

#[test]
fn a_heap_gives_each_message_whole_to_one_of_two() {
    loom::model(|| {
        let world = heap(2, 2);
        let other = spawn(&world, |w| {
            w.put(0, (1, 7));
            w.get(0).unwrap()
        });
        world.put(1, (2, 7));
        let mine = world.get(1).unwrap();
        let mut got = [mine, other.join().unwrap()];
        got.sort_unstable();
        assert_eq!(got, [(1, 7), (2, 7)]);
    });
}

#[test]
fn who_waits_for_a_message_hears_of_it() {
    loom::model(|| {
        let world = stack(2, 1);
        let getter = spawn(&world, |w| w.get(0));
        world.put(1, (1, ()));
        assert_eq!(getter.join().unwrap(), Ok((1, ())));
    });
}

#[test]
fn who_waits_for_room_hears_of_it() {
    loom::model(|| {
        let world = stack(2, 1);
        world.put(1, (1, ()));
        let putter = spawn(&world, |w| w.put(0, (2, ())));
        assert_eq!(world.get(1), Ok((1, ())));
        putter.join().unwrap();
        assert_eq!(world.get(1), Ok((2, ())));
    });
}

#[test]
fn who_waits_beside_a_put_that_a_death_cuts_short_hears_of_his_own() {
    at_each_step(|at| {
        let world = heap(2, 2);
        let victim = spawn(&world, move |w| w.doomed(0, at, || w.try_put(0, (1, 0)).unwrap()).is_some());
        world.put(1, (2, 1));
        let first = world.get(1).unwrap();
        let done = victim.join().unwrap();
        assert!(first == (1, 0) || first == (2, 1));
        let rest = world.drain(1);
        assert!(rest.len() == 1 || !done && rest.is_empty() && first == (2, 1), "{first:?} {rest:?}");
        done
    });
}

/// The victim has committed, and is killed so many steps later; nobody else ever puts anything.
fn heard(after: u32, swept: bool) {
    loom::model(move || {
        let world = heap(2, 1);
        let victim = spawn(&world, move |w| {
            let done = w.doomed(0, 1 + after, || w.try_put(0, (1, 0)).unwrap());
            if swept {
                w.words.lock.recover(w.token(0));
            }
            done
        });
        assert_eq!(world.get(1), Ok((1, 0)));
        assert!(victim.join().unwrap().is_none());
    });
}

#[test]
fn who_waits_hears_of_a_put_that_the_index_does_not_know() {
    heard(0, false);
}

#[test]
fn who_waits_hears_of_a_put_that_the_index_does_not_know_after_the_sweep_too() {
    heard(0, true);
}

#[test]
fn who_waits_hears_of_a_put_whose_maker_died_after_he_gave_the_lock_back() {
    // Commit; the index: a step in `set`, one before the count; the lock given back; then the last step.
    heard(4, false);
}

/// The shelf among the things that somebody waits for, as the objects have it.
struct Among<'w>(&'w World<Heap>);

impl Source for Among<'_> {
    fn is_ready(&self) -> bool {
        self.0.words.is_ready(For::Data, self.0.cells.len(), |holder| self.0.standing(holder))
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        self.0.words.arm(For::Data, self.0.cells.len(), |holder| self.0.standing(holder), net)
    }
}

/// As `get`, by a waiter of many.
fn get_among_others(w: &World<Heap>, me: u32) -> Result<Message<Heap>, No> {
    let (bell, wait) = (EventCount::new(), Wait::new(Timeout::Forever, Manner::default()));
    let among = Among(w);
    let many = Many { sources: &[&among], need: Need::Any, bell: &bell, direct: true };
    loop {
        match w.try_get(me) {
            Err(No::Lack) => drop(many.wait(w, &wait).unwrap()),
            done => return done,
        }
    }
}

#[test]
fn who_waits_for_many_hears_of_a_message() {
    loom::model(|| {
        let world = heap(2, 1);
        let getter = spawn(&world, |w| get_among_others(w, 0));
        world.put(1, (1, 0));
        assert_eq!(getter.join().unwrap(), Ok((1, 0)));
    });
}

/// As `heard`, by a waiter of many.
fn heard_among_others(after: u32) {
    loom::model(move || {
        let world = heap(2, 1);
        let victim = spawn(&world, move |w| w.doomed(0, 1 + after, || w.try_put(0, (1, 0)).unwrap()));
        assert_eq!(get_among_others(&world, 1), Ok((1, 0)));
        assert!(victim.join().unwrap().is_none());
    });
}

#[test]
fn who_waits_for_many_hears_of_a_put_that_the_index_does_not_know() {
    heard_among_others(0);
}

#[test]
fn who_waits_for_many_hears_of_a_put_whose_maker_died_after_he_gave_the_lock_back() {
    heard_among_others(4);
}

#[test]
fn shutting_down_lets_nobody_sleep() {
    loom::model(|| {
        let world = stack(2, 1);
        let getter = spawn(&world, |w| w.get(0));
        world.words.shut_down(DRAIN, &());
        assert_eq!(getter.join().unwrap(), Err(No::Over));
    });
}

#[test]
fn after_the_end_nothing_comes() {
    loom::model(|| {
        let world = stack(3, 1);
        let putter = spawn(&world, |w| w.try_put(0, (1, ())).is_ok());
        let closer = spawn(&world, |w| w.words.shut_down(DRAIN, &()));
        let got = std::iter::from_fn(|| world.get(2).ok()).count();
        assert_eq!(got, usize::from(putter.join().unwrap()));
        closer.join().unwrap();
    });
}
