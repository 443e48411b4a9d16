//! Arrays, for C: numbers whose type is said with every call, and structs.
//!
//! * what lives here: `cyd_array_t`, `cyd_struct_array_t`
//! * who calls it: C programs; signal handlers
//! * what it may call: `objects::array`
//! * the invariant: a wrong type, size or index is refused before memory is touched; the functions of single numbers and
//!   of runs of them touch no thread-local, allocate nothing and cannot panic
//! * where it is tested: `ffi-tests/c/array.c`

use crate::capi::status::{CYD_OK, cyd_status_t};
use crate::capi::structs::{read, shape, tell, update};
use crate::capi::value::{CYD_TYPE_ANY, Number, cyd_op_t, cyd_type_t, scalar};
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::{ErrorKind, Result};
use crate::objects::array::layout::Element;
use crate::objects::array::{AnyArray, AnyStructArray, ArrayOptions, Asked};
use crate::objects::directory::How;
use crate::objects::rlock::RLock;
use crate::objects::value::{Cell, Op, ScalarType};
use crate::sync::wait::Timeout;
use std::ffi::{c_char, c_void};

/// Numbers of one type that processes share. Fresh elements are 0: whoever opens an array between its making and the maker's
/// first store sees that.
///
/// Each element is what a cyd_value_t is: every access is one atomic access of the number's own width. Runs of elements
/// are copied one by one, each atomically, not the run as a whole. Several threads may use a handle at a time.
///
/// Python's type codes are these types: c U8, u WCHAR, b I8, B U8, h I16, H U16, i I32, I U32, l I64, L U64 (where long
/// has 8 bytes, else I32 and U32), q I64, Q U64, f F32, d F64.
pub struct cyd_array_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_array_t, AnyArray, b"arra");

/// Structs of one size that processes share: each element is what a cyd_struct_t is.
///
/// An element of n bytes takes 64 and twice n, rounded up to 64. Several threads may use a handle at a time.
pub struct cyd_struct_array_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_struct_array_t, AnyStructArray, b"sarr");

/// The element that the caller names, if the array is of the type that he takes it for: `Type` and `Range` else.
///
/// # Safety
/// As `handle::get`.
#[inline(always)]
unsafe fn element<'a>(
    array: *const cyd_array_t,
    code: cyd_type_t,
    index: usize,
) -> std::result::Result<(&'a AnyArray, ScalarType, Cell), ErrorKind> {
    // SAFETY: the caller's promise.
    let (array, kind) = unsafe { typed(array, code) }?;
    Ok((array, kind, array.cell(index).ok_or(ErrorKind::Range)?))
}

/// Borrows an array of the type that the caller names: `Type` if it has another.
///
/// # Safety
/// As `handle::get`.
#[inline(always)]
unsafe fn typed<'a>(
    array: *const cyd_array_t,
    code: cyd_type_t,
) -> std::result::Result<(&'a AnyArray, ScalarType), ErrorKind> {
    // SAFETY: the caller's promise.
    let array = unsafe { handle::get(array) }?;
    let kind = array.kind();
    if kind as cyd_type_t == code { Ok((array, kind)) } else { Err(ErrorKind::Type) }
}

/// A run of elements, each with its place among the numbers that C has side by side.
///
/// # Safety
/// As [`typed`]; `numbers` is NULL, or as long as `count` numbers of the array's type.
#[inline]
unsafe fn run(
    array: *const cyd_array_t,
    code: cyd_type_t,
    (start, count): (usize, usize),
    numbers: *const c_void,
) -> std::result::Result<(ScalarType, impl Iterator<Item = (Cell, Number)>), ErrorKind> {
    // SAFETY: the caller's promise.
    let (array, kind) = unsafe { typed(array, code) }?;
    let cells = array.cells(kind, start, count).ok_or(ErrorKind::Range)?;
    // SAFETY: NULL, or one number at least, unless the run is empty, and then nobody looks at it.
    let first = unsafe { Number::new(numbers) };
    if count > 0 {
        first?;
    }
    // SAFETY: the `i`-th of as many numbers as there are elements.
    let places =
        (0..count).filter_map(move |i| unsafe { Number::new(numbers.byte_add(i * kind.bytes())) }.ok());
    Ok((kind, cells.zip(places)))
}

/// How an array is made. Zero means default; a NULL pointer to it means all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_array_options_t {
    /// sizeof(cyd_array_options_t)
    pub struct_size: usize,
    /// 1: the array has a lock of its own, for cyd_array_lock().
    pub lock: u32,
    /// Must be 0.
    pub reserved: u32,
}
options::sized!(cyd_array_options_t { struct_size, lock: u32, reserved: u32 });

/// # Safety
/// As `options::read`.
unsafe fn options(from: *const cyd_array_options_t) -> Result<ArrayOptions> {
    // SAFETY: the caller's promise.
    let theirs = unsafe { options::read(from)? };
    options::unknown("lock", theirs.lock & !1)?;
    options::unknown("reserved", theirs.reserved)?;
    Ok(ArrayOptions { lock: theirs.lock == 1 })
}

/// What the three ways to come to an array have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    how: How,
    asked: impl FnOnce() -> Result<Asked>,
    out: *mut *mut cyd_array_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        out.set(handle::open(AnyArray::obtain(yard, name, how, asked()?)?)?);
        Ok(())
    })
}

/// An array that must be like this, or is made so.
///
/// # Safety
/// As `options::read`.
unsafe fn wanted(code: cyd_type_t, len: usize, from: *const cyd_array_options_t) -> Result<Asked> {
    // SAFETY: the caller's promise.
    let options = unsafe { options(from)? };
    Ok(Asked { element: Some(Element::Scalar(scalar(code)?)), len: Some(len), lock: Some(options.lock) })
}

/// Makes an array; its elements are 0.
///
/// \param yard     Where. Borrowed; the array keeps the yard open by itself.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param type     A CYD_TYPE_ number.
/// \param len      How many elements: at least 1.
/// \param options  NULL for all defaults. Borrowed for the call.
/// \param out      Receives the handle; close it with cyd_array_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_RANGE                `len` is 0
///   - #CYD_E_SIZE                 there cannot be so many bytes
///   - #CYD_E_EXISTS               the name is taken
///   - #CYD_E_NAME                 `name` is no legal name, or NULL
///   - #CYD_E_NO_SPACE             the yard is full
///   - #CYD_E_NO_SLOTS             the directory, or the table of threads, is full
///   - #CYD_E_TIMEOUT              another object has been in the making for ten seconds
///   - #CYD_E_INVALID              `type` is no type, a pointer is misaligned, `struct_size` is not set
///   - #CYD_E_VERSION              `options` asks for what this library does not know
///   - #CYD_E_NULL                 `yard` or `out` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
///
/// \par Threads    Any.
/// \par Processes  One of several that create the same name at once succeeds.
/// \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
/// \par Crash      The array exists whole, or not at all.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_array_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    r#type: cyd_type_t,
    len: usize,
    options: *const cyd_array_options_t,
    out: *mut *mut cyd_array_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, How::Create, || wanted(r#type, len, options), out) }
}

/// Opens an array, however long.
///
/// \param yard  Where. Borrowed; the array keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param type  A CYD_TYPE_ number, or #CYD_TYPE_ANY.
/// \param out   Receives the handle; close it with cyd_array_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_TYPE       the object of that name is no array; or `yard` is no yard
///   - #CYD_E_MISMATCH   its elements are of another type, or structs
///   - #CYD_E_NAME       `name` is no legal name, or NULL
///   - #CYD_E_INVALID    `type` is no type, a pointer is misaligned
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
pub unsafe extern "C" fn cyd_array_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    r#type: cyd_type_t,
    out: *mut *mut cyd_array_t,
) -> cyd_status_t {
    let asked = || {
        let kind = if r#type == CYD_TYPE_ANY { None } else { Some(scalar(r#type)?) };
        Ok(Asked { element: kind.map(Element::Scalar), ..Asked::default() })
    };
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, How::Open, asked, out) }
}

/// Opens an array of this type, length and options, or makes it.
///
/// \param yard     Where. Borrowed; the array keeps the yard open by itself.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param type     A CYD_TYPE_ number.
/// \param len      How many elements: at least 1.
/// \param options  NULL for all defaults. Borrowed for the call.
/// \param out      Receives the handle; close it with cyd_array_close().
///
/// \return As cyd_array_open() and cyd_array_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
///   #CYD_E_MISMATCH also if it has another length or other options.
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same array.
/// \par Blocking   As cyd_array_create().
/// \par Crash      As cyd_array_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_array_open_or_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    r#type: cyd_type_t,
    len: usize,
    options: *const cyd_array_options_t,
    out: *mut *mut cyd_array_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, How::OpenOrCreate, || wanted(r#type, len, options), out) }
}

/// Tells how many elements an array has.
///
/// \param array  Borrowed.
/// \param out    Receives the answer: at least 1.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_array_len(array: *const cyd_array_t, out: *mut usize) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked = || unsafe { Ok((handle::get(array)?, args::out(out)?)) };
    boundary::code_in_signal(checked().map(|(array, out)| out.set(array.len())))
}

/// Tells the type of an array's elements.
///
/// \param array  Borrowed.
/// \param out    Receives a CYD_TYPE_ number.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_array_type(array: *const cyd_array_t, out: *mut cyd_type_t) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked = || unsafe { Ok((handle::get(array)?, args::out(out)?)) };
    boundary::code_in_signal(checked().map(|(array, out)| out.set(array.kind() as cyd_type_t)))
}

/// Reads an element.
///
/// CYD_ARRAY_GET(array, index, &x) finds the type by itself.
///
/// \param array  Borrowed.
/// \param type   What the caller takes the elements for.
/// \param index  From 0 on.
/// \param out    Receives the number: as many bytes as the type has, which need not be aligned.
///
/// \return #CYD_OK, or
///   - #CYD_E_RANGE                   there is no such element
///   - #CYD_E_TYPE                    the array is of another type, or `array` is no array
///   - #CYD_E_NULL                    `array` or `out` is NULL
///   - #CYD_E_CLOSED, #CYD_E_INVALID  `array` is closed, misaligned
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_array_get(
    array: *const cyd_array_t,
    r#type: cyd_type_t,
    index: usize,
    out: *mut c_void,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked = || unsafe { Ok((element(array, r#type, index)?, Number::new(out)?)) };
    boundary::code_in_signal(checked().map(|((_, kind, cell), out)| out.write(kind, cell.load(kind))))
}

/// Stores an element.
///
/// CYD_ARRAY_SET(array, index, &x) finds the type by itself.
///
/// \param array  Borrowed.
/// \param type   What the caller takes the elements for.
/// \param index  From 0 on.
/// \param in     The number: as many bytes as the type has, which need not be aligned. Borrowed for the call.
///
/// \return As cyd_array_get().
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Stored, or not: one store.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_array_set(
    array: *mut cyd_array_t,
    r#type: cyd_type_t,
    index: usize,
    r#in: *const c_void,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked = || unsafe { Ok((element(array, r#type, index)?, Number::new(r#in)?)) };
    boundary::code_in_signal(checked().map(|((_, kind, cell), new)| cell.store(kind, new.read(kind))))
}

/// Combines an element with a number in one step, and tells what it was before.
///
/// CYD_ARRAY_FETCH(array, index, op, &x, &old) finds the type by itself.
///
/// \param array    Borrowed.
/// \param type     What the caller takes the elements for.
/// \param index    From 0 on.
/// \param op       A CYD_OP_ number.
/// \param operand  As many bytes as the type has, which need not be aligned. Borrowed for the call.
/// \param old      Receives the number as it was before; may be NULL.
///
/// \return As cyd_array_get(), and
///   - #CYD_E_UNSUPPORTED  the type does not know the operation
///   - #CYD_E_INVALID      `op` is no operation
///   - #CYD_E_NULL         `operand` is NULL
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Never: lock-free. Async-signal-safe.
/// \par Crash      Done, or not: one atomic step.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_array_fetch(
    array: *mut cyd_array_t,
    r#type: cyd_type_t,
    index: usize,
    op: cyd_op_t,
    operand: *const c_void,
    old: *mut c_void,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller; NULL is no place for the old number.
    let checked =
        || unsafe { Ok((element(array, r#type, index)?, Number::new(operand)?, Number::new(old).ok())) };
    boundary::code_in_signal(checked().and_then(|((array, kind, cell), operand, old)| {
        let op = Op::from_code(op).ok_or(ErrorKind::Invalid)?;
        let was = array.fetch(cell, op, operand.read(kind)).ok_or(ErrorKind::Unsupported)?;
        if let Some(old) = old {
            old.write(kind, was);
        }
        Ok(())
    }))
}

/// Stores a number if the element is, bit for bit, the expected one.
///
/// CYD_ARRAY_COMPARE_EXCHANGE(array, index, &expected, &desired, &done) finds the type by itself.
///
/// \param array     Borrowed.
/// \param type      What the caller takes the elements for.
/// \param index     From 0 on.
/// \param expected  As many bytes as the type has, which need not be aligned. If the element is another, that is
///                  written here.
/// \param desired   The number to store. Borrowed for the call.
/// \param done      Receives true if it was stored, false if the element is another.
///
/// \return #CYD_OK, whether or not it was stored, or as cyd_array_get(); #CYD_E_INVALID also if `done` is misaligned.
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Done, or not: one atomic step.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_array_compare_exchange(
    array: *mut cyd_array_t,
    r#type: cyd_type_t,
    index: usize,
    expected: *mut c_void,
    desired: *const c_void,
    done: *mut bool,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked = || unsafe {
        Ok((element(array, r#type, index)?, Number::new(expected)?, Number::new(desired)?, args::out(done)?))
    };
    boundary::code_in_signal(checked().map(|((_, kind, cell), expected, desired, done)| {
        let result = cell.compare_exchange(kind, expected.read(kind), desired.read(kind));
        if let Err(is) = result {
            expected.write(kind, is);
        }
        done.set(result.is_ok());
    }))
}

/// Reads a run of elements, each atomically, in their order; not the run as a whole.
///
/// CYD_ARRAY_READ(array, start, count, first) finds the type by itself.
///
/// \param array  Borrowed.
/// \param type   What the caller takes the elements for.
/// \param start  The first element.
/// \param count  How many; 0 is nothing.
/// \param out    Receives the numbers, side by side; they need not be aligned. May be NULL if `count` is 0.
///
/// \return As cyd_array_get(); #CYD_E_RANGE if the array does not have them all: then none is read.
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_array_read(
    array: *const cyd_array_t,
    r#type: cyd_type_t,
    start: usize,
    count: usize,
    out: *mut c_void,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let run = unsafe { run(array, r#type, (start, count), out) };
    boundary::code_in_signal(
        run.map(|(kind, run)| run.for_each(|(cell, to)| to.write(kind, cell.load(kind)))),
    )
}

/// Stores a run of elements, each atomically, in their order; not the run as a whole.
///
/// CYD_ARRAY_WRITE(array, start, count, first) finds the type by itself.
///
/// \param array  Borrowed.
/// \param type   What the caller takes the elements for.
/// \param start  The first element.
/// \param count  How many; 0 is nothing.
/// \param in     The numbers, side by side; they need not be aligned. Borrowed for the call. May be NULL if `count` is 0.
///
/// \return As cyd_array_get(); #CYD_E_RANGE if the array does not have them all: then none is stored.
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      A beginning of them is stored; no element is torn.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_array_write(
    array: *mut cyd_array_t,
    r#type: cyd_type_t,
    start: usize,
    count: usize,
    r#in: *const c_void,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let run = unsafe { run(array, r#type, (start, count), r#in) };
    boundary::code_in_signal(
        run.map(|(kind, run)| run.for_each(|(cell, from)| cell.store(kind, from.read(kind)))),
    )
}

/// Stores one number in a run of elements, each atomically, in their order.
///
/// CYD_ARRAY_FILL(array, start, count, &x) finds the type by itself.
///
/// \param array  Borrowed.
/// \param type   What the caller takes the elements for.
/// \param start  The first element.
/// \param count  How many; 0 is nothing.
/// \param in     The number: as many bytes as the type has, which need not be aligned. Borrowed for the call.
///
/// \return As cyd_array_get(); #CYD_E_RANGE if the array does not have them all: then none is stored.
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      A beginning of them is stored; no element is torn.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_array_fill(
    array: *mut cyd_array_t,
    r#type: cyd_type_t,
    start: usize,
    count: usize,
    r#in: *const c_void,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked = || unsafe { Ok((typed(array, r#type)?, Number::new(r#in)?)) };
    boundary::code_in_signal(checked().and_then(|((array, kind), number)| {
        let cells = array.cells(kind, start, count).ok_or(ErrorKind::Range)?;
        let bits = number.read(kind);
        cells.for_each(|cell| cell.store(kind, bits));
        Ok(())
    }))
}

/// Takes the array's own lock, at once if the calling thread holds it already. Each taking needs its own
/// cyd_array_unlock().
///
/// It is for changes of several elements that others, who take the lock too, must see together. Nothing takes it by
/// itself, and no other call waits for it. If the owner dies, the next taker gets the lock and #CYD_OWNER_DIED: make
/// the elements whole, then call cyd_array_repaired().
///
/// \param array       Borrowed. Made with cyd_array_options_t.lock.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
///
/// \return #CYD_OK or #CYD_OWNER_DIED: the lock is yours; or
///   - #CYD_E_UNSUPPORTED  the array has no lock; or the thread can own nothing: it was made by a bare clone()
///   - #CYD_E_BUSY         another thread has it, and `timeout_ns` is 0
///   - #CYD_E_TIMEOUT      another thread still has it after `timeout_ns`
///   - #CYD_E_RANGE        the calling thread has taken it 2^32 - 1 times; nothing is changed
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `array` is NULL, closed, no array, misaligned
///
/// \par Threads    Any. The calling thread owns it.
/// \par Processes  Any. A fork() child takes it for itself: it is not its parent.
/// \par Blocking   As cyd_rlock_acquire(). Not async-signal-safe.
/// \par Crash      As cyd_rlock_acquire().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_array_lock(array: *mut cyd_array_t, timeout_ns: i64) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    match unsafe { handle::get(array) } {
        Ok(array) if array.lock().is_some_and(RLock::acquire_fast) => CYD_OK,
        // SAFETY: as above; from now on it may be closed.
        Ok(it) => boundary::call(|| unsafe {
            handle::waiting(array, || it.locked()?.acquire_unguarded(Timeout::from_ns(timeout_ns)))
        }),
        Err(wrong) => boundary::code(Err::<(), _>(wrong)),
    }
}

/// Releases the array's own lock once. It is free when it has been released as often as taken.
///
/// \param array  Borrowed.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_OWNER    the calling thread does not hold it (a fork() child does not hold what its parent does)
///   - #CYD_E_UNSUPPORTED  the array has no lock
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `array` is NULL, closed, no array, misaligned
///
/// \par Threads    The owner.
/// \par Processes  The owner's.
/// \par Blocking   Never; one system call if somebody sleeps. Not async-signal-safe.
/// \par Crash      As cyd_rlock_release().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_array_unlock(array: *mut cyd_array_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise. Releasing cannot panic.
    let lock = unsafe { handle::get(array) }.and_then(|array| array.lock().ok_or(ErrorKind::Unsupported));
    boundary::code(lock.and_then(RLock::leave))
}

/// Declares the elements whole again after an owner of the array's own lock died: later takers are no longer warned.
///
/// \param array  Its lock held by the calling thread. Borrowed.
///
/// \return As cyd_array_unlock().
///
/// \par Threads    The owner.
/// \par Processes  The owner's.
/// \par Blocking   Never.
/// \par Crash      Declared, or not; the lock itself is a dead owner's.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_array_repaired(array: *mut cyd_array_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::get(array) }?.locked()?.repaired())
}

/// Closes a handle on an array. NULL is harmless.
///
/// \param array  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_array_close(array: *mut cyd_array_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(array) })
}

/// What the three ways to come to an array of structs have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named_structs(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    how: How,
    (size, alignment, len): (usize, usize, Option<usize>),
    out: *mut *mut cyd_struct_array_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        let shape = shape(size, alignment, how)?;
        out.set(handle::open(AnyStructArray::obtain(yard, name, how, shape, len)?)?);
        Ok(())
    })
}

/// Makes an array of structs; they are all zeros.
///
/// \param yard       Where. Borrowed; the array keeps the yard open by itself.
/// \param name       1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param size       sizeof one struct: 1 to 4096.
/// \param alignment  _Alignof the struct: a power of two up to 64, of which `size` is a multiple.
/// \param len        How many elements: at least 1.
/// \param out        Receives the handle; close it with cyd_struct_array_close().
///
/// \return As cyd_struct_create(); #CYD_E_SIZE also if there cannot be so many bytes, and #CYD_E_RANGE if `len` is 0.
///
/// \par Threads    Any.
/// \par Processes  One of several that create the same name at once succeeds.
/// \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
/// \par Crash      The array exists whole, or not at all.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_struct_array_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    size: usize,
    alignment: usize,
    len: usize,
    out: *mut *mut cyd_struct_array_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named_structs(yard, name, How::Create, (size, alignment, Some(len)), out) }
}

/// Opens an array of structs, however long.
///
/// \param yard       Where. Borrowed; the array keeps the yard open by itself.
/// \param name       1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param size       sizeof one struct; 0: whatever it has.
/// \param alignment  _Alignof the struct; ignored if `size` is 0.
/// \param out        Receives the handle; close it with cyd_struct_array_close().
///
/// \return As cyd_struct_open(), of an array; #CYD_E_MISMATCH also if its elements are numbers.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_struct_array_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    size: usize,
    alignment: usize,
    out: *mut *mut cyd_struct_array_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named_structs(yard, name, How::Open, (size, alignment, None), out) }
}

/// Opens an array of structs of this size, alignment and length, or makes it.
///
/// \param yard       Where. Borrowed; the array keeps the yard open by itself.
/// \param name       1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param size       sizeof one struct: 1 to 4096.
/// \param alignment  _Alignof the struct: a power of two up to 64, of which `size` is a multiple.
/// \param len        How many elements: at least 1.
/// \param out        Receives the handle; close it with cyd_struct_array_close().
///
/// \return As cyd_struct_array_open() and cyd_struct_array_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
///   #CYD_E_MISMATCH also if it has another length.
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same array.
/// \par Blocking   As cyd_struct_array_create().
/// \par Crash      As cyd_struct_array_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_struct_array_open_or_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    size: usize,
    alignment: usize,
    len: usize,
    out: *mut *mut cyd_struct_array_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named_structs(yard, name, How::OpenOrCreate, (size, alignment, Some(len)), out) }
}

/// Tells how many structs an array has.
///
/// \param array  Borrowed.
/// \param out    Receives the answer: at least 1.
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
pub unsafe extern "C" fn cyd_struct_array_len(
    array: *const cyd_struct_array_t,
    out: *mut usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (array, out) = unsafe { (handle::get(array)?, args::out(out)?) };
        out.set(array.len());
        Ok(())
    })
}

/// Tells size and alignment of an array's structs.
///
/// \param array      Borrowed.
/// \param size       Receives the bytes of one.
/// \param alignment  Receives the alignment; may be NULL.
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
pub unsafe extern "C" fn cyd_struct_array_size(
    array: *const cyd_struct_array_t,
    size: *mut usize,
    alignment: *mut usize,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    boundary::call(|| unsafe { tell(handle::get(array)?.shape(), size, alignment) })
}

/// Reads one of an array's structs.
///
/// \param array  Borrowed.
/// \param index  From 0 on.
/// \param out    As cyd_struct_get().
/// \param size   As cyd_struct_get().
///
/// \return As cyd_struct_get(); #CYD_E_RANGE if there is no such element.
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   As cyd_struct_get().
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_struct_array_get(
    array: *const cyd_struct_array_t,
    index: usize,
    out: *mut c_void,
    size: usize,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    match unsafe { handle::get(array) }.and_then(|array| array.find(index).ok_or(ErrorKind::Range)) {
        // SAFETY: as above.
        Ok(place) => unsafe { read(place, out, size) },
        Err(wrong) => boundary::code(Err::<(), _>(wrong)),
    }
}

/// Stores one of an array's structs. Writers of other elements are not waited for.
///
/// \param array       Borrowed.
/// \param index       From 0 on.
/// \param in          As cyd_struct_set().
/// \param size        As cyd_struct_set().
/// \param timeout_ns  As cyd_struct_set().
///
/// \return As cyd_struct_set(); #CYD_E_RANGE if there is no such element.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   As cyd_struct_set().
/// \par Crash      As cyd_struct_set().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_struct_array_set(
    array: *mut cyd_struct_array_t,
    index: usize,
    r#in: *const c_void,
    size: usize,
    timeout_ns: i64,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        unsafe {
            let (place, from) = (handle::get(array)?.place(index)?, args::bytes(r#in, size)?);
            handle::trying(array, timeout_ns, |timeout| place.set(from, timeout))
        }
    })
}

/// Changes one of an array's structs: see cyd_struct_update().
///
/// \param array       Borrowed.
/// \param index       From 0 on.
/// \param size        As cyd_struct_update().
/// \param timeout_ns  As cyd_struct_update().
/// \param change      As cyd_struct_update(). It may store other elements.
/// \param context     Handed to `change`.
///
/// \return As cyd_struct_update(); #CYD_E_RANGE if there is no such element.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   As cyd_struct_set().
/// \par Crash      As cyd_struct_set().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_struct_array_update(
    array: *mut cyd_struct_array_t,
    index: usize,
    size: usize,
    timeout_ns: i64,
    change: Option<unsafe extern "C" fn(value: *mut c_void, context: *mut c_void)>,
    context: *mut c_void,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    boundary::call(|| unsafe {
        let place = handle::get(array)?.place(index)?;
        handle::trying(array, timeout_ns, |timeout| update(place, size, timeout, change, context))
    })
}

/// Closes a handle on an array. NULL is harmless.
///
/// \param array  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_struct_array_close(array: *mut cyd_struct_array_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(array) })
}
