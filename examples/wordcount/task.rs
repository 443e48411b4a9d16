//! What the parent and the workers, whoever starts them, have agreed on: a task by this name, and its bytes.
//!
//! | task `count-words` | bytes |
//! |---|---|
//! | input | one byte, 1 if the text before the piece ends within a word, else 0; then the piece of text |
//! | result | lines, words, bytes, and how many workers were lost with the task before: four u64 in the machine's byte order |

use crate::count::{Counts, count};
use courtyard::{Error, ErrorKind, Result, register_task};

pub(crate) const NAME: &str = "count-words";

/// Has workers of this program count.
pub(crate) fn register() -> Result<()> {
    register_task(NAME, |task, input| {
        let (in_word, piece) = input.split_first().ok_or("no input")?;
        let Counts { lines, words, bytes } = count(piece, *in_word != 0);
        let numbers = [lines, words, bytes, task.attempt().into()];
        Ok::<_, &str>(numbers.map(u64::to_ne_bytes).concat())
    })
}

/// Makes the input for a piece of text.
pub(crate) fn encode(input: &mut Vec<u8>, in_word: bool, piece: &[u8]) {
    input.clear();
    input.push(in_word.into());
    input.extend_from_slice(piece);
}

/// What was counted, and how many workers were lost with it.
pub(crate) fn decode(result: &[u8]) -> Result<(Counts, u64)> {
    let (numbers, rest) = result.as_chunks();
    let numbers: Vec<u64> = numbers.iter().map(|bytes| u64::from_ne_bytes(*bytes)).collect();
    match (&numbers[..], rest) {
        (&[lines, words, bytes, lost], []) => Ok((Counts { lines, words, bytes }, lost)),
        _ => Err(Error::with(ErrorKind::Corrupt, format!("a result of {} bytes", result.len()))),
    }
}
