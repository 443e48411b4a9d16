//! A server's handler: one visitor more, work, tell how many, work, one visitor less. Ten clients come at once: a barrier
//! lets them all go at the same moment.

use crate::{Outcome, children};
use courtyard::{Barrier, Lock, Scope, Timeout, Value, Yard};
use std::thread::sleep;
use std::time::{Duration, Instant};

const CLIENTS: u32 = 10;
const WORK: Duration = Duration::from_millis(100);

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    let (start, lock) =
        (Barrier::create(&yard, "start", CLIENTS)?, Lock::create(&yard, "handler", Scope::Thread)?);
    let (visitors, ones) = (Value::<u32>::create(&yard, "visitors")?, Value::<u32>::create(&yard, "ones")?);
    let begin = Instant::now();
    children::all(CLIENTS as usize, |_| {
        start.wait(Timeout::Forever)?;
        let _guard = lock.acquire(Timeout::Forever)?;
        visitors.set(visitors.get() + 1);
        sleep(WORK);
        ones.fetch_add(u32::from(visitors.get() == 1));
        sleep(WORK);
        visitors.set(visitors.get() - 1);
        Ok(())
    })?;
    let took = begin.elapsed();
    println!("with a lock: {} of {CLIENTS} clients get 1, in {:.1} s", ones.get(), took.as_secs_f64());
    if ones.get() != CLIENTS || visitors.get() != 0 || took < 2 * CLIENTS * WORK {
        return Err("that is wrong".into());
    }
    let seen = without_a_lock(&yard, &start)?;
    println!("without a lock: each of them gets {seen}");
    if seen == CLIENTS { Ok(()) } else { Err("that is wrong".into()) }
}

/// Everybody has come before anybody looks: the barrier sees to that.
fn without_a_lock(yard: &Yard, start: &Barrier) -> Result<u32, Box<dyn std::error::Error>> {
    let (visitors, least) = (Value::<u32>::create(yard, "all")?, Value::<u32>::create(yard, "least")?);
    least.set(u32::MAX);
    children::all(CLIENTS as usize, |_| {
        visitors.fetch_add(1);
        start.wait(Timeout::Forever)?;
        least.fetch_min(visitors.get());
        start.wait(Timeout::Forever)?;
        visitors.fetch_sub(1);
        Ok(())
    })?;
    Ok(least.get())
}
