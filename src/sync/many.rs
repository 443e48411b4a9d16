//! Waiting for many things at once: until one of them is ready, or all are. Nothing is taken.
//!
//! Up to 16 things the waiter sleeps on the words of all of them; beyond, on the yard's doorbell alone (`bell`), so that
//! there can be any number. Either way it announces itself in each thing's word, in that thing's own manner, and only the
//! thing that was not ready *then* is slept for.
//!
//! ## Why nobody is left behind
//! A thing that becomes ready changes the word that said it was not, and finds the waiter announced: it wakes, and rings.
//! Where a change wakes one sleeper only, the waiter may have been that one. So when it leaves, however the wait ended, it
//! wakes one more on each such word on which it has slept; and when it sleeps on, as it waits for all, one at each thing that is
//! ready. On the doorbell all are woken, and no thing's own sleeper is kept
//! from its wake. A waiter that is killed when woken is heard of by those who listen to its alive word, and it listens to
//! theirs. What remains ends with the slice.

use crate::error::ErrorKind;
use crate::shim::{Watch, pause};
use crate::sync::event_count::EventCount;
use crate::sync::lock::{Crowd, Owners};
use crate::sync::mourner::Mourner;
use crate::sync::wait::Wait;
use std::os::fd::BorrowedFd;

/// Up to so many things the waiter sleeps on their own words: each costs about 100 ns per sleep.
pub(crate) const DIRECT_MAX: usize = 16;

/// Something to wait for among others.
pub(crate) trait Source {
    /// Why it cannot be waited for, if it cannot.
    fn refusal(&self) -> Option<crate::error::Error> {
        None
    }

    /// Whether it is ready now, as far as can be seen cheaply.
    fn is_ready(&self) -> bool;

    /// Whether a look costs so much that nobody is to look again and again before he sleeps.
    fn is_dear(&self) -> bool {
        false
    }

    /// Whether it is ready. If not, a sleeper is announced, and what to sleep on is in the net.
    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool;

    /// What becomes readable as soon as it may be ready, if no word tells that.
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// Wakes one more of those who sleep for it, if a change wakes one only.
    fn pass_on(&self) {}
}

/// What a waiter sleeps on.
#[derive(Default)]
pub(crate) struct Net<'a> {
    own: Vec<Watch<'a>>,
    alive: Vec<Watch<'a>>,
    doubt: bool,
}

impl<'a> Net<'a> {
    /// The thing's own word.
    pub(crate) fn word(&mut self, watch: Watch<'a>) {
        self.own.push(watch);
    }

    /// The alive word of somebody whose death matters.
    pub(crate) fn alive(&mut self, watch: Watch<'a>) {
        if !self.alive.iter().any(|known| std::ptr::eq(known.word, watch.word)) {
            self.alive.push(watch);
        }
    }

    /// Whether some process may be dying.
    pub(crate) fn doubts(&self) -> bool {
        self.doubt
    }

    /// A process may be dying.
    pub(crate) fn doubt(&mut self) {
        self.doubt = true;
    }
}

/// When the wait is over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// One of them is ready.
    Any,
    /// In one look all of them were.
    All,
}

impl Need {
    pub(crate) fn is_met(self, ready: &[usize], of: usize) -> bool {
        match self {
            Need::Any => !ready.is_empty(),
            Need::All => ready.len() == of,
        }
    }
}

/// Which are ready.
pub(crate) fn now_ready(sources: &[&dyn Source]) -> Vec<usize> {
    let all = (0..).zip(sources);
    all.filter(|(_, source)| source.is_ready()).map(|(at, _)| at).collect()
}

/// The same, if that is enough.
pub(crate) fn look(sources: &[&dyn Source], need: Need) -> Option<Vec<usize>> {
    let ready = now_ready(sources);
    need.is_met(&ready, sources.len()).then_some(ready)
}

/// The things that somebody waits for, and how.
pub(crate) struct Many<'a> {
    pub(crate) sources: &'a [&'a dyn Source],
    pub(crate) need: Need,
    pub(crate) bell: &'a EventCount,
    /// Sleep on the things' own words.
    pub(crate) direct: bool,
}

impl<'a> Many<'a> {
    /// Waits until enough are ready; tells which.
    pub(crate) fn wait(&self, owners: &'a impl Owners, wait: &Wait) -> Result<Vec<usize>, ErrorKind> {
        // First without announcing a sleeper: whoever changes something would wake nobody with a system call.
        let spins = if self.sources.iter().any(|source| source.is_dear()) { 0 } else { owners.spins() };
        for _ in 0..spins / self.sources.len().max(1) as u32 {
            if let Some(ready) = look(self.sources, self.need) {
                return Ok(ready);
            }
            pause();
        }
        let mut slept = false;
        let ended = self.wait_asleep(owners, wait, &mut slept);
        if slept && self.direct {
            self.sources.iter().for_each(|source| source.pass_on());
        }
        ended
    }

    fn wait_asleep(
        &self,
        owners: &'a impl Owners,
        wait: &Wait,
        slept: &mut bool,
    ) -> Result<Vec<usize>, ErrorKind> {
        let (mut ended, mut mourner) = (Ok(()), Mourner::default());
        loop {
            // First the bell: who finds us announced in a thing must find us here.
            let rung = (!self.direct).then(|| self.bell.prepare());
            let mut net = Net::default();
            // Whom to listen to, before the look: who was dead by then has left what he did to be seen.
            let mut crowd = Crowd::new(self.bell.glance());
            let dead = owners.hear(&mut crowd);
            let ready = self.arm(&mut net);
            if self.need.is_met(&ready, self.sources.len()) {
                return Ok(ready);
            }
            // Whatever ends the wait: the things are looked at after it.
            ended?;
            if mourner.hears_news(dead) {
                owners.sweep();
                continue;
            }
            if rung.is_some() || net.own.is_empty() {
                net.own = vec![rung.unwrap_or_else(|| self.bell.prepare())];
            }
            crowd.watches()[1..].iter().for_each(|watch| net.alive(*watch));
            if *slept && self.direct {
                // What has woken us is not enough: it may be so for another one, who sleeps there.
                ready.iter().for_each(|at| self.sources[*at].pass_on());
            }
            *slept = true;
            if let Err(end) = owners.slept(wait, wait.sleep_on(&net.own, &net.alive, net.doubt)) {
                ended = Err(end);
            }
        }
    }

    /// Announces the waiter in each thing that is not ready; tells which are.
    fn arm(&self, net: &mut Net<'a>) -> Vec<usize> {
        let all = (0..).zip(self.sources);
        all.filter_map(|(at, source)| source.arm(net).then_some(at)).collect()
    }
}
