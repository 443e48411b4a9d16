//! Anchors: places a breakpoint can find, so that a far position needs few stops and not thousands of steps.

use std::collections::{BTreeMap, BTreeSet};

use crate::position::Position;

/// So far before a position its anchor may lie.
const REACH: usize = 512;
/// A stop at a breakpoint costs as much as so many steps.
const STOP: u64 = 2;

/// How often each place has been visited since the last system call.
pub(crate) struct Anchors<'a> {
    seen: &'a [Position],
    /// For each position: its visit's number; 0 where no breakpoint may be set.
    visits: Vec<u64>,
}

impl<'a> Anchors<'a> {
    /// Counts the visits.
    pub(crate) fn new(seen: &'a [Position]) -> Anchors<'a> {
        let mut visits = Vec::with_capacity(seen.len());
        for stretch in seen.chunk_by(|one, next| one.calls == next.calls) {
            count_visits(stretch, &mut visits);
        }
        Anchors { seen, visits }
    }

    /// The position at an index, reached by way of its best anchor.
    pub(crate) fn anchored(&self, index: usize) -> Position {
        let target = self.seen[index];
        let first = index.saturating_sub(REACH);
        let usable = (first..=index).filter(|i| self.visits[*i] > 0 && self.seen[*i].calls == target.calls);
        let cost = |i: &usize| self.visits[*i] * STOP + target.steps - self.seen[*i].steps;
        match usable.min_by_key(cost) {
            Some(best) if cost(&best) < target.steps => {
                let anchor = self.seen[best];
                let steps = target.steps - anchor.steps;
                Position { anchor: anchor.rip, visits: self.visits[best], steps, ..target }
            }
            _ => target,
        }
    }
}

/// One stretch without a system call. A place that an instruction repeats itself on, or that the stretch begins with,
/// is no anchor: a breakpoint would count it differently.
fn count_visits(stretch: &[Position], visits: &mut Vec<u64>) {
    let repeats = stretch.windows(2).filter(|pair| pair[0].rip == pair[1].rip).map(|pair| pair[0].rip);
    let mut unfit: BTreeSet<u64> = repeats.collect();
    unfit.insert(stretch[0].rip);
    let mut counts = BTreeMap::<u64, u64>::new();
    for position in stretch {
        if position.asleep || unfit.contains(&position.rip) {
            visits.push(0);
            continue;
        }
        let count = counts.entry(position.rip).or_default();
        *count += 1;
        visits.push(*count);
    }
}
