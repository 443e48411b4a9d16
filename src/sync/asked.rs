//! Being told that a thing is ready, by somebody who sleeps for many: the one word between who asks and who tells.
//!
//! Who asks does not sleep. He says so in the word, announces a sleeper in the thing, as a waiter of many does, and looks. Who
//! tells sleeps at the yard's bell (`bell`) for all who have asked; whenever he wakes, he looks at the things of those. The
//! answer takes the asking back, so each asking is answered once, and after it a change of the thing rings for nobody.
//!
//! ## Why nobody is left untold
//! Who tells announces himself at the bell, then looks who has asked. Who asks says so, and then announces a sleeper in the
//! thing. Who changes the thing finds that announcement, or the look behind it finds the change. In the first case he rings:
//! either the teller has been announced at the bell by then, and wakes; or the ringer's fence comes before the teller's, and
//! the asking, which the announcement had published, before both, so that the teller, who looks after his own, finds that he was
//! asked. He looks at the thing then, as does who asks: whoever finds it ready first takes the asking back.
//!
//! An announcement that stands already, another one's, is not written again, and carries nothing. Then it is the fences that
//! keep the asking before the look at the thing: either who changes it comes first, and is seen, or he finds the announcement,
//! and his ring the teller, as above.
//!
//! ## Edges
//! | edge | first | second | carries | model that fails without it |
//! |---|---|---|---|---|
//! | asked | `ask`: the word; fence; the announcement in the thing | ringer: the announcement; fence; look at the bell; teller: the bell; fence; `look`: load of the word | that he has asked | `who_asks_while_a_thing_changes_is_told`, `who_asks_where_another_one_was_announced_is_told` |

use crate::shim::{AtomicU32, Ordering, fence};
use crate::sync::many::{Net, Source};

const ASKED: u32 = 1;
const ANSWERED: u32 = 0;

/// The word. Nobody has asked at first.
pub(crate) struct Asked(AtomicU32);

impl Asked {
    pub(crate) fn new() -> Asked {
        Asked(AtomicU32::new(ANSWERED))
    }

    /// Asks to be told once the thing is ready. True: it is ready now, and nobody else tells.
    pub(crate) fn ask<'a>(&self, source: &'a dyn Source, net: &mut Net<'a>) -> bool {
        self.0.store(ASKED, Ordering::Relaxed);
        // SeqCst: where another one was announced already, nothing of ours is written behind the asking that would carry it, and
        // the look at the thing must not come before it.
        fence(Ordering::SeqCst); // edge: asked; who finds the announcement finds this before his fence
        source.arm(net) && self.answer()
    }

    /// Whether to tell now. The caller has announced himself at the bell.
    pub(crate) fn look<'a>(&self, source: &'a dyn Source, net: &mut Net<'a>) -> bool {
        self.is_asked() && source.arm(net) && self.answer()
    }

    /// Whether an answer is owed.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed) == ASKED // Relaxed: the bell's fence is before it
    }

    /// True for one of those who find the thing ready.
    pub(crate) fn answer(&self) -> bool {
        self.0.swap(ANSWERED, Ordering::Relaxed) == ASKED // Relaxed: the thing's own words carry what is in it
    }
}
