//! References to objects, for C.
//!
//! * what lives here: `cyd_ref_t`
//! * who calls it: C programs
//! * what it may call: `objects::refer`
//! * the invariant: any bytes are a reference, and one that means nothing is refused
//! * where it is tested: `ffi-tests/c/refer.c`

use crate::capi::status::cyd_status_t;
use crate::capi::yard::{cyd_object_info_t, cyd_yard_t};
use crate::capi::{args, boundary, handle, options};
use crate::objects::refer::ObjectRef;
use std::ffi::c_char;

/// Refers to an object of a yard: plain numbers, to be sent in a message or kept in a struct. Every process that has the
/// yard open can find the object by it: cyd_yard_resolve() tells its name and kind, and cyd_lock_open() or whatever it
/// is opens it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_ref_t {
    /// The file system of the yard's file, and its number there.
    pub yard: [u64; 2],
    /// Where the object is in the yard's directory.
    pub place: u32,
    /// How often the place was given to another object.
    pub generation: u32,
    /// A CYD_OBJECT_ number.
    pub kind: u32,
    /// 0.
    pub reserved: u32,
}

impl From<ObjectRef> for cyd_ref_t {
    fn from(of: ObjectRef) -> cyd_ref_t {
        let (yard, [place, generation, kind, reserved]) = of.parts();
        cyd_ref_t { yard, place, generation, kind, reserved }
    }
}

impl From<&cyd_ref_t> for ObjectRef {
    fn from(of: &cyd_ref_t) -> ObjectRef {
        ObjectRef::from_parts(of.yard, [of.place, of.generation, of.kind, of.reserved])
    }
}

/// Makes a reference to an object, by its name.
///
/// \param yard  Borrowed.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the reference: a plain value.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_NAME       `name` is no legal name, or NULL
///   - #CYD_E_NULL       `yard` or `out` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
///   - #CYD_E_INVALID    a pointer is misaligned
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_ref(
    yard: *const cyd_yard_t,
    name: *const c_char,
    out: *mut cyd_ref_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        out.set(yard.ref_of(name)?.into());
        Ok(())
    })
}

/// Tells what a reference refers to, wherever it came from.
///
/// \param yard  Borrowed.
/// \param of    The reference. Borrowed for the call; any bytes.
/// \param out   Filled as far as its `struct_size` reaches: open the object by its name.
///
/// \return #CYD_OK, or
///   - #CYD_E_FOREIGN    it refers to an object of another yard
///   - #CYD_E_NOT_FOUND  the object is not there any more, or never was
///   - #CYD_E_CORRUPT    somebody has written into the yard who keeps no rules
///   - #CYD_E_NULL       `yard`, `of` or `out` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
///   - #CYD_E_INVALID    a pointer is misaligned, `struct_size` is not set
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_resolve(
    yard: *const cyd_yard_t,
    of: *const cyd_ref_t,
    out: *mut cyd_object_info_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (yard, of) = unsafe { (handle::get(yard)?, args::items(of, 1)?) };
        // SAFETY: as above.
        let out = unsafe { options::fill(out)? };
        out.set(yard.resolve(&ObjectRef::from(&of[0]))?.into());
        Ok(())
    })
}
