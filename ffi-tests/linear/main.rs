//! Do the queues answer as if their calls came one after the other?
//!
//! Workers call one queue at the same time and write down what it answered, and what came before what. Then an order is
//! looked for that explains all answers: each call at one instant between its begin and its end, on a queue that hands out
//! in its order and is full and empty exactly when it says so. Histories that are too long for that search are looked
//! through for what a first-in-first-out queue must not do.
//!
//! To know that it would see a fault, histories made up by hand are put to both, and queues that are wrong on purpose must
//! be found out.
//!
//! `cargo test --test linear -- [--seconds N] [--seed N]`: five seconds in all if nothing is said.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::panic)] // a test fails by panicking
#![allow(clippy::disallowed_types, unsafe_code)] // atomics beside every yard; fork, and memory to share

mod field;
mod fifo;
mod history;
mod made_up;
mod naps;
mod search;
mod slow;
mod subject;

#[path = "../../benches/support/lockfree.rs"]
mod lockfree;
#[path = "../../benches/support/shim.rs"]
mod shim;

#[path = "../support/process.rs"]
mod process;

use courtyard::Yard;
use field::{CALLS, CREW, Field, Side};
use history::{Call, Deed, Order, show};
use search::{LONGEST, Verdict, search};
use std::time::{Duration, Instant, SystemTime};
use subject::{Making, QUEUES, Row, Subject, TWINS};

/// Putters and getters.
const CREWS: [(usize, usize); 5] = [(1, 1), (2, 2), (3, 3), (1, 3), (3, 1)];
const CAPACITIES: [usize; 3] = [1, 2, 8];
/// What is emptied behind the workers belongs to a history, and the search takes only so long ones.
const CALLS_EACH: u64 = ((LONGEST - 9) / CREW) as u64;

/// How a history comes to be.
#[derive(Clone, Copy)]
struct Setting {
    making: Making,
    order: Order,
    capacity: usize,
    crew: (usize, usize),
    processes: bool,
    seed: u64,
}

/// What was seen in the histories of one queue.
#[derive(Default)]
struct Seen {
    histories: u64,
    calls: u64,
    /// Pairs of calls that neither came before the other.
    meetings: u64,
    full: u64,
    empty: u64,
    busy: u64,
    /// Histories for which the search took too long.
    open: u64,
    long: u64,
}

/// Runs a crew, and gives each history to `judge` until that says that it is enough.
fn run(setting: Setting, field: &'static Field, judge: &mut dyn FnMut(&Field, &dyn Subject, usize) -> bool) {
    let yard = Yard::anonymous().unwrap();
    let subject = (setting.making)(&yard, setting.capacity);
    let (subject, (putters, getters)) = (&*subject, setting.crew);
    let side = |place| if place < putters { Side::Puts } else { Side::Gets };
    let mut direct = || {
        let _ending = Ending(field);
        while judge(field, subject, putters + getters) {}
    };
    if setting.processes {
        let work = |place| process::fork(|| field.work(subject, place, side(place), setting.seed));
        let children: Vec<_> = (0..putters + getters).map(work).collect();
        direct();
        children.into_iter().for_each(|child| assert_eq!(child.wait(), process::Ended::Code(0)));
    } else {
        std::thread::scope(|s| {
            for place in 0..putters + getters {
                s.spawn(move || field.work(subject, place, side(place), setting.seed));
            }
            direct();
        });
    }
}

/// Ends the workers, also when a judge has panicked.
struct Ending(&'static Field);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Makes histories of a queue for so long, and stops at the first that cannot be explained.
fn examine(setting: Setting, time: Duration, seen: &mut Seen) {
    let (field, begin) = (field(), Instant::now());
    run(setting, field, &mut |field, subject, crew| {
        let history = field.play(subject, crew, CALLS_EACH);
        let verdict = search(&history, setting.order, setting.capacity);
        let text = || format!("{:?}, capacity {}:\n{}", setting.order, setting.capacity, show(&history));
        assert_ne!(verdict, Verdict::Impossible, "no order explains this, seed {}, {}", setting.seed, text());
        if setting.order == Order::Fifo {
            assert_eq!(fifo::fault(&history), None, "seed {}, {}", setting.seed, text());
        }
        seen.note(&history, verdict);
        begin.elapsed() < time
    });
    seen.busy += field.busy.load(std::sync::atomic::Ordering::SeqCst);
    give_back(field);
}

/// As [`examine`], of long histories of a first-in-first-out queue.
fn examine_long(setting: Setting, time: Duration, seen: &mut Seen) {
    let (field, begin) = (field(), Instant::now());
    run(setting, field, &mut |field, subject, crew| {
        let history = field.play(subject, crew, CALLS as u64);
        assert_eq!(fifo::fault(&history), None, "seed {}", setting.seed);
        seen.long += history.len() as u64;
        begin.elapsed() < time
    });
    give_back(field);
}

impl Seen {
    fn note(&mut self, history: &[Call], verdict: Verdict) {
        let count = |is: fn(&Call) -> bool| history.iter().filter(|call| is(call)).count() as u64;
        self.histories += 1;
        self.calls += history.len() as u64;
        self.full += count(|call| matches!(call.deed, Deed::Full(_)));
        self.empty += count(|call| call.deed == Deed::Empty);
        self.open += u64::from(verdict == Verdict::Open);
        for (i, one) in history.iter().enumerate() {
            let meets = |other: &&Call| !one.is_before(other) && !other.is_before(one);
            self.meetings += history[i + 1..].iter().filter(meets).count() as u64;
        }
    }

    fn tell(&self, name: &str) {
        let Seen { histories, calls, meetings, full, empty, busy, open, long } = self;
        println!(
            "{name}: {histories} histories of {calls} calls, {meetings} pairs at the same time; {full} full, \
             {empty} empty, {busy} held up; all explained but {open} not decided; {long} calls in long ones"
        );
    }
}

/// How many histories of a wrong queue it took to find it out.
fn expose(name: &str, setting: Setting) {
    let (field, begin) = (field(), Instant::now());
    let (mut histories, mut found) = (0, false);
    run(setting, field, &mut |field, subject, crew| {
        histories += 1;
        let history = field.play(subject, crew, CALLS_EACH);
        found = search(&history, setting.order, setting.capacity) == Verdict::Impossible;
        !found && begin.elapsed() < Duration::from_secs(20)
    });
    give_back(field);
    assert!(found, "{name} passes for {:?}, after {histories} histories", setting.order);
    println!("{name}: found out with history {histories}");
}

/// A field that fork children share.
fn field() -> &'static Field {
    let (read_write, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping where the kernel likes it; atomics, whose beginning is zeros.
    unsafe {
        let memory = libc::mmap(std::ptr::null_mut(), size_of::<Field>(), read_write, kind, -1, 0);
        assert_ne!(memory, libc::MAP_FAILED);
        &*memory.cast()
    }
}

fn give_back(field: &'static Field) {
    // SAFETY: nobody uses it any more: all workers have ended.
    unsafe { libc::munmap(std::ptr::from_ref(field).cast_mut().cast(), size_of::<Field>()) };
}

fn argument(name: &str) -> Option<u64> {
    std::env::args().skip_while(|word| word != name).nth(1).map(|word| word.parse().unwrap())
}

fn main() {
    if std::env::args().any(|word| word == "--list") {
        return println!("linear: test");
    }
    let time = Duration::from_secs(argument("--seconds").unwrap_or(5));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let seed = argument("--seed").unwrap_or(u64::from(now.subsec_nanos()));
    println!("seed {seed}");
    // SAFETY: takes a number. Whoever waits for ever is ended.
    unsafe { libc::alarm(60 + 4 * time.as_secs() as u32) };
    made_up::check();
    for (name, order, making) in TWINS {
        expose(name, Setting { making, order, capacity: 2, crew: (1, 1), processes: false, seed });
    }
    let settings = QUEUES.len() * CREWS.len() * CAPACITIES.len() * 2;
    for Row { name, order, making, shared } in QUEUES {
        let mut seen = Seen::default();
        for (crew, capacity, processes) in all().filter(|setting| shared || !setting.2) {
            let setting = Setting { making, order, capacity, crew, processes, seed };
            examine(setting, time / settings as u32, &mut seen);
            if order == Order::Fifo {
                examine_long(setting, time / settings as u32 / 4, &mut seen);
            }
        }
        seen.tell(name);
    }
}

fn all() -> impl Iterator<Item = ((usize, usize), usize, bool)> {
    let pairs = CREWS.into_iter().flat_map(|crew| CAPACITIES.map(|capacity| (crew, capacity)));
    pairs.flat_map(|(crew, capacity)| [false, true].map(|processes| (crew, capacity, processes)))
}
