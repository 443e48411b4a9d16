//! A queue that is joined: whoever has put everything waits until all of it was done, also what a worker left undone.

use crate::{Outcome, children};
use courtyard::{ErrorKind, Queue, QueueOptions, Timeout, Value, Yard};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
const JOBS: u64 = 20;

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    let jobs = Queue::create(&yard, "jobs", QueueOptions::joinable())?;
    let sum = Value::<u64>::create(&yard, "sum")?;
    let again = Value::<u64>::create(&yard, "again")?;
    // The first one takes a job and goes home.
    let first = children::start(|| {
        let _ = jobs.get_ack(&mut [0; 8], PATIENCE)?;
        Ok(())
    })?;
    for number in 1..=JOBS {
        jobs.put(&number.to_ne_bytes(), PATIENCE)?;
    }
    children::wait(first)?;
    match jobs.join(Timeout::Try) {
        Err(e) if e.kind() == ErrorKind::Timeout => println!("{} jobs are not done", jobs.unfinished()),
        other => return Err(format!("joined too early: {other:?}").into()),
    }
    let workers =
        (0..3).map(|_| children::start(|| work(&jobs, &sum, &again))).collect::<Result<Vec<_>, _>>()?;
    jobs.join(PATIENCE)?;
    println!("all done, {} of them begun a second time; the sum is {}", again.get(), sum.get());
    jobs.shutdown(false);
    workers.into_iter().try_for_each(children::wait)?;
    match jobs.task_done() {
        Err(e) if e.kind() == ErrorKind::Range => println!("once more: {}", e.kind().message()),
        other => return Err(format!("one done too many: {other:?}").into()),
    }
    let right = (sum.get(), again.get()) == (JOBS * (JOBS + 1) / 2, 1);
    if right { Ok(()) } else { Err("that is wrong".into()) }
}

fn work(jobs: &Queue, sum: &Value<u64>, again: &Value<u64>) -> Outcome {
    loop {
        let mut number = [0; 8];
        match jobs.get_ack(&mut number, PATIENCE) {
            Ok(job) => {
                sum.fetch_add(u64::from_ne_bytes(number));
                again.fetch_add(u64::from(job.received.redelivered));
                jobs.task_done()?; // or done, with the ticket of this one
            }
            Err(e) if e.kind() == ErrorKind::End => return Ok(()),
            Err(e) => return Err(e.into()),
        }
    }
}
