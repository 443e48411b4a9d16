//! One direction of a pipe, as the calls use it: one move at a time, under the lock of its side.
//!
//! Nothing is kept from call to call: each reads the positions anew, moves, and makes its one commit before the lock is
//! released. A sender killed before that has sent nothing; a receiver killed before that has received nothing, and the
//! message is the next one's. Nobody waits while he holds a lock.
#![allow(unsafe_code)] // a pointer into the mapping

use crate::lockfree::spsc::record::{Consumer, Producer, Record};
use crate::lockfree::spsc::{NoRecord, NoRoom, Place, Words};
use crate::objects::pipe::layout::Way;
use crate::shim::{AtomicU64, Bytes, Ordering};
use std::ptr::NonNull;

/// Where a direction lies in the mapping.
#[derive(Clone)]
pub(super) struct Spot {
    way: NonNull<Way>,
    /// Who left the end last that receives: see [`Holders`](crate::sync::holders::Holders).
    last: NonNull<AtomicU64>,
    bytes: Bytes,
}

// SAFETY: an address of atomics and raw bytes, which any thread may use as long as they are mapped (see `new`).
unsafe impl Send for Spot {}
// SAFETY: as above.
unsafe impl Sync for Spot {}

impl Spot {
    /// # Safety
    /// All stay mapped as long as the spot or a copy of it is used; `last` is the word of the end that receives, `bytes` are
    /// the direction's messages.
    pub(super) unsafe fn new(way: &Way, last: &AtomicU64, bytes: Bytes) -> Spot {
        Spot { way: NonNull::from(way), last: NonNull::from(last), bytes }
    }

    #[inline]
    pub(super) fn way(&self) -> &Way {
        // SAFETY: mapped (see `new`), and made of atomics.
        unsafe { self.way.as_ref() }
    }

    /// A number that is another one after somebody has left the end that receives.
    #[inline]
    pub(super) fn receivers_left(&self) -> u64 {
        // SAFETY: mapped (see `new`), and an atomic.
        unsafe { self.last.as_ref() }.load(Ordering::Relaxed) // Relaxed: compared only
    }

    /// Up to where the receivers know that something is there, and whether they know of anything: guesses.
    #[inline]
    pub(super) fn known_messages(&self) -> (u64, bool) {
        let seen = self.way().seen.load(Ordering::Relaxed); // Relaxed: compared only
        (seen, seen != self.way().words.released())
    }

    /// Up to where the senders know that there is room, and whether they know of so many bytes: guesses.
    #[inline]
    pub(super) fn known_room(&self, bytes: u64) -> (u64, bool) {
        let limit = self.way().limit.load(Ordering::Relaxed); // Relaxed: compared only
        (limit, limit.wrapping_sub(self.way().words.published()) >= bytes)
    }
}

impl Place for Spot {
    #[inline]
    fn words(&self) -> &Words {
        &self.way().words
    }

    #[inline]
    fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

/// What became of an attempt to send.
pub(super) enum Sent {
    Done,
    /// With what tells, without the lock, when there may be room.
    Full(Producer<Spot>),
    TooLong,
    Corrupt,
}

/// Sends one message. The caller holds `sending`.
#[inline]
pub(super) fn send(spot: &Spot, message: &[u8]) -> Sent {
    let known = spot.way().limit.load(Ordering::Relaxed); // Relaxed: under the lock
    let Ok(mut producer) = Producer::borrow(spot.clone(), known) else { return Sent::Corrupt };
    let sent = producer.send(message);
    if producer.limit() != known {
        spot.way().limit.store(producer.limit(), Ordering::Relaxed); // Relaxed: under the lock
    }
    match sent {
        Ok(()) => Sent::Done,
        Err(NoRoom::Full) => Sent::Full(producer),
        Err(NoRoom::Unfit) => Sent::TooLong,
        Err(NoRoom::Corrupt) => Sent::Corrupt,
    }
}

/// What became of an attempt to receive.
pub(super) enum Got {
    /// A message of this length.
    Message(usize),
    /// Nothing is there. With what tells, without the lock, when there is more.
    Empty(Consumer<Spot>),
    /// The next message is so long, and the buffer shorter.
    TooLong(usize),
    Corrupt,
}

/// Receives one message. The caller holds `receiving`.
#[inline]
pub(super) fn recv(spot: &Spot, buffer: &mut [u8]) -> Got {
    take(spot, |consumer| consumer.recv(buffer))
}

/// Tells the length of the next message, which stays. The caller holds `receiving`.
pub(super) fn next_len(spot: &Spot) -> Got {
    take(spot, Consumer::peek)
}

#[inline]
fn take(spot: &Spot, take: impl FnOnce(&mut Consumer<Spot>) -> Result<Record, NoRecord>) -> Got {
    let seen = spot.way().seen.load(Ordering::Relaxed); // Relaxed: under the lock
    let Ok(mut consumer) = Consumer::borrow(spot.clone(), seen) else { return Got::Corrupt };
    let taken = take(&mut consumer);
    if consumer.seen() != seen {
        spot.way().seen.store(consumer.seen(), Ordering::Relaxed); // Relaxed: under the lock
    }
    match taken {
        Ok(record) => Got::Message(record.len()),
        Err(NoRecord::Empty) => {
            consumer.publish_head(); // for senders that only poll
            Got::Empty(consumer)
        }
        Err(NoRecord::Unfit(len)) => Got::TooLong(len),
        Err(NoRecord::Corrupt) => Got::Corrupt,
    }
}

/// How many bytes a message takes in its direction, with its header.
pub(super) fn bytes_of(len: usize) -> u64 {
    8 + (len as u64).next_multiple_of(8)
}

/// Whether a message of `len` bytes may fit by now; exact in its no. Not a sender's who has the lock.
pub(super) fn may_fit(producer: &mut Producer<Spot>, len: usize) -> bool {
    // If it makes no sense, others have gone on meanwhile, or the next attempt finds what is wrong.
    producer.has_room(len).unwrap_or(true)
}
