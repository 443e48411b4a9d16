//! Fork of a process that holds what a child holds on with it: ends of pipes.
//!
//! A child must hold such an end from its birth on, or its parent, which closes its own handle at once, would show the
//! other side an end that nobody holds. So the parent makes the child's entry before it forks, and stamps the child's
//! token wherever its own stands:
//!
//! | when | what happens | killed after it |
//! |---|---|---|
//! | prepare, in the parent | a new description locks a free entry's byte; the entry becomes JOINING; the ends are stamped | the description goes with the parent, and the entry stands for somebody who was never born |
//! | fork | the child inherits the description, and its locks with it | |
//! | after it, in the child | a page that pins the locks is mapped, the descriptor closed, the entry becomes LIVE, the token is stored | the child has died |
//! | after it, in the parent | its descriptor is closed: only the child keeps the byte locked. If nobody does, nobody was born (fork failed), and the entry is given back | |
//!
//! JOINING without a locked byte is a proof that nobody ever acted under the token: what is cleared up then is no
//! death, and no end of anything either. The parent's own bytes are locked through another description, which no child inherits.
//! Where there is no free entry or no descriptor, the child takes its place with its first call, as every other fork
//! child does, and stamps its ends then.

use crate::error::{Error, ErrorKind, Result};
use crate::os::file::{self, Hold};
use crate::os::map::Pin;
use crate::os::{clock, process};
use crate::presence::attachment::{Attachment, Gone, IN_USE, Stay, Who, with_list};
use crate::presence::entry::Entry;
use crate::presence::handover;
use crate::segment::bits::{Place, State, Token};
use crate::shim::{AtomicUsize, Ordering};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd};

/// How many ends this process holds, in all its yards: a fork without any is as cheap as ever.
static ENDS: AtomicUsize = AtomicUsize::new(0);

/// An end that this process holds, and by how many handles.
pub(super) struct End {
    at: u64,
    handles: usize,
}

/// A child that is being made.
pub(crate) struct Unborn {
    /// Whose locks the child will have.
    description: OwnedFd,
    index: u32,
    place: Place,
}

impl Unborn {
    fn token(&self) -> Token {
        Token::new(self.index, self.place.generation)
    }

    /// What a process that is made anew is told of itself.
    pub(super) fn parts(&self) -> (&OwnedFd, u32, u64) {
        (&self.description, self.index, self.place.pack())
    }

    /// See [`Unborn::parts`]. `None` if there is no such place.
    pub(super) fn from_parts(description: OwnedFd, index: u32, place: u64) -> Option<Unborn> {
        Place::unpack(place).map(|place| Unborn { description, index, place })
    }
}

impl Attachment {
    /// One more handle of this process holds the end at `at`; a fork child's copy of it holds it for the child.
    pub(crate) fn hold(&self, at: u64) -> Result<()> {
        with_list(|| {
            let me = self.join_locked()?;
            let mut ends = self.ends.lock();
            match ends.iter_mut().find(|end| end.at == at) {
                Some(end) => end.handles += 1,
                None => {
                    ends.push(End { at, handles: 1 });
                    ENDS.fetch_add(1, Ordering::Relaxed); // Relaxed: changed and read with the list locked
                    self.objects().hold(self, at, me);
                }
            }
            Ok(())
        })
    }

    /// One handle less; the last one lets go of the end. Tells whether there was any.
    pub(crate) fn let_go(&self, at: u64) -> bool {
        with_list(|| {
            let mut ends = self.ends.lock();
            let Some(i) = ends.iter().position(|end| end.at == at) else { return false };
            ends[i].handles -= 1;
            if ends[i].handles > 0 {
                return true;
            }
            ends.swap_remove(i);
            ENDS.fetch_sub(1, Ordering::Relaxed); // Relaxed: as above
            // A fork child that was not announced and has made no call holds nothing.
            if let Some(me) = Token::of(self.token_if_joined()) {
                self.objects().let_go(self, at, me);
            }
            true
        })
    }

    /// A fork child that had to join by itself holds what it has handles for.
    pub(super) fn hold_on(&self, me: Token) {
        self.stamp(me);
    }

    fn stamp(&self, token: Token) {
        for end in self.ends.lock().iter() {
            self.objects().hold(self, end.at, token);
        }
    }

    /// Before fork: makes the child's entry.
    fn announce(&self) {
        if self.ends.lock().is_empty() {
            return;
        }
        // Whoever forks may be a child itself that has made no call yet.
        let unborn = self.join_locked().and_then(|me| self.expect(me));
        let Ok(unborn) = unborn else { return }; // then the child joins by itself
        self.stamp(unborn.token());
        *self.unborn.lock() = Some(unborn);
    }

    /// Makes the entry of a process that will be made anew. The list is locked.
    pub(super) fn expect_another(&self) -> Result<Unborn> {
        self.join_locked().and_then(|me| self.expect(me))
    }

    /// It is to hold this end. The list is locked.
    pub(super) fn stamp_one(&self, at: u64, child: &Unborn) {
        self.objects().hold(self, at, child.token());
    }

    fn expect(&self, me: Token) -> Result<Unborn> {
        let description = self.new_description()?;
        if !file::try_lock(description.as_fd(), IN_USE, Hold::Shared)? {
            return Err(Error::new(ErrorKind::Busy));
        }
        let announced = (State::Joining, me);
        let taken = self.take_entry(&description, true, announced);
        let taken = taken.or_else(|| self.take_entry(&description, false, announced));
        let none = || Error::with(ErrorKind::NoSlots, "no process entry is left for the child");
        let (index, place) = taken.ok_or_else(none)?;
        self.entries()[index as usize].describe(0, 0, "", 0);
        Ok(Unborn { description, index, place })
    }

    /// After fork, in the child: moves in.
    fn be_born(&self) {
        let unborn = self.unborn.lock().take();
        if let Some(stay) = unborn.and_then(|unborn| self.come_to_life(unborn)) {
            self.move_to(stay);
        }
    }

    /// What was kept for this process until it opened the yard, unless somebody has closed all descriptors that he does not
    /// know (closefrom): then nothing keeps the byte locked, and the number means nothing, or another's description.
    pub(super) fn unless_lost(&self, unborn: Unborn) -> Option<Unborn> {
        let (kept, byte) = (&unborn.description, Entry::byte(unborn.index));
        let is_kept = kept.as_raw_fd() != self.fd().as_raw_fd()
            && self.is_ours(kept)
            && file::is_locked(self.fd().as_fd(), byte).unwrap_or(false);
        if is_kept {
            return Some(unborn);
        }
        let _ = unborn.description.into_raw_fd(); // not ours to close
        None
    }

    /// `None`: there is no memory, and it joins by itself later.
    pub(super) fn come_to_life(&self, unborn: Unborn) -> Option<Stay> {
        let pin = ManuallyDrop::new(Pin::new(unborn.description.as_fd()).ok()?);
        let (token, entry) = (unborn.token(), self.entries().get(unborn.index as usize));
        let pid = process::pid();
        let born = entry.is_some_and(|entry| {
            entry.describe(pid, process::start_time(pid), &process::name(), clock::wall_ns());
            entry.number_in(process::namespace());
            entry.place.change(unborn.place, unborn.place.to(State::Live, Token::NONE))
        });
        drop(unborn.description);
        if born {
            return Some(Stay { pin, token });
        }
        drop(ManuallyDrop::into_inner(pin)); // a peer that keeps no rules has taken it away
        None
    }

    /// After fork, in the parent.
    fn let_live(&self) {
        let unborn = self.unborn.lock().take();
        unborn.into_iter().for_each(|unborn| self.settle(unborn));
    }

    /// Once a child was to be made: the entry is the child's, or nobody's.
    pub(super) fn settle(&self, unborn: Unborn) {
        let (token, place, index) = (unborn.token(), unborn.place, unborn.index);
        drop(unborn); // from now on only the child keeps the byte locked
        let entry = &self.entries()[index as usize];
        let Some(me) = Token::of(self.token_if_joined()) else { return };
        // Without the descriptor (closefrom) by the file's name; who cannot be asked about is not called dead.
        let found = if self.is_fd_ours() { None } else { Some(self.new_description()) };
        let lives = match &found {
            Some(Ok(fd)) => file::is_locked(fd.as_fd(), Entry::byte(index)),
            Some(Err(_)) => return,
            None => file::is_locked(self.fd().as_fd(), Entry::byte(index)),
        };
        if lives.unwrap_or(true) {
            return;
        }
        let reaping = place.reaped_by(me);
        if entry.place.change(place, reaping) {
            self.objects().recover(self, Who::Process(token), Gone::Unborn);
            entry.place.change(reaping, reaping.vacated());
        }
    }
}

/// Whether there is nothing to do over a fork.
fn is_idle() -> bool {
    ENDS.load(Ordering::Relaxed) == 0 // Relaxed: changed and read with the list locked
}

/// What to do over a fork with each attachment; the list is locked.
pub(super) fn prepare(each: impl Fn(&dyn Fn(&Attachment))) {
    if !is_idle() {
        each(&Attachment::announce);
    }
}

/// See [`prepare`].
pub(super) fn in_parent(each: impl Fn(&dyn Fn(&Attachment))) {
    if !is_idle() {
        each(&Attachment::let_live);
    }
}

/// See [`prepare`].
pub(super) fn in_child(each: impl Fn(&dyn Fn(&Attachment))) {
    handover::forget();
    if !is_idle() {
        each(&Attachment::be_born);
    }
}
