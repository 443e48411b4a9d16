//! Where the parts of a yard lie: a pure function of its options, computed by whoever creates it and again by whoever
//! opens it.
//!
//! | part | begins at | bytes |
//! |---|---|---|
//! | header | 0 | 4096 |
//! | record of last faults | 4096 | 4096 |
//! | process entries | 8192 | 128 each |
//! | thread slots | after the entries | 64 each |
//! | directory | after the slots | 128 each |
//! | alive pages | next page | a page each |
//! | objects | after the alive pages | as asked, in whole pages |
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::segment::bits::PLACES_MAX;

/// Bytes of the header.
pub(crate) const HEADER_BYTES: u64 = 4096;
/// Bytes kept for the record of last faults.
pub(crate) const FAULTS_BYTES: u64 = 4096;
/// Bytes of a process entry.
pub(crate) const ENTRY_BYTES: u64 = 128;
/// Bytes of a thread slot.
pub(crate) const SLOT_BYTES: u64 = 64;
/// Bytes of a directory entry.
pub(crate) const OBJECT_BYTES: u64 = 128;
/// Everything that is placed in a yard begins at a multiple of this.
pub(crate) const LINE_BYTES: u64 = 128;
/// The most objects a directory can name.
pub(crate) const OBJECTS_MAX: u32 = 1 << 20;
/// The most bytes a yard can have.
const SIZE_MAX: u64 = 1 << 46;

/// Sizes and offsets, all in bytes from the start of the segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) slots: u32,
    pub(crate) objects: u32,
    pub(crate) page: u32,
    pub(crate) entries_at: u64,
    pub(crate) slots_at: u64,
    pub(crate) directory_at: u64,
    pub(crate) alive_at: u64,
    pub(crate) heap_at: u64,
    pub(crate) total: u64,
}

fn up(value: u64, to: u64) -> Option<u64> {
    value.checked_next_multiple_of(to)
}

impl Geometry {
    /// The geometry for `heap` bytes of objects, `slots` participants and `objects` names.
    pub(crate) fn new(heap: u64, slots: u32, objects: u32, page: u32) -> Result<Geometry> {
        if slots == 0 || slots > PLACES_MAX {
            return Err(Error::with(
                ErrorKind::Range,
                format!("{slots} slots asked, 1 to {PLACES_MAX} possible"),
            ));
        }
        if objects == 0 || objects > OBJECTS_MAX {
            let detail = format!("{objects} objects asked, 1 to {OBJECTS_MAX} possible");
            return Err(Error::with(ErrorKind::Range, detail));
        }
        if !page.is_power_of_two() || page < 4096 {
            return Err(Error::with(ErrorKind::Format, format!("pages of {page} bytes")));
        }
        Geometry::place(heap, slots, objects, page)
            .filter(|g| g.total <= SIZE_MAX && usize::try_from(g.total).is_ok())
            .ok_or_else(|| {
                Error::with(ErrorKind::Size, format!("{heap} bytes asked, at most {SIZE_MAX} possible"))
            })
    }

    fn place(heap: u64, slots: u32, objects: u32, page: u32) -> Option<Geometry> {
        let entries_at = HEADER_BYTES + FAULTS_BYTES;
        let slots_at = entries_at.checked_add(ENTRY_BYTES * u64::from(slots))?;
        let directory_at = up(slots_at.checked_add(SLOT_BYTES * u64::from(slots))?, LINE_BYTES)?;
        let alive_at = up(directory_at.checked_add(OBJECT_BYTES * u64::from(objects))?, u64::from(page))?;
        let heap_at = alive_at.checked_add(u64::from(slots) * u64::from(page))?;
        let total = heap_at.checked_add(up(heap, u64::from(page))?)?;
        Some(Geometry { slots, objects, page, entries_at, slots_at, directory_at, alive_at, heap_at, total })
    }

    /// Bytes for objects.
    pub(crate) fn heap(&self) -> u64 {
        self.total - self.heap_at
    }

    /// Bytes that one more slot costs.
    pub(crate) fn slot_bytes(&self) -> u64 {
        ENTRY_BYTES + SLOT_BYTES + u64::from(self.page)
    }

    /// Where the alive page of a slot begins.
    pub(crate) fn alive_page(&self, slot: u32) -> u64 {
        self.alive_at + u64::from(slot) * u64::from(self.page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_without_overlap() {
        for (slots, objects) in [(1, 1), (64, 256), (4095, 70_000)] {
            let g = Geometry::new(1, slots, objects, 4096).unwrap();
            assert!(g.entries_at + u64::from(slots) * ENTRY_BYTES <= g.slots_at);
            assert!(g.slots_at + u64::from(slots) * SLOT_BYTES <= g.directory_at);
            assert!(g.directory_at + u64::from(objects) * OBJECT_BYTES <= g.alive_at);
            assert_eq!((g.alive_at % 4096, g.alive_page(slots), g.heap()), (0, g.heap_at, 4096));
        }
    }

    #[test]
    fn impossible_sizes_are_refused_by_kind() {
        let kind = |heap, slots, objects, page| Geometry::new(heap, slots, objects, page).unwrap_err().kind();
        assert_eq!(kind(0, 0, 1, 4096), ErrorKind::Range);
        assert_eq!(kind(0, 4096, 1, 4096), ErrorKind::Range);
        assert_eq!(kind(0, 1, 0, 4096), ErrorKind::Range);
        assert_eq!(kind(u64::MAX, 1, 1, 4096), ErrorKind::Size);
        assert_eq!(kind(1 << 47, 1, 1, 4096), ErrorKind::Size);
        assert_eq!(kind(0, 1, 1, 1000), ErrorKind::Format);
    }
}
