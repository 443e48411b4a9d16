//! What happens around fork(2) (pthread_atfork(3)).
//!
//! A room that must keep still over a fork has one static [`Handlers`] and installs it before it first takes the lock that they
//! take: of a fork that comes before that the child has a lock that nobody holds. The rooms know nothing of each other: none takes
//! its lock while it holds another's.
//!
//! What was true of threads before a fork is not true in the child: whoever remembers such things remembers [`count`] beside
//! them, and forgets them when it is another one.

use crate::error::Result;
use crate::os::{error, process};
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
    /// [`INSTALLED`], or the process of which a thread is at it; 0: none was yet.
    state: AtomicU32,
}

/// No process has this number.
const INSTALLED: u32 = u32::MAX;

impl Handlers {
    pub(crate) const fn new(
        prepare: extern "C" fn(),
        parent: extern "C" fn(),
        child: extern "C" fn(),
    ) -> Handlers {
        Handlers { prepare, parent, child, state: AtomicU32::new(0) }
    }

    /// Installs the handlers, once in the life of the process and its fork children, before anybody takes the lock that they take.
    #[inline]
    pub(crate) fn install(&self) -> Result<()> {
        // Relaxed, here and below: the list of handlers has a lock of its own, which fork takes.
        if self.state.load(Ordering::Relaxed) == INSTALLED { Ok(()) } else { self.install_once() }
    }

    #[cold]
    fn install_once(&self) -> Result<()> {
        let me = process::pid();
        loop {
            match self.state.load(Ordering::Relaxed) {
                INSTALLED => return Ok(()),
                // Another thread is at it; in a fork child it would be another process's, which is not there.
                at_it if at_it == me => std::thread::yield_now(),
                other => {
                    if self.state.compare_exchange(other, me, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                        return self.register();
                    }
                }
            }
        }
    }

    fn register(&self) -> Result<()> {
        let done = be_counted().and_then(|()| {
            // SAFETY: the handlers are functions of this library, which is never unloaded (-z nodelete).
            match unsafe { libc::pthread_atfork(Some(self.prepare), Some(self.parent), Some(self.child)) } {
                0 => Ok(()),
                rc => Err(error("pthread_atfork", rc)),
            }
        });
        self.state.store(if done.is_ok() { INSTALLED } else { 0 }, Ordering::Relaxed);
        done
    }

    /// The first of the three says so: who installs them may be between the two, and in the child is not there any more.
    pub(crate) fn are_installed(&self) {
        self.state.store(INSTALLED, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(unsafe_code, clippy::unwrap_used)] // a child is forked here
    use super::*;

    static PREPARED: AtomicU32 = AtomicU32::new(0);

    extern "C" fn prepare() {
        PREPARED.fetch_add(1, Ordering::Relaxed);
    }

    extern "C" fn nothing() {}

    /// Whether it is so in a child, where nobody else forks.
    fn in_a_child(is_so: impl FnOnce() -> bool) -> bool {
        let _apart = APART.lock();
        // SAFETY: the child runs no destructor of the parent's, and ends by _exit or a signal.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            // SAFETY: a timer, and the end of the process.
            unsafe {
                libc::alarm(60);
                libc::_exit(i32::from(!is_so()))
            }
        }
        let mut status = 0;
        // SAFETY: our own child.
        assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
        status == 0
    }

    #[test]
    fn handlers_are_installed_once_whoever_is_at_it() {
        static ROOM: Handlers = Handlers::new(prepare, nothing, nothing);
        let once = || {
            let all_in = std::sync::Barrier::new(8);
            let install = || {
                all_in.wait();
                ROOM.install().is_ok()
            };
            std::thread::scope(|threads| (0..8).for_each(|_| drop(threads.spawn(install))));
            // SAFETY: the child ends at once.
            match unsafe { libc::fork() } {
                // SAFETY: as above.
                0 => unsafe { libc::_exit(0) },
                _ => PREPARED.load(Ordering::Relaxed) == 1,
            }
        };
        assert!(in_a_child(once));
    }

    #[test]
    fn what_a_thread_of_the_parent_was_at_is_done_in_the_child() {
        static ROOM: Handlers = Handlers::new(nothing, nothing, nothing);
        ROOM.state.store(process::parent(), Ordering::Relaxed);
        ROOM.install().unwrap();
        assert_eq!(ROOM.state.load(Ordering::Relaxed), INSTALLED);
        ROOM.state.store(process::pid(), Ordering::Relaxed);
        ROOM.are_installed(); // a fork comes in between: its child does not install them again
        ROOM.install().unwrap();
    }
}
