//! Questions and answers through queues, and what a queue with room for three says when it is full, or empty.

use crate::{Outcome, children};
use courtyard::{ErrorKind, Queue, QueueOptions, Timeout, Yard};
use std::io::Write;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

fn queue(yard: &Yard, name: &str, capacity: usize) -> courtyard::Result<Queue> {
    Queue::create(yard, name, QueueOptions { capacity, block_bytes: 16 << 10, ..QueueOptions::default() })
}

fn text(queue: &Queue, timeout: impl Into<Timeout>) -> courtyard::Result<String> {
    queue.get_vec(timeout).map(|(bytes, _)| String::from_utf8_lossy(&bytes).into_owned())
}

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    a_list(&yard)?;
    with_a_child(&yard)?;
    dialogue(&yard)?;
    full_and_empty(&yard)?;
    the_end(&yard)
}

/// What a child puts, the parent gets, whole.
fn a_list(yard: &Yard) -> Outcome {
    let list = queue(yard, "list", 1)?;
    let child = children::start(|| Ok(list.put(b"[42, None, 'hello']", PATIENCE)?))?;
    println!("from a child: {}", text(&list, PATIENCE)?);
    children::wait(child)
}

/// There and back: a queue each way, or the child could get again what it has put itself.
fn with_a_child(yard: &Yard) -> Outcome {
    let (up, down) = (queue(yard, "up", 1)?, queue(yard, "down", 1)?);
    let child = children::start(|| {
        up.put(b"from child", PATIENCE)?;
        println!("child received: {}", text(&down, PATIENCE)?);
        Ok(())
    })?;
    println!("parent received: {}", text(&up, PATIENCE)?);
    std::io::stdout().flush()?; // before the child prints
    down.put(b"from parent", PATIENCE)?;
    children::wait(child)
}

/// One queue each way: through a single one, each could get what it has put itself.
fn dialogue(yard: &Yard) -> Outcome {
    let (questions, answers) = (queue(yard, "questions", 4)?, queue(yard, "answers", 4)?);
    let heard = queue(yard, "heard", 8)?;
    children::all(2, |i| {
        if i == 0 {
            questions.put(b"how are you?", PATIENCE)?;
            heard.put(format!("the first heard: {}", text(&answers, PATIENCE)?).as_bytes(), PATIENCE)?;
        } else {
            let question = text(&questions, PATIENCE)?;
            heard.put(format!("the second heard: {question}").as_bytes(), PATIENCE)?;
            answers.put(b"well, and you?", PATIENCE)?;
        }
        Ok(())
    })?;
    for _ in 0..2 {
        println!("{}", text(&heard, Timeout::Try)?);
    }
    Ok(())
}

fn refused(what: &str, result: courtyard::Result<()>, wanted: ErrorKind) -> Outcome {
    match result {
        Err(e) if e.kind() == wanted => {
            println!("{what}: {}", wanted.message());
            Ok(())
        }
        other => Err(format!("{what}: {other:?}").into()),
    }
}

fn full_and_empty(yard: &Yard) -> Outcome {
    let queue = queue(yard, "three", 3)?;
    for message in ["[1, 2, 3, 4]", "{a: 1, b: 2}", "{1, 2, 3, 4}"] {
        queue.put(message.as_bytes(), Timeout::Forever)?;
    }
    let begun = Instant::now();
    refused("a fourth, waiting for 200 ms", queue.put(b"4", Duration::from_millis(200)), ErrorKind::Full)?;
    if begun.elapsed() < Duration::from_millis(200) {
        return Err("it did not wait".into());
    }
    refused("a fourth, without waiting", queue.try_put(b"4"), ErrorKind::Full)?;
    println!("there are {} of {}", queue.len(), queue.capacity());
    while let Ok(message) = text(&queue, Timeout::Try) {
        println!("{message} ({} bytes), {} left", message.len(), queue.len());
    }
    refused("one more, without waiting", text(&queue, Timeout::Try).map(drop), ErrorKind::Empty)
}

/// Three workers share what two producers put, until there is no more.
fn the_end(yard: &Yard) -> Outcome {
    const EACH: u64 = 500;
    let (jobs, sums) = (queue(yard, "jobs", 8)?, queue(yard, "sums", 8)?);
    let done = courtyard::Value::<u32>::create(yard, "done")?;
    children::all(5, |i| {
        if i < 2 {
            let from = i as u64 * EACH;
            for n in from..from + EACH {
                jobs.put(&n.to_ne_bytes(), PATIENCE)?;
            }
            if done.fetch_add(1) == 1 {
                jobs.shutdown(false); // both have put everything
            }
            return Ok(());
        }
        let (mut sum, mut number) = (0, [0; 8]);
        loop {
            match jobs.get(&mut number, PATIENCE) {
                Ok(_) => sum += u64::from_ne_bytes(number),
                Err(e) if e.kind() == ErrorKind::End => break,
                Err(e) => return Err(e.into()),
            }
        }
        sums.put(&sum.to_ne_bytes(), PATIENCE)?;
        Ok(())
    })?;
    let (mut total, mut sum) = (0, [0; 8]);
    while sums.try_get(&mut sum).is_ok() {
        total += u64::from_ne_bytes(sum);
    }
    println!("two producers, three workers: the sum is {total}");
    if total == 2 * EACH * (2 * EACH - 1) / 2 { Ok(()) } else { Err("that is wrong".into()) }
}
