//! What happens around fork(2) (pthread_atfork(3)).

use crate::error::Result;
use crate::os::error;
use crate::shim::{AtomicU32, Ordering};

/// The three handlers, as pthread_atfork takes them.
pub(crate) struct Handlers {
    pub(crate) prepare: extern "C" fn(),
    pub(crate) parent: extern "C" fn(),
    pub(crate) child: extern "C" fn(),
}

static INSTALLED: AtomicU32 = AtomicU32::new(0);

/// Installs the handlers, once in the life of the process and its fork children.
///
/// Callers hold the lock that the handlers take, so that no two install at once.
pub(crate) fn install(handlers: &Handlers) -> Result<()> {
    if INSTALLED.load(Ordering::Relaxed) == 1 {
        return Ok(());
    }
    // SAFETY: the handlers are functions of this library, which is never unloaded (-z nodelete).
    let rc =
        unsafe { libc::pthread_atfork(Some(handlers.prepare), Some(handlers.parent), Some(handlers.child)) };
    if rc != 0 {
        return Err(error("pthread_atfork", rc));
    }
    INSTALLED.store(1, Ordering::Relaxed);
    Ok(())
}
