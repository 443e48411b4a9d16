//! A broken twin of the lock of readers and writers: readers that count themselves. Nobody knows whose the count is, so
//! that a reader's death keeps writers out for ever.

use std::sync::atomic::Ordering::SeqCst;

use super::words::Words;
use crate::operation::{Mode, Operation, Point};
use crate::stage::Stage;

const READERS: usize = 1;
const SEEN: usize = 2;

pub(crate) struct CountedReaders;

impl Operation for CountedReaders {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy rwlock, with readers that count themselves"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Exit]
    }

    fn flaw(&self) -> Option<&'static str> {
        Some("kept out")
    }

    fn setup(&self, _: &mut Stage) -> Words {
        Words::new()
    }

    fn prepare(&self, _: &Words) {}

    fn act(&self, words: &Words, (): &mut ()) {
        words.word(READERS).fetch_add(1, SeqCst);
        words.word(SEEN).store(1, SeqCst);
        words.word(READERS).fetch_sub(1, SeqCst);
    }

    fn check(&self, words: &mut Words, _: &mut Stage, _: &Point) -> Result<(), String> {
        match words.word(READERS).load(SeqCst) {
            0 => Ok(()),
            n => Err(format!("writers are kept out by {n} who are dead")),
        }
    }
}
