//! The processes that take part in a yard.
#[cfg(test)]
mod tests;

use crate::error::{Error, ErrorKind, Result};
use crate::objects::many::{AsPart, Kept, Part, wait_for_parts};
use crate::objects::yard::Yard;
use crate::presence::attachment::{Attachment, Held};
use crate::presence::entry::Slot;
use crate::presence::place::Standing;
use crate::segment::bits::{State, Token};
use crate::sync::many::{Need, Net, Source};
use crate::sync::wait::{Manner, Timeout};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A process that takes part in a yard: one stay of it there, from its first handle to its last. A process that has left and
/// comes again is another member.
///
/// A member is *gone* when it has closed its last handle and its threads have left, or when it is dead: by proof, so a stopped
/// one is here, and another process with the same number is not taken for it. It can be waited for, also among others
/// ([`wait_any`](crate::wait_any)): usually that takes less than a millisecond after a kill, and longer than a slice of 250 ms
/// only while the kernel still tears the dead process down.
///
/// # Processes, threads, fork
/// It may be used by any number of threads. A fork child has members of its own: its parent's are its parent's.
#[derive(Clone)]
pub struct Member {
    token: Token,
    pid: u32,
    name: String,
    since: u64,
    manner: Manner,
    yard: Held,
}

impl Member {
    /// The process, numbered in its own PID namespace.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The name of its program, at most 31 bytes of it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it came.
    pub fn since(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.since)
    }

    /// The same in nanoseconds since 1970.
    pub(crate) fn since_ns(&self) -> u64 {
        self.since
    }

    /// How many of its threads are registered in the yard now.
    pub fn threads(&self) -> u32 {
        let lives = |(at, slot): (u32, &Slot)| {
            let place = slot.place.load().filter(|p| p.token == self.token && p.state == State::Live)?;
            let standing = self.yard.thread_standing(Token::new(at, place.generation));
            matches!(standing, Standing::Here(_)).then_some(())
        };
        (0..).zip(self.yard.slots()).filter_map(lives).count() as u32
    }

    /// Whether it is the calling process.
    pub fn is_me(&self) -> bool {
        self.yard.token_if_joined() == self.token.0
    }

    /// Whether it still is here. Asks the kernel.
    pub fn is_alive(&self) -> bool {
        self.yard.is_here(self.token)
    }

    /// Waits until it is gone, at most `timeout`.
    ///
    /// Errors: `Timeout` (also for a try), `Cancelled`, `Interrupted` (only if the yard was opened interruptible), `Deadlock`
    /// (it is the calling process, and there is no limit), `NoSlots` (the table of threads is full).
    pub fn wait(&self, timeout: impl Into<Timeout>) -> Result<()> {
        let timeout = timeout.into();
        if timeout == Timeout::Forever && self.is_me() {
            return Err(Error::with(ErrorKind::Deadlock, "the member is the calling process"));
        }
        wait_for_parts(&[self], Need::Any, timeout).map(drop)
    }

    fn of(yard: &Yard, index: u32) -> Option<Member> {
        let held = yard.held();
        let entry = held.entries().get(index as usize)?;
        let place = entry.place.load().filter(|place| place.state == State::Live)?;
        let token = Token::new(index, place.generation);
        let (pid, name, since) = (entry.pid(), entry.name(), entry.since());
        // Looked at after the facts: they are of this stay, if it still is.
        let member = Member { token, pid, name, since, manner: yard.manner(), yard: held.clone() };
        member.is_alive().then_some(member)
    }
}

/// Every member of a yard.
pub(crate) fn all(yard: &Yard) -> Vec<Member> {
    let mut cursor = 0;
    std::iter::from_fn(|| next(yard, &mut cursor)).collect()
}

/// The next member from `cursor` on, which is moved on.
pub(crate) fn next(yard: &Yard, cursor: &mut usize) -> Option<Member> {
    let slots = yard.held().geometry().slots;
    let from = u32::try_from(*cursor).unwrap_or(slots);
    let (at, member) = (from..slots).find_map(|at| Some((at, Member::of(yard, at)?)))?;
    *cursor = at as usize + 1;
    Some(member)
}

impl AsPart for Member {
    fn part(&self) -> Part<'_> {
        // Two stays in one entry are two members.
        let entry = self.yard.entries().get(self.token.index() as usize);
        let id = (entry.map_or(0, |entry| std::ptr::from_ref(entry).addr()), self.token.generation());
        Part { yard: Some(&self.yard), id, manner: self.manner, source: self }
    }

    fn keep(&self) -> Option<Kept> {
        Some(Kept { yard: self.yard.clone(), manner: self.manner, source: Arc::new(self.clone()) })
    }
}

impl Source for Member {
    fn is_ready(&self) -> bool {
        !self.is_alive()
    }

    /// The kernel is asked.
    fn is_dear(&self) -> bool {
        true
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        let yard: &'a Attachment = &self.yard;
        match yard.process_standing(self.token) {
            Standing::Dead => return true,
            Standing::Here(Some(watch)) => net.alive(watch),
            Standing::Here(None) => {}
            Standing::Doubtful { .. } => net.doubt(),
        }
        false
    }
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member").field("pid", &self.pid).field("name", &self.name).finish_non_exhaustive()
    }
}
