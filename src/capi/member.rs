//! The processes of a yard, for C.
//!
//! * what lives here: `cyd_member_t`
//! * who calls it: C programs
//! * what it may call: `objects::member`
//! * the invariant: a member is one stay of one process, whatever its number means later
//! * where it is tested: `ffi-tests/c/member.c`

use crate::capi::status::cyd_status_t;
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::ErrorKind;
use crate::objects::member::{self, Member};
use crate::sync::wait::Timeout;
use std::ffi::c_char;

/// A process that takes part in a yard: one stay of it there, from its first handle to its last.
///
/// It is gone when it has closed its last handle and its threads have left, or when it is dead, by proof: a stopped one is
/// here, and another process with the same number is not taken for it. Several threads may use a handle at a time.
pub struct cyd_member_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_member_t, Member, b"memb");

/// Who takes part; filled by cyd_member_info().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_member_info_t {
    /// Set to sizeof(cyd_member_info_t) before the call.
    pub struct_size: usize,
    /// When it came, in nanoseconds since 1970.
    pub since_ns: u64,
    /// The process, numbered in its own PID namespace.
    pub pid: u32,
    /// How many of its threads are registered now.
    pub threads: u32,
    /// 1 if it is the calling process, else 0.
    pub is_me: u32,
    /// 0
    pub reserved: u32,
    /// The name of its program, as far as there is room, with its NUL.
    pub name: [c_char; 32],
}
options::sized!(cyd_member_info_t {
    struct_size,
    since_ns: u64,
    pid: u32,
    threads: u32,
    is_me: u32,
    reserved: u32,
    name: [c_char; 32],
});

impl From<&Member> for cyd_member_info_t {
    fn from(member: &Member) -> cyd_member_info_t {
        let mut name = [0; 32];
        // The last one stays NUL.
        name.iter_mut().take(31).zip(member.name().bytes()).for_each(|(to, from)| *to = from as c_char);
        cyd_member_info_t {
            struct_size: size_of::<cyd_member_info_t>(),
            since_ns: member.since_ns(),
            pid: member.pid(),
            threads: member.threads(),
            is_me: u32::from(member.is_me()),
            reserved: 0,
            name,
        }
    }
}

/// Lists the processes that take part in a yard, one with each call; the calling one is among them.
///
/// \param yard    Borrowed.
/// \param cursor  Set it to 0 before the first call; moved on by each call that succeeds.
/// \param out     Receives the handle; close it with cyd_member_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_END      there are no more
///   - #CYD_E_NULL     a pointer is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
///   - #CYD_E_INVALID  a pointer is misaligned
///   - #CYD_E_NO_MEMORY
///
/// \par Threads    Any, each with a cursor of its own.
/// \par Processes  Any. Who comes or goes meanwhile may or may not be listed.
/// \par Blocking   Never; a system call for each.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_next_member(
    yard: *const cyd_yard_t,
    cursor: *mut usize,
    out: *mut *mut cyd_member_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller; the cursor is one item.
        let (yard, cursor, out) =
            unsafe { (handle::get(yard)?, args::items_mut(cursor, 1)?, args::out(out)?) };
        let mut at = cursor[0];
        let next = member::next(yard, &mut at).ok_or(ErrorKind::End)?;
        out.set(handle::open(next)?);
        cursor[0] = at;
        Ok(())
    })
}

/// Tells who a member is.
///
/// \param member  Borrowed.
/// \param out     Filled as far as its `struct_size` reaches.
///
/// \return #CYD_OK, or
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE  `member` or `out` is NULL, `member` is closed or no member
///   - #CYD_E_INVALID  a pointer is misaligned, `struct_size` is not set
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_member_info(
    member: *const cyd_member_t,
    out: *mut cyd_member_info_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (member, out) = unsafe { (handle::get(member)?, options::fill(out)?) };
        out.set(member.into());
        Ok(())
    })
}

/// Tells whether a member is here still.
///
/// \param member  Borrowed.
/// \param out     Receives the answer.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never; one system call.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_member_is_alive(member: *const cyd_member_t, out: *mut bool) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (member, out) = unsafe { (handle::get(member)?, args::out(out)?) };
        out.set(member.is_alive());
        Ok(())
    })
}

/// Waits until a member is gone. cyd_wait_any() waits for several, and for other things as well.
///
/// After a kill that usually takes less than a millisecond, and more than a slice of 250 ms only while the kernel still tears
/// the dead process down.
///
/// \param member      Borrowed.
/// \param timeout_ns  0 looks and never waits; a negative value waits without limit.
///
/// \return #CYD_OK, or
///   - #CYD_E_TIMEOUT      it is still here
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
///   - #CYD_E_DEADLOCK     it is the calling process, and `timeout_ns` is negative
///   - #CYD_E_NO_SLOTS     the table of threads is full: who waits needs a place
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `member` is NULL, closed, no member, misaligned
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   At most `timeout_ns`. Not async-signal-safe.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_member_wait(member: *const cyd_member_t, timeout_ns: i64) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or a handle that nobody closes but while we wait, by the caller's promise.
        unsafe {
            let it = handle::get(member)?;
            handle::waiting(member, || it.wait(Timeout::from_ns(timeout_ns)))
        }
    })
}

/// Closes the handle. NULL is harmless.
///
/// \param member  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_member_close(member: *mut cyd_member_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(member) })
}
