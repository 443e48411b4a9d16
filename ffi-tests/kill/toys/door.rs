//! A door: who comes sleeps until it is opened, then passes and is counted.

use std::sync::atomic::Ordering::SeqCst;

use super::words::Words;
use crate::operation::{Moment, Operation, Point};
use crate::sheet::{sleep, wake};
use crate::stage::Stage;

pub(crate) struct Door;

impl Operation for Door {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy door"
    }

    fn sleeps(&self) -> bool {
        true
    }

    fn setup(&self, _: &mut Stage) -> Words {
        Words::new()
    }

    fn prepare(&self, _: &Words) {}

    fn act(&self, words: &Words, (): &mut ()) {
        while words.futex(0).load(SeqCst) == 0 {
            sleep(words.futex(0), 0, None);
        }
        words.word(0).fetch_add(1, SeqCst);
    }

    fn release(&self, words: &mut Words, _: &mut Stage) {
        words.futex(0).store(1, SeqCst);
        wake(words.futex(0));
    }

    fn check(&self, words: &mut Words, _: &mut Stage, point: &Point) -> Result<(), String> {
        let passed = words.word(0).load(SeqCst);
        let done = point.last || point.moment == Moment::Finished;
        let open = point.released || point.moment == Moment::Finished;
        match passed {
            0 if !done => Ok(()),
            1 if open => Ok(()),
            _ => Err(format!("{passed} have passed; the door was opened: {open}")),
        }
    }
}
