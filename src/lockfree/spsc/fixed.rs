//! Elements of one size, side by side without headers. Positions count elements.
//!
//! The size is the ring's, known when it runs, so that one type serves typed rings of every language; a typed call
//! compares it with the type's once and then moves by constant lengths.

use super::index::{Circle, Drain, Fill};
use super::{BURST, Corrupt, NoRecord, NoRoom, Place};
use crate::shim::Bytes;
use bytemuck::{AnyBitPattern, NoUninit, Pod};
use core::ops::Range;

/// The smallest ring, in elements.
pub(crate) const MIN_CAPACITY: usize = 2;

fn circle(bytes: &Bytes, size: usize) -> Result<Circle, Corrupt> {
    let capacity = bytes.len().checked_div(size).unwrap_or(0);
    if capacity < MIN_CAPACITY || !capacity.is_power_of_two() || capacity * size != bytes.len() {
        return Err(Corrupt);
    }
    Ok(Circle { capacity: capacity as u64, grain: 1 })
}

/// A run of elements from a position on, as one or two ranges of bytes.
struct Run {
    first: Range<usize>,
    rest: Range<usize>,
}

impl Run {
    fn new(circle: Circle, size: usize, position: u64, count: usize) -> Run {
        let until_end = count.min(circle.room(position) as usize);
        let begin = circle.offset(position) as usize * size;
        Run { first: begin..begin + until_end * size, rest: 0..(count - until_end) * size }
    }

    fn copy_in(&self, bytes: &Bytes, from: &[u8]) {
        if let Some((first, rest)) = from.split_at_checked(self.first.len()) {
            bytes.copy_in(self.first.start, first);
            if !rest.is_empty() {
                bytes.copy_in(self.rest.start, rest);
            }
        }
    }

    fn copy_out(&self, bytes: &Bytes, to: &mut [u8]) {
        if let Some((first, rest)) = to.split_at_mut_checked(self.first.len()) {
            bytes.copy_out(self.first.start, first);
            if !rest.is_empty() {
                bytes.copy_out(self.rest.start, rest);
            }
        }
    }
}

/// The writing end.
pub(crate) struct Producer<P> {
    place: P,
    bytes: Bytes,
    circle: Circle,
    size: usize,
    fill: Fill,
}

impl<P: Place> Producer<P> {
    /// Goes on where the last producer stopped, or begins, in a ring of elements of `size` bytes.
    pub(crate) fn resume(place: P, size: usize) -> Result<Producer<P>, Corrupt> {
        let circle = circle(place.bytes(), size)?;
        let fill = Fill::resume(place.words(), circle)?;
        Ok(Producer { bytes: place.bytes().clone(), place, circle, size, fill })
    }

    /// Sends one element: it is visible to the reader before this returns.
    #[inline(always)]
    pub(crate) fn send<T: NoUninit>(&mut self, element: &T) -> Result<(), NoRoom> {
        self.push(element)?;
        self.publish();
        Ok(())
    }

    /// Stages one element.
    #[inline(always)]
    pub(crate) fn push<T: NoUninit>(&mut self, element: &T) -> Result<(), NoRoom> {
        if size_of::<T>() != self.size {
            return Err(NoRoom::Unfit);
        }
        if self.fill.free() == 0 {
            self.find_room()?;
        }
        let at = self.circle.offset(self.fill.tail) as usize * size_of::<T>();
        self.bytes.put(at, element);
        self.fill.stage(1);
        Ok(())
    }

    /// Sends as many elements of a slice as fit, with one store; says how many, at least one unless it is empty.
    pub(crate) fn send_slice<T: NoUninit>(&mut self, elements: &[T]) -> Result<usize, NoRoom> {
        if size_of::<T>() != self.size {
            return Err(NoRoom::Unfit);
        }
        self.send_run(bytemuck::cast_slice(elements), elements.len())
    }

    /// As `send_slice`, with the bytes of `count` elements.
    pub(crate) fn send_run(&mut self, elements: &[u8], count: usize) -> Result<usize, NoRoom> {
        if count.checked_mul(self.size) != Some(elements.len()) {
            return Err(NoRoom::Unfit);
        }
        if self.fill.free() < count as u64 && !self.fill.refresh(self.place.words(), count as u64)? {
            // Full only if there is room for none.
            if self.fill.free() == 0 {
                return Err(NoRoom::Full);
            }
        }
        let count = count.min(self.fill.free() as usize);
        let run = Run::new(self.circle, self.size, self.fill.tail, count);
        run.copy_in(&self.bytes, &elements[..count * self.size]);
        self.fill.stage(count as u64);
        self.publish();
        Ok(count)
    }

    /// Shows the reader everything staged, with one store.
    #[inline]
    pub(crate) fn publish(&mut self) {
        self.fill.publish(self.place.words());
    }

    /// Forgets everything staged.
    #[cfg(test)]
    pub(crate) fn discard(&mut self) {
        self.fill.discard();
    }

    /// Looks whether `count` elements would fit, at the price of a poll. A no may come late.
    pub(crate) fn poll(&mut self, count: usize) -> bool {
        self.fill.poll(self.place.words(), count as u64)
    }

    /// Whether `count` elements would fit now.
    pub(crate) fn has_room(&mut self, count: usize) -> Result<bool, Corrupt> {
        self.fill.refresh(self.place.words(), count as u64)
    }

    /// The same, for who only looks.
    pub(crate) fn sees_room(&self, count: usize) -> Result<bool, Corrupt> {
        self.fill.sees_room(self.place.words(), count as u64)
    }

    #[cold]
    #[inline(never)]
    fn find_room(&mut self) -> Result<(), NoRoom> {
        if self.fill.refresh(self.place.words(), 1)? { Ok(()) } else { Err(NoRoom::Full) }
    }
}

/// The reading end.
pub(crate) struct Consumer<P> {
    place: P,
    bytes: Bytes,
    circle: Circle,
    size: usize,
    drain: Drain,
    /// How many elements the last run had.
    run: usize,
}

impl<P: Place> Consumer<P> {
    /// Begins, or goes on after a consumer that closed: nothing is in doubt.
    pub(crate) fn begin(place: P, size: usize) -> Result<Consumer<P>, Corrupt> {
        Consumer::start(place, size, false)
    }

    /// Goes on after a consumer that died: everything published so far may have been seen.
    pub(crate) fn resume(place: P, size: usize) -> Result<Consumer<P>, Corrupt> {
        Consumer::start(place, size, true)
    }

    fn start(place: P, size: usize, died: bool) -> Result<Consumer<P>, Corrupt> {
        let circle = circle(place.bytes(), size)?;
        let drain = Drain::resume(place.words(), circle, died)?;
        Ok(Consumer { bytes: place.bytes().clone(), place, circle, size, drain, run: 1 })
    }

    /// Whether the next element may have been seen by a consumer that died.
    #[inline]
    pub(crate) fn in_doubt(&self) -> bool {
        self.drain.in_doubt()
    }

    /// Takes the next element and releases it, and all taken before.
    #[inline(always)]
    pub(crate) fn recv<T: AnyBitPattern>(&mut self) -> Result<T, NoRecord> {
        let element = self.next()?;
        self.release();
        Ok(element)
    }

    /// Takes the next element: the next `release` or `recv` gives it back, together with all taken before.
    #[inline(always)]
    pub(crate) fn next<T: AnyBitPattern>(&mut self) -> Result<T, NoRecord> {
        let element = self.peek()?;
        self.drain.take(1);
        Ok(element)
    }

    /// A copy of the next element, which stays where it is.
    #[inline(always)]
    pub(crate) fn peek<T: AnyBitPattern>(&mut self) -> Result<T, NoRecord> {
        if size_of::<T>() != self.size {
            return Err(NoRecord::Unfit(self.size));
        }
        if self.drain.available() == 0 {
            self.look()?;
        }
        let at = self.circle.offset(self.drain.cursor) as usize * size_of::<T>();
        Ok(self.bytes.get(at))
    }

    /// Moves over `count` elements that are published. False, and nothing done, if there are fewer.
    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> bool {
        let there = count as u64 <= self.drain.available();
        if there {
            self.drain.take(count as u64);
        }
        there
    }

    /// Fills as much of a slice as is published, and releases it with one store; says how many, at least one.
    pub(crate) fn recv_slice<T: Pod>(&mut self, elements: &mut [T]) -> Result<usize, NoRecord> {
        if size_of::<T>() != self.size {
            return Err(NoRecord::Unfit(self.size));
        }
        let count = elements.len();
        self.recv_run(bytemuck::cast_slice_mut(elements), count)
    }

    /// As `recv_slice`, with memory for the bytes of `count` elements.
    pub(crate) fn recv_run(&mut self, elements: &mut [u8], count: usize) -> Result<usize, NoRecord> {
        let count = self.peek_run(elements, count)?;
        self.drain.take(count as u64);
        self.release();
        Ok(count)
    }

    /// Copies at most `count` elements, which stay where they are; says how many, at least one.
    pub(crate) fn peek_run(&mut self, elements: &mut [u8], count: usize) -> Result<usize, NoRecord> {
        if count.checked_mul(self.size) != Some(elements.len()) {
            return Err(NoRecord::Unfit(self.size));
        }
        if self.drain.available() < count as u64 {
            self.look()?;
        }
        let count = count.min(self.drain.available() as usize);
        let run = Run::new(self.circle, self.size, self.drain.cursor, count);
        run.copy_out(&self.bytes, &mut elements[..count * self.size]);
        self.run = count;
        Ok(count)
    }

    /// Gives back everything taken, with one store. What was taken is delivered for good.
    #[inline]
    pub(crate) fn release(&mut self) {
        self.drain.release(self.place.words());
    }

    /// Goes back to the oldest element not yet released.
    pub(crate) fn rewind(&mut self) {
        self.drain.rewind();
    }

    /// After `Empty`: whether that ended a burst of elements.
    #[inline]
    pub(crate) fn ran_dry(&mut self) -> bool {
        self.drain.ran_dry() > BURST * self.run as u64
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

    #[inline(never)]
    fn look(&mut self) -> Result<(), NoRecord> {
        if self.drain.refresh(self.place.words())? { Ok(()) } else { Err(NoRecord::Empty) }
    }
}
