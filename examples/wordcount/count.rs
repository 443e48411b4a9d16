//! What is counted, and how: as `wc` does in the C locale.

use std::ops::AddAssign;

/// Lines, words and bytes of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) lines: u64,
    pub(crate) words: u64,
    pub(crate) bytes: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Counts) {
        self.lines += more.lines;
        self.words += more.words;
        self.bytes += more.bytes;
    }
}

/// Counts one piece of a text. `in_word`: the byte before it, if there is one, belongs to a word, so that a word that
/// reaches over the border is counted where it begins.
pub(crate) fn count(piece: &[u8], in_word: bool) -> Counts {
    let mut counts = Counts { bytes: piece.len() as u64, ..Counts::default() };
    let mut inside = in_word;
    for &byte in piece {
        let blank = is_blank(byte);
        counts.lines += u64::from(byte == b'\n');
        counts.words += u64::from(!blank & !inside);
        inside = !blank;
    }
    counts
}

/// Whether the text goes on within a word after `piece`.
pub(crate) fn ends_in_word(piece: &[u8], in_word: bool) -> bool {
    piece.last().map_or(in_word, |&last| !is_blank(last))
}

/// `isspace` of the C locale: space, and \t \n \v \f \r.
fn is_blank(byte: u8) -> bool {
    byte == b' ' || (b'\t'..=b'\r').contains(&byte)
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} lines, {} words, {} bytes", self.lines, self.words, self.bytes)
    }
}
