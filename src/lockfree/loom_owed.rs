//! Models of what is owed, beside a ring. Each name is the sentence it checks.
//!
//! A death is a claim forgotten at some step, as in the models of the ring. Whoever has slot n is a process of its own.

use super::mpmc::layout::Words as RingWords;
use super::mpmc::memory::Place as RingPlace;
use super::mpmc::{Holders, Ring};
use super::owed::clear::Clear;
use super::owed::layout::{Note, Ticket, Words};
use super::owed::memory::Place;
use super::owed::next::{Getter, Next, NoNext, next};
use super::owed::{Debtor, Debts, NoDebt, NoTake, Threads, finish, settle};
use crate::shim::cells::Cells;
use crate::shim::{AtomicU32, Ordering, sleep};
use crate::sync::event_count::EventCount;
use loom::thread::{self, JoinHandle};
use std::cell::Cell;
use std::sync::Arc;

struct Yard {
    ring: RingWords,
    ring_cells: Cells,
    words: Words,
    cells: Cells,
    notes: Vec<Note>,
    settled: EventCount,
    /// By slot: whether its thread, which is its process, is there. Slot 3 is not from the beginning.
    alive: [AtomicU32; 4],
}

#[derive(Clone)]
struct Seat(Arc<Yard>);

impl RingPlace for Seat {
    fn words(&self) -> &RingWords {
        &self.0.ring
    }
    fn cells(&self) -> &Cells {
        &self.0.ring_cells
    }
}

/// The other memory of the same yard.
#[derive(Clone)]
struct Shelf(Arc<Yard>);

impl Place for Shelf {
    fn words(&self) -> &Words {
        &self.0.words
    }
    fn cells(&self) -> &Cells {
        &self.0.cells
    }
    fn notes(&self) -> &[Note] {
        &self.0.notes
    }
}

impl Holders for Seat {
    fn is_dead(&self, slot: u32) -> bool {
        self.0.alive[slot as usize].load(Ordering::Acquire) == 0 // edge: alive
    }
}

impl Threads for Seat {
    fn is_dead(&self, thread: u32) -> bool {
        Holders::is_dead(self, thread & 3)
    }
}

fn token(slot: u32) -> u32 {
    1 << 29 | slot
}

fn by(slot: u32) -> Debtor {
    Debtor { thread: token(slot), process: token(slot), copies: false }
}

/// What was got: the number, whether it is flagged, and its ticket.
type Got = (u64, bool, Option<Ticket>);

impl Seat {
    fn new(capacity: u32, cells: u32) -> Seat {
        let notes = (0..cells).map(|_| Note::new()).collect();
        Seat(Arc::new(Yard {
            ring: RingWords::starting_at(0),
            ring_cells: Cells::zeroed(capacity, 1),
            words: Words::new(),
            cells: Cells::zeroed(cells, 1),
            notes,
            settled: EventCount::new(),
            alive: [1, 1, 1, 0].map(AtomicU32::new),
        }))
    }

    /// With as many messages as fit: 1, 2 and so on.
    fn full(capacity: u32, cells: u32) -> Seat {
        let seat = Seat::new(capacity, cells);
        (1..=u64::from(capacity)).for_each(|n| seat.push(n));
        seat
    }

    fn ring(&self) -> Ring<Seat> {
        Ring::open(self.clone()).unwrap()
    }

    fn debts(&self) -> Debts<Shelf> {
        Debts::open(Shelf(self.0.clone()), 1)
    }

    fn push(&self, n: u64) {
        self.ring().try_push(0, n as u32, &n.to_ne_bytes(), self).unwrap();
    }

    /// The kernel marks the alive word of a dead one.
    fn die(&self, slot: u32) {
        self.0.alive[slot as usize].store(0, Ordering::Release); // edge: alive
    }

    /// Whoever finds somebody dead clears up behind him, as a sweep does.
    fn sweep(&self, slot: u32) -> bool {
        let dead = Holders::is_dead(self, slot);
        if dead {
            self.ring().recover(slot);
            self.debts().recover_thread(token(slot));
            self.debts().recover_process(token(slot), &self.ring());
        }
        dead
    }

    fn get(&self, me: u32, owing: bool) -> Result<Got, NoNext> {
        self.get_until(me, owing, u32::MAX).map(Option::unwrap)
    }

    /// Gets, and dies after so many steps.
    fn get_until(&self, me: u32, owing: bool, steps: u32) -> Result<Option<Got>, NoNext> {
        let (ring, debts) = (self.ring(), self.debts());
        let mut bytes = [0; 8];
        let owes_from = owing.then_some(0);
        let getter = Getter { slot: me, thread: token(me), longest: 8.into(), owes_from };
        match next(&ring, &debts, getter, self)? {
            Next::Ring(reading, None) => {
                reading.read(&mut bytes);
                if steps == 0 {
                    std::mem::forget(reading);
                    return Ok(None);
                }
                let item = finish(&debts, reading, None);
                Ok(Some((u64::from_ne_bytes(bytes), item.again, None)))
            }
            Next::Ring(reading, Some(filling)) => {
                let item = reading.item();
                reading.read(&mut bytes);
                if steps > 0 {
                    filling.fill(item, &bytes);
                }
                if steps < 2 {
                    std::mem::forget((reading, filling));
                    return Ok(None);
                }
                if steps == 2 {
                    filling.commit(by(me));
                    std::mem::forget(reading);
                    return Ok(None);
                }
                let ticket = settle(filling, reading, by(me));
                Ok((steps > 3).then_some((u64::from_ne_bytes(bytes), item.again, Some(ticket))))
            }
            Next::Back(taking) => {
                taking.read(&mut bytes);
                if steps < 2 {
                    std::mem::forget(taking);
                    return Ok(None);
                }
                let again = taking.item().again;
                let ticket = if owing {
                    Some(taking.commit(by(me)))
                } else {
                    taking.finish();
                    None
                };
                Ok((steps > 3).then_some((u64::from_ne_bytes(bytes), again, ticket)))
            }
        }
    }

    fn done(&self, me: u32, ticket: Option<Ticket>) -> Result<(), NoDebt> {
        self.debts().done(ticket.unwrap(), token(me), 0).map(drop)
    }

    fn put_back(&self, me: u32, ticket: Option<Ticket>) {
        self.debts().put_back(ticket.unwrap(), token(me)).unwrap();
    }

    /// Everything that can be got by slot 0, who acknowledges each; and then it is empty.
    fn drain(&self) -> Vec<(u64, bool)> {
        let mut all = Vec::new();
        loop {
            match self.get(0, true) {
                Ok((n, again, ticket)) => {
                    all.push((n, again));
                    self.done(0, ticket).unwrap();
                }
                Err(why) => {
                    assert_eq!(why, NoNext::Empty);
                    return all;
                }
            }
        }
    }

    fn thread<T: 'static>(&self, f: impl FnOnce(Seat) -> T + 'static) -> JoinHandle<T> {
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

/// Checks a model twice, the second time from where the other threads went first: see the models of the ring.
fn play(model: impl Fn() + Sync + Send + 'static) {
    let model = Arc::new(model);
    for others_first in [false, true] {
        OTHERS_FIRST.set(others_first);
        let model = model.clone();
        loom::model(move || model());
    }
    OTHERS_FIRST.set(false);
}

/// Writes to the only cell, if it is free.
fn write_over(seat: &Seat, me: u32) {
    let (ring, debts) = (seat.ring(), seat.debts());
    if let Some(filling) = debts.claim(token(me), 0, seat)
        && let Ok(reading) = ring.claim_read(me, 8, seat)
    {
        filling.fill(reading.item(), &[9; 8]);
    }
}

#[test]
fn a_debt_that_is_paid_is_no_longer_read() {
    play(|| {
        let seat = Seat::full(2, 1);
        let (_, _, ticket) = seat.get(1, true).unwrap();
        // The tag of a message is its number.
        let other = seat.thread(move |seat| seat.debts().done(ticket.unwrap(), token(1), 1).unwrap());
        write_over(&seat, 0);
        assert_eq!(other.join().unwrap().bytes[..8], 1_u64.to_ne_bytes());
    });
}

#[test]
fn what_was_taken_for_good_is_no_longer_read() {
    play(|| {
        let seat = Seat::full(2, 1);
        let (_, _, ticket) = seat.get(1, true).unwrap();
        seat.put_back(1, ticket);
        let other = seat.thread(|seat| assert_eq!(seat.get(1, false), Ok((1, true, None))));
        write_over(&seat, 0);
        other.join().unwrap();
    });
}

#[test]
fn a_cell_given_up_is_no_longer_written() {
    play(|| {
        let seat = Seat::full(2, 1);
        let other = seat.thread(|seat| write_over(&seat, 1));
        write_over(&seat, 0);
        other.join().unwrap();
    });
}

#[test]
fn what_a_dead_one_filled_is_no_longer_written() {
    play(|| {
        let seat = Seat::full(2, 1);
        let dying = seat.thread(|seat| {
            let _ = seat.get_until(1, true, 1);
            seat.die(1);
        });
        let other = seat.thread(|seat| {
            if Holders::is_dead(&seat, 1) {
                seat.debts().recover_thread(token(1));
            }
        });
        // Only if it is free: who finds him dead himself is told with that.
        if seat.debts().is_free() {
            write_over(&seat, 0);
        }
        other.join().unwrap();
        dying.join().unwrap();
    });
}

#[test]
fn who_fills_is_never_robbed() {
    play(|| {
        let seat = Seat::full(2, 1);
        // Who finds no cell free looks whether those are dead who fill one.
        let other = seat.thread(|seat| seat.get(1, true).ok());
        // It comes now, and only then claims.
        seat.0.alive[3].store(1, Ordering::Relaxed);
        let mine = seat.get(3, true).ok();
        let theirs = other.join().unwrap();
        let both = mine.into_iter().map(|got| (3, got)).chain(theirs.into_iter().map(|got| (1, got)));
        let mut all: Vec<u64> = both
            .map(|(me, (n, again, ticket))| {
                assert!(!again);
                assert_eq!(seat.done(me, ticket), Ok(()), "the debt is there");
                n
            })
            .collect();
        all.extend(seat.drain().into_iter().map(|(n, _)| n));
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
    });
}

#[test]
fn who_takes_is_never_robbed() {
    play(|| {
        let seat = Seat::full(1, 1);
        let (_, _, ticket) = seat.get(1, true).unwrap();
        seat.put_back(1, ticket);
        let other = seat.thread(|seat| seat.get(1, true).ok());
        seat.0.alive[3].store(1, Ordering::Relaxed);
        let mine = seat.get(3, true).ok();
        match (mine, other.join().unwrap()) {
            (Some((1, true, ticket)), None) => assert_eq!(seat.done(3, ticket), Ok(())),
            (None, Some((1, true, ticket))) => assert_eq!(seat.done(1, ticket), Ok(())),
            odd => panic!("{odd:?}"),
        }
        assert_eq!(seat.drain(), []);
    });
}

#[test]
fn a_debt_is_whole_before_it_is_paid() {
    play(|| {
        let seat = Seat::full(2, 1);
        let (_, _, ticket) = seat.get(1, true).unwrap();
        seat.done(1, ticket).unwrap();
        // Another thread of the process acknowledges whatever it owes.
        let other = seat.thread(|seat| {
            let debts = seat.debts();
            let oldest = debts.oldest(token(1), token(2), &seat.ring(), &seat)?;
            debts.done(oldest, token(1), 2).ok()
        });
        let (n, again, ticket) = seat.get(1, true).unwrap();
        assert_eq!((n, again), (2, false));
        let paid = other.join().unwrap();
        assert!(paid.is_none_or(|paid| paid.tag == 2 && paid.bytes[..8] == 2_u64.to_ne_bytes()));
        let over = seat.done(1, ticket);
        assert_eq!(over, if paid.is_some() { Err(NoDebt::Over) } else { Ok(()) });
    });
}

#[test]
fn what_was_put_back_is_whole() {
    play(|| {
        let seat = Seat::full(1, 1);
        let other = seat.thread(|seat| {
            let (_, _, ticket) = seat.get(1, true)?;
            seat.put_back(1, ticket);
            Ok::<(), NoNext>(())
        });
        let taken = match seat.debts().take(token(0), 8, &seat) {
            Ok(taking) => {
                let mut bytes = [0; 8];
                taking.read(&mut bytes);
                assert_eq!(u64::from_ne_bytes(bytes), 1);
                taking.finish();
                true
            }
            Err(why) => {
                assert_eq!(why, NoTake::Nothing);
                false
            }
        };
        other.join().unwrap().unwrap();
        assert_eq!(seat.drain(), if taken { vec![] } else { vec![(1, true)] });
    });
}

#[test]
fn what_two_take_is_written_over_only_after_both() {
    play(|| {
        let seat = Seat::full(2, 1);
        let (_, _, ticket) = seat.get(1, true).unwrap();
        seat.put_back(1, ticket);
        let other = seat.thread(|seat| {
            // The one reads and dies, the other gives back what he had.
            let (debts, mut bytes) = (seat.debts(), [0; 8]);
            if let Ok(taking) = debts.take(token(1), 8, &seat) {
                taking.read(&mut bytes);
                drop(taking);
            }
        });
        let dying = seat.thread(|seat| {
            let debts = seat.debts();
            if let Ok(taking) = debts.take(token(2), 8, &seat) {
                taking.read(&mut [0; 8]);
                std::mem::forget(taking);
            }
            seat.die(2);
            debts.recover_thread(token(2));
        });
        if let Ok((1, true, None)) = seat.get(0, false) {
            write_over(&seat, 0);
        }
        other.join().unwrap();
        dying.join().unwrap();
    });
}

#[test]
fn who_is_told_that_something_is_back_finds_it() {
    play(|| {
        let seat = Seat::full(1, 1);
        let (_, _, ticket) = seat.get(1, true).unwrap();
        let other = seat.thread(|seat| {
            let debts = seat.debts();
            debts.told() & 1 == 0 || debts.take(token(0), 8, &seat).is_ok()
        });
        seat.put_back(1, ticket);
        assert!(other.join().unwrap());
    });
}

#[test]
fn what_is_back_is_told_as_long_as_it_is() {
    play(|| {
        let seat = Seat::full(2, 2);
        let tickets = [1, 2].map(|me| seat.get(me, true).unwrap().2);
        seat.put_back(1, tickets[0]);
        seat.debts().take(token(0), 8, &seat).unwrap().finish();
        // It was said that something is back, and nothing is; who looks now says so, if it stays like that.
        let other =
            seat.thread(|seat| seat.debts().take(token(0), 8, &seat).map(|taking| taking.finish()).is_ok());
        seat.put_back(2, tickets[1]);
        let taken = other.join().unwrap();
        assert!(taken || seat.debts().seems_back());
    });
}

#[test]
fn nothing_is_called_empty_while_something_is_back() {
    play(|| {
        let seat = Seat::full(4, 2);
        let tickets = [1, 1].map(|me| seat.get(me, true).unwrap().2);
        seat.done(1, tickets[0]).unwrap();
        let newer = seat.get(1, true).unwrap().2; // in the first cell
        let other = seat.thread(|seat| seat.get(2, false));
        // One comes back, and only then the last one leaves the ring; a newer one comes back, and only then the older
        // one is taken.
        seat.put_back(1, tickets[1]);
        if let Ok(reading) = seat.ring().claim_read(1, 8, &seat) {
            reading.finish();
        }
        seat.put_back(1, newer);
        let _ = seat.get(1, false);
        if let Err(why) = other.join().unwrap() {
            assert!(matches!(why, NoNext::Busy(_)), "{why:?}");
        }
    });
}

#[test]
fn a_debt_is_known_before_the_ring_forgets() {
    play(|| {
        let seat = Seat::full(1, 1);
        let debts = seat.debts();
        let upto = debts.latest(&seat.ring()).unwrap();
        let other = seat.thread(|seat| seat.get(1, true).unwrap());
        assert!(!debts.is_settled(upto, &seat.ring()), "nobody has acknowledged it");
        let (_, _, ticket) = other.join().unwrap();
        seat.done(1, ticket).unwrap();
        assert!(debts.is_settled(upto, &seat.ring()));
    });
}

#[test]
fn who_joins_sleeps_no_longer_than_the_last_debt() {
    play(|| {
        let seat = Seat::full(1, 1);
        let other = seat.thread(|seat| {
            let (_, _, ticket) = seat.get(1, true).unwrap();
            seat.done(1, ticket).unwrap();
            seat.0.settled.notify(&());
        });
        let (debts, ring) = (seat.debts(), seat.ring());
        if let Some(upto) = debts.latest(&ring) {
            loop {
                let watch = seat.0.settled.prepare();
                if debts.is_settled(upto, &ring) {
                    break;
                }
                sleep(&[watch], None);
            }
        }
        other.join().unwrap();
    });
}

#[test]
fn who_waits_for_a_cell_is_woken_when_one_is_free() {
    play(|| {
        let seat = Seat::full(2, 1);
        let (_, _, ticket) = seat.get(1, true).unwrap();
        let other = seat.thread(move |seat| {
            seat.done(1, ticket).unwrap();
            seat.0.settled.notify(&());
        });
        let got = loop {
            let watch = seat.0.settled.prepare();
            match seat.get(0, true) {
                Ok(got) => break got,
                Err(why) => assert_eq!(why, NoNext::Owing),
            }
            sleep(&[watch], None);
        };
        assert_eq!((got.0, got.1), (2, false));
        other.join().unwrap();
    });
}

#[test]
fn one_acknowledgement_of_two_counts() {
    play(|| {
        let seat = Seat::full(2, 1);
        let (_, _, ticket) = seat.get(1, true).unwrap();
        let other = seat.thread(move |seat| {
            let first = seat.done(1, ticket);
            // The cell may be another message's now.
            (first, seat.get(1, true).is_ok())
        });
        let mine = seat.done(1, ticket);
        let (theirs, got) = other.join().unwrap();
        assert!(mine.is_ok() != theirs.is_ok(), "{mine:?} {theirs:?}");
        let owed = seat.debts().debtors().count();
        assert_eq!(owed, usize::from(got), "nobody has acknowledged the second");
    });
}

/// Process 1 gets and dies at some step, or gets and acknowledges; the others look on.
fn die_while_getting(steps: u32, finds: bool) {
    play(move || {
        let seat = Seat::full(1, 2);
        let other = seat.thread(move |seat| {
            let got = seat.get_until(1, true, steps);
            let done = match got {
                Ok(Some((1, _, ticket))) if steps > 4 => seat.done(1, ticket).is_ok(),
                _ => false,
            };
            seat.die(1);
            done
        });
        if seat.sweep(1) {
            assert_eq!(seat.drain().len(), usize::from(finds), "once, if it was not acknowledged");
        }
        let done = other.join().unwrap();
        seat.sweep(1);
        let drained = seat.drain();
        assert!(drained.iter().all(|(_, again)| *again));
        assert!(drained.len() <= usize::from(finds) && (!done || drained.is_empty()), "{drained:?}");
        assert!(seat.debts().is_free(), "all cells are there");
    });
}

#[test]
fn what_a_dead_one_owed_comes_again_once() {
    (0..=4).for_each(|steps| die_while_getting(steps, true));
}

#[test]
fn what_a_dead_one_has_acknowledged_does_not_come_again() {
    die_while_getting(5, false);
}

/// Process 1 has died with the message owed and still in the ring. One gives back what it owed, another one gets.
fn given_back_while_taken_again(owing: bool) {
    play(move || {
        let seat = Seat::full(1, 2);
        assert_eq!(seat.get_until(1, true, 2), Ok(None));
        seat.die(1);
        seat.ring().recover(1);
        let other = seat.thread(|seat| {
            seat.debts().recover_process(token(1), &seat.ring());
        });
        let (n, again, ticket) = seat.get(0, owing).unwrap();
        assert_eq!((n, again), (1, true));
        if owing {
            seat.done(0, ticket).unwrap();
        }
        other.join().unwrap();
        assert_eq!(seat.drain(), [], "it was got, and acknowledged");
    });
}

#[test]
fn what_comes_again_from_the_ring_does_not_come_back_too() {
    [true, false].into_iter().for_each(given_back_while_taken_again);
}

#[test]
fn what_two_get_again_one_after_the_other_is_owed_once() {
    play(|| {
        let seat = Seat::full(1, 2);
        assert_eq!(seat.get_until(1, true, 2), Ok(None));
        seat.die(1);
        seat.ring().recover(1);
        let other = seat.thread(|seat| {
            let got = seat.get_until(2, true, 2).is_ok();
            seat.die(2);
            got
        });
        seat.debts().recover_process(token(1), &seat.ring());
        other.join().unwrap();
        seat.sweep(2);
        assert_eq!(seat.drain(), [(1, true)]);
    });
}

/// What a handle's look has told it, while others put, got and gave back.
fn a_look_beside(act: impl Fn(&Seat) + Copy + Send + Sync + 'static, left: &'static [(u64, bool)]) {
    play(move || {
        let (seat, clear) = (Seat::new(1, 1), Clear::new());
        let other = seat.thread(move |seat| act(&seat));
        clear.learn((&seat.ring(), &seat.debts()), 0, 2);
        other.join().unwrap();
        assert!(!clear.is_so(&seat.ring()), "it is there");
        assert_eq!(seat.drain(), left);
        assert!(clear.learn((&seat.ring(), &seat.debts()), 0, 2).2 && clear.is_so(&seat.ring()));
    });
}

#[test]
fn a_queue_is_not_taken_for_clear_when_something_was_put() {
    a_look_beside(|seat| seat.push(1), &[(1, false)]);
}

#[test]
fn a_queue_is_not_taken_for_clear_when_something_was_given_back() {
    let act = |seat: &Seat| {
        seat.push(1);
        let (_, _, ticket) = seat.get(1, true).unwrap();
        seat.put_back(1, ticket);
    };
    a_look_beside(act, &[(1, true)]);
}

#[test]
fn a_queue_is_not_taken_for_clear_when_who_owes_is_killed() {
    let act = |seat: &Seat| {
        seat.push(1);
        let _ = seat.get(1, true).unwrap();
        seat.die(1);
        assert!(seat.sweep(1));
    };
    a_look_beside(act, &[(1, true)]);
}

/// Two threads share a handle; what one of them has put is there for it, whatever the other has seen.
#[test]
fn who_has_put_something_does_not_take_the_queue_for_clear_because_another_did() {
    play(|| {
        let (seat, clear) = (Seat::new(1, 1), Arc::new(Clear::new()));
        let theirs = clear.clone();
        let other = seat.thread(move |seat| {
            theirs.learn((&seat.ring(), &seat.debts()), 0, 2);
        });
        seat.push(1);
        assert!(!clear.is_so(&seat.ring()));
        let (_, _, ticket) = seat.get(0, true).unwrap();
        assert!(!clear.is_so(&seat.ring()));
        seat.put_back(0, ticket);
        assert!(!clear.is_so(&seat.ring()));
        other.join().unwrap();
        assert!(!clear.is_so(&seat.ring()));
        assert_eq!(seat.drain(), [(1, true)]);
    });
}
