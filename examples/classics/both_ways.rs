//! One adds, the other subtracts, and each takes its time between reading and writing.

use crate::{Outcome, children};
use courtyard::{Lock, RLock, Scope, Timeout, Value, Yard};
use std::thread::sleep;
use std::time::Duration;

const TURNS: u32 = 100;
const THOUGHT: Duration = Duration::from_micros(50);

fn step(number: &Value<i64>, by: i64) {
    let seen = number.get();
    sleep(THOUGHT);
    number.set(seen + by);
}

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    threads(&yard)?;
    processes(&yard)?;
    without_a_lock(&yard)
}

fn expect(what: &str, sum: i64) -> Outcome {
    println!("{what}: {sum}");
    if sum == 0 { Ok(()) } else { Err("that is wrong".into()) }
}

fn threads(yard: &Yard) -> Outcome {
    let (lock, number) = (RLock::create(yard, "thread-lock")?, Value::<i64>::create(yard, "thread-number")?);
    let work = |by: i64| -> courtyard::Result<()> {
        for _ in 0..TURNS {
            let _guard = lock.acquire(Timeout::Forever)?;
            step(&number, by);
        }
        Ok(())
    };
    std::thread::scope(|s| {
        let both = [1, -1].map(|by| s.spawn(move || work(by)));
        both.into_iter().try_for_each(|t| t.join().map_err(|_| "a thread panicked")?.map_err(Into::into))
    })
    .map_err(|e: Box<dyn std::error::Error>| e)?;
    expect("two threads, a re-entrant lock", number.get())
}

fn processes(yard: &Yard) -> Outcome {
    let lock = Lock::create(yard, "process-lock", Scope::Thread)?;
    let number = Value::<i64>::create(yard, "process-number")?;
    children::all(2, |i| {
        for _ in 0..TURNS {
            let _guard = lock.acquire(Timeout::Forever)?;
            step(&number, [1, -1][i]);
        }
        Ok(())
    })?;
    expect("two processes, a lock", number.get())
}

/// Both have read before either writes: one of the two steps is lost.
fn without_a_lock(yard: &Yard) -> Outcome {
    let number = Value::<i64>::create(yard, "raced")?;
    let have_read = Value::<u32>::create(yard, "have-read")?;
    children::all(2, |i| {
        let seen = number.get();
        have_read.fetch_add(1);
        while have_read.get() < 2 {
            sleep(THOUGHT);
        }
        number.set(seen + [1, -1][i]);
        Ok(())
    })?;
    if number.get() == 0 {
        return Err("no step was lost".into());
    }
    println!("without a lock: not 0");
    Ok(())
}
