//! Who the tokens in a lock word stand for: threads or processes of a yard.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::faults;
use crate::os::clock::now_ns;
use crate::presence::attachment::{Attachment, Held, Who};
use crate::presence::place::Standing;
use crate::presence::thread;
use crate::segment::bits::{State, Token};
use crate::segment::header::BELL_AT;
use crate::shim::{AtomicU32, AtomicU64, Watch, pause, yield_now};
use crate::sync::bell::Bell;
use crate::sync::event_count::EventCount;
use crate::sync::lock::{Crowd, Got, LockWord, Owners, Taker};
use crate::sync::wait::{Manner, SLICE_NS, Timeout, Wait};

/// The threads of a yard, as owners.
pub(crate) struct Threads<'a>(pub(crate) &'a Attachment);

/// The processes of a yard, as owners.
pub(crate) struct Processes<'a>(pub(crate) &'a Attachment);

/// Looks at a taken word before sleeping; a look costs some 20 ns, a sleep and wake-up some 50 µs.
const SPINS: u32 = 100;

/// A try that finds nothing counts like so many ns of sleep: not every one asks for the time.
const A_TRY: u64 = 1_000_000;

fn spins(yard: &Attachment) -> u32 {
    if yard.has_cpus() { SPINS } else { 0 }
}

/// Adds the alive words of everybody there is room for.
pub(crate) fn listen<'a>(yard: &'a Attachment, crowd: &mut Crowd<'a>) {
    for (index, slot) in (0u32..).zip(yard.slots()) {
        let Some(place) = slot.place.load() else { continue };
        if let Standing::Here(Some(watch)) = yard.thread_standing(Token::new(index, place.generation))
            && !crowd.add(watch)
        {
            return;
        }
    }
}

/// Adds the alive words of everybody there is room for. Tells of a thread that shows that it is dead, and behind which nobody
/// has cleared up.
pub(crate) fn hear<'a>(yard: &'a Attachment, crowd: &mut Crowd<'a>) -> Option<Token> {
    let mut dead = None;
    for (index, slot) in (0u32..).zip(yard.slots()) {
        let Some(place) = slot.place.load().filter(|place| place.state == State::Live) else { continue };
        let token = Token::new(index, place.generation);
        match yard.thread_standing(token) {
            Standing::Here(alive) => {
                alive.map(|watch| crowd.add(watch));
            }
            Standing::Doubtful { .. } => {}
            Standing::Dead => dead = dead.or(Some(token)),
        }
    }
    dead
}

/// Clears up if a thread shows that it is dead, and nobody has cleared up behind it; tells whether it did.
pub(crate) fn sweep_behind_the_dead(yard: &Attachment) -> bool {
    let nothing = AtomicU32::new(0);
    let dead = hear(yard, &mut Crowd::new(Watch { word: &nothing, value: 0 })).is_some();
    if dead {
        yard.sweep();
    }
    dead
}

/// This process has slept for so many ns more: whether it is time to clear up.
fn is_sweep_due(yard: &Attachment, asleep: u64) -> bool {
    yard.tally().is_due(asleep, SLICE_NS, now_ns)
}

/// Clears up now and then for those who only ever try, and find nothing; tells whether it did. So they, too, hear of a death
/// that the kernel could not tell.
#[cold]
pub(crate) fn sweep_for_tries(yard: &Attachment) -> bool {
    sweep_after_tries(yard, 1)
}

/// As [`sweep_for_tries`], after so many of them: for whose tries are so cheap that he counts them himself.
pub(crate) fn sweep_after_tries(yard: &Attachment, tries: u32) -> bool {
    let due = is_sweep_due(yard, u64::from(tries) * A_TRY);
    if due {
        yard.sweep();
    }
    due
}

/// A try: an attempt that does not wait. One that finds somebody in the way is made once more if it was time to clear up.
pub(crate) fn try_now<R>(
    yard: &Attachment,
    mut attempt: impl FnMut() -> std::result::Result<R, ErrorKind>,
) -> std::result::Result<R, ErrorKind> {
    match attempt() {
        Err(ErrorKind::Busy) if sweep_for_tries(yard) => attempt(),
        tried => tried,
    }
}

impl Owners for Threads<'_> {
    fn standing(&self, token: Token) -> Standing<'_> {
        self.0.thread_standing(token)
    }

    fn is_me(&self, token: Token) -> bool {
        thread::token(self.0.number()) == token.0
    }

    fn others<'a>(&'a self, out: &mut Crowd<'a>) {
        listen(self.0, out);
    }

    fn hear<'a>(&'a self, out: &mut Crowd<'a>) -> Option<Token> {
        hear(self.0, out)
    }

    fn sweep(&self) {
        self.0.sweep();
    }

    fn is_sweep_due(&self, asleep: u64) -> bool {
        is_sweep_due(self.0, asleep)
    }

    fn spins(&self) -> u32 {
        spins(self.0)
    }

    fn buried(&self, dead: Token, word: &LockWord) {
        faults::note(self.0, Who::Thread(dead), word, 1);
    }

    fn missed(&self, dead: Token, state: &AtomicU64) {
        faults::note(self.0, Who::Thread(dead), state, 1);
    }

    fn person(&self, token: Token) -> (u32, u32) {
        self.0.person(Who::Thread(token))
    }
}

impl Owners for Processes<'_> {
    fn standing(&self, token: Token) -> Standing<'_> {
        self.0.process_standing(token)
    }

    fn glance(&self, token: Token) -> Standing<'_> {
        self.0.process_glance(token)
    }

    fn others<'a>(&'a self, out: &mut Crowd<'a>) {
        listen(self.0, out);
    }

    fn hear<'a>(&'a self, out: &mut Crowd<'a>) -> Option<Token> {
        hear(self.0, out)
    }

    fn sweep(&self) {
        self.0.sweep();
    }

    fn is_sweep_due(&self, asleep: u64) -> bool {
        is_sweep_due(self.0, asleep)
    }

    fn spins(&self) -> u32 {
        spins(self.0)
    }

    fn buried(&self, dead: Token, word: &LockWord) {
        faults::note(self.0, Who::Process(dead), word, 1);
    }

    fn returned(&self, dead: Token, permit: &AtomicU32, count: usize) {
        faults::note(self.0, Who::Process(dead), permit, count as u64);
    }

    fn missed(&self, dead: Token, state: &AtomicU64) {
        faults::note(self.0, Who::Process(dead), state, 1);
    }

    fn person(&self, token: Token) -> (u32, u32) {
        self.0.person(Who::Process(token))
    }
}

/// The yard's doorbell.
pub(crate) fn bell(yard: &Attachment) -> Result<&EventCount> {
    yard.region().at(BELL_AT)
}

impl Bell for Attachment {
    fn ring(&self) {
        if let Ok(bell) = bell(self) {
            bell.ring();
        }
    }
}

/// Takes a lock of this yard, waiting at most `timeout`.
pub(crate) fn acquire(
    word: &LockWord,
    taker: Taker,
    (yard, owners): (&Attachment, &impl Owners),
    timeout: Timeout,
    manner: Manner,
) -> std::result::Result<Got, ErrorKind> {
    match timeout.or_try() {
        Timeout::Try => try_now(yard, || word.try_acquire(taker, owners)),
        timeout => word.acquire(taker, owners, &Wait::new(timeout, manner)),
    }
}

/// Takes a lock for the calling thread, whose token this is.
pub(crate) fn acquire_by_thread(
    word: &LockWord,
    token: Token,
    yard: &Attachment,
    timeout: Timeout,
    manner: Manner,
) -> std::result::Result<Got, ErrorKind> {
    let taker = Taker { token, is_me: true, forever: timeout == Timeout::Forever };
    match acquire(word, taker, (yard, &Threads(yard)), timeout, manner) {
        // Short waits never see a slice end; a death that the kernel did not tell is asked for here.
        Err(ErrorKind::Timeout) if is_owner_gone(word, yard) => {
            yard.sweep();
            after_a_wait(word.try_acquire(taker, &Threads(yard)))
        }
        got => got,
    }
}

/// The answer to who has waited: somebody else was quicker in the end.
fn after_a_wait(got: std::result::Result<Got, ErrorKind>) -> std::result::Result<Got, ErrorKind> {
    got.map_err(|kind| if kind == ErrorKind::Busy { ErrorKind::Timeout } else { kind })
}

/// Whether the owning thread's whole process is gone. Asks the kernel.
fn is_owner_gone(word: &LockWord, yard: &Attachment) -> bool {
    let process = || yard.process_of(word.holder()?);
    process().is_some_and(|p| !yard.is_here(p))
}

/// Takes a lock of threads whose data a dead owner cannot have left half changed: nobody is told of his death. Tells
/// the token under which it was taken. Errors: `Busy` (a try), `Timeout`, `Deadlock`, `Interrupted`, `NoSlots`.
#[inline]
pub(crate) fn take(yard: &Held, lock: &LockWord, timeout: Timeout, manner: Manner) -> Result<u32> {
    let me = thread::token(yard.number());
    if me != 0 && lock.try_fast(me) { Ok(me) } else { take_slowly(yard, lock, timeout.or_try(), manner) }
}

#[cold]
fn take_slowly(yard: &Held, lock: &LockWord, timeout: Timeout, manner: Manner) -> Result<u32> {
    let token = thread::register(yard)?;
    let got = acquire_by_thread(lock, token, yard, timeout, manner);
    if got.map_err(Error::new)? == Got::Suspect {
        lock.repaired(token.0)?;
    }
    Ok(token.0)
}

/// As [`take`], within the time of a call that has begun and may wait for other things too; without `wait`, a try. As a
/// lock of this kind is held for a copy only, a try looks for some microseconds. Errors: `Busy` (a try: who holds it
/// stands still), `Timeout`, `Deadlock` (if it would be for ever), `Interrupted`, `NoSlots`.
#[inline]
pub(crate) fn take_within(yard: &Held, lock: &LockWord, wait: Option<&Wait>, forever: bool) -> Result<u32> {
    take_repairing(yard, lock, wait, forever, || {})
}

/// As [`take_within`], for data that a dead owner may have left half changed: `repair` makes it whole first.
#[inline]
pub(crate) fn take_repairing(
    yard: &Held,
    lock: &LockWord,
    wait: Option<&Wait>,
    forever: bool,
    repair: impl FnOnce(),
) -> Result<u32> {
    let me = thread::token(yard.number());
    if me != 0 && lock.try_fast(me) { Ok(me) } else { take_within_slowly(yard, lock, wait, forever, repair) }
}

#[cold]
fn take_within_slowly(
    yard: &Held,
    lock: &LockWord,
    wait: Option<&Wait>,
    forever: bool,
    repair: impl FnOnce(),
) -> Result<u32> {
    let token = thread::register(yard)?;
    let (taker, owners) = (Taker { token, is_me: true, forever }, Threads(yard));
    let got = match wait {
        Some(wait) => lock.acquire(taker, &owners, wait),
        None => try_for_a_moment(lock, taker, &owners),
    };
    let got = match got {
        Err(ErrorKind::Busy | ErrorKind::Timeout) if is_owner_gone(lock, yard) => {
            yard.sweep();
            let got = lock.try_acquire(taker, &owners);
            if wait.is_some() { after_a_wait(got) } else { got }
        }
        got => got,
    };
    if got.map_err(Error::new)? == Got::Suspect {
        repair(); // should we die here, the next owner does it
        lock.repaired(token.0)?;
    }
    Ok(token.0)
}

/// Looks before a try gives up: a few microseconds, and then some turns of the CPU for whoever was interrupted.
const LOOKS: u32 = 100;
const TURNS: u32 = 20;

fn try_for_a_moment(
    lock: &LockWord,
    taker: Taker,
    owners: &Threads<'_>,
) -> std::result::Result<Got, ErrorKind> {
    let mut got = lock.try_acquire(taker, owners);
    let looks = owners.spins().min(LOOKS);
    for look in 0..looks + TURNS {
        if got != Err(ErrorKind::Busy) || lock.held_by(taker.token.0).is_some() {
            break;
        }
        if look < looks {
            pause()
        } else {
            yield_now()
        }
        got = lock.try_acquire(taker, owners);
    }
    got
}

/// Releases a lock that was taken with [`take`] under this token.
#[inline]
pub(crate) fn give(lock: &LockWord, token: u32) {
    if !lock.release_fast(token) {
        let _ = lock.release(token); // NotOwner: the thread has left the yard since, and so the lock
    }
}
