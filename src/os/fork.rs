//! What happens around fork(2) (pthread_atfork(3)).
//!
//! A room that must keep still over a fork has one static [`Handlers`] and installs it before it first needs it. The
//! rooms know nothing of each other: none takes its lock while it holds another's.

use crate::error::Result;
use crate::os::error;
use crate::shim::{AtomicU32, Ordering};

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
        // SAFETY: the handlers are functions of this library, which is never unloaded (-z nodelete).
        let rc = unsafe { libc::pthread_atfork(Some(self.prepare), Some(self.parent), Some(self.child)) };
        if rc != 0 {
            return Err(error("pthread_atfork", rc));
        }
        self.installed.store(1, Ordering::Relaxed);
        Ok(())
    }
}
