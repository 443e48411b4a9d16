//! A yard: a shared-memory segment with a directory of named objects.
#![forbid(unsafe_code)]

mod name;
mod options;
#[cfg(test)]
mod tests;

pub use options::{Cost, Options};

use crate::error::Result;
use crate::objects::faults::{self, Fault};
use crate::objects::member::{self, Member};
use crate::os::file;
use crate::presence::attachment::Held;
use crate::presence::thread;
use crate::segment::directory::{ObjectType, Record};
use crate::sync::wait::Manner;
use std::os::fd::{AsFd, BorrowedFd};

/// A shared-memory segment with a directory of named objects.
///
/// All handles of a process on one yard share one attachment: one mapping, one entry. Cloning is cheap. When the
/// last handle (of the yard or of an object in it) is dropped, what the process owns in the yard is given back; the
/// yard counts as open until every thread that used it has ended or made another slow call.
///
/// # Death, fork
/// A process may be killed at any instruction: whoever comes next, or waits, clears up behind it. In a fork child all
/// handles stay valid and ownership stays the parent's; the child takes its own place with its first call that claims
/// something or blocks.
#[derive(Clone)]
pub struct Yard {
    held: Held,
    manner: Manner,
}

/// An object in a yard's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// The name it was made under.
    pub name: String,
    /// What it is.
    pub kind: ObjectType,
    /// Bytes it takes.
    pub bytes: u64,
}

impl From<Record> for ObjectInfo {
    fn from(record: Record) -> ObjectInfo {
        ObjectInfo { name: record.name.as_str().to_owned(), kind: record.kind, bytes: record.len }
    }
}

impl Yard {
    pub(crate) fn new(held: Held, manner: Manner) -> Yard {
        Yard { held, manner }
    }

    /// Makes a yard of default size; see [`Options::create`].
    pub fn create(name: &str) -> Result<Yard> {
        Options::new().create(name)
    }

    /// Opens a yard; see [`Options::open`].
    pub fn open(name: &str) -> Result<Yard> {
        Options::new().open(name)
    }

    /// Opens a yard or makes one of default size; see [`Options::open_or_create`].
    pub fn open_or_create(name: &str) -> Result<Yard> {
        Options::new().open_or_create(name)
    }

    /// Makes a yard without a name; see [`Options::anonymous`].
    pub fn anonymous() -> Result<Yard> {
        Options::new().anonymous()
    }

    /// Opens the yard behind a descriptor; see [`Options::from_fd`].
    pub fn from_fd(fd: impl AsFd) -> Result<Yard> {
        Options::new().from_fd(fd)
    }

    /// Takes the name away. Who has the yard open keeps it; the memory goes with the last of them.
    ///
    /// Errors: `NotFound`, `Name`, `Foreign` (what has the name is no yard), `Permission`, `Busy` (somebody else is
    /// removing or replacing it just now).
    pub fn unlink(name: &str) -> Result<()> {
        name::unlink(&name::path(name)?)
    }

    /// Every object in the yard.
    pub fn objects(&self) -> Result<Vec<ObjectInfo>> {
        Ok(self.held.directory()?.iter().map(ObjectInfo::from).collect())
    }

    /// One object after the other, for callers who cannot take them all at once: `cursor` begins at 0 and is moved
    /// on. `None` at the end.
    pub(crate) fn next_object(&self, cursor: &mut usize) -> Result<Option<ObjectInfo>> {
        let Some((place, record)) = self.held.directory()?.next(*cursor) else { return Ok(None) };
        *cursor = place + 1;
        Ok(Some(record.into()))
    }

    /// Every process that takes part in the yard now, this one among them. Asks the kernel about each.
    pub fn members(&self) -> Vec<Member> {
        member::all(self)
    }

    /// How large the yard and its parts are.
    pub fn cost(&self) -> Result<Cost> {
        let g = self.held.geometry();
        Options::new().size(g.heap()).slots(g.slots).objects(g.objects).cost()
    }

    /// Clears up behind dead participants now; behind those at whom another process is just doing so, it leaves it to that one, and
    /// does not wait. Nobody needs to call this: whoever opens the yard, needs a place or waits does it too.
    pub fn sweep(&self) {
        self.held.sweep();
    }

    /// The last repairs behind dead participants, at most 16, the newest first: who died, doing what. For people and
    /// logs; a repairer that is killed just after its repair leaves no note.
    pub fn faults(&self) -> Vec<Fault> {
        faults::read(&self.held)
    }

    /// The newest of [`Yard::faults`].
    pub fn last_fault(&self) -> Option<Fault> {
        self.faults().into_iter().next()
    }

    /// Whether the yard's size is sealed, so that not even a hostile peer can truncate it. True for anonymous yards.
    pub fn is_sealed(&self) -> bool {
        self.held.is_sealed()
    }

    /// Whether the yard's descriptor survives exec(2), so that the new program can open it by its number. Errors:
    /// `Closed` if somebody has closed the descriptor behind the library's back.
    pub fn set_inheritable(&self, inheritable: bool) -> Result<()> {
        file::set_inheritable(self.held.checked_fd()?.as_fd(), inheritable)
    }

    /// Takes the calling thread out of the yard now instead of at its end. What it still owns counts as a dead
    /// owner's. A later claiming or blocking call registers it again.
    pub fn detach_thread(&self) {
        thread::detach(&self.held);
    }

    pub(crate) fn held(&self) -> &Held {
        &self.held
    }

    pub(crate) fn manner(&self) -> Manner {
        self.manner
    }
}

impl AsFd for Yard {
    /// The descriptor to hand to another process: over a socket, or by exec after [`Yard::set_inheritable`].
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.held.fd().as_fd()
    }
}

impl std::fmt::Debug for Yard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Yard").field("geometry", self.held.geometry()).finish_non_exhaustive()
    }
}
