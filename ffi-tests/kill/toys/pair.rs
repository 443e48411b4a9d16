//! A broken twin: two words that must agree are written one after the other, with no intent before.

use std::sync::atomic::Ordering::SeqCst;

use super::words::Words;
use crate::operation::{ALL, Mode, Operation, Point};
use crate::stage::Stage;

pub(crate) struct BrokenPair;

impl Operation for BrokenPair {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy pair, torn"
    }

    fn modes(&self) -> &'static [Mode] {
        ALL
    }

    fn flaw(&self) -> Option<&'static str> {
        Some("torn")
    }

    fn setup(&self, _: &mut Stage) -> Words {
        Words::new()
    }

    fn prepare(&self, _: &Words) {}

    fn act(&self, words: &Words, (): &mut ()) {
        words.word(0).fetch_add(1, SeqCst);
        words.word(1).fetch_add(1, SeqCst);
    }

    fn check(&self, words: &mut Words, _: &mut Stage, _: &Point) -> Result<(), String> {
        let (left, right) = (words.word(0).load(SeqCst), words.word(1).load(SeqCst));
        if left == right { Ok(()) } else { Err(format!("torn: {left} and {right}")) }
    }
}
