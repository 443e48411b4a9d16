//! The ring on heap memory: arithmetic near the end of positions, exact answers, words that no honest peer writes, and
//! histories of real threads.
#![allow(unsafe_code)] // names the heap memory
#![allow(clippy::unwrap_used)] // a test

use super::layout::{CAPACITY_MAX, Ctl, POSITION, Shape, Sight, State, Words, is_ahead};
use super::memory::{Memory, Place, Word};
use super::{Corrupt, Holders, Item, Longest, NoPop, NoPush, Recovered, Ring};
use crate::shim::cells::Cells;
use crate::shim::{AtomicU64, Ordering};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::BTreeMap;

/// A ring on the heap.
struct Heap {
    words: Words,
    cells: Cells,
    memory: (*mut u8, Layout),
}

// SAFETY: the memory is shared through atomics and `Cells` only.
unsafe impl Sync for Heap {}

impl Heap {
    fn new(bytes: usize, count: u32, start: u64) -> Heap {
        let layout = Layout::from_size_align(bytes * count as usize, 64).unwrap();
        // SAFETY: not of size 0; aligned and long enough for the cells, which nobody uses after `drop`.
        let (base, cells) = unsafe {
            let base = alloc_zeroed(layout);
            (base, Cells::new(base, bytes, count).unwrap())
        };
        let heap = Heap { words: Words::starting_at(start), cells, memory: (base, layout) };
        let shape = Shape::new(count).unwrap();
        for index in 0..count {
            let lap = shape.lap(start);
            let lap = if index < shape.index(start) { shape.next_lap(lap) } else { lap };
            heap.cells.at(index).unwrap().ctl().store(Ctl::new(lap, State::Free, 0).0, Ordering::Relaxed);
        }
        heap
    }

    fn ring(&self) -> Ring<&Heap> {
        Ring::open(self).unwrap()
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout in `new`.
        unsafe { dealloc(self.memory.0, self.memory.1) }
    }
}

impl Place for &Heap {
    fn words(&self) -> &Words {
        &self.words
    }
    fn cells(&self) -> &Cells {
        &self.cells
    }
}

/// The slots whose bit is set are dead ones'.
struct Dead(u64);

impl Holders for Dead {
    fn is_dead(&self, slot: u32) -> bool {
        self.0 >> (slot % 64) & 1 == 1
    }
}

const NOBODY: Dead = Dead(0);

fn push(ring: &Ring<&Heap>, n: u64) -> Result<(), NoPush> {
    ring.try_push(1, n as u32, &n.to_ne_bytes(), &NOBODY)
}

fn pop_as(ring: &Ring<&Heap>, me: u32) -> Result<(u64, Item), NoPop> {
    let mut bytes = [0; 8];
    let item = ring.try_pop(me, &mut bytes, &NOBODY)?;
    assert_eq!((item.len, item.tag), (8, u64::from_ne_bytes(bytes) as u32), "torn");
    Ok((u64::from_ne_bytes(bytes), item))
}

fn pop(ring: &Ring<&Heap>) -> Result<(u64, bool), NoPop> {
    pop_as(ring, 2).map(|(n, item)| (n, item.again))
}

/// Where positions may begin, in a ring of this shape: at 0, and a little before they wrap.
fn starts(count: u32) -> [u64; 3] {
    let shape = Shape::new(count).unwrap();
    let last = shape.lap(POSITION);
    [0, last, last | u64::from(count - 1)]
}

const COUNTS: [u32; 5] = [1, 2, 3, 5, 8];

#[test]
fn items_go_round_whatever_the_capacity_and_the_position() {
    for count in COUNTS {
        for start in starts(count) {
            let heap = Heap::new(64, count, start);
            let ring = heap.ring();
            let n = u64::from(count);
            for lap in 0..40 {
                assert_eq!(pop(&ring), Err(NoPop::Empty));
                (0..n).for_each(|i| push(&ring, lap * n + i).unwrap());
                assert_eq!(push(&ring, 0), Err(NoPush::Full));
                assert_eq!(ring.len(), Ok(count as usize));
                assert_eq!(pop(&ring), Ok((lap * n, false)));
                assert_eq!(push(&ring, 77), Ok(()));
                (1..n).for_each(|i| assert_eq!(pop(&ring), Ok((lap * n + i, false))));
                assert_eq!(pop(&ring), Ok((77, false)));
                assert_eq!(ring.len(), Ok(0));
            }
        }
    }
}

#[test]
fn items_of_every_length_arrive_whole() {
    for (bytes, room) in [(64, 48), (128, 112)] {
        let heap = Heap::new(bytes, 3, 0);
        let ring = heap.ring();
        assert_eq!(ring.memory.room(), room);
        for len in 0..=room {
            let payload: Vec<u8> = (0..len).map(|i| (i * 7 + len) as u8).collect();
            ring.try_push(1, len as u32, &payload, &NOBODY).unwrap();
            let mut into = vec![0; room];
            if len > 0 {
                let small = ring.try_pop(2, &mut into[..len - 1], &NOBODY);
                assert_eq!(small, Err(NoPop::TooSmall(len)));
            }
            let item = ring.try_pop(2, &mut into, &NOBODY).unwrap();
            assert_eq!((item.len, item.tag, item.again), (len, len as u32, false));
            assert_eq!(into[..len], payload);
        }
        assert_eq!(ring.try_push(1, 0, &vec![0; room + 1], &NOBODY), Err(NoPush::TooLong(room)));
        let claim = ring.claim_write(1, &NOBODY).unwrap();
        assert_eq!(claim.publish(0, &vec![0; room + 1]), Err(NoPush::TooLong(room)));
        assert_eq!(pop(&ring), Err(NoPop::Empty));
    }
}

#[test]
fn the_next_of_each_position_is_one_lap_of_cells() {
    for count in [1, 2, 3, 1000, 1 << 20, CAPACITY_MAX] {
        let shape = Shape::new(count).unwrap();
        for start in starts(count) {
            let mut position = start;
            for i in 0..u64::from(count.min(3000)) {
                let index = (u64::from(shape.index(start)) + i) % u64::from(count);
                assert_eq!(u64::from(shape.index(position)), index);
                assert!(shape.has(position));
                let ahead = shape.next_lap(shape.lap(position));
                let sight = |lap| shape.sight(position, Ctl::new(lap, State::Free, 0));
                assert_eq!(sight(shape.lap(position)), Sight::Here);
                assert_eq!(sight(ahead), Sight::Ahead(shape.next(position)));
                let before = Ctl::new(shape.lap(position), State::Full, 3);
                assert_eq!(shape.sight(ahead | index, before), Sight::Behind);
                assert_eq!(shape.sight(shape.next_lap(ahead) | index, before), Sight::Strange);
                position = shape.next(position);
            }
        }
    }
    assert!(Shape::new(0).is_none() && Shape::new(CAPACITY_MAX + 1).is_none());
}

#[test]
fn a_hint_that_lags_many_laps_finds_its_way() {
    for count in COUNTS {
        let heap = Heap::new(64, count, 0);
        let ring = heap.ring();
        for n in 0..100 {
            push(&ring, n).unwrap();
            assert_eq!(pop(&ring), Ok((n, false)));
        }
        push(&ring, 100).unwrap();
        heap.words.tail.0.store(0, Ordering::Relaxed);
        heap.words.head.0.store(0, Ordering::Relaxed);
        assert_eq!(ring.len(), Ok(1));
        let pushed = push(&ring, 101);
        assert_eq!(pushed, if count == 1 { Err(NoPush::Full) } else { Ok(()) });
        heap.words.head.0.store(0, Ordering::Relaxed);
        assert_eq!(pop(&ring), Ok((100, false)));
    }
}

#[test]
fn whoever_is_in_the_middle_is_named() {
    let heap = Heap::new(64, 2, 0);
    let ring = heap.ring();
    let writing = ring.claim_write(5, &NOBODY).unwrap();
    assert_eq!(pop(&ring), Err(NoPop::Busy(Some(5))));
    assert_eq!(push(&ring, 2), Ok(()));
    assert_eq!(pop(&ring), Err(NoPop::Busy(Some(5))), "not out of turn");
    assert_eq!(push(&ring, 3), Err(NoPush::Busy(Some(5))));
    writing.publish(1, &1_u64.to_ne_bytes()).unwrap();
    assert_eq!(push(&ring, 3), Err(NoPush::Full));
    let reading = ring.claim_read(6, 8, &NOBODY).unwrap();
    assert_eq!(push(&ring, 3), Err(NoPush::Busy(Some(6))));
    assert_eq!(pop(&ring), Ok((2, false)));
    assert_eq!(pop(&ring), Err(NoPop::Empty));
    assert_eq!(reading.finish().position, 0);
    assert_eq!(push(&ring, 3), Ok(()));
}

#[test]
fn what_was_put_back_comes_first_and_flagged_only_if_it_was() {
    for start in starts(3) {
        let heap = Heap::new(64, 3, start);
        let ring = heap.ring();
        (1..=3).for_each(|n| push(&ring, n).unwrap());
        let (one, two) = (ring.claim_read(5, 8, &NOBODY).unwrap(), ring.claim_read(6, 8, &NOBODY).unwrap());
        two.put_back();
        one.put_back();
        assert_eq!(push(&ring, 4), Err(NoPush::Full));
        assert_eq!(ring.len(), Ok(3));
        assert_eq!(pop(&ring), Ok((1, false)));
        ring.claim_read(5, 8, &NOBODY).unwrap().put_back();
        assert_eq!(pop(&ring), Ok((2, false)));
        // One who died may have seen it, whatever it was before; and then it stays so.
        ring.claim_read(5, 8, &NOBODY).unwrap().put_back();
        std::mem::forget(ring.claim_read(6, 8, &NOBODY).unwrap());
        assert_eq!(ring.recover(6), Recovered { dropped: 0, again: 1 });
        ring.claim_read(5, 8, &NOBODY).unwrap().put_back();
        assert_eq!([pop(&ring), pop(&ring)], [Ok((3, true)), Err(NoPop::Empty)]);
        assert_eq!(heap.words.again.0.load(Ordering::Relaxed) & 1, 0, "nobody looks any more");
    }
}

#[test]
fn a_dead_one_is_repaired_by_whoever_meets_it() {
    let heap = Heap::new(64, 2, 0);
    let ring = heap.ring();
    std::mem::forget(ring.claim_write(5, &NOBODY).unwrap());
    push(&ring, 2).unwrap();
    let mut bytes = [0; 8];
    let item = ring.try_pop(1, &mut bytes, &Dead(1 << 5)).unwrap();
    assert_eq!((item.tag, item.again), (2, false));
    push(&ring, 3).unwrap();
    push(&ring, 4).unwrap();
    std::mem::forget(ring.claim_read(6, 8, &NOBODY).unwrap());
    assert_eq!(ring.try_push(1, 0, &[], &Dead(1 << 6)), Err(NoPush::Full));
    assert_eq!([pop(&ring), pop(&ring), pop(&ring)], [Ok((3, true)), Ok((4, false)), Err(NoPop::Empty)]);
}

#[test]
fn who_died_with_what_came_again_is_left_to_the_sweep() {
    let heap = Heap::new(64, 1, 0);
    let ring = heap.ring();
    push(&ring, 1).unwrap();
    ring.claim_read(5, 8, &NOBODY).unwrap().put_back();
    std::mem::forget(ring.claim_read(6, 8, &NOBODY).unwrap());
    let dead = Dead(1 << 6);
    assert_eq!(ring.try_push(1, 0, &[], &dead), Err(NoPush::Busy(Some(6))));
    assert_eq!(ring.try_pop(1, &mut [0; 8], &dead), Err(NoPop::Busy(Some(6))));
    assert_eq!(ring.recover(6), Recovered { dropped: 0, again: 1 });
    assert_eq!(ring.recover(6), Recovered::default());
    assert_eq!(pop(&ring), Ok((1, true)));
}

#[test]
fn recover_takes_from_the_dead_only() {
    let heap = Heap::new(64, 4, 0);
    let ring = heap.ring();
    (1..=2).for_each(|n| push(&ring, n).unwrap()); // of length 8: no slot is meant
    std::mem::forget(ring.claim_read(6, 8, &NOBODY).unwrap());
    std::mem::forget(ring.claim_write(6, &NOBODY).unwrap());
    let other = ring.claim_write(7, &NOBODY).unwrap();
    assert_eq!(ring.recover(8), Recovered::default());
    assert_eq!(ring.recover(6), Recovered { dropped: 1, again: 1 });
    other.publish(3, &3_u64.to_ne_bytes()).unwrap();
    assert_eq!([pop(&ring), pop(&ring), pop(&ring)], [Ok((1, true)), Ok((2, false)), Ok((3, false))]);
    assert_eq!(pop(&ring), Err(NoPop::Empty));
}

#[test]
fn a_position_tells_whether_its_item_is_there() {
    let heap = Heap::new(64, 2, 0);
    let ring = heap.ring();
    let writing = ring.claim_write(1, &NOBODY).unwrap();
    let position = writing.position();
    assert!(!ring.has(position), "not yet");
    writing.publish(0, &[]).unwrap();
    assert!(ring.has(position) && !ring.has(position + 1) && !ring.has(u64::MAX));
    let reading = ring.claim_read(2, 8, &NOBODY).unwrap();
    assert!(ring.has(position));
    let held = ring.cells().find(|seen| seen.position == position).unwrap();
    assert_eq!((held.state, held.holder), (State::Reading, Some(2)));
    reading.put_back();
    assert!(ring.has(position));
    assert_eq!(ring.claim_read(2, 8, &NOBODY).unwrap().finish().position, position);
    assert!(!ring.has(position), "any more");
}

#[test]
fn looks_that_cost_little_say_what_is_likely() {
    let heap = Heap::new(64, 1, 0);
    let ring = heap.ring();
    assert!(ring.seems_pushable() && !ring.seems_poppable());
    push(&ring, 1).unwrap();
    assert!(!ring.seems_pushable() && ring.seems_poppable());
    let reading = ring.claim_read(2, 8, &NOBODY).unwrap();
    assert!(!ring.seems_pushable() && !ring.seems_poppable());
    reading.put_back();
    assert!(!ring.seems_pushable() && ring.seems_poppable());
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    fn position(&mut self) -> u64 {
        match self.below(3) {
            0 => self.next(),
            1 => self.below(40),
            _ => POSITION - self.below(40),
        }
    }
}

fn any_move(random: &mut Random, ring: &Ring<&Heap>) {
    let (me, mut bytes) = (random.below(4096) as u32, [0; 48]);
    let len = random.below(49) as usize;
    let dead = Dead(random.next());
    match random.below(8) {
        0 => drop(ring.try_push(me, 1, &bytes[..len], &dead)),
        1 => drop(ring.try_pop(me, &mut bytes[..len], &dead)),
        2 => drop(ring.claim_write(me, &dead)),
        3 => drop(ring.claim_read(me, Longest { bytes: len, names: [0, 16][len % 2] }, &dead)),
        4 => assert!(ring.recover(me).dropped <= 5),
        5 => drop(ring.len()),
        6 => assert!(ring.cells().count() <= 5),
        _ => {
            let _ = (ring.has(random.position()), ring.seems_poppable(), ring.seems_pushable());
            let _ = ring.is_full();
        }
    }
}

#[test]
fn no_words_make_the_ring_stray_or_go_on_for_ever() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..3000 {
        let count = 1 + random.below(5) as u32;
        let start = starts(count)[random.below(3) as usize];
        let heap = Heap::new(64, count, start);
        let ring = heap.ring();
        for _ in 0..60 {
            any_move(&mut random, &ring);
            let index = random.below(count.into()) as u32;
            match random.below(12) {
                0 => heap.words.tail.0.store(random.position(), Ordering::Relaxed),
                1 => heap.words.head.0.store(random.position(), Ordering::Relaxed),
                2 => heap.words.again.0.store(random.next(), Ordering::Relaxed),
                3 => heap.cells.at(index).unwrap().ctl().store(random.next(), Ordering::Relaxed),
                4 => {
                    let word = random.position() << 16 | random.below(7) << 12 | random.below(60);
                    heap.cells.at(index).unwrap().ctl().store(word, Ordering::Relaxed);
                }
                5 => heap.cells.at(index).unwrap().header().store(random.next(), Ordering::Relaxed),
                _ => {}
            }
        }
    }
}

#[test]
fn a_geometry_that_is_none_is_refused() {
    // SAFETY: nothing is read: there are no cells of that kind.
    let of = |bytes, count| unsafe { Cells::new(std::ptr::without_provenance_mut(64), bytes, count) };
    assert!(of(64, 0).is_none() && of(16, 4).is_none() && of(72, 4).is_none() && of(144, 4).is_none());
    let heap = Heap::new(64, 2, 0);
    heap.words.tail.0.store(POSITION + 1, Ordering::Relaxed);
    assert_eq!(push(&heap.ring(), 1), Err(NoPush::Corrupt));
    assert_eq!(Err(Corrupt), Ring::open(Huge).map(drop));
}

/// More cells than a position can name.
struct Huge;

impl Memory for Huge {
    type Cell<'m> = ();
    fn capacity(&self) -> u32 {
        CAPACITY_MAX + 1
    }
    fn room(&self) -> usize {
        8
    }
    fn cell(&self, _: u32) -> Option<()> {
        Some(())
    }
    fn room_of(&self, (): ()) -> usize {
        8
    }
    fn load(&self, _: Word<()>, _: Ordering) -> u64 {
        0
    }
    fn store(&self, _: Word<()>, _: u64, _: Ordering) {}
    fn swap(&self, _: Word<()>, _: u64, _: u64, _: Ordering) -> bool {
        false
    }
    fn write(&self, (): (), _: &[u8]) {}
    fn read(&self, (): (), _: &mut [u8]) {}
}

/// What a call answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Pushed(u64),
    Popped(u64),
    Full,
    Empty,
}

/// A call with the instants between which it lies.
type Call = (u64, u64, Answer);

/// Calls of one thread until `quota` items were moved; at most so many calls are written down without one.
fn record(ring: &Ring<&Heap>, clock: &AtomicU64, me: u32, pushes: bool, quota: u64) -> Vec<Call> {
    let (mut calls, mut moved, now) = (Vec::new(), 0, || clock.fetch_add(1, Ordering::SeqCst));
    while moved < quota {
        let id = u64::from(me) << 32 | moved;
        let begin = now();
        let answer = if pushes {
            match ring.try_push(me, id as u32, &id.to_ne_bytes(), &NOBODY) {
                Ok(()) => Some(Answer::Pushed(id)),
                Err(NoPush::Full) => Some(Answer::Full),
                Err(why) => {
                    assert!(matches!(why, NoPush::Busy(_)), "{why:?}");
                    None
                }
            }
        } else {
            match pop_as(ring, me) {
                Ok((id, item)) => {
                    assert!(!item.again);
                    Some(Answer::Popped(id))
                }
                Err(NoPop::Empty) => Some(Answer::Empty),
                Err(why) => {
                    assert!(matches!(why, NoPop::Busy(_)), "{why:?}");
                    None
                }
            }
        };
        let end = now();
        moved += u64::from(matches!(answer, Some(Answer::Pushed(_) | Answer::Popped(_))));
        if answer.is_none() || matches!(answer, Some(Answer::Full | Answer::Empty)) {
            std::thread::yield_now();
        }
        calls.extend(answer.map(|answer| (begin, end, answer)));
    }
    calls
}

/// All calls of pushers and poppers that move so many items each.
fn history(capacity: u32, pushers: u32, poppers: u32, quota: u64) -> Vec<Call> {
    let heap = Heap::new(64, capacity, starts(capacity)[1]);
    let (heap, clock) = (&heap, &AtomicU64::new(1));
    let share = quota * u64::from(pushers) / u64::from(poppers);
    std::thread::scope(|scope| {
        let play = |me, pushes, quota| scope.spawn(move || record(&heap.ring(), clock, me, pushes, quota));
        let threads: Vec<_> = (0..pushers)
            .map(|me| play(me, true, quota))
            .chain((0..poppers).map(|me| play(100 + me, false, share)))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// The pushes and pops of each item, as (begin, end).
type Spans = BTreeMap<u64, (u64, u64)>;

fn spans(calls: &[Call]) -> (Spans, Spans) {
    let (mut pushed, mut popped) = (Spans::new(), Spans::new());
    for (begin, end, answer) in calls {
        let old = match answer {
            Answer::Pushed(id) => pushed.insert(*id, (*begin, *end)),
            Answer::Popped(id) => popped.insert(*id, (*begin, *end)),
            Answer::Full | Answer::Empty => None,
        };
        assert_eq!(old, None, "moved twice: {answer:?}");
    }
    assert!(pushed.keys().eq(popped.keys()), "lost, or never pushed");
    (pushed, popped)
}

/// If one item was pushed before another's push began, it was not popped after the other's pop had ended.
fn assert_in_order(pushed: &Spans, popped: &Spans) {
    let mut begins: Vec<_> = pushed.iter().map(|(id, (begin, _))| (*begin, popped[id].1)).collect();
    begins.sort_unstable();
    // From the back: the earliest end of a pop among those whose push began from here on.
    let mut earliest = begins.clone();
    for i in (0..earliest.len().saturating_sub(1)).rev() {
        earliest[i].1 = earliest[i].1.min(earliest[i + 1].1);
    }
    for (id, (_, end)) in pushed {
        let later = earliest.partition_point(|(begin, _)| begin < end);
        if let Some((_, other_popped)) = earliest.get(later) {
            assert!(popped[id].0 < *other_popped, "{id:#x} was overtaken");
        }
    }
}

/// How many of some instants lie before another.
fn before(sorted: &[u64], instant: u64) -> usize {
    sorted.partition_point(|at| *at < instant)
}

/// Empty: it may be that all that was surely pushed before was popped in time. Full: likewise.
fn assert_exact(calls: &[Call], pushed: &Spans, popped: &Spans, capacity: usize) {
    let sorted = |spans: &Spans, pick: fn(&(u64, u64)) -> u64| {
        let mut all: Vec<u64> = spans.values().map(pick).collect();
        all.sort_unstable();
        all
    };
    let (push_begins, push_ends) = (sorted(pushed, |s| s.0), sorted(pushed, |s| s.1));
    let (pop_begins, pop_ends) = (sorted(popped, |s| s.0), sorted(popped, |s| s.1));
    for (begin, end, answer) in calls {
        match answer {
            Answer::Empty => {
                let (there, gone) = (before(&push_ends, *begin), before(&pop_begins, *end));
                assert!(there <= gone, "Empty with {there} pushed and at most {gone} popped");
            }
            Answer::Full => {
                let (there, gone) = (before(&push_begins, *end), before(&pop_ends, *begin));
                assert!(there >= gone + capacity, "Full with at most {there} pushed and {gone} popped");
            }
            Answer::Pushed(_) | Answer::Popped(_) => {}
        }
    }
}

/// The items of one pusher come to one popper in order.
fn assert_fifo_per_pusher(popped: &Spans) {
    let mut last: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for (id, span) in popped {
        let before = last.insert(id >> 32, *span);
        assert!(before.is_none_or(|before| before.0 < span.1), "{id:#x} came before its elder");
    }
}

#[test]
fn histories_of_real_threads_are_those_of_a_queue() {
    for (capacity, pushers, poppers) in [(1, 1, 1), (1, 2, 2), (2, 2, 1), (3, 1, 2), (3, 2, 2), (16, 3, 3)] {
        let calls = history(capacity, pushers, poppers, 3000);
        let (pushed, popped) = spans(&calls);
        assert_eq!(pushed.len() as u64, 3000 * u64::from(pushers));
        assert_in_order(&pushed, &popped);
        assert_fifo_per_pusher(&popped);
        assert_exact(&calls, &pushed, &popped, capacity as usize);
    }
}

#[test]
fn the_checks_of_a_history_object_where_they_should() {
    let spans = |a, b| Spans::from([(1, a), (2, b)]);
    let objects = |f: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).is_err();
    let (pushed, popped) = (spans((1, 2), (3, 4)), spans((7, 8), (5, 6)));
    assert!(objects(&|| assert_in_order(&pushed, &popped)));
    assert!(objects(&|| assert_fifo_per_pusher(&popped)));
    assert!(objects(&|| assert_exact(&[(5, 6, Answer::Empty)], &pushed, &spans((7, 8), (9, 10)), 2)));
    assert!(objects(&|| assert_exact(&[(11, 12, Answer::Full)], &pushed, &popped, 2)));
    assert!(!objects(&|| assert_in_order(&pushed, &spans((5, 8), (6, 7)))));
}

/// Threads that push, pop, give up and put back; each id comes out as often as it went in.
#[test]
fn nothing_is_lost_or_doubled_under_load() {
    const EACH: u64 = 20_000;
    for (bytes, capacity) in [(128, 1), (80, 3), (32, 64)] {
        let heap = &Heap::new(bytes, capacity, starts(capacity)[2]);
        let left = &AtomicU64::new(2 * EACH);
        let got: Vec<u64> = std::thread::scope(|scope| {
            for me in 0..2 {
                scope.spawn(move || push_all(&heap.ring(), me, EACH));
            }
            let poppers: Vec<_> =
                (2..4).map(|me| scope.spawn(move || pop_all(&heap.ring(), me, left))).collect();
            poppers.into_iter().flat_map(|popper| popper.join().unwrap()).collect()
        });
        let mut got = got;
        got.sort_unstable();
        let all: Vec<u64> = (0..2).flat_map(|me| (0..EACH).map(move |n| me << 32 | n)).collect();
        assert!(got == all, "{} of {} items", got.len(), all.len());
        assert_eq!(pop(&heap.ring()), Err(NoPop::Empty));
    }
}

fn push_all(ring: &Ring<&Heap>, me: u32, each: u64) {
    for n in 0..each {
        let id = u64::from(me) << 32 | n;
        while let Err(why) = ring.try_push(me, id as u32, &id.to_ne_bytes(), &NOBODY) {
            assert!(matches!(why, NoPush::Full | NoPush::Busy(_)), "{why:?}");
            std::thread::yield_now();
        }
        if n % 64 == 0
            && let Ok(writing) = ring.claim_write(me, &NOBODY)
        {
            writing.abandon();
        }
    }
}

fn pop_all(ring: &Ring<&Heap>, me: u32, left: &AtomicU64) -> Vec<u64> {
    let mut got = Vec::new();
    while left.load(Ordering::Relaxed) > 0 {
        match pop_as(ring, me) {
            Ok((id, _)) => {
                got.push(id);
                left.fetch_sub(1, Ordering::Relaxed);
            }
            Err(why) => {
                assert!(matches!(why, NoPop::Empty | NoPop::Busy(_)), "{why:?}");
                std::thread::yield_now();
            }
        }
        if got.len() % 64 == 0
            && let Ok(reading) = ring.claim_read(me, 8, &NOBODY)
        {
            reading.put_back();
        }
    }
    got
}

#[test]
fn what_is_in_hand_is_not_over() {
    for capacity in [1, 2, 3, 5, 8] {
        let heap = Heap::new(64, capacity, Shape::new(capacity).unwrap().lap(POSITION));
        let ring = heap.ring();
        let (mut readings, mut writings, mut inside) = (Vec::new(), Vec::new(), 0);
        let (mut dice, mut known) = (1_u32, ring.memory.load(Word::Head, Ordering::Relaxed));
        for _ in 0..20_000 {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            match dice >> 29 {
                0 => writings.extend(ring.claim_write(1, &NOBODY).ok()),
                1 => readings.extend(ring.claim_read(2, 48, &NOBODY).ok()),
                2 | 3 if !writings.is_empty() => {
                    let writing = writings.swap_remove(dice as usize % writings.len());
                    if dice >> 28 & 1 == 0 {
                        inside += 1;
                        writing.publish(0, b"x").unwrap()
                    } else {
                        writing.abandon()
                    }
                }
                4 if !readings.is_empty() => readings.swap_remove(dice as usize % readings.len()).put_back(),
                _ if !readings.is_empty() => {
                    inside -= 1;
                    readings.swap_remove(dice as usize % readings.len()).finish();
                }
                _ => {}
            }
            let nothing = inside == 0 && writings.is_empty();
            let (over, all) = ring.settle(known, 4 * capacity);
            assert_eq!((all, ring.settle(over, 0)), (nothing, (over, false)), "{capacity} cells");
            assert!(!is_ahead(over, known));
            known = over;
        }
    }
}
