//! A worker: takes the receiving end of its ring and counts until the sender closes.

use crate::tally::{Tally, ring};
use courtyard::{ErrorKind, Receiver, Result, Strategy, Timeout, Yard};
use std::thread::sleep;
use std::time::Duration;

/// Works as worker number `worker` until everything is counted.
pub(crate) fn work(yard: &Yard, worker: usize) -> Result<()> {
    let tally = Tally::of(yard, worker)?;
    let mut end = take_end(yard, worker)?;
    let mut buffer = vec![0; end.max_len()];
    loop {
        let record = match end.peek(Timeout::Forever) {
            Ok(record) => record,
            Err(closed) if closed.kind() == ErrorKind::PeerClosed => return Ok(()),
            Err(other) => return Err(other),
        };
        record.copy_to(&mut buffer)?;
        tally.add(&buffer[..record.len()])?;
        record.release();
    }
}

/// A predecessor may take an instant more to be dead for good.
fn take_end(yard: &Yard, worker: usize) -> Result<Receiver> {
    let ring = ring(yard, worker)?;
    for _ in 0..500 {
        match ring.receiver(Strategy::Adaptive) {
            Err(busy) if busy.kind() == ErrorKind::Busy => sleep(Duration::from_millis(2)),
            taken => return taken,
        }
    }
    ring.receiver(Strategy::Adaptive)
}
