//! The wall between the languages: what goes through it is a number.
//!
//! * what lives here: results become status codes, panics become `CYD_E_PANIC`
//! * who calls it: every C function that can fail
//! * what it may call: `error`, `last`, `status`
//! * the invariant: no unwinding reaches C; whoever gets a negative code finds its message with `last`
//! * where it is tested: below

use crate::capi::last;
use crate::capi::status::{CYD_OK, cyd_status_t};
use crate::error::{Error, ErrorKind, News, text_of};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a successful call may have to say.
pub(super) trait Success {
    /// `CYD_OK` or a positive code.
    fn code(self) -> cyd_status_t;
}

impl Success for () {
    #[inline(always)]
    fn code(self) -> cyd_status_t {
        CYD_OK
    }
}

impl Success for News {
    #[inline(always)]
    fn code(self) -> cyd_status_t {
        self as cyd_status_t
    }
}

impl Success for Option<News> {
    #[inline(always)]
    fn code(self) -> cyd_status_t {
        self.map_or(CYD_OK, News::code)
    }
}

/// Runs the body of a C function: errors and panics become codes, and the message is kept for the thread.
///
/// After a panic nothing of the body is used again but what the caller owns, so unwind safety is the objects' business.
pub(super) fn call<S: Success>(body: impl FnOnce() -> Result<S, Error>) -> cyd_status_t {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(success)) => success.code(),
        Ok(Err(error)) => failed(&error),
        Err(payload) => panicked(payload),
    }
}

/// Runs a body that answers with a value of its own, for functions without a status; `otherwise` after a panic.
pub(super) fn value<V>(otherwise: V, body: impl FnOnce() -> V) -> V {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        panicked(payload);
        otherwise
    })
}

/// The code of a result, for fast paths: no `catch_unwind`, so the body must be unable to panic.
#[inline(always)]
pub(super) fn code<S: Success>(result: Result<S, ErrorKind>) -> cyd_status_t {
    match result {
        Ok(success) => success.code(),
        Err(kind) => failed_kind(kind),
    }
}

/// The code of a result, for functions that a signal handler may call: as [`code`], and touches no thread-local.
#[inline(always)]
pub(super) fn code_in_signal<S: Success>(result: Result<S, ErrorKind>) -> cyd_status_t {
    match result {
        Ok(success) => success.code(),
        Err(kind) => kind.code(),
    }
}

#[cold]
fn failed(error: &Error) -> cyd_status_t {
    last::set(error);
    error.kind().code()
}

#[cold]
fn failed_kind(kind: ErrorKind) -> cyd_status_t {
    last::set_kind(kind);
    kind.code()
}

#[cold]
fn panicked(payload: Box<dyn Any + Send>) -> cyd_status_t {
    last::write(0, format_args!("{}: {}", ErrorKind::Panic.message(), text_of(&*payload)));
    // A foreign payload could panic in its destructor: a few bytes lost after a defect are the lesser evil.
    std::mem::forget(payload);
    ErrorKind::Panic.code()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capi::{cyd_last_error_message, cyd_last_os_error};
    use std::ffi::CStr;

    fn message() -> String {
        // SAFETY: never NULL, ends with NUL, and no call fails while we copy.
        unsafe { CStr::from_ptr(cyd_last_error_message()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn results_become_codes() {
        assert_eq!(call(|| Ok(())), 0);
        assert_eq!(call(|| Ok(News::OwnerDied)), 1);
        assert_eq!(call(|| Ok(Some(News::Redelivered))), 2);
        assert_eq!(call(|| Ok(None::<News>)), 0);
        assert_eq!(call(|| Err::<(), _>(Error::os(ErrorKind::Os, 7, "ftruncate"))), ErrorKind::Os.code());
        assert!(message().ends_with("ftruncate: errno 7"));
        assert_eq!(cyd_last_os_error(), 7);
    }

    #[test]
    fn a_fast_path_leaves_a_message_too_but_not_in_a_signal_handler() {
        assert_eq!(code(Err::<(), _>(ErrorKind::Busy)), ErrorKind::Busy.code());
        assert_eq!(code_in_signal(Err::<(), _>(ErrorKind::Closed)), ErrorKind::Closed.code());
        assert_eq!(message(), ErrorKind::Busy.message());
        assert_eq!((code(Ok(())), code_in_signal(Ok(News::OwnerDied))), (0, 1));
    }

    #[test]
    fn a_panic_becomes_a_code_with_its_words() {
        let nine = std::hint::black_box(9);
        assert_eq!(call::<()>(|| panic!("nine is {nine}")), ErrorKind::Panic.code());
        assert!(message().ends_with(": nine is 9"), "{}", message());
        assert_eq!(value(3, || -> i32 { std::panic::panic_any(1_u8) }), 3);
        assert!(message().ends_with(": no text"));
    }
}
