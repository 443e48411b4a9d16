//! The value, for C: a number whose type is said with every call.
//!
//! * what lives here: `cyd_value_t`, the numbers of types and operations
//! * who calls it: C programs; signal handlers
//! * what it may call: `objects::value`
//! * the invariant: a wrong type is refused before memory is touched; reading and changing touch no thread-local,
//!   allocate nothing and cannot panic
//! * where it is tested: `ffi-tests/c/value.c`

use crate::capi::status::cyd_status_t;
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle};
use crate::error::{Error, ErrorKind, Result};
use crate::objects::directory::How;
use crate::objects::value::{AnyValue, Op, ScalarType, reads_as};
use std::ffi::{c_char, c_void};

/// A number of at most 8 bytes that processes share. Fresh ones are 0: whoever opens one between its making and the maker's
/// first store sees that.
///
/// Every access is one atomic access of the number's own width: never torn, never waiting, no system call, nothing to
/// repair after a death. Reading acquires, writing releases, changing does both: who reads a value also sees what its
/// writer did before. There is no one order over several values. Several threads may use a handle at a time.
pub struct cyd_value_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_value_t, AnyValue, b"valu");

/// The type of a value, or of the elements of an array: a CYD_TYPE_ number. CYD_TYPE_OF() finds it for a C expression.
pub type cyd_type_t = u32;

/// Only for cyd_value_open() and cyd_array_open(): whatever type it has.
pub const CYD_TYPE_ANY: cyd_type_t = 0;
/// int8_t
pub const CYD_TYPE_I8: cyd_type_t = 1;
/// uint8_t
pub const CYD_TYPE_U8: cyd_type_t = 2;
/// int16_t
pub const CYD_TYPE_I16: cyd_type_t = 3;
/// uint16_t
pub const CYD_TYPE_U16: cyd_type_t = 4;
/// int32_t
pub const CYD_TYPE_I32: cyd_type_t = 5;
/// uint32_t
pub const CYD_TYPE_U32: cyd_type_t = 6;
/// int64_t
pub const CYD_TYPE_I64: cyd_type_t = 7;
/// uint64_t
pub const CYD_TYPE_U64: cyd_type_t = 8;
/// float
pub const CYD_TYPE_F32: cyd_type_t = 9;
/// double
pub const CYD_TYPE_F64: cyd_type_t = 10;
/// bool: one byte, 0 or 1; any other byte counts as 1.
pub const CYD_TYPE_BOOL: cyd_type_t = 11;
/// wchar_t or char32_t: a Unicode code point, 4 bytes; any other number counts as U+FFFD. CYD_TYPE_OF() cannot find it:
/// to the compiler these types are numbers.
pub const CYD_TYPE_WCHAR: cyd_type_t = 12;

/// What cyd_value_fetch() and cyd_array_fetch() do: a CYD_OP_ number.
pub type cyd_op_t = u32;

/// The sum; integers wrap around. Not for bool and wchar_t.
pub const CYD_OP_ADD: cyd_op_t = 1;
/// The difference; integers wrap around. Not for bool and wchar_t.
pub const CYD_OP_SUB: cyd_op_t = 2;
/// Bits set in both. Not for float, double and wchar_t.
pub const CYD_OP_AND: cyd_op_t = 3;
/// Bits set in one or both. Not for float, double and wchar_t.
pub const CYD_OP_OR: cyd_op_t = 4;
/// Bits set in one only. Not for float, double and wchar_t.
pub const CYD_OP_XOR: cyd_op_t = 5;
/// The smaller one; a number rather than NaN. Not for bool.
pub const CYD_OP_MIN: cyd_op_t = 6;
/// The larger one; a number rather than NaN. Not for bool.
pub const CYD_OP_MAX: cyd_op_t = 7;
/// The operand.
pub const CYD_OP_SWAP: cyd_op_t = 8;

const _: () = {
    let types = [
        (CYD_TYPE_I8, ScalarType::I8),
        (CYD_TYPE_U8, ScalarType::U8),
        (CYD_TYPE_I16, ScalarType::I16),
        (CYD_TYPE_U16, ScalarType::U16),
        (CYD_TYPE_I32, ScalarType::I32),
        (CYD_TYPE_U32, ScalarType::U32),
        (CYD_TYPE_I64, ScalarType::I64),
        (CYD_TYPE_U64, ScalarType::U64),
        (CYD_TYPE_F32, ScalarType::F32),
        (CYD_TYPE_F64, ScalarType::F64),
        (CYD_TYPE_BOOL, ScalarType::Bool),
        (CYD_TYPE_WCHAR, ScalarType::Char),
    ];
    let ops = [
        (CYD_OP_ADD, Op::Add),
        (CYD_OP_SUB, Op::Sub),
        (CYD_OP_AND, Op::And),
        (CYD_OP_OR, Op::Or),
        (CYD_OP_XOR, Op::Xor),
        (CYD_OP_MIN, Op::Min),
        (CYD_OP_MAX, Op::Max),
        (CYD_OP_SWAP, Op::Swap),
    ];
    assert!(types.len() == ScalarType::ALL.len() && ops.len() == Op::ALL.len(), "one has no constant");
    let mut i = 0;
    while i < types.len() {
        assert!(types[i].0 == types[i].1 as u32);
        i += 1;
    }
    i = 0;
    while i < ops.len() {
        assert!(ops[i].0 == ops[i].1 as u32);
        i += 1;
    }
};

pub(super) fn scalar(code: cyd_type_t) -> Result<ScalarType> {
    let known = ScalarType::from_code(u64::from(code));
    known.ok_or_else(|| Error::with(ErrorKind::Invalid, format!("type {code}")))
}

/// The bytes of a number where C has it; they need not be aligned.
#[derive(Clone, Copy)]
pub(super) struct Number(*mut u8);

impl Number {
    /// # Safety
    /// NULL, or `kind.bytes()` bytes that stay readable (and writable, if it is written) during the call.
    #[inline(always)]
    pub(super) unsafe fn new(at: *const c_void) -> std::result::Result<Number, ErrorKind> {
        if at.is_null() { Err(ErrorKind::Null) } else { Ok(Number(at.cast_mut().cast())) }
    }

    #[inline(always)]
    pub(super) fn read(self, kind: ScalarType) -> u64 {
        // SAFETY: as many bytes as the type has (see `new`).
        let bits = unsafe {
            match kind.bytes() {
                1 => u64::from(self.0.read()),
                2 => u64::from(self.0.cast::<u16>().read_unaligned()),
                4 => u64::from(self.0.cast::<u32>().read_unaligned()),
                _ => self.0.cast::<u64>().read_unaligned(),
            }
        };
        reads_as(kind, bits)
    }

    #[inline(always)]
    pub(super) fn write(self, kind: ScalarType, bits: u64) {
        // What is no bool, or no code point, must not reach a C program as one.
        let bits = reads_as(kind, bits);
        // SAFETY: as many bytes as the type has (see `new`).
        unsafe {
            match kind.bytes() {
                1 => self.0.write(bits as u8),
                2 => self.0.cast::<u16>().write_unaligned(bits as u16),
                4 => self.0.cast::<u32>().write_unaligned(bits as u32),
                _ => self.0.cast::<u64>().write_unaligned(bits),
            }
        }
    }
}

/// Borrows a value of the type that the caller names: `Type` if it has another.
///
/// # Safety
/// As `handle::get`.
#[inline(always)]
unsafe fn typed<'a>(
    value: *const cyd_value_t,
    code: cyd_type_t,
) -> std::result::Result<(&'a AnyValue, ScalarType), ErrorKind> {
    // SAFETY: the caller's promise.
    let value = unsafe { handle::get(value) }?;
    let kind = value.kind();
    if kind as cyd_type_t == code { Ok((value, kind)) } else { Err(ErrorKind::Type) }
}

/// What the three ways to come to a value have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    how: How,
    code: cyd_type_t,
    out: *mut *mut cyd_value_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        let any = how == How::Open && code == CYD_TYPE_ANY;
        let kind = if any { None } else { Some(scalar(code)?) };
        out.set(handle::open(AnyValue::obtain(yard, name, how, kind)?)?);
        Ok(())
    })
}

/// Makes a value; it is 0.
///
/// \param yard  Where. Borrowed; the value keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param type  A CYD_TYPE_ number.
/// \param out   Receives the handle; close it with cyd_value_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_EXISTS    the name is taken
///   - #CYD_E_NAME      `name` is no legal name, or NULL
///   - #CYD_E_NO_SPACE  the yard is full
///   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
///   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
///   - #CYD_E_INVALID   `type` is no type, a pointer is misaligned
///   - #CYD_E_NULL      `yard` or `out` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
///
/// \par Threads    Any.
/// \par Processes  One of several that create the same name at once succeeds.
/// \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
/// \par Crash      The value exists whole, or not at all.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_value_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    r#type: cyd_type_t,
    out: *mut *mut cyd_value_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, How::Create, r#type, out) }
}

/// Opens a value.
///
/// \param yard  Where. Borrowed; the value keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param type  A CYD_TYPE_ number, or #CYD_TYPE_ANY.
/// \param out   Receives the handle; close it with cyd_value_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_TYPE       the object of that name is no value; or `yard` is no yard
///   - #CYD_E_MISMATCH   it is a value of another type
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
pub unsafe extern "C" fn cyd_value_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    r#type: cyd_type_t,
    out: *mut *mut cyd_value_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, How::Open, r#type, out) }
}

/// Opens a value of this type, or makes it.
///
/// \param yard  Where. Borrowed; the value keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param type  A CYD_TYPE_ number.
/// \param out   Receives the handle; close it with cyd_value_close().
///
/// \return As cyd_value_open() and cyd_value_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS.
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same value.
/// \par Blocking   As cyd_value_create().
/// \par Crash      As cyd_value_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_value_open_or_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    r#type: cyd_type_t,
    out: *mut *mut cyd_value_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, How::OpenOrCreate, r#type, out) }
}

/// Tells the type of a value.
///
/// \param value  Borrowed.
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
pub unsafe extern "C" fn cyd_value_type(value: *const cyd_value_t, out: *mut cyd_type_t) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked = || unsafe { Ok((handle::get(value)?, args::out(out)?)) };
    boundary::code_in_signal(checked().map(|(value, out)| out.set(value.kind() as cyd_type_t)))
}

/// Reads a value.
///
/// CYD_VALUE_GET(value, &x) finds the type by itself.
///
/// \param value  Borrowed.
/// \param type   What the caller takes it for.
/// \param out    Receives the number: as many bytes as the type has, which need not be aligned.
///
/// \return #CYD_OK, or
///   - #CYD_E_TYPE  the value is of another type, or `value` is no value
///   - #CYD_E_NULL  `value` or `out` is NULL
///   - #CYD_E_CLOSED, #CYD_E_INVALID  `value` is closed, misaligned
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_value_get(
    value: *const cyd_value_t,
    r#type: cyd_type_t,
    out: *mut c_void,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked = || unsafe { Ok((typed(value, r#type)?, Number::new(out)?)) };
    boundary::code_in_signal(checked().map(|((value, kind), out)| out.write(kind, value.get())))
}

/// Stores a number.
///
/// CYD_VALUE_SET(value, &x) finds the type by itself.
///
/// \param value  Borrowed.
/// \param type   What the caller takes it for.
/// \param in     The number: as many bytes as the type has, which need not be aligned. Borrowed for the call.
///
/// \return As cyd_value_get().
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Stored, or not: one store.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_value_set(
    value: *mut cyd_value_t,
    r#type: cyd_type_t,
    r#in: *const c_void,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked = || unsafe { Ok((typed(value, r#type)?, Number::new(r#in)?)) };
    boundary::code_in_signal(checked().map(|((value, kind), new)| value.set(new.read(kind))))
}

/// Combines the value with a number in one step, and tells what it was before.
///
/// CYD_VALUE_FETCH(value, op, &x, &old) finds the type by itself.
///
/// \param value    Borrowed.
/// \param type     What the caller takes it for.
/// \param op       A CYD_OP_ number.
/// \param operand  As many bytes as the type has, which need not be aligned. Borrowed for the call.
/// \param old      Receives the number as it was before; may be NULL.
///
/// \return #CYD_OK, or
///   - #CYD_E_TYPE         the value is of another type, or `value` is no value
///   - #CYD_E_UNSUPPORTED  the type does not know the operation
///   - #CYD_E_INVALID      `op` is no operation, `value` is misaligned
///   - #CYD_E_NULL         `value` or `operand` is NULL
///   - #CYD_E_CLOSED       `value` is closed
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Never: lock-free. Async-signal-safe.
/// \par Crash      Done, or not: one atomic step.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_value_fetch(
    value: *mut cyd_value_t,
    r#type: cyd_type_t,
    op: cyd_op_t,
    operand: *const c_void,
    old: *mut c_void,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller; NULL is no place for the old number.
    let checked = || unsafe { Ok((typed(value, r#type)?, Number::new(operand)?, Number::new(old).ok())) };
    boundary::code_in_signal(checked().and_then(|((value, kind), operand, old)| {
        let op = Op::from_code(op).ok_or(ErrorKind::Invalid)?;
        let was = value.fetch(op, operand.read(kind)).ok_or(ErrorKind::Unsupported)?;
        if let Some(old) = old {
            old.write(kind, was);
        }
        Ok(())
    }))
}

/// Stores a number if the value is, bit for bit, the expected one.
///
/// CYD_VALUE_COMPARE_EXCHANGE(value, &expected, &desired, &done) finds the type by itself.
///
/// \param value     Borrowed.
/// \param type      What the caller takes it for.
/// \param expected  As many bytes as the type has, which need not be aligned. If the value is another, that is
///                  written here.
/// \param desired   The number to store. Borrowed for the call.
/// \param done      Receives true if it was stored, false if the value is another.
///
/// \return #CYD_OK, whether or not it was stored, or
///   - #CYD_E_TYPE     the value is of another type, or `value` is no value
///   - #CYD_E_NULL     a pointer is NULL
///   - #CYD_E_CLOSED, #CYD_E_INVALID  `value` is closed, misaligned
///
/// \par Threads    Any.
/// \par Processes  Any. A fork() child may use inherited handles at once.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Done, or not: one atomic step.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_value_compare_exchange(
    value: *mut cyd_value_t,
    r#type: cyd_type_t,
    expected: *mut c_void,
    desired: *const c_void,
    done: *mut bool,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked = || unsafe {
        Ok((typed(value, r#type)?, Number::new(expected)?, Number::new(desired)?, args::out(done)?))
    };
    boundary::code_in_signal(checked().map(|((value, kind), expected, desired, done)| {
        let result = value.compare_exchange(expected.read(kind), desired.read(kind));
        if let Err(is) = result {
            expected.write(kind, is);
        }
        done.set(result.is_ok());
    }))
}

/// Closes a handle on a value. NULL is harmless.
///
/// \param value  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_value_close(value: *mut cyd_value_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(value) })
}
