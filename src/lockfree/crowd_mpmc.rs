//! The ring of cells in a crowd: many who push, many who pop, some of whom die in a move. Each name is the sentence it checks.

use super::loom_mpmc::Seat;
use super::mpmc::{Holders, NoPop, NoPush};
use crate::shim::{AtomicU32, Ordering};
use loom::rand::{Rng, thread_rng};
use loom::thread;
use std::sync::Arc;

const PUSHERS: u32 = 4;
const POPPERS: u32 = 4;
/// Of each pusher.
const ITEMS: u64 = 20;
const CELLS: u32 = 4;
/// Who pops what is left.
const LAST: u32 = PUSHERS + POPPERS;

fn seat() -> Seat {
    Seat::of(CELLS, &[1; LAST as usize + 1])
}

/// What whoever waits does: others go on, and what the dead had comes free.
fn sweep(seat: &Seat) {
    thread::yield_now();
    (0..LAST).filter(|slot| seat.is_dead(*slot)).for_each(|slot| _ = seat.ring().recover(slot));
}

/// Pushes all of its own, which go up; or dies in the middle of one. Tells how many it has pushed.
fn push(seat: &Seat, me: u32, may_die: bool) -> u64 {
    let last = if may_die { thread_rng().gen_range(0..=ITEMS) } else { ITEMS };
    for n in 0..last {
        while let Err(why) = seat.push(me, u64::from(me) * ITEMS + n) {
            assert!(matches!(why, NoPush::Full | NoPush::Busy(_)), "{why:?}");
            sweep(seat);
        }
    }
    if last < ITEMS {
        if let Ok(writing) = seat.ring().claim_write(me, seat) {
            std::mem::forget(writing);
        }
        seat.die(me);
    }
    last
}

/// Pops until nobody pushes any more and it is empty; or dies with one in its hand.
fn pop(seat: &Seat, me: u32, over: &AtomicU32, may_die: bool) -> Vec<u64> {
    let mut got = Vec::new();
    loop {
        if may_die && thread_rng().gen_ratio(1, 16) {
            if let Ok(reading) = seat.ring().claim_read(me, 8, seat) {
                std::mem::forget(reading);
            }
            seat.die(me);
            return got;
        }
        let is_over = over.load(Ordering::Acquire) != 0;
        match seat.pop(me) {
            Ok((n, _)) => got.push(n),
            Err(NoPop::Empty) if is_over => return got,
            Err(NoPop::Empty | NoPop::Busy(_)) => sweep(seat),
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// All push and pop; half of each may die.
fn play(may_die: bool) {
    let (seat, over) = (seat(), Arc::new(AtomicU32::new(0)));
    let pushers: Vec<_> =
        (0..PUSHERS).map(|me| seat.thread(move |seat| push(&seat, me, may_die && me % 2 == 0))).collect();
    let poppers: Vec<_> = (PUSHERS..LAST)
        .map(|me| {
            let over = over.clone();
            seat.thread(move |seat| pop(&seat, me, &over, may_die && me % 2 == 0))
        })
        .collect();
    let pushed: Vec<u64> = pushers.into_iter().map(|it| it.join().unwrap()).collect();
    over.store(1, Ordering::Release);
    let mut all: Vec<u64> = Vec::new();
    for popper in poppers {
        let got = popper.join().unwrap();
        for me in 0..u64::from(PUSHERS) {
            let of_one: Vec<u64> = got.iter().copied().filter(|n| n / ITEMS == me).collect();
            assert!(may_die || of_one.is_sorted(), "{of_one:?}");
        }
        all.extend(got);
    }
    sweep(&seat);
    all.extend(pop(&seat, LAST, &over, false));
    all.sort_unstable();
    let sent = pushed.iter().zip(0..).flat_map(|(count, me)| (0..*count).map(move |n| me * ITEMS + n));
    assert!(all.iter().copied().eq(sent), "{all:?} of {pushed:?}");
}

#[test]
fn many_who_push_and_pop_lose_and_double_nothing() {
    loom::model(|| play(false));
}

#[test]
fn those_who_die_in_a_move_lose_and_double_nothing() {
    loom::model(|| play(true));
}
