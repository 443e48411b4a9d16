//! What the parent and the workers, forked or not, have agreed on: the names in the yard, a record, and totals that a
//! death leaves exact.
//!
//! | in the yard | what |
//! |---|---|
//! | ring `text.I` | the records for worker I (from 1 on), in order |
//! | u64 values `lines.I`, `words.I`, `bytes.I` | the totals of worker I |
//!
//! A record is a u64 in the machine's byte order, `in_word << 63 | number`, and then the piece of text. Numbers begin
//! with 1 in each ring. A total is `number << 40 | count`: how much was counted, and up to which record. It is written
//! with one store, before the record is released. Whoever takes the ring's end after a death is given the record again
//! and skips it in those totals that have it already.

use crate::count::{Counts, count};
use courtyard::{Error, ErrorKind, Result, Ring, Value, Yard};

/// Bytes of a record before the text.
pub(crate) const HEAD: usize = 8;
/// The highest number of a record.
pub(crate) const LAST_NUMBER: u64 = (1 << 24) - 1;
/// The highest count.
pub(crate) const LAST_COUNT: u64 = (1 << COUNT_BITS) - 1;

const COUNT_BITS: u32 = 40;
const IN_WORD: u64 = 1 << 63;

pub(crate) fn ring_name(worker: usize) -> String {
    format!("text.{worker}")
}

/// Makes a record of a piece of text.
pub(crate) fn encode(record: &mut Vec<u8>, number: u64, in_word: bool, piece: &[u8]) {
    let head = number | if in_word { IN_WORD } else { 0 };
    record.clear();
    record.extend_from_slice(&head.to_ne_bytes());
    record.extend_from_slice(piece);
}

/// Reads a record: its number and what is to be counted.
fn decode(record: &[u8]) -> Result<(u64, Counts)> {
    let Some((head, piece)) = record.split_first_chunk() else {
        return Err(Error::with(ErrorKind::Corrupt, format!("a record of {} bytes", record.len())));
    };
    let head = u64::from_ne_bytes(*head);
    Ok((head & LAST_NUMBER, count(piece, head & IN_WORD != 0)))
}

/// The totals of one worker.
pub(crate) struct Tally {
    lines: Value<u64>,
    words: Value<u64>,
    bytes: Value<u64>,
}

impl Tally {
    /// Finds a worker's totals in the yard, or makes them.
    pub(crate) fn of(yard: &Yard, worker: usize) -> Result<Tally> {
        let total = |what: &str| Value::open_or_create(yard, &format!("{what}.{worker}"));
        Ok(Tally { lines: total("lines")?, words: total("words")?, bytes: total("bytes")? })
    }

    /// Counts a record, once, however often it is delivered.
    pub(crate) fn add(&self, record: &[u8]) -> Result<()> {
        let (number, counts) = decode(record)?;
        for (total, more) in
            [(&self.lines, counts.lines), (&self.words, counts.words), (&self.bytes, counts.bytes)]
        {
            let old = total.get();
            if old >> COUNT_BITS < number {
                total.set((number << COUNT_BITS) | ((old & LAST_COUNT) + more));
            }
        }
        Ok(())
    }

    /// What was counted so far.
    pub(crate) fn counts(&self) -> Counts {
        let count = |total: &Value<u64>| total.get() & LAST_COUNT;
        Counts { lines: count(&self.lines), words: count(&self.words), bytes: count(&self.bytes) }
    }

    /// Up to which record everything is counted.
    pub(crate) fn number(&self) -> u64 {
        let number = |total: &Value<u64>| total.get() >> COUNT_BITS;
        number(&self.lines).min(number(&self.words)).min(number(&self.bytes))
    }
}

/// Opens the ring of a worker.
pub(crate) fn ring(yard: &Yard, worker: usize) -> Result<Ring> {
    Ring::open(yard, &ring_name(worker))
}
