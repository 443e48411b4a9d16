//! Every interleaving of a few moves on a ring and what is owed beside it, with every death, on the code itself.
//!
//! How: see `lockfree/explore.rs`.
//! A thread may end in the middle of a move with its process alive, or the whole process may die; the place of a dead one
//! goes to another, with the next generation, when it has been swept.
//!
//! In every state that can be reached
//! * a delivery is of a message that was put, that nobody has acknowledged, and that no living process owes; it is flagged
//!   if it was delivered before;
//! * an acknowledgement of what one owes succeeds, once; one that went before fails;
//! * who is told that all up to a mark is settled is told the truth;
//! * if everybody in the middle of a move stops for ever, another one's moves end;
//! * if everybody dies, another one repairs, and finds every message that was not acknowledged, once.

#![allow(clippy::unwrap_used, clippy::panic)] // a test

use super::layout::{Ctl, State, Ticket};
use super::memory::{Memory, Word};
use super::next::{Getter, Next, NoNext, next};
use super::{Debtor, Debts, NoDebt, Threads, finish, settle};
use crate::lockfree::explore::{self, Found, Replay, until_paused};
use crate::lockfree::mpmc::memory::{Memory as RingMemory, Word as RingWord};
use crate::lockfree::mpmc::{Holders, NoPush, Ring};
use crate::shim::Ordering;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Move {
    Push(u64),
    /// Gets for good.
    Get,
    /// Gets, and owes.
    GetAck,
    /// Acknowledges, or gives back, what was got last.
    Done,
    PutBack,
    /// Acknowledges it once more.
    DoneAgain,
    /// Repairs what the dead have left.
    Sweep,
    /// Closes: gives back what it owes.
    Leave,
    /// Looks whether all that was put before it is settled.
    Join,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Pushed,
    Got {
        n: u64,
        again: bool,
        ticket: Option<Ticket>,
    },
    Ended(Result<(), NoDebt>),
    /// What was to be settled, and whether it is.
    Settled(bool),
    NoPush(NoPush),
    NoNext(NoNext),
    Nothing,
}

/// Which step of the protocol is broken, to see that it is found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Nothing,
    /// Who is in the middle of a move counts as dead.
    StoppedIsDead,
    /// The ring's cell is given up before the message is owed.
    FinishFirst,
    /// Who takes what comes again leaves the debts of those who had it.
    NotDisowned,
    /// The sweep gives everything back that a dead one owes, also what the ring has.
    BackWhateverTheRingHas,
    /// The sweep frees everything that a dead one owes.
    FreedWhateverTheRingHas,
    /// A cell has the same stay for ever.
    OneStay,
}

/// Words of a cell between its control word and its message: header, position, getter.
const LATER: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Words {
    tail: u64,
    head: u64,
    again: u64,
    back: u64,
    /// Control word, header, message.
    ring: Vec<[u64; 3]>,
    /// Control word, header, position, getter, message.
    owed: Vec<[u64; LATER + 2]>,
}

impl Words {
    fn of_ring(&mut self, word: RingWord<u32>) -> &mut u64 {
        match word {
            RingWord::Tail => &mut self.tail,
            RingWord::Head => &mut self.head,
            RingWord::Again => &mut self.again,
            RingWord::Ctl(index) => &mut self.ring[index as usize][0],
            RingWord::Header(index) => &mut self.ring[index as usize][1],
        }
    }

    fn of_owed(&mut self, word: Word<u32>) -> &mut u64 {
        match word {
            Word::Back => &mut self.back,
            Word::Ctl(index) => &mut self.owed[index as usize][0],
            Word::Header(index) => &mut self.owed[index as usize][1],
            Word::Position(index) => &mut self.owed[index as usize][2],
            Word::Getter(index) => &mut self.owed[index as usize][3],
        }
    }
}

/// Who is there: by place, whether its thread and its process are dead, and the generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Stands {
    thread_dead: bool,
    process_dead: bool,
    generation: u32,
}

fn token(place: usize, generation: u32) -> u32 {
    1 << 29 | generation << 12 | place as u32
}

fn place(token: u32) -> usize {
    (token & 0xfff) as usize
}

/// The memory of one step.
struct Steps<'a> {
    replay: Replay<Words>,
    stands: &'a [Stands],
    /// How many places there are to sweep.
    others: usize,
    broken: Broken,
}

impl RingMemory for &Steps<'_> {
    type Cell<'m>
        = u32
    where
        Self: 'm;

    fn capacity(&self) -> u32 {
        self.replay.fixed(|words| words.ring.len() as u32)
    }

    fn room(&self) -> usize {
        8
    }

    fn cell(&self, index: u32) -> Option<u32> {
        (index < RingMemory::capacity(self)).then_some(index)
    }

    fn room_of(&self, _: u32) -> usize {
        8
    }

    fn load(&self, word: RingWord<u32>, _: Ordering) -> u64 {
        self.replay.access(matches!(word, RingWord::Header(_)), |words| *words.of_ring(word))
    }

    fn store(&self, word: RingWord<u32>, value: u64, _: Ordering) {
        self.replay.store(matches!(word, RingWord::Header(_)), |words| words.of_ring(word), value);
    }

    fn swap(&self, word: RingWord<u32>, old: u64, new: u64, _: Ordering) -> bool {
        self.replay.swap(|words| words.of_ring(word), old, new)
    }

    fn write(&self, cell: u32, from: &[u8]) {
        let message = u64::from_ne_bytes(from.try_into().unwrap());
        self.replay.store(true, |words| &mut words.ring[cell as usize][2], message);
    }

    fn read(&self, cell: u32, to: &mut [u8]) {
        let message = self.replay.access(false, |words| words.ring[cell as usize][2]);
        to.copy_from_slice(&message.to_ne_bytes());
    }
}

impl Memory for &Steps<'_> {
    type Cell<'m>
        = u32
    where
        Self: 'm;

    fn count(&self) -> u32 {
        self.replay.fixed(|words| words.owed.len() as u32)
    }

    fn room(&self) -> usize {
        8
    }

    fn cell(&self, index: u32) -> Option<u32> {
        (index < Memory::count(self)).then_some(index)
    }

    fn load(&self, word: Word<u32>, _: Ordering) -> u64 {
        let free = matches!(word, Word::Header(_) | Word::Getter(_));
        self.replay.access(free, |words| *words.of_owed(word))
    }

    fn store(&self, word: Word<u32>, value: u64, _: Ordering) {
        let free = matches!(word, Word::Header(_) | Word::Getter(_) | Word::Position(_));
        let value = self.stay(word, value);
        self.replay.store(free, |words| words.of_owed(word), value);
    }

    fn swap(&self, word: Word<u32>, old: u64, new: u64, _: Ordering) -> bool {
        let new = self.stay(word, new);
        self.replay.swap(|words| words.of_owed(word), old, new)
    }

    fn write(&self, cell: u32, from: &[u8]) {
        let message = u64::from_ne_bytes(from.try_into().unwrap());
        self.replay.store(true, |words| &mut words.owed[cell as usize][LATER + 1], message);
    }

    fn read(&self, cell: u32, to: &mut [u8]) {
        let message = self.replay.access(false, |words| words.owed[cell as usize][LATER + 1]);
        to.copy_from_slice(&message.to_ne_bytes());
    }
}

impl Steps<'_> {
    fn stay(&self, word: Word<u32>, value: u64) -> u64 {
        let is_ctl = matches!(word, Word::Ctl(_));
        if self.broken == Broken::OneStay && is_ctl { value << 30 >> 30 } else { value }
    }
}

impl Steps<'_> {
    /// How somebody stands may change at any time, as a word does.
    fn stands(&self, index: usize) -> Stands {
        let Stands { thread_dead, process_dead, generation } = self.stands[index];
        let packed = u64::from(thread_dead) | u64::from(process_dead) << 1 | u64::from(generation) << 2;
        let seen = self.replay.access(false, |_| packed);
        Stands { thread_dead: seen & 1 != 0, process_dead: seen & 2 != 0, generation: (seen >> 2) as u32 }
    }
}

impl Holders for &Steps<'_> {
    fn is_dead(&self, slot: u32) -> bool {
        self.stands(slot as usize).thread_dead
    }
}

impl Threads for &Steps<'_> {
    fn is_dead(&self, thread: u32) -> bool {
        let stands = self.stands(place(thread));
        stands.thread_dead || token(place(thread), stands.generation) != thread
    }
}

/// Runs a move until it is paused; its answer if it came to one.
fn run(what: Move, me: usize, of: Option<Ticket>, steps: &Steps<'_>) -> Option<Answer> {
    let ring = Ring::open(steps).ok()?;
    let debts = Debts::open(steps, 1);
    until_paused(|| perform(what, me, of, &ring, &debts, steps))
}

fn perform<'a>(
    what: Move,
    me: usize,
    of: Option<Ticket>,
    ring: &'a Ring<&'a Steps<'a>>,
    debts: &'a Debts<&'a Steps<'a>>,
    steps: &'a Steps<'a>,
) -> Answer {
    let mine = token(me, steps.stands[me].generation);
    let getter = |owes_from| Getter { slot: me as u32, thread: mine, longest: 8.into(), owes_from };
    let by = Debtor { thread: mine, process: mine, copies: false };
    let mut bytes = [0; 8];
    match (what, of) {
        (Move::Push(n), _) => match ring.try_push(me as u32, n as u32, &n.to_ne_bytes(), &steps) {
            Ok(()) => Answer::Pushed,
            Err(why) => Answer::NoPush(why),
        },
        (Move::Get | Move::GetAck, _) => {
            let owing = what == Move::GetAck;
            let got = match next(ring, debts, getter(owing.then_some(0)), &steps) {
                Ok(got) => got,
                Err(why) => return Answer::NoNext(why),
            };
            let (item, ticket) = match got {
                Next::Ring(reading, Some(filling)) => {
                    let item = reading.item();
                    reading.read(&mut bytes);
                    filling.fill(item, &bytes);
                    let ticket = match steps.broken {
                        Broken::FinishFirst => {
                            reading.finish();
                            filling.commit(by)
                        }
                        Broken::NotDisowned => {
                            let ticket = filling.commit(by);
                            reading.finish();
                            ticket
                        }
                        _ => settle(filling, reading, by),
                    };
                    (item, Some(ticket))
                }
                Next::Ring(reading, None) => {
                    reading.read(&mut bytes);
                    let item = match steps.broken {
                        Broken::NotDisowned => reading.finish(),
                        _ => finish(debts, reading, None),
                    };
                    (item, None)
                }
                Next::Back(taking) => {
                    taking.read(&mut bytes);
                    let item = taking.item();
                    let ticket = if owing {
                        Some(taking.commit(by))
                    } else {
                        taking.finish();
                        None
                    };
                    (item, ticket)
                }
            };
            let n = u64::from_ne_bytes(bytes);
            let whole = u64::from(item.tag) == n && item.len == 8;
            Answer::Got { n: if whole { n } else { u64::MAX }, again: item.again, ticket }
        }
        (Move::Done | Move::DoneAgain, Some(ticket)) => Answer::Ended(debts.done(ticket, mine, 0).map(drop)),
        (Move::PutBack, Some(ticket)) => Answer::Ended(debts.put_back(ticket, mine)),
        (Move::Done | Move::DoneAgain | Move::PutBack, None) => Answer::Nothing,
        (Move::Sweep, _) => {
            for index in (0..steps.others).filter(|index| *index != me) {
                let stands = steps.stands(index);
                if stands.thread_dead {
                    ring.recover(index as u32);
                    debts.recover_thread(token(index, stands.generation));
                }
                if stands.process_dead {
                    give_back(debts, token(index, stands.generation), ring, steps);
                }
            }
            Answer::Nothing
        }
        (Move::Leave, _) => {
            give_back(debts, mine, ring, steps);
            Answer::Nothing
        }
        (Move::Join, _) => {
            Answer::Settled(debts.latest(ring).is_none_or(|upto| debts.is_settled(upto, ring)))
        }
    }
}

fn give_back<'a>(
    debts: &'a Debts<&'a Steps<'a>>,
    gone: u32,
    ring: &'a Ring<&'a Steps<'a>>,
    steps: &'a Steps<'a>,
) {
    if !matches!(steps.broken, Broken::BackWhateverTheRingHas | Broken::FreedWhateverTheRingHas) {
        debts.recover_process(gone, ring);
        return;
    }
    for index in 0..Memory::count(&steps) {
        let seen = debts.look(index);
        if seen.state() != Some(State::Owed) || seen.token() != gone {
            continue;
        }
        if steps.broken == Broken::BackWhateverTheRingHas {
            debts.give_back(index, seen);
        } else {
            Memory::swap(&steps, Word::Ctl(index), seen.0, seen.next(State::Free).0, Ordering::Relaxed);
        }
    }
}

/// The place of the one who looks, in each state, what can still be done.
const SURVIVOR: usize = 5;
const PLACES: usize = 6;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Process {
    moves: Vec<Move>,
    /// What the first of them was answered so far; empty if it has not begun.
    log: Vec<u64>,
    /// What it owes: tickets, and the messages.
    owes: Vec<(u64, u64)>,
    /// Tickets that it has used.
    used: Vec<u64>,
    /// What was put and not settled when its move began.
    open: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    words: Words,
    stands: [Stands; PLACES],
    processes: Vec<Process>,
    /// Bits by message: put, delivered at least once, and over: acknowledged, or got for good.
    put: u64,
    delivered: u64,
    over: u64,
    /// Being acknowledged, or got for good: it may be over already.
    ending: u64,
    deaths: u32,
}

impl World {
    fn new(capacity: usize, cells: usize, filled: u64, programs: &[&[Move]]) -> World {
        let (ring, owed) = (vec![[0; 3]; capacity], vec![[0; LATER + 2]; cells]);
        let words = Words { tail: 0, head: 0, again: 0, back: 0, ring, owed };
        let process = |moves: &&[Move]| Process {
            moves: moves.to_vec(),
            log: Vec::new(),
            owes: Vec::new(),
            used: Vec::new(),
            open: 0,
        };
        let stands = [Stands { thread_dead: false, process_dead: false, generation: 0 }; PLACES];
        let processes = programs.iter().map(process).collect();
        let mut world =
            World { words, stands, processes, put: 0, delivered: 0, over: 0, ending: 0, deaths: 0 };
        for n in 1..=filled {
            assert_eq!(world.alone(Move::Push(n)), Ok(Answer::Pushed));
            world.put |= 1 << n;
        }
        world
    }

    fn is_inside(&self, me: usize) -> bool {
        !self.processes[me].log.is_empty()
    }

    /// One step of one process.
    fn step(&mut self, me: usize, broken: Broken) -> Found {
        let mut stands = self.stands;
        if broken == Broken::StoppedIsDead {
            (0..self.processes.len()).for_each(|i| stands[i].thread_dead |= self.is_inside(i) && i != me);
        }
        let process = &mut self.processes[me];
        let what = process.moves[0];
        if process.log.is_empty() {
            process.open = self.put & !self.over;
        }
        let of = match what {
            Move::DoneAgain => process.used.last().copied(),
            _ => process.owes.last().map(|(ticket, _)| *ticket),
        };
        let replay = Replay::new(self.words.clone(), std::mem::take(&mut process.log), 1);
        let steps = Steps { replay, stands: &stands, others: self.processes.len(), broken };
        let before = self.words.clone();
        let answer = run(what, me, of.map(Ticket), &steps);
        (self.words, self.processes[me].log) = steps.replay.into_parts();
        self.watch(what, &before);
        let Some(answer) = answer else { return Ok(()) };
        let process = &mut self.processes[me];
        process.log.clear();
        process.moves.remove(0);
        self.judge(me, what, answer).map_err(|why| format!("{me}: {what:?} answers {answer:?}: {why}"))
    }

    /// What was put with this step, and what may be over with it.
    fn watch(&mut self, what: Move, before: &Words) {
        use crate::lockfree::mpmc::layout::{Ctl as RingCtl, State as RingState};
        for (old, new) in before.ring.iter().zip(&self.words.ring) {
            let (from, to) = (RingCtl(old[0]).state(), RingCtl(new[0]).state());
            if from == Some(RingState::Writing) && to == Some(RingState::Full) {
                self.put |= 1 << new[2];
            }
            if what == Move::Get && to == Some(RingState::Free) && from != Some(RingState::Writing) {
                self.ending |= 1 << old[2];
            }
        }
        for (old, new) in before.owed.iter().zip(&self.words.owed) {
            let (from, to) = (Ctl(old[0]), Ctl(new[0]));
            let ends = matches!(what, Move::Get | Move::Done);
            if ends && from.has_message() && to.state() == Some(State::Free) {
                self.ending |= 1 << old[LATER + 1];
            }
        }
        self.ending &= !self.in_words();
    }

    /// The messages that the words have.
    fn in_words(&self) -> u64 {
        use crate::lockfree::mpmc::layout::{Ctl as RingCtl, State as RingState};
        let none = |state| matches!(state, Some(RingState::Free | RingState::Writing));
        let ring = self.words.ring.iter().filter(|cell| !none(RingCtl(cell[0]).state()));
        let owed = self.words.owed.iter().filter(|cell| Ctl(cell[0]).has_message());
        ring.map(|cell| cell[2]).chain(owed.map(|cell| cell[LATER + 1])).fold(0, |set, n| set | 1 << n)
    }

    /// What the living owe, as far as they know.
    fn owed_by_living(&self) -> u64 {
        let living = |me: &usize| !self.stands[*me].process_dead;
        let all = (0..self.processes.len()).filter(living).flat_map(|me| self.keeps(me));
        all.fold(0, |set, (_, n)| set | 1 << n)
    }

    /// What a process owes, but for what it is giving back: that may be another's already.
    fn keeps(&self, me: usize) -> &[(u64, u64)] {
        let Process { moves, owes, .. } = &self.processes[me];
        let giving = match moves.first() {
            Some(Move::PutBack) if self.is_inside(me) => 1.min(owes.len()),
            Some(Move::Leave) if self.is_inside(me) => owes.len(),
            _ => 0,
        };
        &owes[..owes.len() - giving]
    }

    fn judge(&mut self, me: usize, what: Move, answer: Answer) -> Found {
        match answer {
            Answer::Got { n, again, ticket } => {
                self.delivery(n, again)?;
                match ticket {
                    Some(ticket) => self.processes[me].owes.push((ticket.0, n)),
                    None => self.over |= 1 << n,
                }
                Ok(())
            }
            Answer::Ended(ended) => {
                if what == Move::DoneAgain {
                    return if ended.is_err() { Ok(()) } else { Err("a second time".into()) };
                }
                let (ticket, n) = self.processes[me].owes.pop().unwrap();
                self.processes[me].used.push(ticket);
                if what == Move::Done {
                    self.over |= 1 << n;
                }
                ended.map_err(|why| format!("{n} is owed: {why:?}"))
            }
            Answer::Settled(true) => {
                let open = self.processes[me].open & !self.over & !self.ending;
                if open == 0 { Ok(()) } else { Err(format!("{open:b} is not")) }
            }
            Answer::NoNext(NoNext::TooSmall(_) | NoNext::Corrupt) | Answer::NoPush(NoPush::Corrupt) => {
                Err("not so".into())
            }
            Answer::Nothing if what == Move::Leave => {
                self.processes[me].owes.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A message is delivered: may it be?
    fn delivery(&mut self, n: u64, again: bool) -> Found {
        let bit = 1 << (n & 63);
        if n > 60 || self.put & bit == 0 {
            return Err("nobody put that".into());
        }
        if self.over & bit != 0 {
            return Err("that is over".into());
        }
        if self.owed_by_living() & bit != 0 {
            return Err("somebody owes that".into());
        }
        if self.delivered & bit != 0 && !again {
            return Err("it comes again without a flag".into());
        }
        self.delivered |= bit;
        Ok(())
    }

    /// A move of the survivor, from beginning to end.
    fn alone(&mut self, what: Move) -> Result<Answer, String> {
        const ENOUGH: usize = 1000;
        let replay = Replay::new(self.words.clone(), Vec::new(), ENOUGH);
        let (others, broken) = (self.processes.len(), Broken::Nothing);
        let steps = Steps { replay, stands: &self.stands, others, broken };
        let answer = run(what, SURVIVOR, None, &steps);
        self.words = steps.replay.into_parts().0;
        answer.ok_or_else(|| format!("{what:?} has no end"))
    }

    /// Everybody in the middle of a move stops for ever.
    fn all_stop(mut self) -> Found {
        let is_back = self.words.owed.iter().any(|cell| Ctl(cell[0]).state() == Some(State::Back));
        if is_back && self.clone().alone(Move::Get)? == Answer::NoNext(NoNext::Empty) {
            return Err("what was given back is not found".into());
        }
        for what in [Move::Get, Move::Push(9), Move::Sweep, Move::GetAck, Move::Join, Move::Get] {
            match self.alone(what)? {
                Answer::Got { n, again, ticket } => {
                    if n != 9 {
                        self.delivery(n, again)?;
                    }
                    self.over |= if ticket.is_none() { 1 << n } else { 0 };
                }
                Answer::NoNext(NoNext::TooSmall(_) | NoNext::Corrupt) | Answer::NoPush(NoPush::Corrupt) => {
                    return Err(format!("while others stand still, {what:?} is answered strangely"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Everybody dies, and what each was about to end may be over.
    fn all_die(mut self) -> Found {
        for me in 0..self.processes.len() {
            (self.stands[me].thread_dead, self.stands[me].process_dead) = (true, true);
            self.processes[me].owes.clear();
        }
        self.alone(Move::Sweep)?;
        let mut found = 0;
        loop {
            match self.alone(Move::GetAck)? {
                Answer::Got { n, again, .. } => {
                    if found & 1 << n != 0 {
                        return Err(format!("after all deaths {n} comes twice"));
                    }
                    if self.ending & 1 << n == 0 {
                        self.delivery(n, again)?;
                    }
                    found |= 1 << n;
                }
                Answer::NoNext(NoNext::Empty) => break,
                // All cells are the survivor's: he acknowledges, and goes on.
                Answer::NoNext(NoNext::Owing) if self.pay() => {}
                answer => return Err(format!("after all deaths a get answers {answer:?}")),
            }
        }
        let missing = self.put & !self.over & !self.ending & !found;
        if missing != 0 {
            return Err(format!("after all deaths {missing:b} is lost"));
        }
        self.pay();
        match self.words.owed.iter().find(|cell| Ctl(cell[0]).state() != Some(State::Free)) {
            Some(cell) => Err(format!("after all deaths a cell is {:?}", Ctl(cell[0]).state())),
            None => Ok(()),
        }
    }

    /// The survivor acknowledges all that he owes; whether that is anything.
    fn pay(&mut self) -> bool {
        let mut paid = false;
        for cell in &mut self.words.owed {
            let ctl = Ctl(cell[0]);
            if ctl.token() == token(SURVIVOR, 0) {
                (paid, cell[0]) = (true, ctl.next(State::Free).0);
            }
        }
        paid
    }

    /// What can happen next.
    fn successors(&self, deaths: u32, broken: Broken, mut take: impl FnMut(World)) -> Found {
        for me in 0..self.processes.len() {
            let (process, stands) = (&self.processes[me], self.stands[me]);
            if self.deaths < deaths
                && !stands.process_dead
                && (self.is_inside(me) || !process.owes.is_empty())
            {
                let mut next = self.clone();
                (next.stands[me].thread_dead, next.stands[me].process_dead) = (true, true);
                next.processes[me].log.clear();
                next.processes[me].owes.clear();
                next.deaths += 1;
                take(next);
            }
            if stands.thread_dead || process.moves.is_empty() {
                continue;
            }
            let mut next = self.clone();
            next.step(me, broken)?;
            take(next);
            if self.deaths < deaths && self.is_inside(me) {
                let mut next = self.clone();
                next.stands[me].thread_dead = true;
                next.processes[me].owes.truncate(self.keeps(me).len());
                next.processes[me].log.clear();
                next.deaths += 1;
                take(next);
            }
        }
        self.reborn(take);
        Ok(())
    }

    /// A dead process's place, once it was swept and nobody sweeps, goes to another, who makes the moves that are left.
    fn reborn(&self, mut take: impl FnMut(World)) {
        use crate::lockfree::mpmc::layout::{Ctl as RingCtl, State as RingState};
        let sweeps = |me: usize| self.is_inside(me) && self.processes[me].moves[0] == Move::Sweep;
        if (0..self.processes.len()).any(sweeps) {
            return;
        }
        let holds = |me: usize| {
            let mine = token(me, self.stands[me].generation);
            self.words.ring.iter().any(|cell| {
                let ctl = RingCtl(cell[0]);
                let held =
                    matches!(ctl.state(), Some(RingState::Writing | RingState::Reading | RingState::Retaken));
                held && ctl.slot() as usize == me
            }) || self.words.owed.iter().any(|cell| Ctl(cell[0]).token() == mine)
        };
        for me in (0..self.processes.len()).filter(|me| self.stands[*me].process_dead && !holds(*me)) {
            if self.processes[me].moves.is_empty() {
                continue;
            }
            let mut next = self.clone();
            let generation = self.stands[me].generation + 1;
            next.stands[me] = Stands { thread_dead: false, process_dead: false, generation };
            next.processes[me].moves.remove(0);
            take(next);
        }
    }
}

use Move::{Done, DoneAgain, Get, GetAck, Join, Leave, Push, PutBack, Sweep};

/// Capacity, cells for what is owed, messages that are there, deaths, and the moves of each process.
type Play = (&'static str, usize, usize, u64, u32, &'static [&'static [Move]]);

const PLAYS: &[Play] = &[
    ("got and done", 1, 1, 1, 1, &[&[GetAck, Done, DoneAgain], &[Push(2), GetAck]]),
    ("two get", 2, 2, 2, 1, &[&[GetAck, Done], &[GetAck, Done]]),
    ("one cell for two", 2, 1, 2, 1, &[&[GetAck, Done], &[GetAck, Done]]),
    ("an old ticket", 2, 1, 2, 0, &[&[GetAck, Done, GetAck, DoneAgain]]),
    ("given back", 1, 1, 1, 1, &[&[GetAck, PutBack, DoneAgain], &[GetAck, Done]]),
    ("given back, got for good", 1, 1, 1, 1, &[&[GetAck, PutBack], &[Get]]),
    ("a getter dies, one sweeps and gets", 1, 2, 1, 2, &[&[GetAck], &[Sweep, GetAck]]),
    ("a getter dies, one sweeps, one gets", 1, 2, 1, 1, &[&[GetAck], &[Sweep], &[GetAck]]),
    ("a getter dies, one sweeps, one gets for good", 1, 1, 1, 1, &[&[GetAck], &[Sweep], &[Get]]),
    ("two sweep behind a getter", 1, 2, 1, 1, &[&[GetAck], &[Sweep, GetAck], &[Sweep]]),
    ("closed while another gets", 1, 1, 1, 1, &[&[GetAck, Leave], &[GetAck, Done]]),
    ("joined", 1, 1, 1, 1, &[&[GetAck, Done], &[Join]]),
    ("joined while one comes again", 1, 2, 1, 1, &[&[GetAck], &[Sweep, GetAck, Done], &[Join]]),
];

fn explore(play: &Play, broken: Broken) -> (&'static str, Result<usize, String>) {
    let (name, capacity, cells, filled, deaths, programs) = *play;
    let states = explore::explore(
        World::new(capacity, cells, filled, programs),
        |world| {
            let words = (world.words.clone(), world.stands);
            (words, world.put, world.over, world.ending, world.delivered, world.owed_by_living())
        },
        |world| world.clone().all_stop().and_then(|()| world.clone().all_die()),
        |world, take| world.successors(deaths, broken, take),
    );
    (name, states)
}

#[test]
fn every_interleaving_and_every_death_keeps_the_promise() {
    explore::all_right(PLAYS, |play| explore(play, Broken::Nothing));
}

/// The first thing found wrong with a broken protocol.
fn found(broken: Broken) -> String {
    explore::wrong(PLAYS, |play| explore(play, broken))
}

#[test]
fn taking_the_stopped_for_dead_is_found_out() {
    found(Broken::StoppedIsDead);
}

#[test]
fn a_message_that_leaves_the_ring_before_it_is_owed_is_found_out() {
    assert!(found(Broken::FinishFirst).contains("is lost"));
}

#[test]
fn a_debt_that_lives_on_when_its_message_comes_again_is_found_out() {
    let why = found(Broken::NotDisowned);
    assert!(why.contains("comes twice") || why.contains("is over") || why.contains("owes that"), "{why}");
}

#[test]
fn giving_back_what_the_ring_has_is_found_out() {
    let why = found(Broken::BackWhateverTheRingHas);
    assert!(why.contains("comes twice") || why.contains("is over") || why.contains("owes that"), "{why}");
}

#[test]
fn a_debt_that_ends_with_its_debtor_is_found_out() {
    assert!(found(Broken::FreedWhateverTheRingHas).contains("is lost"));
}

#[test]
fn a_ticket_that_is_good_twice_is_found_out() {
    assert!(found(Broken::OneStay).contains("a second time"));
}
