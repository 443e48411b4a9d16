//! Positions: what both framings share.
//!
//! A position counts bytes (records) or elements (fixed size). Positions are compared by their distance only, so that
//! they may wrap; every distance is checked against the capacity before it is believed.

use super::Corrupt;
use crate::lockfree::line::Line;
#[cfg(test)]
use crate::shim::AtomicU64;
use crate::shim::{Ordering, words};

/// The shared words of a ring. All zeros is a fresh one.
#[repr(C)]
pub(crate) struct Words {
    tail: Line,
    head: Line,
    acked: Line,
}

words!("positions of a ring", Words { tail, head, acked });

#[cfg(not(loom))]
mod layout {
    use super::Words;
    use core::mem::offset_of;
    static_assertions::const_assert_eq!(size_of::<Words>(), 384);
    static_assertions::const_assert_eq!(align_of::<Words>(), 128);
    static_assertions::const_assert_eq!(offset_of!(Words, tail), 0);
    static_assertions::const_assert_eq!(offset_of!(Words, head), 128);
    static_assertions::const_assert_eq!(offset_of!(Words, acked), 256);
}

impl Words {
    /// Whether anything is published that is not given back yet, as it was a moment ago.
    pub(crate) fn has_any(&self) -> bool {
        // Relaxed: who is told so tries.
        self.tail.0.load(Ordering::Relaxed) != self.acked.0.load(Ordering::Relaxed)
    }

    /// Up to where the producer has published, for the producer's own side: a guess.
    #[inline(always)]
    pub(crate) fn published(&self) -> u64 {
        self.tail.0.load(Ordering::Relaxed) // Relaxed: compared only
    }

    /// Up to where the consumer has given back, for the consumer's own side: a guess.
    #[inline(always)]
    pub(crate) fn released(&self) -> u64 {
        self.acked.0.load(Ordering::Relaxed) // Relaxed: compared only
    }

    /// An empty ring whose positions begin at `position`. A mapping needs no call: zero bytes are a fresh ring.
    #[cfg(test)]
    pub(crate) fn starting_at(position: u64) -> Words {
        let line = || Line(AtomicU64::new(position));
        Words { tail: line(), head: line(), acked: line() }
    }

    /// What a hostile peer may do.
    #[cfg(test)]
    pub(crate) fn overwrite(&self, tail: u64, head: u64, acked: u64) {
        self.tail.0.store(tail, Ordering::Relaxed);
        self.head.0.store(head, Ordering::Relaxed);
        self.acked.0.store(acked, Ordering::Relaxed);
    }

    /// `(tail, head, acked)` as they are.
    #[cfg(test)]
    pub(super) fn read(&self) -> (u64, u64, u64) {
        let read = |line: &Line| line.0.load(Ordering::Relaxed);
        (read(&self.tail), read(&self.head), read(&self.acked))
    }
}

/// The geometry of a ring: its capacity, a power of two, and what every position is a multiple of.
#[derive(Clone, Copy)]
pub(super) struct Circle {
    pub(super) capacity: u64,
    pub(super) grain: u64,
}

impl Circle {
    /// Where in the ring a position lies.
    #[inline(always)]
    pub(super) fn offset(self, position: u64) -> u64 {
        position & (self.capacity - 1)
    }

    /// How much there is from a position to the end of the ring.
    #[inline(always)]
    pub(super) fn room(self, position: u64) -> u64 {
        self.capacity - self.offset(position)
    }

    /// The distance from an earlier position, if there can be one in a ring of this geometry.
    #[inline]
    fn distance(self, from: u64, to: u64) -> Result<u64, Corrupt> {
        let distance = to.wrapping_sub(from);
        if distance > self.capacity || from & (self.grain - 1) != 0 || to & (self.grain - 1) != 0 {
            return Err(Corrupt);
        }
        Ok(distance)
    }
}

/// The producer's private positions: `published <= tail <= limit`.
pub(super) struct Fill {
    circle: Circle,
    /// Where the next byte or element goes. What lies between `published` and here is staged.
    pub(super) tail: u64,
    published: u64,
    limit: u64,
}

impl Fill {
    /// Goes on where the last producer stopped.
    pub(super) fn resume(words: &Words, circle: Circle) -> Result<Fill, Corrupt> {
        // Relaxed: our own word; taking the end over has ordered us behind the last producer.
        let tail = words.tail.0.load(Ordering::Relaxed);
        let mut fill = Fill { circle, tail, published: tail, limit: tail };
        let acked = words.acked.0.load(Ordering::Acquire); // edge: resume
        fill.believe(acked)?;
        Ok(fill)
    }

    /// Begins a call of one of several producers that exclude each other. `limit`: up to where the last of them knew that
    /// there is room; what cannot be true counts for nothing.
    #[inline(always)]
    pub(super) fn borrow(words: &Words, circle: Circle, limit: u64) -> Fill {
        // Relaxed: the lock has ordered us behind the last producer, and with him behind what he had seen.
        let tail = words.tail.0.load(Ordering::Relaxed);
        let limit = circle.distance(tail, limit).map_or(tail, |_| limit);
        Fill { circle, tail, published: tail, limit }
    }

    /// Up to where there is room, as far as is known.
    #[inline(always)]
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// How much may be written now.
    #[inline(always)]
    pub(super) fn free(&self) -> u64 {
        self.limit.wrapping_sub(self.tail)
    }

    /// Moves over what has been written, privately.
    #[inline(always)]
    pub(super) fn stage(&mut self, amount: u64) {
        self.tail = self.tail.wrapping_add(amount);
    }

    /// Shows the consumer everything staged.
    #[inline(always)]
    pub(super) fn publish(&mut self, words: &Words) {
        self.published = self.tail;
        words.tail.0.store(self.tail, Ordering::Release); // edge: publish, take-over
    }

    /// Forgets everything staged.
    pub(super) fn discard(&mut self) {
        self.tail = self.published;
    }

    /// Looks whether `amount` is free, by the consumer's lumps only. May be wrong when it says no.
    pub(super) fn poll(&mut self, words: &Words, amount: u64) -> bool {
        if self.free() < amount {
            let head = words.head.0.load(Ordering::Acquire); // edge: free
            // A head that lags far behind `acked` is no news, and no damage either.
            let _ = self.believe(head);
        }
        self.free() >= amount
    }

    /// Looks whether `amount` is free, exactly.
    pub(super) fn refresh(&mut self, words: &Words, amount: u64) -> Result<bool, Corrupt> {
        if self.poll(words, amount) {
            return Ok(true);
        }
        let acked = words.acked.0.load(Ordering::Acquire); // edge: ack
        self.believe(acked)?;
        Ok(self.free() >= amount)
    }

    /// As `refresh`, for who only looks.
    pub(super) fn sees_room(&self, words: &Words, amount: u64) -> Result<bool, Corrupt> {
        Fill { ..*self }.refresh(words, amount)
    }

    /// Takes a consumer's position into account, if it is a possible one.
    fn believe(&mut self, done: u64) -> Result<(), Corrupt> {
        self.circle.distance(done, self.published)?;
        let free = self.circle.capacity - self.circle.distance(done, self.tail)?;
        if free > self.free() {
            self.limit = self.tail.wrapping_add(free);
        }
        Ok(())
    }
}

/// The consumer's private positions: `head <= released <= cursor <= tail`.
pub(super) struct Drain {
    circle: Circle,
    /// Where the next record or element is read.
    pub(super) cursor: u64,
    /// How far the producer has written, as last seen.
    pub(super) tail: u64,
    released: u64,
    head: u64,
    /// What lies before this position may have been seen by a consumer that died.
    doubt: u64,
    /// Where the cursor was when `ran_dry` was asked last.
    dry: u64,
}

impl Drain {
    /// Goes on where the last consumer stopped. If it died, everything published so far may have been seen.
    pub(super) fn resume(words: &Words, circle: Circle, died: bool) -> Result<Drain, Corrupt> {
        // Relaxed: our own word; taking the end over has ordered us behind the last consumer.
        let acked = words.acked.0.load(Ordering::Relaxed);
        let tail = words.tail.0.load(Ordering::Acquire); // edge: take-over
        circle.distance(acked, tail)?;
        let doubt = if died { tail } else { acked };
        Ok(Drain { circle, cursor: acked, tail, released: acked, head: acked, doubt, dry: acked })
    }

    /// Begins a call of one of several consumers that exclude each other. `seen`: up to where the last of them knew
    /// that something is published; what cannot be true counts for nothing.
    pub(super) fn borrow(words: &Words, circle: Circle, seen: u64) -> Drain {
        // Relaxed: the lock has ordered us behind the last consumer, and with him behind what he had seen.
        let acked = words.acked.0.load(Ordering::Relaxed);
        let head = words.head.0.load(Ordering::Relaxed);
        let tail = circle.distance(acked, seen).map_or(acked, |_| seen);
        Drain { circle, cursor: acked, tail, released: acked, head, doubt: acked, dry: acked }
    }

    /// How much is known to be published and not yet taken.
    #[inline(always)]
    pub(super) fn available(&self) -> u64 {
        self.tail.wrapping_sub(self.cursor)
    }

    /// Whether what lies at the cursor may have been seen by a consumer that died.
    #[inline(always)]
    pub(super) fn in_doubt(&self) -> bool {
        self.doubt.wrapping_sub(self.cursor).cast_signed() > 0
    }

    /// Moves over what has been read, privately.
    #[inline(always)]
    pub(super) fn take(&mut self, amount: u64) {
        self.cursor = self.cursor.wrapping_add(amount);
    }

    /// Whether there is more than was found last. Costs one load, for those who poll.
    #[inline(always)]
    pub(super) fn has_news(&self, words: &Words) -> bool {
        // Relaxed: `refresh` reads it again before anything is believed.
        words.tail.0.load(Ordering::Relaxed) != self.tail
    }

    /// Whether there is anything to take. As cheap as `has_news`, and exact at any time.
    #[inline]
    pub(super) fn has_any(&self, words: &Words) -> bool {
        words.tail.0.load(Ordering::Relaxed) != self.cursor // Relaxed: as `has_news`
    }

    /// How far the cursor has come since this was asked last: a burst, or one piece at a time?
    #[inline]
    pub(super) fn ran_dry(&mut self) -> u64 {
        let burst = self.cursor.wrapping_sub(self.dry);
        self.dry = self.cursor;
        burst
    }

    /// Goes back to what has not been released yet.
    pub(super) fn rewind(&mut self) {
        self.cursor = self.released;
    }

    /// Learns what has been published since; false if there is nothing to take.
    #[inline]
    pub(super) fn refresh(&mut self, words: &Words) -> Result<bool, Corrupt> {
        let tail = words.tail.0.load(Ordering::Acquire); // edge: publish
        if tail == self.cursor {
            self.tail = tail;
            return Ok(false);
        }
        let published = self.circle.distance(self.released, tail)?;
        if published < self.cursor.wrapping_sub(self.released) {
            return Err(Corrupt);
        }
        self.tail = tail;
        Ok(true)
    }

    /// Gives back everything taken.
    #[inline(always)]
    pub(super) fn release(&mut self, words: &Words) {
        self.released = self.cursor;
        words.acked.0.store(self.cursor, Ordering::Release); // edge: ack, resume
        if self.cursor.wrapping_sub(self.head) >= self.circle.capacity / LUMPS {
            self.publish_head(words);
        }
    }

    /// Shows a busy producer, too, what has been given back.
    #[inline]
    pub(super) fn publish_head(&mut self, words: &Words) {
        if self.head == self.released {
            return; // an idle consumer may ask at every look, and must not disturb the line
        }
        self.head = self.released;
        words.head.0.store(self.released, Ordering::Release); // edge: free
    }
}

/// A consumer shows its progress to a busy producer this many times per lap.
const LUMPS: u64 = 4;
