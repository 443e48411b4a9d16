//! What is stepped: an operation, the ways it is interrupted, and what its author promises.

use std::fmt;
use std::time::Duration;

use crate::other::Other;
use crate::position::Position;
use crate::sheet::Sheet;
use crate::stage::Stage;
use crate::walk::Trouble;
use crate::watch::Watch;

/// How the operation is interrupted after each instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The process is killed.
    Kill,
    /// The process is stopped, looked at, and continued.
    Stop,
    /// The thread ends while its process lives on.
    Exit,
}

impl fmt::Display for Mode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Mode::Kill => "kill",
            Mode::Stop => "stop",
            Mode::Exit => "exit",
        })
    }
}

/// All modes, for operations that promise something in each.
pub(crate) const ALL: &[Mode] = &[Mode::Kill, Mode::Stop, Mode::Exit];

/// Which instructions are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Points {
    /// Each one.
    Every,
    /// Every system call and every change of the watched bytes, with so many instructions on both sides of each.
    Chosen(u64),
    /// After every system call, and after each instruction that reads or writes what several processes have mapped: between
    /// two of them nobody else can tell where the victim stands, nor it what others did. Of a loop, the first rounds.
    Accesses,
}

/// Chosen points with the usual fifty instructions around each.
pub(crate) const CHOSEN: Points = Points::Chosen(25);

/// At which moment a check is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The process was killed and is gone.
    Killed,
    /// The process is stopped, not dead.
    Stopped,
    /// The operation is finished, and the process that did it still there.
    Finished,
    /// The thread has ended, its process lives.
    ThreadEnded,
    /// After `ThreadEnded`: its process was killed as well.
    ProcessEnded,
}

/// Where the victim was interrupted, as a check sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    /// At which moment the check is made.
    pub(crate) moment: Moment,
    /// How many instructions were done, and whether the victim sleeps in the next.
    pub(crate) position: Position,
    /// Whether all instructions of the operation were done.
    pub(crate) last: bool,
    /// Whether `release` was called.
    pub(crate) released: bool,
    /// The victim's process number.
    pub(crate) victim: i32,
    /// The number of the thread that does the operation.
    pub(crate) thread: i32,
}

/// One operation, told as a play: everything but `act` happens outside of the stepped instructions.
///
/// Each point is played in a process of its own, the stage, which is forked for it: `setup`, `release` and `check` run
/// there. `prepare`, `act` and `finish` run in the victim, a fork of the stage.
pub(crate) trait Operation {
    /// What stage and victim share: mappings, names, handles.
    type World;
    /// What the victim alone holds: its handles and guards.
    type Actor;

    /// The name, as it is printed and as the manifest names it.
    fn name(&self) -> &'static str;

    /// The modes in which something is promised.
    fn modes(&self) -> &'static [Mode] {
        ALL
    }

    /// Which points are taken.
    fn points(&self) -> Points {
        Points::Every
    }

    /// How long one check may take, everything included: a waiter's slice and a margin for a busy machine.
    fn patience(&self) -> Duration {
        Duration::from_millis(250 + 1750)
    }

    /// Whether each run does the same instructions. If not, a run may end before the point was reached.
    fn steady(&self) -> bool {
        true
    }

    /// Whether the operation sleeps in the kernel until `release`.
    fn sleeps(&self) -> bool {
        false
    }

    /// A word that each failure of a broken twin contains; a twin passes if it is caught. Nothing: it must hold.
    fn flaw(&self) -> Option<&'static str> {
        None
    }

    /// Makes the world, and the roles that live in it.
    fn setup(&self, stage: &mut Stage) -> Self::World;

    /// Brings the victim to where the operation begins.
    fn prepare(&self, world: &Self::World) -> Self::Actor;

    /// The operation.
    fn act(&self, world: &Self::World, actor: &mut Self::Actor);

    /// What the victim finds after it has done the whole operation.
    fn finish(&self, _world: &Self::World, _actor: &mut Self::Actor) -> Result<(), String> {
        Ok(())
    }

    /// Ends the sleep of a victim that sleeps in the operation. It may be called again, until the sleep has ended.
    fn release(&self, _world: &mut Self::World, _stage: &mut Stage) {}

    /// Who is in the middle of something while the victim acts.
    fn other(&self) -> Option<&dyn Other> {
        None
    }

    /// Called when the victim stands before its first instruction.
    fn begin(&self, _world: &mut Self::World, _sheet: &Sheet) -> Result<(), Trouble> {
        Ok(())
    }

    /// What is compared after each step of the recording, if points are chosen.
    fn watch(&self, _world: &Self::World) -> Watch {
        Watch::Nothing
    }

    /// The survivors' promise.
    fn check(&self, world: &mut Self::World, stage: &mut Stage, point: &Point) -> Result<(), String>;
}
