//! The calling thread in the yards it uses: its tokens, and its alive words in the kernel's list.
//!
//! A thread registers in a yard at its first claiming or blocking call and stays registered, over closing and opening
//! the yard again, until it ends, or until it makes a slow call after the yard's last handle has gone.
#![allow(unsafe_code)] // the robust list and the token page

use crate::error::{Error, ErrorKind, Result};
use crate::os::map::{Pair, Wiped};
use crate::os::{process, robust, tls};
use crate::presence::attachment::{Attachment, Gone, Held, Who};
use crate::presence::entry::Slot;
use crate::segment::bits::{ALIVE_DIED, ALIVE_WAITERS, Place, State, Token};
use crate::shim::{AtomicU32, Ordering, wake};
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::ptr::null;
use std::sync::Arc;

/// How many yards one process can have open at a time: what fits a page of tokens.
pub(crate) const YARDS_MAX: usize = 1024;

thread_local! {
    /// What belongs to the tokens. Its destructor makes the thread's end a clean one; nothing depends on it.
    static REGISTRY: RefCell<Registry> = const { RefCell::new(Registry { page: None, list: Vec::new() }) };
}

/// The thread's page of tokens, one for each yard by its number; null before the first and after the last use.
#[inline(always)]
fn page() -> *const AtomicU32 {
    tls::get().cast()
}

/// The calling thread's token in the yard of this number, or 0: not registered, or in a fork child.
#[inline]
pub(crate) fn token(number: usize) -> u32 {
    let page = page();
    if page.is_null() || number >= YARDS_MAX {
        return 0;
    }
    // SAFETY: the page has YARDS_MAX words and lives until the pointer is null again; only this thread uses it.
    unsafe { (*page.add(number)).load(Ordering::Relaxed) }
}

struct Registry {
    page: Option<Wiped>,
    list: Vec<Registration>,
}

/// One thread in one yard.
struct Registration {
    attachment: Arc<Attachment>,
    /// The place as it is while the thread lives in it.
    live: Place,
    index: u32,
    /// Unmapped when the registration ends, unless the list may still lead there.
    pair: ManuallyDrop<Pair>,
    list: robust::List,
    offset: usize,
    derailed: Cell<bool>,
}

/// The calling thread's token in the yard; registers it if need be.
pub(crate) fn register(yard: &Held) -> Result<Token> {
    if let Some(token) = Token::of(token(yard.number())) {
        return Ok(token);
    }
    let process = yard.process_token()?; // first: a fork child must have an entry before a slot
    with_registry(|registry| {
        registry.tidy();
        registry.list.retain(|r| !Arc::ptr_eq(&r.attachment, yard.share())); // a fork child's inherited one
        let page = registry.page()?;
        let registration = Registration::new(yard.share(), process)?;
        let token = registration.token();
        registry.list.push(registration);
        set(page, yard.number(), token.0);
        Ok(token)
    })
}

/// Takes the calling thread out of the yard, if it is in.
pub(crate) fn detach(yard: &Attachment) {
    let _ = with_registry(|registry| {
        registry.list.retain(|r| !std::ptr::eq(Arc::as_ptr(&r.attachment), yard));
        Ok(())
    });
}

/// In a fork child: the parent's node must not stay in the child's list (glibc empties the list, musl does not).
pub(crate) fn after_fork() {
    let _ = REGISTRY.try_with(|registry| {
        let Ok(registry) = registry.try_borrow() else { return };
        for r in &registry.list {
            // SAFETY: the pair is mapped here as it was in the parent; the list is this thread's.
            unsafe { r.list.unlink(r.pair.word(r.offset)) };
        }
    });
}

fn with_registry<T>(f: impl FnOnce(&mut Registry) -> Result<T>) -> Result<T> {
    let ending = || Error::with(ErrorKind::Closed, "the thread is ending");
    REGISTRY
        .try_with(|registry| registry.try_borrow_mut().map_err(|_| ending()).and_then(|mut r| f(&mut r)))
        .unwrap_or_else(|_| Err(ending()))
}

fn set(page: *const AtomicU32, number: usize, token: u32) {
    debug_assert!(number < YARDS_MAX);
    // SAFETY: `number` is below YARDS_MAX (see `free_number`), the page lives as long as the registry.
    unsafe { (*page.add(number)).store(token, Ordering::Relaxed) };
}

impl Registry {
    fn page(&mut self) -> Result<*const AtomicU32> {
        let page = match &self.page {
            Some(page) => page,
            None => self.page.insert(Wiped::new()?),
        };
        let page: *const AtomicU32 = page.base().cast_const().cast();
        tls::set(page.cast());
        Ok(page)
    }

    /// Leaves the yards that nobody holds open any more.
    fn tidy(&mut self) {
        self.list.retain(|r| !r.attachment.is_closed());
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.list.clear();
        tls::set(null());
    }
}

impl Registration {
    fn new(yard: &Arc<Attachment>, process: Token) -> Result<Registration> {
        let list = robust::List::mine()?;
        let (index, joining) = claim(yard, process)?;
        let made = Pair::new(yard.region().bytes(yard.geometry().alive_page(index), 1)?.as_ptr());
        let pair = match made {
            Ok(pair) => pair,
            Err(e) => {
                yard.slots()[index as usize].place.change(joining, joining.vacated());
                return Err(e);
            }
        };
        let offset = list.word_offset(yard.geometry().page as usize);
        let live = joining.to(State::Live, process);
        let registration = Registration {
            attachment: yard.clone(),
            live,
            index,
            pair: ManuallyDrop::new(pair),
            list,
            offset,
            derailed: Cell::new(false),
        };
        registration.move_in(joining);
        yard.note_cpus();
        Ok(registration)
    }

    fn token(&self) -> Token {
        Token::new(self.index, self.live.generation)
    }

    fn slot(&self) -> &Slot {
        &self.attachment.slots()[self.index as usize]
    }

    fn word(&self) -> &AtomicU32 {
        // SAFETY: the word lies in the pair, aligned (page size minus 16 or 20), and lives as long as `self`.
        unsafe { &*self.pair.word(self.offset).cast::<AtomicU32>() }
    }

    /// The slot is ours (JOINING). From `announce` on the kernel marks the word if we die.
    fn move_in(&self, joining: Place) {
        let entry = self.attachment.entries().get(self.live.token.index() as usize);
        let namespace = entry.map_or(0, |entry| entry.namespace());
        self.slot().describe(process::pid(), process::tid(), namespace);
        self.slot().alive_offset.store(self.offset as u32, Ordering::Relaxed); // Relaxed: ordered by `alive`
        // SAFETY: the slot is ours, the pair is ours, the node is in no list.
        unsafe {
            self.list.prepare(self.pair.word(self.offset));
            self.list.announce(self.pair.word(self.offset));
            self.word().store(process::tid() | ALIVE_WAITERS, Ordering::Release); // edge: alive
            self.list.link(self.pair.word(self.offset));
        }
        self.list.settle();
        self.slot().place.change(joining, self.live);
    }

    /// Takes the node out of the list. If it is not to be found, somebody has derailed the list, and the memory must
    /// stay for ever, in case the list still leads there.
    fn unlink(&self) {
        // SAFETY: the pair is ours and still mapped; the list is this thread's.
        let found = unsafe { self.list.unlink(self.pair.word(self.offset)) };
        self.derailed.set(!found);
    }

    /// Moves out. What the thread still owns is treated as a dead owner's. Nothing of ours may be touched by the
    /// kernel once the slot is free: the word could be somebody else's.
    fn move_out(&self) {
        let leaving = self.live.to(State::Leaving, self.live.token);
        if !self.attachment.move_on(&self.slot().place, self.live, leaving, false) {
            // Only a peer that keeps no rules takes a slot from the living. The page may be somebody else's by now, so
            // nothing is written to it; but the node must leave the list before its memory goes.
            self.unlink();
            return;
        }
        // SAFETY: the pair is ours; the node is in the list of this thread.
        unsafe { self.list.announce(self.pair.word(self.offset)) };
        self.unlink();
        self.word().store(ALIVE_DIED, Ordering::Release); // edge: alive
        self.list.settle();
        wake(self.word(), u32::MAX);
        self.attachment.objects().recover(&self.attachment, Who::Thread(self.token()), Gone::Died);
        self.slot().place.change(leaving, leaving.vacated());
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // A fork child finds 0 here: the stay in the slot is the parent's.
        if token(self.attachment.number()) == self.token().0 {
            set(page(), self.attachment.number(), 0);
            self.move_out();
        }
        if !self.derailed.get() {
            // SAFETY: dropped once, here; no list leads to it any more.
            unsafe { ManuallyDrop::drop(&mut self.pair) };
        }
    }
}

/// A slot for this thread; clears up behind the dead if there is none.
fn claim(yard: &Attachment, process: Token) -> Result<(u32, Place)> {
    let free = || (0u32..).zip(yard.slots()).find_map(|(i, slot)| Some((i, slot.place.join(process)?)));
    free()
        .or_else(|| {
            yard.sweep();
            free()
        })
        .ok_or_else(|| {
            Error::with(ErrorKind::NoSlots, format!("all {} thread slots are taken", yard.geometry().slots))
        })
}
