//! Arguments from C: strings, bytes, and places for results.
//!
//! * what lives here: the checks between a raw pointer and a borrow
//! * who calls it: the C functions
//! * what it may call: `error`
//! * the invariant: a pointer is looked at only after the check; an output is written on success only
//! * where it is tested: below

use crate::error::ErrorKind;
use std::ffi::{CStr, c_char, c_void};

/// Borrows a C string that is a name. NULL or not UTF-8: `Name`.
///
/// # Safety
/// NULL, or a string with its NUL that nobody changes during `'a`.
pub(super) unsafe fn name<'a>(string: *const c_char) -> Result<&'a str, ErrorKind> {
    if string.is_null() {
        return Err(ErrorKind::Name);
    }
    // SAFETY: not NULL; ends with NUL by the caller's promise.
    unsafe { CStr::from_ptr(string) }.to_str().map_err(|_| ErrorKind::Name)
}

/// Borrows bytes to read. NULL is allowed with `len` 0 only.
///
/// # Safety
/// NULL, or `len` readable bytes that nobody changes during `'a`.
#[inline(always)]
pub(super) unsafe fn bytes<'a>(data: *const c_void, len: usize) -> Result<&'a [u8], ErrorKind> {
    // SAFETY: the caller's promise.
    unsafe { items(data.cast(), len) }
}

/// Borrows bytes to write. NULL is allowed with `len` 0 only.
///
/// # Safety
/// NULL, or `len` writable bytes that nobody else uses during `'a`.
#[inline(always)]
pub(super) unsafe fn bytes_mut<'a>(data: *mut c_void, len: usize) -> Result<&'a mut [u8], ErrorKind> {
    // SAFETY: the caller's promise.
    unsafe { items_mut(data.cast(), len) }
}

/// Borrows an array to read. NULL is allowed with `count` 0 only; misaligned, or more than can be: `Invalid`.
///
/// # Safety
/// NULL, misaligned, or `count` readable items that nobody changes during `'a`.
#[inline(always)]
pub(super) unsafe fn items<'a, T>(first: *const T, count: usize) -> Result<&'a [T], ErrorKind> {
    match span(first, count)? {
        0 => Ok(&[]),
        // SAFETY: not NULL, aligned, not longer than a slice may be; readable by the caller's promise.
        count => Ok(unsafe { std::slice::from_raw_parts(first, count) }),
    }
}

/// Borrows an array to write, as [`items`].
///
/// # Safety
/// NULL, misaligned, or `count` writable items that nobody else uses during `'a`.
#[inline(always)]
pub(super) unsafe fn items_mut<'a, T>(first: *mut T, count: usize) -> Result<&'a mut [T], ErrorKind> {
    match span(first, count)? {
        0 => Ok(&mut []),
        // SAFETY: not NULL, aligned, not longer than a slice may be; writable and ours by the caller's promise.
        count => Ok(unsafe { std::slice::from_raw_parts_mut(first, count) }),
    }
}

#[inline(always)]
fn span<T>(first: *const T, count: usize) -> Result<usize, ErrorKind> {
    if count > isize::MAX as usize / size_of::<T>() || !first.is_aligned() {
        return Err(ErrorKind::Invalid);
    }
    if first.is_null() && count > 0 {
        return Err(ErrorKind::Null);
    }
    Ok(count)
}

/// A checked place for a result.
pub(super) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// The place: not NULL, aligned.
    pub(super) fn as_ptr(&self) -> *mut T {
        self.0
    }

    /// Writes the result.
    #[inline(always)]
    pub(super) fn set(self, value: T) {
        // SAFETY: not NULL and aligned (`out`), writable by the promise made there.
        unsafe { self.0.write(value) }
    }
}

/// Checks a place for a result, before anything is done whose result would be lost. NULL: `Null`; misaligned:
/// `Invalid`.
///
/// # Safety
/// NULL, misaligned, or writable for one `T` until [`Out::set`].
#[inline(always)]
pub(super) unsafe fn out<T>(place: *mut T) -> Result<Out<T>, ErrorKind> {
    if place.is_null() {
        return Err(ErrorKind::Null);
    }
    if !place.is_aligned() {
        return Err(ErrorKind::Invalid);
    }
    Ok(Out(place))
}

/// As [`out`], for a result that the caller may do without: NULL is none.
///
/// # Safety
/// As [`out`].
pub(super) unsafe fn out_or_null<T>(place: *mut T) -> Result<Option<Out<T>>, ErrorKind> {
    if place.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    unsafe { out(place) }.map(Some)
}

/// What is behind an argument of C that goes with a callback, which the caller lets any thread have.
pub(super) struct Argument(*mut c_void);
// SAFETY: the header asks for one that any thread may use.
unsafe impl Send for Argument {}
// SAFETY: as above.
unsafe impl Sync for Argument {}

impl Argument {
    pub(super) fn new(argument: *mut c_void) -> Argument {
        Argument(argument)
    }

    pub(super) fn get(&self) -> *mut c_void {
        self.0
    }
}

/// Copies a text the way snprintf(3) does: cut to fit (between characters), always with a NUL; answers the length of
/// the whole text. A NULL buffer or a `room` of 0 only asks for that length.
///
/// # Safety
/// NULL, or writable for `room` bytes.
pub(super) unsafe fn print(buffer: *mut c_char, room: usize, text: &str) -> usize {
    if !buffer.is_null() && room > 0 {
        let fits = text.floor_char_boundary(room - 1);
        // SAFETY: `fits` < `room` writable bytes, and `fits` <= the text's length.
        unsafe {
            buffer.copy_from_nonoverlapping(text.as_ptr().cast(), fits);
            buffer.add(fits).write(0);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    #[test]
    fn a_name_is_a_string_in_utf8() {
        // SAFETY: NULL or literals.
        unsafe {
            assert_eq!(name(c"yard-1".as_ptr()), Ok("yard-1"));
            assert_eq!(name(ptr::null()), Err(ErrorKind::Name));
            assert_eq!(name(c"\xff".as_ptr()), Err(ErrorKind::Name));
        }
    }

    #[test]
    fn bytes_may_be_null_only_when_there_are_none() {
        let mut three = [1_u8, 2, 3];
        let (read, write) = (three.as_ptr().cast::<c_void>(), three.as_mut_ptr().cast::<c_void>());
        // SAFETY: NULL, or inside `three`; the impossible length is refused before it is used.
        unsafe {
            assert_eq!(bytes(ptr::null(), 0), Ok(&[][..]));
            assert_eq!(bytes(ptr::null(), 1), Err(ErrorKind::Null));
            assert_eq!(bytes(read, usize::MAX), Err(ErrorKind::Invalid));
            assert_eq!(bytes(read, 2), Ok(&[1, 2][..]));
            assert_eq!(bytes_mut(ptr::null_mut(), 0).unwrap().len(), 0);
            assert_eq!(bytes_mut(ptr::null_mut(), 1), Err(ErrorKind::Null));
            bytes_mut(write, 3).unwrap()[2] = 9;
        }
        assert_eq!(three, [1, 2, 9]);
    }

    #[test]
    fn an_array_is_checked_as_a_whole() {
        let mut two = [1_u64, 2];
        let at = two.as_mut_ptr();
        // SAFETY: NULL, misaligned, or inside `two`; the impossible length is refused before it is used.
        unsafe {
            assert_eq!(items(at.cast_const(), 2), Ok(&[1, 2][..]));
            assert_eq!(items(at.byte_add(1).cast_const(), 1), Err(ErrorKind::Invalid));
            assert_eq!(items(at.cast_const(), usize::MAX / 8), Err(ErrorKind::Invalid));
            assert_eq!(items_mut::<u64>(ptr::null_mut(), 1), Err(ErrorKind::Null));
            items_mut(at, 2).unwrap()[1] = 7;
        }
        assert_eq!(two, [1, 7]);
    }

    #[test]
    fn an_output_is_checked_first_and_written_later() {
        let mut place = 1_u32;
        // SAFETY: NULL, misaligned, or a local.
        unsafe {
            assert_eq!(out::<u32>(ptr::null_mut()).err(), Some(ErrorKind::Null));
            assert_eq!(out((&raw mut place).byte_add(1)).err(), Some(ErrorKind::Invalid));
            out(&raw mut place).unwrap().set(5);
        }
        assert_eq!(place, 5);
    }

    #[test]
    fn text_is_printed_as_snprintf_does() {
        let mut buffer = [b'#'; 8];
        let at = buffer.as_mut_ptr().cast::<c_char>();
        // SAFETY: NULL, or at most the eight bytes of the buffer.
        unsafe {
            assert_eq!(print(ptr::null_mut(), 8, "abc"), 3);
            assert_eq!(print(at, 0, "abc"), 3);
            assert_eq!(&buffer, b"########");
            assert_eq!(print(at, 3, "abc"), 3);
            assert_eq!(&buffer[..4], b"ab\0#");
            assert_eq!(print(at, 3, "aé"), 3);
            assert_eq!(&buffer[..4], b"a\0\0#", "cut between characters");
        }
    }
}
