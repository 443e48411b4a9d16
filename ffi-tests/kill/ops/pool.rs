//! Pools: submitting, working, collecting, ending tasks, and ending the pool.
//!
//! The pool's maker is a role of its own, with one worker that is a thread of it, so that somebody looks after the dead. It is
//! kept busy where the victim is to do the work.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use courtyard::{
    Blocks, CancelToken, Error, ErrorKind, Event, EventOptions, Fate, Future, Options, Pool, PoolOptions,
    Promise, ReturnWhen, StartMethod, TaskOptions, Timeout, Value, Yard, register_block_task, register_task,
    wait_futures,
};

use super::common::{self, pin, wrong};
use crate::engine::Trial;
use crate::operation::{Mode, Moment, Operation, Point, Points};
use crate::procfs;
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![
        Box::new(Submit { name: "pool submit", len: SHORT }),
        Box::new(Submit { name: "pool submit, by block", len: LONG }),
        Box::new(SubmitBlock),
        Box::new(SubmitAndBothDie),
        Box::new(Work { name: "pool work", entry: "add", len: SHORT, retries: 0 }),
        Box::new(Work { name: "pool work, by block", entry: "add", len: LONG, retries: 1 }),
        Box::new(Work { name: "pool work, in place", entry: "add-in-place", len: LONG, retries: 1 }),
        Box::new(WorkAndBothDie),
        Box::new(WorkForNobody),
        Box::new(WorkWaiting),
        Box::new(Collect { name: "pool collect", len: SHORT }),
        Box::new(Collect { name: "pool collect, by block", len: LONG }),
        Box::new(Cancel),
        Box::new(EndAndBothDie { name: "pool cancel, the worker dies too", runs: false }),
        Box::new(EndAndBothDie { name: "pool stop, the worker dies too", runs: true }),
        Box::new(End { name: "pool stop", method: StartMethod::Threads, end: Future::stop }),
        Box::new(End { name: "pool kill", method: StartMethod::Fork, end: |it| it.kill().unwrap() }),
        Box::new(Wait),
        Box::new(WaitForSeveral),
        Box::new(CallBack),
        Box::new(Promised { name: "pool promise", kept: Some(SHORT) }),
        Box::new(Promised { name: "pool promise, by block", kept: Some(LONG) }),
        Box::new(Promised { name: "pool promise, broken", kept: None }),
        Box::new(Resize),
        Box::new(Shutdown),
        Box::new(Terminate {
            name: "pool terminate",
            method: StartMethod::Threads,
            points: NEAR,
            modes: &[Mode::Kill, Mode::Stop, Mode::Exit],
        }),
        // Each play starts a process: only where something is written.
        Box::new(Terminate {
            name: "pool terminate, of processes",
            method: StartMethod::Fork,
            points: Points::Chosen(0),
            modes: &[Mode::Kill],
        }),
        Box::new(Join),
    ]
}

/// A slice, and a margin: behind a submitter who stands still a task waits for a worker to find it, who gives way to others for
/// some turns before that.
const SOON: Duration = Duration::from_millis(250 + 5750);
const SHORT: usize = 8;
/// More than a place has room for: one block.
const LONG: usize = 200;
const TASKS: usize = 4;
/// Others change the same words all the time: many points are chosen for it.
const NEAR: Points = Points::Chosen(8);

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| (7 * i) as u8).collect()
}

fn said(what: &str) -> impl FnOnce(Error) -> String {
    move |e| format!("{what}: {e:?}")
}

pub(crate) struct World {
    yard: Yard,
    pool: Pool,
    /// How often "add" was done.
    count: Value<u64>,
    /// A number that the victim tells.
    id: Value<u64>,
    /// Ends "hold".
    hold: Event,
    /// The task that keeps the maker's worker busy.
    holder: Option<Future>,
    /// What the stage has submitted for the play.
    future: Option<Future>,
    /// How that has ended.
    fate: Option<Fate>,
    /// A task for the stage's own sake, while the victim stands still.
    extra: Option<Future>,
    /// How often "add" was to be done, for the stage's own sake.
    ours: u64,
    /// How many tasks the victim was seen to have submitted.
    submitted: u64,
}

/// How long somebody works beside a victim that stands still.
#[derive(Clone, Copy)]
enum Turns {
    /// At one task, whichever: one is left for the victim.
    One,
    /// Until the one is done that was submitted last.
    UntilDone,
}

/// A pool of one worker, which is busy or not.
fn world(stage: &mut Stage, is_busy: bool) -> World {
    let mut world = world_of(stage, StartMethod::Threads);
    if is_busy {
        world.holder = Some(world.begin("hold"));
    }
    world
}

fn world_of(stage: &mut Stage, method: StartMethod) -> World {
    pin();
    let yard = Options::new().size(1 << 18).slots(16).objects(16).anonymous().unwrap();
    let count = Value::<u64>::create(&yard, "count").unwrap();
    let id = Value::<u64>::create(&yard, "id").unwrap();
    let hold = Event::create(&yard, "hold", EventOptions::default()).unwrap();
    let (counter, in_place, until) = (count.clone(), count.clone(), hold.clone());
    register_task("add", move |_, input| {
        counter.fetch_add(1);
        Ok::<_, String>(input.to_vec())
    })
    .unwrap();
    register_block_task("add-in-place", move |_, input| {
        let whole = input.to_vec()?;
        if whole == bytes(LONG) {
            in_place.fetch_add(1);
        }
        Ok::<_, Error>(whole)
    })
    .unwrap();
    register_task("hold", move |_, _| until.wait(Timeout::Forever).map(|()| "held")).unwrap();
    stage.role("maker", |part| {
        let options = PoolOptions {
            workers: 1,
            most_workers: 3,
            tasks: TASKS,
            block_bytes: 1 << 13,
            method,
            ..PoolOptions::default()
        };
        let _pool = Pool::create(&yard, "pool", &options).map_err(said("the pool"))?;
        part.until_told();
        Ok(())
    });
    let pool = loop {
        match Pool::open(&yard, "pool") {
            Ok(pool) => break pool,
            Err(e) if e.kind() == ErrorKind::NotFound => std::thread::yield_now(),
            Err(e) => panic!("{e:?}"),
        }
    };
    World {
        yard,
        pool,
        count,
        id,
        hold,
        holder: None,
        future: None,
        fate: None,
        extra: None,
        ours: 0,
        submitted: 0,
    }
}

impl World {
    /// Submits, and waits until a worker is at it.
    fn begin(&self, entry: &str) -> Future {
        let future = self.pool.submit(entry, b"", &TaskOptions::default()).unwrap();
        while !future.is_running() {
            std::thread::yield_now();
        }
        future
    }

    fn submit(&mut self, len: usize, retries: u8) {
        self.submit_to("add", len, retries);
    }

    fn submit_to(&mut self, entry: &str, len: usize, retries: u8) {
        let options = TaskOptions { retries, ..TaskOptions::default() };
        self.future = Some(self.pool.submit(entry, &bytes(len), &options).unwrap());
        self.id.set(self.future.as_ref().unwrap().id());
    }

    /// The future of the stage's task, as the victim has it.
    fn seen_by_victim(&self) -> Future {
        self.pool.future(self.id.get()).unwrap()
    }

    fn kill_workers(&self) {
        for worker in self.pool.workers() {
            // SAFETY: a plain call; the process is a child of the maker, which lives and reaps it.
            unsafe { libc::kill(worker.cast_signed(), libc::SIGKILL) };
        }
    }

    /// The maker's worker comes free.
    fn let_go(&mut self) -> Result<(), String> {
        self.hold.set();
        match self.holder.take() {
            Some(holder) => match holder.fate(SOON).map_err(said("what was held"))? {
                Fate::Done(_) | Fate::Cancelled => Ok(()),
                other => wrong("what was held", other),
            },
            None => Ok(()),
        }
    }

    /// How the stage's task ends.
    fn fate(&mut self) -> Result<Fate, String> {
        if let Some(future) = self.future.take() {
            self.fate = Some(future.fate(SOON).map_err(said("the task"))?);
        }
        Ok(self.fate.clone().unwrap())
    }

    /// Nobody waits for a victim that stands still: one more task is submitted, and somebody who works as `turns` says gets to it,
    /// or to one that was there before.
    fn others_go_on(&mut self, stage: &mut Stage, turns: Turns) -> Result<(), String> {
        let submitted = self.pool.submit_within("add", &bytes(SHORT), &TaskOptions::default(), SOON);
        let extra = submitted.map_err(said("a task beside the one who stands still"))?;
        self.ours += 1;
        let work = || self.pool.work_at_most(1).map_err(said("working beside the one who stands still"));
        stage.survivor(SOON, || match turns {
            Turns::One => work(),
            // The maker's worker may be the one who does it: then there is nothing to take, and nobody works for ever.
            Turns::UntilDone => {
                while !extra.is_done() {
                    let token = CancelToken::new();
                    std::thread::scope(|threads| {
                        threads.spawn(|| {
                            std::thread::sleep(Duration::from_millis(20));
                            token.cancel();
                        });
                        let _scope = token.scope().map_err(said("a scope"))?;
                        match self.pool.work_at_most(1) {
                            Err(e) if e.kind() == ErrorKind::Cancelled => Ok(()),
                            worked => worked.map_err(said("working beside the one who stands still")),
                        }
                    })?;
                }
                Ok(())
            }
        })?;
        self.extra = Some(extra);
        Ok(())
    }

    /// What is nobody's is somebody else's for a moment, who writes into it.
    fn write_all_free_blocks(&self) -> Result<(), String> {
        let all: Vec<_> = std::iter::from_fn(|| self.pool.alloc(LONG, Timeout::Try).ok()).collect();
        all.iter().try_for_each(|block| block.write(0, &[0xff; LONG])).map_err(said("writing"))
    }

    /// What was submitted beside the victim is done.
    fn extra_is_done(&mut self) -> Result<(), String> {
        match self.extra.take().map(|extra| extra.fate(SOON)) {
            None => Ok(()),
            Some(Ok(Fate::Done(result))) if result == bytes(SHORT) => Ok(()),
            Some(other) => wrong("the task beside the one who stood still", other),
        }
    }

    /// Tasks are done, and all places and blocks come free but those of `owned` tasks that somebody may own still.
    fn goes_on(&mut self, owned: usize) -> Result<(), String> {
        self.let_go()?;
        self.extra_is_done()?;
        self.future = None;
        for _ in 0..2 {
            let futures: Result<Vec<_>, _> = (owned..TASKS)
                .map(|_| self.pool.submit_within("add", &bytes(LONG), &TaskOptions::default(), SOON))
                .collect();
            self.ours += (TASKS - owned) as u64;
            for future in futures.map_err(said("a place is not to be had"))? {
                match future.result(SOON).map_err(said("the task after it"))? {
                    result if result == bytes(LONG) => {}
                    result => return wrong("the result of the task after it", result),
                }
            }
        }
        self.is_clear(owned)
    }

    fn is_clear(&self, owned: usize) -> Result<(), String> {
        let begin = Instant::now();
        loop {
            self.yard.sweep();
            let now = self.pool.progress();
            let known = now.pending + now.running + now.done + now.failed + now.cancelled + now.lost;
            let blocks = Blocks::open(&self.yard, "pool.blocks").map_err(said("the blocks"))?;
            let in_use: u32 =
                blocks.usage().iter().map(|class| class.owned + class.offered + class.linked).sum();
            if known <= owned && in_use <= 2 * owned as u32 {
                return Ok(());
            }
            if begin.elapsed() > SOON {
                return wrong("left behind", (now, in_use));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// How often "add" was done for the play's sake.
    fn done(&self) -> u64 {
        self.count.get() - self.ours
    }

    fn watch(&self) -> Watch {
        common::watch(&self.yard)
    }
}

fn is_process_gone(point: &Point) -> bool {
    matches!(point.moment, Moment::Killed | Moment::ProcessEnded)
}

/// Whether all of the operation was done.
fn is_through(point: &Point) -> bool {
    point.last || point.moment == Moment::Finished
}

/// What the plays of a pool have in common: others change the same words, and so no two runs are alike.
macro_rules! play {
    ($actor:ty, $points:expr) => {
        play!($actor);

        fn points(&self) -> Points {
            $points
        }
    };
    ($actor:ty) => {
        type World = World;
        type Actor = $actor;

        fn steady(&self) -> bool {
            false
        }

        fn patience(&self) -> Duration {
            3 * SOON
        }

        fn watch(&self, world: &World) -> Watch {
            world.watch()
        }
    };
}

mod terminate;

use terminate::Terminate;

/// Submits a task, which the maker's worker does.
struct Submit {
    name: &'static str,
    len: usize,
}

impl Operation for Submit {
    play!(Option<Future>, NEAR);

    fn name(&self) -> &'static str {
        self.name
    }

    fn setup(&self, stage: &mut Stage) -> World {
        world(stage, false)
    }

    fn prepare(&self, _: &World) -> Option<Future> {
        None
    }

    fn act(&self, world: &World, future: &mut Option<Future>) {
        *future = Some(world.pool.submit("add", &bytes(self.len), &TaskOptions::default()).unwrap());
    }

    fn finish(&self, _: &World, future: &mut Option<Future>) -> Result<(), String> {
        match future.as_ref().unwrap().result(SOON).map_err(said("the task"))? {
            result if result == bytes(self.len) => Ok(()),
            result => wrong("its result", result),
        }
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        // A process that lives, without its thread, owns what it has submitted.
        world.goes_on(usize::from(!is_process_gone(point)))?;
        match (world.done(), is_through(point)) {
            (1, _) | (0, false) => Ok(()),
            (times, _) => wrong("it was done so often", times),
        }
    }
}

/// Submits what lies in a block, to a worker that is busy, so that it is seen whether there is a task before anybody does it.
struct SubmitBlock;

impl Operation for SubmitBlock {
    play!(Option<Future>, NEAR);

    fn name(&self) -> &'static str {
        "pool submit block"
    }

    fn setup(&self, stage: &mut Stage) -> World {
        world(stage, true)
    }

    fn prepare(&self, _: &World) -> Option<Future> {
        None
    }

    fn act(&self, world: &World, future: &mut Option<Future>) {
        let block = world.pool.alloc(LONG, Timeout::Forever).unwrap();
        block.write(0, &bytes(LONG)).unwrap();
        *future = Some(world.pool.submit_block("add-in-place", block, &TaskOptions::default()).unwrap());
    }

    fn finish(&self, world: &World, future: &mut Option<Future>) -> Result<(), String> {
        world.hold.set();
        match future.as_ref().unwrap().result(SOON).map_err(said("the task"))? {
            result if result == bytes(LONG) => Ok(()),
            result => wrong("its result", result),
        }
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if !world.hold.is_set() {
            world.yard.sweep();
            world.submitted = world.pool.progress().pending as u64;
            world.write_all_free_blocks()?;
        } else if is_through(point) {
            world.submitted = 1;
        }
        let (is_gone, is_through) = (is_process_gone(point), is_through(point));
        world.goes_on(usize::from(!is_gone))?;
        match (world.submitted, world.done()) {
            (1, 1) => Ok(()),
            (0, 0) if !is_through => Ok(()),
            // Its number may be in the hand of a living submitter.
            (1, 0) if !is_through && !is_gone => Ok(()),
            both => wrong("it was there, and done, so often", both),
        }
    }
}

/// Submits a task, and whoever works for the pool then dies too, at it or not: the maker has other workers made.
struct SubmitAndBothDie;

impl Operation for SubmitAndBothDie {
    play!(Option<Future>, NEAR);

    fn name(&self) -> &'static str {
        "pool submit, the worker dies too"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Exit]
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let world = world_of(stage, StartMethod::Fork);
        while world.pool.workers().is_empty() {
            std::thread::yield_now();
        }
        world
    }

    fn prepare(&self, _: &World) -> Option<Future> {
        None
    }

    fn act(&self, world: &World, future: &mut Option<Future>) {
        *future = Some(world.pool.submit("add", &bytes(LONG), &TaskOptions::default()).unwrap());
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        world.kill_workers();
        world.goes_on(usize::from(!is_process_gone(point)))?;
        match world.done() {
            0 | 1 => Ok(()),
            times => wrong("it was done so often", times),
        }
    }
}

/// Does one task.
struct Work {
    name: &'static str,
    entry: &'static str,
    len: usize,
    retries: u8,
}

impl Operation for Work {
    play!((), NEAR);

    fn name(&self) -> &'static str {
        self.name
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let mut world = world(stage, true);
        world.submit_to(self.entry, self.len, self.retries);
        world
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.pool.work_at_most(1).unwrap();
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return world.others_go_on(stage, Turns::One); // it may have the task in hand
        }
        world.let_go()?;
        let fate = world.fate()?;
        let through = is_through(point);
        let as_promised = match &fate {
            Fate::Done(result) => *result == bytes(self.len),
            Fate::Lost { attempt, .. } => self.retries == 0 && !through && *attempt == 0,
            _ => false,
        };
        if !as_promised {
            return wrong("the task's fate", fate);
        }
        // A block that was taken for the result is the process's, which lives.
        world.goes_on(usize::from(point.moment == Moment::ThreadEnded))?;
        match (world.done(), fate) {
            (1, _) | (0, Fate::Lost { .. }) => Ok(()),
            (2, Fate::Done(_)) if self.retries == 1 && !through => Ok(()),
            (times, _) => wrong("it was done so often", times),
        }
    }
}

/// Does one task, and whoever has submitted it then dies too.
struct WorkAndBothDie;

impl Operation for WorkAndBothDie {
    play!((), NEAR);

    fn name(&self) -> &'static str {
        "pool work, the submitter dies too"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Exit]
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let world = world(stage, true);
        stage.role("submitter", |part| {
            let options = TaskOptions { retries: 1, ..TaskOptions::default() };
            let _future = world.pool.submit("add", &bytes(LONG), &options).map_err(said("submitting"))?;
            world.id.set(u64::from(std::process::id()));
            part.until_told();
            Ok(())
        });
        while world.id.get() == 0 {
            std::thread::yield_now();
        }
        world
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.pool.work_at_most(1).unwrap();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let submitter = world.id.get() as i32;
        // SAFETY: a plain call; the process is a role of this stage, which reaps it at the end.
        unsafe { libc::kill(submitter, libc::SIGKILL) };
        while procfs::state(submitter, submitter).is_some_and(|state| state != 'Z') {
            std::thread::yield_now();
        }
        world.yard.sweep(); // so that nobody waits for a slice until somebody does
        // A block that was taken for the result is the process's, which lives.
        world.goes_on(usize::from(point.moment == Moment::ThreadEnded))?;
        match world.done() {
            0..=2 => Ok(()),
            times => wrong("it was done so often", times),
        }
    }
}

/// Does one task, of which nobody wants to know any more.
struct WorkForNobody;

impl Operation for WorkForNobody {
    play!((), NEAR);

    fn name(&self) -> &'static str {
        "pool work, for nobody"
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let mut world = world(stage, true);
        world.submit(LONG, 0);
        world.future = None;
        world
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.pool.work_at_most(1).unwrap();
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return world.others_go_on(stage, Turns::One); // it may have the task in hand
        }
        // A block that was taken for the result is the process's, which lives.
        world.goes_on(usize::from(point.moment == Moment::ThreadEnded))?;
        match world.done() {
            0 | 1 => Ok(()),
            times => wrong("it was done so often", times),
        }
    }
}

/// Works, and sleeps until there is a task.
struct WorkWaiting;

impl Operation for WorkWaiting {
    play!((), NEAR);

    fn name(&self) -> &'static str {
        "pool work, waiting"
    }

    fn sleeps(&self) -> bool {
        true
    }

    fn setup(&self, stage: &mut Stage) -> World {
        world(stage, true)
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.pool.work_at_most(1).unwrap();
    }

    fn release(&self, world: &mut World, _: &mut Stage) {
        if world.future.is_none() {
            world.submit(SHORT, 1);
        }
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return world.others_go_on(stage, Turns::One);
        }
        world.let_go()?;
        if world.future.is_some() {
            match world.fate()? {
                Fate::Done(result) if result == bytes(SHORT) => {}
                other => return wrong("the task's fate", other),
            }
        }
        world.goes_on(0)
    }
}

/// Takes the result of a task that has ended, and throws the future away.
struct Collect {
    name: &'static str,
    len: usize,
}

impl Operation for Collect {
    play!(RefCell<Option<Future>>, NEAR);

    fn name(&self) -> &'static str {
        self.name
    }

    fn setup(&self, stage: &mut Stage) -> World {
        world(stage, false)
    }

    fn prepare(&self, world: &World) -> RefCell<Option<Future>> {
        let future = world.pool.submit("add", &bytes(self.len), &TaskOptions::default()).unwrap();
        future.wait(Timeout::Forever).unwrap();
        RefCell::new(Some(future))
    }

    fn act(&self, _: &World, future: &mut RefCell<Option<Future>>) {
        let future = future.take().unwrap();
        assert_eq!(future.result(Timeout::Try).unwrap(), bytes(self.len));
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        world.goes_on(usize::from(!is_process_gone(point) && point.moment != Moment::Finished))?;
        match world.done() {
            1 => Ok(()),
            times => wrong("it was done so often", times),
        }
    }
}

/// Cancels a task that waits.
struct Cancel;

impl Operation for Cancel {
    play!(Future, Points::Every);

    fn name(&self) -> &'static str {
        "pool cancel"
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let mut world = world(stage, true);
        world.submit(SHORT, 0);
        world
    }

    fn prepare(&self, world: &World) -> Future {
        world.seen_by_victim()
    }

    fn act(&self, _: &World, future: &mut Future) {
        assert!(future.cancel() || future.is_done());
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return world.others_go_on(stage, Turns::UntilDone); // the victim has cancelled it, or finds it done
        }
        let was_outrun = point.moment == Moment::Finished && world.extra.is_some();
        if is_through(point)
            && !was_outrun
            && world.future.as_ref().is_some_and(|future| !future.is_cancelled())
        {
            return wrong("it is not cancelled", world.future.as_ref());
        }
        world.let_go()?;
        let fate = world.fate()?;
        world.goes_on(0)?;
        match (fate, world.done()) {
            (Fate::Cancelled, 0) => Ok(()),
            (Fate::Done(_), 1) if was_outrun || !is_through(point) => Ok(()),
            other => wrong("the task's fate", other),
        }
    }
}

/// Ends a task that runs, and sleeps: asks it to stop, or has its worker killed, which is a process then.
struct End {
    name: &'static str,
    method: StartMethod,
    end: fn(&Future) -> bool,
}

impl Operation for End {
    play!(Future, Points::Every);

    fn name(&self) -> &'static str {
        self.name
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let mut world = world_of(stage, self.method);
        let future = world.begin("hold");
        world.id.set(future.id());
        world.future = Some(future);
        world
    }

    fn prepare(&self, world: &World) -> Future {
        world.seen_by_victim()
    }

    fn act(&self, _: &World, future: &mut Future) {
        assert!((self.end)(future));
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return world.others_go_on(stage, Turns::UntilDone); // it may be about to tell
        }
        let is_to_end = is_through(point);
        if !is_to_end {
            world.hold.set();
        }
        match world.fate()? {
            Fate::Cancelled => {}
            Fate::Done(_) if !is_to_end => {}
            other => return wrong("the task's fate", other),
        }
        world.goes_on(0)
    }
}

/// Cancels a task that waits, or asks one to stop that runs, and then the worker dies as well.
struct EndAndBothDie {
    name: &'static str,
    runs: bool,
}

impl Operation for EndAndBothDie {
    play!(Future, NEAR);

    fn name(&self) -> &'static str {
        self.name
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Exit]
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let mut world = world_of(stage, StartMethod::Fork);
        let holder = world.begin("hold");
        if self.runs {
            world.id.set(holder.id());
            world.future = Some(holder);
        } else {
            world.submit(SHORT, 0);
        }
        world
    }

    fn prepare(&self, world: &World) -> Future {
        world.seen_by_victim()
    }

    fn act(&self, _: &World, future: &mut Future) {
        assert!(if self.runs { future.stop() } else { future.cancel() });
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        world.kill_workers();
        let fate = world.fate()?;
        let times = world.done();
        world.goes_on(0)?;
        match (fate, times) {
            (Fate::Cancelled, 0) => Ok(()),
            (Fate::Lost { .. }, 0) if self.runs => Ok(()), // the worker was quicker dead than it stopped
            (Fate::Done(_), 1) if !self.runs && !is_through(point) => Ok(()),
            other => wrong("the task's fate", other),
        }
    }
}

/// Waits for a task that runs.
struct Wait;

impl Operation for Wait {
    play!(Future, NEAR);

    fn name(&self) -> &'static str {
        "pool wait"
    }

    fn sleeps(&self) -> bool {
        true
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let world = world(stage, true);
        world.id.set(world.holder.as_ref().unwrap().id());
        world
    }

    fn prepare(&self, world: &World) -> Future {
        world.seen_by_victim()
    }

    fn act(&self, _: &World, future: &mut Future) {
        future.wait(Timeout::Forever).unwrap();
    }

    fn release(&self, world: &mut World, _: &mut Stage) {
        world.hold.set();
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return world.others_go_on(stage, Turns::UntilDone);
        }
        world.goes_on(0)
    }
}

/// Waits for a task that waits, and another one that runs.
struct WaitForSeveral;

impl Operation for WaitForSeveral {
    play!([Future; 2], NEAR);

    fn name(&self) -> &'static str {
        "pool wait for several"
    }

    fn sleeps(&self) -> bool {
        true
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let mut world = world(stage, true);
        world.submit(SHORT, 0);
        world
    }

    fn prepare(&self, world: &World) -> [Future; 2] {
        let holder = world.holder.as_ref().unwrap().id();
        [world.seen_by_victim(), world.pool.future(holder).unwrap()]
    }

    fn act(&self, _: &World, [waits, runs]: &mut [Future; 2]) {
        let ended = wait_futures(&[waits, runs], ReturnWhen::AllCompleted, Timeout::Forever).unwrap();
        assert!(ended.not_done.is_empty());
    }

    fn release(&self, world: &mut World, _: &mut Stage) {
        world.hold.set();
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return world.others_go_on(stage, Turns::UntilDone);
        }
        world.let_go()?;
        match world.fate()? {
            Fate::Done(result) if result == bytes(SHORT) => world.goes_on(0),
            other => wrong("the task's fate", other),
        }
    }
}

/// Asks to be called when a task has ended, which runs.
struct CallBack;

impl Operation for CallBack {
    play!(Future, NEAR);

    fn name(&self) -> &'static str {
        "pool callback"
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let mut world = world(stage, true);
        world.submit(SHORT, 0);
        world
    }

    fn prepare(&self, world: &World) -> Future {
        world.seen_by_victim().add_done_callback(|_| ()).unwrap(); // its threads run
        world.pool.future(world.holder.as_ref().unwrap().id()).unwrap()
    }

    fn act(&self, world: &World, future: &mut Future) {
        let id = world.id.clone();
        future.add_done_callback(move |_| id.set(0)).unwrap();
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return world.others_go_on(stage, Turns::UntilDone);
        }
        world.let_go()?;
        let begin = Instant::now();
        while point.moment == Moment::Finished && world.id.get() != 0 {
            if begin.elapsed() > SOON {
                return wrong("not called for task", world.id.get());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        world.fate()?;
        world.goes_on(0)
    }
}

/// Keeps a promise with so many bytes, or breaks it, while somebody waits for it.
struct Promised {
    name: &'static str,
    kept: Option<usize>,
}

pub(crate) struct Waited {
    world: World,
    waiter: RoleId,
}

impl Operation for Promised {
    type World = Waited;
    type Actor = RefCell<Option<(Promise, Future)>>;

    fn name(&self) -> &'static str {
        self.name
    }

    fn points(&self) -> Points {
        NEAR
    }

    fn steady(&self) -> bool {
        false
    }

    fn patience(&self) -> Duration {
        3 * SOON
    }

    fn watch(&self, waited: &Waited) -> Watch {
        waited.world.watch()
    }

    fn setup(&self, stage: &mut Stage) -> Waited {
        let (world, kept) = (world(stage, false), self.kept);
        let waiter = stage.role("waiter", |_| {
            while world.id.get() == 0 {
                std::thread::yield_now();
            }
            match world.pool.future(world.id.get()).and_then(|future| future.fate(Timeout::Forever)) {
                Ok(Fate::Done(result)) if kept.is_some_and(|len| result == bytes(len)) => Ok(()),
                Ok(Fate::Lost { .. }) => Ok(()),
                // Who promised it was its owner too.
                Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
                other => wrong("what was promised", other),
            }
        });
        Waited { world, waiter }
    }

    fn prepare(&self, waited: &Waited) -> Self::Actor {
        let (promise, future) = waited.world.pool.promise().unwrap();
        waited.world.id.set(future.id());
        RefCell::new(Some((promise, future)))
    }

    fn act(&self, _: &Waited, actor: &mut Self::Actor) {
        let (promise, future) = actor.take().unwrap();
        match self.kept {
            Some(len) => promise.set_result(&bytes(len)).unwrap(),
            None => drop(promise),
        }
        actor.replace(None);
        std::mem::forget(future); // its owner lives, and may look still
    }

    fn check(&self, waited: &mut Waited, stage: &mut Stage, point: &Point) -> Result<(), String> {
        let lives = !is_process_gone(point);
        if !lives || is_through(point) {
            stage.finish(waited.waiter, SOON)?;
        }
        waited.world.goes_on(usize::from(lives))
    }
}

/// Asks for another number of workers.
struct Resize;

impl Operation for Resize {
    play!((), Points::Every);

    fn name(&self) -> &'static str {
        "pool resize"
    }

    fn setup(&self, stage: &mut Stage) -> World {
        world(stage, false)
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.pool.resize(2).unwrap();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        match (world.pool.size(), is_through(point)) {
            (2, _) | (1, false) => world.goes_on(0),
            (size, _) => wrong("the pool's size", size),
        }
    }
}

/// Closes a pool, while somebody joins it.
struct Shutdown;

pub(crate) struct Joined {
    world: World,
    joiner: RoleId,
}

impl Operation for Shutdown {
    type World = Joined;
    type Actor = ();

    fn name(&self) -> &'static str {
        "pool shutdown"
    }

    fn points(&self) -> Points {
        NEAR
    }

    fn steady(&self) -> bool {
        false
    }

    fn patience(&self) -> Duration {
        3 * SOON
    }

    fn watch(&self, joined: &Joined) -> Watch {
        joined.world.watch()
    }

    fn setup(&self, stage: &mut Stage) -> Joined {
        let mut world = world(stage, true);
        world.submit(SHORT, 0);
        let joiner = stage.role("joiner", |part| {
            part.waiting();
            loop {
                match world.pool.join(Timeout::Forever) {
                    Err(e) if e.kind() == ErrorKind::State => std::thread::sleep(Duration::from_millis(1)),
                    ended => return ended.map_err(said("joining")),
                }
            }
        });
        Joined { world, joiner }
    }

    fn prepare(&self, _: &Joined) {}

    fn act(&self, joined: &Joined, (): &mut ()) {
        joined.world.pool.close();
    }

    fn check(&self, joined: &mut Joined, stage: &mut Stage, point: &Point) -> Result<(), String> {
        let world = &mut joined.world;
        let refused = world.pool.submit_within("add", b"", &TaskOptions::default(), Timeout::Try).err();
        match refused.map(|e| e.kind()) {
            Some(ErrorKind::State) => {}
            None if !is_through(point) => world.ours += 1,
            other => return wrong("a task after it", other),
        }
        if point.moment == Moment::Stopped {
            return Ok(());
        }
        if !world.pool.is_closed() {
            world.pool.close();
        }
        world.let_go()?;
        match world.fate()? {
            Fate::Done(_) => stage.finish(joined.joiner, SOON).map(drop),
            other => wrong("what was submitted before", other),
        }
    }
}

/// Waits until a pool that was closed has done everything.
struct Join;

impl Operation for Join {
    play!((), NEAR);

    fn name(&self) -> &'static str {
        "pool join"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Exit]
    }

    fn sleeps(&self) -> bool {
        true
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let world = world(stage, true);
        world.pool.close();
        world
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.pool.join(Timeout::Forever).unwrap();
    }

    fn release(&self, world: &mut World, _: &mut Stage) {
        world.hold.set();
    }

    fn check(&self, world: &mut World, _: &mut Stage, _: &Point) -> Result<(), String> {
        world.let_go()?;
        world.pool.join(SOON).map_err(said("joining"))?;
        world.is_clear(0)
    }
}
