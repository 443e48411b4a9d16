//! The ABI of the C header against the committed one, `abi/courtyard.abi`: what a compiled program relies on stays.
//!
//! What abidw tells of the library itself differs with the profile, the compiler and the machine, for a Rust library's
//! debug information is full of what is inside. So it looks at a stand-in: a library made by the C compiler with a
//! body for each function of the header. That the real one exports these very functions is checked in `c.rs` and
//! `dist.rs`, that the header is what the sources say in `header.rs`. The numbers of the header's macros are in the
//! stand-in as one enum.
//!
//! A function, a type or a number that is removed or changed fails. Additions pass, and so does a struct that begins
//! with `struct_size` and grows at its end. `CYD_BLESS=1 cargo test --test abi` writes down what is there now, and so
//! makes the additions something to rely on, or a break deliberate.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod support;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Language, Part, Suite, program, root, run, scratch};

fn main() {
    let mut suite = Suite::new();
    suite.part("the committed abi", the_committed_abi);
    suite.part("what the check objects to", the_check_bites);
    suite.finish();
}

fn committed() -> PathBuf {
    root().join("abi/courtyard.abi")
}

fn header() -> String {
    fs::read_to_string(root().join("include/courtyard.h")).unwrap()
}

/// What is missing here, if anything is.
fn missing() -> Option<&'static str> {
    if ["abidw", "abidiff"].iter().any(|tool| program(tool).is_none()) {
        return Some("abidw and abidiff");
    }
    Language::C.bare_command().is_none().then_some("C compiler")
}

fn the_committed_abi() -> Part {
    if let Some(missing) = missing() {
        return Part::Skipped(missing);
    }
    let folder = scratch("abi");
    if std::env::var_os("CYD_BLESS").is_some_and(|v| v == "1") {
        fs::create_dir_all(committed().parent().unwrap()).unwrap();
        write_down(&stand_in(&folder, &header()), &committed());
    }
    let objection = compare(&folder, &committed(), &header(), false);
    let additions = compare(&folder, &committed(), &header(), true);
    fs::remove_dir_all(&folder).unwrap();
    if let Some(objection) = objection {
        panic!(
            "the header breaks programs that were compiled with an earlier one:\n{objection}\n\
             If that is meant: CYD_BLESS=1 cargo test --test abi, and raise the version."
        );
    }
    if let Some(additions) = additions {
        println!("not written down yet (CYD_BLESS=1 cargo test --test abi):\n{additions}");
    }
    Part::Passed
}

/// Changes of the header, and whether a program that was compiled before would notice.
fn the_check_bites() -> Part {
    if let Some(missing) = missing() {
        return Part::Skipped(missing);
    }
    let acquire = "cyd_status_t cyd_lock_acquire(cyd_lock_t *lock, int64_t timeout_ns);";
    let changes = [
        ("a function less", false, acquire, ""),
        (
            "a narrower parameter",
            false,
            acquire,
            "cyd_status_t cyd_lock_acquire(cyd_lock_t *lock, int32_t timeout_ns);",
        ),
        (
            "a parameter more",
            false,
            acquire,
            "cyd_status_t cyd_lock_acquire(cyd_lock_t *lock, int64_t ns, int more);",
        ),
        ("another result", false, acquire, "int64_t cyd_lock_acquire(cyd_lock_t *lock, int64_t timeout_ns);"),
        (
            "another noun",
            false,
            acquire,
            "cyd_status_t cyd_lock_acquire(cyd_ring_t *lock, int64_t timeout_ns);",
        ),
        ("a function more", true, acquire, &format!("{acquire}\ncyd_status_t cyd_more(cyd_lock_t *lock);")),
        ("a narrower status", false, "typedef int32_t cyd_status_t;", "typedef int16_t cyd_status_t;"),
        ("a field of another type", false, "uint64_t object_bytes;", "uint32_t object_bytes;"),
        ("a field in between", false, "uint64_t object_bytes;", "uint64_t object_bytes;\n uint64_t more;"),
        ("a field at the end", true, "} cyd_cost_t;", "    uint64_t more;\n} cyd_cost_t;"),
        ("a field less", false, "char name[32];", ""),
        ("a struct without a size that grows", false, "} cyd_slice_t;", "    size_t more;\n} cyd_slice_t;"),
        ("another number", false, "#define CYD_E_BUSY -1013", "#define CYD_E_BUSY -1014"),
        ("a number less", false, "#define CYD_E_BUSY -1013", ""),
        (
            "a number more",
            true,
            "#define CYD_E_BUSY -1013",
            "#define CYD_E_BUSY -1013\n#define CYD_E_MORE -1999",
        ),
    ];
    let (folder, header) = (scratch("abi-changes"), header());
    let before = folder.join("before.abi");
    write_down(&stand_in(&folder, &header), &before);
    for (what, harmless, from, to) in changes {
        assert_eq!(header.matches(from).count(), 1, "{what}: the header does not say {from}");
        let objection = compare(&folder, &before, &header.replace(from, to), false);
        assert_eq!(objection.is_none(), harmless, "{what}: {objection:?}");
        println!("{what}: {}", if harmless { "passes" } else { "fails" });
    }
    fs::remove_dir_all(&folder).unwrap();
    Part::Passed
}

/// A library of the header's functions, which nobody calls.
fn stand_in(folder: &Path, header: &str) -> PathBuf {
    let mut bodies = "#include \"courtyard.h\"\nenum cyd_numbers {\n".to_owned();
    for (name, _) in numbers(header) {
        writeln!(bodies, "    number_{name} = {name},").unwrap();
    }
    bodies.push_str("};\nvoid cyd_numbers(enum cyd_numbers number) { (void)number; }\n");
    for line in
        header.lines().filter(|line| line.contains("cyd_") && line.ends_with(");") && is_outside(line))
    {
        writeln!(bodies, "{} {{ __builtin_trap(); }}", line.trim_end_matches(';')).unwrap();
    }
    let (source, library) = (folder.join("stand_in.c"), folder.join("libcourtyard.so"));
    fs::write(&source, bodies).unwrap();
    fs::write(folder.join("courtyard.h"), header).unwrap();
    let mut compiler = Language::C.bare_command().unwrap();
    compiler.args([
        "-std=c11",
        "-g",
        "-w",
        "-shared",
        "-fPIC",
        "-nostdlib",
        "-Wl,-soname,libcourtyard.so",
        "-I",
    ]);
    run(compiler.arg(folder).arg(&source).arg("-o").arg(&library));
    library
}

fn is_outside(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// The macros of the header that stand for a number, but for its version.
fn numbers(header: &str) -> impl Iterator<Item = (&str, &str)> {
    let defines = header.lines().filter_map(|line| line.strip_prefix("#define CYD_").map(|_| &line[8..]));
    let pairs = defines.filter_map(|define| define.split_once(' '));
    pairs.filter(|(name, value)| value.parse::<i64>().is_ok() && !name.starts_with("CYD_VERSION"))
}

fn write_down(library: &Path, to: &Path) {
    let mut abidw = Command::new("abidw");
    abidw.args(["--no-show-locs", "--no-corpus-path", "--no-comp-dir-path", "--no-elf-needed"]);
    abidw.args(["--no-architecture", "--no-parameter-names", "--type-id-style", "hash", "--out-file"]);
    run(abidw.arg(to).arg(library));
    let text = fs::read_to_string(to).unwrap();
    let folder = format!("{}/", library.parent().unwrap().display());
    fs::write(to, text.replace(&folder, "")).unwrap();
}

/// What abidiff says to a header, next to an ABI that was written down. Additions are told only if they are asked for.
fn compare(folder: &Path, before: &Path, header: &str, with_additions: bool) -> Option<String> {
    let kept = if with_additions { header.to_owned() } else { without_growth(header, before) };
    let library = stand_in(folder, &kept);
    let mut abidiff = Command::new("abidiff");
    abidiff.arg("--no-architecture").args((!with_additions).then_some("--no-added-syms"));
    let output = abidiff.arg(before).arg(&library).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.code() {
        Some(0) => None,
        // 4: changed; 8: changed for the worse.
        Some(code) if code & 3 == 0 => Some(said),
        _ => panic!("{abidiff:?}: {}\n{said}{}", output.status, String::from_utf8_lossy(&output.stderr)),
    }
}

/// The header with its structs as long as they were, those that tell their own length. (Rules for abidiff that let a
/// struct grow let its fields change, too.)
fn without_growth(header: &str, before: &Path) -> String {
    let before = fs::read_to_string(before).unwrap();
    let mut parts = header.split("typedef struct {\n");
    let mut kept = parts.next().unwrap().to_owned();
    for part in parts {
        let (fields, rest) = part.split_once("\n} ").unwrap();
        let name = rest.split(';').next().unwrap();
        let sized = fields.lines().find(|l| l.ends_with(';')).unwrap().trim() == "size_t struct_size;";
        let count = fields_before(&before, name).filter(|_| sized).unwrap_or(usize::MAX);
        let mut left = count;
        let lines = fields.lines().take_while(|line| {
            let more = left > 0;
            left -= usize::from(more && line.ends_with(';') && !line.trim_start().starts_with('*'));
            more
        });
        let fields: Vec<&str> = lines.collect();
        write!(kept, "typedef struct {{\n{}\n}} {rest}", fields.join("\n")).unwrap();
    }
    kept
}

/// How many fields a struct had in an ABI that was written down.
fn fields_before(abi: &str, name: &str) -> Option<usize> {
    let class = abi.split("<class-decl ").find(|class| class.starts_with(&format!("name='{name}'")))?;
    let fields = class.split("</class-decl>").next().unwrap().matches("<data-member ").count();
    (fields > 0).then_some(fields)
}
