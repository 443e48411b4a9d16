//! A broken twin of the ring: it says that a record is there before the record's bytes are.

use std::sync::atomic::Ordering::SeqCst;

use super::words::Words;
use crate::operation::{ALL, Mode, Operation, Point};
use crate::stage::Stage;

const TAIL: usize = 0;
const BYTES: [usize; 2] = [1, 2];
const RECORD: u64 = 0x5ca1_ab1e;

pub(crate) struct EarlyTail;

impl Operation for EarlyTail {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy ring, published before it is written"
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
        words.word(TAIL).store(1, SeqCst);
        for at in BYTES {
            words.word(at).store(RECORD, SeqCst);
        }
    }

    fn check(&self, words: &mut Words, _: &mut Stage, _: &Point) -> Result<(), String> {
        let bytes = BYTES.map(|at| words.word(at).load(SeqCst));
        if words.word(TAIL).load(SeqCst) == 0 || bytes == [RECORD; 2] {
            return Ok(());
        }
        Err(format!("a torn record: {bytes:x?}"))
    }
}
