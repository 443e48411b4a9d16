//! What is put to the test: the three queues, and some that are wrong on purpose.

use crate::history::{Deed, Order, priority};
use crate::slow::slow_ring;
use courtyard::{
    ErrorKind, LifoOptions, LifoQueue, PriorityOptions, PriorityQueue, Queue, QueueOptions, Result, Timeout,
    Yard,
};
use std::cell::Cell;

/// A queue of numbers. Nothing: it said that somebody was in the way.
pub trait Subject: Send + Sync {
    fn put(&self, value: u64, timeout: Timeout) -> Option<Deed>;
    fn get(&self, timeout: Timeout) -> Option<Deed>;
}

pub type Making = fn(&Yard, usize) -> Box<dyn Subject>;

/// One of the queues.
pub struct Row {
    pub name: &'static str,
    pub order: Order,
    pub making: Making,
    /// Whether processes can share it.
    pub shared: bool,
}

pub const QUEUES: [Row; 4] = [
    Row { name: "ring of cells, slowly", order: Order::Fifo, making: slow_ring, shared: false },
    Row { name: "Queue", order: Order::Fifo, making: fifo, shared: true },
    Row { name: "LifoQueue", order: Order::Lifo, making: lifo, shared: true },
    Row { name: "PriorityQueue", order: Order::Priority, making: by_priority, shared: true },
];

/// What each is that must be found out, and which order it is to keep.
pub const TWINS: [(&str, Order, Making); 7] = [
    ("a queue for a stack", Order::Lifo, fifo),
    ("a stack for a queue", Order::Fifo, lifo),
    ("a queue that knows no priorities", Order::Priority, fifo),
    ("a queue of two lanes", Order::Fifo, two_lanes),
    ("a put that returns too early", Order::Fifo, late),
    ("a queue that is full too early", Order::Fifo, shy),
    ("a get that does not look", Order::Fifo, blind),
];

fn put_answer(value: u64, answer: Result<()>) -> Option<Deed> {
    match answer.map_err(|e| e.kind()) {
        Ok(()) => Some(Deed::Put(value)),
        Err(ErrorKind::Full) => Some(Deed::Full(value)),
        Err(ErrorKind::Busy | ErrorKind::Timeout) => None,
        Err(other) => panic!("put answers {other:?}"),
    }
}

fn get_answer(buffer: &[u8; 8], answer: Result<()>) -> Option<Deed> {
    match answer.map_err(|e| e.kind()) {
        Ok(()) => Some(Deed::Got(u64::from_ne_bytes(*buffer))),
        Err(ErrorKind::Empty) => Some(Deed::Empty),
        Err(ErrorKind::Busy | ErrorKind::Timeout) => None,
        Err(other) => panic!("get answers {other:?}"),
    }
}

fn fifo(yard: &Yard, capacity: usize) -> Box<dyn Subject> {
    Box::new(plain(yard, "queue", capacity))
}

fn plain(yard: &Yard, name: &str, capacity: usize) -> Queue {
    Queue::create(yard, name, QueueOptions { capacity, ..QueueOptions::default() }).unwrap()
}

impl Subject for Queue {
    fn put(&self, value: u64, timeout: Timeout) -> Option<Deed> {
        put_answer(value, self.put(&value.to_ne_bytes(), timeout))
    }

    fn get(&self, timeout: Timeout) -> Option<Deed> {
        let mut buffer = [0; 8];
        let answer = self.get(&mut buffer, timeout);
        if let Ok(received) = answer {
            assert_eq!((received.len, received.redelivered), (8, false));
        }
        get_answer(&buffer, answer.map(drop))
    }
}

fn lifo(yard: &Yard, capacity: usize) -> Box<dyn Subject> {
    Box::new(LifoQueue::create(yard, "stack", LifoOptions { capacity, max_len: 8 }).unwrap())
}

impl Subject for LifoQueue {
    fn put(&self, value: u64, timeout: Timeout) -> Option<Deed> {
        put_answer(value, self.put(&value.to_ne_bytes(), timeout))
    }

    fn get(&self, timeout: Timeout) -> Option<Deed> {
        let mut buffer = [0; 8];
        let answer = self.get(&mut buffer, timeout);
        get_answer(&buffer, answer.map(drop))
    }
}

fn by_priority(yard: &Yard, capacity: usize) -> Box<dyn Subject> {
    Box::new(PriorityQueue::create(yard, "heap", PriorityOptions { capacity, max_len: 8 }).unwrap())
}

impl Subject for PriorityQueue {
    fn put(&self, value: u64, timeout: Timeout) -> Option<Deed> {
        put_answer(value, self.put(&value.to_ne_bytes(), priority(value), timeout))
    }

    fn get(&self, timeout: Timeout) -> Option<Deed> {
        let mut buffer = [0; 8];
        let answer = self.get(&mut buffer, timeout).inspect(|(_, said)| {
            assert_eq!(*said, priority(u64::from_ne_bytes(buffer)), "another message's priority");
        });
        get_answer(&buffer, answer.map(drop))
    }
}

/// Every other value goes through a queue of its own.
struct TwoLanes([Queue; 2]);

fn two_lanes(yard: &Yard, capacity: usize) -> Box<dyn Subject> {
    Box::new(TwoLanes([plain(yard, "left", capacity), plain(yard, "right", capacity)]))
}

impl Subject for TwoLanes {
    fn put(&self, value: u64, timeout: Timeout) -> Option<Deed> {
        Subject::put(&self.0[(value % 2) as usize], value, timeout)
    }

    fn get(&self, timeout: Timeout) -> Option<Deed> {
        match Subject::get(&self.0[0], Timeout::Try) {
            Some(Deed::Got(value)) => Some(Deed::Got(value)),
            _ => Subject::get(&self.0[1], timeout),
        }
    }
}

thread_local! {
    /// What this thread has said that it put, and has not.
    static KEPT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Says that a value was put, and puts it with the next one.
struct Late(Queue);

fn late(yard: &Yard, capacity: usize) -> Box<dyn Subject> {
    Box::new(Late(plain(yard, "queue", capacity)))
}

impl Subject for Late {
    fn put(&self, value: u64, timeout: Timeout) -> Option<Deed> {
        if let Some(kept) = KEPT.replace(Some(value)) {
            Subject::put(&self.0, kept, timeout);
        }
        Some(Deed::Put(value))
    }

    fn get(&self, timeout: Timeout) -> Option<Deed> {
        Subject::get(&self.0, timeout)
    }
}

/// Is full with a place left.
struct Shy(Queue);

fn shy(yard: &Yard, capacity: usize) -> Box<dyn Subject> {
    Box::new(Shy(plain(yard, "queue", capacity)))
}

impl Subject for Shy {
    fn put(&self, value: u64, timeout: Timeout) -> Option<Deed> {
        if self.0.len() + 1 >= self.0.capacity() {
            return Some(Deed::Full(value));
        }
        Subject::put(&self.0, value, timeout)
    }

    fn get(&self, timeout: Timeout) -> Option<Deed> {
        Subject::get(&self.0, timeout)
    }
}

/// Now and then says that there is nothing, and has not looked.
struct Blind(Queue);

fn blind(yard: &Yard, capacity: usize) -> Box<dyn Subject> {
    Box::new(Blind(plain(yard, "queue", capacity)))
}

thread_local! {
    static GETS: Cell<u32> = const { Cell::new(0) };
}

impl Subject for Blind {
    fn put(&self, value: u64, timeout: Timeout) -> Option<Deed> {
        Subject::put(&self.0, value, timeout)
    }

    fn get(&self, timeout: Timeout) -> Option<Deed> {
        GETS.set(GETS.get() + 1);
        if GETS.get().is_multiple_of(4) { Some(Deed::Empty) } else { Subject::get(&self.0, timeout) }
    }
}
