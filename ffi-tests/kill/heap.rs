//! The heap of a play's world and of its victim: handed out from front to back and never taken back, so that to allocate
//! and to free take the same instructions whatever was done before. A common heap joins, sorts and trims what was freed, in
//! the middle of some operation, in as many steps as its history asks for: no two runs would be the same.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Address space of one play; a page of it costs memory only when it is touched.
const ROOM: usize = 1 << 30;
/// What every piece is aligned to, at least.
const ALIGNMENT: usize = 16;

/// Where the room begins; 0: there is none.
static ROOM_AT: AtomicUsize = AtomicUsize::new(0);
/// How much of it has been handed out.
static USED: AtomicUsize = AtomicUsize::new(0);
/// Whether pieces are handed out from there.
static IN_USE: AtomicBool = AtomicBool::new(false);

/// Makes the calling process's heap, which its children go on with, each with its own copy.
pub(crate) fn make() {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: a fresh anonymous mapping touches no memory in use. It stays until the process ends.
    let room =
        unsafe { libc::mmap(std::ptr::null_mut(), ROOM, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
    assert!(room != libc::MAP_FAILED, "no room for a play's heap");
    ROOM_AT.store(room.expose_provenance(), Ordering::Relaxed);
}

/// From here on what is allocated comes from it, or no longer.
pub(crate) fn use_it(whether: bool) {
    IN_USE.store(whether && ROOM_AT.load(Ordering::Relaxed) != 0, Ordering::Relaxed);
}

struct Heap;

#[global_allocator]
static HEAP: Heap = Heap;

// SAFETY: a piece lies inside the room, aligned, and is handed out once, because USED only grows; whatever does not fit, and
// whatever is asked for elsewhere, is the system's.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !IN_USE.load(Ordering::Relaxed) {
            // SAFETY: as asked of us.
            return unsafe { System.alloc(layout) };
        }
        let room = ROOM_AT.load(Ordering::Relaxed);
        let alignment = layout.align().max(ALIGNMENT);
        let taken = layout.size().next_multiple_of(ALIGNMENT) + alignment;
        let at = (room + USED.fetch_add(taken, Ordering::Relaxed)).next_multiple_of(alignment);
        if at + layout.size() > room + ROOM {
            return std::ptr::null_mut();
        }
        std::ptr::with_exposed_provenance_mut(at)
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        let room = ROOM_AT.load(Ordering::Relaxed);
        if !(room..room + ROOM).contains(&piece.addr()) || room == 0 {
            // SAFETY: as asked of us; it was the system's.
            unsafe { System.dealloc(piece, layout) };
        }
    }
}
