//! Fifty threads, waited for, and not waited for.

use crate::Outcome;
use courtyard::{Process, Value, Yard};
use std::sync::Arc;
use std::thread::{self, sleep};
use std::time::Duration;

const THREADS: u32 = 50;
const MOMENT: Duration = Duration::from_millis(20);
const FOR_EVER: Duration = Duration::from_secs(3600);
const LONG: Duration = Duration::from_secs(30);

/// How many have come, and how many are done. In a yard, so that a parent sees what there was in a child.
struct Numbers {
    there: Value<u32>,
    done: Value<u32>,
}

impl Numbers {
    fn new(yard: &Yard, name: &str) -> courtyard::Result<Numbers> {
        let number = |what: &str| Value::create(yard, &format!("{name}-{what}"));
        Ok(Numbers { there: number("there")?, done: number("done")? })
    }

    fn work(&self, how_long: Duration) {
        self.there.fetch_add(1);
        sleep(how_long);
        self.done.fetch_add(1);
    }

    fn told(&self, what: &str, wanted: u32) -> Outcome {
        let (there, done) = (self.there.get(), self.done.get());
        println!("{THREADS} threads, {what}: {there} were there, {done} were done");
        if (there, done) == (THREADS, wanted) { Ok(()) } else { Err("that is wrong".into()) }
    }
}

fn waited_for(yard: &Yard) -> Outcome {
    let numbers = Numbers::new(yard, "waited-for")?;
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| numbers.work(MOMENT));
        }
    });
    numbers.told("waited for", THREADS)
}

/// In a process of their own, which ends with its main thread, whatever the others do.
fn not_waited_for(yard: &Yard) -> Outcome {
    let numbers = Arc::new(Numbers::new(yard, "left-alone")?);
    let process = Process::fork(|| {
        for _ in 0..THREADS {
            let numbers = numbers.clone();
            thread::spawn(move || numbers.work(FOR_EVER));
        }
        while numbers.there.get() < THREADS {
            sleep(Duration::from_millis(1));
        }
        0
    })?;
    process.join(LONG)?;
    numbers.told("not waited for", 0)
}

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    not_waited_for(&yard)?; // first: with other threads one does not fork
    waited_for(&yard)
}
