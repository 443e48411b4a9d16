//! One table of everything that can go wrong: variant = C code = name = message.
//!
//! * what lives here: [`ErrorKind`], [`Error`], [`News`], the numbers of the C ABI
//! * who calls it: every room
//! * what it may call: nothing
//! * the invariant: a number, once published, never changes its meaning; retired numbers stay as comments
//! * where it is tested: below, and `ffi-tests/c/abi.c` repeats the numbers from the C side
#![forbid(unsafe_code)]

use std::fmt;

/// The result of every fallible call.
pub type Result<T> = std::result::Result<T, Error>;

macro_rules! kinds {
    ($($variant:ident = $code:literal, $name:literal, $message:literal;)*) => {
        /// What went wrong. The discriminant is the number that C programs see.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(i32)]
        pub enum ErrorKind {
            $(#[doc = concat!($message, " (`", $name, "`)")] $variant = $code,)*
        }

        impl ErrorKind {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$variant,)*];

            /// The C name, for example `CYD_E_TIMEOUT`.
            pub const fn name(self) -> &'static str {
                match self { $(ErrorKind::$variant => $name,)* }
            }

            /// One English sentence without a full stop.
            pub const fn message(self) -> &'static str {
                match self { $(ErrorKind::$variant => $message,)* }
            }

            /// The kind behind a C code; `None` for a number that this version does not know.
            pub const fn from_code(code: i32) -> Option<ErrorKind> {
                match code { $($code => Some(ErrorKind::$variant),)* _ => None }
            }
        }
    };
}

kinds! {
    Invalid      = -1001, "CYD_E_INVALID",      "an argument is outside its range or meaning";
    Null         = -1002, "CYD_E_NULL",         "a pointer that must not be NULL is NULL";
    Type         = -1003, "CYD_E_TYPE",         "the object or handle is of another type";
    Range        = -1004, "CYD_E_RANGE",        "an index or count is out of range";
    Name         = -1005, "CYD_E_NAME",         "a name must be 1 to 63 characters of A-Z a-z 0-9 . _ -";
    Full         = -1010, "CYD_E_FULL",         "there was no room";
    Empty        = -1011, "CYD_E_EMPTY",        "there was nothing to take";
    Timeout      = -1012, "CYD_E_TIMEOUT",      "the wait gave up";
    Busy         = -1013, "CYD_E_BUSY",         "somebody else has it, or is in the middle of an operation";
    Closed       = -1020, "CYD_E_CLOSED",       "the handle or object is closed";
    Shutdown     = -1021, "CYD_E_SHUTDOWN",     "the object was shut down";
    PeerClosed   = -1022, "CYD_E_PEER_CLOSED",  "the other end has closed";
    PeerDied     = -1023, "CYD_E_PEER_DIED",    "the process at the other end has died";
    Cancelled    = -1024, "CYD_E_CANCELLED",    "the wait was cancelled";
    Interrupted  = -1025, "CYD_E_INTERRUPTED",  "a signal ended the wait";
    End          = -1026, "CYD_E_END",          "nothing is left, and nothing more comes";
    NotOwner     = -1030, "CYD_E_NOT_OWNER",    "the caller does not own it";
    Deadlock     = -1031, "CYD_E_DEADLOCK",     "the caller would wait for itself";
    Broken       = -1032, "CYD_E_BROKEN",       "the barrier is broken";
    State        = -1033, "CYD_E_STATE",        "the call does not fit the state of the object";
    Lost         = -1040, "CYD_E_LOST",         "the task was lost with its worker";
    NoChild      = -1041, "CYD_E_NO_CHILD",     "there is no child to wait for";
    Failed       = -1042, "CYD_E_FAILED",       "a task or an initializer failed";
    Revoked      = -1043, "CYD_E_REVOKED",      "the claim was taken back";
    NoSpace      = -1050, "CYD_E_NO_SPACE",     "the yard or its file system has no room left";
    NoSlots      = -1051, "CYD_E_NO_SLOTS",     "a table is full";
    NoMemory     = -1052, "CYD_E_NO_MEMORY",    "the system has no memory or address space left";
    TooLong      = -1053, "CYD_E_TOO_LONG",     "the record can never fit";
    Exists       = -1060, "CYD_E_EXISTS",       "the name is taken";
    NotFound     = -1061, "CYD_E_NOT_FOUND",    "there is nothing of that name";
    Mismatch     = -1062, "CYD_E_MISMATCH",     "the object exists with other parameters";
    Permission   = -1063, "CYD_E_PERMISSION",   "permission denied";
    Foreign      = -1070, "CYD_E_FOREIGN",      "not a yard, or an object of another yard";
    Truncated    = -1071, "CYD_E_TRUNCATED",    "the file is shorter than its header says";
    Size         = -1072, "CYD_E_SIZE",         "the file is longer than its header says, or a size is impossible";
    Format       = -1073, "CYD_E_FORMAT",       "the yard was made with another word format";
    Version      = -1074, "CYD_E_VERSION",      "the yard was made with another layout version";
    Corrupt      = -1075, "CYD_E_CORRUPT",      "the contents contradict themselves";
    Unsupported  = -1080, "CYD_E_UNSUPPORTED",  "this platform or type cannot do it";
    Os           = -1081, "CYD_E_OS",           "the operating system refused";
    Panic        = -1082, "CYD_E_PANIC",        "a defect in the library was caught at the boundary";
    Poisoned     = -1083, "CYD_E_POISONED",     "the object was found inconsistent";
}

impl ErrorKind {
    /// The number that C programs see; always negative.
    pub const fn code(self) -> i32 {
        self as i32
    }
}

/// An error: its kind, the operating system's number where there is one, and what exactly was wrong.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    os: i32,
    #[allow(clippy::box_collection)] // thin: an error stays small beside what a fast path returns
    detail: Option<Box<String>>,
}

impl Error {
    /// An error of this kind with nothing to add.
    pub const fn new(kind: ErrorKind) -> Error {
        Error { kind, os: 0, detail: None }
    }

    /// An error that names what exactly was wrong.
    pub fn with(kind: ErrorKind, detail: impl Into<String>) -> Error {
        Error { kind, os: 0, detail: Some(Box::new(detail.into())) }
    }

    /// An error from the operating system: `errno` and the call that failed.
    pub fn os(kind: ErrorKind, errno: i32, call: &str) -> Error {
        Error { kind, os: errno, detail: Some(Box::new(format!("{call}: errno {errno}"))) }
    }

    /// What went wrong.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The operating system's `errno`, where a system call was refused.
    pub const fn os_error(&self) -> Option<i32> {
        if self.os == 0 { None } else { Some(self.os) }
    }

    /// What exactly was wrong, where there is more to say than the kind.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref().map(String::as_str)
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Error {
        Error::new(kind)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) => write!(f, "{}: {detail}", self.kind.message()),
            None => f.write_str(self.kind.message()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({self})", self.kind.name())
    }
}

impl std::error::Error for Error {}

/// Success with something to tell. In C these are the positive codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(i32)]
pub enum News {
    /// The previous owner died; what it guarded may be half changed (`CYD_OWNER_DIED`).
    OwnerDied = 1,
    /// The record may have been seen before by a receiver that died (`CYD_REDELIVERED`).
    Redelivered = 2,
}

/// What somebody has panicked with.
#[cfg(not(loom))]
pub(crate) fn text_of(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_unique_and_find_their_kind_again() {
        for (i, kind) in ErrorKind::ALL.iter().enumerate() {
            assert_eq!(ErrorKind::from_code(kind.code()), Some(*kind));
            assert!(kind.code() < 0 && kind.name().starts_with("CYD_E_"));
            assert!(ErrorKind::ALL[..i].iter().all(|k| k.name() != kind.name()));
        }
        assert_eq!(ErrorKind::from_code(0), None);
    }

    #[test]
    fn an_error_tells_its_detail() {
        let error = Error::with(ErrorKind::NoSpace, "8 bytes asked, 4 free");
        assert_eq!(error.to_string(), "the yard or its file system has no room left: 8 bytes asked, 4 free");
        assert_eq!(format!("{:?}", Error::new(ErrorKind::Busy)).split(' ').next(), Some("CYD_E_BUSY"));
    }
}
