//! A shared page of words, which stage, victim and roles see at the same address.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64};

const SIZE: usize = 4096;

/// The page.
#[repr(C)]
struct Page {
    words: [AtomicU64; 16],
    futexes: [AtomicU32; 16],
}

/// A mapping of the page, zeroed at first.
pub(crate) struct Words(NonNull<Page>);

impl Words {
    /// An anonymous shared page.
    pub(crate) fn new() -> Words {
        Words::map(libc::MAP_SHARED | libc::MAP_ANONYMOUS, -1)
    }

    /// The first page of a file, which is at least that long.
    pub(crate) fn of_file(fd: i32) -> Words {
        Words::map(libc::MAP_SHARED, fd)
    }

    fn map(flags: i32, fd: i32) -> Words {
        // SAFETY: a fresh mapping touches no memory in use.
        let base = unsafe {
            libc::mmap(std::ptr::null_mut(), SIZE, libc::PROT_READ | libc::PROT_WRITE, flags, fd, 0)
        };
        assert!(base != libc::MAP_FAILED, "no memory for a page of words");
        Words(NonNull::new(base.cast()).expect("a mapping has an address"))
    }

    fn page(&self) -> &Page {
        // SAFETY: the mapping lives as long as self and holds atomics only.
        unsafe { self.0.as_ref() }
    }

    /// One of sixteen words.
    pub(crate) fn word(&self, index: usize) -> &AtomicU64 {
        &self.page().words[index]
    }

    /// One of sixteen words to sleep on.
    pub(crate) fn futex(&self, index: usize) -> &AtomicU32 {
        &self.page().futexes[index]
    }

    /// The page as bytes.
    pub(crate) fn range(&self) -> (*const u8, usize) {
        (self.0.as_ptr().cast(), SIZE)
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        // SAFETY: mapped by `map` with this length; no reference outlives self.
        unsafe { libc::munmap(self.0.as_ptr().cast(), SIZE) };
    }
}
