//! The stamped lock: one word that names its owner, so that whoever finds the owner dead can take it over.
//!
//! `0 | token | SUSPECT | WAITERS`. Taking is one compare-and-swap from 0 to the taker's token, releasing one from the
//! token to 0; everything else is the slow path. SUSPECT says that an owner died and nobody has declared the guarded
//! data repaired; it stays over releases. WAITERS says that somebody sleeps; who has slept takes with WAITERS set,
//! because others may sleep too.
//!
//! ## Why nobody is left behind
//! A release that finds WAITERS wakes one sleeper; a sleeper that leaves the slow path, with the lock or without,
//! wakes one more, which finds the *new* owner and sleeps on *his* alive word. If the owner dies, the kernel wakes one
//! sleeper on his alive word, and that one wakes the others on it. What remains (a sleeper killed between its wake and
//! its look, a process stopped between release and wake) ends with the slice.
//!
//! ## Edges
//! | edge | release | acquire | carries | model that fails without it |
//! |---|---|---|---|---|
//! | lock | `release`, `recover`: CAS to 0 or SUSPECT | `acquire`: CAS | what the lock guards | `what_the_lock_guards_is_seen_whole` |
//! | owner | `acquire`: CAS to the token | `acquire`, `holder`, `release_any`: load of the word | the owner's alive word is set | `a_live_owner_is_never_robbed`, `a_living_owner_whom_anyone_releases_is_never_taken_for_dead` |
//! | alive | see `presence::place` | | | |

use crate::error::ErrorKind;
use crate::presence::place::Standing;
use crate::segment::bits::{SUSPECT, TOKEN, Token, WAITERS};
use crate::shim::{AtomicU32, AtomicU64, Ordering, Watch, pause, wake};
use crate::sync::wait::{Slept, Wait};

/// What the lock must know of its takers.
pub(crate) trait Owners {
    /// How the one behind a token stands.
    fn standing(&self, token: Token) -> Standing<'_>;
    /// As `standing`; who shows no sign of death may count as here without a question to the kernel.
    fn glance(&self, token: Token) -> Standing<'_> {
        self.standing(token)
    }
    /// Alive words of the others, to hear of a sleeper that is killed after it was woken. At most `out` is filled.
    fn others<'a>(&'a self, out: &mut Crowd<'a>);
    /// Whether the caller is the one behind this token, which was his: not in a fork child.
    fn is_me(&self, _token: Token) -> bool {
        true
    }
    /// As `others`; tells of one who shows that he is dead, and behind whom nobody has cleared up.
    fn hear<'a>(&'a self, out: &mut Crowd<'a>) -> Option<Token> {
        self.others(out);
        None
    }
    /// Clears up behind the dead.
    fn sweep(&self);
    /// This process has slept for so long: whether it is time to clear up, whoever sees the end of a slice.
    fn is_sweep_due(&self, _asleep: u64) -> bool {
        false
    }
    /// A sleep has ended, and so: clears up if it is time. Who waits for a short time only, again and again, never sees the end
    /// of a slice: for him all that his process has slept counts.
    fn slept(&self, wait: &Wait, how: Result<Slept, ErrorKind>) -> Result<(), ErrorKind> {
        if self.is_sweep_due(wait.slept_for()) || how == Ok(Slept::Slice) {
            self.sweep();
        }
        how.map(drop)
    }
    /// How often to look at a taken word before sleeping.
    fn spins(&self) -> u32;
    /// A lock was taken over from a dead owner.
    fn buried(&self, _dead: Token, _word: &LockWord) {}
    /// A dead one's permits were given back, this one among them.
    fn returned(&self, _dead: Token, _permit: &AtomicU32, _count: usize) {}
    /// A dead one broke the barrier whose state this is.
    fn missed(&self, _dead: Token, _state: &AtomicU64) {}
    /// Process and thread (0: all of them) behind a token, also if they are gone; zeros if nobody knows any more.
    fn person(&self, _token: Token) -> (u32, u32) {
        (0, 0)
    }
}

/// How many others a sleeper listens to. Each costs about 100 ns per sleep.
const OTHERS_MAX: usize = 14;

/// The words of one sleep: the object's, the owner's alive word, others' alive words.
pub(crate) struct Crowd<'a> {
    watches: [Watch<'a>; OTHERS_MAX + 2],
    len: usize,
}

impl<'a> Crowd<'a> {
    pub(crate) fn new(word: Watch<'a>) -> Crowd<'a> {
        Crowd { watches: [word; OTHERS_MAX + 2], len: 1 }
    }

    /// Adds a word unless there is no room or it is there already; tells whether there is room for more.
    pub(crate) fn add(&mut self, watch: Watch<'a>) -> bool {
        let known = self.watches[..self.len].iter().any(|w| std::ptr::eq(w.word, watch.word));
        if !known && self.len < self.watches.len() {
            self.watches[self.len] = watch;
            self.len += 1;
        }
        self.len < self.watches.len()
    }

    pub(crate) fn watches(&self) -> &[Watch<'a>] {
        &self.watches[..self.len]
    }
}

/// What a slow acquire may do.
#[derive(Clone, Copy)]
pub(crate) struct Taker {
    /// Whose token to stamp.
    pub(crate) token: Token,
    /// Whether a lock held under this token is held by the caller himself.
    pub(crate) is_me: bool,
    /// Whether the caller would wait without limit for himself.
    pub(crate) forever: bool,
}

/// How a lock was got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// As it should be.
    Clean,
    /// An owner died and nobody has declared the data repaired.
    Suspect,
}

/// The word of a lock. Zero is free.
#[repr(transparent)]
pub(crate) struct LockWord(AtomicU32);

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: transparent over an atomic; zero is a free lock.
unsafe impl crate::segment::region::Shared for LockWord {}

impl LockWord {
    #[cfg(all(test, loom))]
    pub(crate) fn new() -> LockWord {
        LockWord(AtomicU32::new(0))
    }

    /// Takes the lock if it is free, clean and nobody waits. `token` is not 0.
    #[inline]
    pub(crate) fn try_fast(&self, token: u32) -> bool {
        // AcqRel: Acquire is edge `lock`, Release is edge `owner`.
        self.0.compare_exchange(0, token, Ordering::AcqRel, Ordering::Relaxed).is_ok() // edge: lock, owner
    }

    /// How the lock is held under `token`, if it is.
    #[inline]
    pub(crate) fn held_by(&self, token: u32) -> Option<Got> {
        let word = self.0.load(Ordering::Relaxed); // Relaxed: our own token, or not ours
        let got = if word & SUSPECT == 0 { Got::Clean } else { Got::Suspect };
        (word & TOKEN == token).then_some(got)
    }

    /// Whether it is free, clean, and nobody waits. Who finds it so sees what its last owner did.
    #[inline]
    pub(crate) fn is_free(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0 // edge: lock
    }

    /// The same as a guess.
    #[inline]
    pub(crate) fn seems_free(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0 // Relaxed: whoever acts on it looks again
    }

    /// Releases the lock if it is ours, clean, and nobody waits.
    #[inline]
    pub(crate) fn release_fast(&self, token: u32) -> bool {
        self.0.compare_exchange(token, 0, Ordering::Release, Ordering::Relaxed).is_ok() // edge: lock
    }

    /// One attempt on the word as it is now: free, or held by a dead one.
    fn attempt(&self, word: u32, stamp: u32, dead: bool) -> Option<Got> {
        let got = if dead || word & SUSPECT != 0 { Got::Suspect } else { Got::Clean };
        let mark = if got == Got::Suspect { SUSPECT } else { 0 };
        let keep = word & WAITERS | mark; // a dead owner's sleepers still sleep
        let taken = self.0.compare_exchange(word, stamp | keep, Ordering::AcqRel, Ordering::Relaxed); // edge: lock, owner
        taken.is_ok().then_some(got)
    }

    /// Takes the lock whatever its state, without waiting: `Busy` if its owner lives.
    pub(crate) fn try_acquire(&self, taker: Taker, owners: &impl Owners) -> Result<Got, ErrorKind> {
        loop {
            let word = self.0.load(Ordering::Acquire); // edge: owner
            let dead = match Token::of(word) {
                None => None,
                Some(owner) if matches!(owners.standing(owner), Standing::Dead) => Some(owner),
                Some(_) => return Err(ErrorKind::Busy),
            };
            if let Some(got) = self.attempt(word, taker.token.0, dead.is_some()) {
                dead.inspect(|dead| owners.buried(*dead, self));
                return Ok(got);
            }
        }
    }

    /// Takes the lock, sleeping while its owner lives.
    #[cold]
    pub(crate) fn acquire(&self, taker: Taker, owners: &impl Owners, wait: &Wait) -> Result<Got, ErrorKind> {
        let mut stamp = taker.token.0;
        let mut slept = false;
        let mut spins = owners.spins();
        let result = loop {
            let word = self.0.load(Ordering::Acquire); // edge: owner
            let mut crowd = Crowd::new(Watch { word: &self.0, value: word | WAITERS });
            let mut doubt = false;
            let dead = match Token::of(word) {
                None => Some(false),
                Some(owner) if taker.is_me && owner == taker.token => {
                    if taker.forever {
                        break Err(ErrorKind::Deadlock);
                    }
                    None
                }
                // Polling looks at the word alone: how the owner stands may cost a system call.
                Some(_) if spins > 0 => {
                    spins -= 1;
                    pause();
                    continue;
                }
                Some(owner) => match owners.standing(owner) {
                    Standing::Dead => Some(true),
                    Standing::Here(alive) => {
                        alive.map(|watch| crowd.add(watch));
                        None
                    }
                    Standing::Doubtful { .. } => {
                        doubt = true;
                        None
                    }
                },
            };
            if let Some(dead) = dead {
                match self.attempt(word, stamp, dead) {
                    Some(got) => {
                        Token::of(word).filter(|_| dead).inspect(|dead| owners.buried(*dead, self));
                        break Ok(got);
                    }
                    None => continue,
                }
            }
            if !self.announce(word) {
                continue;
            }
            owners.others(&mut crowd);
            slept = true;
            stamp |= WAITERS;
            if let Err(end) = owners.slept(wait, wait.sleep(crowd.watches(), doubt)) {
                break Err(end);
            }
        };
        if slept {
            wake(&self.0, 1); // one more, to sleep on the new owner's alive word
        }
        result
    }

    /// Says in the word that somebody sleeps.
    fn announce(&self, word: u32) -> bool {
        // Relaxed: the bit carries nothing; the kernel compares the word before it puts us to sleep.
        word & WAITERS != 0
            || self.0.compare_exchange(word, word | WAITERS, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Releases the lock if it is held under `token`, which never is 0.
    #[cold]
    pub(crate) fn release(&self, token: u32) -> Result<(), ErrorKind> {
        let mut word = self.0.load(Ordering::Relaxed); // Relaxed: our own token, or not ours
        loop {
            if word & TOKEN != token {
                return Err(ErrorKind::NotOwner);
            }
            let freed = self.0.compare_exchange(word, word & SUSPECT, Ordering::Release, Ordering::Relaxed); // edge: lock
            match freed {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        if word & WAITERS != 0 {
            wake(&self.0, 1);
        }
        Ok(())
    }

    /// Releases the lock whoever holds it; `NotOwner` if nobody does. One whose owner is dead is freed as by the sweep: whoever
    /// takes it next is told, and keeps it. So that is `NotOwner`, too, as if the sweep had been quicker.
    pub(crate) fn release_any(&self, owners: &impl Owners) -> Result<(), ErrorKind> {
        loop {
            let word = self.0.load(Ordering::Acquire); // edge: owner
            let owner = Token::of(word).ok_or(ErrorKind::NotOwner)?;
            // Else it has changed hands meanwhile.
            if !matches!(owners.standing(owner), Standing::Dead) {
                if self.release(owner.0).is_ok() {
                    return Ok(());
                }
            } else if self.recover(owner) {
                owners.buried(owner, self);
                return Err(ErrorKind::NotOwner);
            }
        }
    }

    /// Declares the guarded data repaired. Only the owner may.
    pub(crate) fn repaired(&self, token: u32) -> Result<(), ErrorKind> {
        let mut word = self.0.load(Ordering::Relaxed);
        while word & TOKEN == token {
            // Relaxed: the release that follows publishes it.
            match self.0.compare_exchange(word, word & !SUSPECT, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(now) => word = now,
            }
        }
        Err(ErrorKind::NotOwner)
    }

    /// Frees the lock, marked SUSPECT, if the dead one named held it; tells whether it did.
    pub(crate) fn recover(&self, dead: Token) -> bool {
        loop {
            // Relaxed: the proof of the death has ordered us behind the dead one.
            let word = self.0.load(Ordering::Relaxed);
            if Token::of(word) != Some(dead) {
                return false;
            }
            // Release: whoever takes it sees what the dead one wrote, as far as we saw it.
            let freed = self.0.compare_exchange(word, SUSPECT, Ordering::Release, Ordering::Relaxed); // edge: lock
            if freed.is_ok() {
                if word & WAITERS != 0 {
                    wake(&self.0, 1);
                }
                return true;
            }
        }
    }

    /// Declares what a free lock guards whole: for data that a dead owner cannot have left half changed.
    pub(crate) fn absolve(&self) {
        // Relaxed: it carries nothing. Whoever has taken the lock meanwhile declares it himself.
        let _ = self.0.compare_exchange(SUSPECT, 0, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Who holds it now.
    pub(crate) fn holder(&self) -> Option<Token> {
        Token::of(self.0.load(Ordering::Acquire)) // edge: owner
    }

    /// Whether an owner died and nobody has declared the data repaired.
    pub(crate) fn is_suspect(&self) -> bool {
        self.0.load(Ordering::Relaxed) & SUSPECT != 0 // Relaxed: a fact at some instant
    }
}
