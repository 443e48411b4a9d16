//! What went wrong last in this thread, in words.
//!
//! * what lives here: the thread's last message and its `errno`
//! * who calls it: `boundary`, when a call fails
//! * what it may call: `error`
//! * the invariant: plain bytes without a destructor and without an allocation, so that a call made while the thread
//!   is ending, or with no memory left, still finds a place for its message
//! * where it is tested: below, and `ffi-tests/c/errors.c`

use crate::error::{Error, ErrorKind};
use std::cell::{Cell, UnsafeCell};
use std::ffi::c_char;
use std::fmt::{self, Write};

/// Bytes of a message with its NUL; what is longer is cut.
const ROOM: usize = 256;

struct Last {
    text: UnsafeCell<[u8; ROOM]>,
    os: Cell<i32>,
}

thread_local! {
    static LAST: Last = const { Last { text: UnsafeCell::new([0; ROOM]), os: Cell::new(0) } };
}

/// Remembers an error.
#[cold]
pub(super) fn set(error: &Error) {
    write(error.os_error().unwrap_or(0), format_args!("{error}"));
}

/// Remembers an error that is no more than its kind.
#[cold]
pub(super) fn set_kind(kind: ErrorKind) {
    write(0, format_args!("{}", kind.message()));
}

/// Remembers a message and an `errno`.
pub(super) fn write(os: i32, message: fmt::Arguments<'_>) {
    // Without a destructor the storage lives as long as the thread: `try_with` does not fail, and must not panic.
    let _ = LAST.try_with(|last| {
        let mut line = Line { text: [0; ROOM], len: 0 };
        let _ = line.write_fmt(message); // what does not fit is cut
        last.os.set(os);
        // SAFETY: the cell is this thread's, and no reference into it is alive: formatting wrote elsewhere.
        unsafe { *last.text.get() = line.text };
    });
}

/// A line that keeps what fits and stays a string: cut between characters, NUL at the end.
struct Line {
    text: [u8; ROOM],
    len: usize,
}

impl Write for Line {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let fits = part.floor_char_boundary(ROOM - 1 - self.len);
        for (to, from) in self.text[self.len..].iter_mut().zip(&part.as_bytes()[..fits]) {
            // A NUL would end the C string: show it as a space.
            *to = if *from == 0 { b' ' } else { *from };
        }
        self.len += fits;
        if fits == part.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// Says in words what the last failing call of this thread met.
///
/// More precise than cyd_status_message(): it may name the object, the sizes or the system call.
///
/// \return A string in UTF-8, never NULL; empty if no call of this thread has failed yet. It belongs to the thread
///   and stays valid until the next failing call in this thread, or until the thread ends. Calls that succeed, and
///   the functions documented as async-signal-safe, leave it as it is.
///
/// \par Threads    Each thread has its own.
/// \par Processes  A fork() child starts with a copy of its parent's.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub extern "C" fn cyd_last_error_message() -> *const c_char {
    LAST.try_with(|last| last.text.get().cast_const().cast()).unwrap_or(c"".as_ptr())
}

/// Gives the operating system's `errno` behind the last failing call of this thread.
///
/// \return The number, or 0 if no call of this thread has failed yet or the last failure did not come from the
///   operating system.
///
/// \par Threads    Each thread has its own.
/// \par Processes  A fork() child starts with a copy of its parent's.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub extern "C" fn cyd_last_os_error() -> i32 {
    LAST.try_with(|last| last.os.get()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn message() -> String {
        // SAFETY: never NULL, ends with NUL, and no call fails while we copy.
        unsafe { CStr::from_ptr(cyd_last_error_message()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn the_last_error_stays_until_the_next() {
        set(&Error::os(ErrorKind::Os, 5, "mmap"));
        assert_eq!(
            (message().as_str(), cyd_last_os_error()),
            ("the operating system refused: mmap: errno 5", 5)
        );
        set_kind(ErrorKind::Busy);
        assert_eq!((message().as_str(), cyd_last_os_error()), (ErrorKind::Busy.message(), 0));
    }

    #[test]
    fn a_long_message_is_cut_between_characters_and_a_nul_becomes_a_space() {
        set(&Error::with(ErrorKind::Name, format!("a\0b{}", "é".repeat(ROOM))));
        let cut = message();
        assert!(cut.contains("a b") && cut.ends_with('é') && (ROOM - 3..ROOM).contains(&cut.len()), "{cut}");
    }

    #[test]
    fn a_thread_that_is_ending_can_still_fail() {
        struct FailsLate;
        impl Drop for FailsLate {
            fn drop(&mut self) {
                set_kind(ErrorKind::Lost);
                assert_eq!(message(), ErrorKind::Lost.message());
            }
        }
        thread_local!(static LATE: FailsLate = const { FailsLate });
        std::thread::spawn(|| LATE.with(|_| assert_eq!(message(), ""))).join().unwrap();
    }
}
