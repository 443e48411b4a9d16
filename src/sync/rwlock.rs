//! The lock of readers and writers: a stamped lock for the writers, and a cell for each thread that reads.
//!
//! A reader stamps a free cell with its token and then looks at the writers' lock: free and clean, it is in; otherwise
//! it leaves the cell again, takes the writers' lock for a moment, and stamps a cell under it. A writer takes the
//! writers' lock and then waits until every cell is free. So new readers stay out as soon as a writer has come, and
//! whoever has come first is waited for.
//!
//! A reader that reads already is in again at once, whoever waits: it counts in the cell that it has. The cell stays
//! where it is until it has left as often, so that a writer that looks at one cell after the other cannot miss it.
//!
//! ## What a read costs
//! Two locked instructions, 2.2 ns each: the claim, which is the fence before the look at the writers' lock, and the swap
//! that leaves the cell, which is the fence before the look whether a writer sleeps. A store and a fence take as long as the
//! swap, a compare-and-swap 0.2 ns longer; a store alone would take nothing, but then nobody would have told the writer.
//! How often a reader is in lies above its token, so that nothing has to be cleared on the way in, and the cell is looked
//! at before the writers' lock on the way out: a pair of C calls took 6.2 ns, and takes 5.6.
//!
//! ## What a death leaves
//! A dead reader's cell is freed by whoever finds it; nobody is told. A writer says in `active` when it may write. Who
//! takes the lock of a dead one *settles*: if that one was active, the data is `dirty`, and every reader and writer is
//! told until a writer declares it whole; one that was still waiting for readers has left nothing.
//!
//! ## Why nobody is left behind
//! Whoever waits for a writer sleeps on the writers' lock. The writer that waits for readers is the only one there:
//! it announces itself, looks at every cell once more, and sleeps on the event count and on the alive words of those
//! whom it saw. Who leaves a cell notifies.
//!
//! ## Edges
//! | edge | release | acquire | carries | model that fails without it |
//! |---|---|---|---|---|
//! | meet | reader: cell; fence; writers' lock | writer: writers' lock; fence; cells | one sees the other | `reader_and_writer_exclude_each_other` |
//! | read | `leave`: swap, `free`: CAS to 0 | `survey`, `is_empty`: load of the cell | what the reader did | `what_a_reader_did_is_before_what_a_writer_does` |
//! | reader | `claim`: CAS from 0 | `survey`: load of the cell | the reader's alive word is set | `a_living_reader_is_never_robbed` |
//! | lock | see `sync::lock` | | | |

use crate::error::ErrorKind;
use crate::presence::place::Standing;
use crate::segment::bits::Token;
use crate::shim::{AtomicU32, AtomicU64, Ordering, pause, rmw_fence, step, words};
use crate::sync::event_count::EventCount;
use crate::sync::lock::{Crowd, Got, LockWord, Owners, Taker};
use crate::sync::wait::Wait;

/// What readers and writers of one object share. All zeros is a free one.
#[repr(C)]
pub(crate) struct Head {
    /// Held by the one writer, and for a moment by readers that come while it is not free.
    writer: LockWord,
    /// 0, or the token of the writer once it may write.
    active: AtomicU32,
    /// Not 0: a writer died that may have been writing, and nobody has declared the data whole.
    dirty: AtomicU32,
    /// A reader has left.
    drained: EventCount,
}

/// A place for one thread that reads.
#[repr(C)]
pub(crate) struct Cell {
    /// 0, or its token, and above that how often it is in beside the first time. While it lives only it writes this.
    reader: AtomicU64,
}

/// One time more.
const AGAIN: u64 = 1 << 32;

/// Whose word this is.
fn reader_of(word: u64) -> Option<Token> {
    Token::of(word as u32)
}

words!("rwlock head", Head { writer, active, dirty, drained });
words!("rwlock cell", Cell { reader });

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: repr(C), atomics only, zeros are a free lock.
unsafe impl crate::segment::region::Shared for Head {}
#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: repr(C), atomics only, zeros are a free cell.
unsafe impl crate::segment::region::Shared for Cell {}

/// The words of one lock.
#[derive(Clone, Copy)]
pub(crate) struct RwWords<'a> {
    pub(crate) head: &'a Head,
    pub(crate) cells: &'a [Cell],
}

/// What a look at the cells came to.
#[derive(Default)]
struct Survey {
    /// Somebody reads.
    inside: bool,
    /// A cell changed meanwhile: look again.
    changed: bool,
    /// A process may be dying.
    doubt: bool,
}

#[cfg(all(test, loom))]
impl Head {
    pub(crate) fn new() -> Head {
        Head {
            writer: LockWord::new(),
            active: AtomicU32::new(0),
            dirty: AtomicU32::new(0),
            drained: EventCount::new(),
        }
    }
}

impl Cell {
    #[cfg(all(test, loom))]
    pub(crate) fn new() -> Cell {
        Cell { reader: AtomicU64::new(0) }
    }

    /// Takes the cell if it is free.
    #[inline]
    fn claim(&self, reader: u32) -> bool {
        self.reader.compare_exchange(0, u64::from(reader), Ordering::Release, Ordering::Relaxed).is_ok() // edge: reader
    }

    /// Frees the cell of a dead one if this is what it says.
    fn free(&self, word: u64) -> bool {
        self.reader.compare_exchange(word, 0, Ordering::Release, Ordering::Relaxed).is_ok() // edge: read
    }

    /// Its own reader leaves it. No compare: nobody else writes what a living one has claimed.
    #[inline]
    fn leave(&self) {
        self.reader.swap(0, Ordering::Release); // edge: read
    }

    /// What it says at the moment. Relaxed: whoever acts on it is its reader, or swaps from exactly this word.
    #[inline]
    fn glimpse(&self) -> u64 {
        self.reader.load(Ordering::Relaxed)
    }

    /// Whether this thread reads in it.
    #[inline]
    fn is(&self, me: u32) -> bool {
        self.glimpse() as u32 == me
    }

    /// Its own reader says how often it is in. Relaxed: it tells nobody else anything.
    fn count(&self, word: u64) {
        self.reader.store(word, Ordering::Relaxed);
    }
}

/// The home of a thread whose 64 do not all have cells.
#[cold]
fn odd_home(index: usize, count: usize) -> usize {
    if index < count { index } else { index.checked_rem(count).unwrap_or(0) }
}

impl<'a> RwWords<'a> {
    /// The cell at which this thread looks first. With a cell for every slot of the yard it is its own. Of each 64, those
    /// whose slots lie side by side have cells on different lines: two that read at the same time take 5 ns each, not 25.
    #[inline]
    fn home(self, me: u32) -> usize {
        let (index, count) = (Token(me).index() as usize, self.cells.len());
        if (index | 63) >= count {
            return odd_home(index, count);
        }
        (index & !63) | ((index * 9) & 63)
    }

    /// Every cell, from this thread's home on and round.
    fn starting_at_home(self, me: u32) -> impl Iterator<Item = (usize, &'a Cell)> + Clone {
        let (before, after) = self.cells.split_at(self.home(me).min(self.cells.len()));
        (before.len()..).zip(after).chain((0..).zip(before))
    }

    /// The cell in which this thread reads.
    fn find(self, me: u32) -> Option<usize> {
        self.starting_at_home(me).find(|(_, cell)| cell.is(me)).map(|(at, _)| at)
    }

    /// What is to be told to who gets in. Relaxed: ordered by the writers' lock, and steady while somebody is in.
    #[inline]
    fn news(self) -> Got {
        if self.head.dirty.load(Ordering::Relaxed) == 0 { Got::Clean } else { Got::Suspect }
    }

    /// Goes in as a reader if nobody writes or wants to, and this thread's home is free; tells its cell, too.
    #[inline]
    pub(crate) fn read_fast(self, me: u32) -> Option<(usize, Got)> {
        let at = self.home(me);
        let cell = self.cells.get(at)?;
        if !self.head.writer.seems_free() || !cell.claim(me) {
            return None;
        }
        rmw_fence(Ordering::SeqCst); // edge: meet; pairs with `is_empty`
        if !self.head.writer.is_free() {
            self.vacate(cell);
            return None;
        }
        Some((at, self.news()))
    }

    /// Leaves a cell and tells the writer that waits.
    #[inline]
    fn vacate(self, cell: &Cell) {
        cell.leave();
        self.head.drained.notify_after_rmw(&());
    }

    /// Goes in as a reader, waiting for writers; at once if the thread reads already. Without a `wait`, a try. Errors
    /// beside those of a lock: `NoSlots` if every cell is some living thread's, `Range`.
    #[cold]
    pub(crate) fn read(
        self,
        taker: Taker,
        owners: &impl Owners,
        wait: Option<&Wait>,
    ) -> Result<(usize, Got), ErrorKind> {
        let me = taker.token.0;
        if let Some((at, cell)) = self.find(me).and_then(|at| Some((at, self.cells.get(at)?))) {
            cell.count(cell.glimpse().checked_add(AGAIN).ok_or(ErrorKind::Range)?);
            return Ok((at, self.news()));
        }
        self.lock(taker, owners, wait)?;
        let claimed = self.claim_any(me, owners).ok_or(ErrorKind::NoSlots);
        let news = self.news();
        self.unlock(me);
        claimed.map(|at| (at, news))
    }

    /// With the writers' lock: stamps a cell, freeing those of the dead if there is no other.
    fn claim_any(self, me: u32, owners: &impl Owners) -> Option<usize> {
        loop {
            if let Some((at, _)) = self.starting_at_home(me).find(|(_, cell)| cell.claim(me)) {
                return Some(at);
            }
            if !self.clear(owners) {
                return None;
            }
        }
    }

    /// Frees the cells of the dead; whether there was one, or one that is free by now.
    fn clear(self, owners: &impl Owners) -> bool {
        let mut freed = false;
        for cell in self.cells {
            let word = cell.reader.load(Ordering::Acquire); // edge: reader
            let dead = reader_of(word).is_none_or(|reader| matches!(owners.standing(reader), Standing::Dead));
            freed |= word == 0 || dead && cell.free(word);
        }
        freed
    }

    /// Takes the writers' lock, and settles if its last owner died.
    fn lock(self, taker: Taker, owners: &impl Owners, wait: Option<&Wait>) -> Result<(), ErrorKind> {
        let lock = &self.head.writer;
        let got = match wait {
            _ if lock.try_fast(taker.token.0) => Got::Clean,
            Some(wait) => lock.acquire(taker, owners, wait)?,
            None => lock.try_acquire(taker, owners)?,
        };
        if got == Got::Suspect {
            self.settle(taker.token.0);
        }
        Ok(())
    }

    #[inline]
    fn unlock(self, me: u32) {
        if !self.head.writer.release_fast(me) {
            let _ = self.head.writer.release(me);
        }
    }

    /// With the lock of a dead one: remembers if that one may have written. The same again after a death in here.
    fn settle(self, me: u32) {
        // Relaxed: ordered by the lock, or by the proof of its last holder's death.
        if self.head.active.load(Ordering::Relaxed) != 0 {
            self.head.dirty.store(1, Ordering::Relaxed);
            step();
            self.head.active.store(0, Ordering::Relaxed);
            step();
        }
        let _ = self.head.writer.repaired(me);
    }

    /// Goes in as a writer if nobody is in and nobody wants to write.
    #[inline]
    pub(crate) fn write_fast(self, me: u32) -> Option<Got> {
        if !self.head.writer.try_fast(me) {
            return None;
        }
        if !self.is_empty() {
            self.unlock(me);
            return None;
        }
        Some(self.begin(me))
    }

    /// With the writers' lock: whether nobody reads.
    #[inline]
    fn is_empty(self) -> bool {
        rmw_fence(Ordering::SeqCst); // edge: meet; pairs with `read_fast`
        self.cells.iter().all(|cell| {
            cell.reader.load(Ordering::Acquire) == 0 // edge: read
        })
    }

    /// With the writers' lock and no reader inside: says that what follows may be written.
    #[inline]
    fn begin(self, me: u32) -> Got {
        self.head.active.store(me, Ordering::Relaxed); // Relaxed: read by holders of the lock only
        step();
        self.news()
    }

    /// Goes in as a writer, waiting for writers and readers. Without a `wait`, a try. A thread that reads would wait for
    /// itself: `Deadlock` if without limit.
    #[cold]
    pub(crate) fn write(
        self,
        taker: Taker,
        owners: &impl Owners,
        wait: Option<&Wait>,
    ) -> Result<Got, ErrorKind> {
        let me = taker.token.0;
        // Before anything is taken: a writer that waits for this thread's cell has the lock.
        if self.find(me).is_some() {
            return Err(self.upgrade(taker, wait));
        }
        self.lock(taker, owners, wait)?;
        match self.drain(owners, wait) {
            Ok(()) => Ok(self.begin(me)),
            Err(why) => {
                self.unlock(me);
                Err(why)
            }
        }
    }

    /// Why a thread that reads does not get to write; not before its time is up.
    fn upgrade(self, taker: Taker, wait: Option<&Wait>) -> ErrorKind {
        match wait {
            None => ErrorKind::Busy,
            Some(_) if taker.forever => ErrorKind::Deadlock,
            Some(wait) => loop {
                if let Err(end) = wait.sleep(&[self.head.drained.prepare()], false) {
                    return end;
                }
            },
        }
    }

    /// With the writers' lock: waits until nobody reads.
    fn drain(self, owners: &impl Owners, wait: Option<&Wait>) -> Result<(), ErrorKind> {
        match wait {
            _ if self.is_empty() => Ok(()),
            None => self.drain_now(owners),
            Some(wait) => self.drain_asleep(owners, wait),
        }
    }

    fn drain_now(self, owners: &impl Owners) -> Result<(), ErrorKind> {
        loop {
            let seen = self.survey(owners, None);
            if !seen.changed {
                return if seen.inside { Err(ErrorKind::Busy) } else { Ok(()) };
            }
        }
    }

    /// Sleeps while readers live.
    fn drain_asleep(self, owners: &impl Owners, wait: &Wait) -> Result<(), ErrorKind> {
        // First without announcing a sleeper: whoever leaves would wake nobody with a system call.
        if self.poll(owners.spins()) {
            return Ok(());
        }
        let mut ended = Ok(());
        loop {
            let mut crowd = Crowd::new(self.head.drained.prepare());
            let seen = self.survey(owners, Some(&mut crowd));
            if seen.changed {
                continue;
            }
            if !seen.inside {
                return Ok(());
            }
            // Whatever ends the wait: the cells and their readers are looked at after it.
            ended?;
            owners.others(&mut crowd);
            if let Err(end) = owners.slept(wait, wait.sleep(crowd.watches(), seen.doubt)) {
                ended = Err(end);
            }
        }
    }

    /// Looks at the cells for a moment; whether nobody reads any more.
    fn poll(self, spins: u32) -> bool {
        (0..spins).any(|_| {
            pause();
            self.cells.iter().all(|cell| cell.glimpse() == 0) && self.is_empty()
        })
    }

    /// Looks how those stand who read. Frees the cells of the dead; adds the alive words of the others to `crowd`.
    fn survey(self, owners: &'a impl Owners, mut crowd: Option<&mut Crowd<'a>>) -> Survey {
        let mut seen = Survey::default();
        for cell in self.cells {
            let word = cell.reader.load(Ordering::Acquire); // edge: read, reader
            if word == 0 {
                continue;
            }
            match reader_of(word).map_or(Standing::Dead, |reader| owners.standing(reader)) {
                // What is nobody's, only who keeps no rules writes.
                Standing::Dead => seen.changed |= !cell.free(word),
                Standing::Here(watch) => {
                    seen.inside = true;
                    watch.zip(crowd.as_mut()).map(|(watch, crowd)| crowd.add(watch));
                }
                Standing::Doubtful { .. } => (seen.inside, seen.doubt) = (true, true),
            }
        }
        seen
    }

    /// Gives back what the thread has, if that is one of its reads at home, or writing.
    #[inline]
    pub(crate) fn release_fast(self, me: u32) -> bool {
        self.release_read(self.home(me), me) || self.release_write(me)
    }

    /// Gives back what the thread has: writing, or one of its reads. `NotOwner` if it has nothing.
    #[cold]
    pub(crate) fn release(self, me: u32) -> Result<(), ErrorKind> {
        let left = self.release_fast(me) || self.find(me).is_some_and(|at| self.release_read(at, me));
        if left { Ok(()) } else { Err(ErrorKind::NotOwner) }
    }

    /// The thread stops writing, if it does.
    #[inline]
    pub(crate) fn release_write(self, me: u32) -> bool {
        if self.head.writer.held_by(me).is_none() {
            return false;
        }
        step();
        self.head.active.store(0, Ordering::Relaxed); // Relaxed: the release publishes it
        step();
        self.unlock(me);
        true
    }

    /// The thread leaves this cell once, if it is in it.
    #[inline]
    pub(crate) fn release_read(self, at: usize, me: u32) -> bool {
        let Some(cell) = self.cells.get(at) else { return false };
        let word = cell.glimpse();
        if word == u64::from(me) {
            self.vacate(cell);
            return true;
        }
        let again = word as u32 == me;
        if again {
            cell.count(word - AGAIN);
        }
        again
    }

    /// Declares the data whole. Only the writer may.
    pub(crate) fn repaired(self, me: u32) -> Result<(), ErrorKind> {
        self.head.writer.held_by(me).ok_or(ErrorKind::NotOwner)?;
        self.head.dirty.store(0, Ordering::Relaxed); // Relaxed: the release that follows publishes it
        Ok(())
    }

    /// Frees all that a dead thread had; whether it had the writers' lock.
    pub(crate) fn recover(self, dead: Token) -> bool {
        let free = |cell: &&Cell| {
            let word = cell.glimpse();
            word as u32 == dead.0 && cell.free(word)
        };
        let freed = self.cells.iter().filter(free).count();
        if freed > 0 {
            self.head.drained.notify(&());
        }
        self.head.writer.recover(dead)
    }

    /// The lock of the writers.
    pub(crate) fn lock_word(self) -> &'a LockWord {
        &self.head.writer
    }

    /// Who writes now.
    pub(crate) fn writer(self) -> Option<Token> {
        let active = |writer: &Token| self.head.active.load(Ordering::Relaxed) == writer.0;
        self.head.writer.holder().filter(active)
    }

    /// Who reads now; a thread may be told twice.
    pub(crate) fn readers(self) -> impl Iterator<Item = Token> + use<'a> {
        self.cells.iter().map(|cell| cell.reader.load(Ordering::Acquire)).filter_map(reader_of) // edge: reader
    }

    /// Whether a writer has died that may have written, and nobody has declared the data whole.
    pub(crate) fn is_suspect(self) -> bool {
        let died = self.head.writer.is_suspect() && self.head.active.load(Ordering::Relaxed) != 0;
        died || self.head.dirty.load(Ordering::Relaxed) != 0 // Relaxed: a fact at some instant
    }
}
