//! Models of waiting for many among threads that may die. Each name is the sentence it checks.
//!
//! A sleep never times out here, so that whatever only the slice would mend shows as a deadlock.

use super::bell::Bell;
use super::ends;
use super::event::EventWord;
use super::event_count::EventCount;
use super::lock::{Crowd, Owners};
use super::many::{Many, Need, Net, Source};
use super::semaphore::SemaphoreWord;
use super::wait::{Manner, Timeout, Wait};
use crate::error::ErrorKind;
use crate::presence::place::{PlaceWord, Standing, standing};
use crate::segment::bits::{ALIVE_WAITERS, PERMITS, Place, State, Token};
use crate::shim::{AtomicU32, Doom, Ordering, doomed, exit};
use loom::sync::Arc;
use loom::thread;

struct World {
    places: Vec<PlaceWord>,
    alive: Vec<AtomicU32>,
    semaphores: [SemaphoreWord; 2],
    events: [EventWord; 2],
    /// A thing that is ready when `full`, and is told by an event count. The dead had hands full of it.
    full: AtomicU32,
    told: EventCount,
    bell: EventCount,
}

impl World {
    fn new(threads: u32) -> Arc<World> {
        let world = World {
            places: (0..threads).map(|_| PlaceWord::new()).collect(),
            alive: (1..=threads).map(|tid| AtomicU32::new(tid | ALIVE_WAITERS)).collect(),
            semaphores: [(); 2].map(|()| SemaphoreWord::new(0)),
            events: [(); 2].map(|()| EventWord::new()),
            full: AtomicU32::new(0),
            told: EventCount::new(),
            bell: EventCount::new(),
        };
        for place in &world.places {
            let joining = place.join(Token::new(9, 9)).unwrap();
            assert!(place.change(joining, joining.to(State::Live, joining.token)));
        }
        Arc::new(world)
    }

    fn release(&self, at: usize) {
        self.semaphores[at].release(1, PERMITS, &self.bell).unwrap();
    }

    fn acquire(&self, at: usize) {
        if !self.semaphores[at].try_acquire() {
            self.semaphores[at].acquire(self, &wait()).unwrap();
        }
    }

    fn set(&self, at: usize) {
        self.events[at].set(1, &self.bell);
    }

    fn consume(&self, at: usize) {
        if !self.events[at].consume(0) {
            self.events[at].wait_and_consume(self, &wait()).unwrap();
        }
    }

    fn fill(&self) {
        self.full.fetch_add(1, Ordering::Relaxed);
        self.told.notify(&self.bell);
    }

    /// Those who show that they are dead, and behind whom nobody has cleared up.
    fn dead(&self) -> impl Iterator<Item = (u32, Place)> {
        (0..).zip(&self.places).filter_map(|(index, place)| {
            let seen = place.load().filter(|seen| seen.state == State::Live)?;
            let standing = self.standing(Token::new(index, seen.generation));
            matches!(standing, Standing::Dead).then_some((index, seen))
        })
    }

    fn many(&self, sources: &[&dyn Source], need: Need, direct: bool) -> Result<Vec<usize>, ErrorKind> {
        Many { sources, need, bell: &self.bell, direct }.wait(self, &wait())
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

    fn hear<'a>(&'a self, out: &mut Crowd<'a>) -> Option<Token> {
        self.others(out);
        self.dead().next().map(|(index, place)| Token::new(index, place.generation))
    }

    fn sweep(&self) {
        for (index, seen) in self.dead() {
            let reaping = seen.to(State::Reaping, Token::new(8, 8));
            if self.places[index as usize].change(seen, reaping) {
                self.fill();
                self.places[index as usize].change(reaping, reaping.vacated());
            }
        }
    }

    fn spins(&self) -> u32 {
        0
    }
}

struct Semaphore<'w>(&'w SemaphoreWord);

impl Source for Semaphore<'_> {
    fn is_ready(&self) -> bool {
        self.0.permits() > 0
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        self.0.arm().map(|watch| net.word(watch)).is_none()
    }

    fn pass_on(&self) {
        self.0.pass_on();
    }
}

/// An event that who goes on clears.
struct Event<'w>(&'w EventWord);

impl Source for Event<'_> {
    fn is_ready(&self) -> bool {
        self.0.is_set()
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        self.0.arm_now().map(|watch| net.word(watch)).is_none()
    }

    fn pass_on(&self) {
        self.0.pass_on();
    }
}

/// What an event count tells of, once it was filled so often.
struct Told<'w>(&'w World, u32);

impl Source for Told<'_> {
    fn is_ready(&self) -> bool {
        self.0.full.load(Ordering::Relaxed) >= self.1
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        let watch = self.0.told.prepare();
        let ready = self.is_ready();
        if !ready {
            net.word(watch);
        }
        ready
    }
}

fn wait() -> Wait {
    Wait::new(Timeout::Forever, Manner { endable: true, ..Manner::default() })
}

fn spawn(world: &Arc<World>, f: impl FnOnce(&World) + 'static) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

fn for_two_semaphores(w: &World, direct: bool) {
    let both = [Semaphore(&w.semaphores[0]), Semaphore(&w.semaphores[1])];
    w.many(&[&both[0], &both[1]], Need::Any, direct).unwrap();
}

fn for_two_events(w: &World, direct: bool) {
    let both = [Event(&w.events[0]), Event(&w.events[1])];
    w.many(&[&both[0], &both[1]], Need::Any, direct).unwrap();
}

/// One waits for either of two semaphores and takes nothing, another one takes from the first.
fn beside_a_single_waiter_of_a_semaphore(direct: bool) {
    loom::model(move || {
        let world = World::new(0);
        let many = spawn(&world, move |w| for_two_semaphores(w, direct));
        let single = spawn(&world, |w| w.acquire(0));
        world.release(0);
        world.release(1);
        many.join().unwrap();
        single.join().unwrap();
        assert_eq!((world.semaphores[0].permits(), world.semaphores[1].permits()), (0, 1));
    });
}

#[test]
fn a_waiter_of_many_leaves_a_permit_to_who_waits_for_it_alone() {
    beside_a_single_waiter_of_a_semaphore(true);
}

#[test]
fn at_the_bell_a_waiter_of_many_leaves_a_permit_to_who_waits_for_it_alone() {
    beside_a_single_waiter_of_a_semaphore(false);
}

fn beside_a_single_waiter_of_an_event(direct: bool) {
    loom::model(move || {
        let world = World::new(0);
        let many = spawn(&world, move |w| for_two_events(w, direct));
        let single = spawn(&world, |w| w.consume(0));
        world.set(0);
        world.set(1);
        many.join().unwrap();
        single.join().unwrap();
        assert!(!world.events[0].is_set() && world.events[1].is_set());
    });
}

#[test]
fn a_waiter_of_many_leaves_a_set_to_who_waits_for_it_alone() {
    beside_a_single_waiter_of_an_event(true);
}

#[test]
fn at_the_bell_a_waiter_of_many_leaves_a_set_to_who_waits_for_it_alone() {
    beside_a_single_waiter_of_an_event(false);
}

/// One permit for two; the waiter of many is cancelled meanwhile, and may have been the one that was woken.
#[test]
fn a_waiter_of_many_that_is_cancelled_passes_on_the_wake_that_it_used_up() {
    loom::model(|| {
        let world = World::new(0);
        let token = Arc::new(EventWord::new());
        let many = spawn(&world, {
            let token = token.clone();
            #[allow(unsafe_code)]
            move |w| {
                // SAFETY: the scope keeps the Arc.
                let scope = unsafe { ends::enter(&token, token.clone()) }.unwrap();
                let one = Semaphore(&w.semaphores[0]);
                let _ = w.many(&[&one], Need::Any, true);
                assert!(ends::leave(scope));
            }
        });
        let single = spawn(&world, |w| w.acquire(0));
        world.release(0);
        token.set(u32::MAX, &());
        many.join().unwrap();
        single.join().unwrap();
    });
}

#[test]
fn at_the_bell_no_change_is_missed() {
    loom::model(|| {
        let world = World::new(0);
        let many = spawn(&world, |w| for_two_events(w, false));
        world.set(1);
        many.join().unwrap();
    });
}

#[test]
fn at_the_bell_no_change_is_missed_that_an_event_count_tells() {
    loom::model(|| {
        let world = World::new(0);
        let many = spawn(&world, |w| {
            let one = Event(&w.events[0]);
            w.many(&[&one, &Told(w, 1)], Need::Any, false).unwrap();
        });
        world.fill();
        many.join().unwrap();
    });
}

/// Somebody else is announced already when the waiter of many comes, and the change finds his announcement.
#[test]
fn at_the_bell_no_change_is_missed_where_another_one_was_announced() {
    loom::model(|| {
        let world = World::new(0);
        let _ = world.events[0].arm_now();
        let many = spawn(&world, |w| for_two_events(w, false));
        world.set(0);
        many.join().unwrap();
    });
}

#[test]
fn at_the_bell_two_waiters_of_many_are_both_woken() {
    loom::model(|| {
        let world = World::new(0);
        let waiters = [(); 2].map(|()| {
            spawn(&world, |w| {
                let one = Event(&w.events[0]);
                w.many(&[&one], Need::Any, false).unwrap();
            })
        });
        world.set(0);
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
    });
}

fn all_of_two(direct: bool) {
    loom::model(move || {
        let world = World::new(0);
        let many = spawn(&world, move |w| {
            let both = [Event(&w.events[0]), Event(&w.events[1])];
            assert_eq!(w.many(&[&both[0], &both[1]], Need::All, direct).unwrap(), [0, 1]);
        });
        let other = spawn(&world, |w| w.set(1));
        world.set(0);
        other.join().unwrap();
        many.join().unwrap();
    });
}

#[test]
fn who_waits_for_all_goes_on_when_the_last_is_ready() {
    all_of_two(true);
}

#[test]
fn at_the_bell_who_waits_for_all_goes_on_when_the_last_is_ready() {
    all_of_two(false);
}

/// The waiter of many is killed when woken, and the permit is there for the single one.
/// One waits for two semaphores, of which one has a permit for a while, and another one for that permit.
#[test]
fn who_waits_for_all_leaves_a_permit_to_who_waits_for_it_alone() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2); // without a bound it takes minutes; this many catch it
    model.check(|| {
        let world = World::new(0);
        let many = spawn(&world, |w| {
            let (permit, event) = (Semaphore(&w.semaphores[0]), Event(&w.events[0]));
            w.many(&[&permit, &event], Need::All, true).unwrap();
        });
        let single = spawn(&world, |w| w.acquire(0));
        world.release(0);
        single.join().unwrap();
        world.set(0);
        world.release(0);
        many.join().unwrap();
    });
}

#[test]
fn a_waiter_of_many_that_is_killed_when_woken_leaves_nobody_behind() {
    loom::model(|| {
        let world = World::new(2);
        let victim = spawn(&world, |w| {
            if doomed(Doom::Sleeping, || for_two_semaphores(w, true)).is_none() {
                exit(&w.alive[0]);
            }
        });
        let single = spawn(&world, |w| w.acquire(0));
        world.release(0);
        // The victim may not have been the one that was woken.
        world.semaphores[1].release(1, PERMITS, &world.bell).unwrap();
        victim.join().unwrap();
        single.join().unwrap();
    });
}

/// The single one is killed when woken, and the waiter of many hears of the permit.
#[test]
fn a_single_waiter_that_is_killed_when_woken_does_not_leave_the_waiter_of_many_behind() {
    loom::model(|| {
        let world = World::new(2);
        let victim = spawn(&world, |w| match doomed(Doom::Sleeping, || w.acquire(0)) {
            None => exit(&w.alive[0]),
            Some(()) => w.release(0),
        });
        let many = spawn(&world, |w| {
            let one = Semaphore(&w.semaphores[0]);
            w.many(&[&one], Need::Any, true).unwrap();
        });
        world.release(0);
        victim.join().unwrap();
        many.join().unwrap();
    });
}

/// What a dead one had in hand is there again when somebody clears up.
fn behind_the_dead(deaths: u32) {
    loom::model(move || {
        let world = World::new(deaths);
        let many = spawn(&world, move |w| {
            w.many(&[&Told(w, deaths)], Need::Any, true).unwrap();
        });
        for alive in &world.alive {
            exit(alive);
        }
        many.join().unwrap();
    });
}

#[test]
fn who_waits_for_many_clears_up_behind_who_dies() {
    behind_the_dead(1);
}

#[test]
fn who_waits_for_many_clears_up_behind_each_who_dies() {
    behind_the_dead(2);
}

/// The bell rings for who is announced there, and for nobody else it costs a look.
#[test]
fn a_bell_without_a_waiter_is_silent() {
    loom::model(|| {
        let world = World::new(0);
        let other = spawn(&world, |w| w.bell.ring());
        world.bell.ring();
        other.join().unwrap();
    });
}
