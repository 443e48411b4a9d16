//! One call on a queue: attempts, and how it waits between them.
#![forbid(unsafe_code)]

use crate::error::{ErrorKind, Result};
use crate::lockfree::mpmc::{Holders, NoPop, NoPush};
use crate::objects::blocks::Blocks;
use crate::objects::owners::{self, Threads};
use crate::objects::queue::get::InHand;
use crate::objects::queue::place::Hands;
use crate::objects::queue::side::{Mourners, QueueSide, ended};
use crate::objects::queue::{Queue, corrupt};
use crate::presence::attachment::Held;
use crate::presence::place::Standing;
use crate::presence::thread;
use crate::segment::bits::Token;
use crate::shim::{AtomicU32, Watch, pause, yield_now};
use crate::sync::event_count::EventCount;
use crate::sync::holders::Seen;
use crate::sync::lock::{Crowd, Owners};
use crate::sync::mourner::Mourner;
use crate::sync::wait::{Timeout, Wait};

/// Looks before a wait sleeps: some 5 to 10 µs, a tenth of what a sleep and wake-up cost.
const SPINS: u32 = 1000;
/// Looks at somebody in the middle of a move before a try gives up, and then some turns of the CPU for him.
const LOOKS: u32 = 100;
const TURNS: u32 = 20;

/// Why an attempt came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Not {
    /// It is full, or empty, or not everything is acknowledged.
    Now,
    /// There is no block for the message.
    NoBlock,
    /// As many messages are owed as may be.
    Owing,
    /// Somebody is in the middle of a move: with this slot, or several in turn.
    Held(Option<u32>),
    /// The next message has so many bytes, and the caller room for fewer.
    TooSmall(usize),
    /// The next message was that of somebody who died when he had got it.
    Gone,
    /// There is none and none will be put any more, but what the dead owe may come back.
    Drained,
    /// It will not be better later.
    Ever(ErrorKind),
}

impl From<NoPush> for Not {
    fn from(no: NoPush) -> Not {
        match no {
            NoPush::Full => Not::Now,
            NoPush::Busy(slot) => Not::Held(slot),
            NoPush::TooLong(_) => Not::Ever(ErrorKind::TooLong),
            NoPush::Corrupt => Not::Ever(ErrorKind::Corrupt),
        }
    }
}

impl From<NoPop> for Not {
    fn from(no: NoPop) -> Not {
        match no {
            NoPop::Empty => Not::Now,
            NoPop::Busy(slot) => Not::Held(slot),
            NoPop::TooSmall(len) => Not::TooSmall(len),
            NoPop::Corrupt => Not::Ever(ErrorKind::Corrupt),
        }
    }
}

/// What a call waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    Data,
    Room,
    /// The end of debts.
    Settled,
}

/// A call that may wait.
pub(super) struct Call<'a> {
    queue: &'a Queue,
    what: For,
    timeout: Timeout,
    wait: Wait,
    /// A message of the call takes a block of these.
    blocks: Option<&'a Blocks>,
    /// Looks that are left before a sleep, or before a try gives up.
    looks: u32,
    mourner: Mourner,
}

fn is_peer(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::PeerClosed | ErrorKind::PeerDied)
}

/// The event of a call, and that of the blocks it may wait for.
type Watches<'a> = (Watch<'a>, Option<Watch<'a>>);

/// Whether one of those who owe something may be gone soon.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Doubt {
    No,
    /// His threads have left: he is looked at closely, but nobody is kept waiting for him.
    Leaving,
    /// A thread of his has died.
    Dying,
}

type Attempt<T> = std::result::Result<T, Not>;

impl<'a> Call<'a> {
    pub(super) fn new(queue: &'a Queue, what: For, timeout: Timeout) -> Call<'a> {
        let timeout = timeout.or_try();
        let many = queue.yard().has_cpus();
        let looks = match timeout {
            _ if what == For::Settled => 0, // it takes others' work, not their moves
            Timeout::Try => TURNS + if many { LOOKS } else { 0 },
            // A look at room for bytes is no cheap one.
            _ if many && !(what == For::Room && queue.is_limited()) => SPINS,
            _ => 0,
        };
        let wait = Wait::new(timeout, queue.manner());
        Call { queue, what, timeout, wait, blocks: None, looks, mourner: Mourner::default() }
    }

    /// The call waits for a block as well.
    pub(super) fn or_for_a_block(mut self, blocks: &'a Blocks) -> Call<'a> {
        self.blocks = Some(blocks);
        self
    }

    /// Makes attempts until one succeeds, fails for good, or the time is up. `Err` inside: the message is so long, and
    /// the caller has room for fewer bytes.
    pub(super) fn run<T>(
        &mut self,
        mut attempt: impl FnMut() -> Attempt<T>,
    ) -> Result<std::result::Result<T, usize>> {
        let (mut over, mut announced): (_, Option<(Watches<'a>, For)>) = (None, None);
        loop {
            let attempt = attempt().map_err(|not| if not == Not::Drained { self.drained() } else { not });
            let not = match attempt {
                Ok(done) => return Ok(Ok(done)),
                Err(Not::TooSmall(len)) if len <= self.queue.max_len() => return Ok(Err(len)),
                Err(Not::TooSmall(_)) => return Err(corrupt()), // who is told of it makes room for it
                Err(Not::Ever(kind)) => return Err(kind.into()),
                Err(Not::Gone) => continue,
                Err(not) => not,
            };
            // Whatever ends a wait: one more attempt was made after it.
            match over {
                // A try that found nothing, and now finds somebody in the way.
                Some(ErrorKind::Timeout) if self.timeout == Timeout::Try && matches!(not, Not::Held(_)) => {}
                Some(kind) if !is_peer(kind) || self.is_ended() => return Err(self.answer(kind, not).into()),
                _ => {}
            }
            let what = if not == Not::Owing { For::Settled } else { self.what };
            over = match announced.take() {
                Some((watches, whom)) if whom == what => self.sleep(watches, not).err(),
                None if self.timeout == Timeout::Try => self.look_again(not),
                None if not != Not::Owing && self.spin() => None,
                _ => {
                    announced = Some(((self.event(what).prepare(), self.blocks.map(Blocks::announce)), what));
                    None
                }
            };
        }
    }

    /// `Full` and `Empty` only if it was that, and not somebody in the way.
    fn answer(&self, kind: ErrorKind, not: Not) -> ErrorKind {
        match (kind, not, self.what) {
            (ErrorKind::Timeout, Not::Now, For::Data) => ErrorKind::Empty,
            (ErrorKind::Timeout, Not::Now | Not::NoBlock, For::Room)
            | (ErrorKind::Timeout, Not::Owing, _) => ErrorKind::Full,
            _ => kind,
        }
    }

    /// A try that came to nothing: why it is over, if it is.
    #[cold]
    fn look_again(&mut self, not: Not) -> Option<ErrorKind> {
        match not {
            // Of a death that the kernel could not tell, who never sleeps hears here.
            Not::Held(_) if self.looks == 0 && owners::sweep_for_tries(self.yard()) => None,
            Not::Held(_) if self.looks == 0 => Some(ErrorKind::Busy),
            Not::Held(slot) => {
                self.looks -= 1;
                if slot.is_some_and(|slot| Hands(self.yard()).is_dead(slot)) {
                    self.yard().sweep();
                } else if self.looks < TURNS {
                    yield_now();
                } else {
                    pause();
                }
                None
            }
            // Nobody has the message that is in the way. Whoever else is dead has no room to give.
            Not::Now if self.what == For::Room => Some(self.reason(Doubt::No)),
            _ => {
                let in_hand = if not == Not::Now { self.queue.in_hand() } else { InHand::Ring };
                // What a dead one had in hand, or owed, may be all there is, and his blocks all that there are.
                let swept = in_hand == InHand::Ring && owners::sweep_behind_the_dead(self.yard());
                if !swept && in_hand != InHand::Nobody {
                    owners::sweep_for_tries(self.yard());
                }
                let owing = if in_hand == InHand::Nobody { Some(Doubt::No) } else { self.ask_debtors() };
                owing.map(|doubt| self.reason(doubt)) // else something is back
            }
        }
    }

    /// Why a try is over: that the time is, or that nobody is left of whom it needs somebody. `doubt`: about those who owe
    /// something.
    fn reason(&self, doubt: Doubt) -> ErrorKind {
        match self.others().and_then(|others| self.queue.glance(others)) {
            Some(gone) if doubt != Doubt::Dying && self.is_ended() => gone,
            _ => ErrorKind::Timeout,
        }
    }

    /// Of whom the call needs somebody.
    fn others(&self) -> Option<QueueSide> {
        match self.what {
            For::Data => Some(QueueSide::Producers),
            For::Room => Some(QueueSide::Consumers),
            For::Settled => None,
        }
    }

    /// Whether it is over, when the others have gone: for who gets, only if nobody has anything in hand that may come back.
    fn is_ended(&self) -> bool {
        self.what != For::Data || self.queue.rest().is_none()
    }

    fn yard(&self) -> &'a Held {
        self.queue.yard()
    }

    /// Looks until another attempt makes sense; false when there were looks enough.
    fn spin(&mut self) -> bool {
        if self.looks == 0 {
            return false;
        }
        let puts = self.what == For::Room;
        let (pace, at) = (&self.queue.0.pace[usize::from(puts)], self.queue.ring().reached(puts));
        pace.pause();
        let begun = self.looks;
        while self.looks > 0 {
            self.looks -= 1;
            pause();
            if self.seems_ready() {
                pace.learn(begun - self.looks, at, 1);
                return true;
            }
        }
        pace.learn(SPINS, at, 1);
        false
    }

    fn seems_ready(&self) -> bool {
        match self.what {
            For::Data => self.queue.seems_gettable(),
            For::Room => self.queue.seems_puttable(),
            For::Settled => true,
        }
    }

    fn event(&self, what: For) -> &'a EventCount {
        match (what, self.queue.part()) {
            (For::Room, _) => &self.queue.body().room,
            (For::Settled, Some(part)) => part.settled(),
            _ => &self.queue.body().data,
        }
    }

    /// What the dead owe is back before the end is told; what the living owe may come back, but nobody is kept waiting for that.
    #[cold]
    fn drained(&mut self) -> Not {
        match self.ask_debtors() {
            None => Not::Gone,
            Some(Doubt::Dying) => {
                if self.timeout != Timeout::Try {
                    self.looks = 0; // each would ask the kernel
                }
                Not::Held(None)
            }
            Some(_) => Not::Ever(ErrorKind::End),
        }
    }

    /// As `hear_debtors`, for who does not sleep now.
    fn ask_debtors(&mut self) -> Option<Doubt> {
        let nothing = AtomicU32::new(0);
        self.hear_debtors(&mut Crowd::new(Watch { word: &nothing, value: 0 }))
    }

    /// Listens to those who owe something. Tells whether one of them may be gone soon; `None`: one was dead, and what
    /// he owed is back.
    fn hear_debtors<'c>(&mut self, crowd: &mut Crowd<'c>) -> Option<Doubt>
    where
        'a: 'c,
    {
        let (yard, mut doubt, mut last) = (self.yard(), Doubt::No, 0);
        let Some(part) = self.queue.part().filter(|_| self.what != For::Room) else { return Some(Doubt::No) };
        for owing in part.debts.debtors() {
            let Some(token) = Token::of(owing).filter(|_| owing != last) else { continue };
            last = owing;
            match yard.process_standing(token) {
                Standing::Here(alive) => {
                    alive.map(|watch| crowd.add(watch));
                }
                Standing::Doubtful { died: true } => doubt = Doubt::Dying,
                Standing::Doubtful { died: false } => doubt = doubt.max(Doubt::Leaving),
                Standing::Dead if self.queue.mourn(token) => return None,
                Standing::Dead => {} // somebody else has done it
            }
        }
        Some(doubt)
    }

    /// Listens to the others. Clears up if one of them is dead, once: tells whether it did.
    fn clear_up<'c>(&mut self, crowd: &mut Crowd<'c>) -> bool
    where
        'a: 'c,
    {
        let dead = owners::hear(self.yard(), crowd);
        let sweeps = self.mourner.hears_news(dead);
        if sweeps {
            self.yard().sweep();
        }
        sweeps
    }

    /// Sleeps at most a slice. The sleeper had announced itself before the attempt that came to nothing.
    #[cold]
    fn sleep(&mut self, (watch, freed): Watches<'a>, not: Not) -> std::result::Result<(), ErrorKind> {
        let yard = self.yard();
        let _ = thread::register(yard); // so that our death wakes those who wait with us
        let mourners = self.others().and_then(|others| self.queue.side(others)).map(Mourners);
        let mut crowd = Crowd::new(watch);
        let mut held = if let Not::Held(slot) = not { slot } else { None };
        let seen = mourners.as_ref().map(|side| side.look(&mut crowd));
        let Some(doubt) = self.hear_debtors(&mut crowd) else { return Ok(()) };
        if let Some(kind) = seen.and_then(ended) {
            match self.queue.rest().filter(|_| self.what == For::Data) {
                None if doubt == Doubt::Dying => {} // what the dead owe is back before the end is told
                None => return Err(kind),
                Some(holder) => held = held.or(holder), // it may give back what he has in hand
            }
        }
        if let Some(slot) = held {
            Hands(yard).alive(slot).map(|alive| crowd.add(alive));
        }
        if self.clear_up(&mut crowd) {
            return Ok(()); // what a dead one had in hand shows now
        }
        let doubt = doubt != Doubt::No || seen == Some(Seen::Held { doubt: true });
        let own = [watch, freed.unwrap_or(watch)];
        let own = &own[..1 + usize::from(freed.is_some())];
        let slept = self.wait.sleep_on(own, &crowd.watches()[1..], doubt);
        Threads(yard).slept(&self.wait, slept)
    }
}
