//! Models of when and how a process lost a thread last. Each name is the sentence it checks.

use super::leaving::Leaving;
use super::place::{PlaceWord, Standing, standing};
use crate::segment::bits::{ALIVE_DIED, ALIVE_WAITERS, Place, State, Token};
use crate::shim::{AtomicU32, Ordering};
use loom::sync::Arc;
use loom::thread;

const NOW: u64 = 1 << 40;
const REAPER: Token = Token::new(9, 9);

/// One entry, and two slots.
struct World {
    entry: PlaceWord,
    leaving: Leaving,
    threads: [(PlaceWord, AtomicU32); 2],
}

impl World {
    /// A process lives in the entry, with a thread in the first slot.
    fn new() -> (Arc<World>, Token) {
        let slot = || (PlaceWord::new(), AtomicU32::new(0));
        let world = World { entry: PlaceWord::new(), leaving: Leaving::new(), threads: [slot(), slot()] };
        let free = world.entry.load().unwrap();
        assert!(world.leaving.begin(&world.entry, free, free.to(State::Live, Token::NONE)));
        let process = Token::new(0, free.generation);
        world.register(0, process);
        (Arc::new(world), process)
    }

    fn register(&self, slot: usize, process: Token) {
        let (place, alive) = &self.threads[slot];
        let joining = place.join(process).unwrap();
        // Relaxed: enough here; the models of the place ask for more.
        alive.store(1 | ALIVE_WAITERS, Ordering::Relaxed);
        assert!(place.change(joining, joining.to(State::Live, process)));
    }

    fn die(&self, slot: usize) {
        self.threads[slot].1.store(ALIVE_DIED, Ordering::Release); // edge: alive
    }

    fn move_on(&self, slot: usize, from: Place, to: Place, died: bool) -> bool {
        self.leaving.move_on(&self.threads[slot].0, (from, to), (NOW, died))
    }

    /// The thread in the slot leaves.
    fn leave(&self, slot: usize) {
        let live = self.threads[slot].0.load().unwrap();
        let leaving = live.to(State::Leaving, live.token);
        assert!(self.move_on(slot, live, leaving, false));
        self.die(slot);
        assert!(self.threads[slot].0.change(leaving, leaving.vacated()));
    }

    /// Clears up behind the thread that died in the slot, unless somebody else has.
    fn clear(&self, slot: usize) {
        let live = self.threads[slot].0.load().filter(|p| p.state == State::Live);
        live.into_iter().for_each(|seen| self.clear_seen(slot, seen));
    }

    fn clear_seen(&self, slot: usize, seen: Place) {
        let reaping = seen.to(State::Reaping, REAPER);
        if self.move_on(slot, seen, reaping, true) {
            assert!(self.threads[slot].0.change(reaping, reaping.vacated()));
        }
    }

    /// Clears up behind the thread in the slot if it is found dead.
    fn sweep(&self, slot: usize) {
        let (place, alive) = &self.threads[slot];
        let Some(seen) = place.load().filter(|p| p.state == State::Live) else { return };
        if matches!(standing(place, alive, Token::new(slot as u32, seen.generation)), Standing::Dead) {
            self.clear_seen(slot, seen);
        }
    }

    /// A new process takes the entry, whose holder is dead: it clears up behind him, and moves in.
    fn take_over(&self) -> Token {
        let dead = self.entry.load().unwrap();
        let next = Token::new(0, dead.generation + 1);
        let reaping = dead.reaped_by(next);
        assert!(self.entry.change(dead, reaping));
        self.clear(0);
        let live = Place { generation: next.generation(), state: State::Live, token: Token::NONE };
        assert!(self.leaving.begin(&self.entry, reaping, live));
        next
    }

    /// Whether the last thread has left lately, and died; nothing, if one lives.
    fn ask(&self, process: Token) -> Option<Option<bool>> {
        let places = self.threads.iter().map(|(place, _)| place);
        let alive = |slot: u32| Some(&self.threads[slot as usize].1);
        self.leaving.ask(process, places, alive, || NOW).err()
    }
}

fn spawn(world: &Arc<World>, f: impl FnOnce(&World) + 'static) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

#[test]
fn who_finds_that_the_last_thread_has_left_finds_how() {
    loom::model(|| {
        let (world, process) = World::new();
        let looker = spawn(&world, move |w| {
            assert!(w.ask(process).is_none_or(|left| left == Some(false)));
        });
        world.leave(0);
        looker.join().unwrap();
        assert_eq!(world.ask(process), Some(Some(false)));
    });
}

#[test]
fn who_finds_that_the_last_thread_has_died_finds_that_whoever_clears_up() {
    loom::model(|| {
        let (world, process) = World::new();
        world.die(0);
        let looker = spawn(&world, move |w| assert_eq!(w.ask(process), Some(Some(true))));
        world.clear(0);
        looker.join().unwrap();
        assert_eq!(world.ask(process), Some(Some(true)));
    });
}

#[test]
fn who_leaves_while_somebody_clears_up_has_not_died() {
    loom::model(|| {
        let (world, process) = World::new();
        let sweeper = spawn(&world, |w| w.sweep(0));
        world.leave(0);
        sweeper.join().unwrap();
        assert_eq!(world.ask(process), Some(Some(false)));
    });
}

#[test]
fn who_clears_up_after_another_does_not_say_it_again() {
    loom::model(|| {
        let (world, process) = World::new();
        world.die(0);
        let (thread, _) = &world.threads[0];
        let seen = thread.load().unwrap();
        world.clear(0);
        let long_ago = (NOW >> 1, true);
        assert!(!world.leaving.move_on(thread, (seen, seen.to(State::Reaping, REAPER)), long_ago));
        assert_eq!(world.ask(process), Some(Some(true)));
    });
}

#[test]
fn who_clears_up_late_says_nothing_of_the_next_holder() {
    loom::model(|| {
        let (world, _) = World::new();
        world.die(0);
        let late = spawn(&world, |w| w.clear(0));
        let next = world.take_over();
        assert_eq!(world.ask(next), Some(None));
        late.join().unwrap();
        assert_eq!(world.ask(next), Some(None));
    });
}

#[test]
fn what_the_next_holder_has_lost_is_told_by_him_alone() {
    loom::model(|| {
        let (world, _) = World::new();
        world.die(0);
        let late = spawn(&world, |w| w.clear(0));
        let next = world.take_over();
        world.register(1, next);
        world.leave(1);
        late.join().unwrap();
        assert_eq!(world.ask(next), Some(Some(false)));
    });
}

#[test]
fn whoever_learns_of_the_next_holder_finds_nothing_of_the_last() {
    loom::model(|| {
        let (world, _) = World::new();
        world.leave(0);
        let looker = spawn(&world, |w| {
            let place = w.entry.load().unwrap();
            let token = Token::new(0, place.generation);
            assert!(place.generation == 0 || w.ask(token) == Some(None));
        });
        world.take_over();
        looker.join().unwrap();
    });
}

#[test]
fn who_has_lost_a_thread_may_be_leaving_for_a_while() {
    loom::model(|| {
        let (world, process) = World::new();
        let at = |now: u64| world.leaving.ask(process, [].into_iter(), |_| None, || now).err();
        assert_eq!(at(0), Some(None), "no thread has left");
        for (slot, died, lately) in [(0, true, 2_000_000_000), (1, false, 500_000_000)] {
            if died {
                world.die(slot);
                world.clear(slot);
            } else {
                world.register(slot, process);
                world.leave(slot);
            }
            assert_eq!([at(NOW + 2), at(NOW + lately - 2)], [Some(Some(died)); 2]);
            let late = [at(NOW + lately + 2), at(2 * NOW), at(0)];
            assert_eq!(late, [Some(None); 3], "also where the clock is another");
        }
    });
}
