//! Yards by name, by descriptor, and without either: how they come, are found, are replaced, and go.
//!
//! A named yard is a file in /dev/shm that is whole before it has a name: creation is one step, and a creator that
//! dies leaves nothing. Everybody who has it open holds byte 0 of the file shared. Whoever removes a name holds byte 1
//! exclusively on the file he found and looks once more whether the name still means it; to replace a yard he needs
//! byte 0 exclusively too. Whoever opens looks once more after he has locked.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::REPAIR;
use crate::objects::yard::{Options, Yard};
use crate::os::file::{self, Hold};
use crate::os::probe::SHM;
use crate::os::process;
use crate::os::refusal as errno;
use crate::presence::attachment::{Attachment, IN_USE, undisturbed};
use crate::segment::directory::Name;
use crate::segment::geometry::Geometry;
use crate::segment::header;
use crate::segment::region::Region;
use crate::shim::{AtomicU32, Ordering};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// The byte that whoever removes a name holds exclusively.
const REMOVING: u64 = 1;
/// How often a race with somebody who replaces or removes is tried again.
const TRIES: u32 = 100;
/// How long to wait for somebody who replaces a yard just now: he needs microseconds, unless he has lost the CPU.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(1);

/// The file of a named yard.
pub(crate) fn path(name: &str) -> Result<PathBuf> {
    Ok(Path::new(SHM).join(format!("{}.yard", Name::new(name)?.as_str())))
}

fn attach(options: &Options, fd: OwnedFd, geometry: Geometry, path: Option<PathBuf>) -> Result<Yard> {
    Attachment::open(fd, geometry, path, &REPAIR).map(|held| Yard::new(held, options.manner))
}

/// Sizes the file and writes the header, before anybody else can see it.
fn furnish(fd: BorrowedFd<'_>, options: &Options) -> Result<Geometry> {
    let geometry = options.geometry()?;
    file::allocate(fd, geometry.total)?;
    header::write(&Region::map(fd, geometry.total as usize)?, &geometry)?;
    Ok(geometry)
}

pub(crate) fn anonymous(options: &Options) -> Result<Yard> {
    let fd = file::memfd("courtyard")?;
    let geometry = furnish(fd.as_fd(), options)?;
    file::seal_size(fd.as_fd())?;
    attach(options, fd, geometry, None)
}

pub(crate) fn from_fd(options: &Options, fd: BorrowedFd<'_>) -> Result<Yard> {
    let geometry = header::check(fd)?;
    attach(options, file::reopen(fd)?, geometry, None)
}

pub(crate) fn create(options: &Options, path: &Path) -> Result<Yard> {
    options.geometry()?;
    for _ in 0..TRIES {
        make_way(path)?;
        let (fd, temporary) = new_file()?;
        let made = furnish(fd.as_fd(), options)
            .and_then(|geometry| file::set_mode(fd.as_fd(), options.mode).map(|()| geometry))
            .and_then(|geometry| publish(options, fd, geometry, path, temporary.as_deref()));
        if let Some(temporary) = temporary {
            let _ = file::unlink(&temporary);
        }
        match made {
            Err(e) if e.kind() == ErrorKind::Exists => {} // somebody was quicker; is he still there?
            done => return done,
        }
    }
    Err(exists(path))
}

fn exists(path: &Path) -> Error {
    Error::with(ErrorKind::Exists, format!("{} is in use", path.display()))
}

/// A new file without a name, or with a temporary one where that is not possible.
fn new_file() -> Result<(OwnedFd, Option<PathBuf>)> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    match file::create_unnamed(Path::new(SHM)) {
        Ok(fd) => Ok((fd, None)),
        Err(e) if matches!(e.os_error(), Some(errno::EOPNOTSUPP | errno::EISDIR | errno::EINVAL)) => {
            let next = || COUNT.fetch_add(1, Ordering::Relaxed); // Relaxed: only must differ
            temporary_file(next)
        }
        Err(e) => Err(e),
    }
}

/// A file under a temporary name. One of that name may be left from a process of our number that was killed.
fn temporary_file(next: impl Fn() -> u32) -> Result<(OwnedFd, Option<PathBuf>)> {
    let mut last = Error::new(ErrorKind::Busy);
    for _ in 0..TRIES {
        let path = Path::new(SHM).join(format!(".cyd-new-{}-{}", process::pid(), next()));
        match file::create_named(&path) {
            Err(e) if e.kind() == ErrorKind::Exists => last = e,
            made => return made.map(|fd| (fd, Some(path))),
        }
    }
    Err(Error::with(ErrorKind::Busy, last.to_string()))
}

/// Takes our place in the finished yard, then names it.
fn publish(
    options: &Options,
    fd: OwnedFd,
    geometry: Geometry,
    path: &Path,
    temporary: Option<&Path>,
) -> Result<Yard> {
    let naming = file::duplicate(&fd)?;
    let yard = attach(options, fd, geometry, Some(path.to_owned()))?;
    match temporary {
        None => file::give_name(naming.as_fd(), path)?,
        Some(temporary) => file::link(temporary, path)?,
    }
    Ok(yard)
}

/// Removes an abandoned yard of that name; `Exists` if somebody has it open, `Foreign` if it is no yard.
fn make_way(path: &Path) -> Result<()> {
    let Some(fd) = found(file::open(path))? else { return Ok(()) };
    drop(fd);
    found(undisturbed(|| remove(path, true))).map(drop) // somebody may have removed it meanwhile
}

fn found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Removes the name, under the rules of the module. With `abandoned`, only if nobody has the yard open.
fn remove(path: &Path, abandoned: bool) -> Result<()> {
    let Some(fd) = found(file::open(path))? else {
        return Err(Error::with(ErrorKind::NotFound, path.display().to_string()));
    };
    if let Err(e) = header::check(fd.as_fd())
        && e.kind() == ErrorKind::Foreign
    {
        return Err(e);
    }
    if !file::try_lock(fd.as_fd(), REMOVING, Hold::Exclusive)? {
        return Err(Error::with(ErrorKind::Busy, format!("{} is being removed", path.display())));
    }
    let same = found(file::stat_name(path))?
        .is_some_and(|now| file::stat(fd.as_fd()).is_ok_and(|s| s.identity == now.identity));
    if !same {
        return Ok(()); // already gone, or replaced meanwhile
    }
    if abandoned && !file::try_lock(fd.as_fd(), IN_USE, Hold::Exclusive)? {
        return Err(exists(path));
    }
    file::unlink(path)
}

pub(crate) fn unlink(path: &Path) -> Result<()> {
    undisturbed(|| remove(path, false))
}

pub(crate) fn open(options: &Options, path: &Path) -> Result<Yard> {
    for _ in 0..TRIES {
        let fd = file::open(path).map_err(|e| match e.os_error() {
            Some(errno::ELOOP | errno::EISDIR | errno::ENXIO) => {
                Error::with(ErrorKind::Foreign, format!("{} is no regular file", path.display()))
            }
            _ => e,
        })?;
        let identity = file::stat(fd.as_fd())?.identity;
        let geometry = header::check(fd.as_fd())?;
        let yard = match attach(options, fd, geometry, Some(path.to_owned())) {
            Err(e) if e.kind() == ErrorKind::Busy => {
                std::thread::sleep(PAUSE); // being replaced: the name will mean another
                continue;
            }
            yard => yard?,
        };
        if found(file::stat_name(path))?.is_some_and(|now| now.identity == identity) {
            return Ok(yard);
        }
    }
    Err(Error::with(ErrorKind::Busy, format!("{} is being replaced all the time", path.display())))
}

pub(crate) fn open_or_create(options: &Options, path: &Path) -> Result<Yard> {
    for _ in 0..TRIES {
        match open(options, path) {
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            done => return done,
        }
        match create(options, path) {
            Err(e) if e.kind() == ErrorKind::Exists => {}
            done => return done,
        }
    }
    Err(Error::with(ErrorKind::Busy, format!("{} comes and goes", path.display())))
}
