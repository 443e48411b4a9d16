//! Ends that remember a reservation or a peeked record between two calls, for languages without guards.
//!
//! While something is reserved or peeked, only its own verbs are allowed; everything else is `State`, so that an
//! address once given out stays good until the caller himself ends it.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::lockfree::spsc::record::{Record, Slot};
use crate::objects::many::{AsPart, Kept, Part};
use crate::objects::ring::{Batch, Peer, Received, Receiver, Ring, Sender, Strategy};
use crate::sync::wait::Timeout;

/// A [`Sender`] with at most one open reservation.
pub(crate) struct LooseSender {
    sender: Sender,
    reserved: Option<Slot>,
}

impl LooseSender {
    pub(crate) fn take(ring: &Ring, strategy: Strategy) -> Result<LooseSender> {
        Ok(LooseSender { sender: ring.sender(strategy)?, reserved: None })
    }

    /// See `Sender::send_fast`.
    #[inline]
    pub(crate) fn send_fast(&mut self, record: &[u8]) -> bool {
        self.reserved.is_none() && self.sender.send_fast(record)
    }

    pub(crate) fn send(&mut self, record: &[u8], timeout: Timeout) -> Result<()> {
        self.unreserved()?.send(record, timeout)
    }

    pub(crate) fn send_batch(&mut self, records: &[impl AsRef<[u8]>], timeout: Timeout) -> Result<usize> {
        self.unreserved()?.send_batch(records, timeout)
    }

    /// Reserves `len` bytes and gives their address, good until `commit`, `abort` or the end of `self`.
    pub(crate) fn reserve(&mut self, len: usize, timeout: Timeout) -> Result<*mut u8> {
        let slot = self.unreserved()?.reserve_slot(len, timeout)?;
        let address = self.sender.address(&slot);
        self.reserved = Some(slot);
        Ok(address)
    }

    /// Sends the first `len` bytes of what is reserved. `Range`, with the reservation kept, if that is more.
    pub(crate) fn commit(&mut self, len: usize) -> Result<()> {
        self.sender.check()?;
        let slot = self.reserved.take().ok_or_else(nothing_reserved)?;
        if len > slot.len() {
            let whole = self.reserved.insert(slot).len();
            return Err(Error::with(ErrorKind::Range, format!("{len} bytes of {whole} reserved")));
        }
        self.sender.commit_slot(slot, len)
    }

    pub(crate) fn abort(&mut self) -> Result<()> {
        self.sender.check()?;
        self.reserved.take().map(drop).ok_or_else(nothing_reserved)
    }

    pub(crate) fn peer(&self) -> Peer {
        self.sender.peer()
    }

    fn unreserved(&mut self) -> Result<&mut Sender> {
        self.sender.check()?; // a fork child hears that first
        match self.reserved {
            None => Ok(&mut self.sender),
            Some(_) => Err(Error::with(ErrorKind::State, "a reservation is open")),
        }
    }
}

fn nothing_reserved() -> Error {
    Error::with(ErrorKind::State, "nothing is reserved")
}

impl AsPart for LooseSender {
    fn part(&self) -> Part<'_> {
        self.sender.part()
    }

    fn keep(&self) -> Option<Kept> {
        self.sender.keep()
    }
}

impl AsPart for LooseReceiver {
    fn part(&self) -> Part<'_> {
        self.receiver.part()
    }

    fn keep(&self) -> Option<Kept> {
        self.receiver.keep()
    }
}

/// A [`Receiver`] with at most one peeked record.
pub(crate) struct LooseReceiver {
    receiver: Receiver,
    peeked: Option<Record>,
}

/// A peeked record: where it lies in shared memory, and what is known of it.
pub(crate) struct Peeked {
    pub(crate) address: *const u8,
    pub(crate) received: Received,
}

impl LooseReceiver {
    pub(crate) fn take(ring: &Ring, strategy: Strategy) -> Result<LooseReceiver> {
        Ok(LooseReceiver { receiver: ring.receiver(strategy)?, peeked: None })
    }

    /// See `Receiver::recv_fast`.
    #[inline]
    pub(crate) fn recv_fast(&mut self, buffer: &mut [u8]) -> Option<Received> {
        if self.peeked.is_some() { None } else { self.receiver.recv_fast(buffer) }
    }

    pub(crate) fn recv(&mut self, buffer: &mut [u8], timeout: Timeout) -> Result<Received> {
        self.unpeeked()?.recv(buffer, timeout)
    }

    pub(crate) fn recv_batch(
        &mut self,
        buffer: &mut [u8],
        lens: &mut [usize],
        timeout: Timeout,
    ) -> Result<Batch> {
        self.unpeeked()?.recv_batch(buffer, lens, timeout)
    }

    /// How long the next record is, if there is one: for a caller whose buffer was too small for it.
    pub(crate) fn next_len(&mut self) -> Option<usize> {
        self.receiver.peek_record(Timeout::Try).ok().map(|record| record.len())
    }

    /// The next record, good until `release` or the end of `self`; the same again until then.
    pub(crate) fn peek(&mut self, timeout: Timeout) -> Result<Peeked> {
        self.receiver.check()?;
        let record = match self.peeked {
            Some(record) => record,
            None => *self.peeked.insert(self.receiver.peek_record(timeout)?),
        };
        let received = Received { len: record.len(), redelivered: record.redelivered };
        Ok(Peeked { address: self.receiver.address(&record), received })
    }

    /// Done with the peeked record.
    pub(crate) fn release(&mut self) -> Result<()> {
        self.receiver.check()?;
        let record = self.peeked.take().ok_or_else(|| Error::with(ErrorKind::State, "nothing is peeked"))?;
        self.receiver.release_record(&record);
        Ok(())
    }

    pub(crate) fn peer(&self) -> Peer {
        self.receiver.peer()
    }

    fn unpeeked(&mut self) -> Result<&mut Receiver> {
        self.receiver.check()?; // a fork child hears that first
        match self.peeked {
            None => Ok(&mut self.receiver),
            Some(_) => Err(Error::with(ErrorKind::State, "a peeked record is not released")),
        }
    }
}
