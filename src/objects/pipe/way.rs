//! One direction of a pipe, as the calls use it: one move at a time, under the lock of its side.
//!
//! Nothing is kept from call to call: each reads the positions anew, moves, and makes its one commit before the lock is
//! released. A sender killed before that has sent nothing; a receiver killed before that has received nothing, and the
//! message is the next one's. Nobody waits while he holds a lock.
#![allow(unsafe_code)] // a pointer into the mapping

use crate::lockfree::spsc::record::{Consumer, Producer, Record};
use crate::lockfree::spsc::{NoRecord, NoRoom, Place, Words};
use crate::objects::pipe::layout::Way;
use crate::shim::{Bytes, Ordering};
use std::ptr::NonNull;

/// Where a direction lies in the mapping.
#[derive(Clone)]
pub(super) struct Spot {
    way: NonNull<Way>,
    bytes: Bytes,
}

// SAFETY: an address of atomics and raw bytes, which any thread may use as long as they are mapped (see `new`).
unsafe impl Send for Spot {}
// SAFETY: as above.
unsafe impl Sync for Spot {}

impl Spot {
    /// # Safety
    /// Both stay mapped as long as the spot or a copy of it is used; `bytes` are the direction's messages.
    pub(super) unsafe fn new(way: &Way, bytes: Bytes) -> Spot {
        Spot { way: NonNull::from(way), bytes }
    }

    #[inline]
    pub(super) fn way(&self) -> &Way {
        // SAFETY: mapped (see `new`), and made of atomics.
        unsafe { self.way.as_ref() }
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
