//! The sides of a queue: entering and leaving while somebody waits for the last producer.

use courtyard::{ErrorKind, Peer, Queue, QueueOptions, QueuePart, QueueSide, Timeout, Yard};

use super::common::{SOON, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{CHOSEN, Mode, Moment, Operation, Point, Points};
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![Box::new(Enter), Box::new(Leave), Box::new(Last)]
}

pub(crate) struct Waited {
    yard: Yard,
    queue: Queue,
    sleeper: RoleId,
}

/// A queue, and a consumer who waits until nobody produces any more.
fn waited(stage: &mut Stage) -> Waited {
    let yard = yard(8);
    let options = QueueOptions { capacity: 4, sides: true, ..QueueOptions::default() };
    let queue = Queue::create(&yard, "queue", options).unwrap();
    let sleeper = stage.role("consumer", |part| {
        part.waiting();
        loop {
            match queue.get_vec(Timeout::Forever).map_err(|e| e.kind()) {
                Ok((message, _)) if message == b"last words" => {}
                Err(ErrorKind::PeerClosed | ErrorKind::PeerDied) => return Ok(()),
                other => return wrong("the end", other),
            }
        }
    });
    stage.part(sleeper).until_asleep();
    Waited { yard, queue, sleeper }
}

fn producers(waited: &Waited) -> Peer {
    waited.queue.side_state(QueueSide::Producers)
}

const MODES: &[Mode] = &[Mode::Kill, Mode::Stop];

/// Enters a side at which somebody waits.
struct Enter;

impl Operation for Enter {
    type World = Waited;
    type Actor = Option<QueuePart>;

    fn name(&self) -> &'static str {
        "queue enter"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, waited: &Waited) -> Watch {
        watch(&waited.yard)
    }

    fn modes(&self) -> &'static [Mode] {
        MODES
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Waited {
        waited(stage)
    }

    fn prepare(&self, _: &Waited) -> Option<QueuePart> {
        None
    }

    fn act(&self, waited: &Waited, part: &mut Option<QueuePart>) {
        *part = Some(waited.queue.producer().unwrap());
    }

    fn check(&self, waited: &mut Waited, stage: &mut Stage, point: &Point) -> Result<(), String> {
        let state = producers(waited);
        match point.moment {
            Moment::Killed if point.last && state != Peer::Died => return wrong("the dead producer", state),
            Moment::Killed => {}
            Moment::Finished if state != Peer::Here => return wrong("the living producer", state),
            _ if matches!(state, Peer::Here | Peer::Absent) => return Ok(()),
            _ => return wrong("the living producer", state),
        }
        // Killed before the stamp, it has never been one: then the consumer waits for the next.
        drop(waited.queue.producer().map_err(|e| format!("entering: {e:?}"))?);
        stage.finish(waited.sleeper, SOON).map(drop)
    }
}

/// Leaves a side while somebody waits for that.
struct Leave;

impl Operation for Leave {
    type World = Waited;
    type Actor = Option<QueuePart>;

    fn name(&self) -> &'static str {
        "queue leave"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, waited: &Waited) -> Watch {
        watch(&waited.yard)
    }

    fn modes(&self) -> &'static [Mode] {
        MODES
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Waited {
        waited(stage)
    }

    fn prepare(&self, waited: &Waited) -> Option<QueuePart> {
        let part = waited.queue.producer().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(2));
        Some(part)
    }

    fn act(&self, _: &Waited, part: &mut Option<QueuePart>) {
        *part = None;
    }

    fn check(&self, waited: &mut Waited, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(());
        }
        stage.finish(waited.sleeper, SOON)?;
        match producers(waited) {
            Peer::Closed => Ok(()),
            Peer::Died if !point.last && point.moment == Moment::Killed => Ok(()),
            state => wrong("the producers", state),
        }
    }
}

/// Puts as the last producer, and is killed: the message comes, and then the end.
struct Last;

impl Operation for Last {
    type World = Waited;
    type Actor = Option<QueuePart>;

    fn name(&self) -> &'static str {
        "queue put of the last producer"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, waited: &Waited) -> Watch {
        watch(&waited.yard)
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill]
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Waited {
        waited(stage)
    }

    fn prepare(&self, waited: &Waited) -> Option<QueuePart> {
        Some(waited.queue.producer().unwrap())
    }

    fn act(&self, _: &Waited, part: &mut Option<QueuePart>) {
        part.as_ref().unwrap().put(b"last words", Timeout::Forever).unwrap();
    }

    fn check(&self, waited: &mut Waited, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment != Moment::Killed {
            return Ok(());
        }
        stage.finish(waited.sleeper, SOON)?;
        let left = waited.queue.len();
        if left != 0 { wrong("messages that nobody waits for", left) } else { Ok(()) }
    }
}
