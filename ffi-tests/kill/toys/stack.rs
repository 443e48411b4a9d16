//! A broken twin of the stack: it counts the message before it writes it, so that who dies in between leaves one that nobody
//! has written.

use std::sync::atomic::Ordering::SeqCst;

use super::words::Words;
use crate::operation::{Mode, Operation, Point};
use crate::stage::Stage;

const TOP: usize = 0;
const CELL: usize = 1;
const MESSAGE: u64 = 42;

pub(crate) struct EarlyTop;

impl Operation for EarlyTop {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy stack, counted before it is written"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Exit]
    }

    fn flaw(&self) -> Option<&'static str> {
        Some("nobody has written")
    }

    fn setup(&self, _: &mut Stage) -> Words {
        Words::new()
    }

    fn prepare(&self, _: &Words) {}

    fn act(&self, words: &Words, (): &mut ()) {
        words.word(TOP).store(1, SeqCst);
        words.word(CELL).store(MESSAGE, SeqCst);
    }

    fn check(&self, words: &mut Words, _: &mut Stage, _: &Point) -> Result<(), String> {
        match [TOP, CELL].map(|word| words.word(word).load(SeqCst)) {
            [0, _] | [1, MESSAGE] => Ok(()),
            words => Err(format!("a message that nobody has written: {words:?}")),
        }
    }
}
