//! A semaphore whose sleepers trust the wake: they sleep without slices and listen to nobody. Who falls between adding a
//! permit and waking, or between the wake and the taking, leaves the others asleep beside a permit.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use super::words::Words;
use crate::operation::{Mode, Operation, Point};
use crate::sheet::{sleep, wake};
use crate::stage::{RoleId, Stage};

const LIMIT: Duration = Duration::from_millis(200);

/// Releases for a sleeper.
pub(crate) struct BrokenSemaphore;

/// The permits, and the one who waits for one.
pub(crate) struct World {
    words: Words,
    sleeper: RoleId,
}

fn acquire(permits: &AtomicU32) {
    loop {
        match permits.load(SeqCst) {
            0 => sleep(permits, 0, None),
            n if permits.compare_exchange(n, n - 1, SeqCst, SeqCst).is_ok() => return,
            _ => {}
        }
    }
}

impl Operation for BrokenSemaphore {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy semaphore whose sleepers trust the wake"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Exit]
    }

    fn flaw(&self) -> Option<&'static str> {
        Some("the sleeper waited beyond")
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let words = Words::new();
        let sleeper = stage.role("sleeper", |part| {
            part.waiting();
            acquire(words.futex(0));
            Ok(())
        });
        stage.part(sleeper).until_asleep();
        World { words, sleeper }
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.words.futex(0).fetch_add(1, SeqCst);
        wake(world.words.futex(0));
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        let released = point.last || world.words.futex(0).load(SeqCst) > 0;
        if released { stage.finish(world.sleeper, LIMIT).map(drop) } else { Ok(()) }
    }
}
