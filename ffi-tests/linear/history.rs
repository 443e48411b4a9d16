//! What was done to a queue, by whom, and in what order as far as anybody can tell.

/// What a call did, by its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Put this value.
    Put(u64),
    /// Was told that there is no room, for this value.
    Full(u64),
    /// Got this value.
    Got(u64),
    /// Was told that there is nothing.
    Empty,
}

/// One call. It began before `begin` was drawn from a count that all share, and ended after `end` was: of two calls,
/// one came before the other if its end is below the other's begin.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub begin: u64,
    pub end: u64,
    pub deed: Deed,
}

impl Call {
    pub fn is_before(&self, other: &Call) -> bool {
        self.end < other.begin
    }
}

/// In what order a queue hands out what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Fifo,
    Lifo,
    /// The smallest [`priority`] first, among equals the first.
    Priority,
}

/// The priority with which a value is put where there are any.
pub fn priority(value: u64) -> i64 {
    (value % 3).cast_signed() - 1
}

/// A history for people to read.
pub fn show(history: &[Call]) -> String {
    let mut calls = history.to_vec();
    calls.sort_by_key(|call| call.begin);
    let line = |call: &Call| format!("  {:>4} … {:<4} {:?}\n", call.begin, call.end, call.deed);
    calls.iter().map(line).collect()
}
