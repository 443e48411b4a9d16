//! What this machine allows, for C.
//!
//! * what lives here: `cyd_probe_t` and its two functions
//! * who calls it: C programs, before they decide how to work
//! * what it may call: the crate's `probe()`
//! * the invariant: says what `Probe` says, no more
//! * where it is tested: `ffi-tests/c/probe.c`

use crate::capi::status::cyd_status_t;
use crate::capi::{args, boundary, options};
use std::ffi::c_char;

/// Bit of cyd_probe_t.features: futex_waitv(2) works; without it sleepers look at their peers every millisecond.
pub const CYD_PROBE_FUTEX_WAITV: u32 = 1;
/// Bit of cyd_probe_t.features: membarrier(2) knows its global expedited command; nothing depends on it.
pub const CYD_PROBE_MEMBARRIER: u32 = 2;
/// Bit of cyd_probe_t.features: /dev/shm has O_TMPFILE; without it a yard is made under a temporary name first.
pub const CYD_PROBE_TMPFILE: u32 = 4;
/// Bit of cyd_probe_t.features: memfd_create(2) with size seals works; without it there are no anonymous yards.
pub const CYD_PROBE_SEALS: u32 = 8;
/// Bit of cyd_probe_t.features: the calling thread can own things; without it, it can not.
pub const CYD_PROBE_ROBUST_LIST: u32 = 16;
/// Bit of cyd_probe_t.features: there is a /dev/shm; without it there are no named yards.
pub const CYD_PROBE_SHM: u32 = 32;

/// What this machine allows; filled by cyd_probe().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_probe_t {
    /// Set to sizeof(cyd_probe_t) before the call.
    pub struct_size: usize,
    /// What works: CYD_PROBE_ bits.
    pub features: u32,
    /// How many CPUs the calling thread may use, by its affinity and its cgroup's quota.
    pub cpus: u32,
    /// Bytes of a page.
    pub page_bytes: u64,
    /// Size of /dev/shm in bytes; 0 without #CYD_PROBE_SHM.
    pub shm_bytes: u64,
    /// Free bytes in /dev/shm; 0 without #CYD_PROBE_SHM.
    pub shm_free_bytes: u64,
}
options::sized!(cyd_probe_t {
    struct_size,
    features: u32,
    cpus: u32,
    page_bytes: u64,
    shm_bytes: u64,
    shm_free_bytes: u64,
});

impl From<crate::Probe> for cyd_probe_t {
    fn from(probe: crate::Probe) -> cyd_probe_t {
        let bit = |has: bool, bit: u32| if has { bit } else { 0 };
        cyd_probe_t {
            struct_size: size_of::<cyd_probe_t>(),
            features: bit(probe.futex_waitv, CYD_PROBE_FUTEX_WAITV)
                | bit(probe.membarrier, CYD_PROBE_MEMBARRIER)
                | bit(probe.tmpfile, CYD_PROBE_TMPFILE)
                | bit(probe.seals, CYD_PROBE_SEALS)
                | bit(probe.robust_list, CYD_PROBE_ROBUST_LIST)
                | bit(probe.shm_bytes.is_some(), CYD_PROBE_SHM),
            cpus: probe.cpus,
            page_bytes: probe.page_bytes as u64,
            shm_bytes: probe.shm_bytes.unwrap_or(0),
            shm_free_bytes: probe.shm_free_bytes.unwrap_or(0),
        }
    }
}

/// Finds out what this machine allows, by trying.
///
/// \param out  Filled as far as its `struct_size` reaches. A newer caller finds 0 in fields that this version
///             does not know.
///
/// \return #CYD_OK, or
///   - #CYD_E_NULL     `out` is NULL
///   - #CYD_E_INVALID  `out` is misaligned, or `struct_size` is not set
///
/// \par Threads    Any.
/// \par Processes  Any; nothing is kept and no yard is needed.
/// \par Blocking   Never waits; makes some twenty system calls. Not async-signal-safe.
/// \par Crash      Leaves nothing behind.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_probe(out: *mut cyd_probe_t) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL, misaligned, or as long as its struct_size says, by the caller's promise.
        let out = unsafe { options::fill(out) }?;
        out.set(crate::probe().into());
        Ok(())
    })
}

/// Prints what this machine allows and what the library does where it does not, one line each, for people and for
/// reports of defects.
///
/// \param buffer  Receives the text, cut to fit, with a NUL. May be NULL to ask for the length only.
/// \param room    Bytes of `buffer`.
///
/// \return The length of the whole text without its NUL, as snprintf() does: the text was cut if this is not below
///   `room`. 0 if the library failed.
///
/// \par Threads    Any.
/// \par Processes  Any; nothing is kept and no yard is needed.
/// \par Blocking   Never waits; makes some twenty system calls. Not async-signal-safe.
/// \par Crash      Leaves nothing behind.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_probe_print(buffer: *mut c_char, room: usize) -> usize {
    // SAFETY: NULL or `room` writable bytes, by the caller's promise.
    boundary::value(0, || unsafe { args::print(buffer, room, &crate::probe().to_string()) })
}
