//! The library's operations, told as plays.

mod array;
mod barrier;
mod blocks;
mod cancel;
mod common;
mod condition;
mod event;
mod lock;
mod many;
mod object;
mod permits;
mod pipe;
mod pool;
mod presence;
mod queue;
mod queue_ack;
mod queue_pairs;
mod queue_side;
mod ring;
mod rlock;
mod rwlock;
mod semaphore;
mod shelf;
mod structs;
mod value;
mod yard;

use crate::engine::Trial;

/// All of them.
pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    let mut all = Vec::new();
    all.extend(lock::all());
    all.extend(rlock::all());
    all.extend(rwlock::all());
    all.extend(semaphore::all());
    all.extend(permits::all());
    all.extend(condition::all());
    all.extend(barrier::all());
    all.extend(value::all());
    all.extend(structs::all());
    all.extend(array::all());
    all.extend(event::all());
    all.extend(cancel::all());
    all.extend(many::all());
    all.extend(ring::all());
    all.extend(shelf::all());
    all.extend(queue::all());
    all.extend(queue_side::all());
    all.extend(queue_ack::all());
    all.extend(queue_pairs::all());
    all.extend(blocks::all());
    all.extend(pipe::all());
    all.extend(pool::all());
    all.extend(object::all());
    all.extend(presence::all());
    all.extend(yard::all());
    all
}
