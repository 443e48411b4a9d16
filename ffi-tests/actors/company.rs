//! Actors as processes: started, told what to do, killed.

use crate::support::{Built, Language, Link, program, root};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Nobody takes so long who does not hang.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// One language, and how its actor is started.
pub struct Tongue {
    pub name: &'static str,
    program: String,
    arguments: Vec<String>,
    folder: std::path::PathBuf,
}

/// Every language that can be had here; the names of what is missing for the others.
pub fn tongues(built: &Built) -> (Vec<Tongue>, Vec<&'static str>) {
    let compiled = |language, source: &str, standard: &str| {
        let program =
            built.compile(language, &root().join(source), Link::Shared, &[standard, "-Wpedantic", "-O1"])?;
        Some((program.to_str().unwrap().to_owned(), Vec::new()))
    };
    let library = built.folder.join("libcourtyard.so").to_str().unwrap().to_owned();
    let script = root().join("ffi-tests/python/actor.py").to_str().unwrap().to_owned();
    let me = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    let all = [
        ("C", "C compiler", compiled(Language::C, "ffi-tests/c/actor.c", "-std=c11")),
        ("C++", "C++ compiler", compiled(Language::Cxx, "ffi-tests/cpp/actor.cpp", "-std=c++17")),
        (
            "Python",
            "python3",
            program("python3").map(|_| ("python3".to_owned(), vec!["-BIS".to_owned(), script, library])),
        ),
        ("Rust", "Rust", Some((me, vec![super::ACTOR.to_owned()]))),
    ];
    let (mut here, mut missing) = (Vec::new(), Vec::new());
    for (name, needs, found) in all {
        match found {
            Some((program, arguments)) => {
                here.push(Tongue { name, program, arguments, folder: built.folder.clone() });
            }
            None => missing.push(needs),
        }
    }
    (here, missing)
}

/// A process that answers each line with a line.
pub struct Actor {
    child: Child,
    orders: ChildStdin,
    answers: Receiver<String>,
    name: &'static str,
}

impl Tongue {
    /// A new actor that has the yard open.
    pub fn enter(&self, yard: &str) -> Actor {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env("LD_LIBRARY_PATH", &self.folder);
        let mut actor = Actor::start(self.name, &mut command);
        actor.says(&format!("yard open {yard}"), "ok");
        actor
    }
}

impl Actor {
    pub fn start(name: &'static str, command: &mut Command) -> Actor {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (orders, said) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (to, answers) = channel();
        std::thread::spawn(move || {
            BufReader::new(said).lines().map_while(Result::ok).try_for_each(|line| to.send(line))
        });
        Actor { child, orders, answers, name }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Gives an order and does not wait for the answer.
    pub fn begin(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
    }

    /// The next answer.
    pub fn answer(&mut self) -> String {
        match self.answers.recv_timeout(PATIENCE) {
            Ok(answer) => answer,
            Err(why) => panic!("{}: no answer: {why}", self.name),
        }
    }

    pub fn ask(&mut self, order: &str) -> String {
        self.begin(order);
        self.answer()
    }

    /// Gives an order that has this answer.
    pub fn says(&mut self, order: &str, wanted: &str) {
        let answer = self.ask(order);
        assert_eq!(answer, wanted, "{} to {order:?}", self.name);
    }

    /// The answer to an order that was begun.
    pub fn ends(&mut self, wanted: &str) {
        assert_eq!(self.answer(), wanted, "{}", self.name);
    }

    /// SIGKILL. The process is gone when this returns.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until the process sleeps; it does not read its orders now.
    pub fn until_asleep(&self) {
        let stat = format!("/proc/{}/stat", self.pid());
        let begin = std::time::Instant::now();
        while !std::fs::read_to_string(&stat).unwrap().contains(") S ") {
            assert!(begin.elapsed() < PATIENCE, "{} never sleeps", self.name);
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A yard of a name that nobody else has; the name goes with it.
pub struct Stage {
    pub yard: String,
}

impl Stage {
    pub fn new() -> Stage {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Stage { yard: format!("cyd-actors-{}-{number}", std::process::id()) }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = courtyard::Yard::unlink(&self.yard);
    }
}
