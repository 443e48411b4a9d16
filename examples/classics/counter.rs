//! Many add 1 to one number.

use crate::{Outcome, children};
use courtyard::{Lock, Options, Scope, Timeout, Value, Yard};
use std::thread::yield_now;

/// One way of adding 1.
type Way = fn(&Lock, &Value<u64>) -> Outcome;

fn acquire_and_release(lock: &Lock, number: &Value<u64>) -> Outcome {
    lock.acquire_unguarded(Timeout::Forever)?;
    number.set(number.get() + 1);
    Ok(lock.release()?)
}

fn guarded(lock: &Lock, number: &Value<u64>) -> Outcome {
    let _guard = lock.acquire(Timeout::Forever)?;
    number.set(number.get() + 1);
    Ok(())
}

fn in_one_step(_: &Lock, number: &Value<u64>) -> Outcome {
    number.fetch_add(1);
    Ok(())
}

pub(crate) fn run(adders: u64, turns: u64, threads: bool) -> Outcome {
    let slots = u32::try_from(adders)?.saturating_add(1).min(4095);
    let yard = Options::new().slots(slots).anonymous()?;
    let what = if threads { "threads" } else { "processes" };
    println!("{adders} {what}, {turns} turns each");
    let party = Party { yard, adders, turns, threads };
    let lost = party.adders * party.turns - party.without_a_lock()?;
    if lost == 0 {
        return Err("no update was lost".into());
    }
    println!("without a lock: updates were lost");
    for (name, way) in [
        ("acquire and release", acquire_and_release as Way),
        ("a guard", guarded),
        ("one atomic step", in_one_step),
    ] {
        let sum = party.count(name, way)?;
        println!("{name}: {sum}");
        if sum != party.adders * party.turns {
            return Err("that is wrong".into());
        }
    }
    Ok(())
}

struct Party {
    yard: Yard,
    adders: u64,
    turns: u64,
    threads: bool,
}

impl Party {
    /// In the first turn everybody reads before anybody writes: what a race may do at any time, and here must.
    fn without_a_lock(&self) -> Result<u64, Box<dyn std::error::Error>> {
        let number = Value::<u64>::create(&self.yard, "raced")?;
        let have_read = Value::<u64>::create(&self.yard, "have-read")?;
        self.everybody(|| {
            for _ in 0..self.turns {
                let seen = number.get();
                have_read.fetch_add(1);
                while have_read.get() < self.adders {
                    yield_now();
                }
                number.set(seen + 1);
            }
            Ok(())
        })?;
        Ok(number.get())
    }

    fn count(&self, name: &str, way: Way) -> Result<u64, Box<dyn std::error::Error>> {
        let name = name.replace(' ', "-");
        let number = Value::<u64>::create(&self.yard, &format!("{name}-number"))?;
        let lock = Lock::create(&self.yard, &format!("{name}-lock"), Scope::Thread)?;
        self.everybody(|| (0..self.turns).try_for_each(|_| way(&lock, &number)))?;
        Ok(number.get())
    }

    fn everybody(&self, work: impl Fn() -> Outcome + Sync) -> Outcome {
        if !self.threads {
            return children::all(usize::try_from(self.adders)?, |_| work());
        }
        let work = &work;
        std::thread::scope(|s| {
            let adders: Vec<_> =
                (0..self.adders).map(|_| s.spawn(move || work().map_err(|e| e.to_string()))).collect();
            adders.into_iter().try_for_each(|a| Ok(a.join().map_err(|_| "a thread panicked")??))
        })
    }
}
