//! A server and its client start together: neither goes on before the other is ready, and if one dies on the way the other
//! is told instead of waiting for it.

use crate::{Outcome, children};
use courtyard::{Barrier, BrokenBy, ErrorKind, Ring, RingOptions, Strategy, Timeout, Yard};
use std::time::Duration;

/// Nobody gets ready in more time than this.
const PATIENCE: Duration = Duration::from_secs(30);

fn serve(ring: &Ring, start: &Barrier) -> Outcome {
    let mut requests = ring.receiver(Strategy::Adaptive)?; // the server is ready
    start.wait(PATIENCE)?;
    let (request, _) = requests.recv_vec(PATIENCE)?;
    println!("the server was asked: {}", String::from_utf8_lossy(&request));
    Ok(())
}

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    let (ring, start) =
        (Ring::create(&yard, "requests", RingOptions::default())?, Barrier::create(&yard, "start", 2)?);
    let server = children::start(|| serve(&ring, &start))?;
    start.wait(PATIENCE)?;
    ring.sender(Strategy::Adaptive)?.send(b"are you there?", PATIENCE)?;
    children::wait(server)?;

    // A server that has said it will come, and dies before it is ready.
    children::wait(children::start(|| {
        std::mem::forget(start.declare()?);
        Ok(()) // its end is a death for those who wait: it has not left the barrier
    })?)?;
    match start.wait(Timeout::Forever) {
        Err(e) if e.kind() == ErrorKind::Broken => println!("the client was told: {e}"),
        other => return Err(format!("a dead server: {other:?}").into()),
    }
    match start.broken() {
        Some(BrokenBy::Died { .. }) => start.reset(),
        other => return Err(format!("a dead server: {other:?}").into()),
    }
    let server = children::start(|| Ok(start.wait(PATIENCE).map(drop)?))?;
    start.wait(PATIENCE)?;
    println!("and the next one came");
    children::wait(server)
}
