//! The same things through a priority queue and through a stack: in the order of their puts, and in the opposite one.

use crate::{Outcome, children};
use courtyard::{ErrorKind, LifoOptions, LifoQueue, PriorityOptions, PriorityQueue, Timeout, Yard};

/// Each thing as the bytes that stand for it.
const THINGS: [&str; 3] = ["42", "None", "'hello'"];
const URGENT: &str = "hello world";

/// All there is, until the queue is shut down and empty.
fn all(
    mut get: impl FnMut() -> courtyard::Result<Vec<u8>>,
) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let mut things = Vec::new();
    loop {
        match get() {
            Ok(thing) => things.push(String::from_utf8(thing)?),
            Err(end) if end.kind() == ErrorKind::End => return Ok(things),
            Err(error) => return Err(error.into()),
        }
    }
}

fn told(what: &str, things: &[String], wanted: &[&str]) -> Outcome {
    println!("{what}: [{}]", things.join(", "));
    if things == wanted { Ok(()) } else { Err("that is wrong".into()) }
}

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    let queue = PriorityQueue::create(&yard, "queue", PriorityOptions::default())?;
    let stack = LifoQueue::create(&yard, "stack", LifoOptions::default())?;
    let child = children::start(|| {
        for thing in THINGS {
            queue.put(thing.as_bytes(), 1, Timeout::Forever)?;
            stack.put(thing.as_bytes(), Timeout::Forever)?;
        }
        queue.put(URGENT.as_bytes(), 0, Timeout::Forever)?;
        queue.shutdown(false);
        stack.shutdown(false);
        Ok(())
    })?;
    children::wait(child)?;
    let things = all(|| queue.get_vec(Timeout::Forever).map(|(thing, _)| thing))?;
    told("by priority, then in the order of the puts", &things, &[URGENT, THINGS[0], THINGS[1], THINGS[2]])?;
    let things = all(|| stack.get_vec(Timeout::Forever))?;
    told("last in, first out", &things, &[THINGS[2], THINGS[1], THINGS[0]])
}
