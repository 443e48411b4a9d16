//! The two ends of a pipe: which there are, who holds them, who is told when the last one has gone.
#![forbid(unsafe_code)]

use crate::error::ErrorKind;
use crate::objects::faults;
use crate::objects::pipe::layout::{Body, Plan};
use crate::objects::ring::Peer;
use crate::presence::attachment::{Attachment, Gone, Who};
use crate::presence::place::Standing;
use crate::segment::bits::Token;
use crate::shim::{AtomicU32, Ordering, Watch};
use crate::sync::holders::{Holders, Left, Members, Seen};
use crate::sync::lock::Crowd;

/// An end of a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum PipeEnd {
    /// Receives; sends too if the pipe is duplex.
    First = 0,
    /// Sends; receives too if the pipe is duplex.
    Second = 1,
}

impl PipeEnd {
    /// Both.
    pub const ALL: [PipeEnd; 2] = [PipeEnd::First, PipeEnd::Second];

    /// The end opposite.
    pub fn other(self) -> PipeEnd {
        if self == PipeEnd::First { PipeEnd::Second } else { PipeEnd::First }
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }

    pub(crate) fn from_code(code: u32) -> Option<PipeEnd> {
        PipeEnd::ALL.into_iter().find(|end| *end as u32 == code)
    }
}

/// One end of one pipe.
#[derive(Clone, Copy)]
pub(super) struct End<'a> {
    yard: &'a Attachment,
    body: &'a Body,
    which: PipeEnd,
    holders: Holders<'a>,
}

impl<'a> End<'a> {
    /// The end of a pipe at `offset`; nothing if the pipe does not lie in the yard.
    pub(super) fn of(yard: &'a Attachment, offset: u64, which: PipeEnd) -> Option<End<'a>> {
        let body: &Body = yard.region().at(offset).ok()?;
        let slots = yard.geometry().slots;
        let at = offset.checked_add(Plan::new(slots, 0).holders_at(which))?;
        let holders =
            Holders { last: &body.last[which.index()], cells: yard.region().table(at, slots).ok()? };
        Some(End { yard, body, which, holders })
    }

    /// The number by which presence knows the end: where its `last` word lies.
    pub(super) fn key(offset: u64, which: PipeEnd) -> u64 {
        offset + 8 * which.index() as u64
    }

    /// See [`End::key`].
    pub(super) fn by_key(yard: &'a Attachment, key: u64) -> Option<End<'a>> {
        let offset = key & !127;
        let which = PipeEnd::ALL.into_iter().find(|which| End::key(offset, *which) == key)?;
        End::of(yard, offset, which)
    }

    /// `process` holds the end from now on.
    pub(super) fn hold(&self, process: Token) {
        self.holders.stamp(process);
        self.tell(); // who waited for somebody to come must know of whose death to hear
    }

    /// `process` holds the end no more. Tells whether it did.
    pub(super) fn leave(&self, process: Token, left: Left) -> bool {
        let was_here = self.holders.leave(process, left);
        if was_here {
            self.tell();
        }
        was_here
    }

    /// Clears up behind `who`, dead or closing its last handle on the yard.
    pub(super) fn recover(&self, yard: &Attachment, process: Token, gone: Gone) {
        let left = left(gone);
        if self.leave(process, left) && left == Left::Died {
            let cell = self.holders.cells.get(process.index() as usize);
            cell.inspect(|cell| faults::note(yard, Who::Process(process), *cell, 1));
        }
    }

    /// Tells those at the other end to look again.
    fn tell(&self) {
        self.body.ways[self.which.other().index()].data.notify(self.yard);
        self.body.ways[self.which.index()].room.notify(self.yard);
    }

    /// A number that is another one after somebody has left.
    #[inline]
    pub(super) fn left(&self) -> u64 {
        self.holders.left()
    }

    /// How the end stands; asks the kernel. Adds the words to `crowd` that tell of the holders' deaths.
    pub(super) fn look(&self, mourners: &'a Mourners<'a>, crowd: &mut Crowd<'a>) -> Seen {
        self.holders.look(mourners, crowd).0
    }

    /// The words that tell of the holders' deaths.
    pub(super) fn alive(&self) -> impl Iterator<Item = Watch<'a>> {
        let (yard, cells) = (self.yard, self.holders.cells);
        // Relaxed: only whom to listen to; who wants to know how the end stands looks for himself.
        let tokens = cells.iter().filter_map(|cell| Token::of(cell.load(Ordering::Relaxed)));
        tokens.filter_map(|token| match yard.process_standing(token) {
            Standing::Here(alive) => alive,
            Standing::Doubtful { .. } | Standing::Dead => None,
        })
    }

    /// As [`End::look`], for who does not wait; tells also what `left` was then.
    pub(super) fn state(&self, yard: &Attachment) -> (Seen, u64) {
        let nothing = AtomicU32::new(0);
        let mourners = Mourners { yard, end: *self };
        let mut crowd = Crowd::new(Watch { word: &nothing, value: 0 });
        mourners.end.holders.look(&mourners, &mut crowd)
    }
}

/// What is known of the processes of a yard, for a look at an end.
pub(super) struct Mourners<'a> {
    pub(super) yard: &'a Attachment,
    pub(super) end: End<'a>,
}

impl Members for Mourners<'_> {
    fn standing(&self, token: Token) -> Standing<'_> {
        self.yard.process_standing(token)
    }

    fn left(&self, dead: Token) -> Left {
        left(self.yard.gone(dead))
    }

    fn buried(&self, dead: Token, cell: &AtomicU32, left: Left) {
        if left == Left::Died {
            faults::note(self.yard, Who::Process(dead), cell, 1);
        }
        self.end.tell();
    }
}

fn left(gone: Gone) -> Left {
    match gone {
        Gone::Died => Left::Died,
        Gone::Closed => Left::Closed,
        Gone::Unborn => Left::Never,
    }
}

/// What a call answers because of how the other end stands, if it is over with that.
pub(super) fn ended(seen: Seen) -> Option<ErrorKind> {
    match seen {
        Seen::Gone(Left::Closed | Left::Never) => Some(ErrorKind::PeerClosed),
        Seen::Gone(Left::Died) => Some(ErrorKind::PeerDied),
        Seen::Absent | Seen::Held { .. } => None,
    }
}

pub(super) fn peer(seen: Seen) -> Peer {
    match seen {
        Seen::Absent => Peer::Absent,
        Seen::Held { .. } => Peer::Here,
        Seen::Gone(Left::Closed | Left::Never) => Peer::Closed,
        Seen::Gone(Left::Died) => Peer::Died,
    }
}
