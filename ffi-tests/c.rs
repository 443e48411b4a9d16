//! The library as C and C++ meet it: the header compiles everywhere, every program in `c/` runs with the shared and
//! with the static library, and the library shows nothing but what the header declares.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Built, Language, Link, Part, Suite, elf, link_flags, root, run};

fn main() {
    let mut suite = Suite::new();
    let built = support::built();
    for standard in ["c99", "c11", "c17"] {
        suite.part(&format!("header as {standard}"), || header_compiles(&built, Language::C, standard));
    }
    for standard in ["c++11", "c++17"] {
        suite.part(&format!("header as {standard}"), || header_compiles(&built, Language::Cxx, standard));
    }
    for source in programs() {
        let name = source.file_name().unwrap().to_string_lossy().into_owned();
        suite.part(&format!("{name} shared"), || runs(&built, &source, Link::Shared));
        suite.part(&format!("{name} static"), || runs(&built, &source, Link::Static));
    }
    for link in [Link::Shared, Link::Static] {
        let kind = if link == Link::Shared { "shared" } else { "static" };
        suite.part(&format!("smoke.cpp {kind}"), || cpp_runs(&built, link));
        suite.part(&format!("hello.c {kind}"), || hello_runs(&built, link));
    }
    suite.part("exported symbols", || exports_what_the_header_declares(&built));
    suite.part("dropped results warn", || a_dropped_result_warns(&built));
    suite.part("link line", || which_flags_are_needed(&built));
    drop(built);
    suite.finish();
}

fn programs() -> Vec<PathBuf> {
    let files = fs::read_dir(root().join("ffi-tests/c")).unwrap().map(|entry| entry.unwrap().path());
    let mut programs: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|e| e == "c")).collect();
    programs.sort();
    assert!(!programs.is_empty());
    programs
}

/// Included twice and before anything else, so that it stands alone.
fn header_compiles(built: &Built, language: Language, standard: &str) -> Part {
    let (extension, pedantic) = match language {
        Language::C => ("c", true),
        Language::Cxx => ("cc", false),
    };
    let source = built.folder.join(format!("alone-{standard}.{extension}"));
    fs::write(&source, "#include \"courtyard.h\"\n#include \"courtyard.h\"\nextern int unused;\n").unwrap();
    let done = language.command().map(|mut compiler| {
        let flags: &[&str] = if pedantic { &["-Wpedantic"] } else { &[] };
        run(compiler.arg(format!("-std={standard}")).args(flags).args(["-fsyntax-only"]).arg(&source))
    });
    Part::needs(done, if pedantic { "C compiler" } else { "C++ compiler" })
}

fn runs(built: &Built, source: &Path, link: Link) -> Part {
    let program = built.compile(Language::C, source, link, &["-std=c11", "-Wpedantic"]);
    let done = program.map(|program| print!("{}", run_linked(built, &program, link)));
    Part::needs(done, "C compiler")
}

/// What a program prints that was linked in this way.
fn run_linked(built: &Built, program: &Path, link: Link) -> String {
    match link {
        Link::Shared => run(&mut built.command(program)),
        Link::Static => run(&mut Command::new(program)),
    }
}

fn cpp_runs(built: &Built, link: Link) -> Part {
    let source = root().join("ffi-tests/cpp/smoke.cpp");
    let program = built.compile(Language::Cxx, &source, link, &["-std=c++11"]);
    Part::needs(program.map(|program| print!("{}", run_linked(built, &program, link))), "C++ compiler")
}

/// The example of the README, as its reader would compile it.
fn hello_runs(built: &Built, link: Link) -> Part {
    let source = root().join("examples/c/hello.c");
    let program = built.compile(Language::C, &source, link, &[]);
    let done = program.map(|program| assert_eq!(run_linked(built, &program, link), "hello, parent\n"));
    Part::needs(done, "C compiler")
}

fn exports_what_the_header_declares(built: &Built) -> Part {
    let library = elf::read(&built.shared);
    assert_eq!(library.soname.as_deref(), Some("libcourtyard.so.0"));
    let foreign: Vec<&String> = library.exported.iter().filter(|name| !name.starts_with("cyd_")).collect();
    assert!(foreign.is_empty(), "exported by accident: {foreign:?}");
    assert_eq!(library.exported, declared(), "left: the library, right: the header");
    Part::Passed
}

/// The functions of the header, sorted.
fn declared() -> Vec<String> {
    let header = fs::read_to_string(root().join("include/courtyard.h")).unwrap();
    let outside = header.lines().filter(|l| !l.starts_with([' ', '#', '/', '}']) && l.ends_with(");"));
    let name = |line: &str| {
        let before = line.split('(').next()?;
        Some(before.rsplit([' ', '*']).next()?.to_owned()).filter(|name| name.starts_with("cyd_"))
    };
    let mut names: Vec<String> = outside.filter_map(name).collect();
    names.sort();
    names
}

/// The attribute is easily lost in a change of the header's style.
fn a_dropped_result_warns(built: &Built) -> Part {
    let compiles = |name: &str, body: &str| {
        let source = built.folder.join(name);
        fs::write(&source, format!("#include \"courtyard.h\"\nint f(void) {{ {body} }}\n")).unwrap();
        let mut compiler = Language::C.command()?;
        let output = compiler.arg("-c").arg(&source).arg("-o").arg(source.with_extension("o")).output();
        Some(output.unwrap().status.success())
    };
    let done = compiles("used.c", "return cyd_probe(NULL);").map(|used| {
        assert!(used, "a used status is fine");
        let dropped = compiles("dropped.c", "cyd_probe(NULL); return 0;");
        assert_eq!(dropped, Some(false), "a dropped status went unnoticed");
    });
    Part::needs(done, "C compiler")
}

/// The README's line works (every static program above used it); here is said which of its flags this libc needs.
fn which_flags_are_needed(built: &Built) -> Part {
    let Some(source) = programs().into_iter().next() else { return Part::Skipped("C program") };
    let flags = link_flags(Link::Static);
    let links = |flags: &[String]| {
        let mut compiler = Language::C.command()?;
        let archive = built.folder.join("libcourtyard.a");
        compiler.args(["-std=c11"]).arg(&source).arg("-o").arg(built.folder.join("linked"));
        Some(compiler.arg(archive).args(flags).output().unwrap().status.success())
    };
    let Some(all) = links(&flags) else { return Part::Skipped("C compiler") };
    assert!(all, "the README's line does not link: {flags:?}");
    for left_out in &flags {
        let rest: Vec<String> = flags.iter().filter(|flag| *flag != left_out).cloned().collect();
        let needed = links(&rest) == Some(false);
        println!("{left_out}: {}", if needed { "needed here" } else { "not needed by this libc" });
    }
    Part::Passed
}
