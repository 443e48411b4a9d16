//! Making objects and finding them by name.
#![allow(unsafe_code)] // fresh bytes are cleared

use crate::error::{Error, ErrorKind, Result};
use crate::objects::faults;
use crate::objects::owners::Threads;
use crate::presence::attachment::{Attachment, Held, Who};
use crate::presence::thread;
use crate::segment::directory::{Name, ObjectType, Params, Record};
use crate::segment::region::Region;
use crate::sync::lock::{LockWord, Taker};
use crate::sync::wait::{Manner, Timeout, Wait};
use std::time::Duration;

/// Where the lock of the makers lies in the header.
pub(super) const MAKING_AT: u64 = 128;
/// How long the making of an object waits for another one that is being made.
const PATIENCE: Duration = Duration::from_secs(10);

/// What to do about an object that exists, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// It must not exist.
    Create,
    /// It must exist.
    Open,
    /// Either.
    OpenOrCreate,
}

/// What an object must be, if it exists, and is made as, if not.
pub(crate) struct Plan {
    pub(crate) kind: ObjectType,
    pub(crate) params: Params,
    pub(crate) len: u64,
}

/// Finds or makes an object. `fits` judges the parameters of one that exists.
pub(crate) fn obtain(
    yard: &Held,
    name: &str,
    how: How,
    plan: &Plan,
    fits: impl Fn(&Record) -> Result<()>,
) -> Result<Record> {
    obtain_filled(yard, name, how, plan, fits, |_, _| Ok(()))
}

/// As [`obtain`]; `fill` writes what a fresh object at that offset holds beside zeros, before anybody can see it.
pub(crate) fn obtain_filled(
    yard: &Held,
    name: &str,
    how: How,
    plan: &Plan,
    fits: impl Fn(&Record) -> Result<()>,
    fill: impl Fn(&Region, u64) -> Result<()>,
) -> Result<Record> {
    let name = Name::new(name)?;
    if let Some(record) = yard.directory()?.find(&name)? {
        return accept(record, how, plan, fits);
    }
    if how == How::Open {
        return Err(Error::with(ErrorKind::NotFound, format!("object {:?}", name.as_str())));
    }
    let making = making(yard.region())?;
    let token = thread::register(yard)?;
    let taker = Taker { token, is_me: true, forever: false };
    let wait = Wait::new(Timeout::For(PATIENCE), Manner::default());
    if !making.try_fast(token.0) {
        making.acquire(taker, &Threads(yard), &wait)?;
    }
    let made = make(yard, &name, how, plan, fits, fill);
    let _ = making.repaired(token.0); // an unfinished object is scratch: nothing to repair
    if !making.release_fast(token.0) {
        let _ = making.release(token.0);
    }
    made
}

fn accept(record: Record, how: How, plan: &Plan, fits: impl Fn(&Record) -> Result<()>) -> Result<Record> {
    let name = record.name.as_str();
    if how == How::Create {
        return Err(Error::with(ErrorKind::Exists, format!("object {name:?}")));
    }
    if record.kind != plan.kind {
        let detail = format!("{name:?} is a {:?}, a {:?} was asked for", record.kind, plan.kind);
        return Err(Error::with(ErrorKind::Type, detail));
    }
    fits(&record)?;
    Ok(record)
}

/// With the lock of the makers.
fn make(
    yard: &Attachment,
    name: &Name,
    how: How,
    plan: &Plan,
    fits: impl Fn(&Record) -> Result<()>,
    fill: impl Fn(&Region, u64) -> Result<()>,
) -> Result<Record> {
    let directory = yard.directory()?;
    if let Some(record) = directory.find(name)? {
        return accept(record, how, plan, fits);
    }
    let draft = directory.prepare(name, plan.len, plan.params)?;
    clear(yard.region(), draft.offset, draft.len)?;
    fill(yard.region(), draft.offset)?;
    let (offset, len) = (draft.offset, draft.len);
    draft.publish(plan.kind);
    Ok(Record { kind: plan.kind, name: *name, offset, len, params: plan.params })
}

/// A maker that died may have left anything.
fn clear(region: &Region, offset: u64, len: u64) -> Result<()> {
    let bytes = region.bytes(offset, len)?;
    // SAFETY: in bounds (checked); no entry of the directory covers these bytes, and only the holder of the making
    // lock gives them away. A hostile peer may write here; nothing is read back.
    unsafe { bytes.as_ptr().write_bytes(0, len as usize) };
    Ok(())
}

fn making(region: &Region) -> Result<&LockWord> {
    region.at(MAKING_AT)
}

/// Frees the makers' lock if a dead thread held it.
pub(crate) fn recover(yard: &Attachment, who: Who) {
    if let (Who::Thread(dead), Ok(making)) = (who, making(yard.region()))
        && making.recover(dead)
    {
        faults::note(yard, who, making, 1);
    }
}
