//! What happens around fork(2) (pthread_atfork(3)).
//!
//! A room that must keep still over a fork has one static [`Handlers`] and installs it before it first needs it. The
//! rooms know nothing of each other: none takes its lock while it holds another's.
//!
//! What was true of threads before a fork is not true in the child: whoever remembers such things remembers [`count`] beside
//! them, and forgets them when it is another one.

use crate::error::Result;
use crate::os::error;
use crate::shim::{AtomicU32, Ordering};

/// How often this process's line has forked since handlers were first installed.
static COUNT: AtomicU32 = AtomicU32::new(0);
static IS_COUNTED: AtomicU32 = AtomicU32::new(0);

/// For a test that forks, and for one to which it matters that nobody else holds what it holds: a child holds the ends that
/// the tests beside it hold, and dies with them.
#[cfg(test)]
pub(crate) static APART: crate::os::Mutex<()> = crate::os::Mutex::new(());

extern "C" fn count_one() {
    COUNT.fetch_add(1, Ordering::Relaxed); // Relaxed: the child has one thread
}

/// A number that is another one in each fork child, in a process that has installed handlers before.
pub(crate) fn count() -> u32 {
    COUNT.load(Ordering::Relaxed) // Relaxed: changed while there is one thread
}

/// Has forks counted; twice, should two threads come here at once, which does no harm. Children count before they run any room's
/// handler: those are called in the order of their installation.
fn be_counted() -> Result<()> {
    if IS_COUNTED.load(Ordering::Relaxed) == 1 {
        return Ok(());
    }
    // SAFETY: a function of this library, which is never unloaded (-z nodelete).
    let rc = unsafe { libc::pthread_atfork(None, None, Some(count_one)) };
    if rc != 0 {
        return Err(error("pthread_atfork", rc));
    }
    IS_COUNTED.store(1, Ordering::Relaxed); // Relaxed: the list of handlers has a lock of its own, which fork takes
    Ok(())
}

/// The three handlers of a room, as pthread_atfork takes them.
pub(crate) struct Handlers {
    prepare: extern "C" fn(),
    parent: extern "C" fn(),
    child: extern "C" fn(),
    installed: AtomicU32,
}

impl Handlers {
    pub(crate) const fn new(
        prepare: extern "C" fn(),
        parent: extern "C" fn(),
        child: extern "C" fn(),
    ) -> Handlers {
        Handlers { prepare, parent, child, installed: AtomicU32::new(0) }
    }

    /// Installs the handlers, once in the life of the process and its fork children.
    ///
    /// Callers hold the lock that the handlers take, so that no two install at once.
    pub(crate) fn install(&self) -> Result<()> {
        if self.installed.load(Ordering::Relaxed) == 1 {
            return Ok(());
        }
        be_counted()?;
        // SAFETY: the handlers are functions of this library, which is never unloaded (-z nodelete).
        let rc = unsafe { libc::pthread_atfork(Some(self.prepare), Some(self.parent), Some(self.child)) };
        if rc != 0 {
            return Err(error("pthread_atfork", rc));
        }
        self.installed.store(1, Ordering::Relaxed);
        Ok(())
    }
}
