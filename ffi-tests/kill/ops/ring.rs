//! Rings: sending, receiving, waiting for each other, taking ends and closing them.

use courtyard::{ErrorKind, Peer, Receiver, Ring, RingOptions, Sender, Strategy, Timeout, Yard};

use super::common::{SOON, is_gone, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{CHOSEN, Mode, Moment, Operation, Point, Points};
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    let send = |name, count, act| -> Box<dyn Trial> { Box::new(Send { name, count, act }) };
    let receive = |name, last, act| -> Box<dyn Trial> { Box::new(Receive { name, gone: last, act }) };
    vec![
        send("ring send", 1, |tx| tx.send(&letter(3), Timeout::Forever).unwrap()),
        send("ring send batch", 2, |tx| {
            assert_eq!(tx.send_batch(&[letter(3), letter(4)], Timeout::Forever), Ok(2));
        }),
        send("ring reserve and commit", 1, |tx| {
            let mut slot = tx.reserve(LETTER, Timeout::Forever).unwrap();
            slot.write(0, &letter(3)).unwrap();
            slot.commit(LETTER).unwrap();
        }),
        send("ring reserve and abort", 0, |tx| drop(tx.reserve(LETTER, Timeout::Forever).unwrap())),
        receive("ring recv", 1, |rx| {
            assert_eq!(rx.recv(&mut [0; LETTER], Timeout::Forever).unwrap().len, LETTER);
        }),
        receive("ring recv batch", 2, |rx| {
            let batch = rx.recv_batch(&mut [0; 2 * LETTER], &mut [0; 2], Timeout::Forever).unwrap();
            assert_eq!(batch.records, 2);
        }),
        receive("ring peek", 0, |rx| drop(rx.peek(Timeout::Forever).unwrap())),
        receive("ring peek and release", 1, |rx| rx.peek(Timeout::Forever).unwrap().release()),
        Box::new(SleepForData),
        Box::new(SleepForRoom),
        Box::new(WakeReader),
        Box::new(WakeWriter),
        Box::new(TakeSender),
        Box::new(TakeReceiver),
        Box::new(CloseSender),
        Box::new(CloseReceiver),
    ]
}

const LETTER: usize = 40;
const CAPACITY: usize = 256;

/// A record that tells its number and whether it is whole.
fn letter(number: u8) -> [u8; LETTER] {
    std::array::from_fn(|i| {
        number.wrapping_mul(31).wrapping_add(if i == 0 { 0 } else { 7 }) ^ u8::from(i == 1)
    })
}

fn number_of(bytes: &[u8]) -> Result<u8, String> {
    (0..=20).find(|&n| letter(n) == *bytes).map_or_else(|| wrong("a torn record", bytes), Ok)
}

pub(crate) struct World {
    _yard: Yard,
    ring: Ring,
    sender: Option<Sender>,
    receiver: Option<Receiver>,
}

fn world() -> World {
    let yard = yard(8);
    let ring = Ring::create(&yard, "ring", RingOptions { capacity: CAPACITY, spin_only: false }).unwrap();
    World { _yard: yard, ring, sender: None, receiver: None }
}

/// Takes everything that is there: numbers, and whether each was flagged. Ends with why no more came.
fn drain(rx: &mut Receiver, patience: impl Into<Timeout>) -> Result<(Vec<(u8, bool)>, ErrorKind), String> {
    let (mut seen, timeout) = (Vec::new(), patience.into());
    loop {
        let mut buffer = [0; LETTER];
        match rx.recv(&mut buffer, timeout) {
            Ok(got) if got.len == LETTER => seen.push((number_of(&buffer)?, got.redelivered)),
            Ok(got) => return wrong("a record of another length", got.len),
            Err(e) => return Ok((seen, e.kind())),
        }
    }
}

/// Sends number 3 and on, after 0 to 2 were sent.
struct Send {
    name: &'static str,
    count: u8,
    act: fn(&mut Sender),
}

impl Operation for Send {
    type World = World;
    type Actor = Sender;

    fn name(&self) -> &'static str {
        self.name
    }

    fn setup(&self, _: &mut Stage) -> World {
        let mut world = world();
        world.receiver = Some(world.ring.receiver(Strategy::Block).unwrap());
        world
    }

    fn prepare(&self, world: &World) -> Sender {
        let mut tx = world.ring.sender(Strategy::Block).unwrap();
        (0..3).for_each(|n| tx.try_send(&letter(n)).unwrap());
        tx
    }

    fn act(&self, _: &World, tx: &mut Sender) {
        (self.act)(tx);
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let dead = matches!(point.moment, Moment::Killed | Moment::ProcessEnded);
        let rx = world.receiver.as_mut().ok_or("no receiver")?;
        let (mut seen, end) = drain(rx, if dead { Timeout::For(SOON) } else { Timeout::Try })?;
        if end != if dead { ErrorKind::PeerDied } else { ErrorKind::Empty } {
            return wrong("the end of the stream", end);
        }
        if seen.iter().any(|(_, again)| *again) {
            return wrong("nothing was delivered before", seen);
        }
        if matches!(point.moment, Moment::Finished | Moment::ProcessEnded) {
            return Ok(()); // a check before has taken what was there
        }
        let mut expected: Vec<(u8, bool)> = (0..3).map(|n| (n, false)).collect();
        if seen.len() > 3 || point.last {
            expected.extend((3..3 + self.count).map(|n| (n, false)));
        }
        seen.sort_unstable();
        if seen == expected { Ok(()) } else { wrong("records", seen) }
    }
}

/// Receives from 0, 1, 2.
struct Receive {
    name: &'static str,
    /// How many the whole operation takes for good.
    gone: u8,
    act: fn(&mut Receiver),
}

impl Operation for Receive {
    type World = World;
    type Actor = Receiver;

    fn name(&self) -> &'static str {
        self.name
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn setup(&self, _: &mut Stage) -> World {
        let mut world = world();
        let mut tx = world.ring.sender(Strategy::Block).unwrap();
        (0..3).for_each(|n| tx.try_send(&letter(n)).unwrap());
        world.sender = Some(tx);
        world
    }

    fn prepare(&self, world: &World) -> Receiver {
        world.ring.receiver(Strategy::Block).unwrap()
    }

    fn act(&self, _: &World, rx: &mut Receiver) {
        (self.act)(rx);
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment != Moment::Killed {
            // The receiver lives: its end is not to be had, and the sender goes on.
            let end = world.ring.receiver(Strategy::Block).map(drop).map_err(|e| e.kind());
            return if end == Err(ErrorKind::Busy) { Ok(()) } else { wrong("a living receiver's end", end) };
        }
        let mut rx = world.ring.receiver(Strategy::Block).map_err(|e| format!("take-over: {e:?}"))?;
        let tx = world.sender.as_mut().ok_or("no sender")?;
        tx.try_send(&letter(9)).map_err(|e| format!("sending on: {e:?}"))?;
        let (seen, _) = drain(&mut rx, Timeout::Try)?;
        let from = 4 - seen.len().min(4) as u8;
        let expected: Vec<(u8, bool)> = (from..3).map(|n| (n, true)).chain([(9, false)]).collect();
        if seen != expected {
            return wrong("records after the take-over", seen);
        }
        if from > self.gone || point.last && from != self.gone {
            return wrong("how many were taken for good", from);
        }
        Ok(())
    }
}

/// A receiver that sleeps until something is sent.
struct SleepForData;

impl Operation for SleepForData {
    type World = World;
    type Actor = Receiver;

    fn name(&self) -> &'static str {
        "ring recv, waiting"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world._yard)
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn steady(&self) -> bool {
        false
    }

    fn sleeps(&self) -> bool {
        true
    }

    fn setup(&self, _: &mut Stage) -> World {
        let mut world = world();
        world.sender = Some(world.ring.sender(Strategy::Block).unwrap());
        world
    }

    fn prepare(&self, world: &World) -> Receiver {
        world.ring.receiver(Strategy::Block).unwrap()
    }

    fn act(&self, _: &World, rx: &mut Receiver) {
        rx.recv(&mut [0; LETTER], Timeout::Forever).unwrap();
    }

    fn release(&self, world: &mut World, _: &mut Stage) {
        // Once is enough, but a full ring is no mistake.
        let _ = world.sender.as_mut().unwrap().try_send(&letter(0));
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let tx = world.sender.as_mut().ok_or("no sender")?;
        if point.moment != Moment::Killed {
            return tx.try_send(&letter(9)).map_err(|e| format!("sending on: {e:?}"));
        }
        let mut rx = world.ring.receiver(Strategy::Block).map_err(|e| format!("take-over: {e:?}"))?;
        tx.try_send(&letter(9)).map_err(|e| format!("sending on: {e:?}"))?;
        match drain(&mut rx, Timeout::Try)?.0[..] {
            [(0, true), (9, false)] if point.released && !point.last => Ok(()),
            [(9, false)] => Ok(()),
            ref seen => wrong("records after the take-over", seen),
        }
    }
}

/// A sender that sleeps until there is room.
struct SleepForRoom;

impl Operation for SleepForRoom {
    type World = World;
    type Actor = Sender;

    fn name(&self) -> &'static str {
        "ring send, waiting"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world._yard)
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn steady(&self) -> bool {
        false
    }

    fn sleeps(&self) -> bool {
        true
    }

    fn setup(&self, _: &mut Stage) -> World {
        let mut world = world();
        world.receiver = Some(world.ring.receiver(Strategy::Block).unwrap());
        world
    }

    fn prepare(&self, world: &World) -> Sender {
        let mut tx = world.ring.sender(Strategy::Block).unwrap();
        while tx.try_send(&letter(0)).is_ok() {}
        tx
    }

    fn act(&self, _: &World, tx: &mut Sender) {
        tx.send(&letter(3), Timeout::Forever).unwrap();
    }

    fn release(&self, world: &mut World, _: &mut Stage) {
        let _ = world.receiver.as_mut().unwrap().recv(&mut [0; LETTER], Timeout::Try);
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let dead = point.moment == Moment::Killed;
        let rx = world.receiver.as_mut().ok_or("no receiver")?;
        let (seen, end) = drain(rx, if dead { Timeout::For(SOON) } else { Timeout::Try })?;
        if dead && end != ErrorKind::PeerDied {
            return wrong("the end of the stream", end);
        }
        let last = seen.last().map(|(n, _)| *n);
        if dead && point.last && last != Some(3) {
            return wrong("what was sent", seen);
        }
        if seen.iter().filter(|(n, _)| *n == 3).count() > 1 || seen.iter().any(|(_, again)| *again) {
            return wrong("records", seen);
        }
        Ok(())
    }
}

pub(crate) struct Waited {
    world: World,
    sleeper: RoleId,
}

/// Sends to a receiver that sleeps.
struct WakeReader;

impl Operation for WakeReader {
    type World = Waited;
    type Actor = Sender;

    fn name(&self) -> &'static str {
        "ring send to a sleeper"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, waited: &Waited) -> Watch {
        watch(&waited.world._yard)
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Waited {
        let world = world();
        let sleeper = stage.role("receiver", |part| {
            let mut rx = world.ring.receiver(Strategy::Block).map_err(|e| format!("{e:?}"))?;
            part.waiting();
            match rx.recv(&mut [0; LETTER], Timeout::Forever) {
                Ok(_) => Ok(()),
                Err(e) if e.kind() == ErrorKind::PeerDied => Ok(()),
                Err(e) => Err(format!("{e:?}")),
            }
        });
        stage.part(sleeper).until_asleep();
        Waited { world, sleeper }
    }

    fn prepare(&self, waited: &Waited) -> Sender {
        let tx = waited.world.ring.sender(Strategy::Block).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(2)); // taking the end woke the receiver: let it sleep again
        tx
    }

    fn act(&self, _: &Waited, tx: &mut Sender) {
        tx.send(&letter(3), Timeout::Forever).unwrap();
    }

    fn check(&self, waited: &mut Waited, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(()); // it may wait for the living
        }
        stage.finish(waited.sleeper, SOON).map(drop)
    }
}

/// Receives from a sender that sleeps.
struct WakeWriter;

impl Operation for WakeWriter {
    type World = Waited;
    type Actor = Receiver;

    fn name(&self) -> &'static str {
        "ring recv from a sleeper"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, waited: &Waited) -> Watch {
        watch(&waited.world._yard)
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Waited {
        let world = world();
        let sleeper = stage.role("sender", |part| {
            let mut tx = world.ring.sender(Strategy::Block).map_err(|e| format!("{e:?}"))?;
            while tx.try_send(&letter(0)).is_ok() {}
            part.waiting();
            match tx.send(&letter(3), Timeout::Forever) {
                Ok(()) => Ok(()),
                Err(e) if e.kind() == ErrorKind::PeerDied => Ok(()),
                Err(e) => Err(format!("{e:?}")),
            }
        });
        stage.part(sleeper).until_asleep();
        Waited { world, sleeper }
    }

    fn prepare(&self, waited: &Waited) -> Receiver {
        let rx = waited.world.ring.receiver(Strategy::Block).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(2));
        rx
    }

    fn act(&self, _: &Waited, rx: &mut Receiver) {
        rx.recv(&mut [0; LETTER], Timeout::Forever).unwrap();
    }

    fn check(&self, waited: &mut Waited, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(());
        }
        stage.finish(waited.sleeper, SOON).map(drop)
    }
}

/// A ring whose sender and receiver died: 0, 1, 2 were sent, 0 was taken.
fn bereft(stage: &mut Stage) -> World {
    let world = world();
    let sender = stage.role("dead sender", |_| {
        let mut tx = world.ring.sender(Strategy::Block).map_err(|e| format!("{e:?}"))?;
        (0..3).for_each(|n| tx.try_send(&letter(n)).unwrap());
        std::mem::forget(tx);
        Ok(())
    });
    stage.finish(sender, SOON).unwrap();
    let receiver = stage.role("dead receiver", |_| {
        let mut rx = world.ring.receiver(Strategy::Block).map_err(|e| format!("{e:?}"))?;
        rx.recv(&mut [0; LETTER], Timeout::Try).unwrap();
        std::mem::forget(rx);
        Ok(())
    });
    stage.finish(receiver, SOON).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2)); // they end just now
    world
}

/// Taking over a dead sender's end.
struct TakeSender;

impl Operation for TakeSender {
    type World = World;
    type Actor = Option<Sender>;

    fn name(&self) -> &'static str {
        "ring take-over of the sender's end"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world._yard)
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill]
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> World {
        bereft(stage)
    }

    fn prepare(&self, world: &World) -> Option<Sender> {
        settle(world);
        None
    }

    fn act(&self, world: &World, tx: &mut Option<Sender>) {
        *tx = Some(world.ring.sender(Strategy::Block).unwrap());
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if !is_gone(point.moment) {
            return Ok(());
        }
        let mut tx = world.ring.sender(Strategy::Block).map_err(|e| format!("take-over: {e:?}"))?;
        tx.try_send(&letter(9)).map_err(|e| format!("sending on: {e:?}"))?;
        let mut rx = world.ring.receiver(Strategy::Block).map_err(|e| format!("take-over: {e:?}"))?;
        match drain(&mut rx, Timeout::Try)?.0[..] {
            [(1, true), (2, true), (9, _)] => Ok(()),
            ref seen => wrong("records", seen),
        }
    }
}

/// Registers the victim and waits until both holders are seen dead.
fn settle(world: &World) {
    while world.ring.sender_state() != Peer::Died || world.ring.receiver_state() != Peer::Died {
        std::thread::yield_now();
    }
    world._yard.sweep();
}

/// Taking over a dead receiver's end.
struct TakeReceiver;

impl Operation for TakeReceiver {
    type World = World;
    type Actor = Option<Receiver>;

    fn name(&self) -> &'static str {
        "ring take-over of the receiver's end"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world._yard)
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill]
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> World {
        bereft(stage)
    }

    fn prepare(&self, world: &World) -> Option<Receiver> {
        settle(world);
        None
    }

    fn act(&self, world: &World, rx: &mut Option<Receiver>) {
        *rx = Some(world.ring.receiver(Strategy::Block).unwrap());
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if !is_gone(point.moment) {
            return Ok(());
        }
        let mut rx = world.ring.receiver(Strategy::Block).map_err(|e| format!("take-over: {e:?}"))?;
        match drain(&mut rx, Timeout::Try)?.0[..] {
            [(1, true), (2, true)] => Ok(()),
            ref seen => wrong("records", seen),
        }
    }
}

/// Closing the sender's end while a receiver sleeps.
struct CloseSender;

impl Operation for CloseSender {
    type World = Waited;
    type Actor = Option<Sender>;

    fn name(&self) -> &'static str {
        "ring close of the sender's end"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, waited: &Waited) -> Watch {
        watch(&waited.world._yard)
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Waited {
        let world = world();
        let sleeper = stage.role("receiver", |part| {
            let mut rx = world.ring.receiver(Strategy::Block).map_err(|e| format!("{e:?}"))?;
            part.waiting();
            match rx.recv(&mut [0; LETTER], Timeout::Forever).map_err(|e| e.kind()) {
                Err(ErrorKind::PeerDied | ErrorKind::PeerClosed) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
        stage.part(sleeper).until_asleep();
        Waited { world, sleeper }
    }

    fn prepare(&self, waited: &Waited) -> Option<Sender> {
        let tx = waited.world.ring.sender(Strategy::Block).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(2));
        Some(tx)
    }

    fn act(&self, _: &Waited, tx: &mut Option<Sender>) {
        *tx = None;
    }

    fn check(&self, waited: &mut Waited, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(());
        }
        stage.finish(waited.sleeper, SOON)?;
        let state = waited.world.ring.sender_state();
        match state {
            Peer::Closed => Ok(()),
            Peer::Died if !point.last && point.moment == Moment::Killed => Ok(()),
            _ => wrong("the sender's end", state),
        }
    }
}

/// Closing the receiver's end with records left.
struct CloseReceiver;

impl Operation for CloseReceiver {
    type World = World;
    type Actor = Option<Receiver>;

    fn name(&self) -> &'static str {
        "ring close of the receiver's end"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world._yard)
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn setup(&self, _: &mut Stage) -> World {
        let mut world = world();
        let mut tx = world.ring.sender(Strategy::Block).unwrap();
        (0..3).for_each(|n| tx.try_send(&letter(n)).unwrap());
        world.sender = Some(tx);
        world
    }

    fn prepare(&self, world: &World) -> Option<Receiver> {
        let mut rx = world.ring.receiver(Strategy::Block).unwrap();
        rx.recv(&mut [0; LETTER], Timeout::Try).unwrap();
        Some(rx)
    }

    fn act(&self, _: &World, rx: &mut Option<Receiver>) {
        *rx = None;
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(());
        }
        let mut rx = world.ring.receiver(Strategy::Block).map_err(|e| format!("take-over: {e:?}"))?;
        let closed = point.last || point.moment == Moment::Finished;
        match drain(&mut rx, Timeout::Try)?.0[..] {
            [(1, false), (2, false)] => Ok(()),
            [(1, true), (2, true)] if !closed => Ok(()),
            ref seen => wrong("records", seen),
        }
    }
}
