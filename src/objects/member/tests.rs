#![allow(unsafe_code)] // children are forked and killed here

use super::*;
use crate::os::fork::APART;
use crate::presence::entry::Slot;
use crate::{CancelToken, Event, EventOptions, Waitable, wait_any, wait_some};
use std::time::Instant;

const LONG: Duration = Duration::from_secs(20);
const BRIEF: Duration = Duration::from_millis(20);

/// A child that joins the yard, says so, and stays until it is killed, or closes and stays on.
fn child(yard: &Yard, name: &str, close: bool) -> libc::pid_t {
    let here = Event::create(yard, name, EventOptions::default()).unwrap();
    let apart = APART.lock();
    // SAFETY: the child runs no destructor of the parent's and ends by _exit or a signal.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let _ = here.wait(Timeout::For(Duration::from_millis(1))); // joins and registers
        here.set();
        let go = Event::open(yard, "go").unwrap();
        let _ = go.wait(LONG);
        if close {
            // SAFETY: the end of the process.
            unsafe { libc::_exit(0) };
        }
        loop {
            std::thread::sleep(LONG);
        }
    }
    drop(apart);
    here.wait(LONG).unwrap();
    pid
}

fn kill(pid: libc::pid_t) {
    let mut status = 0;
    // SAFETY: our own child.
    unsafe {
        libc::kill(pid, libc::SIGKILL);
        libc::waitpid(pid, &mut status, 0);
    }
}

fn member(yard: &Yard, pid: libc::pid_t) -> Member {
    yard.members().into_iter().find(|member| member.pid() == pid as u32).unwrap()
}

#[test]
fn members_are_listed_and_waited_for() {
    let yard = Yard::anonymous().unwrap();
    let go = Event::create(&yard, "go", EventOptions::default()).unwrap();
    let me = &yard.members()[0];
    assert!(me.is_me() && me.is_alive() && me.pid() == std::process::id());
    assert!(!me.name().is_empty() && me.since() <= SystemTime::now() && me.since() > SystemTime::UNIX_EPOCH);
    assert_eq!(me.wait(Timeout::Forever).unwrap_err().kind(), ErrorKind::Deadlock);
    assert_eq!(me.wait(BRIEF).unwrap_err().kind(), ErrorKind::Timeout);

    let pids = ["a", "b", "c"].map(|name| child(&yard, name, false));
    assert_eq!(yard.members().len(), 4);
    let members = pids.map(|pid| member(&yard, pid));
    assert!(members.iter().all(|m| m.is_alive() && !m.is_me() && m.threads() == 1));
    assert_eq!(members[0].wait(Timeout::Try).unwrap_err().kind(), ErrorKind::Timeout);

    // A stopped one is here.
    // SAFETY: our own child.
    unsafe { libc::kill(pids[0], libc::SIGSTOP) };
    assert_eq!(members[0].wait(Duration::from_millis(300)).unwrap_err().kind(), ErrorKind::Timeout);
    let token = CancelToken::new();
    token.cancel();
    let scope = token.scope().unwrap();
    assert_eq!(members[0].wait(LONG).unwrap_err().kind(), ErrorKind::Cancelled);
    drop(scope);

    let begun = Instant::now();
    std::thread::scope(|s| {
        let all: Vec<&dyn Waitable> = vec![&go, &members[0], &members[1], &members[2]];
        let waiter = s.spawn(move || wait_any(&all, LONG));
        std::thread::sleep(BRIEF);
        kill(pids[1]);
        assert_eq!(waiter.join().unwrap().unwrap(), 2);
    });
    assert!(begun.elapsed() < LONG);
    assert!(!members[1].is_alive() && members[1].threads() == 0);
    members[1].wait(Timeout::Try).unwrap();
    assert_eq!(yard.members().len(), 3);
    kill(pids[2]);
    members[2].wait(LONG).unwrap();
    let gone: Vec<&dyn Waitable> = vec![&members[0], &members[1], &members[2]];
    assert_eq!(wait_some(&gone, LONG).unwrap(), [1, 2]);

    // Who comes into the place of a dead one is another member.
    let pid = child(&yard, "d", false);
    let next = member(&yard, pid);
    assert!(next.is_alive() && !members[1].is_alive() && !members[2].is_alive());
    let all: Vec<&dyn Waitable> = vec![&members[0], &next];
    assert_eq!(wait_any(&all, BRIEF).unwrap_err().kind(), ErrorKind::Timeout);
    kill(pid);
    next.wait(LONG).unwrap();
    kill(pids[0]);
    crate::wait_all(&gone, LONG).unwrap();
}

#[test]
fn who_ends_by_himself_is_gone_too() {
    let yard = Yard::anonymous().unwrap();
    let go = Event::create(&yard, "go", EventOptions::default()).unwrap();
    let pid = child(&yard, "a", true);
    let member = member(&yard, pid);
    std::thread::scope(|s| {
        let waiter = s.spawn(|| member.wait(LONG));
        std::thread::sleep(BRIEF);
        go.set();
        waiter.join().unwrap().unwrap();
    });
    kill(pid);
}

/// A child whose only thread in the yard leaves, or dies and is cleared up behind; whether all know for a while that the child
/// may be next. In the end it is here like anybody, and then killed.
fn is_in_doubt_without_its_thread(dies: bool) -> bool {
    let yard = Yard::anonymous().unwrap();
    let here = Event::create(&yard, "here", EventOptions::default()).unwrap();
    let apart = APART.lock();
    // SAFETY: the child runs no destructor of the parent's and ends by a signal; its thread holds nothing when it ends.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        std::thread::spawn(move || {
            let _ = here.wait(Timeout::For(Duration::from_millis(1))); // registers
            here.set();
            if dies {
                // SAFETY: as above.
                unsafe { libc::syscall(libc::SYS_exit, 0) };
            }
        });
        loop {
            std::thread::sleep(LONG);
        }
    }
    drop(apart);
    here.wait(LONG).unwrap();
    let (token, end) = (member(&yard, pid).token, Instant::now() + LONG);
    let until = |what: &dyn Fn() -> bool| {
        while !what() {
            assert!(Instant::now() < end);
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    let is_in_doubt =
        || matches!(yard.held().process_standing(token), Standing::Doubtful { died } if died == dies);
    let is_here = || matches!(yard.held().process_standing(token), Standing::Here(None));
    until(&|| is_in_doubt() || is_here());
    yard.sweep();
    let is_his = |slot: &Slot| slot.place.load().is_some_and(|place| place.token == token);
    until(&|| !yard.held().slots().iter().any(is_his));
    let known = is_in_doubt();
    until(&is_here);
    kill(pid);
    assert!(matches!(yard.held().process_standing(token), Standing::Dead));
    known
}

/// It may be over when this thread comes to look: once in many times it is not.
#[test]
fn a_process_that_has_lost_its_last_thread_is_in_doubt_for_everybody() {
    for dies in [false, true] {
        assert!((0..10).any(|_| is_in_doubt_without_its_thread(dies)), "nobody knows, dies: {dies}");
    }
}
