use super::*;
use crate::objects::yard::Options;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

fn yard() -> Yard {
    Options::new().slots(8).size(1 << 18).anonymous().unwrap()
}

fn small(yard: &Yard) -> LifoQueue {
    LifoQueue::create(yard, "stack", LifoOptions { capacity: 3, max_len: 10 }).unwrap()
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

#[test]
fn the_last_one_in_is_the_first_one_out_and_keeps_its_length() {
    let yard = yard();
    let stack = small(&yard);
    for message in [&b"one"[..], b"", b"ten bytes!"] {
        stack.try_put(message).unwrap();
    }
    assert_eq!((stack.len(), stack.is_full(), kind(stack.try_put(b"x"))), (3, true, ErrorKind::Full));
    let mut buffer = [0; 16];
    assert_eq!(stack.try_get(&mut buffer), Ok(10));
    assert_eq!(&buffer[..10], b"ten bytes!");
    assert_eq!(stack.try_get(&mut []), Ok(0));
    assert_eq!(stack.get_vec(SOON).unwrap(), b"one");
    assert!(stack.is_empty());
    assert_eq!(kind(stack.try_get(&mut buffer)), ErrorKind::Empty);
    assert_eq!(kind(stack.get(&mut buffer, Duration::from_millis(5))), ErrorKind::Empty);
}

#[test]
fn lengths_that_do_not_fit_are_told_and_nothing_is_lost() {
    let yard = yard();
    let stack = small(&yard);
    let long = stack.put(&[7; 11], Timeout::Forever).unwrap_err();
    assert_eq!((long.kind(), long.detail()), (ErrorKind::TooLong, Some("11 bytes, at most 10 fit")));
    stack.try_put(&[7; 10]).unwrap();
    let small = stack.try_get(&mut [0; 9]).unwrap_err();
    assert_eq!(
        (small.kind(), small.detail()),
        (ErrorKind::TooLong, Some("a message of 10 bytes, a buffer of 9"))
    );
    assert_eq!(stack.get_vec(Timeout::Try).unwrap(), [7; 10]);
    let tokens = LifoOptions { capacity: 2, max_len: 0 };
    let tokens = LifoQueue::create(&yard, "tokens", tokens).unwrap();
    tokens.try_put(b"").unwrap();
    assert_eq!(
        (tokens.get_vec(Timeout::Try), kind(tokens.try_put(b"x"))),
        (Ok(Vec::new()), ErrorKind::TooLong)
    );
    let long = LifoOptions { capacity: 2, max_len: 5000 };
    let long = LifoQueue::create(&yard, "long", long).unwrap();
    long.try_put(&[9; 4999]).unwrap();
    assert_eq!(long.get_vec(SOON).unwrap(), [9; 4999]);
}

#[test]
fn what_it_is_made_as_is_checked() {
    let yard = yard();
    for (capacity, max_len) in
        [(0, 8), ((1 << 24) + 1, 8), (usize::MAX, 8), (1, (1 << 30) + 1), (1, usize::MAX)]
    {
        let options = LifoOptions { capacity, max_len };
        assert_eq!(kind(LifoQueue::create(&yard, "no", options)), ErrorKind::Size);
    }
    let huge = LifoOptions { capacity: 1 << 24, max_len: 1 << 30 };
    assert_eq!(kind(LifoQueue::create(&yard, "no", huge)), ErrorKind::NoSpace);
    let stack = small(&yard);
    let options = stack.options();
    assert_eq!((options.capacity, options.max_len), (3, 10));
    assert_eq!(kind(LifoQueue::create(&yard, "stack", options)), ErrorKind::Exists);
    assert_eq!(LifoQueue::open_or_create(&yard, "stack", options).unwrap().options(), options);
    let other = LifoOptions { max_len: 11, ..options };
    assert_eq!(kind(LifoQueue::open_or_create(&yard, "stack", other)), ErrorKind::Mismatch);
    assert_eq!(kind(LifoQueue::open(&yard, "missing")), ErrorKind::NotFound);
    assert_eq!(kind(crate::PriorityQueue::open(&yard, "stack")), ErrorKind::Type);
    assert_eq!(LifoQueue::open(&yard, "stack").unwrap().options(), options);
}

#[test]
fn a_drained_queue_gives_what_it_has_and_a_shut_one_nothing() {
    let yard = yard();
    let stack = small(&yard);
    stack.try_put(b"a").unwrap();
    stack.try_put(b"b").unwrap();
    assert!(!stack.is_shutdown());
    stack.shutdown(false);
    assert!(stack.is_shutdown());
    assert_eq!(kind(stack.put(b"c", SOON)), ErrorKind::Shutdown);
    assert_eq!((stack.get_vec(SOON), stack.len()), (Ok(b"b".to_vec()), 1));
    stack.shutdown(true);
    stack.shutdown(false); // it stays shut
    assert_eq!(
        (kind(stack.get_vec(SOON)), kind(stack.try_put(b"d"))),
        (ErrorKind::Shutdown, ErrorKind::Shutdown)
    );
    assert!(stack.is_empty());
}

#[test]
fn who_waits_is_told_of_a_message_of_room_and_of_the_end() {
    let yard = yard();
    let stack = small(&yard);
    std::thread::scope(|s| {
        let getter = s.spawn(|| stack.get_vec(SOON).unwrap());
        std::thread::sleep(Duration::from_millis(20));
        stack.put(b"x", SOON).unwrap();
        assert_eq!(getter.join().unwrap(), b"x");
        (0..3).for_each(|_| stack.try_put(b"y").unwrap());
        let putter = s.spawn(|| stack.put(b"z", SOON));
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(stack.get_vec(SOON).unwrap(), b"y");
        putter.join().unwrap().unwrap();
        let putter = s.spawn(|| stack.put(b"never", Timeout::Forever));
        std::thread::sleep(Duration::from_millis(20));
        stack.shutdown(false);
        assert_eq!(kind(putter.join().unwrap()), ErrorKind::Shutdown);
        let getters: Vec<_> = (0..4).map(|_| s.spawn(|| stack.get_vec(Timeout::Forever))).collect();
        let got = getters.into_iter().map(|getter| getter.join().unwrap());
        assert_eq!(got.filter(|got| got.as_ref().is_err_and(|e| e.kind() == ErrorKind::End)).count(), 1);
    });
}

#[test]
fn many_threads_lose_and_double_nothing() {
    const EACH: u64 = 2000;
    let yard = yard();
    let queue = TypedLifoQueue::<u64>::create(&yard, "stack", 5).unwrap();
    let got = std::thread::scope(|s| {
        for me in 0..2 {
            let queue = &queue;
            s.spawn(move || (0..EACH).for_each(|i| queue.put(me * EACH + i, Timeout::Forever).unwrap()));
        }
        let take = || (0..EACH).map(|_| queue.get(Timeout::Forever).unwrap()).collect::<Vec<_>>();
        let takers = [s.spawn(take), s.spawn(take)];
        let mut got = takers.into_iter().flat_map(|taker| taker.join().unwrap()).collect::<Vec<_>>();
        got.sort_unstable();
        got
    });
    assert!(got.into_iter().eq(0..2 * EACH));
}

#[test]
fn elements_of_another_size_are_refused() {
    let yard = yard();
    let queue = TypedLifoQueue::<u64>::create(&yard, "stack", 5).unwrap();
    assert_eq!(kind(TypedLifoQueue::<u32>::open(&yard, "stack")), ErrorKind::Mismatch);
    assert_eq!(kind(TypedLifoQueue::<u64>::open_or_create(&yard, "stack", 6)), ErrorKind::Mismatch);
    queue.try_put(3).unwrap();
    assert_eq!(TypedLifoQueue::<u64>::open(&yard, "stack").unwrap().try_get(), Ok(3));
    queue.queue().try_put(b"short").unwrap();
    assert_eq!(kind(queue.try_get()), ErrorKind::Corrupt);
}

/// Somebody stands still in his move: it may bring a message, or room, or neither.
#[test]
fn who_stands_still_in_a_move_is_told_from_nothing_and_from_no_room() {
    use ErrorKind::{Busy, Empty, Full};
    let yard = yard();
    let stack = small(&yard);
    for (there, get, put) in [
        (0, [Empty; 2], [Busy, ErrorKind::Timeout]),
        (1, [Busy, ErrorKind::Timeout], [Busy, ErrorKind::Timeout]),
        (3, [Busy, ErrorKind::Timeout], [Full; 2]),
    ] {
        while stack.len() < there {
            stack.put(b"x", Timeout::Try).unwrap();
        }
        let waits = [Timeout::Try, Timeout::For(Duration::from_millis(20))];
        let told = || {
            let got = waits.map(|timeout| kind(stack.get_vec(timeout)));
            (got, waits.map(|timeout| kind(stack.put(b"x", timeout))))
        };
        let told = stack.0.in_a_move(|| std::thread::scope(|s| s.spawn(told).join().unwrap()));
        assert_eq!(told, (get, put), "{there} messages");
    }
}
