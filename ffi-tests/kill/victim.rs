//! The victim: the process that does the operation, from its own side and from the stage's.

use std::cell::Cell;
use std::time::Duration;

use nix::sys::ptrace;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use crate::operation::{Mode, Operation};
use crate::sheet::Sheet;
use crate::tracer::Tracee;
use crate::{child, heap, procfs};

const ACTING: u32 = 0;
const FINISHED: u32 = 1;
const ROOM: usize = 4096;

/// The victim as the stage sees it.
pub(crate) struct Victim {
    pid: i32,
    sheet: Sheet,
    gone: Cell<bool>,
}

impl Victim {
    /// Forks a victim. In exit mode a second thread does the operation.
    pub(crate) fn start<O: Operation>(operation: &O, world: &O::World, mode: Mode) -> Victim {
        let sheet = Sheet::new(ROOM);
        sheet.wipe();
        let pid = child::spawn(|| {
            heap::use_it(true);
            pass_marks();
            match mode {
                Mode::Exit => play_in_thread(operation, world, &sheet),
                Mode::Kill | Mode::Stop => play(operation, world, &sheet),
            }
        });
        Victim { pid, sheet, gone: Cell::new(false) }
    }

    /// The process number.
    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }

    /// Waits until the acting thread stands at its first mark.
    pub(crate) fn trace(&self) -> Result<Tracee, String> {
        while self.sheet.thread() == 0 {
            if procfs::state(self.pid, self.pid) == Some('Z') {
                return Err(format!("the victim ended before it acted: {}", self.sheet.read()));
            }
            std::thread::sleep(Duration::from_micros(20));
        }
        Tracee::at_first_mark(self.pid, self.sheet.thread())
            .map_err(|why| format!("{why} {}", self.sheet.read()))
    }

    /// Whether it has finished, or died, within this span.
    pub(crate) fn finished_within(&self, span: Duration) -> bool {
        if !self.is_finished() {
            self.sheet.sleep_while(ACTING, span);
        }
        self.is_finished() || procfs::state(self.pid, self.pid) == Some('Z')
    }

    /// Whether it has told what it found.
    pub(crate) fn is_finished(&self) -> bool {
        self.sheet.phase() == FINISHED
    }

    /// What it found after the operation.
    pub(crate) fn verdict(&self) -> Result<(), String> {
        let text = self.sheet.read();
        match (self.is_finished(), text.is_empty()) {
            (true, true) => Ok(()),
            (true, false) => Err(format!("the victim found: {text}")),
            (false, _) => Err(format!("the victim died before it had finished: {text}")),
        }
    }

    /// Lets it drop what it holds, and waits until it is gone.
    pub(crate) fn leave(&self) {
        self.sheet.tell();
        child::reap(self.pid);
        self.gone.set(true);
    }

    /// Kills it, and waits until it is gone. Once only: afterwards its number may be somebody else's.
    pub(crate) fn kill(&self) {
        if self.gone.replace(true) {
            return;
        }
        child::signal(self.pid, libc::SIGKILL);
        // A traced second thread keeps its process from being reaped until it is reaped itself.
        let thread = self.sheet.thread();
        if thread != 0 && thread != self.pid {
            child::reap(thread);
        }
        child::reap(self.pid);
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Between two of these the operation is stepped.
#[inline(always)]
fn mark() {
    // SAFETY: the trap goes to the tracer, or to the handler that does nothing.
    unsafe { std::arch::asm!("int3") };
}

extern "C" fn pass(_: libc::c_int) {}

/// Lets a victim that is no longer traced run over its second mark.
fn pass_marks() {
    let action = SigAction::new(SigHandler::Handler(pass), SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler does nothing.
    unsafe { sigaction(Signal::SIGTRAP, &action) }.expect("a handler can be set");
}

fn play<O: Operation>(operation: &O, world: &O::World, sheet: &Sheet) -> i32 {
    match child::caught(|| play_to_the_end(operation, world, sheet)) {
        Ok(()) => 0,
        Err(why) => {
            sheet.write(&why);
            child::PANICKED
        }
    }
}

fn play_to_the_end<O: Operation>(operation: &O, world: &O::World, sheet: &Sheet) {
    let mut actor = operation.prepare(world);
    // The stage waits for this thread as soon as it knows its number, so ask to be traced first.
    if let Err(errno) = ptrace::traceme() {
        panic!("this machine refuses PTRACE_TRACEME: {errno}");
    }
    sheet.sign();
    mark();
    operation.act(world, &mut actor);
    mark();
    if let Err(why) = operation.finish(world, &mut actor) {
        sheet.write(&why);
    }
    sheet.enter(FINISHED);
    sheet.until_told();
}

/// A reference that goes to the victim's second thread, while the first one only sleeps.
struct Carried<'a, T: ?Sized>(&'a T);

// SAFETY: the first thread touches nothing between handing this over and its own end.
unsafe impl<T: ?Sized> Send for Carried<'_, T> {}

impl<'a, T: ?Sized> Carried<'a, T> {
    fn take(self) -> &'a T {
        self.0
    }
}

fn play_in_thread<O: Operation>(operation: &O, world: &O::World, sheet: &Sheet) -> i32 {
    let carried = (Carried(operation), Carried(world), Carried(sheet));
    let body = move || {
        let (operation, world, sheet) = carried;
        let status = play(operation.take(), world.take(), sheet.take());
        // SAFETY: the whole process ends; the first thread holds nothing.
        unsafe { libc::_exit(status) };
    };
    // SAFETY: what is borrowed lives on this thread's stack, which sleeps below until the process ends.
    let thread = unsafe { std::thread::Builder::new().spawn_unchecked(body) };
    drop(thread.expect("the victim can have a second thread"));
    loop {
        // SAFETY: pause has no arguments.
        unsafe { libc::pause() };
    }
}
