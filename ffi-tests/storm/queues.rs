//! The queue storm: putters and getters are killed and stopped, and replaced.
//!
//! A message's number counts all of them; everything else in it follows from that number, and from its putter. What a
//! putter was told is put, it writes down beside the yard, and so does a getter what it got. In the end everything that
//! was acknowledged was got, once, or twice and flagged; but for what was in the hands of getters that were killed in a
//! call that gets: at most once, says the queue.
//!
//! Now and then, and before the end, all are killed at once; when what they left has been got, every place and every block of
//! the queue can be used, and others go on with it.

use crate::board::{Board, Dice, Fault, Place, mix, shared, wipe};
use crate::troop::{Deeds, Troop, seasons};
use crate::whole;
use courtyard::{ErrorKind, Options, Queue, QueueOptions, Timeout, Yard};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::SeqCst};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Capacity, the longest message that lies in the queue, bytes for others, and how many all may have: of the two queues of
/// each season in turn.
const SHAPES: [[Shape; 2]; 2] =
    [[(3, LONGEST, 0, 0), (64, LONGEST, 0, 1000)], [(1, LONGEST, 0, 0), (64, 48, 16 << 10, 0)]];

type Shape = (usize, usize, usize, usize);
/// Places of each queue: putters, then getters.
const PUTTERS: usize = 2;
const CREW: usize = 4;
/// After one round of so many all are killed at once.
const ROUNDS: u64 = 20;
const MESSAGES: usize = 1 << 23;
const PUTTERS_MAX: usize = 1 << 14;
const BATCH: usize = 4;
const LONGEST: usize = 112;

const ACKNOWLEDGED: u8 = 1;
const GOT: u8 = 2;

/// Beside the yard, for each queue.
struct Ledger {
    next: AtomicU64,
    messages: [AtomicU8; MESSAGES],
    /// The place's getter is in a call that gets so many.
    hands: [AtomicU64; CREW],
    got: AtomicU64,
    flagged: AtomicU64,
    doubled: AtomicU64,
}

/// The one message that has this number.
fn message(number: u64, putter: u64, sequence: u64) -> Vec<u8> {
    let mut bytes: Vec<u8> = [number, putter, sequence].iter().flat_map(|word| word.to_ne_bytes()).collect();
    let mut dice = Dice::new(number ^ putter << 40 ^ sequence << 20);
    let len = bytes.len() + 8 + dice.below((LONGEST - bytes.len() - 7) as u64) as usize;
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
    queue: &'a Queue,
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
fn try_again(board: &Board, why: &courtyard::Error) {
    if !matches!(why.kind(), ErrorKind::Full | ErrorKind::Empty | ErrorKind::Busy | ErrorKind::Timeout) {
        board.fault(Fault::WrongAnswer, format_args!("the queue answers {why:?}"));
        sleep(Duration::from_millis(1));
    }
}

/// Puts until the queue is shut down.
fn put(post: Post<'_>, putter: u64, mut dice: Dice) {
    let mut sequence = 0;
    let ledger = post.ledger;
    while ledger.next.load(SeqCst) < (MESSAGES - 1000) as u64 {
        let count = if dice.one_in(4) { 1 + dice.below(BATCH as u64) } else { 1 };
        let first = ledger.next.fetch_add(count, SeqCst);
        let row: Vec<Vec<u8>> = (0..count).map(|i| message(first + i, putter, sequence + 1 + i)).collect();
        let timeout = patience(&mut dice);
        match post.place().blocking(|| post.queue.put_many(&row, timeout)) {
            Ok(done) => {
                for n in first..first + done as u64 {
                    ledger.messages[n as usize].fetch_or(ACKNOWLEDGED, SeqCst);
                }
                post.place().done.fetch_add(done as u64, SeqCst);
                sequence += done as u64;
            }
            Err(shut) if shut.kind() == ErrorKind::Shutdown && post.board.stopping() => return,
            Err(why) => try_again(post.board, &why),
        }
        if dice.one_in(64) {
            sleep(dice.micros(300));
        }
    }
}

/// Gets until the queue has ended.
fn get(post: Post<'_>, hand: usize, mut dice: Dice) {
    let hands = &post.ledger.hands[hand];
    // The highest sequence number of each putter that came here unflagged.
    let mut highest = vec![0; PUTTERS_MAX];
    loop {
        let count = if dice.one_in(4) { BATCH } else { 1 };
        let (mut buffer, mut lens) = ([0; BATCH * LONGEST], [0; BATCH]);
        let timeout = patience(&mut dice);
        hands.store(count as u64, SeqCst);
        let got = post.place().blocking(|| post.queue.get_many(&mut buffer, &mut lens[..count], timeout));
        match got {
            Ok(batch) => {
                let mut rest = &buffer[..];
                for len in &lens[..batch.records] {
                    let (bytes, others) = rest.split_at(*len);
                    check(&post, bytes, batch.redelivered, &mut highest);
                    rest = others;
                }
                post.place().done.fetch_add(batch.records as u64, SeqCst);
            }
            Err(end) if end.kind() == ErrorKind::End && post.board.stopping() => return,
            Err(why) => try_again(post.board, &why),
        }
        hands.store(0, SeqCst);
        if dice.one_in(64) {
            sleep(dice.micros(300));
        }
    }
}

fn check(post: &Post<'_>, bytes: &[u8], flagged: bool, highest: &mut [u64]) {
    let (board, ledger) = (post.board, post.ledger);
    let words: Vec<u64> =
        bytes.chunks_exact(8).take(3).map(|word| u64::from_ne_bytes(word.try_into().unwrap())).collect();
    let [number, putter, sequence] = words[..] else {
        return board.fault(Fault::Torn, format_args!("a message of {} bytes", bytes.len()));
    };
    if message(number, putter, sequence) != bytes || number as usize >= MESSAGES {
        return board.fault(Fault::Torn, format_args!("message {number}, putter {putter}, {sequence}"));
    }
    let before = ledger.messages[number as usize].fetch_or(GOT, SeqCst);
    ledger.flagged.fetch_add(u64::from(flagged), SeqCst);
    if before & GOT != 0 {
        // A queue that delivers at most once never does that; and a flag would not excuse it.
        ledger.doubled.fetch_add(1, SeqCst);
        board.fault(Fault::Unflagged, format_args!("message {number} came twice"));
    }
    ledger.got.fetch_add(1, SeqCst);
    let highest = &mut highest[putter as usize % PUTTERS_MAX];
    if !flagged && sequence <= *highest {
        board.fault(Fault::Unflagged, format_args!("putter {putter}: {sequence} after {highest}"));
    }
    *highest = sequence.max(*highest);
}

/// One queue, and who works at it.
struct Line {
    queue: Queue,
    ledger: &'static Ledger,
    putters: u64,
    /// How many messages were, or may have been, in hand of getters that were killed.
    in_hand: u64,
}

impl Line {
    fn has_room(&self) -> bool {
        let left = MESSAGES as u64 - self.ledger.next.load(SeqCst).min(MESSAGES as u64);
        left > (MESSAGES / 8) as u64 && self.putters < (PUTTERS_MAX - 100) as u64
    }
}

fn start(troop: &mut Troop, lines: &mut [Line], place: usize) {
    let board = troop.board;
    let (line, hand) = (&mut lines[place / CREW], place % CREW);
    let post = Post { board, ledger: line.ledger, queue: &line.queue, place };
    if hand < PUTTERS {
        line.putters += 1;
        let putter = line.putters;
        troop.start(place, |dice| put(post, putter, dice));
    } else {
        line.ledger.hands[hand].store(0, SeqCst);
        troop.start(place, |dice| get(post, hand, dice));
    }
}

fn replace(troop: &mut Troop, lines: &mut [Line], place: usize) {
    let Some(pid) = troop.strike(place) else { return };
    troop.bury(pid);
    let line = &mut lines[place / CREW];
    line.in_hand += line.ledger.hands[place % CREW].load(SeqCst);
    if troop.dice.one_in(2) {
        sleep(troop.dice.micros(3000));
    }
    start(troop, lines, place);
    troop.deeds.takeovers += 1;
}

/// The storm. Returns what was done and a sentence about what came of it.
///
/// It has as many seasons as it takes, and at least one of each shape: each ends when its time is up or a ledger is full.
pub fn storm(board: &'static Board, seed: u64, time: Duration) -> (Deeds, String) {
    // SAFETY: atomics.
    let ledgers = SHAPES[0].map(|_| unsafe { shared::<Ledger>() });
    let mut sums = Sums::default();
    let deeds = seasons(board, time, SHAPES.len() as u64, time / SHAPES.len() as u32, |number, time| {
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
    let make = |(&(capacity, inline_max, block_bytes, max_bytes), &ledger): (&Shape, &&'static Ledger)| {
        let options =
            QueueOptions { capacity, inline_max, block_bytes, max_bytes, ..QueueOptions::default() };
        let queue = Queue::create(&yard, &format!("queue.{capacity}"), options).unwrap();
        Line { queue, ledger, putters: 0, in_hand: 0 }
    };
    let shapes = &SHAPES[sums.seasons as usize % SHAPES.len()];
    let mut lines: Vec<Line> = shapes.iter().zip(ledgers).map(make).collect();
    let mut troop = Troop::new(board, seed);
    let places = CREW * lines.len();
    for place in 0..places {
        start(&mut troop, &mut lines, place);
    }
    let begin = Instant::now();
    while troop.goes_on(begin, time) && lines.iter().all(Line::has_room) {
        troop.round(places, |troop, place| replace(troop, &mut lines, place));
        if troop.dice.one_in(ROUNDS) {
            all_at_once(&mut troop, &yard, &mut lines, sums);
        }
    }
    all_at_once(&mut troop, &yard, &mut lines, sums);
    troop.calm(0..places);
    board.stop.store(1, SeqCst);
    lines.iter().for_each(|line| line.queue.shutdown(false));
    troop.dismiss();
    yard.sweep();
    settle(board, &lines, sums);
    std::mem::take(&mut troop.deeds)
}

/// Kills everybody; others go on with what is there then.
fn all_at_once(troop: &mut Troop, yard: &Yard, lines: &mut [Line], sums: &mut Sums) {
    let places = CREW * lines.len();
    troop.strike_all(0..places);
    yard.sweep();
    for (at, line) in lines.iter_mut().enumerate() {
        sums.left += clear(troop.board, line, at);
    }
    (0..places).for_each(|place| start(troop, lines, place));
}

/// Gets what all left who worked at the queue and are dead; then it is whole. How many messages that were.
fn clear(board: &'static Board, line: &mut Line, at: usize) -> u64 {
    line.in_hand += line.ledger.hands.iter().map(|hand| hand.swap(0, SeqCst)).sum::<u64>();
    let post = Post { board, ledger: line.ledger, queue: &line.queue, place: at * CREW };
    let (mut left, mut highest) = (0, vec![0; PUTTERS_MAX]);
    while let Ok((bytes, received)) = line.queue.get_vec(Timeout::Try) {
        check(&post, &bytes, received.redelivered, &mut highest);
        left += 1;
    }
    whole::check(board, &line.queue);
    left
}

/// What came of it, for all seasons together.
#[derive(Default)]
struct Sums {
    seasons: u64,
    acknowledged: u64,
    got: u64,
    flagged: u64,
    doubled: u64,
    lost: u64,
    in_hand: u64,
    /// Got by nobody who worked there.
    left: u64,
    /// Blocks that were taken.
    blocks: u64,
}

impl std::fmt::Display for Sums {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Sums { seasons, acknowledged, got, flagged, doubled, lost, in_hand, left, blocks } = self;
        write!(
            f,
            "{acknowledged} acknowledged, {got} got, {flagged} flagged, {doubled} doubled, {lost} gone with getters \
             that were killed with up to {in_hand} in hand; {left} left when all were killed; {blocks} blocks; \
             seasons: {seasons}"
        )
    }
}

/// What was acknowledged was got, but for what was in the hands of the dead.
fn settle(board: &'static Board, lines: &[Line], sums: &mut Sums) {
    sums.seasons += 1;
    for line in lines {
        let ledger = line.ledger;
        let all = &ledger.messages[..ledger.next.load(SeqCst) as usize];
        let count = |has: fn(u8) -> bool| all.iter().filter(|m| has(m.load(SeqCst))).count() as u64;
        let missing = count(|m| m == ACKNOWLEDGED);
        if missing > line.in_hand {
            let what = format_args!("{missing} are missing, {} were in hand of the dead", line.in_hand);
            board.fault(Fault::LostRecord, what);
        }
        if !line.queue.is_empty() {
            board.fault(Fault::LostRecord, format_args!("after the end there is {:?}", line.queue));
        }
        let blocks = line.queue.blocks().map(courtyard::Blocks::usage).unwrap_or_default();
        if blocks.iter().any(|class| class.free != class.count) {
            board.fault(Fault::LostRecord, format_args!("blocks of no message: {blocks:?}"));
        }
        sums.blocks += blocks.iter().map(|class| class.taken).sum::<u64>();
        sums.acknowledged += count(|m| m & ACKNOWLEDGED != 0);
        sums.lost += missing;
        sums.in_hand += line.in_hand;
        sums.got += ledger.got.load(SeqCst);
        sums.flagged += ledger.flagged.load(SeqCst);
        sums.doubled += ledger.doubled.load(SeqCst);
    }
}
