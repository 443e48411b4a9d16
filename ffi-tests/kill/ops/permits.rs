//! Permits: taken, waited for, collected, given back, taken over from the dead.
//!
//! Each check counts: what is free and what each process holds are all there are, and the victim holds what its call
//! gave it, or would have.

use std::time::Duration;

use courtyard::{ErrorKind, Permits, Timeout, Value, Yard};

use super::common::{BRIEF, SOON, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{ALL, CHOSEN, Mode, Moment, Operation, Point, Points};
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![
        Box::new(Take),
        Box::new(Give),
        Box::new(Guarded),
        Box::new(Waiting),
        Box::new(Wake),
        Box::new(Collect { last: false }),
        Box::new(Collect { last: true }),
        Box::new(GiveUp),
        Box::new(Inherit),
        Box::new(Settle),
    ]
}

/// A yard with permits.
pub(crate) struct World {
    yard: Yard,
    permits: Permits,
}

fn world(count: u32) -> World {
    let yard = yard(8);
    let permits = Permits::create(&yard, "permits", count).unwrap();
    World { yard, permits }
}

/// How many permits this process has.
fn held_by(permits: &Permits, pid: i32) -> u32 {
    let held = permits.holders().into_iter().filter(|h| h.pid == pid.cast_unsigned());
    held.map(|h| h.count).sum()
}

/// All permits are there: free, or held by somebody who is told. None is being collected.
fn conserved(permits: &Permits) -> Result<(), String> {
    let (free, holders) = (permits.available(), permits.holders());
    let held: u32 = holders.iter().map(|h| h.count).sum();
    if free + held == permits.capacity() { Ok(()) } else { wrong("free and holders", (free, holders)) }
}

/// A dead process, or nobody, holds the rest: all permits beside the stage's own can be had at once.
fn all_are_back(permits: &Permits) -> Result<(), String> {
    let rest = permits.capacity() - permits.held();
    let all =
        permits.acquire_many(rest, SOON).map_err(|e| format!("{rest} permits were not to be had: {e:?}"))?;
    if permits.held() != permits.capacity() || permits.available() != 0 {
        return wrong("with all of them", (permits.held(), permits.available()));
    }
    drop(all);
    conserved(permits)?;
    if permits.available() == rest { Ok(()) } else { wrong("free in the end", permits.available()) }
}

/// After a thread died in a call in which its process got `more` permits or none: which of the two, exactly.
fn all_or_none(permits: &Permits, point: &Point, before: u32, more: u32) -> Result<(), String> {
    // Somebody who wants one has to settle for a dead collector.
    match permits.acquire_unguarded(BRIEF) {
        Ok(()) => permits.release(1).map_err(|e| format!("{e:?}"))?,
        Err(e) if e.kind() == ErrorKind::Timeout => {}
        Err(e) => return wrong("acquire", e),
    }
    conserved(permits)?;
    let held = held_by(permits, point.victim);
    match held {
        n if n == before + more => Ok(()),
        n if n == before && !point.last => Ok(()),
        n => wrong("the dead thread's process holds", n),
    }
}

/// Taking one of two.
struct Take;

impl Operation for Take {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "permits acquire"
    }

    fn setup(&self, _: &mut Stage) -> World {
        let world = world(2);
        world.permits.acquire_unguarded(Timeout::Try).unwrap();
        world
    }

    fn prepare(&self, world: &World) {
        world.permits.acquire_unguarded(Timeout::Try).unwrap(); // joins
        world.permits.release(1).unwrap();
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.permits.acquire_unguarded(Timeout::Forever).unwrap();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let permits = &world.permits;
        match point.moment {
            Moment::Killed | Moment::ProcessEnded => all_are_back(permits),
            Moment::Stopped | Moment::ThreadEnded => all_or_none(permits, point, 0, 1),
            Moment::Finished if held_by(permits, point.victim) == 1 => conserved(permits),
            Moment::Finished => wrong("holders", permits.holders()),
        }
    }
}

/// Giving back two of three for which nobody waits.
struct Give;

impl Operation for Give {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "permits release"
    }

    fn setup(&self, _: &mut Stage) -> World {
        world(3)
    }

    fn prepare(&self, world: &World) {
        (0..3).for_each(|_| world.permits.acquire_unguarded(Timeout::Try).unwrap());
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.permits.release(2).unwrap();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let permits = &world.permits;
        if matches!(point.moment, Moment::Killed | Moment::ProcessEnded) {
            return all_are_back(permits);
        }
        conserved(permits)?;
        let done = point.last || point.moment == Moment::Finished;
        match held_by(permits, point.victim) {
            1 => Ok(()),
            2 | 3 if !done => Ok(()),
            n => wrong("held", n),
        }
    }
}

/// Taking one and giving it back through a guard.
struct Guarded;

impl Operation for Guarded {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "permits acquire and drop"
    }

    fn setup(&self, _: &mut Stage) -> World {
        world(1)
    }

    fn prepare(&self, world: &World) {
        drop(world.permits.acquire(Timeout::Try).unwrap());
    }

    fn act(&self, world: &World, (): &mut ()) {
        drop(world.permits.acquire(Timeout::Forever).unwrap());
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let permits = &world.permits;
        match point.moment {
            Moment::Killed | Moment::ProcessEnded | Moment::Finished => all_are_back(permits),
            Moment::Stopped | Moment::ThreadEnded => conserved(permits),
        }
    }
}

/// Permits that the stage holds, with one sleeper besides the victim.
pub(crate) struct Fight {
    yard: Yard,
    permits: Permits,
    sleeper: RoleId,
    held: bool,
}

impl Fight {
    fn let_go(&mut self) {
        if std::mem::take(&mut self.held) {
            self.permits.release(1).unwrap();
        }
    }
}

fn sleep_for(permits: &Permits) -> Result<(), String> {
    drop(permits.acquire(Timeout::Forever).map_err(|e| format!("{e:?}"))?);
    Ok(())
}

/// Waiting for a permit that somebody holds, beside another sleeper.
struct Waiting;

impl Operation for Waiting {
    type World = Fight;
    type Actor = ();

    fn name(&self) -> &'static str {
        "permits acquire, waiting beside another"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, fight: &Fight) -> Watch {
        watch(&fight.yard)
    }

    fn steady(&self) -> bool {
        false
    }

    fn sleeps(&self) -> bool {
        true
    }

    fn setup(&self, stage: &mut Stage) -> Fight {
        let World { yard, permits } = world(1);
        permits.acquire_unguarded(Timeout::Forever).unwrap();
        let sleeper = stage.role("sleeper", |part| {
            part.waiting();
            sleep_for(&permits)
        });
        stage.part(sleeper).until_asleep();
        Fight { yard, permits, sleeper, held: true }
    }

    fn prepare(&self, fight: &Fight) {
        // Registers without taking a permit.
        assert_eq!(fight.permits.acquire(Duration::from_nanos(1)).unwrap_err().kind(), ErrorKind::Timeout);
    }

    fn act(&self, fight: &Fight, (): &mut ()) {
        fight.permits.acquire_unguarded(Timeout::Forever).unwrap();
    }

    fn finish(&self, fight: &Fight, (): &mut ()) -> Result<(), String> {
        fight.permits.release(1).map_err(|e| format!("{e:?}"))
    }

    fn release(&self, fight: &mut Fight, _: &mut Stage) {
        fight.let_go();
    }

    fn check(&self, fight: &mut Fight, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return conserved(&fight.permits); // what counts is that it goes on, and that others then do
        }
        fight.let_go();
        stage.finish(fight.sleeper, SOON)?;
        all_are_back(&fight.permits)
    }
}

/// Two permits that the victim holds, with two sleepers.
pub(crate) struct Crowded {
    _yard: Yard,
    permits: Permits,
    here: Value<u32>,
    sleepers: [RoleId; 2],
}

/// Giving back two permits for which two sleep.
struct Wake;

impl Operation for Wake {
    type World = Crowded;
    type Actor = ();

    fn name(&self) -> &'static str {
        "permits release with two sleepers"
    }

    fn modes(&self) -> &'static [Mode] {
        ALL
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Crowded {
        let World { yard, permits } = world(2);
        let here = Value::<u32>::create(&yard, "here").unwrap();
        let mut sleeper = |name| {
            stage.role(name, |_| {
                while permits.available() > 0 {
                    std::thread::yield_now();
                }
                here.fetch_add(1);
                sleep_for(&permits)
            })
        };
        let sleepers = [sleeper("first sleeper"), sleeper("second sleeper")];
        Crowded { _yard: yard, permits, here, sleepers }
    }

    fn prepare(&self, crowded: &Crowded) {
        crowded.permits.acquire_many_unguarded(2, Timeout::Forever).unwrap();
        while crowded.here.get() < 2 {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(3)); // both are asleep now, or nearly
    }

    fn act(&self, crowded: &Crowded, (): &mut ()) {
        crowded.permits.release(2).unwrap();
    }

    fn check(&self, crowded: &mut Crowded, stage: &mut Stage, point: &Point) -> Result<(), String> {
        let permits = &crowded.permits;
        let held = held_by(permits, point.victim);
        // Who lives and has given back none leaves them waiting; his thread's end changes nothing about that.
        if held == 2 && matches!(point.moment, Moment::Stopped | Moment::ThreadEnded) && !point.last {
            return Ok(());
        }
        for sleeper in crowded.sleepers {
            stage.finish(sleeper, SOON)?;
        }
        match point.moment {
            Moment::Stopped | Moment::ThreadEnded => conserved(permits),
            Moment::Killed | Moment::Finished | Moment::ProcessEnded => all_are_back(permits),
        }
    }
}

/// Four permits, of which one is with somebody who gives it back when told.
pub(crate) struct Missing {
    yard: Yard,
    permits: Permits,
    holder: Option<RoleId>,
    gone: bool,
}

/// Collecting three of four: all free at once, or the last one only after a sleep.
struct Collect {
    /// Two are held by somebody else, who gives them back while the collector sleeps.
    last: bool,
}

impl Operation for Collect {
    type World = Missing;
    type Actor = ();

    fn name(&self) -> &'static str {
        if self.last { "permits acquire many, with one that is missing" } else { "permits acquire many" }
    }

    fn modes(&self) -> &'static [Mode] {
        ALL
    }

    fn points(&self) -> Points {
        if self.last { CHOSEN } else { Points::Every }
    }

    fn watch(&self, missing: &Missing) -> Watch {
        watch(&missing.yard)
    }

    fn steady(&self) -> bool {
        !self.last
    }

    fn sleeps(&self) -> bool {
        self.last
    }

    fn setup(&self, stage: &mut Stage) -> Missing {
        let World { yard, permits } = world(4);
        let holder = self.last.then(|| {
            let holder = stage.role("missing one's holder", |part| {
                let two = permits.acquire_many(2, Timeout::Try).map_err(|e| format!("{e:?}"))?;
                part.waiting();
                part.until_told();
                drop(two);
                Ok(())
            });
            stage.part(holder).until_asleep();
            holder
        });
        Missing { yard, permits, holder, gone: false }
    }

    fn prepare(&self, missing: &Missing) {
        // Registers, without taking any.
        assert_eq!(missing.permits.acquire_many(5, Timeout::Try).unwrap_err().kind(), ErrorKind::Range);
        drop(missing.permits.acquire_many(2, Timeout::Try).unwrap());
    }

    fn act(&self, missing: &Missing, (): &mut ()) {
        missing.permits.acquire_many_unguarded(3, Timeout::Forever).unwrap();
    }

    fn finish(&self, missing: &Missing, (): &mut ()) -> Result<(), String> {
        if missing.permits.held() == 3 { Ok(()) } else { wrong("collected", missing.permits.held()) }
    }

    fn release(&self, missing: &mut Missing, stage: &mut Stage) {
        if let (Some(holder), false) = (missing.holder, missing.gone) {
            missing.gone = true;
            stage.part(holder).tell();
        }
    }

    fn check(&self, missing: &mut Missing, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            // It may be collecting: what it has collected is neither free nor held.
            let (free, held) = (missing.permits.available(), missing.permits.holders());
            let all: u32 = free + held.iter().map(|h| h.count).sum::<u32>();
            return if (1..=4).contains(&all) { Ok(()) } else { wrong("free and held", (free, held)) };
        }
        self.release(missing, stage);
        if let Some(holder) = missing.holder.take() {
            stage.finish(holder, SOON)?;
        }
        let permits = &missing.permits;
        match point.moment {
            Moment::ThreadEnded => all_or_none(permits, point, 0, 3),
            Moment::Finished if held_by(permits, point.victim) == 3 => conserved(permits),
            Moment::Finished => wrong("holders", permits.holders()),
            _ => all_are_back(permits),
        }
    }
}

/// Giving up a collection because time is up.
struct GiveUp;

impl Operation for GiveUp {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "permits acquire many, given up"
    }

    fn setup(&self, _: &mut Stage) -> World {
        let world = world(3);
        world.permits.acquire_unguarded(Timeout::Try).unwrap();
        world
    }

    fn prepare(&self, world: &World) {
        drop(world.permits.acquire_many(2, Timeout::Try).unwrap());
    }

    fn act(&self, world: &World, (): &mut ()) {
        assert_eq!(world.permits.acquire_many(3, Timeout::Try).unwrap_err().kind(), ErrorKind::Busy);
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        match point.moment {
            Moment::Stopped => Ok(()),
            Moment::ThreadEnded => {
                all_or_none(&world.permits, point, 0, 0)?;
                all_are_back(&world.permits)
            }
            _ => all_are_back(&world.permits),
        }
    }
}

/// A dead process held two of three: somebody takes them over.
struct Inherit;

impl Operation for Inherit {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "permits taken over from a dead process"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world.yard)
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let world = world(3);
        let holder = stage.role("dead holder", |_| {
            world.permits.acquire_many_unguarded(2, Timeout::Try).map_err(|e| format!("{e:?}"))
        });
        stage.finish(holder, SOON).unwrap();
        world.permits.acquire_unguarded(Timeout::Try).unwrap();
        world
    }

    fn prepare(&self, world: &World) {
        // Registers; what the dead one held stays for the operation.
        let lock =
            courtyard::Lock::open_or_create(&world.yard, "registers", courtyard::Scope::Thread).unwrap();
        drop(lock.acquire(Timeout::Forever).unwrap());
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.permits.acquire_unguarded(Timeout::Forever).unwrap();
        world.permits.acquire_unguarded(Timeout::Forever).unwrap();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let permits = &world.permits;
        match point.moment {
            Moment::Killed => all_are_back(permits),
            Moment::Finished if held_by(permits, point.victim) == 2 => conserved(permits),
            Moment::Finished => wrong("holders", permits.holders()),
            _ if held_by(permits, point.victim) <= 2 => Ok(()),
            _ => wrong("holders", permits.holders()),
        }
    }
}

/// Somebody died asleep with two of three collected: the next one settles for him.
struct Settle;

impl Operation for Settle {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "permits collected behind a dead collector"
    }

    fn modes(&self) -> &'static [Mode] {
        ALL
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world.yard)
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let world = world(3);
        world.permits.acquire_unguarded(Timeout::Try).unwrap();
        let collector = stage.role("dead collector", |_| {
            // He has two of three and sleeps for the third; his only thread ends there.
            let soon = libc::timeval { tv_sec: 0, tv_usec: 2000 };
            let once =
                libc::itimerval { it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 }, it_value: soon };
            // SAFETY: reads a local; SIGALRM ends this process.
            unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const once, std::ptr::null_mut()) };
            world.permits.acquire_many_unguarded(3, Timeout::Forever).map_err(|e| format!("{e:?}"))
        });
        let ended = stage.finish(collector, SOON);
        assert!(ended.is_err_and(|why| why.contains("died")));
        world
    }

    fn prepare(&self, world: &World) {
        let lock =
            courtyard::Lock::open_or_create(&world.yard, "registers", courtyard::Scope::Thread).unwrap();
        drop(lock.acquire(Timeout::Forever).unwrap());
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.permits.acquire_many_unguarded(2, Timeout::Forever).unwrap();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let permits = &world.permits;
        match point.moment {
            Moment::Killed | Moment::ProcessEnded => all_are_back(permits),
            Moment::ThreadEnded => all_or_none(permits, point, 0, 2),
            Moment::Finished if held_by(permits, point.victim) == 2 => conserved(permits),
            Moment::Finished => wrong("holders", permits.holders()),
            Moment::Stopped => Ok(()),
        }
    }
}
