//! A position inside an operation, and how positions are chosen.

use std::collections::BTreeSet;

use crate::anchor::Anchors;

/// So many system calls done, then so many visits to the anchor, then so many instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// Instructions done since the operation began.
    pub(crate) number: u64,
    /// System calls done.
    pub(crate) calls: u64,
    /// A place to stop at after these calls.
    pub(crate) anchor: u64,
    /// How often to stop there; 0 for no stop.
    pub(crate) visits: u64,
    /// Instructions done after that.
    pub(crate) steps: u64,
    /// Instructions done after the last call, if the anchor is not used.
    pub(crate) unanchored: u64,
    /// Whether the victim sleeps inside the next instruction, a system call.
    pub(crate) asleep: bool,
    /// Where the next instruction lies.
    pub(crate) rip: u64,
}

impl Position {
    /// Before the first instruction, which lies at `rip`.
    pub(crate) fn start(rip: u64) -> Position {
        Position { number: 0, calls: 0, anchor: 0, visits: 0, steps: 0, unanchored: 0, asleep: false, rip }
    }

    /// One instruction later.
    pub(crate) fn next(self, was_call: bool, rip: u64) -> Position {
        let (calls, steps) = if was_call { (self.calls + 1, 0) } else { (self.calls, self.steps + 1) };
        Position { number: self.number + 1, calls, steps, unanchored: steps, asleep: false, rip, ..self }
    }

    /// The same place, to be reached without a breakpoint.
    pub(crate) fn without_anchor(self) -> Position {
        Position { visits: 0, steps: self.unanchored, ..self }
    }

    /// The same place, asleep in the call that comes next.
    pub(crate) fn sleeping(self) -> Position {
        Position { asleep: true, ..self }
    }
}

/// What one recording pass saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recording {
    /// The instructions of the whole operation.
    pub(crate) total: u64,
    /// A number that differs if any instruction lay elsewhere.
    pub(crate) fingerprint: u64,
    /// The points to take.
    pub(crate) points: Vec<Position>,
}

impl Recording {
    /// From every position seen; with `near`, only those around the numbers in `events`.
    pub(crate) fn new(seen: &[Position], events: &BTreeSet<u64>, near: Option<u64>) -> Recording {
        let taken = |position: &Position| match near {
            None => true,
            Some(near) => {
                let first = position.number.saturating_sub(near);
                events.range(first..=position.number + near).next().is_some()
            }
        };
        let anchors = Anchors::new(seen);
        let indices = (0..seen.len()).filter(|index| taken(&seen[*index]));
        Recording {
            total: seen.last().map_or(0, |last| last.number),
            fingerprint: seen.iter().fold(0, |sum, position| mix(sum, position.rip)),
            points: indices.map(|index| anchors.anchored(index)).collect(),
        }
    }
}

fn mix(sum: u64, value: u64) -> u64 {
    (sum.rotate_left(5) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
