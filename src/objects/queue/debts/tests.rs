//! Acknowledged gets together with what else a queue can have: a limit in bytes, sides, shared blocks, loans; and the
//! death of who has the message.
#![allow(unsafe_code)] // children are forked and killed

use super::*;
use crate::objects::blocks::{BlockClass, BlocksOptions};
use crate::objects::ring::{Peer, Received};
use crate::os::fork::APART;
use crate::sync::wait::Timeout;
use crate::{Event, EventOptions, wait_any};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(20);
const BRIEF: Duration = Duration::from_millis(20);
/// A message that lies in a block.
const LONG: [u8; 60] = [6; 60];

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.err().unwrap().kind()
}

fn options() -> QueueOptions {
    QueueOptions { capacity: 8, unacked: 4, block_bytes: 16 << 10, ..QueueOptions::default() }
}

fn queue(yard: &Yard, options: QueueOptions) -> Queue {
    Queue::create(yard, "queue", options).unwrap()
}

fn in_use(queue: &Queue) -> u32 {
    queue.yard().sweep();
    let usage = queue.blocks().unwrap().usage();
    usage.iter().map(|class| class.owned + class.offered + class.linked).sum()
}

/// The next message, whether it is flagged, and its ticket.
fn take(queue: &Queue, timeout: impl Into<Timeout>) -> Result<(Vec<u8>, bool, u64)> {
    let (bytes, owed) = queue.get_ack_vec(timeout)?;
    Ok((bytes, owed.received.redelivered, owed.ticket))
}

/// What is taken and acknowledged.
fn take_and_end(queue: &Queue) -> (Vec<u8>, bool) {
    let (bytes, again, ticket) = take(queue, SOON).unwrap();
    queue.done(ticket).unwrap();
    (bytes, again)
}

/// A child that has done something and stands still.
struct Child(i32);

impl Child {
    fn after(yard: &Yard, act: impl FnOnce()) -> Child {
        let auto = EventOptions { auto_reset: true, ..EventOptions::default() };
        let ready = Event::open_or_create(yard, "ready", auto).unwrap();
        let forks = APART.lock();
        // SAFETY: the child runs no destructor of the parent's and ends by a signal.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            if std::panic::catch_unwind(std::panic::AssertUnwindSafe(act)).is_ok() {
                ready.set();
            }
            loop {
                std::thread::sleep(SOON);
            }
        }
        drop(forks);
        let child = Child(pid);
        ready.wait(SOON).unwrap();
        child
    }

    fn kill(self) {}
}

impl Drop for Child {
    fn drop(&mut self) {
        // SAFETY: our own child.
        unsafe {
            libc::kill(self.0, libc::SIGKILL);
            libc::waitpid(self.0, std::ptr::null_mut(), 0);
        }
    }
}

#[test]
fn what_was_got_counts_no_more_among_the_bytes_whatever_becomes_of_it() {
    let yard = Yard::anonymous().unwrap();
    let queue = queue(&yard, QueueOptions { max_bytes: 100, ..options() });
    queue.try_put(&[4; 40]).unwrap();
    queue.try_put(&LONG).unwrap();
    assert_eq!((kind(queue.try_put(b"x")), queue.bytes()), (ErrorKind::Full, 100));
    let (_, _, ticket) = take(&queue, SOON).unwrap();
    assert_eq!(queue.bytes(), 60);
    queue.try_put(&[5; 40]).unwrap();
    queue.put_back(ticket).unwrap();
    assert_eq!((queue.bytes(), queue.len(), queue.unfinished()), (100, 3, 3));
    assert_eq!(kind(queue.try_put(b"x")), ErrorKind::Full);
    assert_eq!(take_and_end(&queue), (vec![4; 40], true));
    assert_eq!((queue.bytes(), kind(queue.try_put(b"x"))), (100, ErrorKind::Full));
    queue.put_back(take(&queue, SOON).unwrap().2).unwrap();
    assert_eq!(queue.get_vec(SOON).unwrap().0, LONG);
    assert_eq!((queue.bytes(), queue.unfinished(), in_use(&queue)), (40, 1, 0));
    queue.try_put(&LONG).unwrap();
}

#[test]
fn a_dead_one_s_bytes_are_counted_once_and_who_waits_for_room_gets_it() {
    let yard = Yard::anonymous().unwrap();
    let queue = queue(&yard, QueueOptions { max_bytes: 100, ..options() });
    for _ in 0..3 {
        queue.try_put(&LONG).unwrap();
        queue.try_put(&[4; 40]).unwrap();
        std::thread::scope(|s| {
            let putter = s.spawn(|| queue.put(&[7; 50], SOON));
            std::thread::sleep(BRIEF);
            let child = Child::after(&yard, || assert_eq!(take(&queue, SOON).unwrap().0, LONG));
            putter.join().unwrap().unwrap();
            assert_eq!((queue.bytes(), queue.unfinished()), (90, 3));
            let joiner = s.spawn(|| queue.join(SOON));
            child.kill();
            assert_eq!(queue.bytes(), 90);
            // Who finds something need not look after the dead: it comes when its death is found.
            let mut got = [(); 2].map(|()| take_and_end(&queue)).to_vec();
            assert!(!joiner.is_finished());
            got.push(take_and_end(&queue));
            got.sort();
            assert_eq!(got, [(vec![4; 40], false), (LONG.to_vec(), true), (vec![7; 50], false)]);
            joiner.join().unwrap().unwrap();
        });
        assert_eq!((queue.bytes(), queue.unfinished(), in_use(&queue)), (0, 0, 0));
    }
}

#[test]
fn what_a_dead_one_owed_comes_before_the_news_that_nobody_produces() {
    for timeout in [Timeout::Try, SOON.into()] {
        let yard = Yard::anonymous().unwrap();
        let queue = queue(&yard, QueueOptions { sides: true, ..options() });
        [&b"x"[..], &LONG].iter().for_each(|message| queue.try_put(message).unwrap());
        let child = Child::after(&yard, || [(); 2].map(|()| take(&queue, SOON).unwrap()).map(drop)[0]);
        let apart = APART.lock();
        drop(queue.producer().unwrap()); // not the child's
        drop(apart);
        // What the living owe nobody is kept waiting for.
        assert_eq!(kind(queue.get_vec(SOON)), ErrorKind::PeerClosed);
        child.kill();
        let (bytes, again, ticket) = take(&queue, timeout).unwrap();
        assert_eq!((&bytes[..], again), (&b"x"[..], true));
        assert_eq!(take_and_end(&queue), (LONG.to_vec(), true));
        assert_eq!(kind(take(&queue, timeout)), ErrorKind::PeerClosed);
        queue.put_back(ticket).unwrap();
        assert_eq!(take_and_end(&queue), (b"x".to_vec(), true));
        assert_eq!((kind(take(&queue, timeout)), in_use(&queue)), (ErrorKind::PeerClosed, 0));
        queue.join(Timeout::Try).unwrap();
    }
}

/// The last producer is one who owes something too, and others sleep.
#[test]
fn who_dies_on_both_sides_leaves_what_he_owed_and_then_the_news() {
    let yard = Yard::anonymous().unwrap();
    let queue = queue(&yard, QueueOptions { sides: true, ..options() });
    queue.try_put(&LONG).unwrap();
    let child = Child::after(&yard, || {
        queue.enter_side(QueueSide::Producers).unwrap();
        take(&queue, SOON).unwrap();
    });
    std::thread::scope(|s| {
        let getters = [(); 2].map(|()| s.spawn(|| take(&queue, SOON)));
        let joiner = s.spawn(|| queue.join(SOON));
        std::thread::sleep(BRIEF);
        child.kill();
        let ended = getters.map(|getter| getter.join().unwrap());
        let got: Vec<_> = ended.iter().flatten().collect();
        assert_eq!((got.len(), got[0].0 == LONG, got[0].1), (1, true, true));
        assert_eq!(
            ended.iter().flat_map(|end| end.as_ref().err()).next().unwrap().kind(),
            ErrorKind::PeerDied
        );
        assert!(!joiner.is_finished());
        queue.done(got[0].2).unwrap();
        joiner.join().unwrap().unwrap();
    });
    assert_eq!((queue.side_state(QueueSide::Producers), in_use(&queue)), (Peer::Died, 0));
}

#[test]
fn who_waits_for_room_hears_that_the_last_consumer_has_died_with_what_he_owed() {
    let yard = Yard::anonymous().unwrap();
    let queue = queue(&yard, QueueOptions { sides: true, capacity: 1, ..options() });
    queue.try_put(b"1").unwrap();
    let child = Child::after(&yard, || {
        queue.enter_side(QueueSide::Consumers).unwrap();
        take(&queue, SOON).unwrap();
    });
    queue.try_put(b"2").unwrap();
    std::thread::scope(|s| {
        let putter = s.spawn(|| kind(queue.put(b"3", SOON)));
        std::thread::sleep(BRIEF);
        child.kill();
        assert_eq!(putter.join().unwrap(), ErrorKind::PeerDied);
    });
    // Nobody who gets has looked for the dead one yet: what he owed may come last.
    let mut got = [(); 2].map(|()| take_and_end(&queue));
    got.sort_unstable();
    assert_eq!(got, [(b"1".to_vec(), true), (b"2".to_vec(), false)]);
    queue.join(Timeout::Try).unwrap();
}

/// Not even as long as he may be about to end: his thread has left the yard, and he lives.
#[test]
fn what_the_living_owe_keeps_nobody_from_the_end() {
    for timeout in [Timeout::Try, SOON.into()] {
        let yard = Yard::anonymous().unwrap();
        let queue = queue(&yard, options());
        queue.try_put(b"x").unwrap();
        let child = Child::after(&yard, || {
            take(&queue, SOON).unwrap();
            yard.detach_thread();
        });
        queue.shutdown(false);
        assert_eq!(kind(take(&queue, timeout)), ErrorKind::End);
        child.kill();
    }
}

#[test]
fn what_a_dead_one_owed_comes_before_the_end() {
    for timeout in [Timeout::Try, SOON.into()] {
        let yard = Yard::anonymous().unwrap();
        let queue = queue(&yard, options());
        queue.try_put(b"x").unwrap();
        let child = Child::after(&yard, || drop(take(&queue, SOON).unwrap()));
        queue.shutdown(false);
        assert_eq!(kind(take(&queue, timeout)), ErrorKind::End);
        child.kill();
        assert_eq!(take(&queue, timeout).map(|(bytes, again, _)| (bytes, again)), Ok((b"x".to_vec(), true)));
        queue.task_done().unwrap();
        assert_eq!(kind(take(&queue, timeout)), ErrorKind::End);
        queue.join(Timeout::Try).unwrap();
    }
}

#[test]
fn blocks_that_queues_share_stay_with_what_a_dead_one_owed_in_each() {
    let yard = Yard::anonymous().unwrap();
    let classes = vec![BlockClass { size: 256, count: 3 }];
    let blocks = Blocks::create(&yard, "shared", &BlocksOptions { bytes: 0, classes }).unwrap();
    let options = QueueOptions { block_bytes: 0, ..options() };
    let [a, b] = ["a", "b"].map(|name| Queue::create_with_blocks(&yard, name, options, &blocks).unwrap());
    let free = || blocks.usage()[0].free;
    for round in 0..3 {
        a.try_put(&LONG).unwrap();
        a.try_put(&[7; 70]).unwrap();
        b.try_put(&[8; 80]).unwrap();
        let child = Child::after(&yard, || {
            take(&a, SOON).unwrap();
            take(&b, SOON).unwrap();
            // Got for good, and put on without a copy; then it is the other queue's.
            let block = a.get_borrow(SOON).unwrap().into_block().unwrap();
            b.put_loan(block, SOON).unwrap();
            take(&b, SOON).unwrap();
        });
        assert_eq!((a.unfinished(), b.unfinished(), free()), (1, 2, 0));
        child.kill();
        if round == 1 {
            yard.held().sweep(); // before anybody asks for them
        }
        assert_eq!(take_and_end(&b), (vec![8; 80], true));
        assert_eq!(free(), 1);
        assert_eq!(a.get_vec(SOON), Ok((LONG.to_vec(), Received { len: 60, redelivered: true })));
        let borrowed = b.get_borrow(SOON).unwrap();
        assert_eq!((borrowed.to_vec(), borrowed.redelivered(), free()), (vec![7; 70], true, 2));
        drop(borrowed);
        yard.held().sweep();
        assert_eq!((free(), a.unfinished(), b.unfinished()), (3, 0, 0));
        // Each was freed once: all three can be had at a time.
        let all: Vec<_> = (0..3).map(|_| blocks.try_alloc(200).unwrap()).collect();
        assert!(blocks.try_alloc(1).is_err());
        drop(all);
        [&a, &b].iter().for_each(|queue| queue.join(Timeout::Try).unwrap());
    }
}

#[test]
fn a_loan_is_owed_as_any_message_once_it_is_put() {
    let yard = Yard::anonymous().unwrap();
    let queue = queue(&yard, options());
    let fill = |byte: u8| {
        let loan = queue.loan(500, SOON).unwrap();
        loan.write(0, &[byte; 500]).unwrap();
        loan
    };
    // Never put.
    Child::after(&yard, || assert_ne!(fill(1).into_handle(), 0)).kill();
    assert_eq!((in_use(&queue), queue.unfinished()), (0, 0));
    // Put by one who dies, owed by another who dies.
    Child::after(&yard, || queue.put_loan(fill(2), SOON).unwrap()).kill();
    assert_eq!((in_use(&queue), queue.unfinished()), (1, 1));
    Child::after(&yard, || assert_eq!(take(&queue, SOON).unwrap().0, [2; 500])).kill();
    let (bytes, again, ticket) = take(&queue, Timeout::Try).unwrap();
    assert_eq!((bytes, again, in_use(&queue)), (vec![2; 500], true, 1));
    queue.put_back(ticket).unwrap();
    // Read where it lies, by one who dies: gone with him, and its block free.
    let child = Child::after(&yard, || {
        let message = queue.get_borrow(SOON).unwrap();
        assert!(message.redelivered());
        std::mem::forget(message);
    });
    assert_eq!((queue.unfinished(), in_use(&queue)), (0, 1));
    queue.join(Timeout::Try).unwrap();
    child.kill();
    assert_eq!((in_use(&queue), kind(take(&queue, Timeout::Try))), (0, ErrorKind::Empty));
    // A loan that finds no room goes back to its owner, who puts it later.
    (0..8).for_each(|_| queue.try_put(b"x").unwrap());
    let (error, loan) = queue.put_loan(fill(3), Timeout::Try).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full);
    take_and_end(&queue);
    queue.put_loan(loan.unwrap(), Timeout::Try).unwrap();
    (0..7).for_each(|_| drop(take_and_end(&queue)));
    assert_eq!((take_and_end(&queue), in_use(&queue)), ((vec![3; 500], false), 0));
}

#[test]
fn a_try_that_finds_nothing_knows_that_nothing_is_anywhere() {
    let yard = Yard::anonymous().unwrap();
    let queue = queue(&yard, options());
    let part = queue.part().unwrap();
    let is_clear = || part.clear.is_so(&queue.0.ring);
    assert!(!is_clear(), "nobody has looked");
    for lap in 0..20_u8 {
        assert_eq!(kind(take(&queue, Timeout::Try)), ErrorKind::Empty);
        assert!(is_clear());
        queue.try_put(&[lap]).unwrap();
        assert!(!is_clear());
        let (bytes, _, ticket) = take(&queue, Timeout::Try).unwrap();
        assert_eq!((bytes[0], kind(take(&queue, Timeout::Try)), is_clear()), (lap, ErrorKind::Empty, false));
        queue.put_back(ticket).unwrap();
        assert_eq!((queue.in_hand(), take(&queue, Timeout::Try).unwrap().1), (get::InHand::Owed, true));
        let same = Queue::open(&yard, "queue").unwrap();
        assert_eq!(kind(same.get_vec(Timeout::Try)), ErrorKind::Empty);
        queue.task_done().unwrap();
    }
    assert_eq!(kind(queue.get_vec(Timeout::Try)), ErrorKind::Empty);
    assert!(is_clear());
    // Another handle learns of what comes, by its place.
    let other = Queue::open(&yard, "queue").unwrap();
    other.try_put(b"x").unwrap();
    Child::after(&yard, || drop(take(&other, SOON).unwrap())).kill();
    assert_eq!(take_and_end(&queue), (b"x".to_vec(), true));
}

#[test]
fn who_waits_for_many_is_told_that_nobody_produces_any_more() {
    let yard = Yard::anonymous().unwrap();
    let never = Event::create(&yard, "never", EventOptions::default()).unwrap();
    let all: Vec<Event> = (0..20)
        .map(|n| Event::create(&yard, &format!("never-{n}"), EventOptions::default()).unwrap())
        .collect();
    for unacked in [0, 4] {
        for many in [0, 20] {
            let name = format!("queue-{unacked}-{many}");
            let queue =
                Queue::create(&yard, &name, QueueOptions { sides: true, unacked, ..options() }).unwrap();
            let mut objects: Vec<&dyn crate::Waitable> = vec![&never, &queue];
            objects.extend(all[..many].iter().map(|event| event as &dyn crate::Waitable));
            assert_eq!(kind(wait_any(&objects, BRIEF)), ErrorKind::Timeout, "nobody has ever produced");
            let told = |change: &dyn Fn()| {
                std::thread::scope(|s| {
                    let waiter = s.spawn(|| wait_any(&objects, SOON));
                    std::thread::sleep(BRIEF);
                    assert!(!waiter.is_finished());
                    let begun = Instant::now();
                    change();
                    assert_eq!(waiter.join().unwrap(), Ok(1));
                    assert!(begun.elapsed() < SOON / 2);
                });
            };
            let apart = APART.lock();
            let part = std::cell::Cell::new(Some(queue.producer().unwrap()));
            told(&|| drop(part.take()));
            assert_eq!(kind(queue.get_vec(Timeout::Try)), ErrorKind::PeerClosed);
            drop(apart);
            let child = Child::after(&yard, || queue.enter_side(QueueSide::Producers).unwrap());
            let child = std::cell::Cell::new(Some(child));
            told(&|| drop(child.take()));
            assert_eq!(kind(queue.get_vec(Timeout::Try)), ErrorKind::PeerDied);
            assert_eq!(wait_any(&objects, Timeout::Try), Ok(1));
            // One that comes is waited for again.
            let _producer = queue.producer().unwrap();
            assert_eq!(kind(wait_any(&objects, BRIEF)), ErrorKind::Timeout);
        }
    }
}

#[test]
fn who_waits_for_many_is_told_of_what_a_dead_one_owed() {
    let yard = Yard::anonymous().unwrap();
    let queue = queue(&yard, options());
    let never = Event::create(&yard, "never", EventOptions::default()).unwrap();
    queue.try_put(b"x").unwrap();
    let child = Child::after(&yard, || drop(take(&queue, SOON).unwrap()));
    std::thread::scope(|s| {
        let waiter = s.spawn(|| wait_any(&[&never, &queue], SOON));
        std::thread::sleep(BRIEF);
        assert!(!waiter.is_finished());
        child.kill();
        assert_eq!(waiter.join().unwrap(), Ok(1));
    });
    assert_eq!(take_and_end(&queue), (b"x".to_vec(), true));
}

/// Cells of every size: each message lies in its own bytes, in the ring and where it is owed, and the next object too.
#[test]
fn each_cell_is_as_long_as_it_was_asked_for() {
    for (inline_max, unacked) in (16..=112).step_by(16).flat_map(|inline| [(inline, 0), (inline, 8)]) {
        let yard = Yard::anonymous().unwrap();
        let options = QueueOptions { capacity: 8, inline_max, unacked, ..QueueOptions::default() };
        let queue = queue(&yard, options);
        let next = Queue::create(&yard, "next", options).unwrap();
        let record = yard.held().directory().unwrap().find(&Name::new("queue").unwrap()).unwrap().unwrap();
        // Eight of them are whole pairs of lines, to which all objects are rounded up.
        let (cells, debts) = (8 * (inline_max + 16), 256 + 8 * (inline_max + 16 + 16));
        let bytes = layout::CELLS_AT as usize + cells + if unacked == 0 { 0 } else { debts };
        assert_eq!(record.len as usize, bytes, "{inline_max} {unacked}");
        assert_eq!(queue.max_len(), inline_max);
        let message = |n: usize| (0..inline_max).map(|at| (n * 131 + at) as u8).collect::<Vec<u8>>();
        next.try_put(&message(99)).unwrap();
        assert_eq!(kind(queue.try_put(&vec![0; inline_max + 1])), ErrorKind::TooLong);
        for lap in 0..4 {
            (0..8).for_each(|n| queue.try_put(&message(lap * 16 + n)).unwrap());
            let owed = unacked;
            let tickets: Vec<_> = (0..owed)
                .map(|n| {
                    let (bytes, _, ticket) = take(&queue, Timeout::Try).unwrap();
                    assert_eq!(bytes, message(lap * 16 + n), "{inline_max}");
                    ticket
                })
                .collect();
            (0..owed).for_each(|n| queue.try_put(&message(lap * 16 + 8 + n)).unwrap());
            tickets.into_iter().for_each(|ticket| queue.put_back(ticket).unwrap());
            for n in 0..8 + owed {
                assert_eq!(
                    queue.get_vec(Timeout::Try).unwrap().0,
                    message(lap * 16 + n),
                    "{inline_max} {unacked}"
                );
            }
        }
        assert_eq!(next.get_vec(Timeout::Try).unwrap().0, message(99));
    }
}
