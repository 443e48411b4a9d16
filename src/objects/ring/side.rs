//! What both ends of a ring share: where it lies, whose it is, and how a call waits.
#![allow(unsafe_code)] // a pointer into the mapping is kept beside the share that keeps it mapped

use crate::error::{Error, ErrorKind, Result};
use crate::lockfree::spsc::{Place, Words};
use crate::objects::many::{Kept, Part};
use crate::objects::owners::{Threads, sweep_after_tries, sweep_for_tries};
use crate::objects::ring::Strategy;
use crate::objects::ring::end::{self, Look, Peer, Taken};
use crate::objects::ring::layout::Body;
use crate::objects::ring::seen::{Seen, What};
use crate::presence::attachment::Held;
use crate::presence::thread;
use crate::segment::bits::Token;
use crate::shim::{AtomicU32, Bytes, pause, yield_now};
use crate::sync::event_count::EventCount;
use crate::sync::lock::{Crowd, Owners};
use crate::sync::many::{Net, Source};
use crate::sync::wait::{Manner, Timeout, Wait};
use std::ptr::NonNull;
use std::sync::Arc;

/// Where a ring lies in the mapping.
#[derive(Clone)]
pub(crate) struct Spot {
    body: NonNull<Body>,
    bytes: Bytes,
}

// SAFETY: an address of atomics and raw bytes, which any thread may use as long as they are mapped (see `new`).
unsafe impl Send for Spot {}
// SAFETY: as above.
unsafe impl Sync for Spot {}

impl Spot {
    /// # Safety
    /// Both stay mapped as long as the spot or a copy of it is used; `bytes` are the ring's records.
    pub(crate) unsafe fn new(body: &Body, bytes: Bytes) -> Spot {
        Spot { body: NonNull::from(body), bytes }
    }

    #[inline]
    pub(crate) fn body(&self) -> &Body {
        // SAFETY: mapped (see `new`), and made of atomics.
        unsafe { self.body.as_ref() }
    }

    /// Who holds the other end.
    fn opposite(&self, which: Which) -> &AtomicU32 {
        match which {
            Which::Sender => &self.body().receiver,
            Which::Receiver => &self.body().sender,
        }
    }

    /// What an end waits on.
    pub(super) fn event(&self, which: Which) -> &EventCount {
        match which {
            Which::Sender => &self.body().room,
            Which::Receiver => &self.body().data,
        }
    }

    /// Whether the holder of the other end is known to be gone.
    pub(super) fn has_ended(&self, which: Which) -> bool {
        ended(end::glance(self.opposite(which))).is_some()
    }

    /// Whether an end is `ready`, or the holder of the other one gone. If not, a sleeper is announced.
    pub(super) fn arm<'a>(
        &'a self,
        which: Which,
        yard: &'a Held,
        net: &mut Net<'a>,
        ready: impl Fn() -> bool,
    ) -> bool {
        let watch = self.event(which).prepare();
        match end::look(self.opposite(which), yard) {
            Look::Gone(_) => return true,
            Look::Absent => {}
            Look::Here { alive, doubt } => {
                alive.into_iter().for_each(|watch| net.alive(watch));
                if doubt {
                    net.doubt();
                }
            }
        }
        if ready() {
            return true;
        }
        net.word(watch);
        false
    }
}

impl Place for Spot {
    #[inline]
    fn words(&self) -> &Words {
        &self.body().words
    }

    #[inline]
    fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

/// Which end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Sender,
    Receiver,
}

/// How hard to look whether a wait is over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glance {
    /// As cheaply as can be: a yes may come late.
    Poll,
    /// Exactly.
    Exact,
}

/// One end of a ring, held by this process.
pub(crate) struct Side {
    pub(crate) yard: Held,
    spot: Spot,
    which: Which,
    me: Token,
    strategy: Strategy,
    /// The direction was made for spinning: nobody ever sleeps, nobody is ever notified.
    spin_only: bool,
    manner: Manner,
    /// Empty-handed tries since somebody looked whether the peer lives.
    tries: u32,
}

/// Polls before an adaptive wait sleeps: some 5 to 10 µs, a tenth of what a sleep and wake-up cost.
const SPINS: u32 = 1000;
/// Pauses after a burst, before the first poll.
const GATHER: u32 = 32;
/// Polls between two looks at the clock and the peer while spinning.
const POLLS: u32 = 256;

impl Side {
    pub(crate) fn take(
        yard: &Held,
        spot: Spot,
        which: Which,
        strategy: Strategy,
        spin_only: bool,
        manner: Manner,
    ) -> Result<(Side, Taken)> {
        let me = yard.process_token()?;
        // For the fast notice of our death; without a slot the peer finds out by its slice.
        let _ = thread::register(yard);
        let strategy = if spin_only { Strategy::Spin } else { strategy };
        let side = Side { yard: yard.clone(), spot, which, me, strategy, spin_only, manner, tries: 0 };
        let taken = end::take(side.mine(), yard, me)?;
        side.peer_event().notify(&**yard); // the peer may be waiting for somebody to come
        Ok((side, taken))
    }

    #[inline]
    fn mine(&self) -> &AtomicU32 {
        match self.which {
            Which::Sender => &self.spot.body().sender,
            Which::Receiver => &self.spot.body().receiver,
        }
    }

    fn theirs(&self) -> &AtomicU32 {
        self.spot.opposite(self.which)
    }

    /// What this end waits on.
    fn own_event(&self) -> &EventCount {
        self.spot.event(self.which)
    }

    #[inline]
    fn peer_event(&self) -> &EventCount {
        match self.which {
            Which::Sender => &self.spot.body().data,
            Which::Receiver => &self.spot.body().room,
        }
    }

    /// Tells the peer that there is data, or room.
    #[inline]
    pub(crate) fn notify(&self) {
        if !self.spin_only {
            self.peer_event().notify(&*self.yard);
        }
    }

    /// `NotOwner` in a fork child: the end is the parent's.
    #[inline]
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_ours() { Ok(()) } else { Err(not_ours()) }
    }

    /// Whether this process holds the end; a fork child does not.
    #[inline]
    pub(crate) fn is_ours(&self) -> bool {
        self.yard.token_if_joined() == self.me.0
    }

    /// Closes the end and tells the peer.
    pub(crate) fn close(&self, doubtful: bool) {
        if self.check().is_ok() && end::leave(self.mine(), self.me, doubtful) {
            self.peer_event().notify(&*self.yard);
        }
    }

    /// How the other end stands; asks the kernel.
    pub(crate) fn peer(&self) -> Peer {
        match end::look(self.theirs(), &self.yard) {
            Look::Absent => Peer::Absent,
            Look::Here { .. } => Peer::Here,
            Look::Gone(how) => how,
        }
    }

    /// As a part of a wait for many, which is `source`.
    pub(crate) fn part<'a>(&'a self, source: &'a dyn Source) -> Part<'a> {
        let id = (std::ptr::from_ref(self.own_event()).addr(), 0);
        Part { yard: Some(&self.yard), id, manner: self.manner, source }
    }

    /// Why the end cannot be waited for among others.
    pub(crate) fn refusal(&self) -> Option<Error> {
        if let Err(why) = self.check() {
            return Some(why);
        }
        let why = "the ring was made for spinning: nobody is woken there";
        self.spin_only.then(|| Error::with(ErrorKind::Unsupported, why))
    }

    /// Whether the peer is known to be gone.
    pub(crate) fn has_ended(&self) -> bool {
        self.spot.has_ended(self.which)
    }

    /// For whoever looks at it later.
    pub(crate) fn keep(&self, what: What) -> Kept {
        let (yard, spot) = (self.yard.clone(), self.spot.clone());
        let source = Arc::new(Seen { yard, spot, which: self.which, what, refusal: self.refusal() });
        Kept { yard: self.yard.clone(), manner: self.manner, source }
    }

    /// Whether it is `ready`, or the peer is gone. If not, a sleeper is announced.
    pub(crate) fn arm<'a>(&'a self, net: &mut Net<'a>, ready: impl Fn() -> bool) -> bool {
        self.spot.arm(self.which, &self.yard, net, ready)
    }

    /// Waits until `ready`, the peer is gone, or the time is up; `empty` says what to answer then. It was not ready
    /// a moment ago.
    #[cold]
    #[inline(never)]
    pub(crate) fn wait(
        &mut self,
        timeout: Timeout,
        empty: ErrorKind,
        mut ready: impl FnMut(Glance) -> bool,
    ) -> Result<()> {
        if timeout.or_try() == Timeout::Try {
            return self.try_again(empty, ready);
        }
        let wait = Wait::new(timeout, self.manner);
        let mut polls = self.budget();
        loop {
            while polls > 0 {
                polls -= 1;
                pause();
                if ready(Glance::Poll) {
                    return Ok(());
                }
            }
            let ended = match self.strategy {
                Strategy::Spin => self.look_around(&wait),
                Strategy::Adaptive | Strategy::Block => self.sleep(&wait, &mut ready),
            };
            // Whatever ends the wait: the condition is looked at after it.
            if ready(Glance::Exact) {
                return Ok(());
            }
            ended.map_err(|e| if e.kind() == ErrorKind::Timeout { empty.into() } else { e })?;
            polls = if self.strategy == Strategy::Spin { POLLS } else { 0 };
        }
    }

    /// A receiver that is faster than its sender lets a few records gather, or each of them would cost both sides a
    /// miss. One that gets a record at a time, as in question and answer, does not wait.
    pub(crate) fn after_burst(&self, burst: bool, timeout: Timeout) {
        if burst && self.budget() > 0 && timeout.or_try() != Timeout::Try {
            (0..GATHER).for_each(|_| pause());
        }
    }

    fn budget(&self) -> u32 {
        match self.strategy {
            Strategy::Spin => POLLS,
            Strategy::Adaptive if self.yard.has_cpus() => SPINS,
            Strategy::Adaptive | Strategy::Block => 0,
        }
    }

    /// A try that found nothing. Whether the peer lives is asked now and then only: the answer costs a system call.
    fn try_again(&mut self, empty: ErrorKind, mut ready: impl FnMut(Glance) -> bool) -> Result<()> {
        self.tries = self.tries.wrapping_add(1);
        let gone = match end::glance(self.theirs()) {
            Peer::Here if self.tries.is_multiple_of(POLLS) => {
                sweep_after_tries(&self.yard, POLLS);
                self.peer()
            }
            seen => seen,
        };
        match (ready(Glance::Exact), ended(gone)) {
            (true, _) => Ok(()),
            (false, Some(kind)) => Err(kind.into()),
            (false, None) => Err(empty.into()),
        }
    }

    /// Between two bouts of spinning: is the time up, is the peer gone? Who spins sees no slice end: of a death that the kernel
    /// does not tell, he hears as those do who only try.
    fn look_around(&self, wait: &Wait) -> Result<()> {
        wait.check()?;
        yield_now();
        sweep_for_tries(&self.yard);
        match ended(self.peer()) {
            Some(kind) => Err(kind.into()),
            None => Ok(()),
        }
    }

    /// Sleeps at most a slice.
    fn sleep(&self, wait: &Wait, ready: &mut impl FnMut(Glance) -> bool) -> Result<()> {
        let _ = thread::register(&self.yard); // so that our death wakes those who wait with us
        let mut crowd = Crowd::new(self.own_event().prepare());
        let doubt = match end::look(self.theirs(), &self.yard) {
            Look::Gone(how) => return Err(ended(how).unwrap_or(ErrorKind::Os).into()),
            Look::Absent => false,
            Look::Here { alive, doubt } => {
                alive.map(|watch| crowd.add(watch));
                doubt
            }
        };
        if ready(Glance::Exact) {
            return Ok(());
        }
        Ok(Threads(&self.yard).slept(wait, wait.sleep(crowd.watches(), doubt))?)
    }
}

fn ended(peer: Peer) -> Option<ErrorKind> {
    match peer {
        Peer::Closed => Some(ErrorKind::PeerClosed),
        Peer::Died => Some(ErrorKind::PeerDied),
        Peer::Absent | Peer::Here => None,
    }
}

#[cold]
fn not_ours() -> Error {
    Error::with(ErrorKind::NotOwner, "the end is held by the process that took it, not by its fork child")
}
