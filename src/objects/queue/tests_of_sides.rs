//! Queues that tell of their sides.

use super::*;
use crate::objects::ring::Peer;
use crate::os::fork::APART;
use crate::sync::wait::Timeout;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
const BRIEF: Duration = Duration::from_millis(20);

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.err().unwrap().kind()
}

fn options() -> QueueOptions {
    QueueOptions { capacity: 2, sides: true, ..QueueOptions::default() }
}

fn queue(yard: &Yard) -> Queue {
    Queue::create(yard, "queue", options()).unwrap()
}

#[test]
fn who_waits_for_a_message_hears_that_the_last_producer_has_closed() {
    let _apart = APART.lock();
    let yard = Yard::anonymous().unwrap();
    let queue = queue(&yard);
    assert_eq!(
        (kind(queue.get_vec(BRIEF)), queue.side_state(QueueSide::Producers)),
        (ErrorKind::Empty, Peer::Absent)
    );
    let (first, second) = (queue.producer().unwrap(), queue.producer().unwrap());
    assert_eq!((first.side(), kind(queue.get_vec(BRIEF))), (QueueSide::Producers, ErrorKind::Empty));
    first.put(b"x", SOON).unwrap();
    std::thread::scope(|s| {
        drop(first);
        assert_eq!(queue.get_vec(SOON).unwrap().0, b"x");
        let getters = [(); 2].map(|()| s.spawn(|| kind(queue.get_vec(Timeout::Forever))));
        std::thread::sleep(BRIEF);
        assert_eq!(queue.side_state(QueueSide::Producers), Peer::Here);
        second.put(b"y", SOON).unwrap();
        std::thread::sleep(BRIEF);
        drop(second);
        let (mut ended, mut got) = (0, 0);
        for getter in getters {
            match getter.join() {
                Ok(ErrorKind::PeerClosed) => ended += 1,
                Ok(other) => panic!("{other:?}"),
                Err(_) => got += 1, // no error: it has the message
            }
        }
        assert_eq!((ended, got), (1, 1));
    });
    assert_eq!(queue.side_state(QueueSide::Producers), Peer::Closed);
    assert_eq!(
        (kind(queue.get_vec(Timeout::Try)), kind(queue.get_vec(SOON))),
        (ErrorKind::PeerClosed, ErrorKind::PeerClosed)
    );
    // One that comes later is waited for again, and one that says nothing does not count.
    let later = queue.producer().unwrap();
    assert_eq!(kind(queue.get_vec(BRIEF)), ErrorKind::Empty);
    drop(later);
    queue.put(b"z", SOON).unwrap();
    assert_eq!(
        (queue.get_vec(SOON).unwrap().0, kind(queue.get_vec(SOON))),
        (b"z".to_vec(), ErrorKind::PeerClosed)
    );
    queue.shutdown(false);
    assert_eq!(kind(queue.get_vec(SOON)), ErrorKind::End, "told apart");
}

#[test]
fn who_waits_for_room_hears_that_the_last_consumer_has_closed() {
    let _apart = APART.lock();
    let yard = Yard::anonymous().unwrap();
    let queue = queue(&yard);
    let consumer = queue.consumer().unwrap();
    (0..2).for_each(|_| queue.put(b"x", SOON).unwrap());
    std::thread::scope(|s| {
        let putter = s.spawn(|| queue.put(b"y", SOON));
        std::thread::sleep(BRIEF);
        drop(consumer);
        assert_eq!(kind(putter.join().unwrap()), ErrorKind::PeerClosed);
    });
    assert_eq!(
        (kind(queue.try_put(b"y")), kind(queue.put(b"y", SOON))),
        (ErrorKind::PeerClosed, ErrorKind::PeerClosed)
    );
    queue.get_vec(SOON).unwrap();
    queue.put(b"y", SOON).unwrap(); // there is room
    assert_eq!(queue.side_state(QueueSide::Consumers), Peer::Closed);
}

#[test]
fn what_somebody_has_in_hand_is_waited_for_also_when_nobody_produces() {
    let _apart = APART.lock();
    let yard = Yard::anonymous().unwrap();
    let queue = queue(&yard);
    queue.producer().unwrap().put(b"x", SOON).unwrap();
    for back in [true, false] {
        let reading = queue.claim(queue.seat().unwrap(), usize::MAX).unwrap();
        std::thread::scope(|s| {
            let getter = s.spawn(|| {
                // The first try of a handle asks.
                let fresh = Queue::open(&yard, "queue").unwrap();
                assert_ne!(kind(fresh.get_vec(Timeout::Try)), ErrorKind::PeerClosed);
                assert_ne!(kind(queue.get_vec(BRIEF)), ErrorKind::PeerClosed);
                queue.get_vec(SOON)
            });
            std::thread::sleep(BRIEF * 3);
            if back {
                reading.put_back();
                tell_all(queue.body(), None, queue.yard());
                let (bytes, received) = getter.join().unwrap().unwrap();
                assert_eq!((bytes, received.redelivered), (b"x".to_vec(), false));
                queue.put(b"y", SOON).unwrap();
            } else {
                queue.release(reading);
                assert_eq!(kind(getter.join().unwrap()), ErrorKind::PeerClosed);
            }
        });
    }
}

#[test]
fn a_process_leaves_a_side_as_often_as_it_has_entered_it() {
    let _apart = APART.lock();
    let yard = Yard::anonymous().unwrap();
    let queue = queue(&yard);
    queue.enter_side(QueueSide::Consumers).unwrap();
    let same = Queue::open(&yard, "queue").unwrap();
    same.enter_side(QueueSide::Consumers).unwrap();
    assert!(queue.leave(QueueSide::Consumers) && !queue.leave(QueueSide::Producers));
    assert_eq!(queue.side_state(QueueSide::Consumers), Peer::Here);
    assert!(queue.leave(QueueSide::Consumers) && !same.leave(QueueSide::Consumers));
    assert_eq!(same.side_state(QueueSide::Consumers), Peer::Closed);
    let none = Queue::create(&yard, "none", QueueOptions::default()).unwrap();
    assert_eq!(
        (kind(none.producer()), none.side_state(QueueSide::Producers)),
        (ErrorKind::Unsupported, Peer::Absent)
    );
    let others = QueueOptions { sides: false, ..options() };
    assert_eq!(kind(Queue::open_or_create(&yard, "queue", others)), ErrorKind::Mismatch);
    assert_eq!(same.options(), options());
}
