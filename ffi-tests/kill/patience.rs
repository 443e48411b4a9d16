//! Waiting for another process, and saying why when it does not come.
//!
//! The clock alone proves nothing on a busy machine. Past its limit a process is looked at: one that sleeps in the
//! kernel, as do all that it has started, is blocked; while one of them runs, or waits for a processor, it is given ten
//! times as long.

use std::thread::sleep;
use std::time::Duration;

use crate::{clock, procfs};

const LOOKS: u32 = 4;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
const SLOW: u32 = 10;

/// Waits until `done_within` says so; otherwise answers in words what the process `pid`, called `what`, does instead.
pub(crate) fn wait(
    pid: i32,
    what: &str,
    limit: Duration,
    mut done_within: impl FnMut(Duration) -> bool,
) -> Result<(), String> {
    let began = clock::now();
    loop {
        let left = limit.saturating_sub(clock::since(began));
        if done_within(left) {
            return Ok(());
        }
        if clock::since(began) >= limit {
            break;
        }
    }
    while clock::since(began) < limit * SLOW {
        if done_within(BETWEEN_LOOKS) {
            return Ok(());
        }
        if blocked(pid) {
            let waited = clock::since(began).as_millis();
            let state = procfs::describe(pid);
            return Err(format!("{what} waited beyond {} ms ({waited} ms): {state}", limit.as_millis()));
        }
    }
    Err(format!("{what} still runs after {} ms: {}", (limit * SLOW).as_millis(), procfs::describe(pid)))
}

/// Whether the process and its descendants sleep, seen several times in a row.
fn blocked(pid: i32) -> bool {
    (0..LOOKS).all(|_| {
        sleep(BETWEEN_LOOKS / LOOKS);
        procfs::all_rest(pid)
    })
}
