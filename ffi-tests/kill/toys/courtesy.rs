//! A broken twin that only a pair shows: two who come to a door at once both give way, and nobody goes through. Beside one
//! who does all of it at a time, whoever stands still anywhere, one does.

use std::sync::atomic::Ordering::SeqCst;

use super::words::Words;
use crate::operation::{Mode, Moment, Operation, Point, Points};
use crate::other::{Fate, Pair};
use crate::stage::Stage;

/// Whether one of them wants to go through, and behind that whether it has.
const THROUGH: usize = 2;

pub(crate) struct GivesWay {
    who: usize,
    /// Whether the other one is halfway too, and not the survivor, who does all of it.
    halfway: bool,
}

/// Both may be halfway.
pub(crate) fn pair() -> Pair<GivesWay, GivesWay> {
    let of = |who| GivesWay { who, halfway: true };
    Pair::new("toy door, two who give way", of(0), of(1), Fate::GoesOn, &[Mode::Stop])
}

/// One is.
pub(crate) fn alone() -> GivesWay {
    GivesWay { who: 0, halfway: false }
}

impl GivesWay {
    fn go_through(words: &Words, who: usize) {
        words.word(who).store(1, SeqCst);
        let other = words.word(1 - who).load(SeqCst);
        words.word(THROUGH + who).store(1 - other, SeqCst);
        words.word(who).store(0, SeqCst);
    }
}

impl Operation for GivesWay {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy door, one who gives way"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Stop]
    }

    fn points(&self) -> Points {
        Points::Accesses
    }

    fn flaw(&self) -> Option<&'static str> {
        self.halfway.then_some("nobody")
    }

    fn setup(&self, _: &mut Stage) -> Words {
        Words::new()
    }

    fn prepare(&self, _: &Words) {}

    fn act(&self, words: &Words, (): &mut ()) {
        GivesWay::go_through(words, self.who);
    }

    fn check(&self, words: &mut Words, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            if !self.halfway {
                GivesWay::go_through(words, 1);
            }
            return Ok(());
        }
        let through: u64 = (0..2).map(|who| words.word(THROUGH + who).load(SeqCst)).sum();
        if through == 0 { Err("nobody went through".into()) } else { Ok(()) }
    }
}
