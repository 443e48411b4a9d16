//! What the parent and the workers, whoever starts them, have agreed on: a task by this name, and its bytes.
//!
//! | task `count-words` | bytes |
//! |---|---|
//! | input | one byte: bit 0, the text before the piece ends within a word; bit 1, the worker is to take its time, as it may be killed; then the text |
//! | result | lines, words, bytes, and how many workers were lost with the task before: four u64 in the machine's byte order |

use crate::count::{Counts, count};
use courtyard::{Error, ErrorKind, Result, register_task};
use std::thread::sleep;
use std::time::Duration;

pub(crate) const NAME: &str = "count-words";
const IN_WORD: u8 = 1;
const LINGER: u8 = 2;

/// Has workers of this program count.
pub(crate) fn register() -> Result<()> {
    register_task(NAME, |task, input| {
        let (flags, piece) = input.split_first().ok_or("no input")?;
        if flags & LINGER != 0 && task.attempt() == 0 {
            sleep(Duration::from_millis(20));
        }
        let Counts { lines, words, bytes } = count(piece, flags & IN_WORD != 0);
        let numbers = [lines, words, bytes, task.attempt().into()];
        Ok::<_, &str>(numbers.map(u64::to_ne_bytes).concat())
    })
}

/// Makes the input for a piece of text. `linger`: the worker is to take its time, so that there is somebody at work to kill.
pub(crate) fn encode(input: &mut Vec<u8>, in_word: bool, linger: bool, piece: &[u8]) {
    input.clear();
    input.push((u8::from(in_word) * IN_WORD) | (u8::from(linger) * LINGER));
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
