//! What a condition is used with: a lock that can be released and taken again as it was.
#![forbid(unsafe_code)]

use crate::error::{ErrorKind, News, Result};
use crate::objects::lock::{Guard, Lock};
use crate::objects::rlock::{RGuard, RLock};
use crate::presence::attachment::Attachment;
use crate::segment::bits::Token;

/// A lock, whichever kind.
#[derive(Clone, Copy)]
pub enum Which<'a> {
    /// A lock of any scope.
    Lock(&'a Lock),
    /// A re-entrant lock.
    RLock(&'a RLock),
}

impl Which<'_> {
    pub(crate) fn yard(self) -> *const Attachment {
        match self {
            Which::Lock(lock) => lock.yard(),
            Which::RLock(lock) => lock.yard(),
        }
    }

    /// Whether the caller holds it.
    pub(crate) fn is_mine(self) -> bool {
        match self {
            Which::Lock(lock) => lock.is_mine(),
            Which::RLock(lock) => lock.count() > 0,
        }
    }

    /// Releases it altogether; tells how often the caller had taken it.
    pub(crate) fn let_go(self) -> std::result::Result<u32, ErrorKind> {
        match self {
            Which::Lock(lock) => lock.let_go().map(|()| 1),
            Which::RLock(lock) => lock.leave_all(),
        }
    }

    /// Takes it as it was taken before, however long that takes. It fails only if a peer that keeps no rules has written
    /// the caller's token into the lock.
    pub(crate) fn retake(self, me: Token, depth: u32) -> Result<Option<News>> {
        match self {
            Which::Lock(lock) => lock.retake(),
            Which::RLock(lock) => lock.return_to(me, depth),
        }
    }
}

/// Which lock it is, and whom to tell the news.
pub trait Parts {
    /// The lock.
    fn which(&self) -> Which<'_>;
    /// The lock was taken again, with or without news.
    fn tell(&self, _news: Option<News>) {}
}

/// What a [`Condition`](crate::Condition) is used with: a [`Lock`] of any scope, an [`RLock`], or a guard of one, which
/// then knows what [`Guard::owner_died`] tells after the wait.
pub trait Relock: Parts {}

impl<T: Parts> Relock for T {}

impl Parts for Lock {
    fn which(&self) -> Which<'_> {
        Which::Lock(self)
    }
}

impl Parts for RLock {
    fn which(&self) -> Which<'_> {
        Which::RLock(self)
    }
}

impl Parts for Guard<'_> {
    fn which(&self) -> Which<'_> {
        Which::Lock(self.lock())
    }

    fn tell(&self, news: Option<News>) {
        Guard::tell(self, news);
    }
}

impl Parts for RGuard<'_> {
    fn which(&self) -> Which<'_> {
        Which::RLock(self.rlock())
    }

    fn tell(&self, news: Option<News>) {
        RGuard::tell(self, news);
    }
}
