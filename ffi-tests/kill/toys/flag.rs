//! A flag that bears a thread's number; the proof of death is that the process has no such thread any more.

use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;

use super::words::Words;
use crate::operation::{Mode, Moment, Operation, Point};
use crate::stage::Stage;

pub(crate) struct Flag;

/// Gives the flag back if its thread is gone; answers whether somebody alive holds it.
fn repair(words: &Words, process: i32) -> bool {
    let owner = words.word(0).load(SeqCst);
    if owner == 0 {
        return false;
    }
    if Path::new(&format!("/proc/{process}/task/{owner}")).exists() {
        return true;
    }
    words.word(0).compare_exchange(owner, 0, SeqCst, SeqCst).is_err()
}

impl Operation for Flag {
    type World = Words;
    type Actor = u64;

    fn name(&self) -> &'static str {
        "toy flag of a thread"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Exit]
    }

    fn setup(&self, _: &mut Stage) -> Words {
        Words::new()
    }

    fn prepare(&self, _: &Words) -> u64 {
        // SAFETY: gettid has no arguments.
        unsafe { libc::gettid() as u64 }
    }

    fn act(&self, words: &Words, me: &mut u64) {
        words.word(0).store(*me, SeqCst);
        words.word(1).fetch_add(1, SeqCst);
        words.word(0).store(0, SeqCst);
    }

    fn check(&self, words: &mut Words, _: &mut Stage, point: &Point) -> Result<(), String> {
        let lives = Path::new(&format!("/proc/{0}/task/{0}", point.victim)).exists();
        if point.victim == point.thread || lives != (point.moment != Moment::ProcessEnded) {
            return Err(format!("at {:?} the process lives: {lives}", point.moment));
        }
        if repair(words, point.victim) { Err("a dead thread holds the flag".into()) } else { Ok(()) }
    }
}
