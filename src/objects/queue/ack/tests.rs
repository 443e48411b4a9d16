#![allow(unsafe_code)] // a child is forked and killed here, and bytes are spoilt

use super::*;
use crate::lockfree::owed::Debtor;
use crate::lockfree::owed::next::{Getter, Next, next};
use crate::objects::ring::Received;
use crate::objects::yard::Options;
use crate::os::fork::APART;
use crate::presence::attachment::Gone;
use crate::presence::attachment::Who;
use crate::segment::bits::{BlockHandle, Link};
use crate::sync::wait::Timeout;
use ack::Debt;
use place::Hands;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
const BRIEF: Duration = Duration::from_millis(20);

fn yard() -> Yard {
    Options::new().slots(16).size(1 << 18).anonymous().unwrap()
}

/// A queue of 8 of which so many may be owed.
fn joinable(yard: &Yard, unacked: usize) -> Queue {
    let options = QueueOptions { capacity: 8, unacked, block_bytes: 16 << 10, ..QueueOptions::joinable() };
    Queue::create(yard, "queue", options).unwrap()
}

/// With so many messages in it: 1, 2 and so on.
fn filled(yard: &Yard, unacked: usize, messages: u8) -> Queue {
    let queue = joinable(yard, unacked);
    (1..=messages).for_each(|n| queue.try_put(&[n]).unwrap());
    queue
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

/// Number, flag and ticket of the next one.
fn take(queue: &Queue, timeout: impl Into<Timeout>) -> Result<(u8, bool, u64)> {
    let mut byte = [0];
    let owed = queue.get_ack(&mut byte, timeout)?;
    Ok((byte[0], owed.received.redelivered, owed.ticket))
}

/// What a process leaves owed that is gone.
fn give_all_back(yard: &Yard, gone: Gone) {
    let held = yard.held();
    let record = held.directory().unwrap().find(&Name::new("queue").unwrap()).unwrap().unwrap();
    recover(held, &record, Who::Process(held.process_token().unwrap()), gone);
}

/// Whether something is so in a forked child. If it panics there it is not.
fn is_so_in_a_child(what: impl FnOnce() -> bool) -> bool {
    let _apart = APART.lock();
    // SAFETY: the child runs no destructor of the parent's and ends by _exit.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let is_so = std::panic::catch_unwind(std::panic::AssertUnwindSafe(what)).unwrap_or(false);
        // SAFETY: the end of the process.
        unsafe { libc::_exit(i32::from(!is_so)) };
    }
    let mut status = 0;
    // SAFETY: our own child.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    status == 0
}

fn blocks_in_use(queue: &Queue) -> u32 {
    let usage = queue.blocks().unwrap().usage();
    usage.iter().map(|class| class.owned + class.offered + class.linked).sum()
}

#[test]
fn a_message_is_owed_until_it_is_acknowledged() {
    let yard = yard();
    let queue = filled(&yard, 4, 3);
    assert_eq!((queue.len(), queue.unfinished()), (3, 3));
    let (first, again, ticket) = take(&queue, Timeout::Try).unwrap();
    assert_eq!((first, again, queue.len(), queue.unfinished()), (1, false, 2, 3));
    assert_eq!(kind(queue.join(Timeout::Try)), ErrorKind::Timeout);
    queue.done(ticket).unwrap();
    assert_eq!((queue.len(), queue.unfinished()), (2, 2));
    assert_eq!(queue.get_vec(Timeout::Try).unwrap().0, [2], "for good");
    assert_eq!(queue.unfinished(), 1);
    let (bytes, owed) = queue.get_ack_vec(Timeout::Try).unwrap();
    assert_eq!((bytes, kind(queue.join(BRIEF))), (vec![3], ErrorKind::Timeout));
    queue.done(owed.ticket).unwrap();
    queue.join(Timeout::Try).unwrap();
    assert_eq!(kind(take(&queue, BRIEF)), ErrorKind::Empty);
    assert_eq!(queue.unfinished(), 0);
}

#[test]
fn a_ticket_is_good_once_and_in_its_queue() {
    let yard = yard();
    let queue = filled(&yard, 1, 2);
    let other = Queue::create(&yard, "other", QueueOptions::joinable()).unwrap();
    other.try_put(b"x").unwrap();
    let strange = other.get_ack_vec(Timeout::Try).unwrap().1.ticket;
    let (_, _, ticket) = take(&queue, Timeout::Try).unwrap();
    assert_eq!(kind(queue.done(strange)), ErrorKind::Foreign);
    assert_eq!(kind(queue.put_back(strange)), ErrorKind::Foreign);
    queue.done(ticket).unwrap();
    assert_eq!(kind(queue.done(ticket)), ErrorKind::State);
    assert_eq!(kind(queue.put_back(ticket)), ErrorKind::State);
    let (_, _, second) = take(&queue, Timeout::Try).unwrap();
    assert_ne!(ticket, second);
    assert_eq!(kind(queue.done(ticket)), ErrorKind::State);
    queue.done(second).unwrap();
    assert_eq!(kind(queue.done(ticket)), ErrorKind::NotFound, "long ago");
    assert_eq!(kind(queue.done(second + 1)), ErrorKind::NotFound, "a cell that is not there");
    assert_eq!(kind(queue.done(0)), ErrorKind::Foreign);
}

#[test]
fn what_is_given_back_comes_next_and_is_flagged() {
    let yard = yard();
    let queue = filled(&yard, 2, 3);
    let (_, _, first) = take(&queue, Timeout::Try).unwrap();
    let (_, _, second) = take(&queue, Timeout::Try).unwrap();
    queue.put_back(second).unwrap();
    queue.put_back(first).unwrap();
    assert_eq!((queue.len(), queue.unfinished()), (3, 3));
    assert_eq!(kind(queue.done(first)), ErrorKind::State);
    let (n, again, ticket) = take(&queue, Timeout::Try).unwrap();
    assert_eq!((n, again), (1, true), "the oldest first");
    assert_eq!(queue.get(&mut [0; 1], Timeout::Try), Ok(Received { len: 1, redelivered: true }));
    assert_eq!(take(&queue, Timeout::Try).map(|(n, again, _)| (n, again)), Ok((3, false)));
    queue.put_back(ticket).unwrap();
    assert_eq!(kind(queue.get(&mut [], Timeout::Try)), ErrorKind::TooLong, "it stays");
    assert_eq!(kind(queue.get_ack(&mut [], Timeout::Try)), ErrorKind::TooLong);
    let borrowed = queue.get_borrow(Timeout::Try).unwrap();
    assert_eq!((borrowed.to_vec(), borrowed.redelivered(), queue.unfinished()), (vec![1], true, 1));
}

#[test]
fn who_never_acknowledges_holds_up_the_next_until_somebody_does() {
    let yard = yard();
    let queue = filled(&yard, 2, 4);
    let tickets = [(); 2].map(|()| take(&queue, Timeout::Try).unwrap().2);
    for refused in [take(&queue, Timeout::Try), take(&queue, BRIEF)] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Full);
        assert!(error.to_string().contains("2 messages"), "{error}");
    }
    assert_eq!(queue.get_vec(Timeout::Try).unwrap().0, [3], "for good is another matter");
    std::thread::scope(|s| {
        let waiter = s.spawn(|| take(&queue, SOON).unwrap().0);
        std::thread::sleep(BRIEF);
        queue.done(tickets[1]).unwrap();
        assert_eq!(waiter.join().unwrap(), 4);
        let waiter = s.spawn(|| take(&queue, SOON).unwrap());
        std::thread::sleep(BRIEF);
        queue.put_back(tickets[0]).unwrap(); // takes no cell
        assert_eq!(waiter.join().unwrap().0, 1);
    });
    // All cells are taken, and there is nothing to get.
    assert_eq!(kind(take(&queue, BRIEF)), ErrorKind::Empty);
    queue.shutdown(false);
    assert_eq!(kind(take(&queue, SOON)), ErrorKind::End);
}

#[test]
fn a_task_is_done_without_its_ticket() {
    let yard = yard();
    let queue = filled(&yard, 4, 4);
    assert_eq!(kind(queue.task_done()), ErrorKind::Range);
    let (_, _, first) = take(&queue, Timeout::Try).unwrap();
    let (second, third) = std::thread::scope(|s| {
        let other = s.spawn(|| {
            let tickets = [(); 2].map(|()| take(&queue, Timeout::Try).unwrap().2);
            queue.task_done().unwrap(); // the older one of its own
            (tickets[0], tickets[1])
        });
        other.join().unwrap()
    });
    assert_eq!(kind(queue.done(second)), ErrorKind::State);
    queue.task_done().unwrap();
    assert_eq!(kind(queue.done(first)), ErrorKind::State, "this thread's");
    queue.task_done().unwrap();
    assert_eq!(kind(queue.done(third)), ErrorKind::State, "whoever's");
    assert_eq!(kind(queue.task_done()), ErrorKind::Range);
    assert_eq!(queue.unfinished(), 1);
}

#[test]
fn who_joins_waits_for_what_was_there_and_for_no_more() {
    let yard = yard();
    let queue = filled(&yard, 4, 2);
    std::thread::scope(|s| {
        let joiner = s.spawn(|| queue.join(SOON));
        std::thread::sleep(BRIEF);
        queue.try_put(&[3]).unwrap(); // later
        let (_, _, ticket) = take(&queue, Timeout::Try).unwrap();
        queue.put_back(ticket).unwrap();
        queue.get_vec(Timeout::Try).unwrap();
        let (_, _, ticket) = take(&queue, Timeout::Try).unwrap();
        std::thread::sleep(BRIEF);
        assert!(!joiner.is_finished());
        queue.done(ticket).unwrap();
        joiner.join().unwrap().unwrap();
        assert_eq!(kind(queue.join(BRIEF)), ErrorKind::Timeout);
        let joiner = s.spawn(|| kind(queue.join(SOON)));
        std::thread::sleep(BRIEF);
        let (_, _, ticket) = take(&queue, Timeout::Try).unwrap();
        queue.shutdown(true);
        assert_eq!(joiner.join().unwrap(), ErrorKind::Shutdown);
        assert_eq!(kind(take(&queue, SOON)), ErrorKind::Shutdown);
        queue.done(ticket).unwrap(); // even so
        queue.join(Timeout::Try).unwrap();
    });
}

#[test]
fn a_token_ends_a_join() {
    let yard = yard();
    let queue = filled(&yard, 1, 1);
    let token = crate::CancelToken::new();
    std::thread::scope(|s| {
        let waiter = s.spawn(|| {
            let _scope = token.scope().unwrap();
            kind(queue.join(SOON))
        });
        std::thread::sleep(BRIEF);
        token.cancel();
        assert_eq!(waiter.join().unwrap(), ErrorKind::Cancelled);
    });
}

#[test]
fn the_end_does_not_wait_for_what_is_owed() {
    let yard = yard();
    let queue = filled(&yard, 2, 1);
    let (_, _, ticket) = take(&queue, Timeout::Try).unwrap();
    queue.shutdown(false);
    assert_eq!(kind(take(&queue, SOON)), ErrorKind::End);
    assert_eq!(kind(queue.get_vec(SOON)), ErrorKind::End);
    queue.put_back(ticket).unwrap();
    assert_eq!(queue.get_vec(SOON).unwrap().1, Received { len: 1, redelivered: true }, "it came back");
    assert_eq!(kind(queue.get_vec(SOON)), ErrorKind::End);
    queue.join(Timeout::Try).unwrap();
}

#[test]
fn what_a_process_owed_that_is_gone_comes_back() {
    for gone in [Gone::Died, Gone::Closed] {
        let yard = yard();
        let queue = filled(&yard, 4, 2);
        queue.try_put(&[9; 1000]).unwrap();
        let tickets = [(); 2].map(|()| take(&queue, Timeout::Try).unwrap().2);
        queue.done(tickets[0]).unwrap();
        assert_eq!(queue.get_ack_vec(Timeout::Try).unwrap().0, [9; 1000]);
        give_all_back(&yard, gone);
        assert_eq!(kind(queue.done(tickets[1])), ErrorKind::State);
        assert_eq!(queue.get_vec(Timeout::Try), Ok((vec![2], Received { len: 1, redelivered: true })));
        let (bytes, owed) = queue.get_ack_vec(Timeout::Try).unwrap();
        assert_eq!((bytes, owed.received.redelivered), (vec![9; 1000], true));
        assert_eq!((queue.unfinished(), blocks_in_use(&queue)), (1, 1));
        queue.done(owed.ticket).unwrap();
        assert_eq!((queue.unfinished(), blocks_in_use(&queue)), (0, 0));
    }
}

#[test]
fn a_process_that_is_killed_gives_back_what_it_owed() {
    let yard = yard();
    let queue = filled(&yard, 4, 1);
    let taken = crate::Event::create(&yard, "taken", crate::EventOptions::default()).unwrap();
    let apart = APART.lock();
    // SAFETY: the child runs no destructor of the parent's and ends by a signal.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        if take(&queue, SOON).is_ok() {
            taken.set();
        }
        loop {
            std::thread::sleep(SOON);
        }
    }
    drop(apart);
    taken.wait(SOON).unwrap();
    assert_eq!((queue.len(), queue.unfinished()), (0, 1));
    std::thread::scope(|s| {
        let joiner = s.spawn(|| queue.join(SOON));
        let getter = s.spawn(|| take(&queue, SOON));
        std::thread::sleep(BRIEF);
        // SAFETY: our own child.
        unsafe {
            libc::kill(pid, libc::SIGKILL);
            libc::waitpid(pid, std::ptr::null_mut(), 0);
        }
        let (n, again, ticket) = getter.join().unwrap().unwrap();
        assert_eq!((n, again, joiner.is_finished()), (1, true, false));
        queue.done(ticket).unwrap();
        joiner.join().unwrap().unwrap();
    });
}

#[test]
fn a_child_does_not_owe_what_its_parent_got() {
    let yard = yard();
    let queue = filled(&yard, 4, 1);
    let (_, _, ticket) = take(&queue, Timeout::Try).unwrap();
    assert!(is_so_in_a_child(|| {
        let before = queue.done(ticket).map_err(|e| e.kind());
        let task = queue.task_done().map_err(|e| e.kind());
        queue.try_put(&[2]).unwrap(); // joins
        let after = queue.put_back(ticket).map_err(|e| e.kind());
        before == Err(ErrorKind::NotOwner) && after == before && task == Err(ErrorKind::Range)
    }));
    queue.done(ticket).unwrap();
}

/// A thread that ends in the middle of getting, after so many steps.
fn die_getting(queue: &Queue, steps: u32) {
    std::thread::scope(|s| {
        let died = s.spawn(|| {
            queue.seat().unwrap();
            let (me, part) = (thread::token(queue.yard().number()), queue.part().unwrap());
            let by = Debtor { thread: me, process: queue.yard().token_if_joined(), copies: false };
            let getter = Getter { slot: slot_of(me), thread: me, longest: 48.into(), owes_from: Some(0) };
            match next(queue.ring(), &part.debts, getter, &Hands(queue.yard())).unwrap() {
                Next::Ring(reading, filling) => {
                    let filling = filling.unwrap();
                    filling.fill(reading.item(), b"x");
                    if steps == 0 {
                        std::mem::forget(filling);
                    } else {
                        let _ = filling.commit(by);
                    }
                    std::mem::forget(reading);
                }
                Next::Back(taking) => std::mem::forget(taking),
            }
        });
        died.join().unwrap();
    });
}

#[test]
fn what_a_dead_thread_was_getting_comes_again_once() {
    for steps in [0, 1] {
        let yard = yard();
        let queue = filled(&yard, 2, 1);
        for _ in 0..3 {
            die_getting(&queue, steps);
            let (_, again, ticket) = take(&queue, SOON).unwrap();
            assert!(again);
            assert_eq!(queue.unfinished(), 1);
            queue.put_back(ticket).unwrap();
            die_getting(&queue, steps); // what was given back
            let (_, again, ticket) = take(&queue, SOON).unwrap();
            assert!(again);
            queue.done(ticket).unwrap();
            assert_eq!(kind(take(&queue, Timeout::Try)), ErrorKind::Empty);
            queue.join(Timeout::Try).unwrap();
            queue.try_put(&[1]).unwrap();
        }
        die_getting(&queue, steps);
        give_all_back(&yard, Gone::Died); // the process dies as well, before anybody has got it
        assert!(take(&queue, SOON).unwrap().1);
        assert_eq!(queue.unfinished(), 1);
    }
}

#[test]
fn longer_messages_keep_their_blocks_while_they_are_owed() {
    let yard = yard();
    let queue = joinable(&yard, 4);
    queue.try_put(&[7; 1000]).unwrap();
    let mut buffer = [0; 1000];
    assert_eq!(queue.receive_ack(&mut [0; 999], Timeout::Try), Ok(Err(1000)));
    let owed = queue.get_ack(&mut buffer, Timeout::Try).unwrap();
    assert_eq!((owed.received, buffer[999]), (Received { len: 1000, redelivered: false }, 7));
    assert_eq!(blocks_in_use(&queue), 1);
    queue.put_back(owed.ticket).unwrap();
    assert_eq!(queue.receive_ack(&mut [0; 999], Timeout::Try), Ok(Err(1000)));
    assert_eq!(queue.receive(&mut [0; 999], Timeout::Try), Ok(Err(1000)));
    let owed = queue.get_ack(&mut buffer, Timeout::Try).unwrap();
    queue.done(owed.ticket).unwrap();
    assert_eq!(blocks_in_use(&queue), 0);
    // And for good, from where it was given back to.
    queue.try_put(&[8; 500]).unwrap();
    queue.put_back(queue.get_ack_vec(Timeout::Try).unwrap().1.ticket).unwrap();
    assert_eq!(queue.get_borrow(Timeout::Try).unwrap().to_vec(), [8; 500]);
    assert_eq!(blocks_in_use(&queue), 0);
    queue.try_put(&[8; 500]).unwrap();
    let _ = queue.get_ack_vec(Timeout::Try).unwrap();
    queue.task_done().unwrap();
    assert_eq!(blocks_in_use(&queue), 0);
}

#[test]
fn the_queue_says_which_block_is_owed() {
    let yard = yard();
    let queue = joinable(&yard, 1);
    let held = yard.held();
    let record = held.directory().unwrap().find(&Name::new("queue").unwrap()).unwrap().unwrap();
    let named = |handle| names(held, &record, Link::new(record.offset, 5), BlockHandle(handle));
    queue.try_put(&[1; 100]).unwrap();
    let reading = queue.claim(queue.seat().unwrap(), usize::MAX).unwrap();
    let (handle, _) = large::name_in(&reading);
    reading.put_back();
    assert!(!named(handle), "it is not in the ring's sixth cell");
    let (_, owed) = queue.get_ack_vec(Timeout::Try).unwrap();
    assert!(named(handle) && !named(handle ^ 1 << 40));
    queue.put_back(owed.ticket).unwrap();
    assert!(named(handle));
    queue.get_vec(Timeout::Try).unwrap();
    assert!(!named(handle));
    queue.try_put(&handle.to_ne_bytes()).unwrap(); // a message that only looks like it
    let _owed = queue.get_ack_vec(Timeout::Try).unwrap();
    assert!(!named(handle));
}

#[test]
fn acknowledgements_are_asked_for_when_the_queue_is_made() {
    let yard = yard();
    let create = |name, unacked| {
        Queue::create(&yard, name, QueueOptions { capacity: 2, unacked, ..QueueOptions::default() })
    };
    assert_eq!(kind(create("much", debts::MOST + 1)), ErrorKind::Range);
    let (plain, joinable) = (create("plain", 0).unwrap(), create("joinable", 3).unwrap());
    assert_eq!(Queue::open(&yard, "joinable").unwrap().options(), joinable.options());
    let other = QueueOptions { capacity: 2, ..QueueOptions::joinable() };
    assert_eq!(kind(Queue::open_or_create(&yard, "joinable", other)), ErrorKind::Mismatch);
    plain.try_put(b"x").unwrap();
    assert_eq!(plain.unfinished(), 1);
    for refused in [
        kind(plain.get_ack(&mut [], Timeout::Try)),
        kind(plain.get_ack_vec(Timeout::Try)),
        kind(plain.done(1)),
        kind(plain.put_back(1)),
        kind(plain.task_done()),
        kind(plain.join(Timeout::Try)),
    ] {
        assert_eq!(refused, ErrorKind::Unsupported);
    }
}

#[test]
fn elements_of_one_type_are_acknowledged_as_well() {
    let yard = yard();
    let queue = TypedQueue::<u64>::create_joinable(&yard, "queue", 4, 2).unwrap();
    (1..=3).for_each(|n| queue.try_put(n).unwrap());
    let (first, owed) = queue.get_ack(Timeout::Try).unwrap();
    queue.put_back(owed.ticket).unwrap();
    let (again, owed) = queue.get_ack(Timeout::Try).unwrap();
    assert_eq!((first, again, owed.received.redelivered), (1, 1, true));
    queue.done(owed.ticket).unwrap();
    assert_eq!(queue.get_ack(Timeout::Try).unwrap().0, 2);
    queue.task_done().unwrap();
    assert_eq!(queue.get(Timeout::Try), Ok((3, false)));
    queue.join(Timeout::Try).unwrap();
    queue.queue().try_put(b"short").unwrap();
    assert_eq!(kind(queue.get_ack(Timeout::Try)), ErrorKind::Corrupt);
    queue.join(Timeout::Try).unwrap();
    assert_eq!(TypedQueue::<u64>::open(&yard, "queue").unwrap().queue().options().unacked, 2);
}

#[test]
fn each_message_is_acknowledged_once_by_one_of_many() {
    const EACH: u64 = 2000;
    let yard = Options::new().slots(16).size(1 << 18).anonymous().unwrap();
    let queue = joinable(&yard, 5);
    let sums = std::thread::scope(|s| {
        let getters = [(); 3].map(|()| {
            s.spawn(|| {
                let (mut sum, mut back) = (0, 0);
                loop {
                    let (bytes, owed) = match queue.get_ack_vec(SOON) {
                        Ok(got) => got,
                        Err(e) => break (e.kind() == ErrorKind::End).then_some(sum).unwrap(),
                    };
                    let n = u64::from_ne_bytes(bytes[..8].try_into().unwrap());
                    if n % 7 == 0 && !owed.received.redelivered {
                        queue.put_back(owed.ticket).unwrap();
                        back += 1;
                    } else if back % 2 == 0 {
                        queue.done(owed.ticket).unwrap();
                        sum += n;
                    } else {
                        queue.task_done().unwrap();
                        sum += n;
                    }
                }
            })
        });
        let putters = [1, 2].map(|from| {
            let queue = &queue;
            s.spawn(move || {
                (0..EACH).for_each(|i| queue.put(&(2 * i + from).to_ne_bytes(), SOON).unwrap());
            })
        });
        putters.into_iter().for_each(|putter| putter.join().unwrap());
        queue.join(SOON).unwrap();
        queue.shutdown(false);
        getters.map(|getter| getter.join().unwrap())
    });
    assert_eq!(sums.iter().sum::<u64>(), EACH * (2 * EACH + 1));
    assert_eq!(queue.unfinished(), 0);
}

/// Whoever has got a message and not seen it yet has not handed it on.
#[test]
fn a_message_that_is_being_copied_is_nobody_elses_to_acknowledge() {
    let yard = yard();
    let queue = joinable(&yard, 4);
    queue.try_put(&[7; 1000]).unwrap();
    queue.try_put(b"x").unwrap();
    let elsewhere = |act: &(dyn Fn() + Sync)| std::thread::scope(|s| s.spawn(act).join().unwrap());
    let (part, mut buffer) = (queue.part().unwrap(), [0; 1000]);
    queue.seat().unwrap();
    let got = queue.attempt_beside(part, Debt::Copied, usize::MAX).unwrap();
    elsewhere(&|| drop(queue.get_ack_vec(Timeout::Try).unwrap()));
    elsewhere(&|| queue.task_done().unwrap()); // what was got last, by whoever that was
    elsewhere(&|| assert_eq!(kind(queue.task_done()), ErrorKind::Range));
    let (received, ticket) = got.copy_to(&queue, &mut buffer).unwrap();
    assert_eq!((received.len, buffer, queue.unfinished()), (1000, [7; 1000], 1));
    elsewhere(&|| queue.task_done().unwrap());
    assert_eq!((kind(queue.done(ticket)), queue.unfinished()), (ErrorKind::State, 0));
    // One that died while it copied keeps nobody from it.
    queue.try_put(&[8; 1000]).unwrap();
    elsewhere(&|| {
        queue.seat().unwrap();
        std::mem::forget(queue.attempt_beside(part, Debt::Copied, usize::MAX).unwrap());
    });
    queue.task_done().unwrap();
}

/// A message that is read where it lies: acknowledged, given back by its guard, kept without it.
#[test]
fn a_message_is_owed_where_it_lies() {
    let yard = yard();
    let queue = joinable(&yard, 4);
    let in_use = || blocks_in_use(&queue);
    for message in [&[7; 1000][..], b"short", b""] {
        let blocks = u32::from(message.len() > 100);
        queue.try_put(message).unwrap();
        let got = queue.get_borrow_ack(SOON).unwrap();
        assert_eq!((got.to_vec().as_slice(), got.redelivered()), (message, false));
        assert_eq!((queue.len(), queue.unfinished(), in_use()), (0, 1, blocks));
        drop(got);
        assert_eq!((queue.len(), queue.unfinished(), in_use()), (1, 1, blocks));
        let got = queue.get_borrow_ack(SOON).unwrap();
        assert_eq!((got.to_vec().as_slice(), got.redelivered()), (message, true));
        got.put_back().unwrap();
        let kept = queue.get_borrow_ack(SOON).unwrap().into_ticket();
        assert_eq!((queue.len(), queue.unfinished(), in_use()), (0, 1, blocks));
        queue.put_back(kept).unwrap();
        let again = queue.get_borrow_ack(SOON).unwrap();
        let ticket = again.ticket();
        again.done().unwrap();
        assert_eq!((kind(queue.done(ticket)), queue.unfinished(), in_use()), (ErrorKind::State, 0, 0));
    }
    assert_eq!(kind(queue.get_borrow_ack(Timeout::Try)), ErrorKind::Empty);
    // It is the thread's own to acknowledge without its ticket, and nobody else's while he may read it.
    let elsewhere = |act: &(dyn Fn() + Sync)| std::thread::scope(|s| s.spawn(act).join().unwrap());
    for message in [&[7; 1000][..], b"short"] {
        queue.try_put(message).unwrap();
        let got = queue.get_borrow_ack(SOON).unwrap();
        elsewhere(&|| assert_eq!(kind(queue.task_done()), ErrorKind::Range));
        queue.task_done().unwrap();
        let read = got.read(0, &mut [0]).map_err(|e| e.kind());
        assert!(got.len() < 100 || matches!(read, Err(ErrorKind::State | ErrorKind::NotFound)), "{read:?}");
        // The next one's place is the same; it is not to be taken for one that nobody reads.
        queue.try_put(message).unwrap();
        let next = queue.get_borrow_ack(SOON).unwrap();
        assert_eq!(kind(queue.done(got.into_ticket())), ErrorKind::State);
        elsewhere(&|| assert_eq!(kind(queue.task_done()), ErrorKind::Range));
        let _ = next.into_ticket();
        elsewhere(&|| queue.task_done().unwrap());
        assert_eq!((queue.unfinished(), in_use()), (0, 0));
    }
}

/// A fork child owes nothing of what its parent reads.
#[test]
fn what_a_parent_reads_where_it_lies_is_nothing_to_its_child() {
    let yard = yard();
    let queue = joinable(&yard, 4);
    queue.try_put(&[7; 1000]).unwrap();
    let mut got = Some(queue.get_borrow_ack(SOON).unwrap());
    let ways: [fn(OwedMessage<'_>) -> bool; 4] = [
        |got| kind(got.done()) == ErrorKind::NotOwner,
        |got| kind(got.put_back()) == ErrorKind::NotOwner,
        |got| got.into_ticket() != 0,
        |got| got.to_vec() == [7; 1000], // and drops it
    ];
    for way in ways {
        assert!(is_so_in_a_child(|| way(got.take().unwrap())));
    }
    std::thread::scope(|s| s.spawn(|| assert_eq!(kind(queue.task_done()), ErrorKind::Range)).join().unwrap());
    assert_eq!(queue.unfinished(), 1);
    got.unwrap().done().unwrap();
    queue.join(Timeout::Try).unwrap();
}

#[test]
fn a_panic_gives_back_what_is_owed() {
    let yard = yard();
    let queue = joinable(&yard, 4);
    queue.try_put(&[7; 1000]).unwrap();
    let works = std::panic::AssertUnwindSafe(|| {
        let _got = queue.get_borrow_ack(SOON).unwrap();
        std::panic::resume_unwind(Box::new(()));
    });
    assert!(std::panic::catch_unwind(works).is_err());
    let again = queue.get_borrow_ack(Timeout::Try).unwrap();
    assert!(again.redelivered() && again.to_vec() == [7; 1000]);
    again.done().unwrap();
    let plain = Queue::create(&yard, "plain", QueueOptions::default()).unwrap();
    assert_eq!(kind(plain.get_borrow_ack(Timeout::Try)), ErrorKind::Unsupported);
}

/// What somebody says is back who keeps no rules, in a queue of which it is known that nothing is.
#[test]
fn a_debt_that_is_not_back_keeps_nobody_for_ever() {
    let yard = yard();
    let queue = filled(&yard, 2, 1);
    let (_, _, ticket) = take(&queue, Timeout::Try).unwrap();
    queue.done(ticket).unwrap();
    assert_eq!(kind(take(&queue, Timeout::Try)), ErrorKind::Empty);
    queue.shutdown(false);
    let (options, held) = (queue.options(), yard.held());
    let record = held.directory().unwrap().find(&Name::new("queue").unwrap()).unwrap().unwrap();
    let at = record.offset + options.ring_bytes().next_multiple_of(128) + super::debts::CELLS_AT;
    let word: &AtomicU64 = &held.region().table::<AtomicU64>(at, 1).unwrap()[0];
    for state in 0..16 {
        word.store(word.load(Ordering::Relaxed) & !(0xf << 30) | state << 30, Ordering::Relaxed);
        for _ in 0..3 {
            let _ = (take(&queue, Timeout::Try), queue.get_vec(BRIEF / 10), queue.get_vec(Timeout::Try));
        }
    }
}

#[test]
fn spoilt_words_do_no_more_than_spoil_messages() {
    let yard = yard();
    let mut state = 7_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state >> 20
    };
    for round in 0..300 {
        let name = format!("queue{}", round % 4);
        let options = QueueOptions { capacity: 4, unacked: 3, ..QueueOptions::default() };
        let queue = Queue::open_or_create(&yard, &name, options).unwrap();
        for n in 0..4_u8 {
            let _ = queue.try_put(&[n; 40]);
        }
        let tickets = [(); 2].map(|()| queue.get_ack_vec(Timeout::Try).map_or(random(), |got| got.1.ticket));
        let held = yard.held();
        let record = held.directory().unwrap().find(&Name::new(&name).unwrap()).unwrap().unwrap();
        let (from, len) = (options.ring_bytes().next_multiple_of(128), options.cells_bytes());
        let bytes = held.region().bytes(record.offset + from, len - from).unwrap();
        for _ in 0..=random() % 8 {
            let at = (random() % (len - from)) as usize / 8 * 8;
            // SAFETY: within the queue, aligned; nobody else uses it meanwhile but these calls.
            unsafe { bytes.as_ptr().add(at).cast::<u64>().write(random() << (random() % 40)) };
        }
        let mut buffer = [0; 48];
        for ticket in tickets {
            let _ = queue.get_ack(&mut buffer, Timeout::Try);
            let _ = (queue.done(ticket), queue.put_back(random()), queue.task_done());
            let _ = (queue.get(&mut buffer, Timeout::Try), queue.get_ack_vec(Timeout::Try));
            let _ = (queue.join(Timeout::Try), queue.unfinished(), queue.len(), queue.get_vec(Timeout::Try));
        }
        recover(held, &record, Who::Process(held.process_token().unwrap()), Gone::Died);
        recover(held, &record, Who::Thread(thread::register(held).unwrap()), Gone::Died);
    }
}
