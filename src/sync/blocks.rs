//! Blocks: pieces of memory whose words say who owns them, so that a dead owner's blocks come back.
//!
//! There is no list of free blocks: the word of each, {generation, use, token of a process}, is the whole truth.
//!
//! ```text
//! FREE(g) → OWNED(g, process) → FREE(g+1)
//!            ↕        ↕
//!     OFFERED(g, by)  LINKED(g, by)      adopted, or claimed by who holds the cell that names it: OWNED(g, another)
//!
//! a run:   FREE(g) → COLLECTING(g, thread) → OWNED(g, process) → … → DISSOLVING(g) → FREE(g+1)     its first block
//!          FREE(g) → COLLECTING(g, thread) → PART(g) → FREE(g+1)                                   the others
//! ```
//! Every move is one compare-and-swap from exactly the word that was seen. The generation changes when the block
//! becomes free, and handles carry it: a stale one opens nothing.
//!
//! ## Offered, linked
//! An offered block is its offerer's until somebody adopts it: if he dies before, it is freed, and the handle is
//! stale. A block in a queue is the queue's: its link says where (object, position), it becomes LINKED, and then the
//! queue's own commit names it. From there on who *holds the cell that names it* may claim the block, whoever's token
//! the word has: the linker's, or that of a claimer who died before he gave the cell back. A claimer claims first and
//! gives the cell back afterwards. So a dead one's OWNED or LINKED block is freed unless a cell names it still
//! ([`Keeper::names`]), handle and all: an old link leads to a cell that names another handle, or none.
//!
//! ## Runs
//! More than the largest class has takes neighbours of it. A collector stamps them COLLECTING, first to last, with the
//! token of his *thread*, for it ends with the call; the first block says how many there are, each of the others says
//! whose part it is and becomes PART. The commit is the first block's word: OWNED, by the process. It speaks for all.
//! To free a run is to make the first DISSOLVING, the parts that name it free, and then the first. A part is never
//! without a first block that leads to it, and whoever finds a DISSOLVING one may finish it. (The collector's lock only
//! keeps two collectors from taking each other's pieces for ever.)
//!
//! ## Why nobody is left behind
//! A sleeper announces itself, looks for what it wants once more, and then at every block: it sleeps on the event word
//! and on the alive words of the owners. Who frees a block notifies: all sleepers look again. Who frees one and is
//! killed before he notifies has an alive word like any owner, and if a sleeper comes too late to see him as one, it
//! sees the free block; what remains ends with the slice.
//!
//! ## Reading without owning
//! A reader copies and looks at the word afterwards: if the generation is the handle's, the bytes were that stay's.
//!
//! ## Edges
//! | edge | release | acquire | carries | model that fails without it |
//! |---|---|---|---|---|
//! | block | `vacate`: CAS to FREE | `take`: CAS from FREE | what the last owner did with the bytes | `the_next_owner_sees_what_the_last_one_did` |
//! | holder | `take`, `adopt`, `claim`: CAS to the token | `survey`: load of the word | the owner's alive word is set | `a_living_owner_is_never_robbed`, `who_adopts_is_never_robbed`, `who_claims_is_never_robbed` |
//! | offer | `offer`: CAS to OFFERED | `adopt`: CAS from OFFERED | the bytes | `what_was_offered_is_read_by_who_adopts_it` |
//! | reuse | `take`: fence behind the CAS | `glance`: fence before the second look | the word, before any byte of the next stay | `a_reader_never_takes_the_next_stay_for_this_one` |
//! | part | `join`: CAS to PART | `finish`: load of the part's word | whose part it is | `a_part_of_another_run_is_never_freed` |
//! | dissolve | `begin`: CAS to DISSOLVING | `help`: load of the word | how many parts there are, and that they are parts | `who_helps_frees_every_part` |

use crate::error::ErrorKind;
use crate::presence::place::Standing;
use crate::segment::bits::{BlockHandle, BlockWord, Link, Token, Use};
use crate::shim::{AtomicU64, Ordering, Watch, fence, step, words};
use crate::sync::event_count::EventCount;
use crate::sync::lock::{Crowd, LockWord, Owners};
use crate::sync::permits::{Judged, Parties, Survey};
use crate::sync::wait::Wait;
use std::ops::Range;

/// What is known about one block. All zeros is a free one.
#[repr(C)]
pub(crate) struct Record {
    /// See `segment::bits`.
    word: AtomicU64,
    /// Where it is named, or was once; 0 if it never was.
    link: AtomicU64,
    /// How many bytes its owner asked for.
    len: AtomicU64,
    /// The first block of a run: how many there are. A part: which run's, by number and generation of the first.
    run: AtomicU64,
}

words!("block", Record { word, link, len, run });

/// What the blocks of one object share. All zeros is a fresh one.
#[repr(C)]
pub(crate) struct Gate {
    /// A block may have become free.
    freed: EventCount,
    /// Held by the thread that collects a run.
    pub(crate) collector: LockWord,
}

words!("blocks, their gate", Gate { freed, collector });

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: repr(C), atomics only, zeros are a free block.
unsafe impl crate::segment::region::Shared for Record {}

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: repr(C), atomics only, zeros are a fresh gate.
unsafe impl crate::segment::region::Shared for Gate {}

/// What the blocks must know of those who name them, and who is told of a repair.
pub(crate) trait Keeper {
    /// Whether the object that the link leads to names the block, at that position, and will go on doing so until
    /// somebody claims it: a cell that is full, or that somebody, dead or alive, is taking it from.
    fn names(&self, link: Link, block: BlockHandle) -> bool;
    /// Blocks of a dead one were freed.
    fn returned(&self, _dead: Token, _count: usize) {}
}

/// What somebody asks for: so many neighbours among these blocks.
#[derive(Clone)]
pub(crate) struct Want {
    pub(crate) range: Range<usize>,
    pub(crate) count: usize,
}

/// Who collects a run: the thread, and the process that will own it.
#[derive(Clone, Copy)]
pub(crate) struct Collector {
    pub(crate) thread: u32,
    pub(crate) process: u32,
}

/// The blocks of one object.
#[derive(Clone, Copy)]
pub(crate) struct Slab<'a> {
    pub(crate) records: &'a [Record],
    pub(crate) gate: &'a Gate,
    /// In every handle; tells objects apart.
    pub(crate) tag: u32,
}

#[cfg(all(test, loom))]
impl Gate {
    pub(crate) fn new() -> Gate {
        Gate { freed: EventCount::new(), collector: LockWord::new() }
    }
}

#[cfg(test)]
impl Slab<'_> {
    /// What a collector of `count` blocks leaves who is killed with so many parts, the last one joined or not.
    pub(crate) fn die_collecting(self, count: u64, thread: u32, parts: usize, joined: bool) {
        let first = self.records[0].take(Use::Collecting, thread).unwrap();
        self.records[0].run.store(count, Ordering::Relaxed);
        for at in 1..=parts {
            let generation = self.records[at].take(Use::Collecting, thread).unwrap();
            if joined || at < parts {
                self.records[at].join(generation, thread, key(0, first));
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
impl Record {
    /// A free block of this generation.
    pub(crate) fn set_generation(&self, generation: u32) {
        let free = BlockWord { generation, used: Use::Free, token: 0 };
        self.word.store(free.pack(), Ordering::Relaxed);
    }
}

/// Whose part a block of a run is.
fn key(first: usize, generation: u32) -> u64 {
    BlockHandle::new(first as u32, 0, generation).0
}

impl Record {
    #[cfg(all(test, loom))]
    pub(crate) fn new() -> Record {
        Record {
            word: AtomicU64::new(0),
            link: AtomicU64::new(0),
            len: AtomicU64::new(0),
            run: AtomicU64::new(0),
        }
    }

    /// What the word says at the moment. Relaxed: whoever acts on it swaps from exactly this word.
    #[inline]
    pub(crate) fn seen(&self) -> BlockWord {
        BlockWord::unpack(self.word.load(Ordering::Relaxed))
    }

    /// Where the block was named last.
    fn link(&self) -> Link {
        Link(self.link.load(Ordering::Relaxed)) // Relaxed: read behind its writer's death, or by who owns the block
    }

    /// How many bytes its owner asked for.
    #[inline]
    pub(crate) fn len(&self) -> u64 {
        self.len.load(Ordering::Relaxed) // Relaxed: a reader has the handle from the owner
    }

    /// How many blocks it speaks for, if it is the first of a run; otherwise anything.
    #[inline]
    pub(crate) fn run(&self) -> u64 {
        self.run.load(Ordering::Relaxed) // Relaxed: as `len`
    }

    /// The owner writes down what he has. Relaxed: others read it behind an edge of the word.
    #[inline]
    pub(crate) fn describe(&self, len: u64, run: u64) {
        self.len.store(len, Ordering::Relaxed);
        if self.run() != run {
            self.run.store(run, Ordering::Relaxed);
        }
    }

    /// Stamps the block if it is free; tells the generation.
    #[inline]
    pub(crate) fn take(&self, used: Use, me: u32) -> Option<u32> {
        let free = self.seen();
        if free.used != Use::Free {
            return None;
        }
        let (from, to) = (free.pack(), free.to(used, me).pack());
        // AcqRel: Acquire is edge `block`, Release is edge `holder`.
        self.word.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).ok()?; // edge: block, holder
        fence(Ordering::Release); // edge: reuse; pairs with `glance`
        Some(free.generation)
    }

    /// Frees the block if it is exactly as seen.
    #[inline]
    fn vacate(&self, seen: BlockWord) -> bool {
        let (from, to) = (seen.pack(), seen.vacated().pack());
        self.word.compare_exchange(from, to, Ordering::Release, Ordering::Relaxed).is_ok() // edge: block
    }

    /// Another use of a block that is the caller's. Relaxed: what it says to others is carried by other words.
    fn turn(&self, from: BlockWord, to: BlockWord) -> bool {
        self.word.compare_exchange(from.pack(), to.pack(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Makes a collected block a part of the run of this key.
    fn join(&self, generation: u32, me: u32, key: u64) {
        let collecting = BlockWord { generation, used: Use::Collecting, token: me };
        self.run.store(key, Ordering::Relaxed); // Relaxed: ordered by the swap
        let (from, to) = (collecting.pack(), collecting.to(Use::Part, me).pack());
        // It cannot fail: nobody else touches what a living collector collects.
        let _ = self.word.compare_exchange(from, to, Ordering::Release, Ordering::Relaxed); // edge: part
    }
}

impl<'a> Slab<'a> {
    fn record(self, at: usize) -> Result<&'a Record, ErrorKind> {
        self.records.get(at).ok_or(ErrorKind::NotFound)
    }

    fn handle(self, at: usize, generation: u32) -> BlockHandle {
        BlockHandle::new(at as u32, self.tag, generation)
    }

    /// The block behind a handle of this object.
    #[inline]
    pub(crate) fn find(self, handle: BlockHandle) -> Result<&'a Record, ErrorKind> {
        if handle.tag() != self.tag {
            return Err(ErrorKind::Foreign);
        }
        self.record(handle.number())
    }

    /// The first free block of these, from `at` on and round, stamped. Who loses a race for one looks at all again.
    pub(crate) fn take(self, range: Range<usize>, at: usize, me: u32) -> Option<(usize, u32)> {
        let at = at.clamp(range.start, range.end);
        loop {
            let mut lost = false;
            for number in (at..range.end).chain(range.start..at) {
                let record = self.records.get(number)?;
                match record.seen().used {
                    Use::Free => {}
                    Use::Dissolving if self.help(number) => {}
                    _ => continue,
                }
                if let Some(generation) = record.take(Use::Owned, me) {
                    return Some((number, generation));
                }
                lost = true;
            }
            if !lost {
                return None;
            }
        }
    }

    /// Frees a block, or a run, that the process owns. `State`: it is free already, or offered, or linked; `NotOwner`:
    /// it is another's; `NotFound`: the handle is stale; `Foreign`: it is another object's.
    #[inline]
    pub(crate) fn free(self, handle: BlockHandle, me: u32) -> Result<(), ErrorKind> {
        let record = self.find(handle)?;
        let word = BlockWord { generation: handle.generation(), used: Use::Owned, token: me };
        let freed = if record.run() > 1 { self.dissolve(handle.number(), word) } else { record.vacate(word) };
        if !freed {
            return Err(refusal(record.seen(), handle));
        }
        self.gate.freed.notify_after_rmw(&());
        Ok(())
    }

    /// Lets anybody adopt a block that the process owns. Errors: as [`Slab::free`].
    pub(crate) fn offer(self, handle: BlockHandle, me: u32) -> Result<(), ErrorKind> {
        let record = self.find(handle)?;
        let mine = BlockWord { generation: handle.generation(), used: Use::Owned, token: me };
        let (from, to) = (mine.pack(), mine.to(Use::Offered, me).pack());
        let offered = record.word.compare_exchange(from, to, Ordering::Release, Ordering::Relaxed); // edge: offer
        offered.map(drop).map_err(|now| refusal(BlockWord::unpack(now), handle))
    }

    /// Makes an offered block the process's own. `State`: it is not offered; the rest as [`Slab::free`].
    pub(crate) fn adopt(self, handle: BlockHandle, me: u32) -> Result<(), ErrorKind> {
        let record = self.find(handle)?;
        loop {
            let seen = record.seen();
            if seen.generation != handle.generation() || seen.used != Use::Offered {
                return Err(match refusal(seen, handle) {
                    ErrorKind::NotOwner => ErrorKind::State,
                    refused => refused,
                });
            }
            let (from, to) = (seen.pack(), seen.to(Use::Owned, me).pack());
            // AcqRel: Acquire is edge `offer`, Release is edge `holder`.
            let got = record.word.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed); // edge: offer, holder
            if got.is_ok() {
                return Ok(());
            }
        }
    }

    /// What is going to name a block that the process owns; from here on it is not its own any more. To be called
    /// before the object names it. Errors: as [`Slab::free`].
    pub(crate) fn hand_over(self, handle: BlockHandle, me: u32, link: Link) -> Result<(), ErrorKind> {
        let record = self.find(handle)?;
        let mine = BlockWord { generation: handle.generation(), used: Use::Owned, token: me };
        if record.seen() != mine {
            return Err(refusal(record.seen(), handle));
        }
        record.link.store(link.0, Ordering::Relaxed); // Relaxed: see `Record::link`
        step();
        if record.turn(mine, mine.to(Use::Linked, me)) { Ok(()) } else { Err(refusal(record.seen(), handle)) }
    }

    /// The object will not name it after all: the block is the process's own again.
    pub(crate) fn take_back(self, handle: BlockHandle, me: u32) -> Result<(), ErrorKind> {
        let record = self.find(handle)?;
        let linked = BlockWord { generation: handle.generation(), used: Use::Linked, token: me };
        if record.turn(linked, linked.to(Use::Owned, me)) {
            Ok(())
        } else {
            Err(refusal(record.seen(), handle))
        }
    }

    /// Makes a block the process's own whose name the caller has in his hands alone: he holds the cell that names it,
    /// and will give it back afterwards. The bytes came with the cell.
    pub(crate) fn claim(self, handle: BlockHandle, me: u32) -> Result<(), ErrorKind> {
        let record = self.find(handle)?;
        loop {
            let seen = record.seen();
            if seen.generation != handle.generation() || !matches!(seen.used, Use::Linked | Use::Owned) {
                return Err(refusal(seen, handle));
            }
            let (from, to) = (seen.pack(), seen.to(Use::Owned, me).pack());
            let got = record.word.compare_exchange(from, to, Ordering::Release, Ordering::Relaxed); // edge: holder
            if got.is_ok() {
                return Ok(());
            }
        }
    }

    /// Whether the handle is of a block's present stay with owners; `State` if it was freed, `NotFound` if longer ago.
    pub(crate) fn is_present(self, handle: BlockHandle) -> Result<&'a Record, ErrorKind> {
        let record = self.find(handle)?;
        let seen = record.seen();
        let is_whole = matches!(seen.used, Use::Owned | Use::Offered | Use::Linked);
        if seen.generation == handle.generation() && is_whole {
            Ok(record)
        } else {
            Err(refusal(seen, handle))
        }
    }

    /// The block, if the process owns it. Errors: as [`Slab::free`].
    pub(crate) fn is_mine(self, handle: BlockHandle, me: u32) -> Result<&'a Record, ErrorKind> {
        let record = self.find(handle)?;
        let mine = BlockWord { generation: handle.generation(), used: Use::Owned, token: me };
        if record.seen() == mine { Ok(record) } else { Err(refusal(record.seen(), handle)) }
    }

    /// Copies out of a block that need not be the caller's. What was copied was the block's, and not yet the next
    /// stay's; whether its owner was writing meanwhile, the two must settle between them.
    pub(crate) fn glance<R>(
        self,
        handle: BlockHandle,
        copy: impl FnOnce(&Record) -> R,
    ) -> Result<R, ErrorKind> {
        let copied = copy(self.is_present(handle)?);
        fence(Ordering::Acquire); // edge: reuse; pairs with `take`
        self.is_present(handle).map(|_| copied)
    }

    /// Takes so many neighbours of these blocks, two at least, for a process; tells the first one, and its generation.
    pub(crate) fn collect(self, range: Range<usize>, count: usize, me: Collector) -> Option<(usize, u32)> {
        let mut at = range.start;
        while range.end.checked_sub(at).is_some_and(|left| left >= count) {
            match self.collect_at(at, count, me) {
                Ok(generation) => return Some((at, generation)),
                Err(taken) if self.help(taken) => {}
                Err(taken) => at = taken + 1,
            }
        }
        None
    }

    /// Takes neighbours from `at` on; or tells the last of them that is taken.
    fn collect_at(self, at: usize, count: usize, me: Collector) -> Result<u32, usize> {
        let run = self.records.get(at..at + count).ok_or(at)?;
        if let Some(taken) = run.iter().rposition(|record| record.seen().used != Use::Free) {
            return Err(at + taken);
        }
        let [first, parts @ ..] = run else { return Err(at) };
        let generation = first.take(Use::Collecting, me.thread).ok_or(at)?;
        let collecting = BlockWord { generation, used: Use::Collecting, token: me.thread };
        first.run.store(count as u64, Ordering::Relaxed); // Relaxed: read behind an edge of the word, or a death
        step();
        for (part, number) in parts.iter().zip(at + 1..) {
            match part.take(Use::Collecting, me.thread) {
                Some(generation) => part.join(generation, me.thread, key(at, collecting.generation)),
                None => {
                    self.dissolve(at, collecting);
                    self.gate.freed.notify(&());
                    return Err(number);
                }
            }
        }
        step();
        // The commit. Nobody else touches what a living collector collects.
        if first.turn(collecting, collecting.to(Use::Owned, me.process)) { Ok(generation) } else { Err(at) }
    }

    /// Frees a run, or a single block, that is exactly as seen; tells whether it was.
    fn dissolve(self, at: usize, seen: BlockWord) -> bool {
        let dissolving = self.begin(at, seen);
        if let Some(dissolving) = dissolving {
            self.finish(at, dissolving);
        }
        dissolving.is_some()
    }

    /// Makes it dissolving: from here on anybody may finish it.
    pub(super) fn begin(self, at: usize, seen: BlockWord) -> Option<BlockWord> {
        let dissolving = seen.to(Use::Dissolving, seen.token);
        let (from, to) = (seen.pack(), dissolving.pack());
        let record = self.record(at).ok()?;
        record.word.compare_exchange(from, to, Ordering::Release, Ordering::Relaxed).ok()?; // edge: dissolve
        Some(dissolving)
    }

    /// Frees the parts of a dissolving run, and then its first block; tells whether that was still to do.
    fn finish(self, at: usize, dissolving: BlockWord) -> bool {
        let Ok(record) = self.record(at) else { return false };
        let key = key(at, dissolving.generation);
        let count = usize::try_from(record.run()).unwrap_or(0);
        for part in self.records.iter().skip(at + 1).take(count.saturating_sub(1)) {
            let seen = BlockWord::unpack(part.word.load(Ordering::Acquire)); // edge: part
            if seen.used == Use::Part && part.run() == key {
                part.vacate(seen);
            }
        }
        step();
        record.vacate(dissolving)
    }

    /// Finishes what is being dissolved here, whoever began; tells whether there was anything to do.
    fn help(self, at: usize) -> bool {
        let Ok(record) = self.record(at) else { return false };
        let seen = BlockWord::unpack(record.word.load(Ordering::Acquire)); // edge: dissolve
        let helped = seen.used == Use::Dissolving && self.finish(at, seen);
        if helped {
            self.gate.freed.notify(&());
        }
        helped
    }

    /// Frees everything that this process owns, offers or was about to link: it is proven dead, or gives all back. What
    /// somebody names stays for who claims it. Tells how many blocks and runs that was.
    pub(crate) fn recover(self, process: Token, keeper: &impl Keeper) -> usize {
        let mut freed = 0;
        for (at, record) in self.records.iter().enumerate() {
            let seen = record.seen();
            freed += usize::from(match seen.used {
                Use::Dissolving => {
                    self.help(at);
                    false // somebody has counted it
                }
                Use::Free | Use::Part | Use::Collecting => false,
                Use::Owned | Use::Offered | Use::Linked if seen.token != process.0 => false,
                Use::Owned | Use::Linked if self.is_named(at, record, seen, keeper) => false,
                Use::Owned | Use::Offered | Use::Linked => self.dissolve(at, seen),
            });
        }
        if freed > 0 {
            self.gate.freed.notify(&());
        }
        freed
    }

    /// Gives back what this thread was collecting: it is proven dead. Tells whether there was anything.
    fn abandon(self, thread: Token) -> bool {
        let mut freed = false;
        for (at, record) in self.records.iter().enumerate() {
            let seen = record.seen();
            if seen.used == Use::Collecting && seen.token == thread.0 {
                freed |= self.dissolve(at, seen);
            }
        }
        if freed {
            self.gate.freed.notify(&());
        }
        freed
    }

    fn is_named(self, at: usize, record: &Record, seen: BlockWord, keeper: &impl Keeper) -> bool {
        let link = record.link();
        link.object() != 0 && keeper.names(link, self.handle(at, seen.generation))
    }

    /// Looks how those stand whose blocks these are, each once: frees what the dead left, and helps whoever dissolves.
    /// Adds the alive words of the others to `crowd`.
    fn survey<P: Owners, T: Owners>(
        self,
        parties: &Parties<'a, P, T>,
        keeper: &impl Keeper,
        want: &Want,
        ask: bool,
        mut crowd: Option<&mut Crowd<'a>>,
    ) -> Survey {
        let (mut seen, mut judged) = (Survey::default(), [Judged::default(), Judged::default()]);
        let mut side_by_side = 0;
        for (at, record) in self.records.iter().enumerate() {
            let now = BlockWord::unpack(record.word.load(Ordering::Acquire)); // edge: holder
            let collecting = now.used == Use::Collecting;
            let is_wanted = now.used == Use::Free && want.range.contains(&at);
            side_by_side = if is_wanted { side_by_side + 1 } else { 0 };
            seen.changed |= side_by_side >= want.count; // it was not there a moment ago
            if now.used == Use::Dissolving {
                seen.changed |= self.help(at);
            }
            if matches!(now.used, Use::Free | Use::Part | Use::Dissolving)
                || !judged[usize::from(collecting)].is_new(now.token)
            {
                continue;
            }
            let token = Token(now.token);
            let standing = match Token::of(now.token) {
                None => Standing::Dead, // nobody's: only who keeps no rules writes this
                Some(thread) if collecting => parties.threads.standing(thread),
                Some(process) if ask => parties.processes.standing(process),
                Some(process) => parties.processes.glance(process),
            };
            match standing {
                Standing::Dead if collecting => seen.changed |= self.abandon(token),
                Standing::Dead => seen.changed |= self.mourn(token, keeper),
                Standing::Here(alive) => {
                    alive.zip(crowd.as_mut()).map(|(watch, crowd)| crowd.add(watch));
                }
                Standing::Doubtful { .. } => seen.doubt = true,
            }
        }
        seen
    }

    fn mourn(self, dead: Token, keeper: &impl Keeper) -> bool {
        let count = self.recover(dead, keeper);
        if count > 0 {
            keeper.returned(dead, count);
        }
        count > 0
    }

    /// Frees what the dead leave; tells whether there was anything, or what is wanted is there. Unless `ask`, who shows no sign of death counts as
    /// alive.
    pub(crate) fn tidy<P: Owners, T: Owners>(
        self,
        parties: &Parties<'a, P, T>,
        keeper: &impl Keeper,
        want: &Want,
        ask: bool,
    ) -> bool {
        self.survey(parties, keeper, want, ask, None).changed
    }

    /// Tries, and sleeps while nothing is freed and those who own the blocks live.
    pub(crate) fn wait<P: Owners, T: Owners, R>(
        self,
        parties: &Parties<'a, P, T>,
        keeper: &impl Keeper,
        want: &Want,
        wait: &Wait,
        mut attempt: impl FnMut() -> Option<R>,
    ) -> Result<R, ErrorKind> {
        let mut ended = Ok(());
        loop {
            let mut crowd = Crowd::new(self.gate.freed.prepare());
            if let Some(got) = attempt() {
                return Ok(got);
            }
            let seen = self.survey(parties, keeper, want, true, Some(&mut crowd));
            if seen.changed {
                continue;
            }
            // Whatever ends the wait: the blocks and their owners are looked at after it.
            ended?;
            parties.processes.others(&mut crowd);
            if let Err(end) = parties.processes.slept(wait, wait.sleep(crowd.watches(), seen.doubt)) {
                ended = Err(end);
            }
        }
    }

    /// Announces a sleeper who waits for a block among other things. Afterwards he looks once more.
    pub(crate) fn announce(self) -> Watch<'a> {
        self.gate.freed.prepare()
    }

    /// Gives back what this dead thread was collecting, and its lock; tells whether it had that.
    pub(crate) fn recover_collector(self, thread: Token) -> bool {
        if self.gate.collector.holder() != Some(thread) {
            return false; // somebody has taken the lock over: what is left is found by who needs it
        }
        self.abandon(thread);
        self.gate.collector.recover(thread)
    }
}

/// Why a handle does not do, with the block as it is.
fn refusal(now: BlockWord, handle: BlockHandle) -> ErrorKind {
    let of_handle = BlockWord { generation: handle.generation(), used: Use::Owned, token: 0 };
    match now.used {
        Use::Owned if now.generation == of_handle.generation => ErrorKind::NotOwner,
        Use::Offered | Use::Linked | Use::Dissolving if now.generation == of_handle.generation => {
            ErrorKind::State
        }
        Use::Free if now.generation == of_handle.vacated().generation => ErrorKind::State,
        _ => ErrorKind::NotFound,
    }
}
