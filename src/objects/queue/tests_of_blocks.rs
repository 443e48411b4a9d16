//! Messages in blocks that several queues share, and loans without guards.

use super::*;
use crate::objects::blocks::BlockClass;
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
