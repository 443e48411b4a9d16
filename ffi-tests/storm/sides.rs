//! The storm of sides: producers and consumers that have said so are killed and stopped, and replaced; now and then all of
//! a side go, and nobody comes for a while.
//!
//! While one of a side is there, nobody of the other side is told that none is. The supervisor knows of one at each instant:
//! before the *steady* one of a side is killed another has been forked by somebody who is of that side, and so is one of
//! it from its birth on, before it has run at all. When none is left everybody of the other side is told in time; then
//! everything that was put has been got, and, where that is asked for, acknowledged, but for what was in the hands of
//! the dead in a queue that delivers at most once. And now and then all are killed at once, and the queue must be whole.

use crate::board::{Board, Dice, Fault, LIMIT, Place, shared, wipe};
use crate::debts::message;
use crate::troop::{Deeds, Troop, seasons};
use crate::whole;
use courtyard::{ErrorKind, Options, Queue, QueueOptions, QueuePart, QueueSide, Timeout, Yard};
use std::ops::Range;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Capacity, and how many may be owed.
const SHAPES: [(usize, usize); 2] = [(3, 0), (16, 6)];
/// Places of each queue: producers, then consumers.
const SIDE: usize = 2;
const CREW: usize = 2 * SIDE;
/// After one round of so many all are killed at once.
const ROUNDS: u64 = 20;
const SIDES: [QueueSide; 2] = [QueueSide::Producers, QueueSide::Consumers];
const MESSAGES: usize = 1 << 20;

const PUT: u8 = 1;
const GOT: u8 = 2;
/// Its consumer is about to acknowledge it.
const ENDING: u8 = 4;
/// Acknowledged, or got where that is all.
const DONE: u8 = 8;

/// What the answer of a place says: nothing, or how the other side went.
const CLOSED: u32 = 1;
const DIED: u32 = 2;

/// Beside the yard, for each queue.
struct Ledger {
    next: AtomicU64,
    messages: [AtomicU8; MESSAGES],
    /// For each side: even while one of it is surely there. Counts on when that may end, and when it is so again.
    epochs: [AtomicU64; 2],
    /// For each side: whether all of it are asked to leave.
    leave: [AtomicU32; 2],
    /// The place's consumer is in a call that gets.
    hands: [AtomicU64; CREW],
    got: AtomicU64,
    flagged: AtomicU64,
}

#[derive(Clone, Copy)]
struct Post<'a> {
    board: &'static Board,
    ledger: &'static Ledger,
    queue: &'a Queue,
    side: QueueSide,
    place: usize,
    /// It is of its side until it is asked to leave.
    steady: bool,
}

impl Post<'_> {
    fn place(&self) -> &'static Place {
        &self.board.places[self.place]
    }

    fn hand(&self) -> &'static AtomicU64 {
        &self.ledger.hands[self.place % CREW]
    }

    fn is_to_leave(&self) -> bool {
        self.ledger.leave[self.side as usize].load(SeqCst) != 0
    }

    /// Who is not steady comes and goes.
    fn wander(&self, part: &mut Option<QueuePart>, dice: &mut Dice) {
        if part.is_none() && (self.steady || dice.one_in(4)) {
            *part = Some(take_part(self.queue, self.side));
            self.place().ready.store(1, SeqCst);
        } else if !self.steady && dice.one_in(100) {
            *part = None;
        }
    }

    /// Makes a call, and judges what it is told of the other side; whether that is why it failed.
    fn call<T>(&self, call: impl FnOnce() -> courtyard::Result<T>) -> Result<T, bool> {
        let epoch = &self.ledger.epochs[1 - self.side as usize];
        let before = epoch.load(SeqCst);
        let why = match self.place().blocking(call) {
            Ok(done) => return Ok(done),
            Err(why) => why.kind(),
        };
        let (after, place) = (epoch.load(SeqCst), self.place());
        let answer = match why {
            ErrorKind::PeerClosed => CLOSED,
            ErrorKind::PeerDied => DIED,
            ErrorKind::Full | ErrorKind::Empty | ErrorKind::Busy | ErrorKind::Timeout => return Err(false),
            _ => {
                self.board.fault(Fault::WrongAnswer, format_args!("the queue answers {why:?}"));
                return Err(false);
            }
        };
        if before == after && before.is_multiple_of(2) {
            let side = self.side;
            self.board.fault(
                Fault::WrongAnswer,
                format_args!("{why:?} to one of {side:?} in epoch {before}: the other side is there"),
            );
        } else if before == after {
            place.answer.store(answer, SeqCst);
            place.answered.store(after, SeqCst);
        }
        Err(true)
    }
}

fn take_part(queue: &Queue, side: QueueSide) -> QueuePart {
    let part = if side == QueueSide::Producers { queue.producer() } else { queue.consumer() };
    part.unwrap()
}

fn patience(dice: &mut Dice) -> Timeout {
    match dice.below(4) {
        0 => Timeout::Try,
        1 => Timeout::For(dice.micros(5000)),
        _ => Timeout::Forever,
    }
}

/// Puts until it is to leave, or the season is over.
fn put(post: Post<'_>, mut part: Option<QueuePart>, mut dice: Dice) {
    let ledger = post.ledger;
    while !post.board.stopping() && !post.is_to_leave() {
        post.wander(&mut part, &mut dice);
        let number = ledger.next.fetch_add(1, SeqCst);
        if number >= MESSAGES as u64 {
            sleep(Duration::from_millis(1)); // who is steady stays until the season is over
            continue;
        }
        let (message, timeout) = (message(number), patience(&mut dice));
        match post.call(|| post.queue.put(&message, timeout)) {
            Ok(()) => {
                ledger.messages[number as usize].fetch_or(PUT, SeqCst);
                post.place().done.fetch_add(1, SeqCst);
            }
            Err(true) => sleep(Duration::from_micros(200)),
            Err(false) => {}
        }
    }
}

/// Gets until it is to leave, or nobody puts and the season is over.
fn get(post: Post<'_>, mut part: Option<QueuePart>, mut dice: Dice) {
    let mut kept = Vec::new();
    let owes = post.queue.options().unacked != 0;
    while !post.is_to_leave() {
        post.wander(&mut part, &mut dice);
        let timeout = if kept.is_empty() { patience(&mut dice) } else { Timeout::Try };
        post.hand().store(1, SeqCst);
        let got = post.call(|| {
            if owes {
                return post
                    .queue
                    .get_ack_vec(timeout)
                    .map(|(bytes, debt)| (bytes, debt.received, debt.ticket));
            }
            post.queue.get_vec(timeout).map(|(bytes, received)| (bytes, received, 0))
        });
        let nobody = matches!(got, Err(true));
        let found = got.is_ok();
        if let Ok((bytes, received, ticket)) = got {
            check(&post, &bytes, received.redelivered, owes).into_iter().for_each(|n| kept.push((n, ticket)));
            post.place().done.fetch_add(1, SeqCst);
        }
        post.hand().store(0, SeqCst);
        if !found || dice.one_in(3) {
            kept.drain(..).for_each(|(number, ticket)| end(&post, number, ticket, dice.one_in(10)));
        }
        if nobody && post.board.stopping() {
            return;
        }
        if nobody || dice.one_in(32) {
            sleep(dice.micros(400));
        }
    }
    kept.drain(..).for_each(|(number, ticket)| end(&post, number, ticket, false));
}

/// A message, or its number if it is still to be acknowledged.
fn check(post: &Post<'_>, bytes: &[u8], flagged: bool, owes: bool) -> Option<u64> {
    let (board, ledger) = (post.board, post.ledger);
    let number = bytes.first_chunk().map(|word| u64::from_ne_bytes(*word));
    let Some(number) = number.filter(|&n| (n as usize) < MESSAGES && message(n) == bytes) else {
        board.fault(Fault::Torn, format_args!("a message of {} bytes", bytes.len()));
        return None;
    };
    let seen = if owes { GOT } else { GOT | DONE };
    let before = ledger.messages[number as usize].fetch_or(seen, SeqCst);
    if before & DONE != 0 {
        board.fault(Fault::Unflagged, format_args!("message {number} comes when it is over"));
    } else if before & GOT != 0 && !flagged {
        board.fault(Fault::Unflagged, format_args!("message {number} comes again without a flag"));
    }
    ledger.got.fetch_add(1, SeqCst);
    ledger.flagged.fetch_add(u64::from(flagged), SeqCst);
    owes.then_some(number)
}

/// Acknowledges a message, or gives it back.
fn end(post: &Post<'_>, number: u64, ticket: u64, back: bool) {
    let entry = &post.ledger.messages[number as usize];
    let ended = if back {
        post.queue.put_back(ticket)
    } else {
        entry.fetch_or(ENDING, SeqCst);
        post.queue.done(ticket).map(|()| _ = entry.fetch_or(DONE, SeqCst))
    };
    if let Err(why) = ended {
        post.board.fault(Fault::WrongAnswer, format_args!("ending {number}: {why:?}"));
    }
}

/// One queue, and who works at it.
struct Line {
    queue: Queue,
    ledger: &'static Ledger,
    /// Its first place.
    at: usize,
    /// The steady one of each side.
    steady: [usize; 2],
    /// How many messages may have been in hand of consumers that were killed.
    in_hand: u64,
    /// Up to which message it is known what came of it, and how many of them are missing.
    known: usize,
    missing: u64,
}

impl Line {
    fn places(&self, side: QueueSide) -> Range<usize> {
        let first = self.at + SIDE * side as usize;
        first..first + SIDE
    }

    fn epoch(&self, side: QueueSide) -> &'static AtomicU64 {
        &self.ledger.epochs[side as usize]
    }

    /// With this process's only `part` in a side the child is of it from its birth on; else it says so itself.
    fn start(&self, troop: &mut Troop, place: usize, steady: bool, part: Option<QueuePart>) {
        let side = SIDES[place % CREW / SIDE];
        let board = troop.board;
        for word in [&board.places[place].ready, &board.places[place].answer] {
            word.store(0, SeqCst);
        }
        board.places[place].answered.store(0, SeqCst);
        let post = Post { board, ledger: self.ledger, queue: &self.queue, side, place, steady };
        let born = part.is_some();
        post.hand().store(0, SeqCst);
        // This process gives the part up when the child has been forked, which has one of its own.
        troop.start(place, move |mut dice| {
            if born && dice.one_in(4) {
                sleep(dice.micros(3000)); // and has not said anything yet
            }
            post.place().ready.store(born.into(), SeqCst);
            match side {
                QueueSide::Producers => put(post, part, dice),
                QueueSide::Consumers => get(post, part, dice),
            }
        });
    }

    fn kill(&mut self, troop: &mut Troop, place: usize) {
        if let Some(pid) = troop.strike(place) {
            troop.bury(pid);
            if self.queue.options().unacked == 0 {
                self.in_hand += self.ledger.hands[place % CREW].swap(0, SeqCst);
            }
        }
    }

    fn replace(&mut self, troop: &mut Troop, place: usize) {
        let side = SIDES[place % CREW / SIDE];
        let steady = self.steady[side as usize];
        if place == steady {
            let heir = self.places(side).find(|other| *other != place).unwrap();
            self.kill(troop, heir);
            self.start(troop, heir, true, Some(take_part(&self.queue, side)));
            self.steady[side as usize] = heir;
            if troop.dice.one_in(3) {
                troop.pause(heir);
            }
        }
        self.kill(troop, place);
        if troop.dice.one_in(2) {
            sleep(troop.dice.micros(3000));
        }
        let part = troop.dice.one_in(2).then(|| take_part(&self.queue, side));
        self.start(troop, place, false, part);
        troop.deeds.takeovers += 1;
    }

    /// All of a side go, in one way or another, and the others are told. Then there are new ones.
    fn desert(&mut self, troop: &mut Troop, side: QueueSide, sums: &mut Sums) {
        let (board, mine) = (troop.board, self.places(side));
        let steady = self.steady[side as usize];
        let others = self.places(SIDES[1 - side as usize]);
        let epoch = self.epoch(side).fetch_add(1, SeqCst) + 1;
        troop.resume(true);
        let leave = troop.dice.one_in(3);
        let mut certain = false;
        if leave {
            self.ledger.leave[side as usize].store(1, SeqCst);
            let start = Instant::now();
            mine.clone().for_each(|place| troop.see_off(place, start));
        } else {
            for place in mine.clone().filter(|place| *place != steady).chain([steady]) {
                // The last thing that any of them does is to die.
                certain = board.places[place].ready.load(SeqCst) == 1;
                self.kill(troop, place);
                sleep(troop.dice.micros(500));
            }
        }
        let told = |board: &Board, place: usize| board.places[place].answered.load(SeqCst) == epoch;
        let start = Instant::now();
        troop.within(LIMIT, |board| others.clone().all(|place| told(board, place)));
        troop.deeds.slowest = troop.deeds.slowest.max(start.elapsed());
        for place in others {
            let answer = board.places[place].answer.load(SeqCst);
            if !told(board, place) {
                board.fault(
                    Fault::LostWakeUp,
                    format_args!("place {place} is not told that {side:?} have gone, left: {leave}"),
                );
            } else if certain && answer != DIED {
                board.fault(
                    Fault::WrongAnswer,
                    format_args!("place {place} is told {answer} when {side:?} died"),
                );
            }
            sums.told[usize::from(answer == DIED)] += 1;
        }
        if side == QueueSide::Producers {
            troop.within(LIMIT, |_| self.is_settled());
            self.settle(board);
        }
        self.ledger.leave[side as usize].store(0, SeqCst);
        sums.deserted += 1;
        self.people(troop, side);
    }

    /// Starts those of a side: the first one is there for sure before the second one comes.
    fn people(&mut self, troop: &mut Troop, side: QueueSide) {
        let (first, board) = (self.places(side).start, troop.board);
        self.steady[side as usize] = first;
        if troop.dice.one_in(2) {
            // First this process is there, then a child of it is, too, and then the child alone.
            let part = take_part(&self.queue, side);
            self.epoch(side).fetch_add(1, SeqCst);
            self.start(troop, first, true, Some(part));
        } else {
            self.start(troop, first, true, None);
            if !troop.within(LIMIT, |board| board.places[first].ready.load(SeqCst) == 1) {
                board.fault(Fault::LostWakeUp, format_args!("place {first} does not begin"));
            }
            self.epoch(side).fetch_add(1, SeqCst);
        }
        self.start(troop, first + 1, false, None);
    }

    /// Nobody works at the queue any more: what is left is all that is missing, and then it is whole.
    fn close(&mut self, board: &'static Board, sums: &mut Sums) {
        if self.queue.options().unacked == 0 {
            self.in_hand += self.ledger.hands.iter().map(|hand| hand.swap(0, SeqCst)).sum::<u64>();
        }
        sums.left += self.clear(board);
        self.settle(board);
        whole::check(board, &self.queue);
    }

    fn open(&self) -> impl Iterator<Item = (usize, u8)> {
        let put = (self.ledger.next.load(SeqCst) as usize).min(MESSAGES);
        let rest = &self.ledger.messages[self.known..put];
        let open = |(_, entry): &(usize, &AtomicU8)| {
            let seen = entry.load(SeqCst);
            seen & PUT != 0 && seen & (ENDING | DONE) == 0
        };
        let from = self.known;
        rest.iter().enumerate().filter(open).map(move |(at, entry)| (from + at, entry.load(SeqCst)))
    }

    fn is_settled(&self) -> bool {
        self.open().count() as u64 + self.missing <= self.in_hand
    }

    /// Nobody puts: what was put has been got, and acknowledged if that is asked for.
    fn settle(&mut self, board: &Board) {
        let open: Vec<(usize, u8)> = self.open().collect();
        self.missing += open.len() as u64;
        if self.missing > self.in_hand {
            let (missing, in_hand) = (self.missing, self.in_hand);
            let what = format_args!(
                "{missing} missing, {in_hand} in hand of the dead: {:?}, {:?}",
                open.first(),
                self.queue
            );
            board.fault(Fault::LostRecord, what);
            self.missing = in_hand; // once is enough
        }
        self.known = (self.ledger.next.load(SeqCst) as usize).min(MESSAGES);
    }

    /// Gets what is left when all have gone.
    fn clear(&self, board: &'static Board) -> u64 {
        let (side, place) = (QueueSide::Consumers, self.at + SIDE);
        let post = Post { board, ledger: self.ledger, queue: &self.queue, side, place, steady: false };
        let mut left = 0;
        if self.queue.options().unacked == 0 {
            while let Ok((bytes, received)) = self.queue.get_vec(Timeout::Try) {
                check(&post, &bytes, received.redelivered, false);
                left += 1;
            }
        }
        while let Ok((bytes, debt)) = self.queue.get_ack_vec(Timeout::Try) {
            let number = check(&post, &bytes, debt.received.redelivered, true);
            number.into_iter().for_each(|number| end(&post, number, debt.ticket, false));
            left += 1;
        }
        left
    }
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
    let make = |(at, (&(capacity, unacked), &ledger)): (usize, (&(usize, usize), &&'static Ledger))| {
        let options = QueueOptions {
            capacity,
            unacked,
            sides: true,
            block_bytes: 128 << 10,
            ..QueueOptions::default()
        };
        let queue = Queue::create(&yard, &format!("queue.{capacity}"), options).unwrap();
        ledger.epochs.iter().for_each(|epoch| epoch.store(1, SeqCst)); // nobody is there yet
        Line { queue, ledger, at: at * CREW, steady: [0; 2], in_hand: 0, known: 0, missing: 0 }
    };
    let mut lines: Vec<Line> = SHAPES.iter().zip(ledgers).enumerate().map(make).collect();
    let mut troop = Troop::new(board, seed);
    let places = CREW * lines.len();
    lines.iter_mut().for_each(|line| SIDES.into_iter().for_each(|side| line.people(&mut troop, side)));
    let has_room = |line: &Line| line.ledger.next.load(SeqCst) < (MESSAGES / 8 * 7) as u64;
    let begin = Instant::now();
    while begin.elapsed() < time && lines.iter().all(has_room) {
        troop.round(places, |troop, place| lines[place / CREW].replace(troop, place));
        if troop.dice.one_in(2) {
            let line = troop.dice.below(lines.len() as u64) as usize;
            let side = SIDES[troop.dice.below(2) as usize];
            lines[line].desert(&mut troop, side, sums);
        }
        if troop.dice.one_in(ROUNDS) {
            all_at_once(&mut troop, &yard, &mut lines, sums);
        }
    }
    // The consumers go when they are told that the producers have gone.
    for line in &lines {
        line.epoch(QueueSide::Producers).fetch_add(1, SeqCst);
    }
    board.stop.store(1, SeqCst);
    troop.dismiss();
    yard.sweep();
    for line in &mut lines {
        line.close(board, sums);
        sums.add(line);
    }
    sums.seasons += 1;
    std::mem::take(&mut troop.deeds)
}

/// Kills everybody, so that nobody else is clearing up; others go on when the queues were found whole.
fn all_at_once(troop: &mut Troop, yard: &Yard, lines: &mut [Line], sums: &mut Sums) {
    for (line, side) in lines.iter().flat_map(|line| SIDES.map(|side| (line, side))) {
        line.epoch(side).fetch_add(1, SeqCst);
    }
    troop.strike_all(0..CREW * lines.len());
    yard.sweep();
    for line in lines {
        line.close(troop.board, sums);
        SIDES.into_iter().for_each(|side| line.people(troop, side));
    }
}

/// What came of it, for all seasons together.
#[derive(Default)]
struct Sums {
    seasons: u64,
    /// How often all of a side went.
    deserted: u64,
    /// How often somebody was told that they had closed, and died.
    told: [u64; 2],
    put: u64,
    got: u64,
    flagged: u64,
    missing: u64,
    in_hand: u64,
    left: u64,
}

impl Sums {
    fn add(&mut self, line: &Line) {
        let put = line.ledger.messages[..line.known].iter().filter(|entry| entry.load(SeqCst) & PUT != 0);
        self.put += put.count() as u64;
        self.got += line.ledger.got.load(SeqCst);
        self.flagged += line.ledger.flagged.load(SeqCst);
        self.missing += line.missing;
        self.in_hand += line.in_hand;
    }
}

impl std::fmt::Display for Sums {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Sums { seasons, deserted, told: [closed, died], put, got, flagged, missing, in_hand, left } =
            self;
        write!(
            f,
            "{deserted} times a side was left, {closed} were told that it closed, {died} that it died; {put} put, {got} \
             got, {flagged} flagged, {missing} gone with up to {in_hand} in hand of the dead, {left} left; seasons: {seasons}"
        )
    }
}
