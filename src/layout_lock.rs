//! What the bytes of a yard mean, against `docs/layout.lock`, where each layout version is written down.
//!
//! Programs of two builds that speak the same layout version share a yard: so no word of a struct may move, and no bit
//! change its meaning, unless the version is raised. A new struct, or a new number, may be added to a version.
//! `CYD_BLESS=1 cargo test --lib layout_lock` writes down what is new.
//!
//! A new struct: `shim::words!` beside it, and its line in `STRUCTS`.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use crate::lockfree::mpmc::layout::State as CellState;
use crate::objects::barrier::layout::Tables;
use crate::objects::{array, structs, value};
use crate::presence::attachment::IN_USE;
use crate::presence::entry::{Entry, Slot};
use crate::segment::bits::{self, BlockHandle, BlockWord, Link, Place, State, Token, Use};
use crate::segment::directory::{self, ObjectType};
use crate::segment::geometry::{self, Geometry};
use crate::segment::header::{FORMAT, Header, LAYOUT_VERSION, MAGIC};
use crate::shim::words::Words;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Every struct that lies in shared memory.
const STRUCTS: &[Words] = &[
    Header::WORDS,
    Entry::WORDS,
    Slot::WORDS,
    directory::Slot::WORDS,
    crate::segment::faults::Faults::WORDS,
    crate::segment::faults::Line::WORDS,
    crate::objects::lock::layout::Body::WORDS,
    crate::objects::rlock::layout::Body::WORDS,
    crate::sync::rlock::RLockWord::WORDS,
    crate::objects::semaphore::layout::Body::WORDS,
    crate::objects::condition::layout::Body::WORDS,
    crate::sync::condition::Cell::WORDS,
    crate::objects::barrier::layout::Body::WORDS,
    crate::sync::barrier::Head::WORDS,
    crate::sync::snapshot::Head::WORDS,
    crate::objects::event::layout::Body::WORDS,
    crate::objects::rwlock::layout::Body::WORDS,
    crate::sync::rwlock::Head::WORDS,
    crate::sync::rwlock::Cell::WORDS,
    crate::lockfree::spsc::Words::WORDS,
    crate::lockfree::mpmc::layout::Words::WORDS,
    crate::objects::ring::layout::Body::WORDS,
    crate::objects::queue::layout::Body::WORDS,
    crate::objects::queue::debts::Gate::WORDS,
    crate::lockfree::owed::layout::Words::WORDS,
    crate::lockfree::owed::layout::Note::WORDS,
    crate::objects::pipe::layout::Way::WORDS,
    crate::objects::pipe::layout::Body::WORDS,
    crate::sync::shelf::Words::WORDS,
    crate::sync::task::TaskWords::WORDS,
    crate::objects::pool::layout::Body::WORDS,
    crate::objects::pool::layout::Worker::WORDS,
    crate::objects::pool::layout::Record::WORDS,
    crate::sync::heap::Cell::WORDS,
    crate::sync::permits::Gate::WORDS,
    crate::objects::permits::layout::Body::WORDS,
    crate::sync::budget::Budget::WORDS,
    crate::sync::blocks::Gate::WORDS,
    crate::sync::blocks::Record::WORDS,
    crate::objects::blocks::layout::Class::WORDS,
    crate::objects::blocks::layout::Body::WORDS,
];

/// What is no struct, and as much a part of the layout.
fn numbers() -> Vec<(&'static str, u64)> {
    let place = |state| Place { generation: 1, state, token: Token::new(0, 0) }.pack();
    let barrier = |phase| bits::BarrierState { era: 1, phase, at: 2 };
    let block = |used| BlockWord { generation: 1, used, token: Token::new(0, 0).0 }.pack();
    let geometry = Geometry::new(1, 3, 5, 4096).unwrap();
    let (writing, again) = (CellState::Writing, CellState::Again);
    vec![
        ("magic", MAGIC),
        ("format word, low half", u64::from(FORMAT & 0xffff)),
        ("format word, high half", u64::from(FORMAT >> 16)),
        ("bytes of the header's page", geometry::HEADER_BYTES),
        ("bytes of the record of last faults", geometry::FAULTS_BYTES),
        ("objects begin at a multiple of", geometry::LINE_BYTES),
        ("3 slots, 5 objects, pages of 4096: entries at", geometry.entries_at),
        ("3 slots, 5 objects, pages of 4096: slots at", geometry.slots_at),
        ("3 slots, 5 objects, pages of 4096: directory at", geometry.directory_at),
        ("3 slots, 5 objects, pages of 4096: alive pages at", geometry.alive_at),
        ("3 slots, 5 objects, pages of 4096: objects at", geometry.heap_at),
        ("locked byte: in use", IN_USE),
        ("locked byte: entry 0 lives", Entry::byte(0)),
        ("token of index 1, generation 0", u64::from(Token::new(1, 0).0)),
        ("token of index 0, generation 1", u64::from(Token::new(0, 1).0)),
        ("lock word: token", u64::from(bits::TOKEN)),
        ("lock word: SUSPECT", u64::from(bits::SUSPECT)),
        ("lock word: WAITERS", u64::from(bits::WAITERS)),
        ("semaphore: permits", u64::from(bits::PERMITS)),
        ("ring end: CLOSED", u64::from(bits::END_CLOSED)),
        ("ring end: DIED", u64::from(bits::END_DIED)),
        ("place: free, generation 1, token of 0 and 0", place(State::Free)),
        ("place: joining, likewise", place(State::Joining)),
        ("place: live, likewise", place(State::Live)),
        ("place: leaving, likewise", place(State::Leaving)),
        ("place: reaping, likewise", place(State::Reaping)),
        ("place: clearing, likewise", place(State::Clearing)),
        ("object: lock", ObjectType::Lock as u64),
        ("object: value", ObjectType::Value as u64),
        ("object: ring", ObjectType::Ring as u64),
        ("object: re-entrant lock", ObjectType::RLock as u64),
        ("object: semaphore", ObjectType::Semaphore as u64),
        ("object: struct", ObjectType::Struct as u64),
        ("object: array", ObjectType::Array as u64),
        ("object: permits", ObjectType::Permits as u64),
        ("permit: COLLECTING", u64::from(bits::COLLECTING)),
        ("object: event", ObjectType::Event as u64),
        ("ring of cells: payload at", crate::shim::cells::CELL_HEAD as u64),
        (
            "ring of cells: lap 1 << 3, WRITING, slot 5",
            crate::lockfree::mpmc::layout::Ctl::new(8, writing, 5).0,
        ),
        ("ring of cells: AGAIN, length 7", crate::lockfree::mpmc::layout::Ctl::new(0, again, 7).0),
        ("ring of cells: header of tag 1, length 2", crate::lockfree::mpmc::layout::header(1, 2)),
        ("debt: OWED by 0x20000005, stay 1", crate::lockfree::owed::layout::sample().0),
        ("debt: a ticket of cell 3, tag 7, stay 1", crate::lockfree::owed::layout::sample_ticket().0),
        ("event: SET", u64::from(bits::EVENT_SET)),
        ("event: WAITERS", u64::from(bits::EVENT_WAITERS)),
        ("event: one more set", u64::from(bits::EVENT_EPOCH)),
        ("object: lock of readers and writers", ObjectType::RwLock as u64),
        ("object: condition", ObjectType::Condition as u64),
        ("object: queue", ObjectType::Queue as u64),
        ("object: pipe", ObjectType::Pipe as u64),
        ("object: last-in-first-out queue", ObjectType::LifoQueue as u64),
        ("object: priority queue", ObjectType::PriorityQueue as u64),
        ("object: pool", ObjectType::Pool as u64),
        ("shelf: DRAIN", u64::from(crate::sync::shelf::DRAIN)),
        ("shelf: NOW", u64::from(crate::sync::shelf::NOW)),
        ("shelf: bytes for a message of 9", crate::sync::shelf::stride(9) as u64),
        ("heap: FULL", crate::sync::heap::FULL),
        ("condition cell: WAITING", u64::from(bits::WAITING)),
        ("condition cell: NOTIFIED", u64::from(bits::NOTIFIED)),
        ("object: barrier", ObjectType::Barrier as u64),
        ("barrier: era 1, acting, cell 2", barrier(bits::Phase::Acting).pack()),
        ("barrier: likewise, resetting", barrier(bits::Phase::Resetting).pack()),
        ("barrier: likewise, aborted", barrier(bits::Phase::Aborted).pack()),
        ("barrier: likewise, timed out", barrier(bits::Phase::TimedOut).pack()),
        ("barrier: likewise, interrupted", barrier(bits::Phase::Interrupted).pack()),
        ("barrier: likewise, cancelled", barrier(bits::Phase::Cancelled).pack()),
        ("barrier: likewise, failed", barrier(bits::Phase::Failed).pack()),
        ("barrier: likewise, an arrived party died", barrier(bits::Phase::LostArrived).pack()),
        ("barrier: likewise, a declared party died", barrier(bits::Phase::LostDeclared).pack()),
        ("barrier: era 1, cell of the token of index 1", barrier(bits::Phase::Open).cell(Token::new(1, 0))),
        ("barrier: era 1, name of process 3, thread 4", barrier(bits::Phase::Open).name((3, 4))),
        ("barrier: told of era 1", barrier(bits::Phase::Open).told()),
        ("barrier of 3 parties, 5 slots: told at", Tables::of(3, 5).told),
        ("barrier of 3 parties, 5 slots: places at", Tables::of(3, 5).places),
        ("object: blocks", ObjectType::Blocks as u64),
        ("block: owned, generation 1, token of 0 and 0", block(Use::Owned)),
        ("block: offered, likewise", block(Use::Offered)),
        ("block: linked, likewise", block(Use::Linked)),
        ("block: part, likewise", block(Use::Part)),
        ("block: collecting, likewise", block(Use::Collecting)),
        ("block: dissolving, likewise", block(Use::Dissolving)),
        ("block's handle: number 1, tag 1, generation 1", BlockHandle::new(1, 1, 1).0),
        ("block's link: object at 128, position 1", Link::new(128, 1).0),
        ("bytes of a value", value::BODY_BYTES),
        ("a struct's first copy at", structs::layout::COPIES_AT),
        ("bytes of a struct of 65 bytes", structs::layout::Shape::new(65, 1).unwrap().body_bytes()),
        ("bytes of an array's own lock", array::layout::LOCK_BYTES),
        ("an array's last parameter: it has a lock of its own", array::layout::LOCK),
    ]
}

const HEAD: &str = "\
# What lies where in shared memory: each struct with its words (offset, bytes), then numbers. A test compares it with
# the sources; CYD_BLESS=1 cargo test --lib layout_lock writes it. What a layout version has stays as it is: a change
# needs a new version in src/segment/header.rs. A struct that no released version had may be taken out by hand.
";

/// The parts of the layout by name, each with its lines.
type Layout = BTreeMap<String, Vec<String>>;

fn now() -> Layout {
    let mut layout = Layout::new();
    for Words { name, bytes, words } in STRUCTS {
        let lines = words.iter().map(|(word, offset, bytes)| format!("{word} {offset} {bytes}")).collect();
        let old = layout.insert(format!("{name}, {bytes} bytes"), lines);
        assert!(old.is_none(), "two structs are called {name}");
    }
    for (name, number) in numbers() {
        layout.insert(format!("{name}: {number:#x}"), Vec::new());
    }
    layout
}

fn print(version: u32, layout: &Layout) -> String {
    let mut text = format!("{HEAD}\nlayout version {version}\n");
    let (structs, numbers): (Vec<_>, Vec<_>) = layout.iter().partition(|(_, lines)| !lines.is_empty());
    for (name, lines) in structs {
        write!(text, "\n{name}\n").unwrap();
        lines.iter().for_each(|line| writeln!(text, "  {line}").unwrap());
    }
    text.push('\n');
    numbers.iter().for_each(|(name, _)| writeln!(text, "{name}").unwrap());
    text
}

fn parse(text: &str) -> (u32, Layout) {
    let (mut version, mut layout) = (0, Layout::new());
    let mut last = String::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(number) = line.strip_prefix("layout version ") {
            version = number.parse().unwrap();
        } else if let Some(word) = line.strip_prefix("  ") {
            layout.get_mut(&last).unwrap().push(word.to_owned());
        } else {
            line.clone_into(&mut last);
            layout.insert(line.to_owned(), Vec::new());
        }
    }
    (version, layout)
}

/// What of a version is not as it was written down.
fn moved(then: &Layout, now: &Layout) -> Vec<String> {
    let mut moved = Vec::new();
    for (name, lines) in then {
        match now.get(name) {
            None => moved.push(format!("{name}: is gone, or has another size or value")),
            Some(now) if now != lines => moved.push(format!("{name}: was {lines:?}, is {now:?}")),
            Some(_) => {}
        }
    }
    moved
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn nothing_moves_unless_the_layout_version_is_raised() {
    let path = root().join("docs/layout.lock");
    let written = fs::read_to_string(&path).unwrap_or_default();
    let (version, then) = parse(&written);
    let now = now();
    if version == LAYOUT_VERSION {
        let moved = moved(&then, &now);
        assert!(
            moved.is_empty(),
            "the layout has changed, and its version is still {LAYOUT_VERSION} (docs/layout.lock):\n{}\n\
             Raise LAYOUT_VERSION in src/segment/header.rs, or put it back. What no released version had may be \
             taken out of docs/layout.lock and written down anew.",
            moved.join("\n")
        );
    }
    let fresh = print(LAYOUT_VERSION, &now);
    if std::env::var_os("CYD_BLESS").is_some_and(|v| v == "1") {
        fs::write(&path, fresh).unwrap();
        return;
    }
    let new: Vec<&String> = now.keys().filter(|name| !then.contains_key(*name)).collect();
    assert!(
        written == fresh,
        "docs/layout.lock has version {version}, the sources have {LAYOUT_VERSION} and more: {new:?}\n\
         If that is meant: CYD_BLESS=1 cargo test --lib layout_lock"
    );
}

#[test]
fn a_word_that_moves_is_seen_and_a_new_struct_is_welcome() {
    let layout = now();
    let (version, parsed) = parse(&print(7, &layout));
    assert_eq!((version, &parsed), (7, &layout));
    let text = print(1, &layout);
    for (from, to) in
        [("  making 128 4", "  making 132 4"), ("header, 256", "header, 384"), (": 0x1\n", ": 0x9\n")]
    {
        assert!(text.contains(from), "{from}");
        assert!(!moved(&layout, &parse(&text.replace(from, to)).1).is_empty(), "{from}");
    }
    assert_eq!(moved(&layout, &parse(&format!("{text}\nnew, 8 bytes\n  word 0 8\n")).1), [] as [String; 0]);
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

#[test]
fn no_struct_is_forgotten() {
    let mut listed = 0;
    for path in sources(&root().join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        listed += text.lines().filter(|line| line.starts_with("words!(")).count();
        // The transparent words and the atomics write the trait's whole path or their own: they have no fields.
        let shared =
            text.lines().filter_map(|l| l.strip_prefix("unsafe impl Shared for ")?.strip_suffix(" {}"));
        for name in shared.filter(|name| !name.contains("::")) {
            let mut lists = text.split("\nwords!(").skip(1).filter_map(|list| list.split(',').nth(1));
            let has = lists.any(|list| list.trim_start().starts_with(&format!("{name} {{")));
            assert!(has, "{}: no `words!(…, {name} {{ … }});` beside it", path.display());
        }
    }
    assert_eq!(listed, STRUCTS.len(), "left: words! in the sources, right: in the list here");
}
