//! Producers and consumers of a bounded buffer wait for each other, each for what it needs.

use crate::{Outcome, children};
use courtyard::{Array, ArrayOptions, Condition, Lock, Scope, Timeout, Value, Yard};

const ROOM: u64 = 10;
const EACH: u64 = 100;
const PAIRS: u64 = 2;

struct Buffer {
    lock: Lock,
    made: Condition,
    used: Condition,
    things: Array<u64>,
    first: Value<u64>,
    next: Value<u64>,
    most: Value<u64>,
}

impl Buffer {
    fn new(yard: &Yard) -> courtyard::Result<Buffer> {
        Ok(Buffer {
            lock: Lock::create(yard, "lock", Scope::Thread)?,
            made: Condition::create(yard, "made")?,
            used: Condition::create(yard, "used")?,
            things: Array::create(yard, "things", ROOM as usize, ArrayOptions::default())?,
            first: Value::create(yard, "first")?,
            next: Value::create(yard, "next")?,
            most: Value::create(yard, "most")?,
        })
    }

    fn there(&self) -> u64 {
        self.next.get() - self.first.get()
    }

    fn put(&self, thing: u64) -> courtyard::Result<()> {
        let guard = self.lock.acquire(Timeout::Forever)?;
        self.used.wait_for(&guard, Timeout::Forever, || self.there() < ROOM)?.or_error()?;
        self.things.set((self.next.get() % ROOM) as usize, thing)?;
        self.next.fetch_add(1);
        self.most.fetch_max(self.there());
        self.made.notify(1);
        Ok(())
    }

    fn get(&self) -> courtyard::Result<u64> {
        let guard = self.lock.acquire(Timeout::Forever)?;
        self.made.wait_for(&guard, Timeout::Forever, || self.there() > 0)?.or_error()?;
        let thing = self.things.get((self.first.get() % ROOM) as usize)?;
        self.first.fetch_add(1);
        self.used.notify(1);
        Ok(thing)
    }
}

/// Uses so many things: those of each producer come in order.
fn consume(buffer: &Buffer) -> Outcome {
    let mut last = [0; PAIRS as usize];
    for _ in 0..EACH {
        let thing = buffer.get()?;
        let (producer, number) = ((thing / 1000) as usize, thing % 1000);
        if number <= last[producer] {
            return Err(format!("{number} of producer {producer} after {}", last[producer]).into());
        }
        last[producer] = number;
    }
    Ok(())
}

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    let buffer = Buffer::new(&yard)?;
    children::all(2 * PAIRS as usize, |i| match i as u64 {
        producer if producer < PAIRS => (1..=EACH).try_for_each(|n| Ok(buffer.put(producer * 1000 + n)?)),
        _ => consume(&buffer),
    })?;
    let (used, most) = (buffer.first.get(), buffer.most.get());
    println!("{used} things made and used, each producer's in order, never more than {ROOM} there");
    if used == PAIRS * EACH && buffer.there() == 0 && most <= ROOM {
        Ok(())
    } else {
        Err("that is wrong".into())
    }
}
