//! Broken twins of the pool: a task that is taken without a name, so that nobody knows whose it was, and one that is taken under a
//! lock, so that who stands still with it holds up everybody.

use std::sync::atomic::Ordering::SeqCst;

use super::words::Words;
use crate::operation::{Mode, Moment, Operation, Point};
use crate::stage::Stage;

const TASK: usize = 0;
const LOCK: usize = 1;
const DONE: usize = 2;

const PENDING: u64 = 1;
const RUNNING: u64 = 2;
const OVER: u64 = 3;

pub(crate) struct TakenByNobody;

impl Operation for TakenByNobody {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy pool, taken by nobody"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Exit]
    }

    fn flaw(&self) -> Option<&'static str> {
        Some("lost")
    }

    fn setup(&self, _: &mut Stage) -> Words {
        let words = Words::new();
        words.word(TASK).store(PENDING, SeqCst);
        words
    }

    fn prepare(&self, _: &Words) {}

    fn act(&self, words: &Words, (): &mut ()) {
        if words.word(TASK).compare_exchange(PENDING, RUNNING, SeqCst, SeqCst).is_ok() {
            words.word(DONE).fetch_add(1, SeqCst);
            words.word(TASK).store(OVER, SeqCst);
        }
    }

    fn check(&self, words: &mut Words, _: &mut Stage, _: &Point) -> Result<(), String> {
        match words.word(TASK).load(SeqCst) {
            RUNNING => Err("a lost task: it runs, and the words do not say at whose".into()),
            _ => Ok(()),
        }
    }
}

pub(crate) struct TakenUnderALock;

impl Operation for TakenUnderALock {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy pool, taken under a lock"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Stop]
    }

    fn flaw(&self) -> Option<&'static str> {
        Some("held up")
    }

    fn setup(&self, _: &mut Stage) -> Words {
        let words = Words::new();
        words.word(TASK).store(2, SeqCst);
        words
    }

    fn prepare(&self, _: &Words) {}

    fn act(&self, words: &Words, (): &mut ()) {
        while words.word(LOCK).swap(1, SeqCst) != 0 {
            std::thread::yield_now();
        }
        words.word(TASK).fetch_sub(1, SeqCst);
        words.word(LOCK).store(0, SeqCst);
    }

    fn check(&self, words: &mut Words, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped && words.word(LOCK).load(SeqCst) != 0 {
            return Err("all others are held up by one who stands still".into());
        }
        Ok(())
    }
}
