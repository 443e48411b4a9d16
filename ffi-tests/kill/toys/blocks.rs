//! A broken twin of the blocks: a claimer that gives the cell back before it claims. Between the two nobody names the
//! block, and its word has the giver's token, who lives: it is lost.

use std::sync::atomic::Ordering::SeqCst;

use super::words::Words;
use crate::operation::{Mode, Operation, Point};
use crate::stage::Stage;

/// Who the block's word names.
const BLOCK: usize = 1;
/// Whether the queue's cell names the block.
const CELL: usize = 2;
const GIVER: u64 = 1;
const CLAIMER: u64 = 2;
const FULL: u64 = 1;

pub(crate) struct CellBeforeBlock;

/// What is done for a dead claimer: the cell, if it names the block still, is the next one's; what he owned is freed.
fn repair(words: &Words) {
    if words.word(CELL).swap(0, SeqCst) == FULL {
        words.word(BLOCK).store(CLAIMER, SeqCst);
    }
    let _ = words.word(BLOCK).compare_exchange(CLAIMER, 0, SeqCst, SeqCst);
}

impl Operation for CellBeforeBlock {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy blocks, claimed behind the cell's back"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill]
    }

    fn flaw(&self) -> Option<&'static str> {
        Some("lost")
    }

    fn setup(&self, _: &mut Stage) -> Words {
        let words = Words::new();
        words.word(BLOCK).store(GIVER, SeqCst);
        words.word(CELL).store(FULL, SeqCst);
        words
    }

    fn prepare(&self, _: &Words) {}

    fn act(&self, words: &Words, (): &mut ()) {
        words.word(CELL).store(0, SeqCst);
        words.word(BLOCK).compare_exchange(GIVER, CLAIMER, SeqCst, SeqCst).unwrap();
    }

    fn check(&self, words: &mut Words, _: &mut Stage, _: &Point) -> Result<(), String> {
        repair(words);
        match words.word(BLOCK).load(SeqCst) {
            0 => Ok(()),
            owner => Err(format!("a block is lost: {owner} is in its word, and nobody has it")),
        }
    }
}
