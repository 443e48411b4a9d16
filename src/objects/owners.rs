//! Who the tokens in a lock word stand for: threads or processes of a yard.
#![forbid(unsafe_code)]

use crate::presence::attachment::Attachment;
use crate::presence::place::Standing;
use crate::segment::bits::Token;
use crate::sync::lock::{Crowd, Owners};

/// The threads of a yard, as owners.
pub(crate) struct Threads<'a>(pub(crate) &'a Attachment);

/// The processes of a yard, as owners.
pub(crate) struct Processes<'a>(pub(crate) &'a Attachment);

/// Looks at a taken word before sleeping; a look costs some 20 ns, a sleep and wake-up some 50 µs.
const SPINS: u32 = 100;

fn spins() -> u32 {
    if crate::os::process::cpus() > 1 { SPINS } else { 0 }
}

/// Adds the alive words of everybody there is room for.
fn listen<'a>(yard: &'a Attachment, crowd: &mut Crowd<'a>) {
    for (index, slot) in (0u32..).zip(yard.slots()) {
        let Some(place) = slot.place.load() else { continue };
        if let Standing::Here(Some(watch)) = yard.thread_standing(Token::new(index, place.generation))
            && !crowd.add(watch)
        {
            return;
        }
    }
}

impl Owners for Threads<'_> {
    fn standing(&self, token: Token) -> Standing<'_> {
        self.0.thread_standing(token)
    }

    fn others<'a>(&'a self, out: &mut Crowd<'a>) {
        listen(self.0, out);
    }

    fn slice(&self) {
        self.0.sweep();
    }

    fn spins(&self) -> u32 {
        spins()
    }
}

impl Owners for Processes<'_> {
    fn standing(&self, token: Token) -> Standing<'_> {
        self.0.process_standing(token)
    }

    fn glance(&self, token: Token) -> Standing<'_> {
        self.0.process_glance(token)
    }

    fn others<'a>(&'a self, out: &mut Crowd<'a>) {
        listen(self.0, out);
    }

    fn slice(&self) {
        self.0.sweep();
    }

    fn spins(&self) -> u32 {
        spins()
    }
}
