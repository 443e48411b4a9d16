//! Ends that a process made anew is to hold from its birth on, as a fork child holds its parent's (`birth`).
//!
//! It has no attachment when it begins, and its maker may let go of the end at once. So the maker makes its entry, JOINING, as
//! before a fork, stamps its token on those ends that it is to have, and gives it the description that keeps the entry's byte
//! locked. When the new process opens the yard, it moves in there instead of taking an entry of its own. Until then the
//! description is all that it has of the yard, and goes with it: then nobody was born, and nobody holds the ends.
#![forbid(unsafe_code)]

use crate::error::Result;
use crate::os::Mutex;
use crate::os::file::{self, Identity};
use crate::presence::attachment::{self, Attachment, Held, with_list};
use crate::presence::birth::Unborn;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;

/// An end of a pipe, or a side of a queue, that this process holds: to be given to a process that it makes
/// ([`ProcessOptions::ends`](crate::ProcessOptions::ends)). Counts as a handle on it: as long as there is one, the process
/// holds the end.
#[derive(Clone)]
pub struct HeldEnd(Arc<End>);

struct End {
    yard: Held,
    at: u64,
}

impl HeldEnd {
    pub(crate) fn new(yard: &Held, at: u64) -> Result<HeldEnd> {
        yard.hold(at)?;
        Ok(HeldEnd(Arc::new(End { yard: yard.clone(), at })))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.yard.let_go(self.at);
    }
}

impl PartialEq for HeldEnd {
    fn eq(&self, other: &HeldEnd) -> bool {
        self.0.at == other.0.at && self.0.yard.number() == other.0.yard.number()
    }
}

impl Eq for HeldEnd {}

impl std::fmt::Debug for HeldEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeldEnd").field("at", &self.0.at).finish_non_exhaustive()
    }
}

/// What a new process must know to move in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invitation {
    /// The description, under the number that it has here.
    pub(crate) fd: RawFd,
    pub(crate) index: u32,
    pub(crate) place: u64,
}

/// Makes a process that is to hold these ends: `make` passes the invitations on, one for each yard.
///
/// No fork comes between: it would inherit the descriptions.
pub(crate) fn invite<T>(ends: &[HeldEnd], make: impl FnOnce(&[Invitation]) -> Result<T>) -> Result<T> {
    if ends.is_empty() {
        return make(&[]);
    }
    with_list(|| {
        let mut unborn = Vec::new();
        let made = announce(ends, &mut unborn).and_then(|()| make(&invitations(&unborn)));
        unborn.into_iter().for_each(|(yard, unborn)| yard.settle(unborn));
        made
    })
}

fn announce<'e>(ends: &'e [HeldEnd], unborn: &mut Vec<(&'e Attachment, Unborn)>) -> Result<()> {
    for end in ends {
        let yard: &Attachment = &end.0.yard;
        if !unborn.iter().any(|(known, _)| std::ptr::eq(*known, yard)) {
            unborn.push((yard, yard.expect_another()?));
        }
        unborn.iter().filter(|(known, _)| std::ptr::eq(*known, yard)).for_each(|(_, child)| {
            yard.stamp_one(end.0.at, child);
        });
    }
    Ok(())
}

fn invitations(unborn: &[(&Attachment, Unborn)]) -> Vec<Invitation> {
    let invitation = |(_, child): &(&Attachment, Unborn)| {
        let (fd, index, place) = child.parts();
        Invitation { fd: fd.as_raw_fd(), index, place }
    };
    unborn.iter().map(invitation).collect()
}

/// The yards that this process was invited to and has not opened. Locked only while the list of attachments is.
static INVITED: Mutex<Vec<(Identity, Unborn)>> = Mutex::new(Vec::new());

/// In the new process: keeps an invitation until the yard is opened. One that is none is not kept.
pub(crate) fn accept(description: OwnedFd, invitation: &Invitation) -> Result<()> {
    let identity = file::stat(description.as_fd())?.identity;
    let unborn = Unborn::from_parts(description, invitation.index, invitation.place);
    with_list(|| {
        attachment::survive_forks()?;
        INVITED.lock().extend(unborn.map(|unborn| (identity, unborn)));
        Ok(())
    })
}

/// What is kept for this process in a yard. The list is locked.
pub(super) fn take(yard: Identity) -> Option<Unborn> {
    let mut invited = INVITED.lock();
    let at = invited.iter().position(|(identity, _)| *identity == yard)?;
    Some(invited.swap_remove(at).1)
}

/// After fork, in the child: what its parent was invited to is its parent's.
pub(super) fn forget() {
    INVITED.lock().clear();
}
