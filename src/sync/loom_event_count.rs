//! Models of the event count. Each name is the sentence it checks.

use super::event_count::EventCount;
use crate::shim::{AtomicU32, Ordering, sleep};
use loom::sync::Arc;
use loom::thread;

struct Shared {
    ready: AtomicU32,
    event: EventCount,
}

fn shared() -> Arc<Shared> {
    Arc::new(Shared { ready: AtomicU32::new(0), event: EventCount::new() })
}

fn sleep_until(shared: &Shared, target: u32) {
    while shared.ready.load(Ordering::Acquire) < target {
        let watch = shared.event.prepare();
        if shared.ready.load(Ordering::Acquire) < target {
            sleep(&[watch], None);
        }
    }
}

#[test]
fn a_sleeper_is_never_left_behind() {
    loom::model(|| {
        let shared = shared();
        let sleeper = {
            let s = shared.clone();
            thread::spawn(move || sleep_until(&s, 1))
        };
        shared.ready.store(1, Ordering::Release);
        shared.event.notify(&());
        sleeper.join().unwrap();
    });
}

#[test]
fn a_sleeper_hears_of_a_change_that_is_its_own_fence() {
    loom::model(|| {
        let shared = shared();
        let sleeper = {
            let s = shared.clone();
            thread::spawn(move || sleep_until(&s, 1))
        };
        shared.ready.fetch_add(1, Ordering::Release);
        shared.event.notify_after_rmw(&());
        sleeper.join().unwrap();
    });
}

#[test]
fn two_sleepers_are_both_woken() {
    loom::model(|| {
        let shared = shared();
        let sleepers: Vec<_> = (0..2)
            .map(|_| {
                let s = shared.clone();
                thread::spawn(move || sleep_until(&s, 1))
            })
            .collect();
        shared.ready.store(1, Ordering::Release);
        shared.event.notify(&());
        sleepers.into_iter().for_each(|s| s.join().unwrap());
    });
}

#[test]
fn a_sleeper_hears_of_the_second_change_too() {
    loom::model(|| {
        let shared = shared();
        let sleeper = {
            let s = shared.clone();
            thread::spawn(move || sleep_until(&s, 2))
        };
        for value in 1..=2 {
            shared.ready.store(value, Ordering::Release);
            shared.event.notify(&());
        }
        sleeper.join().unwrap();
    });
}
