//! Whether something may wait to which no number leads any more: said by whoever loses a number, asked by whoever has
//! nothing to do.
//!
//! The word is `how often it was said << 1 | raised`. Raising counts. Whoever has looked everywhere and has found nothing
//! lowers the very word that he saw before his look: if somebody has said so again meanwhile, it stays raised. So of what
//! was there before it was said either a look knows, or the word is raised still.
//!
//! ## Edges
//! | edge | release | acquire | carries | model that fails without it |
//! |---|---|---|---|---|
//! | astray | `raise`: read-modify-write | `said`: load | what waits | `what_has_gone_astray_is_found` |

use crate::shim::{AtomicU32, Ordering};

const RAISED: u32 = 1;
const ONCE_MORE: u32 = 2;

/// The word. All zeros: nothing was ever lost.
#[repr(transparent)]
pub(crate) struct Astray(AtomicU32);

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: transparent over an atomic; zero says that nothing is lost.
unsafe impl crate::segment::region::Shared for Astray {}

/// That it was said, and how often.
#[derive(Clone, Copy)]
pub(crate) struct Said(u32);

impl Astray {
    #[cfg(all(test, loom))]
    pub(crate) fn new() -> Astray {
        Astray(AtomicU32::new(0))
    }

    /// Says that something may wait to which no number leads.
    pub(crate) fn raise(&self) {
        let more = |word: u32| Some(word.wrapping_add(ONCE_MORE) | RAISED);
        let _ = self.0.fetch_update(Ordering::Release, Ordering::Relaxed, more); // edge: astray
    }

    /// Whether that was said, since somebody last looked everywhere in vain.
    #[inline]
    pub(crate) fn said(&self) -> Option<Said> {
        let word = self.0.load(Ordering::Acquire); // edge: astray
        (word & RAISED != 0).then_some(Said(word))
    }

    /// A look everywhere, after `said`, has found nothing.
    pub(crate) fn lower(&self, said: Said) {
        // Relaxed: it says nothing that others must see.
        let _ = self.0.compare_exchange(said.0, said.0 & !RAISED, Ordering::Relaxed, Ordering::Relaxed);
    }
}
