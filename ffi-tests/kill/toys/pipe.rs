//! A broken twin of a pipe's end: who leaves it clears his cell before he writes down that he has left.

use std::sync::atomic::Ordering::SeqCst;

use super::words::Words;
use crate::operation::{Mode, Operation, Point};
use crate::stage::Stage;

const CELL: usize = 0;
const LAST: usize = 1;
const ME: u64 = 0x2000_0001;

pub(crate) struct SilentLeave;

impl Operation for SilentLeave {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy pipe end, left before that is written down"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill]
    }

    fn flaw(&self) -> Option<&'static str> {
        Some("waits for ever")
    }

    fn setup(&self, _: &mut Stage) -> Words {
        let words = Words::new();
        words.word(CELL).store(ME, SeqCst);
        words
    }

    fn prepare(&self, _: &Words) {}

    fn act(&self, words: &Words, (): &mut ()) {
        words.word(CELL).store(0, SeqCst);
        words.word(LAST).store(ME, SeqCst);
    }

    fn check(&self, words: &mut Words, _: &mut Stage, _: &Point) -> Result<(), String> {
        // Nobody to bury, and nobody has ever left: the end looks like one that nobody has taken yet.
        if words.word(CELL).load(SeqCst) == 0 && words.word(LAST).load(SeqCst) == 0 {
            return Err("a receiver waits for ever for somebody to come".to_owned());
        }
        Ok(())
    }
}
