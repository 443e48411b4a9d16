//! Toys: small operations that prove the harness itself.

mod barrier;
mod bell;
mod blocks;
mod condition;
mod copies;
mod counter;
mod courtesy;
mod door;
mod file;
mod flag;
mod heap;
mod lock;
mod many;
mod pair;
mod permits;
mod pipe;
mod pool;
mod queue;
mod rejects;
mod ring;
mod rwlock;
mod semaphore;
mod stack;
pub(crate) mod words;

use crate::engine::Trial;

/// An operation with which the engine tries the machine.
pub(crate) fn probe() -> Box<dyn Trial> {
    Box::new(counter::Counter)
}

/// All of them.
pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    let mut all: Vec<Box<dyn Trial>> = vec![
        Box::new(counter::Counter),
        Box::new(pair::BrokenPair),
        Box::new(lock::PlainLock),
        Box::new(lock::BrokenLock),
        Box::new(lock::BrokenLockWithSurvivor),
        Box::new(ring::EarlyTail),
        Box::new(copies::SameCopy),
        Box::new(permits::NoCommit),
        Box::new(pipe::SilentLeave),
        Box::new(rwlock::CountedReaders),
        Box::new(flag::Flag),
        Box::new(file::Record { name: "toy file record", commits_early: false }),
        Box::new(file::Record { name: "toy file record, committed too early", commits_early: true }),
        Box::new(file::Fresh),
        Box::new(door::Door),
        Box::new(courtesy::alone()),
        Box::new(courtesy::pair()),
        Box::new(bell::Bell),
        Box::new(semaphore::BrokenSemaphore),
        Box::new(condition::LostNotification),
        Box::new(barrier::Counted),
        Box::new(blocks::CellBeforeBlock),
        Box::new(stack::EarlyTop),
        Box::new(heap::IndexIsTruth),
        Box::new(many::KeptWake),
        Box::new(queue::ClaimedByCounting),
        Box::new(pool::TakenByNobody),
        Box::new(pool::TakenUnderALock),
    ];
    all.extend(rejects::all());
    all
}
