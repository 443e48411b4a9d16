//! The ring storm: senders and receivers are killed and stopped, and replaced.
//!
//! A record's number is `sender << 32 | sequence`, with a new sender number for each process that takes the sending
//! end; everything else in it follows from that number. What a sender was told is sent, it writes down beside the
//! yard. The receivers, each going on where the last one was, check what comes: whole, in order, nothing missing that
//! was acknowledged, nothing twice unless it is flagged.

use crate::board::{Board, Dice, Fault, Place, mix, shared};
use crate::troop::{Deeds, Troop};
use courtyard::{ErrorKind, Options, Receiver, Ring, RingOptions, Sender, Strategy, Timeout};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread::sleep;
use std::time::{Duration, Instant};

const CAPACITIES: [usize; 2] = [512, 32 << 10];
const SENDERS: usize = 1 << 16;
const BATCH: u64 = 4;
/// The longest record; it fits into the smallest ring.
const LONGEST: usize = 240;

/// Beside the yard, for each ring.
struct Ledger {
    /// The highest sequence number that each sender was told is sent.
    acknowledged: [AtomicU64; SENDERS],
    /// The last record that was received: its number.
    last: AtomicU64,
    received: AtomicU64,
    redelivered: AtomicU64,
    doubled: AtomicU64,
}

fn sender_of(number: u64) -> usize {
    (number >> 32) as usize
}

fn sequence_of(number: u64) -> u64 {
    number & 0xffff_ffff
}

/// The one record that has this number.
fn record(number: u64) -> Vec<u8> {
    let mut dice = Dice::new(number);
    let len = 8 + dice.below((LONGEST - 8 + 1) as u64) as usize;
    let mut bytes = number.to_ne_bytes().to_vec();
    while bytes.len() < len {
        bytes.extend_from_slice(&mix(dice.next()).to_ne_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// What both sides know.
#[derive(Clone, Copy)]
struct Post<'a> {
    board: &'static Board,
    ledger: &'static Ledger,
    ring: &'a Ring,
    place: usize,
}

impl Post<'_> {
    fn place(&self) -> &'static Place {
        &self.board.places[self.place]
    }

    /// A predecessor may be dying just now.
    fn take<T>(&self, take: impl Fn(Strategy) -> courtyard::Result<T>, dice: &mut Dice) -> T {
        let strategy = [Strategy::Block, Strategy::Block, Strategy::Adaptive][dice.below(3) as usize];
        for _ in 0..20_000 {
            match take(strategy) {
                Ok(end) => return end,
                Err(busy) if busy.kind() == ErrorKind::Busy => sleep(Duration::from_micros(100)),
                Err(other) => panic!("taking an end: {other:?}"),
            }
        }
        panic!("an end stays busy")
    }
}

/// Whether to try again after a call that did not succeed; the other end may be on its way.
fn try_again(why: &courtyard::Error) {
    match why.kind() {
        ErrorKind::Full | ErrorKind::Empty => {}
        ErrorKind::PeerDied | ErrorKind::PeerClosed => sleep(Duration::from_micros(100)),
        _ => panic!("the ring answers {why:?}"),
    }
}

fn patience(dice: &mut Dice) -> Timeout {
    match dice.below(4) {
        0 => Timeout::Try,
        1 => Timeout::For(dice.micros(5000)),
        _ => Timeout::Forever,
    }
}

/// Sends until it is told to stop, and then closes the ring.
fn send(post: Post<'_>, sender: usize, mut dice: Dice) {
    let mut end = post.take(|strategy| post.ring.sender(strategy), &mut dice);
    let mut sequence = 0;
    while !post.board.stopping() {
        if dice.one_in(500) {
            drop(end);
            end = post.take(|strategy| post.ring.sender(strategy), &mut dice);
        }
        let next = ((sender as u64) << 32) | (sequence + 1);
        match post.place().blocking(|| send_some(&mut end, next, &mut dice)) {
            Ok(sent) => {
                sequence += sent;
                post.ledger.acknowledged[sender].store(sequence, SeqCst);
                post.place().done.fetch_add(sent, SeqCst);
            }
            Err(why) => try_again(&why),
        }
        if dice.one_in(64) {
            sleep(dice.micros(300));
        }
    }
}

/// Sends the record `number` and perhaps some more; returns how many.
fn send_some(end: &mut Sender, number: u64, dice: &mut Dice) -> courtyard::Result<u64> {
    let timeout = patience(dice);
    match dice.below(4) {
        0 => {
            let records: Vec<Vec<u8>> = (number..number + BATCH).map(record).collect();
            Ok(end.send_batch(&records, timeout)? as u64)
        }
        1 => {
            let bytes = record(number);
            let mut room = end.reserve(LONGEST, timeout)?;
            room.write(0, &bytes)?;
            if dice.one_in(8) {
                return Ok(0);
            }
            room.commit(bytes.len())?;
            Ok(1)
        }
        _ => end.send(&record(number), timeout).map(|()| 1),
    }
}

/// Receives until the sender has closed for good.
fn receive(post: Post<'_>, is_first: bool, mut dice: Dice) {
    let mut end = post.take(|strategy| post.ring.receiver(strategy), &mut dice);
    // The number of a record that this process has seen and not released.
    let mut kept = None;
    loop {
        if kept.is_none() && dice.one_in(500) {
            drop(end);
            end = post.take(|strategy| post.ring.receiver(strategy), &mut dice);
        }
        match receive_one(&post, &mut end, is_first, &mut kept, &mut dice) {
            Ok(()) => {
                post.place().done.fetch_add(1, SeqCst);
            }
            Err(closed) if closed.kind() == ErrorKind::PeerClosed && post.board.stopping() => return,
            Err(why) => try_again(&why),
        }
        if dice.one_in(64) {
            sleep(dice.micros(300));
        }
    }
}

fn receive_one(
    post: &Post<'_>,
    end: &mut Receiver,
    is_first: bool,
    kept: &mut Option<u64>,
    dice: &mut Dice,
) -> courtyard::Result<()> {
    let timeout = patience(dice);
    let found = post.place().blocking(|| end.peek(timeout))?;
    let mut bytes = vec![0; found.len()];
    found.copy_to(&mut bytes)?;
    let flagged = found.redelivered();
    if flagged && is_first {
        post.board.fault(Fault::Unflagged, format_args!("flagged, and nobody has died"));
    }
    let number = whole(post.board, &bytes);
    if let Some(number) = number {
        check(post, number, flagged, *kept == Some(number));
    }
    *kept = number.filter(|_| dice.one_in(16));
    if kept.is_none() {
        found.release();
    }
    Ok(())
}

/// The number of a record that is as it was sent.
fn whole(board: &Board, bytes: &[u8]) -> Option<u64> {
    let number = bytes.first_chunk().map(|head| u64::from_ne_bytes(*head));
    let whole = number.filter(|&number| record(number) == bytes);
    if whole.is_none() {
        board.fault(Fault::Torn, format_args!("a record of {} bytes, number {number:x?}", bytes.len()));
    }
    whole
}

/// Compares with the last record received. `kept`: this process has not released it and must get it again.
fn check(post: &Post<'_>, number: u64, flagged: bool, kept: bool) {
    let ledger = post.ledger;
    let last = ledger.last.load(SeqCst);
    ledger.redelivered.fetch_add(u64::from(flagged && !kept), SeqCst);
    if number <= last {
        ledger.doubled.fetch_add(u64::from(!kept), SeqCst);
        if !flagged && !kept {
            post.board.fault(Fault::Unflagged, format_args!("{number:x} after {last:x}, not flagged"));
        }
        return;
    }
    if sender_of(number) == sender_of(last) {
        if sequence_of(number) != sequence_of(last) + 1 {
            post.board.fault(Fault::LostRecord, format_args!("{number:x} comes after {last:x}"));
        }
    } else {
        check_change(post, last, number);
    }
    ledger.last.store(number, SeqCst);
    ledger.received.fetch_add(1, SeqCst);
}

/// Another sender begins: whatever the ones before it were told is sent has come.
fn check_change(post: &Post<'_>, last: u64, number: u64) {
    if sequence_of(number) != 1 {
        post.board.fault(Fault::LostRecord, format_args!("{number:x} is the first of its sender"));
    }
    for sender in sender_of(last)..sender_of(number) {
        let came = if sender == sender_of(last) { sequence_of(last) } else { 0 };
        let told = post.ledger.acknowledged[sender].load(SeqCst);
        if told > came || came > told + BATCH {
            let what = format_args!("sender {sender} was told that {told} are sent, {came} came");
            post.board.fault(Fault::LostRecord, what);
        }
    }
}

/// One ring, and who works at it.
struct Line {
    ring: Ring,
    ledger: &'static Ledger,
    senders: usize,
    receivers: usize,
}

const SENDS: usize = 0;

/// Forks a process for an end: even places send, odd ones receive.
fn start(troop: &mut Troop, lines: &mut [Line], place: usize) {
    let board = troop.board;
    let line = &mut lines[place / 2];
    if place % 2 == SENDS {
        line.senders += 1;
        let (post, sender) = (Post { board, ledger: line.ledger, ring: &line.ring, place }, line.senders);
        troop.start(place, |dice| send(post, sender, dice));
    } else {
        line.receivers += 1;
        let post = Post { board, ledger: line.ledger, ring: &line.ring, place };
        let is_first = line.receivers == 1;
        troop.start(place, |dice| receive(post, is_first, dice));
    }
}

/// Kills who has an end; the successor may be at the door before he is quite dead.
fn replace(troop: &mut Troop, lines: &mut [Line], place: usize) {
    let Some(pid) = troop.strike(place) else { return };
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
pub fn storm(board: &'static Board, seed: u64, time: Duration) -> (Deeds, String) {
    let yard = Options::new().anonymous().unwrap();
    let make = |&capacity: &usize| {
        let options = RingOptions { capacity, ..RingOptions::default() };
        let ring = Ring::create(&yard, &format!("ring.{capacity}"), options).unwrap();
        // SAFETY: atomics.
        Line { ring, ledger: unsafe { shared() }, senders: 0, receivers: 0 }
    };
    let mut lines: Vec<Line> = CAPACITIES.iter().map(make).collect();
    let mut troop = Troop::new(board, seed);
    let places = 2 * lines.len();
    for place in 0..places {
        start(&mut troop, &mut lines, place);
    }
    let begin = Instant::now();
    while troop.goes_on(begin, time) && lines.iter().all(|line| line.senders < SENDERS - 100) {
        troop.round(places, |troop, place| {
            replace(troop, &mut lines, place);
        });
    }
    board.stop.store(1, SeqCst);
    troop.dismiss();
    (std::mem::take(&mut troop.deeds), settle(board, &lines))
}

/// What the last senders were told is sent has come too.
fn settle(board: &'static Board, lines: &[Line]) -> String {
    for line in lines {
        let post = Post { board, ledger: line.ledger, ring: &line.ring, place: 0 };
        let next = ((line.senders as u64 + 1) << 32) | 1;
        check_change(&post, line.ledger.last.load(SeqCst), next);
    }
    let sum = |of: fn(&Ledger) -> &AtomicU64| lines.iter().map(|l| of(l.ledger).load(SeqCst)).sum::<u64>();
    let (received, flagged, doubled) = (sum(|l| &l.received), sum(|l| &l.redelivered), sum(|l| &l.doubled));
    format!("{received} records, {flagged} flagged, {doubled} seen twice")
}
