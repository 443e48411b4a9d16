//! Permits: cells that name the process holding them, so that a dead process's permits come back.
//!
//! A cell is 0 or the token of a process. Taking is one compare-and-swap from 0, giving back one to 0; whoever finds
//! the owner dead frees the cell by a compare-and-swap from exactly that stamp.
//!
//! ## Several at once
//! One collector at a time (the collector's lock, held for the call) stamps free cells with COLLECTING beside the
//! token and keeps them while it sleeps for the rest. With all it wanted it writes the commit word: that is the one
//! instant at which it gets them. Then it *settles*: every COLLECTING cell loses the bit after a commit, or is freed
//! without one. Cells carry COLLECTING only while somebody holds the lock, or died holding it: whoever takes the lock
//! after a death settles first, from the same words, and may die of it as well.
//!
//! ## Why nobody is left behind
//! A sleeper announces itself, looks at every cell once more, and sleeps on the event word and on the alive words of
//! the holders. Who frees a cell notifies: all sleepers look again. Who frees one and is killed before he notifies has
//! an alive word like any holder; what remains ends with the slice.
//!
//! ## Edges
//! | edge | release | acquire | carries | model that fails without it |
//! |---|---|---|---|---|
//! | permit | `free`: CAS to 0 | `stamp`: CAS from 0 | what the last holder did | `what_was_done_with_a_permit_is_seen_by_the_next`, `what_a_dead_holder_did_is_seen_by_the_next` |
//! | holder | `stamp`: CAS from 0 | `survey`: load of the cell | the holder's alive word is set | `a_living_holder_is_never_robbed` |

use crate::error::ErrorKind;
use crate::presence::place::Standing;
use crate::segment::bits::{COLLECTING, Token};
use crate::shim::{AtomicU32, Ordering, Watch, pause, step, words};
use crate::sync::bell::Bell;
use crate::sync::event_count::EventCount;
use crate::sync::lock::{Crowd, Got, LockWord, Owners, Taker};
use crate::sync::wait::Wait;

/// What the permits of one object share. All zeros is a fresh one.
#[repr(C)]
pub(crate) struct Gate {
    /// A cell may have become free.
    event: EventCount,
    /// Held by the thread that collects.
    collector: LockWord,
    /// 0, or the token of the collecting thread once it has collected all it wanted.
    commit: AtomicU32,
}

words!("permits, their gate", Gate { event, collector, commit });

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: repr(C), atomics only, zeros are a fresh gate.
unsafe impl crate::segment::region::Shared for Gate {}

/// Somebody who takes permits: whose stamp, how many are still missing, and where to look first.
pub(crate) struct Claim {
    stamp: u32,
    missing: usize,
    /// The cell to look at first; afterwards the last one taken.
    pub(crate) at: usize,
}

impl Claim {
    /// One permit for a process.
    pub(crate) fn one(process: Token, at: usize) -> Claim {
        Claim { stamp: process.0, missing: 1, at }
    }
}

/// Whom the stamps stand for, and who asks.
pub(crate) struct Parties<'a, P, T> {
    /// Behind the tokens in the cells.
    pub(crate) processes: &'a P,
    /// Behind the token in the collector's lock.
    pub(crate) threads: &'a T,
    /// The calling thread; `NONE` if it is not registered, and then it cannot settle for a dead collector.
    pub(crate) me: Token,
}

/// How long a claim may take.
#[derive(Clone, Copy)]
pub(crate) enum Patience<'w> {
    /// Not at all. Unless `ask`, who shows no sign of death counts as alive.
    Try { ask: bool },
    /// As long as this.
    Wait(&'w Wait),
}

/// What a look at the holders came to.
#[derive(Default)]
pub(super) struct Survey {
    /// A cell was free or was freed, or a collection was settled: try again.
    pub(super) changed: bool,
    /// A process may be dying.
    pub(super) doubt: bool,
}

/// The stamps that a survey has judged already; when it is full, some are judged again.
#[derive(Default)]
pub(super) struct Judged {
    words: [u32; 16],
    next: usize,
}

impl Judged {
    pub(super) fn is_new(&mut self, word: u32) -> bool {
        if self.words.contains(&word) {
            return false;
        }
        self.words[self.next % 16] = word;
        self.next += 1;
        true
    }
}

/// The permits of one object.
#[derive(Clone, Copy)]
pub(crate) struct Cells<'a> {
    pub(crate) cells: &'a [AtomicU32],
    pub(crate) gate: &'a Gate,
    /// Of the yard it lies in.
    pub(crate) bell: &'a dyn Bell,
}

#[cfg(all(test, loom))]
impl Gate {
    pub(crate) fn new() -> Gate {
        Gate { event: EventCount::new(), collector: LockWord::new(), commit: AtomicU32::new(0) }
    }
}

#[cfg(all(test, loom))]
impl Cells<'_> {
    /// What a collector leaves that is killed: with its commit, in the middle of settling; without, at the last step
    /// before it.
    pub(crate) fn die_collecting(self, process: Token, thread: Token, committed: bool) {
        assert!(self.gate.collector.try_fast(thread.0));
        let mut claim = Claim { stamp: process.0 | COLLECTING, missing: self.cells.len(), at: 0 };
        assert!(self.grab(&mut claim));
        if committed {
            self.gate.commit.store(thread.0, Ordering::Relaxed);
            self.cells[0].store(process.0, Ordering::Relaxed);
        }
    }
}

/// Takes a cell if it is free.
#[inline]
fn stamp(cell: &AtomicU32, stamp: u32) -> bool {
    // AcqRel: Acquire is edge `permit`, Release is edge `holder`.
    cell.compare_exchange(0, stamp, Ordering::AcqRel, Ordering::Relaxed).is_ok() // edge: permit, holder
}

/// Frees a cell that carries exactly this stamp.
#[inline]
fn free(cell: &AtomicU32, stamp: u32) -> bool {
    cell.compare_exchange(stamp, 0, Ordering::Release, Ordering::Relaxed).is_ok() // edge: permit
}

/// What a cell says at the moment. Relaxed: whoever acts on it swaps from exactly this word.
#[inline]
fn glimpse(cell: &AtomicU32) -> u32 {
    cell.load(Ordering::Relaxed)
}

impl<'a> Cells<'a> {
    /// Takes the permit in this cell if it is free.
    #[inline]
    pub(crate) fn take_at(self, at: usize, process: u32) -> bool {
        self.cells.get(at).is_some_and(|cell| stamp(cell, process))
    }

    /// Gives back the permit in this cell, if the process holds it.
    #[inline]
    pub(crate) fn free_at(self, at: usize, process: u32) -> bool {
        let freed = self.cells.get(at).is_some_and(|cell| free(cell, process));
        if freed {
            self.gate.event.notify_after_rmw(self.bell);
        }
        freed
    }

    /// Every cell, from this one on and round.
    fn from(self, at: usize) -> impl Iterator<Item = (usize, &'a AtomicU32)> + Clone {
        let (before, after) = self.cells.split_at(at.min(self.cells.len()));
        (before.len()..).zip(after).chain((0..).zip(before))
    }

    /// Takes free cells until the claim is filled or there are none. Who loses a race for one looks at all again.
    pub(crate) fn grab(self, claim: &mut Claim) -> bool {
        loop {
            let mut lost = false;
            for (at, cell) in self.from(claim.at) {
                if claim.missing == 0 {
                    return true;
                }
                if glimpse(cell) != 0 {
                    continue;
                }
                if stamp(cell, claim.stamp) {
                    claim.missing -= 1;
                    claim.at = at;
                } else {
                    lost = true;
                }
            }
            if claim.missing == 0 || !lost {
                return claim.missing == 0;
            }
        }
    }

    /// Fills the claim, or says why not: `Busy` for a try, if every other cell is held by somebody alive.
    pub(crate) fn claim<P: Owners, T: Owners>(
        self,
        claim: &mut Claim,
        parties: &Parties<'a, P, T>,
        patience: Patience<'_>,
    ) -> Result<(), ErrorKind> {
        match patience {
            Patience::Try { ask } => self.claim_now(claim, parties, ask),
            Patience::Wait(wait) => self.claim_asleep(claim, parties, wait),
        }
    }

    fn claim_now<P: Owners, T: Owners>(
        self,
        claim: &mut Claim,
        parties: &Parties<'a, P, T>,
        ask: bool,
    ) -> Result<(), ErrorKind> {
        while !self.grab(claim) {
            if !self.survey(parties, ask, None).changed {
                return Err(ErrorKind::Busy);
            }
        }
        Ok(())
    }

    /// Sleeps while those who hold the other cells live.
    fn claim_asleep<P: Owners, T: Owners>(
        self,
        claim: &mut Claim,
        parties: &Parties<'a, P, T>,
        wait: &Wait,
    ) -> Result<(), ErrorKind> {
        // First without announcing a sleeper: whoever gives back a permit would wake nobody with a system call.
        self.poll(claim.at, parties.processes.spins());
        if self.grab(claim) {
            return Ok(());
        }
        let mut ended = Ok(());
        loop {
            let mut crowd = Crowd::new(self.gate.event.prepare());
            if self.grab(claim) {
                return Ok(());
            }
            let seen = self.survey(parties, true, Some(&mut crowd));
            if seen.changed {
                continue;
            }
            // Whatever ends the wait: the cells and their holders are looked at after it.
            ended?;
            parties.processes.others(&mut crowd);
            if let Err(end) = parties.processes.slept(wait, wait.sleep(crowd.watches(), seen.doubt)) {
                ended = Err(end);
            }
        }
    }

    /// Announces a sleeper and looks how the holders stand: what to sleep on, whether a permit is free, whether to look
    /// again soon.
    pub(crate) fn arm<'p, P: Owners, T: Owners>(self, parties: &Parties<'p, P, T>) -> (Watch<'a>, bool, bool)
    where
        'a: 'p,
    {
        let watch = self.gate.event.prepare();
        let here: Cells<'p> = self;
        let seen = here.survey(parties, true, None);
        (watch, self.count(0) > 0, seen.doubt)
    }

    /// Looks at one cell after the other for a moment.
    fn poll(self, at: usize, spins: u32) {
        for (_, cell) in self.from(at).cycle().take(spins as usize) {
            if glimpse(cell) == 0 {
                return;
            }
            pause();
        }
    }

    /// Looks how those stand who hold cells, each once. Frees what the dead left, and settles for a dead collector.
    /// Adds the alive words of the others to `crowd`.
    fn survey<P: Owners, T: Owners>(
        self,
        parties: &Parties<'a, P, T>,
        ask: bool,
        mut crowd: Option<&mut Crowd<'a>>,
    ) -> Survey {
        let (mut seen, mut judged) = (Survey::default(), Judged::default());
        for cell in self.cells {
            let word = cell.load(Ordering::Acquire); // edge: holder
            if word == 0 {
                seen.changed = true;
                continue;
            }
            if !judged.is_new(word) {
                continue;
            }
            if word & COLLECTING != 0 && self.visit_collector(parties, &mut seen, &mut crowd) {
                continue;
            }
            let standing = match Token::of(word) {
                None => Standing::Dead, // nobody's: only who keeps no rules writes this
                Some(process) if ask => parties.processes.standing(process),
                Some(process) => parties.processes.glance(process),
            };
            match standing {
                Standing::Dead => seen.changed |= self.bury(word, cell, parties.processes),
                Standing::Here(alive) => {
                    alive.zip(crowd.as_mut()).map(|(watch, crowd)| crowd.add(watch));
                }
                Standing::Doubtful { .. } => seen.doubt = true,
            }
        }
        seen
    }

    /// Somebody has collected a cell: does he live? If not, settles for him. False if the caller cannot, and has to judge by
    /// the process: with that, whatever was collected is free.
    fn visit_collector<P: Owners, T: Owners>(
        self,
        parties: &Parties<'a, P, T>,
        seen: &mut Survey,
        crowd: &mut Option<&mut Crowd<'a>>,
    ) -> bool {
        let lock = &self.gate.collector;
        match lock.holder() {
            Some(thread) if thread == parties.me => return true,
            Some(thread) => match parties.threads.standing(thread) {
                Standing::Here(watch) => {
                    watch.zip(crowd.as_mut()).map(|(watch, crowd)| crowd.add(watch));
                    return true;
                }
                Standing::Doubtful { .. } => {
                    seen.doubt = true;
                    return true;
                }
                Standing::Dead => {}
            },
            None => {}
        }
        if parties.me == Token::NONE {
            return false;
        }
        match lock.try_acquire(taker(parties.me), parties.threads) {
            Ok(_) => {
                self.settle();
                let _ = lock.repaired(parties.me.0);
                self.unlock(parties.me);
                seen.changed = true;
            }
            Err(_) => seen.doubt = true, // somebody else was quicker, and settles
        }
        true
    }

    /// Frees every cell with exactly this dead one's stamp, which `cell` had; whether there still was one.
    fn bury<P: Owners>(self, word: u32, cell: &AtomicU32, processes: &P) -> bool {
        let freed = self.cells.iter().filter(|cell| glimpse(cell) == word && free(cell, word)).count();
        if freed > 0 {
            self.gate.event.notify(self.bell);
            Token::of(word).inspect(|dead| processes.returned(*dead, cell, freed));
        }
        freed > 0
    }

    /// Takes `count` permits at once, or none. `at`: as in [`Claim`]; answers where the last one was. A try is
    /// `Busy` also if somebody else is collecting.
    pub(crate) fn collect<P: Owners, T: Owners>(
        self,
        count: usize,
        process: Token,
        at: usize,
        parties: &Parties<'a, P, T>,
        patience: Patience<'_>,
    ) -> Result<usize, ErrorKind> {
        if self.lock(parties, patience)? == Got::Suspect {
            self.settle(); // for the last collector, who died
            let _ = self.gate.collector.repaired(parties.me.0);
        }
        let mut claim = Claim { stamp: process.0 | COLLECTING, missing: count, at };
        let filled = self.claim(&mut claim, parties, patience);
        if filled.is_ok() {
            step();
            self.gate.commit.store(parties.me.0, Ordering::Relaxed); // Relaxed: read by holders of the lock only
        }
        self.settle();
        self.unlock(parties.me);
        filled.map(|()| claim.at)
    }

    fn lock<P, T: Owners>(
        self,
        parties: &Parties<'a, P, T>,
        patience: Patience<'_>,
    ) -> Result<Got, ErrorKind> {
        let lock = &self.gate.collector;
        match patience {
            _ if lock.try_fast(parties.me.0) => Ok(Got::Clean),
            Patience::Wait(wait) => lock.acquire(taker(parties.me), parties.threads, wait),
            Patience::Try { .. } => lock.try_acquire(taker(parties.me), parties.threads),
        }
    }

    fn unlock(self, me: Token) {
        let lock = &self.gate.collector;
        if !lock.release_fast(me.0) {
            let _ = lock.release(me.0);
        }
    }

    /// With the collector's lock: ends the collection as the commit word says. The same again after a death in here.
    fn settle(self) {
        step();
        // Relaxed: ordered by the lock, or by the proof of its last holder's death.
        let committed = self.gate.commit.load(Ordering::Relaxed) != 0;
        let mut freed = false;
        for cell in self.cells {
            let word = glimpse(cell);
            if word & COLLECTING == 0 {
                continue;
            }
            if committed {
                // Relaxed: it stays with its process. It may be free by now, if that is dead.
                let _ = cell.compare_exchange(word, word & !COLLECTING, Ordering::Relaxed, Ordering::Relaxed);
            } else {
                freed |= free(cell, word);
            }
        }
        step();
        self.gate.commit.store(0, Ordering::Relaxed);
        step();
        if freed {
            self.gate.event.notify(self.bell);
        }
    }

    /// Gives back `count` permits of the process, from this cell on; answers where the last one was. `NotOwner` if it
    /// holds fewer; nothing is changed then, unless other threads of the process give back at the same time.
    pub(crate) fn release(self, at: usize, process: u32, count: usize) -> Result<usize, ErrorKind> {
        let (mut left, mut last) = (count, at);
        while left > 0 && self.holds(process, left) {
            for (at, cell) in self.from(at) {
                if left > 0 && glimpse(cell) == process && free(cell, process) {
                    left -= 1;
                    last = at;
                }
            }
        }
        if left < count {
            self.gate.event.notify(self.bell);
        }
        if left > 0 { Err(ErrorKind::NotOwner) } else { Ok(last) }
    }

    /// Whether the process holds so many. A no needs two equal looks: other threads may move permits from cells not
    /// yet seen to cells seen before.
    fn holds(self, process: u32, count: usize) -> bool {
        let mut before = None;
        loop {
            let (mut held, mut where_held) = (0, 0u64);
            for (at, _) in (1u64..).zip(self.cells).filter(|(_, cell)| glimpse(cell) == process) {
                held += 1;
                where_held = where_held.rotate_left(5) ^ at;
            }
            if held >= count {
                return true;
            }
            if before == Some((held, where_held)) {
                return false;
            }
            before = Some((held, where_held));
        }
    }

    /// How many cells carry exactly this word: 0 for the free ones.
    pub(crate) fn count(self, word: u32) -> usize {
        self.cells.iter().filter(|cell| glimpse(cell) == word).count()
    }

    /// Frees what the dead leave, as far as it is known without a question to the kernel.
    pub(crate) fn tidy<P: Owners, T: Owners>(self, parties: &Parties<'a, P, T>) {
        self.survey(parties, false, None);
    }

    /// Every holder's token, once for each permit.
    pub(crate) fn stamps(self) -> impl Iterator<Item = Token> {
        let held = self.cells.iter().map(glimpse).filter(|word| word & COLLECTING == 0);
        held.filter_map(Token::of)
    }

    /// Frees everything that this process holds or has collected: it is proven dead, or gives all back. Tells how much
    /// that was.
    pub(crate) fn recover(self, process: Token) -> usize {
        let mut freed = 0;
        for cell in self.cells {
            let mut word = glimpse(cell);
            // Twice at most: somebody settles, and the bit goes.
            while Token::of(word) == Some(process) && !free(cell, word) {
                word = glimpse(cell);
            }
            freed += usize::from(Token::of(word) == Some(process));
        }
        if freed > 0 {
            self.gate.event.notify(self.bell);
        }
        freed
    }

    /// Frees the collector's lock if this dead thread held it; tells whether it did. Who takes it next settles, and so
    /// does any sleeper.
    pub(crate) fn recover_collector(self, thread: Token) -> bool {
        let freed = self.gate.collector.recover(thread);
        if freed {
            self.gate.event.notify(self.bell);
        }
        freed
    }
}

fn taker(me: Token) -> Taker {
    // A thread is in here once at a time: finding itself would be a deadlock.
    Taker { token: me, is_me: true, forever: true }
}
