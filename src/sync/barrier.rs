//! The barrier: so many parties wait for each other, and then all of them go on, or none.
//!
//! One word says how the barrier stands: `{era, phase, whose}`. An era ends with a trip, when all have passed, or with a
//! reset. Each party stamps one of `parties` cells with its token and the era; the cell's number is what the party gets
//! from its trip. The trip is one compare-and-swap of the state to the next era: that is the instant at which all pass.
//!
//! ```text
//! (e, OPEN) ──────────────────────────────► (e + 1, OPEN)      a trip without an action
//! (e, OPEN) ──► (e, ACTING, actor's cell) ─► (e + 1, OPEN)      a trip with one
//! (e, OPEN or ACTING) ──► (e, broken, why, whose)               aborted, timed out, died, ...
//! (e, whatever) ──► (e, RESETTING) ──► (e + 1, OPEN)            a reset
//! ```
//!
//! ## Arriving
//! A cell is free for era e if it is as era e - 1 left it, stamped or closed: nobody clears a cell, and nobody who is late
//! in leaving holds up an era. So a party leaves nothing behind that has to be repaired, and one that sleeps on while later
//! eras come and go loses nothing by its cell's going to somebody else. The state's era never comes again (2^48 of them);
//! that of a cell comes again after 2^34, so that a party would have to stand still for exactly so many of them between
//! its look at a cell and its swap to do harm.
//!
//! Who has stamped a cell looks at all the others, and again after the fence by which it announces that it sleeps: of the two
//! that stamp last, one sees every cell stamped (`of_the_last_two_one_makes_the_trip`). There is no counter. Who sees them all looks how those stand who arrived or declared themselves, and then swaps the state; if
//! several see them all, the swap decides. Sleepers look too, so that a party that is stopped between its stamp and its look
//! holds up nobody for longer than a slice, and one that is killed there is found like any other that arrived and died.
//!
//! ## Breaking
//! Whoever cannot wait any longer, whatever ended the wait, and whoever finds an arrived, acting or declared party dead swaps
//! the state from exactly the word that he judged by to a broken one. The same swap decides between a trip and a break: a
//! party whose time is up but whose trip was made has passed. An action may run while the barrier is broken; its trip then
//! does not come about. The name of a dead one is kept in a word of its own, with the era: whoever finds it missing while the
//! state says that somebody died writes it, and the dead one's place in the yard is given away only after that.
//!
//! ## Resetting
//! A party that finds a later era must know whether its own ended with a trip. So a reset first says RESETTING; then it
//! closes every cell that is free, so that nobody can arrive in this era any more, tells each thread that did arrive, in a
//! word for its slot, that the era was broken, forgets the declarations of the dead, and then begins the next era. What a
//! thread was told is never taken back: it only gives way to a later era, in which the same slot was broken again. Whoever
//! finds RESETTING finishes it himself; all steps may be made twice, or late.
//!
//! ## Declared parties
//! A process may stamp one of `parties` places, so that its death breaks the barrier before it has arrived. A place is freed
//! by leaving, by whoever finds the process dead, after he has broken the barrier and named it, and by a reset.
//!
//! ## Why nobody is left behind
//! A sleeper announces itself, looks at the state and all cells and places once more, and sleeps on the event count and the
//! alive words of all those, and of others; it does not sleep if one more has come after its look, who may be dead already. Whoever ends an era or breaks it notifies. Who is killed before he notifies has
//! an alive word; what remains (nobody had room for it; he is only stopped) ends with the slice.
//!
//! ## Edges
//! | edge | release | acquire | carries | model that fails without it |
//! |---|---|---|---|---|
//! | arrival | `arrive`: CAS of the cell | `survey`, `finish`: load of the cell | what a party did before it arrived; that its thread lives | `what_each_did_before_the_trip_is_seen_after_it_by_all`, `a_party_that_just_arrived_is_found_alive`, `who_finishes_a_reset_late_closes_no_later_cell` |
//! | trip | `change`: CAS of the state | `load` of the state | what all did, and the action; what a reset told | `what_the_action_did_is_seen_by_all`, `who_was_reset_never_believes_that_it_passed` |
//! | declared | `declare`: CAS of the place | `declared_parties`: load of the place | that the process lives | `a_living_declared_party_is_never_taken_for_dead` |
//! | named | `leave_at`: CAS of the place | `ask_name`: load of the place | the name of the dead one who had it | `who_finds_a_death_late_breaks_no_later_era` |

use crate::error::ErrorKind;
use crate::presence::place::Standing;
use crate::segment::bits::{BarrierState as State, Phase, Token};
use crate::shim::{AtomicU32, AtomicU64, Ordering, pause, step, words};
use crate::sync::event_count::EventCount;
use crate::sync::lock::{Crowd, Owners};
use crate::sync::wait::Wait;

/// What the parties of one barrier share. All zeros is a fresh one.
#[repr(C)]
pub(crate) struct Head {
    state: AtomicU64,
    /// Who died, if that broke it.
    name: AtomicU64,
    /// An era has ended or was broken.
    event: EventCount,
    pad: AtomicU32,
}

words!("barrier head", Head { state, name, event, pad });

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: repr(C), atomics only, zeros are a fresh barrier.
unsafe impl crate::segment::region::Shared for Head {}

#[cfg(all(test, loom))]
impl Head {
    pub(crate) fn new() -> Head {
        Head {
            state: AtomicU64::new(0),
            name: AtomicU64::new(0),
            event: EventCount::new(),
            pad: AtomicU32::new(0),
        }
    }
}

/// Why a barrier is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Reset,
    Aborted,
    TimedOut,
    Interrupted,
    Cancelled,
    Failed,
    /// Process and thread; the thread is 0 for a declared party.
    Died(u32, u32),
}

/// Why a party has not passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Somebody or something else broke the barrier.
    Broken(Cause),
    /// The party's own wait ended like this, and that broke it; `Failed` is its action, `Deadlock` breaks nothing.
    Own(ErrorKind),
}

/// Whom the stamps stand for.
pub(crate) struct Parties<'a, P, T> {
    /// Behind the tokens in the places.
    pub(crate) processes: &'a P,
    /// Behind the tokens in the cells.
    pub(crate) threads: &'a T,
}

/// What a look at the parties came to.
#[derive(Default)]
struct Survey {
    /// How many have arrived and live.
    arrived: usize,
    /// How many have declared themselves and live.
    declared: usize,
    /// Somebody is dead and the state was changed, or has changed: look again.
    changed: bool,
    /// A process may be dying.
    doubt: bool,
}

/// The words of one barrier.
#[derive(Clone, Copy)]
pub(crate) struct Barrier<'a> {
    pub(crate) head: &'a Head,
    /// One for each party.
    pub(crate) cells: &'a [AtomicU64],
    /// One for each party that may declare itself.
    pub(crate) places: &'a [AtomicU32],
    /// What each thread slot is told.
    pub(crate) told: &'a [AtomicU64],
}

#[cfg(all(test, not(loom)))]
impl Barrier<'_> {
    /// As if it had been in use for so many eras.
    pub(crate) fn begin_at(self, era: u64) {
        let state = State { era, phase: Phase::Resetting, at: 0 };
        self.scribble(state.pack());
    }

    /// Writes what nobody writes.
    pub(crate) fn scribble(self, word: u64) {
        self.head.state.store(word, Ordering::Relaxed);
    }
}

#[cfg(all(test, loom))]
impl Barrier<'_> {
    pub(crate) fn peek(self) -> State {
        self.load()
    }

    /// What a resetter leaves that is killed at its first step.
    pub(crate) fn begin_reset(self) {
        let state = self.load();
        assert!(self.change(state, state.to(Phase::Resetting, 0)));
    }

    /// What one leaves that finds the party in this cell dead and is killed before he writes the name.
    pub(crate) fn lose_unnamed(self, at: u32) -> bool {
        self.break_up(self.load(), Phase::LostArrived, at)
    }

    pub(crate) fn name_word(self) -> u64 {
        self.head.name.load(Ordering::Relaxed)
    }
}

/// One party's wait.
struct Visit<'v, 'a, P, T> {
    me: Token,
    parties: &'v Parties<'a, P, T>,
    wait: &'v Wait,
    /// What ended the wait. Everything is looked at once more after it.
    ended: Result<(), ErrorKind>,
}

/// Breaks the barrier if the action does not come back.
struct Acting<'v, 'a, T: Owners> {
    barrier: Barrier<'a>,
    state: State,
    me: Token,
    threads: &'v T,
}

impl<T: Owners> Acting<'_, '_, T> {
    /// False in a fork child that the action has made: the trip is its parent's.
    fn is_ours(&self) -> bool {
        self.threads.is_me(self.me)
    }
}

impl<T: Owners> Drop for Acting<'_, '_, T> {
    fn drop(&mut self) {
        if !self.is_ours() {
            return;
        }
        #[cfg(all(test, loom))]
        if crate::shim::is_doomed() {
            return; // a killed thread runs no destructors
        }
        self.barrier.break_up(self.state, Phase::Failed, 0);
    }
}

impl<'a> Barrier<'a> {
    #[inline]
    fn load(self) -> State {
        let word = self.head.state.load(Ordering::Acquire); // edge: trip
        let state = State::unpack(word);
        if state.pack() != word {
            self.mend(word, state);
        }
        state
    }

    /// What no writer of ours writes becomes what it was taken for: a broken barrier, which a reset makes whole.
    #[cold]
    fn mend(self, word: u64, state: State) {
        let _ = self.head.state.compare_exchange(word, state.pack(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Moves on from exactly this state. Whoever succeeds has made the move, once.
    #[inline]
    fn change(self, from: State, to: State) -> bool {
        let (from, to) = (from.pack(), to.pack());
        self.head.state.compare_exchange(from, to, Ordering::Release, Ordering::Relaxed).is_ok() // edge: trip
    }

    /// Begins the next era, if the state is still this one.
    #[inline]
    fn end_era(self, state: State) -> bool {
        let ended = self.change(state, state.next());
        if ended {
            self.head.event.notify_after_rmw(&());
        }
        ended
    }

    /// Breaks the barrier, if its state is still this one.
    #[cold]
    fn break_up(self, state: State, phase: Phase, at: u32) -> bool {
        let broken = self.change(state, state.to(phase, at));
        if broken {
            self.head.event.notify(&());
        }
        broken
    }

    /// Every cell, from this thread's home on and round: with cells for all, each thread has its own.
    #[inline]
    fn cells_around(self, me: Token) -> impl Iterator<Item = (usize, &'a AtomicU64)> {
        let home = (me.index() as usize).checked_rem(self.cells.len()).unwrap_or(0);
        let (before, after) = self.cells.split_at(home);
        (home..).zip(after).chain((0..).zip(before))
    }

    /// Stamps a free cell of this era; `None` if there is none, or the era is over.
    #[inline]
    pub(crate) fn arrive(self, me: Token, state: State) -> Option<usize> {
        let stamp = state.cell(me);
        for (at, cell) in self.cells_around(me) {
            // Relaxed: swapped from exactly this word.
            let word = cell.load(Ordering::Relaxed);
            if !state.may_take(word) {
                continue;
            }
            let taken = cell.compare_exchange(word, stamp, Ordering::Release, Ordering::Relaxed); // edge: arrival
            if taken.is_ok() {
                return Some(at);
            }
        }
        None
    }

    /// Waits for the others as the thread `me`, and tells in which cell it was; or why it has not passed. `action`: what
    /// to run first if this party makes the trip; false if that failed.
    pub(crate) fn wait<P: Owners, T: Owners>(
        self,
        me: Token,
        parties: &Parties<'a, P, T>,
        wait: &Wait,
        mut action: Option<impl FnOnce() -> bool>,
    ) -> Result<usize, Stop> {
        let mut visit = Visit { me, parties, wait, ended: Ok(()) };
        let mut has_lingered = false;
        loop {
            let state = self.load();
            match state.phase {
                Phase::Resetting => {
                    self.finish(state, parties);
                    continue;
                }
                Phase::Open => {
                    if let Some(at) = self.arrive(me, state) {
                        return self.stay(state, at, &mut visit, &mut action);
                    }
                }
                Phase::Acting if self.actor(state) == Some(me) => return Err(Stop::Own(ErrorKind::Deadlock)),
                Phase::Acting => {}
                _ => return Err(Stop::Broken(self.cause(state, parties))),
            }
            if has_lingered {
                wait.check().map_err(Stop::Own)?; // others may be quicker again and again
            }
            self.linger(state, &mut visit)?;
            has_lingered = true;
        }
    }

    /// Who runs the action.
    fn actor(self, state: State) -> Option<Token> {
        // Relaxed: only one's own token matters here.
        state.arrived(self.cells.get(state.at as usize)?.load(Ordering::Relaxed))
    }

    /// Waits in a cell until the era is over.
    fn stay<P: Owners, T: Owners>(
        self,
        arrived: State,
        at: usize,
        visit: &mut Visit<'_, 'a, P, T>,
        action: &mut Option<impl FnOnce() -> bool>,
    ) -> Result<usize, Stop> {
        if self.arrived(arrived) == self.cells.len() {
            let seen = self.survey(arrived, visit.parties, false, None);
            if !seen.changed
                && seen.arrived == self.cells.len()
                && let Some(end) = self.pass(arrived, at, visit, action)
            {
                return end;
            }
        } else {
            self.poll(arrived, visit);
        }
        loop {
            let state = self.load();
            if let Some(end) = self.verdict(state, arrived, at, visit) {
                return end;
            }
            let mut crowd = Crowd::new(self.head.event.prepare());
            let seen = self.survey(state, visit.parties, true, Some(&mut crowd));
            if seen.changed || self.load() != state {
                continue;
            }
            if state.phase == Phase::Open && seen.arrived == self.cells.len() {
                match self.pass(state, at, visit, action) {
                    Some(end) => return end,
                    None => continue,
                }
            }
            if let Err(end) = visit.ended {
                if self.break_up(state, phase_of(end), at as u32) {
                    return Err(Stop::Own(end));
                }
                continue;
            }
            self.sleep(crowd, state, &seen, visit);
        }
    }

    /// Waits, without a cell, until the state is not this one any more. It breaks nothing when its time is up.
    #[cold]
    fn linger<P: Owners, T: Owners>(self, state: State, visit: &mut Visit<'_, 'a, P, T>) -> Result<(), Stop> {
        self.poll(state, visit);
        loop {
            let mut crowd = Crowd::new(self.head.event.prepare());
            let seen = self.survey(state, visit.parties, true, Some(&mut crowd));
            if seen.changed || self.load() != state {
                return Ok(());
            }
            visit.ended.map_err(Stop::Own)?;
            self.sleep(crowd, state, &seen, visit);
        }
    }

    /// Looks at the state for a moment.
    fn poll<P: Owners, T: Owners>(self, state: State, visit: &Visit<'_, 'a, P, T>) {
        let word = state.pack();
        let spins = if visit.wait.check().is_ok() { visit.parties.threads.spins() } else { 0 };
        for _ in 0..spins {
            // Relaxed: `load` looks again.
            if self.head.state.load(Ordering::Relaxed) != word {
                return;
            }
            pause();
        }
    }

    /// Sleeps, unless somebody came since `seen`: one that has died since is not among the others any more.
    fn sleep<P: Owners, T: Owners>(
        self,
        mut crowd: Crowd<'a>,
        state: State,
        seen: &Survey,
        visit: &mut Visit<'_, 'a, P, T>,
    ) {
        let threads = visit.parties.threads;
        threads.others(&mut crowd);
        if self.arrived(state) != seen.arrived || self.declared() != seen.declared {
            return;
        }
        if let Err(end) = threads.slept(visit.wait, visit.wait.sleep(crowd.watches(), seen.doubt)) {
            visit.ended = Err(end);
        }
    }

    /// How many have arrived, dead or alive. Relaxed: who is known to be dead is known to have arrived.
    #[inline]
    fn arrived(self, state: State) -> usize {
        self.cells.iter().filter(|cell| state.arrived(cell.load(Ordering::Relaxed)).is_some()).count()
    }

    /// How the era in which this party arrived has ended, if it has.
    fn verdict<P: Owners, T: Owners>(
        self,
        state: State,
        arrived: State,
        at: usize,
        visit: &Visit<'_, 'a, P, T>,
    ) -> Option<Result<usize, Stop>> {
        let broken = |cause| Some(Err(Stop::Broken(cause)));
        if state.era != arrived.era {
            return if self.was_told(visit.me, arrived) { broken(Cause::Reset) } else { Some(Ok(at)) };
        }
        if state.is_whole() { None } else { broken(self.cause(state, visit.parties)) }
    }

    /// All have arrived: makes the trip. `None` if somebody else was quicker.
    #[inline]
    fn pass<P: Owners, T: Owners>(
        self,
        state: State,
        at: usize,
        visit: &Visit<'_, 'a, P, T>,
        action: &mut Option<impl FnOnce() -> bool>,
    ) -> Option<Result<usize, Stop>> {
        if action.is_none() {
            return self.end_era(state).then_some(Ok(at));
        }
        let acting = state.to(Phase::Acting, at as u32);
        if !self.change(state, acting) {
            return None;
        }
        let guard = Acting { barrier: self, state: acting, me: visit.me, threads: visit.parties.threads };
        let acted = action.take().is_some_and(|action| action());
        if !guard.is_ours() {
            return Some(Err(Stop::Own(ErrorKind::NotOwner)));
        }
        if !acted {
            drop(guard);
            return Some(Err(Stop::Own(ErrorKind::Failed)));
        }
        std::mem::forget(guard);
        if self.end_era(acting) {
            return Some(Ok(at));
        }
        // Only the actor makes the trip of an era with an action: this one was broken, and may have been reset since.
        let state = self.load();
        let cause = if state.era == acting.era { self.cause(state, visit.parties) } else { Cause::Reset };
        Some(Err(Stop::Broken(cause)))
    }

    /// Looks how those stand who have arrived in this era, and those who have declared themselves; breaks the barrier if
    /// one of them is dead. Unless `ask`, a declared one without a sign of death counts as alive. Adds their alive words to
    /// `crowd`.
    fn survey<P: Owners, T: Owners>(
        self,
        state: State,
        parties: &Parties<'a, P, T>,
        ask: bool,
        mut crowd: Option<&mut Crowd<'a>>,
    ) -> Survey {
        let mut seen = Survey::default();
        for (at, cell) in (0u32..).zip(self.cells) {
            let word = cell.load(Ordering::Acquire); // edge: arrival
            let Some(thread) = state.arrived(word) else { continue };
            match parties.threads.standing(thread) {
                Standing::Dead => {
                    self.lose_arrived(state, at, thread, parties);
                    seen.changed = true;
                    return seen;
                }
                Standing::Here(watch) => {
                    watch.zip(crowd.as_mut()).map(|(watch, crowd)| crowd.add(watch));
                }
                Standing::Doubtful { .. } => seen.doubt = true,
            }
            seen.arrived += 1;
        }
        for (at, process) in self.declared_parties() {
            seen.declared += 1;
            let standing = if ask { P::standing } else { P::glance };
            match standing(parties.processes, process) {
                Standing::Dead => {
                    self.lose_declared(state, at, process, parties);
                    seen.changed = true;
                    return seen;
                }
                Standing::Here(alive) => {
                    alive.zip(crowd.as_mut()).map(|(watch, crowd)| crowd.add(watch));
                }
                Standing::Doubtful { .. } => seen.doubt = true,
            }
        }
        seen
    }

    /// The thread that has arrived in this cell is dead; tells whether that broke the barrier now.
    #[cold]
    fn lose_arrived<P: Owners, T: Owners>(
        self,
        state: State,
        at: u32,
        dead: Token,
        parties: &Parties<'a, P, T>,
    ) -> bool {
        let lost = state.to(Phase::LostArrived, at);
        let broken = self.break_up(state, lost.phase, at);
        if broken {
            step();
            self.find_name(lost, parties);
            parties.threads.missed(dead, &self.head.state);
        }
        broken
    }

    /// The process that has declared itself in this place is dead: breaks the barrier, names it, frees the place. `state`
    /// was loaded before the place: a reset forgives the dead, and who judges by an older state breaks no later era. Nor does
    /// he free a place in one: whoever has died since the reset is still to break it.
    #[cold]
    fn lose_declared<P: Owners, T: Owners>(
        self,
        state: State,
        at: u32,
        dead: Token,
        parties: &Parties<'a, P, T>,
    ) {
        let lost = state.to(Phase::LostDeclared, at);
        if state.is_whole() {
            if !self.break_up(state, lost.phase, at) {
                return;
            }
            step();
            self.find_name(lost, parties);
            parties.processes.missed(dead, &self.head.state);
        } else {
            if self.load() != state {
                return;
            }
            if state == lost {
                self.find_name(lost, parties); // who broke it may have died before he wrote the name
            }
        }
        step();
        self.leave_at(at as usize, dead);
    }

    /// Process and thread of the one whose death broke this era. Writes them down if nobody has.
    fn find_name<P: Owners, T: Owners>(self, lost: State, parties: &Parties<'a, P, T>) -> (u32, u32) {
        // Relaxed: a fact of one word.
        let known = self.head.name.load(Ordering::Relaxed);
        if let Some(person) = lost.named(known) {
            return person;
        }
        let person = self.ask_name(lost, parties);
        if person.0 != 0 {
            let name = lost.name(person);
            let _ = self.head.name.compare_exchange(known, name, Ordering::Relaxed, Ordering::Relaxed);
        }
        // Who finds no name any more finds it written down: the dead one's place went after that.
        lost.named(self.head.name.load(Ordering::Relaxed)).unwrap_or(person)
    }

    /// The same from the dead one's place in the yard: zeros if that is somebody else's by now.
    fn ask_name<P: Owners, T: Owners>(self, lost: State, parties: &Parties<'a, P, T>) -> (u32, u32) {
        let at = lost.at as usize;
        let nobody = (0, 0);
        // Relaxed: who broke the barrier has read the same. A declared one's place may be another's by now: then the name
        // was written before, or this one is found alive *after* it was found at all.
        if lost.phase == Phase::LostArrived {
            let arrived = self.cells.get(at).and_then(|cell| lost.arrived(cell.load(Ordering::Relaxed)));
            return arrived.map_or(nobody, |thread| parties.threads.person(thread));
        }
        let Some(place) = self.places.get(at) else { return nobody };
        let word = place.load(Ordering::Acquire); // edge: named
        let Some(process) = Token::of(word) else { return nobody };
        let person = parties.processes.person(process);
        if matches!(parties.processes.standing(process), Standing::Dead) { person } else { nobody }
    }

    /// Why the barrier is broken in this state.
    fn cause<P: Owners, T: Owners>(self, state: State, parties: &Parties<'a, P, T>) -> Cause {
        match state.phase {
            Phase::TimedOut => Cause::TimedOut,
            Phase::Interrupted => Cause::Interrupted,
            Phase::Cancelled => Cause::Cancelled,
            Phase::Failed => Cause::Failed,
            Phase::LostArrived | Phase::LostDeclared => {
                let (pid, tid) = self.find_name(state, parties);
                Cause::Died(pid, tid)
            }
            Phase::Resetting => Cause::Reset,
            Phase::Open | Phase::Acting | Phase::Aborted => Cause::Aborted,
        }
    }

    /// Breaks the barrier until it is reset. Nothing changes if it is broken already.
    pub(crate) fn abort<P: Owners, T: Owners>(self, parties: &Parties<'a, P, T>) {
        loop {
            let state = self.load();
            match state.phase {
                Phase::Resetting => self.finish(state, parties),
                _ if !state.is_whole() || self.break_up(state, Phase::Aborted, 0) => return,
                _ => {}
            }
        }
    }

    /// Begins a new era, whatever the state. Whoever has arrived in this one is told that it is broken.
    pub(crate) fn reset<P: Owners, T: Owners>(self, parties: &Parties<'a, P, T>) {
        loop {
            let state = self.load();
            let resetting = state.to(Phase::Resetting, 0);
            // A reset that is under way is as good as ours: it ends after we have begun.
            if state.phase == Phase::Resetting || self.change(state, resetting) {
                step();
                return self.finish(resetting, parties);
            }
        }
    }

    /// Finishes a reset, one's own or another's.
    #[cold]
    fn finish<P: Owners, T: Owners>(self, state: State, parties: &Parties<'a, P, T>) {
        for cell in self.cells {
            loop {
                let word = cell.load(Ordering::Acquire); // edge: arrival
                if state.has(word) {
                    state.arrived(word).into_iter().for_each(|thread| self.tell(thread, state));
                    break;
                }
                // Of a later era: somebody else was quicker. What is neither, only who keeps no rules writes.
                if !state.may_take(word) && self.load() != state {
                    return;
                }
                // Relaxed: nobody is behind it; the change of the state publishes it.
                let closed = state.cell(Token::NONE);
                if cell.compare_exchange(word, closed, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                    break;
                }
            }
        }
        self.clear_places(state, parties);
        // Relaxed: a name is of its era; this only makes sure that none is found when eras have gone round.
        let name = self.head.name.load(Ordering::Relaxed);
        if state.named(name).is_some() {
            let _ = self.head.name.compare_exchange(name, 0, Ordering::Relaxed, Ordering::Relaxed);
        }
        step();
        self.end_era(state);
    }

    /// Frees the places of the dead: this reset forgives them.
    fn clear_places<P: Owners, T: Owners>(self, state: State, parties: &Parties<'a, P, T>) {
        for (at, process) in self.declared_parties() {
            if matches!(parties.processes.standing(process), Standing::Dead) && self.load() == state {
                self.leave_at(at as usize, process);
            }
        }
    }

    /// Tells a thread, for good, that the era in which it arrived was broken.
    fn tell(self, thread: Token, state: State) {
        let Some(told) = self.told.get(thread.index() as usize) else { return };
        // Relaxed: published by the change of the state.
        let mut word = told.load(Ordering::Relaxed);
        while state.is_after(word) {
            match told.compare_exchange(word, state.told(), Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
    }

    /// Whether the era in which the calling thread arrived, and which is over, was broken.
    fn was_told(self, me: Token, arrived: State) -> bool {
        // Relaxed: ordered by the load of the state.
        self.told.get(me.index() as usize).is_some_and(|told| told.load(Ordering::Relaxed) == arrived.told())
    }

    /// Declares a process as a party; in which place. `NoSlots` if all of them are the living's.
    pub(crate) fn declare<P: Owners, T: Owners>(
        self,
        process: Token,
        parties: &Parties<'a, P, T>,
    ) -> Result<usize, ErrorKind> {
        loop {
            let free = self.places.iter().position(|place| {
                // Relaxed if it fails: whoever acts on it looks again.
                place.compare_exchange(0, process.0, Ordering::Release, Ordering::Relaxed).is_ok() // edge: declared
            });
            match free {
                Some(at) => return Ok(at),
                None if self.lose_dead(parties) => {}
                None => return Err(ErrorKind::NoSlots),
            }
        }
    }

    /// Every declared party, and its place. What is neither free nor a token, only who keeps no rules writes: it stays.
    fn declared_parties(self) -> impl Iterator<Item = (u32, Token)> + use<'a> {
        (0u32..).zip(self.places).filter_map(|(at, place)| {
            let word = place.load(Ordering::Acquire); // edge: declared
            Some((at, Token::of(word).filter(|process| process.0 == word)?))
        })
    }

    /// Frees the places of the dead; whether there was one, or one is free by now.
    fn lose_dead<P: Owners, T: Owners>(self, parties: &Parties<'a, P, T>) -> bool {
        let (mut taken, mut lost) = (0, false);
        let state = self.load();
        for (at, process) in self.declared_parties() {
            taken += 1;
            if matches!(parties.processes.standing(process), Standing::Dead) {
                self.lose_declared(state, at, process, parties);
                lost = true;
            }
        }
        lost || taken < self.places.len() && self.has_free_place()
    }

    fn has_free_place(self) -> bool {
        self.places.iter().any(|place| place.load(Ordering::Relaxed) == 0) // Relaxed: `declare` tries
    }

    /// Frees this place, if it is that process's.
    pub(crate) fn leave_at(self, at: usize, process: Token) -> bool {
        let Some(place) = self.places.get(at) else { return false };
        place.compare_exchange(process.0, 0, Ordering::Release, Ordering::Relaxed).is_ok() // edge: named
    }

    /// Frees one of the process's places; whether it had one.
    pub(crate) fn leave(self, process: Token) -> bool {
        (0..self.places.len()).any(|at| self.leave_at(at, process))
    }

    /// Frees all of the process's places; how many it had.
    pub(crate) fn leave_all(self, process: Token) -> usize {
        (0..self.places.len()).filter(|at| self.leave_at(*at, process)).count()
    }

    /// How many places are taken.
    pub(crate) fn declared(self) -> usize {
        // Relaxed: a fact at some instant.
        let is_token = |word| Token::of(word).is_some_and(|process| process.0 == word);
        self.places.iter().filter(|place| is_token(place.load(Ordering::Relaxed))).count()
    }

    /// Why the barrier is broken, if it is. Finds those of the dead that show a sign of it.
    pub(crate) fn broken<P: Owners, T: Owners>(self, parties: &Parties<'a, P, T>) -> Option<Cause> {
        self.look(parties).err()
    }

    /// How many have arrived and wait; 0 if the barrier is broken. As [`Barrier::broken`].
    pub(crate) fn waiting<P: Owners, T: Owners>(self, parties: &Parties<'a, P, T>) -> usize {
        self.look(parties).unwrap_or(0)
    }

    fn look<P: Owners, T: Owners>(self, parties: &Parties<'a, P, T>) -> Result<usize, Cause> {
        loop {
            let state = self.load();
            if state.phase == Phase::Resetting {
                self.finish(state, parties);
            } else if !state.is_whole() {
                return Err(self.cause(state, parties));
            } else {
                let seen = self.survey(state, parties, false, None);
                if !seen.changed && self.load() == state {
                    return Ok(seen.arrived);
                }
            }
        }
    }

    /// Breaks the barrier and names the thread, if this dead thread has arrived; whether that broke it now.
    pub(crate) fn recover_thread<P: Owners, T: Owners>(
        self,
        dead: Token,
        parties: &Parties<'a, P, T>,
    ) -> bool {
        loop {
            let state = self.load();
            let stamp = state.cell(dead);
            // Relaxed: the proof of the death has ordered us behind the dead one.
            let of_dead = |cell: &AtomicU64| cell.load(Ordering::Relaxed) == stamp;
            let Some(at) = (0u32..).zip(self.cells).find_map(|(at, cell)| of_dead(cell).then_some(at)) else {
                return false;
            };
            if state == state.to(Phase::LostArrived, at) {
                self.find_name(state, parties); // who broke it may have died before he wrote the name
                return false;
            }
            if !state.is_whole() {
                return false;
            }
            if self.lose_arrived(state, at, dead, parties) {
                return true;
            }
        }
    }

    /// The process is dead: as [`Barrier::recover_thread`], for every place that it had.
    pub(crate) fn recover_process<P: Owners, T: Owners>(self, dead: Token, parties: &Parties<'a, P, T>) {
        for (at, place) in (0u32..).zip(self.places) {
            loop {
                let state = self.load();
                // Relaxed: as above, and after the state.
                if place.load(Ordering::Relaxed) != dead.0 {
                    break;
                }
                self.lose_declared(state, at, dead, parties);
            }
        }
    }
}

/// How a barrier stands that a party has left for this reason.
fn phase_of(end: ErrorKind) -> Phase {
    match end {
        ErrorKind::Interrupted => Phase::Interrupted,
        ErrorKind::Cancelled | ErrorKind::Closed => Phase::Cancelled,
        _ => Phase::TimedOut,
    }
}
