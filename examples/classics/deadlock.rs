//! Who waits for himself is told; two who use a lock never come between each other's start and end.

use crate::{Outcome, children};
use courtyard::{ErrorKind, Lock, Ring, RingOptions, Scope, Strategy, Timeout, Yard};
use std::thread::sleep;
use std::time::Duration;

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    let lock = Lock::create(&yard, "mutex", Scope::Thread)?;
    let diary = Ring::create(&yard, "diary", RingOptions::default())?;
    children::all(2, |i| {
        let name = [b'A', b'B'][i];
        for _ in 0..3 {
            let _guard = lock.acquire(Timeout::Forever)?;
            // Whoever has the lock has the pen, too.
            diary.sender(Strategy::Block)?.send(&[b's', name], Timeout::Forever)?;
            sleep(Duration::from_millis(5));
            diary.sender(Strategy::Block)?.send(&[b'e', name], Timeout::Forever)?;
        }
        Ok(())
    })?;
    let mut reader = diary.receiver(Strategy::Block)?;
    for _ in 0..6 {
        let (start, _) = reader.recv_vec(Timeout::Try)?;
        let (end, _) = reader.recv_vec(Timeout::Try)?;
        if (start[0], end[0]) != (b's', b'e') || start[1] != end[1] {
            return Err("somebody came in between".into());
        }
    }
    println!("6 starts, each followed by its own end");
    let guard = lock.acquire(Timeout::Forever)?;
    let again = lock.acquire(Timeout::Forever).map(drop);
    match again {
        Err(e) if e.kind() == ErrorKind::Deadlock => println!("a second acquire by the owner: {e}"),
        other => return Err(format!("a second acquire: {other:?}").into()),
    }
    drop(guard);
    Ok(())
}
