//! Ends that a new process holds from its birth on: those opposite see no false end of the stream.

use super::*;
use courtyard::{ForkServer, HeldEnd, Peer, Permits, Queue, QueueOptions, QueueSide};
use std::os::unix::fs::MetadataExt;

pub(super) const SCENARIOS: &[Scenario] = &[
    ("an_end_that_a_new_process_is_given_is_never_gone", an_end_is_never_gone),
    ("a_side_that_a_new_process_is_given_is_never_gone", a_side_is_never_gone),
    ("a_process_that_dies_before_it_takes_its_end_holds_it_no_more", who_never_takes_it),
    ("an_end_that_is_not_given_is_gone", an_end_that_is_not_given),
    ("several_ends_in_several_yards_are_given_at_once", several_ends),
    ("who_closes_what_it_was_given_before_it_opens_the_yard_joins_anew", who_closes_what_it_was_given),
    ("without_room_in_the_yard_nobody_is_given_an_end", without_room),
    ("ends_are_given_while_others_open_and_close_files", given_among_strays),
    ("whoever_is_killed_while_it_gives_ends_leaves_none_held", killed_while_giving),
];

/// Half of the way there is nobody but the parent, who has let go.
const LATE_MS: u64 = 150;

fn yard_of(bytes: &[u8]) -> Yard {
    let number = RawFd::from_ne_bytes(bytes[..4].try_into().unwrap());
    Yard::from_fd(unsafe { OwnedFd::from_raw_fd(number) }).unwrap()
}

pub(super) fn send_late(bytes: &[u8]) -> i32 {
    sleep_ms(LATE_MS);
    let yard = yard_of(bytes);
    sleep_ms(LATE_MS);
    let end = Pipe::open(&yard, "pipe").unwrap().end(PipeEnd::Second).unwrap();
    end.send(b"late", LONG).unwrap();
    drop(end);
    sleep_ms(LATE_MS); // the end is closed, the yard is not
    0
}

pub(super) fn put_late(bytes: &[u8]) -> i32 {
    sleep_ms(LATE_MS);
    let queue = Queue::open(&yard_of(bytes), "queue").unwrap();
    let part = queue.producer().unwrap();
    sleep_ms(LATE_MS);
    part.put(b"late", LONG).unwrap();
    0
}

/// Closes every descriptor that it does not know, and sees to it that the yard, when it is opened, gets the number of the one that
/// was kept for that.
pub(super) fn close_all(name: &[u8]) -> i32 {
    sleep_ms(LATE_MS); // its maker has settled that it lives
    let name = std::str::from_utf8(name).unwrap();
    let file = |path: String| std::fs::metadata(path).map(|it| (it.dev(), it.ino())).ok();
    let yards = file(format!("/dev/shm/{name}.yard"));
    let leads_there = |fd: &RawFd| file(format!("/proc/self/fd/{fd}")) == yards;
    let kept = open_fds().into_iter().find(leads_there).unwrap();
    assert_eq!(unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, 0u32) }, 0);
    (3..kept).for_each(|number| assert_eq!(unsafe { libc::dup(0) }, number));
    let yard = Yard::open(name).unwrap();
    let permits = Permits::open(&yard, "permits").unwrap();
    permits.acquire_unguarded(Timeout::Try).unwrap();
    let step = Step::of(&yard);
    step.set(1);
    step.wait(2);
    assert_eq!(yard.as_fd().as_raw_fd(), kept);
    assert_eq!(permits.held(), 1);
    i32::from(unsafe { libc::fcntl(kept, libc::F_GETFD) } < 0)
}

/// Makes a process with an entry, that inherits the yard and is given ends.
type Make<'a> = &'a dyn Fn(&Yard, &str, Vec<HeldEnd>) -> courtyard::Result<Process>;

fn given(yard: &Yard, ends: Vec<HeldEnd>) -> ([u8; 4], ProcessOptions) {
    let number = yard.as_fd().as_raw_fd();
    (number.to_ne_bytes(), ProcessOptions { inherit: vec![number], ends, ..options() })
}

/// Does the same with both ways to make one.
fn both_ways(scenario: impl Fn(Make<'_>)) {
    scenario(&|yard, entry, ends| {
        let (bytes, options) = given(yard, ends);
        Process::spawn_with(&options, entry, &bytes)
    });
    let server = ForkServer::start().unwrap();
    scenario(&|yard, entry, ends| {
        let (bytes, options) = given(yard, ends);
        server.spawn_with(&options, entry, &bytes)
    });
}

fn a_pipe(yard: &Yard) -> (courtyard::Connection, courtyard::Connection) {
    let pipe = Pipe::create(yard, "pipe", PipeOptions::default()).unwrap();
    (pipe.end(PipeEnd::First).unwrap(), pipe.end(PipeEnd::Second).unwrap())
}

/// Descriptors that survive exec come and go: the number of one that has just gone is that of what a child is given.
fn given_among_strays() {
    let scene = Scene::new();
    let (_mine, theirs) = a_pipe(&scene.yard);
    let end = theirs.held_end().unwrap();
    let stop = AtomicU32::new(0);
    std::thread::scope(|s| {
        s.spawn(|| {
            while stop.load(Ordering::Relaxed) == 0 {
                let some = [(); 3].map(|()| unsafe { libc::dup(2) });
                std::thread::yield_now();
                some.iter().for_each(|fd| assert_eq!(unsafe { libc::close(*fd) }, 0));
            }
        });
        let options = ProcessOptions { ends: vec![end], ..options() };
        let made = |i: u8| Process::spawn_with(&options, "echo", &[i]).and_then(|child| child.join(LONG));
        let ends: Vec<_> = (0..100).map(made).collect();
        stop.store(1, Ordering::Relaxed);
        assert_eq!(ends, (0..100).map(|i| Ok(Exit::Code(i))).collect::<Vec<_>>());
    });
}

fn an_end_is_never_gone() {
    both_ways(|make| {
        let scene = Scene::new();
        let (mine, theirs) = a_pipe(&scene.yard);
        let child = make(&scene.yard, "send-late", vec![theirs.held_end().unwrap()]).unwrap();
        drop(theirs);
        assert_eq!(mine.peer(), Peer::Here);
        assert_eq!(mine.recv_vec(LONG).unwrap(), b"late");
        assert_eq!(kind(mine.recv_vec(LONG)), ErrorKind::PeerClosed);
        assert!(child.is_alive(), "it was the end that was closed, not the process that ended");
        assert_eq!(child.join(LONG).unwrap(), Exit::Code(0));
        assert!(scene.yard.faults().is_empty(), "{:?}", scene.yard.faults());
    });
}

fn a_side_is_never_gone() {
    both_ways(|make| {
        let scene = Scene::new();
        let options = QueueOptions { sides: true, ..QueueOptions::default() };
        let queue = Queue::create(&scene.yard, "queue", options).unwrap();
        let (consumer, producer) = (queue.consumer().unwrap(), queue.producer().unwrap());
        let child = make(&scene.yard, "put-late", vec![producer.held_end().unwrap()]).unwrap();
        drop(producer);
        assert_eq!(consumer.side_state(QueueSide::Producers), Peer::Here);
        assert_eq!(consumer.get_vec(LONG).unwrap().0, b"late");
        assert_eq!(kind(consumer.get_vec(LONG)), ErrorKind::PeerClosed);
        assert_eq!(child.join(LONG).unwrap(), Exit::Code(0));
    });
}

fn who_never_takes_it() {
    both_ways(|make| {
        let scene = Scene::new();
        let (mine, theirs) = a_pipe(&scene.yard);
        let child = make(&scene.yard, "sleep", vec![theirs.held_end().unwrap()]).unwrap();
        drop(theirs);
        assert_eq!(kind(mine.recv_vec(Duration::from_millis(LATE_MS))), ErrorKind::Empty);
        child.kill().unwrap();
        // It never was there, so it has not died there: it was its parent who closed the end last.
        assert_eq!(kind(mine.recv_vec(LONG)), ErrorKind::PeerClosed);
        child.join(LONG).unwrap();
        // One that ends by itself without a look at the yard.
        let theirs = Pipe::open(&scene.yard, "pipe").unwrap().end(PipeEnd::Second).unwrap();
        let child = make(&scene.yard, "echo", vec![theirs.held_end().unwrap()]).unwrap();
        drop(theirs);
        child.join(LONG).unwrap();
        assert_eq!(kind(mine.recv_vec(LONG)), ErrorKind::PeerClosed);
        assert!(scene.yard.faults().is_empty(), "{:?}", scene.yard.faults());
    });
}

fn an_end_that_is_not_given() {
    both_ways(|make| {
        let scene = Scene::new();
        let (mine, theirs) = a_pipe(&scene.yard);
        let child = make(&scene.yard, "send-late", vec![]).unwrap();
        drop(theirs);
        assert_eq!(kind(mine.recv_vec(LONG)), ErrorKind::PeerClosed);
        assert_eq!(child.join(LONG).unwrap(), Exit::Code(0));
    });
}

fn several_ends() {
    both_ways(|make| {
        let (scene, other) = (Scene::new(), Scene::new());
        let (mine, theirs) = a_pipe(&scene.yard);
        let (others_mine, others_theirs) = a_pipe(&other.yard);
        let ends = [&theirs, &others_theirs, &theirs].map(|end| end.held_end().unwrap());
        make(&scene.yard, "echo", vec![]).unwrap().join(LONG).unwrap(); // what is opened once is open
        let before = open_fds().len();
        let child = make(&scene.yard, "send-late", ends.into()).unwrap();
        drop((theirs, others_theirs));
        assert_eq!(mine.recv_vec(LONG).unwrap(), b"late");
        assert_eq!(kind(mine.recv_vec(LONG)), ErrorKind::PeerClosed);
        assert_eq!(others_mine.peer(), Peer::Here, "it lives and has not opened that one");
        assert_eq!(child.join(LONG).unwrap(), Exit::Code(0));
        assert_eq!(kind(others_mine.recv_vec(LONG)), ErrorKind::PeerClosed);
        drop(child);
        courtyard::active_children();
        assert_eq!(open_fds().len(), before);
    });
}

fn who_closes_what_it_was_given() {
    let name = format!("cyd-process-{}-closes", std::process::id());
    let yard = Yard::create(&name).unwrap();
    let (permits, step) = (Permits::create(&yard, "permits", 1).unwrap(), Step::of(&yard));
    let (mine, theirs) = a_pipe(&yard);
    let given = ProcessOptions { ends: vec![theirs.held_end().unwrap()], ..options() };
    let child = Process::spawn_with(&given, "close-all", name.as_bytes()).unwrap();
    drop((given, theirs));
    step.wait(1);
    Yard::unlink(&name).unwrap();
    yard.sweep();
    let holders: Vec<_> = permits.holders().iter().map(|holder| holder.pid).collect();
    assert_eq!((holders, permits.available()), (vec![child.pid()], 0));
    assert_eq!(
        kind(mine.recv_vec(LONG)),
        ErrorKind::PeerClosed,
        "it was never born as the one who was to have it"
    );
    assert!(yard.faults().is_empty(), "{:?}", yard.faults());
    step.set(2);
    assert_eq!(child.join(LONG).unwrap(), Exit::Code(0));
}

fn without_room() {
    both_ways(|make| {
        let yard = courtyard::Options::new().slots(1).anonymous().unwrap();
        let (mine, theirs) = a_pipe(&yard);
        let refused = make(&yard, "send-late", vec![theirs.held_end().unwrap()]).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::NoSlots, "{refused}");
        assert_eq!(mine.peer(), Peer::Here);
        drop(theirs);
        assert_eq!(kind(mine.recv_vec(LONG)), ErrorKind::PeerClosed);
    });
}

/// Somebody gives ends to new processes as fast as it can, and is killed at any instant; they die with it.
fn killed_while_giving() {
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) }, 0);
    let scene = Scene::new();
    let (mine, theirs) = a_pipe(&scene.yard);
    drop(theirs);
    for round in 0..60 {
        let giver = fork(|| {
            let server = ForkServer::start().unwrap();
            let pipe = Pipe::open(&scene.yard, "pipe").unwrap();
            for i in 0.. {
                let theirs = pipe.end(PipeEnd::Second).unwrap();
                let (bytes, mut options) = given(&scene.yard, vec![theirs.held_end().unwrap()]);
                options.at_exit = AtExit::Kill;
                match i % 2 {
                    0 => drop(Process::spawn_with(&options, "send-late", &bytes)),
                    _ => drop(server.spawn_with(&options, "send-late", &bytes)),
                }
            }
        });
        std::thread::sleep(Duration::from_micros(400 * round));
        giver.slay();
        until("the end of all", || {
            while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } > 0 {}
            children().is_empty()
        });
        until("nobody holds the end", || matches!(mine.peer(), Peer::Closed | Peer::Died));
    }
}
