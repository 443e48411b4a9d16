//! What is done behind the dead, and what the sweep of blocks asks.
#![forbid(unsafe_code)]

use crate::objects::faults;
use crate::objects::pool::future::Cause;
use crate::objects::pool::layout::{self, Body, Record, WORKERS_AT, Why, Worker};
use crate::objects::pool::options::PROMISED;
use crate::objects::pool::payload::Side;
use crate::objects::pool::{TableOptions, hints, keep};
use crate::os::child::Exit;
use crate::presence::attachment::{Attachment, Gone, Who};
use crate::segment::bits::{BlockHandle, Link, Token};
use crate::segment::directory::Record as Entry;
use crate::shim::{Ordering, fence};
use crate::sync::closing::Closing;
use crate::sync::task::Phase;

/// The parts of a pool in the directory.
struct Parts<'a> {
    yard: &'a Attachment,
    body: &'a Body,
    workers: &'a [Worker],
    records: &'a [Record],
}

fn parts<'a>(yard: &'a Attachment, entry: &Entry) -> Option<Parts<'a>> {
    let (region, options) = (yard.region(), TableOptions::of(entry).ok()?);
    let workers = options.workers as u32;
    Some(Parts {
        yard,
        body: region.at(entry.offset).ok()?,
        workers: region.table(entry.offset + WORKERS_AT, workers).ok()?,
        records: region.table(entry.offset + layout::tasks_at(workers), options.tasks as u32).ok()?,
    })
}

/// Whether the pool names this block where the link says.
pub(crate) fn names(yard: &Attachment, entry: &Entry, link: Link, block: BlockHandle) -> bool {
    let Some(parts) = parts(yard, entry) else { return false };
    let (index, side) = Side::of_position(link.position());
    let Some(record) = parts.records.get(index as usize) else { return false };
    let Some(phase) = record.words.look().phase() else { return false };
    let named = match side {
        Side::Input => phase == Phase::Pending || phase.is_at_work(),
        Side::Result => matches!(phase, Phase::Done | Phase::Failed),
    };
    named && side.of(record).block.load(Ordering::Relaxed) == block.0 // Relaxed: published with the task's word
}

/// Shuts a pool for good.
pub(super) fn shut(body: &Body, why: Why) {
    // Relaxed: the first one stays; published with the closing word.
    let _ = body.why.compare_exchange(Why::Open as u32, why as u32, Ordering::Relaxed, Ordering::Relaxed);
    body.closing.close(Closing::Shut);
}

/// Tells everybody who waits to look again.
pub(super) fn tell_all(yard: &Attachment, body: &Body, records: &[Record]) {
    body.room.notify(yard);
    body.ended.notify(yard);
    body.asked.notify(yard);
    for record in records {
        record.words.settled.notify(yard);
    }
}

/// Moves on what somebody who is gone had in hand, and tells those who wait.
pub(crate) fn recover(yard: &Attachment, entry: &Entry, who: Who, gone: Gone) {
    let Some(parts) = parts(yard, entry) else { return };
    let repaired = match who {
        Who::Thread(thread) => parts.bury_thread(thread),
        Who::Process(process) => parts.bury_process(process),
    };
    if repaired > 0 && gone == Gone::Died {
        faults::note(yard, who, parts.body, repaired);
    }
    // Also if others have repaired it: they may have died before they could tell.
    tell_all(yard, parts.body, parts.records);
}

impl Parts<'_> {
    /// A thread is gone: what it was filling or clearing is litter, and the task whose number it had in hand is looked for.
    fn bury_thread(&self, thread: Token) -> u64 {
        let dropped = self.records.iter().filter(|record| record.words.drop_held(thread.index())).count();
        let worked = self.workers.iter().any(|worker| worker.token.load(Ordering::Relaxed) == thread.0);
        hints::raise(self.body);
        if worked {
            bury_orphans(self.yard, self.body, self.workers, self.records);
        }
        dropped as u64
    }

    /// A process is gone: nobody wants to know of its tasks any more, what it has promised is lost, and if it was the keeper
    /// the pool is shut.
    fn bury_process(&self, process: Token) -> u64 {
        let mut lost = 0;
        for record in self.records {
            let seen = record.words.look();
            let promised = seen.phase().is_some_and(Phase::is_at_work) && seen.who() == PROMISED;
            // Relaxed: published with the task's word.
            if promised && record.promiser.load(Ordering::Relaxed) == process.0 {
                let pid = record.pid.load(Ordering::Relaxed);
                let word = Cause::Exit(Exit::Unknown).to_word(pid);
                lost += u64::from(record.words.forsake(seen, word, self.yard));
            }
            record.words.let_go(process.0);
        }
        let kept = self.body.keeper.load(Ordering::Relaxed) == process.0; // Relaxed: compared only
        if kept {
            shut(self.body, Why::Deserted);
            self.body.keeper.store(0, Ordering::Release);
        }
        // Also if others have said that he is gone: they may have died before they did his work.
        bury_orphans(self.yard, self.body, self.workers, self.records);
        self.ask_the_condemned();
        lost
    }

    /// Nobody kills who is at work any more, once the keeper is gone: the waits of what was condemned end. Behind the fence of
    /// `bury_orphans`: who condemns a task from now on sees that he is gone.
    fn ask_the_condemned(&self) {
        if self.body.keeper.load(Ordering::Relaxed) != 0 {
            return;
        }
        for record in self.records {
            let seen = record.words.look();
            if seen.is(Phase::Condemned) {
                record.words.ask(seen, false, self.yard);
            }
        }
    }
}

/// The keeper is gone: behind dead workers the sweep does his work. Their ends nobody knows.
pub(super) fn bury_orphans(yard: &Attachment, body: &Body, workers: &[Worker], records: &[Record]) {
    // The keeper says that he goes, then looks for the dead; the sweep has seen that somebody is dead, and then looks whether the
    // keeper is there. The fences are in one order: who died before the keeper looked, he sees, and for who died after it the
    // sweep sees that he has gone.
    fence(Ordering::SeqCst);
    if body.keeper.load(Ordering::Acquire) != 0 {
        return;
    }
    for (number, worker) in (0u32..).zip(workers) {
        let token = worker.token.load(Ordering::Acquire);
        if token == 0 || !keep::is_dead(yard, token) {
            continue;
        }
        let pid = worker.pid.load(Ordering::Relaxed); // Relaxed: a figure
        let word = Cause::Exit(Exit::Unknown).to_word(pid);
        if !keep::bury(yard, records, number, word, true).is_empty() {
            hints::raise(body);
        }
        // Only the token that was judged: another worker may have come.
        let _ = worker.token.compare_exchange(token, 0, Ordering::Release, Ordering::Relaxed);
    }
}
