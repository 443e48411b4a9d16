//! A bell: one rings, one waits for it in slices. If the ringer falls between the word and the wake, a slice ends it.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use super::words::Words;
use crate::operation::{Moment, Operation, Point};
use crate::sheet::{sleep, wake};
use crate::stage::{RoleId, Stage};

const SLICE: Duration = Duration::from_millis(50);
const LIMIT: Duration = Duration::from_millis(50 + 500);

pub(crate) struct Bell;

/// The word, and the one who waits.
pub(crate) struct World {
    words: Words,
    waiter: RoleId,
}

impl Operation for Bell {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy bell"
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let words = Words::new();
        let waiter = stage.role("waiter", |part| {
            part.waiting();
            while words.futex(0).load(SeqCst) == 0 {
                sleep(words.futex(0), 0, Some(SLICE));
            }
            Ok(())
        });
        stage.part(waiter).until_asleep();
        World { words, waiter }
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.words.futex(0).store(1, SeqCst);
        wake(world.words.futex(0));
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        let rung = world.words.futex(0).load(SeqCst) == 1;
        if !rung && (point.last || point.moment == Moment::Finished) {
            return Err("the bell was never rung".into());
        }
        if rung { stage.finish(world.waiter, LIMIT).map(drop) } else { Ok(()) }
    }
}
