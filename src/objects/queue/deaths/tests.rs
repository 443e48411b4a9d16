//! What those leave who die in the middle of a call, and who hears of it.
#![allow(unsafe_code)] // children are forked

use super::tests::{BRIEF, SOON, blocks_in_use, kind, queue, with_blocks, yard};
use super::*;
use crate::lockfree::mpmc::layout::State;
use crate::objects::event::{Event, EventOptions};
use crate::objects::many::wait_any;
use crate::objects::ring::Received;
use crate::objects::yard::Options;
use crate::os::fork::APART;
use crate::sync::wait::Timeout;
use call::For;
use place::Hands;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A thread that ends in the middle of a call: its slot is a dead one's afterwards.
fn die_in_hand(queue: &Queue, what: For) {
    std::thread::scope(|s| {
        let died = s.spawn(|| {
            let me = queue.seat().unwrap();
            match what {
                For::Data => std::mem::forget(queue.0.ring.claim_read(me, 48, &Hands(queue.yard())).unwrap()),
                _ => std::mem::forget(queue.0.ring.claim_write(me, &Hands(queue.yard())).unwrap()),
            }
        });
        died.join().unwrap();
    });
}

#[test]
fn what_a_dead_consumer_had_in_hand_comes_again() {
    let yard = yard();
    let queue = queue(&yard, 3);
    for _ in 0..3 {
        queue.try_put(b"x").unwrap();
        queue.try_put(b"y").unwrap();
        die_in_hand(&queue, For::Data);
        let got = [(); 2].map(|()| queue.get_vec(SOON).unwrap());
        let redelivered = |(bytes, received): &(Vec<u8>, Received)| (bytes[0], received.redelivered);
        let mut got = got.each_ref().map(redelivered);
        got.sort_unstable();
        assert_eq!(got, [(b'x', true), (b'y', false)]);
        assert_eq!(kind(queue.get_vec(Timeout::Try)), ErrorKind::Empty);
    }
}

#[test]
fn what_a_dead_producer_had_in_hand_never_was() {
    let yard = yard();
    let queue = queue(&yard, 2);
    for _ in 0..3 {
        die_in_hand(&queue, For::Room);
        queue.put(b"y", SOON).unwrap();
        assert_eq!(queue.get_vec(SOON).unwrap().0, b"y");
        die_in_hand(&queue, For::Room);
        assert_eq!(kind(queue.get_vec(Timeout::Try)), ErrorKind::Empty);
    }
}

/// A process that is killed in the middle of a call, so that nobody has cleared up behind it.
fn killed_in_hand(queue: &Queue) {
    killed_with(queue, For::Data, true);
}

/// As `killed_in_hand`, of whose death the kernel tells or does not.
fn killed_with(queue: &Queue, what: For, told: bool) {
    let _apart = APART.lock();
    // SAFETY: the child allocates nothing that it has no copy of, and ends by a signal.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            let me = queue.seat().unwrap_or(0);
            match what {
                For::Data => std::mem::forget(queue.0.ring.claim_read(me, 48, &Hands(queue.yard()))),
                _ => std::mem::forget(queue.0.ring.claim_write(me, &Hands(queue.yard()))),
            }
            if !told {
                libc::syscall(libc::SYS_set_robust_list, 0usize, 24usize);
            }
            libc::raise(libc::SIGKILL);
        }
        assert_eq!(libc::waitpid(child, std::ptr::null_mut(), 0), child);
    }
}

/// A process that takes every place for threads, and has a cell in hand with each: the even ones to get, the odd ones to put.
/// Tells how it ended.
fn all_places_in_hand(queue: &Queue, slots: usize) -> i32 {
    let _apart = APART.lock();
    let mut status = 0;
    // SAFETY: the allocator can be used in a child, which has no other thread's locks to wait for, and ends by a signal.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            let claimed = Barrier::new(slots + 1);
            std::thread::scope(|s| {
                for index in 0..slots {
                    let claimed = &claimed;
                    s.spawn(move || {
                        let me = queue.seat().unwrap_or(u32::MAX);
                        let (ring, hands) = (&queue.0.ring, Hands(queue.yard()));
                        match index % 2 {
                            0 => std::mem::forget(ring.claim_read(me, 48, &hands)),
                            _ => std::mem::forget(ring.claim_write(me, &hands)),
                        }
                        claimed.wait();
                        loop {
                            std::thread::park();
                        }
                    });
                }
                claimed.wait();
                if queue.seat().is_err_and(|e| e.kind() == ErrorKind::NoSlots) {
                    libc::raise(libc::SIGKILL);
                }
                libc::_exit(1);
            });
        }
        assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
    }
    status
}

/// Nobody alive has a place among the threads, and the next one needs one to clear up behind them.
#[test]
fn a_queue_comes_back_when_all_places_are_the_deads_at_once() {
    for unacked in [0, 2] {
        let yard = Options::new().slots(4).size(1 << 18).anonymous().unwrap();
        let options = QueueOptions { capacity: 4, unacked, ..QueueOptions::default() };
        let queue = Queue::create(&yard, "queue", options).unwrap();
        [b"x", b"y"].iter().for_each(|message| queue.try_put(&message[..]).unwrap());
        yard.detach_thread();
        assert!(libc::WIFSIGNALED(all_places_in_hand(&queue, 4)), "there was a place left, or no cell");
        let cells: Vec<State> = queue.0.ring.cells().map(|cell| cell.state).collect();
        assert_eq!(cells, [State::Reading, State::Reading, State::Writing, State::Writing]);
        let mut came = [(); 2].map(|()| queue.get_vec(Timeout::Try).unwrap());
        came.sort_unstable_by_key(|(message, _)| message.clone());
        let again = |message: &[u8]| (message.to_vec(), Received { len: 1, redelivered: true });
        assert_eq!(came, [again(b"x"), again(b"y")]);
        assert_eq!(kind(queue.get_vec(Timeout::Try)), ErrorKind::Empty);
        (0..4_u8).for_each(|n| queue.try_put(&[n]).unwrap());
        assert_eq!(kind(queue.try_put(b"z")), ErrorKind::Full);
        (0..4_u8).for_each(|n| assert_eq!(queue.get_vec(Timeout::Try).unwrap().0, [n]));
    }
}

#[test]
fn a_try_that_finds_nothing_looks_after_the_dead() {
    let yard = yard();
    let queue = queue(&yard, 200);
    let me = queue.seat().unwrap();
    for others in [0, 1, 70, 199] {
        queue.try_put(b"x").unwrap();
        killed_in_hand(&queue);
        for _ in 0..others {
            queue.try_put(b"y").unwrap();
            let reading = queue.0.ring.claim_read(me, 48, &Hands(queue.yard())).unwrap();
            assert!(!reading.finish().again, "somebody has cleared up");
        }
        let again = Received { len: 1, redelivered: true };
        assert_eq!(queue.get_vec(Timeout::Try), Ok((b"x".to_vec(), again)), "{others} others");
        assert_eq!(kind(queue.get_vec(Timeout::Try)), ErrorKind::Empty);
    }
    // Nobody has anything in hand any more, as far back as so many tries look.
    (0..8).for_each(|_| assert_eq!(kind(queue.get_vec(Timeout::Try)), ErrorKind::Empty));
    assert_eq!(queue.in_hand(), get::InHand::Nobody);
}

/// No slice ends in such a wait, and none needs to.
#[test]
fn who_waits_a_moment_for_many_finds_what_a_dead_one_had_in_hand() {
    let yard = yard();
    let queue = queue(&yard, 1);
    let never = Event::create(&yard, "never", EventOptions::default()).unwrap();
    for _ in 0..3 {
        killed_with(&queue, For::Room, true);
        assert_eq!(wait_any(&[&never, &queue.writable()], BRIEF), Ok(1));
        queue.try_put(b"x").unwrap();
        killed_with(&queue, For::Data, true);
        assert_eq!(wait_any(&[&never, &queue], BRIEF), Ok(1));
        let again = Received { len: 1, redelivered: true };
        assert_eq!(queue.get_vec(Timeout::Try), Ok((b"x".to_vec(), again)));
    }
}

/// Of a death that the kernel could not tell they hear when the process has not looked around for a slice: also those who
/// never wait that long, and those for whom something else is ready time and again.
#[test]
fn who_waits_a_moment_hears_of_the_dead_in_the_end() {
    let yard = yard();
    let queue = queue(&yard, 1);
    let busy = Event::create(&yard, "busy", EventOptions { auto_reset: true, ..Default::default() }).unwrap();
    let never = Event::create(&yard, "never", EventOptions::default()).unwrap();
    const MOMENT: Duration = Duration::from_millis(1);
    let looks: [&(dyn Fn() -> bool + Sync); 8] = [
        &|| wait_any(&[&never, &queue], BRIEF) == Ok(1),
        &|| {
            let ready = wait_any(&[&busy, &queue], SOON);
            let _ = busy.wait(Timeout::Try);
            ready == Ok(1)
        },
        &|| match queue.get_vec(BRIEF) {
            Ok((message, _)) => queue.try_put(&message).is_ok(),
            Err(_) => false,
        },
        &|| {
            std::thread::sleep(MOMENT);
            match queue.get_vec(Timeout::Try) {
                Ok((message, _)) => queue.try_put(&message).is_ok(),
                Err(_) => false,
            }
        },
        &|| {
            std::thread::sleep(MOMENT);
            wait_any(&[&never, &queue], Timeout::Try) == Ok(1)
        },
        // The others wait for room, or find that nothing is there.
        &|| wait_any(&[&never, &queue.writable()], BRIEF) == Ok(1),
        &|| {
            std::thread::sleep(MOMENT);
            wait_any(&[&never, &queue.writable()], Timeout::Try) == Ok(1)
        },
        &|| {
            std::thread::sleep(MOMENT);
            kind(queue.get_vec(Timeout::Try)) == ErrorKind::Empty
        },
    ];
    for (at, look) in looks.iter().enumerate() {
        let what = if at > 4 { For::Room } else { For::Data };
        if what == For::Data {
            queue.try_put(b"x").unwrap();
        }
        killed_with(&queue, what, false);
        let end = Instant::now() + SOON;
        let found = AtomicU32::new(0);
        std::thread::scope(|s| {
            s.spawn(|| {
                while found.load(Ordering::Relaxed) == 0 {
                    std::thread::sleep(BRIEF);
                    busy.set();
                }
            });
            while !look() && Instant::now() < end {}
            found.store(1, Ordering::Relaxed);
        });
        assert!(Instant::now() < end, "look {at}");
        if what == For::Data {
            queue.get_vec(Timeout::Try).unwrap();
        }
    }
}

/// Neither a place that a dead producer left behind a message, nor those behind one that comes again, can be put to.
#[test]
fn what_is_full_is_what_a_put_calls_full() {
    let yard = yard();
    let queue = queue(&yard, 3);
    queue.try_put(b"x").unwrap();
    die_in_hand(&queue, For::Room);
    queue.try_put(b"y").unwrap();
    assert_eq!((kind(queue.try_put(b"z")), queue.len(), queue.is_full()), (ErrorKind::Full, 2, true));
    assert_eq!(queue.get_vec(Timeout::Try).unwrap().0, b"x");
    assert!(!queue.is_full());
    queue.try_put(b"z").unwrap();
    while queue.try_put(b"z").is_ok() {}
    let me = queue.seat().unwrap();
    let claim = || queue.0.ring.claim_read(me, 48, &Hands(queue.yard())).unwrap();
    let first = claim();
    claim().finish();
    assert!(!queue.is_full(), "the place of a message in hand counts as room");
    first.put_back();
    assert_eq!((kind(queue.try_put(b"z")), queue.is_full()), (ErrorKind::Full, true));
    assert!(queue.len() < 3);
}

#[test]
fn who_sleeps_hears_of_a_death_that_leaves_something() {
    let yard = yard();
    let queue = queue(&yard, 3);
    queue.try_put(b"x").unwrap();
    let (claimed, die) = (Barrier::new(2), Barrier::new(2));
    std::thread::scope(|s| {
        s.spawn(|| {
            let me = queue.seat().unwrap();
            std::mem::forget(queue.0.ring.claim_read(me, 48, &Hands(queue.yard())).unwrap());
            claimed.wait();
            die.wait();
        });
        claimed.wait();
        let sleeper = s.spawn(|| queue.get_vec(SOON));
        std::thread::sleep(BRIEF);
        let begun = Instant::now();
        die.wait();
        assert_eq!(sleeper.join().unwrap().unwrap().1, Received { len: 1, redelivered: true });
        assert!(begun.elapsed() < SOON / 2);
    });
}

#[test]
fn a_block_of_a_message_in_dead_hands_comes_again_with_it() {
    let yard = yard();
    let queue = with_blocks(&yard, 3, 64 << 10);
    queue.try_put(&[7; 1000]).unwrap();
    die_in_hand(&queue, For::Data);
    assert_eq!(queue.get_vec(SOON).unwrap(), (vec![7; 1000], Received { len: 1000, redelivered: true }));
    assert_eq!(blocks_in_use(&queue), 0);
}
