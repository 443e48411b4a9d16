//! What a first-in-first-out queue must not do, seen in a history of any length.
//!
//! Values are put once each. Such a history, as far as it has no `Full` and no `Empty`, has an order that explains it if and
//! only if none of these is in it.

use crate::history::{Call, Deed};
use std::collections::HashMap;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Got, but nobody put it, or not before it was got.
    FromNowhere(u64),
    Twice(u64),
    /// The second was put after the first, and got before it, or without it.
    Overtaken(u64, u64),
}

/// A value's way through the queue.
struct Way {
    put: Call,
    got: Option<Call>,
}

/// Looks for anything wrong.
pub fn fault(history: &[Call]) -> Option<Wrong> {
    let mut ways: HashMap<u64, Way> = HashMap::new();
    for call in history {
        if let Deed::Put(value) = call.deed {
            ways.insert(value, Way { put: *call, got: None });
        }
    }
    for call in history {
        let Deed::Got(value) = call.deed else { continue };
        let Some(way) = ways.get_mut(&value).filter(|way| !call.is_before(&way.put)) else {
            return Some(Wrong::FromNowhere(value));
        };
        if way.got.replace(*call).is_some() {
            return Some(Wrong::Twice(value));
        }
    }
    overtaken(&ways)
}

fn overtaken(ways: &HashMap<u64, Way>) -> Option<Wrong> {
    let mut by_begin: Vec<(&u64, &Way)> = ways.iter().collect();
    let mut by_end = by_begin.clone();
    by_begin.sort_by_key(|(_, way)| way.put.begin);
    by_end.sort_by_key(|(_, way)| way.put.end);
    let mut earlier = by_end.into_iter().peekable();
    // Of those that were put before: the last to be got, and when that began.
    let mut last = None;
    for (value, way) in by_begin {
        while let Some((other, before)) = earlier.next_if(|(_, other)| other.put.is_before(&way.put)) {
            let begin = before.got.map_or(u64::MAX, |got| got.begin);
            last = last.max(Some((begin, *other)));
        }
        if let (Some(got), Some((begin, other))) = (way.got, last)
            && got.end < begin
        {
            return Some(Wrong::Overtaken(other, *value));
        }
    }
    None
}
