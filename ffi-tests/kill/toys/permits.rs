//! A broken twin of the permits: a collector without a commit. It makes what it has collected its own cell by cell, so
//! that its thread may die with one of two.

use std::sync::atomic::Ordering::SeqCst;

use super::words::Words;
use crate::operation::{Mode, Operation, Point};
use crate::stage::Stage;

const CELLS: [usize; 2] = [1, 2];
const OWNED: u64 = 1;
const COLLECTING: u64 = 2;

pub(crate) struct NoCommit;

/// What is done for a dead collector: what it was still collecting goes back.
fn settle(words: &Words) {
    for cell in CELLS {
        let _ = words.word(cell).compare_exchange(COLLECTING | OWNED, 0, SeqCst, SeqCst);
    }
}

impl Operation for NoCommit {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy permits, collected without a commit"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Exit]
    }

    fn flaw(&self) -> Option<&'static str> {
        Some("half")
    }

    fn setup(&self, _: &mut Stage) -> Words {
        Words::new()
    }

    fn prepare(&self, _: &Words) {}

    fn act(&self, words: &Words, (): &mut ()) {
        for cell in CELLS {
            words.word(cell).compare_exchange(0, COLLECTING | OWNED, SeqCst, SeqCst).unwrap();
        }
        for cell in CELLS {
            words.word(cell).fetch_and(!COLLECTING, SeqCst);
        }
    }

    fn check(&self, words: &mut Words, _: &mut Stage, _: &Point) -> Result<(), String> {
        settle(words);
        match CELLS.map(|cell| words.word(cell).load(SeqCst)) {
            [OWNED, OWNED] | [0, 0] => Ok(()),
            cells => Err(format!("half of what was wanted: {cells:?}")),
        }
    }
}
