//! The first page of a yard: what it is, which words it uses, where its parts lie.
#![allow(unsafe_code)] // `Shared`

use crate::error::{Error, ErrorKind, Result};
use crate::os::file;
use crate::segment::geometry::{Geometry, HEADER_BYTES};
use crate::segment::region::{Region, Shared};
use crate::shim::{AtomicU32, AtomicU64, Ordering, words};
use static_assertions::const_assert_eq;
use std::mem::offset_of;
use std::os::fd::BorrowedFd;

/// "courtyrd", read as a little-endian number.
pub(crate) const MAGIC: u64 = u64::from_le_bytes(*b"courtyrd");
/// Counts up with every change of what the bytes mean.
pub(crate) const LAYOUT_VERSION: u32 = 1;

/// Two builds with different words must not share a yard: byte order, pointer width, sizes of the control words.
pub(crate) const FORMAT: u32 = {
    let order = if cfg!(target_endian = "little") { 1 } else { 2 };
    let pointer = size_of::<usize>() as u32;
    order | pointer << 4 | 128 << 8 | 64 << 16
};

/// Where the doorbell lies.
pub(crate) const BELL_AT: u64 = 192;

/// Where the CPUs are that those who are in the yard, or were, may use.
pub(crate) const CPUS_AT: u64 = 48;

/// The header. Everything but the CPUs, the lock word and the bell is written before the yard has a name and never again.
#[repr(C)]
pub(crate) struct Header {
    magic: AtomicU64,
    version: AtomicU32,
    format: AtomicU32,
    total: AtomicU64,
    heap: AtomicU64,
    slots: AtomicU32,
    objects: AtomicU32,
    page: AtomicU32,
    reserved: AtomicU32,
    /// One bit for each CPU, modulo 64.
    cpus: AtomicU64,
    pad: [AtomicU64; 9],
    /// Guards the making of objects. A lock word (see `segment::bits`), on a line of its own.
    pub(crate) making: AtomicU32,
    pad_making: [AtomicU32; 15],
    /// Rung for those who wait for many things. An event count (see `segment::bits`).
    bell: AtomicU32,
    pad_end: [AtomicU32; 15],
}

const_assert_eq!(offset_of!(Header, magic), 0);
const_assert_eq!(offset_of!(Header, version), 8);
const_assert_eq!(offset_of!(Header, format), 12);
const_assert_eq!(offset_of!(Header, total), 16);
const_assert_eq!(offset_of!(Header, heap), 24);
const_assert_eq!(offset_of!(Header, slots), 32);
const_assert_eq!(offset_of!(Header, objects), 36);
const_assert_eq!(offset_of!(Header, page), 40);
const_assert_eq!(offset_of!(Header, cpus), CPUS_AT as usize);
const_assert_eq!(offset_of!(Header, making), 128);
const_assert_eq!(offset_of!(Header, bell), BELL_AT as usize);
const_assert_eq!(size_of::<Header>(), 256);
words!(
    "header",
    Header {
        magic,
        version,
        format,
        total,
        heap,
        slots,
        objects,
        page,
        reserved,
        cpus,
        pad,
        making,
        pad_making,
        bell,
        pad_end
    }
);

// SAFETY: repr(C), atomics only, zeros are a header of nothing.
unsafe impl Shared for Header {}

/// The bytes of the header that [`check`] reads.
const READ_BYTES: usize = 48;

/// Writes the header of a yard that nobody else can see yet.
pub(crate) fn write(region: &Region, geometry: &Geometry) -> Result<()> {
    let header: &Header = region.at(0)?;
    // Relaxed: the name that makes the yard visible is given by a system call later.
    header.version.store(LAYOUT_VERSION, Ordering::Relaxed);
    header.format.store(FORMAT, Ordering::Relaxed);
    header.total.store(geometry.total, Ordering::Relaxed);
    header.heap.store(geometry.heap(), Ordering::Relaxed);
    header.slots.store(geometry.slots, Ordering::Relaxed);
    header.objects.store(geometry.objects, Ordering::Relaxed);
    header.page.store(geometry.page, Ordering::Relaxed);
    header.magic.store(MAGIC, Ordering::Release);
    Ok(())
}

/// Reads the header from the file, before anything is mapped, and refuses what is not a yard of this version.
pub(crate) fn check(fd: BorrowedFd<'_>) -> Result<Geometry> {
    let stat = file::stat(fd)?;
    if !stat.regular {
        return Err(Error::with(ErrorKind::Foreign, "not a regular file"));
    }
    let mut bytes = [0u8; READ_BYTES];
    let n = file::read_start(fd, &mut bytes)?;
    parse(&bytes, n, stat.size)
}

fn u32_at(bytes: &[u8; READ_BYTES], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8; READ_BYTES], at: usize) -> u64 {
    let (low, high) = (u64::from(u32_at(bytes, at)), u64::from(u32_at(bytes, at + 4)));
    if cfg!(target_endian = "little") { low | high << 32 } else { high | low << 32 }
}

fn parse(bytes: &[u8; READ_BYTES], read: usize, size: u64) -> Result<Geometry> {
    if read < 8 || u64_at(bytes, 0) != MAGIC {
        return Err(Error::with(ErrorKind::Foreign, "it does not begin as a yard does"));
    }
    if read < READ_BYTES || size < HEADER_BYTES {
        return Err(Error::with(ErrorKind::Truncated, format!("{size} bytes are no whole header")));
    }
    let version = u32_at(bytes, 8);
    if version != LAYOUT_VERSION {
        let age = if version > LAYOUT_VERSION { "newer" } else { "older" };
        let detail = format!("layout version {version} is {age} than {LAYOUT_VERSION}");
        return Err(Error::with(ErrorKind::Version, detail));
    }
    let format = u32_at(bytes, 12);
    if format != FORMAT {
        return Err(Error::with(ErrorKind::Format, format!("word format {format:#x}, here {FORMAT:#x}")));
    }
    let (total, heap) = (u64_at(bytes, 16), u64_at(bytes, 24));
    let page = u32_at(bytes, 40);
    if page as usize != crate::os::page_size() {
        return Err(Error::with(ErrorKind::Format, format!("pages of {page} bytes")));
    }
    let geometry = Geometry::new(heap, u32_at(bytes, 32), u32_at(bytes, 36), page)
        .map_err(|e| Error::with(ErrorKind::Corrupt, format!("impossible geometry: {e}")))?;
    if geometry.total != total {
        return Err(Error::with(
            ErrorKind::Corrupt,
            format!("{total} bytes said, {} computed", geometry.total),
        ));
    }
    if size < total {
        return Err(Error::with(ErrorKind::Truncated, format!("{size} of {total} bytes")));
    }
    if size > total {
        return Err(Error::with(ErrorKind::Size, format!("{size} bytes instead of {total}")));
    }
    Ok(geometry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(geometry: &Geometry) -> [u8; READ_BYTES] {
        let mut b = [0; READ_BYTES];
        b[..8].copy_from_slice(&MAGIC.to_ne_bytes());
        b[8..12].copy_from_slice(&LAYOUT_VERSION.to_ne_bytes());
        b[12..16].copy_from_slice(&FORMAT.to_ne_bytes());
        b[16..24].copy_from_slice(&geometry.total.to_ne_bytes());
        b[24..32].copy_from_slice(&geometry.heap().to_ne_bytes());
        b[32..36].copy_from_slice(&geometry.slots.to_ne_bytes());
        b[36..40].copy_from_slice(&geometry.objects.to_ne_bytes());
        b[40..44].copy_from_slice(&geometry.page.to_ne_bytes());
        b
    }

    #[test]
    fn each_way_to_be_refused_has_its_own_kind() {
        let g = Geometry::new(4096, 4, 8, crate::os::page_size() as u32).unwrap();
        let good = header(&g);
        assert_eq!(parse(&good, READ_BYTES, g.total), Ok(g));
        let refused = |at: usize, xor: u8, size: u64| {
            let mut b = good;
            b[at] ^= xor;
            parse(&b, READ_BYTES, size).unwrap_err().kind()
        };
        assert_eq!(refused(0, 1, g.total), ErrorKind::Foreign);
        assert_eq!(refused(8, 2, g.total), ErrorKind::Version);
        assert_eq!(refused(12, 3, g.total), ErrorKind::Format);
        assert_eq!(refused(17, 1, g.total), ErrorKind::Corrupt);
        assert_eq!(refused(35, 0x80, g.total), ErrorKind::Corrupt);
        assert_eq!(refused(41, 0x20, g.total), ErrorKind::Format);
        assert_eq!(refused(44, 1, g.total - 1), ErrorKind::Truncated);
        assert_eq!(refused(44, 1, g.total + 1), ErrorKind::Size);
        assert_eq!(parse(&good, 20, 20).unwrap_err().kind(), ErrorKind::Truncated);
        assert_eq!(parse(&good, 3, 3).unwrap_err().kind(), ErrorKind::Foreign);
    }
}
