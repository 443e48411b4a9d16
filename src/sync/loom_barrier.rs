//! Models of the barrier among threads that may die. Each name is the sentence it checks.
//!
//! A death is a thread that returns early, its alive word marked. A sleep never times out here, so that whatever only the
//! slice would mend shows as a deadlock; the time of a party is up when it says so.

#![allow(unsafe_code)] // what a trip publishes is reached through loom's cells

use super::barrier::{Barrier, Cause, Head, Parties, Stop};
use super::lock::{Crowd, Owners};
use super::wait::{Manner, Timeout, Wait};
use crate::presence::place::{PlaceWord, Standing, standing};
use crate::segment::bits::{ALIVE_WAITERS, BarrierState, Phase, State, Token};
use crate::shim::{AtomicU32, AtomicU64, Doom, Ordering, doomed, exit};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

struct World {
    places: Vec<PlaceWord>,
    alive: Vec<AtomicU32>,
    head: Head,
    cells: Vec<AtomicU64>,
    declared: Vec<AtomicU32>,
    told: Vec<AtomicU64>,
    /// What each writes before it arrives.
    written: Vec<UnsafeCell<u32>>,
    /// Written by the action.
    acted: UnsafeCell<u32>,
}

// SAFETY: what is in the cells is written before a trip and read after it; loom checks that.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

type End = Result<usize, Stop>;

impl World {
    /// A barrier for so many parties, and as many threads, all registered.
    fn new(parties: u32) -> Arc<World> {
        World::among(parties, parties)
    }

    fn among(parties: u32, threads: u32) -> Arc<World> {
        let world = World::vacant(parties, threads);
        (0..threads).for_each(|i| world.join(i));
        world
    }

    fn vacant(parties: u32, threads: u32) -> Arc<World> {
        Arc::new(World {
            places: (0..threads).map(|_| PlaceWord::new()).collect(),
            alive: (0..threads).map(|_| AtomicU32::new(0)).collect(),
            head: Head::new(),
            cells: (0..parties).map(|_| AtomicU64::new(0)).collect(),
            declared: (0..parties).map(|_| AtomicU32::new(0)).collect(),
            told: (0..threads).map(|_| AtomicU64::new(0)).collect(),
            written: (0..threads).map(|_| UnsafeCell::new(0)).collect(),
            acted: UnsafeCell::new(0),
        })
    }

    fn join(&self, index: u32) {
        let place = &self.places[index as usize];
        let joining = place.join(Token::new(9, 9)).unwrap();
        // Relaxed: enough for a barrier; the models of the place ask for more.
        self.alive[index as usize].store((index + 1) | ALIVE_WAITERS, Ordering::Relaxed);
        assert!(place.change(joining, joining.to(State::Live, joining.token)));
    }

    fn barrier(&self) -> Barrier<'_> {
        Barrier { head: &self.head, cells: &self.cells, places: &self.declared, told: &self.told }
    }

    fn token(&self, index: u32) -> Token {
        Token::new(index, self.places[index as usize].load().unwrap().generation)
    }

    fn parties(&self) -> Parties<'_, World, World> {
        Parties { processes: self, threads: self }
    }

    fn wait_if(&self, index: u32, action: Option<impl FnOnce() -> bool>) -> End {
        let wait = Wait::new(Timeout::Forever, Manner::default());
        self.barrier().wait(self.token(index), &self.parties(), &wait, action)
    }

    fn wait(&self, index: u32) -> End {
        self.wait_if(index, None::<fn() -> bool>)
    }

    /// With a sentence for the others, and all of theirs afterwards.
    fn meet(&self, index: u32) -> usize {
        self.written[index as usize].with_mut(|n| {
            // SAFETY: before the trip; loom checks it.
            unsafe { *n = index + 1 }
        });
        let at = self.wait(index).unwrap();
        for (other, written) in (1..).zip(&self.written) {
            // SAFETY: after the trip; loom checks it.
            assert_eq!(written.with(|n| unsafe { *n }), other);
        }
        at
    }

    fn die(&self, index: u32) {
        exit(&self.alive[index as usize]);
    }

    fn broken(&self) -> Option<Cause> {
        self.barrier().broken(&self.parties())
    }

    fn state(&self) -> BarrierState {
        self.barrier().peek()
    }

    fn died(&self, index: u32) -> Cause {
        let (pid, tid) = self.person(self.token(index));
        Cause::Died(pid, tid)
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

    fn person(&self, token: Token) -> (u32, u32) {
        (token.index() + 100, token.index() + 200)
    }
}

fn spawn<T: 'static>(world: &Arc<World>, f: impl FnOnce(&World) -> T + 'static) -> thread::JoinHandle<T> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

#[test]
fn of_the_last_two_one_makes_the_trip() {
    loom::model(|| {
        let world = World::new(2);
        let other = spawn(&world, |w| w.wait(1).unwrap());
        assert_eq!(world.wait(0).unwrap() + other.join().unwrap(), 1);
        assert_eq!(world.state().era, 1);
    });
}

#[test]
fn what_each_did_before_the_trip_is_seen_after_it_by_all() {
    loom::model(|| {
        let world = World::new(2);
        let other = spawn(&world, |w| w.meet(1));
        assert_eq!(world.meet(0) + other.join().unwrap(), 1);
    });
}

#[test]
fn three_meet_and_each_gets_a_number_of_its_own() {
    loom::model(|| {
        let world = World::new(3);
        let third = world.barrier().arrive(world.token(2), world.state()).unwrap();
        let other = spawn(&world, |w| w.wait(1).unwrap());
        let mut numbers = vec![third, world.wait(0).unwrap(), other.join().unwrap()];
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2]);
    });
}

#[test]
fn a_second_trip_follows_the_first() {
    loom::model(|| {
        let world = World::new(2);
        let other = spawn(&world, |w| (w.wait(1).unwrap(), w.wait(1).unwrap()));
        let mine = (world.wait(0).unwrap(), world.wait(0).unwrap());
        let others = other.join().unwrap();
        assert_eq!((mine.0 + others.0, mine.1 + others.1), (1, 1));
        assert_eq!(world.state().era, 2);
    });
}

/// Two threads and a barrier for one: each trip is somebody's, and who finds it full waits for the next.
#[test]
fn more_threads_than_parties_take_turns() {
    loom::model(|| {
        let world = World::among(1, 2);
        let other = spawn(&world, |w| w.wait(1).unwrap());
        assert_eq!(world.wait(0).unwrap(), 0);
        assert_eq!(other.join().unwrap(), 0);
        assert_eq!(world.state().era, 2);
    });
}

fn act(world: &World, index: u32) -> End {
    let action = || {
        world.acted.with_mut(|n| {
            // SAFETY: one of a trip runs it; loom checks it.
            unsafe { *n += 1 }
        });
        true
    };
    let end = world.wait_if(index, Some(action));
    // SAFETY: after the trip; loom checks it.
    assert_eq!(world.acted.with(|n| unsafe { *n }), 1);
    end
}

#[test]
fn what_the_action_did_is_seen_by_all() {
    loom::model(|| {
        let world = World::new(2);
        let other = spawn(&world, |w| act(w, 1).unwrap());
        assert_eq!(act(&world, 0).unwrap() + other.join().unwrap(), 1);
    });
}

#[test]
fn an_action_that_fails_breaks_it_for_all() {
    loom::model(|| {
        let world = World::new(2);
        let other = spawn(&world, |w| w.wait_if(1, Some(|| false)));
        let mut ends = [world.wait_if(0, Some(|| false)), other.join().unwrap()];
        ends.sort_unstable_by_key(|end| *end == Err(Stop::Broken(Cause::Failed)));
        assert_eq!(ends, [Err(Stop::Own(crate::error::ErrorKind::Failed)), Err(Stop::Broken(Cause::Failed))]);
    });
}

/// The other one looks how it stands as soon as it finds it.
#[test]
fn a_living_party_is_never_taken_for_dead() {
    loom::model(|| {
        let world = World::vacant(2, 2);
        world.join(0);
        let other = spawn(&world, |w| {
            w.join(1);
            w.wait(1).unwrap()
        });
        assert_eq!(world.wait(0).unwrap() + other.join().unwrap(), 1);
    });
}

/// Somebody looks who waits for nobody.
#[test]
fn a_party_that_just_arrived_is_found_alive() {
    loom::model(|| {
        let world = World::vacant(3, 2);
        world.join(0);
        let other = spawn(&world, |w| {
            w.join(1);
            assert!(w.barrier().arrive(w.token(1), w.state()).is_some());
        });
        assert_eq!(world.broken(), None);
        other.join().unwrap();
        assert_eq!((world.broken(), world.barrier().waiting(&world.parties())), (None, 1));
    });
}

#[test]
fn a_living_declared_party_is_never_taken_for_dead() {
    loom::model(|| {
        let world = World::vacant(2, 2);
        world.join(0);
        let other = spawn(&world, |w| {
            w.join(1);
            assert_eq!(w.barrier().declare(w.token(1), &w.parties()), Ok(0));
        });
        assert_eq!(world.broken(), None);
        other.join().unwrap();
        assert_eq!(world.broken(), None);
    });
}

/// It arrives and is killed; the third one never comes.
#[test]
fn a_party_that_dies_having_arrived_breaks_it_and_is_named() {
    loom::model(|| {
        let world = World::among(3, 2);
        let victim = spawn(&world, |w| {
            assert!(w.barrier().arrive(w.token(1), w.state()).is_some());
            w.die(1);
        });
        assert_eq!(world.wait(0), Err(Stop::Broken(world.died(1))));
        victim.join().unwrap();
        assert_eq!(world.broken(), Some(world.died(1)));
    });
}

/// Three of four have arrived, and one of them is killed: both others hear of it, though the kernel wakes one.
#[test]
fn a_death_is_heard_of_by_all_who_wait() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2); // with three it takes a minute, and no mutant needs them
    model.check(|| {
        let world = World::among(4, 3);
        assert!(world.barrier().arrive(world.token(0), world.state()).is_some());
        let other = spawn(&world, |w| w.wait(1));
        let killer = spawn(&world, |w| w.die(0));
        let dead = Err(Stop::Broken(world.died(0)));
        assert_eq!((world.wait(2), other.join().unwrap()), (dead, dead));
        killer.join().unwrap();
    });
}

#[test]
fn a_declared_party_that_dies_breaks_it_and_is_named() {
    loom::model(|| {
        let world = World::new(2);
        assert_eq!(world.barrier().declare(world.token(1), &world.parties()), Ok(0));
        let waits = spawn(&world, |w| w.wait(0));
        world.die(1);
        assert_eq!(waits.join().unwrap(), Err(Stop::Broken(world.died(1))));
        assert_eq!((world.broken(), world.barrier().declared()), (Some(world.died(1)), 0));
        world.barrier().reset(&world.parties());
        assert_eq!(world.broken(), None);
    });
}

#[test]
fn an_actor_that_dies_breaks_it_and_is_named() {
    loom::model(|| {
        let world = World::new(2);
        let victim = spawn(&world, |w| {
            let acted = doomed(Doom::Acting, || {
                w.wait_if(1, Some(|| -> bool { std::panic::resume_unwind(Box::new("killed")) }))
            });
            if acted.is_none() {
                w.die(1);
            }
            acted
        });
        let mine = world.wait(0);
        match victim.join().unwrap() {
            None => assert_eq!(mine, Err(Stop::Broken(world.died(1)))),
            Some(theirs) => assert_eq!(mine.unwrap() + theirs.unwrap(), 1),
        }
    });
}

/// One of the last two is killed before it has woken the other: it has made the trip all the same.
#[test]
fn who_makes_a_trip_and_is_killed_before_the_wake_leaves_nobody_behind() {
    loom::model(|| {
        let world = World::new(2);
        let victim = spawn(&world, |w| {
            if doomed(Doom::Waking, || w.wait(1)).is_none() {
                w.die(1);
            }
        });
        assert!(world.wait(0).is_ok());
        victim.join().unwrap();
        assert_eq!(world.state().era, 1);
    });
}

/// Its time is up: what it does then, and the trip, exclude each other.
#[test]
fn of_a_break_and_a_trip_one_comes_about() {
    loom::model(|| {
        let world = World::new(2);
        let aborter = spawn(&world, |w| w.barrier().abort(&w.parties()));
        let other = spawn(&world, |w| w.wait(1));
        let ends = (world.wait(0), other.join().unwrap());
        aborter.join().unwrap();
        let aborted = Err(Stop::Broken(Cause::Aborted));
        assert!(ends == (aborted, aborted) || ends.0.is_ok() && ends.1.is_ok(), "{ends:?}");
        assert_eq!(world.broken(), Some(Cause::Aborted));
    });
}

/// Each end is told to all who arrived in the era, however late they look.
#[test]
fn who_was_reset_never_believes_that_it_passed() {
    loom::model(|| {
        let world = World::new(2);
        let other = spawn(&world, |w| w.wait(1));
        world.barrier().reset(&world.parties());
        match world.wait_unless_alone(0) {
            None => {
                // The other one was reset, or comes yet.
                world.barrier().abort(&world.parties());
                assert!(other.join().unwrap().is_err());
            }
            Some(mine) => assert_eq!(mine.unwrap() + other.join().unwrap().unwrap(), 1),
        }
    });
}

impl World {
    /// Waits if the other one has arrived in this era.
    fn wait_unless_alone(&self, index: u32) -> Option<End> {
        (self.barrier().waiting(&self.parties()) == 1).then(|| self.wait(index))
    }
}

/// Both find the reset, and one of them has gone on into the next era before the other has closed all cells.
#[test]
fn who_finishes_a_reset_late_closes_no_later_cell() {
    loom::model(|| {
        let world = World::new(2);
        let other = spawn(&world, |w| {
            w.barrier().reset(&w.parties());
            let state = w.state();
            let at = (state.phase == Phase::Open).then(|| w.barrier().arrive(w.token(1), state));
            at.flatten().map(|at| (at, state))
        });
        world.barrier().reset(&world.parties());
        if let Some((at, state)) = other.join().unwrap() {
            let (word, stamp) = (world.cells[at].load(Ordering::Relaxed), state.cell(world.token(1)));
            assert!(word == stamp || word >> 30 > stamp >> 30, "closed for an era that is over");
        }
    });
}

/// Who is killed when the state says RESETTING leaves it to whoever comes.
#[test]
fn a_reset_that_was_only_begun_is_finished_by_who_comes() {
    loom::model(|| {
        let world = World::among(2, 3);
        assert!(world.barrier().arrive(world.token(2), world.state()).is_some());
        world.barrier().begin_reset();
        world.die(2);
        let other = spawn(&world, |w| w.wait(1).unwrap());
        assert_eq!(world.wait(0).unwrap() + other.join().unwrap(), 1);
    });
}

/// A sweep and a party that waits find the same death.
#[test]
fn a_repair_by_a_third_party_and_a_waiter_agree() {
    loom::model(|| {
        let world = World::new(2);
        assert!(world.barrier().arrive(world.token(1), world.state()).is_some());
        world.die(1);
        let sweeper = spawn(&world, |w| {
            w.barrier().recover_thread(w.token(1), &w.parties());
        });
        assert_eq!(world.wait(0), Err(Stop::Broken(world.died(1))));
        sweeper.join().unwrap();
    });
}

/// Who broke it was killed before he had written the name: the sweep writes it before the place is given away.
#[test]
fn a_name_that_is_missing_is_written_by_who_clears_up() {
    loom::model(|| {
        let world = World::new(2);
        assert!(world.barrier().arrive(world.token(1), world.state()).is_some());
        world.die(1);
        assert!(world.barrier().lose_unnamed(1));
        assert!(world.barrier().name_word() == 0);
        world.barrier().recover_thread(world.token(1), &world.parties());
        assert!(world.barrier().name_word() != 0);
    });
}

/// Two find the same declared one dead, and one of them resets the barrier before the other has broken it.
#[test]
fn who_finds_a_death_late_breaks_no_later_era() {
    loom::model(|| {
        let world = World::new(2);
        assert_eq!(world.barrier().declare(world.token(1), &world.parties()), Ok(0));
        world.die(1);
        let other = spawn(&world, |w| {
            w.broken();
        });
        assert_eq!(world.broken(), Some(world.died(1)));
        world.barrier().reset(&world.parties());
        other.join().unwrap();
        assert_eq!(world.broken(), None);
    });
}

/// The only place is taken: somebody judges who has it by a state that was broken, and is late. Meanwhile the barrier has been
/// reset, and only then the declared one dies: the era of its death must hear of it.
#[test]
fn a_declared_party_that_dies_after_a_reset_is_not_forgiven() {
    loom::model(|| {
        let world = World::among(1, 2);
        assert_eq!(world.barrier().declare(world.token(1), &world.parties()), Ok(0));
        world.barrier().abort(&world.parties());
        let other = spawn(&world, |w| {
            w.barrier().reset(&w.parties());
            w.die(1);
        });
        let declared = world.barrier().declare(world.token(0), &world.parties());
        other.join().unwrap();
        if declared.is_ok() {
            assert_eq!(world.broken(), Some(world.died(1)));
        }
    });
}
