//! The blocks' storm: processes allocate, fill, offer, adopt and free a few blocks and runs of them, and are killed and
//! stopped while they do. Nobody ever finds another's bytes in a block of his, and in the end all are free.

use crate::board::{Board, Dice, Fault, shared};
use crate::troop::{Deeds, Troop};
use courtyard::{Block, BlockClass, Blocks, BlocksOptions, ErrorKind, Options, Timeout};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread::{sleep, yield_now};
use std::time::{Duration, Instant};

const WORKERS: usize = 6;
const COUNT: u32 = 12;
const SIZE: usize = 64;
const LETTERS: usize = 3;

/// Beside the yard: numbers of offered blocks, and what was done.
struct Ledger {
    letters: [AtomicU64; LETTERS],
    adopted: AtomicU64,
    stale: AtomicU64,
    runs: AtomicU64,
}

/// A worker at work.
struct Worker<'a> {
    board: &'static Board,
    ledger: &'static Ledger,
    place: usize,
    dice: Dice,
    blocks: &'a Blocks,
}

impl Worker<'_> {
    fn work(&mut self) {
        while !self.board.stopping() {
            if self.turn() {
                self.board.places[self.place].done.fetch_add(1, SeqCst);
            }
            if self.dice.one_in(4) {
                sleep(self.dice.micros(200));
            }
        }
    }

    /// Allocates, fills, and frees or offers; `false` if there was nothing in time.
    fn turn(&mut self) -> bool {
        let count = if self.dice.one_in(2) { 1 } else { 1 + self.dice.below(3) as usize };
        let timeout = match self.dice.below(8) {
            0 => Timeout::Try,
            _ if count > 1 => Timeout::For(self.dice.micros(5000)), // what others offer may leave no such room for ever
            _ => Timeout::Forever,
        };
        let blocks = self.blocks;
        let got = self.board.places[self.place].blocking(|| blocks.alloc(count * SIZE, timeout));
        let block = match got {
            Ok(block) => block,
            Err(late) if matches!(late.kind(), ErrorKind::NoSpace | ErrorKind::Busy | ErrorKind::Timeout) => {
                return false;
            }
            Err(other) => panic!("alloc: {other:?}"),
        };
        self.ledger.runs.fetch_add(u64::from(count > 1), SeqCst);
        let stamp = self.dice.below(255) as u8;
        self.fill(&block, stamp);
        if self.dice.one_in(3) {
            self.send(block);
        } else {
            block.free().unwrap_or_else(|e| panic!("free: {e:?}"));
        }
        true
    }

    /// Writes, waits, and looks whether it is still there.
    fn fill(&mut self, block: &Block<'_>, stamp: u8) {
        block.write(0, &vec![stamp; block.len()]).unwrap_or_else(|e| panic!("write: {e:?}"));
        match self.dice.below(32) {
            0 => sleep(self.dice.micros(100)),
            1..4 => yield_now(),
            _ => {}
        }
        if block.to_vec() != vec![stamp; block.len()] {
            self.board.fault(Fault::TwoOwners, format_args!("somebody else has written into a block"));
        }
    }

    /// Offers a block to whoever comes to this letter next, and takes what lay there.
    fn send(&mut self, block: Block<'_>) {
        let number = block.offer().unwrap_or_else(|e| panic!("offer: {e:?}"));
        let letter = self.dice.below(LETTERS as u64) as usize;
        let old = self.ledger.letters[letter].swap(number, SeqCst);
        if old == 0 {
            return;
        }
        match self.blocks.adopt(old) {
            Ok(block) => {
                let bytes = block.to_vec();
                if bytes.iter().any(|byte| *byte != bytes[0]) {
                    self.board.fault(Fault::Torn, format_args!("an adopted block has {bytes:?}"));
                }
                self.ledger.adopted.fetch_add(1, SeqCst);
                self.fill(&block, 255);
            }
            Err(e) if matches!(e.kind(), ErrorKind::State | ErrorKind::NotFound) => {
                self.ledger.stale.fetch_add(1, SeqCst); // who offered it is dead
            }
            Err(e) => panic!("adopt: {e:?}"),
        }
    }
}

/// The storm. Returns what was done and a sentence about what came of it.
pub fn storm(board: &'static Board, seed: u64, time: Duration) -> (Deeds, String) {
    // SAFETY: atomics.
    let ledger: &'static Ledger = unsafe { shared() };
    let yard = Options::new().anonymous().unwrap();
    let classes = vec![BlockClass { size: SIZE, count: COUNT }];
    let blocks = Blocks::create(&yard, "blocks", &BlocksOptions { bytes: 0, classes }).unwrap();
    let mut troop = Troop::new(board, seed);
    let start = |troop: &mut Troop, place: usize| {
        troop.start(place, |dice| Worker { board, ledger, place, dice, blocks: &blocks }.work());
    };
    for place in 0..WORKERS {
        start(&mut troop, place);
    }
    let begin = Instant::now();
    while troop.goes_on(begin, time) {
        troop.round(WORKERS, |troop, place| {
            troop.kill(place);
            sleep(troop.dice.micros(2000));
            start(troop, place);
            troop.deeds.takeovers += 1;
        });
    }
    board.stop.store(1, SeqCst);
    troop.dismiss();
    let said = settle(board, ledger, &blocks);
    (std::mem::take(&mut troop.deeds), said)
}

/// All blocks are there, and nobody owns any.
fn settle(board: &Board, ledger: &Ledger, blocks: &Blocks) -> String {
    // All of them at once, side by side.
    match blocks.alloc(COUNT as usize * SIZE, Duration::from_secs(5)) {
        Ok(all) => drop(all),
        Err(e) => board.fault(Fault::LostRecord, format_args!("not all blocks came back: {e:?}")),
    }
    let usage = blocks.usage()[0];
    if usage.free != COUNT || !blocks.owners().is_empty() {
        board.fault(Fault::LostRecord, format_args!("{usage:?}, owned by {:?}", blocks.owners()));
    }
    let count = |word: &AtomicU64| word.load(SeqCst);
    let done: u64 = board.places.iter().map(|place| count(&place.done)).sum();
    format!(
        "{done} turns, {} with runs, {} adopted, {} offers stale, {} of {COUNT} free in the end",
        count(&ledger.runs),
        count(&ledger.adopted),
        count(&ledger.stale),
        usage.free
    )
}
