//! Status codes: the table of `error.rs` in the words of C.
//!
//! * what lives here: `cyd_status_t`, its constants, their names and messages
//! * who calls it: C programs; `boundary` for the type
//! * what it may call: `error`
//! * the invariant: a constant that differs from the table, or is missing here, does not compile
//! * where it is tested: below, and `ffi-tests/c/abi.c` repeats the numbers

use crate::error::{ErrorKind, News};
use std::ffi::c_char;

/// How a call ended: 0 is success, a positive number is success with news, a negative number is an error.
///
/// Test it with CYD_FAILED(). Later versions may add numbers of either sign.
pub type cyd_status_t = i32;

/// Success.
pub const CYD_OK: cyd_status_t = 0;
/// Success, and: the previous owner died; what it guarded may be half changed.
pub const CYD_OWNER_DIED: cyd_status_t = 1;
/// Success, and: the record may have been seen before, by a receiver that died.
pub const CYD_REDELIVERED: cyd_status_t = 2;
/// An argument is outside its range or meaning.
pub const CYD_E_INVALID: cyd_status_t = -1001;
/// A pointer that must not be NULL is NULL.
pub const CYD_E_NULL: cyd_status_t = -1002;
/// The object or handle is of another type.
pub const CYD_E_TYPE: cyd_status_t = -1003;
/// An index or count is out of range.
pub const CYD_E_RANGE: cyd_status_t = -1004;
/// A name must be 1 to 63 characters of A-Z a-z 0-9 . _ -.
pub const CYD_E_NAME: cyd_status_t = -1005;
/// There was no room.
pub const CYD_E_FULL: cyd_status_t = -1010;
/// There was nothing to take.
pub const CYD_E_EMPTY: cyd_status_t = -1011;
/// The wait gave up.
pub const CYD_E_TIMEOUT: cyd_status_t = -1012;
/// Somebody else has it, or is in the middle of an operation.
pub const CYD_E_BUSY: cyd_status_t = -1013;
/// The handle or object is closed.
pub const CYD_E_CLOSED: cyd_status_t = -1020;
/// The object was shut down.
pub const CYD_E_SHUTDOWN: cyd_status_t = -1021;
/// The other end has closed.
pub const CYD_E_PEER_CLOSED: cyd_status_t = -1022;
/// The process at the other end has died.
pub const CYD_E_PEER_DIED: cyd_status_t = -1023;
/// The wait was cancelled.
pub const CYD_E_CANCELLED: cyd_status_t = -1024;
/// A signal ended the wait.
pub const CYD_E_INTERRUPTED: cyd_status_t = -1025;
/// Nothing is left, and nothing more comes.
pub const CYD_E_END: cyd_status_t = -1026;
/// The caller does not own it.
pub const CYD_E_NOT_OWNER: cyd_status_t = -1030;
/// The caller would wait for itself.
pub const CYD_E_DEADLOCK: cyd_status_t = -1031;
/// The barrier is broken.
pub const CYD_E_BROKEN: cyd_status_t = -1032;
/// The call does not fit the state of the object.
pub const CYD_E_STATE: cyd_status_t = -1033;
/// The task was lost with its worker.
pub const CYD_E_LOST: cyd_status_t = -1040;
/// There is no child to wait for.
pub const CYD_E_NO_CHILD: cyd_status_t = -1041;
/// A task or an initializer failed.
pub const CYD_E_FAILED: cyd_status_t = -1042;
/// The claim was taken back.
pub const CYD_E_REVOKED: cyd_status_t = -1043;
/// The yard or its file system has no room left.
pub const CYD_E_NO_SPACE: cyd_status_t = -1050;
/// A table is full.
pub const CYD_E_NO_SLOTS: cyd_status_t = -1051;
/// The system has no memory or address space left.
pub const CYD_E_NO_MEMORY: cyd_status_t = -1052;
/// The record can never fit.
pub const CYD_E_TOO_LONG: cyd_status_t = -1053;
/// The name is taken.
pub const CYD_E_EXISTS: cyd_status_t = -1060;
/// There is nothing of that name.
pub const CYD_E_NOT_FOUND: cyd_status_t = -1061;
/// The object exists with other parameters.
pub const CYD_E_MISMATCH: cyd_status_t = -1062;
/// Permission denied.
pub const CYD_E_PERMISSION: cyd_status_t = -1063;
/// Not a yard, or an object of another yard.
pub const CYD_E_FOREIGN: cyd_status_t = -1070;
/// The file is shorter than its header says.
pub const CYD_E_TRUNCATED: cyd_status_t = -1071;
/// The file is longer than its header says, or a size is impossible.
pub const CYD_E_SIZE: cyd_status_t = -1072;
/// The yard was made with another word format.
pub const CYD_E_FORMAT: cyd_status_t = -1073;
/// The yard was made with another layout version.
pub const CYD_E_VERSION: cyd_status_t = -1074;
/// The contents contradict themselves.
pub const CYD_E_CORRUPT: cyd_status_t = -1075;
/// This platform or type cannot do it.
pub const CYD_E_UNSUPPORTED: cyd_status_t = -1080;
/// The operating system refused.
pub const CYD_E_OS: cyd_status_t = -1081;
/// A defect in the library was caught at the boundary.
pub const CYD_E_PANIC: cyd_status_t = -1082;
/// The object was found inconsistent. Kept for later: this version answers it nowhere, and says #CYD_E_CORRUPT.
pub const CYD_E_POISONED: cyd_status_t = -1083;

const _: () = {
    assert!(CYD_OWNER_DIED == News::OwnerDied as i32);
    assert!(CYD_REDELIVERED == News::Redelivered as i32);
};

/// One constant per kind, with the number of the table; names and messages with the NUL that C wants.
macro_rules! agree {
    ($($constant:ident = $kind:ident;)*) => {
        $(const _: () = assert!($constant == ErrorKind::$kind.code());)*
        const _: () = assert!([$($constant),*].len() == ErrorKind::ALL.len(), "a kind has no constant");

        fn name(code: cyd_status_t) -> *const c_char {
            let text = match code {
                CYD_OK => "CYD_OK\0",
                CYD_OWNER_DIED => "CYD_OWNER_DIED\0",
                CYD_REDELIVERED => "CYD_REDELIVERED\0",
                $($constant => concat!(stringify!($constant), "\0"),)*
                1.. => "CYD_NEWS_UNKNOWN\0",
                _ => "CYD_E_UNKNOWN\0",
            };
            text.as_ptr().cast()
        }

        fn message(code: cyd_status_t) -> *const c_char {
            let text: &[u8] = match code {
                CYD_OK => b"success\0",
                CYD_OWNER_DIED => b"success; the previous owner died\0",
                CYD_REDELIVERED => b"success; the record may have been seen before\0",
                $($constant => {
                    const TEXT: &str = ErrorKind::$kind.message();
                    static WITH_NUL: [u8; TEXT.len() + 1] = with_nul(TEXT);
                    &WITH_NUL
                })*
                1.. => b"success with news that this version does not know\0",
                _ => b"an error that this version does not know\0",
            };
            text.as_ptr().cast()
        }
    };
}

agree! {
    CYD_E_INVALID = Invalid;
    CYD_E_NULL = Null;
    CYD_E_TYPE = Type;
    CYD_E_RANGE = Range;
    CYD_E_NAME = Name;
    CYD_E_FULL = Full;
    CYD_E_EMPTY = Empty;
    CYD_E_TIMEOUT = Timeout;
    CYD_E_BUSY = Busy;
    CYD_E_CLOSED = Closed;
    CYD_E_SHUTDOWN = Shutdown;
    CYD_E_PEER_CLOSED = PeerClosed;
    CYD_E_PEER_DIED = PeerDied;
    CYD_E_CANCELLED = Cancelled;
    CYD_E_INTERRUPTED = Interrupted;
    CYD_E_END = End;
    CYD_E_NOT_OWNER = NotOwner;
    CYD_E_DEADLOCK = Deadlock;
    CYD_E_BROKEN = Broken;
    CYD_E_STATE = State;
    CYD_E_LOST = Lost;
    CYD_E_NO_CHILD = NoChild;
    CYD_E_FAILED = Failed;
    CYD_E_REVOKED = Revoked;
    CYD_E_NO_SPACE = NoSpace;
    CYD_E_NO_SLOTS = NoSlots;
    CYD_E_NO_MEMORY = NoMemory;
    CYD_E_TOO_LONG = TooLong;
    CYD_E_EXISTS = Exists;
    CYD_E_NOT_FOUND = NotFound;
    CYD_E_MISMATCH = Mismatch;
    CYD_E_PERMISSION = Permission;
    CYD_E_FOREIGN = Foreign;
    CYD_E_TRUNCATED = Truncated;
    CYD_E_SIZE = Size;
    CYD_E_FORMAT = Format;
    CYD_E_VERSION = Version;
    CYD_E_CORRUPT = Corrupt;
    CYD_E_UNSUPPORTED = Unsupported;
    CYD_E_OS = Os;
    CYD_E_PANIC = Panic;
    CYD_E_POISONED = Poisoned;
}

const fn with_nul<const N: usize>(text: &str) -> [u8; N] {
    let (mut bytes, mut i) = ([0; N], 0);
    while i < text.len() {
        bytes[i] = text.as_bytes()[i];
        i += 1;
    }
    bytes
}

/// Gives the name of a status code.
///
/// \param status  Any number.
///
/// \return The name of the constant, for example "CYD_E_TIMEOUT"; "CYD_E_UNKNOWN" or "CYD_NEWS_UNKNOWN" for a number
///   that this version does not know. Never NULL, valid for ever.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub extern "C" fn cyd_status_name(status: cyd_status_t) -> *const c_char {
    name(status)
}

/// Says in one English sentence what a status code means.
///
/// cyd_last_error_message() often knows more.
///
/// \param status  Any number.
///
/// \return The sentence, without a full stop; one that says so for a number that this version does not know. Never
///   NULL, valid for ever.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never. Async-signal-safe.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub extern "C" fn cyd_status_message(status: cyd_status_t) -> *const c_char {
    message(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn text(of: *const c_char) -> &'static str {
        // SAFETY: names and messages are never NULL, end with NUL and live for ever.
        unsafe { CStr::from_ptr(of) }.to_str().unwrap()
    }

    #[test]
    fn every_kind_has_the_name_and_message_of_the_table() {
        for kind in ErrorKind::ALL {
            assert_eq!(text(cyd_status_name(kind.code())), kind.name());
            assert_eq!(text(cyd_status_message(kind.code())), kind.message());
        }
    }

    #[test]
    fn a_number_of_a_later_version_still_has_a_name() {
        assert_eq!(text(cyd_status_name(i32::MIN)), "CYD_E_UNKNOWN");
        assert_eq!(text(cyd_status_name(i32::MAX)), "CYD_NEWS_UNKNOWN");
        assert_eq!(text(cyd_status_name(0)), "CYD_OK");
        assert!(text(cyd_status_message(-1)).contains("does not know"));
        assert!(text(cyd_status_message(99)).starts_with("success"));
    }
}
