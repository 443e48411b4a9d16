//! A lock that nobody repairs. A stopped owner is survived; a dead one is waited for, for ever.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use super::words::Words;
use crate::clock;
use crate::operation::{Mode, Moment, Operation, Point};
use crate::sheet::{sleep, wake};
use crate::stage::Stage;

const LIMIT: Duration = Duration::from_millis(200);

/// Takes and gives back; the survivor gives up after a while.
pub(crate) struct PlainLock;

/// Takes and gives back; the survivor, in the stage itself, never gives up.
pub(crate) struct BrokenLock;

/// The same with the survivor in a process of its own.
pub(crate) struct BrokenLockWithSurvivor;

fn acquire(lock: &AtomicU32, limit: Option<Duration>) -> bool {
    let began = clock::now();
    while lock.compare_exchange(0, 1, SeqCst, SeqCst).is_err() {
        if limit.is_some_and(|limit| clock::since(began) >= limit) {
            return false;
        }
        sleep(lock, 1, limit);
    }
    true
}

fn release(lock: &AtomicU32) {
    lock.store(0, SeqCst);
    wake(lock);
}

fn act(words: &Words) {
    acquire(words.futex(0), None);
    words.word(0).fetch_add(1, SeqCst);
    release(words.futex(0));
}

fn take_for_ever(words: &Words) -> Result<(), String> {
    acquire(words.futex(0), None);
    release(words.futex(0));
    Ok(())
}

impl Operation for PlainLock {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy lock"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Stop]
    }

    fn setup(&self, _: &mut Stage) -> Words {
        Words::new()
    }

    fn prepare(&self, _: &Words) {}

    fn act(&self, words: &Words, (): &mut ()) {
        act(words);
    }

    fn check(&self, words: &mut Words, _: &mut Stage, point: &Point) -> Result<(), String> {
        let taken = acquire(words.futex(0), Some(Duration::from_millis(5)));
        if taken {
            release(words.futex(0));
        }
        if point.moment == Moment::Finished && (!taken || words.word(0).load(SeqCst) != 1) {
            return Err("the continued owner did not come to its end".into());
        }
        Ok(())
    }
}

impl Operation for BrokenLock {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy lock, not repaired"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Exit]
    }

    fn patience(&self) -> Duration {
        LIMIT
    }

    fn flaw(&self) -> Option<&'static str> {
        Some("the survivor's check waited beyond")
    }

    fn setup(&self, _: &mut Stage) -> Words {
        Words::new()
    }

    fn prepare(&self, _: &Words) {}

    fn act(&self, words: &Words, (): &mut ()) {
        act(words);
    }

    fn check(&self, words: &mut Words, _: &mut Stage, _: &Point) -> Result<(), String> {
        take_for_ever(words)
    }
}

impl Operation for BrokenLockWithSurvivor {
    type World = Words;
    type Actor = ();

    fn name(&self) -> &'static str {
        "toy lock, not repaired, another survivor"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill]
    }

    fn flaw(&self) -> Option<&'static str> {
        Some("the survivor waited beyond")
    }

    fn setup(&self, _: &mut Stage) -> Words {
        Words::new()
    }

    fn prepare(&self, _: &Words) {}

    fn act(&self, words: &Words, (): &mut ()) {
        act(words);
    }

    fn check(&self, words: &mut Words, stage: &mut Stage, _: &Point) -> Result<(), String> {
        stage.survivor(LIMIT, || take_for_ever(words))
    }
}
