//! What ends the waits of a thread from outside: the cancel tokens in whose scope it is, the handles it waits through.
//!
//! Each thread has a short list of them, in memory of its own that only a wait looks at: who need not wait never reads
//! it. A wait looks whether one of them is over before it sleeps and after it wakes, and sleeps on their words too.
//!
//! ## Why no end is missed
//! Who sleeps announces himself in the word of each end, and sleeps on exactly the word that said the wait is not over.
//! Who ends waits changes that word and wakes all who sleep on it. A word is announced anew before each sleep.
#![allow(unsafe_code)] // a handle's end is lent to the list for the time of one call

use crate::error::ErrorKind;
use crate::shim::{Watch, thread_local};
use crate::sync::event::{Begun, EventWord};
use std::cell::Cell;
use std::ptr::NonNull;

/// How many scopes of cancel tokens a thread can be in at a time.
pub(crate) const SCOPES_MAX: usize = 4;

/// Something that can end the waits of a thread.
pub(crate) trait End {
    /// Whether they are over.
    fn is_over(&self) -> bool;
    /// Announces a sleeper: what to sleep on, or `None` if the waits are over.
    fn arm(&self) -> Option<Watch<'_>>;
    /// What such a wait answers.
    fn kind(&self) -> ErrorKind;
}

/// A scope of a cancel token: all waits in it are over once the token is set, also if it is cleared again.
struct Scoped {
    word: NonNull<EventWord>,
    begun: Begun,
    /// Keeps the word where it is.
    _keep: Box<dyn std::any::Any>,
}

impl Scoped {
    fn word(&self) -> &EventWord {
        // SAFETY: kept where it is by `_keep`, as the caller of `enter` promised; it is an atomic.
        unsafe { self.word.as_ref() }
    }
}

impl End for Scoped {
    fn is_over(&self) -> bool {
        self.word().is_over(self.begun)
    }

    fn arm(&self) -> Option<Watch<'_>> {
        self.word().arm(self.begun)
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Cancelled
    }
}

/// An end that somebody else keeps.
#[derive(Clone, Copy)]
struct Lent(NonNull<dyn End + 'static>);

/// The ends of one thread's waits.
#[derive(Clone, Copy)]
struct List {
    /// Oldest first, without gaps.
    scopes: [Option<NonNull<Scoped>>; SCOPES_MAX],
    /// The call from another language that it is in.
    call: Option<Lent>,
}

impl List {
    const EMPTY: List = List { scopes: [None; SCOPES_MAX], call: None };

    fn ends(&self) -> impl Iterator<Item = &dyn End> {
        // SAFETY: a scope is freed when it leaves the list, and the lender of a call's end takes it out before it goes.
        // Both are done by this thread, and not while somebody in here looks at the list.
        let scopes = self.scopes.iter().flatten().map(|scope| unsafe { scope.as_ref() } as &dyn End);
        // SAFETY: as above.
        scopes.chain(self.call.iter().map(|call| unsafe { call.0.as_ref() } as &dyn End))
    }
}

#[allow(clippy::missing_const_for_thread_local)] // loom's has no const
mod list {
    use super::{Cell, List, thread_local};

    thread_local! {
        // Without a destructor: it can be read at any time in a thread's life.
        pub(super) static LIST: Cell<List> = Cell::new(List::EMPTY);
    }
}
use list::LIST;

/// Which scope of the calling thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scope(NonNull<()>);

/// The waits of the calling thread are over as soon as this event is set. `Range` if it is in four scopes already.
///
/// # Safety
/// As long as `keep` exists, the word stays where it is.
pub(crate) unsafe fn enter(word: &EventWord, keep: impl std::any::Any) -> Result<Scope, ErrorKind> {
    let mut list = LIST.with(Cell::get);
    let place = list.scopes.iter_mut().find(|scope| scope.is_none()).ok_or(ErrorKind::Range)?;
    let scope = Scoped { word: NonNull::from(word), begun: word.begin(), _keep: Box::new(keep) };
    let scope = NonNull::from(Box::leak(Box::new(scope)));
    *place = Some(scope);
    LIST.with(|l| l.set(list));
    Ok(Scope(scope.cast()))
}

/// Leaves a scope, in whatever order.
pub(crate) fn leave(scope: Scope) -> bool {
    remove(|entered| entered.cast() == scope.0)
}

/// Leaves the newest scope of this event; false if the thread is in none.
pub(crate) fn leave_newest(word: &EventWord) -> bool {
    // SAFETY: a scope in the list lives.
    remove(|entered| unsafe { entered.as_ref() }.word == NonNull::from(word))
}

fn remove(is_it: impl Fn(NonNull<Scoped>) -> bool) -> bool {
    let mut list = LIST.with(Cell::get);
    let Some(at) = list.scopes.iter().rposition(|scope| scope.is_some_and(&is_it)) else { return false };
    let gone = list.scopes[at].take();
    list.scopes[at..].rotate_left(1);
    LIST.with(|l| l.set(list));
    if let Some(scope) = gone {
        // SAFETY: made by `enter`, and in the list once; now it is in the list no more.
        drop(unsafe { Box::from_raw(scope.as_ptr()) });
    }
    true
}

/// Does something whose waits `end` ends too, in the place of the end of a call that this one is made in.
pub(crate) fn during<R>(end: &(dyn End + 'static), f: impl FnOnce() -> R) -> R {
    /// Puts back what was there, also after a panic.
    struct Before(Option<Lent>);
    impl Drop for Before {
        fn drop(&mut self) {
            set_call(self.0);
        }
    }
    let before = LIST.with(Cell::get).call;
    let _before = Before(before);
    set_call(Some(Lent(NonNull::from(end))));
    f()
}

/// Does something whose waits nothing ends that ends the caller's.
#[cfg(not(loom))]
pub(crate) fn apart<R>(f: impl FnOnce() -> R) -> R {
    /// Puts back what was there, also after a panic.
    struct Before(List);
    impl Drop for Before {
        fn drop(&mut self) {
            LIST.with(|l| l.set(self.0));
        }
    }
    let _before = Before(LIST.with(|l| l.replace(List::EMPTY)));
    f()
}

fn set_call(call: Option<Lent>) {
    let mut list = LIST.with(Cell::get);
    list.call = call;
    LIST.with(|l| l.set(list));
}

/// The ends as they are now. Not to be kept: whoever it shows may leave.
pub(crate) struct Ends(List);

impl Ends {
    /// Of a wait that nothing ends.
    pub(crate) const NONE: Ends = Ends(List::EMPTY);

    /// Of the calling thread's waits.
    pub(crate) fn mine() -> Ends {
        Ends(LIST.with(Cell::get))
    }

    /// Whether nothing can end the waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.ends().next().is_none()
    }

    /// What has ended the waits, if something has.
    pub(crate) fn check(&self) -> Result<(), ErrorKind> {
        let over = self.0.ends().find(|end| end.is_over()).map(End::kind);
        over.map_or(Ok(()), Err)
    }

    /// Announces a sleeper to each of them; what to sleep on goes to `add`. What has ended the waits, if something has.
    pub(crate) fn arm<'a>(&'a self, mut add: impl FnMut(Watch<'a>)) -> Result<(), ErrorKind> {
        self.0.ends().try_for_each(|end| {
            add(end.arm().ok_or(end.kind())?);
            Ok(())
        })
    }
}
