//! Which library this is.
//!
//! * what lives here: the version as macros of the header and as functions of the library
//! * who calls it: programs that compare what they were compiled with and what they run with
//! * what it may call: nothing
//! * the invariant: Cargo.toml is the truth; the numbers below do not compile when they differ
//! * where it is tested: `ffi-tests/c/version.c`

use std::ffi::c_char;

/// Major version of the header. While it is 0, a change of the minor version may break the ABI.
pub const CYD_VERSION_MAJOR: u32 = 0;
/// Minor version of the header.
pub const CYD_VERSION_MINOR: u32 = 1;
/// Patch version of the header.
pub const CYD_VERSION_PATCH: u32 = 0;
/// The version of the header as one number that grows: major, minor and patch, 16, 8 and 8 bits.
pub const CYD_VERSION: u32 = (CYD_VERSION_MAJOR << 16) | (CYD_VERSION_MINOR << 8) | CYD_VERSION_PATCH;

const _: () = {
    assert!(CYD_VERSION_MAJOR == number(env!("CARGO_PKG_VERSION_MAJOR")));
    assert!(CYD_VERSION_MINOR == number(env!("CARGO_PKG_VERSION_MINOR")));
    assert!(CYD_VERSION_PATCH == number(env!("CARGO_PKG_VERSION_PATCH")));
    assert!(CYD_VERSION_MINOR < 256 && CYD_VERSION_PATCH < 256);
};

const fn number(digits: &str) -> u32 {
    let (mut i, mut n) = (0, 0);
    while i < digits.len() {
        n = n * 10 + (digits.as_bytes()[i] - b'0') as u32;
        i += 1;
    }
    n
}

/// Gives the version of the library that runs.
///
/// Compare it with #CYD_VERSION, the version of the header that the program was compiled with.
///
/// \return major << 16 | minor << 8 | patch
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub extern "C" fn cyd_version() -> u32 {
    CYD_VERSION
}

/// Gives the version of the library that runs, for people.
///
/// \return For example "0.1.0"; never NULL, valid for ever.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub extern "C" fn cyd_version_string() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
