//! Queues of values of any type that serde knows.
#![allow(missing_docs, clippy::unwrap_used)] // a test fails by panicking

use courtyard::{ErrorKind, QueueOptions, SerdeQueue, Timeout, Yard};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Job {
    Stop,
    Count { words: Vec<String>, weights: BTreeMap<String, f64> },
}

fn queue(yard: &Yard) -> SerdeQueue<Job> {
    let options = QueueOptions { capacity: 4, block_bytes: 16 << 10, ..QueueOptions::default() };
    SerdeQueue::create(yard, "jobs", options).unwrap()
}

#[test]
fn values_of_any_type_and_length_go_through() {
    let yard = Yard::anonymous().unwrap();
    let queue = queue(&yard);
    let words: Vec<String> = (0..200).map(|n| format!("word {n}")).collect();
    let weights = words.iter().map(|word| (word.clone(), word.len() as f64)).collect();
    let jobs = [Job::Stop, Job::Count { words, weights }];
    jobs.iter().for_each(|job| queue.try_put(job).unwrap());
    let same = SerdeQueue::<Job>::open(&yard, "jobs").unwrap();
    jobs.into_iter().for_each(|job| assert_eq!(same.try_get(), Ok((job, false))));
    assert_eq!(queue.try_get().unwrap_err().kind(), ErrorKind::Empty);
    let long = Job::Count { words: vec!["x".repeat(1 << 20)], weights: BTreeMap::new() };
    assert_eq!(queue.try_put(&long).unwrap_err().kind(), ErrorKind::TooLong);
}

#[test]
fn a_value_is_owed_until_it_is_acknowledged() {
    let yard = Yard::anonymous().unwrap();
    let options = QueueOptions { capacity: 4, block_bytes: 16 << 10, ..QueueOptions::joinable() };
    let queue = SerdeQueue::<Job>::create(&yard, "jobs", options).unwrap();
    let job = Job::Count { words: vec!["word".repeat(100)], weights: BTreeMap::new() };
    queue.try_put(&job).unwrap();
    let (first, owed) = queue.get_ack(Timeout::Try).unwrap();
    assert_eq!((&first, owed.received.redelivered), (&job, false));
    assert_eq!(queue.join(Timeout::Try).unwrap_err().kind(), ErrorKind::Timeout);
    queue.put_back(owed.ticket).unwrap();
    let (again, owed) = queue.get_ack(Timeout::Try).unwrap();
    assert_eq!((&again, owed.received.redelivered), (&job, true));
    queue.done(owed.ticket).unwrap();
    assert_eq!(queue.task_done().unwrap_err().kind(), ErrorKind::Range);
    // What is no value is nobody's to acknowledge.
    queue.queue().try_put(b"\x07").unwrap();
    assert_eq!(queue.get_ack(Timeout::Try).unwrap_err().kind(), ErrorKind::Corrupt);
    queue.try_put(&Job::Stop).unwrap();
    assert_eq!(queue.get_ack(Timeout::Try).unwrap().0, Job::Stop);
    queue.task_done().unwrap();
    queue.join(Timeout::Try).unwrap();
}

#[test]
fn what_is_no_value_is_refused_and_the_next_one_comes() {
    let yard = Yard::anonymous().unwrap();
    let queue = queue(&yard);
    let count = Job::Count { words: vec!["a".into()], weights: BTreeMap::new() };
    let whole = postcard::to_stdvec(&count).unwrap();
    let mut more = whole.clone();
    more.push(0);
    for bytes in [&b"\x07"[..], b"", &whole[..whole.len() - 1], &more, &[0xff; 40], b"\x01\x01\x01\xff\x00"] {
        queue.queue().try_put(bytes).unwrap();
        assert_eq!(queue.try_get().unwrap_err().kind(), ErrorKind::Corrupt, "{bytes:?}");
    }
    queue.put(&count, Timeout::Forever).unwrap();
    assert_eq!(queue.get(Timeout::Forever), Ok((count, false)));
    // Any bytes at all: a value or an error.
    let mut seed = 1u64;
    for _ in 0..2000 {
        seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        queue.queue().try_put(&seed.to_ne_bytes()[..(seed >> 61) as usize]).unwrap();
        let got = queue.try_get().map_err(|e| e.kind());
        assert!(matches!(got, Ok(_) | Err(ErrorKind::Corrupt)), "{got:?}");
    }
}
