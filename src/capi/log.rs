//! What processes say, for C.
//!
//! * what lives here: levels, and who listens
//! * who calls it: C programs
//! * what it may call: `process::log`
//! * the invariant: a level that is not one is refused
//! * where it is tested: `ffi-tests/c/log.c`

use crate::capi::status::cyd_status_t;
use crate::capi::{args, boundary};
use crate::error::{Error, ErrorKind, Result};
use crate::process;
use log::{Level, LevelFilter};
use std::ffi::{CString, c_char, c_void};

/// How important a message is: a CYD_LOG_ number. As a limit: this and whatever is more important.
pub type cyd_log_level_t = u32;

/// As a limit: nothing.
pub const CYD_LOG_OFF: cyd_log_level_t = 0;
/// Something has failed.
pub const CYD_LOG_ERROR: cyd_log_level_t = 1;
/// Something may fail.
pub const CYD_LOG_WARN: cyd_log_level_t = 2;
/// A child begins, or ends by itself.
pub const CYD_LOG_INFO: cyd_log_level_t = 3;
/// A child was made, or its end was heard of.
pub const CYD_LOG_DEBUG: cyd_log_level_t = 4;
/// Every step.
pub const CYD_LOG_TRACE: cyd_log_level_t = 5;

fn limit(level: cyd_log_level_t) -> Result<LevelFilter> {
    let known = LevelFilter::iter().find(|known| *known as usize == level as usize);
    known.ok_or_else(|| Error::with(ErrorKind::Invalid, format!("log level {level}")))
}

/// Prints every message of at least this importance to standard error, as "[INFO/Process-1] message", one write(2) for each line.
/// Children, however they are made, begin as their maker is then.
///
/// \param level  A CYD_LOG_ number; #CYD_LOG_OFF ends it.
///
/// \return #CYD_OK, or
///   - #CYD_E_INVALID  `level` is no CYD_LOG_ number
///   - #CYD_E_STATE    a Rust program that this library is linked into has another logger
///
/// \par Threads    Any.
/// \par Processes  Each for itself; a child begins as its maker.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn cyd_log_to_stderr(level: cyd_log_level_t) -> cyd_status_t {
    boundary::call(|| process::log_to_stderr(limit(level)?))
}

/// Calls a function with every message of at least this importance, instead of printing it.
///
/// \param level     A CYD_LOG_ number; #CYD_LOG_OFF ends it.
/// \param listener  Called with the level, the name of the process, the message, both as text that is gone afterwards, and
///   `argument`. It may be called by several threads at once, and may call this library; a C++ exception must not leave it.
/// \param argument  Whatever `listener` is to have, for as long as the process runs.
///
/// \return #CYD_OK, or
///   - #CYD_E_INVALID  `level` is no CYD_LOG_ number
///   - #CYD_E_NULL     `listener` is NULL
///   - #CYD_E_STATE    a Rust program that this library is linked into has another logger
///
/// \par Threads    Any.
/// \par Processes  Each for itself; a forked child begins as its parent, and one that is no copy of its maker has no listener.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn cyd_log_to_listener(
    level: cyd_log_level_t,
    listener: Option<
        unsafe extern "C" fn(
            level: cyd_log_level_t,
            process: *const c_char,
            message: *const c_char,
            argument: *mut c_void,
        ),
    >,
    argument: *mut c_void,
) -> cyd_status_t {
    boundary::call(|| {
        let (limit, listener) = (limit(level)?, listener.ok_or(ErrorKind::Null)?);
        let argument = args::Argument::new(argument);
        let call = move |level: Level, name: &str, message: &str| {
            let [name, message] = [name, message].map(text);
            // SAFETY: the caller's function, called with the caller's argument, as the header says.
            unsafe { listener(level as u32, name.as_ptr(), message.as_ptr(), argument.get()) };
        };
        process::log_to(call, limit)
    })
}

/// As C has it: up to the first NUL.
fn text(text: &str) -> CString {
    let before = text.split('\0').next().unwrap_or_default();
    CString::new(before).unwrap_or_default()
}

/// Says something, in the name of the calling process.
///
/// \param level    #CYD_LOG_ERROR to #CYD_LOG_TRACE.
/// \param message  What to say; a text in UTF-8 without a line's end.
///
/// \return #CYD_OK, also if nobody listens; or
///   - #CYD_E_INVALID  `level` is none of those
///   - #CYD_E_NULL     `message` is NULL
///   - #CYD_E_NAME     `message` is no UTF-8
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   As long as who listens.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_log(level: cyd_log_level_t, message: *const c_char) -> cyd_status_t {
    boundary::call(|| {
        let level = limit(level)?.to_level().ok_or(ErrorKind::Invalid)?;
        if message.is_null() {
            return Err(ErrorKind::Null.into());
        }
        // SAFETY: not NULL; a string by the caller's promise.
        let message = unsafe { args::name(message)? };
        log::log!(level, "{message}");
        Ok(())
    })
}
