//! Models of shutting down. Each name is the sentence it checks.

use super::closing::{Closing, ClosingWord};
use crate::shim::{AtomicU32, Ordering};
use loom::sync::Arc;
use loom::thread;

const FREE: u32 = 0;
const WRITING: u32 = 1;
const FULL: u32 = 2;

/// A queue of one place.
struct Queue {
    place: AtomicU32,
    closing: ClosingWord,
}

impl Queue {
    fn new() -> Arc<Queue> {
        Arc::new(Queue { place: AtomicU32::new(FREE), closing: ClosingWord::new() })
    }

    /// Whether something was put.
    fn put(&self) -> bool {
        let claimed = self.place.compare_exchange(FREE, WRITING, Ordering::Relaxed, Ordering::Relaxed);
        if claimed.is_err() {
            return false;
        }
        let admitted = self.closing.admits();
        self.place.store(if admitted { FULL } else { FREE }, Ordering::Relaxed);
        admitted
    }

    /// Whether a getter is told the end.
    fn has_ended(&self) -> bool {
        self.closing.state() == Closing::Draining && self.place.load(Ordering::Relaxed) == FREE
    }
}

#[test]
fn after_the_end_nothing_is_put() {
    loom::model(|| {
        let queue = Queue::new();
        let putter = {
            let queue = queue.clone();
            thread::spawn(move || queue.put())
        };
        queue.closing.close(Closing::Draining);
        let ended = queue.has_ended();
        let put = putter.join().unwrap();
        assert!(!(ended && put), "put after somebody was told the end");
        assert_eq!(queue.has_ended(), !put);
    });
}

#[test]
fn after_the_end_that_another_began_nothing_is_put() {
    loom::model(|| {
        let queue = Queue::new();
        let others: [_; 2] = std::array::from_fn(|i| {
            let queue = queue.clone();
            thread::spawn(move || if i == 0 { queue.put() } else { queue.closing.close(Closing::Draining) })
        });
        let ended = queue.has_ended();
        let [put, closed] = others.map(|other| other.join().unwrap());
        assert!(closed && !(ended && put), "put after somebody was told the end");
    });
}

#[test]
fn the_word_only_grows() {
    loom::model(|| {
        let queue = Queue::new();
        let other = {
            let queue = queue.clone();
            thread::spawn(move || queue.closing.close(Closing::Shut))
        };
        queue.closing.close(Closing::Draining);
        assert!(queue.closing.glance() >= Closing::Draining);
        assert!(other.join().unwrap());
        assert_eq!(queue.closing.state(), Closing::Shut);
        assert!(!queue.put());
    });
}

#[test]
fn who_sees_that_it_is_shut_sees_why() {
    loom::model(|| {
        let shared = Arc::new((AtomicU32::new(0), ClosingWord::new()));
        let closer = {
            let shared = shared.clone();
            thread::spawn(move || {
                let (why, closing) = &*shared;
                why.store(1, Ordering::Relaxed);
                closing.close(Closing::Shut);
            })
        };
        let (why, closing) = &*shared;
        if closing.glance() == Closing::Shut {
            closing.heed();
            assert_eq!(why.load(Ordering::Relaxed), 1, "shut, and nobody says why");
        }
        closer.join().unwrap();
    });
}
