//! A whole noun in small: copy this file to add one. It exists in tests only.
//!
//! * what lives here: a counter with a limit, as C would see it
//! * who calls it: the tests below; `ffi-tests/header.rs` looks at what the header would say
//! * what it may call: what every noun may
//! * the invariant: this is how the other files of the room look
//! * where it is tested: below
#![allow(unreachable_pub)] // a real noun is re-exported by `mod.rs`

use crate::capi::status::cyd_status_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::{Error, ErrorKind};
use crate::shim::{AtomicU32, Ordering};
use std::ffi::c_char;

/// What `objects` would hold.
pub(crate) struct Pattern {
    count: AtomicU32,
    limit: u32,
}

impl Pattern {
    fn open(name: &str, limit: u32) -> Result<Pattern, Error> {
        if name.is_empty() {
            return Err(Error::with(ErrorKind::Name, "the name is empty"));
        }
        Ok(Pattern { count: AtomicU32::new(0), limit: if limit == 0 { 10 } else { limit } })
    }

    fn add(&self) -> Result<u32, ErrorKind> {
        let old = self.count.fetch_add(1, Ordering::Relaxed); // Relaxed: a counter, nothing hangs on it
        if old < self.limit { Ok(old + 1) } else { Err(ErrorKind::Full) }
    }
}

/// A counter with a limit.
pub struct cyd_pattern_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_pattern_t, Pattern, b"Tpat");

/// How a counter is made. Zero means default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_pattern_options_t {
    /// sizeof(cyd_pattern_options_t)
    pub struct_size: usize,
    /// How far it counts; 0 means 10.
    pub limit: u32,
    /// Must be 0.
    pub reserved: u32,
}
options::sized!(cyd_pattern_options_t { struct_size, limit: u32, reserved: u32 });

/// Opens a counter.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pattern_open(
    name: *const c_char,
    options: *const cyd_pattern_options_t,
    out: *mut *mut cyd_pattern_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (name, options, out) = unsafe { (args::name(name)?, options::read(options)?, args::out(out)?) };
        out.set(handle::open(Pattern::open(name, options.limit)?)?);
        Ok(())
    })
}

/// Adds one. A fast path: cannot panic, so no boundary.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pattern_add(pattern: *mut cyd_pattern_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    boundary::code(unsafe { handle::get(pattern) }.and_then(Pattern::add).map(drop))
}

/// Closes the handle. NULL is harmless.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_pattern_close(pattern: *mut cyd_pattern_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(pattern) })
}

mod tests {
    use super::*;
    use crate::capi::*;
    use std::ptr;

    #[test]
    fn a_noun_is_opened_used_and_closed_and_every_wrong_pointer_has_its_code() {
        let options = cyd_pattern_options_t { struct_size: 16, limit: 1, reserved: 0 };
        let mut pattern = ptr::null_mut();
        // SAFETY: as C would call it.
        unsafe {
            let open = |name: &std::ffi::CStr, out| cyd_pattern_open(name.as_ptr(), &raw const options, out);
            assert_eq!(open(c"", &raw mut pattern), CYD_E_NAME);
            assert!(pattern.is_null(), "an output is written on success only");
            assert_eq!(open(c"one", ptr::null_mut()), CYD_E_NULL);
            assert_eq!(open(c"one", &raw mut pattern), CYD_OK);
            assert_eq!(cyd_pattern_add(pattern), CYD_OK);
            assert_eq!(cyd_pattern_add(pattern), CYD_E_FULL);
            assert_eq!(cyd_pattern_add(ptr::null_mut()), CYD_E_NULL);
            assert_eq!(cyd_pattern_close(ptr::null_mut()), CYD_OK);
            assert_eq!(cyd_pattern_close(pattern), CYD_OK);
            assert_eq!(cyd_pattern_add(pattern), CYD_E_CLOSED);
            assert_eq!(cyd_pattern_close(pattern), CYD_E_CLOSED);
        }
    }
}
