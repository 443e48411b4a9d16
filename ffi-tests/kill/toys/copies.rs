//! A broken twin of a struct in two copies: its writer writes the copy that is the value.

use std::sync::atomic::Ordering::SeqCst;

use super::words::Words;
use crate::operation::{ALL, Mode, Operation, Point};
use crate::stage::Stage;

const VERSION: usize = 0;
const COPIES: [[usize; 2]; 2] = [[1, 2], [3, 4]];
const NEW: u64 = 0xc0_11ec;

pub(crate) struct SameCopy;

fn copy(version: u64) -> [usize; 2] {
    COPIES[(version & 1) as usize]
}

impl Operation for SameCopy {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy struct, written where it is read"
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
        let version = words.word(VERSION).load(SeqCst);
        for at in copy(version) {
            words.word(at).store(NEW, SeqCst);
        }
        for at in copy(version + 1) {
            words.word(at).store(NEW, SeqCst);
        }
        words.word(VERSION).store(version + 1, SeqCst);
    }

    fn check(&self, words: &mut Words, _: &mut Stage, _: &Point) -> Result<(), String> {
        let value = copy(words.word(VERSION).load(SeqCst)).map(|at| words.word(at).load(SeqCst));
        if value[0] == value[1] { Ok(()) } else { Err(format!("a torn value: {value:x?}")) }
    }
}
