//! How an end of a pipe is waited for among other things.
#![forbid(unsafe_code)]

use crate::error::Result;
use crate::lockfree::spsc::record::Producer;
use crate::objects::many::{AsPart, Kept, Part};
use crate::objects::pipe::Pipe;
use crate::objects::pipe::connection::{Connection, corrupt};
use crate::objects::pipe::end::{End, PipeEnd, ended};
use crate::objects::pipe::way::Spot;
use crate::presence::attachment::Held;
use crate::sync::event_count::EventCount;
use crate::sync::holders::Seen;
use crate::sync::many::{Net, Source};
use crate::sync::wait::Manner;
use std::sync::Arc;

/// What an end of a pipe is waited for.
#[derive(Clone, Copy)]
pub(super) enum What {
    /// A message to receive.
    Message,
    /// Room for one of so many bytes.
    Room(usize),
}

/// A look at one direction of a pipe. Nobody holds an end by having it.
#[derive(Clone)]
pub(super) struct Look {
    yard: Held,
    offset: u64,
    /// The end at the other side.
    peer: PipeEnd,
    spot: Spot,
    what: What,
    manner: Manner,
}

impl Look {
    /// At an end: for a message; if it only sends, for room for the longest.
    pub(super) fn at(pipe: &Pipe, end: PipeEnd) -> Result<Look> {
        let (spot, what) = match &pipe.ways[end.index()] {
            Some(spot) => (spot, What::Message),
            None => {
                (pipe.ways[end.other().index()].as_ref().ok_or_else(corrupt)?, What::Room(pipe.max_len()))
            }
        };
        let (yard, spot) = (pipe.yard.clone(), spot.clone());
        Ok(Look { yard, offset: pipe.offset, peer: end.other(), spot, what, manner: pipe.manner })
    }

    /// At the same end, for room for a message of `len` bytes in the direction that it sends in.
    pub(super) fn room(&self, outbox: &Spot, len: usize) -> Look {
        Look { spot: outbox.clone(), what: What::Room(len), ..self.clone() }
    }

    fn peer(&self) -> Option<End<'_>> {
        End::of(&self.yard, self.offset, self.peer)
    }

    /// The number by which the wait for it is known.
    pub(super) fn id(&self) -> usize {
        std::ptr::from_ref(self.event()).addr()
    }

    fn event(&self) -> &EventCount {
        match self.what {
            What::Message => &self.spot.way().data,
            What::Room(_) => &self.spot.way().room,
        }
    }

    /// Whether there is what is waited for. If the words make no sense, the next attempt finds what is wrong.
    fn has(&self) -> bool {
        match self.what {
            What::Message => self.spot.way().words.has_any(),
            What::Room(len) => {
                Producer::borrow(self.spot.clone(), 0).and_then(|way| way.sees_room(len)).unwrap_or(true)
            }
        }
    }

    /// Whether nobody holds the other end any more. Asks nobody as long as nobody has ever left it.
    fn is_over(&self) -> bool {
        self.peer().is_none_or(|peer| peer.left() != 0 && ended(peer.state(&self.yard).0).is_some())
    }

    fn part(&self) -> Part<'_> {
        Part { yard: Some(&self.yard), id: (self.id(), 0), manner: self.manner, source: self }
    }

    pub(super) fn keep(&self) -> Kept {
        Kept { yard: self.yard.clone(), manner: self.manner, source: Arc::new(self.clone()) }
    }
}

impl Source for Look {
    fn is_ready(&self) -> bool {
        self.has() || self.is_over()
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        let watch = self.event().prepare();
        let Some(peer) = self.peer() else { return true };
        // Who dies after this is heard of, who died before it is seen below.
        peer.alive().for_each(|alive| net.alive(alive));
        let (seen, _) = peer.state(&self.yard);
        if ended(seen).is_some() || self.has() {
            return true;
        }
        if seen == (Seen::Held { doubt: true }) {
            net.doubt();
        }
        net.word(watch);
        false
    }
}

#[cfg(feature = "async")]
impl Connection {
    /// For whoever waits later for room for a message of `len` bytes. If the end does not send, there never is; the next attempt
    /// tells.
    pub(crate) fn keep_room(&self, len: usize) -> Kept {
        self.room(len).as_ref().unwrap_or(self.look()).keep()
    }
}

impl AsPart for Connection {
    fn part(&self) -> Part<'_> {
        self.look().part()
    }

    fn keep(&self) -> Option<Kept> {
        Some(self.look().keep())
    }
}
