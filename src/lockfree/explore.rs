//! What the explorers of the rings share: moves that are made one access at a time, and the search through all worlds.
//!
//! A process is a list of moves. One step of it is one access to the shared words: the move runs from its beginning on a
//! memory that answers as before until the answers are used up, makes one access more, and is unwound at the next. So the
//! code explored is the code that is shipped; a world is the words and what each move in progress was answered. What is not
//! seen: orders weaker than the program's. Those are loom's.

#![allow(clippy::panic)] // a test

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

/// What is wrong with a world, if anything is.
pub(super) type Found = Result<(), String>;

/// The words of one step: they answer as they did, then are accessed so many times more, then the move is stopped.
pub(super) struct Replay<W> {
    words: RefCell<W>,
    log: RefCell<Vec<u64>>,
    at: Cell<usize>,
    left: Cell<usize>,
    unwinding: Cell<bool>,
}

/// Unwinds a move that is not through.
struct Paused;

impl<W> Replay<W> {
    pub(super) fn new(words: W, log: Vec<u64>, left: usize) -> Replay<W> {
        Replay {
            words: RefCell::new(words),
            log: RefCell::new(log),
            at: Cell::new(0),
            left: Cell::new(left),
            unwinding: Cell::new(false),
        }
    }

    /// The words, and what the move was answered until now.
    pub(super) fn into_parts(self) -> (W, Vec<u64>) {
        (self.words.into_inner(), self.log.into_inner())
    }

    /// What no access changes.
    pub(super) fn fixed<T>(&self, read: impl FnOnce(&W) -> T) -> T {
        read(&self.words.borrow())
    }

    /// One access. A free one belongs to the access before it.
    pub(super) fn access(&self, free: bool, make: impl FnOnce(&mut W) -> u64) -> u64 {
        if self.unwinding.get() {
            return 1; // dropped claims find that all is well, and change nothing
        }
        let mut log = self.log.borrow_mut();
        if self.at.get() == log.len() {
            if !free && self.left.get() == 0 {
                self.unwinding.set(true);
                drop(log);
                resume_unwind(Box::new(Paused));
            }
            self.left.set(self.left.get() - usize::from(!free));
            log.push(make(&mut self.words.borrow_mut()));
        }
        let answer = log[self.at.get()];
        self.at.set(self.at.get() + 1);
        answer
    }

    pub(super) fn store(&self, free: bool, word: impl FnOnce(&mut W) -> &mut u64, value: u64) {
        self.access(free, |words| {
            *word(words) = value;
            0
        });
    }

    pub(super) fn swap(&self, word: impl FnOnce(&mut W) -> &mut u64, old: u64, new: u64) -> bool {
        let swapped = self.access(false, |words| {
            let now = word(words);
            let same = *now == old;
            if same {
                *now = new;
            }
            u64::from(same)
        });
        swapped == 1
    }
}

/// Runs a move until it is paused; its answer if it came to one.
pub(super) fn until_paused<A>(make: impl FnOnce() -> A) -> Option<A> {
    catch_unwind(AssertUnwindSafe(make)).ok()
}

/// Looks at every world that can be reached; how many there are, or what is wrong with one of them. `end` judges what can
/// still be done, once for each `key`; `next` hands on what can happen next.
pub(super) fn explore<W: Clone + Eq + Hash, K: Eq + Hash>(
    first: W,
    key: impl Fn(&W) -> K,
    end: impl Fn(&W) -> Found,
    next: impl Fn(&W, &mut dyn FnMut(W)) -> Found,
) -> Result<usize, String> {
    let mut seen = HashSet::from([first.clone()]);
    let (mut open, mut ends) = (vec![first], HashSet::new());
    while let Some(world) = open.pop() {
        if ends.insert(key(&world)) {
            end(&world)?;
        }
        next(&world, &mut |world| {
            if seen.insert(world.clone()) {
                open.push(world);
            }
        })?;
    }
    Ok(seen.len())
}

/// Explores each play, of which none may be wrong.
pub(super) fn all_right<P>(plays: &[P], explore: impl Fn(&P) -> (&str, Result<usize, String>)) {
    let (begin, mut sum) = (Instant::now(), 0);
    for play in plays {
        let (name, states) = explore(play);
        let states = states.unwrap_or_else(|why| panic!("{name}: {why}"));
        println!("{states:>8} states: {name}, {:.1} s", begin.elapsed().as_secs_f64());
        sum += states;
    }
    println!("{sum:>8} states in {:.1} s", begin.elapsed().as_secs_f64());
    assert!(sum > 10_000, "the explorer has not explored");
}

/// The first thing found wrong in any of the plays.
pub(super) fn wrong<P>(plays: &[P], explore: impl Fn(&P) -> (&str, Result<usize, String>)) -> String {
    let wrong = plays.iter().filter_map(|play| explore(play).1.err()).next();
    let why = wrong.unwrap_or_else(|| panic!("nothing is found wrong"));
    println!("{why}");
    why
}
