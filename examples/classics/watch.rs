//! What one process counts, others see; what is not in the yard, each has for itself.

use crate::{Outcome, children};
use courtyard::{Value, Yard};
use std::thread::sleep;
use std::time::Duration;

const LAST: u32 = 4;
const LOOK: Duration = Duration::from_millis(5);
const WORKERS: usize = 2;

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    let shared = Value::<u32>::create(&yard, "shared")?;
    let seen = Value::<u32>::create(&yard, "seen")?;
    let mut plain = 0u32;
    let work = |i: usize, plain: u32| -> Outcome {
        let mut numbers = vec![shared.get()];
        seen.fetch_add(1);
        while numbers.last() != Some(&LAST) {
            sleep(LOOK);
            let now = shared.get();
            if numbers.last() != Some(&now) {
                numbers.push(now);
                seen.fetch_add(1);
            }
        }
        println!("worker {} saw {numbers:?} in the yard, and always {plain} of its own", i + 1);
        Ok(())
    };
    let workers: Vec<_> =
        (0..WORKERS).map(|i| children::start(|| work(i, plain))).collect::<Result<_, _>>()?;
    for turn in 0..LAST {
        while seen.get() < WORKERS as u32 * (turn + 1) {
            sleep(LOOK);
        }
        shared.fetch_add(1);
        plain += 1;
    }
    for worker in workers {
        children::wait(worker)?;
    }
    println!("the parent's own: {plain}");
    Ok(())
}
