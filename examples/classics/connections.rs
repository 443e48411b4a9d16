//! One server, many connections: whoever has something is served, in one wait for all of them, and in an event loop that waits
//! for descriptors.

use crate::{Outcome, children};
use courtyard::{
    Connection, ErrorKind, Notifier, Pipe, PipeEnd, PipeOptions, Timeout, Waitable, Yard, wait_some,
};
use nix::unistd::Pid;
use std::os::fd::AsRawFd;
use std::thread::sleep;
use std::time::Duration;

const CLIENTS: usize = 20;
const LETTERS: u32 = 10;

/// Each client sends its letters; the last one dies over it.
fn clients(pipes: &[Pipe]) -> Result<Vec<Pid>, Box<dyn std::error::Error>> {
    let client = |(who, pipe): (usize, &Pipe)| {
        children::start(|| {
            let mine = pipe.end(PipeEnd::Second)?;
            for letter in 0..LETTERS {
                if who + 1 == CLIENTS && letter == LETTERS / 2 {
                    std::process::abort();
                }
                mine.send(&letter.to_ne_bytes(), Timeout::Forever)?;
                sleep(Duration::from_micros(100 * who as u64));
            }
            Ok(())
        })
    };
    pipes.iter().enumerate().map(client).collect()
}

/// What came of all of them.
#[derive(Default)]
struct Tally {
    letters: u32,
    closed: u32,
    died: u32,
}

impl Tally {
    /// Takes what is there; false if nothing comes any more.
    fn serve(&mut self, end: &Connection) -> Result<bool, courtyard::Error> {
        loop {
            match end.recv_vec(Timeout::Try) {
                Ok(_) => self.letters += 1,
                Err(e) => return self.end(e),
            }
        }
    }

    fn end(&mut self, why: courtyard::Error) -> Result<bool, courtyard::Error> {
        match why.kind() {
            ErrorKind::Empty | ErrorKind::Busy => return Ok(true),
            ErrorKind::PeerClosed => self.closed += 1,
            ErrorKind::PeerDied => self.died += 1,
            _ => return Err(why),
        }
        Ok(false)
    }

    fn tell(&self, how: &str) -> Outcome {
        println!("{how}: {} letters, {} clients closed, {} died", self.letters, self.closed, self.died);
        let all = (CLIENTS as u32 - 1) * LETTERS + LETTERS / 2;
        let right = (self.letters, self.closed, self.died) == (all, CLIENTS as u32 - 1, 1);
        if right { Ok(()) } else { Err("that is wrong".into()) }
    }
}

/// One call waits for all of them.
fn in_one_wait(mut ends: Vec<Connection>) -> Outcome {
    let mut tally = Tally::default();
    while !ends.is_empty() {
        let all: Vec<&dyn Waitable> = ends.iter().map(|end| end as &dyn Waitable).collect();
        for at in wait_some(&all, Timeout::Forever)?.into_iter().rev() {
            if !tally.serve(&ends[at])? {
                ends.remove(at);
            }
        }
    }
    tally.tell("one wait for 20 pipes")
}

/// The system's own wait for descriptors, in which there could be sockets and timers as well: a notifier for each pipe, told,
/// cleared, and then the pipe is tried until it is empty.
fn in_an_event_loop(ends: Vec<Connection>) -> Outcome {
    let mut all = Vec::new();
    for end in ends {
        let notifier = end.notifier()?;
        all.push((end, notifier));
    }
    let mut tally = Tally::default();
    while !all.is_empty() {
        for at in poll(&all)?.into_iter().rev() {
            let (end, notifier) = &all[at];
            notifier.clear()?;
            if !tally.serve(end)? {
                all.remove(at);
            }
        }
    }
    tally.tell("a loop over 20 descriptors")
}

/// poll(2): which of them are readable.
fn poll(all: &[(Connection, Notifier)]) -> std::io::Result<Vec<usize>> {
    let entry = |(_, notifier): &(Connection, Notifier)| libc::pollfd {
        fd: notifier.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    let mut entries: Vec<libc::pollfd> = all.iter().map(entry).collect();
    // SAFETY: as many valid entries as said.
    if unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as libc::nfds_t, -1) } < 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok((0..).zip(&entries).filter(|(_, entry)| entry.revents != 0).map(|(at, _)| at).collect())
}

pub(crate) fn run() -> Outcome {
    let serve: [fn(Vec<Connection>) -> Outcome; 2] = [in_one_wait, in_an_event_loop];
    for serve in serve {
        let yard = Yard::anonymous()?;
        let options = PipeOptions { capacity: 4096, duplex: false };
        let pipes = (0..CLIENTS).map(|who| Pipe::create(&yard, &format!("client-{who}"), options));
        let pipes = pipes.collect::<Result<Vec<_>, _>>()?;
        let mut children = clients(&pipes)?;
        let ends = pipes.iter().map(|pipe| pipe.end(PipeEnd::First)).collect::<Result<Vec<_>, _>>()?;
        serve(ends)?;
        let last = children.pop();
        children.into_iter().try_for_each(children::wait)?;
        if last.is_some_and(|child| children::wait(child).is_ok()) {
            return Err("the last client did not die".into());
        }
    }
    Ok(())
}
