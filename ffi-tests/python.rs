//! The library as a language without a compiler meets it: Python's ctypes.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod support;

use support::{Part, Suite, program, root, run};

fn main() {
    let mut suite = Suite::new();
    let built = support::built();
    suite.part("python smoke", || {
        let done = program("python3").map(|_| {
            let mut python = built.command("python3");
            python.arg(root().join("ffi-tests/python/smoke.py")).arg(built.folder.join("libcourtyard.so"));
            print!("{}", run(python.arg(env!("CARGO_PKG_VERSION"))));
        });
        Part::needs(done, "python3")
    });
    suite.part("asyncio", || {
        let done = program("python3").map(|_| {
            let mut python = built.command("python3");
            python.arg(root().join("ffi-tests/python/loop.py")).arg(built.folder.join("libcourtyard.so"));
            print!("{}", run(&mut python));
        });
        Part::needs(done, "python3")
    });
    drop(built);
    suite.finish();
}
