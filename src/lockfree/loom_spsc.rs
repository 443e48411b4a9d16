//! Models of the single-producer single-consumer ring. Each name is the sentence it checks.
//!
//! A ring of 64 bytes holds two records of 24 bytes, or four of 8. A death is an end forgotten at some step, without
//! anything that its owner would have done next.

use super::spsc::record::{Consumer, MIN_CAPACITY, Producer};
use super::spsc::{NoRecord, NoRoom, Place, Words, fixed};
use crate::shim::{Bytes, sleep};
use crate::sync::event_count::EventCount;
use loom::thread;
use std::sync::Arc;

struct Yard {
    words: Words,
    bytes: Bytes,
    space: EventCount,
    data: EventCount,
}

#[derive(Clone)]
struct Seat(Arc<Yard>);

impl Place for Seat {
    fn words(&self) -> &Words {
        &self.0.words
    }
    fn bytes(&self) -> &Bytes {
        &self.0.bytes
    }
}

fn seat_of(len: usize) -> Seat {
    let (words, bytes) = (Words::starting_at(0), Bytes::zeroed(len));
    Seat(Arc::new(Yard { words, bytes, space: EventCount::new(), data: EventCount::new() }))
}

fn seat() -> Seat {
    seat_of(MIN_CAPACITY)
}

fn ends(seat: &Seat) -> (Producer<Seat>, Consumer<Seat>) {
    (Producer::resume(seat.clone()).unwrap(), Consumer::begin(seat.clone()).unwrap())
}

/// Record `n`, long: two fill the ring.
fn long(n: u8) -> [u8; 24] {
    [n; 24]
}

fn send(producer: &mut Producer<Seat>, payload: &[u8]) {
    while let Err(refusal) = producer.send(payload) {
        assert_eq!(refusal, NoRoom::Full);
        thread::yield_now();
    }
}

/// The next record: its bytes are all alike; its number, length and flag.
fn recv(consumer: &mut Consumer<Seat>) -> (u8, usize, bool) {
    let mut buffer = [0; 24];
    loop {
        match consumer.recv(&mut buffer) {
            Ok(record) => return number(&buffer[..record.len()], record.redelivered),
            Err(refusal) => assert_eq!(refusal, NoRecord::Empty),
        }
        thread::yield_now();
    }
}

fn number(payload: &[u8], redelivered: bool) -> (u8, usize, bool) {
    assert!(payload.iter().all(|byte| *byte == payload[0]), "torn: {payload:?}");
    (payload[0], payload.len(), redelivered)
}

#[test]
fn a_record_is_whole_before_it_is_seen() {
    loom::model(|| {
        let (mut producer, mut consumer) = ends(&seat());
        let sender = thread::spawn(move || (1..=2).for_each(|n| send(&mut producer, &long(n))));
        assert_eq!(recv(&mut consumer), (1, 24, false));
        assert_eq!(recv(&mut consumer), (2, 24, false));
        assert_eq!(consumer.peek(), Err(NoRecord::Empty));
        sender.join().unwrap();
    });
}

#[test]
fn a_successor_reads_whole_records() {
    loom::model(|| {
        let seat = seat();
        let (mut producer, _) = ends(&seat);
        let sender = thread::spawn(move || send(&mut producer, &long(1)));
        let mut successor = Consumer::resume(seat).unwrap();
        // Only what it knew at the take-over is in doubt.
        if let Ok(record) = successor.peek() {
            let mut buffer = [0; 24];
            assert!(successor.read(&record, 0, &mut buffer));
            assert_eq!(number(&buffer, false), (1, 24, false));
        }
        sender.join().unwrap();
    });
}

/// A side that several share: they take turns, and keep nothing but what `limit` and `seen` say.
struct Shared {
    seat: Seat,
    sending: loom::sync::Mutex<u64>,
    receiving: loom::sync::Mutex<u64>,
}

impl Shared {
    fn new() -> loom::sync::Arc<Shared> {
        let (sending, receiving) = (loom::sync::Mutex::new(0), loom::sync::Mutex::new(0));
        loom::sync::Arc::new(Shared { seat: seat(), sending, receiving })
    }

    fn send(&self, n: u8) {
        self.try_send(n).unwrap();
    }

    fn try_send(&self, n: u8) -> Result<(), NoRoom> {
        let mut limit = self.sending.lock().unwrap();
        let mut producer = Producer::borrow(self.seat.clone(), *limit).unwrap();
        let sent = producer.send(&long(n));
        *limit = producer.limit();
        sent
    }

    /// The next record, if there is one.
    fn recv(&self) -> Option<u8> {
        let mut seen = self.receiving.lock().unwrap();
        let mut consumer = Consumer::borrow(self.seat.clone(), *seen).unwrap();
        let mut buffer = [0; 24];
        let got = consumer.recv(&mut buffer).ok().map(|record| number(&buffer[..record.len()], false).0);
        *seen = consumer.seen();
        got
    }
}

#[test]
fn senders_that_take_turns_lose_nothing() {
    loom::model(|| {
        let pipe = Shared::new();
        let other = pipe.clone();
        let sender = thread::spawn(move || other.send(1));
        pipe.send(2);
        sender.join().unwrap();
        let mut both = [pipe.recv().unwrap(), pipe.recv().unwrap()];
        both.sort_unstable();
        assert_eq!((both, pipe.recv()), ([1, 2], None));
    });
}

#[test]
fn receivers_that_take_turns_get_each_record_once() {
    loom::model(|| {
        let pipe = Shared::new();
        let (sends, receives) = (pipe.clone(), pipe.clone());
        let sender = thread::spawn(move || (1..=2).for_each(|n| sends.send(n)));
        let receiver = thread::spawn(move || receives.recv());
        let mine = pipe.recv();
        let theirs = receiver.join().unwrap();
        sender.join().unwrap();
        let rest: Vec<u8> = std::iter::from_fn(|| pipe.recv()).collect();
        let mut all: Vec<u8> = mine.into_iter().chain(theirs).chain(rest).collect();
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
    });
}

/// One reads what another has sent, and it is found full or read over.
#[test]
fn space_of_a_shared_side_is_no_longer_read() {
    loom::model(|| {
        let pipe = Shared::new();
        (1..=2).for_each(|n| pipe.send(n));
        let other = pipe.clone();
        let receiver = thread::spawn(move || assert_eq!(other.recv(), Some(1)));
        let sent = pipe.try_send(3);
        assert!(matches!(sent, Ok(()) | Err(NoRoom::Full)));
        receiver.join().unwrap();
        assert_eq!(pipe.recv(), Some(2));
        assert_eq!(pipe.recv(), sent.ok().map(|()| 3));
    });
}

/// One sender finds room, and the other uses what is left of it.
#[test]
fn space_that_another_sender_found_is_no_longer_read() {
    loom::model(|| {
        let pipe = Shared::new();
        (1..=2).for_each(|n| pipe.send(n));
        let (other, third) = (pipe.clone(), pipe.clone());
        let receiver = thread::spawn(move || [(); 2].map(|()| other.recv()));
        let sender = thread::spawn(move || third.try_send(3).is_ok());
        let mine = pipe.try_send(4).is_ok();
        let theirs = sender.join().unwrap();
        assert_eq!(receiver.join().unwrap(), [Some(1), Some(2)]);
        let mut rest: Vec<u8> = std::iter::from_fn(|| pipe.recv()).collect();
        rest.sort_unstable();
        let expected = [(3, theirs), (4, mine)].into_iter().filter(|(_, sent)| *sent).map(|(n, _)| n);
        assert!(rest.into_iter().eq(expected));
    });
}

#[test]
fn space_acknowledged_is_no_longer_read() {
    loom::model(|| {
        let (mut producer, mut consumer) = ends(&seat());
        (1..=2).for_each(|n| send(&mut producer, &long(n)));
        let sender = thread::spawn(move || send(&mut producer, &long(3)));
        for n in 1..=3 {
            assert_eq!(recv(&mut consumer), (n, 24, false));
        }
        sender.join().unwrap();
    });
}

#[test]
fn space_given_back_is_no_longer_read() {
    loom::model(|| {
        let (mut producer, mut consumer) = ends(&seat());
        (1..=2).for_each(|n| send(&mut producer, &long(n)));
        let sender = thread::spawn(move || {
            while !producer.poll(24) {
                thread::yield_now();
            }
            producer.send(&long(3)).unwrap();
        });
        for n in 1..=2 {
            assert_eq!(recv(&mut consumer), (n, 24, false));
        }
        sender.join().unwrap();
    });
}

#[test]
fn a_new_producer_waits_for_the_readers_release() {
    loom::model(|| {
        let seat = seat();
        let (mut producer, mut consumer) = ends(&seat);
        (1..=2).for_each(|n| send(&mut producer, &long(n)));
        drop(producer);
        let reader = thread::spawn(move || recv(&mut consumer));
        let mut successor = Producer::resume(seat).unwrap();
        let _ = successor.send(&long(3));
        assert_eq!(reader.join().unwrap(), (1, 24, false));
    });
}

#[test]
fn a_wrap_skips_the_rest_of_the_lap() {
    loom::model(|| {
        let (mut producer, mut consumer) = ends(&seat());
        // 16 and 32 bytes leave 16 at the end: too few for the third record.
        let sender = thread::spawn(move || {
            send(&mut producer, &[1; 8]);
            send(&mut producer, &long(2));
            send(&mut producer, &long(3));
        });
        assert_eq!(recv(&mut consumer), (1, 8, false));
        assert_eq!(recv(&mut consumer), (2, 24, false));
        assert_eq!(recv(&mut consumer), (3, 24, false));
        sender.join().unwrap();
    });
}

#[test]
fn a_batch_appears_at_once() {
    loom::model(|| {
        let (mut producer, mut consumer) = ends(&seat());
        let sender = thread::spawn(move || {
            (1..=3).for_each(|n| producer.push(&[n; 8]).unwrap());
            producer.publish();
        });
        assert_eq!(recv(&mut consumer), (1, 8, false));
        for n in 2..=3 {
            let record = consumer.peek().unwrap();
            let mut buffer = [0; 8];
            assert!(consumer.read(&record, 0, &mut buffer) && consumer.take(&record));
            assert_eq!(buffer, [n; 8]);
        }
        consumer.release();
        assert_eq!(consumer.peek(), Err(NoRecord::Empty));
        sender.join().unwrap();
    });
}

#[test]
fn a_batch_released_at_once_frees_all_of_it() {
    loom::model(|| {
        let (mut producer, mut consumer) = ends(&seat());
        (1..=2).for_each(|n| send(&mut producer, &long(n)));
        let sender = thread::spawn(move || (3..=4).for_each(|n| send(&mut producer, &long(n))));
        for n in 1..=2 {
            let record = consumer.peek().unwrap();
            let mut buffer = [0; 24];
            assert!(consumer.read(&record, 0, &mut buffer) && consumer.take(&record));
            assert_eq!(number(&buffer, false).0, n);
        }
        consumer.release();
        assert_eq!(recv(&mut consumer).0, 3);
        sender.join().unwrap();
    });
}

const STEPS: u32 = 5;

/// Receives two records, one step after the other, and dies before step `last`; says which it has
/// released and how many it has seen.
fn recv_and_die(mut consumer: Consumer<Seat>, last: u32) -> (Vec<u8>, u8) {
    let (mut released, mut seen) = (Vec::new(), 0);
    for n in 1..=2_u32 {
        let mut steps = (n - 1) * STEPS..n * STEPS;
        let mut die = || steps.next().is_none_or(|step| step == last);
        let mut buffer = [0; 24];
        let record = loop {
            if let Ok(record) = consumer.peek() {
                break record;
            }
            thread::yield_now();
        };
        seen = n as u8;
        if die() {
            return (released, seen);
        }
        assert!(consumer.read(&record, 0, &mut buffer));
        if die() {
            return (released, seen);
        }
        assert!(consumer.take(&record));
        if die() {
            return (released, seen);
        }
        consumer.release();
        released.push(number(&buffer[..record.len()], false).0);
        if die() {
            return (released, seen);
        }
        consumer.publish_head();
        if die() {
            return (released, seen);
        }
    }
    (released, seen)
}

/// Whoever dies, the next one receives everything not released; what may have been seen is flagged, and only that.
fn die_while_receiving(last: u32) {
    loom::model(move || {
        let seat = seat();
        let (mut producer, consumer) = ends(&seat);
        let sender = thread::spawn(move || (1..=3).for_each(|n| send(&mut producer, &long(n))));
        let (released, seen) = recv_and_die(consumer, last);
        let mut successor = Consumer::resume(seat).unwrap();
        let first = released.len() as u8 + 1;
        let mut sure = false;
        for n in first..=3 {
            let (number, _, redelivered) = recv(&mut successor);
            assert_eq!(number, n, "lost or doubled after {released:?}");
            assert!(!(sure && redelivered), "a flag after a record that was certainly new");
            assert!(redelivered || number > seen, "no flag, though it was seen");
            sure |= !redelivered;
            // Two long records are the ring: of three, the last was not there at the first take-over.
            assert!(!(number == 3 && first == 1 && redelivered));
        }
        assert_eq!(successor.peek(), Err(NoRecord::Empty));
        sender.join().unwrap();
    });
}

#[test]
fn a_consumers_death_loses_nothing_and_flags_what_it_may_have_seen() {
    (0..=2 * STEPS).for_each(die_while_receiving);
}

#[test]
fn a_successor_begins_behind_the_last_release_though_its_lump_is_not_full() {
    loom::model(|| {
        let seat = seat_of(2 * MIN_CAPACITY);
        let (mut producer, mut consumer) = ends(&seat);
        (1..=2).for_each(|n| send(&mut producer, &[n; 8]));
        assert_eq!(recv(&mut consumer), (1, 8, false));
        drop(consumer);
        assert_eq!(recv(&mut Consumer::resume(seat).unwrap()), (2, 8, true));
    });
}

#[test]
fn space_released_is_free_though_its_lump_is_not_full() {
    loom::model(|| {
        let (mut producer, mut consumer) = ends(&seat_of(2 * MIN_CAPACITY));
        (1..=8).for_each(|n| producer.send(&[n; 8]).unwrap());
        assert_eq!(recv(&mut consumer), (1, 8, false));
        assert_eq!(producer.send(&[9; 8]), Ok(()));
    });
}

#[test]
fn a_record_without_commit_never_existed() {
    loom::model(|| {
        let seat = seat();
        let (mut producer, mut consumer) = ends(&seat);
        let reader = thread::spawn(move || {
            let seen = [recv(&mut consumer), recv(&mut consumer)];
            (seen, consumer.peek().is_err())
        });
        send(&mut producer, &[1; 8]);
        // The first producer dies with one record staged and one half written.
        producer.push(&[2; 8]).unwrap();
        let slot = producer.reserve(16).unwrap();
        assert!(producer.write(&slot, 0, &[3; 8]));
        drop((producer, slot));
        let mut successor = Producer::resume(seat).unwrap();
        send(&mut successor, &long(4));
        assert_eq!(reader.join().unwrap(), ([(1, 8, false), (4, 24, false)], true));
    });
}

fn sleep_for_space(yard: &Seat, producer: &mut Producer<Seat>, payload: &[u8]) {
    while producer.send(payload).is_err() {
        let watch = yard.0.space.prepare();
        if producer.send(payload).is_ok() {
            break;
        }
        sleep(&[watch], None);
    }
    yard.0.data.notify(&());
}

fn sleep_for_data(yard: &Seat, consumer: &mut Consumer<Seat>) -> u8 {
    let mut buffer = [0; 24];
    while consumer.recv(&mut buffer).is_err() {
        let watch = yard.0.data.prepare();
        if consumer.recv(&mut buffer).is_ok() {
            break;
        }
        sleep(&[watch], None);
    }
    yard.0.space.notify(&());
    buffer[0]
}

#[test]
fn nobody_is_left_behind() {
    loom::model(|| {
        let seat = seat();
        let (mut producer, mut consumer) = ends(&seat);
        let sender = {
            let seat = seat.clone();
            thread::spawn(move || (1..=3).for_each(|n| sleep_for_space(&seat, &mut producer, &long(n))))
        };
        for n in 1..=3 {
            assert_eq!(sleep_for_data(&seat, &mut consumer), n);
        }
        sender.join().unwrap();
    });
}

#[test]
fn a_sleeper_for_space_hears_of_less_than_a_lump() {
    loom::model(|| {
        let seat = seat();
        let (mut producer, mut consumer) = ends(&seat);
        // Eight empty records fill the ring; one of them is half a lump.
        (0..8).for_each(|_| send(&mut producer, &[]));
        let sender = {
            let seat = seat.clone();
            thread::spawn(move || sleep_for_space(&seat, &mut producer, &[]))
        };
        assert_eq!(consumer.recv(&mut []).map(|record| record.len()), Ok(0));
        seat.0.space.notify(&());
        sender.join().unwrap();
    });
}

#[test]
fn elements_arrive_whole_and_in_order() {
    loom::model(|| {
        let seat = seat_of(2 * 8);
        let mut producer = fixed::Producer::resume(seat.clone(), 8).unwrap();
        let mut consumer = fixed::Consumer::begin(seat, 8).unwrap();
        let sender = thread::spawn(move || {
            for n in 1..=3_u64 {
                while producer.send(&n).is_err() {
                    thread::yield_now();
                }
            }
        });
        for n in 1..=3_u64 {
            let element = loop {
                match consumer.recv::<u64>() {
                    Ok(element) => break element,
                    Err(_) => thread::yield_now(),
                }
            };
            assert_eq!(element, n);
        }
        sender.join().unwrap();
    });
}

#[test]
fn slices_of_elements_arrive_whole_and_in_order() {
    loom::model(|| {
        let seat = seat_of(2 * 8);
        let mut producer = fixed::Producer::resume(seat.clone(), 8).unwrap();
        let mut consumer = fixed::Consumer::begin(seat, 8).unwrap();
        let sender = thread::spawn(move || {
            let mut rest: &[u64] = &[1, 2, 3];
            while !rest.is_empty() {
                match producer.send_slice(rest) {
                    Ok(sent) => rest = &rest[sent..],
                    Err(_) => thread::yield_now(),
                }
            }
        });
        let (mut got, mut buffer) = (Vec::new(), [0_u64; 2]);
        while got.len() < 3 {
            match consumer.recv_slice(&mut buffer) {
                Ok(count) => got.extend_from_slice(&buffer[..count]),
                Err(_) => thread::yield_now(),
            }
        }
        assert_eq!(got, [1, 2, 3]);
        sender.join().unwrap();
    });
}
