//! The struct, for C: plain data whose size is said with every call.
//!
//! * what lives here: `cyd_struct_t`
//! * who calls it: C programs
//! * what it may call: `objects::structs`
//! * the invariant: a wrong size is refused before memory is touched; a read that meets no writer runs before the
//!   boundary, touches no thread-local, allocates nothing and cannot panic
//! * where it is tested: `ffi-tests/c/struct.c`

use crate::capi::status::{CYD_OK, cyd_status_t};
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle};
use crate::error::{Error, ErrorKind, Result};
use crate::objects::directory::How;
use crate::objects::structs::AnyStruct;
use crate::objects::structs::layout::Shape;
use crate::objects::structs::place::Place;
use crate::sync::wait::Timeout;
use std::ffi::{c_char, c_void};

/// A C struct of 1 to 4096 bytes that processes share, replaced and read as a whole. Fresh ones are all zeros.
///
/// Reading takes no lock and waits for nobody: there are two copies, and writers, one at a time, write the one that is
/// not the value. What is read is always one whole value; who reads it also sees what its writer did before. A writer
/// that dies leaves the old value, and the next one goes on at once. Several threads may use a handle at a time.
///
/// The struct must mean the same in every process: no pointers. Padding is stored as it is.
pub struct cyd_struct_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_struct_t, AnyStruct, b"stru");

/// A shape that C names: 0 bytes is any, if that is allowed.
pub(super) fn shape(size: usize, alignment: usize, how: How) -> Result<Option<Shape>> {
    if size == 0 && how == How::Open { Ok(None) } else { Shape::new(size, alignment).map(Some) }
}

/// What the three ways to come to a struct have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    how: How,
    (size, alignment): (usize, usize),
    out: *mut *mut cyd_struct_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        out.set(handle::open(AnyStruct::obtain(yard, name, how, shape(size, alignment, how)?)?)?);
        Ok(())
    })
}

/// Reads a place, before the boundary if no writer is met.
///
/// # Safety
/// NULL, or writable for `size` bytes.
#[inline(always)]
pub(super) unsafe fn read(place: Place<'_>, out: *mut c_void, size: usize) -> cyd_status_t {
    // SAFETY: the caller's promise.
    match unsafe { args::bytes_mut(out, size) } {
        Ok(to) => {
            if place.get_fast(to) {
                return CYD_OK;
            }
            boundary::call(|| place.get(to))
        }
        Err(wrong) => boundary::code(Err::<(), _>(wrong)),
    }
}

/// Tells a shape.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
pub(super) unsafe fn tell(shape: Shape, size: *mut usize, alignment: *mut usize) -> Result<()> {
    // SAFETY: the caller's promise.
    let size = unsafe { args::out(size)? };
    if !alignment.is_null() {
        // SAFETY: as above.
        unsafe { args::out(alignment)? }.set(shape.alignment());
    }
    size.set(shape.size());
    Ok(())
}

/// Runs a C function on a private copy.
///
/// # Safety
/// `change` may be called with bytes of that size, and with `context`.
pub(super) unsafe fn update(
    place: Place<'_>,
    size: usize,
    timeout: Timeout,
    change: Option<unsafe extern "C" fn(value: *mut c_void, context: *mut c_void)>,
    context: *mut c_void,
) -> Result<()> {
    let change = change.ok_or(Error::new(ErrorKind::Null))?;
    place.update(size, timeout, |value| {
        // SAFETY: as many bytes as the caller said, ours alone; the rest is his promise.
        unsafe { change(value.as_mut_ptr().cast(), context) }
    })
}

/// Makes a struct; it is all zeros.
///
/// \param yard       Where. Borrowed; the struct keeps the yard open by itself.
/// \param name       1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param size       sizeof the struct: 1 to 4096.
/// \param alignment  _Alignof the struct: a power of two up to 64, of which `size` is a multiple.
/// \param out        Receives the handle; close it with cyd_struct_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_SIZE      there is no such struct: `size` or `alignment` is out of range
///   - #CYD_E_EXISTS    the name is taken
///   - #CYD_E_NAME      `name` is no legal name, or NULL
///   - #CYD_E_NO_SPACE  the yard is full
///   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
///   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
///   - #CYD_E_INVALID   a pointer is misaligned
///   - #CYD_E_NULL      `yard` or `out` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
///
/// \par Threads    Any.
/// \par Processes  One of several that create the same name at once succeeds.
/// \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
/// \par Crash      The struct exists whole, or not at all.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_struct_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    size: usize,
    alignment: usize,
    out: *mut *mut cyd_struct_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, How::Create, (size, alignment), out) }
}

/// Opens a struct.
///
/// \param yard       Where. Borrowed; the struct keeps the yard open by itself.
/// \param name       1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param size       sizeof the struct; 0: whatever it has.
/// \param alignment  _Alignof the struct; ignored if `size` is 0.
/// \param out        Receives the handle; close it with cyd_struct_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_TYPE       the object of that name is no struct; or `yard` is no yard
///   - #CYD_E_MISMATCH   it has another size or alignment; cyd_last_error_message() names both
///   - #CYD_E_SIZE       there is no such struct: `size` or `alignment` is out of range
///   - #CYD_E_NAME       `name` is no legal name, or NULL
///   - #CYD_E_INVALID    a pointer is misaligned
///   - #CYD_E_NULL       `yard` or `out` is NULL
///   - #CYD_E_CLOSED     `yard` is closed
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_struct_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    size: usize,
    alignment: usize,
    out: *mut *mut cyd_struct_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, How::Open, (size, alignment), out) }
}

/// Opens a struct of this size and alignment, or makes it.
///
/// \param yard       Where. Borrowed; the struct keeps the yard open by itself.
/// \param name       1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param size       sizeof the struct: 1 to 4096.
/// \param alignment  _Alignof the struct: a power of two up to 64, of which `size` is a multiple.
/// \param out        Receives the handle; close it with cyd_struct_close().
///
/// \return As cyd_struct_open() and cyd_struct_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS.
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same struct.
/// \par Blocking   As cyd_struct_create().
/// \par Crash      As cyd_struct_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_struct_open_or_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    size: usize,
    alignment: usize,
    out: *mut *mut cyd_struct_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, How::OpenOrCreate, (size, alignment), out) }
}

/// Tells size and alignment of a struct.
///
/// \param it         Borrowed.
/// \param size       Receives its bytes.
/// \param alignment  Receives its alignment; may be NULL.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_struct_size(
    it: *const cyd_struct_t,
    size: *mut usize,
    alignment: *mut usize,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    boundary::call(|| unsafe { tell(handle::get(it)?.shape(), size, alignment) })
}

/// Reads a struct.
///
/// \param it    Borrowed.
/// \param out   Receives the value; it need not be aligned. After an error other than those of the arguments its bytes
///              are no value.
/// \param size  Of the value: what the struct has.
///
/// \return #CYD_OK, or
///   - #CYD_E_SIZE     `size` is not what the struct has
///   - #CYD_E_TIMEOUT  for ten seconds writers left no moment to read
///   - #CYD_E_CORRUPT  somebody writes without keeping the rules
///   - #CYD_E_NO_SLOTS, #CYD_E_UNSUPPORTED, #CYD_E_INTERRUPTED  as cyd_struct_set(), if the writers' lock was needed
///   - #CYD_E_NULL     `it` or `out` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `it` is closed, no struct, misaligned
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   No lock and no system call, unless writers came in between 64 times running; then it waits for their
///   lock, ten seconds at most. A writer that is stopped or dead holds up nobody. Not async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_struct_get(
    it: *const cyd_struct_t,
    out: *mut c_void,
    size: usize,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    match unsafe { handle::get(it) } {
        // SAFETY: as above.
        Ok(it) => unsafe { read(it.place(), out, size) },
        Err(wrong) => boundary::code(Err::<(), _>(wrong)),
    }
}

/// Stores a struct.
///
/// \param it          Borrowed.
/// \param in          The value; it need not be aligned. Borrowed for the call.
/// \param size        Of the value: what the struct has.
/// \param timeout_ns  For other writers: 0 tries and never waits; a negative value waits without limit.
///
/// \return #CYD_OK, or
///   - #CYD_E_SIZE         `size` is not what the struct has
///   - #CYD_E_BUSY         somebody else is writing, and `timeout_ns` is 0
///   - #CYD_E_TIMEOUT      somebody else still is after `timeout_ns`
///   - #CYD_E_DEADLOCK     in a function that cyd_struct_update() calls for the same struct, without limit
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_UNSUPPORTED  the thread can own nothing: it was made by a bare clone()
///   - #CYD_E_NULL         `it` or `in` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `it` is closed, no struct, misaligned
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Sleeps in the kernel while another writer lives and is not done. Not async-signal-safe.
/// \par Crash      Killed before the one store that commits: the old value. Killed after: the new one. The next writer
///   goes on at once.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_struct_set(
    it: *mut cyd_struct_t,
    r#in: *const c_void,
    size: usize,
    timeout_ns: i64,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        unsafe {
            let (place, from) = (handle::get(it)?.place(), args::bytes(r#in, size)?);
            handle::trying(it, timeout_ns, |timeout| place.set(from, timeout))
        }
    })
}

/// Changes a struct: `change` gets a private copy, which is stored when it returns. Writers wait meanwhile, readers get
/// the old value.
///
/// \param it          Borrowed.
/// \param size        What `change` takes the struct for: what it has.
/// \param timeout_ns  As cyd_struct_set().
/// \param change      Called once, in the calling thread, with the copy, which is aligned to 64. It may read the
///                    struct; it must not store it. It must return: not by longjmp(), not by an exception.
/// \param context     Handed to `change`.
///
/// \return As cyd_struct_set(), and
///   - #CYD_E_NULL       `it` or `change` is NULL
///   - #CYD_E_CORRUPT    somebody writes without keeping the rules; `change` was not called
///   - #CYD_E_NOT_OWNER  `change` has called fork() and this is the child, or has taken the thread out of the yard:
///     nothing is stored
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   As cyd_struct_set(). Not async-signal-safe.
/// \par Crash      As cyd_struct_set().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_struct_update(
    it: *mut cyd_struct_t,
    size: usize,
    timeout_ns: i64,
    change: Option<unsafe extern "C" fn(value: *mut c_void, context: *mut c_void)>,
    context: *mut c_void,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    boundary::call(|| unsafe {
        let place = handle::get(it)?.place();
        handle::trying(it, timeout_ns, |timeout| update(place, size, timeout, change, context))
    })
}

/// Closes a handle on a struct. NULL is harmless.
///
/// \param it    Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_struct_close(it: *mut cyd_struct_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(it) })
}
