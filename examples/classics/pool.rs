//! What a pool does with tasks: some at a time, with results, errors and callbacks, in order and in any order.

use crate::Outcome;
use crate::meeting::{self, LONG, Meeting, Said};
use courtyard::{
    Barrier, ErrorKind, Fate, Future, MapOptions, Pool, TaskOptions, Timeout, TypedTask, register_task,
};
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Display;
use std::sync::mpsc;
use std::time::Duration;

const ONCE: TaskOptions = TaskOptions { retries: 0, time_limit: None };
/// A number goes there, and one comes back; the other tasks are given bytes, and give some.
const SQUARE: TypedTask<u64, u64> = TypedTask::new("square");
const NO_PATIENCE: Duration = Duration::from_millis(100);

fn number(input: &[u8]) -> Result<u64, Box<dyn Error>> {
    Ok(std::str::from_utf8(input)?.parse()?)
}

pub(crate) fn register() -> courtyard::Result<()> {
    SQUARE.register(|_, number| number.checked_pow(2).ok_or("too much"))?;
    register_task("pid", |_, _| -> Said { Ok(std::process::id().to_string()) })?;
    register_task("fail", |_, input| -> Said { Err(format!("no luck with {}", number(input)?).into()) })?;
    register_task("wait", |_, input| -> Said {
        meeting::wait_at_the_gate()?;
        Ok((number(input)? + 100).to_string())
    })?;
    register_task("meet", |_, _| -> Said {
        Barrier::open(meeting::yard()?, "five")?.wait(LONG)?;
        Ok(std::process::id().to_string())
    })
}

fn text(bytes: Vec<u8>) -> Said {
    Ok(String::from_utf8(bytes)?)
}

fn submit(pool: &Pool, entry: &str, inputs: std::ops::Range<u64>) -> courtyard::Result<Vec<Future>> {
    inputs.map(|i| pool.submit(entry, i.to_string().as_bytes(), &ONCE)).collect()
}

fn list(numbers: impl IntoIterator<Item = impl Display>) -> String {
    numbers.into_iter().map(|number| number.to_string()).collect::<Vec<_>>().join(", ")
}

fn told(what: &str, is: &str, wanted: &str) -> Outcome {
    println!("{what}: {is}");
    if is == wanted { Ok(()) } else { Err(format!("that is wrong, it is {wanted}").into()) }
}

/// Ten tasks, five processes. A task ends when five of them have met: so five are done at a time.
fn ten_for_five() -> Outcome {
    let meeting = Meeting::new("five")?;
    Barrier::create(&meeting.yard, "five", 5)?;
    let pool = meeting.pool(5)?;
    let tasks = submit(&pool, "meet", 0..10)?;
    meeting::finish(&pool)?;
    let ended = tasks.iter().map(|task| task.result(Timeout::Try)).collect::<Result<Vec<_>, _>>()?;
    let processes: BTreeSet<_> = ended.iter().collect();
    told("ten tasks, five at a time", &format!("{} processes", processes.len()), "5 processes")?;
    println!("over");
    Ok(())
}

/// Five tasks with callbacks, of which two fail at once; the others wait for that.
fn callbacks() -> Outcome {
    let meeting = Meeting::new("callbacks")?;
    let pool = meeting.pool(5)?;
    let (tell, heard) = mpsc::channel();
    for i in 0..5u64 {
        let (entry, tell) = (if i < 3 { "wait" } else { "fail" }, tell.clone());
        pool.apply_async(entry, i.to_string().as_bytes(), &ONCE, move |fate| {
            let _ = tell.send((i, fate));
        })?;
    }
    let mut errors = BTreeSet::new();
    for _ in 0..2 {
        match heard.recv_timeout(LONG)? {
            (_, Ok(Fate::Failed(error))) => errors.insert(error),
            other => return Err(format!("that is wrong: {other:?}").into()),
        };
    }
    let errors: Vec<_> = errors.into_iter().collect();
    told("first the errors", &errors.join(", "), "no luck with 3, no luck with 4")?;
    meeting.gate.set();
    let mut results = BTreeSet::new();
    for _ in 0..3 {
        match heard.recv_timeout(LONG)? {
            (i, Ok(Fate::Done(_))) => results.insert(i),
            other => return Err(format!("that is wrong: {other:?}").into()),
        };
    }
    told("then the results of", &format!("{results:?}"), "{0, 1, 2}")?;
    meeting::finish(&pool)?;
    println!("over");
    Ok(())
}

/// Ten tasks, three processes: whoever submits goes on, and is called when each has ended.
fn called_back() -> Outcome {
    let meeting = Meeting::new("called")?;
    let pool = meeting.pool(3)?;
    let (tell, heard) = mpsc::channel();
    for i in 0..10u64 {
        let tell = tell.clone();
        pool.apply_async("wait", i.to_string().as_bytes(), &ONCE, move |fate| {
            let _ = tell.send((std::process::id(), fate));
        })?;
    }
    println!("end");
    meeting.gate.set();
    let mut results = Vec::new();
    for _ in 0..10 {
        match heard.recv_timeout(LONG)? {
            (pid, Ok(fate)) if pid == std::process::id() => results.push(text(fate.into_result()?)?),
            other => return Err(format!("that is wrong: {other:?}").into()),
        }
    }
    results.sort();
    told("called back", &results.join(" "), "100 101 102 103 104 105 106 107 108 109")?;
    Ok(meeting::finish(&pool)?)
}

/// One cannot wait for a result that long, but can ask again.
fn no_patience() -> Outcome {
    let meeting = Meeting::new("patience")?;
    let pool = meeting.pool(1)?;
    let task = pool.submit("wait", b"0", &ONCE)?;
    match task.result(NO_PATIENCE) {
        Err(e) if e.kind() == ErrorKind::Timeout => println!("too early: {}", e.kind().message()),
        other => return Err(format!("that is wrong: {other:?}").into()),
    }
    meeting.gate.set();
    told("later", &text(task.result(LONG)?)?, "100")
}

/// One input, or many: all together, or each as soon as it is asked for.
fn squares() -> Outcome {
    const SQUARES: &str = "0, 1, 4, 9, 16, 25, 36, 49, 64, 81";
    let meeting = Meeting::new("squares")?;
    let pool = meeting.pool(4)?;
    let options = MapOptions::default();
    told("ten, squared", &SQUARE.apply(&pool, &10, &ONCE)?.to_string(), "100")?;
    let numbers: Vec<u64> = (0..10).collect();
    told("map", &list(SQUARE.map(&pool, &numbers, &options, LONG)?), SQUARES)?;
    let one_by_one = SQUARE.imap(&pool, &numbers, &options)?.skip(1).collect::<Result<Vec<_>, _>>()?;
    told("imap, but the first", &list(one_by_one), &SQUARES[3..])?;
    told("the same input twice", &list(SQUARE.map(&pool, &[1, 3, 3], &options, LONG)?), "1, 9, 9")?;
    let any_order = SQUARE.imap_unordered(&pool, numbers, &options)?.map(|(_, result)| result);
    let sorted: BTreeSet<u64> = any_order.collect::<Result<_, _>>()?;
    told("in any order, sorted", &list(sorted), SQUARES)?;
    Ok(meeting::finish(&pool)?)
}

/// Who works, whom one loses patience with, and that the others go on.
fn tour() -> Outcome {
    let meeting = Meeting::new("tour")?;
    let pool = meeting.pool(4)?;
    let workers = |count| -> Result<usize, Box<dyn Error>> {
        let tasks = submit(&pool, "pid", 0..count)?;
        let pids = tasks.iter().map(|task| task.result(LONG)).collect::<Result<BTreeSet<_>, _>>()?;
        Ok(pids.len())
    };
    told("one task", &format!("{} process", workers(1)?), "1 process")?;
    let few = (1..=4).contains(&workers(4)?);
    told("four tasks, at most four processes", &few.to_string(), "true")?;
    let task = pool.submit("wait", b"0", &ONCE)?;
    match task.result(NO_PATIENCE) {
        Err(e) if e.kind() == ErrorKind::Timeout => println!("we had no patience: {}", task.kill()?),
        other => return Err(format!("that is wrong: {other:?}").into()),
    }
    told("the pool works on", &SQUARE.apply(&pool, &20, &ONCE)?.to_string(), "400")?;
    meeting::finish(&pool)?;
    match SQUARE.submit(&pool, &1, &ONCE) {
        Err(e) if e.kind() == ErrorKind::State => println!("now it is closed"),
        other => return Err(format!("that is wrong: {other:?}").into()),
    }
    Ok(())
}

pub(crate) fn run() -> Outcome {
    ten_for_five()?;
    callbacks()?;
    called_back()?;
    no_patience()?;
    squares()?;
    tour()
}
