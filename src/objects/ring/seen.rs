//! An end of a ring as others than its holder's calls see it: by the shared words alone.
#![forbid(unsafe_code)]

use crate::error::Error;
use crate::lockfree::spsc::{Place, fixed, record};
use crate::objects::ring::side::{Spot, Which};
use crate::presence::attachment::Held;
use crate::sync::many::{Net, Source};

/// What an end is waited for.
#[derive(Clone, Copy)]
pub(crate) enum What {
    /// Something that was published and is not released.
    Data,
    /// Room for a record of so many bytes.
    Record(usize),
    /// Room for one element of so many bytes.
    Element(usize),
}

/// A look at one end. It does not hold it.
pub(super) struct Seen {
    pub(super) yard: Held,
    pub(super) spot: Spot,
    pub(super) which: Which,
    pub(super) what: What,
    pub(super) refusal: Option<Error>,
}

impl Seen {
    /// Whether there is what is waited for. If the words make no sense, the next attempt finds what is wrong.
    fn has(&self) -> bool {
        let spot = || self.spot.clone();
        let room = match self.what {
            What::Data => return self.spot.words().has_any(),
            What::Record(len) => record::Producer::borrow(spot()).and_then(|end| end.sees_room(len)),
            What::Element(size) => fixed::Producer::resume(spot(), size).and_then(|end| end.sees_room(1)),
        };
        room.unwrap_or(true)
    }
}

impl Source for Seen {
    fn refusal(&self) -> Option<Error> {
        self.refusal.clone()
    }

    fn is_ready(&self) -> bool {
        self.has() || self.spot.has_ended(self.which)
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        self.spot.arm(self.which, &self.yard, net, || self.has())
    }
}
