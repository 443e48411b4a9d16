//! A barrier that counts: who arrives adds one to a counter, and the last sets it back and says go on. Who dies in between
//! has arrived for ever, and nobody knows who it was: the others go on without it, or wait for it.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use super::words::Words;
use crate::operation::{Mode, Operation, Point};
use crate::sheet::{sleep, wake};
use crate::stage::{RoleId, Stage};

const LIMIT: Duration = Duration::from_millis(200);

/// For two parties: the victim, who is the last, and one who waits.
pub(crate) struct Counted;

/// Word 0: the trip. Word 1: how many have arrived.
pub(crate) struct World {
    words: Words,
    first: RoleId,
}

impl Operation for Counted {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy barrier that counts its parties"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Exit]
    }

    fn flaw(&self) -> Option<&'static str> {
        Some("the first waiter waited beyond")
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let words = Words::new();
        let first = stage.role("first waiter", |part| {
            words.futex(1).fetch_add(1, SeqCst);
            part.waiting();
            while words.futex(0).load(SeqCst) == 0 {
                sleep(words.futex(0), 0, None);
            }
            Ok(())
        });
        stage.part(first).until_asleep();
        World { words, first }
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        if world.words.futex(1).fetch_add(1, SeqCst) == 1 {
            world.words.futex(1).store(0, SeqCst);
            world.words.futex(0).store(1, SeqCst);
            wake(world.words.futex(0));
        }
    }

    fn check(&self, world: &mut World, stage: &mut Stage, _: &Point) -> Result<(), String> {
        // A survivor comes in the dead one's place, if that has not arrived.
        if world.words.futex(0).load(SeqCst) == 0 && world.words.futex(1).fetch_add(1, SeqCst) == 1 {
            world.words.futex(0).store(1, SeqCst);
        }
        wake(world.words.futex(0));
        stage.finish(world.first, LIMIT).map(drop)
    }
}
