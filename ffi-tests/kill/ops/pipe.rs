//! Pipes: sending, receiving, waiting for each other, taking ends, closing them, and forking with them.

use courtyard::{Connection, ErrorKind, Peer, Pipe, PipeEnd, PipeOptions, Timeout, Yard};

#[cfg(feature = "async")]
use super::common::at_once;
use super::common::{SOON, is_gone, places_are_free, watch, wrong, yard};
use crate::engine::Trial;
use crate::operation::{CHOSEN, Mode, Moment, Operation, Point, Points};
use crate::stage::{RoleId, Stage};
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    let receive = |name, gone, act| -> Box<dyn Trial> { Box::new(Receive { name, gone, act }) };
    vec![
        Box::new(Send { name: "pipe send", act: |tx| tx.send(&letter(3), Timeout::Forever).unwrap() }),
        #[cfg(feature = "async")]
        Box::new(Send { name: "pipe send, a future", act: |tx| at_once(tx.send_async(&letter(3))) }),
        #[cfg(feature = "async")]
        receive("pipe recv, a future", 1, |rx| assert_eq!(at_once(rx.recv_async()).len(), LETTER)),
        receive("pipe recv", 1, |rx| assert_eq!(rx.recv(&mut [0; LETTER], Timeout::Forever), Ok(LETTER))),
        receive("pipe poll", 0, |rx| assert_eq!(rx.next_len(Timeout::Forever), Ok(LETTER))),
        Box::new(SleepForData),
        Box::new(SleepForRoom),
        Box::new(WakeReader),
        Box::new(WakeWriter),
        Box::new(TakeEnd),
        Box::new(CloseEnd),
        Box::new(Bury),
        Box::new(Fork),
    ]
}

const LETTER: usize = 40;
const SLOTS: u32 = 8;

/// A message that tells its number and whether it is whole.
fn letter(number: u8) -> [u8; LETTER] {
    std::array::from_fn(|i| number.wrapping_mul(31).wrapping_add(i as u8))
}

fn number_of(bytes: &[u8]) -> Result<u8, String> {
    (0..=20).find(|&n| letter(n) == *bytes).map_or_else(|| wrong("a torn message", bytes), Ok)
}

pub(crate) struct World {
    yard: Yard,
    pipe: Pipe,
    mine: Option<Connection>,
}

fn world() -> World {
    let yard = yard(SLOTS);
    let pipe = Pipe::create(&yard, "pipe", PipeOptions { capacity: 256, duplex: true }).unwrap();
    World { yard, pipe, mine: None }
}

impl World {
    fn end(&self, end: PipeEnd) -> Result<Connection, String> {
        self.pipe.end(end).map_err(|e| format!("taking an end: {e:?}"))
    }

    fn mine(&self) -> Result<&Connection, String> {
        self.mine.as_ref().ok_or_else(|| "no end".to_owned())
    }
}

/// Takes everything that is there, and tells why no more came.
fn drain(rx: &Connection, patience: impl Into<Timeout>) -> Result<(Vec<u8>, ErrorKind), String> {
    let (mut seen, timeout) = (Vec::new(), patience.into());
    loop {
        match rx.recv_vec(timeout) {
            Ok(message) => seen.push(number_of(&message)?),
            Err(e) => return Ok((seen, e.kind())),
        }
    }
}

/// The turn of whoever is gone is over: somebody else sends, and it comes.
fn goes_on(world: &World, from: PipeEnd, to: PipeEnd) -> Result<(), String> {
    let (tx, rx) = (world.end(from)?, world.end(to)?);
    tx.send(&letter(9), SOON).map_err(|e| format!("sending on: {e:?}"))?;
    match drain(&rx, Timeout::Try)?.0.last() {
        Some(9) => Ok(()),
        other => wrong("what was sent on", other),
    }
}

/// Nobody is left but the stage, and all places can be taken again. A role that is done may still be ending.
fn nothing_is_left(world: &World) -> Result<(), String> {
    world.yard.detach_thread();
    let end = std::time::Instant::now() + SOON;
    loop {
        match places_are_free(&world.yard, SLOTS as usize) {
            Err(_) if std::time::Instant::now() < end => {
                std::thread::sleep(std::time::Duration::from_millis(5))
            }
            done => return done,
        }
    }
}

/// Sends number 3 after 0 to 2 were sent.
struct Send {
    name: &'static str,
    act: fn(&Connection),
}

impl Operation for Send {
    type World = World;
    type Actor = Connection;

    fn name(&self) -> &'static str {
        self.name
    }

    fn setup(&self, _: &mut Stage) -> World {
        let mut world = world();
        world.mine = Some(world.pipe.end(PipeEnd::First).unwrap());
        world
    }

    fn prepare(&self, world: &World) -> Connection {
        let tx = world.pipe.end(PipeEnd::Second).unwrap();
        (0..3).for_each(|n| tx.try_send(&letter(n)).unwrap());
        tx
    }

    fn act(&self, _: &World, tx: &mut Connection) {
        (self.act)(tx);
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let dead = matches!(point.moment, Moment::Killed | Moment::ProcessEnded);
        let (seen, end) = drain(world.mine()?, if dead { Timeout::For(SOON) } else { Timeout::Try })?;
        if end != if dead { ErrorKind::PeerDied } else { ErrorKind::Empty } {
            return wrong("the end of the stream", end);
        }
        if is_gone(point.moment) {
            goes_on(world, PipeEnd::Second, PipeEnd::First)?;
        }
        let whole = [0, 1, 2, 3];
        match seen.len() {
            _ if matches!(point.moment, Moment::Finished | Moment::ProcessEnded) => Ok(()), // taken by a check before
            3 if seen == whole[..3] && !point.last => Ok(()),
            4 if seen == whole => Ok(()),
            _ => wrong("messages", seen),
        }
    }
}

/// Receives from 0, 1, 2.
struct Receive {
    name: &'static str,
    /// How many the whole operation takes.
    gone: u8,
    act: fn(&mut Connection),
}

impl Operation for Receive {
    type World = World;
    type Actor = Connection;

    fn name(&self) -> &'static str {
        self.name
    }

    fn setup(&self, _: &mut Stage) -> World {
        let mut world = world();
        let tx = world.pipe.end(PipeEnd::Second).unwrap();
        (0..3).for_each(|n| tx.try_send(&letter(n)).unwrap());
        world.mine = Some(tx);
        world
    }

    fn prepare(&self, world: &World) -> Connection {
        let rx = world.pipe.end(PipeEnd::First).unwrap();
        let _ = rx.try_recv(&mut []); // the thread is registered
        rx
    }

    fn act(&self, _: &World, rx: &mut Connection) {
        (self.act)(rx);
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let tx = world.mine()?;
        match point.moment {
            Moment::Stopped | Moment::Finished => {
                return if tx.peer() == Peer::Here { Ok(()) } else { wrong("a living receiver", tx.peer()) };
            }
            Moment::ProcessEnded => return Ok(()),
            Moment::Killed => {
                let sent = tx.try_send(&letter(8)).map_err(|e| e.kind());
                if !matches!(sent, Ok(()) | Err(ErrorKind::PeerDied)) || tx.peer() != Peer::Died {
                    return wrong("sending to the dead", sent);
                }
            }
            Moment::ThreadEnded => {}
        }
        let (mut seen, end) = drain(&world.end(PipeEnd::First)?, SOON / 100)?;
        seen.retain(|n| *n != 8);
        if end != ErrorKind::Empty {
            return wrong("the end of the stream", end);
        }
        let from = 3 - seen.len().min(3) as u8;
        if seen != (from..3).collect::<Vec<u8>>() || from > self.gone || point.last && from != self.gone {
            return wrong("messages that are left", seen);
        }
        Ok(())
    }
}

/// A receiver that sleeps until something is sent.
struct SleepForData;

impl Operation for SleepForData {
    type World = World;
    type Actor = Connection;

    fn name(&self) -> &'static str {
        "pipe recv, waiting"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world.yard)
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
        world.mine = Some(world.pipe.end(PipeEnd::Second).unwrap());
        world
    }

    fn prepare(&self, world: &World) -> Connection {
        world.pipe.end(PipeEnd::First).unwrap()
    }

    fn act(&self, _: &World, rx: &mut Connection) {
        assert_eq!(rx.recv(&mut [0; LETTER], Timeout::Forever), Ok(LETTER));
    }

    fn release(&self, world: &mut World, _: &mut Stage) {
        let _ = world.mine.as_ref().unwrap().try_send(&letter(0));
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment != Moment::Killed {
            return Ok(());
        }
        let (seen, _) = drain(&world.end(PipeEnd::First)?, Timeout::Try)?;
        if seen.iter().any(|n| *n != 0) || point.last && seen.len() > 7 {
            return wrong("messages that are left", seen);
        }
        goes_on(world, PipeEnd::Second, PipeEnd::First)
    }
}

/// A sender that sleeps until there is room.
struct SleepForRoom;

impl Operation for SleepForRoom {
    type World = World;
    type Actor = Connection;

    fn name(&self) -> &'static str {
        "pipe send, waiting"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world.yard)
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
        world.mine = Some(world.pipe.end(PipeEnd::First).unwrap());
        world
    }

    fn prepare(&self, world: &World) -> Connection {
        let tx = world.pipe.end(PipeEnd::Second).unwrap();
        while tx.try_send(&letter(0)).is_ok() {}
        tx
    }

    fn act(&self, _: &World, tx: &mut Connection) {
        tx.send(&letter(3), Timeout::Forever).unwrap();
    }

    fn release(&self, world: &mut World, _: &mut Stage) {
        let _ = world.mine.as_ref().unwrap().try_recv(&mut [0; LETTER]);
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let dead = point.moment == Moment::Killed;
        let (seen, end) = drain(world.mine()?, if dead { Timeout::For(SOON) } else { Timeout::Try })?;
        if dead && end != ErrorKind::PeerDied {
            return wrong("the end of the stream", end);
        }
        if seen.iter().filter(|n| **n == 3).count() > 1 || dead && point.last && seen.last() != Some(&3) {
            return wrong("what was sent", seen);
        }
        if dead { goes_on(world, PipeEnd::Second, PipeEnd::First) } else { Ok(()) }
    }
}

pub(crate) struct Waited {
    world: World,
    sleeper: RoleId,
}

/// A role that receives without limit, and how its wait may end.
fn reader(stage: &mut Stage, may_end: fn(Result<Vec<u8>, ErrorKind>) -> bool) -> Waited {
    let world = world();
    let sleeper = stage.role("receiver", |part| {
        let rx = world.end(PipeEnd::First)?;
        part.waiting();
        let got = rx.recv_vec(Timeout::Forever).map_err(|e| e.kind());
        if may_end(got.clone()) { Ok(()) } else { wrong("the wait ended", got) }
    });
    stage.part(sleeper).until_asleep();
    Waited { world, sleeper }
}

/// Sends to a receiver that sleeps. While the sender stands still between sending and telling, it is a slice that ends that
/// sleep: this play fails without slices.
struct WakeReader;

impl Operation for WakeReader {
    type World = Waited;
    type Actor = Connection;

    fn name(&self) -> &'static str {
        "pipe send to a sleeper"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, waited: &Waited) -> Watch {
        watch(&waited.world.yard)
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Waited {
        reader(stage, |got| got == Ok(letter(3).to_vec()) || got == Err(ErrorKind::PeerDied))
    }

    fn prepare(&self, waited: &Waited) -> Connection {
        let tx = waited.world.pipe.end(PipeEnd::Second).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(2)); // taking the end woke the receiver: let it sleep again
        tx
    }

    fn act(&self, _: &Waited, tx: &mut Connection) {
        tx.send(&letter(3), Timeout::Forever).unwrap();
    }

    fn check(&self, waited: &mut Waited, stage: &mut Stage, point: &Point) -> Result<(), String> {
        // A message that is there is all that the receiver needs: while the victim stands still between sending and
        // telling, it sees that at the end of a slice.
        let rx = waited.world.end(PipeEnd::First)?;
        if point.moment == Moment::Stopped && !point.last && rx.next_len(Timeout::Try).is_err() {
            return Ok(()); // it was not sent yet, or is received already
        }
        stage.finish(waited.sleeper, SOON)?;
        match drain(&rx, Timeout::Try)?.0[..] {
            [] => Ok(()),
            ref left => wrong("the receiver has not got", left),
        }
    }
}

/// Receives from a sender that sleeps.
struct WakeWriter;

impl Operation for WakeWriter {
    type World = Waited;
    type Actor = Connection;

    fn name(&self) -> &'static str {
        "pipe recv from a sleeper"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, waited: &Waited) -> Watch {
        watch(&waited.world.yard)
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
            let tx = world.end(PipeEnd::Second)?;
            while tx.try_send(&letter(0)).is_ok() {}
            part.waiting();
            match tx.send(&letter(3), Timeout::Forever).map_err(|e| e.kind()) {
                Ok(()) | Err(ErrorKind::PeerDied) => Ok(()),
                other => wrong("the wait ended", other),
            }
        });
        stage.part(sleeper).until_asleep();
        Waited { world, sleeper }
    }

    fn prepare(&self, waited: &Waited) -> Connection {
        let rx = waited.world.pipe.end(PipeEnd::First).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(2));
        rx
    }

    fn act(&self, _: &Waited, rx: &mut Connection) {
        assert_eq!(rx.recv(&mut [0; LETTER], Timeout::Forever), Ok(LETTER));
    }

    fn check(&self, waited: &mut Waited, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped && !point.last {
            return Ok(()); // it may have the place still
        }
        stage.finish(waited.sleeper, SOON).map(drop)
    }
}

/// Takes an end for which a receiver waits.
struct TakeEnd;

impl Operation for TakeEnd {
    type World = Waited;
    type Actor = Option<Connection>;

    fn name(&self) -> &'static str {
        "pipe end"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, waited: &Waited) -> Watch {
        watch(&waited.world.yard)
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Waited {
        reader(stage, |got| matches!(got, Err(ErrorKind::PeerDied | ErrorKind::PeerClosed)))
    }

    fn prepare(&self, _: &Waited) -> Option<Connection> {
        None
    }

    fn act(&self, waited: &Waited, tx: &mut Option<Connection>) {
        *tx = Some(waited.world.pipe.end(PipeEnd::Second).unwrap());
    }

    fn check(&self, waited: &mut Waited, stage: &mut Stage, point: &Point) -> Result<(), String> {
        let state = waited.world.pipe.state(PipeEnd::Second);
        match point.moment {
            Moment::Killed if point.last && state != Peer::Died => {
                return wrong("a dead holder's end", state);
            }
            Moment::Killed => {}
            Moment::Finished if state != Peer::Here => return wrong("a living holder's end", state),
            _ if matches!(state, Peer::Here | Peer::Absent) => return Ok(()),
            _ => return wrong("a living holder's end", state),
        }
        // Killed before the stamp, it has never been here: then the receiver waits for the next.
        waited.world.end(PipeEnd::Second)?.close();
        stage.finish(waited.sleeper, SOON)?;
        nothing_is_left(&waited.world)
    }
}

/// Closes an end while a receiver sleeps at the other one.
struct CloseEnd;

impl Operation for CloseEnd {
    type World = Waited;
    type Actor = Option<Connection>;

    fn name(&self) -> &'static str {
        "pipe close"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, waited: &Waited) -> Watch {
        watch(&waited.world.yard)
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Waited {
        reader(stage, |got| matches!(got, Err(ErrorKind::PeerDied | ErrorKind::PeerClosed)))
    }

    fn prepare(&self, waited: &Waited) -> Option<Connection> {
        let tx = waited.world.pipe.end(PipeEnd::Second).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(2));
        Some(tx)
    }

    fn act(&self, _: &Waited, tx: &mut Option<Connection>) {
        *tx = None;
    }

    fn check(&self, waited: &mut Waited, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(());
        }
        stage.finish(waited.sleeper, SOON)?;
        match waited.world.pipe.state(PipeEnd::Second) {
            Peer::Closed => Ok(()),
            Peer::Died if !point.last && point.moment == Moment::Killed => Ok(()),
            state => wrong("the end", state),
        }
    }
}

/// Asks how the end of a dead process stands, which takes it off the end.
struct Bury;

impl Operation for Bury {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        "pipe state of a dead holder's end"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, world: &World) -> Watch {
        watch(&world.yard)
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> World {
        let world = world();
        let holder = stage.role("dead holder", |_| {
            std::mem::forget(world.end(PipeEnd::Second)?);
            Ok(())
        });
        stage.finish(holder, SOON).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(2)); // it ends just now
        world
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        let _ = world.pipe.state(PipeEnd::Second);
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(());
        }
        match (world.pipe.state(PipeEnd::Second), world.pipe.state(PipeEnd::First)) {
            (Peer::Died, Peer::Absent) => goes_on(world, PipeEnd::Second, PipeEnd::First),
            state => wrong("the ends", state),
        }
    }
}

/// Forks while it holds an end for which a receiver waits. The child does nothing, and dies with its parent.
struct Fork;

impl Operation for Fork {
    type World = Waited;
    type Actor = Option<Connection>;

    fn name(&self) -> &'static str {
        "pipe fork of a holder"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn watch(&self, waited: &Waited) -> Watch {
        watch(&waited.world.yard)
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Waited {
        reader(stage, |got| got == Err(ErrorKind::PeerDied))
    }

    fn prepare(&self, waited: &Waited) -> Option<Connection> {
        Some(waited.world.pipe.end(PipeEnd::Second).unwrap())
    }

    fn act(&self, _: &Waited, _: &mut Option<Connection>) {
        // SAFETY: the child only sleeps.
        unsafe {
            let parent = libc::getpid();
            if libc::fork() == 0 {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                while libc::getppid() == parent {
                    libc::usleep(1000);
                }
                libc::_exit(0);
            }
        }
    }

    fn check(&self, waited: &mut Waited, stage: &mut Stage, point: &Point) -> Result<(), String> {
        if !is_gone(point.moment) {
            let state = waited.world.pipe.state(PipeEnd::Second);
            return if state == Peer::Here { Ok(()) } else { wrong("an end that is held", state) };
        }
        stage.finish(waited.sleeper, SOON)?;
        let state = waited.world.pipe.state(PipeEnd::Second);
        if state != Peer::Died {
            return wrong("the end", state);
        }
        nothing_is_left(&waited.world)
    }
}
