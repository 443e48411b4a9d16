//! Structs that may grow: led by `size_t struct_size`, zero means default.
//!
//! * what lives here: reading one from a caller that is older or newer than this library, and filling one
//! * who calls it: the C functions that take options or hand out a struct
//! * what it may call: `error`
//! * the invariant: not a byte beyond `struct_size` is read or written
//! * where it is tested: below
//!
//! | the caller's struct is | read                                             | fill                        |
//! |------------------------|--------------------------------------------------|-----------------------------|
//! | as ours                | copied                                           | written                     |
//! | shorter (older)        | what is missing is 0, the default                | what fits is written        |
//! | longer (newer)         | accepted if what we do not know is 0, else VERSION | what we do not know is 0  |
//! | NULL                   | all defaults                                     | NULL is an error            |

use crate::error::{Error, ErrorKind};
use std::ptr;

/// No struct of ours will ever be so long; a size above is a forgotten initialisation.
const LONGEST: usize = 4096;

/// A struct that C sees and that may grow. Implemented by [`sized!`] only.
///
/// # Safety
/// `repr(C)`, the first field is `struct_size: usize`, every bit pattern is valid, and there is no padding.
pub(super) unsafe trait SizedStruct: Copy {}

/// Declares a struct that may grow and checks that it is laid out as one: every field named, no gap between them.
macro_rules! sized {
    ($name:ty { struct_size, $($field:ident: $kind:ty),* $(,)? }) => {
        const _: () = {
            assert!(std::mem::offset_of!($name, struct_size) == 0, "struct_size comes first");
            let mut end = size_of::<usize>();
            $(
                assert!(std::mem::offset_of!($name, $field) == end, concat!("padding before ", stringify!($field)));
                end += size_of::<$kind>();
            )*
            assert!(end == size_of::<$name>(), "padding at the end");
        };
        // SAFETY: the first field and the absence of padding are asserted above; the fields are integers and raw
        // pointers (they must be `Plain`), so every bit pattern is valid.
        unsafe impl $crate::capi::options::SizedStruct for $name {}
        const _: fn($name) = |it| { $($crate::capi::options::plain::<$kind>(it.$field);)* };
    };
}
pub(super) use sized;

/// A field for which every bit pattern is valid.
pub(super) trait Plain {}
macro_rules! plain { ($($kind:ty),*) => { $(impl Plain for $kind {})* } }
plain!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);
impl<const N: usize> Plain for [std::ffi::c_char; N] {}
impl<T> Plain for *const T {}
impl<T> Plain for *mut T {}

/// Fails to compile where a field is not [`Plain`].
pub(super) const fn plain<T: Plain + Copy>(_: T) {}

/// Copies the caller's options; what he does not know is zero. NULL: all zero.
///
/// # Safety
/// NULL, misaligned, or readable for the `struct_size` bytes that its first field tells.
pub(super) unsafe fn read<T: SizedStruct>(from: *const T) -> Result<T, ErrorKind> {
    // SAFETY: every bit pattern of a `SizedStruct` is valid.
    let mut ours: T = unsafe { std::mem::zeroed() };
    if from.is_null() {
        return Ok(ours);
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    let theirs = unsafe { struct_size(from)? };
    let known = theirs.min(size_of::<T>());
    // SAFETY: `known` bytes are readable there and writable here, and here is a local.
    unsafe { ptr::copy_nonoverlapping(from.cast::<u8>(), (&raw mut ours).cast::<u8>(), known) };
    // SAFETY: the bytes from `known` to `theirs` are part of the caller's struct.
    let unknown = unsafe { std::slice::from_raw_parts(from.cast::<u8>().add(known), theirs - known) };
    if unknown.iter().any(|byte| *byte != 0) {
        return Err(ErrorKind::Version);
    }
    Ok(ours)
}

/// Refuses what a later version may give a meaning to: `bits` are those that this one does not know.
pub(super) fn unknown(what: &str, bits: u32) -> Result<(), Error> {
    if bits == 0 {
        Ok(())
    } else {
        Err(Error::with(ErrorKind::Version, format!("{what}: {bits:#x} is unknown")))
    }
}

/// A caller's struct that can be filled.
pub(super) struct Fill<T> {
    to: *mut T,
    size: usize,
}

/// Checks a struct that is to be filled.
///
/// # Safety
/// NULL, misaligned, or writable for the `struct_size` bytes that its first field tells, until [`Fill::set`].
pub(super) unsafe fn fill<T: SizedStruct>(to: *mut T) -> Result<Fill<T>, ErrorKind> {
    if to.is_null() {
        return Err(ErrorKind::Null);
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    Ok(Fill { to, size: unsafe { struct_size(to)? } })
}

impl<T: SizedStruct> Fill<T> {
    /// Writes what the caller's struct has room for and clears what we do not know. `struct_size` stays his.
    pub(super) fn set(self, value: T) {
        let (known, head) = (self.size.min(size_of::<T>()), size_of::<usize>());
        let to = self.to.cast::<u8>();
        // SAFETY: `head` <= `known` <= `size`, and `size` bytes are writable by the promise made to `fill`.
        unsafe {
            ptr::copy_nonoverlapping((&raw const value).cast::<u8>().add(head), to.add(head), known - head);
            ptr::write_bytes(to.add(known), 0, self.size - known);
        }
    }
}

/// # Safety
/// Not NULL; misaligned, or readable for a `usize`.
unsafe fn struct_size<T: SizedStruct>(of: *const T) -> Result<usize, ErrorKind> {
    if !of.is_aligned() {
        return Err(ErrorKind::Invalid);
    }
    // SAFETY: aligned; a `SizedStruct` begins with its size.
    let size = unsafe { of.cast::<usize>().read() };
    if (size_of::<usize>()..=LONGEST).contains(&size) { Ok(size) } else { Err(ErrorKind::Invalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Old {
        struct_size: usize,
        a: u64,
    }
    sized!(Old { struct_size, a: u64 });

    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct New {
        struct_size: usize,
        a: u64,
        b: u32,
        c: u32,
    }
    sized!(New { struct_size, a: u64, b: u32, c: u32 });

    static NEW: New = New { struct_size: size_of::<New>(), a: 1, b: 2, c: 3 };
    static OLD: Old = Old { struct_size: size_of::<Old>(), a: 1 };

    /// Exactly `len` bytes of a struct on the heap, so that a checker of memory sees a byte too many.
    fn cut<T: SizedStruct>(of: &T, len: usize) -> Vec<u64> {
        let mut words = vec![0; len / 8];
        // SAFETY: `len` is a multiple of 8 and not above the size of `T`.
        unsafe { ptr::copy_nonoverlapping(ptr::from_ref(of).cast::<u64>(), words.as_mut_ptr(), len / 8) };
        words
    }

    #[test]
    fn null_and_zero_mean_default() {
        // SAFETY: NULL or a local.
        unsafe {
            assert_eq!(read::<New>(ptr::null()).unwrap().a, 0);
            assert_eq!(read(&raw const NEW).unwrap(), NEW);
        }
    }

    #[test]
    fn an_older_caller_gets_defaults_for_what_he_does_not_know() {
        let heap = cut(&OLD, size_of::<Old>());
        // SAFETY: as long as its struct_size says.
        let seen = unsafe { read(heap.as_ptr().cast::<New>()) }.unwrap();
        assert_eq!((seen.a, seen.b, seen.c), (1, 0, 0));
    }

    #[test]
    fn a_newer_caller_is_served_unless_he_asks_for_what_we_do_not_know() {
        let heap = cut(&New { b: 0, c: 0, ..NEW }, size_of::<New>());
        // SAFETY: as long as their struct_size says.
        unsafe {
            assert_eq!(read(heap.as_ptr().cast::<Old>()).unwrap().a, 1);
            assert_eq!(read((&raw const NEW).cast::<Old>()), Err(ErrorKind::Version));
        }
    }

    #[test]
    fn an_impossible_size_is_refused_before_it_is_believed() {
        for struct_size in [0, 1, size_of::<usize>() - 1, LONGEST + 1, usize::MAX] {
            let mut odd = Old { struct_size, a: 0 };
            // SAFETY: a local; the size is refused.
            unsafe {
                assert_eq!(read(&raw const odd), Err(ErrorKind::Invalid));
                assert_eq!(fill(&raw mut odd).err(), Some(ErrorKind::Invalid));
            }
        }
        let words = [0_u64; 4];
        // SAFETY: misaligned.
        unsafe {
            assert_eq!(read(words.as_ptr().byte_add(4).cast::<Old>()), Err(ErrorKind::Invalid));
            assert_eq!(fill::<Old>(ptr::null_mut()).err(), Some(ErrorKind::Null));
        }
    }

    #[test]
    fn filling_keeps_inside_the_callers_struct_and_clears_what_we_do_not_know() {
        let mut older = cut(&OLD, size_of::<Old>());
        let mut newer = New { a: 7, ..NEW };
        // SAFETY: as long as their struct_size says.
        unsafe {
            fill(older.as_mut_ptr().cast::<New>()).unwrap().set(New { struct_size: 0, a: 5, b: 6, c: 7 });
            fill((&raw mut newer).cast::<Old>()).unwrap().set(Old { struct_size: 0, a: 5 });
        }
        assert_eq!(older, [size_of::<Old>() as u64, 5]);
        assert_eq!(newer, New { struct_size: size_of::<New>(), a: 5, b: 0, c: 0 });
    }
}
