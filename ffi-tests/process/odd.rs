//! Children of odd parents, and odd children: without standard streams, without processes left, deaf, gone their own way.

use super::*;
use courtyard::{
    Event, EventOptions, ForkServer, Queue, QueueOptions, Waitable, wait_all, wait_any, wait_some,
};
use std::os::unix::fs::PermissionsExt;

pub(super) const SCENARIOS: &[Scenario] = &[
    ("without_standard_streams_children_are_made_all_the_same", without_standard_streams),
    ("without_descriptors_a_server_makes_nothing", without_descriptors),
    ("without_processes_nothing_is_made", without_processes),
    ("a_child_that_becomes_a_daemon_has_ended", a_daemon),
    ("a_child_in_a_session_of_its_own_is_a_child", a_session_of_its_own),
    ("a_child_and_a_queue_are_waited_for_at_once", a_child_and_a_queue),
    ("a_child_is_waited_for_among_others", a_child_among_others),
    ("what_a_child_cannot_be_waited_for_with_is_refused", a_child_refused),
    ("a_servers_child_that_is_deaf_is_stopped_in_time", a_deaf_one_is_stopped),
    ("a_program_with_more_rights_is_not_started_anew", more_rights),
    ("who_only_asks_can_be_forked", who_only_asks),
    ("a_servers_child_may_be_given_a_stream_and_one_thing_twice", given_twice),
    ("a_servers_child_does_with_interrupts_what_its_program_does", interrupts),
];

fn without_standard_streams() {
    for closed in [&[0][..], &[0, 1, 2]] {
        let end = fork(|| {
            closed.iter().for_each(|fd| assert_eq!(unsafe { libc::close(*fd) }, 0));
            let is_bond = |fd: &RawFd| unsafe { libc::fcntl(*fd, libc::F_GETFL) }.max(0) & libc::O_ASYNC != 0;
            let bound = Process::fork_with(&ends(AtExit::Kill), || i32::from((0..3).any(|fd| is_bond(&fd))));
            assert_eq!(bound.unwrap().join(LONG).unwrap(), Exit::Code(0), "it has the number of a stream");
            let spawned = Process::spawn("echo", &[9]).unwrap();
            assert_eq!(spawned.join(LONG).unwrap(), Exit::Code(9));
            let server = ForkServer::start().unwrap();
            assert_eq!(server.spawn("echo", &[8]).unwrap().join(LONG).unwrap(), Exit::Code(8));
            assert_eq!(Process::fork(|| 7).unwrap().join(LONG).unwrap(), Exit::Code(7));
            let (pid, _) = orphan(|| Process::spawn_with(&ends(AtExit::Kill), "sleep", &[]).unwrap(), killed);
            until("the end of the killed one's child", || !runs(pid));
            let dies_too = Process::spawn("knows-its-parent", &[]).unwrap();
            assert_eq!(dies_too.join(LONG).unwrap(), Exit::Code(0));
        });
        assert_eq!(end.wait(), Ended::Code(0), "closed: {closed:?}");
    }
}

/// Leaves this process as many descriptors as it has open, for as long as `f` runs.
fn with_no_more_descriptors(f: impl FnOnce()) {
    let lowest = std::fs::File::open("/dev/null").unwrap().as_raw_fd();
    let limit = |most: u64| {
        let few = libc::rlimit { rlim_cur: most, rlim_max: 4096 };
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &few) }, 0);
    };
    limit(lowest as u64);
    f();
    limit(1024);
}

fn without_descriptors() {
    let server = ForkServer::start().unwrap();
    server.ready(LONG).unwrap();
    assert_eq!(server.spawn("echo", &[1]).unwrap().join(LONG).unwrap(), Exit::Code(1));
    let before = (open_fds().len(), children().len());
    with_no_more_descriptors(|| {
        assert_eq!(kind(ForkServer::start()), ErrorKind::NoMemory);
        assert_eq!(kind(server.spawn("echo", &[1])), ErrorKind::NoMemory);
        assert_eq!(kind(server.spawn("echo", &vec![1; 1 << 20])), ErrorKind::NoMemory);
    });
    assert_eq!((open_fds().len(), children().len()), before, "left behind");
    assert_eq!(server.spawn("echo", &[2]).unwrap().join(LONG).unwrap(), Exit::Code(2));
}

fn without_processes() {
    let server = ForkServer::start().unwrap();
    server.ready(LONG).unwrap();
    // The limit does not hold for root: a user of whom there is nobody else.
    if unsafe { libc::geteuid() } == 0 {
        assert_eq!(unsafe { libc::setresuid(54_321, 54_321, 54_321) }, 0);
    }
    let before = open_fds().len();
    let limit = |pid: u32, most: u64| {
        let few = libc::rlimit { rlim_cur: most, rlim_max: 4096 };
        unsafe { libc::prlimit(pid.cast_signed(), libc::RLIMIT_NPROC, &few, std::ptr::null_mut()) }
    };
    assert_eq!(limit(0, 0), 0);
    assert_eq!(kind(Process::fork(|| 0)), ErrorKind::Os);
    assert_eq!(kind(Process::spawn("echo", &[])), ErrorKind::Os);
    assert_eq!(kind(ForkServer::start()), ErrorKind::Os);
    assert_eq!(open_fds().len(), before, "left behind");
    assert!(courtyard::active_children().is_empty());
    assert_eq!(limit(0, 4096), 0);
    assert_eq!(Process::fork(|| 4).unwrap().join(LONG).unwrap(), Exit::Code(4));
    assert_eq!(server.spawn("echo", &[5]).unwrap().join(LONG).unwrap(), Exit::Code(5));
    // What the server is refused, its maker is told.
    let limited = ForkServer::start_with("no-more-processes", &[]).unwrap();
    assert_eq!(kind(limited.spawn("echo", &[])), ErrorKind::Os);
    assert_eq!(kind(limited.spawn("echo", &[])), ErrorKind::Os, "it goes on");
}

/// Makes somebody in a session of its own who outlives it, and ends.
fn a_daemon() {
    for group in [false, true] {
        let scene = Scene::new();
        let (pid, me) = (scene.number("daemon"), std::process::id());
        let options = ProcessOptions { group, ..ends(AtExit::Kill) };
        let child = Process::fork_with(&options, || {
            fork(|| {
                assert!(unsafe { libc::setsid() } > 0);
                pid.set(std::process::id());
                sleep_ms(60_000);
            });
            until("the daemon", || pid.get() != 0);
            0
        });
        assert_eq!(child.unwrap().join(LONG).unwrap(), Exit::Code(0), "what it has left is not waited for");
        sleep_ms(30);
        assert!(runs(pid.get()), "it is in no group of ours");
        assert!(pid.get() != me && courtyard::active_children().is_empty());
        unsafe { libc::kill(pid.get().cast_signed(), libc::SIGKILL) };
    }
}

fn a_session_of_its_own() {
    let scene = Scene::new();
    let child = Process::fork(|| {
        assert!(unsafe { libc::setsid() } > 0);
        scene.step.set(1);
        sleeper()
    });
    let child = child.unwrap();
    scene.step.wait(1);
    assert_eq!(child.stop(|| {}, Duration::ZERO, LONG).unwrap(), Exit::Signal(libc::SIGTERM));
}

fn a_child_and_a_queue() {
    let scene = Scene::new();
    let queue = Queue::create(&scene.yard, "queue", QueueOptions::default()).unwrap();
    let child = Process::fork_with(&ProcessOptions { despite_threads: true, ..options() }, || {
        scene.step.wait(1);
        queue.put(b"first", LONG).unwrap();
        scene.step.wait(2);
        3
    });
    let child = child.unwrap();
    let notifier = queue.notifier().unwrap();
    let ready = || {
        let of = |fd: RawFd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        let mut both = [of(child.as_fd().as_raw_fd()), of(notifier.as_fd().as_raw_fd())];
        assert!(unsafe { libc::poll(both.as_mut_ptr(), 2, 20_000) } > 0, "nothing came");
        both.map(|one| one.revents != 0)
    };
    scene.step.set(1);
    assert_eq!(ready(), [false, true]);
    notifier.clear().unwrap();
    assert_eq!(queue.get_vec(Timeout::Try).unwrap().0, b"first");
    scene.step.set(2);
    until("the child's end", || ready()[0]);
    assert_eq!(child.join(Timeout::Try).unwrap(), Exit::Code(3));
}

fn a_child_among_others() {
    let scene = Scene::new();
    let queue = Queue::create(&scene.yard, "queue", QueueOptions::default()).unwrap();
    let tell = || {
        scene.step.wait(1);
        queue.put(b"first", LONG).unwrap();
        scene.step.wait(2);
        3
    };
    let child = Process::fork(tell).unwrap();
    let both: [&dyn Waitable; 2] = [&child, &queue];
    assert_eq!(kind(wait_any(&both, Timeout::Try)), ErrorKind::Timeout);
    assert_eq!(kind(wait_any(&both, Duration::from_millis(20))), ErrorKind::Timeout);
    scene.step.set(1);
    assert_eq!(wait_any(&both, LONG), Ok(1));
    assert_eq!(wait_some(&both, LONG), Ok(vec![1]));
    assert_eq!(kind(wait_all(&both, Duration::from_millis(20))), ErrorKind::Timeout);
    assert_eq!(queue.get_vec(Timeout::Try).unwrap().0, b"first");
    // The thread that tells of the queue is no reason to refuse a fork.
    let other = Process::fork(|| {
        scene.step.wait(3);
        0
    });
    let other = other.unwrap();
    scene.step.set(2);
    assert_eq!(wait_any(&[&queue, &other, &child], LONG), Ok(2));
    assert_eq!(child.join(Timeout::Try).unwrap(), Exit::Code(3));
    queue.put(b"second", Timeout::Try).unwrap();
    scene.step.set(3);
    wait_all(&[&other, &queue], LONG).unwrap();
    assert_eq!(courtyard::wait_any_child(Timeout::Try).unwrap().0.pid(), other.pid(), "nothing was taken");

    // Room beside a child; and in a child that has the handle of its parent.
    let full = QueueOptions { capacity: 1, ..QueueOptions::default() };
    let full = Queue::create(&scene.yard, "full", full).unwrap();
    full.put(b"x", Timeout::Try).unwrap();
    let room = full.writable();
    let putter = Process::fork(|| {
        wait_any(&[&room], LONG).unwrap();
        full.put(b"y", Timeout::Try).unwrap();
        scene.step.wait(4);
        5
    });
    let putter = putter.unwrap();
    assert_eq!(kind(wait_any(&[&putter, &room], Duration::from_millis(20))), ErrorKind::Timeout);
    assert_eq!(full.get_vec(Timeout::Try).unwrap().0, b"x");
    assert_eq!(full.get_vec(LONG).unwrap().0, b"y");
    assert_eq!(wait_any(&[&putter, &room], LONG), Ok(1));
    full.put(b"z", Timeout::Try).unwrap();
    scene.step.set(4);
    assert_eq!(wait_any(&[&putter, &room], LONG), Ok(0));
    assert_eq!(putter.join(Timeout::Try).unwrap(), Exit::Code(5));

    // Children alone, of either kind; and more things than are slept on by their words.
    let server = ForkServer::start().unwrap();
    let (late, soon) = (Process::spawn("sleep", &[]).unwrap(), server.spawn("echo", &[4]).unwrap());
    assert_eq!(wait_any(&[&late, &soon], LONG), Ok(1));
    assert_eq!(soon.exit().unwrap(), Some(Exit::Code(4)));
    let events: Vec<Event> = (0..20)
        .map(|i| Event::create(&scene.yard, &format!("{i}"), EventOptions::default()).unwrap())
        .collect();
    let mut many: Vec<&dyn Waitable> = events.iter().map(|event| event as &dyn Waitable).collect();
    many.push(&late);
    std::thread::scope(|s| {
        let waiter = s.spawn(|| wait_any(&many, LONG));
        sleep_ms(20);
        events[19].set();
        assert_eq!(waiter.join().unwrap(), Ok(19));
        events[19].clear();
        let waiter = s.spawn(|| wait_some(&many, LONG));
        sleep_ms(20);
        late.kill().unwrap();
        assert_eq!(waiter.join().unwrap(), Ok(vec![20]));
    });
    assert_eq!(late.exit().unwrap(), Some(Exit::Signal(libc::SIGKILL)));
}

fn a_child_refused() {
    let scene = Scene::new();
    let event = Event::create(&scene.yard, "event", EventOptions::default()).unwrap();
    let child = Process::spawn("sleep", &[]).unwrap();
    let both: [&dyn Waitable; 2] = [&child, &event];
    for error in [wait_any(&[&child, &child.clone()], LONG), wait_any(&[&event, &child, &event], LONG)] {
        assert_eq!(kind(error), ErrorKind::Invalid);
    }
    let elsewhere = Yard::anonymous().unwrap();
    let foreign = Event::create(&elsewhere, "event", EventOptions::default()).unwrap();
    let error = wait_any(&[&child, &event, &foreign], LONG).unwrap_err();
    assert_eq!(
        (error.kind(), error.detail()),
        (ErrorKind::Foreign, Some("object 2 lies in another yard than object 1"))
    );
    assert_eq!(kind(child.notifier()), ErrorKind::Unsupported);
    let stranger = fork(|| {
        let error = wait_any(&[&event, &child], LONG).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotOwner);
        assert!(error.detail().unwrap().starts_with("object 1: "), "{error}");
    });
    assert_eq!(stranger.wait(), Ended::Code(0));
    with_no_more_descriptors(|| assert_eq!(kind(wait_any(&both, LONG)), ErrorKind::NoMemory));
    let token = CancelToken::new();
    std::thread::scope(|s| {
        let waiter = s.spawn(|| {
            let _scope = token.scope().unwrap();
            wait_any(&both, LONG)
        });
        sleep_ms(20);
        token.cancel();
        assert_eq!(kind(waiter.join().unwrap()), ErrorKind::Cancelled);
    });
    child.kill().unwrap();
    assert_eq!(wait_any(&both, LONG), Ok(0));
}

fn a_deaf_one_is_stopped() {
    let server = ForkServer::start().unwrap();
    let (asked, terminated) = (Duration::from_millis(60), Duration::from_millis(90));
    for heeds in [false, true] {
        let scene = Scene::new();
        let ready = scene.number("ready");
        let number = scene.yard.as_fd().as_raw_fd();
        let options = ProcessOptions { inherit: vec![number], ..options() };
        let mut bytes = number.to_ne_bytes().to_vec();
        bytes.push(u8::from(heeds));
        let child = server.spawn_with(&options, "deaf", &bytes).unwrap();
        until("ready", || ready.get() == 1);
        let start = std::time::Instant::now();
        let exit = child.stop(|| {}, asked, terminated).unwrap();
        let signal = if heeds { libc::SIGTERM } else { libc::SIGKILL };
        assert_eq!(exit, Exit::Signal(signal));
        let soonest = if heeds { asked } else { asked + terminated };
        assert!(start.elapsed() >= soonest, "it had less time than was said: {:?}", start.elapsed());
        until("it is reaped", || !std::path::Path::new(&format!("/proc/{}", child.pid())).exists());
    }
}

/// What a process with more rights than its caller does here: no scenario, or it might do them again and again.
pub(super) fn with_more_rights(args: &[String]) -> i32 {
    if args != ["with-more-rights"] {
        return 99; // it was started by itself
    }
    let yard = Yard::anonymous().unwrap();
    let pool = courtyard::PoolOptions { method: courtyard::StartMethod::Spawn, ..Default::default() };
    let refused = [
        Process::spawn("echo", &[9]).map(drop),
        ForkServer::start().map(drop),
        courtyard::Pool::create(&yard, "pool", &pool).map(drop),
    ];
    let (kinds, forked) = (refused.map(kind), Process::fork(|| 3).unwrap().join(LONG));
    2 * i32::from(kinds != [ErrorKind::Unsupported; 3] || forked != Ok(Exit::Code(3)))
}

fn more_rights() {
    if unsafe { libc::geteuid() } != 0 {
        println!("NOT TESTED: a program with more rights than its caller, because this is not run by root");
        return;
    }
    let copy = std::env::temp_dir().join(format!("courtyard-more-rights-{}", std::process::id()));
    std::fs::copy("/proc/self/exe", &copy).unwrap();
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o4755)).unwrap();
    let status = std::process::Command::new(&copy).arg("with-more-rights").uid(54_321).gid(54_321).status();
    std::fs::remove_file(&copy).unwrap();
    match status.unwrap().code() {
        Some(1) => println!(
            "NOT TESTED: a program with more rights than its caller, because {} gives none",
            copy.display()
        ),
        code => assert_eq!(code, Some(0)),
    }
}

/// A program that makes no processes, and asks for those that there are.
pub(super) fn asking() {
    assert_eq!(courtyard::this_process().name(), "MainProcess");
    std::thread::spawn(|| {
        loop {
            courtyard::this_process();
            courtyard::active_children();
        }
    });
    for _ in 0..2000 {
        let asks = fork(|| assert!(courtyard::active_children().is_empty()));
        assert_eq!(asks.wait(), Ended::Code(0));
    }
    std::process::exit(0);
}

fn who_only_asks() {
    let me = std::env::current_exe().unwrap();
    let asked = std::process::Command::new(me).arg("asking").status().unwrap();
    assert!(asked.success(), "{asked}");
}

/// As whoever is started anew, so whoever comes from a server; and a stream is its maker's.
fn given_twice() {
    let server = ForkServer::start().unwrap();
    let (mut read, write) = std::io::pipe().unwrap();
    let stderr = unsafe { OwnedFd::from_raw_fd(libc::dup(2)) };
    assert_eq!(unsafe { libc::dup2(write.as_raw_fd(), 2) }, 2);
    let number = write.as_raw_fd();
    let options = ProcessOptions { inherit: vec![2, number, number], ..options() };
    let ends = [2, number].map(|to| {
        [
            Process::spawn_with(&options, "write-number", &to.to_ne_bytes())
                .and_then(|child| child.join(LONG)),
            server.spawn_with(&options, "write-number", &to.to_ne_bytes()).and_then(|child| child.join(LONG)),
        ]
    });
    assert_eq!(unsafe { libc::dup2(stderr.as_raw_fd(), 2) }, 2);
    drop(write);
    assert_eq!(ends, [(); 2].map(|()| [Ok(Exit::Code(0)), Ok(Exit::Code(0))]));
    let mut said = String::new();
    std::io::Read::read_to_string(&mut read, &mut said).unwrap();
    assert_eq!(said, "xxxx");
}

fn interrupts() {
    for (how, expected) in [(libc::SIG_IGN, 1), (libc::SIG_DFL, 0)] {
        unsafe { libc::signal(libc::SIGINT, how) };
        let spawned = Process::spawn("ignores-interrupts", &[]).unwrap();
        assert_eq!(spawned.join(LONG).unwrap(), Exit::Code(expected));
        let server = ForkServer::start().unwrap();
        server.ready(LONG).unwrap();
        server.process().signal(libc::SIGINT).unwrap();
        let child = server.spawn("ignores-interrupts", &[]).unwrap();
        assert_eq!(child.join(LONG).unwrap(), Exit::Code(expected));
    }
}
