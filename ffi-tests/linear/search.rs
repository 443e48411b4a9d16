//! Is there an order of the calls, one after the other, that explains all answers?
//!
//! The search of Wing and Gong, with the memory that Lowe gave it: which calls were done, and what the queue holds then,
//! is tried once. It knows everything that a queue promises, `Full` and `Empty` as well, and takes short histories.

use crate::history::{Call, Deed, Order, priority};
use std::collections::HashSet;

/// The most calls that a history may have.
pub const LONGEST: usize = 64;
/// How many steps are tried at most.
const STEPS: u64 = 5_000_000;

/// What the search says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Explained,
    Impossible,
    /// It takes too long to say.
    Open,
}

struct Search<'a> {
    history: &'a [Call],
    order: Order,
    capacity: usize,
    tried: HashSet<(u64, Vec<u64>)>,
    steps: u64,
}

/// Looks for an order of the calls on a queue that was empty before them.
pub fn search(history: &[Call], order: Order, capacity: usize) -> Verdict {
    assert!(history.len() <= LONGEST);
    let mut calls = history.to_vec();
    calls.sort_by_key(|call| call.end);
    let mut search = Search { history: &calls, order, capacity, tried: HashSet::new(), steps: 0 };
    match search.explain(0, &mut Vec::new()) {
        true => Verdict::Explained,
        false if search.steps >= STEPS => Verdict::Open,
        false => Verdict::Impossible,
    }
}

impl Search<'_> {
    /// Whether what is not done yet can follow, with this in the queue, the oldest first.
    fn explain(&mut self, done: u64, held: &mut Vec<u64>) -> bool {
        let open = |i: &usize| done & 1 << i == 0;
        // The first to end: nothing that began later may come before it.
        let Some(first) = (0..self.history.len()).find(open) else { return true };
        self.steps += 1;
        if self.steps >= STEPS || !self.tried.insert((done, held.clone())) {
            return false;
        }
        let first = self.history[first];
        for i in (first_of(done)..self.history.len()).filter(open) {
            if first.is_before(&self.history[i]) {
                continue;
            }
            let Some(undo) = self.step(self.history[i].deed, held) else { continue };
            let explained = self.explain(done | 1 << i, held);
            undo.apply(held);
            if explained {
                return true;
            }
        }
        false
    }

    /// Does what a call did, if a queue that holds this would have answered so.
    fn step(&self, deed: Deed, held: &mut Vec<u64>) -> Option<Undo> {
        match deed {
            Deed::Put(value) if held.len() < self.capacity => {
                held.push(value);
                Some(Undo::Put)
            }
            Deed::Full(_) if held.len() == self.capacity => Some(Undo::Nothing),
            Deed::Empty if held.is_empty() => Some(Undo::Nothing),
            Deed::Got(value) => {
                let at = next(self.order, held)?;
                (held[at] == value).then(|| Undo::Got(at, held.remove(at)))
            }
            _ => None,
        }
    }
}

/// Which of these comes out.
fn next(order: Order, held: &[u64]) -> Option<usize> {
    match order {
        Order::Fifo => (!held.is_empty()).then_some(0),
        Order::Lifo => held.len().checked_sub(1),
        Order::Priority => (0..held.len()).min_by_key(|&i| priority(held[i])),
    }
}

/// The calls before this one are done.
fn first_of(done: u64) -> usize {
    done.trailing_ones() as usize
}

/// How to take a step back.
enum Undo {
    Nothing,
    Put,
    Got(usize, u64),
}

impl Undo {
    fn apply(self, held: &mut Vec<u64>) {
        match self {
            Undo::Nothing => {}
            Undo::Put => drop(held.pop()),
            Undo::Got(at, value) => held.insert(at, value),
        }
    }
}
