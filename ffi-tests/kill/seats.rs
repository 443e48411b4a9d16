//! Seats: one for each CPU. Who steps has one to himself: a step is a switch to the victim and back, and behind others on the
//! same CPU each would wait for its turn.
//!
//! A player is at home on one CPU, with everybody whom it forks: so nobody in its yards spins, and the stepped instructions are
//! those of the protocol.

use std::sync::OnceLock;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::sheet::Sheet;

/// A CPU, and a pipe with a byte in it while its seat is free.
struct Seat {
    cpu: usize,
    free: i32,
    back: i32,
}

static SEATS: OnceLock<Vec<Seat>> = OnceLock::new();
/// The seat of the CPU that this process is at home on.
static HOME: OnceLock<usize> = OnceLock::new();

/// Sets up the seats. Before anybody is forked who will want one.
pub(crate) fn set_up() {
    SEATS.get_or_init(|| {
        let allowed = sched_getaffinity(Pid::this()).expect("a process has CPUs");
        let cpus = (0..CpuSet::count()).filter(|cpu| allowed.is_set(*cpu).unwrap_or(false));
        cpus.map(Seat::new).collect()
    });
}

fn seats() -> &'static [Seat] {
    SEATS.get().expect("the seats were set up")
}

/// This process, and whoever it forks, stays on one CPU from now on; neighbours in number are on different ones.
pub(crate) fn settle(number: usize) {
    let home = *HOME.get_or_init(|| number % seats().len());
    let mut one = CpuSet::new();
    let set = one.set(seats()[home].cpu).and_then(|()| sched_setaffinity(Pid::this(), &one));
    set.expect("a process may stay on a CPU of its own");
}

/// Waits for the seat of this process's CPU, and notes it on the sheet.
pub(crate) fn take(sheet: &Sheet) {
    let home = *HOME.get().expect("a player has settled");
    seats()[home].take();
    sheet.sit(home as i32);
}

/// Gives back the seat that the sheet notes, if it does. For a stage that was killed, who forked it calls this.
pub(crate) fn give(sheet: &Sheet) {
    if let (Ok(seat), Some(seats)) = (usize::try_from(sheet.stand_up()), SEATS.get()) {
        seats[seat].give();
    }
}

impl Seat {
    fn new(cpu: usize) -> Seat {
        let mut ends = [0; 2];
        // SAFETY: two numbers on this stack.
        assert!(unsafe { libc::pipe(ends.as_mut_ptr()) } == 0, "no pipe can be made");
        let seat = Seat { cpu, free: ends[0], back: ends[1] };
        seat.give();
        seat
    }

    fn take(&self) {
        let mut byte = 0_u8;
        // SAFETY: one byte on this stack.
        while unsafe { libc::read(self.free, (&raw mut byte).cast(), 1) } != 1 {}
    }

    fn give(&self) {
        // SAFETY: one byte on this stack.
        while unsafe { libc::write(self.back, (&raw const self.cpu).cast(), 1) } != 1 {}
    }
}
