//! Children one by one: what they are called, when they are gone, and who waits for which of them.

use crate::Outcome;
use courtyard::{Event, EventOptions, Process, ProcessOptions, Timeout, Yard, parent_process, this_process};

fn named(name: &str) -> ProcessOptions {
    ProcessOptions { name: Some(name.to_owned()), ..ProcessOptions::default() }
}

fn event(yard: &Yard, name: &str) -> courtyard::Result<Event> {
    Event::create(yard, name, EventOptions::default())
}

fn right(is: bool) -> Outcome {
    if is { Ok(()) } else { Err("that is wrong".into()) }
}

/// Something that can be done in a process of its own.
trait Work {
    const NAME: &str;

    fn run(&self) -> i32;
}

fn start<W: Work>(work: &W, number: u32) -> courtyard::Result<Process> {
    Process::fork_with(&named(&format!("{}-{number}", W::NAME)), || work.run())
}

/// Says its name, and who made it.
struct Introduction {
    greeting: String,
    parent: u32,
}

impl Work for Introduction {
    const NAME: &str = "Introduction";

    fn run(&self) -> i32 {
        let (me, parent) = (this_process(), parent_process().map_or(0, |parent| parent.pid()));
        println!("{}, I am {}, process {}, made by process {parent}", self.greeting, me.name(), me.pid());
        i32::from(parent != self.parent || me.pid() != std::process::id() || me.pid() == parent)
    }
}

fn work_with_a_name() -> Outcome {
    let work = Introduction { greeting: "hello".into(), parent: std::process::id() };
    let child = start(&work, 1)?;
    let end = child.join(Timeout::Forever)?;
    println!("{} has ended: {end}", child.name());
    right(end.is_success())
}

/// Who starts a child goes on at once.
fn nobody_waits() -> Outcome {
    let yard = Yard::anonymous()?;
    let said = event(&yard, "said")?;
    let child = Process::fork(|| {
        let result = said.wait(Timeout::Forever);
        println!("the child is running");
        i32::from(result.is_err())
    })?;
    println!("the parent goes on, the child is alive: {}", child.is_alive());
    said.set();
    let end = child.join(Timeout::Forever)?;
    println!("the child is gone: {}", !child.is_alive());
    right(end.is_success())
}

/// Three children, each of which ends when its hour has come. Joining one does not wait for the others.
fn one_after_the_other() -> Outcome {
    let yard = Yard::anonymous()?;
    let hours = [1, 2, 3].map(|hour| event(&yard, &format!("hour-{hour}")));
    let hours = hours.into_iter().collect::<Result<Vec<_>, _>>()?;
    let children = (1..).zip(&hours).map(|(number, hour)| {
        Process::fork_with(&named(&format!("p{number}")), || i32::from(hour.wait(Timeout::Forever).is_err()))
    });
    let children = children.collect::<Result<Vec<_>, _>>()?;
    let alive = || children.iter().filter(|child| child.is_alive()).count();
    for (left, (child, hour)) in [2, 1, 0].into_iter().zip(children.iter().zip(&hours)) {
        hour.set();
        let end = child.join(Timeout::Forever)?;
        println!("{} has ended: {end}, {} are left", child.name(), alive());
        right(end.is_success() && alive() == left)?;
    }
    Ok(())
}

/// A child that would never end is ended.
fn the_end_of_alex() -> Outcome {
    let yard = Yard::anonymous()?;
    let never = event(&yard, "never")?;
    let child = Process::fork_with(&named("alex"), || {
        let _ = never.wait(Timeout::Forever);
        println!("gone");
        0
    })?;
    child.terminate()?;
    let end = child.join(Timeout::Forever)?;
    println!("{}: {end}, alive: {}", child.name(), child.is_alive());
    right(!child.is_alive() && !end.is_success())
}

pub(crate) fn run() -> Outcome {
    work_with_a_name()?;
    nobody_waits()?;
    one_after_the_other()?;
    the_end_of_alex()
}
