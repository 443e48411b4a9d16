//! A waiter of many that keeps the wake: it looks whether there is something, and leaves without waking the next. Who sleeps
//! for the one thing alone sleeps on beside it.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use super::words::Words;
use crate::operation::{Mode, Operation, Point};
use crate::sheet::{sleep, wake_one};
use crate::stage::{RoleId, Stage};

const LIMIT: Duration = Duration::from_millis(200);

/// Releases for two sleepers, one of which takes nothing.
pub(crate) struct KeptWake;

/// The permits, and the one who waits for one.
pub(crate) struct World {
    words: Words,
    sleeper: RoleId,
}

impl Operation for KeptWake {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy waiter of many that keeps the wake"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill]
    }

    fn flaw(&self) -> Option<&'static str> {
        Some("the sleeper waited beyond")
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let words = Words::new();
        let many = stage.role("waiter of many", |part| {
            part.waiting();
            while words.futex(0).load(SeqCst) == 0 {
                sleep(words.futex(0), 0, None);
            }
            Ok(())
        });
        stage.part(many).until_asleep(); // first, so that it is the one that is woken
        let sleeper = stage.role("sleeper", |part| {
            part.waiting();
            while words.futex(0).load(SeqCst) == 0 {
                sleep(words.futex(0), 0, None);
            }
            words.futex(0).fetch_sub(1, SeqCst);
            Ok(())
        });
        stage.part(sleeper).until_asleep();
        World { words, sleeper }
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.words.futex(0).fetch_add(1, SeqCst);
        wake_one(world.words.futex(0));
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        let released = point.last || world.words.futex(0).load(SeqCst) > 0;
        if released { stage.finish(world.sleeper, LIMIT).map(drop) } else { Ok(()) }
    }
}
