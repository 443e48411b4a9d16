//! A handle on one end of a pipe.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::many::Writable;
use crate::objects::owners;
use crate::objects::pace::Pace;
use crate::objects::pipe::call::Call;
use crate::objects::pipe::end::{End, PipeEnd, ended, peer};
use crate::objects::pipe::look::Look;
use crate::objects::pipe::stream::PipeStream;
use crate::objects::pipe::way::{self, Got, Sent, Spot};
use crate::objects::pipe::{Pipe, PipeOptions};
use crate::objects::ring::Peer;
use crate::presence::attachment::Held;
use crate::presence::handover::HeldEnd;
use crate::presence::thread;
use crate::shim::{AtomicU32, AtomicU64, Ordering};
use crate::sync::wait::{Manner, Timeout};
use std::sync::Arc;

/// An end of a [`Pipe`], to send and receive with. Clones are handles on the same end; when this process has dropped
/// the last of them, however it got them, it holds the end no more.
///
/// Any number of threads and processes may use an end at a time. Senders take turns, and so do receivers: each message
/// goes over whole, to one receiver. A turn lasts as long as the copy of one message, and nobody has it while he waits
/// for data or room; who is killed in his turn is succeeded at once. Who is *stopped* in it holds up the others of his
/// side and direction: their tries answer `Busy`, and their timed calls `Timeout`.
///
/// # Death
/// A message is sent with one store, or not at all. [`Connection::recv`] delivers at most once: it copies the message
/// out and gives its room back with one store; killed before that, the message is the next receiver's, and killed after
/// it, before its caller had it, that one message is lost.
#[derive(Clone)]
pub struct Connection(Arc<Inner>);

/// What the handles share.
pub(super) struct Inner {
    pub(super) yard: Held,
    offset: u64,
    ways: [Option<Spot>; 2],
    end: PipeEnd,
    options: PipeOptions,
    max_len: usize,
    pub(super) manner: Manner,
    /// How the end is waited for.
    look: Look,
    /// The other end's `left` at a moment when somebody held it, or nobody had ever left it.
    known: AtomicU64,
    /// Tries that found nothing.
    tries: AtomicU32,
    /// Of those who wait for messages, and for room.
    pub(super) pace: [Pace; 2],
    /// How many bytes of its direction the last message took that was waited for.
    usual: AtomicU64,
}

/// Every how many tries that find nothing the kernel is asked how the other end stands.
const ASK: u32 = 256;

/// What a receiving call brings, when it does not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// A message of this length.
    Message(usize),
    /// The next message is so long, and stays: the buffer is shorter.
    TooLong(usize),
}

impl Inner {
    /// The other end.
    pub(super) fn peer(&self) -> Option<End<'_>> {
        End::of(&self.yard, self.offset, self.end.other())
    }

    /// What is received at this end.
    fn inbox(&self) -> Result<&Spot> {
        let why = "the first end of a one-way pipe receives, the second one sends";
        self.ways[self.end.index()].as_ref().ok_or_else(|| Error::with(ErrorKind::Invalid, why))
    }

    /// What is sent from this end.
    fn outbox(&self) -> Result<&Spot> {
        let why = "the second end of a one-way pipe sends, the first one receives";
        self.ways[self.end.other().index()].as_ref().ok_or_else(|| Error::with(ErrorKind::Invalid, why))
    }

    /// Whether the other end is known to be held, or not left yet. Never wrong about an end that was closed before.
    #[inline]
    fn is_peer_known(&self) -> bool {
        let known = self.known.load(Ordering::Relaxed); // Relaxed: compared only
        self.peer().is_some_and(|peer| peer.left() == known)
    }

    /// Why nothing can be sent any more, if that is so.
    #[cold]
    fn look(&self) -> Option<ErrorKind> {
        let (seen, left) = self.peer()?.state(&self.yard);
        let over = ended(seen);
        if over.is_none() {
            self.known.store(left, Ordering::Relaxed); // Relaxed: compared only
        }
        over
    }

    /// What a try answers that found nothing. Whether the peer lives is asked now and then only.
    pub(super) fn glance(&self, empty: ErrorKind) -> Option<ErrorKind> {
        let tries = self.tries.fetch_add(1, Ordering::Relaxed); // Relaxed: private to the process
        let asks = owners::sweep_for_tries(&self.yard) || tries.is_multiple_of(ASK) || !self.is_peer_known();
        asks.then(|| self.look()).flatten().or(Some(empty))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.yard.let_go(End::key(self.offset, self.end));
    }
}

impl Connection {
    pub(super) fn take(pipe: &Pipe, end: PipeEnd) -> Result<Connection> {
        // For the fast notice of our death, before anybody looks; without a slot the others find out by their slice.
        let _ = thread::register(&pipe.yard);
        let look = Look::at(pipe, end)?;
        pipe.yard.hold(End::key(pipe.offset, end))?;
        Ok(Connection(Arc::new(Inner {
            yard: pipe.yard.clone(),
            offset: pipe.offset,
            ways: pipe.ways.clone(),
            end,
            options: pipe.options,
            max_len: pipe.max_len(),
            manner: pipe.manner,
            look,
            known: AtomicU64::new(0),
            tries: AtomicU32::new(0),
            pace: [Pace::new(), Pace::new()],
            usual: AtomicU64::new(0),
        })))
    }

    /// Sends one message. Whoever receives it gets it whole; it is there before this returns.
    ///
    /// Errors: `Full` (no room within `timeout`), `PeerClosed` and `PeerDied` (nobody holds the other end any more),
    /// `TooLong` (it can never fit), `Invalid` (the end does not send), `Busy` and `Timeout` (another sender stands
    /// still in his turn), `Cancelled`, `Interrupted`, `NoSlots`, `Corrupt`; nothing was sent. As long as nobody has ever left the
    /// other end, messages wait in the pipe for whoever takes it.
    #[inline]
    pub fn send(&self, message: &[u8], timeout: impl Into<Timeout>) -> Result<()> {
        let timeout = timeout.into();
        if self.send_fast(message, timeout) { Ok(()) } else { self.send_slowly(message, timeout) }
    }

    /// Sends one message if there is room now.
    #[inline]
    pub fn try_send(&self, message: &[u8]) -> Result<()> {
        self.send(message, Timeout::Try)
    }

    /// The uncontended step of sending. Cannot panic, allocates nothing; false if it takes [`Connection::send`].
    #[inline]
    pub(crate) fn send_fast(&self, message: &[u8], timeout: Timeout) -> bool {
        let inner = &*self.0;
        let Some(spot) = &inner.ways[inner.end.other().index()] else { return false };
        let (way, me) = (spot.way(), thread::token(inner.yard.number()));
        let (pace, bytes) = (&inner.pace[1], way::bytes_of(message.len()));
        let (limit, is_room) = spot.known_room(bytes);
        if !is_room && timeout != Timeout::Try {
            pace.pause();
        }
        // Relaxed: compared only
        if me == 0
            || spot.receivers_left() != inner.known.load(Ordering::Relaxed)
            || !way.sending.try_fast(me)
        {
            return false;
        }
        let sent = matches!(way::send(spot, message), Sent::Done);
        owners::give(&way.sending, me);
        if sent {
            way.data.notify_after_rmw(&*self.0.yard); // the release of the lock
            if !is_room {
                pace.learn(1, limit, bytes);
            }
        }
        sent
    }

    #[cold]
    fn send_slowly(&self, message: &[u8], timeout: Timeout) -> Result<()> {
        let spot = self.0.outbox()?;
        let way = spot.way();
        let mut call = Call::new(&self.0, timeout);
        loop {
            if !self.0.is_peer_known()
                && let Some(kind) = self.0.look()
            {
                return Err(kind.into());
            }
            let token = call.enter(&way.sending)?;
            let sent = way::send(spot, message);
            owners::give(&way.sending, token);
            match sent {
                Sent::Done => {
                    way.data.notify_after_rmw(&*self.0.yard); // the release of the lock
                    return Ok(());
                }
                Sent::Full(mut producer) => {
                    let at = (producer.limit(), way::bytes_of(message.len()));
                    call.wait(&way.room, ErrorKind::Full, at, || way::may_fit(&mut producer, message.len()))?;
                }
                Sent::TooLong => return Err(self.too_long(message.len())),
                Sent::Corrupt => return Err(corrupt()),
            }
        }
    }

    fn too_long(&self, len: usize) -> Error {
        Error::with(ErrorKind::TooLong, format!("{len} bytes, at most {} fit", self.0.max_len))
    }

    /// Copies the next message to the start of `buffer` and takes it; tells its length.
    ///
    /// Errors: `Empty` (nothing came within `timeout`), `PeerClosed` and `PeerDied` (nothing is left, and nobody holds
    /// the other end any more), `TooLong` (the buffer is shorter than the message, which stays;
    /// [`Connection::next_len`] tells its length), `Invalid` (the end does not receive), `Busy` and `Timeout` (another
    /// receiver stands still in his turn), `Cancelled`, `Interrupted`, `NoSlots`, `Corrupt`.
    #[inline]
    pub fn recv(&self, buffer: &mut [u8], timeout: impl Into<Timeout>) -> Result<usize> {
        let timeout = timeout.into();
        if let Some(len) = self.recv_fast(buffer, timeout) {
            return Ok(len);
        }
        match self.receive(buffer, timeout)? {
            Arrived::Message(len) => Ok(len),
            Arrived::TooLong(needed) => Err(Connection::too_small(needed, buffer.len())),
        }
    }

    pub(crate) fn too_small(needed: usize, room: usize) -> Error {
        Error::with(ErrorKind::TooLong, format!("a message of {needed} bytes, a buffer of {room}"))
    }

    /// Takes the next message if there is one now.
    #[inline]
    pub fn try_recv(&self, buffer: &mut [u8]) -> Result<usize> {
        self.recv(buffer, Timeout::Try)
    }

    /// The uncontended step of receiving. Cannot panic, allocates nothing; `None` if it takes [`Connection::recv`].
    #[inline]
    pub(crate) fn recv_fast(&self, buffer: &mut [u8], timeout: Timeout) -> Option<usize> {
        let inner = &*self.0;
        let spot = inner.ways[inner.end.index()].as_ref()?;
        let (way, me) = (spot.way(), thread::token(inner.yard.number()));
        let (pace, (seen, is_any)) = (&inner.pace[0], spot.known_messages());
        if !is_any && timeout != Timeout::Try {
            pace.pause();
        }
        if me == 0 || !way.receiving.try_fast(me) {
            return None;
        }
        let got = way::recv(spot, buffer);
        owners::give(&way.receiving, me);
        match got {
            Got::Message(len) => {
                way.room.notify_after_rmw(&*self.0.yard); // the release of the lock
                if !is_any {
                    pace.learn(1, seen, way::bytes_of(len));
                }
                Some(len)
            }
            _ => None,
        }
    }

    /// As [`Connection::recv`], with the length of a message that does not fit.
    #[cold]
    pub(crate) fn receive(&self, buffer: &mut [u8], timeout: Timeout) -> Result<Arrived> {
        self.fetch(&mut Call::new(&self.0, timeout), |spot| way::recv(spot, buffer))
    }

    /// As [`Connection::recv`], into new memory of the right size.
    pub fn recv_vec(&self, timeout: impl Into<Timeout>) -> Result<Vec<u8>> {
        let mut call = Call::new(&self.0, timeout.into());
        let mut bytes = vec![0; USUAL];
        loop {
            match self.fetch(&mut call, |spot| way::recv(spot, &mut bytes))? {
                Arrived::Message(len) => {
                    bytes.truncate(len);
                    return Ok(bytes);
                }
                Arrived::TooLong(needed) => bytes = vec![0; needed], // somebody else may take it meanwhile
            }
        }
    }

    /// Waits for a message and tells its length; the message stays. Errors: as for [`Connection::recv`].
    pub fn next_len(&self, timeout: impl Into<Timeout>) -> Result<usize> {
        match self.fetch(&mut Call::new(&self.0, timeout.into()), way::next_len)? {
            Arrived::Message(len) | Arrived::TooLong(len) => Ok(len),
        }
    }

    /// Whether there is a message, or comes one within `timeout`. Errors: as for [`Connection::recv`], but that no
    /// message is no error: at the end of the stream `PeerClosed` or `PeerDied`.
    pub fn poll(&self, timeout: impl Into<Timeout>) -> Result<bool> {
        match self.next_len(timeout) {
            Ok(_) => Ok(true),
            Err(e) if e.kind() == ErrorKind::Empty => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// Makes attempts under the lock of the receivers, and waits in between without it.
    fn fetch(&self, call: &mut Call<'_>, mut attempt: impl FnMut(&Spot) -> Got) -> Result<Arrived> {
        let spot = self.0.inbox()?;
        let way = spot.way();
        loop {
            let token = call.enter(&way.receiving)?;
            let got = attempt(spot);
            owners::give(&way.receiving, token);
            match got {
                Got::Message(len) => {
                    way.room.notify_after_rmw(&*self.0.yard); // the release of the lock
                    self.0.usual.store(way::bytes_of(len), Ordering::Relaxed); // Relaxed: a guess
                    return Ok(Arrived::Message(len));
                }
                Got::Empty(consumer) => {
                    let one = self.0.usual.load(Ordering::Relaxed); // Relaxed: a guess
                    call.wait(&way.data, ErrorKind::Empty, (consumer.seen(), one), || consumer.has_news())?;
                }
                Got::TooLong(len) => return Ok(Arrived::TooLong(len)),
                Got::Corrupt => return Err(corrupt()),
            }
        }
    }

    /// A stream of bytes over this handle: [`std::io::Read`] and [`std::io::Write`]. It waits without limit.
    pub fn into_stream(self) -> PipeStream {
        PipeStream::new(self)
    }

    /// To wait, with [`wait_any`](crate::wait_any), until there is room for the longest message, or nobody holds the other
    /// end any more. Does not hold the end. Errors: `Invalid` (the end does not send).
    pub fn writable(&self) -> Result<Writable> {
        let room = self.room(self.max_len())?;
        Ok(Writable::new(room.keep(), room.id()))
    }

    /// The same for a message of `len` bytes.
    pub(super) fn room(&self, len: usize) -> Result<Look> {
        Ok(self.0.look.room(self.0.outbox()?, len))
    }

    pub(super) fn look(&self) -> &Look {
        &self.0.look
    }

    /// The end, for a process that is to hold it from its birth on: see [`ProcessOptions::ends`](crate::ProcessOptions::ends).
    pub fn held_end(&self) -> Result<HeldEnd> {
        HeldEnd::new(&self.0.yard, End::key(self.0.offset, self.0.end))
    }

    /// Which end this is.
    pub fn end(&self) -> PipeEnd {
        self.0.end
    }

    /// What the pipe was made as.
    pub fn options(&self) -> PipeOptions {
        self.0.options
    }

    /// The longest message in bytes.
    pub fn max_len(&self) -> usize {
        self.0.max_len
    }

    /// How the other end stands now. Asks the kernel.
    pub fn peer(&self) -> Peer {
        self.0.peer().map_or(Peer::Absent, |end| peer(end.state(&self.0.yard).0))
    }

    /// Closes this handle, as dropping it does.
    pub fn close(self) {}
}

/// Room that [`Connection::recv_vec`] takes before it knows the length.
const USUAL: usize = 256;

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("end", &self.0.end).finish_non_exhaustive()
    }
}

pub(super) fn corrupt() -> Error {
    Error::with(ErrorKind::Corrupt, "the pipe's words contradict themselves")
}
