//! Models of being told that a thing is ready. Each name is the sentence it checks.
//!
//! Nothing times out here, so that whatever only the slice would mend shows as a deadlock.

use super::asked::Asked;
use super::bell::Bell;
use super::event::EventWord;
use super::event_count::EventCount;
use super::many::{Net, Source};
use crate::shim::{AtomicU32, Ordering, sleep};
use loom::sync::Arc;
use loom::thread;

struct World {
    asked: Asked,
    event: EventWord,
    /// A thing that is ready when `full`, and is told by an event count.
    full: AtomicU32,
    data: EventCount,
    bell: EventCount,
    answers: AtomicU32,
}

/// The event of a world.
struct Event<'w>(&'w World);

impl Source for Event<'_> {
    fn is_ready(&self) -> bool {
        self.0.event.is_set()
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        self.0.event.arm_now().map(|watch| net.word(watch)).is_none()
    }
}

/// What an event count tells of.
struct Full<'w>(&'w World);

impl Source for Full<'_> {
    fn is_ready(&self) -> bool {
        self.0.full.load(Ordering::Relaxed) != 0
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        let watch = self.0.data.prepare();
        let ready = self.is_ready();
        if !ready {
            net.word(watch);
        }
        ready
    }
}

impl World {
    fn new() -> Arc<World> {
        Arc::new(World {
            asked: Asked::new(),
            event: EventWord::new(),
            full: AtomicU32::new(0),
            data: EventCount::new(),
            bell: EventCount::new(),
            answers: AtomicU32::new(0),
        })
    }

    fn fill(&self) {
        self.full.store(1, Ordering::Relaxed);
        self.data.notify(&self.bell);
    }

    fn answered(&self) -> u32 {
        self.answers.load(Ordering::SeqCst)
    }

    /// Who has asked finds the thing ready, or will be told.
    fn ask(&self, source: &dyn Source) {
        if self.asked.ask(source, &mut Net::default()) {
            self.answers.fetch_add(1, Ordering::SeqCst);
            self.bell.ring(); // only so that the model's teller ends
        }
    }

    /// The thread that tells, until `count` answers were given.
    fn tell(&self, source: &dyn Source, count: u32) {
        loop {
            let rung = self.bell.prepare();
            if self.asked.look(source, &mut Net::default()) {
                self.answers.fetch_add(1, Ordering::SeqCst);
            }
            if self.answered() >= count {
                return;
            }
            sleep(&[rung], None);
        }
    }
}

fn spawn(world: &Arc<World>, f: impl FnOnce(&World) + 'static) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

#[test]
fn who_asks_while_a_thing_changes_is_told() {
    loom::model(|| {
        let world = World::new();
        let teller = spawn(&world, |w| w.tell(&Full(w), 1));
        let changer = spawn(&world, World::fill);
        world.ask(&Full(&world));
        teller.join().unwrap();
        changer.join().unwrap();
        assert_eq!(world.answered(), 1, "one asking, one answer");
    });
}

/// One asks for the event while another one sets it.
fn ask_while_it_is_set(world: &Arc<World>) {
    let teller = spawn(world, |w| w.tell(&Event(w), 1));
    let changer = spawn(world, |w| drop(w.event.set(u32::MAX, &w.bell)));
    world.ask(&Event(world));
    teller.join().unwrap();
    changer.join().unwrap();
    assert_eq!(world.answered(), 1, "one asking, one answer");
}

/// The announcement of who asks writes nothing.
#[test]
fn who_asks_where_another_one_was_announced_is_told() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2); // without a bound it takes minutes
    model.check(|| {
        let world = World::new();
        let _ = world.event.arm_now();
        ask_while_it_is_set(&world);
    });
}

#[test]
fn who_asks_while_an_event_is_set_is_told() {
    loom::model(|| ask_while_it_is_set(&World::new()));
}

/// He takes what he is told of, asks again, and is told of what comes then.
#[test]
fn who_asks_again_is_told_again() {
    loom::model(|| {
        let world = World::new();
        world.event.set(u32::MAX, &world.bell);
        world.ask(&Event(&world));
        assert_eq!(world.answered(), 1);
        assert!(world.event.clear());
        let teller = spawn(&world, |w| w.tell(&Event(w), 2));
        let changer = spawn(&world, |w| drop(w.event.set(u32::MAX, &w.bell)));
        world.ask(&Event(&world));
        teller.join().unwrap();
        changer.join().unwrap();
        assert_eq!(world.answered(), 2);
    });
}
