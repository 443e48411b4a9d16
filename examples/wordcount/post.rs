//! A worker as the parent sees it: the sending end of its ring, its totals, and whoever fills the post now.

use crate::failure::{Failure, check_interrupt, interrupt};
use crate::tally::{LAST_COUNT, LAST_NUMBER, Tally, ring_name};
use crate::worker::work;
use courtyard::{ErrorKind, Peer, Ring, RingOptions, Sender, Strategy, Yard};
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long one attempt to send waits before the parent looks around.
const LOOK_AROUND: Duration = Duration::from_millis(200);
const NAP: Duration = Duration::from_millis(2);
/// So many workers may die over one record; then the record is at fault.
const DEATHS_IN_PLACE: usize = 5;

/// How a worker ends that has done nothing wrong.
const LEFT: &str = "left";

/// How long to wait for a worker from outside.
#[derive(Clone, Copy)]
pub(crate) struct Patience(pub(crate) Duration);

/// Who does the work.
enum Filled {
    /// A child of this process; `None` when it has ended.
    Forked(Option<Pid>),
    /// Somebody who opens the yard by its name.
    Outside(Patience),
}

/// Who died, and when.
pub(crate) struct Death {
    pub(crate) how: String,
    /// Records that were counted by then.
    pub(crate) after: u64,
    /// There was something left to do, and somebody to do it.
    pub(crate) replaced: bool,
}

/// One worker's place.
pub(crate) struct Post {
    pub(crate) worker: usize,
    pub(crate) tally: Tally,
    pub(crate) deaths: Vec<Death>,
    pub(crate) sent: u64,
    bytes: u64,
    sender: Option<Sender>,
    ring: Ring,
    filled: Filled,
}

impl Post {
    /// Makes what worker `worker` needs; `outside` if it is not to be forked.
    pub(crate) fn new(
        yard: &Yard,
        worker: usize,
        options: RingOptions,
        outside: Option<Patience>,
    ) -> Result<Post, Failure> {
        let ring = Ring::create(yard, &ring_name(worker), options)?;
        let tally = Tally::of(yard, worker)?;
        let sender = Some(ring.sender(Strategy::Adaptive)?);
        let filled = outside.map_or(Filled::Forked(None), Filled::Outside);
        Ok(Post { worker, tally, deaths: vec![], sent: 0, bytes: 0, sender, ring, filled })
    }

    /// Sees to it that somebody does the work.
    pub(crate) fn fill(&mut self, yard: &Yard) -> Result<(), Failure> {
        match &mut self.filled {
            Filled::Forked(pid) => *pid = Some(fork_worker(yard, self.worker)?),
            Filled::Outside(patience) => {
                let patience = *patience;
                self.await_outsider(patience)?;
            }
        }
        Ok(())
    }

    fn await_outsider(&self, patience: Patience) -> Result<(), Failure> {
        let start = Instant::now();
        eprintln!("worker {}: waiting for somebody to join from outside", self.worker);
        while self.ring.receiver_state() != Peer::Here && !self.is_done() {
            check_interrupt()?;
            if start.elapsed() >= patience.0 {
                return Err(Failure::other(format!("worker {}: nobody joined", self.worker)));
            }
            sleep(NAP);
        }
        eprintln!("worker {}: has joined", self.worker);
        Ok(())
    }

    /// Whether everything is sent and counted.
    fn is_done(&self) -> bool {
        self.sender.is_none() && self.tally.number() == self.sent
    }

    /// The number of the next record.
    pub(crate) fn next_number(&self) -> Result<u64, Failure> {
        if self.sent >= LAST_NUMBER {
            return Err(Failure::other(format!(
                "more than {LAST_NUMBER} chunks for a worker: use larger ones"
            )));
        }
        Ok(self.sent + 1)
    }

    /// Sends a record, over the death of as many workers as it takes.
    pub(crate) fn send(&mut self, yard: &Yard, record: &[u8]) -> Result<(), Failure> {
        self.bytes += record.len() as u64;
        if self.bytes > LAST_COUNT {
            return Err(Failure::other(format!(
                "more than {LAST_COUNT} bytes for a worker: use more workers"
            )));
        }
        while let Some(sender) = &mut self.sender {
            match sender.send(record, LOOK_AROUND) {
                Ok(()) => break,
                Err(why) => self.overcome(yard, why)?,
            }
        }
        self.sent += 1;
        Ok(())
    }

    /// The record could not be sent: see to the worker.
    fn overcome(&mut self, yard: &Yard, why: courtyard::Error) -> Result<(), Failure> {
        check_interrupt()?;
        let gone = matches!(why.kind(), ErrorKind::PeerDied | ErrorKind::PeerClosed);
        if !gone && why.kind() != ErrorKind::Full {
            return Err(why.into());
        }
        self.look_after(yard, Some(WaitPidFlag::WNOHANG))?;
        if gone {
            sleep(NAP); // it is answered at once, and until the successor has taken the end
        }
        Ok(())
    }

    /// Replaces the worker if it has ended; without `WNOHANG`, when it has.
    fn look_after(&mut self, yard: &Yard, flags: Option<WaitPidFlag>) -> Result<(), Failure> {
        let Some(how) = self.ended(flags)? else { return Ok(()) };
        let replaced = !self.is_done();
        if how != LEFT || replaced {
            self.deaths.push(Death { how, after: self.tally.number(), replaced });
        }
        if !replaced {
            return Ok(());
        }
        self.check_progress()?;
        self.fill(yard)
    }

    /// How the worker has ended, if it has.
    fn ended(&mut self, flags: Option<WaitPidFlag>) -> Result<Option<String>, Failure> {
        match &mut self.filled {
            Filled::Forked(child) => {
                let Some(pid) = *child else { return Ok(None) };
                let how = end_of(pid, flags)?;
                if how.is_some() {
                    *child = None;
                }
                Ok(how)
            }
            Filled::Outside(_) => Ok(match self.ring.receiver_state() {
                Peer::Died => Some("died".to_owned()),
                Peer::Closed => Some(LEFT.to_owned()),
                _ => None,
            }),
        }
    }

    fn check_progress(&self) -> Result<(), Failure> {
        let here = self.tally.number();
        if self.deaths.iter().rev().take_while(|death| death.after == here).count() < DEATHS_IN_PLACE {
            return Ok(());
        }
        Err(Failure::other(format!("worker {}: {DEATHS_IN_PLACE} died after chunk {here}", self.worker)))
    }

    /// Kills the worker once it has counted `after` records, if it is a child.
    pub(crate) fn kill(&self, after: u64) -> Result<(), Failure> {
        let Filled::Forked(Some(pid)) = &self.filled else { return Ok(()) };
        let start = Instant::now();
        while self.tally.number() < after && start.elapsed() < Duration::from_secs(5) {
            std::thread::yield_now();
        }
        Ok(kill(*pid, Signal::SIGKILL)?)
    }

    /// Tells the worker that there is no more.
    pub(crate) fn close(&mut self) {
        self.sender = None;
    }

    /// Waits until everything is counted, over the death of as many workers as it takes.
    pub(crate) fn finish(&mut self, yard: &Yard) -> Result<(), Failure> {
        while !self.is_done() {
            check_interrupt()?;
            sleep(NAP);
            self.look_after(yard, Some(WaitPidFlag::WNOHANG))?;
        }
        self.look_after(yard, None)
    }
}

/// A post that is given up takes its worker along.
impl Drop for Post {
    fn drop(&mut self) {
        if let Filled::Forked(Some(child)) = self.filled {
            let _ = kill(child, Signal::SIGKILL);
            let _ = wait_for(child, None);
        }
    }
}

/// How a child has ended, if it has; an error of its own is ours too.
fn end_of(child: Pid, flags: Option<WaitPidFlag>) -> Result<Option<String>, Failure> {
    match wait_for(child, flags)? {
        WaitStatus::Signaled(_, signal, _) => Ok(Some(how_killed(signal))),
        WaitStatus::Exited(_, 0) => Ok(Some(LEFT.to_owned())),
        WaitStatus::Exited(_, code) => Err(Failure::other(format!("a worker ended with exit code {code}"))),
        _ => Ok(None),
    }
}

fn how_killed(signal: Signal) -> String {
    match signal {
        Signal::SIGKILL => "was killed".to_owned(),
        other => format!("died of {other}"),
    }
}

fn wait_for(child: Pid, flags: Option<WaitPidFlag>) -> nix::Result<WaitStatus> {
    loop {
        match waitpid(child, flags) {
            Err(nix::Error::EINTR) => {}
            status => return status,
        }
    }
}

fn fork_worker(yard: &Yard, worker: usize) -> Result<Pid, Failure> {
    // SAFETY: this program has one thread only, so that the child may do whatever its parent may.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => std::process::exit(run_child(yard, worker)),
    }
}

fn run_child(yard: &Yard, worker: usize) -> i32 {
    for which in [Signal::SIGINT, Signal::SIGTERM] {
        // SAFETY: the default action runs no code of ours.
        let _ = unsafe { signal(which, SigHandler::SigDfl) };
    }
    match work(yard, worker) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("wordcount: worker {worker}: {error}");
            1
        }
    }
}

/// From here on an interrupt from the keyboard, or a polite request to end, lets the parent tidy up first.
pub(crate) fn catch_signals() -> Result<(), Failure> {
    for which in [Signal::SIGINT, Signal::SIGTERM] {
        // SAFETY: the handler stores to an atomic and does nothing else.
        unsafe { signal(which, SigHandler::Handler(interrupt)) }?;
    }
    Ok(())
}
