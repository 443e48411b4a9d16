//! Records of any length: a header of 8 bytes, then the payload, each aligned to 8.
//!
//! The header is one word: the length in the low half, the kind in the high half. A record never crosses the end of the
//! ring; where it would, a record of kind PAD fills the rest of the lap. No record takes more than half the ring, so
//! that an empty ring takes every legal record wherever its positions stand.

use super::index::{Circle, Drain, Fill};
use super::{BURST, Corrupt, NoRecord, NoRoom, Place};
use crate::shim::Bytes;

const HEADER: u64 = 8;
const DATA: u64 = 1 << 32;
const PAD: u64 = 2 << 32;

/// The smallest ring: two records of 24 bytes.
pub(crate) const MIN_CAPACITY: usize = 64;

/// The longest record of a ring of `capacity` bytes.
pub(crate) const fn longest(capacity: usize) -> usize {
    let half = capacity / 2 - HEADER as usize;
    if half > u32::MAX as usize { u32::MAX as usize & !7 } else { half }
}

/// What a record of `len` bytes takes up. `len` is at most `isize::MAX`, or it is above every limit anyway.
#[inline(always)]
const fn footprint(len: usize) -> u64 {
    (len as u64).saturating_add(HEADER + 7) & !7
}

fn circle(bytes: &Bytes) -> Result<Circle, Corrupt> {
    let capacity = bytes.len();
    if capacity < MIN_CAPACITY || !capacity.is_power_of_two() {
        return Err(Corrupt);
    }
    Ok(Circle { capacity: capacity as u64, grain: 8 })
}

/// Space for one record, not yet part of the ring. Dropping it is all that giving it up takes.
#[must_use]
#[derive(Debug)]
pub(crate) struct Slot {
    position: u64,
    len: usize,
}

impl Slot {
    /// How many bytes may be written.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

/// The writing end.
pub(crate) struct Producer<P> {
    place: P,
    bytes: Bytes,
    circle: Circle,
    fill: Fill,
    /// Up to here a record of any legal length may be written without another look: free, and of this lap.
    bound: u64,
}

impl<P: Place> Producer<P> {
    /// Goes on where the last producer stopped, or begins.
    pub(crate) fn resume(place: P) -> Result<Producer<P>, Corrupt> {
        let circle = circle(place.bytes())?;
        let fill = Fill::resume(place.words(), circle)?;
        let bound = fill.tail;
        Ok(Producer { bytes: place.bytes().clone(), place, circle, fill, bound })
    }

    /// Begins a call of one of several producers that exclude each other; `limit` is what the last one knew
    /// ([`Producer::limit`]). Who only looks knows nothing: 0.
    #[inline]
    pub(crate) fn borrow(place: P, limit: u64) -> Result<Producer<P>, Corrupt> {
        let circle = circle(place.bytes())?;
        let fill = Fill::borrow(place.words(), circle, limit);
        let bound = fill.tail;
        let mut producer = Producer { bytes: place.bytes().clone(), place, circle, fill, bound };
        producer.widen();
        Ok(producer)
    }

    /// Up to where there is known to be room.
    #[inline(always)]
    pub(crate) fn limit(&self) -> u64 {
        self.fill.limit()
    }

    /// Lets the fast path know what is free in this lap.
    #[inline(always)]
    fn widen(&mut self) {
        // Never more than the longest record, so that the fast path needs no look at the limit.
        let longest = footprint(self.longest());
        let window = self.fill.free().min(self.circle.room(self.fill.tail)).min(longest);
        self.bound = self.fill.tail.wrapping_add(window);
    }

    /// The longest record this ring takes.
    pub(crate) fn longest(&self) -> usize {
        longest(self.bytes.len())
    }

    /// Sends one record: it is visible to the reader before this returns.
    #[inline(always)]
    pub(crate) fn send(&mut self, payload: &[u8]) -> Result<(), NoRoom> {
        self.push(payload)?;
        self.publish();
        Ok(())
    }

    /// Stages one record: the next `publish`, `send` or `commit` shows it, together with all staged before.
    #[inline(always)]
    pub(crate) fn push(&mut self, payload: &[u8]) -> Result<(), NoRoom> {
        let need = footprint(payload.len());
        self.make_room(need)?;
        self.bytes.words_in(self.fill.tail.wrapping_add(HEADER), payload);
        self.bytes.set_word(self.fill.tail, DATA | payload.len() as u64);
        self.fill.stage(need);
        Ok(())
    }

    /// Finds space for a record of at most `len` bytes.
    #[inline]
    pub(crate) fn reserve(&mut self, len: usize) -> Result<Slot, NoRoom> {
        self.make_room(footprint(len))?;
        Ok(Slot { position: self.fill.tail, len })
    }

    /// Writes part of a record. False, and nothing done, if it leaves the slot or the slot is no longer the newest.
    #[inline]
    pub(crate) fn write(&mut self, slot: &Slot, offset: usize, part: &[u8]) -> bool {
        let ours = slot.position == self.fill.tail && offset <= slot.len && part.len() <= slot.len - offset;
        if ours {
            self.bytes.copy_in(self.payload_offset() + offset, part);
        }
        ours
    }

    /// The address of a slot's bytes, for writing in place.
    #[cfg(not(loom))]
    pub(crate) fn address(&self, slot: &Slot) -> *mut u8 {
        let at = self.circle.offset(slot.position.wrapping_add(HEADER));
        self.bytes.address(at as usize, slot.len)
    }

    /// Makes the first `len` bytes of a slot a record, visible to the reader before this returns. False, and nothing
    /// done, if `len` is above the slot's or the slot is no longer the newest.
    #[inline]
    pub(crate) fn commit(&mut self, slot: Slot, len: usize) -> bool {
        let ours = self.keep(slot, len);
        if ours {
            self.publish();
        }
        ours
    }

    /// As `commit`, but only staged.
    #[inline]
    pub(crate) fn keep(&mut self, slot: Slot, len: usize) -> bool {
        let ours = slot.position == self.fill.tail && len <= slot.len;
        if ours {
            self.stage(len);
        }
        ours
    }

    /// Shows the reader everything staged, with one store.
    #[inline]
    pub(crate) fn publish(&mut self) {
        self.fill.publish(self.place.words());
    }

    /// Forgets everything staged.
    pub(crate) fn discard(&mut self) {
        self.fill.discard();
        self.bound = self.fill.tail;
    }

    /// Looks whether a record of `len` bytes would fit, at the price of a poll. A no may come late.
    pub(crate) fn poll(&mut self, len: usize) -> bool {
        let need = self.with_pad(footprint(len));
        self.fill.poll(self.place.words(), need)
    }

    /// Whether a record of `len` bytes would fit now.
    pub(crate) fn has_room(&mut self, len: usize) -> Result<bool, Corrupt> {
        let need = self.with_pad(footprint(len));
        self.fill.refresh(self.place.words(), need)
    }

    /// The same, for who only looks.
    pub(crate) fn sees_room(&self, len: usize) -> Result<bool, Corrupt> {
        self.fill.sees_room(self.place.words(), self.with_pad(footprint(len)))
    }

    #[inline(always)]
    fn payload_offset(&self) -> usize {
        (self.circle.offset(self.fill.tail) + HEADER) as usize
    }

    /// Writes the header of the record whose payload is written, and moves over both.
    #[inline(always)]
    fn stage(&mut self, len: usize) {
        self.bytes.set_word(self.fill.tail, DATA | len as u64);
        self.fill.stage(footprint(len));
    }

    #[inline(always)]
    fn make_room(&mut self, need: u64) -> Result<(), NoRoom> {
        if need <= self.bound.wrapping_sub(self.fill.tail) {
            return Ok(());
        }
        self.find_room(need)
    }

    /// What it takes to write `need` bytes in one piece, the rest of the lap included where they do not fit there.
    fn with_pad(&self, need: u64) -> u64 {
        let room = self.circle.room(self.fill.tail);
        if need <= room { need } else { need.saturating_add(room) }
    }

    #[cold]
    #[inline(never)]
    fn find_room(&mut self, need: u64) -> Result<(), NoRoom> {
        if need > footprint(self.longest()) {
            return Err(NoRoom::Unfit);
        }
        let total = self.with_pad(need);
        if self.fill.free() < total && !self.fill.refresh(self.place.words(), total)? {
            return Err(NoRoom::Full);
        }
        if total > need {
            self.pad();
        }
        self.widen();
        Ok(())
    }

    /// Fills the rest of the lap. It is staged like a record, and published with the next one.
    fn pad(&mut self) {
        let room = self.circle.room(self.fill.tail);
        self.bytes.set_word(self.fill.tail, PAD | (room - HEADER));
        self.fill.stage(room);
    }
}

/// A record that has been published and not yet released.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    position: u64,
    len: usize,
    /// A consumer that died may have seen it already.
    pub(crate) redelivered: bool,
}

impl Record {
    /// The length of the payload.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

/// The reading end.
pub(crate) struct Consumer<P> {
    place: P,
    bytes: Bytes,
    circle: Circle,
    drain: Drain,
    /// Everything from the cursor up to here is published, and of this lap.
    bound: u64,
    usual: Usual,
}

/// The last header and what it meant. Most streams repeat one length; then the next position comes from here, and does
/// not wait for the header to arrive.
#[derive(Clone, Copy)]
struct Usual {
    header: u64,
    len: usize,
    footprint: u64,
}

const EMPTY_RECORD: Usual = Usual { header: DATA, len: 0, footprint: HEADER };

impl<P: Place> Consumer<P> {
    /// Begins, or goes on after a consumer that closed: nothing is in doubt.
    pub(crate) fn begin(place: P) -> Result<Consumer<P>, Corrupt> {
        Consumer::start(place, false)
    }

    /// Goes on after a consumer that died: everything published so far may have been seen.
    pub(crate) fn resume(place: P) -> Result<Consumer<P>, Corrupt> {
        Consumer::start(place, true)
    }

    fn start(place: P, died: bool) -> Result<Consumer<P>, Corrupt> {
        let circle = circle(place.bytes())?;
        let drain = Drain::resume(place.words(), circle, died)?;
        let bound = drain.cursor;
        Ok(Consumer { bytes: place.bytes().clone(), place, circle, drain, bound, usual: EMPTY_RECORD })
    }

    /// Begins a call of one of several consumers that exclude each other; `seen` is what the last one knew
    /// ([`Consumer::seen`]).
    #[inline]
    pub(crate) fn borrow(place: P, seen: u64) -> Result<Consumer<P>, Corrupt> {
        let circle = circle(place.bytes())?;
        let drain = Drain::borrow(place.words(), circle, seen);
        let bound = drain.cursor;
        Ok(Consumer { bytes: place.bytes().clone(), place, circle, drain, bound, usual: EMPTY_RECORD })
    }

    /// Whether the next record may have been seen by a consumer that died.
    pub(crate) fn in_doubt(&self) -> bool {
        self.drain.in_doubt()
    }

    /// The longest record an honest producer writes.
    #[cfg(test)]
    pub(crate) fn longest(&self) -> usize {
        longest(self.bytes.len())
    }

    /// Copies the next record to `buffer` and releases it, and all taken before.
    #[inline(always)]
    pub(crate) fn recv(&mut self, buffer: &mut [u8]) -> Result<Record, NoRecord> {
        let record = self.next(buffer)?;
        self.release();
        Ok(record)
    }

    /// Copies the next record to `buffer` and takes it: the next `release` or `recv` gives it back, together with all
    /// taken before.
    #[inline(always)]
    pub(crate) fn next(&mut self, buffer: &mut [u8]) -> Result<Record, NoRecord> {
        let record = self.peek()?;
        if record.len == buffer.len() {
            self.bytes.words_out(record.position.wrapping_add(HEADER), buffer);
        } else {
            self.copy_shorter(&record, buffer)?;
        }
        self.drain.take(self.usual.footprint);
        Ok(record)
    }

    #[inline(never)]
    fn copy_shorter(&self, record: &Record, buffer: &mut [u8]) -> Result<(), NoRecord> {
        let Some(payload) = buffer.get_mut(..record.len) else { return Err(NoRecord::Unfit(record.len)) };
        self.bytes.words_out(record.position.wrapping_add(HEADER), payload);
        Ok(())
    }

    /// The next record, which stays where it is.
    #[inline(always)]
    pub(crate) fn peek(&mut self) -> Result<Record, NoRecord> {
        let left = self.bound.wrapping_sub(self.drain.cursor);
        if left < self.usual.footprint || self.bytes.word(self.drain.cursor) != self.usual.header {
            self.find_record()?;
        }
        let (position, redelivered) = (self.drain.cursor, self.drain.in_doubt());
        Ok(Record { position, len: self.usual.len, redelivered })
    }

    /// Copies part of a record. False, and nothing done, if the part leaves the record.
    #[inline]
    pub(crate) fn read(&self, record: &Record, offset: usize, part: &mut [u8]) -> bool {
        let inside = offset <= record.len && part.len() <= record.len - offset;
        if inside {
            let at = self.circle.offset(record.position) as usize + HEADER as usize + offset;
            self.bytes.copy_out(at, part);
        }
        inside
    }

    /// The address of a record's bytes, for reading in place.
    #[cfg(not(loom))]
    pub(crate) fn address(&self, record: &Record) -> *const u8 {
        let at = self.circle.offset(record.position) + HEADER;
        self.bytes.address(at as usize, record.len)
    }

    /// Moves on to the record after the one that `peek` gave. False, and nothing done, if it gave another since.
    #[inline]
    pub(crate) fn take(&mut self, record: &Record) -> bool {
        let size = footprint(record.len);
        let ours = record.position == self.drain.cursor && size <= self.bound.wrapping_sub(self.drain.cursor);
        if ours {
            self.drain.take(size);
        }
        ours
    }

    /// Gives back everything taken, with one store. What was taken is delivered for good.
    #[inline]
    pub(crate) fn release(&mut self) {
        self.drain.release(self.place.words());
    }

    /// Goes back to the oldest record not yet released.
    pub(crate) fn rewind(&mut self) {
        self.drain.rewind();
        self.bound = self.drain.cursor;
    }

    /// Up to where something is known to be published.
    #[inline(always)]
    pub(crate) fn seen(&self) -> u64 {
        self.drain.tail
    }

    /// After `Empty`: whether that ended a burst of records.
    #[inline]
    pub(crate) fn ran_dry(&mut self) -> bool {
        self.drain.ran_dry() > BURST * self.usual.footprint
    }

    /// After `Empty`: whether something has been published since. Costs one load, for those who poll.
    #[inline(always)]
    pub(crate) fn has_news(&self) -> bool {
        self.drain.has_news(self.place.words())
    }

    /// Whether there is anything to take.
    pub(crate) fn has_any(&self) -> bool {
        self.drain.has_any(self.place.words())
    }

    /// Shows a busy producer what has been released: before sleeping, after finding nothing, on close.
    #[inline]
    pub(crate) fn publish_head(&mut self) {
        self.drain.publish_head(self.place.words());
    }

    /// Makes the record at the cursor the usual one, if there is one.
    #[inline(never)]
    fn find_record(&mut self) -> Result<(), NoRecord> {
        if self.bound == self.drain.cursor {
            self.look()?;
        }
        let header = self.bytes.word(self.drain.cursor);
        self.learn(header)
    }

    /// Makes the bound leave the cursor behind.
    #[inline]
    fn look(&mut self) -> Result<(), NoRecord> {
        if self.drain.available() == 0 && !self.drain.refresh(self.place.words())? {
            return Err(NoRecord::Empty);
        }
        let window = self.drain.available().min(self.circle.room(self.drain.cursor));
        self.bound = self.drain.cursor.wrapping_add(window);
        Ok(())
    }

    /// Checks a header and makes it the usual one; goes to the next lap if it is a pad.
    #[inline]
    fn learn(&mut self, header: u64) -> Result<(), NoRecord> {
        // Cursor and bound are multiples of 8 and differ. Any other kind than DATA makes the length enormous.
        let len = header ^ DATA;
        if len > self.bound.wrapping_sub(self.drain.cursor) - HEADER {
            return self.skip_pad(header);
        }
        self.usual = Usual { header, len: len as usize, footprint: footprint(len as usize) };
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn skip_pad(&mut self, header: u64) -> Result<(), NoRecord> {
        let room = self.circle.room(self.drain.cursor);
        let published = self.bound.wrapping_sub(self.drain.cursor);
        // No honest pad fills a whole lap; without that a hostile producer could have us run round for ever.
        if header != PAD | (room - HEADER) || published < room || room == self.circle.capacity {
            return Err(NoRecord::Corrupt);
        }
        self.drain.take(room);
        self.bound = self.drain.cursor;
        self.look()?;
        let first = self.bytes.word(self.drain.cursor);
        self.learn(first)
    }
}
