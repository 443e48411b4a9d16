use super::*;
use crate::error::ErrorKind;
use crate::objects::yard::Options;
use crate::sync::wait::Timeout;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(20);
const ALL: [Strategy; 3] = [Strategy::Adaptive, Strategy::Spin, Strategy::Block];

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

fn ring(capacity: usize, spin_only: bool) -> (Yard, Ring) {
    let yard = Options::new().slots(8).anonymous().unwrap();
    let ring = Ring::create(&yard, "r", RingOptions { capacity, spin_only }).unwrap();
    (yard, ring)
}

#[test]
fn records_come_out_as_they_went_in() {
    let (_yard, ring) = ring(256, false);
    let (mut tx, mut rx) =
        (ring.sender(Strategy::Adaptive).unwrap(), ring.receiver(Strategy::Adaptive).unwrap());
    let mut buffer = [0; 128];
    for round in 0..200usize {
        let record: Vec<u8> = (0..round % (ring.max_len() + 1)).map(|i| (i + round) as u8).collect();
        tx.send(&record, Timeout::Try).unwrap();
        let got = rx.recv(&mut buffer, Timeout::Try).unwrap();
        assert_eq!((&buffer[..got.len], got.redelivered), (&record[..], false));
    }
    assert_eq!(kind(rx.try_recv(&mut buffer)), ErrorKind::Empty);
    assert_eq!(kind(rx.recv(&mut buffer, SOON)), ErrorKind::Empty);
    assert_eq!(kind(tx.try_send(&[0; 121])), ErrorKind::TooLong);
    assert_eq!(ring.max_len(), 120);
}

#[test]
fn a_full_ring_says_so_and_takes_again_after_a_release() {
    for strategy in ALL {
        let (_yard, ring) = ring(64, false);
        let (mut tx, mut rx) = (ring.sender(strategy).unwrap(), ring.receiver(strategy).unwrap());
        while tx.try_send(b"12345678").is_ok() {}
        assert_eq!(kind(tx.try_send(b"x")), ErrorKind::Full);
        assert_eq!(kind(tx.send(b"x", SOON)), ErrorKind::Full);
        assert_eq!(rx.recv_vec(Timeout::Try).unwrap().0, b"12345678");
        tx.try_send(b"x").unwrap();
    }
}

#[test]
fn a_small_buffer_leaves_the_record() {
    let (_yard, ring) = ring(256, false);
    let (mut tx, mut rx) = (ring.sender(Strategy::Block).unwrap(), ring.receiver(Strategy::Block).unwrap());
    tx.try_send(b"hello").unwrap();
    let error = rx.try_recv(&mut [0; 4]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLong);
    assert_eq!(error.detail(), Some("a record of 5 bytes, a buffer of 4"));
    assert_eq!(rx.recv_vec(Timeout::Try).unwrap().0, b"hello");
}

#[test]
fn reserve_writes_in_place_and_peek_reads_in_place() {
    let (_yard, ring) = ring(1 << 12, false);
    let (mut tx, mut rx) = (ring.sender(Strategy::Block).unwrap(), ring.receiver(Strategy::Block).unwrap());
    drop(tx.reserve(100, Timeout::Try).unwrap());
    let mut slot = tx.reserve(100, Timeout::Try).unwrap();
    slot.write(0, b"in place").unwrap();
    assert_eq!(kind(slot.write(99, b"xx")), ErrorKind::Range);
    assert!(!slot.as_mut_ptr().is_null());
    slot.commit(8).unwrap();
    assert_eq!(kind(tx.reserve(8, Timeout::Try).unwrap().commit(9)), ErrorKind::Range);
    for _ in 0..2 {
        let record = rx.peek(Timeout::Try).unwrap();
        assert_eq!((record.len(), record.redelivered()), (8, false));
        // SAFETY: 8 bytes that nobody writes to in this test.
        assert_eq!(unsafe { std::slice::from_raw_parts(record.as_ptr(), 8) }, b"in place");
        drop(record); // not released: given again
    }
    rx.peek(Timeout::Try).unwrap().release();
    assert_eq!(kind(rx.peek(Timeout::Try).map(drop)), ErrorKind::Empty);
}

#[test]
fn batches_keep_order_and_boundaries() {
    let (_yard, ring) = ring(256, false);
    let (mut tx, mut rx) = (ring.sender(Strategy::Block).unwrap(), ring.receiver(Strategy::Block).unwrap());
    let sent = tx.send_batch(&["a", "bb", "", "dddd"], Timeout::Try).unwrap();
    assert_eq!(sent, 4);
    let (mut buffer, mut lens) = ([0; 6], [0; 8]);
    let batch = rx.recv_batch(&mut buffer, &mut lens, Timeout::Try).unwrap();
    assert_eq!((batch.records, batch.bytes, &lens[..3], &buffer[..3]), (3, 3, &[1, 2, 0][..], &b"abb"[..]));
    assert_eq!(kind(rx.recv_batch(&mut [0; 1], &mut lens, Timeout::Try)), ErrorKind::TooLong);
    assert_eq!(kind(rx.recv_batch(&mut buffer, &mut [], Timeout::Try)), ErrorKind::Invalid);
    assert_eq!(rx.recv_vec(Timeout::Try).unwrap().0, b"dddd");
    let many = vec![[7u8; 8]; 100];
    let sent = tx.send_batch(&many, Timeout::Try).unwrap();
    assert!((15..=16).contains(&sent), "256 bytes hold 16 records of 8, or 15 and a pad: {sent}");
    assert_eq!(kind(tx.send_batch(&many, SOON)), ErrorKind::Full);
    assert_eq!(tx.send_batch(&[[0u8; 8]; 0], Timeout::Try), Ok(0));
}

#[test]
fn ends_are_held_by_one_and_their_end_is_told() {
    let (yard, ring) = ring(256, false);
    assert_eq!(ring.sender_state(), Peer::Absent);
    let mut rx = ring.receiver(Strategy::Block).unwrap();
    assert_eq!(rx.peer(), Peer::Absent);
    assert_eq!(kind(rx.recv_vec(SOON)), ErrorKind::Empty, "nobody has come yet: no end of stream");
    let mut tx = ring.sender(Strategy::Block).unwrap();
    assert_eq!(kind(ring.sender(Strategy::Block).map(drop)), ErrorKind::Busy);
    assert_eq!(kind(Ring::open(&yard, "r").unwrap().receiver(Strategy::Spin).map(drop)), ErrorKind::Busy);
    tx.try_send(b"last").unwrap();
    drop(tx);
    assert_eq!(rx.recv_vec(LONG).unwrap().0, b"last", "what was sent comes before the end");
    assert_eq!(kind(rx.recv_vec(LONG)), ErrorKind::PeerClosed);
    assert_eq!(kind(rx.recv_vec(Timeout::Try)), ErrorKind::PeerClosed);
    let mut tx = ring.sender(Strategy::Block).unwrap(); // a closed end can be taken again
    drop(rx);
    while tx.try_send(&[0; 100]).is_ok() {}
    assert_eq!(kind(tx.send(&[0; 100], LONG)), ErrorKind::PeerClosed);
    let mut rx = ring.receiver(Strategy::Block).unwrap();
    assert_eq!(rx.recv_vec(Timeout::Try).unwrap().1, Received { len: 100, redelivered: false });
}

#[test]
fn two_threads_pass_numbers_in_order_with_every_strategy() {
    for (spin_only, fallback) in [(false, false), (true, false), (false, true)] {
        for strategy in ALL {
            let yard = Options::new().fallback(fallback).anonymous().unwrap();
            let ring = Ring::create(&yard, "r", RingOptions { capacity: 256, spin_only }).unwrap();
            let (mut tx, mut rx) = (ring.sender(strategy).unwrap(), ring.receiver(strategy).unwrap());
            std::thread::scope(|s| {
                s.spawn(move || {
                    for n in 0..500u64 {
                        tx.send(&n.to_ne_bytes()[..(n % 9) as usize], LONG).unwrap();
                    }
                });
                let mut buffer = [0; 8];
                for n in 0..500u64 {
                    let got = rx.recv(&mut buffer, LONG).unwrap();
                    assert_eq!(buffer[..got.len], n.to_ne_bytes()[..(n % 9) as usize]);
                }
                assert_eq!(kind(rx.recv(&mut buffer, LONG)), ErrorKind::PeerClosed);
            });
        }
    }
}

#[test]
fn typed_elements_come_out_as_they_went_in() {
    let yard = Options::new().anonymous().unwrap();
    let ring = TypedRing::<[u32; 3]>::create(&yard, "t", 4, false).unwrap();
    assert_eq!(ring.capacity(), 4);
    let (mut tx, mut rx) = (ring.sender(Strategy::Block).unwrap(), ring.receiver(Strategy::Block).unwrap());
    for n in 0..20 {
        tx.try_send([n, n + 1, n + 2]).unwrap();
        assert_eq!(rx.peek(Timeout::Try).unwrap(), [n, n + 1, n + 2]);
        assert!(!rx.redelivered());
        rx.release().unwrap();
    }
    assert_eq!(kind(rx.release()), ErrorKind::Empty);
    assert_eq!(tx.send_slice(&[[1; 3]; 9], Timeout::Try), Ok(4));
    assert_eq!(kind(tx.try_send([0; 3])), ErrorKind::Full);
    let mut out = [[0; 3]; 3];
    assert_eq!(rx.recv_slice(&mut out, Timeout::Try), Ok(3));
    assert_eq!(out, [[1; 3]; 3]);
    drop(tx);
    assert_eq!(rx.recv(LONG), Ok([1; 3]));
    assert_eq!(kind(rx.recv(LONG)), ErrorKind::PeerClosed);
    assert_eq!(kind(TypedRing::<u64>::open(&yard, "t")), ErrorKind::Mismatch);
    assert_eq!(kind(Ring::open(&yard, "t")), ErrorKind::Mismatch);
    assert_eq!(kind(TypedRing::<()>::create(&yard, "u", 4, false)), ErrorKind::Size);
    assert_eq!(kind(TypedRing::<u64>::create(&yard, "u", 3, false)), ErrorKind::Size);
}

#[test]
fn impossible_capacities_are_refused() {
    let yard = Options::new().anonymous().unwrap();
    for capacity in [0, 1, 63, 96, usize::MAX, 1 << 41] {
        let made = Ring::create(&yard, "r", RingOptions { capacity, spin_only: false });
        assert_eq!(kind(made), ErrorKind::Size, "{capacity}");
    }
    let large = RingOptions { capacity: 1 << 30, spin_only: false };
    assert_eq!(kind(Ring::create(&yard, "r", large)), ErrorKind::NoSpace);
}

#[test]
fn what_was_not_shown_is_not_released() {
    let yard = Options::new().size(1 << 20).anonymous().unwrap();
    let ring = TypedRing::<u64>::create(&yard, "ring", 8, false).unwrap();
    let (mut tx, mut rx) = (ring.sender(Strategy::Block).unwrap(), ring.receiver(Strategy::Block).unwrap());
    (0..4).for_each(|n| tx.try_send(n).unwrap());
    assert_eq!(kind(rx.release()), ErrorKind::Empty);
    assert_eq!(rx.peek(Timeout::Try).unwrap(), 0);
    rx.release().unwrap();
    assert_eq!(kind(rx.release()), ErrorKind::Empty);
    assert_eq!(rx.peek(Timeout::Try).unwrap(), 1);
    assert_eq!(rx.recv(Timeout::Try).unwrap(), 1);
    assert_eq!(kind(rx.release()), ErrorKind::Empty);
    assert_eq!(rx.recv(Timeout::Try).unwrap(), 2);
}
