//! The ring on heap memory: arithmetic at every alignment, and words that no honest peer writes.
#![allow(unsafe_code)] // names the heap memory
#![allow(clippy::unwrap_used)] // a test

use super::index::Circle;
use super::record::{Consumer, MIN_CAPACITY, Producer, longest};
use super::{Corrupt, NoRecord, NoRoom, Place, Words, fixed};
use crate::shim::Bytes;
use std::cell::UnsafeCell;

/// A ring on the heap.
struct Heap {
    words: Words,
    bytes: Bytes,
    _memory: Box<[UnsafeCell<u64>]>,
}

impl Heap {
    fn new(len: usize, position: u64) -> Heap {
        let memory: Box<[UnsafeCell<u64>]> =
            (0..len.div_ceil(8).max(1)).map(|_| UnsafeCell::new(0)).collect();
        // SAFETY: the cells are aligned to 8, live as long as this value, and nobody has a reference into them.
        let bytes = unsafe { Bytes::new(memory.as_ptr().cast_mut().cast(), len) };
        Heap { words: Words::starting_at(position), bytes, _memory: memory }
    }
}

impl Place for &Heap {
    fn words(&self) -> &Words {
        &self.words
    }
    fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

type Ends<'a> = (Producer<&'a Heap>, Consumer<&'a Heap>);

fn ends(heap: &Heap) -> Ends<'_> {
    (Producer::resume(heap).unwrap(), Consumer::begin(heap).unwrap())
}

fn payload(seed: u64, len: usize) -> Vec<u8> {
    (0..len as u64).map(|i| (seed.wrapping_mul(31).wrapping_add(i)) as u8).collect()
}

fn recv(consumer: &mut Consumer<&Heap>) -> Result<Vec<u8>, NoRecord> {
    let mut buffer = vec![0; consumer.longest()];
    let record = consumer.recv(&mut buffer)?;
    buffer.truncate(record.len());
    Ok(buffer)
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// Positions from which a test begins: fresh, and a little before they wrap.
const STARTS: [u64; 4] = [0, 8, u64::MAX - 127, 0_u64.wrapping_sub(8)];

#[test]
fn offset_and_room_go_round() {
    let circle = Circle { capacity: 64, grain: 8 };
    assert_eq!((circle.offset(0), circle.room(0)), (0, 64));
    assert_eq!((circle.offset(56), circle.room(56)), (56, 8));
    assert_eq!((circle.offset(u64::MAX - 7), circle.room(u64::MAX - 7)), (56, 8));
}

#[test]
fn every_length_arrives_from_every_position() {
    for start in STARTS {
        let heap = Heap::new(256, start);
        let (mut producer, mut consumer) = ends(&heap);
        for round in 0..40 {
            for len in 0..=longest(256) {
                let sent = payload(round + len as u64, len);
                assert_eq!(producer.send(&sent), Ok(()));
                assert_eq!(recv(&mut consumer).unwrap(), sent);
            }
            assert_eq!(producer.send(&payload(0, 1)), Ok(()));
            assert_eq!(recv(&mut consumer).unwrap().len(), 1);
        }
        assert_eq!(recv(&mut consumer), Err(NoRecord::Empty));
    }
}

#[test]
fn what_is_too_long_is_refused_at_once_and_always() {
    let heap = Heap::new(MIN_CAPACITY, 0);
    let (mut producer, _) = ends(&heap);
    assert_eq!(producer.longest(), 24);
    for _ in 0..3 {
        assert_eq!(producer.send(&[0; 25]), Err(NoRoom::Unfit));
        assert_eq!(producer.reserve(usize::MAX).unwrap_err(), NoRoom::Unfit);
        let _ = producer.send(&[0; 24]);
    }
}

#[test]
fn full_is_exact() {
    for start in STARTS.map(|start| start & !15) {
        let heap = Heap::new(MIN_CAPACITY, start);
        let (mut producer, mut consumer) = ends(&heap);
        let mut sent = 0;
        while producer.send(&[7; 8]).is_ok() {
            sent += 1;
        }
        assert_eq!(sent, 4);
        for _ in 0..20 {
            assert_eq!(producer.send(&[]), Err(NoRoom::Full));
            assert_eq!(recv(&mut consumer).unwrap(), [7; 8]);
            assert_eq!(producer.send(&[7; 8]), Ok(()));
        }
    }
}

#[test]
fn full_is_exact_within_a_lump() {
    let heap = Heap::new(256, 0);
    let (mut producer, mut consumer) = ends(&heap);
    while producer.send(&[7; 8]).is_ok() {}
    for _ in 0..40 {
        assert_eq!(recv(&mut consumer).unwrap(), [7; 8]);
        assert_eq!(producer.send(&[7; 8]), Ok(()));
        assert_eq!(producer.send(&[7; 8]), Err(NoRoom::Full));
    }
}

#[test]
fn a_batch_is_taken_record_by_record() {
    let heap = Heap::new(256, 0);
    let (mut producer, mut consumer) = ends(&heap);
    (0..5).for_each(|n| producer.push(&[n; 9]).unwrap());
    producer.publish();
    let mut buffer = [0; 9];
    for n in 0..5 {
        assert_eq!(consumer.next(&mut buffer).unwrap().len(), 9);
        assert_eq!((buffer, heap.words.read().2), ([n; 9], 0));
    }
    consumer.release();
    assert_eq!(heap.words.read().2, 5 * 24);
}

#[test]
fn an_empty_ring_takes_the_longest_record_from_every_position() {
    for start in (0..MIN_CAPACITY as u64).step_by(8) {
        let heap = Heap::new(MIN_CAPACITY, start);
        let (mut producer, mut consumer) = ends(&heap);
        assert_eq!(producer.send(&[5; 24]), Ok(()));
        assert_eq!(recv(&mut consumer).unwrap(), [5; 24]);
    }
}

#[test]
fn random_traffic_keeps_its_order() {
    for start in STARTS {
        let heap = Heap::new(512, start);
        let (mut producer, mut consumer) = ends(&heap);
        let (mut random, mut sent, mut received) = (Random(start | 1), 0, 0);
        let mut lengths = std::collections::VecDeque::new();
        while received < 20_000 {
            let len = random.below(60) as usize;
            if random.below(2) == 0 && producer.send(&payload(sent, len)).is_ok() {
                lengths.push_back(len);
                sent += 1;
            } else if let Ok(got) = recv(&mut consumer) {
                assert_eq!(got, payload(received, lengths.pop_front().unwrap()));
                received += 1;
            }
        }
    }
}

#[test]
fn a_batch_is_invisible_until_published() {
    let heap = Heap::new(1024, 0);
    let (mut producer, mut consumer) = ends(&heap);
    for n in 0..10 {
        assert_eq!(producer.push(&[n; 20]), Ok(()));
        assert_eq!(recv(&mut consumer), Err(NoRecord::Empty));
    }
    producer.publish();
    for n in 0..10 {
        let record = consumer.peek().unwrap();
        assert!(consumer.take(&record));
        let mut byte = [0];
        assert!(consumer.read(&record, 19, &mut byte) && byte == [n]);
        assert!(!consumer.read(&record, 20, &mut byte));
        assert!(!consumer.take(&record), "taken already");
    }
    assert_eq!(heap.words.read(), (320, 0, 0), "ten records of 32 bytes, nothing given back");
    consumer.rewind();
    assert_eq!(recv(&mut consumer).unwrap(), [0; 20]);
    assert_eq!(heap.words.read().2, 32, "one record given back");
}

#[test]
fn a_discarded_batch_never_existed() {
    for start in STARTS {
        let heap = Heap::new(128, start);
        let (mut producer, mut consumer) = ends(&heap);
        for n in 0..50 {
            assert_eq!(producer.push(&[1; 40]), Ok(()));
            assert_eq!(producer.push(&[1; 20]), Ok(()));
            producer.discard();
            assert_eq!(producer.send(&[n; 40]), Ok(()));
            assert_eq!(recv(&mut consumer).unwrap(), [n; 40]);
        }
    }
}

#[test]
fn a_slot_becomes_a_record_of_what_was_used() {
    let heap = Heap::new(128, 0);
    let (mut producer, mut consumer) = ends(&heap);
    for n in 0..30 {
        let slot = producer.reserve(50).unwrap();
        assert!(producer.write(&slot, 0, &[n; 5]) && producer.write(&slot, 5, &[n; 6]));
        assert!(!producer.write(&slot, 45, &[n; 6]));
        assert!(producer.commit(slot, 11));
        assert_eq!(recv(&mut consumer).unwrap(), [n; 11]);
    }
}

#[test]
fn an_abandoned_slot_never_existed() {
    let heap = Heap::new(128, 0);
    let (mut producer, mut consumer) = ends(&heap);
    for n in 0..30 {
        let abandoned = producer.reserve(56).unwrap();
        assert!(producer.write(&abandoned, 0, &[9; 56]));
        drop(abandoned);
        assert_eq!(producer.send(&[n; 30]), Ok(()));
        assert_eq!(recv(&mut consumer).unwrap(), [n; 30]);
        assert_eq!(recv(&mut consumer), Err(NoRecord::Empty));
    }
}

#[test]
fn a_slot_is_used_once_and_within_its_length() {
    let heap = Heap::new(256, 0);
    let (mut producer, mut consumer) = ends(&heap);
    let (old, new, long) = (producer.reserve(8), producer.reserve(8), producer.reserve(8));
    assert!(!producer.commit(long.unwrap(), 9));
    assert!(producer.commit(new.unwrap(), 8));
    assert!(!producer.commit(old.unwrap(), 8), "something was written there since");
    assert_eq!(recv(&mut consumer).unwrap().len(), 8);
    assert_eq!(recv(&mut consumer), Err(NoRecord::Empty));
}

#[test]
fn a_pad_published_alone_is_skipped() {
    for reader_dies in [false, true] {
        let heap = Heap::new(MIN_CAPACITY, 0);
        let (mut producer, mut consumer) = ends(&heap);
        assert_eq!(producer.send(&[1; 24]), Ok(()));
        assert_eq!(recv(&mut consumer).unwrap(), [1; 24]);
        assert_eq!(producer.push(&[2; 8]), Ok(()));
        drop(producer.reserve(24).unwrap());
        producer.publish();
        assert_eq!(recv(&mut consumer).unwrap(), [2; 8]);
        assert_eq!(recv(&mut consumer), Err(NoRecord::Empty));
        if reader_dies {
            consumer = Consumer::resume(&heap).unwrap();
        }
        for n in 3..20 {
            assert_eq!(producer.send(&[n; 24]), Ok(()));
            assert_eq!(recv(&mut consumer).unwrap(), [n; 24]);
        }
    }
}

#[test]
fn a_small_buffer_takes_nothing() {
    let heap = Heap::new(128, 0);
    let (mut producer, mut consumer) = ends(&heap);
    assert_eq!(producer.send(&[3; 10]), Ok(()));
    assert_eq!(consumer.recv(&mut [0; 9]), Err(NoRecord::Unfit(10)));
    assert_eq!(recv(&mut consumer).unwrap(), [3; 10]);
}

#[test]
fn a_successor_flags_what_was_there_when_it_came() {
    for start in STARTS {
        let heap = Heap::new(256, start);
        let (mut producer, mut consumer) = ends(&heap);
        (0..4).for_each(|n| producer.send(&[n; 8]).unwrap());
        assert_eq!(recv(&mut consumer).unwrap(), [0; 8]);
        let seen = consumer.peek().unwrap();
        assert!(consumer.take(&seen) && !seen.redelivered);
        let mut successor = Consumer::resume(&heap).unwrap();
        producer.send(&[4; 8]).unwrap();
        for n in 1..5 {
            let mut buffer = [0; 8];
            let record = successor.recv(&mut buffer).unwrap();
            assert_eq!((buffer, record.redelivered), ([n; 8], n < 4));
        }
        // After a clean close nothing is in doubt.
        producer.send(&[5; 8]).unwrap();
        assert!(!Consumer::begin(&heap).unwrap().peek().unwrap().redelivered);
    }
}

#[test]
fn a_new_producer_goes_on_though_head_lags() {
    let heap = Heap::new(256, 0);
    let (mut producer, mut consumer) = ends(&heap);
    for n in 0..100 {
        // A lump is 64 bytes: `head` is behind `acked` most of the time.
        while producer.send(&[n; 8]).is_ok() {}
        assert!(recv(&mut consumer).is_ok());
        producer = Producer::resume(&heap).unwrap();
        assert_eq!(producer.send(&[n; 8]), Ok(()));
        assert_eq!(producer.send(&[n; 8]), Err(NoRoom::Full));
    }
}

#[test]
fn poll_sees_what_was_given_back_in_lumps() {
    let heap = Heap::new(256, 0);
    let (mut producer, mut consumer) = ends(&heap);
    while producer.send(&[1; 8]).is_ok() {}
    assert!(!producer.poll(8));
    assert!(recv(&mut consumer).is_ok());
    assert!(!producer.poll(8), "less than a lump");
    consumer.publish_head();
    assert!(producer.poll(8));
    assert!(!producer.poll(usize::MAX));
}

#[test]
fn a_geometry_that_is_none_is_refused() {
    for len in [0, 8, 32, 63, 96, 100] {
        let heap = Heap::new(len, 0);
        assert_eq!(Producer::resume(&heap).err(), Some(Corrupt));
        assert_eq!(Consumer::begin(&heap).err(), Some(Corrupt));
    }
    for (len, size) in [(64, 0), (64, 64), (96, 8), (65, 8), (0, 8)] {
        let heap = Heap::new(len, 0);
        assert_eq!(fixed::Producer::resume(&heap, size).err(), Some(Corrupt));
        assert_eq!(fixed::Consumer::begin(&heap, size).err(), Some(Corrupt));
    }
}

#[test]
fn impossible_positions_are_refused() {
    for (tail, head, acked) in [(0, 0, 8), (72, 0, 0), (9, 9, 9), (16, 16, 1), (1 << 63, 0, 0)] {
        let heap = Heap::new(64, 0);
        let (mut producer, mut consumer) = ends(&heap);
        heap.words.overwrite(tail, head, acked);
        assert_eq!(Producer::resume(&heap).err(), Some(Corrupt));
        assert_eq!(Consumer::resume(&heap).err(), Some(Corrupt));
        if tail != 0 && tail != 16 {
            assert_eq!(consumer.peek(), Err(NoRecord::Corrupt));
        }
        if acked != 0 {
            let _ = producer.push(&[0; 24]);
            let _ = producer.push(&[0; 24]);
            assert_eq!(producer.push(&[0; 24]), Err(NoRoom::Corrupt));
        }
    }
}

#[test]
fn impossible_headers_are_refused() {
    let pad = 2_u64 << 32;
    for header in
        [0, 8, 1 << 32 | 17, 1 << 32 | 0xffff_ffff, u64::MAX, 3 << 32, pad | 8, pad | 48, pad | 56, pad]
    {
        let heap = Heap::new(64, 0);
        let (mut producer, mut consumer) = ends(&heap);
        producer.send(&[0; 16]).unwrap();
        heap.bytes.set_word(0, header);
        assert_eq!(consumer.peek(), Err(NoRecord::Corrupt), "{header:#x}");
        assert_eq!(consumer.peek(), Err(NoRecord::Corrupt), "{header:#x}, again");
    }
}

/// One step of one end, whatever the words say.
fn any_step(random: &mut Random, producer: &mut Producer<&Heap>, consumer: &mut Consumer<&Heap>) {
    let mut buffer = [0; 80];
    let len = random.below(80) as usize;
    match random.below(9) {
        0 => drop(producer.send(&buffer[..len])),
        1 => drop(producer.push(&buffer[..len])),
        2 => producer.publish(),
        3 => producer.discard(),
        4 => drop(producer.reserve(len).map(|slot| producer.commit(slot, len / 2))),
        5 => drop(consumer.recv(&mut buffer[..len])),
        6 => drop(consumer.peek().map(|record| consumer.take(&record))),
        7 => consumer.rewind(),
        _ => consumer.release(),
    }
}

fn any_position(random: &mut Random, near: u64) -> u64 {
    match random.below(4) {
        0 => random.next(),
        1 => near,
        _ => near.wrapping_add(random.below(300)).wrapping_sub(150) & !(random.below(2) * 7),
    }
}

#[test]
fn no_words_or_headers_make_an_end_stray() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..3_000 {
        let start = random.next() & !7;
        let heap = Heap::new(128, start);
        let (mut producer, mut consumer) = ends(&heap);
        for step in 0..60 {
            any_step(&mut random, &mut producer, &mut consumer);
            if step % 3 == 2 {
                let at = random.below(16) * 8;
                let kind = random.below(4) << 32;
                heap.bytes.set_word(
                    at,
                    if random.below(3) == 0 { random.next() } else { kind | random.below(140) },
                );
            }
            if step % 7 == 6 {
                let (tail, head, acked) = heap.words.read();
                let near = [any_position(&mut random, tail), any_position(&mut random, head)];
                heap.words.overwrite(near[0], near[1], any_position(&mut random, acked));
            }
            if round % 5 == 0 && step % 11 == 10 {
                producer = Producer::resume(&heap).unwrap_or(producer);
                consumer = Consumer::resume(&heap).unwrap_or(consumer);
            }
        }
    }
}

#[test]
fn elements_go_round() {
    for start in [0, 5, u64::MAX - 2] {
        let heap = Heap::new(4 * 8, start);
        let mut producer = fixed::Producer::resume(&heap, 8).unwrap();
        let mut consumer = fixed::Consumer::begin(&heap, 8).unwrap();
        for n in 0..40_u64 {
            (0..4).for_each(|i| producer.send(&(n * 4 + i)).unwrap());
            assert_eq!(producer.send(&0_u64), Err(NoRoom::Full));
            (0..3).for_each(|i| assert_eq!(consumer.recv(), Ok(n * 4 + i)));
            assert_eq!(producer.send(&1_u64), Ok(()));
            assert_eq!(consumer.recv(), Ok(n * 4 + 3));
            assert_eq!(consumer.recv(), Ok(1_u64));
            assert_eq!(consumer.recv::<u64>(), Err(NoRecord::Empty));
        }
    }
}

#[test]
fn elements_of_odd_sizes_lie_side_by_side() {
    let heap = Heap::new(8 * 3, 6);
    let mut producer = fixed::Producer::resume(&heap, 3).unwrap();
    let mut consumer = fixed::Consumer::begin(&heap, 3).unwrap();
    for n in 0..50_u8 {
        assert_eq!(producer.send_slice(&[[n; 3], [n + 1; 3], [n + 2; 3]]), Ok(3));
        let mut got = [[0; 3]; 5];
        assert_eq!(consumer.recv_slice(&mut got), Ok(3));
        assert_eq!(got[..3], [[n; 3], [n + 1; 3], [n + 2; 3]]);
    }
    assert_eq!(producer.send(&0_u64), Err(NoRoom::Unfit));
    assert_eq!(consumer.recv::<u64>(), Err(NoRecord::Unfit(3)));
    assert_eq!(producer.send_run(&[0; 4], 1), Err(NoRoom::Unfit));
    assert_eq!(consumer.recv_run(&mut [0; 4], usize::MAX), Err(NoRecord::Unfit(3)));
}

#[test]
fn slices_take_what_fits() {
    for start in [0, 3, u64::MAX - 2] {
        let heap = Heap::new(8 * 4, start);
        let mut producer = fixed::Producer::resume(&heap, 4).unwrap();
        let mut consumer = fixed::Consumer::begin(&heap, 4).unwrap();
        let numbers: Vec<u32> = (0..20).collect();
        assert_eq!(producer.send_slice(&numbers), Ok(8));
        assert_eq!(producer.send_slice(&numbers), Err(NoRoom::Full));
        assert_eq!(producer.send_slice::<u32>(&[]), Ok(0));
        let mut got = [0_u32; 5];
        assert_eq!(consumer.recv_slice(&mut got), Ok(5));
        assert_eq!(got, [0, 1, 2, 3, 4]);
        assert_eq!(consumer.recv_slice(&mut got), Ok(3));
        assert_eq!(got[..3], [5, 6, 7]);
        assert_eq!(consumer.recv_slice(&mut got), Err(NoRecord::Empty));
    }
}

#[test]
fn elements_staged_or_unreleased_follow_the_same_rules() {
    let heap = Heap::new(64, 0);
    let mut producer = fixed::Producer::resume(&heap, 8).unwrap();
    let mut consumer = fixed::Consumer::begin(&heap, 8).unwrap();
    producer.push(&1_u64).unwrap();
    assert_eq!(consumer.peek::<u64>(), Err(NoRecord::Empty));
    producer.discard();
    producer.push(&2_u64).unwrap();
    producer.send(&3_u64).unwrap();
    assert_eq!(consumer.peek(), Ok(2_u64));
    assert!(consumer.take(2) && !consumer.take(1));
    consumer.rewind();
    let mut successor = fixed::Consumer::resume(&heap, 8).unwrap();
    producer.send(&4_u64).unwrap();
    for n in 2..5_u64 {
        assert_eq!((successor.in_doubt(), successor.recv()), (n < 4, Ok(n)));
    }
    assert!(!producer.poll(9), "more than the ring");
}

#[test]
fn no_words_make_an_element_end_stray() {
    let mut random = Random(77);
    for _ in 0..3_000 {
        let heap = Heap::new(8 * 6, random.next());
        let mut producer = fixed::Producer::resume(&heap, 6).unwrap();
        let mut consumer = fixed::Consumer::begin(&heap, 6).unwrap();
        for _ in 0..40 {
            let mut many = [[0_u8; 6]; 9];
            let count = random.below(10) as usize;
            match random.below(8) {
                0 => drop(producer.send(&many[0])),
                1 => drop(producer.send_slice(&many[..count])),
                2 => drop(producer.push(&many[0])),
                3 => drop(consumer.recv::<[u8; 6]>()),
                4 => drop(consumer.recv_slice(&mut many[..count])),
                5 => drop(consumer.take(count)),
                6 => consumer.rewind(),
                _ => {
                    let (tail, head, acked) = heap.words.read();
                    let near = [any_position(&mut random, tail), any_position(&mut random, head)];
                    heap.words.overwrite(near[0], near[1], any_position(&mut random, acked));
                }
            }
        }
    }
}
