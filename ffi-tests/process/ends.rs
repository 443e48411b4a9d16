//! Ends of children and of servers that must be told, told once, and not be waited for in vain.

use super::*;
use courtyard::ForkServer;
use std::collections::BTreeSet;

pub(super) const SCENARIOS: &[Scenario] = &[
    ("what_a_thread_holds_is_its_until_it_is_gone", a_thread_is_left),
    ("an_end_is_told_whatever_was_done_in_between", an_end_is_told),
    ("an_end_is_told_to_one", an_end_is_told_to_one),
    ("of_children_without_a_handle_16_ends_are_remembered", ends_without_handles),
    ("who_ends_in_a_cancelled_scope_keeps_his_promises", ends_in_a_cancelled_scope),
    ("a_fork_child_asks_whether_its_sister_lives", a_sister),
    ("a_dropped_server_ends_though_a_child_has_its_line", a_dropped_server_ends),
    ("who_asks_whether_a_server_is_ready_waits_no_longer", ready_in_time),
    ("without_descriptors_a_server_undoes_what_it_made", server_without_descriptors),
    ("a_servers_child_heeds_sigpipe_as_its_program", pipes),
    ("a_server_that_stands_still_is_killed", a_stopped_server),
    ("a_servers_death_is_heard_of_though_others_have_its_pipe", others_have_the_pipe),
    ("a_server_outlives_a_pipe_that_nobody_reads", a_pipe_that_nobody_reads),
    ("a_group_is_let_be_whose_leader_somebody_else_has_reaped", a_group_is_let_be),
    ("a_child_that_somebody_else_has_reaped_at_once_has_ended", gone_at_once),
    ("a_forked_child_that_cannot_begin_says_so", a_child_that_cannot_begin),
];

/// How many children this process has, or the process of this number.
fn children_of(pid: u32) -> usize {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    text.split_whitespace().count()
}

fn wait_for_end(child: &Process) {
    until("the end", || !child.is_alive());
}

fn an_end_is_told() {
    let first = Process::fork(|| 1).unwrap();
    wait_for_end(&first);
    let second = Process::fork(|| 2).unwrap(); // reaps
    wait_for_end(&second);
    assert!(courtyard::active_children().is_empty()); // reaps
    let mut told = BTreeSet::new();
    for _ in 0..2 {
        let (child, exit) = courtyard::wait_any_child(Timeout::Try).unwrap();
        told.insert((child.pid(), exit == Exit::Code(1)));
    }
    assert_eq!(told, BTreeSet::from([(first.pid(), true), (second.pid(), false)]));
    assert_eq!(kind(courtyard::wait_any_child(LONG)), ErrorKind::NoChild);
    assert_eq!(first.join(Timeout::Try).unwrap(), Exit::Code(1), "his own handle may ask again");
    // Who has asked for the end of one has waited for it.
    let third = Process::fork(|| 3).unwrap();
    assert_eq!(third.join(LONG).unwrap(), Exit::Code(3));
    assert_eq!(kind(courtyard::wait_any_child(LONG)), ErrorKind::NoChild);
}

fn an_end_is_told_to_one() {
    for _ in 0..300 {
        let child = Process::fork(|| 0).unwrap();
        let told: Vec<_> = std::thread::scope(|s| {
            let both =
                [(); 3].map(|()| s.spawn(|| courtyard::wait_any_child(LONG).map(|(child, _)| child.pid())));
            both.map(|one| one.join().unwrap()).into_iter().collect()
        });
        assert_eq!(told.iter().flatten().collect::<Vec<_>>(), [&child.pid()], "{told:?}");
        let others = told.into_iter().filter_map(Result::err);
        assert!(others.map(|e| e.kind()).eq([ErrorKind::NoChild; 2]));
    }
}

fn ends_without_handles() {
    let kept: Vec<Process> = (0..100).map(|_| Process::fork(|| 1).unwrap()).collect();
    (0..200).for_each(|_| drop(Process::fork(|| 2).unwrap()));
    until("the end of all", || courtyard::active_children().is_empty());
    let told: Vec<(u32, Exit)> = std::iter::from_fn(|| {
        courtyard::wait_any_child(Timeout::Try).ok().map(|(child, exit)| (child.pid(), exit))
    })
    .collect();
    let of = |code| told.iter().filter(move |(_, exit)| *exit == Exit::Code(code));
    assert!(kept.iter().all(|child| of(1).any(|(pid, _)| *pid == child.pid())));
    assert_eq!((of(1).count(), of(2).count()), (100, 16));
    drop(kept);
    assert_eq!(children_of(std::process::id()), 0);
}

fn ends_in_a_cancelled_scope() {
    let scene = Scene::new();
    let late = scene.number("late");
    let parent = fork(|| {
        let token = CancelToken::new();
        let _waits = Process::fork(|| {
            sleep_ms(100);
            late.fetch_add(1);
            0
        });
        let dies = ProcessOptions { at_exit: AtExit::Kill, ..options() };
        let _dies = Process::fork_with(&dies, || {
            static ASKED: AtomicU32 = AtomicU32::new(0);
            extern "C" fn asked(_: i32) {
                ASKED.store(1, Ordering::SeqCst);
            }
            unsafe { libc::signal(libc::SIGTERM, asked as *const () as libc::sighandler_t) };
            scene.step.set(1);
            while ASKED.load(Ordering::SeqCst) == 0 {
                sleep_ms(1);
            }
            sleep_ms(50);
            late.fetch_add(1);
            0
        });
        scene.step.wait(1);
        let scope = token.scope().unwrap();
        token.cancel();
        std::mem::forget(scope);
        unsafe { libc::exit(5) };
    });
    assert_eq!(parent.wait(), Ended::Code(5));
    assert_eq!(late.get(), 2, "it has waited for both");
}

fn a_sister() {
    let child = Process::fork(sleeper).unwrap();
    let stop = AtomicU32::new(0);
    std::thread::scope(|s| {
        s.spawn(|| {
            while stop.load(Ordering::SeqCst) == 0 {
                assert_eq!(child.exit().unwrap(), None);
            }
        });
        for _ in 0..500 {
            assert_eq!(fork_with(|| i32::from(!child.is_alive())).wait(), Ended::Code(0));
        }
        stop.store(1, Ordering::SeqCst);
    });
    child.kill().unwrap();
    child.join(LONG).unwrap();
}

fn a_dropped_server_ends() {
    let server = ForkServer::start().unwrap();
    server.ready(LONG).unwrap();
    let served = server.process().clone();
    let child = fork(|| sleep_ms(60_000)); // has a copy of everything
    drop(server);
    assert_eq!(served.join(LONG).unwrap(), Exit::Code(0));
    child.slay();
}

/// The server is ready when the file is gone.
fn ready_in_time() {
    let path = std::env::temp_dir().join(format!("courtyard-not-yet-{}", std::process::id()));
    std::fs::write(&path, b"").unwrap();
    let server = ForkServer::start_with("while-it-is-there", path.as_os_str().as_encoded_bytes()).unwrap();
    std::thread::scope(|s| {
        let other = s.spawn(|| server.spawn("echo", &[3]).unwrap().join(LONG).unwrap());
        sleep_ms(50);
        assert_eq!(kind(server.ready(Duration::from_millis(10))), ErrorKind::Timeout);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(other.join().unwrap(), Exit::Code(3));
    });
    server.ready(Timeout::Try).unwrap();
}

fn a_stopped_server() {
    let scene = Scene::new();
    let pipe = Pipe::create(&scene.yard, "pipe", PipeOptions::default()).unwrap();
    let (mine, theirs) = (pipe.end(PipeEnd::First).unwrap(), pipe.end(PipeEnd::Second).unwrap());
    let server = ForkServer::start().unwrap();
    server.ready(LONG).unwrap();
    server.process().signal(libc::SIGSTOP).unwrap();
    let given = ProcessOptions { ends: vec![theirs.held_end().unwrap()], ..options() };
    std::thread::scope(|s| {
        let asks = s.spawn(|| kind(server.spawn_with(&given, "echo", &[1])));
        sleep_ms(50);
        drop(mine); // waits for whoever makes a child that is to have an end
        assert_eq!(asks.join().unwrap(), ErrorKind::PeerDied);
    });
    assert_eq!(server.process().join(LONG).unwrap(), Exit::Signal(libc::SIGKILL));
    assert_eq!(kind(theirs.recv_vec(Timeout::Try)), ErrorKind::PeerClosed);
}

/// Somebody is forked while a server makes a child, and so has whatever belongs to that.
fn others_have_the_pipe() {
    let server = ForkServer::start().unwrap();
    server.ready(LONG).unwrap();
    server.process().signal(libc::SIGSTOP).unwrap();
    let (other, child) = std::thread::scope(|s| {
        let before = open_fds().len();
        let made = s.spawn(|| server.spawn("sleep", &[]).unwrap());
        until("it asks", || open_fds().len() > before + 1);
        let other = fork(|| sleep_ms(60_000));
        server.process().signal(libc::SIGCONT).unwrap();
        (other, made.join().unwrap())
    });
    server.process().kill().unwrap();
    server.process().join(LONG).unwrap();
    assert_eq!(kind(child.join(Duration::from_millis(30))), ErrorKind::Timeout, "it goes on");
    child.kill().unwrap();
    let (told, exit) = courtyard::wait_any_child(LONG).unwrap();
    assert_eq!((told.pid(), exit), (child.pid(), Exit::Unknown));
    assert_eq!(child.join(LONG).unwrap(), Exit::Unknown);
    other.slay();
}

/// So many descriptors this process may have.
fn may_have(most: u64) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) }, 0);
    limit.rlim_cur = most;
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
}

fn server_without_descriptors() {
    let server = ForkServer::start().unwrap();
    server.ready(LONG).unwrap();
    let served = server.process().pid();
    let (mut made, mut refused) = (0, 0);
    for free in 0..8 {
        may_have(64);
        let mut all: Vec<std::fs::File> =
            std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
        all.truncate(all.len() - free);
        let child = server.spawn("sleep", &[]);
        may_have(1024);
        drop(all);
        match child {
            Ok(child) => {
                made += 1;
                child.kill().unwrap();
                child.join(LONG).unwrap();
            }
            Err(e) => {
                assert_eq!(e.kind(), ErrorKind::NoMemory, "{e:?}");
                refused += 1;
            }
        }
        until("nobody is left", || children_of(served) == 0);
    }
    assert!(made > 0 && refused > 1, "{made} made, {refused} refused");
    // And one that has none itself.
    let poor = ForkServer::start_with("few-descriptors", &[]).unwrap();
    poor.ready(LONG).unwrap();
    let files: Vec<std::fs::File> = (0..40).map(|_| std::fs::File::open("/dev/null").unwrap()).collect();
    let inherit = files.iter().map(AsRawFd::as_raw_fd).collect();
    let many = ProcessOptions { inherit, ..options() };
    assert_eq!(kind(poor.spawn_with(&many, "echo", &[])), ErrorKind::NoMemory);
    assert_eq!(poor.spawn("echo", &[4]).unwrap().join(LONG).unwrap(), Exit::Code(4));
}

fn pipes() {
    // The runtime of Rust ignores it from the start; a program in C does not.
    for (warmed, expected) in [(1, 1), (0, 0)] {
        let server = ForkServer::start_with("sigpipe", &[warmed]).unwrap();
        let child = server.spawn("heeds-sigpipe", &[]).unwrap();
        assert_eq!(child.join(LONG).unwrap(), Exit::Code(expected));
    }
}

fn a_pipe_that_nobody_reads() {
    let server = ForkServer::start_with("sigpipe", &[1]).unwrap();
    server.ready(LONG).unwrap();
    let before = open_fds();
    let child = server.spawn("sleep", &[]).unwrap();
    // The pipe by which this process is to hear of the child is something else from now on.
    let is_pipe = |fd: &RawFd| {
        let path = std::fs::read_link(format!("/proc/self/fd/{fd}")).unwrap();
        path.to_string_lossy().starts_with("pipe:")
    };
    let news = open_fds().into_iter().filter(|fd| !before.contains(fd)).find(is_pipe).unwrap();
    let null = std::fs::File::open("/dev/null").unwrap();
    assert_eq!(unsafe { libc::dup2(null.as_raw_fd(), news) }, news);
    child.kill().unwrap();
    assert_eq!(child.join(LONG).unwrap(), Exit::Unknown);
    assert_eq!(server.spawn("echo", &[2]).unwrap().join(LONG).unwrap(), Exit::Code(2));
}

fn a_group_is_let_be() {
    let scene = Scene::new();
    let pid = scene.number("grandchild");
    let number = scene.yard.as_fd().as_raw_fd();
    let options = ProcessOptions { group: true, inherit: vec![number], ..options() };
    let server = ForkServer::start_with("ignores-children", &[]).unwrap();
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    let ways: [&dyn Fn() -> courtyard::Result<Process>; 2] =
        [&|| Process::spawn_with(&options, "leave-a-child", &number.to_ne_bytes()), &|| {
            server.spawn_with(&options, "leave-a-child", &number.to_ne_bytes())
        }];
    for (way, make) in ways.iter().enumerate() {
        assert_eq!(make().unwrap().join(LONG).unwrap(), Exit::Unknown, "way {way}");
        sleep_ms(50);
        assert!(runs(pid.get()), "way {way}: its number may have been another's");
        unsafe { libc::kill(pid.get().cast_signed(), libc::SIGKILL) };
    }
}

/// In who has forked, before anybody else there knows the number.
extern "C" fn reap_it() {
    while unsafe { libc::waitpid(-1, std::ptr::null_mut(), 0) } < 0
        && std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted
    {}
}

/// A child that has ended, and whose number is nobody's, before its maker looks: it is told like any that somebody else has reaped.
fn gone_at_once() {
    let server = ForkServer::start_with("reaps-children", &[]).unwrap();
    server.ready(LONG).unwrap();
    let options = ProcessOptions { group: true, ..options() };
    let from_server = || server.spawn_with(&options, "echo", &[4]).unwrap();
    told_as_gone(&from_server());
    let process = server.process().clone();
    drop(server);
    process.join(LONG).unwrap(); // below, every child is waited for
    assert_eq!(unsafe { libc::pthread_atfork(None, Some(reap_it), None) }, 0);
    told_as_gone(&Process::fork_with(&options, || 3).unwrap());
    let fds = open_fds();
    let child = Process::fork(|| 3).unwrap();
    assert_eq!(courtyard::wait_any_child(LONG).unwrap().1, Exit::Unknown);
    assert_eq!(kind(courtyard::wait_any_child(LONG)), ErrorKind::NoChild);
    drop(child);
    assert_eq!(open_fds(), fds, "nothing stays of it");
}

fn told_as_gone(child: &Process) {
    assert!(!child.is_alive());
    child.kill().unwrap();
    child.terminate().unwrap();
    let mut sentinel = libc::pollfd { fd: child.as_fd().as_raw_fd(), events: libc::POLLIN, revents: 0 };
    assert_eq!(unsafe { libc::poll(&raw mut sentinel, 1, 0) }, 1);
    assert_eq!(
        sentinel.revents & libc::POLLIN,
        libc::POLLIN,
        "readable, as the sentinel of any who has ended"
    );
    courtyard::wait_any(&[child], LONG).unwrap();
    assert_eq!(child.join(Timeout::Try).unwrap(), Exit::Unknown);
    assert_eq!(child.exit().unwrap(), Some(Exit::Unknown));
}

extern "C" fn no_more_descriptors() {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 4096 };
    unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &none) };
}

fn a_child_that_cannot_begin() {
    let (mut read, write) = std::io::pipe().unwrap();
    let stderr = unsafe { OwnedFd::from_raw_fd(libc::dup(2)) };
    assert_eq!(unsafe { libc::pthread_atfork(None, None, Some(no_more_descriptors)) }, 0);
    assert_eq!(unsafe { libc::dup2(write.as_raw_fd(), 2) }, 2);
    let dies = ProcessOptions { at_exit: AtExit::Kill, ..options() };
    let child = Process::fork_with(&dies, || 0);
    assert_eq!(unsafe { libc::dup2(stderr.as_raw_fd(), 2) }, 2);
    drop(write);
    assert_eq!(child.unwrap().join(LONG).unwrap(), Exit::Code(126));
    let mut said = String::new();
    std::io::Read::read_to_string(&mut read, &mut said).unwrap();
    assert!(said.contains("a forked child cannot begin"), "{said:?}");
}

/// A process that returns from its work while another thread of it is in the middle of something: what that thread holds is
/// nobody else's before the thread is gone.
fn a_thread_is_left() {
    let scene = Scene::new();
    let lock = courtyard::Lock::create(&scene.yard, "lock", courtyard::Scope::Process).unwrap();
    let (inside, _step) = (scene.number("inside"), scene.number("step"));
    let number = scene.yard.as_fd().as_raw_fd();
    let options = ProcessOptions { inherit: vec![number], ..ProcessOptions::default() };
    let child = Process::spawn_with(&options, "leaves-a-thread", &number.to_ne_bytes()).unwrap();
    until("it has the lock", || inside.get() == 1);
    let guard = lock.acquire(LONG).unwrap();
    for _ in 0..200 {
        inside.set(2);
        std::thread::yield_now();
        assert_eq!(inside.get(), 2, "two are in there");
    }
    assert!(guard.owner_died());
    assert_eq!(child.join(LONG).unwrap(), Exit::Code(0));
}

pub(super) fn entries() {
    let all: [(&str, Entry); 8] = [
        ("ignores-interrupts", |_| {
            i32::from(unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) } == libc::SIG_IGN)
        }),
        ("leaves-a-thread", |bytes| {
            extern "C" fn late() {
                sleep_ms(300); // what others do at the end of a program
            }
            let number = RawFd::from_ne_bytes(bytes[..4].try_into().unwrap());
            let yard = Yard::from_fd(unsafe { OwnedFd::from_raw_fd(number) }).unwrap();
            let lock = courtyard::Lock::open(&yard, "lock").unwrap();
            let (inside, step) =
                (Value::<u32>::open(&yard, "inside").unwrap(), Value::<u32>::open(&yard, "step").unwrap());
            std::thread::spawn(move || {
                std::mem::forget(lock.acquire(LONG).unwrap());
                step.set(1);
                loop {
                    inside.set(1); // it is in there, whatever anybody says
                }
            });
            let step = Value::<u32>::open(&yard, "step").unwrap();
            until("it has the lock", || step.get() == 1);
            assert_eq!(unsafe { libc::atexit(late) }, 0);
            std::mem::forget(yard);
            0
        }),
        ("ignores-children", |_| {
            unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
            0
        }),
        ("reaps-children", |_| unsafe { libc::pthread_atfork(None, Some(reap_it), None) }),
        ("while-it-is-there", |path| {
            let path = String::from_utf8_lossy(path).into_owned();
            while std::path::Path::new(&path).exists() {
                sleep_ms(1);
            }
            0
        }),
        ("few-descriptors", |_| {
            may_have(230); // the server's own are from 200 on
            // All but a few of those below are taken.
            std::mem::forget((0..190).map(|_| std::fs::File::open("/dev/null").unwrap()).collect::<Vec<_>>());
            0
        }),
        ("sigpipe", |bytes| {
            let how = if bytes[0] == 1 { libc::SIG_DFL } else { libc::SIG_IGN };
            unsafe { libc::signal(libc::SIGPIPE, how) };
            0
        }),
        ("heeds-sigpipe", |_| {
            i32::from(unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) } == libc::SIG_DFL)
        }),
    ];
    all.into_iter().for_each(|(name, entry)| courtyard::register_entry(name, entry).unwrap());
}
