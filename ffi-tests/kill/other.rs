//! Pairs: while the victim is in the middle of one operation, another process is in the middle of another.
//!
//! The other one goes to one of its positions, then the victim through all of its own; and so on for each position of the
//! other one. What then becomes of the victim is its mode's business; the other one goes on, or dies with it.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use crate::engine::Trial;
use crate::operation::{Mode, Operation, Point, Points};
use crate::patience;
use crate::position::Position;
use crate::sheet::Sheet;
use crate::stage::Stage;
use crate::tracer::Tracee;
use crate::victim::Victim;
use crate::walk::{Trouble, Walk};

const NAP: Duration = Duration::from_millis(2);

/// Who is in the middle of something.
pub(crate) trait Other {
    /// What it does, to be recorded alone.
    fn alone(&self) -> &dyn Trial;
    /// It will stand here from the next play on.
    fn stand(&self, at: Position);
}

/// What becomes of the other one when the victim has fallen, or stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It does the rest of what it does.
    GoesOn,
    /// It is killed.
    Dies,
}

/// One operation beside another in the same world, and what is promised of both.
pub(crate) struct Pair<V, O> {
    pub(crate) name: &'static str,
    pub(crate) victim: V,
    pub(crate) other: O,
    pub(crate) fate: Fate,
    pub(crate) modes: &'static [Mode],
    at: Cell<Option<Position>>,
}

/// The world of a pair.
pub(crate) struct Both<W> {
    world: W,
    /// Its process; the tracer is here until it goes on.
    other: Victim,
    tracee: RefCell<Option<Tracee>>,
}

impl<V, O> Pair<V, O> {
    /// A pair of which both may fall in each of these modes' ways.
    pub(crate) fn new(name: &'static str, victim: V, other: O, fate: Fate, modes: &'static [Mode]) -> Self {
        Pair { name, victim, other, fate, modes, at: Cell::new(None) }
    }
}

impl<W> Both<W> {
    fn go_on(&self, limit: Duration) -> Result<(), String> {
        let Some(tracee) = self.tracee.take() else { return Ok(()) };
        tracee.let_go(None).map_err(|errno| format!("the other one cannot go on: {errno}"))?;
        let done = |span: Duration| self.other.finished_within(span.min(NAP));
        patience::wait(self.other.pid(), "the other one", limit, done)?;
        self.other.verdict()?;
        self.other.leave();
        Ok(())
    }
}

impl<V: Operation, O: Operation<World = V::World>> Other for Pair<V, O> {
    fn alone(&self) -> &dyn Trial {
        &self.other
    }

    fn stand(&self, at: Position) {
        self.at.set(Some(at));
    }
}

impl<V: Operation, O: Operation<World = V::World>> Operation for Pair<V, O> {
    type World = Both<V::World>;
    type Actor = V::Actor;

    fn name(&self) -> &'static str {
        self.name
    }

    fn modes(&self) -> &'static [Mode] {
        self.modes
    }

    fn points(&self) -> Points {
        Points::Accesses
    }

    fn patience(&self) -> Duration {
        self.victim.patience()
    }

    fn flaw(&self) -> Option<&'static str> {
        self.victim.flaw()
    }

    fn other(&self) -> Option<&dyn Other> {
        Some(self)
    }

    fn setup(&self, stage: &mut Stage) -> Self::World {
        let world = self.victim.setup(stage);
        let other = Victim::start(&self.other, &world, Mode::Kill);
        let tracee = other.trace().unwrap_or_else(|why| panic!("the other one: {why}"));
        Both { world, other, tracee: RefCell::new(Some(tracee)) }
    }

    fn prepare(&self, both: &Self::World) -> V::Actor {
        self.victim.prepare(&both.world)
    }

    fn begin(&self, both: &mut Self::World, sheet: &Sheet) -> Result<(), Trouble> {
        let (Some(at), Some(tracee)) = (self.at.get(), both.tracee.get_mut()) else {
            return Err(Trouble::Failed("nobody has said where the other one stands".into()));
        };
        Walk::new(tracee, sheet, None).reach(at, true).map(drop)
    }

    fn act(&self, both: &Self::World, actor: &mut V::Actor) {
        self.victim.act(&both.world, actor);
    }

    fn finish(&self, both: &Self::World, actor: &mut V::Actor) -> Result<(), String> {
        self.victim.finish(&both.world, actor)
    }

    fn check(&self, both: &mut Self::World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        // Both can be done twice.
        match self.fate {
            Fate::GoesOn => both.go_on(Operation::patience(self))?,
            Fate::Dies => both.other.kill(),
        }
        self.victim.check(&mut both.world, stage, point)
    }
}
