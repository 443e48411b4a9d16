//! A chunk: the inputs of one task one after the other; what comes back is their results likewise.
//!
//! Each lies behind a word with its length; the word of a result says also whether it is an error.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::process::pool::coding::Take;
use std::result::Result as Either;

/// In a part's word: it is an error.
const ERROR: u64 = 1 << 63;

/// Adds a part as `write` writes it behind what is there; nothing if that fails.
pub(super) fn put<E>(
    chunk: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Either<(), E>,
) -> Either<(), E> {
    let at = begin(chunk);
    match write(chunk) {
        Ok(()) => {
            end(chunk, at, 0);
            Ok(())
        }
        Err(e) => {
            chunk.truncate(at);
            Err(e)
        }
    }
}

fn begin(chunk: &mut Vec<u8>) -> usize {
    let at = chunk.len();
    chunk.extend_from_slice(&[0; 8]);
    at
}

fn end(chunk: &mut [u8], at: usize, sign: u64) {
    if let Some((word, part)) = chunk.get_mut(at..).and_then(|it| it.split_first_chunk_mut::<8>()) {
        *word = (part.len() as u64 | sign).to_ne_bytes();
    }
}

/// The parts of a chunk, each with whether it is an error.
struct Parts<'a>(&'a [u8]);

impl<'a> Iterator for Parts<'a> {
    type Item = (bool, &'a [u8]);

    fn next(&mut self) -> Option<(bool, &'a [u8])> {
        let (word, rest) = self.0.split_first_chunk::<8>()?;
        let word = u64::from_ne_bytes(*word);
        let (part, rest) = rest.split_at_checked(usize::try_from(word & !ERROR).ok()?)?;
        self.0 = rest;
        Some((word & ERROR != 0, part))
    }
}

/// In a worker: calls with each of the inputs of a chunk, and with where its result goes.
pub(super) fn each(
    inputs: &[u8],
    mut call: impl FnMut(&[u8], &mut Vec<u8>) -> Either<(), String>,
) -> Vec<u8> {
    let mut results = Vec::with_capacity(inputs.len());
    for (_, input) in Parts(inputs) {
        if let Err(error) = put(&mut results, |out| call(input, out)) {
            let at = begin(&mut results);
            results.extend_from_slice(error.as_bytes());
            end(&mut results, at, ERROR);
        }
    }
    results
}

/// The results of some inputs, which have numbers, to be taken one by one.
pub(super) struct Results {
    /// Or the one error of them all.
    bytes: Result<Vec<u8>>,
    /// Where the next one begins.
    at: usize,
    number: usize,
    end: usize,
}

impl Results {
    /// Of so many inputs from this number on.
    pub(super) fn new(bytes: Result<Vec<u8>>, first: usize, count: usize) -> Results {
        Results { bytes, at: 0, number: first, end: first + count }
    }

    /// The next one, with its number.
    pub(super) fn next<R, C: Take<R>>(&mut self) -> Option<(usize, Result<R>)> {
        if self.number == self.end {
            return None;
        }
        self.number += 1;
        Some((self.number - 1, self.part::<R, C>()))
    }

    fn part<R, C: Take<R>>(&mut self) -> Result<R> {
        let bytes = self.bytes.as_ref().map_err(Error::clone)?;
        let mut parts = Parts(bytes.get(self.at..).unwrap_or_default());
        let (is_error, part) = parts.next().ok_or(ErrorKind::Corrupt)?;
        self.at = bytes.len() - parts.0.len();
        match is_error {
            false => C::take(part),
            true => Err(Error::with(ErrorKind::Failed, String::from_utf8_lossy(part))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::pool::coding::{Bytes, Put};

    fn taken(mut results: Results) -> Vec<(usize, Result<Vec<u8>>)> {
        std::iter::from_fn(|| results.next::<Vec<u8>, Bytes>()).collect()
    }

    #[test]
    fn each_input_has_its_result_or_its_error() {
        let mut inputs = Vec::new();
        for input in [&b"one"[..], b"", b"no", b"three"] {
            put(&mut inputs, |out| Bytes::put(&input, out)).unwrap();
        }
        let before = inputs.clone();
        let half = |out: &mut Vec<u8>| {
            out.extend(b"half of it");
            Err(())
        };
        assert_eq!(put(&mut inputs, half), Err(()));
        assert_eq!(inputs, before, "nothing of what failed");
        let results = each(&inputs, |input, out| {
            out.extend(input);
            if input == b"no" {
                return Err("not this one".to_owned());
            }
            out.push(b'!');
            Ok(())
        });
        let failed = Error::with(ErrorKind::Failed, "not this one");
        let [one, none, three] = ["one!", "!", "three!"].map(|text| Ok(text.as_bytes().to_vec()));
        let all = vec![(7, one), (8, none), (9, Err(failed)), (10, three)];
        assert_eq!(taken(Results::new(Ok(results), 7, 4)), all);
    }

    #[test]
    fn what_is_cut_short_or_nonsense_is_corrupt() {
        let mut whole = Vec::new();
        put(&mut whole, |out| Bytes::put(&b"12345678", out)).unwrap();
        let corrupt = |number| (number, Err(Error::new(ErrorKind::Corrupt)));
        for len in 0..whole.len() {
            assert_eq!(taken(Results::new(Ok(whole[..len].to_vec()), 0, 2)), [corrupt(0), corrupt(1)]);
        }
        assert_eq!(taken(Results::new(Ok(vec![0xff; 24]), 0, 1)), [corrupt(0)]);
        let lost = Error::with(ErrorKind::Lost, "all of it");
        assert_eq!(taken(Results::new(Err(lost.clone()), 3, 2)), [(3, Err(lost.clone())), (4, Err(lost))]);
    }
}
