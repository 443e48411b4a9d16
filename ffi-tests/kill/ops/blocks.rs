//! Blocks: allocated, waited for, freed, handed on, taken over from the dead.
//!
//! Each check counts: what is free and what each process owns are all there are, and the victim owns what its call gave
//! it, or would have.

use std::time::Duration;

use courtyard::{BlockClass, Blocks, BlocksOptions, ErrorKind, Timeout, Value, Yard};

use super::common::{BRIEF, SOON, kind, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{CHOSEN, Mode, Moment, Operation, Point, Points};
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![
        Box::new(Take { cold: false }),
        Box::new(Take { cold: true }),
        Box::new(Give { count: 1 }),
        Box::new(Give { count: 3 }),
        Box::new(Guarded),
        Box::new(Write),
        Box::new(Waiting),
        Box::new(Wake),
        Box::new(Collect),
        Box::new(Offer),
        Box::new(Adopt),
        Box::new(Inherit),
    ]
}

/// Bytes of a block.
const SIZE: usize = 64;

/// A yard with blocks of one size.
pub(crate) struct World {
    yard: Yard,
    blocks: Blocks,
}

fn world(count: u32) -> World {
    let yard = yard(8);
    let classes = vec![BlockClass { size: SIZE, count }];
    let blocks = Blocks::create(&yard, "blocks", &BlocksOptions { bytes: 0, classes }).unwrap();
    World { yard, blocks }
}

fn total(blocks: &Blocks) -> u32 {
    blocks.classes()[0].count
}

fn free(blocks: &Blocks) -> u32 {
    blocks.usage()[0].free
}

/// How many blocks this process owns or offers, each part of a run counted.
fn owned_by(blocks: &Blocks, pid: i32) -> u64 {
    let owners = blocks.owners().into_iter().filter(|owner| owner.pid == pid.cast_unsigned());
    owners.map(|owner| owner.bytes / SIZE as u64).sum()
}

/// Takes one for the stage, or for the victim.
fn take(blocks: &Blocks, timeout: impl Into<Timeout>) -> u64 {
    blocks.alloc(SIZE, timeout).unwrap().into_handle()
}

/// All blocks are there: free, or owned by somebody who is told. None is being collected or freed.
fn conserved(blocks: &Blocks) -> Result<(), String> {
    let (free, owners) = (free(blocks), blocks.owners());
    let owned: u64 = owners.iter().map(|owner| owner.bytes / SIZE as u64).sum();
    if u64::from(free) + owned == u64::from(total(blocks)) {
        Ok(())
    } else {
        wrong("free and owners", (free, owners))
    }
}

/// Whoever else had blocks is dead, or has none: all beside the stage's own can be had at once.
fn all_are_back(blocks: &Blocks) -> Result<(), String> {
    let rest = total(blocks) - blocks.owned();
    let all: Result<Vec<_>, _> = (0..rest).map(|_| blocks.alloc(SIZE, SOON)).collect();
    let all = all.map_err(|e| format!("{rest} blocks were not to be had: {e:?}"))?;
    if free(blocks) != 0 || blocks.owned() != total(blocks) {
        return wrong("with all of them", (free(blocks), blocks.owned()));
    }
    drop(all);
    conserved(blocks)?;
    if free(blocks) == rest { Ok(()) } else { wrong("free in the end", free(blocks)) }
}

/// After the call's thread or process went, or while it stands still: the process owns `after` blocks if the call is
/// done, and those or `before` otherwise.
fn before_or_after(blocks: &Blocks, point: &Point, before: u64, after: u64) -> Result<(), String> {
    let done = point.last || point.moment == Moment::Finished;
    match owned_by(blocks, point.victim) {
        n if n == after => Ok(()),
        n if n == before && !done => Ok(()),
        n => wrong("the victim owns", n),
    }
}

fn is_process_gone(point: &Point) -> bool {
    matches!(point.moment, Moment::Killed | Moment::ProcessEnded)
}

/// Taking one where one was freed before, or where a search must find it.
struct Take {
    cold: bool,
}

impl Operation for Take {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        if self.cold { "blocks alloc, after a search" } else { "blocks alloc" }
    }

    fn setup(&self, _: &mut Stage) -> World {
        let world = world(3);
        take(&world.blocks, Timeout::Try);
        world
    }

    fn prepare(&self, world: &World) {
        let block = take(&world.blocks, Timeout::Try); // joins
        if !self.cold {
            world.blocks.free(block).unwrap();
        }
    }

    fn act(&self, world: &World, (): &mut ()) {
        take(&world.blocks, Timeout::Forever);
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if is_process_gone(point) {
            return all_are_back(&world.blocks);
        }
        let before = u64::from(self.cold);
        before_or_after(&world.blocks, point, before, before + 1)?;
        conserved(&world.blocks)
    }
}

/// Freeing a block, or a run, for which nobody waits.
struct Give {
    count: usize,
}

impl Operation for Give {
    type World = World;
    type Actor = u64;

    fn name(&self) -> &'static str {
        if self.count > 1 { "blocks free, a run" } else { "blocks free" }
    }

    fn setup(&self, _: &mut Stage) -> World {
        world(4)
    }

    fn prepare(&self, world: &World) -> u64 {
        world.blocks.alloc(self.count * SIZE, Timeout::Try).unwrap().into_handle()
    }

    fn act(&self, world: &World, block: &mut u64) {
        world.blocks.free(*block).unwrap();
    }

    fn finish(&self, world: &World, block: &mut u64) -> Result<(), String> {
        match kind(world.blocks.free(*block)) {
            Some(ErrorKind::State | ErrorKind::NotFound) => Ok(()),
            other => wrong("freed twice", other),
        }
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let blocks = &world.blocks;
        if !is_process_gone(point) && owned_by(blocks, point.victim) == self.count as u64 {
            before_or_after(blocks, point, self.count as u64, 0)?;
            return conserved(blocks);
        }
        all_are_back(blocks) // what somebody has begun to free, anybody can have
    }
}

/// Taking one and freeing it through a guard.
struct Guarded;

impl Operation for Guarded {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "blocks alloc and drop"
    }

    fn setup(&self, _: &mut Stage) -> World {
        world(1)
    }

    fn prepare(&self, world: &World) {
        drop(world.blocks.try_alloc(1).unwrap());
    }

    fn act(&self, world: &World, (): &mut ()) {
        drop(world.blocks.alloc(1, Timeout::Forever).unwrap());
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        match point.moment {
            Moment::Killed | Moment::ProcessEnded | Moment::Finished => all_are_back(&world.blocks),
            Moment::Stopped | Moment::ThreadEnded => conserved(&world.blocks),
        }
    }
}

/// Writing into a block.
struct Write;

impl Operation for Write {
    type World = World;
    type Actor = u64;

    fn name(&self) -> &'static str {
        "blocks write"
    }

    fn setup(&self, _: &mut Stage) -> World {
        world(2)
    }

    fn prepare(&self, world: &World) -> u64 {
        take(&world.blocks, Timeout::Try)
    }

    fn act(&self, world: &World, block: &mut u64) {
        world.blocks.write(*block, 3, &[7; 40]).unwrap();
    }

    fn finish(&self, world: &World, block: &mut u64) -> Result<(), String> {
        let mut bytes = [0; 40];
        world.blocks.read(*block, 3, &mut bytes).map_err(|e| format!("{e:?}"))?;
        if bytes == [7; 40] { Ok(()) } else { wrong("read", bytes) }
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if is_process_gone(point) {
            return all_are_back(&world.blocks);
        }
        before_or_after(&world.blocks, point, 1, 1)?;
        conserved(&world.blocks)
    }
}

/// A block that the stage owns, with one sleeper besides the victim.
pub(crate) struct Fight {
    world: World,
    sleeper: RoleId,
    held: Option<u64>,
}

impl Fight {
    fn let_go(&mut self) {
        if let Some(block) = self.held.take() {
            self.world.blocks.free(block).unwrap();
        }
    }
}

fn sleep_for(blocks: &Blocks) -> Result<(), String> {
    drop(blocks.alloc(SIZE, Timeout::Forever).map_err(|e| format!("{e:?}"))?);
    Ok(())
}

/// Waiting for a block that somebody owns, beside another sleeper.
struct Waiting;

impl Operation for Waiting {
    type World = Fight;
    type Actor = ();

    fn name(&self) -> &'static str {
        "blocks alloc, waiting beside another"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, fight: &Fight) -> Watch {
        watch(&fight.world.yard)
    }

    fn steady(&self) -> bool {
        false
    }

    fn sleeps(&self) -> bool {
        true
    }

    fn setup(&self, stage: &mut Stage) -> Fight {
        let world = world(1);
        let held = Some(take(&world.blocks, Timeout::Forever));
        let sleeper = stage.role("sleeper", |part| {
            part.waiting();
            sleep_for(&world.blocks)
        });
        stage.part(sleeper).until_asleep();
        Fight { world, sleeper, held }
    }

    fn prepare(&self, fight: &Fight) {
        // Registers without taking a block.
        let late = fight.world.blocks.alloc(SIZE, Duration::from_nanos(1));
        assert_eq!(kind(late), Some(ErrorKind::Timeout));
    }

    fn act(&self, fight: &Fight, (): &mut ()) {
        drop(fight.world.blocks.alloc(SIZE, Timeout::Forever).unwrap());
    }

    fn release(&self, fight: &mut Fight, _: &mut Stage) {
        fight.let_go();
    }

    fn check(&self, fight: &mut Fight, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return conserved(&fight.world.blocks); // what counts is that it goes on, and that others then do
        }
        fight.let_go();
        stage.finish(fight.sleeper, SOON)?;
        all_are_back(&fight.world.blocks)
    }
}

/// A run of two that the victim owns, with two sleepers.
pub(crate) struct Crowded {
    world: World,
    here: Value<u32>,
    sleepers: [RoleId; 2],
}

/// Freeing a run of two blocks, for each of which somebody sleeps.
struct Wake;

impl Operation for Wake {
    type World = Crowded;
    type Actor = u64;

    fn name(&self) -> &'static str {
        "blocks free with two sleepers"
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Crowded {
        let world = world(2);
        let here = Value::<u32>::create(&world.yard, "here").unwrap();
        let mut sleeper = |name| {
            stage.role(name, |_| {
                while free(&world.blocks) > 0 {
                    std::thread::yield_now();
                }
                here.fetch_add(1);
                sleep_for(&world.blocks)
            })
        };
        let sleepers = [sleeper("first sleeper"), sleeper("second sleeper")];
        Crowded { world, here, sleepers }
    }

    fn prepare(&self, crowded: &Crowded) -> u64 {
        let run = crowded.world.blocks.alloc(2 * SIZE, Timeout::Forever).unwrap().into_handle();
        while crowded.here.get() < 2 {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(3)); // both are asleep now, or nearly
        run
    }

    fn act(&self, crowded: &Crowded, run: &mut u64) {
        crowded.world.blocks.free(*run).unwrap();
    }

    fn check(&self, crowded: &mut Crowded, stage: &mut Stage, point: &Point) -> Result<(), String> {
        let blocks = &crowded.world.blocks;
        // Who lives and has not begun leaves them waiting; his thread's end changes nothing about that.
        if owned_by(blocks, point.victim) == 2
            && matches!(point.moment, Moment::Stopped | Moment::ThreadEnded)
            && !point.last
        {
            return Ok(());
        }
        for sleeper in crowded.sleepers {
            stage.finish(sleeper, SOON)?;
        }
        all_are_back(blocks)
    }
}

/// Taking three neighbours of four.
struct Collect;

impl Operation for Collect {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "blocks alloc, a run"
    }

    fn setup(&self, _: &mut Stage) -> World {
        world(4)
    }

    fn prepare(&self, world: &World) {
        drop(world.blocks.alloc(2 * SIZE, Timeout::Try).unwrap()); // registers
    }

    fn act(&self, world: &World, (): &mut ()) {
        world.blocks.alloc(3 * SIZE, Timeout::Forever).unwrap().into_handle();
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let blocks = &world.blocks;
        match point.moment {
            Moment::Stopped => match owned_by(blocks, point.victim) {
                0 | 3 => Ok(()),
                n => wrong("the victim owns", n),
            },
            Moment::ThreadEnded => {
                // Somebody who wants more than there is finds what the dead thread was collecting.
                match kind(blocks.alloc(4 * SIZE, BRIEF)) {
                    None | Some(ErrorKind::Timeout) => {}
                    Some(other) => return wrong("alloc", other),
                }
                before_or_after(blocks, point, 0, 3)?;
                conserved(blocks)
            }
            Moment::Finished => {
                before_or_after(blocks, point, 0, 3)?;
                conserved(blocks)
            }
            Moment::Killed | Moment::ProcessEnded => all_are_back(blocks),
        }
    }
}

/// A block that goes from hand to hand.
pub(crate) struct Handed {
    world: World,
    number: Value<u64>,
    /// The stage has had it.
    taken: bool,
}

/// Offering a block, which the stage adopts as soon as it can.
struct Offer;

impl Operation for Offer {
    type World = Handed;
    type Actor = ();

    fn name(&self) -> &'static str {
        "blocks offer"
    }

    fn setup(&self, _: &mut Stage) -> Handed {
        let world = world(2);
        let number = Value::<u64>::create(&world.yard, "number").unwrap();
        Handed { world, number, taken: false }
    }

    fn prepare(&self, handed: &Handed) {
        let block = take(&handed.world.blocks, Timeout::Try);
        handed.world.blocks.write(block, 0, b"offered").unwrap();
        handed.number.set(block);
    }

    fn act(&self, handed: &Handed, (): &mut ()) {
        handed.world.blocks.offer(handed.number.get()).unwrap();
    }

    fn check(&self, handed: &mut Handed, _: &mut Stage, point: &Point) -> Result<(), String> {
        let blocks = &handed.world.blocks;
        let done = point.last || point.moment == Moment::Finished;
        match blocks.adopt(handed.number.get()) {
            Ok(block) if block.to_vec().starts_with(b"offered") => handed.taken = true,
            Ok(block) => return wrong("what was offered", block.to_vec()),
            Err(e) if !matches!(e.kind(), ErrorKind::State | ErrorKind::NotFound) => {
                return wrong("adopt", e);
            }
            // Not yet offered, or freed with its dead owner.
            Err(_) if handed.taken || !done || is_process_gone(point) => {}
            Err(e) => return wrong("adopt", e),
        }
        if handed.taken || is_process_gone(point) { all_are_back(blocks) } else { conserved(blocks) }
    }
}

/// Adopting a block that the stage offers.
struct Adopt;

impl Operation for Adopt {
    type World = Handed;
    type Actor = ();

    fn name(&self) -> &'static str {
        "blocks adopt"
    }

    fn setup(&self, _: &mut Stage) -> Handed {
        let world = world(2);
        let number = Value::<u64>::create(&world.yard, "number").unwrap();
        number.set(world.blocks.try_alloc(1).unwrap().offer().unwrap());
        Handed { world, number, taken: false }
    }

    fn prepare(&self, handed: &Handed) {
        drop(handed.world.blocks.try_alloc(1).unwrap()); // joins
    }

    fn act(&self, handed: &Handed, (): &mut ()) {
        handed.world.blocks.adopt_unguarded(handed.number.get()).unwrap();
    }

    fn check(&self, handed: &mut Handed, _: &mut Stage, point: &Point) -> Result<(), String> {
        let blocks = &handed.world.blocks;
        if !is_process_gone(point) {
            before_or_after(blocks, point, 0, 1)?;
            return conserved(blocks);
        }
        // It is offered still, or a dead one's, or free.
        match kind(blocks.adopt(handed.number.get())) {
            None | Some(ErrorKind::State | ErrorKind::NotFound) => all_are_back(blocks),
            other => wrong("adopt", other),
        }
    }
}

/// A dead process owned a run of two, and offered a block, of four: somebody takes them over.
struct Inherit;

impl Operation for Inherit {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "blocks taken over from a dead process"
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
        let world = world(4);
        let owner = stage.role("dead owner", |_| {
            let run = world.blocks.try_alloc(2 * SIZE).map_err(|e| format!("{e:?}"))?;
            let one = world.blocks.try_alloc(SIZE).map_err(|e| format!("{e:?}"))?;
            run.into_handle();
            one.offer().map(drop).map_err(|e| format!("{e:?}"))
        });
        stage.finish(owner, SOON).unwrap();
        take(&world.blocks, Timeout::Try);
        world
    }

    fn prepare(&self, world: &World) {
        // Registers; what the dead one owned stays for the operation.
        let lock =
            courtyard::Lock::open_or_create(&world.yard, "registers", courtyard::Scope::Thread).unwrap();
        drop(lock.acquire(Timeout::Forever).unwrap());
    }

    fn act(&self, world: &World, (): &mut ()) {
        (0..3).for_each(|_| {
            take(&world.blocks, Timeout::Forever);
        });
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let blocks = &world.blocks;
        match point.moment {
            Moment::Killed => all_are_back(blocks),
            Moment::Finished if owned_by(blocks, point.victim) == 3 => conserved(blocks),
            _ if owned_by(blocks, point.victim) <= 3 && point.moment == Moment::Stopped => Ok(()),
            _ => wrong("owners", blocks.owners()),
        }
    }
}
