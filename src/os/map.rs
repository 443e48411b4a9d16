//! Memory: a yard's mapping, the page that pins its locks, a thread's page pair, pages that a fork child finds empty.

use crate::error::{Error, ErrorKind, Result};
use crate::os::{errno, error, page_size};
use memmap2::{Advice, MmapOptions, MmapRaw};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;

fn io(call: &str) -> impl Fn(std::io::Error) -> Error + '_ {
    move |e| error(call, e.raw_os_error().unwrap_or(libc::EIO))
}

/// A whole yard, shared, readable and writable.
pub(crate) struct Mapping(MmapRaw);

impl Mapping {
    /// Maps the first `len` bytes of the file.
    pub(crate) fn new(fd: BorrowedFd<'_>, len: usize) -> Result<Mapping> {
        MmapOptions::new().len(len).map_raw(fd.as_raw_fd()).map(Mapping).map_err(io("mmap"))
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        // mmap never returns null for a mapping of its own choice.
        NonNull::new(self.0.as_mut_ptr()).unwrap_or(NonNull::dangling())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// One page of a file, mapped only to keep its description, and so its locks, until this process is gone.
/// A fork child does not have it.
pub(crate) struct Pin(#[allow(dead_code)] MmapRaw); // held, never read

impl Pin {
    pub(crate) fn new(fd: BorrowedFd<'_>) -> Result<Pin> {
        let page = MmapOptions::new().len(page_size()).map_raw(fd.as_raw_fd()).map_err(io("mmap"))?;
        page.advise(Advice::DontFork).map_err(io("madvise(DONTFORK)"))?;
        Ok(Pin(page))
    }
}

/// Private zeroed memory.
fn reserve(len: usize) -> Result<*mut u8> {
    let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: the kernel chooses the place.
    let p = unsafe { libc::mmap(std::ptr::null_mut(), len, prot, flags, -1, 0) };
    if p == libc::MAP_FAILED {
        return Err(error("mmap", errno()));
    }
    Ok(p.cast())
}

/// A page of a yard with a private page right behind it: a word at the end of the first has its robust-list node in
/// the second, where no peer can reach it.
pub(crate) struct Pair {
    base: NonNull<u8>,
}

impl Pair {
    /// Maps once more the page of shared memory that lies at `shared`, and a private page behind it.
    ///
    /// mremap(2) with an old size of 0 makes the second mapping without a descriptor, which somebody may have closed.
    pub(crate) fn new(shared: *mut u8) -> Result<Pair> {
        let page = page_size();
        let base = reserve(2 * page)?;
        let pair = Pair { base: NonNull::new(base).ok_or(Error::new(ErrorKind::NoMemory))? };
        let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
        // SAFETY: `shared` is the start of a page of a shared mapping; the target page was reserved above.
        let moved = unsafe { libc::mremap(shared.cast(), 0, page, flags, base) };
        if moved == libc::MAP_FAILED {
            return Err(error("mremap", errno()));
        }
        Ok(pair)
    }

    /// The word at `offset` of the shared page.
    pub(crate) fn word(&self, offset: usize) -> *mut u32 {
        debug_assert!(offset < page_size());
        self.base.as_ptr().wrapping_add(offset).cast()
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        // SAFETY: both pages are ours; the owner has unlinked the node before.
        unsafe { libc::munmap(self.base.as_ptr().cast(), 2 * page_size()) };
    }
}

/// A private page that a fork child finds filled with zeros.
pub(crate) struct Wiped {
    base: NonNull<u8>,
}

// SAFETY: plain memory; what is shared in it is atomic.
unsafe impl Send for Wiped {}
// SAFETY: as above.
unsafe impl Sync for Wiped {}

impl Wiped {
    pub(crate) fn new() -> Result<Wiped> {
        let base = reserve(page_size())?;
        let page = Wiped { base: NonNull::new(base).ok_or(Error::new(ErrorKind::NoMemory))? };
        // SAFETY: the page is ours.
        if unsafe { libc::madvise(base.cast(), page_size(), libc::MADV_WIPEONFORK) } != 0 {
            return Err(error("madvise(WIPEONFORK)", errno()));
        }
        Ok(page)
    }

    pub(crate) fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        // SAFETY: the page is ours and nobody borrows from it any more.
        unsafe { libc::munmap(self.base.as_ptr().cast(), page_size()) };
    }
}
