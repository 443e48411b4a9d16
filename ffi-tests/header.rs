//! `include/courtyard.h` is what the sources say, byte by byte. `CYD_BLESS=1` rewrites it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of the C face in the order of `mod.rs`, without those that exist in tests only.
fn files() -> Vec<PathBuf> {
    let folder = root().join("src/capi");
    let list = fs::read_to_string(folder.join("mod.rs")).unwrap();
    let mut files = Vec::new();
    let mut before = "";
    for line in list.lines() {
        let name = line.trim_start_matches("pub ").strip_prefix("mod ").and_then(|l| l.strip_suffix(';'));
        if let Some(name) = name.filter(|_| before != "#[cfg(test)]") {
            files.push(folder.join(format!("{name}.rs")));
        }
        before = line;
    }
    files
}

fn generate(files: &[PathBuf]) -> String {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).unwrap();
    let all = files.iter().fold(cbindgen::Builder::new().with_config(config), |all, file| all.with_src(file));
    let mut header = Vec::new();
    all.generate().unwrap().write(&mut header);
    String::from_utf8(header).unwrap()
}

/// The first line that differs, with what surrounds it.
fn first_difference(old: &str, new: &str) -> String {
    let same = old.lines().zip(new.lines()).take_while(|(o, n)| o == n).count();
    let line = |text: &str| text.lines().nth(same).unwrap_or("(end of file)").to_owned();
    format!("line {}\n  committed: {}\n  sources:   {}", same + 1, line(old), line(new))
}

#[test]
fn the_committed_header_is_what_the_sources_say() {
    let path = root().join("include/courtyard.h");
    let fresh = generate(&files());
    let committed = fs::read_to_string(&path).unwrap_or_default();
    if committed == fresh {
        return;
    }
    if std::env::var_os("CYD_BLESS").is_some_and(|v| v == "1") {
        fs::write(&path, fresh).unwrap();
        return;
    }
    panic!(
        "include/courtyard.h differs from the sources at {}\nIf that is meant: CYD_BLESS=1 cargo test --test header, \
         and read the difference before you commit it: it is a change of the ABI.",
        first_difference(&committed, &fresh)
    );
}

#[test]
fn a_noun_becomes_an_opaque_type_and_its_options_a_struct() {
    let header = generate(&files());
    assert!(header.contains("typedef struct cyd_yard_t cyd_yard_t;"), "{header}");
    assert!(header.contains("} cyd_yard_options_t;"), "{header}");
    assert!(!header.contains("_opaque"), "the inside of a handle is nobody's business:\n{header}");
}

#[test]
fn every_prototype_is_documented_and_says_since_when() {
    let header = generate(&files());
    let lines: Vec<&str> = header.lines().collect();
    let mut functions = 0;
    for (i, line) in lines.iter().enumerate().filter(|(_, line)| is_prototype(line)) {
        assert_eq!(lines[i - 1], " */", "no words for {line}");
        let start = lines[..i].iter().rposition(|l| *l == "/**").unwrap();
        for word in ["\\par Threads", "\\par Processes", "\\par Blocking", "\\par Crash", "\\par Since"] {
            assert!(lines[start..i].iter().any(|l| l.contains(word)), "{line}: no {word}");
        }
        assert!(!line.starts_with("cyd_status_t") || line.contains("_close("), "{line}: may be dropped");
        functions += 1;
    }
    assert!(functions >= 60, "found {functions} prototypes only: has the style of the header changed?");
}

/// Such as `CYD_MUST_USE cyd_status_t cyd_probe(cyd_probe_t *out);`
fn is_prototype(line: &str) -> bool {
    line.ends_with(");") && line.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Two nouns with one tag could not be told apart.
#[test]
fn the_tags_of_the_nouns_differ() {
    let mut tags = Vec::new();
    for entry in fs::read_dir(root().join("src/capi")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let uses =
            text.lines().filter(|l| l.trim_start().starts_with("noun!(") || l.starts_with("handle::noun!("));
        tags.extend(uses.filter_map(|l| l.split("b\"").nth(1)?.split('"').next().map(str::to_owned)));
    }
    let found = tags.len();
    tags.sort();
    tags.dedup();
    assert!(
        found >= 4 && tags.len() == found && !tags.iter().any(|t| t == "shut"),
        "{found} nouns, tags {tags:?}"
    );
}
