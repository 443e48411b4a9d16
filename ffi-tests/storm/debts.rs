//! The storm of what is owed: getters that acknowledge are killed and stopped, and replaced; so are putters.
//!
//! A message's number counts all of them. What a putter was told is put, it writes down beside the yard; a getter writes
//! down what it got, and what it was told is acknowledged. In the end everything that was put was acknowledged, by
//! somebody who had got it: at least once. Nothing comes after it was acknowledged, and what comes again is flagged. A
//! death in the middle of an acknowledgement leaves either.
//!
//! Now and then, and before the end, all are killed at once; when what they left has been acknowledged, every place of the
//! queue can be used, and of what is owed, and every block, and others go on with it.

use crate::board::{Board, Dice, Fault, Place, shared, wipe};
use crate::troop::{Deeds, Troop, seasons};
use crate::whole;
use courtyard::{ErrorKind, Options, Queue, QueueOptions, Timeout, Yard};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::SeqCst};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Capacity, and how many may be owed.
const SHAPES: [(usize, usize); 2] = [(3, 2), (64, 16)];
/// Places of each queue: a putter, then getters.
const PUTTERS: usize = 1;
const CREW: usize = 4;
/// After one round of so many all are killed at once.
const ROUNDS: u64 = 20;
const MESSAGES: usize = 1 << 22;
const LONGEST: usize = 300;

const PUT: u8 = 1;
const GOT: u8 = 2;
/// Somebody is about to be told that it is acknowledged.
const ENDING: u8 = 4;
const DONE: u8 = 8;

/// Beside the yard, for each queue.
struct Ledger {
    next: AtomicU64,
    messages: [AtomicU8; MESSAGES],
    got: AtomicU64,
    flagged: AtomicU64,
    given_back: AtomicU64,
}

/// The one message that has this number: some lie in blocks.
pub fn message(number: u64) -> Vec<u8> {
    let mut dice = Dice::new(number);
    let len = if dice.one_in(4) { 8 + dice.below(LONGEST as u64 - 8) as usize } else { 8 };
    let mut bytes = number.to_ne_bytes().to_vec();
    while bytes.len() < len {
        bytes.extend_from_slice(&dice.next().to_ne_bytes());
    }
    bytes.truncate(len);
    bytes
}

#[derive(Clone, Copy)]
struct Post<'a> {
    board: &'static Board,
    ledger: &'static Ledger,
    queue: &'a Queue,
    place: usize,
}

impl Post<'_> {
    fn place(&self) -> &'static Place {
        &self.board.places[self.place]
    }

    fn patience(dice: &mut Dice) -> Timeout {
        match dice.below(4) {
            0 => Timeout::Try,
            1 => Timeout::For(dice.micros(5000)),
            _ => Timeout::Forever,
        }
    }

    /// Whether to try again after a call that did not succeed.
    fn try_again(&self, why: &courtyard::Error) {
        if !matches!(why.kind(), ErrorKind::Full | ErrorKind::Empty | ErrorKind::Busy | ErrorKind::Timeout) {
            self.board.fault(Fault::WrongAnswer, format_args!("the queue answers {why:?}"));
            sleep(Duration::from_millis(1));
        }
    }
}

/// Puts until the queue is shut down.
fn put(post: Post<'_>, mut dice: Dice) {
    while post.ledger.next.load(SeqCst) < (MESSAGES - 1000) as u64 {
        let number = post.ledger.next.fetch_add(1, SeqCst);
        let timeout = Post::patience(&mut dice);
        match post.place().blocking(|| post.queue.put(&message(number), timeout)) {
            Ok(()) => {
                post.ledger.messages[number as usize].fetch_or(PUT, SeqCst);
                post.place().done.fetch_add(1, SeqCst);
            }
            Err(shut) if shut.kind() == ErrorKind::Shutdown && post.board.stopping() => return,
            Err(why) => post.try_again(&why),
        }
    }
}

/// Gets and acknowledges until the queue has ended; gives back some, and keeps some for a while.
fn get(post: Post<'_>, mut dice: Dice) {
    let mut kept: Vec<(u64, u64)> = Vec::new();
    loop {
        let timeout = if kept.is_empty() { Post::patience(&mut dice) } else { Timeout::Try };
        match post.place().blocking(|| post.queue.get_ack_vec(timeout)) {
            Ok((bytes, owed)) => {
                if let Some(number) = check(&post, &bytes, owed.received.redelivered) {
                    kept.push((number, owed.ticket));
                }
                post.place().done.fetch_add(1, SeqCst);
            }
            Err(end) if end.kind() == ErrorKind::End && post.board.stopping() => {
                kept.drain(..).for_each(|(number, ticket)| done(&post, number, ticket));
                return;
            }
            Err(why) => {
                kept.drain(..).for_each(|(number, ticket)| done(&post, number, ticket));
                post.try_again(&why);
            }
        }
        if dice.one_in(32) {
            sleep(dice.micros(2000)); // the work
        }
        if dice.one_in(3) {
            continue; // some more first
        }
        for (number, ticket) in kept.drain(..) {
            if dice.one_in(10) {
                if let Err(why) = post.queue.put_back(ticket) {
                    post.board.fault(Fault::WrongAnswer, format_args!("giving {number} back: {why:?}"));
                }
                post.ledger.given_back.fetch_add(1, SeqCst);
            } else {
                done(&post, number, ticket);
            }
        }
    }
}

fn done(post: &Post<'_>, number: u64, ticket: u64) {
    let entry = &post.ledger.messages[number as usize];
    entry.fetch_or(ENDING, SeqCst);
    if let Err(why) = post.queue.done(ticket) {
        post.board.fault(Fault::WrongAnswer, format_args!("acknowledging {number}: {why:?}"));
    }
    if entry.fetch_or(DONE, SeqCst) & DONE != 0 {
        post.board.fault(Fault::Unflagged, format_args!("message {number} was acknowledged twice"));
    }
}

fn check(post: &Post<'_>, bytes: &[u8], flagged: bool) -> Option<u64> {
    let (board, ledger) = (post.board, post.ledger);
    let number = bytes.get(..8).map(|word| u64::from_ne_bytes(word.try_into().unwrap()));
    let Some(number) = number.filter(|&n| (n as usize) < MESSAGES && message(n) == bytes) else {
        board.fault(Fault::Torn, format_args!("a message of {} bytes", bytes.len()));
        return None;
    };
    let before = ledger.messages[number as usize].fetch_or(GOT, SeqCst);
    if before & DONE != 0 {
        board.fault(Fault::Unflagged, format_args!("message {number} comes after it was acknowledged"));
    }
    if before & GOT != 0 && !flagged {
        board.fault(Fault::Unflagged, format_args!("message {number} comes again without a flag"));
    }
    ledger.got.fetch_add(1, SeqCst);
    ledger.flagged.fetch_add(u64::from(flagged), SeqCst);
    Some(number)
}

/// One queue, and who works at it.
struct Line {
    queue: Queue,
    ledger: &'static Ledger,
}

fn start(troop: &mut Troop, lines: &[Line], place: usize) {
    let board = troop.board;
    let line = &lines[place / CREW];
    let post = Post { board, ledger: line.ledger, queue: &line.queue, place };
    if place % CREW < PUTTERS {
        troop.start(place, |dice| put(post, dice));
    } else {
        troop.start(place, |dice| get(post, dice));
    }
}

fn replace(troop: &mut Troop, lines: &[Line], place: usize) {
    let Some(pid) = troop.strike(place) else { return };
    troop.bury(pid);
    if troop.dice.one_in(2) {
        sleep(troop.dice.micros(3000));
    }
    start(troop, lines, place);
    troop.deeds.takeovers += 1;
}

/// The storm. Returns what was done and a sentence about what came of it.
///
/// It has as many seasons as it takes: each ends when its time is up or a ledger is full.
pub fn storm(board: &'static Board, seed: u64, time: Duration) -> (Deeds, String) {
    // SAFETY: atomics.
    let ledgers = SHAPES.map(|_| unsafe { shared::<Ledger>() });
    let mut sums = Sums::default();
    let deeds = seasons(board, time, 1, Duration::MAX, |number, time| {
        ledgers.iter().for_each(|ledger| wipe(*ledger));
        season(board, seed.wrapping_add(number), time, &ledgers, &mut sums)
    });
    (deeds, sums.to_string())
}

fn season(
    board: &'static Board,
    seed: u64,
    time: Duration,
    ledgers: &[&'static Ledger],
    sums: &mut Sums,
) -> Deeds {
    let yard = Options::new().anonymous().unwrap();
    let make = |(&(capacity, unacked), &ledger): (&(usize, usize), &&'static Ledger)| {
        let options = QueueOptions { capacity, unacked, block_bytes: 128 << 10, ..QueueOptions::default() };
        let queue = Queue::create(&yard, &format!("queue.{capacity}"), options).unwrap();
        Line { queue, ledger }
    };
    let lines: Vec<Line> = SHAPES.iter().zip(ledgers).map(make).collect();
    let mut troop = Troop::new(board, seed);
    let places = CREW * lines.len();
    (0..places).for_each(|place| start(&mut troop, &lines, place));
    let has_room = |line: &Line| line.ledger.next.load(SeqCst) < (MESSAGES / 8 * 7) as u64;
    let begin = Instant::now();
    while begin.elapsed() < time && lines.iter().all(has_room) {
        troop.round(places, |troop, place| {
            replace(troop, &lines, place);
        });
        if troop.dice.one_in(ROUNDS) {
            all_at_once(&mut troop, &yard, &lines, sums);
        }
    }
    all_at_once(&mut troop, &yard, &lines, sums);
    troop.calm(0..places);
    board.stop.store(1, SeqCst);
    lines.iter().for_each(|line| line.queue.shutdown(false));
    troop.dismiss();
    settle(board, &lines, sums);
    std::mem::take(&mut troop.deeds)
}

/// What came of it, for all seasons together.
#[derive(Default)]
struct Sums {
    seasons: u64,
    put: u64,
    done: u64,
    ending: u64,
    got: u64,
    flagged: u64,
    back: u64,
    left: u64,
}

impl std::fmt::Display for Sums {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Sums { seasons, put, done, ending, got, flagged, back, left } = self;
        write!(
            f,
            "{put} put, {done} acknowledged, {ending} more by who was killed in it, {got} got, {flagged} flagged, {back} \
             given back, {left} when all were dead, or had been told the end; seasons: {seasons}"
        )
    }
}

/// Kills everybody; others go on with what is there then.
fn all_at_once(troop: &mut Troop, yard: &Yard, lines: &[Line], sums: &mut Sums) {
    let places = CREW * lines.len();
    troop.strike_all(0..places);
    yard.sweep();
    for (at, line) in lines.iter().enumerate() {
        clear(troop.board, line, at, sums, Timeout::Try);
        whole::check(troop.board, &line.queue);
    }
    (0..places).for_each(|place| start(troop, lines, place));
}

/// Gets and acknowledges what is there.
fn clear(board: &'static Board, line: &Line, at: usize, sums: &mut Sums, timeout: Timeout) {
    let post = Post { board, ledger: line.ledger, queue: &line.queue, place: CREW * at + PUTTERS };
    while let Ok((bytes, owed)) = line.queue.get_ack_vec(timeout) {
        if let Some(number) = check(&post, &bytes, owed.received.redelivered) {
            self::done(&post, number, owed.ticket);
            sums.left += 1;
        }
    }
}

/// What was put was acknowledged, or is still there.
fn settle(board: &'static Board, lines: &[Line], sums: &mut Sums) {
    sums.seasons += 1;
    for (at, line) in lines.iter().enumerate() {
        // What came back after the others had been told the end.
        clear(board, line, at, sums, Timeout::For(Duration::from_millis(500)));
        if line.queue.join(Timeout::Try).is_err() || line.queue.unfinished() > 0 {
            board.fault(Fault::LostRecord, format_args!("after the end there is {:?}", line.queue));
        }
        for (number, entry) in
            line.ledger.messages[..line.ledger.next.load(SeqCst) as usize].iter().enumerate()
        {
            let seen = entry.load(SeqCst);
            if seen & PUT != 0 && seen & (ENDING | DONE) == 0 {
                board.fault(
                    Fault::LostRecord,
                    format_args!("message {number} was never acknowledged: {seen:b}"),
                );
            }
            sums.put += u64::from(seen & PUT != 0);
            sums.done += u64::from(seen & DONE != 0);
            sums.ending += u64::from(seen & (ENDING | DONE) == ENDING);
        }
        sums.got += line.ledger.got.load(SeqCst);
        sums.flagged += line.ledger.flagged.load(SeqCst);
        sums.back += line.ledger.given_back.load(SeqCst);
    }
}
