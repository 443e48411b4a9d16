//! Seats: one for each CPU. Who steps has one to himself: a step is a switch to the victim and back, and behind others on the
//! same CPU each would wait for its turn.

use std::sync::OnceLock;

use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;

use crate::sheet::Sheet;

/// A pipe with a byte for each free seat.
static SEATS: OnceLock<(i32, i32)> = OnceLock::new();

/// Sets up the seats. Before anybody is forked who will want one.
pub(crate) fn set_up() {
    SEATS.get_or_init(|| {
        let mut ends = [0; 2];
        // SAFETY: two numbers on this stack.
        assert!(unsafe { libc::pipe(ends.as_mut_ptr()) } == 0, "no pipe can be made");
        let allowed = sched_getaffinity(Pid::this()).expect("a process has CPUs");
        // A seat's number is one byte.
        let cpus = (0..CpuSet::count().min(256)).filter(|cpu| allowed.is_set(*cpu).unwrap_or(false));
        cpus.for_each(|cpu| put(ends[1], cpu as u8));
        (ends[0], ends[1])
    });
}

/// Waits for a seat and notes it on the sheet; its CPU.
pub(crate) fn take(sheet: &Sheet) -> usize {
    let (free, _) = SEATS.get().expect("the seats were set up");
    let mut seat = 0_u8;
    // SAFETY: one byte on this stack.
    while unsafe { libc::read(*free, (&raw mut seat).cast(), 1) } != 1 {}
    sheet.sit(i32::from(seat));
    seat.into()
}

/// Gives back the seat that the sheet notes, if it does. For a stage that was killed, who forked it calls this.
pub(crate) fn give(sheet: &Sheet) {
    if let (Ok(seat), Some((_, back))) = (u8::try_from(sheet.stand_up()), SEATS.get()) {
        put(*back, seat);
    }
}

fn put(pipe: i32, seat: u8) {
    // SAFETY: one byte on this stack.
    while unsafe { libc::write(pipe, (&raw const seat).cast(), 1) } != 1 {}
}
