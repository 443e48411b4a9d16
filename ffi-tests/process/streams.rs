//! The standard streams, which a child has copies of, with what they hold back and with who has them locked.

use super::*;
use std::io::{Read, Seek, Write};

pub(super) const SCENARIOS: &[Scenario] = &[
    ("a_thread_that_prints_keeps_no_child_from_its_end", a_thread_prints),
    ("who_has_the_output_locked_holds_up_nobody", the_output_is_locked),
    ("what_is_printed_is_printed_once", printed_once),
];

unsafe extern "C" {
    static stdout: *mut libc::FILE;
}

fn despite_threads() -> ProcessOptions {
    ProcessOptions { despite_threads: true, ..ends(AtExit::Kill) }
}

/// Sends what this process prints elsewhere, for the rest of its life.
fn print_into(fd: BorrowedFd<'_>) {
    assert_eq!(unsafe { libc::dup2(fd.as_raw_fd(), 1) }, 1);
}

fn a_thread_prints() {
    print_into(std::fs::File::create("/dev/null").unwrap().as_fd());
    std::thread::spawn(|| {
        loop {
            print!("x");
        }
    });
    for _ in 0..300 {
        let child = Process::fork_with(&despite_threads(), || 5).unwrap();
        assert_eq!(child.join(LONG).unwrap(), Exit::Code(5));
    }
}

fn the_output_is_locked() {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _locked = std::io::stdout().lock();
        tell.send(()).unwrap();
        sleeper()
    });
    told.recv_timeout(LONG).unwrap();
    let child = Process::fork_with(&despite_threads(), || {
        // Also not a child of the child, which has one thread, and forks as one that has.
        Process::fork(|| 6).map_or(0, |inner| i32::from(inner.join(LONG) == Ok(Exit::Code(6))) + 4)
    });
    assert_eq!(child.unwrap().join(LONG).unwrap(), Exit::Code(5));
    assert_eq!(Process::spawn("echo", &[7]).unwrap().join(LONG).unwrap(), Exit::Code(7));
}

/// Prints as a program in C does; into a file, nothing of it is written at once.
fn put(text: &std::ffi::CStr) {
    assert!(unsafe { libc::fputs(text.as_ptr(), stdout) } >= 0);
}

fn printed_once() {
    let path = std::env::temp_dir().join(format!("courtyard-printed-{}", std::process::id()));
    let mut file = std::fs::File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    print_into(file.as_fd());
    let (_stay, stayed) = std::sync::mpsc::channel::<()>();
    put(c"mine ");
    print!("own ");
    let child = Process::fork(|| {
        put(c"child's ");
        0
    });
    child.unwrap().join(LONG).unwrap();
    std::thread::spawn(move || stayed.recv().is_ok());
    put(c"late ");
    for (made, text) in [(1, c"first's "), (2, c"second's ")] {
        let child = Process::fork_with(&despite_threads(), || {
            put(text);
            let inner = Process::fork(|| {
                put(c"inner's ");
                0
            });
            inner.unwrap().join(LONG).unwrap();
            made
        });
        assert_eq!(child.unwrap().join(LONG).unwrap(), Exit::Code(made));
    }
    // One who has a thread of his own at his end, which waits for input.
    let (input, _line) = std::io::pipe().unwrap();
    let child = Process::fork_with(&despite_threads(), || {
        put(c"third's ");
        let stream = unsafe { libc::fdopen(input.as_raw_fd(), c"r".as_ptr()) }.expose_provenance();
        std::thread::spawn(move || unsafe { libc::fgetc(std::ptr::with_exposed_provenance_mut(stream)) });
        sleep_ms(30);
        3
    });
    assert_eq!(child.unwrap().join(LONG).unwrap(), Exit::Code(3));
    assert_eq!(unsafe { libc::fflush(std::ptr::null_mut()) }, 0);
    std::io::stdout().flush().unwrap();
    file.rewind().unwrap();
    let mut said = String::new();
    file.read_to_string(&mut said).unwrap();
    for word in ["mine", "own", "late", "child's", "first's", "second's", "third's"] {
        assert_eq!(said.matches(word).count(), 1, "{word}: {said:?}");
    }
    assert_eq!(said.matches("inner's").count(), 2, "{said:?}");
}
