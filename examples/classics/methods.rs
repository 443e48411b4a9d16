//! One and the same work, in processes that were made in three ways.

use crate::Outcome;
use courtyard::{ForkServer, Process, ProcessOptions, Queue, QueueOptions, Timeout, Yard};
use std::error::Error;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// What a started process is told: which descriptor is the yard's.
pub(crate) const ENTRY: &str = "answer";

const LONG: Duration = Duration::from_secs(30);

/// Answers one question with "hello".
fn answer(yard: &Yard) -> courtyard::Result<()> {
    let (questions, answers) = (Queue::open(yard, "questions")?, Queue::open(yard, "answers")?);
    let (question, _) = questions.get_vec(LONG)?;
    answers.put(format!("hello {}", String::from_utf8_lossy(&question)).as_bytes(), LONG)
}

/// The same, in a program that was started anew.
pub(crate) fn entry(bytes: &[u8]) -> i32 {
    let Ok(number) = bytes.try_into().map(RawFd::from_ne_bytes) else { return 2 };
    // SAFETY: it was inherited under this number, and is nobody else's here.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    i32::from(Yard::from_fd(fd).and_then(|yard| answer(&yard)).is_err())
}

fn ask(yard: &Yard, what: &str, child: courtyard::Result<Process>) -> Outcome {
    let child = child?;
    Queue::open(yard, "questions")?.put(what.as_bytes(), LONG)?;
    let (told, _) = Queue::open(yard, "answers")?.get_vec(LONG)?;
    println!("{}", String::from_utf8_lossy(&told));
    let end = child.join(Timeout::Forever)?;
    if end.is_success() { Ok(()) } else { Err(Box::<dyn Error>::from(format!("it ended badly: {end}"))) }
}

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    for name in ["questions", "answers"] {
        Queue::create(&yard, name, QueueOptions::default())?;
    }
    let number = yard.as_fd().as_raw_fd();
    let options = ProcessOptions { inherit: vec![number], ..ProcessOptions::default() };
    let child = Process::fork(|| i32::from(answer(&yard).is_err()));
    ask(&yard, "by fork", child)?;
    ask(&yard, "by starting anew", Process::spawn_with(&options, ENTRY, &number.to_ne_bytes()))?;
    let server = ForkServer::start()?;
    ask(&yard, "from a fork server", server.spawn_with(&options, ENTRY, &number.to_ne_bytes()))
}
