//! A condition whose notification is nobody's once it is taken: the notified one takes it off the heap first and does
//! what it is for afterwards. Who dies in between takes it along, and the next waiter sleeps on.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use super::words::Words;
use crate::operation::{Mode, Operation, Point};
use crate::sheet::{sleep, wake};
use crate::stage::{RoleId, Stage};

const LIMIT: Duration = Duration::from_millis(200);

/// One notification, and two for whom it may be.
pub(crate) struct LostNotification;

/// Word 0: notifications that nobody has taken. Word 1: whether the victim has done what it was notified for.
pub(crate) struct World {
    words: Words,
    next: RoleId,
}

impl Operation for LostNotification {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy condition whose notification dies with who took it"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Exit]
    }

    fn flaw(&self) -> Option<&'static str> {
        Some("the next waiter waited beyond")
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let words = Words::new();
        let next = stage.role("next waiter", |part| {
            part.waiting();
            while words.futex(0).compare_exchange(1, 0, SeqCst, SeqCst).is_err() {
                sleep(words.futex(0), 0, None);
            }
            Ok(())
        });
        stage.part(next).until_asleep();
        words.futex(0).store(1, SeqCst); // for one of both, and the victim is awake
        World { words, next }
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        if world.words.futex(0).compare_exchange(1, 0, SeqCst, SeqCst).is_ok() {
            world.words.futex(1).store(1, SeqCst);
        }
    }

    fn check(&self, world: &mut World, stage: &mut Stage, _: &Point) -> Result<(), String> {
        if world.words.futex(1).load(SeqCst) == 1 {
            return Ok(());
        }
        wake(world.words.futex(0));
        stage.finish(world.next, LIMIT).map(drop)
    }
}
