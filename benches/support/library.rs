//! The shared library that lies beside a bench, as a C program has it.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::null;

/// What every C handle is to a bench.
pub type Handle = *mut c_void;

type CreateYard = unsafe extern "C" fn(*const c_void, *mut Handle) -> i32;
type Create<O> = unsafe extern "C" fn(Handle, *const c_char, O, *mut Handle) -> i32;

/// The library, loaded for ever.
#[derive(Clone, Copy)]
pub struct Library(Handle);

impl Library {
    /// Loads it; says so if it is not there.
    pub fn beside() -> Option<Library> {
        let here = std::env::current_exe().ok()?;
        let path = CString::new(here.parent()?.join("libcourtyard.so").to_str()?).ok()?;
        // SAFETY: the path is a C string; the library is this package's own.
        let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if library.is_null() {
            println!("# libcourtyard.so is not beside this bench: SKIPPED");
            return None;
        }
        Some(Library(library))
    }

    /// A function of the library.
    ///
    /// # Safety
    /// `F` is its type, as courtyard.h has it.
    pub unsafe fn function<F: Copy>(self, name: &CStr) -> F {
        // SAFETY: the library stays loaded.
        let symbol = unsafe { libc::dlsym(self.0, name.as_ptr()) };
        assert!(!symbol.is_null() && size_of::<F>() == size_of::<Handle>(), "{name:?}");
        // SAFETY: a function pointer of the type that the caller knows.
        unsafe { std::mem::transmute_copy(&symbol) }
    }

    /// Makes an object in a yard of its own.
    ///
    /// # Safety
    /// `O` is the type of what this kind of object is made with, as courtyard.h has it.
    pub unsafe fn object<O>(self, create: &CStr, options: O) -> Handle {
        let (mut yard, mut object) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: the types are those of courtyard.h; the pointers are to locals.
        unsafe {
            let create_yard: CreateYard = self.function(c"cyd_yard_create_anonymous");
            let create: Create<O> = self.function(create);
            assert_eq!(create_yard(null(), &raw mut yard), 0);
            assert_eq!(create(yard, c"object".as_ptr(), options, &raw mut object), 0);
        }
        object
    }
}
