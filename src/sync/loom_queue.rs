//! Models of a queue as a whole: its ring of cells together with the blocks that they name, and with its sides. Each thread is
//! a process of its own, and its thread slot has the same number. Each name is the sentence it checks.
//!
//! A death is a thread that returns early with what it had in hand. A sleep never times out here, so that whatever only the
//! slice would mend shows as a deadlock.

#![allow(unsafe_code)] // what lies in the block of a model is reached through loom's cells

use super::blocks::{Gate, Keeper, Record, Slab};
use super::event_count::EventCount;
use super::holders::{Holders, Left, Members, Seen};
use super::lock::Crowd;
use super::wait::{Manner, Timeout, Wait};
use crate::lockfree::mpmc::layout::Words;
use crate::lockfree::mpmc::memory::Place;
use crate::lockfree::mpmc::{Holders as Hands, NoPop, Ring};
use crate::presence::place::{PlaceWord, Standing, standing};
use crate::segment::bits::{ALIVE_WAITERS, BlockHandle, Link, State, Token, Use};
use crate::shim::cells::Cells;
use crate::shim::{AtomicU32, AtomicU64, Ordering, exit};
use loom::cell::UnsafeCell;
use loom::thread;
use std::sync::Arc;

const TAG: u32 = 1;
const OBJECT: u64 = 128;

struct Yard {
    places: Vec<PlaceWord>,
    alive: Vec<AtomicU32>,
    words: Words,
    cells: Cells,
    data: EventCount,
    last: AtomicU64,
    producers: Vec<AtomicU32>,
    records: Vec<Record>,
    gate: Gate,
    bytes: UnsafeCell<u32>,
}

// SAFETY: `bytes` is reached by the owner of the one block only; loom checks that.
unsafe impl Sync for Yard {}
// SAFETY: as above.
unsafe impl Send for Yard {}

#[derive(Clone)]
struct World(Arc<Yard>);

impl Place for World {
    fn words(&self) -> &Words {
        &self.0.words
    }
    fn cells(&self) -> &Cells {
        &self.0.cells
    }
}

impl Hands for World {
    fn is_dead(&self, slot: u32) -> bool {
        matches!(self.0.standing(Token::new(slot, 0)), Standing::Dead)
    }
}

impl Keeper for World {
    fn names(&self, link: Link, block: BlockHandle) -> bool {
        let mut name = [0; 8];
        link.object() == OBJECT
            && self.ring().glance(link.position(), &mut name) == Some(TAG)
            && u64::from_ne_bytes(name) == block.0
    }
}

impl Members for Yard {
    fn standing(&self, token: Token) -> Standing<'_> {
        let i = token.index() as usize;
        standing(&self.places[i], &self.alive[i], token)
    }

    fn left(&self, _: Token) -> Left {
        Left::Died
    }

    fn buried(&self, _: Token, _: &AtomicU32, _: Left) {
        self.data.notify(&());
    }
}

/// At which step a getter dies, or that he does not.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Dies {
    WithTheCell,
    WithTheBlock,
    WithoutTheCell,
    Never,
}

impl World {
    /// So many processes; the first `producers` of them produce. One cell, one block.
    fn new(processes: u32, producers: u32) -> World {
        let world = World(Arc::new(Yard {
            places: (0..processes).map(|_| PlaceWord::new()).collect(),
            alive: (0..processes).map(|_| AtomicU32::new(0)).collect(),
            words: Words::starting_at(0),
            cells: Cells::zeroed(1, 1),
            data: EventCount::new(),
            last: AtomicU64::new(0),
            producers: (0..processes).map(|_| AtomicU32::new(0)).collect(),
            records: vec![Record::new()],
            gate: Gate::new(),
            bytes: UnsafeCell::new(0),
        }));
        for index in 0..processes {
            let place = &world.0.places[index as usize];
            let joining = place.join(Token::new(9, 9)).unwrap();
            // Relaxed: enough here; the models of the place ask for more.
            world.0.alive[index as usize].store((index + 1) | ALIVE_WAITERS, Ordering::Relaxed);
            assert!(place.change(joining, joining.to(State::Live, joining.token)));
        }
        (0..producers).for_each(|index| world.side().stamp(Token::new(index, 0)));
        world
    }

    fn ring(&self) -> Ring<World> {
        Ring::open(self.clone()).unwrap()
    }

    fn slab(&self) -> Slab<'_> {
        Slab { records: &self.0.records, gate: &self.0.gate, tag: TAG }
    }

    fn side(&self) -> Holders<'_> {
        Holders { last: &self.0.last, cells: &self.0.producers }
    }

    fn die(&self, index: u32) {
        exit(&self.0.alive[index as usize]);
    }

    /// Clears up behind a dead one, its queue first, as a sweep does.
    fn sweep(&self, dead: u32) {
        while !Hands::is_dead(self, dead) {
            thread::yield_now();
        }
        self.ring().recover(dead);
        self.slab().recover(Token::new(dead, 0), self);
    }

    /// Puts a message that lies in the block; `false`: dies between block and cell.
    fn put(&self, me: u32, message: u32, lives: bool) {
        let process = Token::new(me, 0).0;
        let (at, generation) = self.slab().take(0..1, 0, process).unwrap();
        self.0.records[at].describe(8, 1);
        let handle = BlockHandle::new(at as u32, TAG, generation);
        // SAFETY: the block is ours; loom checks it.
        self.0.bytes.with_mut(|n| unsafe { *n = message });
        let ring = self.ring();
        let writing = ring.claim_write(me, self).unwrap();
        self.slab().hand_over(handle, process, Link::new(OBJECT, writing.position())).unwrap();
        if !lives {
            std::mem::forget(writing);
            return self.die(me);
        }
        writing.publish(TAG, &handle.0.to_ne_bytes()).unwrap();
    }

    /// Gets a message, and frees its block: what it was, and whether it came again.
    fn get(&self, me: u32, dies: Dies) -> Option<(u32, bool)> {
        let process = Token::new(me, 0).0;
        let ring = self.ring();
        let reading = ring.claim_read(me, 8, self).ok()?;
        let (mut name, again) = ([0; 8], reading.item().again);
        reading.read(&mut name);
        let handle = BlockHandle(u64::from_ne_bytes(name));
        if dies > Dies::WithTheCell {
            self.slab().claim(handle, process).unwrap();
        }
        if dies < Dies::WithoutTheCell {
            std::mem::forget(reading);
            self.die(me);
            return None;
        }
        reading.finish();
        // SAFETY: the block is ours; loom checks it.
        let message = self.0.bytes.with(|n| unsafe { *n });
        if dies == Dies::WithoutTheCell {
            self.die(me);
            return None;
        }
        self.slab().free(handle, process).unwrap();
        Some((message, again))
    }

    fn is_free(&self) -> bool {
        self.0.records[0].seen().used == Use::Free && self.ring().len().unwrap() == 0
    }

    /// A consumer's wait, as a queue does it: the next message, or how the last producer left.
    fn wait(&self, me: u32) -> Result<u64, Left> {
        let mut over = None;
        loop {
            let mut crowd = Crowd::new(self.0.data.prepare());
            let seen = self.side().look(&*self.0, &mut crowd).0;
            let mut bytes = [0; 8];
            match self.ring().claim_read(me, 8, self) {
                Ok(reading) => {
                    reading.read(&mut bytes);
                    reading.finish();
                    return Ok(u64::from_ne_bytes(bytes));
                }
                Err(NoPop::Empty) => {
                    if let Some(left) = over {
                        return Err(left);
                    }
                }
                // A producer is in the middle of a move, and is listened to.
                Err(no) => assert_eq!(no, NoPop::Busy(Some(0))),
            }
            if let Seen::Gone(left) = seen {
                over = Some(left); // one more attempt
                continue;
            }
            let wait = Wait::new(Timeout::Forever, Manner::default());
            wait.sleep(crowd.watches(), false).unwrap();
        }
    }

    fn push(&self, me: u32, n: u64) {
        self.ring().try_push(me, 0, &n.to_ne_bytes(), self).unwrap();
    }
}

fn spawn(world: &World, f: impl FnOnce(&World) + 'static) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

#[test]
fn who_takes_a_message_sees_what_was_filled_into_its_block() {
    loom::model(|| {
        let world = World::new(2, 0);
        let putter = spawn(&world, |w| w.put(0, 7, true));
        let got = world.get(1, Dies::Never);
        assert!(got.is_none_or(|got| got == (7, false)));
        putter.join().unwrap();
        let later = world.get(1, Dies::Never);
        assert_eq!(got.or(later), Some((7, false)));
        assert!(world.is_free());
        world.put(1, 8, true); // once free, and no more
        assert!(world.slab().take(0..1, 0, Token::new(1, 0).0).is_none());
    });
}

#[test]
fn who_dies_between_block_and_cell_has_put_nothing_and_the_block_is_free() {
    loom::model(|| {
        let world = World::new(3, 0);
        let putter = spawn(&world, |w| w.put(0, 7, false));
        let sweeper = spawn(&world, |w| w.sweep(0));
        assert_eq!(world.get(1, Dies::Never), None);
        putter.join().unwrap();
        sweeper.join().unwrap();
        assert!(world.is_free());
        world.put(1, 8, true);
        assert_eq!(world.get(1, Dies::Never), Some((8, false)));
    });
}

/// One dies at some step of getting; another gets, and somebody clears up behind the dead one.
fn dies_getting(dies: Dies) {
    loom::model(move || {
        let world = World::new(3, 0);
        world.put(1, 7, true);
        let getter = spawn(&world, move |w| {
            if w.get(0, dies).is_none() && !Hands::is_dead(w, 0) {
                w.die(0); // the other one was quicker
            }
        });
        let sweeper = spawn(&world, |w| w.sweep(0));
        let got = world.get(1, Dies::Never);
        getter.join().unwrap();
        sweeper.join().unwrap();
        let later = world.get(1, Dies::Never);
        assert!(got.is_none() || later.is_none(), "never twice");
        assert!(got.or(later).is_none_or(|(message, _)| message == 7));
        assert!(dies == Dies::WithoutTheCell || got.or(later).is_some(), "it stays in the queue");
        assert!(world.is_free());
    });
}

#[test]
fn a_message_whose_taker_died_with_the_cell_is_in_the_queue() {
    dies_getting(Dies::WithTheCell);
}

#[test]
fn a_message_whose_taker_died_with_cell_and_block_is_in_the_queue() {
    dies_getting(Dies::WithTheBlock);
}

#[test]
fn the_block_of_a_message_whose_taker_died_without_the_cell_is_free() {
    dies_getting(Dies::WithoutTheCell);
}

#[test]
fn a_sleeping_consumer_hears_that_the_last_producer_leaves_and_gets_all_before() {
    loom::model(|| {
        let world = World::new(2, 1);
        let producer = spawn(&world, |w| {
            w.push(0, 5);
            w.0.data.notify(&());
            assert!(w.side().leave(Token::new(0, 0), Left::Closed));
            w.0.data.notify(&());
        });
        assert_eq!(world.wait(1), Ok(5));
        assert_eq!(world.wait(1), Err(Left::Closed));
        producer.join().unwrap();
    });
}

/// He dies before he can tell of what he has put.
#[test]
fn a_sleeping_consumer_hears_that_the_last_producer_dies_and_gets_all_before() {
    loom::model(|| {
        let world = World::new(2, 1);
        let producer = spawn(&world, |w| {
            w.push(0, 5);
            w.die(0);
        });
        assert_eq!(world.wait(1), Ok(5));
        assert_eq!(world.wait(1), Err(Left::Died));
        producer.join().unwrap();
    });
}
