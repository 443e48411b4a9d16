//! Bakers and eaters: one bakes five buns in its own time, and who waits for a sixth gives up. A counter with room for ten,
//! at which baking is faster than eating.

use crate::{Outcome, children};
use courtyard::{ErrorKind, Queue, QueueOptions, Timeout, Yard};
use std::thread::sleep;
use std::time::{Duration, Instant};

const BUNS: u64 = 5;
/// How long an eater waits for the next one.
const HUNGER: Duration = Duration::from_millis(300);

fn counter(yard: &Yard, name: &str, capacity: usize) -> courtyard::Result<Queue> {
    Queue::create(yard, name, QueueOptions { capacity, ..QueueOptions::default() })
}

fn number(queue: &Queue, timeout: impl Into<Timeout>) -> courtyard::Result<u64> {
    let mut bytes = [0; 8];
    queue.get(&mut bytes, timeout)?;
    Ok(u64::from_ne_bytes(bytes))
}

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    greeting(&yard)?;
    five(&yard)?;
    crowded(&yard)
}

/// The smallest message there is from a child.
fn greeting(yard: &Yard) -> Outcome {
    let queue = counter(yard, "greeting", 1)?;
    let child = children::start(|| Ok(queue.put(b"hello world", Timeout::Forever)?))?;
    println!("{}", String::from_utf8_lossy(&queue.get_vec(Timeout::Forever)?.0));
    children::wait(child)
}

/// The eater does not know how many come: it waits, and ends when nothing has come for a while.
fn five(yard: &Yard) -> Outcome {
    let queue = counter(yard, "buns", 4)?;
    let baker = children::start(|| {
        for bun in 1..=BUNS {
            sleep(Duration::from_millis(10 + bun * 7 % 20));
            queue.put(&bun.to_ne_bytes(), Timeout::Forever)?;
        }
        Ok(())
    })?;
    let mut last = Instant::now();
    for wanted in 1.. {
        match number(&queue, HUNGER) {
            Ok(bun) if bun == wanted => last = Instant::now(),
            Ok(bun) => return Err(format!("bun {bun} instead of {wanted}").into()),
            Err(e) if e.kind() == ErrorKind::Empty && wanted == BUNS + 1 => break,
            Err(e) => return Err(e.into()),
        }
    }
    if last.elapsed() < HUNGER {
        return Err("the eater did not wait".into());
    }
    println!("{BUNS} buns in the order of baking; after a while without one, the eater leaves");
    children::wait(baker)
}

/// Two eaters are slower than the baker: it waits for room, and there are never more than fit.
fn crowded(yard: &Yard) -> Outcome {
    const ALL: u64 = 60;
    const ROOM: usize = 10;
    let queue = counter(yard, "counter", ROOM)?;
    let waits = courtyard::Value::<u32>::create(yard, "waits")?;
    children::all(3, |who| {
        if who == 0 {
            for bun in 0..ALL {
                if queue.try_put(&bun.to_ne_bytes()).is_err_and(|e| e.kind() == ErrorKind::Full) {
                    waits.fetch_add(1);
                    queue.put(&bun.to_ne_bytes(), Timeout::Forever)?;
                }
                if queue.len() > ROOM {
                    return Err(format!("{} at the counter", queue.len()).into());
                }
            }
            queue.shutdown(false);
            return Ok(());
        }
        let mut before = None;
        loop {
            match number(&queue, Timeout::Forever) {
                Ok(bun) if before < Some(bun) => before = Some(bun),
                Ok(bun) => return Err(format!("bun {bun} after {before:?}").into()),
                Err(e) if e.kind() == ErrorKind::End => return Ok(()),
                Err(e) => return Err(e.into()),
            }
            sleep(Duration::from_millis(2));
        }
    })?;
    if waits.get() == 0 {
        return Err("the baker never waited".into());
    }
    println!("{ALL} buns, never more than {ROOM} at the counter: the baker waited for room");
    Ok(())
}
