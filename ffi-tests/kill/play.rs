//! One play: the world is made, a victim walks to one point and is interrupted there, survivors check.

use std::time::Duration;

use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use crate::operation::{Mode, Moment, Operation, Point, Points};
use crate::phase::Phase;
use crate::position::{Position, Recording};
use crate::report::{Report, Verdict};
use crate::sheet::Sheet;
use crate::stage::Stage;
use crate::tracer::Tracee;
use crate::victim::Victim;
use crate::walk::{Trouble, Walk};
use crate::watch::{Watch, Watcher};
use crate::{child, heap, patience, procfs, seats};

const NAP: Duration = Duration::from_millis(2);

/// What is played.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Script {
    /// The whole operation, unharmed; its positions are recorded.
    Record,
    /// An interruption at this position; the flag says that it is the operation's end.
    At(Position, bool),
}

impl Script {
    /// The same without a breakpoint.
    pub(crate) fn without_anchor(self) -> Script {
        match self {
            Script::Record => Script::Record,
            Script::At(position, last) => Script::At(position.without_anchor(), last),
        }
    }
}

/// Everything on the stage.
struct Play<'a, O: Operation> {
    operation: &'a O,
    mode: Mode,
    sheet: &'a Sheet,
    stage: Stage,
    world: O::World,
    point: Point,
}

/// Plays, in a process forked for it, and reports.
pub(crate) fn play<O: Operation>(
    operation: &O,
    mode: Mode,
    script: Script,
    stage: Stage,
    sheet: &Sheet,
) -> Report {
    child::caught(|| play_caught(operation, mode, script, stage, sheet)).unwrap_or_else(Report::failed)
}

fn play_caught<O: Operation>(
    operation: &O,
    mode: Mode,
    script: Script,
    mut stage: Stage,
    sheet: &Sheet,
) -> Report {
    sheet.enter(Phase::Setup as u32);
    heap::make();
    heap::use_it(true);
    let world = operation.setup(&mut stage);
    heap::use_it(false);
    let position = Position::start(0);
    let point =
        Point { moment: Moment::Killed, position, last: false, released: false, victim: 0, thread: 0 };
    let mut play = Play { operation, mode, sheet, stage, world, point };
    let result = play.run(script);
    let waits = play.stage.waits().iter().map(|(name, waited)| (name.to_string(), *waited)).collect();
    let roles = play.stage.names().map(str::to_string).collect();
    sheet.enter(Phase::End as u32);
    drop(play);
    let (verdict, recording) = match result {
        Ok(recording) => (Verdict::Held, recording),
        Err(Trouble::Failed(why)) => (Verdict::Failed(why), None),
        Err(Trouble::Drifted(why)) => (Verdict::Drifted(why), None),
    };
    Report { verdict, recording, waits, roles }
}

impl<O: Operation> Play<'_, O> {
    fn run(&mut self, script: Script) -> Result<Option<Recording>, Trouble> {
        self.sheet.enter(Phase::Prepare as u32);
        let victim = Victim::start(self.operation, &self.world, self.mode);
        let mut tracee = victim.trace()?;
        (self.point.victim, self.point.thread) = (tracee.pid(), tracee.tid());
        self.sheet.enter(Phase::Queue as u32);
        seats::take(self.sheet);
        self.sheet.enter(Phase::Step as u32);
        self.operation.begin(&mut self.world, self.sheet)?;
        match script {
            Script::Record => {
                let recording = self.record(&mut tracee)?;
                seats::give(self.sheet);
                tracee.let_go(None)?;
                self.finish(&victim)?;
                Ok(Some(recording))
            }
            Script::At(position, last) => {
                self.reach(&mut tracee, position, last)?;
                seats::give(self.sheet);
                self.interrupt(&victim, tracee)?;
                Ok(None)
            }
        }
    }

    fn record(&mut self, tracee: &mut Tracee) -> Result<Recording, Trouble> {
        let points = self.operation.points();
        let chosen = matches!(points, Points::Chosen(_));
        let watch = if chosen { self.operation.watch(&self.world) } else { Watch::Nothing };
        let watcher = Watcher::new(watch, tracee.pid());
        let (operation, world, stage) = (self.operation, &mut self.world, &mut self.stage);
        let mut release = || operation.release(world, stage);
        let release: Option<&mut dyn FnMut()> = if operation.sleeps() { Some(&mut release) } else { None };
        let recording = Walk::new(tracee, self.sheet, release).record(points, watcher)?;
        if operation.sleeps() && !recording.points.iter().any(|point| point.asleep) {
            return Err(Trouble::Failed("the operation is said to sleep and never does".into()));
        }
        (self.point.last, self.point.released) = (true, operation.sleeps());
        Ok(recording)
    }

    fn reach(&mut self, tracee: &mut Tracee, position: Position, last: bool) -> Result<(), Trouble> {
        let (operation, world, stage) = (self.operation, &mut self.world, &mut self.stage);
        let mut release = || operation.release(world, stage);
        let release: Option<&mut dyn FnMut()> = if operation.sleeps() { Some(&mut release) } else { None };
        let mut walk = Walk::new(tracee, self.sheet, release);
        let ended = walk.reach(position, operation.steady())?;
        self.point.released = walk.released();
        self.point.position = position;
        // An operation that is not steady may have ended here although others had more to do.
        self.point.last = ended || (last && operation.steady());
        Ok(())
    }

    fn interrupt(&mut self, victim: &Victim, tracee: Tracee) -> Result<(), Trouble> {
        match self.mode {
            Mode::Kill => {
                self.stage.note_fall();
                victim.kill();
                Ok(self.check(Moment::Killed)?)
            }
            Mode::Stop => self.stop(victim, tracee),
            Mode::Exit => self.end_thread(victim, tracee),
        }
    }

    fn stop(&mut self, victim: &Victim, mut tracee: Tracee) -> Result<(), Trouble> {
        self.stage.note_fall();
        if self.point.position.asleep && !self.point.last {
            tracee.interrupt();
        }
        tracee.drop_signal();
        tracee.let_go(Some(Signal::SIGSTOP))?;
        waitpid(Pid::from_raw(victim.pid()), Some(WaitPidFlag::WUNTRACED))?;
        self.check(Moment::Stopped)?;
        self.sheet.enter(Phase::Finish as u32);
        child::signal(victim.pid(), libc::SIGCONT);
        Ok(self.finish(victim)?)
    }

    fn end_thread(&mut self, victim: &Victim, mut tracee: Tracee) -> Result<(), Trouble> {
        self.stage.note_fall();
        if self.point.position.asleep && !self.point.last {
            tracee.interrupt();
        }
        tracee.end_thread()?;
        self.check(Moment::ThreadEnded)?;
        self.stage.note_fall();
        victim.kill();
        Ok(self.check(Moment::ProcessEnded)?)
    }

    /// Lets the victim come to its own end and judges that.
    fn finish(&mut self, victim: &Victim) -> Result<(), String> {
        self.sheet.enter(Phase::Finish as u32);
        let (operation, world, stage) = (self.operation, &mut self.world, &mut self.stage);
        let thread = self.point.thread;
        patience::wait(victim.pid(), "the continued victim", operation.patience(), |span| {
            let finished = victim.finished_within(span.min(NAP));
            if !finished && operation.sleeps() && procfs::sleeps(victim.pid(), thread) {
                operation.release(world, stage);
            }
            finished
        })?;
        victim.verdict()?;
        self.check(Moment::Finished)?;
        victim.leave();
        Ok(())
    }

    fn check(&mut self, moment: Moment) -> Result<(), String> {
        self.sheet.enter(Phase::Check as u32);
        self.point.moment = moment;
        let checked = self.operation.check(&mut self.world, &mut self.stage, &self.point);
        checked.map_err(|why| format!("{moment:?}: {why}"))
    }
}
