//! Models of the blocks among threads that may die; each thread is a process of its own. Each name is the sentence it
//! checks.
//!
//! A death is a thread that returns early: whatever it owns it keeps, and the kernel marks its alive word. A sleep
//! never times out here, so that whatever only the slice would mend shows as a deadlock.

#![allow(unsafe_code)] // what lies in a block of a model is reached through loom's cells

use super::blocks::{Collector, Gate, Keeper, Record, Slab, Want};
use super::lock::{Crowd, Owners};
use super::permits::Parties;
use super::wait::{Manner, Timeout, Wait};
use crate::error::ErrorKind;
use crate::presence::place::{PlaceWord, Standing, standing};
use crate::segment::bits::{ALIVE_WAITERS, BlockHandle, BlockWord, Link, State, Token, Use};
use crate::shim::{AtomicU32, AtomicU64, Doom, Ordering, doomed, exit, racing_in, racing_out};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

const TAG: u32 = 1;
const LINK: Link = Link::new(128, 5);

/// The states of the one cell of a queue; FULL and READING name the block that `named` says.
const EMPTY: u32 = 0;
const FULL: u32 = 1;
const AGAIN: u32 = 2;
const READING: u32 = 16;

struct World {
    places: Vec<PlaceWord>,
    alive: Vec<AtomicU32>,
    records: Vec<Record>,
    gate: Gate,
    bytes: UnsafeCell<u32>,
    words: Vec<AtomicU64>,
    /// A queue of one cell: EMPTY, FULL, AGAIN, or READING and the index of who reads.
    cell: AtomicU32,
    named: AtomicU64,
}

// SAFETY: `bytes` is reached by the owner of the one block only; loom checks that.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

impl World {
    /// So many blocks, and so many threads, all of them registered.
    fn with(blocks: u32, threads: u32) -> Arc<World> {
        let world = World::vacant(blocks, threads);
        (0..threads).for_each(|i| world.join(i));
        world
    }

    fn vacant(blocks: u32, threads: u32) -> Arc<World> {
        Arc::new(World {
            places: (0..threads).map(|_| PlaceWord::new()).collect(),
            alive: (0..threads).map(|_| AtomicU32::new(0)).collect(),
            records: (0..blocks).map(|_| Record::new()).collect(),
            gate: Gate::new(),
            bytes: UnsafeCell::new(0),
            words: vec![AtomicU64::new(0)],
            cell: AtomicU32::new(EMPTY),
            named: AtomicU64::new(0),
        })
    }

    fn join(&self, index: u32) {
        let place = &self.places[index as usize];
        let joining = place.join(Token::new(9, 9)).unwrap();
        // Relaxed: enough here; the models of the place ask for more.
        self.alive[index as usize].store((index + 1) | ALIVE_WAITERS, Ordering::Relaxed);
        assert!(place.change(joining, joining.to(State::Live, joining.token)));
    }

    fn token(&self, index: u32) -> Token {
        Token::new(index, self.places[index as usize].load().unwrap().generation)
    }

    fn slab(&self) -> Slab<'_> {
        Slab { records: &self.records, gate: &self.gate, tag: TAG }
    }

    fn parties(&self, index: u32) -> Parties<'_, World, World> {
        Parties { processes: self, threads: self, me: self.token(index) }
    }

    /// One block, whichever.
    fn one(&self) -> Want {
        Want { range: self.all(), count: 1 }
    }

    fn all(&self) -> std::ops::Range<usize> {
        0..self.records.len()
    }

    fn try_take(&self, index: u32) -> Option<BlockHandle> {
        let (at, generation) = self.slab().take(self.all(), 0, self.token(index).0)?;
        self.records[at].describe(8, 1);
        Some(BlockHandle::new(at as u32, TAG, generation))
    }

    /// Waits for a block.
    fn take(&self, index: u32) -> BlockHandle {
        let wait = Wait::new(Timeout::Forever, Manner::default());
        self.slab().wait(&self.parties(index), self, &self.one(), &wait, || self.try_take(index)).unwrap()
    }

    fn try_collect(&self, index: u32, count: usize) -> Option<BlockHandle> {
        let me = self.token(index).0;
        let (at, generation) =
            self.slab().collect(self.all(), count, Collector { thread: me, process: me })?;
        Some(BlockHandle::new(at as u32, TAG, generation))
    }

    fn free(&self, index: u32, handle: BlockHandle) -> Result<(), ErrorKind> {
        self.slab().free(handle, self.token(index).0)
    }

    /// Adds one to what lies in the one block; loom reports two at a time, or one that sees half.
    fn count(&self) {
        self.bytes.with_mut(|n| {
            // SAFETY: the caller owns the block; loom checks it.
            unsafe { *n += 1 }
        });
    }

    fn counted(&self) -> u32 {
        // SAFETY: the caller owns the block, or all threads are done; loom checks it.
        self.bytes.with(|n| unsafe { *n })
    }

    fn used(&self, used: Use) -> usize {
        self.records.iter().filter(|record| record.seen().used == used).count()
    }

    fn is_all_free(&self) -> bool {
        self.used(Use::Free) == self.records.len()
    }

    fn die(&self, index: u32) {
        exit(&self.alive[index as usize]);
    }

    /// What a sweep does behind a dead process.
    fn sweep(&self, dead: u32) {
        while !matches!(self.standing(self.token(dead)), Standing::Dead) {
            thread::yield_now();
        }
        self.slab().recover(self.token(dead), self);
    }

    /// Puts a block into the queue's cell.
    fn push(&self, index: u32, handle: BlockHandle) {
        self.slab().hand_over(handle, self.token(index).0, LINK).unwrap();
        self.named.store(handle.0, Ordering::Relaxed);
        self.cell.store(FULL, Ordering::Release);
    }

    /// Claims the cell, if there is something in it that nobody alive is taking: so a repairer would make it AGAIN.
    fn reach(&self, index: u32) -> Option<BlockHandle> {
        let seen = self.cell.load(Ordering::Acquire);
        let dead = |reader| matches!(self.standing(self.token(reader)), Standing::Dead);
        let is_there = seen == FULL || seen == AGAIN || seen >= READING && dead(seen - READING);
        let reading = READING + index;
        (is_there && self.cell.compare_exchange(seen, reading, Ordering::AcqRel, Ordering::Relaxed).is_ok())
            .then(|| BlockHandle(self.named.load(Ordering::Relaxed)))
    }

    /// Takes what is in the queue.
    fn pop(&self, index: u32) -> Option<BlockHandle> {
        let handle = self.reach(index)?;
        self.slab().claim(handle, self.token(index).0).unwrap();
        self.cell.store(EMPTY, Ordering::Release);
        Some(handle)
    }
}

impl Keeper for World {
    fn names(&self, link: Link, block: BlockHandle) -> bool {
        link == LINK
            && self.cell.load(Ordering::Acquire) != EMPTY
            && self.named.load(Ordering::Relaxed) == block.0
    }
}

impl Owners for World {
    fn standing(&self, token: Token) -> Standing<'_> {
        let i = token.index() as usize;
        standing(&self.places[i], &self.alive[i], token)
    }

    fn others<'a>(&'a self, out: &mut Crowd<'a>) {
        for index in 0..self.places.len() as u32 {
            if let Standing::Here(Some(watch)) = self.standing(self.token(index)) {
                out.add(watch);
            }
        }
    }

    fn sweep(&self) {
        unreachable!("a model has no clock");
    }

    fn spins(&self) -> u32 {
        0
    }
}

/// A thread among more threads than a sleeper can listen to: it hears of the owners' deaths only.
struct InACrowd<'w>(&'w World);

impl Owners for InACrowd<'_> {
    fn standing(&self, token: Token) -> Standing<'_> {
        self.0.standing(token)
    }

    fn others<'a>(&'a self, _: &mut Crowd<'a>) {}

    fn sweep(&self) {
        unreachable!("a model has no clock");
    }

    fn spins(&self) -> u32 {
        0
    }
}

fn take_in_a_crowd(world: &World, index: u32) -> BlockHandle {
    let (wait, crowd) = (Wait::new(Timeout::Forever, Manner::default()), InACrowd(world));
    let parties = Parties { processes: &crowd, threads: &crowd, me: world.token(index) };
    world.slab().wait(&parties, world, &world.one(), &wait, || world.try_take(index)).unwrap()
}

fn spawn(world: &Arc<World>, f: impl FnOnce(&World) + 'static) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

fn turn(world: &World, index: u32) {
    let block = world.take(index);
    world.count();
    world.free(index, block).unwrap();
}

#[test]
fn the_next_owner_sees_what_the_last_one_did() {
    loom::model(|| {
        let world = World::with(1, 2);
        let other = spawn(&world, |w| turn(w, 1));
        turn(&world, 0);
        other.join().unwrap();
        assert_eq!(world.counted(), 2);
        assert!(world.is_all_free());
    });
}

#[test]
fn two_never_get_the_same_block() {
    loom::model(|| {
        let world = World::with(2, 2);
        let other = spawn(&world, |w| {
            assert!(w.try_take(1).is_some());
        });
        assert!(world.try_take(0).is_some(), "there is one for each");
        other.join().unwrap();
        assert_eq!(world.used(Use::Owned), 2);
    });
}

#[test]
fn a_block_is_freed_once() {
    loom::model(|| {
        let world = World::with(1, 1);
        let block = world.take(0);
        let other = spawn(&world, move |w| {
            let _ = w.free(0, block);
        });
        let mine = world.free(0, block);
        other.join().unwrap();
        assert!(mine.is_ok() || mine == Err(ErrorKind::State));
        assert_eq!(world.records[0].seen().generation, 1);
    });
}

#[test]
fn a_free_wakes_a_sleeper() {
    loom::model(|| {
        let world = World::with(1, 2);
        let block = world.take(0);
        let sleeper = spawn(&world, |w| {
            let block = take_in_a_crowd(w, 1);
            w.free(1, block).unwrap();
        });
        world.free(0, block).unwrap();
        sleeper.join().unwrap();
        assert!(world.is_all_free());
    });
}

#[test]
fn a_dead_owner_s_block_goes_to_who_waits_for_it() {
    loom::model(|| {
        let world = World::with(1, 2);
        world.take(0);
        let sleeper = spawn(&world, |w| {
            w.take(1);
        });
        world.die(0);
        sleeper.join().unwrap();
        assert_eq!(world.records[0].seen().token, world.token(1).0);
    });
}

#[test]
fn what_a_dead_one_offered_goes_to_who_waits_for_it() {
    loom::model(|| {
        let world = World::with(1, 2);
        let block = world.take(0);
        world.slab().offer(block, world.token(0).0).unwrap();
        let sleeper = spawn(&world, |w| {
            w.take(1);
        });
        world.die(0);
        sleeper.join().unwrap();
        assert_eq!(world.records[0].seen().token, world.token(1).0);
    });
}

#[test]
fn a_dead_owner_s_block_is_taken_once_by_two_who_find_it() {
    loom::model(|| {
        let world = World::with(1, 3);
        world.take(0);
        world.die(0);
        let other = spawn(&world, |w| turn(w, 1));
        turn(&world, 2);
        other.join().unwrap();
        assert_eq!(world.counted(), 2);
        assert!(world.is_all_free());
    });
}

#[test]
fn who_is_killed_before_he_wakes_the_sleepers_leaves_nobody_behind() {
    loom::model(|| {
        let world = World::with(1, 2);
        let block = world.take(1);
        let victim = spawn(&world, move |w| {
            doomed(Doom::Waking, || w.free(1, block));
            w.die(1);
        });
        take_in_a_crowd(&world, 0);
        victim.join().unwrap();
    });
}

/// Somebody who has just come does something, and somebody else judges by his stamp whether he lives.
fn is_never_robbed(make: fn(&World) -> BlockHandle, stamp: fn(&World, BlockHandle)) {
    loom::model(move || {
        let world = World::vacant(1, 3);
        world.join(0);
        world.join(2);
        let block = make(&world);
        let other = spawn(&world, move |w| {
            w.join(1);
            stamp(w, block);
        });
        // Seen by a load that orders nothing; the one in `tidy` must.
        while world.records[0].seen().token != Token::new(1, 0).0 {
            thread::yield_now();
        }
        let parties = world.parties(0);
        world.slab().tidy(&parties, &*world, &world.one(), true);
        other.join().unwrap();
        let seen = world.records[0].seen();
        assert_eq!((seen.used, seen.token), (Use::Owned, world.token(1).0));
    });
}

#[test]
fn a_living_owner_is_never_robbed() {
    is_never_robbed(
        |_| BlockHandle(0),
        |w, _| {
            w.try_take(1).unwrap();
        },
    );
}

#[test]
fn who_adopts_is_never_robbed() {
    is_never_robbed(
        |w| {
            let block = w.take(2);
            w.slab().offer(block, w.token(2).0).unwrap();
            block
        },
        |w, block| w.slab().adopt(block, w.token(1).0).unwrap(),
    );
}

#[test]
fn who_claims_is_never_robbed() {
    is_never_robbed(
        |w| {
            let block = w.take(2);
            w.push(2, block);
            w.named.store(0, Ordering::Relaxed);
            block
        },
        |w, block| {
            // The cell is another's by now: only his stamp speaks for him.
            w.slab().claim(block, w.token(1).0).unwrap();
        },
    );
}

#[test]
fn what_was_offered_is_read_by_who_adopts_it() {
    loom::model(|| {
        let world = World::with(1, 2);
        let block = world.take(0);
        let other = spawn(&world, move |w| {
            if w.slab().adopt(block, w.token(1).0).is_ok() {
                assert_eq!(w.counted(), 1);
                w.free(1, block).unwrap();
            }
        });
        world.count();
        world.slab().offer(block, world.token(0).0).unwrap();
        other.join().unwrap();
        assert!(world.is_all_free() || world.used(Use::Offered) == 1);
    });
}

#[test]
fn one_of_two_adopts() {
    loom::model(|| {
        let world = World::with(1, 3);
        let block = world.take(0);
        world.slab().offer(block, world.token(0).0).unwrap();
        let adopt = move |w: &World, me| {
            if w.slab().adopt(block, w.token(me).0).is_ok() {
                w.count();
            }
        };
        let other = spawn(&world, move |w| adopt(w, 1));
        adopt(&world, 2);
        other.join().unwrap();
        assert_eq!((world.counted(), world.used(Use::Owned)), (1, 1));
    });
}

#[test]
fn an_offer_is_adopted_or_freed_when_the_offerer_dies() {
    loom::model(|| {
        let world = World::with(1, 2);
        let block = world.take(0);
        world.slab().offer(block, world.token(0).0).unwrap();
        let other = spawn(&world, move |w| {
            let adopted = w.slab().adopt(block, w.token(1).0);
            let seen = w.records[0].seen();
            match adopted {
                Ok(()) => assert_eq!((seen.used, seen.token), (Use::Owned, w.token(1).0)),
                Err(_) => assert!(matches!(seen.used, Use::Dissolving | Use::Free)),
            }
        });
        world.die(0);
        world.sweep(0);
        other.join().unwrap();
    });
}

#[test]
fn a_reader_never_takes_the_next_stay_for_this_one() {
    // Who frees and who takes next are two: the one's fences are not the other's.
    loom::model(|| {
        let world = World::with(1, 3);
        let block = world.take(0);
        racing_in(&world.words, &[1; 8]);
        let reader = spawn(&world, move |w| {
            let mut copy = [0; 8];
            let read = w.slab().glance(block, |_| racing_out(&w.words, &mut copy));
            assert!(read.is_err() || copy == [1; 8], "{copy:?}");
        });
        let next = spawn(&world, |w| {
            if w.try_take(1).is_some() {
                racing_in(&w.words, &[2; 8]);
            }
        });
        world.free(0, block).unwrap();
        reader.join().unwrap();
        next.join().unwrap();
    });
}

#[test]
fn what_is_in_a_queue_is_claimed_by_one_whoever_dies() {
    // The pusher dies behind his commit, and a sweeper comes while somebody pops.
    loom::model(|| {
        let world = World::with(1, 2);
        let block = world.take(0);
        world.count();
        world.push(0, block);
        let other = spawn(&world, move |w| {
            assert_eq!(w.pop(1), Some(block));
            assert_eq!(w.counted(), 1);
            w.free(1, block).unwrap();
        });
        world.die(0);
        world.sweep(0);
        other.join().unwrap();
        assert!(world.is_all_free());
    });
}

#[test]
fn what_a_dead_one_was_about_to_link_is_freed() {
    loom::model(|| {
        let world = World::with(1, 2);
        let sweeper = spawn(&world, |w| w.sweep(0));
        let block = world.take(0);
        world.slab().hand_over(block, world.token(0).0, LINK).unwrap();
        world.die(0);
        sweeper.join().unwrap();
        assert!(world.is_all_free());
    });
}

#[test]
fn what_a_dead_reader_claimed_is_the_next_readers() {
    // He dies with the block claimed and the cell not given back; sweeper and next reader come at once.
    loom::model(|| {
        let world = World::with(1, 3);
        let block = world.take(0);
        world.push(0, block);
        let handle = world.reach(1).unwrap();
        world.slab().claim(handle, world.token(1).0).unwrap();
        world.die(1);
        let sweeper = spawn(&world, |w| w.sweep(1));
        assert_eq!(world.pop(2), Some(block));
        sweeper.join().unwrap();
        let seen = world.records[0].seen();
        assert_eq!((seen.used, seen.token), (Use::Owned, world.token(2).0));
    });
}

#[test]
fn what_a_dead_reader_took_out_is_freed_and_an_old_link_is_no_name() {
    loom::model(|| {
        let world = World::with(1, 3);
        let block = world.take(0);
        world.push(0, block);
        assert_eq!(world.pop(1), Some(block));
        world.die(1);
        let sweeper = spawn(&world, |w| w.sweep(1));
        world.slab().recover(world.token(1), &*world);
        let next = world.take(2);
        sweeper.join().unwrap();
        assert_ne!(next, block);
        assert_eq!(world.records[0].seen().token, world.token(2).0);
    });
}

#[test]
fn a_run_is_one_thing_to_who_adopts_and_frees_it() {
    loom::model(|| {
        let world = World::with(2, 2);
        let other = spawn(&world, |w| {
            if let Some(run) = w.try_collect(1, 2) {
                w.slab().offer(run, w.token(1).0).unwrap();
            }
        });
        let run = BlockHandle::new(0, TAG, 0);
        let adopted = world.slab().adopt(run, world.token(0).0).is_ok();
        if adopted {
            world.free(0, run).unwrap();
        }
        other.join().unwrap();
        let expected = if adopted { (2, 0) } else { (0, 1) };
        assert_eq!((world.used(Use::Free), world.used(Use::Offered)), expected);
    });
}

#[test]
fn a_collector_and_a_taker_of_one_leave_nothing_behind() {
    loom::model(|| {
        let world = World::with(2, 2);
        let other = spawn(&world, |w| {
            if let Some(run) = w.try_collect(1, 2) {
                w.free(1, run).unwrap();
            }
        });
        if let Some(block) = world.try_take(0) {
            world.free(0, block).unwrap();
        }
        other.join().unwrap();
        assert!(world.is_all_free());
    });
}

/// The second block is taken while somebody collects both; the first one is wanted.
#[test]
fn a_sleeper_hears_of_a_run_that_comes_to_nothing() {
    loom::model(|| {
        let world = World::with(2, 3);
        let collector = spawn(&world, |w| {
            if let Some(run) = w.try_collect(1, 2) {
                w.free(1, run).unwrap();
            }
        });
        let taker = spawn(&world, |w| {
            w.slab().take(1..2, 1, w.token(0).0);
        });
        let parties =
            Parties { processes: &InACrowd(&world), threads: &InACrowd(&world), me: world.token(2) };
        let (want, wait) = (Want { range: 0..1, count: 1 }, Wait::new(Timeout::Forever, Manner::default()));
        let first = || world.slab().take(0..1, 0, world.token(2).0);
        world.slab().wait(&parties, &*world, &want, &wait, first).unwrap();
        collector.join().unwrap();
        taker.join().unwrap();
    });
}

#[test]
fn what_a_dead_collector_had_goes_to_who_waits() {
    for (parts, joined) in [(0, false), (1, false), (1, true)] {
        loom::model(move || {
            let world = World::with(2, 2);
            world.slab().die_collecting(2, world.token(0).0, parts, joined);
            let sleeper = spawn(&world, |w| {
                w.take(1);
                w.take(1);
            });
            world.die(0);
            sleeper.join().unwrap();
            assert_eq!(world.used(Use::Owned), 2);
        });
    }
}

/// Somebody begins to dissolve a run that he owns, and dies.
fn begin_to_free(world: &World, index: u32, run: BlockHandle) {
    let owned = BlockWord { generation: run.generation(), used: Use::Owned, token: world.token(index).0 };
    world.slab().begin(run.number(), owned).unwrap();
}

fn help(world: &World, index: u32) {
    let parties = world.parties(index);
    world.slab().tidy(&parties, world, &world.one(), true);
}

#[test]
fn who_helps_frees_every_part() {
    loom::model(|| {
        let world = World::with(2, 2);
        let other = spawn(&world, |w| {
            let run = w.try_collect(1, 2).unwrap();
            begin_to_free(w, 1, run);
        });
        // Seen by a load that orders nothing; the one in `help` must.
        while world.used(Use::Dissolving) == 0 {
            thread::yield_now();
        }
        let mut mine = usize::from(world.try_take(0).is_some());
        other.join().unwrap();
        while world.try_take(0).is_some() {
            mine += 1;
        }
        assert_eq!((mine, world.used(Use::Part)), (2, 0));
    });
}

#[test]
fn a_part_of_another_run_is_never_freed() {
    // Two finish the same run; what one has freed is a new run before the other comes to it.
    loom::model(|| {
        let world = World::with(2, 2);
        let run = world.try_collect(0, 2).unwrap();
        begin_to_free(&world, 0, run);
        let late = spawn(&world, |w| help(w, 1));
        help(&world, 0);
        let next = world.try_collect(0, 2);
        late.join().unwrap();
        if next.is_some() {
            assert_eq!((world.used(Use::Owned), world.used(Use::Part)), (1, 1));
        }
    });
}
