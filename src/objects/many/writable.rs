//! Room, as something to wait for.
#![forbid(unsafe_code)]

use crate::objects::many::{AsPart, Kept, Part};

/// A [`Queue`](crate::Queue), [`LifoQueue`](crate::LifoQueue), [`PriorityQueue`](crate::PriorityQueue) or
/// [`Connection`](crate::Connection) as something to wait for until it can be written to: there is room, or there will never be
/// any more. What that means for each, its `writable` says.
///
/// It keeps the yard open, but holds no end and no side of anything, and goes on when the handle is dropped that it was made from.
#[derive(Clone)]
pub struct Writable {
    kept: Kept,
    id: (usize, u32),
}

impl Writable {
    /// `word` is where those tell of it who make room.
    pub(crate) fn new(kept: Kept, word: usize) -> Writable {
        Writable { kept, id: (word, 0) }
    }
}

impl AsPart for Writable {
    fn part(&self) -> Part<'_> {
        let Kept { yard, manner, source } = &self.kept;
        Part { yard: Some(yard), id: self.id, manner: *manner, source: &**source }
    }

    fn keep(&self) -> Option<Kept> {
        Some(self.kept.clone())
    }
}

impl std::fmt::Debug for Writable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writable").finish_non_exhaustive()
    }
}
