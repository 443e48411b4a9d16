//! Who made whom, who waits for whom, and how each of them ends.

use crate::Outcome;
use courtyard::{
    AtExit, ErrorKind, Exit, Process, ProcessOptions, Queue, QueueOptions, Timeout, Yard, active_children,
    parent_process, this_process, wait_any_child,
};
use std::thread::sleep;
use std::time::Duration;

/// What everybody says goes through a queue, so that the order in which it was said is known.
struct Diary(Queue);

impl Diary {
    fn new(yard: &Yard, name: &str) -> courtyard::Result<Diary> {
        Queue::create(yard, name, QueueOptions::default()).map(Diary)
    }

    fn say(&self, what: &str) {
        self.0.put(what.as_bytes(), Timeout::Forever).ok();
    }

    /// Everything that was said, in its order.
    fn read(&self) -> Vec<String> {
        let lines = std::iter::from_fn(|| self.0.get_vec(Timeout::Try).ok());
        lines.map(|(line, _)| String::from_utf8_lossy(&line).into_owned()).collect()
    }
}

fn ended_well(child: &Process) -> Outcome {
    match child.join(Timeout::Forever)? {
        Exit::Code(0) => Ok(()),
        other => Err(format!("{} ended badly: {other}", child.name()).into()),
    }
}

fn right(is: bool, what: &str) -> Outcome {
    if is { Ok(()) } else { Err(format!("that is wrong: {what}").into()) }
}

/// Two children of given numbers of moments, and when they begin and end.
fn works(diary: &Diary, name: &str, moments: u32, moment: Duration) -> courtyard::Result<Process> {
    let options = ProcessOptions { name: Some(name.to_owned()), ..ProcessOptions::default() };
    Process::fork_with(&options, || {
        diary.say(&format!("{name} begins"));
        sleep(moment * moments);
        diary.say(&format!("{name} ends"));
        0
    })
}

fn who_is_who() -> Outcome {
    let me = std::process::id();
    let name = String::from("bob");
    let child = Process::fork(|| {
        let parent = parent_process().map_or(0, |parent| parent.pid());
        println!(
            "hello {name}, in {}, {}",
            this_process().name(),
            if parent == me { "whose parent is right" } else { "?" }
        );
        i32::from(parent != me || this_process().pid() == me)
    })?;
    ended_well(&child)?;
    println!("{} made {}", this_process().name(), child.name());
    let mut number = 1;
    let child = Process::fork(|| {
        number = 2;
        number
    })?;
    let Exit::Code(childs) = child.join(Timeout::Forever)? else { return Err("it was killed".into()) };
    println!("the child's number is {childs}, the parent's {number}");
    right((childs, number) == (2, 1), "memory is each one's own")
}

fn who_waits(moment: Duration) -> Outcome {
    let yard = Yard::anonymous()?;
    let diary = Diary::new(&yard, "diary")?;
    for (name, moments) in [("b", 2), ("a", 1), ("c", 3)] {
        ended_well(&works(&diary, name, moments, moment)?)?;
    }
    let one_by_one = diary.read();
    println!("each waited for at once: {}", one_by_one.join(", "));
    right(one_by_one == ["b begins", "b ends", "a begins", "a ends", "c begins", "c ends"], "the order")?;
    let all = ["a", "b", "c"].map(|name| works(&diary, name, 50, moment));
    for child in all {
        ended_well(&child?)?;
    }
    let all = diary.read();
    let begun = all.iter().take_while(|line| line.ends_with("begins")).count();
    println!("all started first: {begun} of 3 begin before one ends");
    right(begun == 3, "they ran one after the other")
}

fn who_ends_how(moment: Duration) -> Outcome {
    let sleeper = Process::fork(|| {
        sleep(Duration::from_secs(60));
        0
    })?;
    sleep(moment);
    sleeper.terminate()?;
    println!("terminated: {}, alive: {}", sleeper.join(Timeout::Forever)?, sleeper.is_alive());
    right(!sleeper.is_alive(), "it lives")?;

    let yard = Yard::anonymous()?;
    let diary = Diary::new(&yard, "diary")?;
    let main = Process::fork(|| {
        let servant = ProcessOptions { at_exit: AtExit::Kill, ..ProcessOptions::default() };
        let servant = Process::fork_with(&servant, || {
            diary.say("123");
            sleep(Duration::from_secs(60));
            diary.say("end123");
            0
        });
        let friend = Process::fork(|| {
            sleep(moment * 20);
            diary.say("456");
            0
        });
        while diary.0.is_empty() {
            sleep(moment);
        }
        i32::from(servant.is_err() || friend.is_err())
    })?;
    ended_well(&main)?;
    let said = diary.read();
    println!("a servant dies with its parent, a friend is waited for: {}", said.join(", "));
    right(said == ["123", "456"], "who said what")
}

fn who_is_left(moment: Duration) -> Outcome {
    let two = [1, 2].map(|code: i32| {
        Process::fork(move || {
            sleep(moment * 30 * code.cast_unsigned());
            code
        })
    });
    let none_yet = wait_any_child(Timeout::Try).err().map(|e| e.kind());
    println!(
        "{} children, and none has ended: {}",
        active_children().len(),
        none_yet == Some(ErrorKind::Timeout)
    );
    for child in two {
        child?;
    }
    let ends = [(); 2].map(|()| wait_any_child(Timeout::Forever));
    for end in ends {
        println!("one has ended: {}", end?.1);
    }
    match wait_any_child(Timeout::Forever) {
        Err(e) if e.kind() == ErrorKind::NoChild => println!("once more: {}", e.kind().message()),
        other => return Err(format!("that is wrong: {other:?}").into()),
    }
    right(none_yet == Some(ErrorKind::Timeout), "somebody had ended")
}

pub(crate) fn run(moment: Duration) -> Outcome {
    who_is_who()?;
    who_waits(moment)?;
    who_ends_how(moment)?;
    who_is_left(moment)
}
