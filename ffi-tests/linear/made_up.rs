//! Histories made up by hand: what the search and the look at long histories say of them is known.

use crate::fifo::{Wrong, fault};
use crate::history::{Call, Deed, Order};
use crate::search::{Verdict, search};
use Deed::{Empty, Full, Got, Put};
use Verdict::{Explained, Impossible};

const fn call(begin: u64, end: u64, deed: Deed) -> Call {
    Call { begin, end, deed }
}

/// What it is, in which order and with how much room, the calls, and what is to be said of them.
type Row = (&'static str, Order, usize, &'static [Call], Verdict);

const ROWS: [Row; 16] = [
    ("nothing", Order::Fifo, 1, &[], Explained),
    (
        "one after the other",
        Order::Fifo,
        2,
        &[call(0, 1, Put(1)), call(2, 3, Put(2)), call(4, 5, Got(1)), call(6, 7, Got(2))],
        Explained,
    ),
    (
        "overtaken",
        Order::Fifo,
        2,
        &[call(0, 1, Put(1)), call(2, 3, Put(2)), call(4, 5, Got(2)), call(6, 7, Got(1))],
        Impossible,
    ),
    (
        "put at the same time",
        Order::Fifo,
        2,
        &[call(0, 2, Put(1)), call(1, 3, Put(2)), call(4, 5, Got(2)), call(6, 7, Got(1))],
        Explained,
    ),
    (
        "got at the same time",
        Order::Fifo,
        2,
        &[call(0, 1, Put(1)), call(2, 3, Put(2)), call(4, 7, Got(2)), call(5, 6, Got(1))],
        Explained,
    ),
    ("got before it was put", Order::Fifo, 2, &[call(2, 3, Put(1)), call(0, 1, Got(1))], Impossible),
    ("got while it is put", Order::Fifo, 2, &[call(0, 3, Put(1)), call(1, 2, Got(1))], Explained),
    ("got twice", Order::Fifo, 2, &[call(0, 1, Put(1)), call(2, 3, Got(1)), call(4, 5, Got(1))], Impossible),
    (
        "left behind",
        Order::Fifo,
        2,
        &[call(0, 1, Put(1)), call(2, 3, Put(2)), call(4, 5, Got(2))],
        Impossible,
    ),
    (
        "empty with something in it",
        Order::Fifo,
        2,
        &[call(0, 1, Put(1)), call(2, 3, Empty), call(4, 5, Got(1))],
        Impossible,
    ),
    (
        "empty before it was put",
        Order::Fifo,
        2,
        &[call(0, 2, Put(1)), call(1, 3, Empty), call(4, 5, Got(1))],
        Explained,
    ),
    (
        "empty between two that follow each other",
        Order::Fifo,
        2,
        &[call(0, 1, Put(1)), call(2, 9, Empty), call(3, 4, Put(2)), call(5, 6, Got(1)), call(7, 10, Got(2))],
        Explained,
    ),
    // Each value's way is in order: only together the calls say that something was in it all the time.
    (
        "never empty meanwhile",
        Order::Fifo,
        2,
        &[call(0, 1, Put(1)), call(2, 7, Empty), call(3, 4, Put(2)), call(5, 6, Got(1)), call(8, 9, Got(2))],
        Impossible,
    ),
    (
        "full with room",
        Order::Fifo,
        2,
        &[call(0, 1, Put(1)), call(2, 3, Full(2)), call(4, 5, Got(1))],
        Impossible,
    ),
    (
        "a stack",
        Order::Lifo,
        2,
        &[call(0, 1, Put(1)), call(2, 3, Put(2)), call(4, 5, Got(2)), call(6, 7, Got(1))],
        Explained,
    ),
    (
        "the smaller priority first, then the first",
        Order::Priority,
        4,
        &[
            call(0, 1, Put(4)),
            call(2, 3, Put(1)),
            call(4, 5, Put(3)),
            call(6, 7, Got(3)),
            call(8, 9, Got(4)),
            call(10, 11, Got(1)),
        ],
        Explained,
    ),
];

/// Puts them to both.
pub fn check() {
    for (name, order, capacity, history, verdict) in ROWS {
        assert_eq!(search(history, order, capacity), verdict, "{name}");
        if order == Order::Fifo && verdict == Explained {
            assert_eq!(fault(history), None, "{name}");
        }
    }
    let fault_of = |name| ROWS.iter().find(|row| row.0 == name).and_then(|row| fault(row.3));
    assert_eq!(fault_of("overtaken"), Some(Wrong::Overtaken(1, 2)));
    assert_eq!(fault_of("left behind"), Some(Wrong::Overtaken(1, 2)));
    assert_eq!(fault_of("got before it was put"), Some(Wrong::FromNowhere(1)));
    assert_eq!(fault_of("got twice"), Some(Wrong::Twice(1)));
    let stack = ROWS.iter().find(|row| row.0 == "a stack").unwrap().3;
    assert_eq!(search(stack, Order::Fifo, 2), Impossible);
    assert_eq!(search(stack, Order::Lifo, 1), Impossible, "more than there is room for");
    println!("histories made up by hand: {} judged as they must be", ROWS.len());
}
