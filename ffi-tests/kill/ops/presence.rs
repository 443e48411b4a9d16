//! Threads and processes that come and go.

use courtyard::{Lock, News, Scope, Timeout, Yard};

use super::common::{SOON, is_gone, places_are_free, turn, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{ALL, CHOSEN, Mode, Moment, Operation, Point, Points};
use crate::stage::Stage;
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![
        Box::new(Register),
        Box::new(Detach { owing: false }),
        Box::new(Detach { owing: true }),
        Box::new(Join),
        Box::new(Sweep),
    ]
}

const SLOTS: u32 = 3;

pub(crate) struct World {
    yard: Yard,
    lock: Lock,
}

fn world() -> World {
    let yard = yard(SLOTS);
    let lock = Lock::create(&yard, "lock", Scope::Thread).unwrap();
    World { yard, lock }
}

/// All places are free again, and the lock is to be had.
fn nothing_is_left(world: &World) -> Result<(), String> {
    turn(&world.lock)?;
    places_are_free(&world.yard, SLOTS as usize)
}

/// A thread's first claiming call in a yard that its process has joined.
struct Register;

impl Operation for Register {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "thread registration"
    }

    fn modes(&self) -> &'static [Mode] {
        ALL
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn setup(&self, _: &mut Stage) -> World {
        world()
    }

    fn prepare(&self, world: &World) {
        turn(&world.lock).unwrap();
        world.yard.detach_thread(); // the process stays
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.lock.acquire_unguarded(Timeout::Forever).unwrap();
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world.yard)
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        match point.moment {
            Moment::Killed | Moment::ProcessEnded => nothing_is_left(world),
            // The slot of a thread that ended while it moved in is given back with its process.
            Moment::ThreadEnded => turn(&world.lock).map(drop),
            Moment::Stopped | Moment::Finished => Ok(()),
        }
    }
}

/// A thread leaves, owing something or not.
struct Detach {
    owing: bool,
}

impl Operation for Detach {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        if self.owing { "thread detach, owning a lock" } else { "thread detach" }
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn setup(&self, _: &mut Stage) -> World {
        world()
    }

    fn prepare(&self, world: &World) {
        world.lock.acquire_unguarded(Timeout::Forever).unwrap();
        if !self.owing {
            world.lock.release().unwrap();
        }
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.yard.detach_thread();
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world.yard)
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(());
        }
        let news = turn(&world.lock)?;
        if (news == Some(News::OwnerDied)) != self.owing {
            return wrong("news", news);
        }
        if matches!(point.moment, Moment::Killed | Moment::ProcessEnded) {
            return nothing_is_left(world);
        }
        Ok(())
    }
}

/// A fork child's first claiming call: it takes an entry, then a slot.
struct Join;

impl Operation for Join {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "process join"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, _: &mut Stage) -> World {
        world()
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        world.lock.acquire_unguarded(Timeout::Forever).unwrap();
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world.yard)
    }

    fn check(&self, world: &mut World, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if !is_gone(point.moment) {
            return Ok(());
        }
        nothing_is_left(world)?;
        // As many processes as there are entries beside the stage's can join at a time.
        let (first, second) = (newcomer(world, stage), newcomer(world, stage));
        stage.part(first).tell();
        stage.part(second).tell();
        stage.finish(first, SOON)?;
        stage.finish(second, SOON).map(drop)
    }
}

fn newcomer(world: &World, stage: &mut Stage) -> crate::stage::RoleId {
    let role = stage.role("newcomer", |part| {
        let news = turn(&world.lock);
        part.waiting();
        part.until_told();
        news.map(drop)
    });
    stage.part(role).until_asleep();
    role
}

/// Clearing up behind a dead process that held a lock.
struct Sweep;

impl Operation for Sweep {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "yard sweep"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, _: &mut Stage) -> World {
        world()
    }

    fn prepare(&self, world: &World) {
        turn(&world.lock).unwrap();
        // SAFETY: the child makes no use of anything that another thread could have left locked.
        let child = unsafe { libc::fork() };
        if child == 0 {
            world.lock.acquire_unguarded(Timeout::Forever).unwrap();
            // SAFETY: ends the child without a word.
            unsafe { libc::_exit(0) };
        }
        // SAFETY: waits for our own child.
        unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.yard.sweep();
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world.yard)
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(());
        }
        match turn(&world.lock)? {
            Some(News::OwnerDied) => {}
            news => return wrong("the owner's death was not told", news),
        }
        if is_gone(point.moment) { nothing_is_left(world) } else { Ok(()) }
    }
}
