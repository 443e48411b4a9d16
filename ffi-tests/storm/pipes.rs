//! The pipe storm: several processes at each end of two pipes are killed and stopped, and replaced.
//!
//! Every process that sends has a number of its own, and a new one when its messages have run out; a message's number is `sender << 32 | sequence`, and everything
//! else in it follows from that. What a sender was told is sent, it writes down beside the yard; so does a receiver
//! with each message it gets, before the next call. Each message goes to one receiver, whole; of one sender they are
//! taken in order. A message is lost only with a receiver that was killed while it had it.

use crate::board::{Board, Dice, Fault, Place, mix, shared, wipe};
use crate::troop::{Deeds, Troop, seasons};
use courtyard::{Connection, ErrorKind, Options, Pipe, PipeEnd, PipeOptions, Timeout};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::thread::sleep;
use std::time::{Duration, Instant};

const CAPACITIES: [usize; 2] = [512, 16 << 10];
const SENDERS: usize = 4096;
/// Messages of one sender.
const EACH: usize = 1 << 14;
/// The longest message; it fits into the smallest pipe.
const LONGEST: usize = 240;
/// Who works at a pipe: so many send, and as many receive.
const SIDE: usize = 2;

/// Beside the yard, for each pipe.
struct Ledger {
    /// The highest sequence number that each sender was told is sent.
    acknowledged: [AtomicU32; SENDERS],
    /// How often each message came.
    came: [[AtomicU8; EACH]; SENDERS],
    received: AtomicU64,
    /// How many sender numbers were given away; they count from 1.
    senders: AtomicU64,
    /// Receivers that were killed.
    lost_receivers: AtomicU64,
}

/// The one message that has this number.
fn message(number: u64) -> Vec<u8> {
    let mut dice = Dice::new(number);
    let len = 8 + dice.below((LONGEST - 8 + 1) as u64) as usize;
    let mut bytes = number.to_ne_bytes().to_vec();
    while bytes.len() < len {
        bytes.extend_from_slice(&mix(dice.next()).to_ne_bytes());
    }
    bytes.truncate(len);
    bytes
}

#[derive(Clone, Copy)]
struct Post<'a> {
    board: &'static Board,
    ledger: &'static Ledger,
    pipe: &'a Pipe,
    place: usize,
}

impl Post<'_> {
    fn place(&self) -> &'static Place {
        &self.board.places[self.place]
    }
}

fn patience(dice: &mut Dice) -> Timeout {
    match dice.below(4) {
        0 => Timeout::Try,
        1 => Timeout::For(dice.micros(5000)),
        _ => Timeout::Forever,
    }
}

/// Whether to try again after a call that did not succeed.
fn try_again(why: &courtyard::Error) {
    match why.kind() {
        ErrorKind::Full | ErrorKind::Empty | ErrorKind::Busy | ErrorKind::Timeout => {}
        // Everybody at the other end is dead or gone for this moment.
        ErrorKind::PeerDied | ErrorKind::PeerClosed => sleep(Duration::from_micros(100)),
        _ => panic!("the pipe answers {why:?}"),
    }
}

fn send(post: Post<'_>, mut dice: Dice) {
    let mut end = Some(post.pipe.end(PipeEnd::Second).unwrap());
    let (mut sender, mut sequence) = (0, EACH - 1);
    while !post.board.stopping() {
        if sequence == EACH - 1 {
            (sender, sequence) = (post.ledger.senders.fetch_add(1, SeqCst) as usize + 1, 0);
        }
        if dice.one_in(500) {
            drop(end.take());
        }
        let end = end.get_or_insert_with(|| post.pipe.end(PipeEnd::Second).unwrap());
        let bytes = message(((sender as u64) << 32) | (sequence as u64 + 1));
        let timeout = patience(&mut dice);
        match post.place().blocking(|| end.send(&bytes, timeout)) {
            Ok(()) => {
                sequence += 1;
                post.ledger.acknowledged[sender].store(sequence as u32, SeqCst);
            }
            Err(why) => try_again(&why),
        }
        post.place().done.fetch_add(1, SeqCst);
        if dice.one_in(64) {
            sleep(dice.micros(300));
        }
    }
}

fn receive(post: Post<'_>, mut dice: Dice) {
    let end = post.pipe.end(PipeEnd::First).unwrap();
    let mut last = [0_u32; SENDERS];
    loop {
        let timeout = patience(&mut dice);
        match post.place().blocking(|| take(&end, timeout, &mut dice)) {
            Ok(bytes) => check(&post, &bytes, &mut last),
            Err(closed) if closed.kind() == ErrorKind::PeerClosed && post.board.stopping() => return,
            Err(why) => try_again(&why),
        }
        post.place().done.fetch_add(1, SeqCst);
        if dice.one_in(64) {
            sleep(dice.micros(300));
        }
    }
}

fn take(end: &Connection, timeout: Timeout, dice: &mut Dice) -> courtyard::Result<Vec<u8>> {
    if dice.one_in(4) {
        end.poll(timeout)?;
    }
    if dice.one_in(2) {
        return end.recv_vec(timeout);
    }
    let mut buffer = vec![0; LONGEST];
    let len = end.recv(&mut buffer, timeout)?;
    buffer.truncate(len);
    Ok(buffer)
}

fn check(post: &Post<'_>, bytes: &[u8], last: &mut [u32; SENDERS]) {
    let number = bytes.first_chunk().map(|head| u64::from_ne_bytes(*head));
    let Some(number) = number.filter(|number| message(*number) == bytes) else {
        return post
            .board
            .fault(Fault::Torn, format_args!("a message of {} bytes, {number:x?}", bytes.len()));
    };
    let (sender, sequence) = ((number >> 32) as usize, number as u32);
    if post.ledger.came[sender][sequence as usize].fetch_add(1, SeqCst) > 0 {
        post.board.fault(Fault::Unflagged, format_args!("{number:x} came twice"));
    }
    if sequence <= last[sender] {
        post.board.fault(Fault::Unflagged, format_args!("{number:x} after {:x}", last[sender]));
    }
    last[sender] = sequence;
    post.ledger.received.fetch_add(1, SeqCst);
}

struct Line {
    pipe: Pipe,
    ledger: &'static Ledger,
}

/// Forks a process for an end: of a pipe's places the first ones send, the others receive.
fn start(troop: &mut Troop, lines: &[Line], place: usize) {
    let board = troop.board;
    let line = &lines[place / (2 * SIDE)];
    let post = Post { board, ledger: line.ledger, pipe: &line.pipe, place };
    if place % (2 * SIDE) < SIDE {
        troop.start(place, |dice| send(post, dice));
    } else {
        troop.start(place, |dice| receive(post, dice));
    }
}

fn replace(troop: &mut Troop, lines: &[Line], place: usize) {
    let Some(pid) = troop.strike(place) else { return };
    if place % (2 * SIDE) >= SIDE {
        lines[place / (2 * SIDE)].ledger.lost_receivers.fetch_add(1, SeqCst);
    }
    if troop.dice.one_in(2) {
        start(troop, lines, place);
        troop.bury(pid);
    } else {
        troop.bury(pid);
        sleep(troop.dice.micros(3000));
        start(troop, lines, place);
    }
    troop.deeds.takeovers += 1;
}

/// The storm. Returns what was done and a sentence about what came of it.
///
/// It has as many seasons as it takes: each ends when its time is up or a ledger is full.
pub fn storm(board: &'static Board, seed: u64, time: Duration) -> (Deeds, String) {
    // SAFETY: atomics.
    let ledgers = CAPACITIES.map(|_| unsafe { shared::<Ledger>() });
    let mut sums = Sums::default();
    let deeds = seasons(board, time, 1, Duration::MAX, |number, time| {
        ledgers.iter().for_each(|ledger| wipe(*ledger));
        season(board, seed.wrapping_add(number), time, &ledgers, &mut sums)
    });
    let Sums { seasons, received, missing, killed } = sums;
    let said =
        format!("{received} messages, {missing} lost with {killed} killed receivers; seasons: {seasons}");
    (deeds, said)
}

fn season(
    board: &'static Board,
    seed: u64,
    time: Duration,
    ledgers: &[&'static Ledger],
    sums: &mut Sums,
) -> Deeds {
    let yard = Options::new().anonymous().unwrap();
    let make = |(&capacity, &ledger): (&usize, &&'static Ledger)| {
        let pipe = Pipe::create(&yard, &format!("pipe.{capacity}"), PipeOptions { capacity, duplex: false })
            .unwrap();
        Line { pipe, ledger }
    };
    let lines: Vec<Line> = CAPACITIES.iter().zip(ledgers).map(make).collect();
    let mut troop = Troop::new(board, seed);
    let places = 2 * SIDE * lines.len();
    for place in 0..places {
        start(&mut troop, &lines, place);
    }
    let begin = Instant::now();
    let room = |line: &Line| line.ledger.senders.load(SeqCst) < SENDERS as u64 - 100;
    while begin.elapsed() < time && lines.iter().all(room) {
        troop.round(places, |troop, place| {
            replace(troop, &lines, place);
        });
    }
    board.stop.store(1, SeqCst);
    troop.dismiss();
    settle(board, &lines, sums);
    std::mem::take(&mut troop.deeds)
}

/// What came of it, for all seasons together.
#[derive(Default)]
struct Sums {
    seasons: u64,
    received: u64,
    missing: u64,
    killed: u64,
}

/// What was acknowledged has come, but for one message of each receiver that was killed.
fn settle(board: &'static Board, lines: &[Line], sums: &mut Sums) {
    sums.seasons += 1;
    for line in lines {
        let ledger = line.ledger;
        let lost: usize = (1..=ledger.senders.load(SeqCst) as usize)
            .map(|sender| {
                let told = ledger.acknowledged[sender].load(SeqCst) as usize;
                ledger.came[sender][1..=told].iter().filter(|came| came.load(SeqCst) == 0).count()
            })
            .sum();
        let receivers = ledger.lost_receivers.load(SeqCst);
        if lost as u64 > receivers {
            board.fault(Fault::LostRecord, format_args!("{lost} lost with {receivers} receivers"));
        }
        sums.received += ledger.received.load(SeqCst);
        sums.missing += lost as u64;
        sums.killed += receivers;
    }
}
