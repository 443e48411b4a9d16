//! Ending a pool at once.

use super::*;

/// A stranger terminates the pool, of which one task runs and another waits: what he began the keeper ends.
pub(super) struct Terminate {
    pub(super) name: &'static str,
    pub(super) method: StartMethod,
    pub(super) points: Points,
    pub(super) modes: &'static [Mode],
}

impl Operation for Terminate {
    play!(());

    fn points(&self) -> Points {
        self.points
    }

    fn modes(&self) -> &'static [Mode] {
        self.modes
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let mut world = world_of(stage, self.method);
        world.holder = Some(world.begin("hold"));
        world.submit(SHORT, 0);
        world
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.pool.terminate();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if !world.pool.is_closed() {
            if is_through(point) {
                return wrong("it is not closed", point);
            }
            world.pool.terminate();
        }
        // Also while who terminates it stands still in the middle of that: nobody lets go of the task that runs.
        if let Some(holder) = world.holder.take() {
            match holder.fate(SOON).map_err(said("what runs"))? {
                Fate::Cancelled | Fate::Failed(_) => {}
                other => return wrong("the fate of what runs", other),
            }
        }
        match (world.fate()?, world.done()) {
            (Fate::Cancelled, 0) => {}
            other => return wrong("the fate of what waits", other),
        }
        world.pool.join(SOON).map_err(said("joining"))?;
        world.future = None;
        world.is_clear(if point.moment == Moment::Stopped { 2 } else { 0 })
    }
}
