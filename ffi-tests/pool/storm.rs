//! Workers and submitters that are killed at random while tasks of all kinds stream through: every task ends once, in one of the
//! ways that are stated for its kind, and is begun no more often than it may be.

use crate::process::{Child, LONG, fork, sleep_ms};
use crate::{PROCESSES, options, until};
use courtyard::{
    Array, ArrayOptions, Blocks, Cause, Exit, Fate, Future, Pool, StartMethod, Task, TaskOptions, Timeout,
    Value, Yard,
};
use std::collections::HashSet;
use std::time::{Duration, Instant};

pub(crate) const SCENARIOS: &[crate::Scenario] =
    &[("a_storm_of_kills", PROCESSES, |method| storm(method, 200))];

/// All tasks have numbers below this, in the order in which they are submitted.
const MOST: usize = 400_000;
/// How many tasks the maker has on their way, and each other submitter; the pool has 64 places.
const OURS: usize = 40;
const THEIRS: usize = 8;
const SUBMITTERS: usize = 2;

/// What a task does, and who submits it with it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Echo,
    Nap,
    Fail,
    /// Its time is up before it is done.
    Late,
    /// It is cancelled as soon as it is submitted, if it does not run by then.
    Cancelled,
    /// It runs until it is asked to stop, or has waited long enough for somebody who was killed.
    Stopped,
}

impl Kind {
    fn of(serial: u64) -> Kind {
        match serial / 3 % 32 {
            0..16 => Kind::Echo,
            16..24 => Kind::Nap,
            24..28 => Kind::Fail,
            28..30 => Kind::Cancelled,
            30 => Kind::Stopped,
            _ => Kind::Late,
        }
    }
}

fn task_options(serial: u64) -> TaskOptions {
    let time_limit = (Kind::of(serial) == Kind::Late).then_some(Duration::from_millis(5));
    TaskOptions { retries: (serial % 3) as u8, time_limit }
}

const FATES: [&str; 5] = ["done", "failed", "cancelled", "lost", "late"];

pub(crate) fn entries() {
    courtyard::register_task("storm", work).unwrap();
}

/// Counts that it runs; gives its input and its attempt.
fn work(task: &Task<'_>, input: &[u8]) -> Result<Vec<u8>, String> {
    let serial = u64::from_ne_bytes(input[..8].try_into().unwrap());
    let runs = Array::<u32>::open(task.yard(), "runs").unwrap();
    runs.fetch_add(serial as usize, 1).unwrap();
    match Kind::of(serial) {
        Kind::Echo | Kind::Cancelled => {}
        Kind::Nap => sleep_ms(1),
        Kind::Fail => return Err(format!("{serial} in attempt {}", task.attempt())),
        Kind::Late => std::thread::sleep(LONG),
        Kind::Stopped => {
            let end = Instant::now() + Duration::from_millis(100);
            while !task.is_cancelled() && Instant::now() < end {
                sleep_ms(1);
            }
            return if task.is_cancelled() { Err("asked".into()) } else { Ok(Vec::new()) };
        }
    }
    Ok([&task.attempt().to_ne_bytes(), input].concat())
}

/// A number without much sense.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Who submits tasks, and looks at what becomes of each.
struct Submitter {
    pool: Pool,
    runs: Array<u32>,
    fates: Array<u32>,
    next: Value<u64>,
    on_their_way: Vec<(u64, Future)>,
}

impl Submitter {
    fn new(yard: &Yard) -> Submitter {
        Submitter {
            pool: Pool::open(yard, "storm").unwrap(),
            runs: Array::open(yard, "runs").unwrap(),
            fates: Array::open(yard, "fates").unwrap(),
            next: Value::open(yard, "next").unwrap(),
            on_their_way: Vec::new(),
        }
    }

    fn submit(&mut self) {
        let serial = self.next.fetch_add(1);
        assert!((serial as usize) < MOST, "too many tasks");
        let mut input = serial.to_ne_bytes().to_vec();
        input.resize(if serial.is_multiple_of(5) { 2000 } else { 8 }, 7);
        let future = self.pool.submit("storm", &input, &task_options(serial)).unwrap();
        if Kind::of(serial) == Kind::Cancelled && future.cancel() {
            assert_eq!(future.fate(Timeout::Try).unwrap(), Fate::Cancelled);
        }
        self.on_their_way.push((serial, future));
    }

    /// Has so many on their way, of which it settles up to 30.
    fn go_on(&mut self, most: usize, state: &mut u64) {
        while self.on_their_way.len() < most {
            self.submit();
        }
        for _ in 0..random(state) % 30 {
            let at = (random(state) % self.on_their_way.len() as u64) as usize;
            let (serial, future) = self.on_their_way.swap_remove(at);
            self.settle(serial, &future);
            if self.on_their_way.is_empty() {
                break;
            }
        }
    }

    fn settle(&self, serial: u64, future: &Future) {
        let kind = Kind::of(serial);
        if kind == Kind::Stopped {
            future.stop();
        }
        let fate = future.fate(LONG).unwrap();
        let runs = self.runs.get(serial as usize).unwrap();
        let retries = u32::from(task_options(serial).retries);
        let (which, attempt) = ended(serial, fate);
        assert!(attempt <= retries && runs <= attempt + 1, "task {serial}: attempt {attempt}, {runs} runs");
        assert!(
            runs > 0 || ["cancelled", "lost", "late"].contains(&which),
            "task {serial} was {which} unseen"
        );
        let which = FATES.iter().position(|name| *name == which).unwrap();
        self.fates.fetch_add(which, 1).unwrap();
    }
}

/// How a task has ended, which its kind allows; and its last attempt, or the last that it can have had.
fn ended(serial: u64, fate: Fate) -> (&'static str, u32) {
    let retries = u32::from(task_options(serial).retries);
    match (Kind::of(serial), fate) {
        (Kind::Echo | Kind::Nap | Kind::Cancelled, Fate::Done(result)) => {
            assert_eq!(result[4..12], serial.to_ne_bytes(), "another task's result");
            assert!(result[12..].iter().all(|byte| *byte == 7));
            ("done", u32::from_ne_bytes(result[..4].try_into().unwrap()))
        }
        (Kind::Stopped, Fate::Done(_)) => ("done", retries),
        (Kind::Fail, Fate::Failed(text)) => {
            let attempt = text.strip_prefix(&format!("{serial} in attempt ")).expect("another task's error");
            ("failed", attempt.parse().unwrap())
        }
        (Kind::Cancelled | Kind::Stopped, Fate::Cancelled) => ("cancelled", retries),
        (Kind::Late, Fate::Lost { cause: Cause::TimeLimit, attempt, pid }) if pid != 0 => ("late", attempt),
        (_, Fate::Lost { cause: Cause::Exit(Exit::Signal(libc::SIGKILL)), attempt, pid }) if pid != 0 => {
            assert_eq!(attempt, retries, "task {serial} was lost too early");
            ("lost", attempt)
        }
        (kind, other) => panic!("task {serial}, {kind:?}: {other:?}"),
    }
}

/// Another process that submits until it is killed.
fn another(yard: &Yard) -> Child {
    let yard = yard.clone();
    fork(move || {
        unsafe {
            libc::alarm(0);
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        }
        let (mut submitter, mut state) = (Submitter::new(&yard), u64::from(std::process::id()));
        loop {
            submitter.go_on(THEIRS, &mut state);
        }
    })
}

/// So many kills of workers, and some of submitters.
pub(crate) fn storm(method: StartMethod, kills: usize) {
    unsafe { libc::alarm(0) };
    {
        // What a process keeps that has ever made others is not counted: one has been made when it has worked.
        let (_yard, pool) = crate::pool(method, 1);
        assert_eq!(pool.apply("echo", b"x", &TaskOptions::default()).unwrap(), b"x");
    }
    crate::nobody_is_left();
    let before = crate::descriptors();
    let yard = crate::yard();
    let pool = Pool::create(&yard, "storm", &options(method, 4)).unwrap();
    let runs = Array::<u32>::create(&yard, "runs", MOST, ArrayOptions::default()).unwrap();
    let fates = Array::<u32>::create(&yard, "fates", FATES.len(), ArrayOptions::default()).unwrap();
    let next = Value::<u64>::create(&yard, "next").unwrap();
    let (workers, submitters) = blow(&yard, kills);
    until("what the dead have submitted has ended", || {
        let progress = pool.progress();
        progress.pending + progress.running == 0
    });
    let ends: Vec<(&str, u32)> = FATES.into_iter().zip(fates.to_vec()).collect();
    println!("{workers} workers and {submitters} submitters killed, {} tasks: {ends:?}", next.get());
    assert!(workers >= kills, "too slow");
    assert!(submitters > kills / 20, "{submitters} submitters killed");
    assert!(ends.iter().all(|(_, count)| *count > 0), "not all fates: {ends:?}");
    for (serial, runs) in (0..).zip(runs.to_vec()) {
        let most = if serial < next.get() { u32::from(task_options(serial).retries) + 1 } else { 0 };
        assert!(runs <= most, "task {serial} was begun {runs} times");
    }
    drop((runs, fates, next));
    leaves_nothing(yard, pool);
    until("all descriptors are closed", || crate::descriptors() == before);
}

/// How many workers and submitters were killed.
fn blow(yard: &Yard, kills: usize) -> (usize, usize) {
    let seed = 1 + u64::from(std::process::id());
    println!("storm, seed {seed}");
    let mut others: Vec<Child> = (0..SUBMITTERS).map(|_| another(yard)).collect();
    let (mut state, mut killed, mut submitters) = (seed, HashSet::new(), 0);
    let mut ours = Submitter::new(yard);
    let end = Instant::now() + Duration::from_secs(20 + kills as u64 / 2);
    while killed.len() < kills && Instant::now() < end {
        ours.go_on(OURS, &mut state);
        if random(&mut state).is_multiple_of(8) {
            others.remove(0).slay();
            others.push(another(yard));
            submitters += 1;
        }
        let workers = workers(yard, &others);
        if let Some(pid) = workers.get((random(&mut state) % 4) as usize) {
            let _ = unsafe { libc::kill(pid.cast_signed(), libc::SIGKILL) } == 0 && killed.insert(*pid);
        }
    }
    submitters += others.len();
    others.into_iter().for_each(Child::slay);
    ours.on_their_way.iter().for_each(|(serial, future)| ours.settle(*serial, future));
    (killed.len(), submitters)
}

/// The pool is whole, and then gone: no block, no place in the yard, no child.
fn leaves_nothing(yard: Yard, pool: Pool) {
    until("the pool is whole again", || pool.progress().workers == 4);
    // Every place is free again.
    let submit =
        |n: u64| pool.submit_within("echo", &n.to_ne_bytes(), &TaskOptions::default(), Timeout::For(LONG));
    let all: Vec<Future> = (0..64).map(|n| submit(n).unwrap()).collect();
    (0_u64..).zip(&all).for_each(|(n, future)| assert_eq!(crate::done(future), n.to_ne_bytes()));
    drop(all);
    pool.close();
    pool.join(LONG).unwrap();
    for class in Blocks::open(&yard, "storm.blocks").unwrap().usage() {
        assert_eq!(class.free, class.count, "{class:?}");
    }
    until("nobody else is in the yard", || yard.members().len() == 1);
    drop(pool);
    drop(yard);
    crate::nobody_is_left();
}

/// The processes of the yard but this one and those.
fn workers(yard: &Yard, others: &[Child]) -> Vec<u32> {
    let is_other = |pid: &u32| others.iter().any(|child| child.0.cast_unsigned() == *pid);
    yard.members()
        .iter()
        .map(|member| member.pid())
        .filter(|pid| *pid > 1 && *pid != std::process::id() && !is_other(pid))
        .collect()
}
