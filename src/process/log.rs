//! What processes do and what they say, in lines `[LEVEL/ProcessName] message`.
//!
//! Messages go through the facade of the `log` crate, so a program that has a logger of its own finds them there. Nothing is
//! said with a lock of this room held: who listens may call the library.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::os::{Mutex, child, fork};
use crate::process::family;
use crate::shim::{AtomicU32, Ordering};
use ::log::{LevelFilter, Log, Metadata, Record};
use std::sync::Arc;

/// Who listens: gets the level, the name of the process and the message.
type Listener = Arc<dyn Fn(::log::Level, &str, &str) + Send + Sync>;

/// Where the lines go.
#[derive(Clone)]
enum Sink {
    Stderr,
    Listener(Listener),
}

struct Lines {
    sink: Mutex<Option<Sink>>,
}

/// 1: the sink is standard error.
static IS_STDERR: AtomicU32 = AtomicU32::new(0);
/// 1: nobody here has chosen the sink; it is as a maker's was.
static IS_ADOPTED: AtomicU32 = AtomicU32::new(0);

static LINES: Lines = Lines { sink: Mutex::new(None) };

static FORK: fork::Handlers = fork::Handlers::new(before_fork, after_fork, after_fork);

extern "C" fn before_fork() {
    FORK.are_installed();
    LINES.sink.lock_raw();
}

extern "C" fn after_fork() {
    LINES.sink.unlock_raw();
}

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= ::log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let sink = self.sink.lock().clone();
        let (name, message) = (family::this_process(), record.args().to_string());
        match sink {
            None => {}
            Some(Sink::Listener(listener)) => listener(record.level(), name.name(), &message),
            // One write: lines of several processes do not mix.
            Some(Sink::Stderr) => {
                child::write_stderr(&format!("[{}/{}] {message}\n", record.level(), name.name()))
            }
        }
    }

    fn flush(&self) {}
}

/// Prints every message of at least this importance to standard error, as `[INFO/Process-1] message`, one write(2) for each line.
/// [`log::LevelFilter::Off`](::log::LevelFilter) ends it. Children, however they are made, begin as their maker is then:
/// in one that is started anew the logger is set before its entry runs.
///
/// The library itself says, with [`Info`](::log::Level), when a child begins and ends its work, and with [`Debug`](::log::Level)
/// when it is made and how its end was heard of.
///
/// Errors: `State` (the program has another logger, which gets the messages already).
pub fn log_to_stderr(level: LevelFilter) -> Result<()> {
    send_to(Sink::Stderr, level)
}

/// How much this process says on standard error: one more than the level's number; 0: its lines go elsewhere, or nowhere. Takes no
/// lock, which a fork might find taken.
pub(super) fn level() -> u32 {
    // Relaxed: nothing comes with it.
    if IS_STDERR.load(Ordering::Relaxed) == 1 { ::log::max_level() as u32 + 1 } else { 0 }
}

/// A child that is no copy of its maker says as much as he: [`level`]. If he says nothing there, or the program has another logger
/// by now, the child's own choice stays.
pub(super) fn adopt(level: u32) {
    // Relaxed: as in `level`.
    let is_adopted = IS_ADOPTED.load(Ordering::Relaxed) == 1;
    let level = if level == 0 && is_adopted { LevelFilter::Off as u32 + 1 } else { level };
    let wanted = LevelFilter::iter().find(|it| *it as u32 + 1 == level);
    if let Some(wanted) = wanted.filter(|_| level != self::level())
        && log_to_stderr(wanted).is_ok()
    {
        IS_ADOPTED.store(1, Ordering::Relaxed);
    }
}

/// As [`log_to_stderr`], to a function instead, which may be called by several threads at once.
pub(crate) fn log_to(
    listener: impl Fn(::log::Level, &str, &str) + Send + Sync + 'static,
    level: LevelFilter,
) -> Result<()> {
    send_to(Sink::Listener(Arc::new(listener)), level)
}

fn send_to(sink: Sink, level: LevelFilter) -> Result<()> {
    drop(family::family()?); // who says something asks for his name: that survives forks from now on
    {
        FORK.install()?;
        let mut ours = LINES.sink.lock();
        // Ours is set once; whoever finds it set finds its sink set, too.
        if ours.is_none() && ::log::set_logger(&LINES).is_err() {
            return Err(Error::with(ErrorKind::State, "the program has another logger"));
        }
        // Relaxed: as in `level`.
        IS_ADOPTED.store(0, Ordering::Relaxed);
        IS_STDERR.store(u32::from(matches!(sink, Sink::Stderr)), Ordering::Relaxed);
        *ours = Some(sink);
    }
    ::log::set_max_level(level);
    Ok(())
}
