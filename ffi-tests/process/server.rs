//! Children of a fork server.

use super::*;
use courtyard::ForkServer;
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use std::fs;
use std::io::{IoSlice, Read, pipe};

pub(super) const SCENARIOS: &[Scenario] = &[
    ("a_server_makes_children_that_are_watched_from_here", children_are_watched),
    ("a_warm_server_makes_warm_children", a_warm_server),
    ("a_servers_child_has_what_it_was_given_and_no_more", a_servers_child_has_what_it_was_given),
    ("a_server_that_is_killed_is_told", a_killed_server),
    ("a_servers_child_dies_with_who_asked_for_it", a_servers_child_dies),
    ("whoever_is_killed_while_it_asks_leaves_neither_server_nor_child", killed_while_asking),
    ("a_server_is_its_makers_alone", a_server_is_its_makers),
    ("a_server_heeds_no_strangers_requests", a_server_heeds_no_stranger),
    ("a_server_leaves_nothing_behind", a_server_leaves_nothing),
    ("a_letter_is_short_or_long", a_letter_is_short_or_long),
    ("who_is_left_of_a_servers_childs_group_is_killed", a_servers_group_is_killed),
    ("what_a_servers_child_inherits_may_have_any_number", a_servers_child_has_any_number),
    ("a_server_that_fails_is_told_also_if_its_line_stays_open", a_servers_line_stays_open),
    ("signals_kill_no_server_and_no_parent", signals_kill_nobody),
    ("a_server_needs_no_high_numbers", a_server_under_a_low_limit),
];

fn children_are_watched() {
    let server = ForkServer::start().unwrap();
    server.ready(LONG).unwrap();
    server.ready(Timeout::Try).unwrap();
    assert_eq!(server.spawn("echo", &[9]).unwrap().join(LONG).unwrap(), Exit::Code(9));
    assert_eq!(server.spawn("die", &[]).unwrap().join(LONG).unwrap(), Exit::Signal(libc::SIGKILL));
    let child = server.spawn("sleep", &[]).unwrap();
    assert!(child.is_alive() && runs(child.pid()));
    assert_eq!(kind(child.join(Timeout::Try)), ErrorKind::Timeout);
    assert_eq!(courtyard::active_children().len(), 1, "the server is not listed");
    child.terminate().unwrap();
    let (told, exit) = courtyard::wait_any_child(LONG).unwrap();
    assert_eq!((told.pid(), exit), (child.pid(), Exit::Signal(libc::SIGTERM)));
    assert_eq!(kind(courtyard::wait_any_child(LONG)), ErrorKind::NoChild);
    assert_eq!(kind(server.spawn("nobody", &[])), ErrorKind::NotFound);
    // Many at once.
    let all: Vec<Process> = (0..50).map(|i| server.spawn("echo", &[i]).unwrap()).collect();
    for (child, i) in all.iter().zip(0..) {
        assert_eq!(child.join(LONG).unwrap(), Exit::Code(i));
    }
}

fn a_warm_server() {
    let server = ForkServer::start_with("warm", &[77, 0]).unwrap();
    assert_eq!(server.spawn("is-warm", &[]).unwrap().join(LONG).unwrap(), Exit::Code(77));
    let failed = ForkServer::start_with("warm", &[77, 5]).unwrap();
    assert_eq!(kind(failed.ready(LONG)), ErrorKind::PeerDied);
    assert_eq!(failed.process().join(LONG).unwrap(), Exit::Code(5));
    assert_eq!(kind(ForkServer::start_with("nobody", &[])), ErrorKind::NotFound);
    let threaded = ForkServer::start_with("start-a-thread", &[]).unwrap();
    assert_eq!(kind(threaded.spawn("echo", &[])), ErrorKind::State);
}

fn a_servers_child_has_what_it_was_given() {
    let server = ForkServer::start().unwrap();
    let scene = Scene::new();
    let said = scene.number("said");
    let number = scene.yard.as_fd().as_raw_fd();
    let options = ProcessOptions { name: Some("reporter".into()), inherit: vec![number], ..options() };
    let child = server.spawn_with(&options, "report", &number.to_ne_bytes()).unwrap();
    assert_eq!(child.join(LONG).unwrap(), Exit::Code(0));
    assert_eq!(said.get(), std::process::id());
    // Three, and its parent's life.
    let child = server.spawn("count-descriptors", &[]).unwrap();
    assert_eq!(child.join(LONG).unwrap(), Exit::Code(4));
    // Two whose numbers are crossed on their way.
    let (read, write) = pipe().unwrap();
    let numbers = vec![write.as_raw_fd(), read.as_raw_fd()];
    let options = ProcessOptions { inherit: numbers, ..super::options() };
    let child = server.spawn_with(&options, "write-number", &write.as_raw_fd().to_ne_bytes()).unwrap();
    assert_eq!(child.join(LONG).unwrap(), Exit::Code(0));
    let bad = ProcessOptions { inherit: vec![999], ..super::options() };
    assert_eq!(kind(server.spawn_with(&bad, "echo", &[])), ErrorKind::Closed);
    let many = ProcessOptions { inherit: vec![1; 252], ..super::options() };
    assert_eq!(kind(server.spawn_with(&many, "echo", &[])), ErrorKind::Range);
}

fn a_killed_server() {
    let server = ForkServer::start().unwrap();
    let child = server.spawn("sleep", &[]).unwrap();
    server.process().kill().unwrap();
    assert_eq!(server.process().join(LONG).unwrap(), Exit::Signal(libc::SIGKILL));
    assert_eq!(kind(server.spawn("echo", &[])), ErrorKind::PeerDied);
    assert_eq!(kind(child.join(Duration::from_millis(30))), ErrorKind::Timeout, "it goes on");
    child.kill().unwrap();
    assert_eq!(child.join(LONG).unwrap(), Exit::Unknown);
}

fn a_servers_child_dies() {
    let make = || {
        let server = Box::leak(Box::new(ForkServer::start().unwrap()));
        server.spawn_with(&ends(AtExit::Kill), "sleep", &[]).unwrap()
    };
    let (pid, _) = orphan(make, || {});
    until("the end of the child", || !runs(pid));
    let (pid, _) = orphan(make, killed);
    until("the end of the killed one's child", || !runs(pid));
    // Not with its server.
    let make = || {
        let server = ForkServer::start().unwrap();
        let child = server.spawn_with(&ends(AtExit::Kill), "sleep", &[]).unwrap();
        let served = server.process().clone();
        drop(server);
        assert_eq!(served.join(LONG).unwrap(), Exit::Code(0));
        child
    };
    let child = make();
    assert!(child.is_alive());
    child.kill().unwrap();
    assert_eq!(child.join(LONG).unwrap(), Exit::Unknown);
}

fn a_server_is_its_makers() {
    let server = ForkServer::start().unwrap();
    let stranger = fork(|| {
        assert_eq!(kind(server.spawn("echo", &[])), ErrorKind::NotOwner);
        assert_eq!(kind(server.ready(LONG)), ErrorKind::NotOwner);
    });
    assert_eq!(stranger.wait(), Ended::Code(0));
    assert_eq!(server.spawn("echo", &[1]).unwrap().join(LONG).unwrap(), Exit::Code(1));
}

/// A fork child has a copy of the line, and can write to it whatever it likes.
fn a_server_heeds_no_stranger() {
    let before = sockets();
    let server = ForkServer::start().unwrap();
    server.ready(LONG).unwrap();
    let line = *sockets().iter().find(|it| !before.contains(it)).expect("the line's own end");
    let stranger = fork(|| {
        let (mut news, tell) = pipe().unwrap();
        let rights = [tell.as_raw_fd()];
        let ask = |request: &[u8]| {
            let part = [IoSlice::new(request)];
            let beside = [ControlMessage::ScmRights(&rights)];
            assert_eq!(sendmsg::<()>(line, &part, &beside, MsgFlags::empty(), None), Ok(request.len()));
        };
        ask(&request_for("echo", &[5]));
        ask(b"no request");
        ask(b"");
        drop(tell);
        let mut told = Vec::new();
        news.read_to_end(&mut told).unwrap();
        assert!(told.is_empty(), "a child was made, and has ended: {told:?}");
    });
    assert_eq!(stranger.wait(), Ended::Code(0));
    assert_eq!(server.spawn("echo", &[1]).unwrap().join(LONG).unwrap(), Exit::Code(1));
}

/// What a fork server is sent for a child that runs `entry`.
fn request_for(entry: &str, bytes: &[u8]) -> Vec<u8> {
    let mut request = b"\x01\0\0cydlet3\0".to_vec();
    [std::process::id(), 0, 0, 0, u32::MAX].iter().for_each(|number| request.extend(number.to_ne_bytes()));
    for part in [&b"Stranger"[..], &[], &[], entry.as_bytes(), bytes] {
        request.extend((part.len() as u64).to_ne_bytes());
        request.extend(part);
    }
    request
}

/// The sockets that this process has.
fn sockets() -> Vec<RawFd> {
    let numbers = fs::read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap().file_name());
    let numbers = numbers.map(|it| it.into_string().unwrap().parse().unwrap());
    let target = |fd: &RawFd| fs::read_link(format!("/proc/self/fd/{fd}"));
    numbers.filter(|fd| target(fd).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))).collect()
}

fn a_server_leaves_nothing() {
    ForkServer::start().unwrap().ready(LONG).unwrap();
    assert_eq!(kind(courtyard::wait_any_child(Timeout::Try)), ErrorKind::NoChild);
    until("the end of the first server", || {
        let _ = courtyard::active_children(); // reaps
        children().is_empty()
    });
    let before = open_fds().len();
    for _ in 0..5 {
        let server = ForkServer::start().unwrap();
        for i in 0..20 {
            assert_eq!(server.spawn("echo", &[i]).unwrap().join(LONG).unwrap(), Exit::Code(i32::from(i)));
        }
    }
    until("the end of all", || {
        let _ = courtyard::active_children();
        children().is_empty()
    });
    assert_eq!(open_fds().len(), before);
}

fn a_letter_is_short_or_long() {
    let server = ForkServer::start().unwrap();
    let numbers: Vec<RawFd> = vec![server.process().as_fd().as_raw_fd()];
    for inherit in [vec![], numbers] {
        for len in [0, 1, 1900, 1950, 2000, 2048, 2100, 1 << 20] {
            let options = ProcessOptions { inherit: inherit.clone(), ..super::options() };
            let child = server.spawn_with(&options, "sum", &vec![1; len]).unwrap();
            assert_eq!(child.join(LONG).unwrap(), Exit::Code((len % 251) as i32), "{len} bytes");
        }
    }
}

fn a_servers_group_is_killed() {
    let server = ForkServer::start().unwrap();
    let scene = Scene::new();
    let pid = scene.number("grandchild");
    let number = scene.yard.as_fd().as_raw_fd();
    for group in [true, false] {
        let options = ProcessOptions { group, inherit: vec![number], ..super::options() };
        let child = server.spawn_with(&options, "leave-a-child", &number.to_ne_bytes()).unwrap();
        assert_eq!(child.join(LONG).unwrap(), Exit::Code(0));
        if group {
            until("the end of the grandchild", || !runs(pid.get()));
        } else {
            sleep_ms(50);
            assert!(runs(pid.get()), "nobody asked for its end");
            unsafe { libc::kill(pid.get().cast_signed(), libc::SIGKILL) };
        }
    }
}

/// As `killed_while_making`.
fn killed_while_asking() {
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) }, 0);
    let mut orphans = 0;
    for round in 0..40 {
        let asker = fork(|| {
            let server = ForkServer::start().unwrap();
            loop {
                drop(server.spawn_with(&ends(AtExit::Kill), "sleep", &[]));
            }
        });
        std::thread::sleep(Duration::from_micros(400 * round));
        asker.slay();
        orphans += children().len();
        until("the end of server and children", || {
            while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } > 0 {}
            children().is_empty()
        });
    }
    println!("40 askers killed, {orphans} servers and children seen, and none stayed");
    assert!(orphans > 40, "most were killed too early");
}

fn a_servers_child_has_any_number() {
    let server = ForkServer::start().unwrap();
    let (_read, write) = pipe().unwrap();
    for number in 198..212 {
        assert_eq!(unsafe { libc::dup2(write.as_raw_fd(), number) }, number);
        let options = ProcessOptions { inherit: vec![number], ..super::options() };
        let child = server.spawn_with(&options, "write-number", &number.to_ne_bytes()).unwrap();
        assert_eq!(child.join(LONG).unwrap(), Exit::Code(0), "number {number}");
        unsafe { libc::close(number) };
    }
}

fn a_servers_line_stays_open() {
    let server = ForkServer::start_with("leave-a-helper-and-fail", &[]).unwrap();
    assert_eq!(kind(server.ready(LONG)), ErrorKind::PeerDied);
    assert_eq!(kind(server.spawn("echo", &[])), ErrorKind::PeerDied);
}

fn signals_kill_nobody() {
    let server = ForkServer::start().unwrap();
    under_signals(|| {
        for i in 0..200 {
            assert_eq!(server.spawn("echo", &[i]).unwrap().join(LONG).unwrap(), Exit::Code(i.into()));
        }
        let child = Process::spawn("sees-its-parent-among-signals", &[]).unwrap();
        assert_eq!(child.join(LONG).unwrap(), Exit::Code(0));
    });
}

fn a_server_under_a_low_limit() {
    let limit = |most: u64| {
        let most = libc::rlimit { rlim_cur: most, rlim_max: 4096 };
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &most) }, 0);
    };
    limit(40);
    let server = ForkServer::start().unwrap();
    server.ready(LONG).unwrap();
    let (_read, write) = pipe().unwrap();
    for number in 20..38 {
        assert_eq!(unsafe { libc::dup2(write.as_raw_fd(), number) }, number);
        let options = ProcessOptions { inherit: vec![number], ..super::options() };
        let child = server.spawn_with(&options, "write-number", &number.to_ne_bytes()).unwrap();
        assert_eq!(child.join(LONG).unwrap(), Exit::Code(0), "number {number}");
        unsafe { libc::close(number) };
    }
}
