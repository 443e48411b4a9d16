//! What the sources promise about themselves: which room names what, and that nothing is left unfinished.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

use std::fs;
use std::path::Path;

/// One folder of `src`. It may use the rooms of lower floors, itself, and `error`.
struct Room {
    name: &'static str,
    floor: u32,
    /// Rooms of the same floor that it may use as well.
    beside: &'static [&'static str],
    /// Rooms of which it may use these modules only; without modules, nothing.
    only: &'static [(&'static str, &'static [&'static str])],
}

const ROOMS: [Room; 9] = [
    Room { name: "os", floor: 0, beside: &["shim"], only: &[] },
    Room { name: "shim", floor: 0, beside: &["os"], only: &[("os", &["futex"])] },
    Room { name: "segment", floor: 1, beside: &[], only: &[] },
    Room { name: "presence", floor: 2, beside: &[], only: &[] },
    Room { name: "sync", floor: 3, beside: &[], only: &[("presence", &["place"]), ("os", &["clock"])] },
    Room {
        name: "lockfree",
        floor: 3,
        beside: &[],
        only: &[("presence", &[]), ("segment", &[]), ("os", &[])],
    },
    Room { name: "objects", floor: 4, beside: &[], only: &[] },
    Room { name: "process", floor: 5, beside: &[], only: &[] },
    Room { name: "capi", floor: 7, beside: &[], only: &[] },
];

/// Names that only these rooms may write.
const SEAMS: [(&[&str], &str); 3] = [
    (&["core::sync::atomic", "std::sync::atomic"], "src/shim/"),
    (&["loom::sync::atomic"], "src/shim/"),
    (&["libc::", "nix::", "memmap2::"], "src/os/"),
];

/// Signs that something was left for later; put together here, so that this file has none.
const UNFINISHED: [&str; 6] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("HA", "CK"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("dbg", "!("),
];

/// Where the project's own words lie.
const WORDS: [&str; 9] =
    ["src", "ffi-tests", "xtask/src", "include", "benches", "examples", "build.rs", "README.md", ".ci"];

/// Every file at or below a path, with its text and its path from the repository's root.
fn files(path: &str) -> Vec<(String, String)> {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if full.is_file() {
        return fs::read_to_string(&full).map(|text| (path.to_owned(), text)).into_iter().collect();
    }
    let Ok(entries) = fs::read_dir(&full) else { return Vec::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "target").flat_map(|name| files(&format!("{path}/{name}"))).collect()
}

/// The library's files, without comments, and without the tests beside the code.
fn library() -> Vec<(String, String)> {
    let own = files("src").into_iter().filter(|(path, _)| {
        let name = path.rsplit('/').next().unwrap();
        name.ends_with(".rs") && name != "tests.rs" && !name.starts_with("loom_")
    });
    own.map(|(path, text)| {
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let lines: Vec<&str> = code.lines().map(|line| line.split("//").next().unwrap()).collect();
        (path, lines.join("\n"))
    })
    .collect()
}

/// What follows each `crate::`: the room, or another name of the crate, and the modules named in it.
fn uses(code: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    code.split("crate::").skip(1).map(|rest| {
        let (first, rest) = word(rest);
        let modules = match rest.strip_prefix("::") {
            Some(group) if group.starts_with('{') => {
                let group = group[1..].split('}').next().unwrap();
                group.split(',').map(|item| word(item.trim()).0).filter(|name| !name.is_empty()).collect()
            }
            Some(path) => vec![word(path).0],
            None => Vec::new(),
        };
        (first, modules)
    })
}

fn word(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len()))
}

/// Why `room` may not use these modules of `other`.
fn objection(room: &Room, other: &str, modules: &[&str]) -> Option<String> {
    let target = ROOMS.iter().find(|r| r.name == other)?;
    if target.name == room.name {
        return None;
    }
    if target.floor > room.floor {
        return Some(format!("{other} is above {}", room.name));
    }
    if target.floor == room.floor && !room.beside.contains(&other) {
        return Some(format!("{} and {other} do not know each other", room.name));
    }
    let allowed = room.only.iter().find(|(name, _)| *name == other)?.1;
    let strange = modules.iter().find(|module| !allowed.contains(module));
    if modules.is_empty() || strange.is_some() {
        return Some(format!("of {other}, {} may use {allowed:?} only", room.name));
    }
    None
}

#[test]
fn every_room_calls_downwards() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (path, code) in library() {
        let Some((folder, _)) = path.trim_start_matches("src/").split_once('/') else { continue };
        let Some(room) = ROOMS.iter().find(|room| room.name == folder) else {
            panic!("{path}: the table of rooms has no {folder}");
        };
        assert!(!code.contains("crate::{"), "{path}: name the room right after `crate::`, one room a line");
        for (other, modules) in uses(&code) {
            seen += 1;
            wrong.extend(objection(room, other, &modules).map(|why| format!("{path}: {why}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 100, "only {seen} uses found: has the style of the sources changed?");
}

#[test]
fn the_table_of_rooms_objects_where_it_should() {
    let room = |name: &str| ROOMS.iter().find(|room| room.name == name).unwrap();
    assert!(objection(room("segment"), "presence", &["place"]).is_some());
    assert!(objection(room("sync"), "lockfree", &["spsc"]).is_some());
    assert!(objection(room("sync"), "os", &["clock", "file"]).is_some());
    assert!(objection(room("lockfree"), "os", &["clock"]).is_some());
    assert!(objection(room("shim"), "os", &["futex"]).is_none());
    assert!(objection(room("capi"), "os", &["probe"]).is_none());
    let parsed: Vec<_> =
        uses("use crate::os::{clock, file::{self}};\n  crate::error::Error::new()").collect();
    assert_eq!(parsed, [("os", vec!["clock", "file"]), ("error", vec!["Error"])]);
}

#[test]
fn what_is_behind_a_seam_is_named_there_only() {
    let mut wrong = Vec::new();
    let mut behind = 0;
    for (path, code) in library() {
        for (names, home) in SEAMS {
            for name in names.iter().filter(|name| names_it(&code, name)) {
                behind += 1;
                if !path.starts_with(home) {
                    wrong.push(format!("{path}: {name} belongs into {home}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(behind >= 3, "the seams themselves name nothing: has the style of the sources changed?");
}

/// Whether the code has the path, and not as the end of a longer name.
fn names_it(code: &str, path: &str) -> bool {
    code.match_indices(path).any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

#[test]
fn nothing_is_left_unfinished() {
    let all: Vec<_> = WORDS.iter().flat_map(|path| files(path)).collect();
    assert!(all.len() > 50, "only {} files found", all.len());
    for (path, text) in all {
        for (number, line) in (1..).zip(text.lines()) {
            let mark = UNFINISHED.iter().find(|mark| line.contains(*mark));
            assert!(mark.is_none(), "{path}:{number}: {}", line.trim());
        }
    }
}
