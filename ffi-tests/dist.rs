//! What `cargo xtask dist` lays down: everything is there, nothing depends on where it was laid, and programs find it
//! in each of the usual ways.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Language, Link, Part, Suite, declared, elf, link_flags, program, root, run, scratch};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const MAJOR: &str = env!("CARGO_PKG_VERSION_MAJOR");
const MINOR: &str = env!("CARGO_PKG_VERSION_MINOR");
const GREETING: &str = "hello, parent\n";

fn main() {
    let mut suite = Suite::new();
    let place = Place::new();
    suite.part("what is laid down", || everything_is_there(&place));
    suite.part("links", || links(&place));
    suite.part("soname and exports", || shows_what_the_header_declares(&place));
    suite.part("no word of the prefix", || nothing_names_the_prefix(&place));
    suite.part("destdir and libdir", destdir_and_libdir);
    suite.part("pkg-config shared", || pkg_config(&place, Link::Shared));
    suite.part("pkg-config static", || pkg_config(&place, Link::Static));
    suite.part("cmake", || cmake(&place));
    suite.part("cmake versions", || cmake_versions(&place));
    suite.part("static archive", || archive(&place));
    suite.part("dlopen", || loads(&place));
    drop(place);
    suite.finish();
}

/// The prefix after it was moved.
struct Place {
    /// Where it was laid down first; nothing is there any more.
    first: PathBuf,
    prefix: PathBuf,
    /// For what the parts make.
    folder: PathBuf,
}

impl Place {
    fn new() -> Place {
        let folder = scratch("dist");
        let (first, prefix) = (folder.join("first"), folder.join("moved"));
        if !std::env::args().any(|argument| argument == "--list") {
            dist(&["--prefix", first.to_str().unwrap()]);
            fs::rename(&first, &prefix).unwrap();
        }
        Place { first, prefix, folder }
    }

    fn lib(&self) -> PathBuf {
        self.prefix.join("lib")
    }

    /// Runs a program that was linked with the library here.
    fn run(&self, program: &Path) -> String {
        run(Command::new(program).env("LD_LIBRARY_PATH", self.lib()))
    }

    fn pkg_config(&self) -> Option<Command> {
        let mut command = program("pkg-config")?;
        command.env("PKG_CONFIG_PATH", self.lib().join("pkgconfig")).env_remove("PKG_CONFIG_SYSROOT_DIR");
        Some(command)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn dist(arguments: &[&str]) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["run", "--quiet", "--manifest-path", "xtask/Cargo.toml", "--", "dist"]);
    run(cargo.args(arguments));
}

/// All files below a folder, by their paths from there, sorted.
fn files(base: &Path, folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut all: Vec<String> = entries
        .flat_map(|entry| match entry.file_type().unwrap().is_dir() {
            true => files(base, &entry.path()),
            false => vec![entry.path().strip_prefix(base).unwrap().to_str().unwrap().to_owned()],
        })
        .collect();
    all.sort();
    all
}

fn hello_c() -> PathBuf {
    root().join("examples/c/hello.c")
}

fn source(name: &str) -> PathBuf {
    root().join("ffi-tests/dist").join(name)
}

fn everything_is_there(place: &Place) -> Part {
    let real = format!("lib/libcourtyard.so.{VERSION}");
    let docs = [
        "CHANGELOG.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "design.md",
        "examples.md",
        "layout.md",
    ];
    let mut wanted = vec!["include/courtyard.h".to_owned(), "include/courtyard.hpp".to_owned()];
    wanted.extend(
        ["courtyardConfig.cmake", "courtyardConfigVersion.cmake"].map(|f| format!("lib/cmake/courtyard/{f}")),
    );
    wanted.extend(["lib/libcourtyard.a".to_owned(), "lib/libcourtyard.so".to_owned()]);
    wanted.extend([
        format!("lib/libcourtyard.so.{MAJOR}"),
        real.clone(),
        "lib/pkgconfig/courtyard.pc".to_owned(),
    ]);
    wanted.extend(docs.map(|doc| format!("share/doc/courtyard/{doc}")));
    assert_eq!(files(&place.prefix, &place.prefix), wanted);
    for header in ["courtyard.h", "courtyard.hpp"] {
        let header = Path::new("include").join(header);
        assert_eq!(fs::read(place.prefix.join(&header)).unwrap(), fs::read(root().join(&header)).unwrap());
    }
    for file in &wanted {
        let mode = fs::metadata(place.prefix.join(file)).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, if file.contains(".so") { 0o755 } else { 0o644 }, "{file}");
    }
    Part::Passed
}

fn links(place: &Place) -> Part {
    let link = |name: &str| fs::read_link(place.lib().join(name)).unwrap().to_str().unwrap().to_owned();
    assert_eq!(link(&format!("libcourtyard.so.{MAJOR}")), format!("libcourtyard.so.{VERSION}"));
    assert_eq!(link("libcourtyard.so"), format!("libcourtyard.so.{MAJOR}"));
    Part::Passed
}

fn shows_what_the_header_declares(place: &Place) -> Part {
    let library = elf::read(&place.lib().join(format!("libcourtyard.so.{VERSION}")));
    assert_eq!(library.soname, Some(format!("libcourtyard.so.{MAJOR}")));
    assert_eq!(library.exported, declared(), "left: the library, right: the header");
    Part::Passed
}

fn nothing_names_the_prefix(place: &Place) -> Part {
    for file in files(&place.prefix, &place.prefix).iter().filter(|f| !f.contains("libcourtyard")) {
        let text = fs::read_to_string(place.prefix.join(file)).unwrap();
        let filled = !file.starts_with("lib/") || !text.contains('@'); // only what lies there has gaps to fill
        assert!(filled, "{file}: something was not filled in");
        assert!(!text.contains(place.first.to_str().unwrap()), "{file} names the prefix");
    }
    Part::Passed
}

fn destdir_and_libdir() -> Part {
    let folder = scratch("destdir");
    let destdir = folder.to_str().unwrap();
    dist(&["--destdir", destdir, "--prefix=/usr", "--libdir", "lib/some-triplet"]);
    let libdir = folder.join("usr/lib/some-triplet");
    assert!(libdir.join("libcourtyard.so").exists(), "a link leads nowhere");
    let config = fs::read_to_string(libdir.join("cmake/courtyard/courtyardConfig.cmake")).unwrap();
    assert!(config.contains("${_courtyard_here}/../../../..\""), "{config}");
    let found = program("pkg-config").map(|mut command| {
        command.env("PKG_CONFIG_PATH", libdir.join("pkgconfig")).args(["--variable=includedir", "courtyard"]);
        let includes = PathBuf::from(run(&mut command).trim()).canonicalize().unwrap();
        assert_eq!(includes, folder.join("usr/include").canonicalize().unwrap());
    });
    fs::remove_dir_all(folder).unwrap();
    Part::needs(found, "pkg-config")
}

fn pkg_config(place: &Place, link: Link) -> Part {
    let Some(mut ask) = place.pkg_config() else { return Part::Skipped("pkg-config") };
    assert_eq!(run(place.pkg_config().unwrap().args(["--modversion", "courtyard"])).trim(), VERSION);
    if link == Link::Static {
        ask.arg("--static");
    }
    let flags = run(ask.args(["--cflags", "--libs", "courtyard"]));
    for wanted in if link == Link::Static { link_flags(link) } else { Vec::new() } {
        assert!(flags.split_whitespace().any(|flag| flag == wanted), "{flags}: no {wanted}");
    }
    let kind = if link == Link::Static { "static" } else { "shared" };
    let program = place.folder.join(format!("pkg-config-{kind}"));
    let done = Language::C.bare_command().map(|mut compiler| {
        compiler.arg(hello_c()).arg("-o").arg(&program);
        // Of the two libraries in one folder the linker takes the shared one, unless it is named.
        let named = |flag: &str| match (link, flag) {
            (Link::Static, "-lcourtyard") => "-l:libcourtyard.a".to_owned(),
            _ => flag.to_owned(),
        };
        run(compiler.args(flags.split_whitespace().map(named)));
        assert_eq!(needs_us(&program), link == Link::Shared);
        assert_eq!(place.run(&program), GREETING);
    });
    Part::needs(done, "C compiler")
}

/// Whether a program asks the dynamic linker for the library.
fn needs_us(program: &Path) -> bool {
    let soname = format!("libcourtyard.so.{MAJOR}\0");
    fs::read(program).unwrap().windows(soname.len()).any(|bytes| bytes == soname.as_bytes())
}

/// A project that is configured against the prefix; what cmake says when it does not come about.
fn configure(place: &Place, build: &Path, wanted: &str) -> Option<Result<String, String>> {
    let mut cmake = program("cmake")?;
    cmake.arg("-S").arg(root().join("ffi-tests/dist")).arg("-B").arg(build);
    cmake.arg(format!("-DCMAKE_PREFIX_PATH={}", place.prefix.display()));
    cmake.arg(format!("-DHELLO_C={}", hello_c().display())).arg(format!("-DWANTED={wanted}"));
    let output = cmake.env_remove("CMAKE_PREFIX_PATH").output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) })
}

fn tools_for_cmake() -> Option<&'static str> {
    if program("cmake").is_none() {
        return Some("cmake");
    }
    if program("make").is_none() {
        return Some("make");
    }
    Language::Cxx.bare_command().is_none().then_some("C++ compiler")
}

fn cmake(place: &Place) -> Part {
    if let Some(missing) = tools_for_cmake() {
        return Part::Skipped(missing);
    }
    let build = place.folder.join("build");
    let said = configure(place, &build, VERSION).unwrap().unwrap();
    let found = format!("courtyard {VERSION} in {}", place.lib().join("cmake/courtyard").display());
    assert!(said.contains(&found), "{said}");
    run(program("cmake").unwrap().arg("--build").arg(&build));
    for name in ["c-shared", "c-static", "cxx-shared", "cxx-static"] {
        let program = build.join(name);
        assert_eq!(needs_us(&program), name.ends_with("shared"), "{name}");
        assert_eq!(place.run(&program), GREETING, "{name}");
    }
    Part::Passed
}

/// Another version than the ABI allows is refused.
fn cmake_versions(place: &Place) -> Part {
    if let Some(missing) = tools_for_cmake() {
        return Part::Skipped(missing);
    }
    let build = place.folder.join("versions");
    let next_patch = format!("{MAJOR}.{MINOR}.999");
    let other_minor = format!("{MAJOR}.{}", MINOR.parse::<u32>().unwrap() + 1);
    let other_major = (MAJOR.parse::<u32>().unwrap() + 1).to_string();
    let same_minor = format!("{MAJOR}.{MINOR}");
    for (wanted, good) in [
        (&*other_major, false),
        (&*other_minor, false),
        (&*next_patch, false),
        (&*same_minor, true),
        (MAJOR, true),
    ] {
        let result = configure(place, &build, wanted).unwrap();
        assert_eq!(result.is_ok(), good, "{wanted}: {result:?}");
    }
    Part::Passed
}

fn archive(place: &Place) -> Part {
    let program = place.folder.join("archive");
    let done = Language::C.bare_command().map(|mut compiler| {
        compiler.arg(hello_c()).arg("-I").arg(place.prefix.join("include")).arg("-o").arg(&program);
        run(compiler.arg(place.lib().join("libcourtyard.a")).args(link_flags(Link::Static)));
        assert!(!needs_us(&program));
        assert_eq!(place.run(&program), GREETING);
    });
    Part::needs(done, "C compiler")
}

fn loads(place: &Place) -> Part {
    let program = place.folder.join("loads");
    let done = Language::C.bare_command().map(|mut compiler| {
        compiler.arg(source("loads.c")).arg("-I").arg(place.prefix.join("include")).arg("-o").arg(&program);
        run(compiler.arg("-ldl"));
        let library = place.lib().join("libcourtyard.so");
        assert_eq!(run(Command::new(&program).arg(library)), format!("loaded {VERSION}\n"));
    });
    Part::needs(done, "C compiler")
}
