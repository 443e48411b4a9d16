//! A counter that survives: the new count is written aside, and one word commits it.

use std::sync::atomic::Ordering::SeqCst;

use super::words::Words;
use crate::operation::{Moment, Operation, Point};
use crate::stage::Stage;

/// Word 0 says which of the words 1 and 2 holds the count.
pub(crate) struct Counter;

const BEFORE: u64 = 41;

fn count(words: &Words) -> u64 {
    words.word(1 + words.word(0).load(SeqCst) as usize).load(SeqCst)
}

impl Operation for Counter {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy counter"
    }

    fn setup(&self, _: &mut Stage) -> Words {
        let words = Words::new();
        words.word(1).store(BEFORE, SeqCst);
        words
    }

    fn prepare(&self, _: &Words) {}

    fn act(&self, words: &Words, (): &mut ()) {
        let other = 1 - words.word(0).load(SeqCst);
        words.word(1 + other as usize).store(count(words) + 1, SeqCst);
        words.word(0).store(other, SeqCst);
    }

    fn finish(&self, words: &Words, (): &mut ()) -> Result<(), String> {
        if count(words) == BEFORE + 1 { Ok(()) } else { Err("its own step is missing".into()) }
    }

    fn check(&self, words: &mut Words, _: &mut Stage, point: &Point) -> Result<(), String> {
        let done = point.last || point.moment == Moment::Finished;
        match count(words) - BEFORE {
            0 if point.position.number == 0 || !done => Ok(()),
            1 if point.position.number > 0 || done => Ok(()),
            steps => Err(format!("counted {steps} steps")),
        }
    }
}
