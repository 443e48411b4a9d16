//! What a task may do in the middle of itself: wait for others in whichever manner, fork, and let go of its pool.

#![allow(clippy::disallowed_types)] // nobody forks while it is locked

use super::*;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Mutex;

pub(super) const SCENARIOS: &[Scenario] = &[
    ("a_chain_of_waits_is_as_long_as_it_likes", ALL, a_long_chain),
    ("a_task_waits_for_its_children_among_others", ALL, waits_among_others),
    ("a_task_that_waits_for_itself_is_told_so", ALL, waits_for_itself),
    ("a_task_within_another_forks_and_comes_back", PROCESSES, forks_within),
    ("a_task_drops_the_last_handle_of_its_pool", &[Threads], drops_the_pool),
    ("a_workers_yard_stays_open", PROCESSES, a_yard_stays_open),
    ("an_initializer_that_ends_its_process_is_told", PROCESSES, initializers_that_end),
    ("workers_that_were_killed_in_one_moment_were_fit", PROCESSES, killed_in_one_moment),
    ("workers_whose_end_nobody_can_tell_were_fit", ONE, ends_that_nobody_tells),
    ("who_is_numbered_elsewhere_is_not_killed", ONE, numbered_elsewhere),
];

static LAST: Mutex<Option<Pool>> = Mutex::new(None);

pub(super) fn entries() {
    let all: [(&str, Work); 8] = [
        ("chain", |task, input| {
            let left = u16::from_ne_bytes(input.try_into().unwrap());
            let Some(next) = left.checked_sub(1) else { return Ok(vec![1]) };
            let future = submit(&task.pool(), "chain", &next.to_ne_bytes());
            future.result(LONG).map_err(|e| e.to_string())
        }),
        ("among-others", |task, _| {
            let (pool, said) = (task.pool(), |e: courtyard::Error| e.to_string());
            let parts = [submit(&pool, "echo", b"a"), submit(&pool, "echo", b"b")];
            let event =
                courtyard::Event::open_or_create(task.yard(), "never", Default::default()).map_err(said)?;
            if wait_any(&[&event, &parts[0]], LONG).map_err(said)? != 1 {
                return Err("not the task".into());
            }
            courtyard::wait_all(&[&parts[0], &parts[1]], LONG).map_err(said)?;
            Ok(vec![1])
        }),
        ("for-itself", |task, _| {
            let mine = Value::<u64>::open(task.yard(), "mine").unwrap();
            until("it is said", || mine.get() != 0);
            let (pool, own) = (task.pool(), task.pool().future(mine.get()).unwrap());
            assert_eq!(kind(own.wait(LONG)), ErrorKind::Deadlock);
            assert_eq!(kind(wait_any(&[&own], LONG)), ErrorKind::Deadlock);
            assert_eq!(kind(wait_futures(&[&own], ReturnWhen::AllCompleted, LONG)), ErrorKind::Deadlock);
            assert!(as_completed([&own], LONG).all(|own| kind(own) == ErrorKind::Deadlock));
            pool.close();
            assert_eq!(kind(pool.join(LONG)), ErrorKind::Deadlock);
            assert_eq!(kind(pool.work()), ErrorKind::Deadlock);
            Ok(vec![1])
        }),
        ("fork-and-come-back", |_, _| {
            let is_child = unsafe { libc::fork() } == 0;
            Ok(vec![u8::from(is_child)])
        }),
        ("around-a-fork", |task, _| {
            let count = Value::<u64>::open(task.yard(), "count").map_err(|e| e.to_string())?;
            let future = submit(&task.pool(), "fork-and-come-back", b"");
            future.result(LONG).map_err(|e| e.to_string())?;
            count.fetch_add(1);
            sleep_ms(200); // as long as the future is there, a child that came as far would find the result too
            Ok(vec![1])
        }),
        ("drop-the-pool", |_, _| {
            drop(LAST.lock().unwrap().take());
            Ok(vec![1])
        }),
        ("yard-is-open", |task, input| {
            let number = task.yard().as_fd().as_raw_fd();
            let mut stat = unsafe { std::mem::zeroed::<libc::stat>() };
            let is_open = unsafe { libc::fstat(number, &mut stat) } == 0;
            Ok(vec![u8::from(is_open && stat.st_ino.to_ne_bytes() == input)])
        }),
        ("until-let-go", |task, _| {
            let go = Value::<u64>::open(task.yard(), "go").map_err(|e| e.to_string())?;
            until("it may go", || go.get() != 0 || task.is_cancelled());
            Ok(vec![u8::from(task.is_cancelled())])
        }),
    ];
    all.into_iter().for_each(|(name, work)| courtyard::register_task(name, work).unwrap());
    courtyard::register_entry("begin-by-an-exit", |bytes| std::process::exit(i32::from(bytes[0]))).unwrap();
    courtyard::register_entry("begin-by-an-abort", |_| {
        die(2);
        0
    })
    .unwrap();
}

fn a_long_chain(method: StartMethod) {
    let (_yard, pool) = {
        let yard = Options::new().size(8 << 20).anonymous().unwrap();
        let options = PoolOptions { tasks: 512, ..options(method, 1) };
        let pool = Pool::create(&yard, "pool", &options).unwrap();
        (yard, pool)
    };
    assert_eq!(done(&submit(&pool, "chain", &300_u16.to_ne_bytes())), [1]);
}

fn waits_among_others(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    assert_eq!(done(&submit(&pool, "among-others", b"")), [1]);
}

fn waits_for_itself(method: StartMethod) {
    let (yard, pool) = pool(method, 1);
    let mine = Value::<u64>::create(&yard, "mine").unwrap();
    let future = submit(&pool, "for-itself", b"");
    mine.set(future.id());
    assert_eq!(done(&future), [1]);
}

fn forks_within(method: StartMethod) {
    let (yard, pool) = pool(method, 1);
    let count = Value::<u64>::create(&yard, "count").unwrap();
    assert_eq!(done(&submit(&pool, "around-a-fork", b"")), [1]);
    pool.close();
    pool.join(LONG).unwrap();
    assert_eq!(count.get(), 1);
}

fn drops_the_pool(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    *LAST.lock().unwrap() = Some(pool);
    let future = submit(LAST.lock().unwrap().as_ref().unwrap(), "drop-the-pool", b"");
    future.wait(LONG).unwrap();
}

fn a_yard_stays_open(method: StartMethod) {
    let (yard, pool) = pool(method, 1);
    let mut stat = unsafe { std::mem::zeroed::<libc::stat>() };
    assert_eq!(unsafe { libc::fstat(yard.as_fd().as_raw_fd(), &mut stat) }, 0);
    assert_eq!(done(&submit(&pool, "yard-is-open", &stat.st_ino.to_ne_bytes())), [1]);
}

fn initializers_that_end(method: StartMethod) {
    for (entry, code) in [("begin-by-an-exit", 0), ("begin-by-an-exit", 1), ("begin-by-an-abort", 0)] {
        let yard = yard();
        let options = PoolOptions {
            initializer: Some(entry.into()),
            initializer_bytes: vec![code],
            ..options(method, 1)
        };
        let pool = Pool::create(&yard, "pool", &options).unwrap();
        if let Ok(future) = pool.submit("echo", b"", &plain()) {
            let fate = future.fate(LONG).unwrap();
            assert!(
                matches!(fate, Fate::Lost { cause: Cause::Unfit, pid: 0, attempt: 0 }),
                "{entry} {code}: {fate:?}"
            );
        }
        until("it gives up", || pool.is_closed());
    }
}

fn killed_in_one_moment(method: StartMethod) {
    let (_yard, pool) = pool(method, 3);
    for _ in 0..3 {
        // Those that look whether they are asked leave by themselves, mostly before they are killed.
        let futures: Vec<Future> = (0..3).map(|_| submit(&pool, "until-asked", b"")).collect();
        until("they run", || futures.iter().all(Future::is_running));
        assert!(futures.iter().all(|future| future.kill().unwrap()));
        assert!(futures.iter().all(|future| future.fate(LONG).unwrap() == Fate::Cancelled));
    }
    assert_eq!(pool.apply("echo", b"x", &plain()).unwrap(), b"x");
    assert!(!pool.is_closed());
}

/// The server is dead that would tell how they ended, which they all do after a task.
fn ends_that_nobody_tells(method: StartMethod) {
    let yard = yard();
    let options = PoolOptions { tasks_per_worker: 1, ..options(method, 3) };
    let pool = Pool::create(&yard, "pool", &options).unwrap();
    let go = Value::<u64>::create(&yard, "go").unwrap();
    let futures: Vec<Future> = (0..3).map(|_| submit(&pool, "until-let-go", b"")).collect();
    until("they run", || futures.iter().all(Future::is_running));
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pool.workers()[0])).unwrap();
    let server: i32 = stat.rsplit_once(") ").unwrap().1.split(' ').nth(1).unwrap().parse().unwrap();
    assert!(children().contains(&server.cast_unsigned()));
    assert_eq!(unsafe { libc::kill(server, libc::SIGKILL) }, 0);
    go.set(1);
    assert!(futures.iter().all(|future| done(future) == [0]));
    for _ in 0..4 {
        assert_eq!(pool.apply("echo", b"x", &plain()).unwrap(), b"x");
    }
    assert!(!pool.is_closed());
}

/// In a PID namespace of its own a worker has a number that is another process's here.
fn numbered_elsewhere(method: StartMethod) {
    let may = fork_with(|| i32::from(unsafe { libc::unshare(libc::CLONE_NEWPID) } != 0));
    if may.wait() != Ended::Code(0) {
        assert!(std::env::var_os("CI").is_none(), "no PID namespace, for want of privileges");
        println!("a worker in another PID namespace: SKIPPED, for want of privileges");
        return;
    }
    let yard = yard();
    let pool = Pool::create(&yard, "pool", &options(method, 1)).unwrap();
    let go = Value::<u64>::create(&yard, "go").unwrap();
    let first = submit(&pool, "until-let-go", b"");
    until("the pool's own is at work", || first.is_running());
    let stranger = fork(|| {
        assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWPID) }, 0);
        let inner = fork(|| Pool::open(&yard, "pool").unwrap().work_at_most(1).unwrap());
        assert_eq!(inner.wait(), Ended::Code(0));
    });
    let second = submit(&pool, "until-let-go", b"");
    until("the stranger is at work", || second.is_running());
    assert_eq!(kind(second.kill()), ErrorKind::Unsupported);
    assert!(second.stop());
    assert_eq!(second.fate(LONG).unwrap(), Fate::Done(vec![1]));
    assert_eq!(stranger.wait(), Ended::Code(0));
    go.set(1);
    assert_eq!(done(&first), [0]);
}
