//! A worker: what it is told at its birth, and what it does until it is not needed any more.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::pool::{Help, Job, Next, Shift, Table, helping};
use crate::objects::yard::Yard;
use crate::os::{child, streams};
use crate::process::pool::task::{self, Known};
use crate::process::{entry, family};
use crate::sync::wait::Timeout;
use std::os::fd::RawFd;

/// What a worker is started with; no program's entry has such a name.
pub(in crate::process) const ENTRY: &str = "/pool-worker";
/// What a worker ends with whose initializer failed, or that could not begin at all.
pub(super) const UNFIT: i32 = 125;
/// What a worker ends with that was to be killed, and heard of it first.
const REVOKED: i32 = 124;

/// What a worker is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Orders {
    /// The yard's descriptor.
    pub(super) yard: RawFd,
    /// It is not the worker's to close: a copy of the maker has it as the maker does.
    pub(super) is_lent: bool,
    pub(super) pool: String,
    /// It ends after so many tasks; 0: it goes on.
    pub(super) tasks: u32,
    /// An entry that it runs first; empty: none.
    pub(super) initializer: String,
    pub(super) bytes: Vec<u8>,
}

impl Orders {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.yard.to_ne_bytes().to_vec();
        out.extend(self.tasks.to_ne_bytes());
        out.push(u8::from(self.is_lent));
        for name in [&self.pool, &self.initializer] {
            out.push(name.len() as u8); // a name has at most 63
            out.extend(name.bytes());
        }
        out.extend(&self.bytes);
        out
    }

    fn of(bytes: &[u8]) -> Option<Orders> {
        let (yard, rest) = bytes.split_first_chunk::<4>()?;
        let (tasks, rest) = rest.split_first_chunk::<4>()?;
        let (is_lent, mut rest) = rest.split_first()?;
        let mut name = || {
            let (len, after) = rest.split_first()?;
            let (name, after) = after.split_at_checked(usize::from(*len))?;
            rest = after;
            String::from_utf8(name.to_vec()).ok()
        };
        let [pool, initializer] = [name()?, name()?];
        let (yard, tasks) = (RawFd::from_ne_bytes(*yard), u32::from_ne_bytes(*tasks));
        Some(Orders { yard, is_lent: *is_lent != 0, pool, tasks, initializer, bytes: rest.to_vec() })
    }
}

/// A worker process, from its beginning to its end: its exit code.
pub(in crate::process) fn serve(told: &[u8]) -> i32 {
    match begin(told) {
        Ok((shift, tasks)) => match work_through(&shift, tasks) {
            Ok(()) => 0,
            Err(e) if e.kind() == ErrorKind::Revoked => REVOKED,
            Err(e) if e.kind() == ErrorKind::NotOwner => 0, // a fork child that a task has made
            Err(e) => {
                child::last_words(&format!("courtyard: a pool's worker cannot go on: {e}\n"));
                UNFIT
            }
        },
        Err(e) => {
            ::log::warn!("a pool's worker cannot begin: {e}");
            UNFIT
        }
    }
}

fn begin(told: &[u8]) -> Result<(Shift, u32)> {
    let orders = Orders::of(told).ok_or_else(|| Error::with(ErrorKind::Corrupt, "no orders to a worker"))?;
    let yard = if orders.is_lent {
        Yard::from_fd(child::borrow_all(&[orders.yard])?[0])?
    } else {
        Yard::from_fd(&child::adopt(orders.yard).ok_or_else(|| Error::new(ErrorKind::NotFound))?)?
    };
    let table = Table::open(&yard, &orders.pool)?;
    initialize(&orders.initializer, &orders.bytes)?;
    Ok((Shift::begin(&table)?, orders.tasks))
}

/// Runs what each worker runs first.
pub(super) fn initialize(initializer: &str, bytes: &[u8]) -> Result<()> {
    match initializer {
        "" => Ok(()),
        name => match entry::call(name, bytes) {
            0 => Ok(()),
            code => Err(Error::with(ErrorKind::Failed, format!("initializer {name:?} returned {code}"))),
        },
    }
}

/// Works until it is not needed any more, or has ended so many tasks. Errors: `Revoked` (it is to be killed), `Interrupted`,
/// `Cancelled`.
pub(super) fn work(shift: &Shift, tasks: u32) -> Result<()> {
    let bench = Bench { shift, known: Known::default() };
    loop {
        match shift.next(Timeout::Forever)? {
            Next::Job(job) => bench.perform(&job)?,
            Next::Nothing => {}
            Next::Leave => return Ok(()),
        }
        if tasks != 0 && shift.ended() >= tasks {
            return Ok(());
        }
    }
}

/// As [`work`], for a worker that the pool has made itself: no signal calls it away.
pub(super) fn work_through(shift: &Shift, tasks: u32) -> Result<()> {
    loop {
        match work(shift, tasks) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            ended => return ended,
        }
    }
}

/// Where a worker works.
struct Bench<'a> {
    shift: &'a Shift,
    known: Known,
}

impl Bench<'_> {
    fn perform(&self, job: &Job) -> Result<()> {
        let result = helping(self, job.id, || task::perform(job, self.shift, &self.known));
        self.shift.finish(job, result.as_deref().map_err(String::as_str))
    }
}

impl Help for Bench<'_> {
    fn shift(&self) -> &Shift {
        self.shift
    }

    fn run(&self, job: Job) {
        match self.perform(&job) {
            // The task has made a fork child, which came back: the tasks in which it would go on are its parent's.
            Err(e) if e.kind() == ErrorKind::NotOwner => {
                streams::distrust();
                family::end_forked(0)
            }
            // Revoked: whoever is in hand before it hears so too, or the kill comes.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_say_what_was_written_and_what_are_none_is_refused() {
        let orders = Orders {
            yard: 7,
            is_lent: true,
            pool: "p".into(),
            tasks: 9,
            initializer: "begin".into(),
            bytes: vec![0, 255],
        };
        let bytes = orders.to_bytes();
        assert_eq!(Orders::of(&bytes), Some(orders));
        for len in 0..bytes.len() - 2 {
            assert_eq!(Orders::of(&bytes[..len]), None, "cut after {len} bytes");
        }
    }
}
