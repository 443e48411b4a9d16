//! Functions that a process can be started with, by name.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::os::child;
use crate::presence::{attachment, handover};
use crate::process::family::{self, EntryFn};
use crate::process::letter::Letter;
use crate::process::pool::worker;
use crate::process::{log, server};
use crate::segment::directory::Name;
use std::sync::Arc;

/// Tells a new process under which number it finds its letter.
pub(super) const VARIABLE: &str = "COURTYARD_LETTER";

/// What a child ends with that cannot read its letter, or has no such entry (sh(1): cannot execute, not found).
pub(super) const NO_LETTER: i32 = 126;
const NO_ENTRY: i32 = 127;

/// Has `work` run by each process that is started with this name, and ends it with the result as its exit code.
///
/// A started process runs the same program, so it must register the same entries, before it calls [`init`].
///
/// Errors: `Name` (not 1 to 63 characters of `A-Z a-z 0-9 . _ -`), `Exists`.
pub fn register_entry(name: &str, work: impl Fn(&[u8]) -> i32 + Send + Sync + 'static) -> Result<()> {
    Name::new(name)?;
    let mut family = family::family()?;
    if family.entries.contains_key(name) {
        return Err(Error::with(ErrorKind::Exists, format!("entry {name:?} is registered already")));
    }
    family.entries.insert(name.to_owned(), Arc::new(work));
    Ok(())
}

/// Makes a program one that can be started with an entry ([`Process::spawn`](crate::Process::spawn),
/// [`ForkServer`](crate::ForkServer)): in a process that was, it runs that entry and does not return. In any other it returns at once.
///
/// To be called first in main, once the entries are registered: everything before it happens in each of these processes too.
///
/// A process that cannot read what it was told ends with exit code 126, one that has no such entry with 127. The environment of a
/// program with more rights than its caller (setuid) is not looked at: it can be started with no entry, and starting it so is refused
/// as `Unsupported`.
pub fn init() {
    if let Ok(mut family) = family::family() {
        family.is_init = true;
    }
    if child::is_privileged() {
        return;
    }
    let Some(number) = child::take_variable(VARIABLE) else { return };
    let paper = number.to_str().and_then(|it| it.parse().ok()).and_then(child::adopt);
    let letter = paper.ok_or(ErrorKind::NotFound.into()).and_then(|paper| Letter::read(&paper));
    match letter {
        Ok(letter) => run(letter),
        Err(e) => {
            child::last_words(&format!("courtyard: a child cannot read what it was told: {e}\n"));
            child::exit_now(NO_LETTER)
        }
    }
}

/// Becomes who the letter says.
fn run(letter: Letter) -> ! {
    child::close_all(&letter.strays);
    let life = child::adopt(letter.life).map(Arc::new);
    log::adopt(letter.log);
    if letter.group {
        child::lead_group();
    }
    let begun = letter.invited.iter().try_for_each(|it| {
        let description = child::adopt(it.fd).ok_or(ErrorKind::NotFound)?;
        handover::accept(description, it)
    });
    let begun =
        begun.and_then(|()| family::become_child(letter.name.clone(), letter.parent, life, letter.at_exit));
    if let Err(e) = begun {
        child::last_words(&format!("courtyard: {} cannot begin: {e}\n", letter.name));
        child::exit_now(NO_LETTER)
    }
    let code = call(&letter.entry, &letter.bytes);
    ::log::info!("ends with exit code {}", code & 0xff);
    family::end();
    attachment::leave_all();
    std::process::exit(code)
}

/// Calls an entry, or what the library itself does in a process.
pub(super) fn call(entry: &str, bytes: &[u8]) -> i32 {
    if entry == server::ENTRY {
        return server::serve(bytes);
    }
    if entry == worker::ENTRY {
        return worker::serve(bytes);
    }
    match find(entry) {
        Some(work) => {
            ::log::info!("begins entry {entry}");
            work(bytes)
        }
        None => {
            child::last_words(&format!("courtyard: no entry {entry:?} was registered before init\n"));
            NO_ENTRY
        }
    }
}

pub(super) fn find(entry: &str) -> Option<EntryFn> {
    family::family().ok()?.entries.get(entry).cloned()
}

/// Whether this program can be started anew for an entry.
pub(super) fn check_init() -> Result<()> {
    if child::is_privileged() {
        let detail = "this program has more rights than its caller: a child would not heed what it is told";
        return Err(Error::with(ErrorKind::Unsupported, detail));
    }
    if family::family()?.is_init {
        return Ok(());
    }
    let detail = "init was not called first in main: a child would not know what it is for";
    Err(Error::with(ErrorKind::State, detail))
}

/// Whether a process can be started with this entry.
pub(super) fn check(entry: &str) -> Result<()> {
    check_init()?;
    match find(entry) {
        Some(_) => Ok(()),
        None => Err(Error::with(ErrorKind::NotFound, format!("no entry {entry:?} is registered"))),
    }
}
