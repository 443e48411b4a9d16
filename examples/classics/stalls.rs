//! Twenty want in, five may.

use crate::Outcome;
use courtyard::{ErrorKind, Permits, Semaphore, SemaphoreOptions, Timeout, Value, Yard};
use std::thread::sleep;
use std::time::Duration;

const STALLS: u32 = 5;
const GUESTS: u32 = 20;
const VISIT: Duration = Duration::from_millis(10);

/// How many are inside, and how many there were at most.
struct House {
    inside: Value<u32>,
    most: Value<u32>,
}

impl House {
    fn new(yard: &Yard, name: &str) -> courtyard::Result<House> {
        let number = |what: &str| Value::create(yard, &format!("{name}-{what}"));
        Ok(House { inside: number("inside")?, most: number("most")? })
    }

    fn visit(&self) {
        self.most.fetch_max(self.inside.fetch_add(1) + 1);
        sleep(VISIT);
        self.inside.fetch_sub(1);
    }
}

fn everybody(visit: impl Fn() -> courtyard::Result<()> + Sync) -> Outcome {
    std::thread::scope(|s| {
        let guests: Vec<_> = (0..GUESTS).map(|_| s.spawn(&visit)).collect();
        guests.into_iter().try_for_each(|g| Ok(g.join().map_err(|_| "a thread panicked")??))
    })
}

fn told(what: &str, house: &House) -> Outcome {
    println!("{GUESTS} guests, {what}: at most {} inside", house.most.get());
    if house.most.get() > STALLS { Err("that is wrong".into()) } else { Ok(()) }
}

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    let options = SemaphoreOptions { initial: STALLS, maximum: Some(STALLS) };
    let semaphore = Semaphore::create(&yard, "semaphore", options)?;
    let house = House::new(&yard, "counted")?;
    everybody(|| {
        semaphore.acquire(Timeout::Forever)?;
        house.visit();
        semaphore.release(1)
    })?;
    told("a semaphore of 5", &house)?;
    match semaphore.release(1) {
        Err(e) if e.kind() == ErrorKind::Range => println!("one release too many: {e}"),
        other => return Err(format!("one release too many: {other:?}").into()),
    }
    let permits = Permits::create(&yard, "permits", STALLS)?;
    let house = House::new(&yard, "permitted")?;
    everybody(|| {
        let _permit = permits.acquire(Timeout::Forever)?;
        house.visit();
        Ok(())
    })?;
    told("5 permits", &house)
}
