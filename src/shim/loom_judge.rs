//! Whether the judge of the models plays every order. Each name is the sentence it checks.
//!
//! The loom of the registry fails both: see `xtask/src/judge.rs`.

use super::{AtomicU32, Ordering};
use loom::sync::Arc;
use loom::thread;
use std::collections::BTreeSet;
use std::sync::mpsc;

/// What a play came to, in all orders.
fn outcomes<T: Ord + Send + 'static>(play: impl Fn() -> T + Send + Sync + 'static) -> BTreeSet<T> {
    let (tell, told) = mpsc::channel();
    loom::model(move || tell.send(play()).unwrap());
    told.into_iter().collect()
}

fn spawn<T: 'static>(
    word: &Arc<AtomicU32>,
    f: impl FnOnce(&AtomicU32) -> T + 'static,
) -> thread::JoinHandle<T> {
    let word = word.clone();
    thread::spawn(move || f(&word))
}

fn read(word: &AtomicU32) -> u32 {
    word.load(Ordering::Relaxed)
}

/// As before every compare-and-swap.
fn read_and_swap(word: &AtomicU32) {
    read(word);
    word.swap(1, Ordering::Relaxed);
}

#[test]
fn a_swap_after_a_read_comes_before_and_after_anothers_read() {
    let seen = outcomes(|| {
        let word = Arc::new(AtomicU32::new(0));
        let swapper = spawn(&word, read_and_swap);
        let seen = read(&word);
        swapper.join().unwrap();
        seen
    });
    assert_eq!(seen, BTreeSet::from([0, 1]));
}

#[test]
fn a_swap_after_a_read_comes_before_and_after_each_of_two_others_reads() {
    let seen = outcomes(|| {
        let word = Arc::new(AtomicU32::new(0));
        let (reader, swapper) = (spawn(&word, read), spawn(&word, read_and_swap));
        let seen = read(&word);
        swapper.join().unwrap();
        (seen, reader.join().unwrap())
    });
    assert_eq!(seen, BTreeSet::from([(0, 0), (0, 1), (1, 0), (1, 1)]));
}
