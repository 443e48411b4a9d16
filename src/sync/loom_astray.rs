//! Models of what has gone astray. Each name is the sentence it checks.

use super::astray::Astray;
use crate::shim::{AtomicU32, Ordering};
use loom::sync::Arc;
use loom::thread;

/// A task, and the queue that its number goes through.
struct World {
    astray: Astray,
    waits: AtomicU32,
    number: AtomicU32,
}

impl World {
    fn new() -> Arc<World> {
        Arc::new(World { astray: Astray::new(), waits: AtomicU32::new(0), number: AtomicU32::new(0) })
    }

    /// Takes the task if it waits. Relaxed: whatever has led here carries it.
    fn start(&self) -> bool {
        let waits = self.waits.load(Ordering::Relaxed) == 1;
        waits && self.waits.compare_exchange(1, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// A worker with no number looks everywhere, if need be. Tells whether it has found the task.
    fn look(&self) -> bool {
        let Some(said) = self.astray.said() else { return false };
        let found = self.start();
        if !found {
            self.astray.lower(said);
        }
        found
    }

    fn take(&self) -> bool {
        self.number.swap(0, Ordering::Acquire) == 1
    }
}

fn spawn<R: 'static>(world: &Arc<World>, f: impl FnOnce(&World) -> R + 'static) -> thread::JoinHandle<R> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

/// It was raised before, for something else.
#[test]
fn what_has_gone_astray_is_found() {
    loom::model(|| {
        let world = World::new();
        world.astray.raise();
        let worker = spawn(&world, World::look);
        world.waits.store(1, Ordering::Relaxed);
        world.astray.raise();
        assert!(worker.join().unwrap() || world.look());
    });
}

/// Two say so, of the same task, and two look.
#[test]
fn who_looks_in_vain_hides_nothing_from_others() {
    loom::model(|| {
        let world = World::new();
        world.astray.raise();
        let workers = [(); 2].map(|()| spawn(&world, World::look));
        world.waits.store(1, Ordering::Relaxed);
        world.astray.raise();
        let found = workers.map(|worker| worker.join().unwrap());
        assert_eq!(u32::from(found[0]) + u32::from(found[1]) + u32::from(world.look()), 1);
    });
}

/// The taker dies with the number, if it gets it; whoever sweeps has seen it dead.
#[test]
fn a_number_that_dies_with_its_taker_is_missed() {
    loom::model(|| {
        let world = World::new();
        world.astray.raise();
        let taker = spawn(&world, |w| {
            w.take();
            w.astray.raise();
        });
        let worker = spawn(&world, |w| w.take() && w.start() || w.look());
        world.waits.store(1, Ordering::Relaxed);
        world.number.swap(1, Ordering::Release);
        let found = worker.join().unwrap();
        taker.join().unwrap();
        assert!(found || world.take() && world.start() || world.look());
    });
}
