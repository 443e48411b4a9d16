//! Two runners wait for one signal, as threads and as processes.

use crate::{Outcome, children};
use courtyard::{Event, EventOptions, Timeout, Value, Yard};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How many have come to the line, and how many have set off.
struct Race {
    signal: Event,
    there: Value<u32>,
    off: Value<u32>,
}

impl Race {
    fn new(yard: &Yard, name: &str) -> courtyard::Result<Race> {
        let number = |what: &str| Value::create(yard, &format!("{name}-{what}"));
        let signal = Event::create(yard, name, EventOptions::default())?;
        Ok(Race { signal, there: number("there")?, off: number("off")? })
    }

    fn run(&self) -> courtyard::Result<()> {
        self.there.fetch_add(1);
        self.signal.wait(Timeout::Forever)?;
        self.off.fetch_add(1);
        Ok(())
    }

    /// Fires when both are there and the time is over; tells how many set off before that.
    fn start(&self, begin: Instant, wait: Duration) -> u32 {
        while self.there.get() < 2 || begin.elapsed() < wait {
            sleep(Duration::from_millis(1));
        }
        let early = self.off.get();
        self.signal.set();
        early
    }
}

fn told(what: &str, race: &Race, early: u32, begin: Instant, wait: Duration) -> Outcome {
    println!("two {what}: {early} before the signal, {} after it", race.off.get());
    if early == 0 && race.off.get() == 2 && begin.elapsed() >= wait {
        Ok(())
    } else {
        Err("that is wrong".into())
    }
}

pub(crate) fn run(wait: Duration) -> Outcome {
    let yard = Yard::anonymous()?;
    let race = Race::new(&yard, "processes")?;
    let begin = Instant::now();
    let runners = [0; 2].map(|_| children::start(|| Ok(race.run()?)));
    let early = race.start(begin, wait);
    runners.into_iter().try_for_each(|runner| children::wait(runner?))?;
    told("processes", &race, early, begin, wait)?;

    let race = Race::new(&yard, "threads")?;
    let begin = Instant::now();
    let early = std::thread::scope(|s| {
        let runners = [0; 2].map(|_| s.spawn(|| race.run()));
        let early = race.start(begin, wait);
        runners
            .into_iter()
            .try_for_each(|runner| runner.join().map_err(|_| "a thread panicked")?.map_err(|_| "wait"))?;
        Ok::<_, &str>(early)
    })?;
    told("threads", &race, early, begin, wait)
}
