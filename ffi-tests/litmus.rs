//! Does a notifier miss a sleeper on a real processor?
//!
//! The models of the event count know all orders that the language allows; this looks at what the processor does. Two
//! threads on two CPUs meet again and again: one makes a condition true and notifies, the other announces that it will
//! sleep and looks at the condition once more. If it would sleep and nobody would wake it, a wake-up is lost. The event
//! count is the library's own source; what is below it only notes who would have been woken.
//!
//! To know that the litmus sees anything, the same is done where the change is a plain store and the notifier takes it for
//! a read-modify-write: on x86-64 the look then overtakes the store, and wake-ups are lost.
//!
//! `cargo test --test litmus -- [--seconds N]`: so long for each way, one second if nothing is said.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::panic)] // a test fails by panicking
#![allow(clippy::disallowed_types, unsafe_code)] // atomics beside every yard; pinning

use std::cell::Cell;
use std::hint::{black_box, spin_loop};
use std::mem::MaybeUninit;
use std::sync::OnceLock;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::time::{Duration, Instant};

#[path = "../src/sync/bell.rs"]
mod bell;
#[path = "../src/sync/event_count.rs"]
#[allow(dead_code)] // only how two meet is tried here
mod event_count;

use event_count::EventCount;

/// What the event count is made of: the processor's own atomics, and a kernel that only takes notes.
mod shim {
    pub(crate) use std::sync::atomic::{AtomicU32, Ordering, compiler_fence, fence};

    pub(crate) struct Watch<'a> {
        pub(crate) word: &'a AtomicU32,
        pub(crate) value: u32,
    }

    /// As in the library.
    #[inline(always)]
    pub(crate) fn rmw_fence(order: Ordering) {
        if cfg!(target_arch = "x86_64") { compiler_fence(order) } else { fence(order) }
    }

    pub(crate) fn wake(_: &AtomicU32, _: u32) {
        super::WAKES.set(super::WAKES.get() + 1);
    }
}

mod sync {
    pub(crate) use super::bell;
}

mod segment {
    pub(crate) mod region {
        /// What may lie in shared memory.
        ///
        /// # Safety
        /// As in the library; nothing lies in shared memory here.
        #[allow(dead_code)] // the event count says that it may
        pub(crate) unsafe trait Shared {}
    }
}

thread_local! {
    /// How often this thread would have woken somebody.
    static WAKES: Cell<u64> = const { Cell::new(0) };
}

/// Something on a line, and on the one that is fetched with it, of its own.
#[repr(align(128))]
struct Line<T>(T);

/// One meeting.
struct Meeting {
    ready: Line<AtomicU32>,
    event: Line<EventCount>,
    /// What came of it: the sleeper would sleep, the notifier would wake.
    asleep: Line<AtomicBool>,
    woke: Line<AtomicBool>,
}

/// How the condition becomes true, and how that is told.
type Tell = fn(&AtomicU32, &EventCount);

fn store(ready: &AtomicU32, event: &EventCount) {
    ready.store(1, Release);
    event.notify(&());
}

fn swap(ready: &AtomicU32, event: &EventCount) {
    ready.swap(1, Release);
    event.notify_after_rmw(&());
}

/// What must not be done.
fn store_taken_for_a_swap(ready: &AtomicU32, event: &EventCount) {
    ready.store(1, Release);
    event.notify_after_rmw(&());
}

/// So many meetings between two looks at what came of them.
const BATCH: usize = 512;

/// Where the two wait for each other: how many steps each has come.
struct Table {
    meetings: Vec<Meeting>,
    steps: [Line<AtomicU32>; 2],
    over: AtomicBool,
}

impl Table {
    fn new() -> Table {
        // SAFETY: atomics, and an event count made of one: zeros are fresh ones.
        let fresh = || unsafe { MaybeUninit::<Meeting>::zeroed().assume_init() };
        Table {
            meetings: (0..BATCH).map(|_| fresh()).collect(),
            steps: [Line(AtomicU32::new(0)), Line(AtomicU32::new(0))],
            over: AtomicBool::new(false),
        }
    }

    /// Goes on when both have come to the same step.
    fn meet(&self, side: usize, step: &mut u32) {
        *step = step.wrapping_add(1);
        self.steps[side].0.store(*step, Release);
        let mut looks = 0_u32;
        while self.steps[1 - side].0.load(Acquire).wrapping_sub(*step).cast_signed() < 0 {
            looks += 1;
            // Whoever waits long waits for somebody who does not run.
            if looks.is_multiple_of(4096) { std::thread::yield_now() } else { spin_loop() }
        }
    }
}

/// A moment of up to 127 steps, so that the two meet at every distance.
fn dawdle(dice: &mut u32) {
    *dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    (0..*dice >> 25).for_each(|step| {
        black_box(step);
    });
}

fn notifier(table: &Table, tell: Tell) {
    let (mut step, mut dice) = (0, 1);
    loop {
        table.meet(0, &mut step);
        if table.over.load(SeqCst) {
            return;
        }
        for meeting in &table.meetings {
            table.meet(0, &mut step);
            dawdle(&mut dice);
            let before = WAKES.get();
            tell(&meeting.ready.0, &meeting.event.0);
            meeting.woke.0.store(WAKES.get() != before, Relaxed);
        }
        table.meet(0, &mut step);
    }
}

/// Sleeps until the time is over, or, if that is wanted, until a wake-up is lost; tells how many met and how many were lost.
fn sleeper(table: &Table, time: Duration, until_lost: bool) -> (u64, u64) {
    let (begin, mut step, mut dice) = (Instant::now(), 0, 2);
    let (mut met, mut lost) = (0, 0);
    loop {
        let over = begin.elapsed() > time || until_lost && lost > 0;
        table.over.store(over, SeqCst);
        table.meet(1, &mut step);
        if over {
            return (met, lost);
        }
        for meeting in &table.meetings {
            table.meet(1, &mut step);
            dawdle(&mut dice);
            let watch = meeting.event.0.prepare();
            let asleep = meeting.ready.0.load(Acquire) == 0;
            black_box((watch.word, watch.value));
            meeting.asleep.0.store(asleep, Relaxed);
        }
        table.meet(1, &mut step);
        met += BATCH as u64;
        lost += table.meetings.iter().map(tally).sum::<u64>();
    }
}

/// Whether a wake-up was lost; makes the meeting a fresh one. Nobody else looks at it.
fn tally(meeting: &Meeting) -> u64 {
    let lost = meeting.asleep.0.load(Relaxed) && !meeting.woke.0.load(Relaxed);
    meeting.ready.0.store(0, Relaxed);
    meeting.event.0.notify(&()); // a sleeper that was missed has left its announcement
    u64::from(lost)
}

/// Lets the two meet; prints and tells how many were lost.
fn play(name: &str, tell: Tell, time: Duration, until_lost: bool) -> u64 {
    let table = Table::new();
    let (met, lost) = std::thread::scope(|s| {
        s.spawn(|| {
            pin(1);
            notifier(&table, tell);
        });
        pin(0);
        sleeper(&table, time, until_lost)
    });
    println!("{name}: {met} meetings, {lost} lost wake-ups");
    lost
}

/// The CPUs that the process could use when it began.
fn cpus() -> &'static [usize] {
    static CPUS: OnceLock<Vec<usize>> = OnceLock::new();
    CPUS.get_or_init(|| {
        // SAFETY: plain values on the stack; pid 0 is the calling thread.
        unsafe {
            let mut allowed: libc::cpu_set_t = std::mem::zeroed();
            libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut allowed);
            (0..1024).filter(|&cpu| libc::CPU_ISSET(cpu, &allowed)).collect()
        }
    })
}

/// Pins the calling thread.
fn pin(index: usize) {
    // SAFETY: as above.
    unsafe {
        let mut one: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpus()[index], &mut one);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const one);
    }
}

fn seconds() -> u64 {
    let mut words = std::env::args().skip_while(|word| word != "--seconds");
    words.nth(1).map_or(1, |word| word.parse().unwrap())
}

fn main() {
    if std::env::args().any(|word| word == "--list") {
        return println!("litmus: test");
    }
    if cpus().len() < 2 {
        return println!("nobody meets on one CPU: SKIPPED");
    }
    let time = Duration::from_secs(seconds());
    let lost = play("a store, and notify", store, time, false)
        + play("a swap, and notify_after_rmw", swap, time, false);
    assert_eq!(lost, 0, "a sleeper was left behind");
    if !cfg!(target_arch = "x86_64") {
        return println!("here every notifier fences: nothing to weaken, SKIPPED");
    }
    let patience = Duration::from_secs(30) + time;
    let lost = play("a store taken for a swap", store_taken_for_a_swap, patience, true);
    assert!(lost > 0, "the litmus would not see a lost wake-up");
}
