//! Models of the ring of cells. Each name is the sentence it checks.
//!
//! A death is a claim forgotten at some step, without anything that its owner would have done next; that the owner is
//! dead the others learn from his alive word, as in a yard.

use super::mpmc::layout::{Words, header, header_for};
use super::mpmc::memory::Place;
use super::mpmc::{Holders, Item, Longest, NoPop, NoPush, Ring};
use crate::shim::cells::Cells;
use crate::shim::{AtomicU32, Ordering};
use loom::thread::{self, JoinHandle};
use std::cell::Cell;
use std::sync::Arc;

pub(super) struct Yard {
    words: Words,
    cells: Cells,
    /// By slot: whether its thread is there.
    alive: Vec<AtomicU32>,
}

#[derive(Clone)]
pub(super) struct Seat(Arc<Yard>);

impl Place for Seat {
    fn words(&self) -> &Words {
        &self.0.words
    }
    fn cells(&self) -> &Cells {
        &self.0.cells
    }
}

impl Holders for Seat {
    fn is_dead(&self, slot: u32) -> bool {
        self.0.alive[slot as usize].load(Ordering::Acquire) == 0 // edge: alive
    }
}

impl Seat {
    /// For four threads, of whom the last is not there yet.
    fn new(capacity: u32) -> Seat {
        Seat::of(capacity, &[1, 1, 1, 0])
    }

    pub(super) fn of(capacity: u32, alive: &[u32]) -> Seat {
        let alive = alive.iter().copied().map(AtomicU32::new).collect();
        Seat(Arc::new(Yard { words: Words::starting_at(0), cells: Cells::zeroed(capacity, 1), alive }))
    }

    pub(super) fn ring(&self) -> Ring<Seat> {
        Ring::open(self.clone()).unwrap()
    }

    /// The kernel marks the alive word of a dead one.
    pub(super) fn die(&self, slot: u32) {
        self.0.alive[slot as usize].store(0, Ordering::Release); // edge: alive
    }

    pub(super) fn push(&self, me: u32, n: u64) -> Result<(), NoPush> {
        self.ring().try_push(me, n as u32, &n.to_ne_bytes(), self)
    }

    pub(super) fn pop(&self, me: u32) -> Result<(u64, bool), NoPop> {
        let mut bytes = [0; 8];
        let item = self.ring().try_pop(me, &mut bytes, self)?;
        Ok((number(&bytes, item), item.again))
    }

    fn push_soon(&self, me: u32, n: u64) {
        while let Err(why) = self.push(me, n) {
            assert!(matches!(why, NoPush::Full | NoPush::Busy(Some(_))), "{why:?}");
            thread::yield_now();
        }
    }

    fn pop_soon(&self, me: u32) -> (u64, bool) {
        loop {
            match self.pop(me) {
                Ok(got) => return got,
                Err(why) => assert!(matches!(why, NoPop::Empty | NoPop::Busy(Some(_))), "{why:?}"),
            }
            thread::yield_now();
        }
    }

    pub(super) fn thread<T: 'static>(&self, f: impl FnOnce(Seat) -> T + 'static) -> JoinHandle<T> {
        let seat = self.clone();
        let thread = thread::spawn(move || f(seat));
        if OTHERS_FIRST.get() {
            thread::yield_now();
        }
        thread
    }
}

std::thread_local! {
    static OTHERS_FIRST: Cell<bool> = const { Cell::new(false) };
}

/// Checks a model twice, the second time from where the other threads went first. Loom looks for another order only
/// where an access meets the last one before it: whoever looks at a word and then swaps it hides from loom that another
/// one looked before. From the other end it is seen.
fn play(model: impl Fn() + Sync + Send + 'static) {
    let model = Arc::new(model);
    for others_first in [false, true] {
        OTHERS_FIRST.set(others_first);
        let model = model.clone();
        loom::model(move || model());
    }
    OTHERS_FIRST.set(false);
}

fn number(bytes: &[u8; 8], item: Item) -> u64 {
    let n = u64::from_ne_bytes(*bytes);
    assert_eq!((item.tag, item.len), (n as u32, 8), "torn");
    n
}

#[test]
fn an_item_is_whole_before_it_is_seen() {
    play(|| {
        let seat = Seat::new(2);
        let pusher = seat.thread(|seat| seat.push(0, 7).unwrap());
        match seat.pop(1) {
            Ok(got) => assert_eq!(got, (7, false)),
            Err(why) => assert!(matches!(why, NoPop::Empty | NoPop::Busy(Some(0))), "{why:?}"),
        }
        pusher.join().unwrap();
    });
}

#[test]
fn a_cell_given_back_is_no_longer_read() {
    play(|| {
        let seat = Seat::new(1);
        seat.push(0, 1).unwrap();
        let popper = seat.thread(|seat| assert_eq!(seat.pop(1), Ok((1, false))));
        match seat.push(0, 2) {
            Ok(()) => assert_eq!(seat.pop(0), Ok((2, false))),
            Err(why) => assert!(matches!(why, NoPush::Full | NoPush::Busy(Some(1))), "{why:?}"),
        }
        popper.join().unwrap();
    });
}

#[test]
fn a_cell_given_up_is_no_longer_written() {
    play(|| {
        let seat = Seat::new(1);
        let other = seat.thread(|seat| {
            let (ring, cells) = (seat.ring(), seat.cells().clone());
            if let Ok(writing) = ring.claim_write(1, &seat) {
                cells.at(0).unwrap().write(&[9; 8]);
                writing.abandon();
            }
        });
        match seat.push(0, 2) {
            Ok(()) => assert_eq!(seat.pop(0), Ok((2, false))),
            Err(why) => assert_eq!(why, NoPush::Busy(Some(1))),
        }
        other.join().unwrap();
    });
}

/// What is left, and then it is empty.
fn drain(seat: &Seat, got: &mut Vec<(u64, bool)>) {
    while let Ok(item) = seat.pop(0) {
        got.push(item);
    }
    assert_eq!(seat.pop(0), Err(NoPop::Empty));
    got.sort_unstable();
}

#[test]
fn two_pushers_items_arrive_once() {
    play(|| {
        let seat = Seat::new(2);
        let pushers = [1, 2].map(|me| seat.thread(move |seat| seat.push(me, me.into()).unwrap()));
        let mut got: Vec<_> = seat.pop(0).into_iter().collect();
        pushers.map(|pusher| pusher.join().unwrap());
        drain(&seat, &mut got);
        assert_eq!(got, [(1, false), (2, false)]);
    });
}

#[test]
fn two_pushers_share_one_cell() {
    play(|| {
        let seat = Seat::new(1);
        let pushers = [1, 2].map(|me| seat.thread(move |seat| seat.push(me, me.into()).is_ok()));
        let mut got: Vec<_> = seat.pop(0).into_iter().collect();
        let pushed = pushers.map(|pusher| pusher.join().unwrap());
        drain(&seat, &mut got);
        let sent: Vec<_> = (1..).zip(pushed).filter(|(_, pushed)| *pushed).map(|(n, _)| (n, false)).collect();
        assert_eq!(got, sent);
        assert!(!got.is_empty(), "one of them found it free");
    });
}

#[test]
fn two_poppers_share_what_one_pushes() {
    play(|| {
        let seat = Seat::new(2);
        seat.push(0, 1).unwrap();
        let poppers = [1, 2].map(|me| seat.thread(move |seat| seat.pop(me).ok()));
        seat.push(0, 2).unwrap();
        let mut got: Vec<_> = poppers.into_iter().filter_map(|popper| popper.join().unwrap()).collect();
        assert!(!got.is_empty(), "the first was there");
        drain(&seat, &mut got);
        assert_eq!(got, [(1, false), (2, false)]);
    });
}

#[test]
fn who_pushes_and_pops_beside_both_loses_and_doubles_nothing() {
    loom::model(|| {
        let seat = Seat::new(2);
        seat.push(0, 1).unwrap();
        let pusher = seat.thread(|seat| seat.push(1, 2).is_ok());
        let popper = seat.thread(|seat| seat.pop(2).ok());
        let here = seat.push(0, 3).is_ok();
        let mut got: Vec<_> = seat.pop(0).into_iter().collect();
        let there = pusher.join().unwrap();
        got.extend(popper.join().unwrap());
        drain(&seat, &mut got);
        let all = [(1, true), (2, there), (3, here)];
        let sent: Vec<_> = all.into_iter().filter(|(_, sent)| *sent).map(|(n, _)| (n, false)).collect();
        assert_eq!(got, sent);
        assert!(here || there, "there was room for one more");
    });
}

/// Four at once. Two of them are interrupted, not three as elsewhere, which would take minutes.
#[test]
fn two_who_push_and_two_who_pop_lose_and_double_nothing() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let seat = Seat::new(2);
        seat.0.alive[3].store(1, Ordering::Relaxed);
        seat.push(0, 1).unwrap();
        let pushers = [1, 2].map(|me| seat.thread(move |seat| seat.push(me, u64::from(me) + 1).is_ok()));
        let popper = seat.thread(|seat| seat.pop(3).ok());
        let mut got: Vec<_> = seat.pop(0).into_iter().collect();
        let pushed = pushers.map(|pusher| pusher.join().unwrap());
        got.extend(popper.join().unwrap());
        drain(&seat, &mut got);
        let all = [(1, true), (2, pushed[0]), (3, pushed[1])];
        let sent: Vec<_> = all.into_iter().filter(|(_, sent)| *sent).map(|(n, _)| (n, false)).collect();
        assert_eq!(got, sent);
        assert!(pushed[0] || pushed[1], "there was room for one more");
    });
}

#[test]
fn items_come_in_the_order_of_their_pushes() {
    play(|| {
        let seat = Seat::new(2);
        let pusher = seat.thread(|seat| (1..=2).for_each(|n| seat.push_soon(1, n)));
        let got: Vec<_> = (0..2).map(|_| seat.pop_soon(0).0).collect();
        assert_eq!(got, [1, 2]);
        pusher.join().unwrap();
    });
}

#[test]
fn who_has_pushed_never_finds_it_empty() {
    play(|| {
        let seat = Seat::new(2);
        let other = seat.thread(|seat| seat.push(1, 1).unwrap());
        seat.push(0, 2).unwrap();
        match seat.pop(0) {
            Ok((n, again)) => assert!((n == 1 || n == 2) && !again),
            Err(why) => assert_eq!(why, NoPop::Busy(Some(1))),
        }
        other.join().unwrap();
    });
}

#[test]
fn who_has_popped_never_finds_it_full() {
    play(|| {
        let seat = Seat::new(2);
        (1..=2).for_each(|n| seat.push(0, n).unwrap());
        let other = seat.thread(|seat| seat.pop(1).unwrap());
        let mine = seat.pop(0).unwrap();
        match seat.push(0, 3) {
            Ok(()) => {}
            Err(why) => assert_eq!(why, NoPush::Busy(Some(1))),
        }
        assert_ne!(other.join().unwrap(), mine);
    });
}

#[test]
fn empty_and_full_are_exact_when_one_turn_follows_another() {
    play(|| {
        let seat = Seat::new(1);
        let other = seat.thread(|seat| {
            let pushed = seat.push(1, 1);
            assert!(matches!(pushed, Ok(()) | Err(NoPush::Full | NoPush::Busy(Some(0)))), "{pushed:?}");
            pushed.is_ok()
        });
        let pushed = seat.push(0, 2).is_ok();
        let got = seat.pop(0);
        // One of the two is in, or the other is in the middle.
        assert!(matches!(got, Ok(_) | Err(NoPop::Busy(Some(1)))), "{got:?}");
        let other = other.join().unwrap();
        assert!(pushed || other);
        let left = seat.pop(0);
        let count = usize::from(got.is_ok()) + usize::from(left.is_ok());
        assert_eq!(count, usize::from(pushed) + usize::from(other));
    });
}

#[test]
fn a_live_one_is_never_robbed() {
    play(|| {
        let seat = Seat::new(1);
        let other = seat.thread(|seat| {
            // It comes now, and only then claims.
            seat.0.alive[3].store(1, Ordering::Relaxed);
            (seat.push(3, 1).is_ok(), seat.pop(3).ok())
        });
        let here = seat.push(0, 2).is_ok();
        let mut got: Vec<_> = seat.pop(0).into_iter().collect();
        let (there, theirs) = other.join().unwrap();
        got.extend(theirs);
        drain(&seat, &mut got);
        let all = [(1, there), (2, here)];
        let sent: Vec<_> = all.into_iter().filter(|(_, sent)| *sent).map(|(n, _)| (n, false)).collect();
        assert_eq!(got, sent);
    });
}

#[test]
fn a_live_popper_is_never_robbed() {
    play(|| {
        let seat = Seat::new(1);
        seat.push(0, 1).unwrap();
        // A pusher that meets one in the middle looks whether it is dead.
        let other = seat.thread(|seat| seat.push(1, 2).is_ok());
        // It comes now, and only then claims.
        seat.0.alive[3].store(1, Ordering::Relaxed);
        let mut got: Vec<_> = seat.pop(3).into_iter().collect();
        let here = other.join().unwrap();
        drain(&seat, &mut got);
        let sent: Vec<_> = [(1, true), (2, here)].into_iter().filter(|(_, sent)| *sent).collect();
        assert_eq!(got, sent.iter().map(|(n, _)| (*n, false)).collect::<Vec<_>>());
    });
}

#[test]
fn a_live_one_that_takes_again_is_never_swept() {
    play(|| {
        let seat = Seat::new(1);
        seat.push(0, 1).unwrap();
        assert_eq!(pop_and_die(&seat, 1, 1), None);
        seat.ring().recover(1);
        let other = seat.thread(|seat| {
            // Whoever is told of one in the middle sweeps if he is dead.
            if let Err(NoPush::Busy(Some(slot))) = seat.push(2, 2)
                && seat.is_dead(slot)
            {
                seat.ring().recover(slot);
            }
        });
        seat.0.alive[3].store(1, Ordering::Relaxed);
        assert_eq!(seat.pop(3), Ok((1, true)));
        other.join().unwrap();
        assert!(matches!(seat.pop(0), Ok((2, false)) | Err(NoPop::Empty)));
    });
}

#[test]
fn what_was_put_back_is_found_by_whoever_sees_the_flag() {
    play(|| {
        let seat = Seat::new(1);
        seat.push(0, 1).unwrap();
        let other = seat.thread(|seat| seat.pop(1).ok());
        let ring = seat.ring();
        if let Ok(reading) = ring.claim_read(0, 8, &seat) {
            reading.put_back();
        }
        let mut got: Vec<u64> = other.join().unwrap().into_iter().map(|(n, _)| n).collect();
        got.extend(seat.pop(0).into_iter().map(|(n, _)| n));
        assert_eq!(got, [1]);
    });
}

#[test]
fn what_two_put_back_is_written_over_only_after_it_was_read() {
    play(|| {
        let seat = Seat::new(2);
        (1..=2).for_each(|n| seat.push(0, n).unwrap());
        let ring = seat.ring();
        let other = seat.thread(|seat| {
            let (ring, mut bytes) = (seat.ring(), [0; 8]);
            if let Ok(reading) = ring.claim_read(1, 8, &seat) {
                reading.read(&mut bytes);
                reading.put_back();
            }
        });
        // The flag is up from now on, so that it says nothing about the other one's cell.
        if let Ok(reading) = ring.claim_read(0, 8, &seat) {
            reading.put_back();
        }
        if let Ok((1, _)) = seat.pop(0) {
            seat.push(0, 3).unwrap();
        }
        other.join().unwrap();
    });
}

/// The item that is looked at is short; the one that its place is then taken for stands for a long one, and never comes to be.
#[test]
fn who_only_looks_sees_what_was_pushed() {
    play(|| {
        let seat = Seat::new(1);
        let push = |seat: &Seat, n: u64, whole| {
            let writing = seat
                .ring()
                .claim_write(0, seat)
                .map(|writing| writing.publish_for(1, &n.to_ne_bytes(), whole));
            writing.unwrap().unwrap();
        };
        push(&seat, 1, 10);
        let other = seat.thread(|seat| {
            let longest = Longest { bytes: 50, names: 8 };
            match seat.ring().claim_read(1, longest, &seat) {
                Ok(reading) => Some(reading.finish()),
                Err(NoPop::TooSmall(len)) => panic!("{len} bytes, which nobody has pushed"),
                Err(_) => None,
            }
        });
        if seat.pop(0).is_ok() {
            // It has filled the place, and dies before it shows it.
            let ring = seat.ring();
            let writing = ring.claim_write(2, &seat).unwrap();
            writing.describe(header_for(header(1, 8), 200));
            std::mem::forget(writing);
            seat.die(2);
        }
        let _ = other.join().unwrap();
    });
}

#[test]
fn a_cell_taken_from_the_dead_is_no_longer_written() {
    play(|| {
        let seat = Seat::new(1);
        // The sweep has the proof of death, and so what the dead one did; here it is the same thread.
        let other = seat.thread(|seat| {
            push_and_die(&seat, 1, 2);
            seat.ring().recover(1);
        });
        match seat.push(0, 2) {
            Ok(()) => assert_eq!(seat.pop(0), Ok((2, false))),
            Err(why) => assert_eq!(why, NoPush::Busy(Some(1))),
        }
        other.join().unwrap();
    });
}

#[test]
fn what_the_dead_had_is_written_over_only_after_they_read_it() {
    play(|| {
        let seat = Seat::new(2);
        (1..=2).for_each(|n| seat.push(0, n).unwrap());
        let ring = seat.ring();
        let other = seat.thread(|seat| {
            pop_and_die(&seat, 1, 2);
            seat.ring().recover(1);
        });
        if let Ok(reading) = ring.claim_read(0, 8, &seat) {
            reading.put_back();
        }
        if let Ok((1, _)) = seat.pop(0) {
            seat.push(0, 3).unwrap();
        }
        other.join().unwrap();
    });
}

/// Where a pusher dies.
fn push_and_die(seat: &Seat, me: u32, step: u32) {
    let ring = seat.ring();
    let cells = seat.cells().clone();
    if step > 0
        && let Ok(writing) = ring.claim_write(me, seat)
    {
        if step > 1 {
            let index = (writing.position() % 2) as u32 % cells.count();
            cells.at(index).unwrap().write(&[9; 8]);
        }
        std::mem::forget(writing);
    }
    seat.die(me);
}

fn die_while_pushing(step: u32, capacity: u32) {
    play(move || {
        let seat = Seat::new(capacity);
        let other = seat.thread(move |seat| push_and_die(&seat, 1, step));
        seat.push_soon(0, 2);
        assert_eq!(seat.pop_soon(0), (2, false), "the other one's item never existed");
        other.join().unwrap();
        assert_eq!(seat.pop(0), Err(NoPop::Empty));
        for n in 0..u64::from(capacity) {
            assert_eq!(seat.push(0, n), Ok(()), "all places are there");
        }
        assert_eq!(seat.push(0, 9), Err(NoPush::Full));
    });
}

#[test]
fn a_dead_pushers_item_never_existed() {
    for capacity in [1, 2] {
        (0..3).for_each(|step| die_while_pushing(step, capacity));
    }
}

/// Where a popper dies.
fn pop_and_die(seat: &Seat, me: u32, step: u32) -> Option<u64> {
    let ring = seat.ring();
    let mut bytes = [0; 8];
    let mut done = None;
    if step > 0
        && let Ok(reading) = ring.claim_read(me, 8, seat)
    {
        if step > 1 {
            reading.read(&mut bytes);
        }
        if step > 2 {
            done = Some(number(&bytes, reading.finish()));
        } else {
            std::mem::forget(reading);
        }
    }
    seat.die(me);
    done
}

fn die_while_popping(step: u32, capacity: u32) {
    play(move || {
        let seat = Seat::new(capacity);
        (1..=u64::from(capacity)).for_each(|n| seat.push(0, n).unwrap());
        let other = seat.thread(move |seat| pop_and_die(&seat, 1, step));
        seat.push_soon_or_pop();
        let taken = other.join().unwrap();
        seat.ring().recover(1);
        let mut got: Vec<u64> = taken.into_iter().collect();
        loop {
            match seat.pop(0) {
                Ok((n, _)) => got.push(n),
                Err(why) => {
                    assert_eq!(why, NoPop::Empty);
                    break;
                }
            }
        }
        let seen = seat.0.alive[2].load(Ordering::Relaxed); // what the one who helped has popped
        if seen > 1 {
            got.push(u64::from(seen) - 1);
        }
        got.sort_unstable();
        let all: Vec<u64> = (1..=u64::from(capacity)).collect();
        assert!(got == all || got[..got.len() - 1] == all && got[got.len() - 1] == 9, "{got:?}");
    });
}

impl Seat {
    /// A push that may meet the dead one, or a pop; what was popped is noted in slot 2's word.
    fn push_soon_or_pop(&self) {
        if self.push(0, 9).is_err()
            && let Ok((n, _)) = self.pop(0)
        {
            self.0.alive[2].store(n as u32 + 1, Ordering::Relaxed);
        }
    }
}

#[test]
fn what_a_dead_popper_had_comes_again() {
    for capacity in [1, 2] {
        (0..4).for_each(|step| die_while_popping(step, capacity));
    }
}

#[test]
fn what_comes_again_is_flagged_and_only_that() {
    play(|| {
        let seat = Seat::new(2);
        (1..=2).for_each(|n| seat.push(0, n).unwrap());
        assert_eq!(pop_and_die(&seat, 1, 2), None);
        let other = seat.thread(|seat| seat.ring().recover(1));
        let first = seat.pop(0).unwrap();
        assert!(first == (1, true) || first == (2, false), "{first:?}");
        let recovered = other.join().unwrap();
        // Who pops repairs it, too, once the flag is up.
        assert!(recovered.dropped == 0 && recovered.again <= 1, "{recovered:?}");
        let second = seat.pop(0).unwrap();
        assert!(second != first && (second == (1, true) || second == (2, false)), "{second:?}");
        assert_eq!(seat.pop(0), Err(NoPop::Empty));
    });
}

#[test]
fn what_was_put_back_comes_again() {
    play(|| {
        let seat = Seat::new(1);
        seat.push(0, 1).unwrap();
        let other = seat.thread(|seat| {
            let ring = seat.ring();
            let mut bytes = [0; 8];
            if let Ok(reading) = ring.claim_read(1, 8, &seat) {
                reading.read(&mut bytes);
                reading.put_back();
            }
        });
        match seat.pop(0) {
            Ok((n, _)) => {
                assert_eq!(n, 1);
                // The next one writes where the other one has read.
                seat.push(0, 2).unwrap();
            }
            Err(why) => assert!(matches!(why, NoPop::Empty | NoPop::Busy(Some(1))), "{why:?}"),
        }
        other.join().unwrap();
        assert!(seat.pop(0).is_ok());
        assert_eq!(seat.pop(0), Err(NoPop::Empty));
    });
}

#[test]
fn what_is_to_come_again_is_not_forgotten() {
    play(|| {
        let seat = Seat::new(2);
        (1..=2).for_each(|n| seat.push(0, n).unwrap());
        // Slot 1 died with the first; slot 2 puts the second back, while slot 0 looks for the first.
        assert_eq!(pop_and_die(&seat, 1, 1), None);
        let other = seat.thread(|seat| {
            seat.ring().recover(1);
            let ring = seat.ring();
            if let Ok(reading) = ring.claim_read(2, 8, &seat) {
                reading.put_back();
            }
        });
        let mut got: Vec<u64> = seat.pop(0).into_iter().map(|(n, _)| n).collect();
        other.join().unwrap();
        while let Ok((n, _)) = seat.pop(0) {
            got.push(n);
        }
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
    });
}

#[test]
fn two_who_repair_do_it_once() {
    play(|| {
        let seat = Seat::new(1);
        seat.push(0, 1).unwrap();
        assert_eq!(pop_and_die(&seat, 1, 1), None);
        let other = seat.thread(|seat| {
            let recovered = seat.ring().recover(1);
            (recovered.again, seat.pop(2).ok())
        });
        let recovered = seat.ring().recover(1);
        let mine = seat.pop(0).ok();
        let (again, theirs) = other.join().unwrap();
        assert_eq!(recovered.again + again, 1);
        let left = seat.pop(0).ok();
        let got: Vec<_> = mine.into_iter().chain(theirs).chain(left).collect();
        assert_eq!(got, [(1, true)]);
    });
}

#[test]
fn empty_means_that_nothing_is_to_come_again() {
    play(|| {
        let seat = Seat::new(1);
        seat.push(0, 1).unwrap();
        assert_eq!(pop_and_die(&seat, 1, 1), None);
        let other = seat.thread(|seat| {
            assert_eq!(seat.ring().recover(1).dropped, 0);
            // It is there now, or the other one has it.
            seat.pop(2)
        });
        let mine = seat.pop(0);
        let theirs = other.join().unwrap();
        match (mine, theirs) {
            (Ok((1, true)), Err(NoPop::Empty | NoPop::Busy(Some(0)))) => {}
            (Err(NoPop::Empty | NoPop::Busy(Some(_))), Ok((1, true))) => {}
            odd => panic!("{odd:?}"),
        }
    });
}
