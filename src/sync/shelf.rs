//! What the queues whose moves are made under a lock have in common: its words, and how one waits at them.
//!
//! A shelf has cells for so many messages. Whoever puts or gets takes the lock for that one move: a thread's, held in one
//! call only. What a move changes it changes by one store (see [`Moves`]), so that behind a dead owner whoever takes the lock
//! next finds it done or not begun. Nobody waits with the lock: who finds no message, or no room, gives it back and sleeps on
//! an event count.
//!
//! Shutting down is one swap, without the lock: no move comes between the look at the word and its own commit that
//! another one could see, because all of them hold the lock meanwhile. Who finds nothing left and the shelf shut, with
//! the lock, knows that nothing comes any more.
//!
//! ## Why no sleeper is left behind
//! A move is done, and the lock released, before its notifier looks for sleepers (see `sync::event_count`). Somebody may die
//! in between, or with the lock and the move done: a sleeper listens to him who has the lock and to the others, and
//! *then* looks once more, at the lock too, and takes it if nobody alive has it: whoever died before it listened has left
//! what it sees there. What remains (who registers after that and dies, sleepers that do not listen to each other) ends
//! with the slice.

use crate::error::ErrorKind;
use crate::presence::place::Standing;
use crate::segment::bits::Token;
use crate::shim::words::words;
use crate::shim::{AtomicU32, AtomicU64, Bytes, Ordering};
use crate::sync::bell::Bell;
use crate::sync::event_count::EventCount;
use crate::sync::lock::{Crowd, LockWord, Owners};
use crate::sync::many::Net;
use crate::sync::wait::Wait;

/// Messages go in and out.
pub(crate) const OPEN: u32 = 0;
/// Nothing goes in any more.
pub(crate) const DRAIN: u32 = 1;
/// Nothing goes in or out any more.
pub(crate) const NOW: u32 = 2;

/// The words of a shelf. All zeros: empty, and open.
#[repr(C)]
pub(crate) struct Words {
    /// Held by whoever moves a message.
    pub(crate) lock: LockWord,
    shut: AtomicU32,
    /// How many messages there are. In a stack, the commit of every move; in a heap, known by its index.
    pub(crate) count: AtomicU64,
    /// In a heap, the number of the next message.
    pub(crate) next: AtomicU64,
    pad_lock: [AtomicU32; 26],
    data: EventCount,
    pad_data: [AtomicU32; 31],
    room: EventCount,
    pad_room: [AtomicU32; 31],
}

words!("shelf", Words { lock, shut, count, next, pad_lock, data, pad_data, room, pad_room });

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: repr(C), atomics only, zeros are an empty shelf.
unsafe impl crate::segment::region::Shared for Words {}

#[cfg(not(loom))]
const _: () = {
    assert!(std::mem::offset_of!(Words, lock) == 0);
    assert!(std::mem::offset_of!(Words, shut) == 4);
    assert!(std::mem::offset_of!(Words, count) == 8);
    assert!(std::mem::offset_of!(Words, next) == 16);
    assert!(std::mem::offset_of!(Words, data) == 128);
    assert!(std::mem::offset_of!(Words, room) == 256);
    assert!(size_of::<Words>() == 384);
};

/// What a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    /// A message to get.
    Data,
    /// Room for one.
    Room,
}

impl For {
    /// What a call answers that did not get it.
    pub(crate) fn lack(self) -> ErrorKind {
        match self {
            For::Data => ErrorKind::Empty,
            For::Room => ErrorKind::Full,
        }
    }
}

/// Why a move was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum No {
    /// There is no message, or no room.
    Lack,
    /// It is shut, and never will be.
    Shut,
    /// Everything has been got, and nothing is put any more.
    Over,
    /// The message is so long, and the buffer shorter.
    TooLong(usize),
    /// The words contradict themselves.
    Corrupt,
}

/// A shelf and its cells.
pub(crate) struct Shelf<'a, C> {
    pub(crate) words: &'a Words,
    pub(crate) cells: &'a [C],
    /// Room for a message per cell, one after the other.
    bytes: &'a Bytes,
    /// The longest message.
    pub(crate) longest: usize,
}

/// Bytes that a cell has for its message.
pub(crate) const fn stride(longest: usize) -> usize {
    if longest == 0 { 8 } else { longest.next_multiple_of(8) }
}

impl<'a, C> Shelf<'a, C> {
    /// `bytes` has the stride of `longest` for each cell.
    #[inline]
    pub(crate) fn new(words: &'a Words, cells: &'a [C], bytes: &'a Bytes, longest: usize) -> Shelf<'a, C> {
        Shelf { words, cells, bytes, longest }
    }

    /// Writes a message to a cell.
    #[inline]
    pub(crate) fn write(&self, cell: usize, message: &[u8]) {
        self.bytes.copy_in(cell * stride(self.longest), message);
    }

    /// Copies the message of a cell, of a length that a peer may have written, to the start of `buffer`.
    #[inline]
    pub(crate) fn read(&self, cell: usize, len: u64, buffer: &mut [u8]) -> Result<usize, No> {
        let len = usize::try_from(len).ok().filter(|len| *len <= self.longest).ok_or(No::Corrupt)?;
        let to = buffer.get_mut(..len).ok_or(No::TooLong(len))?;
        self.bytes.copy_out(cell * stride(self.longest), to);
        Ok(len)
    }

    /// How many messages there are, for who has the lock.
    #[inline]
    pub(crate) fn count(&self) -> Result<usize, No> {
        let count = self.words.count.load(Ordering::Relaxed); // Relaxed: the lock orders it
        usize::try_from(count).ok().filter(|count| *count <= self.cells.len()).ok_or(No::Corrupt)
    }

    /// How many there are, if there is room for one more, and it may come in. The caller has the lock.
    #[inline]
    pub(crate) fn room(&self) -> Result<usize, No> {
        let count = self.count()?;
        match self.words.shut() {
            OPEN if count < self.cells.len() => Ok(count),
            OPEN => Err(No::Lack),
            _ => Err(No::Shut),
        }
    }

    /// How many there are, at least one, if they may go out. The caller has the lock.
    #[inline]
    pub(crate) fn data(&self) -> Result<usize, No> {
        let count = self.count()?;
        match (count, self.words.shut()) {
            (0, OPEN) => Err(No::Lack),
            (0, DRAIN) => Err(No::Over),
            (1.., OPEN | DRAIN) => Ok(count),
            _ => Err(No::Shut),
        }
    }
}

/// The moves of one kind of shelf. The caller has the lock.
pub(crate) trait Moves {
    /// What is known of a message beside its bytes, in shared memory.
    type Cell;
    /// What a message is put with, beside its bytes.
    type Label: Copy;
    /// Puts a message that is not longer than the longest: with one store, or not at all.
    fn put(shelf: &Shelf<'_, Self::Cell>, label: Self::Label, message: &[u8]) -> Result<(), No>;
    /// Gets the next message: with one store, after its bytes were copied, or not at all.
    fn get(shelf: &Shelf<'_, Self::Cell>, buffer: &mut [u8]) -> Result<(usize, Self::Label), No>;
    /// Makes whole what a dead one has left.
    fn repair(shelf: &Shelf<'_, Self::Cell>);
}

impl Words {
    #[cfg(all(test, loom))]
    pub(crate) fn new() -> Words {
        let pad = || std::array::from_fn(|_| AtomicU32::new(0));
        Words {
            lock: LockWord::new(),
            shut: AtomicU32::new(OPEN),
            count: AtomicU64::new(0),
            next: AtomicU64::new(0),
            pad_lock: std::array::from_fn(|_| AtomicU32::new(0)),
            data: EventCount::new(),
            pad_data: pad(),
            room: EventCount::new(),
            pad_room: pad(),
        }
    }

    /// OPEN, DRAIN or NOW.
    #[inline]
    pub(crate) fn shut(&self) -> u32 {
        self.shut.load(Ordering::Relaxed) // Relaxed: the lock orders those who must agree on it
    }

    /// Shuts it, and tells everybody who waits. Who has shut it NOW does not open it to DRAIN again.
    pub(crate) fn shut_down(&self, how: u32, bell: &(impl Bell + ?Sized)) {
        let mut shut = self.shut.load(Ordering::Relaxed);
        while shut < how {
            // Relaxed: it carries nothing.
            match self.shut.compare_exchange(shut, how, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => break,
                Err(now) => shut = now,
            }
        }
        self.data.notify(bell);
        self.room.notify(bell);
    }

    /// Tells who waits for the one that a move has made the other: call it after the release of the lock.
    #[inline]
    pub(crate) fn moved(&self, made: For, bell: &(impl Bell + ?Sized)) {
        self.event(made).notify_after_rmw(bell);
    }

    fn event(&self, what: For) -> &EventCount {
        match what {
            For::Data => &self.data,
            For::Room => &self.room,
        }
    }

    /// How many messages there are at this instant; a move that is just being made counts or not.
    #[inline]
    pub(crate) fn len(&self) -> u64 {
        if self.shut() == NOW { 0 } else { self.count.load(Ordering::Relaxed) } // Relaxed: a fact at some instant
    }

    /// Whether, at this instant, there is none of it, and it is open. `capacity` cells.
    pub(crate) fn lacks(&self, what: For, capacity: usize) -> bool {
        let count = self.count.load(Ordering::Relaxed); // Relaxed: a fact at some instant
        let lack = match what {
            For::Data => count == 0,
            For::Room => count == capacity as u64,
        };
        lack && self.shut() == OPEN
    }

    /// Whether somebody died in the middle of a move: he may have made it, and told nobody, nor the index.
    fn is_left<'a>(&self, standing: impl Fn(Token) -> Standing<'a>) -> bool {
        let dead = |holder| matches!(standing(holder), Standing::Dead);
        self.lock.holder().is_some_and(dead) || self.lock.is_suspect()
    }

    /// Whether another attempt makes sense, as far as can be seen without the lock.
    pub(crate) fn is_ready<'a>(
        &self,
        what: For,
        capacity: usize,
        standing: impl Fn(Token) -> Standing<'a>,
    ) -> bool {
        !self.lacks(what, capacity) || self.is_left(standing)
    }

    /// The same for who waits for other things too and listens to the others already. If not, a sleeper is announced.
    pub(crate) fn arm<'a>(
        &'a self,
        what: For,
        capacity: usize,
        standing: impl Fn(Token) -> Standing<'a>,
        net: &mut Net<'a>,
    ) -> bool {
        let watch = self.event(what).prepare();
        match self.lock.holder().map(&standing) {
            Some(Standing::Here(Some(alive))) => net.alive(alive),
            Some(Standing::Doubtful { .. }) => net.doubt(),
            Some(Standing::Dead | Standing::Here(None)) | None => {}
        }
        let ready = self.is_ready(what, capacity, standing);
        if !ready {
            net.word(watch);
        }
        ready
    }

    /// The number by which the wait for something is known.
    pub(crate) fn id(&self, what: For) -> usize {
        std::ptr::from_ref(self.event(what)).addr()
    }

    /// Sleeps until there may be what was found lacking, at most to the end of a slice. Then try again, whatever it says.
    pub(crate) fn sleep(
        &self,
        what: For,
        capacity: usize,
        owners: &impl Owners,
        wait: &Wait,
    ) -> Result<(), ErrorKind> {
        let mut crowd = Crowd::new(self.event(what).prepare());
        let doubt = match self.lock.holder().map(|holder| owners.standing(holder)) {
            Some(Standing::Here(Some(watch))) => {
                crowd.add(watch);
                false
            }
            Some(Standing::Doubtful { .. }) => true,
            Some(Standing::Dead | Standing::Here(None)) | None => false,
        };
        owners.others(&mut crowd);
        // After that: who was dead when we looked whom to listen to has left what he did to be seen here.
        if !self.lacks(what, capacity) || self.is_left(|holder| owners.standing(holder)) {
            return Ok(());
        }
        owners.slept(wait, wait.sleep(crowd.watches(), doubt))
    }
}
