//! Models of what a process has slept. Each name is the sentence it checks.

use super::tally::Tally;
use crate::shim::{AtomicU32, Ordering};
use loom::sync::Arc;
use loom::thread;

const SLICE: u64 = 30;
/// Of the last sweep.
const THEN: u64 = 1000;

fn new() -> Arc<Tally> {
    let tally = Tally::new();
    tally.begin(THEN);
    Arc::new(tally)
}

/// A thread sleeps so long, and ends at `now`: whether it clears up.
fn sleeps(tally: &Arc<Tally>, asleep: u64, now: u64) -> thread::JoinHandle<bool> {
    let tally = tally.clone();
    thread::spawn(move || tally.is_due(asleep, SLICE, || now))
}

#[test]
fn of_several_whose_sleeps_make_a_slice_one_clears_up() {
    loom::model(|| {
        let tally = new();
        let others = [sleeps(&tally, SLICE / 3, THEN + SLICE), sleeps(&tally, SLICE / 3, THEN + SLICE)];
        let mine = tally.is_due(SLICE / 3, SLICE, || THEN + SLICE);
        let others = others.map(|other| other.join().unwrap());
        assert_eq!([mine, others[0], others[1]].iter().filter(|due| **due).count(), 1);
    });
}

#[test]
fn nobody_clears_up_in_the_slice_after_a_sweep_however_many_sleep() {
    loom::model(|| {
        let tally = new();
        let other = sleeps(&tally, SLICE, THEN + SLICE - 1);
        let mine = tally.is_due(SLICE, SLICE, || THEN + SLICE - 1);
        assert_eq!([mine, other.join().unwrap()], [false; 2]);
        assert!(tally.is_due(0, SLICE, || THEN + SLICE), "but then");
        tally.sweep(THEN + SLICE, || {});
        let other = sleeps(&tally, SLICE, THEN + 2 * SLICE - 1);
        let mine = tally.is_due(SLICE, SLICE, || THEN + 2 * SLICE - 1);
        assert_eq!([mine, other.join().unwrap()], [false; 2]);
    });
}

#[test]
fn what_was_slept_before_a_sweep_is_forgotten() {
    loom::model(|| {
        let tally = new();
        assert!(!tally.is_due(SLICE - 1, SLICE, || THEN + SLICE));
        tally.sweep(THEN, || {});
        let other = sleeps(&tally, 1, THEN + SLICE);
        let mine = tally.is_due(SLICE - 2, SLICE, || THEN + SLICE);
        assert_eq!([mine, other.join().unwrap()], [false; 2]);
    });
}

/// The places that a sweep looks at are a word here: it has seen that somebody sleeps, or whoever sleeps has seen it begin.
#[test]
fn what_is_slept_while_somebody_clears_up_counts() {
    loom::model(|| {
        let (tally, place) = (new(), Arc::new(AtomicU32::new(0)));
        let sleeper = {
            let (tally, place) = (tally.clone(), place.clone());
            thread::spawn(move || {
                let swept = place.fetch_add(1, Ordering::AcqRel) == 1;
                assert!(!tally.is_due(SLICE / 2, SLICE, || THEN + SLICE));
                swept
            })
        };
        tally.sweep(THEN, || _ = place.fetch_add(1, Ordering::AcqRel));
        if sleeper.join().unwrap() {
            assert!(tally.is_due(SLICE / 2, SLICE, || THEN + SLICE));
        }
    });
}
