//! A server with one thread and one task for each of its clients, which are processes: tokio waits for pipes, a queue, time limits
//! and the end of a process alike. Any other runtime would do.
//!
//! It checks itself: exit code 1 says that something came out that should not.
#![allow(unsafe_code)] // fork

use courtyard::{Connection, ErrorKind, Pipe, PipeEnd, PipeOptions, Timeout, TypedQueue, Yard};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};
use std::error::Error;
use std::time::Duration;
use tokio::time::timeout;

const CLIENTS: usize = 8;
const QUESTIONS: u32 = 10;

/// A client is an ordinary process, without a runtime: it asks, waits for the answer, and says in the end that it is done. The last
/// one is killed in the middle of it.
fn client(who: usize, pipe: &Pipe, done: &TypedQueue<u32>) -> courtyard::Result<()> {
    let mine = pipe.end(PipeEnd::Second)?;
    for question in 0..QUESTIONS {
        if who + 1 == CLIENTS && question == QUESTIONS / 2 {
            std::process::abort();
        }
        mine.send(&question.to_ne_bytes(), Timeout::Forever)?;
        assert_eq!(mine.recv_vec(Timeout::Forever)?, (question * question).to_ne_bytes());
    }
    done.put(who as u32, Timeout::Forever)
}

fn start(work: impl FnOnce() -> courtyard::Result<()>) -> nix::Result<Pid> {
    // SAFETY: this program has no other threads when it forks.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => std::process::exit(i32::from(work().is_err())),
    }
}

/// One client's task: how many answers it gave, and how it ended.
async fn serve(end: Connection) -> (u32, ErrorKind) {
    let mut answers = 0;
    loop {
        let question = match end.recv_async().await {
            Ok(question) => question,
            Err(e) => return (answers, e.kind()),
        };
        let number = question.first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes));
        if let Err(e) = end.send_async(&(number * number).to_ne_bytes()).await {
            return (answers, e.kind());
        }
        answers += 1;
    }
}

async fn run(ends: Vec<Connection>, done: TypedQueue<u32>) -> Result<(), Box<dyn Error>> {
    let tasks: Vec<_> = ends.into_iter().map(|end| tokio::spawn(serve(end))).collect();
    let (mut answers, mut closed, mut died) = (0, 0, 0);
    for task in tasks {
        let (count, end) = task.await?;
        answers += count;
        closed += u32::from(end == ErrorKind::PeerClosed);
        died += u32::from(end == ErrorKind::PeerDied);
    }
    println!("{CLIENTS} clients, {answers} answers; {closed} closed, {died} died");
    let mut said = 0;
    // Nobody says more: a wait with a limit ends, and has taken nothing.
    while timeout(Duration::from_millis(100), done.get_async()).await.is_ok() {
        said += 1;
    }
    println!("{said} said that they were done, and then nothing came");
    let all = (CLIENTS as u32 - 1) * QUESTIONS + QUESTIONS / 2;
    let right = answers == all && died == 1 && closed + 1 == CLIENTS as u32 && said == closed;
    if right { Ok(()) } else { Err("that is wrong".into()) }
}

fn main() -> Result<(), Box<dyn Error>> {
    let yard = Yard::anonymous()?;
    let options = PipeOptions { capacity: 256, duplex: true };
    let pipes = (0..CLIENTS).map(|who| Pipe::create(&yard, &format!("client-{who}"), options));
    let pipes = pipes.collect::<Result<Vec<_>, _>>()?;
    let done = TypedQueue::create(&yard, "done", CLIENTS)?;
    let mut children = Vec::new();
    for (who, pipe) in pipes.iter().enumerate() {
        children.push(start(|| client(who, pipe, &done))?);
    }
    let ends = pipes.iter().map(|pipe| pipe.end(PipeEnd::First)).collect::<Result<Vec<_>, _>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(run(ends, done))?;
    for child in children {
        waitpid(child, None)?;
    }
    Ok(())
}
