//! The stamped lock in a crowd: many threads, each with many turns, of whom some die in one. Each name is the sentence it checks.

#![allow(unsafe_code)] // what a lock guards is reached through the model's cells

use super::lock::Got;
use super::loom_lock::{World, spawn, turn};
use crate::shim::{Doom, doomed};
use loom::rand::{Rng, thread_rng};
use std::sync::Arc;

const THREADS: u32 = 8;
const TURNS: u32 = 20;

fn all_do(does: fn(&World, u32)) -> Arc<World> {
    let world = World::with(THREADS);
    let all: Vec<_> = (0..THREADS).map(|me| spawn(&world, move |w| does(w, me))).collect();
    all.into_iter().for_each(|thread| thread.join().unwrap());
    world
}

fn counted(world: &World) -> u32 {
    // SAFETY: all threads are done.
    world.guarded.with(|n| unsafe { *n })
}

#[test]
fn many_take_turns_and_nobody_is_left_behind() {
    loom::model(|| {
        let world = all_do(|w, me| (0..TURNS).for_each(|_| assert_eq!(turn(w, me), Got::Clean)));
        assert_eq!(counted(&world), THREADS * TURNS);
        assert!(world.locks[0].holder().is_none() && !world.locks[0].is_suspect());
    });
}

/// A turn of one who is told of the dead, and repairs. Tells whether he was.
fn repairing_turn(world: &World, index: u32) -> bool {
    let me = world.token(index);
    let is_suspect = world.acquire(0, me) == Got::Suspect;
    if is_suspect {
        world.locks[0].repaired(me.0).unwrap();
    }
    world.count();
    world.release(0, me);
    is_suspect
}

/// At some turn: in it, in a sleep before it, or about to wake the next one.
fn die_at_some_turn(world: &World, index: u32) {
    (0..thread_rng().gen_range(0..TURNS)).for_each(|_| _ = repairing_turn(world, index));
    let doom = [Doom::Acting, Doom::Sleeping, Doom::Waking][thread_rng().gen_range(0..3)];
    if doom == Doom::Acting {
        world.acquire(0, world.token(index));
    } else if doomed(doom, || repairing_turn(world, index)).is_some() {
        return; // no sleep, and nobody to wake
    }
    world.die(index);
}

#[test]
fn those_who_die_leave_nobody_behind() {
    loom::model(|| {
        let world = all_do(|w, me| match me % 2 {
            0 => (0..TURNS).for_each(|_| _ = repairing_turn(w, me)),
            _ => die_at_some_turn(w, me),
        });
        assert!(counted(&world) >= THREADS / 2 * TURNS);
        repairing_turn(&world, 0);
        assert!(world.locks[0].holder().is_none() && !world.locks[0].is_suspect());
    });
}
