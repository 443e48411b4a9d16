//! The record of last faults: a page that remembers the last repairs, for people who ask what happened.
//!
//! Sixteen notes in a circle. A note carries a checksum over all its words and its number, so that it needs no order
//! and no owner: whoever repairs writes, whoever reads believes only what adds up. A writer that dies in between, or
//! two that meet in one place after sixteen others, leave a note that nobody believes; it is overwritten in its turn.
//! Nothing depends on a note.
#![allow(unsafe_code)] // `Shared`

use crate::error::Result;
use crate::segment::geometry::{FAULTS_BYTES, HEADER_BYTES};
use crate::segment::region::{Region, Shared};
use crate::shim::{AtomicU64, Ordering, words};
use static_assertions::const_assert;
use static_assertions::const_assert_eq;
use std::mem::offset_of;

/// How many notes are remembered.
pub(crate) const FAULTS_MAX: usize = 16;

/// One note in shared memory.
#[repr(C)]
pub(crate) struct Line {
    number: AtomicU64,
    who: AtomicU64,
    place: AtomicU64,
    count: AtomicU64,
    time: AtomicU64,
    sum: AtomicU64,
    pad: [AtomicU64; 2],
}

/// The page.
#[repr(C)]
pub(crate) struct Faults {
    /// The number of the next note. Nobody owns it; numbers may be missing.
    next: AtomicU64,
    pad: [AtomicU64; 7],
    lines: [Line; FAULTS_MAX],
}

const_assert_eq!(offset_of!(Line, number), 0);
const_assert_eq!(offset_of!(Line, who), 8);
const_assert_eq!(offset_of!(Line, place), 16);
const_assert_eq!(offset_of!(Line, count), 24);
const_assert_eq!(offset_of!(Line, time), 32);
const_assert_eq!(offset_of!(Line, sum), 40);
const_assert_eq!(size_of::<Line>(), 64);
const_assert_eq!(offset_of!(Faults, lines), 64);
const_assert!(size_of::<Faults>() as u64 <= FAULTS_BYTES);
words!("note of a fault", Line { number, who, place, count, time, sum, pad });
words!("record of last faults", Faults { next, pad, lines });

// SAFETY: repr(C), atomics only, zeros are a page without notes.
unsafe impl Shared for Faults {}

/// What a note says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// The process that is gone, or whose thread is; 0 if unknown.
    pub(crate) pid: u32,
    /// The thread that is gone; 0 if the whole process.
    pub(crate) tid: u32,
    /// The offset of the word that was repaired.
    pub(crate) place: u64,
    /// How much was repaired.
    pub(crate) count: u64,
    /// When, in nanoseconds since 1970.
    pub(crate) time: u64,
}

impl Note {
    fn who(&self) -> u64 {
        u64::from(self.pid) << 32 | u64::from(self.tid)
    }
}

/// Mixes every word into a number (the finaliser of splitmix64, after each word). No note sums up to 0.
fn sum(words: [u64; 5]) -> u64 {
    let mix = |state: u64, word: u64| {
        let mut z = (state ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    };
    words.into_iter().fold(0, mix) | 1
}

impl Faults {
    /// The page of a yard.
    pub(crate) fn of(region: &Region) -> Result<&Faults> {
        region.at(HEADER_BYTES)
    }

    /// Remembers a repair.
    pub(crate) fn put(&self, note: &Note) {
        // Relaxed throughout: the sum vouches for what a reader finds.
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let line = &self.lines[number as usize % FAULTS_MAX];
        let words = [number, note.who(), note.place, note.count, note.time];
        for (word, value) in [&line.number, &line.who, &line.place, &line.count, &line.time].iter().zip(words)
        {
            word.store(value, Ordering::Relaxed);
        }
        line.sum.store(sum(words), Ordering::Relaxed);
    }

    /// Every note that adds up, with its number, the newest first.
    pub(crate) fn read(&self) -> Vec<(u64, Note)> {
        let mut notes: Vec<_> = self.lines.iter().filter_map(Line::read).collect();
        notes.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
        notes
    }
}

impl Line {
    fn read(&self) -> Option<(u64, Note)> {
        let words = [&self.number, &self.who, &self.place, &self.count, &self.time]
            .map(|word| word.load(Ordering::Relaxed));
        let [number, who, place, count, time] = words;
        let note = Note { pid: (who >> 32) as u32, tid: who as u32, place, count, time };
        (self.sum.load(Ordering::Relaxed) == sum(words)).then_some((number, note))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Box<Faults> {
        // SAFETY: atomics only; zeros are a page without notes.
        unsafe { Box::new(std::mem::zeroed()) }
    }

    fn note(pid: u32) -> Note {
        Note { pid, tid: 7, place: 4096, count: 2, time: 99 }
    }

    #[test]
    fn the_last_sixteen_are_remembered_the_newest_first() {
        let page = page();
        assert_eq!(page.read(), []);
        (0..20).for_each(|pid| page.put(&note(pid)));
        let read = page.read();
        assert_eq!(read.len(), FAULTS_MAX);
        assert_eq!((read[0], read[15]), ((19, note(19)), (4, note(4))));
    }

    #[test]
    fn what_does_not_add_up_is_not_believed() {
        let page = page();
        page.put(&note(1));
        page.put(&note(2));
        page.lines[0].count.store(3, Ordering::Relaxed); // as if two writers had met
        assert_eq!(page.read(), [(1, note(2))]);
    }

    #[test]
    fn writers_side_by_side_are_never_read_mixed() {
        let page = page();
        let write = |pid: u32| {
            for time in 0..20_000 {
                page.put(&Note { pid, tid: pid, place: u64::from(pid), count: u64::from(pid), time });
            }
        };
        let whole = |n: &Note| n.pid == n.tid && n.place == u64::from(n.pid) && n.count == n.place;
        std::thread::scope(|s| {
            let writers = [1, 2].map(|pid| s.spawn(move || write(pid)));
            while writers.iter().any(|w| !w.is_finished()) {
                assert!(page.read().iter().all(|(_, n)| whole(n)));
            }
        });
        assert!(!page.read().is_empty());
    }
}
