#![allow(unsafe_code)] // a borrowed message is read where it lies

use super::*;
use crate::lockfree::mpmc::NoPop;
use crate::lockfree::mpmc::layout::State;
use crate::objects::blocks::BlocksOptions;
use crate::objects::many::wait_any;
use crate::objects::ring::Received;
use crate::objects::yard::Options;
use crate::segment::bits::{BlockHandle, Link};
use crate::sync::wait::Timeout;
use place::Hands;
use std::sync::Barrier;
use std::time::Duration;

pub(super) const SOON: Duration = Duration::from_secs(20);
pub(super) const BRIEF: Duration = Duration::from_millis(20);

pub(super) fn yard() -> Yard {
    Options::new().slots(16).size(1 << 18).anonymous().unwrap()
}

pub(super) fn queue(yard: &Yard, capacity: usize) -> Queue {
    Queue::create(yard, "queue", QueueOptions { capacity, ..QueueOptions::default() }).unwrap()
}

pub(super) fn kind<T>(result: Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

fn number(queue: &Queue, timeout: impl Into<Timeout>) -> Result<u64> {
    let mut bytes = [0; 8];
    assert_eq!(queue.get(&mut bytes, timeout)?, Received { len: 8, redelivered: false });
    Ok(u64::from_ne_bytes(bytes))
}

#[test]
fn messages_come_in_order_and_whole_whatever_their_length() {
    for inline_max in [48, 112] {
        let yard = yard();
        let queue = Queue::create(&yard, "queue", QueueOptions { capacity: 5, inline_max, ..queue_of_one() })
            .unwrap();
        for lap in 0..7_u8 {
            let messages = [vec![], vec![lap; 1], vec![lap; inline_max]];
            messages.iter().for_each(|message| queue.try_put(message).unwrap());
            assert_eq!((queue.len(), queue.is_empty(), queue.is_full()), (3, false, false));
            for message in messages {
                let (got, received) = queue.get_vec(Timeout::Try).unwrap();
                assert_eq!((got, received.redelivered), (message, false));
            }
        }
        assert!(queue.is_empty());
    }
}

#[test]
fn full_and_empty_are_exact_down_to_one_message() {
    for capacity in [1, 2, 3, 8] {
        let yard = yard();
        let queue = queue(&yard, capacity);
        for _ in 0..3 {
            assert_eq!(kind(number(&queue, Timeout::Try)), ErrorKind::Empty);
            (0..capacity as u64).for_each(|n| queue.try_put(&n.to_ne_bytes()).unwrap());
            assert!(queue.is_full());
            assert_eq!(kind(queue.try_put(b"x")), ErrorKind::Full);
            assert_eq!(kind(queue.put(b"x", BRIEF)), ErrorKind::Full);
            (0..capacity as u64).for_each(|n| assert_eq!(number(&queue, Timeout::Try), Ok(n)));
            assert_eq!(kind(number(&queue, BRIEF)), ErrorKind::Empty);
        }
    }
}

#[test]
fn lengths_that_do_not_fit_are_told_and_nothing_is_lost() {
    let yard = yard();
    let queue = queue(&yard, 2);
    let refused = queue.put(&[1; 49], Timeout::Forever).unwrap_err();
    assert_eq!((refused.kind(), refused.detail()), (ErrorKind::TooLong, Some("49 bytes, at most 48 fit")));
    queue.try_put(&[7; 30]).unwrap();
    let refused = queue.get(&mut [0; 29], Timeout::Forever).unwrap_err();
    let detail = Some("a message of 30 bytes, a buffer of 29");
    assert_eq!((refused.kind(), refused.detail()), (ErrorKind::TooLong, detail));
    assert_eq!(queue.receive(&mut [], Timeout::Try), Ok(Err(30)));
    assert_eq!(queue.get_vec(Timeout::Try).unwrap(), (vec![7; 30], Received { len: 30, redelivered: false }));
}

#[test]
fn sleepers_are_woken_by_what_comes_and_by_what_goes() {
    let yard = yard();
    let queue = queue(&yard, 1);
    std::thread::scope(|s| {
        let consumer = s.spawn(|| number(&queue, SOON));
        std::thread::sleep(BRIEF);
        queue.put(&1_u64.to_ne_bytes(), SOON).unwrap();
        assert_eq!(consumer.join().unwrap(), Ok(1));
        queue.try_put(&2_u64.to_ne_bytes()).unwrap();
        let producer = s.spawn(|| queue.put(&3_u64.to_ne_bytes(), SOON));
        std::thread::sleep(BRIEF);
        assert_eq!(number(&queue, SOON), Ok(2));
        producer.join().unwrap().unwrap();
        assert_eq!(number(&queue, SOON), Ok(3));
    });
}

#[test]
fn each_message_goes_to_one_of_many() {
    const EACH: u64 = 3000;
    let yard = yard();
    let queue = queue(&yard, 7);
    let start = Barrier::new(6);
    let sums = std::thread::scope(|s| {
        let producers = [0, 1, 2].map(|producer| {
            let (queue, start) = (queue.clone(), &start);
            s.spawn(move || {
                start.wait();
                (0..EACH).for_each(|n| queue.put(&(producer * EACH + n).to_ne_bytes(), SOON).unwrap());
            })
        });
        let consumers = [(); 3].map(|()| {
            let (queue, start) = (queue.clone(), &start);
            s.spawn(move || {
                start.wait();
                let mut last = [None; 3];
                let mut got = Vec::new();
                loop {
                    match number(&queue, SOON) {
                        Ok(n) => got.push(n),
                        Err(e) => break assert_eq!(e.kind(), ErrorKind::End),
                    }
                    let (n, last) = (got[got.len() - 1], &mut last);
                    let of = &mut last[(n / EACH) as usize];
                    assert!(of.is_none_or(|before| before < n), "out of order");
                    *of = Some(n);
                }
                got
            })
        });
        producers.into_iter().for_each(|p| p.join().unwrap());
        queue.shutdown(false);
        consumers.map(|c| c.join().unwrap())
    });
    let mut all = sums.concat();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..3 * EACH));
}

#[test]
fn what_is_there_goes_out_after_a_shutdown_unless_it_is_now() {
    let yard = yard();
    let queue = queue(&yard, 4);
    queue.try_put(&1_u64.to_ne_bytes()).unwrap();
    assert!(!queue.is_shutdown());
    queue.shutdown(false);
    assert!(queue.is_shutdown());
    assert_eq!(kind(queue.put(b"x", Timeout::Forever)), ErrorKind::Shutdown);
    assert_eq!(number(&queue, Timeout::Forever), Ok(1));
    assert_eq!(kind(number(&queue, Timeout::Forever)), ErrorKind::End);
    assert_eq!(kind(number(&queue, Timeout::Try)), ErrorKind::End);
    queue.shutdown(true);
    queue.shutdown(false);
    assert_eq!(kind(number(&queue, Timeout::Forever)), ErrorKind::Shutdown);
    assert_eq!(kind(queue.try_put(b"x")), ErrorKind::Shutdown);
}

#[test]
fn a_shutdown_ends_every_wait() {
    for now in [false, true] {
        let yard = yard();
        let (empty, full) = (queue(&yard, 1), Queue::create(&yard, "full", queue_of_one()).unwrap());
        full.try_put(b"x").unwrap();
        std::thread::scope(|s| {
            let getter = s.spawn(|| number(&empty, SOON));
            let putter = s.spawn(|| full.put(b"y", SOON));
            std::thread::sleep(BRIEF);
            empty.shutdown(now);
            full.shutdown(now);
            let end = if now { ErrorKind::Shutdown } else { ErrorKind::End };
            assert_eq!(kind(getter.join().unwrap()), end);
            assert_eq!(kind(putter.join().unwrap()), ErrorKind::Shutdown);
        });
    }
}

fn queue_of_one() -> QueueOptions {
    QueueOptions { capacity: 1, ..QueueOptions::default() }
}

#[test]
fn options_are_checked_and_compared() {
    let yard = yard();
    let wrong = |capacity, inline_max| {
        kind(Queue::create(&yard, "queue", QueueOptions { capacity, inline_max, ..queue_of_one() }).map(drop))
    };
    assert_eq!(wrong(0, 48), ErrorKind::Range);
    assert_eq!(wrong((1 << 24) + 1, 48), ErrorKind::Range);
    for inline_max in [0, 8, 49, 128, usize::MAX] {
        assert_eq!(wrong(1, inline_max), ErrorKind::Size, "{inline_max}");
    }
    assert_eq!(wrong(1 << 20, 48), ErrorKind::NoSpace);
    let queue = Queue::create(&yard, "queue", queue_of_one()).unwrap();
    assert_eq!((queue.capacity(), queue.max_len(), queue.options()), (1, 48, queue_of_one()));
    let same = Queue::open_or_create(&yard, "queue", queue_of_one()).unwrap();
    queue.try_put(b"x").unwrap();
    assert_eq!(same.get_vec(Timeout::Try).unwrap().0, b"x");
    assert_eq!(Queue::open(&yard, "queue").unwrap().capacity(), 1);
    assert_eq!(kind(Queue::open_or_create(&yard, "queue", QueueOptions::default())), ErrorKind::Mismatch);
    assert_eq!(kind(Queue::open(&yard, "none")), ErrorKind::NotFound);
    assert_eq!(kind(wrong_type(&yard)), ErrorKind::Type);
}

fn wrong_type(yard: &Yard) -> Result<Queue> {
    crate::Event::create(yard, "event", crate::EventOptions::default()).unwrap();
    Queue::open(yard, "event")
}

/// What another thread is told: at a try to get, at a wait, at a try to put, at a wait.
fn told(queue: &Queue) -> [Option<ErrorKind>; 4] {
    std::thread::scope(|s| {
        let other = s.spawn(|| {
            let get = |timeout: Timeout| queue.get_vec(timeout).err().map(|e| e.kind());
            let put = |timeout: Timeout| queue.put(b"more", timeout).err().map(|e| e.kind());
            let wait = Timeout::For(BRIEF);
            [get(Timeout::Try), get(wait), put(Timeout::Try), put(wait)]
        });
        other.join().unwrap()
    })
}

#[test]
fn who_stands_still_in_a_move_is_told_from_nothing_and_from_no_room() {
    use ErrorKind::{Busy, Empty, Full};
    let yard = yard();
    let queue = queue(&yard, 1);
    let me = queue.seat().unwrap();
    let writing = queue.0.ring.claim_write(me, &Hands(queue.yard())).unwrap();
    let held = [Busy, ErrorKind::Timeout].map(Some);
    assert_eq!(told(&queue), [held, held].concat()[..], "a producer");
    writing.abandon();
    queue.try_put(b"x").unwrap();
    let reading = queue.0.ring.claim_read(me, 48, &Hands(queue.yard())).unwrap();
    assert_eq!(told(&queue), [[Some(Empty); 2], held].concat()[..], "a consumer has what there was");
    reading.finish();
    assert_eq!(told(&queue), [Some(Empty), Some(Empty), None, Some(Full)], "nobody");
}

#[test]
fn the_end_waits_for_what_others_have_in_hand() {
    let yard = yard();
    let queue = queue(&yard, 3);
    queue.try_put(b"x").unwrap();
    let me = queue.seat().unwrap();
    let reading = queue.0.ring.claim_read(me, 48, &Hands(queue.yard())).unwrap();
    queue.shutdown(false);
    let waited = Barrier::new(2);
    std::thread::scope(|s| {
        let other = s.spawn(|| {
            assert_eq!(kind(queue.get_vec(Timeout::Try)), ErrorKind::Busy);
            assert_eq!(kind(queue.get_vec(BRIEF)), ErrorKind::Timeout);
            waited.wait();
            queue.get_vec(SOON)
        });
        waited.wait();
        std::thread::sleep(BRIEF);
        reading.put_back();
        queue.tell_all();
        assert_eq!(other.join().unwrap().unwrap().1, Received { len: 1, redelivered: false });
    });
    assert_eq!(kind(queue.get_vec(SOON)), ErrorKind::End);
}

#[test]
fn a_token_ends_the_wait() {
    let yard = yard();
    let queue = queue(&yard, 1);
    let token = crate::CancelToken::new();
    std::thread::scope(|s| {
        let waiter = s.spawn(|| {
            let _scope = token.scope().unwrap();
            kind(queue.get_vec(SOON))
        });
        std::thread::sleep(BRIEF);
        token.cancel();
        assert_eq!(waiter.join().unwrap(), ErrorKind::Cancelled);
    });
}

/// A queue with room for about so many bytes of longer messages.
pub(super) fn with_blocks(yard: &Yard, capacity: usize, block_bytes: usize) -> Queue {
    Queue::create(yard, "queue", QueueOptions { capacity, block_bytes, ..QueueOptions::default() }).unwrap()
}

pub(super) fn blocks_in_use(queue: &Queue) -> u32 {
    queue.blocks().unwrap().usage().iter().map(|class| class.owned + class.linked + class.offered).sum()
}

#[test]
fn longer_messages_lie_in_blocks_which_are_free_again() {
    let yard = yard();
    let queue = with_blocks(&yard, 8, 64 << 10);
    for lap in 0..30_u8 {
        let lens = [0, 48, 49, 500, 5000, queue.max_len() / 2];
        lens.iter().for_each(|len| queue.try_put(&vec![lap; *len]).unwrap());
        assert_eq!((queue.len(), blocks_in_use(&queue) >= 4), (6, true));
        for (i, len) in lens.into_iter().enumerate() {
            let mut buffer = vec![0; len];
            let received = if (i + usize::from(lap)).is_multiple_of(2) {
                queue.get(&mut buffer, Timeout::Try).unwrap()
            } else {
                let (bytes, received) = queue.get_vec(Timeout::Try).unwrap();
                buffer = bytes;
                received
            };
            assert_eq!((received, buffer), (Received { len, redelivered: false }, vec![lap; len]));
        }
        assert_eq!(blocks_in_use(&queue), 0);
    }
}

#[test]
fn a_message_without_a_block_waits_for_one() {
    let yard = yard();
    let queue = with_blocks(&yard, 64, 16 << 10);
    let message = vec![1; queue.max_len() / 2 + 1];
    queue.try_put(&message).unwrap();
    assert_eq!(kind(queue.try_put(&message)), ErrorKind::Full);
    assert_eq!(kind(queue.put(&message, BRIEF)), ErrorKind::Full);
    std::thread::scope(|s| {
        let putter = s.spawn(|| queue.put(&message, SOON));
        std::thread::sleep(BRIEF);
        assert_eq!(queue.get_vec(SOON).unwrap().0, message);
        putter.join().unwrap().unwrap();
    });
    assert_eq!(queue.get_vec(SOON).unwrap().0, message);
    let refused = queue.try_put(&vec![0; queue.max_len() + 1]).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::TooLong);
    assert!(refused.detail().unwrap().ends_with(&format!("at most {} fit", queue.max_len())));
    assert_eq!(blocks_in_use(&queue), 0);
}

#[test]
fn a_full_queue_and_a_shutdown_leave_no_block_behind() {
    let yard = yard();
    let queue = with_blocks(&yard, 1, 64 << 10);
    queue.try_put(&[1; 100]).unwrap();
    assert_eq!(kind(queue.put(&[2; 100], BRIEF)), ErrorKind::Full);
    assert_eq!(blocks_in_use(&queue), 1);
    std::thread::scope(|s| {
        let putter = s.spawn(|| queue.put(&[3; 100], SOON));
        std::thread::sleep(BRIEF);
        queue.shutdown(false);
        assert_eq!(kind(putter.join().unwrap()), ErrorKind::Shutdown);
    });
    assert_eq!(queue.get_vec(SOON).unwrap().0, [1; 100]);
    assert_eq!((kind(queue.get_vec(SOON)), blocks_in_use(&queue)), (ErrorKind::End, 0));
}

/// Who has too little room for a message has not touched it: nobody gets a later one before it.
#[test]
fn a_message_that_is_too_long_for_one_is_the_next_for_all() {
    let yard = yard();
    for options in [QueueOptions::default(), QueueOptions { unacked: 2, ..QueueOptions::default() }] {
        let name = format!("queue{}", options.unacked);
        let options = QueueOptions { capacity: 3, block_bytes: 64 << 10, ..options };
        let queue = super::Queue::create(&yard, &name, options).unwrap();
        queue.try_put(&[1; 1000]).unwrap();
        queue.try_put(b"2").unwrap();
        let refused = queue.receive(&mut [0; 100], Timeout::Try);
        assert_eq!(refused, Ok(Err(1000)));
        assert_eq!(
            queue.0.ring.claim_read(1, queue.longest(999), &Hands(queue.yard())).map(drop),
            Err(NoPop::TooSmall(1000))
        );
        let states: Vec<State> = queue.0.ring.cells().map(|cell| cell.state).collect();
        assert_eq!(states, [State::Full, State::Full, State::Free], "it was not claimed");
        assert_eq!(
            queue.get_vec(Timeout::Try).unwrap(),
            (vec![1; 1000], Received { len: 1000, redelivered: false })
        );
        // The other way round: a short one that lies in a block.
        let loan = queue.loan(3, Timeout::Try).unwrap();
        loan.write(0, b"abc").unwrap();
        queue.put_loan(loan, Timeout::Try).unwrap();
        assert_eq!(queue.get_vec(Timeout::Try).unwrap().0, b"2");
        let mut small = [0; 3];
        assert_eq!(queue.get(&mut small, Timeout::Try).unwrap().len, 3);
        assert_eq!(&small, b"abc");
        queue.try_put(&[5; 16]).unwrap();
        assert_eq!(queue.get(&mut [0; 16], Timeout::Try).unwrap().len, 16, "one that names nothing");
    }
}

/// Puts what says that it names a block: the cell says how long the message is, and so does the name.
fn forge(queue: &Queue, whole: usize, named: usize) {
    let me = queue.seat().unwrap();
    let writing = queue.0.ring.claim_write(me, &Hands(queue.yard())).unwrap();
    let mut name = [1; large::NAME];
    name[8..].copy_from_slice(&named.to_ne_bytes());
    writing.publish_for(large::BLOCK, &name, whole).unwrap();
}

/// A length that nobody can have put must not reach a caller who makes room for what he is told.
#[test]
fn a_length_that_no_message_has_is_corrupt() {
    // What the cell says of the length, and what the name in it says; by how much more than the longest message.
    let lengths = [(1, 1), (0, 1), (0, usize::MAX / 2)];
    for (unacked, block_bytes) in [(0, 0), (2, 0), (0, 64 << 10), (2, 64 << 10)] {
        for (whole, named) in lengths {
            let yard = yard();
            let options = QueueOptions { capacity: 1, block_bytes, unacked, ..QueueOptions::default() };
            let queue = super::Queue::create(&yard, "queue", options).unwrap();
            let past = |more| if more == 0 { large::NAME } else { queue.max_len() + more };
            forge(&queue, past(whole), past(named));
            let told = queue.receive(&mut [0; 20], Timeout::Try);
            assert_eq!(kind(told), ErrorKind::Corrupt, "{whole} {named} {options:?}");
            if unacked != 0 {
                assert_eq!(kind(queue.receive_ack(&mut [0; 20], Timeout::Try)), ErrorKind::Corrupt);
            }
        }
    }
}

/// Nor may a length that would fit: who makes room for it and asks again would do so for ever.
#[test]
fn a_block_in_a_queue_without_blocks_is_corrupt() {
    for unacked in [0, 2] {
        let yard = yard();
        let options = QueueOptions { capacity: 1, unacked, ..QueueOptions::default() };
        let queue = super::Queue::create(&yard, "queue", options).unwrap();
        forge(&queue, 9, 9);
        assert_eq!(kind(queue.receive(&mut [0; 48], Timeout::Try)), ErrorKind::Corrupt);
    }
}

#[test]
fn a_buffer_that_is_too_short_leaves_a_block_in_the_queue() {
    let yard = yard();
    let queue = with_blocks(&yard, 3, 64 << 10);
    queue.try_put(&[7; 1000]).unwrap();
    assert_eq!(queue.receive(&mut [0; 15], Timeout::Try), Ok(Err(1000)));
    assert_eq!(queue.receive(&mut [0; 999], Timeout::Try), Ok(Err(1000)));
    assert_eq!(queue.get(&mut [0; 1000], Timeout::Try), Ok(Received { len: 1000, redelivered: false }));
    assert_eq!(blocks_in_use(&queue), 0);
}

#[test]
fn the_queue_says_which_block_it_names() {
    let yard = yard();
    let queue = with_blocks(&yard, 2, 64 << 10);
    let held = yard.held();
    let record = held.directory().unwrap().find(&Name::new("queue").unwrap()).unwrap().unwrap();
    let named =
        |position, handle| names(held, &record, Link::new(record.offset, position), BlockHandle(handle));
    for _ in 0..5 {
        queue.try_put(&[1; 100]).unwrap();
        let reading = queue.claim(queue.seat().unwrap(), usize::MAX).unwrap();
        let ((handle, len), position) = (large::name_in(&reading), reading.item().position);
        assert!(len == 100 && named(position, handle) && !named(position, handle ^ 1 << 40));
        reading.put_back();
        assert!(named(position, handle));
        queue.get_vec(Timeout::Try).unwrap();
        assert!(!named(position, handle));
        queue.try_put(&handle.to_ne_bytes()).unwrap(); // a message that only looks like it
        assert!(!(0..8).any(|position| named(position, handle)));
        queue.get_vec(Timeout::Try).unwrap();
    }
}

#[test]
fn a_message_need_not_be_copied() {
    let yard = yard();
    let queue = with_blocks(&yard, 1, 64 << 10);
    let loan = queue.loan(300, SOON).unwrap();
    loan.write(299, b"!").unwrap();
    queue.put_loan(loan, SOON).unwrap();
    let second = queue.loan(10, SOON).unwrap();
    let (error, back) = queue.put_loan(second, BRIEF).unwrap_err();
    assert_eq!((error.kind(), back.as_ref().unwrap().len()), (ErrorKind::Full, 10));
    let message = queue.get_borrow(SOON).unwrap();
    assert_eq!((message.len(), message.redelivered(), blocks_in_use(&queue)), (300, false, 2));
    // SAFETY: nobody writes there while the message is borrowed.
    assert_eq!(unsafe { message.as_ptr().add(299).read() }, b'!');
    assert_eq!(kind(message.read(300, &mut [0])), ErrorKind::Range);
    drop(message);
    queue.put_loan(back.unwrap(), SOON).unwrap();
    assert_eq!(queue.get_vec(SOON).unwrap().0.len(), 10);
    queue.put(b"short", SOON).unwrap();
    let message = queue.get_borrow(SOON).unwrap();
    assert_eq!((message.to_vec(), message.is_empty()), (b"short".to_vec(), false));
    let mut part = [0; 2];
    message.read(3, &mut part).unwrap();
    assert_eq!((part, kind(message.read(4, &mut part))), (*b"rt", ErrorKind::Range));
    drop(message);
    assert_eq!(blocks_in_use(&queue), 0);
    queue.shutdown(false);
    let (error, _) = queue.put_loan(queue.loan(1, SOON).unwrap(), SOON).unwrap_err();
    assert_eq!((error.kind(), blocks_in_use(&queue)), (ErrorKind::Shutdown, 0));
}

#[test]
fn foreign_memory_is_no_message() {
    let yard = yard();
    let queue = with_blocks(&yard, 1, 4096);
    let other =
        Blocks::create(&yard, "others", &BlocksOptions { bytes: 4096, ..BlocksOptions::default() }).unwrap();
    let (error, back) = queue.put_loan(other.try_alloc(9).unwrap(), SOON).unwrap_err();
    assert_eq!((error.kind(), back.is_some()), (ErrorKind::Foreign, true));
    let none = Queue::create(&yard, "none", queue_of_one()).unwrap();
    assert_eq!(kind(none.loan(1, SOON)), ErrorKind::Unsupported);
    assert_eq!(kind(Queue::open(&yard, "others")), ErrorKind::Type);
    assert!(Queue::open(&yard, "queue").unwrap().blocks().is_some());
}

#[test]
fn elements_of_one_type_need_no_bytes() {
    let yard = yard();
    let queue = TypedQueue::<[u64; 9]>::create(&yard, "typed", 2).unwrap();
    queue.try_put([7; 9]).unwrap();
    queue.put([8; 9], SOON).unwrap();
    assert_eq!(kind(queue.try_put([9; 9])), ErrorKind::Full);
    assert_eq!((queue.get(SOON), queue.try_get()), (Ok(([7; 9], false)), Ok(([8; 9], false))));
    queue.queue().try_put(b"x").unwrap();
    assert_eq!(kind(queue.try_get()), ErrorKind::Corrupt);
    let small = TypedQueue::<u32>::create_joinable(&yard, "small", 8, 2).unwrap();
    for _ in 0..2 {
        small.queue().try_put(&[1; 12]).unwrap(); // longer ones do not stand in the way either
        small.try_put(7).unwrap();
    }
    assert_eq!(kind(small.try_get()), ErrorKind::Corrupt);
    assert_eq!(small.try_get(), Ok((7, false)));
    assert_eq!(kind(small.get_ack(Timeout::Try)), ErrorKind::Corrupt);
    let (seven, owed) = small.get_ack(Timeout::Try).unwrap();
    small.done(owed.ticket).unwrap();
    assert_eq!((seven, small.queue().unfinished()), (7, 0));
    assert_eq!(kind(TypedQueue::<u32>::open(&yard, "typed")), ErrorKind::Mismatch);
    assert_eq!(kind(TypedQueue::<[u64; 9]>::open_or_create(&yard, "typed", 3)), ErrorKind::Mismatch);
    assert!(TypedQueue::<[u64; 9]>::open(&yard, "typed").is_ok());
    assert_eq!(kind(TypedQueue::<()>::create(&yard, "none", 2)), ErrorKind::Size);
    super::Queue::create(&yard, "any", queue_of_one()).unwrap();
    assert_eq!(kind(TypedQueue::<u32>::open(&yard, "any")), ErrorKind::Mismatch);
}

#[test]
fn places_are_as_long_as_the_messages_need() {
    for inline_max in (16..=112).step_by(16) {
        let yard = yard();
        let options = QueueOptions { capacity: 3, inline_max, block_bytes: 8192, ..QueueOptions::joinable() };
        let queue = Queue::create(&yard, "queue", options).unwrap();
        for round in 0..4 {
            // The middle one lies in a block, whose name the shortest place must hold.
            let messages =
                [inline_max, inline_max + 1, inline_max - 1].map(|len| vec![round + len as u8; len]);
            messages.iter().for_each(|message| queue.try_put(message).unwrap());
            assert_eq!(kind(queue.try_put(b"x")), ErrorKind::Full);
            assert_eq!(queue.get_vec(SOON).unwrap().0, messages[0]);
            let (second, owed) = queue.get_ack_vec(SOON).unwrap();
            assert_eq!(second, messages[1]);
            let (third, other) = queue.get_ack_vec(SOON).unwrap();
            assert_eq!(third, messages[2]);
            queue.put_back(other.ticket).unwrap();
            assert_eq!(queue.get_vec(SOON).unwrap().0, messages[2]);
            queue.done(owed.ticket).unwrap();
        }
    }
    let yard = yard();
    let inline = |queue: &Queue| queue.options().inline_max;
    assert_eq!(inline(TypedQueue::<u8>::create(&yard, "1", 5).unwrap().queue()), 16);
    assert_eq!(inline(TypedQueue::<[u64; 2]>::create(&yard, "16", 5).unwrap().queue()), 16);
    assert_eq!(inline(TypedQueue::<[u8; 17]>::create(&yard, "17", 5).unwrap().queue()), 32);
    assert_eq!(inline(TypedQueue::<[u64; 8]>::create(&yard, "64", 5).unwrap().queue()), 64);
}

#[test]
fn a_queue_is_waited_for_among_others() {
    let yard = yard();
    let (queue, other) = (queue(&yard, 2), Queue::create(&yard, "other", queue_of_one()).unwrap());
    let both: [&dyn crate::Waitable; 2] = [&other, &queue];
    assert_eq!(kind(crate::wait_any(&both, BRIEF)), ErrorKind::Timeout);
    std::thread::scope(|s| {
        let waiter = s.spawn(|| crate::wait_any(&both, SOON));
        std::thread::sleep(BRIEF);
        queue.put(b"x", SOON).unwrap();
        assert_eq!(waiter.join().unwrap(), Ok(1));
        assert_eq!(queue.get_vec(Timeout::Try).unwrap().0, b"x");
        let waiter = s.spawn(|| crate::wait_any(&both, SOON));
        std::thread::sleep(BRIEF);
        other.shutdown(false);
        assert_eq!(waiter.join().unwrap(), Ok(0));
    });
    assert_eq!(kind(crate::wait_any(&[&queue, &queue.clone()], BRIEF)), ErrorKind::Invalid);
}

/// Who waits for room, and tries, and waits, must not go round and round.
#[test]
fn a_full_queue_is_not_writable_though_its_hint_lags() {
    let yard = Yard::anonymous().unwrap();
    let queue = Queue::create(&yard, "queue", QueueOptions { capacity: 4, ..Default::default() }).unwrap();
    let room = queue.writable();
    (0..3).for_each(|_| queue.try_put(b"x").unwrap());
    let hint = queue.0.ring.reached(true);
    queue.try_put(b"x").unwrap();
    queue.0.ring.let_the_hint_lag(hint);
    assert_eq!(queue.try_put(b"x").unwrap_err().kind(), ErrorKind::Full);
    assert_eq!(wait_any(&[&room], Timeout::Try).unwrap_err().kind(), ErrorKind::Timeout);
    queue.try_get(&mut [0; 8]).unwrap();
    assert_eq!(wait_any(&[&room], Timeout::Try), Ok(0));
    queue.try_put(b"x").unwrap();
}
