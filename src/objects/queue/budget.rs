//! The limit in bytes of a queue: its messages are added up, and put by one at a time.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::owners;
use crate::objects::queue::call::Not;
use crate::objects::queue::{Queue, large};
use crate::sync::budget::{Budget, Load, NoRoom};
use crate::sync::closing::Closing;
use crate::sync::wait::{Timeout, Wait};

/// How long a putter waits for the others, one at a time, who put into a queue with a limit in bytes.
pub(super) struct Turn {
    wait: Option<Wait>,
    forever: bool,
}

impl Turn {
    pub(super) fn new(queue: &Queue, timeout: Timeout) -> Turn {
        let timeout = timeout.or_try();
        let wait = (timeout != Timeout::Try).then(|| Wait::new(timeout, queue.manner()));
        Turn { wait, forever: timeout == Timeout::Forever }
    }
}

impl Queue {
    /// Puts something of so many bytes, if there is room for them.
    #[inline(always)]
    pub(super) fn within_budget<T>(
        &self,
        len: usize,
        turn: &Turn,
        put: impl FnOnce() -> std::result::Result<T, Not>,
    ) -> std::result::Result<T, Not> {
        if self.is_limited() { self.put_limited(len, turn, put) } else { put() }
    }

    #[cold]
    fn put_limited<T>(
        &self,
        len: usize,
        turn: &Turn,
        put: impl FnOnce() -> std::result::Result<T, Not>,
    ) -> std::result::Result<T, Not> {
        if self.body().closing.glance() != Closing::Open {
            return Err(Not::Ever(ErrorKind::Shutdown)); // also if there is no room
        }
        let budget = &self.body().budget;
        let lock = self.enter(budget, turn)?;
        let done = budget.put(len as u64, || self.load(), put);
        owners::give(&budget.lock, lock);
        done.map_err(|no| match no {
            NoRoom::Full => Not::Now,
            NoRoom::Held(slot) => Not::Held(slot),
            NoRoom::Refused(not) => not,
        })
    }

    pub(super) fn enter(&self, budget: &Budget, turn: &Turn) -> std::result::Result<u32, Not> {
        let taken = owners::take_within(self.yard(), &budget.lock, turn.wait.as_ref(), turn.forever);
        taken.map_err(|e| match e.kind() {
            ErrorKind::Busy => Not::Held(budget.lock.holder().map(|holder| holder.index())),
            kind => Not::Ever(kind),
        })
    }

    /// Adds up the bytes of the messages: what is there or more, if nobody puts meanwhile.
    pub(super) fn load(&self) -> Load {
        let mut load = Load::default();
        self.0.ring.each_item(|holder, tag, len, name: &[u8; 16]| {
            let bytes = if tag == large::BLOCK { large::name_of(name).1 } else { len } as u64;
            load.bytes = load.bytes.saturating_add(bytes);
            if holder.is_some() {
                load.in_hand = load.in_hand.saturating_add(bytes);
                load.holder = holder;
            }
        });
        load
    }

    /// Whether a message of this length can ever be within the limit.
    pub(super) fn check_budget(&self, len: usize) -> Result<()> {
        self.body().budget.admits(len).map_err(|kind| {
            Error::with(kind, format!("{len} bytes, {} in the whole queue at most", self.options().max_bytes))
        })
    }

    /// Whether there is a limit in bytes.
    #[inline(always)]
    pub(super) fn is_limited(&self) -> bool {
        self.0.options.max_bytes != 0
    }

    /// Whether so many bytes more seem to be within the limit, for which what somebody has in hand counts as there.
    pub(super) fn seems_within_budget(&self, len: usize) -> bool {
        !self.is_limited() || self.bytes().saturating_add(len) <= self.0.options.max_bytes
    }

    /// How many bytes all messages have together, but for those that were got for an acknowledgement and given back: exact while nobody is in the middle of a call. Looks at each place.
    pub fn bytes(&self) -> usize {
        usize::try_from(self.load().bytes).unwrap_or(usize::MAX)
    }
}
