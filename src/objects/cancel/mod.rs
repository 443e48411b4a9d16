//! A way to end waits from outside.
#![allow(unsafe_code)] // the thread's list of ends is given words that the token keeps where they are

#[cfg(test)]
mod tests;

use crate::error::{Error, ErrorKind, Result};
use crate::objects::event::Event;
use crate::sync::ends;
use crate::sync::event::EventWord;
use std::marker::PhantomData;
use std::sync::Arc;

/// Ends waits from outside. Clones mean the same token.
///
/// A thread that is in a [`CancelToken::scope`] of the token watches it in every call that waits, on whatever object in
/// whatever yard: when the token is cancelled, such a call ends with `Cancelled`, within microseconds, and a later one does
/// not begin to wait. What needs no waiting succeeds even so. A cancelled wait changes nothing: what it was about to get is
/// somebody else's.
///
/// A token of [`CancelToken::new`] is shared by clones among the threads of a process. One of [`CancelToken::from_event`] is
/// an [`Event`]: any process that sets it cancels.
///
/// Some waits go on: taking the lock again after a [`Condition`](crate::Condition)'s wait, and the making of objects.
///
/// # Threads, fork, signals
/// Any number of threads. [`CancelToken::cancel`] and [`CancelToken::is_cancelled`] are async-signal-safe. A fork child is in
/// the scopes that the forking thread was in; a token of [`CancelToken::new`] is then a copy of its own there, one of an event
/// means the same event.
#[derive(Clone)]
pub struct CancelToken(Source);

#[derive(Clone)]
enum Source {
    Private(Arc<EventWord>),
    Event(Event),
}

impl CancelToken {
    /// A token of this process.
    pub fn new() -> CancelToken {
        CancelToken(Source::Private(Arc::new(EventWord::new())))
    }

    /// A token that is cancelled by setting this event, in whatever process. Clearing the event makes the token new; who
    /// was in a scope of it when it was set stays cancelled there.
    ///
    /// Errors: `Invalid` if the event is reset by who waits for it: then it would be one scope's alone.
    pub fn from_event(event: &Event) -> Result<CancelToken> {
        if event.options().auto_reset {
            return Err(Error::with(ErrorKind::Invalid, "an auto-reset event cannot cancel"));
        }
        Ok(CancelToken(Source::Event(event.clone())))
    }

    fn word(&self) -> &EventWord {
        match &self.0 {
            Source::Private(word) => word,
            Source::Event(event) => event.word(),
        }
    }

    /// Ends the waits of all who are in a scope of this token, and of all who come into one. Whether it was not cancelled
    /// before. Async-signal-safe.
    pub fn cancel(&self) -> bool {
        match &self.0 {
            Source::Private(word) => word.set(u32::MAX, &()),
            Source::Event(event) => event.set(),
        }
    }

    /// Whether it is cancelled. Async-signal-safe.
    pub fn is_cancelled(&self) -> bool {
        self.word().is_set()
    }

    /// As long as the guard lives, the token ends the waits of the calling thread. Scopes nest, also of one token, and all
    /// of them count. Errors: `Range` if the thread is in four scopes already.
    pub fn scope(&self) -> Result<CancelScope> {
        Ok(CancelScope { scope: self.enter()?, not_send: PhantomData })
    }

    /// As [`CancelToken::scope`], without a guard.
    pub(crate) fn enter(&self) -> Result<ends::Scope> {
        // SAFETY: the word lies in an Arc, or in a yard, that the clone keeps.
        unsafe { ends::enter(self.word(), self.clone()) }.map_err(|kind| {
            Error::with(kind, format!("the thread is in {} scopes of cancel tokens", ends::SCOPES_MAX))
        })
    }

    /// Leaves the calling thread's newest scope of this token. Errors: `State` if it is in none.
    pub(crate) fn leave(&self) -> Result<()> {
        if ends::leave_newest(self.word()) {
            return Ok(());
        }
        Err(Error::with(ErrorKind::State, "the thread is in no scope of this token"))
    }
}

impl Default for CancelToken {
    fn default() -> CancelToken {
        CancelToken::new()
    }
}

impl std::fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CancelToken").field("is_cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}

/// While it lives, a [`CancelToken`] ends the waits of the thread that made it.
#[must_use = "dropping the guard leaves the scope"]
#[derive(Debug)]
pub struct CancelScope {
    scope: ends::Scope,
    not_send: PhantomData<*const ()>,
}

impl Drop for CancelScope {
    fn drop(&mut self) {
        ends::leave(self.scope);
    }
}
