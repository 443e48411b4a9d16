//! A broken twin of the queue: a message is claimed by counting, so that nobody knows who has it.

use std::sync::atomic::Ordering::SeqCst;

use super::words::Words;
use crate::operation::{Mode, Moment, Operation, Point};
use crate::stage::Stage;

const HEAD: usize = 0;
const MESSAGE: usize = 1;
const DELIVERED: usize = 2;

pub(crate) struct ClaimedByCounting;

impl Operation for ClaimedByCounting {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy queue, claimed by counting"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Exit]
    }

    fn flaw(&self) -> Option<&'static str> {
        Some("lost")
    }

    fn setup(&self, _: &mut Stage) -> Words {
        let words = Words::new();
        words.word(MESSAGE).store(0x1e77e2, SeqCst);
        words
    }

    fn prepare(&self, _: &Words) {}

    fn act(&self, words: &Words, (): &mut ()) {
        if words.word(HEAD).fetch_add(1, SeqCst) == 0 {
            let message = words.word(MESSAGE).load(SeqCst);
            words.word(DELIVERED).store(message, SeqCst);
        }
    }

    fn check(&self, words: &mut Words, _: &mut Stage, point: &Point) -> Result<(), String> {
        let claimed = words.word(HEAD).load(SeqCst) > 0;
        let delivered = words.word(DELIVERED).load(SeqCst) != 0;
        // The living may be waited for, the dead not.
        if claimed && !delivered && point.moment != Moment::Stopped {
            return Err("a lost message: it is claimed, and the words do not say by whom".into());
        }
        Ok(())
    }
}
