//! The library as C and C++ meet it: the header compiles everywhere, every program in `c/` runs with the shared and
//! with the static library, and the library shows nothing but what the header declares.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod support;

use std::fs;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{Built, Language, Link, Part, Suite, declared, elf, link_flags, root, run};

fn main() {
    let mut suite = Suite::new();
    let built = support::built();
    for standard in ["c99", "c11", "c17"] {
        suite.part(&format!("header as {standard}"), || header_compiles(&built, Language::C, standard));
    }
    for standard in ["c++11", "c++17"] {
        suite.part(&format!("header as {standard}"), || header_compiles(&built, Language::Cxx, standard));
    }
    for (manner, flags) in CXX {
        suite.part(&format!("courtyard.hpp {manner}"), || cpp_header_compiles(&built, flags));
    }
    suite.part("courtyard.hpp is complete", every_function_is_in_cpp);
    suite.part("courtyard.hpp refuses", || what_must_not_compile(&built));
    let programs = programs();
    let compiled = compile(&built, &programs, |name| suite.runs(name));
    for (program, compiled) in programs.iter().zip(compiled) {
        suite.part(&program.name, || program.runs(&built, compiled));
    }
    suite.part("exported symbols", || exports_what_the_header_declares(&built));
    suite.part("dropped results warn", || a_dropped_result_warns(&built));
    suite.part("link line", || which_flags_are_needed(&built));
    drop(built);
    suite.finish();
}

/// How the programs in `cpp/` are built.
const CXX: [(&str, &[&str]); 3] = [
    ("c++17", &["-std=c++17", "-Wpedantic"]),
    ("c++17 without exceptions", &["-std=c++17", "-Wpedantic", "-fno-exceptions", "-fno-rtti"]),
    ("c++20", &["-std=c++20", "-Wpedantic", "-O2"]),
];

/// A program that is to be built and run.
struct Program {
    /// What it is called here.
    name: String,
    language: Language,
    source: PathBuf,
    link: Link,
    flags: &'static [&'static str],
    /// What it must print.
    says: Option<&'static str>,
}

/// What came of building a program: `None` without a compiler, or the panic.
type Compiled = std::thread::Result<Option<PathBuf>>;

impl Program {
    fn new(language: Language, source: PathBuf, link: Link, flags: &'static [&'static str]) -> Program {
        let name = format!("{} {}", source.file_name().unwrap().to_string_lossy(), link.name());
        Program { name, language, source, link, flags, says: None }
    }

    fn runs(&self, built: &Built, compiled: Compiled) -> Part {
        let done = compiled.unwrap_or_else(|panic| resume_unwind(panic)).map(|program| {
            let printed = match self.link {
                Link::Shared => run(&mut built.command(program)),
                Link::Static => run(&mut Command::new(program)),
            };
            match self.says {
                Some(says) => assert_eq!(printed, says),
                None => print!("{printed}"),
            }
        });
        Part::needs(done, if matches!(self.language, Language::C) { "C compiler" } else { "C++ compiler" })
    }
}

/// All programs, in the order in which they are to run.
fn programs() -> Vec<Program> {
    let links = [Link::Shared, Link::Static];
    let mut programs = Vec::new();
    for source in sources("c") {
        let of = |link| Program::new(Language::C, source.clone(), link, &["-std=c11", "-Wpedantic"]);
        programs.extend(links.map(of));
    }
    for (manner, flags) in CXX {
        // The oldest C++ has a program of its own, for the C header.
        for source in sources("cpp").into_iter().filter(|source| !source.ends_with("smoke.cpp")) {
            let program = Program::new(Language::Cxx, source, Link::Shared, flags);
            let name = format!("{} {manner}", program.name);
            programs.push(Program { name, ..program });
        }
    }
    for link in links {
        let smoke = root().join("ffi-tests/cpp/smoke.cpp");
        programs.push(Program::new(Language::Cxx, smoke, link, &["-std=c++11"]));
        // An example, as its reader would compile it.
        programs.extend(EXAMPLES.iter().map(|&(name, says)| {
            let program = Program::new(Language::C, root().join("examples/c").join(name), link, &[]);
            Program { says: Some(says), ..program }
        }));
    }
    programs
}

/// Builds those that are meant; they run one after the other, as they share names.
fn compile(built: &Built, programs: &[Program], is_meant: impl Fn(&str) -> bool + Sync) -> Vec<Compiled> {
    on_all_cpus(programs, |p| {
        let one = || built.compile(p.language, &p.source, p.link, p.flags);
        if is_meant(&p.name) { catch_unwind(AssertUnwindSafe(one)) } else { Ok(None) }
    })
}

/// What `work` makes of each, in their order.
fn on_all_cpus<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let mine = || {
        let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        numbers.map_while(|i| Some((i, work(all.get(i)?)))).collect::<Vec<_>>()
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|s| {
        let cpus = std::thread::available_parallelism().map_or(1, NonZero::get);
        let workers: Vec<_> = (0..cpus).map(|_| s.spawn(mine)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    done.sort_unstable_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The files of a language, which is a folder and an extension.
fn sources(language: &str) -> Vec<PathBuf> {
    let folder = root().join("ffi-tests").join(language);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut sources: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|e| e == language)).collect();
    sources.sort();
    assert!(!sources.is_empty());
    sources
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

/// As `header_compiles`.
fn cpp_header_compiles(built: &Built, flags: &[&str]) -> Part {
    let source = built.folder.join("alone.cpp");
    fs::write(&source, "#include \"courtyard.hpp\"\n#include \"courtyard.hpp\"\nextern int unused;\n")
        .unwrap();
    let done = Language::Cxx.command().map(|mut compiler| {
        run(compiler.args(flags).args(["-Wshadow", "-Wconversion", "-fsyntax-only"]).arg(&source))
    });
    Part::needs(done, "C++ compiler")
}

/// Functions that C++ calls as they are. (A type and its size are part of the class.)
const PLAIN: [&str; 6] = [
    "cyd_array_type",
    "cyd_probe_print",
    "cyd_struct_array_size",
    "cyd_struct_size",
    "cyd_value_type",
    "cyd_version_string",
];

fn every_function_is_in_cpp() -> Part {
    let header = fs::read_to_string(root().join("include/courtyard.hpp")).unwrap();
    let is_used = |name: &str| {
        let mut ends = header.match_indices(name).map(|(at, _)| header[at + name.len()..].chars().next());
        ends.any(|next| next.is_none_or(|c| c != '_' && !c.is_alphanumeric()))
    };
    let (known, missing): (Vec<String>, Vec<String>) = declared().into_iter().partition(|name| is_used(name));
    assert_eq!(missing, PLAIN, "left: functions of the header that no class of courtyard.hpp calls");
    assert!(known.len() > 50, "only {} functions found", known.len());
    Part::Passed
}

/// What the types of courtyard.hpp forbid. The first line is allowed: it shows that the rest fails for its own sake.
fn what_must_not_compile(built: &Built) -> Part {
    let lines = [
        "courtyard::Value<int> value; (void)value.fetch_add(1).value();",
        "courtyard::Yard().sweep();",
        "courtyard::Lock().acquire(courtyard::no_wait);",
        "courtyard::Lock lock; courtyard::Lock copy = lock;",
        "courtyard::Value<char> value;",
        "courtyard::Value<const int> value;",
        "courtyard::Value<int *> value;",
        "courtyard::Value<bool> value; (void)value.fetch_add(true).value();",
        "courtyard::Value<float> value; (void)value.fetch_or(1).value();",
        "courtyard::Sender sender; (void)sender.send(\"text\", 3, 5).ok();",
        "courtyard::Permits permits; permits.acquire(courtyard::forever);",
        "courtyard::Blocks blocks; blocks.alloc(5, courtyard::forever);",
        "courtyard::RLock().acquire_unguarded(courtyard::no_wait);",
        "courtyard::Lock().acquire(courtyard::forever).value();",
        "courtyard::RLock().acquire(courtyard::forever).value();",
        "courtyard::RwLock().write(courtyard::forever).value();",
        "*courtyard::Permits().acquire(courtyard::forever);",
        "courtyard::Blocks().alloc(5, courtyard::forever).value();",
        "courtyard::Barrier().declare().value();",
        "courtyard::CancelToken().scope().value();",
        "courtyard::Pool().alloc(5, courtyard::forever).value();",
        "courtyard::Queue().get_borrow_ack(courtyard::forever).value();",
        "(void)courtyard::register_entry(\"a\", [](const void *, std::size_t) { return 0; }).ok();",
        "courtyard::Pool().submit(\"task\");",
        "courtyard::Future future; courtyard::Future copy = future;",
        "courtyard::Value<wchar_t> value; (void)value.fetch_add(L'a').value();",
        "courtyard::Array<char32_t> array; (void)array.fetch_or(0, U'a').value();",
        "courtyard::Array<char> array;",
        "struct Plain { int x; }; courtyard::Array<Plain> array;",
        "courtyard::Struct<std::string> it;",
        "courtyard::Struct<int *> it;",
        "struct Large { char bytes[4097]; }; courtyard::Struct<Large> it;",
        "courtyard::StructArray<const int> array;",
    ];
    let numbered: Vec<(usize, &str)> = lines.into_iter().enumerate().collect();
    let compiled = on_all_cpus(&numbered, |(i, line)| {
        let source = built.folder.join(format!("refused-{i}.cpp"));
        fs::write(&source, format!("#include \"courtyard.hpp\"\nvoid f() {{ {line} }}\n")).unwrap();
        let mut compiler = Language::Cxx.command()?;
        let output = compiler.args(["-std=c++17", "-fsyntax-only"]).arg(&source).output().unwrap();
        Some(output.status.success())
    });
    let done = numbered.iter().zip(compiled).try_for_each(|((i, line), compiles)| {
        assert_eq!(compiles?, *i == 0, "{line}");
        Some(())
    });
    Part::needs(done, "C++ compiler")
}

/// Examples that run alone, and what they say.
const EXAMPLES: &[(&str, &str)] = &[
    ("buffer.c", "1000 of 1000 things in order, 0 left, then CYD_E_TIMEOUT\n"),
    (
        "cache.c",
        "3 of 3 readers saw 200 renewals, each as a whole\nkilled in the middle: told, 201 and 200\n\
         made whole: told, 202 and 202\n",
    ),
    (
        "callbacks.c",
        "one has gone wrong, before all have ended\n\
         5 jobs have ended; the clerk has heard of 3 results, which are 3 together, and 2 errors\n",
    ),
    (
        "epoll.c",
        "100 jobs, their sum is 4950, 10 messages, the timer ticked\nthe other end: the process at the other end has died\n",
    ),
    (
        "fates.c",
        "easy: done, in attempt 1\nhard: failed: it is too hard\ncalled off in time: cancelled\n\
         called off too late: it runs\nasked to stop: cancelled\ndeaf, and killed: cancelled\n\
         too slow: lost, its time was up\nruns away: lost, its worker has ended with code 3\n\
         dies once, and may not: lost, its worker has died of signal 9\ndies once, and may: done, in attempt 2\n",
    ),
    (
        "family.c",
        "I am Process-1, and my parent is the right one\nProcess-1 has ended with code 3, and is gone\n\
         after a while: CYD_E_TIMEOUT\nalex has not ended, and is alive\nalex was ended by signal SIGTERM, and is gone\n\
         quick has ended with code 1, and is gone\npatient was ended by signal SIGTERM, and is gone\n\
         and then: CYD_E_NO_CHILD\n",
    ),
    ("hello.c", "hello, parent\n"),
    ("inventory.c", "2000 moves of 3998 items, 400 in stock, 2 carts\n"),
    (
        "jobs.c",
        "12 jobs done, their squares are 650 together\n1 worker was killed; 1 job was done by another one\n",
    ),
    (
        "logged.c",
        "heard: MainProcess, info: there will be a child\nheard: Process-1, info: begins\n\
         heard: Process-1, warning: it may fail\nheard: Process-1, info: ends with exit code 3\n",
    ),
    (
        "methods.c",
        "hello by fork, and it has ended with code 0\nhello by starting anew, and it has ended with code 0\n\
         hello from a fork server, and it has ended with code 0\n",
    ),
    ("pipe.c", "father received: 6 times 7?\nchild received: 42\nthe end: the other end has closed\n"),
    (
        "queue.c",
        "before the child starts: there was nothing to take\nReceived: Hello, pipe!\n\
         5 buns in the order of baking, then there was nothing to take\n\
         60 buns eaten, 10 of them baked before anybody came, never more than 10 at the counter: right\n",
    ),
    ("several.c", "3 letters, 2 jobs, and the sender is gone\nafter Ctrl-C: the wait was cancelled\n"),
    (
        "pool.c",
        "10 jobs done, their squares are 385 together; 1 was begun again\n\
         1 4 9 16 (a task or an initializer failed: square wants an int) 36 49 64 81 100 over\n",
    ),
    ("starter.c", "0 off before the signal, 2 after it\n"),
    (
        "startup.c",
        "the first server died\nthe second one and its client started, the doors were opened 1 time\n",
    ),
    (
        "strangers.c",
        "the first worker from elsewhere has died of signal 9\n\
         10 jobs done, their squares are 385 together; 1 was begun again\n\
         2 workers have done them, one after the other\nthe second one went home: 0\n",
    ),
    (
        "talk.c",
        "by name: one heard: how are you? the other: well, and you?\n\
         handed over: one heard: how are you? the other: well, and you?\n\
         through a pipe: one heard: how are you? the other: well, and you?\n",
    ),
    (
        "watchdog.c",
        "Process-1 was ended by signal SIGABRT\nProcess-2 has ended with code 7\nProcess-3 has ended with code 0\n\
         10 steps\n",
    ),
];

fn exports_what_the_header_declares(built: &Built) -> Part {
    let library = elf::read(&built.shared);
    assert_eq!(library.soname.as_deref(), Some("libcourtyard.so.0"));
    let foreign: Vec<&String> = library.exported.iter().filter(|name| !name.starts_with("cyd_")).collect();
    assert!(foreign.is_empty(), "exported by accident: {foreign:?}");
    assert_eq!(library.exported, declared(), "left: the library, right: the header");
    Part::Passed
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
    let Some(source) = sources("c").into_iter().next() else { return Part::Skipped("C program") };
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
