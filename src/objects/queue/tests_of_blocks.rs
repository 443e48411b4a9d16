//! Messages in blocks that several queues share, and loans without guards.

use super::*;
use crate::objects::blocks::{BlockClass, BlocksOptions};
use crate::objects::yard::Yard;
use crate::segment::bits::{BlockHandle, Link};
use crate::sync::wait::Timeout;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(20);
const BRIEF: Duration = Duration::from_millis(30);

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.err().unwrap().kind()
}

fn blocks(yard: &Yard, count: u32) -> Blocks {
    let classes = vec![BlockClass { size: 256, count }];
    Blocks::create(yard, "shared", &BlocksOptions { bytes: 0, classes }).unwrap()
}

fn free(blocks: &Blocks) -> u32 {
    blocks.usage()[0].free
}

fn small() -> QueueOptions {
    QueueOptions { capacity: 4, ..QueueOptions::default() }
}

fn two(yard: &Yard, blocks: &Blocks) -> [Queue; 2] {
    ["a", "b"].map(|name| Queue::create_with_blocks(yard, name, small(), blocks).unwrap())
}

#[test]
fn several_queues_share_blocks() {
    let yard = Yard::anonymous().unwrap();
    let blocks = blocks(&yard, 3);
    let [a, b] = two(&yard, &blocks);
    assert_eq!((a.max_len(), b.max_len()), (768, 768));
    a.try_put(&[1; 200]).unwrap();
    b.try_put(&[2; 200]).unwrap();
    blocks.try_alloc(1).unwrap().into_handle();
    assert_eq!(
        (kind(a.try_put(&[3; 200])), kind(b.put(&[3; 200], BRIEF))),
        (ErrorKind::Full, ErrorKind::Full)
    );
    a.try_put(b"short").unwrap();
    assert_eq!(b.get_vec(SOON).unwrap().0, [2; 200]);
    a.try_put(&[3; 200]).unwrap();
    let came = [(); 3].map(|()| a.get_vec(SOON).unwrap().0);
    assert_eq!(came, [vec![1; 200], b"short".to_vec(), vec![3; 200]]);
    assert_eq!(free(&blocks), 2);
}

/// Whether a putter that waits for the only block hears at once that it is free, and not by its slice. Usually: some
/// rounds of many.
fn hears(a: &Queue, take: impl Fn() -> u64, free: impl Fn(u64)) -> bool {
    (0..20).any(|_| {
        let taken = take();
        let quick = std::thread::scope(|s| {
            let putter = s.spawn(|| {
                a.put(&[7; 100], SOON).unwrap();
                Instant::now()
            });
            std::thread::sleep(BRIEF);
            let freed = Instant::now();
            free(taken);
            putter.join().unwrap() - freed < Duration::from_nanos(crate::sync::wait::SLICE_NS / 8)
        });
        assert_eq!(a.get_vec(SOON).unwrap().0, [7; 100]);
        quick
    })
}

#[test]
fn who_waits_for_a_block_hears_of_each_that_is_free() {
    let yard = Yard::anonymous().unwrap();
    let blocks = blocks(&yard, 1);
    let [a, b] = two(&yard, &blocks);
    let put = || b.put(&[9; 100], SOON).map(|()| 0).unwrap();
    assert!(hears(&a, put, |_| drop(b.get_vec(SOON).unwrap())), "got from another queue");
    assert!(hears(&a, put, |_| drop(b.get_borrow(SOON).unwrap())), "read in another queue");
    let loan = || b.loan(100, SOON).unwrap().into_handle();
    assert!(hears(&a, loan, |loan| b.release_unguarded(loan).unwrap()), "a loan given back");
    assert!(hears(&a, loan, |block| blocks.free(block).unwrap()), "freed by whom no queue knows");
}

#[test]
fn a_message_goes_on_into_another_queue_without_a_copy() {
    let yard = Yard::anonymous().unwrap();
    let blocks = blocks(&yard, 1);
    let [a, b] = two(&yard, &blocks);
    a.try_put(&[1; 100]).unwrap();
    let block = a.get_borrow(SOON).unwrap().into_block().unwrap();
    block.write(0, b"2").unwrap();
    b.put_loan(block, SOON).unwrap();
    let (bytes, received) = b.get_vec(SOON).unwrap();
    assert_eq!((&bytes[..2], bytes.len(), received.redelivered), (&b"2\x01"[..], 100, false));
    a.try_put(b"short").unwrap();
    let message = a.get_borrow(SOON).unwrap().into_block().unwrap_err();
    assert_eq!((message, free(&blocks)), (b"short".to_vec(), 1));
}

#[test]
fn each_queue_is_asked_for_what_it_names() {
    let yard = Yard::anonymous().unwrap();
    let blocks = blocks(&yard, 2);
    let [a, b] = two(&yard, &blocks);
    let held = yard.held();
    let record = |name| held.directory().unwrap().find(&Name::new(name).unwrap()).unwrap().unwrap();
    let [of_a, of_b] = ["a", "b"].map(record);
    // Both queues have a message at the same position.
    a.try_put(&[1; 100]).unwrap();
    b.try_put(&[2; 100]).unwrap();
    let name = |queue: &Queue| {
        let reading = queue.claim(queue.seat().unwrap(), usize::MAX).unwrap();
        let (handle, position) = (large::name_in(&reading).0, reading.item().position);
        reading.put_back();
        (BlockHandle(handle), position)
    };
    let ([in_a, in_b], asked) = ([name(&a), name(&b)], |record: &Record, (handle, position)| {
        let link = Link::new(record.offset, position);
        crate::objects::names(held, link, handle)
    });
    assert_eq!(in_a.1, in_b.1);
    assert!(asked(&of_a, in_a) && asked(&of_b, in_b));
    assert!(!asked(&of_a, in_b) && !asked(&of_b, in_a));
}

#[test]
fn blocks_of_another_yard_are_foreign_and_other_blocks_a_mismatch() {
    let (yard, other) = (Yard::anonymous().unwrap(), Yard::anonymous().unwrap());
    let (mine, foreign) = (blocks(&yard, 1), blocks(&other, 1));
    let create = |options, blocks| Queue::create_with_blocks(&yard, "q", options, blocks);
    assert_eq!(kind(create(small(), &foreign)), ErrorKind::Foreign);
    assert_eq!(kind(create(QueueOptions { block_bytes: 4096, ..small() }, &mine)), ErrorKind::Invalid);
    let queue = create(small(), &mine).unwrap();
    let again = |blocks: &Blocks| Queue::open_or_create_with_blocks(&yard, "q", small(), blocks);
    assert_eq!(again(&mine).unwrap().blocks().unwrap().offset(), mine.offset());
    assert_eq!(kind(Queue::open_or_create(&yard, "q", small())), ErrorKind::Mismatch);
    let options = BlocksOptions { bytes: 4096, ..BlocksOptions::default() };
    let others = Blocks::create(&yard, "others", &options).unwrap();
    assert_eq!(kind(again(&others)), ErrorKind::Mismatch);
    Queue::create(&yard, "plain", small()).unwrap();
    let plain = Queue::open_or_create_with_blocks(&yard, "plain", small(), &mine);
    assert_eq!(kind(plain), ErrorKind::Mismatch);
    assert_eq!((Queue::open(&yard, "q").unwrap().max_len(), queue.options()), (256, small()));
}

#[test]
fn a_loan_without_a_guard_is_the_process_s_until_it_was_put() {
    let yard = Yard::anonymous().unwrap();
    let blocks = blocks(&yard, 2);
    let [a, _b] = two(&yard, &blocks);
    (0..4).for_each(|_| a.try_put(b"").unwrap());
    let handle = a.loan(9, SOON).unwrap().into_handle();
    assert_eq!(kind(a.put_loan_unguarded(handle, Timeout::Try)), ErrorKind::Full);
    blocks.write(handle, 0, b"nine byte").unwrap();
    (0..4).for_each(|_| assert_eq!(a.get_vec(SOON).unwrap().1.len, 0));
    a.put_loan_unguarded(handle, Timeout::Try).unwrap();
    assert_eq!(kind(a.put_loan_unguarded(handle, Timeout::Try)), ErrorKind::State);
    assert_eq!(kind(a.release_unguarded(handle)), ErrorKind::State);
    assert_eq!((a.len(), a.get_vec(SOON).unwrap().0), (1, b"nine byte".to_vec()));
    assert_eq!(kind(a.put_loan_unguarded(handle, Timeout::Try)), ErrorKind::State);
    assert_eq!(kind(a.put_loan_unguarded(0, Timeout::Try)), ErrorKind::Foreign);
    assert_eq!((free(&blocks), a.len()), (2, 0));
}

#[test]
fn elements_that_are_too_long_for_the_queue_lie_in_blocks() {
    type Long = [u64; 40];
    let yard = Yard::anonymous().unwrap();
    let queue = TypedQueue::<Long>::create_joinable(&yard, "long", 3, 2).unwrap();
    let blocks = queue.queue().blocks().unwrap();
    assert_eq!((blocks.max_len() / size_of::<Long>(), blocks.usage()[0].free), (5, 5));
    for lap in 0..4 {
        (0..3).for_each(|n| queue.try_put([lap * 3 + n; 40]).unwrap());
        assert_eq!(kind(queue.try_put([9; 40])), ErrorKind::Full);
        let owed = [0, 1].map(|n| {
            let (element, owed) = queue.get_ack(Timeout::Try).unwrap();
            assert_eq!(element, [lap * 3 + n; 40]);
            owed.ticket
        });
        // As many as the queue holds fit in beside those that are owed.
        (3..5).for_each(|n| queue.try_put([n; 40]).unwrap());
        assert_eq!((kind(queue.try_put([9; 40])), free(blocks)), (ErrorKind::Full, 0));
        owed.iter().for_each(|ticket| queue.done(*ticket).unwrap());
        assert_eq!(queue.try_get().unwrap(), ([lap * 3 + 2; 40], false));
        (3..5).for_each(|n| assert_eq!(queue.try_get().unwrap(), ([n; 40], false)));
        assert_eq!(free(blocks), 5);
    }
    let opened = TypedQueue::<Long>::open_or_create(&yard, "long", 3);
    assert_eq!(kind(opened), ErrorKind::Mismatch, "another number may be owed");
    assert!(TypedQueue::<Long>::open(&yard, "long").is_ok());
    assert_eq!(kind(TypedQueue::<[u64; 41]>::open(&yard, "long")), ErrorKind::Mismatch);
    assert_eq!(kind(TypedQueue::<[u8; 113]>::create(&yard, "far-too-many", 1 << 23)), ErrorKind::Range);
    let edge = TypedQueue::<[u8; 113]>::open_or_create(&yard, "edge", 1).unwrap();
    edge.try_put([7; 113]).unwrap();
    assert_eq!((kind(edge.try_put([8; 113])), edge.try_get().unwrap().0), (ErrorKind::Full, [7; 113]));
    let again = TypedQueue::<[u8; 113]>::open_or_create(&yard, "edge", 1).unwrap();
    again.try_put([9; 113]).unwrap();
    assert_eq!(edge.try_get().unwrap().0, [9; 113]);
    // Whoever puts something of another length through the queue below has lost it.
    again.queue().try_put(&[1; 5]).unwrap();
    assert_eq!(kind(edge.try_get()), ErrorKind::Corrupt);
}
