//! One task of a pool: a word that says how far it is, and whose move it is.
//!
//! ```text
//! FREE, litter –CAS→ HELD(thread) → PENDING –CAS→ RUNNING(worker, attempt) –CAS→ DONE | FAILED
//!                       ↓ died        ↑ ↓ cancelled  ↓ asked  ↓ its worker died
//!                     LITTER          │ CANCELLED   ASKED    LOST, or PENDING(attempt + 1) within its budget
//!                                     └───────────────────────────────┘
//! RUNNING, ASKED –CAS→ CONDEMNED (its worker is going to be killed) –CAS→ CANCELLED | LOST
//! DONE | FAILED | CANCELLED | LOST –CAS→ HELD(thread) → FREE    its owner has no use for it any more
//! ```
//! The word is {generation, late, attempt, phase, whose}, and each move one compare-and-swap from exactly the word that was
//! seen, but for those out of HELD, which are its holder's alone. Whoever loses such a swap has not made the move: so a task
//! ends in one way, and in that once. The generation changes with each HELD, and a task's number carries it.
//!
//! ## Why a death at any instruction is harmless
//! * HELD: the task never was, or was over. Whoever sweeps behind the dead thread writes LITTER: what the task names (blocks)
//!   is given back by whoever takes the place next, before anything else. HELD(g, thread) is written once for a g, so that a
//!   late repairer, who has seen the thread dead, cannot meet the same word of the slot's next holder.
//! * RUNNING, ASKED, CONDEMNED: the worker's number is given to another one only after the keeper has moved on every task of
//!   the dead one. He makes it PENDING again within its budget, or LOST, and has written why before.
//! * Everywhere else nobody has it.
//!
//! ## Whose a task is
//! `owner` is the process that wants to know what became of it; he takes himself out of it when he lets go, or is taken out
//! when he has died. A task that has ended and that nobody owns is litter, as is LITTER: whoever comes by, or wants the place,
//! takes it. Nothing is left to do in between that a death could leave undone. `owner` is looked at after the word: if it is the
//! next task's, the word has changed, and whoever would take the place does not get it.
//!
//! ## Being asked to stop
//! Who asks makes RUNNING ASKED and then sets `stop`, which ends the waits of the task. Between the two he may be slow: so he
//! sets only if the epoch of `stop` still is that of before the swap, and whoever fills the place moves the epoch on, once it
//! is HELD. (To move it on at the end of a task would not do: before the swap, who asks again could still set; behind it,
//! the next task may run.) A task that is asked is so by its word; `stop` is for sleepers.
//!
//! ## Edges
//! | edge | release | acquire | carries | model that fails without it |
//! |---|---|---|---|---|
//! | task | `pend`: PENDING; `promise`: RUNNING | `look` | what is to be done, who has promised it | `who_starts_a_task_sees_what_is_to_be_done`, `who_sees_a_promise_sees_who_has_given_it` |
//! | result | `finish`: CAS to DONE or FAILED | `look` | the result | `who_sees_the_end_sees_the_result` |
//! | free | `give_back`, `drop_held`: FREE or LITTER | `look` | "we are done with these bytes" | `a_place_given_back_is_no_longer_used` |
//! | mend | `retry`, `lose`: CAS | `look` | "the dead one's writes are over", why it was lost | `the_next_attempt_writes_after_the_dead_one`, `who_sees_it_lost_knows_why` |
//! | reuse | `hold`, `start`: fence behind the CAS | `is_still`: fence before the second look | the word, before any byte of the next task | `a_reader_never_takes_the_next_task_for_this_one` |
//! | owner | `let_go`: CAS of `owner` | `is_litter` | "its owner reads it no more" | `what_is_litter_is_no_longer_read` |
//! | stop | `hold`: fence, before `stop` is moved on | `ask`: `stop`, fence, the word | the end of the task before | `who_asks_again_and_is_slow_stops_no_other_task` |

use crate::shim::{AtomicU32, AtomicU64, Ordering, fence, words};
use crate::sync::bell::Bell;
use crate::sync::event::EventWord;
use crate::sync::event_count::EventCount;

/// The words of one task. All zeros is a free place.
#[repr(C)]
pub(crate) struct TaskWords {
    /// See the module, and [`Seen`].
    word: AtomicU64,
    /// Why it was lost, as its keeper says it; meant for LOST.
    cause: AtomicU64,
    /// Told when the task ends.
    pub(crate) settled: EventCount,
    /// Ends the waits of the task while it runs.
    pub(crate) stop: EventWord,
    /// Token of the process that wants to know; 0: nobody does.
    owner: AtomicU32,
    pad: AtomicU32,
}

words!("task, its words", TaskWords { word, cause, settled, stop, owner, pad });

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: repr(C), atomics only, zeros are a free place.
unsafe impl crate::segment::region::Shared for TaskWords {}

const WHO: u64 = (1 << PHASE_SHIFT) - 1;
const PHASE_SHIFT: u32 = 12;
const ATTEMPT_SHIFT: u32 = 16;
const ATTEMPT: u64 = 0xff;
const LATE: u64 = 1 << 24;
const GENERATION_SHIFT: u32 = 25;
/// The largest generation; the next one is 0.
pub(crate) const GENERATION_MAX: u64 = u64::MAX >> GENERATION_SHIFT;

/// How far a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// No task, and nothing is left of the last one.
    Free = 0,
    /// A thread fills or clears the place.
    Held = 1,
    /// Waits for a worker.
    Pending = 2,
    /// A worker is at it.
    Running = 3,
    /// The same, and it was asked to stop.
    Asked = 4,
    /// The same, and the worker is going to be killed.
    Condemned = 5,
    /// Ended with a result.
    Done = 6,
    /// Ended with an error.
    Failed = 7,
    /// Ended because it was cancelled.
    Cancelled = 8,
    /// Ended with its worker.
    Lost = 9,
    /// Whoever filled or cleared the place has died: no task, but things of the last one may be there.
    Litter = 10,
}

impl Phase {
    const fn from_bits(bits: u64) -> Option<Phase> {
        use Phase::{Asked, Cancelled, Condemned, Done, Failed, Free, Held, Litter, Lost, Pending, Running};
        const ALL: [Phase; 11] =
            [Free, Held, Pending, Running, Asked, Condemned, Done, Failed, Cancelled, Lost, Litter];
        if bits < ALL.len() as u64 { Some(ALL[bits as usize]) } else { None }
    }

    /// The task has ended.
    pub(crate) const fn is_end(self) -> bool {
        matches!(self, Phase::Done | Phase::Failed | Phase::Cancelled | Phase::Lost)
    }

    /// A worker has it.
    pub(crate) const fn is_at_work(self) -> bool {
        matches!(self, Phase::Running | Phase::Asked | Phase::Condemned)
    }
}

/// A task's word, as somebody saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen(u64);

impl Seen {
    const fn new(generation: u64, attempt: u32, phase: Phase, who: u32) -> Seen {
        Seen(
            (generation & GENERATION_MAX) << GENERATION_SHIFT
                | (attempt as u64 & ATTEMPT) << ATTEMPT_SHIFT
                | (phase as u64) << PHASE_SHIFT
                | who as u64 & WHO,
        )
    }

    /// How often the place was held before, and whose.
    pub(crate) const fn generation(self) -> u64 {
        self.0 >> GENERATION_SHIFT
    }

    /// How often a worker was lost with it.
    pub(crate) const fn attempt(self) -> u32 {
        (self.0 >> ATTEMPT_SHIFT & ATTEMPT) as u32
    }

    /// `None` if no writer of ours can have written it.
    pub(crate) const fn phase(self) -> Option<Phase> {
        Phase::from_bits(self.0 >> PHASE_SHIFT & 0xf)
    }

    /// HELD: the slot of the thread. RUNNING and what comes of it: the number of the worker.
    pub(crate) const fn who(self) -> u32 {
        (self.0 & WHO) as u32
    }

    /// It was asked to stop, or condemned, because its time was up.
    pub(crate) const fn is_late(self) -> bool {
        self.0 & LATE != 0
    }

    pub(crate) fn is(self, phase: Phase) -> bool {
        self.phase() == Some(phase)
    }

    fn is_at_work(self) -> bool {
        self.phase().is_some_and(Phase::is_at_work)
    }

    /// The same in another phase.
    const fn to(self, phase: Phase) -> Seen {
        Seen(self.0 & !(0xf << PHASE_SHIFT) | (phase as u64) << PHASE_SHIFT)
    }

    const fn late(self, late: bool) -> Seen {
        if late { Seen(self.0 | LATE) } else { self }
    }
}

/// How a task came out, as its worker sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Failed,
}

/// What became of a task that its worker has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finished {
    /// The worker's word was the last one.
    Ended,
    /// The worker is going to be killed, and the task is another's to end.
    Condemned,
}

impl TaskWords {
    #[cfg(test)]
    pub(crate) fn new() -> TaskWords {
        TaskWords {
            word: AtomicU64::new(0),
            cause: AtomicU64::new(0),
            settled: EventCount::new(),
            stop: EventWord::new(),
            owner: AtomicU32::new(0),
            pad: AtomicU32::new(0),
        }
    }

    /// How far it is.
    #[inline]
    pub(crate) fn look(&self) -> Seen {
        Seen(self.word.load(Ordering::Acquire)) // edge: task, result, free, mend
    }

    /// Whether it still is as it was seen, after what was read of it in between.
    #[inline]
    pub(crate) fn is_still(&self, generation: u64) -> bool {
        fence(Ordering::Acquire); // edge: reuse; pairs with `hold`
        Seen(self.word.load(Ordering::Relaxed)).generation() == generation
    }

    /// Whether the place is there to be taken.
    #[inline]
    pub(crate) fn is_vacant(&self, seen: Seen) -> bool {
        seen.is(Phase::Free) || self.is_litter(seen)
    }

    /// Whether there is no task that anybody wants to know of, but things of it are still in the place.
    #[inline]
    pub(crate) fn is_litter(&self, seen: Seen) -> bool {
        let has_ended = seen.phase().is_some_and(Phase::is_end);
        seen.is(Phase::Litter) || has_ended && self.owner.load(Ordering::Acquire) == 0 // edge: owner
    }

    fn swap(&self, from: Seen, to: Seen, order: Ordering) -> Option<Seen> {
        // Relaxed if it fails: the caller looks again.
        self.word.compare_exchange(from.0, to.0, order, Ordering::Relaxed).ok().map(|_| to)
    }

    /// Takes the place for a thread, to fill it or to clear it: one that is free or litter, or of a task that has ended and whose
    /// owner has no use for it.
    pub(crate) fn hold(&self, seen: Seen, thread: u32) -> Option<Seen> {
        let held = Seen::new(seen.generation().wrapping_add(1), 0, Phase::Held, thread);
        // Relaxed: the look that has found this very word has acquired what led to it, and no word comes twice.
        let held = self.swap(seen, held, Ordering::Relaxed)?;
        fence(Ordering::Release); // edge: reuse, stop; pairs with `is_still`, `ask`
        Some(held)
    }

    /// Before the task is published: whose it is, and nobody who asked the last one to stop means this one.
    fn begin(&self, owner: u32) {
        self.stop.move_on();
        // Relaxed: the store of the word publishes it.
        self.owner.store(owner, Ordering::Relaxed);
    }

    /// The place is filled: a task, of this process or nobody's. Whoever held it has no more to do with it.
    pub(crate) fn pend(&self, held: Seen, owner: u32) -> Seen {
        self.begin(owner);
        let pending = Seen::new(held.generation(), 0, Phase::Pending, 0);
        self.word.store(pending.0, Ordering::Release); // edge: task
        pending
    }

    /// The holder is at work on it himself: a promise.
    pub(crate) fn promise(&self, held: Seen, owner: u32, worker: u32) -> Seen {
        self.begin(owner);
        let running = Seen::new(held.generation(), 0, Phase::Running, worker);
        self.word.store(running.0, Ordering::Release); // edge: task
        running
    }

    /// The place is cleared.
    pub(crate) fn give_back(&self, held: Seen) {
        self.word.store(Seen::new(held.generation(), 0, Phase::Free, 0).0, Ordering::Release); // edge: free
    }

    /// A dead thread's place; tells whether it was one.
    pub(crate) fn drop_held(&self, thread: u32) -> bool {
        let seen = self.look();
        let dead = seen.is(Phase::Held) && seen.who() == thread;
        let litter = Seen::new(seen.generation(), 0, Phase::Litter, 0);
        dead && self.swap(seen, litter, Ordering::Release).is_some() // edge: free
    }

    /// A worker takes a task that waits.
    pub(crate) fn start(&self, seen: Seen, worker: u32) -> Option<Seen> {
        let running = Seen::new(seen.generation(), seen.attempt(), Phase::Running, worker);
        // Relaxed: nothing of ours is in it yet, and the look has acquired.
        let running = seen.is(Phase::Pending).then(|| self.swap(seen, running, Ordering::Relaxed))??;
        fence(Ordering::Release); // edge: reuse; pairs with `is_still`
        Some(running)
    }

    /// The worker has ended it; its result lies there.
    pub(crate) fn finish(&self, running: Seen, outcome: Outcome, bell: &(impl Bell + ?Sized)) -> Finished {
        loop {
            let seen = self.look();
            let ours = seen.generation() == running.generation() && seen.attempt() == running.attempt();
            let end = match (seen.phase(), outcome) {
                _ if !ours => return Finished::Condemned,
                (Some(Phase::Running | Phase::Asked), Outcome::Done) => Phase::Done,
                (Some(Phase::Running), Outcome::Failed) => Phase::Failed,
                (Some(Phase::Asked), Outcome::Failed) if seen.is_late() => Phase::Lost,
                (Some(Phase::Asked), Outcome::Failed) => Phase::Cancelled,
                _ => return Finished::Condemned,
            };
            if self.settle(seen, end, bell) {
                return Finished::Ended;
            }
        }
    }

    /// Ends it, from exactly what was seen. Tells whether it did.
    fn settle(&self, seen: Seen, end: Phase, bell: &(impl Bell + ?Sized)) -> bool {
        let ended = self.swap(seen, seen.to(end), Ordering::Release).is_some(); // edge: result, mend
        if ended {
            self.settled.notify_after_rmw(bell);
        }
        ended
    }

    /// Asks the task to stop, if it runs as seen; `late`: because its time is up. Tells whether it is asked. One that is condemned
    /// stays so: only its waits end.
    pub(crate) fn ask(&self, seen: Seen, late: bool, bell: &(impl Bell + ?Sized)) -> bool {
        let begun = self.stop.begin();
        // Who finds `stop` moved on for the next task finds no word of this one behind it.
        fence(Ordering::Acquire); // edge: stop; pairs with `hold`
        let asked = match seen.phase() {
            // Relaxed: a link of the chain that the input came by, and nothing of ours.
            Some(Phase::Running) => self.swap(seen, seen.to(Phase::Asked).late(late), Ordering::Relaxed),
            // Somebody has asked, and may have died before he told; or he had the worker to be killed, and nobody may do it.
            Some(Phase::Asked | Phase::Condemned) if self.look() == seen => Some(seen),
            _ => None,
        };
        asked.map(|_| self.stop.set_since(begun, bell)).is_some()
    }

    /// The worker is going to be killed: from here on it cannot end the task. `late`: because its time is up.
    pub(crate) fn condemn(&self, seen: Seen, late: bool) -> Option<Seen> {
        let runs = seen.is(Phase::Running) || seen.is(Phase::Asked);
        // Relaxed: a link of the chain that the input came by, and nothing of ours.
        runs.then(|| self.swap(seen, seen.to(Phase::Condemned).late(late), Ordering::Relaxed))?
    }

    /// Cancels a task that waits. Tells whether it did: then it never runs.
    pub(crate) fn cancel(&self, seen: Seen, bell: &(impl Bell + ?Sized)) -> bool {
        seen.is(Phase::Pending) && self.settle(seen, Phase::Cancelled, bell)
    }

    /// Its worker is gone: it waits again, once more counted. Not one that was to stop anyway.
    pub(crate) fn retry(&self, seen: Seen) -> Option<Seen> {
        let pending = Seen::new(seen.generation(), seen.attempt() + 1, Phase::Pending, 0);
        (seen.is(Phase::Running) && (seen.attempt() as u64) < ATTEMPT)
            .then(|| self.swap(seen, pending, Ordering::Release))? // edge: mend
    }

    /// Its worker is gone, or there is none for it: it has ended, `cause` says of what. It counts as cancelled if it was to
    /// stop anyway. Tells whether it was this call that ended it.
    pub(crate) fn lose(&self, seen: Seen, cause: u64, bell: &(impl Bell + ?Sized)) -> bool {
        let stopped = (seen.is(Phase::Condemned) || seen.is(Phase::Asked)) && !seen.is_late();
        if !seen.is_at_work() && !seen.is(Phase::Pending) {
            return false;
        }
        // Relaxed: the swap publishes it. Whoever writes it, writes the same, but for what the maker alone knows.
        self.cause.store(cause, Ordering::Relaxed);
        self.settle(seen, if stopped { Phase::Cancelled } else { Phase::Lost }, bell)
    }

    /// Who has promised it is gone, or gives nothing: as `lose`, also if somebody asks it to stop meanwhile.
    pub(crate) fn forsake(&self, promised: Seen, cause: u64, bell: &(impl Bell + ?Sized)) -> bool {
        loop {
            let seen = self.look();
            if seen.generation() != promised.generation() || !seen.is_at_work() {
                return false;
            }
            if self.lose(seen, cause, bell) {
                return true;
            }
        }
    }

    /// Its worker, who has just taken it, is not to begin: it ends as one that was asked to stop.
    pub(crate) fn call_off(&self, running: Seen, cause: u64, bell: &(impl Bell + ?Sized)) {
        self.ask(running, false, bell);
        self.forsake(running, cause, bell);
    }

    /// Why it was lost.
    pub(crate) fn cause(&self) -> u64 {
        self.cause.load(Ordering::Relaxed) // Relaxed: read after a look that found it lost
    }

    /// Whose it is.
    pub(crate) fn owner(&self) -> u32 {
        self.owner.load(Ordering::Relaxed) // Relaxed: compared only
    }

    /// This process does not want to know any more, or is gone: what has ended is litter, what has not will be. Tells
    /// whether it was its.
    pub(crate) fn let_go(&self, owner: u32) -> bool {
        self.owner.compare_exchange(owner, 0, Ordering::Release, Ordering::Relaxed).is_ok() // edge: owner
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const ALL: [Phase; 11] = [
        Phase::Free,
        Phase::Held,
        Phase::Pending,
        Phase::Running,
        Phase::Asked,
        Phase::Condemned,
        Phase::Done,
        Phase::Failed,
        Phase::Cancelled,
        Phase::Lost,
        Phase::Litter,
    ];

    fn at(phase: Phase) -> (TaskWords, Seen) {
        at_word(Seen::new(3, 1, phase, 2))
    }

    fn at_word(seen: Seen) -> (TaskWords, Seen) {
        let task = TaskWords::new();
        task.owner.store(7, Ordering::Relaxed);
        task.word.store(seen.0, Ordering::Relaxed);
        (task, seen)
    }

    /// The phases from which a move goes, and that it leaves the word alone from all others.
    fn allowed(does: impl Fn(&TaskWords, Seen) -> bool) -> Vec<Phase> {
        let goes = |phase: &Phase| {
            let (task, seen) = at(*phase);
            let did = does(&task, seen);
            assert!(did || task.look() == seen, "{phase:?}: refused, and yet moved");
            did
        };
        ALL.into_iter().filter(goes).collect()
    }

    #[test]
    fn each_move_goes_from_its_phases_only() {
        use Phase::{Asked, Condemned, Held, Pending, Running};
        assert_eq!(allowed(|t, seen| t.start(seen, 5).is_some()), [Pending]);
        assert_eq!(allowed(|t, seen| t.cancel(seen, &())), [Pending]);
        assert_eq!(allowed(|t, seen| t.ask(seen, false, &())), [Running, Asked, Condemned]);
        assert_eq!(allowed(|t, seen| t.condemn(seen, false).is_some()), [Running, Asked]);
        assert_eq!(allowed(|t, seen| t.retry(seen).is_some()), [Running]);
        assert_eq!(allowed(|t, seen| t.lose(seen, 1, &())), [Pending, Running, Asked, Condemned]);
        assert_eq!(allowed(|t, _| t.drop_held(2)), [Held]);
        assert_eq!(allowed(|t, _| t.drop_held(3)), []);
        for outcome in [Outcome::Done, Outcome::Failed] {
            assert_eq!(allowed(|t, seen| t.finish(seen, outcome, &()) == Finished::Ended), [Running, Asked]);
        }
    }

    #[test]
    fn a_word_that_has_changed_is_not_moved() {
        let (task, seen) = at(Phase::Running);
        assert!(task.ask(seen, true, &()) && task.stop.is_set());
        assert!(
            !task.ask(seen, false, &()) && task.condemn(seen, false).is_none() && task.retry(seen).is_none()
        );
        assert!(!task.lose(seen, 1, &()) && task.look() == seen.to(Phase::Asked).late(true));
    }

    #[test]
    fn how_it_ends_depends_on_why_it_was_to_stop() {
        let end = |phase, late, does: &dyn Fn(&TaskWords, Seen)| {
            let (task, seen) = at_word(Seen::new(3, 1, phase, 2).late(late));
            does(&task, seen);
            task.look().phase().unwrap()
        };
        let fail = |t: &TaskWords, seen: Seen| {
            let _ = t.finish(seen, Outcome::Failed, &());
        };
        let lose = |t: &TaskWords, seen: Seen| {
            let _ = t.lose(seen, 4, &());
        };
        assert_eq!(end(Phase::Running, false, &fail), Phase::Failed);
        assert_eq!(end(Phase::Asked, false, &fail), Phase::Cancelled);
        assert_eq!(end(Phase::Asked, true, &fail), Phase::Lost);
        assert_eq!(end(Phase::Running, false, &lose), Phase::Lost);
        for phase in [Phase::Asked, Phase::Condemned] {
            assert_eq!(end(phase, false, &lose), Phase::Cancelled);
            assert_eq!(end(phase, true, &lose), Phase::Lost);
        }
    }

    #[test]
    fn the_attempts_end_and_the_generations_begin_anew() {
        let (task, seen) = at_word(Seen::new(GENERATION_MAX, 255, Phase::Running, 4095));
        assert_eq!((seen.generation(), seen.attempt(), seen.who()), (GENERATION_MAX, 255, 4095));
        assert!(task.retry(seen).is_none());
        assert_eq!(
            task.finish(Seen::new(GENERATION_MAX, 254, Phase::Running, 4095), Outcome::Done, &()),
            Finished::Condemned
        );
        assert_eq!(task.finish(seen, Outcome::Done, &()), Finished::Ended);
        let held = task.hold(task.look(), 1).unwrap();
        assert_eq!((held.generation(), held.attempt(), held.is_late()), (0, 0, false));
        assert!(!task.is_still(GENERATION_MAX) && task.is_still(0));
    }

    #[test]
    fn strange_bits_are_no_phase_and_move_nowhere() {
        for bits in 11..16 {
            let (task, seen) = at_word(Seen(!(0xf << PHASE_SHIFT) | bits << PHASE_SHIFT));
            assert_eq!(seen.phase(), None);
            assert!(task.start(seen, 1).is_none() && !task.cancel(seen, &()) && !task.ask(seen, false, &()));
            assert!(
                task.condemn(seen, false).is_none() && task.retry(seen).is_none() && !task.lose(seen, 1, &())
            );
            assert_eq!(task.finish(seen, Outcome::Done, &()), Finished::Condemned);
            assert!(!task.drop_held(seen.who()) && task.let_go(7) && task.look() == seen);
        }
    }

    #[test]
    fn only_its_owner_lets_go() {
        let (task, seen) = at(Phase::Done);
        assert!(!task.let_go(8) && task.look() == seen && !task.is_litter(seen));
        assert!(task.let_go(7) && task.look() == seen && task.is_litter(seen) && !task.let_go(7));
    }

    #[test]
    fn an_event_that_is_moved_on_is_not_set_by_who_began_before() {
        let stop = EventWord::new();
        let begun = stop.begin();
        stop.move_on();
        stop.set_since(begun, &());
        assert!(stop.is_over(begun) && !stop.is_set());
        stop.set_since(stop.begin(), &());
        assert!(stop.is_set());
        stop.move_on();
        assert!(!stop.is_set());
    }
}
