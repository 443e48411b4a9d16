//! A door: who comes sleeps until it is opened, then passes and is counted.

use std::sync::atomic::Ordering::SeqCst;

use super::words::Words;
use crate::operation::{Moment, Operation, Point};
use crate::sheet::{sleep, wake};
use crate::stage::{RoleId, Stage};

pub(crate) struct Door;

/// The door, and the one who opens it when told.
pub(crate) struct World {
    words: Words,
    opener: RoleId,
}

impl Operation for Door {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy door"
    }

    fn sleeps(&self) -> bool {
        true
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let words = Words::new();
        let opener = stage.role("opener", |part| {
            part.until_told();
            words.futex(0).store(1, SeqCst);
            wake(words.futex(0));
            Ok(())
        });
        World { words, opener }
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        while world.words.futex(0).load(SeqCst) == 0 {
            sleep(world.words.futex(0), 0, None);
        }
        world.words.word(0).fetch_add(1, SeqCst);
    }

    fn release(&self, world: &mut World, stage: &mut Stage) {
        stage.part(world.opener).tell();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let passed = world.words.word(0).load(SeqCst);
        let done = point.last || point.moment == Moment::Finished;
        let open = point.released || point.moment == Moment::Finished;
        match passed {
            0 if !done => Ok(()),
            1 if open => Ok(()),
            _ => Err(format!("{passed} have passed; the door was opened: {open}")),
        }
    }
}
