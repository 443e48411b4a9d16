//! Where a history comes to be: workers, threads or processes, that all call one queue, and write down what it answers.

use crate::history::{Call, Deed};
use crate::naps::Naps;
use crate::subject::Subject;
use courtyard::Timeout;
use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// Workers at most, half of them for each side.
pub const CREW: usize = 6;
/// Calls of one worker in one history, at most.
pub const CALLS: usize = 1 << 12;

/// Beside every yard; shared by processes too. Zeros are its beginning.
pub struct Field {
    /// Drawn from before and after each call.
    count: AtomicU64,
    /// Which history is in the making, and how many calls each worker makes in it at most.
    round: AtomicU64,
    calls: AtomicU64,
    /// How many workers have done their part of it.
    done: AtomicU64,
    pages: [Page; CREW],
    /// Calls that said that somebody was in the way.
    pub busy: AtomicU64,
}

/// What one worker writes down.
struct Page {
    used: AtomicU64,
    lines: [Line; CALLS],
}

struct Line {
    begin: AtomicU64,
    end: AtomicU64,
    deed: AtomicU64,
    value: AtomicU64,
}

/// A round that nobody plays: the workers end.
const OVER: u64 = u64::MAX;

/// Numbers that a seed decides.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Whether a worker puts or gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Puts,
    Gets,
}

impl Field {
    /// A worker's life: its part of one history after the other.
    pub fn work(&self, subject: &dyn Subject, place: usize, side: Side, seed: u64) {
        let _naps = Naps::begin();
        let mut dice = Dice(seed ^ (place as u64 + 1) << 40);
        let mut round = 0;
        loop {
            round += 1;
            await_that(|| self.round.load(SeqCst) >= round);
            if self.round.load(SeqCst) == OVER {
                return;
            }
            let most = self.calls.load(SeqCst);
            for n in 0..1 + dice.below(most) {
                let value = round << 24 | (place as u64) << 20 | n;
                self.call(&self.pages[place], &mut dice, |timeout| match side {
                    Side::Puts => subject.put(value, timeout),
                    Side::Gets => subject.get(timeout),
                });
            }
            self.done.fetch_add(1, SeqCst);
        }
    }

    fn call(&self, page: &Page, dice: &mut Dice, call: impl FnOnce(Timeout) -> Option<Deed>) {
        (0..dice.below(32)).for_each(|step| {
            black_box(step);
        });
        let timeout = match dice.below(3) {
            0 => Timeout::For(Duration::from_micros(dice.below(100))),
            _ => Timeout::Try,
        };
        let begin = self.count.fetch_add(1, SeqCst);
        let deed = call(timeout);
        let end = self.count.fetch_add(1, SeqCst);
        match deed {
            Some(deed) => page.write(&Call { begin, end, deed }),
            None => drop(self.busy.fetch_add(1, SeqCst)),
        }
    }

    /// Lets `crew` workers make one history, of up to `calls` calls each, and empties the queue behind them.
    pub fn play(&self, subject: &dyn Subject, crew: usize, calls: u64) -> Vec<Call> {
        self.pages.iter().for_each(|page| page.used.store(0, SeqCst));
        self.count.store(0, SeqCst);
        self.done.store(0, SeqCst);
        self.calls.store(calls, SeqCst);
        self.round.fetch_add(1, SeqCst);
        await_that(|| self.done.load(SeqCst) == crew as u64);
        let mut history: Vec<Call> = self.pages.iter().flat_map(Page::read).collect();
        loop {
            let begin = self.count.fetch_add(1, SeqCst);
            let Some(deed) = subject.get(Timeout::Try) else { continue };
            let end = self.count.fetch_add(1, SeqCst);
            history.push(Call { begin, end, deed });
            if deed == Deed::Empty {
                return history;
            }
        }
    }

    /// No more histories: the workers end.
    pub fn end(&self) {
        self.round.store(OVER, SeqCst);
    }
}

impl Page {
    fn write(&self, call: &Call) {
        let line = &self.lines[self.used.load(SeqCst) as usize];
        let (deed, value) = match call.deed {
            Deed::Put(value) => (0, value),
            Deed::Full(value) => (1, value),
            Deed::Got(value) => (2, value),
            Deed::Empty => (3, 0),
        };
        let words =
            [(&line.begin, call.begin), (&line.end, call.end), (&line.deed, deed), (&line.value, value)];
        words.into_iter().for_each(|(word, value)| word.store(value, SeqCst));
        self.used.fetch_add(1, SeqCst);
    }

    fn read(&self) -> impl Iterator<Item = Call> {
        self.lines[..self.used.load(SeqCst) as usize].iter().map(|line| {
            let value = line.value.load(SeqCst);
            let deed = match line.deed.load(SeqCst) {
                0 => Deed::Put(value),
                1 => Deed::Full(value),
                2 => Deed::Got(value),
                _ => Deed::Empty,
            };
            Call { begin: line.begin.load(SeqCst), end: line.end.load(SeqCst), deed }
        })
    }
}

/// Looks until it is so; with fewer CPUs than workers, others must run meanwhile.
fn await_that(is_so: impl Fn() -> bool) {
    let mut looks = 0_u32;
    while !is_so() {
        looks += 1;
        if looks.is_multiple_of(128) { std::thread::yield_now() } else { spin_loop() }
    }
}
