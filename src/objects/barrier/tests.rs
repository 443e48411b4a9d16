use super::*;
use crate::objects::yard::Options;
use crate::os::Mutex;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(20);
const BRIEF: Duration = Duration::from_millis(5);

fn yard() -> Yard {
    Options::new().slots(16).anonymous().unwrap()
}

fn barrier(parties: u32) -> Barrier {
    Barrier::create(&yard(), "b", parties).unwrap()
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

/// Lets somebody wait there, and does something when he does.
fn beside_one<T>(barrier: &Barrier, then: impl FnOnce() -> T) -> (Result<u32>, T) {
    thread::scope(|s| {
        let waits = s.spawn(|| barrier.wait(LONG));
        until(|| barrier.waiting() == 1);
        let done = then();
        (waits.join().unwrap(), done)
    })
}

fn until(mut so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < LONG, "in vain");
        thread::yield_now();
    }
}

#[test]
fn one_party_passes_alone() {
    let barrier = barrier(1);
    for _ in 0..3 {
        assert_eq!(barrier.wait(Timeout::Try).unwrap(), 0);
    }
    assert_eq!((barrier.parties(), barrier.waiting(), barrier.is_broken()), (1, 0, false));
}

#[test]
fn each_trip_hands_out_every_number_once_and_runs_one_action() {
    let (barrier, seen, actions) = (barrier(4), Mutex::new(vec![[0; 4]; 200]), Mutex::new(0));
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for trip in 0..200 {
                    let index = barrier.wait_with(LONG, || *actions.lock() += 1).unwrap();
                    assert_eq!(*actions.lock(), trip + 1, "nobody is ahead by a trip");
                    seen.lock()[trip][index as usize] += 1;
                    barrier.wait(LONG).unwrap();
                }
            });
        }
    });
    assert_eq!(*actions.lock(), 200);
    assert!(seen.lock().iter().all(|trip| *trip == [1; 4]));
}

#[test]
fn more_threads_than_parties_take_turns() {
    let (barrier, passed) = (barrier(2), AtomicU32::new(0));
    thread::scope(|s| {
        for _ in 0..6 {
            s.spawn(|| {
                while barrier.wait(LONG).is_ok() {
                    if passed.fetch_add(1, Ordering::Relaxed) == 600 {
                        barrier.abort(); // an odd one would wait for nobody
                    }
                }
            });
        }
    });
    assert_eq!(barrier.broken(), Some(BrokenBy::Aborted));
    assert!(passed.into_inner() > 600);
}

#[test]
fn who_gives_up_breaks_it_until_it_is_reset() {
    let barrier = barrier(2);
    for timeout in [Timeout::Try, Timeout::from(BRIEF)] {
        assert_eq!(kind(barrier.wait(timeout)), ErrorKind::Timeout);
        let error = barrier.wait(LONG).unwrap_err();
        assert_eq!((error.kind(), error.detail()), (ErrorKind::Broken, Some("the time of a party was up")));
        assert_eq!((barrier.broken(), barrier.waiting()), (Some(BrokenBy::TimedOut), 0));
        barrier.reset();
        assert!(!barrier.is_broken());
    }
    let (waited, gave_up) = beside_one(&barrier, || {
        barrier.wait_if(Timeout::Try, || true) // the last one needs no time
    });
    assert_eq!(waited.unwrap() + gave_up.unwrap(), 1);
}

#[test]
fn an_abort_reaches_who_waits_and_who_comes() {
    let barrier = barrier(2);
    let (waited, ()) = beside_one(&barrier, || barrier.abort());
    assert_eq!(waited.unwrap_err().detail(), Some("somebody has aborted it"));
    assert_eq!(kind(barrier.wait(LONG)), ErrorKind::Broken);
    barrier.abort();
    assert_eq!(barrier.broken(), Some(BrokenBy::Aborted));
}

#[test]
fn a_reset_breaks_those_who_wait_and_nobody_else() {
    let barrier = barrier(2);
    for _ in 0..50 {
        let (waited, ()) = beside_one(&barrier, || barrier.reset());
        assert_eq!(waited.unwrap_err().detail(), Some("somebody has reset it"));
        let (waited, passed) = beside_one(&barrier, || barrier.wait(LONG));
        assert_eq!(waited.unwrap() + passed.unwrap(), 1);
    }
}

#[test]
fn an_action_that_fails_or_panics_breaks_it() {
    let barrier = barrier(2);
    let (waited, failed) = beside_one(&barrier, || barrier.wait_if(LONG, || false));
    assert_eq!((kind(failed), kind(waited)), (ErrorKind::Failed, ErrorKind::Broken));
    assert_eq!(barrier.broken(), Some(BrokenBy::Failed));
    barrier.reset();
    let (waited, panicked) = beside_one(&barrier, || {
        let waits = std::panic::AssertUnwindSafe(|| {
            barrier.wait_with(LONG, || std::panic::resume_unwind(Box::new(7)))
        });
        std::panic::catch_unwind(waits).unwrap_err().downcast_ref::<i32>().copied()
    });
    assert_eq!((kind(waited), panicked), (ErrorKind::Broken, Some(7)));
    assert_eq!(barrier.broken(), Some(BrokenBy::Failed));
}

#[test]
fn an_action_may_do_anything_but_wait_there() {
    let barrier = barrier(1);
    let inside = barrier.wait_if(LONG, || {
        assert_eq!((barrier.waiting(), barrier.is_broken()), (1, false));
        kind(barrier.wait(LONG)) == ErrorKind::Deadlock
    });
    assert_eq!(inside.unwrap(), 0);
    assert_eq!(kind(barrier.wait_with(LONG, || barrier.abort())), ErrorKind::Broken);
    assert_eq!(barrier.broken(), Some(BrokenBy::Aborted));
    barrier.reset();
    let nested = barrier.wait_with(LONG, || {
        barrier.reset();
        assert_eq!(barrier.wait(LONG).unwrap(), 0);
        assert_eq!(kind(barrier.wait_with(LONG, || barrier.reset())), ErrorKind::Broken);
    });
    assert_eq!(nested.unwrap_err().detail(), Some("somebody has reset it"));
    assert_eq!(barrier.wait(LONG).unwrap(), 0);
}

#[test]
fn who_finds_a_trip_full_waits_outside_and_breaks_nothing() {
    let (barrier, go) = (barrier(1), AtomicBool::new(false));
    thread::scope(|s| {
        let acts = s.spawn(|| barrier.wait_with(LONG, || until(|| go.load(Ordering::Relaxed))));
        until(|| barrier.waiting() == 1);
        assert_eq!(kind(barrier.wait(BRIEF)), ErrorKind::Timeout);
        go.store(true, Ordering::Relaxed);
        assert_eq!(acts.join().unwrap().unwrap(), 0);
    });
    assert!(!barrier.is_broken());
    assert_eq!(barrier.wait(Timeout::Try).unwrap(), 0);
}

#[test]
fn a_time_that_is_up_while_the_action_runs_breaks_it() {
    let (barrier, go) = (barrier(2), AtomicBool::new(false));
    thread::scope(|s| {
        let late = s.spawn(|| {
            let waited = barrier.wait(Duration::from_millis(300));
            go.store(true, Ordering::Relaxed);
            waited
        });
        until(|| barrier.waiting() == 1);
        let acted = barrier.wait_with(LONG, || until(|| go.load(Ordering::Relaxed)));
        assert_eq!(acted.unwrap_err().detail(), Some("the time of a party was up"));
        assert_eq!(kind(late.join().unwrap()), ErrorKind::Timeout);
    });
}

#[test]
fn a_thread_that_ends_having_arrived_counts_as_dead() {
    let yard = yard();
    let barrier = Barrier::create(&yard, "b", 2).unwrap();
    let me = thread::spawn({
        let barrier = barrier.clone();
        move || {
            // As if it were killed in its wait: only a thread that is gone leaves a stamp.
            let me = crate::presence::thread::register(&barrier.yard).unwrap();
            let state = crate::segment::bits::BarrierState::unpack(0);
            assert!(barrier.words().arrive(me, state).is_some());
            crate::os::process::tid()
        }
    });
    let tid = me.join().unwrap();
    let died = BrokenBy::Died { pid: std::process::id(), tid };
    assert_eq!(barrier.broken(), Some(died));
    assert_eq!(barrier.wait(LONG).unwrap_err().detail(), Some(died.to_string().as_str()));
    let fault = yard.last_fault().unwrap();
    assert_eq!((fault.kind, fault.tid), (crate::FaultKind::Party, tid));
    assert_eq!(fault.object, Some(("b".into(), ObjectType::Barrier)));
    barrier.reset();
    assert_eq!(barrier.broken(), None);
}

#[test]
fn declarations_are_counted_and_taken_back() {
    let yard = yard();
    let barrier = Barrier::create(&yard, "b", 3).unwrap();
    assert_eq!(kind(barrier.leave()), ErrorKind::NotOwner);
    let party = barrier.declare().unwrap();
    let other = Barrier::open(&yard, "b").unwrap();
    other.declare_unguarded().unwrap();
    other.declare_unguarded().unwrap();
    let full = barrier.declare().unwrap_err();
    assert_eq!(
        (full.kind(), full.detail()),
        (ErrorKind::NoSlots, Some("all 3 parties have declared themselves"))
    );
    other.leave().unwrap();
    assert_eq!(barrier.declared(), 2);
    drop(other);
    assert_eq!(barrier.declared(), 1);
    barrier.leave().unwrap(); // the guard's
    drop(party);
    assert_eq!((barrier.declared(), barrier.is_broken()), (0, false));
    std::mem::forget(barrier.declare().unwrap());
    drop(barrier);
    assert_eq!(Barrier::open(&yard, "b").unwrap().declared(), 1, "until the process closes the yard");
}

#[test]
fn parameters_are_checked_and_compared() {
    let yard = yard();
    for parties in [0, 17, u32::MAX] {
        let error = Barrier::create(&yard, "b", parties).unwrap_err();
        let detail = format!("a barrier for {parties} parties in a yard of 16 thread slots");
        assert_eq!((error.kind(), error.detail()), (ErrorKind::Range, Some(detail.as_str())));
    }
    Barrier::create(&yard, "b", 16).unwrap();
    assert_eq!(Barrier::open(&yard, "b").unwrap().parties(), 16);
    let error = Barrier::open_or_create(&yard, "b", 4).unwrap_err();
    let detail = "\"b\" is a barrier for 16 parties, not 4";
    assert_eq!((error.kind(), error.detail()), (ErrorKind::Mismatch, Some(detail)));
    assert_eq!(kind(Barrier::create(&yard, "b", 16)), ErrorKind::Exists);
    assert_eq!(kind(Barrier::open(&yard, "none")), ErrorKind::NotFound);
    crate::Lock::create(&yard, "lock", crate::Scope::Thread).unwrap();
    assert_eq!(kind(Barrier::open(&yard, "lock")), ErrorKind::Type);
}

/// Trips over the end of the eras, and resets.
#[test]
fn eras_go_round() {
    let barrier = barrier(2);
    let last = (1 << 48) - 3;
    barrier.words().begin_at(last);
    for _ in 0..4 {
        let (waited, passed) = beside_one(&barrier, || barrier.wait(LONG));
        assert_eq!(waited.unwrap() + passed.unwrap(), 1);
        let (waited, ()) = beside_one(&barrier, || barrier.reset());
        assert_eq!(kind(waited), ErrorKind::Broken);
    }
}

/// What a peer that keeps no rules writes makes nobody loop or panic, and a reset mends it.
#[test]
fn scribbles_break_nothing_but_the_barrier() {
    for word in [u64::MAX, 0x7fff, 1 << 15, 0xf123 << 13, 1 << 63 | 0x2fff, 0x9fff, 0x8fff, 0x1fff] {
        let barrier = barrier(2);
        let words = barrier.words();
        for cell in words.cells {
            cell.store(word.rotate_left(7), Ordering::Relaxed);
        }
        words.places.iter().for_each(|place| place.store(word as u32, Ordering::Relaxed));
        words.told.iter().for_each(|told| told.store(word, Ordering::Relaxed));
        words.scribble(word);
        let _ = (barrier.broken(), barrier.waiting(), barrier.declared());
        let _ = barrier.wait(BRIEF);
        let _ = barrier.declare();
        barrier.abort();
        barrier.reset();
        words.places.iter().for_each(|place| place.store(0, Ordering::Relaxed));
        assert_eq!(barrier.broken(), None);
        let (waited, passed) = beside_one(&barrier, || barrier.wait(LONG));
        assert_eq!(waited.unwrap() + passed.unwrap(), 1);
    }
}
