//! Pipes over fork: who holds an end, from when on, until when.

use super::*;
use courtyard::{Connection, Peer, Pipe, PipeEnd, PipeOptions};
use std::sync::atomic::{AtomicU32, Ordering};

pub(super) const SCENARIOS: &[Scenario] = &[
    ("a_fork_child_holds_its_end_before_its_first_call", a_child_holds_its_end_at_once),
    ("parent_and_child_close_what_they_do_not_want_a_hundred_times", a_hundred_forks),
    ("a_child_killed_before_its_first_call_has_died", a_child_killed_before_its_first_call),
    ("a_child_that_ends_or_execs_without_closing_has_died", a_child_that_goes_without_closing),
    ("a_fork_that_fails_leaves_nothing", a_fork_that_fails_leaves_nothing),
    ("a_parent_killed_before_the_fork_leaves_no_child", a_parent_killed_before_the_fork),
    ("a_child_killed_before_it_is_born_did_not_die", a_child_killed_before_it_is_born),
    ("children_killed_while_they_are_born_leave_nothing", children_killed_while_they_are_born),
    ("closefrom_in_a_newborn_child_changes_nothing", closefrom_in_a_newborn_child),
    ("closefrom_in_a_parent_changes_nothing_for_its_child", closefrom_in_a_parent),
    ("a_grandchild_holds_what_its_silent_parent_held", a_grandchild_holds),
    ("without_a_free_place_a_child_holds_from_its_first_call_on", without_a_free_place),
    ("a_child_holds_the_ends_of_all_its_yards", ends_of_all_yards),
    ("threads_may_open_and_close_while_others_fork", threads_and_forks),
    ("a_parents_own_end_dies_with_it_though_its_child_lives", a_parents_end_dies),
    ("each_process_counts_its_own_handles", each_process_counts_its_own_handles),
    ("a_fork_without_ends_takes_no_place", a_fork_without_ends_takes_no_place),
    ("uncontended_pipe_calls_make_no_system_call", uncontended_pipe_calls),
    ("a_stopped_holder_holds_on", a_stopped_holder_holds_on),
    ("strangers_meet_in_a_pipe_by_name", strangers_meet),
    ("a_thread_that_is_stopped_in_its_turn_holds_up_tries_only", busy_is_told),
];

fn pipe(yard: &Yard) -> Pipe {
    Pipe::open_or_create(yard, "pipe", PipeOptions { capacity: 1024, duplex: true }).unwrap()
}

fn ends(pipe: &Pipe) -> (Connection, Connection) {
    (pipe.end(PipeEnd::First).unwrap(), pipe.end(PipeEnd::Second).unwrap())
}

/// What comes instead of a message, in good time.
fn end_of_stream(end: &Connection) -> ErrorKind {
    let begin = Instant::now();
    let kind = kind(end.recv_vec(LONG));
    assert!(begin.elapsed() < GENEROUS, "took {:?}", begin.elapsed());
    kind
}

/// How many process entries are not free.
fn places_taken(yard: &Yard, slots: u64) -> usize {
    use std::os::fd::AsFd;
    let file = File::from(yard.as_fd().try_clone_to_owned().unwrap());
    (0..slots).filter(|i| get(&file, ENTRIES_AT + i * ENTRY_BYTES) >> 17 & 0xf != 0).count()
}

fn members_died(yard: &Yard) -> usize {
    yard.faults().iter().filter(|f| f.kind == FaultKind::Member).count()
}

fn a_child_holds_its_end_at_once() -> Verdict {
    let yard = small().anonymous().unwrap();
    let (father, mine) = ends(&pipe(&yard));
    let child = fork(|| {
        sleep_ms(400); // longer than a slice
        mine.send(b"after a while", Timeout::Try).unwrap();
        sleep_ms(100);
        assert_eq!(mine.recv_vec(LONG).unwrap(), b"well");
    });
    mine.close();
    assert_eq!(kind(father.recv_vec(Duration::from_millis(50))), ErrorKind::Empty);
    assert_eq!((father.peer(), father.poll(Timeout::Try)), (Peer::Here, Ok(false)));
    assert_eq!(father.recv_vec(LONG).unwrap(), b"after a while");
    father.send(b"well", Timeout::Try).unwrap();
    assert_eq!(child.wait(), Ended::Code(0));
    assert_eq!(end_of_stream(&father), ErrorKind::PeerDied, "it ended without closing");
    Good
}

fn a_hundred_forks() -> Verdict {
    let yard = small().anonymous().unwrap();
    let pipe = pipe(&yard);
    for round in 0..100_u32 {
        let (father, mine) = ends(&pipe);
        let (mut a, mut b) = (Some(father), Some(mine));
        let child = fork(|| {
            drop(a.take());
            let mine = b.take().unwrap();
            mine.send(&round.to_ne_bytes(), Timeout::Try).unwrap();
            assert_eq!(mine.recv_vec(LONG).unwrap(), b"bye");
            mine.close();
        });
        drop(b.take());
        let father = a.take().unwrap();
        assert_eq!(father.recv_vec(LONG).unwrap(), round.to_ne_bytes());
        father.send(b"bye", Timeout::Try).unwrap();
        assert_eq!(end_of_stream(&father), ErrorKind::PeerClosed, "round {round}");
        assert_eq!(child.wait(), Ended::Code(0));
    }
    yard.sweep();
    assert_eq!(places_taken(&yard, 8), 1);
    Good
}

fn a_child_killed_before_its_first_call() -> Verdict {
    for fallback in [false, true] {
        let yard = small().fallback(fallback).anonymous().unwrap();
        let (father, mine) = ends(&pipe(&yard));
        let step = Step::of(&yard);
        let child = fork(|| {
            step.set(1); // no call that takes a place
            sleep_ms(60_000);
        });
        mine.close();
        step.wait(1);
        assert_eq!(kind(father.recv_vec(Duration::from_millis(20))), ErrorKind::Empty);
        child.kill(libc::SIGKILL);
        assert_eq!(end_of_stream(&father), ErrorKind::PeerDied);
        let last = yard.faults().into_iter().find(|f| f.kind == FaultKind::Connection).unwrap();
        assert_eq!(
            (last.pid, last.object),
            (child.0.cast_unsigned(), Some(("pipe".into(), ObjectType::Pipe)))
        );
        assert_eq!(child.wait(), Ended::Signal(libc::SIGKILL));
    }
    Good
}

fn a_child_that_goes_without_closing() -> Verdict {
    let yard = small().anonymous().unwrap();
    let pipe = pipe(&yard);
    for execs in [false, true] {
        let (father, mine) = ends(&pipe);
        let child = fork(|| {
            if execs {
                panic!("{}", Command::new("sleep").arg("60").exec());
            }
        });
        mine.close();
        assert_eq!(end_of_stream(&father), ErrorKind::PeerDied, "execs: {execs}");
        if execs {
            child.slay(); // the other program ran on
        } else {
            assert_eq!(child.wait(), Ended::Code(0));
        }
    }
    Good
}

/// No more processes for this one; root may always fork.
fn no_more_processes() {
    unsafe {
        if libc::getuid() == 0 {
            assert_eq!(libc::setresuid(65_534, 65_534, 65_534), 0);
            libc::prctl(libc::PR_SET_DUMPABLE, 1);
        }
        let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        assert_eq!(libc::setrlimit(libc::RLIMIT_NPROC, &none), 0);
    }
}

fn a_fork_that_fails_leaves_nothing() -> Verdict {
    let yard = small().anonymous().unwrap();
    let pipe = pipe(&yard);
    let step = Step::of(&yard);
    let father = pipe.end(PipeEnd::First).unwrap();
    let child = fork(|| {
        let mine = pipe.end(PipeEnd::Second).unwrap();
        no_more_processes();
        for _ in 0..20 {
            assert_eq!(unsafe { libc::fork() }, -1, "there was to be no fork");
        }
        step.set(1);
        step.wait(2);
        mine.close();
        step.set(3);
        sleep_ms(60_000);
    });
    step.wait(1);
    yard.sweep();
    assert_eq!((places_taken(&yard, 8), members_died(&yard)), (2, 0));
    step.set(2);
    step.wait(3);
    assert_eq!(end_of_stream(&father), ErrorKind::PeerClosed, "nobody has died");
    child.slay();
    Good
}

/// Has our handlers run just outside of the library's: after them before a fork, before them in a child.
fn around_fork(prepare: Option<unsafe extern "C" fn()>, child: Option<unsafe extern "C" fn()>) {
    assert_eq!(unsafe { libc::pthread_atfork(prepare, None, child) }, 0);
}

static ARMED: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn die_if_armed() {
    if ARMED.load(Ordering::SeqCst) == 1 {
        die();
    }
}

fn a_parent_killed_before_the_fork() -> Verdict {
    around_fork(Some(die_if_armed), None);
    let yard = small().anonymous().unwrap();
    let pipe = pipe(&yard);
    let first = pipe.end(PipeEnd::First).unwrap();
    for _ in 0..3 {
        let child = fork(|| {
            let _mine = pipe.end(PipeEnd::Second).unwrap();
            ARMED.store(1, Ordering::SeqCst);
            unsafe { libc::fork() };
        });
        assert_eq!(child.wait(), Ended::Signal(libc::SIGKILL));
        assert_eq!(end_of_stream(&first), ErrorKind::PeerDied);
    }
    yard.sweep();
    assert_eq!((places_taken(&yard, 8), members_died(&yard)), (1, 3), "the unborn did not die");
    Good
}

fn a_child_killed_before_it_is_born() -> Verdict {
    around_fork(None, Some(die_if_armed));
    let yard = small().anonymous().unwrap();
    let pipe = pipe(&yard);
    let (first, second) = ends(&pipe);
    ARMED.store(1, Ordering::SeqCst);
    for _ in 0..12 {
        let child = fork(|| unreachable!());
        assert_eq!(child.wait(), Ended::Signal(libc::SIGKILL));
    }
    assert_eq!(first.peer(), Peer::Here);
    second.close();
    assert_eq!(end_of_stream(&first), ErrorKind::PeerClosed);
    yard.sweep();
    assert_eq!((places_taken(&yard, 8), members_died(&yard)), (1, 0));
    Good
}

/// Killed by their parent at any instant from the fork on.
fn children_killed_while_they_are_born() -> Verdict {
    let yard = small().anonymous().unwrap();
    let pipe = pipe(&yard);
    let mut died = 0;
    for round in 0..120_u64 {
        let (first, second) = ends(&pipe);
        let child = fork(|| sleep_ms(60_000));
        second.close();
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_micros(round * 12) {}
        child.kill(libc::SIGKILL);
        match end_of_stream(&first) {
            ErrorKind::PeerDied => died += 1,
            ErrorKind::PeerClosed => {} // it was never born
            other => panic!("{other:?}"),
        }
        assert_eq!(child.wait(), Ended::Signal(libc::SIGKILL));
    }
    println!("  {died} of 120 had been born");
    yard.sweep();
    assert_eq!(places_taken(&yard, 8), 1);
    Good
}

fn closefrom_in_a_newborn_child() -> Verdict {
    let yard = small().anonymous().unwrap();
    let (father, mine) = ends(&pipe(&yard));
    let child = fork(|| {
        closefrom();
        sleep_ms(400);
        mine.send(b"here I am", Timeout::Try).unwrap();
        assert_eq!(mine.recv_vec(LONG).unwrap(), b"good");
        sleep_ms(60_000);
    });
    mine.close();
    assert_eq!(father.recv_vec(LONG).unwrap(), b"here I am");
    assert_eq!(father.peer(), Peer::Here);
    father.try_send(b"good").unwrap();
    child.kill(libc::SIGKILL);
    assert_eq!(end_of_stream(&father), ErrorKind::PeerDied);
    assert_eq!(child.wait(), Ended::Signal(libc::SIGKILL));
    Good
}

/// Whoever cannot ask through the descriptor asks by the name: a newborn child is not taken for one that never was.
fn closefrom_in_a_parent() -> Verdict {
    let name = crate::Name::new("father");
    let yard = small().create(&name.0).unwrap();
    let pipe = pipe(&yard);
    for _ in 0..20 {
        let (father, mine) = ends(&pipe);
        closefrom();
        let child = fork(|| {
            sleep_ms(3);
            mine.send(b"here I am", Timeout::Try).unwrap();
        });
        mine.close();
        assert_eq!(father.recv_vec(LONG).unwrap(), b"here I am");
        assert_eq!(child.wait(), Ended::Code(0));
    }
    Good
}

fn a_grandchild_holds() -> Verdict {
    let yard = small().anonymous().unwrap();
    let (first, second) = ends(&pipe(&yard));
    let mut second = Some(second);
    let child = fork(|| {
        // Not a call from this process: the grandchild is forked at once.
        let _ = fork(|| {
            sleep_ms(300);
            let mine = second.take().unwrap();
            mine.send(b"from a grandchild", Timeout::Try).unwrap();
            mine.close();
            sleep_ms(500);
        });
    });
    drop(second.take());
    assert_eq!(child.wait(), Ended::Code(0));
    assert_eq!(first.peer(), Peer::Here);
    assert_eq!(first.recv_vec(LONG).unwrap(), b"from a grandchild");
    assert_eq!(end_of_stream(&first), ErrorKind::PeerClosed);
    Good
}

fn without_a_free_place() -> Verdict {
    let yard = Options::new().slots(2).size(1 << 16).anonymous().unwrap();
    let step = Step::of(&yard);
    let (first, second) = ends(&pipe(&yard));
    let eldest = fork(|| {
        step.set(1); // has the other place
        sleep_ms(60_000);
    });
    step.wait(1);
    let child = fork(|| {
        assert_eq!(kind(second.send(b"x", LONG)), ErrorKind::NoSlots);
        step.set(2);
        step.wait(3);
        second.send(b"there is a place now", LONG).unwrap();
        step.set(4);
        sleep_ms(60_000);
    });
    second.close();
    step.wait(2);
    eldest.slay();
    assert_eq!(end_of_stream(&first), ErrorKind::PeerDied, "the child does not hold it yet");
    yard.detach_thread();
    step.set(3);
    step.wait(4);
    assert_eq!(first.peer(), Peer::Here);
    assert_eq!(first.recv_vec(LONG).unwrap(), b"there is a place now");
    child.slay();
    Good
}

fn ends_of_all_yards() -> Verdict {
    let yards: Vec<Yard> = (0..5).map(|_| small().anonymous().unwrap()).collect();
    let pairs: Vec<_> = yards.iter().map(|yard| ends(&pipe(yard))).collect();
    let child = fork(|| {
        sleep_ms(300);
        pairs.iter().for_each(|(_, mine)| mine.try_send(b"here").unwrap());
        sleep_ms(60_000);
    });
    let firsts: Vec<Connection> = pairs.into_iter().map(|(first, _)| first).collect();
    for first in &firsts {
        assert_eq!(first.recv_vec(LONG).unwrap(), b"here");
        assert_eq!(first.peer(), Peer::Here);
    }
    child.kill(libc::SIGKILL);
    firsts.iter().for_each(|first| assert_eq!(end_of_stream(first), ErrorKind::PeerDied));
    Good
}

fn threads_and_forks() -> Verdict {
    const FORKS: u32 = 150;
    let name = Name::new("forks");
    let yard = Options::new().slots(32).size(1 << 18).create(&name.0).unwrap();
    let (first, second) = ends(&pipe(&yard));
    let stop = AtomicU32::new(0);
    std::thread::scope(|s| {
        for thread in 0..3 {
            let (name, stop, yard) = (&name.0, &stop, &yard);
            s.spawn(move || {
                while stop.load(Ordering::SeqCst) == 0 {
                    let again = Yard::open(name).unwrap();
                    let own = small().anonymous().unwrap();
                    let (a, b) = ends(&pipe(&own));
                    a.try_send(b"x").unwrap();
                    assert_eq!(b.recv_vec(LONG).unwrap(), b"x");
                    let other = Pipe::open_or_create(
                        &again,
                        &format!("p{thread}"),
                        PipeOptions { capacity: 256, duplex: true },
                    )
                    .unwrap();
                    drop(ends(&other));
                    drop((a, b, own, again));
                }
                yard.detach_thread();
            });
        }
        s.spawn(|| {
            for number in 0..FORKS {
                let child = fork(|| {
                    second.send(&number.to_ne_bytes(), LONG).unwrap();
                });
                assert_eq!(child.wait(), Ended::Code(0));
            }
            stop.store(1, Ordering::SeqCst);
        });
        let mut sum = 0;
        for _ in 0..FORKS {
            sum += u32::from_ne_bytes(first.recv_vec(LONG).unwrap().try_into().unwrap());
        }
        assert_eq!(sum, FORKS * (FORKS - 1) / 2);
    });
    yard.sweep();
    assert_eq!(places_taken(&yard, 32), 1);
    Good
}

fn a_parents_end_dies() -> Verdict {
    let yard = small().anonymous().unwrap();
    let step = Step::of(&yard);
    let child = fork(|| {
        let (first, second) = ends(&pipe(&yard));
        let (mut first, mut second) = (Some(first), Some(second));
        let _ = fork(|| {
            drop(first.take());
            let mine = second.take().unwrap();
            assert_eq!(end_of_stream(&mine), ErrorKind::PeerDied);
            step.set(2);
        });
        drop(second.take());
        step.set(1);
        sleep_ms(60_000);
    });
    step.wait(1);
    child.slay();
    step.wait(2);
    Good
}

fn each_process_counts_its_own_handles() -> Verdict {
    let yard = small().anonymous().unwrap();
    let pipe = pipe(&yard);
    let step = Step::of(&yard);
    let (first, second) = ends(&pipe);
    let more = [second.clone(), pipe.end(PipeEnd::Second).unwrap()];
    let mut all = Some((second, more));
    let child = fork(|| {
        drop(all.take());
        step.set(1);
        sleep_ms(60_000);
    });
    step.wait(1);
    assert_eq!(first.peer(), Peer::Here, "the child's handles were the child's");
    let (second, more) = all.take().unwrap();
    second.close();
    let [clone, other] = more;
    clone.close();
    assert_eq!(first.peer(), Peer::Here);
    other.close();
    assert_eq!(first.peer(), Peer::Closed);
    child.slay();
    assert_eq!(end_of_stream(&first), ErrorKind::PeerClosed, "the child held only the first end");
    Good
}

fn a_fork_without_ends_takes_no_place() -> Verdict {
    let yard = small().anonymous().unwrap();
    drop(ends(&pipe(&yard)));
    let child = fork(|| sleep_ms(60_000));
    assert_eq!(places_taken(&yard, 8), 1);
    child.slay();
    Good
}

fn uncontended_pipe_calls() -> Verdict {
    let yard = small().anonymous().unwrap();
    let (first, second) = ends(&pipe(&yard));
    let turn = || {
        let mut buffer = [0; 16];
        first.send(b"question", Timeout::Forever).unwrap();
        assert_eq!(second.recv(&mut buffer, Timeout::Forever), Ok(8));
        second.send(b"answer", Timeout::Forever).unwrap();
        assert_eq!(first.poll(Timeout::Forever), Ok(true));
        assert_eq!(first.recv(&mut buffer, Timeout::Forever), Ok(6));
    };
    turn();
    unsafe {
        // Only read, write, exit and sigreturn are left; anything else is death.
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, 1), 0);
        (0..1000).for_each(|_| turn());
        libc::syscall(libc::SYS_exit, 0);
    }
    unreachable!("exit does not return")
}

fn a_stopped_holder_holds_on() -> Verdict {
    let yard = small().anonymous().unwrap();
    let (first, second) = ends(&pipe(&yard));
    let child = fork(|| {
        second.try_send(b"x").unwrap();
        sleep_ms(60_000);
    });
    second.close();
    assert_eq!(first.recv_vec(LONG).unwrap(), b"x");
    child.stop();
    yard.sweep();
    assert_eq!(kind(first.recv_vec(Duration::from_millis(600))), ErrorKind::Empty);
    assert_eq!(first.peer(), Peer::Here);
    child.slay();
    assert_eq!(end_of_stream(&first), ErrorKind::PeerDied);
    Good
}

fn strangers_meet() -> Verdict {
    let name = Name::new("strangers");
    let yard = small().create(&name.0).unwrap();
    let first = pipe(&yard).end(PipeEnd::First).unwrap();
    // Forked before it knows anything of the pipe, it comes by name.
    let stranger = fork(|| {
        let yard = Yard::open(&name.0).unwrap();
        let mine = pipe(&yard).end(PipeEnd::Second).unwrap();
        for number in 0..1000_u32 {
            mine.send(&number.to_ne_bytes(), LONG).unwrap();
        }
        mine.close();
        sleep_ms(100);
    });
    for number in 0..1000_u32 {
        assert_eq!(first.recv_vec(LONG).unwrap(), number.to_ne_bytes());
    }
    assert_eq!(end_of_stream(&first), ErrorKind::PeerClosed);
    assert_eq!(stranger.wait(), Ended::Code(0));
    Good
}

fn busy_is_told() -> Verdict {
    let yard = small().size(1 << 26).anonymous().unwrap();
    let options = PipeOptions { capacity: 1 << 24, duplex: false };
    let pipe = Pipe::create(&yard, "large", options).unwrap();
    let (first, second) = ends(&pipe);
    let child = fork(|| {
        let message = vec![1_u8; pipe.max_len()]; // its copy takes a while
        loop {
            let _ = second.send(&message, Timeout::Forever);
        }
    });
    let mut buffer = vec![0; pipe.max_len() + 1];
    let mut told = 0;
    for _ in 0..2000 {
        child.stop();
        // It can never be sent, but that is found out in a turn.
        match kind(second.try_send(&buffer)) {
            ErrorKind::TooLong => {}
            ErrorKind::Busy => {
                told += 1;
                assert_eq!(kind(second.send(b"x", Duration::from_millis(5))), ErrorKind::Timeout);
            }
            other => panic!("{other:?}"),
        }
        child.kill(libc::SIGCONT);
        let _ = first.recv(&mut buffer, Duration::from_millis(5));
        if told == 3 {
            break;
        }
    }
    assert!(told > 0, "it was never stopped in its turn");
    child.slay();
    assert_eq!(kind(second.send(&buffer, LONG)), ErrorKind::TooLong, "the turn of the dead is over");
    Good
}
