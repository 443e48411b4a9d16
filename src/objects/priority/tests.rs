use super::*;
use crate::objects::yard::Options;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

fn yard() -> Yard {
    Options::new().slots(8).size(1 << 18).anonymous().unwrap()
}

fn make(yard: &Yard, capacity: usize) -> PriorityQueue {
    PriorityQueue::create(yard, "queue", PriorityOptions { capacity, max_len: 16 }).unwrap()
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

/// What a queue must do, done simply: a list of priority, number, message.
#[derive(Default)]
struct Plain(Vec<(i64, u64, Vec<u8>)>, u64);

impl Plain {
    fn put(&mut self, message: &[u8], priority: i64) {
        self.0.push((priority, self.1, message.to_vec()));
        self.1 += 1;
    }

    fn get(&mut self) -> Option<(Vec<u8>, i64)> {
        let first = (0..self.0.len()).min_by_key(|&i| (self.0[i].0, self.0[i].1))?;
        let (priority, _, message) = self.0.remove(first);
        Some((message, priority))
    }
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

#[test]
fn the_smallest_goes_first_and_equals_in_the_order_of_their_puts() {
    let yard = yard();
    let queue = make(&yard, 8);
    for (message, priority) in
        [("c", 5), ("a", i64::MIN), ("d", 5), ("b", -1), ("f", i64::MAX), ("e", 5), ("", i64::MAX)]
    {
        queue.try_put(message.as_bytes(), priority).unwrap();
    }
    let mut buffer = [0; 4];
    assert_eq!(queue.try_get(&mut buffer), Ok((1, i64::MIN)));
    let rest: Vec<_> = (0..6).map(|_| queue.get_vec(SOON).unwrap().0).collect();
    assert_eq!(rest, [&b"b"[..], b"c", b"d", b"e", b"f", b""]);
    assert_eq!(kind(queue.try_get(&mut buffer)), ErrorKind::Empty);
}

#[test]
fn it_does_what_a_plain_list_does_whatever_comes_also_when_the_index_is_built_anew() {
    let yard = yard();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for capacity in [1, 2, 3, 7, 50] {
        let name = format!("queue{capacity}");
        let queue = PriorityQueue::create(&yard, &name, PriorityOptions { capacity, max_len: 8 }).unwrap();
        let mut plain = Plain::default();
        for turn in 0..3000_u64 {
            match dice.below(9) {
                0 => queue.0.rebuild(),
                1..5 => {
                    let (message, priority) = (turn.to_le_bytes(), dice.below(4) as i64 - 2);
                    match queue.try_put(&message, priority) {
                        Ok(()) => plain.put(&message, priority),
                        Err(e) => assert_eq!((e.kind(), plain.0.len()), (ErrorKind::Full, capacity)),
                    }
                }
                _ => assert_eq!(queue.get_vec(Timeout::Try).ok(), plain.get()),
            }
            assert_eq!(queue.len(), plain.0.len());
        }
    }
}

#[test]
fn lengths_that_do_not_fit_are_told_and_nothing_is_lost() {
    let yard = yard();
    let queue = make(&yard, 2);
    assert_eq!(kind(queue.put(&[7; 17], 0, Timeout::Forever)), ErrorKind::TooLong);
    queue.try_put(&[7; 16], 3).unwrap();
    assert_eq!(kind(queue.try_get(&mut [0; 15])), ErrorKind::TooLong);
    assert_eq!(queue.get_vec(Timeout::Try).unwrap(), (vec![7; 16], 3));
}

#[test]
fn who_waits_is_told_of_a_message_of_room_and_of_the_end() {
    let yard = yard();
    let queue = make(&yard, 1);
    std::thread::scope(|s| {
        let getter = s.spawn(|| queue.get_vec(SOON).unwrap());
        std::thread::sleep(Duration::from_millis(20));
        queue.put(b"x", 1, SOON).unwrap();
        assert_eq!(getter.join().unwrap(), (b"x".to_vec(), 1));
        queue.try_put(b"y", 2).unwrap();
        assert!(queue.is_full());
        let putter = s.spawn(|| queue.put(b"z", 1, SOON));
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(queue.get_vec(SOON).unwrap(), (b"y".to_vec(), 2));
        putter.join().unwrap().unwrap();
        let putter = s.spawn(|| queue.put(b"never", 0, Timeout::Forever));
        std::thread::sleep(Duration::from_millis(20));
        queue.shutdown(true);
        assert_eq!(kind(putter.join().unwrap()), ErrorKind::Shutdown);
        assert_eq!((kind(queue.get_vec(Timeout::Forever)), queue.len()), (ErrorKind::Shutdown, 0));
    });
}

#[test]
fn many_threads_lose_and_double_nothing_and_each_priority_keeps_its_order() {
    const EACH: u64 = 2000;
    let yard = yard();
    let queue = TypedPriorityQueue::<u64>::create(&yard, "queue", 6).unwrap();
    std::thread::scope(|s| {
        for me in 0..3 {
            let queue = &queue;
            s.spawn(move || (0..EACH).for_each(|i| queue.put(i, me, Timeout::Forever).unwrap()));
        }
        let mut next = [0; 3];
        for _ in 0..3 * EACH {
            let (i, priority) = queue.get(Timeout::Forever).unwrap();
            assert_eq!(std::mem::replace(&mut next[priority as usize], i + 1), i);
        }
    });
    assert!(queue.queue().is_empty());
    assert_eq!(kind(TypedPriorityQueue::<u32>::open(&yard, "queue")), ErrorKind::Mismatch);
}

/// Somebody stands still in his move: it may bring a message, or room, or neither.
#[test]
fn who_stands_still_in_a_move_is_told_from_nothing_and_from_no_room() {
    use ErrorKind::{Busy, Empty, Full};
    let yard = yard();
    let queue = make(&yard, 3);
    for (there, get, put) in [
        (0, [Empty; 2], [Busy, ErrorKind::Timeout]),
        (1, [Busy, ErrorKind::Timeout], [Busy, ErrorKind::Timeout]),
        (3, [Busy, ErrorKind::Timeout], [Full; 2]),
    ] {
        while queue.len() < there {
            queue.put(b"x", 1, Timeout::Try).unwrap();
        }
        let waits = [Timeout::Try, Timeout::For(Duration::from_millis(20))];
        let told = || {
            let got = waits.map(|timeout| kind(queue.get_vec(timeout)));
            (got, waits.map(|timeout| kind(queue.put(b"x", 1, timeout))))
        };
        let told = queue.0.in_a_move(|| std::thread::scope(|s| s.spawn(told).join().unwrap()));
        assert_eq!(told, (get, put), "{there} messages");
    }
}
