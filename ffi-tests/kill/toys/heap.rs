//! A broken twin of the heap: the index is the truth, and nobody builds it anew. Who dies while he moves a message up leaves
//! one message in two places, and another in none.

use std::sync::atomic::Ordering::SeqCst;

use super::words::Words;
use crate::operation::{Mode, Operation, Point};
use crate::stage::Stage;

const COUNT: usize = 0;
const HEAP: [usize; 2] = [1, 2];

/// It has the message 5, and 3 is put.
pub(crate) struct IndexIsTruth;

impl Operation for IndexIsTruth {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy heap whose index is the truth"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Exit]
    }

    fn flaw(&self) -> Option<&'static str> {
        Some("twice")
    }

    fn setup(&self, _: &mut Stage) -> Words {
        let words = Words::new();
        words.word(HEAP[0]).store(5, SeqCst);
        words.word(COUNT).store(1, SeqCst);
        words
    }

    fn prepare(&self, _: &Words) {}

    fn act(&self, words: &Words, (): &mut ()) {
        words.word(HEAP[1]).store(3, SeqCst);
        words.word(COUNT).store(2, SeqCst);
        let above = words.word(HEAP[0]).load(SeqCst);
        words.word(HEAP[1]).store(above, SeqCst);
        words.word(HEAP[0]).store(3, SeqCst);
    }

    fn check(&self, words: &mut Words, _: &mut Stage, _: &Point) -> Result<(), String> {
        let heap = HEAP.map(|place| words.word(place).load(SeqCst));
        match (words.word(COUNT).load(SeqCst), heap) {
            (1, [5, _]) | (2, [3, 5] | [5, 3]) => Ok(()),
            (2, [5, 5]) => Err("a message twice, and another lost".to_owned()),
            other => Err(format!("{other:?}")),
        }
    }
}
